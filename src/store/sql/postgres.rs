//! The Postgres side: the pool, its limits and its hooks.
//!
//! Dropping a future in the middle of `BEGIN` leaves a connection inside a transaction that nobody knows of;
//! the next borrower's statements would succeed and never be committed. The hooks here end whatever is open
//! before a connection can be lent again.

use std::str::FromStr as _;
use std::time::Duration;

use futures_util::future::BoxFuture;
use sqlx::migrate::Migrator;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgPoolOptions};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Executor as _, PgPool};

/// How long the hooks may take; a connection that does not answer is closed.
const HOOK_DEADLINE: Duration = Duration::from_secs(1);

/// How long to wait for a free or a new connection.
const ACQUIRE_DEADLINE: Duration = Duration::from_secs(2);

/// How often the first connection is waited for.
const OPENING_TRIES: usize = 5;

/// After this long without use a connection is tried before it is used again: the server may have restarted.
pub(in crate::store) const QUIET: Duration = Duration::from_secs(1);

/// The advisory lock of the process that changes the schema: "peerpack" in ASCII.
const SCHEMA_LOCK: i64 = 0x7065_6572_7061_636b;

/// How often the lock is asked for.
const SCHEMA_ROUND: Duration = Duration::from_millis(100);

/// Whether a database URL means Postgres.
pub(in crate::store) fn is_url(url: &str) -> bool {
    url.starts_with("postgres://") || url.starts_with("postgresql://")
}

/// How to connect for ordinary work.
pub(in crate::store) fn connect_options(url: &str) -> Result<PgConnectOptions, sqlx::Error> {
    Ok(plain_options(url)?.options([
        ("statement_timeout", "2500"),
        ("lock_timeout", "2000"),
        ("idle_in_transaction_session_timeout", "5000"),
        // An answer means that the change is on disk, whatever the server's default is.
        ("synchronous_commit", "on"),
        // Every statement goes by keys, a list of keys at most. Left to itself the planner takes a list for a
        // hundred keys long, and reads whole tables or indexes to join it, the more so without fresh
        // statistics.
        ("enable_seqscan", "off"),
        ("enable_hashjoin", "off"),
        ("enable_mergejoin", "off"),
    ]))
}

/// How to connect for work that may take its time, such as migrations.
pub(in crate::store) fn plain_options(url: &str) -> Result<PgConnectOptions, sqlx::Error> {
    Ok(PgConnectOptions::from_str(url)?
        .application_name("peerpack")
        .statement_cache_capacity(256)
        .disable_statement_logging())
}

/// Waits until nobody else changes the schema, and keeps others from it until the connection closes.
///
/// It asks again and again instead of waiting in one statement: that would hold a snapshot, for whose end an
/// index waits that is built concurrently, and two nodes would wait for each other.
pub(in crate::store) async fn lock_schema(conn: &mut PgConnection) -> Result<(), sqlx::Error> {
    while !sqlx::query_scalar("SELECT pg_try_advisory_lock($1)")
        .bind(SCHEMA_LOCK)
        .fetch_one(&mut *conn)
        .await?
    {
        tokio::time::sleep(SCHEMA_ROUND).await;
    }
    Ok(())
}

/// Takes away what a crash has left of indexes that were being built: their migrations are run again.
pub(in crate::store) async fn drop_unfinished_indexes(conn: &mut PgConnection) -> Result<(), sqlx::Error> {
    let drop_each = "SELECT format('DROP INDEX CONCURRENTLY IF EXISTS %I', c.relname) \
        FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid \
        WHERE NOT i.indisvalid AND c.relnamespace = current_schema()::regnamespace";
    let statements: Vec<String> = sqlx::query_scalar(drop_each).fetch_all(&mut *conn).await?;
    for statement in statements {
        conn.execute(sqlx::raw_sql(AssertSqlSafe(statement))).await?;
    }
    Ok(())
}

/// Takes away the indexes of migrations that have not been noted as done: a crash came between the two, and
/// the migration is run again. Such a migration is one statement outside of a transaction.
pub(in crate::store) async fn drop_unrecorded_indexes(
    conn: &mut PgConnection,
    migrator: &Migrator,
) -> Result<(), sqlx::Error> {
    let has_table = "SELECT to_regclass('_sqlx_migrations') IS NOT NULL";
    if !sqlx::query_scalar::<_, bool>(has_table).fetch_one(&mut *conn).await? {
        return Ok(());
    }
    let recorded = "SELECT version FROM _sqlx_migrations WHERE success";
    let recorded: Vec<i64> = sqlx::query_scalar(recorded).fetch_all(&mut *conn).await?;
    let pending =
        migrator.iter().filter(|migration| migration.no_tx && !recorded.contains(&migration.version));
    for name in pending.filter_map(|migration| index_made_by(migration.sql.as_str())) {
        let statement = format!("DROP INDEX CONCURRENTLY IF EXISTS {name}");
        conn.execute(sqlx::raw_sql(AssertSqlSafe(statement))).await?;
    }
    Ok(())
}

fn index_made_by(migration: &str) -> Option<&str> {
    migration.split_once("CREATE INDEX CONCURRENTLY ")?.1.split_whitespace().next()
}

/// Opens the pool. A database that is busy is given some time: nothing runs yet that would wait for it.
///
/// # Errors
/// The database cannot be reached, lets nobody in, or is too busy for too long.
pub async fn open(connections: u32, options: PgConnectOptions) -> sqlx::Result<PgPool> {
    for _ in 1..OPENING_TRIES {
        match pool_options(connections).connect_with(options.clone()).await {
            Err(sqlx::Error::PoolTimedOut) => tracing::warn!("the database does not let us in yet"),
            answer => return answer,
        }
    }
    pool_options(connections).connect_with(options).await
}

/// The pool's settings with the hooks that end stray transactions.
#[must_use]
pub fn pool_options(connections: u32) -> PgPoolOptions {
    PgPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(ACQUIRE_DEADLINE)
        .test_before_acquire(false)
        .after_release(|conn, _| Box::pin(end_transaction(conn)))
        .before_acquire(|conn, meta| -> BoxFuture<'_, Result<bool, sqlx::Error>> {
            // Nothing enters the pool but through `after_release`, so a connection that was lent a moment ago
            // needs no second look.
            if meta.idle_for < QUIET {
                return Box::pin(std::future::ready(Ok(true)));
            }
            Box::pin(end_transaction(conn))
        })
}

/// Ends whatever transaction is open. `BEGIN` first, because a lone `ROLLBACK` outside of a transaction makes
/// the server log a warning each time. In a failed transaction `BEGIN` fails, and the connection is closed.
async fn end_transaction(conn: &mut PgConnection) -> Result<bool, sqlx::Error> {
    match tokio::time::timeout(HOOK_DEADLINE, conn.execute(sqlx::raw_sql("BEGIN; ROLLBACK"))).await {
        Ok(Ok(_)) => Ok(true),
        Ok(Err(error)) => Err(error),
        Err(_) => Err(sqlx::Error::PoolTimedOut),
    }
}
