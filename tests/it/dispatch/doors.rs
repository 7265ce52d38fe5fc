//! Who gets in at the sockets of the dispatch, how many, and where the token in the address is seen.

use futures_util::SinkExt;
use peerpack_actors::runtime::RuntimeSettings;
use peerpack_actors::time::Span;
use reqwest::StatusCode;
use serde_json::json;
use tokio_tungstenite::tungstenite::Message;

use super::Town;
use super::console::{open, try_open};
use crate::support::{Backend, PATIENCE, TestApp, TestUser, backends, eventually};

/// A town that lets so many sockets in from one address.
async fn with_room_for(sockets: &str) -> Town {
    let data = tempfile::tempdir().unwrap();
    let more = [("PEERPACK_MAX_SOCKETS_PER_IP", sockets)];
    Town::of(TestApp::start_on(data, None, &more, RuntimeSettings::default()).await).await
}

async fn code(app: &TestApp, user: &TestUser, path: &str) -> u16 {
    open(app, user, path).await.code().await
}

#[actix_web::test]
async fn a_socket_without_a_sign_in_is_closed_with_4001_and_one_that_may_not_look_with_4003() {
    let town = with_room_for("1000").await;
    let (driver, passenger) = (town.driver(1).await, town.passenger(1).await);
    let (stranger, viewer) = (
        town.app.sign_in("Xenia").await,
        town.app.sign_in_with_role("Vera", peerpack::auth::Role::Viewer).await,
    );
    let order = town.order(&passenger).await;
    let paths = [
        format!("/ws/orders/{order}/"),
        format!("/ws/drivers/{}/", driver.number),
        format!("/ws/passengers/{}/", passenger.number),
        "/ws/dispatch-map/".to_owned(),
    ];
    for path in &paths {
        for query in ["", "?token=", "?token=nonsense", "?token=a&token=b", "?access_token=x", "?ticket=no"] {
            let mut socket = try_open(&town.app, path, query).await.unwrap();
            assert_eq!(socket.code().await, 4001, "{path}{query}");
        }
        assert_eq!(code(&town.app, &stranger, path).await, 4003, "{path}");
        let mut shown = open(&town.app, &viewer, path).await;
        shown.say(&json!({ "type": "ping" })).await;
        shown.hear("pong").await;
    }
    assert_eq!(code(&town.app, &passenger.user, &paths[1]).await, 4003);
    assert_eq!(code(&town.app, &driver.user, &paths[2]).await, 4003);
    assert_eq!(code(&town.app, &driver.user, &paths[0]).await, 4003, "an order that is not theirs");
    assert_eq!(code(&town.app, &passenger.user, &paths[3]).await, 4003);
    for path in ["/ws/orders/nonsense/", "/ws/drivers/999999999/", "/ws/passengers/x/"] {
        assert_eq!(code(&town.app, &town.desk, path).await, 4003, "{path}");
    }
    // Elsewhere a token in the address is refused as ever.
    assert_eq!(try_open(&town.app, "/ws", &format!("?token={}", town.desk.token)).await.err(), Some(401));
}

#[actix_web::test]
async fn others_routes_are_not_readable() {
    let town = Town::open(Backend::Sqlite).await;
    let (driver, passenger) = (town.driver_at(1, 55.770, 37.650).await, town.passenger(1).await);
    let order = town.order(&passenger).await;
    assert_eq!(town.assign(&order, &driver).await.0, StatusCode::OK);
    let stranger = town.app.sign_in("Xenia").await;
    for who in [&stranger, &passenger.user, &driver.user] {
        for path in [
            format!("/api/dispatch/order-route/{order}/"),
            format!("/api/dispatch/driver-route/{}/", driver.number),
            "/api/dispatch/route/?lat1=55.7&lon1=37.6&lat2=55.8&lon2=37.7".to_owned(),
            format!("/api/dispatch/eta/{}/{order}/", driver.number),
        ] {
            assert_eq!(who.call(reqwest::Method::GET, &path, None).await.0, StatusCode::FORBIDDEN, "{path}");
        }
    }
    let own = format!("/api/mobile/orders/{order}/route/");
    assert_eq!(stranger.call(reqwest::Method::GET, &own, None).await.0, StatusCode::NOT_FOUND);
    assert_eq!(passenger.user.call(reqwest::Method::GET, &own, None).await.0, StatusCode::OK);
    assert_eq!(code(&town.app, &passenger.user, "/ws/dispatch-map/").await, 4003);
}

