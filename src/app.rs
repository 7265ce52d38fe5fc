//! What every handler and socket can reach: the engine, the store's views, tokens, presence, configuration.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use peerpack_actors::ports::Clock;
use peerpack_actors::runtime::Engine;
use peerpack_actors::time::Time;
use tokio::sync::Semaphore;

use crate::audit::Audit;
use crate::auth::token::Tokens;
use crate::board::Board;
use crate::bus::Presence;
use crate::clock::Skew;
use crate::config::Config;
use crate::edge::sockets::Sockets;
use crate::files::Files;
use crate::payments::Providers;
use crate::store::Database;
use crate::telegram::Telegram;
use crate::town::Town;

/// The parts of a running server. Cheap to clone: each part is shared.
#[derive(Clone)]
pub struct App {
    /// Decides what happens, and tells everybody concerned.
    pub engine: Engine,
    /// Remembers: people, tokens, views.
    pub database: Database,
    /// What people have uploaded.
    pub files: Files,
    /// Tells the time and makes randomness.
    pub clock: Arc<dyn Clock>,
    /// How far the machine's clock is from the time that counts.
    pub skew: Arc<Skew>,
    /// Who is around and where.
    pub presence: Arc<dyn Presence>,
    /// The open sockets.
    pub sockets: Arc<Sockets>,
    /// Whether it takes on work.
    pub duty: Arc<Duty>,
    /// A provider that takes money for us.
    pub providers: Arc<Providers>,
    /// The bot, if there is one.
    pub telegram: Option<Telegram>,
    /// Whether the stored data are in order.
    pub audit: Arc<Audit>,
    /// Makes and knows signatures, and the codes of hand-overs.
    pub tokens: Arc<Tokens>,
    /// What people have put up for everybody.
    pub board: Arc<Board>,
    /// The dispatch in town, if it runs.
    pub town: Option<Arc<Town>>,
    /// Places for those who mark chats as read: they leave the database to others.
    pub chat_places: Arc<Semaphore>,
    /// How the server was started: what the flags, the environment and the file say.
    pub config: Arc<Config>,
    /// When the server started.
    pub started_at: Time,
}

/// How many mark chats as read side by side.
pub const CHAT_PLACES: usize = 4;

/// Whether a server takes on work, or finishes what it has and ends.
#[derive(Debug, Default)]
pub struct Duty {
    is_ending: AtomicBool,
}

impl Duty {
    /// From now on it only finishes what it has.
    pub fn end(&self) {
        self.is_ending.store(true, Ordering::Release);
    }

    /// Whether it only finishes what it has.
    #[must_use]
    pub fn is_ending(&self) -> bool {
        self.is_ending.load(Ordering::Acquire)
    }
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
