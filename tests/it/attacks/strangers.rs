//! strangers who guess so that somebody else cannot come in.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use peerpack::auth::password::PHONES;
use peerpack::store::Pauses;
use peerpack_actors::time::Span;
use reqwest::Method;
use serde_json::{Value, json};

use super::operators::lifted_with_codes;
use super::signing_in::{PASSWORD, production, signed_in};
use crate::identity::with_phone_and;
use crate::support::{Backend, TestApp, TestUser, backends, eventually, is_only_slow};

/// A call that the proxy has from this address.
async fn from(who: &TestUser, address: &str, path: &str, body: Value) -> (u16, Value) {
    let headers = [("x-forwarded-for", address)];
    let (status, _, answer) = who.call_with(Method::POST, path, &headers, Some(body)).await;
    (status.as_u16(), answer)
}

struct Phones {
    app: TestApp,
    anybody: TestUser,
    outbox: tempfile::TempDir,
}

impl Phones {
    async fn start(backend: Backend) -> Self {
        let (app, outbox) = with_phone_and(backend, &[("PEERPACK_TRUSTED_PROXIES", "1")]).await;
        let anybody = app.anonymous();
        Self { app, anybody, outbox }
    }

    async fn ask(&self, address: &str, phone: &str) -> (u16, Value) {
        from(&self.anybody, address, "/api/auth/phone-login", json!({ "phone": phone })).await
    }

    /// The same, asked again while the server is too busy.
    async fn ask_patiently(&self, address: &str, phone: &str) -> (u16, Value) {
        eventually("a code", async || {
            let answer = self.ask(address, phone).await;
            (!is_only_slow(&answer.1)).then_some(answer)
        })
        .await
    }

    async fn verify(&self, address: &str, phone: &str, challenge: &Value, code: &str) -> (u16, Value) {
        let mut body = json!({ "phone": phone, "code": code });
        if !challenge.is_null() {
            body["challenge_id"] = challenge.clone();
        }
        from(&self.anybody, address, "/api/auth/verify-otp", body).await
    }

    /// What stands on the screen of the phone.
    fn last_code(&self, phone: &str) -> String {
        std::fs::read_to_string(self.outbox.path().join(format!("send.{phone}"))).unwrap()
    }

    async fn a_minute_later(&self) {
        self.app.behind_its_back("UPDATE phone_codes SET created_at = created_at - 61000").await;
    }

    /// Strangers ask for a dozen codes, and guess twice at each.
    async fn attack(&self, phone: &str) {
        for n in 0..12 {
            let stranger = format!("198.51.{n}.7");
            assert_eq!(self.ask_patiently(&stranger, phone).await.0, 200);
            let code = self.last_code(phone);
            let wrong = if code.starts_with('0') { "111111" } else { "000000" };
            for _ in 0..2 {
                assert_eq!(self.verify(&stranger, phone, &Value::Null, wrong).await.0, 401);
            }
            self.a_minute_later().await;
        }
    }
}

#[actix_web::test]
async fn x_100_strangers_who_ask_and_guess_do_not_shut_the_owner_of_a_phone_out() {
    for backend in backends() {
        let phones = Phones::start(backend).await;
        let (owner, stranger) = ("203.0.113.5", "198.51.100.9");

        // The owner types the last code that came, although somebody else has asked for it.
        let phone = "+79001120001";
        phones.attack(phone).await;
        phones.ask_patiently(stranger, phone).await;
        let code = phones.last_code(phone);
        assert_eq!(phones.verify(owner, phone, &Value::Null, &code).await.0, 200, "without a challenge");

        // Or asks for one.
        let phone = "+79001120002";
        phones.attack(phone).await;
        let (status, asked) = phones.ask_patiently(owner, phone).await;
        assert_eq!(status, 200, "{asked}");
        let code = phones.last_code(phone);
        assert_eq!(code.len() as u64, asked["digits"].as_u64().unwrap());
        let (status, entered) = phones.verify(owner, phone, &asked["challenge_id"], &code).await;
        assert_eq!(status, 200, "{entered}");

        // Or has asked before, and another code came.
        let phone = "+79001120003";
        let (_, asked) = phones.ask_patiently(owner, phone).await;
        let first = phones.last_code(phone);
        phones.a_minute_later().await;
        phones.ask_patiently(stranger, phone).await;
        let last = phones.last_code(phone);
        assert_ne!(first, last);
        for _ in 0..6 {
            let wrong = if last.starts_with('0') { "111111" } else { "000000" };
            assert_eq!(phones.verify(stranger, phone, &Value::Null, wrong).await.0, 401);
        }
        assert_eq!(phones.verify(owner, phone, &asked["challenge_id"], &last).await.0, 200);
        assert_eq!(phones.verify(owner, phone, &asked["challenge_id"], &last).await.0, 401, "single use");
    }
}

