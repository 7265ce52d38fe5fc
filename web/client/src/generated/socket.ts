// Generated from the description in docs/. Do not edit; `npm run generate` writes it.

/**
 * A message of PeerPack's realtime socket, subprotocol peerpack.v1, in either direction.
 */
export type RealtimeMessage = ClientMessage | ServerMessage;
export type ClientMessage =
  | PingMessage
  | ResumeMessage
  | OfferRenderedMessage
  | OfferAcceptMessage
  | OfferDeclineMessage
  | RequestAcceptMessage
  | RequestDeclineMessage
  | RequestPickUpMessage
  | RequestDeliverMessage
  | RequestConfirmMessage
  | RequestCancelMessage
  | RequestWithdrawMessage
  | LocationMessage
  | ChatSendMessage
  | ChatReadMessage
  | ChatTypingMessage
  | SubscribeMessage
  | UnsubscribeMessage;
/**
 * A proposal joining one package and one trip.
 */
export type RequestId = string;
/**
 * What two people say to each other.
 */
export type ChatId = string;
/**
 * Something that was uploaded.
 */
export type FileId = string;
/**
 * A thing to be carried.
 */
export type PackageId = string;
/**
 * A published journey.
 */
export type TripId = string;
export type ServerMessage =
  | HelloMessage
  | PongMessage
  | ResumedMessage
  | DegradedMessage
  | ReconnectMessage
  | TripLocationMessage
  | ChatTypingMessageBack
  | ChatPresenceMessage
  | AckMessage
  | OfferNewEvent
  | OfferRevokedEvent
  | OfferExpiredEvent
  | RequestNewEvent
  | RequestAgreedEvent
  | RequestAcceptedEvent
  | RequestDeclinedEvent
  | RequestTakenEvent
  | RequestPickedUpEvent
  | RequestDeliveredEvent
  | RequestConfirmedEvent
  | RequestCancelledEvent
  | RequestDisputedEvent
  | PackageUpdatedEvent
  | TripUpdatedEvent
  | CourierAvailableEvent
  | PackageAvailableEvent
  | SubscriptionMatchedEvent
  | NotificationNewEvent
  | DocumentReviewedEvent
  | PaymentUpdatedEvent
  | BalanceUpdatedEvent
  | WithdrawalDecidedEvent
  | ChatMessageEvent
  | ChatReadEvent
  | ChatMoreEvent
  | OrderOfferedEvent
  | OrderOfferEndedEvent
  | OrderNewsEvent;
/**
 * A point in time, RFC 3339 in UTC.
 */
export type Instant = string;
/**
 * Why missed events cannot be told.
 */
export type NotRecovered = "epoch_changed" | "too_old" | "too_many" | "future_seq";
/**
 * A person, who acts as sender of packages and courier of trips.
 */
export type UserId = string;
/**
 * Why not: the codes of HTTP; `unknown_type` for a type of message that is not known.
 */
export type AckCode =
  | "bad_request"
  | "empty_message"
  | "unauthorized"
  | "invalid_token"
  | "token_expired"
  | "invalid_init_data"
  | "stale_init_data"
  | "invalid_code"
  | "invalid_secret"
  | "invalid_login"
  | "invalid_invitation"
  | "invalid_link"
  | "forbidden"
  | "origin_not_allowed"
  | "second_factor_required"
  | "blocked"
  | "wrong_party"
  | "not_found"
  | "method_not_allowed"
  | "too_slow"
  | "conflict"
  | "plan_changed"
  | "planning"
  | "no_position"
  | "in_progress"
  | "answered_before"
  | "not_a_member"
  | "cannot_write"
  | "illegal_transition"
  | "already_taken"
  | "expired"
  | "no_room"
  | "trip_not_live"
  | "party_gone"
  | "parcels_on_board"
  | "already_requested"
  | "too_many_requests"
  | "too_many_packages"
  | "too_many_trips"
  | "too_many_pending"
  | "too_many_on_trip"
  | "too_many_withdrawals"
  | "daily_limit"
  | "payout_waits"
  | "too_many_payments"
  | "no_payment_method"
  | "not_in_lists"
  | "nothing_missing"
  | "too_many_subscriptions"
  | "bot_off"
  | "charge_known"
  | "insufficient_funds"
  | "already_reviewed"
  | "open_deals"
  | "money_left"
  | "operator"
  | "own_account"
  | "last_administrator"
  | "login_taken"
  | "awaits_answer"
  | "too_many_strangers"
  | "blocked_by_you"
  | "username_taken"
  | "too_many_posts"
  | "too_many_documents"
  | "already_decided"
  | "photo_attached"
  | "second_factor_exists"
  | "stale"
  | "too_large"
  | "unsupported_media_type"
  | "invalid"
  | "ambiguous_place"
  | "code_in_message"
  | "key_reused"
  | "does_not_suit"
  | "own_package"
  | "code_required"
  | "upgrade_required"
  | "too_many"
  | "internal"
  | "telegram_failed"
  | "unavailable"
  | "payouts_frozen"
  | "busy"
  | "unknown_type";
