//! An order that is placed again by the same call is the same order.

use futures_util::future::join_all;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{Town, ride};
use crate::support::{TestUser, backends};

async fn place(who: &TestUser, path: &str, key: &str, body: &Value) -> (StatusCode, bool, Value) {
    let headers = [("idempotency-key", key)];
    let (status, headers, body) = who.call_with(Method::POST, path, &headers, Some(body.clone())).await;
    (status, headers.get("idempotent-replayed").is_some_and(|value| value == "true"), body)
}

#[actix_web::test]
async fn equal_calls_at_once_place_one_order() {
    for backend in backends() {
        let town = Town::open(backend).await;
        let (passenger, anna) = (town.passenger(1).await, town.app.sign_in("Anna").await);
        let of_desk = ride(json!({ "passenger_id": passenger.number }));
        let own = ride(json!({}));
        let calls = [
            (&town.desk, "/api/orders/", &of_desk, "submitted", 0),
            (&anna, "/api/mobile/orders/create/", &own, "matching", 1),
            (&passenger.user, "/api/orders/", &own, "matching", 1),
        ];
        for (n, (who, path, body, status, steps)) in calls.into_iter().enumerate() {
            let answers = join_all((0..20).map(|_| place(who, path, "tap", body))).await;
            for (answer, _, told) in &answers {
                match answer.as_u16() {
                    201 => assert_eq!(told["status"], status, "{told}"),
                    409 => assert_eq!(told["code"], "in_progress", "{told}"),
                    _ => panic!("{answer}: {told}"),
                }
            }
            let (answer, replayed, told) = place(who, path, "tap", body).await;
            assert!(answer == StatusCode::CREATED && replayed, "{answer}: {told}");
            let first: Vec<_> = answers.iter().filter(|answer| answer.0 == StatusCode::CREATED).collect();
            assert!(first.iter().all(|answer| answer.2 == told));
            assert_eq!(first.iter().filter(|answer| !answer.1).count(), 1);
            assert_eq!(town.desk.get("/api/orders/").await["count"], n + 1);
            let events = format!("/api/orders/{}/events/", told["id"].as_str().unwrap());
            let events = town.desk.get(&events).await;
            let begun = events.as_array().unwrap().iter().filter(|step| step["status_from"] == "submitted");
            assert_eq!(begun.count(), steps, "{events}");
            // Another order under the same key is refused, and what was refused can be tried again.
            let mut other = body.clone();
            other["note"] = json!("другой");
            let (answer, _, refused) = place(who, path, "tap", &other).await;
            assert_eq!((answer.as_u16(), &refused["code"]), (422, &json!("key_reused")), "{refused}");
            other["pickup_lat"] = json!(10.0);
            assert_eq!(place(who, path, "wrong", &other).await.0, StatusCode::UNPROCESSABLE_ENTITY);
            assert_eq!(town.desk.get("/api/orders/").await["count"], n + 1);
        }
        // Without a key every call is another order.
        let (_, first) = anna.post("/api/mobile/orders/create/", own.clone()).await;
        let (_, second) = anna.post("/api/mobile/orders/create/", own.clone()).await;
        assert_ne!(first["id"], second["id"]);
    }
}
