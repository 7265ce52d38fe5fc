//! What reaches people who do not look: couriers who are asked, passengers whose ride goes on. And the answer
//! that a courier gives in the chat.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{Town, moved, patch, ride};
use crate::bot::telegram::Telegram;
use crate::bot::{button, listener, start, tapped, tell};
use crate::support::{Backend, TestUser, backends, eventually};

/// Somebody who lets the bot write drives, and is on duty near the pickup.
async fn courier(town: &Town, name: &str, lat: f64) -> TestUser {
    let courier = listener(&town.app, name).await;
    let vehicle = json!({
        "car_model": "Lada Largus", "plate_number": format!("{name} 77"), "capacity": 4,
        "region_id": town.region,
    });
    let (status, me) = courier.call(Method::PUT, "/api/mobile/drivers/profile/", Some(vehicle)).await;
    assert_eq!(status, StatusCode::OK, "{me}");
    let online = patch(&courier, "/api/mobile/drivers/online-status/", json!({ "is_online": true })).await;
    assert_eq!(online.0, StatusCode::OK, "{}", online.1);
    let here = patch(&courier, "/api/mobile/drivers/location/", json!({ "lat": lat, "lon": 37.654 })).await;
    assert_eq!(here.0, StatusCode::OK, "{}", here.1);
    courier
}

async fn placed(passenger: &TestUser) -> String {
    let (status, order) = passenger.post_patiently("/api/mobile/orders/create/", ride(json!({}))).await;
    assert_eq!(status, StatusCode::CREATED, "{order}");
    order["id"].as_str().unwrap().to_owned()
}

/// What the first message to somebody says to the bot when its buttons are tapped.
fn answers(telegram: &Telegram, courier: &TestUser) -> (String, String) {
    let body = &telegram.calls(courier.telegram())[0].body;
    (button(body, 0, 0), button(body, 0, 1))
}

/// The words that taps were answered with.
async fn tapped_words(telegram: &Telegram, count: usize) -> Vec<String> {
    eventually("answers to taps", async || {
        let calls = telegram.calls_of("answerCallbackQuery");
        let words = calls.iter().map(|call| call.body["text"].as_str().unwrap().to_owned());
        (calls.len() == count).then(|| words.collect())
    })
    .await
}

fn kinds(listed: &Value) -> Vec<&str> {
    listed["notifications"].as_array().unwrap().iter().map(|one| one["type"].as_str().unwrap()).collect()
}

#[actix_web::test]
async fn an_offer_reaches_a_courier_who_takes_it_in_the_chat_and_each_step_reaches_the_passenger() {
    for backend in backends() {
        let telegram = Telegram::start();
        let town = Town::of(start(backend, &telegram).await).await;
        let (ivan, anna) = (courier(&town, "Иван", 55.775).await, listener(&town.app, "Анна").await);
        let order = placed(&anna).await;
        let asked = telegram.until(ivan.telegram(), "Новый заказ").await;
        assert!(asked.contains("Комсомольская площадь, 2 → Арбат, 1"), "{asked}");
        assert!(asked.contains("Подача сейчас") && asked.contains("Ответить до: "), "{asked}");
        let call = &telegram.calls(ivan.telegram())[0];
        let open = &call.body["reply_markup"]["inline_keyboard"][1][0]["web_app"]["url"];
        assert_eq!(open, "https://peerpack.example/town/duty");
        assert_eq!(kinds(&ivan.get("/api/user/notifications").await), ["order_offered"]);

        let (accept, _) = answers(&telegram, &ivan);
        assert_eq!(tell(&town.app, &tapped(1, &ivan, &accept)).await, StatusCode::OK);
        let found = telegram.until(anna.telegram(), "Водитель найден").await;
        assert!(found.contains("Иван, Lada Largus, Иван 77"), "{found}");
        telegram.until(ivan.telegram(), "Принято").await;
        let taken = telegram.calls(ivan.telegram()).pop().unwrap();
        assert_eq!(taken.method, "editMessageText", "one message stands for the offer");
        assert_eq!(taken.body["reply_markup"]["inline_keyboard"].as_array().unwrap().len(), 1);
        // The same tap again is the same command; declining now is none.
        assert_eq!(tell(&town.app, &tapped(2, &ivan, &accept)).await, StatusCode::OK);
        assert_eq!(tapped_words(&telegram, 2).await, ["Принято", "Принято"]);
        assert_eq!(town.status_of(&order).await, "assigned");

        for (step, words) in [
            ("driver_en_route", "Водитель едет к вам"),
            ("arrived_waiting", "Водитель на месте"),
            ("ride_ongoing", ""),
            ("completed", "Поездка завершена"),
        ] {
            moved(&ivan, &order, step).await;
            if !words.is_empty() {
                telegram.until(anna.telegram(), words).await;
            }
        }
        let calls = telegram.calls(anna.telegram());
        assert!(calls.iter().all(|call| call.method == "sendMessage"), "a phone does not ring for an edit");
        assert_eq!(calls.len(), 4);
        let listed = anna.get("/api/user/notifications").await;
        let expected =
            ["order_completed", "order_courier_arrived", "order_courier_on_the_way", "order_courier_found"];
        assert_eq!(kinds(&listed), expected);
        let first = &listed["notifications"][0];
        assert_eq!(
            (&first["action_url"], &first["order_id"]),
            (&json!(format!("/town/ride/{order}")), &json!(order))
        );
        let own = ivan.get("/api/user/notifications").await;
        assert_eq!((kinds(&own), &own["unread_count"]), (vec![], &json!(0)), "an answered offer is no news");
        town.app.audit().await;
    }
}

