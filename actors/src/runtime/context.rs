//! What all actors share: the ports, the indexes, the directories. And what happens after every commit: those
//! concerned are told here, the indexes follow in `following`, and who hears of something new is found in
//! `audience`.

mod audience;
mod following;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use parking_lot::{Mutex, RwLock};
use smallvec::SmallVec;

use super::directory::Directory;
use super::market_model::{MarketModel, Seen};
use super::messages::{Deliver, PackageInbox, Refresh, TripInbox, UserInbox};
use super::offers::OfferBook;
use super::recent::Recent;
use super::roster::Roster;
use crate::ids::{PackageId, RequestId, TripId, UserId};
use crate::market::bounds::Bounds;
use crate::market::package::Package;
use crate::matching::policy::standing;
use crate::matching::{PackageEntry, PackageIndex, Settings, SubscriptionIndex, TripIndex};
use crate::money::fees::Tariff;
use crate::money::ledger::Funding;
use crate::place::Gazetteer;
use crate::ports::{
    Bus, ChoiceRounds, Clock, CommitError, Committed, Hint, Roads, Store, StreamEntry, Unavailable,
};
use crate::time::{Span, Time};
use crate::unit::Unit;
use crate::work::WorkId;

/// Every knob of the runtime.
#[derive(Clone, Debug)]
pub struct RuntimeSettings {
    /// The knobs of the matching.
    pub matching: Settings,
    /// Whom to ask for ways by car; without, great circles have to do.
    pub roads: Option<Arc<dyn Roads>>,
    /// How much one person may have open.
    pub bounds: Bounds,
    /// Where the money of holds comes from.
    pub funding: Funding,
    /// How packages that are published from now on are paid for.
    pub payment: Tariff,
    /// Threads that run actors.
    pub arbiters: usize,
    /// How long an actor without work stays.
    pub idle: Duration,
    /// How often positions and indexes are compared with the store.
    pub compare: Duration,
    /// How long a start waits for the live trips of the store. What is left is taken in while the node
    /// serves.
    pub restore_wait: Duration,
    /// How often a node learns from the store how couriers answered, on all nodes, and what room was worth.
    pub relearn: Duration,
    /// Leave the actors out of the claim: every command loads, decides and commits by itself. The database
    /// alone must keep the invariants then; a test shows that it does.
    pub bypass_actors: bool,
}

impl Default for RuntimeSettings {
    fn default() -> Self {
        Self {
            matching: Settings::default(),
            roads: None,
            bounds: Bounds::default(),
            funding: Funding::Demo,
            payment: Tariff::default(),
            arbiters: 2,
            idle: Duration::from_secs(60),
            compare: Duration::from_secs(5),
            restore_wait: Duration::from_secs(6),
            relearn: Duration::from_secs(600),
            bypass_actors: false,
        }
    }
}

/// What lives on this node, for health and metrics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Trips in the index.
    pub trips: usize,
    /// Whether live trips of the store are still missing in the index, because the node has just started.
    pub restoring: bool,
    /// Packages that wait for a courier.
    pub waiting_packages: usize,
    /// How many trips have an actor.
    pub trip_actors: usize,
    /// How many packages have an actor.
    pub package_actors: usize,
    /// How many users have an actor.
    pub user_actors: usize,
    /// How many connections are open.
    pub sessions: usize,
}

pub(super) struct Directories {
    pub(super) trips: Directory<TripId, dyn TripInbox>,
    pub(super) packages: Directory<PackageId, dyn PackageInbox>,
    pub(super) users: Directory<UserId, dyn UserInbox>,
}

/// Shared by all actors of a node, and by its kinds of work.
pub struct Context {
    pub(super) store: Arc<dyn Store>,
    pub(super) bus: Arc<dyn Bus>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) settings: RuntimeSettings,
    pub(super) trips: RwLock<TripIndex>,
    /// Live trips of the store are still missing in the index.
    pub(super) restoring: AtomicBool,
    pub(super) waiting: RwLock<PackageIndex>,
    /// Held while what is known of a package is brought up to date; before all other locks.
    pub(super) following: Mutex<()>,
    /// Open packages whose senders choose: nobody is offered them, but their senders hear of new couriers.
    pub(super) choosing: RwLock<PackageIndex>,
    /// What people want to hear of.
    pub(super) subscriptions: RwLock<SubscriptionIndex>,
    pub(super) trips_of: RwLock<HashMap<UserId, SmallVec<[TripId; 2]>>>,
    pub(super) offers: Arc<OfferBook>,
    /// Which package each request belongs to. A request never changes its package, so an entry never becomes
    /// wrong.
    pub(super) owners: Recent<RequestId, PackageId>,
    /// Of how many new packages couriers have heard here, and since when that is counted. A courtesy, not a
    /// guard.
    pub(super) told: Recent<UserId, (Time, u32)>,
    /// The last version of each package and trip that this node has taken in. The node does not read that
    /// version again, so it does not reread its own changes.
    pub(super) package_versions: Recent<PackageId, i64>,
    pub(super) trip_versions: Recent<TripId, i64>,
    pub(super) model: MarketModel,
    pub(super) roster: Roster,
    pub(super) directories: OnceLock<Directories>,
}

