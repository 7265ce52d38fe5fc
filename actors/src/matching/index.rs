//! The indexes of live trips and of waiting packages: all matches of a package, all matches of a trip.
//!
//! Both directions ask the same [`feasible`], so they find the same pairs. A query crosses what touches one end with
//! what touches the other. Results are in order of id, whatever happened before.

use crate::ids::{PackageId, TripId, UserId};
use crate::matching::postings::Postings;
use crate::matching::slab::Slab;
use crate::matching::{Need, PackageEntry, Reason, TripEntry, feasible, fit};
use crate::money::Amount;
use crate::place::PlaceId;
use crate::request::Plan;
use crate::time::Time;

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

/// Live trips by the places they pass.
#[derive(Debug)]
pub struct TripIndex {
    trips: Slab<TripId, TripEntry>,
    anchors: Postings,
}

/// Waiting packages by the places of their ends.
#[derive(Debug)]
pub struct PackageIndex {
    packages: Slab<PackageId, PackageEntry>,
    pickups: Postings,
    dropoffs: Postings,
}

impl Default for TripIndex {
    fn default() -> Self {
        Self::new()
    }
}

impl TripIndex {
    /// An empty index.
    #[must_use]
    pub fn new() -> Self {
        Self { trips: Slab::new(), anchors: Postings::default() }
    }

    /// Takes a trip in, or its new version. A version older than the one at hand changes nothing and gives `false`.
    pub fn upsert(&mut self, entry: TripEntry) -> bool {
        let mut same_places = false;
        if let Some(slot) = self.trips.slot(entry.id) {
            let old = self.trips.at(slot);
            if entry.version < old.version {
                return false;
            }
            same_places = old.anchors == entry.anchors;
            if !same_places {
                self.anchors.remove(slot, old.places());
            }
        }
        let slot = self.trips.put(entry.id, entry);
        if !same_places {
            self.anchors.add(slot, self.trips.at(slot).places());
        }
        true
    }

    /// Takes a trip out; `None` when it is not in.
    pub fn remove(&mut self, id: TripId) -> Option<TripEntry> {
        let (slot, entry) = self.trips.take(id)?;
        self.anchors.remove(slot, entry.places());
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

    /// How many mentions of places the index keeps: what its memory grows with.
    #[must_use]
    pub fn mentions(&self) -> usize {
        self.anchors.len()
    }

    /// All trips, in no meaningful order.
    pub fn iter(&self) -> impl Iterator<Item = &TripEntry> {
        self.trips.iter()
    }

    /// All trips that the package may be proposed to, in order of id.
    #[must_use]
    pub fn candidates(&self, package: &PackageEntry, now: Time) -> Vec<Candidate> {
        self.matches(&package.need(), now, |trip| feasible(trip, package, now))
    }

    /// All live trips that fit the need, in order of departure from the pickup: the search for couriers.
    #[must_use]
    pub fn between(&self, need: &Need<'_>, now: Time) -> Vec<Candidate> {
        let mut found = self.matches(need, now, |trip| fit(trip, need, now));
        found.sort_unstable_by_key(|candidate| (candidate.plan.pickup.at, candidate.trip));
        found
    }

    /// Every trip that touches an end of the package, in order of id, with its plan or what is against it.
    #[must_use]
    pub fn considered(
        &self,
        package: &PackageEntry,
        now: Time,
    ) -> Vec<(TripId, UserId, Result<Plan, Reason>)> {
        let ends: Vec<PlaceId> = package.pickups.iter().chain(&package.dropoffs).copied().collect();
        let slots = self.anchors.slots(&ends);
        let trips = slots.iter().map(|slot| self.trips.at(slot));
        let mut seen: Vec<_> =
            trips.map(|trip| (trip.id, trip.courier, feasible(trip, package, now))).collect();
        seen.sort_unstable_by_key(|(trip, ..)| *trip);
        seen
    }

    fn matches(
        &self,
        need: &Need<'_>,
        now: Time,
        plan: impl Fn(&TripEntry) -> Result<Plan, Reason>,
    ) -> Vec<Candidate> {
        let at_both_ends = self.anchors.slots(need.pickups).and(&self.anchors.slots(need.dropoffs));
        let mut found = Vec::new();
        for slot in at_both_ends.iter() {
            let trip = self.trips.at(slot);
            if is_out_of_time(trip, need, now) {
                continue;
            }
            if let Ok(plan) = plan(trip) {
                found.push(Candidate { trip: trip.id, courier: trip.courier, price: trip.price, plan });
            }
        }
        found.sort_unstable_by_key(|candidate| candidate.trip);
        found
    }
}

/// Whether the whole trip misses the window. Cheap, and spares the walk over the anchors, which all lie in between.
fn is_out_of_time(trip: &TripEntry, need: &Need<'_>, now: Time) -> bool {
    trip.arrives < need.ready_at || trip.arrives <= now || trip.departs > need.deliver_by
}

impl Default for PackageIndex {
    fn default() -> Self {
        Self::new()
    }
}

impl PackageIndex {
    /// An empty index.
    #[must_use]
    pub fn new() -> Self {
        Self { packages: Slab::new(), pickups: Postings::default(), dropoffs: Postings::default() }
    }

    /// Takes a package in, or its new version. A version older than the one at hand changes nothing and gives
    /// `false`.
    pub fn upsert(&mut self, entry: PackageEntry) -> bool {
        if self.get(entry.id).is_some_and(|old| entry.version < old.version) {
            return false;
        }
        self.remove(entry.id);
        let slot = self.packages.put(entry.id, entry);
        let entry = self.packages.at(slot);
        self.pickups.add(slot, entry.pickups.iter().copied());
        self.dropoffs.add(slot, entry.dropoffs.iter().copied());
        true
    }

    /// Takes a package out; `None` when it is not in.
    pub fn remove(&mut self, id: PackageId) -> Option<PackageEntry> {
        let (slot, entry) = self.packages.take(id)?;
        self.pickups.remove(slot, entry.pickups.iter().copied());
        self.dropoffs.remove(slot, entry.dropoffs.iter().copied());
        Some(entry)
    }

    /// The entry of a package.
    #[must_use]
    pub fn get(&self, id: PackageId) -> Option<&PackageEntry> {
        self.packages.get(id)
    }

    /// How many packages there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.packages.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many mentions of places the index keeps: what its memory grows with.
    #[must_use]
    pub fn mentions(&self) -> usize {
        self.pickups.len() + self.dropoffs.len()
    }

    /// All packages, in no meaningful order.
    pub fn iter(&self) -> impl Iterator<Item = &PackageEntry> {
        self.packages.iter()
    }

    /// All packages that may be proposed to the trip, in order of id.
    #[must_use]
    pub fn waiting_for(&self, trip: &TripEntry, now: Time) -> Vec<(PackageId, Plan)> {
        let mut places: Vec<PlaceId> = trip.places().collect();
        places.sort_unstable();
        places.dedup();
        let both_ends_on_way = self.pickups.slots(&places).and(&self.dropoffs.slots(&places));
        let mut found = Vec::new();
        for slot in both_ends_on_way.iter() {
            let package = self.packages.at(slot);
            if is_out_of_time(trip, &package.need(), now) {
                continue;
            }
            found.extend(feasible(trip, package, now).ok().map(|plan| (package.id, plan)));
        }
        found.sort_unstable_by_key(|(package, _)| *package);
        found
    }
}
