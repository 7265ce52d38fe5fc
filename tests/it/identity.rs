//! Signing in and out, in all the ways there are, and all the ways in which it is refused.

use std::os::unix::fs::PermissionsExt;

use futures_util::future::join_all;
use peerpack::auth::Role;
use peerpack_actors::runtime::RuntimeSettings;
use peerpack_actors::time::Span;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{Backend, TestApp, TestUser, backends, eventually, is_only_slow};

/// A call without anybody being signed in: once more as long as the server is too busy to answer it.
pub async fn call(app: &TestApp, path: &str, body: Value) -> (u16, Value) {
    eventually("an answer", async || {
        let (status, answer) = app.anonymous().post(path, body.clone()).await;
        (!is_only_slow(&answer)).then_some((status.as_u16(), answer))
    })
    .await
}

async fn refresh(app: &TestApp, token: &Value) -> (u16, Value) {
    call(app, "/api/auth/refresh", json!({ "refresh_token": token })).await
}

#[actix_web::test]
async fn x_28_and_x_29_a_refresh_token_is_good_once_and_its_theft_ends_the_session() {
    for backend in backends() {
        let app = TestApp::start(backend).await;
        let (anna, first) = app.sign_in_with_tokens("Anna").await;
        let (status, second) = refresh(&app, &first["refresh_token"]).await;
        assert_eq!(status, 200);
        // The answer was lost: the same token again, within the grace.
        let (status, again) = refresh(&app, &first["refresh_token"]).await;
        assert_eq!((status, &again["refresh_token"]), (200, &second["refresh_token"]));
        let (_, third) = refresh(&app, &second["refresh_token"]).await;
        // the first one is two generations old.
        app.outdate_refresh_tokens().await;
        assert_eq!(refresh(&app, &first["refresh_token"]).await.0, 401);
        assert_eq!(refresh(&app, &third["refresh_token"]).await.0, 401);
        // the access tokens of the session are dead at once on this node.
        assert_eq!(anna.call(Method::GET, "/api/user/trips", None).await.0.as_u16(), 401);
        let token = third["access_token"].as_str().unwrap();
        assert_eq!(anna.with_token(token).call(Method::GET, "/api/user/trips", None).await.0.as_u16(), 401);
        //
        let swapped = anna.with_token(third["refresh_token"].as_str().unwrap());
        assert_eq!(swapped.call(Method::GET, "/api/user/trips", None).await.0.as_u16(), 401);
        assert_eq!(refresh(&app, &third["access_token"]).await.0, 401);
    }
}

#[actix_web::test]
async fn x_30_twenty_refreshes_at_once_leave_one_branch() {
    for backend in backends() {
        let app = TestApp::start(backend).await;
        let (_, first) = app.sign_in_with_tokens("Anna").await;
        let all = join_all((0..20).map(|_| refresh(&app, &first["refresh_token"]))).await;
        let mut successors: Vec<_> =
            all.iter().filter(|one| one.0 == 200).map(|one| one.1["refresh_token"].to_string()).collect();
        assert!(!successors.is_empty() && all.iter().all(|one| [200, 401].contains(&one.0)));
        successors.sort();
        successors.dedup();
        assert_eq!(successors.len(), 1);
    }
}

