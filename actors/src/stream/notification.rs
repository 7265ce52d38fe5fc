//! What a person should know even if they were not looking: the few events that the old client lists.
//!
//! A notification is a pointer: which event of the person's stream, of what kind, about what. Names and words
//! are put in when it is shown. It is written in the transaction of its event.

#![warn(clippy::wildcard_enum_match_arm)]

use crate::ids::{FileId, OfferId, OrderId, PackageId, RequestId, TripId, WithdrawalId};
use crate::market::request::Origin;
use crate::stream::{Notice, OrderNews, StreamEvent};

macro_rules! kinds {
    ($($(#[$about:meta])* $kind:ident = $word:literal,)+) => {
        /// What a notification says.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        #[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
        #[cfg_attr(feature = "schema", schema(as = NotificationType, rename_all = "snake_case"))]
        pub enum NotificationKind {
            $($(#[$about])* $kind,)+
        }

        impl NotificationKind {
            /// Every kind.
            pub const ALL: [Self; [$($word),+].len()] = [$(Self::$kind),+];

            /// The word on the wire and in the store.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self {
                    $(Self::$kind => $word,)+
                }
            }
        }
    };
}

kinds! {
    /// A courier has responded to one's package, or has accepted it.
    PackageRequestResponse = "package_request_response",
    /// A courier has said no, or has called the deal off.
    PackageRequestDeclined = "package_request_declined",
    /// One's package was handed over.
    PackageDelivered = "package_delivered",
    /// A courier travels where one's package waits.
    NewCourierAvailable = "new_courier_available",
    /// A package wants to ride.
    TripRequestReceived = "trip_request_received",
    /// One was paid.
    PaymentReceived = "payment_received",
    /// One's trip is near.
    Reminder = "reminder",
    /// One's document was approved or declined.
    DocumentReviewed = "document_reviewed",
    /// The sender says that one has not delivered, or not as agreed.
    DisputeOpened = "dispute_opened",
    /// An operator has decided who gets the money.
    DisputeResolved = "dispute_resolved",
    /// A package whose sender chooses could ride on one's trip.
    NewPackageAvailable = "new_package_available",
    /// One was chosen to carry a package: by the sender, to whom one has responded, or among those who had
    /// agreed.
    CourierChosen = "courier_chosen",
    /// What one has asked to be told of has come: a trip, or a package.
    SubscriptionMatched = "subscription_matched",
    /// One is asked about an order in town.
    OrderOffered = "order_offered",
    /// The desk has given one an order in town.
    OrderGiven = "order_given",
    /// One's order in town has a courier.
    OrderCourierFound = "order_courier_found",
    /// The courier of one's order in town has set out.
    OrderCourierOnTheWay = "order_courier_on_the_way",
    /// The courier of one's order in town waits at the pickup.
    OrderCourierArrived = "order_courier_arrived",
    /// One's ride in town is over.
    OrderCompleted = "order_completed",
    /// One's order in town was called off, refused or taken away.
    OrderCalledOff = "order_called_off",
    /// Nobody was found for one's order in town.
    OrderNobodyFound = "order_nobody_found",
    /// Money that one takes out was sent, or was rejected and is back.
    WithdrawalDecided = "withdrawal_decided",
}

impl NotificationKind {
    /// The kind of a word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }
}

/// A pointer to what a person should know.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Notification {
    /// What it says.
    pub kind: NotificationKind,
    /// The request it is about, if it is about one.
    pub request: Option<RequestId>,
    /// The trip it is about, if it is about one.
    pub trip: Option<TripId>,
    /// The document it is about, if it is about one.
    pub document: Option<FileId>,
    /// The package it is about, if that is not the one of its request.
    pub package: Option<PackageId>,
    /// The order in town it is about, if it is about one.
    pub order: Option<OrderId>,
    /// The offer of that order by which one is asked.
    pub offer: Option<OfferId>,
    /// The withdrawal it is about, if it is about one.
    pub withdrawal: Option<WithdrawalId>,
}

impl Notification {
    const fn about(kind: NotificationKind) -> Self {
        Self {
            kind,
            request: None,
            trip: None,
            document: None,
            package: None,
            order: None,
            offer: None,
            withdrawal: None,
        }
    }

    /// The notification that an event is worth, if any.
    #[must_use]
    pub fn of(notice: &Notice) -> Option<Self> {
        use {NotificationKind as K, StreamEvent as E};
        let (kind, request, trip) = match &notice.event {
            E::OfferNew(offer) => (K::TripRequestReceived, Some(offer.request_id), offer.trip_id),
            E::RequestNew(change) if change.origin == Origin::Courier => {
                (K::PackageRequestResponse, Some(change.request_id), change.trip_id)
            }
            E::RequestNew(change) => (K::TripRequestReceived, Some(change.request_id), change.trip_id),
            // Anybody who accepted knows it; the other party learns it.
            E::RequestAccepted(change) => match change.origin {
                _ if notice.to == change.courier_id && change.was_chosen() => {
                    (K::CourierChosen, Some(change.request_id), change.trip_id)
                }
                Origin::Sender | Origin::Engine if notice.to == change.sender_id => {
                    (K::PackageRequestResponse, Some(change.request_id), change.trip_id)
                }
                Origin::Sender | Origin::Courier | Origin::Engine => return None,
            },
            // Both parties learn it.
            E::RequestConfirmed(change) | E::RequestCancelled(change) if change.by_operator => {
                (K::DisputeResolved, Some(change.request_id), change.trip_id)
            }
            E::RequestDeclined(change)
                if notice.to == change.sender_id && change.origin == Origin::Sender =>
            {
                (K::PackageRequestDeclined, Some(change.request_id), change.trip_id)
            }
            E::RequestCancelled(change)
                if notice.to == change.sender_id
                    && change.cancelled_by == Some(crate::market::request::Party::Courier) =>
            {
                (K::PackageRequestDeclined, Some(change.request_id), change.trip_id)
            }
            E::RequestDelivered(change) if notice.to == change.sender_id => {
                (K::PackageDelivered, Some(change.request_id), change.trip_id)
            }
            E::RequestDisputed(change) if notice.to == change.courier_id => {
                (K::DisputeOpened, Some(change.request_id), change.trip_id)
            }
            E::RequestConfirmed(change) if notice.to == change.courier_id => {
                (K::PaymentReceived, Some(change.request_id), change.trip_id)
            }
            E::CourierAvailable(found) => (K::NewCourierAvailable, None, found.trip_id),
            E::NotificationNew(reminder) => (K::Reminder, None, reminder.trip_id),
            E::DocumentReviewed(review) => {
                let document = Some(review.document_id);
                return Some(Self { document, ..Self::about(K::DocumentReviewed) });
            }
            E::PackageAvailable(found) => {
                let (trip, package) = (Some(found.trip_id), Some(found.package.id));
                return Some(Self { trip, package, ..Self::about(K::NewPackageAvailable) });
            }
            E::SubscriptionMatched(found) => {
                let (trip, package) = (
                    found.trip.as_ref().map(|trip| trip.id),
                    found.package.as_ref().map(|package| package.id),
                );
                return Some(Self { trip, package, ..Self::about(K::SubscriptionMatched) });
            }
            E::OrderOffered(offered) => {
                let (order, offer) = (Some(offered.order_id), Some(offered.offer_id));
                return Some(Self { order, offer, ..Self::about(K::OrderOffered) });
            }
            E::OrderNews(told) => {
                let kind = match told.news {
                    OrderNews::Given => K::OrderGiven,
                    OrderNews::CourierFound => K::OrderCourierFound,
                    OrderNews::OnTheWay => K::OrderCourierOnTheWay,
                    OrderNews::Arrived => K::OrderCourierArrived,
                    OrderNews::Completed => K::OrderCompleted,
                    OrderNews::NobodyFound => K::OrderNobodyFound,
                    OrderNews::CalledOff | OrderNews::Rejected | OrderNews::NoShow | OrderNews::TakenAway => {
                        K::OrderCalledOff
                    }
                };
                return Some(Self { order: Some(told.order_id), ..Self::about(kind) });
            }
            E::WithdrawalDecided(over) => {
                let withdrawal = Some(over.withdrawal_id);
                return Some(Self { withdrawal, ..Self::about(K::WithdrawalDecided) });
            }
            E::OfferRevoked(_)
            | E::OfferExpired(_)
            | E::RequestAgreed(_)
            | E::RequestDeclined(_)
            | E::RequestTaken(_)
            | E::RequestPickedUp(_)
            | E::RequestDelivered(_)
            | E::RequestConfirmed(_)
            | E::RequestCancelled(_)
            | E::RequestDisputed(_)
            | E::PackageUpdated(_)
            | E::PaymentUpdated(_)
            | E::BalanceUpdated(_)
            | E::TripUpdated(_)
            | E::ChatMessage(_)
            | E::ChatRead(_)
            | E::ChatMore(_)
            | E::OrderOfferEnded(_) => return None,
        };
        Some(Self { request, trip: Some(trip), ..Self::about(kind) })
    }
}
