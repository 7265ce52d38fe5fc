//! Connections that come, go, and ask what they have missed.

use std::sync::Arc;

use super::Engine;
use crate::ids::UserId;
use crate::runtime::messages::{Attach, Resume};
use crate::runtime::refusal::Refusal;
use crate::runtime::session::{Hello, ResumeAnswer, SessionId, SessionPort};

impl Engine {
    /// A connection joins: it is told of everything after the position it gets.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn attach(&self, user: UserId, port: Arc<dyn SessionPort>) -> Result<Hello, Refusal> {
        for _ in 0..2 {
            let attach = Attach(Arc::clone(&port));
            match self.context.directories().users.get(user).ask(attach).await {
                Ok(answer) => return answer,
                Err(undelivered) => undelivered.refusal().map_or(Ok(()), Err)?,
            }
        }
        Err(Refusal::Busy)
    }

    /// A connection is gone.
    pub fn detach(&self, user: UserId, session: SessionId) {
        self.context.roster.detach(user, session);
    }

    /// How many connections a user has on this node.
    #[must_use]
    pub fn sessions_of(&self, user: UserId) -> usize {
        self.context.roster.of(user).len()
    }

    /// What a connection has missed since `last_seq`.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn resume(&self, user: UserId, epoch: u64, last_seq: u64) -> Result<ResumeAnswer, Refusal> {
        let resume = Resume { epoch, last_seq };
        self.context.directories().users.get(user).ask(resume).await.unwrap_or(Err(Refusal::Busy))
    }
}
