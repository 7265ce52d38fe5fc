//! Which pairs match, with which plan, and which reason the others get.

use super::*;
use crate::market::trip::{TripCommand, TripState};
use crate::matching::{Need, Reason, feasible, fit};

fn plan(trip: &Trip, package: &Package) -> Result<Plan, Reason> {
    feasible(&trip_entry(trip), &package_entry(package), NOW)
}

fn code(trip: &Trip, package: &Package) -> String {
    plan(trip, package).expect_err("no match").code()
}

fn reserve(trip: &mut Trip, legs: LegSpan, load: Load, detour_min: u32) {
    let event = trip.decide(&TripCommand::Reserve { legs, load, detour_min }, NOW).expect("there is room");
    trip.apply(&event);
}

#[test]
fn a_package_rides_the_legs_between_its_places() {
    let trip = trip(1, &[("Alfa", 1), ("Bravo", 3), ("Charlie", 5), ("Delta", 7)]);
    let plan = plan(&trip, &package("Bravo", "Charlie")).expect("a match");
    assert_eq!(plan.legs, LegSpan { from: 1, to: 2 });
    assert_eq!(plan.pickup, HandOver { place: id("Bravo"), at: hour(3) });
    assert_eq!(plan.dropoff, HandOver { place: id("Charlie"), at: hour(5) });
    assert_eq!((plan.detour_min, plan.detour_m, plan.room_left_g), (0, 0, 10_000));
}

#[test]
fn every_rejection_has_its_reason() {
    let on_way = trip(1, &[("Alfa", 1), ("Bravo", 3), ("Charlie", 5)]);
    let there = package("Alfa", "Charlie");

    let mut own = there.clone();
    own.sender = on_way.courier;
    assert_eq!(code(&on_way, &own), "self");

    let other_trip = Trip { id: trip_id(9), ..on_way.clone() };
    let mut declined = there.clone();
    let declining = RequestState::Declined { at: NOW, reason: None };
    declined.requests.push(request(&other_trip, Origin::Engine, declining));
    assert_eq!(code(&on_way, &declined), "declined_before", "no other trip of that courier either");

    let mut expired = there.clone();
    expired.requests.push(request(&on_way, Origin::Engine, RequestState::Expired { at: NOW }));
    assert_eq!(code(&on_way, &expired), "lapsed");
    assert!(plan(&other_trip, &expired).is_ok(), "another trip of a courier who did not answer");

    let mut asked = there.clone();
    asked.requests.push(request(&on_way, Origin::Engine, RequestState::Pending));
    assert_eq!(code(&on_way, &asked), "requested");

    for state in [TripState::Cancelled { at: NOW }, TripState::Completed { at: NOW }] {
        assert_eq!(code(&Trip { state, ..on_way.clone() }, &there), "not_live");
    }
    assert_eq!(code(&on_way, &package("Alfa", "Delta")), "off_route");
    assert_eq!(code(&on_way, &package("Delta", "Far")), "off_route");
    assert_eq!(code(&on_way, &package("Charlie", "Alfa")), "order");

    let mut full = on_way.clone();
    reserve(&mut full, LegSpan { from: 1, to: 2 }, kg_exactly(9), 0);
    assert_eq!(code(&full, &there), "capacity:leg1");

    let far = detouring(2, &[("Alfa", 1), ("Delta", 6)], 30);
    let mut spent = far.clone();
    reserve(&mut spent, LegSpan { from: 0, to: 1 }, kg_exactly(1), 25);
    assert_eq!(code(&spent, &package("Alfa", "Northtown")), "detour:+9min>5");
    assert!(plan(&far, &package("Alfa", "Northtown")).is_ok());
}

fn kg_exactly(kg: u32) -> Load {
    Load { weight_g: kg * 1_000, volume_ml: 0, slots: 0 }
}

#[test]
fn codes_are_those_of_the_public_contract() {
    let table = [
        (Reason::OwnPackage, "self"),
        (Reason::DeclinedBefore, "declined_before"),
        (Reason::NotLive, "not_live"),
        (Reason::OffRoute, "off_route"),
        (Reason::Order, "order"),
        (Reason::Time, "time"),
        (Reason::Capacity { leg: 3 }, "capacity:leg3"),
        (Reason::Detour { needs_min: 41, budget_min: 30 }, "detour:+41min>30"),
        (Reason::Busy, "busy"),
        (Reason::Cut { limit: 64 }, "cut:beyond_64"),
        (Reason::Requested, "requested"),
    ];
    for (reason, code) in table {
        assert_eq!(reason.code(), code);
        assert_eq!(code.split(':').next(), Some(reason.kind()));
        assert!(reason.text_en().ends_with('.') && reason.text_ru().ends_with('.'));
    }
}

