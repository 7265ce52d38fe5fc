//! Every state with every command: what follows, or the exact code of the refusal.
//!
//! In the tables a plain word is the next state, `!code` a refusal, `.` the refusal `illegal_transition`,
//! `already` a repeat that changes nothing, and `nothing` a command that finds nothing to do.

mod fixture;

use fixture::{NOW, grams, id, package, proposal, roubles, trip};
use peerpack_actors::ids::UserId;
use peerpack_actors::leg::LegSpan;
use peerpack_actors::market::load::Load;
use peerpack_actors::market::package::{
    Mode, Outcome, Package, PackageCommand, PackageEvent, PackageState, Proposal,
};
use peerpack_actors::market::request::{Origin, Party, Request, RequestCommand, RequestState};
use peerpack_actors::market::trip::{Trip, TripCommand, TripState};
use peerpack_actors::money::fees::Fee;
use peerpack_actors::money::ledger::{Escrow, EscrowCommand, EscrowState, Funding};
use peerpack_actors::rejection::Rejection;
use peerpack_actors::time::{Span, Time};

/// When the states of the tables were entered.
const THEN: Time = Time::from_ms(NOW.ms() + 1_000);
/// When the commands of the tables come; a request has until then to be answered in the row `overdue`.
const LATER: Time = Time::from_ms(NOW.ms() + 60_000);
const LEGS: LegSpan = LegSpan { from: 0, to: 2 };

const REQUEST_STATES: [&str; 13] = [
    "pending",
    "overdue",
    "agreed",
    "accepted",
    "picked_up",
    "delivered",
    "confirmed",
    "declined",
    "expired",
    "withdrawn",
    "taken",
    "cancelled",
    "disputed",
];

/// The courier answers what the sender or the engine has started.
const COURIER_WHO_ANSWERS: &str = "
state      accept          decline         withdraw      pick_up    deliver    confirm       dispute       cancel     select
pending    accepted        declined        !wrong_party  .          .          !wrong_party  !wrong_party  .          !wrong_party
overdue    !expired        declined        !wrong_party  .          .          !wrong_party  !wrong_party  .          !wrong_party
agreed     already         declined        !wrong_party  .          .          !wrong_party  !wrong_party  .          !wrong_party
accepted   already         .               !wrong_party  picked_up  delivered  !wrong_party  !wrong_party  cancelled  !wrong_party
picked_up  .               .               !wrong_party  already    delivered  !wrong_party  !wrong_party  .          !wrong_party
delivered  .               .               !wrong_party  .          already    !wrong_party  !wrong_party  .          !wrong_party
confirmed  .               .               !wrong_party  .          .          !wrong_party  !wrong_party  .          !wrong_party
declined   .               already         !wrong_party  .          .          !wrong_party  !wrong_party  .          !wrong_party
expired    !expired        !expired        !wrong_party  .          .          !wrong_party  !wrong_party  .          !wrong_party
withdrawn  .               .               !wrong_party  .          .          !wrong_party  !wrong_party  .          !wrong_party
taken      !already_taken  !already_taken  !wrong_party  .          .          !wrong_party  !wrong_party  .          !wrong_party
cancelled  .               .               !wrong_party  .          .          !wrong_party  !wrong_party  already    !wrong_party
disputed   .               .               !wrong_party  .          .          !wrong_party  !wrong_party  .          !wrong_party
";

const SENDER_WHO_STARTED: &str = "
state      accept        decline       withdraw        pick_up       deliver       confirm    dispute   cancel     select
pending    !wrong_party  !wrong_party  withdrawn       !wrong_party  !wrong_party  .          .         .          .
overdue    !wrong_party  !wrong_party  withdrawn       !wrong_party  !wrong_party  .          .         .          .
agreed     !wrong_party  !wrong_party  withdrawn       !wrong_party  !wrong_party  .          .         .          accepted
accepted   !wrong_party  !wrong_party  .               !wrong_party  !wrong_party  .          .         cancelled  already
picked_up  !wrong_party  !wrong_party  .               !wrong_party  !wrong_party  .          disputed  .          already
delivered  !wrong_party  !wrong_party  .               !wrong_party  !wrong_party  confirmed  disputed  .          already
confirmed  !wrong_party  !wrong_party  .               !wrong_party  !wrong_party  already    .         .          already
declined   !wrong_party  !wrong_party  .               !wrong_party  !wrong_party  .          .         .          .
expired    !wrong_party  !wrong_party  !expired        !wrong_party  !wrong_party  .          .         .          !expired
withdrawn  !wrong_party  !wrong_party  already         !wrong_party  !wrong_party  .          .         .          .
taken      !wrong_party  !wrong_party  !already_taken  !wrong_party  !wrong_party  .          .         .          !already_taken
cancelled  !wrong_party  !wrong_party  .               !wrong_party  !wrong_party  .          .         .          .
disputed   !wrong_party  !wrong_party  .               !wrong_party  !wrong_party  .          already   .          already
";

/// The courier has responded to the package, and the sender answers.
const COURIER_WHO_STARTED: &str = "
state      accept        decline       withdraw        pick_up    deliver    confirm       dispute       cancel     select
pending    !wrong_party  !wrong_party  withdrawn       .          .          !wrong_party  !wrong_party  .          !wrong_party
overdue    !wrong_party  !wrong_party  withdrawn       .          .          !wrong_party  !wrong_party  .          !wrong_party
agreed     !wrong_party  !wrong_party  withdrawn       .          .          !wrong_party  !wrong_party  .          !wrong_party
accepted   !wrong_party  !wrong_party  .               picked_up  delivered  !wrong_party  !wrong_party  cancelled  !wrong_party
picked_up  !wrong_party  !wrong_party  .               already    delivered  !wrong_party  !wrong_party  .          !wrong_party
delivered  !wrong_party  !wrong_party  .               .          already    !wrong_party  !wrong_party  .          !wrong_party
confirmed  !wrong_party  !wrong_party  .               .          .          !wrong_party  !wrong_party  .          !wrong_party
declined   !wrong_party  !wrong_party  .               .          .          !wrong_party  !wrong_party  .          !wrong_party
expired    !wrong_party  !wrong_party  !expired        .          .          !wrong_party  !wrong_party  .          !wrong_party
withdrawn  !wrong_party  !wrong_party  already         .          .          !wrong_party  !wrong_party  .          !wrong_party
taken      !wrong_party  !wrong_party  !already_taken  .          .          !wrong_party  !wrong_party  .          !wrong_party
cancelled  !wrong_party  !wrong_party  .               .          .          !wrong_party  !wrong_party  already    !wrong_party
disputed   !wrong_party  !wrong_party  .               .          .          !wrong_party  !wrong_party  .          !wrong_party
";

