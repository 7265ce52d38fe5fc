//! Trips as a kind of work.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::{StreamExt as _, stream};
use tokio::task::{JoinError, JoinHandle};
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

/// When the rest of the trips is read again after the store has not answered.
const TRY_AGAIN: Duration = Duration::from_millis(500);

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

    /// Waits for as many trips as the settings allow time for; the rest comes while the node serves, and
    /// wakes the packages that wait for it, as a new trip does.
    async fn restore(&self, context: &Arc<Context>) -> Result<(), Unavailable> {
        let wait = context.settings.restore_wait;
        let mut filling = actix::spawn(fill(Arc::clone(context), None));
        let Ok(ended) = tokio::time::timeout(wait, &mut filling).await else {
            tracing::info!(trips = context.trips.read().len(), "serving while further trips are taken in");
            actix::spawn(go_on(Arc::clone(context), filling));
            return Ok(());
        };
        ended.unwrap_or_else(|error| Err((None, panicked(&error)))).map_err(|(_, error)| error)
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
            ("peerpack_trips_restoring", usize::from(context.restoring.load(Ordering::Relaxed))),
            ("peerpack_actors_trip", actors.len()),
            ("peerpack_mailbox_messages_trip", actors.messages()),
        ]
    }
}

/// How far the trips of the store have been read, and what ended that.
type Interrupted = (Option<TripId>, Unavailable);

/// Takes all live trips after one into the index. A page is fetched while the one before it is put into the
/// index, on another thread.
async fn fill(context: Arc<Context>, after: Option<TripId>) -> Result<(), Interrupted> {
    let (mut after, mut taken_in) = (after, after);
    let mut taking_in: Option<(TripId, JoinHandle<()>)> = None;
    loop {
        let page =
            context.store.live_trips(after, RESTORED_AT_ONCE).await.map_err(|error| (taken_in, error))?;
        if let Some((last, before)) = taking_in.take() {
            before.await.map_err(|error| (taken_in, panicked(&error)))?;
            taken_in = Some(last);
        }
        let Some(last) = page.last().map(|trip| trip.id) else { break };
        after = Some(last);
        let shared = Arc::clone(&context);
        let take_in = move || page.iter().for_each(|trip| shared.follow_trip(trip, false));
        taking_in = Some((last, tokio::task::spawn_blocking(take_in)));
    }
    context.restoring.store(false, Ordering::Relaxed);
    Ok(())
}

/// Sees to it that all trips are taken in, however often the store does not answer.
async fn go_on(context: Arc<Context>, mut filling: JoinHandle<Result<(), Interrupted>>) {
    let mut after = None;
    loop {
        let ended = filling.await.unwrap_or_else(|error| Err((after, panicked(&error))));
        let Err((taken_in, error)) = ended else { break };
        tracing::warn!(%error, "trips cannot be taken in; trying again");
        after = taken_in;
        tokio::time::sleep(TRY_AGAIN).await;
        filling = actix::spawn(fill(Arc::clone(&context), after));
    }
    tracing::info!(trips = context.trips.read().len(), "all live trips are taken in");
}

fn panicked(error: &JoinError) -> Unavailable {
    Unavailable(format!("the index cannot be filled: {error}"))
}

async fn tick(context: &Context, trip: TripId) {
    if let Ok(Err(refusal)) = context.directories().trips.get(trip).ask(TripOrder::Tick).await {
        tracing::debug!(%trip, %refusal, "a due trip was not moved on");
    }
}
