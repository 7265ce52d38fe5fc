//! Telegram Stars: a mark in lists is paid for with them, and nothing else is.

use std::sync::atomic::{AtomicI64, Ordering};

use peerpack::auth::Role;
use peerpack::maintenance::payments;
use peerpack_actors::time::Span;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::telegram::{Manner, Telegram};
use super::{account, start_with, tell, typed};
use crate::support::{Backend, TestApp, TestUser, backends, eventually};

pub(super) async fn start(backend: Backend, telegram: &Telegram) -> TestApp {
    start_with(backend, telegram, &[("PEERPACK_PAYMENTS", "off,stars")]).await
}

/// Somebody asks for a mark beside a trip; answers with the payment.
pub(super) async fn highlight(user: &TestUser, trip: &str) -> Value {
    let (status, payment) = user.post_patiently("/api/highlights", json!({ "trip_id": trip })).await;
    assert_eq!(status, StatusCode::CREATED, "{payment}");
    payment
}

pub(super) fn id_of(payment: &Value) -> &str {
    payment["payment_id"].as_str().unwrap()
}

/// Telegram asks whether somebody may pay; answers whether.
async fn asks(app: &TestApp, telegram: &Telegram, update_id: i64, user: &TestUser, payment: &Value) -> bool {
    asks_for(app, telegram, update_id, (user, id_of(payment)), (50, "XTR")).await
}

async fn asks_for(
    app: &TestApp,
    telegram: &Telegram,
    update_id: i64,
    (user, payload): (&TestUser, &str),
    (amount, currency): (i64, &str),
) -> bool {
    let id = format!("checkout-{update_id}");
    let query = json!({ "update_id": update_id, "pre_checkout_query": {
        "id": id, "from": account(user), "currency": currency, "total_amount": amount,
        "invoice_payload": payload,
    }});
    assert_eq!(tell(app, &query).await, StatusCode::OK);
    eventually("an answer to the checkout", async || {
        let calls = telegram.calls_of("answerPreCheckoutQuery");
        let answer = calls.into_iter().find(|call| call.body["pre_checkout_query_id"] == id.as_str())?;
        answer.body["ok"].as_bool()
    })
    .await
}

/// What Telegram says when somebody has paid.
fn paid(update_id: i64, user: &TestUser, payment: &Value, charge: &str) -> Value {
    let mut update = typed(update_id, user, "");
    update["message"]["successful_payment"] = json!({
        "currency": "XTR", "total_amount": 50, "invoice_payload": id_of(payment),
        "telegram_payment_charge_id": charge, "provider_payment_charge_id": "",
    });
    update
}

/// Somebody pays, and Telegram says so.
pub(super) async fn pays(
    app: &TestApp,
    telegram: &Telegram,
    update_id: i64,
    user: &TestUser,
    (payment, charge): (&Value, &str),
) {
    telegram.takes_stars(user.telegram(), id_of(payment), charge, 50);
    assert_eq!(tell(app, &paid(update_id, user, payment, charge)).await, StatusCode::OK);
}

pub(super) async fn until_status(user: &TestUser, payment: &Value, status: &str) -> Value {
    eventually(&format!("a payment that is {status}"), async || {
        let now = user.get(&format!("/api/payments/{}", id_of(payment))).await;
        (now["status"] == status).then_some(now)
    })
    .await
}

/// Until when a trip is marked, if it is.
async fn marked(user: &TestUser, trip: &str) -> Option<i64> {
    let until = user.get(&format!("/api/trips/{trip}")).await["highlighted_until"].as_str()?.to_owned();
    let until: jiff::Timestamp = until.parse().unwrap();
    Some(until.as_millisecond())
}

/// Hours from now until a trip loses its mark, rounded.
async fn hours_left(app: &TestApp, user: &TestUser, trip: &str) -> Option<i64> {
    let until = marked(user, trip).await?;
    Some((until - app.app.clock.now().ms() + 1_800_000) / 3_600_000)
}

