//! How much a client may say, and how much of it may be nonsense.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

/// What one message costs: 120 in a minute.
const COST: Duration = Duration::from_millis(500);

/// Messages at once.
const BURST: u32 = 30;

/// Errors within [`ERROR_SPAN`] that end a connection.
const MAX_ERRORS: usize = 10;

/// How long errors are remembered.
const ERROR_SPAN: Duration = Duration::from_secs(60);

/// The messages of one connection.
#[derive(Debug, Clone, Copy)]
pub(super) struct Allowance {
    saved: Duration,
    at: Instant,
}

impl Allowance {
    /// A full one.
    pub(super) fn new(now: Instant) -> Self {
        Self { saved: COST * BURST, at: now }
    }

    /// Whether one more message may come.
    pub(super) fn spend(&mut self, now: Instant) -> bool {
        self.saved = (self.saved + now.saturating_duration_since(self.at)).min(COST * BURST);
        self.at = now;
        self.saved.checked_sub(COST).map(|left| self.saved = left).is_some()
    }
}

/// The errors of one connection.
#[derive(Debug, Clone, Default)]
pub(super) struct Errors(VecDeque<Instant>);

impl Errors {
    /// Counts one; whether it was one too many.
    pub(super) fn count(&mut self, now: Instant) -> bool {
        while self.0.front().is_some_and(|first| now.saturating_duration_since(*first) >= ERROR_SPAN) {
            self.0.pop_front();
        }
        self.0.push_back(now);
        self.0.len() >= MAX_ERRORS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thirty_at_once_and_then_two_a_second() {
        let start = Instant::now();
        let mut allowance = Allowance::new(start);
        assert_eq!((0..40).filter(|_| allowance.spend(start)).count(), 30);
        let later = start + Duration::from_secs(5);
        assert_eq!((0..40).filter(|_| allowance.spend(later)).count(), 10);
        let much_later = later + Duration::from_secs(3_600);
        assert_eq!((0..40).filter(|_| allowance.spend(much_later)).count(), 30);
    }

    #[test]
    fn the_tenth_error_within_a_minute_is_one_too_many() {
        let start = Instant::now();
        let mut errors = Errors::default();
        assert!((0..9).all(|_| !errors.count(start)));
        assert!(errors.clone().count(start + Duration::from_secs(59)));
        assert!(!errors.count(start + Duration::from_secs(60)));
    }
}
