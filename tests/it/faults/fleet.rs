//! Two nodes, one of which freezes, or both of which are replaced in turn.

use std::time::Duration;

use peerpack::app::SystemClock;
use peerpack::store::Database;
use peerpack_actors::ids::RequestId;
use peerpack_actors::market::request::RequestState;
use peerpack_actors::ports::{Clock, Store};
use peerpack_actors::time::Span;
use serde_json::json;
use sqlx::{Connection, PgConnection};
use tokio::time::{Instant, sleep};

use super::market::{Bystander, database, play_while, rounds};
use super::process::Process;
use crate::support::{PATIENCE, TestUser, at_full_size, eventually, fresh_postgres, promised, sign_in_at};

/// Two nodes in processes of their own, and the database they share.
struct Fleet {
    nodes: [Process; 2],
    url: String,
    database: Database,
    _folders: [tempfile::TempDir; 2],
}

impl Fleet {
    /// Runs `serve` or `supervise` twice, if there are a Postgres and a Redis.
    async fn start(command: &str) -> Option<Self> {
        let (Ok(_), Ok(redis)) =
            (std::env::var("PEERPACK_TEST_POSTGRES"), std::env::var("PEERPACK_TEST_REDIS"))
        else {
            eprintln!("PEERPACK_TEST_POSTGRES or PEERPACK_TEST_REDIS is not set: not run");
            return None;
        };
        let url = fresh_postgres().await;
        let database = database(&url).await;
        let secret = ("PEERPACK_JWT_SECRET", "a secret that both nodes share, of 32 bytes");
        let more = [("DATABASE_URL", url.as_str()), ("REDIS_URL", redis.as_str()), secret];
        let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
        let nodes = [
            Process::start(command, folders[0].path(), &more).await,
            Process::start(command, folders[1].path(), &more).await,
        ];
        Some(Self { nodes, url, database, _folders: folders })
    }

    fn urls(&self) -> [&str; 2] {
        [&self.nodes[0].url, &self.nodes[1].url]
    }
}

/// Three couriers with a trip each, and the package of theirs that all of them are asked to carry.
struct Auction {
    couriers: Vec<TestUser>,
    requests: Vec<String>,
}

impl Auction {
    async fn open(url: &str, sender: &TestUser, couriers: &[(TestUser, String)]) -> Self {
        let package = sender.publish_package("Рязань", "Тула", json!({ "mode": "choose" })).await;
        let mut requests = Vec::new();
        for (_, trip) in couriers {
            let body = json!({ "package_id": package, "message": "" });
            let path = format!("/api/couriers/{trip}/send-package");
            let (status, answer) = sender.moved_to(url).post_patiently(&path, body).await;
            assert_eq!(status, 201, "{answer}");
            requests.push(answer["request_id"].as_str().unwrap().to_owned());
        }
        Self { couriers: couriers.iter().map(|(courier, _)| courier.clone()).collect(), requests }
    }

    /// One of the couriers takes a step on a node: again as long as it is too busy to say what becomes of it.
    async fn step(&self, courier: usize, url: &str, action: &str) -> (u16, serde_json::Value) {
        let path = format!("/api/package-requests/{}/{action}", self.requests[courier]);
        let (status, answer) = self.couriers[courier].moved_to(url).put(&path).await;
        (status.as_u16(), answer)
    }

    /// How often each courier was told of something of this auction.
    async fn told(&self, database: &Database, kind: &str) -> Vec<usize> {
        let mut told = Vec::new();
        for (courier, request) in self.couriers.iter().zip(&self.requests) {
            let events = database.events(courier.id.parse().unwrap(), 0, 1_000).await.unwrap();
            let meant = |body: &str| body.contains(&format!("\"{kind}\"")) && body.contains(request);
            told.push(events.iter().filter(|entry| meant(&entry.body)).count());
        }
        told
    }
}

