//! Acceptances that wait in a package's fair window (`matching/policy/fair.rs`). Nothing of them is told or stored before they
//! are carried out: when the actor dies its letters are lost with it, and whoever wrote them writes to its successor.

use std::sync::Arc;
use std::time::Duration;

use actix::dev::{MessageResponse, OneshotSender};
use actix::{
    ActorFutureExt, AsyncContext, AtomicResponse, Context as ActorContext, ContextFutureSpawner,
    ResponseActFuture, SpawnHandle, WrapFuture,
};
use tokio::sync::oneshot;

use super::mailbox::Letter;
use super::package_actor::{Carried, Do, Done, PackageActor, carry_out};
use super::refusal::Refusal;
use crate::matching::policy::fair::{Window, contested};
use crate::time::Time;

/// An acceptance, and where its answer goes.
struct Waiting {
    letter: Letter<Do>,
    answer: oneshot::Sender<Result<Done, Refusal>>,
}

/// The open window of a package.
pub(super) struct Claims {
    window: Window<Waiting>,
    end: Option<(Time, SpawnHandle)>,
}

/// How a command is answered.
pub(super) enum Reply {
    /// It is being carried out, and the actor does nothing else meanwhile.
    Now(AtomicResponse<PackageActor, Result<Done, Refusal>>),
    /// It waits, and others go on.
    Later(ResponseActFuture<PackageActor, Result<Done, Refusal>>),
}

impl Reply {
    pub(super) fn refused(refusal: Refusal, actor: &PackageActor) -> Self {
        Self::Later(Box::pin(std::future::ready(Err(refusal)).into_actor(actor)))
    }
}

impl MessageResponse<PackageActor, Letter<Do>> for Reply {
    fn handle(self, ctx: &mut ActorContext<PackageActor>, tx: Option<OneshotSender<Result<Done, Refusal>>>) {
        match self {
            Self::Now(answer) => MessageResponse::<PackageActor, Letter<Do>>::handle(answer, ctx, tx),
            Self::Later(answer) => MessageResponse::<PackageActor, Letter<Do>>::handle(answer, ctx, tx),
        }
    }
}

impl PackageActor {
    /// Lets an acceptance wait that others may contest; carries any other command out.
    pub(super) fn take_in(&mut self, letter: Letter<Do>, ctx: &mut ActorContext<Self>) -> Reply {
        let (now, settings) = (self.context.clock.now(), &self.context.settings.matching);
        let package = self.package.as_ref();
        let Some(request) =
            package.and_then(|package| contested(package, &letter.body.command, now, settings))
        else {
            return Reply::Now(self.run(letter.body));
        };
        let claims =
            self.claims.get_or_insert_with(|| Claims { window: Window::open(now, settings), end: None });
        let (answer, answered) = oneshot::channel();
        if claims.window.add(request, now, Waiting { letter, answer }).is_err() {
            return Reply::refused(Refusal::Busy, self);
        }
        let ends_at = claims.window.ends_at();
        if claims.end.as_ref().is_none_or(|(at, _)| *at != ends_at) {
            let wait = Duration::from_millis(ends_at.since(now).ms().max(0).unsigned_abs());
            let handle = ctx.run_later(wait, Self::end_window);
            if let Some((_, earlier)) = claims.end.replace((ends_at, handle)) {
                ctx.cancel_future(earlier);
            }
        }
        let answered = async move { answered.await.unwrap_or(Err(Refusal::Busy)) };
        Reply::Later(Box::pin(answered.into_actor(self)))
    }

    /// Carries out what has waited, one after the other, while no other command is looked at.
    fn end_window(&mut self, ctx: &mut ActorContext<Self>) {
        let Some(claims) = self.claims.take() else { return };
        self.touched = true;
        let (context, id, held) = (Arc::clone(&self.context), self.id, self.package.take());
        let work = async move {
            let mut last = Carried { package: held, in_doubt: false, again: false };
            for Waiting { letter, answer } in claims.window.in_order() {
                if letter.is_late() {
                    continue;
                }
                let again = last.again;
                let result;
                (last, result) = carry_out(&context, id, last.package, &letter.body).await;
                last.again |= again;
                // Whoever asked may be gone.
                let _ = answer.send(result);
            }
            last
        };
        work.into_actor(self).map(|last, actor, ctx| actor.go_on(last, ctx)).wait(ctx);
    }
}
