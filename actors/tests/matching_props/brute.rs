//! The definition of a match, with nested loops: no entries, no indexes, no plans.

use peerpack_actors::market::package::{End, Package};
use peerpack_actors::market::trip::{Transport, Trip};
use peerpack_actors::matching::Zone;
use peerpack_actors::place::{Kind, Place, PlaceId, Position};
use peerpack_actors::time::{Span, Time};

use crate::world::world;

const ROAD: f64 = 1.3_f32 as f64;
const CAR_KMH: f64 = 70.0;
const HAND_OVER_MIN: u32 = 5;
const ZONE_KM: f64 = 15.0;

/// The best way to ride; the rest of a plan may differ where these are equal.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct Ride {
    pub(crate) detour_min: u32,
    pub(crate) dropoff_at: Time,
}

/// A point where the courier can stop: on a stop (`between` is 0) or on the way to the next one.
#[derive(Clone, Copy, PartialEq, PartialOrd)]
struct Point {
    after_stop: usize,
    /// Share of the way to the next stop.
    between: f64,
    extra_km: f64,
    place: PlaceId,
    /// The place itself, or the nearest one that is no village.
    seat: PlaceId,
    arrive: Time,
    depart: Time,
    detour_min: u32,
}

/// The great circle, as exact as it is published: to seven digits.
fn km(from: Position, to: Position) -> f64 {
    f64::from(from.distance_km(to) as f32)
}

fn known(place: PlaceId) -> &'static Place {
    world().get(place).expect("a place of the world")
}

/// Places that are no villages.
fn towns() -> impl Iterator<Item = &'static Place> {
    world().iter().filter(|place| place.kind != Kind::Small)
}

/// Where a village rides: at the nearest place that is none.
fn seat(place: PlaceId) -> &'static Place {
    let own = known(place);
    if own.kind != Kind::Small {
        return own;
    }
    let away = |town: &&'static Place| own.position.distance_km(town.position);
    towns().min_by(|one, other| away(one).total_cmp(&away(other))).expect("a town")
}

fn city(place: PlaceId) -> PlaceId {
    let seat = seat(place);
    seat.city.unwrap_or(seat.id)
}

/// The way by road from an end's own place to a hand-over, in minutes by car.
fn between_min(point: &Point, end: PlaceId) -> u32 {
    if point.place == end {
        return 0;
    }
    let off = |place| km(known(place).position, seat(place).position);
    let way_km = km(seat(end).position, known(point.seat).position) + off(end) + off(point.place);
    if way_km <= ZONE_KM {
        0
    } else {
        (60.0 * (ROAD * way_km * 1_000.0).round() / (CAR_KMH * 1_000.0)).ceil() as u32
    }
}

fn points(trip: &Trip) -> Vec<Point> {
    let stops = &trip.draft.stops;
    let mut points = Vec::new();
    for (n, stop) in stops.iter().enumerate() {
        let (place, arrive, depart) = (stop.place, stop.arrive, stop.depart);
        points.push(Point {
            after_stop: n,
            between: 0.0,
            extra_km: 0.0,
            place,
            seat: seat(place).id,
            arrive,
            depart,
            detour_min: 0,
        });
    }
    if trip.draft.transport != Transport::Car {
        return points;
    }
    for (n, leg) in stops.windows(2).enumerate() {
        let (start, end) = (seat(leg[0].place).position, seat(leg[1].place).position);
        for place in towns().filter(|place| stops.iter().all(|stop| seat(stop.place).id != place.id)) {
            let out = km(start, place.position);
            let back = km(place.position, end);
            let extra_km = (ROAD * (out + back - km(start, end))).max(0.0);
            let extra_m = (extra_km * 1_000.0).round();
            let minutes = f64::from(HAND_OVER_MIN) + (60.0 * extra_m / (CAR_KMH * 1_000.0)).ceil();
            if minutes > f64::from(trip.draft.max_detour_min) {
                continue;
            }
            let between = out / (out + back);
            let travel_ms = (leg[1].arrive.ms() - leg[0].depart.ms()) as f64;
            let at = leg[0].depart + Span::from_ms((travel_ms * between) as i64);
            points.push(Point {
                after_stop: n,
                between,
                extra_km,
                place: place.id,
                seat: place.id,
                arrive: at,
                depart: at,
                detour_min: minutes as u32,
            });
        }
    }
    points
}

