//! What users are told: the events of their streams, as they stand on the wire and in the store.
//!
//! Every change has at most one event for each person concerned. The events of a change are derived here,
//! from the decision alone, and are written in the same transaction as the change.

mod briefs;
mod chats;
pub mod message;
mod money;
mod notices;
pub mod notification;
mod orders;
mod why;

use serde::{Deserialize, Serialize};

use crate::ids::{FileId, PackageId, RequestId, SubscriptionId, TripId, UserId};
use crate::market::phase::{PackagePhase, RequestPhase, TripPhase};
use crate::market::request::{Origin, Party};
use crate::money::Currency;
use crate::money::fees::Paid;
use crate::time::Time;

pub use briefs::{HandOverView, PackageBrief, PlaceView, TripBrief};
pub use chats::{ChatMessage, ChatMore, ChatRead, message_sent, read_further};
pub use money::{BalanceChanged, PaymentChanged, WithdrawalOver};
pub use notices::{
    Suits, balance_updated, courier_available, hand_over, notices, offer, package_available, package_matched,
    payment_updated, place, published, reminder, trip_matched, trip_updated, withdrawal_decided,
};
pub use orders::{OrderNews, OrderOfferEnded, OrderOfferOutcome, OrderOffered, OrderTold};
pub use why::Why;

/// An event for one person.
#[derive(Clone, PartialEq, Debug)]
pub struct Notice {
    /// Whose stream it goes to.
    pub to: UserId,
    /// What they are told.
    pub event: StreamEvent,
}

/// An event of a user's stream: `{"type": .., "data": ..}`.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(tag = "type", content = "data")]
pub enum StreamEvent {
    /// The engine offers a package.
    #[serde(rename = "offer.new")]
    OfferNew(Box<Offer>),
    /// An offer is no longer open.
    #[serde(rename = "offer.revoked")]
    OfferRevoked(OfferEnd),
    /// An offer's time is over.
    #[serde(rename = "offer.expired")]
    OfferExpired(OfferEnd),
    /// Somebody asks or responds.
    #[serde(rename = "request.new")]
    RequestNew(RequestChange),
    /// A courier has agreed to carry the package; the engine chooses among those who have by `confirm_by`.
    #[serde(rename = "request.agreed")]
    RequestAgreed(RequestChange),
    /// A deal is made.
    #[serde(rename = "request.accepted")]
    RequestAccepted(RequestChange),
    /// The other party said no.
    #[serde(rename = "request.declined")]
    RequestDeclined(RequestChange),
    /// Another courier got the package.
    #[serde(rename = "request.taken")]
    RequestTaken(RequestChange),
    /// The courier has the package.
    #[serde(rename = "request.picked_up")]
    RequestPickedUp(RequestChange),
    /// The courier has handed it over.
    #[serde(rename = "request.delivered")]
    RequestDelivered(RequestChange),
    /// The sender has confirmed.
    #[serde(rename = "request.confirmed")]
    RequestConfirmed(RequestChange),
    /// The request was taken back or the deal called off.
    #[serde(rename = "request.cancelled")]
    RequestCancelled(RequestChange),
    /// The sender disputes the delivery.
    #[serde(rename = "request.disputed")]
    RequestDisputed(RequestChange),
    /// One's own package changed outside of a deal.
    #[serde(rename = "package.updated")]
    PackageUpdated(PackageChanged),
    /// One's own trip changed.
    #[serde(rename = "trip.updated")]
    TripUpdated(TripChanged),
    /// A courier travels where one's package waits.
    #[serde(rename = "courier.available")]
    CourierAvailable(CourierAvailable),
    /// A package whose sender chooses the courier could ride on one's trip.
    #[serde(rename = "package.available")]
    PackageAvailable(Box<PackageAvailable>),
    /// What one has asked to be told of has come: a trip, or a package, on one's way.
    #[serde(rename = "subscription.matched")]
    SubscriptionMatched(Box<SubscriptionMatched>),
    /// One's own trip is near.
    #[serde(rename = "notification.new")]
    NotificationNew(Reminder),
    /// Somebody has looked at a document that shows who one is.
    #[serde(rename = "document.reviewed")]
    DocumentReviewed(DocumentReview),
    /// One's own payment has gone on.
    #[serde(rename = "payment.updated")]
    PaymentUpdated(PaymentChanged),
    /// The money in one's wallet has changed by a payment, a refund or a withdrawal.
    #[serde(rename = "balance.updated")]
    BalanceUpdated(BalanceChanged),
    /// An operator has decided upon money that one takes out: it was sent, or it is back in the wallet.
    #[serde(rename = "withdrawal.decided")]
    WithdrawalDecided(WithdrawalOver),
    /// Something was said in one's chat, by either of the two.
    #[serde(rename = "chat.message")]
    ChatMessage(Box<ChatMessage>),
    /// Somebody has read further in one's chat: the other one, or oneself on another device.
    #[serde(rename = "chat.read")]
    ChatRead(ChatRead),
    /// In place of `chat.message` to a connection that is slow: the message is to be read over HTTP. It is
    /// stored nowhere.
    #[serde(rename = "chat.more")]
    ChatMore(ChatMore),
    /// A courier on duty is asked about an order in town.
    #[serde(rename = "order.offered")]
    OrderOffered(Box<OrderOffered>),
    /// A courier is not asked about an order any more.
    #[serde(rename = "order.offer_ended")]
    OrderOfferEnded(OrderOfferEnded),
    /// An order in town that is one's own has gone on without one's doing.
    #[serde(rename = "order.news")]
    OrderNews(Box<OrderTold>),
}

