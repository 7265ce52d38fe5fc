//! Which packages are evidence that room will be asked for, and how much of it there is.
//!
//! A price of room keeps others from it, so it has to rest on something that cannot be had for nothing:
//!
//! - A package counts when somebody carries it, or when it has really waited: published, paid for if somebody takes
//!   it, and not called off ([`is_evidence`]). Whether the money is there, the store knows.
//! - People count, not packages: of one sender only the best package for the way does, and those of the sender whose
//!   package is judged do not count at all ([`Demand`](super::demand::Demand)).
//! - What was seen of few people may be chance. So of the demand not the mean is taken but a lower bound
//!   ([`believed_part`]): of four people and less it is nothing.

use crate::market::package::{Package, PackageState};
use crate::matching::Settings;
use crate::time::{Span, Time};

/// Whether a package is evidence of demand by now, as far as the package itself says. What was called off never is.
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

/// How much of a demand that was seen of so many people may be counted on, 0 to 1: the lower bound, by
/// [`Settings::doubt`], over what was seen. Arrivals are a Poisson law, whose spread is the root of their number.
#[must_use]
pub fn believed_part(people: u32, doubt: f64) -> f64 {
    if people == 0 { 0.0 } else { (1.0 - doubt / f64::from(people).sqrt()).max(0.0) }
}

/// How many people are no evidence by themselves: of so many, nothing may be counted on.
#[must_use]
pub fn no_evidence(doubt: f64) -> usize {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the doubt is at most 5")]
    let people = (doubt * doubt).floor().max(0.0) as usize;
    people
}
