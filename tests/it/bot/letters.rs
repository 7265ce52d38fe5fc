//! What reaches a phone that is not looking, and what becomes of it.

use peerpack::auth::Role;
use peerpack_actors::stream::message::Class;
use reqwest::StatusCode;
use serde_json::json;

use super::telegram::Telegram;
use super::{button, listener, start, tapped, tell};
use crate::support::{TestApp, backends, eventually};

#[actix_web::test]
async fn an_offer_reaches_a_phone_that_is_not_looking_and_the_first_tap_wins() {
    for backend in backends() {
        let telegram = Telegram::start();
        let app = start(backend, &telegram).await;
        let (anna, ivan, petr) =
            (app.sign_in("Анна").await, listener(&app, "Иван").await, listener(&app, "Пётр").await);
        for courier in [&ivan, &petr] {
            courier.publish_trip("Иркутск", "Улан-Удэ", json!({})).await;
        }
        let package = anna.publish_package("Иркутск", "Улан-Удэ", json!({})).await;

        let mut taps = Vec::new();
        for courier in [&ivan, &petr] {
            telegram.until(courier.telegram(), "Запрос на перевозку").await;
            let call = &telegram.calls(courier.telegram())[0];
            assert_eq!(call.method, "sendMessage");
            let text = call.body["text"].as_str().unwrap();
            assert!(text.contains("Иркутск → Улан-Удэ") && text.contains("Ответить до"), "{text}");
            let kinds: Vec<_> =
                call.body["entities"].as_array().unwrap().iter().map(|one| &one["type"]).collect();
            assert_eq!(kinds, ["bold", "date_time", "date_time", "date_time"]);
            let first = &call.body["reply_markup"]["inline_keyboard"][0];
            assert_eq!((&first[0]["text"], &first[0]["style"]), (&json!("Взять"), &json!("success")));
            let open = &call.body["reply_markup"]["inline_keyboard"][1][0]["web_app"]["url"];
            assert_eq!(open, "https://peerpack.example/offers");
            taps.push(button(&call.body, 0, 0));
        }

        assert_eq!(tell(&app, &tapped(1, &ivan, &taps[0])).await, StatusCode::OK);
        telegram.until(ivan.telegram(), "Принято").await;
        telegram.until(petr.telegram(), "Уже взял другой курьер").await;
        assert_eq!(anna.get(&format!("/api/packages/{package}")).await["state"], "assigned");
        // A tap that comes afterwards is told so, and changes nothing.
        assert_eq!(tell(&app, &tapped(2, &petr, &taps[1])).await, StatusCode::OK);
        let answers = eventually("two answers to taps", async || {
            let answers = telegram.calls_of("answerCallbackQuery");
            (answers.len() == 2).then_some(answers)
        })
        .await;
        let words: Vec<_> = answers.iter().map(|call| call.body["text"].as_str().unwrap()).collect();
        assert_eq!(words, ["Принято", "Посылку уже взял другой курьер"]);
        // Both messages were edited and no other one was sent; what is over has no buttons to answer with.
        for courier in [&ivan, &petr] {
            let calls = telegram.calls(courier.telegram());
            assert_eq!(calls.iter().filter(|call| call.method == "sendMessage").count(), 1);
            let last = &calls.last().unwrap().body["reply_markup"]["inline_keyboard"];
            assert_eq!(last.as_array().unwrap().len(), 1, "{last}");
        }
        app.audit().await;
    }
}

#[actix_web::test]
async fn a_deal_is_one_message_for_the_sender_and_money_has_a_message_of_its_own() {
    for backend in backends() {
        let telegram = Telegram::start();
        let app = start(backend, &telegram).await;
        let (anna, ivan) = (listener(&app, "Анна").await, listener(&app, "Иван").await);
        ivan.publish_trip("Иркутск", "Улан-Удэ", json!({})).await;
        anna.publish_package("Иркутск", "Улан-Удэ", json!({})).await;
        telegram.until(ivan.telegram(), "Запрос на перевозку").await;
        let request = button(&telegram.calls(ivan.telegram())[0].body, 0, 0)["a:".len()..].to_owned();
        ivan.step(&request, "accept").await;
        telegram.until(anna.telegram(), "Ответ курьера").await;
        ivan.step(&request, "pickup").await;
        telegram.until(anna.telegram(), "Посылка у курьера").await;
        ivan.step(&request, "mark-delivered").await;
        telegram.until(anna.telegram(), "Посылка доставлена").await;
        assert_eq!(telegram.chat(anna.telegram()).len(), 1, "one message, which was edited");
        anna.step(&request, "confirm-delivery").await;
        let paid = telegram.until(ivan.telegram(), "Деньги поступили").await;
        assert!(paid.contains("Событие №"), "{paid}");
        let offer = telegram.until(ivan.telegram(), "Доставка подтверждена").await;
        assert_ne!(offer, paid);
        assert_eq!(telegram.chat(ivan.telegram()).len(), 2);
        telegram.until(anna.telegram(), "Доставка подтверждена").await;
    }
}

