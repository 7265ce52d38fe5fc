//! Codes at the pickup and at the delivery, and the link by which a receiver follows the package.

use peerpack_actors::runtime::RuntimeSettings;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Backend, TestApp, TestUser, backends};

/// A deal over a package that asks for codes.
async fn deal(app: &TestApp) -> (TestUser, TestUser, String, String) {
    let (anna, ivan) = (app.sign_in("Анна").await, app.sign_in("Иван Иванов").await);
    let trip = ivan.publish_trip("Орёл", "Курск", json!({})).await;
    let package =
        anna.publish_package("Орёл", "Курск", json!({ "mode": "choose", "hand_over_codes": true })).await;
    let path = format!("/api/couriers/{trip}/send-package");
    let (_, sent) = anna.post(&path, json!({ "package_id": package })).await;
    let request = sent["request_id"].as_str().unwrap().to_owned();
    ivan.step(&request, "accept").await;
    (anna, ivan, package, request)
}

#[actix_web::test]
async fn a_courier_knows_of_codes_times_and_pay_before_the_first_step() {
    for backend in backends() {
        let app = TestApp::start(backend).await;
        let (anna, ivan) = (app.sign_in("Анна").await, app.sign_in("Иван").await);
        let trip = ivan.publish_trip("Владивосток", "Москва", json!({ "transportType": "plane" })).await;
        let mut ivans = ivan.connect().await;
        let coded = json!({ "hand_over_codes": true, "reward": 1500 });
        let package = anna.publish_package("Владивосток", "Москва", coded).await;
        let offer = ivans.offer(&package).await;
        assert!(offer.hand_over_codes);

        let asked = ivan.get(&format!("/api/trips/{trip}/package-requests")).await;
        let request = &asked["requests"][0];
        assert_eq!(request["hand_over_codes"], true);
        assert_eq!((&request["reward"], &request["payout"]), (&json!(1500.0), &json!(1350.0)));
        let (pickup, dropoff) = (&request["pickup"], &request["dropoff"]);
        assert_eq!(
            (&pickup["place"]["name_ru"], &pickup["place"]["name_en"]),
            (&json!("Владивосток"), &json!("Vladivostok"))
        );
        assert_eq!(
            (&pickup["place"]["tz"], &dropoff["place"]["tz"]),
            (&json!("Asia/Vladivostok"), &json!("Europe/Moscow"))
        );
        assert_eq!((&pickup["eta"], &dropoff["eta"]), (&json!(offer.pickup.eta), &json!(offer.dropoff.eta)));

        assert_eq!(request["pickup_address"], "", "where people live is for anybody who carries the package");
        ivan.step(request["id"].as_str().unwrap(), "accept").await;
        let asked = ivan.get(&format!("/api/trips/{trip}/package-requests")).await;
        assert_eq!(asked["requests"][0]["pickup_address"], "ул. Ленина, 1");

        let plain = anna.publish_package("Владивосток", "Москва", json!({})).await;
        assert!(!ivans.offer(&plain).await.hand_over_codes);
    }
}

/// Names in both languages, so that a client shows its reader's, with the id and the clock of the place.
#[actix_web::test]
async fn places_are_told_by_both_their_names() {
    for backend in backends() {
        let app = TestApp::start(backend).await;
        let (anna, ivan) = (app.sign_in("Анна").await, app.sign_in("Иван").await);
        let trip = ivan.publish_trip("Орёл", "Курск", json!({})).await;
        let package = anna.publish_package("Орёл", "Курск", json!({ "mode": "choose" })).await;
        let found = ivan.get(&format!("/api/packages?trip_id={trip}")).await["packages"][0].clone();
        let shown = ivan.get(&format!("/api/trips/{trip}")).await;
        for view in [&anna.get(&format!("/api/packages/{package}")).await, &found, &shown] {
            for (end, russian, english) in [("from", "Орёл", "Oryol"), ("to", "Курск", "Kursk")] {
                let place = &view[format!("{end}_place")];
                assert_eq!((&view[end], &place["name_ru"]), (&json!(russian), &json!(russian)), "{view}");
                assert_eq!((&place["name_en"], &place["tz"]), (&json!(english), &json!("Europe/Moscow")));
                assert!(place["id"].is_u64() && place["lat"].is_f64(), "{place}");
            }
        }
        let stop = &shown["itinerary"][1];
        assert_eq!((&stop["name_ru"], &stop["name_en"]), (&json!("Курск"), &json!("Kursk")));
        let meeting = &found["pickup"];
        assert_eq!((&meeting["place"], &meeting["name_en"]), (&json!("Орёл"), &json!("Oryol")));
    }
}

