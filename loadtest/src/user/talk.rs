//! What a user says in chats, and how far they read.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use peerpack::client::{Closed, Connection};
use peerpack::ws::wire::{Ack, AckStatus, ChatSaid, ChatSend, ClientMessage};
use peerpack_actors::ids::UserId;
use peerpack_actors::stream::ChatMessage;
use peerpack_actors::time::Time;
use rand::RngExt;
use tokio::sync::mpsc::UnboundedReceiver;
use uuid::Uuid;

use super::{ATTEMPTS, Deed, PAUSE_US, User};
use crate::api::Failure;
use crate::measure::Metric;
use crate::oracle::Reply;
use crate::series::Rate;
use crate::shared::{Account, Phase, Shared};
use crate::talking::{Word, number, text};

/// What a user is to say, and has said without an answer so far.
pub(super) struct Voice {
    words: Option<UnboundedReceiver<Word>>,
    open: HashMap<Uuid, Open>,
}

/// Something that was not answered yet.
struct Open {
    word: Word,
    attempts: u32,
    /// Whether it is on its way, and not waiting to be repeated.
    is_sent: bool,
}

impl Voice {
    /// Of somebody who says what comes there, or of somebody who is silent.
    pub(super) fn new(words: Option<UnboundedReceiver<Word>>) -> Self {
        Self { words, open: HashMap::new() }
    }

    /// Waits for the next word; for ever, if there is none.
    pub(super) async fn next(&mut self) -> Word {
        if let Some(words) = &mut self.words
            && let Some(word) = words.recv().await
        {
            return word;
        }
        std::future::pending().await
    }
}

/// What a device calls a word: the same on every attempt, and nobody else's.
fn name(by: UserId, number: usize) -> Uuid {
    let mixed = by.uuid().as_u128().rotate_left(29) ^ ((number as u128 + 1) << 40);
    uuid::Builder::from_random_bytes(mixed.to_le_bytes()).into_uuid()
}

fn sentence(word: Word, name: Uuid) -> ChatSend {
    ChatSend {
        chat_id: word.chat,
        client_msg_id: name.to_string(),
        text: text(word.number),
        picture_id: None,
    }
}

impl User {
    /// Something is due.
    pub(super) fn begin(&mut self, word: Word, now: u64) {
        if word.is_over_http {
            tokio::spawn(say(Arc::clone(&self.shared), Arc::clone(&self.account), word));
            return;
        }
        let name = name(self.account.id, word.number);
        self.voice.open.insert(name, Open { word, attempts: 0, is_sent: false });
        self.plan(now, Deed::Utter(name));
    }

    /// Says it, perhaps again.
    pub(super) async fn utter(&mut self, socket: &mut Connection, name: Uuid) -> Result<(), Closed> {
        let Some(open) = self.voice.open.get_mut(&name) else { return Ok(()) };
        (open.attempts, open.is_sent) = (open.attempts + 1, true);
        let send = sentence(open.word, name);
        self.shared.history.lock().word_sent(name, send.chat_id, self.account.id, &send.text);
        socket.say(Some(name), &ClientMessage::ChatSend(send)).await
    }

    /// The connection is gone: what was not answered has to be said again.
    pub(super) fn cut_words(&mut self, now: u64) {
        let sent = self.voice.open.iter().filter(|(_, open)| open.is_sent);
        let sent: Vec<Uuid> = sent.map(|(name, _)| *name).collect();
        for name in sent {
            self.shared.history.lock().word_cut(name);
            self.say_again(name, now);
        }
    }

    fn say_again(&mut self, name: Uuid, now: u64) {
        let Some(open) = self.voice.open.get_mut(&name) else { return };
        open.is_sent = false;
        if open.attempts >= ATTEMPTS {
            self.shared.counts.add("messages given up");
            return self.said(name);
        }
        self.plan(now + PAUSE_US, Deed::Utter(name));
    }

