//! Peers that are slow, or not there any more.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use peerpack_actors::ids::UserId;
use peerpack_actors::ports::StreamEntry;
use peerpack_actors::runtime::{Frame, SessionPort};
use serde_json::json;
use tokio_tungstenite::tungstenite::Message;

use super::hostile::resident_kib;
use super::raw::Raw;
use super::world::{Client, PATIENCE, World};
use crate::edge::outbox::{Ending, Outbox};

/// A client that is told of live events at once.
async fn live(world: &World, user: UserId) -> (Client, u64) {
    let (mut client, epoch, top) = world.greeted(user).await;
    client.resume(epoch, top).await;
    (client, top)
}

/// Pushes large events until the queue overflows; how many it took.
async fn flood(world: &World, user: UserId, top: u64) -> u64 {
    let [port] = &world.app.sockets.of(user)[..] else { panic!("not one socket") };
    let body = format!(r#"{{"type":"news","data":{{"text":"{}"}}}}"#, "x".repeat(50_000));
    for n in 1..2_000 {
        let entry = StreamEntry { user, seq: top + n, at: world.app.clock.now(), body: body.clone().into() };
        if port.push(Frame::Event(entry)).is_err() {
            return n;
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    panic!("no overflow");
}

#[actix_web::test]
async fn rt_8_a_reader_that_stalls_overflows_and_is_told_so_when_it_reads_again() {
    let world = World::start().await;
    let user = world.user();
    let (mut client, top) = live(&world, user).await;
    let (mut neighbour, ..) = world.greeted(world.user()).await;
    let pushed = flood(&world, user, top).await;
    assert!(pushed > 5, "{pushed}: that was not the reader's fault");
    assert_eq!(neighbour.ask(&json!({ "type": "ping" })).await["type"], "pong");
    let mut last = top;
    let code = loop {
        match client.0.next().await.unwrap().unwrap() {
            Message::Text(text) => {
                let event: serde_json::Value = serde_json::from_str(&text).unwrap();
                assert_eq!(event["seq"], last + 1);
                last += 1;
            }
            Message::Close(frame) => break u16::from(frame.unwrap().code),
            _ => {}
        }
    };
    assert_eq!(code, 4008);
    assert!(last < top + pushed);
    world.stop().await;
}

/// Sockets alone: the database opens files when it likes.
pub(super) fn open_sockets() -> usize {
    let descriptors = std::fs::read_dir("/proc/self/fd").unwrap().flatten();
    let targets = descriptors.filter_map(|one| std::fs::read_link(one.path()).ok());
    targets.filter(|target| target.to_string_lossy().starts_with("socket:")).count()
}

#[actix_web::test]
async fn rt_8_a_reader_that_never_reads_again_loses_its_socket() {
    let world = World::start().await;
    let user = world.user();
    world.greeted(user).await.0.0.close(None).await.unwrap();
    world.until_gone(user).await;
    let before = open_sockets();
    let (mut client, top) = live(&world, user).await;
    assert!(flood(&world, user, top).await > 5);
    world.until_gone(user).await;
    let closed = async {
        // The client has one end of the connection.
        while open_sockets() > before + 1 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(PATIENCE, closed).await.expect("the server's end is closed");
    // What was in the kernel's buffers may still come; then the end, and no close frame.
    loop {
        match client.0.next().await {
            Some(Ok(Message::Close(frame))) => panic!("{frame:?}"),
            Some(Ok(_)) => {}
            Some(Err(_)) | None => break,
        }
    }
    world.stop().await;
}

/// An event of so many bytes that the user was not told of yet.
fn event(world: &World, user: UserId, seq: u64, bytes: usize) -> Frame {
    let body = format!(r#"{{"type":"news","data":{{"text":"{}"}}}}"#, "x".repeat(bytes));
    Frame::Event(StreamEntry { user, seq, at: world.app.clock.now(), body: body.into() })
}

/// Pushes events to everybody who waits for nothing, until nobody takes anything any more; the last number of
/// each.
async fn jam(world: &World, outboxes: &[(UserId, Arc<Outbox>)]) -> Vec<u64> {
    let mut seqs = vec![0; outboxes.len()];
    let mut quiet = 0;
    while quiet < 10 {
        quiet += 1;
        for ((user, outbox), seq) in outboxes.iter().zip(&mut seqs) {
            if outbox.is_empty() {
                *seq += 1;
                outbox.push(event(world, *user, *seq, 50_000)).unwrap();
                quiet = 0;
            }
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    seqs
}

/// Everybody's queue is filled nearly to the brim, with bytes of their own, while the kernel takes nothing.
#[actix_web::test]
async fn rt_8_a_reader_that_does_not_read_costs_less_than_a_megabyte_and_a_half() {
    const READERS: usize = 100;
    let world = World::with_room_for(READERS + 1).await;
    drop(Raw::greeted_narrowly(&world, world.user()).await);
    let before_kib = resident_kib();
    let (mut clients, mut outboxes) = (Vec::new(), Vec::new());
    for _ in 0..READERS {
        let user = world.user();
        clients.push(Raw::greeted_narrowly(&world, user).await);
        outboxes.push((user, world.app.sockets.of(user).remove(0)));
    }
    let mut waiting = 0;
    for ((user, outbox), seq) in outboxes.iter().zip(jam(&world, &outboxes).await) {
        for n in 1..=195 {
            outbox.push(event(&world, *user, seq + n, 950)).unwrap();
        }
        waiting += usize::from(!outbox.is_empty() && outbox.ending().is_none());
    }
    let grown_kib = resident_kib().saturating_sub(before_kib) / READERS as u64;
    assert_eq!((waiting, world.app.sockets.len()), (READERS, READERS), "nobody was given up before");
    eprintln!("{grown_kib} KiB for each of {READERS}");
    // What waits for each is at least this much, or nothing was measured.
    assert!((200..1_536).contains(&grown_kib), "{grown_kib} KiB for each");
    for (_, outbox) in outboxes {
        outbox.end(Ending::new(1012, "restart"));
    }
    drop(clients);
    world.stop().await;
}

#[actix_web::test]
async fn rt_7_who_does_not_answer_a_ping_is_given_up() {
    let world = World::pinging_every(2).await;
    let user = world.user();
    let (mut client, ..) = world.greeted(user).await;
    // The library answers pings only while it is asked for messages. Two seconds until the ping, eight for an
    // answer; the rest is for a busy machine.
    world.until_gone(user).await;
    assert_eq!(client.close_code().await, 4008);
    world.stop().await;
}
