//! Money on its way in, as the payer sees it; and what acquirers say of it.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use peerpack_actors::ids::{PackageId, PaymentId, TripId, UserId};
use peerpack_actors::market::package::PackageState;
use peerpack_actors::money::highlight::Subject;
use peerpack_actors::money::payment::{
    MIN_MINOR, Method, OPEN_FOR, Payment, PaymentCommand, PaymentFile, PaymentState, Purpose, RefundState,
    Report,
};
use peerpack_actors::money::{Amount, Currency};
use peerpack_actors::ports::{CommitError, Store as _};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::app::App;
use crate::auth::{Principal, Role};
use crate::edge::idempotency::{Once, Repeatable};
use crate::error::extract::{Body, Given, Query, RawBody};
use crate::error::{ApiError, Problem};
use crate::http::input;
use crate::http::price;
use crate::maintenance::payments;
use crate::payments::{Forged, Incoming, PaymentProvider, SIGNATURE, TIMESTAMP};

/// How many payments one answer lists.
const PAGE: u32 = 100;

/// Letters and digits of references that nobody takes for one another.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// What money is paid in for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PaymentPurpose {
    /// Money for the payer's own wallet.
    TopUp,
    /// What is missing for a package that waits.
    Package,
    /// A mark in lists: `POST /api/highlights` asks for it.
    Highlight,
}

/// Money to pay in.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewPayment)]
pub struct PayIn {
    /// `top_up` or `package`.
    #[schema(value_type = PaymentPurpose)]
    purpose: Option<PaymentPurpose>,
    /// For purpose `package`: one's own, which waits for a courier.
    #[serde(default)]
    package_id: Option<PackageId>,
    /// Roubles, at least 1. For a package, what is missing for it if it is not said.
    #[serde(default, deserialize_with = "input::lenient_number")]
    amount: Option<f64>,
    /// With what; may be left out where there is one way.
    #[serde(default)]
    method: Option<Method>,
}

/// A payment.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Payment)]
pub struct PaymentView {
    payment_id: PaymentId,
    /// Whose it is; for operators.
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<UserId>,
    status: PaymentState,
    purpose: PaymentPurpose,
    /// The package that is paid for, or highlighted.
    #[serde(skip_serializing_if = "Option::is_none")]
    package_id: Option<PackageId>,
    /// The trip that is highlighted.
    #[serde(skip_serializing_if = "Option::is_none")]
    trip_id: Option<TripId>,
    method: Method,
    /// What was asked for, in the currency.
    amount: f64,
    /// What has come: more where it was paid twice.
    paid: f64,
    /// What of it went back.
    refunded: f64,
    /// What a bank has taken back.
    charged_back: f64,
    currency: Currency,
    /// What has to stand on a transfer.
    reference: String,
    /// Where to pay, if it is an address. While the status is `created` nobody knows yet: look again.
    #[serde(skip_serializing_if = "Option::is_none")]
    invoice_url: Option<String>,
    /// Where to transfer the amount, with the reference, while it is awaited.
    #[serde(skip_serializing_if = "Option::is_none")]
    instructions: Option<String>,
    /// What was taken for it, oldest first; for operators.
    #[serde(skip_serializing_if = "Option::is_none")]
    charges: Option<Vec<ChargeView>>,
    refunds: Vec<RefundView>,
    created_at: String,
    expires_at: String,
}

/// Money that was taken for a payment. One that was paid twice has two.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = PaymentCharge)]
pub struct ChargeView {
    /// What it is called at its provider, or at the bank: a refund and a charge-back name it so.
    charge_id: String,
    /// What it is called at the acquirer behind the provider, where it has another number there. A refund and
    /// a charge-back may name it so, too.
    #[serde(skip_serializing_if = "Option::is_none")]
    provider_charge_id: Option<String>,
    /// How much was taken, in the currency of the payment.
    amount: f64,
    /// What of it has not gone back, and is not about to.
    left: f64,
    /// What a bank has taken back.
    charged_back: f64,
    /// What an operator has seen of it, who has booked it.
    #[serde(skip_serializing_if = "Option::is_none")]
    evidence: Option<String>,
    /// That operator.
    #[serde(skip_serializing_if = "Option::is_none")]
    booked_by: Option<UserId>,
    /// When it was credited.
    at: String,
}

