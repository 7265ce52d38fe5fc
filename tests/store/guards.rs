//! What the database refuses, whatever the caller believes; and that a refused unit leaves nothing behind.

use peerpack_actors::ids::{PackageId, TripId, UserId};
use peerpack_actors::market::package::{Package, PackageCommand};
use peerpack_actors::market::request::{RequestCommand, RequestState};
use peerpack_actors::market::trip::{Trip, TripCommand};
use peerpack_actors::money::ledger::{EscrowCommand, EscrowEvent, Funding};
use peerpack_actors::ports::{CommitError, Store as _, StreamPosition};
use peerpack_actors::rejection::Rejection;
use peerpack_actors::unit::{PackageChange, TripChange, Unit};

use super::databases::{TestStore, on_both};
use super::world::{
    accept, after, command, load_package, load_trip, offered, package, proposal, publish_package,
    publish_trip, ready, request_id, step, trip, unit, user,
};
use peerpack::store::Balance;

/// Everything that a unit about these could have changed.
type Picture = (Package, Trip, Vec<StreamPosition>, Vec<Vec<Balance>>);

async fn picture(store: &TestStore, package: PackageId, trip: TripId) -> Picture {
    let (package, trip) = (load_package(&store.db, package).await, load_trip(&store.db, trip).await);
    let people: [UserId; 2] = [package.sender, trip.courier];
    let (mut positions, mut balances) = (Vec::new(), Vec::new());
    for user in people {
        positions.push(store.db.position(user).await.expect("a position"));
        balances.push(store.db.balances(user).await.expect("balances"));
    }
    (package, trip, positions, balances)
}

fn refused<T: std::fmt::Debug>(outcome: Result<T, CommitError>) -> Rejection {
    match outcome {
        Err(CommitError::Refused(rejection)) => rejection,
        other => panic!("not refused: {other:?}"),
    }
}

