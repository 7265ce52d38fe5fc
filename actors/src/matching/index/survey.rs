//! A look at every trip that touches an end of a package, for an explanation: in steps, so that anybody who
//! writes to the index waits for a step at most. At a hub there are hundreds of thousands of such trips.

use hashbrown::HashSet;

use super::TripIndex;
use crate::ids::{TripId, UserId};
use crate::market::request::Plan;
use crate::matching::postings::Page;
use crate::matching::{PackageEntry, Reason};
use crate::money::Amount;
use crate::time::Time;

/// How many postings one step looks at.
const STEP: usize = 256;

/// What was found about one trip.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Seen {
    /// The trip that was looked at.
    pub trip: TripId,
    /// The courier of that trip.
    pub courier: UserId,
    /// What the courier asks per parcel, if stated.
    pub price: Option<Amount>,
    /// How the package would ride, or what is against it.
    pub outcome: Result<Plan, Reason>,
    /// Whether a request for this package and trip waits for an answer; the outcome is then that without it.
    pub requested: bool,
}

/// The findings so far.
#[derive(Debug)]
pub struct Survey {
    /// Those that came near a match, and some that did not: a trip that passes one end only is common and
    /// tells nobody much.
    found: Vec<Seen>,
    off_route: usize,
    keep_off_route: usize,
    pages: Option<Vec<Page>>,
    position: usize,
    met: HashSet<u32>,
}

impl Survey {
    /// Nothing is found yet. Of the trips that pass only one end, it keeps those with the lowest ids, so
    /// many.
    #[must_use]
    pub fn new(keep_off_route: usize) -> Self {
        Self {
            found: Vec::new(),
            off_route: 0,
            keep_off_route,
            pages: None,
            position: 0,
            met: HashSet::new(),
        }
    }

    /// Looks at some more trips. `false` when it has seen all.
    pub fn step(&mut self, index: &TripIndex, package: &PackageEntry, now: Time) -> bool {
        let mut pages = self.pages.take().unwrap_or_else(|| index.pages(package));
        let Some(page) = pages.last() else {
            self.pages = Some(pages);
            return false;
        };
        let mut seen = 0;
        for (slot, trip) in index.page(*page, self.position, STEP) {
            seen += 1;
            if self.met.insert(slot) {
                self.note(trip, package, now);
            }
        }
        self.position += seen;
        if seen < STEP {
            pages.pop();
            self.position = 0;
        }
        self.pages = Some(pages);
        true
    }

    pub(super) fn add(&mut self, seen: Seen) {
        if seen.outcome == Err(Reason::OffRoute) {
            self.off_route += 1;
        }
        self.found.push(seen);
        // Thrown out in bulk, so that each costs a constant time.
        if self.off_route > self.keep_off_route && self.found.len() > 2 * self.keep_off_route + STEP {
            self.thin_out();
        }
    }

    fn thin_out(&mut self) {
        let is_off = |seen: &Seen| seen.outcome == Err(Reason::OffRoute);
        self.found.sort_unstable_by_key(|seen| (is_off(seen), seen.trip));
        let near = self.found.partition_point(|seen| !is_off(seen));
        self.found.truncate(near.saturating_add(self.keep_off_route));
    }

    /// Replaces plans by what was measured of them since.
    pub fn correct(&mut self, measured: impl Fn(TripId, &Plan) -> Option<Result<Plan, Reason>>) {
        for seen in &mut self.found {
            if let Ok(plan) = &seen.outcome
                && let Some(outcome) = measured(seen.trip, plan)
            {
                seen.outcome = outcome;
            }
        }
    }

    /// How many trips touch an end.
    #[must_use]
    pub fn considered(&self) -> usize {
        let near = self.found.iter().filter(|seen| seen.outcome != Err(Reason::OffRoute)).count();
        near + self.off_route
    }

    /// How many of them pass only one.
    #[must_use]
    pub const fn off_route(&self) -> usize {
        self.off_route
    }

    /// What was found, in order of id; see [`Survey::new`] for what is left out.
    #[must_use]
    pub fn into_found(mut self) -> Vec<Seen> {
        self.thin_out();
        self.found.sort_unstable_by_key(|seen| seen.trip);
        self.found
    }
}
