//! An actor without work retires: it gives its memory back, and the next message makes another one.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use actix::{Actor, AsyncContext, Context};

/// An actor that retires when it has been idle for a while.
pub(super) trait Retiring: Actor<Context = Context<Self>> {
    /// How long it stays without work.
    fn idle_after(&self) -> Duration;

    /// Tells the directory that the actor takes no more messages.
    fn retired(&self) -> &AtomicBool;

    /// Whether there was nothing to do since this was asked last.
    fn was_idle(&mut self) -> bool;

    /// Looks every so often whether to retire.
    fn retire_when_idle(ctx: &mut Context<Self>, every: Duration) {
        ctx.run_later(every, |actor, ctx| {
            if actor.retired().load(Ordering::Acquire) {
                actix::ActorContext::stop(ctx);
            } else {
                // Retired first, stopped a round later: messages that are on their way still find it.
                let is_idle = actor.was_idle();
                actor.retired().store(is_idle, Ordering::Release);
                Self::retire_when_idle(ctx, actor.idle_after());
            }
        });
    }
}
