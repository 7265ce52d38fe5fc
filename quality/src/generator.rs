//! Markets made up from a seed: who travels, who sends, and when they say so.
//!
//! Version 1. The same seed, scenario and version give the same market on every machine.
//!
//! * Places: the gazetteer's towns of Russia with 15 000 or more inhabitants.
//! * Ends of a trip or package: a pair of towns with a chance in proportion to (pop x pop) ^ 0.8 / distance,
//!   within the range of the transport; packages go 50 to 3 000 km.
//! * 70 % cars (50 to 2 000 km), 15 % trains (100 to 3 000 km), 15 % planes (500 km and more). The road is
//!   1.3 x the great circle, at the speeds of [`Transport::speed_kmh`]. Cars and trains stop for 10 minutes
//!   in up to three of the largest towns that lie on the way (at most 2 % longer over it).
//! * Departures are even over the horizon; a trip is published before it by a lead with an exponential law of
//!   mean 24 h, or at the start of the horizon. Capacity 5, 10, 20 or 30 kg. Cars have 15 to 60 min for
//!   detours.
//! * Packages are published evenly over the horizon, ready at once, with a window of 12 to 48 h. Weights are
//!   log-normal with a median of 2 kg (sigma 0.8) and a cap of 15 kg. The reward is 200 + 0.6 x km x kg ^ 0.6
//!   roubles, give or take 20 %, over the kilometres of road.

mod towns;

use std::f64::consts::TAU;

use peerpack_actors::ids::{PackageId, TripId, UserId};
use peerpack_actors::market::load::{Load, UNSTATED};
use peerpack_actors::market::package::{End, Mode, Package, PackageDraft};
use peerpack_actors::market::trip::{Stop, Transport, Trip, TripDraft};
use peerpack_actors::money::{Amount, Currency};
use peerpack_actors::place::{Gazetteer, Place};
use peerpack_actors::time::{Span, Time};
use rand::rngs::Xoshiro256PlusPlus;
use rand::{Rng, RngExt};

use crate::seed::Seed;

pub use self::towns::Towns;

/// Changes with every change of the generator: figures of different versions cannot be compared.
pub const VERSION: u32 = 1;

/// When every market starts.
pub const START: Time = Time::from_ms(1_767_571_200_000);

const ROAD_FACTOR: f64 = 1.3;
const DWELL: Span = Span::minutes(10);
const MEAN_LEAD_H: f64 = 24.0;
const MEDIAN_KG: f64 = 2.0;
const SIGMA_KG: f64 = 0.8;
const MAX_KG: f64 = 15.0;
/// A town is on the way if the way over it is at most this much longer.
const ON_THE_WAY: f64 = 1.02;
const MAX_STOPS_BETWEEN: usize = 3;

/// What makes a market hard.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Family {
    /// Nothing in particular: flows as between real towns.
    Gravity,
    /// Every trip and package starts or ends in the largest town.
    HubOnly,
    /// All trips of a day leave at the same minute.
    SameDeparture,
    /// Every courier has room for 5 kg.
    TinyCapacity,
    /// Of the trips that have not left, every third is called off in the middle of the horizon.
    Cancellations,
    /// A few trips and a handful of parcels of 1 or 5 kg on one way, days ahead.
    Small,
}

/// The size and kind of a market.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Scenario {
    /// How many trips.
    pub trips: usize,
    /// How many packages.
    pub packages: usize,
    /// From the first to the last departure, in days.
    pub days: i64,
    /// What makes it hard.
    pub family: Family,
}

/// A market: everything that people will do, in order of time.
#[derive(Clone, Debug)]
pub struct World<S> {
    /// Where it comes from.
    pub seed: S,
    /// Its size and kind.
    pub scenario: Scenario,
    /// Trips by the time of publication.
    pub trips: Vec<Trip>,
    /// Packages by the time of publication.
    pub packages: Vec<Package>,
    /// Trips that are called off before they leave, and when.
    pub cancellations: Vec<(Time, TripId)>,
    /// Packages that their senders call off, and when.
    pub withdrawals: Vec<(Time, PackageId)>,
}

