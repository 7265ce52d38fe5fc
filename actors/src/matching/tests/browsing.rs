//! Browsing in steps finds what a walk over all trips finds, also when it is continued and when trips come
//! and go.

use super::*;
use crate::matching::{Browsing, TripIndex};

const WAYS: [&[&str]; 6] = [
    &["Alfa", "Bravo"],
    &["Bravo", "Alfa"],
    &["Alfa", "Bravo", "Charlie"],
    &["Alfa", "Bravo", "Alfa", "Delta"],
    &["Near", "Delta"],
    &["Charlie", "Near", "Alfa"],
];

/// Trips over some two hundred hours.
fn trips(count: u128) -> Vec<Trip> {
    let one = |n: u128| {
        let (way, start) = (WAYS[n as usize % WAYS.len()], 1 + (n * 37 % 199) as i64);
        let stops: Vec<_> = way.iter().copied().zip((start..).step_by(3)).collect();
        let mut trip = trip(n, &stops);
        if n.is_multiple_of(11) {
            trip.left.iter_mut().for_each(|left| *left = kg(1));
        }
        trip
    };
    (1..=count).map(one).collect()
}

fn index_of(trips: &[Trip]) -> TripIndex {
    let mut index = TripIndex::over(world());
    for trip in trips {
        index.upsert(trip_entry(trip));
    }
    index
}

/// The definition, trip by trip.
fn expected(trips: &[Trip], from: Option<&str>, to: Option<&str>, since: Time) -> Vec<(Time, TripId)> {
    let one = |trip: &Trip| {
        let stops = &trip.draft.stops;
        let start = stops.iter().position(|stop| from.is_none_or(|from| stop.place == id(from)))?;
        let passes = to.is_none_or(|to| stops[start + 1..].iter().any(|stop| stop.place == id(to)));
        let has_room = trip.left.iter().any(|left| kg(2).fits(*left));
        let leaves = stops[start].depart;
        (passes && has_room && leaves >= since).then_some((leaves, trip.id))
    };
    let mut found: Vec<_> = trips.iter().filter_map(one).collect();
    found.sort_unstable();
    found
}

fn browsing(from: Option<&str>, to: Option<&str>, since: Time) -> Browsing {
    Browsing::new(from.map(id), to.map(id), kg(2), since, world())
}

fn found(browsing: Browsing, is_all: bool) -> Vec<(Time, TripId)> {
    browsing.into_found(is_all).iter().map(|one| (one.leaves, one.trip)).collect()
}

/// Goes on as often as it takes, with a new look each time; and how many looks that were.
fn in_parts(
    index: &TripIndex,
    from: Option<&str>,
    to: Option<&str>,
    since: Time,
) -> (Vec<(Time, TripId)>, u32) {
    let (mut all, mut since, mut looks) = (Vec::new(), since, 0);
    loop {
        looks += 1;
        let mut part = browsing(from, to, since);
        let is_all = loop {
            if !part.step(index) {
                break true;
            }
            if part.is_enough(300, 100) {
                break false;
            }
        };
        since = part.seen_until();
        all.extend(found(part, is_all));
        if is_all {
            return (all, looks);
        }
    }
}

#[test]
fn everything_is_found_once_and_in_order_at_once_and_in_parts() {
    let trips = trips(3_000);
    let index = index_of(&trips);
    let ends = [None, Some("Alfa"), Some("Bravo"), Some("Near"), Some("Big")];
    for (from, to) in ends.iter().flat_map(|from| ends.iter().map(move |to| (*from, *to))) {
        for since in [NOW, hour(50), hour(50) + Span::from_ms(1), hour(50) + Span::minutes(59), hour(300)] {
            let expected = expected(&trips, from, to, since);
            let mut whole = browsing(from, to, since);
            while whole.step(&index) {}
            assert_eq!(found(whole, true), expected, "{from:?} {to:?} {since}");
            assert_eq!(in_parts(&index, from, to, since).0, expected, "{from:?} {to:?} {since} in parts");
        }
    }
    for from in [None, Some("Alfa")] {
        assert!(in_parts(&index, from, None, NOW).1 > 5, "one look is not enough");
    }
}

#[test]
fn many_who_leave_in_the_same_minute_hold_nothing_up() {
    let mut trips: Vec<Trip> = (1..=2_000).map(|n| trip(n, &[("Alfa", 5), ("Bravo", 8)])).collect();
    trips.push(trip(2_001, &[("Alfa", 9), ("Bravo", 12)]));
    let index = index_of(&trips);
    for from in [None, Some("Alfa")] {
        assert_eq!(
            in_parts(&index, from, None, hour(5)).0,
            expected(&trips, from, None, hour(5)),
            "{from:?}"
        );
    }
}

#[test]
fn what_comes_and_goes_between_two_steps_hides_nothing_else() {
    let trips = trips(3_000);
    for from in [None, Some("Alfa")] {
        let mut index = index_of(&trips);
        let mut whole = browsing(from, None, NOW);
        assert!(whole.step(&index));
        let gone: Vec<TripId> = expected(&trips, from, None, NOW).iter().take(30).map(|one| one.1).collect();
        for id in &gone {
            index.remove(*id);
        }
        while whole.step(&index) {
            assert!(index.upsert(trip_entry(&trip(9_000, &[("Alfa", 1), ("Bravo", 3)]))));
        }
        let mut found = found(whole, true);
        found.retain(|one| !gone.contains(&one.1) && one.1 != trip_id(9_000));
        let mut expected = expected(&trips, from, None, NOW);
        expected.retain(|one| !gone.contains(&one.1));
        assert_eq!(found, expected, "{from:?}");
    }
}
