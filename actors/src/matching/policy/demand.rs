//! What the room of a trip will be asked for: prices of legs, learned from the packages of the past.
//!
//! The packages of the last days that would have ridden a trip, whenever they were published, stand for those that
//! will still ask for its room: each counts as the part of the remaining time in which one like it could come in.
//! What a package costs the others is the worth of the best use of the room without it, less that with it. So a leg
//! is dear that many good packages want, and the price falls as the departure comes near.

use std::collections::{BTreeSet, HashMap};

use smallvec::SmallVec;

use crate::ids::PackageId;
use crate::load::Load;
use crate::matching::policy::settlement::Settlement;
use crate::matching::{PackageEntry, PackageIndex, Settings, TripEntry, gain_rub};
use crate::place::Gazetteer;
use crate::request::Plan;
use crate::time::{Span, Time};
use crate::trip::LegSpan;

/// How many packages of the past are kept at most: the latest.
pub const MOST_PACKAGES: u32 = 10_000;

/// How many packages of the past that fit a trip are looked at for its demand.
const MOST_FITS: usize = 4 * MOST_RIDES;

/// How many packages of the past speak for the demand of one trip at most: the best for its room.
const MOST_RIDES: usize = 512;

/// Packages of the past.
#[derive(Debug, Default)]
pub struct History {
    /// Without their dates and loads: those are looked at when it is known how one would ride.
    packages: PackageIndex,
    past: HashMap<PackageId, Past>,
    /// By publication: packages of long ago may be noted late, when they change.
    order: BTreeSet<(Time, PackageId)>,
}

#[derive(Clone, Copy, Debug)]
struct Past {
    load: Load,
    /// From ready to deliver.
    window: Span,
    /// How much of the time to deliver it the sender leaves for the choice, 0 to 1.
    patience: f64,
    /// What it could have kept elsewhere, if it had had all the time; see [`Settlement`].
    surplus_rub: f64,
}

impl History {
    /// No history yet, over another gazetteer than the bundled one.
    #[must_use]
    pub fn over(gazetteer: &'static Gazetteer) -> Self {
        Self { packages: PackageIndex::over(gazetteer), ..Self::default() }
    }

    /// Notes a package that was published; again is as good as once. What is older than
    /// [`Settings::history_days`] is forgotten.
    pub fn note(&mut self, package: &PackageEntry, published_at: Time, settings: &Settings) {
        let (key, is_full) = ((published_at, package.id), self.order.len() >= MOST_PACKAGES as usize);
        let latest = self.order.last().map_or(published_at, |(at, _)| published_at.max(*at));
        let is_old = published_at < latest - span(settings) || is_full && self.order.first() > Some(&key);
        if is_old || self.knows(package.id) {
            return;
        }
        let window = package.deliver_by.since(package.ready_at);
        let mut timeless = package.clone();
        timeless.load = Load::NONE;
        (timeless.ready_at, timeless.deliver_by) = (Time::from_ms(i64::MIN), Time::from_ms(i64::MAX));
        timeless.forget_requests();
        self.packages.upsert(timeless);
        let patience = package.confirm_by.map_or(0.0, |at| {
            let whole = package.deliver_by.since(published_at).ms().max(1);
            (at.since(published_at).ms() as f64 / whole as f64).clamp(0.0, 1.0)
        });
        self.past.insert(package.id, Past { load: package.load, window, patience, surplus_rub: 0.0 });
        self.order.insert(key);
        let oldest = latest - span(settings);
        while self.order.first().is_some_and(|(at, _)| *at < oldest)
            || self.order.len() > MOST_PACKAGES as usize
        {
            let Some((_, id)) = self.order.pop_first() else { break };
            self.packages.remove(id);
            self.past.remove(&id);
        }
    }

    /// Takes in what packages could have had elsewhere. One whose sender could wait would have gone there, so that
    /// part of its gain is no reason to keep room for the likes of it.
    pub fn adopt(&mut self, settlement: &Settlement) {
        for (id, past) in &mut self.past {
            past.surplus_rub = settlement.surplus_rub(*id);
        }
    }

    /// Whether a package has been noted.
    #[must_use]
    pub fn knows(&self, package: PackageId) -> bool {
        self.past.contains_key(&package)
    }

