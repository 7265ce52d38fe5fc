//! anybody who comes with somebody else's proof, or guesses at it.

use peerpack::app::SystemClock;
use peerpack::auth::Role;
use peerpack::auth::second_factor::Authenticator;
use peerpack::auth::telegram::{TelegramUser, sign};
use peerpack::auth::token::Tokens;
use peerpack::config::PUBLIC_TEST_TOKEN;
use peerpack_actors::ports::Clock;
use peerpack_actors::runtime::RuntimeSettings;
use reqwest::Method;
use serde_json::{Value, json};

use crate::identity::{call, with_phone};
use crate::support::{Backend, TestApp, TestUser, backends, fresh_postgres};

pub const PASSWORD: &str = "a long enough one";

fn telegram(id: i64) -> String {
    let user = TelegramUser {
        id,
        first_name: "Пётр".to_owned(),
        last_name: None,
        username: None,
        language_code: None,
        photo_url: None,
        is_premium: None,
    };
    sign(&user, PUBLIC_TEST_TOKEN, SystemClock.now())
}

pub fn signed_in(app: &TestApp, answer: &Value) -> TestUser {
    app.anonymous().with_token(answer["access_token"].as_str().unwrap_or_else(|| panic!("{answer}")))
}

#[actix_web::test]
async fn x_23_init_data_opens_a_session_again_for_a_user_who_may_come_and_once_for_an_operator() {
    for backend in backends() {
        let app = TestApp::start(backend).await;
        let init_data = telegram(77);
        let enter = async || call(&app, "/api/auth/telegram", json!({ "init_data": init_data })).await;
        let (status, first) = enter().await;
        assert_eq!(status, 200, "{first}");
        signed_in(&app, &first).post("/api/auth/logout", json!({})).await;
        assert_eq!(enter().await.0, 200, "a user may come back");
        let (id, now) = (first["user"]["id"].as_str().unwrap().parse().unwrap(), app.app.clock.now());
        app.app.database.set_blocked(id, true, now).await.unwrap();
        assert_eq!(enter().await.1["code"], "blocked");
        app.app.database.set_blocked(id, false, now).await.unwrap();
        app.app.database.set_role(id, Role::Dispatcher, now).await.unwrap();
        assert_eq!(enter().await.1["user"]["role"], "dispatcher");
        let (status, refused) = enter().await;
        assert_eq!((status, &refused["code"]), (401, &json!("stale_init_data")));
        // The same launch in another order is the same launch.
        let turned: Vec<&str> = init_data.split('&').rev().collect();
        let turned = json!({ "init_data": turned.join("&") });
        assert_eq!(call(&app, "/api/auth/telegram", turned).await.0, 401);
    }
}

#[actix_web::test]
async fn x_25_accounts_with_large_numbers_are_told_apart() {
    for backend in backends() {
        let app = TestApp::start(backend).await;
        let enter = async |id: i64| {
            let (status, answer) =
                call(&app, "/api/auth/telegram", json!({ "init_data": telegram(id) })).await;
            assert_eq!((status, &answer["user"]["telegram_id"]), (200, &json!(id)));
            answer["user"]["id"].clone()
        };
        let (large, larger) = (enter((1 << 52) - 1).await, enter((1 << 52) - 2).await);
        assert_ne!(large, larger);
        assert_ne!(large, enter(i64::from(u32::MAX) + 1).await);
        assert_eq!(large, enter((1 << 52) - 1).await);
    }
}

