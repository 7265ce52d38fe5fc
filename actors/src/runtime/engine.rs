//! The engine's front: what handlers and sockets call.

mod look;
mod sessions;

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use actix::{Actor, Arbiter};
use parking_lot::RwLock;

use super::beliefs::Beliefs;
use super::context::{Context, Directories, RuntimeSettings, Stats};
use super::directory::Directory;
use super::execute::{Room, execute};
use super::offers::OfferBook;
use super::package_actor::{self, PackageActor};
use super::promise::{Promise, Subject};
use super::recent::Recent;
use super::roster::Roster;
use super::supervisor;
use super::threads::Threads;
use super::trip_actor::{self, Order, TripActor};
use super::user_actor::{self, UserActor};
use super::{learning, measured, warming};
use crate::ids::{PackageId, RequestId, TripId, UserId};
use crate::matching::{self, PackageIndex, Reason, TripEntry, TripIndex};
use crate::package::{Package, PackageCommand, PackageDraft, Proposal, Terms};
use crate::place::Gazetteer;
use crate::ports::{Bus, Clock, CommitError, Committed, Store, Unavailable};
use crate::rejection::Rejection;
use crate::request::{Request, RequestCommand};
use crate::time::Time;
use crate::trip::{Trip, TripDraft};
use crate::unit::Unit;

pub use super::package_actor::Done;

/// Why a command was not carried out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The core or a guard of the store says no.
    #[error(transparent)]
    Rejected(Rejection),
    /// There is no such thing.
    #[error("not found")]
    NotFound,
    /// Too much is going on here; worth another try.
    #[error("too busy, try again")]
    Busy,
    /// The store does not answer. The command may or may not have been carried out.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

impl From<CommitError> for Refusal {
    fn from(error: CommitError) -> Self {
        match error {
            CommitError::Conflict => Self::Busy,
            CommitError::Refused(rejection) => Self::Rejected(rejection),
            CommitError::Unavailable(unavailable) => Self::Unavailable(unavailable),
        }
    }
}

/// A courier's answer to a package: which trip, for how much.
#[derive(Clone, Debug)]
pub struct Response {
    /// The trip that would carry it.
    pub trip: TripId,
    /// What the courier asks for it.
    pub price: crate::money::Amount,
    /// Free words.
    pub comment: String,
}

