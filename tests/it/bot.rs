//! The bot, with a Telegram of the tests' own.

mod crowd;
mod letters;
mod payments;
mod receipts;
mod settings;
mod stars;
pub mod telegram;
mod trouble;
mod updates;

use std::sync::atomic::{AtomicUsize, Ordering};

use peerpack_actors::runtime::RuntimeSettings;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{Backend, TestApp, TestUser, fresh_postgres};
use telegram::Telegram;

const ADMIN_SECRET: &str = "the secret of the operators";
const WEBHOOK_SECRET: &str = "the-secret-of-the-webhook";

/// A server with a bot.
pub async fn start(backend: Backend, telegram: &Telegram) -> TestApp {
    start_with(backend, telegram, &[]).await
}

async fn start_with(backend: Backend, telegram: &Telegram, more: &[(&str, &str)]) -> TestApp {
    let url = match backend {
        Backend::Sqlite => None,
        Backend::Postgres => Some(fresh_postgres().await),
    };
    let mut settings = telegram.settings("webhook");
    settings.extend(more);
    TestApp::start_on(tempfile::tempdir().unwrap(), url, &settings, RuntimeSettings::default()).await
}

/// Somebody new who lets the bot write.
pub async fn listener(app: &TestApp, name: &str) -> TestUser {
    let user = app.sign_in(name).await;
    let granted = json!({ "granted": true });
    let (status, answer) = user.post_patiently("/api/bot/notifications/initial", granted).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    assert_eq!(
        (&answer["notificationsAsked"], &answer["notificationsEnabled"]),
        (&json!(true), &json!(true))
    );
    user
}

/// A way that nothing else goes in this test: what is published on it concerns nobody else.
fn own_way() -> (&'static str, &'static str) {
    const WAYS: [(&str, &str); 8] = [
        ("Иркутск", "Улан-Удэ"),
        ("Чита", "Хабаровск"),
        ("Мурманск", "Петрозаводск"),
        ("Омск", "Тюмень"),
        ("Барнаул", "Бийск"),
        ("Сочи", "Краснодар"),
        ("Уфа", "Оренбург"),
        ("Астрахань", "Элиста"),
    ];
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    WAYS[NEXT.fetch_add(1, Ordering::Relaxed) % WAYS.len()]
}

/// Somebody asks a courier to carry a package: one message about a deal, which is sent until it has arrived.
async fn ask(app: &TestApp, courier: &TestUser) {
    let (from, to) = own_way();
    let anna = app.sign_in("Анна").await;
    let package = anna.publish_package(from, to, json!({ "mode": "choose" })).await;
    let trip = courier.publish_trip(from, to, json!({})).await;
    let path = format!("/api/couriers/{trip}/send-package");
    let (status, answer) = anna.post_patiently(&path, json!({ "package_id": package })).await;
    assert_eq!(status, StatusCode::CREATED, "{answer}");
}

/// The engine offers a courier a package: one message that is not sent twice.
async fn offer(app: &TestApp, courier: &TestUser) {
    let (from, to) = own_way();
    let anna = app.sign_in("Анна").await;
    courier.publish_trip(from, to, json!({})).await;
    anna.publish_package(from, to, json!({})).await;
}

/// Telegram tells the server something.
pub async fn tell(app: &TestApp, update: &Value) -> StatusCode {
    let headers = [("x-telegram-bot-api-secret-token", WEBHOOK_SECRET)];
    app.anonymous().call_with(Method::POST, "/api/bot/webhook", &headers, Some(update.clone())).await.0
}

fn account(user: &TestUser) -> Value {
    json!({ "id": user.telegram(), "is_bot": false, "first_name": "x", "language_code": "ru" })
}

/// Somebody types something.
fn typed(update_id: i64, user: &TestUser, text: &str) -> Value {
    json!({ "update_id": update_id, "message": {
        "message_id": update_id, "date": 1_790_000_000, "text": text,
        "from": account(user), "chat": { "id": user.telegram(), "type": "private" },
    }})
}

/// Somebody taps a button.
pub fn tapped(update_id: i64, user: &TestUser, data: &str) -> Value {
    json!({ "update_id": update_id, "callback_query": {
        "id": format!("tap-{update_id}"), "from": account(user), "data": data, "chat_instance": "1",
    }})
}

/// What the first button of a message tells the bot.
pub fn button(body: &Value, row: usize, column: usize) -> String {
    body["reply_markup"]["inline_keyboard"][row][column]["callback_data"].as_str().unwrap().to_owned()
}

/// A database in which updates can be read and not be kept.
enum Held {
    Postgres(sqlx::PgConnection),
    Sqlite(sqlx::SqliteConnection),
}

impl Held {
    async fn hold(app: &TestApp, url: Option<&str>) -> Self {
        use sqlx::{Connection as _, Executor as _};
        match url {
            Some(url) => {
                let mut other = sqlx::PgConnection::connect(url).await.unwrap();
                other
                    .execute("BEGIN; LOCK TABLE bot_polling, bot_updates IN ACCESS EXCLUSIVE MODE")
                    .await
                    .unwrap();
                Self::Postgres(other)
            }
            None => {
                let file = format!("sqlite://{}", app.data().join("peerpack.db").display());
                let mut other = sqlx::SqliteConnection::connect(&file).await.unwrap();
                other.execute("BEGIN IMMEDIATE").await.unwrap();
                Self::Sqlite(other)
            }
        }
    }

    async fn release(self) {
        use sqlx::Executor as _;
        match self {
            Self::Postgres(mut other) => other.execute("ROLLBACK").await.map(drop),
            Self::Sqlite(mut other) => other.execute("ROLLBACK").await.map(drop),
        }
        .unwrap();
    }
}
