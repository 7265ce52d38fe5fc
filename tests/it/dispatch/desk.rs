//! The desk: candidates, manual assignment with its reasons, everything at once.

use reqwest::StatusCode;
use serde_json::{Value, json};

use super::{Somebody, Town, made, patch, ride};
use crate::support::backends;

/// Both lists and the assignment go by one filter.
#[actix_web::test]
async fn lists_and_assignments_go_by_one_filter() {
    for backend in backends() {
        let town = Town::open(backend).await;
        let (near, far) = (town.driver_at(1, 55.775, 37.654).await, town.driver_at(2, 55.75, 37.60).await);
        let silent = town.driver(3).await;
        silent.go_online().await;
        let off = town.driver(4).await;
        let order = town.order(&town.passenger(1).await).await;

        let simple = town.desk.get(&format!("/api/dispatch/candidates/{order}/")).await;
        let scored = town.desk.get(&format!("/api/dispatch/candidates-scored/{order}/?limit=5")).await;
        for list in [&simple, &scored] {
            let ids: Vec<i64> = list["candidates"]
                .as_array()
                .unwrap()
                .iter()
                .map(|one| one["driver_id"].as_i64().unwrap())
                .collect();
            assert_eq!((ids, &list["count"]), (vec![near.number, far.number], &json!(2)), "{list}");
        }
        assert_eq!(simple["candidates"][0]["priority"]["region_match"], true, "{simple}");
        let rejected = &simple["rejected"];
        assert_eq!(rejected.as_array().unwrap().len(), 1, "{rejected}");
        assert_eq!(
            (&rejected[0]["driver_id"], &rejected[0]["reason"]),
            (&json!(silent.number), &json!("no_position"))
        );
        assert!(
            scored["candidates"][0]["cost_score"].as_f64() < scored["candidates"][1]["cost_score"].as_f64()
        );

        // Guard rails: off duty, nobody, busy; each with its reason.
        for (driver, reason, duty) in
            [(off.number, "off_duty", json!("offline")), (1, "unknown_driver", Value::Null)]
        {
            let path = format!("/api/dispatch/assign/{order}/");
            let (status, refused) = town.desk.post(&path, json!({ "driver_id": driver })).await;
            assert_eq!((status, &refused["success"]), (StatusCode::BAD_REQUEST, &json!(false)), "{refused}");
            assert_eq!((&refused["rejection_reason"], &refused["driver_status"]), (&json!(reason), &duty));
            assert!(refused["reason"].as_str().is_some_and(|reason| !reason.is_empty()), "{refused}");
        }
        // Dry, to the one who is named and to the best one: the same answer, and nothing is changed.
        let path = format!("/api/dispatch/assign/{order}/");
        for wanted in [json!({ "driver_id": near.number, "dry_run": true }), json!({ "dry_run": true })] {
            let (status, would_be) = town.desk.post(&path, wanted).await;
            assert_eq!((status, &would_be["driver_id"]), (StatusCode::OK, &json!(near.number)), "{would_be}");
            assert_eq!(would_be["order"]["status"], "assigned", "{would_be}");
        }
        let (status, refused) =
            town.desk.post(&path, json!({ "driver_id": off.number, "dry_run": true })).await;
        assert_eq!(
            (status, &refused["rejection_reason"]),
            (StatusCode::BAD_REQUEST, &json!("off_duty")),
            "{refused}"
        );
        assert_eq!(town.status_of(&order).await, "submitted");
        assert_eq!(town.duty_of(&near).await, "online_idle");
        let (status, assigned) = town.assign(&order, &near).await;
        assert_eq!((status, &assigned["driver_id"]), (StatusCode::OK, &json!(near.number)), "{assigned}");
        assert_eq!(assigned["order"]["driver"]["car_model"], "Lada Largus");
        let second = town.order(&town.passenger(2).await).await;
        let (status, refused) = town.assign(&second, &near).await;
        assert_eq!(
            (status, &refused["rejection_reason"]),
            (StatusCode::BAD_REQUEST, &json!("busy")),
            "{refused}"
        );

        // Given to somebody else, the first one is free again, step by step.
        let (status, moved) = town.assign(&order, &far).await;
        assert_eq!((status, &moved["driver_id"]), (StatusCode::OK, &json!(far.number)), "{moved}");
        assert_eq!(town.duty_of(&near).await, "online_idle");
        let events = town.desk.get(&format!("/api/orders/{order}/events/")).await;
        let steps: Vec<&str> =
            events.as_array().unwrap().iter().map(|step| step["status_to"].as_str().unwrap()).collect();
        assert_eq!(steps, ["matching", "active_queue", "assigned", "matching", "active_queue", "assigned"]);
    }
}

