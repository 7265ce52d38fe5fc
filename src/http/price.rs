//! What a package costs, what of that is missing in the sender's wallet, and how exactly that can be paid.

use peerpack_actors::ids::UserId;
use peerpack_actors::market::package::{Mode, Package};
use peerpack_actors::money::fees::Paid;
use peerpack_actors::money::payment::{MIN_MINOR, Method};
use peerpack_actors::money::{Amount, Currency};
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::config::PaymentMode;
use crate::error::ApiError;
use crate::texts::{Both, money as texts};

/// What a package costs.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PackagePrice)]
pub struct PriceView {
    /// When the sender pays, and whom.
    paid: Paid,
    /// What the sender pays in all, roubles.
    reward: f64,
    /// What the platform takes of it.
    fee: f64,
    /// The number of the fees that this one is of: a package that is published now keeps it.
    fee_version: u32,
    /// What the courier gets of it.
    courier_gets: f64,
    /// What lies free in the sender's wallet: all of it, also where the reward is less.
    available: f64,
    /// What is missing there; nothing where the courier is paid in cash, or the demo pays.
    missing: f64,
    /// How much to pay in to have exactly that, if something is missing and there is a way to pay.
    #[serde(skip_serializing_if = "Option::is_none")]
    pay_in: Option<PayInView>,
    /// All of it in words, English.
    text_en: String,
    /// The same, Russian.
    text_ru: String,
}

/// A payment that would cover what is missing: the body of `POST /api/payments`.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SuggestedPayment)]
pub struct PayInView {
    purpose: &'static str,
    /// How much is missing, in roubles.
    amount: f64,
    /// One of these.
    methods: Vec<Method>,
}

/// What is missing in the sender's wallet for a package that waits, by the terms that it was published with:
/// what was paid for it already is not asked for again.
pub(in crate::http) async fn missing(app: &App, package: &Package) -> Result<Amount, ApiError> {
    let reward = package.draft.reward;
    let paid_minor = package.reserved().map_or(0, |paid| paid.minor);
    let rest = Amount::new(reward.minor - paid_minor, reward.currency);
    let available = available(app, package.sender, reward.currency).await?;
    Ok(wanting(app, package.terms.payment.paid, rest, available))
}

/// What lies free in somebody's wallet.
async fn available(app: &App, user: UserId, currency: Currency) -> Result<Amount, ApiError> {
    let balances = app.database.balances(user).await?;
    let of_currency = balances.iter().find(|balance| balance.currency == currency);
    Ok(Amount::new(of_currency.map_or(0, |balance| balance.available_minor), currency))
}

/// What has to be paid in, so that so much is available; nothing where the courier is paid in cash, or the
/// demo pays.
fn wanting(app: &App, paid: Paid, price: Amount, available: Amount) -> Amount {
    let is_paid_elsewhere = paid == Paid::Cash || app.config.money.has(PaymentMode::Demo);
    let minor = if is_paid_elsewhere { 0 } else { (price.minor - available.minor).max(0) };
    Amount::new(minor, price.currency)
}

/// What a package of a mode costs, with a reward.
pub(in crate::http) async fn of(
    app: &App,
    user: UserId,
    (mode, reward): (Mode, Amount),
) -> Result<PriceView, ApiError> {
    let terms = app.config.money.terms().of(mode.fee_kind());
    let fee = terms.fee_of(reward);
    let available = available(app, user, reward.currency).await?;
    let wanting = wanting(app, terms.paid, reward, available);
    let methods: Vec<Method> = app.providers.methods().collect();
    let amount = Amount::new(wanting.minor.max(MIN_MINOR), reward.currency).major();
    let pay_in = (wanting.minor > 0 && !methods.is_empty()).then_some(PayInView {
        purpose: "top_up",
        amount,
        methods,
    });
    let gets = reward.minus(fee).unwrap_or(reward);
    let Both { english: text_en, russian: text_ru } = texts::price(terms.paid, reward, fee, wanting);
    Ok(PriceView {
        paid: terms.paid,
        reward: reward.major(),
        fee: fee.major(),
        fee_version: terms.version,
        courier_gets: gets.major(),
        available: available.major(),
        missing: wanting.major(),
        pay_in,
        text_en,
        text_ru,
    })
}