impl Context {
    pub(super) fn directories(&self) -> &Directories {
        self.directories.get().expect("set before the first actor starts")
    }

    /// The time that counts.
    #[must_use]
    pub fn now(&self) -> Time {
        self.clock.now()
    }

    /// Commits a unit, then tells everybody concerned: those who are connected here, and other nodes of what
    /// has changed.
    ///
    /// # Errors
    /// Nothing was changed, or the store does not answer.
    pub async fn commit(
        &self,
        unit: Unit,
        changed: impl IntoIterator<Item = WorkId> + Send,
    ) -> Result<(), CommitError> {
        let committed = self.store.commit(unit).await?;
        self.tell(committed, changed);
        Ok(())
    }

    /// Tells everybody on this node of new events, and other nodes that there are some.
    pub(super) fn tell(&self, committed: Committed, changed: impl IntoIterator<Item = WorkId>) {
        let mut hint = Hint { users: Vec::new(), changed: changed.into_iter().collect() };
        let mut by_user: Vec<(UserId, Vec<StreamEntry>)> = Vec::new();
        for entry in committed.entries {
            match by_user.iter_mut().find(|(user, _)| *user == entry.user) {
                Some((_, entries)) => entries.push(entry),
                None => by_user.push((entry.user, vec![entry])),
            }
        }
        for (user, entries) in by_user {
            hint.users.extend(entries.last().map(|last| (user, last.seq)));
            if let Some(actor) = self.directories().users.existing(user) {
                // A full mailbox only delays: the position is compared with the store within seconds.
                let _ = actor.tell(Deliver(entries));
            }
        }
        self.bus.publish(hint);
    }

    /// The package that a request belongs to.
    pub(super) async fn package_of(&self, request: RequestId) -> Result<Option<PackageId>, Unavailable> {
        if let Some(known) = self.owners.get(&request) {
            return Ok(Some(known));
        }
        let found = self.store.package_of(request).await?;
        if let Some(package) = found {
            self.owners.insert(request, package);
        }
        Ok(found)
    }

    /// The entry of a package; its zones are worked out once.
    pub(super) fn package_entry(&self, package: &Package) -> PackageEntry {
        PackageEntry::of(package, Gazetteer::bundled(), &self.settings.matching)
    }

    /// What this node believes now, with the trips as they stand.
    pub(super) fn view<'a>(&'a self, trips: &'a TripIndex, now: Time) -> Seen<'a> {
        Seen { model: &self.model, trips, now, settings: &self.settings.matching }
    }

    /// A trip changed elsewhere, or past its actor: look again.
    pub(super) async fn refresh_trip(&self, id: TripId) {
        if let Some(actor) = self.directories().trips.existing(id) {
            let _ = actor.tell(Refresh);
        } else if let Ok(Some(trip)) = self.store.trip(id).await {
            let has_grown = self.trips.read().get(id).is_none_or(|known| known.has_grown(&trip));
            self.follow_trip(&trip, has_grown);
        }
    }

    /// A package changed elsewhere, or past its actor: look again.
    pub(super) async fn refresh_package(&self, id: PackageId) {
        if let Some(actor) = self.directories().packages.existing(id) {
            let _ = actor.tell(Refresh);
        } else if let Ok(Some(package)) = self.store.package(id).await {
            self.follow_package(&package);
        }
    }

    /// When choices that nobody has made are taken over.
    pub(super) fn choices(&self) -> ChoiceRounds {
        let (matching, compare) = (&self.settings.matching, self.settings.compare.as_millis());
        let again = standing::again(matching);
        // A node that looks every so often sees each moment once, or twice.
        let taken_over_within = Span::from_ms(2 * i64::try_from(compare).unwrap_or(i64::MAX / 2)).min(again);
        ChoiceRounds { notice: standing::notice(matching), again, taken_over_within }
    }

    pub(super) fn stats(&self) -> Stats {
        let directories = self.directories();
        Stats {
            trips: self.trips.read().len(),
            restoring: self.restoring.load(Ordering::Relaxed),
            waiting_packages: self.waiting.read().len(),
            trip_actors: directories.trips.len(),
            package_actors: directories.packages.len(),
            user_actors: directories.users.len(),
            sessions: self.roster.len(),
        }
    }
}
