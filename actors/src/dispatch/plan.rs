//! The plan of a day: which courier drives which orders, in which order and when, before the day begins.
//!
//! Pure data in and out. [`Problem`] says what is to be driven and by whom; [`draw_up`] makes the [`Plan`],
//! out of the greedy rule ([`greedy`]), of insertion ([`insertion`]) and of what a [`Solver`] finds, if there
//! is one. Of a solver only the order of the stops is believed: when each of them is reached, and whether it
//! is in time, is worked out here ([`timing`]). So no plan breaks a rule, and none is worse than the greedy
//! one.

pub mod greedy;
pub mod insertion;
mod problem;
pub mod timing;
pub mod town;

use std::cmp::Ordering;

pub use problem::{Job, MAX_JOBS, MAX_SHIFTS, Problem, Shift, Stop, Way, Ways, Window};
pub use timing::{Route, Visit};

use super::settings::Settings;
use crate::ids::{OrderId, UserId};
use crate::time::Time;

/// A stop that a courier makes: the number of its job, and which end of it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Call {
    /// Something or somebody gets in.
    Pickup(usize),
    /// It gets out.
    Dropoff(usize),
}

impl Call {
    /// The number of the job.
    #[must_use]
    pub const fn job(self) -> usize {
        match self {
            Self::Pickup(job) | Self::Dropoff(job) => job,
        }
    }
}

/// The stops of each shift, by the number of the shift.
pub type Calls = Vec<Vec<Call>>;

/// What a plan is to save, once it carries as many jobs as it can.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Aim {
    /// The way that is driven.
    #[default]
    Way,
    /// Couriers, and then the way.
    Couriers,
}

/// Where a plan comes from.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum By {
    /// The greedy rule.
    Greedy,
    /// Insertion of one job after the other.
    Insertion,
    /// The library that looks for a better plan.
    Solver,
}

impl By {
    /// The word for it, on the wire too.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Greedy => "greedy",
            Self::Insertion => "insertion",
            Self::Solver => "solver",
        }
    }
}

/// Why nobody drives a job.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Left {
    /// No vehicle has room for it.
    NoRoom,
    /// Nobody works then, or it cannot be driven in its time.
    NoTime,
    /// Everybody who could drive it is with other orders, or too far away.
    NobodyFree,
    /// Its courier was promised it, and cannot drive it in its time.
    Promised,
}

impl Left {
    /// The reason as a code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::NoRoom => "no_room",
            Self::NoTime => "no_time",
            Self::NobodyFree => "nobody_free",
            Self::Promised => "promised",
        }
    }

    /// The reason as a sentence, without its end.
    #[must_use]
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::NoRoom => "no vehicle has room for it",
            Self::NoTime => "nobody works at that time, or it cannot be driven so quickly",
            Self::NobodyFree => "everybody who could drive it is busy with other orders or too far away",
            Self::Promised => "its courier cannot be there in time, because of other orders or of the way",
        }
    }
}

/// The plan of a day.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Plan {
    /// Where it comes from.
    pub by: By,
    /// What each courier drives, by the number of the shift; only those who drive something.
    pub routes: Vec<Route>,
    /// The numbers of the jobs that nobody drives, in ascending order, with the reason.
    pub left: Vec<(usize, Left)>,
}

/// What a plan comes to.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Figures {
    /// Jobs that their couriers were promised, and do not drive.
    pub broken: usize,
    /// Jobs that nobody drives, these included.
    pub left: usize,
    /// Couriers who drive something.
    pub couriers: usize,
    /// All ways, in metres.
    pub way_m: u64,
    /// Those with nothing aboard, in metres.
    pub empty_m: u64,
    /// The most jobs that one courier has.
    pub most_jobs: usize,
}

impl Figures {
    /// Which of two plans is the better one: [`Ordering::Less`] if this one is.
    #[must_use]
    pub fn compare(&self, other: &Self, aim: Aim) -> Ordering {
        let couriers = |figures: &Self| match aim {
            Aim::Way => 0,
            Aim::Couriers => figures.couriers,
        };
        // A promise is not given up for the sake of another order.
        let key = |figures: &Self| (figures.broken, figures.left, couriers(figures), figures.way_m);
        key(self).cmp(&key(other))
    }
}

/// One job of a plan, with its courier.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Assignment {
    /// The order that is driven.
    pub order: OrderId,
    /// Who drives it.
    pub courier: UserId,
    /// When the courier is at the pickup.
    pub pickup_at: Time,
    /// When it is done.
    pub done_at: Time,
    /// How many jobs of this plan the courier has before.
    pub before: usize,
}

