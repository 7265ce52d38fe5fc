//! What a package may expect of trips that nobody has published yet.

use crate::matching::PackageEntry;
use crate::time::{Span, Time};

/// How many trips of the past speak for those to come: the best.
const MAX_COMINGS: usize = 128;

/// A trip like one of the past.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Coming {
    /// What is left to the package's side when the room is paid for.
    pub(super) gain_rub: f64,
    /// How long before the pickup it is published.
    pub(super) lead: Span,
    /// From pickup to dropoff.
    pub(super) riding: Span,
}

/// The trips that may still come for a package, the best first. Each stands for as much of one as the part of
/// its span in which one like it would do.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Prospects {
    comings: Vec<Coming>,
    ready_at: Time,
    deliver_by: Time,
    span: Span,
    share: f64,
}

impl Prospects {
    pub(super) fn new(
        comings: impl Iterator<Item = Coming>,
        package: &PackageEntry,
        span: Span,
        share: f64,
    ) -> Self {
        let mut comings: Vec<Coming> = comings.collect();
        comings.sort_by(|a, b| b.gain_rub.total_cmp(&a.gain_rub));
        comings.truncate(MAX_COMINGS);
        Self { comings, ready_at: package.ready_at, deliver_by: package.deliver_by, span, share }
    }

    /// How much more than `least_rub` the best of the trips may be expected to gain that are published
    /// between `now` and `until`, in roubles. Trips come one by one and know nothing of each other, so how
    /// many come is a Poisson law.
    #[must_use]
    pub fn beyond_rub(&self, least_rub: f64, now: Time, until: Time) -> f64 {
        let (mut beyond, mut expected) = (0.0, 0.0);
        let better = self.comings.iter().take_while(|one| one.gain_rub > least_rub);
        let next = self.comings.iter().skip(1).map(|one| one.gain_rub).chain([least_rub]);
        for (one, next) in better.zip(next) {
            expected +=
                self.share * self.time_for(one, now, until).ms() as f64 / self.span.ms().max(1) as f64;
            beyond += (one.gain_rub - next.max(least_rub)) * (1.0 - f64::exp(-expected));
        }
        beyond
    }

    /// How much more than nothing the best of all trips to come may be expected to gain, in roubles.
    #[must_use]
    pub fn all_rub(&self, now: Time) -> f64 {
        self.beyond_rub(0.0, now, self.deliver_by)
    }

    /// The time in which such a trip could pick the package up, published after `now` and before `until`.
    fn time_for(&self, one: &Coming, now: Time, until: Time) -> Span {
        let first = (now + one.lead).max(self.ready_at);
        let last = (until + one.lead).min(self.deliver_by - one.riding);
        Span::from_ms(last.since(first).ms().max(0))
    }
}
