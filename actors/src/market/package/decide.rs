//! What follows from a command on a package. Decides and changes nothing.

use super::draft::check_reward;
use super::{
    MAX_REQUESTS, MAX_RESPONSES, Outcome, Package, PackageCommand, PackageEvent, PackageState, Proposal,
};
use crate::ids::{RequestId, TripId, UserId};
use crate::market::cancellation::{Consequence, Stage, Who, consequence};
use crate::market::request::{Origin, Party, Request, RequestCommand, RequestState};
use crate::market::trip::{Trip, TripCommand, TripEvent};
use crate::money::ledger::{EscrowCommand, Funding};
use crate::rejection::Rejection;
use crate::time::{Span, Time};

impl Package {
    /// What follows from a command. Changes nothing. `trip` is the trip that the command is about, where room
    /// on it is needed: for `Accept`, `Choose` and `Select` the trip of the request. `funding` says where the
    /// money of a hold comes from.
    ///
    /// # Errors
    /// The refusal, when the caller, the state, the trip or the money does not allow it.
    pub fn decide(
        &self,
        command: &PackageCommand,
        trip: Option<&Trip>,
        funding: Funding,
        now: Time,
    ) -> Result<Outcome, Rejection> {
        // Clocks differ between nodes and can be set back; what has happened stays in order.
        let now = now.max(self.last_step());
        match command {
            PackageCommand::Offer(proposals) => self.propose(proposals, Origin::Engine, now),
            PackageCommand::Ask { by, .. } if *by != self.sender => Err(Rejection::NotAParty),
            PackageCommand::Ask { proposal, .. } => self.ask(proposal, now),
            PackageCommand::Respond { proposal } => {
                self.propose(std::slice::from_ref(proposal), Origin::Courier, now)
            }
            PackageCommand::Request { id, command } => {
                self.check_hand_over(*id, command, false)?;
                self.check_lateness(*id, command, now)?;
                self.step(*id, command, trip, funding, now)
            }
            PackageCommand::HandOver { id, command } => {
                self.check_hand_over(*id, command, true)?;
                self.step(*id, command, trip, funding, now)
            }
            PackageCommand::ExpireOverdue => Ok(self.expire_overdue(now)),
            PackageCommand::TripGone(trip) => self.trip_gone(*trip, now),
            PackageCommand::Cancel { by } if *by != self.sender => Err(Rejection::NotAParty),
            PackageCommand::Cancel { .. } => self.cancel(now),
        }
    }

    fn last_step(&self) -> Time {
        let steps = self.requests.iter().map(|request| request.state.at().unwrap_or(request.created_at));
        steps.chain(self.state.at()).fold(self.created_at, Time::max)
    }

    /// Whether requests may be opened: nobody has the package, and it waits for somebody.
    ///
    /// # Errors
    /// Why not.
    pub fn takes_requests(&self) -> Result<(), Rejection> {
        match self.state {
            PackageState::Open => Ok(()),
            PackageState::Template | PackageState::Cancelled { .. } => Err(self.illegal("propose a trip")),
            PackageState::Assigned { .. }
            | PackageState::InTransit { .. }
            | PackageState::Delivered { .. }
            | PackageState::Confirmed { .. } => Err(Rejection::AlreadyTaken),
        }
    }

    fn propose(&self, proposals: &[Proposal], origin: Origin, now: Time) -> Result<Outcome, Rejection> {
        self.takes_requests()?;
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

    /// The sender asks a courier. What the engine has offered that courier turns into the sender's request,
    /// and what the sender has asked with the same words, or the courier has agreed to, is not asked again.
    fn ask(&self, proposal: &Proposal, now: Time) -> Result<Outcome, Rejection> {
        let Some(request) = self.request_on(proposal.trip) else {
            return self.propose(std::slice::from_ref(proposal), Origin::Sender, now);
        };
        match (request.origin, &request.state) {
            (Origin::Engine, RequestState::Pending) => {
                let adopted =
                    PackageEvent::OfferAdopted { id: request.id, message: proposal.message.clone() };
                Ok(Outcome { events: vec![adopted], ..Outcome::default() })
            }
            (Origin::Sender, RequestState::Pending) if request.message != proposal.message => {
                Err(Rejection::AlreadyRequested)
            }
            (Origin::Courier, RequestState::Pending) => Err(Rejection::AlreadyRequested),
            _ => Ok(Outcome::default()),
        }
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
            airport: proposal.airport.clone(),
            created_at: now,
            expires_at: proposal.time_limit.map(|(_, latest)| latest),
            ttl: proposal.time_limit.map_or(Span::default(), |(ttl, _)| ttl),
            rendered_at: None,
            state: RequestState::Pending,
        }
    }

