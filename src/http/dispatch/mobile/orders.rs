//! Ordering, and what becomes of an order, from a phone.

use actix_web::{HttpResponse, web};
use peerpack_actors::dispatch::{OrderCommand, OrderPhase};
use peerpack_actors::ids::OrderId;
use peerpack_actors::rejection::Rejection;
use peerpack_actors::runtime::Refusal;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::app::App;
use crate::auth::Principal;
use crate::edge::idempotency::{Once, Repeatable};
use crate::error::extract::{Body, MaybeBody, Query};
use crate::error::{ApiError, Problem};
use crate::http::dispatch::draft::{self, NewOrder};
use crate::http::dispatch::map::{RouteView, route_of};
use crate::http::dispatch::orders::{NewOrderStatus, placed, set_status};
use crate::http::dispatch::prices::{CancelFeeView, fee_view};
use crate::http::dispatch::refused::{as_bad_request, no_such_step};
use crate::http::dispatch::scope;
use crate::http::dispatch::views::{self, OrderPriceParts, OrderView, major, parts};
use crate::http::input::{self, LONG_TEXT};

/// From where to where a ride would go.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub struct WhichRide {
    #[param(value_type = f64, required = true)]
    pickup_lat: Option<f64>,
    #[param(value_type = f64, required = true)]
    pickup_lon: Option<f64>,
    #[param(value_type = f64, required = true)]
    dropoff_lat: Option<f64>,
    #[param(value_type = f64, required = true)]
    dropoff_lon: Option<f64>,
    /// As in an order; at once if absent.
    desired_pickup_time: Option<String>,
    has_companion: Option<bool>,
}

/// What a ride would cost.
#[derive(Debug, Serialize, ToSchema)]
pub struct RideQuote {
    estimated_price: f64,
    /// The same as `estimated_price`.
    quote: f64,
    distance_km: f64,
    duration_minutes: f64,
    surge_multiplier: f64,
    details: OrderPriceParts,
}

/// Why an order is called off.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
pub struct CancelRide {
    reason: Option<String>,
}

/// An order that was called off, and what that costs.
#[derive(Debug, Serialize, ToSchema)]
pub struct RideCancelled {
    order: OrderView,
    cancel_fee: f64,
    cancel_fee_details: Option<CancelFeeView>,
}

/// Where an order stands.
#[derive(Debug, Serialize, ToSchema)]
pub struct RideStatus {
    order_id: String,
    status: OrderPhase,
    /// The states that may follow.
    #[schema(value_type = Vec<OrderPhase>)]
    valid_transitions: Vec<&'static str>,
    updated_at: String,
}

/// Orders a ride for oneself, and looks for a courier at once, or 20 minutes before a stated time. Who orders
/// for the first time becomes a passenger of the region of the pickup.
#[utoipa::path(post, path = "/api/mobile/orders/create", operation_id = "order_ride", tag = "mobile",
    security(("bearer" = [])), params(Repeatable), request_body = NewOrder,
    responses((status = 201, body = OrderView), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn create(
    app: web::Data<App>,
    principal: Principal,
    repeatable: Repeatable,
    body: Body<NewOrder>,
) -> Result<HttpResponse, ApiError> {
    let town = scope::town(&app)?;
    let work = async |once: &Once| {
        town.catch_up(app.clock.now()).await?;
        let whom = draft::oneself(&app, town, principal, &body.0).await?;
        placed(&app, town, &body.0, &whom, false, once).await
    };
    repeatable.run(&app.database, principal.user, None, work).await
}

/// What a ride would cost. Nothing is ordered.
#[utoipa::path(post, path = "/api/mobile/orders/quote", operation_id = "quote_ride", tag = "mobile",
    security(("bearer" = [])), request_body = NewOrder,
    responses((status = 200, body = RideQuote), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 422, body = Problem)))]
pub async fn quote(
    app: web::Data<App>,
    principal: Principal,
    body: Body<NewOrder>,
) -> Result<HttpResponse, ApiError> {
    quoted(&app, principal, &body.0).await
}

/// What a ride between two positions would cost. Nothing is ordered.
#[utoipa::path(get, path = "/api/mobile/orders/quote", operation_id = "quote_ride_between", tag = "mobile",
    security(("bearer" = [])), params(WhichRide),
    responses((status = 200, body = RideQuote), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 422, body = Problem)))]
pub async fn quote_between(
    app: web::Data<App>,
    principal: Principal,
    query: Query<WhichRide>,
) -> Result<HttpResponse, ApiError> {
    let WhichRide { pickup_lat, pickup_lon, dropoff_lat, dropoff_lon, desired_pickup_time, has_companion } =
        query.0;
    // A price does not depend on what the ends are called.
    let (pickup_title, dropoff_title) = (Some("-".to_owned()), Some("-".to_owned()));
    let ends = NewOrder { pickup_lat, pickup_lon, dropoff_lat, dropoff_lon, ..NewOrder::default() };
    let ride = NewOrder { pickup_title, dropoff_title, desired_pickup_time, has_companion, ..ends };
    quoted(&app, principal, &ride).await
}

