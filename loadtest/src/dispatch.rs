//! Rides in town under load: `peerpack-loadtest dispatch`.
//!
//! Couriers are on duty, each with a socket on which they say once a second where they are and are asked;
//! passengers order, so many a second, whatever has become of the orders before; couriers accept, decline or
//! say nothing, and drive to the end. The desk watches the map. What everybody has heard and done is judged
//! by an oracle of its own, together with what the store has at the end.

mod courier;
mod oracle;
mod people;
mod watching;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use anyhow::Context;
use hdrhistogram::Histogram;
use parking_lot::Mutex;
use peerpack::app::SystemClock;
use peerpack_actors::ids::OrderId;
use peerpack_actors::ports::Clock;
use reqwest::Method;
use serde_json::json;
use tokio::time::{Instant, sleep, sleep_until};

use self::oracle::{Fact, Kept, check};
use self::people::{Person, Town};
use crate::cli::DispatchOptions;
use crate::machine::{Machine, Used};

/// How long a ride may take to come to its end after the last order was placed.
const QUIET_WITHIN: Duration = Duration::from_secs(120);

/// How often it is looked whether all is quiet.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// What all people of the run share.
pub(crate) struct Shared {
    town: Town,
    /// What has happened, in the order in which it was seen.
    facts: Mutex<Vec<Fact>>,
    /// When each order was to be placed.
    placed: Mutex<HashMap<OrderId, Instant>>,
    /// Orders about which somebody was asked.
    asked: Mutex<HashSet<OrderId>>,
    submitted_to_offer: Mutex<Histogram<u64>>,
    positions: AtomicU64,
    shown: AtomicU64,
    failures: AtomicU64,
    is_over: AtomicBool,
    seed: u64,
}

impl Shared {
    fn note(&self, fact: Fact) {
        self.facts.lock().push(fact);
    }

    fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Acquire)
    }
}

/// Plays, prints what came of it, and judges. Whether every promise held.
///
/// # Errors
/// The run could not take place.
pub async fn run(options: DispatchOptions) -> anyhow::Result<bool> {
    let started = SystemClock.now();
    let (town, couriers, passengers) = people::settle(&options).await?;
    let shared = Arc::new(Shared {
        town,
        facts: Mutex::default(),
        placed: Mutex::default(),
        asked: Mutex::default(),
        submitted_to_offer: Mutex::new(Histogram::new_with_max(600_000_000, 3)?),
        positions: AtomicU64::new(0),
        shown: AtomicU64::new(0),
        failures: AtomicU64::new(0),
        is_over: AtomicBool::new(false),
        seed: options.seed,
    });
    let mut tasks = Vec::new();
    for (n, courier) in couriers.iter().cloned().enumerate() {
        let socket = shared.town.open(&format!("/ws/drivers/{}/", courier.number), &courier.token, n).await?;
        tasks.push(tokio::spawn(courier::work(Arc::clone(&shared), courier, n, socket)));
    }
    let map = shared.town.open("/ws/dispatch-map/", &shared.town.desk, couriers.len()).await?;
    tasks.push(tokio::spawn(watching::watch(Arc::clone(&shared), map)));
    // Everybody says once where they are before anybody orders.
    sleep(Duration::from_secs(2)).await;

    let (used, begun) = (Used::now(&options.pids()), Instant::now());
    let positions_before = shared.positions.load(Ordering::Relaxed);
    order_all(&shared, &passengers, &options).await;
    let seconds = begun.elapsed().as_secs_f64();
    let positions = shared.positions.load(Ordering::Relaxed) - positions_before;
    let cores = Used::now(&options.pids()).since(used, seconds);
    let kept = until_quiet(&shared, &couriers).await?;
    shared.is_over.store(true, Ordering::Release);
    for task in tasks {
        task.await.context("somebody of the run has panicked")?;
    }

    let machine = Machine::here();
    println!("date: {started}");
    println!("machine: {}, {} cores, {:.0} GiB", machine.cpu, machine.cores, machine.memory_gib);
    println!("store: {}", options.store);
    println!(
        "cores: server {:.2}, generator {:.2}, others {:.2}",
        cores.server, cores.generator, cores.others
    );
    println!(
        "{} couriers on duty, {} orders a second for {} s, seed {}",
        options.drivers, options.orders_per_s, options.duration_s, options.seed
    );
    let facts = shared.facts.lock();
    let count = |is: fn(&Fact) -> bool| facts.iter().filter(|fact| is(fact)).count();
    println!(
        "orders: {} placed, {} failed calls; offers heard: {}, accepted: {}, refused: {}; rides done: {}",
        shared.placed.lock().len(),
        shared.failures.load(Ordering::Relaxed),
        count(|fact| matches!(fact, Fact::Asked { .. })),
        count(|fact| matches!(fact, Fact::Accepted { .. })),
        count(|fact| matches!(fact, Fact::Refused { .. })),
        kept.done(),
    );
    let took = shared.submitted_to_offer.lock();
    let ms = |quantile| took.value_at_quantile(quantile) as f64 / 1e3;
    println!(
        "order due -> first offer on the courier's socket: p50 {:.2} ms, p99 {:.2} ms, most {:.2} ms, of {}",
        ms(0.5),
        ms(0.99),
        took.max() as f64 / 1e3,
        took.len()
    );
    println!(
        "positions: {:.0} said a second, {} shown on the map in all",
        positions as f64 / seconds,
        shared.shown.load(Ordering::Relaxed)
    );
    let faults = check(&facts, &kept);
    println!("promises broken: {}", faults.len());
    for fault in faults.iter().take(50) {
        println!("  {fault}");
    }
    let failed = shared.failures.load(Ordering::Relaxed);
    Ok(faults.is_empty() && failed == 0 && !took.is_empty())
}

