//! A town whose server is killed in the middle of the day: what was acknowledged is there, every order goes
//! on or says why it does not, and everybody is free in the end.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use futures_util::future::join_all;
use parking_lot::Mutex;
use peerpack::app::SystemClock;
use peerpack::store::{self, CityRecord, Database, RegionRecord};
use peerpack_actors::dispatch::{DutyState, Order, OrderPhase};
use peerpack_actors::ids::OrderId;
use peerpack_actors::place::Position;
use peerpack_actors::ports::{Clock as _, OrderStore as _};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use uuid::Uuid;

use super::ride;
use crate::faults::process::Process;
use crate::support::{Backend, PATIENCE, TestUser, at_full_size, backends, fresh_postgres, sign_in_at};

/// Each has one order at a time, and rides with many couriers.
const PASSENGERS: usize = 20;

/// The steps of a ride.
const STEPS: [&str; 4] = ["driver_en_route", "arrived_waiting", "ride_ongoing", "completed"];

fn orders() -> usize {
    if at_full_size() { 500 } else { 60 }
}

/// So many that nobody is asked more often than an hour allows.
fn couriers_at_work() -> usize {
    if at_full_size() { 60 } else { 30 }
}

/// What the server has acknowledged: the states of each order, the last one last.
#[derive(Default)]
struct Acknowledged(Mutex<BTreeMap<String, Vec<String>>>);

impl Acknowledged {
    fn note(&self, order: &str, status: &str) {
        self.0.lock().entry(order.to_owned()).or_default().push(status.to_owned());
    }

    fn count(&self, status: &str) -> usize {
        self.0.lock().values().filter(|all| all.iter().any(|one| one == status)).count()
    }
}

#[actix_web::test]
async fn a_town_survives_a_kill_in_the_middle_of_its_orders() {
    survives(Backend::Sqlite).await;
}

#[actix_web::test]
async fn a_town_survives_a_kill_in_the_middle_of_its_orders_on_postgres() {
    if backends().contains(&Backend::Postgres) {
        survives(Backend::Postgres).await;
    }
}

async fn survives(backend: Backend) {
    let data = tempfile::tempdir().unwrap();
    let postgres = match backend {
        Backend::Sqlite => None,
        Backend::Postgres => Some(fresh_postgres().await),
    };
    let url = postgres.clone().unwrap_or_else(|| data.path().display().to_string());
    let region = a_region(&url).await;
    let known = Acknowledged::default();

    let server = start(data.path(), postgres.as_deref()).await;
    let (couriers, passengers) = people(&server.url, &region).await;
    let half = orders() / 2;
    let killed = until_killed(server, &known, half);
    tokio::join!(work(&couriers, &passengers, &known, half * 2), killed);
    let placed_before = known.0.lock().len();
    assert!(known.count("completed") >= half / 4, "too little happened: {:?}", known.0.lock());

    let server = start(data.path(), postgres.as_deref()).await;
    let moved = |who: &[TestUser]| who.iter().map(|one| one.moved_to(&server.url)).collect::<Vec<_>>();
    let (couriers, passengers) = (moved(&couriers), moved(&passengers));
    work(&couriers, &passengers, &known, orders()).await;
    assert!(known.0.lock().len() > placed_before, "it goes on");
    let database = Database::connect(&store::Settings::new(url)).await.unwrap();
    until_all_are_over(&couriers, &known, &database).await;
    drop(server);
    judge(&database, &known).await;
    database.close().await;
}

