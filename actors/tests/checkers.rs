//! Every rule of the invariants sees the fault it is there for, and says its number.

mod fixture;

use fixture::{NOW, grams, id, package, proposal, roubles, trip};
use peerpack_actors::ids::{RequestId, UserId};
use peerpack_actors::invariants::{self, Books, Invariant, Verdict, Violation};
use peerpack_actors::leg::LegSpan;
use peerpack_actors::market::package::{Package, PackageCommand, PackageState};
use peerpack_actors::market::request::{RequestCommand, RequestState};
use peerpack_actors::market::trip::{Trip, TripCommand};
use peerpack_actors::money::fees::Fee;
use peerpack_actors::money::ledger::{
    Account, Escrow, EscrowCommand, EscrowEvent, EscrowState, Funding, Transfer,
};
use peerpack_actors::money::{Amount, Currency};
use peerpack_actors::stream;
use peerpack_actors::time::{Span, Time};

const LEGS: LegSpan = LegSpan { from: 0, to: 2 };
const LATER: Time = Time::from_ms(NOW.ms() + 1_000);

fn sender() -> UserId {
    id(1)
}

fn the_trip() -> Trip {
    trip(10, id(2), 3)
}

/// A package with two offers, and its trip; the first offer is a deal.
fn deal() -> (Package, Trip) {
    let (mut package, mut trip) = (package(20, sender(), grams(1_000)), the_trip());
    let other = fixture::trip(11, id(4), 3);
    let wave = vec![proposal(30, &trip, LEGS, 10), proposal(31, &other, LEGS, 0)];
    package
        .apply(&package.decide(&PackageCommand::Offer(wave), None, Funding::Demo, NOW).expect("open").events);
    let accept = PackageCommand::Request { id: id(30), command: RequestCommand::Accept { by: id(2) } };
    let outcome = package.decide(&accept, Some(&trip), Funding::Demo, LATER).expect("the first");
    package.apply(&outcome.events);
    trip.apply(&outcome.trips[0].1);
    (package, trip)
}

/// The numbers of the rules that are broken.
fn numbers(violations: impl IntoIterator<Item = Violation>) -> Vec<u8> {
    violations.into_iter().map(|violation| violation.invariant.number()).collect()
}

fn number(verdict: Verdict) -> u8 {
    verdict.expect_err("a fault").invariant.number()
}

fn of_package(plant: impl FnOnce(&mut Package)) -> Vec<u8> {
    let (mut package, _) = deal();
    plant(&mut package);
    numbers(invariants::of_package(&package))
}

fn of_trip(plant: impl FnOnce(&mut Trip)) -> Vec<u8> {
    let (package, mut trip) = deal();
    plant(&mut trip);
    let rides: Vec<_> = invariants::rides_on(&package, trip.id).collect();
    numbers(invariants::of_trip(&trip, rides))
}

#[test]
fn the_rules_are_numbered_from_one_and_say_their_number() {
    let numbered: Vec<u8> = Invariant::ALL.iter().map(|invariant| invariant.number()).collect();
    assert_eq!(numbered, (1..=10).collect::<Vec<u8>>());
    let violation = Violation { invariant: Invariant::OneDeal, text: "two".to_owned() };
    assert_eq!(violation.to_string(), "INV-1 one deal per package: two");
}

#[test]
fn what_the_core_made_breaks_no_rule() {
    assert_eq!(of_package(|_| {}), Vec::<u8>::new());
    assert_eq!(of_trip(|_| {}), Vec::<u8>::new());
}

#[test]
fn a_second_deal_is_seen() {
    assert_eq!(of_package(|package| package.requests[1].state = RequestState::PickedUp { at: LATER }), [1]);
    let (first, second) = (id::<RequestId>(30), id::<RequestId>(31));
    assert_eq!(invariants::one_winner(id(20), [first, first]), Ok(()));
    assert_eq!(number(invariants::one_winner(id(20), [first, first, second])), 1);
}

#[test]
fn a_leg_with_too_much_room_or_a_budget_that_is_overdrawn_is_seen() {
    assert_eq!(of_trip(|trip| trip.left[2].slots += 1), [2, 3]);
    assert_eq!(of_trip(|trip| trip.detour_used_min = 61), [2, 3]);
    assert_eq!(of_trip(|trip| trip.left.truncate(2)), [2]);
}

