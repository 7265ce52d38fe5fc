//! Watches over the actors of a node: rebuilds the dead, compares with the store, keeps time for trips.
//!
//! actix leaves a panicked actor dead. Here the directories notice it, and within half a second the actor is
//! made anew from the store; one that keeps dying is left alone for a while.

use std::collections::HashMap;
use std::hash::Hash;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{FutureExt, StreamExt, stream};

use super::context::Context;
use super::directory::Directory;
use super::learning;
use super::mailbox::Living;
use super::messages::{CatchUp, Consider, Refresh, TripOrder};
use super::session::Frame;
use crate::ids::{PackageId, TripId};
use crate::matching::PackageEntry;
use crate::ports::Unavailable;
use crate::time::{Span, Time};

/// How often the dead are looked for.
const ROUND: Duration = Duration::from_millis(500);

/// How often an actor may die before it is left alone until [`BUDGET_SPAN`] has passed.
const RESTART_BUDGET: usize = 5;

/// How long deaths are remembered.
const BUDGET_SPAN: Span = Span::minutes(1);

/// How far back the comparison with the store looks, beyond its own interval: clocks of nodes differ.
const OVERLAP: Span = Span::seconds(10);

/// An offer this late is taken over from the node that should have ended it.
const OVERDUE: Span = Span::seconds(3);

/// Rows read at once.
const PAGE: u32 = 1_000;

/// How many changed packages, changed trips and due trips are looked at side by side.
const AT_ONCE: usize = 8;

/// How many waiting packages are looked at again with each comparison.
const SWEPT: usize = 256;

/// Trips read at once at the start, when nobody else waits for the store.
const RESTORED_AT_ONCE: u32 = 4_000;

