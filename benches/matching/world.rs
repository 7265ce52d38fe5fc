//! Trips and packages made up from a seed: real towns, flows that follow size and distance, hubs that follow
//! from these. The laws are those of the markets in `quality/`; there people come and go, here everything is
//! alive at once.
//!
//! * Ends: a pair of Russian towns of 15 000 or more inhabitants, with a chance in proportion to (pop x pop)
//!   ^ 0.8 / distance. 70 % cars (50 to 2 000 km), 15 % trains (100 to 3 000 km), 15 % planes (from 500 km).
//! * Cars and trains stop for ten minutes in up to three of the largest towns on the way. The road is 1.3 x
//!   the great circle.
//! * Departures are even over 14 days. Room for 5, 10, 20 or 30 kg. Cars have 15 to 60 minutes for detours.
//! * Packages go 50 to 3 000 km, within a window of 12 to 48 h; log-normal weights, median 2 kg, cap 15.

use peerpack_actors::ids::{PackageId, TripId, UserId};
use peerpack_actors::market::load::{Load, UNSTATED};
use peerpack_actors::market::package::{End, Mode, Package, PackageDraft};
use peerpack_actors::market::trip::{Stop, Transport, Trip, TripDraft};
use peerpack_actors::matching::{PackageEntry, Settings};
use peerpack_actors::money::{Amount, Currency};
use peerpack_actors::place::{Gazetteer, Place};
use peerpack_actors::time::{Span, Time};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

/// When every measurement takes place.
pub(crate) const NOW: Time = Time::from_ms(1_800_000_000_000);

const DAYS: f64 = 14.0;
const ROAD_FACTOR: f64 = 1.3;
const MAX_STOPS_BETWEEN: usize = 3;

/// A log of packages that look for couriers, as entries of the matching.
pub(crate) fn queries(towns: &Towns, seed: u64, count: usize) -> Vec<PackageEntry> {
    let entry = |package| PackageEntry::of(&package, Gazetteer::bundled(), &Settings::default());
    towns.packages(seed, count).map(entry).collect()
}

/// The towns, and how much goes on between them.
pub(crate) struct Towns {
    places: Vec<&'static Place>,
    km: Vec<f32>,
    /// Running sums of the flows between all pairs.
    flows: Vec<f64>,
}

impl Towns {
    pub(crate) fn new() -> Self {
        let places: Vec<&'static Place> = Gazetteer::bundled()
            .iter()
            .filter(|one| one.country == "RU" && one.population >= 15_000)
            .collect();
        let (mut km, mut flows, mut sum) = (Vec::new(), Vec::new(), 0.0);
        for from in &places {
            for to in &places {
                let distance = from.position.distance_km(to.position);
                if distance >= 1.0 {
                    sum += (f64::from(from.population) * f64::from(to.population)).powf(0.8) / distance;
                }
                flows.push(sum);
                km.push(distance as f32);
            }
        }
        Self { places, km, flows }
    }

    fn km(&self, from: usize, to: usize) -> f64 {
        f64::from(self.km[from * self.places.len() + to])
    }

    fn pair(&self, km: std::ops::Range<f64>, random: &mut StdRng) -> (usize, usize) {
        loop {
            let at = random.random::<f64>() * self.flows[self.flows.len() - 1];
            let pair = self.flows.partition_point(|sum| *sum <= at).min(self.flows.len() - 1);
            let (from, to) = (pair / self.places.len(), pair % self.places.len());
            if km.contains(&self.km(from, to)) {
                return (from, to);
            }
        }
    }

    /// So many trips. Those of a smaller number are the first of a larger one.
    pub(crate) fn trips(&self, seed: u64, count: usize) -> impl Iterator<Item = Trip> {
        let mut random = StdRng::seed_from_u64(seed);
        (0..count).map(move |_| self.trip(&mut random))
    }

    pub(crate) fn packages(&self, seed: u64, count: usize) -> impl Iterator<Item = Package> {
        let mut random = StdRng::seed_from_u64(seed);
        (0..count).map(move |_| self.package(&mut random))
    }

