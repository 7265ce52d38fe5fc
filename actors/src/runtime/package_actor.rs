//! An open package: a shell around its [`Auction`], which looks for couriers, makes waves of offers, ends
//! them in time. One command at a time goes to the claim; of fifty couriers who tap at once, one reaches the
//! store.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use actix::{
    Actor, ActorFutureExt, ActorResponse, AsyncContext, AtomicResponse, Context as ActorContext,
    ContextFutureSpawner, Handler, SpawnHandle, WrapFuture,
};
use tracing::{Instrument as _, Span};

use super::auction::{Auction, Due, Occasion};
use super::claim::{Left, Room, answer, keep_rendered, persist};
use super::context::Context;
use super::envelope::Envelope;
use super::fair_claims::{Claims, Reply, Waiting};
use super::measured::{Measured, measure};
use super::messages::{Consider, Do, Done, Refresh, Rendered};
use super::offers::Bookings;
use super::refusal::Refusal;
use super::retirement::Retiring;
use super::spans::within;
use super::wave::{self, Wave};
use crate::ids::PackageId;
use crate::market::package::{Package, PackageCommand};
use crate::market::request::RequestCommand;
use crate::matching::policy::fair::contested;
use crate::rejection::Rejection;
use crate::time::Time;

/// The actor of one package.
pub(super) struct PackageActor {
    id: PackageId,
    context: Arc<Context>,
    /// Nothing while a command is being carried out on it, or when it has to be read anew.
    package: Option<Package>,
    auction: Auction,
    /// Acceptances that wait for others, if any do.
    claims: Option<Claims>,
    alarm: Option<(Time, SpawnHandle)>,
    retired: Arc<AtomicBool>,
    touched: bool,
    /// What the actor was made for, until it has begun.
    made_for: Span,
}

impl PackageActor {
    pub(super) fn new(
        id: PackageId,
        context: Arc<Context>,
        retired: Arc<AtomicBool>,
        made_for: Span,
    ) -> Self {
        Self {
            id,
            context,
            package: None,
            auction: Auction::default(),
            claims: None,
            alarm: None,
            retired,
            touched: true,
            made_for,
        }
    }

    fn load(&mut self, ctx: &mut ActorContext<Self>) {
        let (context, id) = (Arc::clone(&self.context), self.id);
        // Screens that showed an offer before the reload still do.
        let known = self.package.take();
        let loading = async move { context.store.package(id).await };
        within(self, loading, move |loaded, actor, ctx| match loaded {
            Ok(package) => {
                actor.package = package.map(|package| keep_rendered(package, known.as_ref()));
                if let Some(package) = &actor.package {
                    actor.context.follow_package(package);
                }
                actor.set_alarm(ctx);
                actor.go_on(Occasion::Loaded, ctx);
            }
            Err(error) => {
                tracing::warn!(package = %actor.id, %error, "cannot load the package");
                ctx.run_later(Duration::from_secs(1), Self::load);
            }
        })
        .wait(ctx);
    }

    /// Lets an acceptance wait that others may contest; carries any other command out.
    fn take_in(&mut self, envelope: Envelope<Do>, ctx: &mut ActorContext<Self>) -> Reply<Self> {
        let (now, settings) = (self.context.clock.now(), &self.context.settings.matching);
        let package = self.package.as_ref();
        let Some(request) =
            package.and_then(|package| contested(package, &envelope.body.command, now, settings))
        else {
            return Reply::Now(envelope.span.in_scope(|| self.run(envelope.body)));
        };
        let claims = self.claims.get_or_insert_with(|| Claims::open(now, settings));
        let Some(answer) = claims.add(request, now, envelope) else {
            return Reply::refused(Refusal::Busy, self);
        };
        if let Some(ends_at) = claims.new_end() {
            let alarm = ctx.run_later(until(ends_at, now), Self::end_window);
            if let Some(earlier) = claims.set_end(ends_at, alarm) {
                ctx.cancel_future(earlier);
            }
        }
        Reply::Later(Box::pin(answer.into_actor(self)))
    }

    /// The offer is on the screen: its courier's own time begins.
    fn rendered(&mut self, shown: &Rendered, ctx: &mut ActorContext<Self>) -> Result<(), Refusal> {
        let now = self.context.clock.now();
        let package = self.package.as_mut().ok_or(Refusal::NotFound)?;
        package.rendered(shown.request, shown.by, now)?;
        self.set_alarm(ctx);
        Ok(())
    }

    /// Carries a command out while no other is looked at.
    fn run(&mut self, ask: Do) -> AtomicResponse<Self, Result<Done, Refusal>> {
        self.touched = true;
        let (context, id, held) = (Arc::clone(&self.context), self.id, self.package.take());
        let work = async move { answer(&context, id, held, &ask).await };
        AtomicResponse::new(Box::pin(within(self, work, |(left, result), actor, ctx| {
            actor.take_back(left, ctx);
            result
        })))
    }

