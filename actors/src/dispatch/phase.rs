//! Where orders and couriers on duty stand, in one word each: as it is on the wire and in the store.

use serde::{Deserialize, Serialize};

/// Where an order stands.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema), schema(as = OrderState))]
#[serde(rename_all = "snake_case")]
pub enum OrderPhase {
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
    Matching,
    /// It waits for a dispatcher to name a courier, or for the engine to look again.
    ActiveQueue,
    /// One courier is asked.
    Offered,
    /// A courier has it.
    Assigned,
    /// The courier is on the way to the pickup.
    DriverEnRoute,
    /// The courier waits at the pickup.
    ArrivedWaiting,
    /// The ride is under way.
    RideOngoing,
    /// The passenger did not come.
    NoShow,
    /// Something has happened on the way.
    Incident,
    /// The order was carried out.
    Completed,
    /// Called off before it was carried out.
    Cancelled,
}

impl OrderPhase {
    /// Every phase, in the order of an order's life.
    pub const ALL: [Self; 16] = [
        Self::Draft,
        Self::Submitted,
        Self::AwaitingDispatcherDecision,
        Self::Rejected,
        Self::Created,
        Self::Matching,
        Self::ActiveQueue,
        Self::Offered,
        Self::Assigned,
        Self::DriverEnRoute,
        Self::ArrivedWaiting,
        Self::RideOngoing,
        Self::NoShow,
        Self::Incident,
        Self::Completed,
        Self::Cancelled,
    ];

    /// The word on the wire and in the store.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Submitted => "submitted",
            Self::AwaitingDispatcherDecision => "awaiting_dispatcher_decision",
            Self::Rejected => "rejected",
            Self::Created => "created",
            Self::Matching => "matching",
            Self::ActiveQueue => "active_queue",
            Self::Offered => "offered",
            Self::Assigned => "assigned",
            Self::DriverEnRoute => "driver_en_route",
            Self::ArrivedWaiting => "arrived_waiting",
            Self::RideOngoing => "ride_ongoing",
            Self::NoShow => "no_show",
            Self::Incident => "incident",
            Self::Completed => "completed",
            Self::Cancelled => "cancelled",
        }
    }

    /// The phase of this word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|phase| phase.word() == word)
    }

    /// The phases that may follow: the whole table. docs/dispatch.md shows it.
    #[must_use]
    pub const fn next(self) -> &'static [Self] {
        match self {
            Self::Draft => &[Self::Submitted, Self::Cancelled],
            Self::Submitted => &[
                Self::AwaitingDispatcherDecision,
                Self::Rejected,
                Self::Cancelled,
                Self::Created,
                Self::Matching,
            ],
            Self::AwaitingDispatcherDecision => {
                &[Self::ActiveQueue, Self::Matching, Self::Rejected, Self::Cancelled]
            }
            Self::Rejected => &[Self::Submitted, Self::Cancelled],
            Self::Created => &[Self::Matching, Self::Cancelled],
            Self::Matching => &[Self::Offered, Self::ActiveQueue, Self::Cancelled],
            Self::ActiveQueue => &[Self::Matching, Self::Offered, Self::Assigned, Self::Cancelled],
            Self::Offered => &[Self::Assigned, Self::Matching, Self::Cancelled],
            Self::Assigned => &[Self::DriverEnRoute, Self::Matching, Self::Cancelled],
            Self::DriverEnRoute => &[Self::ArrivedWaiting, Self::Cancelled],
            Self::ArrivedWaiting => &[Self::RideOngoing, Self::NoShow, Self::Cancelled],
            Self::RideOngoing => &[Self::Completed, Self::Incident, Self::Cancelled],
            Self::NoShow => &[Self::Cancelled],
            Self::Incident => &[Self::Completed, Self::Cancelled],
            Self::Completed => &[],
            // Staff may take it up again.
            Self::Cancelled => &[Self::Submitted, Self::ActiveQueue, Self::Matching],
        }
    }

    /// Whether this step is in the table.
    #[must_use]
    pub fn may_become(self, to: Self) -> bool {
        self.next().contains(&to)
    }

    /// Whether a courier is kept from other orders by an order in this phase.
    #[must_use]
    pub const fn binds(self) -> bool {
        matches!(
            self,
            Self::Offered
                | Self::Assigned
                | Self::DriverEnRoute
                | Self::ArrivedWaiting
                | Self::RideOngoing
                | Self::Incident
        )
    }

    /// The steps by which staff takes an order to where a courier can be named, if there are any: each is one
    /// of the table.
    #[must_use]
    pub const fn to_active_queue(self) -> Option<&'static [Self]> {
        match self {
            Self::ActiveQueue => Some(&[]),
            Self::AwaitingDispatcherDecision | Self::Matching | Self::Cancelled => Some(&[Self::ActiveQueue]),
            Self::Submitted | Self::Created | Self::Offered | Self::Assigned => {
                Some(&[Self::Matching, Self::ActiveQueue])
            }
            // The table has no other way from a courier who has set out, and nobody is told of it: of several
            // steps at once the last one counts.
            Self::DriverEnRoute | Self::ArrivedWaiting => Some(&[Self::Cancelled, Self::ActiveQueue]),
            Self::Draft
            | Self::Rejected
            | Self::RideOngoing
            | Self::NoShow
            | Self::Incident
            | Self::Completed => None,
        }
    }
}

/// What a courier is doing.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema), schema(as = DutyState))]
#[serde(rename_all = "snake_case")]
pub enum DutyPhase {
    /// Not on duty.
    Offline,
    /// On duty and free.
    OnlineIdle,
    /// Asked about an order.
    Offered,
    /// Has an order and is not at its pickup, or waits there.
    EnrouteToPickup,
    /// Carries somebody or something.
    OnTrip,
    /// On duty, and not to be asked.
    Paused,
}

impl DutyPhase {
    /// Every phase.
    pub const ALL: [Self; 6] =
        [Self::Offline, Self::OnlineIdle, Self::Offered, Self::EnrouteToPickup, Self::OnTrip, Self::Paused];

    /// The word on the wire and in the store.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Offline => "offline",
            Self::OnlineIdle => "online_idle",
            Self::Offered => "offered",
            Self::EnrouteToPickup => "enroute_to_pickup",
            Self::OnTrip => "on_trip",
            Self::Paused => "paused",
        }
    }

    /// The phase of this word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|phase| phase.word() == word)
    }
}
