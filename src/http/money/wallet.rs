//! One's money, and how it is taken out.

use std::collections::BTreeMap;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use peerpack_actors::ids::{UserId, WithdrawalId};
use peerpack_actors::money::withdrawal::{Withdrawal, WithdrawalState};
use peerpack_actors::money::{Amount, Currency};
use peerpack_actors::ports::CommitError;
use peerpack_actors::rejection::Rejection;
use peerpack_actors::time::{Span, Time};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app::App;
use crate::auth::Principal;
use crate::auth::sealed::{Vault, masked};
use crate::auth::token::Tokens;
use crate::edge::idempotency::{Once, Repeatable};
use crate::error::extract::Given;
use crate::error::{ApiError, Problem};
use crate::http::input::{self, SHORT_TEXT};
use crate::store::TransferRecord;

/// How many movements one answer lists.
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
    /// How much more money one has by it, roubles; less than nothing for less, and nothing where money moves
    /// between one's own purses. Over all movements it adds up to `total`, as in the statement.
    amount: f64,
    /// How much moved, roubles; never less than nothing.
    moved: f64,
    /// What kind of movement.
    #[serde(rename = "type")]
    #[schema(value_type = crate::http::vocabulary::TransactionType)]
    kind: String,
    /// `completed`; `pending` for money on its way out that no operator has sent yet, `rejected` for money
    /// that was to go out and came back, which is a movement of its own.
    #[schema(value_type = crate::http::vocabulary::TransactionStatus)]
    status: String,
    /// Why money that was to go out came back, in the operator's words.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// Money on its way out is not sent before, because the place for it was a new one.
    #[serde(skip_serializing_if = "Option::is_none")]
    payable_from: Option<String>,
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
    let mut transfers = app.database.transfers_of(principal.user, None, PAGE).await?;
    transfers.retain(|transfer| transfer.amount.currency == Currency::Rub);
    let out: Vec<WithdrawalId> = transfers.iter().filter_map(withdrawal_of).collect();
    let out = app.database.withdrawals(&out).await?;
    let out: BTreeMap<WithdrawalId, Withdrawal> = out.into_iter().map(|one| (one.id, one)).collect();
    let now = app.clock.now();
    let view = |transfer: &TransferRecord| {
        let withdrawal = withdrawal_of(transfer).and_then(|id| out.get(&id));
        transaction(transfer, withdrawal, principal.user, now)
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

/// How much more money somebody has by a movement, in minor units: free and set aside together.
pub(super) fn change_of(transfer: &TransferRecord, of: UserId) -> i64 {
    let minor = transfer.amount.minor;
    i64::from(transfer.to_user == Some(of)) * minor - i64::from(transfer.from_user == Some(of)) * minor
}

fn transaction(
    transfer: &TransferRecord,
    withdrawal: Option<&Withdrawal>,
    of: UserId,
    now: Time,
) -> TransactionView {
    let change_minor = change_of(transfer, of);
    let kind = kind_of(transfer);
    let status = match withdrawal.map(|withdrawal| withdrawal.state) {
        Some(WithdrawalState::Queued) => "pending",
        Some(WithdrawalState::Rejected { .. }) if change_minor < 0 => "rejected",
        Some(WithdrawalState::Paid { .. } | WithdrawalState::Rejected { .. }) | None => "completed",
    };
    let is_rejected = |one: &&Withdrawal| matches!(one.state, WithdrawalState::Rejected { .. });
    let waits = |one: &&Withdrawal| one.state == WithdrawalState::Queued && one.payable_from > now;
    TransactionView {
        id: transfer.key.clone(),
        description: withdrawal.map_or(&transfer.description, |withdrawal| &withdrawal.method).clone(),
        date: transfer.at.to_string(),
        amount: Amount::new(change_minor, transfer.amount.currency).major(),
        moved: transfer.amount.major(),
        kind: kind.to_owned(),
        status: status.to_owned(),
        reason: withdrawal.filter(is_rejected).and_then(|rejected| rejected.note.clone()),
        payable_from: withdrawal.filter(waits).map(|waiting| waiting.payable_from.to_string()),
    }
}

/// Takes money out: at once out of the wallet, and by an operator's hand to its owner. Five withdrawals of
/// one person wait at most, and so much goes out in a day. Where the money goes is kept encrypted, and shown
/// with its last characters only. A place that was not named before is not paid to at once: `payable_from` in
/// `GET /api/user/balance` says from when on. The last ten are known.
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
