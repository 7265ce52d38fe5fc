//! A sender disputes a delivery, an operator decides; and no money is left where nobody can free it.

use peerpack::auth::Role;
use peerpack::maintenance::rounds;
use peerpack::store::Change;
use peerpack_actors::market::request::RequestState;
use peerpack_actors::ports::Store;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{TestApp, TestUser, backends};

struct Dispute {
    anna: TestUser,
    ivan: TestUser,
    request: String,
}

async fn delivered(app: &TestApp) -> Dispute {
    after(app, &["accept", "mark-delivered"]).await
}

/// A deal of which the courier has taken these steps.
async fn after(app: &TestApp, steps: &[&str]) -> Dispute {
    let (anna, ivan) = (app.sign_in("Anna").await, app.sign_in("Ivan").await);
    let trip = ivan.publish_trip("Москва", "Казань", json!({})).await;
    let package = anna.publish_package("Москва", "Казань", json!({ "mode": "choose" })).await;
    let path = format!("/api/couriers/{trip}/send-package");
    let (_, sent) = anna.post(&path, json!({ "package_id": package })).await;
    let request = sent["request_id"].as_str().unwrap().to_owned();
    for step in steps {
        ivan.step(&request, step).await;
    }
    Dispute { anna, ivan, request }
}

async fn dispute(who: &TestUser, request: &str) -> (StatusCode, Value) {
    let path = format!("/api/package-requests/{request}/dispute");
    who.call(Method::PUT, &path, Some(json!({ "reason": "Коробка пуста" }))).await
}

async fn available(who: &TestUser) -> f64 {
    who.get("/api/user/balance").await["balance"]["available"].as_f64().unwrap()
}

/// The newest notification: its type, title, message, where it leads, and the amount it names.
async fn newest(who: &TestUser, language: &str) -> Value {
    let path = "/api/user/profile";
    assert!(who.call(Method::PATCH, path, Some(json!({ "language": language }))).await.0.is_success());
    let list = who.get("/api/user/notifications").await;
    let one = &list["notifications"][0];
    json!([one["type"], one["title"], one["message"], one["action_url"], one["amount"]])
}

#[actix_web::test]
async fn both_parties_are_told_of_a_dispute_and_of_its_end_in_their_languages() {
    for backend in backends() {
        let app = TestApp::start(backend).await;
        let admin = app.sign_in_with_role("Olga", Role::Admin).await;
        for in_favour_of in ["courier", "sender"] {
            let Dispute { anna, ivan, request } = delivered(&app).await;
            let before = anna.get("/api/user/notifications").await["unread_count"].clone();
            dispute(&anna, &request).await;
            assert_eq!(anna.get("/api/user/notifications").await["unread_count"], before, "she knows");
            let told = ivan.get("/api/user/notifications").await["notifications"][0].clone();
            let trip = told["action_url"].as_str().unwrap().to_owned();
            assert!(trip.starts_with("/trip-requests/"), "{told}");
            assert_eq!(told["dispute_reason"], "Коробка пуста");
            let what = told["package_description"].as_str().unwrap();
            let russian = format!("Anna оспаривает доставку «{what}»: Коробка пуста. Решает оператор");
            let expected = json!(["dispute_opened", "Доставка оспорена", russian, trip, null]);
            assert_eq!(newest(&ivan, "ru").await, expected);
            let english =
                format!("Anna disputes the delivery of “{what}”: Коробка пуста. An operator decides");
            let expected = json!(["dispute_opened", "Your delivery is disputed", english, trip, null]);
            assert_eq!(newest(&ivan, "en").await, expected);

            let path = format!("/api/admin/disputes/{request}/resolve");
            for _ in 0..2 {
                admin.post(&path, json!({ "in_favour_of": in_favour_of })).await;
            }
            let package = package_url(&anna).await;
            let ends = if in_favour_of == "courier" {
                [
                    (
                        &ivan,
                        "ru",
                        json!([
                            "payment_received",
                            "Оператор решил в вашу пользу",
                            format!("Вам начислено 450.00 ₽ за доставку: {what}"),
                            "/wallet",
                            450.0
                        ]),
                    ),
                    (
                        &ivan,
                        "en",
                        json!([
                            "payment_received",
                            "An operator decided for you",
                            format!("You have earned 450.00 ₽ for: {what}"),
                            "/wallet",
                            450.0
                        ]),
                    ),
                    (
                        &anna,
                        "ru",
                        json!([
                            "dispute_resolved",
                            "Оператор решил в пользу курьера",
                            format!("Ivan получит оплату за доставку: {what}"),
                            package,
                            null
                        ]),
                    ),
                    (
                        &anna,
                        "en",
                        json!([
                            "dispute_resolved",
                            "An operator decided for the courier",
                            format!("Ivan is paid for the delivery of: {what}"),
                            package,
                            null
                        ]),
                    ),
                ]
            } else {
                [
                    (
                        &ivan,
                        "ru",
                        json!([
                            "dispute_resolved",
                            "Оператор решил не в вашу пользу",
                            format!("Деньги за доставку «{what}» возвращены отправителю: Anna"),
                            trip,
                            null
                        ]),
                    ),
                    (
                        &ivan,
                        "en",
                        json!([
                            "dispute_resolved",
                            "An operator decided against you",
                            format!("The money for “{what}” went back to the sender: Anna"),
                            trip,
                            null
                        ]),
                    ),
                    (
                        &anna,
                        "ru",
                        json!([
                            "dispute_resolved",
                            "Оператор решил в вашу пользу",
                            format!("Вам возвращено 500.00 ₽ за доставку: {what}"),
                            "/wallet",
                            500.0
                        ]),
                    ),
                    (
                        &anna,
                        "en",
                        json!([
                            "dispute_resolved",
                            "An operator decided for you",
                            format!("You got 500.00 ₽ back for: {what}"),
                            "/wallet",
                            500.0
                        ]),
                    ),
                ]
            };
            for (who, language, expected) in ends {
                assert_eq!(newest(who, language).await, expected);
            }
            // What is decided no longer waits, and each is told once.
            let list = ivan.get("/api/user/notifications").await;
            let opened =
                list["notifications"].as_array().unwrap().iter().find(|one| one["type"] == "dispute_opened");
            assert_eq!(opened.unwrap()["message"], format!("Anna disputes the delivery of “{what}”"));
            assert_eq!(
                anna.get("/api/user/notifications").await["unread_count"],
                before.as_u64().unwrap() + 1
            );
            app.audit().await;
        }
    }
}