    fn trip(&self, random: &mut StdRng) -> Trip {
        let (transport, km) = match random.random_range(0..100) {
            0..70 => (Transport::Car, 50.0..2_000.0),
            70..85 => (Transport::Train, 100.0..3_000.0),
            _ => (Transport::Plane, 500.0..10_000.0),
        };
        let (from, to) = self.pair(km, random);
        let departs = NOW + hours(random.random_range(0.1..DAYS * 24.0));
        let kg = [5, 10, 20, 30][random.random_range(0..4)];
        let max_detour_min = random.random_range(15..=60);
        let draft = TripDraft {
            stops: self.stops(from, to, transport, departs),
            transport,
            capacity: Load { weight_g: kg * 1_000, volume_ml: UNSTATED, slots: UNSTATED },
            max_detour_min: if transport.can_detour() { max_detour_min } else { 0 },
            price: None,
            comment: String::new(),
            airport: String::new(),
        };
        Trip::publish(TripId::new(NOW, random.random()), UserId::new(NOW, random.random()), draft, NOW)
            .expect("a generated trip is within the bounds")
    }

    fn stops(&self, from: usize, to: usize, transport: Transport, departs: Time) -> Vec<Stop> {
        let mut way = vec![from];
        if transport != Transport::Plane {
            way.extend(self.on_the_way(from, to));
        }
        way.push(to);
        let stop = |at: usize, arrive, depart| {
            let place = self.places[at];
            Stop { place: place.id, position: place.position, arrive, depart }
        };
        let mut stops = vec![stop(from, departs, departs)];
        let mut now = departs;
        for leg in way.windows(2) {
            let arrive =
                now + hours(ROAD_FACTOR * self.km(leg[0], leg[1]) / transport.speed_kmh()) + Span::minutes(1);
            now = if leg[1] == to { arrive } else { arrive + Span::minutes(10) };
            stops.push(stop(leg[1], arrive, now));
        }
        stops
    }

    /// Up to three of the largest towns on the way, well apart from each other and from the ends, in order.
    fn on_the_way(&self, from: usize, to: usize) -> Vec<usize> {
        let whole_km = self.km(from, to);
        let mut between: Vec<(usize, f64)> = Vec::new();
        for town in 0..self.places.len() {
            let (before, after) = (self.km(from, town), self.km(town, to));
            let near = |km: f64| km < whole_km * 0.15;
            let apart = |(_, other): &(usize, f64)| !near((other - before).abs());
            let inside = !near(before) && !near(after) && before + after <= whole_km * 1.02;
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

    fn package(&self, random: &mut StdRng) -> Package {
        let (from, to) = self.pair(50.0..3_000.0, random);
        let ready_at = NOW + hours(random.random_range(0.0..(DAYS - 2.0) * 24.0));
        let normal = (-2.0 * (1.0 - random.random::<f64>()).ln()).sqrt()
            * (std::f64::consts::TAU * random.random::<f64>()).cos();
        let kg = (2.0 * (0.8 * normal).exp()).clamp(0.1, 15.0);
        let end = |place: &Place| End { place: place.id, position: place.position, address: String::new() };
        let draft = PackageDraft {
            pickup: end(self.places[from]),
            dropoff: end(self.places[to]),
            load: Load { weight_g: (kg * 1_000.0) as u32, volume_ml: 5_000, slots: 1 },
            ready_at,
            deliver_by: ready_at + hours(random.random_range(12.0..48.0)),
            reward: Amount::new(50_000, Currency::Rub),
            description: String::new(),
            size: String::new(),
            weight: String::new(),
            tags: Vec::new(),
            confirm_by: None,
            mode: Mode::Instant,
            template: false,
        };
        let sender = UserId::new(NOW, random.random());
        Package::publish(PackageId::new(NOW, random.random()), sender, draft, NOW)
            .expect("a generated package is within the bounds")
    }
}

fn hours(h: f64) -> Span {
    Span::from_ms((h * 3_600_000.0).round() as i64)
}
