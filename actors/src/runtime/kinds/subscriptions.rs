//! Standing questions as a kind of work: they have no actors, and nothing is due but their end.

use std::sync::Arc;

use async_trait::async_trait;
use uuid::Uuid;

use super::Kind;
use crate::ids::SubscriptionId;
use crate::market::subscription::Subscription;
use crate::ports::Unavailable;
use crate::runtime::context::Context;
use crate::time::Time;
use crate::work::SUBSCRIPTION;

/// Questions read at once at the start.
const PAGE: u32 = 4_000;

/// The questions of a node.
pub(super) struct Subscriptions;

#[async_trait]
impl Kind for Subscriptions {
    fn name(&self) -> &'static str {
        SUBSCRIPTION
    }

    async fn restore(&self, context: &Arc<Context>) -> Result<(), Unavailable> {
        let now = context.clock.now();
        let mut after = None;
        loop {
            let page = context.store.live_subscriptions(now, after, PAGE).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = Some(last.id);
            let mut index = context.subscriptions.write();
            page.into_iter().for_each(|one| index.follow(one, now));
        }
    }

    async fn refresh(&self, context: &Arc<Context>, id: Uuid) {
        match context.store.subscription(SubscriptionId::from(id)).await {
            Ok(Some(subscription)) => context.subscriptions.write().follow(subscription, context.clock.now()),
            Ok(None) => {}
            Err(error) => tracing::debug!(%error, "a subscription was not read"),
        }
    }

    async fn changed(
        &self,
        context: &Arc<Context>,
        since: Time,
        limit: u32,
    ) -> Result<Vec<(Uuid, i64)>, Unavailable> {
        let changed = context.store.changed_subscriptions(since, limit).await?;
        Ok(changed.into_iter().map(|(id, version)| (id.uuid(), version)).collect())
    }

    /// What was taken back is not remembered, and read again for as long as the comparison looks back.
    fn known(&self, context: &Context, id: Uuid) -> Option<i64> {
        context.subscriptions.read().get(SubscriptionId::from(id)).map(Subscription::version)
    }

    async fn see_to_due(&self, context: &Arc<Context>) -> Result<(), Unavailable> {
        context.subscriptions.write().forget_ended(context.clock.now());
        Ok(())
    }

    fn gauges(&self, context: &Context) -> Vec<(&'static str, usize)> {
        vec![("peerpack_subscriptions_live", context.subscriptions.read().len())]
    }
}
