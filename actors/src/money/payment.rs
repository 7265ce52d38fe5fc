//! Money on its way in: asked for by its owner, charged by a provider, credited to the owner's wallet.
//!
//! ```text
//! created -> pending -> succeeded -> partly_refunded -> refunded
//! created | pending -> failed | expired
//! created | failed | expired -> succeeded           money may come early and late
//! succeeded | partly_refunded | refunded -> charged_back
//! refunded -> partly_refunded                       it was paid twice
//! ```
//!
//! What a provider says is a [`Report`]: everything it knows of one payment, whether it comes by itself, as
//! an answer or in a list. Money of a report is only ever added, never taken out of it, so reports may come
//! twice, late and in any order. A refund that was asked for stays asked for until a report says what became
//! of it.

mod decide;
mod report;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use super::Amount;
use super::highlight::Highlight;
use super::ledger::Account;
use crate::ids::{ChargeId, PackageId, PaymentId, RefundId, UserId};
use crate::time::{Span, Time};

pub use decide::{Decided, PaymentCommand};
pub use report::{Report, ReportedCharge, ReportedRefund, ReportedRefundStatus, ReportedStatus};

/// How many payments of one person may be under way at a time.
pub const MAX_OPEN: u64 = 10;

/// The least that can be paid in, in minor units.
pub const MIN_MINOR: i64 = 100;

/// How long a payment waits for its money.
pub const OPEN_FOR: Span = Span::days(3);

/// Where a payment stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum PaymentState {
    /// Wanted; the provider has not said that it knows of it.
    Created,
    /// Waits for its money.
    Pending,
    /// Paid and credited.
    Succeeded,
    /// The provider says that no money will come.
    Failed,
    /// No money came in time.
    Expired,
    /// A part of the money went back.
    PartlyRefunded,
    /// All of the money went back.
    Refunded,
    /// A bank has taken money back.
    ChargedBack,
}

impl PaymentState {
    /// Every state.
    pub const ALL: [Self; 8] = [
        Self::Created,
        Self::Pending,
        Self::Succeeded,
        Self::Failed,
        Self::Expired,
        Self::PartlyRefunded,
        Self::Refunded,
        Self::ChargedBack,
    ];

    /// The word on the wire and in the store.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Pending => "pending",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Expired => "expired",
            Self::PartlyRefunded => "partly_refunded",
            Self::Refunded => "refunded",
            Self::ChargedBack => "charged_back",
        }
    }

    /// The state of a word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.word() == word)
    }

    /// Whether the payment waits for its money.
    #[must_use]
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Created | Self::Pending)
    }

    /// The table: whether a payment may go from this state to another one.
    #[must_use]
    pub const fn may_become(self, next: Self) -> bool {
        use PaymentState as S;
        match self {
            S::Created => matches!(next, S::Pending | S::Succeeded | S::Failed | S::Expired),
            S::Pending => matches!(next, S::Succeeded | S::Failed | S::Expired),
            S::Failed | S::Expired => matches!(next, S::Succeeded),
            S::Succeeded => matches!(next, S::PartlyRefunded | S::Refunded | S::ChargedBack),
            S::PartlyRefunded => matches!(next, S::Refunded | S::ChargedBack),
            S::Refunded => matches!(next, S::PartlyRefunded | S::ChargedBack),
            S::ChargedBack => false,
        }
    }
}

/// Who takes the money.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema), schema(as = PayInMethod))]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// The operator's bank account: an operator books what has come.
    Manual,
    /// An acquirer that is connected by signed calls.
    Webhook,
    /// An invoice of the bot, paid in Telegram through a provider of Telegram's.
    Telegram,
    /// An invoice of the bot, paid with Telegram Stars. For digital extras alone.
    Stars,
}

impl Method {
    /// Every method.
    pub const ALL: [Self; 4] = [Self::Manual, Self::Webhook, Self::Telegram, Self::Stars];

