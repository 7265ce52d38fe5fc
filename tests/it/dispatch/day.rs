//! A whole day: from an empty town to a ride that is paid for.

use reqwest::StatusCode;
use serde_json::{Value, json};

use super::{Somebody, Town, made, moved, patch, ride};
use crate::support::{backends, eventually};

async fn runs(town: Town) {
    let (driver, passenger) = (town.driver(1).await, town.passenger(1).await);
    let order = town.order(&passenger).await;
    let shown = town.desk.get(&format!("/api/orders/{order}")).await;
    assert_eq!(shown["status"], "submitted", "{shown}");
    assert_eq!(shown["passenger"]["id"], passenger.number);
    assert_eq!(shown["passenger"]["region"]["title"], "Центр");
    assert_eq!(shown["pickup_coordinate"], json!({ "lat": 55.776, "lon": 37.655 }));
    assert_eq!((&shown["seats_needed"], &shown["driver"]), (&json!(1), &Value::Null));
    assert!(shown["estimated_price"].as_f64().unwrap() > 500.0, "{shown}");

    // Nobody is on duty: the desk is told so, and why.
    let smart = format!("/api/dispatch/smart-assign/{order}/");
    let (status, refused) = town.desk.post(&smart, json!({})).await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "{refused}");
    assert_eq!((&refused["success"], &refused["rejection_reason"]), (&json!(false), &json!("no_candidates")));

    driver.go_online().await;
    driver.is_at(55.770, 37.650).await;
    offered_and_accepted(&town, &driver, &passenger, &order).await;
    driven(&town, &driver, &passenger, &order).await;

    let map = town.desk.get("/api/dispatch/map-data/").await;
    assert_eq!((&map["drivers_count"], &map["orders_count"]), (&json!(1), &json!(0)), "{map}");
    let heat = town.desk.get("/api/dispatch/heatmap/").await;
    assert_eq!(heat["points"][0]["intensity"], 1.0, "{heat}");
    let stats = town.desk.get(&format!("/api/regions/{}/stats/", town.region)).await;
    for (figure, value) in [("drivers", 1), ("passengers", 1), ("active_orders", 0), ("total_orders", 1)] {
        assert_eq!(stats[figure], value, "{stats}");
    }
    town.app.audit().await;
}

async fn offered_and_accepted(town: &Town, driver: &Somebody, passenger: &Somebody, order: &str) {
    // The desk and the search that goes on by itself may ask at once: one offer comes of it.
    let smart = format!("/api/dispatch/smart-assign/{order}/");
    let (status, asked) = town.desk.post(&smart, json!({})).await;
    assert_eq!((status, &asked["success"]), (StatusCode::OK, &json!(true)), "{asked}");
    assert_eq!(asked["driver_id"], driver.number);
    let offers = driver.user.get("/api/mobile/drivers/offers/").await;
    assert_eq!((&offers["count"], &offers["results"][0]["offer_id"]), (&json!(1), &asked["offer_id"]));
    assert_eq!(offers["results"][0]["passenger"]["id"], passenger.number);
    assert!(offers["results"][0]["expires_in_seconds"].as_i64().unwrap() <= 15, "{offers}");
    assert_eq!(town.status_of(order).await, "offered");
    let on_map = town.desk.get("/api/dispatch/map-data/").await;
    assert_eq!(on_map["orders"][0]["id"], order, "orders that are offered are on the map");

    let accept = format!("/api/dispatch/offer/{}/accept/", asked["offer_id"].as_str().unwrap());
    assert_eq!(passenger.user.post(&accept, json!({})).await.0, StatusCode::NOT_FOUND);
    for _ in 0..2 {
        let (status, taken) = driver.user.post(&accept, json!({})).await;
        assert_eq!((status, &taken["order"]["status"]), (StatusCode::OK, &json!("assigned")), "{taken}");
    }
    let ride = passenger.user.get("/api/mobile/passengers/active-order/").await;
    assert_eq!(ride["driver_position"]["lat"], 55.770, "{ride}");
    assert!(ride["eta"]["seconds"].as_u64().unwrap() > 0, "{ride}");
    let listed = town.desk.get(&format!("/api/dispatch/offers/{order}/")).await;
    assert_eq!(listed[0]["status"], "accepted", "{listed}");
}

