//! People as they are named and as they type.

use peerpack::app::SystemClock;
use peerpack::auth::telegram::{TelegramUser, sign};
use peerpack::config::PUBLIC_TEST_TOKEN;
use peerpack_actors::ports::Clock;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{Backend, TestApp, backends};

async fn sign_in(app: &TestApp, number: i64, names: (&str, Option<&str>), language: &str) -> Value {
    let user = TelegramUser {
        id: number,
        first_name: names.0.to_owned(),
        last_name: names.1.map(str::to_owned),
        username: Some("an\u{0}na".to_owned()).filter(|_| number % 2 == 0),
        language_code: Some(language.to_owned()),
        photo_url: Some("https://example.org/\u{0}".to_owned()),
        is_premium: None,
    };
    let body = json!({ "init_data": sign(&user, PUBLIC_TEST_TOKEN, SystemClock.now()) });
    let (status, answer) = app.anonymous().post("/api/auth/telegram", body).await;
    assert_eq!(status, StatusCode::OK, "{names:?}: {answer}");
    answer["user"].clone()
}

/// Whatever Telegram has signed, its owner can sign in, and others see something that is a name.
#[actix_web::test]
async fn a_person_whom_telegram_vouches_for_has_a_name_that_can_be_shown() {
    for backend in backends() {
        let app = TestApp::start(backend).await;
        for (number, (first, last, language, shown)) in (500_001..).zip([
            ("Анна", Some("К."), "ru", "Анна К."),
            ("Анна", Some(""), "ru", "Анна"),
            ("", None, "ru", "Пользователь Telegram"),
            ("", None, "tt", "Пользователь Telegram"),
            ("\u{200b}", Some("\u{3164}"), "de", "Telegram user"),
            ("", Some("К."), "ru", "К."),
            ("А\u{0}Б", None, "ru", "А Б"),
            ("А\nБ\u{2028}В", None, "r\u{0}u", "А Б В"),
            ("Ivan \u{202e}navI", None, "ru", "\u{2068}Ivan \u{202e}navI\u{2069}"),
        ]) {
            let user = sign_in(&app, number, (first, last), language).await;
            assert_eq!(
                (&user["name"], &user["username"]),
                (&json!(shown), &Value::Null),
                "{first:?} {last:?}"
            );
            assert!(!user["avatar"].as_str().unwrap().contains("example.org"), "{user}");
        }
    }
}

#[actix_web::test]
async fn a_name_of_ones_own_is_one_line_with_something_to_see() {
    let app = TestApp::start(Backend::Sqlite).await;
    let anna = app.sign_in("Anna").await;
    let change = async |name: &str| {
        let headers = [("accept-language", "kk")];
        anna.call_with(Method::PATCH, "/api/user/profile", &headers, Some(json!({ "name": name }))).await
    };
    for (name, shown) in
        [(" Анна ", "Анна"), ("Анна \u{202e}К", "\u{2068}Анна \u{202e}К\u{2069}"), ("李", "李")]
    {
        let (status, _, profile) = change(name).await;
        assert_eq!((status.as_u16(), &profile["name"]), (200, &json!(shown)), "{profile}");
    }
    for (name, reason) in [
        ("\u{200b}\u{2060}", "нужен хотя бы один видимый знак"),
        ("", "нужен хотя бы один видимый знак"),
        ("А\nБ", "нужна одна строка без управляющих знаков"),
        ("А\u{7}Б", "нужна одна строка без управляющих знаков"),
    ] {
        let (status, _, refused) = change(name).await;
        assert_eq!((status.as_u16(), &refused["fields"]["name"]), (422, &json!(reason)), "{refused}");
    }
    assert_eq!(anna.get("/api/user/profile").await["name"], "李");
}
