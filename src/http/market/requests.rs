//! The steps of a request, for either party.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use peerpack_actors::ids::{RequestId, UserId};
use peerpack_actors::market::package::Package;
use peerpack_actors::market::request::{RequestCommand, RequestState};
use peerpack_actors::money::Amount;
use peerpack_actors::money::ledger::Escrow;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::handover::{self, HandOver};
use crate::app::App;
use crate::auth::Principal;
use crate::auth::token::Tokens;
use crate::edge::idempotency::{Once, Repeatable};
use crate::error::extract::MaybeBody;
use crate::error::{ApiError, Problem};
use crate::http::input::{self, LONG_TEXT};

/// Why not.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = DeclineRequest)]
pub struct DeclineBody {
    /// In one's own words.
    #[serde(default)]
    reason: Option<String>,
}

/// The code that was shown at the hand-over, if the package asks for one.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = HandOverCodeShown)]
pub struct Shown {
    /// The code, six digits.
    #[serde(default)]
    code: Option<String>,
}

/// A step was taken, or had been taken before.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RequestStep)]
pub struct Step {
    success: bool,
    /// The state of the request now.
    #[schema(value_type = peerpack_actors::market::phase::RequestPhase)]
    new_status: String,
    /// How the courier's balance changes.
    #[serde(skip_serializing_if = "Option::is_none")]
    balance_update: Option<BalanceUpdate>,
}

/// Changes of a courier's balance, roubles.
#[derive(Debug, Serialize, ToSchema)]
pub struct BalanceUpdate {
    /// The escrow of deals.
    #[serde(skip_serializing_if = "Option::is_none")]
    frozen: Option<f64>,
    /// Delivered, not confirmed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pending: Option<f64>,
    /// Money to spend and to take out.
    #[serde(skip_serializing_if = "Option::is_none")]
    available: Option<f64>,
}

/// Accepts a request: the first to accept gets the package.
#[utoipa::path(put, path = "/api/package-requests/{request_id}/accept", operation_id = "accept_request",
    tag = "requests", security(("bearer" = [])),
    params(("request_id" = String, Path, description = "The request"), Repeatable),
    responses((status = 200, body = Step), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 404, body = Problem), (status = 409, body = Problem)))]
pub async fn accept(
    app: web::Data<App>,
    principal: Principal,
    repeatable: Repeatable,
    path: web::Path<RequestId>,
) -> Result<HttpResponse, ApiError> {
    step(&app, repeatable, principal.user, path.into_inner(), RequestCommand::Accept { by: principal.user })
        .await
}

/// Declines a request.
#[utoipa::path(put, path = "/api/package-requests/{request_id}/decline", operation_id = "decline_request",
    tag = "requests", security(("bearer" = [])),
    params(("request_id" = String, Path, description = "The request"), Repeatable), request_body(content = Option<DeclineBody>),
    responses((status = 200, body = Step), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub async fn decline(
    app: web::Data<App>,
    principal: Principal,
    repeatable: Repeatable,
    path: web::Path<RequestId>,
    body: MaybeBody<DeclineBody>,
) -> Result<HttpResponse, ApiError> {
    let reason = input::text("reason", body.0.unwrap_or_default().reason, LONG_TEXT)?;
    let reason = Some(reason).filter(|reason| !reason.is_empty());
    step(
        &app,
        repeatable,
        principal.user,
        path.into_inner(),
        RequestCommand::Decline { by: principal.user, reason },
    )
    .await
}

/// The courier has taken the package.
#[utoipa::path(put, path = "/api/package-requests/{request_id}/pickup", operation_id = "mark_picked_up",
    tag = "requests", security(("bearer" = [])),
    params(("request_id" = String, Path, description = "The request"), Repeatable),
    request_body(content = Option<Shown>),
    responses((status = 200, body = Step), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 404, body = Problem), (status = 409, body = Problem)))]
pub async fn pick_up(
    app: web::Data<App>,
    tokens: web::Data<Tokens>,
    principal: Principal,
    repeatable: Repeatable,
    path: web::Path<RequestId>,
    body: MaybeBody<Shown>,
) -> Result<HttpResponse, ApiError> {
    let command = RequestCommand::PickUp { by: principal.user };
    let shown = (HandOver::Pickup, body.0.unwrap_or_default());
    hand_over(&app, &tokens, repeatable, principal, (path.into_inner(), command), shown).await
}

/// The courier has handed the package over. Straight from `accepted` this implies the pickup.
#[utoipa::path(put, path = "/api/package-requests/{request_id}/mark-delivered",
    operation_id = "mark_delivered",
    tag = "requests",
    security(("bearer" = [])), params(("request_id" = String, Path, description = "The request"), Repeatable),
    request_body(content = Option<Shown>),
    responses((status = 200, body = Step), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 404, body = Problem), (status = 409, body = Problem)))]
