//! Where couriers in town are right now: a grid of squares some 1.1 km wide, for anybody who looks for the
//! nearest.
//!
//! A position that is told replaces the one before. It knows nothing of trips or packages, and it forgets
//! nobody by itself: a search says how old a position may be.

use hashbrown::HashMap;

use crate::ids::UserId;
use crate::place::{Position, degrees, half_width};
use crate::time::Time;

/// The height of a square in degrees of latitude; its width is as many kilometres.
const SQUARE_DEGREES: f64 = 0.01;

/// A courier that a search found.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Nearby {
    /// The courier.
    pub courier: UserId,
    /// How far away, in kilometres of great circle.
    pub km: f64,
    /// When the courier was there.
    pub at: Time,
}

#[derive(Clone, Copy, Debug)]
struct Standing {
    courier: UserId,
    position: Position,
    at: Time,
}

/// Row and column.
type Square = (i32, i32);

/// Couriers by their last positions.
#[derive(Debug, Default)]
pub struct CourierGrid {
    squares: HashMap<Square, Vec<Standing>>,
    /// The square of each courier, and where in it.
    back: HashMap<UserId, (Square, u32)>,
}

impl CourierGrid {
    /// An empty grid.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How many couriers there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.back.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.back.is_empty()
    }

    /// A courier was seen somewhere. One seen later already stays where that was: `false`.
    pub fn upsert(&mut self, courier: UserId, position: Position, at: Time) -> bool {
        let square = square_of(position);
        let standing = Standing { courier, position, at };
        if let Some((known, n)) = self.back.get(&courier).copied() {
            let old = &mut self.squares.get_mut(&known).expect("a courier has a square")[n as usize];
            if old.at > at {
                return false;
            }
            if known == square {
                *old = standing;
                return true;
            }
            self.remove(courier);
        }
        let list = self.squares.entry(square).or_default();
        let n = u32::try_from(list.len()).expect("fewer than four billion couriers");
        list.push(standing);
        self.back.insert(courier, (square, n));
        true
    }

    /// A courier is gone. `false` when nothing was known of the courier.
    pub fn remove(&mut self, courier: UserId) -> bool {
        let Some((square, n)) = self.back.remove(&courier) else { return false };
        let list = self.squares.get_mut(&square).expect("a courier has a square");
        list.swap_remove(n as usize);
        if let Some(moved) = list.get(n as usize) {
            self.back.insert(moved.courier, (square, n));
        } else if list.is_empty() {
            self.squares.remove(&square);
        }
        true
    }

    /// Couriers within the radius who were seen at `since` or later: the nearest first, then by id; at most
    /// `limit`.
    #[must_use]
    pub fn nearest(&self, to: Position, radius_km: f64, since: Time, limit: usize) -> Vec<Nearby> {
        self.nearest_of(to, radius_km, since, limit, |_| true)
    }

    /// The same, of those couriers alone who are wanted.
    #[must_use]
    pub fn nearest_of(
        &self,
        to: Position,
        radius_km: f64,
        since: Time,
        limit: usize,
        is_wanted: impl Fn(UserId) -> bool,
    ) -> Vec<Nearby> {
        let mut found: Vec<Nearby> = Vec::new();
        for square in squares_around(to, radius_km) {
            let fresh = self.squares.get(&square).into_iter().flatten().filter(|one| one.at >= since);
            let near = fresh.map(|one| Nearby {
                courier: one.courier,
                km: to.distance_km(one.position),
                at: one.at,
            });
            found.extend(near.filter(|one| one.km <= radius_km && is_wanted(one.courier)));
        }
        let order = |a: &Nearby, b: &Nearby| a.km.total_cmp(&b.km).then_with(|| a.courier.cmp(&b.courier));
        if found.len() > limit && limit > 0 {
            found.select_nth_unstable_by(limit - 1, order);
        }
        found.truncate(limit);
        found.sort_unstable_by(order);
        found
    }
}

#[expect(clippy::cast_possible_truncation, reason = "at most 18 000 rows and 36 000 columns")]
fn square_of(at: Position) -> Square {
    let row = (at.lat / SQUARE_DEGREES).floor() as i32;
    let column = ((at.lon + 180.0) / width(row)).floor() as i32;
    (row, column.rem_euclid(columns(row)))
}

/// The width of the squares of a row, in degrees of longitude.
fn width(row: i32) -> f64 {
    let columns = f64::from(columns(row));
    360.0 / columns
}

/// How many squares go around the Earth in a row.
#[expect(clippy::cast_possible_truncation, reason = "at most 36 000")]
fn columns(row: i32) -> i32 {
    let lat = (f64::from(row) + 0.5) * SQUARE_DEGREES;
    ((360.0 / SQUARE_DEGREES * lat.to_radians().cos()).ceil() as i32).max(1)
}

