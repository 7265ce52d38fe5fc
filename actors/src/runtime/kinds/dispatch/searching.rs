//! Looking for couriers: at once when an order begins to wait, again when somebody is free, and when its time
//! has come.

use std::ops::Bound;
use std::sync::Arc;
use std::time::Duration;

use super::Dispatch;
use crate::dispatch::ranking::{Circumstances, Ranked, rank};
use crate::dispatch::region::day_began;
use crate::dispatch::search::{Limits, Next, begins, next};
use crate::dispatch::{Board, By, Crowd, Order, OrderCommand, OrderPhase, Settings};
use crate::ids::{OfferId, OrderId, UserId};
use crate::runtime::context::Context;
use crate::runtime::refusal::Refusal;
use crate::time::{Span, Time};

/// How many steps one look at an order takes at most: couriers who turn out to be busy, and widenings.
const STEPS: usize = 16;

/// How many waiting orders are looked at when a courier becomes free: those that have waited longest.
const WOKEN: usize = 8;

/// What is due within this time has an alarm of its own.
const SOON: Span = Span::minutes(1);

/// How soon an order is looked at again whose couriers are all being asked by others.
const ASKED_AGAIN: Span = Span::from_ms(200);

/// So long before the pickup an order is offered to others, if whom it is reserved for is still busy.
const RESERVED_LEAD: Span = Span::minutes(5);

/// Why an order is left to the desk, as it is stored.
pub const NOBODY_FOUND: &str = "nobody was found";

/// For how long couriers are compared with the same crowd.
const CROWD_KEPT: Span = Span::seconds(5);

impl Dispatch {
    /// Looks at orders, one after the other, in a task of its own, so that the caller does not wait. The
    /// caller need not be an actor: jobs and the bot give commands, too.
    pub(super) fn look(self: &Arc<Self>, context: &Arc<Context>, orders: Vec<OrderId>) {
        let (dispatch, context) = (Arc::clone(self), Arc::clone(context));
        tokio::spawn(async move {
            for id in orders {
                dispatch.consider(&context, id).await;
            }
        });
    }

    /// A courier is free: those who have waited longest are looked at again.
    pub(super) fn wake(self: &Arc<Self>, context: &Arc<Context>) {
        self.look(context, self.waiting(None, context.now(), WOKEN));
    }

    /// Orders that look for a courier by now, the oldest first, after one of them.
    pub(super) fn waiting(&self, after: Option<OrderId>, now: Time, most: usize) -> Vec<OrderId> {
        let is_searched = |order: &&Order| {
            order.state.phase() == OrderPhase::Matching && begins(order, &self.settings) <= now
        };
        let after = after.map_or(Bound::Unbounded, Bound::Excluded);
        let searching = self.searching.lock();
        let orders = searching.range((after, Bound::Unbounded)).map(|(_, order)| order);
        orders.filter(is_searched).take(most).map(|order| order.id).collect()
    }

    /// Does what is due for an order once its time has come. What is not due soon is left to the sweep.
    pub(super) fn alarm(self: &Arc<Self>, context: &Arc<Context>, id: OrderId, at: Time) {
        let left = at.since(context.now());
        if left > SOON || self.alarms.lock().insert(id, at) == Some(at) {
            return;
        }
        let left = Duration::from_millis(u64::try_from(left.ms()).unwrap_or(0));
        let (dispatch, context) = (Arc::clone(self), Arc::clone(context));
        tokio::spawn(async move {
            tokio::time::sleep(left).await;
            dispatch.ring(&context, id, at).await;
        });
    }

    async fn ring(self: &Arc<Self>, context: &Arc<Context>, id: OrderId, at: Time) {
        {
            let mut alarms = self.alarms.lock();
            if alarms.get(&id) == Some(&at) {
                alarms.remove(&id);
            }
        }
        let is_offered = self.searching.lock().get(&id).map(|order| order.next_deadline().is_some());
        match is_offered {
            // Somebody may have answered a moment ago.
            Some(true) => drop(self.carry_out(context, id, &OrderCommand::ExpireOffer).await),
            Some(false) => self.consider(context, id).await,
            None => {}
        }
    }

    /// Takes the next steps for an order that looks for a courier. If it is looked at already, it is looked
    /// at once more afterwards.
    pub(super) async fn consider(self: &Arc<Self>, context: &Arc<Context>, id: OrderId) {
        while let Some(considering) = Considering::begin(self, id) {
            self.take_steps(context, id).await;
            if !considering.end() {
                return;
            }
        }
    }