/// Asks Telegram what became of whatever nobody knows, as the rounds of a node do later.
pub(super) async fn look(app: &TestApp) {
    // Each time later than the longest pause after the time before.
    static HOURS: AtomicI64 = AtomicI64::new(0);
    let hours = HOURS.fetch_add(2, Ordering::Relaxed) + 2;
    payments::look(&app.app, app.app.clock.now() + Span::hours(hours)).await.unwrap();
}

/// The trips of a search, in order, and which of them bear a mark.
async fn found(user: &TestUser) -> Vec<(String, bool)> {
    let found = user.get("/api/couriers?from=Орёл&to=Курск").await;
    let couriers = found["couriers"].as_array().unwrap().clone();
    let one = |courier: &Value| {
        (courier["trip_id"].as_str().unwrap().to_owned(), courier.get("highlighted_until").is_some())
    };
    couriers.iter().map(one).collect()
}

#[actix_web::test]
async fn a_trip_that_is_highlighted_bears_a_mark_and_is_found_where_it_was() {
    for backend in backends() {
        let telegram = Telegram::start();
        let app = start(backend, &telegram).await;
        let (ivan, anna) = (app.sign_in("Иван").await, app.sign_in("Анна").await);
        ivan.publish_trip("Орёл", "Курск", json!({})).await;
        let trip = ivan.publish_trip("Орёл", "Курск", json!({ "time": "12:00 → 23:00" })).await;
        let before = found(&anna).await;
        let dry = json!({ "from": "Орёл", "to": "Курск", "description": "Торт", "reward": 500 });
        let (_, judged) = anna.post("/api/packages/dry-run", dry.clone()).await;
        let terms = anna.get("/api/money/terms").await;
        assert_eq!(
            (&terms["highlight"], &terms["methods"]),
            (&json!({ "stars": 50, "hours": 72 }), &json!([]))
        );

        let payment = highlight(&ivan, &trip).await;
        let seen = (&payment["amount"], &payment["currency"], &payment["purpose"], &payment["trip_id"]);
        assert_eq!(seen, (&json!(50.0), &json!("XTR"), &json!("highlight"), &json!(trip)));
        assert!(payment["invoice_url"].as_str().unwrap().starts_with("https://t.me/"), "{payment}");
        let bill = &telegram.calls_of("createInvoiceLink")[0].body;
        assert_eq!((&bill["currency"], &bill["provider_token"]), (&json!("XTR"), &json!("")));
        assert_eq!(bill["prices"].as_array().unwrap().len(), 1);
        assert_eq!(bill["prices"][0]["amount"], 50);
        assert!(asks(&app, &telegram, 1, &ivan, &payment).await);
        assert_eq!(marked(&anna, &trip).await, None, "nothing is paid yet");
        pays(&app, &telegram, 2, &ivan, (&payment, "c1")).await;
        until_status(&ivan, &payment, "succeeded").await;

        assert_eq!(hours_left(&app, &anna, &trip).await, Some(72));
        let after = found(&anna).await;
        assert_eq!(
            before.iter().map(|one| &one.0).collect::<Vec<_>>(),
            after.iter().map(|one| &one.0).collect::<Vec<_>>()
        );
        assert!(after.iter().all(|(id, is_marked)| *is_marked == (*id == trip)), "{after:?}");
        assert_eq!(
            anna.post("/api/packages/dry-run", dry).await.1,
            judged,
            "the matching knows nothing of it"
        );
        // Stars are the platform's, and lie in no wallet.
        let entries = app.sign_in_with_role("Ада", Role::Admin).await;
        let entries = entries.get(&format!("/api/admin/ledger?payment={}", id_of(&payment))).await;
        let entry = &entries["entries"][0];
        assert_eq!((&entry["from"], &entry["to"]), (&json!("stars_provider"), &json!("platform")));
        assert_eq!((&entry["amount"], &entry["currency"]), (&json!(50.0), &json!("XTR")));
        assert_eq!(ivan.get("/api/user/balance").await["balance"]["available"], 0.0);
        app.audit().await;
    }
}

