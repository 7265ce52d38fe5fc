//! Acceptances that wait in a package's fair window (`matching/policy/fair.rs`). Nothing of them is told or
//! stored before they are carried out: when the actor dies they are lost with it, and their callers ask its
//! successor.

use actix::dev::{MessageResponse, OneshotSender};
use actix::{
    Actor, AsyncContext, AtomicResponse, Context as ActorContext, ResponseActFuture, SpawnHandle, WrapFuture,
};
use tokio::sync::oneshot;

use super::envelope::Envelope;
use super::messages::{Do, Done};
use super::refusal::Refusal;
use crate::market::request::Request;
use crate::matching::Settings;
use crate::matching::policy::fair::Window;
use crate::time::Time;

/// An acceptance, and where its answer goes.
pub(super) struct Waiting {
    pub(super) envelope: Envelope<Do>,
    pub(super) answer: oneshot::Sender<Result<Done, Refusal>>,
}

/// The open window of a package.
pub(super) struct Claims {
    window: Window<Waiting>,
    end: Option<(Time, SpawnHandle)>,
}

impl Claims {
    /// A window that opens now.
    pub(super) fn open(now: Time, settings: &Settings) -> Self {
        Self { window: Window::open(now, settings), end: None }
    }

    /// Has an acceptance wait. Answers with the future of its answer, or not at all if there are too many.
    pub(super) fn add(
        &mut self,
        request: &Request,
        now: Time,
        envelope: Envelope<Do>,
    ) -> Option<impl Future<Output = Result<Done, Refusal>> + use<>> {
        let (answer, answered) = oneshot::channel();
        self.window.add(request, now, Waiting { envelope, answer }).ok()?;
        Some(async move { answered.await.unwrap_or(Err(Refusal::Busy)) })
    }

    /// When the window ends, if that is not what its alarm is set to.
    pub(super) fn new_end(&self) -> Option<Time> {
        let ends_at = self.window.ends_at();
        self.end.as_ref().is_none_or(|(at, _)| *at != ends_at).then_some(ends_at)
    }

    /// Notes the alarm for the end of the window. Returns the one that it stands for.
    pub(super) fn set_end(&mut self, at: Time, alarm: SpawnHandle) -> Option<SpawnHandle> {
        self.end.replace((at, alarm)).map(|(_, earlier)| earlier)
    }

    /// What has waited, in the order in which it is carried out. Late ones are left out.
    pub(super) fn in_order(self) -> impl Iterator<Item = Waiting> {
        self.window.in_order().into_iter().filter(|waiting| !waiting.envelope.is_late())
    }
}

/// How a command is answered.
pub(super) enum Reply<A: Actor> {
    /// It is being carried out, and the actor does nothing else meanwhile.
    Now(AtomicResponse<A, Result<Done, Refusal>>),
    /// It waits, and others go on.
    Later(ResponseActFuture<A, Result<Done, Refusal>>),
}

impl<A: Actor<Context = ActorContext<A>>> Reply<A> {
    pub(super) fn refused(refusal: Refusal, actor: &A) -> Self {
        Self::Later(Box::pin(std::future::ready(Err(refusal)).into_actor(actor)))
    }
}

impl<A> MessageResponse<A, Envelope<Do>> for Reply<A>
where
    A: Actor<Context = ActorContext<A>>,
    A::Context: AsyncContext<A>,
{
    fn handle(self, ctx: &mut ActorContext<A>, tx: Option<OneshotSender<Result<Done, Refusal>>>) {
        match self {
            Self::Now(answer) => MessageResponse::<A, Envelope<Do>>::handle(answer, ctx, tx),
            Self::Later(answer) => MessageResponse::<A, Envelope<Do>>::handle(answer, ctx, tx),
        }
    }
}
