//! What one node has changed, asked of another one that has not heard of it: no hint arrives here, and no
//! comparison is made, so whatever that node knows it has read when it was asked.

use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use peerpack::auth::Role;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::console::open;
use super::numbers::second_region;
use super::planning::rest_of_today;
use super::{Somebody, Town, made, patch, ride};
use crate::nodes::two_nodes;
use crate::support::{TestApp, eventually};

/// A town that is drawn on one node, and another node.
async fn deaf() -> Option<(Town, TestApp)> {
    if std::env::var("PEERPACK_TEST_POSTGRES").is_err() {
        eprintln!("PEERPACK_TEST_POSTGRES is not set: not run");
        return None;
    }
    let (a, b) = two_nodes("", Duration::from_secs(3_600)).await;
    Some((Town::of(a).await, b))
}

/// An hour of the week that is none of these days.
fn closed_now() -> Value {
    let today = Timestamp::now().to_zoned(TimeZone::UTC).weekday().to_monday_one_offset();
    json!([{ "day": (today + 2) % 7 + 1, "from": "03:00", "to": "04:00" }])
}

#[actix_web::test]
async fn a_region_is_known_wherever_it_is_asked_for() {
    let Some((town, b)) = deaf().await else { return };
    let (there, anybody) = (town.desk.at(&b), b.anonymous());
    assert_eq!(anybody.get("/api/regions/").await[0]["id"], town.region.as_str());
    let north = second_region(&town).await;
    assert_eq!(anybody.get(&format!("/api/regions/{north}/")).await["title"], "Север");
    let third = made(&town.desk, "/api/regions/", around("Юг", 55.4, &town).await).await;
    let path = format!("/api/analytics/metrics/?region_id={}", third["id"].as_str().unwrap());
    assert_eq!(there.get(&path).await["region_id"], third["id"]);
    let fourth = made(&town.desk, "/api/regions/", around("Восток", 54.9, &town).await).await;
    let path = format!("/api/dispatch/daily-routes/?within_s=1&region_id={}", fourth["id"].as_str().unwrap());
    assert_eq!(there.get(&path).await["drivers_count"], 0);
    // Somebody new belongs to the region of the pickup, also if it was drawn a moment ago.
    let fifth = made(&town.desk, "/api/regions/", around("Запад", 54.4, &town).await).await;
    let wanted = json!({
        "passenger_phone": "+79003330003", "passenger_name": "Мария", "pickup_lat": 54.4, "pickup_lon": 37.6,
        "dropoff_lat": 54.42, "dropoff_lon": 37.62,
    });
    let order = made(&there, "/api/orders/", ride(wanted)).await;
    assert_eq!(order["passenger"]["region"], json!({ "id": fifth["id"], "title": "Запад" }), "{order}");
    // What is gone is gone.
    let path = format!("/api/regions/{north}/");
    assert_eq!(town.desk.call(Method::DELETE, &path, None).await.0, StatusCode::NO_CONTENT);
    assert_eq!(anybody.call(Method::GET, &path, None).await.0, StatusCode::NOT_FOUND);
    // A city is no region, but is on the same map.
    let city = anybody.get("/api/regions/cities/").await[0]["id"].as_str().unwrap().to_owned();
    let path = format!("/api/regions/cities/{city}/");
    assert_eq!(patch(&town.desk, &path, json!({ "title": "Столица" })).await.0, StatusCode::OK);
    assert_eq!(anybody.get(&path).await["title"], "Столица");
    town.app.audit().await;
}

/// A region of the town's city, five kilometres around a point on its meridian.
async fn around(title: &str, lat: f64, town: &Town) -> Value {
    let city = town.desk.get("/api/regions/cities/").await[0]["id"].clone();
    json!({ "title": title, "city_id": city, "center_lat": lat, "center_lon": 37.6, "service_radius_meters": 5_000 })
}

