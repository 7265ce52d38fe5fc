//! Couriers on duty in town, in one region: how long it takes to find those who can take an order, in order
//! of their costs, and how many positions are taken in a second.
//!
//! `cargo bench --bench dispatch`; `PEERPACK_BENCH_DRIVERS` (10 000), `PEERPACK_BENCH_ORDERS` (2 000) and
//! `PEERPACK_BENCH_POSITIONS` (400 000) change the size, `PEERPACK_BENCH_P99_MS` (1) what p99 of the first
//! may be and `PEERPACK_BENCH_PER_S` (20 000) how many positions there must be at least: beyond either the
//! bench fails. The seed is fixed.

use std::sync::Arc;
use std::time::Duration;

use futures_util::{StreamExt, stream};
use peerpack::app::App;
use peerpack::auth::{Principal, Role};
use peerpack::config::{Config, Settings};
use peerpack::startup::Application;
use peerpack::store::Driver;
use peerpack::town::Town;
use peerpack_actors::dispatch::order::{Cargo, OrderEnd};
use peerpack_actors::dispatch::price::{Extras, LocalHour, Ride};
use peerpack_actors::dispatch::{DutyCommand, DutyPhase, Order, OrderDraft, Quote, Rule, Tariff, Vehicle};
use peerpack_actors::ids::{OrderId, RegionId, UserId};
use peerpack_actors::market::load::{Load, UNSTATED};
use peerpack_actors::place::Position;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};
use tokio::time::Instant;
use uuid::Uuid;

/// Couriers who go on duty at once.
const AT_ONCE: usize = 128;

fn main() {
    // Built by `cargo test` too, which only wants to know that it can be.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    actix_web::rt::System::new().block_on(run());
}

fn setting(name: &str, default: usize) -> usize {
    std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(default)
}

async fn run() {
    let (drivers, orders) =
        (setting("PEERPACK_BENCH_DRIVERS", 10_000), setting("PEERPACK_BENCH_ORDERS", 2_000));
    let positions = setting("PEERPACK_BENCH_POSITIONS", 400_000);
    let (most_ms, least) = (setting("PEERPACK_BENCH_P99_MS", 1), setting("PEERPACK_BENCH_PER_S", 20_000));
    let data = tempfile::tempdir().expect("a folder");
    let environment = [
        ("PEERPACK_LISTEN".to_owned(), "127.0.0.1:0".to_owned()),
        ("PEERPACK_DATA_DIR".to_owned(), data.path().display().to_string()),
        ("PEERPACK_LIMITS".to_owned(), "false".to_owned()),
    ];
    let config = Config::load(Settings::default(), environment).expect("a configuration");
    let application = Application::build(config).await.expect("a server");
    let url = format!("http://{}", application.address());
    let (app, handle) = (application.app(), application.handle());
    actix_web::rt::spawn(application.run_until_stopped());
    let town = app.town.clone().expect("the dispatch runs");
    let mut random = StdRng::seed_from_u64(2026);
    let region = region(&app, &url).await;
    let begun = Instant::now();
    let couriers = on_duty(&app, &town, region, drivers).await;
    println!("{drivers} couriers on duty after {:.0} s", begun.elapsed().as_secs_f64());

    // Everybody says where they are, again and again: the first time everybody is new.
    let mut places: Vec<Position> = couriers.iter().map(|_| somewhere(&mut random)).collect();
    let context = Arc::clone(app.engine.context());
    let begun = Instant::now();
    for n in 0..positions {
        let which = n % couriers.len();
        let place = &mut places[which];
        place.lat += random.random_range(-0.000_15..0.000_15);
        place.lon += random.random_range(-0.000_2..0.000_2);
        town.dispatch().sighted(&context, couriers[which], *place);
    }
    let per_s = positions as f64 / begun.elapsed().as_secs_f64();
    println!("positions taken in, on one thread: {per_s:.0} a second");

    let mut took = Vec::new();
    let mut found = 0;
    for _ in 0..orders {
        let order = order(&app, region, &mut random);
        let begun = Instant::now();
        found += town.dispatch().candidates(&order, Rule::Scored, app.clock.now()).len();
        took.push(begun.elapsed());
        // As between orders: others have their turn.
        tokio::task::yield_now().await;
    }
    took.sort_unstable();
    let at = |percent: usize| took[(took.len() * percent / 100).min(took.len() - 1)].as_secs_f64() * 1_000.0;
    println!(
        "candidates of {orders} orders, {:.1} each: p50 {:.3} ms, p99 {:.3} ms",
        found as f64 / orders as f64,
        at(50),
        at(99)
    );
    handle.stop(false).await;
    assert!(at(99) <= most_ms as f64, "p99 is beyond {most_ms} ms");
    assert!(per_s >= least as f64, "fewer than {least} positions a second");
}

