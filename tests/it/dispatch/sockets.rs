//! What the five sockets tell, and to whom: faults of the server for which the console was written are here
//! by name.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::console::{Console, open};
use super::{Somebody, Town, moved};
use crate::support::{Backend, backends};

/// A search that was just begun, and the offer that comes of it.
async fn ask(town: &Town, order: &str) -> Value {
    let path = format!("/api/dispatch/smart-assign/{order}/");
    let (status, asked) = town.desk.insist(Method::POST, &path, Some(json!({}))).await;
    assert_eq!(status, StatusCode::OK, "{asked}");
    asked
}

async fn drivers_socket(town: &Town, driver: &Somebody) -> Console {
    open(&town.app, &driver.user, &format!("/ws/drivers/{}/", driver.number)).await
}

async fn map(town: &Town) -> Console {
    let mut map = open(&town.app, &town.desk, "/ws/dispatch-map/").await;
    map.hear("snapshot").await;
    map
}

#[actix_web::test]
async fn an_offer_is_pushed_to_its_courier_at_once_and_again_after_a_reconnect() {
    for backend in backends() {
        let town = Town::open(backend).await;
        let (driver, other) =
            (town.driver_at(1, 55.770, 37.650).await, town.driver_at(2, 55.65, 37.45).await);
        let passenger = town.passenger(1).await;
        let order = town.order(&passenger).await;
        let (mut own, mut others) =
            (drivers_socket(&town, &driver).await, drivers_socket(&town, &other).await);
        let asked = ask(&town, &order).await;
        let pushed = own.hear("new_order").await;
        assert_eq!((&pushed["offer_id"], &pushed["order_id"]), (&asked["offer_id"], &json!(order)));
        assert_eq!(pushed["passenger"]["id"], passenger.number, "{pushed}");
        assert!(pushed["expires_in_seconds"].as_i64().unwrap() > 5, "{pushed}");
        assert!(pushed["passenger"].get("user").is_none(), "no phone before the order is theirs: {pushed}");

        let mut again = drivers_socket(&town, &driver).await;
        assert_eq!(again.hear("new_order").await["offer_id"], asked["offer_id"]);
        let accept = format!("/api/dispatch/offer/{}/accept/", asked["offer_id"].as_str().unwrap());
        assert_eq!(driver.user.post(&accept, json!({})).await.0, StatusCode::OK);
        let update = own.hear_of("order_update", |order| order["status"] == "assigned").await;
        assert_eq!(update, driver.user.get(&format!("/api/orders/{order}/")).await, "the shape of HTTP");
        assert_eq!(others.kinds_so_far().await, Vec::<String>::new(), "nothing of others");
    }
}

#[actix_web::test]
async fn an_offer_that_is_withdrawn_is_told_to_its_courier_and_nothing_more_of_the_order() {
    let town = Town::open(Backend::Sqlite).await;
    let driver = town.driver_at(1, 55.770, 37.650).await;
    let passenger = town.passenger(1).await;
    let order = town.order(&passenger).await;
    let mut own = drivers_socket(&town, &driver).await;
    ask(&town, &order).await;
    own.hear("new_order").await;
    moved(&passenger.user, &order, "cancelled").await;
    let changed = own.hear("order_status_changed").await;
    assert_eq!((&changed["order_id"], &changed["status"]), (&json!(order), &json!("cancelled")));
    town.step(&order, "active_queue").await;
    assert_eq!(own.kinds_so_far().await, Vec::<String>::new());
}

#[actix_web::test]
async fn an_order_is_followed_on_its_own_socket() {
    for backend in backends() {
        let town = Town::open(backend).await;
        let driver = town.driver_at(1, 55.770, 37.650).await;
        let passenger = town.passenger(1).await;
        let order = town.order(&passenger).await;
        let path = format!("/ws/orders/{order}/");
        let mut seen = open(&town.app, &passenger.user, &path).await;
        let first = seen.next().await;
        assert_eq!((&first["type"], &first["data"]["status"]), (&json!("order_update"), &json!("submitted")));
        assert_eq!(town.assign(&order, &driver).await.0, StatusCode::OK);
        let assigned = seen.hear("driver_assigned").await;
        assert_eq!(
            (&assigned["order_id"], &assigned["driver"]["id"]),
            (&json!(order), &json!(driver.number))
        );
        moved(&driver.user, &order, "driver_en_route").await;
        let is_new = |data: &Value| data["status"] == "driver_en_route";
        let changed = seen.hear_of("order_status_changed", is_new).await;
        let expected =
            json!({ "order_id": order, "status": "driver_en_route", "status_display": "водитель уже едет" });
        assert_eq!(changed, expected);
        // The courier sees it too while they have it, and is sent away with 4003 when they do not.
        let mut drivers = open(&town.app, &driver.user, &path).await;
        drivers.hear("order_update").await;
        moved(&town.desk, &order, "cancelled").await;
        assert_eq!(drivers.code().await, 4003);
        seen.hear_of("order_update", |order| order["status"] == "cancelled").await;
    }
}

