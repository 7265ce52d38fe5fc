//! What always holds, as numbered predicates.
//!
//! Most look at values of the core: the tests ask after every step. The others look at plain facts that an
//! observer from outside can collect, such as acknowledged rides and received event numbers: a load test asks
//! them about a running server. A predicate only looks; it repairs nothing and knows no store.

mod books;
mod observed;

use std::collections::BTreeSet;
use std::fmt;

use crate::ids::{ChatId, FileId, OfferId, OrderId, PackageId, PaymentId, RequestId, TripId, WithdrawalId};
use crate::leg::LegSpan;
use crate::market::load::Load;
use crate::market::package::{Outcome, Package, PackageEvent, PackageState};
use crate::market::request::{Origin, Request, RequestState};
use crate::market::trip::Trip;
use crate::money::ledger::EscrowState;
use crate::stream::{Notice, StreamEvent};

pub use books::Books;
pub use observed::{
    acked_is_stored, books_balance, contiguous, legs_within_capacity, one_winner, path_forward,
};
use observed::{follows, used_per_leg};

/// The numbered rules.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Invariant {
    /// INV-1: one deal per package.
    OneDeal = 1,
    /// INV-2: `0 <= used <= capacity` on every leg, and the same for the detour budget.
    WithinCapacity = 2,
    /// INV-3: used equals the sum of live deals, on every leg.
    UsedIsDeals = 3,
    /// INV-4: package state agrees with its deal's state, and only an open package has open requests.
    PackageAgrees = 4,
    /// INV-5: escrow agrees with request state.
    EscrowAgrees = 5,
    /// INV-6: transfers sum to zero over all accounts, happen once each, and no wallet is negative.
    MoneyBalances = 6,
    /// INV-7: stream seqs are contiguous.
    SeqsContiguous = 7,
    /// INV-8: times never run backwards along a request's path, and each step of it is a legal one.
    TimesForward = 8,
    /// INV-9: of one change each person hears at most once per request.
    ToldOnce = 9,
    /// INV-10: what was acknowledged is stored.
    AckedIsStored = 10,
}

impl Invariant {
    /// Every rule, in order of number.
    pub const ALL: [Self; 10] = [
        Self::OneDeal,
        Self::WithinCapacity,
        Self::UsedIsDeals,
        Self::PackageAgrees,
        Self::EscrowAgrees,
        Self::MoneyBalances,
        Self::SeqsContiguous,
        Self::TimesForward,
        Self::ToldOnce,
        Self::AckedIsStored,
    ];

    /// The number in `INV-n`.
    #[must_use]
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// The rule in a few words, for reports.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::OneDeal => "one deal per package",
            Self::WithinCapacity => "0 <= used <= capacity on every leg",
            Self::UsedIsDeals => "used equals the sum of live deals",
            Self::PackageAgrees => "package state agrees with its deal's state",
            Self::EscrowAgrees => "escrow agrees with request state",
            Self::MoneyBalances => "transfers sum to zero and no wallet is negative",
            Self::SeqsContiguous => "stream seqs are contiguous",
            Self::TimesForward => "times never run backwards along a request's path",
            Self::ToldOnce => "each person hears of a change once per request",
            Self::AckedIsStored => "what was acknowledged is stored",
        }
    }
}

impl fmt::Display for Invariant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "INV-{} {}", self.number(), self.title())
    }
}

/// A rule that does not hold, and where.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{invariant}: {text}")]
pub struct Violation {
    /// The broken rule.
    pub invariant: Invariant,
    /// What was seen, in words.
    pub text: String,
}

/// Whether a rule holds.
pub type Verdict = Result<(), Violation>;

fn broken<T>(invariant: Invariant, text: String) -> Result<T, Violation> {
    Err(Violation { invariant, text })
}

/// What a live deal takes of its trip.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Ride {
    /// The legs it uses.
    pub legs: LegSpan,
    /// What it takes on each of them.
    pub load: Load,
    /// Extra way for it, in minutes.
    pub detour_min: u32,
}

/// The rides that the deals of a package take on a trip.
pub fn rides_on(package: &Package, trip: TripId) -> impl Iterator<Item = Ride> {
    let deals =
        package.requests.iter().filter(move |request| request.trip == trip && request.state.is_deal());
    deals.map(|request| Ride {
        legs: request.plan.legs,
        load: package.draft.load,
        detour_min: request.plan.detour_min,
    })
}

/// Every rule that a package with its requests can break by itself: INV-1, INV-4 and INV-8.
#[must_use]
pub fn of_package(package: &Package) -> Vec<Violation> {
    let times = package.requests.iter().map(times_forward);
    [one_deal(package), package_agrees(package)].into_iter().chain(times).filter_map(Verdict::err).collect()
}