    fn said(&mut self, name: Uuid) {
        if self.voice.open.remove(&name).is_some() {
            self.shared.outstanding.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// Takes an answer in, if it is one to something that was said.
    pub(super) fn hear_reply(&mut self, name: Uuid, ack: &Ack, now: u64) -> bool {
        let is_known = self.shared.history.lock().talk.words.contains_key(&name);
        if !is_known {
            return false;
        }
        let reply = reply(ack);
        self.shared.history.lock().word_answered(name, reply.clone());
        let Some(open) = self.voice.open.get(&name).filter(|open| open.is_sent) else {
            self.shared.counts.add("acks that nobody waited for");
            return true;
        };
        note(&self.shared, &reply, open.word.due_us, now);
        if reply == Reply::Unknown {
            self.say_again(name, now);
        } else {
            self.said(name);
        }
        true
    }

    /// Hears a message, decided at a time if its latency counts; reads it, perhaps.
    pub(super) fn hear_message(&mut self, message: &ChatMessage, decided: Option<Time>, now: u64) {
        if message.sender_id == self.account.id {
            return;
        }
        let shared = Arc::clone(&self.shared);
        shared.counts.add("messages told");
        shared.series.count(Rate::Said, now);
        let due_us = number(&message.content)
            .and_then(|number| shared.words_due_us.get()?.get(number).copied())
            .filter(|due_us| shared.is_measured(*due_us));
        if let (Some(due_us), Some(decided)) = (due_us, decided) {
            shared.record(Metric::MessageTold, due_us, now);
            let decided_us = shared.clock.reading_at(decided);
            shared.measures.record_between(Metric::MessageSinceDecided, decided_us, now);
        }
        if *self.phase.borrow() == Phase::Playing && self.random.random_bool(shared.talk.read) {
            self.plan(now, Deed::Mark(message.chat_id, message.seq));
        }
    }
}

/// How something was answered.
fn reply(ack: &Ack) -> Reply {
    let said = ack.data.clone().and_then(|data| serde_json::from_value::<ChatSaid>(data).ok());
    match (ack.status, said, ack.code.as_deref()) {
        (AckStatus::Ok, Some(said), _) => Reply::Sent(said.message_id, said.seq),
        (AckStatus::Ok, None, _) => Reply::Refused("an answer without a message".to_owned()),
        (AckStatus::Error, _, Some("unavailable" | "busy" | "internal")) => Reply::Unknown,
        (AckStatus::Error, _, code) => Reply::Refused(code.unwrap_or("without a code").to_owned()),
    }
}

/// Counts and measures an answer.
fn note(shared: &Shared, reply: &Reply, due_us: u64, now: u64) {
    match reply {
        Reply::Sent(..) => {
            shared.counts.add("messages acknowledged");
            if shared.is_measured(due_us) {
                shared.record(Metric::MessageAcknowledged, due_us, now);
            }
        }
        Reply::Refused(code) => shared.failed(&format!("message: {code}")),
        Reply::Unknown => shared.failed("message: unknown"),
    }
}

/// Says something over HTTP, and again until it is known what became of it.
async fn say(shared: Arc<Shared>, account: Arc<Account>, word: Word) {
    let name = name(account.id, word.number);
    let send = sentence(word, name);
    let base = &shared.targets[account.node].http;
    for _ in 0..ATTEMPTS {
        shared.touch(shared.clock.now_us());
        shared.history.lock().word_sent(name, word.chat, account.id, &send.text);
        let said = shared.api.say(base, &account.token(), &send).await;
        let reply = match &said {
            Ok((message, number)) => Reply::Sent(*message, *number),
            Err(Failure::Refused(status, code)) => Reply::Refused(format!("{status} {code}")),
            Err(Failure::Unknown(_)) => Reply::Unknown,
        };
        let now = shared.clock.now_us();
        shared.touch(now);
        if matches!(said, Err(Failure::Refused(401, _))) {
            // A token that has expired refuses the call, and says nothing of the message.
            shared.history.lock().word_cut(name);
            drop(account.renew(&shared).await);
            continue;
        }
        shared.history.lock().word_answered(name, reply.clone());
        note(&shared, &reply, word.due_us, now);
        if reply != Reply::Unknown {
            break;
        }
        tokio::time::sleep(Duration::from_micros(PAUSE_US)).await;
    }
    shared.outstanding.fetch_sub(1, Ordering::Relaxed);
}
