//! The atlas: places in patches of country, and the distances between them that the matching counts with.
//!
//! A [`Cell`] is a patch some 60 km wide. An index that keeps what passes a cell needs far fewer entries than one
//! that keeps what passes each of its places. A [`Spot`] is a place with its distances to all others, worked out
//! when somebody first asks for it: detours are then sums of three numbers from a table.

use std::ops::Range;
use std::sync::OnceLock;

use super::{Place, PlaceId, Position};

/// The height of a cell in degrees of latitude; its width is as many kilometres.
const CELL_DEGREES: f64 = 0.5;
/// The height of a patch in degrees of latitude; its width is as many kilometres.
const PATCH_DEGREES: f64 = 0.2;
const EARTH_KM: f64 = 6_371.008_8;
/// Covers the rounding of everything here that is computed in single precision.
const MARGIN_KM: f64 = 0.5;

/// The number of a place in its gazetteer: the most populous is 0.
pub type PlaceIndex = u16;

/// The number of a cell.
pub type CellIndex = u16;

/// A set of patches some 20 km wide, in few bits: of those that share a bit, one stands for all.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Patches([u64; 4]);

impl Patches {
    fn of(at: Position) -> Self {
        let (row, column) = square(at, PATCH_DEGREES);
        let number = (u64::from(row.cast_unsigned()) << 16) | u64::from(column.cast_unsigned());
        let bit = number.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 56;
        let mut patches = [0; 4];
        patches[(bit / 64) as usize] = 1 << (bit % 64);
        Self(patches)
    }

    /// Those of both sets.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        let ([a, b, c, d], [e, f, g, h]) = (self.0, other.0);
        Self([a | e, b | f, c | g, d | h])
    }

    /// Whether some patch may be in both sets; if not, none is.
    #[must_use]
    pub const fn may_meet(self, other: Self) -> bool {
        let ([a, b, c, d], [e, f, g, h]) = (self.0, other.0);
        (a & e) | (b & f) | (c & g) | (d & h) != 0
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
}

struct Cell {
    /// Rows of cells go from south to north.
    row: i16,
    /// A coarser patch, to tell directions apart.
    block: u32,
    centre: [f64; 3],
    radius_km: f64,
    /// Its places in `members`.
    members: Range<usize>,
}

/// See the module.
pub(super) struct Atlas {
    points: Vec<[f64; 3]>,
    patches: Vec<Patches>,
    cell_of: Vec<CellIndex>,
    cells: Vec<Cell>,
    members: Vec<PlaceIndex>,
    spots: Vec<OnceLock<Spot>>,
}

impl Atlas {
    pub(super) fn new(places: &[Place]) -> Self {
        let points: Vec<_> = places.iter().map(|place| point(place.position)).collect();
        let mut placed: Vec<((i16, i16), PlaceIndex)> =
            places.iter().map(|place| square(place.position, CELL_DEGREES)).zip(0..).collect();
        placed.sort_unstable();
        let mut cell_of = vec![0; places.len()];
        let mut cells: Vec<Cell> = Vec::new();
        for run in placed.chunk_by(|one, other| one.0 == other.0) {
            let start = cells.last().map_or(0, |cell| cell.members.end);
            let index = CellIndex::try_from(cells.len()).expect("fewer cells than places");
            run.iter().for_each(|(_, place)| cell_of[usize::from(*place)] = index);
            let members = run.iter().map(|(_, place)| points[usize::from(*place)]);
            cells.push(cell(run[0].0, members, start..start + run.len()));
        }
        let members = placed.into_iter().map(|(_, place)| place).collect();
        let spots = places.iter().map(|_| OnceLock::new()).collect();
        let patches = places.iter().map(|place| Patches::of(place.position)).collect();
        Self { points, patches, cell_of, cells, members, spots }
    }

    pub(super) fn spot(&self, index: PlaceIndex, places: &[Place]) -> &Spot {
        self.spots[usize::from(index)].get_or_init(|| {
            let at = &places[usize::from(index)];
            let km = places.iter().map(|place| rounded_km(at.position, place.position)).collect();
            let (cell, patch) = (self.cell_of[usize::from(index)], self.patches[usize::from(index)]);
            Spot { place: at.id, index, cell, position: at.position, patch, km }
        })
    }

    pub(super) fn cell_of(&self, place: PlaceIndex) -> CellIndex {
        self.cell_of[usize::from(place)]
    }

    pub(super) fn patch_of(&self, place: PlaceIndex) -> Patches {
        self.patches[usize::from(place)]
    }

    pub(super) fn block_of(&self, cell: CellIndex) -> u32 {
        self.cells[usize::from(cell)].block
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
            for &place in self.members[cell.members.clone()].iter().filter(|place| !except(**place)) {
                let at = self.points[usize::from(place)];
                let (before, after) = (arc_km(start, at), arc_km(at, end));
                if before + after - direct_km > extra_km + MARGIN_KM {
                    continue;
                }
                let share = if before + after > 0.0 { before / (before + after) } else { 0.0 };
                let patches = self.patch_of(place);
                let seen =
                    crossing.get_or_insert(Crossing { cell: number, first: share, last: share, patches });
                (seen.first, seen.last) = (seen.first.min(share), seen.last.max(share));
                seen.patches = seen.patches.with(patches);
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

fn cell(patch: (i16, i16), members: impl Iterator<Item = [f64; 3]> + Clone, range: Range<usize>) -> Cell {
    let sum = members.clone().fold([0.0; 3], |sum, at| [sum[0] + at[0], sum[1] + at[1], sum[2] + at[2]]);
    let centre = unit(sum).unwrap_or([0.0, 0.0, 1.0]);
    let radius_km = members.map(|at| arc_km(centre, at)).fold(0.0, f64::max);
    let block = |n: i16| u32::from(n.div_euclid(2).unsigned_abs());
    Cell { row: patch.0, block: block(patch.0) * 1_009 + block(patch.1), centre, radius_km, members: range }
}

/// Row and column of the square of this height that a position lies in.
#[expect(clippy::cast_possible_truncation, reason = "at most 450 and 1 800")]
fn square(at: Position, degrees: f64) -> (i16, i16) {
    let row = (at.lat / degrees).floor();
    let width = degrees / ((row + 0.5) * degrees).to_radians().cos().max(0.01);
    (row as i16, ((at.lon + 180.0) / width).floor() as i16)
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
        for (place, index) in gazetteer.iter().zip(0..) {
            assert!((moscow.km_to(index) - moscow.position.distance_km(place.position)).abs() < 0.001);
        }
    }
}
