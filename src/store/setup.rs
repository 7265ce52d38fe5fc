//! Opening, migrating and closing a database.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sqlx::migrate::{MigrateError, Migrator};
use sqlx::{ConnectOptions as _, Connection as _};
use tokio::runtime::Handle;
use tokio::sync::Notify;

use super::engine::lanes::Lanes;
use super::engine::writer;
use super::failure::Failure;
use super::sql::local::Local;
use super::sql::writable::Writing;
use super::sql::{args, postgres, sql, sqlite};
use super::talk::speakers::Speakers;
use super::{Backend, Database, Inner, Settings};
use peerpack_actors::ports::Unavailable;
use peerpack_actors::time::Time;

/// Why a database cannot be opened or migrated.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The data directory cannot be made.
    #[error("cannot make the data directory {path}: {source}")]
    Directory {
        /// The path of the directory.
        path: String,
        /// What the system says.
        source: std::io::Error,
    },
    /// The file cannot be made or locked.
    #[error("cannot make or lock the database file {path}: {source}")]
    File {
        /// The path of the file.
        path: String,
        /// What the system says.
        source: std::io::Error,
    },
    /// The file cannot be written.
    #[error("cannot open the database file: {0}")]
    Writer(#[from] rusqlite::Error),
    /// The database cannot be reached or opened.
    #[error("cannot open the database: {0}")]
    Connect(#[from] sqlx::Error),
    /// A migration failed, or was changed after it had been applied.
    #[error("cannot migrate the database: {0}")]
    Migrate(#[from] MigrateError),
    /// The database does not answer.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

impl Database {
    /// Opens a database. A SQLite file is made if there is none; for Postgres one connection is tried.
    ///
    /// # Errors
    /// When the URL is not understood, the directory cannot be made or the database does not answer.
    pub async fn connect(settings: &Settings) -> Result<Self, OpenError> {
        let backend = if postgres::is_url(&settings.url) {
            let options = postgres::connect_options(&settings.url)?;
            let pool = postgres::open(settings.connections, options).await?;
            let lanes = Lanes::open(&pool, settings.deadline, &Handle::current());
            Backend::Postgres { pool, lanes, url: settings.url.clone() }
        } else {
            let path = sqlite::path(&settings.url);
            make_directory(&path)?;
            sqlite::keep_private(&path)
                .map_err(|source| OpenError::File { path: path.display().to_string(), source })?;
            let writer = writer::Writer::start(Local::open(&path)?, &path)
                .map_err(|source| OpenError::File { path: path.display().to_string(), source })?;
            let readers =
                sqlite::pool_options(settings.connections).connect_lazy_with(sqlite::reader_options(&path));
            Backend::Sqlite { readers, writer, path }
        };
        let (runtime, writing) = (Handle::current(), Writing::default());
        let (sends_messages, messages, updates) = (settings.sends_messages, Notify::new(), Notify::new());
        let deadline = settings.deadline;
        let speakers = Speakers::default();
        let inner =
            Inner { backend, runtime, deadline, writing, sends_messages, speakers, messages, updates };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Brings the schema up to date and names the history if it has no name yet. Safe to run from several
    /// nodes at once. Migrations that are newer than this program are left alone: the version before the
    /// newest must be able to start on the newest schema.
    ///
    /// # Errors
    /// When a migration fails or the database does not answer.
    pub async fn migrate(&self) -> Result<(), OpenError> {
        match &self.inner.backend {
            Backend::Postgres { url, .. } => {
                let mut migrator: Migrator = sqlx::migrate!("migrations/postgres");
                let mut conn = postgres::plain_options(url)?.connect().await?;
                postgres::lock_schema(&mut conn).await?;
                postgres::drop_unfinished_indexes(&mut conn).await?;
                postgres::drop_unrecorded_indexes(&mut conn, &migrator).await?;
                migrator.set_locking(false).set_ignore_missing(true).run(&mut conn).await?;
                // The lock goes with the connection.
                conn.close().await?;
            }
            Backend::Sqlite { path, .. } => {
                // SQLite has no lock that several transactions can be made under.
                let _locked = lock(path.with_added_extension("migrating")).await?;
                let mut migrator: Migrator = sqlx::migrate!("migrations/sqlite");
                let mut conn = sqlite::migration_options(path).connect().await?;
                migrator.set_ignore_missing(true).run(&mut conn).await?;
                conn.close().await?;
            }
        }
        let named = sql("INSERT INTO meta (name, value) VALUES ('epoch', $1) ON CONFLICT (name) DO NOTHING");
        self.execute(named, args![new_epoch()]).await.map_err(Unavailable::from)?;
        Ok(())
    }

    /// Gives the history a new name. To be called after an older copy was restored: clients then know that
    /// the numbers they remember mean nothing here.
    ///
    /// # Errors
    /// When the database does not answer, or holds no history.
    pub async fn renew_epoch(&self) -> Result<(), Unavailable> {
        let renewed = sql("UPDATE meta SET value = $1 WHERE name = 'epoch'");
        match self.execute(renewed, args![new_epoch()]).await? {
            0 => Err(Failure::Broken("the history has no name".to_owned()).into()),
            _ => Ok(()),
        }
    }

    /// Asks the database for a sign of life.
    ///
    /// # Errors
    /// When it does not answer in time.
    pub async fn ping(&self) -> Result<(), Unavailable> {
        self.row(sql("SELECT 1 AS alive"), args![]).await?;
        Ok(())
    }

    /// Whether it has no people at all, or among them the one with a Telegram account.
    ///
    /// # Errors
    /// When it does not answer in time, or has no schema yet.
    pub async fn is_unused_or_has(&self, telegram_id: i64) -> Result<bool, Unavailable> {
        let found = sql("SELECT CAST(CASE WHEN NOT EXISTS (SELECT 1 FROM users) \
            OR EXISTS (SELECT 1 FROM users WHERE telegram_id = $1) THEN 1 ELSE 0 END AS BIGINT) AS found");
        let row = self.row(found, args![telegram_id]).await?;
        Ok(row.map(|row| row.get::<i64>("found")).transpose()? == Some(1))
    }

    /// What the database takes for now; nothing from a file, which has no clock.
    ///
    /// # Errors
    /// When it does not answer in time.
    pub async fn time(&self) -> Result<Option<Time>, Unavailable> {
        if matches!(self.inner.backend, Backend::Sqlite { .. }) {
            return Ok(None);
        }
        let now = sql("SELECT CAST(FLOOR(EXTRACT(EPOCH FROM clock_timestamp()) * 1000) AS BIGINT) AS now_ms");
        let row = self.row(now, args![]).await?;
        Ok(row.map(|row| row.get("now_ms")).transpose()?.map(Time::from_ms))
    }

    /// Finishes what is under way and closes every connection.
    pub async fn close(&self) {
        match &self.inner.backend {
            Backend::Postgres { pool, lanes, .. } => {
                lanes.close().await;
                pool.close().await;
            }
            Backend::Sqlite { readers, writer, .. } => {
                readers.close().await;
                writer.close().await;
            }
        }
    }
}

/// Waits until no other process holds this file. Unlocked when dropped. It must not be the database file:
/// SQLite would lose its own locks on it when it is closed here.
async fn lock(path: PathBuf) -> Result<File, OpenError> {
    let shown = path.display().to_string();
    let locked = tokio::task::spawn_blocking(move || {
        let file = File::options().create(true).append(true).open(path)?;
        file.lock().map(|()| file)
    });
    let locked = locked.await.map_err(std::io::Error::other).and_then(|locked| locked);
    locked.map_err(|source| OpenError::File { path: shown, source })
}

/// JavaScript clients hold numbers exactly up to 2^53 - 1.
fn new_epoch() -> i64 {
    rand::random_range(1..(1_i64 << 53))
}

fn make_directory(file: &Path) -> Result<(), OpenError> {
    let Some(parent) = file.parent().filter(|parent| !parent.as_os_str().is_empty()) else { return Ok(()) };
    std::fs::create_dir_all(parent)
        .map_err(|source| OpenError::Directory { path: parent.display().to_string(), source })
}

impl From<Failure> for OpenError {
    fn from(failure: Failure) -> Self {
        Self::Unavailable(failure.into())
    }
}
