//! A package with its requests: the unit of decision. One version covers both, so a copy of the current
//! version knows every request, and a claim decides the winner and all losers at once.
//!
//! ```text
//! open -> assigned -> in_transit -> delivered -> confirmed
//! assigned -> delivered              a delivery implies the pickup
//! open | assigned -> cancelled       assigned -> open (the deal is called off before pickup)
//! assigned | in_transit | delivered -> cancelled, in_transit -> confirmed   an operator ends it
//! open -> cancelled, too, when deliver_by has passed and nobody has taken it
//! template: a pattern to publish from; it is never matched
//! ```

mod command;
mod decide;
mod draft;

use super::phase::PackagePhase;
use super::request::{Origin, Request};
use crate::ids::{PackageId, RequestId, TripId, UserId};
use crate::money::Amount;
use crate::money::fees::{Paid, PaymentTerms};
use crate::money::ledger::Escrow;
use crate::rejection::Rejection;
use crate::time::{Span, Time};

pub use command::{Outcome, PackageCommand, PackageEvent, Proposal};
pub use draft::{End, MAX_WINDOW, Mode, PackageDraft};

/// The most requests one package may collect, closed ones included.
pub const MAX_REQUESTS: usize = 512;

/// The most responses of one courier to one package, closed ones included, so that nobody can use up the
/// rest.
pub const MAX_RESPONSES: usize = 8;

/// For how long a parcel that is described again, without being named, is the one that was published.
pub const MEANT_WITHIN: Span = Span::minutes(1);

/// Where a package stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PackageState {
    /// A pattern to publish from.
    Template,
    /// Waiting for a courier.
    Open,
    /// A courier has it in the plan.
    Assigned {
        /// The request that is the deal.
        request: RequestId,
        /// When the deal was made.
        at: Time,
    },
    /// The courier has picked it up.
    InTransit {
        /// The request that is the deal.
        request: RequestId,
        /// When the courier took the package over.
        at: Time,
    },
    /// The courier says that it was handed over.
    Delivered {
        /// The request that is the deal.
        request: RequestId,
        /// When the courier handed it over.
        at: Time,
    },
    /// The sender has confirmed.
    Confirmed {
        /// The request that was the deal.
        request: RequestId,
        /// When the delivery was confirmed.
        at: Time,
    },
    /// Called off by the sender, or not taken in time.
    Cancelled {
        /// When it was called off, or its time was over.
        at: Time,
    },
}

impl PackageState {
    /// The state without its evidence.
    #[must_use]
    pub const fn phase(self) -> PackagePhase {
        match self {
            Self::Template => PackagePhase::Template,
            Self::Open => PackagePhase::Open,
            Self::Assigned { .. } => PackagePhase::Assigned,
            Self::InTransit { .. } => PackagePhase::InTransit,
            Self::Delivered { .. } => PackagePhase::Delivered,
            Self::Confirmed { .. } => PackagePhase::Confirmed,
            Self::Cancelled { .. } => PackagePhase::Cancelled,
        }
    }

    /// The word on the wire and in the store.
    #[must_use]
    pub const fn word(self) -> &'static str {
        self.phase().word()
    }

    /// The request that holds the package, if one does.
    #[must_use]
    pub const fn deal(self) -> Option<RequestId> {
        match self {
            Self::Assigned { request, .. }
            | Self::InTransit { request, .. }
            | Self::Delivered { request, .. }
            | Self::Confirmed { request, .. } => Some(request),
            Self::Template | Self::Open | Self::Cancelled { .. } => None,
        }
    }

    /// When the package entered this state, where the state says so.
    #[must_use]
    pub const fn at(self) -> Option<Time> {
        match self {
            Self::Template | Self::Open => None,
            Self::Assigned { at, .. }
            | Self::InTransit { at, .. }
            | Self::Delivered { at, .. }
            | Self::Confirmed { at, .. }
            | Self::Cancelled { at } => Some(at),
        }
    }
}

