//! F46: what an acquirer says comes twice, late, in any order, or not at all, and what it answers need not be
//! true.

use peerpack::app::SystemClock;
use peerpack::auth::Role;
use peerpack::maintenance::payments;
use peerpack::payments::Signer;
use peerpack_actors::money::reconcile::Listed;
use peerpack_actors::money::{Amount, Currency};
use peerpack_actors::ports::Clock;
use peerpack_actors::stream::StreamEvent;
use peerpack_actors::time::Span;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::acquirer::{Acquirer, KEY, Manner, tell, tell_signed};
use super::{balance, id_of, must, refused, start, top_up};
use crate::support::{TestApp, TestUser, backends};

async fn status(user: &TestUser, payment: &str) -> String {
    user.get(&format!("/api/payments/{payment}")).await["status"].as_str().unwrap().to_owned()
}

/// What is done every half minute, as if so much later.
async fn look(app: &TestApp, later: Span) {
    payments::look(&app.app, app.app.clock.now() + later).await.unwrap();
}

#[actix_web::test]
async fn f46_notices_that_come_twice_late_and_in_any_order_credit_each_charge_once() {
    for backend in backends() {
        let acquirer = Acquirer::start();
        let app = start(backend, &acquirer.settings()).await;
        let anna = app.sign_in("Анна").await;
        let mut events = anna.connect().await;
        let payment = top_up(&anna, 500.0).await;
        let id = id_of(&payment);
        assert_eq!(payment["status"], "pending");
        assert_eq!(payment["invoice_url"], format!("http://pay.example/{id}"));

        let before = acquirer.report(id);
        acquirer.charge(id, "a", 50_000);
        let notices: Vec<_> = (0..4).map(|_| acquirer.tells(&app, id)).collect();
        for told in futures_util::future::join_all(notices).await {
            assert_eq!(told, StatusCode::OK);
        }
        assert_eq!(tell(&app, &before).await, StatusCode::OK, "an older one");
        assert_eq!(balance(&anna, "available").await, 500.0);
        let seen = events
            .event("payment.updated", |event| match event {
                StreamEvent::PaymentUpdated(change) if change.paid > 0.0 => Some(change.clone()),
                _ => None,
            })
            .await;
        assert_eq!((seen.paid, seen.payment_id.to_string().as_str()), (500.0, id));
        let change = events.event("balance.updated", |event| match event {
            StreamEvent::BalanceUpdated(change) => Some(change.available),
            _ => None,
        });
        assert_eq!(change.await, 500.0);

        let failed = json!({ "payment_id": id, "status": "failed", "charges": [] });
        assert_eq!(tell(&app, &failed).await, StatusCode::OK, "a late failure");
        assert_eq!(
            (status(&anna, id).await.as_str(), balance(&anna, "available").await),
            ("succeeded", 500.0)
        );

        acquirer.charge(id, "b", 50_000);
        assert_eq!(acquirer.tells(&app, id).await, StatusCode::OK);
        assert_eq!(balance(&anna, "available").await, 1_000.0, "it was paid twice: nothing is swallowed");

        // A refund that was made at the acquirer, told before the success.
        let second = top_up(&anna, 100.0).await;
        let id = id_of(&second);
        acquirer.charge(id, "c", 10_000);
        let paid = acquirer.report(id);
        acquirer.change(id, |report| {
            let refund = json!({ "refund_id": "theirs", "amount_minor": 10_000, "status": "done" });
            report["charges"][0]["refunds"].as_array_mut().unwrap().push(refund);
        });
        for report in [acquirer.report(id), paid, acquirer.report(id)] {
            assert_eq!(tell(&app, &report).await, StatusCode::OK);
        }
        assert_eq!(
            (status(&anna, id).await.as_str(), balance(&anna, "available").await),
            ("refunded", 1_000.0)
        );
        app.audit().await;
    }
}

