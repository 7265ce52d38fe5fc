//! The SQLite side: where the file is and how it is opened.

use std::fs::{self, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::ConnectOptions as _;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};

/// The file in a data directory.
const FILE_NAME: &str = "peerpack.db";

/// What only its owner may read and write.
const PRIVATE: u32 = 0o600;

/// How long to wait for another process that is writing.
pub(super) const BUSY_TIMEOUT: Duration = Duration::from_secs(2);

/// The write-ahead log is cut back to this size after a checkpoint, bytes.
const WAL_LIMIT: &str = "134217728";

/// The writer makes a checkpoint itself when the log has so many pages (64 MiB) all the same: usually a
/// thread beside it has made one long before (see [`checkpoints`](crate::store::engine::checkpoints)).
const CHECKPOINT_PAGES: &str = "16384";

/// The file that a URL or a data directory means.
pub(in crate::store) fn path(url: &str) -> PathBuf {
    match url.strip_prefix("sqlite://").or_else(|| url.strip_prefix("sqlite:")) {
        Some(file) => PathBuf::from(file),
        None => Path::new(url).join(FILE_NAME),
    }
}

/// The writer's page cache, in KiB (negative by SQLite's convention). The default of 2 MB is less than the
/// pages that a group of units touches, and every miss is a read from the file.
const WRITER_CACHE: &str = "-65536";

/// A reader's page cache, in KiB.
const READER_CACHE: &str = "-16384";

/// How the writer opens the file.
pub(super) const WRITER_PRAGMAS: [(&str, &str); 7] = [
    ("journal_mode", "WAL"),
    // FULL makes every commit wait for the disk; NORMAL would lose the last ones with the power.
    ("synchronous", "FULL"),
    ("foreign_keys", "ON"),
    ("journal_size_limit", WAL_LIMIT),
    ("cache_size", WRITER_CACHE),
    ("wal_autocheckpoint", CHECKPOINT_PAGES),
    // Journals of savepoints and of statements stay in memory: what they undo has not reached the file.
    ("temp_store", "MEMORY"),
];

/// How the schema is brought up to date.
pub(in crate::store) fn migration_options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(BUSY_TIMEOUT)
        .disable_statement_logging()
}

/// How readers open the file. They cannot write: only the writer may.
pub(in crate::store) fn reader_options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(false)
        .busy_timeout(BUSY_TIMEOUT)
        .pragma("query_only", "ON")
        .pragma("cache_size", READER_CACHE)
        .statement_cache_capacity(256)
        .thread_name(|n| format!("sqlite-reader-{n}"))
        .disable_statement_logging()
}

/// Makes the file if there is none, and lets nobody but its owner read it, nor what SQLite keeps beside it,
/// which gets the file's own permissions.
pub(in crate::store) fn keep_private(file: &Path) -> io::Result<()> {
    match OpenOptions::new().write(true).create_new(true).mode(PRIVATE).open(file) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    for end in ["", "-wal", "-shm"] {
        let mut path = file.as_os_str().to_owned();
        path.push(end);
        let Ok(found) = fs::metadata(&path) else { continue };
        if found.permissions().mode() & 0o077 != 0
            && let Err(error) = fs::set_permissions(&path, Permissions::from_mode(PRIVATE))
        {
            tracing::warn!(%error, path = %path.display(), "others may read the database file");
        }
    }
    Ok(())
}

/// The readers' pool.
pub(in crate::store) fn pool_options(connections: u32) -> SqlitePoolOptions {
    SqlitePoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(BUSY_TIMEOUT)
        .test_before_acquire(false)
        .idle_timeout(None)
        .max_lifetime(None)
}
