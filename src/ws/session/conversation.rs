//! What is said on a connection: messages in, commands to the engine, acks and missed events out.
//!
//! Commands of one connection are carried out one after another, in the order they came in, while events go on.

use actix::{ActorFutureExt, AsyncContext, WrapFuture};
use actix_http::ws::Item;
use bytes::{Bytes, BytesMut};
use peerpack_actors::runtime::{Refusal, ResumeAnswer};
use tokio::time::Instant;

use super::super::acks::Known;
use super::super::commands;
use super::super::guard::{MAX_MESSAGE_BYTES, Violation};
use super::super::wire::{
    Ack, ClientFrame, ClientMessage, NotRecovered, Pong, Resume, Resumed, ServerMessage, WireError, close,
    event_frame,
};
use super::{BAD_TEXT, Hold, POLICY, Session, Socket, UNSUPPORTED};
use crate::error::ApiError;

/// The most commands that wait for each other.
const MAX_WAITING: usize = 32;

impl Session {
    pub(super) fn read(&mut self, text: &str, ctx: &mut Socket) {
        match ClientFrame::parse(text) {
            Ok(frame) => self.take_in(frame, ctx),
            Err(WireError { cmd_id, code, message }) => {
                self.say(&Ack::error(cmd_id, code, message).into(), ctx);
                if self.errors.count(Instant::now()) {
                    self.end(POLICY, "too many errors", ctx);
                }
            }
        }
    }

    fn take_in(&mut self, frame: ClientFrame, ctx: &mut Socket) {
        match frame.message {
            ClientMessage::Ping => {
                let server_time = self.app.clock.now();
                return self.say(&ServerMessage::Pong(Pong { server_time }), ctx);
            }
            ClientMessage::Resume(_) => {}
            // Whoever commands already does not want to resume first.
            _ => self.release(Hold::Start, ctx),
        }
        match frame.cmd_id.map_or(Known::New, |id| self.acks.begin(id)) {
            Known::New if self.waiting.len() >= MAX_WAITING => {
                if let Some(id) = frame.cmd_id {
                    self.acks.forget(id);
                }
                let busy = ApiError::from(Refusal::Busy);
                self.say(&Ack::error(frame.cmd_id, busy.code(), busy.message()).into(), ctx);
            }
            Known::New => {
                self.waiting.push_back(frame);
                self.next(ctx);
            }
            Known::Running => {}
            Known::Answered(ack) => ctx.text(ack),
        }
    }

    /// Carries out the next command, if none is being carried out.
    fn next(&mut self, ctx: &mut Socket) {
        if self.is_running || self.membership.is_none() {
            return;
        }
        let Some(ClientFrame { cmd_id, message }) = self.waiting.pop_front() else { return };
        self.is_running = true;
        if let ClientMessage::Resume(resume) = message {
            return self.resume(resume, ctx);
        }
        let (app, user) = (self.app.clone(), self.user);
        let outcome = async move { commands::carry_out(&app, user, message).await };
        ctx.spawn(outcome.into_actor(self).map(move |outcome, session, ctx| {
            if let Some(id) = cmd_id {
                let may_be_repeated = outcome.as_ref().is_err_and(|error| error.status().is_server_error());
                let ack = match outcome {
                    Ok(data) => Ack::ok(id, data),
                    Err(error) => Ack::error(cmd_id, error.code(), error.message()),
                };
                let text = ServerMessage::from(ack).to_text();
                if may_be_repeated {
                    session.acks.forget(id);
                } else {
                    session.acks.answer(id, &text);
                }
                if session.membership.is_some() {
                    ctx.text(text);
                }
            }
            session.is_running = false;
            session.next(ctx);
        }));
    }

    fn resume(&mut self, Resume { epoch, last_seq }: Resume, ctx: &mut Socket) {
        self.hold = Some(Hold::Resuming);
        let (app, user) = (self.app.clone(), self.user);
        let answer = async move { app.engine.resume(user, epoch, last_seq).await };
        ctx.spawn(answer.into_actor(self).map(move |answer, session, ctx| {
            match answer {
                Ok(answer) => session.resumed(last_seq, answer, ctx),
                Err(error) => {
                    tracing::debug!(user = %session.user, %error, "cannot resume");
                    session.end(close::INSUFFICIENT_STATE, "cannot say what was missed", ctx);
                }
            }
            session.is_running = false;
            session.release(Hold::Resuming, ctx);
            session.next(ctx);
        }));
    }

    fn resumed(&mut self, last_seq: u64, answer: ResumeAnswer, ctx: &mut Socket) {
        let (missed, top) = match answer {
            ResumeAnswer::Recovered { missed, top } => (missed, top),
            ResumeAnswer::Unrecoverable { reason, top } => {
                let reason = Some(match reason {
                    "epoch_changed" => NotRecovered::EpochChanged,
                    "too_many" => NotRecovered::TooMany,
                    "future_seq" => NotRecovered::FutureSeq,
                    _ => NotRecovered::TooOld,
                });
                let resumed = Resumed { recovered: false, reason, count: None, top };
                return self.say(&ServerMessage::Resumed(resumed), ctx);
            }
        };
        let Ok(after) = self.cursor.resume(last_seq, top) else {
            return self.end(close::INSUFFICIENT_STATE, "resumed too late", ctx);
        };
        let missed: Vec<_> = missed.into_iter().filter(|entry| entry.seq > after).collect();
        let count = Some(u32::try_from(missed.len()).unwrap_or(u32::MAX));
        self.say(&ServerMessage::Resumed(Resumed { recovered: true, reason: None, count, top }), ctx);
        for entry in missed {
            ctx.text(event_frame(entry.seq, entry.at, &entry.body));
        }
    }

    pub(super) fn continuation(&mut self, item: Item, ctx: &mut Socket) {
        let (bytes, is_last): (Bytes, bool) = match item {
            Item::FirstBinary(_) => return self.end(UNSUPPORTED, "only text is understood", ctx),
            Item::FirstText(bytes) => {
                self.partial = Some(BytesMut::new());
                (bytes, false)
            }
            Item::Continue(bytes) => (bytes, false),
            Item::Last(bytes) => (bytes, true),
        };
        let partial = self.partial.get_or_insert_default();
        if (partial.len() + bytes.len()) as u64 > MAX_MESSAGE_BYTES {
            return self.end_for(Violation::MessageTooBig, ctx);
        }
        partial.extend_from_slice(&bytes);
        if is_last {
            let whole = self.partial.take().unwrap_or_default();
            match std::str::from_utf8(&whole) {
                Ok(text) => self.read(text, ctx),
                Err(_) => self.end(BAD_TEXT, "not UTF-8", ctx),
            }
        }
    }
}
