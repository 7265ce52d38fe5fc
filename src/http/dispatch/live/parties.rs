//! What the sockets of an order, a passenger and a courier are told of a change.

use std::sync::{Arc, OnceLock};

use peerpack_actors::dispatch::{Order, OrderPhase, OrderState};
use peerpack_actors::ids::UserId;
use peerpack_actors::time::Time;

use super::messages::{DriverArrived, DriverAssigned, StatusChanged, message};
use crate::edge::close;
use crate::edge::outbox::Ending;
use crate::edge::viewers::{About, Told, Viewer};
use crate::http::dispatch::mobile::drivers::offer;
use crate::http::dispatch::scope::{may_reach, may_see_reservation};
use crate::http::dispatch::views::{Faces, OrderView, order_driver};
use crate::texts::language::Language;

/// Whether nothing of an order is left to be shown once its end was told.
pub(super) fn is_over(order: &Order) -> bool {
    use OrderPhase as P;
    matches!(order.state.phase(), P::Completed | P::Cancelled | P::Rejected | P::NoShow)
}

/// What is told of an order now.
pub(super) fn told(order: &Order) -> Told {
    Told {
        version: order.version,
        phase: order.state.phase(),
        courier: order.state.courier(),
        offer: order.pending().map(|offer| offer.id),
    }
}

/// An order as it is told: to each viewer what they may see, in their language.
pub(super) struct Texts {
    view: OrderView,
    /// In words, by what is left out and by the language, once somebody reads it so.
    told: [OnceLock<Arc<str>>; 8],
}

impl Texts {
    pub(super) fn of(view: OrderView) -> Self {
        Self { view, told: Default::default() }
    }

    /// The order as a viewer may see it.
    pub(super) fn for_viewer(&self, viewer: &Viewer, order: &Order) -> &Arc<str> {
        let may = |sees: fn(UserId, bool, &Order) -> bool| {
            viewer.looker.is_some_and(|looker| sees(looker.user, looker.sees_all, order))
        };
        let (reaches, sees_reservation) = (may(may_reach), may(may_see_reservation));
        let is_russian = viewer.language == Language::Russian;
        let place = usize::from(reaches) + 2 * usize::from(sees_reservation) + 4 * usize::from(is_russian);
        self.told[place].get_or_init(|| {
            let mut view = self.view.clone().told_in(viewer.language);
            if !reaches {
                view.hide_contacts();
            }
            if !sees_reservation {
                view.hide_reservation();
            }
            message("order_update", &view)
        })
    }
}

/// Shows an order on its own socket.
pub(super) fn to_order(viewer: &Viewer, order: &Order, texts: &Texts, faces: &Faces, is_first: bool) {
    let may_see = viewer.looker.is_some_and(|looker| {
        let user = Some(looker.user);
        looker.sees_all
            || user == Some(order.passenger)
            || user == order.state.courier()
            || user == order.state.bound()
    });
    if !may_see {
        return viewer.end(Ending::new(close::NOT_ALLOWED, "this is not yours to see any more"));
    }
    let assigned = match order.state.courier() {
        Some(courier) if viewer.told(order.id).and_then(|told| told.courier) != Some(courier) => {
            faces.driver_of(order)
        }
        _ => None,
    };
    let Ok(before) = viewer.note(order.id, told(order)) else { return };
    let text = texts.for_viewer(viewer, order);
    viewer.push(About::Order("order_update", order.id), Arc::clone(text));
    if !is_first && before.is_none_or(|before| before.phase != order.state.phase()) {
        let changed = StatusChanged::of(order, viewer.language);
        viewer
            .push(About::Order("order_status_changed", order.id), message("order_status_changed", &changed));
    }
    if let Some(driver) = assigned {
        let data = DriverAssigned { order_id: order.id.to_string(), driver: order_driver(driver) };
        viewer.push(About::Order("driver_assigned", order.id), message("driver_assigned", &data));
    }
}

/// Shows a passenger one of their orders.
pub(super) fn to_passenger(viewer: &Viewer, order: &Order, texts: &Texts, faces: &Faces) {
    let arrived = match order.state {
        OrderState::ArrivedWaiting { at, .. }
            if viewer.told(order.id).map(|told| told.phase) != Some(OrderPhase::ArrivedWaiting) =>
        {
            faces.driver_of(order).map(|driver| (driver, at))
        }
        _ => None,
    };
    if viewer.note(order.id, told(order)).is_err() {
        return;
    }
    let text = texts.for_viewer(viewer, order);
    viewer.push(About::Order("order_update", order.id), Arc::clone(text));
    if let Some((driver, at)) = arrived {
        let data = DriverArrived {
            order_id: order.id.to_string(),
            driver: order_driver(driver),
            arrived_at: at.to_string(),
        };
        viewer.push(About::Order("driver_arrived", order.id), message("driver_arrived", &data));
    }
    if is_over(order) {
        viewer.forget(order.id);
    }
}

/// Shows a courier an order that they have, are asked about, or had until now.
pub(super) fn to_driver(
    viewer: &Viewer,
    courier: UserId,
    order: &Order,
    texts: Option<&Texts>,
    faces: &Faces,
    now: Time,
) {
    let before = viewer.told(order.id);
    let asked = order.pending().filter(|offer| offer.courier == courier);
    let has_it = order.state.courier() == Some(courier);
    if asked.is_none() && !has_it && before.is_none() {
        return;
    }
    let is_new = asked.is_some_and(|asked| before.and_then(|told| told.offer) != Some(asked.id));
    let passenger = if is_new { faces.passenger_of(order) } else { None };
    if viewer.note(order.id, told(order)).is_err() {
        return;
    }
    if let Some(offer) = passenger.and_then(|passenger| offer(order, passenger, now)) {
        metrics::counter!("peerpack_town_offers_told_total").increment(1);
        viewer.push(About::Order("new_order", order.id), message("new_order", &offer));
    }
    match texts.filter(|_| has_it) {
        Some(texts) => {
            let text = texts.for_viewer(viewer, order);
            viewer.push(About::Order("order_update", order.id), Arc::clone(text));
        }
        // Somebody else may have it now: only that it is not theirs is for them to know.
        None if asked.is_none() => {
            let changed = StatusChanged::of(order, viewer.language);
            viewer.push(
                About::Order("order_status_changed", order.id),
                message("order_status_changed", &changed),
            );
        }
        None => {}
    }
    if asked.is_none() && (!has_it || is_over(order)) {
        viewer.forget(order.id);
    }
}
