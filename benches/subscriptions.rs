//! What a publication costs beside 100 000 standing questions: trips and packages published through the
//! engine, on the embedded store, with none and with all of them.
//!
//! `cargo bench --bench subscriptions`; `PEERPACK_BENCH_SUBSCRIPTIONS` and `PEERPACK_BENCH_PUBLICATIONS`
//! change the size. The seed is fixed. Publications come one after the other, so each figure is the time of
//! one commit, with the disk in it; what the questions cost is the difference.

use std::time::Duration;

use peerpack::app::SystemClock;
use peerpack::config::{Config, Settings};
use peerpack::startup::Application;
use peerpack_actors::ids::{SubscriptionId, UserId};
use peerpack_actors::market::load::{Load, UNSTATED};
use peerpack_actors::market::package::{End, Mode, PackageDraft};
use peerpack_actors::market::subscription::{Subscription, Wanted};
use peerpack_actors::market::trip::{Stop, Transport, TripDraft};
use peerpack_actors::matching::{PackageEntry, SubscriptionIndex, TripEntry};
use peerpack_actors::money::{Amount, Currency};
use peerpack_actors::place::{Gazetteer, Place};
use peerpack_actors::ports::Clock;
use peerpack_actors::runtime::Engine;
use peerpack_actors::time::{Span, Time};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tokio::time::Instant;

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
    let questions = setting("PEERPACK_BENCH_SUBSCRIPTIONS", 100_000);
    let publications = setting("PEERPACK_BENCH_PUBLICATIONS", 500);
    let data = tempfile::tempdir().expect("a folder");
    let environment = [
        ("PEERPACK_LISTEN".to_owned(), "127.0.0.1:0".to_owned()),
        ("PEERPACK_DATA_DIR".to_owned(), data.path().display().to_string()),
    ];
    let config = Config::load(Settings::default(), environment).expect("a configuration");
    let application = Application::build(config).await.expect("a server");
    let (app, handle) = (application.app(), application.handle());
    actix_web::rt::spawn(application.run_until_stopped());
    let towns: Vec<&'static Place> = Gazetteer::bundled().iter().take(300).collect();
    let mut random = StdRng::seed_from_u64(2026);
    println!("{publications} publications of each kind, one at a time");
    println!("{:<40} {:>9} {:>9} {:>9}", "", "p50 ms", "p95 ms", "p99 ms");
    publish(&app.engine, "no questions", publications, &towns, &mut random).await;
    let (now, begun) = (SystemClock.now(), Instant::now());
    for _ in 0..questions {
        app.engine.subscribed(question(&towns, now, &mut random));
    }
    println!("took {questions} questions in within {:.1} s", begun.elapsed().as_secs_f64());
    publish(&app.engine, &format!("{questions} questions"), publications, &towns, &mut random).await;
    handle.stop(false).await;
    look_up(questions, publications, &towns, &mut random);
}

