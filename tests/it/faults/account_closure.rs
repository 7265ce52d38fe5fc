//! Accounts that go while something else happens to them.

use std::time::Duration;

use peerpack_actors::ids::{PackageId, UserId};
use peerpack_actors::market::package::PackageState;
use peerpack_actors::ports::Store;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::market::rounds;
use crate::nodes::two_nodes;
use crate::support::{Backend, TestApp, TestUser, at_full_size, backends, is_only_slow};

/// Somebody who sends, somebody who carries, and what the one has asked the other.
struct Asked {
    anna: TestUser,
    ivan: TestUser,
    package: PackageId,
    request: String,
}

impl Asked {
    async fn at(app: &TestApp) -> Self {
        let (anna, ivan) = (app.sign_in("Anna").await, app.sign_in("Ivan").await);
        let trip = ivan.publish_trip("Псков", "Тверь", json!({})).await;
        let body = json!({ "message": "Возьмёте?", "reward": 500, "packageDescription": "Торт" });
        let path = format!("/api/couriers/{trip}/send-package");
        let (status, sent) = anna.post_patiently(&path, body).await;
        assert_eq!(status, 201, "{sent}");
        let package = sent["package_id"].as_str().unwrap().parse().unwrap();
        Self { anna, ivan, package, request: sent["request_id"].as_str().unwrap().to_owned() }
    }

    async fn accept(&self, node: &TestApp) -> (u16, Value) {
        let path = format!("/api/package-requests/{}/accept", self.request);
        let (status, body) = self.ivan.at(node).put(&path).await;
        (status.as_u16(), body)
    }

    /// Asks again as long as it is not known what became of it: anybody who is not known any more by then has
    /// left.
    async fn leave(&self, who: &TestUser, node: &TestApp) -> (u16, Value) {
        let (who, path) = (who.at(node), "/api/user/account");
        let (status, body) = who.call(Method::DELETE, path, None).await;
        if !is_only_slow(&body) {
            return (status.as_u16(), body);
        }
        match who.insist(Method::DELETE, path, None).await {
            (StatusCode::UNAUTHORIZED, body) => (200, body),
            (status, body) => (status.as_u16(), body),
        }
    }
}

/// Somebody leaves on one node while the courier accepts on the other; now and then one of them a little
/// later.
async fn race(a: &TestApp, b: &TestApp, round: usize) -> bool {
    let asked = Asked::at(a).await;
    let leaver = if round.is_multiple_of(2) { &asked.anna } else { &asked.ivan };
    let nodes = if (round / 2).is_multiple_of(2) { [a, b] } else { [b, a] };
    let late = Duration::from_micros((round / 4 % 8) as u64 * 500);
    let [leaves_in, accepts_in] =
        if (round / 32).is_multiple_of(2) { [late, Duration::ZERO] } else { [Duration::ZERO, late] };
    let leave = async {
        tokio::time::sleep(leaves_in).await;
        asked.leave(leaver, nodes[0]).await
    };
    let accept = async {
        tokio::time::sleep(accepts_in).await;
        asked.accept(nodes[1]).await
    };
    let (left, accepted) = futures_util::future::join(leave, accept).await;

    let has_left = left.0 == 200;
    assert!(has_left || left.1["code"] == "open_deals", "{left:?}");
    // Who has left is told to sign in again, the other one that it is too late.
    assert!([200, 401, 409].contains(&accepted.0), "{accepted:?}");
    assert_ne!(has_left, accepted.0 == 200, "round {round}: {left:?} {accepted:?}");
    let package = a.app.database.package(asked.package).await.unwrap().unwrap();
    assert_eq!(package.deal().is_some(), !has_left, "round {round}: {:?}", package.state);
    let gone: UserId = leaver.id.parse().unwrap();
    let gone = a.app.database.user(gone).await.unwrap().unwrap().deleted_at;
    assert_eq!(gone.is_some(), has_left, "round {round}");
    has_left
}

/// The money of every deal that was made is held, and no other: that is what the audit looks at.
#[actix_web::test]
async fn f55_nobody_leaves_a_deal_behind_that_is_made_at_the_same_moment() {
    for backend in backends() {
        let (a, b) = match backend {
            Backend::Sqlite => (TestApp::start(backend).await, None),
            Backend::Postgres => {
                let redis = std::env::var("PEERPACK_TEST_REDIS").unwrap_or_default();
                let (a, b) = two_nodes(&redis, Duration::from_secs(5)).await;
                (a, Some(b))
            }
        };
        let other = b.as_ref().unwrap_or(&a);
        let (mut left, all) = (0, rounds(48, 1_000));
        for round in 0..all {
            left += usize::from(race(&a, other, round).await);
        }
        eprintln!("{backend:?}: of {all} the leaver was first {left} times");
        assert!(!at_full_size() || (0 < left && left < all), "one order alone: {left} of {all}");
        a.audit().await;

        // One after the other, in either order.
        let asked = Asked::at(&a).await;
        assert_eq!(asked.accept(other).await.0, 200);
        for who in [&asked.anna, &asked.ivan] {
            assert_eq!(asked.leave(who, &a).await.1["code"], "open_deals");
        }
        let asked = Asked::at(&a).await;
        assert_eq!(asked.leave(&asked.anna, &a).await.0, 200);
        assert_eq!(asked.accept(other).await.0, 409);
        let package = a.app.database.package(asked.package).await.unwrap().unwrap();
        assert!(matches!(package.state, PackageState::Cancelled { .. }), "{:?}", package.state);
        a.audit().await;
    }
}