#[test]
fn room_that_no_deal_takes_and_room_that_a_deal_did_not_take_is_seen() {
    assert_eq!(of_trip(|trip| trip.left[0].weight_g -= 1), [3]);
    assert_eq!(of_trip(|trip| trip.left[0].weight_g += 1), [3]);
    assert_eq!(of_trip(|trip| trip.left[2].volume_ml -= 1), [3], "a leg that the deal does not use");
    assert_eq!(of_trip(|trip| trip.detour_used_min -= 1), [3]);
    let twice = |trip: &mut Trip| {
        let release = TripCommand::Release { legs: LEGS, load: grams(1_000), detour_min: 10 };
        trip.apply(&trip.decide(&release, LATER).expect("room is always taken back"));
    };
    assert_eq!(of_trip(twice), [3], "given back while the deal stands");
}

#[test]
fn acknowledged_rides_that_do_not_fit_together_are_seen() {
    let capacity = the_trip().draft.capacity;
    let check = |rides: &[(u16, u16, u32)]| {
        let rides =
            rides.iter().map(|(from, to, weight_g)| (LegSpan { from: *from, to: *to }, grams(*weight_g)));
        invariants::legs_within_capacity(capacity, 3, rides)
    };
    assert_eq!(check(&[(0, 1, 10_000), (1, 3, 6_000), (1, 2, 4_000)]), Ok(()));
    assert_eq!(number(check(&[(0, 1, 10_000), (1, 3, 6_000), (2, 3, 4_001)])), 2);
    assert_eq!(number(check(&[(2, 4, 1)])), 2, "a leg that is not there");
    assert_eq!(number(check(&[(2, 2, 1)])), 2, "no leg");
    assert_eq!(number(check(&[(2, 1, 1)])), 2, "backwards");
    assert_eq!(number(check(&[(0, 1, u32::MAX), (0, 1, 1)])), 2, "more than can be counted");
}

#[test]
fn a_package_that_disagrees_with_its_deal_is_seen() {
    assert_eq!(of_package(|package| package.state = PackageState::Open), [4]);
    assert_eq!(
        of_package(|package| package.state = PackageState::InTransit { request: id(30), at: LATER }),
        [4]
    );
    assert_eq!(
        of_package(|package| package.state = PackageState::Assigned { request: id(31), at: LATER }),
        [4]
    );
    assert_eq!(
        of_package(|package| package.state = PackageState::Assigned { request: id(99), at: LATER }),
        [4]
    );
    assert_eq!(of_package(|package| package.requests[1].state = RequestState::Pending), [4]);
    assert_eq!(of_package(|package| package.requests[0].state = RequestState::Delivered { at: LATER }), [4]);
}

#[test]
fn money_that_is_not_where_the_request_says_is_seen() {
    let (package, _) = deal();
    let request = &package.requests[0];
    for state in EscrowState::ALL {
        let verdict = invariants::escrow_agrees(request, state);
        let expected = (state != EscrowState::Held).then_some(5);
        assert_eq!(verdict.err().map(|violation| violation.invariant.number()), expected, "{state:?}");
    }
}

#[test]
fn money_from_nowhere_an_empty_wallet_that_pays_and_a_step_taken_twice_are_seen() {
    let escrow = Escrow {
        request: id(30),
        sender: sender(),
        courier: id(2),
        amount: roubles(500),
        fee: Fee::USUAL,
        state: EscrowState::None,
    };
    let hold = escrow.decide(EscrowCommand::Hold { funding: Funding::Wallet }).expect("the first step");
    let mut books = Books::default();
    assert_eq!(number(books.post(&hold)), 6, "nobody has paid in");
    let mut books = Books::default();
    books.fund(sender(), roubles(1_000));
    assert_eq!(books.post(&hold), Ok(()));
    assert_eq!(books.balance(Account::Frozen(id(2)), Currency::Rub), 50_000);
    assert_eq!(number(books.post(&hold)), 6, "held twice");

    let bad = |key: &str, to, minor| {
        let (request, from) = (Some(id(30)), Account::Available(sender()));
        let amount = Amount::new(minor, Currency::Rub);
        let transfer = Transfer { key: key.to_owned(), request, subject: None, from, to, amount };
        EscrowEvent { next: EscrowState::Held, transfers: vec![transfer] }
    };
    assert_eq!(number(books.clone().post(&bad("none", Account::Fees, 0))), 6);
    assert_eq!(number(books.clone().post(&bad("backwards", Account::Fees, -1))), 6);
    assert_eq!(number(books.clone().post(&bad("to itself", Account::Available(sender()), 1))), 6);

    let snapshot = |rows: &[(Account, i64, Currency)]| {
        let rows = rows.iter().map(|(account, minor, currency)| (*account, Amount::new(*minor, *currency)));
        invariants::books_balance(rows)
    };
    let (world, wallet) = (Account::DemoProvider, Account::Available(sender()));
    assert_eq!(snapshot(&[(world, -5, Currency::Rub), (wallet, 5, Currency::Rub)]), Ok(()));
    assert_eq!(number(snapshot(&[(world, -5, Currency::Rub), (wallet, 4, Currency::Rub)])), 6);
    assert_eq!(number(snapshot(&[(world, -5, Currency::Rub), (wallet, 5, Currency::Eur)])), 6);
    assert_eq!(number(snapshot(&[(world, 5, Currency::Rub), (wallet, -5, Currency::Rub)])), 6);
}

