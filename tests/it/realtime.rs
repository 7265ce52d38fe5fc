//! The realtime contract across devices and nodes.

use std::time::Duration;

use peerpack::client::{Client, Heard, Position, Server, one_token};
use peerpack::ws::wire::{ClientMessage, Located, NotRecovered, OfRequest, ServerMessage, Topic};
use peerpack_actors::ids::RequestId;
use peerpack_actors::runtime::RuntimeSettings;
use serde_json::json;
use tokio::sync::mpsc::Receiver;
use uuid::Uuid;

use crate::nodes::two_nodes;
use crate::support::{Backend, PATIENCE, TestApp, TestUser, backends, eventually};

/// What a device hears next that is wanted.
async fn hear<T>(heard: &mut Receiver<Heard>, wanted: impl Fn(Heard) -> Option<T>) -> T {
    let hearing = async {
        loop {
            if let Some(found) = wanted(heard.recv().await.expect("the client lives")) {
                return found;
            }
        }
    };
    tokio::time::timeout(PATIENCE, hearing).await.expect("it is heard in time")
}

async fn device(user: &TestUser, position: Option<Position>) -> (Client, Receiver<Heard>) {
    let server = Server::at(&user.socket_url()).await.unwrap();
    Client::start(server, one_token(user.token.clone()), position)
}

#[actix_web::test]
async fn rt_4_who_missed_too_much_loads_the_state_and_goes_on_from_its_position() {
    let app = TestApp::start(Backend::Sqlite).await;
    let anna = app.sign_in("Anna").await;
    for _ in 0..301 {
        anna.publish_package("Тверь", "Вологда", json!({})).await;
    }
    let start = anna.get("/api/sync").await["position"].clone();
    let (epoch, top) = (start["epoch"].as_u64().unwrap(), start["seq"].as_u64().unwrap());
    assert_eq!(top, 301);
    let (_client, mut heard) = device(&anna, Some(Position { epoch, last_seq: 0 })).await;
    let resumed = hear(&mut heard, |heard| match heard {
        Heard::Resumed(resumed) => Some(resumed),
        Heard::Event(event) => panic!("told in part: {event:?}"),
        _ => None,
    });
    let resumed = resumed.await;
    assert_eq!((resumed.recovered, resumed.reason), (false, Some(NotRecovered::TooMany)));
    let trip = anna.publish_trip("Тверь", "Вологда", json!({})).await;
    let state = anna.get("/api/sync").await;
    let synced = state["position"]["seq"].as_u64().unwrap();
    assert!(synced > top && state["trips"][0]["id"] == trip.as_str(), "{}", state["position"]);
    anna.publish_package("Тверь", "Вологда", json!({})).await;
    let mut last = top;
    while last <= synced {
        let seq = hear(&mut heard, |heard| match heard {
            Heard::Event(event) => Some(event.seq),
            _ => None,
        });
        assert_eq!(seq.await, last + 1);
        last += 1;
    }
}