#[actix_web::test]
async fn an_order_goes_by_the_hours_and_the_tariff_that_a_region_has_now() {
    let Some((town, b)) = deaf().await else { return };
    let there = town.desk.at(&b);
    let wanted = json!({ "passenger_id": town.passenger(1).await.number });
    let order = made(&there, "/api/orders/", ride(wanted.clone())).await;
    let admin = town.app.sign_in_with_role("Ada", Role::Admin).await;
    let tariff = format!("/api/regions/{}/tariff/", town.region);
    made(&admin, &tariff, json!({ "base_minor": 500_000 })).await;
    assert_eq!(b.anonymous().get(&tariff).await["base_minor"], 500_000);
    made(&admin, &tariff, json!({ "base_minor": 600_000 })).await;
    let path = format!("/api/orders/{}/calculate-quote/", order["id"].as_str().unwrap());
    let (status, quoted) = there.post(&path, json!({})).await;
    assert_eq!(status, StatusCode::OK, "{quoted}");
    assert!(quoted["quote"].as_f64() > order["estimated_price"].as_f64().map(|price| price + 4_000.0));

    let region = format!("/api/regions/{}/", town.region);
    let (status, changed) = patch(&town.desk, &region, json!({ "opening_hours": closed_now() })).await;
    assert_eq!(status, StatusCode::OK, "{changed}");
    let (status, refused) = there.post("/api/orders/", ride(wanted)).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{refused}");
    assert!(refused["fields"]["desired_pickup_time"].is_string(), "{refused}");
    // What the other node changes it changes of what there is, and takes nothing of it back.
    let priority = json!({ "priority": 3 });
    assert_eq!(patch(&town.desk, &region, priority).await.0, StatusCode::OK);
    let (status, changed) = patch(&there, &region, json!({ "title": "Середина" })).await;
    assert_eq!(
        (status, &changed["priority"], &changed["opening_hours"]),
        (StatusCode::OK, &json!(3), &closed_now()),
        "{changed}"
    );
    town.app.audit().await;
}

#[actix_web::test]
async fn a_courier_who_is_done_is_free_in_a_plan_of_a_node_that_has_not_heard_of_it() {
    let Some(today) = rest_of_today() else { return };
    let Some((town, b)) = deaf().await else { return };
    let there = town.desk.at(&b);
    let (driver, passenger) = (town.driver_at(1, 55.775, 37.654).await, town.passenger(1).await);
    let done = town.order(&passenger).await;
    assert_eq!(town.assign(&done, &driver).await.0, StatusCode::OK);
    for step in ["driver_en_route", "arrived_waiting", "ride_ongoing"] {
        town.step(&done, step).await;
    }
    // The other node hears of the duty, and not of its end. The ride would go on for longer than the next
    // passenger waits.
    let path = format!("/api/drivers/{}/location/", driver.number);
    let here = json!({ "lat": 55.775, "lon": 37.654 });
    assert_eq!(patch(&driver.user.at(&b), &path, here).await.0, StatusCode::OK);
    town.step(&done, "completed").await;
    town.order(&passenger).await;
    let plan = there.get(&today).await;
    assert_eq!((&plan["distributed_count"], &plan["failed_count"]), (&json!(1), &json!(0)), "{plan}");
    town.app.audit().await;
}

#[actix_web::test]
async fn a_position_counts_on_a_node_that_has_not_heard_of_the_duty() {
    let Some((town, b)) = deaf().await else { return };
    let is_at = async |who: &Somebody, path: &str, lat: f64| {
        let (status, told) = patch(&who.user.at(&b), path, json!({ "lat": lat, "lon": 37.65 })).await;
        assert_eq!(status, StatusCode::OK, "{told}");
        told["current_lat"].clone()
    };
    let path = |number: i64| format!("/api/drivers/{number}/location/");
    let there = town.desk.at(&b);
    let located = async || there.get("/api/dispatch/map-data/").await["drivers_count"].clone();
    let (ivan, oleg, idle) = (town.driver(1).await, town.driver(2).await, town.driver(3).await);
    ivan.go_online().await;
    assert_eq!(is_at(&ivan, &path(ivan.number), 55.770).await, 55.770);
    oleg.go_online().await;
    assert_eq!(is_at(&oleg, "/api/mobile/drivers/location/", 55.771).await, 55.771);
    assert_eq!(located().await, 2);
    // Who is not on duty is nowhere, and so is who was on duty until a moment ago.
    assert_eq!(is_at(&idle, &path(idle.number), 55.772).await, Value::Null);
    let off = format!("/api/drivers/{}/online-status/", oleg.number);
    assert_eq!(patch(&oleg.user, &off, json!({ "is_online": false })).await.0, StatusCode::OK);
    assert_eq!(is_at(&oleg, &path(oleg.number), 55.773).await, Value::Null);
    assert_eq!(located().await, 1);
    // What is said on a socket counts as well.
    let anna = town.driver(4).await;
    let mut own = open(&b, &anna.user, &format!("/ws/drivers/{}/", anna.number)).await;
    anna.go_online().await;
    own.say(&json!({ "type": "location", "data": { "lat": 55.774, "lon": 37.65 } })).await;
    eventually("the position", async || (located().await == 2).then_some(())).await;
    town.app.audit().await;
}
