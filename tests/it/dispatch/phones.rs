//! What phones see and change: the active order, oneself, a price; and what only who has an order may see.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{Town, made, moved, patch, ride};
use crate::support::{TestUser, backends};

/// How a passenger can be reached, as an order says it.
fn contacts(order: &Value) -> [&str; 3] {
    ["username", "phone", "email"].map(|name| order["passenger"]["user"][name].as_str().unwrap())
}

/// An order in everything that lists or shows one to its courier.
async fn seen_by(courier: &TestUser, order: &str) -> Vec<Value> {
    let first = |page: Value| page["results"][0].clone();
    vec![
        courier.get(&format!("/api/orders/{order}/")).await,
        first(courier.get("/api/orders/").await),
        first(courier.get("/api/mobile/drivers/orders/").await),
        courier.post(&format!("/api/orders/{order}/calculate-price/"), json!({})).await.1,
    ]
}

#[actix_web::test]
async fn who_is_only_asked_does_not_learn_how_the_passenger_can_be_reached() {
    for backend in backends() {
        let town = Town::open(backend).await;
        let (driver, passenger) = (town.driver_at(1, 55.775, 37.654).await, town.passenger(1).await);
        let path = format!("/api/passengers/{}/", passenger.number);
        let email = json!({ "email": "anna@example.org" });
        assert_eq!(patch(&town.desk, &path, email).await.0, StatusCode::OK);
        let order = town.order(&passenger).await;
        let own = format!("/ws/orders/{order}/");
        let (status, asked) =
            town.desk.post(&format!("/api/dispatch/smart-assign/{order}/"), json!({})).await;
        assert_eq!((status, &asked["driver_id"]), (StatusCode::OK, &json!(driver.number)), "{asked}");
        for seen in seen_by(&driver.user, &order).await {
            assert_eq!((&seen["status"], contacts(&seen)), (&json!("offered"), ["", "", ""]), "{seen}");
            assert_eq!(seen["passenger"]["full_name"], "Пассажир 1");
        }
        let path = format!("/api/orders/driver/{}/", driver.number);
        assert_eq!(contacts(&driver.user.get(&path).await[0]), ["", "", ""]);
        let mut socket = super::console::open(&town.app, &driver.user, &own).await;
        assert_eq!(contacts(&socket.hear("order_update").await), ["", "", ""]);
        // Everybody else sees them as before.
        let known = ["+79002220001", "+79002220001", "anna@example.org"];
        let path = format!("/api/orders/{order}/");
        for who in [&town.desk, &passenger.user] {
            assert_eq!(contacts(&who.get(&path).await), known);
        }

        let accept = format!("/api/mobile/drivers/offer/{}/accept/", asked["offer_id"].as_str().unwrap());
        let (status, accepted) = driver.user.post(&accept, json!({})).await;
        assert_eq!((status, contacts(&accepted["order"])), (StatusCode::OK, known), "{accepted}");
        for seen in seen_by(&driver.user, &order).await {
            assert_eq!((&seen["status"], contacts(&seen)), (&json!("assigned"), known), "{seen}");
        }
        let told = socket.hear_of("order_update", |told| told["status"] == "assigned").await;
        assert_eq!(contacts(&told), known);
    }
}

#[actix_web::test]
async fn an_active_order_stands_beside_its_own_members() {
    for backend in backends() {
        let town = Town::open(backend).await;
        let (driver, passenger) = (town.driver_at(1, 55.775, 37.654).await, town.passenger(1).await);
        let paths = [
            (&driver.user, "/api/mobile/drivers/active-order/"),
            (&passenger.user, "/api/mobile/passengers/active-order/"),
        ];
        for (who, path) in paths {
            let none = who.get(path).await;
            assert_eq!((&none["has_active_order"], &none["order"]), (&json!(false), &Value::Null), "{none}");
            assert_eq!(none["id"], Value::Null);
        }
        let order = town.order(&passenger).await;
        assert_eq!(town.assign(&order, &driver).await.0, StatusCode::OK);
        for (who, path) in paths {
            let active = who.get(path).await;
            assert_eq!(
                (&active["has_active_order"], &active["id"]),
                (&json!(true), &json!(order)),
                "{active}"
            );
            for (name, value) in active["order"].as_object().unwrap() {
                assert_eq!(&active[name], value, "{name}");
            }
        }
        let active = passenger.user.get(paths[1].1).await;
        assert_eq!(active["driver_position"]["lat"], 55.775, "{active}");
        assert!(active["eta"]["seconds"].is_u64() && active["eta"]["formatted"].is_string(), "{active}");

        // A step, as the phones of the field take it.
        let path = format!("/api/mobile/orders/{order}/status/");
        let (status, stepped) = patch(&driver.user, &path, json!({ "status": "driver_en_route" })).await;
        assert_eq!((status, &stepped["status"]), (StatusCode::OK, &json!("driver_en_route")), "{stepped}");
        let (status, refused) = patch(&driver.user, &path, json!({ "status": "completed" })).await;
        assert_eq!((status, &refused["order_id"]), (StatusCode::BAD_REQUEST, &json!(order)), "{refused}");
        let (status, refused) = patch(&passenger.user, &path, json!({ "status": "arrived_waiting" })).await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{refused}");
    }
}

