//! The older messenger's contract byte for byte: every path and every refusal of it, against the bodies in
//! `contract.txt`, which are written by hand from the contract. What is new stands behind what was.
//!
//! `<token>`, `<request>` and `<time>` stand for what is never the same, `<?>` for a time or `null`; any
//! other name in angle brackets is one text wherever it stands.

use std::collections::{BTreeMap, BTreeSet};

use peerpack_actors::time::Time;
use reqwest::Method;
use serde_json::{Value, json};

use crate::identity::with_phone_and;
use crate::support::{TestApp, TestUser, backends};
use crate::uploads::samples;

const BODIES: &str = include_str!("contract.txt");

/// What one step must be answered.
struct Promised {
    status: u16,
    body: &'static str,
}

/// Steps by their names.
struct Contract {
    promised: BTreeMap<&'static str, Promised>,
    taken: BTreeSet<&'static str>,
    known: BTreeMap<&'static str, String>,
    broken: Vec<String>,
}

impl Contract {
    fn read() -> Self {
        let blocks = BODIES.split("\n\n").filter(|block| !block.trim().is_empty() && !block.starts_with('#'));
        let promised = blocks.map(|block| {
            let (head, body) = block.trim().split_once('\n').unwrap();
            let (status, name) = head.split_once(' ').unwrap();
            (name, Promised { status: status.parse().unwrap(), body })
        });
        let promised = promised.collect();
        Self { promised, taken: BTreeSet::new(), known: BTreeMap::new(), broken: Vec::new() }
    }

    /// Compares an answer with what was promised for a step.
    fn compare(&mut self, name: &str, status: u16, body: &str) {
        let Some((name, Promised { status: promised, body: literal })) = self.promised.get_key_value(name)
        else {
            return self.broken.push(format!("nothing is promised:\n{status} {name}\n{body}\n"));
        };
        self.taken.insert(name);
        let same = *promised == status && matches(literal, body, &mut self.known);
        if !same {
            self.broken
                .push(format!("promised:\n{promised} {name}\n{literal}\nanswered {status}:\n{body}\n"));
        }
    }

    /// Nothing was answered otherwise than was promised, and nothing was promised that nobody asked for.
    fn must_be_kept(self) {
        let unasked: Vec<_> = self.promised.keys().filter(|name| !self.taken.contains(*name)).collect();
        assert!(self.broken.is_empty() && unasked.is_empty(), "{}\n{unasked:?}", self.broken.join("\n"));
    }
}

/// Whether a body is what is promised, byte for byte but for what stands in angle brackets.
fn matches(mut literal: &'static str, mut body: &str, known: &mut BTreeMap<&'static str, String>) -> bool {
    while let Some((before, rest)) = literal.split_once('<') {
        let Some(after) = body.strip_prefix(before) else { return false };
        let (name, rest) = rest.split_once('>').unwrap();
        // It ends where what follows begins.
        let until = rest.chars().next().unwrap_or('"');
        let Some((text, _)) = after.split_once(until) else { return false };
        let is_right = match name {
            "time" => is_time(text),
            "?" => text == "null" || is_time(text.trim_matches('"')),
            "token" => text.len() > 20,
            "request" => !text.is_empty(),
            name => known.entry(name).or_insert_with(|| text.to_owned()).as_str() == text,
        };
        if !is_right {
            return false;
        }
        (literal, body) = (rest, &after[text.len()..]);
    }
    literal == body
}

fn is_time(text: &str) -> bool {
    text.len() == 24 && text.parse::<Time>().is_ok()
}

/// Somebody who asks, and everything that was promised.
struct Play {
    app: TestApp,
    contract: Contract,
}

impl Play {
    async fn ask(&mut self, name: &str, who: &TestUser, method: Method, path: &str, body: Option<&str>) {
        let headers = [("content-type", "application/json")];
        let headers = if body.is_some() { &headers[..] } else { &[] };
        let body = body.unwrap_or_default().as_bytes().to_vec();
        let (status, _, body) = who.call_raw(method, path, headers, body).await;
        self.contract.compare(name, status.as_u16(), &String::from_utf8(body).unwrap());
    }

    async fn get(&mut self, name: &str, who: &TestUser, path: &str) {
        self.ask(name, who, Method::GET, path, None).await;
    }

    async fn post(&mut self, name: &str, who: &TestUser, path: &str, body: Value) {
        self.ask(name, who, Method::POST, path, Some(&body.to_string())).await;
    }

