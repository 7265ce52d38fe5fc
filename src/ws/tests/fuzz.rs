//! Random bytes and random frames. What is random follows from a seed, which is printed: give it as
//! `PEERPACK_TEST_SEED` to see the same again. `PEERPACK_TEST_FUZZ_S` says how long, in seconds.

use std::panic;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tokio::time::{Instant, timeout};

use super::hostile::resident_kib;
use super::raw::{BINARY, CLOSE, CONTINUATION, FIN, PING, PONG, Raw, TEXT, frame, header};
use super::slow::open_sockets;
use super::world::{PATIENCE, World};
use crate::ws::wire::TYPES;

/// Connections at once.
const AT_ONCE: usize = 8;

fn said<T: std::str::FromStr>(name: &str) -> Option<T> {
    std::env::var(name).ok()?.parse().ok()
}

/// Bytes that may be anything.
fn noise(rng: &mut StdRng, most: usize) -> Vec<u8> {
    (0..rng.random_range(0..=most)).map(|_| rng.random()).collect()
}

/// Something like a message: of a type we know or nearly know, whole or cut anywhere.
fn message(rng: &mut StdRng) -> Vec<u8> {
    let kind = TYPES[rng.random_range(0..TYPES.len())];
    let values = [
        "0",
        "-1",
        "1e400",
        "null",
        "\"\"",
        "{}",
        "[]",
        "18446744073709551616",
        "\"\\u0000\"",
        "55.75",
        "\"01900000-0000-7000-8000-000000000002\"",
        "1",
    ];
    let names = ["request_id", "epoch", "last_seq", "lat", "lon", "reason", "package_id", "trip_id"];
    let mut value = || values[rng.random_range(0..values.len())];
    let (first, second, cmd_id) = (value(), value(), value());
    let mut name = || names[rng.random_range(0..names.len())];
    let (a, b) = (name(), name());
    let text = format!(r#"{{"type":"{kind}","cmd_id":{cmd_id},"data":{{"{a}":{first},"{b}":{second}}}}}"#);
    let mut bytes = text.into_bytes();
    if rng.random_bool(0.3) {
        bytes.truncate(rng.random_range(0..bytes.len()));
    }
    if rng.random_bool(0.3) && !bytes.is_empty() {
        let at = rng.random_range(0..bytes.len());
        bytes[at] = rng.random();
    }
    bytes
}

/// One frame, or something that is nearly one.
fn piece(rng: &mut StdRng) -> Vec<u8> {
    let opcodes = [CONTINUATION, TEXT, TEXT, TEXT, BINARY, CLOSE, PING, PONG];
    let opcode = opcodes[rng.random_range(0..opcodes.len())];
    let first = opcode | if rng.random_bool(0.8) { FIN } else { 0 };
    match rng.random_range(0..10) {
        0 => noise(rng, 2_000),
        1 => header(rng.random(), rng.random()),
        2 => frame(rng.random(), &noise(rng, 200)),
        3 => frame(first, &noise(rng, 20_000)),
        4 | 5 => frame(first, &noise(rng, 125)),
        _ => frame(first, &message(rng)),
    }
}

/// One connection that says random things, cut anywhere, and goes in one of many ways.
async fn misbehave(world: &World, rng: &mut StdRng) {
    let mut raw = Raw::greeted(world, world.user()).await;
    for _ in 0..rng.random_range(1..40) {
        let bytes = piece(rng);
        let cut = rng.random_range(0..=bytes.len());
        for part in [&bytes[..cut], &bytes[cut..]] {
            if raw.write(part).await.is_err() {
                return;
            }
            if rng.random_bool(0.1) {
                tokio::task::yield_now().await;
            }
        }
    }
    match rng.random_range(0..3) {
        0 => {}
        1 => {
            let _ = raw.write(&frame(FIN | CLOSE, &[])).await;
            let _ = timeout(Duration::from_secs(5), raw.close_code()).await;
        }
        _ => drop(timeout(Duration::from_millis(20), raw.until_closed()).await),
    }
}

#[actix_web::test]
async fn x_73_random_bytes_after_the_upgrade_neither_panic_nor_leak() {
    let seed = said("PEERPACK_TEST_SEED").unwrap_or_else(rand::random::<u64>);
    let fuzz = Duration::from_secs(said("PEERPACK_TEST_FUZZ_S").unwrap_or(3));
    eprintln!("PEERPACK_TEST_SEED={seed}");
    let panics = Arc::new(AtomicUsize::new(0));
    let (counted, before) = (Arc::clone(&panics), panic::take_hook());
    panic::set_hook(Box::new(move |info| {
        counted.fetch_add(1, Ordering::Relaxed);
        before(info);
    }));

    let world = World::start().await;
    // The first connection leaves something of the runtime's behind.
    drop(Raw::greeted(&world, world.user()).await);
    until_empty(&world).await;
    let descriptors = open_sockets();
    // What the first connections leave behind for the later ones is no leak.
    let mut rng = StdRng::seed_from_u64(seed);
    for _ in 0..100 {
        misbehave(&world, &mut rng).await;
    }
    until_empty(&world).await;
    // Users who were there are kept for a while, so that what is kept grows at first and then no more.
    let warm = crowd(&world, seed, fuzz / 4).await;
    let before_kib = resident_kib();
    let done = crowd(&world, seed.wrapping_add(AT_ONCE as u64), fuzz - fuzz / 4).await;
    let grown = resident_kib().saturating_sub(before_kib);
    eprintln!("{done} connections after {warm}, grown by {grown} KiB from {before_kib} KiB");
    assert_eq!(panics.load(Ordering::Relaxed), 0, "something panicked");
    // Anybody who broke the protocol has two seconds to read why.
    let closed = async {
        while open_sockets() > descriptors {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let in_time = timeout(PATIENCE, closed).await;
    assert!(in_time.is_ok(), "{} descriptors more than {descriptors}", open_sockets() - descriptors);
    assert!(grown < 16 * 1_024, "{grown} KiB");
    let mut polite = Raw::greeted(&world, world.user()).await;
    polite.text(r#"{"type":"ping"}"#).await;
    assert_eq!(polite.hear().await["type"], "pong");
    world.stop().await;
}

/// Several who misbehave for so long, and how many connections that was. The server has none of them any
/// more.
async fn crowd(world: &World, seed: u64, lasting: Duration) -> usize {
    let (started, done) = (Instant::now(), AtomicUsize::new(0));
    let several = (1..=AT_ONCE as u64).map(|n| {
        let done = &done;
        async move {
            let mut rng = StdRng::seed_from_u64(seed.wrapping_add(n));
            while started.elapsed() < lasting {
                misbehave(world, &mut rng).await;
                done.fetch_add(1, Ordering::Relaxed);
            }
        }
    });
    futures_util::future::join_all(several).await;
    until_empty(world).await;
    done.into_inner()
}

/// Waits until the server has no socket any more.
async fn until_empty(world: &World) {
    let empty = async {
        while !world.app.sockets.is_empty() || world.app.engine.stats().sessions > 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(PATIENCE, empty).await.expect("every socket is gone in time");
}
