//! Whether the books agree with what a provider says of the same time: charge by charge. It only looks.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::Amount;
use super::payment::{PaymentFile, RefundState, Report, ReportedRefundStatus};
use crate::time::{Span, Time};

/// What is newer, or near an end of the time that is looked at, need not be known to both sides.
pub const SLACK: Span = Span::minutes(10);

/// A charge as a provider lists it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Listed {
    /// Its number in the list: the provider's, or that of the company behind the provider.
    pub charge_id: String,
    /// How much was charged.
    pub amount: Amount,
    /// How much of it went back, in minor units.
    pub refunded_minor: i64,
    /// How much of it a bank has taken back, in minor units.
    pub charged_back_minor: i64,
}

impl Listed {
    /// The charges of a report.
    pub fn of(report: &Report) -> impl Iterator<Item = Self> {
        report.charges.iter().map(|charge| Self {
            charge_id: charge.charge_id.clone(),
            amount: Amount::new(charge.amount_minor, charge.currency),
            refunded_minor: charge
                .refunds
                .iter()
                .filter(|refund| refund.status == ReportedRefundStatus::Done)
                .map(|refund| refund.amount_minor)
                .sum(),
            charged_back_minor: charge.charged_back_minor,
        })
    }
}

/// A charge as it stands in the books.
struct Booked<'a> {
    reference: &'a str,
    /// What it is called behind the provider, if it has another name there.
    behind: Option<&'a str>,
    amount: Amount,
    refunded_minor: i64,
    /// Asked for, and not known to be done.
    asked_minor: i64,
    charged_back_minor: i64,
    /// When it was asked for: it was not charged before.
    since: Time,
    /// When we have heard of it: it was charged by then.
    until: Time,
}

impl fmt::Display for Booked<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.behind {
            Some(behind) => write!(f, "{} ({behind})", self.reference),
            None => f.write_str(self.reference),
        }
    }
}

/// The numbers of a list that no charge of the books has.
pub fn unknown<'a>(books: &'a [PaymentFile], listed: &'a [Listed]) -> impl Iterator<Item = &'a str> {
    let charges = books.iter().flat_map(|file| &file.charges);
    let numbers = charges.flat_map(|charge| [Some(&charge.reference), charge.provider_reference.as_ref()]);
    let known: BTreeSet<&str> = numbers.flatten().map(String::as_str).collect();
    listed.iter().map(|theirs| theirs.charge_id.as_str()).filter(move |number| !known.contains(number))
}

/// Every charge that one side has and the other has not, or has otherwise, as one sentence each. `listed` is
/// what was charged from `since` on and before `until`; `books` has at least what was charged in that time. A
/// list may call a charge by either of its numbers. A payment that stands in `books` twice counts as it
/// stands last.
#[must_use]
pub fn differences(books: &[PaymentFile], listed: &[Listed], (since, until): (Time, Time)) -> Vec<String> {
    let mut booked: Vec<Option<Booked<'_>>> = Vec::new();
    let mut by_number: BTreeMap<&str, usize> = BTreeMap::new();
    let books: BTreeMap<_, _> = books.iter().map(|file| (file.payment.id, file)).collect();
    for file in books.into_values() {
        for charge in &file.charges {
            let sum = |state| {
                let of = file.refunds.iter().filter(|one| one.charge == charge.id && one.state == state);
                of.map(|refund| refund.amount.minor).sum()
            };
            let entry = Booked {
                reference: &charge.reference,
                behind: charge.provider_reference.as_deref(),
                amount: charge.amount,
                refunded_minor: sum(RefundState::Done),
                asked_minor: sum(RefundState::Asked),
                charged_back_minor: charge.charged_back_minor,
                since: file.payment.created_at,
                until: charge.at,
            };
            by_number.insert(&charge.reference, booked.len());
            booked.push(Some(entry));
        }
    }
    for (n, entry) in booked.iter().enumerate() {
        if let Some(behind) = entry.as_ref().and_then(|entry| entry.behind) {
            by_number.entry(behind).or_insert(n);
        }
    }
    let mut found = Vec::new();
    for theirs in listed {
        let ours = by_number.get(theirs.charge_id.as_str()).and_then(|n| booked[*n].take());
        match ours {
            // A charge that was given back altogether has moved no money.
            None if theirs.refunded_minor + theirs.charged_back_minor >= theirs.amount.minor => {}
            None => {
                found.push(format!("charge {} of {} is not in the books", theirs.charge_id, theirs.amount));
            }
            Some(ours) => found.extend(difference(&ours, theirs)),
        }
    }
    // The list goes by when something was charged, the books by when we have heard of it, which can be days
    // later. Only what was charged within the time for sure has to be in the list.
    let is_due = |ours: &Booked<'_>| {
        let is_left = ours.refunded_minor + ours.charged_back_minor < ours.amount.minor;
        is_left && ours.since >= since + SLACK && ours.until + SLACK < until
    };
    for ours in booked.into_iter().flatten().filter(is_due) {
        found.push(format!("charge {ours} of {} is not in the provider's list", ours.amount));
    }
    found
}

