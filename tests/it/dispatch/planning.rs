//! The plan of a day: looked at, given to couriers, taken away; one at a time, and for as long as is asked
//! for.

use std::io::{Cursor, Read as _};

use futures_util::future::join_all;
use peerpack::auth::Role;
use peerpack_actors::ports::OrderStore as _;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{Somebody, Town, made, patch, ride};
use crate::support::{Backend, PATIENCE, backends, eventually};

/// Tomorrow in Moscow, and an instant of it.
fn tomorrow(hour: i8) -> (String, String) {
    let moscow = jiff::tz::TimeZone::get("Europe/Moscow").unwrap();
    let day = jiff::Timestamp::now().to_zoned(moscow).date().tomorrow().unwrap();
    (day.to_string(), format!("{day}T{hour:02}:00"))
}

/// Orders for the middle of tomorrow: so many at one time.
async fn orders(town: &Town, passenger: &Somebody, count: usize) -> Vec<String> {
    let mut all = Vec::new();
    for _ in 0..count {
        let wanted = json!({ "passenger_id": passenger.number, "desired_pickup_time": tomorrow(12).1 });
        let order = made(&town.desk, "/api/orders/", ride(wanted)).await;
        all.push(order["id"].as_str().unwrap().to_owned());
    }
    all
}

fn path(more: &str) -> String {
    format!("/api/dispatch/daily-routes{more}date={}&within_s=1", tomorrow(12).0)
}

fn count(plan: &Value, name: &str) -> u64 {
    plan[name].as_u64().unwrap_or_else(|| panic!("{name}: {plan}"))
}

