//! The gazetteer against the bundled tables, against small ones, and against a plain scan.

mod official;
mod tables;

use proptest::prelude::*;

use super::*;

fn bundled() -> &'static Gazetteer {
    Gazetteer::bundled()
}

fn russian(places: &[&Place]) -> Vec<&'static str> {
    places.iter().map(|place| place.name_ru).collect()
}

fn found(name: &str) -> Option<&'static str> {
    bundled().find(name).map(|place| place.name_ru)
}

fn scanned(at: Position) -> Vec<(&'static Place, f64)> {
    let mut all: Vec<_> = bundled().iter().map(|place| (place, at.distance_km(place.position))).collect();
    all.sort_by(closer);
    all
}

fn within_scanned(at: Position, radius_km: f64) -> Vec<(&'static Place, f64)> {
    scanned(at).into_iter().take_while(|(_, distance)| *distance <= radius_km).collect()
}

#[test]
fn the_bundled_tables_are_right() {
    assert!(bundled().len() > 7_500);
    assert!(!bundled().is_empty());
    assert_eq!(bundled().iter().count(), bundled().len());
}

#[test]
fn places_come_most_populous_first() {
    assert!(bundled().iter().is_sorted_by_key(|place| (std::cmp::Reverse(place.population), place.id)));
}

#[test]
fn every_place_is_found_by_its_id() {
    for place in bundled() {
        assert_eq!(bundled().get(place.id), Some(place));
    }
    assert_eq!(bundled().get(PlaceId(0)), None);
}

#[test]
fn every_name_is_found_and_means_a_place_at_least_as_populous() {
    for place in bundled() {
        for name in [place.name_ru, place.name_en] {
            let best = bundled().find(name).unwrap();
            assert!(best.population >= place.population, "{name}");
        }
    }
}

#[test]
fn every_name_with_its_country_means_a_place_of_that_country() {
    for place in bundled() {
        let asked = format!("{}, {}", place.name_ru, place.country);
        assert_eq!(bundled().find(&asked).unwrap().country, place.country, "{asked}");
    }
}

#[test]
fn large_cities_have_their_russian_names() {
    let expected = [
        ("Moscow", "Москва"),
        ("Saint Petersburg", "Санкт-Петербург"),
        ("Kazan", "Казань"),
        ("Nizhny Novgorod", "Нижний Новгород"),
        ("Yekaterinburg", "Екатеринбург"),
        ("Rostov-on-Don", "Ростов-на-Дону"),
        ("Samara", "Самара"),
        ("Perm", "Пермь"),
        ("Almaty", "Алматы"),
        ("Astana", "Астана"),
        ("Tashkent", "Ташкент"),
        ("Tbilisi", "Тбилиси"),
        ("Yerevan", "Ереван"),
        ("Istanbul", "Стамбул"),
        ("Antalya", "Анталья"),
        ("Minsk", "Минск"),
        ("Dubai", "Дубай"),
        ("Paris", "Париж"),
        ("London", "Лондон"),
        ("Berlin", "Берлин"),
        ("Beijing", "Пекин"),
    ];
    for (english, name) in expected {
        assert_eq!(found(english), Some(name));
        assert_eq!(bundled().find(name).unwrap().name_en, english);
    }
}

#[test]
fn aliases_are_found() {
    for (alias, name) in [
        ("Питер", "Санкт-Петербург"),
        ("спб", "Санкт-Петербург"),
        ("SPB", "Санкт-Петербург"),
        ("St. Petersburg", "Санкт-Петербург"),
        ("Saint-Petersburg", "Санкт-Петербург"),
        ("Ленинград", "Санкт-Петербург"),
        ("мск", "Москва"),
        ("Екб", "Екатеринбург"),
        ("НН", "Нижний Новгород"),
        ("Нижний", "Нижний Новгород"),
        ("Ростов", "Ростов-на-Дону"),
        ("Нск", "Новосибирск"),
        ("Анталия", "Анталья"),
        ("Алма-Ата", "Алматы"),
        ("Чимкент", "Шымкент"),
    ] {
        assert_eq!(found(alias), Some(name), "{alias}");
    }
}

#[test]
fn the_way_a_name_is_typed_does_not_matter() {
    for (typed, name) in [
        ("  нижний   новгород ", "Нижний Новгород"),
        ("НИЖНИЙ-НОВГОРОД", "Нижний Новгород"),
        ("ростов на дону", "Ростов-на-Дону"),
        ("санкт петербург", "Санкт-Петербург"),
        ("орел", "Орёл"),
        ("Орёл", "Орёл"),
        ("королев", "Королёв"),
        ("izmir", "Измир"),
        ("sao paulo", "Сан-Паулу"),
    ] {
        assert_eq!(found(typed), Some(name), "{typed}");
    }
}

#[test]
fn an_unknown_name_finds_nothing() {
    for name in ["", "  ", "Масква", "Нигдеград", "Москва, SN", ", RU"] {
        assert_eq!(found(name), None, "{name}");
    }
}

#[test]
fn a_country_tells_namesakes_apart() {
    assert_eq!(bundled().find("London").unwrap().country, "GB");
    assert_eq!(bundled().find("London, CA").unwrap().country, "CA");
    assert_eq!(bundled().find("лондон,ca").unwrap().country, "CA");
    assert_eq!(bundled().find("Брест").unwrap().country, "BY");
    assert_eq!(bundled().find("Брест, FR").unwrap().country, "FR");
}