#[actix_web::test]
async fn money_that_was_sent_or_rejected_has_a_letter_of_its_own() {
    for backend in backends() {
        let telegram = Telegram::start();
        let app = start(backend, &telegram).await;
        let (anna, ivan) = (app.sign_in("Анна").await, listener(&app, "Иван").await);
        let admin = app.sign_in_with_role("Ольга", Role::Admin).await;
        let trip = ivan.publish_trip("Иркутск", "Улан-Удэ", json!({})).await;
        let package = anna.publish_package("Иркутск", "Улан-Удэ", json!({ "mode": "choose" })).await;
        let path = format!("/api/couriers/{trip}/send-package");
        let (status, sent) = anna.post_patiently(&path, json!({ "package_id": package })).await;
        assert_eq!(status, StatusCode::CREATED, "{sent}");
        let request = sent["request_id"].as_str().unwrap();
        for (who, step) in [(&ivan, "accept"), (&ivan, "mark-delivered"), (&anna, "confirm-delivery")] {
            who.step(request, step).await;
        }
        for (decision, body, title, words) in [
            ("pay", json!({ "reference": "77" }), "Деньги отправлены", "Вывод 200.00 ₽ выполнен. •••• 1234"),
            (
                "reject",
                json!({ "reason": "карта не читается" }),
                "Вывод отклонён",
                "Причина: карта не читается",
            ),
        ] {
            let asked = json!({ "amount": 200, "method": "4276 1600 0000 1234" });
            let (status, taken) = ivan.post_patiently("/api/user/withdraw", asked).await;
            assert_eq!(status, StatusCode::OK, "{taken}");
            let id = taken["withdrawal_id"].as_str().unwrap();
            let (status, decided) =
                admin.post(&format!("/api/admin/withdrawals/{id}/{decision}"), body).await;
            assert_eq!(status, StatusCode::OK, "{decided}");
            let letter = telegram.until(ivan.telegram(), title).await;
            assert!(letter.contains(words) && letter.contains("Событие №"), "{letter}");
        }
        app.audit().await;
    }
}

#[actix_web::test]
async fn nobody_is_written_to_who_is_looking() {
    let telegram = Telegram::start();
    let app = start(crate::support::Backend::Sqlite, &telegram).await;
    let (anna, ivan) = (app.sign_in("Анна").await, listener(&app, "Иван").await);
    let mut socket = ivan.connect().await;
    ivan.publish_trip("Иркутск", "Улан-Удэ", json!({})).await;
    let package = anna.publish_package("Иркутск", "Улан-Удэ", json!({})).await;
    socket.offer(&package).await;
    // It was looked at, and waits in case that the connection is dead.
    eventually("a message that waits", async || {
        let waiting = app.app.database.messages_in("waiting", None, 10).await.unwrap();
        waiting.into_iter().find(|one| one.class == Class::Offer && one.due_at > one.at)
    })
    .await;
    assert_eq!(telegram.calls(ivan.telegram()).len(), 0);
    socket.close();
    telegram.until(ivan.telegram(), "Запрос на перевозку").await;
}

#[actix_web::test]
async fn where_there_is_no_bot_or_nobody_has_allowed_it_nothing_waits() {
    for backend in backends() {
        let telegram = Telegram::start();
        let with_bot = start(backend, &telegram).await;
        let without = TestApp::start(backend).await;
        let silent = with_bot.sign_in("Иван").await;
        let eager = listener(&without, "Иван").await;
        for (app, ivan) in [(&with_bot, silent), (&without, eager)] {
            let anna = app.sign_in("Анна").await;
            ivan.publish_trip("Иркутск", "Улан-Удэ", json!({})).await;
            let mut socket = ivan.connect().await;
            let package = anna.publish_package("Иркутск", "Улан-Удэ", json!({})).await;
            socket.offer(&package).await;
            let figures = app.app.database.outbox_figures(app.app.clock.now()).await.unwrap();
            assert_eq!((figures.waiting, figures.unknown, figures.dead), (0, 0, 0));
        }
        assert_eq!(without.anonymous().post("/api/bot/webhook", json!({})).await.0, StatusCode::NOT_FOUND);
    }
}

#[actix_web::test]
async fn what_an_older_server_does_not_know_is_left_out() {
    let telegram = Telegram::start();
    let app = start(crate::support::Backend::Sqlite, &telegram).await;
    let (anna, ivan) = (app.sign_in("Анна").await, listener(&app, "Иван").await);
    telegram.next(ivan.telegram(), &[super::telegram::Manner::KnowsNoEntities]);
    ivan.publish_trip("Иркутск", "Улан-Удэ", json!({})).await;
    anna.publish_package("Иркутск", "Улан-Удэ", json!({})).await;
    telegram.until(ivan.telegram(), "Запрос на перевозку").await;
    let calls = telegram.calls(ivan.telegram());
    assert!(calls[0].body.get("entities").is_some() && calls[1].body.get("entities").is_none());
}