#[actix_web::test]
async fn a_day_is_planned_looked_at_and_given_to_couriers() {
    for backend in backends() {
        let town = Town::open(backend).await;
        let passenger = town.passenger(1).await;
        let (near, far) = (town.driver_at(1, 55.775, 37.654).await, town.driver_at(2, 55.76, 37.62).await);
        let orders = orders(&town, &passenger, 3).await;
        let plan = town.desk.get(&path("/?")).await;
        // Three orders of one time, and two couriers.
        assert_eq!((count(&plan, "total_orders"), count(&plan, "drivers_count")), (3, 2), "{plan}");
        assert_eq!((count(&plan, "distributed_count"), count(&plan, "unassigned_count")), (2, 3));
        assert_eq!((count(&plan, "assigned_count"), count(&plan, "failed_count")), (0, 1));
        assert_eq!(plan["auto_assigned"], false);
        assert_eq!(plan["date"], tomorrow(12).0.as_str());
        assert!(["solver", "insertion", "greedy"].contains(&plan["algorithm"].as_str().unwrap()));
        assert_eq!((&plan["config"]["w_eta"], &plan["config"]["w_quality"]), (&json!(0.4), &json!(0.02)));
        let left = &plan["unassigned_orders"][0];
        assert_eq!(left["code"], "nobody_free", "{left}");
        assert!(orders.contains(&left["id"].as_str().unwrap().to_owned()) && left["reason"].is_string());
        let mut drivers = Vec::new();
        for (route, assignment) in
            plan["routes"].as_array().unwrap().iter().zip(plan["assignments"].as_array().unwrap())
        {
            assert_eq!(
                (&route["total_orders"], &route["driver"]["id"]),
                (&json!(1), &assignment["driver_id"])
            );
            assert_eq!(route["orders"][0]["id"], assignment["order_id"]);
            let score = &route["scores"][0];
            assert_eq!(
                (&score["order_id"], &score["cost"]),
                (&assignment["order_id"], &assignment["ml_cost"])
            );
            assert_eq!((&score["orders_so_far"], &score["rating"]), (&json!(0), &json!(4.7)), "{score}");
            assert_eq!(route["driver"]["region"], "Центр");
            assert_eq!(route["orders"][0]["passenger_name"], "Пассажир 1");
            assert!(assignment["ml_cost"].as_f64() > Some(0.0), "{assignment}");
            assert!(assignment["ml_details"]["deadhead"].is_number(), "{assignment}");
            assert!(route["total_distance_km"].as_f64() > Some(4.0), "{route}");
            assert!(route["driver"]["phone"].as_str().unwrap().starts_with("+7900111"), "{route}");
            assert!(
                route["orders"][0]["planned_pickup_at"].as_str()
                    >= route["orders"][0]["desired_pickup_time"].as_str()
            );
            drivers.push(assignment["driver_id"].as_i64().unwrap());
        }
        drivers.sort_unstable();
        let mut expected = [near.number, far.number];
        expected.sort_unstable();
        assert_eq!(drivers, expected);
        for order in &orders {
            assert_eq!(town.status_of(order).await, "submitted", "a look changes nothing");
        }

        // The same plan as a table for each courier.
        let (status, headers, archive) =
            town.desk.call_raw(Method::GET, &path("-export/?"), &[], Vec::new()).await;
        assert_eq!((status, &headers["content-type"]), (StatusCode::OK, &"application/zip".parse().unwrap()));
        let mut archive = zip::ZipArchive::new(Cursor::new(archive)).unwrap();
        assert_eq!(archive.len(), 2);
        let mut text = String::new();
        archive.by_index(0).unwrap().read_to_string(&mut text).unwrap();
        assert!(text.contains(plan["assignments"][0]["order_id"].as_str().unwrap()), "{text}");
        // As Excel reads it, by the clocks of the pickup, and with what is there.
        assert!(text.starts_with("\u{feff}order_id,pickup_at,"), "{text}");
        let noon = format!(",{}T12:", tomorrow(12).0);
        assert!(text.contains(&noon) && text.contains("+03:00,") && text.contains(",Вокзал,"), "{text}");

        // What was looked at is applied.
        let (status, applied) = town.desk.post(&path("/?"), json!({})).await;
        assert_eq!(status, StatusCode::OK, "{applied}");
        assert_eq!((count(&applied, "assigned_count"), count(&applied, "failed_count")), (2, 1), "{applied}");
        assert_eq!(applied["auto_assigned"], true);
        assert_eq!(applied["assignments"], plan["assignments"]);
        // Nobody is bound for tomorrow: the orders are reserved, and searched for in time.
        for assignment in plan["assignments"].as_array().unwrap() {
            let id = assignment["order_id"].as_str().unwrap();
            let order = town.desk.get(&format!("/api/orders/{id}/")).await;
            assert_eq!((&order["status"], &order["driver"]), (&json!("matching"), &Value::Null));
            let stored = town.app.app.database.order(id.parse().unwrap()).await.unwrap().unwrap();
            let number = assignment["driver_id"].as_i64().unwrap();
            let courier = town.app.app.database.person_of(number).await.unwrap();
            assert_eq!(stored.reserved.map(|reserved| reserved.courier), courier, "{assignment}");
        }
        for driver in [&near, &far] {
            assert_eq!(town.duty_of(driver).await, "online_idle");
        }
        // Again: done is done.
        let (_, again) = town.desk.post(&path("/?"), json!({})).await;
        assert_eq!((count(&again, "assigned_count"), count(&again, "failed_count")), (0, 1), "{again}");
        // A new plan leaves them to their couriers.
        let later = town.desk.get(&path("/?")).await;
        assert_eq!(
            (count(&later, "already_assigned_count"), count(&later, "total_orders")),
            (0, 3),
            "{later}"
        );
        assert_eq!(couriers_of(&later), couriers_of(&plan), "{later}");
    }
}

/// A plan for what is left of today; `None` while that is not enough for a ride.
pub(super) fn rest_of_today() -> Option<String> {
    let moscow = jiff::tz::TimeZone::get("Europe/Moscow").unwrap();
    let now = jiff::Timestamp::now().to_zoned(moscow);
    if now.hour() == 23 {
        eprintln!("the day is almost over: not run");
        return None;
    }
    Some(format!("/api/dispatch/daily-routes/?date={}&within_s=1", now.date()))
}

