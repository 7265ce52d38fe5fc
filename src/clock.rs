//! One time for all nodes: the machine's clock, corrected by how far it is from the database's.
//!
//! Offers, tokens and trips end at instants that one node writes and another reads. So every node follows the
//! clock that all of them see. A SQLite file has no clock of its own, and no other nodes.
//!
//! Somebody may set a clock while the server runs, by an hour or by a day. Every offer would end at once, or
//! none ever. So the server counts time by itself ([`SteadyClock`]) and follows a clock only where it goes on
//! as clocks do.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use parking_lot::RwLock;
use peerpack_actors::ports::{Clock, Unavailable};
use peerpack_actors::time::{Span, Time};
use tokio::task::AbortHandle;

use crate::store::Database;

/// How often the clocks are compared.
const EVERY: Duration = Duration::from_secs(10);

/// How far a clock may be from the time that has passed, and still be followed. Time servers move clocks by
/// less at once.
const JUMP: Span = Span::seconds(2);

/// Looks of which the quickest counts, at the start.
const FIRST_LOOKS: usize = 3;

/// How far this machine's clock is from the database's, as far as is known, and whether it was set meanwhile.
#[derive(Debug, Default)]
pub struct Skew {
    known: RwLock<Known>,
    jumped_ms: AtomicI64,
}

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
    /// How far the machine is ahead of the database, or behind it if that is negative. Nothing where there is
    /// nothing to compare with.
    #[must_use]
    pub fn ahead(&self) -> Option<Span> {
        self.known.read().ahead
    }

    /// How far the machine's clock was set forward while the server ran, or back if that is negative. The
    /// server goes on counting from where it was.
    #[must_use]
    pub fn jumped(&self) -> Span {
        Span::from_ms(self.jumped_ms.load(Ordering::Relaxed))
    }

    /// Whether that is more than it may be.
    #[must_use]
    pub fn is_beyond(&self, most: Span) -> bool {
        self.ahead().is_some_and(|ahead| ahead.ms().abs() > most.ms())
    }

    /// The database was asked some time between two moments. What is taken off goes no further than that
    /// shows to be needed, so clocks that agree are left alone, however long an answer takes.
    ///
    /// A database whose clock is suddenly far away was set: it is noted, and not followed.
    fn learn(&self, look: Look, bound: Span) {
        let (least, most) = (look.asked.since(look.theirs).ms(), look.answered.since(look.theirs).ms());
        let ahead = Span::from_ms(least.midpoint(most));
        let mut known = self.known.write();
        let is_first = known.ahead.is_none();
        known.ahead = Some(ahead);
        if is_first || ahead.ms().abs() <= bound.ms() {
            known.taken_off = Span::from_ms(known.taken_off.ms().clamp(least, most.max(least)));
        }
        drop(known);
        metrics::gauge!("peerpack_clock_skew_seconds").set(ahead.ms() as f64 / 1_000.0);
    }
}

/// The time since the machine was started, also while it slept, milliseconds.
fn uptime_ms() -> i64 {
    #[cfg(target_os = "linux")]
    let id = rustix::time::ClockId::Boottime;
    #[cfg(not(target_os = "linux"))]
    let id = rustix::time::ClockId::Monotonic;
    let now = rustix::time::clock_gettime(id);
    now.tv_sec.saturating_mul(1_000).saturating_add(now.tv_nsec / 1_000_000)
}

/// A machine's clock as long as it goes on as clocks do; once it is set, the time that it would show
/// otherwise.
pub struct SteadyClock {
    machine: Arc<dyn Clock>,
    skew: Arc<Skew>,
    /// What the machine showed when it was started, by its clock as it was followed last, milliseconds.
    started_ms: AtomicI64,
}

impl SteadyClock {
    /// Follows a clock from now on.
    #[must_use]
    pub fn new(machine: Arc<dyn Clock>, skew: Arc<Skew>) -> Self {
        let started_ms = AtomicI64::new(machine.now().ms() - uptime_ms());
        Self { machine, skew, started_ms }
    }
}

