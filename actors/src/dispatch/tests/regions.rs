//! Regions: whose couriers an order is for.

use jiff::civil::{Weekday, time};
use jiff::tz::{TimeZone, offset};
use proptest::prelude::*;

use super::fixture::{CENTRE, id, north};
use crate::dispatch::region::{Opening, day_began};
use crate::dispatch::{Area, Region, Regions};
use crate::place::Position;
use crate::time::Time;

fn at(lat: f64, lon: f64) -> Position {
    Position { lat, lon }
}

/// A square of so many degrees around a point.
fn square(centre: Position, half: f64) -> Vec<Position> {
    [(-1.0, -1.0), (-1.0, 1.0), (1.0, 1.0), (1.0, -1.0)]
        .map(|(lat, lon)| at(centre.lat + half * lat, centre.lon + half * lon))
        .to_vec()
}

fn region(n: u128, centre: Position) -> Region {
    Region {
        id: id(n),
        title: format!("region {n}"),
        centre,
        area: None,
        service_radius_m: 0,
        priority: 0,
        hours: Vec::new(),
        zone: TimeZone::fixed(offset(3)),
    }
}

#[test]
fn an_area_contains_its_border_but_not_its_holes() {
    let hole = square(CENTRE, 0.01);
    let area = Area::new(&square(CENTRE, 0.1), &[hole]).unwrap();
    assert!(area.contains(at(55.80, 37.62)));
    assert!(area.contains(at(55.85, 37.62)), "on the border");
    assert!(!area.contains(at(55.851, 37.62)));
    assert!(!area.contains(CENTRE), "in the hole");
}

#[test]
fn an_area_may_be_closed_or_not_and_may_cross_the_antimeridian() {
    let mut closed = square(CENTRE, 0.1);
    closed.push(closed[0]);
    assert!(Area::new(&closed, &[]).unwrap().contains(CENTRE));
    let pacific = [at(-1.0, 179.0), at(-1.0, -179.0), at(1.0, -179.0), at(1.0, 179.0)];
    let area = Area::new(&pacific, &[]).unwrap();
    assert!(area.contains(at(0.0, 179.9)) && area.contains(at(0.0, -179.9)));
    assert!(!area.contains(at(0.0, 0.0)) && !area.contains(at(0.0, 178.9)));
}

#[test]
fn a_border_that_crosses_itself_is_told_from_one_that_does_not() {
    let crosses = |corners: &[Position]| Area::new(corners, &[]).unwrap().crosses_itself();
    let mut plain = square(CENTRE, 0.1);
    assert!(!crosses(&plain));
    plain.push(plain[0]);
    plain.insert(1, plain[1]);
    assert!(!crosses(&plain), "closed, and with a corner that is named twice");
    let mut bow = square(CENTRE, 0.1);
    bow.swap(1, 2);
    assert!(crosses(&bow));
    // Two squares that share a corner, drawn in one go.
    let eight = [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 0.0), (-1.0, 0.0), (-1.0, -1.0)];
    assert!(crosses(&eight.map(|(lat, lon)| at(lat, lon))));
    // A spike that comes back on itself.
    let spike = [(0.0, 0.0), (0.0, 2.0), (1.0, 2.0), (3.0, 2.0), (1.0, 2.0), (1.0, 0.0)];
    assert!(crosses(&spike.map(|(lat, lon)| at(lat, lon))));
    // A long comb, as a coast may be.
    let teeth = (0..2_000).map(|n| at(if n % 2 == 0 { 0.0 } else { 1.0 }, f64::from(n) / 1_000.0));
    let comb: Vec<Position> = teeth.chain([at(-1.0, 2.0), at(-1.0, 0.0)]).collect();
    assert!(!crosses(&comb));
    let hole = vec![at(55.80, 37.60), at(55.82, 37.64), at(55.80, 37.64), at(55.82, 37.60)];
    assert!(Area::new(&square(CENTRE, 0.2), &[hole]).unwrap().crosses_itself());
}

#[test]
fn what_has_no_inside_is_no_area() {
    let line = [at(55.0, 37.0), at(55.0, 37.5), at(55.0, 38.0)];
    for border in [&line[..0], &line[..1], &line[..2], &line[..]] {
        assert!(Area::new(border, &[]).is_err(), "{border:?}");
    }
    assert!(Area::new(&square(CENTRE, 0.1), &[line[..2].to_vec()]).is_err());
    assert!(Area::new(&vec![CENTRE; 10_001], &[]).is_err());
}