async fn driven(town: &Town, driver: &Somebody, passenger: &Somebody, order: &str) {
    for step in ["driver_en_route", "arrived_waiting", "ride_ongoing"] {
        moved(&driver.user, order, step).await;
    }
    let active = driver.user.get("/api/mobile/drivers/active-order/").await;
    assert_eq!(active["order"]["id"], order, "{active}");
    let done = moved(&driver.user, order, "completed").await;
    assert!(done["completed_at"].is_string() && done["final_price"].is_number(), "{done}");
    assert_eq!(done["driver"]["id"], driver.number);

    // Quote and final price each keep how they came about.
    for (kind, price) in [("quote", &done["estimated_price"]), ("final", &done["final_price"])] {
        let path = format!("/api/orders/{order}/price-breakdown/?type={kind}");
        let kept = passenger.user.get(&path).await;
        assert_eq!((&kept["total"], &kept["type"]), (price, &json!(kind)), "{kept}");
    }
    assert_eq!(town.duty_of(driver).await, "online_idle", "who is done is free");
    let events = town.desk.get(&format!("/api/orders/{order}/events/")).await;
    let path: Vec<&str> =
        events.as_array().unwrap().iter().map(|step| step["status_to"].as_str().unwrap()).collect();
    assert_eq!(path.last(), Some(&"completed"));
    let statistics = driver.user.get("/api/mobile/drivers/statistics/").await;
    assert_eq!((&statistics["completed_orders"], &statistics["completed_today"]), (&json!(1), &json!(1)));
    assert_eq!(statistics["acceptance_rate"], 1.0, "{statistics}");
}

#[actix_web::test]
async fn a_day_goes_from_an_empty_town_to_a_ride_with_its_price() {
    for backend in backends() {
        runs(Town::open(backend).await).await;
    }
}

/// A passenger orders, and somebody who comes on duty later is asked without anybody's doing.
#[actix_web::test]
async fn who_orders_from_a_phone_is_searched_for_at_once() {
    for backend in backends() {
        let town = Town::open(backend).await;
        let anna = town.app.sign_in("Anna").await;
        let quote = anna.post("/api/mobile/orders/quote/", ride(json!({}))).await.1;
        assert!(quote["estimated_price"].as_f64().unwrap() > 0.0, "{quote}");
        let order = made(&anna, "/api/mobile/orders/create/", ride(json!({}))).await;
        assert_eq!(order["status"], "matching", "{order}");
        let order = order["id"].as_str().unwrap();
        let driver = town.driver_at(1, 55.77, 37.65).await;
        let offer = eventually("offer", async || {
            let offers = driver.user.get("/api/mobile/drivers/offers/").await;
            offers["results"][0]["offer_id"].as_str().map(str::to_owned)
        })
        .await;
        let decline = format!("/api/mobile/drivers/offer/{offer}/decline/");
        let (status, declined) = driver.user.post(&decline, json!({ "reason": "обед" })).await;
        assert_eq!(status, StatusCode::OK, "{declined}");
        assert_eq!(town.duty_of(&driver).await, "online_idle");
        // A courier who has declined is not asked again.
        let candidates = town.desk.get(&format!("/api/dispatch/candidates/{order}/")).await;
        assert_eq!(candidates["count"], 0, "{candidates}");
        assert_eq!(candidates["rejected"][0]["reason"], "declined_before", "{candidates}");
        let path = format!("/api/mobile/orders/{order}/cancel/");
        let (status, cancelled) = anna.post(&path, json!({})).await;
        assert_eq!((status, &cancelled["cancel_fee"]), (StatusCode::OK, &json!(0.0)), "{cancelled}");
        assert_eq!(cancelled["order"]["status"], "cancelled");
    }
}

/// What was known of regions, orders and duties is known after a restart.
#[actix_web::test]
async fn a_town_outlives_a_restart() {
    for backend in backends() {
        let town = Town::open(backend).await;
        let driver = town.driver_at(1, 55.77, 37.65).await;
        let order = town.order(&town.passenger(1).await).await;
        let Town { app, desk, region } = town;
        let app = app.restart().await;
        let town = Town { desk: desk.at(&app), app, region };
        let driver = Somebody { number: driver.number, user: driver.user.at(&town.app) };
        assert_eq!(town.desk.get("/api/regions/").await[0]["id"], town.region.as_str());
        assert_eq!(town.duty_of(&driver).await, "online_idle");
        // Positions are not kept.
        assert_eq!(
            town.desk.get(&format!("/api/drivers/{}", driver.number)).await["current_lat"],
            Value::Null
        );
        driver.is_at(55.77, 37.65).await;
        let (status, assigned) = town.desk.post(&format!("/api/dispatch/assign/{order}/"), json!({})).await;
        assert_eq!((status, &assigned["driver_id"]), (StatusCode::OK, &json!(driver.number)), "{assigned}");
        let path = format!("/api/drivers/{}/online-status/", driver.number);
        let (status, refused) = patch(&driver.user, &path, json!({ "is_online": false })).await;
        assert_eq!((status, &refused["code"]), (StatusCode::CONFLICT, &json!("illegal_transition")));
    }
}
