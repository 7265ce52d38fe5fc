//! How couriers answer is learned from the store: by a server that starts, and by a node that saw none of it.

use std::time::Duration;

use peerpack_actors::runtime::RuntimeSettings;
use serde_json::json;

use crate::nodes::two_nodes_with;
use crate::support::{TestApp, TestUser, backends, eventually};

/// The chance, in percent, that the first who are asked would take a package.
async fn chance(sender: &TestUser) -> u64 {
    let body = json!({ "from": "Томск", "to": "Кемерово", "description": "книги", "reward": 500 });
    let (status, told) = sender.post("/api/packages/dry-run", body).await;
    assert_eq!((status.as_u16(), &told["couriers"]), (200, &json!(1)), "{told}");
    told["chance_percent"].as_u64().unwrap()
}

/// A courier is asked three times and declines.
async fn declines(sender: &TestUser, courier: &TestUser) {
    courier.publish_trip("Томск", "Кемерово", json!({})).await;
    let mut socket = courier.connect().await;
    for _ in 0..3 {
        let package = sender.publish_package("Томск", "Кемерово", json!({})).await;
        let offer = socket.offer(&package).await;
        courier.step(&offer.request_id.to_string(), "decline").await;
    }
}

#[actix_web::test]
async fn a_server_that_starts_knows_how_couriers_answered() {
    for backend in backends() {
        let app = TestApp::start(backend).await;
        let (anna, ivan) = (app.sign_in("Anna").await, app.sign_in("Ivan").await);
        ivan.publish_trip("Томск", "Кемерово", json!({})).await;
        let unknown = chance(&anna).await;
        declines(&anna, &ivan).await;
        let known = chance(&anna).await;
        assert!(known < unknown, "{known} % after three declined offers, {unknown} % before");
        let app = app.restart().await;
        assert_eq!(chance(&anna.at(&app)).await, known);
    }
}

#[actix_web::test]
async fn a_node_learns_how_couriers_answered_on_another_one() {
    if std::env::var("PEERPACK_TEST_POSTGRES").is_err() {
        eprintln!("PEERPACK_TEST_POSTGRES is not set: not run");
        return;
    }
    // Neither hints nor the comparison with the store: only lessons.
    let (compare, relearn) = (Duration::from_secs(3_600), Duration::from_millis(200));
    let (a, b) = two_nodes_with("", RuntimeSettings { compare, relearn, ..RuntimeSettings::default() }).await;
    let (anna, ivan, olga) = (a.sign_in("Anna").await, a.sign_in("Ivan").await, b.sign_in("Olga").await);
    // The other node has a trip of Ivan's, too.
    ivan.at(&b).publish_trip("Томск", "Кемерово", json!({})).await;
    let unknown = chance(&olga).await;
    declines(&anna, &ivan).await;
    let lower = async || (chance(&olga).await < unknown).then_some(());
    eventually("a lesson on the other node", lower).await;
    a.audit().await;
}
