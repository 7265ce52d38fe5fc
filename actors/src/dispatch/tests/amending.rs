//! What may be changed of an order, by whom, and until when.

use super::fixture::{after, carry_out, courier, duty_for, id, order_in, passenger, quote, staff};
use crate::dispatch::{By, OrderCommand, OrderDraft, OrderPhase};
use crate::rejection::Rejection;
use crate::time::{Span, Time};

use OrderPhase as P;

fn amend(draft: OrderDraft, by: By) -> OrderCommand {
    OrderCommand::Amend { draft: Box::new(draft), quote: Box::new(quote()), by }
}

#[test]
fn an_order_is_changed_while_nobody_has_it_or_is_asked() {
    for phase in P::ALL {
        let mut order = order_in(10, phase);
        let mut duties = [duty_for(&order)];
        let before = order.clone();
        let draft = OrderDraft { note: "the back door".to_owned(), ..before.draft.clone() };
        let answer = carry_out(&mut order, &mut duties, &amend(draft.clone(), staff()), after(1));
        let is_fixed = phase.binds() || matches!(phase, P::NoShow | P::Completed | P::Cancelled);
        if is_fixed {
            let refused = Rejection::IllegalTransition { action: "change the order", state: phase.word() };
            assert_eq!(answer, Err(refused), "{phase:?}");
            assert_eq!(order, before);
        } else {
            answer.unwrap();
            assert_eq!((order.draft, order.state), (draft, before.state), "{phase:?}");
            assert_eq!((order.version, order.changed_at), (before.version + 1, after(1)));
        }
    }
}

#[test]
fn an_order_is_changed_by_its_passenger_and_the_desk_alone() {
    let before = order_in(10, P::Matching);
    let draft = OrderDraft { note: "the back door".to_owned(), ..before.draft.clone() };
    for (by, allowed) in [
        (staff(), true),
        (By::Engine, true),
        (By::Passenger(passenger()), true),
        (By::Passenger(id(77)), false),
        (By::Courier(courier(0)), false),
    ] {
        let mut order = before.clone();
        let answer = carry_out(&mut order, &mut [], &amend(draft.clone(), by), after(1));
        assert_eq!(answer.is_ok(), allowed, "{by:?}");
        assert!(allowed || answer == Err(Rejection::NotAParty), "{by:?}");
    }
    let mut order = before.clone();
    let nothing = carry_out(&mut order, &mut [], &amend(before.draft.clone(), staff()), after(1)).unwrap();
    assert!(nothing.is_empty() && order == before, "what is so already changes nothing");
}

/// A time that was stated in time stays when it has come near; a new one is held to the bounds.
#[test]
fn a_stated_time_stays_and_a_new_one_is_held_to_its_bounds() {
    let stated: Time = after(0) + Span::hours(2);
    let mut order = order_in(10, P::Submitted);
    order.draft.pickup_at = Some(stated);
    let near = after(0) + Span::minutes(90);
    let noted = OrderDraft { note: "x".to_owned(), ..order.draft.clone() };
    carry_out(&mut order, &mut [], &amend(noted, staff()), near).unwrap();
    let sooner = OrderDraft { pickup_at: Some(near + Span::minutes(59)), ..order.draft.clone() };
    let refused = carry_out(&mut order, &mut [], &amend(sooner, staff()), near);
    assert!(matches!(refused, Err(Rejection::Invalid { field: "desired_pickup_time", .. })), "{refused:?}");
}

/// Programs for tables keep fewer digits of a position than a phone sends.
#[test]
fn a_position_without_its_last_digits_is_the_same_ride() {
    let draft = order_in(10, P::Submitted).draft;
    let moved = |by: f64| {
        let mut other = draft.clone();
        other.pickup.position.lat += by;
        other.dropoff.position.lon -= by;
        other
    };
    assert!(draft != moved(1e-12) && draft.is_the_same_ride(&moved(1e-12)));
    assert!(!draft.is_the_same_ride(&moved(1e-6)));
}
