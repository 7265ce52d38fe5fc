//! Clients that reset their connection at every moment of a call: nothing is left half done, nor forgotten.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use actix_web::{HttpResponse, HttpServer, web};
use futures_util::future::join_all;
use peerpack::store::pool_options;
use peerpack_actors::runtime::RuntimeSettings;
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::postgres::PgPoolOptions;
use sqlx::{Connection, Executor, PgConnection, PgPool, Row};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout};

use super::chaos::Chaos;
use super::market::rounds;
use crate::support::{PATIENCE, TestApp, TestUser, fresh_postgres};

/// Resets come up to so long after the request, a millisecond later each time.
const LONGEST_MS: u64 = 40;

/// Deals that are swept side by side.
const AT_ONCE: usize = 8;

/// How many connections the server keeps to Postgres at most.
const POOL: i64 = 16;

/// Sends a request, waits, and resets the connection. The answer, if it was faster.
async fn reset_after(address: &str, request: &str, wait: Duration) -> Option<u16> {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.set_zero_linger().unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = [0; 1_024];
    let read = timeout(wait, stream.read(&mut answer)).await.ok()?.ok()?;
    String::from_utf8_lossy(&answer[..read]).split(' ').nth(1)?.parse().ok()
}

fn request(method: &str, path: &str, headers: &str, body: &str) -> String {
    format!(
        "{method} {path} HTTP/1.1\r\nhost: x\r\n{headers}content-type: application/json\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// Postgres behind a network that makes each exchange take a few milliseconds: more moments to be cancelled
/// in.
async fn far_postgres() -> (String, String, Chaos) {
    let near = fresh_postgres().await;
    let server = near.rsplit('@').next().unwrap().split('/').next().unwrap().to_owned();
    let chaos = Chaos::before(&server).await;
    chaos.faults.delay_ms.store(1, Ordering::Relaxed);
    chaos.faults.jitter_ms.store(3, Ordering::Relaxed);
    let far = near.replace(&server, &chaos.address.to_string());
    (near, far, chaos)
}

/// Looks for transactions that nobody goes on with.
struct Watch {
    stop: Arc<AtomicBool>,
    watching: tokio::task::JoinHandle<i64>,
}

impl Watch {
    async fn start(url: &str) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let (mut admin, stopped) = (PgConnection::connect(url).await.unwrap(), Arc::clone(&stop));
        let watching = tokio::spawn(async move {
            let mut most = 0;
            while !stopped.load(Ordering::Relaxed) {
                let forgotten = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
                    AND state LIKE 'idle in transaction%' AND now() - state_change > interval '1 second'";
                let row = admin.fetch_one(forgotten).await.unwrap();
                most = most.max(row.get::<i64, _>(0));
                sleep(Duration::from_millis(50)).await;
            }
            most
        });
        Self { stop, watching }
    }

    /// The most that were forgotten at one moment.
    async fn seen(self) -> i64 {
        sleep(Duration::from_millis(1_500)).await;
        self.stop.store(true, Ordering::Relaxed);
        self.watching.await.unwrap()
    }
}

async fn number(url: &str, query: &'static str) -> i64 {
    PgConnection::connect(url).await.unwrap().fetch_one(query).await.unwrap().get(0)
}

/// The calls of a deal, each of them first reset and then repeated under its key until it is answered.
struct Sweep<'a> {
    address: &'a str,
    wait: Duration,
    number: usize,
    answered: AtomicU64,
}

impl Sweep<'_> {
    async fn call(&self, user: &TestUser, method: Method, path: &str, body: Option<Value>) -> Value {
        let key = format!("{}-{}", self.number, path.rsplit('/').next().unwrap());
        let headers = format!("authorization: Bearer {}\r\nidempotency-key: {key}\r\n", user.token);
        let text = body.as_ref().map(Value::to_string).unwrap_or_default();
        let raw = request(method.as_str(), path, &headers, &text);
        let first = reset_after(self.address, &raw, self.wait).await;
        self.answered.fetch_add(u64::from(first.is_some()), Ordering::Relaxed);
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            let headers = [("idempotency-key", key.as_str())];
            let (status, _, answer) = user.call_with(method.clone(), path, &headers, body.clone()).await;
            // Nobody knows what became of it, on a machine that is too busy: the same again.
            if answer["code"] == "in_progress" || status == 503 {
                sleep(Duration::from_millis(20)).await;
                continue;
            }
            assert!(status.is_success(), "{path} after a reset at {:?}: {status} {answer}", self.wait);
            let told = first.is_none_or(|first| first == status.as_u16() || first == 503);
            assert!(told, "{path}: answered {first:?} at first, and {status} when it was repeated");
            return answer;
        }
        panic!("{path} is carried out for ever");
    }
}

