//! How long the Mini App's search takes on 100 000 live trips: whole requests, over HTTP, on the embedded
//! store.
//!
//! `cargo bench --bench couriers`; `PEERPACK_BENCH_TRIPS` and `PEERPACK_BENCH_QUERIES` change the size. The
//! seed is fixed.

use peerpack::app::SystemClock;
use peerpack::config::{Config, Settings};
use peerpack::startup::Application;
use peerpack::store::{self, Database};
use peerpack_actors::ids::{TripId, UserId};
use peerpack_actors::market::load::{Load, UNSTATED};
use peerpack_actors::market::trip::{Stop, Transport, Trip, TripDraft};
use peerpack_actors::money::{Amount, Currency};
use peerpack_actors::place::{Gazetteer, Place};
use peerpack_actors::ports::{Clock, Store};
use peerpack_actors::time::{Span, Time};
use peerpack_actors::unit::Unit;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tokio::time::Instant;

/// Trips are committed so many at a time.
const AT_ONCE: usize = 256;

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
    let (trips, queries) = (setting("PEERPACK_BENCH_TRIPS", 100_000), setting("PEERPACK_BENCH_QUERIES", 500));
    let data = tempfile::tempdir().expect("a folder");
    let mut random = StdRng::seed_from_u64(2026);
    let gazetteer = Gazetteer::bundled();
    let towns: Vec<&'static Place> = gazetteer.iter().take(300).collect();
    populate(data.path(), &towns, trips, &mut random).await;
    let environment = [
        ("PEERPACK_LISTEN".to_owned(), "127.0.0.1:0".to_owned()),
        ("PEERPACK_DATA_DIR".to_owned(), data.path().display().to_string()),
    ];
    let config = Config::load(Settings::default(), environment).expect("a configuration");
    let application = Application::build(config).await.expect("a server");
    let url = format!("http://{}/api/couriers", application.address());
    let handle = application.handle();
    actix_web::rt::spawn(application.run_until_stopped());
    let http = reqwest::Client::new();
    println!("{trips} live trips, {queries} searches each, one at a time");
    println!("{:<28} {:>9} {:>9} {:>9} {:>9}", "search", "found", "p50 ms", "p95 ms", "p99 ms");
    for (name, more) in [
        ("from, to", ""),
        ("from, to, sort=price", "&sort=price"),
        ("from, to, sort=rating", "&sort=rating"),
        ("from, to, weight, max_price", "&weight=medium&max_price=400"),
    ] {
        let (mut took, mut found) = (Vec::new(), 0);
        for _ in 0..queries {
            let (from, to) = two(&towns, &mut random);
            // By id: a name can mean several places, and then the answer is a question.
            let query = format!("{url}?from_id={}&to_id={}{more}", from.id, to.id);
            let begun = Instant::now();
            let answer = http.get(query).send().await.expect("an answer");
            assert!(answer.status().is_success(), "{}", answer.status());
            let body: serde_json::Value = answer.json().await.expect("JSON");
            took.push(begun.elapsed());
            found += body["couriers"].as_array().map_or(0, Vec::len);
        }
        took.sort_unstable();
        let at =
            |percent: usize| took[(took.len() * percent / 100).min(took.len() - 1)].as_secs_f64() * 1_000.0;
        println!("{name:<28} {found:>9} {:>9.2} {:>9.2} {:>9.2}", at(50), at(95), at(99));
    }
    handle.stop(false).await;
}

async fn populate(data: &std::path::Path, towns: &[&'static Place], trips: usize, random: &mut StdRng) {
    let database =
        Database::connect(&store::Settings::new(data.display().to_string())).await.expect("a store");
    database.migrate().await.expect("a schema");
    let now = SystemClock.now();
    let begun = Instant::now();
    let mut made = 0;
    while made < trips {
        let some: Vec<Trip> = (0..AT_ONCE.min(trips - made)).map(|_| trip(towns, now, random)).collect();
        made += some.len();
        let commits = some.into_iter().map(|trip| database.commit(Unit::publish_trip(trip, &[])));
        for outcome in futures_util::future::join_all(commits).await {
            outcome.expect("stored");
        }
    }
    println!("stored {made} trips in {:.0} s", begun.elapsed().as_secs_f64());
    database.close().await;
}

/// The larger a town, the more often it is an end: hubs are what makes searching hard.
fn town(towns: &[&'static Place], random: &mut StdRng) -> &'static Place {
    let rank = random.random_range(0.0_f64..1.0).powi(3) * towns.len() as f64;
    towns[(rank as usize).min(towns.len() - 1)]
}

fn two(towns: &[&'static Place], random: &mut StdRng) -> (&'static Place, &'static Place) {
    loop {
        let (from, to) = (town(towns, random), town(towns, random));
        if from.id != to.id {
            return (from, to);
        }
    }
}

fn trip(towns: &[&'static Place], now: Time, random: &mut StdRng) -> Trip {
    let (from, to) = two(towns, random);
    let departs = now + Span::minutes(random.random_range(60..14 * 24 * 60));
    let hours = (1.3 * from.position.distance_km(to.position) / 70.0).max(0.2);
    let arrives = departs + Span::from_ms((hours * 3_600_000.0) as i64);
    let stop = |place: &Place, at| Stop { place: place.id, position: place.position, arrive: at, depart: at };
    let draft = TripDraft {
        stops: vec![stop(from, departs), stop(to, arrives)],
        transport: if random.random_bool(0.7) { Transport::Car } else { Transport::Train },
        capacity: Load { weight_g: 10_000, volume_ml: UNSTATED, slots: UNSTATED },
        max_detour_min: random.random_range(15..60),
        price: Some(Amount::new(random.random_range(100..1_000) * 100, Currency::Rub)),
        comment: String::new(),
        airport: String::new(),
    };
    Trip::publish(TripId::new(now, random.random()), UserId::new(now, random.random()), draft, now)
        .expect("a proper trip")
}
