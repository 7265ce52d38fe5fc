//! Trips: publish, list one's own, call off.

mod draft;
mod journey;
#[cfg(test)]
mod journeys;
mod pace;
pub mod requests;
mod view;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use peerpack_actors::ids::{TripId, UserId};
use peerpack_actors::market::trip::Trip;
use peerpack_actors::runtime::Conditions;
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::auth::Principal;
use crate::edge::idempotency::{IfMatch, Once, Repeatable, etag};
use crate::error::extract::Given;
use crate::error::{ApiError, Problem, request_id};
use crate::http::jobs::{JobView, view as job_view};
use crate::http::marks::Marks;
use crate::maintenance::jobs;
use crate::store::JobKind;
use crate::texts::language::Language;

use crate::http::input::local_time::Times;
use draft::NewTrip;
pub(in crate::http) use draft::Straight;
pub(in crate::http) use journey::Note;
pub use journey::NoteView;
pub use view::TripView;
pub(in crate::http) use view::{is_over, view};

/// How many trips or requests one answer lists.
const PAGE: u32 = 200;

/// A trip was published.
#[derive(Debug, Serialize, ToSchema)]
pub struct TripPublished {
    /// Always true.
    success: bool,
    /// Its id.
    trip_id: String,
    /// When it takes place, as it was understood.
    #[serde(flatten)]
    times: Times,
    /// What was not said and had to be decided.
    notes: Vec<NoteView>,
}

/// One's own trips.
#[derive(Debug, Serialize, ToSchema)]
pub struct MyTrips {
    /// Newest first.
    trips: Vec<TripView>,
}

/// A trip was called off.
#[derive(Debug, Serialize, ToSchema)]
pub struct TripCancelled {
    success: bool,
    /// `cancelled`.
    #[schema(value_type = peerpack_actors::market::phase::TripPhase)]
    state: String,
    /// What still waits on the trip and is being ended, if that takes longer than this call. Not in a
    /// repeated answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    job: Option<JobView>,
}

/// Publishes a trip.
#[utoipa::path(post, path = "/api/trips", operation_id = "publish_trip",
    tag = "trips", request_body = NewTrip, security(("bearer" = [])),
    params(Repeatable),
    responses((status = 201, body = TripPublished), (status = 400, body = Problem),
        (status = 401, body = Problem),
        (status = 422, body = Problem)))]
pub async fn publish(
    app: web::Data<App>,
    principal: Principal,
    repeatable: Repeatable,
    body: Given<NewTrip>,
) -> Result<HttpResponse, ApiError> {
    let Given(input, wrong) = body;
    let (draft, notes) = draft::draft(input, &app.config, app.clock.now(), wrong)?;
    let language = request_id::language();
    let published = move |trip: &Trip| published(trip, &notes, language);
    let work = async |once: &Once| {
        let engine = app.engine.under(once.trip(StatusCode::CREATED, published.clone()));
        let trip = engine.publish_trip(principal.user, draft).await?;
        Ok(HttpResponse::Created().json(published(&trip)))
    };
    repeatable.run(&app.database, principal.user, None, work).await
}

fn published(trip: &Trip, notes: &[Note], language: Language) -> TripPublished {
    TripPublished {
        success: true,
        trip_id: trip.id.to_string(),
        times: view::times(trip),
        notes: notes.iter().map(|note| note.view(language)).collect(),
    }
}

/// One's own trips.
#[utoipa::path(get, path = "/api/user/trips", operation_id = "my_trips", tag = "trips",
    security(("bearer" = [])),
    responses((status = 200, body = MyTrips), (status = 401, body = Problem)))]
pub async fn mine(app: web::Data<App>, principal: Principal) -> Result<HttpResponse, ApiError> {
    Ok(HttpResponse::Ok().json(MyTrips { trips: all_of(&app, principal.user).await? }))
}

/// The trips of a courier, live ones before all.
pub(in crate::http) async fn all_of(app: &App, courier: UserId) -> Result<Vec<TripView>, ApiError> {
    let trips = app.database.shown_trips_of(courier, PAGE).await?;
    let people = app.database.people(&[courier]).await?;
    let marks = Marks::of(app, trips.iter().map(|trip| trip.id.uuid())).await?;
    Ok(trips.iter().map(|trip| view(trip, people.get(&courier), &marks)).collect())
}

/// A trip. The `ETag` is its version.
#[utoipa::path(get, path = "/api/trips/{trip_id}", operation_id = "show_trip", tag = "trips",
    security(("bearer" = [])),
    params(("trip_id" = String, Path, description = "The trip")),
    responses((status = 200, body = TripView,
        headers(("ETag" = String, description = "The version, for `If-Match`."))),
            (status = 401, body = Problem), (status = 404, body = Problem)))]
pub async fn one(
    app: web::Data<App>,
    _: Principal,
    path: web::Path<TripId>,
) -> Result<HttpResponse, ApiError> {
    let trip = app.engine.trip(path.into_inner()).await?.ok_or_else(ApiError::not_found)?;
    let people = app.database.people(&[trip.courier]).await?;
    let marks = Marks::of(&app, [trip.id.uuid()]).await?;
    let view = view(&trip, people.get(&trip.courier), &marks);
    Ok(HttpResponse::Ok().insert_header(etag(trip.version)).json(view))
}

/// Calls one's own trip off: open requests end, deals before pickup are called off, the money goes back.
/// Where many requests wait, they end after the answer, as `job` says.
#[utoipa::path(put, path = "/api/trips/{trip_id}/cancel", operation_id = "cancel_trip",
    tag = "trips", security(("bearer" = [])),
    params(("trip_id" = String, Path, description = "The trip"), Repeatable, IfMatch),
    responses((status = 200, body = TripCancelled), (status = 401, body = Problem),
        (status = 404, body = Problem),
        (status = 409, body = Problem)))]
pub async fn cancel(
    app: web::Data<App>,
    principal: Principal,
    repeatable: Repeatable,
    seen: IfMatch,
    path: web::Path<TripId>,
) -> Result<HttpResponse, ApiError> {
    let (id, by) = (path.into_inner(), principal.user);
    let work = async |once: &Once| {
        let answering = once.trip(StatusCode::OK, cancelled);
        let conditions = Conditions { answering, if_still: seen.0, ..Conditions::default() };
        let engine = app.engine.under(conditions);
        let cancelled = cancelled(&engine.cancel_trip(id, by).await?);
        let job = jobs::begin(&app, JobKind::Trip, id.uuid()).await.map(job_view);
        Ok(HttpResponse::Ok().json(TripCancelled { job, ..cancelled }))
    };
    repeatable.run(&app.database, by, Some(id.to_string()), work).await
}

fn cancelled(trip: &Trip) -> TripCancelled {
    TripCancelled { success: true, state: trip.state.word().to_owned(), job: None }
}
