//! The part of the map that somebody looks at, in squares: they are told of couriers in the squares of that
//! part and in one ring around it, so that nobody pops up at the edge.

use crate::place::Position;

/// The height and the width of a square, in degrees.
const SQUARE_DEGREES: f64 = 0.05;

/// Squares around the Earth.
const COLUMNS: i32 = 7_200;

/// Squares from a part of the map, its ring included.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Window {
    south: i32,
    north: i32,
    west: i32,
    /// How many columns to the east of `west`.
    columns: i32,
}

impl Window {
    /// The squares between two corners, and one ring around them. A part whose east is west of its west goes
    /// over the antimeridian. `None` where the south is north of the north.
    #[must_use]
    pub fn between(south_west: Position, north_east: Position) -> Option<Self> {
        if south_west.lat > north_east.lat {
            return None;
        }
        let (west, east) = (column(south_west), column(north_east));
        let columns = if south_west.lon <= north_east.lon {
            east - west + 1
        } else {
            (east - west).rem_euclid(COLUMNS) + 1
        };
        Some(Self {
            south: row(south_west) - 1,
            north: row(north_east) + 1,
            west: (west - 1).rem_euclid(COLUMNS),
            columns: (columns + 2).min(COLUMNS),
        })
    }

    /// Whether a position lies in one of its squares.
    #[must_use]
    pub fn holds(&self, at: Position) -> bool {
        (self.south..=self.north).contains(&row(at))
            && (column(at) - self.west).rem_euclid(COLUMNS) < self.columns
    }
}

#[expect(clippy::cast_possible_truncation, reason = "at most 3 600 rows")]
fn row(at: Position) -> i32 {
    (at.lat / SQUARE_DEGREES).floor() as i32
}

#[expect(clippy::cast_possible_truncation, reason = "at most 7 200 columns")]
fn column(at: Position) -> i32 {
    (((at.lon + 180.0) / SQUARE_DEGREES).floor() as i32).min(COLUMNS - 1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(lat: f64, lon: f64) -> Position {
        Position { lat, lon }
    }

    #[test]
    fn a_window_holds_its_squares_and_one_ring_around_them() {
        let town = Window::between(at(55.71, 37.51), at(55.79, 37.69)).unwrap();
        for (lat, lon, is_held) in [
            (55.75, 37.61, true),
            (55.66, 37.61, true),
            (55.64, 37.61, false),
            (55.84, 37.61, true),
            (55.86, 37.61, false),
            (55.75, 37.46, true),
            (55.75, 37.44, false),
            (55.75, 37.74, true),
            (55.75, 37.76, false),
            (-55.75, 37.61, false),
        ] {
            assert_eq!(town.holds(at(lat, lon)), is_held, "{lat} {lon}");
        }
    }

    #[test]
    fn a_window_may_go_over_the_antimeridian_and_around_the_earth() {
        let strait = Window::between(at(65.0, 179.5), at(66.0, -179.5)).unwrap();
        assert!(strait.holds(at(65.5, 179.99)) && strait.holds(at(65.5, -179.99)));
        assert!(!strait.holds(at(65.5, 0.0)) && !strait.holds(at(65.5, 178.0)));
        let all = Window::between(at(-90.0, -180.0), at(90.0, 180.0)).unwrap();
        assert!(all.holds(at(0.0, 0.0)) && all.holds(at(90.0, 180.0)) && all.holds(at(-90.0, -180.0)));
        assert_eq!(Window::between(at(2.0, 0.0), at(1.0, 1.0)), None);
    }

    proptest! {
        #[test]
        fn what_is_between_the_corners_is_always_held(
            south in -89.0..89.0_f64, west in -180.0..180.0_f64, high in 0.0..1.0_f64, wide in 0.0..20.0_f64,
            up in 0.0..1.0_f64, along in 0.0..1.0_f64,
        ) {
            let over = |lon: f64| if lon > 180.0 { lon - 360.0 } else { lon };
            let window = Window::between(at(south, west), at(south + high, over(west + wide))).unwrap();
            prop_assert!(window.holds(at(south + high * up, over(west + wide * along))));
        }
    }
}
