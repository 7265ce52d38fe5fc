//! Money as people and operators see it, in each way to pay; and acquirers that misbehave.

mod acquirer;
mod asked;
mod bank;
mod cash;
mod example;
mod fees;
mod manual;
mod payouts;
mod tls;
mod trouble;
mod webhook;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use peerpack_actors::runtime::RuntimeSettings;

use crate::support::{Backend, TestApp, TestUser, fresh_postgres};

/// A server with settings of its own.
async fn start(backend: Backend, more: &[(&str, &str)]) -> TestApp {
    let url = match backend {
        Backend::Sqlite => None,
        Backend::Postgres => Some(fresh_postgres().await),
    };
    TestApp::start_on(tempfile::tempdir().unwrap(), url, more, RuntimeSettings::default()).await
}

async fn must(user: &TestUser, method: Method, path: &str, body: Option<Value>) -> Value {
    // A POST that comes again has a key: the first one may have been carried out.
    let (status, answer) = match (&method, body) {
        (&Method::POST, Some(body)) => user.post_patiently(path, body).await,
        (_, body) => user.insist(method, path, body).await,
    };
    assert!(status.is_success(), "{path}: {status} {answer}");
    answer
}

/// The status and the code of a refusal.
async fn refused(user: &TestUser, path: &str, body: Value) -> (u16, String) {
    let (status, answer) = user.post(path, body).await;
    (status.as_u16(), answer["code"].as_str().unwrap_or_default().to_owned())
}

async fn balance(user: &TestUser, name: &str) -> f64 {
    user.get("/api/user/balance").await["balance"][name].as_f64().unwrap()
}

/// The movements of somebody's money add up to what they have.
async fn adds_up(user: &TestUser) {
    let wallet = user.get("/api/user/balance").await;
    let minor = |value: &Value| (value.as_f64().unwrap() * 100.0).round() as i64;
    let moved = wallet["transactions"].as_array().unwrap();
    let sum: i64 = moved.iter().map(|one| minor(&one["amount"])).sum();
    assert_eq!(sum, minor(&wallet["balance"]["total"]), "{wallet}");
}

async fn top_up(user: &TestUser, amount: f64) -> Value {
    let body = json!({ "purpose": "top_up", "amount": amount });
    let (status, payment) = user.post_patiently("/api/payments", body).await;
    assert_eq!(status, StatusCode::CREATED, "{payment}");
    payment
}

fn id_of(payment: &Value) -> &str {
    payment["payment_id"].as_str().unwrap()
}

/// A courier's trip and a request of a sender on it; answers with package and request.
async fn asked(sender: &TestUser, courier: &TestUser, reward: i64) -> (String, String) {
    let trip = courier.publish_trip("Орёл", "Курск", json!({})).await;
    let body = json!({ "message": "Возьмёте?", "reward": reward, "packageDescription": format!("Торт за {reward}") });
    let path = format!("/api/couriers/{trip}/send-package");
    let sent = must(sender, Method::POST, &path, Some(body)).await;
    let id = |name: &str| sent[name].as_str().unwrap().to_owned();
    (id("package_id"), id("request_id"))
}
