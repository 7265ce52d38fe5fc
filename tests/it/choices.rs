//! A sender who leaves time to choose: acceptances stand side by side, and the best one becomes the deal.

use peerpack_actors::matching::Settings;
use peerpack_actors::runtime::RuntimeSettings;
use peerpack_actors::stream::{OfferEndReason, StreamEvent};
use peerpack_actors::time::{Span, Time};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::support::{Backend, TestApp, TestSocket, TestUser, backends, day};

/// A package from a town that Ivan passes and Oleg makes a detour for.
struct Choice {
    anna: TestUser,
    ivan: TestUser,
    package: String,
    requests: [String; 2],
}

/// Both agree, a little before the choice is made: on a machine that takes long for the rest it is made
/// later.
async fn agreed_by_two(app: &TestApp) -> (Choice, [TestSocket; 3]) {
    let began = app.app.clock.now();
    let (anna, ivan, oleg) =
        (app.sign_in("Anna").await, app.sign_in("Ivan").await, app.sign_in("Oleg").await);
    ivan.publish_trip("Москва", "Казань", json!({ "stops": ["Владимир", "Нижний Новгород"] })).await;
    oleg.publish_trip("Москва", "Казань", json!({ "stops": ["Нижний Новгород"] })).await;
    let (mut annas, mut ivans, mut olegs) =
        (anna.connect().await, ivan.connect().await, oleg.connect().await);
    let now: Time = app.app.clock.now();
    let confirm_by = (now + Span::from_ms(2_000 + 5 * now.since(began).ms())).to_string();
    let package = anna.publish_package("Владимир", "Казань", json!({ "confirm_by": confirm_by })).await;
    // The one with the detour is faster, and does not win by that.
    let of_oleg = olegs.offer(&package).await.request_id;
    let answer = oleg.step(&of_oleg.to_string(), "accept").await;
    assert_eq!(answer["new_status"], "agreed");
    assert_eq!(answer.get("balance_update"), None, "nothing is held yet: {answer}");
    let of_ivan = ivans.offer(&package).await.request_id;
    assert_eq!(ivans.accept(of_ivan).await, ("ok".to_owned(), None));
    for request in [of_oleg, of_ivan] {
        annas
            .event("request.agreed", |event| match event {
                StreamEvent::RequestAgreed(change) if change.request_id == request => Some(()),
                _ => None,
            })
            .await;
    }
    let requests = [of_ivan.to_string(), of_oleg.to_string()];
    (Choice { anna, ivan, package, requests }, [annas, ivans, olegs])
}

fn accepted(event: &StreamEvent, request: &str) -> Option<()> {
    matches!(event, StreamEvent::RequestAccepted(change) if change.request_id.to_string() == request)
        .then_some(())
}

async fn my_package(anna: &TestUser) -> Value {
    anna.get("/api/user/packages").await["packages"][0].clone()
}

#[actix_web::test]
async fn the_best_of_those_who_agreed_gets_the_package_when_the_sender_wants_to_know() {
    for backend in backends() {
        let app = TestApp::start(backend).await;
        let (choice, [mut annas, mut ivans, mut olegs]) = agreed_by_two(&app).await;
        let waiting = my_package(&choice.anna).await;
        assert_eq!((&waiting["state"], waiting["responses"].as_array().unwrap().len()), (&json!("open"), 2));
        annas.event("request.accepted", |event| accepted(event, &choice.requests[0])).await;
        ivans.event("request.accepted", |event| accepted(event, &choice.requests[0])).await;
        let reason = olegs
            .event("offer.revoked", |event| match event {
                StreamEvent::OfferRevoked(end) => Some(end.reason),
                _ => None,
            })
            .await;
        assert_eq!(reason, OfferEndReason::Taken);
        assert_eq!(my_package(&choice.anna).await["selectedCourier"], "Ivan");
        // Ivan may not have looked since he agreed.
        let told = choice.ivan.get("/api/user/notifications").await;
        let told: Vec<&Value> = told["notifications"].as_array().unwrap().iter().collect();
        let chosen: Vec<_> = told.iter().filter(|one| one["type"] == "courier_chosen").collect();
        assert_eq!(chosen.len(), 1, "{told:?}");
        let deal = chosen[0]["action_url"].as_str().unwrap();
        assert!(deal.starts_with("/deal/") && deal.ends_with(&choice.requests[0]), "{deal}");
        app.audit().await;
    }
}