/// Every rule that a trip can break: INV-2 and INV-3, given all rides on it.
#[must_use]
pub fn of_trip(trip: &Trip, rides: impl IntoIterator<Item = Ride>) -> Vec<Violation> {
    [within_capacity(trip), used_is_deals(trip, rides)].into_iter().filter_map(Verdict::err).collect()
}

/// INV-1 for a package of the core.
///
/// # Errors
/// When two or more of its requests are deals.
pub fn one_deal(package: &Package) -> Verdict {
    one_winner(
        package.id,
        package.requests.iter().filter(|request| request.state.is_deal()).map(|request| request.id),
    )
}

/// INV-2 for a trip of the core.
///
/// # Errors
/// When a leg has more room than the empty trip, or the detour budget is overdrawn. Less than no room cannot
/// be written down: the room left is unsigned.
pub fn within_capacity(trip: &Trip) -> Verdict {
    let capacity = trip.draft.capacity;
    if trip.left.len() + 1 != trip.draft.stops.len() {
        let text =
            format!("trip {} has {} legs and {} stops", trip.id, trip.left.len(), trip.draft.stops.len());
        return broken(Invariant::WithinCapacity, text);
    }
    if let Some(leg) = trip.left.iter().position(|left| !left.fits(capacity)) {
        let text = format!("leg {leg} of trip {} has {:?} left of {capacity:?}", trip.id, trip.left[leg]);
        return broken(Invariant::WithinCapacity, text);
    }
    if trip.detour_used_min > trip.draft.max_detour_min {
        let (used, most) = (trip.detour_used_min, trip.draft.max_detour_min);
        return broken(Invariant::WithinCapacity, format!("trip {} has used {used} of {most} min", trip.id));
    }
    Ok(())
}

/// INV-3: what is left and what the rides take make up the capacity, on every leg; the detour likewise.
///
/// # Errors
/// When they do not, or INV-2 when the rides alone take too much.
pub fn used_is_deals(trip: &Trip, rides: impl IntoIterator<Item = Ride>) -> Verdict {
    let rides: Vec<Ride> = rides.into_iter().collect();
    let taken = used_per_leg(trip.left.len(), rides.iter().map(|ride| (ride.legs, ride.load)))?;
    for (leg, (left, taken)) in trip.left.iter().zip(taken).enumerate() {
        if left.plus(taken) != Some(trip.draft.capacity) {
            let text = format!("leg {leg} of trip {}: {left:?} left with {taken:?} taken", trip.id);
            return broken(Invariant::UsedIsDeals, text);
        }
    }
    let detour: u64 = rides.iter().map(|ride| u64::from(ride.detour_min)).sum();
    if u64::from(trip.detour_used_min) != detour {
        let text = format!("trip {}: {} min used, deals take {detour}", trip.id, trip.detour_used_min);
        return broken(Invariant::UsedIsDeals, text);
    }
    Ok(())
}

/// INV-4: the package names its deal, both are at the same step, and open requests wait for an open package.
///
/// # Errors
/// When they disagree.
pub fn package_agrees(package: &Package) -> Verdict {
    let fail = |text: String| {
        broken(
            Invariant::PackageAgrees,
            format!("package {} is {}: {text}", package.id, package.state.word()),
        )
    };
    if package.state != PackageState::Open
        && let Some(open) = package.pending().next()
    {
        return fail(format!("request {} still waits", open.id));
    }
    let Some(named) = package.state.deal() else {
        return match package.requests.iter().find(|request| request.state.is_deal()) {
            None => Ok(()),
            Some(deal) => fail(format!("request {} is {}", deal.id, deal.state.word())),
        };
    };
    let Some(deal) = package.request(named) else { return fail(format!("its deal {named} is not there")) };
    // A dispute is between the people; the package stays where it was.
    let agrees = matches!(
        (&package.state, &deal.state),
        (PackageState::Assigned { .. }, RequestState::Accepted { .. })
            | (PackageState::InTransit { .. }, RequestState::PickedUp { .. } | RequestState::Disputed { .. })
            | (
                PackageState::Delivered { .. },
                RequestState::Delivered { .. } | RequestState::Disputed { .. }
            )
            | (PackageState::Confirmed { .. }, RequestState::Confirmed { .. })
    );
    if agrees { Ok(()) } else { fail(format!("its deal {named} is {}", deal.state.word())) }
}

/// INV-5: the escrow, as it is kept beside a request, is where the request's state says. One that
/// an operator has divided belongs to a confirmed request.
///
/// # Errors
/// When it is elsewhere.
pub fn escrow_agrees(request: &Request, escrow: EscrowState) -> Verdict {
    let expected = request.state.escrow();
    let is_split = expected == EscrowState::Released && escrow == EscrowState::Split;
    if escrow == expected || is_split {
        return Ok(());
    }
    let (state, escrow) = (request.state.word(), escrow.word());
    broken(Invariant::EscrowAgrees, format!("request {} is {state}, its escrow {escrow}", request.id))
}