/// The plan begins where a courier is done: what they have now does not keep them from what comes then.
#[actix_web::test]
async fn what_is_planned_for_a_courier_who_is_busy_is_reserved_for_them() {
    for backend in backends() {
        let Some(today) = rest_of_today() else { return };
        let town = Town::open(backend).await;
        let (driver, passenger) = (town.driver_at(1, 55.80, 37.655).await, town.passenger(1).await);
        // A short ride, which ends where the next one begins.
        let short = json!({
            "passenger_id": passenger.number, "pickup_lat": 55.80, "dropoff_lat": 55.776, "dropoff_lon": 37.655,
        });
        let first = made(&town.desk, "/api/orders/", ride(short)).await["id"].as_str().unwrap().to_owned();
        assert_eq!(town.assign(&first, &driver).await.0, StatusCode::OK);
        for step in ["driver_en_route", "arrived_waiting", "ride_ongoing"] {
            town.step(&first, step).await;
        }
        let next = town.order(&town.passenger(2).await).await;
        let (status, applied) = town.desk.post(&today, json!({})).await;
        assert_eq!((status, count(&applied, "distributed_count")), (StatusCode::OK, 1), "{applied}");
        assert_eq!((count(&applied, "assigned_count"), count(&applied, "failed_count")), (1, 0), "{applied}");
        let shown = town.desk.get(&format!("/api/orders/{next}/")).await;
        let kept_for = &shown["reservation"]["driver_id"];
        assert_eq!((&shown["status"], kept_for), (&json!("matching"), &json!(driver.number)), "{shown}");
        assert_eq!(town.duty_of(&driver).await, "on_trip");

        // Its search has begun, and it waits for them: the best courier of all is no reason to take it away.
        town.driver_at(2, 55.775, 37.654).await;
        let (_, all) = town.desk.post("/api/dispatch/auto-assign-all/", json!({})).await;
        assert_eq!((&all["assigned"], &all["failed"]), (&json!(0), &json!(0)), "{all}");
        let (status, given) = town.desk.post(&format!("/api/dispatch/assign/{next}/"), json!({})).await;
        assert_eq!((status, &given["driver_id"]), (StatusCode::OK, &json!(driver.number)), "{given}");
        assert_eq!((&given["is_reserved"], &given["order"]["status"]), (&json!(true), &json!("matching")));
    }
}

/// Of two who apply a plan at once, each finds done what the other one has done.
#[actix_web::test]
async fn a_plan_that_is_applied_twice_at_once_refuses_nobody_what_it_has_given_them() {
    for backend in backends() {
        let Some(today) = rest_of_today() else { return };
        let town = Town::open(backend).await;
        for n in 1..=4 {
            town.driver_at(n, 55.77 + f64::from(n) / 1_000.0, 37.65).await;
            town.order(&town.passenger(n).await).await;
        }
        let plan = town.desk.get(&today).await;
        assert_eq!((count(&plan, "distributed_count"), count(&plan, "failed_count")), (4, 0), "{plan}");
        let calls = (0..6).map(|_| town.desk.post(&today, json!({})));
        let mut given = 0;
        for (status, applied) in join_all(calls).await {
            assert_eq!((status, count(&applied, "failed_count")), (StatusCode::OK, 0), "{applied}");
            assert_eq!(applied["failed_orders"], json!([]), "{applied}");
            given += count(&applied, "assigned_count");
        }
        assert_eq!(given, 4, "each is counted by the call that has given it away");
        town.app.audit().await;
    }
}

/// Who drives which order of a plan.
fn couriers_of(plan: &Value) -> Vec<(&str, i64)> {
    let mut all = Vec::new();
    for assignment in plan["assignments"].as_array().unwrap() {
        all.push((assignment["order_id"].as_str().unwrap(), assignment["driver_id"].as_i64().unwrap()));
    }
    all.sort_unstable();
    all
}

/// What was given by hand for that day takes the time that it takes.
#[actix_web::test]
async fn a_plan_leaves_to_a_courier_what_the_desk_has_given_them() {
    for backend in backends() {
        let town = Town::open(backend).await;
        let passenger = town.passenger(1).await;
        let (near, far) = (town.driver_at(1, 55.775, 37.654).await, town.driver_at(2, 55.70, 37.50).await);
        let orders = orders(&town, &passenger, 3).await;
        let (status, given) = town.assign(&orders[2], &far).await;
        assert_eq!((status, &given["is_reserved"]), (StatusCode::OK, &json!(true)), "{given}");
        let plan = town.desk.get(&path("/?")).await;
        assert_eq!((count(&plan, "distributed_count"), count(&plan, "failed_count")), (2, 1), "{plan}");
        let couriers = couriers_of(&plan);
        assert!(couriers.contains(&(orders[2].as_str(), far.number)), "{plan}");
        assert!(couriers.iter().any(|(_, courier)| *courier == near.number), "{plan}");

        // Given to somebody else since the plan was drawn up, it stays theirs.
        assert_eq!(town.assign(&orders[2], &near).await.0, StatusCode::OK);
        let (_, applied) = town.desk.post(&path("/?"), json!({})).await;
        assert_eq!(applied["failed_orders"][0]["order_id"], orders[2].as_str(), "{applied}");
        let shown = town.desk.get(&format!("/api/orders/{}/", orders[2])).await;
        assert_eq!(shown["reservation"]["driver_id"], json!(near.number), "{shown}");
    }
}

