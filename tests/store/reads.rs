//! What the engine asks the store.

use peerpack_actors::ids::{PackageId, TripId};
use peerpack_actors::market::package::{PackageCommand, PackageState};
use peerpack_actors::market::request::RequestCommand;
use peerpack_actors::market::trip::{TripEvent, TripState};
use peerpack_actors::ports::{ChoiceRounds, EvidenceQuery, Store as _};
use peerpack_actors::time::{Span, Time};
use peerpack_actors::unit::Unit;

use super::databases::{TestStore, on_both};
use super::world::{
    START, accept, after, command, load_package, load_trip, offered, package, proposal, publish_package,
    publish_trip, ready, step, trip, user,
};

/// Ten minutes before the pickup at the latest, every hour again, taken over within a minute.
const CHOICES: ChoiceRounds =
    ChoiceRounds { notice: Span::minutes(10), again: Span::minutes(60), taken_over_within: Span::minutes(1) };

/// What has changed since then, with its versions.
async fn changes(store: &TestStore, since: Time) -> (Vec<(TripId, i64)>, Vec<(PackageId, i64)>) {
    let trips = store.db.changed_trips(since, 10).await.expect("trips");
    (trips, store.db.changed_packages(since, 10).await.expect("packages"))
}

on_both! {
    async fn live_trips_come_page_by_page_with_their_room(store: &TestStore) {
        let mut expected = Vec::new();
        for n in 0..7_u16 {
            let mut trip = trip(user(), n % 3 + 1, 5_000);
            trip.state = match n {
                3 => TripState::Cancelled { at: after(1) },
                4 => TripState::Completed { at: after(1) },
                5 => TripState::InProgress { at: after(1) },
                _ => TripState::Active,
            };
            trip.left[0].weight_g = u32::from(n);
            publish_trip(&store.db, &trip).await;
            if trip.state.is_live() {
                expected.push(trip);
            }
        }
        expected.sort_by_key(|trip| trip.id);
        let (mut found, mut after) = (Vec::new(), None);
        loop {
            let page = store.db.live_trips(after, 2).await.expect("a page");
            let Some(last) = page.last() else { break };
            after = Some(last.id);
            found.extend(page);
        }
        assert_eq!(found, expected);
    }

    async fn open_packages_come_page_by_page_with_their_requests(store: &TestStore) {
        let trip = trip(user(), 2, 5_000);
        publish_trip(&store.db, &trip).await;
        let mut expected = Vec::new();
        for n in 0..6 {
            let mut package = package(user(), 10);
            if n == 2 {
                package.state = PackageState::Template;
            }
            publish_package(&store.db, &package).await;
            for _ in 0..n % 3 {
                if n != 2 {
                    let request = offered(&store.db, &package, &trip, 0, 1).await;
                    let decline = step(request, RequestCommand::Decline { by: trip.courier, reason: None });
                    command(&store.db, package.id, None, &decline, after(1)).await.expect("declined");
                }
            }
            if n != 2 {
                expected.push(load_package(&store.db, package.id).await);
            }
        }
        expected.sort_by_key(|package| package.id);
        assert!(expected.iter().any(|package| package.requests.len() == 2));
        let (mut found, mut last) = (Vec::new(), None);
        loop {
            let page = store.db.open_packages(last, 2).await.expect("a page");
            let Some(package) = page.last() else { break };
            last = Some(package.id);
            found.extend(page);
        }
        assert_eq!(found, expected);
    }

    async fn a_package_is_loaded_as_it_was_at_one_moment(store: &TestStore) {
        let package = package(user(), 10);
        publish_package(&store.db, &package).await;
        let trips: Vec<_> = (0..60).map(|_| trip(user(), 1, 1_000)).collect();
        for trip in &trips {
            publish_trip(&store.db, trip).await;
        }
        let writing = async {
            for trip in &trips {
                offered(&store.db, &package, trip, 0, 1).await;
            }
        };
        let reading = async {
            loop {
                // Each change adds one request and one to the version.
                let seen = load_package(&store.db, package.id).await;
                assert_eq!(seen.requests.len() as i64, seen.version - 1);
                if seen.requests.len() == trips.len() {
                    break;
                }
            }
        };
        tokio::join!(writing, reading);
    }

    async fn the_packages_of_a_trip_are_those_that_wait_or_ride(store: &TestStore) {
        let trip = trip(user(), 2, 5_000);
        publish_trip(&store.db, &trip).await;
        let mut packages = Vec::new();
        for _ in 0..4 {
            let package = package(user(), 10);
            publish_package(&store.db, &package).await;
            let request = offered(&store.db, &package, &trip, 0, 1).await;
            assert_eq!(store.db.package_of(request).await, Ok(Some(package.id)));
            packages.push((package, request));
        }
        accept(&store.db, packages[1].0.id, &trip, packages[1].1).await.expect("claimed");
        accept(&store.db, packages[2].0.id, &trip, packages[2].1).await.expect("claimed");
        for (n, request) in [
            (2, RequestCommand::Deliver { by: trip.courier }),
            (3, RequestCommand::Decline { by: trip.courier, reason: None }),
        ] {
            command(&store.db, packages[n].0.id, None, &step(packages[n].1, request), after(3))
                .await
                .expect("moved");
        }
        let (pending, deal) = (packages[0].0.id, packages[1].0.id);
        assert_eq!(store.db.deals_on(trip.id).await, Ok(vec![deal]));
        assert_eq!(store.db.pending_on(trip.id, None, 10).await, Ok(vec![pending]));
        assert_eq!(store.db.pending_on(trip.id, Some(pending), 10).await, Ok(Vec::new()));
        assert_eq!(store.db.deals_on(super::world::trip_id()).await, Ok(Vec::new()));
    }

    async fn evidence_is_what_is_carried_or_waits_and_can_be_paid_for(store: &TestStore) {
        let trip = trip(user(), 2, 50_000);
        publish_trip(&store.db, &trip).await;
        let mut ids = Vec::new();
        for _ in 0..4 {
            let package = package(user(), 10);
            publish_package(&store.db, &package).await;
            ids.push(package.id);
        }
        let [carried, waiting, called_off, lapsed] = ids[..] else { panic!("four packages") };
        let offer = proposal(&trip, 0, 1);
        let request = offer.id;
        command(&store.db, carried, None, &PackageCommand::Offer(vec![offer]), after(1)).await.expect("offered");
        accept(&store.db, carried, &trip, request).await.expect("carried");
        let sender = load_package(&store.db, called_off).await.sender;
        command(&store.db, called_off, None, &PackageCommand::Cancel { by: sender }, after(90)).await.expect("gone");
        command(&store.db, lapsed, None, &PackageCommand::ExpireOverdue, START + Span::days(3)).await.expect("over");
        let evidence = async |query: EvidenceQuery| {
            let found = store.db.evidence(query).await.expect("an answer");
            let mut found: Vec<_> = found.iter().map(|package| package.id).collect();
            found.sort();
            found
        };
        let sorted = |mut ids: Vec<PackageId>| {
            ids.sort();
            ids
        };
        let all = EvidenceQuery {
            since: START,
            waited_since: after(60),
            anybody_can_pay: true,
            most_of_one: 9,
            limit: 9,
        };
        assert_eq!(evidence(all).await, sorted(vec![carried, waiting, lapsed]));
        let early = EvidenceQuery { waited_since: START - Span::minutes(1), ..all };
        assert_eq!(evidence(early).await, sorted(vec![carried, lapsed]), "it has not waited yet");
        let paid = EvidenceQuery { anybody_can_pay: false, ..all };
        assert_eq!(evidence(paid).await, [carried], "nobody else has the money");
        assert_eq!(evidence(EvidenceQuery { since: after(1), ..all }).await, []);
        let many = user();
        for _ in 0..3 {
            publish_package(&store.db, &package(many, 10)).await;
        }
        assert_eq!(evidence(EvidenceQuery { most_of_one: 2, ..all }).await.len(), 5, "two of one sender");
        assert_eq!(evidence(EvidenceQuery { limit: 2, ..all }).await.len(), 2);
    }

    async fn the_live_trips_of_a_courier_are_theirs_alone(store: &TestStore) {
        let courier = user();
        let (mine, mut over) = (trip(courier, 1, 1), trip(courier, 1, 1));
        over.state = TripState::Cancelled { at: START };
        for trip in [&mine, &over, &trip(user(), 1, 1)] {
            publish_trip(&store.db, trip).await;
        }
        assert_eq!(store.db.live_trips_of(courier).await, Ok(vec![mine.id]));
    }

    async fn changes_are_told_from_a_time_on_oldest_first(store: &TestStore) {
        let (package, trip, request) = ready(&store.db, 10, 1_000).await;
        let other = super::world::package(user(), 10);
        publish_package(&store.db, &other).await;
        let (trips, packages) = changes(store, START).await;
        assert_eq!(trips, [(trip.id, 1)]);
        assert_eq!(packages, [(other.id, 1), (package.id, 2)]);
        assert_eq!(store.db.changed_packages(START, 1).await, Ok(vec![(other.id, 1)]));
        accept(&store.db, package.id, &trip, request).await.expect("claimed");
        assert_eq!(changes(store, after(2)).await, (vec![(trip.id, 2)], vec![(package.id, 3)]));
        assert_eq!(changes(store, after(3)).await, (Vec::new(), Vec::new()));
    }

    async fn a_change_that_was_decided_earlier_and_commits_later_is_not_missed(store: &TestStore) {
        let (package, trip, request) = ready(&store.db, 10, 1_000).await;
        let later = PackageCommand::Ask {
            by: package.sender,
            proposal: proposal(&super::world::trip(user(), 1, 1), 0, 1),
        };
        publish_trip(&store.db, &trip_of(&later)).await;
        command(&store.db, package.id, None, &later, after(9)).await.expect("asked");
        // Decided at minute 2, committed after what was decided at minute 9.
        let decline = step(request, RequestCommand::Decline { by: trip.courier, reason: None });
        command(&store.db, package.id, None, &decline, after(2)).await.expect("declined");
        assert_eq!(store.db.changed_packages(after(9), 10).await, Ok(vec![(package.id, 4)]));
    }

    async fn offers_that_should_have_ended_are_overdue(store: &TestStore) {
        let (package, _, _) = ready(&store.db, 10, 1_000).await;
        let (answered, trip, request) = ready(&store.db, 10, 1_000).await;
        accept(&store.db, answered.id, &trip, request).await.expect("claimed");
        assert_eq!(store.db.overdue(after(29), CHOICES, 10).await, Ok(Vec::new()));
        assert_eq!(store.db.overdue(after(30), CHOICES, 10).await, Ok(vec![package.id]));
        command(&store.db, package.id, None, &PackageCommand::ExpireOverdue, after(31))
            .await
            .expect("expired");
        assert_eq!(store.db.overdue(after(31), CHOICES, 10).await, Ok(Vec::new()));
    }

    async fn choices_that_nobody_made_are_overdue_at_each_of_their_moments(store: &TestStore) {
        let trip = trip(user(), 2, 5_000);
        publish_trip(&store.db, &trip).await;
        let mut package = package(user(), 10);
        package.draft.confirm_by = Some(after(20));
        publish_package(&store.db, &package).await;
        let request = offered(&store.db, &package, &trip, 0, 1).await;
        accept(&store.db, package.id, &trip, request).await.expect("agreed");
        // The sender's deadline is at minute 20, the pickup at 60.
        for (minute, is_due) in [(19, false), (20, true), (21, false), (49, false), (50, true), (51, false), (80, true), (110, true)] {
            let due = store.db.overdue(after(minute), CHOICES, 10).await.expect("an answer");
            assert_eq!(due.contains(&package.id), is_due, "minute {minute}");
        }
    }

    async fn packages_that_nobody_took_are_overdue_when_their_time_is_over(store: &TestStore) {
        let (waiting, _, _) = ready(&store.db, 10, 1_000).await;
        let (carried, trip, request) = ready(&store.db, 10, 1_000).await;
        accept(&store.db, carried.id, &trip, request).await.expect("claimed");
        let by = waiting.draft.deliver_by;
        command(&store.db, waiting.id, None, &PackageCommand::ExpireOverdue, after(31)).await.expect("expired");
        assert_eq!(store.db.overdue(by - Span::from_ms(1), CHOICES, 10).await, Ok(Vec::new()));
        assert_eq!(store.db.overdue(by, CHOICES, 10).await, Ok(vec![waiting.id]));
        command(&store.db, waiting.id, None, &PackageCommand::ExpireOverdue, by).await.expect("closed");
        assert_eq!(store.db.overdue(by, CHOICES, 10).await, Ok(Vec::new()));
        assert_eq!(load_package(&store.db, waiting.id).await.state, PackageState::Cancelled { at: by });
    }

    async fn trips_are_due_when_they_should_have_departed_or_arrived(store: &TestStore) {
        let (early, late) = (trip(user(), 1, 1), trip(user(), 5, 1));
        for trip in [&early, &late] {
            publish_trip(&store.db, trip).await;
        }
        let start = |trip| Unit::trip(trip, &TripEvent::Started { at: after(61) }, Vec::new(), after(61));
        assert_eq!(store.db.due_trips(after(59), 10).await, Ok(Vec::new()));
        let mut both = vec![early.id, late.id];
        both.sort();
        assert_eq!(store.db.due_trips(after(60), 10).await, Ok(both));
        store.db.commit(start(&early)).await.expect("started");
        store.db.commit(start(&late)).await.expect("started");
        assert_eq!(store.db.due_trips(after(119), 10).await, Ok(Vec::new()));
        assert_eq!(store.db.due_trips(after(120), 10).await, Ok(vec![early.id]));
        let started = load_trip(&store.db, early.id).await;
        let done = Unit::trip(&started, &TripEvent::Completed { at: after(121) }, Vec::new(), after(121));
        store.db.commit(done).await.expect("completed");
        assert_eq!(store.db.due_trips(after(1_000), 1).await, Ok(vec![late.id]));
    }
}

/// The trip that a proposal of this test is for.
fn trip_of(command: &PackageCommand) -> peerpack_actors::market::trip::Trip {
    let PackageCommand::Ask { proposal, .. } = command else { panic!("not a question") };
    let mut trip = trip(proposal.courier, 1, 1);
    trip.id = proposal.trip;
    trip
}
