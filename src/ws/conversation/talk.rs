//! What is said on a connection: messages in, commands to the engine, acks and missed events out.
//!
//! Commands that concern one request, one chat, or one subscription, are carried out one after another, in
//! the order they came in; those that concern different ones side by side, while events go on. Each runs in a
//! task of its own: it is finished even if the connection is not there any more.

use std::borrow::Cow;
use std::future::pending;

use futures_util::StreamExt;
use futures_util::future::LocalBoxFuture;
use futures_util::stream::FuturesUnordered;
use peerpack_actors::ids::{ChatId, RequestId};
use peerpack_actors::runtime::{NotRecoverable, Refusal, ResumeAnswer};
use serde_json::Value;
use tokio::time::Instant;
use tracing::Instrument as _;
use uuid::Uuid;

use super::super::acks::Known;
use super::super::commands::{self, Refused};
use super::super::peer::{Listener as _, POLICY};
use super::super::wire::{
    Ack, ClientFrame, ClientMessage, NotRecovered, Pong, Resume, Resumed, ServerMessage, Topic, WireError,
};
use super::watching::Watched;
use super::{Conversation, Hold, OVERLOAD};
use crate::edge::close;
use crate::edge::outbox::Ending;
use crate::error::{ApiError, sentence};
use crate::texts::language::Language;

/// The most commands that wait for each other.
const MAX_WAITING: usize = 32;

/// The most commands of one connection that are carried out side by side.
const MAX_RUNNING: usize = 8;

/// When to come back, at most, if there is too much to resume now.
const RESUME_LATER_MS: u32 = 5_000;

/// Commands that are being carried out.
#[derive(Default)]
pub(super) struct Running {
    tasks: FuturesUnordered<LocalBoxFuture<'static, Box<Done>>>,
    concerned: Vec<Concern>,
}

/// What a command has to itself.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Concern {
    Request(RequestId),
    Topic(Topic),
    Chat(ChatId),
    Stream,
    Nothing,
}

/// A command that has been carried out.
pub(super) struct Done {
    concern: Concern,
    outcome: Outcome,
}

enum Outcome {
    Command(Option<Uuid>, Result<Option<Value>, Refused>),
    /// What a subscription is about; the commands are answered, the looks at what is watched are not.
    Watch(Option<Uuid>, Topic, Result<Watched, ApiError>),
    Resume(Resume, Result<ResumeAnswer, Refusal>),
}

/// The next command that is done; never, if none is being carried out.
pub(super) async fn next(running: Option<&mut Running>) -> Option<Box<Done>> {
    match running {
        Some(running) => running.tasks.next().await,
        None => pending().await,
    }
}

impl Concern {
    const fn of(message: &ClientMessage) -> Self {
        match (message, message.request_id()) {
            (ClientMessage::Resume(_), _) => Self::Stream,
            (ClientMessage::Subscribe(topic) | ClientMessage::Unsubscribe(topic), _) => Self::Topic(*topic),
            (_, Some(id)) => Self::Request(id),
            (message, None) => match message.chat_id() {
                Some(chat) => Self::Chat(chat),
                None => Self::Nothing,
            },
        }
    }
}

/// What is wrong with a frame, in a language.
fn told_in(error: &WireError, language: Language) -> String {
    match (&error.field, &error.message) {
        (Some((field, reason)), message) => {
            let refusal = ApiError::bad_request(message.as_ref()).with_field(field, reason);
            refusal.told_in(language).message().to_owned()
        }
        (None, Cow::Borrowed(message)) => sentence(message, language).to_owned(),
        (None, Cow::Owned(message)) => message.clone(),
    }
}

impl Conversation {
    /// Takes a message of the client in.
    pub(super) fn hear(&mut self, text: &str) {
        match ClientFrame::parse(text) {
            Ok(frame) => self.take_in(frame),
            Err(error) => {
                self.say(&Ack::error(error.cmd_id, error.code, &told_in(&error, self.language)).into());
                if self.errors.count(Instant::now()) {
                    self.end(POLICY, "too many errors");
                }
            }
        }
    }