/// Money of a payment on its way back to where it came from.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = PaymentRefund)]
pub struct RefundView {
    refund_id: String,
    amount: f64,
    status: RefundState,
    reason: String,
    at: String,
}

/// Payments: one's own, or those that an operator has looked for.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MyPayments)]
pub struct Payments {
    /// Newest first.
    payments: Vec<PaymentView>,
    /// Where the next page starts.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// Which part of the payments.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct Before {
    /// The next page, as the last answer named it.
    #[param(value_type = Option<String>)]
    cursor: Option<PaymentId>,
}

/// What an acquirer says was taken in.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = NoticeTaken)]
pub struct Taken {
    success: bool,
}

/// Pays money in: the answer says where, or whereto with which reference. What was paid is credited once its
/// provider has confirmed it; `payment.updated` tells.
#[utoipa::path(post, path = "/api/payments", operation_id = "pay_in", tag = "money", security(("bearer" = [])),
    request_body = PayIn, params(Repeatable),
    responses((status = 201, body = PaymentView), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn create(
    app: web::Data<App>,
    principal: Principal,
    repeatable: Repeatable,
    body: Given<PayIn>,
) -> Result<HttpResponse, ApiError> {
    let work = async |once: &Once| {
        let Given(input, mut wrong) = body;
        let purpose = input.purpose.ok_or_else(|| ApiError::unprocessable("purpose", "must not be empty"));
        let purpose = wrong.or(purpose, PaymentPurpose::TopUp);
        if purpose == PaymentPurpose::Highlight {
            return Err(ApiError::unprocessable("purpose", "must be top_up or package"));
        }
        let given = input.amount.map(|given| input::amount("amount", given)).transpose();
        let given = wrong.or(given, None);
        wrong.finish(())?;
        let provider = provider(&app, input.method)?;
        let (purpose, amount) = asked(&app, principal.user, purpose, input.package_id, given).await?;
        if amount.minor < MIN_MINOR {
            return Err(ApiError::unprocessable("amount", "must be at least 1"));
        }
        let file = new_payment(&app, principal.user, purpose, provider.method(), amount);
        ask(&app, provider, &file, once).await
    };
    repeatable.run(&app.database, principal.user, None, work).await
}

/// Asks for the money of a new payment, once. Its first answer is kept together with it, so that an equal
/// call makes no other one; what its provider says comes afterwards.
pub(super) async fn ask(
    app: &App,
    provider: &dyn PaymentProvider,
    file: &PaymentFile,
    once: &Once,
) -> Result<HttpResponse, ApiError> {
    let receipt = |file: &PaymentFile| once.receipt(StatusCode::CREATED, &view(app, file));
    app.database.add_payment(file.payment.clone(), receipt(file)).await?;
    let file = payments::create(app, provider, file).await?;
    if let Some(receipt) = receipt(&file) {
        app.database.amend_answer(&receipt).await?;
    }
    Ok(HttpResponse::Created().json(view(app, &file)))
}

/// Who takes the money: the one that was named, or the only one.
fn provider(app: &App, named: Option<Method>) -> Result<&dyn PaymentProvider, ApiError> {
    let mut methods = app.providers.methods();
    let Some(first) = methods.next() else {
        let message = "nobody takes money here: couriers are paid in cash, or by the demo";
        return Err(ApiError::conflict("no_payment_method", message));
    };
    if named.is_none() && methods.next().is_some() {
        return Err(ApiError::unprocessable("method", "must not be empty"));
    }
    let message = "money is not taken in this way here";
    // Stars pay for digital extras, and for nothing here.
    let named = named.unwrap_or(first);
    let found = app.providers.get(named).filter(|_| !named.is_for_extras());
    found.ok_or_else(|| ApiError::conflict("no_payment_method", message))
}

/// What for, and how much.
async fn asked(
    app: &App,
    user: UserId,
    purpose: PaymentPurpose,
    package: Option<PackageId>,
    amount: Option<Amount>,
) -> Result<(Purpose, Amount), ApiError> {
    let missing = || ApiError::unprocessable("amount", "must not be empty");
    if purpose == PaymentPurpose::TopUp {
        return Ok((Purpose::TopUp, amount.ok_or_else(missing)?));
    }
    let package = package.ok_or_else(|| ApiError::unprocessable("package_id", "must not be empty"))?;
    let package = app.database.package(package).await?;
    let package = package.filter(|package| package.sender == user && package.state == PackageState::Open);
    let package = package.ok_or_else(ApiError::not_found)?;
    let wanting = price::missing(app, &package).await?;
    if wanting.minor == 0 && amount.is_none() {
        let message = "nothing has to be paid in for this package";
        return Err(ApiError::conflict("nothing_missing", message));
    }
    let least = Amount::new(wanting.minor.max(MIN_MINOR), wanting.currency);
    Ok((Purpose::Package(package.id), amount.unwrap_or(least)))
}

/// A payment that nobody was asked for yet.
pub(super) fn new_payment(
    app: &App,
    user: UserId,
    purpose: Purpose,
    method: Method,
    amount: Amount,
) -> PaymentFile {
    let now = app.clock.now();
    let payment = Payment {
        id: PaymentId::new(now, app.clock.random()),
        user,
        purpose,
        method,
        amount,
        state: PaymentState::Created,
        state_at: now,
        reference: reference(app.clock.random()),
        invoice_url: None,
        created_at: now,
        expires_at: now + OPEN_FOR,
    };
    PaymentFile { payment, charges: Vec::new(), refunds: Vec::new() }
}

/// A reference that can be read out and typed: 50 random bits.
fn reference(random: [u8; 10]) -> String {
    let letters = random.map(|byte| char::from(ALPHABET[usize::from(byte % 32)]));
    let (first, second) = letters.split_at(5);
    format!("PP-{}-{}", first.iter().collect::<String>(), second.iter().collect::<String>())
}

/// A payment as it is now: one's own, or any for administrators. A provider is not asked: that is done
/// without being asked.
#[utoipa::path(get, path = "/api/payments/{payment_id}", operation_id = "show_payment", tag = "money",
    security(("bearer" = [])), params(("payment_id" = String, Path, description = "The payment")),
    responses((status = 200, body = PaymentView), (status = 401, body = Problem), (status = 404, body = Problem)))]
