//! Two nodes on one Postgres and one Redis; actors that die; servers that are killed.

use std::time::Duration;

use futures_util::StreamExt;
use peerpack::store::{Database, Settings};
use peerpack_actors::runtime::RuntimeSettings;
use peerpack_actors::stream::StreamEvent;
use serde_json::json;
use sqlx::{Connection, PgConnection};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use crate::support::{PATIENCE, TestApp, TestUser, empty_postgres, eventually, fresh_postgres};

/// Two nodes, which compare with the store so often. A Redis without a name is none.
pub async fn two_nodes(redis: &str, compare: Duration) -> (TestApp, TestApp) {
    two_nodes_with(redis, RuntimeSettings { compare, ..RuntimeSettings::default() }).await
}

/// Two nodes with such settings.
pub async fn two_nodes_with(redis: &str, settings: RuntimeSettings) -> (TestApp, TestApp) {
    two_nodes_told(redis, settings, &[]).await
}

/// Two nodes with such settings of the engine and such of the server.
pub async fn two_nodes_told(
    redis: &str,
    settings: RuntimeSettings,
    told: &[(&str, &str)],
) -> (TestApp, TestApp) {
    let postgres = fresh_postgres().await;
    let ours = [("REDIS_URL", redis), ("PEERPACK_JWT_SECRET", "a secret that both nodes share, of 32 bytes")];
    let more = [&ours, told].concat();
    let node = || tempfile::tempdir().unwrap();
    let a = TestApp::start_on(node(), Some(postgres.clone()), &more, settings.clone()).await;
    let b = TestApp::start_on(node(), Some(postgres), &more, settings).await;
    (a, b)
}

