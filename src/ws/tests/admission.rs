//! Who gets in.

use peerpack_actors::time::Span;
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::header::{
    AUTHORIZATION, HOST, ORIGIN, SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION,
};

use super::raw::Raw;
use super::world::{Client, PAGE, PATIENCE, World, http, refused};

#[actix_web::test]
async fn x_68_without_a_good_token_there_is_no_upgrade_and_none_belongs_into_the_address() {
    let world = World::start().await;
    let user = world.user();
    let plain = || world.url().into_client_request().unwrap();
    assert_eq!(refused(plain()).await, 401);

    let mut wrong = plain();
    wrong.headers_mut().insert(AUTHORIZATION, "Bearer a.b.c".parse().unwrap());
    assert_eq!(refused(wrong).await, 401);

    let mut old = plain();
    let token = world.token_from(user, Span::hours(1));
    old.headers_mut().insert(AUTHORIZATION, format!("Bearer {token}").parse().unwrap());
    assert_eq!(refused(old).await, 401);

    let in_query = format!("{}?token={}", world.url(), world.token(user));
    assert_eq!(refused(in_query.into_client_request().unwrap()).await, 401);
    let mut in_both = world.request(user);
    *in_both.uri_mut() = format!("{}?access_token=x", world.url()).parse().unwrap();
    assert_eq!(refused(in_both).await, 401);

    assert_eq!(world.app.engine.stats().sessions, 0);
    world.stop().await;
}

#[actix_web::test]
async fn x_67_a_page_gets_in_with_a_subprotocol_if_it_is_one_of_ours() {
    let world = World::start().await;
    let user = world.user();
    let from = |origin: Option<&str>, protocols: String| {
        let mut request = world.url().into_client_request().unwrap();
        request.headers_mut().insert(SEC_WEBSOCKET_PROTOCOL, protocols.parse().unwrap());
        if let Some(origin) = origin {
            request.headers_mut().insert(ORIGIN, origin.parse().unwrap());
        }
        request
    };
    let protocols = || format!("peerpack.v1, bearer.{}", world.token(user));

    let (socket, response) = connect_async(from(Some(PAGE), protocols())).await.unwrap();
    assert_eq!(response.headers()["sec-websocket-protocol"], "peerpack.v1");
    assert_eq!(Client(socket).hear().await["type"], "hello");

    for foreign in ["https://evil.example", "null", "https://app.example.evil.example", "http://app.example"]
    {
        assert_eq!(refused(from(Some(foreign), protocols())).await, 403, "{foreign}");
    }
    assert_eq!(refused(from(None, protocols())).await, 403, "what cannot set headers is a browser");
    let only_token = format!("bearer.{}", world.token(user));
    assert_eq!(refused(from(Some(PAGE), only_token)).await, 400);
    let two_tokens = format!("{}, bearer.x", protocols());
    assert_eq!(refused(from(Some(PAGE), two_tokens)).await, 401);

    let mut native_from_page = world.request(user);
    native_from_page.headers_mut().insert(ORIGIN, "https://evil.example".parse().unwrap());
    assert_eq!(refused(native_from_page).await, 403);
    world.stop().await;
}

#[actix_web::test]
async fn x_66_what_is_no_handshake_is_told_so() {
    let world = World::start().await;
    let user = world.user();
    let client = http();
    let status = async |headers: &[(&str, &str)]| {
        let mut request = client.get(format!("http://{}/ws", world.address)).bearer_auth(world.token(user));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.send().await.unwrap().status().as_u16()
    };
    let version = (SEC_WEBSOCKET_VERSION.as_str(), "13");
    let key = ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==");
    let (connection, upgrade) = (("connection", "upgrade"), ("upgrade", "websocket"));
    assert_eq!(status(&[]).await, 426);
    assert_eq!(status(&[connection, upgrade, (version.0, "12"), key]).await, 426);
    assert_eq!(status(&[connection, upgrade, version]).await, 400);
    assert_eq!(status(&[connection, upgrade, version, (key.0, "short")]).await, 400);
    assert_eq!(status(&[version, key]).await, 400);
    assert_eq!(world.app.engine.stats().sessions, 0);
    let mut other_host = world.request(user);
    other_host.headers_mut().insert(HOST, "other.example".parse().unwrap());
    assert!(connect_async(other_host).await.is_ok(), "the host is not ours to judge");
    world.stop().await;
}