const SENDER_WHO_ANSWERS: &str = "
state      accept          decline         withdraw      pick_up       deliver       confirm    dispute   cancel     select
pending    accepted        declined        !wrong_party  !wrong_party  !wrong_party  .          .         .          accepted
overdue    !expired        declined        !wrong_party  !wrong_party  !wrong_party  .          .         .          !expired
agreed     already         declined        !wrong_party  !wrong_party  !wrong_party  .          .         .          accepted
accepted   already         .               !wrong_party  !wrong_party  !wrong_party  .          .         cancelled  already
picked_up  .               .               !wrong_party  !wrong_party  !wrong_party  .          disputed  .          already
delivered  .               .               !wrong_party  !wrong_party  !wrong_party  confirmed  disputed  .          already
confirmed  .               .               !wrong_party  !wrong_party  !wrong_party  already    .         .          already
declined   .               already         !wrong_party  !wrong_party  !wrong_party  .          .         .          .
expired    !expired        !expired        !wrong_party  !wrong_party  !wrong_party  .          .         .          !expired
withdrawn  .               .               !wrong_party  !wrong_party  !wrong_party  .          .         .          .
taken      !already_taken  !already_taken  !wrong_party  !wrong_party  !wrong_party  .          .         .          !already_taken
cancelled  .               .               !wrong_party  !wrong_party  !wrong_party  .          .         .          .
disputed   .               .               !wrong_party  !wrong_party  !wrong_party  .          already   .          already
";

/// What no party asks for: the clock ends a request and settles a delivery, the engine chooses among those
/// who have agreed, and an operator ends what the parties do not.
const ENGINE: &str = "
state      expire          choose          settle     settle_early  pay_courier  refund_sender
pending    .               .               .          .             .            .
overdue    expired         .               .          .             .            .
agreed     .               accepted        .          .             .            .
accepted   .               already         .          .             .            cancelled
picked_up  .               .               .          .             .            cancelled
delivered  .               .               confirmed  .             confirmed    cancelled
confirmed  .               .               already    already       .            .
declined   .               .               .          .             .            .
expired    already         !expired        .          .             .            .
withdrawn  .               .               .          .             .            .
taken      !already_taken  !already_taken  .          .             .            .
cancelled  .               .               .          .             .            .
disputed   .               .               .          .             confirmed    cancelled
";

/// The trip of the row; `full` means that a parcel is on board or, for room, that it asks for all of it.
const TRIP: &str = "
state        start        complete    complete_full       cancel     cancel_full         cancel_by_stranger  reserve_full     release_full
active       in_progress  .           !parcels_on_board   cancelled  !parcels_on_board   !not_a_party        active           active
in_progress  .            completed   !parcels_on_board   cancelled  !parcels_on_board   !not_a_party        in_progress      in_progress
completed    .            .           .                   .          .                   !not_a_party        !trip_not_live   completed
cancelled    .            .           .                   .          .                   !not_a_party        !trip_not_live   cancelled
";

/// The package of the row, whose deal or only open request is on one trip; proposals are for another trip,
/// and `_again` for the same.
const PACKAGE: &str = "
state       offer           offer_again         ask             ask_by_stranger  respond         respond_by_sender  expire_overdue
template    .               .                   .               !not_a_party     .               .                  nothing
open        open            !already_requested  open            !not_a_party     open            !own_package       nothing
assigned    !already_taken  !already_taken      !already_taken  !not_a_party     !already_taken  !already_taken     nothing
in_transit  !already_taken  !already_taken      !already_taken  !not_a_party     !already_taken  !already_taken     nothing
delivered   !already_taken  !already_taken      !already_taken  !not_a_party     !already_taken  !already_taken     nothing
disputed    !already_taken  !already_taken      !already_taken  !not_a_party     !already_taken  !already_taken     nothing
confirmed   !already_taken  !already_taken      !already_taken  !not_a_party     !already_taken  !already_taken     nothing
cancelled   .               .                   .               !not_a_party     .               .                  nothing

state       trip_gone          other_trip_gone  cancel     cancel_by_courier  cancel_by_stranger
template    nothing            nothing          cancelled  !not_a_party       !not_a_party
open        open               nothing          cancelled  !not_a_party       !not_a_party
assigned    open               nothing          cancelled  !not_a_party       !not_a_party
in_transit  !parcels_on_board  nothing          .          !not_a_party       !not_a_party
delivered   nothing            nothing          .          !not_a_party       !not_a_party
disputed    nothing            nothing          .          !not_a_party       !not_a_party
confirmed   nothing            nothing          .          !not_a_party       !not_a_party
cancelled   nothing            nothing          nothing    !not_a_party       !not_a_party
";

const ESCROW: &str = "
state     hold  hold_from_demo  hold_reserved  deliver  dispute  release   refund    split
none      held  held            held           .        .        .         .         .
held      .     .               .              pending  pending  .         refunded  .
pending   .     .               .              .        .        released  refunded  split
released  .     .               .              .        .        .         .         .
refunded  .     .               .              .        .        .         .         .
split     .     .               .              .        .        .         .         .
";

/// Calls back with (row, column, cell) of every cell of the tables in the text, and says how many there were.
fn each_cell(text: &str, mut check: impl FnMut(&str, &str, &str)) -> usize {
    let mut cells = 0;
    for table in text.trim().split("\n\n") {
        let mut lines = table.lines();
        let columns: Vec<&str> = lines.next().expect("a heading").split_whitespace().skip(1).collect();
        for line in lines {
            let mut words = line.split_whitespace();
            let row = words.next().expect("a state");
            let row_cells: Vec<&str> = words.collect();
            assert_eq!(row_cells.len(), columns.len(), "row {row}");
            for (column, cell) in columns.iter().zip(row_cells) {
                check(row, column, cell);
                cells += 1;
            }
        }
    }
    cells
}

fn refused(rejection: &Rejection) -> String {
    match rejection.code() {
        "illegal_transition" => ".".to_owned(),
        code => format!("!{code}"),
    }
}

fn sender() -> UserId {
    id(1)
}

fn courier() -> UserId {
    id(2)
}

fn stranger() -> UserId {
    id(3)
}

fn request_state(word: &str) -> RequestState {
    let at = THEN;
    match word {
        "pending" | "overdue" => RequestState::Pending,
        "agreed" => RequestState::Agreed { at },
        "accepted" => RequestState::Accepted { at },
        "picked_up" => RequestState::PickedUp { at },
        "delivered" => RequestState::Delivered { at },
        "confirmed" => RequestState::Confirmed { at, operator: None },
        "declined" => RequestState::Declined { at, reason: None },
        "expired" => RequestState::Expired { at },
        "withdrawn" => RequestState::Withdrawn { at },
        "taken" => RequestState::Taken { at },
        // By the courier, so that the sender's command is not a repeat.
        "cancelled" => RequestState::Cancelled { at, by: Party::Courier, operator: None },
        "disputed" => RequestState::Disputed { at, reason: "wet".to_owned() },
        other => panic!("no state {other}"),
    }
}

fn request_command(word: &str, by: UserId) -> RequestCommand {
    match word {
        "accept" => RequestCommand::Accept { by },
        "decline" => RequestCommand::Decline { by, reason: None },
        "withdraw" => RequestCommand::Withdraw { by },
        "expire" => RequestCommand::Expire,
        "choose" => RequestCommand::Choose,
        "pick_up" => RequestCommand::PickUp { by },
        "deliver" => RequestCommand::Deliver { by },
        "confirm" => RequestCommand::Confirm { by },
        "settle" => RequestCommand::Settle { delivered_by: THEN },
        "settle_early" => RequestCommand::Settle { delivered_by: THEN - Span::from_ms(1) },
        "pay_courier" => RequestCommand::Resolve { in_favour_of: Party::Courier, by },
        "refund_sender" => RequestCommand::Resolve { in_favour_of: Party::Sender, by },
        "dispute" => RequestCommand::Dispute { by, reason: "wet".to_owned() },
        "cancel" => RequestCommand::Cancel { by },
        "select" => RequestCommand::Select { by },
        other => panic!("no command {other}"),
    }
}

