//! How a package is paid for: in cash, when a courier accepts, or when it is published. What is held, what
//! goes back.

mod fixture;

use peerpack_actors::ids::UserId;
use peerpack_actors::leg::LegSpan;
use peerpack_actors::market::package::{Outcome, Package, PackageCommand};
use peerpack_actors::market::request::{Party, RequestCommand};
use peerpack_actors::market::trip::Trip;
use peerpack_actors::money::fees::{Fee, Paid, PaymentTerms};
use peerpack_actors::money::ledger::Funding;
use peerpack_actors::rejection::Rejection;
use peerpack_actors::time::{Span, Time};

use fixture::{NOW, grams, id, package, proposal, roubles, trip};

/// A package, its trip, and everything that has moved so far, as `step minor from to`.
struct Deal {
    package: Package,
    trip: Trip,
    moved: Vec<String>,
    now: Time,
}

fn sender() -> UserId {
    id(1)
}

fn courier() -> UserId {
    id(2)
}

fn operator() -> UserId {
    id(9)
}

impl Deal {
    /// A package that pays 500, and a request for the courier's trip that pays `asked`.
    fn new(paid: Paid, asked: i64) -> Self {
        let mut package = package(10, sender(), grams(1_000));
        package.terms.payment =
            PaymentTerms { paid, fee: Fee { bps: 2_000, minimum_minor: 3_000 }, version: 1 };
        let trip = trip(20, courier(), 2);
        let mut proposal = proposal(30, &trip, LegSpan { from: 0, to: 2 }, 0);
        proposal.reward = roubles(asked);
        let mut deal = Self { package, trip, moved: Vec::new(), now: NOW };
        deal.does(&PackageCommand::Offer(vec![proposal])).expect("offered");
        deal
    }

    fn does(&mut self, command: &PackageCommand) -> Result<(), Rejection> {
        self.now = self.now + Span::minutes(1);
        let outcome = self.package.decide(command, Some(&self.trip), Funding::Wallet, self.now)?;
        self.take_in(&outcome);
        Ok(())
    }

    fn step(&mut self, command: RequestCommand) -> Result<(), Rejection> {
        self.does(&PackageCommand::Request { id: id(30), command })
    }

    fn take_in(&mut self, outcome: &Outcome) {
        let of_deal = outcome.escrow.iter().flat_map(|(_, event)| &event.transfers);
        for transfer in of_deal.chain(&outcome.transfers) {
            let step = transfer.key.rsplit(':').next().unwrap_or_default();
            let (from, to) = (transfer.from.kind(), transfer.to.kind());
            self.moved.push(format!("{step} {} {from} {to}", transfer.amount.minor));
        }
        self.package.apply(&outcome.events);
    }
}

#[test]
fn a_courier_who_is_paid_in_cash_takes_every_step_and_no_money_moves_here() {
    let mut deal = Deal::new(Paid::Cash, 500);
    for command in [
        RequestCommand::Accept { by: courier() },
        RequestCommand::Deliver { by: courier() },
        RequestCommand::Confirm { by: sender() },
    ] {
        deal.step(command).expect("a legal step");
    }
    assert_eq!(deal.moved, Vec::<String>::new());
    assert_eq!(deal.package.terms.payment.fee_of(roubles(500)), roubles(0));
}

#[test]
fn the_fee_is_the_one_the_package_was_published_with() {
    for (asked, fee, net) in [(500, 10_000, 40_000), (100, 3_000, 7_000), (20, 2_000, 0)] {
        let mut deal = Deal::new(Paid::AtClaim, asked);
        for command in [
            RequestCommand::Accept { by: courier() },
            RequestCommand::Deliver { by: courier() },
            RequestCommand::Confirm { by: sender() },
        ] {
            deal.step(command).expect("a legal step");
        }
        let mut expected = Vec::from([format!("fee {fee} pending fees")]);
        if net > 0 {
            expected.insert(0, format!("release {net} pending available"));
        }
        assert_eq!(deal.moved.split_off(2), expected, "{asked}");
    }
}

