//! Plans that break no rule, no matter who draws them up, and are never worse than the greedy one.

use std::cmp::Ordering;

use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::dispatch::{Duty, Order, OrderDraft, Quote, Tariff, Vehicle};
use crate::market::load::Load;
use crate::place::Position;
use crate::time::Span;

const NOON: Time = Time::from_ms(1_800_000_000_000);

fn at(minutes: i64) -> Time {
    NOON + Span::minutes(minutes)
}

fn slots(slots: u32) -> Load {
    Load { weight_g: 0, volume_ml: 0, slots }
}

/// Places on a line, so many kilometres from its begin; a kilometre takes two minutes.
fn on_a_line(km: &[u32]) -> Ways {
    Ways::new(km.len(), |from, to| {
        let apart = km[from].abs_diff(km[to]);
        Way { way_m: apart * 1_000, ms: apart * 120_000 }
    })
}

fn stop(place: usize, from: i64, to: i64) -> Stop {
    Stop { place, window: Window { from: at(from), to: at(to) }, stay: Span::minutes(1) }
}

fn job(n: u128, pickup: Stop, dropoff: Stop) -> Job {
    Job { order: Uuid::from_u128(n).into(), pickup, dropoff, load: slots(1), alone: false, promised: None }
}

fn shift(n: u128, starts: usize) -> Shift {
    let window = Window { from: at(0), to: at(600) };
    Shift { courier: Uuid::from_u128(n).into(), starts, ends: None, window, capacity: slots(2), most_jobs: 9 }
}

/// Every rule, one after the other, by nothing that the plan has worked out itself but its times.
fn faults(problem: &Problem, plan: &Plan) -> Vec<String> {
    let (mut faults, mut seen) = (Vec::new(), vec![0; problem.jobs.len()]);
    let mut drivers = std::collections::BTreeSet::new();
    for route in &plan.routes {
        let shift = &problem.shifts[route.shift];
        let mut fault = |what: &str| faults.push(format!("shift {}: {what}", route.shift));
        if !drivers.insert(route.shift) {
            fault("has two routes");
        }
        let (mut place, mut now, mut aboard, mut way_m) = (shift.starts, shift.window.from, vec![], 0);
        for visit in &route.visits {
            let (stop, job) = (problem.stop(visit.call), visit.call.job());
            let way = problem.ways.get(place, stop.place);
            if aboard.is_empty() && way.way_m > problem.most_empty_m {
                fault("an empty way is too long");
            }
            if visit.arrives_at < now + Span::from_ms(i64::from(way.ms)) || visit.begins_at < visit.arrives_at
            {
                fault("nobody is so quick");
            }
            if visit.begins_at < stop.window.from || visit.begins_at > stop.window.to {
                fault("out of its window");
            }
            if visit.leaves_at < visit.begins_at + stop.stay {
                fault("does not stay");
            }
            match visit.call {
                Call::Pickup(_) => {
                    seen[job] += 1;
                    aboard.push(job);
                }
                Call::Dropoff(_) if aboard.contains(&job) => aboard.retain(|other| *other != job),
                Call::Dropoff(_) => fault("drops off what is not aboard"),
            }
            let load: u32 = aboard.iter().map(|job| problem.jobs[*job].load.slots).sum();
            if load > shift.capacity.slots {
                fault("is over its capacity");
            }
            if aboard.len() > 1 && aboard.iter().any(|job| problem.jobs[*job].alone) {
                fault("somebody is not alone");
            }
            (place, now, way_m) = (stop.place, visit.leaves_at, way_m + u64::from(way.way_m));
        }
        if !aboard.is_empty() {
            fault("ends with something aboard");
        }
        if let Some(end) = shift.ends {
            let way = problem.ways.get(place, end);
            (now, way_m) = (now + Span::from_ms(i64::from(way.ms)), way_m + u64::from(way.way_m));
        }
        if now > shift.window.to || route.ends_at != now {
            fault("ends too late, or not when it says");
        }
        if way_m != route.way_m || route.empty_m > route.way_m {
            fault("counts its way wrongly");
        }
        if route.jobs() > shift.most_jobs {
            fault("has too many jobs");
        }
    }
    for (job, times) in seen.iter().enumerate() {
        let is_left = plan.left.iter().any(|(left, _)| *left == job);
        if times + usize::from(is_left) != 1 {
            faults.push(format!("job {job} is driven {times} times, and left: {is_left}"));
        }
    }
    faults
}

