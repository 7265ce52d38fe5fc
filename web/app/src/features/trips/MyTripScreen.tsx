// One's own trip: who asks for its room, what rides on it, and calling it off.
import { dataOf } from "@peerpack/client";
import type { ReactNode } from "react";
import { Link, useLocation } from "wouter";
import { useClient, useGive, useLive, useRead } from "../../live/index.tsx";
import { type TripRequest, useTripRequests } from "../../live/requests.ts";
import { useTexts } from "../../texts/index.tsx";
import Highlight from "../../ui/Highlight.tsx";
import {
  Button,
  Empty,
  Failed,
  LinkButton,
  PersonRow,
  Pill,
  Screen,
  Skeletons,
  SureButton,
  stateText,
  toneOf,
  useAttempt,
  Way,
} from "../../ui/index.ts";

/** States of a request in which the courier has something to do or to wait for. */
const UNDER_WAY = new Set(["accepted", "picked_up", "delivered", "disputed"]);

interface MyTripScreenProps {
  id: string;
  /** Packages on the way of this trip whose senders choose. */
  parcels: ReactNode;
}

export default function MyTripScreen({ id, parcels }: MyTripScreenProps) {
  const { t, number, place, when } = useTexts();
  const { api } = useClient();
  const [, go] = useLocation();
  const give = useGive();
  const { attempt, isBusy } = useAttempt();
  const path = { params: { path: { trip_id: id } } };
  const trip = useRead(["trip", id], async () => dataOf(await api.GET("/api/trips/{trip_id}", path)), {
    ids: [id],
  });
  const asked = useTripRequests(id);
  const isOffered = useLive(({ state }) =>
    Object.values(state?.offers ?? {}).some(one => one.trip_id === id),
  );
  const callOff = () => {
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
  const open = asked.data?.filter(one => one.state === "pending") ?? [];
  const pending = open.filter(one => one.origin === "sender");
  const responded = open.filter(one => one.origin === "courier");
  return (
    <Screen title={t.trip.title} onBack={() => go("/mine")}>
      {trip.isPending && <Skeletons count={2} />}
      {trip.isError && !trip.data && <Failed error={trip.error} onAgain={() => void trip.refetch()} />}
      {trip.data && (
        <div className="card">
          <div className="row wrap">
            <Pill tone={toneOf(trip.data.state)}>{stateText(t, trip.data.state)}</Pill>
            <Pill>{t.transport[trip.data.transport]}</Pill>
            <Pill>
              {t.trip.room}: {t.kg(number(Math.min(...trip.data.capacity_left_g) / 1_000))}
            </Pill>
          </div>
          <Way
            points={trip.data.itinerary.map(stop => ({
              title: place(stop),
              detail: when(stop.departs_at, stop.tz),
            }))}
          />
        </div>
      )}
      {isOffered && <LinkButton to="/offers">{t.offers.waiting}</LinkButton>}
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
      {responded.length > 0 && (
        <section className="stack">
          <h2>{t.mine.responded}</h2>
          {responded.map(one => (
            <div key={one.id} className="card">
              <RequestSummary request={one} />
            </div>
          ))}
        </section>
      )}
      {parcels}
      {asked.data && !isOffered && riding.length + pending.length + responded.length === 0 && (
        <Empty title={t.offers.empty} hint={t.offers.tripHint} />
      )}
      {trip.data?.state === "active" && (
        <Highlight of={{ trip_id: id }} until={trip.data.highlighted_until} />
      )}
      {trip.data?.state === "active" && (
        <SureButton question={t.mine.callOffSure} yes={t.mine.callOffYes} isBusy={isBusy} onYes={callOff}>
          {t.mine.callOff}
        </SureButton>
      )}
    </Screen>
  );
}

function RequestSummary({ request }: { request: TripRequest }) {
  const { t, money, place } = useTexts();
  return (
    <>
      <PersonRow
        name={request.package_description}
        url={request.sender_avatar}
        about={request.sender_name}
        end={<span className="price">{money(request.payout)}</span>}
      />
      <div className="row wrap">
        <Pill tone={toneOf(request.state)}>{stateText(t, request.state)}</Pill>
        <span className="dim small">
          {place(request.pickup.place)} → {place(request.dropoff.place)}
        </span>
      </div>
      {request.message && <p className="quote">{request.message}</p>}
    </>
  );
}

/** A sender's request that waits for an answer. */
function Pending({ request }: { request: TripRequest }) {
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
      <div className="row answers">
        <Button kind="plain" isBusy={isBusy} onPress={() => void answer("decline")}>
          {t.mine.decline}
        </Button>
        <Button isBusy={isBusy} onPress={() => void answer("accept")}>
          {t.mine.accept}
        </Button>
      </div>
    </div>
  );
}
