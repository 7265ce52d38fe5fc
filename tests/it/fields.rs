//! What is wrong with a body is said of every field at once, in the reader's language; and what is only
//! written in another way is understood.

use std::collections::BTreeMap;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{Backend, TestApp, TestUser};

const NOBODY: &str = "00000000-0000-7000-8000-000000000000";

/// The status, and what is wrong with each field.
async fn wrong(
    user: &TestUser,
    method: Method,
    path: &str,
    language: &str,
    body: &Value,
) -> (u16, BTreeMap<String, String>, String) {
    let headers = [("accept-language", language)];
    let (status, _, answer) = user.call_with(method, path, &headers, Some(body.clone())).await;
    let fields = serde_json::from_value(answer["fields"].clone()).unwrap_or_else(|_| panic!("{answer}"));
    (status.as_u16(), fields, answer["message"].as_str().unwrap().to_owned())
}

fn is_russian(text: &str) -> bool {
    text.chars().any(|c| matches!(c, 'а'..='я' | 'А'..='Я'))
}

#[actix_web::test]
async fn every_wrong_field_of_a_body_is_named_at_once_in_both_languages() {
    let app = TestApp::start(Backend::Sqlite).await;
    let (anna, ivan) = (app.sign_in("Anna").await, app.sign_in("Ivan").await);
    let trip = ivan.publish_trip("Орёл", "Курск", json!({})).await;
    let package = anna.publish_package("Орёл", "Курск", json!({ "mode": "choose" })).await;
    let package_body = json!({
        "from": "Масква", "description": " ", "reward": "много", "size": "xxl", "weight": "feather",
        "weight_g": "1,5", "volume_ml": -1, "tags": ["хрупкое", 5], "pickup": { "lat": "55", "lon": 37 },
        "dropoff": { "lat": 91, "lon": 0 }, "pickup_address": "д".repeat(300), "mode": "auction",
        "template": "да", "contents_confirmed": false, "role": "admin",
    });
    let package_fields = [
        "contents_confirmed",
        "description",
        "dropoff",
        "from",
        "mode",
        "pickup.lat",
        "pickup_address",
        "reward",
        "role",
        "size",
        "tags.1",
        "template",
        "to",
        "volume_ml",
        "weight",
        "weight_g",
    ];
    let invalid_package = json!({
        "from": "Москва", "to": "Москва", "description": "", "reward": 1e15, "weight_g": 0,
        "confirm_by": "2100-01-01T00:00:00Z",
    });
    let table = [
        (Method::POST, "/api/packages".to_owned(), package_body.clone(), 400, package_fields.to_vec()),
        (
            Method::POST,
            "/api/trips".to_owned(),
            json!({
                "from": "Масква", "date": "soon", "time": "noon", "price": "много", "transportType": "rocket",
                "capacity": "huge", "capacity_g": "-1", "stops": ["Китеж-град", "Тула", { "lat": 91, "lon": 0 }],
                "max_detour_min": 100_000, "trip_comment": "к".repeat(3_000), "airport": 5, "arrival_date": "поздно",
            }),
            400,
            vec![
                "airport",
                "arrival_date",
                "capacity",
                "capacity_g",
                "date",
                "from",
                "max_detour_min",
                "price",
                "stops.0",
                "stops.2",
                "time",
                "to",
                "transportType",
                "trip_comment",
            ],
        ),
        (
            Method::POST,
            "/api/trips".to_owned(),
            json!({ "from": "Орёл", "to": "Курск", "date": "01.12.2020", "time": "10:00", "slots": 0, "price": -1 }),
            422,
            vec!["capacity", "date", "price"],
        ),
        (
            Method::POST,
            "/api/packages/dry-run".to_owned(),
            json!({ "from": "Масква", "reward": -1, "mode": 5 }),
            400,
            vec!["description", "from", "mode", "reward", "to"],
        ),
        (
            Method::POST,
            "/api/packages".to_owned(),
            invalid_package,
            422,
            vec!["confirm_by", "description", "reward", "to", "weight_g"],
        ),
        (
            Method::POST,
            format!("/api/couriers/{trip}/send-package"),
            json!({
                "is_new_package": "да", "message": "м".repeat(3_000), "role": 1,
                "package_data": { "description": "", "reward": "много", "size": "xxl" },
            }),
            400,
            vec![
                "is_new_package",
                "message",
                "package_data.description",
                "package_data.reward",
                "package_data.size",
                "role",
            ],
        ),
        (
            Method::POST,
            format!("/api/couriers/{trip}/send-package"),
            json!({ "packageDescription": " ", "reward": -1 }),
            422,
            vec!["packageDescription", "reward"],
        ),
        (
            Method::POST,
            format!("/api/packages/{package}/responses"),
            json!({ "price": "много", "comment": 5, "time": "10:00", "x": 1 }),
            400,
            vec!["comment", "date", "price", "x"],
        ),
        (
            Method::POST,
            "/api/user/withdraw".to_owned(),
            json!({ "amount": "сто", "method": 5, "to": "me" }),
            400,
            vec!["amount", "method", "to"],
        ),
        (
            Method::POST,
            "/api/user/withdraw".to_owned(),
            json!({ "amount": -5, "method": "" }),
            422,
            vec!["amount", "method"],
        ),
        (Method::POST, "/api/user/withdraw".to_owned(), json!({}), 400, vec!["amount", "method"]),
        (
            Method::PATCH,
            "/api/user/profile".to_owned(),
            json!({ "name": "\u{200b}", "language": "русский" }),
            422,
            vec!["language", "name"],
        ),
        (
            Method::POST,
            format!("/api/package-requests/{NOBODY}/review"),
            json!({ "rating": 7, "text": "т".repeat(3_000) }),
            422,
            vec!["rating", "text"],
        ),
        (
            Method::POST,
            format!("/api/package-requests/{NOBODY}/review"),
            json!({ "rating": "отлично", "text": [] }),
            400,
            vec!["rating", "text"],
        ),
    ];
    for (method, path, body, status, expected) in table {
        let english = wrong(&ivan, method.clone(), &path, "en", &body).await;
        assert_eq!(
            (english.0, english.1.keys().map(String::as_str).collect::<Vec<_>>()),
            (status, expected),
            "{path}"
        );
        let russian = wrong(&ivan, method, &path, "uz", &body).await;
        assert_eq!(russian.0, status);
        for (field, reason) in &russian.1 {
            assert!(is_russian(reason) && !is_russian(&english.1[field]), "{path} {field}: {reason}");
        }
        assert!(is_russian(&russian.2) && !is_russian(&english.2), "{}", russian.2);
    }
    let (_, fields, _) = wrong(&anna, Method::POST, "/api/packages", "ru", &package_body).await;
    for (field, reason) in [
        ("mode", "нужно instant или choose"),
        ("reward", "нужно число"),
        ("role", "такого поля нет"),
        ("tags.1", "нужен текст"),
        ("template", "нужно true или false"),
        ("weight_g", "нужно целое число, не меньше нуля"),
        ("from", "такой город не найден"),
    ] {
        assert_eq!(fields[field], reason, "{field}");
    }
}

