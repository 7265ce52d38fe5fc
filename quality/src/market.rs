//! A market under a virtual clock: the engine's own trips, packages and indexes, and who carries what.
//!
//! It keeps the books and the rules of the game, and chooses nothing: that is what a policy is for.

use std::collections::HashMap;

use peerpack_actors::ids::{PackageId, TripId};
use peerpack_actors::market::package::Package;
use peerpack_actors::market::request::Plan;
use peerpack_actors::market::trip::{Trip, TripCommand};
use peerpack_actors::matching::{
    Candidate, PackageEntry, PackageIndex, Settings, TripEntry, TripIndex, gain_rub,
};
use peerpack_actors::place::Gazetteer;
use peerpack_actors::time::{Span, Time};

/// A package that found its courier.
#[derive(Clone, Copy, Debug)]
pub struct Deal {
    /// On which trip.
    pub trip: TripId,
    /// By which way and legs the trip carries the package.
    pub plan: Plan,
    /// The reward less the cost of the detour, in roubles.
    pub gain_rub: f64,
    /// When it was made.
    pub at: Time,
}

/// Who travels, who waits, who has a deal.
pub struct Market {
    /// The moment of the virtual clock.
    pub now: Time,
    /// Live trips with their room.
    pub trips: TripIndex,
    /// Packages without a deal.
    pub waiting: PackageIndex,
    /// Deals by package.
    pub deals: HashMap<PackageId, Deal>,
    /// The knobs of the matching.
    pub settings: Settings,
    machines: HashMap<TripId, Trip>,
    entries: HashMap<PackageId, PackageEntry>,
}

impl Market {
    /// An empty market.
    #[must_use]
    pub fn new(settings: Settings, now: Time) -> Self {
        Self {
            now,
            trips: TripIndex::new(),
            waiting: PackageIndex::new(),
            deals: HashMap::new(),
            settings,
            machines: HashMap::new(),
            entries: HashMap::new(),
        }
    }

    /// A trip is published.
    pub fn publish_trip(&mut self, trip: &Trip) {
        self.trips.upsert(TripEntry::of(trip, Gazetteer::bundled(), &self.settings));
        self.machines.insert(trip.id, trip.clone());
    }

    /// A package is published, to be confirmed within this long; `None` takes the first acceptance at once.
    pub fn publish_package(&mut self, package: &Package, confirm_within: Option<Span>) {
        let mut entry = PackageEntry::of(package, Gazetteer::bundled(), &self.settings);
        entry.confirm_by = confirm_within.map(|within| (self.now + within).min(entry.deliver_by));
        self.waiting.upsert(entry.clone());
        self.entries.insert(package.id, entry);
    }

    /// Changes who was asked for a waiting package.
    pub fn change(&mut self, package: PackageId, change: impl FnOnce(&mut PackageEntry)) {
        let entry = self.entries.get_mut(&package).expect("a package that was published");
        change(entry);
        self.waiting.upsert(entry.clone());
    }

    /// Takes out what is over: trips that have arrived, packages that nobody can deliver in time any more.
    pub fn clear_out(&mut self) {
        let now = self.now;
        let arrived: Vec<_> =
            self.trips.iter().filter(|trip| trip.arrives() <= now).map(|trip| trip.id).collect();
        for trip in arrived {
            self.trips.remove(trip);
            self.machines.remove(&trip);
        }
        let late: Vec<_> = self
            .waiting
            .iter()
            .filter(|package| package.deliver_by <= now)
            .map(|package| package.id)
            .collect();
        for package in late {
            self.waiting.remove(package);
        }
    }

    /// A trip is called off: what it would have carried waits again, and is returned.
    pub fn cancel_trip(&mut self, trip: TripId) -> Vec<PackageId> {
        self.trips.remove(trip);
        self.machines.remove(&trip);
        let mut gone: Vec<_> =
            self.deals.iter().filter(|(_, deal)| deal.trip == trip).map(|(id, _)| *id).collect();
        for package in &gone {
            self.deals.remove(package);
            self.waiting.upsert(self.entries[package].clone());
        }
        gone.sort_unstable();
        gone
    }

    /// The entry of any package that was published.
    #[must_use]
    pub fn entry(&self, package: PackageId) -> &PackageEntry {
        &self.entries[&package]
    }

    /// A package that nobody carries is called off.
    pub fn withdraw(&mut self, package: PackageId) {
        self.waiting.remove(package);
    }

    /// Makes a deal, if the trip has room: the claim, without its database.
    pub fn claim(&mut self, package: PackageId, candidate: &Candidate) -> bool {
        let entry = &self.entries[&package];
        let Some(trip) = self.machines.get_mut(&candidate.trip) else { return false };
        let plan = candidate.plan;
        let reserve = TripCommand::Reserve { legs: plan.legs, load: entry.load, detour_min: plan.detour_min };
        let Ok(event) = trip.decide(&reserve, self.now) else { return false };
        trip.apply(&event);
        let renewed =
            self.trips.get(candidate.trip).expect("a trip with a machine is in the index").renewed(trip);
        self.trips.upsert(renewed);
        self.waiting.remove(package);
        let gain_rub = gain_rub(&plan, entry, &self.settings);
        self.deals.insert(package, Deal { trip: candidate.trip, plan, gain_rub, at: self.now });
        true
    }

    /// What all deals gain, in roubles.
    #[must_use]
    pub fn value_rub(&self) -> f64 {
        // Summed in order: floating-point sums depend on it.
        let mut gains: Vec<_> = self.deals.iter().map(|(id, deal)| (*id, deal.gain_rub)).collect();
        gains.sort_unstable_by_key(|(id, _)| *id);
        gains.iter().map(|(_, gain)| gain).sum()
    }
}
