//! What operators see and decide of payments: they book transfers, give money back, and look at the books.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use peerpack_actors::ids::{PackageId, PaymentId, RefundId, UserId};
use peerpack_actors::money::Amount;
use peerpack_actors::money::payment::{Cost, Method, PaymentCommand, PaymentFile, PaymentState};
use peerpack_actors::rejection::Rejection;
use peerpack_actors::time::Time;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::payments::{self, PaymentView};
use crate::app::App;
use crate::auth::Principal;
use crate::edge::idempotency::{Once, Repeatable};
use crate::error::extract::{Body, Query};
use crate::error::{ApiError, Problem};
use crate::http::input::{self, LONG_TEXT, SHORT_TEXT};
use crate::maintenance::payments as providers;
use crate::store::{LedgerOf, PaymentsOf, TransferRecord};

/// How many entries of the books one answer lists.
const PAGE: u32 = 500;

/// Which payments: those that one of `payment`, `reference`, `package` and `user` names; without any of them
/// those in a state, or those that have no money yet.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct Sought {
    /// Of any method if it is not said; `manual` if nothing else is said either.
    #[param(value_type = Option<Method>)]
    method: Option<Method>,
    /// In any state if it is not said and something else is.
    #[param(value_type = Option<PaymentState>)]
    state: Option<PaymentState>,
    /// The payment itself.
    #[param(value_type = Option<String>)]
    payment: Option<PaymentId>,
    /// What stands on the transfer; or what a charge is called at the provider, or at the acquirer behind it.
    reference: Option<String>,
    /// What was paid for, or highlighted.
    #[param(value_type = Option<String>)]
    package: Option<PackageId>,
    /// Whose payments.
    #[param(value_type = Option<String>)]
    user: Option<UserId>,
    /// The next page, as the last answer named it.
    #[param(value_type = Option<String>)]
    cursor: Option<PaymentId>,
}

/// A transfer that has come.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = BookPayment)]
pub struct Book {
    /// What the bank calls the transfer: it counts once.
    charge_id: String,
    /// How much has come, in the currency of the payment.
    amount: f64,
    /// Where that can be seen: a line of a statement.
    evidence: String,
}

/// Money to give back.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RefundPayment)]
pub struct GiveBack {
    /// How much, in the currency of the payment; all that is left if it is not said.
    #[serde(default)]
    amount: Option<f64>,
    /// Of which charge; of the oldest that has enough if it is not said.
    #[serde(default)]
    charge_id: Option<String>,
    /// Out of whose pocket: `payer` takes it out of the payer's wallet, `platform` does not.
    #[serde(default)]
    cost: Option<Cost>,
    /// Why the money goes back, in the operator's own words.
    reason: String,
}

/// Money that a bank has taken back.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ChargeBackPayment)]
pub struct TakenBack {
    /// The charge that was taken back.
    charge_id: String,
}

/// Which entries of the books: of one payment, package or person.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct LedgerQuery {
    #[param(value_type = Option<String>)]
    payment: Option<PaymentId>,
    #[param(value_type = Option<String>)]
    package: Option<PackageId>,
    #[param(value_type = Option<String>)]
    user: Option<UserId>,
    /// The next page, as the last answer named it.
    cursor: Option<String>,
}

/// Entries of the books, oldest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct Ledger {
    entries: Vec<LedgerEntry>,
    /// Where the next page starts.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// Money moved from one account to another.
#[derive(Debug, Serialize, ToSchema)]
pub struct LedgerEntry {
    /// Its unique business key.
    key: String,
    at: String,
    /// The kind of account that it came from.
    from: String,
    /// Whose that is, if it is a person's.
    #[serde(skip_serializing_if = "Option::is_none")]
    from_user: Option<UserId>,
    /// The kind of account that it went to.
    to: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    to_user: Option<UserId>,
    amount: f64,
    #[schema(value_type = peerpack_actors::money::Currency)]
    currency: &'static str,
    /// The request it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<String>,
}

/// How the books agree with providers' lists.
#[derive(Debug, Serialize, ToSchema)]
pub struct Reconciliations {
    reconciliations: Vec<ReconciliationView>,
}

/// How the books agree with one provider's list.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Reconciliation)]
pub struct ReconciliationView {
    method: Method,
    /// When that was looked at.
    at: String,
    /// What was charged from then on.
    since: String,
    /// What was charged before.
    until: String,
    /// Charges in the list.
    compared: u64,
    /// Charges that do not agree: while there are any, no money goes out.
    differences: u64,
    /// The first of them, one sentence each.
    examples: Vec<String>,
}

/// Payments in any state, with what was taken for them, by what is known of them. If nothing is said, those
/// that have no money yet: to look for in a statement of the bank.
#[utoipa::path(get, path = "/api/admin/payments", operation_id = "find_payments",
    tag = "admin", security(("bearer" = [])), params(Sought),
    responses((status = 200, body = payments::Payments), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 403, body = Problem), (status = 422, body = Problem)))]
