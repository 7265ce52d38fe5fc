//! Watches over what lives on a node, kind by kind: rebuilds dead actors, compares with the store, does what
//! is due.
//!
//! actix leaves a panicked actor dead. Here the directories notice it, and within half a second the actor is
//! made anew from the store; one that keeps dying is left alone for a while.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{FutureExt, StreamExt, stream};

use super::context::Context;
use super::kinds::{Deaths, Kind};
use super::learning;
use super::messages::CatchUp;
use super::session::Frame;
use crate::ids::UserId;
use crate::ports::Unavailable;
use crate::time::{Span, Time};
use crate::work::WorkId;

/// How often the dead are looked for.
const ROUND: Duration = Duration::from_millis(500);

/// How often a part of a start is tried.
const STARTS: u32 = 3;

/// How far back the comparison with the store looks, beyond its own interval: clocks of nodes differ.
const OVERLAP: Span = Span::seconds(10);

/// Rows read at once.
const PAGE: u32 = 1_000;

/// How many changed things of one kind are looked at side by side.
const AT_ONCE: usize = 8;

/// Runs until the engine stops. What changed before `since` is known. A round that panics is one round lost.
pub(super) async fn run(context: Arc<Context>, kinds: Arc<[Arc<dyn Kind>]>, since: Time) {
    // A comparison may take long; the dead do not wait for it, nor do people who have missed something.
    let (mut deaths, mut compared) = (Deaths::default(), since);
    let rebuilding = async {
        loop {
            tokio::time::sleep(ROUND).await;
            survive(async { rebuild(&context, &kinds, &mut deaths) }).await;
        }
    };
    let catching_up = async {
        loop {
            tokio::time::sleep(context.settings.compare).await;
            survive(catch_up_or_say_so(&context)).await;
        }
    };
    let comparing = async {
        loop {
            tokio::time::sleep(context.settings.compare).await;
            survive(async { compared = compared_anew(&context, &kinds, compared).await }).await;
            for kind in kinds.iter() {
                survive(kind.sweep(&context)).await;
            }
        }
    };
    futures_util::future::join3(rebuilding, catching_up, comparing).await;
}

/// Whatever becomes of a round, the next one comes.
pub(super) async fn survive(round: impl Future<Output = ()>) {
    if AssertUnwindSafe(round).catch_unwind().await.is_err() {
        metrics::counter!("peerpack_supervisor_panics_total").increment(1);
        tracing::error!("a round of the supervisor panicked");
    }
}

/// Compares with the store; tells up to when everything is known now.
async fn compared_anew(context: &Arc<Context>, kinds: &[Arc<dyn Kind>], since: Time) -> Time {
    let now = context.clock.now();
    let known = match compare(context, kinds, since).await {
        Ok(()) => now,
        Err(error) => {
            tracing::warn!(%error, "cannot compare with the store");
            since
        }
    };
    let age = context.clock.now().since(known).ms();
    metrics::gauge!("peerpack_compare_age_seconds").set(age as f64 / 1_000.0);
    known
}

fn rebuild(context: &Context, kinds: &[Arc<dyn Kind>], deaths: &mut Deaths) {
    deaths.begin(context.clock.now());
    for kind in kinds {
        kind.rebuild(context, deaths);
    }
    deaths.rebuild(&context.directories().users, UserId::uuid);
}

async fn catch_up_or_say_so(context: &Arc<Context>) {
    if let Err(error) = catch_up(context).await {
        tracing::warn!(%error, "cannot compare positions with the store");
        for attached in context.roster.all() {
            let _ = attached.port.push(Frame::Degraded);
        }
    }
}

/// Compares the positions of everybody who is here with the store: hints may have been lost.
async fn catch_up(context: &Context) -> Result<(), Unavailable> {
    let users = context.roster.users();
    for some in users.chunks(PAGE as usize) {
        for (user, top) in context.store.tops(some).await? {
            let _ = context.directories().users.get(user).tell(CatchUp(top));
        }
    }
    Ok(())
}

/// Looks again at what has changed elsewhere. A kind that this node does not know is of a newer version.
pub(super) async fn refresh(context: &Arc<Context>, kinds: &[Arc<dyn Kind>], changed: Vec<WorkId>) {
    for kind in kinds {
        let ids = changed.iter().filter(|work| work.kind == kind.name()).map(|work| work.id);
        stream::iter(ids).for_each_concurrent(AT_ONCE, |id| kind.refresh(context, id)).await;
    }
}

/// Hints may be lost, nodes may die: whatever changed since the last look is looked at again.
async fn compare(context: &Arc<Context>, kinds: &[Arc<dyn Kind>], since: Time) -> Result<(), Unavailable> {
    for kind in kinds {
        let mut changed = changed_since(context, kind.as_ref(), since - OVERLAP).await?;
        changed.retain(|(id, version)| kind.known(context, *id).is_none_or(|known| known < *version));
        let ids = changed.into_iter().map(|(id, _)| id);
        stream::iter(ids).for_each_concurrent(AT_ONCE, |id| kind.refresh(context, id)).await;
    }
    for kind in kinds {
        kind.see_to_due(context).await?;
    }
    let gauge = |(name, value): (&'static str, usize)| metrics::gauge!(name).set(value as f64);
    kinds.iter().flat_map(|kind| kind.gauges(context)).for_each(gauge);
    gauge(("peerpack_sessions", context.roster.len()));
    let users = &context.directories().users;
    gauge(("peerpack_actors_user", users.len()));
    gauge(("peerpack_mailbox_messages_user", users.messages()));
    Ok(())
}

/// All that has changed of one kind.
async fn changed_since(
    context: &Arc<Context>,
    kind: &dyn Kind,
    since: Time,
) -> Result<Vec<(uuid::Uuid, i64)>, Unavailable> {
    let mut most = PAGE;
    loop {
        let changed = kind.changed(context, since, most).await?;
        if changed.len() < most as usize {
            return Ok(changed);
        }
        most = most.saturating_mul(4);
    }
}

/// Brings everything back that was live before this process, and what this node had learned.
pub(super) async fn restore(context: &Arc<Context>, kinds: &[Arc<dyn Kind>]) -> Result<(), Unavailable> {
    persistently(async || learning::recall(context).await).await?;
    for kind in kinds {
        persistently(async || kind.restore(context).await).await?;
    }
    Ok(())
}

/// Does what a start needs, and may be done twice, once more where the store has been too slow for it: on a
/// machine that is just waking up everything is.
///
/// # Errors
/// When the store does not answer the last time either.
pub async fn persistently<T>(work: impl AsyncFn() -> Result<T, Unavailable>) -> Result<T, Unavailable> {
    for _ in 1..STARTS {
        match work().await {
            Ok(done) => return Ok(done),
            Err(error) => tracing::warn!(%error, "the store is slow, a part of the start is done again"),
        }
        tokio::time::sleep(ROUND).await;
    }
    work().await
}