#[test]
fn the_window_holds_at_the_places_of_the_package() {
    // Bravo at 3, Charlie at 5; the trip itself lasts from 1 to 9.
    let trip = trip(1, &[("Alfa", 1), ("Bravo", 3), ("Charlie", 5), ("Delta", 9)]);
    let table = [
        // ready at, deliver by, matches
        (2, 6, true),
        (3, 5, true),
        (4, 6, false),
        (2, 4, false),
    ];
    for (ready, due, matches) in table {
        let mut package = package("Bravo", "Charlie");
        (package.draft.ready_at, package.draft.deliver_by) = (hour(ready), hour(due));
        let found = plan(&trip, &package);
        assert_eq!(found.is_ok(), matches, "{ready}..{due}");
        assert_eq!(found.err(), (!matches).then_some(Reason::Time));
    }
}

#[test]
fn a_pickup_that_has_passed_is_too_late() {
    let trip = trip_entry(&trip(1, &[("Alfa", 1), ("Bravo", 3), ("Charlie", 5)]));
    let (from_alfa, from_bravo) =
        (package_entry(&package("Alfa", "Charlie")), package_entry(&package("Bravo", "Charlie")));
    assert!(feasible(&trip, &from_alfa, hour(0)).is_ok());
    assert_eq!(feasible(&trip, &from_alfa, hour(1)), Err(Reason::Time));
    assert!(feasible(&trip, &from_bravo, hour(1)).is_ok(), "under way, but not there yet");
}

#[test]
fn a_courier_who_waits_at_a_stop_takes_what_comes_meanwhile() {
    let mut trip = trip(1, &[("Alfa", 1), ("Bravo", 3), ("Charlie", 9)]);
    trip.draft.stops[1].depart = hour(7);
    let mut package = package("Bravo", "Charlie");
    package.draft.ready_at = hour(5);
    assert_eq!(plan(&trip, &package).expect("a match").pickup.at, hour(7));
    package.draft.ready_at = hour(8);
    assert_eq!(code(&trip, &package), "time");
    // Delivered when the courier gets there, not when the courier goes on.
    let mut to_bravo = super::package("Alfa", "Bravo");
    to_bravo.draft.deliver_by = hour(4);
    assert_eq!(plan(&trip, &to_bravo).expect("a match").dropoff.at, hour(3));
}

#[test]
fn room_counts_only_on_the_legs_in_between() {
    let mut trip = trip(1, &[("Alfa", 1), ("Bravo", 3), ("Charlie", 5), ("Delta", 7)]);
    reserve(&mut trip, LegSpan { from: 1, to: 2 }, kg_exactly(9), 0);
    reserve(&mut trip, LegSpan { from: 2, to: 3 }, kg_exactly(3), 0);
    let full = Err(Reason::Capacity { leg: 1 });
    let table = [
        ("Alfa", "Bravo", Ok(10_000)),
        ("Charlie", "Delta", Ok(7_000)),
        ("Bravo", "Charlie", full),
        ("Alfa", "Delta", full),
        ("Bravo", "Delta", full),
    ];
    for (from, to, room) in table {
        assert_eq!(plan(&trip, &package(from, to)).map(|plan| plan.room_left_g), room, "{from} {to}");
    }
    let mut light = package("Alfa", "Delta");
    light.draft.load.weight_g = 500;
    assert_eq!(plan(&trip, &light).map(|plan| plan.room_left_g), Ok(1_000), "that of the fullest leg");
}

#[test]
fn every_dimension_of_the_load_counts() {
    let mut trip = trip(1, &[("Alfa", 1), ("Bravo", 3)]);
    trip.left[0] = Load { weight_g: 2_000, volume_ml: 500, slots: 1 };
    let fits = |load| {
        let mut package = package("Alfa", "Bravo");
        package.draft.load = load;
        plan(&trip, &package).is_ok()
    };
    assert!(fits(Load { weight_g: 2_000, volume_ml: 500, slots: 1 }));
    assert!(!fits(Load { weight_g: 2_001, volume_ml: 500, slots: 1 }));
    assert!(!fits(Load { weight_g: 2_000, volume_ml: 501, slots: 1 }));
    assert!(!fits(Load { weight_g: 2_000, volume_ml: 500, slots: 2 }));
}

