// One's own packages and trips.
import { dataOf } from "@peerpack/client";
import { useState } from "react";
import { Link } from "wouter";
import { useClient, useRead } from "../../live/index.tsx";
import { useTexts } from "../../texts/index.tsx";
import {
  Empty,
  Failed,
  LinkButton,
  PlusIcon,
  Screen,
  Segments,
  Skeletons,
  ThingCard,
} from "../../ui/index.ts";

export default function MineScreen() {
  const { t } = useTexts();
  const [kind, setKind] = useState<"packages" | "trips">("packages");
  const aside = (
    <Link
      href={kind === "packages" ? "/new/package" : "/new/trip"}
      className="icon-button"
      aria-label={kind === "packages" ? t.start.newPackage : t.start.newTrip}
    >
      <PlusIcon />
    </Link>
  );
  return (
    <Screen title={t.mine.title} aside={aside}>
      <Segments
        label={t.mine.title}
        value={kind}
        onChange={setKind}
        segments={[
          { value: "packages", title: t.mine.packages },
          { value: "trips", title: t.mine.trips },
        ]}
      />
      {kind === "packages" ? <Packages /> : <Trips />}
    </Screen>
  );
}

function Packages() {
  const { t, money } = useTexts();
  const { api } = useClient();
  const found = useRead(["packages"], async () => dataOf(await api.GET("/api/user/packages")).packages, {
    topics: ["packages"],
  });
  const waitingNote = (one: { state: string; responses: readonly { state: string }[] }) => {
    const waiting = one.responses.filter(other => other.state === "pending").length;
    return one.state === "open" && waiting > 0 ? `${t.mine.responses}: ${waiting}` : undefined;
  };
  if (found.isPending) return <Skeletons />;
  if (found.isError && !found.data)
    return <Failed error={found.error} onAgain={() => void found.refetch()} />;
  if (found.data?.length === 0) {
    return (
      <Empty title={t.mine.noPackages} hint={t.mine.noPackagesHint}>
        <LinkButton to="/new/package">{t.start.newPackage}</LinkButton>
      </Empty>
    );
  }
  return (
    <ul className="stack">
      {found.data?.map(one => (
        <li key={one.id}>
          <ThingCard
            to={`/package/${one.id}`}
            title={one.description}
            detail={`${one.from} → ${one.to}`}
            end={<span className="price">{money(one.reward)}</span>}
            state={one.state}
            note={one.selectedCourier ?? waitingNote(one)}
          />
        </li>
      ))}
    </ul>
  );
}

function Trips() {
  const { t, number, when } = useTexts();
  const { api } = useClient();
  const found = useRead(["trips"], async () => dataOf(await api.GET("/api/user/trips")).trips, {
    topics: ["trips"],
  });
  if (found.isPending) return <Skeletons />;
  if (found.isError && !found.data)
    return <Failed error={found.error} onAgain={() => void found.refetch()} />;
  if (found.data?.length === 0) {
    return (
      <Empty title={t.mine.noTrips} hint={t.mine.noTripsHint}>
        <LinkButton to="/new/trip">{t.start.newTrip}</LinkButton>
      </Empty>
    );
  }
  return (
    <ul className="stack">
      {found.data?.map(one => (
        <li key={one.id}>
          <ThingCard
            to={`/my-trip/${one.id}`}
            title={`${one.from} → ${one.to}`}
            detail={when(one.departs_at, one.from_tz)}
            state={one.state}
            note={`${t.trip.room}: ${t.kg(number(Math.min(...one.capacity_left_g) / 1_000))}`}
          />
        </li>
      ))}
    </ul>
  );
}