#[actix_web::test]
async fn x_71_the_sixth_socket_of_a_user_takes_the_place_of_the_oldest() {
    let world = World::start().await;
    let (user, other) = (world.user(), world.user());
    let (mut bystander, ..) = world.greeted(other).await;
    let mut clients = Vec::new();
    for _ in 0..6 {
        clients.push(world.greeted(user).await.0);
    }
    assert_eq!(clients[0].close_code().await, 4009);
    assert_eq!(world.app.engine.sessions_of(user), 5);
    world.happen(user).await;
    for client in &mut clients[1..] {
        assert_eq!(client.events(1).await, [1]);
    }
    bystander.hear_nothing().await;
    world.stop().await;
}

#[actix_web::test]
async fn x_70_who_connects_and_stays_silent_is_gone_within_seconds() {
    let world = World::start().await;
    let mut silent = Vec::new();
    for number in 0..200 {
        let mut raw = Raw::silent(&world).await;
        if number % 2 == 1 {
            // Half of a handshake, and never the rest.
            let head = Raw::handshake(&world, world.user());
            raw.write(&head.as_bytes()[..head.len() / 2]).await.unwrap();
        }
        silent.push(raw);
    }
    let (mut polite, ..) = world.greeted(world.user()).await;
    assert_eq!(world.app.sockets.len(), 1);
    // After five seconds, on a machine that has the time.
    for raw in &mut silent {
        raw.until_closed().await;
    }
    polite.say(&serde_json::json!({ "type": "ping" })).await;
    assert_eq!(polite.hear().await["type"], "pong");
    world.stop().await;
}

#[actix_web::test]
async fn x_71_devices_that_send_each_other_away_for_ever_are_told_that_they_are_too_many() {
    let world = World::start().await;
    let user = world.user();
    let mut clients = std::collections::VecDeque::new();
    let refused = loop {
        let (mut client, ..) = world.greeted(user).await;
        if clients.len() < 5 {
            clients.push_back(client);
            continue;
        }
        let mut oldest = clients.pop_front().unwrap();
        tokio::select! {
            code = oldest.close_code() => assert_eq!(code, 4009),
            code = client.close_code() => break code,
        }
        clients.push_back(client);
        assert!(clients.len() <= 5, "nobody is turned away");
    };
    assert_eq!(refused, 4504);
    world.stop().await;
}

#[actix_web::test]
async fn a_connection_ends_with_its_token() {
    let world = World::start().await;
    let user = world.user();
    let mut request = world.request(user);
    // Good for two more seconds.
    let token = world.token_from(user, Span::from_ms(15 * 60_000 - 2_000));
    request.headers_mut().insert(AUTHORIZATION, format!("Bearer {token}").parse().unwrap());
    let mut short = Client(connect_async(request).await.unwrap().0);
    assert_eq!(short.close_code().await, 4001);
    world.until_gone(user).await;
    world.stop().await;
}

#[actix_web::test]
async fn who_hangs_up_is_forgotten() {
    let world = World::start().await;
    let user = world.user();
    let (mut polite, ..) = world.greeted(user).await;
    let (rude, ..) = world.greeted(user).await;
    assert_eq!(world.app.engine.sessions_of(user), 2);
    polite.0.close(None).await.unwrap();
    drop(rude);
    world.until_gone(user).await;
    world.stop().await;
}

