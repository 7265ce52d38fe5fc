//! An order with its offers: the unit of decision. One version covers both, so anybody who holds the current
//! version knows every offer, and an acceptance decides who has the order and that nobody else is asked.
//!
//! The steps from phase to phase are a table, [`OrderPhase::next`]; every change of an order goes through it.

mod command;
mod decide;
mod draft;

use super::offer::{Offer, OfferState};
use super::phase::OrderPhase;
use super::price::{Breakdown, CancelFee, Quote};
use crate::ids::{OfferId, OrderId, UserId};
use crate::rejection::Rejection;
use crate::time::{Span, Time};

pub use command::{By, OrderCommand, OrderEvent, Outcome};
pub use draft::{Cargo, OrderDraft, OrderEnd};

/// The most offers that one order may collect, ended ones included.
pub const MAX_OFFERS: usize = 256;

/// Where an order stands, with whom.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OrderState {
    /// Being written: not placed yet.
    Draft,
    /// Placed; nobody has looked at it.
    Submitted,
    /// A dispatcher has to say what becomes of it.
    AwaitingDispatcherDecision,
    /// A dispatcher has refused it.
    Rejected,
    /// Agreed to, and not searched for yet.
    Created,
    /// The engine looks for a courier.
    Matching {
        /// Since when it looks as far as it does.
        since: Time,
        /// How often the search was widened.
        round: u32,
    },
    /// It waits for a dispatcher to name a courier, or for the engine to look again.
    ActiveQueue,
    /// One courier is asked.
    Offered {
        /// The offer that waits for an answer.
        offer: OfferId,
        /// The courier who is asked.
        courier: UserId,
        /// How often the search was widened before.
        round: u32,
    },
    /// A courier has it.
    Assigned {
        /// The courier who has the order.
        courier: UserId,
        /// When the courier got it.
        at: Time,
    },
    /// The courier is on the way to the pickup.
    DriverEnRoute {
        /// The courier who has the order.
        courier: UserId,
    },
    /// The courier waits at the pickup.
    ArrivedWaiting {
        /// The courier who has the order.
        courier: UserId,
        /// When the courier came to the pickup.
        at: Time,
    },
    /// The ride is under way.
    RideOngoing {
        /// The courier who drives.
        courier: UserId,
    },
    /// The passenger did not come.
    NoShow {
        /// The courier who has waited in vain.
        courier: UserId,
    },
    /// Something has happened on the way.
    Incident {
        /// The courier whose ride it was.
        courier: UserId,
    },
    /// The order was carried out.
    Completed {
        /// The courier who carried it out.
        courier: UserId,
    },
    /// Called off before it was carried out.
    Cancelled,
}

impl OrderState {
    /// The state without its evidence.
    #[must_use]
    pub const fn phase(self) -> OrderPhase {
        match self {
            Self::Draft => OrderPhase::Draft,
            Self::Submitted => OrderPhase::Submitted,
            Self::AwaitingDispatcherDecision => OrderPhase::AwaitingDispatcherDecision,
            Self::Rejected => OrderPhase::Rejected,
            Self::Created => OrderPhase::Created,
            Self::Matching { .. } => OrderPhase::Matching,
            Self::ActiveQueue => OrderPhase::ActiveQueue,
            Self::Offered { .. } => OrderPhase::Offered,
            Self::Assigned { .. } => OrderPhase::Assigned,
            Self::DriverEnRoute { .. } => OrderPhase::DriverEnRoute,
            Self::ArrivedWaiting { .. } => OrderPhase::ArrivedWaiting,
            Self::RideOngoing { .. } => OrderPhase::RideOngoing,
            Self::NoShow { .. } => OrderPhase::NoShow,
            Self::Incident { .. } => OrderPhase::Incident,
            Self::Completed { .. } => OrderPhase::Completed,
            Self::Cancelled => OrderPhase::Cancelled,
        }
    }

