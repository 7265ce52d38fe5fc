//! Telegram's Bot API, which does wrong what it does wrong: floods, fails, hangs, babbles, sends elsewhere.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use bytes::Bytes;
use futures_util::stream;
use parking_lot::Mutex;
use peerpack::config::PUBLIC_TEST_TOKEN;
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::support::eventually;

/// How a call is answered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Manner {
    /// As it should.
    Well,
    /// Not now: come again in so many seconds.
    Flood(u32),
    /// It does not do it, and says that something went wrong.
    Fails,
    /// It does it, and says that something went wrong.
    DoesItAndFails,
    /// It does it, and says nothing.
    DoesItAndHangs,
    /// It does it, and says something that is no answer.
    DoesItAndBabbles,
    /// It does it, and answers with 200 MB.
    DoesItAndFloods,
    /// It sends the caller elsewhere.
    Redirects,
    /// The person has blocked the bot.
    Blocked,
    /// It does not like the message.
    Refuses,
    /// It does not know what a moment is.
    KnowsNoEntities,
}

/// A call that has come.
#[derive(Clone, Debug)]
pub struct Call {
    pub method: String,
    pub chat: i64,
    pub body: Value,
}

#[derive(Default)]
struct Desk {
    calls: Vec<Call>,
    /// What is to happen to the next messages to a chat.
    manners: BTreeMap<i64, VecDeque<Manner>>,
    /// What is to happen to the next calls of a method.
    of_methods: BTreeMap<String, VecDeque<Manner>>,
    /// Stars that have come and gone, oldest first.
    stars: Vec<Value>,
    /// What is in the chats: by chat and message, its text.
    chats: BTreeMap<i64, BTreeMap<i64, String>>,
    next_message: i64,
    updates: BTreeMap<i64, Value>,
    /// Calls of `getUpdates` that are under way.
    polls: usize,
    most_polls: usize,
    strangers: usize,
}

/// A stub of Telegram's API.
#[derive(Clone)]
pub struct Telegram {
    pub url: String,
    desk: Arc<Mutex<Desk>>,
}

impl Telegram {
    pub fn start() -> Self {
        let desk = Arc::new(Mutex::new(Desk::default()));
        let shared = Arc::clone(&desk);
        let server = HttpServer::new(move || {
            App::new()
                .app_data(web::Data::from(Arc::clone(&shared)))
                .app_data(web::PayloadConfig::new(1 << 20))
                .default_service(web::to(answer))
        });
        let server = server.workers(1).disable_signals().bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", server.addrs()[0]);
        actix_web::rt::spawn(server.run());
        Self { url, desk }
    }

