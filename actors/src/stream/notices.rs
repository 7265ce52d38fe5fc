//! Who is told what of a change: derived from the decision alone.

use super::{
    BalanceChanged, CourierAvailable, HandOverView, Notice, Offer, OfferEnd, OfferEndReason,
    PackageAvailable, PackageBrief, PackageChanged, PaymentChanged, PlaceView, Reminder, RequestChange,
    StreamEvent, SubscriptionMatched, TripBrief, TripChanged, Why, WithdrawalOver,
};
use crate::ids::{PackageId, TripId, UserId};
use crate::market::package::{Package, PackageEvent, PackageState};
use crate::market::request::{HandOver, Origin, Plan, Request, RequestState};
use crate::market::subscription::Subscription;
use crate::market::trip::Trip;
use crate::money::Amount;
use crate::money::highlight::Subject;
use crate::money::payment::PaymentFile;
use crate::money::withdrawal::Withdrawal;
use crate::place::{Gazetteer, PlaceId};

/// A trip that could carry a package.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Suits {
    /// The trip that could carry it.
    pub trip: TripId,
    /// The courier who travels.
    pub courier: UserId,
    /// How the package would ride.
    pub plan: Plan,
}

/// Tells a sender of a courier who travels where the package waits.
#[must_use]
pub fn courier_available(trip: &Trip, package: PackageId, sender: UserId) -> Notice {
    let (from, to) = ends(trip);
    let (trip_id, courier_id, departs_at) = (trip.id, trip.courier, trip.departs());
    let found = CourierAvailable { package_id: package, trip_id, courier_id, from, to, departs_at };
    Notice { to: sender, event: StreamEvent::CourierAvailable(found) }
}

/// Tells a courier of a package that could ride on a trip, if its sender chooses them.
#[must_use]
pub fn package_available(package: &Package, suits: &Suits) -> Notice {
    let reward = package.draft.reward;
    let found = PackageAvailable {
        package: brief(package),
        trip_id: suits.trip,
        pickup: hand_over(suits.plan.pickup),
        dropoff: hand_over(suits.plan.dropoff),
        detour_min: suits.plan.detour_min,
        reward: reward.major(),
        currency: reward.currency,
    };
    Notice { to: suits.courier, event: StreamEvent::PackageAvailable(Box::new(found)) }
}

/// Tells somebody of a trip that they have asked for.
#[must_use]
pub fn trip_matched(asked: &Subscription, trip: &Trip) -> Notice {
    let (from, to) = ends(trip);
    let brief = TripBrief { id: trip.id, courier_id: trip.courier, departs_at: trip.departs() };
    matched(asked, (from, to), Some(brief), None)
}

/// Tells somebody of a package that they have asked for.
#[must_use]
pub fn package_matched(asked: &Subscription, package: &Package) -> Notice {
    let brief = brief(package);
    matched(asked, (brief.from.clone(), brief.to.clone()), None, Some(brief))
}

fn matched(
    asked: &Subscription,
    (from, to): (PlaceView, PlaceView),
    trip: Option<TripBrief>,
    package: Option<PackageBrief>,
) -> Notice {
    let found = SubscriptionMatched { subscription_id: asked.id, from, to, trip, package };
    Notice { to: asked.user, event: StreamEvent::SubscriptionMatched(Box::new(found)) }
}

/// Reminds a courier of a trip.
#[must_use]
pub fn reminder(trip: &Trip) -> Notice {
    let (from, to) = ends(trip);
    let reminder = Reminder { trip_id: trip.id, from, to, departs_at: trip.departs() };
    Notice { to: trip.courier, event: StreamEvent::NotificationNew(reminder) }
}

/// Tells a payer how far a payment is, and what has moved since it was as `before`.
#[must_use]
pub fn payment_updated(before: &PaymentFile, file: &PaymentFile, is_package_gone: bool) -> Notice {
    let payment = &file.payment;
    let major = |minor| Amount::new(minor, payment.amount.currency).major();
    let newly_paid: i64 = file.new_charges(before).map(|charge| file.left_of(charge)).sum();
    let about = payment.purpose.highlight().map(|highlight| highlight.of);
    let change = PaymentChanged {
        payment_id: payment.id,
        state: payment.state,
        amount: payment.amount.major(),
        paid: major(file.charged_minor()),
        refunded: major(file.refunded_minor()),
        newly_paid: major(newly_paid),
        newly_refunded: major(file.refunded_minor() - before.refunded_minor()),
        newly_charged_back: major(file.charged_back_minor() - before.charged_back_minor()),
        currency: payment.amount.currency,
        package_id: payment.purpose.package().or(about.and_then(Subject::package)),
        trip_id: about.and_then(Subject::trip),
        package_gone: is_package_gone,
    };
    Notice { to: payment.user, event: StreamEvent::PaymentUpdated(change) }
}

