//! A sender asks a courier: whom the engine has asked already, and for a parcel that was published a moment
//! ago.

use futures_util::future::join_all;
use peerpack_actors::market::request::Origin;
use peerpack_actors::stream::StreamEvent;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::support::{TestApp, TestUser, backends};

async fn requests_on(courier: &TestUser, trip: &str) -> Vec<Value> {
    let found = courier.get(&format!("/api/trips/{trip}/package-requests")).await;
    found["requests"].as_array().unwrap().clone()
}

async fn packages(sender: &TestUser) -> Vec<Value> {
    sender.get("/api/user/packages").await["packages"].as_array().unwrap().clone()
}

#[actix_web::test]
async fn the_engines_offer_turns_into_the_senders_request() {
    for backend in backends() {
        let app = TestApp::start(backend).await;
        let (anna, ivan) = (app.sign_in("Анна").await, app.sign_in("Иван").await);
        let trip = ivan.publish_trip("Москва", "Казань", json!({})).await;
        let mut ivans = ivan.connect().await;
        let package = anna.publish_package("Москва", "Казань", json!({})).await;
        let offer = ivans.offer(&package).await.request_id.to_string();

        let path = format!("/api/couriers/{trip}/send-package");
        let body = json!({ "package_id": package, "message": "Очень прошу" });
        let (status, sent) = anna.post(&path, body.clone()).await;
        let expected = json!({ "success": true, "request_id": offer, "package_id": package });
        assert_eq!((status, &sent), (StatusCode::CREATED, &expected));
        assert_eq!(anna.post(&path, body).await, (status, expected), "once more changes nothing");
        let other = json!({ "package_id": package, "message": "Ну пожалуйста" });
        let (status, refused) = anna.post(&path, other).await;
        assert_eq!((status.as_u16(), &refused["code"]), (409, &json!("already_requested")));
        let by_courier = json!({ "courier_id": ivan.id, "message": "Очень прошу" });
        let (status, asked) =
            anna.post(&format!("/api/packages/{package}/send-to-courier"), by_courier).await;
        assert_eq!((status, &asked["request_id"]), (StatusCode::CREATED, &json!(offer)));

        let heard = ivans
            .event("request.new", |event| match event {
                StreamEvent::RequestNew(change) => Some(change.clone()),
                _ => None,
            })
            .await;
        assert_eq!((heard.request_id.to_string(), heard.origin), (offer.clone(), Origin::Sender));
        assert_eq!(heard.message.as_deref(), Some("Очень прошу"));
        let requests = requests_on(&ivan, &trip).await;
        assert_eq!(requests.len(), 1);
        assert_eq!(
            (
                &requests[0]["id"],
                &requests[0]["origin"],
                &requests[0]["message"],
                requests[0].get("expires_at")
            ),
            (&json!(offer), &json!("sender"), &json!("Очень прошу"), None)
        );
        let response = &packages(&anna).await[0]["responses"][0];
        assert_eq!((&response["message"], &response["comment"]), (&json!("Очень прошу"), &json!("")));

        assert_eq!(ivan.step(&offer, "accept").await["new_status"], "accepted");
        // Sent again, and picked: what is so already.
        let body = json!({ "package_id": package, "message": "Очень прошу" });
        let (status, sent) = anna.post(&path, body).await;
        assert_eq!((status, &sent["request_id"]), (StatusCode::CREATED, &json!(offer)));
        let path = format!("/api/packages/{package}/select-courier");
        for _ in 0..2 {
            let (status, picked) = anna.post(&path, json!({ "response_id": offer })).await;
            assert_eq!((status, &picked["escrow_info"]["amount_frozen"]), (StatusCode::OK, &json!(500.0)));
        }
        assert_eq!(ivan.get("/api/user/balance").await["balance"]["frozen"], 500.0);
        app.audit().await;
    }
}

#[actix_web::test]
async fn a_courier_with_several_trips_is_asked_for_the_one_that_was_offered() {
    for backend in backends() {
        let app = TestApp::start(backend).await;
        let (anna, ivan) = (app.sign_in("Анна").await, app.sign_in("Иван").await);
        ivan.publish_trip("Москва", "Казань", json!({ "date": crate::support::day(3), "capacity_g": 500 }))
            .await;
        let roomy = ivan.publish_trip("Москва", "Казань", json!({ "date": crate::support::day(4) })).await;
        let mut ivans = ivan.connect().await;
        let package = anna.publish_package("Москва", "Казань", json!({})).await;
        let offer = ivans.offer(&package).await;
        assert_eq!(offer.trip_id.to_string(), roomy);
        // Soonest first, this one would be asked.
        ivan.publish_trip("Москва", "Казань", json!({})).await;
        let body = json!({ "package_id": package, "message": "" });
        let (status, sent) = anna.post(&format!("/api/couriers/{}/send-package", ivan.id), body).await;
        assert_eq!(
            (status, &sent["request_id"]),
            (StatusCode::CREATED, &json!(offer.request_id.to_string()))
        );
        app.audit().await;
    }
}

