//! F45: a bank in a crash loop. People pay in, hold, release and call off while the server is killed again
//! and again; in every snapshot the books add up, nobody is below zero, and each hold is resolved once.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use peerpack::maintenance::payments;
use peerpack::store::{Database, Settings};
use peerpack_actors::ids::PaymentId;
use peerpack_actors::runtime::RuntimeSettings;
use peerpack_actors::time::Span;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::time::sleep;

use super::acquirer::Acquirer;
use crate::faults::process::Process;
use crate::support::{
    Backend, TestApp, TestUser, at_full_size, backends, day, fresh_postgres, http, sign_in_at,
};

/// So many senders, and as many couriers.
const PAIRS: usize = 3;

/// How long the server lives each time.
const A_LIFE: Duration = Duration::from_millis(2_500);

/// What was acknowledged: the last state of each request.
type Acknowledged = Arc<Mutex<BTreeMap<String, &'static str>>>;

/// Where the server is now; it moves with each life.
type Address = Arc<Mutex<String>>;

#[actix_web::test]
async fn f45_twenty_kills_in_mixed_load_lose_no_kopeck_and_no_hold() {
    for backend in backends() {
        run(backend).await;
    }
}

async fn run(backend: Backend) {
    let kills = if at_full_size() { 20 } else { 4 };
    let (acquirer, data) = (Acquirer::start(), tempfile::tempdir().unwrap());
    let postgres = match backend {
        Backend::Sqlite => None,
        Backend::Postgres => Some(fresh_postgres().await),
    };
    let mut more = acquirer.settings();
    more.push(("PEERPACK_LIMITS", "false"));
    if let Some(url) = &postgres {
        more.push(("DATABASE_URL", url));
        let mut migrate = std::process::Command::new(env!("CARGO_BIN_EXE_peerpack"));
        assert!(migrate.arg("migrate").env("DATABASE_URL", url).status().unwrap().success());
    }
    let server = Process::start("serve", data.path(), &more).await;
    let mut people = Vec::new();
    for number in 0..2 * PAIRS {
        people.push(sign_in_at(&server.url, &format!("Person {number}")).await);
    }
    let address: Address = Arc::new(Mutex::new(server.url.clone()));
    let (acknowledged, counted) = (Acknowledged::default(), Arc::new(AtomicU64::new(0)));
    let is_over = Arc::new(AtomicBool::new(false));
    let mut working = Vec::new();
    for pair in 0..PAIRS {
        let worker = Worker {
            sender: people[pair].clone(),
            courier: people[PAIRS + pair].clone(),
            address: Arc::clone(&address),
            acquirer: acquirer.clone(),
            acknowledged: Arc::clone(&acknowledged),
            is_over: Arc::clone(&is_over),
            counted: Arc::clone(&counted),
            client: http(),
            rounds: pair,
        };
        working.push(actix_web::rt::spawn(worker.work()));
    }
    let url = postgres.clone().unwrap_or_else(|| data.path().display().to_string());
    let books = Database::connect(&Settings::new(url)).await.unwrap();
    let mut server = Some(server);
    for _ in 0..kills {
        sleep(A_LIFE / 2).await;
        assert_eq!(books.audit().await.unwrap(), Vec::<String>::new(), "while people pay");
        sleep(A_LIFE / 2).await;
        // With SIGKILL.
        drop(server.take());
        assert_eq!(books.audit().await.unwrap(), Vec::<String>::new(), "after a kill");
        let next = Process::start("serve", data.path(), &more).await;
        *address.lock() = next.url.clone();
        server = Some(next);
    }
    sleep(A_LIFE).await;
    is_over.store(true, Ordering::Release);
    for worker in working {
        worker.await.unwrap();
    }
    drop(server);
    books.close().await;

    let app = TestApp::start_on(data, postgres, &acquirer.settings(), RuntimeSettings::default()).await;
    settle(&app, &acquirer).await;
    let acknowledged = acknowledged.lock().clone();
    for (request, state) in &acknowledged {
        let header = app.app.database.request_header(request.parse().unwrap()).await.unwrap().unwrap();
        assert_eq!(&header.state, state, "what was acknowledged is so: {request}");
    }
    let over = acknowledged.values().filter(|state| matches!(**state, "confirmed" | "cancelled")).count();
    assert!(over >= kills, "too little happened: {over} deals, {} calls", counted.load(Ordering::Relaxed));
    eprintln!("{backend:?}: {kills} kills, {} calls, {over} deals ended", counted.load(Ordering::Relaxed));
    app.audit().await;
}

