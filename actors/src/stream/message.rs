//! What becomes of an event as a message to a person who is not looking: how it is sent, and until when.
//!
//! A message is sent over a network that answers late, twice or not at all, and sending is not repeatable. So
//! each has a class, which says what happens when nobody knows whether it has arrived.

use super::notification::{Notification, NotificationKind as K};
use super::{Notice, StreamEvent as E};
use crate::ids::RequestId;
use crate::money::payment::PaymentState;
use crate::time::Time;

/// How a message is sent.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Class {
    /// It has an end, and the app shows it anyway: what may have arrived is not sent again.
    Offer,
    /// Money has moved: sent until it has arrived, and its text carries the number of its event.
    Money,
    /// Where a deal stands: one message per deal, which is edited.
    State,
    /// It only brings a message up to date that is there, and disturbs nobody.
    Follow,
    /// News for many at once: paced, and not sent again.
    Bulk,
}

impl Class {
    const ALL: [Self; 5] = [Self::Offer, Self::Money, Self::State, Self::Follow, Self::Bulk];

    /// The word in the store and in metrics.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Offer => "offer",
            Self::Money => "money",
            Self::State => "state",
            Self::Follow => "follow",
            Self::Bulk => "bulk",
        }
    }

    /// The class of a word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.word() == word)
    }

    /// Whose turn it is first, from 0.
    #[must_use]
    pub const fn rank(self) -> u32 {
        match self {
            Self::Offer => 0,
            Self::Money | Self::State | Self::Follow => 1,
            Self::Bulk => 2,
        }
    }

    /// Whether it is sent again when nobody knows whether it has arrived.
    #[must_use]
    pub const fn is_repeated(self) -> bool {
        matches!(self, Self::Money | Self::State | Self::Follow)
    }
}

/// An event as a message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Message {
    /// How it is sent.
    pub class: Class,
    /// The kind by which people switch it off, if they can.
    pub kind: Option<K>,
    /// What it is about: one message that is edited stands for all that happens to it.
    pub topic: Option<RequestId>,
    /// When it is worth nothing any more.
    pub until: Option<Time>,
}

impl Message {
    /// The message that an event is worth, if any.
    #[must_use]
    pub fn of(notice: &Notice) -> Option<Self> {
        let follow = |topic| Some(Self { class: Class::Follow, kind: None, topic: Some(topic), until: None });
        let Some(notification) = Notification::of(notice) else {
            return match &notice.event {
                E::OfferRevoked(end) | E::OfferExpired(end) => follow(end.request_id),
                E::RequestAgreed(change)
                | E::RequestAccepted(change)
                | E::RequestDeclined(change)
                | E::RequestTaken(change)
                | E::RequestPickedUp(change)
                | E::RequestDelivered(change)
                | E::RequestConfirmed(change)
                | E::RequestCancelled(change)
                | E::RequestDisputed(change) => follow(change.request_id),
                E::PaymentUpdated(change) if has_moved(change.state) => {
                    Some(Self { class: Class::Money, kind: None, topic: None, until: None })
                }
                _ => None,
            };
        };
        let (topic, until) = match &notice.event {
            E::OfferNew(offer) => (Some(offer.request_id), Some(offer.expires_at)),
            _ => (notification.request, None),
        };
        let class = match (notification.kind, until) {
            (_, Some(_)) => Class::Offer,
            (K::PaymentReceived | K::DisputeResolved, None) => Class::Money,
            (
                K::NewCourierAvailable | K::NewPackageAvailable | K::SubscriptionMatched | K::Reminder,
                None,
            ) => Class::Bulk,
            _ => Class::State,
        };
        Some(Self { class, kind: Some(notification.kind), topic, until })
    }
}

/// Whether a payment in this state has moved money.
const fn has_moved(state: PaymentState) -> bool {
    matches!(
        state,
        PaymentState::Succeeded
            | PaymentState::Refunded
            | PaymentState::PartlyRefunded
            | PaymentState::ChargedBack
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{PackageId, TripId, UserId};
    use crate::stream::{OfferEnd, OfferEndReason, PaymentChanged, Reminder, place};

    const NOW: Time = Time::from_ms(1_790_000_000_000);

    fn told(event: E) -> Option<Message> {
        Message::of(&Notice { to: UserId::new(NOW, [1; 10]), event })
    }

    fn payment(state: PaymentState) -> E {
        E::PaymentUpdated(PaymentChanged {
            payment_id: crate::ids::PaymentId::new(NOW, [5; 10]),
            state,
            amount: 1.0,
            paid: 1.0,
            refunded: 0.0,
            currency: crate::money::Currency::Rub,
            package_id: None,
            trip_id: None,
            package_gone: false,
        })
    }

    #[test]
    fn what_has_ended_follows_the_message_that_is_there() {
        let request_id = RequestId::new(NOW, [2; 10]);
        let (package_id, trip_id) = (PackageId::new(NOW, [3; 10]), TripId::new(NOW, [4; 10]));
        let end = OfferEnd { request_id, package_id, trip_id, reason: OfferEndReason::Taken };
        for event in [E::OfferRevoked(end.clone()), E::OfferExpired(end)] {
            let message = told(event).expect("a message");
            assert_eq!((message.class, message.topic), (Class::Follow, Some(request_id)));
        }
    }

    #[test]
    fn only_money_that_has_moved_is_told() {
        for (state, is_told) in [
            (PaymentState::Created, false),
            (PaymentState::Pending, false),
            (PaymentState::Failed, false),
            (PaymentState::Succeeded, true),
            (PaymentState::Refunded, true),
            (PaymentState::ChargedBack, true),
        ] {
            assert_eq!(told(payment(state)).map(|one| one.class), is_told.then_some(Class::Money));
        }
    }

    #[test]
    fn news_for_many_is_bulk_and_a_change_of_ones_own_is_silent() {
        let (from, to) = (place(crate::place::PlaceId(1)), place(crate::place::PlaceId(2)));
        let trip_id = TripId::new(NOW, [4; 10]);
        let reminder = Reminder { trip_id, from, to, departs_at: NOW };
        assert_eq!(told(E::NotificationNew(reminder)).map(|one| one.class), Some(Class::Bulk));
        let changed = crate::stream::TripChanged {
            trip_id,
            state: crate::market::phase::TripPhase::Active,
            version: 1,
        };
        assert_eq!(told(E::TripUpdated(changed)), None);
    }

    #[test]
    fn what_is_repeated_is_harmless_when_it_comes_twice() {
        let repeated: Vec<_> = Class::ALL.into_iter().filter(|class| class.is_repeated()).collect();
        assert_eq!(repeated, [Class::Money, Class::State, Class::Follow]);
        assert!(Class::ALL.into_iter().all(|class| Class::from_word(class.word()) == Some(class)));
    }
}
