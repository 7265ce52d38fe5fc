//! A supervisor of a server that cannot always be started, and the engine's own supervisor.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use peerpack::app::SystemClock;
use peerpack::bus::local::LocalBus;
use peerpack::store::{Database, Settings};
use peerpack_actors::runtime::{Engine, RuntimeSettings};

use crate::deaf::Deaf;
use crate::faults::process::Process;
use crate::support::eventually;

#[actix_web::test]
async fn a_supervisor_outlives_starts_that_fail() {
    let data = tempfile::tempdir().unwrap();
    let file = data.path().join("peerpack.toml");
    std::fs::write(&file, "limits = false\n").unwrap();
    let config = file.display().to_string();
    let mut supervisor = Process::start("supervise", data.path(), &[("PEERPACK_CONFIG", &config)]).await;
    let first = supervisor.children();
    assert_eq!(first.len(), 1);

    std::fs::write(&file, "no_such_key = 1\n").unwrap();
    supervisor.signal("HUP");
    eventually("a successor", async || (supervisor.children().len() == 2).then_some(())).await;
    eventually("its end", async || (supervisor.children() == first).then_some(())).await;
    supervisor.until_ready().await;

    std::process::Command::new("kill").args(["-s", "KILL", &first[0].to_string()]).status().unwrap();
    eventually("its end", async || supervisor.children().is_empty().then_some(())).await;
    eventually("an attempt", async || (!supervisor.children().is_empty()).then_some(())).await;
    eventually("that failed", async || supervisor.children().is_empty().then_some(())).await;
    std::fs::write(&file, "limits = false\n").unwrap();
    supervisor.until_ready().await;
    supervisor.signal("TERM");
    assert!(supervisor.ended().await < Duration::from_secs(15));
}

#[actix_web::test]
async fn a_round_that_panics_is_not_the_last_one() {
    let dir = tempfile::tempdir().unwrap();
    let database = Database::connect(&Settings::new(dir.path().display().to_string())).await.unwrap();
    database.migrate().await.unwrap();
    let store = Arc::new(Deaf::new(database.clone()));
    store.panics.store(true, Ordering::SeqCst);
    let settings = RuntimeSettings { compare: Duration::from_millis(500), ..RuntimeSettings::default() };
    let (bus, clock) = (Arc::new(LocalBus::default()), Arc::new(SystemClock));
    let engine = Engine::start(Arc::clone(&store) as _, bus, clock, settings).await.unwrap();
    eventually("two more rounds", async || (store.rounds.load(Ordering::SeqCst) >= 3).then_some(())).await;
    assert!(!store.panics.load(Ordering::SeqCst), "it has panicked");
    engine.stop();
    database.close().await;
}
