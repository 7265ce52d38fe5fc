//! The definition of a match, with nested loops: no entries, no indexes, no plans.

use peerpack_actors::package::{End, Package};
use peerpack_actors::place::{Place, PlaceId, Position, Spot};
use peerpack_actors::time::{Span, Time};
use peerpack_actors::trip::{Transport, Trip};

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
    arrive: Time,
    depart: Time,
    detour_min: u32,
}

/// The great circle, as exact as it is published: to seven digits.
fn km(from: Position, to: Position) -> f64 {
    f64::from(from.distance_km(to) as f32)
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
            arrive,
            depart,
            detour_min: 0,
        });
    }
    if trip.draft.transport != Transport::Car {
        return points;
    }
    for (n, leg) in stops.windows(2).enumerate() {
        for place in world().iter().filter(|place| stops.iter().all(|stop| stop.place != place.id)) {
            let out = km(leg[0].position, place.position);
            let back = km(place.position, leg[1].position);
            let extra_km = (ROAD * (out + back - km(leg[0].position, leg[1].position))).max(0.0);
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
                arrive: at,
                depart: at,
                detour_min: minutes as u32,
            });
        }
    }
    points
}

fn is_zone(place: PlaceId, end: &End, other: &End) -> bool {
    if place == end.place || place == other.place {
        return place == end.place;
    }
    let rank = |candidate: &Place| {
        let distance_km = candidate.position.distance_km(end.position);
        let mine = distance_km <= ZONE_KM && distance_km < candidate.position.distance_km(other.position);
        mine.then_some(candidate.population)
    };
    let Some(people) = world().get(place).and_then(rank) else { return false };
    let others = world().iter().filter(|one| one.id != end.place && one.id != other.place);
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
    let mut best: Option<Ride> = None;
    for on in points.iter().filter(|on| is_zone(on.place, &draft.pickup, &draft.dropoff)) {
        for off in points.iter().filter(|off| is_zone(off.place, &draft.dropoff, &draft.pickup)) {
            let in_order = on.partial_cmp(off) == Some(std::cmp::Ordering::Less);
            let in_time = on.depart > now && on.depart >= draft.ready_at && off.arrive <= draft.deliver_by;
            let last_leg = if off.between > 0.0 { off.after_stop + 1 } else { off.after_stop };
            let has_room =
                in_order && trip.left[on.after_stop..last_leg].iter().all(|left| draft.load.fits(*left));
            let detour_min = on.detour_min + off.detour_min;
            let in_budget = detour_min + trip.detour_used_min <= trip.draft.max_detour_min;
            if in_order && in_time && has_room && in_budget {
                let ride = Ride { detour_min, dropoff_at: off.arrive };
                let key = |ride: &Ride| (ride.detour_min, ride.dropoff_at);
                if best.is_none_or(|best| key(&ride) < key(&best)) {
                    best = Some(ride);
                }
            }
        }
    }
    best
}

pub(crate) fn passes(trip: &Trip, from: &[&Spot], to: &[&Spot], now: Time) -> bool {
    let points = points(trip);
    let pairs = points.iter().flat_map(|on| points.iter().map(move |off| (on, off)));
    let mut pairs = pairs.filter(|(on, off)| on.partial_cmp(off) == Some(std::cmp::Ordering::Less));
    trip.state.is_live()
        && pairs.any(|(on, off)| {
            let detour_min = on.detour_min + off.detour_min + trip.detour_used_min;
            from.iter().any(|spot| spot.place == on.place)
                && to.iter().any(|spot| spot.place == off.place)
                && on.depart > now
                && (on.detour_min + off.detour_min == 0 || detour_min <= trip.draft.max_detour_min)
        })
}