/**
 * What came of a command: for the description.
 */
export type AckData = StepOutcome | ChatSaid;
/**
 * Where a request stands.
 */
export type RequestState =
  | "pending"
  | "agreed"
  | "accepted"
  | "picked_up"
  | "delivered"
  | "confirmed"
  | "declined"
  | "expired"
  | "withdrawn"
  | "taken"
  | "cancelled"
  | "disputed";
/**
 * One thing that was said in a chat.
 */
export type MessageId = string;
/**
 * How a command went.
 */
export type AckStatus = "ok" | "error";
/**
 * A currency. All but Telegram Stars have two decimal places.
 */
export type Currency = "RUB" | "USD" | "EUR" | "KZT" | "XTR";
/**
 * The id of a place, kept for good: that of GeoNames, and for an airport one of our own above them.
 */
export type PlaceId = number;
/**
 * How large a package is, in the words of the Mini App.
 */
export type SizeClass = "xs" | "s" | "m" | "l";
/**
 * How heavy a package is, in the words of the Mini App.
 */
export type WeightClass = "light" | "medium" | "heavy" | "very_heavy";
/**
 * When a sender pays, and whom.
 */
export type Paid = "cash" | "at_claim" | "on_publish";
/**
 * Why this courier: `on_route` (no extra way), `detour:+12min` (so much extra way), `room_left:9000g` (so much room is left afterwards), `early:26h` (so long before it has to be there).
 */
export type Why = string;
/**
 * Why an offer ended.
 */
export type OfferEndReason = "taken" | "cancelled" | "expired" | "changed";
/**
 * The two sides of a request.
 */
export type Party = "sender" | "courier";
/**
 * Who started a request.
 */
export type Origin = "sender" | "courier" | "engine";
/**
 * Where a package stands.
 */
export type PackageState = "template" | "open" | "assigned" | "in_transit" | "delivered" | "confirmed" | "cancelled";
/**
 * Where a trip stands.
 */
export type TripState = "active" | "in_progress" | "completed" | "cancelled";
/**
 * Money on its way in.
 */
export type PaymentId = string;
/**
 * Where a payment stands.
 */
export type PaymentState =
  "created" | "pending" | "succeeded" | "failed" | "expired" | "partly_refunded" | "refunded" | "charged_back";
/**
 * Money on its way out.
 */
export type WithdrawalId = string;
/**
 * A way to reach somebody, or their money, past the marketplace.
 */
export type Contact = "phone" | "card" | "link" | "name";
/**
 * What the reader of a message should think of.
 */
export type ChatWarning = "link" | "pays_elsewhere";
/**
 * An order that is shown to one courier on duty.
 */
export type OfferId = string;
/**
 * What somebody in town wants from a courier on duty.
 */
export type OrderId = string;
/**
 * How an offer has ended.
 */
export type OrderOfferOutcome = "accepted" | "declined" | "expired" | "withdrawn";
/**
 * What has become of an order.
 */
export type OrderNews =
  | "courier_found"
  | "on_the_way"
  | "arrived"
  | "completed"
  | "called_off"
  | "rejected"
  | "no_show"
  | "nobody_found"
  | "given"
  | "taken_away";

/**
 * Are you there? Answered by `pong`.
 */
export interface PingMessage {
  /**
   * Chosen by the client; its ack carries it.
   */
  cmd_id?: string;
  data?: {};
  type: "ping";
}
/**
 * Tell me what I have missed. Answered by `resumed`.
 */
