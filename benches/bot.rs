//! How long it takes until Telegram has a message of what happened: from when an event was due to the call at
//! a stub of the Bot API, 200 events a second of people who are not looking.
//!
//! `cargo bench --bench bot`; `PEERPACK_BENCH_EVENTS` (a second), `PEERPACK_BENCH_PEOPLE`,
//! `PEERPACK_BENCH_SECONDS` and `PEERPACK_BENCH_CALL_MS` (how long the stub takes for an answer) change the
//! size, and `PEERPACK_BENCH_P99_MS` (300) what p99 may be: beyond it the bench fails. The embedded store, or
//! Postgres where `PEERPACK_TEST_POSTGRES` names a database that may be filled.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use actix_web::{HttpRequest, HttpResponse, HttpServer, web};
use parking_lot::Mutex;
use peerpack::app::{App, SystemClock};
use peerpack::auth::telegram::{TelegramUser, sign};
use peerpack::config::{Config, PUBLIC_TEST_TOKEN, Settings};
use peerpack::startup::{Application, migrate};
use peerpack_actors::ids::{PaymentId, UserId};
use peerpack_actors::money::payment::PaymentState;
use peerpack_actors::money::{Amount, Currency};
use peerpack_actors::ports::{Clock, Store as _};
use peerpack_actors::stream::{Notice, PaymentChanged, StreamEvent};
use peerpack_actors::unit::Unit;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep, sleep_until};

/// How long the last messages may be under way.
const PATIENCE: Duration = Duration::from_secs(30);

/// When messages came, by chat, in their order.
#[derive(Default)]
struct Desk {
    arrived: Mutex<BTreeMap<i64, Vec<Instant>>>,
    call: Duration,
}

fn main() {
    // Built by `cargo test` too, which only wants to know that it can be.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    actix_web::rt::System::new().block_on(run());
}

fn setting(name: &str, default: usize) -> usize {
    std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(default)
}

async fn run() {
    let (per_s, people) = (setting("PEERPACK_BENCH_EVENTS", 200), setting("PEERPACK_BENCH_PEOPLE", 500));
    let (seconds, most_ms) = (setting("PEERPACK_BENCH_SECONDS", 30), setting("PEERPACK_BENCH_P99_MS", 300));
    let call = Duration::from_millis(setting("PEERPACK_BENCH_CALL_MS", 20) as u64);
    let desk = Arc::new(Desk { call, ..Desk::default() });
    let telegram = telegram(&desk);
    let data = tempfile::tempdir().expect("a folder");
    let (app, url) = server(&telegram, data.path()).await;
    let people = gather(&url, people).await;

    // Each person's events, in the order in which they were due.
    let mut due = BTreeMap::<i64, Vec<Instant>>::new();
    let begun = Instant::now();
    let mut telling = tokio::task::JoinSet::new();
    for n in 0..per_s * seconds {
        let at = begun + Duration::from_secs_f64(n as f64 / per_s as f64);
        let (chat, user) = people[n % people.len()];
        due.entry(chat).or_default().push(at);
        sleep_until(at).await;
        telling.spawn_local(tell(app.clone(), user));
    }
    while let Some(told) = telling.join_next().await {
        told.expect("told");
    }
    let count = || desk.arrived.lock().values().map(Vec::len).sum::<usize>();
    let until = Instant::now() + PATIENCE;
    while count() < per_s * seconds && Instant::now() < until {
        sleep(Duration::from_millis(50)).await;
    }

    let arrived = desk.arrived.lock();
    let mut took: Vec<Duration> = Vec::new();
    for (chat, due) in &due {
        let came = arrived.get(chat).into_iter().flatten();
        took.extend(due.iter().zip(came).map(|(due, came)| came.saturating_duration_since(*due)));
    }
    took.sort_unstable();
    assert_eq!(took.len(), per_s * seconds, "messages have not arrived");
    let at = |percent: usize| took[(took.len() * percent / 100).min(took.len() - 1)].as_secs_f64() * 1e3;
    println!("{per_s} events a second of {} people for {seconds} s; a call takes {call:?}", people.len());
    println!(
        "event due -> call at the Bot API, ms: p50 {:.1}, p95 {:.1}, p99 {:.1}, max {:.1}",
        at(50),
        at(95),
        at(99),
        at(100)
    );
    if at(99) > most_ms as f64 {
        eprintln!("p99 is above {most_ms} ms");
        std::process::exit(1);
    }
}