fn the_trip() -> Trip {
    trip(10, courier(), 3)
}

/// A package with one request, both in the state of that row.
fn package_with(origin: Origin, row: &str) -> Package {
    let mut package = package(20, sender(), grams(1_000));
    let mut asked = proposal(30, &the_trip(), LEGS, 10);
    asked.time_limit =
        Some((Span::hours(1), if row == "overdue" { LATER } else { LATER + Span::from_ms(1) }));
    let command = match origin {
        Origin::Sender => PackageCommand::Ask { by: sender(), proposal: asked },
        Origin::Courier => PackageCommand::Respond { proposal: asked },
        Origin::Engine => PackageCommand::Offer(vec![asked]),
    };
    let outcome = package.decide(&command, None, Funding::Demo, NOW).expect("an open package");
    package.apply(&outcome.events);
    let request = &mut package.requests[0];
    request.state = request_state(row);
    let (request, at) = (request.id, THEN);
    if row == "picked_up" {
        // It should have arrived by the time the commands come.
        package.draft.deliver_by = LATER;
    }
    package.state = match row {
        "accepted" => PackageState::Assigned { request, at },
        "picked_up" => PackageState::InTransit { request, at },
        "delivered" | "disputed" => PackageState::Delivered { request, at },
        "confirmed" => PackageState::Confirmed { request, at },
        _ => PackageState::Open,
    };
    package
}

/// What the request's part of the answer is, in the words of the tables.
fn of_request(answer: &Result<Outcome, Rejection>) -> String {
    match answer {
        Err(rejection) => refused(rejection),
        Ok(outcome) if outcome.is_empty() => "already".to_owned(),
        Ok(outcome) => match &outcome.events[0] {
            PackageEvent::RequestMoved { to, .. } => to.word().to_owned(),
            other => panic!("{other:?}"),
        },
    }
}

fn check_requests(table: &str, origin: Origin, by: UserId) {
    let mut rows = Vec::new();
    let cells = each_cell(table, |row, column, cell| {
        if rows.last().is_none_or(|last| last != row) {
            rows.push(row.to_owned());
        }
        let package = package_with(origin, row);
        let (request, command) = (&package.requests[0], request_command(column, by));
        let asked = PackageCommand::Request { id: request.id, command: command.clone() };
        let answer = package.decide(&asked, Some(&the_trip()), Funding::Demo, LATER);
        assert_eq!(of_request(&answer), cell, "{origin:?}: {row}, {column}");

        assert_eq!(request.already(&command), cell == "already", "{origin:?}: {row}, {column}");
        if cell == "already" {
            assert_eq!(answer.expect("a repeat is not refused"), Outcome::default());
        } else {
            let bare: Result<RequestState, Rejection> = request.decide(&command, LATER);
            let word = bare.map_or_else(|rejection| refused(&rejection), |state| state.word().to_owned());
            assert_eq!(word, cell, "{origin:?}, the request alone: {row}, {column}");
        }
    });
    assert_eq!(rows, REQUEST_STATES, "a table has every state");
    assert!(cells == 13 * 9 || cells == 13 * 6, "a table has every command");
}

#[test]
fn a_courier_answers_and_carries_what_the_sender_or_the_engine_started() {
    check_requests(COURIER_WHO_ANSWERS, Origin::Sender, courier());
    check_requests(COURIER_WHO_ANSWERS, Origin::Engine, courier());
}

#[test]
fn a_sender_withdraws_confirms_and_disputes_but_never_answers_for_the_courier() {
    check_requests(SENDER_WHO_STARTED, Origin::Sender, sender());
    check_requests(SENDER_WHO_STARTED, Origin::Engine, sender());
}

#[test]
fn a_courier_who_responded_waits_for_the_senders_answer() {
    check_requests(COURIER_WHO_STARTED, Origin::Courier, courier());
    check_requests(SENDER_WHO_ANSWERS, Origin::Courier, sender());
}

#[test]
fn the_clock_the_engine_and_an_operator_end_what_the_parties_do_not() {
    for origin in [Origin::Sender, Origin::Courier, Origin::Engine] {
        check_requests(ENGINE, origin, stranger());
    }
}

/// A package with two offers, for trips 10 and 11, and a sender who wants to know at `LATER`.
fn with_time_to_choose() -> (Package, Trip, Trip) {
    let (one, other) = (the_trip(), trip(11, id(4), 3));
    let mut package = package(20, sender(), grams(1_000));
    package.draft.confirm_by = Some(LATER);
    let limit = Some((Span::hours(1), LATER + Span::hours(1)));
    let offers = [(30, &one), (31, &other)].map(|(n, trip)| {
        let mut offer = proposal(n, trip, LEGS, 10);
        offer.time_limit = limit;
        offer
    });
    step(&PackageCommand::Offer(offers.to_vec()), &mut package, None, NOW);
    (package, one, other)
}

fn step(command: &PackageCommand, package: &mut Package, trip: Option<&Trip>, now: Time) -> Outcome {
    let outcome = package.decide(command, trip, Funding::Demo, now).expect("allowed");
    package.apply(&outcome.events);
    outcome
}

fn words(package: &Package) -> Vec<&'static str> {
    package.requests.iter().map(|request| request.state.word()).collect()
}

fn asked(package: &Package, n: usize, command: RequestCommand) -> PackageCommand {
    PackageCommand::Request { id: package.requests[n].id, command }
}

#[test]
fn acceptances_stand_side_by_side_until_one_is_chosen() {
    let (mut package, one, other) = with_time_to_choose();
    let (first, second) = (RequestCommand::Accept { by: courier() }, RequestCommand::Accept { by: id(4) });
    let agreed = step(&asked(&package, 0, first), &mut package, Some(&one), THEN);
    assert!(agreed.trips.is_empty() && agreed.escrow.is_empty(), "nothing is held yet");
    step(&asked(&package, 1, second), &mut package, Some(&other), THEN);
    assert_eq!((words(&package), package.state.word()), (vec!["agreed", "agreed"], "open"));
    let chosen = step(&asked(&package, 1, RequestCommand::Choose), &mut package, Some(&other), LATER);
    assert_eq!((chosen.trips.len(), chosen.escrow.len()), (1, 1), "room and money, at once");
    assert_eq!((words(&package), package.state.word()), (vec!["taken", "accepted"], "assigned"));
}

#[test]
fn a_sender_need_not_wait_for_the_engine_to_choose() {
    let (mut package, one, _) = with_time_to_choose();
    step(&asked(&package, 0, RequestCommand::Accept { by: courier() }), &mut package, None, THEN);
    let select = asked(&package, 0, RequestCommand::Select { by: sender() });
    let chosen = step(&select, &mut package, Some(&one), THEN);
    assert_eq!((chosen.trips.len(), chosen.escrow.len()), (1, 1), "room and money, at once");
    assert_eq!((words(&package), package.state.word()), (vec!["accepted", "taken"], "assigned"));
    assert_eq!(package.decide(&select, None, Funding::Demo, LATER), Ok(Outcome::default()), "a repeat");
}

