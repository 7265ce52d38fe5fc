//! Faults that are planted between the server and the program have to be found.

use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::liar::{Liar, Lies};
use crate::support::{Ran, TestServer, program, said};

/// Couriers on few roads who all accept: many lose.
const CONTESTED: [&str; 3] = ["--couriers=40", "--accept=1", "--deliver=0"];

fn behind_a_liar(lie: impl FnOnce(&Lies)) -> Ran {
    let server = TestServer::start();
    let liar = Liar::before(&server.url);
    lie(&liar.lies);
    Ran::scenario("main-job", &liar.url, &CONTESTED)
}

#[test]
fn nothing_is_found_where_nothing_was_planted() {
    let ran = behind_a_liar(|_| {});
    assert_eq!(ran.code, 0, "{}", ran.text);
    assert!(ran.count("Accept: ok") > 3, "{}", ran.text);
}

#[test]
fn an_event_that_is_lost_is_found_and_its_client_named() {
    let ran = behind_a_liar(|lies| lies.drop_events.store(1, Ordering::Relaxed));
    assert_eq!(ran.code, 1, "{}", ran.text);
    assert!(!ran.violations("whole_streams").is_empty(), "{}", ran.text);
    let told = &ran.report["receptions"];
    let (expected, received) = (told["expected"].as_u64().unwrap(), told["received"].as_u64().unwrap());
    assert_eq!((expected - received, told["incomplete_clients"].as_u64()), (1, Some(1)), "{told}");
    let missed = ran.report["missed"].as_array().unwrap();
    assert!(
        missed.iter().any(|missed| missed.as_str().unwrap().starts_with("events received")),
        "{missed:?}"
    );
}

#[test]
fn a_second_winner_is_found() {
    let ran = behind_a_liar(|lies| lies.false_wins.store(1, Ordering::Relaxed));
    assert_eq!(ran.code, 1, "{}", ran.text);
    let found = ran.violations("one_winner").len() + ran.violations("one_order").len();
    assert!(found >= 1, "{}", ran.text);
}

/// A few pairs who talk, as fast as they may.
fn talk_behind_a_liar(more: &[(&str, &str)], lie: impl FnOnce(&Lies)) -> Ran {
    let server = TestServer::with(more);
    let liar = Liar::before(&server.url);
    lie(&liar.lies);
    let few = ["--couriers=10", "--pairs=6", "--messages-per-s=15"];
    Ran::scenario("talk", &liar.url, &few)
}

#[test]
fn a_message_that_is_lost_or_changed_on_its_way_is_found() {
    let lost = talk_behind_a_liar(&[], |lies| lies.drop_messages.store(1, Ordering::Relaxed));
    assert_eq!(lost.code, 1, "{}", lost.text);
    let found = lost.violations("chats");
    assert!(found.iter().any(|what| what.contains("was told in place of")), "{found:?}");
    let told = &lost.report["receptions"];
    let (expected, received) = (told["expected"].as_u64().unwrap(), told["received"].as_u64().unwrap());
    assert_eq!(expected - received, 1, "{told}");
    // What a broken stream shows at once is not waited for.
    let changed = talk_behind_a_liar(&[], |lies| {
        lies.other_words.store(1, Ordering::Relaxed);
        lies.drop_events.store(1, Ordering::Relaxed);
    });
    assert_eq!(changed.code, 1, "{}", changed.text);
    let found = changed.violations("chats");
    for what in ["heard another message under", "is stored otherwise than it was told"] {
        assert!(found.iter().any(|found| found.contains(what)), "{what}: {found:?}");
    }
}

#[test]
fn a_message_that_is_acknowledged_and_is_none_is_found() {
    // Somebody speaks more often than they may, and the refusal is turned into an acknowledgement.
    let ran = talk_behind_a_liar(&[("PEERPACK_CHAT_A_MINUTE", "3")], |lies| {
        lies.false_messages.store(1, Ordering::Relaxed);
        lies.drop_events.store(1, Ordering::Relaxed);
    });
    assert_eq!(ran.code, 1, "{}", ran.text);
    let found = ran.violations("chats");
    for what in ["was not told to", "and the store has None"] {
        assert!(found.iter().any(|found| found.contains(what)), "{what}: {found:?}");
    }
}

#[test]
fn a_stall_is_in_the_latencies_of_all_that_was_due_meanwhile() {
    let server = TestServer::start();
    let liar = Liar::before(&server.url);
    let lies = std::sync::Arc::clone(&liar.lies);
    let url = liar.url.clone();
    let more = [&CONTESTED[..], &["--duration-s=8"]].concat();
    let running = std::thread::spawn(move || Ran::scenario("main-job", &url, &more));
    // Until people play: gathering takes as long as it takes, and the first package follows the last trip.
    let mut looks = 0;
    while live_trips(&server.url) < 40 {
        looks += 1;
        assert!(looks < 6_000, "nobody comes");
        std::thread::sleep(Duration::from_millis(20));
    }
    std::thread::sleep(Duration::from_millis(2_000));
    lies.is_stalled.store(true, Ordering::Relaxed);
    std::thread::sleep(Duration::from_millis(2_500));
    lies.is_stalled.store(false, Ordering::Relaxed);
    let ran = running.join().unwrap();
    let of = |name: &str, what: &str| ran.report["latencies"][name][what].as_f64().unwrap();
    assert!(of("package_published", "max_ms") > 1_500.0, "{}", ran.text);
    // A third of the publications were due meanwhile: no few of them saw it.
    assert!(of("package_published", "p90_ms") > 500.0, "{}", ran.text);
    assert!(of("push", "max_ms") > 1_000.0, "{}", ran.text);
}

/// How many trips the server has.
fn live_trips(url: &str) -> u64 {
    use std::io::{Read, Write};
    let mut stream = std::net::TcpStream::connect(url.strip_prefix("http://").unwrap()).unwrap();
    stream.write_all(b"GET /api/health HTTP/1.0\r\nhost: x\r\n\r\n").unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    let body = text.split("\r\n\r\n").nth(1).unwrap_or_default();
    let health: serde_json::Value = serde_json::from_str(body).unwrap_or_default();
    health["engine"]["trips"].as_u64().unwrap_or(0)
}

#[test]
fn a_planted_sleep_is_found_by_comparing_and_two_equal_runs_are_equal() {
    let slow = behind_a_liar(|lies| lies.delay_ms.store(150, Ordering::Relaxed));
    let before = behind_a_liar(|_| {});
    assert_eq!((slow.code, before.code), (0, 0), "{}\n{}", slow.text, before.text);
    let compare = |before: &Ran, after: &Ran| {
        let files = [&before.json, &after.json].map(|path| path.display().to_string());
        // A test's machine is busy: only what is twice as slow, and by 80 ms, is slower.
        let words = ["compare", &files[0], &files[1], "--noise=1", "--noise-ms=80"];
        let output = program(&words).output().unwrap();
        (output.status.code().unwrap(), said(&output))
    };
    let (code, text) = compare(&before, &slow);
    assert!(code == 1 && text.contains("**worse**"), "{code}: {text}");
    assert!(text.contains("push, p50, ms"), "{text}");
    let (code, text) = compare(&before, &before);
    assert!(code == 0 && text.contains("Nothing is worse."), "{code}: {text}");
}