#[test]
fn a_hand_over_off_the_way_takes_room_on_the_leg_it_leaves() {
    let trip = detouring(1, &[("Alfa", 1), ("Bravo", 3), ("Delta", 7)], 60);
    let found = plan(&trip, &package("Northtown", "Delta")).expect("a match");
    assert_eq!(found.legs, LegSpan { from: 1, to: 2 });
    let found = plan(&trip, &package("Alfa", "Northtown")).expect("a match");
    assert_eq!(found.legs, LegSpan { from: 0, to: 2 });
    let found = plan(&trip, &package("Northtown", "Charlie")).expect("both on one leg");
    assert_eq!((found.legs, found.detour_min), (LegSpan { from: 1, to: 2 }, 12 + 5), "detours add up");
    assert_eq!(
        code(&trip, &package("Charlie", "Northtown")),
        "order",
        "both on one leg, the wrong way round"
    );
}

#[test]
fn the_budget_is_measured_against_the_trip_as_published() {
    let mut trip = detouring(1, &[("Alfa", 1), ("Delta", 6)], 15);
    let to_north = package("Alfa", "Northtown");
    let first = plan(&trip, &to_north).expect("a match");
    reserve(&mut trip, first.legs, to_north.draft.load, first.detour_min);
    // Although the courier now goes there anyway, the second parcel takes its own share of what was promised.
    assert_eq!(plan(&trip, &to_north), Err(Reason::Detour { needs_min: 9, budget_min: 6 }));
    let event = trip
        .decide(
            &TripCommand::Release {
                legs: first.legs,
                load: to_north.draft.load,
                detour_min: first.detour_min,
            },
            NOW,
        )
        .unwrap();
    trip.apply(&event);
    assert_eq!(plan(&trip, &to_north), Ok(first), "what is given back can be used again");
}

#[test]
fn the_reason_is_that_of_the_anchors_that_came_nearest() {
    // Alfa, Charlie, Alfa, Charlie: Charlie comes before and after the second Alfa.
    let mut trip = trip(1, &[("Charlie", 1), ("Alfa", 3), ("Bravo", 5), ("Charlie", 7)]);
    let mut package = package("Alfa", "Charlie");
    package.draft.deliver_by = hour(6);
    assert_eq!(code(&trip, &package), "time", "time fails later than order");
    package.draft.deliver_by = hour(8);
    trip.left[2] = kg(1);
    assert_eq!(code(&trip, &package), "capacity:leg2", "room fails later than order");
    trip.left[2] = kg(10);
    assert!(plan(&trip, &package).is_ok());
}

#[test]
fn the_least_detour_wins_then_the_earliest_dropoff_then_the_fewest_legs() {
    let trip = detouring(1, &[("Alfa", 1), ("Charlie", 4), ("Alfa", 8), ("Charlie", 11)], 60);
    let found = plan(&trip, &package("Alfa", "Charlie")).expect("a match");
    assert_eq!((found.legs, found.dropoff.at), (LegSpan { from: 0, to: 1 }, hour(4)));
    // Mid has Alfa in its zone: on the way out Alfa is free, Mid itself costs a detour.
    let found = plan(&trip, &package("Mid", "Charlie")).expect("a match");
    assert_eq!((found.pickup.place, found.detour_min), (id("Alfa"), 0));
    let twice = super::trip(1, &[("Alfa", 1), ("Bravo", 3), ("Alfa", 5), ("Charlie", 8)]);
    let found = plan(&twice, &package("Alfa", "Charlie")).expect("a match");
    assert_eq!(found.legs, LegSpan { from: 2, to: 3 });
}

#[test]
fn people_may_come_back_to_what_they_turned_down() {
    let trip = trip(1, &[("Alfa", 1), ("Bravo", 3)]);
    let mut package = package("Alfa", "Bravo");
    package.requests.push(request(&trip, Origin::Engine, RequestState::Declined { at: NOW, reason: None }));
    let entry = package_entry(&package);
    assert!(fit(&trip_entry(&trip), &entry.need(), NOW).is_ok());
    let (from, to) = (only("Alfa"), only("Bravo"));
    assert!(fit(&trip_entry(&trip), &Need::to_pass(&from, &to), NOW).is_ok());
}
