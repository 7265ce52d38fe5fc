//! Whether the database takes writes: one without room, or that may only be read, answers every question and
//! keeps nothing.

use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

use super::{args, sql};
use crate::store::Database;
use crate::store::failure::Failure;

/// How long a refusal is believed, and a write that succeeded. One page may still fit where nothing else
/// does.
const BELIEVED_FOR: Duration = Duration::from_secs(10);

/// What became of the last writes.
#[derive(Debug, Default)]
pub(in crate::store) struct Writing(Mutex<Last>);

#[derive(Debug, Default)]
struct Last {
    done: Option<Instant>,
    refused: Option<(Instant, &'static str)>,
}

impl Writing {
    /// Learns from a write.
    pub(in crate::store) fn learn<T>(&self, outcome: &Result<T, Failure>, now: Instant) {
        match outcome {
            Ok(_) => self.0.lock().done = Some(now),
            Err(failure) => {
                if let Some(why) = failure.takes_no_writes() {
                    self.0.lock().refused = Some((now, why));
                }
            }
        }
    }

    fn refusal(&self, now: Instant) -> Option<&'static str> {
        let refused = self.0.lock().refused;
        refused.filter(|(at, _)| now.saturating_duration_since(*at) < BELIEVED_FOR).map(|(_, why)| why)
    }

    /// Whether nothing was written for a while.
    fn is_unknown(&self, now: Instant) -> bool {
        self.0.lock().done.is_none_or(|at| now.saturating_duration_since(at) >= BELIEVED_FOR)
    }
}

impl Database {
    /// Why the database takes no writes, if it does not. It is tried out where nobody has written for a
    /// while.
    pub async fn refuses_writes(&self) -> Option<&'static str> {
        let writing = &self.inner.writing;
        let now = Instant::now();
        if writing.refusal(now).is_some() || writing.is_unknown(now) {
            let touch = sql("UPDATE meta SET value = value WHERE name = 'epoch'");
            // What came of it was learned like of any other write. One that takes too long says nothing.
            let _ = self.execute(touch, args![]).await;
        }
        writing.refusal(Instant::now())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f21_a_refusal_is_believed_for_a_while_though_something_small_still_fits() {
        let (writing, now) = (Writing::default(), Instant::now());
        assert!(writing.is_unknown(now) && writing.refusal(now).is_none());
        writing.learn(&Ok(()), now);
        writing.learn::<()>(&Err(Failure::Conflict), now);
        writing.learn::<()>(&Err(Failure::Unavailable("no answer".to_owned())), now);
        assert!(!writing.is_unknown(now) && writing.refusal(now).is_none());
        writing.learn::<()>(&Err(Failure::full("database or disk is full")), now);
        writing.learn(&Ok(()), now);
        assert_eq!(writing.refusal(now), Some("the disk is full"));
        let later = now + BELIEVED_FOR;
        assert!(writing.is_unknown(later) && writing.refusal(later).is_none());
    }
}
