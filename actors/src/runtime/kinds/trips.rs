//! Trips as a kind of work.

use std::sync::Arc;

use async_trait::async_trait;
use futures_util::{StreamExt as _, stream};
use uuid::Uuid;

use super::{Deaths, Kind};
use crate::ids::TripId;
use crate::ports::Unavailable;
use crate::runtime::context::Context;
use crate::runtime::messages::TripOrder;
use crate::time::Time;
use crate::work::TRIP;

/// Trips read at once at the start, when nobody else waits for the store.
const RESTORED_AT_ONCE: u32 = 4_000;

/// Due trips read at once.
const PAGE: u32 = 1_000;

/// How many due trips are moved on side by side.
const AT_ONCE: usize = 8;

/// The trips of a node. What is known of them is in the context, where packages look for them.
pub(super) struct Trips;

#[async_trait]
impl Kind for Trips {
    fn name(&self) -> &'static str {
        TRIP
    }

    /// One page is fetched while the one before it is put into the index, on another thread.
    async fn restore(&self, context: &Arc<Context>) -> Result<(), Unavailable> {
        let mut after = None;
        let mut taking_in = None;
        loop {
            let page = context.store.live_trips(after, RESTORED_AT_ONCE).await?;
            if let Some(before) = taking_in.take() {
                let ended: Result<(), tokio::task::JoinError> = before.await;
                ended.map_err(|error| Unavailable(format!("the index cannot be filled: {error}")))?;
            }
            let Some(last) = page.last() else { return Ok(()) };
            after = Some(last.id);
            let shared = Arc::clone(context);
            let take_in = move || page.iter().for_each(|trip| shared.follow_trip(trip, false));
            taking_in = Some(tokio::task::spawn_blocking(take_in));
        }
    }

    async fn refresh(&self, context: &Arc<Context>, id: Uuid) {
        context.refresh_trip(id.into()).await;
    }

    async fn changed(
        &self,
        context: &Arc<Context>,
        since: Time,
        limit: u32,
    ) -> Result<Vec<(Uuid, i64)>, Unavailable> {
        let changed = context.store.changed_trips(since, limit).await?;
        Ok(changed.into_iter().map(|(id, version)| (id.uuid(), version)).collect())
    }

    fn known(&self, context: &Context, id: Uuid) -> Option<i64> {
        context.trip_versions.get(&id.into())
    }

    /// Starts and completes trips whose time has come.
    async fn see_to_due(&self, context: &Arc<Context>) -> Result<(), Unavailable> {
        let due = context.store.due_trips(context.clock.now(), PAGE).await?;
        stream::iter(due).for_each_concurrent(AT_ONCE, |trip| tick(context, trip)).await;
        Ok(())
    }

    fn rebuild(&self, context: &Context, deaths: &mut Deaths) {
        deaths.rebuild(&context.directories().trips, TripId::uuid);
    }

    fn gauges(&self, context: &Context) -> Vec<(&'static str, usize)> {
        let actors = &context.directories().trips;
        vec![
            ("peerpack_trips_live", context.trips.read().len()),
            ("peerpack_actors_trip", actors.len()),
            ("peerpack_mailbox_messages_trip", actors.messages()),
        ]
    }
}

async fn tick(context: &Context, trip: TripId) {
    if let Ok(Err(refusal)) = context.directories().trips.get(trip).ask(TripOrder::Tick).await {
        tracing::debug!(%trip, %refusal, "a due trip was not moved on");
    }
}