/// What the table says of the sender who asks the courier of a request that is there: `adopted`, the offer is
/// the sender's request now; `already`, nothing is to be done; a plain word, a new request in that state.
const ASK_AGAIN: &str = "
state      engine          sender             sender_in_other_words  courier
pending    adopted         already            !already_requested     !already_requested
overdue    adopted         already            !already_requested     !already_requested
agreed     already         already            already                already
accepted   already         already            already                already
picked_up  already         already            already                already
delivered  already         already            already                already
confirmed  already         already            already                already
declined   pending         pending            pending                pending
expired    pending         pending            pending                pending
withdrawn  pending         pending            pending                pending
taken      pending         pending            pending                pending
cancelled  pending         pending            pending                pending
disputed   already         already            already                already
";

#[test]
fn whom_the_engine_has_asked_the_sender_can_ask_and_nobody_is_asked_twice() {
    let cells = each_cell(ASK_AGAIN, |row, column, cell| {
        let origin = match column {
            "engine" => Origin::Engine,
            "courier" => Origin::Courier,
            _ => Origin::Sender,
        };
        let mut package = package_with(origin, row);
        let mut again = proposal(40, &the_trip(), LEGS, 10);
        if column == "sender_in_other_words" {
            again.message = "Please, please".to_owned();
        }
        let ask = PackageCommand::Ask { by: sender(), proposal: again.clone() };
        let answer = package.decide(&ask, None, Funding::Demo, LATER);
        let word = match &answer {
            Err(rejection) => refused(rejection),
            Ok(outcome) if outcome.is_empty() => "already".to_owned(),
            Ok(outcome) => {
                peerpack_actors::invariants::of_outcome(&package, outcome).expect("a legal change");
                match &outcome.events[..] {
                    [PackageEvent::OfferAdopted { id, message }] => {
                        assert_eq!((*id, message), (package.requests[0].id, &again.message));
                        "adopted".to_owned()
                    }
                    [PackageEvent::RequestOpened(request)] => request.state.word().to_owned(),
                    other => panic!("{other:?}"),
                }
            }
        };
        assert_eq!(word, cell, "{row}, {column}");
        if let Ok(outcome) = answer {
            package.apply(&outcome.events);
        }
        let stands = package.request_on(the_trip().id);
        assert!(stands.is_some(), "refused or not, the courier is asked or has the package: {row}, {column}");
    });
    assert_eq!(cells, 13 * 4);
}

#[test]
fn an_offer_that_became_the_senders_request_waits_without_a_time_limit_and_is_accepted_under_its_id() {
    let mut package = package_with(Origin::Engine, "pending");
    let mut words = proposal(40, &the_trip(), LEGS, 10);
    words.message = "Please".to_owned();
    step(&PackageCommand::Ask { by: sender(), proposal: words }, &mut package, None, THEN);
    let request = package.requests[0].clone();
    assert_eq!((request.origin, request.message.as_str()), (Origin::Sender, "Please"));
    assert_eq!((request.expires_at, request.deadline()), (None, request.plan.pickup.at));
    assert_eq!((package.requests.len(), package.version), (1, 3));
    let accept = asked(&package, 0, RequestCommand::Accept { by: courier() });
    step(&accept, &mut package, Some(&the_trip()), LATER + Span::hours(1));
    assert_eq!(package.state.word(), "assigned");
}

#[test]
fn a_parcel_that_is_described_again_within_a_minute_is_the_one_that_was_published() {
    let published = || package_with(Origin::Engine, "pending");
    let soon = NOW + Span::seconds(60);
    let meant = |change: &dyn Fn(&mut Package), by: UserId, now: Time| {
        let mut package = published();
        change(&mut package);
        package.is_meant_by(by, "Books", Some(roubles(500)), now)
    };
    assert!(published().is_meant_by(sender(), "Books", None, soon), "no reward is no difference");
    assert!(!published().is_meant_by(sender(), "Boots", None, soon));
    assert!(meant(&|_| {}, sender(), soon));
    assert!(meant(&|one| one.draft.description.insert(0, ' '), sender(), soon), "blanks do not count");
    assert!(meant(&|one| one.state = PackageState::Assigned { request: id(30), at: THEN }, sender(), soon));
    assert!(!meant(&|_| {}, sender(), soon + Span::from_ms(1)));
    assert!(!meant(&|_| {}, courier(), soon));
    assert!(!meant(&|one| one.draft.description.push('!'), sender(), soon));
    assert!(!meant(&|one| one.draft.reward.minor += 1, sender(), soon));
    assert!(!meant(&|one| one.state = PackageState::Template, sender(), soon));
    assert!(!meant(&|one| one.state = PackageState::Cancelled { at: THEN }, sender(), soon));
    assert!(!meant(&|one| one.state = PackageState::Confirmed { request: id(30), at: THEN }, sender(), soon));
}

#[test]
fn couriers_may_respond_to_what_its_sender_chooses_for_and_has_not_published_for_one_of_them() {
    let choosing = || {
        let mut package = package(20, sender(), grams(1_000));
        package.draft.mode = Mode::Choose;
        package
    };
    let asked_at = |now: Time| {
        let mut package = choosing();
        let ask = PackageCommand::Ask { by: sender(), proposal: proposal(30, &the_trip(), LEGS, 10) };
        step(&ask, &mut package, None, now);
        package
    };
    assert!(choosing().is_open_to_responses(NOW));
    assert!(!package(20, sender(), grams(1_000)).is_open_to_responses(NOW), "the engine offers it");
    assert!(!choosing().is_open_to_responses(choosing().draft.deliver_by), "too late");
    assert!(asked_at(THEN).is_open_to_responses(LATER), "somebody was asked as well");
    let mut addressed = asked_at(NOW);
    assert!(!addressed.is_open_to_responses(LATER), "it was published for one courier");
    let no = asked(&addressed, 0, RequestCommand::Decline { by: courier(), reason: None });
    step(&no, &mut addressed, None, THEN);
    assert!(addressed.is_open_to_responses(LATER), "who does not want it");
    let mut called_off = choosing();
    step(&PackageCommand::Cancel { by: sender() }, &mut called_off, None, THEN);
    assert!(!called_off.is_open_to_responses(LATER));
}

#[test]
fn after_the_senders_deadline_an_acceptance_is_a_deal_at_once() {
    let (mut package, one, _) = with_time_to_choose();
    step(&asked(&package, 1, RequestCommand::Accept { by: id(4) }), &mut package, None, THEN);
    let late = RequestCommand::Accept { by: courier() };
    step(&asked(&package, 0, late), &mut package, Some(&one), LATER);
    assert_eq!((words(&package), package.state.word()), (vec!["accepted", "taken"], "assigned"));
}

#[test]
fn who_has_agreed_may_think_better_of_it_and_stands_until_the_pickup_at_most() {
    let agree = |package: &mut Package| {
        step(&asked(package, 0, RequestCommand::Accept { by: courier() }), package, None, THEN);
    };
    let (mut package, one, _) = with_time_to_choose();
    agree(&mut package);
    let pickup_at = package.requests[0].plan.pickup.at;
    assert_eq!(package.requests[0].deadline(), pickup_at, "not when the offer would have ended");
    let mut missed = package.clone();
    step(&PackageCommand::ExpireOverdue, &mut missed, None, pickup_at);
    assert_eq!(words(&missed)[0], "expired");
    let mut gone = package.clone();
    step(&PackageCommand::TripGone(one.id), &mut gone, None, THEN);
    assert_eq!(words(&gone), ["withdrawn", "pending"]);
    let mut called_off = package.clone();
    step(&PackageCommand::Cancel { by: sender() }, &mut called_off, None, THEN);
    assert_eq!(words(&called_off), ["withdrawn", "withdrawn"]);
    step(
        &asked(&package, 0, RequestCommand::Decline { by: courier(), reason: None }),
        &mut package,
        None,
        THEN,
    );
    assert_eq!(words(&package)[0], "declined");
}

