//! Prices of room learned from the past, and the choice among those who have agreed.

use std::sync::Arc;

use smallvec::SmallVec;

use super::*;
use crate::ids::RequestId;
use crate::matching::policy::demand::{Asked, History, MAX_PACKAGES};
use crate::matching::policy::standing::{Agreed, Standing, Standings};
use crate::matching::{TripEntry, TripIndex, feasible, gain_rub};

fn package_id(n: u128) -> PackageId {
    PackageId::from(Uuid::from_u128(n))
}

fn history(packages: &[Package], settings: &Settings) -> History {
    let mut history = History::over(world());
    for package in packages {
        history.note(&package_entry(package), package.created_at, settings);
    }
    history
}

/// Packages of the last days, for the same way and of this weight.
fn past(count: u32, weight: u32, reward: i64) -> Vec<Package> {
    let one = |n: u32| {
        let mut package = package("Alfa", "Bravo");
        package.id = package_id(1_000 + u128::from(n));
        package.sender = user(1_000 + u128::from(n));
        package.created_at = NOW - Span::hours(i64::from(n % 100) + 1);
        package.draft.load = kg(weight);
        package.draft.reward.minor = reward * 100;
        package
    };
    (0..count).map(one).collect()
}

fn price(trip: &TripEntry, history: &History, now: Time) -> f64 {
    let settings = Settings::default();
    let package = package_entry(&package("Alfa", "Bravo"));
    let plan = feasible(trip, &package, NOW).expect("a match");
    let asked = Asked { sender: package.sender, plan: &plan, load: package.load };
    history.demand(trip, &settings).price_rub(trip, asked, now)
}

#[test]
fn room_that_nobody_ever_wanted_is_free() {
    let trip = trip_entry(&trip(1, &[("Alfa", 30), ("Bravo", 33)]));
    assert_eq!(price(&trip, &History::default(), NOW), 0.0);
    let settings = Settings::default();
    let elsewhere = |mut one: Package| {
        one.draft.dropoff = package("Alfa", "Charlie").draft.dropoff;
        one
    };
    let others: Vec<_> = past(50, 5, 900).into_iter().map(elsewhere).collect();
    assert_eq!(price(&trip, &history(&others, &settings), NOW), 0.0, "they went elsewhere");
}

#[test]
fn room_gets_dearer_with_the_demand_and_free_towards_the_departure() {
    let mut trip = trip(1, &[("Alfa", 30), ("Bravo", 33)]);
    trip.left[0] = kg(10);
    let trip = trip_entry(&trip);
    let settings = Settings::default();
    // Each package of the last week, none of which could wait, stands for a part of the time until the
    // departure; 2 kg of 10 are asked for.
    let prices = [10, 60, 400].map(|count| price(&trip, &history(&past(count, 1, 900), &settings), NOW));
    assert!(prices[0] < 90.0, "there is room for all of them: {prices:?}");
    assert!(90.0 < prices[1], "{prices:?}");
    assert!(0.0 < prices[1] && prices[1] < prices[2], "{prices:?}");
    assert!(prices[2] <= 900.0 * 2.0, "never dearer than what would be carried instead: {prices:?}");
    let busy = history(&past(66, 1, 900), &settings);
    let later = [24, 12, 1].map(|h| price(&trip, &busy, trip.departs() - Span::hours(h)));
    assert!(later[0] > later[1] && later[1] >= later[2], "{later:?}");
    assert_eq!(price(&trip, &busy, trip.departs()), 0.0, "nobody can come any more");
}

#[test]
fn the_past_is_forgotten_in_time() {
    let settings = Settings { history_days: 2, ..Settings::default() };
    let mut history = history(&past(5, 2, 500), &settings);
    let known = past(5, 2, 500)[0].id;
    assert!(history.knows(known));
    let mut today = package("Alfa", "Bravo");
    today.created_at = NOW + Span::days(3);
    history.note(&package_entry(&today), today.created_at, &settings);
    assert!(!history.knows(known) && history.knows(today.id));
}

#[test]
fn a_package_of_long_ago_that_changes_is_not_taken_for_a_new_one() {
    let settings = Settings::default();
    let most = MAX_PACKAGES as usize;
    let mut packages = past(1, 2, 500);
    packages[0].created_at = NOW - Span::hours(150);
    packages.extend((0..most).map(|n| {
        let mut package = package("Alfa", "Bravo");
        package.id = package_id(10_000 + n as u128);
        package.created_at = NOW - Span::minutes(60 - (n % 60) as i64);
        package
    }));
    let mut history = history(&packages, &settings);
    let (oldest, trip) = (&packages[0], trip_entry(&trip(1, &[("Alfa", 30), ("Bravo", 33)])));
    assert!(!history.knows(oldest.id), "there was no room for it any more");
    let before = history.demand(&trip, &settings);
    history.note(&package_entry(oldest), oldest.created_at, &settings);
    assert!(!history.knows(oldest.id) && history.knows(packages[1].id));
    assert_eq!(history.demand(&trip, &settings), before);
}

