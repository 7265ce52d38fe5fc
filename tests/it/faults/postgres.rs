//! A Postgres that stands still, is locked, deadlocks, takes no more connections, or is slow.

use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::json;
use sqlx::{Connection, Executor, PgConnection};
use tokio::time::{Instant, sleep};

use super::chaos::Chaos;
use super::market::{Bystander, HEALS_WITHIN_S, Probe, database, play_while, rounds};
use super::process::Process;
use super::services::Postgres;
use crate::support::{Backend, PATIENCE, TestApp, backends, eventually, promised, sign_in_at};

fn package() -> serde_json::Value {
    json!({
        "from": "Тверь", "to": "Вологда", "description": "книги", "reward": 500, "size": "s", "weight": "light",
        "tags": [],
    })
}

#[actix_web::test]
async fn f27_postgres_that_stands_still_costs_no_acknowledged_write() {
    let Some(postgres) = Postgres::start().await else { return };
    let url = postgres.url();
    let database = database(&url).await;
    let data = tempfile::tempdir().unwrap();
    let server = Process::start("serve", data.path(), &[("DATABASE_URL", &url)]).await;
    let (probe, boris) = (Probe::at(&server.url).await, sign_in_at(&server.url, "Boris").await);
    let bystander = Bystander::start(&database);
    let still = Duration::from_secs(if rounds(1, 2) == 1 { 6 } else { 20 });
    let standstill = async {
        sleep(Duration::from_secs(2)).await;
        postgres.freeze();
        let frozen = Instant::now();
        // What was on its way when Postgres stopped is not known to be done or not.
        while frozen.elapsed() < still {
            let asked = Instant::now();
            let status = boris.try_post("/api/packages", package()).await.unwrap();
            assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
            assert!(asked.elapsed() < promised(3), "{:?}", asked.elapsed());
        }
        postgres.thaw();
        probe.is_served_again().await;
    };
    let mut market = play_while(&[&server.url], 5, standstill).await;
    market.failed_only_with(&["503 unavailable", "503 busy"]);
    assert_eq!(market.count_of(&["socket lost", "gave up"]), [].into(), "sockets stay open");
    bystander.has_seen_nothing().await;
    market.judge(&database).await;
}

#[actix_web::test]
async fn f28_a_table_that_is_locked_is_waited_for_two_seconds_and_other_routes_go_on() {
    if !backends().contains(&Backend::Postgres) {
        return;
    }
    let app = TestApp::start(Backend::Postgres).await;
    let anna = app.sign_in("Anna").await;
    let mut locking = PgConnection::connect(app.database_url.as_ref().unwrap()).await.unwrap();
    locking.execute("BEGIN; LOCK TABLE packages IN ACCESS EXCLUSIVE MODE").await.unwrap();
    let locked = Instant::now();
    let last = Duration::from_secs(if rounds(1, 2) == 1 { 6 } else { 30 });
    while locked.elapsed() < last {
        let asked = Instant::now();
        let (status, answer) = anna.post("/api/packages", package()).await;
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{answer}");
        assert!(asked.elapsed() < promised(3), "{:?}", asked.elapsed());
        // These look at other tables.
        let asked = Instant::now();
        for path in ["/api/cities?q=Тве", "/api/user/profile", "/api/user/trips", "/api/health/ready"] {
            let (status, answer) = anna.call(Method::GET, path, None).await;
            assert_eq!(status, StatusCode::OK, "{path}: {answer}");
        }
        assert!(asked.elapsed() < promised(1), "{:?}", asked.elapsed());
    }
    locking.execute("COMMIT").await.unwrap();
    let healed = Instant::now();
    eventually("a publication", async || {
        anna.post("/api/packages", package()).await.0.is_success().then_some(())
    })
    .await;
    assert!(healed.elapsed() < promised(HEALS_WITHIN_S), "{:?}", healed.elapsed());
    app.audit().await;
}