#[test]
fn a_response_of_a_courier_is_answered_at_once_whatever_the_deadline() {
    let mut package = package(20, sender(), grams(1_000));
    package.draft.confirm_by = Some(LATER);
    let response = PackageCommand::Respond { proposal: proposal(30, &the_trip(), LEGS, 10) };
    step(&response, &mut package, None, NOW);
    let yes = asked(&package, 0, RequestCommand::Accept { by: sender() });
    step(&yes, &mut package, Some(&the_trip()), THEN);
    assert_eq!(package.state.word(), "assigned");
}

#[test]
fn a_stranger_may_do_nothing_with_a_request_whatever_its_state() {
    let commands =
        ["accept", "decline", "withdraw", "pick_up", "deliver", "confirm", "dispute", "cancel", "select"];
    for origin in [Origin::Sender, Origin::Courier, Origin::Engine] {
        for (row, word) in REQUEST_STATES.iter().flat_map(|row| commands.map(|word| (row, word))) {
            let package = package_with(origin, row);
            let (id, command) = (package.requests[0].id, request_command(word, stranger()));
            let answer = package.decide(
                &PackageCommand::Request { id, command },
                Some(&the_trip()),
                Funding::Demo,
                LATER,
            );
            assert_eq!(answer, Err(Rejection::NotAParty), "{row}, {word}");
        }
    }
}

#[test]
fn an_operator_decides_no_case_of_their_own_whatever_its_state() {
    for origin in [Origin::Sender, Origin::Courier, Origin::Engine] {
        for (row, word) in
            REQUEST_STATES.iter().flat_map(|row| ["pay_courier", "refund_sender"].map(|word| (row, word)))
        {
            for by in [sender(), courier()] {
                let package = package_with(origin, row);
                let command = asked(&package, 0, request_command(word, by));
                let answer = package.decide(&command, Some(&the_trip()), Funding::Demo, LATER);
                assert_eq!(answer, Err(Rejection::WrongParty("other operators")), "{row}, {word}");
            }
        }
    }
}

#[test]
fn a_deal_called_off_by_the_sender_is_a_repeat_for_the_sender_only() {
    let mut package = package_with(Origin::Engine, "cancelled");
    package.requests[0].state = RequestState::Cancelled { at: THEN, by: Party::Sender, operator: None };
    let table = [(sender(), "already"), (courier(), "."), (stranger(), "!not_a_party")];
    for (by, expected) in table {
        let command = PackageCommand::Request { id: id(30), command: RequestCommand::Cancel { by } };
        assert_eq!(of_request(&package.decide(&command, None, Funding::Demo, LATER)), expected);
    }
}

#[test]
fn each_step_of_a_request_carries_its_evidence() {
    let at = LATER;
    let request = |row| package_with(Origin::Engine, row).requests[0].clone();
    let reason = || Some("too big".to_owned());
    let by = courier();
    let operator = stranger();
    let refund = RequestCommand::Resolve { in_favour_of: Party::Sender, by: operator };
    let pay = RequestCommand::Resolve { in_favour_of: Party::Courier, by: operator };
    let table: [(&str, RequestCommand, RequestState); 9] = [
        ("pending", RequestCommand::Accept { by }, RequestState::Accepted { at }),
        (
            "pending",
            RequestCommand::Decline { by, reason: reason() },
            RequestState::Declined { at, reason: reason() },
        ),
        ("overdue", RequestCommand::Expire, RequestState::Expired { at }),
        (
            "accepted",
            RequestCommand::Cancel { by },
            RequestState::Cancelled { at, by: Party::Courier, operator: None },
        ),
        (
            "accepted",
            RequestCommand::Cancel { by: sender() },
            RequestState::Cancelled { at, by: Party::Sender, operator: None },
        ),
        (
            "delivered",
            RequestCommand::Dispute { by: sender(), reason: "wet".to_owned() },
            RequestState::Disputed { at, reason: "wet".to_owned() },
        ),
        (
            "accepted",
            refund.clone(),
            RequestState::Cancelled { at, by: Party::Sender, operator: Some(operator) },
        ),
        ("picked_up", refund, RequestState::Cancelled { at, by: Party::Sender, operator: Some(operator) }),
        ("disputed", pay, RequestState::Confirmed { at, operator: Some(operator) }),
    ];
    for (row, command, next) in table {
        assert_eq!(request(row).decide(&command, at), Ok(next), "{row}");
    }
}

#[test]
fn the_time_of_an_offer_counts_from_the_screen_and_never_passes_its_last_moment() {
    let offer = |shown: Option<Time>| {
        let mut request: Request = package_with(Origin::Engine, "pending").requests[0].clone();
        (request.ttl, request.expires_at) = (Span::seconds(15), Some(NOW + Span::seconds(60)));
        if let Some(shown) = shown {
            request.rendered(shown);
            request.rendered(shown + Span::seconds(5));
        }
        Some(request.deadline())
    };
    let after = |seconds| Some(NOW + Span::seconds(seconds));
    assert_eq!(offer(None), after(60), "not seen yet");
    assert_eq!(offer(after(10)), after(25), "seen after 10 s, and shown once more");
    assert_eq!(offer(after(50)), after(60), "seen late");
}

#[test]
fn a_package_moves_with_its_deal() {
    let table = [
        ("pending", "accept", courier(), "assigned"),
        ("accepted", "pick_up", courier(), "in_transit"),
        ("accepted", "deliver", courier(), "delivered"),
        ("accepted", "cancel", sender(), "open"),
        ("accepted", "cancel", courier(), "open"),
        ("accepted", "refund_sender", stranger(), "cancelled"),
        ("picked_up", "deliver", courier(), "delivered"),
        ("delivered", "confirm", sender(), "confirmed"),
        ("delivered", "dispute", sender(), "delivered"),
        ("delivered", "settle", stranger(), "confirmed"),
        ("delivered", "refund_sender", stranger(), "cancelled"),
        ("picked_up", "dispute", sender(), "in_transit"),
        ("picked_up", "refund_sender", stranger(), "cancelled"),
        ("disputed", "refund_sender", stranger(), "cancelled"),
        ("disputed", "pay_courier", stranger(), "confirmed"),
        ("pending", "decline", courier(), "open"),
        ("pending", "withdraw", sender(), "open"),
    ];
    for (row, word, by, expected) in table {
        let mut package = package_with(Origin::Engine, row);
        let command = PackageCommand::Request { id: id(30), command: request_command(word, by) };
        let outcome =
            package.decide(&command, Some(&the_trip()), Funding::Demo, LATER).expect("a legal step");
        package.apply(&outcome.events);
        assert_eq!(package.state.word(), expected, "{row}, {word}");
        assert_eq!(package.version, 3, "one decision is one version: {row}, {word}");
    }
}

