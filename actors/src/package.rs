//! A package with its requests: the unit of decision. One version covers both, so whoever holds the current
//! version knows every request, and a claim decides the winner and all losers at once.
//!
//! ```text
//! open -> assigned -> in_transit -> delivered -> confirmed
//! open | assigned -> cancelled       assigned -> open (the deal is called off before pickup)
//! delivered -> cancelled         (the sender's dispute was granted)
//! open -> cancelled, too, when deliver_by has passed and nobody has taken it
//! template: a pattern to publish from; it is never matched
//! ```

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use crate::ids::{PackageId, RequestId, TripId, UserId};
use crate::ledger::{Escrow, EscrowCommand, EscrowEvent, EscrowState};
use crate::load::{Load, MAX_WEIGHT_G};
use crate::money::{Amount, MAX_MINOR};
use crate::place::{PlaceId, Position};
use crate::rejection::Rejection;
use crate::request::{Origin, Plan, Request, RequestCommand, RequestState};
use crate::time::{Span, Time};
use crate::trip::{Trip, TripCommand, TripEvent};

/// The most requests one package may collect, closed ones included.
pub const MAX_REQUESTS: usize = 512;

/// The most responses of one courier to one package, closed ones included, so that nobody can use up the rest.
pub const MAX_RESPONSES: usize = 8;

/// The longest time from ready to deliver.
pub const MAX_WINDOW: Span = Span::days(180);

/// An end of a package's way: a named place and the exact point.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct End {
    /// The named place.
    pub place: PlaceId,
    /// Where exactly.
    pub position: Position,
    /// The address in free words.
    pub address: String,
}

/// How a package finds its courier.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// The engine offers it; the first courier to accept gets it.
    #[default]
    Instant,
    /// Couriers respond or are asked; people choose.
    Choose,
}

impl Mode {
    /// The word on the wire and in the store.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Instant => "instant",
            Self::Choose => "choose",
        }
    }
}

/// What a sender publishes.
#[derive(Clone, PartialEq, Debug)]
pub struct PackageDraft {
    /// Where it gets on.
    pub pickup: End,
    /// Where it gets off.
    pub dropoff: End,
    /// What it takes.
    pub load: Load,
    /// Not before.
    pub ready_at: Time,
    /// Not after.
    pub deliver_by: Time,
    /// What the courier earns, the platform's fee included.
    pub reward: Amount,
    /// What it is, in the sender's words.
    pub description: String,
    /// The size class as the client named it.
    pub size: String,
    /// The weight class as the client named it.
    pub weight: String,
    /// Labels.
    pub tags: Vec<String>,
    /// How it finds its courier.
    pub mode: Mode,
    /// When the sender wants to know the courier at the latest. Until then couriers' acceptances of the engine's
    /// offers stand side by side, and the best one may change; `None` makes the first acceptance a deal at once.
    pub confirm_by: Option<Time>,
    /// A pattern to publish from, not a package to carry.
    pub template: bool,
}

/// Where a package stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PackageState {
    /// A pattern to publish from.
    Template,
    /// Waiting for a courier.
    Open,
    /// A courier has it in the plan.
    Assigned {
        /// The deal.
        request: RequestId,
        /// When.
        at: Time,
    },
    /// On its way.
    InTransit {
        /// The deal.
        request: RequestId,
        /// When.
        at: Time,
    },
    /// Handed over.
    Delivered {
        /// The deal.
        request: RequestId,
        /// When.
        at: Time,
    },
    /// The sender has confirmed.
    Confirmed {
        /// The deal.
        request: RequestId,
        /// When.
        at: Time,
    },
    /// Called off by the sender, or not taken in time.
    Cancelled {
        /// When.
        at: Time,
    },
}

impl PackageState {
    /// The word on the wire and in the store.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Template => "template",
            Self::Open => "open",
            Self::Assigned { .. } => "assigned",
            Self::InTransit { .. } => "in_transit",
            Self::Delivered { .. } => "delivered",
            Self::Confirmed { .. } => "confirmed",
            Self::Cancelled { .. } => "cancelled",
        }
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
}

