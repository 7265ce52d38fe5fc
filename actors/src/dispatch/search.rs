//! When an order is searched for, how far, and what comes next.

use super::order::{Order, OrderState};
use super::ranking::Ranked;
use super::settings::Settings;
use crate::time::{Span, Time};

/// How far away a courier may be.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Limits {
    /// In seconds to the pickup.
    pub eta_s: f64,
    /// In kilometres of road.
    pub km: f64,
}

impl Limits {
    /// The limits of a search that was widened so often: both really grow, and there is an end to it.
    #[must_use]
    pub fn of(round: u32, settings: &Settings) -> Self {
        let rounds = i32::try_from(round.min(settings.widenings)).unwrap_or(i32::MAX);
        let grown = settings.widen_by.powi(rounds);
        Self { eta_s: f64::from(settings.eta_limit_s) * grown, km: settings.km_limit * grown }
    }

    /// The same as a radius on the map, in kilometres of great circle.
    #[must_use]
    pub fn reach_km(self, settings: &Settings) -> f64 {
        let by_time = self.eta_s / 3_600.0 * settings.speed_kmh;
        self.km.min(by_time) / settings.road_factor
    }
}

/// What comes next for an order that looks for a courier.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Next {
    /// Ask this courier.
    Ask(Ranked),
    /// Look farther than until now.
    Widen {
        /// The round of the search by now.
        from: u32,
    },
    /// The search has reached its end: a dispatcher has to name somebody.
    TellDispatcher,
    /// Look again then, or when somebody comes on duty.
    Wait(Time),
    /// It is not searched for.
    Nothing,
}

/// When the search for an order begins: some time before the pickup that is planned or stated, else when it
/// was placed.
#[must_use]
pub fn begins(order: &Order, settings: &Settings) -> Time {
    let planned = order.reserved.map(|reserved| reserved.at);
    planned.or(order.draft.pickup_at).map_or(order.created_at, |at| begins_before(at, settings))
}

/// When a search begins for a courier who is to be at the pickup then.
#[must_use]
pub fn begins_before(pickup: Time, settings: &Settings) -> Time {
    pickup - Span::minutes(i64::from(settings.ahead_min))
}

/// What comes next for an order. `best` looks for the best courier, within the limits of the order's round.
#[must_use]
pub fn next(
    order: &Order,
    settings: &Settings,
    now: Time,
    best: impl FnOnce(Limits) -> Option<Ranked>,
) -> Next {
    let OrderState::Matching { since, round } = order.state else { return Next::Nothing };
    let begins = begins(order, settings);
    if now < begins {
        return Next::Wait(begins);
    }
    if let Some(best) = best(Limits::of(round, settings)) {
        return Next::Ask(best);
    }
    // It has been looked for since the search began, however long it has been waiting.
    let widens = since.max(begins) + settings.widen_after();
    if now < widens {
        Next::Wait(widens)
    } else if round < settings.widenings {
        Next::Widen { from: round }
    } else {
        Next::TellDispatcher
    }
}
