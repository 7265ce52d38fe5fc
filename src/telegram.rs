//! Telegram's Bot API: one port, and the client that speaks it over HTTP.
//!
//! Sending is not repeatable, and the network does not always say what has become of a call. So an answer is
//! one of four: done, refused, never sent, or nobody knows. Who calls decides what follows.

mod http;
mod message;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use peerpack_actors::time::{Span, Time};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

pub use http::HttpApi;
pub use message::{Button, Outgoing, Style};

/// How long a call may take.
const WITHIN: Duration = Duration::from_secs(8);

/// The updates that the bot understands; Telegram sends no others.
pub const ALLOWED_UPDATES: [&str; 4] = ["message", "callback_query", "my_chat_member", CHECKOUT];

/// The kind of update that asks whether money may be taken. Telegram waits ten seconds for the answer.
pub const CHECKOUT: &str = "pre_checkout_query";

/// What has become of a call.
#[derive(Clone, PartialEq, Debug)]
pub enum Answer<T> {
    /// It is done.
    Done(T),
    /// Telegram has understood it and does not do it.
    Refused(Refusal),
    /// It has not left this machine.
    Unsent(String),
    /// It may be done, and may not be.
    Unknown(String),
}

impl<T> Answer<T> {
    /// The same with another value.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Answer<U> {
        match self {
            Self::Done(value) => Answer::Done(change(value)),
            Self::Refused(refusal) => Answer::Refused(refusal),
            Self::Unsent(why) => Answer::Unsent(why),
            Self::Unknown(why) => Answer::Unknown(why),
        }
    }

    /// The word for metrics.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Done(_) => "done",
            Self::Refused(_) => "refused",
            Self::Unsent(_) => "unsent",
            Self::Unknown(_) => "unknown",
        }
    }
}

/// Why Telegram does not do something.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Refusal {
    /// Its code, as of HTTP.
    pub code: u16,
    /// Its words, for people.
    pub description: String,
    /// How long to wait before the next try, if it says so.
    pub retry_after: Option<Span>,
}

impl Refusal {
    /// The person does not want to hear from the bot: they have blocked it, or are gone.
    #[must_use]
    pub const fn is_from_person(&self) -> bool {
        self.code == 403
    }

    /// It is the bot itself that Telegram does not know: its token is wrong.
    #[must_use]
    pub const fn is_about_token(&self) -> bool {
        matches!(self.code, 401 | 404)
    }

    /// The message is as it was to be.
    #[must_use]
    pub fn is_unchanged(&self) -> bool {
        self.description.contains("message is not modified")
    }

    /// There is no such message to be edited any more.
    #[must_use]
    pub fn is_without_message(&self) -> bool {
        ["message to edit not found", "message can't be edited", "MESSAGE_ID_INVALID"]
            .iter()
            .any(|words| self.description.contains(words))
    }

    /// It does not know an entity of the text: an older server.
    #[must_use]
    pub fn is_about_entities(&self) -> bool {
        self.code == 400 && self.description.to_lowercase().contains("entit")
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.code, self.description)
    }
}

/// Calls methods of the Bot API.
#[async_trait]
pub trait BotApi: Send + Sync {
    /// Calls a method; what it answers as JSON.
    async fn call(&self, method: &'static str, body: Value, within: Duration) -> Answer<Value>;
}

/// The bot. Clones are handles to the same one.
#[derive(Clone)]
pub struct Telegram(Arc<dyn BotApi>);

impl fmt::Debug for Telegram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Telegram")
    }
}

/// A message that was sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
pub struct Sent {
    /// Telegram's number of it in its chat.
    pub message_id: i64,
}

/// Who the bot is.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
pub struct Me {
    /// Its name, without `@`.
    #[serde(default)]
    pub username: String,
}

