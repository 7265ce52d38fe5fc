//! A trip: a route of stops, the room left on each leg, and the states of a journey.
//!
//! Leg `i` joins stop `i` to stop `i + 1`. Capacity is kept per leg, because a package may ride only a part of
//! the trip. The detour budget is measured against the trip as it was published, and what accepted packages
//! have used of it is added up here.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::load::{Load, MAX_WEIGHT_G};
use super::phase::TripPhase;
use crate::ids::{TripId, UserId};
use crate::leg::LegSpan;
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
    /// Where exactly.
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
    /// Walking.
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

/// Where a trip stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum TripState {
    /// Published, not departed.
    Active,
    /// Under way.
    InProgress {
        /// When the courier departed.
        at: Time,
    },
    /// Arrived.
    Completed {
        /// When the journey ended.
        at: Time,
    },
    /// Called off.
    Cancelled {
        /// When it was called off.
        at: Time,
    },
}

impl TripState {
    /// The state without its evidence.
    #[must_use]
    pub const fn phase(self) -> TripPhase {
        match self {
            Self::Active => TripPhase::Active,
            Self::InProgress { .. } => TripPhase::InProgress,
            Self::Completed { .. } => TripPhase::Completed,
            Self::Cancelled { .. } => TripPhase::Cancelled,
        }
    }

    /// The word on the wire and in the store.
    #[must_use]
    pub const fn word(self) -> &'static str {
        self.phase().word()
    }

    /// When the trip entered this state, where the state says so.
    #[must_use]
    pub const fn at(self) -> Option<Time> {
        match self {
            Self::Active => None,
            Self::InProgress { at } | Self::Completed { at } | Self::Cancelled { at } => Some(at),
        }
    }

    /// Whether the trip can still take packages.
    #[must_use]
    pub const fn is_live(self) -> bool {
        matches!(self, Self::Active | Self::InProgress { .. })
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

/// A published journey.
#[derive(Clone, PartialEq, Debug)]
pub struct Trip {
    /// Its id.
    pub id: TripId,
    /// Who travels.
    pub courier: UserId,
    /// What was published.
    pub draft: TripDraft,
    /// Room left on each leg.
    pub left: Vec<Load>,
    /// Minutes of the detour budget that accepted packages have used.
    pub detour_used_min: u32,
    /// Where it stands.
    pub state: TripState,
    /// Counts changes; a stale writer is refused.
    pub version: i64,
    /// When it was published.
    pub created_at: Time,
}

/// What can be asked of a trip.
#[derive(Clone, PartialEq, Debug)]
pub enum TripCommand {
    /// The courier departs.
    Start,
    /// The courier has arrived.
    Complete {
        /// Parcels picked up and not delivered.
        on_board: usize,
    },
    /// The courier calls the trip off.
    Cancel {
        /// Who asks.
        by: UserId,
        /// Parcels picked up and not delivered.
        on_board: usize,
    },
    /// A package takes room.
    Reserve {
        /// On which legs.
        legs: LegSpan,
        /// How much.
        load: Load,
        /// Extra way for it, in minutes.
        detour_min: u32,
    },
    /// A package gives its room back.
    Release {
        /// On which legs.
        legs: LegSpan,
        /// How much.
        load: Load,
        /// Extra way it had used, in minutes.
        detour_min: u32,
    },
}

/// What has happened to a trip.
#[derive(Clone, PartialEq, Debug)]
pub enum TripEvent {
    /// The courier departed.
    Started {
        /// When.
        at: Time,
    },
    /// The courier arrived.
    Completed {
        /// When.
        at: Time,
    },
    /// The trip was called off.
    Cancelled {
        /// When.
        at: Time,
    },
    /// Room was taken.
    Reserved {
        /// On which legs.
        legs: LegSpan,
        /// How much.
        load: Load,
        /// Extra way, in minutes.
        detour_min: u32,
    },
    /// Room was given back.
    Released {
        /// On which legs.
        legs: LegSpan,
        /// How much.
        load: Load,
        /// Extra way, in minutes.
        detour_min: u32,
    },
}

impl fmt::Display for LegSpan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}..{}", self.from, self.to)
    }
}

impl Trip {
    /// Publishes a trip.
    ///
    /// # Errors
    /// `Invalid` when the route has too few or too many stops, times that do not rise, a departure in the past,
    /// or a bound exceeded.
    pub fn publish(id: TripId, courier: UserId, draft: TripDraft, now: Time) -> Result<Self, Rejection> {
        check_draft(&draft, now)?;
        let left = vec![draft.capacity; draft.stops.len() - 1];
        Ok(Self {
            id,
            courier,
            draft,
            left,
            detour_used_min: 0,
            state: TripState::Active,
            version: 1,
            created_at: now,
        })
    }