/// A Bot API that does everything, and takes its time.
fn telegram(desk: &Arc<Desk>) -> String {
    let shared = Arc::clone(desk);
    let server = HttpServer::new(move || {
        let desk = web::Data::from(Arc::clone(&shared));
        actix_web::App::new().app_data(desk).default_service(web::to(answer))
    });
    let server = server.workers(1).disable_signals().bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", server.addrs()[0]);
    actix_web::rt::spawn(server.run());
    url
}

async fn answer(desk: web::Data<Desk>, request: HttpRequest, body: web::Bytes) -> HttpResponse {
    let came = Instant::now();
    if request.path().ends_with("/sendMessage") {
        let body: Value = serde_json::from_slice(&body).expect("JSON");
        let chat = body["chat_id"].as_i64().expect("a chat");
        desk.arrived.lock().entry(chat).or_default().push(came);
        sleep(desk.call).await;
    }
    HttpResponse::Ok().json(json!({ "ok": true, "result": { "message_id": 1, "username": "bench_bot" } }))
}

async fn server(telegram: &str, data: &std::path::Path) -> (App, String) {
    let mut environment = vec![
        ("PEERPACK_LISTEN", "127.0.0.1:0".to_owned()),
        ("PEERPACK_DATA_DIR", data.display().to_string()),
        ("PEERPACK_LIMITS", "false".to_owned()),
        ("PEERPACK_BOT_MODE", "webhook".to_owned()),
        ("PEERPACK_BOT_API_URL", telegram.to_owned()),
        ("PEERPACK_PUBLIC_URL", "https://peerpack.example".to_owned()),
    ];
    let database_url = std::env::var("PEERPACK_TEST_POSTGRES").ok();
    let is_postgres = database_url.is_some();
    environment.extend(database_url.map(|url| ("DATABASE_URL", url)));
    let environment = environment.into_iter().map(|(name, value)| (name.to_owned(), value));
    let config = Config::load(Settings::default(), environment).expect("a configuration");
    if is_postgres {
        migrate(&config).await.expect("a database");
    }
    let application = Application::build(config).await.expect("a server");
    let (app, url) = (application.app(), format!("http://{}", application.address()));
    actix_web::rt::spawn(application.run_until_stopped());
    (app, url)
}

/// People who let the bot write; their chats and ids.
async fn gather(url: &str, people: usize) -> Vec<(i64, UserId)> {
    let http = reqwest::Client::new();
    let first = SystemClock.now().ms() % 1_000_000_000 * 1_000;
    let mut gathered = Vec::new();
    for chat in (first..).take(people) {
        let user = TelegramUser {
            id: chat,
            first_name: format!("Person {chat}"),
            last_name: None,
            username: None,
            language_code: Some("ru".to_owned()),
            photo_url: None,
            is_premium: None,
        };
        let init_data = sign(&user, PUBLIC_TEST_TOKEN, SystemClock.now());
        let call = http.post(format!("{url}/api/auth/telegram")).json(&json!({ "init_data": init_data }));
        let session: Value = call.send().await.expect("an answer").json().await.expect("JSON");
        let call = http.post(format!("{url}/api/bot/notifications/initial"));
        let call = call.bearer_auth(session["access_token"].as_str().expect("a token"));
        let answer = call.json(&json!({ "granted": true })).send().await.expect("an answer");
        assert!(answer.status().is_success(), "{}", answer.status());
        let id = session["user"]["id"].as_str().expect("an id").parse().expect("an id");
        gathered.push((chat, id));
    }
    gathered
}

/// Money has come: what is told of it is in no bound of an hour.
async fn tell(app: App, to: UserId) {
    let now = SystemClock.now();
    let change = PaymentChanged {
        payment_id: PaymentId::new(now, SystemClock.random()),
        state: PaymentState::Succeeded,
        amount: 5.0,
        paid: 5.0,
        refunded: 0.0,
        newly_paid: 5.0,
        newly_refunded: 0.0,
        newly_charged_back: 0.0,
        currency: Currency::Rub,
        package_id: None,
        trip_id: None,
        package_gone: false,
    };
    let mut unit = Unit::balance_moved(to, Amount::new(1, Currency::Rub), now);
    unit.notices = vec![Notice { to, event: StreamEvent::PaymentUpdated(change) }];
    app.database.commit(unit).await.expect("committed");
}
