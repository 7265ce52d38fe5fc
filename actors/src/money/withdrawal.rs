//! Money on its way out: asked for by its owner, taken out of the wallet at once, paid or given back by an
//! operator.
//!
//! ```text
//! queued -> paid | rejected
//! queued -> queued, approved by a first operator -> paid | rejected      where the amount needs two
//! ```

use super::ledger::{Account, Transfer};
use crate::ids::{UserId, WithdrawalId};
use crate::money::Amount;
use crate::rejection::Rejection;
use crate::time::{Span, Time};

/// How many withdrawals of one person may wait at a time.
pub const MAX_QUEUED: u64 = 5;

/// The least that is worth an operator's time, in hundredths of the currency.
pub const MIN_MINOR: i64 = 10_000;

/// What an operator of the marketplace has set for money on its way out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PayoutRules {
    /// The most that one person may take out within 24 hours, in minor units.
    pub daily_minor: i64,
    /// Above this amount, in minor units, two operators have to agree.
    pub second_above_minor: i64,
    /// How long money waits after its owner has named a new place for it.
    pub wait: Span,
}

impl Default for PayoutRules {
    fn default() -> Self {
        Self { daily_minor: 20_000_000, second_above_minor: 5_000_000, wait: Span::hours(24) }
    }
}

/// Where a withdrawal stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WithdrawalState {
    /// Waits for an operator.
    Queued,
    /// An operator has sent the money.
    Paid {
        /// When it was sent.
        at: Time,
        /// The operator who has sent it.
        by: UserId,
    },
    /// An operator has refused it, and the money is back in the wallet.
    Rejected {
        /// When it was given back.
        at: Time,
        /// The operator who has refused it.
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
    /// How much is taken out.
    pub amount: Amount,
    /// Where to, as far as that may be shown.
    pub method: String,
    /// Where to, sealed; `None` for what was asked for before details were sealed.
    pub details: Option<String>,
    /// Where it stands.
    pub state: WithdrawalState,
    /// When it was asked for.
    pub created_at: Time,
    /// It is not paid before.
    pub payable_from: Time,
    /// The first of two operators, if two are needed and one has agreed.
    pub approved: Option<Approval>,
    /// What the first of two operators has written down.
    pub approval_note: Option<String>,
    /// Under which number it was sent, or why not.
    pub note: Option<String>,
}

/// The word of the first of two operators.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Approval {
    /// When the first operator agreed.
    pub at: Time,
    /// The first operator.
    pub by: UserId,
}

