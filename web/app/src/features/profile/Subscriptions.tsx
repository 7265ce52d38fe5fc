// Standing questions: being told when a courier, or a package, appears on one's way.
import { dataOf } from "@peerpack/client";
import { useState } from "react";
import { useClient, useRead } from "../../live/index.tsx";
import { useTexts } from "../../texts/index.tsx";
import { Button, type PlaceChoice, PlaceField, Segments, useAttempt } from "../../ui/index.ts";
import { SUBSCRIPTIONS } from "./messages.ts";

type Wanted = "trips" | "packages";

export function Subscriptions() {
  const { language, day } = useTexts();
  const t = SUBSCRIPTIONS[language];
  const { api } = useClient();
  const { attempt, isBusy, fields } = useAttempt();
  const found = useRead(["subscriptions"], async () => dataOf(await api.GET("/api/subscriptions")));
  const [wanted, setWanted] = useState<Wanted>("trips");
  const [from, setFrom] = useState<PlaceChoice>();
  const [to, setTo] = useState<PlaceChoice>();
  const add = (start: PlaceChoice, end: PlaceChoice) =>
    attempt(async () => {
      const body = { wanted, from: { place_id: start.id }, to: { place_id: end.id } };
      dataOf(await api.POST("/api/subscriptions", { body }));
      setFrom(undefined);
      setTo(undefined);
      await found.refetch();
    });
  const remove = (id: string) =>
    attempt(async () => {
      const params = { path: { subscription_id: id } };
      dataOf(await api.DELETE("/api/subscriptions/{subscription_id}", { params }));
      await found.refetch();
    });
  return (
    <section className="card">
      <h2>{t.title}</h2>
      <p className="dim small">{t.hint}</p>
      {found.data?.subscriptions.map(one => (
        <div key={one.subscription_id} className="row">
          <div className="grow stack tight">
            <span>
              {language === "ru" ? `${one.from_ru} → ${one.to_ru}` : `${one.from_en} → ${one.to_en}`}
            </span>
            <span className="dim small">
              {t[one.wanted]}, {t.until} {day(one.until)}
            </span>
          </div>
          <Button kind="quiet" isBusy={isBusy} onPress={() => void remove(one.subscription_id)}>
            {t.remove}
          </Button>
        </div>
      ))}
      <Segments
        label={t.title}
        value={wanted}
        onChange={setWanted}
        segments={[
          { value: "trips", title: t.trips },
          { value: "packages", title: t.packages },
        ]}
      />
      <PlaceField label={t.from} value={from} onChange={setFrom} error={fields.from} />
      <PlaceField label={t.to} value={to} onChange={setTo} error={fields.to} />
      <Button
        isBusy={isBusy}
        isDisabled={!from || !to}
        onPress={() => {
          if (from && to) void add(from, to);
        }}
      >
        {t.add}
      </Button>
    </section>
  );
}
