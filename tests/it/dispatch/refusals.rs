//! The bodies of refusals, as the console reads them.

use peerpack::auth::{Principal, Role};
use peerpack_actors::runtime::RuntimeSettings;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{Town, patch, ride};
use crate::support::{Backend, TestApp};

/// Members that every refusal of these paths has.
fn is_told(refused: &Value) {
    for member in ["error", "detail", "message", "code", "request_id"] {
        assert!(refused[member].is_string(), "{member} of {refused}");
    }
}

#[actix_web::test]
async fn what_is_wrong_with_a_field_is_said_under_its_name() {
    let town = Town::open(Backend::Sqlite).await;
    let passenger = town.passenger(1).await;
    let wrong = ride(json!({
        "passenger_id": passenger.number, "pickup_title": "", "pickup_lat": 91.0, "desired_pickup_time": "завтра",
    }));
    let (status, refused) = town.desk.post("/api/orders/", wrong).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{refused}");
    is_told(&refused);
    for field in ["pickup_title", "pickup_lat", "desired_pickup_time"] {
        assert!(refused[field][0].is_string(), "{field} of {refused}");
        assert_eq!(refused[field][0], refused["fields"][field]);
    }
    let table = [
        ("/api/orders/", ride(json!({})), "passenger_id"),
        ("/api/orders/", ride(json!({ "passenger_id": 1 })), "passenger_id"),
        ("/api/orders/", ride(json!({ "passenger_phone": "12", "passenger_name": "x" })), "passenger_phone"),
        ("/api/orders/", ride(json!({ "passenger_phone": "+79003330001" })), "passenger_name"),
        ("/api/drivers/", json!({ "name": "x" }), "phone"),
        ("/api/passengers/", json!({ "full_name": "x", "phone": "+79003330002" }), "region_id"),
        ("/api/regions/", json!({ "title": "x", "center_lat": 1.0, "center_lon": 1.0 }), "city_id"),
        ("/api/regions/cities/", json!({ "title": "x" }), "center_lat"),
    ];
    for (path, body, field) in table {
        let (status, refused) = town.desk.post(path, body).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{path}: {refused}");
        assert!(refused[field][0].is_string(), "{field} of {refused}");
        is_told(&refused);
    }
    // An hour to 30 days ahead, or now.
    let at =
        |minutes: i64| (town.app.app.clock.now() + peerpack_actors::time::Span::minutes(minutes)).to_string();
    for (minutes, expected) in [(30, 422), (61, 201), (43_199, 201), (43_201, 422)] {
        let wanted = ride(json!({ "passenger_id": passenger.number, "desired_pickup_time": at(minutes) }));
        let (status, body) = town.desk.post("/api/orders/", wanted).await;
        assert_eq!(status.as_u16(), expected, "{minutes} min: {body}");
    }
    // Outside of every region, for who has none of their own.
    let anna = town.app.sign_in("Anna").await;
    let (status, refused) =
        anna.post("/api/mobile/orders/create/", ride(json!({ "pickup_lat": 10.0 }))).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{refused}");
    assert!(refused["pickup_lat"][0].is_string(), "{refused}");
}

#[actix_web::test]
async fn a_field_that_is_called_as_a_member_of_problems_does_not_take_its_place() {
    let town = Town::open(Backend::Sqlite).await;
    let path = format!("/api/dispatch/candidates-scored/{}?limit=-1", uuid::Uuid::nil());
    let (status, refused) = town.desk.call(Method::GET, &path, None).await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "{refused}");
    is_told(&refused);
    assert!(refused["fields"]["limit"].is_string() && refused["limit"].is_null(), "{refused}");
}

#[actix_web::test]
async fn a_position_out_of_range_is_malformed() {
    let town = Town::open(Backend::Sqlite).await;
    let driver = town.driver(1).await;
    driver.go_online().await;
    let paths =
        [format!("/api/drivers/{}/location/", driver.number), "/api/mobile/drivers/location/".to_owned()];
    for path in paths {
        for (lat, lon, field) in [(91.0, 0.0, "lat"), (0.0, -181.0, "lon")] {
            let (status, refused) = patch(&driver.user, &path, json!({ "lat": lat, "lon": lon })).await;
            assert_eq!(status, StatusCode::BAD_REQUEST, "{refused}");
            assert!(refused[field][0].is_string(), "{refused}");
            is_told(&refused);
        }
        assert_eq!(patch(&driver.user, &path, json!({ "lat": 1.0 })).await.0, StatusCode::BAD_REQUEST);
    }
}