#[test]
fn what_is_under_way_is_disputed_once_it_should_have_arrived_and_its_money_is_set_aside() {
    let mut package = package_with(Origin::Engine, "picked_up");
    let dispute = asked(&package, 0, request_command("dispute", sender()));
    let early = package.decide(&dispute, None, Funding::Demo, LATER - Span::from_ms(1));
    assert_eq!(early.map_err(|rejection| rejection.code()), Err("illegal_transition"));
    let disputed = step(&dispute, &mut package, None, LATER);
    assert_eq!(disputed.escrow[0].1.next, EscrowState::Pending);
    assert_eq!((words(&package)[0], package.state.word()), ("disputed", "in_transit"));
    peerpack_actors::invariants::package_agrees(&package).expect("they agree");
    let refund = asked(&package, 0, request_command("refund_sender", stranger()));
    let refunded = step(&refund, &mut package, None, LATER);
    assert_eq!((refunded.escrow[0].1.next, refunded.trips.len()), (EscrowState::Refunded, 1));
    assert_eq!(package.state.word(), "cancelled", "it looks for no other courier");
}

#[test]
fn an_accept_needs_an_open_package_the_requests_own_trip_and_room_and_money() {
    let accept = PackageCommand::Request { id: id(30), command: RequestCommand::Accept { by: courier() } };
    let package = || package_with(Origin::Engine, "pending");
    let code = |package: &Package, trip: Option<&Trip>| {
        package
            .decide(&accept, trip, Funding::Demo, LATER)
            .map_or_else(|rejection| rejection.code(), |_| "ok")
    };
    let mut taken = package();
    taken.state = PackageState::Assigned { request: id(31), at: THEN };
    let mut full = the_trip();
    let all =
        TripCommand::Reserve { legs: LegSpan { from: 1, to: 2 }, load: full.draft.capacity, detour_min: 0 };
    full.apply(&full.decide(&all, NOW).expect("an empty trip"));
    let mut over = the_trip();
    over.state = TripState::Cancelled { at: THEN };

    assert_eq!(code(&package(), Some(&the_trip())), "ok");
    assert_eq!(code(&taken, Some(&the_trip())), "already_taken");
    assert_eq!(code(&package(), None), "trip_not_live");
    assert_eq!(code(&package(), Some(&trip(11, courier(), 3))), "trip_not_live");
    assert_eq!(code(&package(), Some(&over)), "trip_not_live");
    assert_eq!(code(&package(), Some(&full)), "no_room");

    let unknown = PackageCommand::Request { id: id(99), command: RequestCommand::Accept { by: courier() } };
    assert_eq!(
        package().decide(&unknown, Some(&the_trip()), Funding::Demo, LATER),
        Err(Rejection::UnknownRequest)
    );
}

#[test]
fn a_trip_goes_from_active_to_its_end_and_only_while_live_takes_packages() {
    let legs = LegSpan { from: 0, to: 3 };
    let cells = each_cell(TRIP, |row, column, cell| {
        let (mut trip, at) = (the_trip(), THEN);
        trip.state = match row {
            "active" => TripState::Active,
            "in_progress" => TripState::InProgress { at },
            "completed" => TripState::Completed { at },
            "cancelled" => TripState::Cancelled { at },
            other => panic!("no state {other}"),
        };
        let load = trip.draft.capacity;
        let on_board = usize::from(column.ends_with("_full"));
        let command = match column {
            "start" => TripCommand::Start,
            "complete" | "complete_full" => TripCommand::Complete { on_board },
            "cancel" | "cancel_full" => TripCommand::Cancel { by: courier(), on_board },
            "cancel_by_stranger" => TripCommand::Cancel { by: stranger(), on_board: 0 },
            "reserve_full" => TripCommand::Reserve { legs, load, detour_min: 60 },
            "release_full" => {
                (trip.left, trip.detour_used_min) = (vec![Load::NONE; 3], 60);
                TripCommand::Release { legs, load, detour_min: 60 }
            }
            other => panic!("no command {other}"),
        };
        let (version, was) = (trip.version, trip.state);
        let word = match trip.decide(&command, LATER) {
            Err(rejection) => refused(&rejection),
            Ok(event) => {
                trip.apply(&event);
                assert_eq!(trip.version, version + 1);
                trip.state.word().to_owned()
            }
        };
        assert_eq!(word, cell, "{row}, {column}");
        if trip.state != was {
            assert_eq!(trip.state.at(), Some(LATER), "{row}, {column}");
        }
        let used_up = column == "reserve_full" && cell == row;
        assert_eq!(trip.room(legs), if used_up { Load::NONE } else { load }, "{row}, {column}");
        assert_eq!(trip.detour_left_min(), if used_up { 0 } else { 60 }, "{row}, {column}");
    });
    assert_eq!(cells, 4 * 8);
}

#[test]
fn room_is_refused_for_the_first_thing_that_does_not_fit() {
    let mut trip = the_trip();
    let legs = |from, to| LegSpan { from, to };
    let reserve =
        |from, to, load, detour_min| TripCommand::Reserve { legs: legs(from, to), load, detour_min };
    trip.apply(&trip.decide(&reserve(1, 2, grams(6_000), 20), NOW).expect("an empty trip"));
    let slots = Load { weight_g: 1, volume_ml: 1, slots: 5 };
    let volume = Load { weight_g: 1, volume_ml: 49_001, slots: 1 };
    let table = [
        ("as much as is left", reserve(0, 3, grams(4_000), 40), Ok(())),
        ("beside the loaded leg", reserve(2, 3, grams(10_000), 0), Ok(())),
        ("a gram too much", reserve(0, 3, grams(4_001), 0), Err(Rejection::NoRoom(1))),
        ("too many pieces", reserve(0, 3, slots, 0), Err(Rejection::NoRoom(1))),
        ("a millilitre too much", reserve(1, 3, volume, 0), Err(Rejection::NoRoom(1))),
        ("a minute too far", reserve(0, 3, grams(1), 41), Err(Rejection::DoesNotSuit("detour"))),
        ("no leg", reserve(1, 1, grams(1), 0), Err(Rejection::DoesNotSuit("order"))),
        ("backwards", reserve(2, 1, grams(1), 0), Err(Rejection::DoesNotSuit("order"))),
        ("past the last leg", reserve(2, 4, grams(1), 0), Err(Rejection::DoesNotSuit("order"))),
    ];
    for (name, command, expected) in table {
        assert_eq!(trip.decide(&command, NOW).map(|_| ()), expected, "{name}");
    }
}

#[test]
fn a_package_collects_requests_while_open_and_ends_with_its_trip_or_its_sender() {
    let other_trip = trip(11, id(4), 3);
    let of_sender = trip(12, sender(), 3);
    let cells = each_cell(PACKAGE, |row, column, cell| {
        let mut package = match row {
            "template" | "open" | "cancelled" => package_with(Origin::Engine, "pending"),
            "assigned" => package_with(Origin::Engine, "accepted"),
            "in_transit" => package_with(Origin::Engine, "picked_up"),
            deal => package_with(Origin::Engine, deal),
        };
        match row {
            "template" => (package.state, package.requests) = (PackageState::Template, Vec::new()),
            "cancelled" => {
                package.state = PackageState::Cancelled { at: THEN };
                package.requests[0].state = RequestState::Withdrawn { at: THEN };
            }
            _ => {}
        }
        let new = proposal(40, &other_trip, LEGS, 0);
        let command = match column {
            "offer" => PackageCommand::Offer(vec![new]),
            "offer_again" => PackageCommand::Offer(vec![new, proposal(41, &the_trip(), LEGS, 0)]),
            "ask" => PackageCommand::Ask { by: sender(), proposal: new },
            "ask_by_stranger" => PackageCommand::Ask { by: stranger(), proposal: new },
            "respond" => PackageCommand::Respond { proposal: new },
            "respond_by_sender" => PackageCommand::Respond { proposal: proposal(40, &of_sender, LEGS, 0) },
            "expire_overdue" => PackageCommand::ExpireOverdue,
            "trip_gone" => PackageCommand::TripGone(the_trip().id),
            "other_trip_gone" => PackageCommand::TripGone(other_trip.id),
            "cancel" => PackageCommand::Cancel { by: sender() },
            "cancel_by_courier" => PackageCommand::Cancel { by: courier() },
            "cancel_by_stranger" => PackageCommand::Cancel { by: stranger() },
            other => panic!("no command {other}"),
        };
        let word = match package.decide(&command, None, Funding::Demo, LATER) {
            Err(rejection) => refused(&rejection),
            Ok(outcome) if outcome == Outcome::default() => "nothing".to_owned(),
            Ok(outcome) => {
                package.apply(&outcome.events);
                package.state.word().to_owned()
            }
        };
        assert_eq!(word, cell, "{row}, {column}");
    });
    assert_eq!(cells, 8 * (7 + 5));
}

