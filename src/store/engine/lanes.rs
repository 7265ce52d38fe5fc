//! How units get into Postgres: a few lanes, each applying one group of waiting units at a time.
//!
//! One lane would make every unit wait for the slowest; one transaction for each unit would spend a dozen
//! round trips on it. With a few, a lone unit starts at once, and under load each round trip serves many.

use std::collections::VecDeque;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::{FutureExt as _, StreamExt as _, stream};
use parking_lot::Mutex;
use peerpack_actors::ports::Committed;
use sqlx::PgPool;
use tokio::runtime::Handle;
use tokio::sync::{Mutex as AsyncMutex, mpsc};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout_at};
use tracing::Instrument as _;

use super::commit;
use super::groups::{GROUP, QUEUE, Queued, closed, refused, span_of, take, wait};
use super::prepared::Prepared;
use super::run::{lend, settle, transaction, with_retries};
use crate::store::failure::Failure;
use crate::store::sql::Conn;
use crate::store::sql::postgres::QUIET;

/// How many groups are under way at once.
const LANES: usize = 4;

/// How many units of a group that failed are applied side by side.
const SINGLES: usize = 8;

/// A group waits for a row this long at most: then its units are applied one by one, and only those that need
/// the row go on waiting.
const BEGIN_GROUP: &str = "BEGIN; SET LOCAL lock_timeout = 250";

/// Takes units to be applied.
pub(in crate::store) struct Lanes {
    /// `None` once the store is closed.
    queue: Mutex<Option<mpsc::Sender<Queued>>>,
    tasks: Mutex<Vec<JoinHandle<()>>>,
}

impl Lanes {
    /// Starts the lanes.
    pub(in crate::store) fn open(pool: &PgPool, deadline: Duration, runtime: &Handle) -> Self {
        let (queue, waiting) = mpsc::channel(QUEUE);
        let waiting = Arc::new(AsyncMutex::new(waiting));
        let lane = |_| runtime.spawn(run(pool.clone(), deadline, waiting.clone()));
        Self { queue: Mutex::new(Some(queue)), tasks: Mutex::new((0..LANES).map(lane).collect()) }
    }

    /// Applies a unit. Once this has been polled it goes on, whether or not the caller waits.
    pub(in crate::store) async fn apply(
        &self,
        unit: Arc<Prepared>,
        until: Instant,
    ) -> Result<Committed, Failure> {
        let (queued, answer) = Queued::new(unit, until);
        let queue = self.queue.lock().clone().ok_or_else(closed)?;
        queue.try_send(queued).map_err(|error| refused(&error))?;
        metrics::gauge!("peerpack_store_write_queue").set((QUEUE - queue.capacity()) as f64);
        // A sender that is kept would keep the lanes open.
        drop(queue);
        wait(answer, until).await
    }

    /// Applies what is queued, then stops.
    pub(in crate::store) async fn close(&self) {
        drop(self.queue.lock().take());
        let tasks = std::mem::take(&mut *self.tasks.lock());
        futures_util::future::join_all(tasks).await;
    }
}

async fn run(pool: PgPool, deadline: Duration, queue: Arc<AsyncMutex<mpsc::Receiver<Queued>>>) {
    let mut lane = Lane { pool, deadline, kept: None };
    let mut waiting = VecDeque::new();
    loop {
        if waiting.is_empty() {
            let mut queue = queue.lock().await;
            let Some(queued) = queue.recv().await else { return };
            waiting.push_back(queued);
            while waiting.len() < GROUP {
                let Ok(queued) = queue.try_recv() else { break };
                waiting.push_back(queued);
            }
        }
        let group = take(&mut waiting, Instant::now());
        let span = span_of(&group);
        let busy = metrics::gauge!("peerpack_store_lanes_busy");
        busy.increment(1.0);
        // A panic must not close the lane. The callers of this group are told that the outcome is unknown.
        if AssertUnwindSafe(lane.apply(group).instrument(span)).catch_unwind().await.is_err() {
            tracing::error!("applying a group of units panicked");
        }
        busy.decrement(1.0);
    }
}

/// One group at a time, on a connection that is kept as long as there is work.
struct Lane {
    pool: PgPool,
    deadline: Duration,
    /// The connection and when it was last used.
    kept: Option<(Conn, Instant)>,
}

impl Lane {
    async fn apply(&mut self, mut group: Vec<Queued>) {
        if group.len() <= 1 {
            if let Some(queued) = group.pop() {
                let conn = self.kept.take().filter(|(_, used)| used.elapsed() < QUIET).map(|(conn, _)| conn);
                let conn = apply_single(&self.pool, conn, queued).await;
                self.kept = conn.map(|conn| (conn, Instant::now()));
            }
            return;
        }
        match self.apply_as_one(&group).await {
            Ok(committed) => {
                for (queued, committed) in group.into_iter().zip(committed) {
                    queued.answer(Ok(committed));
                }
            }
            // Nobody knows whether it was applied: trying again could answer "conflict" to what has
            // succeeded.
            Err(Failure::Unavailable(text)) => {
                for queued in group {
                    queued.answer(Err(Failure::Unavailable(text.clone())));
                }
            }
            Err(_) => {
                let each = |queued| async { drop(apply_single(&self.pool, None, queued).await) };
                stream::iter(group).for_each_concurrent(SINGLES, each).await;
            }
        }
    }

    async fn apply_as_one(&mut self, group: &[Queued]) -> Result<Vec<Committed>, Failure> {
        let units = group.iter().map(|queued| queued.unit.clone()).collect();
        let until = Instant::now() + self.deadline;
        let mut conn = match self.kept.take() {
            Some((conn, used)) if used.elapsed() < QUIET => conn,
            _ => Conn::Postgres(lend(&self.pool, until).await?),
        };
        let outcome = timeout_at(until, transaction(&mut conn, BEGIN_GROUP, as_one(units))).await;
        let (conn, outcome) = settle(conn, outcome);
        self.kept = conn.map(|conn| (conn, Instant::now()));
        outcome
    }
}

/// Applies a unit on its own, on the given connection or another; answers with the connection if it is sound.
async fn apply_single(pool: &PgPool, conn: Option<Conn>, queued: Queued) -> Option<Conn> {
    let until = queued.until;
    let mut conn = match conn {
        Some(conn) => conn,
        None => match lend(pool, until).await {
            Ok(conn) => Conn::Postgres(conn),
            Err(failure) => {
                queued.answer(Err(failure));
                return None;
            }
        },
    };
    let work = as_one([queued.unit.clone()].into());
    let outcome = timeout_at(until, with_retries(&mut conn, &work)).await;
    let (conn, outcome) = settle(conn, outcome);
    queued.answer(outcome.map(|mut committed| committed.pop().unwrap_or_default()));
    conn
}

fn as_one(
    units: Arc<[Arc<Prepared>]>,
) -> impl for<'a> Fn(&'a mut Conn) -> BoxFuture<'a, Result<Vec<Committed>, Failure>> {
    move |conn| {
        let units = units.clone();
        Box::pin(async move { commit::apply(conn, &units).await })
    }
}
