// A new trip: places, times in each place's own zone, transport and room.
import { useRef, useState } from "react";
import { useLocation } from "wouter";
import { useAskToWrite } from "../../live/asking.ts";
import { useGive } from "../../live/index.tsx";
import { isDemo, usePlatform } from "../../platform/index.tsx";
import { useTexts } from "../../texts/index.tsx";
import {
  BusIcon,
  Button,
  CAPACITIES,
  type Capacity,
  CarIcon,
  Choices,
  CrossIcon,
  FootIcon,
  MainAction,
  type PlaceChoice,
  PlaceField,
  PlaneIcon,
  PlusIcon,
  Screen,
  TextField,
  TRANSPORTS,
  TrainIcon,
  type Transport,
  useAttempt,
  useDraft,
  useSay,
} from "../../ui/index.ts";

interface Draft {
  from?: PlaceChoice | undefined;
  to?: PlaceChoice | undefined;
  stops: readonly (PlaceChoice | undefined)[];
  date: string;
  departs: string;
  arrives: string;
  transport: Transport;
  capacity: Capacity;
  detour: "0" | "30" | "60";
  price: string;
  comment: string;
}

const EMPTY: Draft = {
  stops: [],
  date: "",
  departs: "",
  arrives: "",
  transport: "car",
  capacity: "medium",
  detour: "30",
  price: "",
  comment: "",
};

/** A day that is in the future everywhere. */
function soon(): string {
  return new Intl.DateTimeFormat("en-CA", { timeZone: "UTC" }).format(Date.now() + 2 * 86_400_000);
}

/** What a person of the demo may publish with one tap. */
const example = (): Partial<Draft> => ({
  from: { id: "2022890", name_ru: "Хабаровск", name_en: "Khabarovsk", tz: "Asia/Vladivostok" },
  to: { id: "2013348", name_ru: "Владивосток", name_en: "Vladivostok", tz: "Asia/Vladivostok" },
  date: soon(),
  departs: "08:00",
  arrives: "20:00",
  capacity: "large",
  detour: "60",
  price: "500",
});

const ICONS = { car: CarIcon, train: TrainIcon, plane: PlaneIcon, bus: BusIcon, foot: FootIcon };

/** The stops between the ends at most. */
const MAX_STOPS = 6;

export default function NewTripScreen() {
  const { t } = useTexts();
  const [, go] = useLocation();
  const say = useSay();
  const give = useGive();
  const platform = usePlatform();
  const askToWrite = useAskToWrite();
  const { draft, change, forget } = useDraft<Draft>("trip", EMPTY);
  const { attempt, isBusy, fields } = useAttempt();
  const [tap] = useState(() => crypto.randomUUID());
  const end = useRef<HTMLDivElement>(null);
  const isReady = draft.from && draft.to && draft.date && draft.departs && draft.stops.every(Boolean);

  const publish = () =>
    attempt(async () => {
      const { trip_id } = await give<{ trip_id: string }>({
        kind: "trip.publish",
        subject: tap,
        method: "POST",
        path: "/api/trips",
        body: {
          from: { place_id: draft.from?.id },
          to: { place_id: draft.to?.id },
          stops: draft.stops.flatMap(stop => (stop ? [{ place_id: Number(stop.id) }] : [])),
          date: draft.date,
          time: draft.arrives ? `${draft.departs} → ${draft.arrives}` : draft.departs,
          transportType: draft.transport,
          capacity: draft.capacity,
          max_detour_min: Number(draft.detour),
          ...(draft.price ? { price: Number(draft.price) } : {}),
          trip_comment: draft.comment.trim(),
        },
      });
      await forget();
      platform.haptic("done");
      // From now on there is something to be told of while the app is closed.
      askToWrite();
      say(t.newTrip.published, "good");
      go(`/my-trip/${trip_id}`, { replace: true });
    });

  const setStop = (at: number, stop: PlaceChoice | undefined) =>
    change({ stops: draft.stops.map((one, n) => (n === at ? stop : one)) });
  return (
    <Screen title={t.newTrip.title} onBack={() => go("/")}>
      <div className="card">
        <PlaceField
          label={t.newTrip.from}
          value={draft.from}
          onChange={from => change({ from })}
          error={fields.from}
        />
        {draft.stops.map((stop, at) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: the order of stops is what they are
          <div className="row" key={at}>
            <div className="grow">
              <PlaceField
                label={t.newTrip.stop}
                value={stop}
                onChange={next => setStop(at, next)}
                error={fields.stops}
              />
            </div>
            <button
              type="button"
              className="icon-button"
              style={{ alignSelf: "end" }}
              aria-label={t.newTrip.removeStop}
              onClick={() => change({ stops: draft.stops.filter((_, n) => n !== at) })}
            >
              <CrossIcon />
            </button>
          </div>
        ))}
        <PlaceField label={t.newTrip.to} value={draft.to} onChange={to => change({ to })} error={fields.to} />
        {draft.stops.length < MAX_STOPS && (
          <Button kind="quiet" onPress={() => change({ stops: [...draft.stops, undefined] })}>
            <PlusIcon /> {t.newTrip.addStop}
          </Button>
        )}
        {isDemo && (
          <Button
            kind="quiet"
            onPress={() => {
              change(example());
              end.current?.scrollIntoView();
            }}
          >
            {t.newPackage.example}
          </Button>
        )}
      </div>
      <div className="card">
        <TextField
          label={t.newTrip.date}
          type="date"
          value={draft.date}
          onChange={date => change({ date })}
          error={fields.date}
          min={new Date().toISOString().slice(0, 10)}
        />
        <TextField
          label={t.newTrip.departs}
          type="time"
          value={draft.departs}
          onChange={departs => change({ departs })}
          error={fields.time}
          hint={draft.from && t.newTrip.departsZone(draft.from.tz)}
        />
        <TextField
          label={`${t.newTrip.arrives}, ${t.optional}`}
          type="time"
          value={draft.arrives}
          onChange={arrives => change({ arrives })}
          hint={draft.to && t.newTrip.departsZone(draft.to.tz)}
        />
      </div>
      <div className="card">
        <Choices
          label={t.newTrip.transport}
          value={draft.transport}
          onChange={transport => change({ transport })}
          choices={TRANSPORTS.map(value => {
            const Icon = ICONS[value];
            return { value, title: t.transport[value], icon: <Icon /> };
          })}
        />
        <Choices
          label={t.newTrip.capacity}
          value={draft.capacity}
          onChange={capacity => change({ capacity })}
          choices={CAPACITIES.map(([value, kg]) => ({ value, title: t.kg(String(kg)) }))}
        />
        <Choices
          label={t.newTrip.detour}
          value={draft.detour}
          onChange={detour => change({ detour })}
          choices={(["0", "30", "60"] as const).map(value => ({
            value,
            title: value === "0" ? t.newTrip.noDetour : t.minutes(Number(value)),
          }))}
        />
      </div>
      <div className="card">
        <TextField
          label={`${t.newTrip.price}, ${t.optional}`}
          value={draft.price}
          onChange={price => change({ price: price.replace(/[^\d]/g, "") })}
          error={fields.price}
          inputMode="numeric"
          maxLength={7}
        />
        <TextField
          label={`${t.newTrip.comment}, ${t.optional}`}
          isLong
          value={draft.comment}
          onChange={comment => change({ comment })}
          maxLength={2_000}
        />
      </div>
      <div ref={end} />
      <MainAction
        text={t.newTrip.publish}
        isEnabled={Boolean(isReady)}
        isBusy={isBusy}
        onPress={() => void publish()}
      />
    </Screen>
  );
}
