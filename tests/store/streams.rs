//! The numbered events of users.

use futures_util::future::join_all;
use peerpack::store::{Database, Settings};
use peerpack_actors::ids::UserId;
use peerpack_actors::market::package::PackageCommand;
use peerpack_actors::money::ledger::Funding;
use peerpack_actors::ports::{Store as _, StreamEntry};
use peerpack_actors::stream::StreamEvent;
use peerpack_actors::unit::Unit;

use super::databases::{TestStore, on_both};
use super::world::{
    accept, after, load_package, package, proposal, publish_package, publish_trip, ready, trip, user,
};

async fn all_events(db: &Database, user: UserId) -> Vec<StreamEntry> {
    let mut events: Vec<StreamEntry> = Vec::new();
    loop {
        let after = events.last().map_or(0, |entry| entry.seq);
        let page = db.events(user, after, 7).await.expect("a page");
        if page.is_empty() {
            return events;
        }
        events.extend(page);
    }
}

on_both! {
    async fn entries_come_in_the_order_of_the_notices_and_as_they_are_stored(store: &TestStore) {
        let (anna, boris) = (user(), user());
        let trips = [trip(anna, 1, 1_000), trip(boris, 1, 1_000), trip(anna, 1, 1_000)];
        for trip in &trips {
            publish_trip(&store.db, trip).await;
        }
        let package = package(user(), 10);
        publish_package(&store.db, &package).await;
        let loaded = load_package(&store.db, package.id).await;
        let offer = PackageCommand::Offer(trips.iter().map(|trip| proposal(trip, 0, 1)).collect());
        let unit = super::world::unit(&loaded, None, &offer, Funding::Demo, after(1));
        let expected: Vec<(UserId, StreamEvent)> =
            unit.notices.iter().map(|notice| (notice.to, notice.event.clone())).collect();
        let committed = store.db.commit(unit).await.expect("committed");
        let told: Vec<(UserId, StreamEvent)> = committed
            .entries
            .iter()
            .map(|entry| (entry.user, serde_json::from_str(&entry.body).expect("a stream event")))
            .collect();
        assert_eq!(told, expected);
        let numbers: Vec<(UserId, u64)> =
            committed.entries.iter().map(|entry| (entry.user, entry.seq)).collect();
        assert_eq!(numbers, [(anna, 3), (boris, 2), (anna, 4)]);
        assert!(committed.entries.iter().all(|entry| entry.at == after(1)));
        let stored = all_events(&store.db, anna).await;
        assert_eq!(stored[2..], [committed.entries[0].clone(), committed.entries[2].clone()]);
    }

    async fn numbers_have_no_gaps_under_commits_at_once(store: &TestStore) {
        let people: Vec<UserId> = (0..4).map(|_| user()).collect();
        let people = &people;
        let committed = join_all((0..120).map(|n: usize| async move {
            let mut unit = Unit::publish_package(package(people[n % 4], 10));
            // Everybody is told, in an order that differs from unit to unit, and some are told twice.
            let notice = unit.notices[0].clone();
            unit.notices = (0..6)
                .map(|k| peerpack_actors::stream::Notice {
                    to: people[(n * 7 + k * 3) % 4],
                    ..notice.clone()
                })
                .collect();
            store.db.commit(unit).await.expect("committed").entries
        }))
        .await;
        let mut told: Vec<StreamEntry> = committed.into_iter().flatten().collect();
        told.sort_by_key(|entry| (entry.user, entry.seq));
        for user in people {
            let mine: Vec<StreamEntry> = told.iter().filter(|entry| entry.user == *user).cloned().collect();
            let numbers: Vec<u64> = mine.iter().map(|entry| entry.seq).collect();
            assert_eq!(numbers, (1..=numbers.len() as u64).collect::<Vec<_>>());
            assert_eq!(all_events(&store.db, *user).await, mine);
            assert_eq!(store.db.position(*user).await.expect("a position").top, numbers.len() as u64);
        }
        store.assert_clean().await;
    }

    async fn a_unit_that_is_undone_leaves_no_gap(store: &TestStore) {
        let (package, trip, request) = ready(&store.db, 1_000, 999).await;
        let before = store.db.position(trip.courier).await.expect("a position");
        accept(&store.db, package.id, &trip, request).await.expect_err("there is no room");
        assert_eq!(store.db.position(trip.courier).await, Ok(before));
        publish_trip(&store.db, &super::world::trip(trip.courier, 1, 1)).await;
        assert_eq!(store.db.position(trip.courier).await.expect("a position").top, before.top + 1);
        store.assert_clean().await;
    }

    async fn the_history_keeps_its_name_until_it_is_given_another(store: &TestStore) {
        let user = user();
        let first = store.db.position(user).await.expect("a position");
        assert_eq!(first.top, 0);
        assert!(first.epoch > 0 && first.epoch < 1 << 53);
        let again = Database::connect(&Settings::new(&store.url)).await.expect("it opens again");
        again.migrate().await.expect("nothing to do");
        assert_eq!(again.position(user).await, Ok(first));
        again.close().await;
        store.db.renew_epoch().await.expect("renewed");
        assert_ne!(store.db.position(user).await.expect("a position").epoch, first.epoch);
    }

    async fn tops_are_told_for_those_who_have_events(store: &TestStore) {
        let (anna, boris, nobody) = (user(), user(), user());
        for courier in [anna, boris, anna] {
            publish_trip(&store.db, &trip(courier, 1, 1)).await;
        }
        let tops = store.db.tops(&[boris, nobody, anna]).await;
        assert_eq!(tops, Ok(vec![(boris, 1), (anna, 2)]));
        assert_eq!(store.db.tops(&[]).await, Ok(Vec::new()));
    }
}
