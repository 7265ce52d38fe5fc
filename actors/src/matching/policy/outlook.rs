//! What the policy believes beyond what the trip and the package say: chances, prices, weights.

use crate::ids::UserId;
use crate::matching::{Candidate, PackageEntry, Settings};
use crate::time::Time;

/// What is believed about a candidate. A function of the courier is an outlook that knows acceptance alone.
pub trait Outlook {
    /// The chance that the courier accepts an offer, 0 to 1.
    fn acceptance(&self, courier: UserId) -> f64;

    /// What the room is worth to packages that are still to come, in roubles.
    fn room_price_rub(&self, _candidate: &Candidate, _package: &PackageEntry) -> f64 {
        0.0
    }

    /// The weight of fairness and region together; see [`bounded`].
    fn weight(&self, _courier: UserId, _package: &PackageEntry) -> f64 {
        1.0
    }
}

impl<F: Fn(UserId) -> f64> Outlook for F {
    fn acceptance(&self, courier: UserId) -> f64 {
        self(courier)
    }
}

/// An outlook at a moment, with the knobs in force.
pub trait View: Outlook {
    /// The moment for which everything is looked at.
    fn now(&self) -> Time;

    /// The knobs in force.
    fn settings(&self) -> &Settings;
}

/// The most that fairness and region together may do to a score: 15 % more or less.
pub const MAX_WEIGHT: f64 = 0.15;

/// A weight within its bounds; what is not a number weighs nothing.
#[must_use]
pub fn bounded(weight: f64) -> f64 {
    if weight.is_nan() { 1.0 } else { weight.clamp(1.0 - MAX_WEIGHT, 1.0 + MAX_WEIGHT) }
}
