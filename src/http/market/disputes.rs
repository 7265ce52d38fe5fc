//! Disputes: a sender says that a delivery was not as agreed, an operator decides who gets the money. So does
//! an operator where neither party ends a deal.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use peerpack_actors::ids::RequestId;
use peerpack_actors::market::package::Package;
use peerpack_actors::market::request::{Party, RequestCommand};
use peerpack_actors::time::Time;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::requests::{Step, step};
use crate::app::App;
use crate::auth::Principal;
use crate::edge::idempotency::{Once, Repeatable};
use crate::error::extract::{Body, Query};
use crate::error::{ApiError, Problem};
use crate::http::input::{self, LONG_TEXT};
use crate::store::DisputeRecord;

/// How many disputes are listed.
const PAGE: u32 = 100;

/// What is wrong.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewDispute)]
pub struct Complaint {
    /// In one's own words; the courier reads it, too.
    #[schema(value_type = String)]
    reason: Option<String>,
}

/// Which part of the disputes.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct After {
    /// The next page, as the last answer named it.
    cursor: Option<String>,
}

/// Disputes that wait for an operator, the oldest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct Disputes {
    disputes: Vec<DisputeView>,
    /// Where the next page starts.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// A dispute.
#[derive(Debug, Serialize, ToSchema)]
pub struct DisputeView {
    /// The request that it is about.
    id: String,
    package_id: String,
    description: String,
    sender_id: String,
    sender_name: String,
    courier_id: String,
    courier_name: String,
    /// In the sender's words.
    reason: String,
    since: String,
    /// What the courier is paid or the sender gets back.
    reward: f64,
    #[schema(value_type = peerpack_actors::money::Currency)]
    currency: String,
}

/// Who is in the right, or how the reward is divided: one of the two.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = DisputeResolution)]
pub struct Resolution {
    /// `courier`: the reward is paid. `sender`: the sender gets the money back.
    #[serde(default)]
    in_favour_of: Option<Party>,
    /// Instead: the courier's part of the reward, in its currency, before the platform's fee. The sender gets
    /// the rest. Where the courier is paid in cash there is nothing here to divide.
    #[serde(default)]
    courier_share: Option<f64>,
}

/// The dispute is over.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DisputeResolved)]
pub struct Resolved {
    success: bool,
    /// The state of the request now: `confirmed` or `cancelled`.
    #[schema(value_type = peerpack_actors::market::phase::RequestPhase)]
    new_status: String,
}

/// The sender says that a package was not delivered as agreed or, after its deadline, that it was not
/// delivered at all. The money is set aside until an operator decides.
#[utoipa::path(put, path = "/api/package-requests/{request_id}/dispute", operation_id = "dispute_delivery",
    tag = "requests", security(("bearer" = [])),
    params(("request_id" = String, Path, description = "The request"), Repeatable), request_body = Complaint,
    responses((status = 200, body = Step), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem),
        (status = 422, body = Problem)))]
pub async fn open(
    app: web::Data<App>,
    principal: Principal,
    repeatable: Repeatable,
    path: web::Path<RequestId>,
    body: Body<Complaint>,
) -> Result<HttpResponse, ApiError> {
    let (id, by) = (path.into_inner(), principal.user);
    let header = app.database.request_header(id).await?.ok_or_else(ApiError::not_found)?;
    if by != header.sender && by != header.courier {
        return Err(ApiError::not_found());
    }
    let reason = input::required("reason", body.0.reason, LONG_TEXT)?;
    step(&app, repeatable, by, id, RequestCommand::Dispute { by, reason }).await
}

/// Disputes that wait for an operator.
#[utoipa::path(get, path = "/api/admin/disputes", operation_id = "dispute_queue",
    tag = "admin", security(("bearer" = [])), params(After),
    responses((status = 200, body = Disputes), (status = 400, body = Problem),
        (status = 401, body = Problem), (status = 403, body = Problem)))]
pub async fn list(app: web::Data<App>, query: Query<After>) -> Result<HttpResponse, ApiError> {
    let after = query.0.cursor.as_deref().map(input::cursor).transpose()?;
    let after = after.map(|(at, request)| (Time::from_ms(at), request));
    let disputes = app.database.disputes(after, PAGE).await?;
    let is_full = disputes.len() == PAGE as usize;
    let next_cursor =
        disputes.last().filter(|_| is_full).map(|last| format!("{}_{}", last.since.ms(), last.request));
    let ids: Vec<_> = disputes.iter().flat_map(|one| [one.sender, one.courier]).collect();
    let people = app.database.people(&ids).await?;
    let view = |one: DisputeRecord| {
        let name = |id| people.get(&id).map(|person| person.name.clone()).unwrap_or_default();
        DisputeView {
            id: one.request.to_string(),
            package_id: one.package.to_string(),
            description: one.description,
            sender_id: one.sender.to_string(),
            sender_name: name(one.sender),
            courier_id: one.courier.to_string(),
            courier_name: name(one.courier),
            reason: one.reason,
            since: one.since.to_string(),
            reward: one.reward.major(),
            currency: one.reward.currency.code().to_owned(),
        }
    };
    Ok(HttpResponse::Ok().json(Disputes { disputes: disputes.into_iter().map(view).collect(), next_cursor }))
}

/// Ends a dispute: the courier is paid, the sender gets the money back, or each gets a part. It also ends a
/// delivery that the sender says nothing to, and a deal that leads to no delivery, before the pickup or after
/// it; of that one only the sender can be in the right, and the package looks for no other courier.
#[utoipa::path(post, path = "/api/admin/disputes/{dispute_id}/resolve", operation_id = "resolve_dispute",
    tag = "admin", security(("bearer" = [])),
    params(("dispute_id" = String, Path, description = "The request that it is about"), Repeatable), request_body = Resolution,
    responses((status = 200, body = Resolved), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem),
        (status = 422, body = Problem)))]
pub async fn resolve(
    app: web::Data<App>,
    principal: Principal,
    repeatable: Repeatable,
    path: web::Path<RequestId>,
    body: Body<Resolution>,
) -> Result<HttpResponse, ApiError> {
    let (id, by) = (path.into_inner(), principal.user);
    // Another decision is another call.
    let (command, natural) = match (body.0.in_favour_of, body.0.courier_share) {
        (Some(in_favour_of), None) => {
            (RequestCommand::Resolve { in_favour_of, by }, format!("{id} {}", in_favour_of.word()))
        }
        (None, Some(share)) => {
            let courier_minor = input::amount("courier_share", share)?.minor;
            (RequestCommand::Split { courier_minor, by }, format!("{id} split {courier_minor}"))
        }
        _ => {
            let reason = "say who is in the right, or the courier's part, and not both";
            return Err(ApiError::unprocessable("in_favour_of", reason));
        }
    };
    let work = async |once: &Once| {
        let answer = once.package(StatusCode::OK, move |package| resolved(package, id));
        let done = app.engine.under(answer).request(id, command).await?;
        tracing::info!(request = %id, %by, decision = %natural, "a dispute is resolved");
        Ok(HttpResponse::Ok().json(resolved(&done.package, id).ok_or_else(ApiError::not_found)?))
    };
    repeatable.run(&app.database, principal.user, Some(natural.clone()), work).await
}

fn resolved(package: &Package, id: RequestId) -> Option<Resolved> {
    let new_status = package.request(id)?.state.word().to_owned();
    Some(Resolved { success: true, new_status })
}
