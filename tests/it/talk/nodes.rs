//! Two nodes: one order for both, marks and whispers that reach the other node, a board that follows.

use std::time::Duration;

use futures_util::future::join_all;
use peerpack::ws::wire::{ClientMessage, OfChat, ServerMessage, Topic};
use peerpack_actors::stream::StreamEvent;
use serde_json::json;

use super::{ask, chat_of, messages, said};
use crate::nodes::two_nodes;
use crate::support::eventually;

fn services() -> Option<String> {
    let (Ok(_), Ok(redis)) = (std::env::var("PEERPACK_TEST_POSTGRES"), std::env::var("PEERPACK_TEST_REDIS"))
    else {
        eprintln!("PEERPACK_TEST_POSTGRES or PEERPACK_TEST_REDIS is not set: not run");
        return None;
    };
    Some(redis)
}

#[actix_web::test]
async fn f49_both_hear_one_order_while_two_nodes_write_and_everything_is_sent_twice() {
    let Some(redis) = services() else { return };
    // With the comparison switched off everything has come by a hint.
    let (a, b) = two_nodes(&redis, Duration::from_secs(3_600)).await;
    let (anna, ivan) = (a.sign_in("Anna").await, b.sign_in("Ivan").await);
    ask(&anna, &ivan, json!({})).await;
    let chat = chat_of(&anna, &ivan).await;
    let (mut annas, mut ivans) = (anna.connect().await, ivan.connect().await);
    // Each writes at both nodes at once, and sends everything twice.
    let mut sends = Vec::new();
    for n in 0..12 {
        for (whose, who) in [("Anna", &anna), ("Ivan", &ivan)] {
            // Not her id: what looks like a phone in it would be masked for the other one.
            let name = format!("{whose} says {n}");
            let body = json!({ "chat_id": chat, "content": name, "client_msg_id": name });
            for app in [&a, &b] {
                let (who, body) = (who.at(app), body.clone());
                sends.push(async move { who.post_patiently("/api/messages", body).await });
            }
        }
    }
    for (status, answer) in join_all(sends).await {
        assert_eq!(status, 200, "{answer}");
    }
    // A node that is too busy to wait for what it has stored tells nobody of it; whatever comes next does.
    said(&anna, &chat, "Anna has said all").await;
    let mut orders = Vec::new();
    for socket in [&mut annas, &mut ivans] {
        let order = socket
            .until("25 messages", |socket| {
                let heard: Vec<(u64, String)> = socket
                    .events
                    .iter()
                    .filter_map(|event| match &event.body {
                        peerpack::ws::wire::EventBody::Known(known) => match &**known {
                            StreamEvent::ChatMessage(message) => Some((message.seq, message.content.clone())),
                            _ => None,
                        },
                        peerpack::ws::wire::EventBody::Unknown { .. } => None,
                    })
                    .collect();
                (heard.len() >= 25).then_some(heard)
            })
            .await;
        assert!(order.iter().map(|(seq, _)| *seq).eq(1..=25), "{order:?}");
        orders.push(order);
    }
    assert_eq!(orders[0], orders[1]);
    let stored: Vec<String> = messages(&anna.at(&b), &chat, "limit=100")
        .await
        .iter()
        .map(|one| one["content"].as_str().unwrap().to_owned())
        .collect();
    assert!(stored.iter().eq(orders[0].iter().map(|(_, text)| text)));
    a.audit().await;
}

#[actix_web::test]
async fn marks_typing_and_presence_reach_the_other_node() {
    let Some(redis) = services() else { return };
    let (a, b) = two_nodes(&redis, Duration::from_secs(3_600)).await;
    let (anna, ivan) = (a.sign_in("Anna").await, b.sign_in("Ivan").await);
    ask(&anna, &ivan, json!({})).await;
    let chat = chat_of(&anna, &ivan).await;
    said(&anna, &chat, "привет").await;
    let mut annas = anna.connect().await;
    let chat_id = chat.parse().unwrap();
    let topic = Topic { trip_id: None, package_id: None, chat_id: Some(chat_id) };
    assert_eq!(annas.command(ClientMessage::Subscribe(topic)).await.0, "ok");
    let mut ivans = ivan.connect().await;
    let heard = |socket: &crate::support::TestSocket, wanted: bool| {
        socket
            .said
            .iter()
            .any(|message| match message {
                ServerMessage::ChatPresence(presence) => {
                    presence.online == wanted && presence.chat_id == chat_id
                }
                _ => false,
            })
            .then_some(())
    };
    annas.until("that Ivan has come", |socket| heard(socket, true)).await;
    ivans.command(ClientMessage::ChatTyping(OfChat { chat_id })).await;
    annas
        .until("that Ivan writes", |socket| {
            let is_typing = |message: &ServerMessage| matches!(message, ServerMessage::ChatTyping(_));
            socket.said.iter().any(is_typing).then_some(())
        })
        .await;
    let (status, _) = ivan.post(&format!("/api/chats/{chat}/read"), json!({ "up_to": 1 })).await;
    assert_eq!(status, 200);
    annas
        .event("chat.read", |event| match event {
            StreamEvent::ChatRead(read) if read.up_to == 1 => Some(()),
            _ => None,
        })
        .await;
    assert_eq!(ivan.post("/api/auth/logout", json!({})).await.0.as_u16() / 100, 2);
    annas.until("that Ivan has gone", |socket| heard(socket, false)).await;
}

#[actix_web::test]
async fn a_post_changes_on_every_node_with_its_commit() {
    let Some(redis) = services() else { return };
    let (a, b) = two_nodes(&redis, Duration::from_secs(3_600)).await;
    let anna = a.sign_in("Anna").await;
    let (status, post) = anna.post_patiently("/api/posts", json!({ "text": "Лечу в Дубай" })).await;
    assert_eq!(status, 201, "{post}");
    let seen_at = async |wanted: usize| {
        let list = anna.at(&b).get("/api/posts").await;
        (list["posts"].as_array().unwrap().len() == wanted).then_some(list)
    };
    eventually("the post on the other node", async || seen_at(1).await).await;
    let path = format!("/api/posts/{}", post["id"].as_str().unwrap());
    anna.call(reqwest::Method::DELETE, &path, None).await;
    assert_eq!(anna.get("/api/posts").await["posts"], json!([]), "at once where it was taken away");
    eventually("no post on the other node", async || seen_at(0).await).await;
}
