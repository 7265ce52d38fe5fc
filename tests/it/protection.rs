//! What the open internet sends, and what it may see.

use peerpack::auth::Role;
use peerpack_actors::runtime::RuntimeSettings;
use reqwest::Method;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Error;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use crate::support::{TestApp, http};

async fn with(settings: &[(&str, &str)]) -> TestApp {
    let data = tempfile::tempdir().unwrap();
    TestApp::start_on(data, None, settings, RuntimeSettings::default()).await
}

/// Guessing ends soon, and pretending to come from elsewhere does not help.
#[actix_web::test]
async fn x_38_a_client_that_asks_too_much_has_to_wait_wherever_it_says_it_is() {
    let app = with(&[("PEERPACK_LIMITS", "true")]).await;
    let nobody = app.anonymous();
    let mut waited = None;
    for n in 0..60 {
        let from = format!("203.0.113.{n}");
        let guess = Some(json!({ "invitation": "x", "login": "x", "password": "x", "name": "x" }));
        let headers = [("x-forwarded-for", from.as_str())];
        let (status, headers, body) =
            nobody.call_with(Method::POST, "/api/auth/first-admin", &headers, guess).await;
        if status.as_u16() == 429 {
            assert_eq!(body["code"], "too_many");
            waited = Some(headers["retry-after"].to_str().unwrap().parse::<u32>().unwrap());
            break;
        }
    }
    assert!(waited.is_some_and(|seconds| (1..=2).contains(&seconds)), "{waited:?}");
    // Looking is another class, and health is never refused.
    assert_eq!(nobody.call(Method::GET, "/api/cities", None).await.0.as_u16(), 200);
    assert_eq!(nobody.call(Method::GET, "/api/health/live", None).await.0.as_u16(), 200);
}

/// What the server says to somebody who wants to open a socket from an address, and when to come again.
async fn knock(app: &TestApp, query: &str, token: Option<&str>, from: &str) -> (u16, Option<u32>) {
    let url = format!("{}/ws{query}", app.url.replace("http", "ws"));
    let mut request = url.into_client_request().unwrap();
    let headers = request.headers_mut();
    headers.insert("origin", "https://app.example.org".parse().unwrap());
    headers.insert("x-forwarded-for", from.parse().unwrap());
    if let Some(token) = token {
        headers.insert("authorization", format!("Bearer {token}").parse().unwrap());
    }
    match tokio_tungstenite::connect_async(request).await {
        Ok((_, answer)) => (answer.status().as_u16(), None),
        Err(Error::Http(answer)) => {
            let after = answer.headers().get("retry-after").map(|after| after.to_str().unwrap().parse());
            (answer.status().as_u16(), after.transpose().unwrap())
        }
        Err(error) => panic!("{error}"),
    }
}

#[actix_web::test]
async fn a_client_that_opens_sockets_again_and_again_keeps_nobody_else_out() {
    let settings = [
        ("PEERPACK_LIMITS", "true"),
        ("PEERPACK_TRUSTED_PROXIES", "1"),
        ("PEERPACK_MAX_SOCKETS_PER_IP", "1000"),
        ("PEERPACK_ALLOWED_ORIGINS", "https://app.example.org"),
    ];
    let app = with(&settings).await;
    let (anna, boris) = (app.sign_in("Anna").await, app.sign_in("Boris").await);
    let mut opened = 0;
    let waits = loop {
        match knock(&app, "", Some(&anna.token), &format!("203.0.113.{opened}")).await {
            (101, _) => opened += 1,
            (429, Some(after)) => break after,
            other => panic!("{other:?}"),
        }
    };
    assert!((30..60).contains(&opened) && waits == 1, "{opened} {waits}");
    // Tickets that somebody invents from one address. On a busy machine a little room comes back between the
    // last of them and Boris: then it is used up again.
    let mut invented = 0;
    let refused = async |invented: &mut u32| {
        while let (401, _) = knock(&app, &format!("?ticket={invented:064x}"), None, "198.51.100.1").await {
            *invented += 1;
        }
        knock(&app, "", Some(&boris.token), "198.51.100.1").await.0 == 429
    };
    let first = refused(&mut invented).await;
    assert!((300..1_000).contains(&invented), "{invented}");
    let mut tries = 1;
    while !first && !refused(&mut invented).await {
        tries += 1;
        assert!(tries < 50, "an address that asks again and again is never refused");
    }
    assert_eq!(knock(&app, "", Some(&boris.token), "203.0.113.1").await.0, 101);
}

#[actix_web::test]
async fn x_95_only_pages_on_the_list_may_call() {
    let app = with(&[("PEERPACK_ALLOWED_ORIGINS", "https://app.example.org")]).await;
    let nobody = app.anonymous();
    let allowed = async |origin: &str| {
        let headers = [("origin", origin), ("access-control-request-method", "PUT")];
        let (_, headers, _) = nobody.call_with(Method::OPTIONS, "/api/cities", &headers, None).await;
        let plain = [("origin", origin)];
        let (_, simple, _) = nobody.call_with(Method::GET, "/api/cities", &plain, None).await;
        let acao = |headers: &reqwest::header::HeaderMap| headers.contains_key("access-control-allow-origin");
        assert_eq!(acao(&headers), acao(&simple), "{origin}");
        acao(&simple)
    };
    assert!(allowed("https://app.example.org").await);
    for foreign in [
        "https://evil.example",
        "null",
        "https://web.telegram.org",
        "https://app.example.org.evil.example",
        "http://app.example.org",
        "https://app.example.org:444",
    ] {
        assert!(!allowed(foreign).await, "{foreign}");
    }
}

