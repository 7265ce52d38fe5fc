//! What is forgotten in time, and what is brought to its end.

use peerpack::auth::Role;
use peerpack::maintenance::rounds;
use peerpack_actors::market::phase::PackagePhase;
use peerpack_actors::ports::Store;
use peerpack_actors::runtime::{NotRecoverable, ResumeAnswer};
use peerpack_actors::stream::StreamEvent;
use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::support::{TestApp, TestUser, backends};

/// RT-5
#[actix_web::test]
async fn events_older_than_the_window_are_forgotten_and_who_wants_them_is_told() {
    for backend in backends() {
        let app = TestApp::start(backend).await;
        let anna = app.sign_in("Anna").await;
        for _ in 0..3 {
            anna.publish_package("Москва", "Казань", json!({})).await;
        }
        app.behind_its_back("UPDATE events SET at = at - 259200000").await;
        anna.publish_package("Москва", "Казань", json!({})).await;
        rounds::run_all(&app.app).await;
        app.audit().await;
        // A node that has nothing in its ring.
        let app = app.restart().await;
        let user = anna.id.parse().unwrap();
        let epoch = anna.at(&app).connect().await.hello.unwrap().0;
        let missed = |answer| match answer {
            Ok(ResumeAnswer::Recovered { missed, top }) => {
                Ok((missed.iter().map(|entry| entry.seq).collect::<Vec<_>>(), top))
            }
            Ok(ResumeAnswer::Unrecoverable { reason, top }) => Err((reason, top)),
            Err(refusal) => panic!("{refusal}"),
        };
        assert_eq!(missed(app.app.engine.resume(user, epoch, 3).await), Ok((vec![4], 4)));
        for last_seq in 0..3 {
            let answer = missed(app.app.engine.resume(user, epoch, last_seq).await);
            assert_eq!(answer, Err((NotRecoverable::TooOld, 4)), "after {last_seq}");
        }
        anna.at(&app).publish_package("Москва", "Казань", json!({})).await;
        app.audit().await;
    }
}

#[actix_web::test]
async fn a_deletion_that_was_interrupted_is_brought_to_its_end() {
    for backend in backends() {
        let app = TestApp::start(backend).await;
        let (ivan, anna) = (app.sign_in("Ivan").await, app.sign_in("Anna").await);
        ivan.publish_trip("Москва", "Казань", json!({})).await;
        ivan.publish_package("Тверь", "Вологда", json!({})).await;
        let now = app.app.clock.now();
        let found = async || {
            anna.get("/api/couriers?from=Москва&to=Казань").await["couriers"].as_array().unwrap().len()
        };
        assert_eq!(found().await, 1);
        // The server dies right after this, and nothing is called off.
        app.app.database.delete_account(ivan.id.parse().unwrap(), now).await.unwrap();
        assert_eq!(found().await, 1);
        rounds::run_all(&app.app).await;
        assert_eq!(found().await, 0);
        assert_eq!(app.app.database.left_behind(10).await, Ok(Vec::new()));
        app.audit().await;
    }
}

#[actix_web::test]
async fn a_package_that_nobody_took_in_time_is_closed_and_its_sender_told() {
    for backend in backends() {
        let app = TestApp::start(backend).await;
        let anna = app.sign_in("Anna").await;
        let mut annas = anna.connect().await;
        let package = anna.publish_package("Москва", "Казань", json!({ "mode": "choose" })).await;
        let day =
            "UPDATE packages SET ready_at = ready_at - 8640000000, deliver_by = deliver_by - 8640000000";
        app.behind_its_back(day).await;
        annas
            .event("package.updated", |event| match event {
                StreamEvent::PackageUpdated(change) if change.state == PackagePhase::Cancelled => Some(()),
                _ => None,
            })
            .await;
        let path = format!("/api/packages/{package}");
        assert_eq!(anna.get(&path).await["state"], "cancelled");
        app.audit().await;
    }
}

