//! The dispatch in town over HTTP, as its console and its phones use it.

mod bounds;
mod changes;
mod claims;
mod completing;
mod console;
mod day;
mod desk;
mod doors;
mod elsewhere;
mod enrolment;
mod giving;
mod held;
mod killed;
mod leaving;
mod lists;
mod notices;
mod numbers;
mod pages;
mod phones;
mod planning;
mod positions;
mod ratings;
mod refusals;
mod repeats;
mod rights;
mod secrecy;
mod sessions;
mod sockets;
mod staff;
mod steps;
mod surge;
mod tables;
mod told;
mod wishes;

use peerpack::auth::{Principal, Role};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{Backend, TestApp, TestUser, patiently};

/// A town with one region around the middle of Moscow, and its desk.
struct Town {
    app: TestApp,
    desk: TestUser,
    region: String,
}

/// A courier or a passenger, and their number.
struct Somebody {
    number: i64,
    user: TestUser,
}

impl Town {
    async fn open(backend: Backend) -> Self {
        Self::of(TestApp::start(backend).await).await
    }

    async fn of(app: TestApp) -> Self {
        let desk = app.sign_in_with_role("Dasha", Role::Dispatcher).await;
        let city = json!({ "title": "Москва", "center_lat": 55.75, "center_lon": 37.61 });
        let city = made(&desk, "/api/regions/cities/", city).await;
        let region = json!({
            "title": "Центр", "city_id": city["id"], "center_lat": 55.75, "center_lon": 37.61,
            "polygon_coordinates": [[55.6, 37.4], [55.6, 37.8], [55.9, 37.8], [55.9, 37.4]],
            "service_radius_meters": 20_000,
        });
        let region = made(&desk, "/api/regions/", region).await;
        let region = region["id"].as_str().unwrap().to_owned();
        Self { app, desk, region }
    }

    /// Who a number is, signed in.
    async fn signed_in(&self, number: i64) -> TestUser {
        let app = &self.app.app;
        let user = patiently(async || app.database.person_of(number).await).await.unwrap();
        let principal = Principal { user, role: Role::User };
        let (token, _) =
            app.tokens.issue(principal, uuid::Uuid::from_u128(7), app.clock.now(), app.clock.random());
        self.app.anonymous().with_token(&token)
    }

    async fn driver(&self, n: u32) -> Somebody {
        let driver = json!({
            "name": format!("Водитель {n}"), "phone": format!("+7900111{n:04}"), "email": "", "password": "x",
            "region_id": self.region, "car_model": "Lada Largus", "plate_number": format!("А{n:03}ВС77"),
            "capacity": 4, "is_online": false,
        });
        let driver = made(&self.desk, "/api/drivers/", driver).await;
        let number = driver["id"].as_i64().unwrap();
        Somebody { number, user: self.signed_in(number).await }
    }

    /// A courier who is on duty, and there.
    async fn driver_at(&self, n: u32, lat: f64, lon: f64) -> Somebody {
        let driver = self.driver(n).await;
        driver.go_online().await;
        driver.is_at(lat, lon).await;
        driver
    }

    async fn passenger(&self, n: u32) -> Somebody {
        let passenger = json!({
            "full_name": format!("Пассажир {n}"), "phone": format!("+7900222{n:04}"), "email": "",
            "region_id": self.region, "disability_category": "I группа", "allowed_companion": true,
        });
        let passenger = made(&self.desk, "/api/passengers/", passenger).await;
        let number = passenger["id"].as_i64().unwrap();
        Somebody { number, user: self.signed_in(number).await }
    }

    /// An order of the desk for somebody, and its id.
    async fn order(&self, passenger: &Somebody) -> String {
        let order = made(&self.desk, "/api/orders/", ride(json!({ "passenger_id": passenger.number }))).await;
        order["id"].as_str().unwrap().to_owned()
    }

    /// A step of an order that the desk takes.
    async fn step(&self, order: &str, status: &str) {
        moved(&self.desk, order, status).await;
    }

    async fn assign(&self, order: &str, driver: &Somebody) -> (StatusCode, Value) {
        let path = format!("/api/dispatch/assign/{order}/");
        self.desk.insist(Method::POST, &path, Some(json!({ "driver_id": driver.number }))).await
    }

    async fn status_of(&self, order: &str) -> String {
        self.desk.get(&format!("/api/orders/{order}/")).await["status"].as_str().unwrap().to_owned()
    }

    async fn duty_of(&self, driver: &Somebody) -> String {
        let driver = self.desk.get(&format!("/api/drivers/{}/", driver.number)).await;
        driver["status"].as_str().unwrap().to_owned()
    }
}

impl Somebody {
    async fn go_online(&self) {
        let path = format!("/api/drivers/{}/online-status/", self.number);
        let (status, body) = patch(&self.user, &path, json!({ "is_online": true })).await;
        assert_eq!((status, &body["is_online"]), (StatusCode::OK, &json!(true)), "{body}");
    }

    async fn is_at(&self, lat: f64, lon: f64) {
        let path = format!("/api/drivers/{}/location/", self.number);
        let (status, body) = patch(&self.user, &path, json!({ "lat": lat, "lon": lon })).await;
        assert_eq!((status, &body["current_lat"]), (StatusCode::OK, &json!(lat)), "{body}");
    }
}

async fn patch(who: &TestUser, path: &str, body: Value) -> (StatusCode, Value) {
    who.insist(Method::PATCH, path, Some(body)).await
}

/// What was made.
async fn made(who: &TestUser, path: &str, body: Value) -> Value {
    let (status, made) = who.post_patiently(path, body).await;
    assert_eq!(status, StatusCode::CREATED, "{path}: {made}");
    made
}

/// A step of an order that must succeed.
async fn moved(who: &TestUser, order: &str, status: &str) -> Value {
    let path = format!("/api/orders/{order}/status/");
    let (answer, body) = patch(who, &path, json!({ "status": status })).await;
    assert_eq!((answer, &body["status"]), (StatusCode::OK, &json!(status)), "{body}");
    body
}

/// A ride of a few kilometres, at once.
#[expect(clippy::needless_pass_by_value, reason = "a literal reads best as a value")]
fn ride(more: Value) -> Value {
    let mut ride = json!({
        "pickup_title": "Комсомольская площадь, 2", "pickup_object_name": "Вокзал",
        "dropoff_title": "Арбат, 1", "dropoff_object_name": "", "pickup_lat": 55.776, "pickup_lon": 37.655,
        "dropoff_lat": 55.752, "dropoff_lon": 37.592, "desired_pickup_time": "now", "has_companion": false,
        "note": "у входа",
    });
    for (key, value) in more.as_object().unwrap() {
        ride[key] = value.clone();
    }
    ride
}
