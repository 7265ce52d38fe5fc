//! How much a client may say, how often it may resume, and how much of what it says may be nonsense.

use std::time::Duration;

use tokio::time::Instant;

use crate::edge::bucket::Bucket;

/// Errors within [`ERROR_SPAN`] that end a connection.
const MAX_ERRORS: u32 = 10;

/// How long errors are remembered.
const ERROR_SPAN: Duration = Duration::from_secs(60);

/// What one connection may say: 120 messages in a minute, 30 at once.
pub(super) const fn allowance() -> Bucket {
    Bucket::every(Duration::from_millis(500), 30)
}

/// How often one connection may resume: once is enough, unless it has to load the state in between.
pub(super) const fn resumes() -> Bucket {
    Bucket::every(Duration::from_secs(10), 3)
}

/// The errors of one connection.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Errors {
    count: u32,
    since: Option<Instant>,
}

impl Errors {
    /// Counts one; whether it was one too many. A minute without the tenth starts over.
    pub(super) fn count(&mut self, now: Instant) -> bool {
        let is_over = self.since.is_none_or(|since| now.saturating_duration_since(since) >= ERROR_SPAN);
        if is_over {
            *self = Self { count: 0, since: Some(now) };
        }
        self.count += 1;
        self.count >= MAX_ERRORS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thirty_at_once_and_then_two_a_second() {
        let start = Instant::now();
        let mut allowance = allowance();
        assert_eq!((0..40).filter(|_| allowance.spend(start)).count(), 30);
        let later = start + Duration::from_secs(5);
        assert_eq!((0..40).filter(|_| allowance.spend(later)).count(), 10);
        let much_later = later + Duration::from_secs(3_600);
        assert_eq!((0..40).filter(|_| allowance.spend(much_later)).count(), 30);
    }

    #[test]
    fn a_storm_is_let_in_by_and_by() {
        let start = Instant::now();
        let mut bucket = Bucket::new(500, 1_000);
        let second = |n| start + Duration::from_secs(n);
        let admitted = |bucket: &mut Bucket, at| (0..5_000).filter(|_| bucket.spend(at)).count();
        assert_eq!(admitted(&mut bucket, second(0)), 1_000);
        assert_eq!(admitted(&mut bucket, second(1)), 500);
        assert_eq!(admitted(&mut bucket, second(60)), 1_000);
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
