//! The reward is agreed here and paid in cash: nothing is held, no fee is taken, and everybody is told so.

use peerpack::auth::Role;
use reqwest::Method;
use serde_json::json;

use super::{asked, balance, must, refused, start};
use crate::support::backends;

#[actix_web::test]
async fn with_payments_off_a_deal_goes_its_whole_way_and_no_money_moves() {
    for backend in backends() {
        let app = start(backend, &[("PEERPACK_PAYMENTS", "off")]).await;
        let (anna, ivan) = (app.sign_in("Анна").await, app.sign_in("Иван").await);
        let terms = app.anonymous().get("/api/money/terms").await;
        assert_eq!((&terms["modes"], &terms["paid"]), (&json!(["off"]), &json!("cash")));
        assert!(terms["text_ru"].as_str().unwrap().contains("наличными"), "{terms}");
        assert_eq!((&terms["fee_percent"], &terms["fee_minimum"]), (&json!(0.0), &json!(0.0)));
        assert!(!terms.to_string().contains("вернутся"), "there is no money to give back: {terms}");
        let (package, request) = asked(&anna, &ivan, 500).await;
        let shown = anna.get(&format!("/api/packages/{package}")).await;
        assert_eq!((&shown["payment"], &shown["fee"]), (&json!("cash"), &json!(0.0)));
        let accepted = ivan.step(&request, "accept").await;
        let means = ivan.get(&format!("/api/packages/{package}/cancellation")).await;
        assert!(means["text_en"].as_str().unwrap().contains("No money was set aside"), "{means}");
        let delivered = ivan.step(&request, "mark-delivered").await;
        let confirmed = anna.step(&request, "confirm-delivery").await;
        for step in [accepted, delivered, confirmed] {
            assert_eq!(step.get("balance_update"), None, "{step}");
        }
        for who in [&anna, &ivan] {
            assert_eq!(balance(who, "total").await, 0.0);
            assert_eq!(who.get("/api/user/balance").await["transactions"], json!([]));
        }
        let told = ivan.get("/api/user/notifications").await.to_string();
        assert!(told.contains("Оплата наличными: 500.00"), "{told}");
        assert!(!told.contains("transaction_id") && !told.contains("/wallet"), "nothing moved here: {told}");
        let pay = refused(&anna, "/api/payments", json!({ "purpose": "top_up", "amount": 100 })).await;
        assert_eq!(pay, (409, "no_payment_method".to_owned()));
        let dry = json!({ "from": "Орёл", "to": "Курск", "description": "Торт", "reward": 500 });
        let dry = must(&anna, Method::POST, "/api/packages/dry-run", Some(dry)).await;
        assert_eq!((&dry["price"]["paid"], &dry["price"]["missing"]), (&json!("cash"), &json!(0.0)));
        app.audit().await;
    }
}

#[actix_web::test]
async fn what_an_operator_decides_of_a_deal_in_cash_is_told_without_a_sum() {
    for backend in backends() {
        let app = start(backend, &[("PEERPACK_PAYMENTS", "off")]).await;
        let (anna, ivan) = (app.sign_in("Анна").await, app.sign_in("Иван").await);
        let admin = app.sign_in_with_role("Ольга", Role::Admin).await;
        for (in_favour_of, reward, winner, loser, found) in
            [("courier", 500, &ivan, &anna, "засчитана"), ("sender", 600, &anna, &ivan, "не засчитана")]
        {
            let (_, request) = asked(&anna, &ivan, reward).await;
            ivan.step(&request, "accept").await;
            ivan.step(&request, "mark-delivered").await;
            let path = format!("/api/package-requests/{request}/dispute");
            must(&anna, Method::PUT, &path, Some(json!({ "reason": "помят" }))).await;
            let path = format!("/api/admin/disputes/{request}/resolve");
            let (status, divided) = admin.post(&path, json!({ "courier_share": 200 })).await;
            assert_eq!((status.as_u16(), &divided["code"]), (422, &json!("invalid")));
            let reason = "no money of this deal lies here: say who is in the right";
            assert!(divided.to_string().contains(reason), "{divided}");
            let decision = json!({ "in_favour_of": in_favour_of });
            must(&admin, Method::POST, &path, Some(decision)).await;
            let message =
                format!("Доставка «Торт за {reward}» {found}. Через сервис деньги за неё не проходили");
            for (who, title) in
                [(winner, "Оператор решил в вашу пользу"), (loser, "Оператор решил не в вашу пользу")]
            {
                let told = who.get("/api/user/notifications").await["notifications"][0].clone();
                assert_eq!((&told["type"], &told["title"]), (&json!("dispute_resolved"), &json!(title)));
                assert_eq!(told["message"], message);
                for member in ["amount", "transaction_id"] {
                    assert_eq!(told.get(member), None, "{told}");
                }
                assert_ne!(told["action_url"], "/wallet");
                assert_eq!(who.get("/api/user/balance").await["transactions"], json!([]));
            }
        }
        app.audit().await;
    }
}

#[actix_web::test]
async fn what_calling_off_means_is_said_before_and_is_so_afterwards() {
    for backend in backends() {
        let app = start(backend, &[]).await;
        let (anna, ivan) = (app.sign_in("Анна").await, app.sign_in("Иван").await);
        let (package, request) = asked(&anna, &ivan, 500).await;
        let path = format!("/api/packages/{package}/cancellation");
        let before = anna.get(&path).await;
        assert_eq!((&before["stage"], &before["refund"]), (&json!("before_acceptance"), &json!(0.0)));
        ivan.step(&request, "accept").await;
        let (sender, courier) = (anna.get(&path).await, ivan.get(&path).await);
        assert_eq!((&sender["possible"], &sender["refund"]), (&json!(true), &json!(500.0)));
        assert_eq!((&sender["looks_on"], &courier["looks_on"]), (&json!(false), &json!(true)));
        let stranger = app.sign_in("Олег").await;
        assert_eq!(stranger.call(Method::GET, &path, None).await.0.as_u16(), 404);
        let cancelled = must(&anna, Method::PUT, &format!("/api/packages/{package}/cancel"), None).await;
        assert_eq!((&cancelled["refund"], balance(&anna, "available").await), (&json!(500.0), 500.0));

        let (package, request) = asked(&anna, &ivan, 700).await;
        ivan.step(&request, "accept").await;
        assert_eq!(balance(&anna, "available").await, 500.0, "the demo pays every claim anew");
        ivan.step(&request, "pickup").await;
        let late = anna.get(&format!("/api/packages/{package}/cancellation")).await;
        assert_eq!((&late["stage"], &late["possible"]), (&json!("after_pickup"), &json!(false)));
        let (status, _) = anna.call(Method::PUT, &format!("/api/packages/{package}/cancel"), None).await;
        assert_eq!(status.as_u16(), 409);
        app.audit().await;
    }
}