impl Clock for SteadyClock {
    fn now(&self) -> Time {
        let (mut shown, mut uptime_ms) = (self.machine.now(), uptime_ms());
        let known_ms = self.started_ms.load(Ordering::Relaxed);
        if (shown.ms() - uptime_ms - known_ms).abs() > JUMP.ms() {
            // Perhaps this thread had to wait for seconds just here.
            (shown, uptime_ms) = (self.machine.now(), self::uptime_ms());
        }
        let started_ms = shown.ms() - uptime_ms;
        let jumped_ms = started_ms - known_ms;
        if jumped_ms.abs() <= JUMP.ms() {
            if jumped_ms != 0 {
                self.started_ms.store(started_ms, Ordering::Relaxed);
            }
            if self.skew.jumped_ms.swap(0, Ordering::Relaxed) != 0 {
                tracing::info!("the clock of this machine is right again");
            }
            return shown;
        }
        if self.skew.jumped_ms.swap(jumped_ms, Ordering::Relaxed) == 0 {
            tracing::error!(
                jumped_ms,
                "the clock of this machine was set; time goes on as before until a restart"
            );
        }
        Time::from_ms(known_ms + uptime_ms)
    }

    fn random(&self) -> [u8; 10] {
        self.machine.random()
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
        self.machine.now() - self.skew.known.read().taken_off
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
            skew.learn(look, most);
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
                    Ok(Some(look)) => skew.learn(look, most),
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
            let look = Look { asked, theirs: NOON + Span::from_ms(takes_ms / 2), answered };
            skew.learn(look, Span::minutes(2));
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
    fn f40_a_database_whose_clock_is_set_while_the_server_runs_is_not_followed() {
        let skew = Arc::new(Skew::default());
        let clock = SharedClock::new(Arc::new(Fixed), Arc::clone(&skew));
        for (ahead_s, known_s) in [(3, 3), (-3_600, 3), (86_400, 3), (2, 2)] {
            let theirs = NOON - Span::seconds(ahead_s);
            skew.learn(Look { asked: NOON, theirs, answered: NOON }, Span::minutes(1));
            assert_eq!(skew.ahead(), Some(Span::seconds(ahead_s)));
            assert_eq!(clock.now(), NOON - Span::seconds(known_s), "{ahead_s} s ahead");
        }
    }

    /// A clock that can be set, milliseconds ahead of what has passed since the machine was started.
    struct Settable(AtomicI64);

    impl Clock for Settable {
        fn now(&self) -> Time {
            Time::from_ms(uptime_ms() + self.0.load(Ordering::Relaxed))
        }

        fn random(&self) -> [u8; 10] {
            [0; 10]
        }
    }

    #[test]
    fn f40_a_clock_that_is_set_while_the_server_runs_is_not_followed_and_one_that_is_moved_a_little_is() {
        let (machine, skew) = (Arc::new(Settable(AtomicI64::new(0))), Arc::new(Skew::default()));
        let clock = SteadyClock::new(Arc::clone(&machine) as Arc<dyn Clock>, Arc::clone(&skew));
        // The clock is read a moment before what it is compared with: on a busy machine a long one, now and
        // then.
        let is_followed = |set_ms: i64, followed_ms: i64| {
            let off_ms = clock.now().ms() - uptime_ms();
            let jumped_ms = skew.jumped().ms();
            (off_ms - followed_ms).abs() < 400 && (jumped_ms - (set_ms - followed_ms)).abs() < 400
        };
        for (set_ms, followed_ms) in [
            (500, 500),
            (1_500, 1_500),
            (3_601_500, 1_500),
            (-86_400_000, 1_500),
            (2_000, 2_000),
            (5_000, 2_000),
        ] {
            machine.0.store(set_ms, Ordering::Relaxed);
            let is_so = (0..100).any(|_| is_followed(set_ms, followed_ms));
            assert!(is_so, "{set_ms}: {} jumped", skew.jumped().ms());
        }
    }

    #[test]
    fn what_is_too_far_is_known() {
        let skew = Skew::default();
        assert!(!skew.is_beyond(Span::seconds(0)), "nothing to compare with");
        let look = Look { asked: NOON, theirs: NOON + Span::seconds(31), answered: NOON };
        skew.learn(look, Span::minutes(1));
        assert!(skew.is_beyond(Span::seconds(30)) && !skew.is_beyond(Span::seconds(31)));
    }
}