    /// The word on the wire and in the store.
    #[must_use]
    pub const fn word(self) -> &'static str {
        self.phase().word()
    }

    /// The courier who has the order, or had it when it ended; not one who is only asked.
    #[must_use]
    pub const fn courier(self) -> Option<UserId> {
        match self {
            Self::Assigned { courier, .. }
            | Self::DriverEnRoute { courier }
            | Self::ArrivedWaiting { courier, .. }
            | Self::RideOngoing { courier }
            | Self::NoShow { courier }
            | Self::Incident { courier }
            | Self::Completed { courier } => Some(courier),
            Self::Draft
            | Self::Submitted
            | Self::AwaitingDispatcherDecision
            | Self::Rejected
            | Self::Created
            | Self::Matching { .. }
            | Self::ActiveQueue
            | Self::Offered { .. }
            | Self::Cancelled => None,
        }
    }

    /// Whether a courier has the order and is not done with it.
    #[must_use]
    pub const fn has_courier(self) -> bool {
        self.courier().is_some() && self.bound().is_some()
    }

    /// Whether it is this courier who has it and is not done with it.
    #[must_use]
    pub fn is_with(self, courier: UserId) -> bool {
        self.has_courier() && self.courier() == Some(courier)
    }

    /// The courier whom the order keeps from others: one who is asked, or has it and is not done.
    #[must_use]
    pub const fn bound(self) -> Option<UserId> {
        match self {
            Self::Offered { courier, .. } => Some(courier),
            Self::NoShow { .. } | Self::Completed { .. } => None,
            state => state.courier(),
        }
    }
}

/// What has been on the way to where an order stands.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Milestones {
    /// When it first had a courier.
    pub assigned_at: Option<Time>,
    /// How long its courier waited at the pickup.
    pub waited: Span,
    /// When it was done.
    pub completed_at: Option<Time>,
    /// Why this courier got it, in words; may be empty.
    pub assignment_reason: String,
    /// Why it was refused.
    pub rejection_reason: String,
    /// What calling it off cost.
    pub cancel_fee: Option<CancelFee>,
    /// The final price.
    pub settled: Option<Breakdown>,
}

/// Who is to drive an order by the plan of a day. Nobody is bound by it: the courier is asked first once the
/// search has begun.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Reservation {
    /// For whom it is reserved.
    pub courier: UserId,
    /// When the courier is to be at the pickup.
    pub at: Time,
}

/// What somebody wants from a courier on duty, with everybody who was asked.
#[derive(Clone, PartialEq, Debug)]
pub struct Order {
    /// Its id.
    pub id: OrderId,
    /// Who wants it.
    pub passenger: UserId,
    /// What is wanted.
    pub draft: OrderDraft,
    /// What it is expected to cost.
    pub quote: Quote,
    /// Where it stands.
    pub state: OrderState,
    /// What has been on the way there.
    pub milestones: Milestones,
    /// Every offer, oldest first.
    pub offers: Vec<Offer>,
    /// Who is to drive it by the plan of a day, while nobody has it.
    pub reserved: Option<Reservation>,
    /// Counts changes of the order and its offers; a stale writer is refused.
    pub version: i64,
    /// When it was placed.
    pub created_at: Time,
    /// When it changed last.
    pub changed_at: Time,
}

impl Order {
    /// Somebody places an order.
    ///
    /// # Errors
    /// The field that is out of bounds.
    pub fn place(
        id: OrderId,
        passenger: UserId,
        draft: OrderDraft,
        quote: Quote,
        now: Time,
    ) -> Result<Self, Rejection> {
        draft.check(now)?;
        Ok(Self {
            id,
            passenger,
            draft,
            quote,
            state: OrderState::Submitted,
            milestones: Milestones::default(),
            offers: Vec::new(),
            reserved: None,
            version: 1,
            created_at: now,
            changed_at: now,
        })
    }

    /// The offer that a courier may still answer; there is one at most.
    #[must_use]
    pub fn pending(&self) -> Option<&Offer> {
        self.offers.iter().rfind(|offer| offer.state == OfferState::Pending)
    }

