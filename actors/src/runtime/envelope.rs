//! A message to an actor as it travels: with the permit that bounds the mailbox, the time until which
//! somebody waits for the answer, and the span of what has brought it about.

use actix::Message;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Instant;
use tracing::Span;

/// A message on its way. The permit comes back when the message has been dealt with.
pub(super) struct Envelope<M> {
    pub(super) body: M,
    /// When the sender stops waiting for the answer.
    pub(super) until: Option<Instant>,
    /// What the message follows from: the request, the command, the job.
    pub(super) span: Span,
    pub(super) _permit: Option<OwnedSemaphorePermit>,
}

impl<M> Envelope<M> {
    /// Whether nobody waits for the answer any more: what was not begun by then need not be done.
    pub(super) fn is_late(&self) -> bool {
        self.until.is_some_and(|until| until <= Instant::now())
    }
}

impl<M: Message> Message for Envelope<M>
where
    M::Result: 'static,
{
    type Result = M::Result;
}
