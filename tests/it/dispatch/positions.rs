//! Where couriers are: on which nodes that is known, for how long, and where it is not to be found.

use std::time::Duration;

use peerpack_actors::place::Position;
use peerpack_actors::runtime::RuntimeSettings;
use peerpack_actors::time::Span;
use reqwest::StatusCode;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::console::open;
use super::{Town, patch};
use crate::nodes::two_nodes;
use crate::support::{Backend, TestApp, backends, eventually};

#[actix_web::test]
async fn what_happens_on_one_node_is_shown_on_the_other() {
    let (Ok(_), Ok(redis)) = (std::env::var("PEERPACK_TEST_POSTGRES"), std::env::var("PEERPACK_TEST_REDIS"))
    else {
        eprintln!("PEERPACK_TEST_POSTGRES or PEERPACK_TEST_REDIS is not set: not run");
        return;
    };
    // Without the comparison with the store: what is shown has come by a hint.
    let (a, b) = two_nodes(&redis, Duration::from_secs(3_600)).await;
    let town = Town::of(a).await;
    // Regions reach the other node by hints, too.
    let region = format!("/api/regions/{}/", town.region);
    let known = async || {
        let (status, _) = town.desk.at(&b).call(reqwest::Method::GET, &region, None).await;
        (status == StatusCode::OK).then_some(())
    };
    eventually("the region", known).await;
    let passenger = town.passenger(1).await;
    let mut map = open(&b, &town.desk.at(&b), "/ws/dispatch-map/").await;
    map.hear("snapshot").await;
    // The courier speaks to one node, the desk looks at the other.
    let driver = town.driver_at(1, 55.770, 37.650).await;
    let is_own = |data: &Value| data["driver_id"] == driver.number;
    map.hear_of("driver_status_update", |data| is_own(data) && data["is_online"] == true).await;
    let here = map.hear_of("driver_location_update", is_own).await;
    assert_eq!((&here["lat"], &here["lon"]), (&json!(55.770), &json!(37.650)));
    let shown = town.desk.at(&b).get(&format!("/api/drivers/{}/", driver.number)).await;
    assert_eq!(shown["current_lat"], 55.770, "{shown}");

    let order = town.order(&passenger).await;
    map.hear_of("order_created", |data| data["id"] == order).await;
    // That node can ask the courier, who hears it on the first one.
    let mut own = open(&town.app, &driver.user, &format!("/ws/drivers/{}/", driver.number)).await;
    let smart = format!("/api/dispatch/smart-assign/{order}/");
    let (status, asked) = town.desk.at(&b).post(&smart, json!({})).await;
    assert_eq!(status, StatusCode::OK, "{asked}");
    assert_eq!(own.hear("new_order").await["offer_id"], asked["offer_id"]);
    let accept = format!("/api/dispatch/offer/{}/accept/", asked["offer_id"].as_str().unwrap());
    assert_eq!(driver.user.post(&accept, json!({})).await.0, StatusCode::OK);
    map.hear_of("order_update", |data| data["status"] == "assigned").await;

    // Sparingly over both nodes: half a second has not passed, wherever it is said.
    tokio::time::sleep(Duration::from_millis(700)).await;
    map.so_far().await;
    let path = format!("/api/drivers/{}/location/", driver.number);
    let is_at = async |app: &TestApp, lat: f64| {
        let (status, _) = patch(&driver.user.at(app), &path, json!({ "lat": lat, "lon": 37.650 })).await;
        assert_eq!(status, StatusCode::OK);
    };
    let begun = Instant::now();
    is_at(&town.app, 55.770_2).await;
    assert_eq!(map.hear_of("driver_location_update", is_own).await["lat"], 55.770_2);
    // By now both nodes know that it was told.
    for (app, lat) in [(&b, 55.770_4), (&town.app, 55.770_6), (&b, 55.770_8)] {
        is_at(app, lat).await;
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
    let half_seconds = begun.elapsed().as_millis() / 500;
    let said = map.so_far().await;
    let told: Vec<&Value> = said.iter().filter(|said| said["type"] == "driver_location_update").collect();
    // After half a second each of the nodes may be the first to tell.
    assert!(told.len() as u128 <= 2 * half_seconds, "in {half_seconds} half seconds: {told:?}");
    town.app.audit().await;
}

#[actix_web::test]
async fn nothing_of_a_position_is_shown_beyond_its_time_or_written_anywhere() {
    for backend in backends() {
        let settings = RuntimeSettings { compare: Duration::from_millis(200), ..RuntimeSettings::default() };
        let town = Town::of(TestApp::start_with(backend, settings).await).await;
        let driver = town.driver(1).await;
        driver.go_online().await;
        let mut map = open(&town.app, &town.desk, "/ws/dispatch-map/").await;
        map.hear("snapshot").await;
        // As if it had been said four seconds less than five minutes ago.
        let app = &town.app.app;
        let person = app.database.person_of(driver.number).await.unwrap().unwrap();
        let position = Position { lat: 55.770_123, lon: 37.650_456 };
        let dispatch = app.town.as_ref().unwrap().dispatch();
        dispatch.locate(person, position, app.clock.now() - Span::seconds(296)).unwrap();
        let path = format!("/api/drivers/{}/", driver.number);
        assert_eq!(town.desk.get(&path).await["current_lat"], 55.770_123);
        assert_eq!(town.desk.get("/api/dispatch/map-data/").await["drivers_count"], 1);

        let is_lost = |data: &Value| data["driver_id"] == driver.number && data["is_located"] == false;
        let lost =
            map.hear_of("driver_status_update", |data| is_lost(data) && data["is_online"] == true).await;
        assert_eq!(lost["status"], "online_idle", "{lost}");
        let gone = async || (town.desk.get(&path).await["current_lat"] == Value::Null).then_some(());
        eventually("an end", gone).await;
        assert_eq!(town.desk.get("/api/dispatch/map-data/").await["drivers_count"], 0);
        let again = async || {
            let board = dispatch.with_board(|board| format!("{board:?}"));
            (!board.contains("55.770123")).then_some(())
        };
        eventually("forgetting", again).await;
        if backend == Backend::Sqlite {
            let files = std::fs::read_dir(town.app.data()).unwrap().flatten().map(|file| file.path());
            for file in files.filter(|file| file.is_file()) {
                let bytes = std::fs::read(&file).unwrap();
                let position = 55.770_123_f64.to_be_bytes();
                let has_it = bytes.windows(8).any(|some| some == position)
                    || bytes.windows(9).any(|some| some == b"55.770123");
                assert!(!has_it, "in {}", file.display());
            }
        }
    }
}
