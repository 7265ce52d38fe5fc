//! Insertion: a job gets in where it makes the way longer by least, and nothing else is moved.

use super::timing::Driver;
use super::{Aim, Call, Calls, Problem};

/// Where a job goes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Found {
    /// The stops with it.
    pub calls: Vec<Call>,
    /// By how much the way grows, in metres; less than nothing if the ways are no triangles.
    pub added_m: i64,
}

/// The cheapest way to put a job into a route, of all there are; the first one of equals. `None` if there is
/// none that breaks no rule.
#[must_use]
pub fn insert(problem: &Problem, shift: usize, calls: &[Call], job: usize) -> Option<Found> {
    let (pickup, dropoff) = (Call::Pickup(job), Call::Dropoff(job));
    let place = |call: Call| problem.stop(call).place;
    let (on, off) = (place(pickup), place(dropoff));
    let way = |from: usize, to: Option<usize>| to.map_or(0, |to| i64::from(problem.ways.get(from, to).way_m));
    let after = |n: usize| calls.get(n).map_or(problem.shifts[shift].ends, |call| Some(place(*call)));
    let mut best: Option<(i64, usize, usize)> = None;
    let mut before = Driver::new(problem, shift);
    for boards in 0..=calls.len() {
        // From here on the courier comes later and later.
        if before.now() > problem.stop(pickup).window.to {
            break;
        }
        let (from, next) = (before.place(), after(boards));
        let mut riding = before.clone();
        if riding.call(pickup).is_some() {
            for alights in boards..=calls.len() {
                let added_m = if alights == boards {
                    way(from, Some(on)) + way(on, Some(off)) + way(off, next) - way(from, next)
                } else {
                    let last = place(calls[alights - 1]);
                    way(from, Some(on)) + way(on, next) - way(from, next)
                        + way(last, Some(off))
                        + way(off, after(alights))
                        - way(last, after(alights))
                };
                if best.is_none_or(|(least, _, _)| added_m < least) {
                    let mut rest = riding.clone();
                    let goes_on = rest.call(dropoff).is_some()
                        && calls[alights..].iter().all(|call| rest.call(*call).is_some())
                        && rest.end().is_some();
                    if goes_on {
                        best = Some((added_m, boards, alights));
                    }
                }
                // With the job aboard, this stop cannot be made: nor can any later one.
                match calls.get(alights) {
                    Some(call) if riding.call(*call).is_some() => {}
                    _ => break,
                }
            }
        }
        match calls.get(boards) {
            Some(call) if before.call(*call).is_some() => {}
            _ => break,
        }
    }
    let (added_m, boards, alights) = best?;
    let mut calls = calls.to_vec();
    calls.insert(alights, dropoff);
    calls.insert(boards, pickup);
    Some(Found { calls, added_m })
}

/// Inserts all jobs, in the order in which their pickups may begin; first those that were promised.
#[must_use]
pub fn calls(problem: &Problem, aim: Aim) -> Calls {
    let mut calls = promised(problem, aim);
    let mut taken = vec![false; problem.jobs.len()];
    calls.iter().flatten().for_each(|call| taken[call.job()] = true);
    insert_rest(problem, &mut calls, &mut taken, aim);
    calls
}

/// Inserts what couriers were promised, and nothing else: what comes later does not push it out.
pub(super) fn promised(problem: &Problem, aim: Aim) -> Calls {
    let mut calls = vec![Vec::new(); problem.shifts.len()];
    let mut taken: Vec<bool> = problem.jobs.iter().map(|job| job.promised.is_none()).collect();
    insert_rest(problem, &mut calls, &mut taken, aim);
    calls
}

/// Inserts the jobs that are not taken, in the order in which their pickups may begin.
pub(super) fn insert_rest(problem: &Problem, calls: &mut Calls, taken: &mut [bool], aim: Aim) {
    let mut rest: Vec<usize> = (0..problem.jobs.len()).filter(|job| !taken[*job]).collect();
    rest.sort_by_key(|job| {
        (problem.jobs[*job].pickup.window.from, problem.jobs[*job].pickup.window.to, *job)
    });
    for job in rest {
        let try_shift = |calls: &Calls, shift: usize| {
            let found = insert(problem, shift, &calls[shift], job)?;
            Some((found.added_m, shift, found.calls))
        };
        let cheapest = |calls: &Calls, is_asked: &dyn Fn(&[Call]) -> bool| {
            let asked = (0..calls.len()).filter(|shift| is_asked(&calls[*shift]));
            let found = asked.filter_map(|shift| try_shift(calls, shift));
            found.min_by_key(|(added_m, shift, _)| (*added_m, *shift))
        };
        let found = match aim {
            Aim::Way => cheapest(calls, &|_| true),
            // Somebody new drives only what nobody else can.
            Aim::Couriers => cheapest(calls, &|calls| !calls.is_empty())
                .or_else(|| cheapest(calls, &|calls: &[Call]| calls.is_empty())),
        };
        if let Some((_, shift, with)) = found {
            calls[shift] = with;
            taken[job] = true;
        }
    }
}