#[actix_web::test]
async fn x_31_signing_out_ends_one_session_or_all_of_them() {
    for backend in backends() {
        let app = TestApp::start(backend).await;
        let (phone, tokens) = app.sign_in_with_tokens("Anna").await;
        let laptop = phone.again(&app).await;
        let tablet = phone.again(&app).await;
        let status =
            async |who: &TestUser| who.call(Method::GET, "/api/user/sessions", None).await.0.as_u16();
        let sessions = laptop.get("/api/user/sessions").await;
        let sessions = sessions["sessions"].as_array().unwrap().clone();
        assert_eq!(sessions.len(), 3);
        assert_eq!(sessions.iter().filter(|one| one["is_current"] == true).count(), 1);

        assert_eq!(phone.post("/api/auth/logout", json!({})).await.0, StatusCode::OK);
        assert_eq!((status(&phone).await, status(&laptop).await), (401, 200));
        assert_eq!(refresh(&app, &tokens["refresh_token"]).await.0, 401);
        let other = tablet.get("/api/user/sessions").await;
        let other = other["sessions"].as_array().unwrap().clone();
        let id = other.iter().find(|one| one["is_current"] == false).unwrap()["id"].as_str().unwrap();
        let path = format!("/api/user/sessions/{id}");
        assert_eq!(tablet.call(Method::DELETE, &path, None).await.0, StatusCode::OK);
        assert_eq!(tablet.call(Method::DELETE, &path, None).await.0.as_u16(), 404);
        assert_eq!((status(&laptop).await, status(&tablet).await), (401, 200));
        let again = phone.again(&app).await;
        assert_eq!(again.post("/api/auth/logout-everywhere", json!({})).await.0, StatusCode::OK);
        assert_eq!((status(&again).await, status(&tablet).await), (401, 401));
        assert_eq!(status(&phone.again(&app).await).await, 200);
    }
}

/// It learns from the store.
#[actix_web::test]
async fn x_31_another_node_hears_of_it_before_long() {
    let app = TestApp::start(Backend::Sqlite).await;
    let anna = app.sign_in("Anna").await;
    let now = app.app.clock.now();
    app.app.database.revoke_sessions(anna.id.parse().unwrap(), now).await.unwrap();
    crate::support::eventually("refusal", async || {
        let (status, _) = anna.call(Method::GET, "/api/user/trips", None).await;
        (status.as_u16() == 401).then_some(())
    })
    .await;
}

#[actix_web::test]
async fn x_32_to_x_36_a_code_signs_a_phone_in_once() {
    for backend in backends() {
        let (app, outbox) = with_phone(backend).await;
        let ask = async |phone: &str| call(&app, "/api/auth/phone-login", json!({ "phone": phone })).await;
        let verify = async |phone: &str, code: &str| {
            call(&app, "/api/auth/verify-otp", json!({ "phone": phone, "code": code })).await
        };
        let (status, sent) = ask("8 (900) 123-45-67").await;
        assert_eq!(status, 200, "{sent}");
        let code = std::fs::read_to_string(outbox.path().join("send.+79001234567")).unwrap();
        assert!(code.len() == 6 && !sent.to_string().contains(&code));
        let (status, wait) = ask("+79001234567").await;
        assert_eq!((status, &wait["code"]), (429, &json!("too_many")));
        let wrong = if code == "000000" { "000001" } else { "000000" };
        assert_eq!(verify("+79001234567", wrong).await.1["code"], "invalid_code");
        assert_eq!(verify("+79001234568", &code).await.0, 401);
        let (status, signed_in) =
            verify("79001234567", &format!(" {}-{}\u{a0}", &code[..3], &code[3..])).await;
        assert_eq!((status, &signed_in["is_new"]), (200, &json!(true)));
        assert!(!signed_in["user"]["name"].as_str().unwrap().contains("900123"));
        assert_eq!(verify("+79001234567", &code).await.0, 401, "single use");
        for wrong in ["", "12345", "+1 900 123 4567", "+7900123456", "9001234567"] {
            assert_eq!(ask(wrong).await.0, 422, "{wrong}");
        }

        // Five wrong ones end a code, and nobody else's.
        ask("+79001234569").await;
        ask("+79001234570").await;
        let code = std::fs::read_to_string(outbox.path().join("send.+79001234569")).unwrap();
        let wrong = if code == "000000" { "000001" } else { "000000" };
        for _ in 0..5 {
            assert_eq!(verify("+79001234569", wrong).await.0, 401);
        }
        assert_eq!(verify("+79001234569", &code).await.0, 401);
        let code = std::fs::read_to_string(outbox.path().join("send.+79001234570")).unwrap();
        assert_eq!(verify("+79001234570", &code).await.0, 200);
    }
}

/// A server whose codes end up in files.
pub async fn with_phone(backend: Backend) -> (TestApp, tempfile::TempDir) {
    with_phone_and(backend, &[]).await
}