#[actix_web::test]
async fn people_change_what_is_theirs_to_change() {
    for backend in backends() {
        let town = Town::open(backend).await;
        let (driver, passenger) = (town.driver(1).await, town.passenger(1).await);
        let own = "/api/mobile/drivers/profile/";
        let change = json!({ "plate_number": "А777АА77", "phone": "8 900 111-00-01" });
        let (status, me) = patch(&driver.user, own, change).await;
        assert_eq!((status, &me["plate_number"]), (StatusCode::OK, &json!("А777АА77")), "{me}");
        assert_eq!(me["car_model"], "Lada Largus", "what is absent stays");
        let own = "/api/mobile/passengers/profile/";
        let change = json!({ "full_name": "Анна Ким", "disability_category": "I группа" });
        let (status, me) = patch(&passenger.user, own, change).await;
        assert_eq!((status, &me["full_name"]), (StatusCode::OK, &json!("Анна Ким")), "{me}");
        for (field, value) in [("disability_category", json!("child")), ("allowed_companion", json!(false))] {
            let mut change = json!({ "full_name": "Никто" });
            change[field] = value;
            let (status, refused) = patch(&passenger.user, own, change).await;
            assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{refused}");
            assert!(refused[field][0].is_string(), "{refused}");
        }
        assert_eq!(passenger.user.get(own).await["full_name"], "Анна Ким");

        // A phone opens the account: nobody changes it on the way, neither the desk nor its owner.
        for (who, path) in [
            (&town.desk, format!("/api/drivers/{}/", driver.number)),
            (&town.desk, format!("/api/passengers/{}/", passenger.number)),
            (&driver.user, "/api/mobile/drivers/profile/".to_owned()),
            (&passenger.user, own.to_owned()),
        ] {
            let known = who.get(&path).await["user"]["phone"].clone();
            for same in [known, json!("")] {
                let (status, kept) = patch(who, &path, json!({ "phone": same })).await;
                assert_eq!(status, StatusCode::OK, "{path}: {kept}");
            }
            let (status, refused) = patch(who, &path, json!({ "phone": "+79009990001" })).await;
            assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{path}: {refused}");
            assert!(refused["phone"][0].is_string(), "{refused}");
        }
        town.app.audit().await;
    }
}

#[actix_web::test]
async fn a_price_is_asked_for_by_the_two_ends_alone() {
    for backend in backends() {
        let town = Town::open(backend).await;
        let passenger = town.passenger(1).await;
        let ends = "pickup_lat=55.776&pickup_lon=37.655&dropoff_lat=55.752&dropoff_lon=37.592";
        let quoted = passenger.user.get(&format!("/api/mobile/orders/quote/?{ends}")).await;
        let (status, same) = passenger.user.post("/api/mobile/orders/quote/", ride(json!({}))).await;
        assert_eq!((status, &quoted), (StatusCode::OK, &same));
        assert!(quoted["quote"].is_f64() && quoted["quote"] == quoted["estimated_price"], "{quoted}");
        let both = passenger.user.get(&format!("/api/mobile/orders/quote/?{ends}&has_companion=true")).await;
        assert!(both["quote"].as_f64() > quoted["quote"].as_f64(), "{both}");
        let path = "/api/mobile/orders/quote/?pickup_lat=55.776";
        let (status, refused) = passenger.user.call(Method::GET, path, None).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{refused}");
        assert!(refused["dropoff_lat"][0].is_string(), "{refused}");
    }
}

/// A form sends back the time that it was shown.
#[actix_web::test]
async fn a_time_that_is_sent_back_changes_nothing() {
    for backend in backends() {
        let town = Town::open(backend).await;
        let passenger = town.passenger(1).await;
        let order = made(&town.desk, "/api/orders/", ride(json!({ "passenger_id": passenger.number }))).await;
        let path = format!("/api/orders/{}/", order["id"].as_str().unwrap());
        let shown = order["desired_pickup_time"].as_str().unwrap();
        assert_eq!(order["created_at"], shown, "at once");
        for echo in [shown.to_owned(), format!("{}:00.000Z", &shown[..16])] {
            let change = json!({ "desired_pickup_time": echo, "note": "второй подъезд" });
            let (status, changed) = patch(&town.desk, &path, change).await;
            assert_eq!((status, &changed["note"]), (StatusCode::OK, &json!("второй подъезд")), "{changed}");
            assert_eq!(changed["desired_pickup_time"], shown);
        }
        let (status, refused) =
            patch(&town.desk, &path, json!({ "desired_pickup_time": "2020-01-01T00:00:00Z" })).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{refused}");
        moved(&town.desk, order["id"].as_str().unwrap(), "cancelled").await;
    }
}
