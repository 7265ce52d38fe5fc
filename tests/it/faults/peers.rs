//! Peers that are half there, slow, or hear and say everything twice: what it costs the server, them and the
//! others.
//!
//! The server pings every two seconds here; with `PEERPACK_TEST_LONG` (`make test-faults`) also as seldom as
//! usual.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use peerpack::ws::wire::{ClientMessage, OfRequest};
use peerpack_actors::ids::RequestId;
use peerpack_actors::runtime::RuntimeSettings;
use peerpack_actors::time::Time;
use serde_json::json;
use tokio::time::Instant;
use uuid::Uuid;

use super::chaos::{Chaos, Faults};
use super::process::{Device, Process};
use crate::support::{Backend, PATIENCE, TestApp, at_full_size, eventually, promised, sign_in_at};

/// What the client takes for a dead connection, and a way back.
const CLIENT_PATIENCE: Duration = Duration::from_secs(100);

/// How long somebody beside a slow reader waits for an event. On a machine that has time for it, less than
/// the server waits for a peer that takes nothing: anybody who had to wait for one would wait longer.
fn neighbours_patience() -> Duration {
    if at_full_size() { Duration::from_secs(8) } else { PATIENCE }
}

fn package() -> serde_json::Value {
    json!({
        "from": "Тверь", "to": "Вологда", "description": "книги", "reward": 500, "size": "s", "weight": "light",
        "tags": [],
    })
}