    /// Carries out what has waited, one after the other, while no other command is looked at.
    fn end_window(&mut self, ctx: &mut ActorContext<Self>) {
        let Some(claims) = self.claims.take() else { return };
        self.touched = true;
        let (context, id, held) = (Arc::clone(&self.context), self.id, self.package.take());
        let work = async move {
            let mut last = Left { package: held, in_doubt: false, again: false };
            for Waiting { envelope, answer: answered } in claims.in_order() {
                let again = last.again;
                let result;
                let claim = answer(&context, id, last.package, &envelope.body);
                (last, result) = claim.instrument(envelope.span.clone()).await;
                last.again |= again;
                // The caller may be gone.
                let _ = answered.send(result);
            }
            last
        };
        work.into_actor(self).map(|last, actor, ctx| actor.take_back(last, ctx)).wait(ctx);
    }

    /// Takes back the package that commands were carried out on.
    fn take_back(&mut self, left: Left, ctx: &mut ActorContext<Self>) {
        self.package = left.package;
        self.set_alarm(ctx);
        if left.in_doubt {
            ctx.run_later(Duration::from_secs(1), Self::load);
        }
        if left.again {
            self.go_on(Occasion::Changed, ctx);
        }
    }

    /// Does what is due, each as soon as the actor gets to it.
    fn go_on(&mut self, occasion: Occasion, ctx: &mut ActorContext<Self>) {
        let (next_choice, now) = (self.next_choice(), self.context.clock.now());
        for due in self.auction.due(occasion, self.package.as_ref(), next_choice, now) {
            let step = match due {
                Due::Consider => Self::consider,
                Due::Choose => Self::choose,
                Due::Expire => Self::expire,
            };
            let span = Span::current();
            ctx.run_later(Duration::ZERO, move |actor, ctx| span.in_scope(|| step(actor, ctx)));
        }
    }

    fn next_choice(&self) -> Option<Time> {
        wave::next_choice(&self.context, self.package.as_ref()?)
    }

    /// Makes the next wave of offers, if there is anybody to ask.
    fn consider(&mut self, ctx: &mut ActorContext<Self>) {
        let Some(package) = &self.package else { return };
        if !self.auction.may_consider(package, self.context.clock.now()) {
            return;
        }
        let questions = wave::questions(&self.context, &self.context.package_entry(package));
        if questions.is_empty() {
            return self.offer(&Measured::default(), ctx);
        }
        self.auction.start_measuring();
        let context = Arc::clone(&self.context);
        // Commands go on meanwhile: the wave is made of what is so when the answers are there.
        let measuring = async move { measure(&context, questions).await };
        within(self, measuring, |measured, actor, ctx| {
            actor.auction.end_measuring();
            actor.offer(&measured, ctx);
        })
        .spawn(ctx);
    }

    fn offer(&mut self, measured: &Measured, ctx: &mut ActorContext<Self>) {
        let Some(package) = &self.package else { return };
        let Wave { proposals, look_again } = Wave::of(&self.context, package, measured);
        self.auction.look_again_at(look_again);
        if proposals.is_empty() {
            return self.set_alarm(ctx);
        }
        self.touched = true;
        let (context, held) = (Arc::clone(&self.context), self.package.take());
        let bookings = Bookings::of(&self.context.offers, &proposals);
        let work = async move {
            let mut package = held?;
            let offered =
                persist(&context, &mut package, &PackageCommand::Offer(proposals).into(), Room::Actor).await;
            bookings.keep(&package);
            match offered {
                Ok(_) => Some(package),
                Err(refusal) => {
                    tracing::debug!(package = %package.id, %refusal, "a wave was not made");
                    (!matches!(refusal, Refusal::Unavailable(_))).then_some(package)
                }
            }
        };
        within(self, work, |package, actor, ctx| {
            actor.package = package;
            match actor.package {
                Some(_) => actor.set_alarm(ctx),
                None => actor.load(ctx),
            }
        })
        .wait(ctx);
    }