    /// What the room of a trip may be asked for, whatever has been taken of it.
    #[must_use]
    pub fn demand(&self, trip: &TripEntry, settings: &Settings) -> Demand {
        let fits = self.packages.waiting_for(trip, Time::from_ms(i64::MIN), MOST_FITS);
        let mut rides: Vec<Ride> =
            fits.into_iter().filter_map(|(id, plan)| self.ride(id, &plan, settings)).collect();
        rides.sort_by(|a, b| b.density().total_cmp(&a.density()));
        rides.truncate(MOST_RIDES);
        // A history that was cut short spans less time.
        let seen = self.order.last().zip(self.order.first()).map(|(last, first)| last.0.since(first.0));
        let full = self.order.len() >= MOST_PACKAGES as usize;
        let span = seen.filter(|seen| full && seen.ms() > 0).unwrap_or_else(|| span(settings));
        Demand { rides, span }
    }

    fn ride(&self, id: PackageId, plan: &Plan, settings: &Settings) -> Option<Ride> {
        let (package, past) = (self.packages.get(id)?, self.past.get(&id)?);
        let riding = plan.dropoff.at.since(plan.pickup.at);
        let ahead = Span::from_ms(past.window.ms() - riding.ms());
        let gain_rub = gain_rub(plan, package, settings) - past.patience * past.surplus_rub;
        (ahead.ms() > 0 && gain_rub > 0.0).then_some(Ride {
            legs: plan.legs,
            grams: f64::from(past.load.weight_g),
            detour_min: f64::from(plan.detour_min),
            gain_rub,
            share: share(past.patience, settings),
            pickup_at: plan.pickup.at,
            ahead,
        })
    }
}

/// Of a package that could not wait, room was to be kept for one and for the chance of more.
fn share(patience: f64, settings: &Settings) -> f64 {
    let share = settings.demand_share;
    share.min(1.0) + (share - 1.0).max(0.0) * (1.0 - patience)
}

fn span(settings: &Settings) -> Span {
    Span::days(i64::from(settings.history_days.max(1)))
}

/// A package like one of the past.
#[derive(Clone, Copy, PartialEq, Debug)]
struct Ride {
    legs: LegSpan,
    grams: f64,
    detour_min: f64,
    gain_rub: f64,
    /// How many of its kind it stands for.
    share: f64,
    /// When it would get on.
    pickup_at: Time,
    /// How long before that it may have been published, so that it is delivered in time.
    ahead: Span,
}

/// A minute of the detour budget weighs as much as this many grams on one leg: a 15 kg trip has 40 minutes or so.
const GRAMS_PER_DETOUR_MIN: f64 = 375.0;

impl Ride {
    /// What it brings for the room it takes.
    fn density(&self) -> f64 {
        let room = self.grams * self.legs.range().len() as f64 + self.detour_min * GRAMS_PER_DETOUR_MIN;
        self.gain_rub / room.max(1.0)
    }
}

/// Who may still ask for the room of a trip.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Demand {
    /// The best for its room first.
    rides: Vec<Ride>,
    span: Span,
}

impl Demand {
    /// What it costs those who are still to come when a package takes its room now, in roubles.
    #[must_use]
    pub fn price_rub(&self, trip: &TripEntry, plan: &Plan, load: Load, now: Time) -> f64 {
        if self.rides.is_empty() {
            return 0.0;
        }
        let mut left: SmallVec<[f64; 8]> = trip.room().iter().map(|left| f64::from(left.weight_g)).collect();
        let detour_left = f64::from(trip.detour_left_min);
        let without = self.worth_rub(left.clone(), detour_left, now);
        for leg in &mut left[plan.legs.range()] {
            *leg = (*leg - f64::from(load.weight_g)).max(0.0);
        }
        let with = self.worth_rub(left, (detour_left - f64::from(plan.detour_min)).max(0.0), now);
        (without - with).max(0.0)
    }

    /// What the room is worth to those who are still to come: the best for the room first, parts of packages allowed.
    fn worth_rub(&self, mut left: SmallVec<[f64; 8]>, mut detour_left: f64, now: Time) -> f64 {
        let mut worth = 0.0;
        for ride in &self.rides {
            let time_ms = ride.pickup_at.since(now).ms().min(ride.ahead.ms());
            let room = left[ride.legs.range()].iter().copied().fold(f64::MAX, f64::min);
            // What does not fit as a whole does not come in parts.
            if time_ms <= 0 || room < ride.grams || detour_left < ride.detour_min {
                continue;
            }
            let expected = ride.share * time_ms as f64 / self.span.ms() as f64;
            let by_detour = if ride.detour_min > 0.0 { detour_left / ride.detour_min } else { f64::MAX };
            let count = expected.min(room / ride.grams.max(1.0)).min(by_detour);
            for leg in &mut left[ride.legs.range()] {
                *leg -= count * ride.grams;
            }
            detour_left -= count * ride.detour_min;
            worth += count * ride.gain_rub;
        }
        worth
    }
}
