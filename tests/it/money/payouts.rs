//! Money on its way out: sealed details, limits, a second pair of eyes, and a pause after a change.

use peerpack::auth::Role;
use peerpack_actors::money::withdrawal::{PayoutRules, WithdrawalCommand};
use peerpack_actors::ports::CommitError;
use peerpack_actors::stream::StreamEvent;
use peerpack_actors::time::Span;
use reqwest::Method;
use serde_json::{Value, json};

use super::{adds_up, balance, must, refused, start};
use crate::support::{TestApp, TestUser, backends};

/// A courier who has earned 900.
async fn earner(app: &TestApp) -> TestUser {
    let (anna, ivan) = (app.sign_in("Анна").await, app.sign_in("Иван").await);
    let (_, request) = super::asked(&anna, &ivan, 1_000).await;
    for (who, step) in [(&ivan, "accept"), (&ivan, "mark-delivered"), (&anna, "confirm-delivery")] {
        who.step(&request, step).await;
    }
    ivan
}

async fn take_out(who: &TestUser, amount: i64, method: &str) -> String {
    let body = json!({ "amount": amount, "method": method });
    let taken = must(who, Method::POST, "/api/user/withdraw", Some(body)).await;
    taken["withdrawal_id"].as_str().unwrap().to_owned()
}

async fn waiting(admin: &TestUser, id: &str) -> Value {
    let queue = admin.get("/api/admin/withdrawals").await;
    let all = queue["withdrawals"].as_array().unwrap();
    all.iter().find(|one| one["id"] == id).cloned().unwrap_or_default()
}

#[actix_web::test]
async fn details_are_sealed_and_shown_by_their_end_alone() {
    for backend in backends() {
        let app = start(backend, &[]).await;
        let (ivan, admin) = (earner(&app).await, app.sign_in_with_role("Ольга", Role::Admin).await);
        let id = take_out(&ivan, 200, "4276 1600 0000 1234").await;
        let stored = app.app.database.withdrawal(id.parse().unwrap()).await.unwrap().unwrap();
        for readable in ["1600".to_owned(), hex::encode("1600")] {
            assert!(!format!("{stored:?}").contains(&readable), "{stored:?}");
        }
        assert_eq!(waiting(&admin, &id).await["method"], "•••• 1234");
        let own = ivan.get("/api/user/balance").await.to_string();
        assert!(own.contains("•••• 1234") && !own.contains("1600"), "{own}");
        let path = format!("/api/admin/withdrawals/{id}/details");
        assert_eq!(admin.get(&path).await["details"], "4276 1600 0000 1234");
        assert_eq!(ivan.call(Method::GET, &path, None).await.0.as_u16(), 403);
        let silent = format!("/api/admin/withdrawals/{id}/reject");
        assert_eq!(admin.post(&silent, json!({})).await.0.as_u16(), 400, "a decision has its reason");
        let reason = Some(json!({ "reason": "карта не читается" }));
        assert_eq!(must(&admin, Method::POST, &silent, reason).await["state"], "rejected");
        let stored = app.app.database.withdrawal(id.parse().unwrap()).await.unwrap().unwrap();
        assert_eq!(stored.note.as_deref(), Some("карта не читается"));
        let own = ivan.get("/api/user/balance").await["transactions"].as_array().unwrap().clone();
        let reasons: Vec<_> =
            own.iter().filter(|one| one["type"] == "withdrawal").map(|one| &one["reason"]).collect();
        assert_eq!(reasons, [&json!("карта не читается"); 2], "of what was to go out, and of its return");
        assert_eq!(balance(&ivan, "available").await, 900.0);
        adds_up(&ivan).await;
        let told = ivan.get("/api/user/notifications").await["notifications"][0].clone();
        assert_eq!(told["decline_reason"], "карта не читается", "{told}");
        app.audit().await;
    }
}

