//! Networks that delay, cut and swallow: between client and server, and between the server and what it needs.

use std::sync::atomic::Ordering;
use std::time::Duration;

use peerpack::ws::wire::{ClientMessage, OfRequest};
use peerpack_actors::runtime::RuntimeSettings;
use reqwest::{Method, StatusCode};
use serde_json::json;
use tokio::time::Instant;
use uuid::Uuid;

use super::chaos::Chaos;
use super::market::{Bystander, database, play_while, rounds};
use super::process::{Device, Process};
use crate::support::{Backend, PATIENCE, TestApp, TestUser, backends, eventually, fresh_postgres, promised};

/// A user behind a network of their own.
async fn behind(user: &TestUser, app: &TestApp) -> (TestUser, Chaos) {
    let chaos = Chaos::before(app.url.strip_prefix("http://").unwrap()).await;
    (user.moved_to(&format!("http://{}", chaos.address)), chaos)
}

fn package() -> serde_json::Value {
    json!({
        "from": "Тверь", "to": "Вологда", "description": "книги", "reward": 500, "size": "s", "weight": "light",
        "tags": [],
    })
}

#[actix_web::test]
async fn f03_a_slow_network_that_slices_frames_breaks_nothing() {
    let app = TestApp::start(Backend::Sqlite).await;
    let anna = app.sign_in("Anna").await;
    let (far, chaos) = behind(&anna, &app).await;
    chaos.faults.delay_ms.store(100, Ordering::Relaxed);
    chaos.faults.jitter_ms.store(200, Ordering::Relaxed);
    let mut device = Device::of(&far).await;
    // Not before: the test's own library takes a handshake in so many pieces for an attack.
    chaos.faults.slice.store(1, Ordering::Relaxed);
    for _ in 0..20 {
        anna.publish_package("Тверь", "Вологда", json!({})).await;
    }
    device.until("every event", PATIENCE, |device| device.events.len() >= 20).await;
    let unknown = OfRequest { request_id: Uuid::from_u128(42).to_string().parse().unwrap() };
    let ack = device.client.command(Uuid::from_u128(1), ClientMessage::OfferAccept(unknown)).await.unwrap();
    assert_eq!(ack.code.as_deref(), Some("not_found"));
    assert_eq!((device.connections, device.lost), (1, 0), "not once interrupted");
}

#[actix_web::test]
async fn f02_a_network_that_loses_packets_loses_and_doubles_nothing_else() {
    for loss_percent in [10, 30] {
        let data = tempfile::tempdir().unwrap();
        let database = database(&data.path().display().to_string()).await;
        let server = Process::start("serve", data.path(), &[]).await;
        let chaos = Chaos::before(server.url.strip_prefix("http://").unwrap()).await;
        let bystander = Bystander::start(&database);
        let lossy = async {
            chaos.faults.loss_percent.store(loss_percent, Ordering::Relaxed);
            tokio::time::sleep(Duration::from_secs(rounds(6, 60) as u64)).await;
            chaos.faults.loss_percent.store(0, Ordering::Relaxed);
        };
        let mut market = play_while(&[&format!("http://{}", chaos.address)], 5, lossy).await;
        // A request whose pieces take longer than a server waits for them ends without an answer of ours, and
        // of a piece that is lost five times in a row the next try is later than its client waits.
        let at_one_in_ten = ["503 unavailable", "503 busy", "408 without a code", "cut"];
        let at_three = [&at_one_in_ten[..], &["timeout"]].concat();
        market.failed_only_with(if loss_percent == 10 { &at_one_in_ten } else { &at_three });
        if loss_percent == 10 {
            assert_eq!(market.count_of(&["socket lost"]), [].into(), "nobody is taken for dead");
        }
        bystander.has_seen_nothing().await;
        market.judge(&database).await;
    }
}

