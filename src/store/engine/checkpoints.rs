//! Writing the log of SQLite back into the file, beside the writer.
//!
//! A checkpoint copies thousands of pages and waits for the disk. The writer would hold up every command
//! meanwhile, so another thread makes it. What the writer has added in that time is little: that it copies
//! itself, and the log begins anew.

use std::path::PathBuf;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use tokio::time::Instant;

use crate::store::failure::Failure;
use crate::store::sql::Conn;
use crate::store::sql::local::Local;

/// How often, while there are writes.
const EVERY: Duration = Duration::from_secs(1);

/// Copies what is in the log without waiting for anybody who reads or writes.
const CHECKPOINT: &str = "PRAGMA wal_checkpoint(PASSIVE)";

/// The writer's side of it.
pub(super) struct Checkpoints {
    ask: SyncSender<()>,
    made: Receiver<()>,
    thread: JoinHandle<()>,
    /// When the last one was made.
    last: Instant,
    under_way: bool,
}

impl Checkpoints {
    /// Starts the thread.
    pub(super) fn start(path: PathBuf) -> std::io::Result<Self> {
        let (ask, asked) = sync_channel(1);
        let (tell, made) = sync_channel(1);
        let checkpoint = move || {
            let mut kept = None;
            while asked.recv().is_ok() {
                kept = checkpointed(kept, &path);
                if tell.send(()).is_err() {
                    return;
                }
            }
        };
        let thread = Builder::new().name("store-checkpoint".to_owned()).spawn(checkpoint)?;
        Ok(Self { ask, made, thread, last: Instant::now(), under_way: false })
    }

    /// To be called between transactions: asks for a checkpoint when one is due, and finishes one that was
    /// made.
    pub(super) async fn step(&mut self, conn: &mut Conn) {
        if self.under_way {
            if self.made.try_recv().is_ok() {
                self.under_way = false;
                self.last = Instant::now();
                report(conn.control(CHECKPOINT).await);
            }
        } else if self.last.elapsed() >= EVERY {
            self.under_way = self.ask.try_send(()).is_ok();
        }
    }

    /// Waits until the thread has closed the file.
    pub(super) fn stop(self) {
        drop((self.ask, self.made));
        self.thread.join().ok();
    }
}

/// Makes a checkpoint; answers with a connection for the next one.
fn checkpointed(kept: Option<Local>, path: &std::path::Path) -> Option<Local> {
    let mut conn = match kept.map_or_else(|| Local::open(path), Ok) {
        Ok(conn) => conn,
        Err(error) => {
            report(Err(error.into()));
            return None;
        }
    };
    let outcome = conn.control(CHECKPOINT);
    let sound = outcome.is_ok();
    report(outcome);
    sound.then_some(conn)
}

/// Nothing is lost by a checkpoint that was not made: the log goes on, and the next one copies more.
fn report(outcome: Result<(), Failure>) {
    if let Err(failure) = outcome {
        tracing::debug!(?failure, "the log of the database file was not written back");
    }
}
