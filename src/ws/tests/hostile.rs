//! Clients that mean no good, or are in trouble.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use peerpack_actors::ids::UserId;
use peerpack_actors::ports::StreamEntry;
use peerpack_actors::runtime::{Frame, SessionPort};
use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio_tungstenite::MaybeTlsStream;
use tokio_tungstenite::tungstenite::Message;

use super::world::{Client, World};

/// Writes bytes past the WebSocket library.
async fn write_raw(client: &mut Client, bytes: &[u8]) -> std::io::Result<()> {
    let MaybeTlsStream::Plain(stream) = client.0.get_mut() else { panic!("no plain connection") };
    stream.write_all(bytes).await
}

fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[actix_web::test]
async fn a_frame_that_declares_gigabytes_costs_nothing() {
    let world = World::start().await;
    let (mut client, ..) = world.greeted(world.user()).await;
    let before = resident_kib();
    let mut header = vec![0x81, 0xff];
    header.extend_from_slice(&(4_u64 << 30).to_be_bytes());
    header.extend_from_slice(&[1, 2, 3, 4]);
    write_raw(&mut client, &header).await.unwrap();
    let piece = vec![0; 1 << 20];
    for _ in 0..256 {
        let written = tokio::time::timeout(Duration::from_millis(100), write_raw(&mut client, &piece)).await;
        if !matches!(written, Ok(Ok(()))) {
            break;
        }
    }
    assert_eq!(client.close_code().await, 1009);
    let grown = resident_kib().saturating_sub(before);
    assert!(grown < 64 * 1024, "{grown} KiB");
    world.stop().await;
}

#[actix_web::test]
async fn each_way_to_break_the_protocol_has_its_code() {
    let world = World::start().await;
    let cases: [(&str, &[u8], u16); 9] = [
        ("unmasked", &[0x81, 0x01, b'x'], 1002),
        ("reserved bit", &[0xc1, 0x81, 0, 0, 0, 0, b'x'], 1002),
        ("reserved opcode", &[0x83, 0x80, 0, 0, 0, 0], 1002),
        ("ping in pieces", &[0x09, 0x80, 0, 0, 0, 0], 1002),
        ("continuation of nothing", &[0x80, 0x80, 0, 0, 0, 0], 1002),
        ("close of one byte", &[0x88, 0x81, 0, 0, 0, 0, 1], 1002),
        ("close with 1005", &[0x88, 0x82, 0, 0, 0, 0, 0x03, 0xed], 1002),
        ("binary", &[0x82, 0x81, 0, 0, 0, 0, 1], 1003),
        ("no UTF-8", &[0x81, 0x81, 0, 0, 0, 0, 0xff], 1007),
    ];
    for (name, bytes, code) in cases {
        let (mut client, ..) = world.greeted(world.user()).await;
        write_raw(&mut client, bytes).await.unwrap();
        assert_eq!(client.close_code().await, code, "{name}");
    }
    world.stop().await;
}

#[actix_web::test]
async fn who_talks_too_much_is_cut_off() {
    let world = World::start().await;
    let (mut client, ..) = world.greeted(world.user()).await;
    for _ in 0..40 {
        if client.0.send(Message::text(json!({ "type": "ping" }).to_string())).await.is_err() {
            break;
        }
    }
    assert_eq!(client.close_code().await, 4029);

    let (mut client, ..) = world.greeted(world.user()).await;
    for _ in 0..40 {
        if client.0.send(Message::Ping("x".into())).await.is_err() {
            break;
        }
    }
    assert_eq!(client.close_code().await, 4029);
    world.stop().await;
}

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
async fn a_reader_that_stalls_overflows_and_is_told_so_when_it_reads_again() {
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
fn open_sockets() -> usize {
    let descriptors = std::fs::read_dir("/proc/self/fd").unwrap().flatten();
    let targets = descriptors.filter_map(|one| std::fs::read_link(one.path()).ok());
    targets.filter(|target| target.to_string_lossy().starts_with("socket:")).count()
}

#[actix_web::test]
async fn a_reader_that_never_reads_again_loses_its_socket() {
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
async fn who_does_not_answer_a_ping_is_given_up() {
    let world = World::start().await;
    let user = world.user();
    let (mut client, ..) = world.greeted(user).await;
    // The library answers pings only while it is asked for messages.
    world.until_gone(user).await;
    assert_eq!(client.close_code().await, 4008);
    world.stop().await;
}

#[actix_web::test]
async fn random_bytes_do_no_harm() {
    let world = World::start().await;
    for _ in 0..60 {
        let (mut client, ..) = world.greeted(world.user()).await;
        let bytes: [u8; 512] = std::array::from_fn(|_| rand::random());
        let _ = write_raw(&mut client, &bytes).await;
        let _ = client.0.close(None).await;
    }
    let (mut client, ..) = world.greeted(world.user()).await;
    assert_eq!(client.ask(&json!({ "type": "ping" })).await["type"], "pong");
    world.stop().await;
}
