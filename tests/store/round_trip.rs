//! What is stored comes back as it was, in every state; and the stored rows follow the core step by step.

use peerpack_actors::ids::UserId;
use peerpack_actors::leg::LegSpan;
use peerpack_actors::market::load::{Load, UNSTATED};
use peerpack_actors::market::package::{Mode, Package, PackageCommand, PackageState};
use peerpack_actors::market::request::{Origin, Party, Request, RequestCommand, RequestState};
use peerpack_actors::market::trip::{Transport, Trip, TripCommand, TripEvent, TripState};
use peerpack_actors::money::ledger::Funding;
use peerpack_actors::money::{Amount, Currency};
use peerpack_actors::ports::Store as _;
use peerpack_actors::time::{Span, Time};
use peerpack_actors::unit::Unit;

use super::databases::{TestStore, on_both};
use super::world::{
    START, after, load_package, load_trip, package, package_id, proposal, publish_package, publish_trip,
    request_id, roubles, step, trip, user,
};

/// Commits a command, takes it in here as well, and compares.
async fn follow(
    store: &TestStore,
    package: &mut Package,
    trip: &mut Trip,
    command: PackageCommand,
    at: Time,
) {
    let outcome = package.decide(&command, Some(trip), Funding::Demo, at).expect("the core agrees");
    store.db.commit(Unit::package(package, outcome.clone(), at)).await.expect("the store agrees");
    package.apply(&outcome.events);
    for (_, event) in &outcome.trips {
        trip.apply(event);
    }
    assert_eq!(load_package(&store.db, package.id).await, *package);
    assert_eq!(load_trip(&store.db, trip.id).await, *trip);
    store.assert_clean().await;
}

async fn start(store: &TestStore) -> (Package, Trip) {
    let (package, trip) = (package(user(), 1_000), trip(user(), 3, 5_000));
    publish_package(&store.db, &package).await;
    publish_trip(&store.db, &trip).await;
    (package, trip)
}

