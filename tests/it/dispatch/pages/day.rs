//! The map, and the plan of a day.

use reqwest::StatusCode;
use serde_json::json;

use super::Kind::{self, Figure, Flag, List, Number, Text, Words};
use super::{read, read_all};
use crate::support::TestUser;

const ROUTE: &[(&str, Kind)] = &[
    ("route", List),
    ("distance_m", Number),
    ("distance_km", Number),
    ("duration_seconds", Number),
    ("duration_minutes", Number),
    ("eta", Text),
];

pub(super) async fn map_of(desk: &TestUser, driver: i64, order: &str) {
    let map = desk.get("/api/dispatch/map-data/").await;
    read(&map, &[("drivers_count", Number), ("orders_count", Number)]);
    let courier = [
        ("id", Number),
        ("name", Text),
        ("lat", Number),
        ("lon", Number),
        ("is_online", Flag),
        ("car_model", Text),
        ("plate_number", Text),
        ("region", Text),
        ("last_location_update", Text),
    ];
    read_all(&map["drivers"], &courier);
    let on_map = [
        ("id", Text),
        ("pickup_lat", Number),
        ("dropoff_lon", Number),
        ("pickup_title", Text),
        ("dropoff_title", Text),
        ("status", Text),
        ("driver_id", Figure),
        ("passenger.id", Number),
        ("passenger.full_name", Text),
        ("created_at", Text),
    ];
    read_all(&map["orders"], &on_map);
    let between = "/api/dispatch/route/?lat1=55.776&lon1=37.655&lat2=55.752&lon2=37.592";
    read(&desk.get(between).await, ROUTE);
    read(&desk.get(&format!("/api/dispatch/order-route/{order}/")).await, ROUTE);
    let way = desk.get(&format!("/api/dispatch/driver-route/{driver}/")).await;
    read(&way, ROUTE);
    assert_eq!(way["order_id"], order, "{way}");
    let eta = desk.get(&format!("/api/dispatch/eta/{driver}/{order}/")).await;
    read(&eta, &ROUTE[1..]);
    read(&eta, &[("eta_timestamp", Number)]);
    read_all(
        &desk.get("/api/dispatch/heatmap/").await["points"],
        &[("lat", Number), ("lon", Number), ("intensity", Number)],
    );
}

pub(super) async fn plan_of(desk: &TestUser, date: &str) {
    let plan = desk.get(&format!("/api/dispatch/daily-routes/?date={date}")).await;
    let counts = [
        ("date", Text),
        ("algorithm", Text),
        ("config.name", Text),
        ("config.w_eta", Number),
        ("config.w_deadhead", Number),
        ("config.w_reject", Number),
        ("config.w_cancel", Number),
        ("config.w_fairness", Number),
        ("config.w_quality", Number),
        ("total_orders", Number),
        ("unassigned_count", Number),
        ("already_assigned_count", Number),
        ("distributed_count", Number),
        ("failed_count", Number),
        ("drivers_count", Number),
        ("unassigned_orders", List),
        ("auto_assigned", Flag),
    ];
    read(&plan, &counts);
    assert_eq!((&plan["distributed_count"], &plan["auto_assigned"]), (&json!(1), &json!(false)), "{plan}");
    let route = [
        ("driver.id", Number),
        ("driver.name", Text),
        ("driver.car_model", Text),
        ("driver.plate_number", Text),
        ("driver.phone", Words),
        ("driver.region", Words),
        ("driver.capacity", Number),
        ("total_orders", Number),
        ("total_distance_km", Number),
    ];
    read_all(&plan["routes"], &route);
    let route = &plan["routes"][0];
    let order = [
        ("id", Text),
        ("pickup_title", Text),
        ("dropoff_title", Text),
        ("pickup_lat", Number),
        ("dropoff_lon", Number),
        ("desired_pickup_time", Text),
        ("status", Text),
        ("passenger_name", Text),
        ("has_companion", Flag),
        ("distance_km", Number),
        ("estimated_price", Number),
    ];
    read_all(&route["orders"], &order);
    let score = [
        ("order_id", Text),
        ("cost", Number),
        ("gap_min", Number),
        ("gap_norm", Number),
        ("deadhead_km", Number),
        ("deadhead_norm", Number),
        ("reject_norm", Number),
        ("acceptance_rate", Number),
        ("cancel_norm", Number),
        ("cancel_rate", Number),
        ("fairness_norm", Number),
        ("orders_so_far", Number),
        ("quality_norm", Number),
        ("rating", Number),
    ];
    read_all(&route["scores"], &score);
    assert_eq!(route["scores"][0]["order_id"], route["orders"][0]["id"]);
    let path = format!("/api/dispatch/daily-routes/?date={date}");
    let (status, applied) = desk.post(&path, json!({ "date": date })).await;
    assert_eq!((status, &applied["auto_assigned"]), (StatusCode::OK, &json!(true)), "{applied}");
    read(&applied, &counts);
}
