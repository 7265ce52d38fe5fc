//! Somebody leaves who rides or drives: what waits is called off, what is under way keeps them, and what told
//! of them is gone in the end.

use peerpack::maintenance::rounds;
use peerpack_actors::dispatch::{By, OrderCommand, OrderPhase};
use peerpack_actors::ids::UserId;
use peerpack_actors::ports::OrderStore as _;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{Town, made, moved, ride};
use crate::support::{TestUser, backends};

async fn leaves(who: &TestUser) -> (StatusCode, Value) {
    who.call(Method::DELETE, "/api/user/account", None).await
}

#[actix_web::test]
async fn nobody_leaves_in_the_middle_of_a_ride() {
    for backend in backends() {
        let town = Town::open(backend).await;
        let (driver, passenger) = (town.driver_at(1, 55.775, 37.654).await, town.passenger(1).await);
        let order = town.order(&passenger).await;
        assert_eq!(town.assign(&order, &driver).await.0, StatusCode::OK);
        for step in ["driver_en_route", "arrived_waiting", "ride_ongoing", "incident"] {
            for who in [&driver, &passenger] {
                let (status, kept) = leaves(&who.user).await;
                assert_eq!((status, &kept["code"]), (StatusCode::CONFLICT, &json!("open_deals")), "{kept}");
            }
            town.step(&order, step).await;
        }
        town.step(&order, "completed").await;
        for who in [&driver, &passenger] {
            assert_eq!(leaves(&who.user).await.0, StatusCode::OK);
        }
        assert_eq!(town.duty_of(&driver).await, "offline", "who is done goes off duty");
    }
}

#[actix_web::test]
async fn what_waits_is_called_off_and_who_is_asked_goes_off_duty() {
    for backend in backends() {
        let town = Town::open(backend).await;
        let (driver, anna) = (town.driver_at(1, 55.775, 37.654).await, town.app.sign_in("Anna").await);
        let later = town.app.app.clock.now() + peerpack_actors::time::Span::hours(30);
        let of_tomorrow = ride(json!({ "desired_pickup_time": later.to_string() }));
        let tomorrow = made(&anna, "/api/mobile/orders/create/", of_tomorrow).await;
        let now =
            made(&town.desk, "/api/orders/", ride(json!({ "passenger_id": town.passenger(1).await.number })));
        let now = now.await["id"].as_str().unwrap().to_owned();
        let path = format!("/api/dispatch/smart-assign/{now}/");
        let (status, asked) = town.desk.post(&path, json!({})).await;
        assert_eq!((status, &asked["driver_id"]), (StatusCode::OK, &json!(driver.number)), "{asked}");

        let (status, gone) = leaves(&driver.user).await;
        assert_eq!((status, gone.get("job")), (StatusCode::OK, None), "done before the answer: {gone}");
        assert_eq!(town.duty_of(&driver).await, "offline");
        assert_eq!(town.status_of(&now).await, "matching", "another one is looked for");
        assert_eq!(leaves(&anna).await.0, StatusCode::OK);
        let called_off = town.desk.get(&format!("/api/orders/{}/", tomorrow["id"].as_str().unwrap())).await;
        assert_eq!(called_off["status"], "cancelled", "{called_off}");
        // Nobody who has gone is given an order, or places one past their session.
        let (status, refused) = town.assign(&now, &driver).await;
        assert_eq!((status, &refused["success"]), (StatusCode::BAD_REQUEST, &json!(false)), "{refused}");
        assert_eq!(town.app.app.database.left_behind(10).await, Ok(Vec::new()));
        town.app.audit().await;
    }
}

/// The server dies right after somebody has left, or was shut out.
#[actix_web::test]
async fn what_a_dead_server_has_left_undone_is_done_by_the_rounds() {
    for backend in backends() {
        let town = Town::open(backend).await;
        let (driver, passenger) = (town.driver_at(1, 55.775, 37.654).await, town.passenger(1).await);
        let order = town.order(&passenger).await;
        let database = &town.app.app.database;
        for who in [&driver, &passenger] {
            let person = database.person_of(who.number).await.unwrap().unwrap();
            database.delete_account(person, town.app.app.clock.now()).await.unwrap();
        }
        rounds::run_all(&town.app.app).await;
        assert_eq!((town.duty_of(&driver).await, town.status_of(&order).await), {
            ("offline".to_owned(), "cancelled".to_owned())
        });
        assert_eq!(database.left_behind(10).await, Ok(Vec::new()));
    }
}