#[actix_web::test]
async fn who_is_too_late_in_the_chat_is_told_who_has_it() {
    for backend in backends() {
        let telegram = Telegram::start();
        let town = Town::of(start(backend, &telegram).await).await;
        let (ivan, anna) = (courier(&town, "Иван", 55.775).await, listener(&town.app, "Анна").await);
        let order = placed(&anna).await;
        telegram.until(ivan.telegram(), "Новый заказ").await;
        let (accept, decline) = answers(&telegram, &ivan);
        // Meanwhile the desk names somebody else.
        let olga = town.driver_at(1, 55.776, 37.655).await;
        assert_eq!(town.assign(&order, &olga).await.0, StatusCode::OK);
        telegram.until(ivan.telegram(), "Заказ уже у другого водителя").await;
        assert_eq!(tell(&town.app, &tapped(1, &ivan, &accept)).await, StatusCode::OK);
        assert_eq!(tell(&town.app, &tapped(2, &ivan, &decline)).await, StatusCode::OK);
        let mut words = tapped_words(&telegram, 2).await;
        words.sort();
        assert_eq!(words, ["Заказ больше не предлагается", "Заказ уже у другого водителя"]);
        // And calls it off: both are told, who have not done it.
        town.step(&order, "cancelled").await;
        telegram.until(anna.telegram(), "Заказ отменён").await;
        assert_eq!(town.duty_of(&olga).await, "online_idle");
        let path = format!("/api/drivers/{}/online-status/", olga.number);
        assert_eq!(patch(&olga.user, &path, json!({ "is_online": false })).await.0, StatusCode::OK);

        // Declined in the chat: another one is looked for, and the passenger calls off what nobody has.
        let again = placed(&anna).await;
        telegram.until(ivan.telegram(), "Ответить до").await;
        let last = telegram.calls(ivan.telegram()).pop().unwrap();
        assert_eq!(tell(&town.app, &tapped(3, &ivan, &button(&last.body, 0, 1))).await, StatusCode::OK);
        telegram.until(ivan.telegram(), "Отказ").await;
        assert_eq!(tapped_words(&telegram, 3).await.last().unwrap(), "Отказ отправлен");
        let (status, _) = anna.post(&format!("/api/mobile/orders/{again}/cancel/"), json!({})).await;
        assert_eq!(status, StatusCode::OK);
        // Nobody answers for a courier who was not asked.
        assert_eq!(tell(&town.app, &tapped(4, &anna, &accept)).await, StatusCode::OK);
        assert_eq!(tapped_words(&telegram, 4).await.last().unwrap(), "Заказ больше не предлагается");
    }
}

#[actix_web::test]
async fn an_offer_that_nobody_answers_says_that_its_time_is_over() {
    let telegram = Telegram::start();
    let town = Town::of(start(Backend::Sqlite, &telegram).await).await;
    let (ivan, anna) = (courier(&town, "Иван", 55.775).await, town.app.sign_in("Анна").await);
    placed(&anna).await;
    telegram.until(ivan.telegram(), "Новый заказ").await;
    telegram.until(ivan.telegram(), "Время вышло").await;
    assert_eq!(telegram.chat(ivan.telegram()).len(), 1, "one message, which was edited");
    assert_eq!(telegram.calls(anna.telegram()).len(), 0, "who has not allowed it hears nothing");
}

#[actix_web::test]
async fn each_kind_can_be_switched_off_and_who_looks_is_left_alone() {
    for backend in backends() {
        let telegram = Telegram::start();
        let town = Town::of(start(backend, &telegram).await).await;
        let (ivan, anna) = (courier(&town, "Иван", 55.775).await, listener(&town.app, "Анна").await);
        let off = json!({ "eventType": "order_offered", "enabled": false });
        assert_eq!(ivan.post("/api/bot/notifications/preference", off).await.0, StatusCode::OK);
        let mut socket = anna.connect().await;
        let order = placed(&anna).await;
        eventually("an offer", async || {
            let offers = ivan.get("/api/mobile/drivers/offers/").await;
            (offers["count"] == 1).then_some(())
        })
        .await;
        let offers = ivan.get("/api/mobile/drivers/offers/").await;
        let path = format!(
            "/api/mobile/drivers/offer/{}/accept/",
            offers["results"][0]["offer_id"].as_str().unwrap()
        );
        assert_eq!(ivan.post(&path, json!({})).await.0, StatusCode::OK);
        // The socket tells it.
        let told = socket
            .event("order.news", |event| match event {
                peerpack_actors::stream::StreamEvent::OrderNews(told) => Some(told.order_id.to_string()),
                _ => None,
            })
            .await;
        assert_eq!(told, order);
        // What the desk gives is another kind.
        town.step(&order, "matching").await;
        telegram.until(ivan.telegram(), "Заказ передан другому").await;
        assert_eq!(telegram.chat(ivan.telegram()).len(), 1, "nothing of the offer");
        assert_eq!(telegram.calls(anna.telegram()).len(), 0);
    }
}
