//! Bad input gets a clear answer with a stable code, and changes nothing.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{Backend, TestApp, TestUser, day, http};

async fn refused(user: &TestUser, method: Method, path: &str, body: Option<Value>) -> (u16, String) {
    let sent = body.clone();
    let (status, answer) = user.call(method, path, body).await;
    assert!(status.is_client_error() && answer["request_id"].is_string(), "{path} {sent:?}: {answer}");
    assert!(!answer["message"].as_str().unwrap().is_empty(), "{answer}");
    (status.as_u16(), answer["code"].as_str().unwrap().to_owned())
}

fn trip() -> Value {
    json!({ "from": "Москва", "to": "Казань", "date": day(2), "time": "08:00 → 20:00", "price": 1 })
}

fn with(mut body: Value, key: &str, value: Value) -> Option<Value> {
    body[key] = value;
    Some(body)
}

#[actix_web::test]
async fn x_17_x_18_and_x_19c_trips_that_make_no_sense_are_refused() {
    let app = TestApp::start(Backend::Sqlite).await;
    let ivan = app.sign_in("Ivan").await;
    let table = [
        ("from", json!("Масква"), (422, "invalid")),
        ("to", json!("Москва"), (422, "invalid")),
        ("date", json!("2020-01-01"), (422, "invalid")),
        ("date", json!("tomorrow"), (422, "invalid")),
        ("time", json!("noon"), (422, "invalid")),
        ("arrival_date", json!("tomorrow"), (422, "invalid")),
        ("arrival_date", json!("2020-01-01"), (422, "invalid")),
        ("stops", json!(vec!["Уфа"; 5_000]), (422, "invalid")),
        ("price", json!(-1), (422, "invalid")),
        ("price", json!("много"), (400, "bad_request")),
        ("transportType", json!("rocket"), (422, "invalid")),
        ("capacity_g", json!(0), (422, "invalid")),
        ("capacity_g", json!(-5), (422, "invalid")),
        ("slots", json!(201), (422, "invalid")),
        ("max_detour_min", json!(100_000), (422, "invalid")),
        ("trip_comment", json!("х".repeat(3_000)), (422, "invalid")),
        ("trip_comment", json!("a\u{0}b"), (400, "bad_request")),
        ("stops", json!(["Китеж-град"]), (422, "invalid")),
        ("stops", json!([{ "lat": 91, "lon": 0 }]), (422, "invalid")),
        ("courier_id", json!("somebody"), (400, "bad_request")),
    ];
    // Counted before they are looked up: the refusal is about their number and not about the first of them.
    let (_, answer) =
        ivan.post("/api/trips", with(trip(), "stops", json!(vec!["Китеж-град"; 1_000])).unwrap()).await;
    assert!(answer["message"].as_str().unwrap().contains("at most 14"), "{answer}");
    for (key, value, (status, code)) in table {
        let got = refused(&ivan, Method::POST, "/api/trips", with(trip(), key, value.clone())).await;
        assert_eq!(got, (status, code.to_owned()), "{key}: {value}");
    }
    assert_eq!(ivan.get("/api/user/trips").await, json!({ "trips": [] }));
}

#[actix_web::test]
async fn x_19c_x_45_and_x_52_packages_that_make_no_sense_are_refused() {
    let app = TestApp::start(Backend::Sqlite).await;
    let anna = app.sign_in("Anna").await;
    let package = json!({ "from": "Москва", "to": "Казань", "description": "книги", "reward": 100 });
    let table = [
        ("to", json!("Москва"), (422, "invalid")),
        ("description", json!(""), (422, "invalid")),
        ("weight", json!("feather"), (422, "invalid")),
        ("size", json!("xxl"), (422, "invalid")),
        ("weight_g", json!(0), (422, "invalid")),
        ("deliver_by", json!("2020-01-01T00:00:00Z"), (422, "invalid")),
        ("deliver_by", json!("soon"), (422, "invalid")),
        ("reward", json!(1e15), (422, "invalid")),
        ("reward", json!(0.001), (422, "invalid")),
        ("mode", json!("auction"), (400, "bad_request")),
        ("status", json!("confirmed"), (400, "bad_request")),
    ];
    for (key, value, (status, code)) in table {
        let got =
            refused(&anna, Method::POST, "/api/packages", with(package.clone(), key, value.clone())).await;
        assert_eq!(got, (status, code.to_owned()), "{key}: {value}");
    }
}