#[actix_web::test]
async fn a_package_whose_couriers_respond_bears_a_mark_where_they_look_for_it() {
    let telegram = Telegram::start();
    let app = start(Backend::Sqlite, &telegram).await;
    let (anna, ivan) = (app.sign_in("Анна").await, app.sign_in("Иван").await);
    let instant = anna.publish_package("Орёл", "Курск", json!({})).await;
    let package = anna.publish_package("Орёл", "Курск", json!({ "mode": "choose" })).await;
    let (status, refused) = anna.post("/api/highlights", json!({ "package_id": instant })).await;
    assert_eq!((status.as_u16(), &refused["code"]), (409, &json!("not_in_lists")), "no list has it");
    let (_, payment) = anna.post("/api/highlights", json!({ "package_id": package })).await;
    pays(&app, &telegram, 1, &anna, (&payment, "c1")).await;
    until_status(&anna, &payment, "succeeded").await;
    let found = ivan.get("/api/packages?from=Орёл&to=Курск").await;
    assert!(found["packages"][0]["highlighted_until"].is_string(), "{found}");
    assert!(anna.get(&format!("/api/packages/{package}")).await["highlighted_until"].is_string());
    app.audit().await;
}

/// What cannot be highlighted, and what stars cannot pay for.
#[actix_web::test]
async fn stars_pay_for_ones_own_live_things_and_for_no_reward() {
    let telegram = Telegram::start();
    let app = start(Backend::Sqlite, &telegram).await;
    let (ivan, anna) = (app.sign_in("Иван").await, app.sign_in("Анна").await);
    let trip = ivan.publish_trip("Орёл", "Курск", json!({})).await;
    let over = ivan.publish_trip("Орёл", "Курск", json!({})).await;
    ivan.put(&format!("/api/trips/{over}/cancel")).await;
    for (who, path, body, expected) in [
        (&anna, "/api/highlights", json!({ "trip_id": trip }), (404, "not_found")),
        (&ivan, "/api/highlights", json!({ "trip_id": over }), (409, "not_in_lists")),
        (&ivan, "/api/highlights", json!({}), (422, "invalid")),
        (&ivan, "/api/highlights", json!({ "trip_id": trip, "package_id": trip }), (422, "invalid")),
        (
            &ivan,
            "/api/payments",
            json!({ "purpose": "top_up", "amount": 50, "method": "stars" }),
            (409, "no_payment_method"),
        ),
        (&ivan, "/api/payments", json!({ "purpose": "highlight", "amount": 50 }), (422, "invalid")),
    ] {
        let (status, refused) = who.post(path, body.clone()).await;
        assert_eq!(
            (status.as_u16(), &refused["code"]),
            (expected.0, &json!(expected.1)),
            "{body}: {refused}"
        );
    }
    assert!(telegram.calls_of("createInvoiceLink").is_empty());
    let money = [("PEERPACK_PAYMENTS", "manual,stars"), ("PEERPACK_PAYMENT_INSTRUCTIONS", "Счёт 40702")];
    let both = start_with(Backend::Sqlite, &telegram, &money).await;
    let stars = json!({ "purpose": "top_up", "amount": 50, "method": "stars" });
    let (status, refused) = both.sign_in("Иван").await.post("/api/payments", stars).await;
    assert_eq!((status.as_u16(), &refused["code"]), (409, &json!("no_payment_method")), "beside money, too");
    let plain = super::start(Backend::Sqlite, &telegram).await;
    let ivan = plain.sign_in("Иван").await;
    let trip = ivan.publish_trip("Орёл", "Курск", json!({})).await;
    let (status, refused) = ivan.post("/api/highlights", json!({ "trip_id": trip })).await;
    assert_eq!((status.as_u16(), &refused["code"]), (409, &json!("no_payment_method")), "without stars");
}

