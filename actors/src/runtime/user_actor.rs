//! A user who is connected: a shell around their [`Feed`], which pushes events to their devices and asks the
//! store for what is missing. Nothing is ever guessed or skipped.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use actix::{
    Actor, ActorFutureExt, AsyncContext, AtomicResponse, Context as ActorContext, ContextFutureSpawner,
    Handler, WrapFuture,
};

use super::context::Context;
use super::envelope::Envelope;
use super::feed::{Feed, Resumption};
use super::messages::{Attach, CatchUp, Deliver, Resume};
use super::refusal::Refusal;
use super::retirement::Retiring;
use super::session::{Frame, Hello, ResumeAnswer};
use crate::ids::UserId;
use crate::ports::{StreamEntry, StreamPosition, Unavailable};

/// Events read from the store at once.
const PAGE: u32 = 300;

/// How long an event may wait for an earlier one before the store is asked.
const PATIENCE: Duration = Duration::from_millis(20);

/// The actor of one connected user.
pub(super) struct UserActor {
    user: UserId,
    context: Arc<Context>,
    /// Nothing until the position was read.
    feed: Option<Feed>,
    retired: Arc<AtomicBool>,
}

impl UserActor {
    pub(super) const fn new(user: UserId, context: Arc<Context>, retired: Arc<AtomicBool>) -> Self {
        Self { user, context, feed: None, retired }
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
                actor.feed = Some(Feed::at(StreamPosition { top: first, ..position }));
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
        let Some(feed) = &mut self.feed else { return };
        let (context, user) = (&self.context, self.user);
        feed.take_in(entries, |entry| push(context, user, entry));
        if let Some(seq) = feed.gap_until() {
            ctx.run_later(PATIENCE, move |actor, ctx| actor.catch_up(seq, ctx));
        }
    }

    /// Reads from the store what is missing up to `top`.
    fn catch_up(&mut self, top: u64, ctx: &mut ActorContext<Self>) {
        let Some(position) = self.position().filter(|position| position.top < top) else { return };
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

    fn position(&self) -> Option<StreamPosition> {
        self.feed.as_ref().map(Feed::position)
    }
}

impl Retiring for UserActor {
    fn idle_after(&self) -> Duration {
        self.context.settings.idle
    }

    fn retired(&self) -> &AtomicBool {
        &self.retired
    }

    fn was_idle(&mut self) -> bool {
        self.context.roster.of(self.user).is_empty()
    }
}

fn being_loaded() -> Refusal {
    Unavailable("the stream is being loaded".to_owned()).into()
}

/// Gives an event to every connection that has not seen it.
fn push(context: &Context, user: UserId, entry: &StreamEntry) {
    let lag = context.clock.now().since(entry.at).ms();
    metrics::histogram!("peerpack_delivery_lag_seconds").record(lag.max(0) as f64 / 1_000.0);
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
        Self::retire_when_idle(ctx, self.idle_after());
    }
}

impl Handler<Envelope<Deliver>> for UserActor {
    type Result = ();

    fn handle(&mut self, envelope: Envelope<Deliver>, ctx: &mut Self::Context) {
        let entries = envelope.body.0;
        let (parent, events) = (&envelope.span, entries.len());
        let span = tracing::debug_span!(parent: parent, "deliver", user = %self.user, events);
        span.in_scope(|| self.take_in(entries, ctx));
    }
}

impl Handler<Envelope<CatchUp>> for UserActor {
    type Result = ();

    fn handle(&mut self, envelope: Envelope<CatchUp>, ctx: &mut Self::Context) {
        self.catch_up(envelope.body.0, ctx);
    }
}

impl Handler<Envelope<Attach>> for UserActor {
    type Result = Result<Hello, Refusal>;

    fn handle(&mut self, envelope: Envelope<Attach>, _: &mut Self::Context) -> Self::Result {
        if envelope.is_late() {
            return Err(Refusal::Busy);
        }
        let position = self.position().ok_or_else(being_loaded)?;
        self.context.roster.attach(self.user, envelope.body.0, position.top);
        Ok(Hello { position })
    }
}

impl Handler<Envelope<Resume>> for UserActor {
    type Result = AtomicResponse<Self, Result<ResumeAnswer, Refusal>>;

    fn handle(&mut self, envelope: Envelope<Resume>, _: &mut Self::Context) -> Self::Result {
        let Resume { epoch, last_seq } = envelope.body;
        let decided = self.feed.as_ref().map(|feed| (feed.resume(epoch, last_seq), feed.position().top));
        let (context, user) = (Arc::clone(&self.context), self.user);
        let answer = async move {
            let (resumption, top) = decided.ok_or_else(being_loaded)?;
            Ok(match resumption {
                Resumption::Answered(answer) => answer,
                Resumption::Ahead => {
                    let stored = context.store.position(user).await?.top;
                    if last_seq <= stored
                        && let Some(actor) = context.directories().users.existing(user)
                    {
                        let _ = actor.tell(CatchUp(stored));
                    }
                    Feed::resume_ahead(top, last_seq, stored)
                }
                Resumption::Stored => {
                    let stored = context.store.events(user, last_seq, PAGE).await?;
                    Feed::resume_stored(top, last_seq, stored)
                }
            })
        };
        AtomicResponse::new(Box::pin(answer.into_actor(self)))
    }
}
