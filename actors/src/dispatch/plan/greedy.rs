//! The greedy rule: orders by their time, each to the courier for whom it comes best after what they have
//! already. It is what a dispatcher would do by hand, the fallback where there is no solver, and what a plan
//! is never worse than.

use super::timing::{Driver, Route};
use super::{Call, Calls, Problem};
use crate::dispatch::settings::Settings;

/// The gap that its weight is for, in milliseconds: two hours.
const WHOLE_GAP_MS: f64 = 7_200_000.0;

/// The way that its weight is for, in metres.
const WHOLE_WAY_M: f64 = 20_000.0;

/// So many jobs more than the courier with the fewest are as unfair as it gets.
const WHOLE_EXCESS: f64 = 2.0;

/// What it costs to give a courier one more job.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Cost {
    /// The time between the end of the last job and this pickup, beyond the way.
    pub gap: f64,
    /// The empty way.
    pub deadhead: f64,
    /// Jobs above those of the courier with the fewest.
    pub fairness: f64,
}

impl Cost {
    /// All of it.
    #[must_use]
    pub fn total(self) -> f64 {
        self.gap + self.deadhead + self.fairness
    }
}

/// What is weighed of giving a courier one more job.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Burden {
    /// How long after what was before the pickup is, without the way, in milliseconds.
    pub gap_ms: i64,
    /// The empty way, in metres.
    pub empty_m: u32,
    /// How many jobs the courier has before it.
    pub jobs: usize,
    /// How many of these are more than the courier with the fewest has.
    pub excess: usize,
}

impl Burden {
    /// Its parts before they are weighed, each 0 to 1.
    #[must_use]
    pub fn parts(self) -> Cost {
        Cost {
            gap: (self.gap_ms as f64 / WHOLE_GAP_MS).min(1.0),
            deadhead: (f64::from(self.empty_m) / WHOLE_WAY_M).min(1.0),
            fairness: (self.excess as f64 / WHOLE_EXCESS).min(1.0),
        }
    }

    /// What it costs.
    #[must_use]
    pub fn cost(self, settings: &Settings) -> Cost {
        let Cost { gap, deadhead, fairness } = self.parts();
        Cost {
            gap: settings.w_eta * gap,
            deadhead: settings.w_deadhead * deadhead,
            fairness: settings.w_fairness * fairness,
        }
    }
}

/// What each job of a route is weighed by in this rule, wherever the route comes from: the numbers of its
/// jobs, in the order of their pickups. `fewest` is how many jobs the courier with the fewest has. What rides
/// together with others has no empty way.
#[must_use]
pub fn burdens(problem: &Problem, route: &Route, fewest: usize) -> Vec<(usize, Burden)> {
    let mut driver = Driver::new(problem, route.shift);
    let (mut burdens, mut aboard) = (Vec::new(), 0_usize);
    for visit in &route.visits {
        let (from, free_at) = (driver.place(), driver.now());
        if driver.call(visit.call).is_none() {
            break;
        }
        let Call::Pickup(job) = visit.call else {
            aboard -= 1;
            continue;
        };
        let way = problem.ways.get(from, problem.jobs[job].pickup.place);
        let gap_ms = visit.begins_at.since(free_at).ms() - i64::from(way.ms);
        let empty_m = if aboard == 0 { way.way_m } else { 0 };
        let jobs = burdens.len();
        burdens.push((job, Burden { gap_ms, empty_m, jobs, excess: jobs.saturating_sub(fewest) }));
        aboard += 1;
    }
    burdens
}

/// What each courier was promised and can drive one after the other, by the numbers of shifts; `jobs` are in
/// the order of their pickups.
fn promised(problem: &Problem, jobs: &[usize]) -> Vec<Vec<usize>> {
    let mut ahead = vec![Vec::new(); problem.shifts.len()];
    for (shift, own) in ahead.iter_mut().enumerate() {
        let courier = Some(problem.shifts[shift].courier);
        let mut driver = Driver::new(problem, shift);
        for job in jobs.iter().filter(|job| problem.jobs[**job].promised == courier) {
            let mut with = driver.clone();
            let drives = with.call(Call::Pickup(*job)).is_some() && with.call(Call::Dropoff(*job)).is_some();
            if drives && with.clone().end().is_some() {
                own.push(*job);
                driver = with;
            }
        }
    }
    ahead
}

/// Whether a courier can still drive what was promised, and then end.
fn keeps(driver: &Driver<'_>, ahead: impl Iterator<Item = usize>) -> bool {
    let mut rest = driver.clone();
    let mut calls = ahead.flat_map(|job| [Call::Pickup(job), Call::Dropoff(job)]);
    calls.all(|call| rest.call(call).is_some()) && rest.end().is_some()
}

/// The stops of each shift. Every job is driven straight from its pickup to its end, after all jobs before,
/// and only if its courier can still drive what was promised.
#[must_use]
pub fn calls(problem: &Problem, settings: &Settings) -> Calls {
    let mut calls: Calls = vec![Vec::new(); problem.shifts.len()];
    let mut drivers: Vec<Driver<'_>> =
        (0..problem.shifts.len()).map(|shift| Driver::new(problem, shift)).collect();
    let mut jobs: Vec<usize> = (0..problem.jobs.len()).collect();
    jobs.sort_by_key(|job| {
        (problem.jobs[*job].pickup.window.from, problem.jobs[*job].pickup.window.to, *job)
    });
    let mut ahead = promised(problem, &jobs);
    for job in jobs {
        let fewest = calls.iter().map(Vec::len).min().unwrap_or(0) / 2;
        let mut best: Option<(f64, usize, Driver<'_>)> = None;
        for (shift, driver) in drivers.iter().enumerate() {
            let mut with = driver.clone();
            let (from, free_at) = (driver.place(), driver.now());
            let Some(pickup) = with.call(Call::Pickup(job)) else { continue };
            let others = ahead[shift].iter().copied().filter(|own| *own != job);
            if with.call(Call::Dropoff(job)).is_none() || !keeps(&with, others) {
                continue;
            }
            let way = problem.ways.get(from, problem.jobs[job].pickup.place);
            let gap_ms = pickup.begins_at.since(free_at).ms() - i64::from(way.ms);
            let jobs = calls[shift].len() / 2;
            let burden = Burden { gap_ms, empty_m: way.way_m, jobs, excess: jobs - fewest };
            let cost = burden.cost(settings);
            if best.as_ref().is_none_or(|(least, _, _)| cost.total() < *least) {
                best = Some((cost.total(), shift, with));
            }
        }
        if let Some((_, shift, driver)) = best {
            calls[shift].extend([Call::Pickup(job), Call::Dropoff(job)]);
            drivers[shift] = driver;
            ahead[shift].retain(|own| *own != job);
        }
    }
    calls
}
