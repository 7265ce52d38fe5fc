//! The world that is played: towns, trips between them, and packages that mostly have somebody to ride with.
//!
//! Flows are as between real towns: more between large ones, fewer over long ways. Everything follows from
//! the seed and the day on which it is played.

use jiff::Timestamp;
use peerpack_actors::place::{Gazetteer, Place};
use peerpack_actors::time::{Span, Time};
use rand::RngExt;
use rand::rngs::StdRng;

use crate::chance::{Purpose, generator, normal, weighted};

/// Hubs are at least this far apart: parts of a city are not towns of their own.
const APART_KM: f64 = 40.0;

/// The countries of the hubs: one network of roads.
const COUNTRIES: [&str; 3] = ["RU", "BY", "KZ"];

/// What trips can carry.
const CAPACITIES_G: [u32; 4] = [5_000, 10_000, 20_000, 30_000];

/// The median weight of a parcel.
const MEDIAN_WEIGHT_G: f64 = 2_000.0;

/// The heaviest parcel.
const MAX_WEIGHT_G: f64 = 15_000.0;

/// How far a sender may live from a stop and still count on the courier.
const NEAR_KM: f64 = 12.0;

/// A trip to publish.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct TripPlan {
    /// The stops, at least two.
    pub(crate) places: Vec<&'static Place>,
    /// When it departs, on a whole minute.
    pub(crate) departs: Time,
    /// When it arrives, roughly: the server knows it to the minute.
    pub(crate) arrives: Time,
    /// Room on each leg.
    pub(crate) capacity_g: u32,
    /// The extra way the courier accepts.
    pub(crate) max_detour_min: u32,
    /// What the courier asks.
    pub(crate) price: u32,
}

/// A package to publish.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct PackagePlan {
    /// The number of the sender.
    pub(crate) sender: usize,
    /// Where it starts.
    pub(crate) from: &'static Place,
    /// Where it goes.
    pub(crate) to: &'static Place,
    /// Weight, grams.
    pub(crate) weight_g: u32,
    /// What the sender pays.
    pub(crate) reward: u32,
    /// The latest moment of the delivery.
    pub(crate) deliver_by: Time,
}

/// How large a world.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Size {
    /// How many trips.
    pub(crate) trips: usize,
    /// How many packages.
    pub(crate) packages: usize,
    /// People who send them.
    pub(crate) senders: usize,
    /// How many of the largest towns trips run between.
    pub(crate) towns: usize,
}

/// Everything that will be published.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct World {
    /// The trips that are published.
    pub(crate) trips: Vec<TripPlan>,
    /// The packages, in the order of their publication.
    pub(crate) packages: Vec<PackagePlan>,
}

impl World {
    /// Plans a world that starts at `now`.
    pub(crate) fn plan(seed: u64, now: Time, size: Size) -> Self {
        let towns = Towns::of(Gazetteer::bundled(), size.towns);
        let mut random = generator(seed, Purpose::Trips);
        let trips: Vec<TripPlan> = (0..size.trips).map(|_| trip(&towns, now, &mut random)).collect();
        let mut random = generator(seed, Purpose::Packages);
        let packages = (0..size.packages).map(|_| package(&towns, &trips, size.senders, now, &mut random));
        Self { packages: packages.collect(), trips }
    }
}

impl TripPlan {
    /// The date of departure at the origin, `YYYY-MM-DD`.
    pub(crate) fn date(&self) -> String {
        shown(self.departs, self.places[0], "%Y-%m-%d")
    }

    /// `HH:MM → HH:MM`, departure at the origin and arrival at the destination.
    pub(crate) fn time(&self) -> String {
        let clock = |time, place| shown(time, place, "%H:%M");
        format!("{} → {}", clock(self.departs, self.places[0]), clock(self.arrives, self.destination()))
    }

    /// The date of arrival at the destination, `YYYY-MM-DD`.
    pub(crate) fn arrival_date(&self) -> String {
        shown(self.arrives, self.destination(), "%Y-%m-%d")
    }

    fn destination(&self) -> &'static Place {
        self.places[self.places.len() - 1]
    }
}

fn shown(time: Time, place: &Place, format: &str) -> String {
    let zoned = Timestamp::from_millisecond(time.ms()).and_then(|at| at.in_tz(place.tz));
    zoned.map(|zoned| zoned.strftime(format).to_string()).unwrap_or_default()
}

