//! Signing in as the console and the phones do.

use peerpack::auth::Role;
use reqwest::StatusCode;
use serde_json::json;

use super::Town;
use crate::support::{Backend, TestApp};

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
