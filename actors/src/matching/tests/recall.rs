//! The indexes against a walk over all entries, on real towns with hubs, long trips and corridors.

use super::*;
use crate::matching::{PackageIndex, TripIndex, feasible};
use crate::place::Kind;

/// A small generator of numbers that look random: the tests need many, and no others.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let high = usize::try_from(self.0 >> 33).expect("31 bits");
        high % bound
    }

    /// The first of the list much more often than the last.
    fn skewed(&mut self, bound: usize) -> usize {
        let bound = self.below(bound) + 1;
        self.below(bound)
    }
}

fn towns() -> Vec<&'static Place> {
    // Moscow's surroundings are dense, so most ways pass many towns.
    let near =
        |place: &&Place| place.country == "RU" && place.position.lat > 50.0 && place.position.lon < 60.0;
    // Airports and districts of cities, and villages, which have no number of their own.
    let all = || Gazetteer::bundled().iter().filter(near);
    let airports = all().filter(|place| place.kind == Kind::Airport);
    let villages = all().filter(|place| place.kind == Kind::Small).step_by(40).take(60);
    all().take(240).chain(airports).chain(villages).collect()
}

fn some_trip(n: u128, towns: &[&'static Place], numbers: &mut Numbers) -> Trip {
    let mut at = hour(1 + i64::try_from(numbers.below(96)).expect("hours"));
    let mut stops: Vec<Stop> = Vec::new();
    for _ in 0..2 + numbers.below(4) {
        let place = towns[numbers.skewed(towns.len())];
        if stops.last().is_some_and(|last| last.place == place.id) {
            continue;
        }
        let arrive = at;
        let waits = [0, 0, 1, 30][numbers.below(4)];
        let depart = arrive + Span::hours(waits);
        stops.push(Stop { place: place.id, position: place.position, arrive, depart });
        at = depart + Span::minutes(30 + i64::try_from(numbers.below(900)).expect("minutes"));
    }
    if stops.len() < 2 {
        return some_trip(n, towns, numbers);
    }
    let (first, last) = (0, stops.len() - 1);
    stops[first].arrive = stops[first].depart;
    stops[last].depart = stops[last].arrive;
    let transport = [Transport::Car, Transport::Car, Transport::Train, Transport::Foot][numbers.below(4)];
    let mut draft = detouring(1, &[("Alfa", 1), ("Delta", 5)], 0).draft;
    draft.stops = stops;
    draft.transport = transport;
    draft.max_detour_min = u32::try_from(numbers.below(120)).expect("minutes");
    draft.capacity = kg(1 + u32::try_from(numbers.below(4)).expect("kilograms"));
    Trip::publish(trip_id(n), user(1_000 + n), draft, NOW).expect("a valid trip")
}

fn some_package(n: u128, towns: &[&'static Place], numbers: &mut Numbers) -> Package {
    let (from, to) = (numbers.skewed(towns.len()), numbers.skewed(towns.len()));
    if from == to {
        return some_package(n, towns, numbers);
    }
    let end = |place: &Place| End { place: place.id, position: place.position, address: String::new() };
    let mut draft = package("Alfa", "Bravo").draft;
    (draft.pickup, draft.dropoff) = (end(towns[from]), end(towns[to]));
    draft.ready_at = hour(i64::try_from(numbers.below(90)).expect("hours"));
    draft.deliver_by = draft.ready_at + Span::hours(1 + i64::try_from(numbers.below(60)).expect("hours"));
    Package::publish(Uuid::from_u128(n).into(), user(n), draft, NOW).expect("a valid package")
}

#[test]
fn nothing_is_missed_among_real_towns_in_either_direction() {
    let (gazetteer, settings, towns) = (Gazetteer::bundled(), Settings::default(), towns());
    let mut pairs = 0;
    for seed in 1..=3 {
        let mut numbers = Numbers(seed);
        let trips: Vec<TripEntry> = (1..=400)
            .map(|n| TripEntry::of(&some_trip(n, &towns, &mut numbers), gazetteer, &settings))
            .collect();
        let packages: Vec<PackageEntry> = (1..=150)
            .map(|n| PackageEntry::of(&some_package(n, &towns, &mut numbers), gazetteer, &settings))
            .collect();
        let (mut trip_index, mut package_index) = (TripIndex::new(), PackageIndex::new());
        trips.iter().for_each(|trip| assert!(trip_index.upsert(trip.clone())));
        packages.iter().for_each(|package| assert!(package_index.upsert(package.clone())));
        let now = hour(20);
        for package in &packages {
            let fits = |trip: &TripEntry| feasible(trip, package, now).ok();
            let mut expected: Vec<(Time, TripId)> =
                trips.iter().filter_map(|trip| fits(trip).map(|plan| (plan.pickup.at, trip.id))).collect();
            expected.sort_unstable();
            pairs += expected.len();
            for limit in [5, usize::MAX] {
                let found = trip_index.candidates(package, now, limit);
                let found: Vec<_> = found.iter().map(|one| (one.plan.pickup.at, one.trip)).collect();
                assert_eq!(found, expected[..expected.len().min(limit)]);
            }
        }
        for trip in &trips {
            let fits = |package: &&PackageEntry| feasible(trip, package, now).is_ok();
            let expected: Vec<PackageId> = packages.iter().filter(fits).map(|package| package.id).collect();
            for limit in [3, usize::MAX] {
                let found = package_index.waiting_for(trip, now, limit);
                let found: Vec<_> = found.into_iter().map(|(package, _)| package).collect();
                assert_eq!(found, expected[..expected.len().min(limit)]);
            }
        }
    }
    assert!(pairs > 500, "a test of nothing: {pairs}");
}