/// A solver that says whatever it was made with.
struct Oracle(Result<Calls, String>);

impl Solver for Oracle {
    fn solve(&self, _: &Problem, _: Aim) -> Result<Calls, String> {
        self.0.clone()
    }
}

#[test]
fn two_parcels_on_one_way_ride_together_and_two_people_do_not() {
    let ways = on_a_line(&[0, 2, 3, 8, 9]);
    let jobs = vec![job(1, stop(1, 0, 300), stop(3, 0, 300)), job(2, stop(2, 0, 300), stop(4, 0, 300))];
    let problem = Problem { ways, jobs, shifts: vec![shift(10, 0)], most_empty_m: 20_000 };
    let (plan, _) = draw_up(&problem, &Settings::default(), Aim::Way, None);
    assert_eq!(faults(&problem, &plan), Vec::<String>::new());
    assert_eq!((plan.figures().left, plan.figures().way_m), (0, 9_000), "straight on: {plan:?}");

    let mut alone = problem.clone();
    alone.jobs.iter_mut().for_each(|job| job.alone = true);
    let (plan, _) = draw_up(&alone, &Settings::default(), Aim::Way, None);
    assert_eq!(faults(&alone, &plan), Vec::<String>::new());
    assert_eq!((plan.figures().left, plan.figures().way_m), (0, 8_000 + 5_000 + 6_000), "{plan:?}");
}

#[test]
fn what_nobody_drives_says_why() {
    let ways = on_a_line(&[0, 2, 8, 100, 101]);
    let mut jobs = vec![
        job(1, stop(1, 0, 300), stop(2, 0, 300)),
        job(2, stop(1, 0, 300), stop(2, 0, 300)),
        job(3, stop(1, 0, 300), stop(2, 0, 3)),
        job(4, stop(3, 0, 590), stop(4, 0, 590)),
    ];
    jobs[1].load = slots(3);
    let mut problem = Problem { ways, jobs, shifts: vec![shift(10, 0)], most_empty_m: 20_000 };
    problem.shifts[0].most_jobs = 1;
    let (plan, _) = draw_up(&problem, &Settings::default(), Aim::Way, None);
    assert_eq!(plan.left, [(1, Left::NoRoom), (2, Left::NoTime), (3, Left::NobodyFree)]);
    let assignments = plan.assignments(&problem);
    assert_eq!(assignments.len(), 1);
    assert_eq!((assignments[0].order, assignments[0].before), (problem.jobs[0].order, 0));
    assert_eq!((assignments[0].pickup_at, assignments[0].done_at), (at(4), at(4 + 1 + 12 + 1)));
}

#[test]
fn the_greedy_rule_spreads_orders_and_takes_the_nearest() {
    // Two couriers, 1 km and 3 km away, and two orders of one time: each gets one.
    let ways = on_a_line(&[1, 3, 0, 5]);
    let jobs = vec![job(1, stop(2, 30, 40), stop(3, 30, 90)), job(2, stop(2, 30, 40), stop(3, 30, 90))];
    let problem = Problem { ways, jobs, shifts: vec![shift(10, 0), shift(11, 1)], most_empty_m: 20_000 };
    let calls = greedy::calls(&problem, &Settings::default());
    assert_eq!(calls[0], [Call::Pickup(0), Call::Dropoff(0)]);
    assert_eq!(calls[1], [Call::Pickup(1), Call::Dropoff(1)]);
}

/// What is told of a plan's jobs is what the rule has weighed, also of a plan by somebody else.
#[test]
fn every_job_of_a_plan_says_what_it_costs() {
    // 2 km to the first one, which waits 26 minutes for its time; 2 km back to the second, at once.
    let ways = on_a_line(&[0, 2, 4]);
    let jobs = vec![job(1, stop(1, 30, 40), stop(2, 0, 300)), job(2, stop(1, 0, 300), stop(2, 0, 300))];
    let problem = Problem { ways, jobs, shifts: vec![shift(10, 0)], most_empty_m: 20_000 };
    let settings = Settings::default();
    let calls = [Call::Pickup(0), Call::Dropoff(0), Call::Pickup(1), Call::Dropoff(1)];
    let route = timing::drive(&problem, 0, &calls).unwrap();
    let costs = |route: &Route, fewest| {
        let burdens = greedy::burdens(&problem, route, fewest).into_iter();
        burdens.map(|(job, burden)| (job, burden.cost(&settings))).collect::<Vec<_>>()
    };
    let others = costs(&route, 1);
    let together = [Call::Pickup(0), Call::Pickup(1), Call::Dropoff(0), Call::Dropoff(1)];
    let shared = costs(&timing::drive(&problem, 0, &together).unwrap(), 0);
    let costs = costs(&route, 0);
    assert_eq!(costs.iter().map(|(job, _)| *job).collect::<Vec<_>>(), [0, 1]);
    let near = |a: f64, b: f64| assert!((a - b).abs() < 1e-9, "{a} {b}: {costs:?}");
    near(costs[0].1.gap, settings.w_eta * 26.0 / 120.0);
    near(costs[0].1.deadhead, settings.w_deadhead * 2.0 / 20.0);
    near(costs[0].1.fairness, 0.0);
    near(costs[1].1.gap, 0.0);
    near(costs[1].1.deadhead, settings.w_deadhead * 2.0 / 20.0);
    near(costs[1].1.fairness, settings.w_fairness * 0.5);
    near(others[1].1.fairness, 0.0);
    // Together: the second one has no empty way.
    near(shared[1].1.deadhead, 0.0);
}

