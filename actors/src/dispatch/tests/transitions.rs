//! All 256 pairs of phases: what the page shows is what the table says, and what an order does.

use std::collections::BTreeMap;

use super::fixture::{
    NOW, after, carry_out, courier, duty, duty_for, id, order, order_in, passenger, rows, staff, step,
};
use crate::dispatch::order::{OrderEvent, Reservation};
use crate::dispatch::{By, Duty, DutyState, OrderCommand, OrderPhase, OrderState};
use crate::rejection::Rejection;

use OrderPhase as P;

/// The table of the page.
fn shown() -> BTreeMap<P, Vec<P>> {
    let phase = |word: &str| P::from_word(word.trim()).unwrap_or_else(|| panic!("no phase {word:?}"));
    let row = |cells: Vec<String>| {
        let next = cells[1].split(',').filter(|word| !word.trim().is_empty()).map(phase).collect();
        (phase(&cells[0]), next)
    };
    rows("### The steps").into_iter().map(row).collect()
}

#[test]
fn of_all_256_steps_those_of_the_page_are_possible() {
    let shown = shown();
    assert_eq!(shown.len(), 16);
    let mut pairs = 0;
    for from in P::ALL {
        for to in P::ALL {
            pairs += 1;
            assert_eq!(from.may_become(to), shown[&from].contains(&to), "{from:?} -> {to:?}");
        }
    }
    assert_eq!(pairs, 256);
    assert_eq!(P::ALL.map(|from| from.next().len()).iter().sum::<usize>(), 42);
}

#[test]
fn staff_takes_every_step_of_the_table_that_needs_no_courier_and_no_other() {
    for from in P::ALL {
        for to in P::ALL {
            let mut order = order_in(10, from);
            let mut duties = [duty_for(&order)];
            let before = order.clone();
            let answer = carry_out(&mut order, &mut duties, &step(to, staff()), after(1));
            let needs_courier = matches!(to, P::Offered | P::Assigned);
            match (from.may_become(to), needs_courier) {
                (true, false) => {
                    answer.unwrap();
                    assert_eq!(order.state.phase(), to, "{from:?} -> {to:?}");
                    assert_eq!(order.version, before.version + 1);
                    let busy = duties[0].state.order();
                    assert_eq!(busy.is_some(), to.binds(), "{from:?} -> {to:?}: the courier's duty");
                    assert!(order.pending().is_none());
                }
                (true, true) => assert!(matches!(answer, Err(Rejection::Invalid { field: "status", .. }))),
                (false, _) => {
                    let refused =
                        Err(Rejection::IllegalTransition { action: "move the order", state: from.word() });
                    assert_eq!(answer.map(|_| ()), refused, "{from:?} -> {to:?}");
                    assert_eq!(order, before);
                }
            }
        }
    }
}

#[test]
fn passengers_call_off_and_couriers_drive_and_nobody_does_it_for_others() {
    let own = [P::DriverEnRoute, P::ArrivedWaiting, P::RideOngoing, P::Completed, P::Cancelled];
    let (stranger, other) = (By::Passenger(id(77)), By::Courier(courier(5)));
    for from in P::ALL {
        let order = order_in(10, from);
        let duty = duty_for(&order);
        let holds = order.state.courier() == Some(courier(0));
        for to in P::ALL {
            let ask = |by| {
                let settings = crate::dispatch::Settings::default();
                order.decide(&step(to, by), &[&duty], &settings, after(1)).map(|_| ())
            };
            let by_table = |legal: bool| {
                let state = from.word();
                if legal {
                    Ok(())
                } else {
                    Err(Rejection::IllegalTransition { action: "move the order", state })
                }
            };
            let legal = from.may_become(to);
            let passenger_may = match to {
                P::Cancelled => by_table(legal),
                _ => Err(Rejection::WrongParty("courier")),
            };
            assert_eq!(ask(By::Passenger(passenger())), passenger_may, "{from:?} -> {to:?}");
            let courier_may = match (holds, own.contains(&to)) {
                (false, _) => Err(Rejection::NotAParty),
                (true, false) => Err(Rejection::WrongParty("dispatcher")),
                (true, true) => by_table(legal),
            };
            assert_eq!(ask(By::Courier(courier(0))), courier_may, "{from:?} -> {to:?}");
            assert_eq!(ask(stranger), Err(Rejection::NotAParty));
            assert_eq!(ask(other), Err(Rejection::NotAParty));
        }
    }
}

#[test]
fn each_change_says_from_where_when_by_whom_and_why() {
    let order = order(10);
    let command = crate::dispatch::OrderCommand::Move {
        to: P::Rejected,
        by: staff(),
        reason: "out of town".to_owned(),
    };
    let outcome = order.decide(&command, &[], &crate::dispatch::Settings::default(), after(5)).unwrap();
    let moved = OrderEvent::Moved {
        from: P::Submitted,
        to: OrderState::Rejected,
        at: after(5),
        by: staff(),
        description: "out of town".to_owned(),
    };
    assert_eq!(outcome.events, [moved]);
    let mut after_it = order.clone();
    after_it.apply(&outcome.events);
    assert_eq!(after_it.milestones.rejection_reason, "out of town");
}

