//! The versions of the platform's fees: one for each change, and what is there is never changed.

use peerpack::store::FeeVersion;
use peerpack_actors::money::fees::{Fee, Fees, Paid, PaymentTerms};

use super::databases::{TestStore, on_both};
use super::world::{after, load_package, package, publish_package, user};

fn fees(instant: u32, choose: u32) -> Fees {
    let fee = |bps| Fee { bps, minimum_minor: 700 };
    Fees { instant: fee(instant), choose: fee(choose) }
}

on_both! {
    async fn each_change_of_the_fees_is_a_version_and_the_same_fees_are_the_same_one(store: &TestStore) {
        let db = &store.db;
        assert_eq!(db.newest_fees().await.expect("an answer"), (0, None));
        let note = async |fees: Fees, minute: i64| db.note_fees(fees, after(minute)).await.expect("an answer");
        assert_eq!(note(fees(1_000, 500), 0).await, 1);
        assert_eq!(note(fees(1_000, 500), 1).await, 1, "a restart is no change");
        assert_eq!(note(fees(1_000, 300), 2).await, 2, "one kind is enough");
        assert_eq!(note(fees(1_000, 500), 3).await, 3, "back is a change, too");
        assert_eq!(db.newest_fees().await.expect("an answer"), (3, Some(fees(1_000, 500))));
        let listed = async |before, limit| db.fee_versions(before, limit).await.expect("an answer");
        let version = |number, choose, minute| FeeVersion { number, fees: fees(1_000, choose), since: after(minute) };
        let all = [version(3, 500, 3), version(2, 300, 2), version(1, 500, 0)];
        assert_eq!(listed(None, 9).await, all, "newest first");
        assert_eq!((listed(None, 2).await, listed(Some(2), 9).await), (all[..2].to_vec(), all[2..].to_vec()));
    }

    async fn nodes_that_start_together_with_other_fees_take_a_version_each(store: &TestStore) {
        let notes = (0..6).map(|n: u32| {
            let db = store.db.clone();
            async move { (n % 3, db.note_fees(fees(100 * (n % 3), 50), after(0)).await.expect("an answer")) }
        });
        let noted = futures_util::future::join_all(notes).await;
        for (of, version) in &noted {
            let others = noted.iter().filter(|(other, _)| other != of);
            assert!(*version > 0 && others.into_iter().all(|(_, other)| other != version), "{noted:?}");
        }
    }

    async fn a_package_keeps_its_fee_and_the_version_of_it(store: &TestStore) {
        let mut package = package(user(), 10);
        let fee = Fee { bps: 250, minimum_minor: 1_500 };
        package.terms.payment = PaymentTerms { paid: Paid::OnPublish, fee, version: 4 };
        package.draft.reward.minor = 0;
        publish_package(&store.db, &package).await;
        store.db.note_fees(fees(9_000, 9_000), after(1)).await.expect("an answer");
        assert_eq!(load_package(&store.db, package.id).await.terms.payment, package.terms.payment);
    }
}