#[actix_web::test]
async fn its_owner_is_told_once_of_a_withdrawal_that_was_paid_or_rejected() {
    for backend in backends() {
        let app = start(backend, &[("PEERPACK_PAYOUT_SECOND_ABOVE_MINOR", "30000")]).await;
        let ivan = earner(&app).await;
        let (olga, petr) = (
            app.sign_in_with_role("Ольга", Role::Admin).await,
            app.sign_in_with_role("Пётр", Role::Admin).await,
        );
        let mut events = ivan.connect().await;
        let newest = async || ivan.get("/api/user/notifications").await["notifications"][0].clone();
        let (large, small) = (
            take_out(&ivan, 400, "4276 1600 0000 1234").await,
            take_out(&ivan, 200, "4276 1600 0000 1234").await,
        );
        let before = ivan.get("/api/user/notifications").await["unread_count"].as_u64().unwrap();
        let pay = format!("/api/admin/withdrawals/{large}/pay");
        must(&olga, Method::POST, &pay, Some(json!({ "reference": "заявка 5" }))).await;
        assert_ne!(newest().await["type"], "withdrawal_decided", "another operator has to agree");
        for (who, path, body, paid, step, title, message) in [
            (
                &petr,
                pay,
                json!({ "reference": "77" }),
                true,
                format!("{large}:hold"),
                "Деньги отправлены",
                "Вывод 400.00 ₽ выполнен. •••• 1234",
            ),
            (
                &olga,
                format!("/api/admin/withdrawals/{small}/reject"),
                json!({ "reason": "карта не читается" }),
                false,
                format!("{small}:return"),
                "Вывод отклонён",
                "200.00 ₽ снова в вашем кошельке. Причина: карта не читается",
            ),
        ] {
            // A second tap tells nothing anew.
            for _ in 0..2 {
                must(who, Method::POST, &path, Some(body.clone())).await;
            }
            let over = events
                .event("withdrawal.decided", |event| match event {
                    StreamEvent::WithdrawalDecided(over) if over.paid == paid => Some(over.clone()),
                    _ => None,
                })
                .await;
            assert!(step.starts_with(&over.withdrawal_id.to_string()), "{over:?}");
            let told = newest().await;
            assert_eq!((&told["type"], &told["title"]), (&json!("withdrawal_decided"), &json!(title)));
            assert_eq!((&told["message"], &told["action_url"]), (&json!(message), &json!("/wallet")));
            assert_eq!((&told["amount"], &told["transaction_id"]), (&json!(over.amount), &json!(step)));
        }
        assert_eq!(ivan.get("/api/user/notifications").await["unread_count"], before + 2);
        assert_eq!(balance(&ivan, "available").await, 500.0);
        app.audit().await;
    }
}

#[actix_web::test]
async fn new_details_wait_and_so_much_goes_out_in_a_day() {
    for backend in backends() {
        let app = start(backend, &[("PEERPACK_PAYOUT_DAILY_MINOR", "50000")]).await;
        let (ivan, admin) = (earner(&app).await, app.sign_in_with_role("Ольга", Role::Admin).await);
        let sent = json!({ "reference": "77" });
        let pay = |id: &str| format!("/api/admin/withdrawals/{id}/pay");
        let first = take_out(&ivan, 100, "4276 1600 0000 1234").await;
        assert_eq!(must(&admin, Method::POST, &pay(&first), Some(sent.clone())).await["state"], "paid");
        let same = take_out(&ivan, 100, "4276-1600-0000-1234").await;
        assert_eq!(must(&admin, Method::POST, &pay(&same), Some(sent.clone())).await["state"], "paid");
        let other = take_out(&ivan, 100, "+7 900 123-45-67").await;
        assert_eq!(refused(&admin, &pay(&other), sent.clone()).await, (409, "payout_waits".to_owned()));
        let from: jiff::Timestamp =
            waiting(&admin, &other).await["payable_from"].as_str().unwrap().parse().unwrap();
        let in_ms = from.as_millisecond() - app.app.clock.now().ms();
        assert!((Span::hours(23).ms()..=Span::hours(24).ms()).contains(&in_ms), "{in_ms}");
        let again = take_out(&ivan, 100, "+7 900 123-45-67").await;
        assert_eq!(refused(&admin, &pay(&again), sent.clone()).await.1, "payout_waits", "it is still new");
        let own = ivan.get("/api/user/balance").await["transactions"].as_array().unwrap().clone();
        let shown = |id: &str| own.iter().find(|one| one["id"].as_str().unwrap().starts_with(id)).unwrap();
        assert_eq!(shown(&other)["payable_from"], waiting(&admin, &other).await["payable_from"]);
        assert_eq!(shown(&same).get("payable_from"), None, "it was paid");
        // A place that was paid to is none the newer for another one that was tried in between.
        let back = take_out(&ivan, 100, "4276 1600 0000 1234").await;
        assert_eq!(must(&admin, Method::POST, &pay(&back), Some(sent)).await["state"], "paid");
        let more = json!({ "amount": 101, "method": "+7 900 123-45-67" });
        assert_eq!(refused(&ivan, "/api/user/withdraw", more).await, (409, "daily_limit".to_owned()));
        assert_eq!(balance(&ivan, "available").await, 400.0, "what is refused moves nothing");
        app.behind_its_back("UPDATE withdrawals SET payable_from = created_at + 1").await;
        let own = ivan.get("/api/user/balance").await.to_string();
        assert!(!own.contains("payable_from"), "an operator alone is waited for: {own}");
        app.audit().await;
    }
}

