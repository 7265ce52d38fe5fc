//! An open package and its auction: looks for couriers, makes waves of offers, ends them in time, lets one
//! acceptance through. One command at a time; of fifty couriers who tap at once, one reaches the store.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use actix::{
    Actor, ActorFutureExt, AsyncContext, AtomicResponse, Context as ActorContext, ContextFutureSpawner,
    Handler, Message, SpawnHandle, WrapFuture,
};

use super::context::Context;
use super::execute::{Room, execute, is_worth_a_look, keep_rendered};
use super::fair_claims::{Claims, Reply};
use super::mailbox::Letter;
use super::measured::{Measured, measure};
use super::offers::Bookings;
use super::promise::Promise;
use super::refusal::Refusal;
use super::wave::{self, Wave};
use crate::ids::{PackageId, RequestId, UserId};
use crate::package::{Package, PackageCommand};
use crate::rejection::Rejection;
use crate::request::{Request, RequestCommand};
use crate::time::Time;

/// A command on the package; answers with the package afterwards.
pub(super) struct Do {
    pub(super) command: PackageCommand,
    /// The version that the caller has seen, if it must still be the one.
    pub(super) seen: Option<i64>,
    pub(super) promise: Option<Promise>,
}

impl Message for Do {
    type Result = Result<Done, Refusal>;
}

/// What a command came to.
#[derive(Clone, Debug)]
pub struct Done {
    /// The package afterwards.
    pub package: Package,
    /// Whether the command only repeated what was already so.
    pub repeated: bool,
}

impl Done {
    /// The request that the command was about.
    #[must_use]
    pub fn request(&self, id: RequestId) -> Option<&Request> {
        self.package.request(id)
    }
}

/// Look for couriers: something may have changed.
#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct Consider;

/// The package changed past this actor.
#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct Refresh;

/// A courier's screen shows an offer.
pub(super) struct Rendered {
    pub(super) request: RequestId,
    pub(super) by: UserId,
}

impl Message for Rendered {
    type Result = Result<(), Refusal>;
}

/// What a command leaves behind for the actor.
pub(super) struct Carried {
    /// The package afterwards, if it is known.
    pub(super) package: Option<Package>,
    /// Whether the store did not say what it has done.
    pub(super) in_doubt: bool,
    /// Whether there may be room for another courier.
    pub(super) again: bool,
}

/// Carries a command out on the package as it is held, or else as it is stored.
pub(super) async fn carry_out(
    context: &Arc<Context>,
    id: PackageId,
    held: Option<Package>,
    ask: &Do,
) -> (Carried, Result<Done, Refusal>) {
    let mut package = held;
    let result = on_a_current_copy(context, id, &mut package, ask).await;
    let in_doubt = matches!(result, Err(Refusal::Unavailable(_)));
    // The commit may have gone through unheard: load before the next command.
    package.take_if(|_| in_doubt);
    let again = matches!(result, Ok((_, true)));
    (Carried { package, in_doubt, again }, result.map(|(done, _)| done))
}

async fn on_a_current_copy(
    context: &Arc<Context>,
    id: PackageId,
    held: &mut Option<Package>,
    ask: &Do,
) -> Result<(Done, bool), Refusal> {
    let Do { command, seen, promise } = ask;
    let is_seen = |package: &Package| seen.is_none_or(|seen| seen == package.version);
    // The caller may know a newer version than this copy.
    if !held.as_ref().is_some_and(is_seen) {
        let known = held.take();
        *held = context.store.package(id).await?.map(|loaded| keep_rendered(loaded, known.as_ref()));
    }
    let package = held.as_mut().ok_or(Refusal::NotFound)?;
    if !is_seen(package) {
        return Err(Rejection::Stale.into());
    }
    let outcome = execute(context, package, command, Room::Actor, promise.as_ref()).await?;
    let done = Done { package: package.clone(), repeated: outcome.is_empty() };
    Ok((done, is_worth_a_look(&outcome)))
}

/// The actor of one package.
pub(super) struct PackageActor {
    pub(super) id: PackageId,
    pub(super) context: Arc<Context>,
    pub(super) package: Option<Package>,
    /// Acceptances that wait for others, if any do.
    pub(super) claims: Option<Claims>,
    alarm: Option<(Time, SpawnHandle)>,
    /// When to consider again although nothing has happened.
    look_again: Option<Time>,
    retired: Arc<AtomicBool>,
    pub(super) touched: bool,
    /// Whether the best candidates are being measured: the wave follows.
    is_measuring: bool,
}

