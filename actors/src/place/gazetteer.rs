//! The gazetteer: the places of one pair of tables, with the indexes to find them.
//!
//! It reads text it is given and keeps slices of it; it opens no files.

use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;
use std::sync::OnceLock;

use super::atlas::{Atlas, CellIndex, Crossing, Parts, Patches, PlaceIndex, Spot, rounded_km};
use super::compass::Compass;
use super::grid::Grid;
use super::names::Names;
use super::{Kind, Place, PlaceId, Position};

const PLACES_HEADER: &str = "id\tname_ru\tname_en\tlat\tlon\ttz\tcountry\tpopulation";
const ALIASES_HEADER: &str = "alias\tplace";
/// No two points of the Earth are farther apart.
const FARTHEST_KM: f64 = 20_100.0;
/// Places are numbered in 16 bits, and one number stands for none.
const MOST_PLACES: usize = 65_000;
const FIRST_RADIUS_KM: f64 = 60.0;

/// Places of the world, found by id, by name, or by position.
pub struct Gazetteer {
    /// The most populous first; the indexes below are places in this list.
    places: Vec<Place>,
    ids: HashMap<PlaceId, u32>,
    names: Names,
    grid: Grid,
    atlas: Atlas,
}

impl Gazetteer {
    /// The places compiled into the program.
    #[must_use]
    pub fn bundled() -> &'static Self {
        static BUNDLED: OnceLock<Gazetteer> = OnceLock::new();
        BUNDLED.get_or_init(|| {
            let places = include_str!("../../../data/places.tsv");
            let aliases = include_str!("../../../data/aliases.tsv");
            Self::parse(places, aliases).expect("a test parses the bundled tables")
        })
    }

    /// Reads the two tables; every line must be right.
    pub fn parse(places_tsv: &'static str, aliases_tsv: &'static str) -> Result<Self, ParseError> {
        let places = parsed_places(places_tsv)?;
        let mut ids = HashMap::with_capacity(places.len());
        for (place, index) in places.iter().zip(0..) {
            ids.insert(place.id, index);
        }
        let aliases = parsed_aliases(aliases_tsv, &ids)?;
        let own = places
            .iter()
            .zip(0..)
            .flat_map(|(place, index)| [(place.name_ru, index), (place.name_en, index)]);
        let names = Names::new(own.chain(aliases));
        let grid = Grid::new(places.iter().map(|place| place.position));
        let atlas = Atlas::new(&places);
        Ok(Self { places, ids, names, grid, atlas })
    }

    /// The place of an id.
    #[must_use]
    pub fn get(&self, id: PlaceId) -> Option<&Place> {
        self.ids.get(&id).map(|&index| self.at(index))
    }

    /// The place of a name in Russian or English, or of an alias; the most populous one if several bear it.
    ///
    /// Case, `ё`, hyphens, spaces and marks on Latin letters do not matter. `London, CA` asks for the one in Canada.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&Place> {
        let place = self.names.find(name).map(|index| self.at(index));
        place.or_else(|| self.find_in_country(name))
    }

    fn find_in_country(&self, name: &str) -> Option<&Place> {
        let (name, country) = with_country(name)?;
        let mut bearers = self.names.bearers(name).map(|index| self.at(index));
        bearers.find(|place| place.country.eq_ignore_ascii_case(country))
    }

    /// All places of a name or an alias, the most populous first.
    pub(super) fn bearers(&self, name: &str) -> impl Iterator<Item = &Place> {
        self.names.bearers(name).map(|index| self.at(index))
    }

    /// Places with a word that starts like this: those whose first word does, then the rest, and in each group
    /// the most populous first.
    #[must_use]
    pub fn search(&self, prefix: &str, limit: usize) -> Vec<&Place> {
        self.names.search(prefix).take(limit).map(|index| self.at(index)).collect()
    }

    /// Places whose name is a slip or two away, for "did you mean": the closest first, then the most populous.
    ///
    /// It compares with every name, which takes milliseconds: use it where a lookup has failed.
    #[must_use]
    pub fn suggest(&self, misspelt: &str, limit: usize) -> Vec<&Place> {
        let (name, country) =
            with_country(misspelt).map_or((misspelt, None), |(name, code)| (name, Some(code)));
        let places = self.names.suggest(name).map(|index| self.at(index));
        let wanted =
            places.filter(|place| country.is_none_or(|code| place.country.eq_ignore_ascii_case(code)));
        wanted.take(limit).collect()
    }

    /// The place closest to a position; it may be a district of a city.
    #[must_use]
    pub fn nearest(&self, at: Position) -> &Place {
        let mut radius = FIRST_RADIUS_KM;
        loop {
            let closest = self.around(at, radius).min_by(closer);
            match closest {
                // A place outside the circle may be closer than one in a corner of its cells.
                Some((place, distance)) if distance <= radius || radius >= FARTHEST_KM => return place,
                _ if radius >= FARTHEST_KM => return &self.places[0],
                _ => radius *= 3.0,
            }
        }
    }

    /// Places not farther than this, with their distances in kilometres, the nearest first.
    #[must_use]
    pub fn within(&self, at: Position, radius_km: f64) -> Vec<(&Place, f64)> {
        let mut near: Vec<_> =
            self.around(at, radius_km).filter(|(_, distance)| *distance <= radius_km).collect();
        near.sort_unstable_by(closer);
        near
    }

    /// All places, the most populous first.
    pub fn iter(&self) -> std::slice::Iter<'_, Place> {
        self.places.iter()
    }

    /// How many places there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether there are no places, which `parse` does not allow.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// The number of a place; the tables below go by it.
    #[must_use]
    pub fn index_of(&self, id: PlaceId) -> Option<PlaceIndex> {
        self.ids.get(&id).map(|&rank| self.atlas.index_at(rank))
    }

    /// A place with its distances. The first call for a place computes them all, and the compass of its cell.
    #[must_use]
    pub fn spot(&self, index: PlaceIndex) -> &Spot {
        self.atlas.spot(index, &self.places)
    }

    /// The great circle between two places in kilometres, to the last digit as [`Spot::km_to`] has it.
    #[must_use]
    pub fn km_between(&self, one: PlaceIndex, other: PlaceIndex) -> f64 {
        let position = |index: PlaceIndex| self.places[self.atlas.rank_of(index)].position;
        f64::from(rounded_km(position(one), position(other)))
    }

    /// The cell that a place lies in.
    #[must_use]
    pub fn cell_of(&self, place: PlaceIndex) -> CellIndex {
        self.atlas.cell_of(place)
    }

    /// The patch that a place lies in.
    #[must_use]
    pub fn patch_of(&self, place: PlaceIndex) -> Patches {
        self.atlas.patch_of(place)
    }

    /// The part of its cell that a place lies in.
    #[must_use]
    pub fn part_of(&self, place: PlaceIndex) -> Parts {
        self.atlas.part_of(place)
    }

    /// Which way the other cells lie from a cell. The first call for a cell works it out.
    #[must_use]
    pub fn compass(&self, cell: CellIndex) -> &Compass {
        self.atlas.compass(cell)
    }

    /// How many cells there are.
    #[must_use]
    pub fn cell_count(&self) -> usize {
        self.atlas.cell_count()
    }

    /// The cells that a way between two places can touch, if it may be this much longer, in kilometres: those with
    /// a place within reach for which `except` does not hold, and perhaps a few more.
    #[must_use]
    pub fn crossings(
        &self,
        from: PlaceIndex,
        to: PlaceIndex,
        extra_km: f64,
        except: impl Fn(PlaceIndex) -> bool,
    ) -> Vec<Crossing> {
        self.atlas.crossings(from, to, extra_km, except)
    }

    fn at(&self, index: u32) -> &Place {
        &self.places[index as usize]
    }

    fn around(&self, at: Position, radius_km: f64) -> impl Iterator<Item = (&Place, f64)> {
        let near = self.grid.around(at, radius_km).map(|index| self.at(index));
        near.map(move |place| (place, at.distance_km(place.position)))
    }
}

