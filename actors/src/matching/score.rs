//! How good a match is, as one number: the gain to expect for the carrying it takes.
//!
//! ```text
//! chance of acceptance x (reward - cost of the detour) / (kg x km) ^ exponent        in roubles
//! ```
//!
//! Dividing by less than the whole work keeps a room for large parcels on long ways, which pay less per kg and km.

use crate::matching::{PackageEntry, Settings};
use crate::money::{Amount, Currency};
use crate::request::Plan;

/// Below this weight a parcel counts as this heavy, in kilograms: the hand-over is work, too.
const LEAST_KG: f64 = 0.1;

/// Below this way a parcel counts as going this far, in kilometres.
const LEAST_KM: f64 = 1.0;

/// Roubles per unit, roughly. Good enough to weigh a detour against a reward, and used for nothing else.
const fn roubles(currency: Currency) -> f64 {
    match currency {
        Currency::Rub => 1.0,
        Currency::Usd => 80.0,
        Currency::Eur => 90.0,
        Currency::Kzt => 0.16,
    }
}

/// The score of a plan: higher is better, below zero when the detour costs more than the reward.
///
/// `price` is what the courier asks per parcel, `acceptance` the chance that this courier accepts an offer, 0 to 1.
/// A reward below the price makes the chance smaller in proportion.
#[must_use]
pub fn score(
    plan: &Plan,
    package: &PackageEntry,
    price: Option<Amount>,
    acceptance: f64,
    settings: &Settings,
) -> f64 {
    let reward = in_roubles(package.reward);
    let detour = settings.detour_rub_per_min * f64::from(plan.detour_min)
        + settings.detour_rub_per_km * f64::from(plan.detour_m) / 1_000.0;
    let asked = price.map_or(0.0, in_roubles);
    let chance = if asked > reward { acceptance * reward / asked } else { acceptance };
    let kg = (f64::from(package.load.weight_g) / 1_000.0).max(LEAST_KG);
    let km = (f64::from(package.way_m) / 1_000.0).max(LEAST_KM);
    chance * (reward - detour) / (kg * km).powf(settings.work_exponent)
}

fn in_roubles(amount: Amount) -> f64 {
    amount.major() * roubles(amount.currency)
}
