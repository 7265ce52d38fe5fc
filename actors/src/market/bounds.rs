//! How much one person may have open, so that nobody fills the market, and nobody's leaving becomes endless
//! work.
//!
//! A unit names what it adds to; the store counts it in the unit's transaction, where nobody else adds to the
//! same.

use super::package::{Package, PackageEvent};
use super::request::{Origin, Request};
use crate::ids::{TripId, UserId};
use crate::rejection::Rejection;

/// The bounds, one number each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Packages of one sender that wait for a courier or a pickup, patterns included.
    pub open_packages: u32,
    /// Trips of one courier that are not over.
    pub live_trips: u32,
    /// Requests of one person that wait for the other party's answer.
    pub pending_requests: u32,
    /// Requests of senders that wait on one trip.
    pub pending_on_trip: u32,
    /// Pieces that there may be room for on one trip, on all its legs together. A deal takes one at least on
    /// each of its legs, so there are no more deals on a trip.
    pub pieces_on_trip: u32,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            open_packages: 500,
            live_trips: 200,
            pending_requests: 500,
            pending_on_trip: 500,
            pieces_on_trip: 200,
        }
    }
}

impl Bounds {
    /// The most pieces at a time on a trip of so many legs.
    #[must_use]
    pub fn pieces_at_a_time(&self, legs: usize) -> u32 {
        let legs = u32::try_from(legs).unwrap_or(u32::MAX).max(1);
        (self.pieces_on_trip / legs).max(1)
    }
}

/// What a unit adds to, and whose it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Open {
    /// Packages of a sender.
    Packages(UserId),
    /// Trips of a courier.
    Trips(UserId),
    /// Requests that a sender has made.
    Asked(UserId),
    /// Requests that a courier has made.
    Responded(UserId),
    /// Requests of senders on a trip, and whose trip it is.
    On(TripId, UserId),
}

impl Open {
    /// The most that there may be.
    #[must_use]
    pub const fn most(self, bounds: &Bounds) -> u32 {
        match self {
            Self::Packages(_) => bounds.open_packages,
            Self::Trips(_) => bounds.live_trips,
            Self::Asked(_) | Self::Responded(_) => bounds.pending_requests,
            Self::On(..) => bounds.pending_on_trip,
        }
    }

    /// The person in whose turn it is counted: of two units that add to the same, one waits for the other.
    #[must_use]
    pub const fn person(self) -> UserId {
        match self {
            Self::Packages(user)
            | Self::Trips(user)
            | Self::Asked(user)
            | Self::Responded(user)
            | Self::On(_, user) => user,
        }
    }

    /// The refusal of what would be more than `most`.
    #[must_use]
    pub const fn refusal(self, most: u32) -> Rejection {
        match self {
            Self::Packages(_) => Rejection::TooManyPackages(most),
            Self::Trips(_) => Rejection::TooManyTrips(most),
            Self::Asked(_) | Self::Responded(_) => Rejection::TooManyPending(most),
            Self::On(..) => Rejection::TooManyOnTrip(most),
        }
    }
}

/// What the requests of people add to: those that are opened, and offers of the engine that a sender makes
/// their own. What the engine proposes by itself is bounded elsewhere.
pub(crate) fn asked(before: &Package, events: &[PackageEvent]) -> Vec<Open> {
    let by_sender =
        |request: &Request| vec![Open::Asked(request.sender), Open::On(request.trip, request.courier)];
    let of = |event: &PackageEvent| match event {
        PackageEvent::RequestOpened(request) => match request.origin {
            Origin::Engine => Vec::new(),
            Origin::Courier => vec![Open::Responded(request.courier)],
            Origin::Sender => by_sender(request),
        },
        PackageEvent::OfferAdopted { id, .. } => before.request(*id).map(by_sender).unwrap_or_default(),
        PackageEvent::RequestMoved { .. } | PackageEvent::Moved(_) => Vec::new(),
    };
    events.iter().flat_map(of).collect()
}