on_both! {
    async fn a_decision_on_an_old_version_changes_nothing(store: &TestStore) {
        let (package, trip, request) = ready(&store.db, 1_000, 5_000).await;
        let old = load_package(&store.db, package.id).await;
        let decline = step(request, RequestCommand::Decline { by: trip.courier, reason: None });
        command(&store.db, package.id, None, &decline, after(2)).await.expect("declined");
        let before = picture(store, package.id, trip.id).await;
        // One of them moves the package, the other only its requests.
        let other = super::world::trip(user(), 1, 1);
        publish_trip(&store.db, &other).await;
        let ask = PackageCommand::Ask { by: package.sender, proposal: proposal(&other, 0, 1) };
        for command in [step(request, RequestCommand::Accept { by: trip.courier }), ask] {
            let outcome = store.db.commit(unit(&old, Some(&trip), &command, Funding::Demo, after(3))).await;
            assert_eq!(outcome, Err(CommitError::Conflict));
        }
        assert_eq!(picture(store, package.id, trip.id).await, before);
        store.assert_clean().await;
    }

    async fn a_unit_is_applied_once(store: &TestStore) {
        let (package, trip, request) = ready(&store.db, 1_000, 5_000).await;
        let loaded = load_package(&store.db, package.id).await;
        let claim = step(request, RequestCommand::Accept { by: trip.courier });
        let unit = unit(&loaded, Some(&trip), &claim, Funding::Demo, after(3));
        store.db.commit(unit.clone()).await.expect("the first time");
        let before = picture(store, package.id, trip.id).await;
        assert_eq!(store.db.commit(unit).await, Err(CommitError::Conflict));
        assert_eq!(store.db.commit(Unit::publish_package(package.clone())).await, Err(CommitError::Conflict));
        assert_eq!(store.db.commit(Unit::publish_trip(trip.clone(), &[])).await, Err(CommitError::Conflict));
        assert_eq!(picture(store, package.id, trip.id).await, before);
        store.assert_clean().await;
    }

    async fn a_trip_that_has_moved_on_is_not_moved_again(store: &TestStore) {
        let (package, trip, request) = ready(&store.db, 1_000, 5_000).await;
        let start = trip.decide(&TripCommand::Start, after(3)).expect("it starts");
        accept(&store.db, package.id, &trip, request).await.expect("a claim counts as a change of the trip");
        let before = picture(store, package.id, trip.id).await;
        let outcome = store.db.commit(Unit::trip(&trip, &start, Vec::new(), after(3))).await;
        assert_eq!(outcome, Err(CommitError::Conflict));
        assert_eq!(picture(store, package.id, trip.id).await, before);
    }

    async fn a_full_later_leg_undoes_the_whole_claim(store: &TestStore) {
        // The load fills the first legs to the brim, so that they must not be taken for the full one.
        let (package, trip, request) = ready(&store.db, 5_000, 5_000).await;
        let small = super::world::package(user(), 1);
        publish_package(&store.db, &small).await;
        let blocking = offered(&store.db, &small, &trip, 2, 3).await;
        accept(&store.db, small.id, &trip, blocking).await.expect("the last leg is used");
        let before = picture(store, package.id, trip.id).await;
        let rejection = refused(accept(&store.db, package.id, &trip, request).await);
        assert_eq!(rejection, Rejection::NoRoom(2));
        assert_eq!(picture(store, package.id, trip.id).await, before);
        store.assert_clean().await;
    }

    async fn a_sender_without_money_is_refused_and_one_with_money_pays(store: &TestStore) {
        let (package, trip, request) = ready(&store.db, 1_000, 5_000).await;
        let claim = |request| step(request, RequestCommand::Accept { by: trip.courier });
        let before = picture(store, package.id, trip.id).await;
        let loaded = load_package(&store.db, package.id).await;
        let outcome = store.db.commit(unit(&loaded, Some(&trip), &claim(request), Funding::Wallet, after(2))).await;
        assert_eq!(refused(outcome), Rejection::InsufficientFunds);
        assert_eq!(picture(store, package.id, trip.id).await, before);

        // The demo provider pays in, the deal is called off, and the money stays with the sender.
        accept(&store.db, package.id, &trip, request).await.expect("claimed");
        let cancel = step(request, RequestCommand::Cancel { by: trip.courier });
        command(&store.db, package.id, None, &cancel, after(3)).await.expect("called off");
        let again = offered(&store.db, &package, &trip, 0, 3).await;
        let loaded = load_package(&store.db, package.id).await;
        store
            .db
            .commit(unit(&loaded, Some(&trip), &claim(again), Funding::Wallet, after(4)))
            .await
            .expect("paid from the wallet");
        let balances = store.db.balances(package.sender).await.expect("balances");
        assert_eq!(balances[0].available_minor, 0);
        store.assert_clean().await;
    }

    async fn a_trip_that_is_over_takes_no_package(store: &TestStore) {
        let (package, trip, request) = ready(&store.db, 1_000, 5_000).await;
        let cancelled =
            trip.decide(&TripCommand::Cancel { by: trip.courier, on_board: 0 }, after(2)).expect("off");
        store.db.commit(Unit::trip(&trip, &cancelled, Vec::new(), after(2))).await.expect("stored");
        let before = picture(store, package.id, trip.id).await;
        assert_eq!(refused(accept(&store.db, package.id, &trip, request).await), Rejection::TripNotLive);
        assert_eq!(picture(store, package.id, trip.id).await, before);
    }

    async fn the_detour_budget_and_the_order_of_legs_are_guarded(store: &TestStore) {
        let (package, trip) = (package(user(), 1_000), trip(user(), 3, 5_000));
        publish_package(&store.db, &package).await;
        publish_trip(&store.db, &trip).await;
        let (mut far, mut beyond) = (proposal(&trip, 0, 3), proposal(&trip, 0, 4));
        far.plan.detour_min = trip.draft.max_detour_min + 1;
        beyond.plan.detour_min = 0;
        for (proposal, expected) in [(far, "detour"), (beyond, "order")] {
            let request = proposal.id;
            let offer = PackageCommand::Offer(vec![proposal]);
            command(&store.db, package.id, None, &offer, after(1)).await.expect("offered");
            let before = picture(store, package.id, trip.id).await;
            let mut long = trip.clone();
            long.left.resize(4, trip.draft.capacity);
            let outcome = accept(&store.db, package.id, &long, request).await;
            assert_eq!(refused(outcome), Rejection::DoesNotSuit(expected));
            assert_eq!(picture(store, package.id, trip.id).await, before);
            let decline = step(request, RequestCommand::Decline { by: trip.courier, reason: None });
            command(&store.db, package.id, None, &decline, after(2)).await.expect("declined");
        }
    }

    async fn a_second_deal_is_refused_even_with_the_right_version(store: &TestStore) {
        let (package, first) = (package(user(), 1_000), trip(user(), 3, 5_000));
        let second = trip(user(), 3, 5_000);
        publish_package(&store.db, &package).await;
        publish_trip(&store.db, &first).await;
        publish_trip(&store.db, &second).await;
        let one = offered(&store.db, &package, &first, 0, 3).await;
        let two = offered(&store.db, &package, &second, 0, 3).await;
        accept(&store.db, package.id, &first, one).await.expect("claimed");
        let before = picture(store, package.id, second.id).await;
        let mut forged = Unit::publish_trip(trip(user(), 1, 1_000), &[]);
        forged.trips.clear();
        forged.packages.push(PackageChange::Update {
            id: package.id,
            version: before.0.version,
            state: None,
            opened: Vec::new(),
            moved: vec![(two, RequestState::Accepted { at: after(3) })],
            adopted: Vec::new(),
        });
        assert_eq!(store.db.commit(forged).await, Err(CommitError::Conflict));
        assert_eq!(picture(store, package.id, second.id).await, before);
    }

    async fn a_courier_is_asked_once_at_a_time(store: &TestStore) {
        let (package, trip, _) = ready(&store.db, 1_000, 5_000).await;
        let mut loaded = load_package(&store.db, package.id).await;
        // As if the caller had not seen the request that is there.
        loaded.requests.clear();
        let offer = PackageCommand::Offer(vec![proposal(&trip, 0, 1)]);
        let before = picture(store, package.id, trip.id).await;
        let outcome = store.db.commit(unit(&loaded, None, &offer, Funding::Demo, after(2))).await;
        assert_eq!(outcome, Err(CommitError::Conflict));
        assert_eq!(picture(store, package.id, trip.id).await, before);
    }

    async fn money_moves_once_for_each_step(store: &TestStore) {
        let (package, trip, request) = ready(&store.db, 1_000, 5_000).await;
        accept(&store.db, package.id, &trip, request).await.expect("claimed");
        let before = picture(store, package.id, trip.id).await;
        let loaded = load_package(&store.db, package.id).await;
        let escrow = loaded.escrow(loaded.request(request).expect("the request"));
        let step = escrow.decide(EscrowCommand::Deliver).expect("set aside");
        let forged = |event: EscrowEvent| {
            let mut forged = Unit::publish_trip(super::world::trip(user(), 1, 1_000), &[]);
            forged.trips.clear();
            forged.notices.clear();
            forged.escrow.push((escrow, event));
            forged
        };
        // A key that the books have already.
        let mut repeated = step.clone();
        repeated.transfers[0].key = format!("{request}:hold");
        assert_eq!(store.db.commit(forged(repeated)).await, Err(CommitError::Conflict));
        assert_eq!(picture(store, package.id, trip.id).await, before);
        // A step from a state that the escrow has left.
        store.db.commit(forged(step.clone())).await.expect("the first time");
        assert_eq!(store.db.commit(forged(step)).await, Err(CommitError::Conflict));
    }

    async fn a_step_that_was_decided_before_another_takes_no_money_of_other_deals(store: &TestStore) {
        let (first, trip, request) = ready(&store.db, 1_000, 5_000).await;
        let second = package(user(), 1_000);
        publish_package(&store.db, &second).await;
        let other = offered(&store.db, &second, &trip, 0, 3).await;
        accept(&store.db, first.id, &trip, request).await.expect("claimed");
        accept(&store.db, second.id, &trip, other).await.expect("the courier has two deals");
        let loaded = load_package(&store.db, first.id).await;
        let escrow = loaded.escrow(loaded.request(request).expect("the request"));
        let back = escrow.decide(EscrowCommand::Refund).expect("it can go back");
        let deliver = step(request, RequestCommand::Deliver { by: trip.courier });
        command(&store.db, first.id, None, &deliver, after(3)).await.expect("delivered meanwhile");
        let before = picture(store, first.id, trip.id).await;
        // What is held for the other deal would do for it.
        let mut forged = Unit::publish_trip(super::world::trip(user(), 1, 1_000), &[]);
        forged.trips.clear();
        forged.notices.clear();
        forged.escrow.push((escrow, back));
        assert_eq!(store.db.commit(forged).await, Err(CommitError::Conflict));
        assert_eq!(picture(store, first.id, trip.id).await, before);
        store.assert_clean().await;
    }

    async fn room_that_was_never_taken_cannot_be_given_back(store: &TestStore) {
        let (package, trip, _) = ready(&store.db, 1_000, 5_000).await;
        let before = picture(store, package.id, trip.id).await;
        let mut forged = Unit::publish_trip(super::world::trip(user(), 1, 1_000), &[]);
        forged.trips.clear();
        let legs = peerpack_actors::leg::LegSpan { from: 0, to: 2 };
        forged.trips.push(TripChange::Release { id: trip.id, legs, load: package.draft.load, detour_min: 0 });
        let outcome = store.db.commit(forged).await;
        assert!(matches!(outcome, Err(CommitError::Unavailable(_))), "{outcome:?}");
        assert_eq!(picture(store, package.id, trip.id).await, before);
    }

    async fn a_request_for_what_was_never_stored_is_a_conflict(store: &TestStore) {
        let package = package(user(), 1_000);
        publish_package(&store.db, &package).await;
        let offer = PackageCommand::Offer(vec![proposal(&trip(user(), 3, 5_000), 0, 1)]);
        let outcome = command(&store.db, package.id, None, &offer, after(1)).await;
        assert_eq!(outcome, Err(CommitError::Conflict));
        let forged = PackageChange::Update {
            id: package.id,
            version: 1,
            state: None,
            opened: Vec::new(),
            moved: vec![(request_id(), RequestState::Expired { at: after(3) })],
            adopted: Vec::new(),
        };
        let mut unit = Unit::publish_trip(trip(user(), 1, 1_000), &[]);
        unit.packages.push(forged);
        assert_eq!(store.db.commit(unit).await, Err(CommitError::Conflict));
        assert_eq!(load_package(&store.db, package.id).await, package);
    }

    async fn a_text_that_cannot_be_stored_is_refused(store: &TestStore) {
        let mut package = package(user(), 1_000);
        package.draft.description = "nothing \0 more".to_owned();
        let outcome = store.db.commit(Unit::publish_package(package)).await;
        // SQLite stores it; what counts is that Postgres does not call it an outage.
        assert!(store.is_sqlite() || refused(outcome).code() == "invalid");
    }
}
