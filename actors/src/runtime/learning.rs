//! Learns from the store, at the start and every so often: how couriers answer, and what room is worth.
//!
//! Between two lessons a node follows what it sees itself and what it is told of. The lesson brings in the
//! answers that other nodes got, and forgets what is too old.

use std::sync::Arc;

use super::context::Context;
use crate::market::package::{Package, PackageState};
use crate::matching::TripEntry;
use crate::matching::policy::couriers::Couriers;
use crate::matching::policy::demand::MAX_PACKAGES;
use crate::matching::policy::evidence::{is_evidence, least_wait};
use crate::matching::policy::settlement::{MAX_TRIPS, PastPackage, PastTrip, Settlement};
use crate::money::ledger::Funding;
use crate::place::Gazetteer;
use crate::ports::{EvidenceQuery, Unavailable};
use crate::time::{Span, Time};

/// How many packages of one sender are read at most, the latest: nobody can crowd the others out.
const MAX_OF_ONE: u32 = 64;

/// Learns until the engine stops.
pub(super) async fn run(context: Arc<Context>) {
    loop {
        if let Err(error) = settle(&context).await {
            tracing::warn!(%error, "cannot learn what room is worth");
        }
        tokio::time::sleep(context.settings.relearn).await;
        if let Err(error) = recall(&context).await {
            tracing::warn!(%error, "cannot learn how couriers answer");
        }
    }
}

/// Learns how couriers answered, here and elsewhere, and what room was wanted lately.
pub(super) async fn recall(context: &Context) -> Result<(), Unavailable> {
    let Some(since) = since(context) else { return Ok(()) };
    let mut couriers = Couriers::default();
    for (courier, answers) in context.store.answers(since).await? {
        couriers.add(courier, answers);
    }
    context.model.replace_couriers(couriers);
    let mut evidence = evidence(context, since).await?;
    evidence.reverse();
    let settings = &context.settings.matching;
    context.model.replace_evidence(&evidence, |package| context.package_entry(package), settings);
    Ok(())
}

/// What speaks for demand, the latest first.
async fn evidence(context: &Context, since: Time) -> Result<Vec<Package>, Unavailable> {
    let (now, settings) = (context.clock.now(), &context.settings.matching);
    let query = EvidenceQuery {
        since,
        waited_since: now - least_wait(settings),
        anybody_can_pay: context.settings.funding == Funding::Demo,
        most_of_one: MAX_OF_ONE,
        limit: MAX_PACKAGES,
    };
    let mut found = context.store.evidence(query).await?;
    found.retain(|package| is_evidence(package, now, settings));
    Ok(found)
}

/// Works out what the last days would have settled on, on a thread of its own.
async fn settle(context: &Arc<Context>) -> Result<(), Unavailable> {
    let Some(since) = since(context) else { return Ok(()) };
    let mut packages = evidence(context, since).await?;
    // Who still waits is part of the market as it is, not of one that has settled.
    packages.retain(|package| package.state != PackageState::Open);
    let trips = context.store.published_trips(since, MAX_TRIPS).await?;
    let shared = Arc::clone(context);
    let work = move || {
        let settings = &shared.settings.matching;
        let gazetteer = Gazetteer::bundled();
        let past = |package: &_| {
            let mut entry = shared.package_entry(package);
            entry.forget_requests();
            PastPackage { entry, published_at: package.created_at }
        };
        let packages: Vec<PastPackage> = packages.iter().map(past).collect();
        let past = |trip: &crate::market::trip::Trip| PastTrip {
            entry: TripEntry::as_published(trip, gazetteer, settings),
            published_at: trip.created_at,
        };
        let trips = trips.iter().map(past).collect();
        let span = Span::days(i64::from(settings.history_days));
        Settlement::of(trips, &packages, span, settings, gazetteer)
    };
    let settled = tokio::task::spawn_blocking(work).await;
    let settlement = settled.map_err(|error| Unavailable(format!("the past cannot be settled: {error}")))?;
    context.model.adopt(settlement);
    Ok(())
}

/// How far back is learned from; nothing when nothing is.
fn since(context: &Context) -> Option<Time> {
    let days = context.settings.matching.history_days;
    (days > 0).then(|| context.clock.now() - Span::days(i64::from(days)))
}
