//! What trips and packages are reduced to.

use super::*;
use crate::market::request::Party;
use crate::market::trip::{MAX_DETOUR_MIN, MAX_STOPS};
use crate::matching::{Anchor, TripIndex, Zone, zone};

/// Every anchor of the world, in the order of the way.
fn anchors(entry: &TripEntry) -> Vec<Anchor> {
    let spots: Vec<&'static Spot> = world().iter().map(|place| spot(place.name_en)).collect();
    let mut anchors = entry.anchors_at(&Zone::of(&spots, world())).into_vec();
    anchors.sort_unstable_by_key(Anchor::order);
    anchors
}

fn places(entry: &TripEntry) -> Vec<PlaceId> {
    anchors(entry).iter().map(|anchor| anchor.place).collect()
}

fn names(zone: &[&'static Spot]) -> Vec<PlaceId> {
    zone.iter().map(|spot| spot.place).collect()
}

#[test]
fn a_trip_without_time_for_detours_has_only_its_stops() {
    let entry = trip_entry(&trip(1, &[("Alfa", 1), ("Charlie", 4), ("Delta", 6)]));
    assert_eq!(places(&entry), [id("Alfa"), id("Charlie"), id("Delta")]);
    let legs: Vec<_> = anchors(&entry).iter().map(|anchor| (anchor.board, anchor.alight)).collect();
    assert_eq!(legs, [(0, 0), (1, 1), (2, 2)]);
}

#[test]
fn a_car_passes_the_places_within_its_budget_in_the_order_of_the_way() {
    let entry = trip_entry(&detouring(1, &[("Bravo", 1), ("Delta", 5)], 30));
    assert_eq!(places(&entry), [id("Bravo"), id("Northtown"), id("Charlie"), id("Delta")]);
}

#[test]
fn the_detour_is_the_extra_way_by_road_plus_the_hand_over() {
    let entry = trip_entry(&detouring(1, &[("Alfa", 1), ("Delta", 5)], 30));
    let at = |name| *anchors(&entry).iter().find(|anchor| anchor.place == id(name)).expect("an anchor");
    // 2 x sqrt(166.8² + 22.24²) - 333.6 = 2.95 km, by road 3.84 km, at 70 km/h 3.3 min.
    let north = at("Northtown");
    assert_eq!((north.board, north.alight, north.detour_min), (0, 1, 9));
    assert!((3_800..3_880).contains(&north.detour_m), "{}", north.detour_m);
    assert_eq!(north.arrive, hour(3), "half of the way at half of the time");
    assert_eq!((at("Bravo").detour_min, at("Bravo").detour_m), (5, 0), "on the way, but not a stop");
}

#[test]
fn a_place_just_beyond_the_budget_is_no_anchor() {
    for (budget_min, passes) in [(0, false), (4, false), (8, false), (9, true)] {
        let entry = trip_entry(&detouring(1, &[("Alfa", 1), ("Delta", 5)], budget_min));
        assert_eq!(places(&entry).contains(&id("Northtown")), passes, "{budget_min}");
    }
}

#[test]
fn trains_coaches_and_planes_keep_to_their_stops() {
    for transport in [Transport::Train, Transport::Bus, Transport::Plane] {
        let mut trip = detouring(1, &[("Alfa", 1), ("Delta", 5)], 600);
        trip.draft.transport = transport;
        assert_eq!(places(&trip_entry(&trip)), [id("Alfa"), id("Delta")], "{transport:?}");
    }
}

#[test]
fn a_round_trip_passes_the_places_on_both_ways() {
    let there_and_back = [("Alfa", 1), ("Charlie", 4), ("Alfa", 8)];
    let entry = trip_entry(&detouring(1, &there_and_back, 5));
    let expected = ["Alfa", "Bravo", "Charlie", "Bravo", "Alfa"].map(id);
    assert_eq!(places(&entry), expected);
    assert_eq!(anchors(&entry).iter().map(|anchor| anchor.board).collect::<Vec<_>>(), [0, 0, 1, 1, 2]);
}

#[test]
fn a_stop_is_not_also_a_place_near_the_way() {
    let entry = trip_entry(&detouring(1, &[("Alfa", 1), ("Bravo", 2), ("Delta", 6)], 30));
    assert_eq!(places(&entry).iter().filter(|place| **place == id("Bravo")).count(), 1);
}

#[test]
fn an_absurdly_long_trip_costs_its_share_and_hides_nobody() {
    let gazetteer = Gazetteer::bundled();
    let named = |name: &str| gazetteer.find(name).expect("a city");
    let (here, there) = (named("Калининград"), named("Владивосток"));
    let mut stops = Vec::new();
    for (n, days) in (0..MAX_STOPS).zip(1..) {
        let place = if n % 2 == 0 { here } else { there };
        let at = NOW + Span::hours(36 * days);
        stops.push(Stop { place: place.id, position: place.position, arrive: at, depart: at });
    }
    let mut draft = detouring(1, &[("Alfa", 1), ("Delta", 5)], MAX_DETOUR_MIN).draft;
    draft.stops = stops;
    let long = Trip::publish(trip_id(1), user(101), draft.clone(), NOW).unwrap();
    // A short one on the way of the long one, on its tenth day.
    let (moscow, kazan) = (named("Москва"), named("Казань"));
    let stop = |place: &Place, hours| Stop {
        place: place.id,
        position: place.position,
        arrive: hour(hours),
        depart: hour(hours),
    };
    draft.stops = vec![stop(moscow, 240), stop(kazan, 252)];
    draft.max_detour_min = 30;
    let short = Trip::publish(trip_id(2), user(102), draft, NOW).unwrap();
    let settings = Settings::default();
    let mut index = TripIndex::new();
    index.upsert(TripEntry::of(&short, gazetteer, &settings));
    let alone = index.mentions();
    index.upsert(TripEntry::of(&long, gazetteer, &settings));
    assert!(index.mentions() - alone < 40_000, "{}", index.mentions());

    let end = |place: &Place| End { place: place.id, position: place.position, address: String::new() };
    let mut package = package("Alfa", "Bravo");
    (package.draft.pickup, package.draft.dropoff) = (end(moscow), end(kazan));
    (package.draft.ready_at, package.draft.deliver_by) = (hour(230), hour(260));
    let entry = PackageEntry::of(&package, gazetteer, &settings);
    let found = index.candidates(&entry, hour(1), usize::MAX);
    let times = |trip| found.iter().filter(|one| one.trip == trip).count();
    assert_eq!((times(short.id), found.len()), (1, 1 + times(long.id)));
    index.remove(long.id);
    assert_eq!(index.mentions(), alone);
}

#[test]
fn a_trip_has_grown_when_a_leg_has_more_room_and_not_when_it_has_less() {
    let mut trip = trip(1, &[("Alfa", 1), ("Bravo", 3), ("Charlie", 6)]);
    let entry = trip_entry(&trip);
    assert!(!entry.has_grown(&trip));
    trip.left[0] = kg(3);
    assert!(!entry.has_grown(&trip), "somebody took room");
    trip.left[1] = kg(30);
    assert!(entry.has_grown(&trip));
}

#[test]
fn a_zone_is_the_place_and_the_largest_neighbours() {
    let settings = Settings::default();
    let alfa = zone(id("Alfa"), place("Alfa").position, world(), &settings);
    assert_eq!(names(&alfa), ["Alfa", "Big", "Mid"].map(id));
    let near = zone(id("Near"), place("Near").position, world(), &settings);
    assert_eq!(names(&near), ["Near", "Alfa", "Big"].map(id), "a suburb reaches its city");
    let bravo = zone(id("Bravo"), place("Bravo").position, world(), &settings);
    assert_eq!(names(&bravo), [id("Bravo")]);
}

#[test]
fn neighbours_are_those_of_the_exact_point() {
    // Named Alfa, but handed over half-way to Far.
    let mut package = package("Alfa", "Delta");
    package.draft.pickup.position.lat = 0.12;
    assert_eq!(names(&package_entry(&package).pickups), ["Alfa", "Big", "Far"].map(id));
}

#[test]
fn the_ends_of_a_short_way_share_no_place() {
    let entry = package_entry(&package("Big", "Alfa"));
    assert_eq!(names(&entry.pickups), ["Big", "Far"].map(id));
    assert_eq!(names(&entry.dropoffs), ["Alfa", "Mid", "Near"].map(id));
    assert!(entry.is_in_town(&Settings::default()));
    assert!(!package_entry(&package("Alfa", "Bravo")).is_in_town(&Settings::default()));
}

#[test]
fn who_had_the_chance_is_barred_and_who_lost_the_race_is_not() {
    use RequestState as S;
    let at = NOW;
    let table = [
        // origin, state, trip barred, courier barred, pending
        (Origin::Engine, S::Pending, false, false, true),
        (Origin::Engine, S::Declined { at, reason: None }, true, true, false),
        (Origin::Sender, S::Declined { at, reason: None }, true, true, false),
        (Origin::Courier, S::Declined { at, reason: None }, true, false, false),
        (Origin::Engine, S::Expired { at }, false, false, false),
        (Origin::Courier, S::Withdrawn { at }, true, false, false),
        (Origin::Engine, S::Taken { at }, false, false, false),
        (Origin::Engine, S::Cancelled { at, by: Party::Courier, operator: None }, true, true, false),
        (Origin::Engine, S::Cancelled { at, by: Party::Sender, operator: None }, false, false, false),
    ];
    let trip = trip(1, &[("Alfa", 1), ("Delta", 6)]);
    for (origin, state, trip_barred, courier_barred, pending) in table {
        let mut package = package("Alfa", "Delta");
        package.requests.push(request(&trip, origin, state.clone()));
        let entry = package_entry(&package);
        assert_eq!(entry.barred == [trip.id], trip_barred, "{origin:?} {state:?}");
        assert_eq!(entry.barred_couriers == [trip.courier], courier_barred, "{origin:?} {state:?}");
        assert_eq!(entry.pending[..] == [(trip.id, trip.courier)], pending, "{origin:?} {state:?}");
    }
}

#[test]
fn trips_are_barred_in_whatever_order_they_were_asked() {
    let mut package = package("Alfa", "Delta");
    for n in [3, 1, 2, 1] {
        let trip = trip(n, &[("Alfa", 1), ("Delta", 6)]);
        package.requests.push(request(
            &trip,
            Origin::Engine,
            RequestState::Declined { at: NOW, reason: None },
        ));
    }
    let entry = package_entry(&package);
    assert_eq!(entry.barred, [1, 2, 3].map(trip_id));
    assert_eq!(entry.barred_couriers, [101, 102, 103].map(user));
}
