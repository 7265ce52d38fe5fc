//! What becomes of an event as a message to a person who is not looking: how it is sent, and until when.
//!
//! A message is sent over a network that answers late, twice or not at all, and sending is not repeatable. So
//! each has a class, which says what happens when nobody knows whether it has arrived.

use super::notification::{Notification, NotificationKind as K};
use super::{Notice, OrderNews, StreamEvent as E};
use uuid::Uuid;

use crate::ids::{OfferId, RequestId};
use crate::time::{Span, Time};

/// For how long it is worth saying that a courier has a ride, is on the way or is there.
const RIDE_NEWS: Span = Span::minutes(15);

/// How a message is sent.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Class {
    /// It has an end, and the app shows it anyway: what may have arrived is not sent again.
    Offer,
    /// Money has moved: sent until it has arrived, and its text carries the number of its event.
    Money,
    /// Where a deal or a ride stands: one message per deal, which is edited, and a message for each step of a
    /// ride, because a phone does not ring for an edit.
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

/// What one message stands for, which is edited as that goes on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Topic {
    /// A request of a package.
    Request(RequestId),
    /// An offer of an order in town.
    OrderOffer(OfferId),
}

impl Topic {
    /// The id, as it is stored.
    #[must_use]
    pub const fn uuid(self) -> Uuid {
        match self {
            Self::Request(request) => request.uuid(),
            Self::OrderOffer(offer) => offer.uuid(),
        }
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
    pub topic: Option<Topic>,
    /// When it is worth nothing any more.
    pub until: Option<Time>,
}

impl Message {
    /// The message that an event is worth, if any.
    #[must_use]
    pub fn of(notice: &Notice) -> Option<Self> {
        let after = |topic| Some(Self { class: Class::Follow, kind: None, topic: Some(topic), until: None });
        let follow = |request| after(Topic::Request(request));
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
                E::OrderOfferEnded(ended) => after(Topic::OrderOffer(ended.offer_id)),
                E::PaymentUpdated(change) if change.has_moved_money() => {
                    Some(Self { class: Class::Money, kind: None, topic: None, until: None })
                }
                E::OfferNew(_)
                | E::RequestNew(_)
                | E::PackageUpdated(_)
                | E::TripUpdated(_)
                | E::CourierAvailable(_)
                | E::PackageAvailable(_)
                | E::SubscriptionMatched(_)
                | E::NotificationNew(_)
                | E::DocumentReviewed(_)
                | E::PaymentUpdated(_)
                | E::BalanceUpdated(_)
                | E::WithdrawalDecided(_)
                | E::ChatMessage(_)
                | E::ChatRead(_)
                | E::ChatMore(_)
                | E::OrderOffered(_)
                | E::OrderNews(_) => None,
            };
        };
        let (topic, until) = match &notice.event {
            E::OfferNew(offer) => (Some(Topic::Request(offer.request_id)), Some(offer.expires_at)),
            E::OrderOffered(offer) => (Some(Topic::OrderOffer(offer.offer_id)), Some(offer.expires_at)),
            E::OrderNews(told) if is_soon_old(told.news) => (None, Some(told.at + RIDE_NEWS)),
            _ => (notification.request.map(Topic::Request), None),
        };
        let class = match notification.kind {
            K::OrderOffered => Class::Offer,
            // What the engine offers has an end; what a person asks waits for an answer.
            K::TripRequestReceived if until.is_some() => Class::Offer,
            K::PaymentReceived | K::DisputeResolved | K::WithdrawalDecided => Class::Money,
            K::NewCourierAvailable | K::NewPackageAvailable | K::SubscriptionMatched | K::Reminder => {
                Class::Bulk
            }
            K::TripRequestReceived
            | K::PackageRequestResponse
            | K::PackageRequestDeclined
            | K::PackageDelivered
            | K::DocumentReviewed
            | K::DisputeOpened
            | K::CourierChosen
            | K::OrderGiven
            | K::OrderCourierFound
            | K::OrderCourierOnTheWay
            | K::OrderCourierArrived
            | K::OrderCompleted
            | K::OrderCalledOff
            | K::OrderNobodyFound => Class::State,
        };
        Some(Self { class, kind: Some(notification.kind), topic, until })
    }
}

