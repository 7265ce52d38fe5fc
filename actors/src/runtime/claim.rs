//! One command on one package, from the copy that is held to the people who hear of it. A claim is the
//! hardest of them, and reads from top to bottom here:
//!
//! 1. [`answer`] takes the copy that is held, or reads a newer one;
//! 2. [`persist`] tries, and tries again with a newer copy after a conflict. A caller who has named a version
//!    (`If-Match`) is refused as soon as the copy has another one; an acceptance names none;
//! 3. an attempt sets the room aside, decides, commits, applies, and tells;
//! 4. the room is settled: the trip's actor hears what has become of what it has set aside.
//!
//! The package's actor calls this with the copy it holds and a [`Room`] that asks the trip's actor; with the
//! actors bypassed it is called with what was just loaded. Either way the store's guards decide.

use std::iter;
use std::sync::Arc;

use super::context::Context;
use super::mailbox::Undelivered;
use super::messages::{Do, Done, Reserve, Settle};
use super::promise::Subject;
use super::refusal::Refusal;
use crate::ids::{PackageId, RequestId, TripId};
use crate::market::package::{Outcome, Package, PackageCommand, PackageEvent};
use crate::market::request::RequestCommand;
use crate::market::trip::{Trip, TripEvent};
use crate::ports::CommitError;
use crate::rejection::Rejection;
use crate::unit::Unit;
use crate::work::WorkId;

/// How often a command is decided anew after a conflict.
pub(super) const ATTEMPTS: usize = 4;

/// Where the room on a trip is asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Room {
    /// The trip's actor, which keeps others from taking the same room meanwhile.
    Actor,
    /// The store alone.
    Store,
}

/// What a command leaves behind for the actor.
pub(super) struct Left {
    /// The package afterwards, if it is known.
    pub(super) package: Option<Package>,
    /// Whether the store did not say what it has done.
    pub(super) in_doubt: bool,
    /// Whether there may be room for another courier.
    pub(super) again: bool,
}

/// Answers a command, which is carried out on the package as it is held, or else as it is stored.
pub(super) async fn answer(
    context: &Arc<Context>,
    id: PackageId,
    held: Option<Package>,
    ask: &Do,
) -> (Left, Result<Done, Refusal>) {
    let mut package = held;
    let result = on_a_current_copy(context, id, &mut package, ask).await;
    let in_doubt = matches!(result, Err(Refusal::Unavailable(_)));
    // The commit may have gone through unheard: load before the next command.
    package.take_if(|_| in_doubt);
    let again = matches!(result, Ok((_, true)));
    (Left { package, in_doubt, again }, result.map(|(done, _)| done))
}

async fn on_a_current_copy(
    context: &Arc<Context>,
    id: PackageId,
    held: &mut Option<Package>,
    ask: &Do,
) -> Result<(Done, bool), Refusal> {
    // The caller may know a newer version than this copy.
    if !held.as_ref().is_some_and(|package| ask.has_seen(package)) {
        let known = held.take();
        *held = context.store.package(id).await?.map(|loaded| keep_rendered(loaded, known.as_ref()));
    }
    let package = held.as_mut().ok_or(Refusal::NotFound)?;
    let outcome = persist(context, package, ask, Room::Actor).await?;
    let done = Done { package: package.clone(), repeated: outcome.is_empty() };
    Ok((done, is_worth_a_look(&outcome)))
}

/// Decides a command and commits it. Returns what happened; an empty outcome repeats what was already so.
#[tracing::instrument(
    name = "command", level = "debug", skip_all, fields(package = %package.id, command = ask.command.name())
)]
pub(super) async fn persist(
    context: &Arc<Context>,
    package: &mut Package,
    ask: &Do,
    room: Room,
) -> Result<Outcome, Refusal> {
    let command = &ask.command;
    // Without the actors the package was read a moment ago.
    let mut is_fresh = room == Room::Store;
    for _ in 0..ATTEMPTS {
        if !ask.has_seen(package) {
            return Err(Rejection::Stale.into());
        }
        match attempt(context, package, ask, room, is_fresh).await {
            Ok(outcome) => return Ok(outcome),
            Err(Failed::Conflict) => metrics::counter!("peerpack_commit_conflicts_total").increment(1),
            Err(Failed::Decided(rejection)) if is_fresh || is_settled(package, command) => {
                return Err(rejection.into());
            }
            Err(Failed::Doubtful) => {}
            // Another node, or a commit whose answer never came, may have made this copy an old one.
            Err(Failed::Decided(_)) => refresh_trip(context, package, command).await,
            Err(Failed::Refused(refusal)) => return Err(refusal),
        }
        let loaded = context.store.package(package.id).await?.ok_or(Refusal::NotFound)?;
        *package = keep_rendered(loaded, Some(package));
        context.follow_package(package);
        is_fresh = true;
    }
    Err(Refusal::Busy)
}

