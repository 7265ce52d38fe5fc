//! What is known of a courier's habits: counts that decay by themselves, because they are lists of moments.
//!
//! The truth is in the store. A node reads it when a courier comes on duty, adds what it decides itself, and
//! reads it again after other nodes have decided something: each record says up to which version of the
//! courier's duty it goes, because whatever is counted changes the duty, too.

use std::collections::VecDeque;

use super::offer::OfferState;
use super::order::{By, Order, OrderEvent, OrderState};
use super::phase::OrderPhase;
use super::settings::Settings;
use crate::ids::UserId;
use crate::time::{Span, Time};

/// How many moments are remembered of each sort, at most: the latest.
const MAX_KEPT: usize = 256;

/// For how long moments are remembered.
pub const KEPT: Span = Span::hours(36);

/// For how long a courier's answers and orders count.
pub const COUNTED: Span = Span::days(90);

/// The record of one courier.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Record {
    /// Up to which version of the courier's duty it goes.
    pub version: i64,
    /// The mean of the ratings, 1 to 5, if there are any.
    pub rating: Option<f64>,
    /// How many offers have ended with an answer or ran out.
    pub asked: u32,
    /// How many of them were accepted.
    pub accepted: u32,
    /// How many orders the courier has had.
    pub taken: u32,
    /// How many of them the courier has called off.
    pub called_off: u32,
    offers: VecDeque<Time>,
    orders: VecDeque<Time>,
}

impl Record {
    /// Notes what the courier has done, of an order as it was before.
    pub fn learn(&mut self, courier: UserId, before: &Order, events: &[OrderEvent]) {
        for event in events {
            match event {
                OrderEvent::OfferOpened(offer) if offer.courier == courier => {
                    self.note_offer(offer.created_at);
                }
                OrderEvent::OfferEnded { id, to } => {
                    let is_own = before.offer(*id).is_some_and(|offer| offer.courier == courier);
                    match to {
                        OfferState::Pending | OfferState::Withdrawn { .. } => {}
                        to if is_own => self.note_answer(matches!(to, OfferState::Accepted { .. })),
                        _ => {}
                    }
                }
                OrderEvent::Moved { to: OrderState::Assigned { courier: given, at }, .. }
                    if *given == courier =>
                {
                    self.note_order(*at);
                }
                OrderEvent::Moved { from, to: OrderState::Cancelled, by: By::Courier(by), .. }
                    if *by == courier && *from != OrderPhase::NoShow =>
                {
                    self.note_called_off();
                }
                _ => {}
            }
        }
    }

    /// An order was offered.
    pub fn note_offer(&mut self, at: Time) {
        keep(&mut self.offers, at);
    }

    /// An offer has ended by an answer, or because there was none.
    pub const fn note_answer(&mut self, accepted: bool) {
        self.asked = self.asked.saturating_add(1);
        self.accepted = self.accepted.saturating_add(accepted as u32);
    }

    /// The courier has an order.
    pub fn note_order(&mut self, at: Time) {
        keep(&mut self.orders, at);
        self.taken = self.taken.saturating_add(1);
    }

    /// The courier has called an order off.
    pub const fn note_called_off(&mut self) {
        self.called_off = self.called_off.saturating_add(1);
    }

    /// How many offers there were after `since`.
    #[must_use]
    pub fn offers_after(&self, since: Time) -> u32 {
        after(&self.offers, since)
    }

    /// How many orders there were after `since`.
    #[must_use]
    pub fn orders_after(&self, since: Time) -> u32 {
        after(&self.orders, since)
    }

    /// The rating, or what somebody without one counts with.
    #[must_use]
    pub fn rating(&self, settings: &Settings) -> f64 {
        self.rating.unwrap_or(settings.rating)
    }

    /// The chance that the courier accepts an offer, 0 to 1, drawn towards the configured one.
    #[must_use]
    pub fn acceptance(&self, settings: &Settings) -> f64 {
        let prior = settings.prior;
        (settings.acceptance * prior + f64::from(self.accepted)) / (prior + f64::from(self.asked))
    }

    /// The share of orders that the courier calls off, 0 to 1, drawn towards none.
    #[must_use]
    pub fn cancel_rate(&self, settings: &Settings) -> f64 {
        let taken = f64::from(self.taken.max(self.called_off));
        f64::from(self.called_off) / (settings.prior + taken)
    }
}

/// Notes a moment, in order of time, and forgets what is long ago.
fn keep(moments: &mut VecDeque<Time>, at: Time) {
    let place = moments.partition_point(|known| *known <= at);
    moments.insert(place, at);
    let latest = moments.back().copied().unwrap_or(at);
    while moments.len() > MAX_KEPT || moments.front().is_some_and(|first| latest.since(*first) > KEPT) {
        moments.pop_front();
    }
}

fn after(moments: &VecDeque<Time>, since: Time) -> u32 {
    let later = moments.len() - moments.partition_point(|moment| *moment <= since);
    u32::try_from(later).unwrap_or(u32::MAX)
}