#[actix_web::test]
async fn rt_9_and_11_devices_on_two_nodes_see_one_stream_and_a_command_has_one_ack_on_both() {
    let (Ok(_), Ok(redis)) = (std::env::var("PEERPACK_TEST_POSTGRES"), std::env::var("PEERPACK_TEST_REDIS"))
    else {
        eprintln!("PEERPACK_TEST_POSTGRES or PEERPACK_TEST_REDIS is not set: not run");
        return;
    };
    let (a, b) = two_nodes(&redis, Duration::from_secs(3_600)).await;
    let (anna, ivan) = (a.sign_in("Anna").await, b.sign_in("Ivan").await);
    let (_on_a, mut heard_on_a) = device(&ivan.at(&a), None).await;
    let (on_b, mut heard_on_b) = device(&ivan, None).await;
    let (annas, mut heard_by_anna) = device(&anna, None).await;
    let connected = |heard| matches!(heard, Heard::Connected(_)).then_some(());
    for heard in [&mut heard_on_a, &mut heard_on_b, &mut heard_by_anna] {
        hear(heard, connected).await;
    }
    let trip = ivan.publish_trip("Иркутск", "Улан-Удэ", json!({})).await;
    eventually("the trip on the other node", async || (a.app.engine.stats().trips > 0).then_some(())).await;
    let package = anna.publish_package("Иркутск", "Улан-Удэ", json!({})).await;
    let event = |heard: Heard| match heard {
        Heard::Event(event) => Some(event),
        _ => None,
    };
    let mut seen = Vec::new();
    for heard in [&mut heard_on_a, &mut heard_on_b] {
        seen.push([hear(heard, event).await, hear(heard, event).await]);
    }
    assert_eq!(seen[0], seen[1], "both devices see the trip and the offer");

    let request_id = eventually("the offer", async || {
        let found = ivan.get(&format!("/api/trips/{trip}/package-requests")).await;
        found["requests"][0]["id"].as_str().map(|id| id.parse().unwrap())
    });
    let request_id: RequestId = request_id.await;
    let picked_up = request_id.to_string();
    let accept = ClientMessage::OfferAccept(OfRequest { request_id });
    let id = Uuid::from_u128(77);
    let first = on_b.command(id, accept.clone()).await.unwrap();
    assert_eq!(first.data.as_ref().unwrap()["new_status"], "accepted");
    let (again, _heard) = device(&ivan.at(&a), None).await;
    assert_eq!(again.command(id, accept).await, Some(first));

    ivan.step(&picked_up, "pickup").await;
    let topic = Topic { trip_id: None, package_id: Some(package.parse().unwrap()), chat_id: None };
    let watching = annas.command(Uuid::from_u128(78), ClientMessage::Subscribe(topic)).await.unwrap();
    assert_eq!(watching.data.unwrap()["trip_id"], trip.as_str());
    let here = ClientMessage::Location(Located { lat: 52.3, lon: 104.3 });
    on_b.say(here).await;
    let seen = hear(&mut heard_by_anna, |heard| match heard {
        Heard::Said(ServerMessage::TripLocation(location)) => Some(location),
        _ => None,
    });
    assert_eq!(seen.await.trip_id.to_string(), trip);

    // A refusal is the command's answer too: on the other node as well, and although the step is possible by
    // then.
    let confirm = ClientMessage::RequestConfirm(OfRequest { request_id });
    let (early, late) = (Uuid::from_u128(79), Uuid::from_u128(80));
    let refusal = annas.command(early, confirm.clone()).await.unwrap();
    assert_eq!(refusal.code.as_deref(), Some("illegal_transition"));
    let deliver = ClientMessage::RequestDeliver(OfRequest { request_id });
    on_b.command(Uuid::from_u128(81), deliver).await.unwrap();
    let (annas_elsewhere, _heard) = device(&anna.at(&b), None).await;
    assert_eq!(annas_elsewhere.command(early, confirm.clone()).await, Some(refusal));
    let settled = annas_elsewhere.command(late, confirm).await.unwrap();
    assert_eq!(settled.data.unwrap()["new_status"], "confirmed");
    a.audit().await;
}

#[actix_web::test]
async fn rt_6_what_another_node_has_told_of_is_no_future() {
    let Ok(_) = std::env::var("PEERPACK_TEST_POSTGRES") else {
        eprintln!("PEERPACK_TEST_POSTGRES is not set: not run");
        return;
    };
    // The second node hears of nothing that the first one does.
    let (a, b) = two_nodes("", Duration::from_secs(3_600)).await;
    let anna = a.sign_in("Anna").await;
    let (_tablet, mut heard) = device(&anna.at(&b), None).await;
    hear(&mut heard, |heard| matches!(heard, Heard::Connected(_)).then_some(())).await;
    anna.publish_package("Иркутск", "Улан-Удэ", json!({})).await;
    let position = anna.get("/api/sync").await["position"].clone();
    let (epoch, last_seq) = (position["epoch"].as_u64().unwrap(), position["seq"].as_u64().unwrap());
    assert!(last_seq > 0);

    let (_phone, mut heard) = device(&anna.at(&b), Some(Position { epoch, last_seq })).await;
    let resumed = hear(&mut heard, |heard| match heard {
        Heard::Resumed(resumed) => Some(resumed),
        _ => None,
    });
    assert!(resumed.await.recovered);
    anna.at(&b).publish_package("Иркутск", "Улан-Удэ", json!({})).await;
    let next = hear(&mut heard, |heard| match heard {
        Heard::Event(event) => Some(event.seq),
        _ => None,
    });
    assert_eq!(next.await, last_seq + 1);
}