on_both! {
    async fn a_package_comes_back_in_every_state(store: &TestStore) {
        let (request, at) = (request_id(), after(7));
        let states = [
            PackageState::Template,
            PackageState::Open,
            PackageState::Assigned { request, at },
            PackageState::InTransit { request, at },
            PackageState::Delivered { request, at },
            PackageState::Confirmed { request, at },
            PackageState::Cancelled { at },
        ];
        for (n, state) in states.into_iter().enumerate() {
            let mut package = package(user(), 1_000);
            package.state = state;
            package.version = 3 + n as i64;
            package.draft.template = state == PackageState::Template;
            package.draft.mode = if n % 2 == 0 { Mode::Instant } else { Mode::Choose };
            package.draft.confirm_by = (n % 2 == 0).then(|| after(n as i64));
            package.draft.tags.truncate(n % 3);
            package.draft.reward =
                Amount::new(n as i64, [Currency::Rub, Currency::Usd, Currency::Eur, Currency::Kzt][n % 4]);
            package.draft.load = Load { weight_g: 1, volume_ml: UNSTATED, slots: UNSTATED };
            publish_package(&store.db, &package).await;
            assert_eq!(load_package(&store.db, package.id).await, package);
        }
    }

    async fn a_request_comes_back_in_every_state(store: &TestStore) {
        let trip = trip(user(), 4, 5_000);
        publish_trip(&store.db, &trip).await;
        let at = after(9);
        let states = [
            RequestState::Pending,
            RequestState::Agreed { at },
            RequestState::Accepted { at },
            RequestState::PickedUp { at },
            RequestState::Delivered { at },
            RequestState::Confirmed { at, operator: None },
            RequestState::Confirmed { at, operator: Some(user()) },
            RequestState::Declined { at, reason: None },
            RequestState::Declined { at, reason: Some("не по пути \"совсем\"".to_owned()) },
            RequestState::Expired { at },
            RequestState::Withdrawn { at },
            RequestState::Taken { at },
            RequestState::Cancelled { at, by: Party::Sender, operator: None },
            RequestState::Cancelled { at, by: Party::Sender, operator: Some(user()) },
            RequestState::Cancelled { at, by: Party::Courier, operator: None },
            RequestState::Disputed { at, reason: String::new() },
            RequestState::Disputed { at, reason: "пусто".to_owned() },
        ];
        for (n, state) in states.into_iter().enumerate() {
            let mut package = package(user(), 1_000);
            let proposal = proposal(&trip, 1, 4);
            package.requests.push(Request {
                id: proposal.id,
                package: package.id,
                trip: trip.id,
                sender: package.sender,
                courier: trip.courier,
                origin: [Origin::Sender, Origin::Courier, Origin::Engine][n % 3],
                plan: proposal.plan,
                reward: roubles(n as i64),
                message: proposal.message,
                airport: proposal.airport,
                created_at: after(n as i64),
                expires_at: (n % 2 == 0).then(|| after(60)),
                ttl: Span::seconds(n as i64),
                rendered_at: None,
                state,
            });
            publish_package(&store.db, &package).await;
            assert_eq!(load_package(&store.db, package.id).await, package);
        }
    }

    async fn a_trip_comes_back_in_every_state(store: &TestStore) {
        let at = after(5);
        let transports =
            [Transport::Plane, Transport::Train, Transport::Car, Transport::Bus, Transport::Foot];
        let states = [
            TripState::Active,
            TripState::InProgress { at },
            TripState::Completed { at },
            TripState::Cancelled { at },
            TripState::Active,
        ];
        for (n, (state, transport)) in states.into_iter().zip(transports).enumerate() {
            let mut trip = trip(user(), n as u16 + 1, 5_000);
            trip.state = state;
            trip.version = 4;
            trip.draft.transport = transport;
            trip.draft.price = (n % 2 == 0).then(|| roubles(n as i64));
            trip.detour_used_min = n as u32;
            trip.left[n / 2] = Load { weight_g: 17, volume_ml: 3, slots: 999 };
            publish_trip(&store.db, &trip).await;
            assert_eq!(load_trip(&store.db, trip.id).await, trip);
        }
    }

    async fn what_does_not_exist_is_nothing(store: &TestStore) {
        assert_eq!(store.db.package(package_id()).await, Ok(None));
        assert_eq!(store.db.trip(super::world::trip_id()).await, Ok(None));
        assert_eq!(store.db.package_of(request_id()).await, Ok(None));
    }

    async fn the_rows_follow_a_deal_to_its_confirmation(store: &TestStore) {
        let (mut package, mut trip) = start(store).await;
        let other = super::world::trip(user(), 2, 5_000);
        publish_trip(&store.db, &other).await;
        let (first, second) = (proposal(&trip, 0, 2), proposal(&other, 0, 2));
        let (id, sender, courier) = (first.id, package.sender, trip.courier);
        let offer = PackageCommand::Offer(vec![first, second]);
        follow(store, &mut package, &mut trip, offer, after(1)).await;
        for (n, command) in [
            RequestCommand::Accept { by: courier },
            RequestCommand::PickUp { by: courier },
            RequestCommand::Deliver { by: courier },
            RequestCommand::Confirm { by: sender },
        ]
        .into_iter()
        .enumerate()
        {
            follow(store, &mut package, &mut trip, step(id, command), after(2 + n as i64)).await;
        }
        assert_eq!(trip.left[0].weight_g, 4_000);
        assert_eq!(trip.left[2].weight_g, 5_000);
    }

    async fn the_rows_follow_every_other_end_of_a_request(store: &TestStore) {
        let ends: [fn(UserId, UserId) -> Vec<RequestCommand>; 5] = [
            |_, courier| vec![RequestCommand::Decline { by: courier, reason: Some("нет".to_owned()) }],
            |sender, _| vec![RequestCommand::Withdraw { by: sender }],
            |sender, courier| {
                vec![RequestCommand::Accept { by: courier }, RequestCommand::Cancel { by: sender }]
            },
            |_, courier| vec![RequestCommand::Accept { by: courier }, RequestCommand::Cancel { by: courier }],
            |sender, courier| {
                vec![
                    RequestCommand::Accept { by: courier },
                    RequestCommand::Deliver { by: courier },
                    RequestCommand::Dispute { by: sender, reason: "разбито".to_owned() },
                ]
            },
        ];
        for end in ends {
            let (mut package, mut trip) = start(store).await;
            let proposal = proposal(&trip, 0, 3);
            let id = proposal.id;
            follow(store, &mut package, &mut trip, PackageCommand::Offer(vec![proposal]), after(1)).await;
            for command in end(package.sender, trip.courier) {
                follow(store, &mut package, &mut trip, step(id, command), after(2)).await;
            }
        }
    }

    async fn the_rows_follow_offers_that_expire_and_packages_that_are_called_off(store: &TestStore) {
        let (mut package, mut trip) = start(store).await;
        let offer = PackageCommand::Offer(vec![proposal(&trip, 0, 1)]);
        follow(store, &mut package, &mut trip, offer, after(1)).await;
        follow(store, &mut package, &mut trip, PackageCommand::ExpireOverdue, after(31)).await;
        let ask = PackageCommand::Ask { by: package.sender, proposal: proposal(&trip, 0, 1) };
        follow(store, &mut package, &mut trip, ask, after(32)).await;
        let id = package.requests[1].id;
        let accept = RequestCommand::Accept { by: trip.courier };
        // The proposal's time limit is over by then, but only the offer's start counts for `accept` here.
        package.requests[1].expires_at = package.requests[1].expires_at.map(|_| after(90));
        store
            .sabotage(&format!("UPDATE requests SET expires_at = {} WHERE state = 'pending'", after(90).ms()))
            .await;
        follow(store, &mut package, &mut trip, step(id, accept), after(33)).await;
        let cancel = PackageCommand::Cancel { by: package.sender };
        follow(store, &mut package, &mut trip, cancel, after(34)).await;
        assert_eq!(trip.left[0], trip.draft.capacity);
    }

    async fn a_trip_starts_completes_and_is_called_off_with_its_packages(store: &TestStore) {
        let (mut package, mut trip) = start(store).await;
        let proposal = proposal(&trip, 0, 3);
        let id = proposal.id;
        let courier = trip.courier;
        follow(store, &mut package, &mut trip, PackageCommand::Offer(vec![proposal]), after(1)).await;
        follow(store, &mut package, &mut trip, step(id, RequestCommand::Accept { by: courier }), after(2))
            .await;

        let started = trip.decide(&TripCommand::Start, after(3)).expect("it starts");
        store.db.commit(Unit::trip(&trip, &started, Vec::new(), after(3))).await.expect("stored");
        trip.apply(&started);
        assert_eq!(load_trip(&store.db, trip.id).await, trip);

        let cancelled =
            trip.decide(&TripCommand::Cancel { by: courier, on_board: 0 }, after(4)).expect("called off");
        let gone =
            package.decide(&PackageCommand::TripGone(trip.id), None, Funding::Demo, after(4)).expect("the deal ends");
        let unit = Unit::trip(&trip, &cancelled, vec![(&package, gone.clone())], after(4));
        store.db.commit(unit).await.expect("stored");
        trip.apply(&cancelled);
        for (_, event) in &gone.trips {
            trip.apply(event);
        }
        package.apply(&gone.events);
        assert_eq!(load_trip(&store.db, trip.id).await, trip);
        assert_eq!(load_package(&store.db, package.id).await, package);
        store.assert_clean().await;

        let mut other = super::world::trip(courier, 1, 1_000);
        publish_trip(&store.db, &other).await;
        for event in [TripEvent::Started { at: after(60) }, TripEvent::Completed { at: after(120) }] {
            store.db.commit(Unit::trip(&other, &event, Vec::new(), START)).await.expect("stored");
            other.apply(&event);
        }
        assert_eq!(load_trip(&store.db, other.id).await, other);
        assert_eq!(other.room(LegSpan { from: 0, to: 1 }).weight_g, 1_000);
    }
}
