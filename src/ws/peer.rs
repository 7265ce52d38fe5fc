//! The peer of one socket, whatever the socket is for: what it sends is counted and put together, it is
//! pinged, and it is given up if it does not answer or does not read.

use std::time::Duration;

use actix_http::ws::{CloseCode, Frame};
use peerpack_actors::ids::UserId;
use tokio::time::Instant;

use super::fragments::Fragments;
use super::limits::allowance;
use super::line::{Heard, Line};
use crate::edge::bucket::Bucket;
use crate::edge::close;

/// How long it may take to answer a ping.
const PONG_WITHIN: Duration = Duration::from_secs(8);

/// A deadline that is noticed so late says more about this thread than about the peer.
const HELD_UP: Duration = Duration::from_secs(1);

/// How long the peer may take nothing of what is written.
const STALLED_FOR: Duration = Duration::from_secs(10);

/// How long the peer may take to answer our goodbye.
pub(super) const GOODBYE_WITHIN: Duration = Duration::from_secs(2);

/// The same for one that did not even answer a ping.
const DEAD_GOODBYE_WITHIN: Duration = Duration::from_secs(1);

/// The same for one that is slow.
const SLOW_GOODBYE_WITHIN: Duration = Duration::from_secs(8);

/// Frames that are dealt with before others get their turn.
const FRAMES_AT_ONCE: usize = 32;

pub(super) const PROTOCOL: u16 = 1002;
pub(super) const UNSUPPORTED: u16 = 1003;
pub(super) const BAD_TEXT: u16 = 1007;
pub(super) const POLICY: u16 = 1008;

/// The peer, at the other end of a line.
pub(super) struct Peer {
    pub(super) line: Line,
    /// Who it is, for the log.
    user: Option<UserId>,
    ping_every: Duration,
    allowance: Bucket,
    fragments: Fragments,
    /// When it is pinged next.
    ping: Instant,
    /// When it should have answered.
    pong: Option<Instant>,
    /// When it should have answered our goodbye, once that is said.
    over: Option<Instant>,
}

impl Peer {
    pub(super) fn new(line: Line, user: Option<UserId>, ping_every: Duration) -> Self {
        Self {
            line,
            user,
            ping_every,
            allowance: allowance(),
            fragments: Fragments::default(),
            // At a random moment first, so that a crowd that came together is not pinged together.
            ping: Instant::now() + ping_every.mul_f64(rand::random()),
            pong: None,
            over: None,
        }
    }

    /// Whether nobody has said goodbye.
    pub(super) const fn is_open(&self) -> bool {
        self.over.is_none()
    }

    /// Gives the kernel what it takes of what was written; whether the connection goes on.
    pub(super) fn flush(&mut self) -> bool {
        self.line.flush().is_ok()
            && !self.line.is_overfull()
            && self.over.is_none_or(|over| over > Instant::now())
    }

    /// When the next thing is due: a ping, its answer, the end of our patience.
    pub(super) fn next_due(&self) -> Instant {
        let stuck = self.line.stalled_since().map(|since| since + STALLED_FOR);
        let first = self.over.unwrap_or(self.ping);
        self.pong.filter(|_| self.is_open()).into_iter().chain(stuck).fold(first, Instant::min)
    }

    /// Whether it has not read for so long that it is given up without a word.
    pub(super) fn is_stuck(&self, now: Instant) -> bool {
        let is_stuck = self.line.stalled_since().is_some_and(|since| since + STALLED_FOR <= now);
        if is_stuck {
            metrics::counter!("peerpack_ws_stuck_total").increment(1);
            tracing::debug!(user = self.user.map(tracing::field::display), "the peer does not read");
        }
        is_stuck
    }

    /// Pings it when it is time; `false` if it has not answered the last ping.
    pub(super) fn keep_alive(&mut self, now: Instant) -> bool {
        if let Some(at) = self.pong.filter(|at| *at <= now) {
            if now.duration_since(at) < HELD_UP {
                return false;
            }
            // It was this thread that was held up: the answer may be here, and not read yet.
            self.pong = Some(now + PONG_WITHIN);
        }
        if self.ping <= now {
            self.line.ping();
            self.ping = now + self.ping_every;
            // Since the first that was not answered.
            self.pong.get_or_insert(now + PONG_WITHIN);
        }
        true
    }

