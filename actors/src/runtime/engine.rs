//! The engine's front: what handlers and sockets call.

mod explaining;
mod finding;
mod publishing;
mod sessions;

use std::collections::HashMap;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};

use actix::{Actor, Arbiter};
use parking_lot::{Mutex, RwLock};
use tracing::Span;

use super::claim::{Room, persist};
use super::context::{Context, Directories, RuntimeSettings, Stats};
use super::directory::Directory;
use super::kinds::{self, Kind};
use super::market_model::MarketModel;
use super::messages::{CatchUp, Do, Rendered, TripOrder};
use super::package_actor::PackageActor;
use super::promise::Promise;
use super::recent::Recent;
use super::refusal::Refusal;
use super::roster::Roster;
use super::threads::Threads;
use super::trip_actor::{self, TripActor};
use super::user_actor::UserActor;
use super::{learning, supervisor, warming};
use crate::ids::{PackageId, RequestId, SubscriptionId, TripId, UserId};
use crate::market::package::{PackageCommand, Terms};
use crate::market::request::RequestCommand;
use crate::market::subscription::Subscription;
use crate::market::trip::Trip;
use crate::matching::{PackageIndex, SubscriptionIndex, TripIndex};
use crate::place::Gazetteer;
use crate::ports::{Bus, Clock, CommitError, Committed, Store, Unavailable};
use crate::time::Time;
use crate::unit::Unit;
use crate::work::WorkId;

pub use self::finding::Fitting;
pub use self::publishing::{Described, Response};
pub use super::messages::Done;

/// What besides the command matters to one call.
#[derive(Clone, Debug, Default)]
pub struct Conditions {
    /// The answer that the promise makes is stored together with the effect. A call whose answer is stored
    /// already is refused with `AnsweredBefore`.
    pub answering: Option<Promise>,
    /// The command on a trip or package is refused with `Stale` when it is no longer in this version.
    pub if_still: Option<i64>,
    /// The pattern that a published package is made from.
    pub made_from: Option<PackageId>,
    /// The terms of a published package.
    pub terms: Terms,
}

impl From<Option<Promise>> for Conditions {
    fn from(answering: Option<Promise>) -> Self {
        Self { answering, ..Self::default() }
    }
}

/// The running engine of one node.
#[derive(Clone)]
pub struct Engine {
    context: Arc<Context>,
    kinds: Arc<[Arc<dyn Kind>]>,
    arbiters: Arc<Vec<Arbiter>>,
    threads: Threads,
    conditions: Conditions,
}

