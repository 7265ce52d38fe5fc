//! The answer to a call is kept with its effect, once.

use futures_util::future::join_all;
use peerpack::store::Kept;
use peerpack_actors::ids::UserId;
use peerpack_actors::ports::{CommitError, Store as _};
use peerpack_actors::receipt::{Call, Receipt};
use peerpack_actors::rejection::Rejection;
use peerpack_actors::unit::Unit;

use super::databases::{TestStore, on_both};
use super::world::{START, after, package, user};

fn receipt(by: UserId, key: &str, answer: &str) -> Receipt {
    let (route, key, digest) = ("POST packages".to_owned(), key.to_owned(), "abc".to_owned());
    Receipt { call: Call { by, route, key, digest }, status: 201, answer: answer.to_owned() }
}

on_both! {
    async fn an_answer_is_kept_with_its_effect_or_not_at_all(store: &TestStore) {
        let sender = user();
        let published = package(sender, 100);
        let kept = receipt(sender, "k", "{\"package_id\":1}");
        let mut unit = Unit::publish_package(published.clone());
        unit.receipt = Some(kept.clone());
        assert_eq!(store.db.kept_answer(&kept.call).await, Ok(None));
        store.db.commit(unit).await.expect("published");
        let answer = Kept::Answer { status: 201, answer: kept.answer.clone() };
        assert_eq!(store.db.kept_answer(&kept.call).await, Ok(Some(answer.clone())));

        // The same call with another package: nothing of it stays.
        let another = package(sender, 200);
        let mut unit = Unit::publish_package(another.clone());
        unit.receipt = Some(receipt(sender, "k", "{\"package_id\":2}"));
        let refused = store.db.commit(unit).await;
        assert_eq!(refused, Err(CommitError::Refused(Rejection::AnsweredBefore)));
        assert_eq!(store.db.package(another.id).await, Ok(None));
        assert_eq!(store.db.kept_answer(&kept.call).await, Ok(Some(answer)));

        let other = Call { digest: "other".to_owned(), ..kept.call.clone() };
        assert_eq!(store.db.kept_answer(&other).await, Ok(Some(Kept::OtherCall)));
        let elsewhere = Call { by: user(), ..kept.call.clone() };
        assert_eq!(store.db.kept_answer(&elsewhere).await, Ok(None));
        assert_eq!(store.db.prune_answers(START).await, Ok(0));
        assert_eq!(store.db.prune_answers(after(1)).await, Ok(1));
        assert_eq!(store.db.kept_answer(&kept.call).await, Ok(None));
        store.assert_clean().await;
    }

    async fn of_many_equal_calls_at_once_one_has_an_effect(store: &TestStore) {
        let sender = user();
        let units = (0..20).map(|n| {
            let mut unit = Unit::publish_package(package(sender, 100 + n));
            unit.receipt = Some(receipt(sender, "k", "{}"));
            store.db.commit(unit)
        });
        let outcomes = join_all(units).await;
        assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1, "{outcomes:?}");
        let before = |outcome: &&_| **outcome == Err(CommitError::Refused(Rejection::AnsweredBefore));
        assert_eq!(outcomes.iter().filter(before).count(), 19, "{outcomes:?}");
        assert_eq!(store.number("SELECT count(*) FROM packages").await, 1);
    }
}
