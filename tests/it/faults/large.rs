//! Accounts and trips with so much to them that what follows from their end takes longer than a call.

use std::time::Duration;

use futures_util::{StreamExt, stream};
use peerpack::auth::Role;
use peerpack_actors::ids::UserId;
use peerpack_actors::market::package::PackageState;
use peerpack_actors::market::request::RequestState;
use peerpack_actors::ports::Store;
use peerpack_actors::runtime::RuntimeSettings;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::market::{database, rounds};
use super::process::Process;
use crate::support::{
    Backend, TestApp, TestUser, at_full_size, backends, eventually, fresh_postgres, patiently, promised,
    sign_in_at,
};

const UNBOUNDED: [(&str, &str); 3] = [
    ("PEERPACK_MAX_OPEN_PACKAGES", "20000"),
    ("PEERPACK_MAX_PENDING_REQUESTS", "20000"),
    ("PEERPACK_MAX_PENDING_PER_TRIP", "20000"),
];

/// How many deals there may be on a trip.
const MAX_DEALS: usize = 200;

/// What is asked for may take so long, however much follows from it.
const ANSWERED_WITHIN_S: u64 = 1;

/// What the clock, the disk and the machine add now and then.
const NOISE: Duration = Duration::from_millis(100);

async fn start(backend: Backend) -> TestApp {
    let url = match backend {
        Backend::Sqlite => None,
        Backend::Postgres => Some(fresh_postgres().await),
    };
    TestApp::start_on(tempfile::tempdir().unwrap(), url, &UNBOUNDED, RuntimeSettings::default()).await
}

/// Publishes so many packages; answers with their ids.
async fn publish(who: &TestUser, number: usize) -> Vec<String> {
    let one = |_| who.publish_package("Псков", "Тверь", json!({ "mode": "choose" }));
    stream::iter(0..number).map(one).buffer_unordered(8).collect().await
}

