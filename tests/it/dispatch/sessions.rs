//! Signing in as the console and the phones do.

use peerpack::auth::Role;
use reqwest::{Method, StatusCode};
use serde_json::json;

use super::Town;
use crate::identity::with_phone;
use crate::support::{Backend, TestApp, backends};

#[actix_web::test]
async fn the_desk_signs_in_with_an_address_and_keeps_its_refresh_token() {
    let app = TestApp::start(Backend::Sqlite).await;
    let admin = app.sign_in_with_role("Ada", Role::Admin).await;
    for (login, role, told) in
        [("dasha@example.org", "dispatcher", "dispatcher"), ("vera@example.org", "viewer", "operator")]
    {
        let operator =
            json!({ "login": login, "password": "correct horse battery", "name": "Dasha", "role": role });
        assert_eq!(admin.post("/api/admin/operators", operator).await.0, StatusCode::CREATED);
        let nobody = app.anonymous();
        let wrong = json!({ "email": login, "password": "wrong" });
        let (status, refused) = nobody.post("/api/auth/email-login/", wrong).await;
        assert_eq!((status, &refused["code"]), (StatusCode::UNAUTHORIZED, &json!("invalid_login")));
        assert!(refused["error"].is_string(), "{refused}");
        let right = json!({ "email": login.to_uppercase(), "password": "correct horse battery" });
        let (status, entered) = nobody.post("/api/auth/email-login/", right).await;
        assert_eq!((status, &entered["role"]), (StatusCode::OK, &json!(told)), "{entered}");
        assert!(entered["user"]["id"].is_i64() && entered["user"]["email"] == login, "{entered}");
        assert_eq!(entered["user"]["phone"], "", "{entered}");
        let desk = nobody.with_token(entered["access"].as_str().unwrap());
        assert_eq!(desk.get("/api/orders/").await["count"], 0);

        // The console keeps the refresh token that it has: it is not used up.
        let refresh = json!({ "refresh": entered["refresh"] });
        for _ in 0..3 {
            let (status, again) = nobody.post("/api/auth/token/refresh/", refresh.clone()).await;
            assert_eq!(status, StatusCode::OK, "{again}");
            let desk = nobody.with_token(again["access"].as_str().unwrap());
            assert_eq!(desk.get("/api/orders/").await["count"], 0);
        }
        let (status, left) = desk.post("/api/auth/logout/", refresh.clone()).await;
        assert_eq!(status, StatusCode::OK, "{left}");
        assert!(left["message"].is_string(), "{left}");
        let (status, over) = nobody.post("/api/auth/token/refresh/", refresh).await;
        assert_eq!((status, &over["code"]), (StatusCode::UNAUTHORIZED, &json!("invalid_token")), "{over}");
    }
    let made_up = json!({ "refresh": "nonsense" });
    assert_eq!(app.anonymous().post("/api/auth/token/refresh/", made_up).await.0, StatusCode::UNAUTHORIZED);
}

#[actix_web::test]
async fn a_refresh_token_is_enough_to_sign_out() {
    for backend in backends() {
        let app = TestApp::start(backend).await;
        let (anna, tokens) = app.sign_in_with_tokens("Anna").await;
        let refresh = json!({ "refresh": tokens["refresh_token"] });
        let nobody = app.anonymous();
        for given in [json!({}), json!({ "refresh": "nonsense" })] {
            assert_eq!(nobody.post("/api/auth/logout/", given).await.0, StatusCode::UNAUTHORIZED);
        }
        assert_eq!(anna.call(Method::GET, "/api/user/sessions", None).await.0, StatusCode::OK);
        let (status, left) = nobody.post("/api/auth/logout/", refresh.clone()).await;
        assert_eq!((status, left["message"].is_string()), (StatusCode::OK, true), "{left}");
        assert_eq!(anna.call(Method::GET, "/api/user/sessions", None).await.0, StatusCode::UNAUTHORIZED);
        assert_eq!(nobody.post("/api/auth/logout/", refresh).await.0, StatusCode::UNAUTHORIZED, "it is over");
    }
}

/// What the phones of the field read of a sign-in.
#[actix_web::test]
async fn a_code_tells_a_courier_and_a_passenger_what_they_are() {
    for backend in backends() {
        let (app, outbox) = with_phone(backend).await;
        let town = Town::of(app).await;
        let (driver, passenger) = (town.driver(1).await, town.passenger(1).await);
        let nobody = town.app.anonymous();
        for (phone, role, number) in [
            ("+79001110001", "driver", Some(driver.number)),
            ("+79002220001", "passenger", Some(passenger.number)),
            ("+79004440001", "user", None),
        ] {
            let (status, sent) = nobody.post("/api/auth/phone-login/", json!({ "phone": phone })).await;
            assert_eq!(status, StatusCode::OK, "{sent}");
            let code = std::fs::read_to_string(outbox.path().join(format!("send.{phone}"))).unwrap();
            let code = json!({ "phone": phone, "code": code });
            let (status, entered) = nobody.post("/api/auth/verify-otp/", code).await;
            assert_eq!((status, &entered["role"]), (StatusCode::OK, &json!(role)), "{entered}");
            assert_eq!(entered["access"], entered["access_token"]);
            assert_eq!(entered["refresh"], entered["refresh_token"]);
            for (of, name) in [("driver", "driver_id"), ("passenger", "passenger_id")] {
                let expected = number.filter(|_| role == of);
                assert_eq!(entered[name].as_i64(), expected, "{entered}");
                assert_eq!(entered[of]["id"].as_i64(), expected, "{entered}");
            }
            let user = &entered["user"];
            assert!(user["id"].as_str().is_some_and(|id| id.parse::<uuid::Uuid>().is_ok()), "{user}");
            assert!(user["number"].is_i64(), "{user}");
            assert!(number.is_none_or(|number| user["number"] == number), "{user}");
            assert_eq!((&user["phone"], &user["email"]), (&json!(phone), &json!("")), "{user}");
            let refresh = json!({ "refresh": entered["refresh"] });
            let (status, again) = nobody.post("/api/auth/token/refresh/", refresh).await;
            assert_eq!((status, again["access"].is_string()), (StatusCode::OK, true), "{again}");
        }
    }
}

/// One number for one person, whatever they are.
#[actix_web::test]
async fn one_person_has_one_number() {
    let town = Town::open(Backend::Sqlite).await;
    let driver = town.driver(1).await;
    let passenger = json!({ "full_name": "Тот же", "phone": "+79001110001", "region_id": town.region });
    let passenger = super::made(&town.desk, "/api/passengers/", passenger).await;
    assert_eq!(passenger["id"], driver.number);
    let own = driver.user.get("/api/mobile/passengers/profile/").await;
    assert_eq!(own["id"], driver.number, "{own}");
}
