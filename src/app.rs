//! What every handler and socket can reach: the engine, the store's views, tokens, presence, configuration.

use std::sync::Arc;

use peerpack_actors::ports::Clock;
use peerpack_actors::runtime::Engine;
use peerpack_actors::time::Time;

use crate::bus::Presence;
use crate::config::Config;
use crate::store::Database;

/// The parts of a running server. Cheap to clone: each part is shared.
#[derive(Clone)]
pub struct App {
    /// Decides.
    pub engine: Engine,
    /// Remembers: people, tokens, views.
    pub database: Database,
    /// Tells the time and makes randomness.
    pub clock: Arc<dyn Clock>,
    /// Who is around and where.
    pub presence: Arc<dyn Presence>,
    /// The configuration.
    pub config: Arc<Config>,
    /// When the server started.
    pub started_at: Time,
}

/// The clock of the machine and the randomness of the operating system.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Time {
        #[expect(clippy::disallowed_methods, reason = "this is the one clock")]
        let now = std::time::SystemTime::now();
        let since = now.duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Time::from_ms(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }

    fn random(&self) -> [u8; 10] {
        rand::random()
    }
}
