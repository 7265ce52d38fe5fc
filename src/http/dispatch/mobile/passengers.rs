//! The passenger's phone.

use actix_web::{HttpResponse, web};
use peerpack_actors::dispatch::Order;
use serde::Serialize;
use utoipa::ToSchema;

use super::drivers::MyOrders;
use crate::app::App;
use crate::auth::Principal;
use crate::error::extract::Body;
use crate::error::wrong::Wrong;
use crate::error::{ApiError, Problem};
use crate::http::dispatch::map::{fix, goal, live};
use crate::http::dispatch::orders::found;
use crate::http::dispatch::passengers::{PassengerInput, revised};
use crate::http::dispatch::scope;
use crate::http::dispatch::views::{self, OrderView, PassengerView, passenger_view};
use crate::store::{OrderQuery, Passenger, Slice};
use crate::town::Town;

/// How many orders are listed at most: the newest.
const ORDERS: u32 = 100;

/// Where the courier is.
#[derive(Debug, Serialize, ToSchema)]
pub struct DriverPosition {
    lat: f64,
    lon: f64,
    /// When the courier was there.
    last_update: String,
}

/// How soon the courier is at the pickup, or at the end once the ride has begun.
#[derive(Debug, Serialize, ToSchema)]
pub struct DriverEta {
    seconds: u32,
    distance_km: f64,
    /// In whole minutes, for people.
    formatted: String,
}

/// The order that one waits for, with its courier.
#[derive(Debug, Default, Serialize, ToSchema)]
pub struct ActiveRide {
    has_active_order: bool,
    /// Null for who waits for none. Its members stand beside it, too.
    order: Option<OrderView>,
    #[serde(flatten)]
    #[schema(ignore)]
    members: Option<OrderView>,
    /// Null while no courier has it, or it is not known where they are.
    driver_position: Option<DriverPosition>,
    eta: Option<DriverEta>,
}

/// Oneself as a passenger: 404 for who has never ordered.
#[utoipa::path(get, path = "/api/mobile/passengers/profile", operation_id = "my_passenger_profile",
    tag = "mobile", security(("bearer" = [])),
    responses((status = 200, body = PassengerView), (status = 401, body = Problem),
        (status = 404, body = Problem)))]
pub async fn profile(app: web::Data<App>, principal: Principal) -> Result<HttpResponse, ApiError> {
    let passenger = own(&app, principal).await?;
    Ok(HttpResponse::Ok().json(passenger_view(&*scope::map(&app).await?, &passenger)))
}

/// Changes oneself as a passenger; what is absent stays, and so does the phone. What one needs and whether
/// somebody may come along is for the desk to say.
#[utoipa::path(patch, path = "/api/mobile/passengers/profile", operation_id = "change_my_passenger_profile",
    tag = "mobile", security(("bearer" = [])), request_body = PassengerInput,
    responses((status = 200, body = PassengerView), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn revise(
    app: web::Data<App>,
    principal: Principal,
    body: Body<PassengerInput>,
) -> Result<HttpResponse, ApiError> {
    let (before, given, mut wrong) = (own(&app, principal).await?, body.0, Wrong::default());
    let is_other_category = given.disability_category.as_ref().is_some_and(|one| *one != before.category);
    let is_other_right = given.allowed_companion.is_some_and(|may| may != before.allowed_companion);
    for (field, is_other) in
        [("disability_category", is_other_category), ("allowed_companion", is_other_right)]
    {
        if is_other {
            wrong.add(ApiError::unprocessable(field, "is for the desk to change"));
        }
    }
    wrong.finish(())?;
    revised(&app, before, &given).await
}

/// One's newest orders as a passenger.
#[utoipa::path(get, path = "/api/mobile/passengers/orders", operation_id = "my_passenger_orders",
    tag = "mobile", security(("bearer" = [])),
    responses((status = 200, body = MyOrders), (status = 401, body = Problem), (status = 404, body = Problem)))]
pub async fn orders(app: web::Data<App>, principal: Principal) -> Result<HttpResponse, ApiError> {
    let passenger = own(&app, principal).await?;
    let query = OrderQuery { passenger: Some(passenger.person), ..OrderQuery::default() };
    let results = found(&app, principal, &query, ORDERS).await?;
    Ok(HttpResponse::Ok().json(MyOrders { count: results.len(), results }))
}

/// The newest order that is not over, with where its courier is.
#[utoipa::path(get, path = "/api/mobile/passengers/active-order", operation_id = "my_ride", tag = "mobile",
    security(("bearer" = [])),
    responses((status = 200, body = ActiveRide), (status = 401, body = Problem), (status = 404, body = Problem)))]
pub async fn active(app: web::Data<App>, principal: Principal) -> Result<HttpResponse, ApiError> {
    let (passenger, town) = (own(&app, principal).await?, scope::town(&app)?);
    let query = OrderQuery { passenger: Some(passenger.person), phases: live(), ..OrderQuery::default() };
    let order = app.database.find_orders(&query, Slice { offset: 0, limit: 1 }).await?.items.pop();
    let Some(order) = order else {
        return Ok(HttpResponse::Ok().json(ActiveRide::default()));
    };
    let (driver_position, eta) = whereabouts(&app, town, &order).await?.unzip();
    let order = Some(views::order_for(&app, town, principal, order).await?);
    let members = order.clone();
    let has_active_order = true;
    Ok(HttpResponse::Ok().json(ActiveRide { has_active_order, order, members, driver_position, eta }))
}

async fn whereabouts(
    app: &App,
    town: &Town,
    order: &Order,
) -> Result<Option<(DriverPosition, DriverEta)>, ApiError> {
    let Some(courier) = order.state.courier() else { return Ok(None) };
    let Some(driver) = app.database.driver(courier).await? else { return Ok(None) };
    let Some((position, at)) = fix(town, &driver, app.clock.now()) else { return Ok(None) };
    let ride = town.way(position, goal(order));
    let minutes = ride.ride_s.div_ceil(60);
    Ok(Some((
        DriverPosition { lat: position.lat, lon: position.lon, last_update: at.to_string() },
        DriverEta {
            seconds: ride.ride_s,
            distance_km: f64::from(ride.way_m) / 1_000.0,
            formatted: crate::error::request_id::language()
                .choose(format!("{minutes} мин"), format!("{minutes} min")),
        },
    )))
}

async fn own(app: &App, principal: Principal) -> Result<Passenger, ApiError> {
    app.database.passenger(principal.user).await?.ok_or_else(ApiError::not_found)
}