    fn take_in(&mut self, mut frame: ClientFrame) {
        // A client that is being sent away commands nothing more; without an ack the command is given again
        // elsewhere.
        if !self.goes_on() {
            return;
        }
        match frame.message {
            ClientMessage::Ping => {
                let server_time = self.app.clock.now();
                return self.say(&ServerMessage::Pong(Pong { server_time }));
            }
            // It has an answer of its own.
            ClientMessage::Resume(_) => frame.cmd_id = None,
            // A client that commands already does not want to resume first.
            _ => self.release(Hold::Start),
        }
        let digest = commands::short_digest(&frame.message);
        match frame.cmd_id.map_or(Known::New, |id| self.acks.begin(id, digest)) {
            Known::New if self.waiting.len() >= MAX_WAITING => {
                if let Some(id) = frame.cmd_id {
                    self.acks.forget(id);
                }
                self.refuse(frame.cmd_id, &ApiError::from(Refusal::Busy).into());
            }
            Known::New => {
                self.waiting.push_back(frame);
                self.start_waiting();
            }
            Known::Running => {}
            Known::Other => self.refuse(frame.cmd_id, &commands::other_command()),
            Known::Answered(ack) => self.peer.line.text(&ack),
        }
    }

    /// Says that a command is not carried out; nothing is remembered of it.
    fn refuse(&mut self, cmd_id: Option<Uuid>, refused: &Refused) {
        let message = refused.told_in(self.language);
        self.say(&Ack::error(cmd_id, &refused.code, message).into());
    }

    /// Queues a command of the session's own.
    pub(super) fn carry_on(&mut self, frame: ClientFrame) {
        self.waiting.push_back(frame);
        self.start_waiting();
    }

    /// Whether the connection is not about to end.
    fn goes_on(&self) -> bool {
        self.membership.is_some() && self.outbox.ending().is_none()
    }

    /// Starts every command that waits for nothing.
    fn start_waiting(&mut self) {
        let mut next = 0;
        let mut passed: Vec<Concern> = Vec::new();
        while next < self.waiting.len() && self.goes_on() {
            let concern = Concern::of(&self.waiting[next].message);
            let concerned = self.running.as_ref().map_or(&[][..], |running| &running.concerned);
            let is_free =
                concern == Concern::Nothing || !(concerned.contains(&concern) || passed.contains(&concern));
            if concerned.len() >= MAX_RUNNING {
                break;
            }
            if !is_free {
                passed.push(concern);
                next += 1;
                continue;
            }
            if let Some(frame) = self.waiting.remove(next) {
                self.start(concern, frame);
            }
        }
        if self.waiting.is_empty() {
            self.waiting = std::collections::VecDeque::new();
        }
    }

    fn start(&mut self, concern: Concern, ClientFrame { cmd_id, message }: ClientFrame) {
        let (app, user) = (self.app.clone(), self.user);
        let task = if let ClientMessage::Resume(resume) = message {
            // One connection's must not use up those of everybody.
            if !self.resumes.spend(Instant::now()) {
                return self.outbox.end(Ending::new(close::RATE_LIMITED, "too many resumes"));
            }
            if !app.sockets.admits_resume() {
                metrics::counter!("peerpack_ws_refused_total", "why" => "resumes").increment(1);
                let retry_after_ms = Some(rand::random_range(500..RESUME_LATER_MS));
                return self.outbox.end(Ending {
                    code: OVERLOAD,
                    reason: "too many resumes",
                    retry_after_ms,
                });
            }
            self.hold = Some(Hold::Resuming);
            self.times.hold = None;
            actix_web::rt::spawn(async move {
                Outcome::Resume(resume, app.engine.resume(user, resume.epoch, resume.last_seq).await)
            })
        } else if let ClientMessage::Subscribe(topic) = message {
            actix_web::rt::spawn(async move {
                Outcome::Watch(cmd_id, topic, Watched::find(&app, user, topic).await)
            })
        } else if let ClientMessage::Unsubscribe(topic) = message {
            self.unwatch(topic);
            return self.acknowledge(cmd_id, Ok(None));
        } else {
            let cmd = cmd_id.map(tracing::field::display);
            let span = tracing::info_span!("command", cmd, %user, kind = message.kind());
            let carried = async move { commands::carry_out(&app, user, cmd_id, message).await };
            actix_web::rt::spawn(async move { Outcome::Command(cmd_id, carried.instrument(span).await) })
        };
        let resume = Resume { epoch: 0, last_seq: 0 };
        let done = async move {
            let died = |_| match concern {
                Concern::Stream => Outcome::Resume(resume, Err(Refusal::Busy)),
                Concern::Request(_) | Concern::Topic(_) | Concern::Chat(_) | Concern::Nothing => {
                    Outcome::Command(cmd_id, Err(ApiError::internal(&"a command died").into()))
                }
            };
            Box::new(Done { concern, outcome: task.await.unwrap_or_else(died) })
        };
        let running = self.running.get_or_insert_default();
        running.concerned.push(concern);
        running.tasks.push(Box::pin(done));
    }

