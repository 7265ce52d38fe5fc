//! anybody who fills the market with what nobody can look through.

use futures_util::future::join_all;
use peerpack_actors::ports::Store;
use peerpack_actors::runtime::RuntimeSettings;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{Backend, TestApp, TestUser, backends, fresh_postgres};

const SETTINGS: [(&str, &str); 6] = [
    ("PEERPACK_MAX_OPEN_PACKAGES", "5"),
    ("PEERPACK_MAX_LIVE_TRIPS", "4"),
    ("PEERPACK_MAX_PENDING_REQUESTS", "6"),
    ("PEERPACK_MAX_PENDING_PER_TRIP", "3"),
    ("PEERPACK_MAX_PIECES_PER_TRIP", "4"),
    ("PEERPACK_JWT_SECRET", "a secret that both nodes share, of 32 bytes"),
];

/// One server on SQLite, two on Postgres.
async fn nodes(backend: Backend) -> Vec<TestApp> {
    let start = async |url: Option<String>| {
        TestApp::start_on(tempfile::tempdir().unwrap(), url, &SETTINGS, RuntimeSettings::default()).await
    };
    match backend {
        Backend::Sqlite => vec![start(None).await],
        Backend::Postgres => {
            let url = fresh_postgres().await;
            vec![start(Some(url.clone())).await, start(Some(url)).await]
        }
    }
}

/// So many calls at once, on all nodes: how many succeed, and what the others are told, which is the same for
/// all of them.
async fn at_once(
    nodes: &[TestApp],
    calls: usize,
    call: impl AsyncFn(&TestApp, usize) -> (StatusCode, Value),
) -> (usize, Value) {
    let all = join_all((0..calls).map(|n| call(&nodes[n % nodes.len()], n))).await;
    let mut refused = Value::Null;
    let mut done = 0;
    for (status, answer) in all {
        match status.as_u16() {
            201 => done += 1,
            409 => {
                assert!(refused.is_null() || refused["code"] == answer["code"], "{refused} {answer}");
                refused = answer;
            }
            _ => panic!("{status}: {answer}"),
        }
    }
    (done, refused)
}

fn parcel() -> Value {
    json!({ "from": "Орёл", "to": "Курск", "description": "книги", "reward": 500, "size": "s", "weight": "light",
            "tags": [], "mode": "choose" })
}

async fn ask(who: &TestUser, trip: &str, package: &str) -> (StatusCode, Value) {
    let body = json!({ "package_id": package });
    who.post_patiently(&format!("/api/couriers/{trip}/send-package"), body).await
}

#[actix_web::test]
async fn x_106_nobody_has_more_open_than_there_may_be_however_many_ask_at_once() {
    for backend in backends() {
        let nodes = nodes(backend).await;
        let app = &nodes[0];
        let (anna, ivan) = (app.sign_in("Anna").await, app.sign_in("Ivan").await);

        let publish = async |node: &TestApp, _| anna.at(node).post_patiently("/api/packages", parcel()).await;
        let (done, refused) = at_once(&nodes, 20, publish).await;
        assert_eq!((done, &refused["code"], &refused["limit"]), (5, &json!("too_many_packages"), &json!(5)));
        assert!(refused["message"].as_str().unwrap().contains("5 packages"), "{refused}");
        let russian = [("accept-language", "ru")];
        let (_, _, told) = anna.call_with(Method::POST, "/api/packages", &russian, Some(parcel())).await;
        assert_eq!(told["message"], "Не больше 5 открытых посылок сразу");
        let mut template = parcel();
        template["template"] = json!(true);
        assert_eq!(
            anna.post_patiently("/api/packages", template).await.1["code"],
            "too_many_packages",
            "patterns count"
        );
        // Nobody else is concerned, and what is called off makes room.
        ivan.publish_package("Орёл", "Курск", json!({ "mode": "choose" })).await;
        let packages = anna.get("/api/user/packages").await["packages"].clone();
        let packages: Vec<String> =
            packages.as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect();
        assert_eq!(anna.put(&format!("/api/packages/{}/cancel", packages[0])).await.0, StatusCode::OK);
        let (done, _) = at_once(&nodes, 4, publish).await;
        assert_eq!(done, 1);

        // What is taken counts until it is picked up: it may be open again.
        let trip = ivan.publish_trip("Орёл", "Курск", json!({})).await;
        let (_, asked) = ask(&anna, &trip, &packages[1]).await;
        let request = asked["request_id"].as_str().unwrap().to_owned();
        ivan.step(&request, "accept").await;
        assert_eq!(publish(app, 0).await.1["code"], "too_many_packages");
        ivan.step(&request, "pickup").await;
        assert_eq!(publish(app, 0).await.0, StatusCode::CREATED);

        let travel = json!({ "from": "Орёл", "to": "Курск", "date": crate::support::day(3), "time": "08:00 → 22:00",
            "airport": "", "price": 300, "trip_comment": "", "transportType": "car", "capacity": "large" });
        let depart =
            async |node: &TestApp, _| ivan.at(node).post_patiently("/api/trips", travel.clone()).await;
        let (done, refused) = at_once(&nodes, 12, depart).await;
        assert_eq!((done, &refused["code"], &refused["limit"]), (3, &json!("too_many_trips"), &json!(4)));

        for node in &nodes {
            node.audit().await;
        }
    }
}

