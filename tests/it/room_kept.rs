//! A parcel that nobody competes with is offered at once, and what people are told is what the engine does.

use std::time::Duration;

use peerpack_actors::ids::PackageId;
use peerpack_actors::market::load::{Load, UNSTATED};
use peerpack_actors::market::package::{End, Mode, Package, PackageDraft};
use peerpack_actors::market::trip::{Stop, Transport, TripDraft};
use peerpack_actors::matching::{self, Next};
use peerpack_actors::money::{Amount, Currency};
use peerpack_actors::ports::Store as _;
use peerpack_actors::runtime::RuntimeSettings;
use peerpack_actors::time::{Span, Time};
use peerpack_actors::unit::Unit;
use serde_json::{Value, json};

use crate::alone::{Alone, draft};
use crate::support::{Backend, TestApp, TestUser, backends, day, eventually};

/// Of whom it takes more to keep room: as many people are no evidence.
const FEW: usize = 4;

fn parcel(reward: u32) -> Value {
    json!({ "from": "Томск", "to": "Омск", "description": "книги", "reward": reward, "size": "m", "weight": "medium" })
}

/// An ordinary trip, far ahead.
async fn travels(courier: &TestUser, days: i64) -> String {
    courier
        .publish_trip("Томск", "Омск", json!({ "date": day(days), "capacity": "medium", "price": 0 }))
        .await
}

async fn next(sender: &TestUser, reward: u32) -> Value {
    let (status, told) = sender.post("/api/packages/dry-run", parcel(reward)).await;
    assert_eq!(status.as_u16(), 200, "{told}");
    told["next"].clone()
}

async fn publish(sender: &TestUser, reward: u32) -> String {
    let (status, answer) = sender.post_patiently("/api/packages", parcel(reward)).await;
    assert_eq!(status.as_u16(), 201, "{answer}");
    answer["package_id"].as_str().unwrap().to_owned()
}

async fn explained(sender: &TestUser, package: &str) -> Value {
    sender.get(&format!("/api/packages/{package}/explain")).await
}

async fn is_asked(sender: &TestUser, package: &str) {
    let asked = async || (explained(sender, package).await["next"]["step"] == "asked").then_some(());
    eventually("an offer", asked).await;
}

async fn call_off(sender: &TestUser, package: &str) {
    let (status, answer) = sender.put(&format!("/api/packages/{package}/cancel")).await;
    assert_eq!(status.as_u16(), 200, "{answer}");
}

/// So many people have wanted the same way, and have waited. They are not in the market any more: nobody
/// offers what its sender chooses for.
async fn rivals(app: TestApp) -> TestApp {
    for n in 0..5 * FEW {
        publish(&app.sign_in(&format!("Rival {n}")).await, 4_000).await;
    }
    app.behind_its_back("UPDATE packages SET created_at = created_at - 7200000, mode = 'choose'").await;
    app.restart().await
}

#[actix_web::test]
async fn in_an_empty_market_the_ordinary_parcel_is_offered_at_once() {
    for backend in backends() {
        let app = TestApp::start(backend).await;
        let (ivan, anna) = (app.sign_in("Ivan").await, app.sign_in("Anna").await);
        travels(&ivan, 8).await;
        for reward in [100, 500, 1_000, 3_000] {
            let told = next(&anna, reward).await;
            assert_eq!((&told["step"], &told["couriers"]), (&json!("offered"), &json!(1)), "{told}");
            let package = publish(&anna, reward).await;
            is_asked(&anna, &package).await;
            call_off(&anna, &package).await;
        }
    }
}

#[actix_web::test]
async fn what_one_account_publishes_and_calls_off_keeps_nobody_waiting_not_even_after_a_restart() {
    for backend in backends() {
        let app = TestApp::start(backend).await;
        let (ivan, spammer) = (app.sign_in("Ivan").await, app.sign_in("Spammer").await);
        for n in 0..8 {
            let package = publish(&spammer, 9_000).await;
            if n % 2 == 0 {
                call_off(&spammer, &package).await;
            }
        }
        // Some of them have waited for hours.
        app.behind_its_back("UPDATE packages SET created_at = created_at - 18000000").await;
        let app = app.restart().await;
        let (anna, ivan) = (app.sign_in("Anna").await, ivan.at(&app));
        for mine in spammer.at(&app).get("/api/user/packages").await["packages"].as_array().unwrap() {
            if mine["state"] == "open" {
                call_off(&spammer.at(&app), mine["id"].as_str().unwrap()).await;
            }
        }
        travels(&ivan, 8).await;
        assert_eq!(next(&anna, 300).await["step"], "offered");
        let package = publish(&anna, 300).await;
        is_asked(&anna, &package).await;
        call_off(&anna, &package).await;
        let app = app.restart().await;
        let anna = anna.at(&app);
        assert_eq!(next(&anna, 300).await["step"], "offered");
        is_asked(&anna, &publish(&anna, 300).await).await;
    }
}

