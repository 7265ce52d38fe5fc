//! What the parties of a dispute should know: the courier that there is one, both what an operator has
//! decided, which may also be without one.

use peerpack_actors::market::request::RequestState;
use peerpack_actors::stream::notification::NotificationKind as Kind;

use super::{NotificationView, moved_by};
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
    let is_divided = is_divided(about);
    if is_paid(about) && has_moved_money(about) {
        let roubles = about.earned.major();
        let step = if is_divided { "split_courier" } else { "release" };
        let view = NotificationView {
            // As for any other payment: clients that do not know of disputes show it, too.
            kind: Kind::PaymentReceived.word().to_owned(),
            action_url: "/wallet".into(),
            amount: Some(roubles),
            transaction_id: moved_by(about, step, about.earned),
            ..common
        };
        let sentence = if is_divided {
            Sentence::DividedForCourier { roubles, what, sender }
        } else {
            Sentence::DecidedForYou { roubles, what }
        };
        return view.saying(sentence, language);
    }
    let view = NotificationView {
        action_url: format!("/trip-requests/{}", trip.trip),
        sender_name: Some(sender.clone()),
        ..common
    };
    let sentence = if has_moved_money(about) {
        Sentence::DecidedAgainstYou { sender, what }
    } else {
        Sentence::DecidedWithoutMoney { is_for_reader: is_paid(about), is_delivered: is_paid(about), what }
    };
    view.saying(sentence, language)
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
    let is_divided = is_divided(about);
    if is_divided || (!is_paid(about) && has_moved_money(about)) {
        let roubles = about.returned.major();
        let step = if is_divided { "split_sender" } else { "refund" };
        let view = NotificationView {
            action_url: "/wallet".into(),
            amount: Some(roubles),
            transaction_id: moved_by(about, step, about.returned),
            ..common
        };
        let sentence = if is_divided {
            Sentence::DividedForSender { roubles, what, courier }
        } else {
            Sentence::PaidBack { roubles, what }
        };
        return view.saying(sentence, language);
    }
    let view = NotificationView { action_url: format!("/package/{}", about.package), ..common };
    let sentence = if has_moved_money(about) {
        Sentence::DecidedForCourier { courier, what }
    } else {
        Sentence::DecidedWithoutMoney { is_for_reader: !is_paid(about), is_delivered: is_paid(about), what }
    };
    view.saying(sentence, language)
}

/// Whether the decision was that the courier has delivered, and is paid for it, or for a part of it.
const fn is_paid(about: &AboutRequest) -> bool {
    matches!(about.state, RequestState::Confirmed { .. })
}

/// Whether each has got a part.
const fn is_divided(about: &AboutRequest) -> bool {
    is_paid(about) && about.returned.minor > 0
}

/// Whether there was money here to decide about. Of a deal in cash there is none, nor of one without a
/// reward: who is told of a sum then looks for it in vain.
const fn has_moved_money(about: &AboutRequest) -> bool {
    !about.is_cash && about.reward.minor > 0
}
