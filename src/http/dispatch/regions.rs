//! Regions: whose couriers an order is for.

use actix_web::{HttpResponse, web};
use peerpack_actors::ids::RegionId;
use peerpack_actors::place::Position;
use peerpack_actors::rejection::Rejection;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::draft::position;
use super::scope;
use super::views::{RegionHours, RegionView, region_view};
use crate::app::App;
use crate::error::extract::Body;
use crate::error::wrong::Wrong;
use crate::error::{ApiError, Problem};
use crate::http::input::{self, SHORT_TEXT};
use crate::store::{Hours, RegionRecord};
use crate::town::{self, Town, TownMap};

/// How far around its centre a region serves if nobody says.
const USUAL_RADIUS_M: u32 = 15_000;

/// The farthest.
const MAX_RADIUS_M: u32 = 500_000;

/// What is said of a polygon of which the centre lies outside, and in which it lies the other way round.
const LONGITUDE_FIRST: &str =
    "the latitude comes first, then the longitude: these seem to be the other way round";

/// Times of opening of one region at most.
const MAX_HOURS: usize = 50;

/// A region, or what is changed of one.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
pub struct RegionInput {
    title: Option<String>,
    /// The city that it belongs to.
    city_id: Option<String>,
    center_lat: Option<f64>,
    center_lon: Option<f64>,
    /// The corners of its border, latitude first; an empty list takes it away. It does not cross or touch
    /// itself, and the centre lies within.
    #[schema(value_type = Option<Vec<Vec<f64>>>)]
    polygon_coordinates: Option<Vec<[f64; 2]>>,
    /// How far around its centre it serves; 15 km if absent.
    service_radius_meters: Option<u32>,
    /// Of several that contain a pickup, that of the highest priority has it.
    priority: Option<i32>,
    /// When it takes orders; empty for always.
    opening_hours: Option<Vec<RegionHours>>,
}

/// How much there is in a region.
#[derive(Debug, Serialize, ToSchema)]
pub struct RegionStats {
    region_id: String,
    region_title: String,
    drivers: u64,
    passengers: u64,
    /// Orders that are not over.
    active_orders: u64,
    total_orders: u64,
}

/// Regions, by their names.
#[utoipa::path(get, path = "/api/regions", operation_id = "regions", tag = "regions",
    responses((status = 200, body = [RegionView])))]
pub async fn list(app: web::Data<App>) -> Result<HttpResponse, ApiError> {
    let map = scope::map_to_show(&app).await?;
    Ok(HttpResponse::Ok().json(map.regions().map(|region| region_view(&map, region)).collect::<Vec<_>>()))
}

/// Adds a region.
#[utoipa::path(post, path = "/api/regions", operation_id = "add_region", tag = "regions",
    security(("bearer" = [])), request_body = RegionInput,
    responses((status = 201, body = RegionView), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 403, body = Problem), (status = 422, body = Problem)))]
pub async fn create(app: web::Data<App>, body: Body<RegionInput>) -> Result<HttpResponse, ApiError> {
    let (town, given, mut wrong) = (scope::town(&app)?, body.0, Wrong::default());
    let at = position(("center_lat", given.center_lat), ("center_lon", given.center_lon));
    let centre = wrong.or(at, Position { lat: 0.0, lon: 0.0 });
    for (field, missing) in [("title", given.title.is_none()), ("city_id", given.city_id.is_none())] {
        if missing {
            wrong.add(ApiError::unprocessable(field, "is required"));
        }
    }
    let blank = RegionRecord {
        id: RegionId::new(app.clock.now(), app.clock.random()),
        city: Uuid::nil(),
        title: String::new(),
        centre,
        polygon: Vec::new(),
        service_radius_m: USUAL_RADIUS_M,
        priority: 0,
        hours: Vec::new(),
        version: 0,
        deleted_at: None,
    };
    let map = scope::map(&app).await?;
    let region = changed(&map, blank, given, &mut wrong);
    wrong.finish(())?;
    store(&app, town, &region).await?;
    Ok(HttpResponse::Created().json(region_view(&town.map(), &region)))
}