    async fn picture(&mut self, name: &str, who: &TestUser, content: &[u8]) {
        let kind = [("content-type", "multipart/form-data; boundary=line")];
        let head = "--line\r\ncontent-disposition: form-data; name=\"avatar\"; filename=\"me.jpg\"\r\n\
                    content-type: image/jpeg\r\n\r\n";
        let body = [head.as_bytes(), content, b"\r\n--line--\r\n"].concat();
        let (status, _, body) = who.call_raw(Method::POST, "/api/profile/avatar", &kind, body).await;
        self.contract.compare(name, status.as_u16(), &String::from_utf8(body).unwrap());
    }

    /// Registers somebody and signs them in.
    async fn register(&mut self, outbox: &std::path::Path, step: &str, name: &str, phone: &str) -> TestUser {
        let nobody = self.app.anonymous();
        let body = json!({ "display_name": name, "phone": phone });
        self.post("register", &nobody, "/api/auth/register", body).await;
        let code = std::fs::read_to_string(outbox.join(format!("send.{phone}"))).unwrap();
        let body = json!({ "phone": phone, "code": code.trim() }).to_string();
        let headers = [("content-type", "application/json")];
        let (status, _, body) =
            nobody.call_raw(Method::POST, "/api/auth/verify-code", &headers, body.into_bytes()).await;
        let body = String::from_utf8(body).unwrap();
        self.contract.compare(step, status.as_u16(), &body);
        let session: Value = serde_json::from_str(&body).unwrap();
        let mut user = nobody.with_token(session["data"]["token"].as_str().unwrap());
        user.id = session["data"]["user"]["id"].as_str().unwrap().to_owned();
        user
    }
}

/// The paths at which one has to be somebody.
const OF_SOMEBODY: [(&str, &str); 9] = [
    ("GET", "/api/profile"),
    ("PUT", "/api/profile"),
    ("POST", "/api/profile/avatar"),
    ("GET", "/api/users/search?query=ab"),
    ("GET", "/api/chats"),
    ("POST", "/api/chats"),
    ("GET", "/api/chats/01900000-0000-7000-8000-000000000001"),
    ("GET", "/api/chats/01900000-0000-7000-8000-000000000001/messages"),
    ("POST", "/api/messages"),
];

#[actix_web::test]
async fn every_path_of_the_older_messenger_answers_as_it_is_written() {
    for backend in backends() {
        let (app, outbox) = with_phone_and(backend, &[("PEERPACK_CHAT_A_MINUTE", "9")]).await;
        let mut play = Play { app, contract: Contract::read() };
        let nobody = play.app.anonymous();
        let anna = play.register(outbox.path(), "verify Anna", "Анна Орёл", "+79001110001").await;
        let ivan = play.register(outbox.path(), "verify Ivan", "Иван", "+79001110002").await;
        let vera = play.register(outbox.path(), "verify Vera", "Вера", "+79001110003").await;
        signing_in(&mut play, &nobody).await;
        profiles(&mut play, &anna, &ivan).await;
        talking(&mut play, &anna, &ivan, &vera).await;
        for (method, path) in OF_SOMEBODY {
            let method: Method = method.parse().unwrap();
            play.ask("nobody", &nobody, method, path, Some("{}")).await;
        }
        play.contract.must_be_kept();
    }
}

async fn signing_in(play: &mut Play, nobody: &TestUser) {
    let [register, code, verify] = ["/api/auth/register", "/api/auth/request-code", "/api/auth/verify-code"];
    play.post("request code", nobody, code, json!({ "phone": "+79001110004" })).await;
    let wrong = json!({ "phone": "+79001110004", "code": "00000" });
    play.post("wrong code", nobody, verify, wrong).await;
    for (name, path) in [("register", register), ("request code", code), ("verify", verify)] {
        play.ask(&format!("{name}, no JSON"), nobody, Method::POST, path, Some("{")).await;
    }
    play.post("register, no name", nobody, register, json!({ "display_name": " ", "phone": "+79001110005" }))
        .await;
    play.post("register, no phone", nobody, register, json!({ "display_name": "Я", "phone": "1" })).await;
    play.post("request code, no phone", nobody, code, json!({ "phone": "1" })).await;
    play.post("verify, no phone", nobody, verify, json!({ "phone": "1", "code": "000000" })).await;
}

