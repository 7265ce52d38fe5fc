//! What can be asked of an order, and what follows.

use smallvec::SmallVec;

use super::{OrderDraft, OrderState, Reservation};
use crate::dispatch::duty::DutyEvent;
use crate::dispatch::offer::{Offer, OfferState, Reckoning};
use crate::dispatch::phase::OrderPhase;
use crate::dispatch::price::{Breakdown, CancelFee, Driven, Quote};
use crate::ids::{OfferId, UserId};
use crate::time::Time;

/// Who does something to an order. The caller has made sure that they are who they say.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum By {
    /// The person who has placed the order.
    Passenger(UserId),
    /// A courier.
    Courier(UserId),
    /// Somebody of the desk.
    Staff(UserId),
    /// Nobody: the engine.
    Engine,
}

impl By {
    /// The person, if it is one.
    #[must_use]
    pub const fn person(self) -> Option<UserId> {
        match self {
            Self::Passenger(user) | Self::Courier(user) | Self::Staff(user) => Some(user),
            Self::Engine => None,
        }
    }

    /// The role in one word.
    #[must_use]
    pub const fn role(self) -> &'static str {
        match self {
            Self::Passenger(_) => "passenger",
            Self::Courier(_) => "courier",
            Self::Staff(_) => "staff",
            Self::Engine => "engine",
        }
    }
}

/// What can be asked of an order.
#[derive(Clone, PartialEq, Debug)]
pub enum OrderCommand {
    /// A step of the table that needs nothing but a word: all but those to `offered` and to `assigned`.
    Move {
        /// The phase that it is to be in.
        to: OrderPhase,
        /// Who wants it.
        by: By,
        /// Why, in their words; may be empty.
        reason: String,
    },
    /// The ride is over, and this is what was driven.
    Complete {
        /// Who says so.
        by: By,
        /// What was driven.
        driven: Driven,
        /// Why, in their words; may be empty.
        reason: String,
    },
    /// The engine asks a courier.
    Offer {
        /// The id that the offer will have.
        id: OfferId,
        /// The courier who is asked.
        courier: UserId,
        /// What has made the engine ask this courier.
        reckoning: Reckoning,
    },
    /// The courier takes what was offered.
    Accept {
        /// The offer that is accepted.
        offer: OfferId,
        /// The courier, who must be the one who was asked.
        by: UserId,
    },
    /// The courier does not want what was offered.
    Decline {
        /// The offer that is declined.
        offer: OfferId,
        /// The courier, who must be the one who was asked.
        by: UserId,
        /// Why, in their words; may be empty.
        reason: String,
    },
    /// The offer ends if its time is over.
    ExpireOffer,
    /// Staff gives it to a courier who is on duty and free, and takes it from the courier who has it.
    Assign {
        /// The courier who gets it.
        courier: UserId,
        /// The member of staff.
        by: UserId,
        /// Why, in their words; may be empty.
        reason: String,
    },
    /// The same, by staff who has seen the order wait and has the best courier chosen: somebody who has it by
    /// now keeps it.
    AssignWaiting {
        /// The courier who gets it.
        courier: UserId,
        /// Whether it is taken up again if it was called off.
        takes_up: bool,
        /// The member of staff.
        by: UserId,
        /// Why, in their words; may be empty.
        reason: String,
    },
    /// Staff says who is to drive it later. It is searched for when that time comes near, and the courier is
    /// asked first. A courier who has it and has not set out is free, and what was called off is taken up
    /// again: in one change, so that what is refused changes nothing.
    Reserve {
        /// For whom, and when.
        reservation: Reservation,
        /// The member of staff.
        by: UserId,
        /// Why, in their words; may be empty.
        reason: String,
    },
    /// The same, by a plan or by staff who has seen the order wait: somebody who has it by now keeps it.
    ReserveWaiting {
        /// For whom, and when.
        reservation: Reservation,
        /// Whether it is taken up again if it was called off.
        takes_up: bool,
        /// The member of staff.
        by: UserId,
        /// Why, in their words; may be empty.
        reason: String,
    },
    /// The search has found nobody for a while, and looks farther from now on. Of several nodes that see it
    /// at once, one widens it.
    Widen {
        /// The round of the search that has found nobody.
        from: u32,
    },
    /// It is expected to cost something else: nobody has it yet.
    Requote(Box<Quote>),
    /// What is wanted is another thing: nobody has it, or is asked about it, yet.
    Amend {
        /// What is wanted from now on.
        draft: Box<OrderDraft>,
        /// What that is expected to cost.
        quote: Box<Quote>,
        /// Who wants it so.
        by: By,
    },
}

impl OrderCommand {
    /// The step in the imperative, for people.
    #[must_use]
    pub const fn action(&self) -> &'static str {
        match self {
            Self::Move { .. } => "move the order",
            Self::Complete { .. } => "complete the order",
            Self::Offer { .. } => "offer the order",
            Self::Accept { .. } => "accept the offer",
            Self::Decline { .. } => "decline the offer",
            Self::ExpireOffer => "expire the offer",
            Self::Assign { .. } | Self::AssignWaiting { .. } => "assign the order",
            Self::Reserve { .. } | Self::ReserveWaiting { .. } => "reserve the order",
            Self::Widen { .. } => "widen the search",
            Self::Requote(_) => "quote the order",
            Self::Amend { .. } => "change the order",
        }
    }
}

/// What has happened to an order.
#[derive(Clone, PartialEq, Debug)]
pub enum OrderEvent {
    /// It went one step of the table.
    Moved {
        /// The phase that it left.
        from: OrderPhase,
        /// The state that it is in now.
        to: OrderState,
        /// When the step was taken.
        at: Time,
        /// Who has moved it.
        by: By,
        /// Why; may be empty.
        description: String,
    },
    /// A courier is asked.
    OfferOpened(Offer),
    /// An offer is no longer open.
    OfferEnded {
        /// The offer that ended.
        id: OfferId,
        /// What has become of it.
        to: OfferState,
    },
    /// The search looks farther.
    Widened {
        /// How often it has looked farther, this time included.
        round: u32,
        /// When it began to look farther.
        at: Time,
    },
    /// It is expected to cost something else.
    Quoted {
        /// The new quote.
        quote: Box<Quote>,
        /// When the quote was made.
        at: Time,
    },
    /// Something else is wanted.
    Amended {
        /// What is wanted from now on.
        draft: Box<OrderDraft>,
        /// What that is expected to cost.
        quote: Box<Quote>,
        /// When it was changed.
        at: Time,
    },
    /// It is planned who is to drive it.
    Reserved {
        /// For whom, and when.
        reservation: Reservation,
        /// When that was planned.
        at: Time,
    },
    /// The final price is known.
    Settled(Breakdown),
    /// It was called off, and that costs so much.
    Charged(CancelFee),
}

/// Everything that follows from one command on one order.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Outcome {
    /// What happens to the order; empty when the command repeats what is already so.
    pub events: Vec<OrderEvent>,
    /// What happens to couriers' duties: at most one event for each of them.
    pub duties: SmallVec<[(UserId, DutyEvent); 2]>,
}

impl Outcome {
    /// Whether nothing changes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
    }
}