#[actix_web::test]
async fn a_passenger_is_told_when_the_courier_has_arrived() {
    for backend in backends() {
        let town = Town::open(backend).await;
        let driver = town.driver_at(1, 55.770, 37.650).await;
        let passenger = town.passenger(1).await;
        let order = town.order(&passenger).await;
        let path = format!("/ws/passengers/{}/", passenger.number);
        let mut seen = open(&town.app, &passenger.user, &path).await;
        seen.hear_of("order_update", |order| order["status"] == "submitted").await;
        assert_eq!(town.assign(&order, &driver).await.0, StatusCode::OK);
        moved(&driver.user, &order, "driver_en_route").await;
        moved(&driver.user, &order, "arrived_waiting").await;
        let arrived = seen.hear("driver_arrived").await;
        assert_eq!((&arrived["order_id"], &arrived["driver"]["id"]), (&json!(order), &json!(driver.number)));
        moved(&driver.user, &order, "ride_ongoing").await;
        moved(&driver.user, &order, "completed").await;
        seen.hear_of("order_update", |order| order["status"] == "completed").await;
        let more = seen.kinds_so_far().await;
        assert!(!more.contains(&"driver_arrived".to_owned()), "once: {more:?}");
    }
}

#[actix_web::test]
async fn the_map_is_told_of_an_order_that_is_created_and_of_its_way() {
    for backend in backends() {
        let town = Town::open(backend).await;
        let mut map = map(&town).await;
        let passenger = town.passenger(1).await;
        let order = town.order(&passenger).await;
        let created = map.hear("order_created").await;
        assert_eq!(created, town.desk.get(&format!("/api/orders/{order}/")).await, "the shape of HTTP");
        let way = map.hear("order_route_update").await;
        assert_eq!((&way["order_id"], &way["route"][0]), (&json!(order), &json!([55.776, 37.655])));
        town.step(&order, "rejected").await;
        map.hear_of("order_update", |order| order["status"] == "rejected").await;
        // The server's own reasons in the language of the handshake, as everywhere.
        let driver = town.driver_at(1, 55.770, 37.650).await;
        let given = town.order(&passenger).await;
        map.hear_of("order_created", |order| order["id"] == given.as_str()).await;
        assert_eq!(town.assign(&given, &driver).await.0, StatusCode::OK);
        let assigned = map.hear_of("order_update", |order| order["status"] == "assigned").await;
        assert_eq!(assigned["assignment_reason"], "Так решил диспетчер", "{assigned}");
        let more = map.kinds_so_far().await;
        assert!(!more.contains(&"order_created".to_owned()), "once: {more:?}");
    }
}

#[actix_web::test]
async fn the_map_follows_couriers_with_their_ways_and_an_eta_that_is_never_null() {
    for backend in backends() {
        let town = Town::open(backend).await;
        let mut map = map(&town).await;
        let driver = town.driver(1).await;
        driver.go_online().await;
        let is_own = |data: &Value| data["driver_id"] == driver.number;
        let status = map.hear_of("driver_status_update", is_own).await;
        assert_eq!((&status["is_online"], &status["is_located"]), (&json!(true), &json!(false)), "{status}");
        driver.is_at(55.770, 37.650).await;
        let here = map.hear_of("driver_location_update", is_own).await;
        assert_eq!(
            (&here["lat"], &here["lon"], &here["name"]),
            (&json!(55.770), &json!(37.650), &json!("Водитель 1"))
        );
        assert_eq!((here["car_model"].as_str(), here.get("eta")), (Some("Lada Largus"), None));

        let passenger = town.passenger(1).await;
        let order = town.order(&passenger).await;
        assert_eq!(town.assign(&order, &driver).await.0, StatusCode::OK);
        let way = map.hear("driver_route_update").await;
        assert_eq!((&way["driver_id"], &way["order_id"]), (&json!(driver.number), &json!(order)));
        assert_eq!(way["route"], json!([[55.770, 37.650], [55.776, 37.655]]));
        let eta = map.hear_of("driver_eta_update", is_own).await;
        assert!(eta["eta_seconds"].as_u64().unwrap() > 0 && eta["eta"].is_string(), "{eta}");
        moved(&driver.user, &order, "driver_en_route").await;
        tokio::time::sleep(std::time::Duration::from_millis(600)).await;
        driver.is_at(55.7705, 37.6503).await;
        let here = map.hear_of("driver_location_update", |data| data["lat"] == 55.7705).await;
        assert!(here["eta"].as_u64().unwrap() > 0, "{here}");
        let nearer = map.hear_of("driver_eta_update", |new| new["eta_seconds"] != eta["eta_seconds"]).await;
        assert!(nearer["eta_seconds"].as_u64() < eta["eta_seconds"].as_u64(), "{nearer}");
        let told = town.desk.get(&format!("/api/dispatch/eta/{}/{order}/", driver.number)).await;
        assert!(told["eta_seconds"].as_u64().unwrap() > 0, "{told}");
    }
}

