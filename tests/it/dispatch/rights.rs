//! A third person sees nothing, and changes nothing, on any path.

use peerpack::auth::Role;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{Town, patch};
use crate::support::{Backend, TestUser, backends};

/// Every path that names an order, a courier, a passenger or an offer.
fn paths(order: &str, driver: i64, passenger: i64, offer: &str) -> Vec<(Method, String, Option<Value>)> {
    let get = |path: String| (Method::GET, path, None);
    let post = |path: String| (Method::POST, path, Some(json!({})));
    vec![
        get(format!("/api/orders/{order}/")),
        get(format!("/api/orders/{order}/events/")),
        get(format!("/api/orders/{order}/price-breakdown/")),
        get(format!("/api/orders/passenger/{passenger}/")),
        get(format!("/api/orders/driver/{driver}/")),
        get(format!("/api/orders/?passenger_id={passenger}")),
        get(format!("/api/orders/?driver_id={driver}")),
        get(format!("/api/drivers/{driver}/")),
        get(format!("/api/passengers/{passenger}/")),
        get(format!("/api/mobile/orders/{order}/status/")),
        get(format!("/api/mobile/orders/{order}/route/")),
        post(format!("/api/orders/{order}/calculate-price/")),
        post(format!("/api/orders/{order}/calculate-quote/")),
        post(format!("/api/orders/{order}/calculate-final/")),
        post(format!("/api/orders/{order}/calculate-cancel-fee/")),
        post(format!("/api/mobile/orders/{order}/cancel/")),
        post(format!("/api/dispatch/offer/{offer}/accept/")),
        post(format!("/api/dispatch/offer/{offer}/decline/")),
        post(format!("/api/mobile/drivers/offer/{offer}/accept/")),
        (Method::PATCH, format!("/api/orders/{order}/"), Some(json!({ "note": "x" }))),
        (Method::PATCH, format!("/api/orders/{order}/status/"), Some(json!({ "status": "cancelled" }))),
        (
            Method::PATCH,
            format!("/api/mobile/orders/{order}/status/"),
            Some(json!({ "status": "cancelled" })),
        ),
        (Method::PATCH, format!("/api/drivers/{driver}/location/"), Some(json!({ "lat": 1.0, "lon": 1.0 }))),
        (Method::PATCH, format!("/api/drivers/{driver}/online-status/"), Some(json!({ "is_online": false }))),
    ]
}

/// Paths of the desk.
fn of_desk(order: &str, driver: i64, region: &str) -> Vec<(Method, String)> {
    let get = [
        "/api/drivers/".to_owned(),
        "/api/passengers/".to_owned(),
        format!("/api/regions/{region}/stats/"),
        format!("/api/dispatch/candidates/{order}/"),
        format!("/api/dispatch/candidates-scored/{order}/"),
        format!("/api/dispatch/offers/{order}/"),
        "/api/dispatch/map-data/".to_owned(),
        "/api/dispatch/heatmap/".to_owned(),
        format!("/api/dispatch/driver-route/{driver}/"),
        format!("/api/dispatch/order-route/{order}/"),
        format!("/api/dispatch/eta/{driver}/{order}/"),
        "/api/analytics/metrics/".to_owned(),
        "/api/analytics/orders/".to_owned(),
        "/api/analytics/financial/".to_owned(),
        "/api/analytics/drivers/".to_owned(),
        "/api/analytics/time-series/".to_owned(),
        "/api/analytics/regions/".to_owned(),
        "/api/analytics/peak-hours/".to_owned(),
        "/api/analytics/driver-performance/".to_owned(),
        "/api/analytics/comparison/".to_owned(),
        "/api/analytics/export/".to_owned(),
        "/api/orders/export-excel-template/".to_owned(),
        "/api/dispatch/daily-routes/".to_owned(),
        "/api/dispatch/daily-routes/progress/".to_owned(),
        "/api/dispatch/daily-routes-export/".to_owned(),
        "/api/orders/export-by-drivers/".to_owned(),
        "/api/drivers/template/".to_owned(),
        "/api/drivers/export/".to_owned(),
        "/api/passengers/template/".to_owned(),
        "/api/passengers/export/".to_owned(),
    ];
    let post = [
        "/api/drivers/".to_owned(),
        "/api/passengers/".to_owned(),
        "/api/regions/".to_owned(),
        format!("/api/regions/{region}/tariff/"),
        format!("/api/dispatch/assign/{order}/"),
        format!("/api/dispatch/smart-assign/{order}/"),
        "/api/dispatch/auto-assign-all/".to_owned(),
        "/api/orders/clear-all/".to_owned(),
        "/api/orders/import/".to_owned(),
        "/api/dispatch/daily-routes/".to_owned(),
        "/api/dispatch/daily-routes/cancel/".to_owned(),
        "/api/drivers/import/".to_owned(),
        "/api/passengers/import/".to_owned(),
    ];
    let (get, post) =
        (get.into_iter().map(|path| (Method::GET, path)), post.into_iter().map(|path| (Method::POST, path)));
    get.chain(post).collect()
}