#[actix_web::test]
async fn f13_a_node_that_was_frozen_overwrites_nothing_and_repeats_nothing() {
    let Some(fleet) = Fleet::start("serve").await else { return };
    let [frozen, awake] = fleet.urls();
    let sender = sign_in_at(awake, "Anna").await;
    let mut couriers = Vec::new();
    for name in ["Ivan", "Olga", "Oleg"] {
        let courier = sign_in_at(awake, name).await;
        let trip = courier.publish_trip("Рязань", "Тула", json!({})).await;
        couriers.push((courier, trip));
    }
    // Both nodes hold both packages: a courier has declined on each of them.
    let contested = Auction::open(awake, &sender, &couriers).await;
    let ending = Auction::open(awake, &sender, &couriers).await;
    let (status, answer) = contested.step(0, frozen, "decline").await;
    assert_eq!(status, 200, "{answer}");
    let ends_at = SystemClock.now() + Span::seconds(15);
    let mut admin = PgConnection::connect(&fleet.url).await.unwrap();
    for request in &ending.requests {
        let request: RequestId = request.parse().unwrap();
        let shorten = sqlx::query("UPDATE requests SET expires_at = $1 WHERE id = $2");
        shorten.bind(ends_at.ms()).bind(request.uuid()).execute(&mut admin).await.unwrap();
    }
    let (status, answer) = ending.step(0, frozen, "decline").await;
    assert_eq!(status, 200, "{answer}");

    fleet.nodes[0].signal("STOP");
    let stopped = Instant::now();
    let (status, answer) = contested.step(1, awake, "accept").await;
    assert_eq!(status, 200, "{answer}");
    let request: RequestId = ending.requests[1].parse().unwrap();
    let is_over = async || {
        let package = fleet.database.package_of(request).await.unwrap()?;
        let package = fleet.database.package(package).await.unwrap()?;
        let state = &package.request(request)?.state;
        matches!(state, RequestState::Expired { .. }).then_some(())
    };
    while is_over().await.is_none() {
        assert!(stopped.elapsed() < PATIENCE, "nobody ends what is overdue");
        sleep(Duration::from_millis(100)).await;
    }
    let longest = Duration::from_secs(rounds(8, 30) as u64);
    sleep(longest.saturating_sub(stopped.elapsed())).await;
    fleet.nodes[0].signal("CONT");

    // It still holds the package as it was before it froze.
    let (status, answer) = contested.step(2, frozen, "accept").await;
    assert_eq!((status, answer["code"].as_str()), (409, Some("already_taken")), "{answer}");
    // Its own alarm for the same moment has rung by now, or rings before this is answered.
    let (status, answer) = ending.step(2, frozen, "accept").await;
    assert_eq!((status, answer["code"].as_str()), (409, Some("expired")), "{answer}");
    assert_eq!(ending.told(&fleet.database, "request.cancelled").await, [0, 1, 1], "once each");
    assert_eq!(contested.told(&fleet.database, "request.accepted").await, [0, 1, 0]);
    assert_eq!(fleet.database.audit().await.unwrap(), Vec::<String>::new());

    if at_full_size() {
        let bystander = Bystander::start(&fleet.database);
        let freeze = async {
            sleep(Duration::from_secs(3)).await;
            fleet.nodes[0].signal("STOP");
            sleep(Duration::from_secs(30)).await;
            fleet.nodes[0].signal("CONT");
            sleep(Duration::from_secs(5)).await;
        };
        let mut market = play_while(&fleet.urls(), 5, freeze).await;
        bystander.has_seen_nothing().await;
        market.judge(&fleet.database).await;
    }
}

#[actix_web::test]
async fn f50_two_nodes_that_are_replaced_in_turn_fail_no_request_and_lose_no_event() {
    let Some(fleet) = Fleet::start("supervise").await else { return };
    let bystander = Bystander::start(&fleet.database);
    let rolls = rounds(1, 4);
    let rolling = async {
        for _ in 0..rolls {
            for supervisor in &fleet.nodes {
                sleep(Duration::from_millis(500)).await;
                let before = supervisor.children();
                supervisor.signal("HUP");
                eventually("a successor that is alone", async || {
                    let now = supervisor.children();
                    (now.len() == 1 && now != before).then_some(())
                })
                .await;
            }
        }
    };
    let mut market = play_while(&fleet.urls(), 5, rolling).await;
    // A machine that is busy with everything else may ask to come again; to be cut off is another thing.
    market.failed_only_with(if at_full_size() { &[] } else { &["503 unavailable", "503 busy"] });
    // Anybody who still waits when the other node is replaced is not sent away a second time.
    assert!(market.counts["reconnects"] >= 52, "everybody was sent away");
    assert_eq!(market.counts.get("resumes not recovered"), None);
    assert_eq!(market.counts["resumes recovered"], market.counts["reconnects"]);
    let delay = market.longest_delay(false);
    assert!(delay <= Span::from_ms(promised(15).as_millis() as i64), "an event came {delay:?} late");
    bystander.has_seen_nothing().await;
    market.judge(&fleet.database).await;
}