async fn profiles(play: &mut Play, anna: &TestUser, ivan: &TestUser) {
    let put = |body: Value| (Method::PUT, body.to_string());
    play.get("profile", anna, "/api/profile").await;
    let (method, body) = put(json!({ "display_name": "Анна Орлова", "bio": "Летаю каждую неделю" }));
    play.ask("profile changed", anna, method, "/api/profile", Some(&body)).await;
    let (method, body) = put(json!({ "username": "anna_orlova" }));
    play.ask("username changed", anna, method.clone(), "/api/profile", Some(&body)).await;
    play.ask("username taken", ivan, method, "/api/profile", Some(&body)).await;
    let (method, body) = put(json!({ "display_name": "" }));
    play.ask("profile, no name", ivan, method.clone(), "/api/profile", Some(&body)).await;
    play.ask("profile, no JSON", ivan, method, "/api/profile", Some("[")).await;
    play.picture("avatar", anna, &samples::jpeg(32, 32)).await;
    play.picture("avatar, no picture", anna, b"not a picture").await;
    play.picture("avatar, too large", anna, &vec![0; 6 << 20]).await;
    play.ask("avatar, no form", anna, Method::POST, "/api/profile/avatar", Some("{}")).await;
    play.get("search", ivan, "/api/users/search?query=%D0%9E%D0%A0%D0%9B").await;
    play.get("search, nobody found", ivan, "/api/users/search?query=%D0%AF%D0%AF").await;
    play.get("search, too short", ivan, "/api/users/search?query=x").await;
    play.get("search, unknown parameter", ivan, "/api/users/search?name=xx").await;
}

async fn talking(play: &mut Play, anna: &TestUser, ivan: &TestUser, vera: &TestUser) {
    play.get("no chats", anna, "/api/chats").await;
    let open = json!({ "other_user_id": anna.id });
    play.post("chat opened", ivan, "/api/chats", open.clone()).await;
    play.post("chat opened", ivan, "/api/chats", open).await;
    play.post("chat with oneself", anna, "/api/chats", json!({ "other_user_id": anna.id })).await;
    let nobody = json!({ "other_user_id": "01900000-0000-7000-8000-000000000001" });
    play.post("chat with nobody", anna, "/api/chats", nobody).await;
    play.ask("chat, no JSON", anna, Method::POST, "/api/chats", Some("{")).await;
    let chat = anna.get("/api/chats").await["data"][0]["id"].as_str().unwrap().to_owned();
    let (one, list) = (format!("/api/chats/{chat}"), format!("/api/chats/{chat}/messages"));
    let say = |content: &str| json!({ "chat_id": chat, "content": content });
    play.get("no messages", anna, &list).await;
    play.post("message", ivan, "/api/messages", say("Добрый день")).await;
    play.get("chat unread", anna, &one).await;
    play.get("chats", anna, "/api/chats").await;
    play.get("messages", anna, &format!("{list}?limit=10")).await;
    play.get("chat read", ivan, &one).await;
    play.get("messages before", anna, &format!("{list}?before=1&limit=10")).await;
    play.post("message, empty", ivan, "/api/messages", say("  ")).await;
    play.post("message, too long", ivan, "/api/messages", say(&"я".repeat(1_001))).await;
    play.ask("message, no JSON", ivan, Method::POST, "/api/messages", Some("{")).await;
    for (name, path) in [("chat of others", &one), ("messages of others", &list)] {
        play.get(name, vera, path).await;
    }
    play.post("message to others", vera, "/api/messages", say("я тут")).await;
    let missing = "01900000-0000-7000-8000-000000000001";
    play.get("no such chat", anna, &format!("/api/chats/{missing}")).await;
    play.get("messages of no chat", anna, &format!("/api/chats/{missing}/messages")).await;
    let body = json!({ "chat_id": missing, "content": "есть кто?" });
    play.post("message to no chat", anna, "/api/messages", body).await;
    play.get("messages, wrong limit", anna, &format!("{list}?limit=0")).await;
    play.get("messages, wrong before", anna, &format!("{list}?before=x")).await;
    play.get("messages, unknown parameter", anna, &format!("{list}?page=1")).await;
    play.get("chats, wrong cursor", anna, "/api/chats?cursor=x").await;
    // What depends on the other one, and on how often somebody writes.
    for _ in 0..2 {
        super::said(ivan, &chat, "ещё").await;
    }
    play.post("message, awaits an answer", ivan, "/api/messages", say("четвёртое")).await;
    assert_eq!(anna.post(&format!("{one}/block"), json!({})).await.0, 200);
    play.post("message, blocked", ivan, "/api/messages", say("ау")).await;
    play.post("message, blocks", anna, "/api/messages", say("не пиши")).await;
    assert_eq!(anna.call(Method::DELETE, &format!("{one}/block"), None).await.0, 200);
    for _ in 0..9 {
        super::said(anna, &chat, "да").await;
    }
    play.post("message, too many", anna, "/api/messages", say("ещё раз")).await;
}
