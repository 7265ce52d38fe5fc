//! Sockets that show a part of the town, and peers that are slow, or gone.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use super::world::{PAGE, PATIENCE, World};
use crate::edge::viewers::{Subject, Viewer};

async fn open(world: &World) -> (WebSocketStream<MaybeTlsStream<TcpStream>>, Arc<Viewer>) {
    let mut request = format!("ws://{}/ws/test/", world.address).into_client_request().unwrap();
    request.headers_mut().insert("origin", PAGE.parse().unwrap());
    let (mut socket, _) = connect_async(request).await.unwrap();
    let greeting = socket.next().await.unwrap().unwrap();
    assert!(greeting.to_text().unwrap().contains("test_message"), "{greeting:?}");
    let [viewer] = &world.app.sockets.viewers().of(Subject::Nothing)[..] else { panic!("not one socket") };
    (socket, Arc::clone(viewer))
}

async fn until_gone(world: &World) {
    let gone = async {
        while world.app.sockets.viewers().len() > 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, gone).await.expect("the socket is gone in time");
}

#[actix_web::test]
async fn a_viewer_who_does_not_read_is_bounded_and_told_to_come_back_when_they_read_again() {
    let world = World::start().await;
    let (mut socket, viewer) = open(&world).await;
    let text: Arc<str> = "x".repeat(100_000).into();
    let mut pushed = 0;
    while viewer.ending().is_none() {
        viewer.answer(Arc::clone(&text));
        pushed += 1;
        assert!(pushed < 1_000, "no end of it");
        tokio::task::yield_now().await;
    }
    let mut read = 0;
    let code = loop {
        match socket.next().await.unwrap().unwrap() {
            Message::Close(frame) => break u16::from(frame.unwrap().code),
            Message::Text(_) => read += 1,
            _ => {}
        }
    };
    assert!(code == 1001 && read < pushed, "{code}, {read} of {pushed}");
    drop(socket);
    until_gone(&world).await;
    world.stop().await;
}

#[actix_web::test]
async fn a_viewer_who_never_reads_again_loses_the_socket() {
    let world = World::start().await;
    let (socket, viewer) = open(&world).await;
    let text: Arc<str> = "x".repeat(100_000).into();
    for _ in 0..100 {
        viewer.answer(Arc::clone(&text));
    }
    until_gone(&world).await;
    assert!(viewer.ending().is_none(), "it was not too much that waited");
    drop(socket);
    world.stop().await;
}

#[actix_web::test]
async fn a_viewer_who_answers_no_ping_is_closed() {
    let world = World::pinging_every(1).await;
    // Not polled, it answers nothing.
    let (mut socket, _) = open(&world).await;
    until_gone(&world).await;
    let code = loop {
        if let Message::Close(frame) = socket.next().await.unwrap().unwrap() {
            break u16::from(frame.unwrap().code);
        }
    };
    assert_eq!(code, 1001);
    world.stop().await;
}

#[actix_web::test]
async fn viewers_are_sent_away_before_a_restart_and_told_when_to_come_back() {
    let world = World::start().await;
    let (mut socket, _) = open(&world).await;
    let closing = world.app.sockets.close_all(PATIENCE);
    let hearing = async {
        let said = socket.next().await.unwrap().unwrap();
        assert!(said.to_text().unwrap().contains("retry_after_ms"), "{said:?}");
        let Message::Close(Some(frame)) = socket.next().await.unwrap().unwrap() else { panic!("no close") };
        assert_eq!(u16::from(frame.code), 1001);
        while let Some(Ok(_)) = socket.next().await {}
    };
    tokio::join!(closing, hearing);
    assert_eq!(world.app.sockets.viewers().len(), 0);
    world.stop().await;
}
