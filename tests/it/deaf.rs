//! A store that does not always answer as it should.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use peerpack::store::Database;
use peerpack_actors::ids::{PackageId, RequestId, SubscriptionId, TripId, UserId};
use peerpack_actors::market::package::Package;
use peerpack_actors::market::subscription::Subscription;
use peerpack_actors::market::trip::Trip;
use peerpack_actors::matching::policy::couriers::Answers;
use peerpack_actors::ports::{
    ChoiceRounds, CommitError, Committed, EvidenceQuery, Store, StreamEntry, StreamPosition, Unavailable,
};
use peerpack_actors::time::Time;
use peerpack_actors::unit::Unit;

/// A store that works, and whose answers to commits get lost while it is `silent`. It panics the first time
/// that it is asked for due trips, or at one of the next commits, if it was told to, and never says what has
/// changed while it `hangs`.
pub struct Deaf {
    database: Database,
    pub silent: AtomicBool,
    pub hangs: AtomicBool,
    /// How many wait for that.
    pub hanging: AtomicUsize,
    pub panics: AtomicBool,
    /// While it does, it does not list live trips.
    pub keeps_trips: AtomicBool,
    /// Which of the next commits panics before it has done anything; none if 0.
    pub panics_at: AtomicUsize,
    /// How often it was asked for due trips.
    pub rounds: AtomicUsize,
    /// How often it was asked for a package or a trip.
    pub looks: AtomicUsize,
    /// How often it was asked how couriers have answered, with which a lesson begins.
    pub lessons: AtomicUsize,
}

impl Deaf {
    pub fn new(database: Database) -> Self {
        let [hanging, panics_at, rounds, looks, lessons] = [0; 5].map(AtomicUsize::new);
        let [silent, hangs, panics, keeps_trips] = [false; 4].map(AtomicBool::new);
        Self { database, silent, hangs, hanging, panics, keeps_trips, panics_at, rounds, looks, lessons }
    }
}

#[async_trait]
impl Store for Deaf {
    async fn commit(&self, unit: Unit) -> Result<Committed, CommitError> {
        let before = self.panics_at.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |at| at.checked_sub(1));
        assert_ne!(before, Ok(1), "a test asked for this");
        let committed = self.database.commit(unit).await;
        if self.silent.load(Ordering::SeqCst) {
            return Err(Unavailable("the answer is lost".to_owned()).into());
        }
        committed
    }

    async fn package(&self, id: PackageId) -> Result<Option<Package>, Unavailable> {
        self.looks.fetch_add(1, Ordering::SeqCst);
        self.database.package(id).await
    }

    async fn trip(&self, id: TripId) -> Result<Option<Trip>, Unavailable> {
        self.looks.fetch_add(1, Ordering::SeqCst);
        self.database.trip(id).await
    }

    async fn package_of(&self, request: RequestId) -> Result<Option<PackageId>, Unavailable> {
        self.database.package_of(request).await
    }

    async fn deals_on(&self, trip: TripId) -> Result<Vec<PackageId>, Unavailable> {
        self.database.deals_on(trip).await
    }

    async fn pending_on(
        &self,
        trip: TripId,
        after: Option<PackageId>,
        limit: u32,
    ) -> Result<Vec<PackageId>, Unavailable> {
        self.database.pending_on(trip, after, limit).await
    }

    async fn subscription(&self, id: SubscriptionId) -> Result<Option<Subscription>, Unavailable> {
        self.database.subscription(id).await
    }

    async fn live_subscriptions(
        &self,
        now: Time,
        after: Option<SubscriptionId>,
        limit: u32,
    ) -> Result<Vec<Subscription>, Unavailable> {
        self.database.live_subscriptions(now, after, limit).await
    }

    async fn changed_subscriptions(
        &self,
        since: Time,
        limit: u32,
    ) -> Result<Vec<(SubscriptionId, i64)>, Unavailable> {
        self.database.changed_subscriptions(since, limit).await
    }

    async fn published_trips(&self, since: Time, limit: u32) -> Result<Vec<Trip>, Unavailable> {
        self.database.published_trips(since, limit).await
    }

    async fn answers(&self, since: Time) -> Result<Vec<(UserId, Answers)>, Unavailable> {
        self.lessons.fetch_add(1, Ordering::SeqCst);
        self.database.answers(since).await
    }

    async fn evidence(&self, query: EvidenceQuery) -> Result<Vec<Package>, Unavailable> {
        self.database.evidence(query).await
    }

    async fn published_by(
        &self,
        sender: UserId,
        since: Time,
        limit: u32,
    ) -> Result<Vec<Package>, Unavailable> {
        self.database.published_by(sender, since, limit).await
    }

    async fn live_trips(&self, after: Option<TripId>, limit: u32) -> Result<Vec<Trip>, Unavailable> {
        if self.keeps_trips.load(Ordering::SeqCst) {
            tokio::time::sleep(Duration::from_millis(10)).await;
            return Err(Unavailable("a test asked for this".to_owned()));
        }
        self.database.live_trips(after, limit).await
    }

    async fn live_trips_of(&self, courier: UserId) -> Result<Vec<TripId>, Unavailable> {
        self.database.live_trips_of(courier).await
    }

    async fn open_packages(&self, after: Option<PackageId>, limit: u32) -> Result<Vec<Package>, Unavailable> {
        self.database.open_packages(after, limit).await
    }

    async fn changed_trips(&self, since: Time, limit: u32) -> Result<Vec<(TripId, i64)>, Unavailable> {
        if self.hangs.load(Ordering::SeqCst) {
            self.hanging.fetch_add(1, Ordering::SeqCst);
            std::future::pending::<()>().await;
        }
        self.database.changed_trips(since, limit).await
    }

    async fn changed_packages(&self, since: Time, limit: u32) -> Result<Vec<(PackageId, i64)>, Unavailable> {
        self.database.changed_packages(since, limit).await
    }

    async fn overdue(
        &self,
        now: Time,
        choices: ChoiceRounds,
        limit: u32,
    ) -> Result<Vec<PackageId>, Unavailable> {
        self.database.overdue(now, choices, limit).await
    }

    async fn due_trips(&self, now: Time, limit: u32) -> Result<Vec<TripId>, Unavailable> {
        self.rounds.fetch_add(1, Ordering::SeqCst);
        assert!(!self.panics.swap(false, Ordering::SeqCst), "a test asked for this");
        self.database.due_trips(now, limit).await
    }

    async fn position(&self, user: UserId) -> Result<StreamPosition, Unavailable> {
        self.database.position(user).await
    }

    async fn tops(&self, users: &[UserId]) -> Result<Vec<(UserId, u64)>, Unavailable> {
        self.database.tops(users).await
    }

    async fn events(&self, user: UserId, after: u64, limit: u32) -> Result<Vec<StreamEntry>, Unavailable> {
        self.database.events(user, after, limit).await
    }
}
