//! Money on its way out, as operators see it and decide upon it.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use peerpack_actors::ids::WithdrawalId;
use peerpack_actors::money::withdrawal::{Decision, Withdrawal, WithdrawalCommand, WithdrawalState};
use peerpack_actors::ports::CommitError;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::app::App;
use crate::auth::Principal;
use crate::auth::sealed::Vault;
use crate::auth::token::Tokens;
use crate::error::extract::{Body, Query};
use crate::error::{ApiError, Problem};
use crate::http::input::{self, LONG_TEXT, SHORT_TEXT};
use crate::maintenance::payments;

/// How many withdrawals one answer lists.
const PAGE: u32 = 100;

/// Which withdrawals, and which part of them.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct Which {
    /// Those that were decided, instead of those that wait.
    decided: bool,
    /// The next page, as the last answer named it.
    #[param(value_type = Option<String>)]
    cursor: Option<WithdrawalId>,
}

/// Withdrawals, as operators see them.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WithdrawalQueue)]
pub struct Queue {
    /// Whether no money is to be sent now: the stored data are not in order, or cannot be looked at, and
    /// `pay` is refused.
    payouts_frozen: bool,
    /// Those that wait: oldest first; those that were decided: newest first.
    withdrawals: Vec<QueuedView>,
    /// Where the next page starts.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// A withdrawal, as operators see it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = QueuedWithdrawal)]
pub struct QueuedView {
    id: String,
    user_id: String,
    /// How much is to be paid out, roubles.
    amount: f64,
    /// Where to, as far as it is shown: `details` tells all of it.
    method: String,
    created_at: String,
    /// It is not paid before: its owner has named a new place for it.
    payable_from: String,
    /// Whether two operators have to agree.
    needs_two: bool,
    /// The first of them, if one has.
    #[serde(skip_serializing_if = "Option::is_none")]
    approved_by: Option<String>,
    /// What the first one has written down.
    #[serde(skip_serializing_if = "Option::is_none")]
    approval_note: Option<String>,
    /// Whether it was paid or rejected, once it was decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<crate::http::vocabulary::WithdrawalDecision>)]
    decision: Option<String>,
    /// When it was decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    decided_at: Option<String>,
    /// The operator who decided it.
    #[serde(skip_serializing_if = "Option::is_none")]
    decided_by: Option<String>,
    /// Under which number it was sent, or why not.
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

/// Where a withdrawal goes.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WithdrawalDetails)]
pub struct Details {
    /// In its owner's words; nothing if it was sealed with another key than the server's of today.
    #[serde(skip_serializing_if = "Option::is_none")]
    details: Option<String>,
}

/// The money was sent.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PayWithdrawal)]
pub struct Sent {
    /// Under which number.
    reference: String,
}

/// The money goes back.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RejectWithdrawal)]
pub struct Rejected {
    /// Why the money is not sent, in the operator's own words.
    reason: String,
}

/// What was decided.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WithdrawalDecided)]
pub struct Decided {
    success: bool,
    /// `paid` or `rejected`; `approved` if another operator has to agree.
    #[schema(value_type = crate::http::vocabulary::WithdrawalDecision)]
    state: String,
}

/// Withdrawals that wait for an operator; or those that were decided, with who has decided what.
#[utoipa::path(get, path = "/api/admin/withdrawals", operation_id = "withdrawal_queue",
    tag = "admin", security(("bearer" = [])), params(Which),
    responses((status = 200, body = Queue), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 403, body = Problem)))]
pub async fn queue(app: web::Data<App>, query: Query<Which>) -> Result<HttpResponse, ApiError> {
    let is_clean = app.audit.is_clean(&app.database, app.clock.now()).await;
    let payouts_frozen = !is_clean || !payments::agree(&app.database).await?;
    let Which { decided, cursor } = query.0;
    let found = if decided {
        app.database.decided_withdrawals(cursor, PAGE).await?
    } else {
        app.database.queued_withdrawals(cursor, PAGE).await?
    };
    let is_full = found.len() == PAGE as usize;
    let next_cursor = found.last().filter(|_| is_full).map(|last| last.id.to_string());
    let second_above_minor = app.config.money.payouts.second_above_minor;
    let withdrawals = found.into_iter().map(|one| view(one, second_above_minor)).collect();
    Ok(HttpResponse::Ok().json(Queue { payouts_frozen, withdrawals, next_cursor }))
}

fn view(one: Withdrawal, second_above_minor: i64) -> QueuedView {
    let decided = match one.state {
        WithdrawalState::Queued => None,
        WithdrawalState::Paid { at, by } | WithdrawalState::Rejected { at, by } => Some((at, by)),
    };
    QueuedView {
        id: one.id.to_string(),
        user_id: one.user.to_string(),
        amount: one.amount.major(),
        method: one.method,
        created_at: one.created_at.to_string(),
        payable_from: one.payable_from.to_string(),
        needs_two: one.amount.minor > second_above_minor,
        approved_by: one.approved.map(|first| first.by.to_string()),
        approval_note: one.approval_note,
        decision: decided.map(|_| one.state.word().to_owned()),
        decided_at: decided.map(|(at, _)| at.to_string()),
        decided_by: decided.map(|(_, by)| by.to_string()),
        note: one.note,
    }
}

