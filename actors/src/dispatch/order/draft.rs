//! What somebody orders, and its bounds.

use serde::{Deserialize, Serialize};

use crate::dispatch::price::{Extras, Ride};
use crate::ids::RegionId;
use crate::market::load::Load;
use crate::place::Position;
use crate::rejection::Rejection;
use crate::time::{Span, Time};

/// How soon a stated time of pickup may be.
const MIN_AHEAD: Span = Span::hours(1);

/// How far ahead it may be.
const MAX_AHEAD: Span = Span::days(30);

/// The longest address, and the longest name of what is there, in characters.
const MAX_TITLE: usize = 500;

/// The longest note, in characters.
const MAX_NOTE: usize = 2_000;

/// An end of the way.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct OrderEnd {
    /// The address in words.
    pub title: String,
    /// What is there: a hospital, a station; may be empty.
    pub object_name: String,
    /// The point that the courier drives to.
    pub position: Position,
}

impl OrderEnd {
    /// Whether a courier would drive to the same door: within the 7 decimals that orders are stored with.
    fn is_the_same_place(&self, other: &Self) -> bool {
        (&self.title, &self.object_name, self.position.rounded())
            == (&other.title, &other.object_name, other.position.rounded())
    }
}

/// What is carried.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cargo {
    /// The passenger, and people who come along.
    Passenger,
    /// A parcel of this size.
    Parcel(Load),
}

/// What somebody orders.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct OrderDraft {
    /// Where it begins.
    pub pickup: OrderEnd,
    /// Where it ends.
    pub dropoff: OrderEnd,
    /// When the courier is wanted; `None` is now.
    pub pickup_at: Option<Time>,
    /// What is carried.
    pub cargo: Cargo,
    /// What costs something, beside the way.
    pub extras: Extras,
    /// Free words for the courier.
    pub note: String,
    /// Whose couriers may take it: see [`Regions::of`](crate::dispatch::Regions::of).
    pub region: Option<RegionId>,
    /// How far it is expected to go, and for how long.
    pub ride: Ride,
}

impl OrderDraft {
    /// What the order takes of a vehicle: a seat is a slot, and so is a companion's.
    #[must_use]
    pub const fn load(&self) -> Load {
        match self.cargo {
            Cargo::Passenger => Load { weight_g: 0, volume_ml: 0, slots: 1 + self.extras.companion as u32 },
            Cargo::Parcel(load) => load,
        }
    }

    /// Whether a courier would drive the same at the same time: a plan for one is a plan for the other.
    #[must_use]
    pub fn is_the_same_ride(&self, other: &Self) -> bool {
        self.pickup.is_the_same_place(&other.pickup)
            && self.dropoff.is_the_same_place(&other.dropoff)
            && (self.pickup_at, self.cargo, self.region) == (other.pickup_at, other.cargo, other.region)
    }

    /// Whether it may be placed now.
    ///
    /// # Errors
    /// The field that is out of bounds.
    pub fn check(&self, now: Time) -> Result<(), Rejection> {
        let invalid = |field, reason| Err(Rejection::Invalid { field, reason });
        for (field, title) in [("pickup_title", &self.pickup.title), ("dropoff_title", &self.dropoff.title)] {
            if title.trim().is_empty() {
                return invalid(field, "must not be empty");
            }
        }
        let titles = [
            ("pickup_title", &self.pickup.title, MAX_TITLE),
            ("dropoff_title", &self.dropoff.title, MAX_TITLE),
            ("pickup_object_name", &self.pickup.object_name, MAX_TITLE),
            ("dropoff_object_name", &self.dropoff.object_name, MAX_TITLE),
            ("note", &self.note, MAX_NOTE),
        ];
        for (field, words, most) in titles {
            if words.chars().count() > most {
                return invalid(field, "is too long");
            }
        }
        let ahead = self.pickup_at.map_or(MIN_AHEAD, |at| at.since(now));
        if !(MIN_AHEAD..=MAX_AHEAD).contains(&ahead) {
            return invalid("desired_pickup_time", "must be an hour to 30 days ahead, or now");
        }
        if self.load().slots == 0 {
            return invalid("seats_needed", "must be at least 1");
        }
        Ok(())
    }
}