async fn step(who: &TestUser, request: &str, action: &str, body: Value) -> (u16, Value) {
    let path = format!("/api/package-requests/{request}/{action}");
    let (status, answer) = who.call(Method::PUT, &path, Some(body)).await;
    (status.as_u16(), answer)
}

#[actix_web::test]
async fn a_package_changes_hands_only_with_its_codes() {
    for backend in backends() {
        let app = TestApp::start(backend).await;
        let (anna, ivan, _, request) = deal(&app).await;
        let path = format!("/api/package-requests/{request}/codes");
        let codes = anna.get(&path).await;
        let code = |of: &str| codes[of]["code"].as_str().unwrap().to_owned();
        let (pickup, delivery) = (code("pickup"), code("delivery"));
        assert!(pickup.len() == 6 && pickup.bytes().all(|byte| byte.is_ascii_digit()), "{pickup}");
        assert_eq!(codes["pickup"]["qr"], format!("peerpack:pickup:{request}:{pickup}"));
        // Only the party that has to show them sees them.
        assert_eq!(ivan.call(Method::GET, &path, None).await.0.as_u16(), 404);
        assert_eq!(app.sign_in("Eve").await.call(Method::GET, &path, None).await.0.as_u16(), 404);

        let (status, refused) = step(&ivan, &request, "pickup", json!({})).await;
        assert_eq!((status, &refused["fields"]["code"].is_string()), (422, &true), "{refused}");
        assert_eq!(step(&ivan, &request, "mark-delivered", json!({ "code": delivery })).await.0, 409);
        assert_eq!(step(&anna, &request, "pickup", json!({ "code": pickup })).await.0, 403);
        assert_eq!(step(&ivan, &request, "pickup", json!({ "code": pickup })).await.0, 200);
        assert_eq!(step(&ivan, &request, "pickup", json!({ "code": pickup })).await.0, 200, "again");
        let codes = anna.get(&path).await;
        assert!(codes["pickup"].is_null() && codes["delivery"]["code"] == delivery);
        let wrong = if delivery == "000000" { "000001" } else { "000000" };
        assert_eq!(step(&ivan, &request, "mark-delivered", json!({ "code": wrong })).await.0, 403);
        assert_eq!(step(&ivan, &request, "mark-delivered", json!({ "code": delivery })).await.0, 200);
        anna.step(&request, "confirm-delivery").await;
        app.audit().await;
    }
}

/// Five wrong codes, and the right one comes too late for a while. Past HTTP there is no way around either.
#[actix_web::test]
async fn x_50_codes_are_not_to_be_guessed() {
    for backend in backends() {
        let app = TestApp::start(backend).await;
        let (anna, ivan, _, request) = deal(&app).await;
        let codes = anna.get(&format!("/api/package-requests/{request}/codes")).await;
        let pickup = codes["pickup"]["code"].as_str().unwrap();
        let wrong = if pickup == "000000" { "000001" } else { "000000" };
        for _ in 0..5 {
            assert_eq!(step(&ivan, &request, "pickup", json!({ "code": wrong })).await.0, 403);
        }
        assert_eq!(step(&ivan, &request, "pickup", json!({ "code": pickup })).await.0, 429);
        app.behind_its_back("UPDATE hand_over_attempts SET last_at = last_at - 1000000").await;
        assert_eq!(step(&ivan, &request, "pickup", json!({ "code": pickup })).await.0, 200);

        let command =
            peerpack_actors::market::request::RequestCommand::Deliver { by: ivan.id.parse().unwrap() };
        let refused = app.app.engine.request(request.parse().unwrap(), command).await.unwrap_err();
        assert!(refused.to_string().contains("code"), "{refused}");
    }
}

