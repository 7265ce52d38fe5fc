//! What the desk changes: orders, couriers, regions, tariffs.

use std::time::Duration;

use peerpack::auth::Role;
use peerpack_actors::runtime::RuntimeSettings;
use reqwest::{Method, StatusCode};
use serde_json::json;

use super::{Town, made, patch, ride};
use crate::support::{Backend, TestApp, backends, fresh_postgres};

/// A changed order is quoted anew, and its state moves no other way than by its steps.
#[actix_web::test]
async fn an_order_is_changed_while_nobody_has_it() {
    for backend in backends() {
        let town = Town::open(backend).await;
        let (driver, passenger) = (town.driver_at(1, 55.775, 37.654).await, town.passenger(1).await);
        let order = town.order(&passenger).await;
        let path = format!("/api/orders/{order}/");
        let before = town.desk.get(&path).await;
        let change = json!({ "note": "второй подъезд", "dropoff_lat": 55.62, "status": "completed", "has_companion": true });
        let (status, changed) = patch(&passenger.user, &path, change).await;
        assert_eq!((status, &changed["note"]), (StatusCode::OK, &json!("второй подъезд")), "{changed}");
        assert_eq!((&changed["status"], &changed["seats_needed"]), (&json!("submitted"), &json!(2)));
        assert_eq!(changed["pickup_title"], before["pickup_title"], "what is not named stays");
        assert!(changed["estimated_price"].as_f64() > before["estimated_price"].as_f64(), "{changed}");
        assert_eq!(town.desk.get(&path).await, changed, "it is kept");
        assert_eq!(town.assign(&order, &driver).await.0, StatusCode::OK);
        let (status, refused) = patch(&town.desk, &path, json!({ "note": "поздно" })).await;
        assert_eq!(
            (status, &refused["code"]),
            (StatusCode::CONFLICT, &json!("illegal_transition")),
            "{refused}"
        );
    }
}

/// The desk makes the passenger on the way; the same phone is the same one.
#[actix_web::test]
async fn an_order_makes_its_passenger_on_the_way() {
    let town = Town::open(Backend::Sqlite).await;
    let wanted = ride(json!({
        "passenger_phone": "+7 900 333-00-01", "passenger_name": "Мария", "passenger_region_id": town.region,
        "passenger_disability_category": "child", "passenger_allowed_companion": true,
    }));
    let first = made(&town.desk, "/api/orders/", wanted.clone()).await;
    let second = made(&town.desk, "/api/orders/", wanted).await;
    assert_ne!(first["id"], second["id"]);
    assert_eq!(first["passenger"]["id"], second["passenger"]["id"]);
    assert_eq!(
        (&first["passenger"]["full_name"], &first["passenger"]["user"]["phone"]),
        (&json!("Мария"), &json!("+79003330001"))
    );
    assert_eq!(first["price_breakdown"]["disability_multiplier"], 0.8);
    // Somebody who must not bring anybody does not.
    let alone = town.passenger(3).await;
    let path = format!("/api/passengers/{}/", alone.number);
    assert_eq!(patch(&town.desk, &path, json!({ "allowed_companion": false })).await.0, StatusCode::OK);
    let (status, refused) = town
        .desk
        .post("/api/orders/", ride(json!({ "passenger_id": alone.number, "has_companion": true })))
        .await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{refused}");
    assert!(refused["has_companion"][0].is_string(), "{refused}");
}

/// Who is new has to have a name, and is told so: the desk did not mistype one.
#[actix_web::test]
async fn somebody_new_needs_a_name() {
    for backend in backends() {
        let town = Town::open(backend).await;
        for name in [json!(null), json!(""), json!("  ")] {
            let wanted = ride(json!({ "passenger_phone": "+79003330002", "passenger_name": name }));
            let (status, refused) = town.desk.post("/api/orders/", wanted).await;
            assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{refused}");
            let told = "is required: no passenger has this phone yet";
            assert_eq!(refused["fields"]["passenger_name"], told, "{refused}");
        }
        let nameless = json!({ "full_name": " ", "phone": "+79003330002", "region_id": town.region });
        let (status, refused) = town.desk.post("/api/passengers/", nameless).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{refused}");
        assert_eq!(refused["fields"]["full_name"], "must have at least one visible character", "{refused}");
    }
}

