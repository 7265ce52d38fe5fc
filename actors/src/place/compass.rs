//! Which way and how far other cells lie from a cell, told in few bits: what a posting remembers of a trip's
//! way.
//!
//! A way keeps its direction, so from any cell on it most of the rest lies in one or two sectors, however
//! long it is. A set of cells picked by a hash would fill up; a set of sectors does not.

/// The number of a cell.
pub type CellIndex = u16;

/// From here on a ring begins, in kilometres, with so many sectors. The first is the cell itself.
const RINGS: [(f64, u8); 4] = [(0.0, 1), (30.0, 7), (90.0, 9), (300.0, 8)];

/// How many sectors there are.
pub const SECTORS: u32 = 25;

/// A set of sectors around a cell.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Sectors(u32);

impl Sectors {
    /// Those of both sets.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The set as a number of [`SECTORS`] bits.
    #[must_use]
    pub const fn bits(self) -> u32 {
        self.0
    }
}

/// The sectors in which all cells lie, seen from one of them.
#[derive(Debug)]
pub struct Compass {
    /// By cell: the number of its sector.
    sectors: Box<[u8]>,
}

impl Compass {
    /// Seen from one of these points of the unit sphere.
    pub(super) fn new(from: [f64; 3], cells: impl Iterator<Item = ([f64; 3], f64)>) -> Self {
        Self { sectors: cells.map(|(to, km)| sector(from, to, km)).collect() }
    }

    /// The sector that a cell lies in.
    #[must_use]
    pub fn to(&self, cell: CellIndex) -> Sectors {
        Sectors(1 << self.sectors[usize::from(cell)])
    }
}

fn sector([x, y, z]: [f64; 3], [to_x, to_y, to_z]: [f64; 3], km: f64) -> u8 {
    let across = (x * x + y * y).sqrt();
    // At a pole every direction is as good as another.
    let (sin, cos) = if across > 0.0 { (y / across, x / across) } else { (0.0, 1.0) };
    let east = cos * to_y - sin * to_x;
    let north = across * to_z - z * (cos * to_x + sin * to_y);
    let turn = (east.atan2(north) / std::f64::consts::TAU).rem_euclid(1.0);
    let ring = RINGS.iter().rposition(|(start_km, _)| km >= *start_km).unwrap_or(0);
    let before: u8 = RINGS[..ring].iter().map(|(_, sectors)| sectors).sum();
    let sectors = RINGS[ring].1;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a number of few sectors")]
    let nth = (turn * f64::from(sectors)) as u8;
    before + nth.min(sectors - 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::place::Gazetteer;

    fn sectors_from(name: &str, to: &[&str]) -> Vec<u32> {
        let gazetteer = Gazetteer::bundled();
        let cell = |name| gazetteer.cell_of(gazetteer.index_of(gazetteer.find(name).unwrap().id).unwrap());
        let compass = gazetteer.compass(cell(name));
        to.iter().map(|name| compass.to(cell(name)).bits().trailing_zeros()).collect()
    }

    #[test]
    fn every_sector_has_a_number_of_its_own() {
        assert_eq!(RINGS.iter().map(|(_, sectors)| u32::from(*sectors)).sum::<u32>(), SECTORS);
    }

    #[test]
    fn far_ones_are_told_apart_by_direction() {
        let far = sectors_from("Москва", &["Санкт-Петербург", "Казань", "Ростов-на-Дону", "Новосибирск"]);
        assert!(far.iter().all(|sector| (17..25).contains(sector)), "{far:?}");
        assert!(far[0] > far[1] && far[2] > far[1], "clockwise from the north: {far:?}");
        assert_eq!(sectors_from("Москва", &["Москва"]), [0]);
    }

    #[test]
    fn near_ones_are_told_from_far_ones() {
        let sectors = sectors_from("Москва", &["Тверь", "Санкт-Петербург"]);
        assert!((8..17).contains(&sectors[0]) && sectors[1] >= 17, "{sectors:?}");
    }
}
