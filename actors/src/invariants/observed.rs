//! The rules as an outside observer can ask them: over acknowledged rides, received numbers, balances of one
//! snapshot. The rules over values of the core are made of these where they can be.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::{Invariant, Verdict, Violation, broken};
use crate::ids::{PackageId, RequestId};
use crate::leg::LegSpan;
use crate::market::load::Load;
use crate::market::request::RequestState;
use crate::money::ledger::Account;
use crate::money::{Amount, Currency};
use crate::time::Time;

/// INV-1 for an observer: the requests that were told at one moment that they have the package. Repeats of
/// the same request count once.
///
/// # Errors
/// When there are two different winners.
pub fn one_winner(package: PackageId, winners: impl IntoIterator<Item = RequestId>) -> Verdict {
    let mut winners = winners.into_iter();
    let Some(first) = winners.next() else { return Ok(()) };
    match winners.find(|other| *other != first) {
        None => Ok(()),
        Some(second) => {
            broken(Invariant::OneDeal, format!("package {package} went to {first} and to {second}"))
        }
    }
}

/// INV-2 for an observer: the rides that were acknowledged on a trip and not called off, against what the
/// trip was published with.
///
/// # Errors
/// When a ride is not on the trip's legs, or a leg carries more than the capacity.
pub fn legs_within_capacity(
    capacity: Load,
    legs: usize,
    rides: impl IntoIterator<Item = (LegSpan, Load)>,
) -> Verdict {
    let used = used_per_leg(legs, rides)?;
    match used.iter().position(|used| !used.fits(capacity)) {
        None => Ok(()),
        Some(leg) => {
            broken(Invariant::WithinCapacity, format!("leg {leg} carries {:?} of {capacity:?}", used[leg]))
        }
    }
}

pub(super) fn used_per_leg(
    legs: usize,
    rides: impl IntoIterator<Item = (LegSpan, Load)>,
) -> Result<Vec<Load>, Violation> {
    let mut used = vec![Load::NONE; legs];
    for (span, load) in rides {
        let Some(touched) = used.get_mut(span.range()).filter(|touched| !touched.is_empty()) else {
            return broken(Invariant::WithinCapacity, format!("a ride on legs {span} of a trip with {legs}"));
        };
        for used in touched {
            let Some(sum) = used.plus(load) else {
                return broken(Invariant::WithinCapacity, format!("{used:?} and {load:?} overflow"));
            };
            *used = sum;
        }
    }
    Ok(used)
}

/// INV-6 for an observer: the balances of all accounts in one snapshot.
///
/// # Errors
/// When a currency does not sum to zero, or a user's account is negative.
pub fn books_balance(balances: impl IntoIterator<Item = (Account, Amount)>) -> Verdict {
    let mut sums: BTreeMap<Currency, i128> = BTreeMap::new();
    for (account, amount) in balances {
        if account.owner().is_some() && amount.minor < 0 {
            return broken(Invariant::MoneyBalances, format!("{account:?} holds {amount}"));
        }
        *sums.entry(amount.currency).or_insert(0) += i128::from(amount.minor);
    }
    match sums.iter().find(|(_, sum)| **sum != 0) {
        None => Ok(()),
        Some((currency, sum)) => {
            broken(Invariant::MoneyBalances, format!("all accounts in {} sum to {sum}", currency.code()))
        }
    }
}

/// INV-7: the numbers that a device received after `last` are `last + 1`, `last + 2` and so on. A stream that
/// is read from its beginning has `last` 0.
///
/// # Errors
/// When a number is missing, repeated or out of order.
pub fn contiguous(last: u64, seqs: impl IntoIterator<Item = u64>) -> Verdict {
    let mut last = last;
    for seq in seqs {
        if Some(seq) != last.checked_add(1) {
            return broken(Invariant::SeqsContiguous, format!("{seq} came after {last}"));
        }
        last = seq;
    }
    Ok(())
}

/// INV-8 for an observer: the states that one request went through, in the order in which they were told.
///
/// # Errors
/// When a step does not exist, or its time lies before the one of the step it follows.
pub fn path_forward(request: RequestId, created_at: Time, states: &[RequestState]) -> Verdict {
    let (mut before, mut since) = (&RequestState::Pending, created_at);
    for state in states {
        let fail = |how: &str| {
            let text = format!("request {request} went {how} from {} to {}", before.word(), state.word());
            broken(Invariant::TimesForward, text)
        };
        if !follows(before, state) {
            return fail("astray");
        }
        match state.at() {
            Some(at) if at >= since => since = at,
            _ => return fail("back in time"),
        }
        before = state;
    }
    Ok(())
}

pub(super) const fn follows(from: &RequestState, to: &RequestState) -> bool {
    use RequestState as S;
    match from {
        S::Pending => matches!(
            to,
            S::Agreed { .. }
                | S::Accepted { .. }
                | S::Declined { .. }
                | S::Expired { .. }
                | S::Withdrawn { .. }
                | S::Taken { .. }
        ),
        S::Agreed { .. } => matches!(
            to,
            S::Accepted { .. }
                | S::Declined { .. }
                | S::Expired { .. }
                | S::Withdrawn { .. }
                | S::Taken { .. }
        ),
        S::Accepted { .. } => matches!(to, S::PickedUp { .. } | S::Delivered { .. } | S::Cancelled { .. }),
        S::PickedUp { .. } => matches!(to, S::Delivered { .. } | S::Disputed { .. } | S::Cancelled { .. }),
        S::Delivered { .. } => matches!(to, S::Confirmed { .. } | S::Disputed { .. } | S::Cancelled { .. }),
        S::Disputed { .. } => matches!(to, S::Confirmed { .. } | S::Cancelled { .. }),
        S::Confirmed { .. }
        | S::Declined { .. }
        | S::Expired { .. }
        | S::Withdrawn { .. }
        | S::Taken { .. }
        | S::Cancelled { .. } => false,
    }
}

/// INV-10: everything that was answered with a yes is in the store. What is stored and was not answered is
/// fine: an answer can get lost.
///
/// # Errors
/// When an acknowledged fact is missing.
pub fn acked_is_stored<T: Ord + fmt::Debug>(
    acked: impl IntoIterator<Item = T>,
    stored: impl IntoIterator<Item = T>,
) -> Verdict {
    let stored: BTreeSet<T> = stored.into_iter().collect();
    match acked.into_iter().find(|fact| !stored.contains(fact)) {
        None => Ok(()),
        Some(lost) => broken(Invariant::AckedIsStored, format!("{lost:?} is lost")),
    }
}