#[actix_web::test]
async fn f05_connections_that_flap_lose_and_repeat_nothing() {
    let app = TestApp::start(Backend::Sqlite).await;
    let anna = app.sign_in("Anna").await;
    let (far, chaos) = behind(&anna, &app).await;
    let mut devices = Vec::new();
    for _ in 0..3 {
        devices.push(Device::of(&far).await);
    }
    let mut published = 0;
    for _ in 0..12 {
        for _ in 0..10 {
            anna.publish_package("Тверь", "Вологда", json!({})).await;
            published += 1;
        }
        tokio::time::sleep(Duration::from_millis(rand::random_range(100..800))).await;
        chaos.cut();
    }
    for device in &mut devices {
        // Each event has to be the next one: `Device` asserts it.
        device.until("every event", PATIENCE, |device| device.events.len() >= published).await;
        assert_eq!((device.events.len(), device.lost), (published, 0));
        assert!(device.connections > 3, "{} connections", device.connections);
    }
    for device in devices {
        drop(device);
    }
    eventually("an empty roster", async || (app.app.engine.stats().sessions == 0).then_some(())).await;
    eventually("no socket", async || app.app.sockets.is_empty().then_some(())).await;
}

#[actix_web::test]
async fn f07_a_command_whose_ack_is_swallowed_is_given_again_and_done_once() {
    for backend in backends() {
        let app = TestApp::start(backend).await;
        let (anna, ivan) = (app.sign_in("Anna").await, app.sign_in("Ivan").await);
        let trip = ivan.publish_trip("Брянск", "Смоленск", json!({})).await;
        let (far, chaos) = behind(&ivan, &app).await;
        let mut device = Device::of(&far).await;
        anna.publish_package("Брянск", "Смоленск", json!({})).await;
        let request_id = eventually("the offer", async || {
            let found = ivan.get(&format!("/api/trips/{trip}/package-requests")).await;
            found["requests"][0]["id"].as_str().map(|id| id.parse().unwrap())
        });
        let accept = ClientMessage::OfferAccept(OfRequest { request_id: request_id.await });
        device.until("the offer", PATIENCE, |device| device.events.len() == 1).await;
        chaos.faults.mute_to_client.store(true, Ordering::Relaxed);
        let accepting = device.client.command(Uuid::from_u128(7), accept);
        let cut = async {
            let path = format!("/api/trips/{trip}/package-requests");
            eventually("the deal", async || {
                (ivan.get(&path).await["requests"][0]["state"] == "accepted").then_some(())
            })
            .await;
            chaos.faults.mute_to_client.store(false, Ordering::Relaxed);
            chaos.cut();
        };
        let (ack, ()) = futures_util::future::join(accepting, cut).await;
        assert_eq!(ack.unwrap().data.unwrap()["new_status"], "accepted");
        app.audit().await;
    }
}

#[actix_web::test]
async fn f26_with_postgres_swallowed_by_the_network_requests_are_refused_soon_and_sockets_are_told() {
    let Ok(base) = std::env::var("PEERPACK_TEST_POSTGRES") else {
        eprintln!("PEERPACK_TEST_POSTGRES is not set: not run");
        return;
    };
    let url = fresh_postgres().await;
    let server = base.rsplit('@').next().unwrap().split('/').next().unwrap().to_owned();
    let chaos = Chaos::before(&server).await;
    let through = url.replace(&server, &chaos.address.to_string());
    let runtime = RuntimeSettings { compare: Duration::from_secs(1), ..RuntimeSettings::default() };
    let app = TestApp::start_on(tempfile::tempdir().unwrap(), Some(through), &[], runtime).await;
    let anna = app.sign_in("Anna").await;
    let mut device = Device::of(&anna).await;
    let mut published = 0;
    // What Postgres is told, what it says, both.
    for (to_server, to_client) in [(true, false), (false, true), (true, true)] {
        chaos.faults.mute_to_server.store(to_server, Ordering::Relaxed);
        chaos.faults.mute_to_client.store(to_client, Ordering::Relaxed);
        let keys: Vec<String> = (published..published + 3).map(|number| format!("key-{number}")).collect();
        for key in &keys {
            let (started, headers) = (Instant::now(), [("idempotency-key", key.as_str())]);
            let (status, _, answer) =
                anna.call_with(Method::POST, "/api/packages", &headers, Some(package())).await;
            assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{answer}");
            assert!(started.elapsed() < promised(3), "{:?}", started.elapsed());
        }
        device.until("a word about it", PATIENCE, |device| device.degraded.last() == Some(&true)).await;
        chaos.mute(false);
        let healed = Instant::now();
        // Whatever became of the first try, each key has one effect.
        for (number, key) in keys.iter().enumerate() {
            let (status, answer) = anna.post_as(key, "/api/packages", package()).await;
            assert_eq!(status, StatusCode::CREATED, "{answer}");
            assert!(number > 0 || healed.elapsed() < promised(10), "{:?}", healed.elapsed());
        }
        published += keys.len();
        device.until("each event", PATIENCE, |device| device.events.len() >= published).await;
        device.until("a better word", PATIENCE, |device| device.degraded.last() == Some(&false)).await;
    }
    assert_eq!((device.connections, device.lost), (1, 0), "the socket stays open");
    let listed = anna.get("/api/user/packages").await["packages"].as_array().unwrap().len();
    assert_eq!((listed, device.events.len()), (published, published), "once each");
    app.audit().await;
}