#[actix_web::test]
async fn a_ticket_opens_a_socket_once() {
    let town = Town::open(Backend::Sqlite).await;
    let (status, ticket) = town.desk.post("/api/ws-ticket", json!({})).await;
    assert_eq!(status, StatusCode::CREATED);
    let query = format!("?ticket={}", ticket["ticket"].as_str().unwrap());
    try_open(&town.app, "/ws/dispatch-map/", &query).await.unwrap().hear("snapshot").await;
    assert_eq!(try_open(&town.app, "/ws/dispatch-map/", &query).await.unwrap().code().await, 4001);
}

#[actix_web::test]
async fn anybody_may_try_the_connection() {
    let town = Town::open(Backend::Sqlite).await;
    for query in [String::new(), format!("?token={}", town.desk.token)] {
        let mut socket = try_open(&town.app, "/ws/test/", &query).await.unwrap();
        assert_eq!(socket.next().await["type"], "test_message");
        socket.say(&json!({ "type": "echo", "data": { "n": [1, "два"] } })).await;
        let expected = json!({ "type": "echo_response", "data": { "n": [1, "два"] } });
        assert_eq!(socket.next().await, expected);
        socket.say(&json!({ "type": "ping" })).await;
        assert_eq!(socket.next().await, json!({ "type": "pong" }));
        socket.say(&json!({ "type": "unknown" })).await;
        assert!(socket.so_far().await.is_empty());
        socket.say(&json!({ "no": "type" })).await;
        assert_eq!(socket.hear("error").await["code"], "bad_request");
    }
    let health = town.app.anonymous().get("/api/websocket/health/").await;
    assert_eq!((&health["status"], &health["redis"]), (&json!("ok"), &json!("not_configured")));
    assert_eq!(health["recommendations"], json!([]));
    let sockets: Vec<&String> = health["sockets"].as_object().unwrap().keys().collect();
    assert_eq!(sockets, ["driver", "map", "order", "passenger", "test"]);
}