impl PackageActor {
    pub(super) fn new(id: PackageId, context: Arc<Context>, retired: Arc<AtomicBool>) -> Self {
        Self {
            id,
            context,
            package: None,
            claims: None,
            alarm: None,
            look_again: None,
            retired,
            touched: true,
            is_measuring: false,
        }
    }

    fn load(&mut self, ctx: &mut ActorContext<Self>) {
        let (context, id) = (Arc::clone(&self.context), self.id);
        // Screens that showed an offer before the reload still do.
        let known = self.package.take();
        async move { context.store.package(id).await }
            .into_actor(self)
            .map(move |loaded, actor, ctx| match loaded {
                Ok(package) => {
                    actor.package = package.map(|package| keep_rendered(package, known.as_ref()));
                    if let Some(package) = &actor.package {
                        actor.context.follow_package(package);
                    }
                    actor.set_alarm(ctx);
                    actor.consider_soon(ctx);
                    actor.choose_soon(ctx);
                    actor.lapse_soon(ctx);
                }
                Err(error) => {
                    tracing::warn!(package = %actor.id, %error, "cannot load the package");
                    ctx.run_later(Duration::from_secs(1), Self::load);
                }
            })
            .wait(ctx);
    }

    /// Carries a command out while no other is looked at.
    pub(super) fn run(&mut self, ask: Do) -> AtomicResponse<Self, Result<Done, Refusal>> {
        self.touched = true;
        let (context, id, held) = (Arc::clone(&self.context), self.id, self.package.take());
        let work = async move { carry_out(&context, id, held, &ask).await };
        AtomicResponse::new(Box::pin(work.into_actor(self).map(|(carried, result), actor, ctx| {
            actor.go_on(carried, ctx);
            result
        })))
    }

    /// Takes back the package that commands were carried out on.
    pub(super) fn go_on(&mut self, carried: Carried, ctx: &mut ActorContext<Self>) {
        self.package = carried.package;
        self.set_alarm(ctx);
        if carried.in_doubt {
            ctx.run_later(Duration::from_secs(1), Self::load);
        }
        if carried.again {
            self.consider_soon(ctx);
            self.choose_soon(ctx);
        }
    }

    fn consider_soon(&self, ctx: &mut ActorContext<Self>) {
        let waiting =
            self.package.as_ref().is_some_and(|package| package.is_waiting(self.context.clock.now()));
        if waiting {
            ctx.run_later(Duration::ZERO, Self::consider);
        }
    }

    /// Nobody sets an alarm for the end of a package, so that it need not have an actor until then: the supervisor finds
    /// those whose time is over.
    fn lapse_soon(&self, ctx: &mut ActorContext<Self>) {
        if self.package.as_ref().is_some_and(|package| package.has_lapsed(self.context.clock.now())) {
            ctx.run_later(Duration::ZERO, Self::expire);
        }
    }

    /// Makes the next wave of offers, if there is anybody to ask.
    fn consider(&mut self, ctx: &mut ActorContext<Self>) {
        let Some(package) = &self.package else { return };
        if self.is_measuring || !package.is_waiting(self.context.clock.now()) {
            return;
        }
        let questions = wave::questions(&self.context, &self.context.package_entry(package));
        if questions.is_empty() {
            return self.offer(&Measured::default(), ctx);
        }
        self.is_measuring = true;
        let context = Arc::clone(&self.context);
        // Commands go on meanwhile: the wave is made of what is so when the answers are there.
        async move { measure(&context, questions).await }
            .into_actor(self)
            .map(|measured, actor, ctx| {
                actor.is_measuring = false;
                actor.offer(&measured, ctx);
            })
            .spawn(ctx);
    }

    fn offer(&mut self, measured: &Measured, ctx: &mut ActorContext<Self>) {
        let Some(package) = &self.package else { return };
        let Wave { proposals, look_again } = Wave::of(&self.context, package, measured);
        self.look_again = look_again;
        if proposals.is_empty() {
            return self.set_alarm(ctx);
        }
        self.touched = true;
        let (context, held) = (Arc::clone(&self.context), self.package.take());
        let bookings = Bookings::of(&self.context, &proposals);
        let work = async move {
            let mut package = held?;
            let offered =
                execute(&context, &mut package, &PackageCommand::Offer(proposals), Room::Actor, None).await;
            bookings.keep(&package);
            match offered {
                Ok(_) => Some(package),
                Err(refusal) => {
                    tracing::debug!(package = %package.id, %refusal, "a wave was not made");
                    (!matches!(refusal, Refusal::Unavailable(_))).then_some(package)
                }
            }
        };
        work.into_actor(self)
            .map(|package, actor, ctx| {
                actor.package = package;
                match actor.package {
                    Some(_) => actor.set_alarm(ctx),
                    None => actor.load(ctx),
                }
            })
            .wait(ctx);
    }

