//! Money: whole minor units with a currency. No floats inside, checked arithmetic only.

pub mod fees;
pub mod highlight;
pub mod ledger;
pub mod payment;
pub mod reconcile;
pub mod withdrawal;

use std::fmt;

use serde::{Deserialize, Serialize};

/// The largest single amount: ten million major units.
pub const MAX_MINOR: i64 = 1_000_000_000;

/// A currency. All but Telegram Stars have two decimal places.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "UPPERCASE")]
pub enum Currency {
    /// Russian rouble.
    #[default]
    Rub,
    /// US dollar.
    Usd,
    /// The euro.
    Eur,
    /// Kazakhstani tenge.
    Kzt,
    /// Telegram Stars, which are whole. They pay for digital extras alone, and never lie in a wallet.
    Xtr,
}

impl Currency {
    /// The ISO 4217 code; for Telegram Stars the one that Telegram uses.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Rub => "RUB",
            Self::Usd => "USD",
            Self::Eur => "EUR",
            Self::Kzt => "KZT",
            Self::Xtr => "XTR",
        }
    }

    /// How many minor units a major one has.
    const fn minor_per_major(self) -> f64 {
        match self {
            Self::Rub | Self::Usd | Self::Eur | Self::Kzt => 100.0,
            Self::Xtr => 1.0,
        }
    }

    /// The currency of such a code.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        [Self::Rub, Self::Usd, Self::Eur, Self::Kzt, Self::Xtr]
            .into_iter()
            .find(|currency| currency.code() == code)
    }
}

/// An amount of money in minor units.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Amount {
    /// Minor units (kopecks, cents).
    pub minor: i64,
    /// The currency of the number.
    pub currency: Currency,
}

/// A number that is not an amount of money.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidAmount {
    /// Below zero.
    #[error("must not be negative")]
    Negative,
    /// Above [`MAX_MINOR`].
    #[error("is too large")]
    TooLarge,
    /// Has a fraction of a minor unit, or is not a number.
    #[error("must have at most two decimal places")]
    Fraction,
}

impl Amount {
    /// An amount of so many minor units.
    #[must_use]
    pub const fn new(minor: i64, currency: Currency) -> Self {
        Self { minor, currency }
    }

    /// From a decimal number of major units, as it stands on the wire.
    ///
    /// # Errors
    /// When the number is negative, too large, or finer than a minor unit.
    pub fn from_major(major: f64, currency: Currency) -> Result<Self, InvalidAmount> {
        let exact = major * currency.minor_per_major();
        let minor = exact.round();
        // Up to MAX_MINOR a float is exact to well below a millionth of a minor unit.
        if !major.is_finite() || (minor <= MAX_MINOR as f64 && (exact - minor).abs() > 1e-6) {
            return Err(InvalidAmount::Fraction);
        }
        if minor < 0.0 {
            return Err(InvalidAmount::Negative);
        }
        if minor > MAX_MINOR as f64 {
            return Err(InvalidAmount::TooLarge);
        }
        #[expect(clippy::cast_possible_truncation, reason = "bounded by MAX_MINOR just above")]
        Ok(Self { minor: minor as i64, currency })
    }

    /// As a decimal number of major units, for the wire.
    #[must_use]
    pub fn major(self) -> f64 {
        self.minor as f64 / self.currency.minor_per_major()
    }

    /// The share of `basis_points` (1/100 of a percent), rounded down.
    #[must_use]
    pub const fn share(self, basis_points: i64) -> Self {
        Self { minor: self.minor.saturating_mul(basis_points) / 10_000, currency: self.currency }
    }

    /// This amount less `other` of the same currency; `None` when it would be negative.
    #[must_use]
    pub fn minus(self, other: Self) -> Option<Self> {
        let minor = self.minor.checked_sub(other.minor)?;
        (self.currency == other.currency && minor >= 0).then_some(Self { minor, currency: self.currency })
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.2} {}", self.major(), self.currency.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wire_number_becomes_whole_minor_units() {
        let table = [
            (0.0, Ok(0)),
            (500.0, Ok(50_000)),
            (0.29, Ok(29)),
            (1_234.56, Ok(123_456)),
            (-1.0, Err(InvalidAmount::Negative)),
            (0.001, Err(InvalidAmount::Fraction)),
            (5_000.001, Err(InvalidAmount::Fraction)),
            (9_999_999.99, Ok(999_999_999)),
            (9_999_999.995, Err(InvalidAmount::Fraction)),
            (123_456_789_012.34, Err(InvalidAmount::TooLarge)),
            (f64::NAN, Err(InvalidAmount::Fraction)),
            (1e12, Err(InvalidAmount::TooLarge)),
        ];
        for (major, expected) in table {
            assert_eq!(
                Amount::from_major(major, Currency::Rub).map(|amount| amount.minor),
                expected,
                "{major}"
            );
        }
    }

    #[test]
    fn a_star_is_whole() {
        assert_eq!(Amount::from_major(50.0, Currency::Xtr), Ok(Amount::new(50, Currency::Xtr)));
        assert_eq!(Amount::from_major(0.5, Currency::Xtr), Err(InvalidAmount::Fraction));
        assert!((Amount::new(50, Currency::Xtr).major() - 50.0).abs() < f64::EPSILON);
    }

    #[test]
    fn a_share_is_rounded_down() {
        assert_eq!(Amount::new(999, Currency::Rub).share(1_000).minor, 99);
    }
}
