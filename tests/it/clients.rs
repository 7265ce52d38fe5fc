//! What the author of a client relies on: the same card after a reload, and words for pages that are
//! refused.

use peerpack_actors::runtime::RuntimeSettings;
use reqwest::Method;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Error;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use crate::support::{TestApp, TestUser, backends};

/// A server with settings of its own.
async fn with(settings: &[(&str, &str)]) -> TestApp {
    TestApp::start_on(tempfile::tempdir().unwrap(), None, settings, RuntimeSettings::default()).await
}

#[actix_web::test]
async fn a_device_that_loads_the_state_gets_an_offer_as_its_socket_was_told_it() {
    for backend in backends() {
        let app = TestApp::start(backend).await;
        let (anna, ivan) = (app.sign_in("Anna").await, app.sign_in("Ivan").await);
        ivan.publish_trip("Самара", "Уфа", json!({})).await;
        let mut ivans = ivan.connect().await;
        assert_eq!(ivan.get("/api/sync").await["offers"], json!([]));
        let package = anna.publish_package("Самара", "Уфа", json!({ "tags": ["книги"] })).await;
        let offer = ivans.offer(&package).await;
        let state = ivan.get("/api/sync").await;
        assert_eq!(state["offers"], json!([offer]));
        assert_eq!(anna.get("/api/sync").await["offers"], json!([]), "it is the courier's");
        assert_eq!(ivans.accept(offer.request_id).await.0, "ok");
        assert_eq!(ivan.get("/api/sync").await["offers"], json!([]), "it is a deal now");
    }
}

/// What a browser is told before it lets a page call.
async fn preflight(app: &TestApp, origin: &str, headers: &str) -> (u16, Option<String>, Value) {
    let asked = [
        ("origin", origin),
        ("access-control-request-method", "PUT"),
        ("access-control-request-headers", headers),
    ];
    let (status, headers, body) =
        app.anonymous().call_with(Method::OPTIONS, "/api/user/trips", &asked, None).await;
    let allowed = headers.get("access-control-allow-headers").map(|names| names.to_str().unwrap().to_owned());
    (status.as_u16(), allowed, body)
}

/// What a page is told that opens a socket.
async fn socket(user: &TestUser, origin: &str) -> (u16, Value) {
    let mut request = user.socket_url().into_client_request().unwrap();
    request.headers_mut().insert("authorization", format!("Bearer {}", user.token).parse().unwrap());
    request.headers_mut().insert("origin", origin.parse().unwrap());
    match tokio_tungstenite::connect_async(request).await {
        Ok((_, answer)) => (answer.status().as_u16(), Value::Null),
        Err(Error::Http(answer)) => {
            let body = answer.body().as_deref().unwrap_or_default();
            (answer.status().as_u16(), serde_json::from_slice(body).unwrap_or_default())
        }
        Err(error) => panic!("{error}"),
    }
}

#[actix_web::test]
async fn a_page_of_any_port_of_this_machine_may_call_in_development() {
    let app = with(&[("PEERPACK_ALLOWED_ORIGINS", "https://app.example.org")]).await;
    let anna = app.sign_in("Anna").await;
    for origin in
        ["http://localhost:49152", "http://127.0.0.1:4321", "https://localhost", "http://[::1]:5173"]
    {
        let (status, allowed, _) =
            preflight(&app, origin, "authorization,x-request-id,traceparent,idempotency-key").await;
        assert_eq!(status, 200, "{origin}");
        let allowed = allowed.unwrap().to_ascii_lowercase();
        for name in ["authorization", "x-request-id", "traceparent", "idempotency-key", "if-match"] {
            assert!(allowed.contains(name), "{name} is not in {allowed}");
        }
        assert_eq!(socket(&anna, origin).await.0, 101, "{origin}");
    }
    assert_eq!(socket(&anna, "https://app.example.org").await.0, 101);
}

#[actix_web::test]
async fn a_page_that_may_not_call_is_told_which_setting_would_let_it() {
    let app = with(&[("PEERPACK_ALLOWED_ORIGINS", "https://app.example.org")]).await;
    let (anna, nobody) = (app.sign_in("Anna").await, app.anonymous());
    for foreign in ["https://evil.example", "http://localhost.evil.example:3000", "null"] {
        let (_, _, asked) = preflight(&app, foreign, "authorization").await;
        let origin = [("origin", foreign)];
        let (_, _, called) = nobody.call_with(Method::GET, "/api/cities", &origin, None).await;
        let (_, opened) = socket(&anna, foreign).await;
        for refusal in [asked, called, opened] {
            assert_eq!((&refusal["code"], &refusal["status"]), (&json!("origin_not_allowed"), &json!(403)));
            let message = refusal["message"].as_str().unwrap();
            assert!(message.contains("PEERPACK_ALLOWED_ORIGINS") && message.contains(foreign), "{message}");
        }
    }
    // A page of the server's own is no stranger, and programs have no origin.
    let own = app.url.clone();
    let (status, ..) = nobody.call_with(Method::GET, "/api/cities", &[("origin", own.as_str())], None).await;
    assert_eq!(status, 200);
    assert_eq!(nobody.call(Method::GET, "/api/cities", None).await.0, 200);
}

#[actix_web::test]
async fn a_page_that_wants_to_send_an_unknown_header_is_told_which() {
    let app = with(&[("PEERPACK_ALLOWED_ORIGINS", "https://app.example.org")]).await;
    let (status, _, refusal) = preflight(&app, "https://app.example.org", "authorization, x-colour").await;
    assert_eq!((status, &refusal["code"]), (403, &json!("forbidden")));
    assert!(refusal["message"].as_str().unwrap().contains("x-colour"), "{refusal}");
}

#[actix_web::test]
async fn the_contract_of_the_socket_is_shown_beside_the_page_of_the_api() {
    let app = with(&[]).await;
    let nobody = app.anonymous();
    let (status, headers, page) = nobody.call_with(Method::GET, "/docs/realtime", &[], None).await;
    let page = page.as_str().unwrap();
    assert_eq!(
        (status.as_u16(), headers["content-type"].to_str().unwrap()),
        (200, "text/html; charset=utf-8")
    );
    let policy = headers["content-security-policy"].to_str().unwrap();
    assert!(policy.starts_with("default-src 'none'; style-src 'self';"), "{policy}");
    assert!(page.contains("<table>") && page.contains("request.disputed") && !page.contains("href=\"../"));
    let (status, headers, _) = nobody.call_with(Method::GET, "/docs/realtime.css", &[], None).await;
    assert_eq!(
        (status.as_u16(), headers["content-type"].to_str().unwrap()),
        (200, "text/css; charset=utf-8")
    );
    let (status, text) = nobody.call(Method::GET, "/docs/realtime.md", None).await;
    assert!(status == 200 && text.as_str().unwrap().starts_with("# The realtime socket"));
    let (_, schema) = nobody.call(Method::GET, "/docs/realtime.schema.json", None).await;
    assert_eq!(schema, peerpack::ws::wire::schema());
}
