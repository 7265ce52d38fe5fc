//! Cities, which group regions.

use actix_web::{HttpResponse, web};
use peerpack_actors::place::Position;
use peerpack_actors::time::Time;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::draft::position;
use super::scope;
use super::views::{CityView, RegionView, city_view, region_view};
use crate::app::App;
use crate::error::extract::Body;
use crate::error::wrong::Wrong;
use crate::error::{ApiError, Problem};
use crate::http::input::{self, SHORT_TEXT};
use crate::store::CityRecord;
use crate::town::Town;

/// A city, or what is changed of one.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
pub struct CityInput {
    title: Option<String>,
    center_lat: Option<f64>,
    center_lon: Option<f64>,
}

/// How much there is in a city.
#[derive(Debug, Serialize, ToSchema)]
pub struct CityStats {
    city_id: String,
    city_title: String,
    /// How many regions it has.
    regions: usize,
    regions_list: Vec<RegionView>,
    drivers: u64,
    passengers: u64,
    active_orders: u64,
    total_orders: u64,
}

/// Cities, by their names.
#[utoipa::path(get, path = "/api/regions/cities", operation_id = "town_cities", tag = "regions",
    responses((status = 200, body = [CityView])))]
pub async fn list(app: web::Data<App>) -> Result<HttpResponse, ApiError> {
    let map = scope::map_to_show(&app).await?;
    Ok(HttpResponse::Ok().json(map.cities().map(city_view).collect::<Vec<_>>()))
}

/// Adds a city.
#[utoipa::path(post, path = "/api/regions/cities", operation_id = "add_city", tag = "regions",
    security(("bearer" = [])), request_body = CityInput,
    responses((status = 201, body = CityView), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 403, body = Problem), (status = 422, body = Problem)))]
pub async fn create(app: web::Data<App>, body: Body<CityInput>) -> Result<HttpResponse, ApiError> {
    let given = body.0;
    let mut wrong = Wrong::default();
    let title = wrong.or(input::required("title", given.title, SHORT_TEXT), String::new());
    let at = position(("center_lat", given.center_lat), ("center_lon", given.center_lon));
    let centre = wrong.or(at, Position { lat: 0.0, lon: 0.0 });
    wrong.finish(())?;
    let id = peerpack_actors::ids::RegionId::new(app.clock.now(), app.clock.random()).uuid();
    let city = CityRecord { id, title, centre, deleted_at: None };
    store(&app, &city).await?;
    Ok(HttpResponse::Created().json(city_view(&city)))
}

/// A city.
#[utoipa::path(get, path = "/api/regions/cities/{city_id}", operation_id = "town_city", tag = "regions",
    params(("city_id" = String, Path, description = "The city")),
    responses((status = 200, body = CityView), (status = 404, body = Problem)))]
pub async fn one(app: web::Data<App>, path: web::Path<Uuid>) -> Result<HttpResponse, ApiError> {
    let map = scope::map_to_show(&app).await?;
    Ok(HttpResponse::Ok().json(city_view(scope::city(&map, path.into_inner())?)))
}

/// Changes a city.
#[utoipa::path(patch, path = "/api/regions/cities/{city_id}", operation_id = "change_city", tag = "regions",
    security(("bearer" = [])), params(("city_id" = String, Path, description = "The city")),
    request_body = CityInput,
    responses((status = 200, body = CityView), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 403, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn change(
    app: web::Data<App>,
    path: web::Path<Uuid>,
    body: Body<CityInput>,
) -> Result<HttpResponse, ApiError> {
    let map = scope::map(&app).await?;
    let mut city = scope::city(&map, path.into_inner())?.clone();
    let (given, mut wrong) = (body.0, Wrong::default());
    if given.title.is_some() {
        city.title = wrong.or(input::required("title", given.title, SHORT_TEXT), String::new());
    }
    let lat = given.center_lat.or(Some(city.centre.lat));
    let lon = given.center_lon.or(Some(city.centre.lon));
    city.centre = wrong.or(position(("center_lat", lat), ("center_lon", lon)), city.centre);
    wrong.finish(())?;
    store(&app, &city).await?;
    Ok(HttpResponse::Ok().json(city_view(&city)))
}

/// Removes a city that has no region.
#[utoipa::path(delete, path = "/api/regions/cities/{city_id}", operation_id = "remove_city", tag = "regions",
    security(("bearer" = [])), params(("city_id" = String, Path, description = "The city")),
    responses((status = 204, description = "Done."), (status = 401, body = Problem),
        (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub async fn remove(app: web::Data<App>, path: web::Path<Uuid>) -> Result<HttpResponse, ApiError> {
    let map = scope::map(&app).await?;
    let city = scope::city(&map, path.into_inner())?;
    if map.regions().any(|region| region.city == city.id) {
        return Err(ApiError::conflict("conflict", "this city has regions: remove them first"));
    }
    let deleted_at: Option<Time> = Some(app.clock.now());
    store(&app, &CityRecord { deleted_at, ..city.clone() }).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// How much there is in a city.
#[utoipa::path(get, path = "/api/regions/cities/{city_id}/stats", operation_id = "city_stats", tag = "regions",
    security(("bearer" = [])), params(("city_id" = String, Path, description = "The city")),
    responses((status = 200, body = CityStats), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 404, body = Problem)))]
pub async fn stats(app: web::Data<App>, path: web::Path<Uuid>) -> Result<HttpResponse, ApiError> {
    let map = scope::map(&app).await?;
    let city = scope::city(&map, path.into_inner())?;
    let regions: Vec<_> = map.regions().filter(|region| region.city == city.id).collect();
    let mut stats = CityStats {
        city_id: city.id.to_string(),
        city_title: city.title.clone(),
        regions: regions.len(),
        regions_list: regions.iter().map(|region| region_view(&map, region)).collect(),
        drivers: 0,
        passengers: 0,
        active_orders: 0,
        total_orders: 0,
    };
    for region in regions {
        let figures = app.database.region_figures(region.id).await?;
        stats.drivers += figures.drivers;
        stats.passengers += figures.passengers;
        stats.active_orders += figures.active_orders;
        stats.total_orders += figures.orders;
    }
    Ok(HttpResponse::Ok().json(stats))
}

/// Keeps a city, and tells the other nodes.
async fn store(app: &App, city: &CityRecord) -> Result<(), ApiError> {
    app.database.put_city(city, app.clock.now()).await?;
    scope::town(app)?.read_again().await?;
    app.engine.changed([Town::work(city.id.into())]);
    Ok(())
}
