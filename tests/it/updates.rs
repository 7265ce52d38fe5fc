//! The older client's socket: the marketplace walked by HTTP and `/ws/updates`.

use futures_util::StreamExt;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use crate::support::{PATIENCE, TestApp, TestUser, backends, promised};

type Socket = tokio_tungstenite::WebSocketStream<tokio_tungstenite::MaybeTlsStream<tokio::net::TcpStream>>;

async fn listen(app: &TestApp, user: &TestUser) -> Socket {
    let url = format!("{}/ws/updates", app.url.replace("http", "ws"));
    let mut request = url.into_client_request().unwrap();
    request.headers_mut().insert("authorization", format!("Bearer {}", user.token).parse().unwrap());
    tokio_tungstenite::connect_async(request).await.unwrap().0
}

/// The next thing that is said.
async fn hear(socket: &mut Socket) -> Value {
    loop {
        let next = tokio::time::timeout(PATIENCE, socket.next()).await.expect("something is said");
        if let Message::Text(text) = next.unwrap().unwrap() {
            return serde_json::from_str(&text).unwrap();
        }
    }
}

#[actix_web::test]
async fn the_older_client_hears_of_responses_requests_and_steps() {
    for backend in backends() {
        let app = TestApp::start(backend).await;
        let (anna, ivan) = (app.sign_in("Анна").await, app.sign_in("Иван").await);
        let (mut annas, mut ivans) = (listen(&app, &anna).await, listen(&app, &ivan).await);

        // Choose: the courier responds, the sender picks.
        let trip = ivan.publish_trip("Москва", "Казань", json!({})).await;
        let package = anna.publish_package("Москва", "Казань", json!({ "mode": "choose" })).await;
        let body = json!({ "price": 450, "comment": "Возьму", "trip_id": trip });
        let (_, made) = ivan.post(&format!("/api/packages/{package}/responses"), body).await;
        let response = json!({ "courier_name": "Иван", "price": 450.0, "comment": "Возьму" });
        assert_eq!(
            hear(&mut annas).await,
            json!({ "type": "package_response", "package_id": package, "response": response })
        );
        let body = json!({ "response_id": made["response_id"] });
        anna.post(&format!("/api/packages/{package}/select-courier"), body).await;
        let update = |request: &Value, old: &str, new: &str| json!({ "type": "status_update", "request_id": request, "old_status": old, "new_status": new });
        for socket in [&mut annas, &mut ivans] {
            assert_eq!(hear(socket).await, update(&made["response_id"], "pending", "accepted"));
        }
        let request = made["response_id"].as_str().unwrap();
        // The pickup is no step that the older client knows.
        ivan.step(request, "pickup").await;
        ivan.step(request, "mark-delivered").await;
        anna.step(request, "confirm-delivery").await;
        for socket in [&mut annas, &mut ivans] {
            assert_eq!(hear(socket).await, update(&made["response_id"], "accepted", "delivered"));
            assert_eq!(hear(socket).await, update(&made["response_id"], "delivered", "confirmed"));
        }

        // Instant: the engine offers, the courier declines.
        anna.publish_package("Москва", "Казань", json!({ "description": "Ваза", "reward": 700 })).await;
        let request = json!({ "sender_name": "Анна", "package_description": "Ваза", "reward": 700.0 });
        assert_eq!(
            hear(&mut ivans).await,
            json!({ "type": "package_request", "trip_id": trip, "request": request })
        );
        // Signed out, the socket ends.
        ivan.post("/api/auth/logout-everywhere", json!({})).await;
        let ended = tokio::time::timeout(promised(5), async {
            while let Some(Ok(message)) = ivans.next().await {
                if matches!(message, Message::Close(_)) {
                    return true;
                }
            }
            false
        });
        assert!(ended.await.unwrap());
        app.audit().await;
    }
}

#[actix_web::test]
async fn a_page_opens_the_older_clients_socket_with_its_token_as_a_subprotocol() {
    let app = TestApp::start(backends()[0]).await;
    let ivan = app.sign_in("Иван").await;
    let bearer = format!("bearer.{}", ivan.token);
    let both = format!("peerpack.v1, {bearer}");
    for (offered, answered) in [(&bearer, bearer.as_str()), (&both, "peerpack.v1")] {
        let url = format!("{}/ws/updates", app.url.replace("http", "ws"));
        let mut request = url.into_client_request().unwrap();
        let headers = request.headers_mut();
        headers.insert("origin", "http://localhost:5173".parse().unwrap());
        headers.insert("sec-websocket-protocol", offered.parse().unwrap());
        // As a page does, this client goes no further without one of the protocols that it has named.
        let (mut socket, response) = tokio_tungstenite::connect_async(request).await.unwrap();
        assert_eq!(response.headers()["sec-websocket-protocol"], answered);
        let trip = ivan.publish_trip("Москва", "Казань", json!({})).await;
        let anna = app.sign_in("Анна").await;
        anna.publish_package("Москва", "Казань", json!({})).await;
        assert_eq!(hear(&mut socket).await["trip_id"].as_str().map(str::len), Some(trip.len()));
    }
}
