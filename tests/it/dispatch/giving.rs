//! What the desk gives away stays where it is: calls that come again, or at once, orders for later, and
//! couriers who have set out.

use futures_util::future::join_all;
use peerpack_actors::ports::OrderStore as _;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::console::open;
use super::{Somebody, Town, made, patch, ride};
use crate::support::{TestUser, backends, eventually};

async fn steps_of(town: &Town, order: &str) -> Vec<String> {
    let events = town.desk.get(&format!("/api/orders/{order}/events/")).await;
    let to = |step: &Value| step["status_to"].as_str().unwrap().to_owned();
    events.as_array().unwrap().iter().map(to).collect()
}

/// An order for the day after tomorrow.
async fn order_for_later(town: &Town, passenger: &Somebody, more: Value) -> Value {
    let at = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(48);
    let mut wanted = ride(json!({ "passenger_id": passenger.number, "desired_pickup_time": at.to_string() }));
    if let (Some(wanted), Value::Object(more)) = (wanted.as_object_mut(), more) {
        wanted.extend(more);
    }
    made(&town.desk, "/api/orders/", wanted).await
}

async fn told_in(who: &TestUser, language: &str, method: Method, path: &str) -> (StatusCode, Value) {
    let body = (method != Method::GET).then(|| json!({}));
    let (status, _, body) = who.call_with(method, path, &[("accept-language", language)], body).await;
    (status, body)
}

#[actix_web::test]
async fn a_call_that_comes_again_gives_the_order_to_nobody_else() {
    for backend in backends() {
        let town = Town::open(backend).await;
        let near = town.driver_at(1, 55.775, 37.654).await;
        let far = town.driver_at(2, 55.75, 37.60).await;
        let order = town.order(&town.passenger(1).await).await;
        let path = format!("/api/dispatch/assign/{order}/");
        for wanted in [json!({}), json!({}), json!({ "dry_run": true })] {
            let (status, given) = town.desk.post(&path, wanted).await;
            assert_eq!((status, &given["driver_id"]), (StatusCode::OK, &json!(near.number)), "{given}");
            assert_eq!(
                (&given["order"]["status"], &given["is_reserved"]),
                (&json!("assigned"), &json!(false))
            );
        }
        town.step(&order, "driver_en_route").await;
        for wanted in [json!({}), json!({ "driver_id": near.number })] {
            let (status, given) = town.desk.post(&path, wanted).await;
            assert_eq!((status, &given["driver_id"]), (StatusCode::OK, &json!(near.number)), "{given}");
            assert_eq!(given["order"]["status"], "driver_en_route", "{given}");
        }
        assert_eq!(
            steps_of(&town, &order).await,
            ["matching", "active_queue", "assigned", "driver_en_route"]
        );
        assert_eq!(town.duty_of(&far).await, "online_idle");
    }
}

#[actix_web::test]
async fn of_calls_at_once_that_give_everything_away_none_takes_an_order_from_a_courier() {
    for backend in backends() {
        let town = Town::open(backend).await;
        for n in 1..=8 {
            town.driver_at(n, 55.77 + f64::from(n) / 1_000.0, 37.65).await;
        }
        let mut orders = Vec::new();
        for n in 1..=5 {
            orders.push(town.order(&town.passenger(n).await).await);
        }
        let calls = (0..4).map(|_| town.desk.post("/api/dispatch/auto-assign-all/", json!({})));
        let answers = join_all(calls).await;
        let mut counted = 0;
        for (status, answer) in &answers {
            assert_eq!(*status, StatusCode::OK, "{answer}");
            counted += answer["assigned"].as_u64().unwrap();
        }
        let mut given = 0;
        for order in &orders {
            let steps = steps_of(&town, order).await;
            let times = steps.iter().filter(|step| *step == "assigned").count();
            assert!(times <= 1, "{steps:?}");
            given += times as u64;
        }
        assert_eq!(given, 5, "{answers:?}");
        assert_eq!(counted, given, "each is counted by the call that has given it away: {answers:?}");
    }
}

