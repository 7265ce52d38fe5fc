//! The books that a test keeps beside a system, to see whether its money balances.

use std::collections::{BTreeMap, BTreeSet};

use super::{Invariant, Verdict, books_balance, broken};
use crate::ids::UserId;
use crate::money::ledger::{Account, EscrowEvent, Transfer};
use crate::money::{Amount, Currency};

/// The sums of all accounts, made up from transfers (INV-6).
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Books {
    balances: BTreeMap<(Currency, Account), i64>,
    keys: BTreeSet<String>,
}

impl Books {
    /// Books in which the user has free money that came from the outside world.
    pub fn fund(&mut self, user: UserId, amount: Amount) {
        self.add(Account::DemoProvider, amount.currency, -amount.minor);
        self.add(Account::Available(user), amount.currency, amount.minor);
    }

    /// Writes the transfers of one step down. The step is whole or not at all, so wallets are looked at after
    /// it.
    ///
    /// # Errors
    /// When a key comes again, nothing or less than nothing moves, an account pays itself, or the sums are
    /// wrong afterwards.
    pub fn post(&mut self, step: &EscrowEvent) -> Verdict {
        for Transfer { key, from, to, amount, .. } in &step.transfers {
            let fail = |text: &str| broken(Invariant::MoneyBalances, format!("transfer {key} {text}"));
            if !self.keys.insert(key.clone()) {
                return fail("happened twice");
            }
            if amount.minor <= 0 {
                return fail("moves nothing");
            }
            if from == to {
                return fail("stays where it is");
            }
            self.add(*from, amount.currency, -amount.minor);
            self.add(*to, amount.currency, amount.minor);
        }
        books_balance(self.balances())
    }

    /// What lies in an account.
    #[must_use]
    pub fn balance(&self, account: Account, currency: Currency) -> i64 {
        self.balances.get(&(currency, account)).copied().unwrap_or(0)
    }

    /// Every account that money has touched.
    pub fn balances(&self) -> impl Iterator<Item = (Account, Amount)> {
        self.balances.iter().map(|((currency, account), minor)| (*account, Amount::new(*minor, *currency)))
    }

    fn add(&mut self, account: Account, currency: Currency, minor: i64) {
        *self.balances.entry((currency, account)).or_insert(0) += minor;
    }
}
