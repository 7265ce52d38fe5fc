//! What the parties of a dispute should know: the courier that there is one, both what an operator has decided, which may
//! also be without one.

use peerpack_actors::market::request::RequestState;
use peerpack_actors::stream::notification::NotificationKind as Kind;

use super::{NotificationView, earned};
use crate::store::{AboutRequest, AboutTrip};
use crate::texts::language::Language;

/// The beginning of a dispute, as the courier learns it.
pub(super) fn opened(
    trip: &AboutTrip,
    about: &AboutRequest,
    words: Language,
    common: NotificationView,
) -> NotificationView {
    let (sender, what) = (&about.sender_name, &about.description);
    let reason = match &about.state {
        RequestState::Disputed { reason, .. } => Some(reason.clone()),
        _ => None,
    };
    // Once it is decided, the next notification says how.
    let said =
        |waits: &str| reason.as_ref().map_or_else(String::new, |reason| format!(": {reason}. {waits}"));
    NotificationView {
        title: words.choose("Доставка оспорена".into(), "Your delivery is disputed".into()),
        message: words.choose(
            format!("{sender} оспаривает доставку «{what}»{}", said("Деньги ждут решения оператора")),
            format!(
                "{sender} disputes the delivery of “{what}”{}",
                said("The money waits for an operator's decision")
            ),
        ),
        action_url: format!("/trip-requests/{}", trip.trip),
        sender_name: Some(sender.clone()),
        package_description: Some(what.clone()),
        reward: Some(about.reward.major()),
        dispute_reason: reason,
        ..common
    }
}

/// An operator's decision, as the courier learns it.
pub(super) fn resolved_for_courier(
    trip: &AboutTrip,
    about: &AboutRequest,
    words: Language,
    common: NotificationView,
) -> NotificationView {
    let (sender, what) = (&about.sender_name, &about.description);
    let package_description = Some(what.clone());
    if matches!(about.state, RequestState::Confirmed { .. }) {
        let amount = earned(about);
        return NotificationView {
            // As for any other payment: clients that do not know of disputes show it, too.
            kind: Kind::PaymentReceived.word().to_owned(),
            title: words.choose("Оператор решил в вашу пользу".into(), "An operator decided for you".into()),
            message: words.choose(
                format!("Вам начислено {amount:.2} ₽ за доставку: {what}"),
                format!("You have earned {amount:.2} ₽ for: {what}"),
            ),
            action_url: "/wallet".into(),
            package_description,
            amount: Some(amount),
            transaction_id: Some(format!("{}:release", about.request)),
            ..common
        };
    }
    NotificationView {
        title: words
            .choose("Оператор решил не в вашу пользу".into(), "An operator decided against you".into()),
        message: words.choose(
            format!("Деньги за доставку «{what}» возвращены отправителю: {sender}"),
            format!("The money for “{what}” went back to the sender: {sender}"),
        ),
        action_url: format!("/trip-requests/{}", trip.trip),
        sender_name: Some(sender.clone()),
        package_description,
        ..common
    }
}

/// An operator's decision, as the sender learns it.
pub(super) fn resolved_for_sender(
    trip: &AboutTrip,
    about: &AboutRequest,
    words: Language,
    common: NotificationView,
) -> NotificationView {
    let (courier, what) = (&trip.courier_name, &about.description);
    let courier_name = Some(courier.clone());
    let package_description = Some(what.clone());
    if matches!(about.state, RequestState::Confirmed { .. }) {
        return NotificationView {
            title: words.choose(
                "Оператор решил в пользу курьера".into(),
                "An operator decided for the courier".into(),
            ),
            message: words.choose(
                format!("{courier} получит оплату за доставку: {what}"),
                format!("{courier} is paid for the delivery of: {what}"),
            ),
            action_url: format!("/package/{}", about.package),
            courier_name,
            package_description,
            ..common
        };
    }
    let amount = about.reward.major();
    NotificationView {
        title: words.choose("Оператор решил в вашу пользу".into(), "An operator decided for you".into()),
        message: words.choose(
            format!("Вам возвращено {amount:.2} ₽ за доставку: {what}"),
            format!("You got {amount:.2} ₽ back for: {what}"),
        ),
        action_url: "/wallet".into(),
        courier_name,
        package_description,
        amount: Some(amount),
        transaction_id: Some(format!("{}:refund", about.request)),
        ..common
    }
}