/// Tells somebody that there is more or less in their wallet, unless it is the same.
#[must_use]
pub fn balance_updated(to: UserId, change: Amount) -> Option<Notice> {
    let changed = BalanceChanged { available: change.major(), currency: change.currency };
    (change.minor != 0).then_some(Notice { to, event: StreamEvent::BalanceUpdated(changed) })
}

/// Tells somebody what an operator has decided upon money that they take out; `rejected` says why it was not
/// sent, if it was not.
#[must_use]
pub fn withdrawal_decided(withdrawal: &Withdrawal, rejected: Option<String>) -> Notice {
    let Withdrawal { id, user, amount, .. } = withdrawal;
    let over = WithdrawalOver {
        withdrawal_id: *id,
        paid: rejected.is_none(),
        amount: amount.major(),
        currency: amount.currency,
        reason: rejected,
    };
    Notice { to: *user, event: StreamEvent::WithdrawalDecided(over) }
}

fn ends(trip: &Trip) -> (PlaceView, PlaceView) {
    let stops = &trip.draft.stops;
    (place(stops[0].place), place(stops[stops.len() - 1].place))
}

/// The events that follow from a decision about a package, at most one for each person and request.
/// `before` is the package as it was decided upon.
#[must_use]
pub fn notices(before: &Package, events: &[PackageEvent]) -> Vec<Notice> {
    let package_gone =
        events.iter().any(|event| matches!(event, PackageEvent::Moved(PackageState::Cancelled { .. })));
    let mut notices = Vec::with_capacity(events.len() + 1);
    for event in events {
        match event {
            PackageEvent::RequestOpened(request) => notices.push(opened(before, request)),
            PackageEvent::RequestMoved { id, from, to } => {
                if let Some(request) = before.request(*id) {
                    moved(before, request, from, to, package_gone, &mut notices);
                }
            }
            // The courier knows it as an offer; from now on it is a request under the same id.
            PackageEvent::OfferAdopted { id, message } => {
                if let Some(mut request) = before.request(*id).cloned() {
                    request.adopt(message.clone());
                    notices.push(opened(before, &request));
                }
            }
            PackageEvent::Moved(PackageState::Open | PackageState::Cancelled { .. }) => {
                let PackageEvent::Moved(state) = event else { continue };
                notices.push(package_updated(before.sender, before, *state, before.version + 1));
            }
            // Every other move of the package is a step of its deal, and told as such.
            PackageEvent::Moved(_) => {}
        }
    }
    notices
}

/// Tells the sender's devices of a new package.
#[must_use]
pub fn published(package: &Package) -> Notice {
    package_updated(package.sender, package, package.state, package.version)
}

/// Tells the courier's devices that a trip is new or has another state.
#[must_use]
pub fn trip_updated(trip: &Trip) -> Notice {
    let change = TripChanged { trip_id: trip.id, state: trip.state.phase(), version: trip.version };
    Notice { to: trip.courier, event: StreamEvent::TripUpdated(change) }
}

fn package_updated(to: UserId, package: &Package, state: PackageState, version: i64) -> Notice {
    let change = PackageChanged { package_id: package.id, state: state.phase(), version };
    Notice { to, event: StreamEvent::PackageUpdated(change) }
}

fn opened(package: &Package, request: &Request) -> Notice {
    match request.origin {
        Origin::Engine => {
            Notice { to: request.courier, event: StreamEvent::OfferNew(Box::new(offer(package, request))) }
        }
        Origin::Sender => Notice {
            to: request.courier,
            event: StreamEvent::RequestNew(change(package, request, None, &request.state)),
        },
        Origin::Courier => Notice {
            to: request.sender,
            event: StreamEvent::RequestNew(change(package, request, None, &request.state)),
        },
    }
}

fn moved(
    package: &Package,
    request: &Request,
    from: &RequestState,
    to: &RequestState,
    package_gone: bool,
    notices: &mut Vec<Notice>,
) {
    let step = change(package, request, Some(from), to);
    let mut tell = |to: UserId, event: StreamEvent| notices.push(Notice { to, event });
    let offered = request.origin == Origin::Engine;
    let of_both: fn(RequestChange) -> StreamEvent = match to {
        RequestState::Pending => return,
        RequestState::Taken { .. } if offered => {
            return tell(request.courier, StreamEvent::OfferRevoked(end(request, OfferEndReason::Taken)));
        }
        RequestState::Taken { .. } => return tell(request.courier, StreamEvent::RequestTaken(step)),
        RequestState::Expired { .. } if offered => {
            return tell(request.courier, StreamEvent::OfferExpired(end(request, OfferEndReason::Expired)));
        }
        RequestState::Withdrawn { .. } if offered => {
            let reason = if package_gone { OfferEndReason::Cancelled } else { OfferEndReason::Changed };
            return tell(request.courier, StreamEvent::OfferRevoked(end(request, reason)));
        }
        // The engine minds a declined offer itself; the event is for the courier's other devices.
        RequestState::Declined { .. } if offered => {
            return tell(request.courier, StreamEvent::RequestDeclined(step));
        }
        RequestState::Agreed { .. } => StreamEvent::RequestAgreed,
        RequestState::Accepted { .. } => StreamEvent::RequestAccepted,
        RequestState::PickedUp { .. } => StreamEvent::RequestPickedUp,
        RequestState::Delivered { .. } => StreamEvent::RequestDelivered,
        RequestState::Confirmed { .. } => StreamEvent::RequestConfirmed,
        RequestState::Declined { .. } => StreamEvent::RequestDeclined,
        RequestState::Disputed { .. } => StreamEvent::RequestDisputed,
        RequestState::Expired { .. } | RequestState::Withdrawn { .. } | RequestState::Cancelled { .. } => {
            StreamEvent::RequestCancelled
        }
    };
    tell(request.courier, of_both(step.clone()));
    tell(request.sender, of_both(step));
}

