//! The end of a ride: what was driven counts, as far as it is believed.

use reqwest::StatusCode;
use serde_json::{Value, json};

use super::{Somebody, Town, moved, patch};
use crate::support::{TestUser, backends};

/// An order whose ride is under way. It is expected to be 6.2 km and 12.4 minutes.
async fn under_way(town: &Town, passenger: &Somebody, driver: &Somebody) -> String {
    let order = town.order(passenger).await;
    let (status, assigned) = town.assign(&order, driver).await;
    assert_eq!(status, StatusCode::OK, "{assigned}");
    for step in ["driver_en_route", "arrived_waiting", "ride_ongoing"] {
        moved(&driver.user, &order, step).await;
    }
    order
}

async fn complete(who: &TestUser, order: &str, driven: Value) -> (StatusCode, Value) {
    let mut body = driven;
    body["status"] = json!("completed");
    patch(who, &format!("/api/orders/{order}/status/"), body).await
}

fn price(order: &Value, name: &str) -> f64 {
    order[name].as_f64().unwrap_or_else(|| panic!("{name}: {order}"))
}

#[actix_web::test]
async fn the_final_price_is_of_what_was_driven() {
    for backend in backends() {
        let town = Town::open(backend).await;
        let (driver, passenger) = (town.driver_at(1, 55.775, 37.654).await, town.passenger(1).await);
        let order = under_way(&town, &passenger, &driver).await;
        let driven = json!({ "actual_distance_km": 8.0, "actual_duration_minutes": 20 });

        // What it would cost: the whole order, as the console reads it, and nothing is changed.
        let path = format!("/api/orders/{order}/calculate-price/");
        let (status, would_be) = town.desk.post(&path, driven.clone()).await;
        assert_eq!((status, &would_be["id"]), (StatusCode::OK, &json!(order)), "{would_be}");
        assert_eq!(would_be["status"], "ride_ongoing");
        assert!(would_be["passenger"]["full_name"].is_string(), "{would_be}");
        assert!(price(&would_be, "final_price") > price(&would_be, "estimated_price"), "{would_be}");
        assert_eq!(would_be["price_breakdown"]["total"], would_be["final_price"]);
        let (_, as_expected) = town.desk.post(&path, json!({})).await;
        assert_eq!(as_expected["final_price"], as_expected["estimated_price"], "{as_expected}");
        assert_eq!(town.desk.get(&format!("/api/orders/{order}/")).await["final_price"], Value::Null);

        // A courier may say a little more than was expected, and no waiting that was not noted.
        for (claim, field) in [
            (json!({ "actual_distance_km": 13.0 }), "actual_distance_km"),
            (json!({ "actual_duration_minutes": 26 }), "actual_duration_minutes"),
            (json!({ "actual_waiting_time_minutes": 10 }), "actual_waiting_time_minutes"),
            (json!({ "actual_distance_km": -1.0 }), "actual_distance_km"),
        ] {
            let (status, refused) = complete(&driver.user, &order, claim).await;
            assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{refused}");
            assert!(refused[field][0].is_string(), "{refused}");
        }
        assert_eq!(town.status_of(&order).await, "ride_ongoing");
        let mut said = driven;
        said["route_changed"] = json!(true);
        let (status, refused) = complete(&driver.user, &order, said.clone()).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{refused}");
        said["route_changed"] = json!(false);
        said["reason"] = json!("объезд");
        let (status, done) = complete(&driver.user, &order, said).await;
        assert_eq!((status, &done["status"]), (StatusCode::OK, &json!("completed")), "{done}");
        assert_eq!(done["final_price"], would_be["final_price"]);
        let events = town.desk.get(&format!("/api/orders/{order}/events/")).await;
        assert_eq!(events.as_array().unwrap().last().unwrap()["description"], "объезд", "{events}");
        assert_eq!(town.duty_of(&driver).await, "online_idle");
    }
}

#[actix_web::test]
async fn the_desk_is_believed_and_only_a_changed_route_goes_beyond_the_bound() {
    for backend in backends() {
        let town = Town::open(backend).await;
        let (driver, passenger) = (town.driver_at(1, 55.775, 37.654).await, town.passenger(1).await);
        for (changed, is_bound) in [(false, true), (true, false)] {
            let order = under_way(&town, &passenger, &driver).await;
            let driven = json!({ "actual_distance_km": 50.0, "route_changed": changed });
            let (status, done) = complete(&town.desk, &order, driven).await;
            assert_eq!(status, StatusCode::OK, "{done}");
            let most = (price(&done, "estimated_price") * 1.3 / 10.0).round() * 10.0;
            let is_at_bound = (price(&done, "final_price") - most).abs() < 10.1;
            assert_eq!(is_at_bound, is_bound, "{done}");
            assert!(is_bound || price(&done, "final_price") > 4.0 * price(&done, "estimated_price"));
        }
    }
}