#[actix_web::test]
async fn a_person_with_the_link_sees_where_the_package_is_and_no_more() {
    let app = TestApp::start(Backend::Sqlite).await;
    let (anna, ivan, package, request) = deal(&app).await;
    let path = format!("/api/packages/{package}/tracking-link");
    assert_eq!(ivan.post(&path, json!({})).await.0.as_u16(), 404);
    let (status, link) = anna.post_patiently(&path, json!({})).await;
    assert_eq!(status.as_u16(), 201, "{link}");
    let (json_path, page) = (link["json_path"].as_str().unwrap(), link["path"].as_str().unwrap());
    let nobody = app.anonymous();
    let seen = nobody.get(json_path).await;
    let mut fields: Vec<_> = seen.as_object().unwrap().keys().cloned().collect();
    fields.sort();
    assert_eq!(fields, ["courier_name", "expected", "expected_at", "from", "since", "state", "to", "to_tz"]);
    assert_eq!((&seen["state"], &seen["courier_name"]), (&json!("assigned"), &json!("Иван")));
    let (status, headers, body) = nobody.call_with(Method::GET, page, &[], None).await;
    assert_eq!(status.as_u16(), 200);
    assert!(headers["content-type"].to_str().unwrap().starts_with("text/html"));
    let text = body.as_str().unwrap();
    assert!(text.contains("Орёл → Курск") && !text.contains("Иванов") && !text.contains("Ленина"));
    assert!(
        headers["content-security-policy"]
            .to_str()
            .unwrap()
            .starts_with("default-src 'none'; style-src 'sha256-")
    );
    let (status, headers, body) = nobody.call_with(Method::GET, &format!("{page}0"), &[], None).await;
    assert_eq!(status.as_u16(), 404);
    assert!(headers["content-type"].to_str().unwrap().starts_with("text/html"));
    assert!(body.as_str().unwrap().contains("Ссылка не действует"), "a person reads this");
    for (at, with) in [(json_path.len() - 1, "x"), (15, "0"), (60, "9")] {
        let mut forged = json_path.to_owned();
        forged.replace_range(at..=at, with);
        if forged != json_path {
            assert_eq!(nobody.call(Method::GET, &forged, None).await.0.as_u16(), 404, "{forged}");
        }
    }
    let codes = anna.get(&format!("/api/package-requests/{request}/codes")).await;
    step(&ivan, &request, "pickup", json!({ "code": codes["pickup"]["code"] })).await;
    let seen = nobody.get(json_path).await;
    assert_eq!((&seen["state"], &seen["code"]), (&json!("in_transit"), &codes["delivery"]["code"]));
    let delivered = step(&ivan, &request, "mark-delivered", json!({ "code": seen["code"] })).await;
    assert_eq!(delivered.0, 200);
    assert_eq!(nobody.get(json_path).await.get("code"), None, "nobody needs it any more");
}

#[actix_web::test]
async fn the_word_about_the_contents_is_demanded_where_the_operator_wants_it() {
    let data = tempfile::tempdir().unwrap();
    let settings = [("PEERPACK_CONFIRM_CONTENTS", "true")];
    let app = TestApp::start_on(data, None, &settings, RuntimeSettings::default()).await;
    let anna = app.sign_in("Anna").await;
    let body = |confirmed: Value| json!({ "from": "Орёл", "to": "Курск", "description": "книги", "contents_confirmed": confirmed });
    for (word, status) in [(json!(null), 422), (json!(false), 422), (json!(true), 201)] {
        let (got, answer) = anna.post("/api/packages", body(word.clone())).await;
        assert_eq!(got.as_u16(), status, "{word}: {answer}");
    }
}
