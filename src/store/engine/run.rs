//! Running work on a connection: its own task, a deadline, a transaction, and what to do when it fails.
//!
//! Reads and writes of both databases pass through here. Units go on to the
//! [`lanes`](crate::store::engine::lanes) of Postgres, all writes of SQLite to its
//! [`writer`](crate::store::engine::writer).

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use peerpack_actors::ports::Committed;
use peerpack_actors::unit::Unit;
use sqlx::Pool;
use sqlx::pool::PoolConnection;
use tokio::time::error::Elapsed;
use tokio::time::{Instant, sleep, timeout_at};

use super::prepared::Prepared;
use crate::store::failure::Failure;
use crate::store::sql::{Conn, Row, Sql, Value};
use crate::store::{Backend, Database};

/// How often work is tried again that the database gave up in favour of another.
const RETRIES: u32 = 3;

impl Database {
    /// Every row of one query.
    pub(in crate::store) async fn rows(&self, sql: Sql, args: Vec<Value>) -> Result<Vec<Row>, Failure> {
        self.read(None, self.inner.deadline, move |conn| Box::pin(conn.all(sql, args))).await
    }

    /// The row of one query, if there is one.
    pub(in crate::store) async fn row(&self, sql: Sql, args: Vec<Value>) -> Result<Option<Row>, Failure> {
        self.read(None, self.inner.deadline, move |conn| Box::pin(conn.optional(sql, args))).await
    }

    /// Several queries that see the same moment.
    pub(in crate::store) async fn snapshot<T, F>(&self, work: F) -> Result<T, Failure>
    where
        T: Send + 'static,
        F: for<'a> FnOnce(&'a mut Conn) -> BoxFuture<'a, Result<T, Failure>> + Send + 'static,
    {
        self.long_snapshot(self.inner.deadline, work).await
    }

    /// Several queries that see the same moment and may take longer than usual.
    pub(in crate::store) async fn long_snapshot<T, F>(
        &self,
        deadline: Duration,
        work: F,
    ) -> Result<T, Failure>
    where
        T: Send + 'static,
        F: for<'a> FnOnce(&'a mut Conn) -> BoxFuture<'a, Result<T, Failure>> + Send + 'static,
    {
        let begin = match self.inner.backend {
            Backend::Postgres { .. } => "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY",
            Backend::Sqlite { .. } => "BEGIN",
        };
        self.read(Some(begin), deadline, work).await
    }

    async fn read<T, F>(&self, begin: Option<&'static str>, deadline: Duration, work: F) -> Result<T, Failure>
    where
        T: Send + 'static,
        F: for<'a> FnOnce(&'a mut Conn) -> BoxFuture<'a, Result<T, Failure>> + Send + 'static,
    {
        let db = self.clone();
        let task = self.inner.runtime.spawn(async move {
            let until = Instant::now() + deadline;
            let mut conn = match &db.inner.backend {
                Backend::Postgres { pool, .. } => Conn::Postgres(lend(pool, until).await?),
                Backend::Sqlite { readers, .. } => Conn::Reader(lend(readers, until).await?),
            };
            let outcome = timeout_at(until, async {
                match begin {
                    Some(begin) => transaction(&mut conn, begin, work).await,
                    None => work(&mut conn).await,
                }
            })
            .await;
            settle(conn, outcome).1
        });
        task.await.unwrap_or_else(|error| Err(Failure::Broken(error.to_string())))
    }

    /// One statement that writes; answers how many rows it touched.
    pub(in crate::store) async fn execute(&self, sql: Sql, args: Vec<Value>) -> Result<u64, Failure> {
        self.write(move |conn| Box::pin(conn.execute(sql, args.clone()))).await
    }

    /// Work that writes, all of it or nothing. It may run more than once; what it did before is undone then.
    pub(in crate::store) async fn write<T, F>(&self, work: F) -> Result<T, Failure>
    where
        T: Send + 'static,
        F: for<'a> Fn(&'a mut Conn) -> BoxFuture<'a, Result<T, Failure>> + Send + Sync + 'static,
    {
        let started = Instant::now();
        let until = started + self.inner.deadline;
        let outcome = match &self.inner.backend {
            Backend::Sqlite { writer, .. } => writer.write(work, until).await,
            Backend::Postgres { pool, .. } => {
                let pool = pool.clone();
                let task = self.inner.runtime.spawn(async move {
                    let mut conn = Conn::Postgres(lend(&pool, until).await?);
                    let outcome = timeout_at(until, with_retries(&mut conn, &work)).await;
                    settle(conn, outcome).1
                });
                task.await.unwrap_or_else(|error| Err(Failure::Broken(error.to_string())))
            }
        };
        self.inner.writing.learn(&outcome, Instant::now());
        measure(started, &outcome);
        outcome
    }

    /// Applies a unit of work; see [`Store::commit`](peerpack_actors::ports::Store::commit).
    #[tracing::instrument(
        name = "unit", level = "debug", skip_all,
        fields(packages = unit.packages.len(), trips = unit.trips.len(), notices = unit.notices.len())
    )]
    pub(in crate::store) async fn apply(&self, unit: Unit) -> Result<Committed, Failure> {
        let started = Instant::now();
        let until = started + self.inner.deadline;
        let unit = Arc::new(Prepared::new(unit, self.inner.sends_messages)?);
        let has_messages = unit.has_messages();
        let outcome = match &self.inner.backend {
            Backend::Postgres { lanes, .. } => lanes.apply(unit, until).await,
            Backend::Sqlite { writer, .. } => writer.apply(unit, until).await,
        };
        self.inner.writing.learn(&outcome, Instant::now());
        measure(started, &outcome);
        if has_messages && outcome.is_ok() {
            self.inner.messages.notify_one();
        }
        outcome
    }
}

