//! The session of one connection: an actor with a task of its own, which takes one thing at a time off its
//! line, its outbox, its commands and its clock.
//!
//! It is polled whether or not the peer reads, so it finds out by itself that a peer is dead or too slow.
//! Thin: it keeps the rules of the protocol and translates; what is said is dealt with in `talk`, and decided
//! by the engine.

mod due;
mod talk;
mod watching;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use actix_http::ws::{CloseCode, Frame as LineFrame};
use actix_web::web;
use peerpack_actors::ids::UserId;
use peerpack_actors::ports::{StreamEntry, StreamPosition};
use peerpack_actors::runtime::{Frame, SessionPort};
use tokio::time::{Instant, sleep_until};

use self::due::Times;
use self::talk::{Done, Running};
use self::watching::Watched;
use super::acks::Acks;
use super::cursor::{Cursor, Place};
use super::fragments::Fragments;
use super::limits::{Errors, allowance, resumes};
use super::line::{Heard, Line};
use super::membership::Membership;
use super::wire::{
    ChatPresence, ChatTyping, ClientFrame, Degraded, Hello, Limits, Reconnect, ServerMessage, TripLocation,
    event_frame,
};
use crate::app::App;
use crate::auth::token::Access;
use crate::bus::LastPosition;
use crate::edge::bucket::Bucket;
use crate::edge::close;
use crate::edge::outbox::{Ending, Outbox, WhisperKind};
use crate::texts::language::Language;

/// How long live events wait for a client that may want to resume first.
const RESUME_WITHIN: Duration = Duration::from_secs(1);

/// How long the peer may take to answer our goodbye.
const GOODBYE_WITHIN: Duration = Duration::from_secs(2);

/// The same for one that did not even answer a ping.
const DEAD_GOODBYE_WITHIN: Duration = Duration::from_secs(1);

/// The same for one that is slow.
const SLOW_GOODBYE_WITHIN: Duration = Duration::from_secs(8);

/// The store is well again when it has not been reported otherwise for so long.
const DEGRADED_FOR: Duration = Duration::from_secs(15);

/// Frames that are dealt with before others get their turn.
const FRAMES_AT_ONCE: usize = 32;

pub(super) const PROTOCOL: u16 = 1002;
pub(super) const UNSUPPORTED: u16 = 1003;
pub(super) const BAD_TEXT: u16 = 1007;
const POLICY: u16 = 1008;
const OVERLOAD: u16 = 1013;

/// What a session starts with. Left in the extensions of the answer that upgrades the connection.
pub(super) struct Start {
    pub(super) app: web::Data<App>,
    pub(super) access: Access,
    pub(super) outbox: Arc<Outbox>,
    pub(super) membership: Membership,
    pub(super) position: StreamPosition,
    pub(super) language: Language,
}

/// The actor.
pub(super) struct Conversation {
    app: web::Data<App>,
    user: UserId,
    /// The language in which refusals are told.
    language: Language,
    line: Line,
    outbox: Arc<Outbox>,
    /// Until the session says goodbye.
    membership: Option<Membership>,
    position: StreamPosition,
    cursor: Cursor,
    hold: Option<Hold>,
    acks: Acks,
    waiting: VecDeque<ClientFrame>,
    running: Option<Box<Running>>,
    allowance: Bucket,
    resumes: Bucket,
    errors: Errors,
    fragments: Fragments,
    /// Events of an answered resume; they go before live ones.
    missed: VecDeque<StreamEntry>,
    watched: Vec<Watched>,
    times: Times,
}

/// Why live events are kept back.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Hold {
    /// The client may want to resume first.
    Start,
    /// The missed ones go first.
    Resuming,
}

/// What the session was woken by.
enum Woken {
    Outbox,
    Line(bool),
    Command(Option<Box<Done>>),
    Time,
}