impl<'a> IntoIterator for &'a Gazetteer {
    type Item = &'a Place;
    type IntoIter = std::slice::Iter<'a, Place>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Debug for Gazetteer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Gazetteer").field("places", &self.places.len()).finish_non_exhaustive()
    }
}

/// By distance; of places equally far, in the order of the list.
fn closer(one: &(&Place, f64), other: &(&Place, f64)) -> std::cmp::Ordering {
    let rank = |place: &Place| (std::cmp::Reverse(place.population), place.id);
    one.1.total_cmp(&other.1).then_with(|| rank(one.0).cmp(&rank(other.0)))
}

/// Splits "Name, CC".
fn with_country(name: &str) -> Option<(&str, &str)> {
    let (name, country) = name.rsplit_once(',')?;
    let country = country.trim();
    (country.len() == 2 && country.is_ascii()).then_some((name, country))
}

/// One of the two tables.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Table {
    /// The places.
    Places,
    /// The aliases.
    Aliases,
}

/// What is wrong with a line.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Problem {
    /// The first line does not name the expected columns.
    Header,
    /// There are too many columns or too few.
    Columns,
    /// A column is empty or is not what it should be.
    Value(&'static str),
    /// An earlier line has the same id.
    Repeated,
    /// An alias is for a place that is not in the other table.
    UnknownPlace,
    /// There is no place at all.
    Empty,
    /// There are more places than can be numbered.
    TooMany,
}