fn difference(ours: &Booked<'_>, theirs: &Listed) -> Option<String> {
    let say = |what: &str, ours: Amount, theirs_is: Amount| {
        Some(format!("charge {}: {what} {ours} in the books, {theirs_is} at the provider", theirs.charge_id))
    };
    let money = |minor: i64| Amount::new(minor, ours.amount.currency);
    if ours.amount != theirs.amount {
        return say("charged", ours.amount, theirs.amount);
    }
    let may_be = ours.refunded_minor..=ours.refunded_minor + ours.asked_minor;
    if !may_be.contains(&theirs.refunded_minor) {
        return say("refunded", money(ours.refunded_minor), money(theirs.refunded_minor));
    }
    if ours.charged_back_minor != theirs.charged_back_minor {
        return say("charged back", money(ours.charged_back_minor), money(theirs.charged_back_minor));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{ChargeId, PaymentId, RefundId, UserId};
    use crate::money::Currency;
    use crate::money::payment::{Charge, Cost, Method, Payment, PaymentState, Purpose, Refund};

    const NOW: Time = Time::from_ms(1_790_000_000_000);
    const DAY: (Time, Time) = (NOW, Time::from_ms(NOW.ms() + 86_400_000));

    fn roubles(minor: i64) -> Amount {
        Amount::new(minor, Currency::Rub)
    }

    fn booked(reference: &str, minor: i64, at: Time, back: &[(RefundState, i64)]) -> PaymentFile {
        let (id, user) = (ChargeId::new(NOW, [1; 10]), UserId::new(NOW, [2; 10]));
        let payment = Payment {
            id: PaymentId::new(NOW, [reference.as_bytes()[0]; 10]),
            user,
            purpose: Purpose::TopUp,
            method: Method::Webhook,
            amount: roubles(minor),
            state: PaymentState::Succeeded,
            state_at: at,
            reference: reference.to_owned(),
            invoice_url: None,
            created_at: at,
            expires_at: at,
        };
        let (evidence, booked_by) = (None, None);
        let (reference, amount) = (reference.to_owned(), roubles(minor));
        let charge = Charge {
            id,
            reference,
            provider_reference: None,
            amount,
            charged_back_minor: 0,
            evidence,
            booked_by,
            at,
        };
        let refund = |(state, minor): &(RefundState, i64)| Refund {
            id: RefundId::new(NOW, [4; 10]),
            charge: id,
            reference: "r".to_owned(),
            amount: roubles(*minor),
            cost: Cost::Payer,
            state: *state,
            reason: String::new(),
            by: None,
            at,
        };
        PaymentFile { payment, charges: vec![charge], refunds: back.iter().map(refund).collect() }
    }

    fn listed(charge_id: &str, minor: i64, refunded_minor: i64, charged_back_minor: i64) -> Listed {
        let charge_id = charge_id.to_owned();
        Listed { charge_id, amount: roubles(minor), refunded_minor, charged_back_minor }
    }

    #[test]
    fn what_agrees_is_not_mentioned_and_each_difference_is() {
        let noon = NOW + Span::hours(12);
        let books = [
            booked("a", 500, noon, &[]),
            booked("b", 500, noon, &[(RefundState::Done, 100), (RefundState::Asked, 50)]),
        ];
        let agrees = |a: Listed, b: Listed| differences(&books, &[a, b], DAY);
        assert_eq!(agrees(listed("a", 500, 0, 0), listed("b", 500, 100, 0)), Vec::<String>::new());
        let known_later = agrees(listed("a", 500, 0, 0), listed("b", 500, 150, 0));
        assert_eq!(known_later, Vec::<String>::new(), "what was asked for may be done");
        for (a, b, expected) in [
            (listed("a", 501, 0, 0), listed("b", 500, 100, 0), "charge a: charged 5.00 RUB in the books"),
            (listed("a", 500, 1, 0), listed("b", 500, 100, 0), "charge a: refunded 0.00 RUB in the books"),
            (listed("a", 500, 0, 0), listed("b", 500, 99, 0), "charge b: refunded 1.00 RUB in the books"),
            (
                listed("a", 500, 0, 7),
                listed("b", 500, 100, 0),
                "charge a: charged back 0.00 RUB in the books",
            ),
        ] {
            let found = agrees(a, b);
            assert!(found.len() == 1 && found[0].starts_with(expected), "{expected}: {found:?}");
        }
        let only_theirs = differences(&[], &[listed("c", 500, 0, 0)], DAY);
        assert_eq!(only_theirs, ["charge c of 5.00 RUB is not in the books"]);
        let only_ours = differences(&books[..1], &[], DAY);
        assert_eq!(only_ours, ["charge a of 5.00 RUB is not in the provider's list"]);
    }

    #[test]
    fn a_payment_that_was_read_twice_counts_as_it_was_read_last() {
        let before = booked("a", 500, NOW + Span::hours(12), &[]);
        let mut after = before.clone();
        after.charges.push(Charge { reference: "b".to_owned(), ..before.charges[0].clone() });
        let list = [listed("a", 500, 0, 0), listed("b", 500, 0, 0)];
        assert_eq!(differences(&[before, after], &list, DAY), Vec::<String>::new());
    }

    #[test]
    fn a_charge_is_known_by_its_number_behind_the_provider_too() {
        let noon = NOW + Span::hours(12);
        let mut file = booked("a", 500, noon, &[]);
        file.charges[0].provider_reference = Some("p-a".to_owned());
        let books = [file, booked("b", 500, noon, &[])];
        for number in ["a", "p-a"] {
            let list = [listed(number, 500, 0, 0), listed("b", 500, 0, 0)];
            assert_eq!(differences(&books, &list, DAY), Vec::<String>::new(), "{number}");
            assert_eq!(unknown(&books, &list).count(), 0, "{number}");
        }
        let both = [listed("a", 500, 0, 0), listed("p-a", 500, 0, 0), listed("b", 500, 0, 0)];
        assert_eq!(differences(&books, &both, DAY), ["charge p-a of 5.00 RUB is not in the books"]);
        let only_ours = differences(&books[..1], &[], DAY);
        assert_eq!(only_ours, ["charge a (p-a) of 5.00 RUB is not in the provider's list"]);
        assert_eq!(unknown(&books, &[listed("c", 1, 0, 0)]).collect::<Vec<_>>(), ["c"]);
    }

    #[test]
    fn what_was_charged_near_an_end_of_the_time_need_not_be_listed() {
        for at in [DAY.0, DAY.0 + Span::minutes(9), DAY.1 - Span::minutes(9)] {
            assert_eq!(differences(&[booked("a", 500, at, &[])], &[], DAY), Vec::<String>::new());
        }
        for at in [DAY.0 + Span::minutes(10), DAY.1 - Span::minutes(11)] {
            assert_eq!(differences(&[booked("a", 500, at, &[])], &[], DAY).len(), 1);
        }
        // What has gone back altogether is missed by nobody.
        let mut gone = booked("a", 500, DAY.0 + Span::hours(1), &[]);
        gone.charges[0].charged_back_minor = gone.charges[0].amount.minor;
        assert_eq!(differences(&[gone], &[], DAY), Vec::<String>::new());
        // Charged before the time and heard of within it: the list of the time does not have it.
        let mut late = booked("a", 500, DAY.0 + Span::hours(1), &[]);
        late.payment.created_at = DAY.0 - Span::hours(2);
        assert_eq!(differences(&[late], &[], DAY), Vec::<String>::new());
    }
}
