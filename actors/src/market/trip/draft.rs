//! What a courier publishes, and what may be wrong with it.

use serde::{Deserialize, Serialize};

use crate::market::load::{Load, MAX_WEIGHT_G};
use crate::money::Amount;
use crate::place::{PlaceId, Position, Travel};
use crate::rejection::Rejection;
use crate::time::{Span, Time};

/// The most stops a trip may have.
pub const MAX_STOPS: usize = 16;

/// The longest trip from the first departure to the last arrival.
pub const MAX_DURATION: Span = Span::days(30);

/// How far ahead a trip may be published.
pub const MAX_AHEAD: Span = Span::days(180);

/// The widest detour budget, in minutes.
pub const MAX_DETOUR_MIN: u32 = 24 * 60;

/// A point of the route where the courier stops anyway.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Stop {
    /// The named place.
    pub place: PlaceId,
    /// The exact point of the stop.
    pub position: Position,
    /// When the courier gets there; at the first stop the same as `depart`.
    pub arrive: Time,
    /// When the courier goes on; at the last stop the same as `arrive`.
    pub depart: Time,
}

/// How the courier travels.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Transport {
    /// By air.
    Plane,
    /// By rail.
    Train,
    /// In a car.
    Car,
    /// By coach.
    Bus,
    /// The courier walks.
    Foot,
}

impl Transport {
    /// The word on the wire and in the store.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Plane => "plane",
            Self::Train => "train",
            Self::Car => "car",
            Self::Bus => "bus",
            Self::Foot => "foot",
        }
    }

    /// The transport of a word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Plane, Self::Train, Self::Car, Self::Bus, Self::Foot]
            .into_iter()
            .find(|transport| transport.word() == word)
    }

    /// Whether the courier can leave the way between two stops. Trains, planes and coaches cannot.
    #[must_use]
    pub const fn can_detour(self) -> bool {
        matches!(self, Self::Car | Self::Foot)
    }

    /// Typical speed on the road in km/h, stops included.
    #[must_use]
    pub const fn speed_kmh(self) -> f64 {
        match self {
            Self::Plane => 600.0,
            Self::Train => 80.0,
            Self::Car => 70.0,
            Self::Bus => 60.0,
            Self::Foot => 5.0,
        }
    }
}

impl From<Transport> for Travel {
    fn from(transport: Transport) -> Self {
        match transport {
            Transport::Plane => Self::Air,
            Transport::Train => Self::Rail,
            Transport::Car | Transport::Bus => Self::Road,
            Transport::Foot => Self::Foot,
        }
    }
}

/// What a courier publishes.
#[derive(Clone, PartialEq, Debug)]
pub struct TripDraft {
    /// At least two stops, in order.
    pub stops: Vec<Stop>,
    /// How the courier travels.
    pub transport: Transport,
    /// Room on every leg when empty.
    pub capacity: Load,
    /// The extra way the courier accepts in all, in minutes.
    pub max_detour_min: u32,
    /// What the courier asks per parcel, if stated.
    pub price: Option<Amount>,
    /// Free words to senders.
    pub comment: String,
    /// The airport or station, in free words.
    pub airport: String,
}

impl TripDraft {
    /// Everything that keeps it from being published, field by field.
    pub fn faults(&self, now: Time) -> impl Iterator<Item = Rejection> {
        let when = |holds: bool, field, reason| holds.then_some(Rejection::Invalid { field, reason });
        let (stops, capacity) = (&self.stops, &self.capacity);
        let is_still = stops.windows(2).any(|pair| pair[0].place == pair[1].place);
        let falls = stops.iter().any(|stop| stop.depart < stop.arrive)
            || stops.windows(2).any(|pair| pair[1].arrive <= pair[0].depart);
        let departs = stops.first().map_or(now, |first| first.depart);
        let arrives = stops.last().map_or(departs, |last| last.arrive);
        let is_nothing = capacity.weight_g == 0 || capacity.volume_ml == 0 || capacity.slots == 0;
        let faults = [
            when(stops.len() < 2, "to", "a trip needs an origin and a destination"),
            when(stops.len() > MAX_STOPS, "stops", "a trip has at most 16 stops"),
            when(is_still, "to", "two stops in a row are the same place"),
            when(falls, "time", "the times along the route must rise"),
            when(departs <= now, "date", "the departure is in the past"),
            when(departs.since(now) > MAX_AHEAD, "date", "the departure is more than 180 days ahead"),
            when(arrives.since(departs) > MAX_DURATION, "time", "the trip takes more than 30 days"),
            when(is_nothing, "capacity", "must be more than zero"),
            when(capacity.weight_g > MAX_WEIGHT_G, "capacity_g", "must be at most 2000 kg"),
            when(self.max_detour_min > MAX_DETOUR_MIN, "max_detour_min", "must be at most a day"),
        ];
        faults.into_iter().flatten()
    }
}
