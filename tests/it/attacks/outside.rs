//! the bot's webhook, which there is not, browsers, and what gets into the log.

use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};

use peerpack::app::SystemClock;
use peerpack::auth::telegram::{TelegramUser, sign};
use peerpack::config::PUBLIC_TEST_TOKEN;
use peerpack_actors::ports::Clock;
use peerpack_actors::runtime::RuntimeSettings;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Backend, TestApp, eventually, free_address, http};

/// There is no bot yet, so nobody can speak in Telegram's name.
#[actix_web::test]
async fn x_94_without_a_bot_there_is_no_webhook_and_nobody_sets_one() {
    let app = TestApp::start(Backend::Sqlite).await;
    let payment = json!({ "update_id": 1, "message": { "text": "successful_payment", "successful_payment":
        { "currency": "RUB", "total_amount": 100_000, "invoice_payload": "x", "provider_payment_charge_id": "x" } } });
    let headers = [("x-telegram-bot-api-secret-token", "x"), ("x-admin-secret", PUBLIC_TEST_TOKEN)];
    for (method, path, body, refused) in [
        (Method::POST, "/api/bot/webhook", Some(payment), (404, "not_found")),
        (Method::POST, "/api/bot/set-webhook", Some(json!({})), (401, "invalid_secret")),
        (Method::POST, "/api/bot/delete-webhook", None, (401, "invalid_secret")),
        (Method::GET, "/api/bot/webhook-info", None, (401, "invalid_secret")),
    ] {
        let (status, _, answer) = app.anonymous().call_with(method, path, &headers, body).await;
        assert_eq!((status.as_u16(), &answer["code"]), (refused.0, &json!(refused.1)), "{path}");
    }
}

#[actix_web::test]
async fn x_96_in_production_browsers_are_told_to_keep_to_tls() {
    let settings = [
        ("PEERPACK_MODE", "production"),
        ("PEERPACK_JWT_SECRET", "0123456789abcdef0123456789abcdef"),
        ("PEERPACK_BOT_TOKEN", "1:secret-of-a-bot"),
        ("PEERPACK_BOT_MODE", "off"),
        ("PEERPACK_ALLOWED_ORIGINS", "https://app.example.org"),
    ];
    let data = tempfile::tempdir().unwrap();
    let app = TestApp::start_on(data, None, &settings, RuntimeSettings::default()).await;
    for (path, status) in [("/api/cities", 200), ("/metrics", 404), ("/debug", 404), ("/debug/pprof", 404)] {
        let (got, headers, _) = app.anonymous().call_with(Method::GET, path, &[], None).await;
        assert_eq!(got.as_u16(), status, "{path}");
        let sts = headers["strict-transport-security"].to_str().unwrap();
        assert!(sts.contains("max-age=31536000"), "{path}: {sts}");
    }
}

