//! A sender disputes a delivery, an operator decides.

use peerpack::auth::Role;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{TestApp, TestUser, backends};

struct Dispute {
    anna: TestUser,
    ivan: TestUser,
    request: String,
}

async fn delivered(app: &TestApp) -> Dispute {
    let (anna, ivan) = (app.sign_in("Anna").await, app.sign_in("Ivan").await);
    let trip = ivan.publish_trip("Москва", "Казань", json!({})).await;
    let package = anna.publish_package("Москва", "Казань", json!({ "mode": "choose" })).await;
    let path = format!("/api/couriers/{trip}/send-package");
    let (_, sent) = anna.post(&path, json!({ "package_id": package })).await;
    let request = sent["request_id"].as_str().unwrap().to_owned();
    for step in ["accept", "mark-delivered"] {
        ivan.step(&request, step).await;
    }
    Dispute { anna, ivan, request }
}

async fn dispute(who: &TestUser, request: &str) -> (StatusCode, Value) {
    let path = format!("/api/package-requests/{request}/dispute");
    who.call(Method::PUT, &path, Some(json!({ "reason": "Коробка пуста" }))).await
}

async fn available(who: &TestUser) -> f64 {
    who.get("/api/user/balance").await["balance"]["available"].as_f64().unwrap()
}

#[actix_web::test]
async fn a_disputed_delivery_waits_for_an_operator_who_pays_or_refunds() {
    for backend in backends() {
        let app = TestApp::start(backend).await;
        let admin = app.sign_in_with_role("Olga", Role::Admin).await;
        for (in_favour_of, state, paid, refunded) in
            [("courier", "confirmed", 450.0, 0.0), ("sender", "cancelled", 0.0, 500.0)]
        {
            let Dispute { anna, ivan, request } = delivered(&app).await;
            let (status, refused) = dispute(&ivan, &request).await;
            assert_eq!((status.as_u16(), &refused["code"]), (403, &json!("wrong_party")));
            assert_eq!(dispute(&app.sign_in("Eve").await, &request).await.0, StatusCode::NOT_FOUND);
            let (status, step) = dispute(&anna, &request).await;
            assert_eq!((status, &step["new_status"]), (StatusCode::OK, &json!("disputed")));
            let confirm = format!("/api/package-requests/{request}/confirm-delivery");
            assert_eq!(anna.put(&confirm).await.0, StatusCode::CONFLICT, "it is the operator's now");
            let listed = admin.get("/api/admin/disputes").await;
            let listed = listed["disputes"].as_array().unwrap();
            assert_eq!(listed.len(), 1);
            let words = [&listed[0]["id"], &listed[0]["reason"], &listed[0]["sender_name"]];
            assert_eq!(words, [&json!(request), &json!("Коробка пуста"), &json!("Anna")]);
            assert_eq!((available(&ivan).await, available(&anna).await), (0.0, 0.0));

            let path = format!("/api/admin/disputes/{request}/resolve");
            let body = json!({ "in_favour_of": in_favour_of });
            assert_eq!(anna.post(&path, body.clone()).await.0, StatusCode::FORBIDDEN);
            for _ in 0..2 {
                let (status, step) = admin.post(&path, body.clone()).await;
                assert_eq!((status, &step["new_status"]), (StatusCode::OK, &json!(state)), "{step}");
            }
            let other = if in_favour_of == "sender" { "courier" } else { "sender" };
            let (status, _) = admin.post(&path, json!({ "in_favour_of": other })).await;
            assert!(status.is_client_error(), "decided once: {status}");
            assert_eq!((available(&ivan).await, available(&anna).await), (paid, refunded));
            assert_eq!(admin.get("/api/admin/disputes").await["disputes"], json!([]));
            app.audit().await;
        }
    }
}
