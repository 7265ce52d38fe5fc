//! Scores, order, waves and time limits.

use super::*;
use crate::matching::policy::outlook::Outlook;
use crate::matching::{
    Candidate, PackageEntry, Ranked, Reason, Terms, TripIndex, feasible, next_wave, rank, score, time_limit,
};

fn candidates(trips: &[Trip], package: &Package) -> Vec<Candidate> {
    let mut index = TripIndex::over(world());
    for trip in trips {
        index.upsert(trip_entry(trip));
    }
    index.candidates(&package_entry(package), NOW, usize::MAX)
}

fn ranked(trips: &[Trip], package: &Package) -> Vec<Ranked> {
    let settings = Settings::default();
    rank(&candidates(trips, package), &package_entry(package), &|_| settings.acceptance, NOW, &settings)
}

fn order(ranked: &[Ranked]) -> Vec<TripId> {
    ranked.iter().map(|one| one.candidate.trip).collect()
}

#[test]
fn the_score_is_the_expected_gain_for_the_work() {
    let package = package("Alfa", "Bravo");
    let entry = package_entry(&package);
    let settings = Settings::default();
    let trip = trip_entry(&trip(1, &[("Alfa", 1), ("Bravo", 3)]));
    let plan = feasible(&trip, &entry, NOW).expect("a match");
    // Half of 500 roubles for 2 kg over 1.3 x 111.2 km.
    let expected = 0.5 * 500.0 / (2.0 * 1.3 * 111.195_f64).powf(0.7);
    let terms = Terms { asked: None, acceptance: 0.5, room_price_rub: 0.0, weight: 1.0 };
    let score = |plan, terms| score(plan, &entry, &terms, &settings);
    let found = score(&plan, terms);
    assert!((found - expected).abs() < 0.001 * expected, "{found} {expected}");
    // 10 min and 10 km of detour cost 50 + 80 roubles.
    let detour = Plan { detour_min: 10, detour_m: 10_000, ..plan };
    let with_detour = score(&detour, terms);
    assert!((with_detour / found - 370.0 / 500.0).abs() < 1e-9);
    let asks_double = Terms { asked: Some(Amount::new(100_000, Currency::Rub)), ..terms };
    assert!((score(&plan, asks_double) / found - 0.5).abs() < 1e-9);
    let asks_less = Terms { asked: Some(Amount::new(10_000, Currency::Rub)), ..terms };
    assert_eq!(score(&plan, asks_less), found);
    let too_far = Plan { detour_min: 120, detour_m: 100_000, ..plan };
    assert!(score(&too_far, terms) < 0.0);
    let dear = Terms { room_price_rub: 100.0, ..terms };
    assert!((score(&plan, dear) / found - 400.0 / 500.0).abs() < 1e-9);
    assert!((score(&plan, Terms { weight: 1.1, ..terms }) / found - 1.1).abs() < 1e-9);
}

#[test]
fn whoever_would_lose_is_not_asked_sooner_for_being_unlikely_to_accept() {
    let settings = Settings::default();
    let mut package = package("Alfa", "Bravo");
    package.draft.reward.minor = 100;
    let entry = package_entry(&package);
    let found = candidates(&[trip(1, &[("Alfa", 1), ("Bravo", 3)])], &package);
    let terms = |acceptance| Terms { asked: None, acceptance, room_price_rub: 1_000.0, weight: 1.0 };
    let score = |acceptance| score(&found[0].plan, &entry, &terms(acceptance), &settings);
    assert!(score(0.1) < score(0.9) && score(0.9) < 0.0, "{} and {}", score(0.1), score(0.9));
    assert!(score(0.0).is_finite());
}

#[test]
fn candidates_come_best_first_and_ties_have_an_order() {
    let trips = [
        detouring(1, &[("Bravo", 1), ("Delta", 8)], 30),
        trip(2, &[("Bravo", 1), ("Northtown", 5)]),
        trip(3, &[("Bravo", 1), ("Northtown", 4)]),
        trip(4, &[("Bravo", 1), ("Northtown", 4)]),
    ];
    let package = package("Bravo", "Northtown");
    assert_eq!(order(&ranked(&trips, &package)), [3, 4, 2, 1].map(trip_id));
    let backwards: Vec<Candidate> = candidates(&trips, &package).into_iter().rev().collect();
    let keen = |courier| if courier == trips[1].courier { 0.9 } else { 0.5 };
    let found = rank(&backwards, &package_entry(&package), &keen, NOW, &Settings::default());
    assert_eq!(order(&found), [2, 3, 4, 1].map(trip_id), "who accepts more often comes first");
    let settings = Settings { candidates: 2, ..Settings::default() };
    let found = rank(&backwards, &package_entry(&package), &|_| 0.5, NOW, &settings);
    assert_eq!(order(&found), [3, 4].map(trip_id));
}

