//! X-19c and: texts, ids and steps that are meant to confuse, and what there is not.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Backend, TestApp, backends};

#[actix_web::test]
async fn x_19c_texts_come_back_as_they_were_sent() {
    for backend in backends() {
        let app = TestApp::start(backend).await;
        let anna = app.sign_in("Anna").await;
        for text in [
            "'; DROP TABLE packages; --",
            "<script>alert(1)</script> & \"quotes\"",
            "\u{202e}наоборот\u{202c}",
            "не\u{200b}видимо",
            "%s %n {} ${jndi:ldap://x} {{7*7}}",
            "👩‍👩‍👧‍👦",
        ] {
            let id =
                anna.publish_package("Орёл", "Курск", json!({ "description": text, "mode": "choose" })).await;
            assert_eq!(anna.get(&format!("/api/packages/{id}")).await["description"], text);
        }
        for (lat, lon) in [(91.0, 0.0), (0.0, 181.0), (-90.1, 0.0)] {
            let body = json!({ "from": "Орёл", "to": "Курск", "description": "книги", "pickup": { "lat": lat, "lon": lon } });
            assert_eq!(anna.post("/api/packages", body).await.0.as_u16(), 422, "{lat} {lon}");
        }
        for name in ["", "   ", &"ы".repeat(10_000)] {
            let change = Some(json!({ "name": name }));
            let (status, body) = anna.call(Method::PATCH, "/api/user/profile", change).await;
            assert_eq!(status.as_u16(), 422, "{body}");
        }
    }
}

#[actix_web::test]
async fn x_44_ids_say_nothing_about_how_many_there_are() {
    let app = TestApp::start(Backend::Sqlite).await;
    let (anna, ivan) = (app.sign_in("Anna").await, app.sign_in("Ivan").await);
    let mut ids = vec![anna.id.clone(), ivan.id.clone()];
    for _ in 0..3 {
        ids.push(anna.publish_package("Орёл", "Курск", json!({ "mode": "choose" })).await);
        ids.push(ivan.publish_trip("Орёл", "Курск", json!({})).await);
    }
    let mut random = Vec::new();
    for id in &ids {
        let id: uuid::Uuid = id.parse().unwrap();
        assert_eq!(id.get_version_num(), 7, "{id}");
        random.push(u128::from_be_bytes(*id.as_bytes()) & ((1 << 62) - 1));
    }
    random.sort_unstable();
    assert!(random.windows(2).all(|pair| pair[1] - pair[0] > 1 << 20), "{random:?}");
}

#[actix_web::test]
async fn x_51_and_x_53_money_moves_once_no_matter_who_asks_and_how_often() {
    for backend in backends() {
        let app = TestApp::start(backend).await;
        let (anna, ivan, eve) =
            (app.sign_in("Anna").await, app.sign_in("Ivan").await, app.sign_in("Eve").await);
        let trip = ivan.publish_trip("Орёл", "Курск", json!({})).await;
        let body = json!({ "message": "Возьмёте?", "reward": 1000, "packageDescription": "Торт" });
        let (_, sent) = anna.post(&format!("/api/couriers/{trip}/send-package"), body).await;
        let request = sent["request_id"].as_str().unwrap();
        let path = |action: &str| format!("/api/package-requests/{request}/{action}");
        let code = async |who: &crate::support::TestUser, action: &str| {
            let (status, body) = who.put(&path(action)).await;
            (status.as_u16(), body["code"].as_str().unwrap_or_default().to_owned())
        };
        assert_eq!(code(&anna, "confirm-delivery").await, (409, "illegal_transition".into()));
        ivan.step(request, "accept").await;
        assert_eq!(code(&anna, "confirm-delivery").await, (409, "illegal_transition".into()));
        ivan.step(request, "mark-delivered").await;
        // By the wrong party, and back.
        assert_eq!(code(&ivan, "confirm-delivery").await, (403, "wrong_party".into()));
        assert_eq!(code(&eve, "confirm-delivery").await, (404, "not_found".into()));
        assert_eq!(code(&anna, "cancel").await.0, 409);
        assert_eq!(code(&ivan, "cancel").await.0, 409);
        let confirm = path("confirm-delivery");
        let all = futures_util::future::join_all((0..10).map(|_| anna.put(&confirm))).await;
        for (status, answer) in all {
            // Of ten at once, those that meet the running one are told to come again.
            let in_progress = (status.as_u16(), answer["code"].as_str()) == (409, Some("in_progress"));
            assert!(status.is_success() || in_progress, "{status}: {answer}");
        }
        // A refund after the release: there is none.
        for who in [&anna, &ivan] {
            for action in ["cancel", "decline", "accept", "pickup"] {
                let (status, _) = who.put(&path(action)).await;
                assert!([200, 403, 409].contains(&status.as_u16()), "{action}: {status}");
            }
        }
        assert_eq!(
            anna.put(&format!("/api/packages/{}/cancel", sent["package_id"].as_str().unwrap()))
                .await
                .0
                .as_u16(),
            409
        );
        let balance = ivan.get("/api/user/balance").await["balance"].clone();
        assert_eq!(
            balance,
            json!({ "available": 900.0, "frozen": 0.0, "pending": 0.0, "reserved": 0.0, "total": 900.0 })
        );
        app.audit().await;
    }
}

