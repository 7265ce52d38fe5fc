//! The older client's whole way, by its very calls: as a page of another origin, with its spellings, its
//! socket and nothing that it does not know.

use futures_util::StreamExt;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use crate::support::{PATIENCE, TestApp, TestUser, backends, day};

const PAGE: &str = "http://localhost:5173";

type Socket = tokio_tungstenite::WebSocketStream<tokio_tungstenite::MaybeTlsStream<tokio::net::TcpStream>>;

/// A call of the page, which must succeed with this status.
async fn call(user: &TestUser, method: Method, path: &str, body: Option<Value>, expected: u16) -> Value {
    let (status, headers, answer) = user.call_with(method, path, &[("origin", PAGE)], body).await;
    assert_eq!(status.as_u16(), expected, "{path}: {answer}");
    assert_eq!(headers["access-control-allow-origin"], PAGE, "{path}");
    answer
}

async fn get(user: &TestUser, path: &str) -> Value {
    call(user, Method::GET, path, None, 200).await
}

async fn put(user: &TestUser, path: &str, body: Option<Value>) -> Value {
    call(user, Method::PUT, path, body, 200).await
}

async fn post(user: &TestUser, path: &str, body: Value) -> Value {
    call(user, Method::POST, path, Some(body), 201).await
}

/// `new WebSocket(url, ["bearer.<token>"])`: a page can set no header, and goes no further without a
/// subprotocol in the answer.
async fn open(app: &TestApp, user: &TestUser) -> Socket {
    let mut request = format!("{}/ws/updates", app.url.replace("http", "ws")).into_client_request().unwrap();
    let headers = request.headers_mut();
    headers.insert("origin", PAGE.parse().unwrap());
    headers.insert("sec-websocket-protocol", format!("bearer.{}", user.token).parse().unwrap());
    tokio_tungstenite::connect_async(request).await.unwrap().0
}

/// Listens until something of this kind is said of this request or trip.
async fn hear(socket: &mut Socket, wanted: impl Fn(&Value) -> bool) -> Value {
    loop {
        let next = tokio::time::timeout(PATIENCE, socket.next()).await.expect("it is said");
        if let Message::Text(text) = next.unwrap().unwrap() {
            let said: Value = serde_json::from_str(&text).unwrap();
            if wanted(&said) {
                return said;
            }
        }
    }
}

fn step<'a>(request: &'a Value, new_status: &'a str) -> impl Fn(&Value) -> bool {
    move |said| {
        said["type"] == "status_update" && said["request_id"] == *request && said["new_status"] == new_status
    }
}

/// The fields that the client reads without looking whether they are there.
fn has(one: &Value, strings: &[&str], numbers: &[&str]) {
    for field in strings {
        assert!(one[*field].is_string(), "{field} of {one}");
    }
    for field in numbers {
        assert!(one[*field].is_number(), "{field} of {one}");
    }
}

fn first<'a>(answer: &'a Value, list: &str) -> &'a Value {
    &answer[list][0]
}

async fn balance(user: &TestUser) -> (f64, f64, f64) {
    let wallet = get(user, "/api/user/balance").await;
    let of = |field: &str| wallet["balance"][field].as_f64().unwrap();
    (of("available"), of("frozen"), of("pending"))
}

/// The courier publishes a trip in either spelling, and sees it.
async fn publish_trip(ivan: &TestUser, body: Value) -> String {
    let made = post(ivan, "/api/trips", body.clone()).await;
    let trip = made["trip_id"].as_str().unwrap().to_owned();
    let trips = get(ivan, "/api/user/trips").await;
    let mine = trips["trips"].as_array().unwrap().iter().find(|one| one["id"] == json!(trip)).unwrap();
    has(
        mine,
        &["name", "from", "to", "date", "time", "airport", "avatar", "trip_comment", "tripComment"],
        &["price", "rating"],
    );
    assert_eq!((&mine["airport"], &mine["date"]), (&body["airport"], &body["date"]));
    trip
}