#[test]
fn a_wave_is_as_large_as_its_couriers_are_reluctant() {
    let trips: Vec<Trip> = (1..=9).map(|n| trip(n, &[("Alfa", 1), ("Bravo", 3)])).collect();
    let package = package("Alfa", "Bravo");
    let table = [
        (1.0, 1),
        (0.95, 1),
        (0.9, 1),
        (0.8, 2),
        (0.7, 2),
        (0.6, 3),
        (0.5, 4),
        (0.4, 5),
        (0.3, 7),
        (0.26, 8),
        (0.1, 8),
        (0.0, 8),
    ];
    for (acceptance, size) in table {
        assert_eq!(wave(&trips, &package, acceptance, &|_| false).len(), size, "{acceptance}");
    }
}

#[test]
fn the_time_limit_follows_the_time_to_the_pickup() {
    let (seconds, minutes, hours) = (Span::seconds, Span::minutes, Span::hours);
    let table = [
        // pickup in, in town, time to live, latest
        (hours(1), true, seconds(30), seconds(90)),
        (hours(10), false, minutes(30), minutes(90)),
        (hours(40), false, hours(2), hours(6)),
        (Span::days(10), false, hours(2), hours(6)),
        (minutes(5), false, seconds(30), seconds(90)),
        (minutes(1), false, seconds(30), minutes(1)),
        (minutes(1), true, seconds(30), minutes(1)),
        (Span::from_ms(-5), true, seconds(30), Span::default()),
    ];
    for (pickup_in, in_town, ttl, latest_in) in table {
        let limit = time_limit(NOW, NOW + pickup_in, in_town, &Settings::default());
        assert_eq!(limit, (ttl, NOW + latest_in), "{pickup_in:?}");
    }
    let patient = Settings {
        offer_ttl_s: 60,
        offer_ttl_percent: 10,
        longest_offer_ttl_min: 180,
        ..Settings::default()
    };
    assert_eq!(time_limit(NOW, hour(10), true, &patient).0, minutes(1));
    assert_eq!(time_limit(NOW, hour(10), false, &patient).0, hours(1));
    assert_eq!(time_limit(NOW, hour(40), false, &patient).0, hours(3));
}

#[test]
fn a_wave_is_as_large_as_the_settings_allow() {
    let trips: Vec<Trip> = (1..=9).map(|n| trip(n, &[("Alfa", 1), ("Bravo", 3)])).collect();
    let entry = package_entry(&package("Alfa", "Bravo"));
    for max_wave in [1, 5, 9] {
        let settings = Settings { max_wave, ..Settings::default() };
        let ranked = rank(&candidates(&trips, &package("Alfa", "Bravo")), &entry, &|_| EIGHT, NOW, &settings);
        let wave = next_wave(&ranked, &entry, &|_| EIGHT, NOW, &settings, |_| false);
        assert_eq!(wave.len(), max_wave);
    }
}

/// Acceptance chances with which a package needs one, two, three and eight offers open.
const ONE: f64 = 0.95;
const TWO: f64 = 0.7;
const THREE: f64 = 0.6;
const EIGHT: f64 = 0.1;

fn wave(trips: &[Trip], package: &Package, chance: f64, busy: &dyn Fn(UserId) -> bool) -> Vec<TripId> {
    let (entry, settings) = (package_entry(package), Settings::default());
    let ranked = rank(&candidates(trips, package), &entry, &|_| chance, NOW, &settings);
    order(&next_wave(&ranked, &entry, &|_| chance, NOW, &settings, |one| busy(one.candidate.courier)))
}

#[test]
fn a_wave_tops_up_with_the_next_best() {
    let trips: Vec<Trip> = (1..=9).map(|n| trip(n, &[("Alfa", 1), ("Bravo", 3)])).collect();
    let mut package = package("Alfa", "Bravo");
    let wave = |package: &Package, chance, busy: &dyn Fn(UserId) -> bool| wave(&trips, package, chance, busy);
    assert_eq!(wave(&package, ONE, &|_| false), [1].map(trip_id));
    assert_eq!(wave(&package, TWO, &|_| false), [1, 2].map(trip_id));
    assert_eq!(wave(&package, EIGHT, &|_| false), [1, 2, 3, 4, 5, 6, 7, 8].map(trip_id));
    assert_eq!(wave(&package, TWO, &|courier| courier == trips[0].courier), [2, 3].map(trip_id));
    for trip in &trips[..2] {
        package.requests.push(request(trip, Origin::Engine, RequestState::Pending));
    }
    assert_eq!(wave(&package, TWO, &|_| false), [], "two are open already");
    assert_eq!(wave(&package, THREE, &|_| false), [3].map(trip_id));
    package.requests[0].state = RequestState::Declined { at: NOW, reason: None };
    assert_eq!(wave(&package, THREE, &|_| false), [3, 4].map(trip_id));
}