/// Where a notification about the sender's only package leads.
async fn package_url(anna: &TestUser) -> String {
    let packages = anna.get("/api/user/packages").await;
    format!("/package/{}", packages["packages"][0]["id"].as_str().unwrap())
}

#[actix_web::test]
async fn a_disputed_delivery_waits_for_an_operator_who_pays_or_refunds() {
    for backend in backends() {
        let app = TestApp::start(backend).await;
        let admin = app.sign_in_with_role("Olga", Role::Admin).await;
        for (in_favour_of, state, paid, refunded) in
            [("courier", "confirmed", 450.0, 0.0), ("sender", "cancelled", 0.0, 500.0)]
        {
            let Dispute { anna, ivan, request } = delivered(&app).await;
            let (status, refused) = dispute(&ivan, &request).await;
            assert_eq!((status.as_u16(), &refused["code"]), (403, &json!("wrong_party")));
            assert_eq!(dispute(&app.sign_in("Eve").await, &request).await.0, StatusCode::NOT_FOUND);
            let (status, step) = dispute(&anna, &request).await;
            assert_eq!((status, &step["new_status"]), (StatusCode::OK, &json!("disputed")));
            let confirm = format!("/api/package-requests/{request}/confirm-delivery");
            assert_eq!(anna.put(&confirm).await.0, StatusCode::CONFLICT, "it is the operator's now");
            let listed = admin.get("/api/admin/disputes").await;
            let listed = listed["disputes"].as_array().unwrap();
            assert_eq!(listed.len(), 1);
            let words = [&listed[0]["id"], &listed[0]["reason"], &listed[0]["sender_name"]];
            assert_eq!(words, [&json!(request), &json!("Коробка пуста"), &json!("Anna")]);
            assert_eq!((available(&ivan).await, available(&anna).await), (0.0, 0.0));

            let path = format!("/api/admin/disputes/{request}/resolve");
            let body = json!({ "in_favour_of": in_favour_of });
            assert_eq!(anna.post(&path, body.clone()).await.0, StatusCode::FORBIDDEN);
            for _ in 0..2 {
                let (status, step) = admin.post(&path, body.clone()).await;
                assert_eq!((status, &step["new_status"]), (StatusCode::OK, &json!(state)), "{step}");
            }
            let other = if in_favour_of == "sender" { "courier" } else { "sender" };
            let (status, _) = admin.post(&path, json!({ "in_favour_of": other })).await;
            assert!(status.is_client_error(), "decided once: {status}");
            assert_eq!((available(&ivan).await, available(&anna).await), (paid, refunded));
            assert_eq!(admin.get("/api/admin/disputes").await["disputes"], json!([]));
            app.audit().await;
        }
    }
}