#[test]
fn a_solver_that_is_wrong_does_no_harm() {
    let ways = on_a_line(&[0, 2, 3, 8, 9]);
    let jobs = vec![job(1, stop(1, 0, 300), stop(3, 0, 300)), job(2, stop(2, 0, 300), stop(4, 0, 300))];
    let shifts = vec![shift(10, 0), shift(11, 4)];
    let problem = Problem { ways, jobs, shifts, most_empty_m: 20_000 };
    let (expected, _) = draw_up(&problem, &Settings::default(), Aim::Way, None);
    let wrong: [Result<Calls, String>; 6] = [
        Ok(vec![]),
        Ok(vec![vec![Call::Dropoff(0), Call::Pickup(0)]]),
        Ok(vec![vec![Call::Pickup(0), Call::Pickup(1)], vec![Call::Pickup(0), Call::Dropoff(0)]]),
        Ok(vec![vec![Call::Pickup(77), Call::Dropoff(77)]]),
        Ok(vec![vec![]; 50]),
        Err("out of memory".to_owned()),
    ];
    for calls in wrong {
        let oracle = Oracle(calls.clone());
        let (plan, why) = draw_up(&problem, &Settings::default(), Aim::Way, Some(&oracle));
        assert_eq!(faults(&problem, &plan), Vec::<String>::new(), "{calls:?}");
        assert_ne!(plan.figures().compare(&expected.figures(), Aim::Way), Ordering::Greater, "{calls:?}");
        assert_eq!(why, calls.err());
    }
}

/// Who drives a job, by the number of the shift.
fn driven_by(plan: &Plan, job: usize) -> Option<usize> {
    let route =
        plan.routes.iter().find(|route| route.visits.iter().any(|visit| visit.call == Call::Pickup(job)));
    route.map(|route| route.shift)
}

/// Every way to a plan: by hand, by insertion, the best of both, and out of somebody's stops.
fn every_plan(problem: &Problem, calls: &Calls) -> [Plan; 4] {
    let settings = Settings::default();
    [
        Plan::of(problem, &greedy::calls(problem, &settings), By::Greedy),
        Plan::of(problem, &insertion::calls(problem, Aim::Way), By::Insertion),
        draw_up(problem, &settings, Aim::Way, None).0,
        Plan::adopt(problem, calls, Aim::Way, By::Solver),
    ]
}

#[test]
fn what_somebody_was_promised_nobody_else_drives() {
    let far = Uuid::from_u128(11).into();
    let jobs = vec![
        Job { promised: Some(far), ..job(1, stop(0, 10, 20), stop(1, 10, 60)) },
        job(2, stop(1, 10, 20), stop(0, 10, 60)),
    ];
    let ways = on_a_line(&[0, 1]);
    let problem = Problem { ways, jobs, shifts: vec![shift(10, 0), shift(11, 1)], most_empty_m: 20_000 };
    let swapped = vec![vec![Call::Pickup(0), Call::Dropoff(0)], vec![Call::Pickup(1), Call::Dropoff(1)]];
    for plan in every_plan(&problem, &swapped) {
        assert_eq!(driven_by(&plan, 0), Some(1), "{plan:?}");
        assert_eq!((plan.left.len(), faults(&problem, &plan)), (0, Vec::new()), "{plan:?}");
    }
}