    async fn take_steps(self: &Arc<Self>, context: &Arc<Context>, id: OrderId) {
        if self.leave_to_batches(context, id) {
            return;
        }
        for _ in 0..STEPS {
            let Some(order) = self.searching.lock().get(&id).cloned() else { return };
            let now = context.now();
            if let Some(until) = self.waits_for_its_courier(&order, now) {
                return self.alarm(context, id, until);
            }
            let (mut asking, mut are_all_asked) = (None, false);
            let best = |limits| {
                let ranked = self.ranked(&order, limits, &self.settings, now);
                are_all_asked = !ranked.is_empty();
                let (best, guard) = Asking::the_best(self, ranked)?;
                (asking, are_all_asked) = (Some(guard), false);
                Some(best)
            };
            let next = next(&order, &self.settings, now, best);
            if are_all_asked {
                // There are couriers: it is neither time to look farther nor to give up.
                return self.alarm(context, id, now + ASKED_AGAIN);
            }
            if let Next::Wait(until) = next {
                return self.alarm(context, id, until);
            }
            let Some(command) = step_of(context, next) else { return };
            let done = self.commit(context, id, &command).await;
            drop(asking);
            match done {
                Err(Refusal::Unavailable(_) | Refusal::NotFound) => return,
                // What was known here of the order or of the courier was old; it was read by that.
                Ok(_) | Err(Refusal::Rejected(_) | Refusal::Busy) => {}
            }
        }
    }

    /// Until when an order waits for the courier whom the plan of the day has it for: as long as they have
    /// another one, but not until it would be late.
    pub(super) fn waits_for_its_courier(&self, order: &Order, now: Time) -> Option<Time> {
        let reserved = order.reserved?;
        let state = self.board.read().get(reserved.courier)?.duty.state;
        let until = reserved.at - RESERVED_LEAD;
        (state.order().is_some() && now < until).then_some(until)
    }

    /// Who can take an order, the first to be asked first.
    pub(super) fn ranked(
        &self,
        order: &Order,
        limits: Limits,
        settings: &Settings,
        now: Time,
    ) -> Vec<Ranked> {
        let (board, regions) = (self.board.read(), self.regions());
        let region = order.draft.region.and_then(|id| regions.get(id));
        let circumstances = Circumstances {
            crowd: self.crowd(&board, now),
            region,
            day_began: day_began(now, region.map(|region| &region.zone)),
            // The same on every node, and another one for every order.
            seed: order.id.uuid().as_u64_pair().1,
            now,
        };
        rank(&board, order, limits, &circumstances, settings)
    }

    fn crowd(&self, board: &Board, now: Time) -> Crowd {
        let mut kept = self.crowd.lock();
        match *kept {
            Some((since, crowd)) if now.since(since) < CROWD_KEPT => crowd,
            _ => {
                let crowd = board.crowd(&self.settings, now);
                *kept = Some((now, crowd));
                crowd
            }
        }
    }
}

/// The command that asks a courier.
pub(super) fn offer_to(context: &Context, best: &Ranked) -> OrderCommand {
    OrderCommand::Offer {
        id: OfferId::new(context.now(), context.clock.random()),
        courier: best.candidate.courier,
        reckoning: best.reckoning(),
    }
}

/// The command that takes the next step for an order; nothing where it waits.
pub(super) fn step_of(context: &Context, next: Next) -> Option<OrderCommand> {
    Some(match next {
        Next::Ask(best) => offer_to(context, &best),
        Next::Widen { from } => OrderCommand::Widen { from },
        Next::TellDispatcher => OrderCommand::Move {
            to: OrderPhase::ActiveQueue,
            by: By::Engine,
            reason: NOBODY_FOUND.to_owned(),
        },
        Next::Wait(_) | Next::Nothing => return None,
    })
}

/// A courier is being asked until this is dropped, also by a panic.
pub(super) struct Asking<'a> {
    dispatch: &'a Dispatch,
    courier: UserId,
}

impl<'a> Asking<'a> {
    /// The best of those whom nobody else asks at this moment; nobody else asks them meanwhile.
    pub(super) fn the_best(dispatch: &'a Dispatch, ranked: Vec<Ranked>) -> Option<(Ranked, Self)> {
        let mut asking = dispatch.asking.lock();
        let best = ranked.into_iter().find(|best| asking.insert(best.candidate.courier))?;
        Some((best, Self { dispatch, courier: best.candidate.courier }))
    }
}

impl Drop for Asking<'_> {
    fn drop(&mut self) {
        self.dispatch.asking.lock().remove(&self.courier);
    }
}

/// An order is looked at by one task at a time, until this is dropped, also by a panic.
struct Considering<'a> {
    dispatch: &'a Dispatch,
    /// Nothing once it has ended.
    order: Option<OrderId>,
}

impl<'a> Considering<'a> {
    /// Nothing if the order is looked at already; it is noted then that it has to be looked at again.
    fn begin(dispatch: &'a Dispatch, order: OrderId) -> Option<Self> {
        let mut considered = dispatch.considered.lock();
        if let Some(again) = considered.get_mut(&order) {
            *again = true;
            return None;
        }
        considered.insert(order, false);
        Some(Self { dispatch, order: Some(order) })
    }

    /// Whether the order has to be looked at again.
    fn end(mut self) -> bool {
        let order = self.order.take();
        order.and_then(|order| self.dispatch.considered.lock().remove(&order)).unwrap_or(false)
    }
}

impl Drop for Considering<'_> {
    fn drop(&mut self) {
        if let Some(order) = self.order {
            self.dispatch.considered.lock().remove(&order);
        }
    }
}