impl<S: Seed> World<S> {
    /// The market of a seed.
    #[must_use]
    pub fn generate(seed: S, scenario: Scenario, towns: &Towns) -> Self {
        let mut trips = trips(scenario, towns, &mut seed.random(0));
        let mut packages = packages(scenario, towns, &mut seed.random(1));
        let cancellations = cancellations(scenario, &trips);
        trips.sort_by_key(|trip| (trip.created_at, trip.id));
        packages.sort_by_key(|package| (package.created_at, package.id));
        Self { seed, scenario, trips, packages, cancellations, withdrawals: Vec::new() }
    }

    /// A small market on one way, as [`Family::Small`] says. Before any of its trips is published, somebody
    /// publishes a lot of packages on that way and calls all of them off.
    #[must_use]
    pub fn small(seed: S, trips: usize, towns: &Towns) -> Self {
        let mut random = seed.random(3);
        let scenario =
            Scenario { trips, packages: random.random_range(1..=8), days: 10, family: Family::Small };
        let way = towns.pair_within(Family::Small, 100.0..1_500.0, &mut random);
        let begin = START + Span::days(1);
        let mut trips: Vec<Trip> = (0..trips).map(|_| small_trip(towns, way, begin, &mut random)).collect();
        let honest = (0..scenario.packages).map(|_| {
            let published = begin + hours(random.random_range(0.0..72.0));
            small_package(towns, way, published, UserId::new(published, random.random()), &mut random)
        });
        let mut packages: Vec<Package> = honest.collect();
        let (spammer, mut withdrawals) = (UserId::new(START, random.random()), Vec::new());
        for _ in 0..random.random_range(0..=40) {
            let published = START + hours(random.random_range(0.0..12.0));
            let spam = small_package(towns, way, published, spammer, &mut random);
            withdrawals.push((published + hours(random.random_range(0.05..11.0)), spam.id));
            packages.push(spam);
        }
        trips.sort_by_key(|trip| (trip.created_at, trip.id));
        packages.sort_by_key(|package| (package.created_at, package.id));
        Self { seed, scenario, trips, packages, cancellations: Vec::new(), withdrawals }
    }

    /// A market without anybody.
    #[must_use]
    pub fn empty(seed: S, scenario: Scenario) -> Self {
        let (trips, packages, cancellations, withdrawals) = Default::default();
        Self { seed, scenario, trips, packages, cancellations, withdrawals }
    }

    /// How many kilogram-kilometres are asked for, for each that there is room for.
    #[must_use]
    pub fn load_ratio(&self) -> f64 {
        let kg_km = |load: Load, from: &Place, to: &Place| {
            f64::from(load.weight_g) * from.position.distance_km(to.position)
        };
        let place = |id| Gazetteer::bundled().get(id).expect("a generated place is in the gazetteer");
        let asked: f64 = self
            .packages
            .iter()
            .map(|package| {
                let draft = &package.draft;
                kg_km(draft.load, place(draft.pickup.place), place(draft.dropoff.place))
            })
            .sum();
        let offered: f64 = self
            .trips
            .iter()
            .map(|trip| {
                let stops = &trip.draft.stops;
                kg_km(trip.draft.capacity, place(stops[0].place), place(stops[stops.len() - 1].place))
            })
            .sum();
        asked / offered
    }
}

fn trips(scenario: Scenario, towns: &Towns, random: &mut Xoshiro256PlusPlus) -> Vec<Trip> {
    (0..scenario.trips).map(|_| trip(scenario, towns, random)).collect()
}

