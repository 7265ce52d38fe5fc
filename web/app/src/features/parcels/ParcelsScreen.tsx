// What a courier could carry: packages on the way of one's trips, or between two places.
import { useState } from "react";
import { useTexts } from "../../texts/index.tsx";
import { Empty, LinkButton, type PlaceChoice, PlaceField, Screen } from "../../ui/index.ts";
import Parcels from "./Parcels.tsx";

export default function ParcelsScreen() {
  const { t } = useTexts();
  const [from, setFrom] = useState<PlaceChoice>();
  const [to, setTo] = useState<PlaceChoice>();
  const isWay = from !== undefined && to !== undefined;
  return (
    <Screen title={t.parcels.title} onBack={() => history.back()}>
      <div className="card">
        <p className="dim">{t.parcels.hint}</p>
        <PlaceField label={t.start.from} value={from} onChange={setFrom} />
        <PlaceField label={t.start.to} value={to} onChange={setTo} />
      </div>
      <Parcels
        {...(isWay ? { from: from.id, to: to.id } : {})}
        title={isWay ? t.parcels.onWay : t.parcels.onTrips}
        empty={
          <Empty title={t.parcels.none} hint={isWay ? t.parcels.noneOnWay : t.parcels.noneHint}>
            <LinkButton to="/new/trip">{t.start.newTrip}</LinkButton>
          </Empty>
        }
      />
    </Screen>
  );
}
