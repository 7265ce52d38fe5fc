//! Offers: an order that is shown to one courier for a few seconds.

use actix_web::{HttpResponse, web};
use peerpack_actors::dispatch::{DutyState, Offer, OfferState, Order, OrderCommand};
use peerpack_actors::ids::{OfferId, OrderId, UserId};
use peerpack_actors::runtime::Dispatch;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::refused::of_order;
use super::scope;
use super::views::{self, OrderView};
use crate::app::App;
use crate::auth::Principal;
use crate::error::extract::MaybeBody;
use crate::error::{ApiError, Problem, request_id, sentence};
use crate::http::input::{self, LONG_TEXT};

/// Why somebody declines.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
pub struct DeclineOffer {
    /// In their own words.
    reason: Option<String>,
}

/// What has become of an offer.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum TownOfferState {
    /// The courier may still answer.
    Pending,
    /// The courier has taken the order.
    Accepted,
    /// The courier does not want it.
    Declined,
    /// The courier has said nothing in time.
    Expired,
    /// The order was called off, or the desk has decided otherwise.
    Withdrawn,
}

/// An offer, as the desk sees it.
#[derive(Debug, Serialize, ToSchema)]
pub struct OfferView {
    id: String,
    order_id: String,
    driver_id: i64,
    driver_name: String,
    #[schema(value_type = TownOfferState)]
    status: &'static str,
    eta_seconds: u32,
    distance_km: f64,
    cost_score: f64,
    created_at: String,
    expires_at: String,
    /// When it was answered, or ended.
    responded_at: Option<String>,
    /// Why it was declined; may be empty.
    reason: String,
}

/// What became of an offer, and of the order.
#[derive(Debug, Serialize, ToSchema)]
pub struct OfferAnswered {
    success: bool,
    message: String,
    /// The order; absent for who has declined it.
    order: Option<OrderView>,
}

/// Every offer of an order, oldest first.
#[utoipa::path(get, path = "/api/dispatch/offers/{order_id}", operation_id = "order_offers", tag = "dispatch",
    security(("bearer" = [])), params(("order_id" = String, Path, description = "The order")),
    responses((status = 200, body = [OfferView]), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 404, body = Problem)))]
pub async fn list(
    app: web::Data<App>,
    principal: Principal,
    path: web::Path<OrderId>,
) -> Result<HttpResponse, ApiError> {
    let order = scope::order(&app, principal, path.into_inner()).await?;
    let mut couriers: Vec<UserId> = order.offers.iter().map(|offer| offer.courier).collect();
    couriers.sort_unstable();
    couriers.dedup();
    let drivers = app.database.drivers_of(couriers).await?;
    let view = |offer: &Offer| {
        let driver = drivers.get(&offer.courier);
        OfferView {
            id: offer.id.to_string(),
            order_id: order.id.to_string(),
            driver_id: driver.map_or(0, |driver| driver.number),
            driver_name: driver.map(|driver| driver.name.clone()).unwrap_or_default(),
            status: offer.state.word(),
            eta_seconds: offer.reckoning.eta_s,
            distance_km: f64::from(offer.reckoning.way_m) / 1_000.0,
            cost_score: offer.reckoning.cost,
            created_at: offer.created_at.to_string(),
            expires_at: offer.expires_at.to_string(),
            responded_at: offer.state.at().map(|at| at.to_string()),
            reason: match &offer.state {
                OfferState::Declined { reason, .. } => reason.clone(),
                OfferState::Pending
                | OfferState::Accepted { .. }
                | OfferState::Expired { .. }
                | OfferState::Withdrawn { .. } => String::new(),
            },
        }
    };
    Ok(HttpResponse::Ok().json(order.offers.iter().map(view).collect::<Vec<_>>()))
}

/// Takes the order that was offered; the courier who is asked alone.
#[utoipa::path(post, path = "/api/dispatch/offer/{offer_id}/accept", operation_id = "accept_order_offer",
    tag = "dispatch", security(("bearer" = [])), params(("offer_id" = String, Path, description = "The offer")),
    responses((status = 200, body = OfferAnswered), (status = 401, body = Problem),
        (status = 404, body = Problem), (status = 409, body = Problem)))]
pub async fn accept(
    app: web::Data<App>,
    principal: Principal,
    path: web::Path<OfferId>,
) -> Result<HttpResponse, ApiError> {
    accepted(&app, principal, path.into_inner()).await
}

/// Does not want the order that was offered; the courier who is asked alone. Another one is looked for at
/// once.
#[utoipa::path(post, path = "/api/dispatch/offer/{offer_id}/decline", operation_id = "decline_order_offer",
    tag = "dispatch", security(("bearer" = [])), params(("offer_id" = String, Path, description = "The offer")),
    request_body(content = Option<DeclineOffer>),
    responses((status = 200, body = OfferAnswered), (status = 400, body = Problem),
        (status = 401, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem),
        (status = 422, body = Problem)))]
pub async fn decline(
    app: web::Data<App>,
    principal: Principal,
    path: web::Path<OfferId>,
    body: MaybeBody<DeclineOffer>,
) -> Result<HttpResponse, ApiError> {
    declined(&app, principal, path.into_inner(), body.0).await
}

/// Accepts an offer in the caller's name.
pub(super) async fn accepted(
    app: &App,
    principal: Principal,
    offer: OfferId,
) -> Result<HttpResponse, ApiError> {
    let command = OrderCommand::Accept { offer, by: principal.user };
    let order = answered(app, offer, &command).await?;
    let order = views::order(app, scope::town(app)?, order).await?;
    let message = sentence("the order is yours", request_id::language()).to_owned();
    Ok(HttpResponse::Ok().json(OfferAnswered { success: true, message, order: Some(order) }))
}

/// Declines an offer in the caller's name.
pub(super) async fn declined(
    app: &App,
    principal: Principal,
    offer: OfferId,
    body: Option<DeclineOffer>,
) -> Result<HttpResponse, ApiError> {
    let reason = input::text("reason", body.unwrap_or_default().reason, LONG_TEXT)?;
    let command = OrderCommand::Decline { offer, by: principal.user, reason };
    answered(app, offer, &command).await?;
    let message = sentence("another courier is asked", request_id::language()).to_owned();
    Ok(HttpResponse::Ok().json(OfferAnswered { success: true, message, order: None }))
}

/// Carries out the answer to an offer, whichever way it comes.
///
/// # Errors
/// The refusal; the offer is as it was then, unless the store does not answer.
pub(crate) async fn answered(app: &App, offer: OfferId, command: &OrderCommand) -> Result<Order, ApiError> {
    let dispatch = scope::town(app)?.dispatch();
    let id = match asked(dispatch, offer, command) {
        Some(id) => id,
        None => app.database.order_of_offer(offer).await?.ok_or_else(ApiError::not_found)?,
    };
    dispatch.carry_out(app.engine.context(), id, command).await.map_err(of_order)
}

/// The order of an offer, if this node knows that the courier who answers is asked by it.
fn asked(dispatch: &Dispatch, offer: OfferId, command: &OrderCommand) -> Option<OrderId> {
    let (OrderCommand::Accept { by, .. } | OrderCommand::Decline { by, .. }) = command else { return None };
    match dispatch.with_board(|board| board.get(*by).map(|standing| standing.duty.state))? {
        DutyState::Offered { order, offer: open } if open == offer => Some(order),
        _ => None,
    }
}