/// Whatever else has changed of an order since the plan was drawn up: what was for somebody who has left is
/// for whom the plan has it.
#[actix_web::test]
async fn what_was_reserved_for_somebody_who_has_left_is_given_to_whom_the_plan_has_it_for() {
    for backend in backends() {
        let town = Town::open(backend).await;
        let passenger = town.passenger(1).await;
        let (near, gone) = (town.driver_at(1, 55.775, 37.654).await, town.driver(2).await);
        let order = orders(&town, &passenger, 1).await.remove(0);
        assert_eq!(town.assign(&order, &gone).await.0, StatusCode::OK);
        let admin = town.app.sign_in_with_role("Ada", Role::Admin).await;
        let driver = format!("/api/drivers/{}/", gone.number);
        assert_eq!(admin.call(Method::DELETE, &driver, None).await.0, StatusCode::NO_CONTENT);
        let plan = town.desk.get(&path("/?")).await;
        assert_eq!(couriers_of(&plan), [(order.as_str(), near.number)], "{plan}");
        let own = format!("/api/orders/{order}/");
        assert_eq!(patch(&town.desk, &own, json!({ "note": "у ворот" })).await.0, StatusCode::OK);
        let (_, applied) = town.desk.post(&path("/?"), json!({})).await;
        assert_eq!((count(&applied, "assigned_count"), count(&applied, "failed_count")), (1, 0), "{applied}");
        let shown = town.desk.get(&own).await;
        assert_eq!(shown["reservation"]["driver_id"], json!(near.number), "{shown}");
    }
}

/// The desk may name a courier of the next region: the plans of both know of it.
#[actix_web::test]
async fn what_is_reserved_for_a_courier_of_another_region_is_planned_there() {
    for backend in backends() {
        let town = Town::open(backend).await;
        let (_near, passenger) = (town.driver_at(1, 55.775, 37.654).await, town.passenger(1).await);
        let city = town.desk.get("/api/regions/cities/").await[0]["id"].clone();
        let east = json!({
            "title": "Восток", "city_id": city, "center_lat": 55.75, "center_lon": 37.85,
            "polygon_coordinates": [[55.6, 37.8], [55.6, 38.2], [55.9, 38.2], [55.9, 37.8]],
            "service_radius_meters": 20_000,
        });
        let east = made(&town.desk, "/api/regions/", east).await["id"].as_str().unwrap().to_owned();
        let of_east = Town { region: east.clone(), app: town.app, desk: town.desk };
        let driver = of_east.driver(2).await;
        let order = orders(&of_east, &passenger, 1).await.remove(0);
        assert_eq!(of_east.assign(&order, &driver).await.0, StatusCode::OK);
        let there = json!({
            "passenger_id": passenger.number, "desired_pickup_time": tomorrow(12).1, "pickup_lat": 55.75,
            "pickup_lon": 37.85, "dropoff_lat": 55.76, "dropoff_lon": 37.87,
        });
        let other = made(&of_east.desk, "/api/orders/", ride(there)).await;
        let plan = of_east.desk.get(&path("/?")).await;
        assert_eq!(couriers_of(&plan), [(order.as_str(), driver.number)], "{plan}");
        assert_eq!(plan["unassigned_orders"][0]["id"], other["id"], "{plan}");
    }
}

