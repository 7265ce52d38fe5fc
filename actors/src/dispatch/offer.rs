//! An order that is shown to one courier on duty, for a few seconds.

use serde::{Deserialize, Serialize};

use crate::ids::{OfferId, UserId};
use crate::time::Time;

/// Why this courier, in figures.
#[derive(Clone, Copy, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Reckoning {
    /// How soon the courier can be at the pickup, seconds.
    pub eta_s: u32,
    /// How long the way to the pickup is, metres.
    pub way_m: u32,
    /// What the rule has weighed the courier with: the lowest is asked first. 0 where nothing was weighed.
    pub cost: f64,
}

/// An offer of an order to a courier.
#[derive(Clone, PartialEq, Debug)]
pub struct Offer {
    /// Its id.
    pub id: OfferId,
    /// The courier who is asked.
    pub courier: UserId,
    /// When the courier was asked.
    pub created_at: Time,
    /// From then on it is too late for an answer.
    pub expires_at: Time,
    /// How far the search reached then: who has let an offer run out is asked again when it reaches farther.
    pub round: u32,
    /// What has made the engine ask this courier.
    pub reckoning: Reckoning,
    /// What has become of it.
    pub state: OfferState,
}

/// What has become of an offer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum OfferState {
    /// The courier may still answer.
    Pending,
    /// The courier has taken the order.
    Accepted {
        /// When the courier accepted.
        at: Time,
    },
    /// The courier does not want it.
    Declined {
        /// When the courier declined.
        at: Time,
        /// In the courier's words; may be empty.
        reason: String,
    },
    /// The courier has said nothing in time.
    Expired {
        /// When it was ended.
        at: Time,
    },
    /// The order was called off, or staff has decided otherwise.
    Withdrawn {
        /// When it was withdrawn.
        at: Time,
    },
}

impl OfferState {
    /// The word on the wire and in the store.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Accepted { .. } => "accepted",
            Self::Declined { .. } => "declined",
            Self::Expired { .. } => "expired",
            Self::Withdrawn { .. } => "withdrawn",
        }
    }

    /// When it ended; `None` while the courier may answer.
    #[must_use]
    pub const fn at(&self) -> Option<Time> {
        match self {
            Self::Pending => None,
            Self::Accepted { at }
            | Self::Declined { at, .. }
            | Self::Expired { at }
            | Self::Withdrawn { at } => Some(*at),
        }
    }
}
