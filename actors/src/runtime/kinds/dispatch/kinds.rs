//! What the supervisor knows of the dispatch: orders and duties, a kind of work each.

use std::sync::Arc;

use async_trait::async_trait;
use uuid::Uuid;

use super::Dispatch;
use crate::dispatch::{DUTY, DutyState, ORDER, Order, OrderCommand};
use crate::ids::{OrderId, UserId};
use crate::ports::Unavailable;
use crate::runtime::context::Context;
use crate::runtime::kinds::{Kind, OVERDUE, SWEPT};
use crate::runtime::refusal::Refusal;
use crate::time::Time;

/// Rows read at once.
const PAGE: u32 = 1_000;

/// The orders of a node.
pub(super) struct Orders(pub(super) Arc<Dispatch>);

#[async_trait]
impl Kind for Orders {
    fn name(&self) -> &'static str {
        ORDER
    }

    async fn restore(&self, context: &Arc<Context>) -> Result<(), Unavailable> {
        let mut after = None;
        loop {
            let page = self.0.store.searching(after, PAGE).await?;
            let Some(last) = page.last() else { break };
            after = Some(last.id);
            for order in page {
                let (id, deadline) = (order.id, order.next_deadline());
                self.0.follow(order);
                self.0.alarm(context, id, deadline.unwrap_or(context.now()));
            }
        }
        Ok(())
    }

    async fn refresh(&self, _: &Arc<Context>, id: Uuid) {
        if let Err(error) = self.0.read_again(id.into(), None).await {
            tracing::warn!(%error, %id, "cannot read an order again");
        }
    }

    async fn changed(
        &self,
        _: &Arc<Context>,
        since: Time,
        limit: u32,
    ) -> Result<Vec<(Uuid, i64)>, Unavailable> {
        self.0.store.changed_orders(since, limit).await
    }

    fn known(&self, _: &Context, id: Uuid) -> Option<i64> {
        self.0.order_versions.get(&id.into())
    }

    /// Ends offers that other nodes should have ended.
    async fn see_to_due(&self, context: &Arc<Context>) -> Result<(), Unavailable> {
        let late = context.now() - OVERDUE;
        let is_late = |order: &&Order| order.next_deadline().is_some_and(|deadline| deadline <= late);
        let due: Vec<OrderId> =
            self.0.searching.lock().values().filter(is_late).map(|order| order.id).collect();
        for id in due {
            let ended = self.0.carry_out(context, id, &OrderCommand::ExpireOffer).await;
            // Of refusals nothing follows: somebody may have answered a moment ago.
            if let Err(Refusal::Unavailable(error)) = ended {
                return Err(error);
            }
        }
        Ok(())
    }

    async fn sweep(&self, context: &Arc<Context>) {
        let after = *self.0.swept.lock();
        let some = self.0.waiting(after, context.now(), SWEPT);
        *self.0.swept.lock() = some.last().copied();
        for id in some {
            self.0.consider(context, id).await;
        }
    }

    fn gauges(&self, _: &Context) -> Vec<(&'static str, usize)> {
        vec![("peerpack_orders_searching", self.0.searching.lock().len())]
    }
}

impl Dispatch {
    /// Reads everybody who is on duty.
    pub(super) async fn follow_everybody_on_duty(&self, now: Time) -> Result<(), Unavailable> {
        let mut after = None;
        loop {
            let page = self.store.on_duty(after, PAGE).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = Some(last.courier);
            self.follow_with_records(page, now).await;
        }
    }

    /// Reads a courier's duty: another node may have taken them on duty or off duty a moment ago, and its
    /// hint is still on the way.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn meet(self: &Arc<Self>, context: &Arc<Context>, courier: UserId) -> Result<(), Unavailable> {
        if self.read_duty(courier, context.now()).await? {
            self.wake(context);
        }
        Ok(())
    }

    /// Reads a courier's duty, of somebody who is new here with their record; whether they are free. What
    /// others have done since is read of many at once, with each comparison.
    async fn read_duty(&self, courier: UserId, now: Time) -> Result<bool, Unavailable> {
        let Some(duty) = self.store.duty(courier).await? else { return Ok(false) };
        let (is_free, is_off) = (duty.state == DutyState::Idle, duty.state == DutyState::Offline);
        if is_off || self.board.read().get(courier).is_some() {
            self.follow_duty(duty);
        } else {
            self.follow_with_records(vec![duty], now).await;
        }
        Ok(is_free)
    }
}

/// The couriers on duty of a node.
pub(super) struct Duties(pub(super) Arc<Dispatch>);

#[async_trait]
impl Kind for Duties {
    fn name(&self) -> &'static str {
        DUTY
    }

    async fn restore(&self, context: &Arc<Context>) -> Result<(), Unavailable> {
        self.0.follow_everybody_on_duty(context.now()).await
    }

    async fn refresh(&self, context: &Arc<Context>, id: Uuid) {
        if let Err(error) = self.0.meet(context, id.into()).await {
            tracing::warn!(%error, %id, "cannot read a duty again");
        }
    }

    async fn changed(
        &self,
        _: &Arc<Context>,
        since: Time,
        limit: u32,
    ) -> Result<Vec<(Uuid, i64)>, Unavailable> {
        self.0.store.changed_duties(since, limit).await
    }

    fn known(&self, _: &Context, id: Uuid) -> Option<i64> {
        self.0.duty_versions.get(&id.into())
    }

    async fn see_to_due(&self, context: &Arc<Context>) -> Result<(), Unavailable> {
        self.0.dismiss_silent(context).await;
        self.0.catch_up_with_records(context.now()).await;
        Ok(())
    }

    /// Also while the store does not answer.
    async fn sweep(&self, context: &Arc<Context>) {
        self.0.forget_positions(context);
    }

    fn gauges(&self, _: &Context) -> Vec<(&'static str, usize)> {
        vec![("peerpack_couriers_on_duty", self.0.board.read().len())]
    }
}