impl Plan {
    /// What it comes to.
    #[must_use]
    pub fn figures(&self) -> Figures {
        let sum = |of: fn(&Route) -> u64| self.routes.iter().map(of).sum();
        Figures {
            broken: self.left.iter().filter(|(_, left)| *left == Left::Promised).count(),
            left: self.left.len(),
            couriers: self.routes.len(),
            way_m: sum(|route| route.way_m),
            empty_m: sum(|route| route.empty_m),
            most_jobs: self.routes.iter().map(Route::jobs).max().unwrap_or(0),
        }
    }

    /// Who drives what, to be applied: by courier, and then in the order of the pickups.
    #[must_use]
    pub fn assignments(&self, problem: &Problem) -> Vec<Assignment> {
        let mut all = Vec::new();
        for route in &self.routes {
            let courier = problem.shifts[route.shift].courier;
            let pickups = route.visits.iter().filter(|visit| matches!(visit.call, Call::Pickup(_)));
            for (before, pickup) in pickups.enumerate() {
                let job = pickup.call.job();
                let dropoff = route.visits.iter().find(|visit| visit.call == Call::Dropoff(job));
                let done_at = dropoff.map_or(pickup.leaves_at, |visit| visit.leaves_at);
                let (order, pickup_at) = (problem.jobs[job].order, pickup.begins_at);
                all.push(Assignment { order, courier, pickup_at, done_at, before });
            }
        }
        all
    }

    /// A plan of these stops: a route that breaks a rule, or leaves out what its courier was promised, is put
    /// together anew out of what fits, and what no route has is inserted where there is room.
    #[must_use]
    pub fn adopt(problem: &Problem, calls: &Calls, aim: Aim, by: By) -> Self {
        let mut kept = insertion::promised(problem, aim);
        let mut taken = vec![false; problem.jobs.len()];
        kept.iter().flatten().for_each(|call| taken[call.job()] = true);
        for (shift, calls) in calls.iter().enumerate().take(problem.shifts.len()) {
            let mut route: Vec<Call> = kept[shift].clone();
            let is_new = |call: &&Call| {
                taken.get(call.job()).is_some_and(|taken| !taken) || kept[shift].contains(call)
            };
            let fresh: Vec<Call> = calls.iter().filter(is_new).copied().collect();
            let keeps = kept[shift].iter().all(|call| fresh.contains(call));
            if keeps && timing::drive(problem, shift, &fresh).is_some() {
                route = fresh;
            } else {
                for call in fresh {
                    if let Call::Pickup(job) = call
                        && !route.contains(&call)
                        && let Some(found) = insertion::insert(problem, shift, &route, job)
                    {
                        route = found.calls;
                    }
                }
            }
            route.iter().for_each(|call| taken[call.job()] = true);
            kept[shift] = route;
        }
        insertion::insert_rest(problem, &mut kept, &mut taken, aim);
        Self::of(problem, &kept, by)
    }

    /// A plan of stops that are known to be possible; a route that is not is left out.
    #[must_use]
    pub fn of(problem: &Problem, calls: &Calls, by: By) -> Self {
        let mut left = vec![true; problem.jobs.len()];
        let mut routes = Vec::new();
        for (shift, calls) in calls.iter().enumerate().filter(|(_, calls)| !calls.is_empty()) {
            if let Some(route) = timing::drive(problem, shift, calls) {
                calls.iter().for_each(|call| left[call.job()] = false);
                routes.push(route);
            }
        }
        let left = left.into_iter().enumerate().filter(|(_, is_left)| *is_left);
        let left = left.map(|(job, _)| (job, problem.why_left(job))).collect();
        Self { by, routes, left }
    }
}

/// Something that is better at this than the rules here.
pub trait Solver {
    /// The stops of each shift. What comes back may be wrong, late or incomplete; it is looked over.
    ///
    /// # Errors
    /// Why there is nothing.
    fn solve(&self, problem: &Problem, aim: Aim) -> Result<Calls, String>;
}

/// Draws up the plan of a day: the best of what the greedy rule, insertion and the solver come to. The second
/// value says why the solver has nothing, if it has not.
#[must_use]
pub fn draw_up(
    problem: &Problem,
    settings: &Settings,
    aim: Aim,
    solver: Option<&dyn Solver>,
) -> (Plan, Option<String>) {
    let mut best = Plan::of(problem, &greedy::calls(problem, settings), By::Greedy);
    let better = |best: &mut Plan, plan: Plan| {
        if plan.figures().compare(&best.figures(), aim) == Ordering::Less {
            *best = plan;
        }
    };
    better(&mut best, Plan::of(problem, &insertion::calls(problem, aim), By::Insertion));
    let Some(solver) = solver else { return (best, None) };
    match solver.solve(problem, aim) {
        Ok(calls) => {
            better(&mut best, Plan::adopt(problem, &calls, aim, By::Solver));
            (best, None)
        }
        Err(why) => (best, Some(why)),
    }
}

#[cfg(test)]
mod tests;