#[actix_web::test]
async fn x_106_no_more_requests_wait_than_there_may_be_of_one_person_or_on_one_trip() {
    for backend in backends() {
        let nodes = nodes(backend).await;
        let app = &nodes[0];
        let anna = app.sign_in("Anna").await;
        let package = anna.publish_package("Орёл", "Курск", json!({ "mode": "choose" })).await;
        let mut trips = Vec::new();
        for n in 0..12 {
            let courier = app.sign_in(&format!("Courier {n}")).await;
            trips.push((courier.publish_trip("Орёл", "Курск", json!({})).await, courier));
        }
        let (done, refused) =
            at_once(&nodes, 12, async |node, n| ask(&anna.at(node), &trips[n].0, &package).await).await;
        assert_eq!((done, &refused["code"], &refused["limit"]), (6, &json!("too_many_pending"), &json!(6)));

        // Many ask one courier.
        let (trip, _) = &trips[0];
        let mut senders = Vec::new();
        for n in 0..8 {
            let sender = app.sign_in(&format!("Sender {n}")).await;
            let package = sender.publish_package("Орёл", "Курск", json!({ "mode": "choose" })).await;
            senders.push((sender, package));
        }
        let asked = app.app.database.pending_on(trip.parse().unwrap(), None, 10).await.unwrap().len();
        let (done, refused) = at_once(&nodes, 8, async |node, n| {
            let (sender, package) = &senders[n];
            ask(&sender.at(node), trip, package).await
        })
        .await;
        assert_eq!((done + asked, &refused["code"]), (3, &json!("too_many_on_trip")));

        // A courier offers to carry one package after the other.
        let oleg = app.sign_in("Oleg").await;
        let trip = oleg.publish_trip("Орёл", "Курск", json!({})).await;
        let (done, refused) = at_once(&nodes, 8, async |node, n| {
            let body = json!({ "trip_id": trip, "price": 300 });
            oleg.at(node).post_patiently(&format!("/api/packages/{}/responses", senders[n].1), body).await
        })
        .await;
        assert_eq!((done, &refused["code"], &refused["limit"]), (6, &json!("too_many_pending"), &json!(6)));
        for node in &nodes {
            node.audit().await;
        }
    }
}

#[actix_web::test]
async fn x_106_no_more_deals_are_made_on_a_trip_than_it_may_have_pieces() {
    for backend in backends() {
        let nodes = nodes(backend).await;
        let app = &nodes[0];
        let ivan = app.sign_in("Ivan").await;
        // All legs share what there may be.
        for (stops, most) in
            [(json!([]), 4), (json!(["Владимир"]), 2), (json!(vec!["Владимир", "Арзамас"]), 1)]
        {
            let travel = |slots: u32| {
                json!({ "from": "Москва", "to": "Казань", "date": crate::support::day(3), "time": "08:00 → 22:00",
                    "transportType": "car", "capacity": "xl", "stops": stops, "slots": slots })
            };
            let russian = [("accept-language", "ru")];
            let (status, _, refused) =
                ivan.call_with(Method::POST, "/api/trips", &russian, Some(travel(most + 1))).await;
            let told = format!("не больше {most} мест на этом пути");
            assert_eq!((status.as_u16(), &refused["fields"]["slots"]), (422, &json!(told)), "{refused}");
            let (status, trip) = ivan.post("/api/trips", travel(most)).await;
            assert_eq!(status, StatusCode::CREATED, "{trip}");
        }
        // Nor where the courier does not say how much there is room for.
        let trip = ivan.publish_trip("Орёл", "Курск", json!({ "capacity": "xl" })).await;
        for n in 0..5 {
            let sender = app.sign_in(&format!("Sender {n}")).await;
            let package = sender.publish_package("Орёл", "Курск", json!({ "mode": "choose" })).await;
            let (status, asked) = ask(&sender, &trip, &package).await;
            if n < 4 {
                assert_eq!(status, StatusCode::CREATED, "{asked}");
                ivan.step(asked["request_id"].as_str().unwrap(), "accept").await;
            } else {
                assert_eq!((status, &asked["code"]), (StatusCode::CONFLICT, &json!("no_room")), "{asked}");
            }
        }
        app.audit().await;
    }
}