/// A package from its publication to its end, each call reset once. How many were answered before that.
async fn deal(app: &TestApp, anna: &TestUser, ivan: &TestUser, trip: &str, number: usize) -> u64 {
    let wait = Duration::from_millis(number as u64 * 7 % LONGEST_MS);
    let address = app.url.strip_prefix("http://").unwrap();
    let sweep = Sweep { address, wait, number, answered: AtomicU64::new(0) };
    let (post, put) = (Method::POST, Method::PUT);
    let package = json!({
        "from": "Рязань", "to": "Тула", "description": format!("посылка {number}"), "reward": 500,
        "weight_g": 500, "mode": "choose",
    });
    let published = sweep.call(anna, post.clone(), "/api/packages", Some(package)).await;
    let ask = json!({ "package_id": published["package_id"], "message": "" });
    let asked = sweep.call(anna, post, &format!("/api/couriers/{trip}/send-package"), Some(ask)).await;
    let id = asked["request_id"].as_str().unwrap();
    let step = |action: &str| format!("/api/package-requests/{id}/{action}");
    if number % 4 == 3 {
        sweep.call(ivan, put, &step("decline"), None).await;
        return sweep.answered.into_inner();
    }
    sweep.call(ivan, put.clone(), &step("accept"), None).await;
    if number % 4 == 2 {
        sweep.call(anna, put, &step("cancel"), None).await;
    } else {
        sweep.call(ivan, put.clone(), &step("pickup"), None).await;
        sweep.call(ivan, put.clone(), &step("mark-delivered"), None).await;
        sweep.call(anna, put, &step("confirm-delivery"), None).await;
    }
    sweep.answered.into_inner()
}

#[actix_web::test]
async fn f10_calls_that_are_reset_at_any_moment_are_done_once_or_not_at_all_and_leave_nothing_open() {
    if std::env::var("PEERPACK_TEST_POSTGRES").is_err() {
        eprintln!("PEERPACK_TEST_POSTGRES is not set: not run");
        return;
    }
    let (near, far, _chaos) = far_postgres().await;
    let data = tempfile::tempdir().unwrap();
    let roomy = [("PEERPACK_MAX_PIECES_PER_TRIP", "1000")];
    let app = TestApp::start_on(data, Some(far), &roomy, RuntimeSettings::default()).await;
    let (anna, ivan) = (app.sign_in("Anna").await, app.sign_in("Ivan").await);
    let trip = ivan.publish_trip("Рязань", "Тула", json!({ "capacity_g": 2_000_000 })).await;
    let watch = Watch::start(&near).await;
    let (count, mut answered) = (rounds(24, 504), 0);
    for first in (0..count).step_by(AT_ONCE) {
        let deals = (first..first + AT_ONCE).map(|number| deal(&app, &anna, &ivan, &trip, number));
        answered += join_all(deals).await.into_iter().sum::<u64>();
    }
    eprintln!("{count} deals; {answered} calls were answered before their reset");
    assert_eq!(watch.seen().await, 0, "transactions were forgotten");
    // Every connection is still good, and there are no more of them than before.
    let mut profiles = join_all((0..64).map(|_| anna.get("/api/user/profile"))).await;
    assert_eq!(profiles.len(), 64);
    profiles.dedup_by_key(|profile| profile["id"].clone());
    assert_eq!(profiles.len(), 1);
    let open = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
        AND application_name = 'peerpack'";
    assert!(number(&near, open).await <= POOL);
    assert_eq!(number(&near, "SELECT count(*) FROM packages").await, i64::try_from(count).unwrap());
    let deals = number(&near, "SELECT count(*) FROM requests WHERE state = 'confirmed'").await;
    assert_eq!(usize::try_from(deals).unwrap(), (0..count).filter(|number| number % 4 < 2).count());
    app.audit().await;
}

