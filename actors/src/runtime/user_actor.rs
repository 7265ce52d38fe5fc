//! A user who is connected: the position of their stream, the recent events, the pushing to their devices.
//!
//! Events arrive here from commits, sometimes out of order when two commits race. They go out in order: an
//! event that is ahead waits, and the store is asked for what is missing. Nothing is ever guessed or skipped.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use actix::{
    Actor, ActorFutureExt, AsyncContext, AtomicResponse, Context as ActorContext, ContextFutureSpawner,
    Handler, Message, WrapFuture,
};

use super::context::Context;
use super::mailbox::Letter;
use super::refusal::Refusal;
use super::session::{Frame, Hello, ResumeAnswer, SessionPort};
use crate::ids::UserId;
use crate::ports::{StreamEntry, StreamPosition, Unavailable};

/// The recent events kept in memory for a quick resume.
const RING: usize = 256;

/// The most events one resume brings back.
const MAX_RESUME: u64 = 300;

/// Events read from the store at once.
const PAGE: u32 = 300;

/// How long an event may wait for an earlier one before the store is asked.
const PATIENCE: Duration = Duration::from_millis(20);

/// New events of this user, in order.
#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct Deliver(pub(super) Vec<StreamEntry>);

/// The stream has reached this position.
#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct CatchUp(pub(super) u64);

/// A connection joins.
pub(super) struct Attach(pub(super) Arc<dyn SessionPort>);

impl Message for Attach {
    type Result = Result<Hello, Refusal>;
}

/// A connection asks for what it missed.
pub(super) struct Resume {
    pub(super) epoch: u64,
    pub(super) last_seq: u64,
}

impl Message for Resume {
    type Result = Result<ResumeAnswer, Refusal>;
}

/// The actor of one connected user.
pub(super) struct UserActor {
    user: UserId,
    context: Arc<Context>,
    position: Option<StreamPosition>,
    ring: VecDeque<StreamEntry>,
    ahead: BTreeMap<u64, StreamEntry>,
    retired: Arc<AtomicBool>,
}

impl UserActor {
    pub(super) const fn new(user: UserId, context: Arc<Context>, retired: Arc<AtomicBool>) -> Self {
        Self { user, context, position: None, ring: VecDeque::new(), ahead: BTreeMap::new(), retired }
    }

    /// Reads the position; connections that an earlier actor left behind get what they have not seen.
    fn load(&self, ctx: &mut ActorContext<Self>) {
        let (context, user) = (Arc::clone(&self.context), self.user);
        let behind = context.roster.of(user).iter().map(|one| one.sent.load(Ordering::Acquire)).min();
        async move {
            let position = context.store.position(user).await?;
            let missed = match behind {
                Some(sent) if sent < position.top => context.store.events(user, sent, PAGE).await?,
                _ => Vec::new(),
            };
            Ok((position, missed))
        }
        .into_actor(self)
        .map(|loaded: Result<_, Unavailable>, actor, ctx| match loaded {
            Ok((position, missed)) => {
                let first = missed.first().map_or(position.top, |entry| entry.seq - 1);
                actor.position = Some(StreamPosition { top: first, ..position });
                actor.take_in(missed, ctx);
                actor.catch_up(position.top, ctx);
            }
            Err(error) => {
                tracing::warn!(user = %actor.user, %error, "cannot load the stream position");
                ctx.run_later(Duration::from_secs(1), |actor, ctx| actor.load(ctx));
            }
        })
        .wait(ctx);
    }

    fn take_in(&mut self, entries: Vec<StreamEntry>, ctx: &mut ActorContext<Self>) {
        let Some(position) = &mut self.position else { return };
        for entry in entries {
            if entry.seq > position.top {
                self.ahead.insert(entry.seq, entry);
            }
        }
        while let Some(entry) = self.ahead.remove(&(position.top + 1)) {
            position.top = entry.seq;
            push(&self.context, self.user, &entry);
            self.ring.push_back(entry);
            if self.ring.len() > RING {
                self.ring.pop_front();
            }
        }
        if let Some((&seq, _)) = self.ahead.last_key_value() {
            ctx.run_later(PATIENCE, move |actor, ctx| actor.catch_up(seq, ctx));
        }
    }

    /// Reads from the store what is missing up to `top`.
    fn catch_up(&mut self, top: u64, ctx: &mut ActorContext<Self>) {
        let Some(position) = self.position.filter(|position| position.top < top) else { return };
        let (context, user) = (Arc::clone(&self.context), self.user);
        async move { context.store.events(user, position.top, PAGE).await }
            .into_actor(self)
            .map(move |read, actor, ctx| match read {
                Ok(entries) => {
                    let more = entries.len() >= PAGE as usize;
                    actor.take_in(entries, ctx);
                    if more {
                        actor.catch_up(top, ctx);
                    }
                }
                // The comparison of positions comes back to it.
                Err(error) => tracing::warn!(user = %actor.user, %error, "cannot read the stream"),
            })
            .wait(ctx);
    }

