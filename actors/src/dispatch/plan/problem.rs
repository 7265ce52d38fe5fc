//! What is to be driven, by whom, and by which ways.

use super::{Left, timing};
use crate::ids::{OrderId, UserId};
use crate::market::load::Load;
use crate::rejection::Rejection;
use crate::time::{Span, Time};

/// The most jobs of one plan.
pub const MAX_JOBS: usize = 1_000;

/// The most shifts of one plan.
pub const MAX_SHIFTS: usize = 500;

/// A time in which something has to begin: both ends count.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Window {
    /// Not before; who comes sooner waits.
    pub from: Time,
    /// The last moment that will do.
    pub to: Time,
}

/// A way from one place to another.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Way {
    /// Metres of road.
    pub way_m: u32,
    /// How long it takes, in milliseconds.
    pub ms: u32,
}

/// The ways between all places of a plan; places are numbers from 0.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Ways {
    count: usize,
    ways: Vec<Way>,
}

impl Ways {
    /// The ways between so many places.
    #[must_use]
    pub fn new(count: usize, mut way: impl FnMut(usize, usize) -> Way) -> Self {
        let mut ways = Vec::with_capacity(count * count);
        for from in 0..count {
            ways.extend((0..count).map(|to| way(from, to)));
        }
        Self { count, ways }
    }

    /// How many places there are.
    #[must_use]
    pub const fn count(&self) -> usize {
        self.count
    }

    /// The way from one to another.
    #[must_use]
    pub fn get(&self, from: usize, to: usize) -> Way {
        self.ways[from * self.count + to]
    }
}

/// Where somebody or something gets in or out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Stop {
    /// The number of the place.
    pub place: usize,
    /// When it may begin.
    pub window: Window,
    /// How long it takes.
    pub stay: Span,
}

/// One order that is to be driven.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Job {
    /// The order that the job is made of.
    pub order: OrderId,
    /// Where it begins.
    pub pickup: Stop,
    /// Where it ends.
    pub dropoff: Stop,
    /// What it takes of a vehicle.
    pub load: Load,
    /// Whether nothing else is aboard meanwhile: people are driven alone, parcels are not.
    pub alone: bool,
    /// The courier whom it was promised to before, by the desk or by an earlier plan: nobody else drives it.
    pub promised: Option<UserId>,
}

/// One courier's day.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Shift {
    /// The courier whose day it is.
    pub courier: UserId,
    /// The place where it begins.
    pub starts: usize,
    /// The place where it has to end; `None` is anywhere.
    pub ends: Option<usize>,
    /// From when, and until when everything is done.
    pub window: Window,
    /// What the vehicle carries.
    pub capacity: Load,
    /// How many jobs the courier drives at most.
    pub most_jobs: usize,
}

/// A day that is to be planned.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Problem {
    /// The ways between all places that are named.
    pub ways: Ways,
    /// What is to be driven.
    pub jobs: Vec<Job>,
    /// The couriers who may drive, with their hours.
    pub shifts: Vec<Shift>,
    /// The longest way that anybody drives with nothing aboard, in metres.
    pub most_empty_m: u32,
}

impl Problem {
    /// Whether it can be planned at all.
    ///
    /// # Errors
    /// Too many jobs or shifts, a place that is not there, or a window that ends before it begins.
    pub fn check(&self) -> Result<(), Rejection> {
        let invalid = |field, reason| Err(Rejection::Invalid { field, reason });
        if self.jobs.len() > MAX_JOBS {
            return invalid("orders", "are more than one plan takes");
        }
        if self.shifts.len() > MAX_SHIFTS {
            return invalid("drivers", "are more than one plan takes");
        }
        let stops = self.jobs.iter().flat_map(|job| [job.pickup, job.dropoff]);
        let ends = self.shifts.iter().flat_map(|shift| [Some(shift.starts), shift.ends]);
        let mut places = stops.clone().map(|stop| stop.place).chain(ends.flatten());
        if places.any(|place| place >= self.ways.count()) {
            return invalid("places", "are not all known");
        }
        let mut windows = stops.map(|stop| stop.window).chain(self.shifts.iter().map(|shift| shift.window));
        if windows.any(|window| window.to < window.from) {
            return invalid("windows", "must not end before they begin");
        }
        Ok(())
    }

    /// The stop of a call.
    #[must_use]
    pub fn stop(&self, call: super::Call) -> &Stop {
        match call {
            super::Call::Pickup(job) => &self.jobs[job].pickup,
            super::Call::Dropoff(job) => &self.jobs[job].dropoff,
        }
    }

    /// Why nobody drives a job.
    #[must_use]
    pub fn why_left(&self, job: usize) -> Left {
        if self.jobs[job].promised.is_some() {
            return Left::Promised;
        }
        let has_room = |shift: &Shift| self.jobs[job].load.fits(shift.capacity);
        if !self.shifts.iter().any(has_room) {
            return Left::NoRoom;
        }
        let calls = [super::Call::Pickup(job), super::Call::Dropoff(job)];
        let somebody = (0..self.shifts.len()).filter(|shift| has_room(&self.shifts[*shift]));
        let mut alone = somebody.map(|shift| timing::in_time(self, shift, &calls));
        if alone.any(|in_time| in_time) { Left::NobodyFree } else { Left::NoTime }
    }
}
