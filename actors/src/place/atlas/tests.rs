//! The tables against plain computations.

use crate::place::{Gazetteer, Kind};

/// Every place that a way may pass, by looking at all of them.
fn cells_by_looking(gazetteer: &Gazetteer, from: u16, to: u16, extra_km: f64) -> Vec<u16> {
    let (start, end) = (gazetteer.spot(from), gazetteer.spot(to));
    let count = u16::try_from(gazetteer.index_count()).unwrap();
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
fn a_small_place_has_the_number_of_the_nearest_other_one() {
    let gazetteer = Gazetteer::bundled();
    let large: Vec<_> = gazetteer.iter().filter(|place| place.kind != Kind::Small).collect();
    for place in gazetteer.iter().filter(|place| place.kind == Kind::Small).step_by(97) {
        let km = |other: &crate::place::Place| place.position.distance_km(other.position);
        let nearest = large.iter().map(|other| km(other)).fold(f64::MAX, f64::min);
        let off_km = gazetteer.off_km(gazetteer.rank_of(place.id).unwrap());
        assert!((off_km - nearest).abs() < 0.01, "{place:?}: {off_km} {nearest}");
        let seat = gazetteer.spot(gazetteer.index_of(place.id).unwrap());
        assert!((km(gazetteer.get(seat.place).unwrap()) - nearest).abs() < 0.01, "{place:?}");
    }
}

#[test]
fn a_city_has_its_districts_and_they_have_it() {
    let gazetteer = Gazetteer::bundled();
    let index = |name| gazetteer.index_of(gazetteer.find(name).unwrap().id).unwrap();
    for (district, city) in [("Химки", "Москва"), ("Внуково", "Москва"), ("Адлер", "Сочи"), ("SVO", "Москва")]
    {
        let (district, city) = (index(district), index(city));
        assert_eq!(gazetteer.city_of(district), city);
        assert_eq!(gazetteer.city_of(city), city);
        assert!(gazetteer.spot(city).is_city() && gazetteer.spot(city).has_district(district));
        assert!(!gazetteer.spot(district).is_city());
    }
}

#[test]
fn the_table_has_the_distances_of_the_great_circle() {
    let gazetteer = Gazetteer::bundled();
    let moscow = gazetteer.spot(gazetteer.index_of(gazetteer.find("Москва").unwrap().id).unwrap());
    for place in gazetteer.iter().filter(|place| place.kind != Kind::Small) {
        let index = gazetteer.index_of(place.id).unwrap();
        assert!((moscow.km_to(index) - moscow.position.distance_km(place.position)).abs() < 0.001);
    }
}
