//! What an order is expected to cost, has cost, or would cost if it were called off. Nothing of it changes
//! the order but a quote, while nobody has it.

use actix_web::{HttpResponse, web};
use peerpack_actors::dispatch::price::{CancelFee, Driven, FeeReason, Ride, cancel_fee};
use peerpack_actors::dispatch::{Breakdown, By, Order, OrderCommand};
use peerpack_actors::ids::OrderId;
use peerpack_actors::time::Span;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::views::{OrderPriceParts, OrderView, major, parts};
use super::{scope, views};
use crate::app::App;
use crate::auth::Principal;
use crate::error::extract::{Body, MaybeBody, Query};
use crate::error::{ApiError, Problem, request_id, sentence};

/// What was driven.
#[derive(Debug, Default, PartialEq, Deserialize, ToSchema)]
#[serde(default)]
pub struct DrivenRide {
    /// How far; as expected if absent.
    actual_distance_km: Option<f64>,
    /// How long; as expected if absent.
    actual_duration_minutes: Option<f64>,
    /// How long the courier waited at the pickup; as it was noted if absent.
    actual_waiting_time_minutes: Option<f64>,
    /// Whether the passenger has changed the route: then the price has no upper bound.
    route_changed: Option<bool>,
}

impl DrivenRide {
    /// Whether anything is said.
    pub(super) fn is_said(&self) -> bool {
        *self != Self::default()
    }

    /// What was driven, as expected where nothing else is said.
    pub(super) fn over(&self, expected: Ride) -> Result<Driven, ApiError> {
        let (way, time) = (self.actual_distance_km, self.actual_duration_minutes);
        let way_m = whole("actual_distance_km", way, 1_000.0)?;
        let ride_s = whole("actual_duration_minutes", time, 60.0)?;
        let ride = Ride { way_m: way_m.unwrap_or(expected.way_m), ride_s: ride_s.unwrap_or(expected.ride_s) };
        let waited_s = whole("actual_waiting_time_minutes", self.actual_waiting_time_minutes, 60.0)?;
        Ok(Driven { ride, waited_s, route_changed: self.route_changed.unwrap_or(false) })
    }
}

/// An amount in so many parts, to the whole part.
fn whole(field: &'static str, amount: Option<f64>, parts: f64) -> Result<Option<u32>, ApiError> {
    let Some(amount) = amount else { return Ok(None) };
    if !(0.0..=100_000.0).contains(&amount) {
        return Err(ApiError::unprocessable(field, "is longer than any ride"));
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "in range, as just looked")]
    let whole = (amount * parts).round() as u32;
    Ok(Some(whole))
}

/// What an order is expected to cost.
#[derive(Debug, Serialize, ToSchema)]
pub struct OrderQuote {
    quote: f64,
    /// What is multiplied by where couriers are few.
    surge_multiplier: f64,
    details: OrderPriceParts,
    /// Names how it came about.
    breakdown_id: String,
}

/// What an order has cost, or would cost as it is driven.
#[derive(Debug, Serialize, ToSchema)]
pub struct OrderFinal {
    final_price: f64,
    /// Whether the ride is over, and this is what it has cost.
    is_settled: bool,
    details: OrderPriceParts,
    /// Names how it came about.
    breakdown_id: String,
}

/// Who would call it off.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
pub struct WhoCancels {
    /// `passenger`, if absent, `driver` or `staff`.
    #[schema(value_type = Option<Canceller>)]
    cancelled_by: Option<Canceller>,
}

/// Who calls an order off.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Canceller {
    /// Whom it is for.
    #[default]
    Passenger,
    /// The courier who has it.
    Driver,
    /// The desk.
    #[serde(alias = "dispatcher", alias = "admin", alias = "operator", alias = "system")]
    Staff,
}

/// What calling off would cost.
#[derive(Debug, Serialize, ToSchema)]
pub struct CancelFeeView {
    pub(super) fee: f64,
    /// The rule in words.
    pub(super) reason: String,
    /// Which rule it is by.
    #[schema(value_type = CancelPolicy)]
    pub(super) policy: &'static str,
}