#[actix_web::test]
async fn x_100_a_code_that_many_have_guessed_at_makes_room_for_a_longer_one() {
    for backend in backends() {
        let phones = Phones::start(backend).await;
        let (owner, phone) = ("203.0.113.5", "+79001120011");
        let (_, asked) = phones.ask_patiently("198.51.100.9", phone).await;
        assert_eq!((&asked["sent"], &asked["digits"]), (&json!(true), &json!(6)));
        // Somebody else asks a moment later: one code is there, and one challenge for each of them.
        let (_, joined) = phones.ask_patiently("198.51.101.9", phone).await;
        assert_eq!((&joined["sent"], &joined["expires_at"]), (&json!(false), &asked["expires_at"]));
        assert_ne!(joined["challenge_id"], asked["challenge_id"]);

        phones.app.behind_its_back("UPDATE phone_codes SET guesses = 250").await;
        let code = phones.last_code(phone);
        assert_eq!(phones.verify(owner, phone, &Value::Null, &code).await.0, 401, "nobody hits it any more");
        let (status, asked) = phones.ask_patiently(owner, phone).await;
        assert_eq!((status, &asked["sent"], &asked["digits"]), (200, &json!(true), &json!(8)), "at once");
        let code = phones.last_code(phone);
        assert_eq!(code.len(), 8);
        assert_eq!(phones.verify(owner, phone, &asked["challenge_id"], &code).await.0, 200);
    }
}

#[actix_web::test]
async fn x_100_a_device_that_is_known_is_counted_apart_from_its_neighbours() {
    for backend in backends() {
        let phones = Phones::start(backend).await;
        let (shared, phone) = ("203.0.113.5", "+79001120021");
        phones.ask_patiently(shared, phone).await;
        let (_, entered) = phones.verify(shared, phone, &Value::Null, &phones.last_code(phone)).await;
        let device = &entered["device_token"];
        assert!(device.is_string(), "{entered}");
        // A neighbour uses up what one address may ask for.
        let mut refused = false;
        for _ in 0..12 {
            phones.a_minute_later().await;
            refused |= phones.ask_patiently(shared, phone).await.0 == 429;
        }
        assert!(refused);
        let body = json!({ "phone": phone, "device_token": device });
        let (status, asked) = from(&phones.anybody, shared, "/api/auth/phone-login", body).await;
        assert_eq!(status, 200, "{asked}");
        let body = json!({ "phone": phone, "code": phones.last_code(phone), "device_token": device });
        assert_eq!(from(&phones.anybody, shared, "/api/auth/verify-otp", body).await.0, 200);
        // It is nobody else's.
        let body = json!({ "phone": "+79001120022", "device_token": device });
        for status in [200, 429] {
            assert_eq!(
                from(&phones.anybody, "203.0.113.6", "/api/auth/phone-login", body.clone()).await.0,
                status
            );
        }
    }
}

