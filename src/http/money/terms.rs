//! How the marketplace pays, for everybody to read before they do anything; and what calling off means.

use actix_web::{HttpResponse, web};
use peerpack_actors::ids::PackageId;
use peerpack_actors::market::cancellation::{Consequence, Stage, Who, consequence, refund};
use peerpack_actors::market::request::Party;
use peerpack_actors::money::fees::{Fee, FeeKind, Fees, Paid, Tariff};
use peerpack_actors::money::payment::Method;
use peerpack_actors::money::{Amount, Currency};
use peerpack_actors::ports::Store as _;
use serde::Serialize;
use utoipa::ToSchema;

use super::highlights::HighlightTerms;
use crate::app::App;
use crate::auth::Principal;
use crate::error::{ApiError, Problem};
use crate::texts::{Both, money as texts};

/// How the marketplace pays.
#[derive(Debug, Serialize, ToSchema)]
pub struct MoneyTerms {
    /// The ways that are on: `off`, or some of `demo`, `manual`, `webhook`, `telegram`; and `stars` beside
    /// any of them, for highlights.
    #[schema(value_type = Vec<String>)]
    modes: Vec<&'static str>,
    /// When a sender pays, and whom.
    paid: Paid,
    /// What money can be paid in with.
    methods: Vec<Method>,
    /// The platform's share of a reward where the engine finds the courier, percent; 0 where couriers are
    /// paid in cash.
    fee_percent: f64,
    /// The least that it takes, roubles; likewise.
    fee_minimum: f64,
    /// The same for each kind of deal.
    fees: Vec<KindFee>,
    /// The number of these fees. Each change has another one; a package keeps the one it was published with.
    fee_version: u32,
    /// What calling off means, by how far a package is and who calls off.
    cancellation: Vec<CancellationRule>,
    /// What a highlight costs; absent where there are none.
    #[serde(skip_serializing_if = "Option::is_none")]
    highlight: Option<HighlightTerms>,
    /// How people pay, in words, English.
    text_en: String,
    /// The same, Russian.
    text_ru: String,
}

/// What the platform takes of a reward of one kind of deal.
#[derive(Debug, Serialize, ToSchema)]
pub struct KindFee {
    kind: FeeKind,
    /// The share, percent.
    percent: f64,
    /// The least, roubles.
    minimum: f64,
}

impl KindFee {
    fn of(kind: FeeKind, fee: Fee) -> Self {
        let minimum = Amount::new(fee.minimum_minor, Currency::Rub).major();
        Self { kind, percent: f64::from(fee.bps) / 100.0, minimum }
    }
}

/// What the platform takes for each kind of deal.
pub(super) fn kind_fees(fees: Fees) -> Vec<KindFee> {
    FeeKind::ALL.iter().map(|kind| KindFee::of(*kind, fees.of(*kind))).collect()
}

/// What calling off means at one stage, for one person.
#[derive(Debug, Serialize, ToSchema)]
pub struct CancellationRule {
    stage: Stage,
    by: Who,
    /// Whether it can be called off at all.
    possible: bool,
    /// How much of what was paid here comes back to the sender, percent.
    refund_percent: u32,
    /// Whether the package looks for another courier then.
    looks_on: bool,
    text_en: String,
    text_ru: String,
}

/// What it would mean to call a package off now.
#[derive(Debug, Serialize, ToSchema)]
pub struct CancellationView {
    stage: Stage,
    /// The party that the caller is.
    by: Who,
    /// Whether it can be called off at all.
    possible: bool,
    /// What the sender would get back, in the currency.
    refund: f64,
    currency: Currency,
    /// Whether the package would look for another courier then.
    looks_on: bool,
    text_en: String,
    text_ru: String,
}

/// How the marketplace pays: ways to pay, fees, and what calling off means.
#[utoipa::path(get, path = "/api/money/terms", operation_id = "money_terms", tag = "money",
    responses((status = 200, body = MoneyTerms)))]
pub async fn show(app: web::Data<App>) -> HttpResponse {
    let money = &app.config.money;
    let Tariff { paid, fees, version } = money.terms();
    let nothing = Fees { instant: Fee::NONE, choose: Fee::NONE };
    let fees = if paid == Paid::Cash { nothing } else { fees };
    let fees = kind_fees(fees);
    let rules = Stage::ALL.into_iter().flat_map(|stage| Who::ALL.map(|by| rule(stage, by, paid)));
    let Both { english: text_en, russian: text_ru } = texts::terms(paid);
    HttpResponse::Ok().json(MoneyTerms {
        modes: money.modes.iter().map(|mode| mode.word()).collect(),
        paid,
        methods: app.providers.methods().collect(),
        fee_percent: fees[0].percent,
        fee_minimum: fees[0].minimum,
        fees,
        fee_version: version,
        cancellation: rules.filter(|rule| rule.possible || rule.stage == Stage::AfterPickup).collect(),
        highlight: HighlightTerms::of(money),
        text_en,
        text_ru,
    })
}

/// What it would mean to call a package off now: for its sender, or for the courier who has it in the plan.
#[utoipa::path(get, path = "/api/packages/{package_id}/cancellation", operation_id = "package_cancellation",
    tag = "packages", security(("bearer" = [])),
    params(("package_id" = String, Path, description = "The package")),
    responses((status = 200, body = CancellationView), (status = 401, body = Problem), (status = 404, body = Problem)))]
pub async fn of_package(
    app: web::Data<App>,
    principal: Principal,
    path: web::Path<PackageId>,
) -> Result<HttpResponse, ApiError> {
    let package = app.database.package(path.into_inner()).await?.ok_or_else(ApiError::not_found)?;
    let party = package.deal().and_then(|deal| deal.party(principal.user));
    let by = match party {
        _ if package.sender == principal.user => Who::Sender,
        Some(Party::Courier) => Who::Courier,
        _ => return Err(ApiError::not_found()),
    };
    let stage = package.stage();
    // What is set aside; before that, what was paid for it.
    let held = package.deal().map(|deal| package.escrow(deal).amount).or_else(|| package.reserved());
    let held = held.unwrap_or(Amount::new(0, package.draft.reward.currency));
    let CancellationRule { possible, looks_on, text_en, text_ru, .. } =
        rule(stage, by, package.terms.payment.paid);
    let back = refund(stage, by, held).map_or(0.0, Amount::major);
    let currency = held.currency;
    let view = CancellationView { stage, by, possible, refund: back, currency, looks_on, text_en, text_ru };
    Ok(HttpResponse::Ok().json(view))
}

fn rule(stage: Stage, by: Who, paid: Paid) -> CancellationRule {
    let consequence = consequence(stage, by);
    let (possible, looks_on) = match consequence {
        Consequence::Refund { looks_on } => (true, looks_on),
        Consequence::Dispute | Consequence::Nothing => (false, false),
    };
    let Both { english: text_en, russian: text_ru } = texts::consequence(consequence, paid);
    let refund_percent = if possible { 100 } else { 0 };
    CancellationRule { stage, by, possible, refund_percent, looks_on, text_en, text_ru }
}