fn measure<T>(started: Instant, outcome: &Result<T, Failure>) {
    let word = outcome.as_ref().err().map_or("ok", Failure::word);
    metrics::counter!("peerpack_store_writes_total", "outcome" => word).increment(1);
    metrics::histogram!("peerpack_store_write_seconds").record(started.elapsed().as_secs_f64());
}

/// A connection from a pool, in time.
pub(in crate::store) async fn lend<DB: sqlx::Database>(
    pool: &Pool<DB>,
    until: Instant,
) -> Result<PoolConnection<DB>, Failure> {
    match timeout_at(until, pool.acquire()).await {
        Ok(conn) => Ok(conn?),
        Err(_) => Err(Failure::Unavailable("no connection in time".to_owned())),
    }
}

/// Runs work inside a transaction, again when the database gave it up in favour of another.
pub(in crate::store) async fn with_retries<T, F>(conn: &mut Conn, work: &F) -> Result<T, Failure>
where
    F: for<'a> Fn(&'a mut Conn) -> BoxFuture<'a, Result<T, Failure>>,
{
    let mut tried = 0;
    loop {
        match transaction(conn, "BEGIN", work).await {
            Err(Failure::Retry(_)) if tried < RETRIES => {
                tried += 1;
                // Those who collided must not meet again at the same moment.
                sleep(Duration::from_millis(rand::random_range(1..20_u64) << tried)).await;
            }
            outcome => return outcome,
        }
    }
}

/// Runs work inside a transaction. The work must not swallow a failed statement: Postgres turns the `COMMIT`
/// of a failed transaction into a rollback without calling it an error.
pub(in crate::store) async fn transaction<T, F>(
    conn: &mut Conn,
    begin: &'static str,
    work: F,
) -> Result<T, Failure>
where
    F: for<'a> FnOnce(&'a mut Conn) -> BoxFuture<'a, Result<T, Failure>>,
{
    conn.control(begin).await?;
    match work(conn).await {
        Ok(value) => {
            conn.control("COMMIT").await?;
            Ok(value)
        }
        Err(failure) => {
            conn.control("ROLLBACK").await?;
            Err(failure)
        }
    }
}

/// What came of work, and the connection, unless nobody knows what state that is in: then it is closed.
pub(in crate::store) fn settle<T>(
    conn: Conn,
    outcome: Result<Result<T, Failure>, Elapsed>,
) -> (Option<Conn>, Result<T, Failure>) {
    let late = |_| Err(Failure::Unavailable("the database took too long".to_owned()));
    let outcome = outcome.unwrap_or_else(late);
    if matches!(outcome, Err(Failure::Unavailable(_))) {
        conn.discard();
        return (None, outcome);
    }
    (Some(conn), outcome)
}
