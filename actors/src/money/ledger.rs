//! Escrow and the double-entry ledger behind it.
//!
//! An [`Escrow`] is the money of one accepted request. Each step moves money between accounts by
//! [`Transfer`]s; a transfer takes from one account exactly what it gives to another, so all accounts always
//! sum to zero. A transfer's key names the business act (`<request>:hold`) and is unique in the store: a step
//! happens once, however often it is tried.
//!
//! ```text
//! hold      sender available or reserved -> courier frozen      (accepted)
//! deliver   courier frozen   -> courier pending     (delivered)
//! dispute   courier frozen   -> courier pending     (disputed before it was delivered)
//! release   courier pending  -> courier available   (confirmed, less the platform fee)
//! refund    courier frozen or pending -> sender available
//! split     courier pending  -> both, by an operator (the fee is of the courier's part)
//! ```
//!
//! The escrow of a package that is paid for in cash takes the same steps with nothing in it.

use serde::Serialize;
use uuid::Uuid;

use super::fees::Fee;
use crate::ids::{RequestId, UserId};
use crate::money::Amount;
use crate::rejection::Rejection;

/// A place where money lies.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Account {
    /// Free money of a user.
    Available(UserId),
    /// The escrow of requests that a courier has accepted.
    Frozen(UserId),
    /// Delivered and not yet confirmed, or disputed.
    Pending(UserId),
    /// Paid by a sender for a package that waits for its courier.
    Reserved(UserId),
    /// The platform's fees.
    Fees,
    /// The platform's own money: what it gives back out of its own pocket, and what a bank takes back. In
    /// Telegram Stars: what digital extras have brought in.
    Platform,
    /// The outside world as the demo payment provider plays it.
    DemoProvider,
    /// The outside world behind the operator's bank account.
    ManualProvider,
    /// The outside world behind the acquirer that is connected by signed calls.
    WebhookProvider,
    /// The outside world behind Telegram's payments.
    TelegramProvider,
    /// The outside world behind Telegram Stars.
    StarsProvider,
    /// Money that is on its way out of the platform or has left it.
    Payouts,
}

impl Account {
    /// The user who owns the account, if a user does. Such accounts are wallets and never negative.
    #[must_use]
    pub const fn owner(self) -> Option<UserId> {
        match self {
            Self::Available(user) | Self::Frozen(user) | Self::Pending(user) | Self::Reserved(user) => {
                Some(user)
            }
            Self::Fees
            | Self::Platform
            | Self::DemoProvider
            | Self::ManualProvider
            | Self::WebhookProvider
            | Self::TelegramProvider
            | Self::StarsProvider
            | Self::Payouts => None,
        }
    }

    /// The word of the account's kind in the store.
    #[must_use]
    pub const fn kind(self) -> &'static str {
        match self {
            Self::Available(_) => "available",
            Self::Frozen(_) => "frozen",
            Self::Pending(_) => "pending",
            Self::Reserved(_) => "reserved",
            Self::Fees => "fees",
            Self::Platform => "platform",
            Self::DemoProvider => "demo_provider",
            Self::ManualProvider => "manual_provider",
            Self::WebhookProvider => "webhook_provider",
            Self::TelegramProvider => "telegram_provider",
            Self::StarsProvider => "stars_provider",
            Self::Payouts => "payouts",
        }
    }
}

/// Money moved from one account to another.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Transfer {
    /// Unique business key.
    pub key: String,
    /// The request it is about, if it is about one.
    pub request: Option<RequestId>,
    /// The package, payment or withdrawal it is about, if it is about no request.
    pub subject: Option<Uuid>,
    /// Where the money comes from.
    pub from: Account,
    /// Where the money goes.
    pub to: Account,
    /// How much; more than zero.
    pub amount: Amount,
}

/// Where the escrow of a request stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum EscrowState {
    /// Nothing held yet.
    None,
    /// Held for the courier.
    Held,
    /// Delivered or disputed, waiting for the sender's confirmation or an operator.
    Pending,
    /// Paid to the courier.
    Released,
    /// Back with the sender.
    Refunded,
    /// Divided between both by an operator.
    Split,
}

impl EscrowState {
    /// Every state, for tables and for reading the store.
    pub const ALL: [Self; 6] =
        [Self::None, Self::Held, Self::Pending, Self::Released, Self::Refunded, Self::Split];

    /// The word in the store.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Held => "held",
            Self::Pending => "pending",
            Self::Released => "released",
            Self::Refunded => "refunded",
            Self::Split => "split",
        }
    }
}

/// Where the reward of a hold comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Funding {
    /// The demo provider puts the reward into the sender's wallet first, so everybody can pay, whatever lies
    /// there already.
    #[default]
    Demo,
    /// The sender's wallet has to have it.
    Wallet,
}

/// The steps of an escrow.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum EscrowCommand {
    /// Take the reward from the sender and hold it for the courier.
    Hold {
        /// Where the reward comes from.
        funding: Funding,
    },
    /// The same for a package that was paid for when it was published. What the reward is more than that
    /// comes from where rewards come from; what it is less goes back to the sender.
    HoldReserved {
        /// Where the rest of the reward comes from.
        funding: Funding,
        /// What was paid, in minor units of the reward's currency.
        reserved_minor: i64,
    },
    /// The parcel has been handed over.
    Deliver,
    /// The sender disputes that the parcel will be handed over.
    Dispute,
    /// The sender has confirmed.
    Release,
    /// Give the money back.
    Refund,
    /// Pay the courier a part and give the sender the rest.
    Split {
        /// The courier's part before the fee, in minor units: more than nothing and less than all. An escrow
        /// with nothing in it cannot be divided.
        courier_minor: i64,
    },
}

