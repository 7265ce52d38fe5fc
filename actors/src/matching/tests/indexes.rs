//! Entries come and go without a trace, and both directions agree.

use super::*;
use crate::market::trip::TripState;
use crate::matching::{Chart, Need, PackageIndex, TripIndex, zone};

fn found(index: &TripIndex, package: &Package) -> Vec<TripId> {
    index
        .candidates(&package_entry(package), NOW, usize::MAX)
        .iter()
        .map(|candidate| candidate.trip)
        .collect()
}

fn index_of(trips: &[Trip]) -> TripIndex {
    let mut index = TripIndex::over(world());
    for trip in trips {
        assert!(index.upsert(trip_entry(trip)));
    }
    index
}

#[test]
fn candidates_are_all_matches_in_the_same_order_whatever_the_order_of_publishing() {
    let trips = [3, 1, 2].map(|n| trip(n, &[("Alfa", 1), ("Bravo", 3)]));
    let index = index_of(&trips);
    assert_eq!(found(&index, &package("Alfa", "Bravo")), [1, 2, 3].map(trip_id));
    assert_eq!(found(&index, &package("Bravo", "Alfa")), []);
}

#[test]
fn a_removed_trip_leaves_nothing_behind() {
    let round = [("Alfa", 1), ("Bravo", 3), ("Alfa", 5), ("Bravo", 7)];
    let trips: Vec<Trip> = (1..=4).map(|n| trip(n, &round)).collect();
    let mut index = index_of(&trips);
    assert!(index.remove(trip_id(2)).is_some());
    assert!(index.remove(trip_id(2)).is_none());
    assert!(index.remove(trip_id(1)).is_some());
    index.upsert(trip_entry(&trip(5, &[("Bravo", 1), ("Alfa", 3)])));
    assert_eq!(found(&index, &package("Alfa", "Bravo")), [3, 4].map(trip_id));
    assert_eq!(found(&index, &package("Bravo", "Alfa")), [5, 3, 4].map(trip_id), "soonest first");
    for n in [3, 4, 5] {
        index.remove(trip_id(n));
    }
    assert!(index.is_empty());
    assert_eq!(index.mentions(), 0);
    assert_eq!(index.considered(&package_entry(&package("Alfa", "Bravo")), NOW).considered(), 0);
}

#[test]
fn a_chart_from_outside_is_as_good_as_the_one_the_index_makes() {
    let mut index = TripIndex::over(world());
    for n in 1..=3 {
        let entry = trip_entry(&detouring(n, &[("Alfa", 1), ("Charlie", 4)], 90));
        let chart = Chart::of(&entry, world());
        assert!(index.upsert_charted(entry, Some(chart)));
    }
    assert_eq!(found(&index, &package("Alfa", "Northtown")), [1, 2, 3].map(trip_id));
    assert_eq!(found(&index, &package("Bravo", "Charlie")), [1, 2, 3].map(trip_id));
    for n in 1..=3 {
        index.remove(trip_id(n));
    }
    assert_eq!(index.mentions(), 0, "the index finds again what it was given");
}

#[test]
fn couriers_who_cannot_be_asked_take_nobodys_place() {
    let mut index = TripIndex::over(world());
    for n in 1..=200 {
        index.upsert(trip_entry(&trip(n, &[("Alfa", 1), ("Bravo", 3)])));
    }
    index.upsert(trip_entry(&trip(201, &[("Alfa", 20), ("Bravo", 22)])));
    let (entry, limit) = (package_entry(&package("Alfa", "Bravo")), Settings::default().candidates);
    let among = |free: &[UserId]| {
        let found = index.candidates_among(&entry, NOW, limit, |courier| free.contains(&courier));
        found.iter().map(|one| one.trip).collect::<Vec<_>>()
    };
    assert_eq!(among(&[user(301), user(277)]), [177, 201].map(trip_id), "soonest first");
    assert_eq!(among(&[]), []);
    assert!(index.candidates(&entry, NOW, limit).iter().all(|one| one.trip != trip_id(201)));
}

#[test]
fn many_trips_are_told_apart() {
    let mut index = TripIndex::over(world());
    for n in 1..=200 {
        let way = if n % 3 == 0 { [("Bravo", 1), ("Alfa", 3)] } else { [("Alfa", 1), ("Bravo", 3)] };
        index.upsert(trip_entry(&trip(n, &way)));
    }
    for n in (1..=200).filter(|n| n % 7 == 0) {
        index.remove(trip_id(n));
    }
    let expected: Vec<TripId> = (1..=200).filter(|n| n % 3 != 0 && n % 7 != 0).map(trip_id).collect();
    assert_eq!(found(&index, &package("Alfa", "Bravo")), expected);
}

#[test]
fn a_new_version_replaces_the_old_one_and_a_stale_one_does_not() {
    let mut trip = trip(1, &[("Alfa", 1), ("Bravo", 3)]);
    let old = trip_entry(&trip);
    let mut index = index_of(&[trip.clone()]);
    trip.left[0] = kg(1);
    trip.version = 2;
    assert!(index.upsert(old.renewed(&trip)));
    assert!(index.upsert(old.renewed(&trip)), "the same version once more");
    assert_eq!(found(&index, &package("Alfa", "Bravo")), []);
    assert!(!index.upsert(old), "older than what is there");
    assert_eq!(index.get(trip.id).map(|entry| entry.version), Some(2));
    assert_eq!(index.len(), 1);
}