#[actix_web::test]
async fn f46_what_is_not_signed_now_or_does_not_agree_is_not_credited() {
    for backend in backends() {
        let acquirer = Acquirer::start();
        let app = start(backend, &acquirer.settings()).await;
        let anna = app.sign_in("Анна").await;
        let id = top_up(&anna, 500.0).await["payment_id"].as_str().unwrap().to_owned();
        acquirer.charge(&id, "a", 50_000);
        let report = acquirer.report(&id).to_string();
        let (now, path) = (SystemClock.now(), "/api/payments/webhook");
        let sign = |key: &str, at| Signer::new(key.as_bytes()).sign("POST", path, report.as_bytes(), at);
        let late = Span::minutes(6);
        for (at, signature) in [
            sign("another key of thirty-two bytes!", now),
            sign(KEY, now - late),
            sign(KEY, now + late),
            (String::new(), String::new()),
        ] {
            let told = tell_signed(&app, (&at, &signature), report.clone()).await;
            assert_eq!(told, StatusCode::UNAUTHORIZED, "{at}");
        }
        let (at, signature) = sign(KEY, now);
        let other = report.replace("50000", "50001");
        assert_eq!(
            tell_signed(&app, (&at, &signature), other).await,
            StatusCode::UNAUTHORIZED,
            "another body"
        );
        for (field, value) in [("amount_minor", json!(50_001)), ("currency", json!("USD"))] {
            let mut wrong: Value = serde_json::from_str(&report).unwrap();
            wrong["charges"][0][field] = value;
            assert_eq!(tell(&app, &wrong).await, StatusCode::UNPROCESSABLE_ENTITY, "{field}");
        }
        let nobodys = json!({ "payment_id": anna.id, "status": "paid", "charges": [] });
        assert_eq!(tell(&app, &nobodys).await, StatusCode::NOT_FOUND);
        assert_eq!(balance(&anna, "available").await, 0.0);
        assert_eq!(tell_signed(&app, (&at, &signature), report).await, StatusCode::OK);
        assert_eq!(balance(&anna, "available").await, 500.0);
        let stranger = app.sign_in("Олег").await;
        let (unseen, _) = stranger.call(Method::GET, &format!("/api/payments/{id}"), None).await;
        assert_eq!(unseen, StatusCode::NOT_FOUND);
        app.audit().await;
    }
}

#[actix_web::test]
async fn f46_what_nobody_knows_keeps_its_key_and_is_looked_up_and_never_guessed() {
    for backend in backends() {
        let acquirer = Acquirer::start();
        let app = start(backend, &acquirer.settings()).await;
        let anna = app.sign_in("Анна").await;
        acquirer.creates(Manner::DoesItAndFails);
        let done = top_up(&anna, 500.0).await;
        acquirer.creates(Manner::Fails);
        let undone = top_up(&anna, 300.0).await;
        acquirer.creates(Manner::Babbles);
        let babbled = top_up(&anna, 200.0).await;
        acquirer.creates(Manner::Refuses);
        let refused = top_up(&anna, 100.0).await;
        for (payment, expected) in
            [(&done, "created"), (&undone, "created"), (&babbled, "created"), (&refused, "failed")]
        {
            assert_eq!(payment["status"], expected, "{payment}");
        }
        acquirer.creates(Manner::Well);
        acquirer.looks_up(Manner::Fails);
        look(&app, Span::minutes(2)).await;
        assert_eq!(status(&anna, id_of(&done)).await, "created", "it is not guessed");
        acquirer.looks_up(Manner::Well);
        let (before, _) = acquirer.counts();
        look(&app, Span::minutes(30)).await;
        for payment in [&done, &undone, &babbled] {
            assert_eq!(status(&anna, id_of(payment)).await, "pending");
        }
        assert_eq!(acquirer.counts(), (before + 2, 0), "what was done is not asked for again");

        // Nobody tells of the success; it comes late, after the time is over.
        acquirer.charge(id_of(&done), "a", 50_000);
        look(&app, Span::hours(2)).await;
        assert_eq!(balance(&anna, "available").await, 500.0);
        let late = Span::days(4);
        let file = app.app.database.payment(id_of(&undone).parse().unwrap()).await.unwrap().unwrap();
        let command = peerpack_actors::money::payment::PaymentCommand::Expire;
        let moved = app.app.database.move_payment(file.payment.id, command, app.app.clock.now() + late, None);
        moved.await.unwrap();
        assert_eq!(status(&anna, id_of(&undone)).await, "expired");
        acquirer.charge(id_of(&undone), "b", 30_000);
        assert_eq!(acquirer.tells(&app, id_of(&undone)).await, StatusCode::OK);
        assert_eq!(
            (status(&anna, id_of(&undone)).await.as_str(), balance(&anna, "available").await),
            ("succeeded", 800.0)
        );
        app.audit().await;
    }
}

