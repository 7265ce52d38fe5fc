//! A day of orders in town as a problem: how long ways take, and when somebody has to be where.

use super::problem::{Job, Problem, Shift, Stop, Way, Ways, Window};
use crate::dispatch::order::{Cargo, OrderState};
use crate::dispatch::settings::Settings;
use crate::dispatch::{Duty, Order};
use crate::place::Position;
use crate::time::{Span, Time};

/// How long a kilometre of road takes, in milliseconds: two minutes.
const KM_MS: f64 = 120_000.0;

/// How long getting in takes, and getting out: seven minutes together.
const BOARDING: Span = Span::minutes(5);
const ALIGHTING: Span = Span::minutes(2);

/// How late a courier may be at a pickup.
const LATE: Span = Span::minutes(10);

/// How much longer than its way a parcel may be aboard.
const DETOUR: Span = Span::hours(2);

/// The longest empty way, in metres.
const MAX_EMPTY_M: u32 = 20_000;

/// A courier who works that day.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Hand<'a> {
    /// What is known of the courier.
    pub duty: &'a Duty,
    /// From when until when.
    pub window: Window,
    /// How many orders at most.
    pub most_jobs: usize,
}

/// The problem of a day. Orders for now are wanted at `now`; a region is not looked at: plan one at a time.
/// `positions` say where each of the hands begins. What is reserved for one of them is driven by that one.
#[must_use]
pub fn problem(
    orders: &[&Order],
    hands: &[Hand<'_>],
    positions: &[Position],
    settings: &Settings,
    now: Time,
) -> Problem {
    let mut places: Vec<Position> = Vec::new();
    let mut place = |position: Position| {
        places.push(position);
        places.len() - 1
    };
    let mut jobs = Vec::new();
    for order in orders {
        let (pickup, dropoff) = (place(order.draft.pickup.position), place(order.draft.dropoff.position));
        let kept = order.reserved.map(|kept| kept.courier);
        let promised = kept.filter(|courier| hands.iter().any(|hand| hand.duty.courier == *courier));
        jobs.push(Job { promised, ..job(order, pickup, dropoff, settings, now) });
    }
    let shifts = hands.iter().zip(positions).map(|(hand, position)| Shift {
        courier: hand.duty.courier,
        starts: place(*position),
        ends: None,
        window: hand.window,
        capacity: hand.duty.vehicle.capacity,
        most_jobs: hand.most_jobs,
    });
    let shifts = shifts.collect();
    let ways = Ways::new(places.len(), |from, to| way(places[from], places[to], settings));
    Problem { ways, jobs, shifts, most_empty_m: MAX_EMPTY_M }
}

fn job(order: &Order, pickup: usize, dropoff: usize, settings: &Settings, now: Time) -> Job {
    let draft = &order.draft;
    let wanted = draft.pickup_at.unwrap_or(now);
    let ride = Span::from_ms(i64::from(way(draft.pickup.position, draft.dropoff.position, settings).ms));
    let at_pickup = Window { from: wanted, to: wanted + LATE };
    let at_dropoff = Window { from: wanted, to: wanted + LATE + BOARDING + ride + DETOUR };
    Job {
        order: order.id,
        pickup: Stop { place: pickup, window: at_pickup, stay: BOARDING },
        dropoff: Stop { place: dropoff, window: at_dropoff, stay: ALIGHTING },
        load: draft.load(),
        alone: draft.cargo == Cargo::Passenger,
        promised: None,
    }
}

/// When a courier is done with the order that they have, who is at `from` now: what comes next begins where
/// it ends.
#[must_use]
pub fn done_with(order: &Order, from: Position, settings: &Settings, now: Time) -> Time {
    let draft = &order.draft;
    let takes = |from, to| Span::from_ms(i64::from(way(from, to, settings).ms));
    let ride = takes(draft.pickup.position, draft.dropoff.position);
    let boards_at = match order.state {
        OrderState::RideOngoing { .. } => return now.max(order.changed_at + ride) + ALIGHTING,
        OrderState::ArrivedWaiting { .. } => now,
        _ => now + takes(from, draft.pickup.position),
    };
    boards_at.max(draft.pickup_at.unwrap_or(now)) + BOARDING + ride + ALIGHTING
}

/// A way through town.
#[must_use]
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "half the earth fits, `as` saturates"
)]
pub fn way(from: Position, to: Position, settings: &Settings) -> Way {
    let km = from.distance_km(to) * settings.road_factor;
    Way { way_m: (km * 1_000.0).round() as u32, ms: (km * KM_MS).round() as u32 }
}
