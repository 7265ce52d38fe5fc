//! A live trip: the room left on each leg, what is being taken right now, and its place in the index.
//!
//! It screens acceptances before they reach the store, so that of many couriers or packages that want the
//! same room most cost no database write. The store's guard on each leg has the last word.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use actix::{
    Actor, ActorFutureExt, AtomicResponse, Context as ActorContext, ContextFutureSpawner, Handler, WrapFuture,
};
use tracing::Instrument as _;

use super::claim::ATTEMPTS;
use super::context::Context;
use super::envelope::Envelope;
use super::messages::{Refresh, Reserve, Settle, TripOrder};
use super::promise::Subject;
use super::refusal::Refusal;
use super::retirement::Retiring;
use crate::ids::{PackageId, RequestId, TripId};
use crate::market::package::{Package, PackageCommand};
use crate::market::request::RequestState;
use crate::market::trip::{Trip, TripCommand, TripEvent, TripState};
use crate::ports::{CommitError, Unavailable};
use crate::rejection::Rejection;
use crate::unit::Unit;
use crate::work::WorkId;

/// How many packages whose requests wait on a trip hear of its end together with it; the others, a little
/// later.
const TOGETHER: u32 = 64;

/// The actor of one trip.
pub(super) struct TripActor {
    id: TripId,
    context: Arc<Context>,
    trip: Option<Trip>,
    held: HashMap<RequestId, Held>,
    /// Counts how often the trip was read from the store. A row that was read later may already include room
    /// that was set aside before.
    generation: u64,
    retired: Arc<AtomicBool>,
    touched: bool,
}

struct Held {
    event: TripEvent,
    generation: u64,
}

impl TripActor {
    pub(super) fn new(id: TripId, context: Arc<Context>, retired: Arc<AtomicBool>) -> Self {
        Self { id, context, trip: None, held: HashMap::new(), generation: 0, retired, touched: true }
    }

    fn load(&self, ctx: &mut ActorContext<Self>) {
        let (context, id) = (Arc::clone(&self.context), self.id);
        async move { context.store.trip(id).await }
            .into_actor(self)
            .map(|loaded, actor, _| actor.take_in(loaded))
            .wait(ctx);
    }

    fn take_in(&mut self, loaded: Result<Option<Trip>, Unavailable>) {
        match loaded {
            Ok(Some(trip)) => {
                let room_grew = self.trip.as_ref().is_none_or(|known| room_grew(known, &trip));
                self.generation += 1;
                self.context.follow_trip(&trip, room_grew);
                self.trip = Some(trip);
            }
            Ok(None) => self.trip = None,
            // What is held may be stale; the store's guards keep it harmless.
            Err(error) => tracing::warn!(trip = %self.id, %error, "cannot load the trip"),
        }
    }

    /// The trip with everything that is on its way counted as taken.
    fn promised(&self) -> Result<Trip, Refusal> {
        // Not there yet: its row could not be read, and is being read again.
        let mut trip = self.trip.clone().ok_or(Refusal::Busy)?;
        for held in self.held.values() {
            let TripEvent::Reserved { legs, load, detour_min } = held.event else { continue };
            let reserve = TripCommand::Reserve { legs, load, detour_min };
            if trip.decide(&reserve, trip.created_at).is_ok() {
                trip.apply(&held.event);
            }
        }
        Ok(trip)
    }
}

impl Retiring for TripActor {
    fn idle_after(&self) -> Duration {
        self.context.settings.idle
    }

    fn retired(&self) -> &AtomicBool {
        &self.retired
    }

    fn was_idle(&mut self) -> bool {
        !std::mem::take(&mut self.touched) && self.held.is_empty()
    }
}

impl Actor for TripActor {
    type Context = ActorContext<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        self.load(ctx);
        Self::retire_when_idle(ctx, self.idle_after());
    }
}

impl Handler<Envelope<Reserve>> for TripActor {
    type Result = Result<Trip, Refusal>;

    fn handle(&mut self, envelope: Envelope<Reserve>, ctx: &mut Self::Context) -> Self::Result {
        let Reserve { request, legs, load, detour_min } = envelope.body;
        self.touched = true;
        if self.trip.is_none() {
            self.load(ctx);
        }
        let promised = self.promised()?;
        let event = promised.decide(&TripCommand::Reserve { legs, load, detour_min }, promised.created_at)?;
        self.held.insert(request, Held { event, generation: self.generation });
        Ok(promised)
    }
}

impl Handler<Envelope<Settle>> for TripActor {
    type Result = ();

    fn handle(&mut self, envelope: Envelope<Settle>, ctx: &mut Self::Context) {
        let held = self.held.remove(&envelope.body.request);
        let Some(event) = envelope.body.event else { return };
        match &mut self.trip {
            Some(trip) if held.is_some_and(|held| held.generation == self.generation) => {
                trip.apply(&event);
                self.context.follow_trip(trip, false);
            }
            _ => self.load(ctx),
        }
    }
}

impl Handler<Envelope<Refresh>> for TripActor {
    type Result = ();

    fn handle(&mut self, _: Envelope<Refresh>, ctx: &mut Self::Context) {
        self.load(ctx);
    }
}

impl Handler<Envelope<TripOrder>> for TripActor {
    type Result = AtomicResponse<Self, Result<Trip, Refusal>>;