    /// Answers a command that is done, and starts those that waited for it.
    pub(super) fn finish(&mut self, done: Option<Box<Done>>) {
        if let (Some(Done { concern, .. }), Some(running)) = (done.as_deref(), &mut self.running)
            && let Some(at) = running.concerned.iter().position(|one| one == concern)
        {
            running.concerned.swap_remove(at);
        }
        if self.running.as_ref().is_some_and(|running| running.tasks.is_empty()) {
            self.running = None;
        }
        match done.map(|done| done.outcome) {
            Some(Outcome::Command(cmd_id, outcome)) => self.acknowledge(cmd_id, outcome),
            Some(Outcome::Watch(cmd_id, topic, found)) => {
                let outcome = self.watched(topic, found);
                self.acknowledge(cmd_id, outcome.map_err(Refused::from));
            }
            Some(Outcome::Resume(resume, answer)) => {
                match answer {
                    Ok(answer) => self.resumed(resume.last_seq, answer),
                    Err(error) => {
                        tracing::debug!(user = %self.user, %error, "cannot resume");
                        self.end(close::INSUFFICIENT_STATE, "cannot say what was missed");
                    }
                }
                self.release(Hold::Resuming);
            }
            None => {}
        }
        self.start_waiting();
    }

    fn acknowledge(&mut self, cmd_id: Option<Uuid>, outcome: Result<Option<Value>, Refused>) {
        let Some(id) = cmd_id else { return };
        let leaves_nothing = outcome.as_ref().is_err_and(Refused::leaves_nothing);
        let ack = match outcome {
            Ok(data) => Ack::ok(id, data),
            Err(refused) => Ack::error(cmd_id, &refused.code, refused.told_in(self.language)),
        };
        let text = ServerMessage::from(ack).to_text();
        if leaves_nothing {
            self.acks.forget(id);
        } else {
            self.acks.answer(id, &text);
        }
        if self.membership.is_some() {
            self.peer.line.text(&text);
        }
    }

    fn resumed(&mut self, last_seq: u64, answer: ResumeAnswer) {
        let (missed, top) = match answer {
            ResumeAnswer::Recovered { missed, top } => (missed, top),
            ResumeAnswer::Unrecoverable { reason, top } => {
                let reason = Some(match reason {
                    NotRecoverable::EpochChanged => NotRecovered::EpochChanged,
                    NotRecoverable::TooMany => NotRecovered::TooMany,
                    NotRecoverable::FutureSeq => NotRecovered::FutureSeq,
                    NotRecoverable::TooOld => NotRecovered::TooOld,
                });
                let resumed = Resumed { recovered: false, reason, count: None, top };
                return self.say(&ServerMessage::Resumed(resumed));
            }
        };
        let Ok(after) = self.cursor.resume(last_seq, top) else {
            return self.end(close::INSUFFICIENT_STATE, "resumed too late");
        };
        let missed: Vec<_> = missed.into_iter().filter(|entry| entry.seq > after).collect();
        let count = Some(u32::try_from(missed.len()).unwrap_or(u32::MAX));
        self.say(&ServerMessage::Resumed(Resumed { recovered: true, reason: None, count, top }));
        self.missed.extend(missed);
    }
}