/// A table that cannot be read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ParseError {
    /// The table.
    pub table: Table,
    /// The number of the line, the header being 1.
    pub line: usize,
    /// What is wrong with it.
    pub problem: Problem,
}

impl fmt::Display for ParseError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let table = match self.table {
            Table::Places => "places",
            Table::Aliases => "aliases",
        };
        write!(formatter, "line {} of {table}: {}", self.line, self.problem)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Header => formatter.write_str("not the expected header"),
            Self::Columns => formatter.write_str("not the expected number of columns"),
            Self::Value(column) => write!(formatter, "bad {column}"),
            Self::Repeated => formatter.write_str("the id was used before"),
            Self::UnknownPlace => formatter.write_str("no such place"),
            Self::Empty => formatter.write_str("no places"),
            Self::TooMany => formatter.write_str("more than 65 000 places"),
        }
    }
}

impl std::error::Error for ParseError {}

/// The lines after the header, each with a way to complain about it.
fn rows(
    table: Table,
    text: &'static str,
    header: &str,
) -> Result<impl Iterator<Item = (&'static str, impl Fn(Problem) -> ParseError)>, ParseError> {
    let mut lines = text.lines();
    if lines.next() != Some(header) {
        return Err(ParseError { table, line: 1, problem: Problem::Header });
    }
    Ok(lines.zip(2..).map(move |(row, line)| (row, move |problem| ParseError { table, line, problem })))
}

fn parsed_places(text: &'static str) -> Result<Vec<Place>, ParseError> {
    let mut places = Vec::new();
    let mut seen = std::collections::HashSet::new();
    for (row, wrong) in rows(Table::Places, text, PLACES_HEADER)? {
        let place = parsed_place(row).map_err(&wrong)?;
        if !seen.insert(place.id) {
            return Err(wrong(Problem::Repeated));
        }
        places.push(place);
    }
    if places.is_empty() {
        return Err(ParseError { table: Table::Places, line: 1, problem: Problem::Empty });
    }
    if places.len() > MOST_PLACES {
        return Err(ParseError { table: Table::Places, line: MOST_PLACES + 2, problem: Problem::TooMany });
    }
    places.sort_by_key(|place| (std::cmp::Reverse(place.population), place.id));
    Ok(places)
}

fn parsed_place(row: &'static str) -> Result<Place, Problem> {
    let columns: Vec<&str> = row.split('\t').collect();
    let [id, name_ru, name_en, lat, lon, tz, country, population] = columns[..] else {
        return Err(Problem::Columns);
    };
    let position = Position::new(number(lat, "lat")?, number(lon, "lon")?);
    if country.len() != 2 || !country.bytes().all(|letter| letter.is_ascii_uppercase()) {
        return Err(Problem::Value("country"));
    }
    Ok(Place {
        id: PlaceId(number(id, "id")?),
        name_ru: filled(name_ru, "name_ru")?,
        name_en: filled(name_en, "name_en")?,
        position: position.map_err(|_| Problem::Value("position"))?,
        tz: filled(tz, "tz")?,
        country,
        region: None,
        city: None,
        kind: Kind::Town,
        population: number(population, "population")?,
    })
}

fn parsed_aliases(
    text: &'static str,
    ids: &HashMap<PlaceId, u32>,
) -> Result<Vec<(&'static str, u32)>, ParseError> {
    let parsed = |row: &'static str| {
        let (alias, id) = row.split_once('\t').ok_or(Problem::Columns)?;
        let id = PlaceId(number(id, "place")?);
        let index = ids.get(&id).ok_or(Problem::UnknownPlace)?;
        Ok((filled(alias, "alias")?, *index))
    };
    rows(Table::Aliases, text, ALIASES_HEADER)?.map(|(row, wrong)| parsed(row).map_err(wrong)).collect()
}

fn number<T: FromStr>(text: &str, column: &'static str) -> Result<T, Problem> {
    text.parse().map_err(|_| Problem::Value(column))
}

fn filled(text: &'static str, column: &'static str) -> Result<&'static str, Problem> {
    if text.trim().is_empty() { Err(Problem::Value(column)) } else { Ok(text) }
}

#[cfg(test)]
mod tests;