impl Conversation {
    /// Begins to talk on a line.
    pub(super) fn new(start: Start, line: Line) -> Self {
        let Start { app, access, outbox, membership, position, language } = start;
        let now = Instant::now();
        let left = u64::try_from(access.expires_at.since(app.clock.now()).ms()).unwrap_or(0);
        let times = Times {
            // At a random moment first, so that a crowd that came together is not pinged together.
            ping: now + app.config.ping_every().mul_f64(rand::random()),
            pong: None,
            presence: now,
            expiry: now + Duration::from_millis(left),
            hold: Some(now + RESUME_WITHIN),
            well_again: None,
            watch: None,
            over: None,
        };
        Self {
            app,
            user: access.principal.user,
            language,
            line,
            outbox,
            membership: Some(membership),
            position,
            cursor: Cursor::new(position.top),
            hold: Some(Hold::Start),
            acks: Acks::default(),
            waiting: VecDeque::new(),
            running: None,
            allowance: allowance(),
            resumes: resumes(),
            errors: Errors::default(),
            fragments: Fragments::default(),
            missed: VecDeque::new(),
            watched: Vec::new(),
            times,
        }
    }

    /// Talks until the connection is over. By reference: a future that owned the session would hold it twice.
    pub(super) async fn run(&mut self) {
        self.greet();
        loop {
            self.drain();
            let is_whole = self.line.flush().is_ok();
            if !is_whole
                || self.line.is_overfull()
                || self.times.over.is_some_and(|over| over <= Instant::now())
            {
                break;
            }
            if self.line.has_room() && self.has_more() {
                // What was written just now is with the kernel: there is room for more.
                tokio::task::yield_now().await;
                continue;
            }
            let woken = {
                let due = self.times.next(self.line.stalled_since());
                tokio::select! {
                    () = self.outbox.changed() => Woken::Outbox,
                    done = talk::next(self.running.as_deref_mut()) => Woken::Command(done),
                    ready = self.line.ready() => Woken::Line(ready.is_ok()),
                    () = sleep_until(due) => Woken::Time,
                }
            };
            let goes_on = match woken {
                Woken::Outbox => true,
                Woken::Line(is_alive) => is_alive && self.listen(),
                Woken::Command(done) => {
                    self.finish(done);
                    true
                }
                Woken::Time => self.look_at_the_clock(),
            };
            if !goes_on {
                break;
            }
        }
        if self.line.stalled_since().is_some() {
            self.line.cut();
        }
    }

    fn greet(&mut self) {
        let hello = Hello {
            epoch: self.position.epoch,
            top: self.position.top,
            server_time: self.app.clock.now(),
            ping_s: self.app.config.ping_s,
            limits: Limits::default(),
            session_id: Some(self.outbox.id().0.to_string()),
        };
        self.say(&ServerMessage::Hello(hello));
    }

    fn say(&mut self, message: &ServerMessage) {
        if self.membership.is_some() {
            self.line.text(&message.to_text());
        }
    }

    /// Says goodbye. The peer may answer; then the connection is over.
    fn end(&mut self, code: u16, reason: &str) {
        if self.membership.take().is_none() {
            return;
        }
        metrics::counter!("peerpack_ws_closed_total", "code" => code.to_string()).increment(1);
        tracing::debug!(user = %self.user, code, reason, "closing a connection");
        self.line.close(code, reason);
        let patience = match (code, self.line.stalled_since()) {
            (close::TOO_SLOW, Some(_)) => SLOW_GOODBYE_WITHIN,
            (close::TOO_SLOW, None) => DEAD_GOODBYE_WITHIN,
            _ => GOODBYE_WITHIN,
        };
        self.times.over = Some(Instant::now() + patience);
    }

    fn end_as(&mut self, ending: Ending) {
        if let Some(retry_after_ms) = ending.retry_after_ms {
            self.say(&ServerMessage::Reconnect(Reconnect { retry_after_ms }));
        }
        self.end(ending.code, ending.reason);
    }

    /// Whether something waits that may be written now.
    fn has_more(&self) -> bool {
        self.membership.is_some()
            && (!self.missed.is_empty() || self.hold.is_none() && !self.outbox.is_empty())
    }

