//! Money by Telegram: whether it may be taken, which is answered at once from our own rows, and that it was.

use std::time::Duration;

use peerpack_actors::ids::PaymentId;
use peerpack_actors::money::Currency;
use peerpack_actors::money::highlight::{Highlight, Subject};
use peerpack_actors::money::payment::{
    Method, PaymentCommand, PaymentFile, Report, ReportedCharge, ReportedStatus,
};
use peerpack_actors::ports::{CommitError, Store as _, Unavailable};
use serde::Deserialize;
use serde_json::Value;
use tokio::time::timeout;
use uuid::Uuid;

use super::payments::{carry_out, disagrees};
use crate::app::App;
use crate::telegram::{Answer, Telegram};
use crate::texts::Both;
use crate::texts::language::Language;
use crate::texts::money::{self, CannotPay};

/// How long our own rows may take. Telegram waits ten seconds, and the answer has to get there.
const WITHIN: Duration = Duration::from_secs(4);

/// What Telegram asks before it takes money.
#[derive(Deserialize)]
struct Query {
    id: String,
    from: Account,
    currency: String,
    total_amount: i64,
    invoice_payload: String,
}

#[derive(Deserialize)]
struct Account {
    id: i64,
    #[serde(default)]
    language_code: Option<String>,
}

/// What Telegram says when it has taken money.
#[derive(Clone, Debug, Deserialize)]
pub struct Paid {
    currency: String,
    total_amount: i64,
    invoice_payload: String,
    telegram_payment_charge_id: String,
    /// What the acquirer calls it that Telegram takes money through. Stars have none.
    #[serde(default)]
    provider_payment_charge_id: Option<String>,
}

/// Says whether money may be taken: for a payment of this person that waits for just this amount.
pub async fn answer(app: &App, telegram: &Telegram, query: &Value) {
    let Ok(query) = serde_json::from_value::<Query>(query.clone()) else {
        tracing::warn!("Telegram asks for leave to take money in words that cannot be read");
        return;
    };
    let may = timeout(WITHIN, may_pay(app, &query)).await;
    let refusal = match may {
        Ok(Ok(refusal)) => refusal,
        Ok(Err(_)) | Err(_) => Some(CannotPay::NotNow),
    };
    let language = Language::of(query.from.language_code.as_deref());
    let words = refusal.map(|refusal| {
        let Both { english, russian } = money::cannot_pay(refusal);
        if language == Language::Russian { russian } else { english }
    });
    let outcome = if refusal.is_none() { "allowed" } else { "refused" };
    metrics::counter!("peerpack_checkouts_total", "outcome" => outcome).increment(1);
    match telegram.answer_checkout(&query.id, words.as_deref()).await {
        Answer::Done(()) => {}
        // Without an answer nothing is paid, and the person tries again.
        Answer::Refused(why) => tracing::warn!(%why, "too late to say whether money may be taken"),
        Answer::Unsent(why) | Answer::Unknown(why) => {
            tracing::warn!(why, "nobody knows whether Telegram has heard that money may be taken");
        }
    }
}

async fn may_pay(app: &App, query: &Query) -> Result<Option<CannotPay>, Unavailable> {
    let Some(file) = of_payload(app, &query.invoice_payload).await? else {
        return Ok(Some(CannotPay::Unknown));
    };
    let payer = app.database.user_of_telegram(query.from.id).await?;
    let payment = &file.payment;
    let is_right = payer.is_some_and(|payer| payer.id == payment.user)
        && query.currency == payment.amount.currency.code()
        && query.total_amount == payment.amount.minor;
    let is_of_use = match payment.purpose.highlight() {
        Some(highlight) => is_of_use(app, highlight).await?,
        None => true,
    };
    let refusal = match () {
        () if !is_right => Some(CannotPay::Unknown),
        () if !payment.state.is_open() || payment.expires_at <= app.clock.now() => Some(CannotPay::Over),
        () if !is_of_use => Some(CannotPay::Useless),
        () => None,
    };
    Ok(refusal)
}

/// Whether what is to be highlighted still looks for somebody.
pub(crate) async fn is_of_use(app: &App, highlight: Highlight) -> Result<bool, Unavailable> {
    Ok(match highlight.of {
        Subject::Trip(id) => app.database.trip(id).await?.is_some_and(|trip| trip.state.is_live()),
        Subject::Package(id) => {
            let package = app.database.package(id).await?;
            package.is_some_and(|package| package.is_open_to_responses(app.clock.now()))
        }
    })
}

/// The payment by Telegram that an invoice is for.
async fn of_payload(app: &App, payload: &str) -> Result<Option<PaymentFile>, Unavailable> {
    let Ok(id) = payload.parse::<Uuid>() else { return Ok(None) };
    let file = app.database.payment(PaymentId::from(id)).await?;
    Ok(file.filter(|file| matches!(file.payment.method, Method::Telegram | Method::Stars)))
}

/// Credits what Telegram has taken: once for each charge, however often and late it is said. `telegram_id` is
/// whose chat it was said in, if it was somebody's own.
///
/// # Errors
/// Why it cannot be credited, for people. It stays with the updates that operators see.
pub async fn paid(app: &App, telegram_id: Option<i64>, paid: &Paid) -> Result<(), String> {
    let charge = &paid.telegram_payment_charge_id;
    let strange = |why: &str| {
        metrics::counter!("peerpack_payments_disagree_total").increment(1);
        tracing::error!(charge, why, "Telegram has taken money that belongs to no payment");
        format!("the charge {charge}: {why}")
    };
    let telegram_id = telegram_id.ok_or_else(|| strange("it was said in nobody's own chat"))?;
    let file = of_payload(app, &paid.invoice_payload).await.map_err(|error| error.to_string())?;
    let file = file.ok_or_else(|| strange("its payment is not known"))?;
    let payer = app.database.user_of_telegram(telegram_id).await.map_err(|error| error.to_string())?;
    if payer.is_none_or(|payer| payer.id != file.payment.user) {
        return Err(strange("somebody else has paid"));
    }
    let currency = Currency::from_code(&paid.currency).ok_or_else(|| strange("its currency is not known"))?;
    let charges = vec![ReportedCharge {
        charge_id: charge.clone(),
        provider_charge_id: paid.provider_payment_charge_id.clone().filter(|number| !number.is_empty()),
        amount_minor: paid.total_amount,
        currency,
        refunds: Vec::new(),
        charged_back_minor: 0,
    }];
    let (payment_id, status) = (file.payment.id, ReportedStatus::Paid);
    let report = Report { payment_id, status, invoice_url: None, charges };
    match carry_out(app, &file, PaymentCommand::Learn(report)).await {
        Ok(_) => Ok(()),
        Err(CommitError::Unavailable(unavailable)) => Err(unavailable.to_string()),
        Err(error) => {
            disagrees(&file, &error);
            Err(format!("the charge {charge}: {error}"))
        }
    }
}
