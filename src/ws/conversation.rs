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

use actix_web::web;
use peerpack_actors::ids::UserId;
use peerpack_actors::ports::{StreamEntry, StreamPosition};
use peerpack_actors::runtime::{Frame, SessionPort};
use tokio::time::{Instant, sleep_until};

use self::due::Times;
use self::talk::{Done, Running};
use self::watching::Watched;
use super::acks::Acks;
use super::cursor::{Cursor, Turn};
use super::limits::{Errors, resumes};
use super::line::Line;
use super::membership::Membership;
use super::peer::{Listener, Peer};
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

/// The store is well again when it has not been reported otherwise for so long.
const DEGRADED_FOR: Duration = Duration::from_secs(15);

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

/// The actor of one connection.
pub(super) struct Conversation {
    app: web::Data<App>,
    user: UserId,
    /// The language in which refusals are told.
    language: Language,
    peer: Peer,
    outbox: Arc<Outbox>,
    /// Until the session says goodbye.
    membership: Option<Membership>,
    position: StreamPosition,
    cursor: Cursor,
    hold: Option<Hold>,
    acks: Acks,
    waiting: VecDeque<ClientFrame>,
    running: Option<Box<Running>>,
    resumes: Bucket,
    errors: Errors,
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
            presence: now,
            expiry: now + Duration::from_millis(left),
            hold: Some(now + RESUME_WITHIN),
            well_again: None,
            watch: None,
        };
        let user = access.principal.user;
        Self {
            peer: Peer::new(line, Some(user), app.config.ping_every()),
            app,
            user,
            language,
            outbox,
            membership: Some(membership),
            position,
            cursor: Cursor::new(position.top),
            hold: Some(Hold::Start),
            acks: Acks::default(),
            waiting: VecDeque::new(),
            running: None,
            resumes: resumes(),
            errors: Errors::default(),
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
            if !self.peer.flush() {
                break;
            }
            if self.peer.line.has_room() && self.has_more() {
                // What was written just now is with the kernel: there is room for more.
                tokio::task::yield_now().await;
                continue;
            }
            let woken = {
                let due = self.next_due();
                tokio::select! {
                    () = self.outbox.changed() => Woken::Outbox,
                    done = talk::next(self.running.as_deref_mut()) => Woken::Command(done),
                    ready = self.peer.line.ready() => Woken::Line(ready.is_ok()),
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
        self.peer.hang_up();
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
            self.peer.line.text(&message.to_text());
        }
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
        while self.membership.is_some() && self.peer.line.has_room() {
            if let Some(entry) = self.missed.pop_front() {
                self.peer.line.text(&event_frame(entry.seq, entry.at, &entry.body));
                continue;
            }
            if self.hold.is_some() {
                break;
            }
            self.missed = VecDeque::new();
            match self.outbox.take() {
                Some(Frame::Degraded) => self.degrade(),
                Some(Frame::Event(entry)) => match self.cursor.admit(entry.seq) {
                    Turn::Next => self.peer.line.text(&event_frame(entry.seq, entry.at, &entry.body)),
                    Turn::Known => {}
                    Turn::Ahead => {
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
}

impl Listener for Conversation {
    fn peer(&mut self) -> &mut Peer {
        &mut self.peer
    }

    fn read(&mut self, text: &str) {
        self.hear(text);
    }

    fn leave(&mut self) {
        self.membership = None;
    }
}

impl Drop for Conversation {
    fn drop(&mut self) {
        self.watch_nothing();
    }
}
