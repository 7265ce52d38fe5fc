//! The greedy rule: orders by their time, each to the courier for whom it comes best after what they have
//! already. It is what a dispatcher would do by hand, the fallback where there is no solver, and what a plan
//! is never worse than.

use super::timing::Driver;
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

/// The stops of each shift. Every job is driven straight from its pickup to its end, after all jobs before.
#[must_use]
pub fn calls(problem: &Problem, settings: &Settings) -> Calls {
    let mut calls: Calls = vec![Vec::new(); problem.shifts.len()];
    let mut drivers: Vec<Driver<'_>> =
        (0..problem.shifts.len()).map(|shift| Driver::new(problem, shift)).collect();
    let mut jobs: Vec<usize> = (0..problem.jobs.len()).collect();
    jobs.sort_by_key(|job| {
        (problem.jobs[*job].pickup.window.from, problem.jobs[*job].pickup.window.to, *job)
    });
    for job in jobs {
        let fewest = calls.iter().map(Vec::len).min().unwrap_or(0) / 2;
        let mut best: Option<(f64, usize, Driver<'_>)> = None;
        for (shift, driver) in drivers.iter().enumerate() {
            let mut with = driver.clone();
            let (from, free_at) = (driver.place(), driver.now());
            let Some(pickup) = with.call(Call::Pickup(job)) else { continue };
            if with.call(Call::Dropoff(job)).is_none() || with.clone().end().is_none() {
                continue;
            }
            let way = problem.ways.get(from, problem.jobs[job].pickup.place);
            let gap_ms = pickup.begins_at.since(free_at).ms() - i64::from(way.ms);
            let excess = (calls[shift].len() / 2 - fewest) as f64;
            let cost = Cost {
                gap: settings.w_eta * (gap_ms as f64 / WHOLE_GAP_MS).min(1.0),
                deadhead: settings.w_deadhead * (f64::from(way.way_m) / WHOLE_WAY_M).min(1.0),
                fairness: settings.w_fairness * (excess / WHOLE_EXCESS).min(1.0),
            };
            if best.as_ref().is_none_or(|(least, _, _)| cost.total() < *least) {
                best = Some((cost.total(), shift, with));
            }
        }
        if let Some((_, shift, driver)) = best {
            calls[shift].extend([Call::Pickup(job), Call::Dropoff(job)]);
            drivers[shift] = driver;
        }
    }
    calls
}