/// Where a withdrawal goes, all of it. That somebody has looked is noted in the log.
#[utoipa::path(get, path = "/api/admin/withdrawals/{withdrawal_id}/details", operation_id = "withdrawal_details",
    tag = "admin", security(("bearer" = [])),
    params(("withdrawal_id" = String, Path, description = "The withdrawal")),
    responses((status = 200, body = Details), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 404, body = Problem)))]
pub async fn details(
    app: web::Data<App>,
    tokens: web::Data<Tokens>,
    principal: Principal,
    path: web::Path<WithdrawalId>,
) -> Result<HttpResponse, ApiError> {
    let withdrawal = app.database.withdrawal(path.into_inner()).await?.ok_or_else(ApiError::not_found)?;
    tracing::info!(withdrawal = %withdrawal.id, operator = %principal.user, "payout details were looked at");
    let open = |sealed: &String| Vault::of(&tokens).open(withdrawal.user, sealed);
    let details = withdrawal.details.as_ref().map_or(Some(withdrawal.method.clone()), open);
    Ok(HttpResponse::Ok().insert_header(("cache-control", "private, no-store")).json(Details { details }))
}

/// The money was sent. A large withdrawal needs two operators: the first agrees, the second sends. Refused
/// while the stored data are not in order: they are looked at now if nobody has looked within the last hour.
#[utoipa::path(post, path = "/api/admin/withdrawals/{withdrawal_id}/pay", operation_id = "pay_withdrawal",
    tag = "admin", security(("bearer" = [])),
    params(("withdrawal_id" = String, Path, description = "The withdrawal")), request_body = Sent,
    responses((status = 200, body = Decided), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem),
        (status = 422, body = Problem)))]
pub async fn pay(
    app: web::Data<App>,
    principal: Principal,
    path: web::Path<WithdrawalId>,
    body: Body<Sent>,
) -> Result<HttpResponse, ApiError> {
    let reference = input::required("reference", Some(body.0.reference), SHORT_TEXT)?;
    decide(&app, principal, path.into_inner(), WithdrawalCommand::Pay, reference).await
}

/// The money goes back into the wallet.
#[utoipa::path(post, path = "/api/admin/withdrawals/{withdrawal_id}/reject",
    operation_id = "reject_withdrawal",
    tag = "admin",
    security(("bearer" = [])), params(("withdrawal_id" = String, Path, description = "The withdrawal")),
    request_body = Rejected,
    responses((status = 200, body = Decided), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem),
        (status = 422, body = Problem)))]
pub async fn reject(
    app: web::Data<App>,
    principal: Principal,
    path: web::Path<WithdrawalId>,
    body: Body<Rejected>,
) -> Result<HttpResponse, ApiError> {
    let reason = input::required("reason", Some(body.0.reason), LONG_TEXT)?;
    decide(&app, principal, path.into_inner(), WithdrawalCommand::Reject, reason).await
}

async fn decide(
    app: &App,
    principal: Principal,
    id: WithdrawalId,
    command: WithdrawalCommand,
    note: String,
) -> Result<HttpResponse, ApiError> {
    let withdrawal = app.database.withdrawal(id).await?.ok_or_else(ApiError::not_found)?;
    let answer = |word: &str| HttpResponse::Ok().json(Decided { success: true, state: word.to_owned() });
    let wanted = if command == WithdrawalCommand::Pay { "paid" } else { "rejected" };
    if withdrawal.state.word() == wanted {
        return Ok(answer(wanted));
    }
    let now = app.clock.now();
    let decision = withdrawal.decide(command, principal.user, app.config.money.payouts, now)?;
    if command == WithdrawalCommand::Pay {
        may_go_out(app).await?;
    }
    let word = if matches!(decision, Decision::Approved(_)) { "approved" } else { wanted };
    match app.database.move_withdrawal(withdrawal, decision, note).await {
        // A second tap was faster, or another operator: the same decision stands, another one is refused.
        Err(CommitError::Conflict) if is_in(app, id, wanted).await? => {}
        moved => app.engine.told(moved?),
    }
    tracing::info!(withdrawal = %id, by = %principal.user, decision = word, "a withdrawal was decided upon");
    Ok(answer(word))
}

/// Whether the books are in order, and agree with the lists of providers.
async fn may_go_out(app: &App) -> Result<(), ApiError> {
    let frozen = |message: &str| {
        ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "payouts_frozen", message).with_retry_after(3_600)
    };
    if !app.audit.is_clean_by_now(&app.database, app.clock.now()).await {
        let message =
            "no money goes out until somebody has looked at the books: they do not add up, or cannot be read";
        return Err(frozen(message));
    }
    if !payments::agree(&app.database).await? {
        return Err(frozen("no money goes out: the books do not agree with the list of a provider"));
    }
    Ok(())
}

async fn is_in(app: &App, id: WithdrawalId, state: &str) -> Result<bool, ApiError> {
    Ok(app.database.withdrawal(id).await?.is_some_and(|withdrawal| withdrawal.state.word() == state))
}
