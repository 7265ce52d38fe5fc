//! A unit of work: one all-or-nothing change, decided by the core, applied by the store in one transaction.
//!
//! A unit is a value. It says which versions and how much room it counts on; the store applies it only while
//! that is still so, and otherwise changes nothing at all.

use std::sync::Arc;

use smallvec::{SmallVec, smallvec};

use crate::dispatch::{self, DutyChange, Order, OrderChange};
use crate::ids::{FileId, PackageId, RequestId, TripId, UserId};
use crate::leg::LegSpan;
use crate::market::bounds::{self, Bounds, Open};
use crate::market::load::Load;
use crate::market::package::{Outcome, Package, PackageEvent, PackageState};
use crate::market::request::{Request, RequestState};
use crate::market::trip::{Trip, TripEvent, TripState};
use crate::money::Amount;
use crate::money::ledger::{Escrow, EscrowEvent, Transfer};
use crate::money::payment::PaymentFile;
use crate::money::withdrawal::Withdrawal;
use crate::receipt::Receipt;
use crate::stream::{self, DocumentReview, Notice, StreamEvent, Suits};
use crate::time::Time;
use crate::work::Change;

/// One all-or-nothing change.
#[derive(Clone, Debug)]
pub struct Unit {
    /// When it was decided.
    pub at: Time,
    /// What happens to packages and their requests.
    pub packages: SmallVec<[PackageChange; 1]>,
    /// What happens to trips and their room.
    pub trips: SmallVec<[TripChange; 1]>,
    /// What happens to things of further kinds.
    pub others: Vec<Arc<dyn Change>>,
    /// The money of deals that moves.
    pub escrow: SmallVec<[(Escrow, EscrowEvent); 1]>,
    /// Other money that moves.
    pub transfers: Vec<Transfer>,
    /// Who is told what.
    pub notices: Vec<Notice>,
    /// The answer to the call that asked for all this, if it may be repeated.
    pub receipt: Option<Receipt>,
    /// What else a sender has published, if it was decided upon that.
    pub seen: Option<Publications>,
    /// What it adds to, of what there may be only so much.
    pub adds: Vec<Open>,
    /// How much; a unit without bounds is applied whatever there is.
    pub bounds: Option<Bounds>,
    /// A trip that is over, on which more requests wait than one unit ends: the rest is done afterwards, a
    /// little at a time.
    pub rest_of: Option<TripId>,
}

/// How many packages a sender has published lately. A unit that publishes another one because there is none
/// like it counts on that.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Publications {
    /// The sender whose packages were counted.
    pub sender: UserId,
    /// At this time or later.
    pub since: Time,
    /// So many, without those of the unit itself.
    pub count: usize,
}

/// What happens to a package.
#[derive(Clone, PartialEq, Debug)]
pub enum PackageChange {
    /// It is published.
    New(Box<Package>),
    /// It or its requests change.
    Update {
        /// The package that changes.
        id: PackageId,
        /// The version that was decided upon; the store has the next one afterwards.
        version: i64,
        /// The state afterwards, if it is another.
        state: Option<PackageState>,
        /// Requests that are new.
        opened: Vec<Request>,
        /// Requests that are in another state.
        moved: Vec<(RequestId, RequestState)>,
        /// Offers of the engine that are requests of the sender's now, with the sender's words.
        adopted: Vec<(RequestId, String)>,
    },
}

/// What happens to a trip.
#[derive(Clone, PartialEq, Debug)]
pub enum TripChange {
    /// It is published.
    New(Box<Trip>),
    /// It goes to another state.
    Moved {
        /// The trip that moves.
        id: TripId,
        /// The version that was decided upon.
        version: i64,
        /// The state afterwards.
        state: TripState,
    },
    /// Room is taken, if there is room and the trip is live: whatever version the trip has by now.
    Reserve {
        /// The trip whose room is taken.
        id: TripId,
        /// The legs on which it is taken.
        legs: LegSpan,
        /// The room that is taken on each leg.
        load: Load,
        /// Extra way, in minutes.
        detour_min: u32,
    },
    /// Its courier is reminded of it, unless that was done before or the trip has begun.
    Reminded {
        /// Of which trip.
        id: TripId,
    },
    /// Room is given back.
    Release {
        /// The trip whose room is given back.
        id: TripId,
        /// The legs on which it is given back.
        legs: LegSpan,
        /// The room that is given back on each leg.
        load: Load,
        /// Extra way it had used, in minutes.
        detour_min: u32,
    },
}

