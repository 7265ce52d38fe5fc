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
fn who_flies_means_where_one_can_fly_to() {
    let fly = |other, name| from(other, Some(Travel::Air), name);
    assert_eq!(one(fly("Сидней", "Окленд")), ("Окленд", "NZ", -37.0));
    assert_eq!(one(fly("Якутск", "Мирный")), ("Мирный", "RU", 63.0));
    assert_eq!(one(fly("Москва", "Мирный")), ("Мирный", "RU", 63.0));
    assert_eq!(one(fly("Москва", "Благовещенск")), ("Благовещенск", "RU", 50.0));
    assert_eq!(one(fly("Москва", "Бали")), ("Денпасар", "ID", -9.0));
    assert_eq!(one(fly("Москва", "Варна")), ("Варна", "BG", 43.0));
    assert_eq!(one(fly("Москва", "Лондон")).1, "GB");
    assert_eq!(one(fly("Москва", "Ростов")), ("Ростов-на-Дону", "RU", 47.0));
}

#[test]
fn a_short_name_of_a_far_city_means_the_near_town_that_bears_it() {
    assert_eq!(one(from("Ярославль", Some(Travel::Road), "Ростов")), ("Ростов Великий", "RU", 57.0));
    assert_eq!(one(from("Краснодар", Some(Travel::Road), "Ростов")), ("Ростов-на-Дону", "RU", 47.0));
    assert_eq!(one(from("Москва", Some(Travel::Rail), "Ростов")), ("Ростов-на-Дону", "RU", 47.0));
    assert_eq!(one(alone("Ростов")), ("Ростов-на-Дону", "RU", 47.0));
}

#[test]
fn islands_that_people_fly_to_mean_their_towns() {
    for (island, town) in [
        ("Гоа", "Панаджи"),
        ("Тенерифе", "Санта-Крус-де-Тенерифе"),
        ("Майорка", "Пальма"),
        ("Крит", "Ираклион"),
        ("Джерба", "Хумт-Сук"),
        ("Хайнань", "Санья"),
        ("Сахалин", "Южно-Сахалинск"),
        ("Камчатка", "Петропавловск-Камчатский"),
        ("Родос", "Родос"),
        ("Рияд", "Эр-Рияд"),
    ] {
        assert_eq!(one(from("Москва", Some(Travel::Air), island)).0, town, "{island}");
    }
}

#[test]
fn a_country_or_a_region_is_no_place_and_its_towns_are_named() {
    for (words, largest) in [
        ("Кипр", "Никосия"),
        ("Шри-Ланка", "Коломбо"),
        ("Московская область", "Химки"),
        ("Беларусь", "Минск"),
    ] {
        let Resolved::Unknown(towns) = alone(words) else { panic!("{words}: {:?}", alone(words)) };
        assert_eq!(towns[0].name_ru, largest, "{words}");
    }
}

#[test]
fn letters_of_the_other_alphabet_that_look_right_are_read() {
    assert_eq!(one(alone("Mосква")).0, "Москва");
    assert_eq!(one(alone("Cочи")).0, "Сочи");
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

#[test]
fn what_a_place_lies_in_may_be_said_in_many_ways() {
    for (name, region) in [
        ("город Москва", "Москва"),
        ("г. Москва", "Москва"),
        ("г.Москва", "Москва"),
        ("Москва, Россия", "Москва"),
        ("Россия, Москва", "Москва"),
        ("Moscow, Russia", "Москва"),
        ("Москва, РФ", "Москва"),
        ("Москва Россия", "Москва"),
        ("Киров, Калужская область", "Калужская область"),
        ("Киров (Калужская обл.)", "Калужская область"),
        ("Киров Калужская область", "Калужская область"),
        ("Калужская обл., г. Киров", "Калужская область"),
        ("Kirov, Kaluga Oblast", "Калужская область"),
        ("Киров, Кировская область, Россия", "Кировская область"),
        ("Железногорск, Красноярский край", "Красноярский край"),
        ("Железногорск (Курская область)", "Курская область"),
        ("Железногорск, Курск", "Курская область"),
        ("Троицк, Челябинская обл", "Челябинская область"),
        ("Чертаново Южное, Москва", "Москва"),
        ("Дербент, Республика Дагестан", "Дагестан"),
        ("Мирный, Республика Саха (Якутия)", "Якутия"),
        ("Мирный, Архангельская область", "Архангельская область"),
    ] {
        let Resolved::One(place) = alone(name) else { panic!("{name}: {:?}", alone(name)) };
        assert_eq!(place.region.map(|region| region.name_ru), Some(region), "{name}");
    }
    let resolved = |wanted: Wanted<'_>| Gazetteer::bundled().resolve(&wanted, &hint(&Home::default()));
    let kaluga =
        Wanted {
            region: Some("Калужская область"), country: Some("Russia"), ..Wanted::named("Киров")
        };
    assert_eq!(one(resolved(kaluga)).2, 54.0);
    let nowhere = Wanted {
        region: Some("Московская область"), ..Wanted::named("Владивосток")
    };
    assert!(matches!(resolved(nowhere), Resolved::Unknown(_)));
}

#[test]
fn airports_and_districts_are_known_and_belong_to_their_city() {
    for (name, city) in [
        ("SVO", "Москва"),
        ("svo", "Москва"),
        ("Шереметьево", "Москва"),
        ("аэропорт Шереметьево", "Москва"),
        ("Sheremetyevo", "Москва"),
        ("Внуково", "Москва"),
        ("VKO", "Москва"),
        ("DXB", "Дубай"),
        ("Пулково", "Санкт-Петербург"),
        ("Химки", "Москва"),
        ("Чертаново", "Москва"),
        ("Адлер", "Сочи"),
        ("Зеленоград", "Москва"),
        ("Толмачёво", "Новосибирск"),
        ("Минск-2", "Минск"),
        ("SAW", "Стамбул"),
    ] {
        let Resolved::One(place) = alone(name) else { panic!("{name}: {:?}", alone(name)) };
        let of = place.city.and_then(|city| Gazetteer::bundled().get(city));
        assert_eq!(of.map(|city| city.name_ru), Some(city), "{name} is {place:?}");
    }
    assert_eq!(one(alone("JFK")).0, "Нью-Йорк");
    let Resolved::One(by_air) = from("Сочи", Some(Travel::Air), "Внуково") else {
        panic!("Внуково")
    };
    assert_eq!(by_air.kind, Kind::Airport);
    let Resolved::Ambiguous(places) = alone("Кольцово") else {
        panic!("{:?}", alone("Кольцово"))
    };
    assert!(places.iter().any(|place| place.kind == Kind::Airport) && places.len() > 1);
}