/// A thing to be carried, with everything that was ever proposed for it.
#[derive(Clone, PartialEq, Debug)]
pub struct Package {
    /// Its id.
    pub id: PackageId,
    /// Who sends it.
    pub sender: UserId,
    /// What was published.
    pub draft: PackageDraft,
    /// Where it stands.
    pub state: PackageState,
    /// Every request, oldest first.
    pub requests: Vec<Request>,
    /// Counts changes of the package and its requests; a stale writer is refused.
    pub version: i64,
    /// When it was published.
    pub created_at: Time,
    /// The pattern it was published from.
    pub made_from: Option<PackageId>,
    /// How many packages were published from it, if it is a pattern.
    pub uses: u32,
    /// What was agreed about it besides.
    pub terms: Terms,
}

/// What a sender asks for or says besides the draft.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Terms {
    /// The courier has to show codes at the pickup and at the delivery.
    pub hand_over_codes: bool,
    /// The sender has confirmed that nothing forbidden is inside.
    pub contents_confirmed: bool,
    /// How it is paid for.
    pub payment: PaymentTerms,
}

impl Package {
    /// Publishes a package.
    ///
    /// # Errors
    /// `Invalid` when a bound is exceeded, the ends are the same place, or the window is over.
    pub fn publish(id: PackageId, sender: UserId, draft: PackageDraft, now: Time) -> Result<Self, Rejection> {
        draft.check(now)?;
        let state = if draft.template { PackageState::Template } else { PackageState::Open };
        Ok(Self {
            id,
            sender,
            draft,
            state,
            requests: Vec::new(),
            version: 1,
            created_at: now,
            made_from: None,
            uses: 0,
            terms: Terms::default(),
        })
    }

    /// The request of an id.
    #[must_use]
    pub fn request(&self, id: RequestId) -> Option<&Request> {
        self.requests.iter().find(|request| request.id == id)
    }

    /// The request that holds the package.
    #[must_use]
    pub fn deal(&self) -> Option<&Request> {
        self.state.deal().and_then(|id| self.request(id))
    }

    /// The money of one of its requests as it stands now: none of it where the courier is paid in cash.
    #[must_use]
    pub fn escrow(&self, request: &Request) -> Escrow {
        let is_cash = self.terms.payment.paid == Paid::Cash;
        let minor = if is_cash { 0 } else { request.reward.minor };
        Escrow {
            request: request.id,
            sender: request.sender,
            courier: request.courier,
            amount: Amount::new(minor, request.reward.currency),
            fee: self.terms.payment.fee,
            state: request.state.escrow(),
        }
    }

    /// What its sender has paid for it already, while it waits for its first courier. Once a deal was called
    /// off, the money is in the sender's wallet, and the next deal takes it from there.
    #[must_use]
    pub fn reserved(&self) -> Option<Amount> {
        let is_untouched = !self.requests.iter().any(|request| request.state.was_deal());
        (self.terms.payment.paid == Paid::OnPublish && self.state == PackageState::Open && is_untouched)
            .then_some(self.draft.reward)
    }

    /// What its sender got back when it was called off.
    #[must_use]
    pub fn refunded(&self) -> Amount {
        let none = Amount::new(0, self.draft.reward.currency);
        let PackageState::Cancelled { at } = self.state else { return none };
        let was_deal = |request: &&Request| request.state.was_deal();
        match self.requests.iter().rfind(was_deal) {
            Some(deal) if deal.state.at() == Some(at) => self.escrow(deal).amount,
            None if self.terms.payment.paid == Paid::OnPublish => self.draft.reward,
            _ => none,
        }
    }

    /// Requests that wait for an answer.
    pub fn pending(&self) -> impl Iterator<Item = &Request> {
        self.requests.iter().filter(|request| request.state.is_pending())
    }