/// F46: what Telegram says of stars comes twice, late, and twice for one invoice: each charge buys a period.
#[actix_web::test]
async fn f46_each_charge_of_stars_buys_one_period_however_often_it_is_said() {
    for backend in backends() {
        let telegram = Telegram::start();
        let app = start(backend, &telegram).await;
        let ivan = app.sign_in("Иван").await;
        let trip = ivan.publish_trip("Орёл", "Курск", json!({})).await;
        let payment = highlight(&ivan, &trip).await;
        telegram.takes_stars(ivan.telegram(), id_of(&payment), "c1", 50);
        for id in [10, 10, 11] {
            assert_eq!(tell(&app, &paid(id, &ivan, &payment, "c1")).await, StatusCode::OK);
        }
        until_status(&ivan, &payment, "succeeded").await;
        // What comes after them is answered after them: by then all of them were looked at.
        assert_eq!(tell(&app, &typed(12, &ivan, "/help")).await, StatusCode::OK);
        telegram.until_calls(ivan.telegram(), 1).await;
        assert_eq!(hours_left(&app, &ivan, &trip).await, Some(72));
        assert!(!asks(&app, &telegram, 13, &ivan, &payment).await, "it was paid");
        // Two invoices of one trip, paid at once, and one of them twice.
        let second = highlight(&ivan, &trip).await;
        let told = [paid(14, &ivan, &second, "c2"), paid(15, &ivan, &second, "c3")];
        for (charge, update) in ["c2", "c3"].into_iter().zip(&told) {
            telegram.takes_stars(ivan.telegram(), id_of(&second), charge, 50);
            assert_eq!(tell(&app, update).await, StatusCode::OK);
        }
        eventually("three periods in a row", async || {
            let until = app.app.database.payment(id_of(&second).parse().unwrap()).await.unwrap().unwrap();
            (until.charges.len() == 2).then_some(())
        })
        .await;
        assert_eq!(hours_of(&app, &trip).await, 3 * 72);
        app.audit().await;
    }
}

/// How many hours of a mark a trip has been bought in all.
async fn hours_of(app: &TestApp, trip: &str) -> i64 {
    let id: peerpack_actors::ids::TripId = trip.parse().unwrap();
    let now = app.app.clock.now();
    // At the end of each period the next one goes on.
    let mut until = now;
    while let Some(next) = app.app.database.highlights(&[id.uuid()], until).await.unwrap().get(&id.uuid()) {
        until = *next;
    }
    (until.ms() - now.ms() + 1_800_000) / 3_600_000
}

/// X-94, for stars.
#[actix_web::test]
async fn x_94_stars_that_do_not_agree_with_their_invoice_buy_nothing() {
    for backend in backends() {
        let telegram = Telegram::start();
        let app = start(backend, &telegram).await;
        let (ivan, boris) = (app.sign_in("Иван").await, app.sign_in("Борис").await);
        let trip = ivan.publish_trip("Орёл", "Курск", json!({})).await;
        let payment = highlight(&ivan, &trip).await;
        let id = id_of(&payment);
        for (update, who, what) in
            [(20, &ivan, (49, "XTR")), (21, &ivan, (50, "RUB")), (22, &boris, (50, "XTR"))]
        {
            assert!(!asks_for(&app, &telegram, update, (who, id), what).await, "{what:?}");
        }
        let mut few = paid(30, &ivan, &payment, "few");
        few["message"]["successful_payment"]["total_amount"] = json!(49);
        let mut roubles = paid(31, &ivan, &payment, "roubles");
        roubles["message"]["successful_payment"]["currency"] = json!("RUB");
        for update in [few, roubles, paid(32, &boris, &payment, "boris")] {
            assert_eq!(tell(&app, &update).await, StatusCode::OK);
        }
        assert_eq!(tell(&app, &typed(33, &ivan, "/help")).await, StatusCode::OK);
        telegram.until_calls(ivan.telegram(), 1).await;
        let file = app.app.database.payment(id.parse().unwrap()).await.unwrap().unwrap();
        assert!(file.charges.is_empty(), "{file:?}");
        assert_eq!(marked(&ivan, &trip).await, None);
        app.audit().await;
    }
}