impl Unit {
    fn empty(at: Time) -> Self {
        Self {
            at,
            packages: SmallVec::new(),
            trips: SmallVec::new(),
            others: Vec::new(),
            escrow: SmallVec::new(),
            transfers: Vec::new(),
            notices: Vec::new(),
            receipt: None,
            seen: None,
            adds: Vec::new(),
            bounds: None,
            rest_of: None,
        }
    }

    /// The same unit, if what it adds stays within bounds.
    #[must_use]
    pub fn within(mut self, bounds: Bounds) -> Self {
        self.bounds = Some(bounds);
        self
    }

    /// A package is published.
    #[must_use]
    pub fn publish_package(package: Package) -> Self {
        Self::publish_package_telling(package, &[])
    }

    /// A package is published. Couriers whose trips it suits are told, because its sender chooses among those
    /// who respond.
    #[must_use]
    pub fn publish_package_telling(package: Package, suits: &[Suits]) -> Self {
        let mut notices = vec![stream::published(&package)];
        notices.extend(suits.iter().map(|one| stream::package_available(&package, one)));
        let (at, adds) = (package.created_at, vec![Open::Packages(package.sender)]);
        Self { packages: smallvec![PackageChange::New(Box::new(package))], notices, adds, ..Self::empty(at) }
    }

    /// A courier is reminded of a trip, once.
    #[must_use]
    pub fn remind(trip: &Trip, at: Time) -> Self {
        let notices = vec![stream::reminder(trip)];
        Self { trips: smallvec![TripChange::Reminded { id: trip.id }], notices, ..Self::empty(at) }
    }

    /// The owner of a document is told what a reviewer has found. The document itself is no business of the
    /// core.
    #[must_use]
    pub fn document_reviewed(to: UserId, document: FileId, declined: Option<String>, at: Time) -> Self {
        let review = DocumentReview { document_id: document, approved: declined.is_none(), reason: declined };
        let notices = vec![Notice { to, event: StreamEvent::DocumentReviewed(review) }];
        Self { notices, ..Self::empty(at) }
    }

    /// Somebody's payment has gone on, and with it the money in their wallet by `change_minor`.
    #[must_use]
    pub fn payment_moved(
        before: &PaymentFile,
        after: &PaymentFile,
        change_minor: i64,
        is_package_gone: bool,
        at: Time,
    ) -> Self {
        let mut notices = vec![stream::payment_updated(before, after, is_package_gone)];
        let payment = &after.payment;
        notices.extend(stream::balance_updated(
            payment.user,
            Amount::new(change_minor, payment.amount.currency),
        ));
        Self { notices, ..Self::empty(at) }
    }

    /// The money in somebody's wallet has changed, outside of a deal.
    #[must_use]
    pub fn balance_moved(user: UserId, change: Amount, at: Time) -> Self {
        Self { notices: stream::balance_updated(user, change).into_iter().collect(), ..Self::empty(at) }
    }

    /// An operator has decided upon money that somebody takes out: it was sent, or it is back in the wallet
    /// for the reason in `rejected`. The withdrawal itself is no business of the engine.
    #[must_use]
    pub fn withdrawal_decided(withdrawal: &Withdrawal, rejected: Option<String>, at: Time) -> Self {
        let back = if rejected.is_some() { withdrawal.amount.minor } else { 0 };
        let mut notices = vec![stream::withdrawal_decided(withdrawal, rejected)];
        let change = Amount::new(back, withdrawal.amount.currency);
        notices.extend(stream::balance_updated(withdrawal.user, change));
        Self { notices, ..Self::empty(at) }
    }

    /// A package is published together with what follows from a first command on it.
    #[must_use]
    pub fn publish_package_with(package: &Package, first: &Outcome) -> Self {
        let mut notices = vec![stream::published(package)];
        notices.extend(stream::notices(package, &first.events));
        let mut after = package.clone();
        after.apply(&first.events);
        let at = package.created_at;
        let mut adds = vec![Open::Packages(package.sender)];
        adds.extend(bounds::asked(package, &first.events));
        Self { packages: smallvec![PackageChange::New(Box::new(after))], notices, adds, ..Self::empty(at) }
    }