/// INV-8 for a request of the core: it entered its state no earlier than it was made.
///
/// # Errors
/// When it did.
pub fn times_forward(request: &Request) -> Verdict {
    match request.state.at() {
        Some(at) if at < request.created_at => {
            let (state, made) = (request.state.word(), request.created_at);
            broken(
                Invariant::TimesForward,
                format!("request {} was {state} at {at}, made at {made}", request.id),
            )
        }
        _ => Ok(()),
    }
}

/// INV-9: the notices of one change.
///
/// # Errors
/// When somebody is told twice of the same request, or twice of the same package or trip.
pub fn told_once(notices: &[Notice]) -> Verdict {
    let mut heard = BTreeSet::new();
    for Notice { to, event } in notices {
        if !heard.insert((*to, subject(event))) {
            return broken(Invariant::ToldOnce, format!("{to} is told twice: {event:?}"));
        }
    }
    Ok(())
}

/// What an event is about.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Subject {
    /// A request.
    Request(RequestId),
    /// A package by itself.
    Package(PackageId),
    /// A trip by itself.
    Trip(TripId),
    /// A document.
    Document(FileId),
    /// A payment.
    Payment(PaymentId),
    /// One's wallet.
    Wallet,
    /// Money that one takes out.
    Withdrawal(WithdrawalId),
    /// A chat.
    Chat(ChatId),
    /// An order in town.
    Order(OrderId),
    /// An offer of an order in town.
    OrderOffer(OfferId),
}

/// What an event is about.
#[must_use]
pub fn subject(event: &StreamEvent) -> Subject {
    use StreamEvent as E;
    match event {
        E::OfferNew(offer) => Subject::Request(offer.request_id),
        E::OfferRevoked(end) | E::OfferExpired(end) => Subject::Request(end.request_id),
        E::RequestNew(step)
        | E::RequestAgreed(step)
        | E::RequestAccepted(step)
        | E::RequestDeclined(step)
        | E::RequestTaken(step)
        | E::RequestPickedUp(step)
        | E::RequestDelivered(step)
        | E::RequestConfirmed(step)
        | E::RequestCancelled(step)
        | E::RequestDisputed(step) => Subject::Request(step.request_id),
        E::PackageUpdated(change) => Subject::Package(change.package_id),
        E::PackageAvailable(found) => Subject::Package(found.package.id),
        E::TripUpdated(change) => Subject::Trip(change.trip_id),
        E::CourierAvailable(found) => Subject::Trip(found.trip_id),
        E::SubscriptionMatched(found) => match (&found.trip, &found.package) {
            (Some(trip), _) => Subject::Trip(trip.id),
            (None, Some(package)) => Subject::Package(package.id),
            (None, None) => Subject::Wallet,
        },
        E::NotificationNew(reminder) => Subject::Trip(reminder.trip_id),
        E::DocumentReviewed(review) => Subject::Document(review.document_id),
        E::PaymentUpdated(change) => Subject::Payment(change.payment_id),
        E::BalanceUpdated(_) => Subject::Wallet,
        E::WithdrawalDecided(over) => Subject::Withdrawal(over.withdrawal_id),
        E::ChatMessage(message) => Subject::Chat(message.chat_id),
        E::ChatRead(read) => Subject::Chat(read.chat_id),
        E::ChatMore(more) => Subject::Chat(more.chat_id),
        E::OrderOffered(offered) => Subject::OrderOffer(offered.offer_id),
        E::OrderOfferEnded(ended) => Subject::OrderOffer(ended.offer_id),
        E::OrderNews(told) => Subject::Order(told.order_id),
    }
}

/// What a decision says of itself, before it is applied: INV-4 for its moves and INV-9 for its notices.
///
/// # Errors
/// When a request moves that is not in the state it is said to leave, moves twice, or takes an illegal step;
/// or when somebody is told twice.
pub fn of_outcome(before: &Package, outcome: &Outcome) -> Verdict {
    let mut seen = BTreeSet::new();
    for event in &outcome.events {
        if let PackageEvent::OfferAdopted { id, .. } = event {
            let is_offer = |request: &Request| request.origin == Origin::Engine && request.state.is_pending();
            if !before.request(*id).is_some_and(is_offer) || !seen.insert(*id) {
                let text = format!("request {id} is no open offer, and cannot be adopted");
                return broken(Invariant::PackageAgrees, text);
            }
        }
        let PackageEvent::RequestMoved { id, from, to } = event else { continue };
        let as_said = before.request(*id).is_some_and(|request| request.state == *from);
        if !as_said || !follows(from, to) || !seen.insert(*id) {
            let text = format!("request {id} cannot go from {} to {}", from.word(), to.word());
            return broken(Invariant::PackageAgrees, text);
        }
    }
    told_once(&crate::stream::notices(before, &outcome.events))
}
