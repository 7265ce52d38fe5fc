//! The example of docs/money.md, as it stands there: it connects, takes money, gives it back, and lists it.

use std::process::{Child, Command, Stdio};

use peerpack::auth::Role;
use peerpack::maintenance::payments;
use peerpack_actors::time::Span;
use reqwest::Method;
use serde_json::json;

use super::acquirer::KEY;
use super::{balance, id_of, must, start, top_up};
use crate::support::{Backend, TestApp, eventually, free_address, http};

/// The example as a process; it ends with this.
struct Example(Child);

impl Drop for Example {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn run(port: u16, app: &TestApp) -> Example {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/acquirer/acquirer.py");
    let mut command = Command::new("python3");
    command.arg(script).env("PORT", port.to_string()).env("PEERPACK_SERVER", &app.url);
    command.env("PEERPACK_PAYMENT_WEBHOOK_SECRET", KEY).stderr(Stdio::null());
    Example(command.spawn().expect("python3 is there"))
}

#[actix_web::test]
async fn the_example_of_an_acquirers_server_takes_money_and_gives_it_back() {
    let address = free_address();
    let url = format!("http://{address}");
    let more = [
        ("PEERPACK_PAYMENTS", "webhook"),
        ("PEERPACK_PAYMENT_WEBHOOK_URL", url.as_str()),
        ("PEERPACK_PAYMENT_WEBHOOK_SECRET", KEY),
    ];
    let app = start(Backend::Sqlite, &more).await;
    let _example = run(address.port(), &app);
    eventually("the example", async || std::net::TcpStream::connect(address).ok()).await;
    let (anna, admin) = (app.sign_in("Анна").await, app.sign_in_with_role("Ольга", Role::Admin).await);
    let payment = top_up(&anna, 500.0).await;
    let page = payment["invoice_url"].as_str().expect("where to pay");
    assert!(http().post(page).send().await.unwrap().status().is_success());
    assert_eq!(balance(&anna, "available").await, 500.0);
    let between = app.app.clock.now();
    assert!(http().post(page).send().await.unwrap().status().is_success());
    assert_eq!(balance(&anna, "available").await, 1_000.0, "it was paid twice");
    let path = format!("/api/admin/payments/{}/refund", id_of(&payment));
    let body = json!({ "amount": 120.5, "reason": "передумала" });
    let refunded = must(&admin, Method::POST, &path, Some(body)).await;
    assert_eq!((&refunded["status"], &refunded["refunded"]), (&json!("partly_refunded"), &json!(120.5)));
    payments::compare(&app.app, between).await.unwrap();
    let found = admin.get("/api/admin/reconciliations").await["reconciliations"][0].clone();
    assert_eq!((&found["compared"], &found["differences"]), (&json!(1), &json!(0)), "{found}");
    // It lists the charges of the time that it was asked for: not the later one, and then neither.
    payments::compare(&app.app, app.app.clock.now() + Span::days(6)).await.unwrap();
    let found = admin.get("/api/admin/reconciliations").await["reconciliations"][0].clone();
    assert_eq!((&found["compared"], &found["differences"]), (&json!(0), &json!(0)), "{found}");
    app.audit().await;
}
