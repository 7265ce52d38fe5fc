//! The obvious way: tables with what a claim needs, and one transaction per claim which locks its rows.

use std::str::FromStr as _;
use std::time::Duration;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, Executor as _};

use crate::AT_ONCE;
use crate::figures::{Run, start};

const REWARD: i64 = 50_000;
const WEIGHT: i64 = 100;

const TABLES: [&str; 7] = [
    "DROP TABLE IF EXISTS plain_packages",
    "DROP TABLE IF EXISTS plain_legs",
    "DROP TABLE IF EXISTS plain_people",
    "DROP TABLE IF EXISTS plain_moves",
    "CREATE TABLE plain_packages (id BIGINT PRIMARY KEY, sender BIGINT NOT NULL, trip BIGINT NOT NULL, \
     state TEXT NOT NULL, request TEXT NOT NULL)",
    "CREATE TABLE plain_legs (trip BIGINT PRIMARY KEY, used BIGINT NOT NULL, capacity BIGINT NOT NULL)",
    "CREATE TABLE plain_people (id BIGINT PRIMARY KEY, available BIGINT NOT NULL, frozen BIGINT NOT NULL, \
     told BIGINT NOT NULL)",
];
const MOVES: [&str; 2] = [
    "CREATE TABLE plain_moves (package BIGINT PRIMARY KEY, amount BIGINT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS plain_events (who BIGINT NOT NULL, seq BIGINT NOT NULL, body TEXT NOT NULL)",
];

/// The statements of one claim. Couriers are people, too: those with the numbers after the senders'.
const LOCK_PACKAGE: &str = "SELECT state FROM plain_packages WHERE id = $1";
const LOCK_LEG: &str = "SELECT capacity - used FROM plain_legs WHERE trip = $1";
const LOCK_PERSON: &str = "SELECT available FROM plain_people WHERE id = $1";
const TAKE_ROOM: &str = "UPDATE plain_legs SET used = used + $2 WHERE trip = $1";
const PAY: &str = "UPDATE plain_people SET available = available - $2, told = told + 1 WHERE id = $1";
const FREEZE: &str = "UPDATE plain_people SET frozen = frozen + $2, told = told + 1 WHERE id = $1";
const MOVE: &str = "INSERT INTO plain_moves (package, amount) VALUES ($1, $2)";
const TELL: &str = "INSERT INTO plain_events (who, seq, body) SELECT id, told, 'request.accepted' \
                    FROM plain_people WHERE id = $1";
const CLAIM: &str = "UPDATE plain_packages SET state = 'assigned', request = 'accepted' WHERE id = $1";

/// A pool of connections of its own, as large as the engine's.
pub(crate) enum Plain {
    Postgres(sqlx::PgPool),
    Sqlite(sqlx::SqlitePool),
}

/// A database that nothing else uses, in a throwaway server.
pub(crate) async fn fresh_database(url: &str) -> anyhow::Result<String> {
    let options = PgConnectOptions::from_str(url)?;
    let mut conn = options.connect().await?;
    conn.execute("DROP DATABASE IF EXISTS bench_claims WITH (FORCE)").await?;
    conn.execute("CREATE DATABASE bench_claims").await?;
    conn.close().await?;
    Ok(options.database("bench_claims").to_url_lossy().to_string())
}

