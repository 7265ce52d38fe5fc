//! What is asked for beside the way: options, parcels, what a passenger's category changes; and couriers who
//! pause.

use reqwest::StatusCode;
use serde_json::{Value, json};

use super::{Town, made, patch, ride};
use crate::support::backends;

#[actix_web::test]
async fn options_cost_and_stay_when_something_else_is_changed() {
    for backend in backends() {
        let town = Town::open(backend).await;
        let passenger = town.passenger(1).await;
        let wanted = json!({ "passenger_id": passenger.number, "child_seat": true, "large_luggage": true });
        let order = made(&town.desk, "/api/orders/", ride(wanted)).await;
        assert_eq!(order["price_breakdown"]["options_fee"], 300.0, "{order}");
        let path = format!("/api/orders/{}/", order["id"].as_str().unwrap());
        let (status, changed) = patch(&town.desk, &path, json!({ "note": "у ворот" })).await;
        assert_eq!((status, &changed["price_breakdown"]["options_fee"]), (StatusCode::OK, &json!(300.0)));
        let (_, changed) = patch(&town.desk, &path, json!({ "large_luggage": false })).await;
        assert_eq!(changed["price_breakdown"]["options_fee"], 200.0, "{changed}");
        let quote = ride(json!({ "child_seat": true }));
        let (status, quote) = passenger.user.post("/api/mobile/orders/quote/", quote).await;
        assert_eq!((status, &quote["details"]["options_fee"]), (StatusCode::OK, &json!(200.0)), "{quote}");
    }
}

#[actix_web::test]
async fn a_parcel_takes_room_and_no_companion() {
    for backend in backends() {
        let town = Town::open(backend).await;
        let (_driver, passenger) = (town.driver_at(1, 55.775, 37.654).await, town.passenger(1).await);
        let wanted = |more: Value| {
            let mut wanted = ride(more);
            wanted["passenger_id"] = json!(passenger.number);
            wanted
        };
        let unfit = async |order: &Value| {
            let id = order["id"].as_str().unwrap();
            let found = town.desk.get(&format!("/api/dispatch/candidates/{id}/")).await;
            (found["count"].as_i64().unwrap(), found["rejected"][0]["reason"].clone())
        };
        let light = wanted(json!({ "parcel": { "weight_g": 2_000, "volume_ml": 5_000 } }));
        let light = made(&town.desk, "/api/orders/", light).await;
        assert_eq!((&light["seats_needed"], unfit(&light).await), (&json!(1), (1, Value::Null)));
        let heavy = wanted(json!({ "parcel": { "weight_g": 200_000, "volume_ml": 5_000, "seats": 2 } }));
        let heavy = made(&town.desk, "/api/orders/", heavy).await;
        assert_eq!((&heavy["seats_needed"], unfit(&heavy).await), (&json!(2), (0, json!("no_room"))));
        // It stays a parcel when something else is changed, and another one when that is.
        let path = format!("/api/orders/{}/", heavy["id"].as_str().unwrap());
        let (_, noted) = patch(&town.desk, &path, json!({ "note": "осторожно" })).await;
        assert_eq!((&noted["seats_needed"], unfit(&noted).await.0), (&json!(2), 0));
        let (_, lighter) = patch(&town.desk, &path, json!({ "parcel": { "weight_g": 1_000 } })).await;
        assert_eq!((&lighter["seats_needed"], unfit(&lighter).await.0), (&json!(1), 1));

        let both = wanted(json!({ "parcel": { "weight_g": 1 }, "has_companion": true }));
        let (status, refused) = town.desk.post("/api/orders/", both).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{refused}");
        assert!(refused["has_companion"][0].is_string(), "{refused}");
    }
}

#[actix_web::test]
async fn a_child_pays_less_by_every_name_that_the_console_has_for_one() {
    for backend in backends() {
        let town = Town::open(backend).await;
        let categories = [
            ("child", 0.8),
            ("Ребенок-инвалид", 0.8),
            ("ребёнок-инвалид", 0.8),
            ("I группа", 1.0),
            ("II группа", 1.0),
            ("III группа", 1.0),
        ];
        for ((category, factor), n) in categories.into_iter().zip(1..) {
            let wanted = ride(json!({
                "passenger_phone": format!("+7900333{n:04}"), "passenger_name": "Пассажир",
                "passenger_region_id": town.region, "passenger_disability_category": category,
            }));
            let order = made(&town.desk, "/api/orders/", wanted).await;
            assert_eq!(order["passenger"]["disability_category"], category);
            assert_eq!(order["price_breakdown"]["disability_multiplier"], factor, "{category}");
        }
    }
}

#[actix_web::test]
async fn a_courier_who_pauses_is_on_duty_and_not_asked() {
    for backend in backends() {
        let town = Town::open(backend).await;
        let (driver, passenger) = (town.driver_at(1, 55.775, 37.654).await, town.passenger(1).await);
        let order = town.order(&passenger).await;
        let ways = [
            format!("/api/drivers/{}/online-status/", driver.number),
            "/api/mobile/drivers/online-status/".to_owned(),
        ];
        for path in ways {
            // Twice: who pauses already stays so.
            for _ in 0..2 {
                let (status, paused) =
                    patch(&driver.user, &path, json!({ "is_online": true, "is_paused": true })).await;
                assert_eq!((status, &paused["status"]), (StatusCode::OK, &json!("paused")), "{paused}");
                assert_eq!(paused["is_online"], true);
            }
            let found = town.desk.get(&format!("/api/dispatch/candidates/{order}/")).await;
            assert_eq!((&found["count"], &found["rejected"][0]["reason"]), (&json!(0), &json!("paused")));
            let (_, back) =
                patch(&driver.user, &path, json!({ "is_online": true, "is_paused": false })).await;
            assert_eq!(back["status"], "online_idle", "{back}");
            // Straight from home to a pause, and home again.
            patch(&driver.user, &path, json!({ "is_online": false })).await;
            let pause = json!({ "is_online": true, "is_paused": true });
            assert_eq!(patch(&driver.user, &path, pause).await.1["status"], "paused");
            let (_, off) = patch(&driver.user, &path, json!({ "is_online": false })).await;
            assert_eq!(off["status"], "offline", "{off}");
            driver.go_online().await;
        }
    }
}