/// Runs until the engine stops. What changed before `since` is known. A round that panics is one round lost.
pub(super) async fn run(context: Arc<Context>, since: Time) {
    // A comparison may take long; the dead do not wait for it, nor do people who have missed something.
    let (mut budget, mut compared, mut swept) = (Budget::default(), since, 0);
    let rebuilding = async {
        loop {
            tokio::time::sleep(ROUND).await;
            survive(async { rebuild(&context, &mut budget) }).await;
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
            survive(async { compared = compared_anew(&context, compared).await }).await;
            survive(async { swept = sweep(&context, swept).await }).await;
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
async fn compared_anew(context: &Arc<Context>, since: Time) -> Time {
    let now = context.clock.now();
    match compare(context, since).await {
        Ok(()) => now,
        Err(error) => {
            tracing::warn!(%error, "cannot compare with the store");
            since
        }
    }
}

fn rebuild(context: &Arc<Context>, budget: &mut Budget) {
    let now = context.clock.now();
    let directories = context.directories();
    rebuild_kind(&directories.trips, &mut budget.trips, now);
    rebuild_kind(&directories.packages, &mut budget.packages, now);
    rebuild_kind(&directories.users, &mut budget.users, now);
}

fn rebuild_kind<K: Copy + Eq + Hash, I: Living + ?Sized>(
    directory: &Directory<K, I>,
    deaths: &mut HashMap<K, Vec<Time>>,
    now: Time,
) {
    deaths.retain(|_, times| times.last().is_some_and(|last| now.since(*last) < BUDGET_SPAN));
    for id in directory.dead() {
        let times = deaths.entry(id).or_default();
        if times.len() < RESTART_BUDGET {
            times.push(now);
            directory.get(id);
        }
    }
}

#[derive(Default)]
struct Budget {
    trips: HashMap<TripId, Vec<Time>>,
    packages: HashMap<PackageId, Vec<Time>>,
    users: HashMap<crate::ids::UserId, Vec<Time>>,
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

/// Looks again at what has changed elsewhere, where an actor lives here by telling it.
pub(super) async fn refresh(
    context: &Arc<Context>,
    trips: impl IntoIterator<Item = TripId>,
    packages: impl IntoIterator<Item = PackageId>,
) {
    stream::iter(trips).for_each_concurrent(AT_ONCE, |trip| context.refresh_trip(trip)).await;
    stream::iter(packages).for_each_concurrent(AT_ONCE, |package| context.refresh_package(package)).await;
}

/// Hints may be lost, nodes may die: whatever changed since the last look is looked at again.
async fn compare(context: &Arc<Context>, since: Time) -> Result<(), Unavailable> {
    let now = context.clock.now();
    let mut most = PAGE;
    let mut changes = context.store.changes(since - OVERLAP, most).await?;
    while changes.trips.len().max(changes.packages.len()) >= most as usize {
        most = most.saturating_mul(4);
        changes = context.store.changes(since - OVERLAP, most).await?;
    }
    let trips = changes
        .trips
        .into_iter()
        .filter(|(trip, version)| context.trip_versions.get(trip).is_none_or(|known| known < *version));
    let packages = changes.packages.into_iter().filter(|(package, version)| {
        context.package_versions.get(package).is_none_or(|known| known < *version)
    });
    refresh(context, trips.map(|(trip, _)| trip), packages.map(|(package, _)| package)).await;
    for package in context.store.overdue(now - OVERDUE, context.choices(), PAGE).await? {
        let _ = context.directories().packages.get(package).tell(Refresh);
    }
    let due = context.store.due_trips(now, PAGE).await?;
    let tick = async |trip: TripId| {
        let order = TripOrder::Tick;
        if let Ok(Err(refusal)) = context.directories().trips.get(trip).ask(order).await {
            tracing::debug!(%trip, %refusal, "a due trip was not moved on");
        }
    };
    stream::iter(due).for_each_concurrent(AT_ONCE, tick).await;
    let stats = context.stats();
    let gauge = |name: &'static str, value: usize| metrics::gauge!(name).set(value as f64);
    gauge("peerpack_trips_live", stats.trips);
    gauge("peerpack_packages_waiting", stats.waiting_packages);
    gauge("peerpack_sessions", stats.sessions);
    gauge("peerpack_actors_trip", stats.trip_actors);
    gauge("peerpack_actors_package", stats.package_actors);
    gauge("peerpack_actors_user", stats.user_actors);
    Ok(())
}

/// Brings everything back that was live before this process: trips, waiting packages, running offers.
pub(super) async fn restore(context: &Arc<Context>) -> Result<(), Unavailable> {
    learning::recall(context).await?;
    restore_trips(context).await?;
    let mut after = None;
    let mut idle = Vec::new();
    loop {
        let page = context.store.open_packages(after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.id);
        for package in &page {
            context.follow_package(package);
            if package.next_deadline().is_some() {
                // Its actor sets the timers again and ends what is overdue.
                context.directories().packages.get(package.id);
            } else {
                idle.push(package.id);
            }
        }
    }
    let considered = Arc::clone(context);
    actix::spawn(async move { consider_all(&considered, idle).await });
    Ok(())
}

/// Puts the live trips into the index: one page is fetched while the one before it is taken in, on another
/// thread.
async fn restore_trips(context: &Arc<Context>) -> Result<(), Unavailable> {
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

/// A crash between a publication and its first wave leaves a package that nobody was asked about.
async fn consider_all(context: &Context, packages: Vec<PackageId>) {
    for id in packages {
        let entry = context.waiting.read().get(id).cloned();
        if let Some(entry) = entry {
            consider(context, &entry);
        }
        tokio::task::yield_now().await;
    }
}

/// Looks again at some of the packages that wait, that nobody is asked about and no actor looks after:
/// whoever should have woken them may have woken others first, or may be gone.
async fn sweep(context: &Context, from: usize) -> usize {
    if context.settings.bypass_actors {
        return 0;
    }
    let (idle, next) = {
        let waiting = context.waiting.read();
        let (some, next) = waiting.some_from(from, SWEPT);
        let is_idle = |entry: &&PackageEntry| {
            entry.pending.is_empty() && context.directories().packages.existing(entry.id).is_none()
        };
        (some.filter(is_idle).cloned().collect::<Vec<_>>(), next)
    };
    for entry in idle {
        consider(context, &entry);
        tokio::task::yield_now().await;
    }
    next
}

/// Has a package ask, if there is somebody to ask.
fn consider(context: &Context, entry: &PackageEntry) {
    let now = context.clock.now();
    if !context.trips.read().candidates(entry, now, 1).is_empty() {
        let _ = context.directories().packages.get(entry.id).tell(Consider);
    }
}