    /// The word on the wire and in the store.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Manual => "manual",
            Self::Webhook => "webhook",
            Self::Telegram => "telegram",
            Self::Stars => "stars",
        }
    }

    /// The method of a word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|method| method.word() == word)
    }

    /// The outside world behind it.
    #[must_use]
    pub const fn account(self) -> Account {
        match self {
            Self::Manual => Account::ManualProvider,
            Self::Webhook => Account::WebhookProvider,
            Self::Telegram => Account::TelegramProvider,
            Self::Stars => Account::StarsProvider,
        }
    }

    /// Whether it pays for digital extras, and for nothing else.
    #[must_use]
    pub const fn is_for_extras(self) -> bool {
        matches!(self, Self::Stars)
    }

    /// Whether an operator gives money back outside of this system, and books that it was done.
    #[must_use]
    pub const fn is_refunded_by_hand(self) -> bool {
        matches!(self, Self::Manual | Self::Telegram)
    }
}

/// What is paid for. Money is credited to the wallet, and a claim takes it from there; what is paid for a
/// highlight is the platform's.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Purpose {
    /// Money for the payer's own wallet.
    TopUp,
    /// What is missing for a package.
    Package(PackageId),
    /// A digital extra, paid for in Telegram Stars.
    Highlight(Highlight),
}

impl Purpose {
    /// The word on the wire and in the store.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::TopUp => "top_up",
            Self::Package(_) => "package",
            Self::Highlight(_) => "highlight",
        }
    }

    /// The package whose reward it is for, if it is for one.
    #[must_use]
    pub const fn package(self) -> Option<PackageId> {
        match self {
            Self::Package(package) => Some(package),
            Self::TopUp | Self::Highlight(_) => None,
        }
    }

    /// The highlight, if it is for one.
    #[must_use]
    pub const fn highlight(self) -> Option<Highlight> {
        match self {
            Self::Highlight(highlight) => Some(highlight),
            Self::TopUp | Self::Package(_) => None,
        }
    }
}

/// Money on its way in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Payment {
    /// Its id, which is its key at the provider, too.
    pub id: PaymentId,
    /// Who pays, and whose wallet it goes to.
    pub user: UserId,
    /// What the money is for.
    pub purpose: Purpose,
    /// Who takes the money.
    pub method: Method,
    /// How much is asked for.
    pub amount: Amount,
    /// Where it stands.
    pub state: PaymentState,
    /// When it came into that state.
    pub state_at: Time,
    /// What a person writes on a transfer, short enough for that.
    pub reference: String,
    /// Where it can be paid, once the provider has said so.
    pub invoice_url: Option<String>,
    /// When it was asked for.
    pub created_at: Time,
    /// How long it waits for its money.
    pub expires_at: Time,
}

/// Money that was taken from somebody for a payment. A payment can be paid twice: then it has two.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Charge {
    /// Its id.
    pub id: ChargeId,
    /// What the provider calls it, unique there.
    pub reference: String,
    /// What it is called behind the provider, if it has another name there.
    pub provider_reference: Option<String>,
    /// How much was taken.
    pub amount: Amount,
    /// How much of it a bank has taken back, in minor units.
    pub charged_back_minor: i64,
    /// What shows that the money has come, in the words of the operator who has booked it.
    pub evidence: Option<String>,
    /// The operator who has booked it, if one has.
    pub booked_by: Option<UserId>,
    /// When it was credited.
    pub at: Time,
}

/// Out of whose pocket a refund is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema), schema(as = RefundCost))]
#[serde(rename_all = "snake_case")]
pub enum Cost {
    /// Out of the wallet of the person who has paid: what they have not spent.
    Payer,
    /// Out of the platform's own money.
    Platform,
}

impl Cost {
    /// The word in the store.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Payer => "payer",
            Self::Platform => "platform",
        }
    }

    /// The cost of a word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Payer, Self::Platform].into_iter().find(|cost| cost.word() == word)
    }
}

/// Where a refund stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum RefundState {
    /// Asked for, or about to be. The money has left the wallet.
    Asked,
    /// The provider has it done.
    Done,
    /// The provider will not do it. The money is back in the wallet.
    Refused,
}

