//! Claims at the same moment, with no actor in between: the database alone lets one through.

use futures_util::future::{FutureExt as _, join_all};
use peerpack_actors::ids::RequestId;
use peerpack_actors::market::package::PackageCommand;
use peerpack_actors::market::request::{RequestCommand, RequestState};
use peerpack_actors::market::trip::Trip;
use peerpack_actors::money::ledger::Funding;
use peerpack_actors::ports::{CommitError, Store as _};
use peerpack_actors::rejection::Rejection;
use peerpack_actors::unit::Unit;

use super::databases::{TestStore, on_both};
use super::world::{
    PATIENCE, accept, after, command, load_package, load_trip, package, proposal, publish_package,
    publish_trip, ready, step, trip, unit, user,
};

const CLAIMANTS: usize = 50;
const ROUNDS: usize = 8;

on_both! {
    async fn of_fifty_claims_at_once_one_wins(store: &TestStore) {
        let trips: Vec<Trip> = (0..CLAIMANTS).map(|_| trip(user(), 2, 100_000)).collect();
        for trip in &trips {
            publish_trip(&store.db, trip).await;
        }
        for _ in 0..ROUNDS {
            let package = package(user(), 1_000);
            publish_package(&store.db, &package).await;
            let wave: Vec<_> = trips.iter().map(|trip| proposal(trip, 0, 2)).collect();
            let requests: Vec<RequestId> = wave.iter().map(|proposal| proposal.id).collect();
            command(&store.db, package.id, None, &PackageCommand::Offer(wave), after(1))
                .await
                .expect("offered");
            let loaded = load_package(&store.db, package.id).await;
            let claims = trips.iter().zip(&requests).map(|(trip, request)| {
                let claim = step(*request, RequestCommand::Accept { by: trip.courier });
                store.db.commit(unit(&loaded, Some(trip), &claim, Funding::Demo, after(2)))
            });
            let outcomes = join_all(claims).await;
            let winners: Vec<usize> = (0..CLAIMANTS).filter(|n| outcomes[*n].is_ok()).collect();
            assert_eq!(winners.len(), 1, "{outcomes:?}");
            assert!(outcomes.iter().all(|outcome| matches!(outcome, Ok(_) | Err(CommitError::Conflict))));
            let after = load_package(&store.db, package.id).await;
            assert_eq!(after.state.deal(), Some(requests[winners[0]]));
            assert_eq!(after.version, loaded.version + 1);
            let taken =
                after.requests.iter().filter(|r| matches!(r.state, RequestState::Taken { .. })).count();
            assert_eq!(taken, CLAIMANTS - 1);
        }
        store.assert_clean().await;
    }

    async fn a_trip_takes_as_many_packages_as_it_has_room_for(store: &TestStore) {
        for _ in 0..ROUNDS {
            let trip = trip(user(), 3, 7_000);
            publish_trip(&store.db, &trip).await;
            let mut claims = Vec::new();
            for _ in 0..20 {
                let package = package(user(), 1_000);
                publish_package(&store.db, &package).await;
                let request = super::world::offered(&store.db, &package, &trip, 0, 3).await;
                claims.push((package, request));
            }
            let outcomes = join_all(
                claims.iter().map(|(package, request)| accept(&store.db, package.id, &trip, *request)),
            )
            .await;
            assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 7, "{outcomes:?}");
            let full = Err(CommitError::Refused(Rejection::NoRoom(0)));
            assert!(outcomes.iter().all(|outcome| outcome.is_ok() || *outcome == full), "{outcomes:?}");
            assert_eq!(load_trip(&store.db, trip.id).await.left[0].weight_g, 0);
        }
        store.assert_clean().await;
    }

    async fn a_caller_that_goes_away_cancels_nothing(store: &TestStore) {
        for _ in 0..20 {
            let (package, trip, request) = ready(&store.db, 1_000, 5_000).await;
            let loaded = load_package(&store.db, package.id).await;
            let claim = step(request, RequestCommand::Accept { by: trip.courier });
            let mut commit = Box::pin(store.db.commit(unit(&loaded, Some(&trip), &claim, Funding::Demo, after(2))));
            // Polled once, and dropped in the middle.
            assert!((&mut commit).now_or_never().is_none());
            drop(commit);
            let deadline = tokio::time::Instant::now() + PATIENCE;
            while load_package(&store.db, package.id).await.version == loaded.version {
                assert!(tokio::time::Instant::now() < deadline, "the claim was never committed");
                tokio::task::yield_now().await;
            }
        }
        store.assert_clean().await;
    }

    async fn a_unit_that_fails_takes_no_neighbour_with_it(store: &TestStore) {
        let (good, bad): (Vec<_>, Vec<_>) =
            (0..100).map(|_| package(user(), 1_000)).enumerate().partition(|(n, _)| n % 3 != 0);
        for (_, package) in &bad {
            publish_package(&store.db, package).await;
        }
        let mut all: Vec<_> = good.iter().chain(&bad).collect();
        all.sort_by_key(|(n, _)| *n);
        let outcomes =
            join_all(all.iter().map(|(_, package)| store.db.commit(Unit::publish_package(package.clone()))))
                .await;
        for ((n, _), outcome) in all.iter().zip(&outcomes) {
            assert_eq!(outcome.is_ok(), n % 3 != 0, "{n}: {outcome:?}");
        }
        store.assert_clean().await;
    }

    async fn units_that_meet_on_the_same_people_and_trips_all_come_through(store: &TestStore) {
        // Two couriers send each other packages on each other's trips, in both directions at once.
        let (anna, boris) = (user(), user());
        let trips = [trip(anna, 2, 1_000_000), trip(boris, 2, 1_000_000)];
        for trip in &trips {
            publish_trip(&store.db, trip).await;
        }
        let mut deals = Vec::new();
        for n in 0..40 {
            let (sender, trip) = if n % 2 == 0 { (anna, &trips[1]) } else { (boris, &trips[0]) };
            let package = package(sender, 10);
            publish_package(&store.db, &package).await;
            let request = super::world::offered(&store.db, &package, trip, 0, 2).await;
            deals.push((package.id, trip, request));
        }
        let claims = join_all(
            deals.iter().map(|(package, trip, request)| accept(&store.db, *package, trip, *request)),
        );
        assert!(claims.await.iter().all(Result::is_ok));
        let delivered = join_all(deals.iter().map(|(package, trip, request)| async move {
            let deliver = step(*request, RequestCommand::Deliver { by: trip.courier });
            command(&store.db, *package, None, &deliver, after(3)).await
        }));
        assert!(delivered.await.iter().all(Result::is_ok));
        store.assert_clean().await;
    }
}