/// What somebody is to pay in Telegram.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Bill {
    /// 1 to 32 characters.
    pub title: String,
    /// 1 to 255 characters.
    pub description: String,
    /// What Telegram says again with the money.
    pub payload: String,
    /// Of the provider that takes the money; empty for stars.
    pub provider_token: String,
    /// The code of the currency: three letters, `XTR` for stars.
    pub currency: &'static str,
    /// How much, in minor units.
    pub amount_minor: i64,
}

/// An entry of Telegram's list of stars that have come to the bot, or gone from it.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
pub struct StarTransaction {
    /// The charge; of stars that go back it is the one they came with.
    pub id: String,
    /// How many stars.
    pub amount: i64,
    /// When, seconds since 1970.
    pub date: i64,
    /// Who they came from, if they came.
    #[serde(default)]
    pub source: Option<StarPartner>,
    /// Who they went to, if they went.
    #[serde(default)]
    pub receiver: Option<StarPartner>,
}

impl StarTransaction {
    /// When it was.
    #[must_use]
    pub const fn at(&self) -> Time {
        Time::from_ms(self.date.saturating_mul(1_000))
    }

    /// The account that the stars came from.
    #[must_use]
    pub fn payer(&self) -> Option<i64> {
        Some(self.source.as_ref()?.user.as_ref()?.id)
    }
}

/// The other side of such an entry.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
pub struct StarPartner {
    /// The person, if it is one.
    #[serde(default)]
    pub user: Option<StarUser>,
    /// What the invoice was made with; empty if it was none.
    #[serde(default)]
    pub invoice_payload: String,
}

/// A person in such an entry.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
pub struct StarUser {
    /// The id of the account at Telegram.
    pub id: i64,
}

#[derive(Deserialize)]
struct StarTransactions {
    transactions: Vec<StarTransaction>,
}

impl Telegram {
    /// The bot behind a port.
    #[must_use]
    pub fn new(api: impl BotApi + 'static) -> Self {
        Self(Arc::new(api))
    }

    /// Sends a message to a chat.
    pub async fn send(&self, chat: i64, message: &Outgoing) -> Answer<Sent> {
        let mut body = message.body();
        body["chat_id"] = chat.into();
        self.plainly("sendMessage", body).await
    }

    /// Makes a message another one.
    pub async fn edit(&self, chat: i64, message_id: i64, message: &Outgoing) -> Answer<()> {
        let mut body = message.body();
        body["chat_id"] = chat.into();
        body["message_id"] = message_id.into();
        self.plainly::<Value>("editMessageText", body).await.map(drop)
    }

    /// Answers a tap on a button with a few words.
    pub async fn answer_tap(&self, tap: &str, words: &str) -> Answer<()> {
        let body = json!({ "callback_query_id": tap, "text": words });
        self.ask::<Value>("answerCallbackQuery", body, WITHIN).await.map(drop)
    }

    /// An address at which somebody pays. Each call makes another one.
    pub async fn bill(&self, bill: &Bill) -> Answer<String> {
        let body = json!({
            "title": bill.title,
            "description": bill.description,
            "payload": bill.payload,
            "provider_token": bill.provider_token,
            "currency": bill.currency,
            "prices": [{ "label": bill.title, "amount": bill.amount_minor }],
        });
        self.ask("createInvoiceLink", body, WITHIN).await
    }

    /// A page of the stars that have come and gone, oldest first; at most 100 entries.
    pub async fn star_transactions(&self, offset: u32, limit: u32) -> Answer<Vec<StarTransaction>> {
        let body = json!({ "offset": offset, "limit": limit });
        let page = self.ask::<StarTransactions>("getStarTransactions", body, WITHIN).await;
        page.map(|page| page.transactions)
    }

    /// Gives the stars of a charge back, all of them.
    pub async fn refund_stars(&self, payer: i64, charge: &str) -> Answer<()> {
        let body = json!({ "user_id": payer, "telegram_payment_charge_id": charge });
        self.ask::<Value>("refundStarPayment", body, WITHIN).await.map(drop)
    }