#[test]
fn an_entry_that_is_renewed_is_the_same_as_a_new_one() {
    let mut trip = detouring(1, &[("Alfa", 1), ("Bravo", 3)], 60);
    let published = trip_entry(&trip);
    trip.left[0] = kg(3);
    trip.detour_used_min = 20;
    trip.state = TripState::InProgress { at: NOW };
    trip.version = 7;
    assert_eq!(published.renewed(&trip), trip_entry(&trip));
}

#[test]
fn what_touches_an_end_is_considered_and_what_touches_neither_is_not() {
    let index = index_of(&[
        trip(1, &[("Alfa", 1), ("Bravo", 3)]),
        trip(2, &[("Alfa", 1), ("Charlie", 3)]),
        trip(3, &[("Charlie", 1), ("Delta", 3)]),
        trip(4, &[("Bravo", 1), ("Alfa", 3)]),
    ]);
    let considered = index.considered(&package_entry(&package("Alfa", "Bravo")), NOW).into_found();
    let codes: Vec<_> = considered
        .iter()
        .map(|seen| seen.outcome.map_or_else(|reason| reason.code(), |_| "ok".into()))
        .collect();
    assert_eq!(considered.iter().map(|seen| seen.trip).collect::<Vec<_>>(), [1, 2, 4].map(trip_id));
    assert_eq!(codes, ["ok", "off_route", "order"]);
}

#[test]
fn the_search_for_couriers_asks_for_no_room_and_no_window_but_for_the_future() {
    let mut full = trip(1, &[("Alfa", 5), ("Bravo", 7)]);
    full.left[0] = Load::NONE;
    let mut over = trip(4, &[("Alfa", 1), ("Bravo", 3)]);
    over.state = TripState::Cancelled { at: NOW };
    let index =
        index_of(&[full, trip(2, &[("Alfa", 2), ("Bravo", 4)]), trip(3, &[("Bravo", 1), ("Alfa", 3)]), over]);
    let (from, to) = (only("Alfa"), only("Bravo"));
    let passing = |now| -> Vec<(TripId, Time)> {
        let trips = index.between(&Need::to_pass(&from, &to), now, usize::MAX);
        trips.iter().map(|found| (found.trip, found.plan.pickup.at)).collect()
    };
    assert_eq!(passing(NOW), [(trip_id(2), hour(2)), (trip_id(1), hour(5))], "by time");
    assert_eq!(passing(hour(3)), [(trip_id(1), hour(5))]);
}

#[test]
fn a_trip_finds_the_packages_that_wait_for_it() {
    let mut index = PackageIndex::over(world());
    let ways = [
        ("Alfa", "Bravo"),
        ("Bravo", "Charlie"),
        ("Charlie", "Alfa"),
        ("Alfa", "Delta"),
        ("Near", "Charlie"),
    ];
    for (n, (from, to)) in (1..).zip(ways) {
        let entry = PackageEntry { id: Uuid::from_u128(n).into(), ..package_entry(&package(from, to)) };
        assert!(index.upsert(entry));
    }
    let trip = trip_entry(&trip(1, &[("Alfa", 1), ("Bravo", 3), ("Charlie", 5)]));
    let waiting = |index: &PackageIndex| -> Vec<PackageId> {
        index.waiting_for(&trip, NOW, usize::MAX).iter().map(|(package, _)| *package).collect()
    };
    let id = |n| PackageId::from(Uuid::from_u128(n));
    assert_eq!(waiting(&index), [id(1), id(2), id(5)]);
    let removed = index.remove(id(1)).expect("was in");
    assert_eq!(waiting(&index), [id(2), id(5)]);
    assert!(index.upsert(PackageEntry { version: 5, ..removed.clone() }));
    assert!(!index.upsert(removed), "older than what is there");
    assert_eq!(index.len(), 5);
    assert_eq!(index.get(id(1)).map(|entry| entry.version), Some(5));
    assert_eq!(index.mentions(), 5, "neighbours share a cell");
    for n in 1..=5 {
        index.remove(id(n));
    }
    assert!(index.is_empty());
    assert_eq!(index.mentions(), 0);
}

#[test]
fn packages_are_found_by_their_way_and_by_one_end_of_it_page_by_page() {
    let mut index = PackageIndex::over(world());
    let ways = [
        ("Alfa", "Bravo"),
        ("Bravo", "Charlie"),
        ("Charlie", "Alfa"),
        ("Alfa", "Delta"),
        ("Near", "Charlie"),
    ];
    for (n, (from, to)) in (1..).zip(ways) {
        index.upsert(PackageEntry { id: Uuid::from_u128(n).into(), ..package_entry(&package(from, to)) });
    }
    let around = |name: &str| zone(id(name), place(name).position, world(), &Settings::default());
    let found = |from: Option<&str>, to: Option<&str>, after: Option<u128>, limit: usize| -> Vec<u128> {
        let (from, to) = (from.map(around), to.map(around));
        let after = after.map(|n| PackageId::from(Uuid::from_u128(n)));
        let found = index.between(from.as_deref(), to.as_deref(), after, limit);
        found.iter().map(|package| package.uuid().as_u128()).collect()
    };
    assert_eq!(found(Some("Alfa"), Some("Bravo"), None, 9), [1]);
    assert_eq!(found(Some("Alfa"), Some("Charlie"), None, 9), [5], "from the suburb");
    assert_eq!(found(Some("Alfa"), None, None, 9), [1, 4, 5]);
    assert_eq!(found(None, Some("Alfa"), None, 9), [3]);
    assert_eq!(found(None, None, None, 9), [1, 2, 3, 4, 5]);
    assert_eq!(found(Some("Alfa"), None, Some(1), 1), [4]);
    assert_eq!(found(Some("Delta"), None, None, 9), [0; 0]);
}
