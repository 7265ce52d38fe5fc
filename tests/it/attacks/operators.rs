//! operators without a second factor, and operators who work against each other.

use futures_util::future::join;
use peerpack::auth::Role;
use reqwest::Method;
use serde_json::{Value, json};

use super::signing_in::{PASSWORD, authenticator, production, signed_in};
use crate::identity::call;
use crate::support::{TestApp, TestUser, backends, patiently};

async fn enter(app: &TestApp, login: &str, code: Option<&str>) -> Value {
    let (status, answer) =
        call(app, "/api/auth/operator", json!({ "login": login, "password": PASSWORD, "code": code })).await;
    assert_eq!(status, 200, "{answer}");
    answer
}

/// Sets a second factor up; answers with the token of the device and the recovery codes.
pub async fn lifted_with_codes(app: &TestApp, entered: &Value) -> (Value, Vec<Value>) {
    let bare = signed_in(app, entered);
    let (status, factor) = bare.post_patiently("/api/user/second-factor", json!({})).await;
    assert_eq!(status.as_u16(), 201, "{factor}");
    let code = authenticator(app, entered).await.code(app.app.clock.now());
    let (status, lifted) = bare.post("/api/auth/second-factor", json!({ "code": code })).await;
    assert_eq!(status.as_u16(), 200, "{lifted}");
    (lifted["device_token"].clone(), factor["recovery_codes"].as_array().unwrap().clone())
}

/// Sets a second factor up; the rights of the role come with it.
async fn lifted(app: &TestApp, entered: &Value) -> TestUser {
    let bare = signed_in(app, entered);
    assert_eq!(bare.post("/api/user/second-factor", json!({})).await.0.as_u16(), 201);
    let code = authenticator(app, entered).await.code(app.app.clock.now());
    let (status, lifted) = bare.post("/api/auth/second-factor", json!({ "code": code })).await;
    assert_eq!(status.as_u16(), 200, "{lifted}");
    signed_in(app, &lifted)
}

async fn status(who: &TestUser, path: &str) -> u16 {
    who.call(Method::GET, path, None).await.0.as_u16()
}

#[actix_web::test]
async fn x_104_no_operator_does_anything_in_production_without_a_second_factor() {
    for backend in backends() {
        let app = production(backend).await;
        let root = lifted(&app, &enter(&app, "root", None).await).await;
        for (login, role, path) in [
            ("vera", "viewer", "/api/admin/requests/stats"),
            ("dina", "dispatcher", "/api/admin/requests/stats"),
            ("dora", "dispatcher", "/api/admin/documents"),
        ] {
            let hired = json!({ "login": login, "password": PASSWORD, "name": "Вера", "role": role });
            assert_eq!(root.post("/api/admin/operators", hired).await.0.as_u16(), 201);
            let entered = enter(&app, login, None).await;
            assert_eq!(entered["second_factor"], "set_up", "{role}");
            let (status_is, refused) = signed_in(&app, &entered).call(Method::GET, path, None).await;
            assert_eq!(status_is.as_u16(), 403, "{role}");
            assert_eq!(refused["code"], "second_factor_required", "it is not the role: {refused}");
            let refresh = json!({ "refresh_token": entered["refresh_token"] });
            let (_, refreshed) = call(&app, "/api/auth/refresh", refresh).await;
            assert_eq!(status(&signed_in(&app, &refreshed), path).await, 403, "{role}, refreshed");
            assert_eq!(status(&lifted(&app, &entered).await, path).await, 200, "{role}");
        }
    }
}

/// One demotes the other, or blocks them, while the other does the same.
#[actix_web::test]
async fn x_105_administrators_who_depose_each_other_at_once_leave_one() {
    for backend in backends() {
        let app = TestApp::start(backend).await;
        let (database, now) = (&app.app.database, app.app.clock.now());
        let depose = async |who: &TestUser, whom: &TestUser, block: bool| {
            let path = format!("/api/admin/users/{}", whom.id);
            let (status, body) = if block {
                who.insist(Method::POST, &format!("{path}/block"), Some(json!({}))).await
            } else {
                who.insist(Method::PUT, &format!("{path}/role"), Some(json!({ "role": "user" }))).await
            };
            (status.as_u16(), body)
        };
        let mut before: Vec<TestUser> = Vec::new();
        for round in 0..8 {
            let anna = app.sign_in_with_role("Anna", Role::Admin).await;
            let vera = app.sign_in_with_role("Vera", Role::Admin).await;
            for old in before.drain(..) {
                let id = old.id.parse().unwrap();
                patiently(async || database.set_role(id, Role::User, now).await).await;
            }
            let (block_vera, block_anna) = (round % 2 == 0, round / 2 % 2 == 0);
            let (first, second) =
                join(depose(&anna, &vera, block_vera), depose(&vera, &anna, block_anna)).await;
            let mut left = 0;
            for who in [&anna, &vera] {
                let id = who.id.parse().unwrap();
                let user = patiently(async || database.user(id).await).await.unwrap();
                left += usize::from(user.role == Role::Admin && user.blocked_at.is_none());
            }
            assert_eq!(left, 1, "round {round}: {first:?} {second:?}");
            let refused = if first.0 == 200 { second } else { first };
            // The other one was too late, or is the last.
            assert!([401, 409].contains(&refused.0), "{refused:?}");
            before = vec![anna, vera];
        }
    }
}
