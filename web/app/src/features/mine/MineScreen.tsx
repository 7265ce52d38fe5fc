// One's own packages and trips.
import { dataOf } from "@peerpack/client";
import { useState } from "react";
import { Link } from "wouter";
import { useClient, useRead } from "../../live/index.tsx";
import { useTexts } from "../../texts/index.tsx";
import { Empty, Failed, LinkButton, Pill, PlusIcon, Screen, Segments, Skeletons } from "../../ui/index.ts";
import { stateText, toneOf } from "../../ui/states.ts";

export function MineScreen() {
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
          <Link href={`/package/${one.id}`} className="card">
            <div className="row">
              <div className="grow stack tight">
                <span className="strong">{one.description}</span>
                <span className="dim small">
                  {one.from} → {one.to}
                </span>
              </div>
              <span className="price">{money(one.reward)}</span>
            </div>
            <div className="row wrap">
              <Pill tone={toneOf(one.state)}>{stateText(t, one.state)}</Pill>
              {one.selectedCourier && <span className="dim small">{one.selectedCourier}</span>}
            </div>
          </Link>
        </li>
      ))}
    </ul>
  );
}

function Trips() {
  const { t, number } = useTexts();
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
          <Link href={`/my-trip/${one.id}`} className="card">
            <div className="row">
              <div className="grow stack tight">
                <span className="strong">
                  {one.from} → {one.to}
                </span>
                <span className="dim small">
                  {one.date}, {one.time}
                </span>
              </div>
              <Pill tone={toneOf(one.state)}>{stateText(t, one.state)}</Pill>
            </div>
            <span className="dim small">
              {t.trip.room}: {t.kg(number(Math.min(...one.capacity_left_g) / 1_000))}
            </span>
          </Link>
        </li>
      ))}
    </ul>
  );
}
