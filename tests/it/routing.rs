//! Offers by the ways of a routing service; and without it when it fails, in whatever way it does.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use peerpack_actors::place::{Gazetteer, Position};
use peerpack_actors::runtime::RuntimeSettings;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Instant;

use crate::support::{Backend, TestApp, TestUser, eventually};

/// What the service does with a request.
#[derive(Clone, Copy, Debug)]
enum Manner {
    /// As far as the crow flies at 20 m/s; but Vladimir lies so many seconds beyond every way.
    Answers { vladimir_s: f64 },
    /// Never answers.
    Silent,
    /// Answers 500.
    Fails,
    /// 200, and no table.
    Raves,
    /// 200, and no end of it.
    Endless,
    /// Hangs up.
    HangsUp,
}

/// A routing service on a real socket.
struct Service {
    url: String,
    requests: Arc<AtomicUsize>,
}

impl Service {
    async fn start(manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&requests);
        tokio::spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                tokio::spawn(serve(connection, manner, Arc::clone(&counted)));
            }
        });
        Self { url, requests }
    }

    fn requests(&self) -> usize {
        self.requests.load(Ordering::Acquire)
    }
}

async fn serve(mut connection: TcpStream, manner: Manner, requests: Arc<AtomicUsize>) {
    let mut read = Vec::new();
    loop {
        let mut some = [0; 4_096];
        let Ok(n @ 1..) = connection.read(&mut some).await else { return };
        read.extend_from_slice(&some[..n]);
        if !read.ends_with(b"\r\n\r\n") {
            continue;
        }
        requests.fetch_add(1, Ordering::AcqRel);
        let head = String::from_utf8(std::mem::take(&mut read)).unwrap();
        let path = head.split(' ').nth(1).unwrap().to_owned();
        let body = match manner {
            Manner::Answers { vladimir_s } => table(&path, vladimir_s),
            Manner::Raves => "<html>a table of ways</html>".to_owned(),
            Manner::Fails => {
                let answer = b"HTTP/1.1 500 Oops\r\ncontent-length: 4\r\n\r\nOops";
                connection.write_all(answer).await.unwrap();
                continue;
            }
            Manner::Silent => std::future::pending().await,
            Manner::HangsUp => return,
            Manner::Endless => {
                let _ = connection.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\n").await;
                while connection.write_all(&[b' '; 65_536]).await.is_ok() {}
                return;
            }
        };
        let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len());
        if connection.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}

/// The answer to `/table/v1/driving/{lon},{lat};...?...&sources=0;1&destinations=2`.
fn table(path: &str, vladimir_s: f64) -> String {
    let (way, query) = path.strip_prefix("/table/v1/driving/").unwrap().split_once('?').unwrap();
    let places: Vec<Position> = way
        .split(';')
        .map(|place| {
            let (lon, lat) = place.split_once(',').unwrap();
            Position::new(lat.parse().unwrap(), lon.parse().unwrap()).unwrap()
        })
        .collect();
    assert!(query.contains("annotations=duration,distance"), "{query}");
    let chosen = |key: &str| -> Vec<Position> {
        let value = query.split('&').find_map(|pair| pair.strip_prefix(key)).unwrap();
        value.split(';').map(|n| places[n.parse::<usize>().unwrap()]).collect()
    };
    let vladimir = Gazetteer::bundled().find("Владимир").unwrap().position;
    let metres = |from: Position, to: Position| {
        let remote = if to.distance_km(vladimir) < 20.0 { vladimir_s * 20.0 } else { 0.0 };
        from.distance_km(to) * 1_000.0 + remote
    };
    let rows = |per_metre: f64| -> Vec<Vec<f64>> {
        let row = |from: &Position| {
            chosen("destinations=").iter().map(|to| metres(*from, *to) * per_metre).collect()
        };
        chosen("sources=").iter().map(row).collect()
    };
    json!({ "code": "Ok", "durations": rows(0.05), "distances": rows(1.0) }).to_string()
}

async fn with_routing(url: &str) -> TestApp {
    let more = [("PEERPACK_ROUTING_URL", url)];
    TestApp::start_on(tempfile::tempdir().unwrap(), None, &more, RuntimeSettings::default()).await
}

/// A courier who passes near Vladimir, and a sender there.
async fn people(app: &TestApp) -> (TestUser, TestUser) {
    let (anna, oleg) = (app.sign_in("Anna").await, app.sign_in("Oleg").await);
    oleg.publish_trip("Москва", "Казань", json!({ "stops": ["Нижний Новгород"] })).await;
    (anna, oleg)
}

async fn offered_detour(app: &TestApp) -> u32 {
    let (anna, oleg) = people(app).await;
    let mut olegs = oleg.connect().await;
    let package = anna.publish_package("Владимир", "Казань", json!({})).await;
    olegs.offer(&package).await.detour_min
}

#[actix_web::test]
async fn the_ways_of_the_service_make_the_offers_detour_and_are_asked_for_once() {
    let estimated = offered_detour(&TestApp::start(Backend::Sqlite).await).await;
    let service = Service::start(Manner::Answers { vladimir_s: 1_500.0 }).await;
    let app = with_routing(&service.url).await;
    let (anna, oleg) = people(&app).await;
    let mut olegs = oleg.connect().await;
    let package = anna.publish_package("Владимир", "Казань", json!({})).await;
    let offer = olegs.offer(&package).await;
    let explained = anna.get(&format!("/api/packages/{package}/explain")).await;
    let (offered, asked) = (offer.detour_min, service.requests());
    assert!(offered > estimated.max(25), "{offered} by road, {estimated} by great circle");
    assert!(asked > 0);
    // 1 500 s there, a few more for the bend, and the hand-over.
    assert!(offered < 45, "{offered}");
    assert_eq!(explained["verdicts"][0]["detour_min"], json!(offered), "{explained}");
    let next = anna.publish_package("Владимир", "Казань", json!({})).await;
    assert_eq!(olegs.offer(&next).await.detour_min, offered);
    assert_eq!(service.requests(), asked, "nothing is asked twice");
    app.audit().await;
}