/// A request to be opened.
#[derive(Clone, PartialEq, Debug)]
pub struct Proposal {
    /// The id it will have.
    pub id: RequestId,
    /// The trip it is for.
    pub trip: TripId,
    /// Who travels.
    pub courier: UserId,
    /// How the package would ride.
    pub plan: Plan,
    /// What the courier earns.
    pub reward: Amount,
    /// Free words.
    pub message: String,
    /// How long the courier may look at it, and when it ends at the latest; `None` waits for an answer.
    pub time_limit: Option<(Span, Time)>,
}

/// What can be asked of a package.
#[derive(Clone, PartialEq, Debug)]
pub enum PackageCommand {
    /// The engine offers it to the couriers of a wave.
    Offer(Vec<Proposal>),
    /// The sender asks a courier.
    Ask {
        /// Who.
        by: UserId,
        /// The request to open.
        proposal: Proposal,
    },
    /// A courier responds.
    Respond {
        /// The request to open; its courier is the caller.
        proposal: Proposal,
    },
    /// A step of one request.
    Request {
        /// Which.
        id: RequestId,
        /// The step.
        command: RequestCommand,
    },
    /// A hand-over, of which the courier has shown the code.
    HandOver {
        /// Which request.
        id: RequestId,
        /// Pickup or delivery.
        command: RequestCommand,
    },
    /// Every request whose time is over ends, and so does a package that nobody has taken in time.
    ExpireOverdue,
    /// The trip is gone: its open requests end, its deal is called off.
    TripGone(TripId),
    /// The sender calls the package off.
    Cancel {
        /// Who.
        by: UserId,
    },
}

/// What has happened to a package.
#[derive(Clone, PartialEq, Debug)]
pub enum PackageEvent {
    /// A request was opened.
    RequestOpened(Request),
    /// A request went to its next state.
    RequestMoved {
        /// Which.
        id: RequestId,
        /// The state it left.
        from: RequestState,
        /// The state it has now.
        to: RequestState,
    },
    /// The package itself went to its next state.
    Moved(PackageState),
}

/// Everything that follows from one command on one package.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Outcome {
    /// What happens to the package; empty when the command repeats what is already so.
    pub events: Vec<PackageEvent>,
    /// What happens to trips: room taken or given back.
    pub trips: SmallVec<[(TripId, TripEvent); 1]>,
    /// The money that moves.
    pub escrow: SmallVec<[(Escrow, EscrowEvent); 1]>,
}

