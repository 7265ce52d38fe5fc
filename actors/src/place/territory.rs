//! Territories: the words for what a place lies in, that is a country, a region, or a city that it belongs
//! to.

use super::folding::folded;
use super::tables::{Named, all_names};
use super::{Country, Place, Region};

/// Words that say what kind of region or country is named; who writes «Калужская обл.» means «Калужская
/// область».
const KINDS: &[&str] = &[
    "область",
    "обл",
    "край",
    "кр",
    "республика",
    "респ",
    "автономный",
    "автономная",
    "округ",
    "ао",
    "аобл",
    "провинция",
    "штат",
    "велаят",
    "регион",
    "oblast",
    "region",
    "krai",
    "kray",
    "republic",
    "province",
    "state",
    "district",
    "okrug",
    "autonomous",
    "of",
    "the",
    "city",
    "viloyati",
    "oblysy",
    "voblasc",
    "governorate",
    "страна",
    "country",
];

/// A country or a region.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Ground {
    Country(&'static str),
    Region(&'static str, &'static str),
}

/// The names of countries and regions.
pub(super) struct Grounds {
    /// Sorted by name.
    named: Vec<(Box<str>, Ground)>,
}

/// What lies around a place: everything that was meant by some words.
pub(super) struct Territory<'g> {
    grounds: Vec<Ground>,
    places: Vec<&'g Place>,
}

impl Grounds {
    pub(super) fn new(countries: &[(Country, &'static str)], regions: &[Named<Region>]) -> Self {
        let country = |(country, aliases): &(Country, &'static str)| {
            let ground = Ground::Country(country.code);
            let names = all_names(country.name_ru, country.name_en, aliases).chain([country.code]);
            names.map(move |name| (key(name), ground)).collect::<Vec<_>>()
        };
        let region =
            |(name, region): &Named<Region>| (key(name), Ground::Region(region.country, region.code));
        let mut named: Vec<(Box<str>, Ground)> =
            countries.iter().flat_map(country).chain(regions.iter().map(region)).collect();
        named.retain(|(name, _)| !name.is_empty());
        named.sort_unstable();
        named.dedup();
        Self { named }
    }

    /// What is meant by words; `bearers` are the places that bear them for a name.
    pub(super) fn territory<'g>(&self, words: &str, bearers: Vec<&'g Place>) -> Territory<'g> {
        let key = key(words);
        let start = self.named.partition_point(|(name, _)| *name < key);
        let grounds = self.named[start..].iter().take_while(|(name, _)| *name == key);
        Territory { grounds: grounds.map(|(_, ground)| *ground).collect(), places: bearers }
    }
}

/// A name without the words for what it names.
fn key(name: &str) -> Box<str> {
    let text = folded(name);
    let words: Vec<&str> = text.split(' ').filter(|word| !KINDS.contains(word)).collect();
    words.join(" ").into_boxed_str()
}

impl Territory<'_> {
    /// Whether a place lies in it: in the country, in the region, in the city, or in the region of the town.
    pub(super) fn holds(&self, place: &Place) -> bool {
        let in_ground = |ground: &Ground| match *ground {
            Ground::Country(code) => place.country == code,
            Ground::Region(country, code) => {
                place.region.is_some_and(|region| (region.country, region.code) == (country, code))
            }
        };
        let around = |town: &&Place| {
            let same_region = place.region.is_some() && place.region == town.region;
            let is_lesser = place.population < town.population && same_region;
            place.id == town.id || place.city == Some(town.id) || is_lesser
        };
        self.grounds.iter().any(in_ground) || self.places.iter().any(around)
    }
}
