// A new ride: from, to, when, who comes along, and the price before the tap that orders it.
import { type components, dataOf, Problem } from "@peerpack/client";
import { useEffect, useRef, useState } from "react";
import { useAskToWrite } from "../../live/asking.ts";
import { useClient, useGive } from "../../live/index.tsx";
import { useFreshTown, useTownRead } from "../../live/town.ts";
import { usePlatform } from "../../platform/index.tsx";
import { useTexts } from "../../texts/index.tsx";
import { useTownTexts } from "../../texts/town.ts";
import {
  Button,
  Check,
  MainAction,
  Note,
  type PlaceChoice,
  PlaceField,
  Segments,
  TextField,
  useAttempt,
  useDraft,
  useExplain,
  useSay,
} from "../../ui/index.ts";
import { minutesOf } from "./orders.ts";
import { PriceParts } from "./Price.tsx";

interface Draft {
  from?: PlaceChoice | undefined;
  to?: PlaceChoice | undefined;
  fromAddress: string;
  toAddress: string;
  time: "now" | "later";
  day: string;
  clock: string;
  hasCompanion: boolean;
  note: string;
}

const EMPTY: Draft = {
  fromAddress: "",
  toAddress: "",
  time: "now",
  day: "",
  clock: "",
  hasCompanion: false,
  note: "",
};

/** Instead of a place's id: where the device is. */
const HERE = "here";

/** Fields that say themselves what is wrong with them. */
const SHOWN = ["pickup_lat", "pickup_title", "dropoff_lat", "dropoff_title"];

type NewOrder = components["schemas"]["NewOrder"];

/** The body of the API for a draft; nothing while something is missing. */
function bodyOf(draft: Draft, name: (place: PlaceChoice) => string): NewOrder | undefined {
  const { from, to, time, day, clock } = draft;
  if (from?.lat === undefined || from.lon === undefined || to?.lat === undefined || to.lon === undefined)
    return;
  if (isSame(draft) || (time === "later" && (day === "" || clock === ""))) return;
  const title = (address: string, place: PlaceChoice) =>
    [address.trim(), name(place)].filter(part => part !== "").join(", ");
  return {
    pickup_title: title(draft.fromAddress, from),
    pickup_lat: from.lat,
    pickup_lon: from.lon,
    dropoff_title: title(draft.toAddress, to),
    dropoff_lat: to.lat,
    dropoff_lon: to.lon,
    desired_pickup_time: time === "now" ? "now" : `${day}T${clock}`,
    has_companion: draft.hasCompanion,
    note: draft.note.trim(),
  };
}

function isSame({ from, to }: Draft): boolean {
  return from !== undefined && to !== undefined && from.lat === to.lat && from.lon === to.lon;
}