#[actix_web::test]
async fn an_order_for_later_is_reserved_for_whom_the_desk_names_and_binds_nobody() {
    for backend in backends() {
        let town = Town::open(backend).await;
        let (driver, off) = (town.driver_at(1, 55.775, 37.654).await, town.driver(2).await);
        let passenger = town.passenger(1).await;
        let order = order_for_later(&town, &passenger, json!({})).await;
        let (id, at) = (order["id"].as_str().unwrap(), &order["desired_pickup_time"]);
        let path = format!("/api/dispatch/assign/{id}/");
        let dry = json!({ "driver_id": driver.number, "dry_run": true });
        let (status, would_be) = town.desk.post(&path, dry).await;
        assert_eq!((status, &would_be["is_reserved"]), (StatusCode::OK, &json!(true)), "{would_be}");
        assert_eq!(town.status_of(id).await, "submitted", "a look changes nothing");

        // Who works that day need not be on duty now.
        for named in [&driver, &off, &driver] {
            let (status, given) = town.assign(id, named).await;
            assert_eq!((status, &given["driver_id"]), (StatusCode::OK, &json!(named.number)), "{given}");
            assert_eq!((&given["is_reserved"], &given["reserved_pickup_at"]), (&json!(true), at), "{given}");
            assert_eq!(given["order"]["status"], "matching", "{given}");
            assert!(given["message"].as_str().unwrap().contains("reserved"), "{given}");
            let shown = town.desk.get(&format!("/api/orders/{id}/")).await;
            assert_eq!((&shown["status"], &shown["driver"]), (&json!("matching"), &Value::Null), "{shown}");
            let kept = &shown["reservation"];
            assert_eq!((&kept["driver_id"], &kept["pickup_at"]), (&json!(named.number), at), "{shown}");
        }
        assert_eq!(town.duty_of(&driver).await, "online_idle");
        // The best one is whom it is reserved for.
        let (_, again) = town.desk.post(&path, json!({})).await;
        assert_eq!(again["driver_id"], json!(driver.number), "{again}");
        assert_eq!(steps_of(&town, id).await, ["matching"]);

        // What was called off is taken up again, and is reserved like any other.
        town.step(id, "cancelled").await;
        assert_eq!(town.desk.get(&format!("/api/orders/{id}/")).await["reservation"], Value::Null);
        assert_eq!(town.assign(id, &driver).await.1["is_reserved"], json!(true));

        // Room counts all the same.
        patch(&town.desk, &format!("/api/drivers/{}/", off.number), json!({ "capacity": 1 })).await;
        let pair = order_for_later(&town, &passenger, json!({ "has_companion": true })).await;
        off.go_online().await;
        let at_once = json!({ "passenger_id": passenger.number, "has_companion": true });
        let at_once = made(&town.desk, "/api/orders/", ride(at_once)).await;
        for order in [pair, at_once] {
            let (status, refused) = town.assign(order["id"].as_str().unwrap(), &off).await;
            assert_eq!(
                (status, &refused["rejection_reason"]),
                (StatusCode::BAD_REQUEST, &json!("no_room")),
                "{refused}"
            );
        }
    }
}

#[actix_web::test]
async fn what_the_desk_is_refused_leaves_an_order_with_its_courier_or_called_off() {
    for backend in backends() {
        let town = Town::open(backend).await;
        let near = town.driver_at(1, 55.775, 37.654).await;
        // Somebody who drives, and is driven this time.
        let driven = town.driver(2).await;
        let same = json!({ "full_name": "Водитель 2", "phone": "+79001110002", "region_id": town.region });
        assert_eq!(made(&town.desk, "/api/passengers/", same).await["id"], json!(driven.number));
        let order = order_for_later(&town, &driven, json!({})).await;
        let id = order["id"].as_str().unwrap();
        let asked = town.desk.post(&format!("/api/dispatch/smart-assign/{id}/"), json!({})).await.1;
        let accept = format!("/api/dispatch/offer/{}/accept/", asked["offer_id"].as_str().unwrap());
        assert_eq!(near.user.post(&accept, json!({})).await.0, StatusCode::OK);
        let stored = async || town.app.app.database.order(id.parse().unwrap()).await.unwrap().unwrap();
        for status in ["assigned", "cancelled"] {
            let before = stored().await;
            assert_eq!(before.state.word(), status);
            let (answer, refused) = town.assign(id, &driven).await;
            assert_eq!((answer, &refused["success"]), (StatusCode::BAD_REQUEST, &json!(false)), "{refused}");
            assert_eq!(stored().await, before, "{refused}");
            if status == "assigned" {
                assert_eq!(town.duty_of(&near).await, "enroute_to_pickup");
                town.step(id, "cancelled").await;
            }
        }
        town.app.audit().await;
    }
}

