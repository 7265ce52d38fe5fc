//! Live trips, found by what a package needs.

use std::collections::BinaryHeap;

use hashbrown::HashSet;

use super::stays::stays;
use super::{Seen, Survey, cells_of, signature_of};
use crate::ids::{TripId, UserId};
use crate::load::Load;
use crate::matching::postings::{Look, MOST_SLOTS, Page, Postings, Walk};
use crate::matching::slab::{Named, Slab};
use crate::matching::trip_entry::NOWHERE;
use crate::matching::{Need, PackageEntry, Reason, TripEntry, feasible, fit};
use crate::money::Amount;
use crate::place::{Gazetteer, Patches, PlaceId, Spot};
use crate::request::Plan;
use crate::time::Time;

/// Up to so many postings at the dropoff, all of them are read at once.
const FEW: usize = 256;

/// How many trips that the signatures let through are looked at together.
const BATCH: usize = 128;

/// How many trips are fetched from memory before they are looked at: some ten kilobytes.
const AT_ONCE: usize = 32;

/// A trip that can carry the package in question.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Candidate {
    /// The trip.
    pub trip: TripId,
    /// Who travels.
    pub courier: UserId,
    /// What the courier asks per parcel, if stated.
    pub price: Option<Amount>,
    /// How the package would ride.
    pub plan: Plan,
}

/// A trip that stops at a place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Passing {
    /// The trip.
    pub trip: TripId,
    /// Who travels.
    pub courier: UserId,
    /// What the courier asks per parcel, if stated.
    pub price: Option<Amount>,
    /// When it leaves there.
    pub leaves: Time,
}

/// Live trips by where they are when.
#[derive(Debug)]
pub struct TripIndex {
    trips: Slab<TripEntry>,
    postings: Postings,
    /// By slot: the patches a trip has anchors in.
    patches: Vec<Patches>,
    gazetteer: &'static Gazetteer,
}

impl Named for TripEntry {
    type Id = TripId;

    fn id(&self) -> TripId {
        self.id
    }
}

impl Default for TripIndex {
    fn default() -> Self {
        Self::new()
    }
}

impl TripIndex {
    /// An empty index over the bundled gazetteer.
    #[must_use]
    pub fn new() -> Self {
        Self::over(Gazetteer::bundled())
    }

    /// An empty index over another gazetteer: that which its entries are made with.
    #[must_use]
    pub fn over(gazetteer: &'static Gazetteer) -> Self {
        Self { trips: Slab::new(), postings: Postings::default(), patches: Vec::new(), gazetteer }
    }

    /// Takes a trip in, or its new version. A version older than the one at hand changes nothing and gives `false`.
    pub fn upsert(&mut self, entry: TripEntry) -> bool {
        let mut same_way = false;
        if let Some(slot) = self.trips.slot(entry.id) {
            let old = self.trips.at(slot);
            if entry.version < old.version {
                return false;
            }
            same_way = old.is_same_way(&entry);
            if !same_way {
                self.postings.remove(slot, &stays(old, self.gazetteer).0);
            }
        }
        let slot = self.trips.put(entry);
        assert!((slot as usize) < MOST_SLOTS, "one node holds at most 33 million trips");
        if !same_way {
            let (stays, patches) = stays(self.trips.at(slot), self.gazetteer);
            self.postings.add(slot, &stays);
            let slot = slot as usize;
            if self.patches.len() <= slot {
                self.patches.reserve_exact(if slot < self.patches.capacity() { 0 } else { 64.max(slot / 8) });
                self.patches.resize(slot + 1, Patches::default());
            }
            self.patches[slot] = patches;
        }
        true
    }

    /// Takes a trip out; `None` when it is not in.
    pub fn remove(&mut self, id: TripId) -> Option<TripEntry> {
        let (slot, entry) = self.trips.take(id)?;
        self.postings.remove(slot, &stays(&entry, self.gazetteer).0);
        Some(entry)
    }

    /// The entry of a trip.
    #[must_use]
    pub fn get(&self, id: TripId) -> Option<&TripEntry> {
        self.trips.get(id)
    }

