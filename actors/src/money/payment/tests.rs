use super::*;
use crate::ids::TripId;
use crate::money::Currency;
use crate::money::highlight::Subject;
use crate::money::ledger::Transfer;
use crate::rejection::Rejection;

const NOW: Time = Time::from_ms(1_790_000_000_000);
const PRICE: i64 = 50_000;

fn user(n: u8) -> UserId {
    UserId::new(NOW, [n; 10])
}

fn roubles(minor: i64) -> Amount {
    Amount::new(minor, Currency::Rub)
}

fn payment(method: Method) -> PaymentFile {
    let payment = Payment {
        id: PaymentId::new(NOW, [7; 10]),
        user: user(1),
        purpose: Purpose::TopUp,
        method,
        amount: roubles(PRICE),
        state: PaymentState::Created,
        state_at: NOW,
        reference: "PP-1".to_owned(),
        invoice_url: None,
        created_at: NOW,
        expires_at: NOW + OPEN_FOR,
    };
    PaymentFile { payment, charges: Vec::new(), refunds: Vec::new() }
}

/// A payment, the payer's wallet, and everything that has moved so far.
struct World {
    file: PaymentFile,
    free: i64,
    moved: Vec<Transfer>,
    now: Time,
    fresh: u8,
}

impl World {
    fn new(method: Method) -> Self {
        Self { file: payment(method), free: 0, moved: Vec::new(), now: NOW, fresh: 0 }
    }

    fn does(&mut self, command: &PaymentCommand) -> Result<PaymentState, Rejection> {
        let mut fresh = || {
            self.fresh += 1;
            [self.fresh; 10]
        };
        let decided = self.file.decide(command, self.free, self.now, &mut fresh)?;
        for transfer in &decided.transfers {
            let wallet = Account::Available(user(1));
            self.free += if transfer.to == wallet { transfer.amount.minor } else { 0 };
            self.free -= if transfer.from == wallet { transfer.amount.minor } else { 0 };
        }
        assert!(self.free >= 0, "the wallet holds {} after {command:?}", self.free);
        self.moved.extend(decided.transfers);
        let keys: std::collections::BTreeSet<_> = self.moved.iter().map(|transfer| &transfer.key).collect();
        assert_eq!(keys.len(), self.moved.len(), "a key came twice: {:?}", self.moved);
        self.file = decided.after;
        Ok(self.file.payment.state)
    }

    fn learns(
        &mut self,
        status: ReportedStatus,
        charges: &[ReportedCharge],
    ) -> Result<PaymentState, Rejection> {
        let payment_id = self.file.payment.id;
        let report = Report { payment_id, status, invoice_url: None, charges: charges.to_vec() };
        self.does(&PaymentCommand::Learn(report))
    }

    fn of(&self, account: Account) -> i64 {
        let into = self.moved.iter().filter(|transfer| transfer.to == account);
        let out = self.moved.iter().filter(|transfer| transfer.from == account);
        into.map(|transfer| transfer.amount.minor).sum::<i64>()
            - out.map(|transfer| transfer.amount.minor).sum::<i64>()
    }

    fn asks_for_refund(&mut self, n: u8, minor: Option<i64>, cost: Cost) -> Result<PaymentState, Rejection> {
        self.does(&PaymentCommand::Refund {
            id: RefundId::new(NOW, [n; 10]),
            charge: None,
            minor,
            cost,
            reason: "asked for".to_owned(),
            by: Some(user(9)),
        })
    }
}

fn charge(charge_id: &str) -> ReportedCharge {
    ReportedCharge {
        charge_id: charge_id.to_owned(),
        provider_charge_id: None,
        amount_minor: PRICE,
        currency: Currency::Rub,
        refunds: Vec::new(),
        charged_back_minor: 0,
    }
}

fn refund(id: &dyn ToString, amount_minor: i64, status: ReportedRefundStatus) -> ReportedRefund {
    ReportedRefund { refund_id: id.to_string(), amount_minor, status }
}

fn book(reference: &str, minor: i64) -> PaymentCommand {
    let (reference, evidence) = (reference.to_owned(), "statement of 3 May, line 4".to_owned());
    PaymentCommand::Book { reference, amount: roubles(minor), evidence, by: user(9) }
}

