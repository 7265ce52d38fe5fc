//! From what a request says of a place to the place that it means.
//!
//! A name is not a place: dozens of towns share one. What else the request says decides: a region, a country,
//! a point, the other end of the way and how one travels there; then whether a town is at home, then its
//! size. Where that does not tell one from the others, nobody guesses: the answer is the list of those it may
//! be.

use super::home::Home;
use super::reading::{Reading, readings};
use super::{Gazetteer, Kind, Place, Position};

/// How many places an answer lists that is not one place.
const MOST: usize = 5;

/// How much more plausible one place must be than another to be meant without a question, in powers of ten of
/// inhabitants: five times as many.
const CLEAR: f64 = 0.7;

/// What it is worth to lie at home, in the same measure: as much as thirty times the inhabitants.
const AT_HOME: f64 = 1.5;

/// What it is worth to be the next town to the other end of the way.
const NEXT_TO: f64 = 0.5;

/// What it is worth for anybody who flies to be an airport, more than any town of its name next to it.
const BY_AIR: f64 = 5.0;

/// What it is worth for anybody who flies to have an airport: as much as fifteen times the inhabitants.
const FLOWN_TO: f64 = 1.2;

/// Up to here a town is next to the other end, in kilometres.
const NEXT_TO_KM: f64 = 150.0;

/// Places of one name that are as close as this are one for anybody who asks: a town and its airport, in
/// kilometres.
const SAME_PLACE_KM: f64 = 40.0;

/// Below this nobody counted, or nobody lives.
const MIN_POPULATION: u32 = 500;

/// Nobody lives at an airport, but as many speak of it as of a town of this size.
const AIRPORT_POPULATION: u32 = 25_000;

/// A flight of less than this is hardly one, in kilometres.
const SHORT_FLIGHT_KM: f64 = 300.0;

/// From about here on a flight is a long one, in kilometres.
const LONG_FLIGHT_KM: f64 = 2_000.0;

/// What is said of the place itself.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Wanted<'a> {
    /// Its name as people write it: «Москва», «г. Москва», «Киров, Калужская область», `SVO`.
    pub name: &'a str,
    /// Its region, in Russian or English.
    pub region: Option<&'a str>,
    /// Its country: a name in Russian or English, or the ISO 3166 code.
    pub country: Option<&'a str>,
    /// A point in it or near it.
    pub near: Option<Position>,
}

impl<'a> Wanted<'a> {
    /// A name, and nothing else.
    #[must_use]
    pub const fn named(name: &'a str) -> Self {
        Self { name, region: None, country: None, near: None }
    }
}

/// How one gets to a place, as far as that says which place is meant.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Travel {
    /// By air.
    Air,
    /// By rail.
    Rail,
    /// By car or coach.
    Road,
    /// The way of somebody who walks.
    Foot,
}

/// What a request says besides.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Hint<'a> {
    /// Where the other end of the way is, if that is known.
    pub other_end: Option<Position>,
    /// How one travels, if that is known.
    pub travel: Option<Travel>,
    /// Whose places are meant before others of the same name.
    pub home: &'a Home,
}

/// What a name means.
#[derive(Clone, PartialEq, Debug)]
pub enum Resolved<'g> {
    /// This place and no other.
    One(&'g Place),
    /// One of these, at least two, the most plausible first.
    Ambiguous(Vec<&'g Place>),
    /// No place that is known. These have similar names.
    Unknown(Vec<&'g Place>),
}

impl Gazetteer {
    /// The place that is meant, if what is said tells it from all others of its name.
    #[must_use]
    pub fn resolve(&self, wanted: &Wanted<'_>, hint: &Hint<'_>) -> Resolved<'_> {
        for reading in readings(wanted.name) {
            let bearers = self.bearers_of(&reading, wanted);
            if !bearers.is_empty() {
                return self.chosen(bearers, wanted, hint);
            }
        }
        // A country or a region is no place; its towns are.
        let mut similar = self.lying_in(wanted.name, MOST);
        if similar.is_empty() {
            similar = self.suggestions(wanted.name, hint.home, MOST);
        }
        Resolved::Unknown(similar)
    }

    fn bearers_of(&self, reading: &Reading, wanted: &Wanted<'_>) -> Vec<&Place> {
        let mut bearers: Vec<&Place> = self.bearers(&reading.name).collect();
        let around = reading.around.iter().map(String::as_str).chain(wanted.region).chain(wanted.country);
        for words in around {
            if bearers.is_empty() {
                break;
            }
            let lies_in = self.territory(words);
            bearers.retain(|place| lies_in.holds(place));
        }
        bearers
    }

    fn chosen<'g>(&self, mut bearers: Vec<&'g Place>, wanted: &Wanted<'_>, hint: &Hint<'_>) -> Resolved<'g> {
        if let Some(near) = wanted.near {
            let km = |place: &Place| place.position.distance_km(near);
            bearers.sort_by(|one, other| km(one).total_cmp(&km(other)));
            bearers.truncate(1);
        }
        let mut ranked: Vec<(f64, &Place)> =
            bearers.into_iter().map(|place| (self.plausibility(place, hint), place)).collect();
        // Stable: of equals, the larger one stays first.
        ranked.sort_by(|(one, _), (other, _)| other.total_cmp(one));
        let Some(&(most, best)) = ranked.first() else { return Resolved::Unknown(Vec::new()) };
        let is_rival = |&(worth, place): &(f64, &Place)| {
            most - worth < CLEAR && place.position.distance_km(best.position) > SAME_PLACE_KM
        };
        let rivals: Vec<&Place> = ranked.into_iter().filter(is_rival).map(|(_, place)| place).collect();
        if rivals.is_empty() {
            return Resolved::One(best);
        }
        Resolved::Ambiguous(std::iter::once(best).chain(rivals).take(MOST).collect())
    }

    /// How likely a place is meant, in powers of ten of inhabitants.
    fn plausibility(&self, place: &Place, hint: &Hint<'_>) -> f64 {
        let way = hint.other_end.map_or(0.0, |end| way(place.position.distance_km(end), hint.travel));
        let flight = match (hint.travel, place.kind) {
            (Some(Travel::Air), Kind::Airport) => BY_AIR,
            (Some(Travel::Air), _) if self.is_flown_to(place) => FLOWN_TO,
            _ => 0.0,
        };
        size_at(place, hint.home) + way + flight
    }
}

/// How large a place is, in powers of ten of inhabitants, at home being worth some.
pub(super) fn size_at(place: &Place, home: &Home) -> f64 {
    let people = if place.kind == Kind::Airport { AIRPORT_POPULATION } else { place.population };
    let size = f64::from(people.max(MIN_POPULATION)).log10();
    size + if home.has(place.country) { AT_HOME } else { 0.0 }
}

/// How likely one travels so far in this way, compared with other lengths.
fn way(km: f64, travel: Option<Travel>) -> f64 {
    // The nearer, the likelier; on foot and in a car much more so than by train.
    let (weight, reach_km) = match travel {
        Some(Travel::Air) => {
            let too_short = (1.0 - km / SHORT_FLIGHT_KM).max(0.0);
            return -1.5 * too_short - 0.4 * (1.0 + km / LONG_FLIGHT_KM).log2();
        }
        Some(Travel::Foot) => (1.0, 5.0),
        Some(Travel::Road) => (0.7, 100.0),
        Some(Travel::Rail) => (0.4, 300.0),
        None => (0.2, 500.0),
    };
    let next_to = if km <= NEXT_TO_KM { NEXT_TO } else { 0.0 };
    next_to - weight * (1.0 + km / reach_km).log2()
}

#[cfg(test)]
mod tests;