impl Package {
    /// Publishes a package.
    ///
    /// # Errors
    /// `Invalid` when a bound is exceeded, the ends are the same place, or the window is over.
    pub fn publish(id: PackageId, sender: UserId, draft: PackageDraft, now: Time) -> Result<Self, Rejection> {
        check_draft(&draft, now)?;
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

    /// Requests that wait for an answer.
    pub fn pending(&self) -> impl Iterator<Item = &Request> {
        self.requests.iter().filter(|request| request.state.is_pending())
    }

    /// Requests that may still become a deal: those that wait for an answer, and those that wait for the choice.
    pub fn open_requests(&self) -> impl Iterator<Item = &Request> {
        self.requests.iter().filter(|request| request.state.is_open())
    }

    /// Whether an acceptance of this request does not make a deal yet, but stands until the choice is made.
    #[must_use]
    pub fn defers(&self, request: &Request, now: Time) -> bool {
        request.origin == Origin::Engine && self.draft.confirm_by.is_some_and(|at| at > now)
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

    /// What follows from a command. Changes nothing. `trip` is the trip that the command is about, where room
    /// on it is needed: for `Accept` the trip of the request. `demo_funds` says that the demo provider pays.
    ///
    /// # Errors
    /// The refusal, when the caller, the state, the trip or the money does not allow it.
    pub fn decide(
        &self,
        command: &PackageCommand,
        trip: Option<&Trip>,
        demo_funds: bool,
        now: Time,
    ) -> Result<Outcome, Rejection> {
        // Clocks differ between nodes and can be set back; what has happened stays in order.
        let now = now.max(self.last_step());
        match command {
            PackageCommand::Offer(proposals) => self.propose(proposals, Origin::Engine, now),
            PackageCommand::Ask { by, .. } if *by != self.sender => Err(Rejection::NotAParty),
            PackageCommand::Ask { proposal, .. } => {
                self.propose(std::slice::from_ref(proposal), Origin::Sender, now)
            }
            PackageCommand::Respond { proposal } => {
                self.propose(std::slice::from_ref(proposal), Origin::Courier, now)
            }
            PackageCommand::Request { id, command } => {
                self.check_hand_over(*id, command, false)?;
                self.step(*id, command, trip, demo_funds, now)
            }
            PackageCommand::HandOver { id, command } => {
                self.check_hand_over(*id, command, true)?;
                self.step(*id, command, trip, demo_funds, now)
            }
            PackageCommand::ExpireOverdue => Ok(self.expire_overdue(now)),
            PackageCommand::TripGone(trip) => self.trip_gone(*trip, now),
            PackageCommand::Cancel { by } if *by != self.sender => Err(Rejection::NotAParty),
            PackageCommand::Cancel { .. } => self.cancel(now),
        }
    }

    /// Takes in what has happened. The version grows by one for all events of one decision; no events, no change.
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
                PackageEvent::Moved(state) => self.state = *state,
            }
        }
        self.version += 1;
    }

    fn last_step(&self) -> Time {
        let steps = self.requests.iter().map(|request| request.state.at().unwrap_or(request.created_at));
        steps.chain(self.state.at()).fold(self.created_at, Time::max)
    }

    fn propose(&self, proposals: &[Proposal], origin: Origin, now: Time) -> Result<Outcome, Rejection> {
        if self.state != PackageState::Open {
            return Err(match self.state {
                PackageState::Template | PackageState::Cancelled { .. } => self.illegal("propose a trip"),
                _ => Rejection::AlreadyTaken,
            });
        }
        if self.requests.len() + proposals.len() > MAX_REQUESTS {
            return Err(Rejection::TooManyRequests);
        }
        let mut events = Vec::with_capacity(proposals.len());
        for (n, proposal) in proposals.iter().enumerate() {
            check_reward(proposal.reward)?;
            if proposal.courier == self.sender {
                return Err(Rejection::OwnPackage);
            }
            let responses = self
                .requests
                .iter()
                .filter(|request| request.courier == proposal.courier && request.origin == Origin::Courier);
            if origin == Origin::Courier && responses.count() >= MAX_RESPONSES {
                return Err(Rejection::TooManyRequests);
            }
            let mut known =
                self.open_requests().map(|request| request.trip).chain(proposals[..n].iter().map(|p| p.trip));
            if known.any(|trip| trip == proposal.trip) {
                return Err(Rejection::AlreadyRequested);
            }
            events.push(PackageEvent::RequestOpened(self.open(proposal, origin, now)));
        }
        Ok(Outcome { events, ..Outcome::default() })
    }

    fn open(&self, proposal: &Proposal, origin: Origin, now: Time) -> Request {
        Request {
            id: proposal.id,
            package: self.id,
            trip: proposal.trip,
            sender: self.sender,
            courier: proposal.courier,
            origin,
            plan: proposal.plan,
            reward: proposal.reward,
            message: proposal.message.clone(),
            created_at: now,
            expires_at: proposal.time_limit.map(|(_, latest)| latest),
            ttl: proposal.time_limit.map_or(Span::default(), |(ttl, _)| ttl),
            rendered_at: None,
            state: RequestState::Pending,
        }
    }

    /// Whether a package that asks for codes may change hands: only with the code, and one hand-over after the other.
    fn check_hand_over(
        &self,
        id: RequestId,
        command: &RequestCommand,
        proven: bool,
    ) -> Result<(), Rejection> {
        use {RequestCommand as C, RequestState as S};
        let request = self.request(id).ok_or(Rejection::UnknownRequest)?;
        let (C::PickUp { by } | C::Deliver { by }) = command else { return Ok(()) };
        // Who is not the courier, or comes too late or too early, is told that first.
        if !self.terms.hand_over_codes || *by != request.courier || request.already(command) {
            return Ok(());
        }
        match (&request.state, command) {
            (S::Accepted { .. }, C::Deliver { .. }) => {
                Err(Rejection::IllegalTransition { action: command.action(), state: request.state.word() })
            }
            (S::Accepted { .. } | S::PickedUp { .. }, _) if !proven => Err(Rejection::CodeRequired),
            _ => Ok(()),
        }
    }

    fn step(
        &self,
        id: RequestId,
        command: &RequestCommand,
        trip: Option<&Trip>,
        demo_funds: bool,
        now: Time,
    ) -> Result<Outcome, Rejection> {
        let request = self.request(id).ok_or(Rejection::UnknownRequest)?;
        if request.already(command) {
            return Ok(Outcome::default());
        }
        let mut next = request.decide(command, now)?;
        if matches!(command, RequestCommand::Accept { .. }) && self.defers(request, now) {
            next = RequestState::Agreed { at: now };
        }
        let mut outcome = Outcome::default();
        match next {
            RequestState::Accepted { .. } => {
                if self.state != PackageState::Open {
                    return Err(Rejection::AlreadyTaken);
                }
                let trip = trip.filter(|trip| trip.id == request.trip).ok_or(Rejection::TripNotLive)?;
                let reserve = TripCommand::Reserve {
                    legs: request.plan.legs,
                    load: self.draft.load,
                    detour_min: request.plan.detour_min,
                };
                outcome.trips.push((trip.id, trip.decide(&reserve, now)?));
                outcome.move_escrow(request, EscrowCommand::Hold { demo_funds })?;
                outcome.events.push(moved(request, next));
                let losers = self.open_requests().filter(|other| other.id != id);
                outcome.events.extend(losers.map(|other| moved(other, RequestState::Taken { at: now })));
                outcome.events.push(PackageEvent::Moved(PackageState::Assigned { request: id, at: now }));
            }
            RequestState::PickedUp { .. } => {
                outcome.events.push(moved(request, next));
                outcome.events.push(PackageEvent::Moved(PackageState::InTransit { request: id, at: now }));
            }
            RequestState::Delivered { .. } => {
                outcome.move_escrow(request, EscrowCommand::Deliver)?;
                outcome.events.push(moved(request, next));
                outcome.events.push(PackageEvent::Moved(PackageState::Delivered { request: id, at: now }));
            }
            RequestState::Confirmed { .. } => {
                outcome.move_escrow(request, EscrowCommand::Release)?;
                outcome.events.push(moved(request, next));
                outcome.events.push(PackageEvent::Moved(PackageState::Confirmed { request: id, at: now }));
            }
            RequestState::Cancelled { .. } => {
                self.call_off(request, next, &mut outcome)?;
                // What was handed over, rightly or not, looks for no other courier.
                let was_disputed = matches!(request.state, RequestState::Disputed { .. });
                let after =
                    if was_disputed { PackageState::Cancelled { at: now } } else { PackageState::Open };
                outcome.events.push(PackageEvent::Moved(after));
            }
            _ => outcome.events.push(moved(request, next)),
        }
        Ok(outcome)
    }

    fn expire_overdue(&self, now: Time) -> Outcome {
        let lapsed = self.has_lapsed(now);
        let over = self.open_requests().filter(|request| lapsed || request.is_overdue(now));
        let mut events: Vec<_> =
            over.map(|request| moved(request, RequestState::Expired { at: now })).collect();
        if lapsed {
            events.push(PackageEvent::Moved(PackageState::Cancelled { at: now }));
        }
        Outcome { events, ..Outcome::default() }
    }

    fn trip_gone(&self, trip: TripId, now: Time) -> Result<Outcome, Rejection> {
        let mut outcome = Outcome::default();
        for request in self.requests.iter().filter(|request| request.trip == trip) {
            match request.state {
                RequestState::Pending | RequestState::Agreed { .. } => {
                    outcome.events.push(moved(request, RequestState::Withdrawn { at: now }));
                }
                RequestState::Accepted { .. } => {
                    let next = RequestState::Cancelled { at: now, by: crate::request::Party::Courier };
                    self.call_off(request, next, &mut outcome)?;
                    outcome.events.push(PackageEvent::Moved(PackageState::Open));
                }
                RequestState::PickedUp { .. } => return Err(Rejection::ParcelsOnBoard),
                _ => {}
            }
        }
        Ok(outcome)
    }

    fn cancel(&self, now: Time) -> Result<Outcome, Rejection> {
        let mut outcome = Outcome::default();
        match self.state {
            PackageState::Cancelled { .. } => return Ok(outcome),
            PackageState::Template | PackageState::Open => {}
            PackageState::Assigned { .. } => {
                let deal = self.deal().ok_or(Rejection::UnknownRequest)?;
                let next = RequestState::Cancelled { at: now, by: crate::request::Party::Sender };
                self.call_off(deal, next, &mut outcome)?;
            }
            _ => return Err(self.illegal("cancel the package")),
        }
        outcome
            .events
            .extend(self.open_requests().map(|request| moved(request, RequestState::Withdrawn { at: now })));
        outcome.events.push(PackageEvent::Moved(PackageState::Cancelled { at: now }));
        Ok(outcome)
    }

    /// The deal ends without a delivery: the room and the money go back.
    fn call_off(&self, deal: &Request, next: RequestState, outcome: &mut Outcome) -> Result<(), Rejection> {
        let (legs, detour_min) = (deal.plan.legs, deal.plan.detour_min);
        outcome.trips.push((deal.trip, TripEvent::Released { legs, load: self.draft.load, detour_min }));
        outcome.move_escrow(deal, EscrowCommand::Refund)?;
        outcome.events.push(moved(deal, next));
        Ok(())
    }

    const fn illegal(&self, action: &'static str) -> Rejection {
        Rejection::IllegalTransition { action, state: self.state.word() }
    }
}

