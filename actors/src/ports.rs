//! What the engine needs from outside: a store that decides, a bus that hints, a clock; and somebody who
//! knows the roads, if there is one.
//!
//! The store's answers are the truth. The bus only says "look again": it may lose, repeat or delay.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use uuid::Uuid;

use crate::dispatch::record::Record;
use crate::dispatch::{Duty, Order};
use crate::ids::{OrderId, PackageId, RequestId, SubscriptionId, TripId, UserId};
use crate::market::package::Package;
use crate::market::subscription::Subscription;
use crate::market::trip::Trip;
use crate::matching::Way;
use crate::matching::measure::Journey;
use crate::matching::policy::couriers::Answers;
use crate::rejection::Rejection;
use crate::time::{Span, Time};
use crate::unit::Unit;
use crate::work::WorkId;

/// A numbered event of one user's stream, as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamEntry {
    /// The user whose stream it is.
    pub user: UserId,
    /// Its number: from 1, without gaps, in commit order.
    pub seq: u64,
    /// When it was decided.
    pub at: Time,
    /// `{"type": .., "data": ..}` as JSON.
    pub body: Arc<str>,
}

/// A position in a user's stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamPosition {
    /// Changes when history could disagree with a client.
    pub epoch: u64,
    /// The number of the last event.
    pub top: u64,
}

/// A unit that was applied.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Committed {
    /// The numbered events, in the order of the unit's notices.
    pub entries: Vec<StreamEntry>,
}

/// The store does not answer, or answers too late.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the store is unavailable: {0}")]
pub struct Unavailable(pub String);

/// Why a unit was not applied. Nothing of it was, except perhaps where the store is unavailable.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CommitError {
    /// A version has moved on: load again and decide again.
    #[error("somebody else was faster")]
    Conflict,
    /// A guard of the database says no.
    #[error(transparent)]
    Refused(#[from] Rejection),
    /// The store does not answer. The unit may or may not have been applied.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// When choices among acceptances come due, and are taken over from a node that did not make them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChoiceRounds {
    /// So long before the pickup.
    pub notice: Span,
    /// And again and again, so long after the first time.
    pub again: Span,
    /// For so long after each of these moments.
    pub taken_over_within: Span,
}

/// What the engine asks of the store: the durable truth.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// Applies a unit, all of it or nothing. Once it answers `Ok`, the change survives any crash.
    async fn commit(&self, unit: Unit) -> Result<Committed, CommitError>;

    /// A package with its requests.
    async fn package(&self, id: PackageId) -> Result<Option<Package>, Unavailable>;

    /// A trip with its room.
    async fn trip(&self, id: TripId) -> Result<Option<Trip>, Unavailable>;

    /// The package a request belongs to.
    async fn package_of(&self, request: RequestId) -> Result<Option<PackageId>, Unavailable>;

    /// Packages with a deal (accepted or picked up) on the trip.
    async fn deals_on(&self, trip: TripId) -> Result<Vec<PackageId>, Unavailable>;

    /// Packages with a pending request on the trip, in order of id, after `after`, at most `limit`.
    async fn pending_on(
        &self,
        trip: TripId,
        after: Option<PackageId>,
        limit: u32,
    ) -> Result<Vec<PackageId>, Unavailable>;

    /// Live trips in order of id, after `after`, at most `limit`.
    async fn live_trips(&self, after: Option<TripId>, limit: u32) -> Result<Vec<Trip>, Unavailable>;

    /// Live trips of one courier.
    async fn live_trips_of(&self, courier: UserId) -> Result<Vec<TripId>, Unavailable>;

    /// Open packages in order of id, after `after`, at most `limit`.
    async fn open_packages(&self, after: Option<PackageId>, limit: u32) -> Result<Vec<Package>, Unavailable>;

    /// Trips that changed at or after `since`, with their versions, oldest change first, at most `limit`.
    async fn changed_trips(&self, since: Time, limit: u32) -> Result<Vec<(TripId, i64)>, Unavailable>;

    /// Packages that changed, likewise.
    async fn changed_packages(&self, since: Time, limit: u32) -> Result<Vec<(PackageId, i64)>, Unavailable>;

    /// How couriers answered the engine's offers that were made since `since`. Offers that ended before the
    /// courier could answer do not count.
    async fn answers(&self, since: Time) -> Result<Vec<(UserId, Answers)>, Unavailable>;

    /// Packages that are evidence of demand, the latest first: carried, or waiting and never called off by
    /// senders who can pay.
    async fn evidence(&self, query: EvidenceQuery) -> Result<Vec<Package>, Unavailable>;

    /// What a sender has published at or after `since`, templates too, the latest first, at most `limit`.
    async fn published_by(
        &self,
        sender: UserId,
        since: Time,
        limit: u32,
    ) -> Result<Vec<Package>, Unavailable>;

    /// Trips published at or after `since` and not called off, the latest first, at most `limit`.
    async fn published_trips(&self, since: Time, limit: u32) -> Result<Vec<Trip>, Unavailable>;

    /// A standing question.
    async fn subscription(&self, id: SubscriptionId) -> Result<Option<Subscription>, Unavailable>;

    /// Questions that stand at a time, in order of id, after `after`, at most `limit`.
    async fn live_subscriptions(
        &self,
        now: Time,
        after: Option<SubscriptionId>,
        limit: u32,
    ) -> Result<Vec<Subscription>, Unavailable>;

    /// Questions that were asked or taken back at or after `since`, with their versions, oldest change first,
    /// at most `limit`.
    async fn changed_subscriptions(
        &self,
        since: Time,
        limit: u32,
    ) -> Result<Vec<(SubscriptionId, i64)>, Unavailable>;

    /// Packages with a request that should have ended before `now`, or a choice that should have been made;
    /// and those that nobody has taken in time.
    async fn overdue(
        &self,
        now: Time,
        choices: ChoiceRounds,
        limit: u32,
    ) -> Result<Vec<PackageId>, Unavailable>;

    /// Trips whose departure or arrival has passed without the trip being started or completed.
    async fn due_trips(&self, now: Time, limit: u32) -> Result<Vec<TripId>, Unavailable>;

    /// The position of a user's stream.
    async fn position(&self, user: UserId) -> Result<StreamPosition, Unavailable>;

    /// The tops of several streams; users without events are left out.
    async fn tops(&self, users: &[UserId]) -> Result<Vec<(UserId, u64)>, Unavailable>;

    /// Events after `after`, in order, at most `limit`.
    async fn events(&self, user: UserId, after: u64, limit: u32) -> Result<Vec<StreamEntry>, Unavailable>;
}