#[actix_web::test]
async fn a_sender_on_one_node_reaches_a_courier_on_the_other() {
    let (Ok(_), Ok(redis)) = (std::env::var("PEERPACK_TEST_POSTGRES"), std::env::var("PEERPACK_TEST_REDIS"))
    else {
        eprintln!("PEERPACK_TEST_POSTGRES or PEERPACK_TEST_REDIS is not set: not run");
        return;
    };
    // Without the comparison with the store: what arrives has come by a hint.
    let (a, b) = two_nodes(&redis, Duration::from_secs(3_600)).await;
    let (anna, ivan) = (a.sign_in("Anna").await, b.sign_in("Ivan").await);
    let (mut annas, mut ivans) = (anna.connect().await, ivan.connect().await);
    ivan.publish_trip("Иркутск", "Улан-Удэ", json!({})).await;
    let deadline = tokio::time::Instant::now() + PATIENCE;
    while a.app.engine.stats().trips == 0 {
        assert!(tokio::time::Instant::now() < deadline, "the trip is not known on the other node");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let package = anna.publish_package("Иркутск", "Улан-Удэ", json!({})).await;
    let offer = ivans.offer(&package).await;
    assert_eq!(ivans.accept(offer.request_id).await, ("ok".to_owned(), None));
    annas
        .event("request.accepted", |event| matches!(event, StreamEvent::RequestAccepted(_)).then_some(()))
        .await;
    let request = offer.request_id.to_string();
    ivan.at(&a).step(&request, "mark-delivered").await;
    anna.at(&b).step(&request, "confirm-delivery").await;
    a.audit().await;
}

#[actix_web::test]
async fn x_71_sockets_of_one_user_are_counted_over_all_nodes() {
    let (Ok(_), Ok(redis)) = (std::env::var("PEERPACK_TEST_POSTGRES"), std::env::var("PEERPACK_TEST_REDIS"))
    else {
        eprintln!("PEERPACK_TEST_POSTGRES or PEERPACK_TEST_REDIS is not set: not run");
        return;
    };
    let (a, b) = two_nodes(&redis, Duration::from_secs(3_600)).await;
    let (anna, boris) = (a.sign_in("Anna").await, a.sign_in("Boris").await);
    let _bystander = open(&boris).await;
    let open_on = |app: &TestApp| app.app.sockets.len();
    // A node asks the bus once, and lets the socket in that it cannot count in time: on a busy machine that
    // happens now and then.
    let mut is_counted = false;
    for _ in 0..3 {
        let mut sockets = Vec::new();
        for app in [&a, &b, &a, &b, &a] {
            sockets.push(open(&anna.at(app)).await);
        }
        // The sixth and the seventh take the place of the oldest, wherever that is.
        let mut codes = Vec::new();
        for oldest in [0, 1] {
            sockets.push(open(&anna.at(&b)).await);
            let code = close_code(&mut sockets[oldest]);
            codes.extend(tokio::time::timeout(Duration::from_secs(15), code).await);
        }
        is_counted = codes == [4009, 4009];
        if is_counted {
            let five_and_one = async || (open_on(&a) + open_on(&b) == 6).then_some(());
            eventually("five sockets", five_and_one).await;
            assert_eq!((open_on(&a), open_on(&b)), (3, 3));
            break;
        }
        drop(sockets);
        eventually("an end", async || (open_on(&a) + open_on(&b) == 1).then_some(())).await;
    }
    assert!(is_counted, "the oldest stay");
}

type Socket = tokio_tungstenite::WebSocketStream<tokio_tungstenite::MaybeTlsStream<tokio::net::TcpStream>>;

/// A socket that has heard its hello.
async fn open(user: &TestUser) -> Socket {
    let mut request = user.socket_url().into_client_request().unwrap();
    request.headers_mut().insert("authorization", format!("Bearer {}", user.token).parse().unwrap());
    let (mut socket, _) = tokio_tungstenite::connect_async(request).await.unwrap();
    let hello = tokio::time::timeout(PATIENCE, socket.next()).await.unwrap().unwrap().unwrap();
    assert!(hello.to_text().unwrap().contains("\"hello\""), "{hello:?}");
    socket
}

/// The code with which a socket is closed.
async fn close_code(socket: &mut Socket) -> u16 {
    loop {
        match tokio::time::timeout(PATIENCE, socket.next()).await.expect("a close") {
            Some(Ok(Message::Close(Some(frame)))) => return frame.code.into(),
            Some(Ok(_)) => {}
            other => panic!("not closed but {other:?}"),
        }
    }
}

#[actix_web::test]
async fn nodes_that_migrate_an_empty_database_at_once_do_not_stop_each_other() {
    if std::env::var("PEERPACK_TEST_POSTGRES").is_err() {
        eprintln!("PEERPACK_TEST_POSTGRES is not set: not run");
        return;
    }
    let url = empty_postgres().await;
    let node = async || Database::connect(&Settings::new(&url)).await.unwrap();
    let nodes = [node().await, node().await, node().await];
    let migrated = futures_util::future::join_all(nodes.iter().map(Database::migrate)).await;
    assert!(migrated.iter().all(Result::is_ok), "{migrated:?}");

    // A crash in the middle of building an index leaves half of one, and no word of the migration.
    let mut admin = PgConnection::connect(&url).await.unwrap();
    for statement in [
        "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'events_by_time'::regclass",
        "DELETE FROM _sqlx_migrations WHERE version = 41",
    ] {
        sqlx::query(statement).execute(&mut admin).await.unwrap();
    }
    nodes[0].migrate().await.unwrap();
    let valid = "SELECT indisvalid FROM pg_index WHERE indexrelid = 'events_by_time'::regclass";
    assert!(sqlx::query_scalar::<_, bool>(valid).fetch_one(&mut admin).await.unwrap());
}

#[actix_web::test]
async fn a_node_with_an_old_copy_of_a_package_reads_it_again_before_it_refuses() {
    if std::env::var("PEERPACK_TEST_POSTGRES").is_err() {
        eprintln!("PEERPACK_TEST_POSTGRES is not set: not run");
        return;
    }
    let (a, b) = two_nodes("", Duration::from_secs(3_600)).await;
    let (anna, ivan, olga) = (a.sign_in("Anna").await, a.sign_in("Ivan").await, a.sign_in("Olga").await);
    let ivans = ivan.publish_trip("Псков", "Тверь", json!({})).await;
    let olgas = olga.publish_trip("Псков", "Тверь", json!({})).await;
    let package = anna.publish_package("Псков", "Тверь", json!({ "mode": "choose" })).await;
    let ask = async |trip: &str| {
        let body = json!({ "package_id": package, "message": "" });
        let (status, answer) = anna.post_patiently(&format!("/api/couriers/{trip}/send-package"), body).await;
        assert_eq!(status, 201, "{answer}");
        answer["request_id"].as_str().unwrap().to_owned()
    };
    let first = ask(&ivans).await;
    ivan.at(&b).step(&first, "decline").await;
    // The other node holds the package now, and the second request is made past it.
    let second = ask(&olgas).await;
    olga.at(&b).step(&second, "accept").await;
    // And the first one still holds it as it was before that.
    olga.at(&a).step(&second, "mark-delivered").await;
    anna.at(&b).step(&second, "confirm-delivery").await;
    a.audit().await;
}
