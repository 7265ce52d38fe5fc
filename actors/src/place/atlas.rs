//! The atlas: places in patches of country, and the distances between them that the matching counts with.
//!
//! A [`Cell`] is a patch some 60 km wide. An index that keeps what passes a cell needs far fewer entries than one
//! that keeps what passes each of its places. A [`Spot`] is a place with its distances to all others, worked out
//! when somebody first asks for it: detours are then sums of three numbers from a table.
//!
//! Places are numbered from south to north, cell by cell. What a search reads of a table lies in few cache lines, because
//! the stops of the trips near a place are near it, too.

use std::ops::Range;
use std::sync::OnceLock;

use super::compass::Compass;
use super::{Place, PlaceId, Position};

/// The height of a cell in degrees of latitude; its width is as many kilometres.
const CELL_DEGREES: f64 = 0.55;
/// The height of a patch in degrees of latitude; its width is as many kilometres.
const PATCH_DEGREES: f64 = 0.2;
const EARTH_KM: f64 = 6_371.008_8;
/// Covers the rounding of everything here that is computed in single precision.
const MARGIN_KM: f64 = 0.5;

/// The number of a place in its gazetteer. Neighbours have numbers close to each other, so that tables of what is near are
/// read from few cache lines.
pub type PlaceIndex = u16;

/// The number of a cell.
pub type CellIndex = u16;

/// A set of patches some 20 km wide, in few bits: of those that share a bit, one stands for all.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Patches(u128);

impl Patches {
    fn of(at: Position) -> Self {
        let (row, column) = square(at, PATCH_DEGREES);
        let number = (u64::from(row.cast_unsigned()) << 16) | u64::from(column.cast_unsigned());
        Self(1 << (number.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 57))
    }

    /// Those of both sets.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether some patch may be in both sets; if not, none is.
    #[must_use]
    pub const fn may_meet(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

/// A set of the nine parts of a cell, three by three.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct Parts(u16);

impl Parts {
    /// How many parts a cell has.
    pub const COUNT: u32 = 9;

    fn of(at: Position) -> Self {
        let (row, column) = square_exact(at, CELL_DEGREES);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "three parts")]
        let third = |n: f64| ((n - n.floor()) * 3.0) as u32;
        Self(1 << (third(row).min(2) * 3 + third(column).min(2)))
    }

    /// Those of both sets.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The set as a number of nine bits.
    #[must_use]
    pub const fn bits(self) -> u32 {
        self.0 as u32
    }
}

/// A place, with the great circle from it to every other place.
#[derive(Debug)]
pub struct Spot {
    /// The place.
    pub place: PlaceId,
    /// Its number.
    pub index: PlaceIndex,
    /// The cell it lies in.
    pub cell: CellIndex,
    /// Where it lies.
    pub position: Position,
    /// The patch it lies in.
    pub patch: Patches,
    /// The part of its cell that it lies in.
    pub part: Parts,
    km: Box<[f32]>,
}

impl Spot {
    /// The great circle to another place, in kilometres.
    #[must_use]
    pub fn km_to(&self, other: PlaceIndex) -> f64 {
        f64::from(self.km[usize::from(other)])
    }
}

impl PartialEq for Spot {
    fn eq(&self, other: &Self) -> bool {
        self.place == other.place
    }
}

/// A part of the way in one cell, as shares of the way from one stop to the next.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Crossing {
    /// The cell.
    pub cell: CellIndex,
    /// Where its first place is passed, 0 to 1.
    pub first: f64,
    /// Where its last place is passed, 0 to 1.
    pub last: f64,
    /// The patches of its places that are passed.
    pub patches: Patches,
    /// The parts of it in which these lie.
    pub parts: Parts,
}

struct Cell {
    /// Rows of cells go from south to north.
    row: i16,
    centre: [f64; 3],
    radius_km: f64,
    /// Its places.
    members: Range<usize>,
}

/// See the module.
pub(super) struct Atlas {
    /// By the rank of a place, that is in the order of the list it was made of.
    indexes: Vec<PlaceIndex>,
    /// By place, as everything below: the ranks.
    ranks: Vec<PlaceIndex>,
    points: Vec<[f64; 3]>,
    patches: Vec<Patches>,
    parts: Vec<Parts>,
    cell_of: Vec<CellIndex>,
    cells: Vec<Cell>,
    spots: Vec<OnceLock<Spot>>,
    compasses: Vec<OnceLock<Compass>>,
}

