//! A bounded way to an actor. actix mailboxes take any number of messages from fresh addresses, so the bound is
//! kept here: every letter carries a permit that comes back when the letter has been dealt with.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use actix::dev::ToEnvelope;
use actix::{Actor, Addr, Handler, Message};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout_at};

use super::refusal::Refusal;
use crate::ports::Unavailable;

/// The most letters that wait for one actor.
pub(super) const MAILBOX_LETTERS: usize = 1_024;

/// How long whoever asks waits for the answer. The store answers or fails within less.
const ANSWERED_WITHIN: Duration = Duration::from_millis(2_900);

/// A message with the permit that bounds the mailbox.
pub(super) struct Letter<M> {
    pub(super) body: M,
    /// When whoever asks stops waiting.
    until: Option<Instant>,
    _permit: Option<OwnedSemaphorePermit>,
}

impl<M> Letter<M> {
    /// Whether nobody waits for the answer any more: what was not begun by then need not be done.
    pub(super) fn is_late(&self) -> bool {
        self.until.is_some_and(|until| until <= Instant::now())
    }
}

impl<M: Message> Message for Letter<M>
where
    M::Result: 'static,
{
    type Result = M::Result;
}

/// Why a letter was not dealt with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Undelivered {
    /// The mailbox is full.
    Full,
    /// The actor is gone, or died over this letter.
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

/// The bounded address of an actor.
pub(super) struct Mailbox<A: Actor> {
    addr: Addr<A>,
    permits: Arc<Semaphore>,
    /// The actor has decided to stop; the next caller spawns another.
    pub(super) retired: Arc<AtomicBool>,
}

impl<A: Actor> Clone for Mailbox<A> {
    fn clone(&self) -> Self {
        Self {
            addr: self.addr.clone(),
            permits: Arc::clone(&self.permits),
            retired: Arc::clone(&self.retired),
        }
    }
}

impl<A: Actor> Mailbox<A> {
    pub(super) fn new(addr: Addr<A>, retired: Arc<AtomicBool>) -> Self {
        Self { addr, permits: Arc::new(Semaphore::new(MAILBOX_LETTERS)), retired }
    }

    /// Whether letters still reach a living actor.
    pub(super) fn is_open(&self) -> bool {
        self.addr.connected() && !self.retired.load(Ordering::Acquire)
    }

    /// Whether the actor died, as opposed to having retired.
    pub(super) fn is_dead(&self) -> bool {
        !self.addr.connected() && !self.retired.load(Ordering::Acquire)
    }

    /// Sends and waits for the answer, not for ever.
    pub(super) async fn ask<M>(&self, body: M) -> Result<M::Result, Undelivered>
    where
        M: Message + Send + 'static,
        M::Result: Send,
        A: Handler<Letter<M>>,
        A::Context: ToEnvelope<A, Letter<M>>,
    {
        let until = Instant::now() + ANSWERED_WITHIN;
        let letter = self.letter(body, Some(until))?;
        match timeout_at(until, self.addr.send(letter)).await {
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
        M: Message + Send + 'static,
        M::Result: Send,
        A: Handler<Letter<M>>,
        A::Context: ToEnvelope<A, Letter<M>>,
    {
        let letter = self.letter(body, None)?;
        if !self.addr.connected() {
            return Err(Undelivered::Closed);
        }
        #[expect(clippy::disallowed_methods, reason = "the permit in the letter bounds the mailbox")]
        self.addr.do_send(letter);
        Ok(())
    }

    /// Sends what is owed to the actor, also to a full mailbox: one letter for each that it has answered, so there are
    /// never more of them than of those.
    pub(super) fn owe<M>(&self, body: M)
    where
        M: Message + Send + 'static,
        M::Result: Send,
        A: Handler<Letter<M>>,
        A::Context: ToEnvelope<A, Letter<M>>,
    {
        #[expect(clippy::disallowed_methods, reason = "the letters that these answer are bounded")]
        self.addr.do_send(Letter { body, until: None, _permit: None });
    }

    fn letter<M>(&self, body: M, until: Option<Instant>) -> Result<Letter<M>, Undelivered> {
        match Arc::clone(&self.permits).try_acquire_owned() {
            Ok(permit) => Ok(Letter { body, until, _permit: Some(permit) }),
            Err(_) => {
                metrics::counter!("peerpack_mailbox_refusals_total").increment(1);
                Err(Undelivered::Full)
            }
        }
    }
}