    /// Lets somebody pay, or says why not.
    pub async fn answer_checkout(&self, query: &str, refusal: Option<&str>) -> Answer<()> {
        let mut body = json!({ "pre_checkout_query_id": query, "ok": refusal.is_none() });
        if let Some(refusal) = refusal {
            body["error_message"] = refusal.into();
        }
        self.ask::<Value>("answerPreCheckoutQuery", body, WITHIN).await.map(drop)
    }

    /// Waits for updates from this number on, so long at most; `None` takes whatever there is.
    pub async fn updates(&self, from: Option<i64>, patience: Duration) -> Answer<Vec<Value>> {
        let mut body = json!({
            "timeout": patience.as_secs(), "limit": 100, "allowed_updates": ALLOWED_UPDATES,
        });
        if let Some(from) = from {
            body["offset"] = from.into();
        }
        self.ask("getUpdates", body, patience + WITHIN).await
    }

    /// Has updates sent to an address, with a secret that shows that they come from Telegram.
    pub async fn set_webhook(&self, url: &str, secret: &str) -> Answer<()> {
        let body = json!({
            "url": url, "secret_token": secret, "allowed_updates": ALLOWED_UPDATES, "max_connections": 40,
        });
        self.ask::<Value>("setWebhook", body, WITHIN).await.map(drop)
    }

    /// Has updates kept until they are asked for.
    pub async fn delete_webhook(&self) -> Answer<()> {
        self.ask::<Value>("deleteWebhook", json!({ "drop_pending_updates": false }), WITHIN).await.map(drop)
    }

    /// What Telegram says of the webhook.
    pub async fn webhook_info(&self) -> Answer<Value> {
        self.ask("getWebhookInfo", json!({}), WITHIN).await
    }

    /// Who the bot is.
    pub async fn me(&self) -> Answer<Me> {
        self.ask("getMe", json!({}), WITHIN).await
    }

    /// What people see when they begin to type a command; in a language, or for all others.
    pub async fn set_commands(&self, language: Option<&str>, commands: &[(&str, &str)]) -> Answer<()> {
        let commands: Vec<_> = commands
            .iter()
            .map(|(command, description)| json!({ "command": command, "description": description }))
            .collect();
        let mut body = json!({ "commands": commands });
        if let Some(language) = language {
            body["language_code"] = language.into();
        }
        self.ask::<Value>("setMyCommands", body, WITHIN).await.map(drop)
    }

    /// The button beside the field where people type: it opens the app.
    pub async fn set_menu_button(&self, text: &str, url: &str) -> Answer<()> {
        let button = json!({ "type": "web_app", "text": text, "web_app": { "url": url } });
        self.ask::<Value>("setChatMenuButton", json!({ "menu_button": button }), WITHIN).await.map(drop)
    }

    /// Calls; without entities again if the server knows one of them not.
    async fn plainly<T: DeserializeOwned>(&self, method: &'static str, mut body: Value) -> Answer<T> {
        let answer = self.ask(method, body.clone(), WITHIN).await;
        match &answer {
            Answer::Refused(refusal) if refusal.is_about_entities() => {
                if let Some(body) = body.as_object_mut() {
                    body.remove("entities");
                }
                self.ask(method, body, WITHIN).await
            }
            _ => answer,
        }
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        method: &'static str,
        body: Value,
        within: Duration,
    ) -> Answer<T> {
        let answer = self.0.call(method, body, within).await;
        let answer = match answer {
            Answer::Done(value) => match serde_json::from_value(value) {
                Ok(value) => Answer::Done(value),
                Err(error) => Answer::Unknown(format!("the result of {method} cannot be read: {error}")),
            },
            Answer::Refused(refusal) => Answer::Refused(refusal),
            Answer::Unsent(why) => Answer::Unsent(why),
            Answer::Unknown(why) => Answer::Unknown(why),
        };
        let outcome = answer.word();
        metrics::counter!("peerpack_bot_calls_total", "method" => method, "outcome" => outcome).increment(1);
        answer
    }
}
