// The messages of the socket and the bodies of the API, under the names this client uses. The shapes are generated from
// the descriptions in docs/; nothing here repeats them.
import type { components } from "./generated/api.ts";
import type { ServerMessage } from "./generated/socket.ts";

type Schemas = components["schemas"];

export type { ClientMessage, ServerMessage } from "./generated/socket.ts";

/** A numbered message: it belongs to the user's stream. */
export type StreamEvent = Extract<ServerMessage, { seq: number }>;
/** The numbered message of one type. */
export type EventOf<T extends StreamEvent["type"]> = Extract<StreamEvent, { type: T }>;
/** An answer to a command. */
export type Ack = Extract<ServerMessage, { type: "ack" }>;
/** A message without a number that is no answer. */
export type ControlMessage = Exclude<ServerMessage, StreamEvent | Ack>;
/** The first message on every connection. */
export type Hello = Extract<ServerMessage, { type: "hello" }>["data"];
/** The answer to a resume. */
export type Resumed = Extract<ServerMessage, { type: "resumed" }>["data"];

/** An offer to carry a package, whole: enough to draw its card. */
export type Offer = EventOf<"offer.new">["data"];
/** A step of a request. */
export type RequestChange = EventOf<"request.new">["data"];
/** How an offer ended that its courier did not accept. */
export type OfferEnd = EventOf<"offer.revoked">["data"];
/** Where a courier is. */
export type TripLocation = Extract<ServerMessage, { type: "trip.location" }>["data"];

/** What `GET /api/sync` answers. */
export type Sync = Schemas["SyncState"];
/** A session's tokens and its user. */
export type SignedIn = Schemas["SignedIn"];
/** The user of a session. */
export type User = Schemas["UserView"];
/** The body of an error. */
export type ProblemBody = Schemas["Problem"];

/** A place in a user's stream: which history, and the last event that was applied. */
export interface Position {
  epoch: number;
  seq: number;
}

/** Whether a message belongs to the stream. */
export function isStreamEvent(message: ServerMessage): message is StreamEvent {
  return "seq" in message;
}