/// Every square that the circle may touch.
#[expect(clippy::cast_possible_truncation, reason = "rows and columns of the grid")]
fn squares_around(at: Position, radius_km: f64) -> impl Iterator<Item = Square> {
    let reach = degrees(radius_km).min(180.0);
    let row = |lat: f64| (lat.clamp(-90.0, 90.0) / SQUARE_DEGREES).floor() as i32;
    let half_width = half_width(at.lat, reach).unwrap_or(180.0);
    (row(at.lat - reach)..=row(at.lat + reach)).flat_map(move |row| {
        let (width, all) = (width(row), columns(row));
        let first = ((at.lon - half_width + 180.0) / width).floor() as i32;
        let last = ((at.lon + half_width + 180.0) / width).floor() as i32;
        (0..(last - first + 1).min(all)).map(move |n| (row, (first + n).rem_euclid(all)))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    fn user(n: u128) -> UserId {
        Uuid::from_u128(n).into()
    }

    fn at(lat: f64, lon: f64) -> Position {
        Position { lat, lon }
    }

    const NEVER: Time = Time::from_ms(i64::MIN);

    fn names(found: &[Nearby]) -> Vec<UserId> {
        found.iter().map(|one| one.courier).collect()
    }

    #[test]
    fn the_nearest_come_first_and_no_more_than_asked_for() {
        let mut grid = CourierGrid::new();
        for (n, lat) in [(1, 55.76), (2, 55.751), (3, 55.80), (4, 56.5)] {
            assert!(grid.upsert(user(n), at(lat, 37.6), Time::from_ms(1)));
        }
        let here = at(55.75, 37.6);
        assert_eq!(names(&grid.nearest(here, 10.0, NEVER, 9)), [2, 1, 3].map(user));
        assert_eq!(names(&grid.nearest(here, 10.0, NEVER, 2)), [2, 1].map(user));
        assert_eq!(names(&grid.nearest(here, 10.0, NEVER, 0)), []);
    }

    #[test]
    fn only_the_last_position_counts_whatever_the_order_of_the_news() {
        let mut grid = CourierGrid::new();
        assert!(grid.upsert(user(1), at(55.75, 37.6), Time::from_ms(5)));
        assert!(grid.upsert(user(1), at(59.9, 30.3), Time::from_ms(9)));
        assert!(!grid.upsert(user(1), at(55.75, 37.6), Time::from_ms(7)), "old news");
        assert_eq!(names(&grid.nearest(at(55.75, 37.6), 5.0, NEVER, 9)), []);
        assert_eq!(names(&grid.nearest(at(59.9, 30.3), 5.0, Time::from_ms(9), 9)), [user(1)]);
        assert_eq!(names(&grid.nearest(at(59.9, 30.3), 5.0, Time::from_ms(10), 9)), [], "too long ago");
        assert!(grid.remove(user(1)) && !grid.remove(user(1)));
        assert!(grid.is_empty() && grid.squares.is_empty());
    }

    #[test]
    fn the_antimeridian_and_the_poles_divide_nobody() {
        let mut grid = CourierGrid::new();
        grid.upsert(user(1), at(0.0, 179.999), NEVER);
        grid.upsert(user(2), at(89.99, 10.0), NEVER);
        assert_eq!(names(&grid.nearest(at(0.0, -179.999), 1.0, NEVER, 9)), [user(1)]);
        assert_eq!(names(&grid.nearest(at(89.99, -170.0), 3.0, NEVER, 9)), [user(2)]);
    }

    proptest! {
        #[test]
        fn nobody_near_is_missed(
            moves in prop::collection::vec((0..30_u128, 55.5..56.0, 37.2..38.0, any::<bool>()), 1..120),
            (lat, lon) in (55.4..56.1, 37.0..38.2),
            radius_km in 0.1..30.0,
            limit in 0..20_usize,
        ) {
            let mut grid = CourierGrid::new();
            let mut known = std::collections::BTreeMap::new();
            for (n, lat, lon, stays) in moves {
                if stays {
                    grid.upsert(user(n), at(lat, lon), NEVER);
                    known.insert(user(n), at(lat, lon));
                } else {
                    prop_assert_eq!(grid.remove(user(n)), known.remove(&user(n)).is_some());
                }
            }
            prop_assert_eq!(grid.len(), known.len());
            let mut near: Vec<_> = known
                .into_iter()
                .map(|(courier, position)| (at(lat, lon).distance_km(position), courier))
                .filter(|(km, _)| *km <= radius_km)
                .collect();
            near.sort_by(|a, b| a.0.total_cmp(&b.0));
            near.truncate(limit);
            let found = grid.nearest(at(lat, lon), radius_km, NEVER, limit);
            prop_assert_eq!(names(&found), near.into_iter().map(|(_, courier)| courier).collect::<Vec<_>>());
        }
    }
}
