//! Telegram Stars: an invoice of the bot, paid for a digital extra. Telegram keeps a list of all that has
//! come and gone, so what nobody knows the outcome of is looked up there.

use std::collections::BTreeMap;

use async_trait::async_trait;
use peerpack_actors::ids::PaymentId;
use peerpack_actors::money::Currency;
use peerpack_actors::money::payment::{
    Method, Payment, Report, ReportedCharge, ReportedRefund, ReportedRefundStatus, ReportedStatus,
};
use peerpack_actors::time::{Span, Time};
use uuid::Uuid;

use super::{Answer, Forged, GoesBack, Incoming, Invoice, Page, PaymentProvider};
use crate::telegram::{self, Bill, StarTransaction, Telegram};
use crate::texts::money;

/// How many entries one call of Telegram's list has.
const PAGE: u32 = 100;

/// How many entries are read at most.
const MAX_READ: usize = 10_000;

/// The furthest that the beginning of a time is looked for in the list.
const FURTHEST: u32 = 1 << 30;

/// How far Telegram's clock may be from ours.
const CLOCKS: Span = Span::minutes(5);

/// Invoices of the bot in Telegram Stars.
#[derive(Clone, Debug)]
pub struct StarsPayments {
    telegram: Telegram,
}

impl StarsPayments {
    /// Those of a bot.
    #[must_use]
    pub const fn new(telegram: Telegram) -> Self {
        Self { telegram }
    }

    /// Everything that has come and gone from a time on, oldest first.
    async fn since(&self, since: Time) -> Answer<Vec<StarTransaction>> {
        let mut offset = match self.first_since(since).await {
            Answer::Done(offset) => offset,
            Answer::Refused(why) => return Answer::Refused(why),
            Answer::Unknown(why) => return Answer::Unknown(why),
        };
        let mut found = Vec::new();
        loop {
            let page = match known(self.telegram.star_transactions(offset, PAGE).await) {
                Answer::Done(page) => page,
                other => return other,
            };
            let is_last = page.len() < PAGE as usize;
            found.extend(page.into_iter().filter(|entry| entry.at() >= since));
            if is_last {
                return Answer::Done(found);
            }
            if found.len() > MAX_READ {
                return Answer::Unknown(format!("the list has more than {MAX_READ} entries"));
            }
            offset += PAGE;
        }
    }

    /// Where in the list a time begins, at most a page too early. The list is in the order of time.
    async fn first_since(&self, since: Time) -> Answer<u32> {
        let (mut early, mut late) = (0, PAGE);
        loop {
            match self.is_before(late, since).await {
                Answer::Done(true) if late < FURTHEST => (early, late) = (late, late * 2),
                Answer::Done(_) => break,
                Answer::Refused(why) => return Answer::Refused(why),
                Answer::Unknown(why) => return Answer::Unknown(why),
            }
        }
        while late - early > PAGE {
            let middle = early + (late - early) / 2;
            match self.is_before(middle, since).await {
                Answer::Done(true) => early = middle,
                Answer::Done(false) => late = middle,
                Answer::Refused(why) => return Answer::Refused(why),
                Answer::Unknown(why) => return Answer::Unknown(why),
            }
        }
        Answer::Done(early)
    }

    /// Whether there is an entry at a place of the list, and it is of before a time.
    async fn is_before(&self, offset: u32, since: Time) -> Answer<bool> {
        match known(self.telegram.star_transactions(offset, 1).await) {
            Answer::Done(page) => Answer::Done(page.first().is_some_and(|entry| entry.at() < since)),
            Answer::Refused(why) => Answer::Refused(why),
            Answer::Unknown(why) => Answer::Unknown(why),
        }
    }
}

#[async_trait]
impl PaymentProvider for StarsPayments {
    fn method(&self) -> Method {
        Method::Stars
    }

    async fn create(&self, payment: &Payment, _: Time) -> Answer<Invoice> {
        let Some(highlight) = payment.purpose.highlight() else {
            return Answer::Refused("stars pay for digital extras alone".to_owned());
        };
        let bill = Bill {
            title: format!("PeerPack {}", payment.reference),
            description: money::highlight_bill(highlight.lasts),
            payload: payment.id.to_string(),
            provider_token: String::new(),
            currency: payment.amount.currency.code(),
            amount_minor: payment.amount.minor,
        };
        match known(self.telegram.bill(&bill).await) {
            Answer::Done(url) => Answer::Done(Invoice { url: Some(url) }),
            Answer::Refused(why) => Answer::Refused(why),
            Answer::Unknown(why) => Answer::Unknown(why),
        }
    }

    async fn look_up(&self, payment: PaymentId, _: Time) -> Answer<Option<Report>> {
        match self.since(payment.created_at() - CLOCKS).await {
            Answer::Done(entries) => Answer::Done(reports(&entries, |_| true).remove(&payment)),
            Answer::Refused(why) => Answer::Refused(why),
            Answer::Unknown(why) => Answer::Unknown(why),
        }
    }

