//! What the desk asks of the dispatch: who could take an order, an offer made at once, an order given to the
//! best courier.

use std::sync::Arc;

use super::searching::offer_to;
use super::{Dispatch, TRIES};
use crate::dispatch::board::Verdict;
use crate::dispatch::order::Reservation;
use crate::dispatch::ranking::Ranked;
use crate::dispatch::search::{Limits, begins, begins_before};
use crate::dispatch::{
    By, Duty, DutyCommand, DutyPhase, DutyState, Order, OrderCommand, OrderPhase, OrderState, Regions, Rule,
    Settings,
};
use crate::ids::{OrderId, UserId};
use crate::ports::Unavailable;
use crate::rejection::Rejection;
use crate::runtime::context::Context;
use crate::runtime::refusal::Refusal;
use crate::time::Time;

/// Why an order is searched for that the desk has no courier for, as it is stored.
pub const LOOKED_FOR: &str = "a courier is looked for";

/// What has become of an order that was to be given to the best courier.
#[derive(Clone, Debug)]
pub enum Given {
    /// It was given to them, or reserved for them.
    Now(Order),
    /// Somebody had it already, or it was reserved: nothing was changed.
    Before(Order),
    /// Nobody can take it.
    ToNobody,
}

impl Dispatch {
    /// The knobs of the dispatch in force.
    #[must_use]
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The regions as they are now.
    #[must_use]
    pub fn regions(&self) -> Arc<Regions> {
        Arc::clone(&self.regions.read())
    }

    /// Takes other regions in.
    pub fn set_regions(&self, regions: Regions) {
        *self.regions.write() = Arc::new(regions);
    }

    /// Who can take an order by a rule, the best first, as far as a search looks at its end.
    #[must_use]
    pub fn candidates(&self, order: &Order, rule: Rule, now: Time) -> Vec<Ranked> {
        let settings = Settings { rule, ..self.settings.clone() };
        self.ranked(order, self.farthest(), &settings, now)
    }

    /// Everybody on duty with why they cannot take an order, if they cannot.
    #[must_use]
    pub fn explain(&self, order: &Order, now: Time) -> Vec<Verdict> {
        self.board.read().explain(order, self.farthest(), &self.settings, now)
    }

    /// Offers an order to the best courier at once, whatever its time of pickup. One who is asked already
    /// stays asked. Without an offer in the answer nobody can take it; the order is searched for from then
    /// on, also if an earlier search has ended with the desk.
    ///
    /// # Errors
    /// The refusal; nothing was offered then, unless the store does not answer.
    pub async fn offer_best(
        self: &Arc<Self>,
        context: &Arc<Context>,
        id: OrderId,
        by: UserId,
    ) -> Result<(Order, Option<Ranked>), Refusal> {
        let mut last = Refusal::Busy;
        for _ in 0..TRIES {
            let order = self.searched_for(context, id, by).await?;
            if order.pending().is_some() {
                return Ok((order, None));
            }
            let best = self.candidates(&order, Rule::Scored, context.now()).into_iter().next();
            let Some(best) = best else {
                match self.search_on(context, order, by).await {
                    Ok(order) => return Ok((order, None)),
                    Err(Refusal::Unavailable(error)) => return Err(error.into()),
                    Err(refusal) => {
                        last = refusal;
                        continue;
                    }
                }
            };
            match self.commit(context, id, &offer_to(context, &best)).await {
                Ok((order, _)) => return Ok((order, Some(best))),
                Err(Refusal::Unavailable(error)) => return Err(error.into()),
                // What was known here of the order or of the courier was old; it was read by that.
                Err(refusal) => last = refusal,
            }
        }
        Err(last)
    }

    /// Gives an order to a courier whom the desk names, or reserves it for them as long as its search has not
    /// begun: nobody is bound today for tomorrow. What is so already stays so.
    ///
    /// # Errors
    /// The refusal; the courier does not have the order then, unless the store does not answer.
    pub async fn assign(
        self: &Arc<Self>,
        context: &Arc<Context>,
        id: OrderId,
        courier: UserId,
        by: UserId,
        reason: &str,
    ) -> Result<Order, Refusal> {
        let order = self.store.order(id).await?.ok_or(Refusal::NotFound)?;
        let command = self.naming(&order, courier, by, reason, context.now());
        self.carry_out(context, id, &command).await
    }

