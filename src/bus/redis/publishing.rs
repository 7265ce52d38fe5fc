//! The task that empties the queue into Redis, many jobs in one round trip.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use ::redis::aio::ConnectionManager;
use ::redis::{Pipeline, pipe};
use peerpack_actors::ports::Hint;
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};
use uuid::Uuid;

use super::fixes::Fixes;
use super::{
    BATCH, DEADLINE, HEARTBEAT, Job, Keys, Message, POSITION_TTL, add_socket, backoff, written_socket,
};

/// Empties the queue into Redis.
pub(super) struct Publisher {
    pub(super) queue: mpsc::Receiver<Job>,
    pub(super) fixes: Arc<Fixes>,
    pub(super) connection: ConnectionManager,
    pub(super) keys: Keys,
    pub(super) node: Uuid,
}

impl Publisher {
    pub(super) async fn run(mut self) {
        let mut failures = 0_u32;
        loop {
            let mut jobs = Vec::new();
            let patience = if self.fixes.is_empty() { HEARTBEAT } else { Duration::ZERO };
            // A timeout is a heartbeat, or positions that are left: a batch without jobs.
            if let Ok(0) = timeout(patience, self.queue.recv_many(&mut jobs, BATCH)).await {
                return;
            }
            metrics::gauge!("bus_queued").set(self.queue.len() as f64);
            let pipeline = self.pipeline(jobs);
            let sent = timeout(DEADLINE, pipeline.exec_async(&mut self.connection)).await;
            let failure = match sent {
                Ok(Ok(())) => None,
                Ok(Err(error)) => Some(error.to_string()),
                Err(_) => Some("no answer within a second".to_owned()),
            };
            if let Some(error) = failure {
                metrics::counter!("bus_failures_total", "call" => "write").increment(1);
                if failures == 0 {
                    tracing::warn!(%error, "redis does not take our hints; other nodes will hear later");
                }
                sleep(backoff(self.node, failures)).await;
                failures = failures.saturating_add(1);
            } else if failures > 0 {
                tracing::info!(failures, "redis takes our hints again");
                failures = 0;
            }
        }
    }

    fn pipeline(&self, jobs: Vec<Job>) -> Pipeline {
        let mut hint = Hint::default();
        let mut present = HashMap::new();
        let mut positions = HashMap::new();
        let (mut replaced, mut signals, mut sockets) = (Vec::new(), Vec::new(), pipe());
        for job in jobs {
            match job {
                Job::Hint(one) => {
                    hint.users.extend(one.users);
                    hint.changed.extend(one.changed);
                }
                Job::Present { user, until } => {
                    present.insert(user, until);
                }
                Job::Position { user, position } => {
                    positions.insert(user, position);
                }
                // In their order: one may come and go within a batch.
                Job::Socket { user, socket, until, ttl } => {
                    add_socket(&mut sockets, &self.keys.sockets(user), socket, until, ttl);
                }
                Job::Left { user, socket } => {
                    sockets.cmd("ZREM").arg(self.keys.sockets(user)).arg(written_socket(socket)).ignore();
                }
                Job::Replaced { user, socket } => replaced.push((user, socket)),
                Job::Signal(signal) => signals.push(signal),
                Job::Fixes => {}
            }
        }
        let waiting = self.fixes.take();
        let fixes = waiting.iter().map(|(courier, (fix, _))| (*courier, *fix)).collect();
        let said = positions.iter().map(|(user, position)| (*user, *position)).collect();
        let message = Message { node: self.node, hint, positions: said, fixes, replaced, signals };
        let mut pipeline = sockets;
        pipeline.publish(&self.keys.channel, serde_json::to_string(&message).unwrap_or_default()).ignore();
        if !present.is_empty() {
            // GT: a user may be present on several nodes, and the longest presence counts.
            pipeline.cmd("ZADD").arg(&self.keys.present).arg("GT");
            for (user, until) in present {
                pipeline.arg(until.ms()).arg(user.to_string());
            }
            pipeline.ignore();
        }
        for (user, position) in positions {
            let json = serde_json::to_string(&position).unwrap_or_default();
            let ttl_s = POSITION_TTL.ms() / 1_000;
            pipeline.cmd("SET").arg(self.keys.position(user)).arg(json).arg("EX").arg(ttl_s).ignore();
        }
        for (courier, (fix, ttl)) in waiting {
            let json = serde_json::to_string(&fix).unwrap_or_default();
            pipeline.cmd("SET").arg(self.keys.fix(courier)).arg(json).arg("PX").arg(ttl.ms()).ignore();
        }
        pipeline
    }
}
