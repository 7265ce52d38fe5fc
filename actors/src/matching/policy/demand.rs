//! What the room of a trip will be asked for: prices of legs, learned from the packages of the past.
//!
//! The packages of the last days that would have ridden a trip, whenever they were published, stand for those
//! that will still ask for its room: each counts as the part of the remaining time in which one like it could
//! come in. What a package costs the others is the worth of the best use of the room without it, less that
//! with it. So a leg is dear that many good packages want, and the price falls as the departure comes near.
//! What counts, and how little one account counts, [`evidence`](super::evidence) says.

use std::collections::{BTreeSet, HashMap};

use smallvec::SmallVec;

use crate::ids::{PackageId, UserId};
use crate::leg::LegSpan;
use crate::market::load::Load;
use crate::market::request::Plan;
use crate::matching::policy::evidence::Belief;
use crate::matching::policy::settlement::Settlement;
use crate::matching::{PackageEntry, PackageIndex, Settings, TripEntry, gain_rub};
use crate::place::Gazetteer;
use crate::time::{Span, Time};

/// How many packages of the past are kept at most: the latest.
pub const MAX_PACKAGES: u32 = 10_000;

/// How many packages of the past that fit a trip are looked at for its demand.
const MAX_FITS: usize = 4 * MAX_RIDES;

/// How many packages of the past speak for the demand of one trip at most: the best for its room.
const MAX_RIDES: usize = 512;

