//! What a user takes in.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use peerpack::ws::wire::{Ack, AckStatus, Event, EventBody, Resumed, ServerMessage};
use peerpack_actors::stream::StreamEvent;

use super::commands::note;
use super::{User, habits};
use crate::measure::Metric;
use crate::oracle::Outcome;
use crate::series::Rate;
use crate::shared::Phase;

impl User {
    pub(super) fn hear(&mut self, message: ServerMessage, now: u64) {
        match message {
            ServerMessage::Event(event) => self.hear_event(&event, now),
            ServerMessage::Ack(ack) => self.hear_ack(&ack, now),
            ServerMessage::Resumed(resumed) => self.hear_resumed(&resumed, now),
            ServerMessage::Degraded(degraded) => {
                self.shared.counts.add(if degraded.degraded {
                    "told: degraded"
                } else {
                    "told: healthy again"
                });
            }
            ServerMessage::Reconnect(_) => self.shared.counts.add("told to reconnect"),
            ServerMessage::Hello(_)
            | ServerMessage::Pong(_)
            | ServerMessage::TripLocation(_)
            | ServerMessage::ChatTyping(_)
            | ServerMessage::ChatPresence(_)
            | ServerMessage::Unknown { .. } => {}
        }
    }

    fn hear_resumed(&mut self, resumed: &Resumed, now: u64) {
        let user = self.account.id;
        if self.is_counting {
            return self.shared.history.lock().counted(user, resumed.recovered.then_some(resumed.top));
        }
        let name = if resumed.recovered { "resumes recovered" } else { "resumes not recovered" };
        self.shared.counts.add(name);
        let (recovered, count) = (resumed.recovered, resumed.count);
        self.shared.history.lock().resumed(user, self.epoch, recovered, count, resumed.top);
        self.awaits_seq = resumed.top;
        self.back(now);
    }

    /// Whether everything that was missed while the connection was gone is heard by now.
    fn back(&mut self, now: u64) {
        let Some(gone_us) = self.gone_us else { return };
        let last =
            self.shared.history.lock().streams.get(&self.account.id).map_or(0, |stream| stream.last_seq);
        if last >= self.awaits_seq {
            self.gone_us = None;
            self.shared.away.fetch_sub(1, Ordering::Relaxed);
            self.shared.record(Metric::Back, gone_us, now);
            self.shared.series.count(Rate::Back, now);
        }
    }

    fn hear_event(&mut self, event: &Event, now: u64) {
        let shared = Arc::clone(&self.shared);
        shared.touch(now);
        let is_live = shared.history.lock().told(self.account.id, event, now, shared.clock.wall_at(now));
        shared.series.count(Rate::Told, now);
        self.back(now);
        // How late a phone that slept hears of something says nothing of the server.
        let is_prompt = is_live && !self.phone.is_sleepy();
        let EventBody::Known(body) = &event.body else { return shared.counts.add("events of unknown types") };
        let since_decided = |metric| {
            if is_prompt && shared.is_measured(now) {
                shared.record(metric, shared.clock.reading_at(event.at), now);
            }
        };
        let is_of_chat = matches!(
            body.as_ref(),
            StreamEvent::ChatMessage(_) | StreamEvent::ChatMore(_) | StreamEvent::ChatRead(_)
        );
        if !is_of_chat {
            since_decided(Metric::Push);
        }
        match body.as_ref() {
            StreamEvent::ChatMessage(message) => {
                self.hear_message(message, is_prompt.then_some(event.at), now);
            }
            StreamEvent::ChatMore(_) => shared.counts.add("messages whose texts were left out"),
            StreamEvent::OfferNew(offer) => {
                shared.counts.add("offers received");
                shared.series.count(Rate::Offered, now);
                since_decided(Metric::OfferSinceDecided);
                if let (Some(number), Some(schedule)) =
                    (shared.number(&offer.package.description), shared.schedule.get())
                {
                    shared.history.lock().numbered(number, offer.package.id);
                    let is_first = is_prompt && schedule.offered(number, now);
                    if is_first && schedule.is_measured(number) {
                        let (intended, sent) = (schedule.intended_us[number], schedule.sent_us(number));
                        shared.record(Metric::FirstOffer, intended, now);
                        shared.measures.record_between(Metric::FirstOfferNaive, sent, now);
                    }
                }
            }
            StreamEvent::OfferRevoked(_) => shared.counts.add("offers revoked"),
            StreamEvent::OfferExpired(_) => shared.counts.add("offers expired"),
            StreamEvent::RequestAccepted(change) if change.sender_id == self.account.id => {
                since_decided(Metric::SenderSinceDecided);
            }
            _ => {}
        }
        if *self.phase.borrow() == Phase::Playing {
            for (wait_us, deed) in habits::reaction(body, self.account.id, shared.manners, &mut self.random) {
                self.plan(shared.manners.tick(now + wait_us, &deed), deed);
            }
        }
    }

    fn hear_ack(&mut self, ack: &Ack, now: u64) {
        self.shared.touch(now);
        let outcome = match (ack.status, ack.code.as_deref()) {
            (AckStatus::Ok, _) => Outcome::Ok,
            (AckStatus::Error, Some("unavailable" | "busy" | "internal")) => Outcome::Unknown,
            (AckStatus::Error, code) => Outcome::Refused(code.unwrap_or("without a code").to_owned()),
        };
        let Some(cmd) = ack.cmd_id else { return self.shared.counts.add("acks without a cmd_id") };
        if self.hear_reply(cmd, ack, now) {
            return;
        }
        let Some(command) = self.commands.get_mut(&cmd).filter(|command| command.is_sent).copied() else {
            // A second answer, or one to what was never asked: the oracle sees the first, this counts both.
            self.shared.counts.add("acks that nobody waited for");
            return self.shared.history.lock().answered(cmd, now, outcome);
        };
        self.shared.history.lock().answered(cmd, now, outcome.clone());
        note(&self.shared, command.what, &outcome, command.due_us, command.sent_us, now);
        if outcome == Outcome::Unknown {
            self.again(cmd, now);
        } else {
            self.done(cmd);
        }
    }
}