    async fn refund(&self, GoesBack { payment, charge, payer, .. }: GoesBack<'_>, _: Time) -> Answer<()> {
        // Who has left is known to Telegram's list alone.
        let payer = match payer {
            Some(payer) => payer,
            None => match self.since(payment.created_at() - CLOCKS).await {
                Answer::Done(entries) => {
                    let paid = entries.iter().find(|entry| entry.id == charge && entry.source.is_some());
                    let Some(payer) = paid.and_then(StarTransaction::payer) else {
                        return Answer::Unknown("nobody knows who has paid".to_owned());
                    };
                    payer
                }
                Answer::Refused(why) => return Answer::Refused(why),
                Answer::Unknown(why) => return Answer::Unknown(why),
            },
        };
        // Whatever it answers, the list says what has become of it.
        match known(self.telegram.refund_stars(payer, charge).await) {
            Answer::Done(()) => Answer::Done(()),
            Answer::Refused(why) | Answer::Unknown(why) => Answer::Unknown(why),
        }
    }

    async fn list(&self, (since, until): (Time, Time), _: Option<String>, _: Time) -> Answer<Page> {
        match self.since(since).await {
            Answer::Done(entries) => {
                let reports = reports(&entries, |at| at < until).into_values().collect();
                Answer::Done(Page { reports, next: None })
            }
            Answer::Refused(why) => Answer::Refused(why),
            Answer::Unknown(why) => Answer::Unknown(why),
        }
    }

    fn read(&self, _: Incoming<'_>, _: Time) -> Result<Report, Forged> {
        Err(Forged)
    }
}

/// What an answer of Telegram's is to a provider. A request that was too much at once says nothing.
fn known<T>(answer: telegram::Answer<T>) -> Answer<T> {
    match answer {
        telegram::Answer::Done(done) => Answer::Done(done),
        telegram::Answer::Refused(refusal) if refusal.retry_after.is_none() => {
            Answer::Refused(refusal.to_string())
        }
        telegram::Answer::Refused(refusal) => Answer::Unknown(refusal.to_string()),
        telegram::Answer::Unsent(why) | telegram::Answer::Unknown(why) => Answer::Unknown(why),
    }
}

/// What a list says of each payment that was charged at a time which counts. What goes back bears the name of
/// its charge.
fn reports(entries: &[StarTransaction], counts: impl Fn(Time) -> bool) -> BTreeMap<PaymentId, Report> {
    let gone: BTreeMap<&str, i64> = entries
        .iter()
        .filter(|entry| entry.source.is_none() && entry.receiver.is_some())
        .map(|entry| (entry.id.as_str(), entry.amount))
        .collect();
    let mut reports: BTreeMap<PaymentId, Report> = BTreeMap::new();
    for entry in entries.iter().filter(|entry| counts(entry.at())) {
        let payload = entry.source.as_ref().map(|source| source.invoice_payload.parse::<Uuid>());
        let Some(Ok(payment)) = payload else { continue };
        let payment_id = PaymentId::from(payment);
        let refund = gone.get(entry.id.as_str()).map(|amount| ReportedRefund {
            refund_id: entry.id.clone(),
            amount_minor: *amount,
            status: ReportedRefundStatus::Done,
        });
        let charge = ReportedCharge {
            charge_id: entry.id.clone(),
            provider_charge_id: None,
            amount_minor: entry.amount,
            currency: Currency::Xtr,
            refunds: refund.into_iter().collect(),
            charged_back_minor: 0,
        };
        let report = reports.entry(payment_id).or_insert_with(|| Report {
            payment_id,
            status: ReportedStatus::Paid,
            invoice_url: None,
            charges: Vec::new(),
        });
        report.charges.push(charge);
    }
    reports
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::{Value, json};

    use super::*;
    use crate::telegram::BotApi;

    const START: i64 = 1_790_000_000;

    /// A list with an entry each second.
    struct List(u32);

    #[async_trait]
    impl BotApi for List {
        async fn call(&self, method: &'static str, body: Value, _: Duration) -> telegram::Answer<Value> {
            assert_eq!(method, "getStarTransactions");
            let number = |name: &str| u32::try_from(body[name].as_u64().expect("a number")).expect("small");
            let until = self.0.min(number("offset").saturating_add(number("limit")));
            let entry = |n: u32| {
                json!({ "id": format!("c{n}"), "amount": 50, "date": START + i64::from(n), "source": {
                    "type": "user", "user": { "id": 7 }, "invoice_payload": Uuid::from_u128(n.into()),
                }})
            };
            let entries: Vec<Value> = (number("offset")..until).map(entry).collect();
            telegram::Answer::Done(json!({ "transactions": entries }))
        }
    }

    #[tokio::test]
    async fn what_has_come_since_a_time_is_found_in_a_list_of_any_length() {
        let at = |second: i64| Time::from_ms((START + second) * 1_000);
        for (length, since, expected) in [
            (0, 0, 0),
            (1, 0, 1),
            (1, 1, 0),
            (100, 99, 1),
            (101, 0, 101),
            (1_234, 0, 1_234),
            (1_234, 617, 617),
            (5_000, 4_999, 1),
            (5_000, 9_999, 0),
        ] {
            let provider = StarsPayments::new(Telegram::new(List(length)));
            let Answer::Done(found) = provider.since(at(since)).await else { panic!("an answer") };
            assert_eq!(found.len(), expected, "{length} entries, since {since}");
            assert!(found.iter().all(|entry| entry.at() >= at(since)));
        }
        let Answer::Unknown(_) = StarsPayments::new(Telegram::new(List(20_000))).since(at(0)).await else {
            panic!("more than is read at once")
        };
    }
}
