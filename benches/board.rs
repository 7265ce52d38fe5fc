//! How long reading the board takes while others write: whole requests over HTTP, 5 000 a second beside 50
//! changes a second, each timed from when it was due.
//!
//! `cargo bench --bench board`; `PEERPACK_BENCH_READS`, `PEERPACK_BENCH_WRITES` (a second),
//! `PEERPACK_BENCH_POSTS` and `PEERPACK_BENCH_SECONDS` change the size, and `PEERPACK_BENCH_P99_MS` (5) what
//! p99 may be: beyond it the bench fails. Half of the reads name the `ETag` that they have seen.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use peerpack::app::{App, SystemClock};
use peerpack::auth::telegram::{TelegramUser, sign};
use peerpack::config::{Config, PUBLIC_TEST_TOKEN, Settings};
use peerpack::startup::Application;
use peerpack::store::NewPost;
use peerpack_actors::ids::{PostId, UserId};
use peerpack_actors::ports::Clock;
use peerpack_actors::talk::post::Content;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep, sleep_until};

/// Connections that read.
const READERS: usize = 64;

/// People who have put something up; each may have 20 posts.
const AUTHORS: usize = 60;

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
    let (reads, writes) = (setting("PEERPACK_BENCH_READS", 5_000), setting("PEERPACK_BENCH_WRITES", 50));
    let (posts, seconds) = (setting("PEERPACK_BENCH_POSTS", 1_000), setting("PEERPACK_BENCH_SECONDS", 30));
    let data = tempfile::tempdir().expect("a folder");
    let environment = [
        ("PEERPACK_LISTEN".to_owned(), "127.0.0.1:0".to_owned()),
        ("PEERPACK_DATA_DIR".to_owned(), data.path().display().to_string()),
        ("PEERPACK_LIMITS".to_owned(), "false".to_owned()),
    ];
    let config = Config::load(Settings::default(), environment).expect("a configuration");
    let application = Application::build(config).await.expect("a server");
    let url = format!("http://{}", application.address());
    let (app, handle) = (application.app(), application.handle());
    actix_web::rt::spawn(application.run_until_stopped());
    let authors = authors(&url).await;
    let mut put = Vec::new();
    for n in 0..posts {
        put.push(put_up(&app, authors[n % AUTHORS].0, n).await);
    }
    println!("{posts} posts; {reads} reads and {writes} changes a second, for {seconds} s");
    let writing = actix_web::rt::spawn(write(url.clone(), authors, put, writes, seconds));
    let (mut took, same) = read(&url, reads, seconds).await;
    let written = writing.await.expect("the writer ends");
    took.sort_unstable();
    let at =
        |share: f64| took[((took.len() as f64 * share) as usize).min(took.len() - 1)].as_secs_f64() * 1_000.0;
    println!("{} reads, {same} of them 304; {written} changes", took.len());
    println!(
        "p50 {:.2} ms, p95 {:.2} ms, p99 {:.2} ms, p99.9 {:.2} ms",
        at(0.5),
        at(0.95),
        at(0.99),
        at(0.999)
    );
    handle.stop(false).await;
    let most = setting("PEERPACK_BENCH_P99_MS", 5) as f64;
    assert!(at(0.99) <= most, "p99 is {:.2} ms, and {most} ms is the most", at(0.99));
}

/// People with their tokens.
async fn authors(url: &str) -> Vec<(UserId, String)> {
    let http = reqwest::Client::new();
    let mut authors = Vec::new();
    for id in 1..=AUTHORS as i64 {
        let user = TelegramUser {
            id,
            first_name: format!("Author {id}"),
            last_name: None,
            username: None,
            language_code: None,
            photo_url: None,
            is_premium: None,
        };
        let body = json!({ "init_data": sign(&user, PUBLIC_TEST_TOKEN, SystemClock.now()) });
        let answer =
            http.post(format!("{url}/api/auth/telegram")).json(&body).send().await.expect("an answer");
        let answer: Value = answer.json().await.expect("JSON");
        let id = answer["user"]["id"].as_str().and_then(|id| id.parse().ok()).expect("an id");
        authors.push((id, answer["access_token"].as_str().expect("a token").to_owned()));
    }
    authors
}

async fn put_up(app: &App, author: UserId, n: usize) -> PostId {
    let now = app.clock.now();
    let text = format!("Лечу в Дубай, есть {n} кг. {}", "Возьму документы и небольшие вещи. ".repeat(4));
    let content = Content::new(&text, None, None, None).expect("a proper text");
    let new = NewPost { id: PostId::new(now, app.clock.random()), author, content, picture: None };
    let post = app.database.add_post(new, now).await.expect("stored");
    let id = post.id;
    app.board.follow(post);
    id
}

/// Changes posts at an even pace, whether or not the one before is done.
async fn write(
    url: String,
    authors: Vec<(UserId, String)>,
    posts: Vec<PostId>,
    a_second: usize,
    seconds: usize,
) -> usize {
    let (http, written) = (reqwest::Client::new(), Arc::new(AtomicUsize::new(0)));
    let start = Instant::now();
    for n in 0..a_second * seconds {
        sleep_until(start + Duration::from_secs(1) / a_second as u32 * n as u32).await;
        let which = n * 7_919 % posts.len();
        let body = json!({ "text": format!("Лечу в Дубай, осталось {n} г") });
        let call =
            http.patch(format!("{url}/api/posts/{}", posts[which])).bearer_auth(&authors[which % AUTHORS].1);
        let (call, written) = (call.json(&body).send(), Arc::clone(&written));
        actix_web::rt::spawn(async move {
            if call.await.is_ok_and(|answer| answer.status().is_success()) {
                written.fetch_add(1, Ordering::Relaxed);
            }
        });
    }
    sleep(Duration::from_millis(500)).await;
    written.load(Ordering::Relaxed)
}

/// Reads at an even pace over many connections; how long each read took from when it was due, and how many
/// were told that nothing has changed.
async fn read(url: &str, a_second: usize, seconds: usize) -> (Vec<Duration>, usize) {
    let (took, same) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicUsize::new(0)));
    let start = Instant::now() + Duration::from_millis(200);
    let readers = (0..READERS).map(|reader| {
        let (url, took, same) = (format!("{url}/api/posts"), Arc::clone(&took), Arc::clone(&same));
        actix_web::rt::spawn(async move {
            let (http, mut tag, mut own) = (reqwest::Client::new(), None, Vec::new());
            for n in (reader..a_second * seconds).step_by(READERS) {
                let due = start + Duration::from_secs_f64(n as f64 / a_second as f64);
                sleep_until(due).await;
                let mut call = http.get(&url);
                if let (true, Some(tag)) = (n % 2 == 0, &tag) {
                    call = call.header("if-none-match", tag);
                }
                let answer = call.send().await.expect("an answer");
                match answer.status().as_u16() {
                    304 => drop(same.fetch_add(1, Ordering::Relaxed)),
                    200 => tag = answer.headers().get("etag").cloned(),
                    other => panic!("{other}"),
                }
                answer.bytes().await.expect("a body");
                own.push(due.elapsed());
            }
            took.lock().append(&mut own);
        })
    });
    for reader in readers.collect::<Vec<_>>() {
        reader.await.expect("a reader ends");
    }
    let took = std::mem::take(&mut *took.lock());
    (took, same.load(Ordering::Relaxed))
}
