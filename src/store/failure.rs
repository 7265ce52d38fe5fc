//! What can go wrong in the store, and the one place where database errors get their meaning.

use std::error::Error;
use std::fmt::Display;

use peerpack_actors::ports::{CommitError, Unavailable};
use peerpack_actors::rejection::Rejection;
use rusqlite::ErrorCode;
use rusqlite::ffi::{
    SQLITE_CONSTRAINT_CHECK as OF_CHECK, SQLITE_CONSTRAINT_FOREIGNKEY as FOREIGN_KEY,
    SQLITE_CONSTRAINT_PRIMARYKEY as PRIMARY_KEY, SQLITE_CONSTRAINT_UNIQUE as UNIQUE,
};
use sqlx::error::{DatabaseError, ErrorKind};

/// Why work on the database did not succeed. Except for [`Unavailable`](Self::Unavailable) nothing was done.
#[derive(Debug)]
pub(super) enum Failure {
    /// Somebody else was faster, or what it refers to is not there.
    Conflict,
    /// A guard says no.
    Refused(Rejection),
    /// The database gave up a transaction in favour of another; the same work may succeed now.
    Retry(String),
    /// Somebody holds a row for too long. Nothing of the work was done.
    Locked(String),
    /// The database does not answer, or not in time: the work may or may not have been done.
    Unavailable(String),
    /// The database holds or refuses something that it never should: a bug, here or in the program that wrote
    /// it.
    Broken(String),
}

/// What a failure begins with where the database has no room, or may only be read.
const FULL: &str = "the disk is full";
const READ_ONLY: &str = "the database may only be read";

/// What SQLite says before the name of a CHECK that has failed.
const CHECK: &str = "CHECK constraint failed: ";

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Database(refusal) => from_database(refusal.as_ref()),
            sqlx::Error::ColumnNotFound(_)
            | sqlx::Error::ColumnDecode { .. }
            | sqlx::Error::Decode(_)
            | sqlx::Error::Encode(_)
            | sqlx::Error::TypeNotFound { .. } => Self::Broken(error.to_string()),
            _ => Self::Unavailable(error.to_string()),
        }
    }
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        let rusqlite::Error::SqliteFailure(found, message) = &error else {
            return Self::Broken(error.to_string());
        };
        let text = message.as_deref().unwrap_or_default();
        match (found.extended_code, found.code) {
            (UNIQUE | PRIMARY_KEY | FOREIGN_KEY, _) => Self::Conflict,
            (OF_CHECK, _) => from_check(text.strip_prefix(CHECK), &error),
            (_, ErrorCode::DiskFull) => Self::full(error),
            (_, ErrorCode::ReadOnly) => Self::Unavailable(format!("{READ_ONLY}: {error}")),
            _ => Self::Unavailable(error.to_string()),
        }
    }
}

fn from_database(error: &dyn DatabaseError) -> Failure {
    let code = error.code().unwrap_or_default();
    match error.kind() {
        // Every unique key here means "somebody has done this already".
        ErrorKind::UniqueViolation => Failure::Conflict,
        // Rows are never deleted under the engine: the caller's picture is of something that was never
        // stored.
        ErrorKind::ForeignKeyViolation => Failure::Conflict,
        ErrorKind::CheckViolation => {
            // SQLite names the constraint in the message only.
            from_check(error.constraint().or_else(|| error.message().strip_prefix(CHECK)), error)
        }
        _ => match code.as_ref() {
            // serialization_failure, deadlock_detected
            "40001" | "40P01" => Failure::Retry(error.to_string()),
            // lock_not_available: `lock_timeout` has passed
            "55P03" => Failure::Locked(error.to_string()),
            // Class 22: data that the database cannot hold, such as a NUL character in a text.
            code if code.len() == 5 && code.starts_with("22") => {
                Failure::Refused(Rejection::Invalid { field: "text", reason: "cannot be stored" })
            }
            // SQLITE_FULL, and disk_full of Postgres
            "13" | "53100" => Failure::full(error),
            // SQLITE_READONLY, and read_only_sql_transaction of Postgres
            "8" | "25006" => Failure::Unavailable(format!("{READ_ONLY}: {error}")),
            // Class 42 is a statement that does not fit the schema; everything else is the server's condition
            // (shutdown, out of connections, disk full, cancelled by a timeout, locked by another process).
            code if code.len() == 5 && code.starts_with("42") => Failure::Broken(error.to_string()),
            _ => Failure::Unavailable(error.to_string()),
        },
    }
}

/// The tables' CHECKs stand behind guarded statements, so most of them speak only when a guard is missing.
fn from_check(name: Option<&str>, error: &dyn Error) -> Failure {
    match name {
        Some("wallets_not_negative") => Failure::Refused(Rejection::InsufficientFunds),
        Some("trips_detour_within_budget") => Failure::Refused(Rejection::DoesNotSuit("detour")),
        Some("requests_not_own") => Failure::Refused(Rejection::OwnPackage),
        _ => Failure::Broken(error.to_string()),
    }
}

impl Failure {
    /// The database has no room.
    pub(super) fn full(error: impl Display) -> Self {
        Self::Unavailable(format!("{FULL}: {error}"))
    }

    /// Why the database takes no writes at all, if that is what this says. By its text: one failure may
    /// befall many, who are told in words.
    pub(super) fn takes_no_writes(&self) -> Option<&'static str> {
        let Self::Unavailable(text) = self else { return None };
        [FULL, READ_ONLY].into_iter().find(|why| text.starts_with(why))
    }

    /// The word for metrics.
    pub(super) const fn word(&self) -> &'static str {
        match self {
            Self::Conflict => "conflict",
            Self::Refused(_) => "refused",
            Self::Retry(_) => "retry",
            Self::Locked(_) => "locked",
            Self::Unavailable(_) => "unavailable",
            Self::Broken(_) => "broken",
        }
    }
}

impl From<Failure> for Unavailable {
    fn from(failure: Failure) -> Self {
        let text = match failure {
            Failure::Conflict => "the data changed underneath".to_owned(),
            Failure::Refused(rejection) => rejection.to_string(),
            Failure::Retry(text) | Failure::Locked(text) | Failure::Unavailable(text) => {
                tracing::warn!(error = %text, "the database is in trouble");
                text
            }
            Failure::Broken(text) => {
                tracing::error!(error = %text, "the database and the program disagree");
                text
            }
        };
        Self(text)
    }
}

impl From<Failure> for CommitError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Conflict => Self::Conflict,
            Failure::Refused(rejection) => Self::Refused(rejection),
            other => Self::Unavailable(other.into()),
        }
    }
}