    /// Gives an order that waits to the best courier, by the configured rule, without asking, or reserves it
    /// for them as long as its search has not begun. What somebody has stays theirs. With `takes_up` also one
    /// that was called off.
    ///
    /// # Errors
    /// The refusal; nobody has got the order then, unless the store does not answer.
    pub async fn assign_best(
        self: &Arc<Self>,
        context: &Arc<Context>,
        id: OrderId,
        by: UserId,
        reason: &str,
        takes_up: bool,
    ) -> Result<Given, Refusal> {
        let mut last = Refusal::Busy;
        for _ in 0..TRIES {
            let (order, now) = (self.store.order(id).await?.ok_or(Refusal::NotFound)?, context.now());
            if self.is_given(&order, now) {
                return Ok(Given::Before(order));
            }
            if order.state == OrderState::Cancelled && !takes_up {
                let (action, state) = ("assign the order", order.state.word());
                return Err(Rejection::IllegalTransition { action, state }.into());
            }
            let candidates = self.candidates(&order, self.settings.rule, now);
            let Some(best) = candidates.into_iter().next() else { return Ok(Given::ToNobody) };
            let command = self.giving(&order, best.candidate.courier, by, reason, takes_up, now);
            match self.carry_out(context, id, &command).await {
                Ok(order) => return Ok(Given::Now(order)),
                Err(Refusal::Unavailable(error)) => return Err(error.into()),
                // Somebody has it by now, or what was known here of the courier was old; it was read by that.
                Err(refusal) => last = refusal,
            }
        }
        Err(last)
    }

    /// What giving an order to a courier without asking would come to, by what the store has: to the one who
    /// is named, or to the best one. Nothing is changed. `None` where nobody can take it.
    ///
    /// # Errors
    /// The refusal that it would be, or the store does not answer.
    pub async fn would_assign(
        &self,
        context: &Context,
        id: OrderId,
        named: Option<UserId>,
        by: UserId,
        reason: &str,
    ) -> Result<Option<Order>, Refusal> {
        let (order, now) = (self.store.order(id).await?.ok_or(Refusal::NotFound)?, context.now());
        let command = if let Some(courier) = named {
            self.naming(&order, courier, by, reason, now)
        } else if self.is_given(&order, now) {
            return Ok(Some(order));
        } else {
            let best = self.candidates(&order, self.settings.rule, now).into_iter().next();
            let Some(best) = best else { return Ok(None) };
            self.giving(&order, best.candidate.courier, by, reason, true, now)
        };
        let (mut would_be, duties) = self.read(id, &command).await?;
        let known: Vec<&Duty> = duties.iter().collect();
        let outcome = would_be.decide(&command, &known, &self.settings, now)?;
        would_be.apply(&outcome.events);
        Ok(Some(would_be))
    }

    /// By what an order is kept for a courier whom it is given to before its search has begun; nothing where
    /// they get it at once.
    #[must_use]
    pub fn reservation(&self, order: &Order, courier: UserId, now: Time) -> Option<Reservation> {
        use OrderPhase as P;
        let at = order.draft.pickup_at.filter(|at| begins_before(*at, &self.settings) > now)?;
        let may_wait = matches!(
            order.state.phase(),
            P::Submitted
                | P::AwaitingDispatcherDecision
                | P::Created
                | P::Matching
                | P::ActiveQueue
                | P::Offered
                | P::Assigned
                | P::Cancelled
        );
        if !may_wait || order.state.courier() == Some(courier) {
            return None;
        }
        // A plan may have another moment for the same courier.
        let kept = order.reserved.filter(|kept| kept.courier == courier);
        Some(kept.unwrap_or(Reservation { courier, at }))
    }

    /// Whether there is nothing to give: somebody has the order, or it is reserved until its search begins,
    /// or until its courier is done with another one.
    fn is_given(&self, order: &Order, now: Time) -> bool {
        order.state.has_courier()
            || self.waits_for_its_courier(order, now).is_some()
            || (order.reserved.is_some() && begins(order, &self.settings) > now)
    }

