//! The pages of the field's console, call by call as it makes them, and every member that they read.

mod charts;
mod day;

use peerpack::auth::Role;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{Town, made, moved, patch, ride};
use crate::support::{TestUser, backends};
use charts::numbers_of;
use day::{map_of, plan_of};

/// What a page takes a member for.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Number,
    Text,
    Flag,
    List,
    /// A number, or nothing: the page looks whether there is one.
    Figure,
    /// A text, or nothing.
    Words,
}
use Kind::{Figure, Flag, List, Number, Text, Words};

/// Every member is there, and what the page takes it for. Members of members are named with dots.
fn read(told: &Value, members: &[(&str, Kind)]) {
    for (path, kind) in members {
        let value = path.split('.').fold(told, |value, name| &value[name]);
        let is_it = match kind {
            Number => value.is_number(),
            Text => value.is_string(),
            Flag => value.is_boolean(),
            List => value.is_array(),
            Figure => value.is_number() || value.is_null(),
            Words => value.is_string() || value.is_null(),
        };
        assert!(is_it, "{path} is no {kind:?}: {told}");
    }
}

/// The same of each item of a list, which has some.
fn read_all(told: &Value, members: &[(&str, Kind)]) {
    let items = told.as_array().unwrap_or_else(|| panic!("no list: {told}"));
    assert!(!items.is_empty());
    items.iter().for_each(|item| read(item, members));
}

/// `Number(id)` of an id that a page keeps as a number.
fn number(id: &Value) -> i64 {
    id.as_i64().unwrap_or_else(|| panic!("no number: {id}"))
}

const ORDER: &[(&str, Kind)] = &[
    ("id", Text),
    ("passenger.id", Number),
    ("passenger.full_name", Text),
    ("passenger.user.id", Number),
    ("passenger.user.phone", Text),
    ("passenger.region.id", Text),
    ("passenger.region.title", Text),
    ("passenger.disability_category", Text),
    ("passenger.allowed_companion", Flag),
    ("pickup_title", Text),
    ("pickup_object_name", Text),
    ("dropoff_title", Text),
    ("dropoff_object_name", Text),
    ("pickup_coordinate.lat", Number),
    ("dropoff_coordinate.lon", Number),
    ("desired_pickup_time", Text),
    ("has_companion", Flag),
    ("note", Text),
    ("status", Text),
    ("created_at", Text),
    ("seats_needed", Number),
    ("distance_km", Number),
    ("waiting_time_minutes", Number),
    ("estimated_price", Number),
    ("final_price", Figure),
    ("price_breakdown.base_distance_price", Number),
    ("price_breakdown.waiting_time_price", Number),
    ("price_breakdown.companion_fee", Number),
    ("price_breakdown.disability_multiplier", Number),
    ("price_breakdown.night_multiplier", Number),
    ("price_breakdown.weekend_multiplier", Number),
    ("price_breakdown.subtotal", Number),
    ("price_breakdown.minimum_fare_adjustment", Number),
    ("price_breakdown.total", Number),
];

const DRIVER: &[(&str, Kind)] = &[
    ("id", Number),
    ("user.id", Number),
    ("user.username", Text),
    ("user.phone", Text),
    ("user.email", Text),
    ("name", Text),
    ("region.id", Text),
    ("region.title", Text),
    ("car_model", Text),
    ("plate_number", Text),
    ("capacity", Number),
    ("is_online", Flag),
    ("current_lat", Figure),
    ("current_lon", Figure),
    ("last_location_update", Words),
];

/// Somebody of the desk, whom the form of the console makes and who signs in as it does.
async fn signed_in(town: &Town) -> TestUser {
    let admin = town.app.sign_in_with_role("Ada", Role::Admin).await;
    let form = json!({
        "email": "dasha@example.org", "phone": "+79005550001", "password": "correct horse battery",
        "role": "Admin", "first_name": "Дарья", "last_name": "Ким",
    });
    made(&admin, "/api/admin/users/", form).await;
    let login = json!({ "email": "dasha@example.org", "password": "correct horse battery" });
    let (status, entered) = town.app.anonymous().post("/api/auth/email-login/", login).await;
    assert_eq!(status, StatusCode::OK, "{entered}");
    read(
        &entered,
        &[
            ("access", Text),
            ("refresh", Text),
            ("role", Text),
            ("user.id", Number),
            ("user.username", Text),
            ("user.email", Text),
            ("user.phone", Text),
            ("user.role", Text),
        ],
    );
    town.app.anonymous().with_token(entered["access"].as_str().unwrap())
}

async fn staff_of(desk: &TestUser) {
    let page = desk.get("/api/admin/users/?page=1&page_size=20&role=Admin&status=active").await;
    read(&page, &[("count", Number), ("next", Words), ("previous", Words)]);
    let user = [
        ("id", Number),
        ("username", Text),
        ("email", Text),
        ("phone", Text),
        ("role", Text),
        ("role_display", Text),
        ("is_active", Flag),
        ("is_staff", Flag),
        ("last_login", Words),
        ("date_joined", Text),
        ("groups", List),
        ("initials", Text),
    ];
    read_all(&page["results"], &user);
    let other = page["results"].as_array().unwrap().iter().find(|one| one["email"] != "dasha@example.org");
    let other = number(&other.unwrap()["id"]);
    let (status, out) = desk.post(&format!("/api/admin/users/{other}/toggle-status/"), json!({})).await;
    assert_eq!((status, &out["is_active"]), (StatusCode::OK, &json!(false)), "{out}");
    let unblock = json!({ "user_ids": [other], "action": "unblock" });
    read(&desk.post("/api/admin/users/bulk-action/", unblock).await.1, &[("message", Text)]);
    let deed = [
        ("id", Text),
        ("action_type", Text),
        ("action_type_display", Text),
        ("description", Text),
        ("ip_address", Words),
        ("performed_by_username", Words),
        ("created_at", Text),
    ];
    read_all(&desk.get(&format!("/api/admin/users/{other}/activity-log/")).await, &deed);
}