fn standing(trip: &Trip, package: &Package) -> Standing {
    let entry = package_entry(package);
    let plan = feasible(&trip_entry(trip), &entry, NOW).expect("a match");
    Standing {
        request: RequestId::new(NOW, [7; 10]),
        trip: trip.id,
        plan,
        gain_rub: gain_rub(&plan, &entry, &Settings::default()),
    }
}

fn agreed(package: &Package, trips: &[&Trip], confirm_by: Time) -> Agreed {
    let standing: SmallVec<[Standing; 4]> = trips.iter().map(|trip| standing(trip, package)).collect();
    Agreed {
        sender: package.sender,
        published_at: package.created_at,
        load: package.draft.load,
        confirm_by,
        prospects: Arc::default(),
        standing,
    }
}

fn of(n: u128, weight: u32, reward: i64) -> Package {
    let mut package = package("Alfa", "Bravo");
    package.id = package_id(n);
    package.draft.load = kg(weight);
    package.draft.reward.minor = reward * 100;
    package
}

fn chosen(standings: &Standings, due: &[PackageId], trips: &[&Trip], now: Time) -> Vec<(PackageId, TripId)> {
    let mut index = TripIndex::new();
    for trip in trips {
        index.upsert(trip_entry(trip));
    }
    let chosen = standings.choose(due, &index, |_, _| 0.0, now, &Settings::default());
    chosen.into_iter().map(|(package, standing)| (package, standing.trip)).collect()
}

#[test]
fn nothing_is_chosen_before_the_last_moment() {
    let trip = trip(1, &[("Alfa", 10), ("Bravo", 13)]);
    let package = of(1, 2, 500);
    let mut standings = Standings::default();
    standings.set(package.id, Some(agreed(&package, &[&trip], NOW + Span::hours(2))));
    let at = |now| chosen(&standings, &[package.id], &[&trip], now);
    assert_eq!(at(NOW + Span::hours(1)), []);
    assert_eq!(at(NOW + Span::hours(2)), [(package.id, trip.id)], "the sender wants to know");
    standings.set(package.id, Some(agreed(&package, &[&trip], NOW + Span::days(2))));
    let notice = Span::minutes(i64::from(Settings::default().notice_min));
    let last = trip.departs() - notice;
    let at = |now| chosen(&standings, &[package.id], &[&trip], now);
    assert_eq!(at(last - Span::minutes(1)), []);
    assert_eq!(at(last), [(package.id, trip.id)], "the courier has to know");
    assert_eq!(at(trip.departs()), [], "too late");
    assert_eq!(chosen(&standings, &[], &[&trip], last), [], "nobody asked about it");
}

#[test]
fn a_better_package_takes_the_room_and_the_other_one_moves() {
    let (small, other) = (trip(1, &[("Alfa", 10), ("Bravo", 13)]), trip(2, &[("Alfa", 20), ("Bravo", 23)]));
    let mut tight = small.clone();
    tight.left[0] = kg(3);
    let (poor, rich) = (of(1, 2, 500), of(2, 2, 900));
    let mut standings = Standings::default();
    standings.set(poor.id, Some(agreed(&poor, &[&small, &other], NOW + Span::days(2))));
    standings.set(rich.id, Some(agreed(&rich, &[&small], NOW + Span::days(2))));
    let last = small.departs() - Span::minutes(15);
    let due = [poor.id, rich.id];
    let trips = [&tight, &other];
    assert_eq!(chosen(&standings, &due, &trips, last), [(rich.id, small.id)]);
    let last = other.departs() - Span::minutes(15);
    assert_eq!(chosen(&standings, &due, &trips, last), [(poor.id, other.id)]);
}

#[test]
fn the_next_choice_is_at_a_moment_that_everybody_agrees_on() {
    let trip = trip(1, &[("Alfa", 10), ("Bravo", 13)]);
    let package = of(1, 2, 500);
    let settings = Settings::default();
    let agreed = agreed(&package, &[&trip], NOW + Span::hours(2));
    let (deadline, last) = (NOW + Span::hours(2), trip.departs() - Span::minutes(15));
    assert_eq!(agreed.next_choice(NOW, &settings), Some(deadline));
    assert_eq!(agreed.next_choice(deadline, &settings), Some(deadline + Span::minutes(15)));
    let soon = deadline + Span::minutes(1);
    assert_eq!(
        agreed.next_choice(soon, &settings),
        Some(deadline + Span::minutes(15)),
        "not a quarter of an hour from now"
    );
    assert_eq!(agreed.next_choice(last - Span::minutes(1), &settings), Some(last));
}
