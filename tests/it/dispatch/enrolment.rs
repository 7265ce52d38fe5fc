//! Somebody who has only signed in becomes a courier, and drives somebody who has only signed in.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{Town, moved, patch, ride};
use crate::support::{TestUser, backends, eventually};

const PROFILE: &str = "/api/mobile/drivers/profile/";

async fn enrolled(who: &TestUser, vehicle: Value) -> (StatusCode, Value) {
    who.call(Method::PUT, PROFILE, Some(vehicle)).await
}

fn vehicle(region: &str, plate: &str) -> Value {
    json!({ "car_model": "Lada Largus", "plate_number": plate, "capacity": 4, "region_id": region })
}

#[actix_web::test]
async fn somebody_signed_in_becomes_a_courier_and_drives_a_passenger() {
    for backend in backends() {
        let town = Town::open(backend).await;
        let (ivan, anna) = (town.app.sign_in("Ivan").await, town.app.sign_in("Anna").await);
        assert_eq!(ivan.call(Method::GET, PROFILE, None).await.0, StatusCode::NOT_FOUND);

        let (status, me) = enrolled(&ivan, vehicle(&town.region, "А001АА77")).await;
        assert_eq!((status, &me["status"]), (StatusCode::OK, &json!("offline")), "{me}");
        assert_eq!((&me["name"], &me["capacity"]), (&json!("Ivan"), &json!(4)), "{me}");
        // Another vehicle is the same courier.
        let (_, changed) = enrolled(&ivan, vehicle(&town.region, "А002АА77")).await;
        assert_eq!((&changed["id"], &changed["plate_number"]), (&me["id"], &json!("А002АА77")), "{changed}");

        let online = json!({ "is_online": true });
        let (status, on_duty) = patch(&ivan, "/api/mobile/drivers/online-status/", online).await;
        assert_eq!((status, &on_duty["status"]), (StatusCode::OK, &json!("online_idle")), "{on_duty}");
        // On duty and free, the new one counts at once.
        let (status, changed) = enrolled(&ivan, vehicle(&town.region, "А003АА77")).await;
        assert_eq!((status, &changed["status"]), (StatusCode::OK, &json!("online_idle")), "{changed}");
        let here = json!({ "lat": 55.775, "lon": 37.654 });
        assert_eq!(patch(&ivan, "/api/mobile/drivers/location/", here).await.0, StatusCode::OK);

        let (status, order) = anna.post_patiently("/api/mobile/orders/create/", ride(json!({}))).await;
        assert_eq!(status, StatusCode::CREATED, "{order}");
        let offer = eventually("offer", async || {
            let offers = ivan.get("/api/mobile/drivers/offers/").await;
            offers["results"][0]["offer_id"].as_str().map(str::to_owned)
        });
        let path = format!("/api/mobile/drivers/offer/{}/accept/", offer.await);
        let (status, accepted) = ivan.post(&path, json!({})).await;
        assert_eq!(status, StatusCode::OK, "{accepted}");
        assert_eq!(accepted["order"]["driver"]["plate_number"], "А003АА77");
        let id = order["id"].as_str().unwrap();
        for step in ["driver_en_route", "arrived_waiting", "ride_ongoing", "completed"] {
            moved(&ivan, id, step).await;
        }
        let figures = ivan.get("/api/mobile/drivers/statistics/").await;
        assert_eq!(figures["completed_today"], 1, "{figures}");
    }
}

#[actix_web::test]
async fn what_is_no_vehicle_is_said_by_its_fields_and_nobody_becomes_a_courier_by_it() {
    for backend in backends() {
        let town = Town::open(backend).await;
        let ivan = town.app.sign_in("Ivan").await;
        let cases = [
            (json!({}), vec!["capacity", "car_model", "plate_number", "region_id"]),
            (json!({ "car_model": " ", "plate_number": "1", "capacity": 0, "region_id": "x" }), {
                vec!["capacity", "car_model", "region_id"]
            }),
            (
                json!({ "car_model": "x".repeat(101), "plate_number": "1", "capacity": 61,
                "region_id": town.region }),
                vec!["capacity", "car_model"],
            ),
        ];
        for (body, expected) in cases {
            let (status, refused) = enrolled(&ivan, body).await;
            let mut fields: Vec<&String> = refused["fields"].as_object().unwrap().keys().collect();
            fields.sort();
            assert_eq!(
                (status, fields.len()),
                (StatusCode::UNPROCESSABLE_ENTITY, expected.len()),
                "{refused}"
            );
            assert!(fields.iter().zip(expected).all(|(field, name)| *field == name), "{refused}");
        }
        assert_eq!(ivan.call(Method::GET, PROFILE, None).await.0, StatusCode::NOT_FOUND);
    }
}

/// Who was removed by the desk does not come back past it.
#[actix_web::test]
async fn whom_the_desk_has_removed_the_desk_has_to_take_on_again() {
    for backend in backends() {
        let town = Town::open(backend).await;
        let ivan = town.app.sign_in("Ivan").await;
        let me = enrolled(&ivan, vehicle(&town.region, "А001АА77")).await.1;
        let path = format!("/api/drivers/{}/", me["id"]);
        assert_eq!(ivan.call(Method::DELETE, &path, None).await.0, StatusCode::FORBIDDEN);
        assert_eq!(town.desk.call(Method::DELETE, &path, None).await.0, StatusCode::NO_CONTENT);
        let (status, refused) = enrolled(&ivan, vehicle(&town.region, "А001АА77")).await;
        assert_eq!((status, &refused["code"]), (StatusCode::FORBIDDEN, &json!("forbidden")), "{refused}");
        assert_eq!(ivan.call(Method::GET, PROFILE, None).await.0, StatusCode::NOT_FOUND);
    }
}
