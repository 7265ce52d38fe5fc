//! Standing acceptances, and which of them become deals.
//!
//! A package that need not be confirmed yet collects acceptances. At its last responsible moment, and not
//! before, one is chosen: when its sender wants to know, or shortly before the courier would set off. The
//! choice looks at the neighbours, too: other packages that stand on the same trips, and where else those
//! could go.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use smallvec::SmallVec;

use crate::ids::{PackageId, RequestId, TripId, UserId};
use crate::market::load::Load;
use crate::market::request::Plan;
use crate::matching::policy::demand::Asked;
use crate::matching::policy::holds::{Hold, Room, assign};
use crate::matching::policy::keeping;
use crate::matching::policy::prospects::Prospects;
use crate::matching::{Settings, TripEntry, TripIndex};
use crate::time::{Span, Time};

/// A courier who has agreed.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Standing {
    /// The request that was agreed to.
    pub request: RequestId,
    /// The trip of that request.
    pub trip: TripId,
    /// How the package would ride.
    pub plan: Plan,
    /// What it gains to take this one: the reward less the cost of the detour, weighed, in roubles.
    pub gain_rub: f64,
}

/// A package with the couriers who have agreed to carry it.
#[derive(Clone, PartialEq, Debug)]
pub struct Agreed {
    /// Who sends it.
    pub sender: UserId,
    /// When it was published.
    pub published_at: Time,
    /// The room that it takes.
    pub load: Load,
    /// When its sender wants to know.
    pub confirm_by: Time,
    /// Which trips may still come.
    pub prospects: Arc<Prospects>,
    /// The couriers who have agreed.
    pub standing: SmallVec<[Standing; 4]>,
}

/// All standing acceptances.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Standings {
    packages: BTreeMap<PackageId, Agreed>,
    on_trip: BTreeMap<TripId, BTreeSet<PackageId>>,
}

impl Standings {
    /// Sets what stands for a package; none takes it out.
    pub fn set(&mut self, package: PackageId, agreed: Option<Agreed>) {
        if let Some(old) = self.packages.remove(&package) {
            for standing in &old.standing {
                if let Some(packages) = self.on_trip.get_mut(&standing.trip) {
                    packages.remove(&package);
                    if packages.is_empty() {
                        self.on_trip.remove(&standing.trip);
                    }
                }
            }
        }
        let Some(agreed) = agreed.filter(|agreed| !agreed.standing.is_empty()) else { return };
        for standing in &agreed.standing {
            self.on_trip.entry(standing.trip).or_default().insert(package);
        }
        self.packages.insert(package, agreed);
    }

    /// What stands for a package.
    #[must_use]
    pub fn get(&self, package: PackageId) -> Option<&Agreed> {
        self.packages.get(&package)
    }

    /// All packages that somebody has agreed to carry, in order of id.
    pub fn iter(&self) -> impl Iterator<Item = (PackageId, &Agreed)> {
        self.packages.iter().map(|(package, agreed)| (*package, agreed))
    }