use ReportedRefundStatus as Said;
use ReportedStatus::{Failed, Paid, Pending};

#[test]
fn the_table_of_states_over_all_pairs() {
    // Rows leave, columns enter: created, pending, succeeded, failed, expired, partly refunded, refunded,
    // charged back.
    let table = [
        [0, 1, 1, 1, 1, 0, 0, 0],
        [0, 0, 1, 1, 1, 0, 0, 0],
        [0, 0, 0, 0, 0, 1, 1, 1],
        [0, 0, 1, 0, 0, 0, 0, 0],
        [0, 0, 1, 0, 0, 0, 0, 0],
        [0, 0, 0, 0, 0, 0, 1, 1],
        [0, 0, 0, 0, 0, 1, 0, 1],
        [0, 0, 0, 0, 0, 0, 0, 0],
    ];
    for (from, row) in PaymentState::ALL.into_iter().zip(table) {
        for (to, expected) in PaymentState::ALL.into_iter().zip(row) {
            assert_eq!(from.may_become(to), expected == 1, "{from:?} to {to:?}");
        }
        assert_eq!(PaymentState::from_word(from.word()), Some(from));
    }
}

#[test]
fn what_is_reported_twice_is_credited_once_and_what_was_paid_twice_is_credited_twice() {
    let mut world = World::new(Method::Webhook);
    world.does(&PaymentCommand::Open { invoice_url: Some("http://pay".to_owned()) }).expect("opened");
    assert_eq!(world.learns(Pending, &[]), Ok(PaymentState::Pending));
    assert_eq!(world.learns(Paid, &[charge("a")]), Ok(PaymentState::Succeeded));
    assert_eq!(world.learns(Paid, &[charge("a")]), Ok(PaymentState::Succeeded));
    assert_eq!(world.free, PRICE);
    assert_eq!(world.learns(Paid, &[charge("a"), charge("b")]), Ok(PaymentState::Succeeded));
    assert_eq!(world.learns(Paid, &[charge("b")]), Ok(PaymentState::Succeeded), "an older report");
    assert_eq!((world.free, world.of(Account::WebhookProvider)), (2 * PRICE, -2 * PRICE));
}

#[test]
fn money_counts_however_late_and_a_late_failure_does_not() {
    let mut world = World::new(Method::Webhook);
    let early = world.does(&PaymentCommand::Expire);
    assert_eq!(early.map_err(|rejection| rejection.code()), Err("illegal_transition"));
    world.now = NOW + OPEN_FOR;
    assert_eq!(world.does(&PaymentCommand::Expire), Ok(PaymentState::Expired));
    assert_eq!(world.learns(Failed, &[]), Ok(PaymentState::Expired));
    assert_eq!(world.learns(Paid, &[charge("a")]), Ok(PaymentState::Succeeded));
    assert_eq!(world.learns(Failed, &[]), Ok(PaymentState::Succeeded));
    assert_eq!(world.does(&PaymentCommand::Fail), Ok(PaymentState::Succeeded));
    assert_eq!(world.does(&PaymentCommand::Expire), Ok(PaymentState::Succeeded));
    assert_eq!(world.free, PRICE);
    let mut failed = World::new(Method::Webhook);
    assert_eq!(failed.does(&PaymentCommand::Fail), Ok(PaymentState::Failed));
    assert_eq!(failed.learns(Paid, &[charge("a")]), Ok(PaymentState::Succeeded));
}

#[test]
fn a_refund_that_is_reported_with_its_success_is_applied_once() {
    let mut world = World::new(Method::Webhook);
    let whole = ReportedCharge { refunds: vec![refund(&"r", PRICE, Said::Done)], ..charge("a") };
    assert_eq!(world.learns(Paid, std::slice::from_ref(&whole)), Ok(PaymentState::Refunded));
    assert_eq!(world.learns(Paid, &[charge("a")]), Ok(PaymentState::Refunded), "the success comes after it");
    assert_eq!(world.learns(Paid, &[whole]), Ok(PaymentState::Refunded));
    assert_eq!((world.free, world.of(Account::WebhookProvider)), (0, 0));
}