#[actix_web::test]
async fn an_operator_decides_no_case_of_their_own() {
    for backend in backends() {
        let app = TestApp::start(backend).await;
        let root = app.sign_in_with_role("Root", Role::Admin).await;
        let Dispute { anna, ivan, request } = delivered(&app).await;
        dispute(&anna, &request).await;
        let (database, now) = (&app.app.database, app.app.clock.now());
        let mut parties = Vec::new();
        for who in [&anna, &ivan] {
            assert_eq!(database.set_role(who.id.parse().unwrap(), Role::Admin, now).await, Ok(Change::Made));
            parties.push(who.again(&app).await);
        }
        let refused = async |who: &TestUser, path: &str, body: Value| {
            let (status, answer) = who.post(path, body).await;
            assert_eq!((status.as_u16(), &answer["code"]), (403, &json!("wrong_party")), "{path}");
        };
        let path = format!("/api/admin/disputes/{request}/resolve");
        for (who, in_favour_of) in [(0, "sender"), (0, "courier"), (1, "sender"), (1, "courier")] {
            refused(&parties[who], &path, json!({ "in_favour_of": in_favour_of })).await;
        }
        assert_eq!(root.post(&path, json!({ "in_favour_of": "courier" })).await.0, StatusCode::OK);

        let ivan = &parties[1];
        let (_, taken) = ivan.post("/api/user/withdraw", json!({ "amount": 450, "method": "СБП" })).await;
        let path = format!("/api/admin/withdrawals/{}", taken["withdrawal_id"].as_str().unwrap());
        for (decision, body) in [("pay", json!({ "reference": "77" })), ("reject", json!({ "reason": "no" }))]
        {
            refused(ivan, &format!("{path}/{decision}"), body).await;
        }
        let sent = parties[0].post(&format!("{path}/pay"), json!({ "reference": "77" })).await;
        assert_eq!(sent.0, StatusCode::OK);
        app.audit().await;
    }
}

#[actix_web::test]
async fn an_operator_gives_the_money_back_after_a_pickup_that_leads_to_nothing() {
    for backend in backends() {
        let app = TestApp::start(backend).await;
        let admin = app.sign_in_with_role("Olga", Role::Admin).await;
        let Dispute { anna, ivan, request } = after(&app, &["accept", "pickup"]).await;
        let (status, early) = dispute(&anna, &request).await;
        assert_eq!((status.as_u16(), &early["code"]), (409, &json!("illegal_transition")), "not late yet");
        let path = format!("/api/admin/disputes/{request}/resolve");
        let (status, _) = admin.post(&path, json!({ "in_favour_of": "courier" })).await;
        assert_eq!(status, StatusCode::CONFLICT, "nothing was delivered");
        let (status, step) = admin.post(&path, json!({ "in_favour_of": "sender" })).await;
        assert_eq!((status, &step["new_status"]), (StatusCode::OK, &json!("cancelled")), "{step}");
        assert_eq!((available(&ivan).await, available(&anna).await), (0.0, 500.0));
        for (who, title) in
            [(&ivan, "An operator decided against you"), (&anna, "An operator decided for you")]
        {
            let told = newest(who, "en").await;
            assert_eq!((&told[0], &told[1]), (&json!("dispute_resolved"), &json!(title)));
        }
        app.audit().await;
        let (status, answer) = ivan.call(Method::DELETE, "/api/user/account", None).await;
        assert_eq!(status, StatusCode::OK, "nothing holds the courier: {answer}");
    }
}

