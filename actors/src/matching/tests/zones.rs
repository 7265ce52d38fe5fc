//! Cities with their districts and airports, and villages: who is found by whom, and at what distance, on
//! real places.

use super::*;
use crate::matching::{PackageIndex, TripIndex};
use crate::place::Kind;

fn real(name: &str) -> &'static Place {
    Gazetteer::bundled().find(name).unwrap_or_else(|| panic!("{name} is unknown"))
}

fn journey(transport: Transport, max_detour_min: u32, names: &[&str]) -> Trip {
    let mut draft = detouring(1, &[("Alfa", 1), ("Delta", 5)], max_detour_min).draft;
    let stop = |(name, n): (&&str, i64)| {
        let place = real(name);
        Stop { place: place.id, position: place.position, arrive: hour(n), depart: hour(n) }
    };
    draft.stops = names.iter().zip((5..).step_by(20)).map(stop).collect();
    draft.transport = transport;
    Trip::publish(trip_id(1), user(101), draft, NOW).expect("a valid trip")
}

fn parcel(from: &str, to: &str) -> PackageEntry {
    let end = |name| End { place: real(name).id, position: real(name).position, address: String::new() };
    let mut package = package("Alfa", "Bravo");
    (package.draft.pickup, package.draft.dropoff) = (end(from), end(to));
    (package.draft.ready_at, package.draft.deliver_by) = (NOW, hour(90));
    PackageEntry::of(&package, Gazetteer::bundled(), &Settings::default())
}

/// The plan on which the package rides, found in both directions or in none.
fn plan(trip: &Trip, package: &PackageEntry) -> Option<Plan> {
    let entry = TripEntry::of(trip, Gazetteer::bundled(), &Settings::default());
    let (mut trips, mut packages) = (TripIndex::new(), PackageIndex::new());
    trips.upsert(entry.clone());
    packages.upsert(package.clone());
    let by_package = trips.candidates(package, NOW, 10).first().map(|found| found.plan);
    let by_trip = packages.waiting_for(&entry, NOW, 10).first().map(|(_, plan)| *plan);
    assert_eq!(by_package, by_trip);
    by_package
}

#[test]
fn who_sends_from_a_city_finds_who_leaves_from_its_airport_and_the_other_way_round() {
    for (stop, sender) in [("VKO", "Москва"), ("Внуково", "Москва"), ("Москва", "SVO"), ("Москва", "Химки")]
    {
        let flight = journey(Transport::Plane, 0, &[stop, "Казань"]);
        let plan = plan(&flight, &parcel(sender, "Казань")).unwrap_or_else(|| panic!("{stop} {sender}"));
        assert_eq!(plan.pickup.place, real(stop).id);
        let apart_m = 1_300.0 * real(stop).position.distance_km(real(sender).position);
        assert!((f64::from(plan.detour_m) - apart_m).abs() < 50.0, "{stop} {sender}: {plan:?} {apart_m}");
        assert_eq!(plan.detour_min, 0, "it takes nothing of a courier's time");
    }
}

#[test]
fn two_parts_of_a_city_find_each_other_at_both_ends() {
    let flight = journey(Transport::Plane, 0, &["SVO", "Аэропорт Сочи"]);
    let far = plan(&flight, &parcel("Чертаново Южное", "Хоста")).expect("a match");
    let near = plan(&flight, &parcel("Шереметьевский", "Адлер")).expect("a match");
    assert!(far.detour_m > near.detour_m + 40_000, "{far:?} {near:?}");
    assert_eq!(plan(&flight, &parcel("Тверь", "Адлер")), None);
}

#[test]
fn within_one_city_a_third_part_of_it_does_not_serve() {
    let drive = journey(Transport::Train, 0, &["Внуково", "Зеленоград"]);
    assert!(plan(&drive, &parcel("Внуково", "Зеленоград")).is_some());
    assert_eq!(plan(&drive, &parcel("Балашиха", "Химки")), None);
    assert_eq!(plan(&drive, &parcel("Балашиха", "Тверь")), None);
}

#[test]
fn a_village_rides_on_the_town_next_to_it() {
    let (village, town) = ("Плёс", "Приволжск");
    assert_eq!(real(village).kind, Kind::Small);
    // Anybody who sets off in the village serves the village without a way between.
    let from_village = journey(Transport::Car, 0, &[village, "Москва"]);
    let own = plan(&from_village, &parcel(village, "Москва")).expect("a match");
    assert_eq!((own.pickup.place, own.detour_m), (real(village).id, 0));
    // Between the village and the town that it rides on, each serves the other.
    let seat = Gazetteer::bundled().spot(Gazetteer::bundled().index_of(real(village).id).unwrap());
    assert_eq!(seat.place, real(town).id);
    let from_town = journey(Transport::Train, 0, &[town, "Москва"]);
    assert_eq!(plan(&from_town, &parcel(village, "Москва")).expect("a match").pickup.place, real(town).id);
    assert_eq!(plan(&from_village, &parcel(town, "Москва")).expect("a match").pickup.place, real(village).id);
}

#[test]
fn a_lonely_village_counts_the_way_to_its_town() {
    let gazetteer = Gazetteer::bundled();
    let off_km = |place: &&Place| gazetteer.off_km(gazetteer.rank_of(place.id).unwrap());
    let lonely = gazetteer.iter().find(|place| {
        place.kind == Kind::Small && place.country == "RU" && (60.0..120.0).contains(&off_km(place))
    });
    let lonely = lonely.expect("Russia is large");
    let town = gazetteer.get(gazetteer.spot(gazetteer.index_of(lonely.id).unwrap()).place).unwrap();
    let end = |place: &Place| End { place: place.id, position: place.position, address: String::new() };
    let mut package = package("Alfa", "Bravo");
    (package.draft.pickup, package.draft.dropoff) = (end(lonely), end(real("Москва")));
    (package.draft.ready_at, package.draft.deliver_by) = (NOW, hour(90));
    let package = PackageEntry::of(&package, gazetteer, &Settings::default());
    let mut trip = journey(Transport::Car, 0, &["Москва", "Казань"]);
    trip.draft.stops[0].place = town.id;
    trip.draft.stops[0].position = town.position;
    trip.draft.stops[1].place = real("Москва").id;
    let found = plan(&trip, &package).expect("a match");
    let apart_m = 1_300.0 * off_km(&lonely);
    assert!((f64::from(found.detour_m) - apart_m).abs() < 50.0, "{found:?} {apart_m}");
}

#[test]
fn a_car_may_rather_make_a_detour_than_leave_the_way_to_others() {
    // From Khimki through Moscow: the centre is on the way, so nobody has to go to Khimki.
    let drive = journey(Transport::Car, 60, &["Химки", "Рязань"]);
    let plan = plan(&drive, &parcel("Москва", "Рязань")).expect("a match");
    assert_ne!(plan.pickup.place, real("Химки").id);
    assert!(plan.detour_min > 0 && plan.detour_m < 20_000, "{plan:?}");
}
