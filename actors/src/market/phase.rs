//! Where requests, packages and trips stand, in one word each: as it is on the wire and in the store. A state
//! knows more: when, by whom, with whom.

use serde::{Deserialize, Serialize};

/// Where a request stands.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema), schema(as = RequestState))]
#[serde(rename_all = "snake_case")]
pub enum RequestPhase {
    /// Waiting for the other party.
    Pending,
    /// The courier has agreed; the choice among those who have is not made.
    Agreed,
    /// A deal: the package, the room and the money are bound.
    Accepted,
    /// The courier has the package.
    PickedUp,
    /// The courier has handed it over.
    Delivered,
    /// The sender has confirmed the delivery, or it counts as confirmed.
    Confirmed,
    /// The other party said no.
    Declined,
    /// Nobody answered in time.
    Expired,
    /// Taken back by the party who started it, or with its package or trip.
    Withdrawn,
    /// Another courier got the package.
    Taken,
    /// A deal that was called off.
    Cancelled,
    /// The sender disputes the delivery.
    Disputed,
}

impl RequestPhase {
    /// The word on the wire and in the store.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Agreed => "agreed",
            Self::Accepted => "accepted",
            Self::PickedUp => "picked_up",
            Self::Delivered => "delivered",
            Self::Confirmed => "confirmed",
            Self::Declined => "declined",
            Self::Expired => "expired",
            Self::Withdrawn => "withdrawn",
            Self::Taken => "taken",
            Self::Cancelled => "cancelled",
            Self::Disputed => "disputed",
        }
    }
}

/// Where a package stands.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema), schema(as = PackageState))]
#[serde(rename_all = "snake_case")]
pub enum PackagePhase {
    /// A pattern to publish from.
    Template,
    /// Waiting for a courier.
    Open,
    /// A courier has it in the plan.
    Assigned,
    /// On its way.
    InTransit,
    /// The courier says that it was handed over.
    Delivered,
    /// The sender has confirmed.
    Confirmed,
    /// Called off by the sender, or not taken in time.
    Cancelled,
}

impl PackagePhase {
    /// The word on the wire and in the store.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Template => "template",
            Self::Open => "open",
            Self::Assigned => "assigned",
            Self::InTransit => "in_transit",
            Self::Delivered => "delivered",
            Self::Confirmed => "confirmed",
            Self::Cancelled => "cancelled",
        }
    }
}

/// Where a trip stands.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema), schema(as = TripState))]
#[serde(rename_all = "snake_case")]
pub enum TripPhase {
    /// Published, not departed.
    Active,
    /// The courier has departed.
    InProgress,
    /// The courier has said that the trip is over.
    Completed,
    /// The courier has called it off.
    Cancelled,
}

impl TripPhase {
    /// The word on the wire and in the store.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::InProgress => "in_progress",
            Self::Completed => "completed",
            Self::Cancelled => "cancelled",
        }
    }
}
