//! What people do in a town on one afternoon, made up from a seed: who is on duty, who wants a ride, and how
//! each of them answers. A policy changes nothing of it, so policies are compared on the same afternoon.
//!
//! Version 1.
//!
//! * Rides are a Poisson process of the wanted rate, with the town's proportions between the quarters of an
//!   hour and between pairs of zones; both ends are even over their zones. The road is 1.3 x the great
//!   circle, at the town's speed of that quarter with its spread.
//! * Couriers begin where rides begin, and accept 60 to 100 % of what they are asked, each to their own
//!   share. They answer after 2 to 10 s; who does not want to says so or lets it run out, every second time.
//! * A passenger who has no courier after 3 to 10 min calls off, and 2 % call off within three minutes of
//!   the assignment.

use peerpack_actors::dispatch::price::{Extras, LocalHour, Ride};
use peerpack_actors::dispatch::{Quote, Tariff};
use peerpack_actors::place::Position;
use peerpack_actors::time::{Span, Time};
use rand::{Rng, RngExt};

use super::town::{Flow, ROAD_FACTOR, Town};
use crate::seed::Seed;

/// Changes with every change of what people do: figures of different versions cannot be compared.
pub const VERSION: u32 = 1;

/// Midnight of the day that is played: Monday, 5 January 2026.
pub const MIDNIGHT: Time = Time::from_ms(1_767_571_200_000);

/// What an afternoon is like.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Scenario {
    /// How many couriers are on duty.
    pub couriers: usize,
    /// How many rides are wanted in an hour, in the mean.
    pub rides_per_hour: u32,
    /// When it begins, in seconds since midnight.
    pub from_s: i64,
    /// How long it goes on, in hours.
    pub hours: i64,
}

impl Scenario {
    /// When it begins.
    #[must_use]
    pub fn begins(&self) -> Time {
        MIDNIGHT + Span::seconds(self.from_s)
    }

    /// When it ends.
    #[must_use]
    pub fn ends(&self) -> Time {
        self.begins() + Span::hours(self.hours)
    }
}

/// Somebody who wants a ride.
#[derive(Clone, PartialEq, Debug)]
pub struct Wish {
    /// When they ask for it.
    pub at: Time,
    /// Where the ride begins.
    pub pickup: Position,
    /// Where the ride ends.
    pub dropoff: Position,
    /// The zones of both.
    pub zones: (usize, usize),
    /// How far, and how long it takes.
    pub ride: Ride,
    /// What it costs.
    pub quote: Quote,
    /// How long they wait for a courier to be found.
    pub patience: Span,
    /// How long after the assignment they call off, if they do.
    pub regrets: Option<Span>,
}

/// A courier on duty.
#[derive(Clone, PartialEq, Debug)]
pub struct Courier {
    /// Where they begin.
    pub at: Position,
    /// The zone of that.
    pub zone: usize,
    /// The share of offers that they accept.
    pub acceptance: f64,
    /// What they are rated with.
    pub rating: f64,
}

/// How a courier answers an offer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Answer {
    /// They accept, after so long.
    Yes(Span),
    /// They decline, after so long.
    No(Span),
    /// They say nothing.
    Silence,
}

/// An afternoon that every policy plays.
#[derive(Clone, Debug)]
pub struct Day<S> {
    /// Where it comes from.
    pub seed: S,
    /// What is played.
    pub scenario: Scenario,
    /// Everybody on duty.
    pub couriers: Vec<Courier>,
    /// Everybody who wants a ride, by time.
    pub wishes: Vec<Wish>,
    salt: u64,
}

impl<S: Seed> Day<S> {
    /// Makes up an afternoon.
    ///
    /// # Errors
    /// A ride that is longer than any is priced.
    pub fn generate(seed: S, scenario: Scenario, town: &Town) -> anyhow::Result<Self> {
        let wishes = wishes(scenario, town, &mut seed.random(10))?;
        let random = &mut seed.random(11);
        let couriers = (0..scenario.couriers).map(|_| courier(scenario, town, random)).collect();
        Ok(Self { seed, scenario, couriers, wishes, salt: seed.random(12).random() })
    }
}