#[actix_web::test]
async fn who_cannot_be_there_in_time_by_road_is_not_asked_and_hears_why() {
    let service = Service::start(Manner::Answers { vladimir_s: 7_200.0 }).await;
    let app = with_routing(&service.url).await;
    let (anna, oleg) = people(&app).await;
    let mut olegs = oleg.connect().await;
    let remote = anna.publish_package("Владимир", "Казань", json!({})).await;
    let explained = eventually("a measured verdict", async || {
        let explained = anna.get(&format!("/api/packages/{remote}/explain")).await;
        (explained["matches"] == 0).then_some(explained)
    })
    .await;
    assert_eq!(explained["reasons"]["detour"], 1, "{explained}");
    // A package on the way is offered, so the first one was looked at before.
    let near = anna.publish_package("Москва", "Казань", json!({})).await;
    olegs.offer(&near).await;
    assert!(olegs.offered(&remote).is_none());
    app.audit().await;
}

#[actix_web::test]
async fn the_courier_whose_way_is_shorter_by_road_is_ranked_first() {
    let ranks = async |app: &TestApp| {
        let (anna, ivan, oleg) =
            (app.sign_in("Anna").await, app.sign_in("Ivan").await, app.sign_in("Oleg").await);
        // Ivan leaves the way for Vladimir. Oleg stops there anyway, and asks more than Anna gives.
        ivan.publish_trip("Москва", "Казань", json!({ "stops": ["Нижний Новгород"] })).await;
        oleg.publish_trip("Москва", "Казань", json!({ "stops": ["Владимир"], "price": 900 })).await;
        let package = anna.publish_package("Владимир", "Казань", json!({})).await;
        let explained = anna.get(&format!("/api/packages/{package}/explain")).await;
        explained["verdicts"][0]["courier_name"].as_str().unwrap().to_owned()
    };
    let near = Service::start(Manner::Answers { vladimir_s: 0.0 }).await;
    let far = Service::start(Manner::Answers { vladimir_s: 2_400.0 }).await;
    assert_eq!(ranks(&with_routing(&near.url).await).await, "Ivan", "a small detour, and he asks less");
    assert_eq!(ranks(&with_routing(&far.url).await).await, "Oleg", "by road the detour costs more than that");
}

#[actix_web::test]
async fn a_service_in_trouble_holds_no_offer_up() {
    let estimated = offered_detour(&TestApp::start(Backend::Sqlite).await).await;
    for manner in [Manner::Silent, Manner::Fails, Manner::Raves, Manner::Endless, Manner::HangsUp] {
        let service = Service::start(manner).await;
        let app = with_routing(&service.url).await;
        // The silent one never answers: that the offer comes at all shows that nobody waits for it.
        assert_eq!(offered_detour(&app).await, estimated, "{manner:?}");
        assert!(service.requests() > 0, "{manner:?}");
        app.audit().await;
    }
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    assert_eq!(offered_detour(&with_routing(&format!("http://{gone}")).await).await, estimated, "refused");
}

#[actix_web::test]
async fn a_service_that_keeps_failing_is_left_alone() {
    let service = Service::start(Manner::Fails).await;
    let app = with_routing(&service.url).await;
    let (anna, oleg) = people(&app).await;
    let mut olegs = oleg.connect().await;
    let begun = Instant::now();
    let package = anna.publish_package("Владимир", "Казань", json!({})).await;
    olegs.offer(&package).await;
    for _ in 0..20 {
        anna.get(&format!("/api/packages/{package}/explain")).await;
    }
    // Then it has a pause of ten seconds, and one more request decides on the next one.
    let pauses_over = begun.elapsed().as_secs() / 10;
    let most = 5 + usize::try_from(pauses_over).unwrap();
    assert!((5..=most).contains(&service.requests()), "{} requests", service.requests());
}

#[actix_web::test]
async fn commands_on_a_package_go_on_while_its_candidates_are_measured() {
    let service = Service::start(Manner::Silent).await;
    let more = [("PEERPACK_ROUTING_URL", &*service.url), ("PEERPACK_ROUTING_TIMEOUT_MS", "5000")];
    let app = TestApp::start_on(tempfile::tempdir().unwrap(), None, &more, RuntimeSettings::default()).await;
    let (anna, _) = people(&app).await;
    // A busy machine adds to how long some of these take. An answer that waited for the service would do so
    // each time.
    let mut taken = Vec::new();
    for asked in 1..=3 {
        let package = anna.publish_package("Владимир", "Казань", json!({})).await;
        eventually("a question", async || (service.requests() >= asked).then_some(())).await;
        let begun = Instant::now();
        let (status, answer) = anna.put(&format!("/api/packages/{package}/cancel")).await;
        assert_eq!(status, reqwest::StatusCode::OK, "{answer}");
        taken.push(begun.elapsed());
    }
    assert!(taken.iter().min() < Some(&Duration::from_secs(4)), "{taken:?}");
    app.audit().await;
}