export interface ResumeMessage {
  /**
   * Chosen by the client; its ack carries it.
   */
  cmd_id?: string;
  data: Resume;
  type: "resume";
}
/**
 * The position a client has reached.
 */
export interface Resume {
  /**
   * The history that `last_seq` belongs to, as `hello` named it.
   */
  epoch: number;
  /**
   * The number of the last event it has applied; 0 for none.
   */
  last_seq: number;
}
/**
 * The offer is on the screen: its clock starts. Not answered.
 */
export interface OfferRenderedMessage {
  /**
   * Chosen by the client; its ack carries it.
   */
  cmd_id?: string;
  data: OfRequest;
  type: "offer.rendered";
}
/**
 * Names a request; offers are requests too.
 */
export interface OfRequest {
  request_id: RequestId;
}
/**
 * Takes an offer of the engine.
 */
export interface OfferAcceptMessage {
  /**
   * Chosen by the client; its ack carries it.
   */
  cmd_id: string;
  data: OfRequest;
  type: "offer.accept";
}
/**
 * Refuses an offer of the engine.
 */
export interface OfferDeclineMessage {
  /**
   * Chosen by the client; its ack carries it.
   */
  cmd_id: string;
  data: Decline;
  type: "offer.decline";
}
/**
 * Names a request and says why not.
 */
export interface Decline {
  /**
   * For the other party, at most 500 characters.
   */
  reason?: string | null;
  request_id: RequestId;
}
/**
 * Agrees to a person's request.
 */
export interface RequestAcceptMessage {
  /**
   * Chosen by the client; its ack carries it.
   */
  cmd_id: string;
  data: OfRequest;
  type: "request.accept";
}
/**
 * Refuses a person's request.
 */
export interface RequestDeclineMessage {
  /**
   * Chosen by the client; its ack carries it.
   */
  cmd_id: string;
  data: Decline;
  type: "request.decline";
}
/**
 * The courier has the package.
 */
export interface RequestPickUpMessage {
  /**
   * Chosen by the client; its ack carries it.
   */
  cmd_id: string;
  data: OfRequest;
  type: "request.pick_up";
}
/**
 * The courier has handed it over.
 */
export interface RequestDeliverMessage {
  /**
   * Chosen by the client; its ack carries it.
   */
  cmd_id: string;
  data: OfRequest;
  type: "request.deliver";
}
/**
 * The sender confirms the delivery.
 */
export interface RequestConfirmMessage {
  /**
   * Chosen by the client; its ack carries it.
   */
  cmd_id: string;
  data: OfRequest;
  type: "request.confirm";
}
/**
 * Calls a deal off.
 */
export interface RequestCancelMessage {
  /**
   * Chosen by the client; its ack carries it.
   */
  cmd_id: string;
  data: OfRequest;
  type: "request.cancel";
}
/**
 * Takes one's own request back.
 */
export interface RequestWithdrawMessage {
  /**
   * Chosen by the client; its ack carries it.
   */
  cmd_id: string;
  data: OfRequest;
  type: "request.withdraw";
}
/**
 * Where the courier is. Not answered.
 */
export interface LocationMessage {
  /**
   * Chosen by the client; its ack carries it.
   */
  cmd_id?: string;
  data: Located;
  type: "location";
}
/**
 * A point on the earth.
 */
export interface Located {
  /**
   * Degrees north.
   */
  lat: number;
  /**
   * Degrees east.
   */
  lon: number;
}
/**
 * Says something in a chat. The same `client_msg_id` is the same message, on any connection.
 */
export interface ChatSendMessage {
  /**
   * Chosen by the client; its ack carries it.
   */
  cmd_id: string;
  data: ChatSend;
  type: "chat.send";
}
/**
 * Something to be said in a chat.
 */
export interface ChatSend {
  chat_id: ChatId;
  /**
   * What the device calls the message, 1 to 64 characters: sent again, it is the same one.
   */
  client_msg_id: string;
  picture_id?: FileId;
  /**
   * At most 1 000 characters; may be empty beside a picture.
   */
  text: string;
}
/**
 * I have read so far. Not answered without a `cmd_id`.
 */
export interface ChatReadMessage {
  /**
   * Chosen by the client; its ack carries it.
   */
  cmd_id?: string;
  data: ChatReadUpTo;
  type: "chat.read";
}
/**
 * How far one has read.
 */