impl Atlas {
    pub(super) fn new(places: &[Place]) -> Self {
        let mut placed: Vec<((i16, i16), PlaceIndex)> =
            places.iter().map(|place| square(place.position, CELL_DEGREES)).zip(0..).collect();
        placed.sort_unstable();
        let ranks: Vec<PlaceIndex> = placed.iter().map(|(_, rank)| *rank).collect();
        let mut indexes = vec![0; places.len()];
        ranks.iter().zip(0..).for_each(|(rank, index)| indexes[usize::from(*rank)] = index);
        let positions = || ranks.iter().map(|rank| places[usize::from(*rank)].position);
        let points: Vec<_> = positions().map(point).collect();
        let patches: Vec<_> = positions().map(Patches::of).collect();
        let parts: Vec<_> = positions().map(Parts::of).collect();
        let (mut cell_of, mut cells) = (Vec::new(), Vec::<Cell>::new());
        for run in placed.chunk_by(|one, other| one.0 == other.0) {
            let members = cell_of.len()..cell_of.len() + run.len();
            cell_of.resize(members.end, CellIndex::try_from(cells.len()).expect("fewer cells than places"));
            cells.push(cell(run[0].0, &points, members));
        }
        let spots = places.iter().map(|_| OnceLock::new()).collect();
        let compasses = cells.iter().map(|_| OnceLock::new()).collect();
        Self { indexes, ranks, points, patches, parts, cell_of, cells, spots, compasses }
    }

    /// The number of the place that is at this rank of the list.
    pub(super) fn index_at(&self, rank: u32) -> PlaceIndex {
        self.indexes[rank as usize]
    }

    /// Where the place is in the list.
    pub(super) fn rank_of(&self, index: PlaceIndex) -> usize {
        usize::from(self.ranks[usize::from(index)])
    }

    pub(super) fn spot(&self, index: PlaceIndex, places: &[Place]) -> &Spot {
        self.spots[usize::from(index)].get_or_init(|| {
            let at = &places[self.rank_of(index)];
            let positions = self.ranks.iter().map(|rank| places[usize::from(*rank)].position);
            let km = positions.map(|position| rounded_km(at.position, position)).collect();
            let (cell, patch, part) = (self.cell_of(index), self.patch_of(index), self.part_of(index));
            // Whoever has a spot looks around from its cell next, and with a lock in hand.
            self.compass(cell);
            Spot { place: at.id, index, cell, position: at.position, patch, part, km }
        })
    }

    pub(super) fn cell_of(&self, place: PlaceIndex) -> CellIndex {
        self.cell_of[usize::from(place)]
    }

    pub(super) fn patch_of(&self, place: PlaceIndex) -> Patches {
        self.patches[usize::from(place)]
    }

    pub(super) fn part_of(&self, place: PlaceIndex) -> Parts {
        self.parts[usize::from(place)]
    }

    pub(super) fn compass(&self, cell: CellIndex) -> &Compass {
        self.compasses[usize::from(cell)].get_or_init(|| {
            let from = self.cells[usize::from(cell)].centre;
            Compass::new(from, self.cells.iter().map(|to| (to.centre, arc_km(from, to.centre))))
        })
    }

    pub(super) fn cell_count(&self) -> usize {
        self.cells.len()
    }

    /// The cells with a place, other than those passed over, that makes the way at most so much longer.
    pub(super) fn crossings(
        &self,
        from: PlaceIndex,
        to: PlaceIndex,
        extra_km: f64,
        except: impl Fn(PlaceIndex) -> bool,
    ) -> Vec<Crossing> {
        let (start, end) = (self.points[usize::from(from)], self.points[usize::from(to)]);
        let direct_km = arc_km(start, end);
        let reach = Ellipse::new(start, end, direct_km + extra_km + MARGIN_KM);
        let mut crossings = Vec::new();
        for (number, cell) in self.cells_in(reach.rows()) {
            if !reach.may_touch(cell.centre, cell.radius_km) {
                continue;
            }
            let mut crossing: Option<Crossing> = None;
            let members =
                cell.members.clone().map(|place| PlaceIndex::try_from(place).expect("numbered in 16 bits"));
            for place in members.filter(|place| !except(*place)) {
                let at = self.points[usize::from(place)];
                let (before, after) = (arc_km(start, at), arc_km(at, end));
                if before + after - direct_km > extra_km + MARGIN_KM {
                    continue;
                }
                let share = if before + after > 0.0 { before / (before + after) } else { 0.0 };
                let (patches, parts) = (self.patch_of(place), self.part_of(place));
                let here = Crossing { cell: number, first: share, last: share, patches, parts };
                let seen = crossing.get_or_insert(here);
                (seen.first, seen.last) = (seen.first.min(share), seen.last.max(share));
                seen.patches = seen.patches.with(patches);
                seen.parts = seen.parts.with(parts);
            }
            crossings.extend(crossing);
        }
        crossings
    }

