//! Fifty couriers, one package: one winner, everybody told, with the actors and without them.

use std::collections::BTreeMap;

use futures_util::future::join_all;
use peerpack_actors::ids::{PackageId, RequestId, TripId, UserId};
use peerpack_actors::market::request::{RequestCommand, RequestState};
use peerpack_actors::ports::Store;
use peerpack_actors::runtime::{Refusal, RuntimeSettings};
use serde_json::json;

use crate::support::{Backend, TestApp, backends, eventually, patiently};

const COURIERS: usize = 50;

/// A few rounds in every run; `make test-claims` asks for a thousand.
fn rounds() -> usize {
    rounds_or(10)
}

/// The rounds that are asked for, or else so many.
pub(crate) fn rounds_or(few: usize) -> usize {
    std::env::var("PEERPACK_CLAIM_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(few)
}

#[actix_web::test]
async fn of_fifty_couriers_one_wins_and_the_others_are_told() {
    for backend in backends() {
        alone(backend, false).await;
    }
}

#[actix_web::test]
async fn without_the_actors_the_database_alone_lets_one_of_fifty_win() {
    for backend in backends() {
        alone(backend, true).await;
    }
}

async fn alone(backend: Backend, bypass_actors: bool) {
    let settings = RuntimeSettings { bypass_actors, ..RuntimeSettings::default() };
    contest(&[&TestApp::start_with(backend, settings).await], rounds()).await;
}

/// The couriers accept at these nodes in turn.
pub(crate) async fn contest(nodes: &[&TestApp], rounds: usize) {
    let app = nodes[0];
    let anna = app.sign_in("Anna").await;
    let sender: UserId = anna.id.parse().unwrap();
    let mut couriers: Vec<(UserId, TripId)> = Vec::new();
    for number in 0..COURIERS {
        let courier = app.sign_in(&format!("Courier {number}")).await;
        let trip = courier.publish_trip("Рязань", "Тула", json!({ "capacity_g": 2_000_000 })).await;
        couriers.push((courier.id.parse().unwrap(), trip.parse().unwrap()));
    }
    let mut wins: BTreeMap<UserId, usize> = BTreeMap::new();
    for round in 0..rounds {
        let package = anna.publish_package("Рязань", "Тула", json!({ "mode": "choose" })).await;
        let package: PackageId = package.parse().unwrap();
        let requests = ask_everybody(app, package, sender, &couriers).await;
        let winner = one_round(nodes, &requests).await;
        *wins.entry(winner).or_default() += 1;
        let stored = patiently(async || app.app.database.package(package).await).await.unwrap();
        let taken =
            stored.requests.iter().filter(|request| matches!(request.state, RequestState::Taken { .. }));
        assert_eq!(taken.count(), COURIERS - 1, "round {round}");
        assert_eq!(stored.deal().unwrap().courier, winner, "round {round}");
    }
    told(app, &couriers, &wins, rounds).await;
    app.audit().await;
}

async fn ask_everybody(
    app: &TestApp,
    package: PackageId,
    sender: UserId,
    couriers: &[(UserId, TripId)],
) -> Vec<(UserId, RequestId)> {
    let mut requests = Vec::new();
    for (courier, trip) in couriers {
        let ask = async || ask(app, package, *trip, sender).await;
        requests.push((*courier, eventually("a request", ask).await));
    }
    requests
}

/// Nothing as long as the node is too busy for it, or to say that it is done.
async fn ask(app: &TestApp, package: PackageId, trip: TripId, sender: UserId) -> Option<RequestId> {
    match app.app.engine.ask(package, trip, sender, String::new()).await {
        Ok((_, request)) => Some(request),
        Err(refusal) => {
            let stored = patiently(async || app.app.database.package(package).await).await.unwrap();
            let request = stored.requests.iter().find(|request| request.trip == trip);
            assert!(request.is_some() || is_only_slow(&refusal), "{refusal}");
            request.map(|request| request.id)
        }
    }
}

/// Whether somebody who asks again learns more.
pub(crate) const fn is_only_slow(refusal: &Refusal) -> bool {
    matches!(refusal, Refusal::Busy | Refusal::Unavailable(_))
}

/// Everybody accepts at the same moment. A busy answer is no answer: the courier taps again.
async fn one_round(nodes: &[&TestApp], requests: &[(UserId, RequestId)]) -> UserId {
    let accept = async |number: usize, courier: UserId, request: RequestId| {
        let engine = &nodes[number % nodes.len()].app.engine;
        eventually("an answer", async || {
            match engine.request(request, RequestCommand::Accept { by: courier }).await {
                Ok(_) => Some(Some(courier)),
                Err(refusal) if is_only_slow(&refusal) => None,
                Err(Refusal::Rejected(rejection)) => {
                    assert_eq!(rejection.code(), "already_taken");
                    Some(None)
                }
                Err(other) => panic!("{other}"),
            }
        })
        .await
    };
    let taps =
        requests.iter().enumerate().map(|(number, (courier, request))| accept(number, *courier, *request));
    let winners: Vec<UserId> = join_all(taps).await.into_iter().flatten().collect();
    assert_eq!(winners.len(), 1, "{winners:?}");
    winners[0]
}

/// Each courier's stream says for every round whether it was won or lost, once.
async fn told(app: &TestApp, couriers: &[(UserId, TripId)], wins: &BTreeMap<UserId, usize>, rounds: usize) {
    for (courier, _) in couriers {
        let (mut taken, mut accepted, mut after) = (0, 0, 0);
        loop {
            let page = patiently(async || app.app.database.events(*courier, after, 1_000).await).await;
            let Some(last) = page.last() else { break };
            after = last.seq;
            taken += page.iter().filter(|entry| entry.body.contains("\"request.taken\"")).count();
            accepted += page.iter().filter(|entry| entry.body.contains("\"request.accepted\"")).count();
        }
        let won = wins.get(courier).copied().unwrap_or(0);
        assert_eq!((accepted, taken), (won, rounds - won));
    }
}
