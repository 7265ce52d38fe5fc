//! Tables: the texts that a gazetteer is made of, and what may be wrong with them.
//!
//! It reads lines and checks them; it knows nothing of how places are found.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::str::FromStr;

use super::{Country, Kind, Place, PlaceId, Position, Region};

const PLACES_HEADER: &str = "id\tname_ru\tname_en\tlat\tlon\ttz\tcountry\tregion\tpopulation\tkind\tcity";
const ALIASES_HEADER: &str = "alias\tplace";
const REGIONS_HEADER: &str = "country\tcode\tname_ru\tname_en\taliases";
const COUNTRIES_HEADER: &str = "code\tname_ru\tname_en\taliases";

/// Places are numbered in 16 bits, and one number stands for none.
const MAX_PLACES: usize = 65_000;

/// The texts, each with a line of column names first and tabs between the columns.
#[derive(Clone, Copy, Debug)]
pub struct Tables {
    /// One line for each place.
    pub places: &'static str,
    /// Other names of places, with their ids.
    pub aliases: &'static str,
    /// The regions that places lie in.
    pub regions: &'static str,
    /// The countries that places lie in.
    pub countries: &'static str,
}

impl Tables {
    /// The places alone; the other tables are empty.
    #[must_use]
    pub const fn of_places(places: &'static str) -> Self {
        Self {
            places,
            aliases: "alias\tplace\n",
            regions: "country\tcode\tname_ru\tname_en\taliases\n",
            countries: "code\tname_ru\tname_en\taliases\n",
        }
    }
}

/// One of the tables.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Table {
    /// The places.
    Places,
    /// The aliases.
    Aliases,
    /// The regions.
    Regions,
    /// The countries.
    Countries,
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
    /// It names a place that is not in the table of places, or one that cannot be meant.
    UnknownPlace,
    /// It names a region that is not in the table of regions.
    UnknownRegion,
    /// There is no place at all, or none that counts.
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
            Table::Regions => "regions",
            Table::Countries => "countries",
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
            Self::UnknownRegion => formatter.write_str("no such region"),
            Self::Empty => formatter.write_str("no places"),
            Self::TooMany => formatter.write_str("more than 65 000 places"),
        }
    }
}

impl std::error::Error for ParseError {}

/// A row of a table, with a way to complain about it.
type Row<T> = Result<T, Problem>;