export function NewRide({ onDone }: { onDone: () => void }) {
  const t = useTownTexts();
  const { place, money } = useTexts();
  const { api } = useClient();
  const give = useGive();
  const say = useSay();
  const platform = usePlatform();
  const explain = useExplain();
  const refresh = useFreshTown();
  const askToWrite = useAskToWrite();
  const { draft, change, forget, isRestored } = useDraft<Draft>("ride", EMPTY);
  const isHere = useRef(false);
  isHere.current = draft.from?.id === HERE;
  // Where the device was when the draft was kept is not where it is now.
  useEffect(() => {
    if (isRestored && isHere.current) change({ from: undefined });
  }, [isRestored, change]);
  const { attempt, isBusy, fields } = useAttempt();
  const [tap, setTap] = useState(() => crypto.randomUUID());
  const body = bodyOf(draft, place);
  const quoted = body && [body.pickup_lat, body.pickup_lon, body.dropoff_lat, body.dropoff_lon];
  const quote = useTownRead(
    ["quote", ...(quoted ?? []), body?.desired_pickup_time, body?.has_companion],
    async () => dataOf(await api.POST("/api/mobile/orders/quote", { body: body ?? {} })),
    { isMoving: false, isWanted: body !== undefined },
  );
  const refused = quote.error instanceof Problem ? quote.error.fields : {};
  const wrong: Record<string, string> = { ...refused, ...fields };
  const order = () =>
    attempt(async () => {
      await give({
        kind: "ride.order",
        subject: tap,
        method: "POST",
        path: "/api/mobile/orders/create",
        body,
      });
      await forget();
      setTap(crypto.randomUUID());
      platform.haptic("done");
      // From now on there is something to be told of while the app is closed.
      askToWrite();
      say(t.ordered, "good");
      onDone();
      await refresh();
    });
  return (
    <>
      <div className="card">
        <PlaceField
          label={t.from}
          value={draft.from}
          onChange={from => change({ from })}
          error={wrong.pickup_lat ?? wrong.pickup_title}
        />
        <Here onFound={from => change({ from })} />
        <TextField
          label={t.fromAddress}
          value={draft.fromAddress}
          onChange={fromAddress => change({ fromAddress })}
          maxLength={200}
          autoComplete="street-address"
        />
        <PlaceField
          label={t.to}
          value={draft.to}
          onChange={to => change({ to })}
          error={wrong.dropoff_lat ?? wrong.dropoff_title}
        />
        <TextField
          label={t.toAddress}
          value={draft.toAddress}
          onChange={toAddress => change({ toAddress })}
          maxLength={200}
        />
        {isSame(draft) && <Note tone="warm">{t.samePlace}</Note>}
      </div>
      <div className="card">
        <span className="dim small">{t.whenLabel}</span>
        <Segments
          label={t.whenLabel}
          value={draft.time}
          onChange={time => change({ time })}
          segments={[
            { value: "now", title: t.now },
            { value: "later", title: t.later },
          ]}
        />
        {draft.time === "later" && (
          <>
            <TextField label={t.day} type="date" value={draft.day} onChange={day => change({ day })} />
            <TextField
              label={t.time}
              type="time"
              value={draft.clock}
              onChange={clock => change({ clock })}
              hint={t.timeHint}
              error={wrong.desired_pickup_time}
            />
          </>
        )}
        <Check
          label={t.companion}
          hint={t.companionHint}
          value={draft.hasCompanion}
          onChange={hasCompanion => change({ hasCompanion })}
        />
        <TextField
          label={t.note}
          placeholder={t.noteHint}
          value={draft.note}
          onChange={note => change({ note })}
          maxLength={500}
        />
      </div>
      {body && quote.isError && !SHOWN.some(field => wrong[field]) && (
        <Note tone="bad">{explain(quote.error)}</Note>
      )}
      {body && quote.data && <Quote quote={quote.data} />}
      <MainAction
        text={body && quote.data ? t.orderFor(money(quote.data.estimated_price)) : t.order}
        isEnabled={body !== undefined && quote.isSuccess}
        isBusy={isBusy}
        onPress={() => void order()}
      />
    </>
  );
}

function Quote({ quote }: { quote: components["schemas"]["RideQuote"] }) {
  const t = useTownTexts();
  const { money, number } = useTexts();
  return (
    <div className="card" aria-live="polite">
      <div className="row">
        <span className="grow stack tight">
          <span>{t.estimated}</span>
          <span className="dim small">
            {t.way(number(quote.distance_km), minutesOf(quote.duration_minutes * 60))}
          </span>
        </span>
        <span className="price">{money(quote.estimated_price)}</span>
      </div>
      <PriceParts parts={quote.details} />
    </div>
  );
}

/** Begins the ride where the device is. */
function Here({ onFound }: { onFound: (place: PlaceChoice) => void }) {
  const t = useTownTexts();
  const platform = usePlatform();
  const [isLooking, setIsLooking] = useState(false);
  const [isUnknown, setIsUnknown] = useState(false);
  const look = async () => {
    setIsLooking(true);
    const at = await platform.location();
    setIsLooking(false);
    setIsUnknown(at === undefined);
    if (at) onFound({ id: HERE, name_ru: t.hereNamed, name_en: t.hereNamed, tz: "", ...at });
  };
  return (
    <>
      <Button kind="quiet" isBusy={isLooking} onPress={() => void look()}>
        {t.here}
      </Button>
      {isUnknown && <Note tone="warm">{t.noPosition}</Note>}
    </>
  );
}