export interface ChatReadUpTo {
  chat_id: ChatId;
  /**
   * The number of the last message that was read.
   */
  up_to: number;
}
/**
 * I am writing. Not answered.
 */
export interface ChatTypingMessage {
  /**
   * Chosen by the client; its ack carries it.
   */
  cmd_id?: string;
  data: OfChat;
  type: "chat.typing";
}
/**
 * Names a chat.
 */
export interface OfChat {
  chat_id: ChatId;
}
/**
 * Shows me where the courier of a trip is, or of the trip that carries my package; or whether the other one of a chat is there.
 */
export interface SubscribeMessage {
  /**
   * Chosen by the client; its ack carries it.
   */
  cmd_id?: string;
  data: Topic;
  type: "subscribe";
}
/**
 * What can be subscribed to: a trip, a package or a chat.
 */
export interface Topic {
  chat_id?: ChatId;
  package_id?: PackageId;
  trip_id?: TripId;
}
/**
 * Ends a subscription.
 */
export interface UnsubscribeMessage {
  /**
   * Chosen by the client; its ack carries it.
   */
  cmd_id?: string;
  data: Topic;
  type: "unsubscribe";
}
/**
 * First on every connection.
 */
export interface HelloMessage {
  data: Hello;
  type: "hello";
}
/**
 * `hello`.
 */
export interface Hello {
  /**
   * Changes when history could disagree with what a client remembers.
   */
  epoch: number;
  limits: Limits;
  /**
   * Seconds between the server's pings.
   */
  ping_s: number;
  server_time: Instant;
  /**
   * Names the connection in the server's log.
   */
  session_id?: string;
  /**
   * The number of the user's last event.
   */
  top: number;
}
/**
 * What the server will take from a client.
 */
export interface Limits {
  /**
   * Messages at once.
   */
  burst: number;
  /**
   * Bytes in a frame.
   */
  frame_bytes: number;
  /**
   * Bytes in a message.
   */
  message_bytes: number;
  /**
   * Messages in a minute.
   */
  messages_per_minute: number;
  /**
   * Events that can be resumed.
   */
  resume_events: number;
}
/**
 * The answer to `ping`.
 */
export interface PongMessage {
  data: Pong;
  type: "pong";
}
/**
 * `pong`.
 */
export interface Pong {
  server_time: Instant;
}
/**
 * The answer to `resume`.
 */
export interface ResumedMessage {
  data: Resumed;
  type: "resumed";
}
/**
 * `resumed`: exactly the missed events follow, or none and the client has to sync.
 */
export interface Resumed {
  /**
   * How many follow.
   */
  count?: number;
  reason?: NotRecovered;
  /**
   * Whether the events follow.
   */
  recovered: boolean;
  /**
   * The number of the last of them.
   */
  top: number;
}
/**
 * Something the server needs is out of order, or in order again.
 */
export interface DegradedMessage {
  data: Degraded;
  type: "degraded";
}
/**
 * `degraded`.
 */
export interface Degraded {
  /**
   * Whether commands are likely to fail now.
   */
  degraded: boolean;
}
/**
 * Come back later; the close follows.
 */
export interface ReconnectMessage {
  data: Reconnect;
  type: "reconnect";
}
/**
 * `reconnect`.
 */
export interface Reconnect {
  /**
   * How long to wait, milliseconds.
   */
  retry_after_ms: number;
}
/**
 * Where a courier is now. Unnumbered: only the latest counts.
 */
export interface TripLocationMessage {
  data: TripLocation;
  type: "trip.location";
}
/**
 * `trip.location`.
 */
export interface TripLocation {
  at: Instant;
  /**
   * Degrees north.
   */
  lat: number;
  /**
   * Degrees east.
   */
  lon: number;
  trip_id: TripId;
}
/**
 * The other one of a chat writes. Unnumbered.
 */
export interface ChatTypingMessageBack {
  data: ChatTyping;
  type: "chat.typing";
}
/**
 * `chat.typing`.
 */
export interface ChatTyping {
  chat_id: ChatId;
  user_id: UserId;
}
/**
 * The other one of a chat has come or gone. Unnumbered: only the latest counts.
 */