#[actix_web::test]
async fn a_large_withdrawal_needs_two_operators() {
    for backend in backends() {
        let app = start(backend, &[("PEERPACK_PAYOUT_SECOND_ABOVE_MINOR", "30000")]).await;
        let ivan = earner(&app).await;
        let (olga, petr) = (
            app.sign_in_with_role("Ольга", Role::Admin).await,
            app.sign_in_with_role("Пётр", Role::Admin).await,
        );
        let id = take_out(&ivan, 301, "4276 1600 0000 1234").await;
        assert_eq!(waiting(&olga, &id).await["needs_two"], true);
        let (pay, sent) = (format!("/api/admin/withdrawals/{id}/pay"), json!({ "reference": "77" }));
        let seen = Some(json!({ "reference": "заявка 5" }));
        assert_eq!(must(&olga, Method::POST, &pay, seen).await["state"], "approved");
        assert_eq!(waiting(&petr, &id).await["approved_by"], json!(olga.id));
        assert_eq!(refused(&olga, &pay, sent.clone()).await, (403, "wrong_party".to_owned()));
        for _ in 0..2 {
            assert_eq!(must(&petr, Method::POST, &pay, Some(sent.clone())).await["state"], "paid");
        }
        let decided = olga.get("/api/admin/withdrawals?decided=true").await["withdrawals"][0].clone();
        for (member, expected) in [
            ("id", &id),
            ("decision", &"paid".to_owned()),
            ("approved_by", &olga.id),
            ("approval_note", &"заявка 5".to_owned()),
            ("decided_by", &petr.id),
            ("note", &"77".to_owned()),
        ] {
            assert_eq!(decided[member], json!(expected), "{member}: {decided}");
        }
        let small = take_out(&ivan, 300, "4276 1600 0000 1234").await;
        let pay = format!("/api/admin/withdrawals/{small}/pay");
        assert_eq!(must(&olga, Method::POST, &pay, Some(sent)).await["state"], "paid");
        app.audit().await;
    }
}

#[actix_web::test]
async fn of_two_decisions_that_were_made_upon_the_same_copy_the_first_stands() {
    for backend in backends() {
        let app = start(backend, &[]).await;
        let ivan = earner(&app).await;
        let (olga, petr) = (
            app.sign_in_with_role("Ольга", Role::Admin).await,
            app.sign_in_with_role("Пётр", Role::Admin).await,
        );
        let id = take_out(&ivan, 300, "4276 1600 0000 1234").await.parse().unwrap();
        let database = &app.app.database;
        let copy = database.withdrawal(id).await.unwrap().unwrap();
        let (rules, now) = (PayoutRules::default(), app.app.clock.now());
        let decide =
            |command, by: &TestUser| copy.decide(command, by.id.parse().unwrap(), rules, now).unwrap();
        let paid = decide(WithdrawalCommand::Pay, &olga);
        let rejected = decide(WithdrawalCommand::Reject, &petr);
        database.move_withdrawal(copy.clone(), paid, "77".to_owned()).await.unwrap();
        let second = database.move_withdrawal(copy.clone(), rejected, "карта не читается".to_owned()).await;
        assert!(matches!(second, Err(CommitError::Conflict)), "{second:?}");
        assert_eq!(balance(&ivan, "available").await, 600.0, "the money does not come back");
        let stored = database.withdrawal(id).await.unwrap().unwrap();
        assert_eq!((stored.state.word(), stored.note.as_deref()), ("paid", Some("77")));
        app.audit().await;
    }
}
