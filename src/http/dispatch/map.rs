//! The desk's map: who and what is where, and ways.

use actix_web::{HttpResponse, web};
use peerpack_actors::dispatch::{DutyPhase, Order, OrderPhase};
use peerpack_actors::ids::OrderId;
use peerpack_actors::place::Position;
use peerpack_actors::ports::OrderStore as _;
use peerpack_actors::time::{Span, Time};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::draft::position;
use super::scope;
use super::views::{Faces, region_title};
use crate::app::App;
use crate::auth::Principal;
use crate::error::extract::Query;
use crate::error::{ApiError, Problem};
use crate::store::{Driver, DriverQuery, OrderQuery, Slice};
use crate::town::{Town, TownMap};

/// The most couriers and the most orders on one map.
const MOST: u32 = 10_000;

/// A courier on the map.
#[derive(Debug, Serialize, ToSchema)]
pub struct MapDriver {
    id: i64,
    name: String,
    lat: f64,
    lon: f64,
    is_online: bool,
    /// What they are doing.
    status: DutyPhase,
    car_model: String,
    plate_number: String,
    /// The name of the region.
    region: String,
    region_id: String,
    last_location_update: String,
}

/// A passenger by name.
#[derive(Debug, Serialize, ToSchema)]
pub struct PassengerName {
    id: i64,
    full_name: String,
}

/// An order on the map.
#[derive(Debug, Serialize, ToSchema)]
pub struct MapOrder {
    id: String,
    pickup_lat: f64,
    pickup_lon: f64,
    dropoff_lat: f64,
    dropoff_lon: f64,
    pickup_title: String,
    dropoff_title: String,
    status: OrderPhase,
    /// The number of its courier, if it has one.
    driver_id: Option<i64>,
    passenger: PassengerName,
    created_at: String,
}

/// Who and what is where.
#[derive(Debug, Default, Serialize, ToSchema)]
pub struct MapData {
    /// Couriers on duty whose position is known.
    pub(super) drivers: Vec<MapDriver>,
    /// Orders that are not over.
    pub(super) orders: Vec<MapOrder>,
    drivers_count: usize,
    orders_count: usize,
}

/// A way from one position to another.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub struct Between {
    #[param(value_type = f64, required = true)]
    lat1: Option<f64>,
    #[param(value_type = f64, required = true)]
    lon1: Option<f64>,
    #[param(value_type = f64, required = true)]
    lat2: Option<f64>,
    #[param(value_type = f64, required = true)]
    lon2: Option<f64>,
}

/// The order whose courier is looked for.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub struct ForOrder {
    /// To its pickup, or to its end once the ride has begun; to the order that the courier has if absent.
    #[param(value_type = Option<String>)]
    order_id: Option<OrderId>,
}

/// A way.
#[derive(Debug, Serialize, ToSchema)]
pub struct RouteView {
    /// Its points, latitude first: its ends, as no routing service is asked.
    #[schema(value_type = Vec<Vec<f64>>)]
    route: Vec<[f64; 2]>,
    distance_m: u32,
    pub(super) distance_km: f64,
    pub(super) duration_seconds: u32,
    pub(super) duration_minutes: f64,
    /// When somebody who sets out now is there.
    pub(super) eta: String,
}

/// The way of a courier to an order.
#[derive(Debug, Serialize, ToSchema)]
pub struct DriverRouteView {
    driver_id: i64,
    order_id: String,
    #[serde(flatten)]
    route: RouteView,
}

/// How soon a courier can be at a pickup.
#[derive(Debug, Serialize, ToSchema)]
pub struct EtaView {
    driver_id: i64,
    order_id: String,
    distance_m: u32,
    distance_km: f64,
    duration_seconds: u32,
    duration_minutes: f64,
    /// The same as `duration_seconds`.
    eta_seconds: u32,
    /// The same as `duration_minutes`.
    eta_minutes: f64,
    /// When that is.
    eta: String,
    /// The same, in seconds since 1970.
    eta_timestamp: i64,
}

/// Phases of orders that are on the map.
pub(super) fn live() -> Vec<OrderPhase> {
    use OrderPhase as P;
    let over = [P::Draft, P::Rejected, P::NoShow, P::Completed, P::Cancelled];
    OrderPhase::ALL.into_iter().filter(|phase| !over.contains(phase)).collect()
}

/// Who and what is where: couriers on duty, and orders that are not over.
#[utoipa::path(get, path = "/api/dispatch/map-data", operation_id = "dispatch_map", tag = "dispatch",
    security(("bearer" = [])),
    responses((status = 200, body = MapData), (status = 401, body = Problem), (status = 403, body = Problem)))]