/// Why an attempt came to nothing.
enum Failed {
    /// Somebody else was faster.
    Conflict,
    /// The held copy says that this was done before, but the copy may be out of date.
    Doubtful,
    /// The core says no, to the copies that are held here.
    Decided(Rejection),
    /// It is of no use to try again.
    Refused(Refusal),
}

impl From<Refusal> for Failed {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Rejected(rejection) => Self::Decided(rejection),
            other => Self::Refused(other),
        }
    }
}

async fn attempt(
    context: &Arc<Context>,
    package: &mut Package,
    ask: &Do,
    room: Room,
    is_fresh: bool,
) -> Result<Outcome, Failed> {
    let Do { command, promise, .. } = ask;
    let promise = promise.as_ref();
    let reservation = set_room_aside(context, package, command, room).await?;
    let trip = reservation.as_ref().map(|reservation| &reservation.trip);
    let now = context.clock.now();
    let outcome = match package.decide(command, trip, context.settings.funding, now) {
        Ok(outcome) if !outcome.is_empty() => outcome,
        nothing => {
            drop(reservation);
            let outcome = nothing.map_err(Failed::Decided)?;
            if !is_fresh && !is_settled(package, command) {
                return Err(Failed::Doubtful);
            }
            if let Some(receipt) = promise.and_then(|promise| promise.receipt(Subject::Package(package))) {
                context.store.commit(Unit::receipt(receipt, now)).await.map_err(Refusal::from)?;
            }
            return Ok(outcome);
        }
    };
    let mut after = package.clone();
    after.apply(&outcome.events);
    let mut unit = Unit::package(package, outcome.clone(), now).within(context.settings.bounds);
    unit.receipt = promise.and_then(|promise| promise.receipt(Subject::Package(&after)));
    match context.store.commit(unit).await {
        Ok(committed) => {
            context.model.learn(package, &outcome);
            *package = after;
            let trips = outcome.trips.iter().map(|(id, _)| WorkId::from(*id));
            context.tell(committed, iter::once(package.id.into()).chain(trips));
            context.follow_package(package);
            settle_room(context, reservation, &outcome).await;
            Ok(outcome)
        }
        Err(error) => {
            drop(reservation);
            Err(match error {
                CommitError::Conflict => Failed::Conflict,
                CommitError::Refused(rejection) => {
                    refresh_trip(context, package, command).await;
                    Failed::Refused(rejection.into())
                }
                CommitError::Unavailable(unavailable) => Failed::Refused(unavailable.into()),
            })
        }
    }
}

/// Whether a refusal needs no newer copy: requests that have ended stay as they are, and offers are made
/// again later. So for those who come too late no package is read.
fn is_settled(package: &Package, command: &PackageCommand) -> bool {
    match command {
        PackageCommand::Request { id, .. } => {
            package.request(*id).is_some_and(|request| request.state.is_over())
        }
        PackageCommand::Offer(_) | PackageCommand::ExpireOverdue => true,
        PackageCommand::Ask { .. }
        | PackageCommand::Respond { .. }
        | PackageCommand::HandOver { .. }
        | PackageCommand::TripGone(_)
        | PackageCommand::Cancel { .. } => false,
    }
}

/// The trip on which an acceptance needs room. When this value is settled or dropped, also by a panic, the
/// trip's actor is told to take the room that it has set aside, or to give it back.
struct Reservation<'a> {
    context: &'a Context,
    trip: Trip,
    /// Not settled yet; nothing where no actor keeps the room.
    request: Option<RequestId>,
}