    /// Which acceptances become deals now, of the packages that are `due`; the others are counted on and may
    /// still change. `price_rub` is what the room costs those who are still to come; it counts as long as
    /// room is kept ([`keeping`]).
    #[must_use]
    pub fn choose(
        &self,
        due: &[PackageId],
        trips: &TripIndex,
        price_rub: impl Fn(&TripEntry, Asked<'_>) -> f64,
        now: Time,
        settings: &Settings,
    ) -> Vec<(PackageId, Standing)> {
        let neighbours = self.neighbours(due, settings);
        let (mut holds, mut rooms) = (Vec::new(), Vec::new());
        let mut numbers = BTreeMap::new();
        let mut of_hold = Vec::new();
        for (number, package) in neighbours.iter().enumerate() {
            let agreed = &self.packages[package];
            for standing in agreed.standing.iter().filter(|standing| standing.plan.pickup.at > now) {
                let Some(trip) = trips.get(standing.trip).filter(|trip| trip.live) else { continue };
                let room = *numbers.entry(standing.trip).or_insert_with(|| {
                    rooms.push(Room { left: trip.room(), detour_left_min: trip.detour_left_min });
                    rooms.len() - 1
                });
                let plan = standing.plan;
                // After that nothing is waited for: neither better packages for the room, nor better room.
                let is_over = now >= agreed.kept_until(standing, settings);
                let asked = Asked { sender: agreed.sender, plan: &plan, load: agreed.load };
                let price_rub = if is_over { 0.0 } else { price_rub(trip, asked) };
                let gain_rub = standing.gain_rub - price_rub;
                let last = plan.pickup.at - notice(settings);
                holds.push(Hold {
                    package: number,
                    trip: room,
                    legs: plan.legs,
                    load: agreed.load,
                    detour_min: plan.detour_min,
                    worth_rub: if is_over && agreed.confirm_by <= now {
                        gain_rub
                    } else {
                        agreed.worth_rub(gain_rub, last, now)
                    },
                });
                of_hold.push((*package, *standing));
            }
        }
        let counted_on = assign(&holds, &rooms).into_iter().map(|n| of_hold[n]);
        let is_last_moment = |(package, standing): &(PackageId, Standing)| {
            due.contains(package)
                && (self.packages[package].confirm_by <= now
                    || standing.plan.pickup.at - notice(settings) <= now)
        };
        counted_on.filter(is_last_moment).collect()
    }

    /// The packages that are due, and those that stand on the same trips, up to [`Settings::neighbours`].
    fn neighbours(&self, due: &[PackageId], settings: &Settings) -> BTreeSet<PackageId> {
        let mut found: BTreeSet<_> =
            due.iter().copied().filter(|package| self.packages.contains_key(package)).collect();
        let most = settings.neighbours.max(found.len());
        for package in due {
            let trips = self.packages.get(package).into_iter().flat_map(|agreed| &agreed.standing);
            for other in trips.filter_map(|standing| self.on_trip.get(&standing.trip)).flatten() {
                if found.len() >= most {
                    return found;
                }
                found.insert(*other);
            }
        }
        found
    }
}

impl Agreed {
    /// Until when the room of a courier who has agreed may be kept for others at most.
    fn kept_until(&self, standing: &Standing, settings: &Settings) -> Time {
        let both_published = self.published_at.max(standing.trip.created_at());
        keeping::bound_from(both_published, standing.plan.pickup.at, settings)
    }

    /// What counting on an acceptance adds to what the package may expect anyway. One that need not be taken
    /// before `last` is worth more than it gains: until then something better may come.
    fn worth_rub(&self, gain_rub: f64, last: Time, now: Time) -> f64 {
        if gain_rub <= 0.0 {
            return gain_rub;
        }
        let better = if last > now { self.prospects.beyond_rub(gain_rub, now, last) } else { 0.0 };
        gain_rub + better - self.prospects.all_rub(now)
    }

    /// When a choice has to be made next, after `now`.
    #[must_use]
    pub fn next_choice(&self, now: Time, settings: &Settings) -> Option<Time> {
        let moments = self.standing.iter().map(|standing| standing.plan.pickup.at - notice(settings));
        let kept = self.standing.iter().map(|standing| self.kept_until(standing, settings));
        let overdue = kept.filter(|at| *at > self.confirm_by);
        let next = moments.chain(overdue).chain([self.confirm_by]).filter(|at| *at > now).min();
        // Counted from the deadline, so that the moment is the same, no matter who asks and how often.
        let again = (self.confirm_by <= now && !self.standing.is_empty()).then(|| {
            let again = again(settings);
            let rounds = now.since(self.confirm_by).ms() / again.ms() + 1;
            self.confirm_by + Span::from_ms(rounds * again.ms())
        });
        next.into_iter().chain(again).min()
    }
}

/// How long before the pickup a choice is made at the latest.
#[must_use]
pub fn notice(settings: &Settings) -> Span {
    Span::minutes(i64::from(settings.notice_min))
}

/// How long after a choice that took nobody it is made again.
#[must_use]
pub fn again(settings: &Settings) -> Span {
    Span::minutes(i64::from(settings.choose_again_min)).max(Span::minutes(1))
}
