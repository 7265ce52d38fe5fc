//! The one place of the load test that reads clocks: a stopwatch for latencies, the wall for people and
//! deadlines.

use std::time::{Duration, Instant};

use peerpack::app::SystemClock;
use peerpack_actors::ports::Clock as _;
use peerpack_actors::time::Time;

/// A stopwatch, started once for a run. Its readings are microseconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    origin: Instant,
    wall_ms: i64,
}

impl Clock {
    /// Starts the stopwatch.
    #[expect(clippy::disallowed_methods, reason = "this is the stopwatch")]
    pub(crate) fn start() -> Self {
        Self { origin: Instant::now(), wall_ms: SystemClock.now().ms() }
    }

    /// Microseconds since the start.
    #[expect(clippy::disallowed_methods, reason = "this is the stopwatch")]
    pub(crate) fn now_us(&self) -> u64 {
        u64::try_from(Instant::now().duration_since(self.origin).as_micros()).unwrap_or(u64::MAX)
    }

    /// The wall's time at a reading.
    pub(crate) fn wall_at(&self, us: u64) -> Time {
        Time::from_ms(self.wall_ms + i64::try_from(us / 1_000).unwrap_or(i64::MAX))
    }

    /// The reading at a time of the wall, in milliseconds' precision; 0 for times before the start.
    pub(crate) fn reading_at(&self, time: Time) -> u64 {
        u64::try_from(time.ms() - self.wall_ms).unwrap_or(0) * 1_000
    }

    /// The wall's time.
    pub(crate) fn wall(&self) -> Time {
        self.wall_at(self.now_us())
    }

    /// Waits for a reading, with the precision of the runtime's timers: about a millisecond.
    pub(crate) async fn until(&self, us: u64) {
        tokio::time::sleep_until((self.origin + Duration::from_micros(us)).into()).await;
    }

    /// Blocks the thread until a reading, more precisely.
    pub(crate) fn block_until(&self, us: u64) {
        std::thread::sleep(Duration::from_micros(us.saturating_sub(self.now_us())));
    }
}
