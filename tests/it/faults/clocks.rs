//! Machines whose clocks differ: nodes that follow one time all the same, or do not start.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use peerpack::app::SystemClock;
use peerpack::config::{Config, Settings};
use peerpack::startup::{Application, migrate};
use peerpack::ws::wire::{ClientMessage, OfRequest};
use peerpack_actors::matching;
use peerpack_actors::ports::Clock;
use peerpack_actors::runtime::RuntimeSettings;
use peerpack_actors::time::{Span, Time};
use reqwest::{Method, StatusCode};
use serde_json::json;

use super::market::database;
use super::process::Process;
use crate::support::{Backend, TestApp, backends, eventually, free_address, fresh_postgres, http};

/// The clock of a machine that is ahead, or behind if that is negative.
struct Shifted(Span);

impl Clock for Shifted {
    fn now(&self) -> Time {
        SystemClock.now() + self.0
    }

    fn random(&self) -> [u8; 10] {
        SystemClock.random()
    }
}

/// Nodes on one database whose clocks are so many seconds ahead.
async fn nodes<const N: usize>(ahead_s: [i64; N]) -> [TestApp; N] {
    let postgres = fresh_postgres().await;
    // A look at the database's clock that takes long says less, and must not keep a node from starting.
    let more = [
        ("PEERPACK_JWT_SECRET", "a secret that both nodes share, of 32 bytes"),
        ("PEERPACK_MAX_CLOCK_SKEW_S", "60"),
    ];
    let compare = Duration::from_millis(200);
    let mut nodes = Vec::new();
    for ahead in ahead_s {
        let machine = Arc::new(Shifted(Span::seconds(ahead)));
        let (data, url) = (tempfile::tempdir().unwrap(), Some(postgres.clone()));
        // Until it is looked at, an offer is open three times as long.
        let matching = matching::Settings { offer_ttl_s: 18, longest_offer_ttl_min: 0, ..Default::default() };
        let runtime = RuntimeSettings { compare, matching, ..RuntimeSettings::default() };
        nodes.push(TestApp::start_at(machine, data, url, &more, runtime).await);
    }
    nodes.try_into().unwrap_or_else(|_| unreachable!())
}

/// A machine's clock that somebody sets, so many milliseconds ahead of the right time.
struct Settable(AtomicI64);

impl Clock for Settable {
    fn now(&self) -> Time {
        SystemClock.now() + Span::from_ms(self.0.load(Ordering::Relaxed))
    }

    fn random(&self) -> [u8; 10] {
        SystemClock.random()
    }
}

#[actix_web::test]
async fn f40_a_clock_that_is_set_while_a_server_runs_ends_no_offer_and_no_session() {
    for backend in backends() {
        let machine = Arc::new(Settable(AtomicI64::new(0)));
        let url = match backend {
            Backend::Sqlite => None,
            Backend::Postgres => Some(fresh_postgres().await),
        };
        let clock = Arc::clone(&machine) as Arc<dyn Clock>;
        let (data, runtime) = (tempfile::tempdir().unwrap(), RuntimeSettings::default());
        let app = TestApp::start_at(clock, data, url, &[], runtime).await;
        let (anna, ivan) = (app.sign_in("Anna").await, app.sign_in("Ivan").await);
        let mut ivans = ivan.connect().await;
        ivan.publish_trip("Иркутск", "Улан-Удэ", json!({})).await;
        let package = anna.publish_package("Иркутск", "Улан-Удэ", json!({})).await;
        let offer = ivans.offer(&package).await;
        for set_s in [3_600, 86_400, -3_600, -86_400] {
            machine.0.store(set_s * 1_000, Ordering::Relaxed);
            // The chores and alarms of the actors have looked at it by then.
            tokio::time::sleep(Duration::from_millis(1_500)).await;
            let health = app.anonymous().get("/api/health").await;
            assert_eq!(health["clock"]["status"], "jumped", "{health}");
            for user in [&anna, &ivan] {
                user.get("/api/user/profile").await;
            }
            // Init data of this moment, as Telegram signs it by a clock of its own.
            app.sign_in("Boris").await;
            let mine = anna.get("/api/user/packages").await;
            assert_eq!(mine["packages"][0]["status"], "waiting", "{set_s} s: {mine}");
        }
        machine.0.store(0, Ordering::Relaxed);
        assert_eq!(app.anonymous().get("/api/health").await["clock"]["jumped_ms"], 0);
        let accept = ClientMessage::OfferAccept(OfRequest { request_id: offer.request_id });
        assert_eq!(ivans.insist(accept).await, ("ok".to_owned(), None));
        app.audit().await;
    }
}

