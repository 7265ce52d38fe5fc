//! What one courier is doing: off duty, free, asked, or with an order.
//!
//! ```text
//! offline <-> online_idle <-> paused
//! online_idle | paused -> offered -> enroute_to_pickup -> on_trip
//! online_idle | paused -> enroute_to_pickup                             staff has named the courier
//! offered | enroute_to_pickup | on_trip -> online_idle                  declined, too late, done, called off
//! ```
//!
//! Whether the order agrees is not its business: [`Order::decide`](super::Order::decide) says what becomes of
//! both.

use serde::{Deserialize, Serialize};

use super::phase::DutyPhase;
use crate::ids::{OfferId, OrderId, RegionId, UserId};
use crate::market::load::Load;
use crate::rejection::Rejection;
use crate::time::Time;

/// The longest name of a model or number of a plate, in characters.
const MAX_WORDS: usize = 100;

/// What a courier drives.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Vehicle {
    /// Make and model.
    pub car_model: String,
    /// The number on it.
    pub plate_number: String,
    /// What it carries; a seat is a slot.
    pub capacity: Load,
}

impl Vehicle {
    /// Whether somebody can go on duty with it.
    ///
    /// # Errors
    /// The field that is missing or too long.
    pub fn check(&self) -> Result<(), Rejection> {
        for (field, words) in [("car_model", &self.car_model), ("plate_number", &self.plate_number)] {
            if words.trim().is_empty() {
                return Err(Rejection::Invalid { field, reason: "is needed to go on duty" });
            }
            if words.chars().count() > MAX_WORDS {
                return Err(Rejection::Invalid { field, reason: "is too long" });
            }
        }
        if self.capacity.slots == 0 {
            return Err(Rejection::Invalid { field: "capacity", reason: "must be at least 1" });
        }
        Ok(())
    }
}

/// What a courier is doing, and for which order.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DutyState {
    /// Not on duty.
    Offline,
    /// On duty and free.
    Idle,
    /// On duty, and not to be asked.
    Paused,
    /// Asked about an order.
    Offered {
        /// The order that the courier is asked about.
        order: OrderId,
        /// By which of its offers.
        offer: OfferId,
    },
    /// On the way to the pickup, or waiting there.
    ToPickup {
        /// The order that the courier drives for.
        order: OrderId,
    },
    /// Carries somebody or something.
    OnTrip {
        /// The order that is under way.
        order: OrderId,
    },
}

impl DutyState {
    /// The state without the order.
    #[must_use]
    pub const fn phase(self) -> DutyPhase {
        match self {
            Self::Offline => DutyPhase::Offline,
            Self::Idle => DutyPhase::OnlineIdle,
            Self::Paused => DutyPhase::Paused,
            Self::Offered { .. } => DutyPhase::Offered,
            Self::ToPickup { .. } => DutyPhase::EnrouteToPickup,
            Self::OnTrip { .. } => DutyPhase::OnTrip,
        }
    }

    /// The order that keeps the courier from others.
    #[must_use]
    pub const fn order(self) -> Option<OrderId> {
        match self {
            Self::Offered { order, .. } | Self::ToPickup { order } | Self::OnTrip { order } => Some(order),
            Self::Offline | Self::Idle | Self::Paused => None,
        }
    }

    /// The offer that the courier is asked by.
    #[must_use]
    pub const fn offer(self) -> Option<OfferId> {
        match self {
            Self::Offered { offer, .. } => Some(offer),
            Self::Offline | Self::Idle | Self::Paused | Self::ToPickup { .. } | Self::OnTrip { .. } => None,
        }
    }
}

/// A courier's duty. It is there from the first time that the courier goes on duty.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Duty {
    /// Whose it is.
    pub courier: UserId,
    /// What the courier drives.
    pub vehicle: Vehicle,
    /// Where the courier works.
    pub region: RegionId,
    /// What the courier is doing.
    pub state: DutyState,
    /// When the courier began to do that.
    pub since: Time,
    /// Counts changes; a stale writer is refused.
    pub version: i64,
}