#[test]
fn a_refund_stays_asked_for_until_the_provider_says_what_became_of_it() {
    let mut world = World::new(Method::Webhook);
    world.learns(Paid, &[charge("a")]).expect("paid");
    assert_eq!(world.asks_for_refund(20, Some(20_000), Cost::Payer), Ok(PaymentState::Succeeded));
    assert_eq!(world.asks_for_refund(20, Some(20_000), Cost::Payer), Ok(PaymentState::Succeeded), "a repeat");
    assert_eq!((world.free, world.file.asked().count()), (30_000, 1));
    assert_eq!(world.learns(Paid, &[charge("a")]), Ok(PaymentState::Succeeded), "nothing is known of it yet");
    let key = world.file.refunds[0].id;
    let said = |status| ReportedCharge { refunds: vec![refund(&key, 20_000, status)], ..charge("a") };
    assert_eq!(world.learns(Paid, &[said(Said::Pending)]), Ok(PaymentState::Succeeded));
    assert_eq!(world.learns(Paid, &[said(Said::Done)]), Ok(PaymentState::PartlyRefunded));
    assert_eq!(world.learns(Paid, &[said(Said::Refused)]), Ok(PaymentState::PartlyRefunded), "done is done");
    assert_eq!((world.free, world.file.asked().count()), (30_000, 0));
    assert_eq!(world.asks_for_refund(21, Some(30_001), Cost::Payer).map_err(|no| no.code()), Err("invalid"));
    assert_eq!(world.asks_for_refund(21, None, Cost::Payer), Ok(PaymentState::PartlyRefunded));
    let second = world.file.refunds[1].id;
    let refused = ReportedCharge {
        refunds: vec![refund(&key, 20_000, Said::Done), refund(&second, 30_000, Said::Refused)],
        ..charge("a")
    };
    assert_eq!(world.learns(Paid, &[refused]), Ok(PaymentState::PartlyRefunded));
    assert_eq!(world.free, 30_000, "what is refused comes back");
    let late = ReportedCharge {
        refunds: vec![refund(&key, 20_000, Said::Done), refund(&second, 30_000, Said::Done)],
        ..charge("a")
    };
    assert_eq!(world.learns(Paid, &[late]), Ok(PaymentState::Refunded));
    assert_eq!((world.free, world.of(Account::Platform)), (30_000, -30_000), "said no, and did it");
}

#[test]
fn what_a_bank_takes_back_is_the_platforms_loss_as_far_as_the_payer_has_spent_it() {
    let mut world = World::new(Method::Webhook);
    world.learns(Paid, &[charge("a")]).expect("paid");
    world.free = 20_000;
    let back = |minor| ReportedCharge { charged_back_minor: minor, ..charge("a") };
    assert_eq!(world.learns(Paid, &[back(PRICE)]), Ok(PaymentState::ChargedBack));
    assert_eq!(world.learns(Paid, &[back(PRICE)]), Ok(PaymentState::ChargedBack));
    assert_eq!((world.free, world.of(Account::Platform)), (0, 20_000 - PRICE));
    assert_eq!(world.of(Account::WebhookProvider), 0);
    let more = world.learns(Paid, &[back(PRICE + 1)]);
    assert_eq!(more.map_err(|rejection| rejection.code()), Err("invalid"), "more than there was");
}

#[test]
fn a_charge_gets_its_number_behind_the_provider_when_that_is_told_and_goes_by_either() {
    let mut world = World::new(Method::Telegram);
    let behind = |number: &str| ReportedCharge { provider_charge_id: Some(number.to_owned()), ..charge("a") };
    for said in [charge("a"), behind(""), behind("a")] {
        world.learns(Paid, &[said]).expect("paid");
        assert_eq!(world.file.charges[0].provider_reference, None, "that is no other number");
    }
    assert_eq!(world.file.charge_numbered("p-a"), None);
    let whole = behind("p-a");
    for known in [whole, charge("a")] {
        assert_eq!(world.learns(Paid, &[known]), Ok(PaymentState::Succeeded));
        assert_eq!((world.free, world.file.charges.len()), (PRICE, 1), "it is the same charge");
        for number in ["a", "p-a"] {
            let found = world.file.charge_numbered(number).map(|charge| charge.reference.as_str());
            assert_eq!(found, Some("a"), "{number}");
        }
    }
    let back = PaymentCommand::ChargeBack { charge: "p-a".to_owned(), by: user(9) };
    assert_eq!(world.does(&back), Ok(PaymentState::ChargedBack));
}