#[actix_web::test]
async fn f46_a_refund_is_what_the_acquirer_has_done_and_not_what_it_has_answered() {
    for backend in backends() {
        let acquirer = Acquirer::start();
        let app = start(backend, &acquirer.settings()).await;
        let (anna, admin) = (app.sign_in("Анна").await, app.sign_in_with_role("Ольга", Role::Admin).await);
        let id = top_up(&anna, 500.0).await["payment_id"].as_str().unwrap().to_owned();
        acquirer.charge(&id, "a", 50_000);
        acquirer.tells(&app, &id).await;
        let path = format!("/api/admin/payments/{id}/refund");
        let give_back = async |amount: f64| {
            let body = json!({ "amount": amount, "reason": "передумала" });
            must(&admin, Method::POST, &path, Some(body)).await
        };
        acquirer.refunds(Manner::DoesItAndFails, "done");
        let key = [("idempotency-key", "tap")];
        let call = async || {
            let body = json!({ "amount": 100, "reason": "передумала" });
            let (status, headers, answer) = admin.call_with(Method::POST, &path, &key, Some(body)).await;
            assert_eq!(status, StatusCode::OK, "{answer}");
            (headers.contains_key("idempotent-replayed"), answer)
        };
        let (_, first) = call().await;
        assert_eq!((&first["status"], &first["refunded"]), (&json!("partly_refunded"), &json!(100.0)));
        assert_eq!(call().await, (true, first), "an equal call hears what the first one has heard");

        // Nobody knows: the money has left the wallet, and is asked for again under the same key.
        acquirer.refunds(Manner::Fails, "done");
        let second = give_back(150.0).await;
        assert_eq!(second["refunds"][1]["status"], "asked");
        assert_eq!(balance(&anna, "available").await, 250.0);
        acquirer.refunds(Manner::Well, "refused");
        look(&app, Span::minutes(30)).await;
        look(&app, Span::hours(2)).await;
        assert_eq!(balance(&anna, "available").await, 400.0, "it will not be done: the money is back");
        assert_eq!(acquirer.report(&id)["charges"][0]["refunds"].as_array().unwrap().len(), 2);
        acquirer.change(&id, |report| report["charges"][0]["refunds"][1]["status"] = json!("done"));
        acquirer.tells(&app, &id).await;
        let after = anna.get(&format!("/api/payments/{id}")).await;
        assert_eq!((&after["refunded"], balance(&anna, "available").await), (&json!(250.0), 400.0));

        let too_much = json!({ "amount": 300, "reason": "много" });
        assert_eq!(refused(&admin, &path, too_much).await, (422, "invalid".to_owned()));
        acquirer.change(&id, |report| report["charges"][0]["charged_back_minor"] = json!(50_000));
        for _ in 0..2 {
            assert_eq!(acquirer.tells(&app, &id).await, StatusCode::OK);
        }
        assert_eq!(
            (status(&anna, &id).await.as_str(), balance(&anna, "available").await),
            ("charged_back", 0.0)
        );
        let ledger = admin.get(&format!("/api/admin/ledger?payment={id}")).await;
        let sum = |account: &str| {
            let entries = ledger["entries"].as_array().unwrap();
            let of = |end: &str| {
                let found = entries.iter().filter(|one| one[end] == account);
                found.map(|one| one["amount"].as_f64().unwrap()).sum::<f64>()
            };
            of("to") - of("from")
        };
        // 500 came, 250 went back and 500 were taken back: 250 are lost, and 150 of them were given out of
        // the pocket.
        assert_eq!((sum("webhook_provider"), sum("platform"), sum("available")), (250.0, -250.0, 0.0));
        assert_eq!(refused(&anna, &path, json!({ "reason": "я" })).await.0, 403);
        app.audit().await;
    }
}

