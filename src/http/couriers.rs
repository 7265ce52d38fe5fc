//! Finding a courier, and asking one.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use peerpack_actors::ids::{PackageId, RequestId, TripId, UserId};
use peerpack_actors::load::Load;
use peerpack_actors::matching::{Need, Settings, zone};
use peerpack_actors::money::Amount;
use peerpack_actors::package::{Mode, Package, PackageDraft};
use peerpack_actors::place::{Gazetteer, Place, PlaceId};
use peerpack_actors::runtime::Refusal;
use peerpack_actors::time::{Span, Time};
use peerpack_actors::trip::Trip;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::once::{Once, Repeatable};
use super::packages::NewPackage;
use super::trips::TripView;
use super::{input, loads, local_time, packages, profile, trips};
use crate::app::App;
use crate::auth::Principal;
use crate::error::extract::{Body, Query};
use crate::error::{ApiError, Problem};

/// How many trips one search looks at. When fewer than a page of them suit, the next page goes on from there.
const LOOKED_AT: usize = 500;

/// How many trips one page has.
const PAGE: usize = 20;

/// What is searched for.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct Search {
    /// Where the package starts, by name.
    from: Option<String>,
    /// Where it goes, by name.
    to: Option<String>,
    /// The earliest departure, `YYYY-MM-DD`, local date of the origin.
    date_from: Option<String>,
    /// The latest departure, `YYYY-MM-DD`, local date of the origin.
    date_to: Option<String>,
    /// Only trips with room for `light`, `medium`, `heavy` or `very_heavy`.
    weight: Option<String>,
    /// Only couriers who ask at most this, roubles.
    max_price: Option<f64>,
    /// Only `plane`, `train`, `car`, `bus` or `foot`.
    transport: Option<String>,
    /// The next page, as the last answer named it.
    cursor: Option<usize>,
}

/// Couriers on their way.
#[derive(Debug, Serialize, ToSchema)]
pub struct Couriers {
    /// Soonest first.
    couriers: Vec<CourierView>,
    /// Where the next page starts.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// A trip with its courier's profile folded in.
#[derive(Debug, Serialize, ToSchema)]
pub struct CourierView {
    /// The trip's id.
    trip_id: String,
    /// The courier's id.
    courier_id: String,
    /// Telegram name, without `@`.
    #[serde(skip_serializing_if = "Option::is_none")]
    telegram_username: Option<String>,
    /// Journeys of the past.
    past_trips: Vec<PastTrip>,
    /// What others say.
    reviews: Vec<ReviewView>,
    #[serde(flatten)]
    trip: TripView,
}

/// A journey of the past.
#[derive(Debug, Serialize, ToSchema)]
pub struct PastTrip {
    pub(super) from: String,
    pub(super) to: String,
    pub(super) date: String,
    /// Whether the package arrived.
    pub(super) success: bool,
}

/// What somebody says.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReviewView {
    pub(super) rating: u8,
    pub(super) text: String,
    pub(super) date: String,
    /// Who says it.
    pub(super) name: String,
}

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
    reward: Option<f64>,
    /// Flat spelling: what the new package is.
    #[serde(rename = "packageDescription", alias = "package_description")]
    package_description: Option<String>,
}

/// A courier was asked.
#[derive(Debug, Serialize, ToSchema)]
pub struct PackageSent {
    success: bool,
    /// The request that the courier will answer.
    request_id: String,
    /// The package.
    package_id: String,
}

/// Couriers whose trips pass both places in order, also those who only pass through. No sign-in needed.
#[utoipa::path(get, path = "/api/couriers", tag = "couriers", params(Search),
    responses((status = 200, body = Couriers), (status = 400, body = Problem), (status = 422, body = Problem)))]
