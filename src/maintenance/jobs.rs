//! Carries jobs out: work that grows with an account, a little at a time and beside everything else.
//!
//! Any node takes any job, and keeps it while it works; what a node leaves undone another one takes up. Each
//! step is a command like any other, guarded in the store, so it does not matter if two nodes do the same.

use std::collections::VecDeque;
use std::time::Duration;

use futures_util::{TryStreamExt, stream};
use peerpack_actors::dispatch::{By, OrderCommand, OrderPhase};
use peerpack_actors::ids::{OrderId, PackageId, TripId, UserId};
use peerpack_actors::runtime::Refusal;
use peerpack_actors::time::Span;
use tokio::task::AbortHandle;
use uuid::Uuid;

use crate::app::App;
use crate::store::{Job, JobKind};

/// How often jobs are looked for.
const EVERY: Duration = Duration::from_millis(500);

/// A job that nobody has worked at for so long is free for everybody.
const TAKEN_FOR: Span = Span::seconds(30);

/// How often a node says that it still works at a job.
const KEPT_EVERY: Span = Span::seconds(10);

/// How much of a job is done in one go, before it is the next one's turn.
const CHUNK: u32 = 32;

/// How many commands of a job are under way at once: a few, so that others find room between them.
const AT_ONCE: usize = 4;

/// How many jobs a node works at, in turn.
const MOST: usize = 16;

/// What is done while the caller waits.
const SMALL: u64 = 16;

/// The jobs of a node, as long as this lives.
#[derive(Debug)]
pub struct Jobs(AbortHandle);

impl Drop for Jobs {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Jobs {
    /// Starts to work through the jobs, on a task of its own.
    #[must_use]
    pub fn start(app: App) -> Self {
        Self(tokio::spawn(async move { work(&app).await }).abort_handle())
    }
}

/// What a call has brought about: done at once if it is little; otherwise what is under way. What the call
/// asked for is done in any case, so nothing that goes wrong here is the caller's: the job goes on all the
/// same.
pub async fn begin(app: &App, kind: JobKind, subject: Uuid) -> Option<Job> {
    let found = app.database.open_job(kind, subject).await;
    let job = found.inspect_err(|error| tracing::warn!(%error, "cannot look at a job")).ok()??;
    match at_once(app, job).await {
        Ok(is_done) => Some(job).filter(|_| !is_done),
        Err(error) => {
            tracing::warn!(job = %job.id, %error, "a job is held up");
            Some(job)
        }
    }
}

async fn at_once(app: &App, job: Job) -> Result<bool, Refusal> {
    if job.left > SMALL {
        return Ok(false);
    }
    let Some(mut held) = Held::take(app, job).await? else { return Ok(false) };
    while !held.go_on(app).await? {}
    Ok(true)
}

async fn work(app: &App) {
    let mut mine = VecDeque::new();
    loop {
        if let Err(error) = take_some(app, &mut mine).await {
            tracing::warn!(%error, "cannot look for jobs");
        }
        let Some(mut held) = mine.pop_front() else {
            tokio::time::sleep(EVERY).await;
            continue;
        };
        match held.go_on(app).await {
            Ok(true) => {}
            Ok(false) => mine.push_back(held),
            Err(error) => {
                tracing::warn!(job = %held.job.id, %error, "a job is held up");
                mine.push_back(held);
                tokio::time::sleep(EVERY).await;
            }
        }
    }
}

async fn take_some(app: &App, mine: &mut VecDeque<Held>) -> Result<(), Refusal> {
    let room = MOST.saturating_sub(mine.len());
    for job in app.database.free_jobs(app.clock.now(), u32::try_from(room).unwrap_or(0)).await? {
        mine.extend(Held::take(app, job).await?);
    }
    Ok(())
}

/// A job that this node works at, and how far it has come.
struct Held {
    job: Job,
    trips: Seen<TripId>,
    packages: Seen<PackageId>,
    orders: Seen<OrderId>,
}

/// How much of a list was gone through. What is refused is not tried again and again.
enum Seen<T> {
    UpTo(Option<T>),
    All,
}

impl Held {
    async fn take(app: &App, mut job: Job) -> Result<Option<Self>, Refusal> {
        let until = app.clock.now() + TAKEN_FOR;
        let is_taken = app.database.take_job(job, until).await?;
        job.taken_until = until;
        let (trips, packages, orders) = (Seen::UpTo(None), Seen::UpTo(None), Seen::UpTo(None));
        Ok(is_taken.then_some(Self { job, trips, packages, orders }))
    }