    /// One of its offers, ended or not.
    #[must_use]
    pub fn offer(&self, id: OfferId) -> Option<&Offer> {
        self.offers.iter().find(|offer| offer.id == id)
    }

    /// When something has to be done about it, whether or not anybody does something: its offer runs out.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Time> {
        self.pending().map(|offer| offer.expires_at)
    }

    /// How often the search was widened.
    #[must_use]
    pub const fn round(&self) -> u32 {
        match self.state {
            OrderState::Matching { round, .. } | OrderState::Offered { round, .. } => round,
            _ => 0,
        }
    }

    /// Whether this courier is not to be asked by this search: has declined, or has let an offer run out
    /// since the search was widened last.
    #[must_use]
    pub fn has_turned_down(&self, courier: UserId) -> bool {
        self.offers.iter().filter(|offer| offer.courier == courier).any(|offer| match offer.state {
            OfferState::Declined { .. } => true,
            OfferState::Expired { .. } => offer.round >= self.round(),
            OfferState::Pending | OfferState::Accepted { .. } | OfferState::Withdrawn { .. } => false,
        })
    }

    /// Takes in what has happened. All events of one outcome are one change.
    pub fn apply(&mut self, events: &[OrderEvent]) {
        if events.is_empty() {
            return;
        }
        for event in events {
            self.take(event);
        }
        self.version += 1;
    }

    fn take(&mut self, event: &OrderEvent) {
        match event {
            OrderEvent::Moved { from, to, at, description, .. } => self.go(*from, *to, *at, description),
            OrderEvent::OfferOpened(offer) => {
                self.changed_at = self.changed_at.max(offer.created_at);
                self.offers.push(offer.clone());
            }
            OrderEvent::OfferEnded { id, to } => {
                if let Some(offer) = self.offers.iter_mut().find(|offer| offer.id == *id) {
                    offer.state = to.clone();
                }
            }
            OrderEvent::Widened { round, at } => {
                self.state = OrderState::Matching { since: *at, round: *round };
                self.changed_at = *at;
            }
            OrderEvent::Quoted { quote, at } => {
                self.quote = (**quote).clone();
                self.changed_at = *at;
            }
            OrderEvent::Amended { draft, quote, at } => {
                // The plan was for what was wanted before.
                self.reserved = self.reserved.filter(|_| self.draft.is_the_same_ride(draft));
                (self.draft, self.quote) = ((**draft).clone(), (**quote).clone());
                self.changed_at = *at;
            }
            OrderEvent::Reserved { reservation, at } => {
                self.reserved = Some(*reservation);
                self.changed_at = *at;
            }
            OrderEvent::Settled(breakdown) => self.milestones.settled = Some(breakdown.clone()),
            OrderEvent::Charged(fee) => self.milestones.cancel_fee = Some(*fee),
        }
    }

    fn go(&mut self, from: OrderPhase, to: OrderState, at: Time, description: &str) {
        let was = self.state;
        (self.state, self.changed_at) = (to, at);
        let milestones = &mut self.milestones;
        if from == OrderPhase::Cancelled {
            (milestones.cancel_fee, milestones.waited) = (None, Span::default());
        }
        if !matches!(to, OrderState::Matching { .. } | OrderState::Offered { .. }) {
            self.reserved = None;
        }
        if let OrderState::ArrivedWaiting { at: arrived, .. } = was {
            milestones.waited = at.since(arrived);
        }
        match to {
            OrderState::Assigned { .. } => {
                milestones.assigned_at.get_or_insert(at);
                description.clone_into(&mut milestones.assignment_reason);
            }
            OrderState::Completed { .. } => {
                milestones.completed_at.get_or_insert(at);
            }
            OrderState::Rejected => description.clone_into(&mut milestones.rejection_reason),
            _ => {}
        }
    }

    /// How long its courier has waited at the pickup by now.
    #[must_use]
    pub fn waited(&self, now: Time) -> Span {
        match self.state {
            OrderState::ArrivedWaiting { at, .. } => now.max(at).since(at),
            _ => self.milestones.waited,
        }
    }
}
