//! How long a server takes from its start to its first answer, with many live trips in the store.

use std::sync::Arc;

use anyhow::Context as _;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use peerpack::app::SystemClock;
use peerpack::bus::local::LocalBus;
use peerpack::store::{self, Database};
use peerpack_actors::runtime::{Engine, RuntimeSettings};
use peerpack_actors::unit::Unit;
use sqlx::postgres::PgConnectOptions;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _};

use crate::figures::{Figure, resident_bytes, start};
use crate::report::Report;
use crate::world::Towns;

/// So many trips are published; more are copies of these under other ids.
const PUBLISHED: usize = 100_000;
const COPIES: i64 = 9;
const AT_ONCE: usize = 256;

pub(crate) fn measure(towns: &Towns, report: &mut Report) -> anyhow::Result<()> {
    let published: usize =
        std::env::var("PEERPACK_BENCH_STARTUP").ok().map_or(Ok(PUBLISHED), |n| n.parse())?;
    actix_web::rt::System::new().block_on(async {
        let directory = tempfile::tempdir()?;
        let file = directory.path().join("bench.db");
        let url = format!("sqlite://{}", file.display());
        measure_store("SQLite", &url, published, towns, report).await?;
        let mut conn = SqliteConnectOptions::new().filename(&file).connect().await?;
        sqlx::raw_sql("CREATE TEMP TABLE t AS SELECT * FROM trips; CREATE TEMP TABLE l AS SELECT * FROM trip_legs")
            .execute(&mut conn)
            .await?;
        for n in 0..COPIES {
            for (id, table) in [("UPDATE t SET id = unhex(printf('%02x', 16 + $1) || hex(substr(id, 2)))", "INSERT INTO trips SELECT * FROM t"), ("UPDATE l SET trip_id = unhex(printf('%02x', 16 + $1) || hex(substr(trip_id, 2)))", "INSERT INTO trip_legs SELECT * FROM l")] {
                sqlx::query(id).bind(n).execute(&mut conn).await?;
                sqlx::query(table).execute(&mut conn).await?;
            }
        }
        conn.close().await?;
        measure_ready("SQLite", &url, 1, report).await?;

        let Ok(url) = std::env::var("PEERPACK_TEST_POSTGRES") else { return Ok(()) };
        let options: PgConnectOptions = url.parse()?;
        let mut admin = options.connect().await?;
        sqlx::raw_sql("DROP DATABASE IF EXISTS bench_startup").execute(&mut admin).await?;
        sqlx::raw_sql("CREATE DATABASE bench_startup").execute(&mut admin).await?;
        let (server, _) = url.rsplit_once('/').context("a database has a name")?;
        let url = format!("{server}/bench_startup");
        measure_store("Postgres", &url, published, towns, report).await?;
        let mut conn = url.parse::<PgConnectOptions>()?.connect().await?;
        sqlx::raw_sql("CREATE TEMP TABLE t AS SELECT * FROM trips; CREATE TEMP TABLE l AS SELECT * FROM trip_legs")
            .execute(&mut conn)
            .await?;
        for n in 0..COPIES {
            for (id, table) in [("UPDATE t SET id = overlay(id::text PLACING to_hex(16 + $1) FROM 1 FOR 2)::uuid", "INSERT INTO trips SELECT * FROM t"), ("UPDATE l SET trip_id = overlay(trip_id::text PLACING to_hex(16 + $1) FROM 1 FOR 2)::uuid", "INSERT INTO trip_legs SELECT * FROM l")] {
                sqlx::query(id).bind(n).execute(&mut conn).await?;
                sqlx::query(table).execute(&mut conn).await?;
            }
        }
        sqlx::raw_sql("ANALYZE trips; ANALYZE trip_legs").execute(&mut conn).await?;
        conn.close().await?;
        measure_ready("Postgres", &url, 1, report).await
    })
}

/// Fills a store and starts on it.
async fn measure_store(
    kind: &str,
    url: &str,
    published: usize,
    towns: &Towns,
    report: &mut Report,
) -> anyhow::Result<()> {
    let database = Database::connect(&store::Settings::new(url)).await?;
    database.migrate().await?;
    stream::iter(towns.trips(crate::SEED, published))
        .map(|trip| {
            let database = database.clone();
            async move {
                use peerpack_actors::ports::Store as _;
                database.commit(Unit::publish_trip(trip, &[])).await.map(drop)
            }
        })
        .buffer_unordered(AT_ONCE)
        .try_collect::<()>()
        .await?;
    database.close().await;
    measure_ready(kind, url, 3, report).await
}

async fn measure_ready(kind: &str, url: &str, runs: usize, report: &mut Report) -> anyhow::Result<()> {
    let (mut seconds, mut trips, mut bytes) = (Vec::new(), 0, 0_u64);
    for _ in 0..runs {
        let before = resident_bytes();
        let began = start();
        let database = Database::connect(&store::Settings::new(url)).await?;
        let store = Arc::new(database.clone());
        let bus = Arc::new(LocalBus::default());
        let engine = Engine::start(store, bus, Arc::new(SystemClock), RuntimeSettings::default()).await?;
        seconds.push(began.elapsed().as_secs_f64());
        trips = engine.stats().trips;
        bytes = bytes.max(resident_bytes().saturating_sub(before));
        engine.stop();
        database.close().await;
    }
    let said =
        format!("ready after {} s ({runs} runs), {} MB more in memory", Figure::of(seconds), bytes >> 20);
    report.line(&format!("{kind}, {trips} live trips"), &said);
    Ok(())
}