/// What is read of each line after the header.
fn rows<T>(
    table: Table,
    text: &'static str,
    header: &str,
    mut read: impl FnMut(&'static str) -> Row<T>,
) -> Result<Vec<T>, ParseError> {
    let mut lines = text.lines();
    if lines.next() != Some(header) {
        return Err(ParseError { table, line: 1, problem: Problem::Header });
    }
    lines
        .zip(2..)
        .map(|(row, line)| read(row).map_err(|problem| ParseError { table, line, problem }))
        .collect()
}

fn columns<const N: usize>(row: &'static str) -> Row<[&'static str; N]> {
    let mut columns = [""; N];
    let mut parts = row.split('\t');
    for column in &mut columns {
        *column = parts.next().ok_or(Problem::Columns)?;
    }
    if parts.next().is_some() { Err(Problem::Columns) } else { Ok(columns) }
}

/// A name of a region or a country, with that which it names.
pub(super) type Named<T> = (&'static str, T);

/// Regions by country and code, and all their names.
pub(super) struct Regions {
    by_code: HashMap<(&'static str, &'static str), Region>,
    pub(super) names: Vec<Named<Region>>,
}

pub(super) fn regions(text: &'static str) -> Result<Regions, ParseError> {
    let mut regions = Regions { by_code: HashMap::new(), names: Vec::new() };
    rows(Table::Regions, text, REGIONS_HEADER, |row| {
        let [country, code, name_ru, name_en, aliases] = columns(row)?;
        let (name_ru, name_en) = (filled(name_ru, "name_ru")?, filled(name_en, "name_en")?);
        let region = Region { country: country_code(country)?, code, name_ru, name_en };
        if regions.by_code.insert((country, filled(code, "code")?), region).is_some() {
            return Err(Problem::Repeated);
        }
        regions.names.extend(all_names(name_ru, name_en, aliases).map(|name| (name, region)));
        Ok(())
    })?;
    Ok(regions)
}

pub(super) fn countries(text: &'static str) -> Result<Vec<(Country, &'static str)>, ParseError> {
    rows(Table::Countries, text, COUNTRIES_HEADER, |row| {
        let [code, name_ru, name_en, aliases] = columns(row)?;
        let (name_ru, name_en) = (filled(name_ru, "name_ru")?, filled(name_en, "name_en")?);
        Ok((Country { code: country_code(code)?, name_ru, name_en }, aliases))
    })
}

/// The names that something is known by.
pub(super) fn all_names(
    name_ru: &'static str,
    name_en: &'static str,
    aliases: &'static str,
) -> impl Iterator<Item = &'static str> {
    [name_ru, name_en].into_iter().chain(aliases.split('|')).filter(|name| !name.is_empty())
}

/// The places, the most populous first.
pub(super) fn places(text: &'static str, regions: &Regions) -> Result<Vec<Place>, ParseError> {
    let wrong = |line, problem| ParseError { table: Table::Places, line, problem };
    let mut seen = HashSet::new();
    let mut places = rows(Table::Places, text, PLACES_HEADER, |row| {
        let place = place(row, regions)?;
        if seen.insert(place.id) { Ok(place) } else { Err(Problem::Repeated) }
    })?;
    if !places.iter().any(|place| place.kind != Kind::Small) {
        return Err(wrong(1, Problem::Empty));
    }
    if places.len() > MAX_PLACES {
        return Err(wrong(MAX_PLACES + 2, Problem::TooMany));
    }
    let no_city = |place: &Place| place.city.is_some_and(|city| city == place.id || !seen.contains(&city));
    if let Some(line) = places.iter().position(no_city) {
        return Err(wrong(line + 2, Problem::UnknownPlace));
    }
    places.sort_by_key(|place| (std::cmp::Reverse(place.population), place.id));
    Ok(places)
}

fn place(row: &'static str, regions: &Regions) -> Row<Place> {
    let [id, name_ru, name_en, lat, lon, tz, country, region, population, kind, city] = columns(row)?;
    let position = Position::new(number(lat, "lat")?, number(lon, "lon")?);
    let country = country_code(country)?;
    let region = match region {
        "" => None,
        code => Some(*regions.by_code.get(&(country, code)).ok_or(Problem::UnknownRegion)?),
    };
    let kind = match kind {
        "town" => Kind::Town,
        "small" => Kind::Small,
        "airport" => Kind::Airport,
        _ => return Err(Problem::Value("kind")),
    };
    Ok(Place {
        id: PlaceId(number(id, "id")?),
        name_ru: filled(name_ru, "name_ru")?,
        name_en: filled(name_en, "name_en")?,
        position: position.map_err(|_| Problem::Value("position"))?,
        tz: filled(tz, "tz")?,
        country,
        region,
        city: if city.is_empty() { None } else { Some(PlaceId(number(city, "city")?)) },
        kind,
        population: number(population, "population")?,
    })
}

pub(super) fn aliases(
    text: &'static str,
    ids: &HashMap<PlaceId, u32>,
) -> Result<Vec<(&'static str, u32)>, ParseError> {
    rows(Table::Aliases, text, ALIASES_HEADER, |row| {
        let [alias, id] = columns(row)?;
        let id = PlaceId(number(id, "place")?);
        let index = ids.get(&id).ok_or(Problem::UnknownPlace)?;
        Ok((filled(alias, "alias")?, *index))
    })
}

fn country_code(code: &'static str) -> Row<&'static str> {
    let right = code.len() == 2 && code.bytes().all(|letter| letter.is_ascii_uppercase());
    if right { Ok(code) } else { Err(Problem::Value("country")) }
}

fn number<T: FromStr>(text: &str, column: &'static str) -> Row<T> {
    text.parse().map_err(|_| Problem::Value(column))
}

fn filled(text: &'static str, column: &'static str) -> Row<&'static str> {
    if text.trim().is_empty() { Err(Problem::Value(column)) } else { Ok(text) }
}
