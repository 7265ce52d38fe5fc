//! Offers: who may answer, when, and what follows for the order and for the courier.

use super::fixture::{
    NOW, after, ask, carry_out, courier, duty, duty_for, id, order_in, passenger, staff, step,
};
use crate::dispatch::offer::OfferState;
use crate::dispatch::{By, DutyState, OrderCommand, OrderPhase as P, OrderState};
use crate::ids::UserId;
use crate::rejection::Rejection;

fn accept(offer: u128, by: UserId) -> OrderCommand {
    OrderCommand::Accept { offer: id(offer), by }
}

fn decline(offer: u128, by: UserId) -> OrderCommand {
    OrderCommand::Decline { offer: id(offer), by, reason: "lunch".to_owned() }
}

#[test]
fn an_offer_is_taken_and_the_ride_is_done_and_the_courier_is_free_again() {
    let mut order = order_in(10, P::Matching);
    let mut duties = [duty(0)];
    carry_out(&mut order, &mut duties, &ask(900, 0), NOW).unwrap();
    assert_eq!(duties[0].state, DutyState::Offered { order: order.id, offer: id(900) });
    assert_eq!(order.next_deadline(), Some(after(15)));
    carry_out(&mut order, &mut duties, &accept(900, courier(0)), after(14)).unwrap();
    assert_eq!(duties[0].state, DutyState::ToPickup { order: order.id });
    assert_eq!((order.next_deadline(), order.milestones.assigned_at), (None, Some(after(14))));
    let by = By::Courier(courier(0));
    for (to, second) in [(P::DriverEnRoute, 20), (P::ArrivedWaiting, 100), (P::RideOngoing, 160)] {
        carry_out(&mut order, &mut duties, &step(to, by), after(second)).unwrap();
    }
    assert_eq!(duties[0].state, DutyState::OnTrip { order: order.id });
    assert_eq!(order.milestones.waited.ms(), 60_000);
    carry_out(&mut order, &mut duties, &step(P::Completed, by), after(900)).unwrap();
    assert_eq!(duties[0].state, DutyState::Idle);
    assert_eq!(order.milestones.completed_at, Some(after(900)));
    assert_eq!(order.milestones.settled.map(|price| price.total_minor), Some(210_000));
}

#[test]
fn only_who_is_asked_answers_and_only_in_time() {
    let order = order_in(10, P::Offered);
    let duties = [duty_for(&order), duty(1)];
    let ask_at = |command: &OrderCommand, second| {
        carry_out(&mut order.clone(), &mut duties.clone(), command, after(second)).map(|_| ())
    };
    assert_eq!(ask_at(&accept(900, courier(1)), 1), Err(Rejection::NotAParty));
    assert_eq!(ask_at(&decline(900, courier(1)), 1), Err(Rejection::NotAParty));
    assert_eq!(ask_at(&accept(901, courier(0)), 1), Err(Rejection::UnknownRequest));
    assert_eq!(ask_at(&accept(900, courier(0)), 14), Ok(()));
    assert_eq!(ask_at(&accept(900, courier(0)), 15), Err(Rejection::Expired));
}

#[test]
fn a_second_acceptance_changes_nothing() {
    let mut order = order_in(10, P::Offered);
    let mut duties = [duty_for(&order)];
    carry_out(&mut order, &mut duties, &accept(900, courier(0)), after(1)).unwrap();
    let before = (order.clone(), duties.clone());
    let again = carry_out(&mut order, &mut duties, &accept(900, courier(0)), after(2)).unwrap();
    assert!(again.is_empty() && again.duties.is_empty());
    assert_eq!((order, duties), before);
}

#[test]
fn who_declines_or_says_nothing_is_free_and_not_asked_again_at_once() {
    for (end, second) in [(decline(900, courier(0)), 3), (OrderCommand::ExpireOffer, 15)] {
        let mut order = order_in(10, P::Offered);
        let mut duties = [duty_for(&order), duty(1)];
        carry_out(&mut order, &mut duties, &end, after(second)).unwrap();
        assert_eq!(order.state, OrderState::Matching { since: after(second), round: 0 });
        assert_eq!(duties[0].state, DutyState::Idle);
        let again = carry_out(&mut order, &mut duties, &ask(901, 0), after(second));
        assert_eq!(again.unwrap_err(), Rejection::AlreadyRequested);
        carry_out(&mut order, &mut duties, &ask(902, 1), after(second)).unwrap();
        let late = carry_out(&mut order, &mut duties, &accept(900, courier(0)), after(second + 1));
        assert!(late.is_err(), "{late:?}");
    }
}

#[test]
fn a_search_that_looks_farther_asks_again_who_said_nothing_but_not_who_declined() {
    for (end, asked_again) in [(decline(900, courier(0)), false), (OrderCommand::ExpireOffer, true)] {
        let mut order = order_in(10, P::Offered);
        let mut duties = [duty_for(&order)];
        carry_out(&mut order, &mut duties, &end, after(15)).unwrap();
        let from = order.round();
        carry_out(&mut order, &mut duties, &OrderCommand::Widen { from }, after(45)).unwrap();
        assert_eq!(order.round(), 1);
        assert_eq!(carry_out(&mut order, &mut duties, &ask(901, 0), after(45)).is_ok(), asked_again);
    }
}

