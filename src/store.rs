//! Durable truth: the only SQL of the program, on SQLite (embedded, nothing to install) or Postgres.
//!
//! [`Database`] implements the engine's [`Store`](peerpack_actors::ports::Store) and, beside it, what the
//! server's edges need: people, refresh tokens, kept answers, read views. It applies what the core has
//! decided and guards it with versions, constraints and guarded updates; it decides no business question
//! itself, and no row type leaves this module.
//!
//! All work runs in tasks of its own, on the runtime that opened the database, with a deadline: a caller that
//! goes away cancels nothing, and a database that hangs hangs nobody.

mod accounts;
mod audit;
mod codec;
mod codes;
mod commit;
mod disputes;
mod documents;
mod failure;
mod files;
mod groups;
mod guesses;
mod hand_overs;
mod jobs;
mod lanes;
mod load;
mod notifications;
mod port;
mod postgres;
mod prepared;
mod prune;
mod receipts;
mod reviews;
mod run;
mod second_factors;
mod sessions;
mod setup;
mod sign_in_links;
mod sql;
mod sqlite;
mod tickets;
mod tokens;
mod users;
mod views;
mod withdrawals;
mod writer;
mod writing;

use std::sync::Arc;
use std::time::Duration;

use sqlx::{PgPool, SqlitePool};
use tokio::runtime::Handle;

pub use accounts::{Change, Deletion, NewOperator};
pub use codes::{Asking, Candidate, CodeBudget, Plan as CodePlan};
pub use disputes::DisputeRecord;
pub use documents::{Added, Document, DocumentState};
pub use files::FileRecord;
pub use guesses::Pauses;
pub use jobs::{Job, JobKind};
pub use notifications::{About, AboutPackage, AboutRequest, AboutTrip, NotificationRecord};
pub use postgres::pool_options;
pub use receipts::Kept;
pub use reviews::{NewReview, PastDelivery, Reputation, ReviewRecord, Reviewed};
pub use second_factors::SecondFactor;
pub use sessions::{RevokedSession, Session};
pub use setup::OpenError;
pub use tickets::Ticket;
pub use tokens::{RefreshToken, Rotation};
pub use users::{Profile, TelegramProfile, User};
pub use views::{
    Balance, PackageHeader, Person, RequestHeader, SenderPackages, TransferRecord, TripHeader, TripRequest,
    TripRequests, Which,
};

/// How long one piece of work may take in all, waiting included. Whoever polls
/// [`changes`](peerpack_actors::ports::Store::changes) must look back at least this far: a change carries the
/// time it was decided at, and may become visible this much later.
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
}

impl Settings {
    /// The defaults for a database.
    pub fn new(url: impl Into<String>) -> Self {
        let url = url.into();
        let connections = if postgres::is_url(&url) { 16 } else { 4 };
        Self { url, connections, deadline: DEADLINE }
    }
}

/// The database. Clones are handles to the same one.
#[derive(Clone)]
pub struct Database {
    inner: Arc<Inner>,
}

struct Inner {
    backend: Backend,
    /// Where the work runs: its sockets belong to this runtime, whoever calls.
    runtime: Handle,
    deadline: Duration,
    writing: writing::Writing,
}

enum Backend {
    Postgres { pool: PgPool, lanes: lanes::Lanes, url: String },
    Sqlite { readers: SqlitePool, writer: writer::Writer, path: std::path::PathBuf },
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