/// The deal from the courier's answer to the money.
async fn carry_out(app: &TestApp, anna: &TestUser, ivan: &TestUser, request: &Value, reward: f64) {
    let (mut annas, mut ivans) = (open(app, anna).await, open(app, ivan).await);
    let (before, id) = (balance(ivan).await, request.as_str().unwrap());
    let path = |what: &str| format!("/api/package-requests/{id}/{what}");
    let accepted = put(ivan, &path("accept"), None).await;
    let expected =
        json!({ "success": true, "new_status": "accepted", "balance_update": { "frozen": reward } });
    assert_eq!(accepted, expected);
    for socket in [&mut annas, &mut ivans] {
        hear(socket, step(request, "accepted")).await;
    }
    let delivered = put(ivan, &path("mark-delivered"), None).await;
    assert_eq!(delivered["balance_update"], json!({ "frozen": -reward, "pending": reward }));
    hear(&mut annas, step(request, "delivered")).await;
    let confirmed = put(anna, &path("confirm-delivery"), None).await;
    assert_eq!(confirmed["balance_update"], json!({ "pending": -reward, "available": 0.9 * reward }));
    hear(&mut ivans, step(request, "confirmed")).await;
    assert_eq!(balance(ivan).await, (before.0 + 0.9 * reward, before.1, before.2));
    let kinds = |list: &Value| -> Vec<String> {
        let all = list["notifications"].as_array().unwrap();
        all.iter().map(|one| one["type"].as_str().unwrap().to_owned()).collect()
    };
    let (of_anna, of_ivan) =
        (get(anna, "/api/user/notifications").await, get(ivan, "/api/user/notifications").await);
    assert!(kinds(&of_anna).contains(&"package_delivered".to_owned()), "{of_anna}");
    assert!(kinds(&of_ivan).contains(&"payment_received".to_owned()), "{of_ivan}");
    for one in of_anna["notifications"].as_array().unwrap() {
        has(one, &["id", "type", "title", "message", "timestamp", "action_url"], &[]);
    }
    let id = first(&of_anna, "notifications")["id"].as_str().unwrap().to_owned();
    assert_eq!(put(anna, &format!("/api/notifications/{id}/read"), None).await, json!({ "success": true }));
    let marked = put(anna, "/api/notifications/mark-all-read", None).await;
    assert!(marked["marked_count"].is_number());
    assert_eq!(get(anna, "/api/user/notifications").await["unread_count"], 0);
}

#[actix_web::test]
async fn a_package_that_is_published_and_sent_to_a_courier_is_carried() {
    for backend in backends() {
        let app = TestApp::start(backend).await;
        let (anna, ivan) = (app.sign_in("Анна").await, app.sign_in("Иван").await);
        let trip = json!({
            "name": "Иван", "from": "Москва", "to": "Казань", "date": day(3), "time": "08:00 → 20:00",
            "airport": "SVO", "price": 400, "comment": "Лечу налегке", "transportType": "car", "capacity": "medium",
        });
        let trip = publish_trip(&ivan, trip).await;
        let (mut annas, mut ivans) = (open(&app, &anna).await, open(&app, &ivan).await);
        let package = json!({
            "from": "Москва", "to": "Казань", "description": "Документы", "reward": 500, "size": "s",
            "weight": "light", "tags": ["документы"], "pickupAddress": "Тверская, 1", "deliveryAddress": "Баумана, 2",
        });
        let package = post(&anna, "/api/packages", package).await["package_id"].clone();
        // Whether the engine has offered it by now or not.
        let path = format!("/api/couriers?from=Москва&to=Казань&date_from={}&date_to={}", day(1), day(6));
        let found = get(&anna, &path).await;
        let courier = first(&found, "couriers");
        has(
            courier,
            &["id", "trip_id", "courier_id", "name", "from", "to", "date", "time", "airport", "avatar"],
            &["rating", "price", "trips_count", "reviews_count"],
        );
        assert_eq!((&courier["time"], &courier["airport"]), (&json!("08:00 → 20:00"), &json!("SVO")));
        assert!(courier["avatar"].as_str().unwrap().starts_with(&app.url), "a page elsewhere can show it");
        hear(&mut ivans, |said| said["type"] == "package_request" && said["trip_id"] == json!(trip)).await;

        let path = format!("/api/couriers/{}/send-package", courier["id"].as_str().unwrap());
        let sent = post(&anna, &path, json!({ "package_id": package, "message": "Возьмёте?" })).await;
        assert_eq!((&sent["success"], &sent["package_id"]), (&json!(true), &package));
        let requests = get(&ivan, &format!("/api/trips/{trip}/package-requests")).await;
        assert_eq!(requests["requests"].as_array().unwrap().len(), 1, "{requests}");
        let request = first(&requests, "requests");
        has(
            request,
            &[
                "id",
                "sender_name",
                "sender_telegram",
                "sender_avatar",
                "package_description",
                "message",
                "pickup_location",
                "delivery_location",
                "status",
                "timestamp",
            ],
            &["reward"],
        );
        assert_eq!(
            (&request["id"], &request["trip_id"], &request["status"], &request["message"]),
            (&sent["request_id"], &json!(trip), &json!("pending"), &json!("Возьмёте?"))
        );
        carry_out(&app, &anna, &ivan, &sent["request_id"], 500.0).await;
        hear(&mut annas, step(&sent["request_id"], "confirmed")).await;

        let mine = get(&anna, "/api/user/packages").await;
        let mine = first(&mine, "packages");
        has(
            mine,
            &[
                "id",
                "from",
                "to",
                "description",
                "status",
                "created_at",
                "size",
                "weight",
                "message",
                "selectedCourier",
                "completedAt",
            ],
            &["reward", "usage_count"],
        );
        assert_eq!(
            (&mine["status"], &mine["responses"][0]["message"]),
            (&json!("completed"), &json!("Возьмёте?"))
        );
        let review = format!("/api/package-requests/{}/review", sent["request_id"].as_str().unwrap());
        post(&anna, &review, json!({ "rating": 5, "text": "Спасибо!" })).await;
        app.audit().await;
    }
}