#[actix_web::test]
async fn f29_transactions_that_deadlock_are_tried_again_and_never_an_internal_error() {
    let Some(postgres) = Postgres::start().await else { return };
    let url = postgres.url();
    let database = database(&url).await;
    let data = tempfile::tempdir().unwrap();
    let server = Process::start("serve", data.path(), &[("DATABASE_URL", &url)]).await;
    let bystander = Bystander::start(&database);
    let hammering = async {
        let mut hammer = PgConnection::connect(&url).await.unwrap();
        // The one that looks for a deadlock first is ended: the server, after a second.
        hammer.execute("SET deadlock_timeout = '20s'").await.unwrap();
        let (begun, least) = (Instant::now(), Duration::from_secs(rounds(15, 60) as u64));
        let packages = "SELECT 1 FROM packages ORDER BY id DESC LIMIT 40 FOR UPDATE; ";
        let trips = "SELECT 1 FROM trips ORDER BY id DESC FOR UPDATE; ";
        // Whatever the order is in which the server takes rows, one of these is the opposite.
        for (first, then) in [(packages, trips), (trips, packages)].into_iter().cycle() {
            let statement = format!("BEGIN; {first} SELECT pg_sleep(0.1); {then} COMMIT");
            hammer.execute(sqlx::AssertSqlSafe(statement)).await.unwrap();
            sleep(Duration::from_millis(50)).await;
            let is_enough = begun.elapsed() > least && deadlocks(&mut hammer).await > 0;
            if is_enough || begun.elapsed() > PATIENCE {
                break;
            }
        }
    };
    let mut market = play_while(&[&server.url], 5, hammering).await;
    market.failed_only_with(&["503 unavailable", "503 busy"]);
    bystander.has_seen_nothing().await;
    market.judge(&database).await;
    let mut admin = PgConnection::connect(&url).await.unwrap();
    assert!(deadlocks(&mut admin).await > 0, "nothing stood in the way of anything");
}

/// How many deadlocks there were.
async fn deadlocks(admin: &mut PgConnection) -> i64 {
    let count = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()";
    sqlx::query_scalar(count).fetch_one(admin).await.unwrap()
}

#[actix_web::test]
async fn f30_without_connections_a_node_is_not_ready_and_is_again_when_there_are_some() {
    let Some(postgres) = Postgres::start().await else { return };
    let mut admin = PgConnection::connect(&postgres.url()).await.unwrap();
    admin.execute("CREATE ROLE node LOGIN").await.unwrap();
    admin.execute("CREATE DATABASE market OWNER node").await.unwrap();
    let url = postgres.url().replace("peerpack@", "node@").replace("/postgres", "/market");
    let database = database(&url).await;
    database.close().await;
    let data = tempfile::tempdir().unwrap();
    let mut server = Process::start("serve", data.path(), &[("DATABASE_URL", &url)]).await;
    let anna = sign_in_at(&server.url, "Anna").await;
    admin.execute("ALTER ROLE node CONNECTION LIMIT 1").await.unwrap();
    let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'node'";
    admin.execute(end).await.unwrap();
    // Another one takes the only connection.
    let mut greedy = None;
    eventually("the only connection", async || {
        let mine = PgConnection::connect(&url).await.is_ok();
        mine.then_some(())
    })
    .await;
    while greedy.is_none() {
        admin.execute(end).await.unwrap();
        greedy = PgConnection::connect(&url).await.ok();
    }
    let ready = format!("{}/api/health/ready", server.url);
    let status = async || reqwest::get(&ready).await.unwrap().status();
    eventually("an unready node", async || (status().await == StatusCode::SERVICE_UNAVAILABLE).then_some(()))
        .await;
    let asked = Instant::now();
    let answer = anna.try_post("/api/packages", package()).await.unwrap();
    assert_eq!(answer, StatusCode::SERVICE_UNAVAILABLE);
    assert!(asked.elapsed() < promised(3), "{:?}", asked.elapsed());
    drop(greedy);
    admin.execute("ALTER ROLE node CONNECTION LIMIT -1").await.unwrap();
    let healed = Instant::now();
    server.until_ready().await;
    Probe::at(&server.url).await.is_served_again().await;
    assert!(healed.elapsed() < promised(HEALS_WITHIN_S), "{:?}", healed.elapsed());
}

#[actix_web::test]
async fn f32_a_slow_postgres_makes_a_node_slow_and_no_larger() {
    let Some(postgres) = Postgres::start().await else { return };
    let url = postgres.url();
    let database = database(&url).await;
    let server_address = url.rsplit('@').next().unwrap().split('/').next().unwrap().to_owned();
    let chaos = Chaos::before(&server_address).await;
    let through = url.replace(&server_address, &chaos.address.to_string());
    let data = tempfile::tempdir().unwrap();
    let server = Process::start("serve", data.path(), &[("DATABASE_URL", &through)]).await;
    let probe = Probe::at(&server.url).await;
    let slowly = async {
        sleep(Duration::from_secs(2)).await;
        let before_kib = server.resident_kib();
        chaos.faults.delay_ms.store(150, std::sync::atomic::Ordering::Relaxed);
        sleep(Duration::from_secs(if rounds(1, 2) == 1 { 6 } else { 60 })).await;
        let grown_kib = server.resident_kib().saturating_sub(before_kib);
        assert!(grown_kib < 64 * 1024, "{grown_kib} KiB more");
        chaos.faults.delay_ms.store(0, std::sync::atomic::Ordering::Relaxed);
        probe.is_served_again().await;
    };
    let mut market = play_while(&[&server.url], 5, slowly).await;
    market.failed_only_with(&["503 unavailable", "503 busy"]);
    assert_eq!(market.count_of(&["socket lost", "gave up"]), [].into(), "sockets stay open");
    market.judge(&database).await;
}
