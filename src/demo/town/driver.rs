//! One courier of the town: where they drive, and what they do about an order. Decides and does no I/O.

use peerpack_actors::dispatch::{By, DutyState, Order, OrderCommand, OrderPhase};
use peerpack_actors::ids::{OfferId, UserId};
use peerpack_actors::place::Position;
use peerpack_actors::time::{Span, Time};
use rand::RngExt;
use rand::rngs::StdRng;

use super::Pace;

/// Kilometres of a degree of latitude.
const DEGREE_KM: f64 = 111.2;

/// Nearer than this is there, kilometres.
const THERE_KM: f64 = 0.02;

/// A courier of the demo.
#[derive(Clone, Debug)]
pub(super) struct Bot {
    pub(super) person: UserId,
    pub(super) at: Position,
    /// Where they drive with nothing to do.
    wanders_to: Position,
    /// What they think about, and until when.
    thinks: Option<(Thought, Time)>,
}

/// What takes a courier a moment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Thought {
    Answer(OfferId),
    Leave(OrderPhase),
}

impl Bot {
    /// Somebody who is there and has nothing to do.
    pub(super) const fn new(person: UserId, at: Position) -> Self {
        Self { person, at, wanders_to: at, thinks: None }
    }

    /// Drives a little, and says what they do about the order that they have or are asked about. `wander` is
    /// where they drive next with nothing to do.
    pub(super) fn turn(
        &mut self,
        state: DutyState,
        order: Option<&Order>,
        wander: Position,
        now: Time,
        pace: &Pace,
        rng: &mut StdRng,
    ) -> Option<OrderCommand> {
        match (state, order) {
            (DutyState::Offered { offer, .. }, Some(_)) => self.answer(offer, now, pace, rng),
            (DutyState::ToPickup { .. } | DutyState::OnTrip { .. }, Some(order)) => {
                self.ride(order, now, pace, rng)
            }
            _ => {
                self.thinks = None;
                if is_there(self.at, self.wanders_to) {
                    self.wanders_to = wander;
                }
                self.at = along_streets(self.at, self.wanders_to, pace.km);
                None
            }
        }
    }

    /// Yes, most of the time; now and then no, or nothing at all.
    fn answer(&mut self, offer: OfferId, now: Time, pace: &Pace, rng: &mut StdRng) -> Option<OrderCommand> {
        if !self.has_thought(Thought::Answer(offer), &pace.answer, now, rng) {
            return None;
        }
        match rng.random_range(0..100) {
            0..85 => Some(OrderCommand::Accept { offer, by: self.person }),
            85..95 => Some(OrderCommand::Decline { offer, by: self.person, reason: String::new() }),
            _ => {
                // Not before the offer has run out.
                self.thinks = Some((Thought::Answer(offer), now + Span::minutes(1)));
                None
            }
        }
    }

    fn ride(&mut self, order: &Order, now: Time, pace: &Pace, rng: &mut StdRng) -> Option<OrderCommand> {
        let phase = order.state.phase();
        let (goal, next) = match phase {
            OrderPhase::Assigned => (None, OrderPhase::DriverEnRoute),
            OrderPhase::DriverEnRoute => (Some(order.draft.pickup.position), OrderPhase::ArrivedWaiting),
            OrderPhase::ArrivedWaiting => (None, OrderPhase::RideOngoing),
            OrderPhase::RideOngoing => (Some(order.draft.dropoff.position), OrderPhase::Completed),
            _ => return None,
        };
        if let Some(goal) = goal {
            self.at = along_streets(self.at, goal, pace.km);
            if !is_there(self.at, goal) {
                return None;
            }
        }
        if !self.has_thought(Thought::Leave(phase), &pace.rest, now, rng) {
            return None;
        }
        Some(OrderCommand::Move { to: next, by: By::Courier(self.person), reason: String::new() })
    }

    /// Whether the moment that a thought takes is over; begins it if it is another one.
    fn has_thought(
        &mut self,
        thought: Thought,
        takes: &std::ops::Range<i64>,
        now: Time,
        rng: &mut StdRng,
    ) -> bool {
        match self.thinks {
            Some((known, until)) if known == thought => until <= now,
            _ => {
                self.thinks = Some((thought, now + Span::from_ms(rng.random_range(takes.clone()))));
                false
            }
        }
    }
}

fn is_there(at: Position, goal: Position) -> bool {
    at.distance_km(goal) <= THERE_KM
}

/// So many kilometres on the way: streets run straight to the east or west, and then to the north or south.
fn along_streets(at: Position, goal: Position, km: f64) -> Position {
    let wide = DEGREE_KM * at.lat.to_radians().cos();
    let (east, north) = ((goal.lon - at.lon) * wide, (goal.lat - at.lat) * DEGREE_KM);
    let eastwards = east.clamp(-km, km);
    let left = km - eastwards.abs();
    let northwards = north.clamp(-left, left);
    Position { lat: at.lat + northwards / DEGREE_KM, lon: at.lon + eastwards / wide }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: Position = Position { lat: 55.75, lon: 37.6 };

    #[test]
    fn streets_run_straight_and_lead_to_the_goal() {
        let goal = Position { lat: 55.78, lon: 37.55 };
        let (mut at, mut turns) = (HERE, 0);
        while !is_there(at, goal) {
            let next = along_streets(at, goal, 0.1);
            let (lat, lon) = ((next.lat - at.lat).abs(), (next.lon - at.lon).abs());
            assert!(at.distance_km(next) <= 0.101, "no faster than so");
            // To the west first, and only then to the north: one corner has both.
            let has_left_the_street = lat > 1e-9 && lon > 1e-9;
            assert!(!has_left_the_street || (next.lon - goal.lon).abs() < 1e-9, "{next:?}");
            (at, turns) = (next, turns + 1);
            assert!(turns < 100, "it never gets there: {at:?}");
        }
        assert!(turns >= 60, "{turns}: as far as streets are, and not as the crow flies");
        assert_eq!(along_streets(goal, goal, 0.1), goal);
    }
}
