//! What the platform takes of a reward, and how a package is paid for.
//!
//! Both are fixed when a package is published and kept with it: the fee that was shown is the fee that is
//! charged, whatever an operator changes afterwards.

use serde::{Deserialize, Serialize};

use super::Amount;
use super::ledger::{Account, Funding, Transfer};
use crate::ids::{PackageId, UserId};

/// All of something, in basis points (1/100 of a percent).
pub const ALL_BPS: u32 = 10_000;

/// A share with a minimum.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Fee {
    /// The share, in basis points: at most [`ALL_BPS`].
    pub bps: u32,
    /// The least that is taken, in minor units; of a reward that is less, all of it.
    pub minimum_minor: i64,
}

impl Fee {
    /// What is taken where nobody has said anything: 10 %.
    pub const USUAL: Self = Self { bps: 1_000, minimum_minor: 0 };

    /// Nothing is taken.
    pub const NONE: Self = Self { bps: 0, minimum_minor: 0 };

    /// The fee of an amount, rounded down to a minor unit; never more than the amount.
    #[must_use]
    pub fn of(self, amount: Amount) -> Amount {
        let share = amount.share(i64::from(self.bps.min(ALL_BPS))).minor;
        let most = amount.minor.max(0);
        Amount::new(share.max(self.minimum_minor).clamp(0, most), amount.currency)
    }
}

impl Default for Fee {
    fn default() -> Self {
        Self::USUAL
    }
}

/// A kind of deal, by how a sender and a courier come together: each has a fee of its own.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum FeeKind {
    /// The engine offers the package, and the first courier to accept has it.
    Instant,
    /// People choose each other.
    Choose,
}

impl FeeKind {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Instant, Self::Choose];

    /// The word on the wire and in the store.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Instant => "instant",
            Self::Choose => "choose",
        }
    }

    /// The kind of a word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }
}

/// A fee for each kind of deal.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Fees {
    /// Where the engine brings people together.
    pub instant: Fee,
    /// Where people choose each other.
    pub choose: Fee,
}

impl Fees {
    /// The fee of a kind.
    #[must_use]
    pub const fn of(self, kind: FeeKind) -> Fee {
        match kind {
            FeeKind::Instant => self.instant,
            FeeKind::Choose => self.choose,
        }
    }
}

/// How packages are paid for that are published now.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Tariff {
    /// When, and whom.
    pub paid: Paid,
    /// What the platform takes.
    pub fees: Fees,
    /// The number of these fees: each change of them has another one.
    pub version: u32,
}

impl Tariff {
    /// How a package of a kind is paid for.
    #[must_use]
    pub const fn of(self, kind: FeeKind) -> PaymentTerms {
        PaymentTerms { paid: self.paid, fee: self.fees.of(kind), version: self.version }
    }
}

/// When a sender pays, and whom.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Paid {
    /// The courier, in cash, when the package is handed over: nothing is held and no fee is taken.
    Cash,
    /// The platform, when a courier has accepted: the reward is held until the delivery is confirmed.
    #[default]
    AtClaim,
    /// The platform, when the package is published.
    OnPublish,
}

impl Paid {
    /// Every way, for reading the store and the settings.
    pub const ALL: [Self; 3] = [Self::Cash, Self::AtClaim, Self::OnPublish];

    /// The word on the wire and in the store.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Cash => "cash",
            Self::AtClaim => "at_claim",
            Self::OnPublish => "on_publish",
        }
    }

    /// The way of a word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|paid| paid.word() == word)
    }
}

/// How a package is paid for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct PaymentTerms {
    /// When, and whom.
    pub paid: Paid,
    /// What the platform takes of the reward.
    pub fee: Fee,
    /// The version of the fees that this one is of; 0 for packages that are older than versions.
    pub version: u32,
}

impl PaymentTerms {
    /// What the platform takes of a reward; nothing of cash that it never sees.
    #[must_use]
    pub fn fee_of(self, reward: Amount) -> Amount {
        if self.paid == Paid::Cash { Amount::new(0, reward.currency) } else { self.fee.of(reward) }
    }
}

/// The reward of a package that is paid for when it is published, out of the sender's wallet.
#[must_use]
pub fn reserve(package: PackageId, sender: UserId, reward: Amount, funding: Funding) -> Vec<Transfer> {
    let step = |step: &str, from, to| about(package, step, from, to, reward);
    let (available, reserved) = (Account::Available(sender), Account::Reserved(sender));
    let funded = step("fund", Account::DemoProvider, available);
    let reserve = step("reserve", available, reserved);
    let moves = if funding == Funding::Demo { vec![funded, reserve] } else { vec![reserve] };
    moves.into_iter().filter(|transfer| transfer.amount.minor > 0).collect()
}

/// The same money on its way back, because the package has ended without a courier.
#[must_use]
pub fn unreserve(package: PackageId, sender: UserId, reward: Amount) -> Transfer {
    about(package, "unreserve", Account::Reserved(sender), Account::Available(sender), reward)
}

fn about(package: PackageId, step: &str, from: Account, to: Account, amount: Amount) -> Transfer {
    let key = format!("{package}:{step}");
    Transfer { key, request: None, subject: Some(package.uuid()), from, to, amount }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::Currency;

    #[test]
    fn a_fee_is_a_share_with_a_minimum_and_never_more_than_the_reward() {
        let table = [
            (1_000, 0, 50_000, 5_000),
            (1_000, 0, 999, 99),
            (1_000, 0, 0, 0),
            (1_000, 3_000, 50_000, 5_000),
            (1_000, 3_000, 20_000, 3_000),
            (1_000, 3_000, 2_500, 2_500),
            (0, 0, 50_000, 0),
            (0, 700, 50_000, 700),
            (ALL_BPS, 0, 50_000, 50_000),
            (20_000, 0, 50_000, 50_000),
        ];
        for (bps, minimum_minor, reward, expected) in table {
            let fee = Fee { bps, minimum_minor }.of(Amount::new(reward, Currency::Rub));
            assert_eq!(fee.minor, expected, "{bps} bps, at least {minimum_minor}, of {reward}");
        }
    }

    #[test]
    fn nothing_is_taken_of_cash() {
        let reward = Amount::new(50_000, Currency::Rub);
        let fee = |paid| PaymentTerms { paid, fee: Fee::USUAL, version: 1 }.fee_of(reward).minor;
        assert_eq!(Paid::ALL.map(fee), [0, 5_000, 5_000]);
    }

    #[test]
    fn each_kind_of_deal_has_its_fee_and_names_the_version() {
        let choose = Fee { bps: 300, minimum_minor: 1_000 };
        let fees = Fees { instant: Fee::USUAL, choose };
        let tariff = Tariff { paid: Paid::AtClaim, fees, version: 7 };
        let of = |kind| {
            (tariff.of(kind).fee_of(Amount::new(50_000, Currency::Rub)).minor, tariff.of(kind).version)
        };
        assert_eq!(FeeKind::ALL.map(of), [(5_000, 7), (1_500, 7)]);
        assert!(FeeKind::ALL.iter().all(|kind| FeeKind::from_word(kind.word()) == Some(*kind)));
    }
}
