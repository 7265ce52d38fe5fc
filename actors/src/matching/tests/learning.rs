//! What is learned from a past market: who could have gone elsewhere, and which trips may still come.

use std::sync::Arc;

use smallvec::smallvec;

use super::*;
use crate::matching::policy::demand::{Asked, History};
use crate::matching::policy::prospects::Prospects;
use crate::matching::policy::settlement::{PastPackage, PastTrip, Settlement};
use crate::matching::policy::standing::{Agreed, Standing, Standings};
use crate::matching::{TripIndex, feasible, gain_rub};

const WEEK: Span = Span::days(7);

fn past_trip(trip: &Trip) -> PastTrip {
    let entry = TripEntry::as_published(trip, world(), &Settings::default());
    PastTrip { entry, published_at: trip.created_at }
}

fn past_package(n: u128, weight: u32, reward: i64) -> PastPackage {
    let mut package = package("Alfa", "Bravo");
    package.id = Uuid::from_u128(n).into();
    package.sender = user(1_000 + n);
    package.draft.load = kg(weight);
    package.draft.reward.minor = reward * 100;
    PastPackage { entry: package_entry(&package), published_at: NOW }
}

fn settled(trips: &[Trip], packages: &[PastPackage]) -> Settlement {
    let trips = trips.iter().map(past_trip).collect();
    Settlement::of(trips, packages, WEEK, &Settings::default(), world())
}

fn daily(count: i64) -> Vec<Trip> {
    (0..count)
        .zip(1..)
        .map(|(day, n)| trip(n, &[("Alfa", 24 * day + 10), ("Bravo", 24 * day + 13)]))
        .collect()
}

#[test]
fn a_package_keeps_its_gain_where_there_is_room_and_little_where_others_want_it() {
    let packages: Vec<_> = (1..=10).map(|n| past_package(n, 5, 500)).collect();
    let kept = |trips: &[Trip]| {
        let settlement = settled(trips, &packages);
        packages.iter().map(|package| settlement.surplus_rub(package.entry.id)).sum::<f64>() / 10.0
    };
    let roomy = Trip { left: vec![kg(100)], ..trip(1, &[("Alfa", 10), ("Bravo", 13)]) };
    let roomy = Trip { draft: TripDraft { capacity: kg(100), ..roomy.draft.clone() }, ..roomy };
    assert_eq!(kept(&[roomy]), 500.0);
    assert!(kept(&daily(1)) < 250.0, "ten want the room of two: {}", kept(&daily(1)));
    assert_eq!(settled(&daily(1), &packages).surplus_rub(Uuid::from_u128(99).into()), 0.0, "never seen");
}

#[test]
fn room_is_kept_less_for_those_who_can_wait_and_could_have_gone_elsewhere() {
    let mut settings = Settings::default();
    let asks = package_entry(&package("Alfa", "Bravo"));
    let now = trip_entry(&Trip { left: vec![kg(5)], ..trip(50, &[("Alfa", 30), ("Bravo", 33)]) });
    let plan = feasible(&now, &asks, NOW).expect("a match");
    let price = |patient: bool, trips: &[Trip], settings: &Settings| {
        let mut packages: Vec<_> = (1..=60).map(|n| past_package(n, 1, 700)).collect();
        for package in &mut packages {
            package.entry.confirm_by = patient.then_some(package.entry.deliver_by);
        }
        let mut history = History::over(world());
        for package in &packages {
            history.note(&package.entry, package.published_at, settings);
        }
        history.adopt(&settled(trips, &packages));
        history.demand(&now, settings).price_rub(
            &now,
            Asked { sender: asks.sender, plan: &plan, load: asks.load },
            NOW,
        )
    };
    let plenty: Vec<Trip> = (1..=20).map(|n| trip(n, &[("Alfa", 10), ("Bravo", 13)])).collect();
    assert!(price(false, &plenty, &settings) > 0.0);
    assert_eq!(price(true, &plenty, &settings), 0.0, "any of twenty would have carried them");
    assert!(price(true, &[], &settings) > 0.0, "there was nobody else");
    let before = price(false, &plenty, &settings);
    settings.demand_share = 0.2;
    assert!(price(false, &plenty, &settings) < before);
    settings.demand_share = 0.0;
    assert_eq!(price(false, &plenty, &settings), 0.0, "room is free");
}