impl Outcome {
    /// Whether nothing changes: the command repeats what is already so.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    fn move_escrow(&mut self, request: &Request, command: EscrowCommand) -> Result<(), Rejection> {
        let escrow = request.escrow();
        let event = escrow.decide(command)?;
        self.escrow.push((escrow, event));
        Ok(())
    }
}

impl Request {
    /// The money of this request as it stands now.
    #[must_use]
    pub const fn escrow(&self) -> Escrow {
        let state: EscrowState = self.state.escrow();
        Escrow { request: self.id, sender: self.sender, courier: self.courier, amount: self.reward, state }
    }

    /// Whether the command's effect is already there, brought about by the same party: a repeated tap or retry.
    #[must_use]
    pub fn already(&self, command: &RequestCommand) -> bool {
        use {RequestCommand as C, RequestState as S};
        let by_answerer = |by: &UserId| self.party(*by) == Some(self.answerer());
        match (command, &self.state) {
            (C::Accept { by }, S::Accepted { .. } | S::Agreed { .. })
            | (C::Decline { by, .. }, S::Declined { .. }) => by_answerer(by),
            (C::Choose, S::Accepted { .. }) => true,
            (C::Withdraw { by }, S::Withdrawn { .. }) => self.party(*by).is_some() && !by_answerer(by),
            (C::PickUp { by }, S::PickedUp { .. }) | (C::Deliver { by }, S::Delivered { .. }) => {
                *by == self.courier
            }
            (C::Confirm { by }, S::Confirmed { .. }) | (C::Dispute { by, .. }, S::Disputed { .. }) => {
                *by == self.sender
            }
            (C::Cancel { by }, S::Cancelled { by: side, .. }) => self.party(*by) == Some(*side),
            (C::Expire, S::Expired { .. }) => true,
            _ => false,
        }
    }
}

