// A deal as its courier sees it.
import { dataOf } from "@peerpack/client";
import { useLocation } from "wouter";
import { useClient, useRead } from "../../live/index.tsx";
import { useTexts } from "../../texts/index.tsx";
import { Failed, Screen, Skeletons, Way } from "../../ui/index.ts";
import { Deal } from "./Deal.tsx";

export default function DeliveryScreen({ tripId, requestId }: { tripId: string; requestId: string }) {
  const { t, money } = useTexts();
  const { api } = useClient();
  const [, go] = useLocation();
  const found = useRead(
    ["trip-requests", tripId],
    async () =>
      dataOf(
        await api.GET("/api/trips/{trip_id}/package-requests", { params: { path: { trip_id: tripId } } }),
      ).requests,
    { ids: [tripId], topics: ["trips"] },
  );
  const request = found.data?.find(one => one.id === requestId);
  return (
    <Screen title={t.delivery.title} onBack={() => go(`/my-trip/${tripId}`)}>
      {found.isPending && <Skeletons count={2} />}
      {found.isError && <Failed error={found.error} onAgain={() => void found.refetch()} />}
      {request && (
        <>
          <div className="card">
            <div className="row">
              <h2 className="grow">{request.package_description}</h2>
              <span className="price">{money(request.reward)}</span>
            </div>
            <Way points={[{ title: request.pickup_location }, { title: request.delivery_location }]} />
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