impl Engine {
    /// Starts the actors and brings back everything that was live. Needs a running actix system.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn start(
        store: Arc<dyn Store>,
        bus: Arc<dyn Bus>,
        clock: Arc<dyn Clock>,
        settings: RuntimeSettings,
    ) -> Result<Self, Unavailable> {
        Self::start_with(store, bus, clock, settings, Vec::new()).await
    }

    /// The same, with further kinds of work beside packages and trips.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn start_with(
        store: Arc<dyn Store>,
        bus: Arc<dyn Bus>,
        clock: Arc<dyn Clock>,
        settings: RuntimeSettings,
        further: Vec<Arc<dyn Kind>>,
    ) -> Result<Self, Unavailable> {
        let arbiters: Vec<Arbiter> = (0..settings.arbiters.max(1)).map(|_| Arbiter::new()).collect();
        let handles: Vec<_> = arbiters.iter().map(Arbiter::handle).collect();
        let threads = Threads::default();
        for (number, arbiter) in arbiters.iter().enumerate() {
            arbiter.spawn(threads.beat(format!("actors {number}")));
        }
        let subscriptions = SubscriptionIndex::new(Gazetteer::bundled(), settings.matching.clone());
        let context = Arc::new(Context {
            store,
            bus,
            clock,
            settings,
            trips: RwLock::new(TripIndex::new()),
            restoring: AtomicBool::new(true),
            waiting: RwLock::new(PackageIndex::new()),
            following: Mutex::default(),
            choosing: RwLock::new(PackageIndex::new()),
            subscriptions: RwLock::new(subscriptions),
            trips_of: RwLock::new(HashMap::new()),
            offers: Arc::default(),
            owners: Recent::default(),
            told: Recent::default(),
            package_versions: Recent::default(),
            trip_versions: Recent::default(),
            model: MarketModel::default(),
            roster: Roster::default(),
            directories: OnceLock::new(),
        });
        let shared = |_: &str| Arc::clone(&context);
        let (trips, packages, users) = (shared("trips"), shared("packages"), shared("users"));
        let directories = Directories {
            trips: Directory::new(
                "trip",
                handles.clone(),
                Box::new(move |id, arbiter, retired| {
                    let context = Arc::clone(&trips);
                    Arc::new(TripActor::start_in_arbiter(arbiter, move |_| {
                        TripActor::new(id, context, retired)
                    }))
                }),
            ),
            packages: Directory::new(
                "package",
                handles.clone(),
                Box::new(move |id, arbiter, retired| {
                    let (context, made_for) = (Arc::clone(&packages), Span::current());
                    Arc::new(PackageActor::start_in_arbiter(arbiter, move |_| {
                        PackageActor::new(id, context, retired, made_for)
                    }))
                }),
            ),
            users: Directory::new(
                "user",
                handles,
                Box::new(move |id, arbiter, retired| {
                    let context = Arc::clone(&users);
                    Arc::new(UserActor::start_in_arbiter(arbiter, move |_| {
                        UserActor::new(id, context, retired)
                    }))
                }),
            ),
        };
        if context.directories.set(directories).is_err() {
            unreachable!("the context was made a moment ago");
        }
        let since = context.clock.now();
        let kinds: Arc<[Arc<dyn Kind>]> = kinds::own().into_iter().chain(further).collect();
        supervisor::restore(&context, &kinds).await?;
        let (watched, watched_kinds) = (Arc::clone(&context), Arc::clone(&kinds));
        arbiters[0].spawn(async move { supervisor::run(watched, watched_kinds, since).await });
        warming::start(Arc::downgrade(&context));
        let taught = Arc::clone(&context);
        arbiters[0].spawn(async move { learning::run(taught).await });
        Ok(Self { context, kinds, arbiters: Arc::new(arbiters), threads, conditions: Conditions::default() })
    }

    /// The same engine for one command, under conditions.
    #[must_use]
    pub fn under(&self, conditions: impl Into<Conditions>) -> Self {
        Self { conditions: conditions.into(), ..self.clone() }
    }

    /// Stops the actors of this node. What they held is in the store.
    pub fn stop(&self) {
        for arbiter in self.arbiters.iter() {
            arbiter.stop();
        }
    }

    /// A step of a request, such as accept, decline, pick up, deliver, confirm, cancel, withdraw or dispute.
    ///
    /// # Errors
    /// The refusal; `NotFound` when there is no such request.
    pub async fn request(&self, id: RequestId, command: RequestCommand) -> Result<Done, Refusal> {
        let package = self.context.package_of(id).await?.ok_or(Refusal::NotFound)?;
        self.package(package, PackageCommand::Request { id, command }).await
    }

    /// A hand-over of which the courier has shown the code.
    ///
    /// # Errors
    /// The refusal; `NotFound` when there is no such request.
    pub async fn hand_over(&self, id: RequestId, command: RequestCommand) -> Result<Done, Refusal> {
        let package = self.context.store.package_of(id).await?.ok_or(Refusal::NotFound)?;
        self.package(package, PackageCommand::HandOver { id, command }).await
    }

    /// Notes that a courier's screen shows an offer: the offer's clock starts.
    ///
    /// # Errors
    /// The refusal.
    pub async fn rendered(&self, id: RequestId, by: UserId) -> Result<(), Refusal> {
        let package = self.context.package_of(id).await?.ok_or(Refusal::NotFound)?;
        let rendered = Rendered { request: id, by };
        self.context.directories().packages.get(package).ask(rendered).await.unwrap_or(Err(Refusal::Busy))
    }

    /// The sender calls a package off.
    ///
    /// # Errors
    /// The refusal.
    pub async fn cancel_package(&self, id: PackageId, by: UserId) -> Result<Done, Refusal> {
        self.package(id, PackageCommand::Cancel { by }).await
    }

    /// The courier calls a trip off: open requests end, deals before pickup are called off.
    ///
    /// # Errors
    /// The refusal.
    pub async fn cancel_trip(&self, id: TripId, by: UserId) -> Result<Trip, Refusal> {
        let order = TripOrder::Cancel {
            by,
            seen: self.conditions.if_still,
            promise: self.conditions.answering.clone(),
        };
        if self.context.settings.bypass_actors {
            return trip_actor::persist_order(&self.context, id, order).await;
        }
        for _ in 0..2 {
            match self.context.directories().trips.get(id).ask(order.clone()).await {
                Ok(answer) => return answer,
                Err(undelivered) => undelivered.refusal().map_or(Ok(()), Err)?,
            }
        }
        Err(Refusal::Busy)
    }

    /// Ends the requests that wait on a trip that is over, for at most `most` packages after `after`. Returns
    /// the last of these packages if there may be more.
    ///
    /// # Errors
    /// When the store does not answer, or there is too much going on.
    pub async fn withdraw_from(
        &self,
        trip: TripId,
        after: Option<PackageId>,
        most: u32,
    ) -> Result<Option<PackageId>, Refusal> {
        if self.context.store.trip(trip).await?.is_none_or(|trip| trip.state.is_live()) {
            return Ok(None);
        }
        let some = self.context.store.pending_on(trip, after, most).await?;
        let last = some.last().copied().filter(|_| some.len() == most as usize);
        for package in some {
            match self.package(package, PackageCommand::TripGone(trip)).await {
                // Somebody else was there before.
                Ok(_) | Err(Refusal::Rejected(_) | Refusal::NotFound) => {}
                Err(refusal) => return Err(refusal),
            }
        }
        Ok(last)
    }

    /// A trip as it stands.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn trip(&self, id: TripId) -> Result<Option<Trip>, Refusal> {
        Ok(self.context.store.trip(id).await?)
    }

    /// Live trips of a courier.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn live_trips_of(&self, courier: UserId) -> Result<Vec<TripId>, Refusal> {
        Ok(self.context.store.live_trips_of(courier).await?)
    }

    /// Another node has told these users something: those who are here hear it as well. Never waits.
    pub fn catch_up(&self, tops: &[(UserId, u64)]) {
        for (user, top) in tops {
            if let Some(actor) = self.context.directories().users.existing(*user) {
                let _ = actor.tell(CatchUp(*top));
            }
        }
    }

    /// Another node has changed this: it is looked at again.
    pub async fn refresh(&self, changed: Vec<WorkId>) {
        supervisor::survive(supervisor::refresh(&self.context, &self.kinds, changed)).await;
    }

    /// Reminds a courier of a trip that is near, once.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn remind(&self, id: TripId) -> Result<(), Refusal> {
        let Some(trip) = self.context.store.trip(id).await? else { return Ok(()) };
        match self.context.commit(Unit::remind(&trip, self.context.now()), []).await {
            // Or another node was faster.
            Ok(()) | Err(CommitError::Conflict) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Somebody has asked to be told of something: from now on they are, on every node before long.
    pub fn subscribed(&self, subscription: Subscription) {
        let (id, now) = (subscription.id, self.context.now());
        self.context.subscriptions.write().follow(subscription, now);
        self.context.tell(Committed::default(), [id.into()]);
    }

    /// Somebody has taken it back.
    pub fn unsubscribed(&self, id: SubscriptionId) {
        self.context.subscriptions.write().remove(id);
        self.context.tell(Committed::default(), [id.into()]);
    }

    /// Tells those concerned of events that were committed beside the engine.
    pub fn told(&self, committed: Committed) {
        self.context.tell(committed, []);
    }

    /// Tells the other nodes of what was changed beside the engine, so that they look at it again.
    pub fn changed(&self, changed: impl IntoIterator<Item = WorkId>) {
        self.context.tell(Committed::default(), changed);
    }

    /// What a further kind of work decides and commits with.
    #[must_use]
    pub const fn context(&self) -> &Arc<Context> {
        &self.context
    }

    /// What lives on this node.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.context.stats()
    }

    /// Which threads live: those of the actors, and those that others add.
    #[must_use]
    pub const fn threads(&self) -> &Threads {
        &self.threads
    }

    /// The engine's clock.
    #[must_use]
    pub fn now(&self) -> Time {
        self.context.clock.now()
    }

    /// Lets an actor die, as a bug in it would.
    #[cfg(feature = "failpoints")]
    pub fn crash(&self, victim: super::Victim) {
        victim.dies_in(self.context.directories());
    }

    /// Holds up one of the threads that run actors, as work that does not yield would.
    #[cfg(feature = "failpoints")]
    pub fn hold_up_actors(&self, thread: usize, how_long: std::time::Duration) {
        self.arbiters[thread].spawn_fn(move || std::thread::sleep(how_long));
    }

    async fn package(&self, id: PackageId, command: PackageCommand) -> Result<Done, Refusal> {
        let (seen, promise) = (self.conditions.if_still, self.conditions.answering.clone());
        let ask = Do { command, seen, promise };
        if self.context.settings.bypass_actors {
            let mut package = self.context.store.package(id).await?.ok_or(Refusal::NotFound)?;
            let outcome = persist(&self.context, &mut package, &ask, Room::Store).await?;
            return Ok(Done { package, repeated: outcome.is_empty() });
        }
        for _ in 0..2 {
            let ask = ask.clone();
            match self.context.directories().packages.get(id).ask(ask).await {
                Ok(answer) => return answer,
                Err(undelivered) => undelivered.refusal().map_or(Ok(()), Err)?,
            }
        }
        Err(Refusal::Busy)
    }
}
