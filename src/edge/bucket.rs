//! So much in a second, and so much at once.

use std::time::Duration;

use tokio::time::Instant;

/// Lets so much pass in a second, and so much at once. Full at first.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bucket {
    cost: Duration,
    most: Duration,
    saved: Duration,
    at: Option<Instant>,
}

impl Bucket {
    /// So many in a second, so many at once.
    pub(crate) const fn new(per_second: u32, burst: u32) -> Self {
        Self::every(Duration::from_nanos(1_000_000_000 / per_second as u64), burst)
    }

    /// One in such a time, so many at once.
    pub(crate) const fn every(cost: Duration, burst: u32) -> Self {
        let most = cost.saturating_mul(burst);
        Self { cost, most, saved: most, at: None }
    }

    /// Whether one more may pass.
    pub(crate) fn spend(&mut self, now: Instant) -> bool {
        let since = self.at.map_or(Duration::ZERO, |at| now.saturating_duration_since(at));
        self.saved = (self.saved + since).min(self.most);
        self.at = Some(now);
        self.saved.checked_sub(self.cost).map(|left| self.saved = left).is_some()
    }
}