const fn end(request: &Request, reason: OfferEndReason) -> OfferEnd {
    OfferEnd { request_id: request.id, package_id: request.package, trip_id: request.trip, reason }
}

fn change(
    package: &Package,
    request: &Request,
    from: Option<&RequestState>,
    to: &RequestState,
) -> RequestChange {
    let message = match to {
        RequestState::Pending => Some(request.message.clone()).filter(|message| !message.is_empty()),
        RequestState::Declined { reason, .. } => reason.clone(),
        RequestState::Disputed { reason, .. } => Some(reason.clone()),
        _ => None,
    };
    RequestChange {
        request_id: request.id,
        package_id: package.id,
        trip_id: request.trip,
        sender_id: request.sender,
        courier_id: request.courier,
        origin: request.origin,
        old_status: from.map(RequestState::phase),
        new_status: to.phase(),
        description: package.draft.description.clone(),
        reward: request.reward.major(),
        currency: request.reward.currency,
        pickup: hand_over(request.plan.pickup),
        dropoff: hand_over(request.plan.dropoff),
        message,
        cancelled_by: if let RequestState::Cancelled { by, .. } = to { Some(*by) } else { None },
        by_operator: to.operator().is_some(),
    }
}

/// An offer as its courier is told of it.
#[must_use]
pub fn offer(package: &Package, request: &Request) -> Offer {
    let (draft, plan) = (&package.draft, &request.plan);
    Offer {
        request_id: request.id,
        package: brief(package),
        trip_id: request.trip,
        leg_from: plan.legs.from,
        leg_to: plan.legs.to,
        pickup: hand_over(plan.pickup),
        dropoff: hand_over(plan.dropoff),
        detour_min: plan.detour_min,
        detour_km: f64::from(plan.detour_m) / 1_000.0,
        reward: request.reward.major(),
        fee: package.terms.payment.fee_of(request.reward).major(),
        currency: request.reward.currency,
        payment: package.terms.payment.paid,
        capacity_left_g: plan.room_left_g,
        expires_at: request.expires_at.unwrap_or(draft.deliver_by),
        ttl_ms: request.ttl.ms(),
        hand_over_codes: package.terms.hand_over_codes,
        why: why(package, request),
    }
}

/// What a courier may know of a package that is not theirs: no addresses.
fn brief(package: &Package) -> PackageBrief {
    let draft = &package.draft;
    PackageBrief {
        id: package.id,
        description: draft.description.clone(),
        from: place(draft.pickup.place),
        to: place(draft.dropoff.place),
        size: draft.size.clone(),
        weight: draft.weight.clone(),
        weight_g: draft.load.weight_g,
        volume_ml: draft.load.volume_ml,
        tags: draft.tags.clone(),
        ready_at: draft.ready_at,
        deliver_by: draft.deliver_by,
    }
}

fn why(package: &Package, request: &Request) -> Vec<Why> {
    let plan = &request.plan;
    let way = match plan.detour_min {
        0 => Why::OnRoute,
        minutes => Why::Detour { minutes },
    };
    let grams = plan.room_left_g.saturating_sub(package.draft.load.weight_g);
    let hours = package.draft.deliver_by.since(plan.dropoff.at).ms() / 3_600_000;
    vec![way, Why::RoomLeft { grams }, Why::Early { hours }]
}

/// A hand-over as clients see it.
#[must_use]
pub fn hand_over(hand_over: HandOver) -> HandOverView {
    HandOverView { place: place(hand_over.place), eta: hand_over.at }
}

/// A place as clients see it.
#[must_use]
pub fn place(id: PlaceId) -> PlaceView {
    Gazetteer::bundled().get(id).map_or_else(
        || {
            let (name_ru, name_en, tz) = (String::new(), String::new(), String::new());
            PlaceView { id, name_ru, name_en, lat: 0.0, lon: 0.0, tz }
        },
        |place| PlaceView {
            id,
            name_ru: place.name_ru.to_string(),
            name_en: place.name_en.to_string(),
            lat: place.position.lat,
            lon: place.position.lon,
            tz: place.tz.to_string(),
        },
    )
}