/// A device of which nothing more is heard, or that hears nothing more; found by the server before `most`
/// seconds are over.
async fn half_open(ping_s: &str, most: u64, mute: impl Fn(&Faults) -> &AtomicBool) {
    let data = tempfile::tempdir().unwrap();
    let server = Process::start("serve", data.path(), &[("PEERPACK_PING_S", ping_s)]).await;
    let anna = sign_in_at(&server.url, "Anna").await;
    let chaos = Chaos::before(server.url.strip_prefix("http://").unwrap()).await;
    let health = async || anna.get("/api/health").await["engine"]["sessions"].as_u64().unwrap();
    assert_eq!(health().await, 0);
    let before = server.open_sockets();
    let mut device = Device::of(&anna.moved_to(&format!("http://{}", chaos.address))).await;
    let ours: Vec<_> = server.open_sockets().difference(&before).cloned().collect();
    assert_eq!((health().await, ours.len()), (1, 1));

    mute(&chaos.faults).store(true, Ordering::Relaxed);
    let muted = Instant::now();
    // Also one that has something to say, again and again, finds out that nobody answers.
    let (client, nothing) = (device.client.clone(), RequestId::new(Time::from_ms(0), [1; 10]));
    let unanswered = tokio::spawn(async move {
        let accept = ClientMessage::OfferAccept(OfRequest { request_id: nothing });
        client.command(Uuid::from_u128(1), accept).await
    });
    for _ in 0..20 {
        anna.publish_package("Тверь", "Вологда", json!({})).await;
    }
    while health().await > 0 || server.open_sockets().contains(&ours[0]) {
        let found_within = promised(most);
        assert!(muted.elapsed() < found_within, "still there after {:?}", muted.elapsed());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    eprintln!("given up after {:?}", muted.elapsed());
    mute(&chaos.faults).store(false, Ordering::Relaxed);
    if !at_full_size() {
        // Otherwise the client notices by itself, after 40 s of silence or 15 s without an answer to its
        // handshake.
        chaos.cut();
    }
    anna.publish_package("Тверь", "Вологда", json!({})).await;
    device.until("every event", CLIENT_PATIENCE, |device| device.events.len() == 21).await;
    device.until("a way back", CLIENT_PATIENCE, |device| device.connections == 2).await;
    assert_eq!(unanswered.await.unwrap().unwrap().code.as_deref(), Some("not_found"));
    assert_eq!(
        (device.events.len(), device.lost),
        (21, 0),
        "each once: `Device` asserts that they are in a row"
    );
}

#[actix_web::test]
async fn f01_a_peer_whose_words_are_lost_is_found_and_freed_and_misses_nothing() {
    half_open("2", 13, |faults| &faults.mute_to_server).await;
    if at_full_size() {
        half_open("25", 35, |faults| &faults.mute_to_server).await;
    }
}

#[actix_web::test]
async fn f01_a_peer_that_hears_nothing_is_found_and_freed_and_misses_nothing() {
    half_open("2", 13, |faults| &faults.mute_to_client).await;
    if at_full_size() {
        half_open("25", 35, |faults| &faults.mute_to_client).await;
    }
}

/// A device behind a line of so many bytes in a second, until the server has had enough of it; and one beside
/// it.
async fn slow(bytes_per_s: u64) {
    // One sender makes all the events.
    let bounds = [("PEERPACK_MAX_OPEN_PACKAGES", "100000")];
    let data = tempfile::tempdir().unwrap();
    let app = TestApp::start_on(data, None, &bounds, RuntimeSettings::default()).await;
    let (anna, boris) = (app.sign_in("Anna").await, app.sign_in("Boris").await);
    let chaos = Chaos::before(app.url.strip_prefix("http://").unwrap()).await;
    let mut device = Device::of(&anna.moved_to(&format!("http://{}", chaos.address))).await;
    let mut neighbour = Device::of(&boris).await;
    chaos.faults.bytes_per_s.store(bytes_per_s, Ordering::Relaxed);
    let (mut published, mut of_neighbour) = (0, 0);
    while app.app.sockets.len() == 2 {
        assert!(published < 5_000, "the server queues without end");
        let at_once = (0..8).map(|_| anna.publish_package("Тверь", "Вологда", json!({})));
        published += futures_util::future::join_all(at_once).await.len();
        boris.publish_package("Тверь", "Вологда", json!({})).await;
        of_neighbour += 1;
        let all = |device: &Device| device.events.len() == of_neighbour;
        neighbour.until("its event", neighbours_patience(), all).await;
    }
    assert!(published > 256, "{published}: that was not the reader's fault");
    assert_eq!((neighbour.connections, neighbour.lost), (1, 0));
    // The engine and the registry have let go of it, though the kernel still holds bytes for it.
    let gone = async || (app.app.engine.stats().sessions == 1).then_some(());
    eventually("the end of the session", gone).await;
    chaos.faults.bytes_per_s.store(0, Ordering::Relaxed);
    device.until("the code", PATIENCE, |device| device.codes == [Some(4008)]).await;
    let all = |device: &Device| device.events.len() == published;
    device.until("every event", CLIENT_PATIENCE, all).await;
    assert_eq!((device.events.len(), device.lost, device.connections), (published, 0, 2));
    eprintln!("4008 after {published} events");
}

#[actix_web::test]
async fn f04_a_reader_that_does_not_read_is_closed_with_4008_and_resumes_completely() {
    slow(1).await;
}

#[actix_web::test]
async fn f04_a_reader_on_a_line_of_64_kbit_is_closed_with_4008_and_resumes_completely() {
    slow(8_000).await;
}

#[actix_web::test]
async fn rt_3_and_11_on_a_network_that_says_everything_twice_each_thing_happens_once() {
    let app = TestApp::start(Backend::Sqlite).await;
    let (anna, ivan) = (app.sign_in("Anna").await, app.sign_in("Ivan").await);
    let trip = ivan.publish_trip("Брянск", "Смоленск", json!({})).await;
    let chaos = Chaos::before(app.url.strip_prefix("http://").unwrap()).await;
    let mut device = Device::of(&ivan.moved_to(&format!("http://{}", chaos.address))).await;
    chaos.faults.twice_to_server.store(true, Ordering::Relaxed);
    chaos.faults.twice_to_client.store(true, Ordering::Relaxed);
    anna.publish_package("Брянск", "Смоленск", json!({})).await;
    device.until("the offer", PATIENCE, |device| device.events.len() == 1).await;
    let found = ivan.get(&format!("/api/trips/{trip}/package-requests")).await;
    let request_id = found["requests"][0]["id"].as_str().unwrap().parse().unwrap();
    let accept = ClientMessage::OfferAccept(OfRequest { request_id });
    let ack = device.client.command(Uuid::from_u128(1), accept).await.unwrap();
    assert_eq!(ack.data.unwrap()["new_status"], "accepted");
    let seqs = |device: &Device| device.events.iter().map(|event| event.seq).collect::<Vec<_>>();
    device.until("the deal", PATIENCE, |device| device.events.len() >= 2).await;
    // What comes twice would have come by the time of this answer.
    let unknown = OfRequest { request_id: Uuid::from_u128(42).to_string().parse().unwrap() };
    device.client.command(Uuid::from_u128(2), ClientMessage::OfferAccept(unknown)).await.unwrap();
    let top = ivan.get("/api/sync").await["position"]["seq"].as_u64().unwrap();
    device.until("everything", PATIENCE, |device| seqs(device).last() == Some(&top)).await;
    assert_eq!((device.connections, device.lost), (1, 0), "{:?}", seqs(&device));
    app.audit().await;
}

#[actix_web::test]
async fn f07_a_request_that_comes_twice_has_one_effect_and_the_same_answer() {
    let app = TestApp::start(Backend::Sqlite).await;
    let anna = app.sign_in("Anna").await;
    let chaos = Chaos::before(app.url.strip_prefix("http://").unwrap()).await;
    let far = anna.moved_to(&format!("http://{}", chaos.address));
    // Of the answers only the first is read.
    chaos.faults.twice_to_server.store(true, Ordering::Relaxed);
    let headers = [("idempotency-key", "once")];
    let (status, _, first) =
        far.call_with(reqwest::Method::POST, "/api/packages", &headers, Some(package())).await;
    assert!(status.is_success(), "{first}");
    chaos.faults.twice_to_server.store(false, Ordering::Relaxed);
    // The second one may still be under way; it has come to nothing else.
    let (replayed, again) = eventually("an answer", async || {
        let (status, replayed, again) =
            anna.call_with(reqwest::Method::POST, "/api/packages", &headers, Some(package())).await;
        (status != 409 || again["code"] != "in_progress").then_some((replayed, again))
    })
    .await;
    assert_eq!((replayed["idempotent-replayed"].to_str().unwrap(), again), ("true", first));
    assert_eq!(anna.get("/api/sync").await["position"]["seq"], 1, "one package, one event");
}
