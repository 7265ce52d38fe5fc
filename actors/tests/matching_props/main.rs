//! The indexes against brute force: a second matching, written straight from the definition over trips and
//! packages, without anchors, postings or plans. Both must agree on every pair, in both directions, after
//! every change.

mod brute;
mod world;

use proptest::prelude::*;

use crate::world::{PLACE_COUNT, USERS, World};

/// Something that happens in the world. Numbers name trips and packages by their place in the list, modulo.
#[derive(Clone, Debug)]
enum Change {
    PublishTrip { courier: u128, car: bool, stops: Vec<(u32, i64, i64)>, room_g: u32, detour_min: u32 },
    RemoveTrip(usize),
    CancelTrip(usize),
    TakeRoom { trip: usize, from: usize, legs: usize, grams: u32, detour_min: u32 },
    GiveRoomBack(usize),
    PublishPackage { sender: u128, from: u32, to: u32, north: f64, grams: u32, ready_h: i64, due_h: i64 },
    RemovePackage(usize),
    Offer { package: usize, trip: usize },
    Answer { package: usize, decline: bool },
    PassTime(i64),
}

fn change() -> impl Strategy<Value = Change> {
    let stop = (1..=PLACE_COUNT, 1..20_i64, 0..5_i64);
    let trip = (1..=USERS, any::<bool>(), prop::collection::vec(stop, 2..6), 1_000..6_000_u32, 0..90_u32);
    let package =
        (1..=USERS, 1..=PLACE_COUNT, 1..=PLACE_COUNT, -0.08..0.08, 500..4_000_u32, 0..30_i64, 1..90_i64);
    prop_oneof![
        6 => trip.prop_map(|(courier, car, stops, room_g, detour_min)| Change::PublishTrip {
            courier, car, stops, room_g, detour_min
        }),
        1 => any::<usize>().prop_map(Change::RemoveTrip),
        1 => any::<usize>().prop_map(Change::CancelTrip),
        3 => (any::<usize>(), 0..5_usize, 1..4_usize, 500..4_000_u32, 0..40_u32).prop_map(
            |(trip, from, legs, grams, detour_min)| Change::TakeRoom { trip, from, legs, grams, detour_min }
        ),
        1 => any::<usize>().prop_map(Change::GiveRoomBack),
        6 => package.prop_map(|(sender, from, to, north, grams, ready_h, due_h)| Change::PublishPackage {
            sender, from, to, north, grams, ready_h, due_h
        }),
        1 => any::<usize>().prop_map(Change::RemovePackage),
        2 => (any::<usize>(), any::<usize>()).prop_map(|(package, trip)| Change::Offer { package, trip }),
        1 => (any::<usize>(), any::<bool>()).prop_map(|(package, decline)| Change::Answer { package, decline }),
        1 => (1..6_i64).prop_map(Change::PassTime),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn both_directions_find_exactly_the_pairs_of_the_definition(
        changes in prop::collection::vec(change(), 1..60),
    ) {
        let mut world = World::new();
        for (n, change) in changes.into_iter().enumerate() {
            world.apply(change);
            if n % 8 == 7 {
                world.check();
            }
        }
        world.check();
    }
}

/// To fetch a package from the middle of the city costs as much as to have it brought to the airport.
#[test]
fn of_two_equal_ways_the_one_is_taken_that_takes_less_of_the_budget() {
    let mut world = World::new();
    let trip = Change::PublishTrip {
        courier: 3,
        car: true,
        stops: vec![(15, 6, 3), (9, 7, 0)],
        room_g: 3_509,
        detour_min: 72,
    };
    let package = Change::PublishPackage {
        sender: 1,
        from: 1,
        to: 5,
        north: -0.056,
        grams: 500,
        ready_h: 0,
        due_h: 19,
    };
    for change in [package, trip] {
        world.apply(change);
    }
    world.check();
}
