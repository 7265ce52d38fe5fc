//! What events say of money.

use serde::{Deserialize, Serialize};

use crate::ids::{PackageId, PaymentId, TripId, WithdrawalId};
use crate::money::Currency;
use crate::money::payment::PaymentState;

/// `payment.updated`.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct PaymentChanged {
    /// The payment.
    pub payment_id: PaymentId,
    /// The state that it is in now.
    pub state: PaymentState,
    /// What was asked for, major units.
    pub amount: f64,
    /// What has come, major units: more where it was paid twice.
    pub paid: f64,
    /// What of it went back, major units.
    pub refunded: f64,
    /// What has come with this change and was not given back at once, major units. Left out where it is
    /// nothing, and in events of older versions; so are the next two.
    #[serde(default, skip_serializing_if = "is_nothing")]
    pub newly_paid: f64,
    /// What went back with this change, major units.
    #[serde(default, skip_serializing_if = "is_nothing")]
    pub newly_refunded: f64,
    /// What a bank has taken back with this change, major units.
    #[serde(default, skip_serializing_if = "is_nothing")]
    pub newly_charged_back: f64,
    /// Of all of them.
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

impl PaymentChanged {
    /// Whether this change has moved money. What is only asked for or refused has not.
    #[must_use]
    pub fn has_moved_money(&self) -> bool {
        [self.newly_paid, self.newly_refunded, self.newly_charged_back].iter().any(|amount| *amount > 0.0)
    }
}

fn is_nothing(amount: &f64) -> bool {
    *amount <= 0.0
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

/// `withdrawal.decided`: an operator has sent money that one takes out, or has given it back.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct WithdrawalOver {
    /// The withdrawal.
    pub withdrawal_id: WithdrawalId,
    /// Whether it was sent; else it is in the wallet again.
    pub paid: bool,
    /// How much, major units.
    pub amount: f64,
    /// Of the money.
    pub currency: Currency,
    /// Why it was not sent, in the operator's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schema(nullable = false))]
    pub reason: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_of_older_versions_are_read_and_what_is_nothing_is_not_written() {
        let older = r#"{"payment_id":"01900000-0000-7000-8000-000000000008","state":"succeeded","amount":500.0,"paid":500.0,"refunded":0.0,"currency":"RUB"}"#;
        let read: PaymentChanged = serde_json::from_str(older).expect("readable");
        assert!(!read.has_moved_money());
        assert_eq!(serde_json::to_string(&read).expect("written"), older);
    }
}