/// A server that says everything it can say, and what it is sent: the log has one line for each event, no
/// escape sequences, and none of the secrets.
#[actix_web::test]
async fn x_97_the_log_can_neither_be_forged_nor_does_it_keep_secrets() {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("send");
    std::fs::write(&program, "#!/bin/sh\ncat > \"$0.$1\"\n").unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    let log = folder.path().join("log");
    let address = free_address();
    let mut server = Command::new(env!("CARGO_BIN_EXE_peerpack"))
        .arg("serve")
        .env("PEERPACK_LISTEN", address.to_string())
        .env("PEERPACK_DATA_DIR", folder.path().join("data"))
        .env("PEERPACK_LOG", "trace")
        .env("PEERPACK_LOG_FORMAT", "json")
        .env("PEERPACK_PHONE_CODE_COMMAND", &program)
        .stderr(std::fs::File::create(&log).unwrap())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let url = format!("http://{address}");
    let http = http();
    eventually("server", async || http.get(format!("{url}/api/health/ready")).send().await.ok()).await;
    let post = async |path: &str, body: Value| {
        let request = http.post(format!("{url}{path}")).json(&body);
        // A header may have no line breaks; what is left of them is an escape sequence.
        let request = request.header("user-agent", "\u{9b}31m evil \t").header("x-request-id", "a%0d%0ab");
        let answer = request.send().await.unwrap().text().await.unwrap();
        serde_json::from_str::<Value>(&answer).unwrap()
    };
    let evil = "Eve\r\n{\"level\":\"ERROR\"}\u{1b}[31m";
    let user = TelegramUser {
        id: 7,
        first_name: evil.to_owned(),
        last_name: None,
        username: None,
        language_code: None,
        photo_url: None,
        is_premium: None,
    };
    let init_data = sign(&user, PUBLIC_TEST_TOKEN, SystemClock.now());
    let entered = post("/api/auth/telegram", json!({ "init_data": init_data })).await;
    let refreshed = post("/api/auth/refresh", json!({ "refresh_token": entered["refresh_token"] })).await;
    post("/api/auth/phone-login", json!({ "phone": "+79001112233" })).await;
    let code = std::fs::read_to_string(folder.path().join("send.+79001112233")).unwrap();
    post("/api/auth/verify-otp", json!({ "phone": "+79001112233", "code": code })).await;
    post("/api/auth/operator", json!({ "login": evil, "password": "my-password-is-secret" })).await;
    let first_admin = {
        let mut line = String::new();
        let mut out = std::io::BufReader::new(server.stdout.take().unwrap());
        while !line.contains("inv_") {
            line.clear();
            assert!(std::io::BufRead::read_line(&mut out, &mut line).unwrap() > 0, "no secret is printed");
        }
        line
    };
    // What is printed works, with a password of one's own.
    let body = first_admin.split('\'').nth(3).unwrap();
    let mut body: Value = serde_json::from_str(body).unwrap();
    assert!(first_admin.contains(&format!("{url}/api/auth/first-admin")), "{first_admin}");
    assert_eq!(
        post("/api/auth/first-admin", body.clone()).await["code"],
        "invalid",
        "the password is left to choose"
    );
    body["password"] = json!("my-other-password-is-secret");
    assert_eq!(post("/api/auth/first-admin", body.clone()).await["success"], true);
    server.kill().unwrap();
    server.wait().unwrap();

    let text = std::fs::read_to_string(&log).unwrap();
    assert!(text.lines().count() > 5, "{text}");
    for line in text.lines() {
        assert!(serde_json::from_str::<Value>(line).is_ok_and(|line| line["level"].is_string()), "{line}");
    }
    assert!(!text.contains('\u{1b}') && !text.contains('\u{9b}'));
    let secret = |value: &Value| value.as_str().unwrap().to_owned();
    let hash = init_data.split("hash=").nth(1).unwrap().to_owned();
    for secret in [
        secret(&entered["access_token"]),
        secret(&entered["refresh_token"]),
        secret(&refreshed["access_token"]),
        secret(&refreshed["refresh_token"]),
        secret(&body["invitation"]),
        "password-is-secret".to_owned(),
        format!("\"{code}\""),
        hash,
        PUBLIC_TEST_TOKEN.to_owned(),
    ] {
        let line = text.lines().find(|line| line.contains(&secret));
        assert!(line.is_none(), "{secret} is in the log: {line:?}");
    }
}

/// No text that is long enough to overflow a length field of the database's protocol can come in.
#[actix_web::test]
async fn x_98_no_text_is_longer_than_a_body() {
    let app = TestApp::start(Backend::Sqlite).await;
    let anna = app.sign_in("Anna").await;
    let large = "x".repeat(100_000);
    let mut refused = 0;
    for endpoint in peerpack::http::endpoints() {
        for (method, _) in &endpoint.methods {
            let reads = ["POST /packages", "POST /trips", "PATCH /user/profile", "POST /user/withdraw"];
            if !reads.contains(&format!("{method} {}", endpoint.path).as_str()) {
                continue;
            }
            let path = format!("/api{}", endpoint.path);
            let method = method.as_str().parse().unwrap();
            let (status, body) = anna.call(method, &path, Some(json!({ "description": large }))).await;
            assert_eq!((status.as_u16(), &body["code"]), (413, &json!("too_large")), "{path}");
            refused += 1;
        }
    }
    assert_eq!(refused, 4);
}