    /// Takes one of the acceptances, if the last moment for it has come.
    fn choose_soon(&self, ctx: &mut ActorContext<Self>) {
        if self.package.as_ref().is_some_and(|package| wave::next_choice(&self.context, package).is_some()) {
            ctx.run_later(Duration::ZERO, Self::choose);
        }
    }

    fn choose(&mut self, ctx: &mut ActorContext<Self>) {
        let Some(package) = &self.package else { return };
        let Some(id) = wave::choice(&self.context, package) else { return };
        self.touched = true;
        let (context, held) = (Arc::clone(&self.context), self.package.take());
        let work = async move {
            let Some(mut package) = held else { return (None, false) };
            let command = PackageCommand::Request { id, command: RequestCommand::Choose };
            let package = match execute(&context, &mut package, &command, Room::Actor, None).await {
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

    /// When something has to be done although nobody asks: an offer ends, a choice is due, a pause is over.
    fn next_moment(&self) -> Option<Time> {
        let package = self.package.as_ref()?;
        let waiting = package.is_waiting(self.context.clock.now());
        let moments = [
            package.next_deadline(),
            wave::next_choice(&self.context, package),
            self.look_again.filter(|_| waiting),
        ];
        moments.into_iter().flatten().min()
    }

    /// Wakes up at the next moment.
    fn set_alarm(&mut self, ctx: &mut ActorContext<Self>) {
        let next = self.next_moment();
        if self.alarm.as_ref().map(|(at, _)| *at) == next {
            return;
        }
        if let Some((_, handle)) = self.alarm.take() {
            ctx.cancel_future(handle);
        }
        if let Some(at) = next {
            let wait = at.since(self.context.clock.now()).ms().max(0).unsigned_abs();
            let handle = ctx.run_later(Duration::from_millis(wait), |actor, ctx| {
                actor.alarm = None;
                let now = actor.context.clock.now();
                actor.look_again.take_if(|at| *at <= now);
                // The choice comes first: what is due may end at the same moment.
                actor.choose_soon(ctx);
                ctx.run_later(Duration::ZERO, Self::expire);
            });
            self.alarm = Some((at, handle));
        }
    }

    fn expire(&mut self, ctx: &mut ActorContext<Self>) {
        let Some(mut package) = self.package.take() else { return self.load(ctx) };
        let context = Arc::clone(&self.context);
        async move {
            let expired =
                execute(&context, &mut package, &PackageCommand::ExpireOverdue, Room::Actor, None).await;
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
                    actor.consider_soon(ctx);
                }
                None => {
                    ctx.run_later(Duration::from_secs(1), Self::load);
                }
            }
        })
        .wait(ctx);
    }

    fn retire_when_idle(&mut self, ctx: &mut ActorContext<Self>) {
        ctx.run_later(self.context.settings.idle, |actor, ctx| {
            if actor.retired.load(Ordering::Acquire) {
                actix::ActorContext::stop(ctx);
            } else {
                // Retired first, stopped a round later: letters that are on their way still find it.
                let idle = !actor.touched && actor.alarm.is_none() && actor.claims.is_none();
                actor.retired.store(idle, Ordering::Release);
                actor.touched = false;
                actor.retire_when_idle(ctx);
            }
        });
    }
}

impl Actor for PackageActor {
    type Context = ActorContext<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        self.load(ctx);
        self.retire_when_idle(ctx);
    }
}

impl Handler<Letter<Do>> for PackageActor {
    type Result = Reply;

    fn handle(&mut self, letter: Letter<Do>, ctx: &mut Self::Context) -> Self::Result {
        if letter.is_late() {
            return Reply::refused(Refusal::Busy, self);
        }
        self.take_in(letter, ctx)
    }
}

impl Handler<Letter<Consider>> for PackageActor {
    type Result = ();

    fn handle(&mut self, _: Letter<Consider>, ctx: &mut Self::Context) {
        self.consider(ctx);
    }
}

impl Handler<Letter<Refresh>> for PackageActor {
    type Result = ();

    fn handle(&mut self, _: Letter<Refresh>, ctx: &mut Self::Context) {
        self.load(ctx);
    }
}

impl Handler<Letter<Rendered>> for PackageActor {
    type Result = Result<(), Refusal>;

    fn handle(&mut self, letter: Letter<Rendered>, ctx: &mut Self::Context) -> Self::Result {
        let Rendered { request, by } = letter.body;
        let now = self.context.clock.now();
        let package = self.package.as_mut().ok_or(Refusal::NotFound)?;
        package.rendered(request, by, now)?;
        self.set_alarm(ctx);
        Ok(())
    }
}