#[actix_web::test]
async fn x_69_a_ticket_opens_one_socket_from_a_page_of_ours() {
    let world = World::start().await;
    let user = world.user();
    let ticket = world.ticket(user).await;
    let with = |ticket: &str, origin: Option<&str>| {
        let mut request = format!("{}?ticket={ticket}", world.url()).into_client_request().unwrap();
        request.headers_mut().insert(SEC_WEBSOCKET_PROTOCOL, "peerpack.v1".parse().unwrap());
        if let Some(origin) = origin {
            request.headers_mut().insert(ORIGIN, origin.parse().unwrap());
        }
        request
    };
    assert_eq!(refused(with(&ticket, None)).await, 403);
    assert_eq!(refused(with(&ticket, Some("https://evil.example"))).await, 403);
    assert_eq!(refused(with("f00d", Some(PAGE))).await, 401);
    let (socket, _) = connect_async(with(&ticket, Some(PAGE))).await.expect("refusals do not use it up");
    let mut client = Client(socket);
    assert_eq!(client.hear().await["type"], "hello");
    assert_eq!(world.app.sockets.of(user).len(), 1);
    assert_eq!(refused(with(&ticket, Some(PAGE))).await, 401, "it is used up");

    let hash = hex::encode(<sha2::Sha256 as sha2::Digest>::digest("old"));
    let now = world.app.clock.now();
    let stands_for = crate::store::Ticket {
        user,
        role: crate::auth::Role::User,
        token: uuid::Uuid::nil(),
        session: uuid::Uuid::nil(),
        issued_at: now,
        token_expires_at: now + Span::minutes(15),
    };
    world.app.database.add_ticket(hash, stands_for, now - Span::seconds(1), now).await.unwrap();
    assert_eq!(refused(with("old", Some(PAGE))).await, 401, "it is over");
    world.stop().await;
}

#[actix_web::test]
async fn invented_tickets_do_not_use_up_the_handshakes_of_others() {
    let world = World::start().await;
    let invented = || {
        let ticket = hex::encode(rand::random::<[u8; 32]>());
        let mut request = format!("{}?ticket={ticket}", world.url()).into_client_request().unwrap();
        request.headers_mut().insert(SEC_WEBSOCKET_PROTOCOL, "peerpack.v1".parse().unwrap());
        request.headers_mut().insert(ORIGIN, PAGE.parse().unwrap());
        request
    };
    while world.app.sockets.admits_handshake() {}
    // With no handshake left they would be told to come back later, but for the few that are granted
    // meanwhile.
    let all = futures_util::future::join_all((0..15).map(|_| refused(invented()))).await;
    assert_eq!(all, [401; 15]);
    world.stop().await;
}

#[actix_web::test]
async fn rt_14_one_address_has_twenty_sockets() {
    let world = World::start().await;
    let mut clients = Vec::new();
    for _ in 0..20 {
        clients.push(world.connect(world.user()).await);
    }
    assert_eq!(refused(world.request(world.user())).await, 429);
    clients.pop().unwrap().0.close(None).await.unwrap();
    let place = async {
        while connect_async(world.request(world.user())).await.is_err() {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, place).await.expect("a place is free again");
    world.stop().await;
}

#[actix_web::test]
async fn x_68_who_says_twice_who_they_are_is_not_let_in() {
    let world = World::start().await;
    let user = world.user();
    let ticket = world.ticket(user).await;
    let bearer = format!("peerpack.v1, bearer.{}", world.token(user));
    let with = |subprotocols: Option<&str>, query: &str| {
        let mut request = world.request(user);
        if let Some(subprotocols) = subprotocols {
            request.headers_mut().insert(SEC_WEBSOCKET_PROTOCOL, subprotocols.parse().unwrap());
        }
        *request.uri_mut() = format!("{}{query}", world.url()).parse().unwrap();
        request
    };
    assert_eq!(refused(with(Some(&bearer), "")).await, 401);
    assert_eq!(refused(with(Some("peerpack.v1, bearer.x"), "")).await, 401);
    assert_eq!(refused(with(None, &format!("?ticket={ticket}"))).await, 401);
    assert_eq!(world.app.engine.stats().sessions, 0);
    assert!(connect_async(with(None, "")).await.is_ok());
    world.stop().await;
}