    /// The settings of a server whose bot it knows.
    pub fn settings<'a>(&'a self, mode: &'a str) -> Vec<(&'a str, &'a str)> {
        vec![
            ("PEERPACK_BOT_MODE", mode),
            ("PEERPACK_BOT_API_URL", &self.url),
            ("PEERPACK_BOT_ADMIN_SECRET", super::ADMIN_SECRET),
            ("PEERPACK_BOT_WEBHOOK_SECRET", super::WEBHOOK_SECRET),
            ("PEERPACK_PUBLIC_URL", "https://peerpack.example"),
        ]
    }

    /// What happens to the next messages to a chat, one after the other.
    pub fn next(&self, chat: i64, manners: &[Manner]) {
        self.desk.lock().manners.entry(chat).or_default().extend(manners);
    }

    /// What happens to the next calls of a method, one after the other.
    pub fn next_of(&self, method: &str, manners: &[Manner]) {
        self.desk.lock().of_methods.entry(method.to_owned()).or_default().extend(manners);
    }

    /// Somebody pays an invoice in stars: they are in Telegram's list from then on.
    pub fn takes_stars(&self, from: i64, payload: &str, charge: &str, amount: i64) {
        self.desk.lock().stars.push(json!({
            "id": charge, "amount": amount, "date": seconds(),
            "source": { "type": "user", "transaction_type": "invoice_payment", "user": { "id": from },
                "invoice_payload": payload },
        }));
    }

    /// Stars go back without anybody asking.
    pub fn gives_stars_back(&self, charge: &str) {
        let mut desk = self.desk.lock();
        let of = desk.stars.iter().find(|entry| entry["id"] == charge).unwrap().clone();
        let body = json!({ "user_id": of["source"]["user"]["id"], "telegram_payment_charge_id": charge });
        does(&mut desk, "refundStarPayment", 0, &body);
    }

    /// What of the stars has gone back: the charges, each as often as it did.
    pub fn stars_gone(&self) -> Vec<String> {
        let desk = self.desk.lock();
        let gone = desk.stars.iter().filter(|entry| entry.get("receiver").is_some());
        gone.map(|entry| entry["id"].as_str().unwrap().to_owned()).collect()
    }

    pub fn calls(&self, chat: i64) -> Vec<Call> {
        self.desk.lock().calls.iter().filter(|call| call.chat == chat).cloned().collect()
    }

    /// Calls of a method, to whichever chat.
    pub fn calls_of(&self, method: &str) -> Vec<Call> {
        self.desk.lock().calls.iter().filter(|call| call.method == method).cloned().collect()
    }

    /// What stands in a chat, oldest first.
    pub fn chat(&self, chat: i64) -> Vec<String> {
        self.desk.lock().chats.get(&chat).map(|chat| chat.values().cloned().collect()).unwrap_or_default()
    }

    /// What stands in all of them.
    pub fn chats(&self) -> BTreeMap<i64, BTreeMap<i64, String>> {
        self.desk.lock().chats.clone()
    }

    /// Calls to somewhere else than the bot.
    pub fn strangers(&self) -> usize {
        self.desk.lock().strangers
    }

    /// Somebody says something: it waits until it is asked for.
    pub fn says(&self, update: Value) {
        let id = update["update_id"].as_i64().unwrap();
        self.desk.lock().updates.insert(id, update);
    }

    /// How many asked for updates at once, at most.
    pub fn most_polls(&self) -> usize {
        self.desk.lock().most_polls
    }

    /// Waits until a text with these words stands in a chat.
    pub async fn until(&self, chat: i64, words: &str) -> String {
        eventually(&format!("{words:?} in the chat {chat}: {:?}", self.chat(chat)), async || {
            self.chat(chat).into_iter().find(|text| text.contains(words))
        })
        .await
    }

    /// Waits until so many calls to a chat have come.
    pub async fn until_calls(&self, chat: i64, count: usize) -> Vec<Call> {
        eventually("calls", async || {
            let calls = self.calls(chat);
            (calls.len() >= count).then_some(calls)
        })
        .await
    }
}

async fn answer(desk: web::Data<Mutex<Desk>>, request: HttpRequest, body: Bytes) -> HttpResponse {
    let prefix = format!("/bot{PUBLIC_TEST_TOKEN}/");
    let Some(method) = request.path().strip_prefix(&prefix).map(str::to_owned) else {
        desk.lock().strangers += 1;
        return HttpResponse::Ok().json(json!({ "ok": true, "result": { "message_id": 1 } }));
    };
    let body: Value = serde_json::from_slice(&body).unwrap();
    if method == "getUpdates" {
        return updates(&desk, &body).await;
    }
    let chat = body["chat_id"].as_i64().unwrap_or(0);
    let (manner, result) = {
        let mut desk = desk.lock();
        let manner = match method.as_str() {
            "sendMessage" | "editMessageText" => {
                desk.manners.get_mut(&chat).and_then(VecDeque::pop_front).unwrap_or(Manner::Well)
            }
            _ => desk.of_methods.get_mut(&method).and_then(VecDeque::pop_front).unwrap_or(Manner::Well),
        };
        let went_back = || desk.stars.iter().any(|entry| gives_back(entry, &body));
        let manner = match manner {
            Manner::Well if method == "refundStarPayment" && went_back() => Manner::Refuses,
            Manner::KnowsNoEntities if body.get("entities").is_none() => Manner::Well,
            manner => manner,
        };
        desk.calls.push(Call { method: method.clone(), chat, body: body.clone() });
        let does_it = matches!(
            manner,
            Manner::Well
                | Manner::DoesItAndFails
                | Manner::DoesItAndHangs
                | Manner::DoesItAndBabbles
                | Manner::DoesItAndFloods
        );
        (manner, if does_it { does(&mut desk, &method, chat, &body) } else { Value::Null })
    };
    let refuses = |code: u16, description: &str| {
        let status = actix_web::http::StatusCode::from_u16(code).unwrap();
        HttpResponse::build(status)
            .json(json!({ "ok": false, "error_code": code, "description": description }))
    };
    match manner {
        Manner::Well => HttpResponse::Ok().json(json!({ "ok": true, "result": result })),
        Manner::Flood(seconds) => HttpResponse::TooManyRequests().json(json!({
            "ok": false, "error_code": 429, "description": "Too Many Requests",
            "parameters": { "retry_after": seconds },
        })),
        Manner::Fails | Manner::DoesItAndFails => refuses(500, "Internal Server Error"),
        Manner::DoesItAndHangs => {
            sleep(Duration::from_secs(3_600)).await;
            HttpResponse::Ok().finish()
        }
        Manner::DoesItAndBabbles => HttpResponse::Ok().body("<html>one moment, please"),
        Manner::DoesItAndFloods => {
            let chunk = Bytes::from(vec![b' '; 1 << 20]);
            let chunks = (0..200).map(move |_| Ok::<_, actix_web::Error>(chunk.clone()));
            HttpResponse::Ok().streaming(stream::iter(chunks))
        }
        Manner::Redirects => {
            HttpResponse::TemporaryRedirect().insert_header(("location", "/elsewhere")).finish()
        }
        Manner::Blocked => refuses(403, "Forbidden: bot was blocked by the user"),
        Manner::Refuses => refuses(400, "Bad Request: chat not found"),
        Manner::KnowsNoEntities => refuses(400, "Bad Request: can't parse entities: unsupported type"),
    }
}