/// The hubs and the flows between them.
struct Towns {
    hubs: Vec<&'static Place>,
    origins: Vec<f64>,
    destinations: Vec<Vec<f64>>,
}

impl Towns {
    fn of(gazetteer: &'static Gazetteer, towns: usize) -> Self {
        let mut hubs: Vec<&'static Place> = Vec::with_capacity(towns);
        for place in gazetteer.iter().filter(|place| COUNTRIES.contains(&place.country)) {
            let apart = hubs.iter().all(|hub| hub.position.distance_km(place.position) >= APART_KM);
            if apart && is_unmistakable(place) {
                hubs.push(place);
            }
            if hubs.len() == towns {
                break;
            }
        }
        let mass = |place: &Place| f64::from(place.population).powf(0.8);
        let origins = cumulative(hubs.iter().map(|hub| mass(hub)));
        let flow = |from: &Place, to: &Place| {
            let km = from.position.distance_km(to.position);
            if (120.0..=1_400.0).contains(&km) { mass(to) / km.powf(1.2) } else { 0.0 }
        };
        let destinations = hubs.iter().map(|from| cumulative(hubs.iter().map(|to| flow(from, to)))).collect();
        Self { hubs, origins, destinations }
    }

    /// Two hubs with traffic between them.
    fn pair(&self, random: &mut StdRng) -> (&'static Place, &'static Place) {
        loop {
            let from = weighted(random, &self.origins);
            let reachable = &self.destinations[from];
            if reachable.last().is_some_and(|total| *total > 0.0) {
                return (self.hubs[from], self.hubs[weighted(random, reachable)]);
            }
        }
    }

    /// Hubs on the way between two others, in order.
    fn between(&self, from: &Place, to: &Place) -> Vec<&'static Place> {
        let km = |a: &Place, b: &Place| a.position.distance_km(b.position);
        let direct = km(from, to);
        let on_the_way = |hub: &&&'static Place| {
            let ends = km(from, hub).min(km(hub, to));
            ends > 60.0 && km(from, hub) + km(hub, to) < 1.08 * direct
        };
        let mut found: Vec<_> = self.hubs.iter().filter(on_the_way).copied().collect();
        found.sort_by(|a, b| km(from, a).total_cmp(&km(from, b)));
        found
    }
}

/// Whether the server will understand the name as this place.
fn is_unmistakable(place: &Place) -> bool {
    Gazetteer::bundled().find(place.name_ru).is_some_and(|found| found.id == place.id)
}

fn cumulative(weights: impl Iterator<Item = f64>) -> Vec<f64> {
    let sums = weights.scan(0.0, |sum, weight| {
        *sum += weight;
        Some(*sum)
    });
    sums.collect()
}

fn trip(towns: &Towns, now: Time, random: &mut StdRng) -> TripPlan {
    let (from, to) = towns.pair(random);
    let mut places = vec![from];
    let between = towns.between(from, to);
    if !between.is_empty() && random.random_bool(0.6) {
        let first = random.random_range(0..between.len());
        places.push(between[first]);
        if first + 1 < between.len() && random.random_bool(0.5) {
            places.push(between[random.random_range(first + 1..between.len())]);
        }
    }
    places.push(to);
    // A few leave soon: their offers are short, and end while the test runs.
    let ahead_min = if random.random_bool(0.04) {
        random.random_range(6..15)
    } else {
        random.random_range(3 * 60..6 * 24 * 60)
    };
    let departs = Time::from_ms((now.ms() / 60_000 + ahead_min) * 60_000);
    let km: f64 = places.windows(2).map(|ends| ends[0].position.distance_km(ends[1].position)).sum();
    #[expect(clippy::cast_possible_truncation, reason = "a way of at most some thousand kilometres")]
    let driving_min = (km * 1.35) as i64;
    TripPlan {
        places,
        departs,
        arrives: departs + Span::minutes(driving_min + 30),
        capacity_g: CAPACITIES_G[random.random_range(0..CAPACITIES_G.len())],
        max_detour_min: [0, 20, 40, 90][random.random_range(0..4)],
        price: random.random_range(2..8) * 100,
    }
}

