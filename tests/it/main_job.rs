//! Publish, match, offer, claim, deliver.

use std::time::Duration;

use peerpack::auth::Role;
use peerpack_actors::runtime::RuntimeSettings;
use peerpack_actors::stream::{OfferEndReason, StreamEvent};
use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::support::{Backend, PATIENCE, TestApp, TestSocket, TestUser, backends};

#[actix_web::test]
async fn a_package_finds_a_courier_who_passes_by_and_is_delivered() {
    for backend in backends() {
        let app = TestApp::start(backend).await;
        let (anna, ivan, oleg) =
            (app.sign_in("Anna").await, app.sign_in("Ivan").await, app.sign_in("Oleg").await);
        let trip = ivan.publish_trip("Москва", "Казань", json!({ "stops": ["Нижний Новгород"] })).await;
        oleg.publish_trip("Москва", "Казань", json!({})).await;
        let (mut annas, mut ivans, mut olegs) =
            (anna.connect().await, ivan.connect().await, oleg.connect().await);

        let package = anna.publish_package("Владимир", "Казань", json!({})).await;
        let offer = ivans.offer(&package).await;
        assert_eq!((offer.trip_id.to_string(), offer.leg_from, offer.leg_to), (trip.clone(), 0, 2));
        assert_eq!((offer.reward, offer.fee), (500.0, 50.0));
        let others = olegs.offer(&package).await;

        assert_eq!(ivans.accept(offer.request_id).await, ("ok".to_owned(), None));
        let told = annas
            .event("request.accepted", |event| match event {
                StreamEvent::RequestAccepted(change) => Some(change.clone()),
                _ => None,
            })
            .await;
        assert_eq!(told.request_id, offer.request_id);
        let reason = olegs
            .event("offer.revoked", |event| match event {
                StreamEvent::OfferRevoked(end) if end.request_id == others.request_id => Some(end.reason),
                _ => None,
            })
            .await;
        assert_eq!(reason, OfferEndReason::Taken);
        assert_eq!(
            olegs.accept(others.request_id).await,
            ("error".to_owned(), Some("already_taken".to_owned()))
        );

        let request = offer.request_id.to_string();
        let again = ivan.step(&request, "accept").await;
        assert_eq!(again["balance_update"], json!({ "frozen": 500.0 }), "a repeated accept answers alike");
        ivan.step(&request, "pickup").await;
        let delivered = ivan.step(&request, "mark-delivered").await;
        assert_eq!(delivered["balance_update"], json!({ "frozen": -500.0, "pending": 500.0 }));
        let confirmed = anna.step(&request, "confirm-delivery").await;
        assert_eq!(confirmed["balance_update"], json!({ "pending": -500.0, "available": 450.0 }));

        let packages = anna.get("/api/user/packages").await;
        assert_eq!(packages["packages"][0]["status"], "completed");
        assert_eq!(packages["packages"][0]["selectedCourier"], "Ivan");
        let requests = ivan.get(&format!("/api/trips/{trip}/package-requests")).await;
        assert_eq!(requests["requests"][0]["status"], "confirmed");
        app.audit().await;
    }
}

#[actix_web::test]
async fn a_new_trip_finds_packages_that_wait() {
    for backend in backends() {
        let app = TestApp::start(backend).await;
        let (anna, ivan) = (app.sign_in("Anna").await, app.sign_in("Ivan").await);
        let package = anna.publish_package("Самара", "Уфа", json!({})).await;
        let mut ivans = ivan.connect().await;
        ivan.publish_trip("Самара", "Уфа", json!({})).await;
        let offer = ivans.offer(&package).await;
        assert_eq!(ivans.accept(offer.request_id).await.0, "ok");
        app.audit().await;
    }
}

#[actix_web::test]
async fn a_declined_offer_goes_to_the_next_courier() {
    for backend in backends() {
        let app = TestApp::start(backend).await;
        let anna = app.sign_in("Anna").await;
        let mut sockets = Vec::new();
        for name in ["A", "B", "C", "D", "E", "F"] {
            let courier = app.sign_in(name).await;
            courier.publish_trip("Пермь", "Екатеринбург", json!({})).await;
            sockets.push((courier.connect().await, courier));
        }
        let package = anna.publish_package("Пермь", "Екатеринбург", json!({})).await;
        // Four are asked at once; each one who declines makes room for another, until all six have been
        // asked.
        for _ in 0..sockets.len() {
            let (courier, request) = the_courier_who_is_asked(&mut sockets, &package).await;
            let (status, _) = courier.put(&format!("/api/package-requests/{request}/decline")).await;
            assert_eq!(status, StatusCode::OK);
        }
        app.audit().await;
    }
}

