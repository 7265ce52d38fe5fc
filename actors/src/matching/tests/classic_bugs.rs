//! Five mistakes that matching engines make, each with a test that it is not made here. All go through the
//! index, so that neither it nor the exact check can make one alone.

use super::*;
use crate::market::trip::TripCommand;
use crate::matching::{PackageIndex, TripIndex};

/// Which trips the package may be proposed to; the other direction has to agree.
fn found(trips: &[&Trip], package: &Package) -> Vec<TripId> {
    let (mut index, mut waiting) = (TripIndex::over(world()), PackageIndex::over(world()));
    let entry = package_entry(package);
    waiting.upsert(entry.clone());
    for trip in trips {
        index.upsert(trip_entry(trip));
    }
    let found: Vec<TripId> = index.candidates(&entry, NOW, usize::MAX).iter().map(|one| one.trip).collect();
    for trip in trips {
        let has = !waiting.waiting_for(&trip_entry(trip), NOW, usize::MAX).is_empty();
        assert_eq!(has, found.contains(&trip.id), "both directions");
    }
    found
}

fn reserved(mut trip: Trip, legs: LegSpan, load: Load, detour_min: u32) -> Trip {
    let event = trip.decide(&TripCommand::Reserve { legs, load, detour_min }, NOW).expect("there is room");
    trip.apply(&event);
    trip
}

#[test]
fn the_budget_is_not_measured_against_a_way_that_detours_have_made_longer() {
    let to_north = package("Alfa", "Northtown");
    let fresh = detouring(1, &[("Alfa", 1), ("Delta", 6)], 15);
    assert_eq!(found(&[&fresh], &to_north), [trip_id(1)]);
    // The courier goes to Northtown anyway now. Measured against that way, a second parcel would cost
    // nothing.
    let legs = LegSpan { from: 0, to: 1 };
    let once = reserved(fresh, legs, kg(1), 9);
    assert_eq!(found(&[&once], &to_north), [], "6 of 15 minutes are left, 9 are needed");
}

#[test]
fn the_deadline_is_that_of_the_dropoff_and_not_of_the_end_of_the_trip() {
    let mut package = package("Alfa", "Bravo");
    package.draft.deliver_by = hour(4);
    let goes_on = trip(1, &[("Alfa", 1), ("Bravo", 3), ("Delta", 40)]);
    let late = trip(2, &[("Alfa", 1), ("Bravo", 5)]);
    assert_eq!(found(&[&goes_on, &late], &package), [trip_id(1)]);
    // And the start of the window is that of the pickup, not of the departure.
    let mut later = super::package("Charlie", "Delta");
    (later.draft.ready_at, later.draft.deliver_by) = (hour(20), hour(47));
    let comes_by = trip(3, &[("Alfa", 1), ("Charlie", 30), ("Delta", 40)]);
    assert_eq!(found(&[&comes_by], &later), [trip_id(3)]);
}

#[test]
fn the_budget_is_one_for_all_stops_and_not_one_for_each() {
    // Northtown costs 9 minutes, Bravo 5: each fits into 13, both do not.
    let both = package("Bravo", "Northtown");
    let way = [("Alfa", 1), ("Delta", 6)];
    assert_eq!(found(&[&detouring(1, &way, 13), &detouring(2, &way, 14)], &both), [trip_id(2)]);
}

#[test]
fn room_is_counted_on_legs_and_not_at_stops() {
    let way = [("Alfa", 1), ("Bravo", 3), ("Charlie", 5), ("Delta", 7)];
    let full_between = reserved(trip(1, &way), LegSpan { from: 1, to: 2 }, kg_of(9), 0);
    let through = package("Alfa", "Delta");
    assert_eq!(found(&[&full_between], &through), [], "room at both ends, none in between");
    // What leaves at a stop makes room for what comes in there.
    let full_before = reserved(trip(2, &way), LegSpan { from: 0, to: 2 }, kg_of(10), 0);
    assert_eq!(found(&[&full_before], &package("Charlie", "Delta")), [trip_id(2)]);
}

fn kg_of(kg: u32) -> Load {
    Load { weight_g: kg * 1_000, volume_ml: 0, slots: 0 }
}

#[test]
fn one_absurdly_long_trip_neither_hides_the_others_nor_gets_lost() {
    // Under way for four weeks, with a wait of three in the middle.
    let mut endless = trip(1, &[("Alfa", 1), ("Charlie", 24), ("Bravo", 650), ("Delta", 660)]);
    endless.draft.stops[1].depart = hour(600);
    let mut due_late = package("Charlie", "Delta");
    (due_late.draft.ready_at, due_late.draft.deliver_by) = (hour(300), hour(700));
    let short = trip(2, &[("Charlie", 400), ("Delta", 404)]);
    assert_eq!(found(&[&endless, &short], &due_late), [2, 1].map(trip_id), "soonest pickup first");
    let mut soon = package("Charlie", "Delta");
    soon.draft.deliver_by = hour(30);
    let quick = trip(3, &[("Charlie", 10), ("Delta", 14)]);
    assert_eq!(found(&[&endless, &quick], &soon), [trip_id(3)]);
}