pub async fn data(app: web::Data<App>) -> Result<HttpResponse, ApiError> {
    Ok(HttpResponse::Ok().json(drawn(&app, scope::town(&app)?).await?))
}

/// The whole map.
async fn drawn(app: &App, town: &Town) -> Result<MapData, ApiError> {
    let now = app.clock.now();
    let all = Slice { offset: 0, limit: MOST };
    let query = DriverQuery { is_online: Some(true), ..DriverQuery::default() };
    let (drivers, map) = (app.database.find_drivers(&query, all).await?.items, town.map());
    let drivers = drivers.into_iter().filter_map(|driver| map_driver(town, &map, driver, now)).collect();
    let query = OrderQuery { phases: live(), ..OrderQuery::default() };
    let orders = app.database.find_orders(&query, all).await?.items;
    Ok(MapData::of(drivers, map_orders(app, &orders).await?))
}

/// A courier as the map shows them; nothing of whom it is not known where they are.
pub(super) fn map_driver(town: &Town, map: &TownMap, driver: Driver, now: Time) -> Option<MapDriver> {
    let (position, at) = fix(town, &driver, now)?;
    Some(MapDriver {
        id: driver.number,
        name: driver.name,
        lat: position.lat,
        lon: position.lon,
        is_online: true,
        status: driver.duty,
        car_model: driver.car_model,
        plate_number: driver.plate_number,
        region: region_title(map, driver.region),
        region_id: driver.region.to_string(),
        last_location_update: at.to_string(),
    })
}

impl MapDriver {
    /// Where the courier is.
    pub(super) const fn position(&self) -> Position {
        Position { lat: self.lat, lon: self.lon }
    }
}

impl MapData {
    /// With the numbers of both.
    pub(super) fn of(drivers: Vec<MapDriver>, orders: Vec<MapOrder>) -> Self {
        Self { drivers_count: drivers.len(), orders_count: orders.len(), drivers, orders }
    }
}

/// Orders as the map shows them.
pub(super) async fn map_orders(app: &App, orders: &[Order]) -> Result<Vec<MapOrder>, ApiError> {
    let faces = Faces::of(app, orders).await?;
    let view = |order: &Order| {
        let (draft, (id, full_name)) = (&order.draft, faces.passenger(order));
        MapOrder {
            id: order.id.to_string(),
            pickup_lat: draft.pickup.position.lat,
            pickup_lon: draft.pickup.position.lon,
            dropoff_lat: draft.dropoff.position.lat,
            dropoff_lon: draft.dropoff.position.lon,
            pickup_title: draft.pickup.title.clone(),
            dropoff_title: draft.dropoff.title.clone(),
            status: order.state.phase(),
            driver_id: faces.driver_number(order),
            passenger: PassengerName { id, full_name },
            created_at: order.created_at.to_string(),
        }
    };
    Ok(orders.iter().map(view).collect())
}

/// The way between two positions: the great circle times a factor, as long as no routing service is asked.
#[utoipa::path(get, path = "/api/dispatch/route", operation_id = "dispatch_route", tag = "dispatch",
    security(("bearer" = [])), params(Between),
    responses((status = 200, body = RouteView), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 403, body = Problem), (status = 422, body = Problem)))]
pub async fn route(app: web::Data<App>, query: Query<Between>) -> Result<HttpResponse, ApiError> {
    let Between { lat1, lon1, lat2, lon2 } = query.0;
    let (from, to) = (position(("lat1", lat1), ("lon1", lon1))?, position(("lat2", lat2), ("lon2", lon2))?);
    Ok(HttpResponse::Ok().json(way(scope::town(&app)?, &[from, to], app.clock.now())))
}

/// The way of a courier to an order: to its pickup, and to its end once the ride has begun. 409 `no_position`
/// while it is not known where the courier is.
#[utoipa::path(get, path = "/api/dispatch/driver-route/{driver_id}", operation_id = "driver_route",
    tag = "dispatch", security(("bearer" = [])),
    params(("driver_id" = i64, Path, description = "The courier's number"), ForOrder),
    responses((status = 200, body = DriverRouteView), (status = 400, body = Problem),
        (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem),
        (status = 409, body = Problem)))]