pub async fn list(app: web::Data<App>, query: Query<Sought>) -> Result<HttpResponse, ApiError> {
    let Sought { method, state, payment, reference, package, user, cursor } = query.0;
    let reference = reference.map(|given| given.trim().to_owned()).filter(|given| !given.is_empty());
    let of = match (payment, reference, package, user) {
        (None, None, None, None) if state.is_none() => PaymentsOf::Waiting,
        (None, None, None, None) => PaymentsOf::Anybody,
        (Some(payment), None, None, None) => PaymentsOf::Payment(payment),
        (None, Some(number), None, None) => PaymentsOf::Number(number),
        (None, None, Some(package), None) => PaymentsOf::Package(package),
        (None, None, None, Some(user)) => PaymentsOf::User(user),
        _ => {
            let message = "name one of payment, reference, package and user";
            return Err(ApiError::unprocessable("reference", message));
        }
    };
    let method = method.or_else(|| (of == PaymentsOf::Waiting).then_some(Method::Manual));
    let found = app.database.payments_sought(of, (method, state), cursor, payments::page_size()).await?;
    Ok(HttpResponse::Ok().json(payments::page(&found, |file| payments::desk_view(&app, file))))
}

/// Books a transfer that has come: it is credited to the payer's wallet, whatever the amount.
#[utoipa::path(post, path = "/api/admin/payments/{payment_id}/book", operation_id = "book_payment",
    tag = "admin", security(("bearer" = [])),
    params(("payment_id" = String, Path, description = "The payment"), Repeatable), request_body = Book,
    responses((status = 200, body = PaymentView), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem),
        (status = 422, body = Problem)))]
pub async fn book(
    app: web::Data<App>,
    principal: Principal,
    repeatable: Repeatable,
    path: web::Path<PaymentId>,
    body: Body<Book>,
) -> Result<HttpResponse, ApiError> {
    let Book { charge_id, amount, evidence } = body.0;
    let reference = input::required("charge_id", Some(charge_id), SHORT_TEXT)?;
    let evidence = input::required("evidence", Some(evidence), LONG_TEXT)?;
    let (id, by, amount) = (path.into_inner(), principal.user, input::amount("amount", amount)?);
    let command = PaymentCommand::Book { reference: reference.clone(), amount, evidence, by };
    carry_out(&app, principal, repeatable, id, (reference, command)).await
}

/// Gives money of a payment back to where it came from. What an acquirer is asked for stays `asked` until it
/// says what became of it.
#[utoipa::path(post, path = "/api/admin/payments/{payment_id}/refund", operation_id = "refund_payment",
    tag = "admin", security(("bearer" = [])),
    params(("payment_id" = String, Path, description = "The payment"), Repeatable), request_body = GiveBack,
    responses((status = 200, body = PaymentView), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem),
        (status = 422, body = Problem)))]
pub async fn refund(
    app: web::Data<App>,
    principal: Principal,
    repeatable: Repeatable,
    path: web::Path<PaymentId>,
    body: Body<GiveBack>,
) -> Result<HttpResponse, ApiError> {
    let payment = path.into_inner();
    let work = async |once: &Once| {
        let GiveBack { amount, charge_id: charge, cost, reason } = body.0;
        let reason = input::required("reason", Some(reason), LONG_TEXT)?;
        let before = app.database.payment(payment).await?.ok_or_else(ApiError::not_found)?;
        let in_currency = |major| {
            let amount = Amount::from_major(major, before.payment.amount.currency);
            amount.map_err(|error| ApiError::unprocessable("amount", error.to_string()))
        };
        let minor = amount.map(in_currency).transpose()?.map(|amount| amount.minor);
        let now = app.clock.now();
        let id = RefundId::new(now, app.clock.random());
        let (cost, by) = (cost.unwrap_or(Cost::Payer), principal.user);
        let command = PaymentCommand::Refund { id, charge, minor, cost, reason, by: Some(by) };
        // First in the books, with its key, and then at the provider: what is asked for is never forgotten.
        let file = moved(&app, payment, command, once).await?;
        tracing::info!(payment = %payment, refund = %id, %by, "money is given back");
        let file = match app.providers.get(file.payment.method) {
            Some(provider) => {
                let asked = file.refunds.iter().find(|refund| refund.id == id);
                let reference = asked.map_or_else(|| id.to_string(), |refund| refund.reference.clone());
                providers::ask_for_refund(&app, provider, &file, &reference).await?;
                providers::look_up(&app, &file).await.unwrap_or(file)
            }
            None => file,
        };
        answer(&app, once, &file).await
    };
    repeatable.run(&app.database, principal.user, None, work).await
}

/// A bank has taken a transfer back. The platform has lost it, and takes it from the payer as far as there is
/// something.
#[utoipa::path(post, path = "/api/admin/payments/{payment_id}/charge-back", operation_id = "charge_back_payment",
    tag = "admin", security(("bearer" = [])),
    params(("payment_id" = String, Path, description = "The payment"), Repeatable), request_body = TakenBack,
    responses((status = 200, body = PaymentView), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem),
        (status = 422, body = Problem)))]
