//! What follows from a command on an order. Decides and changes nothing.

mod settling;

use super::command::{By, OrderCommand, OrderEvent, Outcome};
use super::{MAX_OFFERS, Order, OrderDraft, OrderState, Reservation};
use crate::dispatch::duty::{Duty, DutyCommand};
use crate::dispatch::offer::{Offer, OfferState, Reckoning};
use crate::dispatch::phase::{DutyPhase, OrderPhase};
use crate::dispatch::price::Quote;
use crate::dispatch::settings::Settings;
use crate::ids::{OfferId, UserId};
use crate::rejection::Rejection;
use crate::time::Time;

impl Order {
    /// What follows from a command, for the order and for duties. Changes nothing. `duties` are those of
    /// everybody whom the command touches: the courier whom it names, and the one who has the order or is
    /// asked about it.
    ///
    /// # Errors
    /// The refusal, when the caller, the state or a courier's duty does not allow it; [`Rejection::Stale`]
    /// when the duty of somebody who has to be freed is not among `duties`.
    pub fn decide(
        &self,
        command: &OrderCommand,
        duties: &[&Duty],
        settings: &Settings,
        now: Time,
    ) -> Result<Outcome, Rejection> {
        // Clocks differ between nodes and can be set back; what has happened stays in order.
        let now = now.max(self.changed_at);
        let turn = Turn { order: self, duties, settings, now };
        match command {
            OrderCommand::Move { to, by, reason } => turn.step(*to, *by, reason),
            OrderCommand::Complete { by, driven, reason } => {
                turn.check(OrderPhase::Completed, *by)?;
                turn.believe(*by, *driven)?;
                turn.complete(*by, *driven, reason)
            }
            OrderCommand::Offer { id, courier, reckoning } => turn.offer(*id, *courier, *reckoning),
            OrderCommand::Accept { offer, by } => turn.accept(*offer, *by),
            OrderCommand::Decline { offer, by, reason } => turn.decline(*offer, *by, reason),
            OrderCommand::ExpireOffer => turn.expire(),
            OrderCommand::Assign { courier, by, reason } => turn.assign(*courier, *by, reason),
            OrderCommand::AssignWaiting { courier, takes_up, by, reason } => {
                turn.still_waits(*takes_up, command.action())?;
                turn.assign(*courier, *by, reason)
            }
            OrderCommand::Reserve { reservation, by, reason } => turn.reserve(*reservation, *by, reason),
            OrderCommand::ReserveWaiting { reservation, takes_up, by, reason } => {
                turn.still_waits(*takes_up, command.action())?;
                turn.reserve(*reservation, *by, reason)
            }
            OrderCommand::Widen { from } => match self.state {
                OrderState::Matching { round, .. } if round == *from => Ok(Outcome {
                    events: vec![OrderEvent::Widened { round: round + 1, at: now }],
                    ..Outcome::default()
                }),
                OrderState::Matching { .. } => Ok(Outcome::default()),
                _ => Err(self.illegal(command.action())),
            },
            OrderCommand::Requote(quote) => {
                if self.state.courier().is_some() {
                    return Err(self.illegal(command.action()));
                }
                let quoted = OrderEvent::Quoted { quote: quote.clone(), at: now };
                Ok(Outcome { events: vec![quoted], ..Outcome::default() })
            }
            OrderCommand::Amend { draft, quote, by } => turn.amend(draft, quote, *by),
        }
    }

    /// The duties that a command needs to know, beside that of the courier whom it names.
    #[must_use]
    pub const fn touches(&self) -> Option<UserId> {
        self.state.bound()
    }

    const fn illegal(&self, action: &'static str) -> Rejection {
        Rejection::IllegalTransition { action, state: self.state.word() }
    }
}

/// One command on one order.
struct Turn<'a> {
    order: &'a Order,
    duties: &'a [&'a Duty],
    settings: &'a Settings,
    now: Time,
}

