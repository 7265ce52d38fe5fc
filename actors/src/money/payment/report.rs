//! What a provider says of a payment.

use serde::{Deserialize, Serialize};

use crate::ids::PaymentId;
use crate::money::Currency;

/// What a provider says of one of our payments: all it knows.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema), schema(as = PaymentReport))]
pub struct Report {
    /// The payment that it is about.
    pub payment_id: PaymentId,
    /// Where it stands there.
    pub status: ReportedStatus,
    /// Where it can be paid.
    #[serde(default)]
    pub invoice_url: Option<String>,
    /// Every charge.
    #[serde(default)]
    pub charges: Vec<ReportedCharge>,
}

/// Where a payment stands at its provider.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ReportedStatus {
    /// It can still be paid.
    Pending,
    /// It was paid.
    Paid,
    /// It cannot be paid any more.
    Failed,
}

/// A charge as its provider sees it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema), schema(as = ReportedCharge))]
pub struct ReportedCharge {
    /// What it is called there, unique.
    pub charge_id: String,
    /// Its number at the company behind the provider, if there is one: at the acquirer that Telegram takes
    /// money through. The desk and the lists of that company know no other number.
    #[serde(default)]
    pub provider_charge_id: Option<String>,
    /// How much, in minor units.
    pub amount_minor: i64,
    /// In which currency.
    pub currency: Currency,
    /// Everything that went back, or was to.
    #[serde(default)]
    pub refunds: Vec<ReportedRefund>,
    /// How much a bank has taken back, in minor units.
    #[serde(default)]
    pub charged_back_minor: i64,
}

/// A refund as its provider sees it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema), schema(as = ReportedRefund))]
pub struct ReportedRefund {
    /// The key that we have asked with, or what it is called there.
    pub refund_id: String,
    /// How much, in minor units.
    pub amount_minor: i64,
    /// What became of it.
    pub status: ReportedRefundStatus,
}

/// What became of a refund at its provider.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ReportedRefundStatus {
    /// It is not done yet.
    Pending,
    /// It is done.
    Done,
    /// It will not be done.
    Refused,
}
