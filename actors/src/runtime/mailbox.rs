//! A bounded way to an actor. actix mailboxes take any number of messages from fresh addresses, so the bound
//! is kept here: every message carries a permit that comes back when it has been dealt with.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use actix::dev::ToEnvelope;
use actix::{Actor, Addr, Handler, MailboxError, Message};
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout_at};
use tracing::Span;

use super::envelope::Envelope;
use super::refusal::Refusal;
use crate::ports::Unavailable;

/// The most messages that wait for one actor.
const MAILBOX_MESSAGES: usize = 1_024;

/// How long a caller waits for the answer. The store answers or fails within less.
const ANSWERED_WITHIN: Duration = Duration::from_millis(2_900);

/// Why a message was not dealt with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Undelivered {
    /// The mailbox is full.
    Full,
    /// The actor is gone, or died over this message.
    Closed,
    /// The actor did not answer in time. It may still do what was asked.
    Late,
}

impl Undelivered {
    /// What the caller is told; nothing if it can be tried again at once.
    pub(super) fn refusal(self) -> Option<Refusal> {
        match self {
            Self::Full => Some(Refusal::Busy),
            Self::Late => Some(Unavailable("an actor did not answer in time".to_owned()).into()),
            Self::Closed => None,
        }
    }
}

/// An address that takes messages of one kind, whichever actor is behind it.
pub(super) trait Takes<M: Message>: Send + Sync
where
    M::Result: 'static,
{
    /// Sends a message and waits for the answer; fails if the actor is gone, or dies over the message.
    fn request(&self, envelope: Envelope<M>) -> Answer<M>;

    /// Sends a message. Only the permit in it bounds the mailbox.
    fn post(&self, envelope: Envelope<M>);
}

/// The answer to a message, once there is one.
pub(super) type Answer<M> =
    Pin<Box<dyn Future<Output = Result<<M as Message>::Result, MailboxError>> + Send>>;

impl<A, M> Takes<M> for Addr<A>
where
    M: Message + Send + 'static,
    M::Result: Send,
    A: Handler<Envelope<M>>,
    A::Context: ToEnvelope<A, Envelope<M>>,
{
    fn request(&self, envelope: Envelope<M>) -> Answer<M> {
        Box::pin(self.send(envelope))
    }

    fn post(&self, envelope: Envelope<M>) {
        #[expect(clippy::disallowed_methods, reason = "the mailbox has counted the message")]
        self.do_send(envelope);
    }
}

/// An address that knows whether its actor lives.
pub(super) trait Living: Send + Sync {
    /// Whether messages still reach the actor.
    fn lives(&self) -> bool;
}

impl<A: Actor> Living for Addr<A>
where
    A::Context: actix::AsyncContext<A>,
{
    fn lives(&self) -> bool {
        self.connected()
    }
}

/// The bounded address of an actor. `I` says which messages it takes, as in [`messages`](super::messages).
pub(super) struct Mailbox<I: ?Sized> {
    inbox: Arc<I>,
    permits: Arc<Semaphore>,
    /// The actor has decided to stop; the next caller spawns another.
    retired: Arc<AtomicBool>,
}

impl<I: ?Sized> Clone for Mailbox<I> {
    fn clone(&self) -> Self {
        Self {
            inbox: Arc::clone(&self.inbox),
            permits: Arc::clone(&self.permits),
            retired: Arc::clone(&self.retired),
        }
    }
}

impl<I: Living + ?Sized> Mailbox<I> {
    pub(super) fn new(inbox: Arc<I>, retired: Arc<AtomicBool>) -> Self {
        Self { inbox, permits: Arc::new(Semaphore::new(MAILBOX_MESSAGES)), retired }
    }

    /// Whether messages still reach a living actor.
    pub(super) fn is_open(&self) -> bool {
        self.inbox.lives() && !self.retired.load(Ordering::Acquire)
    }

    /// Whether the actor died, as opposed to having retired.
    pub(super) fn is_dead(&self) -> bool {
        !self.inbox.lives() && !self.retired.load(Ordering::Acquire)
    }

    /// How many messages wait, or are being dealt with.
    pub(super) fn messages(&self) -> usize {
        MAILBOX_MESSAGES - self.permits.available_permits()
    }

    /// Sends and waits for the answer, not for ever.
    pub(super) async fn ask<M>(&self, body: M) -> Result<M::Result, Undelivered>
    where
        M: Message,
        M::Result: 'static,
        I: Takes<M>,
    {
        let until = Instant::now() + ANSWERED_WITHIN;
        let envelope = self.seal(body, Some(until))?;
        match timeout_at(until, self.inbox.request(envelope)).await {
            Ok(answer) => answer.map_err(|_| Undelivered::Closed),
            Err(_) => {
                metrics::counter!("peerpack_mailbox_late_total").increment(1);
                Err(Undelivered::Late)
            }
        }
    }

    /// Sends and does not wait.
    pub(super) fn tell<M>(&self, body: M) -> Result<(), Undelivered>
    where
        M: Message,
        M::Result: 'static,
        I: Takes<M>,
    {
        let envelope = self.seal(body, None)?;
        if !self.inbox.lives() {
            return Err(Undelivered::Closed);
        }
        self.inbox.post(envelope);
        Ok(())
    }

    /// Tells the actor what became of something that it has granted. The message needs no permit, so a full
    /// mailbox takes it, too. There is at most one for each request to the actor, so their number is bounded.
    pub(super) fn follow_up<M>(&self, body: M)
    where
        M: Message,
        M::Result: 'static,
        I: Takes<M>,
    {
        self.inbox.post(Envelope { body, until: None, span: Span::current(), _permit: None });
    }

    fn seal<M>(&self, body: M, until: Option<Instant>) -> Result<Envelope<M>, Undelivered> {
        match Arc::clone(&self.permits).try_acquire_owned() {
            Ok(permit) => Ok(Envelope { body, until, span: Span::current(), _permit: Some(permit) }),
            Err(_) => {
                metrics::counter!("peerpack_mailbox_refusals_total").increment(1);
                Err(Undelivered::Full)
            }
        }
    }
}
