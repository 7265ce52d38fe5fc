//! People who talk to each other, over every way there is; and the board.

mod board;
mod chats;
mod contract;
mod limits;
mod nodes;
mod older;
mod strangers;

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::support::TestUser;

/// The chat of two people.
async fn chat_of(who: &TestUser, other: &TestUser) -> String {
    let (status, answer) = who.post("/api/chats", json!({ "other_user_id": other.id })).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    answer["data"]["id"].as_str().unwrap().to_owned()
}

/// Says something; answers with what came of it.
async fn say(who: &TestUser, chat: &str, content: &str) -> (u16, Value) {
    let (status, answer) = who.post("/api/messages", json!({ "chat_id": chat, "content": content })).await;
    (status.as_u16(), answer)
}

/// Says something that is sent.
async fn said(who: &TestUser, chat: &str, content: &str) -> Value {
    let (status, answer) = say(who, chat, content).await;
    assert_eq!(status, 200, "{answer}");
    answer["data"].clone()
}

/// The messages of a chat as somebody sees them; they count as read only if that is asked for.
async fn messages(who: &TestUser, chat: &str, query: &str) -> Vec<Value> {
    let answer = who.get(&format!("/api/chats/{chat}/messages?peek=true&{query}")).await;
    answer["data"].as_array().unwrap().clone()
}

fn texts(messages: &[Value]) -> Vec<&str> {
    messages.iter().map(|message| message["content"].as_str().unwrap()).collect()
}

/// A request of the sender's to the courier; answers with its id.
async fn ask(sender: &TestUser, courier: &TestUser, more: Value) -> String {
    let trip = courier.publish_trip("Иркутск", "Улан-Удэ", json!({})).await;
    let mut package = json!({ "mode": "choose" });
    for (key, value) in more.as_object().unwrap() {
        package[key] = value.clone();
    }
    let package = sender.publish_package("Иркутск", "Улан-Удэ", package).await;
    let path = format!("/api/couriers/{trip}/send-package");
    let (status, answer) = sender.post_patiently(&path, json!({ "package_id": package })).await;
    assert!(status.is_success(), "{answer}");
    answer["request_id"].as_str().unwrap().to_owned()
}

async fn deal(sender: &TestUser, courier: &TestUser, more: Value) -> String {
    let request = ask(sender, courier, more).await;
    courier.step(&request, "accept").await;
    request
}