#[actix_web::test]
async fn the_limits_of_the_realtime_socket_hold() {
    let town = with_room_for("4").await;
    // So many from one address, whatever they show, and a place is free again when one goes.
    let mut sockets = Vec::new();
    for path in ["/ws/test/", "/ws/dispatch-map/", "/ws/test/", "/ws/dispatch-map/"] {
        sockets.push(open(&town.app, &town.desk, path).await);
    }
    assert_eq!(try_open(&town.app, "/ws/test/", "").await.err(), Some(429));
    sockets.truncate(1);
    let again = async || try_open(&town.app, "/ws/test/", "").await.ok();
    drop(eventually("a free place", again).await);
    // Too much is said.
    let mut chatty = sockets.pop().unwrap();
    for _ in 0..40 {
        let _ = chatty.0.send(Message::text(r#"{"type":"ping"}"#)).await;
    }
    assert_eq!(chatty.code().await, 4029);
    // Too large, and not text.
    let large = Message::text("x".repeat(70_000));
    for (message, expected) in [(large, 1009), (Message::binary(vec![1, 2, 3]), 1003)] {
        let mut socket = eventually("a free place", again).await;
        socket.next().await;
        let _ = socket.0.send(message).await;
        assert_eq!(socket.code().await, expected);
    }
    // Nothing but nonsense.
    let mut mad = eventually("a free place", again).await;
    for _ in 0..10 {
        let _ = mad.0.send(Message::text("nonsense")).await;
    }
    assert_eq!(mad.code().await, 1008);
}

#[actix_web::test]
async fn handshakes_of_one_person_are_counted() {
    let data = tempfile::tempdir().unwrap();
    let more = [("PEERPACK_MAX_SOCKETS_PER_IP", "1000"), ("PEERPACK_LIMITS", "true")];
    let app = TestApp::start_on(data, None, &more, RuntimeSettings::default()).await;
    let town = Town::of(app).await;
    let query = format!("?token={}", town.desk.token);
    let mut refused = 0;
    let mut open = Vec::new();
    for _ in 0..50 {
        match try_open(&town.app, "/ws/dispatch-map/", &query).await {
            Ok(socket) => open.push(socket),
            Err(status) => {
                assert_eq!(status, 429);
                refused += 1;
            }
        }
    }
    assert!(refused > 0 && open.len() >= 30, "{refused} of 50 were refused");
    // Of one person 20 stay: the oldest have made room.
    assert_eq!(open[0].code().await, 4009);
}

#[actix_web::test]
async fn a_session_that_ends_takes_its_sockets_with_it() {
    let town = Town::open(Backend::Sqlite).await;
    let mut maps = [
        open(&town.app, &town.desk, "/ws/dispatch-map/").await,
        open(&town.app, &town.desk, "/ws/dispatch-map/").await,
    ];
    for map in &mut maps {
        map.hear("snapshot").await;
    }
    assert_eq!(town.desk.post("/api/auth/logout-everywhere", json!({})).await.0, StatusCode::OK);
    for map in &mut maps {
        assert_eq!(map.code().await, 4001);
    }
    assert_eq!(code(&town.app, &town.desk, "/ws/dispatch-map/").await, 4001);
    // Whose role is taken away does not go on looking.
    let vera = town.app.sign_in_with_role("Vera", peerpack::auth::Role::Viewer).await;
    let mut map = open(&town.app, &vera, "/ws/dispatch-map/").await;
    map.hear("snapshot").await;
    let admin = town.app.sign_in_with_role("Olga", peerpack::auth::Role::Admin).await;
    let path = format!("/api/admin/users/{}/block", vera.id);
    let (status, answer) = admin.post(&path, json!({ "reason": "left" })).await;
    assert!(status.is_success(), "{answer}");
    assert_eq!(map.code().await, 4003);
}

/// A page cannot hand in another token, so the session counts: a socket outlives the token that opened it,
/// and is closed once there is no session behind it.
#[actix_web::test]
async fn a_socket_lives_as_long_as_the_session_behind_its_token() {
    for backend in backends() {
        let town = Town::open(backend).await;
        let app = &town.app.app;
        let own = app.tokens.verify(&town.desk.token, app.clock.now()).unwrap();
        let short_lived = |session| {
            let issued = app.clock.now() - app.config.access_ttl + Span::seconds(3);
            let (token, _) = app.tokens.issue(own.principal, session, issued, app.clock.random());
            (app.tokens.verify(&token, app.clock.now()).unwrap().expires_at, format!("?token={token}"))
        };
        let (ends_at, query) = short_lived(own.session);
        let mut map = try_open(&town.app, "/ws/dispatch-map/", &query).await.unwrap();
        map.hear("snapshot").await;
        let (_, query) = short_lived(uuid::Uuid::from_u128(7));
        let mut other = try_open(&town.app, "/ws/dispatch-map/", &query).await.unwrap();
        assert_eq!(other.code().await, 4001, "there is no such session");
        eventually("the end of the token", async || {
            (app.clock.now() > ends_at + Span::seconds(1)).then_some(())
        })
        .await;
        map.say(&json!({ "type": "ping" })).await;
        map.hear("pong").await;
        let order = town.order(&town.passenger(1).await).await;
        map.hear_of("order_created", |new| new["id"] == order.as_str()).await;
        // The session ends, and the socket with it.
        assert_eq!(town.desk.post("/api/auth/logout/", json!({})).await.0, StatusCode::OK);
        assert_eq!(map.code().await, 4001);
    }
}

/// The console comes back after 1001, and after none of the codes of the realtime socket.
#[actix_web::test]
async fn a_restart_sends_the_console_away_so_that_it_comes_back() {
    let town = Town::open(Backend::Sqlite).await;
    let mut map = open(&town.app, &town.desk, "/ws/dispatch-map/").await;
    map.hear("snapshot").await;
    let sockets = std::sync::Arc::clone(&town.app.app.sockets);
    let closing = actix_web::rt::spawn(async move { sockets.close_all(PATIENCE).await });
    assert!(map.hear("reconnect").await["retry_after_ms"].is_u64());
    assert_eq!(map.code().await, 1001);
    drop(map);
    closing.await.unwrap();
}
