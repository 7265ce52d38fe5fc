//! What events say of money.

use serde::{Deserialize, Serialize};

use crate::ids::{PackageId, PaymentId, TripId};
use crate::money::Currency;
use crate::money::payment::PaymentState;

/// `payment.updated`.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct PaymentChanged {
    /// The payment.
    pub payment_id: PaymentId,
    /// Its state.
    pub state: PaymentState,
    /// What was asked for, major units.
    pub amount: f64,
    /// What has come, major units: more where it was paid twice.
    pub paid: f64,
    /// What of it went back, major units.
    pub refunded: f64,
    /// Of all three.
    pub currency: Currency,
    /// The package that it was paid in for, or that is highlighted with it, if it was for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schema(nullable = false))]
    pub package_id: Option<PackageId>,
    /// The trip that is highlighted with it, if it was for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schema(nullable = false))]
    pub trip_id: Option<TripId>,
    /// Whether that package does not wait any more: the money lies in the wallet, for another one.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub package_gone: bool,
}

/// `balance.updated`.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct BalanceChanged {
    /// How much more free money there is, major units; less than nothing for less.
    pub available: f64,
    /// Of the money.
    pub currency: Currency,
}
