//! People, refresh tokens, and answers kept for repeated calls.

use futures_util::future::join_all;
use peerpack::store::{Begun, Call, RefreshToken, Role, Rotation, TelegramProfile};
use peerpack_actors::ids::UserId;
use peerpack_actors::time::{Span, Time};

use super::databases::{TestStore, on_both};
use super::world::{START, after, user};

fn anna() -> TelegramProfile {
    TelegramProfile {
        telegram_id: 279_058_397,
        name: "Анна".to_owned(),
        username: Some("anna".to_owned()),
        language: Some("ru".to_owned()),
        avatar: Some("https://t.me/a.svg".to_owned()),
    }
}

async fn signed_in(store: &TestStore) -> UserId {
    store.db.upsert_telegram_user(anna(), user(), START).await.expect("signed in").0.id
}

fn token(hash: &str, family: UserId, user: UserId) -> RefreshToken {
    let expires_at = after(600);
    RefreshToken { hash: hash.to_owned(), family: family.uuid(), user, created_at: START, expires_at }
}

async fn rotate(store: &TestStore, from: &str, to: &str, now: Time) -> Rotation {
    let (from, to) = (from.to_owned(), to.to_owned());
    store.db.rotate_refresh_token(from, to, after(900), Span::seconds(10), now).await.expect("an answer")
}

