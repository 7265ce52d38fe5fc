//! What a package costs by the ways that are known, and through a town.

use super::*;
use crate::matching::{Aboard, Need, Question, Reason, Way, Ways, fit};
use crate::place::PlaceIndex;

fn index(name: &str) -> PlaceIndex {
    world().index_of(id(name)).expect("a place of the world")
}

/// A question about a package between exactly these places.
fn question(trip: &Trip, from: &str, to: &str, in_town: bool) -> Question {
    let (pickups, dropoffs) = (only(from), only(to));
    let need =
        Need { pickups: &pickups, dropoffs: &dropoffs, load: kg(2), ready_at: NOW, deliver_by: hour(48) };
    let trip = trip_entry(trip);
    let plan = fit(&trip, &need, NOW).expect("a match");
    Question { trip, plan, aboard: Vec::new(), in_town, gazetteer: world() }
}

/// The same there and back.
fn ways(known: &[(&str, &str, u32, u32)]) -> Ways {
    let both = known.iter().flat_map(|(from, to, seconds, metres)| {
        let way = Way { seconds: *seconds, metres: *metres };
        [((index(from), index(to)), way), ((index(to), index(from)), way)]
    });
    both.collect()
}

const ROADS: [(&str, &str, u32, u32); 3] =
    [("Alfa", "Big", 600, 9_000), ("Big", "Bravo", 6_600, 112_000), ("Alfa", "Bravo", 6_000, 105_000)];

/// A river between Near and Mid, with a bridge far away.
const TOWN: [(&str, &str, u32, u32); 6] = [
    ("Alfa", "Far", 1_000, 20_000),
    ("Alfa", "Near", 500, 5_000),
    ("Near", "Far", 600, 16_000),
    ("Alfa", "Mid", 600, 8_000),
    ("Mid", "Far", 500, 14_000),
    ("Near", "Mid", 2_000, 30_000),
];

#[test]
fn between_cities_known_ways_replace_the_great_circle() {
    let trip = detouring(1, &[("Alfa", 1), ("Bravo", 3)], 60);
    let asked = question(&trip, "Big", "Bravo", false);
    let mut wanted = asked.journeys();
    wanted.sort_unstable();
    let mut needed =
        [("Alfa", "Big"), ("Big", "Bravo"), ("Alfa", "Bravo")].map(|(a, b)| (index(a), index(b)));
    needed.sort_unstable();
    assert_eq!(wanted, needed);
    let plan = asked.answer(&ways(&ROADS)).expect("there is time");
    assert_eq!((plan.detour_min, plan.detour_m), (20 + 5, 16_000));
    assert_eq!(Plan { detour_min: asked.plan.detour_min, detour_m: asked.plan.detour_m, ..plan }, asked.plan);
    assert_eq!(asked.answer(&ways(&ROADS[..2])), Ok(asked.plan), "a way is missing");
}

#[test]
fn a_known_way_may_be_too_long_for_the_budget() {
    let trip = detouring(1, &[("Alfa", 1), ("Bravo", 3)], 24);
    let asked = question(&trip, "Big", "Bravo", false);
    assert!(asked.plan.detour_min <= 24, "by the great circle there was time");
    assert_eq!(asked.answer(&ways(&ROADS)), Err(Reason::Detour { needs_min: 25, budget_min: 24 }));
}

#[test]
fn who_walks_is_not_measured_on_roads_for_cars() {
    let mut trip = detouring(1, &[("Alfa", 1), ("Big", 9)], 300);
    trip.draft.transport = Transport::Foot;
    let asked = question(&trip, "Near", "Big", false);
    assert!(asked.is_open() && !asked.is_by_road());
    assert_eq!(asked.answer(&ways(&ROADS)), Ok(asked.plan));
}

#[test]
fn in_town_two_stops_on_one_leg_may_cost_more_than_their_sum() {
    let trip = detouring(1, &[("Alfa", 1), ("Far", 3)], 60);
    let plan = question(&trip, "Near", "Mid", true).answer(&ways(&TOWN)).expect("there is time");
    // 500 + 2 000 + 500 s instead of 1 000, and two hand-overs. Alone, each end costs 100 s.
    assert_eq!((plan.detour_min, plan.detour_m), (44, 29_000));
    let hurried = detouring(1, &[("Alfa", 1), ("Far", 3)], 43);
    let answer = question(&hurried, "Near", "Mid", true).answer(&ways(&TOWN));
    assert_eq!(answer, Err(Reason::Detour { needs_min: 44, budget_min: 43 }));
}

#[test]
fn in_town_the_whole_route_is_driven_with_what_rides_already() {
    let trip = detouring(1, &[("Alfa", 1), ("Far", 3)], 60);
    let mut asked = question(&trip, "Near", "Mid", true);
    asked.aboard.push(Aboard::of(&asked.plan));
    let plan = asked.answer(&ways(&TOWN)).expect("the courier goes there anyway");
    assert_eq!((plan.detour_min, plan.detour_m), (10, 0), "two more hand-overs");
    let hurried = detouring(1, &[("Alfa", 1), ("Far", 3)], 50);
    let answer = Question { trip: trip_entry(&hurried), ..asked }.answer(&ways(&TOWN));
    assert_eq!(answer, Err(Reason::Detour { needs_min: 10, budget_min: 6 }), "the first one has used 44");
}

#[test]
fn in_town_only_the_legs_of_the_plan_are_used() {
    let trip = detouring(1, &[("Alfa", 1), ("Far", 2), ("Alfa", 3)], 90);
    let asked = question(&trip, "Near", "Far", true);
    assert_eq!(asked.plan.legs, LegSpan { from: 0, to: 1 });
    let plan = asked.answer(&ways(&TOWN)).expect("there is time");
    assert_eq!((plan.detour_min, plan.detour_m), (100_u32.div_ceil(60) + 5, 1_000));
}

#[test]
fn in_town_great_circles_stand_in_for_ways_that_nobody_knows() {
    let trip = detouring(1, &[("Alfa", 1), ("Far", 3)], 60);
    let plan = question(&trip, "Near", "Mid", true).answer(&Ways::default()).expect("there is time");
    assert_eq!((plan.detour_min, plan.detour_m), (10, 0), "both lie on the way");
}