export interface ChatPresenceMessage {
  data: ChatPresence;
  type: "chat.presence";
}
/**
 * `chat.presence`: to everybody who has subscribed to the chat.
 */
export interface ChatPresence {
  chat_id: ChatId;
  /**
   * Whether they are there.
   */
  online: boolean;
  user_id: UserId;
}
/**
 * `ack`: exactly one for each `cmd_id`.
 */
export interface AckMessage {
  /**
   * Of the command; null when the command's could not be read.
   */
  cmd_id: string | null;
  code?: AckCode;
  data?: AckData;
  /**
   * Why not, for people.
   */
  message?: string;
  status: AckStatus;
  type: "ack";
}
/**
 * What came of a step.
 */
export interface StepOutcome {
  new_status?: RequestState;
  request_id: RequestId;
}
/**
 * A message that was sent, now or before.
 */
export interface ChatSaid {
  chat_id: ChatId;
  created_at: Instant;
  message_id: MessageId;
  /**
   * Its number in the chat.
   */
  seq: number;
}
/**
 * The engine offers a package.
 */
export interface OfferNewEvent {
  at: Instant;
  data: Offer;
  /**
   * Its number in the user's stream.
   */
  seq: number;
  type: "offer.new";
}
/**
 * `offer.new`.
 */
export interface Offer {
  /**
   * Room left on the fullest leg used, grams.
   */
  capacity_left_g: number;
  currency: Currency;
  /**
   * Extra way, kilometres.
   */
  detour_km: number;
  /**
   * Extra way, minutes.
   */
  detour_min: number;
  dropoff: HandOverView;
  expires_at: Instant;
  /**
   * The platform's share of it, major units.
   */
  fee: number;
  /**
   * Whether it changes hands with codes only; `false` in events that are older than this field.
   */
  hand_over_codes?: boolean;
  /**
   * The first leg used.
   */
  leg_from: number;
  /**
   * One past the last leg used.
   */
  leg_to: number;
  package: PackageBrief;
  payment?: Paid;
  pickup: HandOverView;
  request_id: RequestId;
  /**
   * What the sender pays, major units.
   */
  reward: number;
  trip_id: TripId;
  /**
   * How long the courier may look once it is on the screen, milliseconds.
   */
  ttl_ms: number;
  /**
   * Why this courier: stable codes with their particulars.
   */
  why: Why[];
}
/**
 * Where and when a package changes hands.
 */
export interface HandOverView {
  eta: Instant;
  place: PlaceView;
}
/**
 * A place as clients see it.
 */
export interface PlaceView {
  id: PlaceId;
  /**
   * Latitude, degrees.
   */
  lat: number;
  /**
   * Longitude, degrees.
   */
  lon: number;
  /**
   * English name.
   */
  name_en: string;
  /**
   * Russian name.
   */
  name_ru: string;
  /**
   * IANA time zone, for what happens there; empty in events that are older than this field.
   */
  tz?: string;
}
/**
 * The package of an offer.
 */
export interface PackageBrief {
  deliver_by: Instant;
  /**
   * What it is.
   */
  description: string;
  from: PlaceView;
  id: PackageId;
  ready_at: Instant;
  size: SizeClass;
  /**
   * Labels of the sender's own.
   */
  tags: string[];
  to: PlaceView;
  /**
   * Volume, millilitres.
   */
  volume_ml: number;
  weight: WeightClass;
  /**
   * Weight, grams.
   */
  weight_g: number;
}
/**
 * An offer is no longer open.
 */
export interface OfferRevokedEvent {
  at: Instant;
  data: OfferEnd;
  /**
   * Its number in the user's stream.
   */
  seq: number;
  type: "offer.revoked";
}
/**
 * `offer.revoked` and `offer.expired`.
 */
export interface OfferEnd {
  package_id: PackageId;
  reason: OfferEndReason;
  request_id: RequestId;
  trip_id: TripId;
}
/**
 * An offer's time is over.
 */
export interface OfferExpiredEvent {
  at: Instant;
  data: OfferEnd;
  /**
   * Its number in the user's stream.
   */
  seq: number;
  type: "offer.expired";
}
/**
 * Somebody asks or responds.
 */
export interface RequestNewEvent {
  at: Instant;
  data: RequestChange;
  /**
   * Its number in the user's stream.
   */
  seq: number;
  type: "request.new";
}
/**
 * `request.*`: one step of a request, for either party.
 */
