//! What a past market would have settled on, had everybody known everything: what room was worth, and what a
//! package could have had elsewhere.
//!
//! Prices rise where more is asked for than there is room, and fall where there is less, until both meet (the
//! dual ascent of [`holds`](super::holds)). Two things are learned from them. A package that could have gone
//! with somebody else is no reason to keep room: what it would have kept elsewhere, its *surplus*, is not
//! asked of the next trip ([`History::adopt`](super::demand::History::adopt)). And a package that has time
//! may wait for a better trip than those it has: [`Settlement::prospects`] says which ones are still to come.

use std::collections::HashMap;
use std::sync::Arc;

use smallvec::SmallVec;

use crate::ids::{PackageId, TripId};
use crate::market::load::Load;
use crate::market::request::Plan;
use crate::matching::policy::holds::{Hold, Prices, Room};
use crate::matching::policy::prospects::{Coming, Prospects};
use crate::matching::{PackageEntry, PackageIndex, Settings, TripEntry, TripIndex, gain_rub};
use crate::place::Gazetteer;
use crate::time::{Span, Time};

/// How many trips of the past are looked at, at most: the latest.
pub const MAX_TRIPS: u32 = 10_000;

/// How many packages of the past a trip is weighed with at most.
const MAX_FITS: usize = 1_024;

/// With how many trips of the past a package is weighed at most: those that gain most.
const MAX_RIDES: usize = 32;

/// A package of the past.
#[derive(Clone, Debug)]
pub struct PastPackage {
    /// What it needed, as if nobody had been asked.
    pub entry: PackageEntry,
    /// When it was published.
    pub published_at: Time,
}

/// A trip of the past.
#[derive(Clone, Debug)]
pub struct PastTrip {
    /// The trip with all its room.
    pub entry: TripEntry,
    /// When it was published.
    pub published_at: Time,
}

/// A settled market.
#[derive(Debug, Default)]
pub struct Settlement {
    surplus: HashMap<PackageId, f64>,
    trips: TripIndex,
    past: HashMap<TripId, (Time, usize)>,
    prices: Prices,
    span: Span,
}

impl Settlement {
    /// Settles what was published within a span of time. This takes a while: some seconds for ten thousand of
    /// each.
    #[must_use]
    pub fn of(
        trips: Vec<PastTrip>,
        packages: &[PastPackage],
        span: Span,
        settings: &Settings,
        gazetteer: &'static Gazetteer,
    ) -> Self {
        let mut index = PackageIndex::over(gazetteer);
        let numbers: HashMap<PackageId, usize> =
            packages.iter().zip(0..).map(|(package, n)| (package.entry.id, n)).collect();
        for package in packages {
            index.upsert(package.entry.clone());
        }
        let mut rides: Vec<Vec<Hold>> = vec![Vec::new(); packages.len()];
        for (trip, number) in trips.iter().zip(0..) {
            for (id, plan) in index.waiting_for(&trip.entry, trip.published_at, MAX_FITS) {
                let package = numbers[&id];
                let PastPackage { entry, published_at } = &packages[package];
                let worth_rub = gain_rub(&plan, entry, settings);
                if plan.pickup.at > *published_at && worth_rub > 0.0 {
                    rides[package].push(hold(package, number, &plan, entry.load, worth_rub));
                }
            }
        }
        for rides in &mut rides {
            rides.sort_by(|a, b| b.worth_rub.total_cmp(&a.worth_rub).then(a.trip.cmp(&b.trip)));
            rides.truncate(MAX_RIDES);
        }
        let holds: Vec<Hold> = rides.iter().flatten().copied().collect();
        let mut of_package = vec![SmallVec::new(); packages.len()];
        for (hold, n) in holds.iter().zip(0..) {
            of_package[hold.package].push(n);
        }
        let room =
            |trip: &PastTrip| Room { left: trip.entry.room(), detour_left_min: trip.entry.detour_left_min };
        let rooms: Vec<Room> = trips.iter().map(room).collect();
        let prices = Prices::ascend(&holds, &rooms, &of_package);
        let kept =
            |rides: &Vec<Hold>| rides.iter().map(|ride| ride.worth_rub - prices.of(ride)).fold(0.0, f64::max);
        let surplus =
            packages.iter().zip(&rides).map(|(package, rides)| (package.entry.id, kept(rides))).collect();
        let mut index = TripIndex::over(gazetteer);
        let mut past = HashMap::new();
        for (trip, number) in trips.into_iter().zip(0..) {
            past.insert(trip.entry.id, (trip.published_at, number));
            index.upsert(trip.entry);
        }
        Self { surplus, trips: index, past, prices, span }
    }

    /// What a package of the past would have kept, in roubles: its best gain less the price of the room.
    /// Nothing for one that is not known.
    #[must_use]
    pub fn surplus_rub(&self, package: PackageId) -> f64 {
        self.surplus.get(&package).copied().unwrap_or(0.0)
    }

    /// The trips that may still come for a package, as far as those of the past speak for them.
    #[must_use]
    pub fn prospects(&self, package: &PackageEntry, settings: &Settings) -> Arc<Prospects> {
        let mut timeless = package.clone();
        timeless.forget_requests();
        (timeless.ready_at, timeless.deliver_by) = (Time::from_ms(i64::MIN), Time::from_ms(i64::MAX));
        let candidates = self.trips.candidates(&timeless, Time::from_ms(i64::MIN), usize::MAX);
        let coming = |plan: &Plan, trip: TripId| {
            let (published_at, number) = *self.past.get(&trip)?;
            let gain_rub = gain_rub(plan, package, settings);
            let gain_rub = gain_rub - self.prices.of(&hold(0, number, plan, package.load, gain_rub));
            let lead = plan.pickup.at.since(published_at);
            let riding = plan.dropoff.at.since(plan.pickup.at);
            (gain_rub > 0.0).then_some(Coming { gain_rub, lead, riding })
        };
        let comings = candidates.iter().filter_map(|one| coming(&one.plan, one.trip));
        Arc::new(Prospects::new(comings, package, self.span, settings.supply_share))
    }
}

fn hold(package: usize, trip: usize, plan: &Plan, load: Load, worth_rub: f64) -> Hold {
    Hold { package, trip, legs: plan.legs, load, detour_min: plan.detour_min, worth_rub }
}
