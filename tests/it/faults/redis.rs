//! Redis dies, forgets everything, or loses messages: the product works, and everybody hears of everything in
//! time.

use std::sync::atomic::Ordering;
use std::time::Duration;

use peerpack_actors::runtime::RuntimeSettings;
use peerpack_actors::time::Span;
use reqwest::StatusCode;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::market::{database, play_while, rounds};
use super::process::Device;
use super::resp::Sieve;
use super::services::Redis;
use crate::nodes::{two_nodes, two_nodes_told};
use crate::support::{TestApp, TestUser, at_full_size, eventually, fresh_postgres, promised};

/// How late an event may be when hints are lost.
const HEARD_WITHIN_S: u64 = 10;

fn package() -> Value {
    json!({
        "from": "Тверь", "to": "Вологда", "description": "книги", "reward": 500, "size": "s", "weight": "light",
        "tags": [], "mode": "choose",
    })
}

/// Publishes once under a key, twice in vain, and is answered the same each time.
async fn publishes_once(user: &TestUser, key: &str) {
    let mut answers = Vec::new();
    for _ in 0..3 {
        let (status, answer) = user.post_as(key, "/api/packages", package()).await;
        assert_eq!(status, StatusCode::CREATED, "{answer}");
        answers.push(answer);
    }
    assert!(answers[1..].iter().all(|answer| *answer == answers[0]), "{answers:?}");
}

/// Two nodes that send codes into a folder.
async fn nodes_with_phones(redis: &str, outbox: &std::path::Path) -> (TestApp, TestApp) {
    use std::os::unix::fs::PermissionsExt;
    let program = outbox.join("send");
    std::fs::write(&program, "#!/bin/sh\ncat > \"$0.$1\"\n").unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    let program = program.display().to_string();
    let postgres = fresh_postgres().await;
    let more = [
        ("REDIS_URL", redis),
        ("PEERPACK_JWT_SECRET", "a secret that both nodes share, of 32 bytes"),
        ("PEERPACK_PHONE_CODE_COMMAND", &program),
        ("PEERPACK_LIMITS", "true"),
    ];
    let node = async || {
        let data = tempfile::tempdir().unwrap();
        TestApp::start_on(data, Some(postgres.clone()), &more, RuntimeSettings::default()).await
    };
    (node().await, node().await)
}

#[actix_web::test]
async fn f35_redis_that_is_killed_or_emptied_costs_ten_seconds_at_most_and_nothing_else() {
    if std::env::var("PEERPACK_TEST_POSTGRES").is_err() {
        eprintln!("PEERPACK_TEST_POSTGRES is not set: not run");
        return;
    }
    let Some(mut redis) = Redis::start().await else { return };
    let outbox = tempfile::tempdir().unwrap();
    let (a, b) = nodes_with_phones(&redis.url(), outbox.path()).await;
    let anna = a.sign_in("Anna").await;
    let mut device = Device::of(&anna.at(&b)).await;
    for (round, state) in ["as it should be", "emptied", "dead", "back"].into_iter().enumerate() {
        let phone = format!("+7900123450{round}");
        let nobody = a.anonymous();
        let (status, answer) = nobody.post("/api/auth/phone-login", json!({ "phone": phone })).await;
        assert_eq!(status, 200, "{state}: {answer}");
        match state {
            "emptied" => assert_eq!(redis.command("FLUSHALL").await.unwrap(), "+OK"),
            "dead" => redis.kill(),
            "back" => redis.start_again().await,
            _ => {}
        }
        let happened = Instant::now();
        // The code was sent before, and is good afterwards, on the other node.
        let code = std::fs::read_to_string(outbox.path().join(format!("send.{phone}"))).unwrap();
        let body = json!({ "phone": phone, "code": code.trim() });
        let (status, answer) = b.anonymous().post("/api/auth/verify-otp", body).await;
        assert_eq!(status, 200, "{state}: {answer}");
        let asked = Instant::now();
        let somebody = a.sign_in("Somebody").await;
        somebody.get("/api/user/profile").await;
        assert!(asked.elapsed() < promised(5), "{state}: {:?} to sign in", asked.elapsed());
        publishes_once(&anna, &format!("key-{round}")).await;
        publishes_once(&anna.at(&b), &format!("key-{round}")).await;
        device.until("its event", promised(HEARD_WITHIN_S), |device| device.events.len() == round + 1).await;
        eprintln!("{state}: heard after {:?}", happened.elapsed());
    }
    assert_eq!((device.connections, device.lost), (1, 0));
    a.audit().await;
}