/// The end of a job; meanwhile there is never more left than before.
async fn done(anybody: &TestUser, job: &Value) {
    let path = format!("/api/jobs/{}", job["id"].as_str().unwrap_or_else(|| panic!("no job: {job}")));
    let mut left = job["left"].as_u64().unwrap();
    assert!(left > 0 && left <= job["total"].as_u64().unwrap(), "{job}");
    let started = Instant::now();
    loop {
        let seen = anybody.get(&path).await;
        let now = seen["left"].as_u64().unwrap();
        assert!(now <= left, "{seen}");
        left = now;
        if seen["finished_at"].is_string() {
            assert_eq!(left, 0, "{seen}");
            eprintln!("{} of a job took {:?}", seen["total"], started.elapsed());
            return;
        }
        assert!(started.elapsed() < Duration::from_secs(300), "{seen}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// How long calls of somebody else take, until something is over.
async fn meanwhile(other: &TestUser, work: impl Future<Output = ()>) -> Vec<Duration> {
    let mut taken = Vec::new();
    let calls = async {
        loop {
            let asked = Instant::now();
            other.publish_package("Рязань", "Тула", json!({ "mode": "choose" })).await;
            taken.push(asked.elapsed());
        }
    };
    let work = std::pin::pin!(work);
    futures_util::future::select(std::pin::pin!(calls), work).await;
    taken.sort_unstable();
    taken
}

/// How long the same calls take while nothing else happens.
async fn usually(other: &TestUser) -> Vec<Duration> {
    meanwhile(other, tokio::time::sleep(Duration::from_secs(3))).await
}

/// At full size, nine hundred and ninety of a thousand calls are about as quick beside a job as before it.
fn assert_undisturbed(before: &[Duration], beside: &[Duration]) {
    let p99 = |taken: &[Duration]| taken.get(taken.len() * 99 / 100).copied().unwrap_or_default();
    let (before, beside) = (p99(before), p99(beside));
    eprintln!("p99 of others: {before:?} before, {beside:?} beside it");
    assert!(!at_full_size() || beside <= 2 * before + NOISE, "{beside:?}, and {before:?} before");
}

#[actix_web::test]
async fn f56_a_large_account_is_deleted_or_shut_out_at_once_and_the_rest_follows() {
    for backend in backends() {
        let app = start(backend).await;
        let (anybody, other) = (app.anonymous(), app.sign_in("Oleg").await);
        let admin = app.sign_in_with_role("Root", Role::Admin).await;
        for is_shut_out in [false, true] {
            let anna = app.sign_in("Anna").await;
            let packages = publish(&anna, rounds(150, 8_000)).await;
            let trip = anna.publish_trip("Псков", "Тверь", json!({})).await;
            let before = usually(&other).await;
            let asked = Instant::now();
            let (status, answer) = if is_shut_out {
                admin.post(&format!("/api/admin/users/{}/block", anna.id), json!({})).await
            } else {
                anna.call(Method::DELETE, "/api/user/account", None).await
            };
            assert_eq!(status, StatusCode::OK, "{answer}");
            let took = asked.elapsed();
            assert!(took < promised(ANSWERED_WITHIN_S), "{took:?}");
            let taken = meanwhile(&other, done(&anybody, &answer["job"])).await;
            let slowest = taken.last().copied().unwrap_or_default();
            eprintln!(
                "{backend:?}: answered after {took:?}; others waited {slowest:?} at most, {} calls",
                taken.len()
            );
            assert!(slowest < promised(ANSWERED_WITHIN_S), "{slowest:?}");
            assert_undisturbed(&before, &taken);

            assert_eq!(
                app.app.database.packages_left(anna.id.parse().unwrap(), None, 1).await,
                Ok(Vec::new())
            );
            for id in packages.iter().step_by(20) {
                let package = app.app.database.package(id.parse().unwrap()).await.unwrap().unwrap();
                assert!(matches!(package.state, PackageState::Cancelled { .. }), "{:?}", package.state);
            }
            assert!(!app.app.database.trip(trip.parse().unwrap()).await.unwrap().unwrap().state.is_live());
        }
        app.audit().await;
    }
}

#[actix_web::test]
async fn f56_a_person_who_comes_back_keeps_what_is_left() {
    let app = start(Backend::Sqlite).await;
    let anna = app.sign_in("Anna").await;
    publish(&anna, 150).await;
    let (_, answer) = anna.call(Method::DELETE, "/api/user/account", None).await;
    let back = anna.again(&app).await;
    let job = answer["job"]["id"].as_str().unwrap().to_owned();
    eventually("the end of the job", async || {
        app.anonymous().get(&format!("/api/jobs/{job}")).await["finished_at"].is_string().then_some(())
    })
    .await;
    let kept = back.publish_package("Псков", "Тверь", json!({ "mode": "choose" })).await;
    peerpack::maintenance::rounds::run_all(&app.app).await;
    assert_eq!(back.get(&format!("/api/packages/{kept}")).await["status"], "waiting");
    app.audit().await;
}

#[actix_web::test]
async fn f57_a_trip_on_which_thousands_wait_is_called_off_at_once_and_the_rest_follows() {
    for backend in backends() {
        let app = start(backend).await;
        let (anna, ivan, other) =
            (app.sign_in("Anna").await, app.sign_in("Ivan").await, app.sign_in("Oleg").await);
        let trip = ivan.publish_trip("Псков", "Тверь", json!({ "capacity_g": 2_000_000 })).await;
        let packages = publish(&anna, rounds(150, 4_000)).await;
        let path = format!("/api/couriers/{trip}/send-package");
        let ask = |package: &String| {
            let body = json!({ "package_id": package });
            let (anna, path) = (&anna, &path);
            async move { anna.post_patiently(path, body).await }
        };
        let asked: Vec<_> = stream::iter(&packages).map(ask).buffer_unordered(8).collect().await;
        assert!(asked.iter().all(|(status, _)| *status == StatusCode::CREATED), "{:?}", asked[0]);
        // As many of them as there may be are deals by now.
        for (_, asked) in &asked[..rounds(40, MAX_DEALS)] {
            ivan.step(asked["request_id"].as_str().unwrap(), "accept").await;
        }

        let before = usually(&other).await;
        let called_off = Instant::now();
        let (status, answer) = ivan.put(&format!("/api/trips/{trip}/cancel")).await;
        let took = called_off.elapsed();
        assert_eq!((status, &answer["state"]), (StatusCode::OK, &json!("cancelled")), "{answer}");
        assert!(took < promised(ANSWERED_WITHIN_S), "{took:?}");
        let taken = meanwhile(&other, done(&app.anonymous(), &answer["job"])).await;
        eprintln!("{backend:?}: answered after {took:?}; others waited {:?} at most", taken.last());
        assert_undisturbed(&before, &taken);
        for id in &packages {
            let package = app.app.database.package(id.parse().unwrap()).await.unwrap().unwrap();
            let state = &package.requests[0].state;
            assert!(
                matches!(state, RequestState::Withdrawn { .. } | RequestState::Cancelled { .. }),
                "{state:?}"
            );
        }
        // Each sender is told of each, once.
        let sender: UserId = anna.id.parse().unwrap();
        let (mut told, mut after) = (0, 0);
        loop {
            let page = app.app.database.events(sender, after, 1_000).await.unwrap();
            let Some(last) = page.last() else { break };
            after = last.seq;
            told += page.iter().filter(|entry| entry.body.contains("\"request.cancelled\"")).count();
        }
        assert_eq!(told, packages.len());
        app.audit().await;
    }
}

#[actix_web::test]
async fn f58_a_job_survives_the_server_that_began_it() {
    for backend in backends() {
        let data = tempfile::tempdir().unwrap();
        let url = match backend {
            Backend::Sqlite => data.path().display().to_string(),
            Backend::Postgres => fresh_postgres().await,
        };
        let database = database(&url).await;
        let mut more = UNBOUNDED.to_vec();
        if backend == Backend::Postgres {
            more.push(("DATABASE_URL", url.as_str()));
        }
        let mut server = Process::start("serve", data.path(), &more).await;
        let anna = sign_in_at(&server.url, "Anna").await;
        publish(&anna, rounds(150, 2_000)).await;
        let (status, answer) = anna.call(Method::DELETE, "/api/user/account", None).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
        let job = answer["job"]["id"].as_str().unwrap().parse().unwrap();
        assert!(answer["job"]["left"].as_u64().unwrap() > 0, "it has hardly begun: {answer}");
        server.kill_and_start_again();
        server.until_ready().await;
        let is_done = async || {
            let job = patiently(async || database.job(job).await).await;
            job.filter(|job| job.finished_at.is_some())
        };
        assert_eq!(eventually("the end of the job", is_done).await.left, 0);
        assert_eq!(database.packages_left(anna.id.parse().unwrap(), None, 1).await, Ok(Vec::new()));
        assert_eq!(database.audit().await.unwrap(), Vec::<String>::new());
    }
}