    fn handle(&mut self, envelope: Envelope<TripOrder>, _: &mut Self::Context) -> Self::Result {
        if envelope.is_late() {
            return AtomicResponse::new(Box::pin(std::future::ready(Err(Refusal::Busy)).into_actor(self)));
        }
        self.touched = true;
        let (context, id, order) = (Arc::clone(&self.context), self.id, envelope.body);
        let persisted = async move { persist_order(&context, id, order).await }.instrument(envelope.span);
        AtomicResponse::new(Box::pin(persisted.into_actor(self).map(|result, actor, _| {
            if let Ok(trip) = &result {
                actor.take_in(Ok(Some(trip.clone())));
            }
            result
        })))
    }
}

/// Decides an order and commits it, together with what it means for the packages of the trip.
#[tracing::instrument(
    name = "command", level = "debug", skip_all, fields(trip = %id, command = order.name())
)]
pub(super) async fn persist_order(
    context: &Arc<Context>,
    id: TripId,
    order: TripOrder,
) -> Result<Trip, Refusal> {
    for _ in 0..ATTEMPTS {
        let trip = context.store.trip(id).await?.ok_or(Refusal::NotFound)?;
        let now = context.clock.now();
        if let TripOrder::Cancel { by, seen, promise } = &order
            && *by == trip.courier
        {
            if seen.is_some_and(|seen| seen != trip.version) {
                return Err(Rejection::Stale.into());
            }
            if let TripState::Cancelled { .. } = trip.state {
                let receipt = promise.as_ref().and_then(|promise| promise.receipt(Subject::Trip(&trip)));
                if let Some(receipt) = receipt {
                    context.store.commit(Unit::receipt(receipt, now)).await?;
                }
                return Ok(trip);
            }
        }
        let mut ids = context.store.deals_on(id).await?;
        let pending = context.store.pending_on(id, None, TOGETHER + 1).await?;
        let is_more = pending.len() > TOGETHER as usize;
        ids.extend(pending.into_iter().take(TOGETHER as usize));
        ids.sort_unstable();
        ids.dedup();
        let mut packages: Vec<Package> = Vec::new();
        for package in ids {
            packages.extend(context.store.package(package).await?);
        }
        let Some(command) = command(&trip, &order, &packages, context) else { return Ok(trip) };
        let event = trip.decide(&command, now)?;
        let mut outcomes = Vec::with_capacity(packages.len());
        if trip.state.is_live() && !matches!(event, TripEvent::Started { .. }) {
            for package in &packages {
                let gone =
                    package.decide(&PackageCommand::TripGone(id), None, context.settings.funding, now)?;
                if !gone.is_empty() {
                    outcomes.push((package, gone));
                }
            }
        }
        let touched: Vec<_> = outcomes.iter().map(|(package, _)| package.id).collect();
        let mut unit = Unit::trip(&trip, &event, outcomes, now);
        unit.rest_of = (is_more && !matches!(event, TripEvent::Started { .. })).then_some(id);
        if let TripOrder::Cancel { promise: Some(promise), .. } = &order {
            let mut after = trip.clone();
            after.apply(&event);
            unit.receipt = promise.receipt(Subject::Trip(&after));
        }
        let changed: Vec<WorkId> =
            touched.iter().map(|package| (*package).into()).chain([id.into()]).collect();
        match context.commit(unit, changed).await {
            Ok(()) => {
                for package in touched {
                    reopened(context, package).await;
                }
                return context.store.trip(id).await?.ok_or(Refusal::NotFound);
            }
            Err(CommitError::Conflict) => {}
            Err(CommitError::Refused(rejection)) => return Err(rejection.into()),
            Err(CommitError::Unavailable(unavailable)) => return Err(unavailable.into()),
        }
    }
    Err(Refusal::Busy)
}

/// A package that lost its courier looks for another one, also if its actor has retired.
async fn reopened(context: &Arc<Context>, package: PackageId) {
    if context.settings.bypass_actors {
        context.refresh_package(package).await;
    } else {
        let _ = context.directories().packages.get(package).tell(Refresh);
    }
}

fn command(trip: &Trip, order: &TripOrder, packages: &[Package], context: &Context) -> Option<TripCommand> {
    let count = |counts: fn(&RequestState) -> bool| {
        let requests = packages.iter().flat_map(|package| &package.requests);
        requests.filter(|request| request.trip == trip.id && counts(&request.state)).count()
    };
    match order {
        TripOrder::Cancel { by, .. } => {
            let on_board = count(|state| matches!(state, RequestState::PickedUp { .. }));
            Some(TripCommand::Cancel { by: *by, on_board })
        }
        TripOrder::Tick => {
            let now = context.clock.now();
            let open =
                count(|state| matches!(state, RequestState::Accepted { .. } | RequestState::PickedUp { .. }));
            match trip.state {
                TripState::Active if trip.departs() <= now => Some(TripCommand::Start),
                TripState::InProgress { .. } if trip.arrives() <= now && open == 0 => {
                    Some(TripCommand::Complete { on_board: 0 })
                }
                TripState::Active
                | TripState::InProgress { .. }
                | TripState::Completed { .. }
                | TripState::Cancelled { .. } => None,
            }
        }
    }
}

fn room_grew(before: &Trip, after: &Trip) -> bool {
    before.left.iter().zip(&after.left).any(|(before, after)| !after.fits(*before))
}
