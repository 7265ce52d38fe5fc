//! Whether a courier can take an order: one filter, for every list, every offer and every explanation.

use serde::{Deserialize, Serialize};

use super::board::Standing;
use super::duty::DutyState;
use super::order::Order;
use super::settings::Settings;
use crate::time::Time;

/// Why a courier cannot take an order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unfit {
    /// Is not on duty.
    OffDuty,
    /// Is asked about another order, or has one.
    Busy,
    /// Does not want to be asked.
    Paused,
    /// Has ordered it.
    OwnOrder,
    /// Has not the seats or the room.
    NoRoom,
    /// Works in another region.
    OtherRegion,
    /// Has not said where they are, or too long ago.
    NoPosition,
    /// Is rated too low.
    LowRating,
    /// Was asked too often lately.
    AskedTooOften,
    /// Has declined this order, or let it run out.
    DeclinedBefore,
    /// Is too far away, in time or by the way.
    TooFar,
    /// Is farther away than those who were weighed.
    BeyondNearest,
}

impl Unfit {
    /// Every reason.
    pub const ALL: [Self; 12] = [
        Self::OffDuty,
        Self::Busy,
        Self::Paused,
        Self::OwnOrder,
        Self::NoRoom,
        Self::OtherRegion,
        Self::NoPosition,
        Self::LowRating,
        Self::AskedTooOften,
        Self::DeclinedBefore,
        Self::TooFar,
        Self::BeyondNearest,
    ];

    /// The word on the wire.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::OffDuty => "off_duty",
            Self::Busy => "busy",
            Self::Paused => "paused",
            Self::OwnOrder => "own_order",
            Self::NoRoom => "no_room",
            Self::OtherRegion => "other_region",
            Self::NoPosition => "no_position",
            Self::LowRating => "low_rating",
            Self::AskedTooOften => "asked_too_often",
            Self::DeclinedBefore => "declined_before",
            Self::TooFar => "too_far",
            Self::BeyondNearest => "beyond_nearest",
        }
    }

    /// The reason in a sentence.
    #[must_use]
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::OffDuty => "the courier is not on duty",
            Self::Busy => "the courier is busy with another order",
            Self::Paused => "the courier has paused",
            Self::OwnOrder => "the courier has placed this order",
            Self::NoRoom => "the vehicle has no room for this order",
            Self::OtherRegion => "the courier works in another region",
            Self::NoPosition => "the courier's position is unknown or too old",
            Self::LowRating => "the courier's rating is too low",
            Self::AskedTooOften => "the courier was asked too often lately",
            Self::DeclinedBefore => "the courier has turned this order down",
            Self::TooFar => "the courier is too far away",
            Self::BeyondNearest => "other couriers are nearer",
        }
    }

    /// The reason in a sentence, where it keeps most couriers on duty from an order and nobody was named.
    #[must_use]
    pub const fn of_most(self) -> &'static str {
        match self {
            Self::OffDuty => "nobody is on duty",
            Self::Busy => "the couriers on duty are busy with other orders",
            Self::Paused => "the couriers on duty have paused",
            Self::OwnOrder => "nobody is on duty but who has placed this order",
            Self::NoRoom => "no vehicle on duty has room for this order",
            Self::OtherRegion => "the couriers on duty work in other regions",
            Self::NoPosition => "it is not known where the couriers on duty are",
            Self::LowRating => "the ratings of the couriers on duty are too low",
            Self::AskedTooOften => "the couriers on duty were asked too often lately",
            Self::DeclinedBefore => "the couriers on duty have turned this order down",
            Self::TooFar => "the couriers on duty are too far away",
            Self::BeyondNearest => "the couriers who are near cannot take this order",
        }
    }

    /// Whether staff may not give the order to the courier all the same. The rest is for the engine alone.
    #[must_use]
    pub const fn holds_for_staff(self) -> bool {
        matches!(self, Self::OffDuty | Self::Busy | Self::Paused | Self::OwnOrder | Self::NoRoom)
    }
}

/// Whether a courier can take an order, as far as the distance says nothing. The first reason counts, and
/// those that bind staff, too, come first.
///
/// # Errors
/// The reason.
pub fn check(standing: &Standing, order: &Order, settings: &Settings, now: Time) -> Result<(), Unfit> {
    let duty = &standing.duty;
    match duty.state {
        DutyState::Idle => {}
        DutyState::Paused if settings.ask_paused => {}
        DutyState::Paused => return Err(Unfit::Paused),
        DutyState::Offline => return Err(Unfit::OffDuty),
        DutyState::Offered { .. } | DutyState::ToPickup { .. } | DutyState::OnTrip { .. } => {
            return Err(Unfit::Busy);
        }
    }
    let since = now - settings.recent();
    let is_fresh = standing.track.last().is_some_and(|fix| now.since(fix.at) <= settings.position_fresh());
    let checks = [
        (duty.courier != order.passenger, Unfit::OwnOrder),
        (order.draft.load().fits(duty.vehicle.capacity), Unfit::NoRoom),
        (order.draft.region.is_none_or(|region| region == duty.region), Unfit::OtherRegion),
        (is_fresh, Unfit::NoPosition),
        (standing.record.rating(settings) >= settings.least_rating, Unfit::LowRating),
        (standing.record.offers_after(since) < settings.most_offers, Unfit::AskedTooOften),
        (!order.has_turned_down(duty.courier), Unfit::DeclinedBefore),
    ];
    checks.into_iter().find(|(fits, _)| !fits).map_or(Ok(()), |(_, unfit)| Err(unfit))
}