/// The rules of calling off.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum CancelPolicy {
    /// The courier or the desk has called it off.
    NotByPassenger,
    /// No courier had it.
    BeforeAssignment,
    /// A courier has had it for a moment only.
    JustAssigned,
    /// A courier has had it for longer.
    Assigned,
    /// The courier was on the way, or waited.
    UnderWay,
}

/// Which price.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub struct WhichPrice {
    /// `quote`, if absent, or `final`.
    #[serde(rename = "type")]
    kind: PriceKind,
}

/// A price before the ride, or after it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PriceKind {
    /// Before the ride.
    #[default]
    Quote,
    /// After it.
    Final,
}

/// How a price came about.
#[derive(Debug, Serialize, ToSchema)]
pub struct OrderPriceBreakdown {
    id: String,
    order_id: String,
    #[serde(rename = "type")]
    kind: PriceKind,
    total: f64,
    /// The version of the tariff.
    tariff_version: u32,
    details: OrderPriceParts,
}

fn breakdown_id(order: &Order, kind: &str, breakdown: &Breakdown) -> String {
    format!("{}-{kind}-{}", order.id, breakdown.tariff)
}

/// What an order would cost with what was driven; what it has cost, once it is over.
fn settled(app: &App, order: &Order, driven: &DrivenRide) -> Result<Breakdown, ApiError> {
    if let Some(settled) = &order.milestones.settled {
        return Ok(settled.clone());
    }
    let driven = driven.over(order.draft.ride)?;
    let noted = order.waited(app.clock.now());
    let waited = driven.waited_s.map_or(noted, |seconds| Span::seconds(seconds.into()));
    Ok(order.quote.settle(driven.ride, waited, driven.route_changed)?)
}

/// An order with what it costs with what was driven, as its final price. Nothing is changed: that is done by
/// completing it.
#[utoipa::path(post, path = "/api/orders/{order_id}/calculate-price", operation_id = "calculate_order_price",
    tag = "orders", security(("bearer" = [])), params(("order_id" = String, Path, description = "The order")),
    request_body = DrivenRide,
    responses((status = 200, body = OrderView), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn price(
    app: web::Data<App>,
    principal: Principal,
    path: web::Path<OrderId>,
    body: Body<DrivenRide>,
) -> Result<HttpResponse, ApiError> {
    let mut order = scope::order(&app, principal, path.into_inner()).await?;
    order.milestones.settled = Some(settled(&app, &order, &body.0)?);
    let town = scope::town(&app)?;
    Ok(HttpResponse::Ok().json(views::order_for(&app, town, principal, order).await?))
}

/// Quotes an order anew, with what couriers are there by now, while nobody has it; afterwards the quote stays
/// as it is.
#[utoipa::path(post, path = "/api/orders/{order_id}/calculate-quote", operation_id = "quote_order",
    tag = "orders", security(("bearer" = [])), params(("order_id" = String, Path, description = "The order")),
    responses((status = 200, body = OrderQuote), (status = 401, body = Problem), (status = 404, body = Problem)))]
pub async fn quote(
    app: web::Data<App>,
    principal: Principal,
    path: web::Path<OrderId>,
) -> Result<HttpResponse, ApiError> {
    let town = scope::town(&app)?;
    let mut order = scope::order(&app, principal, path.into_inner()).await?;
    if order.state.courier().is_none() && order.state.bound().is_none() {
        town.catch_up(app.clock.now()).await?;
        let quote = town.quote(&order.draft, app.clock.now()).await?;
        if quote != order.quote {
            let command = OrderCommand::Requote(Box::new(quote));
            order = town.dispatch().carry_out(app.engine.context(), order.id, &command).await?;
        }
    }
    let breakdown = &order.quote.breakdown;
    Ok(HttpResponse::Ok().json(OrderQuote {
        quote: major(breakdown.total_minor),
        surge_multiplier: f64::from(breakdown.surge_percent) / 100.0,
        details: parts(breakdown),
        breakdown_id: breakdown_id(&order, "quote", breakdown),
    }))
}

