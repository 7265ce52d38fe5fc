//! Whether the stored data are in order, the books before all: looked at every hour, and no money goes out while they are
//! not.
//!
//! Each node looks for itself. Nothing is repaired: what is wrong, somebody has to understand first.

use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};

use peerpack_actors::ports::Unavailable;
use peerpack_actors::time::{Span, Time};

use crate::store::Database;

/// How often.
const EVERY: Span = Span::hours(1);

/// How many faults are written to the log, of however many there are.
const SHOWN: usize = 20;

/// What the last look has found.
#[derive(Debug)]
pub struct Books {
    due_ms: AtomicI64,
    faults: AtomicUsize,
}

impl Books {
    /// Nothing is known to be wrong, and the first look is due an hour after the start: a node that starts has enough to read.
    #[must_use]
    pub fn new(started_at: Time) -> Self {
        Self { due_ms: AtomicI64::new((started_at + EVERY).ms()), faults: AtomicUsize::new(0) }
    }

    /// Whether the last look has found a fault.
    #[must_use]
    pub fn are_wrong(&self) -> bool {
        self.faults.load(Ordering::Relaxed) > 0
    }

    /// Looks, if it is time to.
    ///
    /// # Errors
    /// When the database does not answer. What was found before stands.
    pub async fn look(&self, database: &Database, now: Time) -> Result<(), Unavailable> {
        if now.ms() < self.due_ms.load(Ordering::Relaxed) {
            return Ok(());
        }
        // Also when it cannot be done: it reads everything, and is not tried every half minute.
        self.due_ms.store((now + EVERY).ms(), Ordering::Relaxed);
        let faults = database.audit().await?;
        for fault in faults.iter().take(SHOWN) {
            tracing::error!(fault, "the stored data are not in order: no money goes out");
        }
        metrics::gauge!("peerpack_audit_faults").set(faults.len() as f64);
        self.faults.store(faults.len(), Ordering::Relaxed);
        Ok(())
    }
}
