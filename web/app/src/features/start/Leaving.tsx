// The next departures, for anybody who has not searched yet.
import { dataOf } from "@peerpack/client";
import { useClient, useRead } from "../../live/index.tsx";
import { useTexts } from "../../texts/index.tsx";
import { CourierCard } from "./CourierCard.tsx";

export function Leaving() {
  const { t } = useTexts();
  const { api } = useClient();
  const found = useRead(["leaving"], async () => dataOf(await api.GET("/api/couriers")).couriers.slice(0, 3));
  if (!found.data?.length) return null;
  return (
    <section className="stack">
      <h2>{t.start.leaving}</h2>
      <p className="dim small">{t.start.leavingHint}</p>
      {found.data.map(courier => (
        <CourierCard key={courier.id} courier={courier} />
      ))}
    </section>
  );
}