#[test]
fn a_promise_is_not_given_up_for_two_other_orders() {
    let whose = |promised, job| Job { promised, alone: true, ..job };
    let jobs = vec![
        whose(Some(Uuid::from_u128(10).into()), job(1, stop(0, 10, 12), stop(1, 10, 100))),
        whose(None, job(2, stop(0, 15, 17), stop(0, 15, 100))),
        whose(None, job(3, stop(0, 20, 22), stop(0, 20, 100))),
    ];
    let ways = on_a_line(&[0, 20]);
    let mut problem = Problem { ways, jobs, shifts: vec![shift(10, 0)], most_empty_m: 20_000 };
    let others = vec![vec![Call::Pickup(1), Call::Dropoff(1), Call::Pickup(2), Call::Dropoff(2)]];
    for plan in every_plan(&problem, &others) {
        assert_eq!((driven_by(&plan, 0), plan.figures().broken), (Some(0), 0), "{plan:?}");
        assert_eq!(plan.left, [(1, Left::NobodyFree), (2, Left::NobodyFree)]);
    }
    // What its courier cannot drive is said, and keeps nobody from driving the rest.
    problem.jobs[0].pickup = stop(1, 0, 10);
    for plan in every_plan(&problem, &others) {
        assert_eq!(plan.left, [(0, Left::Promised)], "{plan:?}");
    }
}

#[test]
fn what_cannot_be_planned_is_refused() {
    let whole = Problem {
        ways: on_a_line(&[0, 1]),
        jobs: vec![job(1, stop(0, 0, 10), stop(1, 0, 10))],
        shifts: vec![shift(10, 0)],
        most_empty_m: 1,
    };
    assert_eq!(whole.check(), Ok(()));
    let broken = |change: fn(&mut Problem)| {
        let mut problem = whole.clone();
        change(&mut problem);
        problem.check().is_err()
    };
    assert!(broken(|problem| problem.jobs = vec![problem.jobs[0]; problem::MAX_JOBS + 1]));
    assert!(broken(|problem| problem.shifts = vec![problem.shifts[0]; problem::MAX_SHIFTS + 1]));
    assert!(broken(|problem| problem.jobs[0].dropoff.place = 2));
    assert!(broken(|problem| problem.shifts[0].ends = Some(9)));
    assert!(broken(|problem| problem.jobs[0].pickup.window.to = at(-1)));
}

#[test]
fn a_day_in_town_keeps_its_times() {
    let north = |km: f64| Position { lat: 55.75 + km / 111.195, lon: 37.62 };
    let end = |position| crate::dispatch::order::OrderEnd {
        title: "there".to_owned(),
        object_name: String::new(),
        position,
    };
    let order = |n: u128, minutes: i64| {
        let draft = OrderDraft {
            pickup: end(north(1.0)),
            dropoff: end(north(6.0)),
            pickup_at: Some(at(minutes)),
            cargo: crate::dispatch::order::Cargo::Passenger,
            extras: crate::dispatch::price::Extras::default(),
            note: String::new(),
            region: None,
            ride: crate::dispatch::price::Ride { way_m: 6_500, ride_s: 780 },
        };
        let local = crate::dispatch::price::LocalHour { hour: 12, weekend: false };
        let quote = Quote::new(Tariff::default(), draft.extras.clone(), draft.ride, local, 100).unwrap();
        Order::place(Uuid::from_u128(n).into(), Uuid::from_u128(1).into(), draft, quote, NOON).unwrap()
    };
    // 5 km of great circle are 6.5 km: 13 min of way and 7 min of boarding. So the second one, 20 min later,
    // has to be somebody else's: the way back alone takes 13 min, and a courier may be 10 min late.
    let (first, second) = (order(7, 120), order(8, 140));
    let vehicle = Vehicle { car_model: "a".to_owned(), plate_number: "b".to_owned(), capacity: slots(4) };
    let duty = |n: u128| {
        Duty::begin(Uuid::from_u128(n).into(), vehicle.clone(), Uuid::from_u128(50).into(), NOON).unwrap()
    };
    let (ivan, olga) = (duty(20), duty(21));
    let hand = |duty| town::Hand { duty, window: Window { from: at(0), to: at(480) }, most_jobs: 10 };
    let hands = [hand(&ivan), hand(&olga)];
    let settings = Settings::default();
    let problem = |hands: &[town::Hand<'_>]| {
        let positions = vec![north(0.0); hands.len()];
        town::problem(&[&first, &second], hands, &positions, &settings, NOON)
    };
    let two = problem(&hands);
    assert_eq!(two.check(), Ok(()));
    let (plan, _) = draw_up(&two, &settings, Aim::Way, None);
    assert_eq!(faults(&two, &plan), Vec::<String>::new());
    assert_eq!((plan.left.len(), plan.routes.len()), (0, 2));
    let one = problem(&hands[..1]);
    let (plan, _) = draw_up(&one, &settings, Aim::Way, None);
    assert_eq!(plan.left.len(), 1, "{plan:?}");
    assert_eq!(plan.assignments(&one)[0].pickup_at, at(120), "not sooner than it was wanted");
}