#[test]
fn a_number_that_is_missing_repeated_or_out_of_order_is_seen() {
    assert_eq!(invariants::contiguous(0, [1, 2, 3]), Ok(()));
    assert_eq!(invariants::contiguous(16, [17, 18]), Ok(()));
    assert_eq!(invariants::contiguous(16, []), Ok(()));
    for seqs in [vec![2], vec![1, 3], vec![1, 1], vec![1, 2, 1], vec![0]] {
        assert_eq!(number(invariants::contiguous(0, seqs.iter().copied())), 7, "{seqs:?}");
    }
}

#[test]
fn a_path_that_runs_back_in_time_or_takes_a_step_that_is_not_there_is_seen() {
    let early = NOW - Span::from_ms(1);
    assert_eq!(of_package(|package| package.requests[1].state = RequestState::Taken { at: early }), [8]);

    let check = |states: &[RequestState]| invariants::path_forward(id(30), NOW, states);
    let accepted = |at| RequestState::Accepted { at };
    let picked_up = |at| RequestState::PickedUp { at };
    assert_eq!(check(&[]), Ok(()));
    assert_eq!(check(&[accepted(NOW), picked_up(NOW), RequestState::Delivered { at: LATER }]), Ok(()));
    assert_eq!(number(check(&[accepted(early)])), 8);
    assert_eq!(number(check(&[accepted(LATER), picked_up(NOW)])), 8);
    assert_eq!(number(check(&[picked_up(LATER)])), 8, "picked up without a deal");
    assert_eq!(number(check(&[accepted(NOW), accepted(LATER)])), 8, "accepted twice");
    assert_eq!(number(check(&[RequestState::Taken { at: NOW }, accepted(LATER)])), 8, "back from the end");
}

#[test]
fn somebody_who_hears_twice_of_one_change_is_seen() {
    let notice = stream::published(&deal().0);
    assert_eq!(invariants::told_once(std::slice::from_ref(&notice)), Ok(()));
    let mut elsewhere = notice.clone();
    elsewhere.to = id(2);
    assert_eq!(invariants::told_once(&[notice.clone(), elsewhere]), Ok(()));
    assert_eq!(number(invariants::told_once(&[notice.clone(), notice])), 9);
}

#[test]
fn an_acknowledged_fact_that_is_not_stored_is_seen() {
    assert_eq!(invariants::acked_is_stored(["a"], ["a", "b"]), Ok(()));
    assert_eq!(number(invariants::acked_is_stored(["a", "c"], ["a", "b"])), 10);
}

#[test]
fn a_decision_that_moves_what_is_not_there_is_seen() {
    let (package, _) = deal();
    let command = PackageCommand::Request { id: id(30), command: RequestCommand::PickUp { by: id(2) } };
    let outcome = package.decide(&command, None, Funding::Demo, LATER).expect("a legal step");
    assert_eq!(invariants::of_outcome(&package, &outcome), Ok(()));
    let mut twice = outcome.clone();
    twice.events.extend(outcome.events.clone());
    assert_eq!(number(invariants::of_outcome(&package, &twice)), 4);
    let mut after = package;
    after.apply(&outcome.events);
    assert_eq!(number(invariants::of_outcome(&after, &outcome)), 4, "decided on an older package");
}