fn trip(scenario: Scenario, towns: &Towns, random: &mut Xoshiro256PlusPlus) -> Trip {
    let (transport, km) = match random.random_range(0..100) {
        0..70 => (Transport::Car, 50.0..2_000.0),
        70..85 => (Transport::Train, 100.0..3_000.0),
        _ => (Transport::Plane, 500.0..10_000.0),
    };
    let (from, to) = towns.pair_within(scenario.family, km, random);
    let departs = match scenario.family {
        Family::SameDeparture => START + Span::days(random.random_range(0..scenario.days)) + Span::hours(18),
        _ => START + hours(random.random_range(1.0..scenario.days as f64 * 24.0)),
    };
    let lead_h = -MEAN_LEAD_H * (1.0 - random.random::<f64>()).ln();
    let published = (departs - hours(lead_h.max(0.05))).max(START);
    let kg = match (scenario.family, random.random_range(0..4)) {
        (Family::TinyCapacity, _) | (_, 0) => 5,
        (_, 1) => 10,
        (_, 2) => 20,
        _ => 30,
    };
    let max_detour_min = random.random_range(15..=60);
    let draft = TripDraft {
        stops: stops(towns, from, to, transport, departs),
        transport,
        capacity: Load { weight_g: kg * 1_000, volume_ml: UNSTATED, slots: UNSTATED },
        max_detour_min: if transport.can_detour() { max_detour_min } else { 0 },
        price: None,
        comment: String::new(),
        airport: String::new(),
    };
    let courier = UserId::new(published, random.random());
    Trip::publish(TripId::new(published, random.random()), courier, draft, published)
        .expect("a generated trip is within the bounds")
}

/// By car from one end of the way to the other, three to eight days after the beginning.
fn small_trip(
    towns: &Towns,
    (from, to): (usize, usize),
    begin: Time,
    random: &mut Xoshiro256PlusPlus,
) -> Trip {
    let departs = begin + hours(random.random_range(72.0..192.0));
    let published = begin + hours(random.random_range(0.0..60.0));
    let kg = if random.random_bool(0.5) { 5 } else { 10 };
    let draft = TripDraft {
        stops: stops(towns, from, to, Transport::Car, departs),
        transport: Transport::Car,
        capacity: Load { weight_g: kg * 1_000, volume_ml: UNSTATED, slots: UNSTATED },
        max_detour_min: 0,
        price: None,
        comment: String::new(),
        airport: String::new(),
    };
    let courier = UserId::new(published, random.random());
    Trip::publish(TripId::new(published, random.random()), courier, draft, published)
        .expect("a generated trip is within the bounds")
}

/// A parcel for the whole way, with days to deliver it.
fn small_package(
    towns: &Towns,
    (from, to): (usize, usize),
    published: Time,
    sender: UserId,
    random: &mut Xoshiro256PlusPlus,
) -> Package {
    let kg = if random.random_bool(0.5) { 1 } else { 5 };
    let reward = random.random_range(1..=30) * 100;
    let end = |town: usize| {
        let place = towns.places[town];
        End { place: place.id, position: place.position, address: String::new() }
    };
    let draft = PackageDraft {
        pickup: end(from),
        dropoff: end(to),
        load: Load { weight_g: kg * 1_000, volume_ml: 1, slots: 1 },
        ready_at: published,
        deliver_by: published + Span::days(9),
        reward: Amount::new(reward * 100, Currency::Rub),
        description: String::new(),
        size: String::new(),
        weight: String::new(),
        tags: Vec::new(),
        mode: Mode::Instant,
        confirm_by: None,
        template: false,
    };
    Package::publish(PackageId::new(published, random.random()), sender, draft, published)
        .expect("a generated package is within the bounds")
}

fn stops(towns: &Towns, from: usize, to: usize, transport: Transport, departs: Time) -> Vec<Stop> {
    let mut way = vec![from];
    if transport != Transport::Plane {
        way.extend(on_the_way(towns, from, to));
    }
    way.push(to);
    let stop = |at: usize, arrive, depart| {
        let place = towns.places[at];
        Stop { place: place.id, position: place.position, arrive, depart }
    };
    let mut stops = vec![stop(from, departs, departs)];
    let mut now = departs;
    for leg in way.windows(2) {
        let h = ROAD_FACTOR * towns.km(leg[0], leg[1]) / transport.speed_kmh();
        let arrive = now + hours(h) + Span::minutes(1);
        now = if leg[1] == to { arrive } else { arrive + DWELL };
        stops.push(stop(leg[1], arrive, now));
    }
    stops
}

