//! A fair window: the quickest reaction wins, and not the fastest network.

use futures_util::future::join;
use peerpack_actors::ids::UserId;
use peerpack_actors::market::request::RequestCommand;
use peerpack_actors::matching::Settings;
use peerpack_actors::runtime::{Refusal, RuntimeSettings, Victim};
use peerpack_actors::time::Span;
use serde_json::json;

use crate::support::{Backend, TestApp, TestUser, backends, eventually};

/// Longer than a window may be, so that the second acceptance comes in before its end on a slow machine, too;
/// and two seconds shorter than an answer is waited for.
const WINDOW_MS: u32 = 900;

async fn app(backend: Backend, fair_window_ms: u32) -> TestApp {
    let matching = Settings { fair_window_ms, ..Settings::default() };
    TestApp::start_with(backend, RuntimeSettings { matching, ..RuntimeSettings::default() }).await
}

fn accept(courier: &TestUser) -> RequestCommand {
    RequestCommand::Accept { by: courier.id.parse::<UserId>().unwrap() }
}

/// Ivan sees the offer long before Oleg, and his acceptance comes in just before Oleg's. Who gets the
/// package?
async fn winner(backend: Backend, fair_window_ms: u32) -> &'static str {
    let app = app(backend, fair_window_ms).await;
    let (anna, ivan, oleg) =
        (app.sign_in("Anna").await, app.sign_in("Ivan").await, app.sign_in("Oleg").await);
    for courier in [&ivan, &oleg] {
        courier.publish_trip("Брянск", "Смоленск", json!({})).await;
    }
    let (mut ivans, mut olegs) = (ivan.connect().await, oleg.connect().await);
    let package = anna.publish_package("Брянск", "Смоленск", json!({})).await;
    let of_ivan = ivans.offer(&package).await.request_id;
    let of_oleg = olegs.offer(&package).await.request_id;
    let engine = &app.app.engine;
    engine.rendered(of_ivan, ivan.id.parse().unwrap()).await.unwrap();
    let shown = app.app.clock.now();
    eventually("Ivan's hesitation", async || {
        (app.app.clock.now() > shown + Span::from_ms(500)).then_some(())
    })
    .await;
    engine.rendered(of_oleg, oleg.id.parse().unwrap()).await.unwrap();
    let (first, second) = (engine.request(of_ivan, accept(&ivan)), engine.request(of_oleg, accept(&oleg)));
    // Where nobody waits, the first one has its answer before the second one comes.
    let answers = if fair_window_ms == 0 { (first.await, second.await) } else { join(first, second).await };
    let (won, loser) = match answers {
        (Ok(_), Err(refusal)) => ("Ivan", refusal),
        (Err(refusal), Ok(_)) => ("Oleg", refusal),
        other => panic!("{other:?}"),
    };
    assert!(matches!(loser, Refusal::Rejected(rejection) if rejection.code() == "already_taken"));
    assert_eq!(anna.get("/api/user/packages").await["packages"][0]["selectedCourier"], won);
    app.audit().await;
    won
}

#[actix_web::test]
async fn with_a_window_the_quicker_reaction_wins_over_the_faster_network() {
    for backend in backends() {
        assert_eq!(winner(backend, WINDOW_MS).await, "Oleg");
    }
}

#[actix_web::test]
async fn without_a_window_the_first_acceptance_to_arrive_wins() {
    for backend in backends() {
        assert_eq!(winner(backend, 0).await, "Ivan");
    }
}

#[actix_web::test]
async fn an_acceptance_that_waits_takes_nothing_from_a_sender_who_calls_the_package_off() {
    let app = app(backends()[0], WINDOW_MS).await;
    let (anna, ivan) = (app.sign_in("Anna").await, app.sign_in("Ivan").await);
    ivan.publish_trip("Брянск", "Смоленск", json!({})).await;
    let mut ivans = ivan.connect().await;
    let package = anna.publish_package("Брянск", "Смоленск", json!({})).await;
    let offer = ivans.offer(&package).await.request_id;
    let engine = &app.app.engine;
    let cancel = engine.cancel_package(package.parse().unwrap(), anna.id.parse().unwrap());
    let (accepted, cancelled) = join(engine.request(offer, accept(&ivan)), cancel).await;
    assert!(matches!(accepted, Err(Refusal::Rejected(_))), "{accepted:?}");
    assert_eq!(cancelled.unwrap().package.state.word(), "cancelled");
    app.audit().await;
}

#[actix_web::test]
async fn an_acceptance_that_waits_survives_the_death_of_its_actor() {
    let app = app(backends()[0], WINDOW_MS).await;
    let (anna, ivan) = (app.sign_in("Anna").await, app.sign_in("Ivan").await);
    ivan.publish_trip("Брянск", "Смоленск", json!({})).await;
    let mut ivans = ivan.connect().await;
    let package = anna.publish_package("Брянск", "Смоленск", json!({})).await;
    let offer = ivans.offer(&package).await.request_id;
    let engine = &app.app.engine;
    let crash = async { engine.crash(Victim::Package(package.parse().unwrap())) };
    let (accepted, ()) = join(engine.request(offer, accept(&ivan)), crash).await;
    assert_eq!(accepted.unwrap().package.deal().map(|deal| deal.id), Some(offer));
    app.audit().await;
}