/// An invoice of which nobody knows is asked for again; stars of which nobody was told are in Telegram's
/// list.
#[actix_web::test]
async fn f48_what_nobody_knows_of_stars_is_looked_up_in_telegrams_list() {
    for backend in backends() {
        let telegram = Telegram::start();
        let app = start(backend, &telegram).await;
        let ivan = app.sign_in("Иван").await;
        let trip = ivan.publish_trip("Орёл", "Курск", json!({})).await;
        telegram.next_of("createInvoiceLink", &[Manner::DoesItAndFails]);
        let payment = highlight(&ivan, &trip).await;
        assert_eq!((&payment["status"], payment.get("invoice_url")), (&json!("created"), None));
        look(&app).await;
        until_status(&ivan, &payment, "pending").await;
        // They are paid, and the update is lost; at first the list does not answer either.
        telegram.takes_stars(ivan.telegram(), id_of(&payment), "c1", 50);
        telegram.next_of("getStarTransactions", &[Manner::Fails]);
        look(&app).await;
        assert_eq!(marked(&ivan, &trip).await, None, "nobody guesses");
        look(&app).await;
        until_status(&ivan, &payment, "succeeded").await;
        assert_eq!(hours_left(&app, &ivan, &trip).await, Some(72));
        // The update comes after all.
        assert_eq!(tell(&app, &paid(40, &ivan, &payment, "c1")).await, StatusCode::OK);
        assert_eq!(tell(&app, &typed(41, &ivan, "/help")).await, StatusCode::OK);
        telegram.until_calls(ivan.telegram(), 1).await;
        assert_eq!(hours_of(&app, &trip).await, 72);
        app.audit().await;
    }
}

/// Stars for a trip that was called off meanwhile go back by themselves, once, whatever Telegram answers.
#[actix_web::test]
async fn stars_that_come_too_late_go_back_by_themselves() {
    for backend in backends() {
        let telegram = Telegram::start();
        let app = start(backend, &telegram).await;
        let ivan = app.sign_in("Иван").await;
        let trip = ivan.publish_trip("Орёл", "Курск", json!({})).await;
        let payment = highlight(&ivan, &trip).await;
        assert!(asks(&app, &telegram, 1, &ivan, &payment).await);
        ivan.put(&format!("/api/trips/{trip}/cancel")).await;
        assert!(!asks(&app, &telegram, 2, &ivan, &payment).await, "there is nothing to highlight");
        pays(&app, &telegram, 3, &ivan, (&payment, "c1")).await;
        until_status(&ivan, &payment, "succeeded").await;
        let back = ivan.get(&format!("/api/payments/{}", id_of(&payment))).await;
        assert_eq!(back["refunds"][0]["status"], "asked", "{back}");
        assert_eq!(marked(&ivan, &trip).await, None);
        app.audit().await;
        telegram.next_of("refundStarPayment", &[Manner::Fails, Manner::DoesItAndFails]);
        for _ in 0..4 {
            look(&app).await;
        }
        let back = until_status(&ivan, &payment, "refunded").await;
        assert_eq!((&back["refunded"], &back["refunds"][0]["status"]), (&json!(50.0), &json!("done")));
        assert_eq!(telegram.stars_gone(), ["c1"], "once");
        app.audit().await;
    }
}

