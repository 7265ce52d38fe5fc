//! Everybody wants one package at once, at two nodes; and one offer is accepted, called off and over at once.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::future::join;
use peerpack_actors::ids::{PackageId, RequestId, UserId};
use peerpack_actors::market::package::PackageState;
use peerpack_actors::market::request::{RequestCommand, RequestState};
use peerpack_actors::matching;
use peerpack_actors::ports::Store as _;
use peerpack_actors::runtime::{Refusal, RuntimeSettings};
use serde_json::json;
use tokio::time::{Instant, sleep_until};

use super::market::rounds;
use crate::claims::{contest, is_only_slow, rounds_or};
use crate::nodes::two_nodes;
use crate::support::{TestApp, at_full_size, backends, eventually, patiently};

#[actix_web::test]
async fn f42_of_fifty_couriers_at_two_nodes_one_wins_and_the_others_are_told() {
    let (Ok(_), Ok(redis)) = (std::env::var("PEERPACK_TEST_POSTGRES"), std::env::var("PEERPACK_TEST_REDIS"))
    else {
        eprintln!("PEERPACK_TEST_POSTGRES or PEERPACK_TEST_REDIS is not set: not run");
        return;
    };
    let (a, b) = two_nodes(&redis, Duration::from_secs(5)).await;
    contest(&[&a, &b], rounds_or(rounds(3, 1_000))).await;
}

/// How long an offer lasts once it is on the screen, seconds.
const LASTS_S: u32 = 1;

/// The offer of a package that its courier accepts, its sender calls off, and whose time is over, all at
/// about the same moment.
struct Contested<'a> {
    app: &'a TestApp,
    package: PackageId,
    sender: UserId,
    request: RequestId,
    courier: UserId,
}

impl Contested<'_> {
    /// Whether it was accepted before it was anything else.
    async fn accept(&self) -> bool {
        eventually("an answer", async || {
            let accept = RequestCommand::Accept { by: self.courier };
            match self.app.app.engine.request(self.request, accept).await {
                Ok(_) => Some(true),
                Err(refusal) if is_only_slow(&refusal) => None,
                Err(Refusal::Rejected(rejection)) => {
                    assert!(["expired", "illegal_transition"].contains(&rejection.code()), "{rejection:?}");
                    Some(false)
                }
                Err(other) => panic!("{other}"),
            }
        })
        .await
    }

    /// A sender may call off what nobody has picked up.
    async fn call_off(&self) {
        eventually("the end of the package", async || {
            match self.app.app.engine.cancel_package(self.package, self.sender).await {
                Ok(_) => Some(()),
                Err(refusal) => {
                    assert!(is_only_slow(&refusal), "{refusal}");
                    None
                }
            }
        })
        .await;
    }

    /// What has become of the request: one end, which everybody was told who was to be told.
    async fn judge(&self, is_accepted: bool) -> &'static str {
        let database = &self.app.app.database;
        let package = patiently(async || database.package(self.package).await).await.unwrap();
        assert!(matches!(package.state, PackageState::Cancelled { .. }), "{:?}", package.state);
        assert_eq!(package.requests.len(), 1, "{:?}", package.requests);
        let state = &package.requests[0].state;
        let is_fitting = match state {
            RequestState::Cancelled { .. } => is_accepted,
            RequestState::Withdrawn { .. } | RequestState::Expired { .. } => !is_accepted,
            _ => false,
        };
        assert!(is_fitting, "{state:?}, and that it was accepted is {is_accepted}");
        let events = patiently(async || database.events(self.courier, 0, 1_000).await).await;
        let request = self.request.to_string();
        let told = |kinds: &[&str]| {
            let is_meant = |body: &str| kinds.iter().any(|kind| body.contains(&format!("\"{kind}\"")));
            events.iter().filter(|entry| entry.body.contains(&request) && is_meant(&entry.body)).count()
        };
        assert_eq!(told(&["request.accepted"]), usize::from(is_accepted), "{events:?}");
        let ends = ["request.cancelled", "offer.revoked", "offer.expired"];
        assert_eq!(told(&ends), 1, "{events:?}");
        state.word()
    }
}

#[actix_web::test]
async fn f44_an_offer_that_is_accepted_called_off_and_over_at_once_has_one_end() {
    for backend in backends() {
        let matching = matching::Settings {
            offer_ttl_s: LASTS_S,
            longest_offer_ttl_min: 0,
            demand_share: 0.0,
            ..Default::default()
        };
        let settings = RuntimeSettings { matching, ..RuntimeSettings::default() };
        let app = TestApp::start_with(backend, settings).await;
        let anna = app.sign_in("Anna").await;
        let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
        for round in 0..rounds(8, 120) {
            // A courier and a trip of its own, of which the next package finds nothing any more.
            let ivan = app.sign_in("Ivan").await;
            let trip = ivan.publish_trip("Рязань", "Тула", json!({})).await;
            let package = anna.publish_package("Рязань", "Тула", json!({})).await.parse().unwrap();
            let request = eventually("an offer", async || {
                let stored = patiently(async || app.app.database.package(package).await).await.unwrap();
                stored.requests.first().map(|request| request.id)
            })
            .await;
            let (sender, courier) = (anna.id.parse().unwrap(), ivan.id.parse().unwrap());
            let contested = Contested { app: &app, package, sender, request, courier };
            // On a slow machine it may be over before.
            let _ = app.app.engine.rendered(request, courier).await;
            let over = Instant::now() + Duration::from_secs(LASTS_S.into());
            let about = |spread_ms: u64| {
                over - Duration::from_millis(spread_ms)
                    + Duration::from_millis(rand::random_range(0..2 * spread_ms))
            };
            let (accepts_at, calls_off_at) = (about(20), about(if round % 3 == 0 { 60 } else { 20 }));
            let accept = async {
                sleep_until(accepts_at).await;
                contested.accept().await
            };
            let call_off = async {
                sleep_until(calls_off_at).await;
                contested.call_off().await;
            };
            let (is_accepted, ()) = join(accept, call_off).await;
            *seen.entry(contested.judge(is_accepted).await).or_default() += 1;
            assert_eq!(ivan.put(&format!("/api/trips/{trip}/cancel")).await.0, 200);
        }
        eprintln!("{backend:?}: {seen:?}");
        assert!(!at_full_size() || seen.len() == 3, "of three ends only {seen:?}");
        app.audit().await;
    }
}