#[test]
fn an_order_is_placed_and_not_left_a_draft() {
    assert_eq!(order(10).state, OrderState::Submitted);
}

#[test]
fn staff_gives_it_to_somebody_step_by_step() {
    let table = [
        (P::Submitted, vec![P::Matching, P::ActiveQueue]),
        (P::AwaitingDispatcherDecision, vec![P::ActiveQueue]),
        (P::Created, vec![P::Matching, P::ActiveQueue]),
        (P::Matching, vec![P::ActiveQueue]),
        (P::ActiveQueue, vec![]),
        (P::Offered, vec![P::Matching, P::ActiveQueue]),
        (P::Assigned, vec![P::Matching, P::ActiveQueue]),
        (P::DriverEnRoute, vec![P::Cancelled, P::ActiveQueue]),
        (P::ArrivedWaiting, vec![P::Cancelled, P::ActiveQueue]),
        (P::Cancelled, vec![P::ActiveQueue]),
    ];
    for from in P::ALL {
        let mut order = order_in(10, from);
        let mut duties = [duty_for(&order), duty(1)];
        let command = crate::dispatch::OrderCommand::Assign {
            courier: courier(1),
            by: id(2),
            reason: "nearer".to_owned(),
        };
        let answer = carry_out(&mut order, &mut duties, &command, after(1));
        let Some((_, by_way_of)) = table.iter().find(|(known, _)| *known == from) else {
            assert!(matches!(answer, Err(Rejection::IllegalTransition { .. })), "{from:?}: {answer:?}");
            continue;
        };
        let events = answer.unwrap().events;
        let steps: Vec<(P, P)> = events
            .iter()
            .filter_map(|event| match event {
                OrderEvent::Moved { from, to, .. } => Some((*from, to.phase())),
                _ => None,
            })
            .collect();
        let mut expected = Vec::new();
        let mut at = from;
        for next in by_way_of.iter().copied().chain([P::Assigned]) {
            expected.push((at, next));
            at = next;
        }
        assert_eq!(steps, expected);
        assert!(steps.iter().all(|(from, to)| from.may_become(*to)));
        assert_eq!(order.state, OrderState::Assigned { courier: courier(1), at: after(1) });
        assert_eq!(order.milestones.assignment_reason, "nearer");
        assert_eq!(duties[0].state.order(), None, "{from:?}: the one before is free again");
        assert_eq!(duties[1].state.order(), Some(order.id));
        assert!(order.pending().is_none());
    }
}

#[test]
fn staff_gives_it_to_the_one_who_is_asked_and_frees_nobody() {
    let mut order = order_in(10, P::Offered);
    let mut duties = [duty_for(&order)];
    let command =
        |n| crate::dispatch::OrderCommand::Assign { courier: courier(n), by: id(2), reason: String::new() };
    carry_out(&mut order, &mut duties, &command(0), after(1)).unwrap();
    assert_eq!(order.state.courier(), Some(courier(0)));
    assert_eq!(duties[0].state.order(), Some(order.id));
    let again = carry_out(&mut order, &mut duties, &command(0), after(2)).unwrap();
    assert!(again.is_empty(), "it is so already");
    carry_out(&mut order, &mut duties, &step(P::DriverEnRoute, By::Courier(courier(0))), after(3)).unwrap();
    let late = carry_out(&mut order, &mut duties, &command(0), after(4)).unwrap();
    assert!(late.is_empty() && order.state.phase() == P::DriverEnRoute, "it is so, and on the way");
}

#[test]
fn who_has_the_best_courier_chosen_takes_the_order_from_nobody() {
    let command = crate::dispatch::OrderCommand::AssignWaiting {
        courier: courier(1),
        takes_up: false,
        by: id(2),
        reason: String::new(),
    };
    for from in P::ALL {
        let mut order = order_in(10, from);
        let mut duties = [duty_for(&order), duty(1)];
        let answer = carry_out(&mut order, &mut duties, &command, after(1));
        match from {
            P::Submitted
            | P::AwaitingDispatcherDecision
            | P::Created
            | P::Matching
            | P::ActiveQueue
            | P::Offered => assert_eq!(order.state.courier(), Some(courier(1)), "{from:?}: {answer:?}"),
            P::Assigned | P::DriverEnRoute | P::ArrivedWaiting | P::RideOngoing | P::Incident => {
                assert_eq!(answer.unwrap_err(), Rejection::AlreadyTaken, "{from:?}");
                assert_eq!(order.state.courier(), Some(courier(0)));
            }
            P::Draft | P::Rejected | P::NoShow | P::Completed | P::Cancelled => {
                assert!(matches!(answer, Err(Rejection::IllegalTransition { .. })), "{from:?}: {answer:?}");
            }
        }
    }
}

