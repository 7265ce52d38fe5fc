//! AS-3, AS-4, AS-6: a call that comes again has one effect and one answer, whatever became of the first
//! answer.

use std::io::Write;
use std::net::TcpStream;
use std::sync::atomic::Ordering;

use futures_util::future::join_all;
use peerpack::store::Kept;
use peerpack_actors::receipt::Call;
use peerpack_actors::rejection::Rejection;
use peerpack_actors::runtime::{Promise, Refusal, RuntimeSettings, Subject};
use reqwest::header::HeaderMap;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::alone::{Alone, draft};
use crate::support::{Backend, PATIENCE, TestApp, TestUser, backends};

fn package() -> Value {
    json!({ "from": "Москва", "to": "Казань", "description": "книги", "reward": 100, "mode": "choose" })
}

async fn publish(user: &TestUser, key: &str, body: Value) -> (StatusCode, HeaderMap, Value) {
    user.call_with(Method::POST, "/api/packages", &[("idempotency-key", key)], Some(body)).await
}

fn is_replay(headers: &HeaderMap) -> bool {
    headers.get("idempotent-replayed").is_some_and(|value| value == "true")
}

/// F08: a double tap, fifty at once.
#[actix_web::test]
async fn f08_fifty_equal_calls_at_once_publish_one_package() {
    for backend in backends() {
        let app = TestApp::start(backend).await;
        let anna = app.sign_in("Anna").await;
        let answers = join_all((0..50).map(|_| publish(&anna, "tap", package()))).await;
        for (status, headers, body) in &answers {
            match status.as_u16() {
                201 => {}
                409 => assert!(body["code"] == "in_progress" && headers.contains_key("retry-after")),
                _ => panic!("{status}: {body}"),
            }
        }
        let (status, headers, body) = publish(&anna, "tap", package()).await;
        assert!(status == StatusCode::CREATED && is_replay(&headers), "{status}");
        let packages = anna.get("/api/user/packages").await;
        assert_eq!(packages["packages"].as_array().unwrap().len(), 1);
        assert_eq!(packages["packages"][0]["id"], body["package_id"]);
        assert!(answers.iter().filter(|answer| answer.0 == 201).all(|answer| answer.2 == body));
        assert!(answers.iter().filter(|answer| answer.0 == 201 && !is_replay(&answer.1)).count() == 1);
    }
}

/// F07: the client is gone before the answer comes, with a reset, so that its handler is dropped.
#[actix_web::test]
async fn a_call_whose_answer_was_lost_is_repeated_without_a_second_effect() {
    for backend in backends() {
        let app = TestApp::start(backend).await;
        let anna = app.sign_in("Anna").await;
        for round in 0..20 {
            let key = format!("lost-{round}");
            cut_off(&app, &anna, &key, round);
            let first = answered(&anna, &key).await;
            let second = answered(&anna, &key).await;
            assert_eq!((first.0, &first.2), (second.0, &second.2));
            assert!(is_replay(&second.1));
        }
        let packages = anna.get("/api/user/packages").await;
        assert_eq!(packages["packages"].as_array().unwrap().len(), 20);
        app.audit().await;
    }
}

/// Sends a whole request and resets the connection some steps later.
fn cut_off(app: &TestApp, user: &TestUser, key: &str, round: u32) {
    let body = package().to_string();
    let address = app.url.strip_prefix("http://").unwrap();
    let request = format!(
        "POST /api/packages HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\nidempotency-key: {key}\r\n\r\n{body}",
        user.token,
        body.len()
    );
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    for _ in 0..round * 20 {
        std::thread::yield_now();
    }
    // Unread bytes make the kernel reset the connection instead of ending it.
    drop(stream);
}