#[test]
fn what_does_not_agree_is_not_credited() {
    let other = |charge_id: &str, amount_minor, currency| ReportedCharge {
        amount_minor,
        currency,
        ..charge(charge_id)
    };
    for wrong in [
        other("a", PRICE - 1, Currency::Rub),
        other("a", PRICE + 1, Currency::Rub),
        other("a", PRICE, Currency::Usd),
        other("a", -PRICE, Currency::Rub),
    ] {
        let mut world = World::new(Method::Webhook);
        let answer = world.learns(Paid, std::slice::from_ref(&wrong));
        assert_eq!(answer.map_err(|rejection| rejection.code()), Err("invalid"), "{wrong:?}");
        assert!(world.moved.is_empty());
    }
    let mut world = World::new(Method::Webhook);
    let payment_id = PaymentId::new(NOW, [8; 10]);
    let foreign = Report { payment_id, status: Paid, invoice_url: None, charges: vec![charge("a")] };
    assert!(world.does(&PaymentCommand::Learn(foreign)).is_err());
    world.learns(Paid, &[charge("a")]).expect("paid");
    assert!(
        world.learns(Paid, &[other("a", PRICE - 1, Currency::Rub)]).is_err(),
        "it was another amount before"
    );
}

#[test]
fn an_operator_books_what_has_come_once_and_never_their_own() {
    let mut world = World::new(Method::Manual);
    assert_eq!(world.does(&book("77", 30_000)), Ok(PaymentState::Succeeded));
    assert_eq!(world.does(&book("77", 30_000)), Ok(PaymentState::Succeeded));
    assert_eq!(world.does(&book("77", 30_001)).map_err(|no| no.code()), Err("invalid"));
    assert_eq!(world.does(&book("78", 20_000)), Ok(PaymentState::Succeeded), "the rest, a day later");
    assert_eq!((world.free, world.of(Account::ManualProvider)), (PRICE, -PRICE));
    let own = PaymentCommand::Book {
        reference: "79".to_owned(),
        amount: roubles(1),
        evidence: "mine".to_owned(),
        by: user(1),
    };
    assert_eq!(world.does(&own), Err(Rejection::WrongParty("other operators")));
    let by_acquirer = World::new(Method::Webhook).does(&book("77", PRICE));
    assert_eq!(by_acquirer.map_err(|no| no.code()), Err("invalid"));
    assert_eq!(world.asks_for_refund(20, Some(30_000), Cost::Platform), Ok(PaymentState::PartlyRefunded));
    assert_eq!((world.free, world.of(Account::Platform)), (PRICE, -30_000), "out of the platform's pocket");
    let back = PaymentCommand::ChargeBack { charge: "78".to_owned(), by: user(9) };
    assert_eq!(world.does(&back), Ok(PaymentState::ChargedBack));
    assert_eq!(world.of(Account::Platform), -30_000, "the payer had it: recovered");
}

#[test]
fn an_operator_books_no_other_currency_and_more_than_nothing() {
    for amount in [Amount::new(PRICE, Currency::Usd), roubles(0), roubles(-1)] {
        let mut world = World::new(Method::Manual);
        let (reference, evidence) = ("77".to_owned(), "statement of 3 May, line 4".to_owned());
        let command = PaymentCommand::Book { reference, amount, evidence, by: user(9) };
        assert_eq!(world.does(&command).map_err(|no| no.code()), Err("invalid"), "{amount:?}");
        assert!(world.file.charges.is_empty() && world.moved.is_empty());
    }
}

#[test]
fn an_operator_gives_back_and_charges_back_no_payment_of_their_own() {
    let mut world = World::new(Method::Manual);
    world.does(&book("77", PRICE)).expect("booked");
    let refund = PaymentCommand::Refund {
        id: RefundId::new(NOW, [20; 10]),
        charge: None,
        minor: None,
        cost: Cost::Platform,
        reason: "mine".to_owned(),
        by: Some(user(1)),
    };
    let back = PaymentCommand::ChargeBack { charge: "77".to_owned(), by: user(1) };
    for own in [refund, back] {
        assert_eq!(world.does(&own), Err(Rejection::WrongParty("other operators")), "{own:?}");
    }
    assert_eq!((world.moved.len(), world.free), (1, PRICE));
}