pub async fn search(app: web::Data<App>, query: Query<Search>) -> Result<HttpResponse, ApiError> {
    let search = query.0;
    let named =
        |field, name: &Option<String>| name.as_deref().map(|name| input::place(field, name)).transpose();
    let (from, to) = (named("from", &search.from)?, named("to", &search.to)?);
    let weight = search.weight.as_deref().map(|word| {
        loads::weight_g(word).ok_or_else(|| ApiError::unprocessable("weight", loads::WEIGHT_WORDS))
    });
    let load = Load { weight_g: weight.transpose()?.unwrap_or(0), ..Load::NONE };
    let window = window(&search, from)?;
    let start = search.cursor.unwrap_or(0);
    let most = start.saturating_add(LOOKED_AT);
    let found = candidates(&app, (from, to), load, window.0, most);
    let all_found = found.len() < most;
    let (mut couriers, mut position, mut more) = (Vec::new(), start, false);
    for (trip, boards_at) in found.into_iter().skip(start) {
        if couriers.len() == PAGE {
            more = true;
            break;
        }
        position += 1;
        if boards_at < window.0 || boards_at >= window.1 {
            continue;
        }
        let trip = app.engine.trip(trip).await?;
        couriers.extend(trip.filter(|trip| suits(trip, &search)));
    }
    let ids: Vec<UserId> = couriers.iter().map(|trip| trip.courier).collect();
    let people = app.database.people(&ids).await?;
    let reputations = app.database.reputations(&ids, profile::SHOWN).await?;
    let couriers = couriers
        .iter()
        .map(|trip| {
            let known = reputations.get(&trip.courier).cloned().unwrap_or_default();
            CourierView {
                trip_id: trip.id.to_string(),
                courier_id: trip.courier.to_string(),
                telegram_username: people.get(&trip.courier).and_then(|courier| courier.username.clone()),
                past_trips: known.past.iter().map(profile::past_trip).collect(),
                reviews: known.reviews.iter().map(profile::review_view).collect(),
                trip: trips::view(trip, people.get(&trip.courier)),
            }
        })
        .collect();
    let next_cursor = (more || !all_found).then(|| position.to_string());
    Ok(HttpResponse::Ok().json(Couriers { couriers, next_cursor }))
}