#[actix_web::test]
async fn for_whom_an_order_is_kept_is_told_to_the_desk_and_to_that_courier_alone() {
    for backend in backends() {
        let town = Town::open(backend).await;
        let (kept, other) = (town.driver(1).await, town.driver_at(2, 55.775, 37.654).await);
        let passenger = town.passenger(1).await;
        let order = order_for_later(&town, &passenger, json!({})).await;
        let id = order["id"].as_str().unwrap();
        assert_eq!(town.assign(id, &kept).await.0, StatusCode::OK);
        let (path, number) = (format!("/api/orders/{id}/"), json!(kept.number));
        let (status, changed) = patch(&passenger.user, &path, json!({ "note": "у ворот" })).await;
        assert_eq!((status, &changed["reservation"]), (StatusCode::OK, &Value::Null), "{changed}");
        let smart = format!("/api/dispatch/smart-assign/{id}/");
        let asked = town.desk.post(&smart, json!({})).await.1;
        assert_eq!(asked["driver_id"], json!(other.number), "{asked}");
        assert_eq!(town.desk.get(&path).await["reservation"]["driver_id"], number);
        for who in [&other, &passenger] {
            let shown = who.user.get(&path).await;
            assert_eq!((&shown["id"], &shown["reservation"]), (&json!(id), &Value::Null), "{shown}");
        }
        let active = passenger.user.get("/api/mobile/passengers/active-order/").await;
        assert_eq!((&active["order"]["id"], &active["order"]["reservation"]), (&json!(id), &Value::Null));

        // On the sockets, where the desk and others look at the same order.
        let (of_order, of_passenger) =
            (format!("/ws/orders/{id}/"), format!("/ws/passengers/{}/", passenger.number));
        let mut asked_one = open(&town.app, &other.user, &of_order).await;
        assert_eq!(asked_one.hear("order_update").await["reservation"], Value::Null);
        let (nothing, mut sockets) = (Value::Null, Vec::new());
        for path in [&of_order, &of_passenger] {
            for (who, seen) in [(&town.desk, &number), (&passenger.user, &nothing)] {
                let mut socket = open(&town.app, who, path).await;
                let shown = socket.hear("order_update").await;
                assert_eq!(shown["reservation"].get("driver_id").unwrap_or(&Value::Null), seen, "{shown}");
                sockets.push((socket, seen));
            }
        }
        let decline = format!("/api/dispatch/offer/{}/decline/", asked["offer_id"].as_str().unwrap());
        assert_eq!(other.user.post(&decline, json!({})).await.0, StatusCode::OK);
        for (socket, seen) in &mut sockets {
            let shown = socket.hear_of("order_update", |order| order["status"] == "matching").await;
            assert_eq!(shown["reservation"].get("driver_id").unwrap_or(&Value::Null), *seen, "{shown}");
        }

        // Whom it is kept for may know it.
        kept.go_online().await;
        kept.is_at(55.775, 37.654).await;
        assert_eq!(town.desk.post(&smart, json!({})).await.1["driver_id"], number);
        assert_eq!(kept.user.get(&path).await["reservation"]["driver_id"], number);
    }
}

#[actix_web::test]
async fn who_is_asked_and_then_named_accepts_what_is_theirs() {
    for backend in backends() {
        let town = Town::open(backend).await;
        let near = town.driver_at(1, 55.775, 37.654).await;
        let order = town.order(&town.passenger(1).await).await;
        let smart = format!("/api/dispatch/smart-assign/{order}/");
        let asked = town.desk.post(&smart, json!({})).await.1;
        assert_eq!(town.assign(&order, &near).await.0, StatusCode::OK);
        let accept = format!("/api/dispatch/offer/{}/accept/", asked["offer_id"].as_str().unwrap());
        let (status, accepted) = near.user.post(&accept, json!({})).await;
        assert_eq!(
            (status, &accepted["order"]["status"]),
            (StatusCode::OK, &json!("assigned")),
            "{accepted}"
        );

        // Somebody else has it: that is said of an order, and not of a package.
        let far = town.driver_at(2, 55.75, 37.60).await;
        let second = town.order(&town.passenger(2).await).await;
        let asked = town.desk.post(&format!("/api/dispatch/smart-assign/{second}/"), json!({})).await.1;
        assert_eq!(asked["driver_id"], json!(far.number), "{asked}");
        let third = town.driver_at(3, 55.74, 37.59).await;
        assert_eq!(town.assign(&second, &third).await.0, StatusCode::OK);
        let accept = format!("/api/dispatch/offer/{}/accept/", asked["offer_id"].as_str().unwrap());
        let (status, late) = told_in(&far.user, "ru", Method::POST, &accept).await;
        assert_eq!((status, &late["code"]), (StatusCode::CONFLICT, &json!("already_taken")), "{late}");
        assert_eq!(late["message"], "Заказ уже у другого водителя", "{late}");
    }
}