pub async fn show(
    app: web::Data<App>,
    principal: Principal,
    path: web::Path<PaymentId>,
) -> Result<HttpResponse, ApiError> {
    let file = app.database.payment(path.into_inner()).await?.ok_or_else(ApiError::not_found)?;
    // An administrator who gives money back has to see what there is.
    let shown = match principal.role {
        Role::Admin => desk_view(&app, &file),
        _ if file.payment.user == principal.user => view(&app, &file),
        _ => return Err(ApiError::not_found()),
    };
    Ok(HttpResponse::Ok().json(shown))
}

/// One's payments.
#[utoipa::path(get, path = "/api/payments", operation_id = "my_payments", tag = "money", security(("bearer" = [])),
    params(Before), responses((status = 200, body = Payments), (status = 400, body = Problem), (status = 401, body = Problem)))]
pub async fn list(
    app: web::Data<App>,
    principal: Principal,
    query: Query<Before>,
) -> Result<HttpResponse, ApiError> {
    let found = app.database.payments_of(principal.user, query.0.cursor, PAGE).await?;
    Ok(HttpResponse::Ok().json(page(&found, |file| view(&app, file))))
}

/// A page of payments, as somebody sees each of them.
pub(super) fn page(found: &[PaymentFile], seen: impl Fn(&PaymentFile) -> PaymentView) -> Payments {
    let is_full = found.len() == PAGE as usize;
    let next_cursor = found.last().filter(|_| is_full).map(|last| last.payment.id.to_string());
    Payments { payments: found.iter().map(seen).collect(), next_cursor }
}

/// How many payments are on a page.
pub(super) const fn page_size() -> u32 {
    PAGE
}

/// A payment as operators see it: whose it is, and what was taken for it.
pub(super) fn desk_view(app: &App, file: &PaymentFile) -> PaymentView {
    let major = |minor| Amount::new(minor, file.payment.amount.currency).major();
    let charges = file.charges.iter().map(|charge| ChargeView {
        charge_id: charge.reference.clone(),
        provider_charge_id: charge.provider_reference.clone(),
        amount: charge.amount.major(),
        left: major(file.left_of(charge)),
        charged_back: major(charge.charged_back_minor),
        evidence: charge.evidence.clone(),
        booked_by: charge.booked_by,
        at: charge.at.to_string(),
    });
    PaymentView { user_id: Some(file.payment.user), charges: Some(charges.collect()), ..view(app, file) }
}

