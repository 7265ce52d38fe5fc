//! What every kind of work has in common, so that the engine can carry one that it knows nothing else of.
//!
//! Packages and trips are two kinds. Each thing of a kind has a [`WorkId`]: hints between nodes, the
//! comparison with the store and the grouping of units speak of nothing else. A further kind puts what it
//! changes into a unit as a [`Change`]; the store finds by the name of the kind how that is applied.

use std::any::Any;
use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::ids::{PackageId, SubscriptionId, TripId};

/// The kind of packages.
pub const PACKAGE: &str = "package";

/// The kind of trips.
pub const TRIP: &str = "trip";

/// The kind of standing questions.
pub const SUBSCRIPTION: &str = "subscription";

/// One thing of one kind, as all nodes name it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct WorkId {
    /// Its id within the kind. Compared first: two things seldom share it.
    pub id: Uuid,
    /// The name of its kind.
    pub kind: Cow<'static, str>,
}

impl WorkId {
    /// The thing of this kind with this id.
    #[must_use]
    pub const fn new(kind: &'static str, id: Uuid) -> Self {
        Self { id, kind: Cow::Borrowed(kind) }
    }
}

impl fmt::Display for WorkId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind, self.id)
    }
}

impl From<PackageId> for WorkId {
    fn from(id: PackageId) -> Self {
        Self::new(PACKAGE, id.uuid())
    }
}

impl From<TripId> for WorkId {
    fn from(id: TripId) -> Self {
        Self::new(TRIP, id.uuid())
    }
}

impl From<SubscriptionId> for WorkId {
    fn from(id: SubscriptionId) -> Self {
        Self::new(SUBSCRIPTION, id.uuid())
    }
}

/// What a unit does to one thing of a further kind.
pub trait Change: Any + fmt::Debug + Send + Sync {
    /// The thing that it changes. Two units that change the same thing are never applied as one.
    fn work(&self) -> WorkId;
}

impl dyn Change {
    /// The change as the type that it is of, for the code that applies it.
    #[must_use]
    pub fn downcast<T: Change>(&self) -> Option<&T> {
        let change: &dyn Any = self;
        change.downcast_ref()
    }
}