async fn answered(user: &TestUser, key: &str) -> (StatusCode, HeaderMap, Value) {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    while tokio::time::Instant::now() < deadline {
        let answer = publish(user, key, package()).await;
        if answer.0 != StatusCode::CONFLICT {
            assert_eq!(answer.0, StatusCode::CREATED, "{}", answer.2);
            return answer;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("the call never ends");
}

#[actix_web::test]
async fn x_58_a_key_belongs_to_one_user_and_one_call() {
    let app = TestApp::start(Backend::Sqlite).await;
    let (anna, ivan) = (app.sign_in("Anna").await, app.sign_in("Ivan").await);
    let (_, _, first) = publish(&anna, "k", package()).await;
    let mut other = package();
    other["reward"] = json!(200);
    let (status, _, body) = publish(&anna, "k", other).await;
    assert_eq!((status.as_u16(), body["code"].as_str()), (422, Some("key_reused")));
    let (status, headers, ivans) = publish(&ivan, "k", package()).await;
    assert!(status == StatusCode::CREATED && !is_replay(&headers) && ivans != first);
    // However the body is spaced, and in whatever order its fields are.
    let written = "{ \"mode\":\t\"choose\",\n \"reward\": 100, \"description\": \"книги\",\"to\":\"Казань\", \"from\":\"Москва\" }";
    let headers = [("idempotency-key", "k"), ("content-type", "application/json")];
    let (status, headers, again) =
        anna.call_raw(Method::POST, "/api/packages", &headers, written.as_bytes().to_vec()).await;
    let again: Value = serde_json::from_slice(&again).unwrap();
    assert!(status == StatusCode::CREATED && is_replay(&headers) && again == first, "{again}");
    // `/v1` is the same call.
    let headers = [("idempotency-key", "k")];
    let (_, headers, again) = anna.call_with(Method::POST, "/v1/packages", &headers, Some(package())).await;
    assert!(is_replay(&headers) && again == first);
    for key in ["", " ", "ключ", &"k".repeat(256)] {
        let headers = [("idempotency-key", key)];
        let (status, _, body) =
            anna.call_with(Method::POST, "/api/packages", &headers, Some(package())).await;
        assert_eq!((status.as_u16(), body["code"].as_str()), (400, Some("bad_request")), "{key:?}");
    }
    // A refusal is not kept: the same key may be tried again.
    let mut wrong = package();
    wrong["to"] = json!("Масква");
    assert_eq!(publish(&anna, "w", wrong).await.0.as_u16(), 422);
    assert_eq!(publish(&anna, "w", package()).await.0, StatusCode::CREATED);
}

#[actix_web::test]
async fn x_58_a_step_of_a_request_needs_no_key_to_be_taken_once() {
    for backend in backends() {
        let app = TestApp::start(backend).await;
        let (anna, ivan) = (app.sign_in("Anna").await, app.sign_in("Ivan").await);
        let trip = ivan.publish_trip("Орёл", "Курск", json!({})).await;
        let path = format!("/api/couriers/{trip}/send-package");
        let body = json!({ "message": "возьмёте?", "reward": 700, "packageDescription": "торт" });
        let (_, _, sent) =
            anna.call_with(Method::POST, &path, &[("idempotency-key", "s")], Some(body.clone())).await;
        let (_, headers, again) =
            anna.call_with(Method::POST, &path, &[("idempotency-key", "s")], Some(body)).await;
        assert!(is_replay(&headers) && sent == again && sent["package_id"].is_string(), "{sent} {again}");
        let step =
            |action: &str| format!("/api/package-requests/{}/{action}", sent["request_id"].as_str().unwrap());
        let accepted = ivan.call_with(Method::PUT, &step("accept"), &[], None).await;
        assert_eq!(accepted.2["balance_update"], json!({ "frozen": 700.0 }));
        assert!(!is_replay(&accepted.1));
        ivan.step(sent["request_id"].as_str().unwrap(), "mark-delivered").await;
        // The courier did not hear the answer and taps again, on another node or after a restart.
        let app = app.restart().await;
        let (anna, ivan) = (anna.at(&app), ivan.at(&app));
        let again = ivan.call_with(Method::PUT, &step("accept"), &[], None).await;
        assert!(is_replay(&again.1) && again.2 == accepted.2, "{}", again.2);
        let (first, second) =
            (anna.put(&step("confirm-delivery")).await, anna.put(&step("confirm-delivery")).await);
        assert_eq!(first, second);
        let balance = app.app.database.balances(ivan.id.parse().unwrap()).await.unwrap();
        assert_eq!(balance[0].available_minor, 63_000);
        app.audit().await;
    }
}

/// AS-6.
#[actix_web::test]
async fn a_caller_who_has_not_seen_the_latest_version_changes_nothing() {
    let app = TestApp::start(Backend::Sqlite).await;
    let (anna, ivan) = (app.sign_in("Anna").await, app.sign_in("Ivan").await);
    let package = anna.publish_package("Псков", "Тверь", json!({ "mode": "choose" })).await;
    let trip = ivan.publish_trip("Псков", "Тверь", json!({})).await;
    let version = |list: Value, name: &str| list[name][0]["version"].as_i64().unwrap();
    let seen = version(anna.get("/api/user/packages").await, "packages");
    let (status, _) =
        anna.post(&format!("/api/couriers/{trip}/send-package"), json!({ "package_id": package })).await;
    assert_eq!(status, StatusCode::CREATED);
    let cancel = format!("/api/packages/{package}/cancel");
    let with = |version: i64| format!("\"{version}\"");
    let (status, _, body) = anna.call_with(Method::PUT, &cancel, &[("if-match", &with(seen))], None).await;
    assert_eq!((status.as_u16(), body["code"].as_str()), (412, Some("stale")));
    assert_eq!(anna.call_with(Method::PUT, &cancel, &[("if-match", "7")], None).await.0.as_u16(), 400);
    let path = format!("/api/packages/{package}");
    let (_, headers, _) = anna.call_with(Method::GET, &path, &[], None).await;
    let seen = headers["etag"].to_str().unwrap().to_owned();
    assert_eq!(anna.call_with(Method::PUT, &cancel, &[("if-match", &seen)], None).await.0, StatusCode::OK);
    let cancel = format!("/api/trips/{trip}/cancel");
    let seen = version(ivan.get("/api/user/trips").await, "trips");
    let stale = ivan.call_with(Method::PUT, &cancel, &[("if-match", &with(seen + 1))], None).await;
    assert_eq!(stale.0.as_u16(), 412);
    assert_eq!(
        ivan.call_with(Method::PUT, &cancel, &[("if-match", &with(seen))], None).await.0,
        StatusCode::OK
    );
}

/// AS-6: the node holds the version that the caller has seen, and the store has a newer one, as after a
/// change on another node.
#[actix_web::test]
async fn a_caller_who_has_seen_what_only_this_node_still_holds_changes_nothing() {
    for backend in backends() {
        let app = TestApp::start(backend).await;
        let anna = app.sign_in("Anna").await;
        let package = anna.publish_package("Псков", "Тверь", json!({ "mode": "choose" })).await;
        let (path, cancel) = (format!("/api/packages/{package}"), format!("/api/packages/{package}/cancel"));
        let (_, headers, _) = anna.call_with(Method::GET, &path, &[], None).await;
        let seen = headers["etag"].to_str().unwrap().to_owned();
        // From now on the node holds the package.
        let unseen = [("if-match", "\"999\"")];
        assert_eq!(anna.call_with(Method::PUT, &cancel, &unseen, None).await.0.as_u16(), 412);
        app.behind_its_back("UPDATE packages SET version = version + 1").await;
        let with_seen = [("if-match", seen.as_str())];
        let (status, _, body) = anna.call_with(Method::PUT, &cancel, &with_seen, None).await;
        assert_eq!((status.as_u16(), body["code"].as_str()), (412, Some("stale")), "{body}");
        let (_, headers, package) = anna.call_with(Method::GET, &path, &[], None).await;
        assert_eq!(package["state"], "open");
        let with_newer = [("if-match", headers["etag"].to_str().unwrap())];
        assert_eq!(anna.call_with(Method::PUT, &cancel, &with_newer, None).await.0, StatusCode::OK);
    }
}

/// AS-3: the store does what it was asked, and says that it does not answer.
#[actix_web::test]
async fn a_call_of_unknown_outcome_tells_the_truth_when_it_is_repeated() {
    let alone = Alone::start(RuntimeSettings::default()).await;
    let (engine, deaf, database) = (&alone.engine, &alone.store, &alone.database);
    let sender = alone.somebody();
    let call = Call { by: sender, route: "POST packages".into(), key: "k".into(), digest: String::new() };
    let promise = Promise::new(call.clone(), |subject| match subject {
        Subject::Package(package) => Some((201, package.id.to_string())),
        Subject::Trip(_) => None,
    });
    let engine = engine.under(Some(promise));
    let publish = || engine.publish_package(sender, draft(engine.now()));

    deaf.silent.store(true, Ordering::SeqCst);
    assert!(matches!(publish().await, Err(Refusal::Unavailable(_))));
    deaf.silent.store(false, Ordering::SeqCst);
    assert!(matches!(publish().await, Err(Refusal::Rejected(Rejection::AnsweredBefore))));
    let Ok(Some(Kept::Answer { status: 201, answer })) = database.kept_answer(&call).await else {
        panic!("no answer is kept");
    };
    let published = database.packages_of(sender, None, 10).await.unwrap().packages;
    assert_eq!(published.iter().map(|one| one.id.to_string()).collect::<Vec<_>>(), [answer]);
    alone.end().await;
}
