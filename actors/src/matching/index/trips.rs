//! Live trips, found by what a package needs.

use std::collections::BTreeSet;
use std::ops::Bound;

use super::search::Search;
use super::stays::Chart;
use super::{Seen, Survey, cells_of, parts_of, sectors_of};
use crate::ids::{TripId, UserId};
use crate::market::request::Plan;
use crate::matching::feasibility::objection;
use crate::matching::postings::{Look, MAX_SLOTS, Mark, Page, Postings, Way};
use crate::matching::slab::{Named, Slab};
use crate::matching::{Need, PackageEntry, Reason, TripEntry, feasible, fit};
use crate::money::Amount;
use crate::place::{Gazetteer, Patches};
use crate::time::{Span, Time};

/// A trip that can carry the package in question.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Candidate {
    /// The trip that could carry it.
    pub trip: TripId,
    /// The courier of that trip.
    pub courier: UserId,
    /// What the courier asks per parcel, if stated.
    pub price: Option<Amount>,
    /// How the package would ride.
    pub plan: Plan,
}

/// A trip that stops at a place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Passing {
    /// The trip that stops there.
    pub trip: TripId,
    /// The courier of that trip.
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
    /// When trips set off, in minutes, with their slots.
    departures: BTreeSet<(u32, u32)>,
    gazetteer: &'static Gazetteer,
}

/// The minute in which a trip sets off.
fn departure(trip: &TripEntry) -> u32 {
    trip.halts.first().map_or(0, |halt| departure_min(halt.depart()))
}

/// The minute of a time, since 1970 and for some thousands of years.
pub(super) fn departure_min(at: Time) -> u32 {
    let minutes = at.ms().div_euclid(Span::minutes(1).ms()).max(0);
    u32::try_from(minutes).unwrap_or(u32::MAX)
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
        Self {
            trips: Slab::new(),
            postings: Postings::default(),
            patches: Vec::new(),
            departures: BTreeSet::new(),
            gazetteer,
        }
    }

    /// Takes a trip in, or its new version. A version older than the one at hand changes nothing and gives
    /// `false`.
    pub fn upsert(&mut self, entry: TripEntry) -> bool {
        self.upsert_charted(entry, None)
    }

    /// The same with the chart of this very entry, if the caller has it; without one it is worked out where
    /// needed.
    pub fn upsert_charted(&mut self, entry: TripEntry, chart: Option<Chart>) -> bool {
        let mut same_way = false;
        if let Some(slot) = self.trips.slot(entry.id) {
            let old = self.trips.at(slot);
            if entry.version < old.version {
                return false;
            }
            same_way = old.is_same_way(&entry);
            if !same_way {
                self.postings.remove(slot, &Chart::of(old, self.gazetteer).stays);
                self.departures.remove(&(departure(old), slot));
            }
        }
        let slot = self.trips.put(entry);
        assert!((slot as usize) < MAX_SLOTS, "one node holds at most 33 million trips");
        if !same_way {
            let chart = chart.unwrap_or_else(|| Chart::of(self.trips.at(slot), self.gazetteer));
            self.postings.add(slot, &chart.stays);
            self.departures.insert((departure(self.trips.at(slot)), slot));
            let slot = slot as usize;
            if self.patches.len() <= slot {
                self.patches.reserve_exact(if slot < self.patches.capacity() {
                    0
                } else {
                    64.max(slot / 16)
                });
                self.patches.resize(slot + 1, Patches::default());
            }
            self.patches[slot] = chart.patches;
        }
        true
    }

    /// Takes a trip out; `None` when it is not in.
    pub fn remove(&mut self, id: TripId) -> Option<TripEntry> {
        let (slot, entry) = self.trips.take(id)?;
        self.postings.remove(slot, &Chart::of(&entry, self.gazetteer).stays);
        self.departures.remove(&(departure(&entry), slot));
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
        self.candidates_among(package, now, limit, |_| true)
    }

    /// The same among couriers for whom `can_be_asked` holds: anybody who cannot be takes nobody's place. It
    /// is asked often and while the index is held, so it should be quick.
    #[must_use]
    pub fn candidates_among(
        &self,
        package: &PackageEntry,
        now: Time,
        limit: usize,
        can_be_asked: impl Fn(UserId) -> bool,
    ) -> Vec<Candidate> {
        let admits = |trip: &TripEntry| objection(trip, package, now).is_none() && can_be_asked(trip.courier);
        self.matches(&package.need(), now, limit, admits)
    }

    /// The live trips that fit the need, soonest pickup first, then by id; at most `limit`: the search for
    /// couriers.
    #[must_use]
    pub fn between(&self, need: &Need<'_>, now: Time, limit: usize) -> Vec<Candidate> {
        self.matches(need, now, limit, |_| true)
    }

    /// Every trip that touches an end of the package, in order of id, with its plan or what is against it.
    /// For an index that others write to, [`Survey`] does the same in small steps.
    #[must_use]
    pub fn considered(&self, package: &PackageEntry, now: Time) -> Survey {
        let mut survey = Survey::new(usize::MAX);
        while survey.step(self, package, now) {}
        survey
    }

    /// The minutes and slots of the trips that set off in a minute or later, in order, from a key on.
    pub(super) fn departing(
        &self,
        minute: u32,
        after: Option<(u32, u32)>,
    ) -> impl Iterator<Item = (u32, u32)> {
        let start = after.map_or(Bound::Included((minute, 0)), Bound::Excluded);
        self.departures.range((start, Bound::Unbounded)).copied()
    }

    /// The slots that are posted after a mark, at most so many; the mark moves on.
    pub(super) fn posted_after(&self, mark: &mut Mark, most: usize) -> Vec<u32> {
        self.postings.after(mark, most)
    }

    /// The trip in a slot that is in use.
    pub(super) fn at(&self, slot: u32) -> &TripEntry {
        self.trips.at(slot)
    }

    /// The pages on which trips are that may touch an end of the package.
    pub(super) fn pages(&self, package: &PackageEntry) -> Vec<Page> {
        let ends: Vec<_> = package.pickups.iter().chain(package.dropoffs.iter()).copied().collect();
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
        admits: impl Fn(&TripEntry) -> bool,
    ) -> Vec<Candidate> {
        let (pickups, dropoffs) = (cells_of(need.pickups), cells_of(need.dropoffs));
        let window = need.ready_at.max(now)..=need.deliver_by;
        let look = |cell, zone, way| Look { cell, parts: parts_of(zone, cell), way };
        let later = |cell| look(cell, need.pickups, Way::After(sectors_of(&dropoffs, cell, self.gazetteer)));
        let earlier =
            |cell| look(cell, need.dropoffs, Way::Before(sectors_of(&pickups, cell, self.gazetteer)));
        let on = self.postings.walk(pickups.iter().copied().map(later), window.clone());
        let off = self.postings.walk(dropoffs.iter().copied().map(earlier), window);
        Search::new(&self.trips, &self.patches, need, now, limit, admits).over(on, off)
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
        self.add(Seen { trip: trip.id, courier: trip.courier, price: trip.price(), outcome, requested });
    }
}
