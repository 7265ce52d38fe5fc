//! What a session does because its time has come: presence, the end of a token, live events that were kept
//! back.

use std::time::Duration;

use tokio::time::Instant;

use super::{Conversation, Hold};
use crate::edge::close;
use crate::edge::outbox::Ending;
use crate::ws::elsewhere::PRESENT_FOR;
use crate::ws::peer::{GOODBYE_WITHIN, Listener as _};
use crate::ws::wire::{Degraded, ServerMessage};

/// How often presence is renewed.
const PRESENT_EVERY: Duration = Duration::from_secs(30);

/// When something is due that the peer has no part in.
pub(super) struct Times {
    pub(super) presence: Instant,
    pub(super) expiry: Instant,
    pub(super) hold: Option<Instant>,
    pub(super) well_again: Option<Instant>,
    pub(super) watch: Option<Instant>,
}

impl Conversation {
    /// When the next thing is due.
    pub(super) fn next_due(&self) -> Instant {
        let Times { presence, expiry, hold, well_again, watch } = self.times;
        let first = self.peer.next_due();
        if !self.peer.is_open() {
            return first;
        }
        [hold, well_again, watch].into_iter().flatten().fold(first.min(presence).min(expiry), Instant::min)
    }

    /// Does what is due; whether the connection goes on.
    pub(super) fn look_at_the_clock(&mut self) -> bool {
        let now = Instant::now();
        if self.peer.is_stuck(now) {
            return false;
        }
        if !self.peer.is_open() {
            return true;
        }
        if !self.peer.keep_alive(now) {
            self.end(close::TOO_SLOW, "no answer to a ping");
            return true;
        }
        let is_due = |at: Option<Instant>| at.is_some_and(|at| at <= now);
        if is_due(Some(self.times.expiry)) {
            self.times.expiry = now + GOODBYE_WITHIN;
            self.outbox.end(Ending::new(close::TOKEN_EXPIRED, "the access token has expired"));
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