#[actix_web::test]
async fn couriers_and_regions_come_and_go() {
    for backend in backends() {
        let town = Town::open(backend).await;
        let driver = town.driver(1).await;
        let path = format!("/api/drivers/{}/", driver.number);
        let (status, again) = town
            .desk
            .post(
                "/api/drivers/",
                json!({ "name": "x", "phone": "+79001110001", "region_id": town.region,
                "car_model": "x", "plate_number": "x" }),
            )
            .await;
        assert_eq!((status, &again["code"]), (StatusCode::CONFLICT, &json!("conflict")), "{again}");
        let region = format!("/api/regions/{}/", town.region);
        assert_eq!(town.desk.call(Method::DELETE, &region, None).await.0, StatusCode::CONFLICT);
        driver.go_online().await;
        let order = town.order(&town.passenger(1).await).await;
        assert_eq!(town.assign(&order, &driver).await.0, StatusCode::OK);
        assert_eq!(
            town.desk.call(Method::DELETE, &path, None).await.0,
            StatusCode::CONFLICT,
            "an order first"
        );
        town.step(&order, "cancelled").await;
        assert_eq!(town.desk.call(Method::DELETE, &path, None).await.0, StatusCode::NO_CONTENT);
        assert_eq!(town.desk.call(Method::GET, &path, None).await.0, StatusCode::NOT_FOUND);
        assert_eq!(
            driver.user.call(Method::GET, "/api/mobile/drivers/profile/", None).await.0,
            StatusCode::NOT_FOUND
        );

        // A region of one's own for the market place, which goes first there.
        let city = town.desk.get("/api/regions/cities/").await[0]["id"].clone();
        let drawn = json!({
            "title": "Вокзалы", "city_id": city, "center_lat": 55.776, "center_lon": 37.655, "priority": 5,
            "polygon_coordinates": [[55.77, 37.64], [55.77, 37.67], [55.79, 37.67], [55.79, 37.64]],
        });
        let drawn = made(&town.desk, "/api/regions/", drawn).await;
        let second = town.order(&town.passenger(2).await).await;
        let figures = town.desk.get(&format!("/api/regions/{}/stats/", drawn["id"].as_str().unwrap())).await;
        assert_eq!((&figures["active_orders"], &figures["passengers"]), (&json!(1), &json!(0)), "{figures}");
        let path = format!("/api/regions/{}/", drawn["id"].as_str().unwrap());
        let (status, changed) =
            patch(&town.desk, &path, json!({ "opening_hours": [{ "day": 9, "from": "1", "to": "2" }] }))
                .await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{changed}");
        town.step(&second, "cancelled").await;
        assert_eq!(town.desk.call(Method::DELETE, &path, None).await.0, StatusCode::NO_CONTENT);
        assert_eq!(town.desk.get("/api/regions/").await.as_array().unwrap().len(), 1);
        let stats = town.desk.get(&format!("/api/regions/cities/{}/stats/", city.as_str().unwrap())).await;
        assert_eq!((&stats["regions"], &stats["total_orders"]), (&json!(1), &json!(1)), "{stats}");
    }
}

/// A new version counts for what is quoted from then on.
#[actix_web::test]
async fn a_tariff_gets_versions_and_orders_keep_theirs() {
    for backend in backends() {
        let town = Town::open(backend).await;
        let admin = town.app.sign_in_with_role("Ada", Role::Admin).await;
        let passenger = town.passenger(1).await;
        let first = town.order(&passenger).await;
        let path = format!("/api/regions/{}/tariff/", town.region);
        let before = admin.get(&path).await;
        assert_eq!(before["base_minor"], 30_000, "{before}");
        let (status, refused) = admin.post(&path, json!({ "km_minor": -1 })).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{refused}");
        let added = made(&admin, &path, json!({ "base_minor": 90_000 })).await;
        assert_eq!((&added["version"], &added["km_minor"]), (&json!(1), &before["km_minor"]));
        let second = town.order(&passenger).await;
        let price = async |order: &str| {
            town.desk.get(&format!("/api/orders/{order}/")).await["estimated_price"].as_f64().unwrap()
        };
        assert!(price(&second).await > price(&first).await + 500.0);
        assert_eq!(made(&admin, &path, json!({})).await["version"], 2);
        // Quoted anew while nobody has it, by the tariff of now.
        let quoted = town.desk.post(&format!("/api/orders/{first}/calculate-quote/"), json!({})).await.1;
        assert_eq!(quoted["quote"].as_f64(), Some(price(&second).await), "{quoted}");
        assert_eq!(price(&first).await, price(&second).await);
    }
}

/// Nodes that hear nothing of each other: what one has made the other has to look for.
#[actix_web::test]
async fn a_region_that_another_node_has_made_is_known_where_the_desk_names_it() {
    if std::env::var("PEERPACK_TEST_POSTGRES").is_err() {
        eprintln!("PEERPACK_TEST_POSTGRES is not set: not run");
        return;
    }
    let postgres = fresh_postgres().await;
    let settings = RuntimeSettings { compare: Duration::from_secs(3_600), ..RuntimeSettings::default() };
    let told = [("PEERPACK_JWT_SECRET", "a secret that both nodes share, of 32 bytes")];
    let node = async || {
        let data = tempfile::tempdir().unwrap();
        TestApp::start_on(data, Some(postgres.clone()), &told, settings.clone()).await
    };
    let (a, b) = (node().await, node().await);
    let town = Town::of(a).await;
    let desk = town.desk.at(&b);
    let driver = json!({
        "name": "Ильдар", "phone": "+7 917 222-33-01", "email": "", "password": "x", "region_id": town.region,
        "car_model": "Lada Largus", "plate_number": "К100ОР116", "capacity": 4, "is_online": false,
    });
    assert_eq!(made(&desk, "/api/drivers/", driver).await["region"]["title"], "Центр");

    // A city and a region that the other node has not read yet, again and again.
    let city = json!({ "title": "Казань", "center_lat": 55.79, "center_lon": 49.12 });
    let city = made(&town.desk, "/api/regions/cities/", city).await;
    let region = json!({
        "title": "Вахитовский", "city_id": city["id"], "center_lat": 55.79, "center_lon": 49.12,
        "service_radius_meters": 9_000,
    });
    let region = made(&desk, "/api/regions/", region).await;
    let path = format!("/api/regions/{}/", region["id"].as_str().unwrap());
    let (status, renamed) = patch(&town.desk, &path, json!({ "title": "Центр Казани" })).await;
    assert_eq!((status, &renamed["title"]), (StatusCode::OK, &json!("Центр Казани")), "{renamed}");
    let more = json!({
        "passenger_phone": "8 917 222 33 99", "passenger_name": "Алсу", "passenger_region_id": region["id"],
    });
    made(&town.desk, "/api/orders/", ride(more)).await;
    let (status, refused) =
        patch(&town.desk, &format!("/api/regions/{}/", uuid::Uuid::nil()), json!({})).await;
    assert_eq!(status, StatusCode::NOT_FOUND, "{refused}");
    town.app.audit().await;
}
