//! A grid over the Earth that tells which places can be near a point.
//!
//! It may name places that are too far, never misses one that is near, and computes no distances.

use super::Position;
use super::sphere::{degrees, half_width};

const ROWS: usize = 180;
const COLUMNS: usize = 360;

/// Cells of one degree by one degree, each with the indexes of its places.
pub(super) struct Grid {
    /// Where the places of each cell start in `indexes`; one more entry at the end.
    starts: Vec<u32>,
    indexes: Vec<u32>,
}

impl Grid {
    pub(super) fn new(positions: impl Iterator<Item = Position>) -> Self {
        let mut placed: Vec<(usize, u32)> = positions.map(cell).zip(0..).collect();
        placed.sort_unstable();
        let mut starts = vec![0; ROWS * COLUMNS + 1];
        for (cell, _) in &placed {
            starts[cell + 1] += 1;
        }
        for cell in 0..ROWS * COLUMNS {
            starts[cell + 1] += starts[cell];
        }
        Self { starts, indexes: placed.into_iter().map(|(_, index)| index).collect() }
    }

    /// Every place within the radius, and some beyond it.
    pub(super) fn around(&self, at: Position, radius_km: f64) -> impl Iterator<Item = u32> {
        let reach = Reach::new(at, radius_km);
        (reach.south..=reach.north).flat_map(move |row| {
            (reach.west..reach.west + reach.columns).flat_map(move |column| self.cell(row, column % COLUMNS))
        })
    }

    fn cell(&self, row: usize, column: usize) -> impl Iterator<Item = u32> {
        let cell = row * COLUMNS + column;
        let range = self.starts[cell] as usize..self.starts[cell + 1] as usize;
        self.indexes[range].iter().copied()
    }
}

/// The cells that a circle touches.
struct Reach {
    south: usize,
    north: usize,
    west: usize,
    columns: usize,
}

impl Reach {
    fn new(at: Position, radius_km: f64) -> Self {
        let radius = degrees(radius_km);
        let (south, north) = (row(at.lat - radius), row(at.lat + radius));
        let Some(width) = half_width(at.lat, radius) else {
            return Self { south, north, west: 0, columns: COLUMNS };
        };
        let west = (at.lon - width).floor();
        let columns = (at.lon + width).floor() - west + 1.0;
        Self { south, north, west: column(west), columns: (columns as usize).min(COLUMNS) }
    }
}

fn cell(at: Position) -> usize {
    row(at.lat) * COLUMNS + column(at.lon.floor())
}

// A float that does not fit becomes the nearest number that does, so a row is never out of the grid.
fn row(lat: f64) -> usize {
    ((lat.floor() + 90.0) as usize).min(ROWS - 1)
}

fn column(west: f64) -> usize {
    ((west + 180.0).rem_euclid(360.0) as usize) % COLUMNS
}

#[cfg(test)]
mod tests {
    use super::*;

    fn position(lat: f64, lon: f64) -> Position {
        Position::new(lat, lon).unwrap()
    }

    #[test]
    fn the_edges_of_the_earth_lie_in_the_grid() {
        for (lat, lon) in [(90.0, 180.0), (90.0, -180.0), (-90.0, 180.0), (-90.0, -180.0), (0.0, 179.999_99)]
        {
            let at = position(lat, lon);
            let grid = Grid::new([at].into_iter());
            assert_eq!(grid.around(at, 0.0).collect::<Vec<_>>(), [0]);
        }
    }

    #[test]
    fn a_small_circle_touches_few_cells() {
        let reach = Reach::new(position(55.5, 37.5), 30.0);
        assert!(reach.columns <= 2 && reach.north - reach.south <= 1);
    }

    #[test]
    fn a_circle_over_the_antimeridian_reaches_both_sides() {
        let grid = Grid::new([position(65.0, -179.9), position(65.0, 179.9)].into_iter());
        assert_eq!(grid.around(position(65.0, 179.95), 50.0).count(), 2);
        assert_eq!(grid.around(position(65.0, -179.95), 50.0).count(), 2);
    }

    #[test]
    fn a_circle_over_a_pole_goes_all_around() {
        let grid = Grid::new((-180..180).map(|lon| position(89.5, f64::from(lon))));
        assert_eq!(grid.around(position(89.9, 10.0), 120.0).count(), 360);
    }

    #[test]
    fn a_circle_of_the_whole_earth_names_each_place_once() {
        let grid = Grid::new((-180..180).map(|lon| position(f64::from(lon) / 2.0, f64::from(lon))));
        assert_eq!(grid.around(position(10.0, 10.0), 1e9).count(), 360);
    }
}
