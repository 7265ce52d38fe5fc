//! Crowds: many who come back at once, one who does not read among them.

use std::time::Duration;

use serde_json::json;
use tokio::time::Instant;

use super::process::{Device, Process};
use crate::support::{TestUser, sign_in_at};

/// How many come back. `make test-faults` says more.
fn crowd() -> usize {
    std::env::var("PEERPACK_TEST_CROWD").ok().map_or(200, |text| text.parse().unwrap())
}

#[actix_web::test]
async fn f06_after_a_kill_everybody_is_back_within_a_minute_and_has_missed_nothing() {
    let data = tempfile::tempdir().unwrap();
    let server = Process::start("serve", data.path(), &[]).await;
    let mut people: Vec<(TestUser, Device)> = Vec::new();
    for number in 0..crowd() {
        let user = sign_in_at(&server.url, &format!("User {number}")).await;
        let device = Device::of(&user).await;
        people.push((user, device));
    }
    let body = json!({
        "from": "Тверь", "to": "Вологда", "description": "книги", "reward": 500, "size": "s", "weight": "light",
        "tags": [],
    });
    for (user, _) in &people {
        assert!(user.post("/api/packages", body.clone()).await.0.is_success());
    }
    let server = server.killed_and_started_again(data.path()).await;
    let killed = Instant::now();
    let mut slowest = Duration::ZERO;
    for (_, device) in &mut people {
        device.until("the way back", Duration::from_secs(60), |device| device.connections == 2).await;
        device.until("its event", Duration::from_secs(10), |device| device.events.len() == 1).await;
        assert_eq!(device.lost, 0);
        let asked = Instant::now();
        reqwest::get(format!("{}/api/cities?q=Тверь", server.url)).await.unwrap();
        slowest = slowest.max(asked.elapsed());
    }
    assert!(killed.elapsed() < Duration::from_secs(60), "{:?}", killed.elapsed());
    eprintln!("{} back in {:?}; slowest request meanwhile {slowest:?}", people.len(), killed.elapsed());
}