/// Whatever the acquirer has taken is in the books once it was asked, whether anybody heard of it before or
/// not.
async fn settle(app: &TestApp, acquirer: &Acquirer) {
    for hours in 1..=4 {
        payments::look(&app.app, app.app.clock.now() + Span::hours(hours)).await.unwrap();
    }
    for (id, taken) in acquirer.taken() {
        let id: PaymentId = id.parse().unwrap();
        let file = app.app.database.payment(id).await.unwrap().expect("what was paid was asked for");
        assert_eq!(file.charged_minor(), taken, "a charge is lost or counted twice");
    }
    app.audit().await;
}

struct Worker {
    sender: TestUser,
    courier: TestUser,
    address: Address,
    acquirer: Acquirer,
    acknowledged: Acknowledged,
    is_over: Arc<AtomicBool>,
    counted: Arc<AtomicU64>,
    client: reqwest::Client,
    rounds: usize,
}

impl Worker {
    async fn work(mut self) {
        while !self.is_over.load(Ordering::Acquire) {
            self.rounds += 1;
            if self.round().await.is_none() {
                sleep(Duration::from_millis(50)).await;
            }
        }
    }

    /// A payment, a deal and its end; `None` as soon as an answer does not come.
    async fn round(&self) -> Option<()> {
        let body = json!({ "purpose": "top_up", "amount": 100 });
        let payment = self.call(&self.sender, Method::POST, "/api/payments", Some(body)).await?;
        let id = payment["payment_id"].as_str()?.to_owned();
        self.acquirer.charge(&id, &format!("charge of {id}"), 10_000);
        self.tell(&id).await;
        if self.rounds.is_multiple_of(3) {
            self.tell(&id).await;
        }
        let trip = json!({
            "from": "Орёл", "to": "Курск", "date": day(2), "time": "08:00 → 22:00", "price": 300,
            "transportType": "car", "capacity": "large", "max_detour_min": 60,
        });
        let trip = self.call(&self.courier, Method::POST, "/api/trips", Some(trip)).await?;
        let what = format!("Посылка {id}");
        let ask = json!({ "message": "Возьмёте?", "reward": 70, "packageDescription": what });
        let path = format!("/api/couriers/{}/send-package", trip["trip_id"].as_str()?);
        let sent = self.call(&self.sender, Method::POST, &path, Some(ask)).await?;
        let request = sent["request_id"].as_str()?.to_owned();
        self.step(&self.courier, &request, "accept", "accepted").await?;
        if self.rounds.is_multiple_of(2) {
            return self.step(&self.sender, &request, "cancel", "cancelled").await;
        }
        self.step(&self.courier, &request, "mark-delivered", "delivered").await?;
        self.step(&self.sender, &request, "confirm-delivery", "confirmed").await
    }

    /// A step of a request, again until it is known what became of it.
    async fn step(&self, who: &TestUser, request: &str, action: &str, state: &'static str) -> Option<()> {
        let path = format!("/api/package-requests/{request}/{action}");
        for _ in 0..100 {
            if self.call(who, Method::PUT, &path, None).await.is_some() {
                self.acknowledged.lock().insert(request.to_owned(), state);
                return Some(());
            }
            sleep(Duration::from_millis(50)).await;
        }
        None
    }

    async fn tell(&self, id: &str) {
        let url = self.address.lock().clone();
        let told = super::acquirer::notice(&self.acquirer.report(id));
        let request = self.client.post(format!("{url}/api/payments/webhook")).body(told.body);
        let request = request.header("content-type", "application/json");
        let _ = request.header(told.at.0, told.at.1).header(told.signature.0, told.signature.1).send().await;
    }

    /// A call; `None` if it is not known what became of it, or it was refused.
    async fn call(&self, who: &TestUser, method: Method, path: &str, body: Option<Value>) -> Option<Value> {
        let url = self.address.lock().clone();
        let request = self.client.request(method, format!("{url}{path}")).bearer_auth(&who.token);
        let request = if let Some(body) = body { request.json(&body) } else { request };
        let answer = request.timeout(Duration::from_secs(5)).send().await.ok()?;
        let is_success = answer.status().is_success();
        self.counted.fetch_add(1, Ordering::Relaxed);
        answer.json().await.ok().filter(|_| is_success)
    }
}
