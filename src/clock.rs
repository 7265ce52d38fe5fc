//! One time for all nodes: the machine's clock, corrected by how far it is from the database's.
//!
//! Offers, tokens and trips end at instants that one node writes and another reads. So every node follows the clock that
//! all of them see. A SQLite file has no clock of its own, and no other nodes.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::RwLock;
use peerpack_actors::ports::{Clock, Unavailable};
use peerpack_actors::time::{Span, Time};
use tokio::task::AbortHandle;

use crate::store::Database;

/// How often the clocks are compared.
const EVERY: Duration = Duration::from_secs(10);

/// Looks of which the quickest counts, at the start.
const FIRST_LOOKS: usize = 3;

/// How far this machine's clock is from the database's, as far as is known.
#[derive(Debug, Default)]
pub struct Skew(RwLock<Known>);

#[derive(Debug, Default, Clone, Copy)]
struct Known {
    /// How far ahead the machine was at the last look.
    ahead: Option<Span>,
    /// What is taken off its clock.
    taken_off: Span,
}

/// The database's time, and the machine's before and after it was asked.
#[derive(Debug, Clone, Copy)]
struct Look {
    asked: Time,
    theirs: Time,
    answered: Time,
}

impl Skew {
    /// How far the machine is ahead of the database, or behind it if that is negative. Nothing where there is nothing to
    /// compare with.
    #[must_use]
    pub fn ahead(&self) -> Option<Span> {
        self.0.read().ahead
    }

    /// Whether that is more than it may be.
    #[must_use]
    pub fn is_beyond(&self, most: Span) -> bool {
        self.ahead().is_some_and(|ahead| ahead.ms().abs() > most.ms())
    }

    /// The database was asked some time between two moments. What is taken off goes no further than that shows to be
    /// needed, so clocks that agree are left alone, however long an answer takes.
    fn learn(&self, look: Look) {
        let (least, most) = (look.asked.since(look.theirs).ms(), look.answered.since(look.theirs).ms());
        let ahead = Span::from_ms(least.midpoint(most));
        let mut known = self.0.write();
        known.ahead = Some(ahead);
        known.taken_off = Span::from_ms(known.taken_off.ms().clamp(least, most.max(least)));
        drop(known);
        metrics::gauge!("peerpack_clock_skew_seconds").set(ahead.ms() as f64 / 1_000.0);
    }
}

/// A machine's clock, corrected.
pub struct SharedClock {
    machine: Arc<dyn Clock>,
    skew: Arc<Skew>,
}

impl SharedClock {
    /// Corrects a clock by what is known of it.
    #[must_use]
    pub const fn new(machine: Arc<dyn Clock>, skew: Arc<Skew>) -> Self {
        Self { machine, skew }
    }
}

impl Clock for SharedClock {
    fn now(&self) -> Time {
        self.machine.now() - self.skew.0.read().taken_off
    }

    fn random(&self) -> [u8; 10] {
        self.machine.random()
    }
}

/// Compares the clocks as long as it lives.
#[derive(Debug)]
pub struct Following(AbortHandle);

impl Drop for Following {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Following {
    /// Compares at once, and from then on.
    ///
    /// # Errors
    /// The clocks are further apart than they may be, or the database does not answer.
    pub async fn start(
        database: Database,
        machine: Arc<dyn Clock>,
        skew: Arc<Skew>,
        most: Span,
    ) -> anyhow::Result<Self> {
        let mut quickest: Option<Look> = None;
        for _ in 0..FIRST_LOOKS {
            let Some(look) = look(&database, &*machine).await? else { break };
            let took = |look: &Look| look.answered.since(look.asked).ms();
            if quickest.is_none_or(|best| took(&look) < took(&best)) {
                quickest = Some(look);
            }
        }
        if let Some(look) = quickest {
            skew.learn(look);
        }
        if skew.is_beyond(most) {
            let ahead_s = skew.ahead().unwrap_or_default().ms() as f64 / 1_000.0;
            anyhow::bail!(
                "the clock of this machine is {ahead_s:+.1} s from the database's, and max_clock_skew_s is {}: \
                 set the clock of one of them",
                most.ms() / 1_000
            );
        }
        let task = tokio::spawn(async move {
            loop {
                tokio::time::sleep(EVERY).await;
                let before = skew.is_beyond(most);
                match look(&database, &*machine).await {
                    Ok(Some(look)) => skew.learn(look),
                    // Health says that the database is down.
                    Ok(None) | Err(_) => continue,
                }
                if skew.is_beyond(most) && !before {
                    let ahead_ms = skew.ahead().unwrap_or_default().ms();
                    tracing::error!(ahead_ms, "the clock of this machine is far from the database's");
                }
            }
        });
        Ok(Self(task.abort_handle()))
    }
}

async fn look(database: &Database, machine: &dyn Clock) -> Result<Option<Look>, Unavailable> {
    let asked = machine.now();
    let theirs = database.time().await?;
    let answered = machine.now();
    Ok(theirs.map(|theirs| Look { asked, theirs, answered }))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: Time = Time::from_ms(1_790_000_000_000);

    struct Fixed;

    impl Clock for Fixed {
        fn now(&self) -> Time {
            NOON
        }

        fn random(&self) -> [u8; 10] {
            [0; 10]
        }
    }

    fn after(looks: &[(i64, i64)]) -> (i64, i64) {
        let skew = Arc::new(Skew::default());
        for (ahead_ms, takes_ms) in looks {
            let asked = NOON + Span::from_ms(*ahead_ms);
            let answered = asked + Span::from_ms(*takes_ms);
            skew.learn(Look { asked, theirs: NOON + Span::from_ms(takes_ms / 2), answered });
        }
        let ahead_ms = skew.ahead().unwrap().ms();
        (ahead_ms, NOON.since(SharedClock::new(Arc::new(Fixed), skew).now()).ms())
    }

    #[test]
    fn f41_a_clock_that_is_wrong_is_corrected_and_one_that_is_right_is_left_alone() {
        assert_eq!(after(&[(0, 2)]), (0, 0));
        assert_eq!(after(&[(10_000, 2)]), (10_000, 9_999));
        assert_eq!(after(&[(-90_000, 2)]), (-90_000, -89_999));
        // An answer that took its time says little: nothing is changed without need.
        assert_eq!(after(&[(10_000, 2), (10_000, 2_000)]), (10_000, 9_999));
        assert_eq!(after(&[(300, 1_000)]), (300, 0));
        // Each look makes it more exact, and a clock that was set right meanwhile is followed.
        assert_eq!(after(&[(10_000, 2_000), (10_000, 0)]), (10_000, 10_000));
        assert_eq!(after(&[(10_000, 2), (0, 2)]), (0, 1));
    }

    #[test]
    fn what_is_too_far_is_known() {
        let skew = Skew::default();
        assert!(!skew.is_beyond(Span::seconds(0)), "nothing to compare with");
        skew.learn(Look { asked: NOON, theirs: NOON + Span::seconds(31), answered: NOON });
        assert!(skew.is_beyond(Span::seconds(30)) && !skew.is_beyond(Span::seconds(31)));
    }
}
