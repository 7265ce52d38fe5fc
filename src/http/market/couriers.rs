//! Asking a courier.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use peerpack_actors::ids::{PackageId, RequestId, TripId, UserId};
use peerpack_actors::market::package::{Mode, Package, PackageDraft, Terms};
use peerpack_actors::market::trip::Trip;
use peerpack_actors::place::Gazetteer;
use peerpack_actors::ports::Store;
use peerpack_actors::rejection::Rejection;
use peerpack_actors::runtime::engine::Described;
use peerpack_actors::runtime::{Conditions, Refusal};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::packages::{self, NewPackage};
use crate::app::App;
use crate::auth::Principal;
use crate::edge::idempotency::{Once, Repeatable};
use crate::error::extract::Given;
use crate::error::wrong::Wrong;
use crate::error::{ApiError, Problem};
use crate::http::input;

/// What a sender asks a courier, in any of three spellings: an existing package, a new one, or flat.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SendPackage {
    /// An existing package.
    package_id: Option<String>,
    /// Whether `package_data` describes a new package.
    #[serde(alias = "isNewPackage")]
    is_new_package: bool,
    /// A new package; it goes where the trip goes unless it says otherwise.
    #[serde(alias = "packageData")]
    package_data: Option<NewPackage>,
    /// Words to the courier.
    message: Option<String>,
    /// Flat spelling: the reward of a new package, roubles.
    #[serde(deserialize_with = "input::lenient_number")]
    #[schema(deprecated)]
    reward: Option<f64>,
    /// Flat spelling: what the new package is.
    #[serde(rename = "packageDescription", alias = "package_description")]
    #[schema(deprecated)]
    package_description: Option<String>,
}

/// A courier was asked.
#[derive(Debug, Serialize, ToSchema)]
pub struct PackageSent {
    success: bool,
    /// The request that the courier will answer.
    request_id: String,
    /// The package that was sent, or published for it.
    package_id: String,
}