#[actix_web::test]
async fn x_40_x_50_and_x_51_foreign_and_untimely_steps_are_refused() {
    let app = TestApp::start(Backend::Sqlite).await;
    let (anna, ivan, eve) = (app.sign_in("Anna").await, app.sign_in("Ivan").await, app.sign_in("Eve").await);
    let trip = ivan.publish_trip("Орёл", "Курск", json!({})).await;
    let package = anna.publish_package("Орёл", "Курск", json!({ "mode": "choose" })).await;
    let (status, asked) = anna
        .post_patiently(&format!("/api/couriers/{trip}/send-package"), json!({ "package_id": package }))
        .await;
    assert_eq!(status, StatusCode::CREATED, "{asked}");
    let request = asked["request_id"].as_str().unwrap();
    let path = |action: &str| format!("/api/package-requests/{request}/{action}");
    let table = [
        (&eve, path("accept"), (404, "not_found")),
        (&anna, path("accept"), (403, "wrong_party")),
        (&ivan, path("pickup"), (409, "illegal_transition")),
        (&ivan, path("mark-delivered"), (409, "illegal_transition")),
        (&anna, path("confirm-delivery"), (409, "illegal_transition")),
        (&ivan, path("cancel"), (403, "wrong_party")),
        (&ivan, "/api/package-requests/nonsense/accept".to_owned(), (404, "not_found")),
        (&eve, format!("/api/trips/{trip}/cancel"), (404, "not_found")),
        (&eve, format!("/api/packages/{package}/cancel"), (404, "not_found")),
    ];
    for (user, path, (status, code)) in table {
        assert_eq!(refused(user, Method::PUT, &path, None).await, (status, code.to_owned()), "{path}");
    }
    let own = ivan.publish_package("Орёл", "Курск", json!({ "mode": "choose" })).await;
    let path = format!("/api/couriers/{trip}/send-package");
    let got = refused(&ivan, Method::POST, &path, Some(json!({ "package_id": own }))).await;
    assert_eq!(got, (422, "own_package".to_owned()));
    // In the same words it is the same request; in others it is refused.
    let (status, again) = anna.post(&path, json!({ "package_id": package })).await;
    assert_eq!((status, &again), (StatusCode::CREATED, &asked));
    let body = json!({ "package_id": package, "message": "ещё раз" });
    let again = refused(&anna, Method::POST, &path, Some(body)).await;
    assert_eq!(again, (409, "already_requested".to_owned()));
    app.audit().await;
}

#[actix_web::test]
async fn x_14_x_19_and_x_26_broken_tokens_and_bodies_are_refused() {
    let app = TestApp::start(Backend::Sqlite).await;
    let http = http();
    let url = |path: &str| format!("{}{path}", app.url);
    for token in ["", "a.b.c", "eyJhbGciOiJub25lIn0.e30."] {
        let answer = http.get(url("/api/user/trips")).bearer_auth(token).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{token}");
    }
    let anna = app.sign_in("Anna").await;
    let post = || http.post(url("/api/packages")).bearer_auth(&anna.token);
    let large = post().header("content-type", "application/json").body("x".repeat(200_000));
    let plain = post().header("content-type", "text/plain").body("{}");
    let cut = post().header("content-type", "application/json").body("{\"from\":");
    let packed =
        post().header("content-type", "application/json").header("content-encoding", "gzip").body("{}");
    for (request, status, code) in [
        (large, 413, "too_large"),
        (plain, 415, "unsupported_media_type"),
        (cut, 400, "bad_request"),
        (packed, 415, "unsupported_media_type"),
    ] {
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status().as_u16(), status);
        assert_eq!(answer.headers()["content-type"], "application/problem+json");
        let body: Value = answer.json().await.unwrap();
        assert_eq!(body["code"], code);
    }
    let unknown = refused(&anna, Method::GET, "/api/nothing", None).await;
    assert_eq!(unknown, (404, "not_found".to_owned()));
    let wrong = refused(&anna, Method::DELETE, "/api/trips", None).await;
    assert_eq!(wrong, (405, "method_not_allowed".to_owned()));
}