#[actix_web::test]
async fn an_order_that_was_left_to_the_desk_is_searched_for_when_nobody_can_be_asked() {
    for backend in backends() {
        let town = Town::open(backend).await;
        let driver = town.driver(1).await;
        driver.go_online().await;
        let order = town.order(&town.passenger(1).await).await;
        town.step(&order, "awaiting_dispatcher_decision").await;
        town.step(&order, "active_queue").await;
        let smart = format!("/api/dispatch/smart-assign/{order}/");
        let (status, refused) = town.desk.post(&smart, json!({})).await;
        assert_eq!(
            (status, &refused["rejection_reason"]),
            (StatusCode::BAD_REQUEST, &json!("no_position")),
            "{refused}"
        );
        // Nobody was named, so the sentence is about everybody.
        assert_eq!(refused["reason"], "it is not known where the couriers on duty are", "{refused}");
        assert_eq!(town.status_of(&order).await, "matching");
        driver.is_at(55.775, 37.654).await;
        eventually("the courier is asked", async || {
            (town.status_of(&order).await == "offered").then_some(())
        })
        .await;
    }
}

#[actix_web::test]
async fn an_order_whose_courier_has_vanished_is_given_to_another_one_by_one_call() {
    for backend in backends() {
        let town = Town::open(backend).await;
        let gone = town.driver_at(1, 55.775, 37.654).await;
        let other = town.driver_at(2, 55.75, 37.60).await;
        let order = town.order(&town.passenger(1).await).await;
        assert_eq!(town.assign(&order, &gone).await.0, StatusCode::OK);
        town.step(&order, "driver_en_route").await;
        let (status, given) = town.assign(&order, &other).await;
        assert_eq!((status, &given["driver_id"]), (StatusCode::OK, &json!(other.number)), "{given}");
        let steps = steps_of(&town, &order).await;
        assert_eq!(steps[steps.len() - 3..], ["cancelled", "active_queue", "assigned"]);
        assert_eq!(town.duty_of(&gone).await, "online_idle");
        assert_eq!(town.duty_of(&other).await, "enroute_to_pickup");
        town.app.audit().await;
    }
}

#[actix_web::test]
async fn reasons_of_the_server_are_told_in_the_language_of_the_reader() {
    for backend in backends() {
        let town = Town::open(backend).await;
        let (driver, passenger) = (town.driver_at(1, 55.775, 37.654).await, town.passenger(1).await);
        let order = town.order(&passenger).await;
        let (path, events) = (format!("/api/orders/{order}/"), format!("/api/orders/{order}/events/"));
        assert_eq!(town.assign(&order, &driver).await.0, StatusCode::OK);
        for (language, reason) in [("ru", "Так решил диспетчер"), ("en", "the desk has decided so")]
        {
            let (_, shown) = told_in(&passenger.user, language, Method::GET, &path).await;
            assert_eq!(shown["assignment_reason"], reason, "{shown}");
            let (_, steps) = told_in(&passenger.user, language, Method::GET, &events).await;
            assert_eq!(steps.as_array().unwrap().last().unwrap()["description"], reason, "{steps}");
        }
        // What people write stays as it is.
        let second = town.order(&passenger).await;
        town.step(&order, "cancelled").await;
        let named = json!({ "driver_id": driver.number, "reason": "знает дорогу" });
        let (_, given) = town.desk.post(&format!("/api/dispatch/assign/{second}/"), named).await;
        assert_eq!(given["reason"], "знает дорогу", "{given}");
    }
}