    /// Whether a package that asks for codes may change hands: only with the code, and one hand-over after
    /// the other.
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

    /// Whether a package that is under way may be disputed: only once it should have arrived.
    fn check_lateness(&self, id: RequestId, command: &RequestCommand, now: Time) -> Result<(), Rejection> {
        let request = self.request(id).ok_or(Rejection::UnknownRequest)?;
        match (&request.state, command) {
            (RequestState::PickedUp { .. }, RequestCommand::Dispute { by, .. })
                if *by == self.sender && now < self.draft.deliver_by =>
            {
                Err(Rejection::IllegalTransition { action: command.action(), state: request.state.word() })
            }
            _ => Ok(()),
        }
    }

    fn step(
        &self,
        id: RequestId,
        command: &RequestCommand,
        trip: Option<&Trip>,
        funding: Funding,
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
                let hold = match self.reserved() {
                    Some(reward) => EscrowCommand::HoldReserved { funding, reserved_minor: reward.minor },
                    None => EscrowCommand::Hold { funding },
                };
                outcome.move_escrow(self, request, hold)?;
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
                outcome.move_escrow(self, request, EscrowCommand::Deliver)?;
                outcome.events.push(moved(request, next));
                outcome.events.push(PackageEvent::Moved(PackageState::Delivered { request: id, at: now }));
            }
            RequestState::Confirmed { .. } => {
                let pay = match command {
                    RequestCommand::Split { courier_minor, .. } => {
                        EscrowCommand::Split { courier_minor: *courier_minor }
                    }
                    RequestCommand::Confirm { .. }
                    | RequestCommand::Settle { .. }
                    | RequestCommand::Resolve { .. } => EscrowCommand::Release,
                    // No other command leads here. One that does must say what becomes of the money.
                    _ => {
                        return Err(Rejection::IllegalTransition {
                            action: command.action(),
                            state: request.state.word(),
                        });
                    }
                };
                outcome.move_escrow(self, request, pay)?;
                outcome.events.push(moved(request, next));
                outcome.events.push(PackageEvent::Moved(PackageState::Confirmed { request: id, at: now }));
            }
            // What never arrived is set aside like what did; the package itself stays under way.
            RequestState::Disputed { .. } if matches!(request.state, RequestState::PickedUp { .. }) => {
                outcome.move_escrow(self, request, EscrowCommand::Dispute)?;
                outcome.events.push(moved(request, next));
            }
            RequestState::Cancelled { .. } => {
                // What a courier has had looks for no other one; nor does what an operator has ended, for a
                // sender who may be gone.
                let is_over =
                    !matches!(request.state, RequestState::Accepted { .. }) || next.operator().is_some();
                let after = if is_over { PackageState::Cancelled { at: now } } else { PackageState::Open };
                self.call_off(request, next, &mut outcome)?;
                outcome.events.push(PackageEvent::Moved(after));
            }
            // The money of what is disputed after its delivery waits already.
            RequestState::Disputed { .. }
            | RequestState::Pending
            | RequestState::Agreed { .. }
            | RequestState::Declined { .. }
            | RequestState::Expired { .. }
            | RequestState::Withdrawn { .. }
            | RequestState::Taken { .. } => outcome.events.push(moved(request, next)),
        }
        Ok(outcome)
    }

    fn expire_overdue(&self, now: Time) -> Outcome {
        let lapsed = self.has_lapsed(now);
        let over = self.open_requests().filter(|request| lapsed || request.is_overdue(now));
        let mut events: Vec<_> =
            over.map(|request| moved(request, RequestState::Expired { at: now })).collect();
        let mut outcome = Outcome::default();
        if lapsed {
            events.push(PackageEvent::Moved(PackageState::Cancelled { at: now }));
            outcome.give_back(self);
        }
        Outcome { events, ..outcome }
    }

    fn trip_gone(&self, trip: TripId, now: Time) -> Result<Outcome, Rejection> {
        let mut outcome = Outcome::default();
        for request in self.requests.iter().filter(|request| request.trip == trip) {
            match request.state {
                RequestState::Pending | RequestState::Agreed { .. } => {
                    outcome.events.push(moved(request, RequestState::Withdrawn { at: now }));
                }
                RequestState::Accepted { .. } => {
                    let next = RequestState::Cancelled { at: now, by: Party::Courier, operator: None };
                    self.call_off(request, next, &mut outcome)?;
                    outcome.events.push(PackageEvent::Moved(PackageState::Open));
                }
                RequestState::PickedUp { .. } => return Err(Rejection::ParcelsOnBoard),
                RequestState::Delivered { .. }
                | RequestState::Confirmed { .. }
                | RequestState::Declined { .. }
                | RequestState::Expired { .. }
                | RequestState::Withdrawn { .. }
                | RequestState::Taken { .. }
                | RequestState::Cancelled { .. }
                | RequestState::Disputed { .. } => {}
            }
        }
        Ok(outcome)
    }

    fn cancel(&self, now: Time) -> Result<Outcome, Rejection> {
        let mut outcome = Outcome::default();
        if let PackageState::Cancelled { .. } = self.state {
            return Ok(outcome);
        }
        let Consequence::Refund { .. } = consequence(self.stage(), Who::Sender) else {
            return Err(self.illegal("cancel the package"));
        };
        outcome.give_back(self);
        if let Some(deal) = self.deal() {
            let next = RequestState::Cancelled { at: now, by: Party::Sender, operator: None };
            self.call_off(deal, next, &mut outcome)?;
        }
        outcome
            .events
            .extend(self.open_requests().map(|request| moved(request, RequestState::Withdrawn { at: now })));
        outcome.events.push(PackageEvent::Moved(PackageState::Cancelled { at: now }));
        Ok(outcome)
    }

    /// How far it has come, for what calling it off means.
    #[must_use]
    pub fn stage(&self) -> Stage {
        Stage::of(self.deal().map(|deal| deal.state.phase()))
    }

    /// The deal ends without a delivery: the room and the money go back.
    fn call_off(&self, deal: &Request, next: RequestState, outcome: &mut Outcome) -> Result<(), Rejection> {
        let (legs, detour_min) = (deal.plan.legs, deal.plan.detour_min);
        outcome.trips.push((deal.trip, TripEvent::Released { legs, load: self.draft.load, detour_min }));
        outcome.move_escrow(self, deal, EscrowCommand::Refund)?;
        outcome.events.push(moved(deal, next));
        Ok(())
    }

    const fn illegal(&self, action: &'static str) -> Rejection {
        Rejection::IllegalTransition { action, state: self.state.word() }
    }
}

impl Request {
    /// Whether the command's effect is already there, brought about by the same party: a repeated tap or
    /// retry.
    #[must_use]
    pub fn already(&self, command: &RequestCommand) -> bool {
        use {RequestCommand as C, RequestState as S};
        let by_answerer = |by: &UserId| self.party(*by) == Some(self.answerer());
        match (command, &self.state) {
            (C::Accept { by }, S::Accepted { .. } | S::Agreed { .. })
            | (C::Decline { by, .. }, S::Declined { .. }) => by_answerer(by),
            (C::Choose, S::Accepted { .. }) | (C::Settle { .. }, S::Confirmed { .. }) => true,
            (C::Select { by }, state) => *by == self.sender && state.is_deal(),
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