    /// Takes one of the acceptances, if the last moment for it has come.
    fn choose(&mut self, ctx: &mut ActorContext<Self>) {
        let Some(package) = &self.package else { return };
        let Some(id) = wave::choice(&self.context, package) else { return };
        self.touched = true;
        let (context, held) = (Arc::clone(&self.context), self.package.take());
        let work = async move {
            let Some(mut package) = held else { return (None, false) };
            let command = PackageCommand::Request { id, command: RequestCommand::Choose };
            let package = match persist(&context, &mut package, &command.into(), Room::Actor).await {
                Ok(_) => Some(package),
                Err(Refusal::Unavailable(_)) => None,
                Err(refusal) => {
                    tracing::debug!(package = %package.id, %refusal, "a choice was not carried out");
                    return (Some(package), matches!(refusal, Refusal::Rejected(Rejection::NoRoom(_))));
                }
            };
            (package, false)
        };
        work.into_actor(self)
            .map(|(package, somebody_was_faster), actor, ctx| {
                actor.package = package;
                match actor.package {
                    Some(_) => actor.set_alarm(ctx),
                    None => {
                        ctx.run_later(Duration::from_secs(1), Self::load);
                    }
                }
                if somebody_was_faster {
                    // The trip is being looked at again; then another acceptance is chosen.
                    ctx.run_later(Duration::from_secs(1), Self::choose);
                }
            })
            .wait(ctx);
    }

    /// Wakes up at the next moment.
    fn set_alarm(&mut self, ctx: &mut ActorContext<Self>) {
        let (next_choice, now) = (self.next_choice(), self.context.clock.now());
        let package = self.package.as_ref();
        let next = package.and_then(|package| self.auction.next_moment(package, next_choice, now));
        if self.alarm.as_ref().map(|(at, _)| *at) == next {
            return;
        }
        if let Some((_, handle)) = self.alarm.take() {
            ctx.cancel_future(handle);
        }
        self.alarm = next.map(|at| {
            let handle = ctx.run_later(until(at, now), |actor, ctx| {
                actor.alarm = None;
                actor.go_on(Occasion::Rang, ctx);
            });
            (at, handle)
        });
    }

    /// Ends what is overdue.
    fn expire(&mut self, ctx: &mut ActorContext<Self>) {
        let Some(mut package) = self.package.take() else { return self.load(ctx) };
        let context = Arc::clone(&self.context);
        async move {
            let expired =
                persist(&context, &mut package, &PackageCommand::ExpireOverdue.into(), Room::Actor).await;
            match expired {
                Err(Refusal::Unavailable(_)) => None,
                _ => Some(package),
            }
        }
        .into_actor(self)
        .map(|package, actor, ctx| {
            actor.package = package;
            match actor.package {
                Some(_) => {
                    actor.set_alarm(ctx);
                    actor.go_on(Occasion::Expired, ctx);
                }
                None => {
                    ctx.run_later(Duration::from_secs(1), Self::load);
                }
            }
        })
        .wait(ctx);
    }
}

impl Retiring for PackageActor {
    fn idle_after(&self) -> Duration {
        self.context.settings.idle
    }

    fn retired(&self) -> &AtomicBool {
        &self.retired
    }

    fn was_idle(&mut self) -> bool {
        !std::mem::take(&mut self.touched) && self.alarm.is_none() && self.claims.is_none()
    }
}

/// How long it is until a moment.
fn until(moment: Time, now: Time) -> Duration {
    Duration::from_millis(moment.since(now).ms().max(0).unsigned_abs())
}

impl Actor for PackageActor {
    type Context = ActorContext<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        std::mem::replace(&mut self.made_for, Span::none()).in_scope(|| self.load(ctx));
        Self::retire_when_idle(ctx, self.idle_after());
    }
}

impl Handler<Envelope<Do>> for PackageActor {
    type Result = Reply<Self>;

    fn handle(&mut self, envelope: Envelope<Do>, ctx: &mut Self::Context) -> Self::Result {
        if envelope.is_late() {
            return Reply::refused(Refusal::Busy, self);
        }
        self.take_in(envelope, ctx)
    }
}

impl Handler<Envelope<Consider>> for PackageActor {
    type Result = ();

    fn handle(&mut self, envelope: Envelope<Consider>, ctx: &mut Self::Context) {
        envelope.span.in_scope(|| self.consider(ctx));
    }
}

impl Handler<Envelope<Refresh>> for PackageActor {
    type Result = ();

    fn handle(&mut self, _: Envelope<Refresh>, ctx: &mut Self::Context) {
        self.load(ctx);
    }
}

impl Handler<Envelope<Rendered>> for PackageActor {
    type Result = ActorResponse<Self, Result<(), Refusal>>;

    fn handle(&mut self, envelope: Envelope<Rendered>, ctx: &mut Self::Context) -> Self::Result {
        let body = envelope.body;
        if self.package.is_some() {
            return ActorResponse::reply(self.rendered(&body, ctx));
        }
        // It has to be read anew, as before any command.
        let (context, id) = (Arc::clone(&self.context), self.id);
        let loading = async move { context.store.package(id).await };
        ActorResponse::r#async(within(self, loading, move |loaded, actor, ctx| {
            if actor.package.is_none() {
                actor.package = loaded?;
            }
            actor.rendered(&body, ctx)
        }))
    }
}
