// A trip as a sender sees it: its courier, its way, the room left, and the way to ask.
import { type components, dataOf } from "@peerpack/client";
import { lazy, Suspense, useMemo, useState } from "react";
import { Link, useLocation } from "wouter";
import { useClient, useGive, useRead, useUser } from "../../live/index.tsx";
import { useTexts } from "../../texts/index.tsx";
import {
  Button,
  Choices,
  Failed,
  LinkButton,
  Note,
  PersonRow,
  Pill,
  Reputation,
  Screen,
  Skeletons,
  TextField,
  useAttempt,
  useSay,
  Way,
} from "../../ui/index.ts";
import WriteButton from "../../ui/TalkLink.tsx";

const WayMap = lazy(() => import("../../ui/map/WayMap.tsx"));

type Trip = components["schemas"]["TripView"];

export default function TripScreen({ id }: { id: string }) {
  const { t } = useTexts();
  const { api } = useClient();
  const trip = useRead(
    ["trip", id],
    async () => dataOf(await api.GET("/api/trips/{trip_id}", { params: { path: { trip_id: id } } })),
    { ids: [id] },
  );
  return (
    <Screen title={t.trip.title} onBack={() => history.back()}>
      {trip.isPending && <Skeletons count={2} />}
      {trip.isError && !trip.data && <Failed error={trip.error} onAgain={() => void trip.refetch()} />}
      {trip.data && (
        <>
          <TripCard trip={trip.data} />
          <Ask trip={trip.data} />
        </>
      )}
    </Screen>
  );
}

/** The trip itself. */
function TripCard({ trip }: { trip: Trip }) {
  const { t, money, number, place, when } = useTexts();
  const stops = useMemo(
    () => trip.itinerary.map(stop => ({ name: place(stop), lat: stop.lat, lon: stop.lon })),
    [trip, place],
  );
  return (
    <div className="card">
      <PersonRow
        name={trip.name}
        isVerified={trip.verified}
        url={trip.avatar}
        about={<Reputation rating={trip.rating} reviews={trip.reviews_count} deals={trip.trips_count} />}
        end={
          <span className="stack none end">
            <span className={trip.price > 0 ? "price" : "dim small"}>
              {trip.price > 0 ? money(trip.price) : t.trip.free}
            </span>
            {trip.price > 0 && <span className="dim small">{t.trip.price}</span>}
          </span>
        }
      />
      <Way
        points={trip.itinerary.map(stop => ({ title: place(stop), detail: when(stop.departs_at, stop.tz) }))}
      />
      <Suspense fallback={<div className="map" />}>
        <WayMap stops={stops} />
      </Suspense>
      {trip.trip_comment && (
        <figure className="stack tight">
          <figcaption className="dim small">{t.trip.comment}</figcaption>
          <blockquote className="quote">{trip.trip_comment}</blockquote>
        </figure>
      )}
      <div className="stack tight">
        <span className="dim small">{t.trip.room}</span>
        <div className="row wrap">
          <Pill>{t.transport[trip.transport]}</Pill>
          {trip.capacity_left_g.map((left, leg) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: legs are numbered
            <Pill key={leg} tone={left > 0 ? "good" : "bad"}>
              {trip.capacity_left_g.length > 1 &&
                `${t.trip.roomOn(stops[leg]?.name ?? "", stops[leg + 1]?.name ?? "")}: `}
              {t.kg(number(left / 1_000))}
            </Pill>
          ))}
        </div>
      </div>
    </div>
  );
}

/** Asks the courier to take one of one's own packages. */
function Ask({ trip }: { trip: Trip }) {
  const { t, money, place } = useTexts();
  const { api } = useClient();
  const user = useUser();
  const give = useGive();
  const say = useSay();
  const [, go] = useLocation();
  const [chosen, setChosen] = useState<string>();
  const [message, setMessage] = useState("");
  const { attempt, isBusy, problem } = useAttempt();
  const mine = useRead(["packages"], async () => dataOf(await api.GET("/api/user/packages")).packages, {
    topics: ["packages"],
  });
  const open = mine.data?.filter(one => one.state === "open") ?? [];
  const trips = useRead(
    ["trips"],
    async () => dataOf(await api.GET("/api/user/trips")).trips,
    { topics: ["trips"] },
    user !== undefined,
  );
  if (trips.data?.some(one => one.id === trip.id)) {
    return (
      <Note>
        <Link href={`/my-trip/${trip.id}`}>{t.trip.own}</Link>
      </Note>
    );
  }
  const ask = () =>
    attempt(async () => {
      await give({
        kind: "package.send",
        subject: `${trip.id}:${chosen}`,
        method: "POST",
        path: `/api/couriers/${trip.id}/send-package`,
        body: { package_id: chosen, message: message.trim() },
      });
      say(t.trip.asked, "good");
      go(`/package/${chosen}`);
    });
  return (
    <section className="card">
      <h2>{t.trip.ask}</h2>
      {open.length > 0 && (
        <>
          <Choices
            isList
            label={t.trip.askWhich}
            value={chosen}
            onChange={setChosen}
            choices={open.map(one => ({
              value: one.id,
              title: one.description,
              detail: `${place(one.from_place)} → ${place(one.to_place)} · ${money(one.reward)}`,
            }))}
          />
          <TextField
            label={`${t.trip.message}, ${t.optional}`}
            value={message}
            onChange={setMessage}
            maxLength={2_000}
          />
          {problem && <Note tone="bad">{problem.message}</Note>}
          <Button isWide isDisabled={!chosen} isBusy={isBusy} onPress={() => void ask()}>
            {t.trip.ask}
          </Button>
        </>
      )}
      <LinkButton to="/new/package" kind={open.length > 0 ? "plain" : "main"}>
        {t.trip.askNew}
      </LinkButton>
      <WriteButton to={{ trip_id: trip.id }} />
    </section>
  );
}