async fn status(who: &TestUser, method: &Method, path: &str, body: Option<Value>) -> StatusCode {
    who.call(method.clone(), path, body).await.0
}

#[actix_web::test]
async fn a_third_person_sees_nothing_on_every_path() {
    let town = Town::open(Backend::Sqlite).await;
    let (driver, passenger) = (town.driver_at(1, 55.775, 37.654).await, town.passenger(1).await);
    let order = town.order(&passenger).await;
    let asked = town.desk.post(&format!("/api/dispatch/smart-assign/{order}/"), json!({})).await.1;
    let offer = asked["offer_id"].as_str().unwrap();

    let (other_driver, other) = (town.driver_at(2, 55.7, 37.6).await, town.passenger(2).await);
    let eve = town.app.sign_in("Eve").await;
    for who in [&other_driver.user, &other.user, &eve] {
        for (method, path, body) in paths(&order, driver.number, passenger.number, offer) {
            assert_eq!(status(who, &method, &path, body).await, StatusCode::NOT_FOUND, "{method} {path}");
        }
        for (method, path) in of_desk(&order, driver.number, &town.region) {
            assert_eq!(status(who, &method, &path, None).await, StatusCode::FORBIDDEN, "{method} {path}");
        }
        let own = who.get("/api/orders/").await;
        assert_eq!(own["count"], 0, "{own}");
    }
    // Whatever happened meanwhile was the engine's doing: the offer may have run out.
    let events = town.desk.get(&format!("/api/orders/{order}/events/")).await;
    for step in events.as_array().unwrap() {
        assert!(["staff", "engine"].contains(&step["by"].as_str().unwrap()), "{step}");
    }
    assert!(["offered", "matching"].contains(&town.status_of(&order).await.as_str()));
    assert_ne!(town.duty_of(&driver).await, "offline");
    // Numbers are not counted through: two who came one after the other are far apart.
    assert!((driver.number - other_driver.number).abs() > 1_000, "{} {}", driver.number, other_driver.number);
}

/// An operator who looks sees everything and changes nothing.
#[actix_web::test]
async fn who_only_looks_changes_nothing() {
    let town = Town::open(Backend::Sqlite).await;
    let vera = town.app.sign_in_with_role("Vera", Role::Viewer).await;
    let (driver, passenger) = (town.driver_at(1, 55.775, 37.654).await, town.passenger(1).await);
    let order = town.order(&passenger).await;
    assert_eq!(vera.get(&format!("/api/orders/{order}/")).await["id"], order.as_str());
    assert_eq!(vera.get("/api/orders/").await["count"], 1);
    let changes = [
        (format!("/api/orders/{order}/status/"), json!({ "status": "cancelled" })),
        (format!("/api/orders/{order}/"), json!({ "note": "x" })),
        (format!("/api/drivers/{}/", driver.number), json!({ "name": "x" })),
        (format!("/api/drivers/{}/location/", driver.number), json!({ "lat": 1.0, "lon": 1.0 })),
        (format!("/api/drivers/{}/online-status/", driver.number), json!({ "is_online": false })),
        (format!("/api/passengers/{}/", passenger.number), json!({ "full_name": "x" })),
        (format!("/api/regions/{}/", town.region), json!({ "title": "x" })),
    ];
    for (path, body) in changes {
        assert_eq!(patch(&vera, &path, body).await.0, StatusCode::FORBIDDEN, "{path}");
    }
    let path = format!("/api/mobile/orders/{order}/cancel/");
    assert_ne!(vera.post(&path, json!({})).await.0, StatusCode::OK);
    assert_eq!(vera.post("/api/orders/", super::ride(json!({}))).await.0, StatusCode::FORBIDDEN);
    assert_eq!(town.status_of(&order).await, "submitted");
}

/// Of the courier a passenger is told what it takes to meet, and nothing else that is known of them.
#[actix_web::test]
async fn a_passenger_sees_no_more_of_a_courier_than_their_phone() {
    for backend in backends() {
        let town = Town::open(backend).await;
        let (driver, passenger) = (town.driver_at(1, 55.775, 37.654).await, town.passenger(1).await);
        let path = format!("/api/drivers/{}/", driver.number);
        let email = "ivan@example.org";
        assert_eq!(patch(&town.desk, &path, json!({ "email": email })).await.1["user"]["email"], email);
        let order = town.order(&passenger).await;
        assert_eq!(town.assign(&order, &driver).await.0, StatusCode::OK);
        for path in [format!("/api/orders/{order}/"), "/api/mobile/passengers/active-order/".to_owned()] {
            let told = passenger.user.get(&path).await;
            let reached = json!({ "id": driver.number, "phone": "+79001110001" });
            assert_eq!(told["driver"]["user"], reached, "{told}");
            assert!(!told.to_string().contains(email), "{told}");
        }
    }
}
