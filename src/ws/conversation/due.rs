//! What a session does because its time has come: pings, presence, the end of a token, patience that is over.

use std::time::Duration;

use tokio::time::Instant;

use super::{Conversation, GOODBYE_WITHIN, Hold};
use crate::edge::close;
use crate::edge::outbox::Ending;
use crate::ws::elsewhere::PRESENT_FOR;
use crate::ws::wire::{Degraded, ServerMessage};

/// How long it may take to answer.
const PONG_WITHIN: Duration = Duration::from_secs(8);

/// A deadline that is noticed so late says more about this thread than about the peer.
const HELD_UP: Duration = Duration::from_secs(1);

/// How long the peer may take nothing of what is written.
const STALLED_FOR: Duration = Duration::from_secs(10);

/// How often presence is renewed.
const PRESENT_EVERY: Duration = Duration::from_secs(30);

/// When something is due.
pub(super) struct Times {
    pub(super) ping: Instant,
    pub(super) pong: Option<Instant>,
    pub(super) presence: Instant,
    pub(super) expiry: Instant,
    pub(super) hold: Option<Instant>,
    pub(super) well_again: Option<Instant>,
    pub(super) watch: Option<Instant>,
    pub(super) over: Option<Instant>,
}

impl Times {
    /// When the next thing is due.
    pub(super) fn next(&self, stalled_since: Option<Instant>) -> Instant {
        let stalled = stalled_since.map(|since| since + STALLED_FOR);
        if self.over.is_some() {
            return self.over.into_iter().chain(stalled).min().unwrap_or(self.ping);
        }
        let always = self.ping.min(self.presence).min(self.expiry);
        [self.pong, self.hold, self.well_again, self.watch, stalled]
            .into_iter()
            .flatten()
            .fold(always, Instant::min)
    }
}

impl Conversation {
    /// Does what is due; whether the connection goes on.
    pub(super) fn look_at_the_clock(&mut self) -> bool {
        let now = Instant::now();
        if self.line.stalled_since().is_some_and(|since| since + STALLED_FOR <= now) {
            metrics::counter!("peerpack_ws_stuck_total").increment(1);
            tracing::debug!(user = %self.user, "the peer does not read");
            return false;
        }
        if self.membership.is_none() {
            return true;
        }
        let is_due = |at: Option<Instant>| at.is_some_and(|at| at <= now);
        if let Some(at) = self.times.pong.filter(|at| *at <= now) {
            if now.duration_since(at) < HELD_UP {
                self.end(close::TOO_SLOW, "no answer to a ping");
            } else {
                // It was this thread that was held up: the answer may be here, and not read yet.
                self.times.pong = Some(now + PONG_WITHIN);
            }
        } else if is_due(Some(self.times.expiry)) {
            self.times.expiry = now + GOODBYE_WITHIN;
            self.outbox.end(Ending::new(close::TOKEN_EXPIRED, "the access token has expired"));
        }
        if is_due(Some(self.times.ping)) {
            self.line.ping();
            self.times.ping = now + self.app.config.ping_every();
            // Since the first that was not answered.
            self.times.pong.get_or_insert(now + PONG_WITHIN);
        }
        if is_due(Some(self.times.presence)) {
            self.app.presence.set_present(self.user, self.app.clock.now(), PRESENT_FOR);
            if let Some(membership) = &self.membership {
                membership.renew();
            }
            self.times.presence = now + PRESENT_EVERY;
        }
        if is_due(self.times.hold) {
            self.release(Hold::Start);
        }
        if is_due(self.times.watch) {
            self.look_after_watched();
        }
        if is_due(self.times.well_again) {
            self.times.well_again = None;
            self.say(&ServerMessage::Degraded(Degraded { degraded: false }));
        }
        true
    }
}
