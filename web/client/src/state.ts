// What a device knows, as a value, and the one function that takes an event in: (state, event) -> state.
//
// Events say what has changed. Offers and steps of deals come whole and are kept here; of lists that only the server can
// order or sum up (packages, trips, wallet, notifications) the state says which ones are out of date.
import type {
  EventOf,
  Offer,
  OfferEnd,
  Position,
  RequestChange,
  StreamEvent,
  Sync,
  TripLocation,
} from "./wire.ts";

/** A list that the server has to be asked for. */
export type Topic = "packages" | "trips" | "wallet" | "notifications" | "documents";

/** An offer that is gone, and why. */
export interface Missed {
  offer: Offer;
  reason: OfferEnd["reason"];
  at: string;
}

export interface State {
  /** Where this state is in the stream. */
  position: Position;
  /** Offers that can be accepted now, by request, in the order in which they came. */
  offers: Readonly<Record<string, Offer>>;
  /** Offers that are gone, the latest first, at most {@link MAX_MISSED}. */
  missed: readonly Missed[];
  /** The latest step of each request that moved while this device looked. */
  requests: Readonly<Record<string, RequestChange>>;
  /** Counts the changes of each list: anybody who has loaded it at another count loads it again. */
  versions: Readonly<Record<Topic, number>>;
  /** The same for a single package or trip, by id. */
  touched: Readonly<Record<string, number>>;
}

/** How many missed offers are remembered. */
export const MAX_MISSED = 20;
/** How many requests and things are remembered. */
const MAX_REMEMBERED = 500;
/** The oldest go so many at once: forgetting is as dear as remembering all of them anew. */
const FORGOTTEN_AT_ONCE = 100;

/** The state of a device that has just loaded everything. */
export function stateOf(sync: Sync, before?: State): State {
  const offers: Record<string, Offer> = {};
  for (const offer of sync.offers) offers[offer.request_id] = offer;
  const versions = { packages: 0, trips: 0, wallet: 0, notifications: 0, documents: 0, ...before?.versions };
  for (const topic of Object.keys(versions) as Topic[]) versions[topic] += 1;
  return {
    position: sync.position,
    offers,
    missed: before?.missed ?? [],
    requests: {},
    versions,
    touched: before?.touched ?? {},
  };
}

/** Takes an event in. One that the state has already is ignored, so each is applied exactly once. */
export function fold(state: State, event: StreamEvent): State {
  if (event.seq <= state.position.seq) return state;
  const moved = { ...state, position: { ...state.position, seq: event.seq } };
  switch (event.type) {
    case "offer.new":
      return withOffer(moved, event.data);
    case "offer.revoked":
    case "offer.expired":
      return withoutOffer(moved, event);
    case "package.updated":
      return touch(changed(moved, "packages"), event.data.package_id);
    case "trip.updated":
      return touch(changed(moved, "trips"), event.data.trip_id);
    case "courier.available":
      return touch(changed(moved, "notifications"), event.data.package_id);
    case "subscription.matched":
    case "notification.new":
    case "order.offered":
    case "order.offer_ended":
    case "order.news":
      return changed(moved, "notifications");
    case "payment.updated":
      // A payment for a highlight has changed what it highlights.
      return touch(
        touch(changed(moved, "wallet"), event.data.payment_id),
        event.data.trip_id ?? event.data.package_id ?? "",
      );
    case "balance.updated":
      return changed(moved, "wallet");
    case "withdrawal.decided":
      return changed(changed(moved, "wallet"), "notifications");
    case "document.reviewed":
      return changed(changed(moved, "documents"), "notifications");
    default:
      // A type that a newer server has invented counts for the position only.
      return isStep(event) ? withStep(moved, event) : moved;
  }
}

function withOffer(state: State, offer: Offer): State {
  return { ...state, offers: { ...state.offers, [offer.request_id]: offer } };
}

function withoutOffer(state: State, event: EventOf<"offer.revoked" | "offer.expired">): State {
  const { [event.data.request_id]: gone, ...offers } = state.offers;
  if (!gone) return state;
  const missed = [{ offer: gone, reason: event.data.reason, at: event.at }, ...state.missed].slice(
    0,
    MAX_MISSED,
  );
  return { ...state, offers, missed };
}

type Step = Extract<StreamEvent, { type: `request.${string}` }>;

function isStep(event: StreamEvent): event is Step {
  return event.type.startsWith("request.");
}

function withStep(state: State, event: Step): State {
  const step = event.data;
  const { [step.request_id]: _answered, ...offers } = state.offers;
  const requests = bounded({ ...state.requests, [step.request_id]: step });
  let next: State = { ...state, offers, requests };
  next = changed(changed(changed(next, "packages"), "trips"), "notifications");
  if (event.type !== "request.new") next = changed(next, "wallet");
  return touch(touch(next, step.package_id), step.trip_id);
}

function changed(state: State, topic: Topic): State {
  return { ...state, versions: { ...state.versions, [topic]: state.versions[topic] + 1 } };
}

function touch(state: State, id: string): State {
  return { ...state, touched: bounded({ ...state.touched, [id]: (state.touched[id] ?? 0) + 1 }) };
}

function bounded<T>(entries: Record<string, T>): Record<string, T> {
  if (Object.keys(entries).length <= MAX_REMEMBERED) return entries;
  return Object.fromEntries(Object.entries(entries).slice(FORGOTTEN_AT_ONCE));
}

/** The offers that can still be accepted at a moment of the server's clock, the most urgent first. */
export function openOffers(state: Pick<State, "offers">, now: number): Offer[] {
  return Object.values(state.offers)
    .filter(offer => Date.parse(offer.expires_at) > now)
    .sort((a, b) => Date.parse(a.expires_at) - Date.parse(b.expires_at));
}

/** The last position of each courier that is watched; not part of the numbered stream. */
export type Locations = Readonly<Record<string, TripLocation>>;
