//! Which packages are evidence that room will be asked for, and how much of it there is.
//!
//! A price of room keeps others from it, so it has to rest on something that cannot be had for nothing:
//!
//! - A package counts when somebody carries it, or when it has really waited: published, paid for if somebody
//!   takes it, and not called off ([`is_evidence`]). Whether the money is there, the store knows.
//! - People count, not packages: of one sender only the best package for the way does, and those of the
//!   sender whose package is judged do not count at all ([`Demand`](super::demand::Demand)).
//! - What was seen of few people may be chance. So of the demand not the mean is taken but a lower bound
//!   ([`Belief`]), and of fewer than [`Settings::evidence_people`] it is nothing.

use crate::market::package::{Package, PackageState};
use crate::matching::Settings;
use crate::time::{Span, Time};

/// Whether a package is evidence of demand by now, as far as the package itself says. What was called off
/// never is.
///
/// Of a package that nobody carries it takes for granted that its sender can pay for it.
#[must_use]
pub fn is_evidence(package: &Package, now: Time, settings: &Settings) -> bool {
    let wait = least_wait(settings);
    match package.state {
        PackageState::Template => false,
        PackageState::Open => now.since(package.created_at) >= wait,
        // Nobody called it off: it has waited for its whole window.
        PackageState::Cancelled { at } => {
            at >= package.draft.deliver_by && package.draft.deliver_by.since(package.created_at) >= wait
        }
        PackageState::Assigned { .. }
        | PackageState::InTransit { .. }
        | PackageState::Delivered { .. }
        | PackageState::Confirmed { .. } => true,
    }
}

/// How long a package has to wait to have really waited.
#[must_use]
pub fn least_wait(settings: &Settings) -> Span {
    Span::minutes(i64::from(settings.evidence_wait_min))
}

/// How much a number of people is believed.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Belief {
    /// How many people are evidence: [`Settings::evidence_people`].
    fewest: u32,
    /// How much few people are doubted: [`Settings::doubt`].
    doubt: f64,
}

impl Belief {
    /// The belief that the settings ask for.
    #[must_use]
    pub const fn new(settings: &Settings) -> Self {
        Self { fewest: settings.evidence_people, doubt: settings.doubt }
    }

    /// How many people are no evidence by themselves.
    #[must_use]
    pub const fn too_few(self) -> usize {
        self.fewest.saturating_sub(1) as usize
    }

    /// How much of a demand that was seen of so many people may be counted on, 0 to 1: the lower bound over
    /// what was seen. Arrivals are a Poisson law, whose spread is the root of their number.
    #[must_use]
    pub fn part(self, people: u32) -> f64 {
        let is_nothing = people == 0 || people < self.fewest;
        if is_nothing { 0.0 } else { (1.0 - self.doubt / f64::from(people).sqrt()).max(0.0) }
    }
}