#[actix_web::test]
async fn a_difference_to_the_acquirers_list_keeps_money_from_going_out_until_it_is_gone() {
    for backend in backends() {
        let acquirer = Acquirer::start();
        let app = start(backend, &acquirer.settings()).await;
        let (anna, admin) = (app.sign_in("Анна").await, app.sign_in_with_role("Ольга", Role::Admin).await);
        let id = top_up(&anna, 500.0).await["payment_id"].as_str().unwrap().to_owned();
        acquirer.charge(&id, "a", 50_000);
        acquirer.tells(&app, &id).await;
        let body = json!({ "amount": 200, "method": "4276 0000 0000 1234" });
        let taken = must(&anna, Method::POST, "/api/user/withdraw", Some(body)).await;
        let pay = format!("/api/admin/withdrawals/{}/pay", taken["withdrawal_id"].as_str().unwrap());

        // A charge that nobody has told us of.
        acquirer.charge("019f0000-0000-7000-8000-000000000000", "planted", 12_300);
        payments::compare(&app.app, app.app.clock.now()).await.unwrap();
        let sent = json!({ "reference": "77" });
        assert_eq!(refused(&admin, &pay, sent.clone()).await, (503, "payouts_frozen".to_owned()));
        assert_eq!(admin.get("/api/admin/withdrawals").await["payouts_frozen"], true);
        let found = admin.get("/api/admin/reconciliations").await["reconciliations"][0].clone();
        assert_eq!((&found["compared"], &found["differences"]), (&json!(2), &json!(1)));
        assert_eq!(found["examples"][0], "charge planted of 123.00 RUB is not in the books");
        payments::compare(&app.app, app.app.clock.now()).await.unwrap();
        assert_eq!(refused(&admin, &pay, sent.clone()).await.0, 503, "an hour has not passed");

        // By a file, as an operator would do it once it is clear what it was.
        let file = app.data().join("list.csv");
        std::fs::write(&file, "charge_id, amount_minor, currency, refunded_minor\na, 50000, RUB, 0\n")
            .unwrap();
        let (url, data) = (app.database_url.clone(), app.data().display().to_string());
        let reconcile = |of: &[&str]| {
            let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_peerpack"));
            command.arg("reconcile").args(of).arg("--file").arg(&file).env("PEERPACK_DATA_DIR", &data);
            command.envs(url.iter().map(|url| ("DATABASE_URL", url))).output().unwrap()
        };
        let output = reconcile(&["--days", "5"]);
        assert!(output.status.success(), "{output:?}");
        assert!(
            String::from_utf8_lossy(&output.stdout).contains("1 charges compared, 0 differences"),
            "{output:?}"
        );
        assert_eq!(must(&admin, Method::POST, &pay, Some(sent)).await["state"], "paid");
        std::fs::write(&file, "charge_id,amount_minor,currency\na,50001,RUB\n").unwrap();
        let output = reconcile(&["--days", "5"]);
        assert!(!output.status.success());
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(
            said.contains("charge a: charged 500.00 RUB in the books, 500.01 RUB at the provider"),
            "{said}"
        );
        let why = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(why.contains("--days 6"), "how much a list needs to clear it: {why}");
        // It was the wrong file. The right one begins a moment later, unless it is said to be of the same
        // time.
        std::fs::write(&file, "charge_id,amount_minor,currency\na,50000,RUB\n").unwrap();
        assert!(!reconcile(&["--days", "5"]).status.success());
        assert_eq!(admin.get("/api/admin/withdrawals").await["payouts_frozen"], true);
        let output = reconcile(&["--again"]);
        assert!(output.status.success(), "{output:?}");
        assert_eq!(admin.get("/api/admin/withdrawals").await["payouts_frozen"], false);
        app.audit().await;
    }
}

