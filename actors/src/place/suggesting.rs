//! Suggestions: places to show to somebody who is typing, or who has typed what no place is called.

use super::home::Home;
use super::names::Fit;
use super::reading::readings;
use super::resolving::size_at;
use super::{Gazetteer, Place, layout};

/// How many readings of a text are compared with every name.
const MAX_MISSPELT: usize = 2;

impl Gazetteer {
    /// Places for what was typed so far. Names that are exactly this come before names that begin like this,
    /// these before names with a later word that does, and these before names that only differ by slips; in
    /// each group those at home come first, and then the larger ones. Keys pressed with the keyboard in the
    /// wrong language are understood.
    ///
    /// Slips are looked for when nothing else is found, which takes milliseconds.
    #[must_use]
    pub fn suggestions(&self, typed: &str, home: &Home, limit: usize) -> Vec<&Place> {
        let retyped = layout::other(typed);
        for text in std::iter::once(typed).chain(retyped.as_deref()) {
            let found = self.beginning_with(text, home, limit);
            if !found.is_empty() {
                return found;
            }
        }
        for text in std::iter::once(typed).chain(retyped.as_deref()) {
            for reading in readings(text).iter().filter(|reading| reading.in_order).take(MAX_MISSPELT) {
                let found = in_order(self.misspelt(&reading.name).collect(), home, limit);
                if !found.is_empty() {
                    return found;
                }
            }
        }
        Vec::new()
    }

    fn beginning_with(&self, text: &str, home: &Home, limit: usize) -> Vec<&Place> {
        let readings = readings(text);
        for reading in &readings {
            let around: Vec<_> = reading.around.iter().map(|words| self.territory(words)).collect();
            // Of what comes after the name of something larger, only all of it says enough.
            let says_enough = |fit: Fit| reading.in_order || fit == Fit::Whole;
            let found = self.fitting(&reading.name).filter(|(fit, place)| {
                says_enough(*fit) && around.iter().all(|territory| territory.holds(place))
            });
            let found = in_order(found.collect(), home, limit);
            if !found.is_empty() {
                return found;
            }
        }
        // What it is said to lie in was not understood, or is not yet all there.
        let named = readings.iter().find(|reading| reading.in_order && !reading.around.is_empty());
        named.map_or_else(Vec::new, |reading| in_order(self.fitting(&reading.name).collect(), home, limit))
    }

    /// The largest places of the first home country, then those of the next, and the rest of the world last.
    #[must_use]
    pub fn largest(&self, home: &Home, limit: usize) -> Vec<&Place> {
        let mut places: Vec<&Place> = self.iter().collect();
        places.sort_by_key(|place| home.rank(place.country));
        places.truncate(limit);
        places
    }
}

/// By group, then by size, at home being worth as much as in resolving names.
fn in_order<'g, K: Ord>(mut found: Vec<(K, &'g Place)>, home: &Home, limit: usize) -> Vec<&'g Place> {
    let size = |place: &Place| size_at(place, home);
    found.sort_by(|(group, one), (other_group, other)| {
        group
            .cmp(other_group)
            .then_with(|| size(other).total_cmp(&size(one)))
            .then_with(|| one.id.cmp(&other.id))
    });
    found.into_iter().take(limit).map(|(_, place)| place).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn suggested(typed: &str, limit: usize) -> Vec<&'static str> {
        let places = Gazetteer::bundled().suggestions(typed, &Home::default(), limit);
        places.iter().map(|place| place.name_ru).collect()
    }

    #[test]
    fn exact_names_come_before_longer_ones_and_home_before_the_rest() {
        let luga = Gazetteer::bundled().suggestions("луга", &Home::default(), 20);
        assert_eq!((luga[0].name_ru, luga[0].country), ("Луга", "RU"));
        let longer = luga.iter().position(|place| place.name_ru == "Луганск").unwrap();
        assert!(
            luga[..longer].iter().any(|place| place.country == "SN"),
            "a namesake abroad, then longer names"
        );
        assert_eq!(suggested("моск", 1), ["Москва"]);
        assert_eq!(suggested("Ростов", 2), ["Ростов-на-Дону", "Ростов Великий"]);
    }

    #[test]
    fn slips_and_the_wrong_layout_are_forgiven() {
        for (typed, meant) in [
            ("Vjcrdf", "Москва"),
            ("vjcrd", "Москва"),
            ("Ьщысщц", "Москва"),
            ("Масква", "Москва"),
            ("екатиренбург", "Екатеринбург"),
            ("Tbilissi", "Тбилиси"),
            ("г. Казнаь", "Казань"),
            (",fhyfek", "Барнаул"),
        ] {
            assert_eq!(suggested(typed, 1), [meant], "{typed}");
        }
        assert_eq!(suggested("щщщщщщщщ", 5), Vec::<&str>::new());
    }

    #[test]
    fn larger_places_are_known_in_the_letters_of_their_countries() {
        for (typed, meant) in [
            ("თბილისი", "Тбилиси"),
            ("ბათუმი", "Батуми"),
            ("მოსკოვი", "Москва"),
            ("Երևան", "Ереван"),
            ("Մոսկվա", "Москва"),
            ("دبي", "Дубай"),
            ("موسكو", "Москва"),
            ("إسطنبول", "Стамбул"),
            ("Мәскеу", "Москва"),
            ("Қарағанды", "Караганда"),
            ("Өскемен", "Усть-Каменогорск"),
        ] {
            assert_eq!(suggested(typed, 1), [meant], "{typed}");
        }
    }

    #[test]
    fn codes_of_airports_and_what_a_place_lies_in_are_understood() {
        assert_eq!(suggested("SVO", 1), ["Шереметьево"]);
        assert_eq!(suggested("lhr", 1), ["Лондон"]);
        assert_eq!(suggested("киров, калуж", 1), ["Киров"]);
        let kirov = Gazetteer::bundled().suggestions("киров, Калужская", &Home::default(), 1);
        assert_eq!(kirov[0].region.unwrap().name_ru, "Калужская область");
    }

    #[test]
    fn the_largest_at_home_come_first() {
        let home: Home = "KZ".parse().unwrap();
        let largest = Gazetteer::bundled().largest(&home, 200);
        assert_eq!((largest[0].name_ru, largest[199].country), ("Алматы", "KZ"));
        assert_eq!(Gazetteer::bundled().largest(&"".parse().unwrap(), 1)[0].name_ru, "Шанхай");
        assert_eq!(Gazetteer::bundled().largest(&Home::default(), 1)[0].name_ru, "Москва");
    }
}