pub async fn driver_route(
    app: web::Data<App>,
    principal: Principal,
    path: web::Path<i64>,
    query: Query<ForOrder>,
) -> Result<HttpResponse, ApiError> {
    let driver = scope::driver(&app, principal, path.into_inner()).await?;
    let town = scope::town(&app)?;
    let id = match query.0.order_id {
        Some(id) => Some(id),
        // In the store: another node may have given them the order a moment ago.
        None => app.database.duty(driver.person).await?.and_then(|duty| duty.state.order()),
    };
    let order = scope::order(&app, principal, id.ok_or_else(ApiError::not_found)?).await?;
    let (from, _) = fix(town, &driver, app.clock.now()).ok_or_else(nowhere)?;
    let route = way(town, &[from, goal(&order)], app.clock.now());
    let order_id = order.id.to_string();
    Ok(HttpResponse::Ok().json(DriverRouteView { driver_id: driver.number, order_id, route }))
}

/// The way of an order, from its pickup to its end.
#[utoipa::path(get, path = "/api/dispatch/order-route/{order_id}", operation_id = "order_route",
    tag = "dispatch", security(("bearer" = [])), params(("order_id" = String, Path, description = "The order")),
    responses((status = 200, body = RouteView), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 404, body = Problem)))]
pub async fn order_route(
    app: web::Data<App>,
    principal: Principal,
    path: web::Path<OrderId>,
) -> Result<HttpResponse, ApiError> {
    let order = scope::order(&app, principal, path.into_inner()).await?;
    Ok(HttpResponse::Ok().json(route_of(scope::town(&app)?, &order, app.clock.now())))
}

/// How soon a courier can be at the pickup of an order, or at its end once the ride has begun. 409
/// `no_position` while it is not known where the courier is.
#[utoipa::path(get, path = "/api/dispatch/eta/{driver_id}/{order_id}", operation_id = "dispatch_eta",
    tag = "dispatch", security(("bearer" = [])),
    params(("driver_id" = i64, Path, description = "The courier's number"),
        ("order_id" = String, Path, description = "The order")),
    responses((status = 200, body = EtaView), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 404, body = Problem), (status = 409, body = Problem)))]
pub async fn eta(
    app: web::Data<App>,
    principal: Principal,
    path: web::Path<(i64, OrderId)>,
) -> Result<HttpResponse, ApiError> {
    let (number, id) = path.into_inner();
    let driver = scope::driver(&app, principal, number).await?;
    let (town, order) = (scope::town(&app)?, scope::order(&app, principal, id).await?);
    let now = app.clock.now();
    let (from, _) = fix(town, &driver, now).ok_or_else(nowhere)?;
    let route = way(town, &[from, goal(&order)], now);
    let at = now + Span::seconds(route.duration_seconds.into());
    Ok(HttpResponse::Ok().json(EtaView {
        driver_id: driver.number,
        order_id: order.id.to_string(),
        distance_m: route.distance_m,
        distance_km: route.distance_km,
        duration_seconds: route.duration_seconds,
        duration_minutes: route.duration_minutes,
        eta_seconds: route.duration_seconds,
        eta_minutes: route.duration_minutes,
        eta: route.eta,
        eta_timestamp: at.ms() / 1_000,
    }))
}

/// There is a courier, and an order, and no telling how far they are from each other.
fn nowhere() -> ApiError {
    let message = "it is not known where the courier is: off duty, or silent for too long";
    ApiError::conflict("no_position", message)
}

/// Where a courier is, and since when that is known.
pub(super) fn fix(town: &Town, driver: &Driver, now: Time) -> Option<(Position, Time)> {
    town.fix(driver.person, now).map(|fix| (fix.position, fix.at))
}

/// Where the courier of an order has to go next.
pub(super) fn goal(order: &Order) -> Position {
    match order.state.phase() {
        OrderPhase::RideOngoing | OrderPhase::Incident | OrderPhase::Completed => {
            order.draft.dropoff.position
        }
        _ => order.draft.pickup.position,
    }
}

/// The way of an order, from its pickup to its end.
pub(super) fn route_of(town: &Town, order: &Order, now: Time) -> RouteView {
    way(town, &[order.draft.pickup.position, order.draft.dropoff.position], now)
}

/// The way between two positions.
pub(super) fn way(town: &Town, points: &[Position; 2], now: Time) -> RouteView {
    let ride = town.way(points[0], points[1]);
    RouteView {
        route: points.iter().map(|point| [point.lat, point.lon]).collect(),
        distance_m: ride.way_m,
        distance_km: f64::from(ride.way_m) / 1_000.0,
        duration_seconds: ride.ride_s,
        duration_minutes: f64::from(ride.ride_s) / 60.0,
        eta: (now + Span::seconds(ride.ride_s.into())).to_string(),
    }
}