/// The same, with settings.
pub async fn with_phone_and(backend: Backend, settings: &[(&str, &str)]) -> (TestApp, tempfile::TempDir) {
    let outbox = tempfile::tempdir().unwrap();
    let program = outbox.path().join("send");
    std::fs::write(&program, "#!/bin/sh\ncat > \"$0.$1\"\n").unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    let url = match backend {
        Backend::Sqlite => None,
        Backend::Postgres => Some(crate::support::fresh_postgres().await),
    };
    let program = program.display().to_string();
    let mut more = vec![("PEERPACK_PHONE_CODE_COMMAND", program.as_str())];
    more.extend_from_slice(settings);
    let data = tempfile::tempdir().unwrap();
    (TestApp::start_on(data, url, &more, RuntimeSettings::default()).await, outbox)
}

#[actix_web::test]
async fn x_31_and_x_39_the_first_administrator_comes_by_a_secret_and_the_others_by_them() {
    for backend in backends() {
        let app = TestApp::start(backend).await;
        let invitation = app.invitation().await.unwrap();
        assert_eq!(app.invitation().await, None, "one link at a time");
        let setup = |invitation: &str| json!({ "invitation": invitation, "login": "Root", "password": "a long enough one", "name": "Админ" });
        let wrong = format!("{}0", &invitation[..invitation.len() - 1]);
        let wrong = if wrong == invitation { format!("{wrong}x") } else { wrong };
        assert_eq!(call(&app, "/api/auth/first-admin", setup(&wrong)).await.0, 401);
        let mut short = setup(&invitation);
        short["password"] = json!("short");
        assert_eq!(call(&app, "/api/auth/first-admin", short).await.0, 422);
        assert_eq!(call(&app, "/api/auth/first-admin", setup(&invitation)).await.0, 201);
        assert_eq!(call(&app, "/api/auth/first-admin", setup(&invitation)).await.0, 401, "it works once");
        assert_eq!(app.invitation().await, None);

        let login = async |login: &str, password: &str| {
            call(&app, "/api/auth/operator", json!({ "login": login, "password": password })).await
        };
        // an unknown name and a wrong password look alike.
        let (unknown, wrong) =
            (login("nobody", "whatever it is").await, login("root", "whatever it is").await);
        assert_eq!((unknown.0, &unknown.1["message"]), (401, &wrong.1["message"]));
        let (status, signed_in) = login("ROOT", "a long enough one").await;
        assert_eq!((status, &signed_in["user"]["role"]), (200, &json!("admin")));
        let root = app.anonymous().with_token(signed_in["access_token"].as_str().unwrap());
        let hire = |login: &str, role: &str| json!({ "login": login, "password": "another long one", "name": "Вера", "role": role });
        assert_eq!(root.post("/api/admin/operators", hire("vera", "viewer")).await.0.as_u16(), 201);
        assert_eq!(root.post("/api/admin/operators", hire("vera", "admin")).await.0.as_u16(), 409);
        assert_eq!(root.post("/api/admin/operators", hire("eve", "user")).await.0.as_u16(), 422);
        let (_, vera) = login("vera", "another long one").await;
        let vera_id = vera["user"]["id"].as_str().unwrap().to_owned();
        let vera = app.anonymous().with_token(vera["access_token"].as_str().unwrap());
        assert_eq!(vera.post("/api/admin/operators", hire("x", "admin")).await.0.as_u16(), 403);

        // Another role, a ban: the old tokens are dead, and oneself is nobody's business.
        let role = format!("/api/admin/users/{vera_id}/role");
        let body = Some(json!({ "role": "dispatcher" }));
        assert_eq!(root.call(Method::PUT, &role, body.clone()).await.0, StatusCode::OK);
        assert_eq!(vera.call(Method::GET, "/api/user/profile", None).await.0.as_u16(), 401);
        assert_eq!(login("vera", "another long one").await.1["user"]["role"], "dispatcher");
        let block = format!("/api/admin/users/{vera_id}");
        assert_eq!(root.post(&format!("{block}/block"), json!({})).await.0, StatusCode::OK);
        let (status, refused) = login("vera", "another long one").await;
        assert_eq!((status, &refused["code"]), (403, &json!("blocked")));
        assert_eq!(root.post(&format!("{block}/unblock"), json!({})).await.0, StatusCode::OK);
        assert_eq!(login("vera", "another long one").await.0, 200);
        let own = signed_in["user"]["id"].as_str().unwrap();
        let own = root.call(Method::PUT, &format!("/api/admin/users/{own}/role"), body).await;
        assert_eq!((own.0.as_u16(), &own.1["code"]), (409, &json!("own_account")));
    }
}