#[test]
fn a_plan_reserves_what_waits_and_the_desk_also_what_somebody_has_or_was_called_off() {
    let reservation = Reservation { courier: courier(1), at: after(7_200) };
    let (by, reason) = (id(2), String::new());
    let of_desk = OrderCommand::Reserve { reservation, by, reason: reason.clone() };
    let of_plan =
        |takes_up| OrderCommand::ReserveWaiting { reservation, takes_up, by, reason: reason.clone() };
    let taken_up = of_plan(true);
    let waiting =
        [P::Submitted, P::AwaitingDispatcherDecision, P::Created, P::Matching, P::ActiveQueue, P::Offered];
    let cases = [
        (of_plan(false), vec![]),
        (taken_up, vec![P::Cancelled]),
        (of_desk, vec![P::Cancelled, P::Assigned]),
    ];
    for (command, more) in cases {
        for from in P::ALL {
            let mut order = order_in(10, from);
            let mut duties = [duty_for(&order), duty(1)];
            let (before, were) = (order.clone(), duties.clone());
            let answer = carry_out(&mut order, &mut duties, &command, after(1));
            if waiting.contains(&from) || more.contains(&from) {
                assert!(answer.is_ok(), "{from:?}: {answer:?}");
                assert_eq!((order.state.phase(), order.reserved), (P::Matching, Some(reservation)));
                assert_eq!(order.version, before.version + 1, "{from:?}: one change");
                assert!(duties.iter().all(|duty| duty.state.order().is_none()), "{from:?}");
            } else {
                assert!(answer.is_err(), "{from:?}");
                assert_eq!((order, duties), (before, were), "{from:?}");
            }
        }
    }
}

#[test]
fn what_is_refused_takes_an_order_from_nobody_and_takes_none_up_again() {
    let reservation = Reservation { courier: passenger(), at: after(7_200) };
    let (by, reason) = (id(2), String::new());
    let off = Duty { state: DutyState::Offline, ..duty(1) };
    for command in [
        OrderCommand::Reserve { reservation, by, reason: reason.clone() },
        OrderCommand::AssignWaiting { courier: courier(1), takes_up: true, by, reason },
    ] {
        for from in [P::Assigned, P::Cancelled] {
            let mut order = order_in(10, from);
            let before = order.clone();
            let mut duties = [duty_for(&order), off.clone()];
            assert!(carry_out(&mut order, &mut duties, &command, after(1)).is_err(), "{from:?}");
            assert_eq!(order, before, "{from:?}");
        }
    }
    let mut called_off = order_in(10, P::Cancelled);
    let command =
        OrderCommand::AssignWaiting { courier: courier(1), takes_up: true, by, reason: String::new() };
    carry_out(&mut called_off, &mut [duty(1)], &command, after(1)).unwrap();
    assert_eq!(called_off.state.courier(), Some(courier(1)));
}

#[test]
fn an_order_is_given_to_somebody_else_while_its_courier_is_under_way_and_costs_nothing() {
    let mut order = order_in(10, P::ArrivedWaiting);
    let mut duties = [duty_for(&order), duty(1)];
    let command =
        crate::dispatch::OrderCommand::Assign { courier: courier(1), by: id(2), reason: String::new() };
    carry_out(&mut order, &mut duties, &command, after(600)).unwrap();
    assert_eq!((order.milestones.cancel_fee, order.milestones.waited.ms()), (None, 0));
    assert_eq!((duties[0].state.order(), duties[1].state.order()), (None, Some(order.id)));
}

#[test]
fn staff_cannot_give_it_to_somebody_who_is_off_busy_or_has_no_seats() {
    let assign =
        crate::dispatch::OrderCommand::Assign { courier: courier(1), by: id(2), reason: String::new() };
    let refused = |change: &dyn Fn(&mut crate::dispatch::Duty)| {
        let mut order = order_in(10, P::ActiveQueue);
        order.draft.extras.companion = true;
        let mut other = duty(1);
        change(&mut other);
        let before = order.clone();
        let answer = carry_out(&mut order, &mut [other], &assign, NOW).map(|_| ());
        assert_eq!(order, before);
        answer.unwrap_err()
    };
    use crate::dispatch::DutyState as D;
    let illegal = |state| Rejection::IllegalTransition { action: "give the courier the order", state };
    assert_eq!(refused(&|duty| duty.state = D::Offline), illegal("offline"));
    assert_eq!(refused(&|duty| duty.state = D::Paused), illegal("paused"));
    assert_eq!(refused(&|duty| duty.state = D::OnTrip { order: id(11) }), illegal("on_trip"));
    assert_eq!(
        refused(&|duty| duty.vehicle.capacity.slots = 1),
        Rejection::Invalid { field: "driver_id", reason: "has no room for the order" }
    );
    let mut order = order_in(10, P::ActiveQueue);
    assert_eq!(carry_out(&mut order, &mut [], &assign, NOW).unwrap_err(), illegal("offline"));
}
