//! Durable truth: the only SQL of the program, on SQLite (embedded, nothing to install) or Postgres.
//!
//! [`Database`] implements the engine's [`Store`](peerpack_actors::ports::Store) and, beside it, what the
//! server's edges need: people, refresh tokens, kept answers, read views. It applies what the core has
//! decided and guards it with versions, constraints and guarded updates; it decides no business question
//! itself, and no row type leaves this module.
//!
//! All work runs in tasks of its own, on the runtime that opened the database, with a deadline: a caller that
//! goes away cancels nothing, and a database that hangs hangs nobody.

mod bot;
mod dispatch;
mod engine;
mod failure;
mod market;
mod money;
mod people;
mod setup;
mod sql;
mod talk;
mod upkeep;

use std::sync::Arc;
use std::time::Duration;

use sqlx::{PgPool, SqlitePool};
use tokio::runtime::Handle;
use tokio::sync::Notify;

pub use bot::outbox::{Arrived, LiveMessage, OutboxFigures, Outgoing, Settled};
pub use bot::settings::{BotSettings, QuietHours};
pub use bot::updates::{Polling, TakenUpdate};
pub use dispatch::drivers::{Driver, DriverQuery};
pub use dispatch::orders::{DriverFigures, OrderQuery, ReservedOrder};
pub use dispatch::passengers::{Passenger, PassengerQuery};
pub use dispatch::regions::{CityRecord, Hours, RegionFigures, RegionRecord};
pub use engine::jobs::{Job, JobKind};
pub use engine::receipts::Kept;
pub use market::disputes::DisputeRecord;
pub use market::reviews::{NewReview, PastDelivery, Reputation, ReviewRecord, Reviewed};
pub use market::views::{
    PackageHeader, Person, RequestHeader, SenderPackages, TripHeader, TripRequest, TripRequests, Which,
};
pub use money::fees::FeeVersion;
pub use money::payments::PaymentsOf;
pub use money::reconciliations::Reconciliation;
pub use money::wallet::{Balance, LedgerOf, TransferRecord};
pub use people::accounts::Deletion;
pub use people::attempts::Pauses;
pub use people::codes::{Asking, Candidate, CodeBudget, Plan as CodePlan};
pub use people::documents::{Added, Document, DocumentState};
pub use people::files::FileRecord;
pub use people::notifications::{
    About, AboutDriver, AboutOrder, AboutPackage, AboutRequest, AboutTrip, AboutWithdrawal,
    NotificationRecord,
};
pub use people::operators::{Change, NewOperator};
pub use people::second_factors::SecondFactor;
pub use people::sessions::{RevokedSession, Session};
pub use people::staff::{Account, AccountQuery, Deed, DeedRecord, Removal};
pub use people::tickets::Ticket;
pub use people::tokens::{RefreshToken, Rotation};
pub use people::users::{Profile, ProfileRefused, TelegramProfile, User};
pub use setup::OpenError;
pub use sql::lists::{Part, Slice};
pub use sql::postgres::pool_options;
pub use talk::chats::{Message, Page};
pub use talk::people::{Talker, generated_username};
pub use talk::posts::{BoardQuery, NewPost, PostReport};
pub use talk::reports::{ChatReport, Evidence};
pub use talk::sending::{CodesOf, NewMessage, Sent};

/// How long one piece of work may take in all, waiting included. A caller that polls
/// [`changed_packages`](peerpack_actors::ports::Store::changed_packages) or its likes must look back at least
/// this far: a change carries the time at which it was decided, and may become visible this much later.
pub const DEADLINE: Duration = Duration::from_millis(2_800);

/// Which database, and how much of it to use.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `postgres://..`, `sqlite://path`, or the path of a data directory.
    pub url: String,
    /// Connections to Postgres, or readers of the SQLite file.
    pub connections: u32,
    /// How long one piece of work may take in all.
    pub deadline: Duration,
    /// Whether there is a bot: then events leave messages in the outbox.
    pub sends_messages: bool,
}

impl Settings {
    /// The defaults for a database.
    pub fn new(url: impl Into<String>) -> Self {
        let url = url.into();
        let connections = if sql::postgres::is_url(&url) { 16 } else { 4 };
        Self { url, connections, deadline: DEADLINE, sends_messages: false }
    }
}

/// The database. Clones are handles to the same one.
#[derive(Clone)]
pub struct Database {
    inner: Arc<Inner>,
}

struct Inner {
    backend: Backend,
    /// Where the work runs: its sockets belong to this runtime, not to that of the caller.
    runtime: Handle,
    deadline: Duration,
    writing: sql::writable::Writing,
    sends_messages: bool,
    /// What is to be said in chats.
    speakers: talk::speakers::Speakers,
    /// Rung when there may be something in the outbox.
    messages: Notify,
    /// Rung when there may be an update of Telegram's.
    updates: Notify,
}

enum Backend {
    Postgres { pool: PgPool, lanes: engine::lanes::Lanes, url: String },
    Sqlite { readers: SqlitePool, writer: engine::writer::Writer, path: std::path::PathBuf },
}

impl Database {
    /// The kind of database, for people.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self.inner.backend {
            Backend::Postgres { .. } => "postgres",
            Backend::Sqlite { .. } => "sqlite",
        }
    }
}

impl std::fmt::Debug for Database {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Database").field("kind", &self.kind()).finish_non_exhaustive()
    }
}