impl<S> Day<S> {
    /// A number from 0 to 1 that belongs to a courier, a wish and a purpose.
    #[must_use]
    pub fn lot(&self, courier: usize, wish: usize, purpose: u64) -> f64 {
        let mut mixed = self.salt;
        for part in [courier as u64, wish as u64, purpose] {
            // The finaliser of SplitMix64.
            mixed = (mixed ^ part).wrapping_add(0x9e37_79b9_7f4a_7c15);
            mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            mixed ^= mixed >> 31;
        }
        (mixed >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// How a courier answers an offer of a ride. They are asked about it again when the search is widened,
    /// and may think otherwise then.
    #[must_use]
    pub fn answer(&self, courier: usize, wish: usize, round: u32) -> Answer {
        let lot = |purpose: u64| self.lot(courier, wish, u64::from(round) * 8 + purpose);
        let after = span_s(2.0 + 8.0 * lot(1));
        match (lot(2) < self.couriers[courier].acceptance, lot(3) < 0.5) {
            (true, _) => Answer::Yes(after),
            (false, true) => Answer::No(after),
            (false, false) => Answer::Silence,
        }
    }

    /// How long a courier needs for an empty way.
    #[must_use]
    pub fn empty_way(&self, town: &Town, courier: usize, wish: usize, way_km: f64, now: Time) -> Span {
        let kmh = town.speed(second(now)).of(self.lot(courier, wish, 4));
        span_s(way_km / kmh * 3_600.0)
    }
}

/// The time of the day, in seconds.
#[must_use]
pub fn second(at: Time) -> i64 {
    at.since(MIDNIGHT).ms() / 1_000
}

/// The way by the road, in kilometres.
#[must_use]
pub fn road_km(from: Position, to: Position) -> f64 {
    from.distance_km(to) * ROAD_FACTOR
}

fn wishes(scenario: Scenario, town: &Town, random: &mut impl Rng) -> anyhow::Result<Vec<Wish>> {
    let quarters = scenario.hours * 4;
    let begins = |quarter: i64| scenario.from_s + quarter * 900;
    let rides = |quarter: i64| town.rides(begins(quarter));
    let mean = (0..quarters).map(rides).sum::<f64>() / quarters.max(1) as f64;
    let mut wishes = Vec::new();
    for quarter in 0..quarters {
        let expected = f64::from(scenario.rides_per_hour) / 4.0 * rides(quarter) / mean;
        let sums = sums(town.flows(begins(quarter)));
        // Gaps of an exponential law make a Poisson process.
        let mut left = 1.0;
        loop {
            left -= -(1.0 - random.random::<f64>()).ln() / expected;
            if left <= 0.0 {
                break;
            }
            let at = MIDNIGHT + span_s(begins(quarter) as f64 + 900.0 * (1.0 - left));
            let flow = drawn(town.flows(begins(quarter)), &sums, random);
            wishes.push(wish(at, flow, town, random)?);
        }
    }
    Ok(wishes)
}

fn wish(at: Time, flow: Flow, town: &Town, random: &mut impl Rng) -> anyhow::Result<Wish> {
    let (pickup, dropoff) = (town.zones[flow.from].somewhere(random), town.zones[flow.to].somewhere(random));
    let km = road_km(pickup, dropoff).max(0.5);
    let ride_s = km / town.speed(second(at)).of(random.random()) * 3_600.0;
    let ride = Ride { way_m: whole(km * 1_000.0), ride_s: whole(ride_s) };
    let hour = i8::try_from(second(at).rem_euclid(86_400) / 3_600)?;
    let local = LocalHour { hour, weekend: false };
    let quote = Quote::new(Tariff::default(), Extras::default(), ride, local, 100)?;
    let patience = span_s(random.random_range(180.0..600.0));
    let regrets = random.random_bool(0.02).then(|| span_s(random.random_range(10.0..180.0)));
    Ok(Wish { at, pickup, dropoff, zones: (flow.from, flow.to), ride, quote, patience, regrets })
}

fn courier(scenario: Scenario, town: &Town, random: &mut impl Rng) -> Courier {
    let flows = town.flows(scenario.from_s);
    let zone = drawn(flows, &sums(flows), random).from;
    Courier {
        at: town.zones[zone].somewhere(random),
        zone,
        acceptance: random.random_range(0.6..1.0),
        rating: random.random_range(4.2..5.0),
    }
}

fn sums(flows: &[Flow]) -> Vec<f64> {
    let mut sum = 0.0;
    let running = |flow: &Flow| {
        sum += flow.rides;
        sum
    };
    flows.iter().map(running).collect()
}

fn drawn(flows: &[Flow], sums: &[f64], random: &mut impl Rng) -> Flow {
    let at = random.random::<f64>() * sums[sums.len() - 1];
    flows[sums.partition_point(|sum| *sum <= at).min(flows.len() - 1)]
}

#[expect(clippy::cast_possible_truncation, reason = "times of one day")]
fn span_s(seconds: f64) -> Span {
    Span::from_ms((seconds * 1_000.0).round() as i64)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "ways of one town")]
fn whole(amount: f64) -> u32 {
    amount.round() as u32
}
