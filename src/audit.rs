//! Whether the stored data are in order, the books before all: looked at every hour, and no money goes out
//! while they are not, or while nobody knows.
//!
//! Each node looks for itself. Nothing is repaired: what is wrong, somebody has to understand first.

use parking_lot::Mutex;
use peerpack_actors::ports::Unavailable;
use peerpack_actors::time::{Span, Time};

use crate::store::Database;

/// How often; and how long what was seen counts.
const EVERY: Span = Span::hours(1);

/// How many faults are written to the log, of however many there are.
const SHOWN: usize = 20;

/// What looking has found so far.
#[derive(Debug)]
pub struct Audit {
    started_at: Time,
    seen: Mutex<Seen>,
    /// Held by the task that looks: one look at a time.
    looking: tokio::sync::Mutex<()>,
}

#[derive(Clone, Copy, Default, Debug)]
struct Seen {
    /// How many looks have come to an end, one way or another.
    looks: u64,
    /// When the last one began.
    tried_at: Option<Time>,
    /// When it was last possible.
    looked_at: Option<Time>,
    /// What was found then.
    faults: usize,
}

impl Seen {
    fn is_right(self, now: Time) -> bool {
        self.faults == 0 && counts(self.looked_at, now)
    }
}

fn counts(at: Option<Time>, now: Time) -> bool {
    at.is_some_and(|at| now < at + EVERY)
}

impl Audit {
    /// Nothing is known. The first hourly look is due an hour after the start: a node that starts has enough
    /// to read.
    #[must_use]
    pub fn new(started_at: Time) -> Self {
        Self { started_at, seen: Mutex::default(), looking: tokio::sync::Mutex::default() }
    }

    /// Looks, if it is time to.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn look(&self, database: &Database, now: Time) -> Result<(), Unavailable> {
        let seen = *self.seen.lock();
        let age = now.since(seen.looked_at.unwrap_or(self.started_at));
        metrics::gauge!("peerpack_audit_age_seconds").set(age.ms() as f64 / 1_000.0);
        if counts(seen.tried_at.or(Some(self.started_at)), now) {
            return Ok(());
        }
        let _alone = self.looking.lock().await;
        if self.seen.lock().looks == seen.looks { self.look_alone(database, now).await } else { Ok(()) }
    }

    /// Whether money may go out, by what was seen within the last hour. Looks if nobody has tried to for so
    /// long.
    pub async fn is_clean(&self, database: &Database, now: Time) -> bool {
        self.ask(database, now, |seen| counts(seen.tried_at, now)).await
    }

    /// The same before a payment: unless all was right, looks again, for somebody may have seen to
    /// it.
    pub async fn is_clean_by_now(&self, database: &Database, now: Time) -> bool {
        self.ask(database, now, |_| false).await
    }

    /// Looks, unless all was right or what was seen is `enough`. Who asks while somebody looks waits, and
    /// shares that look.
    async fn ask(&self, database: &Database, now: Time, enough: impl Fn(Seen) -> bool) -> bool {
        let before = *self.seen.lock();
        if before.is_right(now) {
            return true;
        }
        let _alone = self.looking.lock().await;
        let seen = *self.seen.lock();
        if seen.looks == before.looks
            && !enough(seen)
            && let Err(error) = self.look_alone(database, now).await
        {
            tracing::warn!(%error, "the books cannot be looked at: no money goes out");
        }
        self.seen.lock().is_right(now)
    }

    /// For the holder of `looking`.
    async fn look_alone(&self, database: &Database, now: Time) -> Result<(), Unavailable> {
        // Also when it cannot be done: it reads everything, and is not tried every half minute.
        self.seen.lock().tried_at = Some(now);
        let found = database.audit().await;
        let mut seen = self.seen.lock();
        seen.looks += 1;
        let faults = found?;
        for fault in faults.iter().take(SHOWN) {
            tracing::error!(fault, "the stored data are not in order: no money goes out");
        }
        metrics::gauge!("peerpack_audit_faults").set(faults.len() as f64);
        (seen.looked_at, seen.faults) = (Some(now), faults.len());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Settings;

    const START: Time = Time::from_ms(1_790_000_000_000);

    #[actix_web::test]
    async fn callers_at_once_share_a_look_which_counts_for_an_hour() {
        let folder = tempfile::tempdir().unwrap();
        let url = folder.path().display().to_string();
        let database = Database::connect(&Settings::new(&url)).await.unwrap();
        let audit = Audit::new(START);
        let ask = async |minutes| {
            let now = START + Span::minutes(minutes);
            let all = (0..8).map(|_| audit.is_clean_by_now(&database, now));
            let answers = futures_util::future::join_all(all).await;
            assert!(answers.iter().all(|answer| *answer == answers[0]));
            (answers[0], audit.seen.lock().looks)
        };
        // There is no schema yet.
        assert_eq!(ask(0).await, (false, 1), "what cannot be looked at is not right");
        assert!(!audit.is_clean(&database, START + Span::minutes(59)).await);
        assert_eq!(audit.seen.lock().looks, 1, "who only wants to know does not try again at once");
        database.migrate().await.unwrap();
        assert_eq!(ask(1).await, (true, 2));
        assert_eq!(ask(60).await, (true, 2));
        assert_eq!(ask(61).await, (true, 3));
        audit.look(&database, START + Span::minutes(120)).await.unwrap();
        assert_eq!(audit.seen.lock().looks, 3, "not due yet");
        audit.look(&database, START + Span::minutes(121)).await.unwrap();
        assert_eq!(ask(150).await, (true, 4));
        database.close().await;
    }
}
