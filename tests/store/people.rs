//! People and refresh tokens.

use futures_util::future::join_all;
use peerpack::auth::Role;
use peerpack::store::{
    Asking, Change, CodeBudget, CodePlan, Deletion, RefreshToken, Rotation, TelegramProfile,
};
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

/// Begins a session.
async fn open(store: &TestStore, token: RefreshToken) {
    let opened = store.db.open_session(token, Role::User, String::new()).await;
    assert_eq!(opened, Ok(true));
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
        assert_eq!(store.db.set_role(first.id, Role::Admin, after(2)).await, Ok(Change::Made));
        assert_eq!(store.db.set_role(user(), Role::Admin, after(2)).await, Ok(Change::NobodyThere));
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
        open(store, token("a", family, anna)).await;
        let rotated = Rotation::Rotated { user: anna, family: family.uuid() };
        assert_eq!(rotate(store, "a", "b", after(1)).await, rotated);
        assert_eq!(rotate(store, "b", "c", after(1) + Span::seconds(1)).await, rotated);
        // A thief tries the first one. Even with its own successor, and soon: "b" has been used, so "a" is
        // not the token before the newest.
        assert_eq!(rotate(store, "a", "b", after(1) + Span::seconds(2)).await, Rotation::Reused { user: anna });
        assert_eq!(rotate(store, "c", "d", after(4)).await, Rotation::Refused, "the whole family is revoked");
        assert_eq!(rotate(store, "unknown", "d", after(4)).await, Rotation::Refused);
    }

    async fn an_answer_lost_on_its_way_may_be_asked_for_again(store: &TestStore) {
        let (anna, family) = (signed_in(store).await, user());
        open(store, token("a", family, anna)).await;
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
        open(store, token("a", family, anna)).await;
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
        open(store, token("a", family, anna)).await;
        open(store, token("b", user(), anna)).await;
        assert_eq!(store.db.revoke_session(anna, family.uuid(), START).await, Ok(true));
        assert_eq!(rotate(store, "a", "x", after(1)).await, Rotation::Refused);
        assert_eq!(rotate(store, "b", "x", after(600)).await, Rotation::Refused);
        assert_eq!(store.db.prune_refresh_tokens(after(601)).await, Ok(2));
    }

    async fn who_is_shut_out_at_this_moment_gets_no_session(store: &TestStore) {
        let anna = signed_in(store).await;
        assert_eq!(store.db.set_blocked(anna, true, after(1)).await, Ok(Change::Made));
        // The caller has looked before, and saw somebody who may come in.
        let late = store.db.open_session(token("a", user(), anna), Role::User, String::new()).await;
        assert_eq!(late, Ok(false));
        assert_eq!(store.db.set_blocked(anna, false, after(2)).await, Ok(Change::Made));
        assert_eq!(store.db.set_role(anna, Role::Admin, after(3)).await, Ok(Change::Made));
        let late = store.db.open_session(token("a", user(), anna), Role::User, String::new()).await;
        assert_eq!(late, Ok(false), "the token would name the old role");
        assert_eq!(store.db.sessions(anna, after(4)).await, Ok(Vec::new()));
    }

    async fn a_ban_and_sign_ins_at_once_leave_no_session(store: &TestStore) {
        let anna = signed_in(store).await;
        let names: Vec<String> = (0..20).map(|n| format!("t{n}")).collect();
        let sign_ins = join_all(names.iter().map(|name| {
            store.db.open_session(token(name, user(), anna), Role::User, String::new())
        }));
        let ban = store.db.set_blocked(anna, true, after(1));
        let (sign_ins, ban) = futures_util::future::join(sign_ins, ban).await;
        assert_eq!(ban, Ok(Change::Made));
        assert!(sign_ins.into_iter().all(|outcome| outcome.is_ok()));
        assert_eq!(store.db.sessions(anna, after(2)).await, Ok(Vec::new()));
        for name in names {
            assert_eq!(rotate(store, &name, "x", after(2)).await, Rotation::Refused);
        }
    }

    async fn who_comes_back_at_this_moment_is_not_erased(store: &TestStore) {
        let anna = signed_in(store).await;
        assert_eq!(store.db.delete_account(anna, START).await, Ok(Deletion::Begun));
        let erase = store.db.erase_accounts(after(1), after(1), 10);
        let erased = store.meanwhile("UPDATE users SET deleted_at = NULL", erase).await;
        assert_eq!(erased, Ok((0, Vec::new())));
        let found = store.db.user(anna).await.expect("an answer").expect("there");
        assert_eq!((found.name.as_str(), found.telegram_id), ("Анна", Some(279_058_397)));
        assert_eq!(store.db.delete_account(anna, after(2)).await, Ok(Deletion::Begun));
        assert_eq!(store.db.erase_accounts(after(1), after(3), 10).await, Ok((0, Vec::new())), "not so long ago");
        assert_eq!(store.db.erase_accounts(after(2), after(3), 10).await, Ok((1, Vec::new())));
        assert_eq!(store.db.erase_accounts(after(2), after(3), 10).await, Ok((0, Vec::new())), "once");
    }

    async fn of_many_codes_asked_for_at_once_only_as_many_are_sent_as_may_be(store: &TestStore) {
        let ask = |n: u32| {
            let asking = Asking {
                id: user().uuid(),
                phone: "+79990000001".to_owned(),
                country: "+7".to_owned(),
                asker: format!("192.0.2.{n}"),
                address: format!("192.0.2.{n}"),
                network: "192.0.2.0/24".to_owned(),
                is_known_device: false,
            };
            store.db.add_code(asking, Some(("hash".to_owned(), 6)), CodeBudget(1_000), START)
        };
        let outcomes = join_all((0..20).map(ask)).await;
        let sent = outcomes.iter().filter(|outcome| matches!(outcome, Ok(Some(CodePlan::Send { .. })))).count();
        let joined = outcomes.iter().filter(|outcome| matches!(outcome, Ok(Some(CodePlan::Join { .. })))).count();
        assert_eq!((sent, joined), (1, 19), "{outcomes:?}");
    }

    async fn x_101_fifty_addresses_leave_codes_for_everybody_else(store: &TestStore) {
        let mut phone = 0;
        let mut ask = async |network: u32, country: &str, known: Option<&str>, is_known_device: bool| {
            phone += 1;
            let asking = Asking {
                id: user().uuid(),
                phone: known.map_or_else(|| format!("{country}{phone:010}"), str::to_owned),
                country: country.to_owned(),
                asker: format!("198.51.{network}.1"),
                address: format!("198.51.{network}.1"),
                network: format!("198.51.{network}.0/24"),
                is_known_device,
            };
            let code = Some(("hash".to_owned(), 6));
            let plan = store.db.add_code(asking, code, CodeBudget(1_000), START).await.expect("an answer");
            matches!(plan, Some(CodePlan::Send { .. }))
        };
        let known = "+79990000001";
        let signed_in = store.db.upsert_phone_user(known.to_owned(), "Anna".to_owned(), user(), START).await;
        assert!(signed_in.expect("signed in").1);
        // Each asks for as many as it gets, for a number of its own each time.
        let mut sent = Vec::new();
        for network in 0..50 {
            let mut had = 0;
            while ask(network, "+998", None, false).await {
                had += 1;
            }
            sent.push(had);
        }
        assert_eq!((sent[0], sent.iter().max()), (19, Some(&19)), "{sent:?}");
        assert!(sent[49] < 6 && sent.iter().sum::<u32>() < 600, "{sent:?}");
        assert!(ask(100, "+7", None, false).await, "somebody new, of another country");

        // As many as there are: the open part is used up, the reserve is not for them.
        for network in 0..200 {
            while ask(network, "+7", None, false).await || ask(network, "+375", None, false).await {}
        }
        assert!(!ask(201, "+7", None, false).await, "{sent:?}");
        assert!(ask(201, "+7", Some(known), false).await, "who has signed in before");

        // Nor is what is kept for known devices for those who know many numbers.
        let (mut network, mut sent) = (300, 0);
        for n in 0..300 {
            let number = format!("+7888{n:07}");
            let anna = store.db.upsert_phone_user(number.clone(), "Anna".to_owned(), user(), START).await;
            assert!(anna.expect("signed in").1);
            match ask(network, "+7", Some(&number), false).await {
                true => sent += 1,
                false => network += 1,
            }
        }
        assert!((180..200).contains(&sent), "{sent}");
        let number = format!("+7888{:07}", 299);
        assert!(!ask(999, "+7", Some(&number), false).await, "a number alone");
        assert!(ask(999, "+7", Some(&number), true).await, "a device that is known");
    }

    async fn sessions_are_forgotten_after_they_have_ended(store: &TestStore) {
        let anna = signed_in(store).await;
        let (ended, over, open) = (user(), user(), user());
        self::open(store, token("ended", ended, anna)).await;
        self::open(store, token("over", over, anna)).await;
        let lasting = RefreshToken { expires_at: after(100_000), ..token("open", open, anna) };
        self::open(store, lasting).await;
        assert_eq!(store.db.revoke_session(anna, ended.uuid(), after(1)).await, Ok(true));
        assert_eq!(store.db.prune_sessions(START).await, Ok(0));
        assert_eq!(store.db.prune_sessions(after(2)).await, Ok(1), "the one that was ended");
        assert_eq!(store.db.prune_refresh_tokens(after(700)).await, Ok(2));
        assert_eq!(store.db.prune_sessions(after(2)).await, Ok(1), "the one that ran out");
        let left = store.db.sessions(anna, after(2)).await.expect("an answer");
        assert_eq!(left.iter().map(|session| session.id).collect::<Vec<_>>(), [open.uuid()]);
    }
}