fn package(towns: &Towns, trips: &[TripPlan], senders: usize, now: Time, random: &mut StdRng) -> PackagePlan {
    let rides = !trips.is_empty() && random.random_bool(0.95);
    let (from, to, deliver_by) = if rides {
        let trip = &trips[random.random_range(0..trips.len())];
        let on = random.random_range(0..trip.places.len() - 1);
        let off = random.random_range(on + 1..trip.places.len());
        let slack = Span::hours(random.random_range(24..96));
        (near(trip.places[on], random), near(trip.places[off], random), trip.arrives + slack)
    } else {
        let (from, to) = towns.pair(random);
        (from, to, now + Span::days(random.random_range(2..10)))
    };
    let weight_g = (MEDIAN_WEIGHT_G * (0.8 * normal(random)).exp()).clamp(100.0, MAX_WEIGHT_G);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 100 and 15 000")]
    let weight_g = weight_g as u32;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "at most some thousand roubles"
    )]
    let way = (from.position.distance_km(to.position) * 0.5) as u32;
    let reward = 200 + way + weight_g / 20;
    PackagePlan { sender: random.random_range(0..senders), from, to, weight_g, reward, deliver_by }
}

/// The place itself, or a smaller one close by.
fn near(place: &'static Place, random: &mut StdRng) -> &'static Place {
    if random.random_bool(0.8) {
        return place;
    }
    let near = Gazetteer::bundled().within(place.position, NEAR_KM);
    let near: Vec<_> = near.into_iter().map(|(near, _)| near).filter(|near| is_unmistakable(near)).collect();
    near.get(random.random_range(0..near.len().max(1))).copied().unwrap_or(place)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    fn world(seed: u64) -> World {
        let now = Time::from_ms(1_790_000_000_123);
        World::plan(seed, now, Size { trips: 500, packages: 2_000, senders: 20, towns: 120 })
    }

    #[test]
    fn the_world_follows_from_the_seed() {
        assert_eq!(world(1), world(1));
        assert_ne!(world(1), world(2));
    }

    #[test]
    fn the_fewer_towns_there_are_the_more_share_a_road() {
        let now = Time::from_ms(1_790_000_000_123);
        let world = World::plan(1, now, Size { trips: 300, packages: 1, senders: 1, towns: 4 });
        let roads = |trip: &TripPlan| (trip.places[0].id, trip.destination().id);
        let roads: std::collections::BTreeSet<_> = world.trips.iter().map(roads).collect();
        assert!(roads.len() <= 12, "{roads:?}");
    }

    #[test]
    fn trips_are_what_the_server_takes() {
        for trip in world(1).trips {
            assert!((2..=4).contains(&trip.places.len()));
            assert!(trip.departs.ms() > 1_790_000_000_123 && trip.departs < trip.arrives);
            assert!(trip.arrives.since(trip.departs) < Span::hours(48));
            assert_eq!(trip.departs.ms() % 60_000, 0);
            let (date, time) = (trip.date(), trip.time());
            assert_eq!((date.len(), time.chars().count()), (10, 13), "{date} {time}");
            assert!(trip.arrival_date() >= date, "{date} {}", trip.arrival_date());
        }
    }

    #[test]
    fn popular_towns_see_more_trips() {
        let mut departures: HashMap<u32, usize> = HashMap::new();
        for trip in world(1).trips {
            *departures.entry(trip.places[0].id.0).or_default() += 1;
        }
        let busiest = departures.values().max().copied().unwrap_or(0);
        assert!(busiest > 5 * (500 / departures.len()), "{busiest} of {}", departures.len());
    }

    #[test]
    fn most_packages_have_a_trip_that_passes_near_both_ends() {
        let world = world(1);
        let passes = |package: &PackagePlan| {
            world.trips.iter().any(|trip| {
                let index = |end: &Place| {
                    trip.places.iter().position(|stop| stop.position.distance_km(end.position) <= NEAR_KM)
                };
                matches!((index(package.from), index(package.to)), (Some(on), Some(off)) if on < off)
            })
        };
        let served = world.packages.iter().filter(|package| passes(package)).count();
        assert!(served > 1_800, "{served} of 2000");
        assert!(world.packages.iter().all(|package| package.from.id != package.to.id));
    }

    #[test]
    fn parcels_weigh_two_kilograms_in_the_middle_and_fifteen_at_most() {
        let mut weights: Vec<u32> = world(1).packages.iter().map(|package| package.weight_g).collect();
        weights.sort_unstable();
        assert!((1_800..2_200).contains(&weights[1_000]), "{}", weights[1_000]);
        assert!(weights[1_999] <= 15_000 && weights[0] >= 100);
    }
}