    /// A trip is published. Those who wait on its way are told.
    #[must_use]
    pub fn publish_trip(trip: Trip, waiting: &[(PackageId, UserId)]) -> Self {
        let mut notices = vec![stream::trip_updated(&trip)];
        let tell =
            |(package, sender): &(PackageId, UserId)| stream::courier_available(&trip, *package, *sender);
        notices.extend(waiting.iter().map(tell));
        let (at, adds) = (trip.created_at, vec![Open::Trips(trip.courier)]);
        Self { trips: smallvec![TripChange::New(Box::new(trip))], notices, adds, ..Self::empty(at) }
    }

    /// These people are told of something that is no business of the engine, in the transaction in which it
    /// is stored.
    #[must_use]
    pub fn told(notices: Vec<Notice>, at: Time) -> Self {
        Self { notices, ..Self::empty(at) }
    }

    /// A thing of a further kind changes, and these people are told.
    #[must_use]
    pub fn other(change: impl Change, notices: Vec<Notice>, at: Time) -> Self {
        Self { others: vec![Arc::new(change)], notices, ..Self::empty(at) }
    }

    /// An order is placed.
    #[must_use]
    pub fn place_order(order: Order) -> Self {
        let at = order.created_at;
        Self::other(OrderChange::New(Box::new(order)), Vec::new(), at)
    }

    /// An order is placed and takes a step at once; with the answer to the call that may be repeated.
    #[must_use]
    pub fn place_order_under(order: Order, step: Option<OrderChange>, receipt: Option<Receipt>) -> Self {
        let mut unit = Self::place_order(order);
        unit.others.extend(step.map(|step| Arc::new(step) as Arc<dyn Change>));
        unit.receipt = receipt;
        unit
    }

    /// An order changes, and with it couriers' duties; those concerned are told.
    #[must_use]
    pub fn order(change: OrderChange, duties: Vec<DutyChange>, at: Time) -> Self {
        let notices = dispatch::notices(&change, &duties);
        let mut unit = Self::other(change, notices, at);
        unit.others.extend(duties.into_iter().map(|duty| Arc::new(duty) as Arc<dyn Change>));
        unit
    }

    /// Nothing but the answer to a call that found everything done.
    #[must_use]
    pub fn receipt(receipt: Receipt, at: Time) -> Self {
        Self { receipt: Some(receipt), ..Self::empty(at) }
    }

    /// A decision about a package. `before` is the package as it was decided upon.
    #[must_use]
    pub fn package(before: &Package, outcome: Outcome, at: Time) -> Self {
        let mut unit = Self::empty(at);
        unit.add_package(before, outcome);
        unit
    }

    /// A trip goes to another state, together with what that means for its packages.
    #[must_use]
    pub fn trip(before: &Trip, event: &TripEvent, packages: Vec<(&Package, Outcome)>, at: Time) -> Self {
        let mut unit = Self::empty(at);
        let mut after = before.clone();
        after.apply(event);
        unit.notices.push(stream::trip_updated(&after));
        unit.trips.push(TripChange::Moved { id: before.id, version: before.version, state: after.state });
        for (package, outcome) in packages {
            unit.add_package(package, outcome);
        }
        unit
    }

    fn add_package(&mut self, before: &Package, outcome: Outcome) {
        self.notices.extend(stream::notices(before, &outcome.events));
        self.adds.extend(bounds::asked(before, &outcome.events));
        let (mut opened, mut moved, mut adopted, mut next) = (Vec::new(), Vec::new(), Vec::new(), None);
        for event in outcome.events {
            match event {
                PackageEvent::RequestOpened(request) => opened.push(request),
                PackageEvent::RequestMoved { id, to, .. } => moved.push((id, to)),
                PackageEvent::OfferAdopted { id, message } => adopted.push((id, message)),
                PackageEvent::Moved(state) => next = Some(state),
            }
        }
        let (id, version) = (before.id, before.version);
        let change = PackageChange::Update { id, version, state: next, opened, moved, adopted };
        self.packages.push(change);
        for (id, event) in outcome.trips {
            match event {
                TripEvent::Reserved { legs, load, detour_min } => {
                    self.trips.push(TripChange::Reserve { id, legs, load, detour_min });
                }
                TripEvent::Released { legs, load, detour_min } => {
                    self.trips.push(TripChange::Release { id, legs, load, detour_min });
                }
                TripEvent::Started { .. } | TripEvent::Completed { .. } | TripEvent::Cancelled { .. } => {}
            }
        }
        self.escrow.extend(outcome.escrow);
        self.transfers.extend(outcome.transfers);
    }
}