#[actix_web::test]
async fn f36_and_37_a_node_without_redis_serves_and_its_users_hear_within_ten_seconds() {
    let (Ok(_), Ok(redis)) = (std::env::var("PEERPACK_TEST_POSTGRES"), std::env::var("PEERPACK_TEST_REDIS"))
    else {
        eprintln!("PEERPACK_TEST_POSTGRES or PEERPACK_TEST_REDIS is not set: not run");
        return;
    };
    let postgres = fresh_postgres().await;
    let server = redis.rsplit('@').next().unwrap().trim_end_matches('/').to_owned();
    let chaos = Chaos::before(&server).await;
    let through = redis.replace(&server, &chaos.address.to_string());
    let secret = ("PEERPACK_JWT_SECRET", "a secret that both nodes share, of 32 bytes");
    let node = async |redis: &str| {
        let more = [("REDIS_URL", redis), secret];
        let data = tempfile::tempdir().unwrap();
        TestApp::start_on(data, Some(postgres.clone()), &more, RuntimeSettings::default()).await
    };
    let (cut_off, other) = (node(&through).await, node(&redis).await);
    let anna = cut_off.sign_in("Anna").await;
    let mut device = Device::of(&anna).await;
    chaos.mute(true);
    let elsewhere = anna.at(&other);
    let mut taken = Vec::new();
    for number in 1..=3 {
        let started = Instant::now();
        anna.publish_package("Тверь", "Вологда", json!({})).await;
        taken.push(started.elapsed());
        elsewhere.publish_package("Тверь", "Вологда", json!({})).await;
        let both = |device: &Device| device.events.len() == 2 * number;
        device.until("both events", promised(10), both).await;
    }
    // A busy machine adds to some of them; waiting for Redis would add to all.
    assert!(taken.iter().min() < Some(&Duration::from_secs(1)), "{taken:?} because of Redis");
    assert_eq!(device.connections, 1);
    cut_off.audit().await;
}

#[actix_web::test]
async fn f25_killed_backends_of_postgres_cost_at_most_a_retry() {
    use sqlx::{Connection, Executor};
    let Ok(base) = std::env::var("PEERPACK_TEST_POSTGRES") else {
        eprintln!("PEERPACK_TEST_POSTGRES is not set: not run");
        return;
    };
    let app = TestApp::start(Backend::Postgres).await;
    let anna = app.sign_in("Anna").await;
    let mut device = Device::of(&anna).await;
    let name = app.database_url.as_ref().unwrap().rsplit('/').next().unwrap().to_owned();
    let mut admin = sqlx::PgConnection::connect(&base).await.unwrap();
    let kill = format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'");
    let mut published = 0;
    for round in 0..60 {
        if round % 12 == 6 {
            admin.execute(sqlx::AssertSqlSafe(kill.clone())).await.unwrap();
        }
        // The same key until it is answered: an unknown outcome is resolved by repeating.
        let key = Uuid::from_u128(round).to_string();
        eventually("an answer", async || {
            let headers = [("idempotency-key", key.as_str())];
            let (status, _, answer) =
                anna.call_with(Method::POST, "/api/packages", &headers, Some(package())).await;
            assert!(status.is_success() || status == 503, "{status} {answer}");
            status.is_success().then_some(())
        })
        .await;
        published += 1;
    }
    device.until("every event", PATIENCE, |device| device.events.len() >= published).await;
    assert_eq!((device.events.len(), device.lost), (published, 0), "no second effect");
    app.audit().await;
}