/// A place in a town some 18 by 13 kilometres large.
fn somewhere(random: &mut StdRng) -> Position {
    Position { lat: 55.75 + random.random_range(-0.08..0.08), lon: 37.61 + random.random_range(-0.1..0.1) }
}

async fn region(app: &App, url: &str) -> RegionId {
    let now = app.clock.now();
    let desk = Principal { user: UserId::new(now, app.clock.random()), role: Role::Dispatcher };
    let (token, _) = app.tokens.issue(desk, Uuid::nil(), now, app.clock.random());
    let http = reqwest::Client::new();
    let make = async |path: &str, body: Value| -> Value {
        let call = http.post(format!("{url}{path}")).bearer_auth(&token).json(&body);
        let answer = call.timeout(Duration::from_secs(10)).send().await.expect("an answer");
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
        answer.json().await.expect("JSON")
    };
    let city = json!({ "title": "Town", "center_lat": 55.75, "center_lon": 37.61 });
    let city = make("/api/regions/cities", city).await;
    let region = json!({
        "title": "Middle", "city_id": city["id"], "center_lat": 55.75, "center_lon": 37.61,
        "polygon_coordinates": [[55.0, 37.0], [55.0, 38.2], [56.5, 38.2], [56.5, 37.0]],
        "service_radius_meters": 50_000,
    });
    let region = make("/api/regions", region).await;
    region["id"].as_str().and_then(|id| id.parse().ok()).expect("an id")
}

/// Takes people on, and on duty.
async fn on_duty(app: &App, town: &Town, region: RegionId, drivers: usize) -> Vec<UserId> {
    let taking = (0..drivers).map(|n| async move {
        let now = app.clock.now();
        let (name, phone) = (format!("Driver {n}"), format!("+7903{n:07}"));
        let person = UserId::new(now, app.clock.random());
        let (user, _) =
            app.database.upsert_phone_user(phone, name.clone(), person, now).await.expect("a person");
        let driver = Driver {
            person: user.id,
            number: 0,
            name,
            username: None,
            phone: None,
            email: String::new(),
            region,
            car_model: "Largus".to_owned(),
            plate_number: format!("A{n}"),
            seats: 4,
            duty: DutyPhase::Offline,
            has_left: false,
        };
        app.database.put_driver(&driver, app.clock.random(), now).await.expect("a courier");
        let vehicle = Vehicle {
            car_model: driver.car_model,
            plate_number: driver.plate_number,
            capacity: Load { weight_g: UNSTATED, volume_ml: UNSTATED, slots: 4 },
        };
        let command = DutyCommand::GoOnline { vehicle, region };
        let context = app.engine.context();
        town.dispatch().change_duty(context, user.id, &command).await.expect("on duty");
        user.id
    });
    stream::iter(taking).buffered(AT_ONCE).collect().await
}

fn order(app: &App, region: RegionId, random: &mut StdRng) -> Order {
    let end = |position| OrderEnd { title: "A".to_owned(), object_name: String::new(), position };
    let ride = Ride { way_m: 10_000, ride_s: 1_200 };
    let draft = OrderDraft {
        pickup: end(somewhere(random)),
        dropoff: end(somewhere(random)),
        pickup_at: None,
        cargo: Cargo::Passenger,
        extras: Extras::default(),
        note: String::new(),
        region: Some(region),
        ride,
    };
    let hour = LocalHour { hour: 11, weekend: false };
    let quote = Quote::new(Tariff::default(), Extras::default(), ride, hour, 100).expect("a price");
    let now = app.clock.now();
    let (id, passenger) = (OrderId::new(now, random.random()), UserId::new(now, random.random()));
    Order::place(id, passenger, draft, quote, now).expect("a proper order")
}