fn moved(request: &Request, to: RequestState) -> PackageEvent {
    PackageEvent::RequestMoved { id: request.id, from: request.state.clone(), to }
}

fn check_reward(reward: Amount) -> Result<(), Rejection> {
    if (0..=MAX_MINOR).contains(&reward.minor) {
        return Ok(());
    }
    Err(Rejection::Invalid { field: "reward", reason: "must be from zero to ten million" })
}

fn check_draft(draft: &PackageDraft, now: Time) -> Result<(), Rejection> {
    let invalid = |field, reason| Err(Rejection::Invalid { field, reason });
    if draft.pickup.place == draft.dropoff.place {
        return invalid("to", "pickup and delivery are the same place");
    }
    if draft.load.weight_g == 0 {
        return invalid("weight_g", "must be more than zero");
    }
    if draft.load.weight_g > MAX_WEIGHT_G {
        return invalid("weight_g", "must be at most 2000 kg");
    }
    check_reward(draft.reward)?;
    if draft.template {
        return Ok(());
    }
    if draft.deliver_by <= now {
        return invalid("deliver_by", "is in the past");
    }
    if draft.confirm_by.is_some_and(|at| at > draft.deliver_by) {
        return invalid("confirm_by", "must not be after deliver_by");
    }
    if draft.confirm_by.is_some() && draft.mode == Mode::Choose {
        return invalid("confirm_by", "is for packages of mode instant: in mode choose the sender picks");
    }
    if draft.deliver_by <= draft.ready_at {
        return invalid("deliver_by", "must be after ready_at");
    }
    if draft.deliver_by.since(draft.ready_at.max(now)) > MAX_WINDOW {
        return invalid("deliver_by", "is more than 180 days ahead");
    }
    Ok(())
}
