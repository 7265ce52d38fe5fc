// One's own trip: who asks for its room, what rides on it, and calling it off.
import { type components, dataOf } from "@peerpack/client";
import { Link, useLocation } from "wouter";
import { useClient, useGive, useRead } from "../../live/index.tsx";
import { useTexts } from "../../texts/index.tsx";
import { Avatar, Button, Empty, Failed, Pill, Screen, Skeletons, useAttempt, Way } from "../../ui/index.ts";
import { stateText, toneOf } from "../../ui/states.ts";

type Request = components["schemas"]["TripRequestView"];

/** States of a request in which the courier has something to do or to wait for. */
const UNDER_WAY = new Set(["accepted", "picked_up", "delivered", "disputed"]);

export default function MyTripScreen({ id }: { id: string }) {
  const { t, number } = useTexts();
  const { api } = useClient();
  const [, go] = useLocation();
  const give = useGive();
  const { attempt, isBusy } = useAttempt();
  const path = { params: { path: { trip_id: id } } };
  const trip = useRead(["trip", id], async () => dataOf(await api.GET("/api/trips/{trip_id}", path)), {
    ids: [id],
  });
  const asked = useRead(
    ["trip-requests", id],
    async () => dataOf(await api.GET("/api/trips/{trip_id}/package-requests", path)).requests,
    { ids: [id], topics: ["trips"] },
  );
  const callOff = () => {
    if (!confirm(t.mine.callOffSure)) return;
    void attempt(async () => {
      await give({
        kind: "trip.cancel",
        subject: id,
        method: "PUT",
        path: `/api/trips/${id}/cancel`,
        body: {},
      });
      go("/mine", { replace: true });
    });
  };
  const riding = asked.data?.filter(one => UNDER_WAY.has(one.state)) ?? [];
  const pending = asked.data?.filter(one => one.state === "pending" && one.origin === "sender") ?? [];
  return (
    <Screen title={t.trip.title} onBack={() => go("/mine")}>
      {trip.isPending && <Skeletons count={2} />}
      {trip.isError && <Failed error={trip.error} onAgain={() => void trip.refetch()} />}
      {trip.data && (
        <div className="card">
          <div className="row wrap">
            <Pill tone={toneOf(trip.data.state)}>{stateText(t, trip.data.state)}</Pill>
            <Pill>{t.kg(number(Math.min(...trip.data.capacity_left_g) / 1_000))}</Pill>
          </div>
          <Way
            points={trip.data.stops.map((stop, at, all) => ({
              title: stop,
              detail:
                at === 0
                  ? `${trip.data.date}, ${trip.data.time.split(" → ")[0]}`
                  : at === all.length - 1
                    ? trip.data.time.split(" → ")[1]
                    : undefined,
            }))}
          />
          {trip.data.state === "active" && (
            <Button kind="bad" isBusy={isBusy} onPress={callOff}>
              {t.mine.callOff}
            </Button>
          )}
        </div>
      )}
      {riding.length > 0 && (
        <section className="stack">
          <h2>{t.mine.carrying}</h2>
          {riding.map(one => (
            <Link key={one.id} href={`/deal/${id}/${one.id}`} className="card">
              <RequestSummary request={one} />
            </Link>
          ))}
        </section>
      )}
      {pending.length > 0 && (
        <section className="stack">
          <h2>{t.mine.requests}</h2>
          {pending.map(one => (
            <Pending key={one.id} request={one} />
          ))}
        </section>
      )}
      {asked.data && riding.length + pending.length === 0 && (
        <Empty title={t.offers.empty} hint={t.offers.emptyHint} />
      )}
    </Screen>
  );
}

function RequestSummary({ request }: { request: Request }) {
  const { t, money } = useTexts();
  return (
    <>
      <div className="row">
        <Avatar name={request.sender_name} url={request.sender_avatar} />
        <div className="grow stack tight">
          <span className="strong">{request.package_description}</span>
          <span className="dim small">{request.sender_name}</span>
        </div>
        <span className="price">{money(request.reward)}</span>
      </div>
      <div className="row wrap">
        <Pill tone={toneOf(request.state)}>{stateText(t, request.state)}</Pill>
        <span className="dim small">
          {request.pickup_location} → {request.delivery_location}
        </span>
      </div>
      {request.message && <p>{request.message}</p>}
    </>
  );
}

/** A sender's request that waits for an answer. */
function Pending({ request }: { request: Request }) {
  const { t } = useTexts();
  const give = useGive();
  const { attempt, isBusy } = useAttempt();
  const answer = (verb: "accept" | "decline") =>
    attempt(() =>
      give({
        kind: `request.${verb}`,
        subject: request.id,
        method: "PUT",
        path: `/api/package-requests/${request.id}/${verb}`,
        body: {},
      }),
    );
  return (
    <div className="card">
      <RequestSummary request={request} />
      <div className="row">
        <Button kind="plain" isBusy={isBusy} onPress={() => void answer("decline")}>
          {t.mine.decline}
        </Button>
        <div className="grow">
          <Button isWide isBusy={isBusy} onPress={() => void answer("accept")}>
            {t.mine.accept}
          </Button>
        </div>
      </div>
    </div>
  );
}