/// What besides the command matters to one call.
#[derive(Clone, Debug, Default)]
pub struct Conditions {
    /// The answer that the promise makes is stored together with the effect. A call whose answer is stored already is
    /// refused with `AnsweredBefore`.
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
        let arbiters: Vec<Arbiter> = (0..settings.arbiters.max(1)).map(|_| Arbiter::new()).collect();
        let handles: Vec<_> = arbiters.iter().map(Arbiter::handle).collect();
        let threads = Threads::default();
        for (number, arbiter) in arbiters.iter().enumerate() {
            arbiter.spawn(threads.beat(format!("actors {number}")));
        }
        let context = Arc::new(Context {
            store,
            bus,
            clock,
            settings,
            trips: RwLock::new(TripIndex::new()),
            waiting: RwLock::new(PackageIndex::new()),
            choosing: RwLock::new(PackageIndex::new()),
            trips_of: RwLock::new(HashMap::new()),
            offers: OfferBook::default(),
            owners: Recent::default(),
            package_versions: Recent::default(),
            trip_versions: Recent::default(),
            beliefs: Beliefs::default(),
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
                    TripActor::start_in_arbiter(arbiter, move |_| TripActor::new(id, context, retired))
                }),
            ),
            packages: Directory::new(
                "package",
                handles.clone(),
                Box::new(move |id, arbiter, retired| {
                    let context = Arc::clone(&packages);
                    PackageActor::start_in_arbiter(arbiter, move |_| PackageActor::new(id, context, retired))
                }),
            ),
            users: Directory::new(
                "user",
                handles,
                Box::new(move |id, arbiter, retired| {
                    let context = Arc::clone(&users);
                    UserActor::start_in_arbiter(arbiter, move |_| UserActor::new(id, context, retired))
                }),
            ),
        };
        if context.directories.set(directories).is_err() {
            unreachable!("the context was made a moment ago");
        }
        let since = context.clock.now();
        supervisor::restore(&context).await?;
        let watched = Arc::clone(&context);
        arbiters[0].spawn(async move { supervisor::run(watched, since).await });
        warming::start(Arc::downgrade(&context));
        let taught = Arc::clone(&context);
        arbiters[0].spawn(async move { learning::run(taught).await });
        Ok(Self { context, arbiters: Arc::new(arbiters), threads, conditions: Conditions::default() })
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

    /// Publishes a trip; waiting packages that it could carry are offered at once.
    ///
    /// # Errors
    /// The refusal.
    pub async fn publish_trip(&self, courier: UserId, draft: TripDraft) -> Result<Trip, Refusal> {
        let now = self.context.clock.now();
        let trip = Trip::publish(TripId::new(now, self.context.clock.random()), courier, draft, now)?;
        let mut unit = Unit::publish_trip(trip.clone(), &self.context.senders_waiting_for(&trip));
        unit.receipt =
            self.conditions.answering.as_ref().and_then(|promise| promise.receipt(Subject::Trip(&trip)));
        let committed = self.context.store.commit(unit).await?;
        self.context.tell(committed, Vec::new(), vec![trip.id]);
        self.context.follow_trip(&trip, true);
        Ok(trip)
    }

    /// Publishes a package; couriers whose trips suit it get offers at once.
    ///
    /// # Errors
    /// The refusal.
    pub async fn publish_package(&self, sender: UserId, draft: PackageDraft) -> Result<Package, Refusal> {
        let now = self.context.clock.now();
        let mut package =
            Package::publish(PackageId::new(now, self.context.clock.random()), sender, draft, now)?;
        package.terms = self.conditions.terms;
        self.publish(&package, Unit::publish_package(package.clone())).await?;
        Ok(package)
    }

    /// Publishes a package and asks the courier of a trip to carry it, both or neither.
    ///
    /// # Errors
    /// `does_not_suit` when the trip cannot carry it; any other refusal.
    pub async fn publish_and_ask(
        &self,
        sender: UserId,
        draft: PackageDraft,
        trip: TripId,
        message: String,
    ) -> Result<(Package, RequestId), Refusal> {
        let now = self.context.clock.now();
        let mut package =
            Package::publish(PackageId::new(now, self.context.clock.random()), sender, draft, now)?;
        package.made_from = self.conditions.made_from;
        package.terms = self.conditions.terms;
        let proposal = self.proposal(&package, trip, package.draft.reward, message).await?;
        let id = proposal.id;
        let ask = PackageCommand::Ask { by: sender, proposal };
        let outcome = package.decide(&ask, None, self.context.settings.demo_funds, now)?;
        let unit = Unit::publish_package_with(&package, &outcome);
        package.apply(&outcome.events);
        self.publish(&package, unit).await?;
        Ok((package, id))
    }

    /// A step of a request: accept, decline, pick up, deliver, confirm, cancel.
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
        let rendered = package_actor::Rendered { request: id, by };
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
        let order =
            Order::Cancel { by, seen: self.conditions.if_still, promise: self.conditions.answering.clone() };
        if self.context.settings.bypass_actors {
            return trip_actor::carry_out(&self.context, id, order).await;
        }
        for _ in 0..2 {
            match self.context.directories().trips.get(id).ask(order.clone()).await {
                Ok(answer) => return answer,
                Err(undelivered) => undelivered.refusal().map_or(Ok(()), Err)?,
            }
        }
        Err(Refusal::Busy)
    }

    /// The sender asks the courier of a trip to carry a package.
    ///
    /// # Errors
    /// `does_not_suit` when the trip cannot carry it; any other refusal.
    pub async fn ask(
        &self,
        package: PackageId,
        trip: TripId,
        by: UserId,
        message: String,
    ) -> Result<(Package, RequestId), Refusal> {
        let held = self.context.store.package(package).await?.ok_or(Refusal::NotFound)?;
        if held.sender != by {
            return Err(Refusal::NotFound);
        }
        let proposal = self.proposal(&held, trip, held.draft.reward, message).await?;
        let id = proposal.id;
        let done = self.package(package, PackageCommand::Ask { by, proposal }).await?;
        Ok((done.package, id))
    }

    /// A courier responds to a package with one of their trips.
    ///
    /// # Errors
    /// `does_not_suit` when the trip cannot carry it; any other refusal.
    pub async fn respond(
        &self,
        package: PackageId,
        by: UserId,
        response: Response,
    ) -> Result<(Package, RequestId), Refusal> {
        let held = self.context.store.package(package).await?.ok_or(Refusal::NotFound)?;
        let proposal = self.proposal(&held, response.trip, response.price, response.comment).await?;
        if proposal.courier != by {
            return Err(Refusal::NotFound);
        }
        let id = proposal.id;
        let done = self.package(package, PackageCommand::Respond { proposal }).await?;
        Ok((done.package, id))
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
                let _ = actor.tell(user_actor::CatchUp(*top));
            }
        }
    }

    /// Another node has changed these trips and packages: they are looked at again.
    pub async fn refresh(&self, trips: Vec<TripId>, packages: Vec<PackageId>) {
        supervisor::survive(supervisor::refresh(&self.context, trips, packages)).await;
    }

    /// Reminds a courier of a trip that is near, once.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn remind(&self, id: TripId) -> Result<(), Refusal> {
        let Some(trip) = self.context.store.trip(id).await? else { return Ok(()) };
        match self.context.store.commit(Unit::remind(&trip, self.context.clock.now())).await {
            Ok(committed) => {
                self.context.tell(committed, Vec::new(), Vec::new());
                Ok(())
            }
            // Another node was faster.
            Err(CommitError::Conflict) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Tells those concerned of events that were committed beside the engine.
    pub fn told(&self, committed: Committed) {
        self.context.tell(committed, Vec::new(), Vec::new());
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

    async fn publish(&self, package: &Package, mut unit: Unit) -> Result<(), Refusal> {
        unit.receipt =
            self.conditions.answering.as_ref().and_then(|promise| promise.receipt(Subject::Package(package)));
        let committed = self.context.store.commit(unit).await?;
        self.context.tell(committed, vec![package.id], Vec::new());
        self.context.follow_package(package);
        if package.is_waiting(package.created_at) && !self.context.settings.bypass_actors {
            let _ = self.context.directories().packages.get(package.id).tell(package_actor::Consider);
        }
        Ok(())
    }

    async fn package(&self, id: PackageId, command: PackageCommand) -> Result<Done, Refusal> {
        if self.context.settings.bypass_actors {
            let mut package = self.context.store.package(id).await?.ok_or(Refusal::NotFound)?;
            if self.conditions.if_still.is_some_and(|seen| seen != package.version) {
                return Err(Rejection::Stale.into());
            }
            let promise = self.conditions.answering.as_ref();
            let outcome = execute(&self.context, &mut package, &command, Room::Store, promise).await?;
            return Ok(Done { package, repeated: outcome.is_empty() });
        }
        for _ in 0..2 {
            let (command, promise) = (command.clone(), self.conditions.answering.clone());
            let ask = package_actor::Do { command, seen: self.conditions.if_still, promise };
            match self.context.directories().packages.get(id).ask(ask).await {
                Ok(answer) => return answer,
                Err(undelivered) => undelivered.refusal().map_or(Ok(()), Err)?,
            }
        }
        Err(Refusal::Busy)
    }

    async fn proposal(
        &self,
        package: &Package,
        trip: TripId,
        reward: crate::money::Amount,
        message: String,
    ) -> Result<Proposal, Refusal> {
        let settings = &self.context.settings.matching;
        let trip = self.context.store.trip(trip).await?.ok_or(Refusal::NotFound)?;
        if trip.courier == package.sender {
            return Err(Rejection::OwnPackage.into());
        }
        let entry = TripEntry::of(&trip, Gazetteer::bundled(), settings);
        let now = self.context.clock.now();
        let needs = self.context.package_entry(package);
        let mut plan = matching::fit(&entry, &needs.need(), now).map_err(unsuitable)?;
        if let Some(question) = measured::question(&self.context, &needs, &entry, plan) {
            let measured = measured::measure(&self.context, vec![question]).await;
            plan = measured.of(trip.id, &plan).unwrap_or(Ok(plan)).map_err(unsuitable)?;
        }
        let id = RequestId::new(now, self.context.clock.random());
        Ok(Proposal { id, trip: trip.id, courier: trip.courier, plan, reward, message, time_limit: None })
    }
}

/// The request of a finished command.
impl Done {
    /// The request that the command was about.
    #[must_use]
    pub fn request(&self, id: RequestId) -> Option<&Request> {
        self.package.request(id)
    }
}

fn unsuitable(reason: Reason) -> Rejection {
    match reason {
        Reason::Capacity { leg } => Rejection::NoRoom(leg),
        Reason::NotLive => Rejection::TripNotLive,
        Reason::OwnPackage => Rejection::OwnPackage,
        other => Rejection::DoesNotSuit(other.kind()),
    }
}