#[actix_web::test]
async fn a_package_that_is_published_and_described_again_is_carried_once() {
    for backend in backends() {
        let app = TestApp::start(backend).await;
        let (anna, ivan) = (app.sign_in("Анна").await, app.sign_in("Иван").await);
        let trip = json!({
            "from": "Самара", "to": "Уфа", "date": day(3), "time": "08:00", "airport": "", "price": 400,
            "trip_comment": "Еду на машине",
        });
        let trip = publish_trip(&ivan, trip).await;
        let mut ivans = open(&app, &ivan).await;
        let package = json!({ "from": "Самара", "to": "Уфа", "description": "Торт", "reward": 700 });
        let package = post(&anna, "/api/packages", package).await["package_id"].clone();
        let flat = json!({ "message": "Осторожно, крем", "reward": 700, "packageDescription": "Торт" });
        let sent = post(&anna, &format!("/api/couriers/{trip}/send-package"), flat).await;
        assert_eq!(sent["package_id"], package);
        hear(&mut ivans, |said| {
            said["type"] == "package_request" && said["request"]["package_description"] == "Торт"
        })
        .await;
        assert_eq!(get(&anna, "/api/user/packages").await["packages"].as_array().unwrap().len(), 1);
        carry_out(&app, &anna, &ivan, &sent["request_id"], 700.0).await;
        app.audit().await;
    }
}

#[actix_web::test]
async fn a_courier_responds_the_sender_chooses_and_money_is_taken_out() {
    for backend in backends() {
        let app = TestApp::start(backend).await;
        let (anna, ivan) = (app.sign_in("Анна").await, app.sign_in("Иван").await);
        let package =
            json!({ "from": "Орёл", "to": "Курск", "description": "Ваза", "reward": 900, "mode": "choose" });
        let package = post(&anna, "/api/packages", package).await["package_id"].as_str().unwrap().to_owned();
        let mut annas = open(&app, &anna).await;
        let path = format!("/api/packages/{package}/responses");
        let body = json!({ "price": 800, "comment": "Возьму", "date": day(2), "time": "09:00 → 12:00", "airport": "Орёл" });
        let responded = post(&ivan, &path, body).await;
        let said = hear(&mut annas, |said| said["type"] == "package_response").await;
        let response = json!({ "courier_name": "Иван", "price": 800.0, "comment": "Возьму" });
        assert_eq!((&said["package_id"], &said["response"]), (&json!(package), &response));
        let responses = get(&anna, &path).await;
        let response = first(&responses, "responses");
        has(
            response,
            &[
                "id",
                "courierId",
                "courierName",
                "courierAvatar",
                "telegramUsername",
                "status",
                "comment",
                "date",
                "time",
                "airport",
                "message",
            ],
            &["price", "courierRating"],
        );
        assert_eq!(
            (&response["comment"], &response["message"], &response["airport"], &response["isNew"]),
            (&json!("Возьму"), &json!(""), &json!("Орёл"), &json!(true))
        );
        let path = format!("/api/packages/{package}/select-courier");
        let body = json!({ "response_id": responded["response_id"] });
        let chosen = call(&anna, Method::POST, &path, Some(body), 200).await;
        has(&chosen["courier_contact"], &["telegram_username", "telegram_link"], &[]);
        assert_eq!(chosen["escrow_info"]["amount_frozen"], 800.0);
        let request = responded["response_id"].as_str().unwrap();
        for (user, what) in [(&ivan, "mark-delivered"), (&anna, "confirm-delivery")] {
            put(user, &format!("/api/package-requests/{request}/{what}"), None).await;
        }
        let body = json!({ "amount": 500, "method": "СБП +7 900" });
        let (status, _, taken) =
            ivan.call_with(Method::POST, "/api/user/withdraw", &[("origin", PAGE)], Some(body)).await;
        assert!(status.is_success() && status != StatusCode::ACCEPTED, "{taken}");
        has(&taken, &["withdrawal_id", "estimated_completion"], &[]);
        assert_eq!(balance(&ivan).await, (220.0, 0.0, 0.0));
        app.audit().await;
    }
}