/// What can be asked of a duty.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum DutyCommand {
    /// The courier goes on duty; somebody who is on duty and free may change vehicle and region so.
    GoOnline {
        /// The vehicle that the courier drives.
        vehicle: Vehicle,
        /// The region that the courier works in.
        region: RegionId,
    },
    /// The courier goes off duty, or has been silent for too long.
    GoOffline,
    /// The courier does not want to be asked for a while.
    Pause,
    /// The courier wants to be asked again.
    Resume,
    /// An order is offered.
    Offer {
        /// The order that it is about.
        order: OrderId,
        /// The offer by which the courier is asked.
        offer: OfferId,
        /// Whether those who pause are asked, too.
        ask_paused: bool,
    },
    /// The courier has an order: one that was offered, or that staff has given to somebody who is free.
    Take {
        /// The order that it is about.
        order: OrderId,
        /// Whether those who pause may get one.
        ask_paused: bool,
    },
    /// The ride of an order begins.
    Board {
        /// The order that it is about.
        order: OrderId,
    },
    /// The courier has nothing to do with an order any more.
    Free {
        /// The order that it is about.
        order: OrderId,
    },
}

/// What has happened to a duty.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum DutyEvent {
    /// The courier is on duty, with this vehicle in this region.
    WentOnline {
        /// The vehicle that the courier drives.
        vehicle: Vehicle,
        /// The region that the courier works in.
        region: RegionId,
        /// When the courier went on duty.
        at: Time,
    },
    /// The courier does something else.
    Moved {
        /// What the courier does from now on.
        to: DutyState,
        /// When the courier began to do that.
        at: Time,
    },
}

impl Duty {
    /// A courier goes on duty for the first time.
    ///
    /// # Errors
    /// The vehicle is not complete.
    pub fn begin(courier: UserId, vehicle: Vehicle, region: RegionId, now: Time) -> Result<Self, Rejection> {
        vehicle.check()?;
        Ok(Self { courier, vehicle, region, state: DutyState::Idle, since: now, version: 1 })
    }

    /// What follows from a command; `None` when it is already so. Changes nothing.
    ///
    /// # Errors
    /// The refusal, when what the courier is doing does not allow it.
    pub fn decide(&self, command: &DutyCommand, now: Time) -> Result<Option<DutyEvent>, Rejection> {
        use {DutyCommand as C, DutyState as S};
        let at = now.max(self.since);
        let to = match (self.state, command) {
            (S::Offline | S::Idle, C::GoOnline { vehicle, region }) => {
                vehicle.check()?;
                if self.state == S::Idle && *vehicle == self.vehicle && *region == self.region {
                    return Ok(None);
                }
                let (vehicle, region) = (vehicle.clone(), *region);
                return Ok(Some(DutyEvent::WentOnline { vehicle, region, at }));
            }
            (S::Offline, C::GoOffline) | (S::Paused, C::Pause) | (S::Idle, C::Resume) => return Ok(None),
            (S::Idle | S::Paused, C::GoOffline) => S::Offline,
            (S::Idle, C::Pause) => S::Paused,
            (S::Paused, C::Resume | C::GoOnline { .. }) => S::Idle,
            (S::Idle, C::Offer { order, offer, .. })
            | (S::Paused, C::Offer { order, offer, ask_paused: true }) => {
                S::Offered { order: *order, offer: *offer }
            }
            (S::Idle, C::Take { order, .. }) | (S::Paused, C::Take { order, ask_paused: true }) => {
                S::ToPickup { order: *order }
            }
            (S::Offered { order: of, .. }, C::Take { order, .. }) if of == *order => {
                S::ToPickup { order: *order }
            }
            (S::ToPickup { order: of }, C::Board { order }) if of == *order => S::OnTrip { order: *order },
            (state, C::Free { order }) if state.order() == Some(*order) => S::Idle,
            // Free of it already.
            (_, C::Free { .. }) => return Ok(None),
            (state, _) => {
                let (action, state) = (command.action(), state.phase().word());
                return Err(Rejection::IllegalTransition { action, state });
            }
        };
        Ok(Some(DutyEvent::Moved { to, at }))
    }

    /// Takes in what has happened.
    pub fn apply(&mut self, event: &DutyEvent) {
        match event {
            DutyEvent::WentOnline { vehicle, region, at } => {
                (self.vehicle, self.region) = (vehicle.clone(), *region);
                (self.state, self.since) = (DutyState::Idle, *at);
            }
            DutyEvent::Moved { to, at } => (self.state, self.since) = (*to, *at),
        }
        self.version += 1;
    }
}

impl DutyCommand {
    /// The step in the imperative, for people.
    #[must_use]
    pub const fn action(&self) -> &'static str {
        match self {
            Self::GoOnline { .. } => "go on duty",
            Self::GoOffline => "go off duty",
            Self::Pause => "pause the duty",
            Self::Resume => "resume the duty",
            Self::Offer { .. } => "offer the courier the order",
            Self::Take { .. } => "give the courier the order",
            Self::Board { .. } => "begin the ride",
            Self::Free { .. } => "free the courier",
        }
    }
}
