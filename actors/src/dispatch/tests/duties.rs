//! Every state of a duty with every command: the table of the page.

use super::fixture::{NOW, after, courier, duty, id, rows, vehicle};
use crate::dispatch::{Duty, DutyCommand, DutyPhase, DutyState, Vehicle};
use crate::rejection::Rejection;

fn state(phase: DutyPhase) -> DutyState {
    let order = id(10);
    match phase {
        DutyPhase::Offline => DutyState::Offline,
        DutyPhase::OnlineIdle => DutyState::Idle,
        DutyPhase::Offered => DutyState::Offered { order, offer: id(900) },
        DutyPhase::EnrouteToPickup => DutyState::ToPickup { order },
        DutyPhase::OnTrip => DutyState::OnTrip { order },
        DutyPhase::Paused => DutyState::Paused,
    }
}

fn commands(order: u128, ask_paused: bool) -> [DutyCommand; 8] {
    let order = id(order);
    [
        DutyCommand::GoOnline { vehicle: vehicle(), region: id(50) },
        DutyCommand::GoOffline,
        DutyCommand::Pause,
        DutyCommand::Resume,
        DutyCommand::Offer { order, offer: id(900), ask_paused },
        DutyCommand::Take { order, ask_paused },
        DutyCommand::Board { order },
        DutyCommand::Free { order },
    ]
}

fn answer(before: &Duty, command: &DutyCommand) -> String {
    match before.decide(command, after(1)) {
        Ok(None) => "already".to_owned(),
        Ok(Some(event)) => {
            let mut duty = before.clone();
            duty.apply(&event);
            assert_eq!(duty.version, before.version + 1);
            duty.state.phase().word().to_owned()
        }
        Err(Rejection::IllegalTransition { .. }) => "refused".to_owned(),
        Err(other) => panic!("{other:?}"),
    }
}

#[test]
fn the_duty_does_what_the_page_shows() {
    let rows = rows("### A courier's duty");
    assert_eq!(rows.len(), DutyPhase::ALL.len());
    for row in rows {
        let phase = DutyPhase::from_word(&row[0]).unwrap();
        let before = Duty { state: state(phase), ..duty(0) };
        for (command, expected) in commands(10, false).iter().zip(&row[1..]) {
            assert_eq!(answer(&before, command), *expected, "{phase:?}: {command:?}");
        }
    }
}

#[test]
fn another_order_changes_nothing_for_who_has_one() {
    for phase in [DutyPhase::Offered, DutyPhase::EnrouteToPickup, DutyPhase::OnTrip] {
        let before = Duty { state: state(phase), ..duty(0) };
        let answers = commands(11, true).map(|command| answer(&before, &command));
        assert_eq!(answers[4..], ["refused", "refused", "refused", "already"], "{phase:?}");
    }
}

#[test]
fn who_pauses_is_asked_only_where_that_is_the_policy() {
    let paused = Duty { state: DutyState::Paused, ..duty(0) };
    let answers = commands(10, true).map(|command| answer(&paused, &command));
    assert_eq!(answers[4..6], ["offered", "enroute_to_pickup"]);
}

#[test]
fn nobody_goes_on_duty_without_a_vehicle() {
    let with = |change: &dyn Fn(&mut Vehicle)| {
        let mut vehicle = vehicle();
        change(&mut vehicle);
        Duty::begin(courier(0), vehicle, id(50), NOW).map(|duty| duty.state)
    };
    let field = |answer: Result<DutyState, Rejection>| match answer {
        Err(Rejection::Invalid { field, .. }) => field,
        other => panic!("{other:?}"),
    };
    assert_eq!(with(&|_| ()), Ok(DutyState::Idle));
    assert_eq!(field(with(&|vehicle| vehicle.car_model = " ".to_owned())), "car_model");
    assert_eq!(field(with(&|vehicle| vehicle.plate_number.clear())), "plate_number");
    assert_eq!(field(with(&|vehicle| vehicle.plate_number = "1".repeat(101))), "plate_number");
    assert_eq!(field(with(&|vehicle| vehicle.capacity.slots = 0)), "capacity");
}

#[test]
fn who_is_free_may_change_the_vehicle() {
    let mut free = duty(0);
    let other = Vehicle { plate_number: "B 777 OP".to_owned(), ..vehicle() };
    let command = DutyCommand::GoOnline { vehicle: other.clone(), region: id(51) };
    let event = free.decide(&command, after(1)).unwrap().unwrap();
    free.apply(&event);
    assert_eq!((free.vehicle, free.region, free.state), (other, id(51), DutyState::Idle));
}