    fn cells_in(&self, rows: std::ops::RangeInclusive<i16>) -> impl Iterator<Item = (CellIndex, &Cell)> {
        let first = self.cells.partition_point(|cell| cell.row < *rows.start());
        let last = self.cells.partition_point(|cell| cell.row <= *rows.end());
        let number = |at: usize| CellIndex::try_from(at).expect("fewer cells than places");
        (first..last).map(move |at| (number(at), &self.cells[at]))
    }
}

/// The great circle in kilometres, as exact as the table of distances has it.
pub(super) fn rounded_km(from: Position, to: Position) -> f32 {
    #[expect(clippy::cast_possible_truncation, reason = "a decimetre is exact enough, and half the memory")]
    let km = from.distance_km(to) as f32;
    km
}

fn cell(square: (i16, i16), points: &[[f64; 3]], members: Range<usize>) -> Cell {
    let own = &points[members.clone()];
    let sum = own.iter().fold([0.0; 3], |sum, at| [sum[0] + at[0], sum[1] + at[1], sum[2] + at[2]]);
    let centre = unit(sum).unwrap_or([0.0, 0.0, 1.0]);
    let radius_km = own.iter().map(|at| arc_km(centre, *at)).fold(0.0, f64::max);
    Cell { row: square.0, centre, radius_km, members }
}

/// Row and column of the square of this height that a position lies in.
#[expect(clippy::cast_possible_truncation, reason = "at most 450 and 1 800")]
fn square(at: Position, degrees: f64) -> (i16, i16) {
    let (row, column) = square_exact(at, degrees);
    (row.floor() as i16, column.floor() as i16)
}

/// The same with the part of the square that is left behind.
fn square_exact(at: Position, degrees: f64) -> (f64, f64) {
    let row = at.lat / degrees;
    let width = degrees / ((row.floor() + 0.5) * degrees).to_radians().cos().max(0.01);
    (row, (at.lon + 180.0) / width)
}

/// What a way of some length between two points can reach, on a sphere.
struct Ellipse {
    /// Half-way.
    middle: Option<[f64; 3]>,
    /// Across the direct way.
    normal: Option<[f64; 3]>,
    half_length_km: f64,
    half_width_km: f64,
}

impl Ellipse {
    fn new(start: [f64; 3], end: [f64; 3], length_km: f64) -> Self {
        let (half_way, half_direct) = (length_km / 2.0 / EARTH_KM, arc_km(start, end) / 2.0 / EARTH_KM);
        let ratio = half_way.cos() / half_direct.cos();
        let half_width_km = ratio.clamp(-1.0, 1.0).acos() * EARTH_KM;
        let sum = [start[0] + end[0], start[1] + end[1], start[2] + end[2]];
        Self {
            middle: unit(sum),
            normal: unit(cross(start, end)),
            half_length_km: length_km / 2.0,
            half_width_km,
        }
    }

    /// The rows of cells it lies in.
    #[expect(clippy::cast_possible_truncation, reason = "at most 360")]
    fn rows(&self) -> std::ops::RangeInclusive<i16> {
        let Some(middle) = self.middle else { return i16::MIN..=i16::MAX };
        let (lat, reach) = (middle[2].asin().to_degrees(), (self.half_length_km / EARTH_KM).to_degrees());
        let row = |lat: f64| (lat / CELL_DEGREES).floor() as i16;
        row(lat - reach)..=row(lat + reach)
    }

    fn may_touch(&self, centre: [f64; 3], radius_km: f64) -> bool {
        let near = |km: f64| ((km + radius_km + MARGIN_KM) / EARTH_KM).min(std::f64::consts::FRAC_PI_2);
        let along = self.middle.is_none_or(|middle| {
            let reach = (self.half_length_km + radius_km + MARGIN_KM) / EARTH_KM;
            reach >= std::f64::consts::PI || dot(middle, centre) >= reach.cos()
        });
        along && self.normal.is_none_or(|normal| dot(normal, centre).abs() <= near(self.half_width_km).sin())
    }
}