/// An operator gives stars back: all of them, and the mark goes.
#[actix_web::test]
async fn stars_that_an_operator_gives_back_take_the_mark_with_them() {
    for backend in backends() {
        let telegram = Telegram::start();
        let app = start(backend, &telegram).await;
        let ivan = app.sign_in("Иван").await;
        let trip = ivan.publish_trip("Орёл", "Курск", json!({})).await;
        let payment = highlight(&ivan, &trip).await;
        pays(&app, &telegram, 1, &ivan, (&payment, "c1")).await;
        until_status(&ivan, &payment, "succeeded").await;
        let ada = app.sign_in_with_role("Ада", Role::Admin).await;
        let path = format!("/api/admin/payments/{}/refund", id_of(&payment));
        let (status, refused) = ada.post(&path, json!({ "amount": 20, "reason": "half" })).await;
        assert_eq!(status.as_u16(), 422, "{refused}");
        assert_eq!(hours_left(&app, &ivan, &trip).await, Some(72));
        let (status, back) = ada.post(&path, json!({ "reason": "by mistake" })).await;
        assert_eq!(status, StatusCode::OK, "{back}");
        look(&app).await;
        until_status(&ivan, &payment, "refunded").await;
        assert_eq!((marked(&ivan, &trip).await, telegram.stars_gone()), (None, vec!["c1".to_owned()]));
        let (status, _) = ada.post(&path, json!({ "reason": "again" })).await;
        assert_eq!(status.as_u16(), 422, "nothing is left");
        app.audit().await;
    }
}

/// Stars that went back at Telegram before anybody heard that they had come buy nothing.
#[actix_web::test]
async fn f46_stars_that_went_back_before_they_were_heard_of_buy_nothing() {
    for backend in backends() {
        let telegram = Telegram::start();
        let app = start(backend, &telegram).await;
        let ivan = app.sign_in("Иван").await;
        let trip = ivan.publish_trip("Орёл", "Курск", json!({})).await;
        let payment = highlight(&ivan, &trip).await;
        telegram.takes_stars(ivan.telegram(), id_of(&payment), "c1", 50);
        telegram.gives_stars_back("c1");
        look(&app).await;
        until_status(&ivan, &payment, "refunded").await;
        assert_eq!(tell(&app, &paid(50, &ivan, &payment, "c1")).await, StatusCode::OK);
        assert_eq!(tell(&app, &typed(51, &ivan, "/help")).await, StatusCode::OK);
        telegram.until_calls(ivan.telegram(), 1).await;
        assert_eq!(marked(&ivan, &trip).await, None);
        app.audit().await;
    }
}

/// The hourly comparison takes in what no update has told, and says what agrees with nothing.
#[actix_web::test]
async fn the_books_of_stars_are_compared_with_telegrams_list() {
    for backend in backends() {
        let telegram = Telegram::start();
        let app = start(backend, &telegram).await;
        let (ivan, ada) = (app.sign_in("Иван").await, app.sign_in_with_role("Ада", Role::Admin).await);
        let trip = ivan.publish_trip("Орёл", "Курск", json!({})).await;
        let payment = highlight(&ivan, &trip).await;
        telegram.takes_stars(ivan.telegram(), id_of(&payment), "c1", 50);
        let compare = async |hours: i64| {
            payments::compare(&app.app, app.app.clock.now() + Span::hours(hours)).await.unwrap();
            let found = ada.call(Method::GET, "/api/admin/reconciliations", None).await.1;
            let found = found["reconciliations"].as_array().unwrap().clone();
            let stars = found.into_iter().find(|one| one["method"] == "stars").unwrap();
            (stars["compared"].clone(), stars["differences"].clone())
        };
        assert_eq!(compare(2).await, (json!(1), json!(0)));
        until_status(&ivan, &payment, "succeeded").await;
        assert_eq!(hours_left(&app, &ivan, &trip).await, Some(72));
        let nobodys = "01990000-0000-7000-8000-000000000020";
        telegram.takes_stars(ivan.telegram(), nobodys, "c2", 50);
        assert_eq!(compare(4).await, (json!(2), json!(1)));
        assert!(!payments::agree(&app.app.database).await.unwrap(), "money does not go out");
    }
}