/// Kills the server as soon as so many orders were placed, with calls under way.
async fn until_killed(server: Process, known: &Acknowledged, placed: usize) {
    let deadline = tokio::time::Instant::now() + PATIENCE * 5;
    while known.0.lock().len() < placed || known.count("completed") < placed / 4 {
        assert!(tokio::time::Instant::now() < deadline, "too little happens: {:?}", known.0.lock());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    // With SIGKILL.
    drop(server);
}

async fn start(data: &Path, postgres: Option<&str>) -> Process {
    let more: Vec<(&str, &str)> = postgres.iter().map(|url| ("DATABASE_URL", *url)).collect();
    if let Some(url) = postgres {
        let mut migrate = Command::new(env!("CARGO_BIN_EXE_peerpack"));
        migrate.arg("migrate").env("DATABASE_URL", url).env("PEERPACK_LOG", "warn");
        assert!(migrate.status().unwrap().success());
    }
    Process::start("serve", data, &more).await
}

/// A region for the town, before there is a server.
async fn a_region(url: &str) -> String {
    let database = Database::connect(&store::Settings::new(url.to_owned())).await.unwrap();
    database.migrate().await.unwrap();
    let (now, centre) = (SystemClock.now(), Position { lat: 55.75, lon: 37.61 });
    let (city, title) = (Uuid::from_u128(1), "Москва".to_owned());
    let record = CityRecord { id: city, title: title.clone(), centre, deleted_at: None };
    database.put_city(&record, now).await.unwrap();
    let region = RegionRecord {
        id: Uuid::from_u128(2).into(),
        city,
        title,
        centre,
        polygon: Vec::new(),
        service_radius_m: 30_000,
        priority: 0,
        hours: Vec::new(),
        version: 1,
        deleted_at: None,
    };
    database.put_region(&region, now).await.unwrap();
    database.close().await;
    region.id.to_string()
}

async fn people(url: &str, region: &str) -> (Vec<TestUser>, Vec<TestUser>) {
    let (mut couriers, mut passengers) = (Vec::new(), Vec::new());
    for n in 0..couriers_at_work() {
        let courier = sign_in_at(url, &format!("Courier {n}")).await;
        let vehicle = json!({
            "car_model": "Lada Largus", "plate_number": format!("А{n:03}ВС77"), "capacity": 4,
            "region_id": region,
        });
        let (status, me) = courier.call(Method::PUT, "/api/mobile/drivers/profile/", Some(vehicle)).await;
        assert_eq!(status, StatusCode::OK, "{me}");
        let (status, me) =
            patch(&courier, "/api/mobile/drivers/online-status/", json!({ "is_online": true }))
                .await
                .unwrap();
        assert_eq!(status, StatusCode::OK, "{me}");
        couriers.push(courier);
    }
    for n in 0..PASSENGERS {
        passengers.push(sign_in_at(url, &format!("Passenger {n}")).await);
    }
    (couriers, passengers)
}

/// A call that may find nobody there; then there is no answer.
async fn call(
    who: &TestUser,
    method: Method,
    path: &str,
    body: Option<Value>,
) -> Option<(StatusCode, Value)> {
    who.try_call(method, path, body).await.ok()
}

async fn patch(who: &TestUser, path: &str, body: Value) -> Option<(StatusCode, Value)> {
    call(who, Method::PATCH, path, Some(body)).await
}

/// Everybody does what they do until so many orders are placed or the server is gone: passengers order when
/// their last ride is over, couriers take what they are asked about and drive.
async fn work(couriers: &[TestUser], passengers: &[TestUser], known: &Acknowledged, until: usize) {
    let riding = join_all(passengers.iter().map(|who| rides(who, known, until)));
    let is_over = Mutex::new(false);
    let driving = join_all(couriers.iter().enumerate().map(|(n, who)| drives(who, n, known, &is_over)));
    let riding = async {
        riding.await;
        *is_over.lock() = true;
    };
    tokio::join!(riding, driving);
}

async fn rides(who: &TestUser, known: &Acknowledged, until: usize) -> Option<()> {
    while known.0.lock().len() < until {
        let active = call(who, Method::GET, "/api/mobile/passengers/active-order/", None).await?.1;
        if active["order"].is_object() {
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        }
        let (status, placed) =
            call(who, Method::POST, "/api/mobile/orders/create/", Some(ride(json!({})))).await?;
        // Too busy: once more.
        if status.is_server_error() {
            continue;
        }
        assert_eq!(status, StatusCode::CREATED, "{placed}");
        known.note(placed["id"].as_str().unwrap(), placed["status"].as_str().unwrap());
    }
    Some(())
}

async fn drives(who: &TestUser, n: usize, known: &Acknowledged, is_over: &Mutex<bool>) -> Option<()> {
    // A row of cars, 50 m from each other.
    #[expect(clippy::cast_precision_loss, reason = "a few dozen")]
    let here = json!({ "lat": 55.77 + n as f64 * 0.000_5, "lon": 37.65 });
    patch(who, "/api/mobile/drivers/location/", here).await?;
    while !*is_over.lock() {
        if !goes_on(who, known).await? {
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
    }
    Some(())
}

/// One step of a courier, if there is one to take.
async fn goes_on(who: &TestUser, known: &Acknowledged) -> Option<bool> {
    let active = call(who, Method::GET, "/api/mobile/drivers/active-order/", None).await?.1;
    if let Some(order) = active["order"]["id"].as_str() {
        let status = active["order"]["status"].as_str().unwrap();
        let next = STEPS.iter().position(|step| *step == status).map_or(0, |at| at + 1);
        let path = format!("/api/orders/{order}/status/");
        let (answer, moved) = patch(who, &path, json!({ "status": STEPS[next] })).await?;
        assert!(answer == StatusCode::OK || answer.is_server_error(), "{moved}");
        if answer == StatusCode::OK {
            known.note(order, STEPS[next]);
        }
        return Some(true);
    }
    let offers = call(who, Method::GET, "/api/mobile/drivers/offers/", None).await?.1;
    let Some(offer) = offers["results"].get(0) else { return Some(false) };
    let path = format!("/api/mobile/drivers/offer/{}/accept/", offer["offer_id"].as_str().unwrap());
    let (status, answer) = call(who, Method::POST, &path, Some(json!({}))).await?;
    // On a slow machine its time may be over.
    let is_late = answer["code"] == "expired" || status.is_server_error();
    assert!(status == StatusCode::OK || is_late, "{answer}");
    if status == StatusCode::OK {
        known.note(offer["order_id"].as_str().unwrap(), "assigned");
    }
    Some(true)
}

/// Couriers drive on until every order is over, those included whose placing or whose last step was not
/// acknowledged.
async fn until_all_are_over(couriers: &[TestUser], known: &Acknowledged, database: &Database) {
    let deadline = tokio::time::Instant::now() + PATIENCE * 2;
    loop {
        let busy = join_all(couriers.iter().map(|who| goes_on(who, known))).await;
        assert!(busy.iter().all(Option::is_some), "the server is there");
        let ids: Vec<OrderId> = known.0.lock().keys().map(|id| id.parse().unwrap()).collect();
        let orders = database.orders_by_id(&ids).await.unwrap();
        let is_open = |order: &&Order| order.state.phase() != OrderPhase::Completed;
        let open: Vec<&Order> = orders.iter().filter(is_open).collect();
        let searching = database.searching(None, 1).await.unwrap();
        if open.is_empty() && searching.is_empty() && busy.iter().all(|busy| *busy == Some(false)) {
            return;
        }
        assert!(tokio::time::Instant::now() < deadline, "not over: {open:?} {searching:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Every step that was acknowledged is in the history of its order, in that order; nobody is bound.
async fn judge(database: &Database, known: &Acknowledged) {
    assert_eq!(database.audit().await.unwrap(), Vec::<String>::new());
    let known = known.0.lock().clone();
    assert!(known.len() >= orders(), "{}", known.len());
    for (id, acknowledged) in &known {
        let order: OrderId = id.parse().unwrap();
        let stored = database.order(order).await.unwrap().expect("an acknowledged order is stored");
        assert_eq!(stored.state.phase(), OrderPhase::Completed, "{id}");
        let steps = database.order_steps(order).await.unwrap();
        assert!(steps.windows(2).all(|pair| pair[0].to == pair[1].from), "{steps:?}");
        let mut history = steps.iter().map(|step| step.to.as_str());
        for status in acknowledged {
            assert!(history.any(|to| to == status), "{id}: {status} is lost: {acknowledged:?} {steps:?}");
        }
    }
    let duties = database.on_duty(None, 1_000).await.unwrap();
    assert_eq!(duties.len(), couriers_at_work(), "a restart takes nobody off duty");
    assert!(duties.iter().all(|duty| duty.state == DutyState::Idle), "{duties:?}");
    eprintln!("{} orders", known.len());
}
