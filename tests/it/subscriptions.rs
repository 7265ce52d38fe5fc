//! Standing questions: a person who has asked is told in the moment of the publication, on any node.

use peerpack_actors::stream::StreamEvent;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{Backend, TestApp, TestUser, backends, eventually};

async fn ask(user: &TestUser, wanted: &str, from: &str, to: &str) -> Value {
    let body = json!({ "wanted": wanted, "from": from, "to": to });
    let (status, answer) = user.post_patiently("/api/subscriptions", body).await;
    assert_eq!(status, StatusCode::CREATED, "{answer}");
    answer
}

#[actix_web::test]
async fn a_person_who_has_asked_hears_of_a_trip_and_of_a_package_on_their_way() {
    for backend in backends() {
        let app = TestApp::start(backend).await;
        let (anna, ivan, petr) =
            (app.sign_in("Анна").await, app.sign_in("Иван").await, app.sign_in("Пётр").await);
        let asked = ask(&anna, "trips", "Владимир", "Казань").await;
        ask(&petr, "packages", "Владимир", "Казань").await;
        let (mut annas, mut petrs) = (anna.connect().await, petr.connect().await);
        // It passes both places, in their order.
        let trip = ivan.publish_trip("Москва", "Казань", json!({})).await;
        ivan.publish_trip("Казань", "Москва", json!({})).await;
        let found = annas
            .event("subscription.matched", |event| match event {
                StreamEvent::SubscriptionMatched(found) => Some(found.clone()),
                _ => None,
            })
            .await;
        assert_eq!(found.subscription_id.to_string(), asked["subscription_id"].as_str().unwrap());
        assert_eq!(found.trip.as_ref().unwrap().id.to_string(), trip);
        let package = ivan.publish_package("Владимир", "Казань", json!({})).await;
        let found = petrs
            .event("subscription.matched", |event| match event {
                StreamEvent::SubscriptionMatched(found) => Some(found.clone()),
                _ => None,
            })
            .await;
        assert_eq!(found.package.as_ref().unwrap().id.to_string(), package);
        for (user, words) in [(&anna, "Новый курьер на маршруте"), (&petr, "Посылка по вашей подписке")]
        {
            let list = user.get("/api/user/notifications").await;
            let one = &list["notifications"][0];
            assert_eq!((&one["type"], &one["title"]), (&json!("subscription_matched"), &json!(words)));
            assert_eq!(list["notifications"].as_array().unwrap().len(), 1);
        }
        // Asked once, told once in a while; and not of what is one's own.
        ivan.publish_trip("Москва", "Казань", json!({})).await;
        ask(&ivan, "trips", "Москва", "Казань").await;
        ivan.publish_trip("Москва", "Казань", json!({})).await;
        assert_eq!(anna.get("/api/user/notifications").await["unread_count"], 1);
        assert_eq!(ivan.get("/api/user/notifications").await["unread_count"], 0);
        app.audit().await;
    }
}

#[actix_web::test]
async fn a_question_can_be_taken_back_and_survives_a_restart_until_then() {
    let app = TestApp::start(Backend::Sqlite).await;
    let (anna, boris) = (app.sign_in("Анна").await, app.sign_in("Борис").await);
    let first = ask(&anna, "trips", "Тула", "Орёл").await;
    let second = ask(&boris, "trips", "Тула", "Орёл").await;
    let foreign = format!("/api/subscriptions/{}", first["subscription_id"].as_str().unwrap());
    assert_eq!(boris.call(Method::DELETE, &foreign, None).await.0, StatusCode::NOT_FOUND);
    let own = format!("/api/subscriptions/{}", second["subscription_id"].as_str().unwrap());
    assert_eq!(boris.call(Method::DELETE, &own, None).await.0, StatusCode::OK);
    assert_eq!(boris.call(Method::DELETE, &own, None).await.0, StatusCode::NOT_FOUND);
    let app = app.restart().await;
    let (anna, boris) = (anna.at(&app), boris.at(&app));
    assert_eq!(boris.get("/api/subscriptions").await, json!({ "subscriptions": [] }));
    assert_eq!(anna.get("/api/subscriptions").await["subscriptions"][0]["from_ru"], "Тула");
    let ivan = app.sign_in("Иван").await;
    ivan.publish_trip("Тула", "Орёл", json!({})).await;
    let told = eventually("a notification", async || {
        let list = anna.get("/api/user/notifications").await;
        (list["unread_count"] == 1).then_some(list)
    })
    .await;
    assert_eq!(told["notifications"][0]["type"], "subscription_matched");
    assert_eq!(boris.get("/api/user/notifications").await["unread_count"], 0);
}

#[actix_web::test]
async fn questions_that_make_no_sense_are_refused_and_so_is_the_twenty_first() {
    for backend in backends() {
        let app = TestApp::start(backend).await;
        let anna = app.sign_in("Анна").await;
        let now = app.app.clock.now();
        let at = |days: i64| (now + peerpack_actors::time::Span::days(days)).to_string();
        for (change, status) in [
            (json!({ "to": "Тула" }), StatusCode::UNPROCESSABLE_ENTITY),
            (json!({ "until": at(-1) }), StatusCode::UNPROCESSABLE_ENTITY),
            (json!({ "until": at(91) }), StatusCode::UNPROCESSABLE_ENTITY),
            (json!({ "since": at(5), "until": at(4) }), StatusCode::UNPROCESSABLE_ENTITY),
            (json!({ "from": "Китеж-град" }), StatusCode::UNPROCESSABLE_ENTITY),
            (json!({ "wanted": "weather" }), StatusCode::BAD_REQUEST),
        ] {
            let mut body = json!({ "wanted": "trips", "from": "Тула", "to": "Орёл" });
            for (key, value) in change.as_object().unwrap() {
                body[key] = value.clone();
            }
            let (got, answer) = anna.post("/api/subscriptions", body).await;
            assert_eq!(got, status, "{change}: {answer}");
        }
        let asked = (0..25).map(|_| {
            let body = json!({ "wanted": "trips", "from": "Тула", "to": "Орёл", "until": at(3) });
            anna.post("/api/subscriptions", body)
        });
        let statuses = futures_util::future::join_all(asked.collect::<Vec<_>>()).await;
        let made = statuses.iter().filter(|(status, _)| *status == StatusCode::CREATED).count();
        assert_eq!(made, 20);
        let refused = statuses.iter().find(|(status, _)| *status == StatusCode::CONFLICT).unwrap();
        assert_eq!(refused.1["code"], "too_many_subscriptions");
    }
}