#[actix_web::test]
async fn a_parcel_that_is_described_again_is_not_sent_twice() {
    for backend in backends() {
        let app = TestApp::start(backend).await;
        let (anna, ivan, oleg) =
            (app.sign_in("Анна").await, app.sign_in("Иван").await, app.sign_in("Олег").await);
        let trip = ivan.publish_trip("Москва", "Казань", json!({})).await;
        let another = oleg.publish_trip("Москва", "Казань", json!({})).await;
        let elsewhere = oleg.publish_trip("Самара", "Уфа", json!({})).await;
        let package =
            anna.publish_package("Москва", "Казань", json!({ "description": "Торт", "reward": 700 })).await;
        let flat =
            |message: &str| json!({ "message": message, "reward": 700, "packageDescription": "Торт " });
        let send = async |trip: &str, body: Value| {
            let (status, sent) =
                anna.post_patiently(&format!("/api/couriers/{trip}/send-package"), body).await;
            assert_eq!(status, StatusCode::CREATED, "{sent}");
            (sent["package_id"].clone(), sent["request_id"].clone())
        };
        // All at once, and to two couriers: one parcel.
        let first = send(&trip, flat("Возьмёте?")).await;
        assert_eq!(first.0, json!(package));
        let sent = join_all((0..6).map(|_| send(&trip, flat("Возьмёте?")))).await;
        assert!(sent.iter().all(|one| *one == first), "{sent:?}");
        let second = send(&another, flat("Возьмёте?")).await;
        assert_eq!(second.0, json!(package));
        assert_ne!(second.1, first.1);
        assert_eq!(packages(&anna).await.len(), 1);
        // Another reward, another way, or said to be new: another parcel.
        let cheaper = json!({ "message": "", "reward": 650, "packageDescription": "Торт" });
        assert_ne!(send(&trip, cheaper).await.0, json!(package));
        assert_ne!(send(&elsewhere, flat("")).await.0, json!(package));
        let new = json!({ "is_new_package": true, "package_data": { "description": "Торт", "reward": 700 } });
        assert_ne!(send(&trip, new).await.0, json!(package));
        assert_eq!(packages(&anna).await.len(), 4);
        // One deal freezes its money once.
        ivan.step(first.1.as_str().unwrap(), "accept").await;
        assert_eq!(ivan.get("/api/user/balance").await["balance"]["frozen"], 700.0);
        app.audit().await;
    }
}

#[actix_web::test]
async fn a_courier_is_asked_for_a_parcel_on_the_trip_that_it_suits_and_for_no_other_one() {
    for backend in backends() {
        let app = TestApp::start(backend).await;
        let (anna, ivan) = (app.sign_in("Анна").await, app.sign_in("Иван").await);
        // The soonest goes another way.
        ivan.publish_trip("Самара", "Уфа", json!({ "date": crate::support::day(1) })).await;
        let trip = ivan.publish_trip("Москва", "Казань", json!({})).await;
        let later = ivan.publish_trip("Москва", "Казань", json!({ "date": crate::support::day(4) })).await;
        let more = json!({ "description": "Торт", "reward": 700, "mode": "choose" });
        let package = anna.publish_package("Москва", "Казань", more).await;
        let path = format!("/api/couriers/{}/send-package", ivan.id);
        // No reward is named: any will do.
        let flat = json!({ "message": "Возьмёте?", "packageDescription": "Торт" });
        let (status, sent) = anna.post(&path, flat.clone()).await;
        assert_eq!((status, &sent["package_id"]), (StatusCode::CREATED, &json!(package)), "{sent}");
        assert_eq!(requests_on(&ivan, &trip).await[0]["id"], sent["request_id"]);
        let key = [("idempotency-key", "k")];
        for _ in 0..2 {
            let (_, _, again) = anna.call_with(reqwest::Method::POST, &path, &key, Some(flat.clone())).await;
            assert_eq!(again, sent);
        }
        let other = json!({ "message": "Ну пожалуйста", "packageDescription": "Торт" });
        let (status, refused) = anna.post(&path, other).await;
        assert_eq!((status.as_u16(), &refused["code"]), (409, &json!("already_requested")));
        let other = json!({ "message": "Ну пожалуйста", "package_id": package });
        assert_eq!(anna.post(&path, other).await.0.as_u16(), 409);
        assert_eq!(requests_on(&ivan, &later).await, Vec::<Value>::new(), "nor for another trip");
        assert_eq!(packages(&anna).await.len(), 1);
        app.audit().await;
    }
}