#[actix_web::test]
async fn what_was_called_off_is_not_in_the_tables_of_a_plan() {
    for backend in backends() {
        let town = Town::open(backend).await;
        let (_driver, passenger) = (town.driver_at(1, 55.775, 37.654).await, town.passenger(1).await);
        let order = orders(&town, &passenger, 1).await.remove(0);
        assert_eq!(count(&town.desk.get(&path("/?")).await, "distributed_count"), 1);
        let table = async || {
            let (_, _, archive) = town.desk.call_raw(Method::GET, &path("-export/?"), &[], Vec::new()).await;
            let mut archive = zip::ZipArchive::new(Cursor::new(archive)).unwrap();
            let mut text = String::new();
            for n in 0..archive.len() {
                archive.by_index(n).unwrap().read_to_string(&mut text).unwrap();
            }
            text
        };
        let before = table().await;
        assert!(before.contains(&order) && before.contains("7900222"), "{before}");
        town.step(&order, "cancelled").await;
        let after = table().await;
        assert!(!after.contains(&order) && !after.contains("7900222"), "{after}");
    }
}

/// Each node keeps its own plan, and says whether it is the one that was looked at.
#[actix_web::test]
async fn a_plan_that_nobody_has_looked_at_is_not_applied_for_another_one() {
    for backend in backends() {
        let town = Town::open(backend).await;
        let (_driver, passenger) = (town.driver_at(1, 55.775, 37.654).await, town.passenger(1).await);
        let order = orders(&town, &passenger, 1).await.remove(0);
        let seen_elsewhere = json!({ "plan_id": "0123456789abcdef" });
        let refuses = async || {
            let (status, refused) = town.desk.post(&path("/?"), seen_elsewhere.clone()).await;
            assert_eq!(
                (status, &refused["code"]),
                (StatusCode::CONFLICT, &json!("plan_changed")),
                "{refused}"
            );
            assert_eq!(town.status_of(&order).await, "submitted");
        };
        refuses().await;
        let plan = town.desk.get(&path("/?")).await;
        assert_eq!(plan["was_previewed"], false, "{plan}");
        refuses().await;
        let asked = format!("{}&plan_id=0123456789abcdef", path("-export/?"));
        assert_eq!(town.desk.call(Method::GET, &asked, None).await.0, StatusCode::CONFLICT);
        let (status, applied) = town.desk.post(&path("/?"), json!({ "plan_id": plan["plan_id"] })).await;
        assert_eq!((status, &applied["was_previewed"]), (StatusCode::OK, &json!(true)), "{applied}");
        assert_eq!((&applied["plan_id"], count(&applied, "assigned_count")), (&plan["plan_id"], 1));
        let (_, fresh) = town.desk.post(&path("/?"), json!({ "fresh": true })).await;
        assert_eq!(fresh["was_previewed"], false, "{fresh}");
    }
}

/// A table, or a client that rounds, brings a position back with fewer digits: that is no other place.
#[actix_web::test]
async fn a_reservation_stays_with_an_order_whose_position_has_lost_digits() {
    for backend in backends() {
        let town = Town::open(backend).await;
        let (_driver, passenger) = (town.driver_at(1, 55.775, 37.654).await, town.passenger(1).await);
        let order = orders(&town, &passenger, 1).await.remove(0);
        let (status, applied) = town.desk.post(&path("/?"), json!({})).await;
        assert_eq!((status, count(&applied, "assigned_count")), (StatusCode::OK, 1), "{applied}");
        let reserved = async || {
            let stored = town.app.app.database.order(order.parse().unwrap()).await.unwrap().unwrap();
            stored.reserved
        };
        let before = reserved().await;
        assert!(before.is_some());
        let change = async |lat: f64| {
            let change = json!({ "note": format!("до {lat}"), "pickup_lat": lat });
            let (status, changed) = patch(&town.desk, &format!("/api/orders/{order}/"), change).await;
            assert_eq!(status, StatusCode::OK, "{changed}");
            reserved().await
        };
        assert_eq!(change(55.776 + 1e-9).await, before);
        assert_eq!(change(55.777).await, None, "another place is another ride");
    }
}

