//! Where things stand, for a device that cannot be told what it has missed.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use actix_web::{HttpResponse, web};
use peerpack_actors::ids::TripId;
use peerpack_actors::market::request::{Origin, Request};
use peerpack_actors::ports::Store;
use peerpack_actors::stream::{self, Offer};
use peerpack_actors::time::Time;
use serde::Serialize;
use utoipa::ToSchema;

use super::packages::{self, PackageView};
use super::trips::requests::{self, TripRequestView};
use super::trips::{self, TripView};
use crate::app::App;
use crate::auth::Principal;
use crate::error::{ApiError, Problem};
use crate::store::Which;

/// Live trips whose requests are told: as many as there are trips in the answer.
const TRIPS: usize = 200;

/// A position in one's own stream.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = StreamPosition)]
pub struct Position {
    /// The history that the number belongs to.
    epoch: u64,
    /// The last event that the state has in it.
    seq: u64,
}

/// Where things stand. Of more than 200 packages or trips those that are under way are here, and the newest
/// of the others.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SyncState)]
pub struct Sync {
    /// Taken before the state was read. Events up to it are in the state; those after it may be, and are
    /// applied again.
    position: Position,
    /// Now, by the server's clock.
    #[schema(value_type = String, format = DateTime)]
    server_time: Time,
    /// One's own packages with their requests.
    packages: Vec<PackageView>,
    /// One's own trips.
    trips: Vec<TripView>,
    /// Requests and offers on one's own live trips.
    requests: Vec<TripRequestView>,
    /// The open offers of the engine, newest first: each as `offer.new` has told it, so that the same card
    /// can be drawn.
    offers: Vec<Offer>,
}

/// Where things stand, and from which event on to listen. For a device that was told `recovered: false`.
#[utoipa::path(get, path = "/api/sync", operation_id = "sync", tag = "realtime", security(("bearer" = [])),
    responses((status = 200, body = Sync), (status = 401, body = Problem), (status = 503, body = Problem)))]
pub async fn sync(app: web::Data<App>, principal: Principal) -> Result<HttpResponse, ApiError> {
    let user = principal.user;
    let position = app.database.position(user).await?;
    let packages = packages::all_of(&app, user).await?;
    let trips = trips::all_of(&app, user).await?;
    let mut live = app.engine.live_trips_of(user).await?;
    live.truncate(TRIPS);
    let mut requests = Vec::new();
    for trip in &live {
        requests.extend(requests::requests_on(&app, *trip, Which::All).await?);
    }
    let offers = offers(&app, &live).await?;
    Ok(HttpResponse::Ok().json(Sync {
        position: Position { epoch: position.epoch, seq: position.top },
        server_time: app.clock.now(),
        packages,
        trips,
        requests,
        offers,
    }))
}

async fn offers(app: &App, trips: &[TripId]) -> Result<Vec<Offer>, ApiError> {
    let (packages, now) = (app.database.packages_offered_on(trips).await?, app.clock.now());
    let trips: BTreeSet<TripId> = trips.iter().copied().collect();
    let is_open = |request: &Request| {
        request.origin == Origin::Engine
            && request.state.is_pending()
            && trips.contains(&request.trip)
            && request.expires_at.is_none_or(|at| at > now)
    };
    let mut offers: Vec<Offer> = packages
        .iter()
        .flat_map(|package| package.requests.iter().map(move |request| (package, request)))
        .filter(|(_, request)| is_open(request))
        .map(|(package, request)| stream::offer(package, request))
        .collect();
    offers.sort_unstable_by_key(|offer| Reverse(offer.request_id));
    Ok(offers)
}