/// A region.
#[utoipa::path(get, path = "/api/regions/{region_id}", operation_id = "region", tag = "regions",
    params(("region_id" = String, Path, description = "The region")),
    responses((status = 200, body = RegionView), (status = 404, body = Problem)))]
pub async fn one(app: web::Data<App>, path: web::Path<RegionId>) -> Result<HttpResponse, ApiError> {
    let map = scope::map_to_show(&app).await?;
    Ok(HttpResponse::Ok().json(region_view(&map, scope::region(&map, path.into_inner())?)))
}

/// Changes a region. Orders that were placed keep the one that they have.
#[utoipa::path(patch, path = "/api/regions/{region_id}", operation_id = "change_region", tag = "regions",
    security(("bearer" = [])), params(("region_id" = String, Path, description = "The region")),
    request_body = RegionInput,
    responses((status = 200, body = RegionView), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem),
        (status = 422, body = Problem)))]
pub async fn change(
    app: web::Data<App>,
    path: web::Path<RegionId>,
    body: Body<RegionInput>,
) -> Result<HttpResponse, ApiError> {
    let (town, mut wrong) = (scope::town(&app)?, Wrong::default());
    let map = scope::map(&app).await?;
    let before = scope::region(&map, path.into_inner())?.clone();
    let region = changed(&map, before, body.0, &mut wrong);
    wrong.finish(())?;
    store(&app, town, &region).await?;
    Ok(HttpResponse::Ok().json(region_view(&town.map(), &region)))
}

/// Removes a region in which nobody works or lives.
#[utoipa::path(delete, path = "/api/regions/{region_id}", operation_id = "remove_region", tag = "regions",
    security(("bearer" = [])), params(("region_id" = String, Path, description = "The region")),
    responses((status = 204, description = "Done."), (status = 401, body = Problem),
        (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub async fn remove(app: web::Data<App>, path: web::Path<RegionId>) -> Result<HttpResponse, ApiError> {
    let town = scope::town(&app)?;
    let map = scope::map(&app).await?;
    let region = scope::region(&map, path.into_inner())?.clone();
    let figures = app.database.region_figures(region.id).await?;
    if figures.drivers + figures.passengers + figures.active_orders > 0 {
        return Err(ApiError::conflict("conflict", "this region has couriers, passengers or orders"));
    }
    store(&app, town, &RegionRecord { deleted_at: Some(app.clock.now()), ..region }).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// How much there is in a region.
#[utoipa::path(get, path = "/api/regions/{region_id}/stats", operation_id = "region_stats", tag = "regions",
    security(("bearer" = [])), params(("region_id" = String, Path, description = "The region")),
    responses((status = 200, body = RegionStats), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 404, body = Problem)))]
pub async fn stats(app: web::Data<App>, path: web::Path<RegionId>) -> Result<HttpResponse, ApiError> {
    let map = scope::map(&app).await?;
    let region = scope::region(&map, path.into_inner())?;
    let figures = app.database.region_figures(region.id).await?;
    Ok(HttpResponse::Ok().json(RegionStats {
        region_id: region.id.to_string(),
        region_title: region.title.clone(),
        drivers: figures.drivers,
        passengers: figures.passengers,
        active_orders: figures.active_orders,
        total_orders: figures.orders,
    }))
}

async fn store(app: &App, town: &Town, region: &RegionRecord) -> Result<(), ApiError> {
    let is_stored = app.database.put_region(region, app.clock.now()).await?;
    town.read_again().await?;
    if !is_stored {
        // What they have changed would be lost: it was read by now.
        let message = "somebody else has changed this region, please look again";
        return Err(ApiError::conflict("conflict", message));
    }
    app.engine.changed([Town::work(region.id)]);
    Ok(())
}