#[test]
fn what_was_paid_at_the_publication_is_held_for_the_first_deal_and_comes_back_with_it() {
    for (asked, expected) in [
        (500, vec!["hold_reserved 50000 reserved frozen"]),
        (300, vec!["hold_reserved 30000 reserved frozen", "unreserve 20000 reserved available"]),
        (600, vec!["hold 10000 available frozen", "hold_reserved 50000 reserved frozen"]),
    ] {
        let mut deal = Deal::new(Paid::OnPublish, asked);
        assert_eq!(deal.package.reserved(), Some(roubles(500)));
        deal.step(RequestCommand::Accept { by: courier() }).expect("accepted");
        assert_eq!(deal.moved, expected, "{asked}");
        assert_eq!(deal.package.reserved(), None);
        deal.step(RequestCommand::Cancel { by: courier() }).expect("called off");
        let back = format!("refund {} frozen available", asked * 100);
        assert_eq!(deal.moved.last(), Some(&back));
        // It looks for another courier, and is paid for out of the wallet then.
        assert_eq!(deal.package.reserved(), None);
        deal.moved.clear();
        deal.does(&PackageCommand::Cancel { by: sender() }).expect("called off");
        assert_eq!(deal.moved, Vec::<String>::new(), "nothing comes back twice");
        assert_eq!(deal.package.refunded(), roubles(0));
    }
}

#[test]
fn what_was_paid_for_a_package_that_nobody_takes_comes_back_once() {
    let back = ["unreserve 50000 reserved available"];
    let mut deal = Deal::new(Paid::OnPublish, 500);
    deal.does(&PackageCommand::Cancel { by: sender() }).expect("called off");
    assert_eq!(deal.moved, back);
    assert_eq!(deal.package.refunded(), roubles(500));
    deal.does(&PackageCommand::Cancel { by: sender() }).expect("a repeat");
    assert_eq!(deal.moved, back);

    let mut deal = Deal::new(Paid::OnPublish, 500);
    let late = deal.package.draft.deliver_by + Span::minutes(1);
    let outcome = deal.package.decide(&PackageCommand::ExpireOverdue, None, Funding::Wallet, late);
    deal.take_in(&outcome.expect("a clock"));
    assert_eq!(deal.moved, back, "nobody took it in time");

    for paid in [Paid::Cash, Paid::AtClaim] {
        let mut deal = Deal::new(paid, 500);
        deal.does(&PackageCommand::Cancel { by: sender() }).expect("called off");
        assert_eq!(deal.moved, Vec::<String>::new(), "{paid:?}");
        assert_eq!(deal.package.refunded(), roubles(0));
    }
}

#[test]
fn a_sender_who_calls_a_deal_off_before_the_pickup_gets_everything_back_and_afterwards_cannot() {
    let mut deal = Deal::new(Paid::AtClaim, 500);
    deal.step(RequestCommand::Accept { by: courier() }).expect("accepted");
    deal.does(&PackageCommand::Cancel { by: sender() }).expect("called off");
    assert_eq!(deal.moved.last().map(String::as_str), Some("refund 50000 frozen available"));
    assert_eq!(deal.package.refunded(), roubles(500));

    let mut deal = Deal::new(Paid::AtClaim, 500);
    deal.step(RequestCommand::Accept { by: courier() }).expect("accepted");
    deal.step(RequestCommand::PickUp { by: courier() }).expect("picked up");
    let late = deal.does(&PackageCommand::Cancel { by: sender() });
    assert_eq!(late.map_err(|rejection| rejection.code()), Err("illegal_transition"));
}

#[test]
fn an_operator_divides_a_reward_once_and_nobody_one_of_their_own() {
    let mut deal = Deal::new(Paid::AtClaim, 500);
    deal.step(RequestCommand::Accept { by: courier() }).expect("accepted");
    let split = |by| RequestCommand::Split { courier_minor: 20_000, by };
    let early = deal.step(split(operator()));
    assert_eq!(
        early.map_err(|rejection| rejection.code()),
        Err("illegal_transition"),
        "nothing was delivered"
    );
    deal.step(RequestCommand::Deliver { by: courier() }).expect("delivered");
    deal.step(RequestCommand::Dispute { by: sender(), reason: "broken".to_owned() }).expect("disputed");
    assert_eq!(deal.step(split(courier())), Err(Rejection::WrongParty("other operators")));
    deal.moved.clear();
    deal.step(split(operator())).expect("divided");
    let expected = [
        "split_courier 16000 pending available",
        "fee 4000 pending fees",
        "split_sender 30000 pending available",
    ];
    assert_eq!(deal.moved, expected);
    let again = [split(operator()), RequestCommand::Resolve { in_favour_of: Party::Courier, by: operator() }];
    for command in again {
        assert_eq!(deal.step(command).map_err(|rejection| rejection.code()), Err("illegal_transition"));
    }
    assert_eq!(deal.moved, expected);

    let mut cash = Deal::new(Paid::Cash, 500);
    cash.step(RequestCommand::Accept { by: courier() }).expect("accepted");
    cash.step(RequestCommand::Deliver { by: courier() }).expect("delivered");
    let reason = "no money of this deal lies here: say who is in the right";
    assert_eq!(cash.step(split(operator())), Err(Rejection::Invalid { field: "courier_share", reason }));
}