    /// Ends the line: at once if the peer does not read.
    pub(super) fn hang_up(&self) {
        if self.line.stalled_since().is_some() {
            self.line.cut();
        }
    }

    fn say_goodbye(&mut self, code: u16, reason: &str) {
        metrics::counter!("peerpack_ws_closed_total", "code" => code.to_string()).increment(1);
        let user = self.user.map(tracing::field::display);
        tracing::debug!(user, code, reason, "closing a connection");
        self.line.close(code, reason);
        let patience = match (code, self.line.stalled_since()) {
            (close::TOO_SLOW, Some(_)) => SLOW_GOODBYE_WITHIN,
            (close::TOO_SLOW, None) => DEAD_GOODBYE_WITHIN,
            _ => GOODBYE_WITHIN,
        };
        self.over = Some(Instant::now() + patience);
    }
}

/// A socket that listens to its peer.
pub(super) trait Listener {
    fn peer(&mut self) -> &mut Peer;

    /// Deals with a message of the peer.
    fn read(&mut self, text: &str);

    /// Leaves those who are told of something: the connection is about to end.
    fn leave(&mut self);

    /// Says goodbye. The peer may answer; then the connection is over.
    fn end(&mut self, code: u16, reason: &str) {
        if self.peer().is_open() {
            self.leave();
            self.peer().say_goodbye(code, reason);
        }
    }

    /// Deals with what has come in; whether the connection goes on.
    fn listen(&mut self) -> bool {
        for _ in 0..FRAMES_AT_ONCE {
            match self.peer().line.hear() {
                Heard::Frame(Frame::Close(Some(reason))) if !may_be_said(reason.code) => {
                    self.end(PROTOCOL, "the close code may not be used");
                }
                Heard::Frame(Frame::Close(reason)) => {
                    if self.peer().is_open() {
                        self.leave();
                        self.peer().line.close_back(reason);
                    }
                    let _ = self.peer().line.flush();
                    return false;
                }
                Heard::Frame(frame) => self.take_frame(frame),
                Heard::Violation(violation) => self.end(violation.close_code(), &violation.to_string()),
                Heard::Malformed(error) => self.end(PROTOCOL, &error.to_string()),
                Heard::Nothing => return true,
                Heard::Gone => return false,
            }
            if !self.peer().is_open() {
                return true;
            }
        }
        true
    }

    fn take_frame(&mut self, frame: Frame) {
        let peer = self.peer();
        if !peer.is_open() {
            return;
        }
        // Only the first pong after a ping costs nothing. Every other frame is counted, because a peer that
        // reads nothing may still send much.
        let is_answer = matches!(frame, Frame::Pong(_)) && peer.pong.take().is_some();
        if !is_answer && !peer.allowance.spend(Instant::now()) {
            return self.end(close::RATE_LIMITED, "too many messages");
        }
        match frame {
            Frame::Text(bytes) => self.take_message(&bytes),
            Frame::Continuation(item) => match peer.fragments.add(item) {
                Ok(Some(whole)) => self.take_message(&whole),
                Ok(None) => {}
                Err((code, reason)) => self.end(code, &reason),
            },
            Frame::Ping(bytes) => peer.line.pong(&bytes),
            Frame::Binary(_) => self.end(UNSUPPORTED, "only text is understood"),
            Frame::Pong(_) | Frame::Close(_) => {}
        }
    }

    fn take_message(&mut self, bytes: &[u8]) {
        match std::str::from_utf8(bytes) {
            Ok(text) => self.read(text),
            Err(_) => self.end(BAD_TEXT, "not UTF-8"),
        }
    }
}

/// Whether a peer may close with a code: those that the protocol gives out, and the free ones.
pub(super) fn may_be_said(code: CloseCode) -> bool {
    matches!(u16::from(code), 1000..=1003 | 1007..=1014 | 3000..=4999)
}