#[actix_web::test]
async fn x_100_guesses_that_keep_everybody_busy_cost_nobody_a_try_and_hold_no_known_device_up() {
    for backend in backends() {
        let phones = Phones::start(backend).await;
        let (owner, phone) = ("203.0.113.5", "+79001120031");
        phones.ask(owner, phone).await;
        let (_, entered) = phones.verify(owner, phone, &Value::Null, &phones.last_code(phone)).await;
        phones.a_minute_later().await;
        let (_, asked) = phones.ask(owner, phone).await;
        let code = phones.last_code(phone);
        phones.a_minute_later().await;

        let guesses: Vec<_> = std::iter::from_fn(|| PHONES.enter().ok()).collect();
        for _ in 0..6 {
            for challenge in [&asked["challenge_id"], &Value::Null] {
                let (status, refused) = phones.verify(owner, phone, challenge, &code).await;
                assert_eq!((status, &refused["code"]), (503, &json!("unavailable")), "{refused}");
            }
        }
        assert_eq!(phones.ask(owner, "+79001120032").await.0, 503);
        let body = json!({ "phone": phone, "device_token": entered["device_token"] });
        let (status, again) = from(&phones.anybody, owner, "/api/auth/phone-login", body).await;
        assert_eq!((status, &again["sent"]), (200, &json!(true)), "{again}");
        let body = json!({ "phone": phone, "challenge_id": again["challenge_id"],
            "code": phones.last_code(phone), "device_token": entered["device_token"] });
        assert_eq!(from(&phones.anybody, owner, "/api/auth/verify-otp", body).await.0, 200);

        drop(guesses);
        let wrong = if code.starts_with('0') { "111111" } else { "000000" };
        for _ in 0..4 {
            assert_eq!(phones.verify(owner, phone, &asked["challenge_id"], wrong).await.0, 401);
        }
        assert_eq!(phones.verify(owner, phone, &asked["challenge_id"], &code).await.0, 200, "the fifth try");
    }
}

/// Guesses from as many networks as there are guesses, as fast as they are answered.
struct Botnet {
    stop: Arc<AtomicBool>,
}

impl Botnet {
    fn at(app: &TestApp, login: &'static str) -> Self {
        let (stop, guesses) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        for bot in 0..8 {
            let (who, stop, guesses) = (app.anonymous(), Arc::clone(&stop), Arc::clone(&guesses));
            actix_web::rt::spawn(async move {
                while !stop.load(Ordering::Relaxed) {
                    let n = guesses.fetch_add(1, Ordering::Relaxed);
                    let address = format!("10.{}.{}.{bot}", n / 250 % 250, n % 250);
                    // Half of them at somebody else, to keep those busy who compare passwords.
                    let login = if n.is_multiple_of(2) { login.to_owned() } else { format!("nobody-{n}") };
                    let guess = json!({ "login": login, "password": "another long one" });
                    from(&who, &address, "/api/auth/operator", guess).await;
                }
            });
        }
        Self { stop }
    }
}

