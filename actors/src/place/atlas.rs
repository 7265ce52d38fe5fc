//! The atlas: places in patches of country, and the distances between them that the matching counts with.
//!
//! A [`Cell`] is a patch some 60 km wide. An index that keeps what passes a cell needs far fewer entries than
//! one that keeps what passes each of its places. A [`Spot`] is a place with its distances to all others,
//! worked out when somebody first asks for it: detours are then sums of three numbers from a table.
//!
//! Places are numbered from south to north, cell by cell. What a search reads of a table lies in few cache
//! lines, because the stops of the trips near a place are near it, too.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::OnceLock;

use super::compass::{CellIndex, Compass};
use super::grid::Grid;
use super::sphere::{Ellipse, FARTHEST_KM, MARGIN_KM, arc_km, point, square, square_exact, unit};
use super::{Kind, Place, PlaceId, PlaceRank, Position};

/// The height of a cell in degrees of latitude; its width is as many kilometres.
const CELL_DEGREES: f64 = 0.55;
/// The height of a patch in degrees of latitude; its width is as many kilometres.
const PATCH_DEGREES: f64 = 0.2;
/// Most small places have a larger one in this circle.
const FIRST_SEAT_KM: f64 = 60.0;

/// The number of a place in its gazetteer. Neighbours have numbers close to each other, so that tables of
/// what is near are read from few cache lines.
pub type PlaceIndex = u16;

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
    /// The id of the place.
    pub place: PlaceId,
    /// Its number in the atlas.
    pub index: PlaceIndex,
    /// The cell it lies in.
    pub cell: CellIndex,
    /// Where it lies.
    pub position: Position,
    /// The patch it lies in.
    pub patch: Patches,
    /// The part of its cell that it lies in.
    pub part: Parts,
    /// Its districts and airports, in order.
    districts: Box<[PlaceIndex]>,
    km: Box<[f32]>,
}

impl Spot {
    /// The great circle to another place, in kilometres.
    #[must_use]
    pub fn km_to(&self, other: PlaceIndex) -> f64 {
        f64::from(self.km[usize::from(other)])
    }

    /// Whether another place is a district or an airport of this city.
    #[must_use]
    pub fn has_district(&self, other: PlaceIndex) -> bool {
        self.districts.binary_search(&other).is_ok()
    }

    /// The districts and airports of this city, in order of their numbers.
    #[must_use]
    pub const fn districts(&self) -> &[PlaceIndex] {
        &self.districts
    }

    /// Whether it is a city with districts.
    #[must_use]
    pub const fn is_city(&self) -> bool {
        !self.districts.is_empty()
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
    /// The cell that is passed.
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
    /// The range of its places.
    members: Range<usize>,
}

/// See the module.
pub(super) struct Atlas {
    /// By the rank of a place, that is in the order of the list it was made of; for a small place that of the
    /// nearest other one,
    indexes: Vec<PlaceIndex>,
    /// which is so far from it.
    off_km: Vec<f32>,
    /// By place, as everything below: the ranks.
    ranks: Vec<PlaceRank>,
    /// The city that a place belongs to, itself if to none.
    cities: Vec<PlaceIndex>,
    points: Vec<[f64; 3]>,
    patches: Vec<Patches>,
    parts: Vec<Parts>,
    cell_of: Vec<CellIndex>,
    cells: Vec<Cell>,
    spots: Vec<OnceLock<Spot>>,
    compasses: Vec<OnceLock<Compass>>,
}

impl Atlas {
    pub(super) fn new(places: &[Place], ids: &HashMap<PlaceId, u32>, grid: &Grid) -> Self {
        let ranked = places.iter().zip(0..).filter(|(place, _)| place.kind != Kind::Small);
        let mut placed: Vec<((i16, i16), PlaceRank)> =
            ranked.map(|(place, rank)| (square(place.position, CELL_DEGREES), rank)).collect();
        placed.sort_unstable();
        let ranks: Vec<PlaceRank> = placed.iter().map(|(_, rank)| *rank).collect();
        let mut indexes = vec![0; places.len()];
        ranks.iter().zip(0..).for_each(|(rank, index)| indexes[usize::from(*rank)] = index);
        let off_km = seat_small_places(places, grid, &mut indexes);
        let city = |rank: &PlaceRank| {
            let own = places[usize::from(*rank)].city.and_then(|city| ids.get(&city));
            // A small place is nobody's city.
            let large = own.filter(|city| places[**city as usize].kind != Kind::Small);
            indexes[large.map_or(usize::from(*rank), |city| *city as usize)]
        };
        let cities: Vec<PlaceIndex> = ranks.iter().map(city).collect();
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
        let spots = ranks.iter().map(|_| OnceLock::new()).collect();
        let compasses = cells.iter().map(|_| OnceLock::new()).collect();
        Self { indexes, off_km, ranks, cities, points, patches, parts, cell_of, cells, spots, compasses }
    }

    pub(super) fn len(&self) -> usize {
        self.ranks.len()
    }

    pub(super) fn off_km(&self, rank: PlaceRank) -> f64 {
        self.off_km.get(usize::from(rank)).map_or(0.0, |km| f64::from(*km))
    }

    pub(super) fn city_of(&self, place: PlaceIndex) -> PlaceIndex {
        self.cities[usize::from(place)]
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
            // A caller that has a spot looks around from its cell next, and with a lock in hand.
            self.compass(cell);
            let districts =
                self.cities.iter().zip(0..).filter(|(city, place)| **city == index && *place != index);
            let districts = districts.map(|(_, place)| place).collect();
            Spot { place: at.id, index, cell, position: at.position, patch, part, districts, km }
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
        for (number, cell) in self.cells_in(reach.rows(CELL_DEGREES)) {
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

/// Gives each small place the number of the nearest other one, and tells how far that is, by rank.
fn seat_small_places(places: &[Place], grid: &Grid, indexes: &mut [PlaceIndex]) -> Vec<f32> {
    let points: Vec<[f64; 3]> = places.iter().map(|place| point(place.position)).collect();
    let mut off_km = vec![0.0; places.len()];
    for rank in (0..places.len()).filter(|rank| places[*rank].kind == Kind::Small) {
        let (own, mut radius_km) = (points[rank], FIRST_SEAT_KM);
        let (seat, km) = loop {
            let near = grid.around(places[rank].position, radius_km).map(|other| other as usize);
            let seats = near.filter(|other| places[*other].kind != Kind::Small);
            let nearest =
                seats.map(|other| (arc_km(own, points[other]), other)).min_by(|a, b| a.0.total_cmp(&b.0));
            match nearest {
                // One outside the circle may be nearer than one in a corner of its squares.
                Some((km, seat)) if km <= radius_km || radius_km > FARTHEST_KM => break (seat, km),
                _ => radius_km *= 4.0,
            }
        };
        indexes[rank] = indexes[seat];
        #[expect(clippy::cast_possible_truncation, reason = "a decimetre is exact enough")]
        let km = km as f32;
        off_km[rank] = km;
    }
    off_km
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

#[cfg(test)]
mod tests;