pub async fn mark_delivered(
    app: web::Data<App>,
    tokens: web::Data<Tokens>,
    principal: Principal,
    repeatable: Repeatable,
    path: web::Path<RequestId>,
    body: MaybeBody<Shown>,
) -> Result<HttpResponse, ApiError> {
    let command = RequestCommand::Deliver { by: principal.user };
    let shown = (HandOver::Delivery, body.0.unwrap_or_default());
    hand_over(&app, &tokens, repeatable, principal, (path.into_inner(), command), shown).await
}

/// The sender confirms the delivery: the courier is paid, less the platform's fee.
#[utoipa::path(put, path = "/api/package-requests/{request_id}/confirm-delivery",
    operation_id = "confirm_delivery",
    tag = "requests",
    security(("bearer" = [])), params(("request_id" = String, Path, description = "The request"), Repeatable),
    responses((status = 200, body = Step), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 404, body = Problem), (status = 409, body = Problem)))]
pub async fn confirm_delivery(
    app: web::Data<App>,
    principal: Principal,
    repeatable: Repeatable,
    path: web::Path<RequestId>,
) -> Result<HttpResponse, ApiError> {
    step(&app, repeatable, principal.user, path.into_inner(), RequestCommand::Confirm { by: principal.user })
        .await
}

/// Takes one's own open request back, or calls a deal off before pickup; the money goes back.
#[utoipa::path(put, path = "/api/package-requests/{request_id}/cancel", operation_id = "cancel_request",
    tag = "requests", security(("bearer" = [])),
    params(("request_id" = String, Path, description = "The request"), Repeatable),
    responses((status = 200, body = Step), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 404, body = Problem), (status = 409, body = Problem)))]
pub async fn cancel(
    app: web::Data<App>,
    principal: Principal,
    repeatable: Repeatable,
    path: web::Path<RequestId>,
) -> Result<HttpResponse, ApiError> {
    let (id, by) = (path.into_inner(), principal.user);
    let header = app.database.request_header(id).await?.ok_or_else(ApiError::not_found)?;
    let is_open = matches!(header.state.as_str(), "pending" | "withdrawn");
    let command = if is_open { RequestCommand::Withdraw { by } } else { RequestCommand::Cancel { by } };
    step(&app, repeatable, by, id, command).await
}

pub(in crate::http) async fn step(
    app: &App,
    repeatable: Repeatable,
    by: UserId,
    id: RequestId,
    command: RequestCommand,
) -> Result<HttpResponse, ApiError> {
    let work = async |once: &Once| {
        let answer = once.package(StatusCode::OK, move |package| taken(package, id));
        let done = app.engine.under(answer).request(id, command).await?;
        let step = taken(&done.package, id).ok_or_else(ApiError::not_found)?;
        Ok(HttpResponse::Ok().json(step))
    };
    repeatable.run(&app.database, by, Some(id.to_string()), work).await
}

/// A hand-over: with the code, if the package asks for one.
async fn hand_over(
    app: &App,
    tokens: &Tokens,
    repeatable: Repeatable,
    principal: Principal,
    (id, command): (RequestId, RequestCommand),
    (at, shown): (HandOver, Shown),
) -> Result<HttpResponse, ApiError> {
    let work = async |once: &Once| {
        let proven = handover::is_proven(app, tokens, principal, id, at, shown.code.as_deref()).await?;
        let engine = app.engine.under(once.package(StatusCode::OK, move |package| taken(package, id)));
        let done =
            if proven { engine.hand_over(id, command).await? } else { engine.request(id, command).await? };
        let step = taken(&done.package, id).ok_or_else(ApiError::not_found)?;
        Ok(HttpResponse::Ok().json(step))
    };
    repeatable.run(&app.database, principal.user, Some(id.to_string()), work).await
}

/// What is answered to a step of a request that was taken.
pub(in crate::http) fn taken(package: &Package, id: RequestId) -> Option<Step> {
    let request = package.request(id)?;
    let balance_update = balance_update(&request.state, &package.escrow(request));
    Some(Step { success: true, new_status: request.state.word().to_owned(), balance_update })
}

/// What moves in wallets; nothing where the courier is paid in cash, or not at all.
fn balance_update(state: &RequestState, escrow: &Escrow) -> Option<BalanceUpdate> {
    if escrow.amount.minor == 0 {
        return None;
    }
    let reward = escrow.amount.major();
    let net = escrow.amount.minus(escrow.fee()).map_or(0.0, Amount::major);
    let (frozen, pending, available) = match state {
        RequestState::Accepted { .. } => (Some(reward), None, None),
        RequestState::Delivered { .. } => (Some(-reward), Some(reward), None),
        RequestState::Confirmed { .. } => (None, Some(-reward), Some(net)),
        RequestState::Cancelled { .. } => (Some(-reward), None, None),
        RequestState::Pending
        | RequestState::Agreed { .. }
        | RequestState::PickedUp { .. }
        | RequestState::Declined { .. }
        | RequestState::Expired { .. }
        | RequestState::Withdrawn { .. }
        | RequestState::Taken { .. }
        | RequestState::Disputed { .. } => return None,
    };
    Some(BalanceUpdate { frozen, pending, available })
}