#[actix_web::test]
async fn x_33_and_x_34_a_stranger_cannot_spoil_a_code_that_is_named_by_its_challenge() {
    for backend in backends() {
        let (app, outbox) = with_phone(backend).await;
        let ask = async |phone: &str| {
            let (status, sent) = call(&app, "/api/auth/phone-login", json!({ "phone": phone })).await;
            assert_eq!(status, 200, "{sent}");
            let code = std::fs::read_to_string(outbox.path().join(format!("send.{phone}"))).unwrap();
            (sent["challenge_id"].clone(), code)
        };
        let verify = async |phone: &str, challenge: &Value, code: &str| {
            let mut body = json!({ "phone": phone, "code": code });
            if !challenge.is_null() {
                body["challenge_id"] = challenge.clone();
            }
            call(&app, "/api/auth/verify-otp", body).await.0
        };
        let wrong = |code: &str| if code == "000000" { "000001" } else { "000000" };
        let (anna, ivan) = ("+79001110001", "+79001110002");
        let (challenge, code) = ask(anna).await;
        let (other, _) = ask(ivan).await;
        // A stranger guesses without the name, and more often than five times.
        for _ in 0..8 {
            assert_eq!(verify(anna, &Value::Null, wrong(&code)).await, 401);
        }
        assert_eq!(verify(anna, &Value::Null, &code).await, 401, "spoiled for who does not name it");
        // With a name of another challenge, or for another phone, the right code is wrong.
        assert_eq!(verify(anna, &other, &code).await, 401);
        assert_eq!(verify(ivan, &challenge, &code).await, 401);
        assert_eq!(verify(anna, &challenge, &code).await, 200);
        assert_eq!(verify(anna, &challenge, &code).await, 401, "single use");

        // Five wrong ones by name end that challenge; the one before it is still good by its own name.
        let (first, first_code) = ask("+79001110003").await;
        app.behind_its_back("UPDATE phone_codes SET created_at = created_at - 61000").await;
        let (second, code) = ask("+79001110003").await;
        for _ in 0..5 {
            assert_eq!(verify("+79001110003", &second, wrong(&code)).await, 401);
        }
        assert_eq!(verify("+79001110003", &second, &code).await, 401);
        assert_eq!(verify("+79001110003", &first, &first_code).await, 200);

        // Too late.
        app.behind_its_back("UPDATE phone_codes SET created_at = created_at - 61000").await;
        let (late, code) = ask(ivan).await;
        app.behind_its_back("UPDATE phone_codes SET expires_at = expires_at - 300001").await;
        assert_eq!(verify(ivan, &late, &code).await, 401);
    }
}

#[actix_web::test]
async fn x_33_guesses_at_one_phone_end_for_the_day() {
    let (app, outbox) = with_phone(Backend::Sqlite).await;
    let phone = "+79001110009";
    let mut guesses = 0;
    for _ in 0..5 {
        app.behind_its_back("UPDATE phone_codes SET created_at = created_at - 61000").await;
        assert_eq!(call(&app, "/api/auth/phone-login", json!({ "phone": phone })).await.0, 200);
        let code = std::fs::read_to_string(outbox.path().join(format!("send.{phone}"))).unwrap();
        if guesses >= 20 {
            let right = json!({ "phone": phone, "code": code });
            assert_eq!(call(&app, "/api/auth/verify-otp", right).await.0, 401, "no more today");
            return;
        }
        let wrong = if code == "000000" { "000001" } else { "000000" };
        for _ in 0..5 {
            let guess = json!({ "phone": phone, "code": wrong });
            assert_eq!(call(&app, "/api/auth/verify-otp", guess).await.0, 401);
            guesses += 1;
        }
    }
    panic!("one can guess for ever");
}

#[actix_web::test]
async fn x_35_codes_are_kept_as_slow_salted_hashes_only() {
    for backend in backends() {
        let (app, outbox) = with_phone(backend).await;
        let mut kept = Vec::new();
        for phone in ["+79001110011", "+79001110012"] {
            assert_eq!(call(&app, "/api/auth/phone-login", json!({ "phone": phone })).await.0, 200);
            let code = std::fs::read_to_string(outbox.path().join(format!("send.{phone}"))).unwrap();
            let now = app.app.clock.now();
            let meant = app.app.database.try_code(phone.to_owned(), None, "somebody".to_owned(), now).await;
            let hash = meant.unwrap().remove(0).hash;
            assert!(hash.starts_with("argon2id-19456-2$"), "{hash}");
            assert!(!hash.contains(&code) || hash.len() > 80, "{hash}");
            kept.push(hash.split('$').nth(1).unwrap().to_owned());
        }
        assert_ne!(kept[0], kept[1], "each has a salt of its own");
    }
}