#[test]
fn an_offer_does_not_end_before_its_time() {
    let mut order = order_in(10, P::Offered);
    let mut duties = [duty_for(&order)];
    let early = carry_out(&mut order, &mut duties, &OrderCommand::ExpireOffer, after(14)).unwrap();
    assert!(early.is_empty());
    assert_eq!(order.state.phase(), P::Offered);
}

#[test]
fn a_courier_with_an_offer_gets_no_second_one_and_an_order_has_no_two() {
    let mut order = order_in(10, P::Offered);
    let mut duties = [duty_for(&order), duty(1)];
    let mut other = order_in(11, P::Matching);
    let twice = carry_out(&mut other, &mut duties, &ask(901, 0), NOW);
    let busy = Rejection::IllegalTransition { action: "offer the courier the order", state: "offered" };
    assert_eq!(twice.unwrap_err(), busy);
    let second = carry_out(&mut order, &mut duties, &ask(902, 1), NOW);
    let offered = Rejection::IllegalTransition { action: "offer the order", state: "offered" };
    assert_eq!(second.unwrap_err(), offered);
}

#[test]
fn the_offer_of_an_order_that_was_called_off_cannot_be_taken() {
    let mut order = order_in(10, P::Offered);
    let mut duties = [duty_for(&order)];
    carry_out(&mut order, &mut duties, &step(P::Cancelled, By::Passenger(passenger())), after(1)).unwrap();
    assert_eq!(duties[0].state, DutyState::Idle);
    assert_eq!(order.offers[0].state, OfferState::Withdrawn { at: after(1) });
    let late = carry_out(&mut order, &mut duties, &accept(900, courier(0)), after(2));
    let cancelled = Rejection::IllegalTransition { action: "accept the offer", state: "cancelled" };
    assert_eq!(late.unwrap_err(), cancelled);
    assert_eq!(order.state, OrderState::Cancelled);
}

#[test]
fn who_was_asked_and_hears_that_another_has_it_is_told_so() {
    let mut order = order_in(10, P::Offered);
    let mut duties = [duty_for(&order), duty(1)];
    let assign = OrderCommand::Assign { courier: courier(1), by: id(2), reason: String::new() };
    carry_out(&mut order, &mut duties, &assign, after(1)).unwrap();
    let late = carry_out(&mut order, &mut duties, &accept(900, courier(0)), after(2));
    assert_eq!(late.unwrap_err(), Rejection::AlreadyTaken);
}

#[test]
fn who_was_asked_and_is_named_by_the_desk_may_accept_all_the_same() {
    let mut order = order_in(10, P::Offered);
    let mut duties = [duty_for(&order)];
    let assign = OrderCommand::Assign { courier: courier(0), by: id(2), reason: String::new() };
    carry_out(&mut order, &mut duties, &assign, after(1)).unwrap();
    let late = carry_out(&mut order, &mut duties, &accept(900, courier(0)), after(2)).unwrap();
    assert!(late.is_empty() && late.duties.is_empty(), "it is so already");
    assert_eq!(order.state.courier(), Some(courier(0)));
}

#[test]
fn an_order_that_is_taken_up_again_starts_anew() {
    let mut order = order_in(10, P::ArrivedWaiting);
    let mut duties = [duty_for(&order)];
    carry_out(&mut order, &mut duties, &step(P::Cancelled, By::Passenger(passenger())), after(600)).unwrap();
    assert_eq!(order.milestones.cancel_fee.map(|fee| fee.minor), Some(100_000 + 5 * 3_000));
    carry_out(&mut order, &mut duties, &step(P::Matching, staff()), after(700)).unwrap();
    assert_eq!((order.milestones.cancel_fee, order.milestones.waited.ms()), (None, 0));
    assert_eq!(order.state.courier(), None);
}

#[test]
fn a_passenger_is_not_asked_to_drive_themselves() {
    let mut order = order_in(10, P::Matching);
    order.passenger = courier(0);
    let refused = carry_out(&mut order, &mut [duty(0)], &ask(900, 0), NOW).unwrap_err();
    assert_eq!(refused, Rejection::Invalid { field: "driver_id", reason: "is the passenger" });
}

#[test]
fn nobody_is_left_bound_because_their_duty_was_not_looked_up() {
    let mut order = order_in(10, P::Assigned);
    let before = order.clone();
    let refused = carry_out(&mut order, &mut [], &step(P::Cancelled, staff()), NOW);
    assert_eq!(refused.unwrap_err(), Rejection::Stale);
    assert_eq!(order, before);
}

#[test]
fn an_order_asks_256_couriers_at_most() {
    let mut order = order_in(10, P::Matching);
    for n in 0..256 {
        let mut duties = [duty(n)];
        carry_out(&mut order, &mut duties, &ask(1_000 + n, n), NOW).unwrap();
        carry_out(&mut order, &mut duties, &decline(1_000 + n, courier(n)), NOW).unwrap();
    }
    let refused = carry_out(&mut order, &mut [duty(256)], &ask(2_000, 256), NOW).unwrap_err();
    assert_eq!(refused, Rejection::TooManyRequests);
}