#[actix_web::test]
async fn f39_redis_without_memory_costs_no_event_and_no_call() {
    if std::env::var("PEERPACK_TEST_POSTGRES").is_err() {
        eprintln!("PEERPACK_TEST_POSTGRES is not set: not run");
        return;
    }
    let Some(redis) = Redis::start().await else { return };
    let outbox = tempfile::tempdir().unwrap();
    let (a, b) = nodes_with_phones(&redis.url(), outbox.path()).await;
    let anna = a.sign_in("Anna").await;
    let mut device = Device::of(&anna.at(&b)).await;
    // Less than it has already: what would take more is refused.
    assert_eq!(redis.command("CONFIG SET maxmemory 100kb").await.unwrap(), "+OK");
    let refusal = redis.command("SET a b").await.unwrap();
    assert!(refusal.starts_with("-OOM"), "{refusal}");
    for round in 0..3 {
        publishes_once(&anna, &format!("key-{round}")).await;
        device.until("its event", promised(HEARD_WITHIN_S), |device| device.events.len() == round + 1).await;
        b.sign_in("Somebody").await.get("/api/user/profile").await;
    }
    assert_eq!(redis.command("CONFIG SET maxmemory 0").await.unwrap(), "+OK");
    publishes_once(&anna.at(&b), "key-3").await;
    device.until("its event", promised(HEARD_WITHIN_S), |device| device.events.len() == 4).await;
    assert_eq!((device.connections, device.lost), (1, 0));
    a.audit().await;
}

#[actix_web::test]
async fn f38_of_messages_that_are_lost_no_event_is() {
    let (Ok(_), Ok(redis)) = (std::env::var("PEERPACK_TEST_POSTGRES"), std::env::var("PEERPACK_TEST_REDIS"))
    else {
        eprintln!("PEERPACK_TEST_POSTGRES or PEERPACK_TEST_REDIS is not set: not run");
        return;
    };
    let server = redis.rsplit('@').next().unwrap().trim_end_matches('/').to_owned();
    let sieve = Sieve::before(&server).await;
    let through = redis.replace(&server, &sieve.address.to_string());
    let count = rounds(100, 1_000);
    let more = [("PEERPACK_MAX_OPEN_PACKAGES", "1001")];
    let (a, b) = two_nodes_told(&through, RuntimeSettings::default(), &more).await;
    let anna = a.sign_in("Anna").await;
    let mut device = Device::of(&anna.at(&b)).await;
    sieve.losses.percent.store(10, Ordering::Relaxed);
    for _ in 0..count {
        assert_eq!(anna.post_patiently("/api/packages", package()).await.0, StatusCode::CREATED);
    }
    device.until("every event", promised(HEARD_WITHIN_S), |device| device.events.len() == count).await;
    let lost = sieve.losses.lost.load(Ordering::Relaxed);
    assert!(lost > 0, "nothing was lost, so nothing was shown");

    // The last message is the one that no later one makes up for.
    sieve.losses.percent.store(100, Ordering::Relaxed);
    assert_eq!(anna.post_patiently("/api/packages", package()).await.0, StatusCode::CREATED);
    let published = Instant::now();
    device.until("the last event", promised(HEARD_WITHIN_S), |device| device.events.len() == count + 1).await;
    eprintln!("{lost} messages lost; with all of them lost an event came after {:?}", published.elapsed());
    assert_eq!((device.connections, device.lost), (1, 0));
    if at_full_size() {
        sieve.losses.percent.store(10, Ordering::Relaxed);
        let mut market = play_while(&[&a.url, &b.url], 20, async {}).await;
        assert!(market.longest_delay(true) < Span::seconds(10), "{:?}", market.longest_delay(true));
        market.judge(&database(a.database_url.as_ref().unwrap()).await).await;
    }
}

/// The fault that the test above must see: a node that relies on messages loses the last one for good.
#[actix_web::test]
async fn f38_without_the_comparison_with_the_store_a_lost_message_is_a_lost_event() {
    let (Ok(_), Ok(redis)) = (std::env::var("PEERPACK_TEST_POSTGRES"), std::env::var("PEERPACK_TEST_REDIS"))
    else {
        eprintln!("PEERPACK_TEST_POSTGRES or PEERPACK_TEST_REDIS is not set: not run");
        return;
    };
    let server = redis.rsplit('@').next().unwrap().trim_end_matches('/').to_owned();
    let sieve = Sieve::before(&server).await;
    let through = redis.replace(&server, &sieve.address.to_string());
    let (a, b) = two_nodes(&through, Duration::from_secs(3_600)).await;
    let anna = a.sign_in("Anna").await;
    let mut device = Device::of(&anna.at(&b)).await;
    sieve.losses.percent.store(100, Ordering::Relaxed);
    assert_eq!(anna.post_patiently("/api/packages", package()).await.0, StatusCode::CREATED);
    eventually("message to lose", async || (sieve.losses.lost.load(Ordering::Relaxed) > 0).then_some(()))
        .await;
    device.take_in_for(Duration::from_secs(2)).await;
    sieve.losses.percent.store(0, Ordering::Relaxed);
    assert_eq!(device.events.len(), 0, "it came without a message");
    assert_eq!(anna.post_patiently("/api/packages", package()).await.0, StatusCode::CREATED);
    device
        .until("both, by the next message", promised(HEARD_WITHIN_S), |device| device.events.len() == 2)
        .await;
}
