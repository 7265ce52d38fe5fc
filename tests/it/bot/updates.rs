//! X-90 to X-93, and what people say to the bot.

use futures_util::future::join_all;
use peerpack_actors::runtime::RuntimeSettings;
use reqwest::{Method, StatusCode};
use serde_json::json;

use super::telegram::Telegram;
use super::{ADMIN_SECRET, Held, WEBHOOK_SECRET, account, listener, start, tapped, tell, typed};
use crate::support::{Backend, TestApp, backends, eventually, fresh_postgres};

const PATH: &str = "/api/bot/webhook";

#[actix_web::test]
async fn x_90_a_webhook_without_the_secret_is_refused_and_its_body_not_read() {
    let telegram = Telegram::start();
    let app = start(Backend::Sqlite, &telegram).await;
    let ivan = app.sign_in("Иван").await;
    let nobody = app.anonymous();
    let almost = format!("{}x", &WEBHOOK_SECRET[..WEBHOOK_SECRET.len() - 1]);
    let longer = format!("{WEBHOOK_SECRET}x");
    for secret in ["", "x", almost.as_str(), longer.as_str(), &WEBHOOK_SECRET.to_uppercase()] {
        let headers = [("x-telegram-bot-api-secret-token", secret)];
        let update = typed(1, &ivan, "/start");
        let (status, _, answer) = nobody.call_with(Method::POST, PATH, &headers, Some(update)).await;
        assert_eq!(
            (status, &answer["code"]),
            (StatusCode::UNAUTHORIZED, &json!("invalid_secret")),
            "{secret}"
        );
        let headers = [("x-telegram-bot-api-secret-token", secret), ("content-type", "text/plain")];
        let (status, _, _) = nobody.call_raw(Method::POST, PATH, &headers, b"{".to_vec()).await;
        assert_eq!(status, StatusCode::UNAUTHORIZED, "not even looked at");
    }
    assert_eq!(nobody.call(Method::POST, PATH, Some(json!({}))).await.0, StatusCode::UNAUTHORIZED);
    assert!(telegram.calls(ivan.telegram()).is_empty());
}

#[actix_web::test]
async fn x_91_the_same_update_ten_times_at_once_is_worked_through_once() {
    for backend in backends() {
        let telegram = Telegram::start();
        let app = start(backend, &telegram).await;
        let ivan = app.sign_in("Иван").await;
        let update = typed(5_000, &ivan, "/help");
        for told in join_all((0..10).map(|_| tell(&app, &update))).await {
            assert_eq!(told, StatusCode::OK);
        }
        telegram.until(ivan.telegram(), "/paysupport").await;
        assert_eq!(tell(&app, &update).await, StatusCode::OK);
        // A gap, and a number before: Telegram may begin to count anywhere.
        for id in [9_000, 17] {
            assert_eq!(tell(&app, &typed(id, &ivan, "/terms")).await, StatusCode::OK);
        }
        eventually("three answers", async || (telegram.chat(ivan.telegram()).len() == 3).then_some(())).await;
        assert_eq!(telegram.calls(ivan.telegram()).len(), 3);
    }
}

