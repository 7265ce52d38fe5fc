// Reads the socket's messages, with types made of docs/realtime.schema.json by json-schema-to-typescript.
// `scripts/descriptions.sh` compiles it.
import type { ClientMessage, Offer, ServerMessage } from "./realtime";

/** How long a courier may still look at an offer, milliseconds. `skew` is the server's clock minus one's own. */
export function timeLeft(offer: Offer, shownAt: number | undefined, now: number, skew: number): number {
  const atMost = Date.parse(offer.expires_at) - (now + skew);
  return shownAt === undefined ? atMost : Math.min(atMost, shownAt + offer.ttl_ms - now);
}

/** What a message means for a list of open offers. */
export function applied(offers: Map<string, Offer>, message: ServerMessage): Map<string, Offer> {
  switch (message.type) {
    case "offer.new":
      return new Map(offers).set(message.data.request_id, message.data);
    case "offer.revoked":
    case "offer.expired":
    case "request.agreed":
    case "request.accepted":
    case "request.declined": {
      const left = new Map(offers);
      left.delete(message.data.request_id);
      return left;
    }
    default:
      return offers;
  }
}

/** Takes an offer. The same id again gets the same answer. */
export function accept(offer: Offer, id: string): ClientMessage {
  return { type: "offer.accept", cmd_id: id, data: { request_id: offer.request_id } };
}

// A command without an id does not compile.
// @ts-expect-error its ack could not be told apart
export const nameless: ClientMessage = { type: "offer.accept", data: { request_id: "…" } };
