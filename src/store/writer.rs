//! The one writer of a SQLite file.
//!
//! SQLite lets one transaction write at a time, and each commit waits for the disk. So one task owns the one
//! writing connection, takes work from a bounded queue, and lets everything that waits share one transaction
//! and one wait for the disk. Each piece of work has its own savepoint: one that fails takes nobody with it.
//! Nobody is answered before the shared commit.

use std::panic::AssertUnwindSafe;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, timeout_at};

use super::failure::Failure;
use super::sql::Conn;

/// The most pieces of work that wait; whoever comes on top is refused at once.
pub(super) const QUEUE: usize = 4_096;

/// The most pieces of work in one transaction.
const GROUP: usize = 64;

/// Hands work to the writing task.
pub(super) struct Writer {
    queue: mpsc::Sender<Message>,
}

enum Message {
    Work(Box<dyn Job>),
    Close(oneshot::Sender<()>),
}

/// A piece of work with its type erased.
trait Job: Send {
    /// Does the work and remembers the outcome; `false` asks for it to be undone.
    fn run<'a>(&'a mut self, conn: &'a mut Conn) -> BoxFuture<'a, bool>;

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
    fn run<'a>(&'a mut self, conn: &'a mut Conn) -> BoxFuture<'a, bool> {
        Box::pin(async move {
            // A panic must not kill the only writer.
            let outcome = AssertUnwindSafe((self.work)(conn)).catch_unwind().await;
            let outcome = outcome.unwrap_or_else(|_| Err(Failure::Broken("the work panicked".to_owned())));
            let keep = outcome.is_ok();
            self.outcome = Some(outcome);
            keep
        })
    }

    fn answer(self: Box<Self>, trouble: Option<&str>) {
        let outcome = match (trouble, self.outcome) {
            (None, Some(outcome)) => outcome,
            (Some(trouble), _) => Err(Failure::Unavailable(trouble.to_owned())),
            (None, None) => Err(Failure::Broken("the work was never done".to_owned())),
        };
        // Whoever asked may be gone; the work is done all the same.
        self.reply.send(outcome).ok();
    }
}

impl Writer {
    /// Opens the file and starts the task.
    pub(super) async fn open(options: SqliteConnectOptions) -> Result<Self, sqlx::Error> {
        let conn = options.connect().await?;
        let (queue, waiting) = mpsc::channel(QUEUE);
        tokio::spawn(write_all(options, Conn::Sqlite(conn), waiting));
        Ok(Self { queue })
    }

    /// Does a piece of work, all of it or nothing. Once this has been called it is done, whether or not the
    /// caller waits.
    pub(super) async fn write<T, F>(&self, work: F, until: Instant) -> Result<T, Failure>
    where
        T: Send + 'static,
        F: for<'a> Fn(&'a mut Conn) -> BoxFuture<'a, Result<T, Failure>> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let job = Box::new(Task { work, outcome: None, reply });
        self.queue.try_send(Message::Work(job)).map_err(|error| {
            let text = match error {
                mpsc::error::TrySendError::Full(_) => "too many writes are waiting",
                mpsc::error::TrySendError::Closed(_) => "the store is closed",
            };
            Failure::Unavailable(text.to_owned())
        })?;
        metrics::gauge!("peerpack_store_write_queue").set((QUEUE - self.queue.capacity()) as f64);
        match timeout_at(until, answer).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_)) => Err(Failure::Unavailable("the store is closed".to_owned())),
            Err(_) => Err(Failure::Unavailable("the database took too long".to_owned())),
        }
    }

    /// Does what is queued, then closes the file.
    pub(super) async fn close(&self) {
        let (done, closed) = oneshot::channel();
        if self.queue.send(Message::Close(done)).await.is_ok() {
            closed.await.ok();
        }
    }
}

async fn write_all(options: SqliteConnectOptions, mut conn: Conn, mut waiting: mpsc::Receiver<Message>) {
    let mut closing = None;
    while closing.is_none() {
        let Some(mut message) = waiting.recv().await else { break };
        let mut group: Vec<Box<dyn Job>> = Vec::new();
        loop {
            match message {
                Message::Work(job) => group.push(job),
                Message::Close(done) => {
                    waiting.close();
                    closing = Some(done);
                }
            }
            if group.len() >= GROUP || closing.is_some() {
                break;
            }
            match waiting.try_recv() {
                Ok(next) => message = next,
                Err(_) => break,
            }
        }
        metrics::histogram!("peerpack_store_group_size").record(group.len() as f64);
        let trouble = write_group(&mut conn, &mut group).await.err().map(|failure| trouble(&failure));
        if trouble.is_some() {
            conn = recover(&options, conn).await;
        }
        for job in group {
            job.answer(trouble.as_deref());
        }
    }
    if let Conn::Sqlite(conn) = conn
        && let Err(error) = conn.close().await
    {
        tracing::warn!(%error, "the database file was not closed cleanly");
    }
    if let Some(done) = closing {
        done.send(()).ok();
    }
}

/// One transaction for all. An error here is about the transaction itself, not about a piece of work.
async fn write_group(conn: &mut Conn, group: &mut [Box<dyn Job>]) -> Result<(), Failure> {
    if group.is_empty() {
        return Ok(());
    }
    // A deferred transaction that turns to writing fails at once when somebody else writes, without waiting.
    conn.control("BEGIN IMMEDIATE").await?;
    for job in group.iter_mut() {
        conn.control("SAVEPOINT job").await?;
        if !job.run(conn).await {
            // Fails when the error has already undone the whole transaction (a full disk, for one).
            conn.control("ROLLBACK TO job").await?;
        }
        conn.control("RELEASE job").await?;
    }
    conn.control("COMMIT").await
}

fn trouble(failure: &Failure) -> String {
    match failure {
        Failure::Unavailable(text) | Failure::Retry(text) | Failure::Broken(text) => text.clone(),
        Failure::Conflict | Failure::Refused(_) => "the transaction failed".to_owned(),
    }
}

/// A connection that is in no transaction: the same one, or a new one.
async fn recover(options: &SqliteConnectOptions, mut conn: Conn) -> Conn {
    // Fails when nothing is open any more; what counts is whether a new transaction can begin.
    conn.control("ROLLBACK").await.ok();
    if conn.control("BEGIN; ROLLBACK").await.is_ok() {
        return conn;
    }
    match options.connect().await {
        Ok(fresh) => Conn::Sqlite(fresh),
        Err(error) => {
            tracing::error!(%error, "the database file cannot be opened again");
            conn
        }
    }
}
