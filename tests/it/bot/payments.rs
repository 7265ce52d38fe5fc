//! F46, F47, X-94: money that people pay in Telegram.

use peerpack::auth::Role;
use peerpack::maintenance::payments;
use peerpack_actors::ids::PaymentId;
use peerpack_actors::money::payment::Method;
use peerpack_actors::money::reconcile::Listed;
use peerpack_actors::money::{Amount, Currency};
use peerpack_actors::runtime::RuntimeSettings;
use peerpack_actors::time::Span;
use reqwest::StatusCode;
use serde_json::{Value, json};

use super::telegram::Telegram;
use super::{Held, account, start_with, tell, typed};
use crate::support::{Backend, TestApp, TestUser, backends, eventually, fresh_postgres, promised};

/// Telegram waits ten seconds for leave to pay.
const ANSWERED_WITHIN_S: u64 = 8;

const PROVIDER_TOKEN: &str = "401643678:TEST:2a5c";

pub(super) async fn start(backend: Backend, telegram: &Telegram) -> TestApp {
    let settings = [("PEERPACK_PAYMENTS", "telegram"), ("PEERPACK_PAYMENT_TELEGRAM_TOKEN", PROVIDER_TOKEN)];
    start_with(backend, telegram, &settings).await
}

/// Somebody asks for an invoice; answers with the payment.
async fn invoice(user: &TestUser, amount: f64) -> Value {
    let body = json!({ "purpose": "top_up", "amount": amount, "method": "telegram" });
    let (status, payment) = user.post_patiently("/api/payments", body).await;
    assert_eq!(status, StatusCode::CREATED, "{payment}");
    payment
}

fn query(update_id: i64, user: &TestUser, payment: &Value, minor: i64) -> Value {
    json!({ "update_id": update_id, "pre_checkout_query": {
        "id": format!("checkout-{update_id}"), "from": account(user), "currency": "RUB",
        "total_amount": minor, "invoice_payload": payment["payment_id"],
    }})
}

/// Telegram says that somebody has paid.
pub(super) fn money(update_id: i64, user: &TestUser, payment: &Value, charge: &str, minor: i64) -> Value {
    let mut update = typed(update_id, user, "");
    update["message"]["successful_payment"] = json!({
        "currency": "RUB", "total_amount": minor, "invoice_payload": payment["payment_id"],
        "telegram_payment_charge_id": charge, "provider_payment_charge_id": format!("p-{charge}"),
    });
    update
}

/// Whether the bot has let somebody pay.
async fn allowed(telegram: &Telegram, update_id: i64) -> bool {
    let id = format!("checkout-{update_id}");
    eventually("an answer to the checkout", async || {
        let calls = telegram.calls_of("answerPreCheckoutQuery");
        let answer = calls.into_iter().find(|call| call.body["pre_checkout_query_id"] == id.as_str())?;
        let is_allowed = answer.body["ok"].as_bool().unwrap();
        assert_eq!(answer.body.get("error_message").is_none(), is_allowed, "{:?}", answer.body);
        Some(is_allowed)
    })
    .await
}

async fn available(user: &TestUser) -> f64 {
    user.get("/api/user/balance").await["balance"]["available"].as_f64().unwrap()
}

pub(super) async fn until_available(user: &TestUser, amount: f64) {
    eventually(&format!("{amount} in the wallet"), async || {
        let has = available(user).await;
        ((has - amount).abs() < 0.001).then_some(())
    })
    .await;
}