export interface RequestChange {
  /**
   * Whether an operator decided so; absent where none did.
   */
  by_operator?: boolean;
  cancelled_by?: Party;
  courier_id: UserId;
  currency: Currency;
  /**
   * What the package is.
   */
  description: string;
  dropoff: HandOverView;
  /**
   * Words of the person who took the step.
   */
  message?: string;
  new_status: RequestState;
  old_status?: RequestState;
  origin: Origin;
  package_id: PackageId;
  pickup: HandOverView;
  request_id: RequestId;
  /**
   * What the courier earns, major units.
   */
  reward: number;
  sender_id: UserId;
  trip_id: TripId;
}
/**
 * A courier has agreed to carry the package; the engine chooses among those who have by `confirm_by`.
 */
export interface RequestAgreedEvent {
  at: Instant;
  data: RequestChange;
  /**
   * Its number in the user's stream.
   */
  seq: number;
  type: "request.agreed";
}
/**
 * A deal is made.
 */
export interface RequestAcceptedEvent {
  at: Instant;
  data: RequestChange;
  /**
   * Its number in the user's stream.
   */
  seq: number;
  type: "request.accepted";
}
/**
 * The other party said no.
 */
export interface RequestDeclinedEvent {
  at: Instant;
  data: RequestChange;
  /**
   * Its number in the user's stream.
   */
  seq: number;
  type: "request.declined";
}
/**
 * Another courier got the package.
 */
export interface RequestTakenEvent {
  at: Instant;
  data: RequestChange;
  /**
   * Its number in the user's stream.
   */
  seq: number;
  type: "request.taken";
}
/**
 * The courier has the package.
 */
export interface RequestPickedUpEvent {
  at: Instant;
  data: RequestChange;
  /**
   * Its number in the user's stream.
   */
  seq: number;
  type: "request.picked_up";
}
/**
 * The courier has handed it over.
 */
export interface RequestDeliveredEvent {
  at: Instant;
  data: RequestChange;
  /**
   * Its number in the user's stream.
   */
  seq: number;
  type: "request.delivered";
}
/**
 * The sender has confirmed.
 */
export interface RequestConfirmedEvent {
  at: Instant;
  data: RequestChange;
  /**
   * Its number in the user's stream.
   */
  seq: number;
  type: "request.confirmed";
}
/**
 * The request was taken back or the deal called off.
 */
export interface RequestCancelledEvent {
  at: Instant;
  data: RequestChange;
  /**
   * Its number in the user's stream.
   */
  seq: number;
  type: "request.cancelled";
}
/**
 * The sender disputes the delivery.
 */
export interface RequestDisputedEvent {
  at: Instant;
  data: RequestChange;
  /**
   * Its number in the user's stream.
   */
  seq: number;
  type: "request.disputed";
}
/**
 * One's own package changed outside of a deal.
 */
export interface PackageUpdatedEvent {
  at: Instant;
  data: PackageChanged;
  /**
   * Its number in the user's stream.
   */
  seq: number;
  type: "package.updated";
}
/**
 * `package.updated`.
 */
export interface PackageChanged {
  package_id: PackageId;
  state: PackageState;
  /**
   * Its version, which every change raises.
   */
  version: number;
}
/**
 * One's own trip changed.
 */
export interface TripUpdatedEvent {
  at: Instant;
  data: TripChanged;
  /**
   * Its number in the user's stream.
   */
  seq: number;
  type: "trip.updated";
}
/**
 * `trip.updated`.
 */
export interface TripChanged {
  state: TripState;
  trip_id: TripId;
  /**
   * Its version, which every change raises.
   */
  version: number;
}
/**
 * A courier travels where one's package waits.
 */
export interface CourierAvailableEvent {
  at: Instant;
  data: CourierAvailable;
  /**
   * Its number in the user's stream.
   */
  seq: number;
  type: "courier.available";
}
/**
 * `courier.available`: a new trip passes where one's package waits for a courier.
 */
export interface CourierAvailable {
  courier_id: UserId;
  departs_at: Instant;
  from: PlaceView;
  package_id: PackageId;
  to: PlaceView;
  trip_id: TripId;
}
/**
 * A package whose sender chooses the courier could ride on one's trip.
 */
