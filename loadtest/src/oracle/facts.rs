//! What an event says, as far as a checker asks.

use std::hash::{DefaultHasher, Hash, Hasher};

use peerpack::ws::wire::{Event, EventBody, ServerMessage};
use peerpack_actors::leg::LegSpan;
use peerpack_actors::stream::StreamEvent;
use uuid::Uuid;

use super::history::{Fact, Step};
use super::talk::text_digest;

/// A number that two equal events share.
pub fn digest(event: &Event) -> u64 {
    let mut hasher = DefaultHasher::new();
    ServerMessage::Event(event.clone()).to_text().hash(&mut hasher);
    hasher.finish()
}

impl Fact {
    /// What an event says.
    pub fn of(event: &Event) -> Self {
        let EventBody::Known(body) = &event.body else { return Self::Other };
        let (step, change) = match body.as_ref() {
            StreamEvent::OfferNew(offer) => {
                return Self::Offered {
                    request: offer.request_id,
                    package: offer.package.id,
                    trip: offer.trip_id,
                    legs: LegSpan { from: offer.leg_from, to: offer.leg_to },
                    weight_g: offer.package.weight_g,
                    detour_min: offer.detour_min,
                    expires_at: offer.expires_at,
                };
            }
            StreamEvent::OfferRevoked(end) | StreamEvent::OfferExpired(end) => {
                return Self::Ended { request: end.request_id, package: end.package_id, reason: end.reason };
            }
            StreamEvent::PackageUpdated(change) => {
                return Self::Package { package: change.package_id, version: change.version };
            }
            StreamEvent::TripUpdated(change) => {
                return Self::Trip { trip: change.trip_id, version: change.version };
            }
            StreamEvent::ChatMessage(message) => {
                return Self::Said {
                    chat: message.chat_id,
                    message: message.message_id,
                    number: message.seq,
                    by: message.sender_id,
                    text: text_digest(&message.content),
                    word: message.client_msg_id.as_deref().and_then(|name| Uuid::try_parse(name).ok()),
                    unread: message.unread,
                };
            }
            StreamEvent::ChatMore(more) => {
                return Self::More { chat: more.chat_id, number: more.message_seq };
            }
            StreamEvent::ChatRead(read) => {
                let (chat, by) = (read.chat_id, read.user_id);
                return Self::Read { chat, by, up_to: read.up_to, unread: read.unread };
            }
            // The load test's packages leave no time to choose.
            StreamEvent::RequestAgreed(_)
            | StreamEvent::CourierAvailable(_)
            | StreamEvent::SubscriptionMatched(_)
            | StreamEvent::PackageAvailable(_)
            | StreamEvent::NotificationNew(_)
            | StreamEvent::DocumentReviewed(_)
            | StreamEvent::PaymentUpdated(_)
            | StreamEvent::BalanceUpdated(_)
            | StreamEvent::WithdrawalDecided(_)
            | StreamEvent::OrderOffered(_)
            | StreamEvent::OrderOfferEnded(_)
            | StreamEvent::OrderNews(_) => return Self::Other,
            StreamEvent::RequestNew(change) => (Step::Opened, change),
            StreamEvent::RequestAccepted(change) => (Step::Accepted, change),
            StreamEvent::RequestDeclined(change) => (Step::Declined, change),
            StreamEvent::RequestTaken(change) => (Step::Taken, change),
            StreamEvent::RequestPickedUp(change) => (Step::PickedUp, change),
            StreamEvent::RequestDelivered(change) => (Step::Delivered, change),
            StreamEvent::RequestConfirmed(change) => (Step::Confirmed, change),
            StreamEvent::RequestCancelled(change) => (Step::Cancelled, change),
            StreamEvent::RequestDisputed(change) => (Step::Disputed, change),
        };
        Self::Step { step, request: change.request_id, package: change.package_id, trip: change.trip_id }
    }
}