/// `offer.new`.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Offer {
    /// The request to accept or decline.
    pub request_id: RequestId,
    /// What is offered.
    pub package: PackageBrief,
    /// For which of the courier's trips.
    pub trip_id: TripId,
    /// The first leg used.
    pub leg_from: u16,
    /// One past the last leg used.
    pub leg_to: u16,
    /// Where it gets on.
    pub pickup: HandOverView,
    /// Where it gets off.
    pub dropoff: HandOverView,
    /// Extra way, minutes.
    pub detour_min: u32,
    /// Extra way, kilometres.
    pub detour_km: f64,
    /// What the sender pays, major units.
    pub reward: f64,
    /// The platform's share of it, major units.
    pub fee: f64,
    /// The currency of reward and fee.
    pub currency: Currency,
    /// How the sender pays: with `cash` the courier gets the reward at the hand-over; `at_claim` in events
    /// that are older than this field.
    #[serde(default)]
    pub payment: Paid,
    /// Room left on the fullest leg used, grams.
    pub capacity_left_g: u32,
    /// When the offer ends at the latest.
    pub expires_at: Time,
    /// How long the courier may look once it is on the screen, milliseconds.
    pub ttl_ms: i64,
    /// Whether it changes hands with codes only; `false` in events that are older than this field.
    #[serde(default)]
    pub hand_over_codes: bool,
    /// Why this courier: stable codes with their particulars.
    pub why: Vec<Why>,
}

/// Why an offer ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum OfferEndReason {
    /// Another courier was first.
    Taken,
    /// The sender called the package off.
    Cancelled,
    /// Nobody answered in time.
    Expired,
    /// The package or trip changed.
    Changed,
}

/// `offer.revoked` and `offer.expired`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct OfferEnd {
    /// The offer that has ended.
    pub request_id: RequestId,
    /// Its package.
    pub package_id: PackageId,
    /// Its trip.
    pub trip_id: TripId,
    /// Why it is no longer open.
    pub reason: OfferEndReason,
}