    /// When the courier leaves the first stop.
    #[must_use]
    pub fn departs(&self) -> Time {
        self.draft.stops[0].depart
    }

    /// When the courier reaches the last stop.
    #[must_use]
    pub fn arrives(&self) -> Time {
        self.draft.stops[self.draft.stops.len() - 1].arrive
    }

    /// Minutes of the detour budget that are left.
    #[must_use]
    pub fn detour_left_min(&self) -> u32 {
        self.draft.max_detour_min.saturating_sub(self.detour_used_min)
    }

    /// The room left on every leg of the span: what one more package may take.
    #[must_use]
    pub fn room(&self, legs: LegSpan) -> Load {
        self.left[legs.range()].iter().copied().reduce(Load::min).unwrap_or(Load::NONE)
    }

    /// What follows from a command. Changes nothing.
    ///
    /// # Errors
    /// The refusal, when the trip's state or room does not allow it.
    pub fn decide(&self, command: &TripCommand, now: Time) -> Result<TripEvent, Rejection> {
        // Clocks differ between nodes and can be set back; what has happened stays in order.
        let now = now.max(self.state.at().unwrap_or(self.created_at));
        match *command {
            TripCommand::Start => match self.state {
                TripState::Active => Ok(TripEvent::Started { at: now }),
                _ => Err(self.illegal("start the trip")),
            },
            TripCommand::Complete { on_board } => match self.state {
                TripState::Active | TripState::InProgress { .. } if on_board > 0 => {
                    Err(Rejection::ParcelsOnBoard)
                }
                TripState::InProgress { .. } => Ok(TripEvent::Completed { at: now }),
                _ => Err(self.illegal("complete the trip")),
            },
            TripCommand::Cancel { by, .. } if by != self.courier => Err(Rejection::NotAParty),
            TripCommand::Cancel { on_board, .. } => match self.state {
                TripState::Active | TripState::InProgress { .. } if on_board > 0 => {
                    Err(Rejection::ParcelsOnBoard)
                }
                TripState::Active | TripState::InProgress { .. } => Ok(TripEvent::Cancelled { at: now }),
                _ => Err(self.illegal("cancel the trip")),
            },
            TripCommand::Reserve { legs, load, detour_min } => {
                self.check_room(legs, load, detour_min)?;
                Ok(TripEvent::Reserved { legs, load, detour_min })
            }
            // A finished or cancelled trip still takes room back: the sums must come out even.
            TripCommand::Release { legs, load, detour_min } => {
                Ok(TripEvent::Released { legs, load, detour_min })
            }
        }
    }

    /// Takes in what has happened.
    pub fn apply(&mut self, event: &TripEvent) {
        match *event {
            TripEvent::Started { at } => self.state = TripState::InProgress { at },
            TripEvent::Completed { at } => self.state = TripState::Completed { at },
            TripEvent::Cancelled { at } => self.state = TripState::Cancelled { at },
            TripEvent::Reserved { legs, load, detour_min } => {
                for left in &mut self.left[legs.range()] {
                    *left = left.minus(load).expect("decide checked that there is room");
                }
                self.detour_used_min += detour_min;
            }
            TripEvent::Released { legs, load, detour_min } => {
                for left in &mut self.left[legs.range()] {
                    *left = left
                        .plus(load)
                        .expect("what is given back was taken before")
                        .min(self.draft.capacity);
                }
                self.detour_used_min = self.detour_used_min.saturating_sub(detour_min);
            }
        }
        self.version += 1;
    }

    fn check_room(&self, legs: LegSpan, load: Load, detour_min: u32) -> Result<(), Rejection> {
        if !self.state.is_live() {
            return Err(Rejection::TripNotLive);
        }
        if legs.from >= legs.to || usize::from(legs.to) > self.left.len() {
            return Err(Rejection::DoesNotSuit("order"));
        }
        for leg in legs.from..legs.to {
            if !load.fits(self.left[usize::from(leg)]) {
                return Err(Rejection::NoRoom(leg));
            }
        }
        if detour_min > self.detour_left_min() {
            return Err(Rejection::DoesNotSuit("detour"));
        }
        Ok(())
    }

    fn illegal(&self, action: &'static str) -> Rejection {
        Rejection::IllegalTransition { action, state: self.state.word() }
    }
}

fn check_draft(draft: &TripDraft, now: Time) -> Result<(), Rejection> {
    draft.faults(now).next().map_or(Ok(()), Err)
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
