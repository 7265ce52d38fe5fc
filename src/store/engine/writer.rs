//! The one writer of a SQLite file.
//!
//! SQLite lets one transaction write at a time, and each commit waits for the disk. So one task owns the one
//! writing connection, takes work from a bounded queue, and lets everything that waits share one transaction
//! and one wait for the disk. A unit or a job that fails takes nobody with it. Nobody is answered before the
//! shared commit.
//!
//! Units that can be applied as one are a transaction without savepoints, since nearly all succeed. If they
//! do not, the transaction is undone and each of them has a savepoint of its own, as jobs always have.
//!
//! The task has a thread of its own, on which the statements run, too (see
//! [`local`](crate::store::sql::local)).

use std::collections::VecDeque;
use std::io;
use std::panic::AssertUnwindSafe;
use std::path::Path;
use std::sync::Arc;
use std::thread;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use peerpack_actors::ports::Committed;
use tokio::runtime;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;
use tracing::Instrument as _;

use super::checkpoints::Checkpoints;
use super::commit;
use super::groups::{GROUP, QUEUE, Queued, closed, refused, span_of, take, wait};
use super::prepared::Prepared;
use crate::store::failure::Failure;
use crate::store::sql::Conn;
use crate::store::sql::local::Local;

/// Hands work to the writing task.
pub(in crate::store) struct Writer {
    queue: mpsc::Sender<Message>,
}

enum Message {
    Unit(Queued),
    Work(Box<dyn Job>),
    Close(oneshot::Sender<()>),
}

/// A piece of work with its type erased.
trait Job: Send {
    /// Does the work and remembers the outcome; what failed is to be undone.
    fn run<'a>(&'a mut self, conn: &'a mut Conn) -> BoxFuture<'a, ()>;

    /// Why it failed, if it did.
    fn failure(&self) -> Option<&Failure>;

    /// Answers. `trouble` is what befell the whole group.
    fn answer(self: Box<Self>, trouble: Option<&str>);
}

struct Task<T, F> {
    work: F,
    outcome: Option<Result<T, Failure>>,
    reply: oneshot::Sender<Result<T, Failure>>,
}

impl<T, F> Job for Task<T, F>
where
    T: Send,
    F: for<'a> Fn(&'a mut Conn) -> BoxFuture<'a, Result<T, Failure>> + Send,
{
    fn run<'a>(&'a mut self, conn: &'a mut Conn) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            // A panic must not kill the only writer.
            let outcome = AssertUnwindSafe((self.work)(conn)).catch_unwind().await;
            let outcome = outcome.unwrap_or_else(|_| Err(Failure::Broken("the work panicked".to_owned())));
            self.outcome = Some(outcome);
        })
    }

    fn failure(&self) -> Option<&Failure> {
        self.outcome.as_ref()?.as_ref().err()
    }

    fn answer(self: Box<Self>, trouble: Option<&str>) {
        let outcome = match (trouble, self.outcome) {
            (None, Some(outcome)) => outcome,
            (Some(trouble), _) => Err(Failure::Unavailable(trouble.to_owned())),
            (None, None) => Err(Failure::Broken("the work was never done".to_owned())),
        };
        // The caller may be gone; the work is done all the same.
        self.reply.send(outcome).ok();
    }
}

impl Writer {
    /// Starts the thread that writes to the file with this connection.
    pub(in crate::store) fn start(conn: Local, path: &Path) -> io::Result<Self> {
        let (queue, waiting) = mpsc::channel(QUEUE);
        let runtime = runtime::Builder::new_current_thread().enable_time().build()?;
        let checkpoints = Checkpoints::start(path.to_owned())?;
        let file = path.to_owned();
        let write = move || runtime.block_on(write_all(&file, Conn::Sqlite(conn), checkpoints, waiting));
        thread::Builder::new().name("store-writer".to_owned()).spawn(write)?;
        Ok(Self { queue })
    }

