//! F48: what Telegram does wrong.

use peerpack::auth::Role;
use peerpack_actors::time::Span;
use reqwest::{Method, StatusCode};
use serde_json::json;

use super::telegram::{Manner, Telegram};
use super::{ask, listener, offer, start, tell, typed};
use crate::support::{Backend, backends, eventually};

#[actix_web::test]
async fn f48_an_offer_that_may_have_arrived_is_not_sent_again() {
    for backend in backends() {
        let telegram = Telegram::start();
        let app = start(backend, &telegram).await;
        for manner in [
            Manner::DoesItAndFails,
            Manner::DoesItAndBabbles,
            Manner::DoesItAndFloods,
            Manner::DoesItAndHangs,
            Manner::Redirects,
            Manner::Fails,
        ] {
            let ivan = listener(&app, "Иван").await;
            telegram.next(ivan.telegram(), &[manner]);
            offer(&app, &ivan).await;
            let unknown = eventually("a message that may have arrived", async || {
                let unknown = app.app.database.messages_in("unknown", None, 100).await.unwrap();
                unknown.into_iter().find(|one| one.user.to_string() == ivan.id)
            })
            .await;
            assert!(unknown.error.is_some_and(|why| !why.contains("5768337691")), "{manner:?}");
            assert_eq!(telegram.calls(ivan.telegram()).len(), 1, "{manner:?}");
        }
        assert_eq!(telegram.strangers(), 0, "redirects are not followed");
        let admin = app.sign_in_with_role("Ольга", Role::Admin).await;
        let page = admin.get("/api/admin/outbox?state=unknown").await;
        assert_eq!((page["unknown"].as_u64(), page["messages"].as_array().unwrap().len()), (Some(6), 6));
    }
}

#[actix_web::test]
async fn f48_what_stands_for_a_deal_is_sent_until_it_has_arrived() {
    let telegram = Telegram::start();
    let app = start(Backend::Sqlite, &telegram).await;
    let ivan = listener(&app, "Иван").await;
    telegram.next(ivan.telegram(), &[Manner::Fails, Manner::Redirects, Manner::Flood(1), Manner::Fails]);
    ask(&app, &ivan).await;
    telegram.until(ivan.telegram(), "просит передать").await;
    assert_eq!(telegram.chat(ivan.telegram()).len(), 1);
    assert_eq!(telegram.calls(ivan.telegram()).len(), 5);
}

#[actix_web::test]
async fn f48_only_the_chat_waits_that_telegram_wants_to_be_left_alone() {
    for backend in backends() {
        let telegram = Telegram::start();
        let app = start(backend, &telegram).await;
        let (ivan, petr) = (listener(&app, "Иван").await, listener(&app, "Пётр").await);
        telegram.next(ivan.telegram(), &[Manner::Flood(8_288)]);
        let before = app.app.clock.now();
        ask(&app, &ivan).await;
        telegram.until_calls(ivan.telegram(), 1).await;
        let user = ivan.id.parse().unwrap();
        let until = eventually("a chat that is left alone", async || {
            app.app.database.bot_settings(user).await.unwrap().muted_until
        })
        .await;
        let asked = until - Span::seconds(8_288);
        assert!(before <= asked && asked <= app.app.clock.now(), "to the second, from the answer on");
        ask(&app, &petr).await;
        telegram.until(petr.telegram(), "просит передать").await;
        assert_eq!(telegram.calls(ivan.telegram()).len(), 1);
        // When the time is over it goes, once, and it was no attempt.
        app.behind_its_back("UPDATE bot_settings SET muted_until = 1 WHERE muted_until > 0").await;
        telegram.until(ivan.telegram(), "просит передать").await;
        assert_eq!(telegram.chat(ivan.telegram()).len(), 1);
    }
}

#[actix_web::test]
async fn who_blocks_the_bot_is_left_alone_until_they_start_it_again() {
    for backend in backends() {
        let telegram = Telegram::start();
        let app = start(backend, &telegram).await;
        let ivan = listener(&app, "Иван").await;
        telegram.next(ivan.telegram(), &[Manner::Blocked]);
        ask(&app, &ivan).await;
        eventually("a person who has blocked the bot", async || {
            let settings = ivan.get("/api/bot/notifications").await;
            (settings["available"] == false).then_some(())
        })
        .await;
        ask(&app, &ivan).await;
        let figures = app.app.database.outbox_figures(app.app.clock.now()).await.unwrap();
        assert_eq!(figures.waiting, 0);
        assert_eq!(tell(&app, &typed(7, &ivan, "/start")).await, StatusCode::OK);
        telegram.until(ivan.telegram(), "PeerPack").await;
        ask(&app, &ivan).await;
        telegram.until(ivan.telegram(), "просит передать").await;
    }
}

#[actix_web::test]
async fn operators_see_what_telegram_does_not_take_and_send_it_again() {
    let telegram = Telegram::start();
    let app = start(Backend::Sqlite, &telegram).await;
    let ivan = listener(&app, "Иван").await;
    telegram.next(ivan.telegram(), &[Manner::Refuses]);
    ask(&app, &ivan).await;
    let admin = app.sign_in_with_role("Ольга", Role::Admin).await;
    let letter = eventually("a dead letter", async || {
        let page = admin.get("/api/admin/outbox").await;
        page["messages"].as_array().unwrap().first().cloned()
    })
    .await;
    assert_eq!(
        (&letter["class"], &letter["error"]),
        (&json!("state"), &json!("400 Bad Request: chat not found"))
    );
    let again = format!("/api/admin/outbox/{}/{}/send-again", ivan.id, letter["seq"]);
    assert_eq!(ivan.call(Method::POST, &again, None).await.0, StatusCode::FORBIDDEN);
    assert_eq!(admin.call(Method::POST, &again, None).await.0, StatusCode::OK);
    telegram.until(ivan.telegram(), "просит передать").await;
    assert_eq!(admin.call(Method::POST, &again, None).await.0, StatusCode::NOT_FOUND);
    assert_eq!(admin.get("/api/admin/outbox").await["messages"], json!([]));
}