impl Drop for Botnet {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

#[actix_web::test]
async fn x_102_a_botnet_does_not_keep_an_operator_out_whose_device_is_known() {
    for backend in backends() {
        let app = production(backend).await;
        let (anybody, here) = (app.anonymous(), "203.0.113.5");
        let enter = async |more: Value| {
            let mut body = json!({ "login": "root", "password": PASSWORD });
            for (name, value) in more.as_object().unwrap() {
                body[name] = value.clone();
            }
            from(&anybody, here, "/api/auth/operator", body).await
        };
        let (_, entered) = enter(json!({})).await;
        assert!(entered["device_token"].is_null(), "nothing is shown yet");
        let (mut device, codes) = lifted_with_codes(&app, &entered).await;

        // As many guesses as make everybody wait, although comparing passwords takes a while; then more of
        // them.
        let uncounted = Pauses { free: 1_000, longest: Span::seconds(1) };
        for _ in 0..60 {
            let guess = app.app.database.attempt("login:root".to_owned(), uncounted, app.app.clock.now());
            guess.await.unwrap().unwrap();
        }
        let _botnet = Botnet::at(&app, "root");
        let (queued, _) = enter(json!({})).await;
        assert_eq!(queued, 429, "with the right password");
        for code in &codes[..6] {
            let (status, entered) = enter(json!({ "code": code, "device_token": device })).await;
            assert_eq!((status, entered["second_factor"].is_null()), (200, true), "{entered}");
            let (again, _) = enter(json!({ "code": code, "device_token": device })).await;
            assert_eq!(again, 401, "each code is good once");
            device = entered["device_token"].clone();
        }
        // The console's way in is the same one.
        let body = json!({ "email": "root", "password": PASSWORD, "code": codes[6], "device_token": device });
        let (status, entered) = from(&anybody, here, "/api/auth/email-login", body).await;
        assert_eq!((status, entered["second_factor"].is_null()), (200, true), "{entered}");
        device = entered["device_token"].clone();
        // Nor is it behind those who know the password and guess at the second factor, which it may show
        // later.
        let (_, entered) = enter(json!({ "device_token": device })).await;
        assert_eq!(entered["second_factor"], "show", "{entered}");
        let (show, path) = (signed_in(&app, &entered), "/api/auth/second-factor");
        for status in [401, 401, 401, 401, 401, 429] {
            assert_eq!(show.post(path, json!({ "code": "nonsense" })).await.0.as_u16(), status);
        }
        let body = json!({ "code": codes[7], "device_token": device });
        let (status, lifted) = show.post(path, body).await;
        assert_eq!(status.as_u16(), 200, "{lifted}");
        device = lifted["device_token"].clone();
        // It opens nothing by itself, and its own guesses wait like any other's.
        let guess = json!({ "password": "another long one", "device_token": device });
        let mut answers = Vec::new();
        while answers.last() != Some(&429) && answers.len() < 20 {
            answers.push(enter(guess.clone()).await.0);
        }
        assert_eq!((answers[0], answers.last()), (401, Some(&429)), "{answers:?}");
    }
}

#[actix_web::test]
async fn x_103_a_link_from_the_servers_shell_is_the_last_way_in_and_works_once() {
    for backend in backends() {
        let app = production(backend).await;
        let (anybody, here) = (app.anonymous(), "203.0.113.5");
        let login = json!({ "login": "root", "password": PASSWORD });
        let (_, entered) = from(&anybody, here, "/api/auth/operator", login).await;
        let (_, codes) = lifted_with_codes(&app, &entered).await;
        let enter = async |link: &str, code: Option<&Value>| {
            let mut body = json!({ "link": link });
            if let Some(code) = code {
                body["code"] = code.clone();
            }
            from(&anybody, here, "/api/auth/operator-link", body).await
        };
        assert!(shell(&app, &["--login", "nobody"]).is_err());
        let link = shell(&app, &["--login", "Root"]).unwrap();
        let (status, refused) = enter(&link, Some(&json!("nonsense"))).await;
        assert_eq!((status, &refused["code"]), (401, &json!("invalid_code")), "it is not used up");
        let (status, entered) = enter(&link, Some(&codes[0])).await;
        assert_eq!((status, entered["second_factor"].is_null()), (200, true), "{entered}");
        let (status, refused) = enter(&link, Some(&codes[1])).await;
        assert_eq!((status, &refused["code"]), (401, &json!("invalid_link")));

        let late = shell(&app, &["--login", "root"]).unwrap();
        app.behind_its_back("UPDATE sign_in_links SET expires_at = expires_at - 600001").await;
        assert_eq!(enter(&late, None).await.1["code"], "invalid_link");

        // Without the second factor it opens what a password does; anybody who has lost that begins anew.
        let link = shell(&app, &["--login", "root"]).unwrap();
        assert_eq!(enter(&link, None).await.1["second_factor"], "show");
        let link = shell(&app, &["--login", "root", "--forget-second-factor"]).unwrap();
        assert_eq!(enter(&link, None).await.1["second_factor"], "set_up");
    }
}

/// What `peerpack operator link` prints, run beside the server.
fn shell(app: &TestApp, arguments: &[&str]) -> Result<String, String> {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_peerpack"));
    command.args(["operator", "link"]).args(arguments).env_clear();
    command.env("PEERPACK_DATA_DIR", app.data()).env("PEERPACK_LOG", "error");
    if let Some(url) = &app.database_url {
        command.env("DATABASE_URL", url);
    }
    let output = command.output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let start = said.find("in_").filter(|_| output.status.success());
    let start = start.ok_or_else(|| String::from_utf8(output.stderr).unwrap())?;
    Ok(said[start..].split('"').next().unwrap().to_owned())
}