#[actix_web::test]
async fn a_person_who_is_shut_out_leaves_the_market() {
    for backend in backends() {
        let app = TestApp::start(backend).await;
        let root = app.sign_in_with_role("Root", Role::Admin).await;
        let (anna, ivan, olga) =
            (app.sign_in("Anna").await, app.sign_in("Ivan").await, app.sign_in("Olga").await);
        let found = async || {
            anna.get("/api/couriers?from=Москва&to=Казань").await["couriers"].as_array().unwrap().len()
        };
        ivan.publish_trip("Москва", "Казань", json!({})).await;
        let package = ivan.publish_package("Тверь", "Вологда", json!({})).await;
        assert_eq!(found().await, 1);
        let ban = format!("/api/admin/users/{}/block", ivan.id);
        assert_eq!(root.post(&ban, json!({})).await.0, StatusCode::OK);
        assert_eq!(found().await, 0);
        let package = app.app.database.package(package.parse().unwrap()).await.unwrap().unwrap();
        assert_eq!(package.state.word(), "cancelled");

        // The server dies right after this, and nothing is called off.
        olga.publish_trip("Москва", "Казань", json!({})).await;
        let (id, now) = (olga.id.parse().unwrap(), app.app.clock.now());
        app.app.database.set_blocked(id, true, now).await.unwrap();
        assert_eq!(found().await, 1);
        rounds::run_all(&app.app).await;
        assert_eq!(found().await, 0);
        assert_eq!(app.app.database.left_behind(10).await, Ok(Vec::new()));
        app.audit().await;
    }
}

#[actix_web::test]
async fn nobody_is_erased_whom_money_or_a_deal_still_has_to_find() {
    for backend in backends() {
        let app = TestApp::start(backend).await;
        let root = app.sign_in_with_role("Root", Role::Admin).await;
        let (anna, ivan) = (app.sign_in("Anna").await, app.sign_in("Ivan").await);
        let deal = async || {
            let trip = ivan.publish_trip("Москва", "Казань", json!({})).await;
            let package = anna.publish_package("Москва", "Казань", json!({ "mode": "choose" })).await;
            let path = format!("/api/couriers/{trip}/send-package");
            let (_, sent) = anna.post(&path, json!({ "package_id": package })).await;
            let request = sent["request_id"].as_str().unwrap().to_owned();
            ivan.step(&request, "accept").await;
            request
        };
        let earned = deal().await;
        ivan.step(&earned, "mark-delivered").await;
        anna.step(&earned, "confirm-delivery").await;
        let body = json!({ "amount": 450, "method": "4000 1234 5678 9010" });
        let (_, withdrawn) = ivan.post("/api/user/withdraw", body).await;
        let delete = async |who: &TestUser| who.call(Method::DELETE, "/api/user/account", None).await;
        assert_eq!(delete(&ivan).await.1["code"], "money_left", "it may come back");
        let withdrawal = withdrawn["withdrawal_id"].as_str().unwrap();
        let late = deal().await;

        // As if the deal and the withdrawal had come at the moment of the deletion.
        app.behind_its_back("UPDATE users SET deleted_at = 1 WHERE username IN ('anna', 'ivan')").await;
        let (database, now) = (&app.app.database, app.app.clock.now());
        // The sender is the first of those who wait, and holds nobody up.
        let erased = async || database.erase_accounts(now, now, 1).await.unwrap().0;
        assert_eq!(erased().await, 0);
        anna.step(&late, "cancel").await;
        assert_eq!(erased().await, 0, "the sender has the money back");
        let pay = format!("/api/admin/withdrawals/{withdrawal}/pay");
        assert_eq!(root.post(&pay, json!({ "reference": "77" })).await.0, StatusCode::OK);
        assert_eq!(erased().await, 1, "the courier");
        let paid = database.withdrawal(withdrawal.parse().unwrap()).await.unwrap().unwrap();
        assert_eq!((paid.method.as_str(), paid.state.word()), ("", "paid"), "the card is forgotten");
        app.audit().await;
    }
}