#[actix_web::test]
async fn an_order_of_the_desk_that_cannot_be_offered_says_why() {
    let town = Town::open(Backend::Sqlite).await;
    let (driver, passenger) = (town.driver_at(1, 55.775, 37.654).await, town.passenger(1).await);
    let order = town.order(&passenger).await;
    assert_eq!(town.assign(&order, &driver).await.0, StatusCode::OK);
    let (status, refused) = town.desk.post(&format!("/api/dispatch/smart-assign/{order}/"), json!({})).await;
    assert_eq!((status, &refused["success"]), (StatusCode::BAD_REQUEST, &json!(false)), "{refused}");
    assert_eq!(refused["rejection_reason"], "illegal_transition");
    is_told(&refused);
    let nothing = "01990000-0000-7000-8000-000000000000";
    for path in ["assign", "smart-assign"] {
        let (status, refused) = town.desk.post(&format!("/api/dispatch/{path}/{nothing}/"), json!({})).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{refused}");
        is_told(&refused);
    }
    // Too late, or somebody else's, is said to the courier.
    let second = town.order(&town.passenger(2).await).await;
    town.step(&order, "cancelled").await;
    let asked = town.desk.post(&format!("/api/dispatch/smart-assign/{second}/"), json!({})).await.1;
    town.step(&second, "cancelled").await;
    let accept = format!("/api/dispatch/offer/{}/accept/", asked["offer_id"].as_str().unwrap());
    let (status, refused) = driver.user.post(&accept, json!({})).await;
    assert_eq!(status, StatusCode::CONFLICT, "an offer of a cancelled order assigns nothing: {refused}");
    is_told(&refused);
    assert_eq!(town.duty_of(&driver).await, "online_idle");
}

/// Orders are deleted in development alone, and only who says so.
#[actix_web::test]
async fn orders_are_never_deleted_in_production() {
    let town = Town::open(Backend::Sqlite).await;
    let (driver, passenger) = (town.driver_at(1, 55.775, 37.654).await, town.passenger(1).await);
    let order = town.order(&passenger).await;
    assert_eq!(town.assign(&order, &driver).await.0, StatusCode::OK);
    let admin = town.app.sign_in_with_role("Ada", Role::Admin).await;
    let (status, refused) = admin.post("/api/orders/clear-all/", json!({ "confirm": false })).await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "{refused}");
    let (status, cleared) = admin.post("/api/orders/clear-all/", json!({ "confirm": true })).await;
    assert_eq!((status, &cleared["deleted"]), (StatusCode::OK, &json!(1)), "{cleared}");
    assert_eq!(cleared["deleted_count"], 1);
    assert_eq!(town.duty_of(&driver).await, "online_idle");
    let next = town.order(&passenger).await;
    assert_eq!(
        town.assign(&next, &driver).await.0,
        StatusCode::OK,
        "the free courier can be given another one"
    );

    let settings = [
        ("PEERPACK_MODE", "production"),
        ("PEERPACK_JWT_SECRET", "0123456789abcdef0123456789abcdef"),
        ("PEERPACK_BOT_TOKEN", "1:secret-of-a-bot"),
        ("PEERPACK_BOT_MODE", "off"),
        ("PEERPACK_ALLOWED_ORIGINS", "https://app.example.org"),
        ("PEERPACK_DISPATCH", "on"),
    ];
    let data = tempfile::tempdir().unwrap();
    let app = TestApp::start_on(data, None, &settings, RuntimeSettings::default()).await;
    let principal = Principal { user: town.desk.id.parse().unwrap(), role: Role::Admin };
    let (now, random) = (app.app.clock.now(), app.app.clock.random());
    let (token, _) = app.app.tokens.issue(principal, uuid::Uuid::from_u128(7), now, random);
    let admin = app.anonymous().with_token(&token);
    assert_eq!(admin.get("/api/orders/").await["count"], 0);
    let (status, refused) = admin.post("/api/orders/clear-all/", json!({ "confirm": true })).await;
    assert_eq!((status, &refused["code"]), (StatusCode::FORBIDDEN, &json!("forbidden")), "{refused}");
    is_told(&refused);
}

/// Without the dispatch its paths are not there, and the market is as it was.
#[actix_web::test]
async fn where_no_dispatch_runs_its_paths_are_not_there() {
    let data = tempfile::tempdir().unwrap();
    let off = [("PEERPACK_DISPATCH", "off")];
    let app = TestApp::start_on(data, None, &off, RuntimeSettings::default()).await;
    let admin = app.sign_in_with_role("Ada", Role::Admin).await;
    for (method, path) in [
        (Method::GET, "/api/regions/"),
        (Method::GET, "/api/orders/"),
        (Method::GET, "/api/drivers/"),
        (Method::GET, "/api/dispatch/map-data/"),
        (Method::GET, "/api/mobile/drivers/profile/"),
        (Method::POST, "/api/dispatch/auto-assign-all/"),
    ] {
        let (status, body) = admin.call(method, path, None).await;
        assert_eq!((status, &body["code"]), (StatusCode::NOT_FOUND, &json!("not_found")), "{path}");
    }
    admin.publish_trip("Орёл", "Курск", json!({})).await;
}
