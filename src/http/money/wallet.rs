//! One's money, and money on its way out.

use std::collections::BTreeMap;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use peerpack_actors::ids::{UserId, WithdrawalId};
use peerpack_actors::money::withdrawal::{Decision, Withdrawal, WithdrawalCommand, WithdrawalState};
use peerpack_actors::money::{Amount, Currency};
use peerpack_actors::ports::CommitError;
use peerpack_actors::rejection::Rejection;
use peerpack_actors::time::Span;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::app::App;
use crate::auth::Principal;
use crate::auth::sealed::{Vault, masked};
use crate::auth::token::Tokens;
use crate::edge::idempotency::{Once, Repeatable};
use crate::error::extract::{Body, Given, Query};
use crate::error::{ApiError, Problem};
use crate::http::input::{self, LONG_TEXT, SHORT_TEXT};
use crate::maintenance::payments;
use crate::store::TransferRecord;

/// How many movements or withdrawals one answer lists.
const PAGE: u32 = 100;

/// How long an operator takes at most.
const PAYOUT_WITHIN: Span = Span::days(3);

/// One's money.
#[derive(Debug, Serialize, ToSchema)]
pub struct Wallet {
    balance: BalanceView,
    /// Newest first.
    transactions: Vec<TransactionView>,
}

/// What a person has, roubles.
#[derive(Debug, Default, Serialize, ToSchema)]
pub struct BalanceView {
    /// Free to spend and to take out.
    available: f64,
    /// The escrow of deals accepted as a courier.
    frozen: f64,
    /// Delivered and not yet confirmed, or disputed.
    pending: f64,
    /// Paid for packages that wait for a courier.
    reserved: f64,
    /// All of it.
    total: f64,
}

/// A movement.
#[derive(Debug, Serialize, ToSchema)]
pub struct TransactionView {
    id: String,
    /// What the package is, or where withdrawn money goes.
    description: String,
    date: String,
    /// Roubles; negative when it went away.
    amount: f64,
    /// What kind of movement.
    #[serde(rename = "type")]
    #[schema(value_type = crate::http::vocabulary::TransactionType)]
    kind: String,
    /// `completed`; `pending` for money on its way out that no operator has sent yet, `rejected` for money
    /// that was to go out and came back, which is a movement of its own.
    #[schema(value_type = crate::http::vocabulary::TransactionStatus)]
    status: String,
}

/// Money to take out.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewWithdrawal)]
pub struct Withdraw {
    /// Roubles: at least 100, or all there is.
    #[serde(deserialize_with = "input::lenient_number")]
    amount: Option<f64>,
    /// Where to: a card, a phone number of a payment system.
    #[serde(default)]
    method: Option<String>,
}

/// Money is on its way out.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WithdrawalMade)]
pub struct Withdrawn {
    success: bool,
    withdrawal_id: String,
    /// An operator has decided by then.
    estimated_completion: String,
}

/// Which part of the withdrawals that wait.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct After {
    /// The next page, as the last answer named it.
    #[param(value_type = Option<String>)]
    cursor: Option<WithdrawalId>,
}

/// Withdrawals that wait for an operator.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WithdrawalQueue)]
pub struct Queue {
    /// Whether no money is to be sent now: the stored data are not in order, or cannot be looked at, and
    /// `pay` is refused.
    payouts_frozen: bool,
    /// Oldest first.
    withdrawals: Vec<QueuedView>,
    /// Where the next page starts.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// A withdrawal that waits.
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
    /// It is not paid before: its owner has named another place for it.
    payable_from: String,
    /// Whether two operators have to agree.
    needs_two: bool,
    /// The first of them, if one has.
    #[serde(skip_serializing_if = "Option::is_none")]
    approved_by: Option<String>,
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

/// One's money and its movements.
#[utoipa::path(get, path = "/api/user/balance", operation_id = "my_balance", tag = "money",
    security(("bearer" = [])),
    responses((status = 200, body = Wallet), (status = 401, body = Problem)))]
pub async fn balance(app: web::Data<App>, principal: Principal) -> Result<HttpResponse, ApiError> {
    let balances = app.database.balances(principal.user).await?;
    let roubles = balances.into_iter().find(|balance| balance.currency == Currency::Rub).unwrap_or_default();
    let major = |minor| Amount::new(minor, Currency::Rub).major();
    let balance = BalanceView {
        available: major(roubles.available_minor),
        frozen: major(roubles.frozen_minor),
        pending: major(roubles.pending_minor),
        reserved: major(roubles.reserved_minor),
        total: major(
            roubles.available_minor + roubles.frozen_minor + roubles.pending_minor + roubles.reserved_minor,
        ),
    };
    let transfers = app.database.transfers_of(principal.user, None, PAGE).await?;
    let out: Vec<WithdrawalId> = transfers.iter().filter_map(withdrawal_of).collect();
    let out = app.database.withdrawals(&out).await?;
    let out: BTreeMap<WithdrawalId, Withdrawal> = out.into_iter().map(|one| (one.id, one)).collect();
    let view = |transfer: &TransferRecord| {
        let withdrawal = withdrawal_of(transfer).and_then(|id| out.get(&id));
        transaction(transfer, withdrawal, principal.user)
    };
    let transactions = transfers.iter().map(view).collect();
    Ok(HttpResponse::Ok().json(Wallet { balance, transactions }))
}