/// Nothing of a package or a trip can be edited: there is no such route, so no deal can be changed after it
/// was made.
#[actix_web::test]
async fn x_55_nothing_is_edited_after_the_deal() {
    let app = TestApp::start(Backend::Sqlite).await;
    let (anna, ivan) = (app.sign_in("Anna").await, app.sign_in("Ivan").await);
    let trip = ivan.publish_trip("Орёл", "Курск", json!({})).await;
    let body = json!({ "message": "Возьмёте?", "reward": 1000, "packageDescription": "Торт" });
    let (_, sent) = anna.post(&format!("/api/couriers/{trip}/send-package"), body).await;
    ivan.step(sent["request_id"].as_str().unwrap(), "accept").await;
    let package = format!("/api/packages/{}", sent["package_id"].as_str().unwrap());
    let before = anna.get(&package).await;
    for method in [Method::PUT, Method::PATCH, Method::POST, Method::DELETE] {
        for (who, path) in [(&anna, &package), (&ivan, &format!("/api/trips/{trip}"))] {
            let edit = Some(json!({ "reward": 1, "weight_g": 1, "price": 1 }));
            assert_eq!(who.call(method.clone(), path, edit).await.0.as_u16(), 405, "{method} {path}");
        }
    }
    assert_eq!(anna.get(&package).await, before);
    // Nor by a template of one's own making: the same sender cannot be asked to hold less.
    let again = json!({ "price": 1, "trip_id": trip });
    assert_eq!(ivan.post(&format!("{package}/responses"), again).await.0.as_u16(), 409);
    app.audit().await;
}

/// there are no promotions; X-57: no picture is fetched from anywhere.
#[actix_web::test]
async fn x_56_and_x_57_what_there_is_not_cannot_be_abused() {
    let app = TestApp::start(Backend::Sqlite).await;
    let anna = app.sign_in("Anna").await;
    for path in ["/api/promo", "/api/referral", "/api/user/referral", "/api/promo/redeem"] {
        assert_eq!(anna.post(path, json!({ "code": "X" })).await.0.as_u16(), 404, "{path}");
    }
    for url in [
        "http://127.0.0.1/",
        "http://169.254.169.254/latest/meta-data",
        "file:///etc/passwd",
        "https://evil.example/redirect",
    ] {
        for field in ["avatar", "avatar_url", "photo_url"] {
            let change = Some(json!({ field: url }));
            let (status, body): (_, Value) = anna.call(Method::PATCH, "/api/user/profile", change).await;
            assert_eq!((status.as_u16(), &body["code"]), (400, &json!("bad_request")), "{field}");
        }
    }
}
