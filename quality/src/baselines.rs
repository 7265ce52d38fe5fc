//! What others do, to compare with: every one checks order, time, room and detour, and closes deals at once.

use std::cmp::Reverse;

use peerpack_actors::ids::{PackageId, TripId};
use peerpack_actors::matching::{Candidate, feasible, rank};
use peerpack_actors::place::Gazetteer;

use crate::market::Market;
use crate::simulation::Policy;

/// Whichever courier starts nearest takes the package; whichever package came first takes the courier.
pub struct FirstCome;

/// The best score takes the package, at once.
pub struct BestAtOnce;

/// The same without an index: every trip is looked at. It must do exactly what [`BestAtOnce`] does.
pub struct BruteForce;

impl Policy for FirstCome {
    fn package_published(&mut self, market: &mut Market, package: PackageId) {
        let entry = market.entry(package);
        let pickup = entry.pickups[0].place;
        let towns = Gazetteer::bundled();
        let pickup = towns.index_of(pickup).expect("a place of the gazetteer");
        let mut candidates = market.trips.candidates(entry, market.now, usize::MAX);
        let distance_m = |candidate: &Candidate| {
            let trip = market.trips.get(candidate.trip).expect("a candidate is in the index");
            let origin = trip.stops().next().flatten().expect("trips start in towns of the gazetteer");
            #[expect(clippy::cast_possible_truncation, reason = "less than the way around the Earth")]
            let metres = (towns.km_between(origin, pickup) * 1_000.0) as i64;
            metres
        };
        candidates.sort_by_key(|candidate| (distance_m(candidate), candidate.trip));
        if let Some(nearest) = candidates.first() {
            market.claim(package, nearest);
        }
    }

    fn trip_published(&mut self, market: &mut Market, trip: TripId) {
        let Some(entry) = market.trips.get(trip).cloned() else { return };
        // Ids are in order of publication.
        for (package, _) in market.waiting.waiting_for(&entry, market.now, usize::MAX) {
            self.package_published(market, package);
        }
    }
}

fn take_best(market: &mut Market, package: PackageId, candidates: &[Candidate]) {
    let entry = market.entry(package);
    let ranked = rank(candidates, entry, &|_| 1.0, market.now, &market.settings);
    if let Some(best) = ranked.first().filter(|best| best.score > 0.0) {
        market.claim(package, &best.candidate);
    }
}

fn by_score(market: &Market, mut waiting: Vec<(PackageId, Candidate)>) -> Vec<PackageId> {
    let score = |(package, candidate): &(PackageId, Candidate)| {
        let ranked = rank(&[*candidate], market.entry(*package), &|_| 1.0, market.now, &market.settings);
        #[expect(clippy::cast_possible_truncation, reason = "thousandths of a score are exact enough")]
        ranked.first().map_or(0, |one| (one.score * 1_000.0) as i64)
    };
    waiting.sort_by_cached_key(|one| (Reverse(score(one)), one.0));
    waiting.into_iter().map(|(package, _)| package).collect()
}

impl Policy for BestAtOnce {
    fn package_published(&mut self, market: &mut Market, package: PackageId) {
        let candidates = market.trips.candidates(market.entry(package), market.now, usize::MAX);
        take_best(market, package, &candidates);
    }

    fn trip_published(&mut self, market: &mut Market, trip: TripId) {
        let Some(entry) = market.trips.get(trip).cloned() else { return };
        let fits = market.waiting.waiting_for(&entry, market.now, usize::MAX);
        let candidate = |plan| Candidate { trip, courier: entry.courier, price: entry.price(), plan };
        let fits = fits.into_iter().map(|(package, plan)| (package, candidate(plan))).collect();
        for package in by_score(market, fits) {
            self.package_published(market, package);
        }
    }
}

impl Policy for BruteForce {
    fn package_published(&mut self, market: &mut Market, package: PackageId) {
        let entry = market.entry(package);
        let fits = market.trips.iter().filter_map(|trip| {
            let plan = feasible(trip, entry, market.now).ok()?;
            Some(Candidate { trip: trip.id, courier: trip.courier, price: trip.price(), plan })
        });
        let candidates: Vec<_> = fits.collect();
        take_best(market, package, &candidates);
    }

    fn trip_published(&mut self, market: &mut Market, trip: TripId) {
        let Some(entry) = market.trips.get(trip).cloned() else { return };
        let candidate = |plan| Candidate { trip, courier: entry.courier, price: entry.price(), plan };
        let fits = market.waiting.iter().filter_map(|package| {
            let plan = feasible(&entry, package, market.now).ok()?;
            Some((package.id, candidate(plan)))
        });
        let fits: Vec<_> = fits.collect();
        for package in by_score(market, fits) {
            self.package_published(market, package);
        }
    }
}
