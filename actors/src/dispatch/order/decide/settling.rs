//! What an order costs at its end: the ride, or calling it off.

use super::Turn;
use crate::dispatch::order::{By, OrderEvent, OrderState, Outcome};
use crate::dispatch::price::{Driven, cancel_fee};
use crate::rejection::Rejection;
use crate::time::Span;

/// A courier may say that so many times what was expected was driven, at most.
const MAX_OF_EXPECTED: u32 = 2;

impl Turn<'_> {
    pub(super) fn complete(&self, by: By, driven: Driven, reason: &str) -> Result<Outcome, Rejection> {
        let courier = self.order.state.courier().ok_or(self.order.illegal("complete the order"))?;
        let waited = match driven.waited_s {
            Some(seconds) => Span::seconds(i64::from(seconds)),
            None => self.order.waited(self.now),
        };
        let settled = self.order.quote.settle(driven.ride, waited, driven.route_changed)?;
        let next = OrderState::Completed { courier };
        let mut outcome = Outcome::default();
        self.leave(next, &mut outcome)?;
        outcome.events.push(OrderEvent::Settled(settled));
        outcome.events.push(self.moved(next, by, reason));
        Ok(outcome)
    }

    /// Whether somebody may say that so much was driven: couriers not more than [`MAX_OF_EXPECTED`] times
    /// what was expected, no longer waiting than was noted, and not that the passenger has changed the route,
    /// which lifts the bound of the final price. The desk is believed.
    ///
    /// # Errors
    /// The figure that is too high.
    pub(super) fn believe(&self, by: By, driven: Driven) -> Result<(), Rejection> {
        let By::Courier(_) = by else { return Ok(()) };
        let (expected, noted) = (self.order.draft.ride, self.order.waited(self.now).ms());
        let most = |expected: u32| expected.saturating_mul(MAX_OF_EXPECTED);
        let checks = [
            ("route_changed", !driven.route_changed),
            ("actual_distance_km", driven.ride.way_m <= most(expected.way_m)),
            ("actual_duration_minutes", driven.ride.ride_s <= most(expected.ride_s)),
            (
                "actual_waiting_time_minutes",
                driven.waited_s.is_none_or(|seconds| Span::seconds(seconds.into()).ms() <= noted),
            ),
        ];
        match checks.into_iter().find(|(_, fine)| !fine) {
            Some((field, _)) => Err(Rejection::Invalid { field, reason: "is more than a courier may say" }),
            None => Ok(()),
        }
    }

    /// The ride as it was quoted, where nobody says what was driven.
    pub(super) const fn as_expected(&self) -> Driven {
        Driven { ride: self.order.draft.ride, waited_s: None, route_changed: false }
    }

    pub(super) fn charged(&self, by: By) -> OrderEvent {
        let order = self.order;
        let assigned_at = match order.state {
            OrderState::Assigned { at, .. } => Some(at),
            _ => order.milestones.assigned_at,
        };
        let (tariff, waited) = (&order.quote.tariff, order.waited(self.now));
        OrderEvent::Charged(cancel_fee(tariff, order.state.phase(), assigned_at, waited, by, self.now))
    }
}
