//! How a span is followed through an actor: what an actor does later belongs to what has brought it about.

use actix::{Actor, ActorFuture, ActorFutureExt as _, WrapFuture as _};
use tracing::{Instrument as _, Span};

/// A future of an actor, which runs in the span of its caller; so does what the actor does at its end.
pub(super) fn within<A: Actor, F: Future + 'static, T>(
    actor: &A,
    future: F,
    end: impl FnOnce(F::Output, &mut A, &mut A::Context) -> T + 'static,
) -> impl ActorFuture<A, Output = T> + 'static
where
    T: 'static,
{
    let span = Span::current();
    let begun = future.instrument(span.clone()).into_actor(actor);
    begun.map(move |output, actor, ctx| span.in_scope(|| end(output, actor, ctx)))
}
