//! What all actors share: the ports, the indexes, the directories. And what happens after every commit.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use parking_lot::RwLock;
use smallvec::SmallVec;

use super::directory::Directory;
use super::market_model::{MarketModel, Seen};
use super::messages::{Consider, Deliver, PackageInbox, Refresh, TripInbox, UserInbox};
use super::offers::OfferBook;
use super::recent::Recent;
use super::roster::Roster;
use crate::ids::{PackageId, RequestId, TripId, UserId};
use crate::market::bounds::Bounds;
use crate::market::package::{Mode, Package, PackageState};
use crate::market::subscription::Subscription;
use crate::market::trip::Trip;
use crate::matching::policy::{self, standing};
use crate::matching::{
    Candidate, Chart, PackageEntry, PackageIndex, Settings, SubscriptionIndex, TripEntry, TripIndex,
};
use crate::money::fees::Tariff;
use crate::money::ledger::Funding;
use crate::place::Gazetteer;
use crate::ports::{
    Bus, ChoiceRounds, Clock, CommitError, Committed, Hint, Roads, Store, StreamEntry, Unavailable,
};
use crate::stream::Suits;
use crate::time::{Span, Time};
use crate::unit::Unit;
use crate::work::WorkId;

/// How many senders hear of one new trip at most.
const TELL_SENDERS: usize = 32;

/// How many couriers hear of one new package at most.
const TELL_COURIERS: usize = 32;