#[actix_web::test]
async fn what_cannot_be_given_away_says_why() {
    let town = Town::open(Backend::Sqlite).await;
    let (driver, passenger) = (town.driver(1).await, town.passenger(1).await);
    let order = orders(&town, &passenger, 1).await.remove(0);
    // The courier works that day, and need not be on duty now.
    let (status, applied) = town.desk.post(&path("/?"), json!({})).await;
    assert_eq!((status, count(&applied, "distributed_count")), (StatusCode::OK, 1), "{applied}");
    assert_eq!((count(&applied, "assigned_count"), count(&applied, "failed_count")), (1, 0));
    assert_eq!(town.status_of(&order).await, "matching");
    // Somebody else was faster: the plan that was looked at gives nothing away twice.
    driver.go_online().await;
    assert_eq!(town.assign(&order, &driver).await.0, StatusCode::OK);
    let (_, applied) = town.desk.post(&path("/?"), json!({})).await;
    assert_eq!((count(&applied, "assigned_count"), count(&applied, "failed_count")), (0, 0), "{applied}");

    // What is called off after it was planned is not taken up again.
    town.step(&order, "cancelled").await;
    let other = orders(&town, &passenger, 1).await.remove(0);
    let planned = town.desk.get(&path("/?")).await;
    assert_eq!(planned["assignments"][0]["order_id"], other.as_str(), "{planned}");
    town.step(&other, "cancelled").await;
    let (_, applied) = town.desk.post(&path("/?"), json!({})).await;
    assert_eq!((count(&applied, "assigned_count"), count(&applied, "failed_count")), (0, 1), "{applied}");
    assert_eq!(applied["failed_orders"][0]["order_id"], other.as_str(), "{applied}");
    assert!(applied["failed_orders"][0]["reason"].is_string());
    assert_eq!(town.status_of(&other).await, "cancelled");

    for (query, field) in
        [("?date=someday", "date"), ("?region_id=nowhere", "region_id"), ("?within_s=301", "within_s")]
    {
        let asked = format!("/api/dispatch/daily-routes/{query}");
        let (status, refused) = town.desk.call(Method::GET, &asked, None).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{refused}");
        assert!(refused[field][0].is_string(), "{refused}");
    }
    // A day without orders has an empty plan, at once.
    let empty = town.desk.get("/api/dispatch/daily-routes/?date=2020-02-02&within_s=300").await;
    assert_eq!((count(&empty, "total_orders"), &empty["routes"]), (0, &json!([])), "{empty}");
}

#[actix_web::test]
async fn one_plan_is_drawn_up_at_a_time_and_can_be_called_off() {
    let town = Town::open(Backend::Sqlite).await;
    let (_driver, passenger) = (town.driver_at(1, 55.775, 37.654).await, town.passenger(1).await);
    orders(&town, &passenger, 3).await;
    let progress = "/api/dispatch/daily-routes/progress/";
    assert_eq!(town.desk.get(progress).await["is_running"], false);
    let asked = format!("/api/dispatch/daily-routes/?date={}&within_s=300", tomorrow(12).0);
    let desk = town.desk.clone();
    let began = tokio::time::Instant::now();
    let drafting = actix_web::rt::spawn(async move { desk.get(&asked).await });
    let under = eventually("a plan under way", async || {
        let under = town.desk.get(progress).await;
        (under["is_running"] == true).then_some(under)
    })
    .await;
    assert_eq!((&under["within_seconds"], &under["called_off"]), (&json!(300.0), &json!(false)), "{under}");
    assert!(under["progress"].as_f64() < Some(0.5) && under["date"] == tomorrow(12).0.as_str(), "{under}");
    let (status, headers, busy) = town.desk.call_with(Method::GET, &path("/?"), &[], None).await;
    assert_eq!((status, &busy["code"]), (StatusCode::CONFLICT, &json!("planning")), "{busy}");
    assert!(headers.contains_key("retry-after") && busy["error"].is_string(), "{busy}");
    let (_, busy) = town.desk.post(&path("/?"), json!({})).await;
    assert_eq!(busy["code"], "planning", "nothing is applied meanwhile");
    let (status, ending) = town.desk.post("/api/dispatch/daily-routes/cancel/", json!({})).await;
    assert_eq!((status, &ending["called_off"]), (StatusCode::OK, &json!(true)), "{ending}");
    let plan = tokio::time::timeout(PATIENCE, drafting).await.unwrap().unwrap();
    assert!(plan["called_off"] == true && began.elapsed() < PATIENCE, "{plan}");
    assert_eq!((count(&plan, "distributed_count"), count(&plan, "failed_count")), (1, 2), "{plan}");
    eventually("the end of it", async || {
        (town.desk.get(progress).await["is_running"] == false).then_some(())
    })
    .await;
    assert_eq!(town.desk.get(&path("/?")).await["called_off"], false);
}