fn is_zone(point: &Point, end: &End, other: &End) -> bool {
    let (own, far, place) = (seat(end.place).id, seat(other.place).id, point.seat);
    let nearer = |one: &Place| {
        one.id != far && one.position.distance_km(end.position) < one.position.distance_km(other.position)
    };
    let head = city(end.place);
    let whole_city = head != city(other.place) && (head == own || nearer(known(head)));
    // Of the city's other places, those where the courier stops anyway.
    let is_district = || point.between == 0.0 && known(place).city == Some(head);
    if place == own || (whole_city && is_district()) {
        return true;
    }
    if whole_city && place == head {
        return towns().any(|town| town.city == Some(head));
    }
    let rank = |candidate: &Place| {
        let mine = candidate.position.distance_km(end.position) <= ZONE_KM && nearer(candidate);
        mine.then_some(candidate.population)
    };
    let Some(people) = rank(known(place)) else { return false };
    let others = towns().filter(|one| one.id != own);
    others.filter(|one| rank(one).is_some_and(|more| more > people)).count() < 2
}

fn may_be_asked(trip: &Trip, package: &Package) -> bool {
    trip.courier != package.sender
        && package.requests.iter().all(|request| {
            request.trip != trip.id && (request.courier != trip.courier || request.state.word() != "declined")
        })
}

pub(crate) fn ride(trip: &Trip, package: &Package, now: Time) -> Option<Ride> {
    let draft = &package.draft;
    if !trip.state.is_live() || !may_be_asked(trip, package) {
        return None;
    }
    let points = points(trip);
    let mut best: Option<((u32, u32, Time), Ride)> = None;
    for on in points.iter().filter(|on| is_zone(on, &draft.pickup, &draft.dropoff)) {
        for off in points.iter().filter(|off| is_zone(off, &draft.dropoff, &draft.pickup)) {
            let in_order = on.partial_cmp(off) == Some(std::cmp::Ordering::Less);
            let in_time = on.depart > now && on.depart >= draft.ready_at && off.arrive <= draft.deliver_by;
            let last_leg = if off.between > 0.0 { off.after_stop + 1 } else { off.after_stop };
            let has_room =
                in_order && trip.left[on.after_stop..last_leg].iter().all(|left| draft.load.fits(*left));
            let detour_min = on.detour_min + off.detour_min;
            let in_budget = detour_min + trip.detour_used_min <= trip.draft.max_detour_min;
            if in_order && in_time && has_room && in_budget {
                let ride = Ride { detour_min, dropoff_at: off.arrive };
                let between = between_min(on, draft.pickup.place) + between_min(off, draft.dropoff.place);
                let key = (3 * detour_min + 2 * between, detour_min, off.arrive);
                if best.is_none_or(|(least, _)| key < least) {
                    best = Some((key, ride));
                }
            }
        }
    }
    best.map(|(_, ride)| ride)
}

pub(crate) fn passes(trip: &Trip, from: &Zone, to: &Zone, now: Time) -> bool {
    // The whole city belongs to a zone that its centre is in, and with it whatever is in the city.
    let serves = |point: &Point, zone: &Zone| {
        let (place, own) = (point.seat, zone[0].place);
        let city_too = || point.between == 0.0 && known(place).city == Some(city(own));
        zone.iter().any(|spot| spot.place == place) || city_too()
    };
    let points = points(trip);
    let pairs = points.iter().flat_map(|on| points.iter().map(move |off| (on, off)));
    let mut pairs = pairs.filter(|(on, off)| on.partial_cmp(off) == Some(std::cmp::Ordering::Less));
    trip.state.is_live()
        && pairs.any(|(on, off)| {
            let detour_min = on.detour_min + off.detour_min + trip.detour_used_min;
            serves(on, from)
                && serves(off, to)
                && on.depart > now
                && (on.detour_min + off.detour_min == 0 || detour_min <= trip.draft.max_detour_min)
        })
}