#[actix_web::test]
async fn money_paid_in_telegram_is_in_the_wallet_and_pays_for_a_package() {
    for backend in backends() {
        let telegram = Telegram::start();
        let app = start(backend, &telegram).await;
        let anna = app.sign_in("Анна").await;
        let payment = invoice(&anna, 500.0).await;
        assert_eq!(payment["status"], "pending");
        assert!(payment["invoice_url"].as_str().unwrap().starts_with("https://t.me/"), "{payment}");
        let bill = &telegram.calls_of("createInvoiceLink")[0].body;
        assert_eq!(bill["prices"][0]["amount"], 50_000);
        assert_eq!((&bill["currency"], &bill["provider_token"]), (&json!("RUB"), &json!(PROVIDER_TOKEN)));
        assert!(bill["title"].as_str().unwrap().chars().count() <= 32);
        assert_eq!(tell(&app, &query(1, &anna, &payment, 50_000)).await, StatusCode::OK);
        assert!(allowed(&telegram, 1).await);
        assert_eq!(tell(&app, &money(2, &anna, &payment, "c1", 50_000)).await, StatusCode::OK);
        until_available(&anna, 500.0).await;
        let path = format!("/api/payments/{}", payment["payment_id"].as_str().unwrap());
        assert_eq!(anna.get(&path).await["status"], "succeeded");
        app.audit().await;
    }
}

