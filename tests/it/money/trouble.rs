//! F46: acquirers that answer late, too much, elsewhere, or no although they have done it.

use peerpack::auth::Role;
use peerpack::maintenance::payments;
use peerpack_actors::time::Span;
use reqwest::{Method, StatusCode};
use serde_json::json;

use super::acquirer::{Acquirer, Manner};
use super::{balance, id_of, must, start, top_up};
use crate::support::backends;

/// What an acquirer can do to a call, and where a payment stands that was asked for in this way: as the
/// answer says, and once it was looked up.
const MANNERS: [(&str, Manner, &str, &str); 5] = [
    ("429", Manner::HasEnough, "created", "pending"),
    ("a redirect", Manner::Redirects, "created", "pending"),
    ("no answer", Manner::DoesItAndHangs, "created", "pending"),
    ("2 MiB", Manner::DoesItAndFloods, "created", "pending"),
    ("422, and it was done", Manner::DoesItAndRefuses, "failed", "failed"),
];

#[actix_web::test]
async fn f46_whatever_an_acquirer_answers_each_charge_and_each_refund_counts_once() {
    for backend in backends() {
        let acquirer = Acquirer::start();
        let app = start(backend, &acquirer.settings()).await;
        let (anna, admin) = (app.sign_in("Анна").await, app.sign_in_with_role("Ольга", Role::Admin).await);
        let mut hours = 0;
        let mut look = async || {
            // Each time later than the longest pause after the time before.
            hours += 2;
            payments::look(&app.app, app.app.clock.now() + Span::hours(hours)).await.unwrap();
        };
        for (what, manner, at_first, then) in MANNERS {
            let had = balance(&anna, "available").await;
            acquirer.creates(manner);
            let payment = top_up(&anna, 500.0).await;
            assert_eq!(payment["status"], at_first, "{what}");
            acquirer.creates(Manner::Well);
            look().await;
            let id = id_of(&payment);
            let path = format!("/api/payments/{id}");
            assert_eq!(anna.get(&path).await["status"], then, "{what}");
            acquirer.charge(id, what, 50_000);
            for _ in 0..2 {
                assert_eq!(acquirer.tells(&app, id).await, StatusCode::OK, "{what}");
            }
            assert_eq!(anna.get(&path).await["status"], "succeeded", "{what}: money counts in any case");

            acquirer.refunds(manner, "done");
            let back = Some(json!({ "amount": 100, "reason": "передумала" }));
            must(&admin, Method::POST, &format!("/api/admin/payments/{id}/refund"), back).await;
            acquirer.refunds(Manner::Well, "done");
            look().await;
            look().await;
            let after = anna.get(&path).await;
            assert_eq!((&after["refunded"], &after["refunds"][0]["status"]), (&json!(100.0), &json!("done")));
            let theirs = acquirer.report(id)["charges"][0]["refunds"].as_array().unwrap().len();
            assert_eq!((theirs, balance(&anna, "available").await), (1, had + 400.0), "{what}");
        }
        assert_eq!(acquirer.counts().1, 0, "no redirect was followed, and each call was signed");
        app.audit().await;
    }
}
