//! Policies of the dispatch in a small town.

use peerpack_actors::dispatch::{DutyState, OrderPhase};
use peerpack_quality::dispatch::day::{Day, Scenario};
use peerpack_quality::dispatch::figures::Figures;
use peerpack_quality::dispatch::judge::judge;
use peerpack_quality::dispatch::play::play;
use peerpack_quality::dispatch::policy::Policy;
use peerpack_quality::dispatch::town::Town;
use peerpack_quality::seed::Training;

/// An afternoon with as many rides as the couriers can just drive.
const BUSY: Scenario = Scenario { couriers: 60, rides_per_hour: 240, from_s: 61_200, hours: 2 };

fn seed() -> Training {
    Training::first(1).next().expect("the first")
}

fn figures(scenario: Scenario, policies: &[Policy]) -> Vec<Figures> {
    let town = Town::grid(6).expect("a town, and a play");
    let mut sums: Vec<Vec<Figures>> = vec![Vec::new(); policies.len()];
    for seed in Training::first(3) {
        let played = judge(seed, scenario, &town, policies, None).expect("a town, and a play");
        for (sum, (_, figures)) in sums.iter_mut().zip(played.figures) {
            sum.push(figures);
        }
    }
    let mean = |of: fn(&Figures) -> f64, all: &[Figures]| all.iter().map(of).sum::<f64>() / all.len() as f64;
    let one = |all: &Vec<Figures>| Figures {
        share: mean(|one| one.share, all),
        wait_mean_s: mean(|one| one.wait_mean_s, all),
        empty_km: mean(|one| one.empty_km, all),
        gini_income: mean(|one| one.gini_income, all),
        gini_rides: mean(|one| one.gini_rides, all),
        ..all[0]
    };
    sums.iter().map(one).collect()
}

#[test]
fn a_seed_always_makes_the_same_afternoon_and_a_play_can_be_repeated() {
    let town = Town::grid(6).unwrap();
    let (day, again) =
        (Day::generate(seed(), BUSY, &town).unwrap(), Day::generate(seed(), BUSY, &town).unwrap());
    assert_eq!((&day.wishes, &day.couriers), (&again.wishes, &again.couriers));
    assert!(day.wishes.windows(2).all(|pair| pair[0].at <= pair[1].at));
    let wanted = f64::from(BUSY.rides_per_hour) * 2.0;
    assert!((day.wishes.len() as f64 - wanted).abs() < 4.0 * wanted.sqrt(), "{}", day.wishes.len());
    for policy in [Policy::Scored, Policy::Batches(2_000)] {
        let played = || play(&day, &town, policy.settings(24.0)).unwrap().1.figures(2);
        assert_eq!(played(), played(), "{policy:?}");
    }
}

#[test]
fn every_order_ends_and_everybody_is_free_in_the_end() {
    let town = Town::grid(6).unwrap();
    let day = Day::generate(seed(), BUSY, &town).unwrap();
    for policy in Policy::ALL {
        let (desk, ledger) = play(&day, &town, policy.settings(24.0)).unwrap();
        for courier in 0..day.couriers.len() {
            assert_eq!(desk.duty(courier).state, DutyState::Idle, "{policy:?}");
        }
        assert_eq!(desk.free(), day.couriers.len());
        for order in 0..day.wishes.len() {
            let phase = desk.order(order).state.phase();
            assert!(matches!(phase, OrderPhase::Completed | OrderPhase::Cancelled), "{policy:?} {phase:?}");
        }
        let figures = ledger.figures(BUSY.hours);
        assert!(figures.served > figures.wishes / 2, "{policy:?} {figures:?}");
        assert!(figures.offers >= 1.0 && figures.wait_p95_s >= figures.wait_mean_s, "{policy:?} {figures:?}");
    }
}

#[test]
fn fairness_costs_way_and_gives_couriers_the_same() {
    let all = figures(BUSY, &[Policy::Nearest, Policy::Simple, Policy::Scored]);
    let [nearest, simple, scored] = all.as_slice() else { unreachable!("three policies") };
    assert!(nearest.empty_km < simple.empty_km, "{nearest:?} {simple:?}");
    assert!(simple.gini_rides < nearest.gini_rides, "{simple:?} {nearest:?}");
    assert!(scored.empty_km < simple.empty_km, "{scored:?} {simple:?}");
    assert!(scored.gini_rides < nearest.gini_rides, "{scored:?} {nearest:?}");
}

#[test]
fn with_couriers_enough_nearly_everybody_is_served_and_with_too_few_nobody_invents_any() {
    let town = Town::grid(6).unwrap();
    for policy in [Policy::Nearest, Policy::Batches(2_000)] {
        let served = |rides_per_hour| {
            let scenario = Scenario { couriers: 20, rides_per_hour, hours: 1, ..BUSY };
            judge(seed(), scenario, &town, &[policy], None).unwrap().figures[0].1
        };
        let (quiet, crowded) = (served(20), served(240));
        assert!(quiet.share > 0.8, "{policy:?} {quiet:?}");
        assert!(crowded.share < 0.6, "{policy:?} {crowded:?}");
        assert!(quiet.wait_mean_s < crowded.wait_mean_s, "{policy:?}");
    }
}
