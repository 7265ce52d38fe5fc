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
use crate::http::dispatch::scope::may_reach;
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

/// An order as it is told.
pub(super) struct Texts {
    view: OrderView,
    /// All of it, for everybody but a courier who is only asked, with its reasons as they are stored.
    pub(super) whole: Arc<str>,
    /// The same with its reasons in Russian, once somebody reads it so.
    russian: OnceLock<Arc<str>>,
}

impl Texts {
    pub(super) fn of(view: OrderView) -> Self {
        let whole = message("order_update", &view);
        Self { view, whole, russian: OnceLock::new() }
    }

    /// All of it, in the language of a viewer.
    pub(super) fn whole_for(&self, viewer: &Viewer) -> &Arc<str> {
        let russian = || message("order_update", &self.view.clone().told_in(Language::Russian));
        match viewer.language {
            Language::Russian => self.russian.get_or_init(russian),
            Language::English => &self.whole,
        }
    }

    fn without_contacts(&self, language: Language) -> Arc<str> {
        let mut view = self.view.clone().told_in(language);
        view.hide_contacts();
        message("order_update", &view)
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
    let reaches = viewer.looker.is_some_and(|looker| may_reach(looker.user, looker.sees_all, order));
    let text =
        if reaches { Arc::clone(texts.whole_for(viewer)) } else { texts.without_contacts(viewer.language) };
    viewer.push(About::Order("order_update", order.id), text);
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
pub(super) fn to_passenger(viewer: &Viewer, order: &Order, text: &Arc<str>, faces: &Faces) {
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
    text: Option<&Arc<str>>,
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
    match text.filter(|_| has_it) {
        Some(text) => viewer.push(About::Order("order_update", order.id), Arc::clone(text)),
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
