//! Standing questions: "tell me when a trip, or a package, appears on my way". They have an end.

use crate::ids::{SubscriptionId, UserId};
use crate::market::package::End;
use crate::rejection::Rejection;
use crate::time::{Span, Time};

/// The longest that a question stands.
pub const LONGEST: Span = Span::days(90);

/// How many a person may have.
pub const MAX_OF_ONE: u32 = 20;

/// What somebody wants to hear of.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Wanted {
    /// Couriers who travel this way.
    Trips,
    /// Packages that go from one place to the other.
    Packages,
}

impl Wanted {
    /// The word on the wire and in the store.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Trips => "trips",
            Self::Packages => "packages",
        }
    }

    /// What a word stands for.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Trips, Self::Packages].into_iter().find(|wanted| wanted.word() == word)
    }
}

/// A standing question.
#[derive(Clone, PartialEq, Debug)]
pub struct Subscription {
    /// Its id.
    pub id: SubscriptionId,
    /// The person who is told.
    pub user: UserId,
    /// What they want to hear of.
    pub wanted: Wanted,
    /// Where the way begins.
    pub from: End,
    /// Where it ends.
    pub to: End,
    /// What happens before is of no interest.
    pub starts_at: Time,
    /// Nor is what happens after; then the question is over.
    pub ends_at: Time,
    /// When it was asked.
    pub created_at: Time,
    /// When it was taken back.
    pub cancelled_at: Option<Time>,
}

impl Subscription {
    /// Whether it still stands.
    #[must_use]
    pub fn is_live(&self, now: Time) -> bool {
        self.cancelled_at.is_none() && now < self.ends_at
    }

    /// A version that grows: a question only ends.
    #[must_use]
    pub const fn version(&self) -> i64 {
        if self.cancelled_at.is_some() { 2 } else { 1 }
    }

    /// Checks it.
    ///
    /// # Errors
    /// When it makes no sense.
    pub fn check(&self) -> Result<(), Rejection> {
        let invalid = |field, reason| Err(Rejection::Invalid { field, reason });
        if self.from.place == self.to.place {
            return invalid("to", "must differ from the origin");
        }
        if self.ends_at <= self.created_at || self.ends_at <= self.starts_at {
            return invalid("until", "is over already");
        }
        if self.ends_at > self.created_at + LONGEST {
            return invalid("until", "is more than 90 days away");
        }
        Ok(())
    }
}
