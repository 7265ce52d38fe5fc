//! A socket of the dispatch, as a page opens it: the token in the address, the page's origin, no header.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::support::{PATIENCE, TestApp, TestUser};

const PAGE: &str = "http://localhost:5173";

/// An open socket.
pub(super) struct Console(pub(super) WebSocketStream<MaybeTlsStream<TcpStream>>);

/// `new WebSocket(...)` of a page on a path with this query.
pub(super) async fn try_open(app: &TestApp, path: &str, query: &str) -> Result<Console, u16> {
    let url = format!("{}{path}{query}", app.url.replace("http", "ws"));
    let mut request = url.into_client_request().unwrap();
    request.headers_mut().insert("origin", PAGE.parse().unwrap());
    match connect_async(request).await {
        Ok((socket, _)) => Ok(Console(socket)),
        Err(Error::Http(answer)) => Err(answer.status().as_u16()),
        Err(error) => panic!("{path}: {error}"),
    }
}

/// The same of somebody who is signed in.
pub(super) async fn open(app: &TestApp, user: &TestUser, path: &str) -> Console {
    try_open(app, path, &format!("?token={}", user.token)).await.unwrap()
}

impl Console {
    pub(super) async fn say(&mut self, message: &Value) {
        self.0.send(Message::text(message.to_string())).await.unwrap();
    }

    /// The next message of whatever kind.
    pub(super) async fn next(&mut self) -> Value {
        loop {
            match tokio::time::timeout(PATIENCE, self.0.next()).await.expect("something is said") {
                Some(Ok(Message::Text(text))) => return serde_json::from_str(&text).unwrap(),
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                other => panic!("{other:?}"),
            }
        }
    }

    /// The data of the next message of a kind that is as wanted; what comes before it is skipped.
    pub(super) async fn hear_of(&mut self, kind: &str, is_wanted: impl Fn(&Value) -> bool) -> Value {
        loop {
            let said = self.next().await;
            if said["type"] == kind && is_wanted(&said["data"]) {
                return said["data"].clone();
            }
        }
    }

    pub(super) async fn hear(&mut self, kind: &str) -> Value {
        self.hear_of(kind, |_| true).await
    }

    /// Everything that was said until now: a ping is answered after it.
    pub(super) async fn so_far(&mut self) -> Vec<Value> {
        // What this node has done is told by then.
        tokio::time::sleep(Duration::from_millis(300)).await;
        self.say(&json!({ "type": "ping" })).await;
        let mut said = Vec::new();
        loop {
            match self.next().await {
                next if next["type"] == "pong" => return said,
                next => said.push(next),
            }
        }
    }

    /// The kinds of all that, in turn.
    pub(super) async fn kinds_so_far(&mut self) -> Vec<String> {
        self.so_far().await.iter().map(|said| said["type"].as_str().unwrap().to_owned()).collect()
    }

    /// The code with which it is closed.
    pub(super) async fn code(&mut self) -> u16 {
        loop {
            match tokio::time::timeout(PATIENCE, self.0.next()).await.expect("a close") {
                Some(Ok(Message::Close(Some(frame)))) => return frame.code.into(),
                Some(Ok(_)) => {}
                other => panic!("not closed but {other:?}"),
            }
        }
    }
}