#[actix_web::test]
async fn every_page_of_the_console_finds_what_it_reads() {
    for backend in backends() {
        let town = Town::open(backend).await;
        let desk = signed_in(&town).await;
        let (driver, passenger) = (town.driver_at(1, 55.775, 37.654).await, town.passenger(1).await);

        // Orders: made, changed as a form changes them, given to somebody, driven.
        let form = ride(json!({ "passenger_id": passenger.number }));
        let done = made(&desk, "/api/orders/", form.clone()).await;
        read(&done, ORDER);
        let path = format!("/api/orders/{}/", done["id"].as_str().unwrap());
        let mut echo = form.clone();
        echo["desired_pickup_time"] = done["desired_pickup_time"].clone();
        assert_eq!(patch(&desk, &path, echo).await.0, StatusCode::OK);
        let done = done["id"].as_str().unwrap();
        let candidates = desk.get(&format!("/api/dispatch/candidates/{done}/")).await;
        let candidate = [
            ("driver_id", Number),
            ("name", Text),
            ("region_id", Text),
            ("car_model", Text),
            ("capacity", Number),
            ("is_online", Flag),
            ("priority.region_match", Flag),
            ("priority.order_count", Number),
            ("priority.distance", Figure),
        ];
        read_all(&candidates["candidates"], &candidate);
        let named = json!({ "driver_id": number(&candidates["candidates"][0]["driver_id"]).to_string() });
        let (status, given) = desk.post(&format!("/api/dispatch/assign/{done}/"), named).await;
        assert_eq!((status, &given["success"]), (StatusCode::OK, &json!(true)), "{given}");
        let assigned =
            [("driver_id", Number), ("reason", Text), ("order.id", Text), ("order.driver.name", Text)];
        read(&given, &assigned);
        for step in ["driver_en_route", "arrived_waiting", "ride_ongoing", "completed"] {
            moved(&desk, done, step).await;
        }
        let driven = json!({ "actual_distance_km": 7.5, "actual_waiting_time_minutes": 3 });
        let (status, price) = desk.post(&format!("{path}calculate-price/"), driven).await;
        assert_eq!(status, StatusCode::OK, "{price}");
        let under_way = made(&desk, "/api/orders/", form.clone()).await["id"].as_str().unwrap().to_owned();
        let (status, given) = desk.call(Method::POST, "/api/dispatch/auto-assign-all/", None).await;
        assert_eq!((status, &given["assigned"]), (StatusCode::OK, &json!(1)), "{given}");
        read(&given, &[("success", Flag), ("failed", Number), ("total", Number), ("failed_orders", List)]);
        let tomorrow = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(24);
        let moscow = jiff::tz::TimeZone::get("Europe/Moscow").unwrap();
        let date = tomorrow.to_zoned(moscow).date().to_string();
        let mut later = form;
        later["desired_pickup_time"] = json!(tomorrow.to_string());
        made(&desk, "/api/orders/", later).await;
        let page = desk.get("/api/orders/?page=1&page_size=20").await;
        read(&page, &[("count", Number), ("next", Words), ("previous", Words)]);
        read_all(&page["results"], ORDER);

        // Lists of people.
        read_all(&desk.get("/api/drivers/?page_size=100").await["results"], DRIVER);
        assert_eq!(number(&desk.get("/api/drivers/?page_size=100&is_online=true").await["count"]), 1);
        let people = [("id", Number), ("full_name", Text), ("user.phone", Text), ("region.title", Text)];
        read_all(&desk.get("/api/passengers/?page_size=100").await["results"], &people);

        // Regions and cities: their numbers are added up.
        let city = desk.get("/api/regions/cities/").await[0]["id"].as_str().unwrap().to_owned();
        let counts = [
            ("drivers", Number),
            ("passengers", Number),
            ("active_orders", Number),
            ("total_orders", Number),
        ];
        let stats = desk.get(&format!("/api/regions/cities/{city}/stats/")).await;
        read(&stats, &[("city_id", Text), ("city_title", Text), ("regions", Number), ("regions_list", List)]);
        read(&stats, &counts);
        assert_eq!(number(&stats["regions"]), 1);
        read(&desk.get(&format!("/api/regions/{}/stats/", town.region)).await, &counts);

        numbers_of(&desk, &town.region).await;
        map_of(&desk, driver.number, &under_way).await;
        moved(&desk, &under_way, "cancelled").await;
        plan_of(&desk, &date).await;
        // Who only looks reads the same plan.
        let vera = town.app.sign_in_with_role("Vera", Role::Viewer).await;
        assert!(vera.get(&format!("/api/dispatch/daily-routes/?date={date}")).await["routes"].is_array());
        staff_of(&desk).await;
        let (status, cleared) = desk.post("/api/orders/clear-all/", json!({ "confirm": true })).await;
        assert_eq!((status, &cleared["deleted_count"]), (StatusCode::OK, &json!(3)), "{cleared}");
    }
}