    fn recent_after(&self, last_seq: u64) -> Option<Vec<StreamEntry>> {
        let first = self.ring.front()?.seq;
        (first <= last_seq + 1)
            .then(|| self.ring.iter().filter(|entry| entry.seq > last_seq).cloned().collect())
    }

    fn retire_when_idle(&mut self, ctx: &mut ActorContext<Self>) {
        ctx.run_later(self.context.settings.idle, |actor, ctx| {
            if actor.retired.load(Ordering::Acquire) {
                actix::ActorContext::stop(ctx);
            } else {
                // Retired first, stopped a round later: letters that are on their way still find it.
                let idle = actor.context.roster.of(actor.user).is_empty();
                actor.retired.store(idle, Ordering::Release);
                actor.retire_when_idle(ctx);
            }
        });
    }
}

/// Gives an event to every connection that has not seen it.
fn push(context: &Context, user: UserId, entry: &StreamEntry) {
    for attached in context.roster.of(user) {
        if attached.sent.fetch_max(entry.seq, Ordering::AcqRel) >= entry.seq {
            continue;
        }
        if attached.port.push(Frame::Event(entry.clone())).is_err() {
            metrics::counter!("peerpack_slow_sessions_total").increment(1);
            context.roster.detach(user, attached.port.id());
        }
    }
}

impl Actor for UserActor {
    type Context = ActorContext<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        self.load(ctx);
        self.retire_when_idle(ctx);
    }
}

impl Handler<Letter<Deliver>> for UserActor {
    type Result = ();

    fn handle(&mut self, letter: Letter<Deliver>, ctx: &mut Self::Context) {
        self.take_in(letter.body.0, ctx);
    }
}

impl Handler<Letter<CatchUp>> for UserActor {
    type Result = ();

    fn handle(&mut self, letter: Letter<CatchUp>, ctx: &mut Self::Context) {
        self.catch_up(letter.body.0, ctx);
    }
}

impl Handler<Letter<Attach>> for UserActor {
    type Result = Result<Hello, Refusal>;

    fn handle(&mut self, letter: Letter<Attach>, _: &mut Self::Context) -> Self::Result {
        if letter.is_late() {
            return Err(Refusal::Busy);
        }
        let position = self.position.ok_or_else(|| Unavailable("the stream is being loaded".to_owned()))?;
        self.context.roster.attach(self.user, letter.body.0, position.top);
        Ok(Hello { position })
    }
}

impl Handler<Letter<Resume>> for UserActor {
    type Result = AtomicResponse<Self, Result<ResumeAnswer, Refusal>>;

    fn handle(&mut self, letter: Letter<Resume>, _: &mut Self::Context) -> Self::Result {
        let Resume { epoch, last_seq } = letter.body;
        let Some(position) = self.position else {
            let busy = Err(Unavailable("the stream is being loaded".to_owned()).into());
            return AtomicResponse::new(Box::pin(std::future::ready(busy).into_actor(self)));
        };
        let (top, unrecoverable) =
            (position.top, |reason| ResumeAnswer::Unrecoverable { reason, top: position.top });
        let known = if epoch != position.epoch {
            Some(unrecoverable("epoch_changed"))
        } else if last_seq > top {
            // Another node may have told of what this one has not seen yet.
            None
        } else if top - last_seq > MAX_RESUME {
            Some(unrecoverable("too_many"))
        } else {
            self.recent_after(last_seq)
                .or_else(|| (last_seq == top).then(Vec::new))
                .map(|missed| ResumeAnswer::Recovered { missed, top })
        };
        let (context, user) = (Arc::clone(&self.context), self.user);
        let answer = async move {
            match known {
                Some(answer) => Ok(answer),
                None if last_seq > top => {
                    let stored = context.store.position(user).await?.top;
                    if last_seq > stored {
                        return Ok(ResumeAnswer::Unrecoverable { reason: "future_seq", top });
                    }
                    if let Some(actor) = context.directories().users.existing(user) {
                        let _ = actor.tell(CatchUp(stored));
                    }
                    // What comes after is on its way.
                    Ok(ResumeAnswer::Recovered { missed: Vec::new(), top: last_seq })
                }
                None => {
                    let missed = context.store.events(user, last_seq, PAGE).await?;
                    let missed: Vec<_> = missed.into_iter().take_while(|entry| entry.seq <= top).collect();
                    let whole = missed.first().is_some_and(|first| first.seq == last_seq + 1);
                    let too_old = ResumeAnswer::Unrecoverable { reason: "too_old", top };
                    Ok(if whole { ResumeAnswer::Recovered { missed, top } } else { too_old })
                }
            }
        };
        AtomicResponse::new(Box::pin(answer.into_actor(self)))
    }
}