    /// How many trips there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.trips.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many postings the index keeps: what its memory grows with.
    #[must_use]
    pub fn mentions(&self) -> usize {
        self.postings.len()
    }

    /// All trips, in no meaningful order.
    pub fn iter(&self) -> impl Iterator<Item = &TripEntry> {
        self.trips.iter()
    }

    /// The trips that the package may be proposed to, soonest pickup first, then by id; at most `limit`.
    #[must_use]
    pub fn candidates(&self, package: &PackageEntry, now: Time, limit: usize) -> Vec<Candidate> {
        self.matches(&package.need(), now, limit, |trip| feasible(trip, package, now))
    }

    /// The live trips that fit the need, soonest pickup first, then by id; at most `limit`: the search for couriers.
    #[must_use]
    pub fn between(&self, need: &Need<'_>, now: Time, limit: usize) -> Vec<Candidate> {
        self.matches(need, now, limit, |trip| fit(trip, need, now))
    }

    /// Trips that stop at a place, or at both in order, and have this room on some leg, with the departure from there;
    /// soonest first. A walk over all trips.
    #[must_use]
    pub fn browse(&self, from: Option<PlaceId>, to: Option<PlaceId>, load: Load, now: Time) -> Vec<Passing> {
        let index =
            |place: Option<PlaceId>| place.map(|place| self.gazetteer.index_of(place).unwrap_or(NOWHERE));
        let (from, to) = (index(from), index(to));
        let found = self.trips.iter().filter_map(|trip| {
            let mut halts = trip.halts.iter();
            let leaves = halts.find(|halt| from.is_none_or(|from| halt.index == from))?.depart();
            let passes = to.is_none_or(|to| halts.any(|halt| halt.index == to));
            let room = trip.halts[..trip.legs()].iter().any(|halt| load.fits(halt.left));
            let (id, courier, price) = (trip.id, trip.courier, trip.price);
            (passes && room && leaves > now).then_some(Passing { trip: id, courier, price, leaves })
        });
        let mut found: Vec<_> = found.collect();
        found.sort_unstable_by_key(|passing| (passing.leaves, passing.trip));
        found
    }

    /// Every trip that touches an end of the package, in order of id, with its plan or what is against it. For an
    /// index that others write to, [`Survey`] does the same in small steps.
    #[must_use]
    pub fn considered(&self, package: &PackageEntry, now: Time) -> Survey {
        let mut survey = Survey::new(usize::MAX);
        while survey.step(self, package, now) {}
        survey
    }

    /// The pages on which trips are that may touch an end of the package.
    pub(super) fn pages(&self, package: &PackageEntry) -> Vec<Page> {
        let ends: Vec<_> = package.pickups.iter().chain(&package.dropoffs).copied().collect();
        self.postings.pages(&cells_of(&ends))
    }

    /// Slots and trips on a page, from a place in it on, at most so many.
    pub(super) fn page(
        &self,
        page: Page,
        from: usize,
        most: usize,
    ) -> impl Iterator<Item = (u32, &TripEntry)> {
        self.postings.page(page, from, most).map(|slot| (slot, self.trips.at(slot)))
    }

    fn matches(
        &self,
        need: &Need<'_>,
        now: Time,
        limit: usize,
        plan: impl Fn(&TripEntry) -> Result<Plan, Reason>,
    ) -> Vec<Candidate> {
        let (pickups, dropoffs) = (cells_of(need.pickups), cells_of(need.dropoffs));
        let sign = |cells| signature_of(cells, self.gazetteer);
        let window = need.ready_at.max(now)..=need.deliver_by;
        let on = self.postings.walk(&pickups, window.clone(), Look::After(sign(&dropoffs)));
        let off = self.postings.walk(&dropoffs, window, Look::Before(sign(&pickups)));
        let mut best = Best::new(limit);
        let (boards, alights) = (patches_of(need.pickups), patches_of(need.dropoffs));
        let take = |best: &mut Best, slots: &mut Vec<u32>| {
            // First all that is cheap, side by side; what is left has to be fetched from afar.
            slots.retain(|slot| {
                let patches = self.patches[*slot as usize];
                patches.may_meet(boards) && patches.may_meet(alights)
            });
            for some in slots.chunks(AT_ONCE) {
                // Touched side by side, the misses of the cache overlap; looked at one by one, they would add up.
                let touched =
                    some.iter().map(|slot| self.trips.at(*slot).touch()).fold(0, |sum, one| sum ^ one);
                std::hint::black_box(touched);
                for slot in some {
                    let trip = self.trips.at(*slot);
                    if let Ok(plan) = plan(trip) {
                        best.take(*slot, trip, plan);
                    }
                }
            }
            slots.clear();
        };
        if off.len() <= FEW || !self.along(on, off.len(), &mut best, &take) {
            let mut slots = Vec::new();
            off.all(&mut slots);
            take(&mut best, &mut slots);
        }
        best.into_sorted()
    }