#[actix_web::test]
async fn watchers_are_told_of_a_courier_sparingly_and_of_doubted_jumps_not_at_all() {
    let town = Town::open(Backend::Sqlite).await;
    let driver = town.driver_at(1, 55.770, 37.650).await;
    let mut map = map(&town).await;
    let mut own = drivers_socket(&town, &driver).await;
    tokio::time::sleep(std::time::Duration::from_millis(600)).await;
    // By the socket as by HTTP: at once too near, then too soon, then a jump of 60 km.
    let here = |lat: f64| json!({ "type": "location", "data": { "lat": lat, "lon": 37.650 } });
    let begun = Instant::now();
    for lat in [55.770_05, 55.770_2, 55.770_4, 55.770_6, 56.3] {
        own.say(&here(lat)).await;
    }
    assert_eq!(own.kinds_so_far().await, Vec::<String>::new(), "a position is not answered");
    let half_seconds = begun.elapsed().as_millis() / 500;
    let mut told = vec![map.hear("driver_location_update").await["lat"].clone()];
    told.extend(map.so_far().await.iter().map(|said| said["data"]["lat"].clone()));
    assert!(told.len() as u128 <= 1 + half_seconds, "in {half_seconds} half seconds: {told:?}");
    assert!(half_seconds > 0 || told == [json!(55.770_2)], "{told:?}");
    let believed = [json!(55.770_2), json!(55.770_4), json!(55.770_6)];
    assert!(told.iter().all(|lat| believed.contains(lat)), "{told:?}");
    own.say(&here(91.0)).await;
    assert_eq!(own.hear("error").await["code"], "bad_request");
    let mut foreign = open(&town.app, &town.desk, &format!("/ws/drivers/{}/", driver.number)).await;
    foreign.say(&here(55.9)).await;
    assert_eq!(foreign.kinds_so_far().await, Vec::<String>::new());
    let shown = town.desk.get(&format!("/api/drivers/{}/", driver.number)).await;
    assert_eq!(shown["current_lat"], 55.770_6, "the desk cannot speak for a courier here: {shown}");
}

#[actix_web::test]
async fn a_viewer_is_told_of_couriers_in_the_part_of_the_map_that_they_look_at() {
    let town = Town::open(Backend::Sqlite).await;
    let (near, far) = (town.driver_at(1, 55.770, 37.650).await, town.driver_at(2, 55.60, 37.41).await);
    let mut map = map(&town).await;
    map.say(&json!({ "type": "viewport",
        "data": { "south": 55.75, "west": 37.60, "north": 55.79, "east": 37.69 } }))
        .await;
    let snapshot = map.hear("snapshot").await;
    let ids: Vec<&Value> = snapshot["drivers"].as_array().unwrap().iter().map(|one| &one["id"]).collect();
    assert_eq!(ids, [&json!(near.number)]);
    tokio::time::sleep(std::time::Duration::from_millis(600)).await;
    far.is_at(55.600_5, 37.41).await;
    near.is_at(55.770_5, 37.65).await;
    let here = map.hear("driver_location_update").await;
    assert_eq!(here["driver_id"], near.number);
    map.say(&json!({ "type": "viewport", "data": { "south": 2, "west": 0, "north": 1, "east": 1 } })).await;
    assert_eq!(map.hear("error").await["code"], "bad_request");
}

#[actix_web::test]
async fn a_map_that_comes_back_is_told_of_what_has_changed_and_not_of_everything() {
    for backend in backends() {
        let town = Town::open(backend).await;
        let passenger = town.passenger(1).await;
        let (stays, goes) = (town.driver_at(1, 55.770, 37.650).await, town.driver_at(2, 55.78, 37.66).await);
        let (kept, ended) = (town.order(&passenger).await, town.order(&passenger).await);
        let mut map = open(&town.app, &town.desk, "/ws/dispatch-map/").await;
        let whole = map.hear("snapshot").await;
        assert_eq!((&whole["is_whole"], &whole["more"]), (&json!(true), &json!(false)));
        assert_eq!(whole["drivers"].as_array().unwrap().len(), 2, "{whole}");
        assert_eq!(whole["orders"].as_array().unwrap().len(), 2, "{whole}");
        drop(map);
        // Beyond what is shown again in any case.
        tokio::time::sleep(std::time::Duration::from_millis(5_500)).await;
        let cursor = town.app.app.clock.now().ms();
        let path = format!("/api/drivers/{}/online-status/", goes.number);
        assert_eq!(super::patch(&goes.user, &path, json!({ "is_online": false })).await.0, StatusCode::OK);
        town.step(&ended, "rejected").await;
        let query = format!("?after={}&token={}", cursor, town.desk.token);
        let mut map = super::console::try_open(&town.app, "/ws/dispatch-map/", &query).await.unwrap();
        let changed = map.hear("snapshot").await;
        assert_eq!(changed["is_whole"], false);
        assert_eq!(changed["gone_drivers"], json!([goes.number]), "{changed}");
        assert_eq!(changed["gone_orders"], json!([ended]), "{changed}");
        let ids = |of: &str| -> Vec<Value> {
            changed[of].as_array().unwrap().iter().map(|one| one["id"].clone()).collect()
        };
        assert!(!ids("orders").contains(&json!(kept)), "{changed}");
        assert!(!ids("drivers").contains(&json!(stays.number)), "{changed}");
    }
}