#[actix_web::test]
async fn a_choice_is_made_in_time_although_the_server_was_restarted() {
    for backend in backends() {
        let app = TestApp::start(backend).await;
        let (choice, _) = agreed_by_two(&app).await;
        let app = app.restart().await;
        let anna = choice.anna.at(&app);
        crate::support::eventually("the choice", async || {
            (my_package(&anna).await["selectedCourier"] == "Ivan").then_some(())
        })
        .await;
        app.audit().await;
    }
}

#[actix_web::test]
async fn who_has_agreed_may_say_no_until_the_choice_and_who_agrees_later_is_too_late() {
    for backend in backends() {
        let app = TestApp::start(backend).await;
        let (choice, [mut annas, ..]) = agreed_by_two(&app).await;
        assert_eq!(choice.ivan.step(&choice.requests[0], "decline").await["new_status"], "declined");
        annas.event("request.accepted", |event| accepted(event, &choice.requests[1])).await;
        let path = format!("/api/package-requests/{}/accept", choice.requests[0]);
        assert_eq!(choice.ivan.put(&path).await.0, StatusCode::CONFLICT);
        assert_eq!(my_package(&choice.anna).await["selectedCourier"], "Oleg");
        let path = format!("/api/packages/{}/cancel", choice.package);
        assert_eq!(
            choice.anna.put(&path).await.0,
            StatusCode::OK,
            "the deal can be called off like any other"
        );
        app.audit().await;
    }
}

#[actix_web::test]
async fn a_deadline_for_the_choice_is_for_the_engine_and_before_the_delivery() {
    let app = TestApp::start(backends()[0]).await;
    let anna = app.sign_in("Anna").await;
    let now: Time = app.app.clock.now();
    let body = |mode: &str, confirm_by: Time| {
        json!({
            "from": "Москва", "to": "Казань", "description": "книги", "reward": 500, "mode": mode,
            "deliver_by": (now + Span::days(2)).to_string(), "confirm_by": confirm_by.to_string(),
        })
    };
    for (mode, confirm_by) in [("choose", now + Span::hours(1)), ("instant", now + Span::days(3))] {
        let (status, answer) = anna.post("/api/packages", body(mode, confirm_by)).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{answer}");
        assert!(answer["fields"].get("confirm_by").is_some(), "{answer}");
    }
}

#[actix_web::test]
async fn couriers_with_enough_offers_keep_nobody_out_who_travels_later() {
    // One candidate and one offer each stand for many: Ivan fills the list that a package chooses from.
    let matching = Settings { candidates: 1, max_live_offers: 1, acceptance: 0.95, ..Settings::default() };
    let settings = RuntimeSettings { matching, ..RuntimeSettings::default() };
    let app = TestApp::start_with(Backend::Sqlite, settings).await;
    let (anna, ivan, oleg) =
        (app.sign_in("Anna").await, app.sign_in("Ivan").await, app.sign_in("Oleg").await);
    ivan.publish_trip("Москва", "Казань", json!({ "date": day(2) })).await;
    oleg.publish_trip("Москва", "Казань", json!({ "date": day(3) })).await;
    let (mut ivans, mut olegs) = (ivan.connect().await, oleg.connect().await);
    let first = anna.publish_package("Москва", "Казань", json!({})).await;
    ivans.offer(&first).await;
    let second = anna.publish_package("Москва", "Казань", json!({})).await;
    olegs.offer(&second).await;
    app.audit().await;
}
