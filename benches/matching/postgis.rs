//! The same search by PostGIS: routes as lines, both ends within 15 km of the line, the pickup before the
//! dropoff, room and times as columns; the soonest 64. Warm, prepared, one connection, no parallel workers.

use std::fmt::Write as _;

use anyhow::Context as _;
use peerpack_actors::ids::TripId;
use peerpack_actors::market::trip::Trip;
use peerpack_actors::matching::PackageEntry;
use peerpack_actors::place::Position;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions as _, Connection as _, Row as _};

use crate::figures::{Latencies, Run};
use crate::report::Report;
use crate::search::{LIMIT, Truth};

const RADIUS_M: f64 = 15_000.0;
/// Trips that leave so long before the package is ready may still come by in time.
const AHEAD_MS: i64 = 24 * 3_600_000;
const EARTH_M: f64 = 6_378_137.0;

const CREATE: &[&str] = &[
    "CREATE EXTENSION IF NOT EXISTS postgis",
    "CREATE EXTENSION IF NOT EXISTS btree_gist",
    "DROP TABLE IF EXISTS bench_trips",
    "CREATE UNLOGGED TABLE bench_trips (id UUID NOT NULL, departs BIGINT NOT NULL, arrives BIGINT NOT NULL, \
     left_g BIGINT NOT NULL, route GEOMETRY NOT NULL)",
];

/// The obvious indexes, and the one that serves both conditions at once.
const NAIVE: &[&str] = &[
    "CREATE INDEX bench_route ON bench_trips USING gist (route)",
    "CREATE INDEX bench_departs ON bench_trips (departs)",
];
const TUNED: &[&str] = &[
    "DROP INDEX bench_route, bench_departs",
    "CREATE INDEX bench_both ON bench_trips USING gist (departs, route)",
];

const SEARCH: &str = "\
    SELECT id FROM bench_trips, \
    (SELECT ST_SetSRID(ST_MakePoint($1, $2), 3857) AS a, ST_SetSRID(ST_MakePoint($3, $4), 3857) AS b) AS ends \
    WHERE departs BETWEEN $5 AND $6 \
    AND ST_DWithin(route, a, $7) AND ST_DWithin(route, b, $8) AND left_g >= $9 \
    AND ST_LineLocatePoint(route, a) < ST_LineLocatePoint(route, b) \
    AND departs + (arrives - departs) * ST_LineLocatePoint(route, a) >= $10 \
    AND departs + (arrives - departs) * ST_LineLocatePoint(route, b) <= $6 \
    ORDER BY departs + (arrives - departs) * ST_LineLocatePoint(route, a) LIMIT $11";

pub(crate) fn measure(
    url: &str,
    trips: impl Iterator<Item = Trip>,
    queries: &[PackageEntry],
    truth: &Truth,
    runs: usize,
    report: &mut Report,
) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut conn = runtime.block_on(async {
        let options: PgConnectOptions = url.parse()?;
        let options =
            options.options([("jit", "off"), ("max_parallel_workers_per_gather", "0"), ("work_mem", "64MB")]);
        let mut conn = options.connect().await?;
        execute(&mut conn, CREATE).await.context("is PostGIS installed?")?;
        load(&mut conn, trips).await?;
        execute(&mut conn, NAIVE).await?;
        anyhow::Ok(conn)
    })?;
    for (name, change) in
        [("PostGIS, GiST(route) and btree(departs)", &[][..]), ("PostGIS, GiST(departs, route)", TUNED)]
    {
        runtime.block_on(async {
            execute(&mut conn, change).await?;
            execute(&mut conn, &["VACUUM ANALYZE bench_trips"]).await
        })?;
        let search = |query: &PackageEntry, conn: &mut PgConnection| {
            runtime.block_on(found(conn, query)).expect("the database answers")
        };
        let log = &queries[..truth.len()];
        let found: Vec<Vec<TripId>> = log.iter().map(|query| search(query, &mut conn)).collect();
        let measured: Vec<Run> =
            (0..runs).map(|_| Run::over(log, |query| drop(search(query, &mut conn)))).collect();
        report.line(name, &format!("{}; {}", Latencies::of(&measured), truth.judge(&found)));
    }
    runtime.block_on(async {
        execute(&mut conn, &["DROP TABLE bench_trips"]).await?;
        Ok(conn.close().await?)
    })
}

async fn execute(conn: &mut PgConnection, statements: &[&'static str]) -> anyhow::Result<()> {
    for statement in statements {
        sqlx::raw_sql(*statement).execute(&mut *conn).await?;
    }
    Ok(())
}

async fn load(conn: &mut PgConnection, trips: impl Iterator<Item = Trip>) -> anyhow::Result<()> {
    let mut copy =
        conn.copy_in_raw("COPY bench_trips (id, departs, arrives, left_g, route) FROM STDIN").await?;
    let mut rows = String::new();
    for trip in trips {
        let points: Vec<String> = trip
            .draft
            .stops
            .iter()
            .map(|stop| {
                let (x, y) = mercator(stop.position);
                format!("{x:.1} {y:.1}")
            })
            .collect();
        let (departs, arrives) = (trip.departs().ms(), trip.arrives().ms());
        let _ = writeln!(
            rows,
            "{}\t{departs}\t{arrives}\t{}\tSRID=3857;LINESTRING({})",
            trip.id,
            trip.draft.capacity.weight_g,
            points.join(",")
        );
        if rows.len() > 1 << 20 {
            copy.send(std::mem::take(&mut rows).into_bytes()).await?;
        }
    }
    copy.send(rows.into_bytes()).await?;
    copy.finish().await?;
    Ok(())
}

async fn found(conn: &mut PgConnection, query: &PackageEntry) -> Result<Vec<TripId>, sqlx::Error> {
    let (from, to) = (query.pickups[0].position, query.dropoffs[0].position);
    let ((from_x, from_y), (to_x, to_y)) = (mercator(from), mercator(to));
    // A metre on the ground is longer on this map, the more so the farther north.
    let radius = |at: Position| RADIUS_M / at.lat.to_radians().cos();
    let limit = i64::try_from(LIMIT).unwrap_or(i64::MAX);
    let rows = sqlx::query(SEARCH)
        .bind(from_x)
        .bind(from_y)
        .bind(to_x)
        .bind(to_y)
        .bind(query.ready_at.ms() - AHEAD_MS)
        .bind(query.deliver_by.ms())
        .bind(radius(from))
        .bind(radius(to))
        .bind(i64::from(query.load.weight_g))
        .bind(query.ready_at.ms())
        .bind(limit)
        .fetch_all(conn)
        .await?;
    rows.iter().map(|row| Ok(TripId::from(row.try_get::<uuid::Uuid, _>(0)?))).collect()
}

/// Metres on the Web Mercator map.
fn mercator(at: Position) -> (f64, f64) {
    let (lat, lon) = (at.lat.to_radians(), at.lon.to_radians());
    (EARTH_M * lon, EARTH_M * (std::f64::consts::FRAC_PI_4 + lat / 2.0).tan().ln())
}
