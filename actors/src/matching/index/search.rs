//! A search of [`TripIndex`](super::TripIndex) that is under way.

use std::collections::BinaryHeap;

use hashbrown::HashSet;

use super::Candidate;
use crate::ids::TripId;
use crate::market::request::Plan;
use crate::matching::feasibility::fit_by;
use crate::matching::postings::Walk;
use crate::matching::slab::Slab;
use crate::matching::{Need, TripEntry};
use crate::place::{Patches, Spot};
use crate::time::Time;

/// Up to so many postings at the dropoff, all of them are read at once.
const FEW: usize = 256;

/// How many trips that the postings let through are looked at together.
const BATCH: usize = 128;

/// How many trips are fetched from memory before they are looked at: some ten kilobytes.
const AT_ONCE: usize = 32;

/// See the module.
pub(super) struct Search<'a, F> {
    trips: &'a Slab<TripEntry>,
    /// The patches that each trip passes, by its slot.
    patches: &'a [Patches],
    need: &'a Need<'a>,
    now: Time,
    /// Whether a trip that could carry it may be asked.
    admits: F,
    boards: Patches,
    alights: Patches,
    best: Best,
    /// A trip is met once for every cell of the zones.
    looked_at: HashSet<u32>,
    /// Trips to look at.
    slots: Vec<u32>,
}

impl<'a, F: Fn(&TripEntry) -> bool> Search<'a, F> {
    pub(super) fn new(
        trips: &'a Slab<TripEntry>,
        patches: &'a [Patches],
        need: &'a Need<'a>,
        now: Time,
        limit: usize,
        admits: F,
    ) -> Self {
        let (boards, alights) = (patches_of(need.pickups), patches_of(need.dropoffs));
        let best = Best::new(limit);
        let (looked_at, slots) = (HashSet::with_capacity(4 * BATCH), Vec::with_capacity(4 * BATCH));
        Self { trips, patches, need, now, admits, boards, alights, best, looked_at, slots }
    }

    /// The best of those that get on in one walk and off in the other; either knows all of them.
    pub(super) fn over(mut self, mut on: Walk<'_>, mut off: Walk<'_>) -> Vec<Candidate> {
        if off.len() <= FEW || !self.along(&mut on, off.len()) {
            self.slots.clear();
            off.all(&mut self.slots);
            self.look();
        }
        self.best.into_sorted()
    }

    /// Goes along the pickups in order of time until enough are found or none is left. Gives up, and answers
    /// `false`, when that turns out to be longer than the other way.
    fn along(&mut self, on: &mut Walk<'_>, longest: usize) -> bool {
        let opens = self.need.ready_at.max(self.now);
        let mut whole = on.len();
        while let Some(seen_until) = on.step(&mut self.slots) {
            if self.slots.len() >= BATCH {
                self.look();
                if self.best.is_settled(seen_until) {
                    return true;
                }
            }
            if seen_until <= opens {
                // Little can be found before the window opens, and that says nothing about the rest.
                whole = on.len();
            }
            let read = whole - on.len();
            let looks_vain = 4 * read > longest && self.best.len() < 2;
            if read > longest || looks_vain {
                return false;
            }
        }
        self.look();
        true
    }

    /// Looks at the trips in the slots, and empties the list.
    fn look(&mut self) {
        let mut kept = 0;
        // First what is cheap, side by side and without branches; what is left has to be fetched from afar.
        for n in 0..self.slots.len() {
            let slot = self.slots[n];
            let passed = self.patches[slot as usize];
            self.slots[kept] = slot;
            kept += usize::from(passed.may_meet(self.boards) & passed.may_meet(self.alights));
        }
        self.slots.truncate(kept);
        self.slots.retain(|slot| self.looked_at.insert(*slot));
        for some in self.slots.chunks(AT_ONCE) {
            // Touched side by side, the misses of the cache overlap; looked at one by one, they would add up.
            let trips = || some.iter().map(|slot| self.trips.at(*slot));
            std::hint::black_box(trips().fold(0, |sum, trip| sum ^ trip.touch()));
            std::hint::black_box(trips().fold(0, |sum, trip| sum ^ trip.touch_stops()));
            for slot in some {
                let trip = self.trips.at(*slot);
                let plan = fit_by(trip, self.need, self.now, self.best.latest());
                if let Some(plan) = plan.filter(|_| (self.admits)(trip)) {
                    self.best.take(trip, plan);
                }
            }
        }
        self.slots.clear();
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
        Self { limit, heap: BinaryHeap::new() }
    }

    fn take(&mut self, trip: &TripEntry, plan: Plan) {
        let one = Ranked(Candidate { trip: trip.id, courier: trip.courier, price: trip.price(), plan });
        let is_full = self.heap.len() >= self.limit;
        if is_full && self.heap.peek().is_none_or(|latest| one.key() >= latest.key()) {
            return;
        }
        if is_full {
            self.heap.pop();
        }
        self.heap.push(one);
    }

    fn len(&self) -> usize {
        self.heap.len()
    }

    /// Who is picked up later cannot be among the best.
    fn latest(&self) -> Time {
        let is_full = self.heap.len() >= self.limit;
        self.heap.peek().filter(|_| is_full).map_or(Time::from_ms(i64::MAX), |one| one.0.plan.pickup.at)
    }

    /// Whether nothing that is picked up at this time or later can be among the best.
    fn is_settled(&self, from: Time) -> bool {
        self.heap.len() >= self.limit && self.heap.peek().is_none_or(|latest| latest.0.plan.pickup.at < from)
    }

    fn into_sorted(self) -> Vec<Candidate> {
        self.heap.into_sorted_vec().into_iter().map(|one| one.0).collect()
    }
}