#[test]
fn a_wave_of_offers_has_each_trip_once() {
    let package = package(20, sender(), grams(1_000));
    let trip = the_trip();
    let wave = vec![proposal(40, &trip, LEGS, 0), proposal(41, &trip, LegSpan { from: 1, to: 3 }, 0)];
    let answer = package.decide(&PackageCommand::Offer(wave), None, Funding::Demo, NOW);
    assert_eq!(answer, Err(Rejection::AlreadyRequested));
}

#[test]
fn a_package_has_only_so_many_requests() {
    let mut package = package(20, sender(), grams(1_000));
    let trips: Vec<Trip> = (0..513).map(|n| trip(100 + n, courier(), 3)).collect();
    let wave = |trips: &[Trip], first| {
        let proposals = (first..).zip(trips).map(|(n, trip)| proposal(n, trip, LEGS, 0));
        PackageCommand::Offer(proposals.collect())
    };
    let outcome =
        package.decide(&wave(&trips[..512], 1_000), None, Funding::Demo, NOW).expect("the last that fits");
    package.apply(&outcome.events);
    let answer = package.decide(&wave(&trips[512..], 2_000), None, Funding::Demo, NOW);
    assert_eq!(answer, Err(Rejection::TooManyRequests));
}

#[test]
fn only_what_is_overdue_expires() {
    let mut package = package(20, sender(), grams(1_000));
    let limits = [LATER - Span::from_ms(1), LATER, LATER + Span::from_ms(1)];
    let wave = (0..3).map(|n| {
        let mut offer = proposal(30 + n, &trip(10 + n, courier(), 3), LEGS, 0);
        offer.time_limit = Some((Span::hours(1), limits[n as usize]));
        offer
    });
    let outcome =
        package.decide(&PackageCommand::Offer(wave.collect()), None, Funding::Demo, NOW).expect("a wave");
    package.apply(&outcome.events);
    let outcome =
        package.decide(&PackageCommand::ExpireOverdue, None, Funding::Demo, LATER).expect("a clock");
    package.apply(&outcome.events);
    let words: Vec<&str> = package.requests.iter().map(|request| request.state.word()).collect();
    assert_eq!(words, ["expired", "expired", "pending"]);
    assert_eq!(package.next_deadline(), Some(limits[2]));
}

#[test]
fn a_clock_that_was_set_back_does_not_turn_a_path_back() {
    let mut package = package_with(Origin::Engine, "accepted");
    let command = PackageCommand::Request { id: id(30), command: RequestCommand::PickUp { by: courier() } };
    let outcome =
        package.decide(&command, None, Funding::Demo, THEN - Span::minutes(1)).expect("a legal step");
    package.apply(&outcome.events);
    assert_eq!(package.requests[0].state, RequestState::PickedUp { at: THEN });
    assert_eq!(package.state, PackageState::InTransit { request: id(30), at: THEN });

    let mut trip = the_trip();
    trip.state = TripState::InProgress { at: THEN };
    trip.apply(&trip.decide(&TripCommand::Complete { on_board: 0 }, NOW).expect("a trip under way"));
    assert_eq!(trip.state, TripState::Completed { at: THEN });
}

#[test]
fn money_takes_each_step_once_and_in_order() {
    let cells = each_cell(ESCROW, |row, column, cell| {
        let state = EscrowState::ALL.into_iter().find(|state| state.word() == row).expect("a state");
        let mut escrow = Escrow {
            request: id(30),
            sender: sender(),
            courier: courier(),
            amount: roubles(500),
            fee: Fee::USUAL,
            state,
        };
        let command = match column {
            "hold" => EscrowCommand::Hold { funding: Funding::Wallet },
            "hold_from_demo" => EscrowCommand::Hold { funding: Funding::Demo },
            "hold_reserved" => {
                EscrowCommand::HoldReserved { funding: Funding::Wallet, reserved_minor: 50_000 }
            }
            "split" => EscrowCommand::Split { courier_minor: 20_000 },
            "deliver" => EscrowCommand::Deliver,
            "dispute" => EscrowCommand::Dispute,
            "release" => EscrowCommand::Release,
            "refund" => EscrowCommand::Refund,
            other => panic!("no command {other}"),
        };
        let word = match escrow.decide(command) {
            Err(rejection) => refused(&rejection),
            Ok(event) => {
                escrow.apply(&event);
                escrow.state.word().to_owned()
            }
        };
        assert_eq!(word, cell, "{row}, {column}");
    });
    assert_eq!(cells, 6 * 8);
}

#[test]
fn each_step_of_money_moves_the_whole_reward_and_the_fee_comes_off_at_the_end() {
    let moves = |state, command, minor| {
        let amount = peerpack_actors::money::Amount { minor, ..roubles(0) };
        let escrow =
            Escrow { request: id(30), sender: sender(), courier: courier(), amount, fee: Fee::USUAL, state };
        let event = escrow.decide(command).expect("a legal step");
        let request = escrow.request.to_string();
        let told = event.transfers.iter().map(|transfer| {
            let step = transfer.key.strip_prefix(&request).expect("the key begins with the request");
            let end = |account: peerpack_actors::money::ledger::Account| match account.owner() {
                Some(owner) if owner == sender() => format!("sender {}", account.kind()),
                Some(_) => format!("courier {}", account.kind()),
                None => account.kind().to_owned(),
            };
            format!("{step} {} from {} to {}", transfer.amount.minor, end(transfer.from), end(transfer.to))
        });
        told.collect::<Vec<_>>()
    };
    let (hold, fund) =
        (EscrowCommand::Hold { funding: Funding::Wallet }, EscrowCommand::Hold { funding: Funding::Demo });
    let take = ":hold 999 from sender available to courier frozen";
    let pay = ":fund 999 from demo_provider to sender available";
    assert_eq!(moves(EscrowState::None, hold, 999), [take]);
    assert_eq!(moves(EscrowState::None, fund, 999), [pay, take]);
    assert_eq!(
        moves(EscrowState::Held, EscrowCommand::Deliver, 999),
        [":deliver 999 from courier frozen to courier pending"]
    );
    assert_eq!(
        moves(EscrowState::Pending, EscrowCommand::Release, 999),
        [":release 900 from courier pending to courier available", ":fee 99 from courier pending to fees"]
    );
    assert_eq!(
        moves(EscrowState::Held, EscrowCommand::Refund, 999),
        [":refund 999 from courier frozen to sender available"]
    );
    assert_eq!(
        moves(EscrowState::Pending, EscrowCommand::Refund, 999),
        [":refund 999 from courier pending to sender available"]
    );
    let nothing: [&str; 0] = [];
    assert_eq!(moves(EscrowState::None, fund, 0), nothing, "a free ride moves no money");
    assert_eq!(
        moves(EscrowState::Pending, EscrowCommand::Release, 9),
        [":release 9 from courier pending to courier available"],
        "a fee below one kopeck is none"
    );
    let reserved = |reserved_minor| EscrowCommand::HoldReserved { funding: Funding::Wallet, reserved_minor };
    let paid = ":hold_reserved 999 from sender reserved to courier frozen";
    assert_eq!(moves(EscrowState::None, reserved(999), 999), [paid]);
    assert_eq!(
        moves(EscrowState::None, reserved(1_200), 999),
        [paid, ":unreserve 201 from sender reserved to sender available"],
        "the courier asks for less"
    );
    assert_eq!(
        moves(EscrowState::None, reserved(900), 999),
        [
            ":hold 99 from sender available to courier frozen",
            ":hold_reserved 900 from sender reserved to courier frozen"
        ],
        "the courier asks for more"
    );
    assert_eq!(
        moves(EscrowState::Pending, EscrowCommand::Split { courier_minor: 400 }, 999),
        [
            ":split_courier 360 from courier pending to courier available",
            ":fee 40 from courier pending to fees",
            ":split_sender 599 from courier pending to sender available"
        ],
        "the fee is of the courier's part"
    );
}