/// Whichever comes first: a deletion, or the desk that gives the order to the courier.
#[actix_web::test]
async fn nobody_leaves_an_order_behind_that_they_get_at_the_same_moment() {
    for backend in backends() {
        let town = Town::open(backend).await;
        let desk: UserId = town.desk.id.parse().unwrap();
        for round in 0..8 {
            let (driver, passenger) =
                (town.driver_at(round, 55.775, 37.654).await, town.passenger(round).await);
            let order = town.order(&passenger).await;
            let database = &town.app.app.database;
            let courier = database.person_of(driver.number).await.unwrap().unwrap();
            let dispatch = town.app.app.town.as_ref().unwrap().dispatch();
            let assign = OrderCommand::Assign { courier, by: desk, reason: String::new() };
            let id = order.parse().unwrap();
            let who = if round % 2 == 0 { &driver } else { &passenger };
            let (given, gone) = tokio::join!(
                dispatch.carry_out(town.app.app.engine.context(), id, &assign),
                leaves(&who.user)
            );
            let stored = database.order(id).await.unwrap().unwrap();
            let what = format!("round {round}: {given:?} {gone:?} {stored:?}");
            assert!(matches!(gone.0, StatusCode::OK | StatusCode::CONFLICT), "{what}");
            assert_eq!(stored.state.courier().is_some(), gone.0 == StatusCode::CONFLICT, "{what}");
            assert!(given.is_ok() || gone.0 == StatusCode::OK, "{what}");
            if stored.state.courier().is_some() {
                let command = OrderCommand::Move {
                    to: OrderPhase::Cancelled,
                    by: By::Staff(desk),
                    reason: String::new(),
                };
                dispatch.carry_out(town.app.app.engine.context(), id, &command).await.unwrap();
                assert_eq!(leaves(&who.user).await.0, StatusCode::OK);
            }
        }
        assert_eq!(town.app.app.database.left_behind(10).await, Ok(Vec::new()));
        town.app.audit().await;
    }
}

#[actix_web::test]
async fn what_told_of_somebody_is_erased_a_week_later_and_figures_stay() {
    for backend in backends() {
        let town = Town::open(backend).await;
        let (driver, passenger) = (town.driver_at(1, 55.775, 37.654).await, town.passenger(1).await);
        let other = town.passenger(2).await;
        let (order, others) = (town.order(&passenger).await, town.order(&other).await);
        assert_eq!(town.assign(&order, &driver).await.0, StatusCode::OK);
        for step in ["driver_en_route", "arrived_waiting", "ride_ongoing", "completed"] {
            moved(&driver.user, &order, step).await;
        }
        let path = format!("/api/orders/{order}/");
        let before = town.desk.get(&path).await;
        let untouched = town.desk.get(&format!("/api/orders/{others}/")).await;
        for who in [&passenger, &driver] {
            assert_eq!(leaves(&who.user).await.0, StatusCode::OK);
        }
        rounds::run_all(&town.app.app).await;
        assert_eq!(town.desk.get(&path).await["pickup_title"], before["pickup_title"], "they may come back");
        town.app.behind_its_back("UPDATE users SET deleted_at = deleted_at - 691200000").await;
        rounds::run_all(&town.app.app).await;

        let after = town.desk.get(&path).await;
        for field in ["pickup_title", "pickup_object_name", "dropoff_title", "note"] {
            assert_eq!(after[field], "", "{field}: {after}");
        }
        // In the middle of the region.
        assert_eq!((&after["pickup_lat"], &after["pickup_lon"]), (&json!(55.75), &json!(37.61)), "{after}");
        assert_eq!((&after["dropoff_lat"], &after["dropoff_lon"]), (&json!(55.75), &json!(37.61)));
        assert_eq!(after["passenger"]["full_name"], "Удалённый пользователь", "{after}");
        assert_eq!(after["driver"]["name"], "Удалённый пользователь", "{after}");
        assert_eq!(after["driver"]["plate_number"], "", "{after}");
        for field in ["status", "final_price", "estimated_price", "distance_km", "completed_at"] {
            assert_eq!(after[field], before[field], "{field}: {after}");
        }
        let words = after.to_string();
        for word in ["I группа", "Пассажир 1", "+7900222", "Арбат", "у входа", "А001ВС77", "Водитель 1"]
        {
            assert!(before.to_string().contains(word), "{word} was there: {before}");
            assert!(!words.contains(word), "{word}: {words}");
        }
        let database = &town.app.app.database;
        let stored = database.order(order.parse().unwrap()).await.unwrap().unwrap();
        assert_eq!((stored.draft.extras.category.as_str(), stored.quote.extras.category.as_str()), ("", ""));
        let courier = database.person_of(driver.number).await.unwrap().unwrap();
        assert_eq!(database.duty(courier).await.unwrap(), None, "with its plate");
        let steps = database.order_steps(order.parse().unwrap()).await.unwrap();
        assert!(steps.iter().all(|step| step.description.is_empty()), "{steps:?}");
        assert_eq!(town.desk.get(&format!("/api/orders/{others}/")).await, untouched, "nobody else's");
        town.app.audit().await;
    }
}
