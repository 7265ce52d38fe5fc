//! A reason for every trip that was considered.

use super::*;
use crate::matching::explain::Match;
use crate::matching::{Explanation, Ranked, Reason, TripIndex, explain};

fn explained(
    trips: &[Trip],
    package: &Package,
    busy: impl Fn(UserId) -> bool,
    settings: &Settings,
) -> Explanation {
    let mut index = TripIndex::over(world());
    for trip in trips {
        index.upsert(trip_entry(trip));
    }
    let entry = package_entry(package);
    let survey = index.considered(&entry, NOW);
    explain(survey, &entry, NOW, &|_| settings.acceptance, busy, |_: &Ranked| None, settings)
}

/// Trip and code, `#rank` for a match.
fn told(explanation: &Explanation) -> Vec<(TripId, String)> {
    let word = |outcome: Result<Match, Reason>| {
        outcome.map_or_else(|reason| reason.code(), |found| format!("#{}", found.rank))
    };
    explanation.verdicts.iter().map(|verdict| (verdict.trip, word(verdict.outcome))).collect()
}

fn some_trips() -> Vec<Trip> {
    let mut full = trip(6, &[("Alfa", 1), ("Bravo", 3)]);
    full.left[0] = kg(1);
    vec![
        trip(1, &[("Alfa", 1), ("Bravo", 4)]),
        trip(2, &[("Alfa", 1), ("Bravo", 3)]),
        trip(3, &[("Alfa", 1), ("Bravo", 5)]),
        trip(4, &[("Bravo", 1), ("Alfa", 3)]),
        trip(5, &[("Alfa", 1), ("Charlie", 3)]),
        full,
        trip(7, &[("Charlie", 1), ("Delta", 3)]),
    ]
}

#[test]
fn matches_come_by_rank_and_then_the_rejected_nearest_first() {
    let explanation = explained(&some_trips(), &package("Alfa", "Bravo"), |_| false, &Settings::default());
    let expected = [(2, "#1"), (1, "#2"), (3, "#3"), (6, "capacity:leg0"), (4, "order"), (5, "off_route")];
    assert_eq!(told(&explanation), expected.map(|(n, word)| (trip_id(n), word.to_owned())));
    assert_eq!((explanation.considered, explanation.matches, explanation.couriers), (6, 3, 3));
    assert_eq!(explanation.median_detour_min, Some(0));
    assert_eq!(
        explanation.reasons.into_iter().collect::<Vec<_>>(),
        [("capacity", 1), ("off_route", 1), ("order", 1)]
    );
}

#[test]
fn the_cut_and_the_busy_are_told_and_the_busy_take_nobodys_place() {
    let trips = some_trips();
    let settings = Settings { candidates: 2, ..Settings::default() };
    let busy = |courier| courier == trips[0].courier;
    let explanation = explained(&trips, &package("Alfa", "Bravo"), busy, &settings);
    let expected = [(2, "#1"), (3, "#2"), (1, "busy")];
    assert_eq!(told(&explanation)[..3], expected.map(|(n, word)| (trip_id(n), word.to_owned())));
    assert_eq!((explanation.matches, explanation.couriers), (2, 2));
    let explanation = explained(&trips[..3], &package("Alfa", "Bravo"), |_| false, &settings);
    let expected = [(2, "#1"), (1, "#2"), (3, "cut:beyond_2")];
    assert_eq!(told(&explanation), expected.map(|(n, word)| (trip_id(n), word.to_owned())));
}

#[test]
fn who_is_asked_already_is_shown_with_the_plan() {
    let trips = some_trips();
    let mut package = package("Alfa", "Bravo");
    package.requests.push(request(&trips[1], Origin::Engine, RequestState::Pending));
    let settings = Settings { candidates: 1, ..Settings::default() };
    let explanation = explained(&trips, &package, |_| false, &settings);
    let expected = [(2, "#1"), (1, "#2"), (3, "cut:beyond_1")];
    assert_eq!(told(&explanation)[..3], expected.map(|(n, word)| (trip_id(n), word.to_owned())));
    assert!(explanation.verdicts[0].outcome.is_ok_and(|found| found.requested));
    assert!(explanation.verdicts[1].outcome.is_ok_and(|found| !found.requested));
}

#[test]
fn the_list_is_bounded_and_the_counts_are_whole() {
    let trips: Vec<Trip> = (1..=20).map(|n| trip(n, &[("Bravo", 1), ("Alfa", 3)])).collect();
    let settings = Settings { max_verdicts: 5, ..Settings::default() };
    let explanation = explained(&trips, &package("Alfa", "Bravo"), |_| false, &settings);
    assert_eq!(explanation.verdicts.len(), 5);
    assert_eq!((explanation.considered, explanation.reasons["order"]), (20, 20));
    assert_eq!((explanation.matches, explanation.median_detour_min), (0, None));
}

#[test]
fn the_dry_run_counts_couriers_not_trips() {
    let mut trips = vec![
        detouring(1, &[("Alfa", 1), ("Delta", 6)], 30),
        detouring(2, &[("Alfa", 2), ("Delta", 7)], 30),
        trip(3, &[("Alfa", 1), ("Northtown", 4)]),
    ];
    trips[1].courier = trips[0].courier;
    let explanation = explained(&trips, &package("Alfa", "Northtown"), |_| false, &Settings::default());
    assert_eq!((explanation.matches, explanation.couriers), (3, 2));
    assert_eq!(explanation.median_detour_min, Some(9));
    let both = explanation.chance;
    let alone = explained(&trips[..1], &package("Alfa", "Northtown"), |_| false, &Settings::default()).chance;
    let twice = explained(&trips[..2], &package("Alfa", "Northtown"), |_| false, &Settings::default()).chance;
    assert!(alone > 0.0 && both > alone);
    assert!((twice - alone).abs() < 1e-9, "one courier with two trips is asked once");
}
