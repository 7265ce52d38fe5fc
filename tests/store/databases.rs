//! Throwaway databases: a SQLite file in a temporary folder always, and a fresh Postgres database when
//! `PEERPACK_TEST_POSTGRES` names a server on which databases may be made.

use std::panic::AssertUnwindSafe;
use std::sync::Once;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::join;
use peerpack::store::{Database, Settings};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, PgConnection, SqliteConnection};
use tempfile::TempDir;
use tokio::time::{Instant, sleep};

use super::world::PATIENCE;
use crate::migrated;

/// A fresh database of its own.
pub(super) struct TestStore {
    pub(super) db: Database,
    /// What `Settings` opens it with, to open it a second time.
    pub(super) url: String,
    kind: Kind,
}

enum Kind {
    Sqlite(#[expect(dead_code, reason = "the folder lives as long as the store")] TempDir),
    Postgres { server: String, name: String },
}

/// Runs a scenario on a SQLite file.
pub(super) async fn on_sqlite(scenario: impl AsyncFnOnce(&TestStore)) {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let data = dir.path().join("data");
    std::fs::create_dir(&data).expect("a folder");
    migrated::sqlite(&data.join("peerpack.db")).await;
    let url = data.display().to_string();
    run(TestStore { db: open(&url).await, url, kind: Kind::Sqlite(dir) }, scenario).await;
}

/// Runs a scenario on a fresh Postgres database, if there is a server.
pub(super) async fn on_postgres(scenario: impl AsyncFnOnce(&TestStore)) {
    let Ok(server) = std::env::var("PEERPACK_TEST_POSTGRES") else {
        static TOLD: Once = Once::new();
        TOLD.call_once(|| eprintln!("PEERPACK_TEST_POSTGRES is not set: NOT tested on Postgres"));
        return;
    };
    let name = format!("peerpack_test_{:016x}", rand::random::<u64>());
    migrated::postgres(&server, &name).await;
    let url = migrated::in_database(&server, &name);
    run(TestStore { db: open(&url).await, url, kind: Kind::Postgres { server, name } }, scenario).await;
}

async fn open(url: &str) -> Database {
    let db = Database::connect(&Settings::new(url)).await.expect("the database opens");
    db.migrate().await.expect("the schema is made");
    db
}

async fn run(store: TestStore, scenario: impl AsyncFnOnce(&TestStore)) {
    let outcome = AssertUnwindSafe(scenario(&store)).catch_unwind().await;
    store.db.close().await;
    if let Kind::Postgres { server, name } = &store.kind {
        let drop = format!("DROP DATABASE {name} WITH (FORCE)");
        sqlx::query(AssertSqlSafe(drop))
            .execute(&mut postgres(server).await)
            .await
            .expect("the database goes");
    }
    if let Err(panic) = outcome {
        std::panic::resume_unwind(panic);
    }
}

async fn postgres(url: &str) -> PgConnection {
    PgConnection::connect(url).await.expect("a connection to Postgres")
}

impl TestStore {
    /// Whether this is the embedded database.
    pub(super) fn is_sqlite(&self) -> bool {
        matches!(self.kind, Kind::Sqlite(_))
    }

    /// Runs statements behind the store's back, with constraints off where the database can do that.
    pub(super) async fn sabotage(&self, statements: &str) {
        let sql = sqlx::raw_sql(AssertSqlSafe(statements.to_owned()));
        if self.is_sqlite() {
            let mut conn = self.sqlite().await;
            sqlx::raw_sql("PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON")
                .execute(&mut conn)
                .await
                .expect("constraints off");
            sql.execute(&mut conn).await.expect(statements);
            conn.close().await.expect("closed");
        } else {
            let mut conn = postgres(&self.url).await;
            sql.execute(&mut conn).await.expect(statements);
            conn.close().await.expect("closed");
        }
    }

    /// Work during which a transaction behind the store's back ends: on Postgres once the work has come to
    /// wait for it.
    pub(super) async fn meanwhile<T>(&self, statement: &'static str, work: impl Future<Output = T>) -> T {
        self.held_up([statement, "SELECT 1"], 1, work).await
    }

    /// The same for work of several: on Postgres the transaction goes on once so many of them wait for it or
    /// for each other, and has another statement before its end.
    pub(super) async fn held_up<T>(
        &self,
        [first, last]: [&'static str; 2],
        many: i64,
        work: impl Future<Output = T>,
    ) -> T {
        if self.is_sqlite() {
            let mut conn = self.sqlite().await;
            sqlx::query("BEGIN IMMEDIATE").execute(&mut conn).await.expect("it writes");
            sqlx::query(first).execute(&mut conn).await.expect(first);
            let commit = async { sqlx::query("COMMIT").execute(&mut conn).await.expect("it ends") };
            return join(work, commit).await.0;
        }
        let mut conn = postgres(&self.url).await;
        sqlx::query("BEGIN").execute(&mut conn).await.expect("it begins");
        sqlx::query(first).execute(&mut conn).await.expect(first);
        let commit = async {
            let waiting = "SELECT count(*) FROM pg_stat_activity \
                WHERE datname = current_database() AND wait_event_type = 'Lock'";
            let until = Instant::now() + PATIENCE;
            while self.number(waiting).await < many {
                assert!(Instant::now() < until, "nobody waits");
                sleep(Duration::from_millis(10)).await;
            }
            sqlx::query(last).execute(&mut conn).await.expect(last);
            sqlx::query("COMMIT").execute(&mut conn).await.expect("it ends")
        };
        join(work, commit).await.0
    }

    /// The first column of the first row of a query behind the store's back.
    pub(super) async fn number(&self, query: &'static str) -> i64 {
        if self.is_sqlite() {
            sqlx::query_scalar(query).fetch_one(&mut self.sqlite().await).await.expect(query)
        } else {
            sqlx::query_scalar(query).fetch_one(&mut postgres(&self.url).await).await.expect(query)
        }
    }

    /// The names in the first column of a query behind the store's back.
    pub(super) async fn names(&self, query: &'static str) -> Vec<String> {
        if self.is_sqlite() {
            sqlx::query_scalar(query).fetch_all(&mut self.sqlite().await).await.expect(query)
        } else {
            sqlx::query_scalar(query).fetch_all(&mut postgres(&self.url).await).await.expect(query)
        }
    }

    async fn sqlite(&self) -> SqliteConnection {
        let file = std::path::Path::new(&self.url).join("peerpack.db");
        sqlx::sqlite::SqliteConnectOptions::new()
            .filename(file)
            .busy_timeout(std::time::Duration::from_secs(5))
            .connect()
            .await
            .expect("the file opens")
    }

    /// Nothing that may never happen has happened.
    pub(super) async fn assert_clean(&self) {
        assert_eq!(self.db.audit().await.expect("the audit runs"), Vec::<String>::new());
    }
}

/// Tests that run on both databases, each test with a fresh one.
macro_rules! on_both {
    ($($(#[$doc:meta])* async fn $name:ident($store:ident: &TestStore) $body:block)+) => {
        $($(#[$doc])* async fn $name($store: &TestStore) $body)+

        mod sqlite {
            $(#[tokio::test]
            async fn $name() {
                crate::store::databases::on_sqlite(async |store| super::$name(store).await).await;
            })+
        }

        mod postgres {
            $(#[tokio::test]
            async fn $name() {
                crate::store::databases::on_postgres(async |store| super::$name(store).await).await;
            })+
        }
    };
}
pub(super) use on_both;