/// The money of one request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Escrow {
    /// Whose deal it pays for.
    pub request: RequestId,
    /// The sender, who pays.
    pub sender: UserId,
    /// The courier, who earns.
    pub courier: UserId,
    /// The reward, the platform's fee included.
    pub amount: Amount,
    /// What the platform takes of it.
    pub fee: Fee,
    /// Where it stands.
    pub state: EscrowState,
}

/// A step's word, where the money comes from, where it goes, and how much.
type Move = (&'static str, Account, Account, Amount);

/// A decided step: the next state and the money that moves.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct EscrowEvent {
    /// The state after the step.
    pub next: EscrowState,
    /// The money that moves; empty when the reward is zero.
    pub transfers: Vec<Transfer>,
}

impl Escrow {
    /// The platform's share of the reward.
    #[must_use]
    pub fn fee(&self) -> Amount {
        self.fee.of(self.amount)
    }

    /// What follows from a step. Changes nothing.
    ///
    /// # Errors
    /// `IllegalTransition` when the escrow is not where the step starts; `Invalid` for a part that is none.
    pub fn decide(&self, command: EscrowCommand) -> Result<EscrowEvent, Rejection> {
        use {EscrowCommand as C, EscrowState as S};
        let (next, moves) = match (self.state, command) {
            (S::None, C::Hold { funding }) => (S::Held, self.hold(funding, 0)),
            (S::None, C::HoldReserved { funding, reserved_minor }) => {
                (S::Held, self.hold(funding, reserved_minor))
            }
            (S::Held, C::Deliver) => (S::Pending, vec![self.set_aside("deliver")]),
            (S::Held, C::Dispute) => (S::Pending, vec![self.set_aside("dispute")]),
            (S::Pending, C::Release) => (S::Released, self.pay("release", self.amount)),
            (S::Held | S::Pending, C::Refund) => {
                let from = if self.state == S::Held { Account::Frozen } else { Account::Pending };
                let back = ("refund", from(self.courier), Account::Available(self.sender), self.amount);
                (S::Refunded, vec![back])
            }
            (S::Pending, C::Split { courier_minor }) => (S::Split, self.split(courier_minor)?),
            (state, command) => {
                return Err(Rejection::IllegalTransition { action: command.action(), state: state.word() });
            }
        };
        let transfers = moves
            .into_iter()
            .filter(|(.., amount)| amount.minor > 0)
            .map(|(step, from, to, amount)| Transfer {
                key: format!("{}:{step}", self.request),
                request: Some(self.request),
                subject: None,
                from,
                to,
                amount,
            })
            .collect();
        Ok(EscrowEvent { next, transfers })
    }

    fn hold(&self, funding: Funding, reserved_minor: i64) -> Vec<Move> {
        let (sender, frozen) = (Account::Available(self.sender), Account::Frozen(self.courier));
        let part = |minor: i64| Amount::new(minor.max(0), self.amount.currency);
        let covered = self.amount.minor.min(reserved_minor);
        let rest = part(self.amount.minor - covered);
        let fund = ("fund", Account::DemoProvider, sender, rest);
        let hold = ("hold", sender, frozen, rest);
        let mut moves = if funding == Funding::Demo { vec![fund, hold] } else { vec![hold] };
        let reserved = Account::Reserved(self.sender);
        moves.push(("hold_reserved", reserved, frozen, part(covered)));
        moves.push(("unreserve", reserved, sender, part(reserved_minor - covered)));
        moves
    }

    const fn set_aside(&self, step: &'static str) -> Move {
        (step, Account::Frozen(self.courier), Account::Pending(self.courier), self.amount)
    }

    fn pay(&self, step: &'static str, gross: Amount) -> Vec<Move> {
        let fee = self.fee.of(gross);
        let net = gross.minus(fee).expect("a fee is never more than what it is of");
        let pending = Account::Pending(self.courier);
        vec![(step, pending, Account::Available(self.courier), net), ("fee", pending, Account::Fees, fee)]
    }

    fn split(&self, courier_minor: i64) -> Result<Vec<Move>, Rejection> {
        if self.amount.minor == 0 {
            let reason = "no money of this deal lies here: say who is in the right";
            return Err(Rejection::Invalid { field: "courier_share", reason });
        }
        if courier_minor <= 0 || courier_minor >= self.amount.minor {
            let reason = "must be more than nothing and less than the reward";
            return Err(Rejection::Invalid { field: "courier_share", reason });
        }
        let part = Amount::new(courier_minor, self.amount.currency);
        let rest = self.amount.minus(part).expect("a part is less than the whole");
        let mut moves = self.pay("split_courier", part);
        let (pending, sender) = (Account::Pending(self.courier), Account::Available(self.sender));
        moves.push(("split_sender", pending, sender, rest));
        Ok(moves)
    }

    /// Takes in a decided step.
    pub const fn apply(&mut self, event: &EscrowEvent) {
        self.state = event.next;
    }
}

impl EscrowCommand {
    const fn action(self) -> &'static str {
        match self {
            Self::Hold { .. } | Self::HoldReserved { .. } => "hold the reward",
            Self::Deliver | Self::Dispute => "set the reward aside",
            Self::Release => "release the reward",
            Self::Refund => "refund the reward",
            Self::Split { .. } => "split the reward",
        }
    }
}
