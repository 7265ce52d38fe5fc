//! A trip: a route of stops, the room left on each leg, and the states of a journey.
//!
//! Leg `i` joins stop `i` to stop `i + 1`. Capacity is kept per leg, because a package may ride only a part
//! of the trip. The detour budget is measured against the trip as it was published, and what accepted
//! packages have used of it is added up here.

mod draft;

use std::fmt;

use serde::{Deserialize, Serialize};

use super::load::Load;
use super::phase::TripPhase;
use crate::ids::{TripId, UserId};
use crate::leg::LegSpan;
use crate::rejection::Rejection;
use crate::time::Time;

pub use draft::{MAX_AHEAD, MAX_DETOUR_MIN, MAX_DURATION, MAX_STOPS, Stop, Transport, TripDraft};

/// Where a trip stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum TripState {
    /// Published, not departed.
    Active,
    /// The courier has departed.
    InProgress {
        /// When the courier departed.
        at: Time,
    },
    /// The courier has said that the trip is over.
    Completed {
        /// When the journey ended.
        at: Time,
    },
    /// The courier has called it off.
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

/// A published journey.
#[derive(Clone, PartialEq, Debug)]
pub struct Trip {
    /// Its id.
    pub id: TripId,
    /// The courier who travels.
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
        /// The caller, who must be the courier.
        by: UserId,
        /// Parcels picked up and not delivered.
        on_board: usize,
    },
    /// A package takes room.
    Reserve {
        /// The legs on which it rides.
        legs: LegSpan,
        /// The room that it takes on each leg.
        load: Load,
        /// Extra way for it, in minutes.
        detour_min: u32,
    },
    /// A package gives its room back.
    Release {
        /// The legs on which it rode.
        legs: LegSpan,
        /// The room that it gives back on each leg.
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
        /// When the courier set off.
        at: Time,
    },
    /// The courier arrived.
    Completed {
        /// When the courier arrived.
        at: Time,
    },
    /// The trip was called off.
    Cancelled {
        /// When it was called off.
        at: Time,
    },
    /// Room was taken.
    Reserved {
        /// The legs on which it is taken.
        legs: LegSpan,
        /// The room that it takes on each leg.
        load: Load,
        /// Extra way, in minutes.
        detour_min: u32,
    },
    /// Room was given back.
    Released {
        /// The legs on which it is given back.
        legs: LegSpan,
        /// The room that it gives back on each leg.
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
    /// `Invalid` when the route has too few or too many stops, times that do not rise, a departure in the
    /// past, or a bound exceeded.
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