impl Plain {
    pub(crate) async fn open(url: &str, connections: u32) -> anyhow::Result<Self> {
        // Who waits for a connection here waits for everybody before them.
        let patience = Duration::from_secs(600);
        if url.starts_with("postgres") {
            let options = PgPoolOptions::new().max_connections(connections).acquire_timeout(patience);
            return Ok(Self::Postgres(options.connect(url).await?));
        }
        let file = SqliteConnectOptions::new()
            .filename(format!("{url}-plain.sqlite"))
            .create_if_missing(true)
            .journal_mode(sqlx::sqlite::SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(patience);
        // One writer at a time is all that there is: more connections would only wait for its lock.
        let options = SqlitePoolOptions::new().max_connections(1).acquire_timeout(patience);
        Ok(Self::Sqlite(options.connect_with(file).await?))
    }

    async fn execute(&self, statement: String) -> anyhow::Result<()> {
        match self {
            Self::Postgres(pool) => pool.execute(AssertSqlSafe(statement)).await.map(|_| ())?,
            Self::Sqlite(pool) => pool.execute(AssertSqlSafe(statement)).await.map(|_| ())?,
        }
        Ok(())
    }

    /// New tables with these packages, and with wallets and room that are enough.
    pub(crate) async fn prepare(&self, people: usize, pairs: &[(usize, usize)]) -> anyhow::Result<()> {
        for statement in TABLES.iter().chain(&MOVES) {
            self.execute((*statement).to_owned()).await?;
        }
        let rows =
            |of: &dyn Fn(usize) -> String, count: usize| (0..count).map(of).collect::<Vec<_>>().join(",");
        let wallet = |id: usize| format!("({id},{},0,0)", i64::MAX / 2);
        self.execute(format!("INSERT INTO plain_people VALUES {}", rows(&wallet, 2 * people))).await?;
        let leg = |trip: usize| format!("({trip},0,{})", i64::MAX / 2);
        self.execute(format!("INSERT INTO plain_legs VALUES {}", rows(&leg, people))).await?;
        let package = |id: usize| format!("({id},{},{},'open','pending')", pairs[id].0, pairs[id].1);
        self.execute(format!("INSERT INTO plain_packages VALUES {}", rows(&package, pairs.len()))).await
    }

    /// Claims each package once.
    pub(crate) async fn claim(&self, pairs: &[(usize, usize)]) -> anyhow::Result<Run> {
        let began = start();
        let people = pairs.iter().map(|pair| pair.0.max(pair.1)).max().unwrap_or_default() + 1;
        let each = pairs.iter().enumerate().map(|(package, (sender, trip))| async move {
            // In order of their ids, so that no two transactions wait for each other.
            let (sender, courier) = (i64::try_from(*sender)?, i64::try_from(people + *trip)?);
            self.claim_one(i64::try_from(package)?, sender, courier, i64::try_from(*trip)?).await?;
            anyhow::Ok(began.elapsed())
        });
        Ok(Run::new(stream::iter(each).buffer_unordered(AT_ONCE).try_collect().await?))
    }

    async fn claim_one(&self, package: i64, sender: i64, courier: i64, trip: i64) -> anyhow::Result<()> {
        /// The same statements for both drivers.
        macro_rules! claim {
            ($conn:expr, $lock:literal) => {{
                let read = |statement: &str, id: i64| {
                    sqlx::query_scalar::<_, i64>(AssertSqlSafe(format!("{statement}{}", $lock))).bind(id)
                };
                let lock = AssertSqlSafe(format!("{LOCK_PACKAGE}{}", $lock));
                let state: String = sqlx::query_scalar(lock).bind(package).fetch_one(&mut *$conn).await?;
                let room = read(LOCK_LEG, trip).fetch_one(&mut *$conn).await?;
                let available = read(LOCK_PERSON, sender).fetch_one(&mut *$conn).await?;
                anyhow::ensure!(state == "open" && room >= WEIGHT && available >= REWARD, "refused");
                sqlx::query(TAKE_ROOM).bind(trip).bind(WEIGHT).execute(&mut *$conn).await?;
                sqlx::query(PAY).bind(sender).bind(REWARD).execute(&mut *$conn).await?;
                sqlx::query(FREEZE).bind(courier).bind(REWARD).execute(&mut *$conn).await?;
                sqlx::query(MOVE).bind(package).bind(REWARD).execute(&mut *$conn).await?;
                sqlx::query(TELL).bind(sender).execute(&mut *$conn).await?;
                sqlx::query(TELL).bind(courier).execute(&mut *$conn).await?;
                sqlx::query(CLAIM).bind(package).execute(&mut *$conn).await?;
            }};
        }
        match self {
            Self::Postgres(pool) => {
                let mut transaction = pool.begin().await?;
                claim!(transaction, " FOR UPDATE");
                transaction.commit().await?;
            }
            Self::Sqlite(pool) => {
                let mut transaction = pool.begin_with("BEGIN IMMEDIATE").await?;
                claim!(transaction, "");
                transaction.commit().await?;
            }
        }
        Ok(())
    }
}