fn point(at: Position) -> [f64; 3] {
    let (lat, lon) = (at.lat.to_radians(), at.lon.to_radians());
    [lat.cos() * lon.cos(), lat.cos() * lon.sin(), lat.sin()]
}

fn arc_km(one: [f64; 3], other: [f64; 3]) -> f64 {
    let [x, y, z] = [one[0] - other[0], one[1] - other[1], one[2] - other[2]];
    let half_chord = ((x * x + y * y + z * z).sqrt() / 2.0).min(1.0);
    2.0 * EARTH_KM * half_chord.asin()
}

fn dot(one: [f64; 3], other: [f64; 3]) -> f64 {
    one[0] * other[0] + one[1] * other[1] + one[2] * other[2]
}

fn cross(one: [f64; 3], other: [f64; 3]) -> [f64; 3] {
    [
        one[1] * other[2] - one[2] * other[1],
        one[2] * other[0] - one[0] * other[2],
        one[0] * other[1] - one[1] * other[0],
    ]
}

/// The direction of a vector; none if it has no length to speak of.
fn unit(of: [f64; 3]) -> Option<[f64; 3]> {
    let length = dot(of, of).sqrt();
    (length > 1e-9).then(|| of.map(|part| part / length))
}

#[cfg(test)]
mod tests {
    use crate::place::Gazetteer;

    /// Every place that a way may pass, by looking at all of them.
    fn cells_by_looking(gazetteer: &Gazetteer, from: u16, to: u16, extra_km: f64) -> Vec<u16> {
        let (start, end) = (gazetteer.spot(from), gazetteer.spot(to));
        let count = u16::try_from(gazetteer.len()).unwrap();
        let fits = |place: &u16| {
            start.km_to(*place) + end.km_to(*place) - start.km_to(to) <= extra_km
                && *place != from
                && *place != to
        };
        let mut cells: Vec<u16> = (0..count).filter(fits).map(|place| gazetteer.cell_of(place)).collect();
        cells.sort_unstable();
        cells.dedup();
        cells
    }

    #[test]
    fn no_cell_on_the_way_is_missed_anywhere_on_earth() {
        let gazetteer = Gazetteer::bundled();
        let index = |name| gazetteer.index_of(gazetteer.find(name).unwrap().id).unwrap();
        let pairs = [
            ("Москва", "Казань", 40.0),
            ("Москва", "Химки", 10.0),
            ("Калининград", "Владивосток", 1_000.0),
            ("Sydney", "Anchorage", 100.0),
            ("Tokyo", "Buenos Aires", 500.0),
            ("Auckland", "Honolulu", 3_000.0),
        ];
        for (from, to, extra_km) in pairs {
            let (from_index, to_index) = (index(from), index(to));
            let found = gazetteer
                .crossings(from_index, to_index, extra_km, |place| place == from_index || place == to_index);
            let found: Vec<u16> = found.iter().map(|crossing| crossing.cell).collect();
            let expected = cells_by_looking(gazetteer, from_index, to_index, extra_km);
            let missed = expected.iter().filter(|cell| !found.contains(cell)).count();
            assert_eq!(missed, 0, "{from} {to}");
            assert!(found.len() <= expected.len() + 3, "{from} {to}: {} for {}", found.len(), expected.len());
        }
    }

    #[test]
    fn shares_lie_on_the_way_and_in_order() {
        let gazetteer = Gazetteer::bundled();
        let index = |name| gazetteer.index_of(gazetteer.find(name).unwrap().id).unwrap();
        let crossings = gazetteer.crossings(index("Москва"), index("Самара"), 20.0, |_| false);
        assert!(crossings.len() > 5);
        assert!(crossings.iter().all(|one| 0.0 <= one.first && one.first <= one.last && one.last <= 1.0));
    }

    #[test]
    fn the_table_has_the_distances_of_the_great_circle() {
        let gazetteer = Gazetteer::bundled();
        let moscow = gazetteer.spot(gazetteer.index_of(gazetteer.find("Москва").unwrap().id).unwrap());
        for place in gazetteer {
            let index = gazetteer.index_of(place.id).unwrap();
            assert!((moscow.km_to(index) - moscow.position.distance_km(place.position)).abs() < 0.001);
        }
    }
}
