//! When a courier is where: every stop of a route as soon as it can be, and whether that breaks a rule.

use super::{Call, Problem, Shift};
use crate::market::load::Load;
use crate::time::{Span, Time};

/// A stop of a route.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Visit {
    /// The call that is made there.
    pub call: Call,
    /// When the courier is there.
    pub arrives_at: Time,
    /// When it begins: after waiting, if the courier is too soon.
    pub begins_at: Time,
    /// When the courier drives on.
    pub leaves_at: Time,
}

/// What one courier drives.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Route {
    /// The number of the shift.
    pub shift: usize,
    /// The stops, in order.
    pub visits: Vec<Visit>,
    /// All ways, the one to the end of the shift included, in metres.
    pub way_m: u64,
    /// Those with nothing aboard, in metres.
    pub empty_m: u64,
    /// When the courier is done.
    pub ends_at: Time,
}

impl Route {
    /// How many jobs it has.
    #[must_use]
    pub fn jobs(&self) -> usize {
        self.visits.len() / 2
    }
}

/// A courier on a route.
#[derive(Clone, Debug)]
pub struct Driver<'a> {
    problem: &'a Problem,
    shift: &'a Shift,
    /// Where the courier stands.
    place: usize,
    /// The time at which the courier stands there.
    now: Time,
    load: Load,
    /// How many jobs are aboard, and whether one of them is alone.
    aboard: usize,
    alone: bool,
    jobs: usize,
    way_m: u64,
    empty_m: u64,
    /// Whether an empty way may be too long; everything else counts all the same.
    far: bool,
}

impl<'a> Driver<'a> {
    /// At the start of a shift.
    #[must_use]
    pub fn new(problem: &'a Problem, shift: usize) -> Self {
        let shift = &problem.shifts[shift];
        Self {
            problem,
            shift,
            place: shift.starts,
            now: shift.window.from,
            load: Load { weight_g: 0, volume_ml: 0, slots: 0 },
            aboard: 0,
            alone: false,
            jobs: 0,
            way_m: 0,
            empty_m: 0,
            far: false,
        }
    }

    /// Where the courier stands.
    #[must_use]
    pub const fn place(&self) -> usize {
        self.place
    }

    /// Since when the courier stands there.
    #[must_use]
    pub const fn now(&self) -> Time {
        self.now
    }

    /// Drives to a stop and makes it. `None` if that breaks a rule.
    pub fn call(&mut self, call: Call) -> Option<Visit> {
        let (job, stop) = (&self.problem.jobs[call.job()], self.problem.stop(call));
        match call {
            Call::Pickup(_) => {
                if self.alone || (job.alone && self.aboard > 0) || self.jobs >= self.shift.most_jobs {
                    return None;
                }
                if job.promised.is_some_and(|courier| courier != self.shift.courier) {
                    return None;
                }
            }
            Call::Dropoff(_) if self.aboard == 0 => return None,
            Call::Dropoff(_) => {}
        }
        let arrives_at = self.drive(stop.place)?;
        let begins_at = arrives_at.max(stop.window.from);
        if begins_at > stop.window.to {
            return None;
        }
        match call {
            Call::Pickup(_) => {
                self.load = plus(self.load, job.load);
                if !self.load.fits(self.shift.capacity) {
                    return None;
                }
                (self.aboard, self.alone, self.jobs) = (self.aboard + 1, job.alone, self.jobs + 1);
            }
            Call::Dropoff(_) => {
                self.load = minus(self.load, job.load);
                (self.aboard, self.alone) = (self.aboard - 1, false);
            }
        }
        self.now = begins_at + stop.stay;
        (self.now <= self.shift.window.to).then_some(Visit {
            call,
            arrives_at,
            begins_at,
            leaves_at: self.now,
        })
    }

    /// Ends the shift. `None` if it ends too late, or with something aboard.
    pub fn end(&mut self) -> Option<()> {
        if self.aboard > 0 {
            return None;
        }
        if let Some(place) = self.shift.ends {
            // The way home is nobody's: it may be as long as it is.
            self.far = true;
            self.now = self.drive(place)?;
        }
        (self.now <= self.shift.window.to).then_some(())
    }

    fn drive(&mut self, place: usize) -> Option<Time> {
        let way = self.problem.ways.get(self.place, place);
        if self.aboard == 0 {
            if way.way_m > self.problem.most_empty_m && !self.far {
                return None;
            }
            self.empty_m += u64::from(way.way_m);
        }
        self.way_m += u64::from(way.way_m);
        self.place = place;
        Some(self.now + Span::from_ms(i64::from(way.ms)))
    }
}

/// The route of these stops. `None` if it breaks a rule: a window, room, a rider who is not alone, a way that
/// is too long, more jobs than the courier takes, a job that another courier was promised, or one without one
/// of its ends.
#[must_use]
pub fn drive(problem: &Problem, shift: usize, calls: &[Call]) -> Option<Route> {
    if !is_whole(calls) {
        return None;
    }
    let mut driver = Driver::new(problem, shift);
    let visits = calls.iter().map(|call| driver.call(*call)).collect::<Option<Vec<Visit>>>()?;
    driver.end()?;
    let Driver { way_m, empty_m, now, .. } = driver;
    Some(Route { shift, visits, way_m, empty_m, ends_at: now })
}

/// Whether these stops could be made in time, however far away the first one is.
pub(super) fn in_time(problem: &Problem, shift: usize, calls: &[Call]) -> bool {
    let mut driver = Driver::new(problem, shift);
    driver.far = true;
    calls.iter().all(|call| driver.call(*call).is_some()) && driver.end().is_some()
}

/// Whether every job is picked up once, and then dropped off once.
fn is_whole(calls: &[Call]) -> bool {
    let mut aboard = std::collections::BTreeSet::new();
    let mut done = std::collections::BTreeSet::new();
    let in_order = calls.iter().all(|call| match call {
        Call::Pickup(job) => !done.contains(job) && aboard.insert(*job),
        Call::Dropoff(job) => aboard.remove(job) && done.insert(*job),
    });
    in_order && aboard.is_empty()
}

fn plus(a: Load, b: Load) -> Load {
    Load {
        weight_g: a.weight_g.saturating_add(b.weight_g),
        volume_ml: a.volume_ml.saturating_add(b.volume_ml),
        slots: a.slots.saturating_add(b.slots),
    }
}

fn minus(a: Load, b: Load) -> Load {
    Load {
        weight_g: a.weight_g.saturating_sub(b.weight_g),
        volume_ml: a.volume_ml.saturating_sub(b.volume_ml),
        slots: a.slots.saturating_sub(b.slots),
    }
}