/// Up to three of the largest towns on the way, well apart from each other and from the ends, in order.
fn on_the_way(towns: &Towns, from: usize, to: usize) -> Vec<usize> {
    let whole_km = towns.km(from, to);
    let mut between: Vec<(usize, f64)> = Vec::new();
    // The towns come in order of population.
    for town in 0..towns.places.len() {
        let (before, after) = (towns.km(from, town), towns.km(town, to));
        let near = |km: f64| km < whole_km * 0.15;
        let apart = |(_, other): &(usize, f64)| !near((other - before).abs());
        let inside = !near(before) && !near(after) && before + after <= whole_km * ON_THE_WAY;
        if inside && between.iter().all(apart) {
            between.push((town, before));
            if between.len() == MAX_STOPS_BETWEEN {
                break;
            }
        }
    }
    between.sort_by(|a, b| a.1.total_cmp(&b.1));
    between.into_iter().map(|(town, _)| town).collect()
}

fn packages(scenario: Scenario, towns: &Towns, random: &mut Xoshiro256PlusPlus) -> Vec<Package> {
    (0..scenario.packages).map(|_| package(scenario, towns, random)).collect()
}

fn package(scenario: Scenario, towns: &Towns, random: &mut Xoshiro256PlusPlus) -> Package {
    let (from, to) = towns.pair_within(scenario.family, 50.0..3_000.0, random);
    let published = START + hours(random.random_range(0.0..scenario.days as f64 * 24.0));
    let window_h = random.random_range(12.0..48.0);
    let kg = (MEDIAN_KG * (SIGMA_KG * normal(random)).exp()).clamp(0.1, MAX_KG);
    let km = ROAD_FACTOR * towns.km(from, to);
    let reward = (200.0 + 0.6 * km * kg.powf(0.6)) * random.random_range(0.8..1.2);
    let end = |place: &Place| End { place: place.id, position: place.position, address: String::new() };
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0.1 to 15 kg")]
    let weight_g = (kg * 1_000.0).round() as u32;
    let draft = PackageDraft {
        pickup: end(towns.places[from]),
        dropoff: end(towns.places[to]),
        load: Load { weight_g, volume_ml: 1, slots: 1 },
        ready_at: published,
        deliver_by: published + hours(window_h),
        reward: Amount::from_major(reward.round(), Currency::Rub).expect("a generated reward is an amount"),
        description: String::new(),
        size: String::new(),
        weight: String::new(),
        tags: Vec::new(),
        mode: Mode::Instant,
        confirm_by: None,
        template: false,
    };
    let sender = UserId::new(published, random.random());
    Package::publish(PackageId::new(published, random.random()), sender, draft, published)
        .expect("a generated package is within the bounds")
}

fn cancellations(scenario: Scenario, trips: &[Trip]) -> Vec<(Time, TripId)> {
    if scenario.family != Family::Cancellations {
        return Vec::new();
    }
    let at = START + Span::hours(scenario.days * 12);
    let known = trips.iter().filter(|trip| trip.created_at < at && trip.departs() > at);
    known.step_by(3).map(|trip| (at, trip.id)).collect()
}

/// A normal deviate, by Box and Muller.
fn normal(random: &mut impl Rng) -> f64 {
    let (radius, angle) = (1.0 - random.random::<f64>(), random.random::<f64>());
    (-2.0 * radius.ln()).sqrt() * (TAU * angle).cos()
}

#[expect(clippy::cast_possible_truncation, reason = "weeks in milliseconds")]
fn hours(h: f64) -> Span {
    Span::from_ms((h * 3_600_000.0).round() as i64)
}