#[actix_web::test]
async fn an_operator_gives_the_money_back_of_a_deal_that_a_banned_sender_leaves_behind() {
    for backend in backends() {
        let app = TestApp::start(backend).await;
        let admin = app.sign_in_with_role("Olga", Role::Admin).await;
        let Dispute { anna, ivan, request } = after(&app, &["accept"]).await;
        let ban = format!("/api/admin/users/{}/block", anna.id);
        assert_eq!(admin.post(&ban, json!({})).await.0, StatusCode::OK);
        let database = &app.app.database;
        let deal = async || {
            let id = database.package_of(request.parse().unwrap()).await.unwrap().unwrap();
            let package = database.package(id).await.unwrap().unwrap();
            let trip = database.trip(package.requests[0].trip).await.unwrap().unwrap();
            let room_is_taken = trip.left.iter().any(|left| *left != trip.draft.capacity);
            (package.state.word(), package.requests[0].state.clone(), room_is_taken)
        };
        let (package, state, room_is_taken) = deal().await;
        assert_eq!(
            (package, state.word(), room_is_taken),
            ("assigned", "accepted", true),
            "a ban ends no deal"
        );

        let path = format!("/api/admin/disputes/{request}/resolve");
        let (status, refused) = admin.post(&path, json!({ "in_favour_of": "courier" })).await;
        assert_eq!(
            (status.as_u16(), &refused["code"]),
            (409, &json!("illegal_transition")),
            "nothing was done"
        );
        for _ in 0..2 {
            let (status, step) = admin.post(&path, json!({ "in_favour_of": "sender" })).await;
            assert_eq!((status, &step["new_status"]), (StatusCode::OK, &json!("cancelled")), "{step}");
        }
        let (package, state, room_is_taken) = deal().await;
        assert_eq!(
            (package, room_is_taken),
            ("cancelled", false),
            "nobody is looked for in a banned sender's name"
        );
        assert_eq!(state.operator(), admin.id.parse().ok(), "who decided is kept");
        let sender = anna.id.parse().unwrap();
        let [balance] = database.balances(sender).await.unwrap()[..] else { panic!("one currency") };
        assert_eq!((balance.available_minor, balance.frozen_minor), (50_000, 0));
        assert_eq!(available(&ivan).await, 0.0);
        let told = newest(&ivan, "en").await;
        let expected = (&json!("dispute_resolved"), &json!("An operator decided against you"));
        assert_eq!((&told[0], &told[1]), expected);
        let (told, _) = database.notifications(sender, None, 1).await.unwrap();
        assert_eq!(told[0].kind.word(), "dispute_resolved");
        app.audit().await;
    }
}

#[actix_web::test]
async fn an_operator_ends_a_delivery_that_the_sender_says_nothing_to_and_is_remembered() {
    for backend in backends() {
        let app = TestApp::start(backend).await;
        let admin = app.sign_in_with_role("Olga", Role::Admin).await;
        for (in_favour_of, paid, refunded, success) in
            [("courier", 450.0, 0.0, true), ("sender", 0.0, 500.0, false)]
        {
            let Dispute { anna, ivan, request } = delivered(&app).await;
            let path = format!("/api/admin/disputes/{request}/resolve");
            let (status, step) = admin.post(&path, json!({ "in_favour_of": in_favour_of })).await;
            assert_eq!(status, StatusCode::OK, "{step}");
            assert_eq!((available(&ivan).await, available(&anna).await), (paid, refunded));
            let package = app.app.database.package_of(request.parse().unwrap()).await.unwrap().unwrap();
            let package = app.app.database.package(package).await.unwrap().unwrap();
            let (RequestState::Confirmed { operator, .. } | RequestState::Cancelled { operator, .. }) =
                package.requests[0].state
            else {
                panic!("{:?}", package.requests[0].state)
            };
            assert_eq!(operator, admin.id.parse().ok(), "who decided is kept");
            let ivan = ivan.id.parse().unwrap();
            let known = app.app.database.reputations(&[ivan], 10).await.unwrap();
            let past: Vec<bool> = known[&ivan].past.iter().map(|one| one.success).collect();
            assert_eq!(past, [success], "a dispute that is lost counts");
        }
        app.audit().await;
    }
}

#[actix_web::test]
async fn time_confirms_what_the_sender_says_nothing_to_and_makes_what_is_under_way_disputable() {
    for backend in backends() {
        let app = TestApp::start(backend).await;
        let silent = delivered(&app).await;
        let lost = after(&app, &["accept", "pickup"]).await;
        rounds::run_all(&app.app).await;
        assert_eq!(available(&silent.ivan).await, 0.0, "the sender has a week");
        for statement in [
            "UPDATE requests SET created_at = created_at - 691200000, state_at = state_at - 691200000",
            "UPDATE packages SET created_at = created_at - 691200000, state_at = state_at - 691200000, \
             deliver_by = deliver_by - 2592000000",
        ] {
            app.behind_its_back(statement).await;
        }
        let app = app.restart().await;
        let admin = app.sign_in_with_role("Olga", Role::Admin).await;
        rounds::run_all(&app.app).await;
        assert_eq!(available(&silent.ivan.at(&app)).await, 450.0, "eight days have passed");
        let (anna, ivan) = (lost.anna.at(&app), lost.ivan.at(&app));
        let (status, step) = dispute(&anna, &lost.request).await;
        assert_eq!((status, &step["new_status"]), (StatusCode::OK, &json!("disputed")), "{step}");
        app.audit().await;
        let listed = admin.get("/api/admin/disputes").await;
        assert_eq!(listed["disputes"][0]["id"], json!(lost.request));
        let path = format!("/api/admin/disputes/{}/resolve", lost.request);
        let (status, step) = admin.post(&path, json!({ "in_favour_of": "sender" })).await;
        assert_eq!(status, StatusCode::OK, "{step}");
        assert_eq!((available(&ivan).await, available(&anna).await), (0.0, 500.0));
        app.audit().await;
    }
}