#[actix_web::test]
async fn rt_9_without_a_single_hint_events_come_within_ten_seconds() {
    let Ok(_) = std::env::var("PEERPACK_TEST_POSTGRES") else {
        eprintln!("PEERPACK_TEST_POSTGRES is not set: not run");
        return;
    };
    // Two nodes that do not know of each other: Redis is not lost now and then, but always.
    let compare = RuntimeSettings::default().compare;
    let (a, b) = two_nodes("", compare).await;
    let (anna, ivan) = (a.sign_in("Anna").await, b.sign_in("Ivan").await);
    let mut ivans = ivan.connect().await;
    ivan.publish_trip("Иркутск", "Улан-Удэ", json!({})).await;
    eventually("the trip on the other node", async || (a.app.engine.stats().trips > 0).then_some(())).await;
    let package = anna.publish_package("Иркутск", "Улан-Удэ", json!({})).await;
    let offer = ivans.offer(&package).await;
    assert_eq!(ivans.accept(offer.request_id).await, ("ok".to_owned(), None));
}

/// How a user's device hears that it is over, or what it is told before it comes back.
async fn ending(heard: &mut Receiver<Heard>) -> Result<Option<u16>, String> {
    hear(heard, |heard| match heard {
        Heard::Over(why) => Some(Err(why)),
        Heard::Interrupted(closed) => Some(Ok(closed.code)),
        _ => None,
    })
    .await
}

#[actix_web::test]
async fn rt_13_a_logout_ends_its_socket_for_good_and_a_ban_all_of_them() {
    let app = TestApp::start(Backend::Sqlite).await;
    let anna = app.sign_in("Anna").await;
    let annas_tablet = anna.again(&app).await;
    // Whatever becomes of the last one, the same token again: a device that does not think.
    let device = async |user: &TestUser| {
        let server = Server::at(&user.socket_url()).await.unwrap();
        let token = user.token.clone();
        let tokens = Box::new(move |_| {
            let token = token.clone();
            let ready: futures_util::future::BoxFuture<'static, _> = Box::pin(async move { Ok(token) });
            ready
        });
        Client::start(server, tokens, None)
    };
    let (_phone, mut phone) = device(&anna).await;
    let (_tablet, mut tablet) = device(&annas_tablet).await;
    let connected = |heard| matches!(heard, Heard::Connected(_)).then_some(());
    hear(&mut phone, connected).await;
    hear(&mut tablet, connected).await;
    let (status, answer) = anna.post("/api/auth/logout", json!({})).await;
    assert!(status.is_success(), "{answer}");
    let over = ending(&mut phone).await.unwrap_err();
    assert!(over.starts_with("4501 "), "{over}");
    assert_eq!(ending(&mut tablet).await, Ok(Some(4001)));
    hear(&mut tablet, connected).await;

    let user = anna.id.parse().unwrap();
    app.app.database.set_blocked(user, true, app.app.clock.now()).await.unwrap();
    let over = ending(&mut tablet).await.unwrap_err();
    assert!(over.starts_with("4503 "), "{over}");
}

#[actix_web::test]
async fn under_load_a_snapshot_has_everything_up_to_its_position() {
    for backend in backends() {
        let app = TestApp::start(backend).await;
        let anna = app.sign_in("Anna").await;
        let is_over = std::cell::Cell::new(false);
        let publishing = async {
            for _ in 0..20 {
                let more = || json!({ "mode": "choose" });
                let some = (0..4).map(|_| anna.publish_package("Тверь", "Вологда", more()));
                futures_util::future::join_all(some).await;
            }
            is_over.set(true);
        };
        let looking = async {
            let mut looks = Vec::new();
            while !is_over.get() {
                let state = anna.get("/api/sync").await;
                let count = state["packages"].as_array().unwrap().len();
                looks.push((state["position"]["seq"].as_u64().unwrap(), count as u64));
            }
            looks
        };
        let ((), looks) = futures_util::future::join(publishing, looking).await;
        // Each package is one event. What came after the position may be there already, and is told again.
        assert!(looks.iter().all(|(seq, packages)| packages >= seq), "{looks:?}");
        assert!(looks.iter().any(|(seq, _)| (1..80).contains(seq)), "nothing went on meanwhile: {looks:?}");
        let state = anna.get("/api/sync").await;
        assert_eq!(
            (&state["position"]["seq"], state["packages"].as_array().unwrap().len()),
            (&json!(80), 80)
        );
    }
}