#[actix_web::test]
async fn a_query_names_what_is_wrong_with_it_too() {
    let app = TestApp::start(Backend::Sqlite).await;
    let path = "/api/couriers?from=Москва&to=Казань&min_rating=good&max_price=x&whither=there";
    let (status, answer) = app.anonymous().call(Method::GET, path, None).await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "{answer}");
    let fields: BTreeMap<String, String> = serde_json::from_value(answer["fields"].clone()).unwrap();
    assert_eq!(fields.keys().collect::<Vec<_>>(), ["max_price", "min_rating", "whither"], "{answer}");
}

#[actix_web::test]
async fn numbers_are_understood_as_people_write_them() {
    let app = TestApp::start(Backend::Sqlite).await;
    let anna = app.sign_in("Anna").await;
    for (written, reward) in [
        (json!("1 500"), 1_500.0),
        (json!("1\u{a0}500,50"), 1_500.5),
        (json!("1\u{202f}500.5"), 1_500.5),
        (json!(7), 7.0),
    ] {
        let package =
            anna.publish_package("Москва", "Казань", json!({ "reward": written, "weight_g": "1 500" })).await;
        assert_eq!(anna.get(&format!("/api/packages/{package}")).await["reward"], json!(reward), "{written}");
    }
    let body = json!({ "from": "Москва", "to": "Казань", "description": "книги", "reward": "1,500" });
    let (status, fields, _) = wrong(&anna, Method::POST, "/api/packages", "en", &body).await;
    assert!(status == 400 && fields["reward"].contains("two ways"), "{fields:?}");
}