#[test]
fn the_area_of_the_pickup_counts_then_the_radius_then_the_passengers_region() {
    let area = |half| Some(Area::new(&square(CENTRE, half), &[]).unwrap());
    let regions = Regions::new(vec![
        Region { area: area(0.3), ..region(1, CENTRE) },
        Region { area: area(0.1), priority: 5, ..region(2, CENTRE) },
        Region { area: area(0.1), priority: 5, ..region(3, CENTRE) },
        Region { service_radius_m: 60_000, ..region(4, north(50.0)) },
        Region { service_radius_m: 60_000, ..region(5, north(80.0)) },
    ]);
    let of = |position| regions.of(position, Some(id(9)));
    assert_eq!(of(CENTRE), Some(id(2)), "the priority, then the lower id");
    assert_eq!(of(north(20.0)), Some(id(1)));
    assert_eq!(of(north(60.0)), Some(id(4)), "the nearest of those that serve it");
    assert_eq!(of(north(120.0)), Some(id(5)));
    assert_eq!(of(north(300.0)), Some(id(9)), "the passenger's own");
    assert_eq!(regions.of(north(300.0), None), None);
}

#[test]
fn a_region_is_open_by_its_own_clock() {
    let opening = |day, from, to| Opening { day, from, to };
    let region = Region {
        hours: vec![
            opening(Weekday::Friday, time(9, 0, 0, 0), time(18, 0, 0, 0)),
            opening(Weekday::Saturday, time(22, 0, 0, 0), time(2, 0, 0, 0)),
        ],
        ..region(1, CENTRE)
    };
    let is_open = |time: &str| region.is_open(time.parse::<Time>().unwrap());
    // 15 January 2027 is a Friday; the region is three hours ahead of UTC.
    assert!(is_open("2027-01-15T06:00:00Z") && !is_open("2027-01-15T05:59:59Z"));
    assert!(is_open("2027-01-15T14:59:59Z") && !is_open("2027-01-15T15:00:00Z"));
    assert!(is_open("2027-01-16T19:00:00Z"), "Saturday, 22:00");
    assert!(is_open("2027-01-16T22:59:00Z"), "Sunday, 01:59");
    assert!(!is_open("2027-01-16T23:00:00Z") && !is_open("2027-01-15T22:00:00Z"));
    assert!(Region { hours: Vec::new(), ..region }.is_open(Time::from_ms(0)));
}

#[test]
fn a_day_begins_at_midnight_of_the_region() {
    let (now, moscow) = ("2027-01-15T22:30:00Z".parse::<Time>().unwrap(), TimeZone::fixed(offset(3)));
    assert_eq!(day_began(now, Some(&moscow)).to_string(), "2027-01-15T21:00:00.000Z");
    assert_eq!(day_began(now, None).to_string(), "2027-01-15T00:00:00.000Z");
}

/// Whether a point is inside by the rule of a ray that crosses an odd number of sides.
fn by_ray(border: &[Position], point: Position) -> bool {
    let sides = border.iter().zip(border.iter().cycle().skip(1));
    let crossed = sides.filter(|(a, b)| {
        (a.lat > point.lat) != (b.lat > point.lat)
            && point.lon < (b.lon - a.lon) * (point.lat - a.lat) / (b.lat - a.lat) + a.lon
    });
    crossed.count() % 2 == 1
}

proptest! {
    #[test]
    fn an_area_agrees_with_a_ray(
        radii in prop::collection::vec(0.05..1.0_f64, 3..12),
        (lat, lon) in (-1.0..1.0_f64, -1.0..1.0_f64),
    ) {
        // A star: its sides do not cross.
        let corners = radii.len() as f64;
        let corner = |(n, radius): (usize, &f64)| {
            let angle = n as f64 / corners * std::f64::consts::TAU;
            at(CENTRE.lat + radius * angle.sin(), CENTRE.lon + radius * angle.cos())
        };
        let border: Vec<Position> = radii.iter().enumerate().map(corner).collect();
        let point = at(CENTRE.lat + lat, CENTRE.lon + lon);
        let area = Area::new(&border, &[]).unwrap();
        prop_assert_eq!(area.contains(point), by_ray(&border, point));
    }
}
