//! Refusals that say more than any problem does, as the console of the dispatch reads them.

use actix_web::HttpResponse;
use actix_web::http::header::{CACHE_CONTROL, HeaderValue};
use peerpack_actors::dispatch::Order;
use peerpack_actors::rejection::Rejection;
use peerpack_actors::runtime::Refusal;
use serde_json::{Value, json};

use crate::auth::Principal;
use crate::error::{ApiError, PROBLEM_JSON, request_id};

/// A refusal with members of its own beside those of every problem.
pub(super) fn refused(error: ApiError, more: Value) -> HttpResponse {
    let error = error.told_in(request_id::language());
    let mut body = serde_json::to_value(error.problem(request_id::current())).unwrap_or_default();
    if let (Some(body), Value::Object(more)) = (body.as_object_mut(), more) {
        body.extend(more);
    }
    HttpResponse::build(error.status())
        .content_type(PROBLEM_JSON)
        .insert_header((CACHE_CONTROL, HeaderValue::from_static("no-store")))
        .body(body.to_string())
}

/// A step that the table does not have: 400, with the steps that it has.
pub(super) fn no_such_step(order: &Order, requested: &str, why: ApiError) -> HttpResponse {
    let phase = order.state.phase();
    let valid: Vec<&str> = phase.next().iter().map(|next| next.word()).collect();
    let more = json!({
        "current_status": phase.word(),
        "requested_status": requested,
        "valid_transitions": valid,
        "order_id": order.id.to_string(),
    });
    refused(why, more)
}

/// A step that is somebody else's: 403.
pub(super) fn not_their_step(
    principal: Principal,
    role: &str,
    order: &Order,
    requested: &str,
    why: ApiError,
) -> HttpResponse {
    let role = if principal.role.is_operator() { principal.role.word() } else { role };
    let more = json!({
        "current_user_role": role,
        "order_status": order.state.word(),
        "requested_status": requested,
    });
    refused(why, more)
}

/// An order that was not given to anybody: 400, with the reason in words.
pub(super) fn not_assigned(why: ApiError, code: &str, driver_status: Option<&str>) -> HttpResponse {
    let reason = why.clone().told_in(request_id::language()).message().to_owned();
    let mut more = json!({ "success": false, "reason": reason, "rejection_reason": code });
    if let Some(status) = driver_status {
        more["driver_status"] = status.into();
    }
    refused(why, more)
}

/// What staff is told of an order that could not be given to a courier. What is not there, and an outage,
/// are refused like anywhere.
pub(super) fn of_desk(refusal: Refusal, driver_status: Option<&str>) -> Result<HttpResponse, ApiError> {
    match refusal {
        Refusal::Rejected(rejection) if !matches!(rejection, Rejection::NotAParty) => {
            let code = rejection.code();
            Ok(not_assigned(as_bad_request(rejection), code, driver_status))
        }
        other => Err(other.into()),
    }
}

/// A refusal of a command on an order, in words about orders: somebody may have it already, which is said of
/// packages elsewhere.
pub(super) fn of_order(refusal: Refusal) -> ApiError {
    match refusal {
        Refusal::Rejected(Rejection::AlreadyTaken) => {
            ApiError::conflict("already_taken", "another courier has this order")
        }
        refusal => refusal.into(),
    }
}

/// A refusal of the core as the malformed request that this contract takes it for.
pub(super) fn as_bad_request(rejection: Rejection) -> ApiError {
    let error = of_order(Refusal::Rejected(rejection));
    let russian = error.clone().told_in(crate::texts::language::Language::Russian);
    ApiError::bad_request(error.message()).in_russian(russian.message())
}