#[actix_web::test]
async fn x_96_answers_tell_browsers_to_be_careful_and_nothing_about_us() {
    let app = with(&[]).await;
    let nobody = app.anonymous();
    for (path, status) in
        [("/api/cities", 200), ("/api/user/trips", 401), ("/api/nothing", 404), ("/metrics", 404)]
    {
        let (got, headers, _) = nobody.call_with(Method::GET, path, &[], None).await;
        assert_eq!(got.as_u16(), status, "{path}");
        assert_eq!(headers["x-content-type-options"], "nosniff", "{path}");
        assert_eq!(headers["referrer-policy"], "no-referrer", "{path}");
        assert!(headers["content-security-policy"].to_str().unwrap().contains("frame-ancestors"), "{path}");
        assert_eq!(headers["cache-control"], "no-store", "{path}");
        assert!(
            !headers.contains_key("server") && !headers.contains_key("strict-transport-security"),
            "{path}"
        );
    }
}

/// Methods, bodies and paths that make no sense.
#[actix_web::test]
async fn x_12_x_16_and_x_19b_nonsense_is_refused_without_an_echo() {
    let app = with(&[]).await;
    let anna = app.sign_in("Anna").await;
    for method in ["TRACE", "PROPFIND", "DELETE"] {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let (status, headers, _) = anna.call_with(method.clone(), "/api/trips", &[], None).await;
        assert_eq!((status.as_u16(), &headers["allow"]), (405, &"POST".parse().unwrap()), "{method}");
    }
    let http = http();
    let deep = format!("{}{}", "[".repeat(100_000 / 4), "]".repeat(100_000 / 4));
    for body in [
        "",
        "{",
        "nul",
        "\u{feff}{}",
        "{\"from\":1}",
        "{\"from\":\"a\",\"from\":\"b\"}",
        "{\"reward\":1e400}",
        "{\"reward\":NaN}",
        "{\"weight_g\":1.5}",
        "{\"weight_g\":99999999999999999999}",
        "{\"from\":\"\\ud800\"}",
        &deep,
    ] {
        let request = http.post(format!("{}/api/packages", app.url)).bearer_auth(&anna.token);
        let answer =
            request.header("content-type", "application/json").body(body.to_owned()).send().await.unwrap();
        assert_eq!(answer.status().as_u16(), 400, "{}", &body[..body.len().min(40)]);
        let text = answer.text().await.unwrap();
        assert!(!text.contains("line ") && !text.contains("column"), "{text}");
    }
    for path in
        ["/api/trips/..%2f..%2fetc", "/api/trips/secret-word", "/api/packages/%00/explain", "/api/trips/1e9"]
    {
        let (status, body) = anna.call(Method::GET, path, None).await;
        assert!(status.as_u16() == 404 && !body.to_string().contains("secret"), "{path}: {status}");
    }
    let many = (0..1_000).map(|n| format!("a{n}=1")).collect::<Vec<_>>().join("&");
    for query in [many.as_str(), "from=Москва&from=Казань", "cursor=x", "weight=feather"] {
        let (status, _) = anna.call(Method::GET, &format!("/api/couriers?{query}"), None).await;
        assert!([400, 422].contains(&status.as_u16()), "{}: {status}", &query[..query.len().min(40)]);
    }
}

/// What strangers see of a courier and of a trip, field by field.
#[actix_web::test]
async fn x_46_strangers_see_what_they_need_and_no_more() {
    let app = with(&[]).await;
    let ivan = app.sign_in("Ivan").await;
    ivan.publish_trip("Москва", "Казань", json!({})).await;
    let found = app.anonymous().get("/api/couriers?from=Москва&to=Казань").await;
    let mut fields: Vec<_> = found["couriers"][0].as_object().unwrap().keys().cloned().collect();
    fields.sort();
    let expected = [
        "airport",
        "arrival_date",
        "arrives_at",
        "avatar",
        "capacity_left_g",
        "courier_id",
        "date",
        "departs_at",
        "from",
        "from_place",
        "from_tz",
        "id",
        "itinerary",
        "name",
        "past_trips",
        "price",
        "rating",
        "reviews",
        "reviews_count",
        "state",
        "stops",
        "telegram_username",
        "time",
        "to",
        "to_place",
        "to_tz",
        "transport",
        "tripComment",
        "trip_comment",
        "trip_id",
        "trips_count",
        "verified",
        "version",
    ];
    assert_eq!(fields, expected);
}

#[actix_web::test]
async fn operators_see_how_requests_went_and_no_secrets() {
    let app = with(&[]).await;
    let (vera, anna) = (app.sign_in_with_role("Vera", Role::Viewer).await, app.sign_in("Anna").await);
    anna.get("/api/user/trips").await;
    anna.call(Method::GET, "/api/trips/00000000-0000-0000-0000-000000000000", None).await;
    let stats = vera.get("/api/admin/requests/stats").await;
    assert!(stats["requests"].as_u64().unwrap() >= 5 && stats["client_errors"] == 1, "{stats}");
    let endpoints = vera.get("/api/admin/requests/endpoints").await;
    let routes: Vec<&Value> =
        endpoints["endpoints"].as_array().unwrap().iter().map(|one| &one["endpoint"]).collect();
    assert!(routes.contains(&&json!("GET /api/trips/{trip_id}")), "{routes:?}");
    assert!(!endpoints.to_string().contains(&anna.id));
    let chart = vera.get("/api/admin/requests/chart").await;
    assert!(!chart["points"].as_array().unwrap().is_empty());
}
