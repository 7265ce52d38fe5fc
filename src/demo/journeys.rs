//! Trips that people might make: plausible hours, speeds, room and prices.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use peerpack_actors::market::load::{Load, UNSTATED};
use peerpack_actors::market::trip::{Stop, Transport, TripDraft};
use peerpack_actors::money::{Amount, Currency};
use peerpack_actors::place::Place;
use peerpack_actors::time::{Span, Time};
use rand::RngExt;
use rand::rngs::StdRng;

use super::people::one_of;
use super::routes::{Route, Routes, airport};

/// Times on a timetable are multiples of this.
const STEP: Span = Span::minutes(5);

/// The first and last departure from now. Rounding must not bring one below an hour.
const AHEAD: (Span, Span) = (Span::minutes(70), Span::days(6));

/// How often another departure is drawn when one is in the small hours.
const TRIES: usize = 16;

/// What people write, in Russian and in English.
const COMMENTS: [(&str, &str); 4] = [
    ("Есть место в багаже", "Spare room in my luggage"),
    ("Возьму документы и небольшие посылки", "Documents and small parcels"),
    ("Без жидкостей и хрупкого, пожалуйста", "No liquids, please"),
    ("Напишите заранее, договоримся о встрече", "Write me beforehand and we will meet"),
];

/// What drivers write, too.
const COMMENTS_BY_CAR: [(&str, &str); 2] = [
    ("Могу забрать по дороге", "Can pick up on the way"),
    ("Багажник почти пустой", "The boot is almost empty"),
];

/// A trip of somebody, not departed yet.
pub(super) fn trip(routes: &Routes, now: Time, rng: &mut StdRng) -> TripDraft {
    let route = routes.pick(rng);
    let (origin, last) = (route.towns[0], route.towns[route.towns.len() - 1]);
    let km = origin.position.distance_km(last.position);
    let stops = timetable(&route, departure(origin, route.transport, now, rng), rng);
    let by_car = route.transport == Transport::Car;
    let (volume_ml, kilograms) = if by_car {
        (rng.random_range(8..=30) * 10_000, 8..=30)
    } else {
        (rng.random_range(4..=9) * 10_000, 5..=20)
    };
    let as_driver = by_car && rng.random_bool(0.4);
    let (russian, english) = if as_driver { one_of(&COMMENTS_BY_CAR, rng) } else { one_of(&COMMENTS, rng) };
    let comment = if speaks_russian(origin) { russian } else { english };
    TripDraft {
        stops,
        transport: route.transport,
        capacity: Load { weight_g: rng.random_range(kilograms) * 1_000, volume_ml, slots: UNSTATED },
        max_detour_min: if by_car { one_of(&[0, 15, 30, 45, 60, 90], rng) } else { 0 },
        price: Some(roubles((150.0 + 0.5 * km) * rng.random_range(0.7..1.3))),
        comment: comment.to_owned(),
        airport: if route.transport == Transport::Plane { airport(origin).to_owned() } else { String::new() },
    }
}

/// Whether one would write to people there in Russian.
pub(super) fn speaks_russian(town: &Place) -> bool {
    matches!(town.country, "RU" | "BY" | "KZ" | "KG" | "UZ" | "AM")
}

/// An amount that people would name: whole fifties.
pub(super) fn roubles(major: f64) -> Amount {
    let fifties = (major / 50.0).round().clamp(2.0, 1_000.0);
    #[expect(clippy::cast_possible_truncation, reason = "between 2 and 1000 by the clamp above")]
    let minor = fifties as i64 * 5_000;
    Amount::new(minor, Currency::Rub)
}

fn departure(origin: &Place, transport: Transport, now: Time, rng: &mut StdRng) -> Time {
    let mut at = now + AHEAD.0;
    for _ in 0..TRIES {
        at = rounded_down(now + Span::from_ms(rng.random_range(AHEAD.0.ms()..AHEAD.1.ms())));
        let hours = if transport == Transport::Car { 5..19 } else { 6..24 };
        if local_hour(at, origin).is_none_or(|hour| hours.contains(&hour)) {
            break;
        }
    }
    at
}

fn local_hour(at: Time, place: &Place) -> Option<i8> {
    let zoned = Timestamp::from_millisecond(at.ms()).ok()?.to_zoned(TimeZone::get(place.tz).ok()?);
    Some(zoned.hour())
}

fn timetable(route: &Route, departs: Time, rng: &mut StdRng) -> Vec<Stop> {
    let mut stops: Vec<Stop> = Vec::with_capacity(route.towns.len());
    for town in &route.towns {
        let (arrive, depart) = match stops.last() {
            None => (departs, departs),
            Some(previous) => {
                let way = travelling(route.transport, previous.position.distance_km(town.position));
                let arrive = rounded_down(previous.depart + way) + STEP;
                (arrive, arrive + Span::minutes(5 * rng.random_range(1..=5)))
            }
        };
        stops.push(Stop { place: town.id, position: town.position, arrive, depart });
    }
    if let Some(last) = stops.last_mut() {
        last.depart = last.arrive;
    }
    stops
}

fn travelling(transport: Transport, km: f64) -> Span {
    let (road_factor, start_h) = if transport == Transport::Plane { (1.05, 0.7) } else { (1.3, 0.0) };
    let hours = start_h + road_factor * km / transport.speed_kmh();
    #[expect(clippy::cast_possible_truncation, reason = "a few days at most")]
    Span::minutes((hours * 60.0) as i64)
}

fn rounded_down(at: Time) -> Time {
    Time::from_ms(at.ms() - at.ms().rem_euclid(STEP.ms()))
}