    /// Writes what waits for the peer, as far as it takes it.
    fn drain(&mut self) {
        while self.membership.is_some() && self.line.has_room() {
            if let Some(entry) = self.missed.pop_front() {
                self.line.text(&event_frame(entry.seq, entry.at, &entry.body));
                continue;
            }
            if self.hold.is_some() {
                break;
            }
            self.missed = VecDeque::new();
            match self.outbox.take() {
                Some(Frame::Degraded) => self.degrade(),
                Some(Frame::Event(entry)) => match self.cursor.admit(entry.seq) {
                    Place::Next => self.line.text(&event_frame(entry.seq, entry.at, &entry.body)),
                    Place::Known => {}
                    Place::Ahead => {
                        tracing::error!(user = %self.user, seq = entry.seq, "an event is missing");
                        self.end(close::INSUFFICIENT_STATE, "an event is missing");
                    }
                },
                None => match self.outbox.take_location() {
                    Some((trip_id, LastPosition { lat, lon, at })) => {
                        self.say(&ServerMessage::TripLocation(TripLocation { trip_id, lat, lon, at }));
                    }
                    None => match self.outbox.take_whisper() {
                        Some((chat_id, WhisperKind::Typing, user_id, _)) => {
                            self.say(&ServerMessage::ChatTyping(ChatTyping { chat_id, user_id }));
                        }
                        Some((chat_id, WhisperKind::Presence, user_id, online)) => {
                            self.say(&ServerMessage::ChatPresence(ChatPresence { chat_id, user_id, online }));
                        }
                        None => break,
                    },
                },
            }
        }
        // A session that overflows has nothing left in the outbox. A command that is being carried out gets
        // its ack.
        if let Some(ending) = self.outbox.ending().filter(|_| self.running.is_none()) {
            self.end_as(ending);
        }
    }

    fn degrade(&mut self) {
        if self.times.well_again.is_none() {
            self.say(&ServerMessage::Degraded(Degraded { degraded: true }));
        }
        self.times.well_again = Some(Instant::now() + DEGRADED_FOR);
    }

    fn release(&mut self, hold: Hold) {
        if self.hold == Some(hold) {
            self.hold = None;
            self.times.hold = None;
        }
    }

    /// Deals with what has come in; whether the connection goes on.
    fn listen(&mut self) -> bool {
        for _ in 0..FRAMES_AT_ONCE {
            match self.line.hear() {
                Heard::Frame(LineFrame::Close(Some(reason))) if !may_be_said(reason.code) => {
                    self.end(PROTOCOL, "the close code may not be used");
                }
                Heard::Frame(LineFrame::Close(reason)) => {
                    if self.membership.take().is_some() {
                        self.line.close_back(reason);
                    }
                    let _ = self.line.flush();
                    return false;
                }
                Heard::Frame(frame) => self.frame(frame),
                Heard::Violation(violation) => self.end(violation.close_code(), &violation.to_string()),
                Heard::Malformed(error) => self.end(PROTOCOL, &error.to_string()),
                Heard::Nothing => return true,
                Heard::Gone => return false,
            }
            if self.membership.is_none() {
                return true;
            }
        }
        true
    }

    fn frame(&mut self, frame: LineFrame) {
        if self.membership.is_none() {
            return;
        }
        // Only the first pong after a ping costs nothing. Every other frame is counted, because a peer that
        // reads nothing may still send much.
        let is_answer = matches!(frame, LineFrame::Pong(_)) && self.times.pong.take().is_some();
        if !is_answer && !self.allowance.spend(Instant::now()) {
            return self.end(close::RATE_LIMITED, "too many messages");
        }
        match frame {
            LineFrame::Text(bytes) => match std::str::from_utf8(&bytes) {
                Ok(text) => self.read(text),
                Err(_) => self.end(BAD_TEXT, "not UTF-8"),
            },
            LineFrame::Continuation(item) => self.continuation(item),
            LineFrame::Ping(bytes) => self.line.pong(&bytes),
            LineFrame::Binary(_) => self.end(UNSUPPORTED, "only text is understood"),
            LineFrame::Pong(_) | LineFrame::Close(_) => {}
        }
    }
}

impl Drop for Conversation {
    fn drop(&mut self) {
        self.watch_nothing();
    }
}

/// Whether a peer may close with a code: those that the protocol gives out, and the free ones.
pub(super) fn may_be_said(code: CloseCode) -> bool {
    matches!(u16::from(code), 1000..=1003 | 1007..=1014 | 3000..=4999)
}