async fn quoted(app: &App, principal: Principal, ride: &NewOrder) -> Result<HttpResponse, ApiError> {
    let town = scope::town(app)?;
    let whom = match app.database.passenger(principal.user).await? {
        Some(passenger) => draft::Whom::from(&passenger),
        None => draft::Whom {
            person: principal.user,
            region: None,
            category: String::new(),
            allowed_companion: true,
        },
    };
    town.catch_up(app.clock.now()).await?;
    let (draft, quote) = ride.draft(app, town, &whom).await?;
    Ok(HttpResponse::Ok().json(RideQuote {
        estimated_price: major(quote.breakdown.total_minor),
        quote: major(quote.breakdown.total_minor),
        distance_km: f64::from(draft.ride.way_m) / 1_000.0,
        duration_minutes: f64::from(draft.ride.ride_s) / 60.0,
        surge_multiplier: f64::from(quote.breakdown.surge_percent) / 100.0,
        details: parts(&quote.breakdown),
    }))
}

/// Calls one's order off, and says what that costs. Couriers may call off the one that they have.
#[utoipa::path(post, path = "/api/mobile/orders/{order_id}/cancel", operation_id = "cancel_ride",
    tag = "mobile", security(("bearer" = [])), params(("order_id" = String, Path, description = "The order")),
    request_body(content = Option<CancelRide>),
    responses((status = 200, body = RideCancelled), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn cancel(
    app: web::Data<App>,
    principal: Principal,
    path: web::Path<OrderId>,
    body: MaybeBody<CancelRide>,
) -> Result<HttpResponse, ApiError> {
    let town = scope::town(&app)?;
    let order = scope::order(&app, principal, path.into_inner()).await?;
    let reason = input::text("reason", body.0.unwrap_or_default().reason, LONG_TEXT)?;
    let command = OrderCommand::Move { to: OrderPhase::Cancelled, by: scope::by(principal, &order), reason };
    match town.dispatch().carry_out(app.engine.context(), order.id, &command).await {
        Ok(order) => {
            let fee = order.milestones.cancel_fee;
            Ok(HttpResponse::Ok().json(RideCancelled {
                order: views::order(&app, town, order).await?,
                cancel_fee: fee.map_or(0.0, |fee| major(fee.minor)),
                cancel_fee_details: fee.map(fee_view),
            }))
        }
        Err(Refusal::Rejected(Rejection::NotAParty)) => Err(ApiError::not_found()),
        Err(Refusal::Rejected(rejection)) => {
            Ok(no_such_step(&order, OrderPhase::Cancelled.word(), as_bad_request(rejection)))
        }
        Err(refusal) => Err(refusal.into()),
    }
}

/// Where an order stands, for its passenger and the courier who has it or is asked.
#[utoipa::path(get, path = "/api/mobile/orders/{order_id}/status", operation_id = "ride_status",
    tag = "mobile", security(("bearer" = [])), params(("order_id" = String, Path, description = "The order")),
    responses((status = 200, body = RideStatus), (status = 401, body = Problem), (status = 404, body = Problem)))]
pub async fn status(
    app: web::Data<App>,
    principal: Principal,
    path: web::Path<OrderId>,
) -> Result<HttpResponse, ApiError> {
    let order = scope::order(&app, principal, path.into_inner()).await?;
    let phase = order.state.phase();
    Ok(HttpResponse::Ok().json(RideStatus {
        order_id: order.id.to_string(),
        status: phase,
        valid_transitions: phase.next().iter().map(|next| next.word()).collect(),
        updated_at: order.changed_at.to_string(),
    }))
}

/// Takes an order one step of the table, as `PATCH /api/orders/{order_id}/status`.
#[utoipa::path(patch, path = "/api/mobile/orders/{order_id}/status", operation_id = "move_ride",
    tag = "mobile", security(("bearer" = [])), params(("order_id" = String, Path, description = "The order")),
    request_body = NewOrderStatus,
    responses((status = 200, body = OrderView), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 403, body = Problem), (status = 404, body = Problem)))]
pub async fn step(
    app: web::Data<App>,
    principal: Principal,
    path: web::Path<OrderId>,
    body: Body<NewOrderStatus>,
) -> Result<HttpResponse, ApiError> {
    set_status(app, principal, path, body).await
}

/// The way of an order, for its passenger and the courier who has it or is asked.
#[utoipa::path(get, path = "/api/mobile/orders/{order_id}/route", operation_id = "ride_route", tag = "mobile",
    security(("bearer" = [])), params(("order_id" = String, Path, description = "The order")),
    responses((status = 200, body = RouteView), (status = 401, body = Problem), (status = 404, body = Problem)))]
pub async fn route(
    app: web::Data<App>,
    principal: Principal,
    path: web::Path<OrderId>,
) -> Result<HttpResponse, ApiError> {
    let order = scope::order(&app, principal, path.into_inner()).await?;
    Ok(HttpResponse::Ok().json(route_of(scope::town(&app)?, &order, app.clock.now())))
}