#[test]
fn nobody_is_asked_twice_at_once() {
    let mut trips = [
        trip(1, &[("Alfa", 1), ("Bravo", 5)]),
        trip(2, &[("Alfa", 1), ("Bravo", 3)]),
        trip(3, &[("Alfa", 1), ("Bravo", 6)]),
    ];
    trips[1].courier = trips[0].courier;
    let mut package = package("Alfa", "Bravo");
    let wave = |package: &Package| wave(&trips, package, THREE, &|_| false);
    assert_eq!(wave(&package), [2, 3].map(trip_id), "the better of two trips");
    package.requests.push(request(&trips[1], Origin::Engine, RequestState::Pending));
    assert_eq!(wave(&package), [3].map(trip_id), "not for the other trip either");
    package.requests[0].state = RequestState::Agreed { at: NOW };
    assert_eq!(wave(&package), [3].map(trip_id), "nor while the choice is open");
}

#[test]
fn a_package_with_time_to_choose_asks_more_couriers_and_does_not_keep_room() {
    struct Dear;
    impl Outlook for Dear {
        fn acceptance(&self, _: UserId) -> f64 {
            ONE
        }
        fn room_price_rub(&self, candidate: &Candidate, _: &PackageEntry) -> f64 {
            if candidate.trip == trip_id(1) { 0.0 } else { 10_000.0 }
        }
    }
    let trips: Vec<Trip> = (1..=3).map(|n| trip(n, &[("Alfa", 1), ("Bravo", 3)])).collect();
    let mut package = package("Alfa", "Bravo");
    let wave = |package: &Package| {
        let (entry, settings) = (package_entry(package), Settings::default());
        let ranked = rank(&candidates(&trips, package), &entry, &Dear, NOW, &settings);
        order(&next_wave(&ranked, &entry, &Dear, NOW, &settings, |_| false))
    };
    assert_eq!(wave(&package), [1].map(trip_id), "the others' room is kept for better packages");
    package.draft.confirm_by = Some(NOW + Span::hours(2));
    assert_eq!(wave(&package), [1, 2, 3].map(trip_id));
    package.draft.confirm_by = Some(NOW + Span::minutes(15));
    assert_eq!(wave(&package), [1].map(trip_id), "answers may come after the choice");
    package.draft.confirm_by = Some(NOW);
    assert_eq!(wave(&package), [1].map(trip_id), "after the deadline the first acceptance counts");
}

#[test]
fn the_last_places_of_a_package_with_time_to_choose_are_left_to_trips_that_are_published_later() {
    let trips: Vec<Trip> =
        [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 60, 61].map(|n| trip(n, &[("Alfa", 1), ("Bravo", 3)])).into();
    let mut package = package("Alfa", "Bravo");
    package.id = Uuid::from_u128(50).into();
    package.draft.confirm_by = Some(NOW + Span::hours(2));
    let agreed = |trip: &Trip| request(trip, Origin::Engine, RequestState::Agreed { at: NOW });
    package.requests = trips[..7].iter().map(agreed).collect();
    assert_eq!(
        wave(&trips, &package, ONE, &|_| false),
        [8, 60, 61].map(trip_id),
        "one more of those before it"
    );
    package.requests.push(agreed(&trips[7]));
    assert_eq!(wave(&trips, &package, ONE, &|_| false), [60, 61].map(trip_id));
    package.id = Uuid::from_u128(70).into();
    assert_eq!(wave(&trips, &package, ONE, &|_| false), []);
}

#[test]
fn who_let_an_offer_run_out_is_asked_again_after_a_pause_and_not_forever() {
    let trips = [trip(1, &[("Alfa", 5), ("Bravo", 8)])];
    let mut package = package("Alfa", "Bravo");
    let settings = Settings::default();
    let lapsed = |at| request(&trips[0], Origin::Engine, RequestState::Expired { at });
    let why = |package: &Package, now| feasible(&trip_entry(&trips[0]), &package_entry(package), now).err();
    package.requests.push(lapsed(NOW));
    assert_eq!(why(&package, NOW), Some(Reason::Lapsed));
    assert_eq!(why(&package, NOW + settings.reoffer_pause()), None);
    package.requests.push(lapsed(NOW));
    assert_eq!(why(&package, NOW + Span::hours(4)), Some(Reason::DeclinedBefore), "twice is enough");
    package.requests.truncate(1);
    package.requests.push(request(
        &trips[0],
        Origin::Engine,
        RequestState::Declined { at: NOW, reason: None },
    ));
    assert_eq!(why(&package, NOW + Span::hours(4)), Some(Reason::DeclinedBefore), "a no is a no");
}