    /// Requests that may still become a deal: those that wait for an answer, and those that wait for the
    /// choice.
    pub fn open_requests(&self) -> impl Iterator<Item = &Request> {
        self.requests.iter().filter(|request| request.state.is_open())
    }

    /// Whether an acceptance of this request does not make a deal yet, but stands until the choice is made.
    #[must_use]
    pub fn defers(&self, request: &Request, now: Time) -> bool {
        request.origin == Origin::Engine && self.draft.confirm_by.is_some_and(|at| at > now)
    }

    /// The request for a trip that waits for an answer, is agreed, or is the deal. There is one at most.
    #[must_use]
    pub fn request_on(&self, trip: TripId) -> Option<&Request> {
        let counts =
            |request: &&Request| request.trip == trip && (request.state.is_open() || request.state.is_deal());
        self.requests.iter().find(counts)
    }

    /// Whether couriers may find it and respond: its sender chooses among them, and does not wait for the one
    /// courier for whom it was published.
    #[must_use]
    pub fn is_open_to_responses(&self, now: Time) -> bool {
        let is_addressed = |first: &Request| {
            first.origin == Origin::Sender && first.created_at == self.created_at && first.state.is_open()
        };
        self.state == PackageState::Open
            && self.draft.mode == Mode::Choose
            && self.draft.deliver_by > now
            && !self.requests.first().is_some_and(is_addressed)
    }

    /// Whether a sender who describes a parcel, without naming a package, means this one: published a moment
    /// ago, in the same words, for the same reward, if one is named, and not over.
    #[must_use]
    pub fn is_meant_by(&self, sender: UserId, description: &str, reward: Option<Amount>, now: Time) -> bool {
        let is_over = matches!(
            self.state,
            PackageState::Template | PackageState::Confirmed { .. } | PackageState::Cancelled { .. }
        );
        !is_over
            && self.sender == sender
            && now.since(self.created_at) <= MEANT_WITHIN
            && reward.is_none_or(|reward| reward == self.draft.reward)
            && self.draft.description.trim() == description.trim()
    }

    /// When the next offer or acceptance ends.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Time> {
        self.open_requests().map(Request::deadline).min()
    }

    /// Whether the engine may still look for couriers.
    #[must_use]
    pub fn is_waiting(&self, now: Time) -> bool {
        self.state == PackageState::Open && self.draft.mode == Mode::Instant && self.draft.deliver_by > now
    }

    /// Whether nobody has taken the package, and nobody can deliver it in time any more.
    #[must_use]
    pub fn has_lapsed(&self, now: Time) -> bool {
        self.state == PackageState::Open && self.draft.deliver_by <= now
    }

    /// Notes that the courier's screen shows an offer. Changes no stored state.
    ///
    /// # Errors
    /// `UnknownRequest` or `NotAParty`.
    pub fn rendered(&mut self, id: RequestId, by: UserId, now: Time) -> Result<(), Rejection> {
        let request =
            self.requests.iter_mut().find(|request| request.id == id).ok_or(Rejection::UnknownRequest)?;
        if request.courier != by {
            return Err(Rejection::NotAParty);
        }
        request.rendered(now);
        Ok(())
    }

    /// Takes in what has happened. The version grows by one for all events of one decision; no events, no
    /// change.
    pub fn apply(&mut self, events: &[PackageEvent]) {
        if events.is_empty() {
            return;
        }
        for event in events {
            match event {
                PackageEvent::RequestOpened(request) => self.requests.push(request.clone()),
                PackageEvent::RequestMoved { id, to, .. } => {
                    if let Some(request) = self.requests.iter_mut().find(|request| request.id == *id) {
                        request.apply(to.clone());
                    }
                }
                PackageEvent::OfferAdopted { id, message } => {
                    if let Some(request) = self.requests.iter_mut().find(|request| request.id == *id) {
                        request.adopt(message.clone());
                    }
                }
                PackageEvent::Moved(state) => self.state = *state,
            }
        }
        self.version += 1;
    }
}