/// A server that writes as one would at first: begin, insert, commit inside the handler, which a reset drops.
async fn naive_server(options: PgPoolOptions, far: &str) -> (String, actix_web::dev::ServerHandle) {
    async fn in_a_transaction(pool: web::Data<PgPool>) -> HttpResponse {
        let Ok(mut tx) = pool.begin().await else { return HttpResponse::ServiceUnavailable().finish() };
        let inserted = tx.execute("INSERT INTO notes DEFAULT VALUES").await;
        match (inserted, tx.commit().await) {
            (Ok(_), Ok(())) => HttpResponse::Ok().finish(),
            _ => HttpResponse::ServiceUnavailable().finish(),
        }
    }
    async fn plainly(pool: web::Data<PgPool>) -> HttpResponse {
        match pool.execute("INSERT INTO kept DEFAULT VALUES").await {
            Ok(_) => HttpResponse::Ok().finish(),
            Err(_) => HttpResponse::ServiceUnavailable().finish(),
        }
    }
    let pool = web::Data::new(options.max_connections(1).connect(far).await.unwrap());
    let server = HttpServer::new(move || {
        let app = actix_web::App::new().app_data(pool.clone());
        app.route("/notes", web::post().to(in_a_transaction)).route("/kept", web::post().to(plainly))
    });
    let server = server.workers(1).disable_signals().bind("127.0.0.1:0").unwrap();
    let address = server.addrs()[0].to_string();
    let server = server.run();
    let handle = server.handle();
    actix_web::rt::spawn(server);
    (address, handle)
}

/// How many acknowledged writes are not there after a sweep, and how many transactions were forgotten.
async fn swept(options: PgPoolOptions) -> (i64, i64) {
    let (near, far, _chaos) = far_postgres().await;
    let mut admin = PgConnection::connect(&near).await.unwrap();
    admin.execute("CREATE TABLE notes (n SERIAL); CREATE TABLE kept (n SERIAL)").await.unwrap();
    let (address, handle) = naive_server(options, &far).await;
    let watch = Watch::start(&near).await;
    // Resets come at every moment of a call, however long a call takes here and now.
    let asked = Instant::now();
    assert_eq!(reset_after(&address, &request("POST", "/notes", "", ""), PATIENCE).await, Some(200));
    let takes = asked.elapsed().max(Duration::from_millis(20));
    let (mut kept, mut lost) = (0, 0);
    for number in 0..75 {
        let wait = takes * (number % 25) / 20;
        reset_after(&address, &request("POST", "/notes", "", ""), wait).await;
        let answer = reset_after(&address, &request("POST", "/kept", "", ""), PATIENCE).await;
        kept += i64::from(answer == Some(200));
        // Anybody who is told that it is kept can look.
        let seen: i64 = admin.fetch_one("SELECT count(*) FROM kept").await.unwrap().get(0);
        lost = lost.max(kept - seen);
    }
    let forgotten = watch.seen().await;
    eprintln!("{kept} kept, {lost} of them lost, {forgotten} transactions forgotten");
    handle.stop(false).await;
    (lost, forgotten)
}

/// The faults that the test above must see: without the store's hooks the same resets lose what was
/// acknowledged, or leave transactions open; with them a server as naive as this does neither.
#[actix_web::test]
async fn f10_without_the_hooks_of_the_store_the_same_sweep_finds_what_is_lost() {
    if std::env::var("PEERPACK_TEST_POSTGRES").is_err() {
        eprintln!("PEERPACK_TEST_POSTGRES is not set: not run");
        return;
    }
    let (lost, forgotten) = swept(PgPoolOptions::new()).await;
    assert!(lost > 0 || forgotten > 0, "the sweep found nothing to find");
    assert_eq!(swept(pool_options(1)).await, (0, 0));
}