    /// Does a piece of work, all of it or nothing. Once this has been polled it is done, whether or not the
    /// caller waits.
    pub(in crate::store) async fn write<T, F>(&self, work: F, until: Instant) -> Result<T, Failure>
    where
        T: Send + 'static,
        F: for<'a> Fn(&'a mut Conn) -> BoxFuture<'a, Result<T, Failure>> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        self.send(Message::Work(Box::new(Task { work, outcome: None, reply })))?;
        wait(answer, until).await
    }

    /// Applies a unit, likewise.
    pub(in crate::store) async fn apply(
        &self,
        unit: Arc<Prepared>,
        until: Instant,
    ) -> Result<Committed, Failure> {
        let (queued, answer) = Queued::new(unit, until);
        self.send(Message::Unit(queued))?;
        wait(answer, until).await
    }

    fn send(&self, message: Message) -> Result<(), Failure> {
        let sent = self.queue.try_send(message);
        metrics::gauge!("peerpack_store_write_queue").set((QUEUE - self.queue.capacity()) as f64);
        sent.map_err(|error| refused(&error))
    }

    /// Does what is queued, then closes the file.
    pub(in crate::store) async fn close(&self) {
        let (done, closed) = oneshot::channel();
        if self.queue.send(Message::Close(done)).await.is_ok() {
            closed.await.ok();
        }
    }
}

async fn write_all(
    path: &Path,
    mut conn: Conn,
    mut checkpoints: Checkpoints,
    mut waiting: mpsc::Receiver<Message>,
) {
    let mut closing = None;
    while closing.is_none() {
        let Some(mut message) = waiting.recv().await else { break };
        let mut batch = Batch::default();
        loop {
            match message {
                Message::Unit(queued) => batch.units.push_back(queued),
                Message::Work(job) => batch.jobs.push(job),
                Message::Close(done) => {
                    waiting.close();
                    closing = Some(done);
                }
            }
            if batch.len() >= GROUP || closing.is_some() {
                break;
            }
            match waiting.try_recv() {
                Ok(next) => message = next,
                Err(_) => break,
            }
        }
        let busy = metrics::gauge!("peerpack_store_lanes_busy");
        busy.set(1.0);
        let trouble = batch.write(&mut conn).await.err().map(|failure| trouble(&failure));
        if trouble.is_some() {
            conn = recover(path, conn).await;
        }
        batch.answer(trouble.as_deref());
        checkpoints.step(&mut conn).await;
        busy.set(0.0);
    }
    checkpoints.stop();
    if let Conn::Sqlite(conn) = conn
        && let Err(error) = conn.close()
    {
        tracing::warn!(%error, "the database file was not closed cleanly");
    }
    if let Some(done) = closing {
        done.send(()).ok();
    }
}

/// What shares one transaction.
#[derive(Default)]
struct Batch {
    units: VecDeque<Queued>,
    jobs: Vec<Box<dyn Job>>,
    /// Units that have been tried, with their outcomes.
    done: Vec<(Queued, Result<Committed, Failure>)>,
}

impl Batch {
    fn len(&self) -> usize {
        self.units.len() + self.jobs.len()
    }

    /// One transaction for all. An error here is about the transaction itself, not about a piece of work.
    async fn write(&mut self, conn: &mut Conn) -> Result<(), Failure> {
        if self.len() == 0 {
            return Ok(());
        }
        // A deferred transaction that turns to writing fails at once when somebody else writes, without
        // waiting.
        conn.control("BEGIN IMMEDIATE").await?;
        while !self.units.is_empty() {
            let group = take(&mut self.units, Instant::now());
            let span = span_of(&group);
            self.apply_group(conn, group).instrument(span).await?;
        }
        for job in &mut self.jobs {
            conn.control("SAVEPOINT job").await?;
            job.run(conn).await;
            end_savepoint(conn, job.failure()).await?;
        }
        conn.control("COMMIT").await
    }

