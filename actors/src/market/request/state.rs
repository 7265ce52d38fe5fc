//! The states of a request.

use super::Party;
use crate::ids::UserId;
use crate::market::phase::RequestPhase;
use crate::money::ledger::EscrowState;
use crate::time::Time;

/// Where a request stands. Each state carries the evidence of its step.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum RequestState {
    /// Waiting for the other party.
    Pending,
    /// The courier has agreed; the engine has not chosen among those who have. Nothing is held yet.
    Agreed {
        /// When the courier agreed.
        at: Time,
    },
    /// A deal: the package, the room and the money are bound.
    Accepted {
        /// When the deal was made.
        at: Time,
    },
    /// The courier has the package.
    PickedUp {
        /// When the courier took the package over.
        at: Time,
    },
    /// The courier has handed it over.
    Delivered {
        /// When the courier handed it over.
        at: Time,
    },
    /// The sender has confirmed the delivery, or it counts as confirmed.
    Confirmed {
        /// When the delivery was confirmed.
        at: Time,
        /// The operator who decided so, if one did.
        operator: Option<UserId>,
    },
    /// The other party said no.
    Declined {
        /// When it was declined.
        at: Time,
        /// In the decliner's words.
        reason: Option<String>,
    },
    /// Nobody answered in time.
    Expired {
        /// When its time was over.
        at: Time,
    },
    /// Taken back by the party who started it, or with its package or trip.
    Withdrawn {
        /// When it was taken back.
        at: Time,
    },
    /// Another courier got the package.
    Taken {
        /// When another courier got the package.
        at: Time,
    },
    /// A deal called off before pickup, or ended by an operator in the sender's favour.
    Cancelled {
        /// When the deal was called off.
        at: Time,
        /// By whom; whose favour it was in if an operator decided.
        by: Party,
        /// The operator who decided so, if one did.
        operator: Option<UserId>,
    },
    /// The sender says it was not delivered as agreed, or not at all.
    Disputed {
        /// When the dispute began.
        at: Time,
        /// In the sender's words.
        reason: String,
    },
}

impl RequestState {
    /// The state without its evidence.
    #[must_use]
    pub const fn phase(&self) -> RequestPhase {
        match self {
            Self::Pending => RequestPhase::Pending,
            Self::Agreed { .. } => RequestPhase::Agreed,
            Self::Accepted { .. } => RequestPhase::Accepted,
            Self::PickedUp { .. } => RequestPhase::PickedUp,
            Self::Delivered { .. } => RequestPhase::Delivered,
            Self::Confirmed { .. } => RequestPhase::Confirmed,
            Self::Declined { .. } => RequestPhase::Declined,
            Self::Expired { .. } => RequestPhase::Expired,
            Self::Withdrawn { .. } => RequestPhase::Withdrawn,
            Self::Taken { .. } => RequestPhase::Taken,
            Self::Cancelled { .. } => RequestPhase::Cancelled,
            Self::Disputed { .. } => RequestPhase::Disputed,
        }
    }

    /// The word on the wire and in the store.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        self.phase().word()
    }

    /// When the request entered this state; `None` while pending.
    #[must_use]
    pub const fn at(&self) -> Option<Time> {
        match self {
            Self::Pending => None,
            Self::Agreed { at }
            | Self::Accepted { at }
            | Self::PickedUp { at }
            | Self::Delivered { at }
            | Self::Confirmed { at, .. }
            | Self::Declined { at, .. }
            | Self::Expired { at }
            | Self::Withdrawn { at }
            | Self::Taken { at }
            | Self::Cancelled { at, .. }
            | Self::Disputed { at, .. } => Some(*at),
        }
    }

    /// Whether somebody may still accept.
    #[must_use]
    pub const fn is_pending(&self) -> bool {
        matches!(self, Self::Pending)
    }

    /// Whether nothing can happen to the request any more.
    #[must_use]
    pub const fn is_over(&self) -> bool {
        !matches!(
            self,
            Self::Pending
                | Self::Agreed { .. }
                | Self::Accepted { .. }
                | Self::PickedUp { .. }
                | Self::Delivered { .. }
                | Self::Disputed { .. }
        )
    }

    /// Whether the request may still become a deal: nobody has answered, or the choice has not been made.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        matches!(self, Self::Pending | Self::Agreed { .. })
    }

    /// Whether the request is a deal that holds its package and takes room on its trip: at most one per
    /// package.
    #[must_use]
    pub const fn is_deal(&self) -> bool {
        matches!(
            self,
            Self::Accepted { .. }
                | Self::PickedUp { .. }
                | Self::Delivered { .. }
                | Self::Confirmed { .. }
                | Self::Disputed { .. }
        )
    }

    /// Whether the request is a deal or was one.
    #[must_use]
    pub const fn was_deal(&self) -> bool {
        self.is_deal() || matches!(self, Self::Cancelled { .. })
    }

    /// The operator who decided so, if one did.
    #[must_use]
    pub const fn operator(&self) -> Option<UserId> {
        match self {
            Self::Confirmed { operator, .. } | Self::Cancelled { operator, .. } => *operator,
            _ => None,
        }
    }

    /// Where the money of a request in this state lies.
    #[must_use]
    pub const fn escrow(&self) -> EscrowState {
        match self {
            Self::Accepted { .. } | Self::PickedUp { .. } => EscrowState::Held,
            Self::Delivered { .. } | Self::Disputed { .. } => EscrowState::Pending,
            Self::Confirmed { .. } => EscrowState::Released,
            Self::Cancelled { .. } => EscrowState::Refunded,
            Self::Pending
            | Self::Agreed { .. }
            | Self::Declined { .. }
            | Self::Expired { .. }
            | Self::Withdrawn { .. }
            | Self::Taken { .. } => EscrowState::None,
        }
    }
}