/// `request.*`: one step of a request, for either party.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct RequestChange {
    /// The request that took the step.
    pub request_id: RequestId,
    /// Its package.
    pub package_id: PackageId,
    /// Its trip.
    pub trip_id: TripId,
    /// The sender of the package.
    pub sender_id: UserId,
    /// The courier of the trip.
    pub courier_id: UserId,
    /// Who started it.
    pub origin: Origin,
    /// The state it left; absent on `request.new`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schema(nullable = false))]
    pub old_status: Option<RequestPhase>,
    /// The state it has now.
    pub new_status: RequestPhase,
    /// What the package is.
    pub description: String,
    /// What the courier earns, major units.
    pub reward: f64,
    /// Of the reward.
    pub currency: Currency,
    /// Where it gets on.
    pub pickup: HandOverView,
    /// Where it gets off.
    pub dropoff: HandOverView,
    /// Words of the person who took the step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schema(nullable = false))]
    pub message: Option<String>,
    /// Who called the deal off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schema(nullable = false))]
    pub cancelled_by: Option<Party>,
    /// Whether an operator decided so; absent where none did.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub by_operator: bool,
}

impl RequestChange {
    /// Whether the courier had said yes before, and has the deal because somebody else has chosen now.
    #[must_use]
    pub fn was_chosen(&self) -> bool {
        self.new_status == RequestPhase::Accepted
            && (self.origin == Origin::Courier || self.old_status == Some(RequestPhase::Agreed))
    }
}

/// `package.updated`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct PackageChanged {
    /// The package.
    pub package_id: PackageId,
    /// The state that it is in now.
    pub state: PackagePhase,
    /// Its version, which every change raises.
    pub version: i64,
}

/// `trip.updated`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct TripChanged {
    /// The trip.
    pub trip_id: TripId,
    /// The state that it is in now.
    pub state: TripPhase,
    /// Its version, which every change raises.
    pub version: i64,
}

/// `courier.available`: a new trip passes where one's package waits for a courier.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct CourierAvailable {
    /// The package that waits.
    pub package_id: PackageId,
    /// The new trip.
    pub trip_id: TripId,
    /// The courier who travels.
    pub courier_id: UserId,
    /// Where the trip starts.
    pub from: PlaceView,
    /// Where it ends.
    pub to: PlaceView,
    /// When it starts.
    pub departs_at: Time,
}

/// `package.available`: a new package, whose sender chooses, could ride on one's trip. One may respond to it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct PackageAvailable {
    /// What is to be carried.
    pub package: PackageBrief,
    /// On which of the courier's trips.
    pub trip_id: TripId,
    /// Where it would get on.
    pub pickup: HandOverView,
    /// Where it would get off.
    pub dropoff: HandOverView,
    /// Extra way, minutes.
    pub detour_min: u32,
    /// What the sender would pay, major units.
    pub reward: f64,
    /// Of the reward.
    pub currency: Currency,
}

/// `subscription.matched`: a trip, or a package, on the way that one has asked to be told of.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct SubscriptionMatched {
    /// The question that was asked.
    #[cfg_attr(feature = "schema", schema(value_type = String))]
    pub subscription_id: SubscriptionId,
    /// Where it starts: the trip, or the package.
    pub from: PlaceView,
    /// Where it goes.
    pub to: PlaceView,
    /// The trip, if it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schema(nullable = false))]
    pub trip: Option<TripBrief>,
    /// The package, if it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schema(nullable = false))]
    pub package: Option<PackageBrief>,
}

/// `notification.new`: a trip is near.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Reminder {
    /// The trip that is near.
    pub trip_id: TripId,
    /// Where it starts.
    pub from: PlaceView,
    /// Where it ends.
    pub to: PlaceView,
    /// When it starts.
    pub departs_at: Time,
}

/// `document.reviewed`: a document that shows who one is was approved or declined.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct DocumentReview {
    /// The document that was looked at.
    pub document_id: FileId,
    /// Whether it shows it.
    pub approved: bool,
    /// Why it was declined.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schema(nullable = false))]
    pub reason: Option<String>,
}
