// The way of a parcel, and where its courier is: told from the departure or the pickup on, until it is handed over.
import { lazy, Suspense, useEffect, useMemo } from "react";
import { useClient, useLive } from "../../live/index.tsx";
import { useTexts } from "../../texts/index.tsx";

const WayMap = lazy(() => import("../../ui/map/WayMap.tsx"));

/** An end of the way. */
export interface End {
  name_ru: string;
  name_en: string;
  lat: number;
  lon: number;
}

interface DealMapProps {
  packageId: string;
  tripId: string;
  state: string;
  from: End;
  to: End;
}

export function DealMap({ packageId, tripId, state, from, to }: DealMapProps) {
  const { place } = useTexts();
  const { live } = useClient();
  // Asked again after the pickup: what may be seen has changed then.
  // biome-ignore lint/correctness/useExhaustiveDependencies: see above
  useEffect(() => live.watch(packageId), [live, packageId, state]);
  const courier = useLive(snapshot => snapshot.locations[tripId]);
  const stops = useMemo(
    () => [from, to].map(end => ({ name: place(end), lat: end.lat, lon: end.lon })),
    [from, to, place],
  );
  return (
    <Suspense fallback={<div className="map" />}>
      <WayMap stops={stops} courier={courier} />
    </Suspense>
  );
}
