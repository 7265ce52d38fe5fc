//! Who is told what of each step.

use super::fixture::{NOW, after, ask, courier, duty, duty_for, id, order_in, passenger, staff, step};
use crate::dispatch::{By, Duty, OrderChange, OrderCommand, OrderPhase as P, Settings, notices};
use crate::ids::UserId;
use crate::invariants::told_once;
use crate::stream::{Notice, StreamEvent};

/// What follows from a command on an order in a phase, for those who are told.
fn told(from: P, command: &OrderCommand) -> Vec<Notice> {
    let order = order_in(10, from);
    let duties = [duty_for(&order), duty(1)];
    let known: Vec<&Duty> = duties.iter().collect();
    // An acceptance has to be in time, and what runs out has to be late.
    let at = if matches!(command, OrderCommand::Accept { .. }) { NOW } else { after(60) };
    let outcome = order.decide(command, &known, &Settings::default(), at).expect("a decision");
    let (change, moved) = OrderChange::of(&order, &outcome, &known).expect("a change");
    let told = notices(&change, &moved);
    told_once(&told).expect("each of them once");
    told
}

/// To whom, and in one word.
fn in_words(notice: &Notice) -> (UserId, String) {
    let word = |value: serde_json::Value| value.as_str().expect("a word").to_owned();
    let said = match &notice.event {
        StreamEvent::OrderOffered(_) => "offered".to_owned(),
        StreamEvent::OrderOfferEnded(ended) => word(serde_json::to_value(ended.outcome).expect("JSON")),
        StreamEvent::OrderNews(told) => word(serde_json::to_value(told.news).expect("JSON")),
        other => panic!("{other:?}"),
    };
    (notice.to, said)
}

#[test]
fn each_step_is_told_to_those_who_have_not_taken_it() {
    let (me, ivan, olga, drives) = (passenger(), courier(0), courier(1), By::Courier(courier(0)));
    let desk = staff().person().expect("a person");
    let assign = |courier| OrderCommand::Assign { courier, by: desk, reason: "near".to_owned() };
    let decline = OrderCommand::Decline { offer: id(900), by: ivan, reason: "lunch".to_owned() };
    for (from, command, expected) in [
        (P::Matching, ask(900, 0), vec![(ivan, "offered")]),
        (P::Matching, step(P::ActiveQueue, By::Engine), vec![(me, "nobody_found")]),
        (P::AwaitingDispatcherDecision, step(P::ActiveQueue, staff()), vec![]),
        (P::Submitted, step(P::Rejected, staff()), vec![(me, "rejected")]),
        (P::Assigned, step(P::DriverEnRoute, drives), vec![(me, "on_the_way")]),
        (P::DriverEnRoute, step(P::ArrivedWaiting, drives), vec![(me, "arrived")]),
        (P::ArrivedWaiting, step(P::RideOngoing, drives), vec![]),
        (P::ArrivedWaiting, step(P::NoShow, staff()), vec![(me, "no_show")]),
        (P::RideOngoing, step(P::Completed, drives), vec![(me, "completed")]),
        (P::Matching, OrderCommand::Widen { from: 0 }, vec![]),
        // Called off: by the passenger, by the courier, by the desk; with a courier and without.
        (P::Matching, step(P::Cancelled, By::Passenger(me)), vec![]),
        (P::Offered, step(P::Cancelled, By::Passenger(me)), vec![(ivan, "withdrawn")]),
        (P::Assigned, step(P::Cancelled, By::Passenger(me)), vec![(ivan, "called_off")]),
        (P::Assigned, step(P::Cancelled, drives), vec![(me, "called_off")]),
        (P::Assigned, step(P::Cancelled, staff()), vec![(me, "called_off"), (ivan, "called_off")]),
        // Given by the desk, and taken away.
        (P::ActiveQueue, assign(ivan), vec![(me, "courier_found"), (ivan, "given")]),
        (P::Assigned, assign(olga), vec![(me, "courier_found"), (olga, "given"), (ivan, "taken_away")]),
        (P::Assigned, step(P::Matching, staff()), vec![(ivan, "taken_away")]),
        (P::Offered, assign(ivan), vec![(ivan, "withdrawn"), (me, "courier_found"), (ivan, "given")]),
        (P::Offered, assign(olga), vec![(ivan, "withdrawn"), (me, "courier_found"), (olga, "given")]),
        // The answers of a courier, who may have the message on another device.
        (P::Offered, OrderCommand::Accept { offer: id(900), by: ivan }, {
            vec![(ivan, "accepted"), (me, "courier_found")]
        }),
        (P::Offered, decline, vec![(ivan, "declined")]),
        (P::Offered, OrderCommand::ExpireOffer, vec![(ivan, "expired")]),
    ] {
        let found: Vec<_> = told(from, &command).iter().map(in_words).collect();
        let expected: Vec<_> = expected.into_iter().map(|(to, word)| (to, word.to_owned())).collect();
        assert_eq!(found, expected, "{from:?} {command:?}");
    }
}

#[test]
fn an_offer_says_what_a_courier_has_to_know_and_a_refusal_why() {
    let asked = told(P::Matching, &ask(900, 0));
    let StreamEvent::OrderOffered(offered) = &asked[0].event else { panic!("{asked:?}") };
    assert_eq!((offered.pickup.as_str(), offered.dropoff.as_str()), ("Tverskaya 1", "Arbat 2"));
    assert_eq!((offered.pickup_at, offered.expires_at), (None, after(75)));
    let refused = |from, to, reason: &str| {
        let told = told(from, &OrderCommand::Move { to, by: staff(), reason: reason.to_owned() });
        match &told[0].event {
            StreamEvent::OrderNews(told) => told.reason.clone(),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(refused(P::Submitted, P::Rejected, "too far").as_deref(), Some("too far"));
    assert_eq!(refused(P::Submitted, P::Rejected, ""), None);
    assert_eq!(refused(P::Assigned, P::DriverEnRoute, "of the desk alone"), None);
}
