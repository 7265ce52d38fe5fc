//! Names that mean several places, seen from the other end; and what is refused.

use super::*;

fn input(text: &str) -> PlaceInput {
    serde_json::from_str(text).unwrap_or_else(|_| PlaceInput::Name(text.to_owned()))
}

fn ends(from: &str, to: &str, travel: Option<Travel>) -> (Result<Spot, ApiError>, Result<Spot, ApiError>) {
    let (home, from, to) = (Home::default(), input(from), input(to));
    let context = Context { home: &home, travel };
    both(context, ("from", read("from", &from)), ("to", read("to", &to)))
}

fn found(from: &str, to: &str, travel: Option<Travel>) -> (&'static Place, &'static Place) {
    let (from, to) = ends(from, to, travel);
    (from.unwrap().place, to.unwrap().place)
}

fn point(name: &str) -> Position {
    Gazetteer::bundled().find(name).unwrap().position
}

#[test]
fn the_other_end_tells_namesakes_apart_either_way_round() {
    for (end, km) in [("Красноярск", 100.0), ("Курск", 120.0)] {
        let (_, to) = found(end, "Железногорск", Some(Travel::Road));
        assert!(to.position.distance_km(point(end)) < km, "{end}: {to:?}");
        let (from, _) = found("Железногорск", end, Some(Travel::Road));
        assert_eq!(from.id, to.id, "{end}");
    }
}

#[test]
fn a_stop_lies_on_the_way() {
    let home = Home::default();
    let context = Context { home: &home, travel: Some(Travel::Road) };
    let stop = input("Железногорск");
    for (before, after, near) in [
        ("Новосибирск", "Иркутск", "Красноярск"),
        ("Орёл", "Белгород", "Курск"),
        ("Москва", "Иркутск", "Красноярск"),
    ] {
        let said = read("stops", &stop).unwrap();
        let spot = between(context, "stops", said, (point(before), point(after)));
        let place = match spot {
            Ok(spot) => spot.place,
            Err(error) => panic!("{before} {after}: {error}"),
        };
        assert!(place.position.distance_km(point(near)) < 120.0, "{before} {after}: {place:?}");
    }
}

#[test]
fn an_id_and_a_point_say_it_themselves() {
    let (from, to) = found(r#"{"place_id":524901}"#, r#"{"place_id":"551487","name":"Киров"}"#, None);
    assert_eq!((from.name_ru, to.name_ru), ("Москва", "Казань"));
    let (from, to) = ends(r#"{"lat":55.75,"lon":37.62}"#, r#"{"name":"Казань","lat":55.8,"lon":49.1}"#, None);
    let to = to.unwrap();
    assert!(from.unwrap().place.position.distance_km(point("Москва")) < 20.0);
    assert_eq!((to.place.name_ru, to.position), ("Казань", Position { lat: 55.8, lon: 49.1 }));
    let (_, to) = found("Москва", r#"{"name":"Брест","country":"FR"}"#, None);
    assert_eq!(to.country, "FR");
}

#[test]
fn what_is_no_place_is_refused_by_its_field() {
    let message = |from: &str, to: &str| {
        let (from, to) = ends(from, to, None);
        let told = |end: Result<Spot, ApiError>| end.err().map(|error| error.message().to_owned());
        (told(from), told(to))
    };
    let wrong = |field: &str, reason: &str| Some(format!("{field}: {reason}"));
    let far = wrong("from", "this point is far from the place");
    assert_eq!(message(r#"{"name":"Казань","lat":55.75,"lon":37.62}"#, "Москва"), (far.clone(), None));
    assert_eq!(message(r#"{"place_id":551487,"lat":55.75,"lon":37.62}"#, "Москва"), (far, None));
    for (said, reason) in [
        ("Масква", "unknown city"),
        (" ", "must not be empty"),
        (r#"{"place_id":1}"#, "unknown place_id"),
        (r#"{"place_id":"x"}"#, "unknown place_id"),
        (r#"{"lat":55.75}"#, "a point needs lat and lon"),
        (r#"{"lat":155.75,"lon":1}"#, "latitude or longitude is out of range"),
        ("{}", "a place needs a name, an id or a point"),
        (&"я".repeat(201), "must be at most 200 characters"),
    ] {
        assert_eq!(message(said, "Москва"), (wrong("from", reason), None), "{said}");
        assert_eq!(message("Москва", said), (None, wrong("to", reason)), "{said}");
        assert_eq!(message(said, said), (wrong("from", reason), wrong("to", reason)), "{said}");
    }
}

#[test]
fn a_name_that_is_not_clear_comes_with_its_candidates() {
    let home = Home::of::<&str>([]).unwrap();
    let context = Context { home: &home, travel: None };
    let gazetteer = Gazetteer::bundled();
    // Whatever the data say, of all names of large places some mean several.
    let unclear = gazetteer.iter().take(4_000).find_map(|place| {
        let said = input(place.name_ru);
        one(context, "from", read("from", &said).ok()?)
            .err()
            .filter(|error| error.code() == "ambiguous_place")
    });
    let problem = unclear.unwrap().problem(None);
    assert_eq!((problem.status, problem.candidates.len() >= 2), (422, true));
    assert!(problem.fields["from"].starts_with("this name means several places"));
    for candidate in &problem.candidates {
        assert_eq!(candidate.field, "from");
        let chosen = input(&format!(r#"{{"place_id":"{}"}}"#, candidate.place_id));
        let spot = one(context, "from", read("from", &chosen).unwrap()).unwrap();
        assert_eq!(spot.place.name_ru, candidate.name_ru);
    }
    let similar = one(context, "from", read("from", &input("Масква")).unwrap()).unwrap_err().problem(None);
    assert_eq!(similar.candidates.len(), similar.suggestions.len());
    assert!(similar.candidates.iter().any(|candidate| candidate.name_en == "Moscow"), "{similar:?}");
}