/// How many packages of one sender are remembered for one trip. One of them counts: the best that can still
/// come.
const MAX_OF_ONE: u8 = 4;

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

    /// Notes a package that is [evidence](super::evidence); again is as good as once. What is older than
    /// [`Settings::history_days`] is forgotten.
    pub fn note(&mut self, package: &PackageEntry, published_at: Time, settings: &Settings) {
        let (key, is_full) = ((published_at, package.id), self.order.len() >= MAX_PACKAGES as usize);
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
            || self.order.len() > MAX_PACKAGES as usize
        {
            let Some((_, id)) = self.order.pop_first() else { break };
            self.packages.remove(id);
            self.past.remove(&id);
        }
    }

    /// Forgets a package: it is no evidence any more. Whether it was any.
    pub fn retract(&mut self, package: PackageId) -> bool {
        self.packages.remove(package);
        self.order.retain(|(_, noted)| *noted != package);
        self.past.remove(&package).is_some()
    }

    /// Forgets all packages but those that are still evidence.
    pub fn retain(&mut self, is_evidence: impl Fn(PackageId) -> bool) {
        let gone: Vec<PackageId> = self.past.keys().copied().filter(|id| !is_evidence(*id)).collect();
        for package in &gone {
            self.packages.remove(*package);
            self.past.remove(package);
        }
        if !gone.is_empty() {
            self.order.retain(|(_, noted)| self.past.contains_key(noted));
        }
    }

    /// Takes in what packages could have had elsewhere. One whose sender could wait would have gone there, so
    /// that part of its gain is no reason to keep room for the likes of it.
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
        let fits = self.packages.waiting_for(trip, Time::from_ms(i64::MIN), MAX_FITS);
        let ride = |(id, plan): (PackageId, Plan)| {
            Some((self.packages.get(id)?.sender, self.ride(id, &plan, settings)?))
        };
        let mut found: Vec<(UserId, Ride)> = fits.into_iter().filter_map(ride).collect();
        found.sort_by(|a, b| b.1.density().total_cmp(&a.1.density()));
        let (mut numbers, mut senders) = (HashMap::new(), Vec::new());
        let mut rides: Vec<Ride> = Vec::with_capacity(found.len().min(MAX_RIDES));
        for (sender, ride) in found {
            let (number, noted) = numbers.entry(sender).or_insert_with(|| {
                senders.push(sender);
                (senders.len() - 1, 0)
            });
            if *noted < MAX_OF_ONE && rides.len() < MAX_RIDES {
                *noted += 1;
                rides.push(Ride { sender: *number, ..ride });
            }
        }
        // A history that was cut short spans less time.
        let seen = self.order.last().zip(self.order.first()).map(|(last, first)| last.0.since(first.0));
        let full = self.order.len() >= MAX_PACKAGES as usize;
        let span = seen.filter(|seen| full && seen.ms() > 0).unwrap_or_else(|| span(settings));
        Demand { rides, senders, span, belief: Belief::new(settings) }
    }

    fn ride(&self, id: PackageId, plan: &Plan, settings: &Settings) -> Option<Ride> {
        let (package, past) = (self.packages.get(id)?, self.past.get(&id)?);
        let riding = plan.dropoff.at.since(plan.pickup.at);
        let ahead = Span::from_ms(past.window.ms() - riding.ms());
        let gain_rub = gain_rub(plan, package, settings) - past.patience * past.surplus_rub;
        (ahead.ms() > 0 && gain_rub > 0.0).then_some(Ride {
            sender: 0,
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
    /// The number of its sender.
    sender: usize,
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

/// A minute of the detour budget weighs as much as this many grams on one leg: a 15 kg trip has 40 minutes or
/// so.
const GRAMS_PER_DETOUR_MIN: f64 = 375.0;

impl Ride {
    /// What it brings for the room it takes.
    fn density(&self) -> f64 {
        self.gain_rub / self.room()
    }

    fn room(&self) -> f64 {
        room(self.grams, self.legs, self.detour_min)
    }
}

/// Who may still ask for the room of a trip.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Demand {
    /// The best for its room first.
    rides: Vec<Ride>,
    /// The senders, by the number that a ride names them with.
    senders: Vec<UserId>,
    span: Span,
    belief: Belief,
}

/// Room that somebody wants to take now.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// Whose package it is: their own do not compete with it.
    pub sender: UserId,
    /// How it would ride.
    pub plan: &'a Plan,
    /// What it takes.
    pub load: Load,
}

impl Demand {
    /// What it costs those who are still to come when a package takes its room now, in roubles.
    #[must_use]
    pub fn price_rub(&self, trip: &TripEntry, asked: Asked<'_>, now: Time) -> f64 {
        if self.rides.is_empty() {
            return 0.0;
        }
        let mut left: SmallVec<[f64; 8]> = trip.room().iter().map(|left| f64::from(left.weight_g)).collect();
        let detour_left = f64::from(trip.detour_left_min);
        let expected = self.expected(&left, detour_left, asked.sender, now);
        if expected.is_empty() {
            return 0.0;
        }
        let without = worth_rub(&expected, &left, detour_left);
        for leg in &mut left[asked.plan.legs.range()] {
            *leg = (*leg - f64::from(asked.load.weight_g)).max(0.0);
        }
        let with = worth_rub(&expected, &left, (detour_left - f64::from(asked.plan.detour_min)).max(0.0));
        // As much as the best of them would bring for that room, at most: the law of chance is a rough one.
        let best = expected.iter().map(Expected::density).fold(0.0, f64::max);
        let room = room(f64::from(asked.load.weight_g), asked.plan.legs, f64::from(asked.plan.detour_min));
        (without - with).clamp(0.0, best * room)
    }

    /// Whether packages of this sender are among those that speak for it.
    #[must_use]
    pub fn rests_on(&self, sender: UserId) -> bool {
        self.senders.contains(&sender)
    }

    /// Which packages like those of the past may be counted on, the best for the room first, and how many of
    /// each. Of each sender the best counts that can still come, and of `but` none.
    ///
    /// On each leg as much of the demand is counted on as the number of people there allows; a package that
    /// takes several legs is counted on as on the one with the fewest. What the best few bring for the room
    /// may be chance, or made up: as many of them as are no evidence by themselves are believed no more than
    /// the next one.
    fn expected(&self, left: &[f64], detour_left: f64, but: UserId, now: Time) -> Vec<Expected> {
        let mut counted: Vec<bool> = self.senders.iter().map(|sender| *sender == but).collect();
        let mut people: SmallVec<[u32; 8]> = SmallVec::from_elem(0, left.len());
        let mut coming: Vec<(&Ride, f64)> = Vec::new();
        for ride in &self.rides {
            let time_ms = ride.pickup_at.since(now).ms().min(ride.ahead.ms());
            let room = left[ride.legs.range()].iter().copied().fold(f64::MAX, f64::min);
            let can_come = time_ms > 0 && room >= ride.grams && detour_left >= ride.detour_min;
            if can_come && !std::mem::replace(&mut counted[ride.sender], true) {
                people[ride.legs.range()].iter_mut().for_each(|people| *people += 1);
                coming.push((ride, ride.share * time_ms as f64 / self.span.ms() as f64));
            }
        }
        let Some((believed, _)) = coming.get(self.belief.too_few()) else { return Vec::new() };
        let most = believed.density();
        let mut expected = Vec::with_capacity(coming.len());
        for (ride, count) in coming {
            let fewest = people[ride.legs.range()].iter().copied().min().unwrap_or(0);
            let count = count * self.belief.part(fewest);
            if count > 0.0 {
                let gain_rub = ride.gain_rub.min(most * ride.room());
                expected.push(Expected {
                    legs: ride.legs,
                    grams: ride.grams,
                    detour_min: ride.detour_min,
                    gain_rub,
                    count,
                });
            }
        }
        expected
    }
}

/// Packages like one of the past that may be counted on.
struct Expected {
    legs: LegSpan,
    grams: f64,
    detour_min: f64,
    gain_rub: f64,
    /// How many of them are expected; may be a fraction.
    count: f64,
}

impl Expected {
    fn density(&self) -> f64 {
        self.gain_rub / room(self.grams, self.legs, self.detour_min)
    }
}

/// The room that something takes, in grams for a leg.
fn room(grams: f64, legs: LegSpan, detour_min: f64) -> f64 {
    (grams * legs.range().len() as f64 + detour_min * GRAMS_PER_DETOUR_MIN).max(1.0)
}

/// What the room is worth to those who are expected, the best for the room first. How many really come is
/// chance: each of them finds room as likely as those before leave some, on each leg by itself, as a normal
/// law has it.
fn worth_rub(expected: &[Expected], left: &[f64], detour_left: f64) -> f64 {
    let mut legs: SmallVec<[Taken; 8]> = SmallVec::from_elem(Taken::default(), left.len());
    let (mut detours, mut worth) = (Taken::default(), 0.0);
    for one in expected {
        let range = one.legs.range();
        let mut chance = if one.detour_min > 0.0 { detours.leaves(detour_left, one.detour_min) } else { 1.0 };
        for (taken, left) in legs[range.clone()].iter().zip(&left[range.clone()]) {
            chance = taken.leaves(*left, one.grams).min(chance);
        }
        if chance > 0.0 {
            let count = one.count * chance;
            legs[range].iter_mut().for_each(|taken| taken.add(count, one.grams));
            detours.add(count, one.detour_min);
            worth += count * one.gain_rub;
        }
    }
    worth
}

/// What better packages have taken of something: its mean and its variance.
#[derive(Clone, Copy, Default)]
struct Taken {
    mean: f64,
    variance: f64,
}

impl Taken {
    fn add(&mut self, count: f64, each: f64) {
        self.mean += count * each;
        self.variance += count * each * each;
    }

    /// The chance that so much is left of it.
    fn leaves(&self, whole: f64, needed: f64) -> f64 {
        let spare = whole - needed - self.mean;
        if spare + self.mean < 0.0 {
            return 0.0;
        }
        // The logistic curve comes within a hundredth of the normal law.
        1.0 / (1.0 + f64::exp(-1.702 * spare / self.variance.sqrt().max(1.0)))
    }
}