#[actix_web::test]
async fn x_92_what_is_too_long_is_refused_and_what_is_not_known_left_out() {
    let telegram = Telegram::start();
    let app = start(Backend::Sqlite, &telegram).await;
    let ivan = app.sign_in("Иван").await;
    let headers = [("x-telegram-bot-api-secret-token", WEBHOOK_SECRET), ("content-type", "application/json")];
    let raw = async |body: Vec<u8>| app.anonymous().call_raw(Method::POST, PATH, &headers, body).await.0;
    let long = format!(r#"{{"update_id": 1, "message": "{}"}}"#, "x".repeat(900_000));
    assert_eq!(raw(long.into_bytes()).await, StatusCode::PAYLOAD_TOO_LARGE);
    for garbage in ["", "{", "[]", "{}", r#"{"update_id": "1"}"#, "\u{1f3fa}"] {
        assert_eq!(raw(garbage.as_bytes().to_vec()).await, StatusCode::BAD_REQUEST, "{garbage}");
    }
    for (id, update) in [
        (1, json!({ "edited_message": { "text": "/start" } })),
        (2, json!({ "message": { "text": "/start" } })),
        (3, json!({ "message": [] })),
        (4, json!({ "callback_query": { "id": 7 } })),
        (5, json!({ "poll": {}, "something_new": {} })),
        (
            6,
            json!({ "message": { "chat": { "id": -1, "type": "group" }, "from": account(&ivan), "text": "/start" } }),
        ),
        (
            7,
            json!({ "message": { "chat": { "id": 1, "type": "private" }, "from": account(&ivan), "photo": [] } }),
        ),
    ] {
        let mut update = update;
        update["update_id"] = id.into();
        assert_eq!(tell(&app, &update).await, StatusCode::OK, "{update}");
    }
    assert_eq!(tell(&app, &typed(8, &ivan, "/help")).await, StatusCode::OK);
    telegram.until(ivan.telegram(), "/paysupport").await;
    assert_eq!(telegram.chats().len(), 1);
}

#[actix_web::test]
async fn x_93_an_update_is_kept_before_it_is_answered_and_one_that_fails_is_tried_again() {
    let telegram = Telegram::start();
    let data = tempfile::tempdir().unwrap();
    // A Telegram that cannot be reached: nothing of the answer leaves the machine.
    let nowhere = format!("http://{}", crate::support::free_address());
    let mut settings = telegram.settings("webhook");
    settings.retain(|(name, _)| *name != "PEERPACK_BOT_API_URL");
    settings.push(("PEERPACK_BOT_API_URL", &nowhere));
    let app = TestApp::start_on(data, None, &settings, RuntimeSettings::default()).await;
    let ivan = app.sign_in("Иван").await;
    assert_eq!(tell(&app, &typed(1, &ivan, "/help")).await, StatusCode::OK);
    let tried = eventually("an update that was tried", async || {
        let (now, never) = (app.app.clock.now(), app.app.clock.now());
        let taken = app.app.database.take_updates(now, never, 10).await.unwrap();
        taken.into_iter().find(|update| update.attempts > 1)
    })
    .await;
    assert_eq!(tried.update_id, 1);
}

#[actix_web::test]
async fn x_93_an_update_that_cannot_be_kept_is_not_taken() {
    for backend in backends() {
        let telegram = Telegram::start();
        let url = match backend {
            Backend::Sqlite => None,
            Backend::Postgres => Some(fresh_postgres().await),
        };
        let data = tempfile::tempdir().unwrap();
        let settings = telegram.settings("webhook");
        let app = TestApp::start_on(data, url.clone(), &settings, RuntimeSettings::default()).await;
        let ivan = app.sign_in("Иван").await;
        let held = Held::hold(&app, url.as_deref()).await;
        assert_eq!(tell(&app, &typed(1, &ivan, "/help")).await, StatusCode::SERVICE_UNAVAILABLE);
        held.release().await;
        // Telegram says it again.
        assert_eq!(tell(&app, &typed(1, &ivan, "/help")).await, StatusCode::OK);
        telegram.until(ivan.telegram(), "/paysupport").await;
        assert_eq!(telegram.calls(ivan.telegram()).len(), 1);
    }
}

#[actix_web::test]
async fn the_bot_speaks_the_language_of_the_person_who_speaks_to_it() {
    let telegram = Telegram::start();
    let app = start(Backend::Sqlite, &telegram).await;
    let ivan = app.sign_in("Иван").await;
    let chat = ivan.telegram();
    tell(&app, &typed(1, &ivan, "/start pkg_0190a5b0-0000-7000-8000-000000000001")).await;
    telegram.until(chat, "PeerPack передаёт посылки").await;
    let open = &telegram.calls(chat)[0].body["reply_markup"]["inline_keyboard"][0][0]["web_app"]["url"];
    assert_eq!(open, "https://peerpack.example/package/0190a5b0-0000-7000-8000-000000000001");
    assert_eq!(ivan.get("/api/bot/notifications").await["notificationsEnabled"], true, "by starting it");

    tell(&app, &typed(2, &ivan, "/language@peerpack_bot")).await;
    telegram.until(chat, "На каком языке").await;
    tell(&app, &tapped(3, &ivan, "l:en")).await;
    eventually("an answer", async || {
        let answers = telegram.calls_of("answerCallbackQuery");
        answers.iter().any(|call| call.body["text"] == "We write in English from now on").then_some(())
    })
    .await;
    tell(&app, &typed(4, &ivan, "/notifications")).await;
    telegram.until(chat, "The bot writes to you").await;
    tell(&app, &tapped(5, &ivan, "n:off")).await;
    eventually("silence", async || {
        (ivan.get("/api/bot/notifications").await["notificationsEnabled"] == false).then_some(())
    })
    .await;
    // Who has said no is not written to for starting it again.
    tell(&app, &typed(6, &ivan, "/start")).await;
    telegram.until(chat, "PeerPack sends packages").await;
    assert_eq!(ivan.get("/api/bot/notifications").await["notificationsEnabled"], false);

    let commands = telegram.calls_of("setMyCommands");
    let languages: Vec<_> = commands.iter().map(|call| call.body["language_code"].as_str()).collect();
    assert_eq!(languages, [None, Some("ru")]);
    assert_eq!(telegram.calls_of("setChatMenuButton").len(), 1);
    let webhook = &telegram.calls_of("setWebhook")[0].body;
    assert_eq!(webhook["url"], "https://peerpack.example/api/bot/webhook");
    assert_eq!(webhook["secret_token"], WEBHOOK_SECRET);
    let kinds = ["message", "callback_query", "my_chat_member", "pre_checkout_query"];
    assert_eq!(webhook["allowed_updates"], json!(kinds));
}

#[actix_web::test]
async fn a_foreign_tap_changes_nothing() {
    let telegram = Telegram::start();
    let app = start(Backend::Sqlite, &telegram).await;
    let (anna, ivan, mallory) =
        (app.sign_in("Анна").await, listener(&app, "Иван").await, listener(&app, "Мэлори").await);
    ivan.publish_trip("Иркутск", "Улан-Удэ", json!({})).await;
    let package = anna.publish_package("Иркутск", "Улан-Удэ", json!({})).await;
    telegram.until(ivan.telegram(), "Запрос на перевозку").await;
    let tap = super::button(&telegram.calls(ivan.telegram())[0].body, 0, 0);
    tell(&app, &tapped(1, &mallory, &tap)).await;
    tell(&app, &tapped(2, &mallory, "a:nonsense")).await;
    eventually("two answers", async || (telegram.calls_of("answerCallbackQuery").len() == 2).then_some(()))
        .await;
    assert_eq!(anna.get(&format!("/api/packages/{package}")).await["state"], "open");
}

#[actix_web::test]
async fn those_who_run_the_server_set_the_webhook_and_nobody_else() {
    let telegram = Telegram::start();
    let app = start(Backend::Sqlite, &telegram).await;
    let ivan = listener(&app, "Иван").await;
    let call = async |method, path: &str, secret: &str, body| {
        let headers = [("x-admin-secret", secret)];
        let (status, _, answer) = app.anonymous().call_with(method, path, &headers, body).await;
        (status, answer)
    };
    for (method, path, body) in [
        (Method::POST, "/api/bot/set-webhook", Some(json!({}))),
        (Method::GET, "/api/bot/webhook-info", None),
        (Method::POST, "/api/bot/delete-webhook", None),
        (Method::POST, "/api/bot/test-send", Some(json!({ "chat_id": ivan.telegram() }))),
    ] {
        for secret in ["", "wrong", peerpack::config::PUBLIC_TEST_TOKEN] {
            let (status, answer) = call(method.clone(), path, secret, body.clone()).await;
            assert_eq!(
                (status, &answer["code"]),
                (StatusCode::UNAUTHORIZED, &json!("invalid_secret")),
                "{path}"
            );
        }
        let (status, answer) = call(method, path, ADMIN_SECRET, body).await;
        assert_eq!(status, StatusCode::OK, "{path}: {answer}");
    }
    telegram.until(ivan.telegram(), "Проверка").await;
    let elsewhere = Some(json!({ "url": "https://elsewhere.example/" }));
    let (_, info) = call(Method::POST, "/api/bot/set-webhook", ADMIN_SECRET, elsewhere).await;
    assert_eq!(info["url"], "https://elsewhere.example/api/bot/webhook");
    let plain = Some(json!({ "url": "http://elsewhere.example" }));
    assert_eq!(
        call(Method::POST, "/api/bot/set-webhook", ADMIN_SECRET, plain).await.0,
        StatusCode::UNPROCESSABLE_ENTITY
    );
    telegram.next(999, &[super::telegram::Manner::Blocked]);
    let (status, answer) =
        call(Method::POST, "/api/bot/test-send", ADMIN_SECRET, Some(json!({ "chat_id": 999 }))).await;
    assert_eq!((status, &answer["code"]), (StatusCode::BAD_GATEWAY, &json!("telegram_failed")));
}

#[actix_web::test]
async fn one_node_at_a_time_asks_for_updates_and_none_is_lost_or_done_twice() {
    let telegram = Telegram::start();
    let url = if backends().contains(&Backend::Postgres) { Some(fresh_postgres().await) } else { None };
    let mut settings = telegram.settings("polling");
    settings.push(("PEERPACK_JWT_SECRET", "a secret that both nodes share, of 32 bytes"));
    let node = async |url: Option<String>| {
        let data = tempfile::tempdir().unwrap();
        TestApp::start_on(data, url, &settings, RuntimeSettings::default()).await
    };
    let first = node(url.clone()).await;
    // A file belongs to one node.
    let second = if url.is_some() { Some(node(url).await) } else { None };
    let ivan = first.sign_in("Иван").await;
    for id in 100..130 {
        telegram.says(typed(id, &ivan, "/help"));
    }
    eventually("thirty answers", async || (telegram.chat(ivan.telegram()).len() >= 30).then_some(())).await;
    telegram.says(typed(200, &ivan, "/terms"));
    telegram.until(ivan.telegram(), "Отправитель отвечает").await;
    assert_eq!(telegram.chat(ivan.telegram()).len(), 31);
    assert_eq!(telegram.most_polls(), 1);
    assert!(!telegram.calls_of("deleteWebhook").is_empty());
    drop(second);
}