/// Asks a courier to carry a package. `courier_id` may be the courier's or the trip's id.
#[utoipa::path(post, path = "/api/couriers/{courier_id}/send-package", tag = "couriers", security(("bearer" = [])),
    params(("courier_id" = String, Path, description = "The courier or the trip")), request_body = SendPackage,
    responses((status = 201, body = PackageSent), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn send_package(
    app: web::Data<App>,
    principal: Principal,
    repeatable: Repeatable,
    path: web::Path<String>,
    body: Body<SendPackage>,
) -> Result<HttpResponse, ApiError> {
    let work = async |once: &Once| {
        let mut input = body.0;
        let message = input::text("message", input.message.take(), input::LONG_TEXT)?;
        let trips = trips_of(&app, &path).await?;
        let engine = app.engine.answering(once.package(StatusCode::CREATED, sent));
        let package = match input.package_id.take().filter(|id| !id.is_empty()) {
            None => {
                let draft = draft_for(&app, input, &trips[0])?;
                let publish = async |trip: TripId| {
                    engine.publish_and_ask(principal.user, draft.clone(), trip, message.clone()).await
                };
                first_that_takes_it(&trips, publish).await?
            }
            Some(id) => {
                let id: PackageId = id.parse().map_err(|_| ApiError::not_found())?;
                let by = principal.user;
                match packages::from_template(&app, id, by).await? {
                    Some(draft) => {
                        let publish = async |trip: TripId| {
                            let engine = engine.made_from(id);
                            engine.publish_and_ask(by, draft.clone(), trip, message.clone()).await
                        };
                        first_that_takes_it(&trips, publish).await?
                    }
                    None => {
                        let ask = async |trip: TripId| engine.ask(id, trip, by, message.clone()).await;
                        first_that_takes_it(&trips, ask).await?
                    }
                }
            }
        };
        let sent = sent(&package).ok_or_else(ApiError::not_found)?;
        Ok(HttpResponse::Created().json(sent))
    };
    repeatable.run(&app, principal.user, None, work).await
}

/// The request that was opened last is the one that was just sent.
fn sent(package: &Package) -> Option<PackageSent> {
    let request_id = package.requests.last()?.id.to_string();
    Some(PackageSent { success: true, request_id, package_id: package.id.to_string() })
}

/// Tries one trip after the other; if none takes the package, the first refusal counts.
pub(super) async fn first_that_takes_it(
    trips: &[Trip],
    ask: impl AsyncFn(TripId) -> Result<(Package, RequestId), Refusal>,
) -> Result<Package, ApiError> {
    let mut refused = None;
    for trip in trips {
        match ask(trip.id).await {
            Ok((package, _)) => return Ok(package),
            Err(Refusal::Rejected(rejection)) => refused = refused.or(Some(rejection)),
            Err(refusal) => return Err(refusal.into()),
        }
    }
    Err(refused.map_or_else(ApiError::not_found, ApiError::from))
}

pub(super) async fn trips_of(app: &App, id: &str) -> Result<Vec<Trip>, ApiError> {
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
fn draft_for(app: &App, input: SendPackage, trip: &Trip) -> Result<PackageDraft, ApiError> {
    let mut package = input.package_data.unwrap_or_default();
    if !input.is_new_package && input.package_description.is_none() && package.description.is_none() {
        return Err(ApiError::unprocessable("package_id", "name a package or describe a new one"));
    }
    package.description = package.description.or(input.package_description);
    package.reward = package.reward.or(input.reward);
    package.mode = package.mode.or(Some(Mode::Choose));
    let place = |index: usize| Gazetteer::bundled().get(trip.draft.stops[index].place);
    let towards = place(0).zip(place(trip.draft.stops.len() - 1));
    packages::draft(app, package, towards)
}

/// Trips with the time at which a package would get on, not before `since`, soonest first; at most so many.
fn candidates(
    app: &App,
    way: (Option<&Place>, Option<&Place>),
    load: Load,
    since: Time,
    most: usize,
) -> Vec<(TripId, Time)> {
    let settings = Settings::default();
    let around = |place: &Place| zone(place.id, place.position, Gazetteer::bundled(), &settings);
    match way {
        (Some(from), Some(to)) => {
            let (pickups, dropoffs) = (around(from), around(to));
            let need = Need { load, ready_at: since, ..Need::to_pass(&pickups, &dropoffs) };
            let found = app.engine.search(&need, most);
            found.into_iter().map(|candidate| (candidate.trip, candidate.plan.pickup.at)).collect()
        }
        (from, to) => {
            let place = |place: Option<&Place>| -> Option<PlaceId> { place.map(|place| place.id) };
            let mut found = app.engine.browse(place(from), place(to), load);
            found.retain(|(_, leaves)| *leaves >= since);
            found.truncate(most);
            found
        }
    }
}

fn window(search: &Search, from: Option<&'static Place>) -> Result<(Time, Time), ApiError> {
    let place = from.or_else(|| Gazetteer::bundled().find("Москва"));
    let day = |field, text: &Option<String>, days: i64, otherwise: i64| -> Result<Time, ApiError> {
        let (Some(text), Some(place)) = (text, place) else { return Ok(Time::from_ms(otherwise)) };
        let date =
            local_time::date(text).ok_or_else(|| ApiError::unprocessable(field, "must be YYYY-MM-DD"))?;
        Ok(local_time::instant(date, jiff::civil::Time::midnight(), place)? + Span::days(days))
    };
    Ok((day("date_from", &search.date_from, 0, i64::MIN)?, day("date_to", &search.date_to, 1, i64::MAX)?))
}

fn suits(trip: &Trip, search: &Search) -> bool {
    let price = trip.draft.price.map_or(0.0, Amount::major);
    search.max_price.is_none_or(|most| price <= most)
        && search.transport.as_deref().is_none_or(|word| word == trip.draft.transport.word())
}
