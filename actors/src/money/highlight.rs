//! A highlight: a trip or a package bears a mark in lists for a while.
//!
//! It is a digital extra, so it is paid for in Telegram Stars and nothing else is. It is a mark alone: the
//! matching and the order of lists know nothing of it. Each charge buys one period; a period that is bought
//! while another one goes on follows it.

use uuid::Uuid;

use crate::ids::{PackageId, TripId};
use crate::time::{Span, Time};

/// What is highlighted.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Subject {
    /// A courier's trip.
    Trip(TripId),
    /// A sender's package.
    Package(PackageId),
}

impl Subject {
    /// The trip, if it is one.
    #[must_use]
    pub const fn trip(self) -> Option<TripId> {
        match self {
            Self::Trip(trip) => Some(trip),
            Self::Package(_) => None,
        }
    }

    /// The package, if it is one.
    #[must_use]
    pub const fn package(self) -> Option<PackageId> {
        match self {
            Self::Package(package) => Some(package),
            Self::Trip(_) => None,
        }
    }

    /// Its id, whichever it is.
    #[must_use]
    pub const fn uuid(self) -> Uuid {
        match self {
            Self::Trip(trip) => trip.uuid(),
            Self::Package(package) => package.uuid(),
        }
    }
}

/// A highlight as it is paid for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Highlight {
    /// What is highlighted.
    pub of: Subject,
    /// For how long, as it was when it was asked for.
    pub lasts: Span,
}

impl Highlight {
    /// From when to when a period counts that is paid for now. `until` is when the last one ends that was
    /// paid for before.
    #[must_use]
    pub fn period(self, until: Option<Time>, now: Time) -> (Time, Time) {
        let from = until.map_or(now, |until| until.max(now));
        (from, from + self.lasts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_begins_now_or_after_the_one_that_goes_on() {
        let at = Time::from_ms;
        let lasts = Span::from_ms(100);
        let highlight = Highlight { of: Subject::Trip(TripId::new(at(1), [1; 10])), lasts };
        for (until, expected) in
            [(None, (1_000, 1_100)), (Some(900), (1_000, 1_100)), (Some(1_050), (1_050, 1_150))]
        {
            let period = highlight.period(until.map(at), at(1_000));
            assert_eq!(period, (at(expected.0), at(expected.1)), "{until:?}");
        }
    }
}