#[actix_web::test]
async fn a_parcel_that_is_described_many_times_at_once_is_one_parcel() {
    for backend in backends() {
        let app = TestApp::start(backend).await;
        let (anna, ivan) = (app.sign_in("Анна").await, app.sign_in("Иван").await);
        let trip = ivan.publish_trip("Орёл", "Курск", json!({})).await;
        let path = format!("/api/couriers/{trip}/send-package");
        let flat = json!({ "message": "Возьмёте?", "reward": 700, "packageDescription": "Торт" });
        let answers = join_all((0..8).map(|_| anna.post(&path, flat.clone()))).await;
        for (status, sent) in &answers {
            assert_eq!((*status, sent), (StatusCode::CREATED, &answers[0].1));
        }
        assert_eq!(packages(&anna).await.len(), 1);
        app.audit().await;
    }
}

#[actix_web::test]
async fn a_courier_is_not_asked_for_what_they_have_proposed_themselves() {
    for backend in backends() {
        let app = TestApp::start(backend).await;
        let (anna, ivan) = (app.sign_in("Анна").await, app.sign_in("Иван").await);
        let trip = ivan.publish_trip("Москва", "Казань", json!({})).await;
        let package = anna.publish_package("Москва", "Казань", json!({ "mode": "choose" })).await;
        let body = json!({ "price": 450, "comment": "Возьму", "trip_id": trip });
        let (_, made) = ivan.post(&format!("/api/packages/{package}/responses"), body).await;
        assert_eq!(requests_on(&ivan, &trip).await, Vec::<Value>::new());
        let sync = ivan.get("/api/sync").await;
        assert_eq!(sync["requests"][0]["id"], made["response_id"], "it is not lost");
        let response = &packages(&anna).await[0]["responses"][0];
        assert_eq!((&response["comment"], &response["message"]), (&json!("Возьму"), &json!("")));
        app.audit().await;
    }
}

#[actix_web::test]
async fn the_airport_of_a_response_is_kept_although_the_trip_says_another_or_none() {
    for backend in backends() {
        let app = TestApp::start(backend).await;
        let (anna, ivan) = (app.sign_in("Анна").await, app.sign_in("Иван").await);
        let trip = ivan.publish_trip("Москва", "Казань", json!({})).await;
        let named = json!({ "price": 450, "comment": "", "trip_id": trip, "airport": "VKO" });
        // The trip that there is at that time.
        let dated = json!({ "price": 450, "comment": "", "date": crate::support::day(2), "time": "08:00", "airport": "SVO" });
        for (body, airport) in [(named, "VKO"), (dated, "SVO")] {
            let package = anna.publish_package("Москва", "Казань", json!({ "mode": "choose" })).await;
            let path = format!("/api/packages/{package}/responses");
            let (status, answer) = ivan.post_patiently(&path, body).await;
            assert_eq!(status, StatusCode::CREATED, "{answer}");
            let response = anna.get(&path).await["responses"][0].clone();
            assert_eq!((&response["airport"], &response["trip_id"]), (&json!(airport), &json!(trip)));
        }
        assert_eq!(ivan.get("/api/user/trips").await["trips"].as_array().unwrap().len(), 1);
        app.audit().await;
    }
}

#[actix_web::test]
async fn a_sender_sees_what_they_have_entered() {
    for backend in backends() {
        let app = TestApp::start(backend).await;
        let (anna, ivan) = (app.sign_in("Анна").await, app.sign_in("Иван").await);
        let trip = ivan.publish_trip("Москва", "Казань", json!({})).await;
        let (ready_at, deliver_by) = (
            format!("{}T00:00:00.000Z", crate::support::day(1)),
            format!("{}T12:00:00.000Z", crate::support::day(5)),
        );
        let more = json!({
            "pickup_address": "Тверская, 1", "delivery_address": "Баумана, 2", "weight_g": 1700, "volume_ml": 900,
            "ready_at": ready_at, "deliver_by": deliver_by, "pickup": { "lat": 55.76, "lon": 37.6 }, "mode": "choose",
        });
        let package = anna.publish_package("Москва", "Казань", more).await;
        let body = json!({ "package_id": package, "message": "Осторожно, стекло" });
        anna.post(&format!("/api/couriers/{trip}/send-package"), body).await;
        for view in [packages(&anna).await[0].clone(), anna.get(&format!("/api/packages/{package}")).await] {
            let expected = json!({
                "pickup_address": "Тверская, 1", "delivery_address": "Баумана, 2", "weight_g": 1700, "volume_ml": 900,
                "ready_at": ready_at, "deliver_by": deliver_by, "pickup": { "lat": 55.76, "lon": 37.6 },
                "message": "Осторожно, стекло",
            });
            for (field, value) in expected.as_object().unwrap() {
                assert_eq!(&view[field], value, "{field}");
            }
        }
    }
}