export interface PackageAvailableEvent {
  at: Instant;
  data: PackageAvailable;
  /**
   * Its number in the user's stream.
   */
  seq: number;
  type: "package.available";
}
/**
 * `package.available`: a new package, whose sender chooses, could ride on one's trip. One may respond to it.
 */
export interface PackageAvailable {
  currency: Currency;
  /**
   * Extra way, minutes.
   */
  detour_min: number;
  dropoff: HandOverView;
  package: PackageBrief;
  pickup: HandOverView;
  /**
   * What the sender would pay, major units.
   */
  reward: number;
  trip_id: TripId;
}
/**
 * What one has asked to be told of has come: a trip, or a package, on one's way.
 */
export interface SubscriptionMatchedEvent {
  at: Instant;
  data: SubscriptionMatched;
  /**
   * Its number in the user's stream.
   */
  seq: number;
  type: "subscription.matched";
}
/**
 * `subscription.matched`: a trip, or a package, on the way that one has asked to be told of.
 */
export interface SubscriptionMatched {
  from: PlaceView;
  package?: PackageBrief;
  /**
   * The question that was asked.
   */
  subscription_id: string;
  to: PlaceView;
  trip?: TripBrief;
}
/**
 * A trip that somebody has asked to be told of.
 */
export interface TripBrief {
  courier_id: UserId;
  departs_at: Instant;
  id: TripId;
}
/**
 * One's own trip is near.
 */
export interface NotificationNewEvent {
  at: Instant;
  data: Reminder;
  /**
   * Its number in the user's stream.
   */
  seq: number;
  type: "notification.new";
}
/**
 * `notification.new`: a trip is near.
 */
export interface Reminder {
  departs_at: Instant;
  from: PlaceView;
  to: PlaceView;
  trip_id: TripId;
}
/**
 * Somebody has looked at a document that shows who one is.
 */
export interface DocumentReviewedEvent {
  at: Instant;
  data: DocumentReview;
  /**
   * Its number in the user's stream.
   */
  seq: number;
  type: "document.reviewed";
}
/**
 * `document.reviewed`: a document that shows who one is was approved or declined.
 */
export interface DocumentReview {
  /**
   * Whether it shows it.
   */
  approved: boolean;
  document_id: FileId;
  /**
   * Why it was declined.
   */
  reason?: string;
}
/**
 * One's own payment has gone on.
 */
export interface PaymentUpdatedEvent {
  at: Instant;
  data: PaymentChanged;
  /**
   * Its number in the user's stream.
   */
  seq: number;
  type: "payment.updated";
}
/**
 * `payment.updated`.
 */
export interface PaymentChanged {
  /**
   * What was asked for, major units.
   */
  amount: number;
  currency: Currency;
  /**
   * What a bank has taken back with this change, major units.
   */
  newly_charged_back?: number;
  /**
   * What has come with this change and was not given back at once, major units. Left out where it is nothing, and in events of older versions; so are the next two.
   */
  newly_paid?: number;
  /**
   * What went back with this change, major units.
   */
  newly_refunded?: number;
  /**
   * Whether that package does not wait any more: the money lies in the wallet, for another one.
   */
  package_gone?: boolean;
  package_id?: PackageId;
  /**
   * What has come, major units: more where it was paid twice.
   */
  paid: number;
  payment_id: PaymentId;
  /**
   * What of it went back, major units.
   */
  refunded: number;
  state: PaymentState;
  trip_id?: TripId;
}
/**
 * The money in one's wallet has changed by a payment, a refund or a withdrawal.
 */
export interface BalanceUpdatedEvent {
  at: Instant;
  data: BalanceChanged;
  /**
   * Its number in the user's stream.
   */
  seq: number;
  type: "balance.updated";
}
/**
 * `balance.updated`.
 */
export interface BalanceChanged {
  /**
   * How much more free money there is, major units; less than nothing for less.
   */
  available: number;
  currency: Currency;
}
/**
 * An operator has decided upon money that one takes out: it was sent, or it is back in the wallet.
 */
export interface WithdrawalDecidedEvent {
  at: Instant;
  data: WithdrawalOver;
  /**
   * Its number in the user's stream.
   */
  seq: number;
  type: "withdrawal.decided";
}
/**
 * `withdrawal.decided`: an operator has sent money that one takes out, or has given it back.
 */
