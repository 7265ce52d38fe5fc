// One's own packages and trips.
import { dataOf } from "@peerpack/client";
import { useState } from "react";
import { Link } from "wouter";
import { useClient, useRead } from "../../live/index.tsx";
import { useTexts } from "../../texts/index.tsx";
import { Empty, LinkButton, LoadedList, PlusIcon, Screen, Segments, ThingCard } from "../../ui/index.ts";

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
  const { t, money, place } = useTexts();
  const { api } = useClient();
  const found = useRead(["packages"], async () => dataOf(await api.GET("/api/user/packages")).packages, {
    topics: ["packages"],
  });
  const waitingNote = (one: { state: string; responses: readonly { state: string }[] }) => {
    const waiting = one.responses.filter(other => other.state === "pending").length;
    return one.state === "open" && waiting > 0 ? `${t.mine.responses}: ${waiting}` : undefined;
  };
  const empty = (
    <Empty title={t.mine.noPackages} hint={t.mine.noPackagesHint}>
      <LinkButton to="/new/package">{t.start.newPackage}</LinkButton>
    </Empty>
  );
  return (
    <LoadedList read={found} empty={empty}>
      {one => (
        <ThingCard
          to={`/package/${one.id}`}
          title={one.description}
          detail={`${place(one.from_place)} → ${place(one.to_place)}`}
          end={<span className="price">{money(one.reward)}</span>}
          state={one.state}
          note={one.selectedCourier ?? waitingNote(one)}
        />
      )}
    </LoadedList>
  );
}

function Trips() {
  const { t, number, place, when } = useTexts();
  const { api } = useClient();
  const found = useRead(["trips"], async () => dataOf(await api.GET("/api/user/trips")).trips, {
    topics: ["trips"],
  });
  const empty = (
    <Empty title={t.mine.noTrips} hint={t.mine.noTripsHint}>
      <LinkButton to="/new/trip">{t.start.newTrip}</LinkButton>
    </Empty>
  );
  return (
    <LoadedList read={found} empty={empty}>
      {one => (
        <ThingCard
          to={`/my-trip/${one.id}`}
          title={`${place(one.from_place)} → ${place(one.to_place)}`}
          detail={when(one.departs_at, one.from_tz)}
          state={one.state}
          note={`${t.trip.room}: ${t.kg(number(Math.min(...one.capacity_left_g) / 1_000))}`}
        />
      )}
    </LoadedList>
  );
}