/// A server in production, and its first administrator's id.
pub async fn production(backend: Backend) -> TestApp {
    let url = match backend {
        Backend::Sqlite => None,
        Backend::Postgres => Some(fresh_postgres().await),
    };
    let settings = [
        ("PEERPACK_MODE", "production"),
        ("PEERPACK_JWT_SECRET", "0123456789abcdef0123456789abcdef"),
        ("PEERPACK_BOT_TOKEN", "1:secret-of-a-bot"),
        ("PEERPACK_BOT_MODE", "off"),
        ("PEERPACK_ALLOWED_ORIGINS", "https://app.example.org"),
        ("PEERPACK_LIMITS", "false"),
        ("PEERPACK_TRUSTED_PROXIES", "1"),
        ("PEERPACK_DISPATCH", "on"),
    ];
    let app =
        TestApp::start_on(tempfile::tempdir().unwrap(), url, &settings, RuntimeSettings::default()).await;
    let invitation = app.invitation().await.unwrap();
    let body = json!({ "invitation": invitation, "login": "root", "password": PASSWORD, "name": "Админ" });
    assert_eq!(call(&app, "/api/auth/first-admin", body).await.0, 201);
    app
}

async fn login(app: &TestApp, password: &str, code: Option<&str>) -> (u16, Value) {
    let mut body = json!({ "login": "root", "password": password });
    if let Some(code) = code {
        body["code"] = json!(code);
    }
    call(app, "/api/auth/operator", body).await
}

#[actix_web::test]
async fn x_37_an_administrator_may_do_nothing_without_a_second_factor() {
    for backend in backends() {
        let app = production(backend).await;
        let (status, entered) = login(&app, PASSWORD, None).await;
        assert_eq!((status, &entered["second_factor"]), (200, &json!("set_up")), "{entered}");
        let root = signed_in(&app, &entered);
        let queue =
            async |who: &TestUser| who.call(Method::GET, "/api/admin/withdrawals", None).await.0.as_u16();
        assert_eq!(queue(&root).await, 403);
        let (_, refused) = root.call(Method::GET, "/api/admin/withdrawals", None).await;
        assert_eq!(refused["code"], "second_factor_required", "the role is right: {refused}");
        // An operator cannot leave by the door for users either.
        assert_eq!(root.call(Method::DELETE, "/api/user/account", None).await.1["code"], "operator");

        let (status, factor) = root.post_patiently("/api/user/second-factor", json!({})).await;
        assert_eq!(status.as_u16(), 201, "{factor}");
        let show = async |who: &TestUser, code: &str| {
            let (status, body) = who.post("/api/auth/second-factor", json!({ "code": code })).await;
            (status.as_u16(), body)
        };
        let authenticator = authenticator(&app, &entered).await;
        assert_eq!(factor["secret"], authenticator.secret());
        let now = app.app.clock.now();
        let code = authenticator.code(now);
        let wrong = if code == "000000" { "000001" } else { "000000" };
        assert_eq!(show(&root, wrong).await.1["code"], "invalid_code");
        let recovery = factor["recovery_codes"][0].as_str().unwrap();
        assert_eq!(show(&root, recovery).await.0, 401, "nothing is confirmed yet");
        let (status, lifted) = show(&root, &code).await;
        assert_eq!((status, &lifted["role"]), (200, &json!("admin")));
        assert_eq!(queue(&signed_in(&app, &lifted)).await, 200);
        assert_eq!(show(&root, &code).await.0, 401, "each code is good once");
        assert_eq!(root.post("/api/user/second-factor", json!({})).await.1["code"], "second_factor_exists");

        // Refreshed, the session keeps what it has shown; another one has to show it.
        let refresh = json!({ "refresh_token": entered["refresh_token"] });
        let (_, refreshed) = call(&app, "/api/auth/refresh", refresh).await;
        assert_eq!(queue(&signed_in(&app, &refreshed)).await, 200);
        let (_, bare) = login(&app, PASSWORD, None).await;
        assert_eq!((queue(&signed_in(&app, &bare)).await, &bare["second_factor"]), (403, &json!("show")));
        let (_, bare) =
            call(&app, "/api/auth/refresh", json!({ "refresh_token": bare["refresh_token"] })).await;
        assert_eq!(queue(&signed_in(&app, &bare)).await, 403);
        let (status, entered) = login(&app, PASSWORD, Some(recovery)).await;
        assert_eq!((status, queue(&signed_in(&app, &entered)).await), (200, 200));
        assert_eq!(login(&app, PASSWORD, Some(recovery)).await.0, 401, "each recovery code is good once");

        // Without it, with a code that is shown.
        let root = signed_in(&app, &entered);
        let remove = async |code: &str| {
            root.call(Method::DELETE, "/api/user/second-factor", Some(json!({ "code": code })))
                .await
                .0
                .as_u16()
        };
        assert_eq!(remove(wrong).await, 401);
        assert_eq!(remove(factor["recovery_codes"][1].as_str().unwrap()).await, 200);
        assert_eq!(queue(&root).await, 401, "every session ends");
        assert_eq!(login(&app, PASSWORD, None).await.1["second_factor"], "set_up");
    }
}