/// The least that the way grows by, by trying every pair of places.
fn brute_force(problem: &Problem, calls: &[Call], job: usize) -> Option<i64> {
    let before = timing::drive(problem, 0, calls)?.way_m;
    let mut least = None;
    for boards in 0..=calls.len() {
        for alights in boards..=calls.len() {
            let mut with = calls.to_vec();
            with.insert(alights, Call::Dropoff(job));
            with.insert(boards, Call::Pickup(job));
            if let Some(route) = timing::drive(problem, 0, &with) {
                let added = i64::try_from(route.way_m).unwrap() - i64::try_from(before).unwrap();
                least = Some(least.map_or(added, |known: i64| known.min(added)));
            }
        }
    }
    least
}

prop_compose! {
    fn problems()(
        km in prop::collection::vec(0_u32..30, 14),
        jobs in prop::collection::vec((0_usize..14, 0_usize..14, 0_i64..300, 5_i64..90, 1_u32..4, any::<bool>()), 0..7),
        shifts in prop::collection::vec((0_usize..14, prop::option::of(0_usize..14), 1_u32..4, 1_usize..6), 0..4),
        most_empty_km in 3_u32..40,
    ) -> Problem {
        let jobs = jobs.into_iter().zip(1..).map(|((from, to, at, patience, load, alone), n)| Job {
            load: slots(load),
            alone,
            ..job(n, stop(from, at, at + patience), stop(to, at, at + 3 * patience))
        });
        let shifts = shifts.into_iter().zip(100..).map(|((starts, ends, room, most_jobs), n)| Shift {
            ends,
            capacity: slots(room),
            most_jobs,
            ..shift(n, starts)
        });
        let (jobs, shifts) = (jobs.collect(), shifts.collect());
        Problem { ways: on_a_line(&km), jobs, shifts, most_empty_m: most_empty_km * 1_000 }
    }
}

proptest! {
    #[test]
    fn no_plan_breaks_a_rule_and_none_is_worse_than_the_greedy_one(
        problem in problems(),
        said in prop::collection::vec(prop::collection::vec((0_usize..8, any::<bool>()), 0..8), 0..5),
        saves_couriers in any::<bool>(),
    ) {
        prop_assert_eq!(problem.check(), Ok(()));
        let aim = if saves_couriers { Aim::Couriers } else { Aim::Way };
        let settings = Settings::default();
        let greedy = Plan::of(&problem, &greedy::calls(&problem, &settings), By::Greedy);
        let inserted = Plan::of(&problem, &insertion::calls(&problem, aim), By::Insertion);
        let call = |(job, boards): (usize, bool)| if boards { Call::Pickup(job) } else { Call::Dropoff(job) };
        let said: Calls = said.into_iter().map(|calls| calls.into_iter().map(call).collect()).collect();
        let adopted = Plan::adopt(&problem, &said, aim, By::Solver);
        let (best, _) = draw_up(&problem, &settings, aim, Some(&Oracle(Ok(said))));
        for plan in [&greedy, &inserted, &adopted, &best] {
            prop_assert_eq!(faults(&problem, plan), Vec::<String>::new(), "{:?}", plan);
            prop_assert_ne!(best.figures().compare(&plan.figures(), aim), Ordering::Greater);
            prop_assert_eq!(plan.assignments(&problem).len() + plan.left.len(), problem.jobs.len());
        }
    }

    #[test]
    fn insertion_is_what_trying_everything_comes_to(mut problem in problems()) {
        problem.shifts.truncate(1);
        if problem.shifts.is_empty() {
            return Ok(());
        }
        let mut calls = Vec::new();
        for job in 0..problem.jobs.len() {
            let found = insertion::insert(&problem, 0, &calls, job);
            prop_assert_eq!(found.as_ref().map(|found| found.added_m), brute_force(&problem, &calls, job));
            if let Some(found) = found {
                calls = found.calls;
                prop_assert!(timing::drive(&problem, 0, &calls).is_some());
            }
        }
    }
}
