//! Escrow and the double-entry ledger behind it.
//!
//! An [`Escrow`] is the money of one accepted request. Each step moves money between accounts by
//! [`Transfer`]s; a transfer takes from one account exactly what it gives to another, so all accounts always
//! sum to zero. A transfer's key names the business act (`<request>:hold`) and is unique in the store: a step
//! happens once, however often it is tried.
//!
//! ```text
//! hold      sender available -> courier frozen      (accepted)
//! deliver   courier frozen   -> courier pending     (delivered)
//! dispute   courier frozen   -> courier pending     (disputed before it was delivered)
//! release   courier pending  -> courier available   (confirmed, less the platform fee)
//! refund    courier frozen or pending -> sender available
//! ```

use serde::Serialize;

use crate::ids::{RequestId, UserId};
use crate::money::Amount;
use crate::rejection::Rejection;

/// The platform's share of a reward, in basis points (10 %).
pub const PLATFORM_FEE_BPS: i64 = 1_000;

/// A place where money lies.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Account {
    /// Free money of a user.
    Available(UserId),
    /// The escrow of requests that a courier has accepted.
    Frozen(UserId),
    /// Delivered and not yet confirmed, or disputed.
    Pending(UserId),
    /// The platform's fees.
    Fees,
    /// The outside world as the demo payment provider plays it.
    DemoProvider,
    /// Money that is on its way out of the platform or has left it.
    Payouts,
}

impl Account {
    /// The user who owns the account, if a user does. Such accounts are wallets and never negative.
    #[must_use]
    pub const fn owner(self) -> Option<UserId> {
        match self {
            Self::Available(user) | Self::Frozen(user) | Self::Pending(user) => Some(user),
            Self::Fees | Self::DemoProvider | Self::Payouts => None,
        }
    }

    /// The word of the account's kind in the store.
    #[must_use]
    pub const fn kind(self) -> &'static str {
        match self {
            Self::Available(_) => "available",
            Self::Frozen(_) => "frozen",
            Self::Pending(_) => "pending",
            Self::Fees => "fees",
            Self::DemoProvider => "demo_provider",
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
}

impl EscrowState {
    /// Every state, for tables and for reading the store.
    pub const ALL: [Self; 5] = [Self::None, Self::Held, Self::Pending, Self::Released, Self::Refunded];

    /// The word in the store.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Held => "held",
            Self::Pending => "pending",
            Self::Released => "released",
            Self::Refunded => "refunded",
        }
    }
}

/// Where the reward of a hold comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Funding {
    /// The demo provider puts the reward into the sender's wallet first, so everybody can pay.
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
    /// The parcel has been handed over.
    Deliver,
    /// The sender disputes that the parcel will be handed over.
    Dispute,
    /// The sender has confirmed.
    Release,
    /// Give the money back.
    Refund,
}

/// The money of one request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Escrow {
    /// Whose deal it pays for.
    pub request: RequestId,
    /// Who pays.
    pub sender: UserId,
    /// Who earns.
    pub courier: UserId,
    /// The reward.
    pub amount: Amount,
    /// Where it stands.
    pub state: EscrowState,
}

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
    pub const fn fee(&self) -> Amount {
        self.amount.share(PLATFORM_FEE_BPS)
    }

    /// What follows from a step. Changes nothing.
    ///
    /// # Errors
    /// `IllegalTransition` when the escrow is not where the step starts.
    pub fn decide(&self, command: EscrowCommand) -> Result<EscrowEvent, Rejection> {
        use {Account as A, EscrowCommand as C, EscrowState as S};
        let (next, moves): (S, Vec<(&str, A, A, Amount)>) = match (self.state, command) {
            (S::None, C::Hold { funding }) => {
                let hold = ("hold", A::Available(self.sender), A::Frozen(self.courier), self.amount);
                let fund = ("fund", A::DemoProvider, A::Available(self.sender), self.amount);
                let moves = match funding {
                    Funding::Demo => vec![fund, hold],
                    Funding::Wallet => vec![hold],
                };
                (S::Held, moves)
            }
            (S::Held, C::Deliver) => (
                S::Pending,
                vec![("deliver", A::Frozen(self.courier), A::Pending(self.courier), self.amount)],
            ),
            (S::Held, C::Dispute) => (
                S::Pending,
                vec![("dispute", A::Frozen(self.courier), A::Pending(self.courier), self.amount)],
            ),
            (S::Pending, C::Release) => {
                let fee = self.fee();
                let net = self.amount.minus(fee).expect("the fee is a share of the amount");
                (
                    S::Released,
                    vec![
                        ("release", A::Pending(self.courier), A::Available(self.courier), net),
                        ("fee", A::Pending(self.courier), A::Fees, fee),
                    ],
                )
            }
            (S::Held, C::Refund) => (
                S::Refunded,
                vec![("refund", A::Frozen(self.courier), A::Available(self.sender), self.amount)],
            ),
            (S::Pending, C::Refund) => (
                S::Refunded,
                vec![("refund", A::Pending(self.courier), A::Available(self.sender), self.amount)],
            ),
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
                from,
                to,
                amount,
            })
            .collect();
        Ok(EscrowEvent { next, transfers })
    }

    /// Takes in a decided step.
    pub const fn apply(&mut self, event: &EscrowEvent) {
        self.state = event.next;
    }
}

impl EscrowCommand {
    const fn action(self) -> &'static str {
        match self {
            Self::Hold { .. } => "hold the reward",
            Self::Deliver | Self::Dispute => "set the reward aside",
            Self::Release => "release the reward",
            Self::Refund => "refund the reward",
        }
    }
}
