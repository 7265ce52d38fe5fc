// A deal as its courier sees it.
import { dataOf } from "@peerpack/client";
import { useLocation } from "wouter";
import { useClient, useRead } from "../../live/index.tsx";
import { useTripRequests } from "../../live/requests.ts";
import { useTexts } from "../../texts/index.tsx";
import { Failed, Screen, Skeletons, Way } from "../../ui/index.ts";
import Deal from "./Deal.tsx";

export default function DeliveryScreen({ tripId, requestId }: { tripId: string; requestId: string }) {
  const { t, money, when } = useTexts();
  const { api } = useClient();
  const [, go] = useLocation();
  const found = useTripRequests(tripId);
  const trip = useRead(["trip", tripId], async () =>
    dataOf(await api.GET("/api/trips/{trip_id}", { params: { path: { trip_id: tripId } } })),
  );
  const request = found.data?.find(one => one.id === requestId);
  // Where a stop of the trip is meant, its time is known; a place on the way between two has none here.
  const at = (place: string) => {
    const stop = trip.data?.itinerary.find(one => one.name === place);
    return stop && when(stop.departs_at, stop.tz);
  };
  return (
    <Screen title={t.delivery.title} onBack={() => go(`/my-trip/${tripId}`)}>
      {found.isPending && <Skeletons count={2} />}
      {found.isError && !found.data && <Failed error={found.error} onAgain={() => void found.refetch()} />}
      {request && (
        <>
          <div className="card">
            <div className="row">
              <h2 className="grow">{request.package_description}</h2>
              <span className="price">{money(request.reward)}</span>
            </div>
            <Way
              points={[
                { title: request.pickup_location, detail: at(request.pickup_location) },
                { title: request.delivery_location, detail: at(request.delivery_location) },
              ]}
            />
          </div>
          <Deal
            side="courier"
            requestId={requestId}
            packageId={request.package_id}
            state={request.state}
            hasCodes={false}
            other={request.sender_name}
          />
        </>
      )}
    </Screen>
  );
}