#[actix_web::test]
async fn where_many_people_wait_room_is_kept_and_people_are_told_until_when_and_for_what_it_is_theirs() {
    let app = rivals(TestApp::start(Backend::Sqlite).await).await;
    let (ivan, anna) = (app.sign_in("Ivan").await, app.sign_in("Anna").await);
    travels(&ivan, 8).await;
    let told = next(&anna, 300).await;
    assert_eq!(told["step"], "kept", "{told}");
    let package = publish(&anna, 300).await;
    let explained = explained(&anna, &package).await;
    assert_eq!(
        (&explained["next"]["step"], &explained["requests"]),
        (&json!("kept"), &json!({})),
        "{explained}"
    );
    assert_eq!(explained["next"]["reward_at_once"], told["reward_at_once"]);
    assert_eq!(explained["verdicts"][0]["kept_until"], explained["next"]["kept_until"]);
    assert!(explained["next"]["text_ru"].as_str().unwrap().contains("придержано"), "{explained}");
    let enough = told["reward_at_once"].as_f64().unwrap();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "some hundred roubles")]
    let enough = enough as u32;
    assert!(enough > 300, "{told}");
    assert_eq!(next(&anna, enough - 1).await["step"], "kept");
    assert_eq!(next(&anna, enough).await["step"], "offered");
    is_asked(&anna, &publish(&anna, enough).await).await;
    assert_eq!(self::explained(&anna, &package).await["requests"], json!({}), "the first one still waits");
    let mut body = parcel(300);
    body["mode"] = json!("choose");
    let (_, told) = anna.post("/api/packages/dry-run", body).await;
    assert_eq!((&told["next"]["step"], &told["couriers"]), (&json!("nothing"), &json!(1)), "{told}");
}

/// A trip from end to end of the parcel that leaves so soon that a share of the time until then is seconds.
fn soon(draft: &PackageDraft, now: Time) -> TripDraft {
    let stop = |end: &End, minutes| {
        let at = now + Span::minutes(minutes);
        Stop { place: end.place, position: end.position, arrive: at, depart: at }
    };
    TripDraft {
        stops: vec![stop(&draft.pickup, 6), stop(&draft.dropoff, 1_200)],
        transport: Transport::Car,
        capacity: Load { weight_g: 5_000, volume_ml: UNSTATED, slots: UNSTATED },
        max_detour_min: 0,
        price: None,
        comment: String::new(),
        airport: String::new(),
    }
}

#[actix_web::test]
async fn the_package_is_offered_at_the_moment_until_which_room_was_kept() {
    let matching = matching::Settings { keep_percent: 1, ..matching::Settings::default() };
    let relearn = Duration::from_millis(200);
    let alone = Alone::start(RuntimeSettings { matching, relearn, ..RuntimeSettings::default() }).await;
    let now = alone.engine.now();
    let parcel = |reward: i64| PackageDraft {
        mode: Mode::Instant,
        load: Load { weight_g: 5_000, volume_ml: 100, slots: 1 },
        reward: Amount::new(reward * 100, Currency::Rub),
        ..draft(now)
    };
    let hours_ago = now - Span::hours(3);
    for _ in 0..6 * FEW {
        let choosing = PackageDraft { mode: Mode::Choose, ..parcel(90_000) };
        let id = PackageId::new(hours_ago, rand::random());
        let rival = Package::publish(id, alone.somebody(), choosing, hours_ago).unwrap();
        alone.database.commit(Unit::publish_package(rival)).await.unwrap();
    }
    let courier = alone.somebody();
    alone.engine.publish_trip(courier, soon(&parcel(100), alone.engine.now())).await.unwrap();
    let sender = alone.somebody();
    let kept = async || {
        let (told, _) = alone.engine.dry_run(sender, parcel(100), Amount::default()).await.unwrap();
        matches!(told.next, Next::Kept { .. }).then_some(())
    };
    eventually("a lesson that makes the room dear", kept).await;
    let package = alone.engine.publish_package(sender, parcel(100)).await.unwrap();
    let (_, told) = alone.engine.explain(package.id).await.unwrap();
    let Next::Kept { until, .. } = told.next else { panic!("{:?}", told.next) };
    let asked =
        async || alone.database.package(package.id).await.unwrap().unwrap().requests.into_iter().next();
    let request = eventually("an offer", asked).await;
    assert_eq!(request.courier, courier);
    assert!(request.created_at >= until, "{} and {until}", request.created_at);
    alone.end().await;
}

#[actix_web::test]
async fn a_dry_run_says_what_publishing_then_does() {
    let app = rivals(TestApp::start(Backend::Sqlite).await).await;
    let couriers = [app.sign_in("Ivan").await, app.sign_in("Oleg").await];
    let anna = app.sign_in("Anna").await;
    for (courier, days) in couriers.iter().zip([8, 3]) {
        travels(courier, days).await;
    }
    let mut seen = Vec::new();
    for reward in [100, 400, 800, 1_500, 2_500, 3_500, 6_000, 200, 5_000] {
        let told = next(&anna, reward).await;
        let package = publish(&anna, reward).await;
        match told["step"].as_str().unwrap() {
            "offered" => is_asked(&anna, &package).await,
            step => assert_eq!(explained(&anna, &package).await["next"]["step"], step, "{reward}"),
        }
        let requests = explained(&anna, &package).await["requests"].clone();
        assert_eq!(requests == json!({}), told["step"] != "offered", "{reward}: {told} {requests}");
        seen.push(told["step"].clone());
        call_off(&anna, &package).await;
    }
    assert!(seen.contains(&json!("offered")) && seen.contains(&json!("kept")), "{seen:?}");
}