#[test]
fn a_reward_is_divided_into_two_parts_and_no_less() {
    let (amount, state) = (roubles(500), EscrowState::Pending);
    let escrow =
        Escrow { request: id(30), sender: sender(), courier: courier(), amount, fee: Fee::USUAL, state };
    for courier_minor in [-1, 0, 50_000, 50_001] {
        let answer = escrow.decide(EscrowCommand::Split { courier_minor });
        assert_eq!(answer.map_err(|rejection| rejection.code()), Err("invalid"), "{courier_minor}");
    }
    for courier_minor in [1, 49_999] {
        let event = escrow.decide(EscrowCommand::Split { courier_minor }).expect("two parts");
        let moved: i64 = event.transfers.iter().map(|transfer| transfer.amount.minor).sum();
        assert_eq!(moved, 50_000, "{courier_minor}");
    }
}

#[test]
fn a_reward_below_zero_or_beyond_all_measure_is_refused() {
    let template = package(20, sender(), grams(1_000));
    let code = |minor| {
        let mut draft = template.draft.clone();
        draft.reward.minor = minor;
        Package::publish(id(21), sender(), draft, NOW).map_or_else(|rejection| rejection.code(), |_| "ok")
    };
    assert_eq!([-1, 0, 1_000_000_000, 1_000_000_001].map(code), ["invalid", "ok", "ok", "invalid"]);
    let mut asked = proposal(30, &the_trip(), LEGS, 0);
    asked.reward.minor = -1;
    let answer = template.decide(&PackageCommand::Offer(vec![asked]), None, Funding::Demo, NOW);
    assert_eq!(answer.map_err(|rejection| rejection.code()), Err("invalid"));
}

#[test]
fn a_package_that_nobody_took_in_time_is_closed_with_its_requests() {
    let trip = trip(1, courier(), 2);
    let mut package = package(1, sender(), grams(1_000));
    let proposal = Proposal { time_limit: None, ..proposal(1, &trip, LEGS, 0) };
    let ask = PackageCommand::Ask { by: sender(), proposal };
    step(&ask, &mut package, None, NOW);
    let by = package.draft.deliver_by;
    package.requests[0].plan.pickup.at = by + Span::hours(1);
    let early =
        package.decide(&PackageCommand::ExpireOverdue, None, Funding::Demo, by - Span::from_ms(1)).unwrap();
    assert!(early.is_empty(), "{early:?}");
    step(&PackageCommand::ExpireOverdue, &mut package, None, by);
    assert_eq!(package.state, PackageState::Cancelled { at: by });
    assert_eq!(package.requests[0].state, RequestState::Expired { at: by });
    assert!(!package.has_lapsed(by));
}

#[test]
fn a_request_between_people_ends_when_the_courier_would_set_off() {
    let trip = trip(1, courier(), 2);
    let mut package = package(1, sender(), grams(1_000));
    let proposal = Proposal { time_limit: None, ..proposal(1, &trip, LEGS, 0) };
    let ask = PackageCommand::Ask { by: sender(), proposal };
    step(&ask, &mut package, None, NOW);
    let (id, pickup_at) = (package.requests[0].id, package.requests[0].plan.pickup.at);
    assert_eq!(package.next_deadline(), Some(pickup_at));
    let accept = PackageCommand::Request { id, command: RequestCommand::Accept { by: trip.courier } };
    let late = package.decide(&accept, Some(&trip), Funding::Demo, pickup_at);
    assert_eq!(late, Err(Rejection::Expired), "the courier has gone");
    assert!(package.decide(&accept, Some(&trip), Funding::Demo, pickup_at - Span::from_ms(1)).is_ok());
    step(&PackageCommand::ExpireOverdue, &mut package, None, pickup_at);
    assert_eq!(package.requests[0].state, RequestState::Expired { at: pickup_at });
    assert_eq!(package.state, PackageState::Open);
}

/// A delivery that the sender disputes.
fn disputed() -> (Package, Trip) {
    let trip = trip(1, courier(), 2);
    let mut package = package(1, sender(), grams(1_000));
    step(&PackageCommand::Offer(vec![proposal(1, &trip, LEGS, 0)]), &mut package, None, NOW);
    for command in [
        RequestCommand::Accept { by: courier() },
        RequestCommand::Deliver { by: courier() },
        RequestCommand::Dispute { by: sender(), reason: "broken".to_owned() },
    ] {
        let command = asked(&package, 0, command);
        step(&command, &mut package, Some(&trip), THEN);
    }
    assert_eq!((words(&package), package.state.word()), (vec!["disputed"], "delivered"));
    (package, trip)
}

#[test]
fn a_dispute_ends_with_the_courier_paid_or_the_sender_refunded() {
    let resolve = |in_favour_of| RequestCommand::Resolve { in_favour_of, by: stranger() };
    let (mut package, _) = disputed();
    let paid = step(&asked(&package, 0, resolve(Party::Courier)), &mut package, None, LATER);
    assert_eq!((words(&package), package.state.word()), (vec!["confirmed"], "confirmed"));
    assert_eq!(paid.escrow[0].1.next, EscrowState::Released);
    assert!(paid.trips.is_empty());

    let (mut package, trip) = disputed();
    let refunded = step(&asked(&package, 0, resolve(Party::Sender)), &mut package, None, LATER);
    assert_eq!((words(&package), package.state.word()), (vec!["cancelled"], "cancelled"));
    assert_eq!(refunded.escrow[0].1.next, EscrowState::Refunded);
    assert_eq!(refunded.trips[0].0, trip.id, "the room goes back with the deal");
    let again = package.decide(&asked(&package, 0, resolve(Party::Courier)), None, Funding::Demo, LATER);
    assert_eq!(again.unwrap_err().code(), "illegal_transition");
}