export interface WithdrawalOver {
  /**
   * How much, major units.
   */
  amount: number;
  currency: Currency;
  /**
   * Whether it was sent; else it is in the wallet again.
   */
  paid: boolean;
  /**
   * Why it was not sent, in the operator's words.
   */
  reason?: string;
  withdrawal_id: WithdrawalId;
}
/**
 * Something was said in one's chat, by either of the two.
 */
export interface ChatMessageEvent {
  at: Instant;
  data: ChatMessageSent;
  /**
   * Its number in the user's stream.
   */
  seq: number;
  type: "chat.message";
}
/**
 * `chat.message`: something was said.
 */
export interface ChatMessageSent {
  chat_id: ChatId;
  /**
   * What the sender's device calls it; in the sender's own stream only.
   */
  client_msg_id?: string;
  /**
   * What was said, with `•••` in place of what is kept back from this reader.
   */
  content: string;
  /**
   * What is kept back from its reader until there is a deal.
   */
  masked?: Contact[];
  message_id: MessageId;
  picture_id?: FileId;
  sender_id: UserId;
  /**
   * Its number in the chat, from 1 on: the order of the messages, the same for both.
   */
  seq: number;
  /**
   * How many messages of this chat one has not read now.
   */
  unread: number;
  /**
   * What its reader should think of.
   */
  warnings?: ChatWarning[];
}
/**
 * Somebody has read further in one's chat: the other one, or oneself on another device.
 */
export interface ChatReadEvent {
  at: Instant;
  data: ChatReadFurther;
  /**
   * Its number in the user's stream.
   */
  seq: number;
  type: "chat.read";
}
/**
 * `chat.read`: somebody has read further.
 */
export interface ChatReadFurther {
  chat_id: ChatId;
  /**
   * How many messages of this chat one has not read now, oneself.
   */
  unread: number;
  /**
   * The number of the last message that was read. It only ever grows.
   */
  up_to: number;
  user_id: UserId;
}
/**
 * In place of `chat.message` to a connection that is slow: the message is to be read over HTTP. It is stored nowhere.
 */
export interface ChatMoreEvent {
  at: Instant;
  data: ChatMoreToRead;
  /**
   * Its number in the user's stream.
   */
  seq: number;
  type: "chat.more";
}
/**
 * `chat.more`: there is a message.
 */
export interface ChatMoreToRead {
  chat_id: ChatId;
  /**
   * The number of the message in the chat.
   */
  message_seq: number;
}
/**
 * A courier on duty is asked about an order in town.
 */
export interface OrderOfferedEvent {
  at: Instant;
  data: OrderOffered;
  /**
   * Its number in the user's stream.
   */
  seq: number;
  type: "order.offered";
}
/**
 * `order.offered`: a courier on duty is asked about an order.
 */
export interface OrderOffered {
  /**
   * Where it ends, in words.
   */
  dropoff: string;
  /**
   * How soon the courier can be there, seconds.
   */
  eta_s: number;
  expires_at: Instant;
  offer_id: OfferId;
  order_id: OrderId;
  /**
   * Where it begins, in words.
   */
  pickup: string;
  pickup_at?: Instant;
  /**
   * How far the pickup is, metres of road.
   */
  way_m: number;
}
/**
 * A courier is not asked about an order any more.
 */
export interface OrderOfferEndedEvent {
  at: Instant;
  data: OrderOfferEnded;
  /**
   * Its number in the user's stream.
   */
  seq: number;
  type: "order.offer_ended";
}
/**
 * `order.offer_ended`: a courier is not asked about an order any more.
 */
export interface OrderOfferEnded {
  offer_id: OfferId;
  order_id: OrderId;
  outcome: OrderOfferOutcome;
}
/**
 * An order in town that is one's own has gone on without one's doing.
 */
export interface OrderNewsEvent {
  at: Instant;
  data: OrderTold;
  /**
   * Its number in the user's stream.
   */
  seq: number;
  type: "order.news";
}
/**
 * `order.news`: an order that is one's own has gone on without one's doing.
 */
export interface OrderTold {
  at: Instant;
  news: OrderNews;
  order_id: OrderId;
  /**
   * Why, in the words of who did it.
   */
  reason?: string;
}
