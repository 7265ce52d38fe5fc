//! What of a courier's positions others are told, and for how long anything of them is kept.

use proptest::prelude::*;

use super::fixture::*;
use crate::dispatch::track::{Fix, Sighting, TOLD_EVERY, TOLD_KM, Telling, Track};
use crate::dispatch::{Board, Settings};
use crate::place::Position;
use crate::time::Span;

fn settings() -> Settings {
    Settings::default()
}

/// So many metres north of the middle of town, so many milliseconds after the start.
fn fix(metres: f64, ms: i64) -> Fix {
    Fix { position: Position { lat: 55.75 + metres / 111_195.0, lon: 37.61 }, at: NOW + Span::from_ms(ms) }
}

fn told(fixes: &[(f64, i64)]) -> Vec<Telling> {
    let mut track = Track::default();
    let tell = |(metres, ms): &(f64, i64)| {
        assert_eq!(track.take(fix(*metres, *ms), &settings()), Sighting::Believed);
        track.tell(&settings())
    };
    fixes.iter().map(tell).collect()
}

#[test]
fn watchers_are_told_after_half_a_second_and_ten_metres_and_not_after_one_of_them() {
    let watchers =
        |fixes: &[(f64, i64)]| -> Vec<bool> { told(fixes).iter().map(|telling| telling.watchers).collect() };
    assert_eq!(watchers(&[(0.0, 0), (50.0, 499), (50.0, 500)]), [true, false, true]);
    assert_eq!(watchers(&[(0.0, 0), (9.9, 1_000), (10.1, 2_000)]), [true, false, true]);
    assert_eq!(
        watchers(&[(0.0, 0), (5.0, 1_000), (-5.0, 2_000), (0.0, 600_000)]),
        [true, false, false, false]
    );
}

#[test]
fn other_nodes_hear_again_of_a_courier_who_stands_still() {
    let nodes: Vec<bool> = told(&[(0.0, 0), (0.0, 29_999), (1.0, 30_000), (1.0, 59_000), (1.0, 60_000)])
        .iter()
        .map(|telling| telling.nodes)
        .collect();
    assert_eq!(nodes, [true, false, true, false, true]);
}

#[test]
fn a_position_is_forgotten_in_time_and_its_courier_is_not_silent_yet() {
    let mut board = Board::new();
    board.follow(duty(0));
    let courier = courier(0);
    board.locate(courier, fix(0.0, 0).position, NOW, &settings());
    board.locate(courier, fix(90_000.0, 0).position, NOW + Span::seconds(1), &settings());
    let at = |second| NOW + Span::seconds(second);
    assert_eq!(board.forget_old(&settings(), at(300)), []);
    assert!(board.fix(courier, &settings(), at(300)).is_some());
    assert!(board.fix(courier, &settings(), at(301)).is_none(), "not told any more, though still known");
    assert_eq!(board.forget_old(&settings(), at(301)), [courier]);
    assert_eq!(board.forget_old(&settings(), at(302)), []);
    let kept = format!("{:?}", board.get(courier).unwrap().track);
    assert!(!kept.contains("Position"), "the doubted one, too: {kept}");
    assert_eq!(board.silent(&settings(), at(900)), []);
    assert_eq!(board.silent(&settings(), at(902)), [courier], "counted from when they were heard last");
}

proptest! {
    /// A courier speaks to two nodes in turn; each tells the other at once. Nobody who watches, on either,
    /// is told too often or of too little, and none is told of anything that the other did not hear.
    #[test]
    fn watchers_on_all_nodes_are_told_sparingly(
        says in prop::collection::vec((0_i64..900, -30.0..30.0_f64, any::<bool>()), 1..200),
    ) {
        let settings = settings();
        let (mut nodes, mut seen) = ([Track::default(); 2], [Vec::<Fix>::new(), Vec::new()]);
        let (mut ms, mut metres) = (0, 0.0);
        for (later, further, first) in says {
            ms += later;
            metres += further;
            let fix = fix(metres, ms);
            let (here, there) = if first { (0, 1) } else { (1, 0) };
            if nodes[here].take(fix, &settings) != Sighting::Believed {
                continue;
            }
            let telling = nodes[here].tell(&settings);
            if telling.watchers {
                seen[here].push(fix);
            }
            if telling.nodes
                && nodes[there].take(fix, &settings) == Sighting::Believed
                && nodes[there].tell(&settings).watchers
            {
                seen[there].push(fix);
            }
        }
        for of_node in &seen {
            for pair in of_node.windows(2) {
                prop_assert!(pair[1].at.since(pair[0].at) >= TOLD_EVERY);
                prop_assert!(pair[0].position.distance_km(pair[1].position) >= TOLD_KM);
            }
        }
        prop_assert_eq!(&seen[0], &seen[1]);
    }

    #[test]
    fn nothing_of_a_position_outlives_its_time(
        says in prop::collection::vec((0_i64..200, -5_000.0..5_000.0_f64), 1..60), wait in 0_i64..600,
    ) {
        let (settings, mut track, mut ms) = (settings(), Track::default(), 0);
        for (later, metres) in says {
            ms += later * 1_000;
            if track.take(fix(metres, ms), &settings) == Sighting::Believed {
                track.tell(&settings);
            }
        }
        let now = NOW + Span::from_ms(ms) + Span::seconds(wait);
        track.forget(now - settings.position_fresh());
        if wait > 300 {
            let kept = Track::default();
            prop_assert_eq!(track.last(), kept.last());
            prop_assert!(!format!("{track:?}").contains("Position"), "{:?}", track);
        }
    }
}