impl Reservation<'_> {
    /// Tells the actor what has become of it. Whether there was anything to tell.
    fn settle(&mut self, event: Option<TripEvent>) -> bool {
        let Some(request) = self.request.take() else { return false };
        if let Some(actor) = self.context.directories().trips.existing(self.trip.id) {
            actor.follow_up(Settle { request, event });
        }
        true
    }
}

impl Drop for Reservation<'_> {
    fn drop(&mut self) {
        self.settle(None);
    }
}

/// The trip that an acceptance needs room on, with the room set aside when its actor keeps it.
async fn set_room_aside<'a>(
    context: &'a Context,
    package: &Package,
    command: &PackageCommand,
    room: Room,
) -> Result<Option<Reservation<'a>>, Refusal> {
    let PackageCommand::Request {
        id,
        command:
            accept @ (RequestCommand::Accept { .. } | RequestCommand::Choose | RequestCommand::Select { .. }),
    } = command
    else {
        return Ok(None);
    };
    // No room is asked for where the package refuses anyway.
    let Some(request) = package.request(*id) else { return Err(Rejection::UnknownRequest.into()) };
    let now = context.clock.now();
    if request.already(accept) || request.decide(accept, now).is_err() {
        return Ok(None);
    }
    // An acceptance that only stands for now needs no room.
    if matches!(accept, RequestCommand::Accept { .. }) && package.defers(request, now) {
        return Ok(None);
    }
    if room == Room::Store {
        let trip = context.store.trip(request.trip).await?.ok_or(Rejection::TripNotLive)?;
        return Ok(Some(Reservation { context, trip, request: None }));
    }
    let ask = Reserve {
        request: *id,
        legs: request.plan.legs,
        load: package.draft.load,
        detour_min: request.plan.detour_min,
    };
    let trip = ask_trip_for_room(context, request.trip, ask).await?;
    Ok(Some(Reservation { context, trip, request: Some(*id) }))
}

async fn ask_trip_for_room(context: &Context, id: TripId, ask: Reserve) -> Result<Trip, Refusal> {
    for _ in 0..2 {
        match context.directories().trips.get(id).ask(ask).await {
            Ok(answer) => return answer,
            Err(undelivered) => {
                if undelivered == Undelivered::Late
                    && let Some(actor) = context.directories().trips.existing(id)
                {
                    // It may set the room aside all the same, after nobody needs it any more.
                    actor.follow_up(Settle { request: ask.request, event: None });
                }
                undelivered.refusal().map_or(Ok(()), Err)?;
            }
        }
    }
    Err(Refusal::Busy)
}

/// Tells the trips' actors of room that was taken or given back.
async fn settle_room(context: &Arc<Context>, mut reservation: Option<Reservation<'_>>, outcome: &Outcome) {
    for (id, event) in &outcome.trips {
        let is_settled = matches!(event, TripEvent::Reserved { .. })
            && reservation.as_mut().is_some_and(|reservation| reservation.settle(Some(event.clone())));
        if !is_settled {
            context.refresh_trip(*id).await;
        }
    }
}

/// Has the trip of a request read again by its actor.
async fn refresh_trip(context: &Arc<Context>, package: &Package, command: &PackageCommand) {
    if let PackageCommand::Request { id, .. } = command
        && let Some(request) = package.request(*id)
    {
        context.refresh_trip(request.trip).await;
    }
}

/// Whether a request ended or the package moved, so that there may be room for another courier.
fn is_worth_a_look(outcome: &Outcome) -> bool {
    let asks = |event: &PackageEvent| {
        matches!(event, PackageEvent::RequestOpened(_) | PackageEvent::OfferAdopted { .. })
    };
    outcome.events.iter().any(|event| !asks(event))
}

/// Screens that showed an offer before a reload still do.
pub(super) fn keep_rendered(mut loaded: Package, known: Option<&Package>) -> Package {
    for request in &mut loaded.requests {
        request.rendered_at =
            known.and_then(|known| known.request(request.id)).and_then(|known| known.rendered_at);
    }
    loaded
}