/// What the index alone takes, without the store.
fn look_up(questions: usize, publications: usize, towns: &[&'static Place], random: &mut StdRng) {
    let (gazetteer, settings, now) =
        (Gazetteer::bundled(), peerpack_actors::matching::Settings::default(), SystemClock.now());
    let mut index = SubscriptionIndex::new(gazetteer, settings.clone());
    for _ in 0..questions {
        index.follow(question(towns, now, random), now);
    }
    let (mut trips, mut packages, mut found) = (Vec::new(), Vec::new(), 0);
    for _ in 0..publications {
        let draft = trip(towns, now, random);
        let trip = peerpack_actors::market::trip::Trip::publish(
            peerpack_actors::ids::TripId::new(now, random.random()),
            UserId::new(now, random.random()),
            draft,
            now,
        )
        .expect("a proper trip");
        let begun = Instant::now();
        let entry = TripEntry::of(&trip, gazetteer, &settings);
        found += index.answered_by_trip(&entry, trip.courier, now).len();
        trips.push(begun.elapsed());
        let package = peerpack_actors::market::package::Package::publish(
            peerpack_actors::ids::PackageId::new(now, random.random()),
            UserId::new(now, random.random()),
            package(towns, now, random),
            now,
        )
        .expect("a proper package");
        let begun = Instant::now();
        let entry = PackageEntry::of(&package, gazetteer, &settings);
        found += index.answered_by_package(&entry, now).len();
        packages.push(begun.elapsed());
    }
    show("trips, looking alone", trips);
    show("packages, looking alone", packages);
    println!("{found} answers");
}

async fn publish(engine: &Engine, name: &str, count: usize, towns: &[&'static Place], random: &mut StdRng) {
    let (mut trips, mut packages) = (Vec::new(), Vec::new());
    for _ in 0..count {
        let now = SystemClock.now();
        let (somebody, draft) = (UserId::new(now, random.random()), trip(towns, now, random));
        let begun = Instant::now();
        engine.publish_trip(somebody, draft).await.expect("published");
        trips.push(begun.elapsed());
        let (somebody, draft) = (UserId::new(now, random.random()), package(towns, now, random));
        let begun = Instant::now();
        engine.publish_package(somebody, draft).await.expect("published");
        packages.push(begun.elapsed());
    }
    show(&format!("trips, {name}"), trips);
    show(&format!("packages, {name}"), packages);
}

fn show(name: &str, mut took: Vec<Duration>) {
    took.sort_unstable();
    let at = |percent: usize| took[(took.len() * percent / 100).min(took.len() - 1)].as_secs_f64() * 1_000.0;
    println!("{name:<40} {:>9.3} {:>9.3} {:>9.3}", at(50), at(95), at(99));
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

fn end(place: &Place) -> End {
    End { place: place.id, position: place.position, address: String::new() }
}

fn question(towns: &[&'static Place], now: Time, random: &mut StdRng) -> Subscription {
    let (from, to) = two(towns, random);
    Subscription {
        id: SubscriptionId::new(now, random.random()),
        user: UserId::new(now, random.random()),
        wanted: if random.random_bool(0.5) { Wanted::Trips } else { Wanted::Packages },
        from: end(from),
        to: end(to),
        starts_at: now,
        ends_at: now + Span::days(random.random_range(1..90)),
        created_at: now,
        cancelled_at: None,
    }
}

fn package(towns: &[&'static Place], now: Time, random: &mut StdRng) -> PackageDraft {
    let (from, to) = two(towns, random);
    PackageDraft {
        pickup: end(from),
        dropoff: end(to),
        load: Load { weight_g: 1_000, volume_ml: 1_000, slots: 1 },
        ready_at: now,
        deliver_by: now + Span::days(14),
        reward: Amount::new(50_000, Currency::Rub),
        description: "книги".to_owned(),
        size: "s".to_owned(),
        weight: "light".to_owned(),
        tags: Vec::new(),
        mode: Mode::Choose,
        confirm_by: None,
        template: false,
    }
}

fn trip(towns: &[&'static Place], now: Time, random: &mut StdRng) -> TripDraft {
    let (from, to) = two(towns, random);
    let departs = now + Span::minutes(random.random_range(60..14 * 24 * 60));
    let hours = (1.3 * from.position.distance_km(to.position) / 70.0).max(0.2);
    let arrives = departs + Span::from_ms((hours * 3_600_000.0) as i64);
    let stop = |place: &Place, at| Stop { place: place.id, position: place.position, arrive: at, depart: at };
    TripDraft {
        stops: vec![stop(from, departs), stop(to, arrives)],
        transport: Transport::Car,
        capacity: Load { weight_g: 10_000, volume_ml: UNSTATED, slots: UNSTATED },
        max_detour_min: random.random_range(15..60),
        price: Some(Amount::new(random.random_range(100..1_000) * 100, Currency::Rub)),
        comment: String::new(),
        airport: String::new(),
    }
}
