//! A supervisor of a server that cannot always be started, and the engine's own supervisor.

use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use peerpack::app::SystemClock;
use peerpack::bus::local::LocalBus;
use peerpack::store::{Database, Settings};
use peerpack_actors::ids::{PackageId, UserId};
use peerpack_actors::load::{Load, UNSTATED};
use peerpack_actors::package::{End, Mode, Package};
use peerpack_actors::ports::Store;
use peerpack_actors::runtime::{Engine, RuntimeSettings};
use peerpack_actors::time::Span;
use peerpack_actors::trip::{Stop, Transport, TripDraft};
use peerpack_actors::unit::Unit;

use crate::deaf::Deaf;
use crate::faults::process::Process;
use crate::repeats::draft;
use crate::support::{SLACK, eventually};

/// Whoever starts now waits at its configuration, and is seen, however seldom somebody looks.
fn will_wait_for_its_configuration(file: &Path) {
    std::fs::remove_file(file).unwrap();
    assert!(Command::new("mkfifo").arg(file).status().unwrap().success());
}

/// Whoever waits there is told nonsense; whoever starts later is not.
fn fail_the_one_that_waits(file: &Path) {
    let mut waits = std::fs::File::options().write(true).open(file).unwrap();
    let good = file.with_extension("good");
    std::fs::write(&good, "limits = false\n").unwrap();
    std::fs::rename(good, file).unwrap();
    waits.write_all(b"no_such_key = 1\n").unwrap();
}

#[actix_web::test]
async fn a_supervisor_outlives_starts_that_fail() {
    let data = tempfile::tempdir().unwrap();
    let file = data.path().join("peerpack.toml");
    std::fs::write(&file, "limits = false\n").unwrap();
    let config = file.display().to_string();
    let mut supervisor = Process::start("supervise", data.path(), &[("PEERPACK_CONFIG", &config)]).await;
    let first = supervisor.children();
    assert_eq!(first.len(), 1);

    will_wait_for_its_configuration(&file);
    supervisor.signal("HUP");
    eventually("a successor", async || (supervisor.children().len() == 2).then_some(())).await;
    fail_the_one_that_waits(&file);
    eventually("its end", async || (supervisor.children() == first).then_some(())).await;
    supervisor.until_ready().await;

    will_wait_for_its_configuration(&file);
    Command::new("kill").args(["-s", "KILL", &first[0].to_string()]).status().unwrap();
    let attempt = eventually("an attempt", async || {
        let now = supervisor.children();
        (now.len() == 1 && now != first).then_some(now)
    })
    .await;
    fail_the_one_that_waits(&file);
    supervisor.until_ready().await;
    assert_ne!(supervisor.children(), attempt, "that one has failed");
    supervisor.signal("TERM");
    assert!(supervisor.ended().await < Duration::from_secs(15) + SLACK);
}

/// An engine that compares often, on a store that counts.
async fn watched() -> (Engine, Arc<Deaf>, Database, tempfile::TempDir) {
    let dir = tempfile::tempdir().unwrap();
    let database = Database::connect(&Settings::new(dir.path().display().to_string())).await.unwrap();
    database.migrate().await.unwrap();
    let store = Arc::new(Deaf::new(database.clone()));
    let settings = RuntimeSettings { compare: Duration::from_millis(500), ..RuntimeSettings::default() };
    let (bus, clock) = (Arc::new(LocalBus::default()), Arc::new(SystemClock));
    let engine = Engine::start(Arc::clone(&store) as _, bus, clock, settings).await.unwrap();
    (engine, store, database, dir)
}

async fn some_rounds(store: &Deaf) {
    let before = store.rounds.load(Ordering::SeqCst);
    let later = async || (store.rounds.load(Ordering::SeqCst) >= before + 3).then_some(());
    eventually("three more rounds", later).await;
}

#[actix_web::test]
async fn a_round_that_panics_is_not_the_last_one() {
    let (engine, store, database, _dir) = watched().await;
    store.panics.store(true, Ordering::SeqCst);
    some_rounds(&store).await;
    assert!(!store.panics.load(Ordering::SeqCst), "it has panicked");
    engine.stop();
    database.close().await;
}

#[actix_web::test]
async fn what_a_node_has_changed_itself_it_does_not_read_again() {
    let (engine, store, database, _dir) = watched().await;
    let sender = UserId::new(engine.now(), rand::random());
    for _ in 0..3 {
        let package = engine.publish_package(sender, draft(engine.now())).await.unwrap();
        engine.cancel_package(package.id, sender).await.unwrap();
    }
    let looks = store.looks.load(Ordering::SeqCst);
    some_rounds(&store).await;
    assert_eq!(store.looks.load(Ordering::SeqCst), looks, "it knows what it has done");
    // What came from elsewhere it reads.
    let elsewhere = Package::publish(
        PackageId::new(engine.now(), rand::random()),
        sender,
        draft(engine.now()),
        engine.now(),
    );
    database.commit(Unit::publish_package(elsewhere.unwrap())).await.unwrap();
    some_rounds(&store).await;
    assert!(store.looks.load(Ordering::SeqCst) > looks, "and nothing of others");
    engine.stop();
    database.close().await;
}

#[actix_web::test]
async fn a_package_that_nobody_considers_is_looked_at_again() {
    let (engine, _store, database, _dir) = watched().await;
    let (sender, courier) =
        (UserId::new(engine.now(), rand::random()), UserId::new(engine.now(), rand::random()));
    let mut package = draft(engine.now());
    package.mode = Mode::Instant;
    let stop = |end: &End, hours| {
        let at = engine.now() + Span::hours(hours);
        Stop { place: end.place, position: end.position, arrive: at, depart: at }
    };
    let trip = TripDraft {
        stops: vec![stop(&package.pickup, 5), stop(&package.dropoff, 20)],
        transport: Transport::Car,
        capacity: Load { weight_g: 5_000, volume_ml: UNSTATED, slots: UNSTATED },
        max_detour_min: 0,
        price: None,
        comment: String::new(),
        airport: String::new(),
    };
    engine.publish_trip(courier, trip).await.unwrap();
    // Published by a node that died before it could ask anybody.
    let package =
        Package::publish(PackageId::new(engine.now(), rand::random()), sender, package, engine.now())
            .unwrap();
    let id = package.id;
    database.commit(Unit::publish_package(package)).await.unwrap();
    eventually("an offer", async || {
        let package = database.package(id).await.unwrap().unwrap();
        package.requests.first().map(|request| assert_eq!(request.courier, courier))
    })
    .await;
    engine.stop();
    database.close().await;
}