#[actix_web::test]
async fn a_file_of_another_time_clears_nothing_unless_it_is_said_to_be_of_the_same() {
    for backend in backends() {
        let app = start(backend, &[]).await;
        let (database, now) = (&app.app.database, app.app.clock.now());
        let (method, long) = (peerpack_actors::money::payment::Method::Manual, Span::days(2));
        let compare = async |listed: &[Listed], long, again, at| {
            let known = database.reconciliations().await.unwrap();
            let of = payments::window_of_file(known.first(), long, again, at);
            payments::reconcile(database, method, listed, of, at).await.unwrap()
        };
        let wrong = [Listed {
            charge_id: "nobody's".to_owned(),
            amount: Amount::new(100, Currency::Rub),
            refunded_minor: 0,
            charged_back_minor: 0,
        }];
        assert_eq!(compare(&wrong, long, false, now).await.differences, 1);
        for later in [Span::seconds(3), Span::hours(1), Span::hours(25)] {
            let of_less = compare(&[], long, false, now + later).await;
            assert_eq!(of_less.differences, 1, "{later:?} later it lacks the beginning");
        }
        let still = compare(&wrong, long, true, now + Span::hours(25)).await;
        assert_eq!((still.differences, still.since), (1, now - long), "it is there again");
        assert_eq!(compare(&[], long, true, now + Span::hours(25)).await.differences, 0);
        // Where nothing is open, a file is of so many days until now.
        let at = now + Span::hours(26);
        assert_eq!(compare(&[], long, true, at).await.since, at - long);
        // A list of more days has all of the time, too.
        assert_eq!(compare(&wrong, long, false, at).await.differences, 1);
        assert_eq!(compare(&[], Span::days(4), false, at + Span::hours(25)).await.differences, 0);
    }
}

#[actix_web::test]
async fn what_is_listed_and_older_than_what_is_compared_is_looked_for_in_all_the_books() {
    for backend in backends() {
        let acquirer = Acquirer::start();
        let app = start(backend, &acquirer.settings()).await;
        let anna = app.sign_in("Анна").await;
        let id = top_up(&anna, 500.0).await["payment_id"].as_str().unwrap().to_owned();
        acquirer.charge(&id, "a", 50_000);
        acquirer.tells(&app, &id).await;
        let (database, now) = (&app.app.database, app.app.clock.now());
        let of = (now + Span::days(5), now + Span::days(9));
        let method = peerpack_actors::money::payment::Method::Webhook;
        for (minor, differences) in [(50_000, 0), (50_001, 1)] {
            let listed = [Listed {
                charge_id: "a".to_owned(),
                amount: Amount::new(minor, Currency::Rub),
                refunded_minor: 0,
                charged_back_minor: 0,
            }];
            let found = payments::reconcile(database, method, &listed, of, of.1).await.unwrap();
            assert_eq!(found.differences, differences, "{:?}", found.examples);
        }
    }
}

#[actix_web::test]
async fn a_difference_stays_until_a_comparison_of_its_time_does_not_find_it() {
    for backend in backends() {
        let acquirer = Acquirer::start();
        let app = start(backend, &acquirer.settings()).await;
        let (database, now) = (&app.app.database, app.app.clock.now());
        let after = |days| now + Span::days(days);
        let compare = async |days| payments::compare(&app.app, after(days)).await.unwrap();
        let known = async || database.reconciliations().await.unwrap().remove(0);
        let nobodys = "019f0000-0000-7000-8000-000000000000";
        acquirer.charge(nobodys, "planted", 12_300);
        compare(0).await;
        assert_eq!(known().await.differences, 1);

        // By then it is older than what is compared every hour.
        compare(4).await;
        assert!(!payments::agree(database).await.unwrap(), "it is still there");
        // Less time than it was found in says nothing of it, whatever else it finds.
        let method = peerpack_actors::money::payment::Method::Webhook;
        let other = Listed {
            charge_id: "other".to_owned(),
            amount: Amount::new(100, Currency::Rub),
            refunded_minor: 0,
            charged_back_minor: 0,
        };
        for (listed, open) in [(vec![], 1), (vec![other], 2)] {
            let of = (after(1), after(5));
            let found = payments::reconcile(database, method, &listed, of, of.1).await.unwrap();
            assert_eq!((found.differences, found.since), (open, now - payments::COMPARED));
        }
        assert_eq!(known().await.examples.len(), 2);

        acquirer.forget(nobodys);
        compare(6).await;
        assert_eq!((known().await.differences, known().await.since), (0, now - payments::COMPARED));
        assert!(payments::agree(database).await.unwrap());
        compare(7).await;
        assert_eq!(known().await.since, after(7) - payments::COMPARED, "and then as usual");
    }
}