#[test]
fn what_is_said_of_a_refund_has_to_agree_with_its_charge() {
    for minor in [PRICE + 1, 0, -1] {
        let mut world = World::new(Method::Webhook);
        let made_there = ReportedCharge { refunds: vec![refund(&"r", minor, Said::Done)], ..charge("a") };
        assert_eq!(world.learns(Paid, &[made_there]).map_err(|no| no.code()), Err("invalid"), "{minor}");
        assert!(world.moved.is_empty());
    }
    let mut world = World::new(Method::Webhook);
    world.learns(Paid, &[charge("a"), charge("b")]).expect("paid twice");
    world.asks_for_refund(20, Some(20_000), Cost::Payer).expect("asked for");
    let key = world.file.refunds[0].id;
    let said = |of, minor| ReportedCharge { refunds: vec![refund(&key, minor, Said::Done)], ..charge(of) };
    for wrong in [said("a", 19_999), said("a", 20_001), said("b", 20_000)] {
        let answer = world.learns(Paid, std::slice::from_ref(&wrong));
        assert_eq!(answer.map_err(|no| no.code()), Err("invalid"), "{wrong:?}");
        assert_eq!(world.file.asked().count(), 1, "nobody knows what became of it");
    }
    assert_eq!(world.learns(Paid, &[said("a", 20_000)]), Ok(PaymentState::PartlyRefunded));
}

#[test]
fn a_refund_that_is_asked_for_is_not_there_a_second_time() {
    let mut world = World::new(Method::Webhook);
    world.learns(Paid, &[charge("a")]).expect("paid");
    world.asks_for_refund(20, Some(20_000), Cost::Platform).expect("asked for");
    let more = world.asks_for_refund(21, Some(30_001), Cost::Platform);
    assert_eq!(more.map_err(|no| no.code()), Err("invalid"));
    world.asks_for_refund(21, Some(30_000), Cost::Platform).expect("the rest");
}

#[test]
fn what_was_given_back_at_the_provider_after_it_was_spent_is_the_platforms_loss() {
    let mut world = World::new(Method::Webhook);
    world.learns(Paid, &[charge("a")]).expect("paid");
    world.free = 10_000;
    let gone = ReportedCharge { refunds: vec![refund(&"r", PRICE, Said::Done)], ..charge("a") };
    assert_eq!(world.learns(Paid, &[gone]), Ok(PaymentState::Refunded));
    assert_eq!((world.free, world.of(Account::Platform)), (10_000, -PRICE));
}

#[test]
fn an_older_report_of_what_a_bank_has_taken_back_changes_nothing() {
    let mut world = World::new(Method::Webhook);
    world.learns(Paid, &[charge("a")]).expect("paid");
    for minor in [20_000, PRICE, 20_000, 0, PRICE] {
        let back = ReportedCharge { charged_back_minor: minor, ..charge("a") };
        assert_eq!(world.learns(Paid, &[back]), Ok(PaymentState::ChargedBack), "{minor}");
    }
    assert_eq!(world.file.charged_back_minor(), PRICE);
    assert_eq!((world.free, world.of(Account::Platform), world.of(Account::WebhookProvider)), (0, 0, 0));
}

/// What the provider of stars says: each charge whole, and whether it went back.
fn star(charge_id: &str, went_back: bool) -> ReportedCharge {
    let refund = ReportedRefund {
        refund_id: charge_id.to_owned(),
        amount_minor: PRICE,
        status: ReportedRefundStatus::Done,
    };
    let refunds = if went_back { vec![refund] } else { Vec::new() };
    ReportedCharge { refunds, currency: Currency::Xtr, ..charge(charge_id) }
}

fn stars() -> World {
    let mut world = World::new(Method::Stars);
    let of = Subject::Trip(TripId::new(NOW, [3; 10]));
    world.file.payment.purpose = Purpose::Highlight(Highlight { of, lasts: Span::hours(72) });
    world.file.payment.amount = Amount::new(PRICE, Currency::Xtr);
    world
}