#[actix_web::test]
async fn a_charge_is_found_by_the_number_that_the_acquirer_behind_telegram_knows() {
    for backend in backends() {
        let telegram = Telegram::start();
        let app = start(backend, &telegram).await;
        let (anna, admin) = (app.sign_in("Анна").await, app.sign_in_with_role("Ольга", Role::Admin).await);
        let payment = invoice(&anna, 500.0).await;
        assert_eq!(tell(&app, &money(40, &anna, &payment, "c1", 50_000)).await, StatusCode::OK);
        until_available(&anna, 500.0).await;
        let (database, now) = (&app.app.database, app.app.clock.now());
        // In a time in which the charge has to be listed, and in one that begins after it.
        let (around, later) =
            ((now - Span::days(1), now + Span::hours(1)), (now + Span::days(5), now + Span::days(9)));
        for (number, of) in [("c1", around), ("p-c1", around), ("c1", later), ("p-c1", later)] {
            let listed = Listed {
                charge_id: number.to_owned(),
                amount: Amount::new(50_000, Currency::Rub),
                refunded_minor: 0,
                charged_back_minor: 0,
            };
            let found = payments::reconcile(database, Method::Telegram, &[listed], of, of.1).await.unwrap();
            assert_eq!((found.compared, found.differences), (1, 0), "{number}: {:?}", found.examples);
        }
        for number in ["c1", "p-c1"] {
            let found =
                admin.get(&format!("/api/admin/payments?reference={number}")).await["payments"][0].clone();
            assert_eq!(found["payment_id"], payment["payment_id"], "{number}");
            let charge = &found["charges"][0];
            let numbers = (&charge["charge_id"], &charge["provider_charge_id"]);
            assert_eq!(numbers, (&json!("c1"), &json!("p-c1")));
        }
        let path = format!("/api/admin/payments/{}/refund", payment["payment_id"].as_str().unwrap());
        let back = |charge: &str| json!({ "amount": 100, "charge_id": charge, "reason": "вернули на карту" });
        let (status, unknown) = admin.post(&path, back("p-c2")).await;
        assert_eq!((status, &unknown["code"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!("invalid")));
        let (status, refunded) = admin.post_patiently(&path, back("p-c1")).await;
        assert_eq!((status, &refunded["refunded"]), (StatusCode::OK, &json!(100.0)), "{refunded}");
        app.audit().await;
    }
}

/// F46: what Telegram says of money comes twice, late, and twice for one invoice.
#[actix_web::test]
async fn f46_money_is_credited_once_for_each_charge_however_often_and_late_it_is_said() {
    for backend in backends() {
        let telegram = Telegram::start();
        let app = start(backend, &telegram).await;
        let anna = app.sign_in("Анна").await;
        let payment = invoice(&anna, 100.0).await;
        // The same update twice, and the same charge in another update.
        for id in [10, 10, 11] {
            assert_eq!(tell(&app, &money(id, &anna, &payment, "c1", 10_000)).await, StatusCode::OK);
        }
        until_available(&anna, 100.0).await;
        // One invoice, paid a second time: it is money, and hers.
        assert_eq!(tell(&app, &money(12, &anna, &payment, "c2", 10_000)).await, StatusCode::OK);
        until_available(&anna, 200.0).await;
        // It is not asked for any more.
        assert_eq!(tell(&app, &query(13, &anna, &payment, 10_000)).await, StatusCode::OK);
        assert!(!allowed(&telegram, 13).await);
        app.audit().await;
    }
}

/// payload, amount, currency and person have to agree.
#[actix_web::test]
async fn x_94_money_that_does_not_agree_with_its_invoice_is_not_credited_and_not_forgotten() {
    for backend in backends() {
        let telegram = Telegram::start();
        let app = start(backend, &telegram).await;
        let (anna, boris) = (app.sign_in("Анна").await, app.sign_in("Борис").await);
        let payment = invoice(&anna, 100.0).await;
        let stranger = json!({ "payment_id": PaymentId::from(uuid::Uuid::from_u128(7)).to_string() });
        let mut dollars = query(23, &anna, &payment, 10_000);
        dollars["pre_checkout_query"]["currency"] = json!("USD");
        for (id, update) in [
            (20, query(20, &anna, &payment, 1)),
            (21, query(21, &boris, &payment, 10_000)),
            (22, query(22, &anna, &stranger, 10_000)),
            (23, dollars),
        ] {
            assert_eq!(tell(&app, &update).await, StatusCode::OK);
            assert!(!allowed(&telegram, id).await, "{update}");
        }
        let mut dollars = money(33, &anna, &payment, "d", 10_000);
        dollars["message"]["successful_payment"]["currency"] = json!("USD");
        // In a group somebody else could have written it.
        let mut in_a_group = money(36, &anna, &payment, "f", 10_000);
        in_a_group["message"]["chat"] = json!({ "id": -100_500, "type": "group" });
        let mut in_another_chat = money(37, &anna, &payment, "g", 10_000);
        in_another_chat["message"]["chat"]["id"] = json!(boris.telegram());
        for update in [
            in_a_group,
            in_another_chat,
            money(30, &anna, &payment, "a", 1),
            money(31, &boris, &payment, "b", 10_000),
            money(32, &anna, &stranger, "c", 10_000),
            dollars,
        ] {
            assert_eq!(tell(&app, &update).await, StatusCode::OK);
        }
        // What agrees is credited beside all that.
        assert_eq!(tell(&app, &money(34, &anna, &payment, "e", 10_000)).await, StatusCode::OK);
        until_available(&anna, 100.0).await;
        // What comes after them is answered after them: by then all of them were looked at.
        assert_eq!(tell(&app, &typed(35, &anna, "/help")).await, StatusCode::OK);
        telegram.until_calls(anna.telegram(), 1).await;
        let id = payment["payment_id"].as_str().unwrap().parse().unwrap();
        let file = app.app.database.payment(id).await.unwrap().unwrap();
        let charges: Vec<_> = file.charges.iter().map(|charge| charge.reference.as_str()).collect();
        assert_eq!(charges, ["e"]);
        assert!((available(&anna).await - 100.0).abs() < 0.001 && available(&boris).await.abs() < 0.001);
    }
}

/// An invoice of the bot can be opened for as long as its message is there.
#[actix_web::test]
async fn nobody_may_pay_when_the_time_of_a_payment_is_over() {
    for backend in backends() {
        let telegram = Telegram::start();
        let app = start(backend, &telegram).await;
        let anna = app.sign_in("Анна").await;
        let payment = invoice(&anna, 100.0).await;
        app.behind_its_back("UPDATE payments SET expires_at = created_at").await;
        assert_eq!(tell(&app, &query(50, &anna, &payment, 10_000)).await, StatusCode::OK);
        assert!(!allowed(&telegram, 50).await);
        // What was paid all the same is money.
        assert_eq!(tell(&app, &money(51, &anna, &payment, "c1", 10_000)).await, StatusCode::OK);
        until_available(&anna, 100.0).await;
        app.audit().await;
    }
}

/// F47: who is about to pay waits behind nothing.
#[actix_web::test]
async fn f47_leave_to_pay_is_given_while_messages_hang() {
    use super::telegram::Manner;
    let telegram = Telegram::start();
    let app = start(Backend::Sqlite, &telegram).await;
    let anna = app.sign_in("Анна").await;
    let payment = invoice(&anna, 100.0).await;
    telegram.next(anna.telegram(), &[Manner::DoesItAndHangs; 64]);
    for id in 100..164 {
        assert_eq!(tell(&app, &typed(id, &anna, "/help")).await, StatusCode::OK);
    }
    telegram.until_calls(anna.telegram(), 8).await;
    let asked = async {
        assert_eq!(tell(&app, &query(200, &anna, &payment, 10_000)).await, StatusCode::OK);
        assert!(allowed(&telegram, 200).await);
    };
    tokio::time::timeout(promised(ANSWERED_WITHIN_S), asked).await.expect("an answer in time");
}

/// F47: where the database does not answer in time, nobody pays, and Telegram hears so in time.
#[actix_web::test]
async fn f47_nobody_may_pay_while_the_database_is_slow_and_telegram_hears_so_in_time() {
    use sqlx::{Connection as _, Executor as _};
    let telegram = Telegram::start();
    let url = crate::support::fresh_postgres().await;
    let mut settings = telegram.settings("webhook");
    settings.extend([("PEERPACK_PAYMENTS", "telegram"), ("PEERPACK_PAYMENT_TELEGRAM_TOKEN", PROVIDER_TOKEN)]);
    let data = tempfile::tempdir().unwrap();
    let app = TestApp::start_on(data, Some(url.clone()), &settings, RuntimeSettings::default()).await;
    let anna = app.sign_in("Анна").await;
    let payment = invoice(&anna, 100.0).await;
    let mut other = sqlx::PgConnection::connect(&url).await.unwrap();
    other.execute("BEGIN; LOCK TABLE payments IN ACCESS EXCLUSIVE MODE").await.unwrap();
    let asked = async {
        assert_eq!(tell(&app, &query(300, &anna, &payment, 10_000)).await, StatusCode::OK);
        assert!(!allowed(&telegram, 300).await);
    };
    tokio::time::timeout(promised(ANSWERED_WITHIN_S), asked).await.expect("an answer in time");
    other.execute("ROLLBACK").await.unwrap();
    assert_eq!(tell(&app, &query(301, &anna, &payment, 10_000)).await, StatusCode::OK);
    assert!(allowed(&telegram, 301).await, "and then they may");
}

/// F47: a bot that asks for updates goes on asking while the database can keep none.
#[actix_web::test]
async fn f47_a_bot_that_polls_answers_who_is_about_to_pay_while_nothing_can_be_kept() {
    for backend in backends() {
        let telegram = Telegram::start();
        let url = match backend {
            Backend::Sqlite => None,
            Backend::Postgres => Some(fresh_postgres().await),
        };
        let mut settings = telegram.settings("polling");
        settings
            .extend([("PEERPACK_PAYMENTS", "telegram"), ("PEERPACK_PAYMENT_TELEGRAM_TOKEN", PROVIDER_TOKEN)]);
        let data = tempfile::tempdir().unwrap();
        let app = TestApp::start_on(data, url.clone(), &settings, RuntimeSettings::default()).await;
        let anna = app.sign_in("Анна").await;
        let payment = invoice(&anna, 100.0).await;
        telegram.says(typed(400, &anna, "/help"));
        telegram.until(anna.telegram(), "/paysupport").await;

        let held = Held::hold(&app, url.as_deref()).await;
        // What comes with the first one cannot be kept; the second one is asked for after that.
        for id in [401, 402] {
            telegram.says(query(id, &anna, &payment, 10_000));
            let asked = allowed(&telegram, id);
            assert!(
                tokio::time::timeout(promised(ANSWERED_WITHIN_S), asked).await.expect("an answer in time")
            );
        }
        held.release().await;
        telegram.says(typed(403, &anna, "/terms"));
        telegram.until(anna.telegram(), "Отправитель отвечает").await;
    }
}
