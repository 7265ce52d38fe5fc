//! Money on its way out: asked for by its owner, taken out of the wallet at once, paid or given back by an
//! operator.
//!
//! ```text
//! queued -> paid | rejected
//! ```

use super::ledger::{Account, Transfer};
use crate::ids::{UserId, WithdrawalId};
use crate::money::Amount;
use crate::rejection::Rejection;
use crate::time::Time;

/// How many withdrawals of one person may wait at a time.
pub const MOST_QUEUED: u64 = 5;

/// The least that is worth an operator's time, in hundredths of the currency.
pub const LEAST_MINOR: i64 = 10_000;

/// Where a withdrawal stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WithdrawalState {
    /// Waits for an operator.
    Queued,
    /// Sent.
    Paid {
        /// When it was sent.
        at: Time,
        /// The operator.
        by: UserId,
    },
    /// Given back.
    Rejected {
        /// When it was given back.
        at: Time,
        /// The operator.
        by: UserId,
    },
}

impl WithdrawalState {
    /// The word on the wire and in the store.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Paid { .. } => "paid",
            Self::Rejected { .. } => "rejected",
        }
    }
}

/// Money on its way out.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Withdrawal {
    /// Its id.
    pub id: WithdrawalId,
    /// Whose money it is.
    pub user: UserId,
    /// How much.
    pub amount: Amount,
    /// Where to, in the owner's words.
    pub method: String,
    /// Where it stands.
    pub state: WithdrawalState,
    /// When it was asked for.
    pub created_at: Time,
}

/// What an operator decides.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WithdrawalCommand {
    /// The money was sent.
    Pay,
    /// The money goes back.
    Reject,
}

impl Withdrawal {
    /// A withdrawal, and the transfer that takes the money out of the wallet.
    ///
    /// # Errors
    /// `Invalid` for nothing.
    pub fn request(
        id: WithdrawalId,
        user: UserId,
        amount: Amount,
        method: String,
        now: Time,
    ) -> Result<(Self, Transfer), Rejection> {
        if amount.minor <= 0 {
            return Err(Rejection::Invalid { field: "amount", reason: "must be more than zero" });
        }
        let withdrawal = Self { id, user, amount, method, state: WithdrawalState::Queued, created_at: now };
        let out = withdrawal.transfer("hold", Account::Available(user), Account::Payouts);
        Ok((withdrawal, out))
    }

    /// Whether it may join those that wait: `queued` of its owner's, itself among them, with so much left in
    /// the wallet.
    ///
    /// # Errors
    /// `TooManyWithdrawals`, or `Invalid` for a pittance that is not all there is.
    pub const fn check(&self, queued: u64, left_minor: i64) -> Result<(), Rejection> {
        if queued > MOST_QUEUED {
            return Err(Rejection::TooManyWithdrawals);
        }
        if self.amount.minor < LEAST_MINOR && left_minor > 0 {
            return Err(Rejection::Invalid {
                field: "amount",
                reason: "must be at least 100, or all there is",
            });
        }
        Ok(())
    }

    /// What follows from an operator's decision: the next state, and money that goes back.
    ///
    /// # Errors
    /// `WrongParty` for the owner, who may be an operator as well; `IllegalTransition` when it was decided
    /// before.
    pub fn decide(
        &self,
        command: WithdrawalCommand,
        by: UserId,
        now: Time,
    ) -> Result<(WithdrawalState, Option<Transfer>), Rejection> {
        if by == self.user {
            return Err(Rejection::WrongParty("other operators"));
        }
        match (self.state, command) {
            (WithdrawalState::Queued, WithdrawalCommand::Pay) => {
                Ok((WithdrawalState::Paid { at: now, by }, None))
            }
            (WithdrawalState::Queued, WithdrawalCommand::Reject) => {
                let back = self.transfer("return", Account::Payouts, Account::Available(self.user));
                Ok((WithdrawalState::Rejected { at: now, by }, Some(back)))
            }
            (state, _) => {
                Err(Rejection::IllegalTransition { action: "decide the withdrawal", state: state.word() })
            }
        }
    }

    fn transfer(&self, step: &str, from: Account, to: Account) -> Transfer {
        Transfer { key: format!("{}:{step}", self.id), request: None, from, to, amount: self.amount }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::Currency;

    const NOW: Time = Time::from_ms(1_790_000_000_000);

    fn user(n: u8) -> UserId {
        UserId::new(NOW, [n; 10])
    }

    fn queued(minor: i64) -> Result<(Withdrawal, Transfer), Rejection> {
        let id = WithdrawalId::new(NOW, [9; 10]);
        Withdrawal::request(id, user(1), Amount::new(minor, Currency::Rub), "card".to_owned(), NOW)
    }

    #[test]
    fn money_leaves_the_wallet_when_it_is_asked_for_and_comes_back_once() {
        let (withdrawal, out) = queued(500).expect("asked for");
        assert_eq!((out.from, out.to), (Account::Available(user(1)), Account::Payouts));
        let (state, back) = withdrawal.decide(WithdrawalCommand::Reject, user(2), NOW).expect("decided");
        let back = back.expect("goes back");
        assert_eq!((back.from, back.to, back.amount), (out.to, out.from, out.amount));
        let rejected = Withdrawal { state, ..withdrawal.clone() };
        assert!(rejected.decide(WithdrawalCommand::Pay, user(2), NOW).is_err());
        let (state, back) = withdrawal.decide(WithdrawalCommand::Pay, user(2), NOW).expect("decided");
        assert_eq!((state.word(), back), ("paid", None));
        assert_eq!(queued(0).unwrap_err().code(), "invalid");
    }

    #[test]
    fn an_operator_decides_once_and_nobody_their_own() {
        use WithdrawalCommand::{Pay, Reject};
        let (withdrawal, _) = queued(500).expect("asked for");
        let (at, by) = (NOW, user(2));
        let table = [
            (WithdrawalState::Queued, Pay, Ok("paid")),
            (WithdrawalState::Queued, Reject, Ok("rejected")),
            (WithdrawalState::Paid { at, by }, Pay, Err("illegal_transition")),
            (WithdrawalState::Paid { at, by }, Reject, Err("illegal_transition")),
            (WithdrawalState::Rejected { at, by }, Pay, Err("illegal_transition")),
            (WithdrawalState::Rejected { at, by }, Reject, Err("illegal_transition")),
        ];
        for (state, command, expected) in table {
            let withdrawal = Withdrawal { state, ..withdrawal.clone() };
            let answer = withdrawal.decide(command, user(3), NOW);
            let word = answer.map(|(state, _)| state.word()).map_err(|rejection| rejection.code());
            assert_eq!(word, expected, "{state:?}, {command:?}");
            let own = withdrawal.decide(command, withdrawal.user, NOW);
            assert_eq!(own, Err(Rejection::WrongParty("other operators")), "{state:?}, {command:?}");
        }
    }

    #[test]
    fn few_wait_at_a_time_and_none_for_a_pittance_unless_it_is_all_there_is() {
        let check = |minor, others, left| {
            let (withdrawal, _) = queued(minor).expect("asked for");
            withdrawal.check(others, left).map_err(|rejection| rejection.code())
        };
        assert_eq!(check(LEAST_MINOR, MOST_QUEUED, 1), Ok(()));
        assert_eq!(check(LEAST_MINOR, MOST_QUEUED + 1, 1), Err("too_many_withdrawals"));
        assert_eq!(check(LEAST_MINOR - 1, 1, 1), Err("invalid"));
        assert_eq!(check(1, 1, 0), Ok(()), "who goes takes everything");
    }
}