/// Whether a polygon can be that of a region around a centre, as far as that is known; why not, if it cannot.
fn drawn(polygon: &[[f64; 2]], centre: Option<Position>) -> Result<(), &'static str> {
    let is_on_earth =
        |polygon: &[[f64; 2]]| polygon.iter().all(|[lat, lon]| Position::new(*lat, *lon).is_ok());
    let turned: Vec<[f64; 2]> = polygon.iter().map(|[first, second]| [*second, *first]).collect();
    // GeoJSON and most programs that draw have it the other way round.
    let is_turned = !polygon.is_empty()
        && is_on_earth(&turned)
        && centre.is_some_and(|centre| is_within(&turned, centre));
    if !is_on_earth(polygon) {
        return Err(if is_turned { LONGITUDE_FIRST } else { "latitude or longitude is out of range" });
    }
    match town::area(polygon) {
        Ok(Some(area)) if area.crosses_itself() => Err("the border crosses or touches itself"),
        Ok(Some(area)) if centre.is_some_and(|centre| !area.contains(centre)) => {
            Err(if is_turned { LONGITUDE_FIRST } else { "the centre lies outside of the polygon" })
        }
        Ok(_) => Ok(()),
        Err(Rejection::Invalid { reason, .. }) => Err(reason),
        Err(_) => Err("has no inside"),
    }
}

/// Whether a point is in a polygon; every point is in one that was not drawn.
fn is_within(polygon: &[[f64; 2]], at: Position) -> bool {
    town::area(polygon).is_ok_and(|area| area.is_none_or(|area| area.contains(at)))
}

/// The region with what is given in the place of what was.
fn changed(map: &TownMap, mut region: RegionRecord, given: RegionInput, wrong: &mut Wrong) -> RegionRecord {
    if given.title.is_some() {
        region.title = wrong.or(input::required("title", given.title, SHORT_TEXT), String::new());
    }
    if let Some(id) = given.city_id {
        let city = id.parse().ok().filter(|id: &Uuid| map.cities().any(|city| city.id == *id));
        region.city =
            wrong.or(city.ok_or_else(|| ApiError::unprocessable("city_id", "is not known")), region.city);
    }
    let before = region.centre;
    let lat = given.center_lat.or(Some(region.centre.lat));
    let lon = given.center_lon.or(Some(region.centre.lon));
    region.centre = wrong.or(position(("center_lat", lat), ("center_lon", lon)), region.centre);
    // Where it cannot be read there is a stand-in, of which nothing is said.
    let centre = (!wrong.has("center_lat") && !wrong.has("center_lon")).then_some(region.centre);
    // What was drawn before is sent back with every form, and stays as it is.
    match given.polygon_coordinates.filter(|polygon| *polygon != region.polygon) {
        Some(polygon) => match drawn(&polygon, centre) {
            Ok(()) => region.polygon = polygon,
            Err(reason) => wrong.add(ApiError::unprocessable("polygon_coordinates", reason)),
        },
        None if region.centre != before && !is_within(&region.polygon, region.centre) => {
            wrong.add(ApiError::unprocessable("center_lat", "the centre lies outside of the polygon"));
        }
        None => {}
    }
    match given.service_radius_meters {
        Some(radius) if radius <= MAX_RADIUS_M => region.service_radius_m = radius,
        Some(_) => wrong.add(ApiError::unprocessable("service_radius_meters", "must be at most 500 km")),
        None => {}
    }
    region.priority = given.priority.unwrap_or(region.priority);
    if let Some(hours) = given.opening_hours {
        let hours: Vec<Hours> =
            hours.into_iter().map(|one| Hours { day: one.day, from: one.from, to: one.to }).collect();
        if hours.len() > MAX_HOURS || hours.iter().any(|hours| town::opening(hours).is_none()) {
            let reason = "must be days from 1 to 7 with times as HH:MM";
            wrong.add(ApiError::unprocessable("opening_hours", reason));
        }
        region.hours = hours;
    }
    region
}