#[actix_web::test]
async fn a_deleted_account_can_be_restored_for_a_week_and_is_erased_then() {
    for backend in backends() {
        let app = TestApp::start(backend).await;
        let (anna, ivan) = (app.sign_in("Anna").await, app.sign_in("Ivan").await);
        let trip = ivan.publish_trip("Псков", "Тверь", json!({})).await;
        let package = anna.publish_package("Псков", "Тверь", json!({ "mode": "choose" })).await;
        let path = format!("/api/couriers/{trip}/send-package");
        let (_, sent) = anna.post(&path, json!({ "package_id": package })).await;
        ivan.step(sent["request_id"].as_str().unwrap(), "accept").await;
        let delete = async |who: &TestUser| who.call(Method::DELETE, "/api/user/account", None).await;
        assert_eq!(delete(&anna).await.1["code"], "open_deals");
        assert_eq!(delete(&ivan).await.1["code"], "open_deals");
        anna.step(sent["request_id"].as_str().unwrap(), "cancel").await;
        let (status, gone) = delete(&ivan).await;
        assert!(status == StatusCode::OK && gone["restorable_until"].is_string(), "{gone}");
        assert_eq!(ivan.call(Method::GET, "/api/user/profile", None).await.0.as_u16(), 401);
        assert_eq!(app.app.engine.stats().trips, 0, "nobody waits for somebody who has gone");

        let back = ivan.again(&app).await;
        assert_eq!(back.id, ivan.id);
        let (database, now) = (&app.app.database, app.app.clock.now());
        let erased = async |before| database.erase_accounts(before, now, 10).await.unwrap().0;
        assert_eq!(erased(now + Span::days(8)).await, 0, "it is restored");
        delete(&back).await;
        assert_eq!(erased(now - Span::days(7)).await, 0, "not yet");
        assert_eq!(erased(now + Span::seconds(5)).await, 1);
        let stranger = ivan.again(&app).await;
        assert_ne!(stranger.id, ivan.id);
        let erased = database.user(ivan.id.parse().unwrap()).await.unwrap().unwrap();
        assert_eq!((erased.telegram_id, erased.username, erased.role), (None, None, Role::User));
        assert!(!erased.name.contains("Ivan"));
        app.audit().await;
    }
}

/// What a demo prints, line by line; killed when dropped.
struct Demo(std::process::Child);

impl Demo {
    fn start(data: &std::path::Path) -> Self {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_peerpack"));
        command.arg("demo").env("PEERPACK_LISTEN", "127.0.0.1:0").env("PEERPACK_DATA_DIR", data);
        Self(command.env("PEERPACK_LOG", "warn").stdout(std::process::Stdio::piped()).spawn().unwrap())
    }

    fn says(&mut self, wanted: &str) -> bool {
        use std::io::BufRead;
        let lines = std::io::BufReader::new(self.0.stdout.take().unwrap()).lines();
        lines.map_while(Result::ok).any(|line| line.contains(wanted))
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[actix_web::test]
async fn a_demo_says_how_to_make_its_first_administrator() {
    let data = tempfile::tempdir().unwrap();
    let mut demo = Demo::start(data.path());
    let id = demo.0.id().to_string();
    let heard = actix_web::rt::task::spawn_blocking(move || (demo.says("/api/auth/first-admin"), demo).0);
    let heard = tokio::time::timeout(std::time::Duration::from_secs(60), heard).await;
    if heard.is_err() {
        // Anybody who still listens hears the end of it.
        std::process::Command::new("kill").arg(&id).status().unwrap();
    }
    assert!(matches!(heard, Ok(Ok(true))), "{heard:?}");
}
