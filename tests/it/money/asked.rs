//! Money that is asked for: once for each key, within bounds, and in amounts that there are.

use futures_util::future::join_all;
use peerpack::auth::Role;
use peerpack_actors::runtime::RuntimeSettings;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::acquirer::Acquirer;
use super::{balance, id_of, must, refused, start, top_up};
use crate::support::{Backend, TestApp, backends, fresh_postgres};

const KEY: [(&str, &str); 1] = [("idempotency-key", "tap")];

#[actix_web::test]
async fn equal_calls_at_once_ask_for_money_once_on_whatever_nodes() {
    for backend in backends() {
        let acquirer = Acquirer::start();
        let mut settings = acquirer.settings();
        settings.push(("PEERPACK_JWT_SECRET", "a secret that both nodes share, of 32 bytes"));
        let url = match backend {
            Backend::Sqlite => None,
            Backend::Postgres => Some(fresh_postgres().await),
        };
        let node = async || {
            let data = tempfile::tempdir().unwrap();
            TestApp::start_on(data, url.clone(), &settings, RuntimeSettings::default()).await
        };
        let first = node().await;
        // A file belongs to one node.
        let second = if url.is_some() { Some(node().await) } else { None };
        let anna = first.sign_in("Анна").await;
        let mut doors = vec![anna.clone()];
        doors.extend(second.as_ref().map(|node| node.anonymous().with_token(&anna.token)));

        let doors = &doors;
        let call = |n: usize| async move {
            let body = json!({ "purpose": "top_up", "amount": 500 });
            doors[n % doors.len()].call_with(Method::POST, "/api/payments", &KEY, Some(body)).await
        };
        let answers = join_all((0..20).map(call)).await;
        let made = anna.get("/api/payments").await["payments"].as_array().unwrap().clone();
        assert_eq!(made.len(), 1, "{made:?}");
        for (status, _, answer) in answers {
            match status.as_u16() {
                201 => assert_eq!(answer["payment_id"], made[0]["payment_id"]),
                409 => assert_eq!(answer["code"], "in_progress"),
                _ => panic!("{status}: {answer}"),
            }
        }
        assert_eq!(acquirer.counts().0, 1, "the acquirer is asked once");
        for n in 0..doors.len() {
            let (status, headers, again) = call(n).await;
            assert!(status == StatusCode::CREATED && headers.contains_key("idempotent-replayed"), "{status}");
            assert_eq!(again, made[0], "with what the acquirer has said");
        }
    }
}

#[actix_web::test]
async fn x_58_a_key_of_a_call_for_money_belongs_to_one_user_and_one_call() {
    for backend in backends() {
        let acquirer = Acquirer::start();
        let app = start(backend, &acquirer.settings()).await;
        let (anna, ivan) = (app.sign_in("Анна").await, app.sign_in("Иван").await);
        for (who, charge) in [(&anna, "a"), (&ivan, "b")] {
            let payment = top_up(who, 500.0).await;
            acquirer.charge(id_of(&payment), charge, 50_000);
            acquirer.tells(&app, id_of(&payment)).await;
        }
        for (path, body, other) in [
            (
                "/api/payments",
                json!({ "purpose": "top_up", "amount": 100 }),
                json!({ "purpose": "top_up", "amount": 200 }),
            ),
            (
                "/api/user/withdraw",
                json!({ "amount": 100, "method": "4276 0000 0000 1234" }),
                json!({ "amount": 150, "method": "4276 0000 0000 1234" }),
            ),
        ] {
            let (status, _, first) = anna.call_with(Method::POST, path, &KEY, Some(body.clone())).await;
            assert!(status.is_success(), "{path}: {first}");
            let (status, _, answer) = anna.call_with(Method::POST, path, &KEY, Some(other)).await;
            assert_eq!((status.as_u16(), &answer["code"]), (422, &json!("key_reused")), "{path}");
            let (_, headers, again) = anna.call_with(Method::POST, path, &KEY, Some(body.clone())).await;
            assert!(headers.contains_key("idempotent-replayed") && again == first, "{path}: {again}");
            let (status, headers, ivans) = ivan.call_with(Method::POST, path, &KEY, Some(body)).await;
            assert!(status.is_success() && !headers.contains_key("idempotent-replayed"), "{path}");
            assert_ne!(ivans, first, "{path}");
        }
        for who in [&anna, &ivan] {
            assert_eq!(who.get("/api/payments").await["payments"].as_array().unwrap().len(), 2);
            assert_eq!(balance(who, "available").await, 400.0);
        }
        app.audit().await;
    }
}

