//! What names mean, with what is said besides.

use super::*;

fn hint(home: &Home) -> Hint<'_> {
    Hint { other_end: None, travel: None, home }
}

fn place(name: &str) -> &'static Place {
    Gazetteer::bundled().find(name).unwrap()
}

/// What a name means on a way by these means from this place.
fn from(other: &str, travel: Option<Travel>, name: &str) -> Resolved<'static> {
    let home = Home::default();
    let other_end = Some(place(other).position);
    Gazetteer::bundled().resolve(&Wanted::named(name), &Hint { other_end, travel, home: &home })
}

fn alone(name: &str) -> Resolved<'static> {
    Gazetteer::bundled().resolve(&Wanted::named(name), &hint(&Home::default()))
}

fn one(resolved: Resolved<'static>) -> (&'static str, &'static str, f64) {
    match resolved {
        Resolved::One(place) => (place.name_ru, place.country, place.position.lat.round()),
        other => panic!("not one place: {other:?}"),
    }
}

#[test]
fn the_other_end_and_the_transport_tell_namesakes_apart() {
    assert_eq!(one(from("Красноярск", Some(Travel::Road), "Железногорск")), ("Железногорск", "RU", 56.0));
    assert_eq!(one(from("Курск", Some(Travel::Road), "Железногорск")), ("Железногорск", "RU", 52.0));
    assert_eq!(one(from("Красноярск", None, "Железногорск")), ("Железногорск", "RU", 56.0));
    assert_eq!(one(from("Калуга", Some(Travel::Road), "Киров")), ("Киров", "RU", 54.0));
    assert_eq!(one(from("Москва", Some(Travel::Air), "Киров")), ("Киров", "RU", 59.0));
}

#[test]
fn namesakes_that_nothing_tells_apart_are_all_named() {
    for resolved in [alone("Железногорск"), from("Москва", None, "Железногорск")]
    {
        let Resolved::Ambiguous(places) = resolved else { panic!("{resolved:?}") };
        assert_eq!(places.len(), 2);
        assert!(places.iter().all(|place| place.name_ru == "Железногорск"));
    }
}

#[test]
fn home_comes_before_the_rest_and_then_size() {
    assert_eq!(one(alone("Луга")), ("Луга", "RU", 59.0));
    assert_eq!(one(alone("Брест")), ("Брест", "BY", 52.0));
    assert_eq!(one(alone("Париж")).1, "FR");
    assert_eq!(one(alone("London")).1, "GB");
    assert_eq!(one(alone("Киров")), ("Киров", "RU", 59.0));
    let nowhere: Home = "SN".parse().unwrap();
    let luga = Gazetteer::bundled().resolve(&Wanted::named("Луга"), &hint(&nowhere));
    assert_eq!(one(luga).1, "SN");
}

#[test]
fn a_country_and_a_point_tell_namesakes_apart() {
    assert_eq!(one(alone("London, CA")).1, "CA");
    assert_eq!(one(alone("город Москва")).0, "Москва");
    let resolved = |wanted: Wanted<'_>| Gazetteer::bundled().resolve(&wanted, &hint(&Home::default()));
    let near = Position::new(56.0, 93.0).ok();
    assert_eq!(one(resolved(Wanted { near, ..Wanted::named("Железногорск") })).2, 56.0);
    assert_eq!(one(resolved(Wanted { country: Some("fr"), ..Wanted::named("Брест") })).1, "FR");
}

#[test]
fn an_unknown_name_comes_with_similar_ones() {
    for (name, similar) in [("Масква", "Москва"), ("г. Новосибрск", "Новосибирск"), ("Москва, US", "Москва")]
    {
        let Resolved::Unknown(places) = alone(name) else { panic!("{name} is known") };
        assert!(places.iter().any(|place| place.name_ru == similar), "{name}: {places:?}");
    }
    assert_eq!(alone("  "), Resolved::Unknown(Vec::new()));
}