/// Whether what is told of a ride is worth nothing a little later.
const fn is_soon_old(news: OrderNews) -> bool {
    matches!(news, OrderNews::CourierFound | OrderNews::OnTheWay | OrderNews::Arrived)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{PackageId, TripId, UserId};
    use crate::money::payment::PaymentState;
    use crate::stream::{OfferEnd, OfferEndReason, PaymentChanged, Reminder, place};

    const NOW: Time = Time::from_ms(1_790_000_000_000);

    fn told(event: E) -> Option<Message> {
        Message::of(&Notice { to: UserId::new(NOW, [1; 10]), event })
    }

    fn payment((newly_paid, newly_refunded, newly_charged_back): (f64, f64, f64)) -> E {
        E::PaymentUpdated(PaymentChanged {
            payment_id: crate::ids::PaymentId::new(NOW, [5; 10]),
            state: PaymentState::Succeeded,
            amount: 1.0,
            paid: 1.0,
            refunded: 0.0,
            newly_paid,
            newly_refunded,
            newly_charged_back,
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
            assert_eq!((message.class, message.topic), (Class::Follow, Some(Topic::Request(request_id))));
        }
    }

    #[test]
    fn only_money_that_has_moved_is_told() {
        for (moved, is_told) in [
            ((0.0, 0.0, 0.0), false),
            ((1.0, 0.0, 0.0), true),
            ((0.0, 1.0, 0.0), true),
            ((0.0, 0.0, 1.0), true),
        ] {
            let class = told(payment(moved)).map(|one| one.class);
            assert_eq!(class, is_told.then_some(Class::Money), "{moved:?}");
        }
    }

    #[test]
    fn what_was_decided_upon_a_withdrawal_is_told_as_money_by_itself() {
        let withdrawal_id = crate::ids::WithdrawalId::new(NOW, [8; 10]);
        for reason in [None, Some("the card is not known".to_owned())] {
            let over = crate::stream::WithdrawalOver {
                withdrawal_id,
                paid: reason.is_none(),
                amount: 200.0,
                currency: crate::money::Currency::Rub,
                reason,
            };
            let event = E::WithdrawalDecided(over);
            let notice = Notice { to: UserId::new(NOW, [1; 10]), event: event.clone() };
            let pointer = Notification::of(&notice).expect("a notification");
            assert_eq!((pointer.kind, pointer.withdrawal), (K::WithdrawalDecided, Some(withdrawal_id)));
            let message = told(event).expect("a message");
            assert_eq!(
                (message.class, message.kind, message.topic, message.until),
                (Class::Money, Some(K::WithdrawalDecided), None, None)
            );
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

    fn news(news: OrderNews) -> E {
        let order_id = crate::ids::OrderId::new(NOW, [6; 10]);
        E::OrderNews(Box::new(crate::stream::OrderTold { order_id, news, at: NOW, reason: None }))
    }

    #[test]
    fn an_order_is_offered_while_it_is_open_and_its_message_follows_its_end() {
        let (order_id, offer_id) = (crate::ids::OrderId::new(NOW, [6; 10]), OfferId::new(NOW, [7; 10]));
        let offered = crate::stream::OrderOffered {
            order_id,
            offer_id,
            pickup: "Арбат, 1".to_owned(),
            dropoff: "Вокзал".to_owned(),
            pickup_at: None,
            eta_s: 240,
            way_m: 1_500,
            expires_at: NOW + Span::seconds(15),
        };
        let topic = Some(Topic::OrderOffer(offer_id));
        let message = told(E::OrderOffered(Box::new(offered))).expect("a message");
        assert_eq!((message.class, message.topic), (Class::Offer, topic));
        assert_eq!(message.until, Some(NOW + Span::seconds(15)));
        let outcome = crate::stream::OrderOfferOutcome::Expired;
        let ended = crate::stream::OrderOfferEnded { order_id, offer_id, outcome };
        let message = told(E::OrderOfferEnded(ended)).expect("a message");
        assert_eq!((message.class, message.topic), (Class::Follow, topic));
    }

    #[test]
    fn each_step_of_a_ride_is_a_message_of_its_own_and_is_soon_old() {
        for (step, until) in [
            (OrderNews::CourierFound, Some(NOW + RIDE_NEWS)),
            (OrderNews::OnTheWay, Some(NOW + RIDE_NEWS)),
            (OrderNews::Arrived, Some(NOW + RIDE_NEWS)),
            (OrderNews::Completed, None),
            (OrderNews::CalledOff, None),
            (OrderNews::NobodyFound, None),
            (OrderNews::Given, None),
        ] {
            let message = told(news(step)).expect("a message");
            assert_eq!(
                (message.class, message.topic, message.until),
                (Class::State, None, until),
                "{step:?}"
            );
        }
    }
}