#[actix_web::test]
async fn a_cancelled_deal_gives_room_and_money_back_and_the_package_is_offered_again() {
    for backend in backends() {
        let app = TestApp::start(backend).await;
        let (anna, ivan, oleg) =
            (app.sign_in("Anna").await, app.sign_in("Ivan").await, app.sign_in("Oleg").await);
        let trip = ivan.publish_trip("Тюмень", "Омск", json!({ "capacity_g": 1000 })).await;
        let package = anna.publish_package("Тюмень", "Омск", json!({ "weight_g": 1000 })).await;
        let mut ivans = ivan.connect().await;
        let offer = offered(&ivan, &trip).await;
        ivan.step(&offer, "accept").await;
        let trips = ivan.get("/api/user/trips").await;
        assert_eq!(trips["trips"][0]["capacity_left_g"], json!([0]));
        let mut olegs = oleg.connect().await;
        oleg.publish_trip("Тюмень", "Омск", json!({})).await;

        let back = ivan.step(&offer, "cancel").await;
        assert_eq!(back["new_status"], "cancelled");
        let trips = ivan.get("/api/user/trips").await;
        assert_eq!(trips["trips"][0]["capacity_left_g"], json!([1000]));
        let again = olegs.offer(&package).await;
        assert_eq!(olegs.accept(again.request_id).await.0, "ok");
        ivans
            .event("request.cancelled", |event| {
                matches!(event, StreamEvent::RequestCancelled(_)).then_some(())
            })
            .await;
        app.audit().await;
    }
}

#[actix_web::test]
async fn a_cancelled_trip_sets_its_packages_free() {
    for backend in backends() {
        let app = TestApp::start(backend).await;
        let (anna, ivan) = (app.sign_in("Anna").await, app.sign_in("Ivan").await);
        let trip = ivan.publish_trip("Сочи", "Краснодар", json!({})).await;
        anna.publish_package("Сочи", "Краснодар", json!({})).await;
        let offer = offered(&ivan, &trip).await;
        ivan.step(&offer, "accept").await;
        let (status, body) = ivan.put(&format!("/api/trips/{trip}/cancel")).await;
        assert_eq!((status, body["state"].as_str()), (StatusCode::OK, Some("cancelled")), "{body}");
        let packages = anna.get("/api/user/packages").await;
        assert_eq!(packages["packages"][0]["state"], "open");
        app.audit().await;
    }
}