/// Of how many new packages one courier hears within an hour. A courier who wants to see them all asks for
/// the list.
const TELL_AN_HOUR: u32 = 6;

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
    /// Trip actors.
    pub trip_actors: usize,
    /// Package actors.
    pub package_actors: usize,
    /// User actors.
    pub user_actors: usize,
    /// Open connections.
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

    /// Brings the indexes in line with a package that changed.
    pub(super) fn follow_package(&self, package: &Package) {
        let is_old = || self.package_versions.get(&package.id).is_some_and(|known| package.version < known);
        if is_old() {
            return;
        }
        self.owners.insert_all(package.requests.iter().map(|request| (request.id, package.id)));
        let entry = self.package_entry(package);
        let now = self.clock.now();
        self.model.follow(package, &entry, now, &self.settings.matching);
        {
            // Seen and noted under one lock: a copy that was read earlier and comes later changes nothing.
            let mut waiting = self.waiting.write();
            if is_old() {
                return;
            }
            if package.is_waiting(now) {
                waiting.upsert(entry);
            } else {
                waiting.remove(package.id);
            }
            self.package_versions.insert(package.id, package.version);
        }
        if package.state == PackageState::Open && package.draft.mode == Mode::Choose {
            let entry = self.package_entry(package);
            self.choosing.write().upsert(entry);
        } else if package.draft.mode == Mode::Choose {
            self.choosing.write().remove(package.id);
        }
        let freed = self.offers.follow(package, self.settings.matching.max_live_offers);
        for courier in freed {
            self.wake_for_courier(courier);
        }
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

    /// Brings the index in line with a trip that changed, and wakes packages that may ride it now.
    pub(super) fn follow_trip(&self, trip: &Trip, room_grew: bool) {
        let is_old = || self.trip_versions.get(&trip.id).is_some_and(|known| trip.version < known);
        if !trip.state.is_live() {
            let mut trips = self.trips.write();
            if !is_old() {
                self.trip_versions.insert(trip.id, trip.version);
                let was_known = trips.remove(trip.id).is_some();
                drop(trips);
                if was_known {
                    self.forget_trip_of(trip.courier, trip.id);
                }
            }
            return;
        }
        let known = self.trips.read().get(trip.id).cloned();
        let is_new = known.is_none();
        let entry = match known {
            Some(known) => known.renewed(trip),
            None => TripEntry::of(trip, Gazetteer::bundled(), &self.settings.matching),
        };
        // Nobody should have to wait while the way of a new trip is worked out.
        let chart = is_new.then(|| Chart::of(&entry, Gazetteer::bundled()));
        let upserted = {
            let mut trips = self.trips.write();
            if is_old() {
                return;
            }
            self.trip_versions.insert(trip.id, trip.version);
            trips.upsert_charted(entry.clone(), chart)
        };
        if is_new {
            self.trips_of.write().entry(trip.courier).or_default().push(trip.id);
        }
        if upserted && (is_new || room_grew) {
            self.wake_for_trip(&entry);
        }
    }

    /// Who is to hear of a new trip: senders who choose their courier and whose packages it could carry, each
    /// of them for one package.
    pub(super) fn senders_waiting_for(&self, trip: &Trip) -> Vec<(PackageId, UserId)> {
        let choosing = self.choosing.read();
        if choosing.is_empty() {
            return Vec::new();
        }
        let entry = TripEntry::of(trip, Gazetteer::bundled(), &self.settings.matching);
        let mut told = Vec::new();
        for (package, _) in choosing.waiting_for(&entry, self.clock.now(), 4 * TELL_SENDERS) {
            let Some(sender) = choosing.get(package).map(|package| package.sender) else { continue };
            if told.len() < TELL_SENDERS && told.iter().all(|(_, known)| *known != sender) {
                told.push((package, sender));
            }
        }
        told
    }

    /// Who is to hear of a new package: couriers with trips that suit it, if its sender chooses among those
    /// who respond; each of them for the trip with the soonest pickup.
    pub(super) fn couriers_for(&self, package: &Package) -> Vec<Suits> {
        let now = self.clock.now();
        if !package.is_open_to_responses(now) {
            return Vec::new();
        }
        let entry = self.package_entry(package);
        let found = {
            let trips = self.trips.read();
            trips.candidates_among(&entry, now, 4 * TELL_COURIERS, |courier| {
                !self.has_heard_enough(courier, now)
            })
        };
        let mut told: Vec<Suits> = Vec::new();
        for Candidate { trip, courier, plan, .. } in found {
            if told.len() < TELL_COURIERS && told.iter().all(|known| known.courier != courier) {
                told.push(Suits { trip, courier, plan });
            }
        }
        told
    }

    /// Who is to hear of a new trip because they have asked for such.
    pub(super) fn asked_for_trip(&self, trip: &Trip) -> Vec<Subscription> {
        let subscriptions = self.subscriptions.read();
        if subscriptions.is_empty() {
            return Vec::new();
        }
        let entry = TripEntry::of(trip, Gazetteer::bundled(), &self.settings.matching);
        subscriptions.answered_by_trip(&entry, trip.courier, self.clock.now()).into_iter().cloned().collect()
    }

    /// The same for a new package.
    pub(super) fn asked_for_package(&self, package: &Package) -> Vec<Subscription> {
        let subscriptions = self.subscriptions.read();
        if subscriptions.is_empty() || package.state != PackageState::Open {
            return Vec::new();
        }
        let entry = self.package_entry(package);
        subscriptions.answered_by_package(&entry, self.clock.now()).into_iter().cloned().collect()
    }

    /// Notes whose questions were answered.
    pub(super) fn have_answered(&self, asked: &[Subscription]) {
        if !asked.is_empty() {
            self.subscriptions.write().have_told(asked.iter().map(|one| one.id), self.clock.now());
        }
    }

    /// Notes who has heard of a new package.
    pub(super) fn have_heard(&self, suits: &[Suits]) {
        let now = self.clock.now();
        for Suits { courier, .. } in suits {
            let (since, count) = self.heard(*courier, now);
            self.told.insert(*courier, (since, count + 1));
        }
    }

    fn has_heard_enough(&self, courier: UserId, now: Time) -> bool {
        self.heard(courier, now).1 >= TELL_AN_HOUR
    }

    /// Of how many new packages a courier has heard within the hour that is under way.
    fn heard(&self, courier: UserId, now: Time) -> (Time, u32) {
        let known = self.told.get(&courier).filter(|(since, _)| now.since(*since) < Span::hours(1));
        known.unwrap_or((now, 0))
    }

    /// Wakes waiting packages that the trip could carry, those first that suit it best.
    fn wake_for_trip(&self, entry: &TripEntry) {
        if self.waiting.read().is_empty() {
            return;
        }
        let now = self.clock.now();
        let best = {
            let (trips, waiting) = (self.trips.read(), self.waiting.read());
            policy::queue(entry, &waiting, &self.view(&trips, now))
        };
        for (package, _) in best.into_iter().take(policy::MOST_WOKEN) {
            let _ = self.directories().packages.get(package).tell(Consider);
        }
    }

    /// What this node believes now, with the trips as they stand.
    pub(super) fn view<'a>(&'a self, trips: &'a TripIndex, now: Time) -> Seen<'a> {
        Seen { model: &self.model, trips, now, settings: &self.settings.matching }
    }

    fn wake_for_courier(&self, courier: UserId) {
        let trips = self.trips_of.read().get(&courier).cloned().unwrap_or_default();
        for trip in trips {
            let entry = self.trips.read().get(trip).cloned();
            if let Some(entry) = entry {
                self.wake_for_trip(&entry);
            }
        }
    }

    fn forget_trip_of(&self, courier: UserId, trip: TripId) {
        let mut trips_of = self.trips_of.write();
        if let Some(trips) = trips_of.get_mut(&courier) {
            trips.retain(|id| *id != trip);
            if trips.is_empty() {
                trips_of.remove(&courier);
            }
        }
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
