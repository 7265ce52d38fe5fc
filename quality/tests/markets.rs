//! Markets and policies, on a small scale.

use peerpack_actors::matching::Settings;
use peerpack_actors::time::Span;
use peerpack_quality::baselines::{BestAtOnce, BruteForce, FirstCome};
use peerpack_quality::engine::{Engine, Manners};
use peerpack_quality::generator::{Family, Scenario, Towns, World};
use peerpack_quality::seed::Training;
use peerpack_quality::simulation::{Policy, play};

const SMALL: Scenario = Scenario { trips: 60, packages: 1_500, days: 3, family: Family::Gravity };

fn world(seed: Training, family: Family, towns: &Towns) -> World<Training> {
    World::generate(seed, Scenario { family, ..SMALL }, towns)
}

fn seeds() -> (Training, Training) {
    let mut seeds = Training::first(2);
    (seeds.next().expect("the first"), seeds.next().expect("the second"))
}

/// How a play ended.
#[derive(Clone, Copy, PartialEq, Debug)]
struct Outcome {
    value_rub: f64,
    carried: usize,
}

fn played(world: &World<Training>, mut policy: impl Policy, within: Option<Span>) -> Outcome {
    let market = play(world, &mut policy, within, &Settings { acceptance: 1.0, ..Settings::default() });
    Outcome { value_rub: market.value_rub(), carried: market.deals.len() }
}

#[test]
fn a_seed_always_makes_the_same_market() {
    let towns = Towns::new();
    let (one, other) = seeds();
    let (first, again) = (world(one, Family::Gravity, &towns), world(one, Family::Gravity, &towns));
    assert_eq!((&first.trips, &first.packages), (&again.trips, &again.packages));
    assert_ne!(first.trips, world(other, Family::Gravity, &towns).trips);
    assert!(first.trips.iter().all(|trip| trip.created_at < trip.departs()));
    assert!(first.packages.windows(2).all(|pair| pair[0].created_at <= pair[1].created_at));
}

#[test]
fn each_hard_market_is_hard_in_its_own_way() {
    let towns = Towns::new();
    let (seed, _) = seeds();
    let hub = world(seed, Family::HubOnly, &towns);
    let moscow = hub.packages[0].draft.pickup.place.max(hub.packages[0].draft.dropoff.place);
    let ends = |package: &peerpack_actors::market::package::Package| {
        [package.draft.pickup.place, package.draft.dropoff.place]
    };
    let other = hub.packages[0].draft.pickup.place.min(hub.packages[0].draft.dropoff.place);
    assert!(
        [moscow, other].iter().any(|hub_place| hub.packages.iter().all(|one| ends(one).contains(hub_place)))
    );
    let same = world(seed, Family::SameDeparture, &towns);
    let mut departures: Vec<_> =
        same.trips.iter().map(peerpack_actors::market::trip::Trip::departs).collect();
    departures.sort_unstable();
    departures.dedup();
    assert!(departures.len() <= 3, "one for each day: {departures:?}");
    let tiny = world(seed, Family::TinyCapacity, &towns);
    assert!(tiny.trips.iter().all(|trip| trip.draft.capacity.weight_g == 5_000));
    let cancelled = world(seed, Family::Cancellations, &towns);
    assert!(!cancelled.cancellations.is_empty());
}

#[test]
fn the_index_loses_nothing_against_looking_at_every_trip() {
    let towns = Towns::new();
    let (seed, _) = seeds();
    for family in [Family::Gravity, Family::HubOnly, Family::Cancellations] {
        let world = world(seed, family, &towns);
        assert_eq!(played(&world, BestAtOnce, None), played(&world, BruteForce, None), "{family:?}");
    }
}

#[test]
fn time_to_choose_is_worth_something_and_a_play_can_be_repeated() {
    let towns = Towns::new();
    let (seed, past) = seeds();
    let (market, past) = (world(seed, Family::HubOnly, &towns), world(past, Family::HubOnly, &towns));
    let settings = Settings { acceptance: 1.0, ..Settings::default() };
    let engine = |within| Engine::new(&past, within, Manners::WILLING, &settings);
    let two_months = Some(Span::days(60));
    let first_come = played(&market, FirstCome, None);
    let at_once = played(&market, engine(None), None);
    let flexible = played(&market, engine(two_months), two_months);
    assert!(first_come.value_rub < at_once.value_rub, "{first_come:?} {at_once:?}");
    assert!(at_once.value_rub < flexible.value_rub, "{at_once:?} {flexible:?}");
    assert_eq!(played(&market, engine(two_months), two_months), flexible);
}

#[test]
fn couriers_who_decline_carry_less_and_nobody_carries_for_nothing() {
    let towns = Towns::new();
    let (seed, past) = seeds();
    let (market, past) = (world(seed, Family::HubOnly, &towns), world(past, Family::HubOnly, &towns));
    let settings = Settings { acceptance: 0.5, ..Settings::default() };
    let choosy = Manners { acceptance: 0.5, slowest: Span::minutes(10) };
    let within = Some(Span::hours(6));
    let play_with = |manners| played(&market, Engine::new(&past, within, manners, &settings), within);
    let (all, some) = (play_with(Manners::WILLING), play_with(choosy));
    assert!(some.carried > 0 && some.value_rub < all.value_rub, "{some:?} {all:?}");
}