/// The authenticator of anybody who is signed in, as their phone would have it.
pub async fn authenticator(app: &TestApp, entered: &Value) -> Authenticator {
    let user = entered["user"]["id"].as_str().unwrap().parse().unwrap();
    let secret = app.app.config.jwt_secret([0; 32]).unwrap();
    let tokens = Tokens::new(secret.reveal().as_bytes(), app.app.config.access_ttl).unwrap();
    let kept = app.app.database.second_factor(user).await.unwrap().unwrap();
    Authenticator::of(&tokens, user, &kept.nonce)
}

#[actix_web::test]
async fn x_37_guesses_at_passwords_and_codes_have_to_wait_longer_and_longer() {
    for backend in backends() {
        let app = production(backend).await;
        for _ in 0..5 {
            assert_eq!(login(&app, "another long one", None).await.1["code"], "invalid_login");
        }
        // The pause of a second may be over by now, so long does it take to compare a password; after as many
        // again it is longer.
        app.behind_its_back("UPDATE guesses SET failures = failures + 5").await;
        let (status, headers, body) = {
            let guess = Some(json!({ "login": "ROOT", "password": PASSWORD }));
            app.anonymous().call_with(Method::POST, "/api/auth/operator", &[], guess).await
        };
        // Even the right one, and however the login is written.
        assert_eq!((status.as_u16(), &body["code"]), (429, &json!("too_many")));
        let pause: u32 = headers["retry-after"].to_str().unwrap().parse().unwrap();
        assert!((10..=32).contains(&pause), "{pause}: the five that were made count");
        // Nobody else waits for it.
        let other = json!({ "login": "vera", "password": PASSWORD });
        assert_eq!(call(&app, "/api/auth/operator", other).await.0, 401);
        app.behind_its_back("UPDATE guesses SET last_at = last_at - 62000").await;
        let (status, entered) = login(&app, PASSWORD, None).await;
        assert_eq!(status, 200, "forgiven: {entered}");

        let root = signed_in(&app, &entered);
        root.post("/api/user/second-factor", json!({})).await;
        let code = authenticator(&app, &entered).await.code(app.app.clock.now());
        let show =
            async |code: &str| root.post("/api/auth/second-factor", json!({ "code": code })).await.0.as_u16();
        for _ in 0..5 {
            assert_eq!(show("nonsense").await, 401);
        }
        app.behind_its_back("UPDATE guesses SET last_at = last_at + 60000").await;
        assert_eq!(show(&code).await, 429);
    }
}

#[actix_web::test]
async fn x_37_an_administrator_can_take_a_lost_factor_away_but_not_the_own_one() {
    let app = TestApp::start(Backend::Sqlite).await;
    let root = app.sign_in_with_role("Root", Role::Admin).await;
    let vera = app.sign_in_with_role("Vera", Role::Viewer).await;
    assert_eq!(app.sign_in("Eve").await.post("/api/user/second-factor", json!({})).await.0.as_u16(), 403);
    assert_eq!(vera.post("/api/user/second-factor", json!({})).await.0.as_u16(), 201);
    let reset = async |id: &str| {
        let path = format!("/api/admin/users/{id}/second-factor");
        root.call(Method::DELETE, &path, None).await.0.as_u16()
    };
    assert_eq!((reset(&vera.id).await, reset(&vera.id).await, reset(&root.id).await), (200, 404, 409));
    assert_eq!(vera.call(Method::GET, "/api/user/profile", None).await.0.as_u16(), 401);
}
