//! Peers that are slow, or not there any more.

use std::time::Duration;

use futures_util::StreamExt;
use peerpack_actors::ids::UserId;
use peerpack_actors::ports::StreamEntry;
use peerpack_actors::runtime::{Frame, SessionPort};
use serde_json::json;
use tokio_tungstenite::tungstenite::Message;

use super::world::{Client, World};

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
    tokio::time::timeout(Duration::from_secs(12), closed).await.expect("the server's end is closed");
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

#[actix_web::test]
async fn rt_7_who_does_not_answer_a_ping_is_given_up() {
    let world = World::pinging_every(2).await;
    let user = world.user();
    let (mut client, ..) = world.greeted(user).await;
    let asked = tokio::time::Instant::now();
    // The library answers pings only while it is asked for messages.
    world.until_gone(user).await;
    assert!(asked.elapsed() < Duration::from_secs(12), "{:?}", asked.elapsed());
    assert_eq!(client.close_code().await, 4008);
    world.stop().await;
}
