//! The room on trips under random publishing, claiming and cancelling, compared with a model step by step.

use futures_util::future::join_all;
use peerpack_actors::ids::{PackageId, RequestId};
use peerpack_actors::leg::LegSpan;
use peerpack_actors::market::load::Load;
use peerpack_actors::market::package::{Package, PackageCommand};
use peerpack_actors::market::request::RequestCommand;
use peerpack_actors::market::trip::{Trip, TripEvent};
use peerpack_actors::ports::CommitError;
use peerpack_actors::rejection::Rejection;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

use super::databases::{TestStore, on_both};
use super::world::{
    accept, after, command, load_trip, offered, package, publish_package, publish_trip, step, trip, user,
};

const LEGS: u16 = 5;

fn seed() -> u64 {
    let seed = std::env::var("PEERPACK_TEST_SEED").ok().and_then(|seed| seed.parse().ok());
    let seed = seed.unwrap_or_else(rand::random);
    eprintln!("PEERPACK_TEST_SEED={seed}");
    seed
}

/// A deal of the model.
struct Deal {
    package: PackageId,
    request: RequestId,
    trip: usize,
    legs: LegSpan,
    load: Load,
}

async fn propose(store: &TestStore, random: &mut StdRng, trip: &Trip) -> (Package, RequestId, LegSpan) {
    let package = package(user(), random.random_range(1..2_500));
    publish_package(&store.db, &package).await;
    let from = random.random_range(0..LEGS);
    let legs = LegSpan { from, to: random.random_range(from + 1..=LEGS) };
    let request = offered(&store.db, &package, trip, legs.from, legs.to).await;
    (package, request, legs)
}

on_both! {
    async fn the_room_agrees_with_a_model_step_by_step(store: &TestStore) {
        let mut random = StdRng::seed_from_u64(seed());
        let mut trips: Vec<Trip> = (0..3).map(|_| trip(user(), LEGS, 6_000)).collect();
        for trip in &trips {
            publish_trip(&store.db, trip).await;
        }
        let mut deals: Vec<Deal> = Vec::new();
        for _ in 0..150 {
            if !deals.is_empty() && random.random_bool(0.35) {
                let deal = deals.swap_remove(random.random_range(0..deals.len()));
                let trip = &mut trips[deal.trip];
                let cancel = step(deal.request, RequestCommand::Cancel { by: trip.courier });
                command(&store.db, deal.package, None, &cancel, after(3)).await.expect("called off");
                trip.apply(&TripEvent::Released { legs: deal.legs, load: deal.load, detour_min: 1 });
            } else {
                let n = random.random_range(0..trips.len());
                let (package, request, legs) = propose(store, &mut random, &trips[n]).await;
                let load = package.draft.load;
                let outcome = accept(&store.db, package.id, &trips[n], request).await;
                match (legs.from..legs.to).find(|leg| !load.fits(trips[n].left[usize::from(*leg)])) {
                    Some(full) => assert_eq!(outcome, Err(CommitError::Refused(Rejection::NoRoom(full)))),
                    None => {
                        outcome.expect("there is room");
                        trips[n].apply(&TripEvent::Reserved { legs, load, detour_min: 1 });
                        deals.push(Deal { package: package.id, request, trip: n, legs, load });
                    }
                }
            }
            let n = random.random_range(0..trips.len());
            assert_eq!(load_trip(&store.db, trips[n].id).await, trips[n]);
        }
        store.assert_clean().await;
    }

    async fn f43_the_room_comes_out_even_under_claims_cancellations_and_deliveries_at_once(store: &TestStore) {
        let seed = seed();
        let trips: Vec<Trip> = (0..2).map(|_| trip(user(), LEGS, 6_000)).collect();
        for trip in &trips {
            publish_trip(&store.db, trip).await;
        }
        let trips = &trips;
        let refusals = join_all((0..8).map(|n| async move {
            let mut random = StdRng::seed_from_u64(seed.wrapping_add(n));
            let mut refusals = 0;
            for _ in 0..25 {
                let trip = &trips[random.random_range(0..trips.len())];
                let (package, request, _) = propose(store, &mut random, trip).await;
                match accept(&store.db, package.id, trip, request).await {
                    Ok(_) => {
                        let next = match random.random_range(0..10) {
                            0..6 => RequestCommand::Cancel { by: package.sender },
                            6..8 => RequestCommand::Deliver { by: trip.courier },
                            _ => continue,
                        };
                        let next = step(request, next);
                        command(&store.db, package.id, None, &next, after(3)).await.expect("carried out");
                    }
                    Err(CommitError::Refused(Rejection::NoRoom(_))) => {
                        refusals += 1;
                        let cancel = PackageCommand::Cancel { by: package.sender };
                        command(&store.db, package.id, None, &cancel, after(3)).await.expect("withdrawn");
                    }
                    Err(other) => panic!("{other:?}"),
                }
                // In every snapshot the room is what the deals leave of it.
                if n == 0 {
                    store.assert_clean().await;
                }
            }
            refusals
        }))
        .await;
        assert!(refusals.iter().sum::<i32>() > 0, "the trips were never full: nothing was tested");
        store.assert_clean().await;
    }
}