#[actix_web::test]
async fn money_that_is_given_back_under_a_key_goes_back_once() {
    for backend in backends() {
        let acquirer = Acquirer::start();
        let app = start(backend, &acquirer.settings()).await;
        let (anna, admin) = (app.sign_in("Анна").await, app.sign_in_with_role("Ольга", Role::Admin).await);
        let payment = top_up(&anna, 500.0).await;
        acquirer.charge(id_of(&payment), "a", 50_000);
        acquirer.tells(&app, id_of(&payment)).await;
        let path = format!("/api/admin/payments/{}/refund", id_of(&payment));
        let give_back = async |amount: i64| {
            let body = json!({ "amount": amount, "reason": "передумала" });
            admin.call_with(Method::POST, &path, &KEY, Some(body)).await
        };
        for n in 0..3 {
            let (status, headers, answer) = give_back(100).await;
            assert_eq!(status, StatusCode::OK, "{answer}");
            assert_eq!(headers.contains_key("idempotent-replayed"), n > 0, "{answer}");
        }
        let (status, _, answer) = give_back(200).await;
        assert_eq!((status.as_u16(), &answer["code"]), (422, &json!("key_reused")));
        let theirs = acquirer.report(id_of(&payment))["charges"][0]["refunds"].as_array().unwrap().len();
        assert_eq!((theirs, balance(&anna, "available").await), (1, 400.0));
        app.audit().await;
    }
}

#[actix_web::test]
async fn ten_payments_of_a_person_wait_at_most_also_if_all_are_asked_for_at_once() {
    for backend in backends() {
        let acquirer = Acquirer::start();
        let app = start(backend, &acquirer.settings()).await;
        let anna = app.sign_in("Анна").await;
        let body = json!({ "purpose": "top_up", "amount": 100 });
        let answers = join_all((0..12).map(|_| anna.post("/api/payments", body.clone()))).await;
        let (made, others): (Vec<_>, Vec<_>) =
            answers.into_iter().partition(|(status, _)| *status == StatusCode::CREATED);
        assert_eq!(made.len(), 10, "{others:?}");
        for (status, answer) in others {
            assert_eq!((status.as_u16(), &answer["code"]), (409, &json!("too_many_payments")));
        }
        // One that is paid makes room.
        acquirer.charge(id_of(&made[0].1), "a", 10_000);
        acquirer.tells(&app, id_of(&made[0].1)).await;
        top_up(&anna, 100.0).await;
    }
}

#[actix_web::test]
async fn amounts_that_are_none_are_refused_wherever_money_is_named() {
    for backend in backends() {
        let instructions = ("PEERPACK_PAYMENT_INSTRUCTIONS", "Счёт 40702810000000000000");
        let app = start(backend, &[("PEERPACK_PAYMENTS", "manual"), instructions]).await;
        let (anna, admin) = (app.sign_in("Анна").await, app.sign_in_with_role("Ольга", Role::Admin).await);
        let payment = top_up(&anna, 500.0).await;
        let of = |step: &str| format!("/api/admin/payments/{}/{step}", id_of(&payment));
        let booking = |charge: &str, amount: Value| json!({ "charge_id": charge, "amount": amount, "evidence": "строка 4" });
        must(&admin, Method::POST, &of("book"), Some(booking("77", json!(500)))).await;
        for amount in [json!(-1), json!(0), json!(0.001), json!(1e18)] {
            for (who, path, body) in [
                (&anna, "/api/payments".to_owned(), json!({ "purpose": "top_up", "amount": amount })),
                (&admin, of("book"), booking("78", amount.clone())),
                (&admin, of("refund"), json!({ "amount": amount, "reason": "много" })),
                (&anna, "/api/user/withdraw".to_owned(), json!({ "amount": amount, "method": "4276" })),
            ] {
                assert_eq!(refused(who, &path, body).await, (422, "invalid".to_owned()), "{path} {amount}");
            }
        }
        assert_eq!(balance(&anna, "available").await, 500.0);
        assert_eq!(anna.get("/api/payments").await["payments"].as_array().unwrap().len(), 1);
        app.audit().await;
    }
}

#[actix_web::test]
async fn nobody_pays_for_a_template_or_for_a_package_of_others() {
    for backend in backends() {
        let acquirer = Acquirer::start();
        let app = start(backend, &acquirer.settings()).await;
        let (anna, ivan) = (app.sign_in("Анна").await, app.sign_in("Иван").await);
        let template = anna.publish_package("Псков", "Тверь", json!({ "template": true })).await;
        let waits = anna.publish_package("Псков", "Тверь", json!({})).await;
        let body = |package: &str| json!({ "purpose": "package", "package_id": package });
        for (who, package) in [(&anna, &template), (&ivan, &waits)] {
            assert_eq!(refused(who, "/api/payments", body(package)).await, (404, "not_found".to_owned()));
        }
        must(&anna, Method::POST, "/api/payments", Some(body(&waits))).await;
        assert_eq!(acquirer.counts().0, 1);
    }
}