/// A payment as its payer sees it.
pub(super) fn view(app: &App, file: &PaymentFile) -> PaymentView {
    let payment = &file.payment;
    let major = |minor| Amount::new(minor, payment.amount.currency).major();
    let about = payment.purpose.highlight().map(|highlight| highlight.of);
    let awaits_transfer = payment.method == Method::Manual && payment.state.is_open();
    let refunds = file.refunds.iter().map(|refund| RefundView {
        refund_id: refund.id.to_string(),
        amount: refund.amount.major(),
        status: refund.state,
        reason: refund.reason.clone(),
        at: refund.at.to_string(),
    });
    PaymentView {
        payment_id: payment.id,
        user_id: None,
        status: payment.state,
        purpose: match payment.purpose {
            Purpose::TopUp => PaymentPurpose::TopUp,
            Purpose::Package(_) => PaymentPurpose::Package,
            Purpose::Highlight(_) => PaymentPurpose::Highlight,
        },
        package_id: payment.purpose.package().or(about.and_then(Subject::package)),
        trip_id: about.and_then(Subject::trip),
        method: payment.method,
        amount: payment.amount.major(),
        paid: major(file.charged_minor()),
        refunded: major(file.refunded_minor()),
        charged_back: major(file.charged_back_minor()),
        currency: payment.amount.currency,
        reference: payment.reference.clone(),
        invoice_url: payment.invoice_url.clone().filter(|_| payment.state.is_open()),
        instructions: awaits_transfer.then(|| app.config.money.instructions.clone()),
        charges: None,
        refunds: refunds.collect(),
        created_at: payment.created_at.to_string(),
        expires_at: payment.expires_at.to_string(),
    }
}

/// An acquirer says what it knows of a payment. Signed as docs/money.md says; may come twice, late and in any
/// order.
#[utoipa::path(post, path = "/api/payments/webhook", operation_id = "payment_notice", tag = "money",
    request_body = Report,
    params(("PeerPack-Timestamp" = String, Header, description = "When it was signed, seconds since 1970."),
        ("PeerPack-Signature" = String, Header, description = "HMAC-SHA256 in hex of `<timestamp>.POST /api/payments/webhook.<body>`.")),
    responses((status = 200, body = Taken), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn notice(
    app: web::Data<App>,
    request: HttpRequest,
    body: Body<Report>,
) -> Result<HttpResponse, ApiError> {
    let report = signed(&app, &request).map_err(|_| {
        metrics::counter!("peerpack_payment_notices_forged_total").increment(1);
        ApiError::unauthorized("invalid_token", Forged.to_string())
    })?;
    let Body(_) = body;
    let id = report.payment_id;
    let moved = app.database.move_payment(id, PaymentCommand::Learn(report), app.clock.now(), None).await;
    match moved {
        Ok(None) => Err(ApiError::not_found()),
        Ok(Some((_, committed))) => {
            app.engine.told(committed);
            Ok(HttpResponse::Ok().json(Taken { success: true }))
        }
        Err(error) => {
            if let (CommitError::Refused(_), Some(file)) = (&error, app.database.payment(id).await?) {
                payments::disagrees(&file, &error);
            }
            Err(known_elsewhere(error))
        }
    }
}

/// The report of a call, if the acquirer has signed it.
fn signed(app: &App, request: &HttpRequest) -> Result<Report, Forged> {
    use actix_web::HttpMessage as _;
    let provider = app.providers.get(Method::Webhook).ok_or(Forged)?;
    let header =
        |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let extensions = request.extensions();
    let RawBody(body) = extensions.get().ok_or(Forged)?;
    let incoming = Incoming { timestamp: header(TIMESTAMP), signature: header(SIGNATURE), body };
    provider.read(incoming, app.clock.now())
}

/// A charge that was booked for another payment.
pub(super) fn known_elsewhere(error: CommitError) -> ApiError {
    match error {
        CommitError::Conflict => {
            ApiError::conflict("charge_known", "this transfer was booked for another payment")
        }
        other => other.into(),
    }
}