/// Anybody who answers twice is told of their own answer, and anybody who was asked, that they were.
#[actix_web::test]
async fn a_courier_who_answers_twice_hears_that_they_did() {
    let app = TestApp::start(Backend::Sqlite).await;
    let (anna, ivan, oleg) =
        (app.sign_in("Anna").await, app.sign_in("Ivan").await, app.sign_in("Oleg").await);
    let package = anna.publish_package("Орёл", "Курск", json!({ "mode": "choose" })).await;
    let trip = ivan.publish_trip("Орёл", "Курск", json!({})).await;
    let path = format!("/api/packages/{package}/responses");
    let respond = async |user: &TestUser, trip: &str| {
        let headers = [("accept-language", "ru")];
        user.call_with(Method::POST, &path, &headers, Some(json!({ "trip_id": trip }))).await
    };
    let (status, _, first) = respond(&ivan, &trip).await;
    assert_eq!(status, StatusCode::CREATED, "{first}");
    let (status, _, again) = respond(&ivan, &trip).await;
    assert_eq!((status.as_u16(), &again["code"]), (409, &json!("already_requested")));
    assert_eq!(again["message"], "Вы уже ответили на эту посылку: ваш ответ ждёт отправителя");

    let other = oleg.publish_trip("Орёл", "Курск", json!({})).await;
    let ask = format!("/api/couriers/{other}/send-package");
    assert_eq!(anna.post(&ask, json!({ "package_id": package })).await.0, StatusCode::CREATED);
    let (_, _, asked) = respond(&oleg, &other).await;
    assert_eq!(asked["message"], "Вас уже спросили об этой посылке: примите или отклоните тот запрос");

    let select = json!({ "response_id": first["response_id"] });
    assert_eq!(anna.post(&format!("/api/packages/{package}/select-courier"), select).await.0, StatusCode::OK);
    let (status, _, had) = respond(&ivan, &trip).await;
    assert_eq!((status.as_u16(), &had["message"]), (409, &json!("Эта посылка уже у вас")));
    let (status, _, late) = respond(&oleg, &other).await;
    assert_eq!((status.as_u16(), &late["message"]), (409, &json!("Посылку уже взял другой курьер")));
}

/// A refusal because of the state says what the state is.
#[actix_web::test]
async fn a_conflict_says_what_the_state_is() {
    let app = TestApp::start(Backend::Sqlite).await;
    let (anna, ivan) = (app.sign_in("Anna").await, app.sign_in("Ivan").await);
    let trip = ivan.publish_trip("Орёл", "Курск", json!({})).await;
    let package = anna.publish_package("Орёл", "Курск", json!({ "mode": "choose" })).await;
    let ask = format!("/api/couriers/{trip}/send-package");
    let (_, sent) = anna.post(&ask, json!({ "package_id": package })).await;
    let request = sent["request_id"].as_str().unwrap();
    let step = async |user: &TestUser, action: &str, language: &str| {
        let path = format!("/api/package-requests/{request}/{action}");
        let headers = [("accept-language", language)];
        user.call_with(Method::PUT, &path, &headers, None).await.2["message"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    };
    assert_eq!(
        step(&ivan, "mark-delivered", "en").await,
        "cannot deliver the package: the request still waits for an answer"
    );
    assert_eq!(step(&ivan, "mark-delivered", "be").await, "Нельзя вручить посылку: запрос ещё ждёт ответа");
    assert_eq!(step(&anna, "accept", "ru").await, "Это может сделать только курьер");
    ivan.step(request, "accept").await;
    assert_eq!(
        step(&anna, "confirm-delivery", "ru").await,
        "Нельзя подтвердить доставку: сделка заключена, но посылка ещё не у курьера"
    );
    ivan.step(request, "mark-delivered").await;
    assert_eq!(step(&ivan, "cancel", "ru").await, "Нельзя отменить сделку: посылка доставлена");

    let body = json!({ "amount": 100, "method": "card" });
    let headers = [("accept-language", "ru")];
    let (status, _, poor) = anna.call_with(Method::POST, "/api/user/withdraw", &headers, Some(body)).await;
    assert_eq!((status.as_u16(), &poor["message"]), (409, &json!("В кошельке не хватает денег")));
}