pub async fn charge_back(
    app: web::Data<App>,
    principal: Principal,
    repeatable: Repeatable,
    path: web::Path<PaymentId>,
    body: Body<TakenBack>,
) -> Result<HttpResponse, ApiError> {
    let charge = input::required("charge_id", Some(body.0.charge_id), SHORT_TEXT)?;
    let command = PaymentCommand::ChargeBack { charge: charge.clone(), by: principal.user };
    carry_out(&app, principal, repeatable, path.into_inner(), (charge, command)).await
}

async fn carry_out(
    app: &App,
    principal: Principal,
    repeatable: Repeatable,
    id: PaymentId,
    (natural, command): (String, PaymentCommand),
) -> Result<HttpResponse, ApiError> {
    let work = async |once: &Once| {
        let file = moved(app, id, command, once).await?;
        tracing::info!(payment = %id, by = %principal.user, state = file.payment.state.word(), "a payment was decided upon");
        answer(app, once, &file).await
    };
    repeatable.run(&app.database, principal.user, Some(format!("{id} {natural}")), work).await
}

/// Answers with a payment as it is now, and keeps that for an equal call: what was kept with the money knew
/// nothing of what the provider has said since.
async fn answer(app: &App, once: &Once, file: &PaymentFile) -> Result<HttpResponse, ApiError> {
    let shown = payments::desk_view(app, file);
    if let Some(receipt) = once.receipt(StatusCode::OK, &shown) {
        app.database.amend_answer(&receipt).await?;
    }
    Ok(HttpResponse::Ok().json(shown))
}

/// Carries a command out. Its answer is kept where the call can be named; it says that it was done.
async fn moved(
    app: &App,
    id: PaymentId,
    command: PaymentCommand,
    once: &Once,
) -> Result<PaymentFile, ApiError> {
    let before = app.database.payment(id).await?.ok_or_else(ApiError::not_found)?;
    let now = app.clock.now();
    let receipt = before
        .decide(&command, i64::MAX / 4, now, &mut || app.clock.random())
        .ok()
        .and_then(|decided| once.receipt(StatusCode::OK, &payments::desk_view(app, &decided.after)));
    match app.database.move_payment(id, command, now, receipt).await {
        Ok(Some((file, committed))) => {
            app.engine.told(committed);
            Ok(file)
        }
        Ok(None) => Err(ApiError::not_found()),
        Err(peerpack_actors::ports::CommitError::Refused(why @ Rejection::InsufficientFunds)) => {
            Err(ApiError::conflict(why.code(), "the payer has spent it: only the platform can give it back"))
        }
        Err(error) => Err(payments::known_elsewhere(error)),
    }
}

/// The books of a payment, of a package with its deals, or of a person.
#[utoipa::path(get, path = "/api/admin/ledger", operation_id = "ledger",
    tag = "admin", security(("bearer" = [])), params(LedgerQuery),
    responses((status = 200, body = Ledger), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 403, body = Problem), (status = 422, body = Problem)))]
pub async fn ledger(app: web::Data<App>, query: Query<LedgerQuery>) -> Result<HttpResponse, ApiError> {
    let of = match (query.0.payment, query.0.package, query.0.user) {
        (Some(payment), None, None) => LedgerOf::Payment(payment),
        (None, Some(package), None) => LedgerOf::Package(package),
        (None, None, Some(user)) => LedgerOf::User(user),
        _ => {
            return Err(ApiError::unprocessable("user", "name one of payment, package and user"));
        }
    };
    let after = query.0.cursor.as_deref().map(input::cursor::<i64, String>).transpose()?;
    let (at, key) = after.map_or((0, String::new()), |after| after);
    let entries = app.database.ledger(of, (Time::from_ms(at), key), PAGE).await?;
    let is_full = entries.len() == PAGE as usize;
    let next_cursor = entries.last().filter(|_| is_full).map(|last| format!("{}_{}", last.at.ms(), last.key));
    let entries = entries.into_iter().map(entry).collect();
    Ok(HttpResponse::Ok().json(Ledger { entries, next_cursor }))
}

fn entry(transfer: TransferRecord) -> LedgerEntry {
    let Amount { currency, .. } = transfer.amount;
    LedgerEntry {
        key: transfer.key,
        at: transfer.at.to_string(),
        from: transfer.from_kind,
        from_user: transfer.from_user,
        to: transfer.to_kind,
        to_user: transfer.to_user,
        amount: transfer.amount.major(),
        currency: currency.code(),
        request_id: transfer.request.map(|request| request.to_string()),
    }
}

/// How the books agreed with the lists of providers when that was last looked at.
#[utoipa::path(get, path = "/api/admin/reconciliations", operation_id = "reconciliations",
    tag = "admin", security(("bearer" = [])),
    responses((status = 200, body = Reconciliations), (status = 401, body = Problem), (status = 403, body = Problem)))]
pub async fn reconciliations(app: web::Data<App>) -> Result<HttpResponse, ApiError> {
    let found = app.database.reconciliations().await?.into_iter().map(|one| ReconciliationView {
        method: one.method,
        at: one.at.to_string(),
        since: one.since.to_string(),
        until: one.until.to_string(),
        compared: one.compared,
        differences: one.differences,
        examples: one.examples,
    });
    Ok(HttpResponse::Ok().json(Reconciliations { reconciliations: found.collect() }))
}