impl Turn<'_> {
    /// Whether this caller may take this step now: first who they are, then their role, then the table.
    fn check(&self, to: OrderPhase, by: By) -> Result<(), Rejection> {
        use OrderPhase as P;
        let order = self.order;
        match by {
            By::Staff(_) | By::Engine => {}
            By::Passenger(user) if user != order.passenger => return Err(Rejection::NotAParty),
            By::Passenger(_) if to == P::Cancelled => {}
            By::Passenger(_) => return Err(Rejection::WrongParty("courier")),
            By::Courier(user) if order.state.courier() != Some(user) => return Err(Rejection::NotAParty),
            By::Courier(_) => {
                let own = [P::DriverEnRoute, P::ArrivedWaiting, P::RideOngoing, P::Completed, P::Cancelled];
                if !own.contains(&to) {
                    return Err(Rejection::WrongParty("dispatcher"));
                }
            }
        }
        if !order.state.phase().may_become(to) {
            return Err(order.illegal("move the order"));
        }
        Ok(())
    }

    fn step(&self, to: OrderPhase, by: By, reason: &str) -> Result<Outcome, Rejection> {
        use {OrderPhase as P, OrderState as S};
        self.check(to, by)?;
        let now = self.now;
        let next = match (to, self.order.state.courier()) {
            (P::Completed, _) => return self.complete(by, self.as_expected(), reason),
            (P::Submitted, _) => S::Submitted,
            (P::AwaitingDispatcherDecision, _) => S::AwaitingDispatcherDecision,
            (P::Rejected, _) => S::Rejected,
            (P::Created, _) => S::Created,
            (P::Matching, _) => S::Matching { since: now, round: 0 },
            (P::ActiveQueue, _) => S::ActiveQueue,
            (P::Cancelled, _) => S::Cancelled,
            (P::DriverEnRoute, Some(courier)) => S::DriverEnRoute { courier },
            (P::ArrivedWaiting, Some(courier)) => S::ArrivedWaiting { courier, at: now },
            (P::RideOngoing, Some(courier)) => S::RideOngoing { courier },
            (P::NoShow, Some(courier)) => S::NoShow { courier },
            (P::Incident, Some(courier)) => S::Incident { courier },
            // A courier has to be asked, or named.
            (P::Offered | P::Assigned, _) => {
                return Err(Rejection::Invalid { field: "status", reason: "needs a courier" });
            }
            _ => return Err(self.order.illegal("move the order")),
        };
        let mut outcome = Outcome::default();
        if to == P::Cancelled {
            outcome.events.push(self.charged(by));
        }
        if let S::RideOngoing { courier } = next {
            self.have(courier, &DutyCommand::Board { order: self.order.id }, &mut outcome)?;
        }
        self.leave(next, &mut outcome)?;
        outcome.events.push(self.moved(next, by, reason));
        Ok(outcome)
    }

    fn amend(&self, draft: &OrderDraft, quote: &Quote, by: By) -> Result<Outcome, Rejection> {
        use OrderPhase as P;
        let (order, now) = (self.order, self.now);
        match by {
            By::Staff(_) | By::Engine => {}
            By::Passenger(user) if user == order.passenger => {}
            By::Passenger(_) | By::Courier(_) => return Err(Rejection::NotAParty),
        }
        let phase = order.state.phase();
        if phase.binds() || matches!(phase, P::NoShow | P::Completed | P::Cancelled) {
            return Err(order.illegal("change the order"));
        }
        // A time that was stated in time stays, however near it has come.
        let stated = draft.pickup_at.filter(|at| Some(*at) != order.draft.pickup_at);
        OrderDraft { pickup_at: stated, ..draft.clone() }.check(now)?;
        if *draft == order.draft {
            return Ok(Outcome::default());
        }
        let (draft, quote) = (Box::new(draft.clone()), Box::new(quote.clone()));
        Ok(Outcome { events: vec![OrderEvent::Amended { draft, quote, at: now }], ..Outcome::default() })
    }

    fn offer(&self, id: OfferId, courier: UserId, reckoning: Reckoning) -> Result<Outcome, Rejection> {
        let (order, now) = (self.order, self.now);
        if !order.state.phase().may_become(OrderPhase::Offered) {
            return Err(order.illegal("offer the order"));
        }
        if order.offers.len() >= MAX_OFFERS {
            return Err(Rejection::TooManyRequests);
        }
        if order.has_turned_down(courier) {
            return Err(Rejection::AlreadyRequested);
        }
        self.suits(courier)?;
        let round = order.round();
        let offer = Offer {
            id,
            courier,
            created_at: now,
            expires_at: now + self.settings.offer_ttl(),
            round,
            reckoning,
            state: OfferState::Pending,
        };
        let mut outcome = Outcome::default();
        let ask_paused = self.settings.ask_paused;
        self.have(courier, &DutyCommand::Offer { order: order.id, offer: id, ask_paused }, &mut outcome)?;
        outcome.events.push(OrderEvent::OfferOpened(offer));
        let next = OrderState::Offered { offer: id, courier, round };
        outcome.events.push(self.moved(next, By::Engine, ""));
        Ok(outcome)
    }

    fn accept(&self, id: OfferId, by: UserId) -> Result<Outcome, Rejection> {
        let (order, now) = (self.order, self.now);
        let offer = self.own_offer(id, by)?;
        match offer.state {
            OfferState::Pending if now < offer.expires_at => {}
            OfferState::Pending | OfferState::Expired { .. } => return Err(Rejection::Expired),
            // A repeated tap or retry, while it is still so; or the desk has named the courier meanwhile.
            OfferState::Accepted { .. } | OfferState::Withdrawn { .. }
                if order.state.courier() == Some(by) =>
            {
                return Ok(Outcome::default());
            }
            OfferState::Withdrawn { .. } if order.state.courier().is_some() => {
                return Err(Rejection::AlreadyTaken);
            }
            OfferState::Accepted { .. } | OfferState::Withdrawn { .. } | OfferState::Declined { .. } => {
                return Err(order.illegal("accept the offer"));
            }
        }
        let mut outcome = Outcome::default();
        self.take(by, &mut outcome)?;
        outcome.events.push(OrderEvent::OfferEnded { id, to: OfferState::Accepted { at: now } });
        let next = OrderState::Assigned { courier: by, at: now };
        outcome.events.push(self.moved(next, By::Courier(by), ""));
        Ok(outcome)
    }

    fn decline(&self, id: OfferId, by: UserId, reason: &str) -> Result<Outcome, Rejection> {
        let offer = self.own_offer(id, by)?;
        match offer.state {
            OfferState::Pending => {}
            OfferState::Declined { .. } => return Ok(Outcome::default()),
            OfferState::Expired { .. } => return Err(Rejection::Expired),
            OfferState::Accepted { .. } | OfferState::Withdrawn { .. } => {
                return Err(self.order.illegal("decline the offer"));
            }
        }
        let to = OfferState::Declined { at: self.now, reason: reason.to_owned() };
        self.end_offer(offer, to, By::Courier(by), reason)
    }

    fn expire(&self) -> Result<Outcome, Rejection> {
        match self.order.pending() {
            Some(offer) if self.now >= offer.expires_at => {
                self.end_offer(offer, OfferState::Expired { at: self.now }, By::Engine, "")
            }
            _ => Ok(Outcome::default()),
        }
    }

    /// The courier is free again, and the search goes on as far as it reached.
    fn end_offer(&self, offer: &Offer, to: OfferState, by: By, reason: &str) -> Result<Outcome, Rejection> {
        let mut outcome = Outcome::default();
        self.have(offer.courier, &DutyCommand::Free { order: self.order.id }, &mut outcome)?;
        outcome.events.push(OrderEvent::OfferEnded { id: offer.id, to });
        let next = OrderState::Matching { since: self.now, round: offer.round };
        outcome.events.push(self.moved(next, by, reason));
        Ok(outcome)
    }

    fn assign(&self, courier: UserId, by: UserId, reason: &str) -> Result<Outcome, Rejection> {
        let order = self.order;
        // A repetition, however far the courier has come meanwhile.
        if order.state.is_with(courier) {
            return Ok(Outcome::default());
        }
        self.suits(courier)?;
        let (by, mut outcome) = (By::Staff(by), Outcome::default());
        let next = OrderState::Assigned { courier, at: self.now };
        if let Some(offer) = order.pending().filter(|offer| offer.courier == courier) {
            // Who is being asked gets it: there is nobody to free.
            self.take(courier, &mut outcome)?;
            outcome.events.push(self.withdrawn(offer));
            outcome.events.push(self.moved(next, by, reason));
            return Ok(outcome);
        }
        let steps = order.state.phase().to_active_queue().ok_or(order.illegal("assign the order"))?;
        let mut now_at = order.clone();
        for step in steps {
            let follows = Turn { order: &now_at, ..*self }.step(*step, by, reason)?;
            now_at.apply(&follows.events);
            outcome.events.extend(follows.events);
            outcome.duties.extend(follows.duties);
        }
        self.take(courier, &mut outcome)?;
        outcome.events.push(Turn { order: &now_at, ..*self }.moved(next, by, reason));
        Ok(outcome)
    }

    /// Refuses what was decided for an order that waited, where it does so no longer.
    fn still_waits(&self, takes_up: bool, action: &'static str) -> Result<(), Rejection> {
        let state = self.order.state;
        if state.has_courier() {
            return Err(Rejection::AlreadyTaken);
        }
        // Somebody has called it off since it was chosen.
        if state == OrderState::Cancelled && !takes_up {
            return Err(self.order.illegal(action));
        }
        Ok(())
    }

    fn reserve(&self, reservation: Reservation, by: UserId, reason: &str) -> Result<Outcome, Rejection> {
        use OrderPhase as P;
        let order = self.order;
        if reservation.courier == order.passenger {
            return Err(Rejection::Invalid { field: "driver_id", reason: "is the passenger" });
        }
        // They have it by now, which is more than a reservation.
        if order.state.is_with(reservation.courier) {
            return Ok(Outcome::default());
        }
        let mut outcome = match order.state.phase() {
            P::Matching if order.reserved == Some(reservation) => return Ok(Outcome::default()),
            P::Matching => Outcome::default(),
            P::Submitted
            | P::AwaitingDispatcherDecision
            | P::Created
            | P::ActiveQueue
            | P::Offered
            | P::Assigned
            | P::Cancelled => self.step(P::Matching, By::Staff(by), reason)?,
            _ => return Err(order.illegal("reserve the order")),
        };
        outcome.events.push(OrderEvent::Reserved { reservation, at: self.now });
        Ok(outcome)
    }

    /// What every courier needs who is to be asked or named.
    fn suits(&self, courier: UserId) -> Result<(), Rejection> {
        let invalid = |reason| Err(Rejection::Invalid { field: "driver_id", reason });
        if courier == self.order.passenger {
            return invalid("is the passenger");
        }
        match self.duty(courier) {
            Some(duty) if !self.order.draft.load().fits(duty.vehicle.capacity) => {
                invalid("has no room for the order")
            }
            _ => Ok(()),
        }
    }

    fn own_offer(&self, id: OfferId, by: UserId) -> Result<&Offer, Rejection> {
        let offer = self.order.offer(id).ok_or(Rejection::UnknownRequest)?;
        if offer.courier == by { Ok(offer) } else { Err(Rejection::NotAParty) }
    }

    /// Ends what goes with the state that the order leaves: an offer that nobody has answered, and the duty
    /// of a courier whom the next state does not keep.
    fn leave(&self, next: OrderState, outcome: &mut Outcome) -> Result<(), Rejection> {
        let order = self.order;
        if let Some(offer) = order.pending() {
            outcome.events.push(self.withdrawn(offer));
        }
        match order.state.bound() {
            Some(courier) if next.bound() != Some(courier) => {
                self.have(courier, &DutyCommand::Free { order: order.id }, outcome)
            }
            _ => Ok(()),
        }
    }

    fn take(&self, courier: UserId, outcome: &mut Outcome) -> Result<(), Rejection> {
        let ask_paused = self.settings.ask_paused;
        self.have(courier, &DutyCommand::Take { order: self.order.id, ask_paused }, outcome)
    }

    /// Has a courier do something.
    fn have(&self, courier: UserId, command: &DutyCommand, outcome: &mut Outcome) -> Result<(), Rejection> {
        let Some(duty) = self.duty(courier) else {
            return Err(match command {
                // Somebody who was never on duty.
                DutyCommand::Offer { .. } | DutyCommand::Take { .. } => {
                    let state = DutyPhase::Offline.word();
                    Rejection::IllegalTransition { action: command.action(), state }
                }
                _ => Rejection::Stale,
            });
        };
        outcome.duties.extend(duty.decide(command, self.now)?.map(|event| (courier, event)));
        Ok(())
    }

    fn duty(&self, courier: UserId) -> Option<&Duty> {
        self.duties.iter().copied().find(|duty| duty.courier == courier)
    }

    fn withdrawn(&self, offer: &Offer) -> OrderEvent {
        OrderEvent::OfferEnded { id: offer.id, to: OfferState::Withdrawn { at: self.now } }
    }

    fn moved(&self, to: OrderState, by: By, description: &str) -> OrderEvent {
        let (from, description) = (self.order.state.phase(), description.to_owned());
        OrderEvent::Moved { from, to, at: self.now, by, description }
    }
}
