//! Nodes that do the same maintenance: what is due happens once, also if one of them freezes in the middle
//! and goes on later.

use futures_util::future::join;
use peerpack::maintenance::{jobs, rounds};
use peerpack::store::JobKind;
use peerpack_actors::ids::UserId;
use peerpack_actors::ports::Store;
use peerpack_actors::runtime::RuntimeSettings;
use serde_json::json;

use crate::nodes::two_nodes;
use crate::support::{TestApp, TestUser};

/// How often somebody was told of something.
async fn told(app: &TestApp, user: &TestUser, kind: &str) -> usize {
    let events = app.app.database.events(user.id.parse().unwrap(), 0, 1_000).await.unwrap();
    events.iter().filter(|entry| entry.body.contains(&format!("\"{kind}\""))).count()
}

#[actix_web::test]
async fn f13_a_node_that_freezes_over_its_maintenance_does_nothing_twice() {
    if std::env::var("PEERPACK_TEST_POSTGRES").is_err() {
        eprintln!("PEERPACK_TEST_POSTGRES is not set: not run");
        return;
    }
    let (frozen, awake) = two_nodes("", RuntimeSettings::default().compare).await;
    let sign_in = async |name: &str| frozen.sign_in(name).await;
    let (anna, ivan, oleg) = (sign_in("Anna").await, sign_in("Ivan").await, sign_in("Oleg").await);
    // Somebody has gone who had promised to carry something, and the server died before it called that off.
    let promised = oleg.publish_trip("Псков", "Тверь", json!({})).await;
    let package = anna.publish_package("Псков", "Тверь", json!({ "mode": "choose" })).await;
    let ask = json!({ "package_id": package, "message": "" });
    let (status, asked) = anna.post_patiently(&format!("/api/couriers/{promised}/send-package"), ask).await;
    assert_eq!(status, 201, "{asked}");
    oleg.step(asked["request_id"].as_str().unwrap(), "accept").await;
    let gone: UserId = oleg.id.parse().unwrap();
    let now = frozen.app.clock.now();
    frozen.app.database.delete_account(gone, now).await.unwrap();
    // Somebody is to be reminded: of a trip in twelve hours that was published long before.
    let trip = ivan.publish_trip("Рязань", "Тула", json!({})).await.parse().unwrap();
    let due = "UPDATE trips SET departs_at = created_at + 43200000, created_at = created_at - 86400000";
    frozen.behind_its_back(due).await;

    // One node has looked what is due, and freezes; the other does it; and the first goes on where it was.
    let to_call_off = frozen.app.engine.live_trips_of(gone).await.unwrap();
    rounds::run_all(&awake.app).await;
    frozen.app.engine.remind(trip).await.unwrap();
    for trip in to_call_off {
        frozen.app.engine.cancel_trip(trip, gone).await.unwrap();
    }
    jobs::begin(&frozen.app, JobKind::Account, gone.uuid()).await;
    // From then on both of them find nothing to do.
    join(rounds::run_all(&frozen.app), rounds::run_all(&awake.app)).await;

    assert_eq!(told(&awake, &ivan, "notification.new").await, 1, "reminded once");
    assert_eq!(told(&awake, &anna, "request.cancelled").await, 1, "called off once");
    awake.audit().await;
}
