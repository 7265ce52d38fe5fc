//! What the parties of a dispute should know: the courier that there is one, both what an operator has
//! decided, which may also be without one.

use peerpack_actors::market::request::RequestState;
use peerpack_actors::stream::notification::NotificationKind as Kind;

use super::{NotificationView, earned};
use crate::store::{AboutRequest, AboutTrip};
use crate::texts::language::Language;
use crate::texts::notifications::Sentence;

/// The beginning of a dispute, as the courier learns it.
pub(super) fn opened(
    trip: &AboutTrip,
    about: &AboutRequest,
    language: Language,
    common: NotificationView,
) -> NotificationView {
    let (sender, what) = (&about.sender_name, &about.description);
    // Once it is decided, the next notification says how.
    let reason = match &about.state {
        RequestState::Disputed { reason, .. } => Some(reason.as_str()),
        _ => None,
    };
    let view = NotificationView {
        action_url: format!("/trip-requests/{}", trip.trip),
        sender_name: Some(sender.clone()),
        package_description: Some(what.clone()),
        reward: Some(about.reward.major()),
        dispute_reason: reason.map(str::to_owned),
        ..common
    };
    view.saying(Sentence::Disputed { sender, what, reason }, language)
}

/// An operator's decision, as the courier learns it.
pub(super) fn resolved_for_courier(
    trip: &AboutTrip,
    about: &AboutRequest,
    language: Language,
    common: NotificationView,
) -> NotificationView {
    let (sender, what) = (&about.sender_name, &about.description);
    let common = NotificationView { package_description: Some(what.clone()), ..common };
    if matches!(about.state, RequestState::Confirmed { .. }) {
        let roubles = earned(about);
        let view = NotificationView {
            // As for any other payment: clients that do not know of disputes show it, too.
            kind: Kind::PaymentReceived.word().to_owned(),
            action_url: "/wallet".into(),
            amount: Some(roubles),
            transaction_id: Some(format!("{}:release", about.request)),
            ..common
        };
        return view.saying(Sentence::DecidedForYou { roubles, what }, language);
    }
    let view = NotificationView {
        action_url: format!("/trip-requests/{}", trip.trip),
        sender_name: Some(sender.clone()),
        ..common
    };
    view.saying(Sentence::DecidedAgainstYou { sender, what }, language)
}

/// An operator's decision, as the sender learns it.
pub(super) fn resolved_for_sender(
    trip: &AboutTrip,
    about: &AboutRequest,
    language: Language,
    common: NotificationView,
) -> NotificationView {
    let (courier, what) = (&trip.courier_name, &about.description);
    let common = NotificationView {
        courier_name: Some(courier.clone()),
        package_description: Some(what.clone()),
        ..common
    };
    if matches!(about.state, RequestState::Confirmed { .. }) {
        let view = NotificationView { action_url: format!("/package/{}", about.package), ..common };
        return view.saying(Sentence::DecidedForCourier { courier, what }, language);
    }
    let roubles = about.reward.major();
    let view = NotificationView {
        action_url: "/wallet".into(),
        amount: Some(roubles),
        transaction_id: Some(format!("{}:refund", about.request)),
        ..common
    };
    view.saying(Sentence::PaidBack { roubles, what }, language)
}
