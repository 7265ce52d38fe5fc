//! How good a match is, as one number: the gain to expect for the carrying it takes.
//!
//! ```text
//! chance of acceptance x weight x (reward - cost of the detour - price of the room) / (kg x km) ^ exponent
//! ```
//!
//! Dividing by less than the whole work keeps a room for large parcels on long ways, which pay less per kg
//! and km.

use crate::market::request::Plan;
use crate::matching::{PackageEntry, Settings};
use crate::money::{Amount, Currency};

/// Below this weight a parcel counts as this heavy, in kilograms: the hand-over is work, too.
const MIN_KG: f64 = 0.1;

/// Below this way a parcel counts as going this far, in kilometres.
const MIN_KM: f64 = 1.0;

/// Roubles per unit, roughly. Good enough to weigh a detour against a reward, and used for nothing else.
pub const fn roubles(currency: Currency) -> f64 {
    match currency {
        Currency::Rub => 1.0,
        Currency::Usd => 80.0,
        Currency::Eur => 90.0,
        Currency::Kzt => 0.16,
        // Nobody is rewarded with stars.
        Currency::Xtr => 0.0,
    }
}

/// The least that what is believed of a courier counts: somebody who would accept nothing is no infinite
/// loss.
const MIN_BELIEF: f64 = 0.01;

/// What is believed about a candidate, beside its plan.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Terms {
    /// What the courier asks per parcel, if stated. A reward below it makes acceptance less likely in
    /// proportion.
    pub asked: Option<Amount>,
    /// The chance that this courier accepts an offer, 0 to 1.
    pub acceptance: f64,
    /// What the room is worth to packages that are still to come, in roubles.
    pub room_price_rub: f64,
    /// Fairness and region, within their bounds; 1 weighs nothing.
    pub weight: f64,
}

impl Terms {
    /// The chance that the courier accepts this reward, 0 to 1.
    #[must_use]
    pub fn chance(&self, package: &PackageEntry) -> f64 {
        let (reward, asked) = (in_roubles(package.reward), self.asked.map_or(0.0, in_roubles));
        if asked > reward { self.acceptance * reward / asked } else { self.acceptance }
    }
}

/// The score of a plan: higher is better, below zero when detour and room cost more than the reward.
#[must_use]
pub fn score(plan: &Plan, package: &PackageEntry, terms: &Terms, settings: &Settings) -> f64 {
    let kg = (f64::from(package.load.weight_g) / 1_000.0).max(MIN_KG);
    let km = (f64::from(package.way_m) / 1_000.0).max(MIN_KM);
    let gain = gain_rub(plan, package, settings) - terms.room_price_rub;
    let belief = (terms.chance(package) * terms.weight).max(MIN_BELIEF);
    // Of losses, too, those count less that come from couriers who are likelier to accept.
    let expected = if gain < 0.0 { gain / belief } else { gain * belief };
    expected / (kg * km).powf(settings.work_exponent)
}

/// The reward less what the detour costs the courier, in roubles.
#[must_use]
pub fn gain_rub(plan: &Plan, package: &PackageEntry, settings: &Settings) -> f64 {
    let detour = settings.detour_rub_per_min * f64::from(plan.detour_min)
        + settings.detour_rub_per_km * f64::from(plan.detour_m) / 1_000.0;
    in_roubles(package.reward) - detour
}

fn in_roubles(amount: Amount) -> f64 {
    amount.major() * roubles(amount.currency)
}