/// What an order has cost, or would cost with what was driven.
#[utoipa::path(post, path = "/api/orders/{order_id}/calculate-final", operation_id = "calculate_final_price",
    tag = "orders", security(("bearer" = [])), params(("order_id" = String, Path, description = "The order")),
    request_body(content = Option<DrivenRide>),
    responses((status = 200, body = OrderFinal), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn final_price(
    app: web::Data<App>,
    principal: Principal,
    path: web::Path<OrderId>,
    body: MaybeBody<DrivenRide>,
) -> Result<HttpResponse, ApiError> {
    let order = scope::order(&app, principal, path.into_inner()).await?;
    let breakdown = settled(&app, &order, &body.0.unwrap_or_default())?;
    Ok(HttpResponse::Ok().json(OrderFinal {
        final_price: major(breakdown.total_minor),
        is_settled: order.milestones.settled.is_some(),
        details: parts(&breakdown),
        breakdown_id: breakdown_id(&order, "final", &breakdown),
    }))
}

/// What calling an order off would cost now.
#[utoipa::path(post, path = "/api/orders/{order_id}/calculate-cancel-fee", operation_id = "calculate_cancel_fee",
    tag = "orders", security(("bearer" = [])), params(("order_id" = String, Path, description = "The order")),
    request_body(content = Option<WhoCancels>),
    responses((status = 200, body = CancelFeeView), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 404, body = Problem)))]
pub async fn fee(
    app: web::Data<App>,
    principal: Principal,
    path: web::Path<OrderId>,
    body: MaybeBody<WhoCancels>,
) -> Result<HttpResponse, ApiError> {
    let order = scope::order(&app, principal, path.into_inner()).await?;
    let by = match body.0.unwrap_or_default().cancelled_by.unwrap_or_default() {
        Canceller::Passenger => By::Passenger(order.passenger),
        Canceller::Driver => By::Courier(principal.user),
        Canceller::Staff => By::Staff(principal.user),
    };
    let now = app.clock.now();
    let (phase, assigned_at) = (order.state.phase(), order.milestones.assigned_at);
    let fee = cancel_fee(&order.quote.tariff, phase, assigned_at, order.waited(now), by, now);
    Ok(HttpResponse::Ok().json(fee_view(fee)))
}

/// A fee in the words of the console.
pub(super) fn fee_view(fee: CancelFee) -> CancelFeeView {
    let (policy, reason) = match fee.reason {
        FeeReason::NotByPassenger => ("not_by_passenger", "it was not the passenger who called it off"),
        FeeReason::BeforeAssignment => ("before_assignment", "no courier had it"),
        FeeReason::JustAssigned => ("just_assigned", "a courier has had it for a moment only"),
        FeeReason::Assigned => ("assigned", "a courier had it"),
        FeeReason::UnderWay => ("under_way", "the courier was on the way, or waited"),
    };
    CancelFeeView {
        fee: major(fee.minor),
        reason: sentence(reason, request_id::language()).to_owned(),
        policy,
    }
}

/// How the quote or the final price of an order came about. Each keeps its own.
#[utoipa::path(get, path = "/api/orders/{order_id}/price-breakdown", operation_id = "order_price_breakdown",
    tag = "orders", security(("bearer" = [])),
    params(("order_id" = String, Path, description = "The order"), WhichPrice),
    responses((status = 200, body = OrderPriceBreakdown), (status = 400, body = Problem),
        (status = 401, body = Problem), (status = 404, body = Problem)))]
pub async fn breakdown(
    app: web::Data<App>,
    principal: Principal,
    path: web::Path<OrderId>,
    query: Query<WhichPrice>,
) -> Result<HttpResponse, ApiError> {
    let order = scope::order(&app, principal, path.into_inner()).await?;
    let (kind, word) = match query.0.kind {
        PriceKind::Quote => (PriceKind::Quote, "quote"),
        PriceKind::Final => (PriceKind::Final, "final"),
    };
    let breakdown = match kind {
        PriceKind::Quote => Some(&order.quote.breakdown),
        PriceKind::Final => order.milestones.settled.as_ref(),
    };
    let breakdown = breakdown.ok_or_else(ApiError::not_found)?;
    Ok(HttpResponse::Ok().json(OrderPriceBreakdown {
        id: breakdown_id(&order, word, breakdown),
        order_id: order.id.to_string(),
        kind,
        total: major(breakdown.total_minor),
        tariff_version: breakdown.tariff,
        details: parts(breakdown),
    }))
}