    /// The command that gives an order to a courier whom the desk names, also if another courier has it now.
    fn naming(&self, order: &Order, courier: UserId, by: UserId, reason: &str, now: Time) -> OrderCommand {
        let reason = reason.to_owned();
        match self.reservation(order, courier, now) {
            Some(reservation) => OrderCommand::Reserve { reservation, by, reason },
            None => OrderCommand::Assign { courier, by, reason },
        }
    }

    /// The command that gives an order to a courier who was chosen for it while it waited.
    fn giving(
        &self,
        order: &Order,
        courier: UserId,
        by: UserId,
        reason: &str,
        takes_up: bool,
        now: Time,
    ) -> OrderCommand {
        let reason = reason.to_owned();
        match self.reservation(order, courier, now) {
            Some(reservation) => OrderCommand::ReserveWaiting { reservation, takes_up, by, reason },
            None => OrderCommand::AssignWaiting { courier, takes_up, by, reason },
        }
    }

    /// A courier who has gone is off duty, and not asked any more. One who has an order keeps it.
    ///
    /// # Errors
    /// The courier has an order, or others were quicker, or the store does not answer.
    pub async fn dismiss(self: &Arc<Self>, context: &Arc<Context>, courier: UserId) -> Result<(), Refusal> {
        for _ in 0..TRIES {
            let Some(duty) = self.store.duty(courier).await? else { return Ok(()) };
            if let DutyState::Offered { order, offer } = duty.state {
                let command = OrderCommand::Decline { offer, by: courier, reason: String::new() };
                // Any other refusal means that it has ended meanwhile, one way or the other.
                if let Err(Refusal::Unavailable(error)) = self.carry_out(context, order, &command).await {
                    return Err(error.into());
                }
            }
            match self.change_duty(context, courier, &DutyCommand::GoOffline).await {
                // Somebody has asked them again.
                Err(Refusal::Rejected(Rejection::IllegalTransition { state, .. }))
                    if state == DutyPhase::Offered.word() => {}
                answer => return answer.map(drop),
            }
        }
        Err(Refusal::Busy)
    }

    /// Every order was deleted, as in a development: nothing is searched for, and everybody is free.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn cleared(&self, now: Time) -> Result<(), Unavailable> {
        self.searching.lock().clear();
        self.taken.lock().clear();
        self.alarms.lock().clear();
        self.follow_everybody_on_duty(now).await
    }

    /// An order as it is, taken to where couriers are asked if it was not there.
    async fn searched_for(
        self: &Arc<Self>,
        context: &Arc<Context>,
        id: OrderId,
        by: UserId,
    ) -> Result<Order, Refusal> {
        use OrderPhase as P;
        let order = self.store.order(id).await?.ok_or(Refusal::NotFound)?;
        match order.state.phase() {
            P::Matching | P::ActiveQueue | P::Offered => Ok(order),
            P::Submitted | P::AwaitingDispatcherDecision | P::Created | P::Cancelled => {
                let reason = LOOKED_FOR.to_owned();
                let command = OrderCommand::Move { to: P::Matching, by: By::Staff(by), reason };
                self.commit(context, id, &command).await.map(|(order, _)| order)
            }
            phase => {
                let (action, state) = ("offer the order", phase.word());
                Err(Rejection::IllegalTransition { action, state }.into())
            }
        }
    }

    /// Has an order searched for that nobody can take at this moment.
    async fn search_on(
        self: &Arc<Self>,
        context: &Arc<Context>,
        order: Order,
        by: UserId,
    ) -> Result<Order, Refusal> {
        if order.state != OrderState::ActiveQueue {
            self.look(context, vec![order.id]);
            return Ok(order);
        }
        let (to, reason) = (OrderPhase::Matching, LOOKED_FOR.to_owned());
        let command = OrderCommand::Move { to, by: By::Staff(by), reason };
        self.carry_out(context, order.id, &command).await
    }

    fn farthest(&self) -> Limits {
        Limits::of(self.settings.widenings, &self.settings)
    }
}