#[test]
fn stars_are_the_platforms_and_never_in_a_wallet() {
    let mut world = stars();
    for _ in 0..2 {
        let paid = world.learns(ReportedStatus::Paid, &[star("a", false)]);
        assert_eq!(paid, Ok(PaymentState::Succeeded));
    }
    assert_eq!(
        (world.free, world.of(Account::Platform), world.of(Account::StarsProvider)),
        (0, PRICE, -PRICE)
    );
    let mut lost = star("a", false);
    lost.charged_back_minor = PRICE;
    assert_eq!(world.learns(ReportedStatus::Paid, &[lost]), Ok(PaymentState::ChargedBack));
    assert_eq!((world.free, world.of(Account::Platform), world.moved.len()), (0, 0, 2));
}

#[test]
fn stars_go_back_whole_and_once_for_each_charge_whatever_was_asked_first() {
    let mut world = stars();
    world.learns(ReportedStatus::Paid, &[star("a", false), star("b", false)]).expect("paid twice");
    let whole = Rejection::Invalid { field: "amount", reason: "stars go back all at once" };
    assert_eq!(world.asks_for_refund(1, Some(PRICE - 1), Cost::Payer), Err(whole));
    world.asks_for_refund(2, None, Cost::Payer).expect("asked for");
    assert_eq!(world.file.refunds[0].reference, "a");
    assert_eq!((world.free, world.of(Account::Platform)), (0, PRICE));
    // Telegram has done it, and has given the other one back by itself.
    for _ in 0..2 {
        let back = world.learns(ReportedStatus::Paid, &[star("a", true), star("b", true)]);
        assert_eq!(back, Ok(PaymentState::Refunded));
    }
    assert_eq!((world.of(Account::Platform), world.file.refunds.len()), (0, 2));
    assert!(world.asks_for_refund(99, None, Cost::Platform).is_err(), "nothing is left");
}

#[test]
fn stars_that_went_back_before_anybody_heard_of_them_come_and_go_at_once() {
    let mut world = stars();
    assert_eq!(world.learns(ReportedStatus::Paid, &[star("a", true)]), Ok(PaymentState::Refunded));
    assert_eq!((world.of(Account::Platform), world.of(Account::StarsProvider)), (0, 0));
    // The word that they have come is late.
    assert_eq!(world.learns(ReportedStatus::Paid, &[star("a", false)]), Ok(PaymentState::Refunded));
    let roubles = ReportedCharge { currency: Currency::Rub, ..star("c", false) };
    assert!(world.learns(ReportedStatus::Paid, &[roubles]).is_err(), "money is no stars");
}

#[test]
fn what_is_told_of_a_change_is_what_has_moved_with_it() {
    use crate::stream::{StreamEvent, payment_updated};
    let mut world = World::new(Method::Webhook);
    let mut told = |change: &mut dyn FnMut(&mut World) -> Result<PaymentState, Rejection>| {
        let before = world.file.clone();
        change(&mut world).expect("done");
        match payment_updated(&before, &world.file, false).event {
            StreamEvent::PaymentUpdated(told) => {
                (told.newly_paid, told.newly_refunded, told.newly_charged_back)
            }
            other => panic!("{other:?}"),
        }
    };
    let key = RefundId::new(NOW, [20; 10]);
    let with = |status, charged_back_minor| {
        let refunds = vec![refund(&key, 20_000, status)];
        ReportedCharge { refunds, charged_back_minor, ..charge("a") }
    };
    assert_eq!(told(&mut |world| world.learns(Pending, &[])), (0.0, 0.0, 0.0));
    assert_eq!(told(&mut |world| world.learns(Paid, &[charge("a")])), (500.0, 0.0, 0.0));
    let asked = told(&mut |world| world.asks_for_refund(20, Some(20_000), Cost::Payer));
    assert_eq!(asked, (0.0, 0.0, 0.0), "what is asked for has not gone back");
    let refused = told(&mut |world| world.learns(Paid, &[with(Said::Refused, 0)]));
    assert_eq!(refused, (0.0, 0.0, 0.0), "nor has what is refused");
    assert_eq!(told(&mut |world| world.learns(Paid, &[with(Said::Done, 0)])), (0.0, 200.0, 0.0));
    assert_eq!(told(&mut |world| world.learns(Paid, &[with(Said::Done, 30_000)])), (0.0, 0.0, 300.0));
    assert_eq!(told(&mut |world| world.learns(Paid, &[with(Said::Done, 30_000)])), (0.0, 0.0, 0.0));
}
