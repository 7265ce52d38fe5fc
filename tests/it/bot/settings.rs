//! What people want to hear from the bot.

use peerpack_actors::time::Span;
use reqwest::StatusCode;
use serde_json::{Value, json};

use super::telegram::Telegram;
use super::{ask, listener, start, start_with};
use crate::support::{Backend, TestUser, backends, eventually};

async fn set(user: &TestUser, what: &str, body: Value) -> (StatusCode, Value) {
    user.post(&format!("/api/bot/notifications/{what}"), body).await
}

#[actix_web::test]
async fn each_kind_has_a_switch() {
    for backend in backends() {
        let telegram = Telegram::start();
        let app = start(backend, &telegram).await;
        let ivan = app.sign_in("Иван").await;
        let fresh = ivan.get("/api/bot/notifications").await;
        assert_eq!(
            (&fresh["notificationsAsked"], &fresh["notificationsEnabled"], &fresh["available"]),
            (&json!(false), &json!(false), &json!(true))
        );
        let kinds = fresh.as_object().unwrap().iter().filter(|(name, _)| name.contains('_'));
        let kinds: Vec<String> = kinds.map(|(name, _)| name.clone()).collect();
        assert!(kinds.len() >= 11 && kinds.iter().all(|kind| fresh[kind] == true), "{fresh}");
        for kind in &kinds {
            for enabled in [false, false, true, true, false] {
                let body = json!({ "eventType": kind, "enabled": enabled });
                let (status, answer) = set(&ivan, "preference", body).await;
                assert_eq!((status, &answer[kind]), (StatusCode::OK, &json!(enabled)));
            }
        }
        let off = ivan.get("/api/bot/notifications").await;
        assert!(kinds.iter().all(|kind| off[kind] == false), "{off}");
        let unknown = json!({ "eventType": "weather", "enabled": true });
        assert_eq!(set(&ivan, "preference", unknown).await.0, StatusCode::UNPROCESSABLE_ENTITY);

        set(&ivan, "toggle", json!({ "enabled": true })).await;
        ask(&app, &ivan).await;
        let figures = app.app.database.outbox_figures(app.app.clock.now()).await.unwrap();
        assert_eq!(figures.waiting, 0, "of nothing that is off");
        set(&ivan, "preference", json!({ "eventType": "trip_request_received", "enabled": true })).await;
        ask(&app, &ivan).await;
        telegram.until(ivan.telegram(), "просит передать").await;
        assert_eq!(telegram.chat(ivan.telegram()).len(), 1);
    }
}

#[actix_web::test]
async fn who_sleeps_is_told_in_the_morning_and_of_several_things_at_once() {
    let telegram = Telegram::start();
    let app = start(Backend::Sqlite, &telegram).await;
    let ivan = listener(&app, "Иван").await;
    for (from, to, zone) in [
        ("25:00", "08:00", "Europe/Moscow"),
        ("8:00", "09:00", "Europe/Moscow"),
        ("08:00", "08:00", "Europe/Moscow"),
        ("22:00", "08:00", "Middle/Earth"),
        ("22:00", "08:00", "../../etc/passwd"),
    ] {
        let body = json!({ "quietHours": { "from": from, "to": to, "zone": zone } });
        assert_eq!(
            set(&ivan, "quiet-hours", body).await.0,
            StatusCode::UNPROCESSABLE_ENTITY,
            "{from} {to} {zone}"
        );
    }
    // From a quarter of an hour ago on, for half a day.
    let now = jiff::Timestamp::from_millisecond(app.app.clock.now().ms())
        .unwrap()
        .to_zoned(jiff::tz::TimeZone::UTC);
    let clock = |minutes: i64| {
        let then = now.checked_add(jiff::Span::new().minutes(minutes)).unwrap();
        then.strftime("%H:%M").to_string()
    };
    let body = json!({ "quietHours": { "from": clock(-15), "to": clock(700), "zone": "UTC" } });
    let (status, answer) = set(&ivan, "quiet-hours", body.clone()).await;
    assert_eq!((status, &answer["quietHours"]), (StatusCode::OK, &body["quietHours"]));
    for _ in 0..3 {
        ask(&app, &ivan).await;
    }
    eventually("three messages that wait for the morning", async || {
        let waiting = app.app.database.messages_in("waiting", None, 10).await.unwrap();
        let later = app.app.clock.now() + Span::hours(1);
        (waiting.iter().filter(|one| one.is_digest && one.due_at > later).count() == 3).then_some(())
    })
    .await;
    assert!(telegram.calls(ivan.telegram()).is_empty());
    let (status, _) = set(&ivan, "quiet-hours", json!({ "quietHours": null })).await;
    assert_eq!(status, StatusCode::OK);
    app.behind_its_back("UPDATE outbox SET due_at = at").await;
    telegram.until(ivan.telegram(), "Новостей, пока вас не было: 3").await;
    assert_eq!(telegram.chat(ivan.telegram()).len(), 1);
    eventually("an empty outbox", async || {
        let figures = app.app.database.outbox_figures(app.app.clock.now()).await.unwrap();
        (figures.waiting == 0).then_some(())
    })
    .await;
}

#[actix_web::test]
async fn beyond_the_bound_of_an_hour_the_rest_is_told_together() {
    for backend in backends() {
        let telegram = Telegram::start();
        let app = start_with(backend, &telegram, &[("PEERPACK_BOT_MESSAGES_PER_H", "2")]).await;
        let ivan = listener(&app, "Иван").await;
        for _ in 0..5 {
            ask(&app, &ivan).await;
        }
        eventually("three messages that wait for the next hour", async || {
            let waiting = app.app.database.messages_in("waiting", None, 10).await.unwrap();
            (waiting.iter().filter(|one| one.is_digest).count() == 3).then_some(())
        })
        .await;
        assert_eq!(telegram.chat(ivan.telegram()).len(), 2);
        app.behind_its_back("UPDATE outbox SET due_at = at").await;
        telegram.until(ivan.telegram(), "Новостей, пока вас не было: 3").await;
        assert_eq!(telegram.chat(ivan.telegram()).len(), 3);
    }
}
