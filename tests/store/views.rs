//! What people look at.

use peerpack::store::{Balance, TelegramProfile, Which};
use peerpack_actors::ids::UserId;
use peerpack_actors::market::package::PackageCommand;
use peerpack_actors::market::request::{Origin, RequestCommand};
use peerpack_actors::market::trip::TripCommand;
use peerpack_actors::ports::Store;
use peerpack_actors::unit::Unit;

use super::databases::{TestStore, on_both};
use super::world::{
    START, accept, after, command, load_package, load_trip, package_id, publish_package, publish_trip, ready,
    request_id, step, trip_id, user,
};

async fn named(store: &TestStore, id: UserId, telegram_id: i64, name: &str) {
    let profile =
        TelegramProfile { telegram_id, name: name.to_owned(), username: None, language: None, avatar: None };
    store.db.upsert_telegram_user(profile, id, START).await.expect("signed in");
}

on_both! {
    async fn a_sender_sees_their_packages_and_who_would_carry_them(store: &TestStore) {
        let (package, trip, request) = ready(&store.db, 10, 1_000).await;
        named(store, trip.courier, 7, "Борис").await;
        let newer = super::world::package(package.sender, 10);
        publish_package(&store.db, &newer).await;
        publish_package(&store.db, &super::world::package(user(), 10)).await;
        let seen = store.db.packages_of(package.sender, None, 10).await.expect("a list");
        let mut expected = vec![load_package(&store.db, package.id).await, newer.clone()];
        expected.sort_by_key(|package| std::cmp::Reverse(package.id));
        assert_eq!(seen.packages, expected);
        assert_eq!(seen.people[&trip.courier].name, "Борис");
        assert_eq!(seen.people[&trip.courier].delivered, 0);
        let rest = store.db.packages_of(package.sender, Some(expected[0].id), 10).await.expect("a list");
        assert_eq!(rest.packages, expected[1..]);
        for request_command in [
            RequestCommand::Accept { by: trip.courier },
            RequestCommand::Deliver { by: trip.courier },
            RequestCommand::Confirm { by: package.sender },
        ] {
            command(&store.db, package.id, Some(&trip), &step(request, request_command), after(2))
                .await
                .expect("ok");
        }
        let seen = store.db.packages_of(package.sender, None, 10).await.expect("a list");
        assert_eq!(seen.people[&trip.courier].delivered, 1);
    }

    async fn what_is_over_makes_room_in_a_list_for_what_is_under_way(store: &TestStore) {
        let (old, trip, _) = ready(&store.db, 10, 1_000).await;
        for at in 1..=3 {
            let newer = super::world::package(old.sender, 10);
            publish_package(&store.db, &newer).await;
            let cancel = PackageCommand::Cancel { by: old.sender };
            command(&store.db, newer.id, None, &cancel, after(at)).await.expect("ok");
            let newer = super::world::trip(trip.courier, 1, 1);
            publish_trip(&store.db, &newer).await;
            let cancelled = newer.decide(&TripCommand::Cancel { by: trip.courier, on_board: 0 }, after(at)).expect("ok");
            store.db.commit(Unit::trip(&newer, &cancelled, Vec::new(), after(at))).await.expect("ok");
        }
        let packages = store.db.shown_packages_of(old.sender, 2).await.expect("a list").packages;
        assert!(packages.len() == 2 && packages[0].id > packages[1].id, "newest first");
        assert!(packages.iter().any(|package| package.id == old.id), "it waits");
        let trips = store.db.shown_trips_of(trip.courier, 2).await.expect("a list");
        assert!(trips.len() == 2 && trips.iter().any(|one| one.id == trip.id), "it is live");
    }

    async fn a_courier_sees_their_trips_and_what_is_asked_of_them(store: &TestStore) {
        let (package, trip, request) = ready(&store.db, 10, 1_000).await;
        named(store, package.sender, 8, "Анна").await;
        publish_trip(&store.db, &super::world::trip(user(), 1, 1)).await;
        assert_eq!(
            store.db.shown_trips_of(trip.courier, 10).await,
            Ok(vec![load_trip(&store.db, trip.id).await])
        );
        let seen = store.db.requests_of(trip.id, None, 10, Which::All).await.expect("a list");
        assert_eq!(seen.requests.len(), 1);
        assert_eq!(
            Some(&seen.requests[0].request),
            load_package(&store.db, package.id).await.request(request)
        );
        assert_eq!(seen.requests[0].description, package.draft.description);
        assert_eq!(seen.requests[0].pickup_address, package.draft.pickup.address);
        assert_eq!(seen.people[&package.sender].name, "Анна");
        let people = store.db.people(&[user(), package.sender]).await.expect("people");
        assert_eq!(people.into_keys().collect::<Vec<_>>(), [package.sender]);
    }

    async fn money_is_seen_where_it_lies(store: &TestStore) {
        let (package, trip, request) = ready(&store.db, 10, 1_000).await;
        let (sender, courier) = (package.sender, trip.courier);
        assert_eq!(store.db.balances(courier).await, Ok(Vec::new()));
        accept(&store.db, package.id, &trip, request).await.expect("claimed");
        let minor = package.draft.reward.minor;
        let balance = Balance { frozen_minor: minor, ..Balance::default() };
        assert_eq!(store.db.balances(courier).await, Ok(vec![balance]));
        let deliver = step(request, RequestCommand::Deliver { by: courier });
        command(&store.db, package.id, None, &deliver, after(3)).await.expect("delivered");
        let balance = Balance { pending_minor: minor, ..Balance::default() };
        assert_eq!(store.db.balances(courier).await, Ok(vec![balance]));
        command(
            &store.db,
            package.id,
            None,
            &step(request, RequestCommand::Confirm { by: sender }),
            after(4),
        )
        .await
        .expect("confirmed");
        let balance = Balance { available_minor: minor - minor / 10, ..Balance::default() };
        assert_eq!(store.db.balances(courier).await, Ok(vec![balance]));
        let steps = |transfers: Vec<peerpack::store::TransferRecord>| -> Vec<String> {
            transfers
                .iter()
                .map(|transfer| transfer.key.rsplit(':').next().expect("a step").to_owned())
                .collect()
        };
        let transfers = store.db.transfers_of(courier, None, 10).await.expect("transfers");
        assert_eq!(transfers[0].description, package.draft.description);
        assert_eq!(steps(transfers), ["release", "fee", "deliver", "hold"]);
        let transfers = store.db.transfers_of(sender, None, 10).await.expect("transfers");
        assert_eq!(steps(transfers), ["hold", "fund"]);
        let first = store.db.transfers_of(courier, None, 1).await.expect("transfers").remove(0);
        let rest = store.db.transfers_of(courier, Some((first.at, first.key)), 10).await.expect("transfers");
        assert_eq!(steps(rest), ["fee", "deliver", "hold"]);
    }

    async fn headers_say_whose_it_is(store: &TestStore) {
        let (package, trip, request) = ready(&store.db, 10, 1_000).await;
        let header = store.db.package_header(package.id).await.expect("an answer").expect("there");
        assert_eq!((header.sender, header.state.as_str(), header.version), (package.sender, "open", 2));
        let header = store.db.trip_header(trip.id).await.expect("an answer").expect("there");
        assert_eq!((header.courier, header.state.as_str(), header.version), (trip.courier, "active", 1));
        let header = store.db.request_header(request).await.expect("an answer").expect("there");
        assert_eq!((header.package, header.trip, header.origin), (package.id, trip.id, Origin::Engine));
        assert_eq!((header.sender, header.courier), (package.sender, trip.courier));
        assert_eq!(store.db.package_header(package_id()).await, Ok(None));
        assert_eq!(store.db.trip_header(trip_id()).await, Ok(None));
        assert_eq!(store.db.request_header(request_id()).await, Ok(None));
    }
}
