//! Batches: where they are on, no order asks for itself. Every `batch_ms` the orders that wait and the
//! couriers who are free are paired, region by region, so that as many orders as can be are offered and cost
//! least together.
//!
//! The batches of a node are matched by one task. It begins with the first order that waits, and ends when
//! nobody waits any more.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use futures_util::{StreamExt as _, stream};

use super::Dispatch;
use super::searching::{Asking, step_of};
use crate::dispatch::batch::{Waiting, together};
use crate::dispatch::search::{Limits, Next, begins, next};
use crate::dispatch::{Order, OrderPhase};
use crate::ids::{OrderId, RegionId};
use crate::runtime::context::Context;
use crate::time::Time;

/// How many steps of a batch are taken side by side.
const AT_ONCE: usize = 8;

/// What a batch comes to: the next step of each order that has one.
type Steps = Vec<(OrderId, Next)>;

impl Dispatch {
    /// Leaves an order to the batches from the begin of its search on; whether there are batches.
    pub(super) fn leave_to_batches(self: &Arc<Self>, context: &Arc<Context>, id: OrderId) -> bool {
        if self.settings.batch_ms == 0 {
            return false;
        }
        let begins = self.searching.lock().get(&id).map(|order| begins(order, &self.settings));
        match begins {
            Some(begins) if begins > context.now() => self.alarm(context, id, begins),
            Some(_) => self.match_batches(context),
            None => {}
        }
        true
    }

    fn match_batches(self: &Arc<Self>, context: &Arc<Context>) {
        let Some(mut matching) = Matching::begin(self) else { return };
        let every = Duration::from_millis(self.settings.batch_ms.into());
        let context = Arc::clone(context);
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(every).await;
                matching.dispatch.match_batch(&context).await;
                if matching.is_over(context.now()) {
                    return;
                }
            }
        });
    }

    /// One batch: all regions, one after the other.
    async fn match_batch(self: &Arc<Self>, context: &Arc<Context>) {
        for orders in self.waiting_by_region(context.now()).into_values() {
            let (dispatch, now) = (Arc::clone(self), context.now());
            // Pairing hundreds of orders takes a while: the others of this thread go on meanwhile.
            let paired = tokio::task::spawn_blocking(move || dispatch.paired(&orders, now)).await;
            let steps = match paired {
                Ok(steps) => steps,
                Err(error) => {
                    tracing::error!(%error, "a batch could not be matched");
                    continue;
                }
            };
            let take = |(id, next): (OrderId, Next)| async move { self.take_step(context, id, next).await };
            stream::iter(steps).for_each_concurrent(AT_ONCE, take).await;
        }
    }

    async fn take_step(self: &Arc<Self>, context: &Arc<Context>, id: OrderId, next: Next) {
        let (next, _asking) = match next {
            Next::Ask(best) => match Asking::the_best(self, vec![best]) {
                Some((best, asking)) => (Next::Ask(best), Some(asking)),
                // Somebody else asks them: it is for the next batch.
                None => return,
            },
            next => (next, None),
        };
        if let Some(command) = step_of(context, next) {
            // After a refusal this node knows what the store has, and the next batch goes by that.
            let _ = self.commit(context, id, &command).await;
        }
    }

    /// Orders whose search has begun, by region: of each those that have waited longest.
    fn waiting_by_region(&self, now: Time) -> BTreeMap<Option<RegionId>, Vec<Order>> {
        let mut regions: BTreeMap<Option<RegionId>, Vec<Order>> = BTreeMap::new();
        for order in self.searching.lock().values() {
            if order.state.phase() == OrderPhase::Matching && begins(order, &self.settings) <= now {
                let waiting = regions.entry(order.draft.region).or_default();
                if waiting.len() < self.settings.batch_orders {
                    waiting.push(order.clone());
                }
            }
        }
        regions
    }

    /// Whom the orders of a region are offered to, and what comes for those that nobody can take.
    fn paired(&self, orders: &[Order], now: Time) -> Steps {
        let (mut waiting, mut steps, mut taken) = (Vec::new(), Steps::new(), BTreeSet::new());
        for order in orders.iter().filter(|order| self.waits_for_its_courier(order, now).is_none()) {
            let limits = Limits::of(order.round(), &self.settings);
            let candidates = self.ranked(order, limits, &self.settings, now);
            match (candidates.first(), order.reserved) {
                (None, _) => steps.push((order.id, next(order, &self.settings, now, |_| None))),
                // What is reserved for somebody goes before all sums.
                (Some(best), Some(reserved))
                    if best.candidate.courier == reserved.courier && taken.insert(reserved.courier) =>
                {
                    steps.push((order.id, Next::Ask(*best)));
                }
                _ => waiting.push(Waiting { order: order.id, candidates }),
            }
        }
        for one in &mut waiting {
            one.candidates.retain(|ranked| !taken.contains(&ranked.candidate.courier));
        }
        steps.extend(together(&waiting).into_iter().map(|(order, best)| (order, Next::Ask(best))));
        steps
    }
}

/// The batches of a node are matched by one task, until this is dropped, also by a panic.
struct Matching {
    dispatch: Arc<Dispatch>,
    is_over: bool,
}

impl Matching {
    /// Nothing if they are matched already.
    fn begin(dispatch: &Arc<Dispatch>) -> Option<Self> {
        let mut is_matching = dispatch.is_matching.lock();
        if *is_matching {
            return None;
        }
        *is_matching = true;
        Some(Self { dispatch: Arc::clone(dispatch), is_over: false })
    }

    /// Whether nobody waits any more. Who begins to wait from then on begins the next task: an order is
    /// among those that wait before it is left to the batches.
    fn is_over(&mut self, now: Time) -> bool {
        let mut is_matching = self.dispatch.is_matching.lock();
        self.is_over = self.dispatch.waiting(None, now, 1).is_empty();
        *is_matching = !self.is_over;
        self.is_over
    }
}

impl Drop for Matching {
    fn drop(&mut self) {
        if !self.is_over {
            *self.dispatch.is_matching.lock() = false;
        }
    }
}