/// Seats count: a companion takes one.
#[actix_web::test]
async fn a_vehicle_without_seats_enough_gets_no_order() {
    let town = Town::open(crate::support::Backend::Sqlite).await;
    let driver = town.driver(1).await;
    let path = format!("/api/drivers/{}/", driver.number);
    assert_eq!(patch(&town.desk, &path, json!({ "capacity": 1 })).await.1["capacity"], 1);
    driver.go_online().await;
    driver.is_at(55.775, 37.654).await;
    let passenger = town.passenger(1).await;
    let wanted = ride(json!({ "passenger_id": passenger.number, "has_companion": true }));
    let order = made(&town.desk, "/api/orders/", wanted).await;
    assert_eq!(order["seats_needed"], 2);
    let order = order["id"].as_str().unwrap();
    let candidates = town.desk.get(&format!("/api/dispatch/candidates/{order}/")).await;
    assert_eq!((&candidates["count"], &candidates["rejected"][0]["reason"]), (&json!(0), &json!("no_room")));
    let (status, refused) = town.assign(order, &driver).await;
    assert_eq!(
        (status, &refused["driver_status"]),
        (StatusCode::BAD_REQUEST, &json!("online_idle")),
        "{refused}"
    );
    assert!(refused["reason"].as_str().unwrap().contains("no room"), "{refused}");
}

#[actix_web::test]
async fn everything_that_waits_is_given_away_at_once() {
    for backend in backends() {
        let town = Town::open(backend).await;
        let drivers = [town.driver_at(1, 55.775, 37.654).await, town.driver_at(2, 55.77, 37.64).await];
        let passengers: [Somebody; 3] =
            [town.passenger(1).await, town.passenger(2).await, town.passenger(3).await];
        let mut orders = Vec::new();
        for passenger in &passengers {
            orders.push(town.order(passenger).await);
        }
        let (status, done) = town.desk.post("/api/dispatch/auto-assign-all/", json!({})).await;
        assert_eq!(status, StatusCode::OK, "{done}");
        let figures = [&done["assigned"], &done["failed"], &done["total"]];
        assert_eq!(figures, [&json!(2), &json!(1), &json!(3)], "{done}");
        // The one that was placed last waits.
        assert_eq!(done["failed_orders"][0]["order_id"], orders[2].as_str(), "{done}");
        assert!(!done["failed_orders"][0]["reason"].as_str().unwrap().is_empty());
        for driver in &drivers {
            assert_eq!(town.duty_of(driver).await, "enroute_to_pickup");
        }
        assert_eq!(town.status_of(&orders[2]).await, "submitted");
    }
}

/// Nobody is taken off the road today for an order of next week.
#[actix_web::test]
async fn an_order_whose_search_has_not_begun_waits_on() {
    for backend in backends() {
        let town = Town::open(backend).await;
        let driver = town.driver_at(1, 55.775, 37.654).await;
        let passenger = town.passenger(1).await;
        let at = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(24 * 7);
        let wanted = json!({ "passenger_id": passenger.number, "desired_pickup_time": at.to_string() });
        let order = made(&town.desk, "/api/orders/", ride(wanted)).await;
        let (status, done) = town.desk.post("/api/dispatch/auto-assign-all/", json!({})).await;
        assert_eq!((status, &done["assigned"], &done["failed"]), (StatusCode::OK, &json!(0), &json!(1)));
        assert_eq!(done["failed_orders"][0]["order_id"], order["id"], "{done}");
        assert_eq!(done["failed_orders"][0]["reason"], "the search for a courier has not begun yet");
        assert_eq!(town.duty_of(&driver).await, "online_idle");
    }
}

#[actix_web::test]
async fn ways_and_times_of_arrival_are_told() {
    let town = Town::open(crate::support::Backend::Sqlite).await;
    let driver = town.driver_at(1, 55.75, 37.61).await;
    let order = town.order(&town.passenger(1).await).await;
    let eta = town.desk.get(&format!("/api/dispatch/eta/{}/{order}/", driver.number)).await;
    let way = town.desk.get(&format!("/api/dispatch/driver-route/{}/?order_id={order}", driver.number)).await;
    assert_eq!(eta["eta_seconds"], way["duration_seconds"], "{eta} {way}");
    assert_eq!(way["route"], json!([[55.75, 37.61], [55.776, 37.655]]));
    let own = town.desk.get(&format!("/api/dispatch/order-route/{order}/")).await;
    let same = "/api/dispatch/route/?lat1=55.776&lon1=37.655&lat2=55.752&lon2=37.592";
    assert_eq!(own["distance_m"], town.desk.get(same).await["distance_m"]);
    let found =
        town.desk.post("/api/orders/geocode/", json!({ "address": "Казань, ул. Баумана, 1" })).await.1;
    assert_eq!(found["status"], "ok", "{found}");
    let nothing = town.desk.post("/api/orders/geocode/", json!({ "address": "Ыыыыыы" })).await.1;
    assert_eq!((&nothing["status"], &nothing["lat"]), (&json!("not_found"), &Value::Null));
}