impl RefundState {
    /// The word on the wire and in the store.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Asked => "asked",
            Self::Done => "done",
            Self::Refused => "refused",
        }
    }

    /// The state of a word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Asked, Self::Done, Self::Refused].into_iter().find(|state| state.word() == word)
    }
}

/// Money of a charge on its way back to where it came from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Refund {
    /// Its id, which is its key at the provider if we have asked for it.
    pub id: RefundId,
    /// The charge that it gives back.
    pub charge: ChargeId,
    /// What the provider calls it: our id, or its own for what was refunded there.
    pub reference: String,
    /// How much goes back.
    pub amount: Amount,
    /// Out of whose pocket.
    pub cost: Cost,
    /// Where it stands.
    pub state: RefundState,
    /// Why, in the words of the person who has asked for it.
    pub reason: String,
    /// The operator who has asked for it; nobody for what was refunded at the provider.
    pub by: Option<UserId>,
    /// When it came into that state.
    pub at: Time,
}

/// A payment with everything that has become of it: what is decided upon, under one lock.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PaymentFile {
    /// The payment itself.
    pub payment: Payment,
    /// What was taken, oldest first.
    pub charges: Vec<Charge>,
    /// What went back or is to, oldest first.
    pub refunds: Vec<Refund>,
}

impl PaymentFile {
    /// How much was taken in all, in minor units.
    #[must_use]
    pub fn charged_minor(&self) -> i64 {
        self.charges.iter().map(|charge| charge.amount.minor).sum()
    }

    /// How much of it went back, in minor units.
    #[must_use]
    pub fn refunded_minor(&self) -> i64 {
        let done = self.refunds.iter().filter(|refund| refund.state == RefundState::Done);
        done.map(|refund| refund.amount.minor).sum()
    }

    /// How much of it a bank has taken back, in minor units.
    #[must_use]
    pub fn charged_back_minor(&self) -> i64 {
        self.charges.iter().map(|charge| charge.charged_back_minor).sum()
    }

    /// What of a charge has not gone back and is not about to, in minor units.
    #[must_use]
    pub fn left_of(&self, charge: &Charge) -> i64 {
        let counts = |refund: &&Refund| refund.charge == charge.id && refund.state != RefundState::Refused;
        let back: i64 = self.refunds.iter().filter(counts).map(|refund| refund.amount.minor).sum();
        charge.amount.minor - back - charge.charged_back_minor
    }

    /// The charges that the payment did not have when it was as `before`.
    pub fn new_charges<'a>(&'a self, before: &'a Self) -> impl Iterator<Item = &'a Charge> {
        self.charges.iter().filter(|charge| before.charge(&charge.reference).is_none())
    }

    /// Refunds of which nobody knows yet what became of them.
    pub fn asked(&self) -> impl Iterator<Item = &Refund> {
        self.refunds.iter().filter(|refund| refund.state == RefundState::Asked)
    }

    /// The charge that the provider calls so.
    #[must_use]
    pub fn charge(&self, reference: &str) -> Option<&Charge> {
        self.charges.iter().find(|charge| charge.reference == reference)
    }

    /// The charge of a number that an operator has read: the provider's number, or that of the company behind
    /// the provider.
    #[must_use]
    pub fn charge_numbered(&self, number: &str) -> Option<&Charge> {
        let behind =
            || self.charges.iter().find(|charge| charge.provider_reference.as_deref() == Some(number));
        self.charge(number).or_else(behind)
    }

    /// Where the payment stands by its money, if any has come.
    fn by_money(&self) -> Option<PaymentState> {
        let (charged, refunded) = (self.charged_minor(), self.refunded_minor());
        if self.charges.is_empty() {
            None
        } else if self.charged_back_minor() > 0 {
            Some(PaymentState::ChargedBack)
        } else if refunded == 0 {
            Some(PaymentState::Succeeded)
        } else if refunded < charged {
            Some(PaymentState::PartlyRefunded)
        } else {
            Some(PaymentState::Refunded)
        }
    }
}