#[test]
fn a_prefix_finds_the_most_populous_first() {
    assert_eq!(russian(&bundled().search("моск", 3))[0], "Москва");
    assert_eq!(bundled().search("mosc", 1)[0].name_ru, "Москва");
    let petersburg = bundled().search("санкт-пе", 5);
    assert_eq!(petersburg[0].name_ru, "Санкт-Петербург");
}

#[test]
fn a_later_word_is_found_after_first_words() {
    assert_eq!(russian(&bundled().search("новгород", 2)), ["Нижний Новгород", "Великий Новгород"]);
    let places = bundled().search("ключ", 100);
    let rank = |name| places.iter().position(|place| place.name_ru == name).unwrap();
    assert!(rank("Ключи") < rank("Горячий Ключ"));
}

#[test]
fn a_search_is_limited_and_without_repetition() {
    assert_eq!(bundled().search("к", 7).len(), 7);
    assert!(bundled().search("москва", 0).is_empty());
    assert!(bundled().search("", 5).is_empty());
    let mut ids: Vec<_> = bundled().search("с", usize::MAX).iter().map(|place| place.id).collect();
    let count = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), count);
}

#[test]
fn a_misspelt_name_suggests_the_right_one() {
    for (misspelt, name) in [
        ("Масква", "Москва"),
        ("Санкт-Питербург", "Санкт-Петербург"),
        ("Новосибрск", "Новосибирск"),
        ("Екатиренбург", "Екатеринбург"),
        ("Казнаь", "Казань"),
        ("Ташкнет, UZ", "Ташкент"),
        ("Tbilissi", "Тбилиси"),
    ] {
        assert_eq!(bundled().suggest(misspelt, 3).first().unwrap().name_ru, name, "{misspelt}");
    }
}

#[test]
fn nonsense_suggests_nothing() {
    for misspelt in ["", "ы", "щщщщщщщщ", "abcdefghijklmnop"] {
        assert!(bundled().suggest(misspelt, 5).is_empty(), "{misspelt}");
    }
    assert!(bundled().suggest("Масква", 0).is_empty());
}

#[test]
fn the_poles_and_the_antimeridian_have_nearest_places() {
    for (lat, lon) in [(90.0, 0.0), (-90.0, 0.0), (0.0, 180.0), (0.0, -180.0), (-48.9, -123.4), (71.0, 180.0)]
    {
        let at = Position { lat, lon };
        assert_eq!(bundled().nearest(at), scanned(at)[0].0, "{at:?}");
        for radius in [0.0, 500.0, 3_000.0, 9_000.0, 30_000.0] {
            assert_eq!(bundled().within(at, radius), within_scanned(at, radius), "{at:?} {radius}");
        }
    }
}

#[test]
fn the_centre_of_a_place_is_nearest_to_itself() {
    for place in bundled().iter().step_by(17) {
        assert_eq!(bundled().nearest(place.position).position, place.position);
        assert!(bundled().within(place.position, 0.0).iter().any(|(near, _)| *near == place));
    }
}

#[test]
fn a_position_that_is_not_a_number_does_no_harm() {
    let nowhere = Position { lat: f64::NAN, lon: f64::NAN };
    let _some = bundled().nearest(nowhere);
    assert!(bundled().within(nowhere, 100.0).is_empty());
    assert!(bundled().within(Position { lat: 55.0, lon: 37.0 }, f64::NAN).is_empty());
    assert!(bundled().within(Position { lat: 55.0, lon: 37.0 }, -1.0).is_empty());
    let beyond = Position { lat: 1e300, lon: -1e300 };
    let _some = bundled().nearest(beyond);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(100) })]

    #[test]
    fn nearest_equals_a_plain_scan(lat in -90.0..=90.0, lon in -180.0..=180.0) {
        let at = Position { lat, lon };
        prop_assert_eq!(bundled().nearest(at), scanned(at)[0].0);
    }

    #[test]
    fn within_equals_a_plain_scan(lat in -90.0..=90.0, lon in -180.0..=180.0, root in 0.0..150.0_f64) {
        let (at, radius) = (Position { lat, lon }, root * root);
        prop_assert_eq!(bundled().within(at, radius), within_scanned(at, radius));
    }

    #[test]
    fn no_text_breaks_a_lookup(text in "\\PC{0,24}") {
        let _found = bundled().find(&text);
        let _started = bundled().search(&text, 5);
        let _suggested = bundled().suggest(&text, 5);
    }
}

#[test]
fn places_lie_in_regions_and_countries() {
    let moscow = bundled().find("Химки").unwrap();
    assert_eq!(bundled().full_name(moscow, true), "Химки, Московская область, Россия");
    assert_eq!(bundled().full_name(moscow, false), "Khimki, Moscow Oblast, Russia");
    let yalta = bundled().find("Ялта").unwrap();
    assert_eq!((yalta.kind, yalta.region.unwrap().name_ru), (Kind::Town, "Крым"));
    let at_home = crate::place::Home::default();
    let without =
        bundled().iter().filter(|place| at_home.has(place.country) && place.region.is_none()).count();
    assert!(without < 20, "{without} places at home without a region");
}

#[test]
fn every_place_of_a_thousand_at_home_is_known_and_few_count_for_the_matching() {
    let at_home = crate::place::Home::default();
    let home = bundled().iter().filter(|place| at_home.has(place.country));
    assert!(home.filter(|place| place.population >= 1_000).count() > 8_500);
    assert!(bundled().index_count() < 8_200, "{}", bundled().index_count());
    for name in ["Мышкин", "Плёс", "Коктебель", "Чолпон-Ата", "Боржоми"] {
        assert_eq!(bundled().find(name).map(|place| place.kind), Some(Kind::Small), "{name}");
    }
}