    async fn apply_group(&mut self, conn: &mut Conn, group: Vec<Queued>) -> Result<(), Failure> {
        let units: Vec<Arc<Prepared>> = group.iter().map(|queued| queued.unit.clone()).collect();
        // Answered by `answer` even if what follows breaks the whole transaction.
        let first = self.done.len();
        let unknown = || Err(Failure::Broken("the unit was never applied".to_owned()));
        self.done.extend(group.into_iter().map(|queued| (queued, unknown())));
        let applied = match first {
            0 => begun(conn, &units).await?,
            _ => savepoint(conn, &units).await?,
        };
        match applied {
            Ok(committed) => {
                for ((_, outcome), committed) in self.done[first..].iter_mut().zip(committed) {
                    *outcome = Ok(committed);
                }
                return Ok(());
            }
            Err(failure) if units.len() == 1 => {
                self.done[first].1 = Err(failure);
                return Ok(());
            }
            Err(_) => {}
        }
        for ((_, outcome), unit) in self.done[first..].iter_mut().zip(units) {
            let alone = savepoint(conn, &[unit]).await?;
            *outcome = alone.map(|mut committed| committed.pop().unwrap_or_default());
        }
        Ok(())
    }

    /// Answers all. `trouble` is what befell the transaction.
    fn answer(self, trouble: Option<&str>) {
        let befallen = || trouble.map(|text| Failure::Unavailable(text.to_owned()));
        for (queued, outcome) in self.done {
            queued.answer(befallen().map_or(outcome, Err));
        }
        for queued in self.units {
            queued.answer(Err(befallen().unwrap_or_else(closed)));
        }
        for job in self.jobs {
            job.answer(trouble);
        }
    }
}

/// What became of units; the outer error is about the transaction.
type Applied = Result<Result<Vec<Committed>, Failure>, Failure>;

/// Applies units as one, first of all in the transaction, or begins it anew. A savepoint would cost a journal
/// of its own for what nearly always succeeds.
async fn begun(conn: &mut Conn, units: &[Arc<Prepared>]) -> Applied {
    let outcome = apply(conn, units).await;
    if let Err(failure) = &outcome {
        undo(conn, "ROLLBACK", failure).await?;
        conn.control("BEGIN IMMEDIATE").await?;
    }
    Ok(outcome)
}

/// Applies units as one, or leaves no trace of them.
async fn savepoint(conn: &mut Conn, units: &[Arc<Prepared>]) -> Applied {
    conn.control("SAVEPOINT job").await?;
    let outcome = apply(conn, units).await;
    end_savepoint(conn, outcome.as_ref().err()).await?;
    Ok(outcome)
}

async fn apply(conn: &mut Conn, units: &[Arc<Prepared>]) -> Result<Vec<Committed>, Failure> {
    // A panic must not kill the only writer.
    let outcome = AssertUnwindSafe(commit::apply(conn, units)).catch_unwind().await;
    outcome.unwrap_or_else(|_| Err(Failure::Broken("applying units panicked".to_owned())))
}

async fn end_savepoint(conn: &mut Conn, failure: Option<&Failure>) -> Result<(), Failure> {
    if let Some(failure) = failure {
        undo(conn, "ROLLBACK TO job", failure).await?;
    }
    conn.control("RELEASE job").await
}

/// Undoes what failed. That fails when the error has already undone the whole transaction (a full disk, for
/// one): then it befell all.
async fn undo(conn: &mut Conn, how: &'static str, failure: &Failure) -> Result<(), Failure> {
    let undone = conn.control(how).await;
    undone.map_err(|lost| failure.takes_no_writes().map_or(lost, |_| Failure::Unavailable(trouble(failure))))
}

fn trouble(failure: &Failure) -> String {
    match failure {
        Failure::Unavailable(text) | Failure::Retry(text) | Failure::Locked(text) | Failure::Broken(text) => {
            text.clone()
        }
        Failure::Conflict | Failure::Refused(_) => "the transaction failed".to_owned(),
    }
}

/// A connection that is in no transaction: the same one, or a new one.
async fn recover(path: &Path, mut conn: Conn) -> Conn {
    // Fails when nothing is open any more; what counts is whether a new transaction can begin.
    conn.control("ROLLBACK").await.ok();
    if conn.control("BEGIN; ROLLBACK").await.is_ok() {
        return conn;
    }
    match Local::open(path) {
        Ok(fresh) => Conn::Sqlite(fresh),
        Err(error) => {
            tracing::error!(%error, "the database file cannot be opened again");
            conn
        }
    }
}
