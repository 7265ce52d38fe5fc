//! What the bot writes of payments: what has moved, and nothing else.

use peerpack::auth::Role;
use reqwest::{Method, StatusCode};
use serde_json::json;

use super::payments::{self, money, until_available};
use super::stars::{self, highlight, id_of, look, pays, until_status};
use super::telegram::{Manner, Telegram};
use super::{listener, tell};
use crate::support::{backends, eventually};

#[actix_web::test]
async fn money_for_a_package_that_is_gone_is_in_the_wallet_and_its_message_says_so() {
    for backend in backends() {
        let telegram = Telegram::start();
        let app = payments::start(backend, &telegram).await;
        let anna = listener(&app, "Анна").await;
        let package = anna.publish_package("Чита", "Хабаровск", json!({ "reward": 700 })).await;
        let body = json!({ "purpose": "package", "package_id": package, "method": "telegram" });
        let (status, payment) = anna.post("/api/payments", body).await;
        assert_eq!((status, &payment["amount"]), (StatusCode::CREATED, &json!(700.0)), "{payment}");
        let path = format!("/api/packages/{package}/cancel");
        let (status, answer) = anna.call(Method::PUT, &path, None).await;
        assert!(status.is_success(), "{answer}");
        assert_eq!(tell(&app, &money(60, &anna, &payment, "c1", 70_000)).await, StatusCode::OK);
        let told = telegram.until(anna.telegram(), "Платёж зачислен").await;
        assert!(told.contains("Зачислено в кошелёк: 700.00 ₽"), "{told}");
        assert!(told.contains("Посылка уже не ждёт курьера"), "{told}");
        until_available(&anna, 700.0).await;
    }
}

/// What is only asked for or refused is no money, so nothing is written of it.
#[actix_web::test]
async fn of_stars_that_go_back_nothing_is_written_before_they_are_back() {
    for backend in backends() {
        let telegram = Telegram::start();
        let app = stars::start(backend, &telegram).await;
        let (ivan, ada) = (listener(&app, "Иван").await, app.sign_in_with_role("Ада", Role::Admin).await);
        let trip = ivan.publish_trip("Орёл", "Курск", json!({})).await;
        let payment = highlight(&ivan, &trip).await;
        pays(&app, &telegram, 1, &ivan, (&payment, "c1")).await;
        let told = telegram.until(ivan.telegram(), "Отметка оплачена").await;
        assert!(told.contains("50 ⭐"), "{told}");
        telegram.next_of("refundStarPayment", &[Manner::Fails]);
        let path = format!("/api/admin/payments/{}/refund", id_of(&payment));
        let (status, asked) = ada.post(&path, json!({ "reason": "by mistake" })).await;
        assert_eq!((status, &asked["refunds"][0]["status"]), (StatusCode::OK, &json!("asked")), "{asked}");
        // The first look asks for it once more, the second one finds it in the list.
        look(&app).await;
        look(&app).await;
        until_status(&ivan, &payment, "refunded").await;
        let told = telegram.until(ivan.telegram(), "Звёзды вернулись").await;
        assert!(told.contains("Возвращено 50 ⭐ из 50 ⭐"), "{told}");
        // Nor is it, where they are of no use and go back at once.
        let late = highlight(&ivan, &trip).await;
        ivan.put(&format!("/api/trips/{trip}/cancel")).await;
        pays(&app, &telegram, 2, &ivan, (&late, "c2")).await;
        until_status(&ivan, &late, "succeeded").await;
        look(&app).await;
        look(&app).await;
        until_status(&ivan, &late, "refunded").await;
        // A chat is told one thing after the other, so nothing is under way before the last one.
        eventually("three messages", async || (telegram.chat(ivan.telegram()).len() == 3).then_some(()))
            .await;
        let titles = telegram.chat(ivan.telegram());
        let titles: Vec<_> = titles.iter().map(|text| text.lines().next().unwrap_or_default()).collect();
        assert_eq!(titles, ["Отметка оплачена", "Звёзды вернулись", "Звёзды вернулись"]);
    }
}
