//! What the desk asks of the dispatch: who could take an order, an offer made at once, an order given to the
//! best courier.

use std::sync::Arc;

use super::searching::offer_to;
use super::{Dispatch, TRIES};
use crate::dispatch::board::Verdict;
use crate::dispatch::ranking::Ranked;
use crate::dispatch::search::Limits;
use crate::dispatch::{
    By, Duty, DutyCommand, DutyPhase, DutyState, Order, OrderCommand, OrderPhase, Regions, Rule, Settings,
};
use crate::ids::{OrderId, UserId};
use crate::ports::Unavailable;
use crate::rejection::Rejection;
use crate::runtime::context::Context;
use crate::runtime::refusal::Refusal;
use crate::time::Time;

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
    /// stays asked. Without an offer in the answer nobody can take it; the order is searched for then.
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
            let Some(best) = best else { return Ok((order, None)) };
            match self.commit(context, id, &offer_to(context, &best)).await {
                Ok((order, _)) => return Ok((order, Some(best))),
                Err(Refusal::Unavailable(error)) => return Err(error.into()),
                // What was known here of the order or of the courier was old; it was read by that.
                Err(refusal) => last = refusal,
            }
        }
        Err(last)
    }

    /// Gives an order to the best courier, by the configured rule, without asking. `None` where nobody can
    /// take it.
    ///
    /// # Errors
    /// The refusal; nothing was changed then, unless the store does not answer.
    pub async fn assign_best(
        self: &Arc<Self>,
        context: &Arc<Context>,
        id: OrderId,
        by: UserId,
        reason: &str,
    ) -> Result<Option<Order>, Refusal> {
        let mut last = Refusal::Busy;
        for _ in 0..TRIES {
            let order = self.store.order(id).await?.ok_or(Refusal::NotFound)?;
            let candidates = self.candidates(&order, self.settings.rule, context.now());
            let Some(best) = candidates.into_iter().next() else { return Ok(None) };
            let courier = best.candidate.courier;
            let command = OrderCommand::Assign { courier, by, reason: reason.to_owned() };
            match self.carry_out(context, id, &command).await {
                Ok(order) => return Ok(Some(order)),
                Err(Refusal::Unavailable(error)) => return Err(error.into()),
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
        let now = context.now();
        let courier = if named.is_some() {
            named
        } else {
            let order = self.store.order(id).await?.ok_or(Refusal::NotFound)?;
            self.candidates(&order, self.settings.rule, now).first().map(|best| best.candidate.courier)
        };
        let Some(courier) = courier else { return Ok(None) };
        let command = OrderCommand::Assign { courier, by, reason: reason.to_owned() };
        let (mut order, duties) = self.read(id, &command).await?;
        let known: Vec<&Duty> = duties.iter().collect();
        let outcome = order.decide(&command, &known, &self.settings, now)?;
        order.apply(&outcome.events);
        Ok(Some(order))
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
                let reason = "a courier is looked for".to_owned();
                let command = OrderCommand::Move { to: P::Matching, by: By::Staff(by), reason };
                self.commit(context, id, &command).await.map(|(order, _)| order)
            }
            phase => {
                let (action, state) = ("offer the order", phase.word());
                Err(Rejection::IllegalTransition { action, state }.into())
            }
        }
    }

    fn farthest(&self) -> Limits {
        Limits::of(self.settings.widenings, &self.settings)
    }
}