/// What the dispatch reads: orders with their offers, and couriers' duties.
#[async_trait]
pub trait OrderStore: Send + Sync + 'static {
    /// An order with its offers.
    async fn order(&self, id: OrderId) -> Result<Option<Order>, Unavailable>;

    /// Orders that look for a courier, or have asked one, in order of id, after `after`, at most `limit`.
    async fn searching(&self, after: Option<OrderId>, limit: u32) -> Result<Vec<Order>, Unavailable>;

    /// Orders that changed at or after `since`, with their versions, oldest change first, at most `limit`.
    async fn changed_orders(&self, since: Time, limit: u32) -> Result<Vec<(Uuid, i64)>, Unavailable>;

    /// The steps of an order, the first one first.
    async fn order_steps(&self, id: OrderId) -> Result<Vec<OrderStep>, Unavailable>;

    /// The duty of a courier, if there ever was one.
    async fn duty(&self, courier: UserId) -> Result<Option<Duty>, Unavailable>;

    /// Duties of couriers who are not off duty, in order of their ids, after `after`, at most `limit`.
    async fn on_duty(&self, after: Option<UserId>, limit: u32) -> Result<Vec<Duty>, Unavailable>;

    /// What couriers have done by now, and how they are rated, each up to a version of the duty; those who
    /// were never on duty are left out.
    async fn records(&self, couriers: &[UserId], now: Time) -> Result<BTreeMap<UserId, Record>, Unavailable>;

    /// Duties that changed, as [`changed_orders`](Self::changed_orders).
    async fn changed_duties(&self, since: Time, limit: u32) -> Result<Vec<(Uuid, i64)>, Unavailable>;
}

/// A step that an order has taken, as it is listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderStep {
    /// From this state.
    pub from: String,
    /// To this one.
    pub to: String,
    /// When the step was taken.
    pub at: Time,
    /// In which role somebody has taken it: `passenger`, `courier`, `staff` or `engine`.
    pub role: String,
    /// Who, if it was not the engine.
    pub person: Option<UserId>,
    /// Why; may be empty.
    pub description: String,
}

/// Which packages [`Store::evidence`] looks for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct EvidenceQuery {
    /// Published at or after this.
    pub since: Time,
    /// Those that are open count if they were published by then.
    pub waited_since: Time,
    /// Whether every sender can pay; otherwise, of those that nobody carries, they count whose sender has the
    /// reward.
    pub anybody_can_pay: bool,
    /// How many of one sender, at most: the latest.
    pub most_of_one: u32,
    /// How many, at most: the latest.
    pub limit: u32,
}

/// What one commit changed, for other nodes.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Hint {
    /// Users with new events and their new tops.
    pub users: Vec<(UserId, u64)>,
    /// What changed, of whatever kind.
    #[serde(default)]
    pub changed: Vec<WorkId>,
}

/// Hints to the other nodes. Never waits, never fails: a lost hint delays, it loses nothing.
pub trait Bus: Send + Sync + 'static {
    /// Tells the other nodes to look again.
    fn publish(&self, hint: Hint);
}

/// Knows the roads.
#[async_trait]
pub trait Roads: std::fmt::Debug + Send + Sync + 'static {
    /// The way of each journey by car; nothing where it cannot be found out soon. Never waits longer than the
    /// fraction of a second that it allows itself, whatever the service does.
    async fn ways(&self, journeys: &[Journey]) -> Vec<Option<Way>>;
}

/// The current time and randomness, so that tests can drive both.
pub trait Clock: Send + Sync + 'static {
    /// The time that counts, in milliseconds.
    fn now(&self) -> Time;

    /// Ten random bytes for an id.
    fn random(&self) -> [u8; 10];
}