    /// Goes along the pickups in order of time until enough are found or none is left. Gives up, and answers `false`,
    /// when that turns out to be longer than the other way.
    #[expect(clippy::unused_self, reason = "reads better beside the other half")]
    fn along(
        &self,
        mut on: Walk<'_>,
        longest: usize,
        best: &mut Best,
        take: &impl Fn(&mut Best, &mut Vec<u32>),
    ) -> bool {
        let whole = on.len();
        let mut slots = Vec::new();
        while let Some(seen_until) = on.step(&mut slots) {
            if whole - on.len() > longest {
                return false;
            }
            if slots.len() >= BATCH {
                take(best, &mut slots);
                if best.is_settled(seen_until) {
                    return true;
                }
            }
        }
        take(best, &mut slots);
        true
    }
}

fn patches_of(zone: &[&Spot]) -> Patches {
    zone.iter().map(|spot| spot.patch).fold(Patches::default(), Patches::with)
}

/// The soonest candidates so far.
struct Best {
    limit: usize,
    /// The latest on top.
    heap: BinaryHeap<Ranked>,
    /// Trips are met once for every cell of the zone.
    seen: HashSet<u32>,
}

struct Ranked(Candidate);

impl Ranked {
    const fn key(&self) -> (Time, TripId) {
        (self.0.plan.pickup.at, self.0.trip)
    }
}

impl PartialEq for Ranked {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Ranked {}

impl PartialOrd for Ranked {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Ranked {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.key().cmp(&other.key())
    }
}

impl Best {
    fn new(limit: usize) -> Self {
        Self { limit, heap: BinaryHeap::new(), seen: HashSet::new() }
    }

    fn take(&mut self, slot: u32, trip: &TripEntry, plan: Plan) {
        let one = Ranked(Candidate { trip: trip.id, courier: trip.courier, price: trip.price, plan });
        let is_full = self.heap.len() >= self.limit;
        if is_full && self.heap.peek().is_none_or(|latest| one.key() >= latest.key()) {
            return;
        }
        if self.seen.insert(slot) {
            if is_full {
                self.heap.pop();
            }
            self.heap.push(one);
        }
    }

    /// Whether nothing that is picked up at this time or later can be among the best.
    fn is_settled(&self, from: Time) -> bool {
        self.heap.len() >= self.limit && self.heap.peek().is_none_or(|latest| latest.0.plan.pickup.at < from)
    }

    fn into_sorted(self) -> Vec<Candidate> {
        self.heap.into_sorted_vec().into_iter().map(|one| one.0).collect()
    }
}

impl Survey {
    /// Notes what was found about a trip.
    pub(super) fn note(&mut self, trip: &TripEntry, package: &PackageEntry, now: Time) {
        let need = package.need();
        if trip.anchors_at(need.pickups).is_empty() && trip.anchors_at(need.dropoffs).is_empty() {
            return;
        }
        let mut outcome = feasible(trip, package, now);
        let requested = outcome == Err(Reason::Requested);
        if requested {
            outcome = fit(trip, &need, now);
        }
        self.add(Seen { trip: trip.id, courier: trip.courier, price: trip.price, outcome, requested });
    }
}