    /// Does a little; answers whether there is nothing more to do here.
    #[tracing::instrument(name = "job", skip_all, fields(job = %self.job.id, kind = self.job.kind.word()))]
    async fn go_on(&mut self, app: &App) -> Result<bool, Refusal> {
        let until = app.clock.now() + TAKEN_FOR;
        if until.since(self.job.taken_until) > KEPT_EVERY {
            if !app.database.take_job(self.job, until).await? {
                // Somebody else has it by now.
                return Ok(true);
            }
            self.job.taken_until = until;
        }
        let is_done = match self.job.kind {
            JobKind::Account => self.call_off(app, UserId::from(self.job.subject)).await?,
            JobKind::Trip => self.withdraw(app, TripId::from(self.job.subject)).await?,
        };
        if is_done {
            app.database.finish_job(self.job.id, app.clock.now()).await?;
        }
        Ok(is_done)
    }

    /// Trips, waiting packages and waiting orders of somebody who has gone: nobody should wait for them. What
    /// is under way stays as it is, and so does everything once they are back.
    async fn call_off(&mut self, app: &App, user: UserId) -> Result<bool, Refusal> {
        if !app.database.is_gone(user).await? {
            return Ok(true);
        }
        if let Seen::UpTo(after) = self.trips {
            let some = app.database.trips_left(user, after, CHUNK).await?;
            self.trips = seen(&some);
            let cancel = |trip| async move { settled(app.engine.cancel_trip(trip, user).await.map(drop)) };
            stream::iter(some.into_iter().map(Ok)).try_for_each_concurrent(AT_ONCE, cancel).await?;
            return Ok(false);
        }
        if let Seen::UpTo(after) = self.packages {
            let some = app.database.packages_left(user, after, CHUNK).await?;
            self.packages = seen(&some);
            let cancel =
                |package| async move { settled(app.engine.cancel_package(package, user).await.map(drop)) };
            stream::iter(some.into_iter().map(Ok)).try_for_each_concurrent(AT_ONCE, cancel).await?;
            return Ok(false);
        }
        // Another node sees to it where the dispatch runs.
        let Some(town) = &app.town else { return Ok(true) };
        let (dispatch, context) = (town.dispatch(), app.engine.context());
        if let Seen::UpTo(after) = self.orders {
            let some = app.database.orders_left(user, after, CHUNK).await?;
            self.orders = seen(&some);
            let call_off = |order| async move {
                let (to, reason) = (OrderPhase::Cancelled, String::new());
                let command = OrderCommand::Move { to, by: By::Passenger(user), reason };
                settled(dispatch.carry_out(context, order, &command).await.map(drop))
            };
            stream::iter(some.into_iter().map(Ok)).try_for_each_concurrent(AT_ONCE, call_off).await?;
            return Ok(false);
        }
        settled(dispatch.dismiss(context, user).await)?;
        Ok(true)
    }

    /// What waits on a trip that is over.
    async fn withdraw(&mut self, app: &App, trip: TripId) -> Result<bool, Refusal> {
        let Seen::UpTo(after) = self.packages else { return Ok(true) };
        self.packages = match app.engine.withdraw_from(trip, after, CHUNK).await? {
            Some(last) => Seen::UpTo(Some(last)),
            None => Seen::All,
        };
        Ok(matches!(self.packages, Seen::All))
    }
}

/// A part of a list that is not full is its end.
fn seen<T: Copy>(some: &[T]) -> Seen<T> {
    match some.last() {
        Some(last) if some.len() == CHUNK as usize => Seen::UpTo(Some(*last)),
        _ => Seen::All,
    }
}

/// What is refused has gone on meanwhile, and that is well.
pub(crate) fn settled(outcome: Result<(), Refusal>) -> Result<(), Refusal> {
    match outcome {
        Err(Refusal::Rejected(_) | Refusal::NotFound) => Ok(()),
        other => other,
    }
}