/// Asks a courier to carry a package. `courier_id` may be the courier's or the trip's id.
#[utoipa::path(post, path = "/api/couriers/{courier_id}/send-package", operation_id = "send_package",
    tag = "couriers", security(("bearer" = [])),
    params(("courier_id" = String, Path, description = "The courier or the trip"), Repeatable), request_body = SendPackage,
    responses((status = 201, body = PackageSent), (status = 400, body = Problem),
        (status = 401, body = Problem),
        (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn send_package(
    app: web::Data<App>,
    principal: Principal,
    repeatable: Repeatable,
    path: web::Path<String>,
    body: Given<SendPackage>,
) -> Result<HttpResponse, ApiError> {
    let work = async |once: &Once| {
        let Given(mut input, mut wrong) = body;
        let by = principal.user;
        let message = wrong.or(input::text("message", input.message.take(), input::LONG_TEXT), String::new());
        let mut trips = trips_of(&app, &path).await?;
        let engine = |trip: TripId, made_from: Option<PackageId>, terms: Terms| {
            let answering = once.package(StatusCode::CREATED, move |package| sent(package, trip));
            app.engine.under(Conditions { answering, made_from, terms, if_still: None })
        };
        let (package, trip) = match input.package_id.take().filter(|id| !id.is_empty()) {
            None => {
                let described = NewPackage::default();
                let described = input.package_data.as_ref().unwrap_or(&described);
                let terms = wrong.or(packages::terms(&app, described), Terms::default());
                let is_flat = !input.is_new_package && input.package_data.is_none();
                let says_reward = input.reward.is_some();
                let draft = draft_for(&app, input, &trips[0], wrong)?;
                if is_flat {
                    let ids: Vec<TripId> = trips.iter().map(|trip| trip.id).collect();
                    let asked = ids.clone();
                    let sent = move |package: &Package| asked.iter().find_map(|trip| sent(package, *trip));
                    let answering = once.package(StatusCode::CREATED, sent);
                    let engine = app.engine.under(Conditions { answering, terms, ..Conditions::default() });
                    let described = Described { draft, says_reward };
                    engine.describe_and_ask(by, described, &ids, message).await?
                } else {
                    let publish = async |trip: TripId| {
                        engine(trip, None, terms)
                            .publish_and_ask(by, draft.clone(), trip, message.clone())
                            .await
                    };
                    first_that_takes_it(&trips, publish).await?
                }
            }
            Some(id) => {
                wrong.finish(())?;
                let id: PackageId = id.parse().map_err(|_| ApiError::not_found())?;
                let package = app.database.package(id).await?;
                let package =
                    package.filter(|package| package.sender == by).ok_or_else(ApiError::not_found)?;
                if let Some((draft, terms)) = packages::from_template(&app, &package) {
                    let publish = async |trip: TripId| {
                        let engine = engine(trip, Some(id), terms);
                        engine.publish_and_ask(by, draft.clone(), trip, message.clone()).await
                    };
                    first_that_takes_it(&trips, publish).await?
                } else {
                    begin_with_those_asked(&mut trips, &package);
                    let ask = async |trip: TripId| {
                        engine(trip, None, Terms::default()).ask(id, trip, by, message.clone()).await
                    };
                    first_that_takes_it(&trips, ask).await?
                }
            }
        };
        let sent = sent(&package, trip).ok_or_else(ApiError::not_found)?;
        Ok(HttpResponse::Created().json(sent))
    };
    repeatable.run(&app.database, principal.user, None, work).await
}

fn sent(package: &Package, trip: TripId) -> Option<PackageSent> {
    let request_id = package.request_on(trip)?.id.to_string();
    Some(PackageSent { success: true, request_id, package_id: package.id.to_string() })
}

/// A courier with several trips is asked for the one that the package has a request for, if there is one.
pub(in crate::http) fn begin_with_those_asked(trips: &mut [Trip], package: &Package) {
    trips.sort_by_key(|trip| package.request_on(trip.id).is_none());
}

/// Tries one trip after the other, and says which one takes the package; if none does, the first refusal
/// counts.
pub(in crate::http) async fn first_that_takes_it(
    trips: &[Trip],
    ask: impl AsyncFn(TripId) -> Result<(Package, RequestId), Refusal>,
) -> Result<(Package, TripId), ApiError> {
    let mut refused = None;
    for trip in trips {
        match ask(trip.id).await {
            Ok((package, _)) => return Ok((package, trip.id)),
            // The courier is asked already: not for another trip as well.
            Err(Refusal::Rejected(rejection @ Rejection::AlreadyRequested)) => return Err(rejection.into()),
            Err(Refusal::Rejected(rejection)) => refused = refused.or(Some(rejection)),
            Err(refusal) => return Err(refusal.into()),
        }
    }
    Err(refused.map_or_else(ApiError::not_found, ApiError::from))
}

pub(in crate::http) async fn trips_of(app: &App, id: &str) -> Result<Vec<Trip>, ApiError> {
    let trip: TripId = id.parse().map_err(|_| ApiError::not_found())?;
    if let Some(trip) = app.engine.trip(trip).await? {
        return Ok(vec![trip]);
    }
    let mut trips = Vec::new();
    for trip in app.engine.live_trips_of(UserId::from(trip.uuid())).await? {
        trips.extend(app.engine.trip(trip).await?);
    }
    trips.sort_by_key(Trip::departs);
    if trips.is_empty() { Err(ApiError::not_found()) } else { Ok(trips) }
}

/// A package made for one courier: others are not offered it unless its sender says so.
fn draft_for(app: &App, input: SendPackage, trip: &Trip, mut wrong: Wrong) -> Result<PackageDraft, ApiError> {
    let is_flat = input.package_data.is_none();
    let mut package = input.package_data.unwrap_or_default();
    if !input.is_new_package && input.package_description.is_none() && package.description.is_none() {
        wrong.add(ApiError::unprocessable("package_id", "name a package or describe a new one"));
        return Err(wrong.into());
    }
    package.description = package.description.or(input.package_description);
    package.reward = package.reward.or(input.reward);
    package.mode = package.mode.or(Some(Mode::Choose));
    let place = |index: usize| Gazetteer::bundled().get(trip.draft.stops[index].place);
    let towards = place(0).zip(place(trip.draft.stops.len() - 1));
    // As the client spells it.
    let spelt = |refusal: ApiError| match is_flat {
        true => refusal.renamed("description", "packageDescription"),
        false => refusal.within("package_data"),
    };
    match packages::draft(app, package, towards, Wrong::default()).map_err(spelt) {
        Ok(draft) => wrong.finish(draft),
        Err(refusal) => {
            wrong.add(refusal);
            Err(wrong.into())
        }
    }
}
