// A deal as its courier sees it.
import { useLocation } from "wouter";
import { type TripRequest, useTripRequests } from "../../live/requests.ts";
import { useTexts } from "../../texts/index.tsx";
import { Loaded, Note, Screen, Way } from "../../ui/index.ts";
import Deal from "./Deal.tsx";

export default function DeliveryScreen({ tripId, requestId }: { tripId: string; requestId: string }) {
  const { t } = useTexts();
  const [, go] = useLocation();
  const found = useTripRequests(tripId);
  return (
    <Screen title={t.delivery.title} onBack={() => go(`/my-trip/${tripId}`)}>
      <Loaded read={found} skeletons={2}>
        {requests => {
          const request = requests.find(one => one.id === requestId);
          return request ? <Carried request={request} /> : <Note>{t.delivery.gone}</Note>;
        }}
      </Loaded>
    </Screen>
  );
}

function Carried({ request }: { request: TripRequest }) {
  const { t, money, place, when } = useTexts();
  const { pickup, dropoff } = request;
  const point = (end: typeof pickup, address: string) => ({
    title: place(end.place),
    detail: (
      <>
        {address}
        {address && <br />}
        {when(end.eta, end.place.tz)}
      </>
    ),
  });
  return (
    <>
      <div className="card">
        <div className="row top">
          <h2 className="grow">{request.package_description}</h2>
          <span className="stack none end">
            <span className="price">{money(request.payout)}</span>
            {request.payout < request.reward && <span className="dim small">{t.delivery.yours}</span>}
          </span>
        </div>
        <Way points={[point(pickup, request.pickup_address), point(dropoff, request.delivery_address)]} />
      </div>
      <Deal
        side="courier"
        requestId={request.id}
        packageId={request.package_id}
        tripId={request.trip_id}
        from={pickup.place}
        to={dropoff.place}
        state={request.state}
        hasCodes={request.hand_over_codes}
        other={request.sender_name}
        planned={{
          pickup: when(pickup.eta, pickup.place.tz),
          delivery: when(dropoff.eta, dropoff.place.tz),
        }}
      />
    </>
  );
}