#[actix_web::test]
async fn a_package_whose_trip_was_cancelled_is_offered_again_though_its_actor_had_retired() {
    let settings = RuntimeSettings { idle: Duration::from_millis(50), ..RuntimeSettings::default() };
    let app = TestApp::start_with(Backend::Sqlite, settings).await;
    let (anna, ivan, olga) =
        (app.sign_in("Anna").await, app.sign_in("Ivan").await, app.sign_in("Olga").await);
    let trip = ivan.publish_trip("Томск", "Кемерово", json!({})).await;
    let package = anna.publish_package("Томск", "Кемерово", json!({})).await;
    let offer = offered(&ivan, &trip).await;
    ivan.step(&offer, "accept").await;
    let mut olgas = olga.connect().await;
    olga.publish_trip("Томск", "Кемерово", json!({})).await;
    let deadline = tokio::time::Instant::now() + PATIENCE;
    while app.app.engine.stats().package_actors > 0 {
        assert!(tokio::time::Instant::now() < deadline, "the actor does not retire");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(ivan.put(&format!("/api/trips/{trip}/cancel")).await.0, StatusCode::OK);
    olgas.offer(&package).await;
}

#[actix_web::test]
async fn running_offers_survive_a_restart_and_can_be_accepted() {
    for backend in backends() {
        let app = TestApp::start(backend).await;
        let (anna, ivan) = (app.sign_in("Anna").await, app.sign_in("Ivan").await);
        let trip = ivan.publish_trip("Воронеж", "Волгоград", json!({})).await;
        let package = anna.publish_package("Воронеж", "Волгоград", json!({})).await;
        let offer = offered(&ivan, &trip).await;
        let waiting = anna.publish_package("Псков", "Тверь", json!({})).await;

        let app = app.restart().await;
        let (anna, ivan) = (anna.at(&app), ivan.at(&app));
        assert_eq!(app.app.engine.stats().trips, 1);
        ivan.step(&offer, "accept").await;
        let packages = anna.get("/api/user/packages").await;
        let state = |id: &str| {
            let list = packages["packages"].as_array().unwrap();
            list.iter().find(|one| one["id"] == id).unwrap()["state"].as_str().unwrap().to_owned()
        };
        assert_eq!((state(&package), state(&waiting)), ("assigned".to_owned(), "open".to_owned()));

        let oleg = app.sign_in("Oleg").await;
        let mut olegs = oleg.connect().await;
        oleg.publish_trip("Псков", "Тверь", json!({})).await;
        olegs.offer(&waiting).await;
        app.audit().await;
    }
}

#[actix_web::test]
async fn explain_says_why_each_trip_fits_or_not() {
    let app = TestApp::start(backends()[0]).await;
    let (anna, ivan) = (app.sign_in("Anna").await, app.sign_in("Ivan").await);
    ivan.publish_trip("Томск", "Кемерово", json!({ "capacity_g": 500 })).await;
    ivan.publish_trip("Кемерово", "Томск", json!({})).await;
    let package = anna.publish_package("Томск", "Кемерово", json!({})).await;
    let explained = anna.get(&format!("/api/packages/{package}/explain")).await;
    assert_eq!(explained["reasons"], json!({ "capacity": 1, "order": 1 }));
    for verdict in explained["verdicts"].as_array().unwrap() {
        assert!(!verdict["text_ru"].as_str().unwrap().is_empty());
    }
}

#[actix_web::test]
async fn explain_tells_senders_in_words_and_operators_with_scores() {
    let app = TestApp::start(backends()[0]).await;
    let (anna, ivan) = (app.sign_in("Anna").await, app.sign_in("Ivan").await);
    let viewer = app.sign_in_with_role("Vera", Role::Viewer).await;
    ivan.publish_trip("Томск", "Кемерово", json!({})).await;
    let mut ivans = ivan.connect().await;
    let package = anna.publish_package("Томск", "Кемерово", json!({})).await;
    let offer = ivans.offer(&package).await;
    ivan.step(&offer.request_id.to_string(), "decline").await;
    let path = format!("/api/packages/{package}/explain");
    let told = anna.get(&path).await["verdicts"][0].clone();
    assert_eq!(
        (&told["courier_name"], &told["text_en"]),
        (&json!("Ivan"), &json!("Was asked and declined."))
    );
    ivan.publish_trip("Томск", "Кемерово", json!({})).await;
    app.sign_in("Oleg").await.publish_trip("Томск", "Кемерово", json!({})).await;
    let score = |explained: serde_json::Value| {
        let verdicts = explained["verdicts"].as_array().unwrap().clone();
        verdicts.iter().any(|verdict| verdict.get("score").is_some())
    };
    assert!(!score(anna.get(&path).await));
    assert!(score(viewer.get(&path).await));
    assert_eq!(
        ivan.call(Method::GET, &path, None).await.0,
        StatusCode::NOT_FOUND,
        "it is not Ivan's package"
    );
}

#[actix_web::test]
async fn a_dry_run_says_who_would_see_a_package_and_what_more_reward_changes() {
    let app = TestApp::start(backends()[0]).await;
    let (anna, ivan, oleg) =
        (app.sign_in("Anna").await, app.sign_in("Ivan").await, app.sign_in("Oleg").await);
    ivan.publish_trip("Москва", "Казань", json!({ "price": 600, "stops": ["Нижний Новгород"] })).await;
    oleg.publish_trip("Казань", "Москва", json!({})).await;
    let body = json!({ "from": "Москва", "to": "Казань", "description": "книги", "reward": 500 });
    let (status, told) = anna.post("/api/packages/dry-run", body).await;
    assert_eq!(status, StatusCode::OK, "{told}");
    assert_eq!((&told["couriers"], &told["median_detour_km"]), (&json!(1), &json!(0.0)), "{told}");
    assert_eq!(told["reasons"], json!({ "order": 1 }));
    let more = &told["with_more_reward"];
    assert_eq!((&more["reward"], &more["couriers"]), (&json!(600.0), &json!(1)));
    assert!(more["chance_percent"].as_u64() > told["chance_percent"].as_u64(), "{told}");
    assert_eq!(told["text_en"], "Couriers who would see this: 1, median detour 0 km.");
    let mine = anna.get("/api/user/packages").await;
    assert_eq!(mine["packages"], json!([]), "nothing was published");
}

/// Takes somebody out who has an offer of the package.
async fn the_courier_who_is_asked(
    sockets: &mut Vec<(TestSocket, TestUser)>,
    package: &str,
) -> (TestUser, String) {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    while tokio::time::Instant::now() < deadline {
        for index in 0..sockets.len() {
            sockets[index].0.take_in();
            if let Some(offer) = sockets[index].0.offered(package) {
                return (sockets.remove(index).1, offer.request_id.to_string());
            }
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("nobody is asked");
}

/// The id of the one pending request on a trip.
async fn offered(courier: &TestUser, trip: &str) -> String {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    while tokio::time::Instant::now() < deadline {
        let requests = courier.get(&format!("/api/trips/{trip}/package-requests")).await;
        let list = requests["requests"].as_array().unwrap();
        if let Some(request) = list.iter().find(|request| request["status"] == "pending") {
            return request["id"].as_str().unwrap().to_owned();
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("no offer on the trip");
}