/// Places orders when they are due, each in a task of its own.
async fn order_all(shared: &Arc<Shared>, passengers: &[Person], options: &DispatchOptions) {
    let begun = Instant::now();
    let most = (options.orders_per_s * options.duration_s as f64).round() as usize;
    let mut placing = Vec::new();
    for n in 0..most {
        let due = begun + Duration::from_secs_f64(n as f64 / options.orders_per_s);
        sleep_until(due).await;
        let (shared, passenger) = (Arc::clone(shared), passengers[n % passengers.len()].clone());
        placing.push(tokio::spawn(async move { place(&shared, &passenger, n, due).await }));
    }
    for placed in placing {
        let _ = placed.await;
    }
}

async fn place(shared: &Shared, passenger: &Person, n: usize, due: Instant) {
    let (lat, lon) = people::somewhere(shared.seed, n, 1);
    let (to_lat, to_lon) = people::somewhere(shared.seed, n, 2);
    let order = json!({
        "pickup_title": "A", "pickup_object_name": "", "dropoff_title": "B", "dropoff_object_name": "",
        "pickup_lat": lat, "pickup_lon": lon, "dropoff_lat": to_lat, "dropoff_lon": to_lon,
        "desired_pickup_time": "now", "has_companion": false, "note": "",
    });
    match shared.town.call(&passenger.token, Method::POST, "/api/orders/", Some(order)).await {
        Ok(placed) => {
            let Some(id) = placed["id"].as_str().and_then(|id| id.parse().ok()) else { return };
            shared.placed.lock().insert(id, due);
            shared.note(Fact::Placed { order: id });
        }
        Err(error) => {
            shared.failures.fetch_add(1, Ordering::Relaxed);
            eprintln!("an order was not placed: {error:#}");
        }
    }
    measure(shared);
}

/// Offers that were heard before their orders' answers are measured when those are there.
fn measure(shared: &Shared) {
    let mut placed = shared.placed.lock();
    let mut early = shared.town.early.lock();
    early.retain(|order, heard: &mut Instant| match placed.get_mut(order) {
        Some(due) => {
            record(shared, *due, *heard);
            false
        }
        None => true,
    });
}

/// Notes how long an order has taken to its first offer.
fn record(shared: &Shared, due: Instant, heard: Instant) {
    let us = u64::try_from(heard.saturating_duration_since(due).as_micros()).unwrap_or(u64::MAX);
    shared.submitted_to_offer.lock().saturating_record(us.max(1));
}

/// Waits until every order is at an end or with the desk, and everybody is free; then what the store has.
async fn until_quiet(shared: &Shared, couriers: &[Person]) -> anyhow::Result<Kept> {
    let until = Instant::now() + QUIET_WITHIN;
    loop {
        let orders: Vec<OrderId> = shared.placed.lock().keys().copied().collect();
        let kept = Kept::read(&shared.town.database, &orders, couriers).await?;
        if kept.is_quiet() || Instant::now() > until {
            // What was decided last has the time to arrive.
            sleep(LOOK_EVERY).await;
            return Kept::read(&shared.town.database, &orders, couriers).await;
        }
        sleep(LOOK_EVERY).await;
    }
}