#[actix_web::test]
async fn f41_nodes_whose_clocks_are_a_minute_apart_agree_on_tokens_offers_and_sessions_that_ended() {
    if std::env::var("PEERPACK_TEST_POSTGRES").is_err() {
        eprintln!("PEERPACK_TEST_POSTGRES is not set: not run");
        return;
    }
    let [ahead, behind] = nodes([29, -29]).await;
    // A token that was issued this moment.
    let (anna, ivan) = (ahead.sign_in("Anna").await, behind.sign_in("Ivan").await);
    for (app, near_s) in [(&ahead, 29), (&behind, -29)] {
        anna.at(app).get("/api/user/profile").await;
        let health = anna.at(app).get("/api/health").await;
        let skew_s = health["clock"]["skew_ms"].as_i64().unwrap() / 1_000;
        assert!((skew_s - near_s).abs() < 5 && health["clock"]["status"] == "ok", "{health}");
    }
    // An offer of less than the minute, which the node ahead compares with its own time again and again.
    let mut ivans = ivan.connect().await;
    ivan.publish_trip("Иркутск", "Улан-Удэ", json!({})).await;
    let package = anna.at(&behind).publish_package("Иркутск", "Улан-Удэ", json!({})).await;
    let offer = ivans.offer(&package).await;
    for trips in 1..=3 {
        eventually("the trip on the other node", async || {
            (ahead.app.engine.stats().trips == trips).then_some(())
        })
        .await;
        ivan.publish_trip("Тверь", "Вологда", json!({})).await;
    }
    ivan.at(&ahead).step(&offer.request_id.to_string(), "accept").await;
    // Signed out on either node, on the other too.
    for (here, there) in [(&behind, &ahead), (&ahead, &behind)] {
        let boris = here.sign_in("Boris").await;
        boris.at(there).get("/api/user/profile").await;
        assert_eq!(boris.post("/api/auth/logout-everywhere", json!({})).await.0, StatusCode::OK);
        eventually("the end of the session", async || {
            let (status, _) = boris.at(there).call(Method::GET, "/api/user/profile", None).await;
            (status == StatusCode::UNAUTHORIZED).then_some(())
        })
        .await;
    }
    ahead.audit().await;
}

#[actix_web::test]
async fn f41_how_far_a_clock_is_off_is_measured_from_the_start_on() {
    if std::env::var("PEERPACK_TEST_POSTGRES").is_err() {
        eprintln!("PEERPACK_TEST_POSTGRES is not set: not run");
        return;
    }
    let (postgres, data) = (fresh_postgres().await, tempfile::tempdir().unwrap());
    database(&postgres).await;
    let metrics = free_address().to_string();
    let more = [("DATABASE_URL", postgres.as_str()), ("PEERPACK_METRICS_LISTEN", &metrics)];
    let _server = Process::start("serve", data.path(), &more).await;
    let page = http().get(format!("http://{metrics}/metrics")).send().await.unwrap().text().await.unwrap();
    let skew = page.lines().find_map(|line| line.strip_prefix("peerpack_clock_skew_seconds "));
    let skew_s: f64 = skew.unwrap_or_else(|| panic!("{page}")).parse().unwrap();
    assert!(skew_s.abs() < 5.0, "{skew_s}");
}

#[actix_web::test]
async fn f41_a_node_whose_clock_is_further_off_than_it_may_be_does_not_start() {
    if std::env::var("PEERPACK_TEST_POSTGRES").is_err() {
        eprintln!("PEERPACK_TEST_POSTGRES is not set: not run");
        return;
    }
    let (postgres, data) = (fresh_postgres().await, tempfile::tempdir().unwrap());
    let start = async |ahead_s, most: &str| {
        let environment = [
            ("PEERPACK_LISTEN", "127.0.0.1:0"),
            ("PEERPACK_DATA_DIR", data.path().to_str().unwrap()),
            ("DATABASE_URL", &postgres),
            ("PEERPACK_MAX_CLOCK_SKEW_S", most),
        ];
        let environment = environment.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let config = Config::load(Settings::default(), environment).unwrap();
        migrate(&config).await.unwrap();
        let machine = Arc::new(Shifted(Span::seconds(ahead_s)));
        Application::build_on(config, RuntimeSettings::default(), machine).await.map(|_| ())
    };
    for ahead_s in [90, -90] {
        let refused = start(ahead_s, "30").await.unwrap_err().to_string();
        assert!(refused.contains("max_clock_skew_s is 30"), "{refused}");
        start(ahead_s, "600").await.unwrap();
    }
}