on_both! {
    async fn a_telegram_account_is_one_user_with_the_newest_profile(store: &TestStore) {
        let (first, is_new) = store.db.upsert_telegram_user(anna(), user(), START).await.expect("signed in");
        assert!(is_new);
        assert_eq!((first.name.as_str(), first.role, first.created_at), ("Анна", Role::User, START));
        let renamed = TelegramProfile { name: "Anna B".to_owned(), username: None, avatar: None, ..anna() };
        let (again, is_new) =
            store.db.upsert_telegram_user(renamed, user(), after(1)).await.expect("signed in");
        assert!(!is_new);
        assert_eq!((again.id, again.name.as_str(), again.username.as_ref()), (first.id, "Anna B", None));
        assert_eq!((again.avatar, again.created_at), (anna().avatar, START));
        assert_eq!(store.db.set_role(first.id, Role::Admin, after(2)).await, Ok(true));
        assert_eq!(store.db.set_role(user(), Role::Admin, after(2)).await, Ok(false));
        let found = store.db.user(first.id).await.expect("an answer").expect("there");
        assert_eq!((found.role, found.telegram_id), (Role::Admin, Some(279_058_397)));
        assert_eq!(store.db.user(user()).await, Ok(None));
        let several = store.db.users(&[user(), first.id]).await.expect("an answer");
        assert_eq!(several, [found]);
    }

    async fn many_first_sign_ins_at_once_make_one_user(store: &TestStore) {
        let all = join_all((0..20).map(|_| store.db.upsert_telegram_user(anna(), user(), START))).await;
        let all: Vec<_> = all.into_iter().map(|outcome| outcome.expect("signed in")).collect();
        assert_eq!(all.iter().filter(|(_, is_new)| *is_new).count(), 1);
        assert!(all.iter().all(|(user, _)| user.id == all[0].0.id));
    }

    async fn a_refresh_token_is_used_once(store: &TestStore) {
        let (anna, family) = (signed_in(store).await, user());
        store.db.add_refresh_token(token("a", family, anna)).await.expect("kept");
        let rotated = Rotation::Rotated { user: anna, family: family.uuid() };
        assert_eq!(rotate(store, "a", "b", after(1)).await, rotated);
        assert_eq!(rotate(store, "b", "c", after(2)).await, rotated);
        // A thief tries the first one.
        assert_eq!(rotate(store, "a", "x", after(3)).await, Rotation::Reused { user: anna });
        assert_eq!(rotate(store, "c", "d", after(4)).await, Rotation::Refused, "the whole family is revoked");
        assert_eq!(rotate(store, "unknown", "d", after(4)).await, Rotation::Refused);
    }

    async fn an_answer_lost_on_its_way_may_be_asked_for_again(store: &TestStore) {
        let (anna, family) = (signed_in(store).await, user());
        store.db.add_refresh_token(token("a", family, anna)).await.expect("kept");
        let rotated = Rotation::Rotated { user: anna, family: family.uuid() };
        assert_eq!(rotate(store, "a", "b", after(1)).await, rotated);
        assert_eq!(rotate(store, "a", "b", after(1) + Span::seconds(9)).await, rotated);
        assert_eq!(
            rotate(store, "a", "b", after(1) + Span::seconds(11)).await,
            Rotation::Reused { user: anna }
        );
    }

    async fn of_two_uses_at_once_one_is_the_second(store: &TestStore) {
        let (anna, family) = (signed_in(store).await, user());
        store.db.add_refresh_token(token("a", family, anna)).await.expect("kept");
        let names: Vec<String> = (0..10).map(|n| format!("b{n}")).collect();
        let all = join_all(names.iter().map(|name| rotate(store, "a", name, after(1)))).await;
        assert_eq!(
            all.iter().filter(|outcome| matches!(outcome, Rotation::Rotated { .. })).count(),
            1,
            "{all:?}"
        );
    }

    async fn an_expired_or_revoked_token_is_refused(store: &TestStore) {
        let (anna, family) = (signed_in(store).await, user());
        store.db.add_refresh_token(token("a", family, anna)).await.expect("kept");
        store.db.add_refresh_token(token("b", user(), anna)).await.expect("kept");
        store.db.revoke_refresh_family(family.uuid()).await.expect("revoked");
        assert_eq!(rotate(store, "a", "x", after(1)).await, Rotation::Refused);
        assert_eq!(rotate(store, "b", "x", after(600)).await, Rotation::Refused);
        assert_eq!(store.db.prune_refresh_tokens(after(601)).await, Ok(2));
    }

    async fn a_repeated_call_gets_the_first_answer(store: &TestStore) {
        let call = Call { user: user(), route: "POST /api/packages".to_owned(), key: "k1".to_owned() };
        let begin = |hash: &str, now| store.db.begin_call(call.clone(), hash.to_owned(), now);
        let Ok(Begun::Fresh(token)) = begin("h", START).await else { panic!("not fresh") };
        assert_eq!(begin("h", START).await, Ok(Begun::Running));
        assert_eq!(begin("other", START).await, Ok(Begun::OtherBody));
        assert_eq!(store.db.finish_call(&call, token, 201, "{\"ok\":true}").await, Ok(true));
        let answered = Begun::Answered { status: 201, response: "{\"ok\":true}".to_owned() };
        assert_eq!(begin("h", after(600)).await, Ok(answered));
        assert_eq!(store.db.finish_call(&call, token, 500, "{}").await, Ok(false), "the first answer stands");
        let elsewhere = Call { user: user(), ..call.clone() };
        assert!(matches!(store.db.begin_call(elsewhere, "h".to_owned(), START).await, Ok(Begun::Fresh(_))));
        assert_eq!(store.db.prune_calls(after(1)).await, Ok(2));
        assert!(matches!(begin("h", after(2)).await, Ok(Begun::Fresh(_))));
    }

    async fn an_error_gives_the_key_back_and_a_dead_claim_is_taken_over(store: &TestStore) {
        let call = Call { user: user(), route: "PUT /x".to_owned(), key: "k".to_owned() };
        let begin = |now| store.db.begin_call(call.clone(), "h".to_owned(), now);
        let Ok(Begun::Fresh(first)) = begin(START).await else { panic!("not fresh") };
        store.db.abandon_call(&call, first).await.expect("given back");
        let Ok(Begun::Fresh(second)) = begin(START).await else { panic!("not given back") };
        let Ok(Begun::Fresh(third)) = begin(after(1)).await else { panic!("not taken over") };
        assert_eq!(
            store.db.finish_call(&call, second, 200, "late").await,
            Ok(false),
            "the slow one is fenced off"
        );
        assert_eq!(store.db.finish_call(&call, third, 200, "in time").await, Ok(true));
    }

    async fn of_many_calls_with_one_key_at_once_one_is_fresh(store: &TestStore) {
        let call = Call { user: user(), route: "PUT /x".to_owned(), key: "k".to_owned() };
        let all = join_all((0..20).map(|_| store.db.begin_call(call.clone(), "h".to_owned(), START))).await;
        let fresh = all.iter().filter(|begun| matches!(begun, Ok(Begun::Fresh(_)))).count();
        assert_eq!(fresh, 1, "{all:?}");
        assert_eq!(all.iter().filter(|begun| matches!(begun, Ok(Begun::Running))).count(), 19);
    }
}