fn seconds() -> u64 {
    std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs()
}

/// Whether an entry of the list is what a call wants to give back, given back.
fn gives_back(entry: &Value, body: &Value) -> bool {
    entry.get("receiver").is_some() && entry["id"] == body["telegram_payment_charge_id"]
}

fn does(desk: &mut Desk, method: &str, chat: i64, body: &Value) -> Value {
    let text = || body["text"].as_str().unwrap().to_owned();
    match method {
        "sendMessage" => {
            desk.next_message += 1;
            let id = desk.next_message;
            desk.chats.entry(chat).or_default().insert(id, text());
            json!({ "message_id": id })
        }
        "editMessageText" => {
            let id = body["message_id"].as_i64().unwrap();
            desk.chats.entry(chat).or_default().insert(id, text());
            json!({ "message_id": id })
        }
        "createInvoiceLink" => {
            desk.next_message += 1;
            json!(format!("https://t.me/$invoice{}", desk.next_message))
        }
        "getStarTransactions" => {
            let number = |name: &str| usize::try_from(body[name].as_u64().unwrap()).unwrap();
            let page: Vec<_> = desk.stars.iter().skip(number("offset")).take(number("limit")).collect();
            json!({ "transactions": page })
        }
        "refundStarPayment" => {
            let of = desk.stars.iter().find(|entry| entry["id"] == body["telegram_payment_charge_id"]);
            let of = of.expect("stars that have come").clone();
            assert_eq!(of["source"]["user"]["id"], body["user_id"], "they go to who has paid");
            if !desk.stars.iter().any(|entry| gives_back(entry, body)) {
                desk.stars.push(json!({
                    "id": of["id"], "amount": of["amount"], "date": seconds(),
                    "receiver": { "type": "user", "user": of["source"]["user"] },
                }));
            }
            json!(true)
        }
        "getMe" => json!({ "username": "peerpack_bot" }),
        "getWebhookInfo" => {
            let set = desk.calls.iter().rev().find(|call| call.method.ends_with("etWebhook"));
            let url = set.and_then(|call| call.body["url"].as_str()).unwrap_or_default();
            json!({ "url": url, "pending_update_count": 0 })
        }
        _ => json!(true),
    }
}

async fn updates(desk: &Mutex<Desk>, body: &Value) -> HttpResponse {
    {
        let mut desk = desk.lock();
        desk.polls += 1;
        desk.most_polls = desk.most_polls.max(desk.polls);
        let call = Call { method: "getUpdates".into(), chat: 0, body: body.clone() };
        desk.calls.push(call);
    }
    let from = body["offset"].as_i64().unwrap_or(0);
    let mut waited = 0;
    let found: Vec<Value> = loop {
        let found: Vec<Value> = desk.lock().updates.range(from..).map(|(_, update)| update.clone()).collect();
        if !found.is_empty() || waited >= 100 {
            break found;
        }
        waited += 1;
        sleep(Duration::from_millis(10)).await;
    };
    let mut desk = desk.lock();
    desk.polls -= 1;
    // What was asked for beyond is confirmed.
    desk.updates.retain(|id, _| *id >= from);
    HttpResponse::Ok().json(json!({ "ok": true, "result": found }))
}