/// What a decision of an operator brings about.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Decision {
    /// A first operator has agreed; another one has to.
    Approved(Approval),
    /// It is over, with the money that goes back.
    Over(WithdrawalState, Option<Transfer>),
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
        details: Option<String>,
        now: Time,
    ) -> Result<(Self, Transfer), Rejection> {
        if amount.minor <= 0 {
            return Err(Rejection::Invalid { field: "amount", reason: "must be more than zero" });
        }
        let withdrawal = Self {
            id,
            user,
            amount,
            method,
            details,
            state: WithdrawalState::Queued,
            created_at: now,
            payable_from: now,
            approved: None,
            approval_note: None,
            note: None,
        };
        let out = withdrawal.transfer("hold", Account::Available(user), Account::Payouts);
        Ok((withdrawal, out))
    }

    /// Whether it may join those that wait: `queued` of its owner's, itself among them, with so much left in
    /// the wallet, and `today_minor` taken out within 24 hours, itself included.
    ///
    /// # Errors
    /// `TooManyWithdrawals`, `DailyLimit`, or `Invalid` for a pittance that is not all there is.
    pub const fn check(
        &self,
        queued: u64,
        left_minor: i64,
        today_minor: i64,
        rules: PayoutRules,
    ) -> Result<(), Rejection> {
        if queued > MAX_QUEUED {
            return Err(Rejection::TooManyWithdrawals);
        }
        if today_minor > rules.daily_minor {
            return Err(Rejection::DailyLimit);
        }
        if self.amount.minor < MIN_MINOR && left_minor > 0 {
            return Err(Rejection::Invalid {
                field: "amount",
                reason: "must be at least 100, or all there is",
            });
        }
        Ok(())
    }

    /// What follows from an operator's decision.
    ///
    /// # Errors
    /// `WrongParty` for the owner, who may be an operator as well, and for the first of two operators;
    /// `PayoutWaits` before its time; `IllegalTransition` when it was decided before.
    pub fn decide(
        &self,
        command: WithdrawalCommand,
        by: UserId,
        rules: PayoutRules,
        now: Time,
    ) -> Result<Decision, Rejection> {
        if by == self.user {
            return Err(Rejection::WrongParty("other operators"));
        }
        match (self.state, command) {
            (WithdrawalState::Queued, WithdrawalCommand::Pay) if now < self.payable_from => {
                Err(Rejection::PayoutWaits)
            }
            (WithdrawalState::Queued, WithdrawalCommand::Pay) => match self.approved {
                Some(first) if first.by == by => Err(Rejection::WrongParty("other operators")),
                None if self.amount.minor > rules.second_above_minor => {
                    Ok(Decision::Approved(Approval { at: now, by }))
                }
                _ => Ok(Decision::Over(WithdrawalState::Paid { at: now, by }, None)),
            },
            (WithdrawalState::Queued, WithdrawalCommand::Reject) => {
                let back = self.transfer("return", Account::Payouts, Account::Available(self.user));
                Ok(Decision::Over(WithdrawalState::Rejected { at: now, by }, Some(back)))
            }
            (state, _) => {
                Err(Rejection::IllegalTransition { action: "decide the withdrawal", state: state.word() })
            }
        }
    }

    fn transfer(&self, step: &str, from: Account, to: Account) -> Transfer {
        let (key, subject) = (format!("{}:{step}", self.id), Some(self.id.uuid()));
        Transfer { key, request: None, subject, from, to, amount: self.amount }
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
        Withdrawal::request(id, user(1), Amount::new(minor, Currency::Rub), "card".to_owned(), None, NOW)
    }

    fn decided(withdrawal: &Withdrawal, command: WithdrawalCommand, by: u8) -> Result<Decision, Rejection> {
        withdrawal.decide(command, user(by), PayoutRules::default(), NOW)
    }

    /// The word of the state afterwards, or the code of the refusal.
    fn word(answer: Result<Decision, Rejection>) -> Result<&'static str, &'static str> {
        let word = |decision| match decision {
            Decision::Approved(_) => "approved",
            Decision::Over(state, _) => state.word(),
        };
        answer.map(word).map_err(|rejection| rejection.code())
    }

    #[test]
    fn money_leaves_the_wallet_when_it_is_asked_for_and_comes_back_once() {
        let (withdrawal, out) = queued(500).expect("asked for");
        assert_eq!((out.from, out.to), (Account::Available(user(1)), Account::Payouts));
        let Ok(Decision::Over(state, Some(back))) = decided(&withdrawal, WithdrawalCommand::Reject, 2) else {
            panic!("it is rejected, and its money goes back");
        };
        assert_eq!((back.from, back.to, back.amount), (out.to, out.from, out.amount));
        let rejected = Withdrawal { state, ..withdrawal.clone() };
        assert!(decided(&rejected, WithdrawalCommand::Pay, 2).is_err());
        let paid = decided(&withdrawal, WithdrawalCommand::Pay, 2).expect("decided");
        assert_eq!(paid, Decision::Over(WithdrawalState::Paid { at: NOW, by: user(2) }, None));
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
            assert_eq!(word(decided(&withdrawal, command, 3)), expected, "{state:?}, {command:?}");
            let own = decided(&withdrawal, command, 1);
            assert_eq!(own, Err(Rejection::WrongParty("other operators")), "{state:?}, {command:?}");
        }
    }

    #[test]
    fn a_large_one_needs_two_operators_and_new_details_wait() {
        use WithdrawalCommand::{Pay, Reject};
        let most = PayoutRules::default().second_above_minor;
        let (at_most, _) = queued(most).expect("asked for");
        assert_eq!(word(decided(&at_most, Pay, 2)), Ok("paid"));
        let (large, _) = queued(most + 1).expect("asked for");
        assert_eq!(word(decided(&large, Pay, 2)), Ok("approved"));
        let approved = Withdrawal { approved: Some(Approval { at: NOW, by: user(2) }), ..large };
        assert_eq!(word(decided(&approved, Pay, 2)), Err("wrong_party"), "the same pair of eyes");
        assert_eq!(word(decided(&approved, Pay, 3)), Ok("paid"));
        assert_eq!(word(decided(&approved, Reject, 2)), Ok("rejected"), "one may think better of it");
        let waits = Withdrawal { payable_from: NOW + Span::from_ms(1), ..at_most };
        assert_eq!(word(decided(&waits, Pay, 2)), Err("payout_waits"));
        assert_eq!(word(decided(&waits, Reject, 2)), Ok("rejected"));
    }

    #[test]
    fn few_wait_at_a_time_so_much_a_day_and_none_for_a_pittance_unless_it_is_all_there_is() {
        let rules = PayoutRules::default();
        let check = |minor, others, left, today| {
            let (withdrawal, _) = queued(minor).expect("asked for");
            withdrawal.check(others, left, today, rules).map_err(|rejection| rejection.code())
        };
        assert_eq!(check(MIN_MINOR, MAX_QUEUED, 1, rules.daily_minor), Ok(()));
        assert_eq!(check(MIN_MINOR, MAX_QUEUED + 1, 1, 1), Err("too_many_withdrawals"));
        assert_eq!(check(MIN_MINOR, 1, 1, rules.daily_minor + 1), Err("daily_limit"));
        assert_eq!(check(MIN_MINOR - 1, 1, 1, 1), Err("invalid"));
        assert_eq!(check(1, 1, 0, 1), Ok(()), "who goes takes everything");
    }
}
