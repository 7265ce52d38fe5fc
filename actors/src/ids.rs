//! Typed identifiers. An id of one kind cannot be passed where another is meant.
//!
//! All ids are UUIDs of version 7: random enough not to be guessed, ordered by creation time so that
//! database indexes stay compact. The core makes no randomness, so the bytes come in as an argument.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::time::Time;

/// A text that is not an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a valid id")]
pub struct InvalidId;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// Makes an id from the moment of creation and ten random bytes.
            #[must_use]
            pub fn new(now: Time, random: [u8; 10]) -> Self {
                let ms = u64::try_from(now.ms()).unwrap_or(0);
                Self(uuid::Builder::from_unix_timestamp_millis(ms, &random).into_uuid())
            }

            /// The moment of creation, to the millisecond.
            #[must_use]
            pub fn created_at(self) -> Time {
                let ms = self.0.as_u128() >> 80;
                Time::from_ms(i64::try_from(ms).unwrap_or(i64::MAX))
            }

            /// The UUID behind the id, for the store.
            #[must_use]
            pub const fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl From<Uuid> for $name {
            fn from(uuid: Uuid) -> Self {
                Self(uuid)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                Uuid::try_parse(text).map(Self).map_err(|_| InvalidId)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }
    };
}

id!(
    /// A person, who acts as sender of packages and courier of trips.
    UserId
);
id!(
    /// A published journey.
    TripId
);
id!(
    /// A thing to be carried.
    PackageId
);
id!(
    /// A proposal joining one package and one trip.
    RequestId
);
id!(
    /// Money on its way out.
    WithdrawalId
);
id!(
    /// Money on its way in.
    PaymentId
);
id!(
    /// Money that a provider has taken from somebody for a payment.
    ChargeId
);
id!(
    /// Money of a charge on its way back.
    RefundId
);
id!(
    /// A standing question.
    SubscriptionId
);
id!(
    /// Something that was uploaded.
    FileId
);
id!(
    /// What an administrator has done to an account.
    DeedId
);
id!(
    /// What somebody in town wants from a courier on duty.
    OrderId
);
id!(
    /// An order that is shown to one courier on duty.
    OfferId
);
id!(
    /// A part of a town that couriers on duty belong to.
    RegionId
);
id!(
    /// What two people say to each other.
    ChatId
);
id!(
    /// One thing that was said in a chat.
    MessageId
);
id!(
    /// Something that was put up on the board.
    PostId
);
id!(
    /// A word to the operators about somebody.
    ReportId
);