/// The withdrawal that a movement belongs to, if it belongs to one.
fn withdrawal_of(transfer: &TransferRecord) -> Option<WithdrawalId> {
    let (id, _) = transfer.key.rsplit_once(':').filter(|_| kind_of(transfer) == "withdrawal")?;
    id.parse().ok()
}

/// What kind of movement it is: the step of its business key.
pub(super) fn kind_of(transfer: &TransferRecord) -> &str {
    let step = transfer.key.rsplit(':').next().unwrap_or_default();
    match step {
        _ if transfer.request.is_some() => step,
        "pay" => "payment",
        "give_back" | "take_back" => "payment_refund",
        "charge_back" | "recover" => "charge_back",
        "fund" | "reserve" | "unreserve" => step,
        _ => "withdrawal",
    }
}

fn transaction(transfer: &TransferRecord, withdrawal: Option<&Withdrawal>, of: UserId) -> TransactionView {
    let leaves = transfer.from_user == Some(of) && transfer.to_user != Some(of);
    let kind = kind_of(transfer);
    let status = match withdrawal.map(|withdrawal| withdrawal.state) {
        Some(WithdrawalState::Queued) => "pending",
        Some(WithdrawalState::Rejected { .. }) if leaves => "rejected",
        _ => "completed",
    };
    TransactionView {
        id: transfer.key.clone(),
        description: withdrawal.map_or(&transfer.description, |withdrawal| &withdrawal.method).clone(),
        date: transfer.at.to_string(),
        amount: if leaves { -transfer.amount.major() } else { transfer.amount.major() },
        kind: kind.to_owned(),
        status: status.to_owned(),
    }
}

/// Takes money out: at once out of the wallet, and by an operator's hand to its owner. Five withdrawals of
/// one person wait at most, and so much goes out in a day. Where the money goes is kept encrypted, and shown
/// with its last characters only. Another place than before is not paid to at once.
#[utoipa::path(post, path = "/api/user/withdraw", operation_id = "withdraw_money",
    tag = "money", security(("bearer" = [])), request_body = Withdraw,
    params(Repeatable),
    responses((status = 200, body = Withdrawn), (status = 400, body = Problem),
        (status = 401, body = Problem),
        (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn withdraw(
    app: web::Data<App>,
    tokens: web::Data<Tokens>,
    principal: Principal,
    repeatable: Repeatable,
    body: Given<Withdraw>,
) -> Result<HttpResponse, ApiError> {
    let work = async |once: &Once| {
        let Given(input, mut wrong) = body;
        let given = input.amount.ok_or_else(|| ApiError::unprocessable("amount", "must not be empty"));
        let amount = given.and_then(|given| input::amount("amount", given));
        let amount = wrong.or(amount, Amount::new(0, Currency::Rub));
        let method = wrong.or(input::required("method", input.method, SHORT_TEXT), String::new());
        wrong.finish(())?;
        let now = app.clock.now();
        let id = WithdrawalId::new(now, app.clock.random());
        let vault = Vault::of(&tokens);
        let fingerprint = vault.fingerprint(principal.user, &method);
        let details = Some(vault.seal(principal.user, &method, rand::random()));
        let shown = masked(&method);
        let (withdrawal, out) = Withdrawal::request(id, principal.user, amount, shown, details, now)?;
        let estimated_completion = (now + PAYOUT_WITHIN).to_string();
        let answer = Withdrawn { success: true, withdrawal_id: id.to_string(), estimated_completion };
        let receipt = once.receipt(StatusCode::OK, &answer);
        let rules = app.config.money.payouts;
        match app.database.add_withdrawal(withdrawal, out, fingerprint, rules, receipt).await {
            Err(CommitError::Refused(why @ Rejection::InsufficientFunds)) => {
                let message = "there is not enough money in your wallet";
                return Err(ApiError::conflict(why.code(), message));
            }
            added => app.engine.told(added?),
        }
        Ok(HttpResponse::Ok().json(answer))
    };
    repeatable.run(&app.database, principal.user, None, work).await
}

/// Withdrawals that wait for an operator.
#[utoipa::path(get, path = "/api/admin/withdrawals", operation_id = "withdrawal_queue",
    tag = "admin", security(("bearer" = [])), params(After),
    responses((status = 200, body = Queue), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 403, body = Problem)))]
pub async fn queue(app: web::Data<App>, query: Query<After>) -> Result<HttpResponse, ApiError> {
    let is_clean = app.audit.is_clean(&app.database, app.clock.now()).await;
    let payouts_frozen = !is_clean || !payments::agree(&app.database).await?;
    let queued = app.database.queued_withdrawals(query.0.cursor, PAGE).await?;
    let is_full = queued.len() == PAGE as usize;
    let next_cursor = queued.last().filter(|_| is_full).map(|last| last.id.to_string());
    let withdrawals = queued.into_iter().map(|one| QueuedView {
        id: one.id.to_string(),
        user_id: one.user.to_string(),
        amount: one.amount.major(),
        method: one.method,
        created_at: one.created_at.to_string(),
        payable_from: one.payable_from.to_string(),
        needs_two: one.amount.minor > app.config.money.payouts.second_above_minor,
        approved_by: one.approved.map(|first| first.by.to_string()),
    });
    Ok(HttpResponse::Ok().json(Queue { payouts_frozen, withdrawals: withdrawals.collect(), next_cursor }))
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