fn prospects(trips: &[Trip], share: f64) -> Arc<Prospects> {
    let trips = trips.iter().map(past_trip).collect();
    let settings = Settings { supply_share: share, ..Settings::default() };
    Settlement::of(trips, &[], WEEK, &settings, world())
        .prospects(&package_entry(&package("Alfa", "Bravo")), &settings)
}

#[test]
fn the_more_went_that_way_the_more_may_be_expected() {
    let end = NOW + Span::hours(48);
    let beyond = |trips: &[Trip], share, least, until| prospects(trips, share).beyond_rub(least, NOW, until);
    assert_eq!(beyond(&[], 1.0, 0.0, end), 0.0, "nobody ever went there");
    let like = |count| (1..=count).map(|n| trip(n, &[("Alfa", 10), ("Bravo", 13)])).collect::<Vec<_>>();
    let (few, many) = (like(2), like(40));
    let (little, much) = (beyond(&few, 1.0, 0.0, end), beyond(&many, 1.0, 0.0, end));
    assert!(0.0 < little && little < much && much < 500.0, "{little} {much}");
    assert!(beyond(&many, 0.5, 0.0, end) < much, "counted on by half");
    assert!(beyond(&many, 1.0, 0.0, hour(24)) < much, "in less time");
    let better = beyond(&many, 1.0, 400.0, end);
    assert!(0.0 < better && better <= 100.0, "{better}");
    assert_eq!(beyond(&many, 1.0, 500.0, end), 0.0, "nothing gains more than the reward");
    assert_eq!(prospects(&many, 1.0).all_rub(NOW), much);
    assert_eq!(prospects(&many, 1.0).all_rub(end), 0.0, "too late for any");
    assert_eq!(prospects(&many, 0.0).all_rub(NOW), 0.0);
}

#[test]
fn an_acceptance_with_a_long_detour_waits_for_better_where_better_is_to_be_expected() {
    let detour = detouring(1, &[("Bravo", 10), ("Charlie", 14)], 60);
    let package = package("Bravo", "Northtown");
    let entry = package_entry(&package);
    let plan = feasible(&trip_entry(&detour), &entry, NOW).expect("a match");
    let gain_rub = gain_rub(&plan, &entry, &Settings::default());
    assert!(0.0 < gain_rub && gain_rub < 400.0, "{gain_rub}");
    let direct: Vec<Trip> =
        (0..60_i64).zip(2..).map(|(h, n)| trip(n, &[("Bravo", h + 5), ("Northtown", h + 7)])).collect();
    let chosen = |past: &[Trip], now| {
        let settings = Settings::default();
        let trips = past.iter().map(past_trip).collect();
        let settlement = Settlement::of(trips, &[], WEEK, &settings, world());
        let agreed = Agreed {
            sender: package.sender,
            published_at: package.created_at,
            load: package.draft.load,
            confirm_by: hour(48),
            prospects: settlement.prospects(&entry, &settings),
            standing: smallvec![Standing {
                request: RequestId::from(Uuid::from_u128(1)),
                trip: detour.id,
                plan,
                gain_rub
            }],
        };
        let mut standings = Standings::default();
        standings.set(package.id, Some(agreed));
        let mut index = TripIndex::over(world());
        index.upsert(trip_entry(&detour));
        standings.choose(&[package.id], &index, |_, _| 0.0, now, &settings).len()
    };
    let last = plan.pickup.at - Span::minutes(15);
    assert_eq!(chosen(&[], last), 1, "better this one than none");
    assert_eq!(chosen(&direct, last), 0, "one that goes there anyway will come");
    assert_eq!(chosen(&direct, last - Span::minutes(1)), 0, "and nothing is hurried");
}
