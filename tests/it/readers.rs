//! On the socket: a number of a command that stands for two commands, and refusals in the language of the
//! reader.

use futures_util::{SinkExt, StreamExt};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use crate::support::{Backend, PATIENCE, TestApp, TestUser, backends};

const FIRST: &str = "01900000-0000-7000-8000-000000000001";

struct Plain(tokio_tungstenite::WebSocketStream<tokio_tungstenite::MaybeTlsStream<tokio::net::TcpStream>>);

impl Plain {
    async fn connect(user: &TestUser, language: Option<&str>) -> Self {
        let mut request = user.socket_url().into_client_request().unwrap();
        request.headers_mut().insert("authorization", format!("Bearer {}", user.token).parse().unwrap());
        if let Some(language) = language {
            request.headers_mut().insert("accept-language", language.parse().unwrap());
        }
        Self(tokio_tungstenite::connect_async(request).await.unwrap().0)
    }

    /// Sends a text; answers with the next ack.
    async fn ask(&mut self, text: String) -> Value {
        self.0.send(Message::text(text)).await.unwrap();
        let deadline = tokio::time::Instant::now() + PATIENCE;
        loop {
            let next = tokio::time::timeout_at(deadline, self.0.next()).await.expect("no ack in time");
            if let Some(Ok(Message::Text(text))) = next {
                let said: Value = serde_json::from_str(&text).unwrap();
                if said["type"] == "ack" {
                    return said;
                }
            }
        }
    }

    async fn command(&mut self, kind: &str, cmd_id: &str, request: &str) -> Value {
        let frame = json!({ "type": kind, "cmd_id": cmd_id, "data": { "request_id": request } });
        self.ask(frame.to_string()).await
    }
}

async fn asked(anna: &TestUser, ivan: &TestUser) -> String {
    let trip = ivan.publish_trip("Орёл", "Курск", json!({})).await;
    let body = json!({ "packageDescription": "торт", "reward": 700 });
    let (status, sent) = anna.post_patiently(&format!("/api/couriers/{trip}/send-package"), body).await;
    assert_eq!(status, StatusCode::CREATED, "{sent}");
    sent["request_id"].as_str().unwrap().to_owned()
}

/// RT-11: one number, one command; on the same connection, on another one, and later.
#[actix_web::test]
async fn a_number_that_stands_for_another_command_is_refused_and_not_acknowledged() {
    for backend in backends() {
        let app = TestApp::start(backend).await;
        let (anna, ivan) = (app.sign_in("Anna").await, app.sign_in("Ivan").await);
        let request = asked(&anna, &ivan).await;
        let mut socket = Plain::connect(&ivan, Some("en")).await;
        assert_eq!(socket.command("request.accept", FIRST, &request).await["status"], "ok");
        assert_eq!(socket.command("request.accept", FIRST, &request).await["status"], "ok");
        let mut other = Plain::connect(&ivan, Some("en")).await;
        for socket in [&mut socket, &mut other] {
            for kind in ["request.cancel", "request.pick_up", "offer.accept"] {
                let ack = socket.command(kind, FIRST, &request).await;
                assert_eq!(
                    (&ack["status"], &ack["code"]),
                    (&json!("error"), &json!("key_reused")),
                    "{kind}: {ack}"
                );
            }
            assert_eq!(socket.command("request.accept", FIRST, &request).await["status"], "ok");
        }
        let path = format!("/api/package-requests/{request}/accept");
        assert_eq!(ivan.call(Method::PUT, &path, None).await.0, StatusCode::OK, "the deal stands");
    }
}

#[actix_web::test]
async fn a_refusal_on_the_socket_is_in_the_readers_language() {
    let app = TestApp::start(Backend::Sqlite).await;
    let (anna, ivan) = (app.sign_in("Anna").await, app.sign_in("Ivan").await);
    let request = asked(&anna, &ivan).await;
    let second = "01900000-0000-7000-8000-000000000002";
    let (english, russian) = (
        "cannot deliver the package: the request still waits for an answer",
        "Нельзя вручить посылку: запрос ещё ждёт ответа",
    );
    // The profile is Russian; what the browser asks for goes before it. The refusal that was kept has both.
    for (language, told, no_message) in [
        (Some("en"), english, "the frame is not a message"),
        (Some("tt-RU, en;q=0.5"), russian, "Это не сообщение"),
        (None, russian, "Это не сообщение"),
    ] {
        let mut socket = Plain::connect(&ivan, language).await;
        let ack = socket.command("request.deliver", second, &request).await;
        assert_eq!(
            (&ack["code"], &ack["message"]),
            (&json!("illegal_transition"), &json!(told)),
            "{language:?}"
        );
        assert_eq!(socket.ask("[]".to_owned()).await["message"], no_message, "{language:?}");
    }
}
