//! The gazetteer: the places of some tables, with the indexes to find them.
//!
//! It reads text it is given and keeps slices of it; it opens no files.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::OnceLock;

use super::atlas::{Atlas, Crossing, Parts, Patches, PlaceIndex, Spot, rounded_km};
use super::compass::{CellIndex, Compass};
use super::grid::Grid;
use super::names::{Fit, Names};
use super::sphere::FARTHEST_KM;
use super::tables::{self, ParseError, Tables};
use super::territory::{Grounds, Territory};
use super::{Country, Kind, Place, PlaceId, PlaceRank, Position};

const FIRST_RADIUS_KM: f64 = 60.0;

/// Places of the world, found by id, by name, or by position.
pub struct Gazetteer {
    /// The most populous first; the indexes below are places in this list.
    places: Vec<Place>,
    ids: HashMap<PlaceId, u32>,
    /// Those that one can fly to: with an airport, or the code of one.
    flown_to: HashSet<PlaceId>,
    countries: Vec<Country>,
    grounds: Grounds,
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
            let tables = Tables {
                places: include_str!("../../../data/places.tsv"),
                aliases: include_str!("../../../data/aliases.tsv"),
                regions: include_str!("../../../data/regions.tsv"),
                countries: include_str!("../../../data/countries.tsv"),
            };
            Self::parse(tables).expect("a test parses the bundled tables")
        })
    }

    /// Reads the tables; every line must be right.
    ///
    /// # Errors
    /// The first line that is not, with what is wrong.
    pub fn parse(tables: Tables) -> Result<Self, ParseError> {
        let regions = tables::regions(tables.regions)?;
        let countries = tables::countries(tables.countries)?;
        let places = tables::places(tables.places, &regions)?;
        let ids: HashMap<PlaceId, u32> =
            places.iter().zip(0..).map(|(place, rank)| (place.id, rank)).collect();
        let aliases = tables::aliases(tables.aliases, &ids)?;
        let flown_to = flown_to(&places, &aliases);
        let own =
            places.iter().zip(0..).flat_map(|(place, rank)| [(place.name_ru, rank), (place.name_en, rank)]);
        let names = Names::new(own.chain(aliases));
        let grid = Grid::new(places.iter().map(|place| place.position));
        let atlas = Atlas::new(&places, &ids, &grid);
        let grounds = Grounds::new(&countries, &regions.names);
        let countries = countries.into_iter().map(|(country, _)| country).collect();
        Ok(Self { places, ids, flown_to, countries, grounds, names, grid, atlas })
    }

    /// The place of an id.
    #[must_use]
    pub fn get(&self, id: PlaceId) -> Option<&Place> {
        self.ids.get(&id).map(|&index| self.at(index))
    }

    /// The place of a name in Russian or English, or of an alias; the most populous one if several bear it.
    ///
    /// Case, `ё`, hyphens, spaces and marks on Latin letters do not matter. `London, CA` asks for the one in
    /// Canada.
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

    /// Places with a word that starts like this: those of this very name, those whose first word does, then
    /// the rest, and in each group the most populous first.
    #[must_use]
    pub fn search(&self, prefix: &str, limit: usize) -> Vec<&Place> {
        self.names.search(prefix).take(limit).map(|(_, index)| self.at(index)).collect()
    }

    /// The same places in no order, with how well their names fit.
    pub(super) fn fitting(&self, prefix: &str) -> impl Iterator<Item = (Fit, &Place)> {
        self.names.search(prefix).map(|(fit, index)| (fit, self.at(index)))
    }

    /// Places whose name is a slip or two away, with how many.
    pub(super) fn misspelt(&self, name: &str) -> impl Iterator<Item = (usize, &Place)> {
        self.names.suggest(name).map(|(slips, index)| (slips, self.at(index)))
    }

    /// Whether one can fly there: it is an airport, or has one.
    pub(super) fn is_flown_to(&self, place: &Place) -> bool {
        self.flown_to.contains(&place.id)
    }

    /// The most populous places of a country or region, if the words name one.
    pub(super) fn lying_in(&self, words: &str, limit: usize) -> Vec<&Place> {
        let territory = self.territory(words);
        self.places.iter().filter(|place| territory.holds(place)).take(limit).collect()
    }

    /// What is named as that in which a place lies.
    pub(super) fn territory(&self, words: &str) -> Territory<'_> {
        self.grounds.territory(words, self.bearers(words).collect())
    }

    /// A country by its code in capital letters.
    #[must_use]
    pub fn country(&self, code: &str) -> Option<&Country> {
        self.countries.iter().find(|country| country.code == code)
    }

    /// A place with what it lies in: «Киров, Калужская область, Россия».
    #[must_use]
    pub fn full_name(&self, place: &Place, in_russian: bool) -> String {
        let said = |ru: &'static str, en: &'static str| if in_russian { ru } else { en };
        let own = said(place.name_ru, place.name_en);
        let region = place.region.map(|region| said(region.name_ru, region.name_en));
        let country = self.country(place.country).map(|country| said(country.name_ru, country.name_en));
        let around = [region, country].into_iter().flatten().filter(|name| *name != own);
        around.fold(own.to_owned(), |name, around| name + ", " + around)
    }

    /// Places whose name is a slip or two away, for "did you mean": the closest first, then the most
    /// populous.
    ///
    /// It compares with every name, which takes milliseconds: use it where a lookup has failed.
    #[must_use]
    pub fn suggest(&self, misspelt: &str, limit: usize) -> Vec<&Place> {
        let (name, country) =
            with_country(misspelt).map_or((misspelt, None), |(name, code)| (name, Some(code)));
        let places = self.misspelt(name).map(|(_, place)| place);
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

    /// Those of them that have a number of their own, with it.
    #[must_use]
    pub fn numbered_within(&self, at: Position, radius_km: f64) -> Vec<(&Place, PlaceIndex, f64)> {
        let near = self.within(at, radius_km).into_iter().filter(|(place, _)| place.kind != Kind::Small);
        near.filter_map(|(place, km)| Some((place, self.index_of(place.id)?, km))).collect()
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

    /// How many places the tables below are for.
    #[must_use]
    pub fn index_count(&self) -> usize {
        self.atlas.len()
    }

    /// The number of a place; the tables below go by it. A small place has none of its own, but that of the
    /// nearest one that does: it rides on it.
    #[must_use]
    pub fn index_of(&self, id: PlaceId) -> Option<PlaceIndex> {
        self.ids.get(&id).map(|&rank| self.atlas.index_at(rank))
    }

    /// The rank of a place among all of them, by size.
    #[must_use]
    pub fn rank_of(&self, id: PlaceId) -> Option<PlaceRank> {
        self.ids.get(&id).and_then(|&rank| PlaceRank::try_from(rank).ok())
    }

    /// The place of a rank.
    #[must_use]
    pub fn ranked(&self, rank: PlaceRank) -> Option<&Place> {
        self.places.get(usize::from(rank))
    }

    /// How far the place of a rank lies from the one whose number it has, in kilometres: 0 for all but small
    /// ones.
    #[must_use]
    pub fn off_km(&self, rank: PlaceRank) -> f64 {
        self.atlas.off_km(rank)
    }

    /// The city that a place belongs to: itself, unless it is a district or an airport of another.
    #[must_use]
    pub fn city_of(&self, place: PlaceIndex) -> PlaceIndex {
        self.atlas.city_of(place)
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

    /// The cells that a way between two places can touch, if it may be this much longer, in kilometres: those
    /// with a place within reach for which `except` does not hold, and perhaps a few more.
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

/// Airports, their cities, and what is called by the code of one.
fn flown_to(places: &[Place], aliases: &[(&str, u32)]) -> HashSet<PlaceId> {
    let airports = places.iter().filter(|place| place.kind == Kind::Airport);
    let is_code = |alias: &str| alias.len() == 3 && alias.bytes().all(|letter| letter.is_ascii_uppercase());
    let coded =
        aliases.iter().filter(|(alias, _)| is_code(alias)).map(|(_, index)| places[*index as usize].id);
    airports.flat_map(|airport| [Some(airport.id), airport.city]).flatten().chain(coded).collect()
}

/// Splits "Name, CC".
fn with_country(name: &str) -> Option<(&str, &str)> {
    let (name, country) = name.rsplit_once(',')?;
    let country = country.trim();
    (country.len() == 2 && country.is_ascii()).then_some((name, country))
}

#[cfg(test)]
mod tests;
