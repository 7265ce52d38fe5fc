//! A town: its zones, how much people go between them, and how quick the traffic is.

use std::f64::consts::TAU;

use anyhow::{Context as _, ensure};
use peerpack_actors::place::Position;
use rand::{Rng, RngExt};

/// Length of the road over the great circle, as the dispatch takes it.
pub const ROAD_FACTOR: f64 = 1.3;

/// Kilometres of a degree of latitude.
pub(super) const DEGREE_KM: f64 = 111.195;

/// The quarters of an hour of a day.
pub const QUARTERS: usize = 96;

/// A part of a town: a disc.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Zone {
    /// Its middle.
    pub centre: Position,
    /// How far it reaches, in kilometres.
    pub radius_km: f64,
}

impl Zone {
    /// A position in it, evenly spread.
    pub fn somewhere(&self, random: &mut impl Rng) -> Position {
        let (angle, reach) = (TAU * random.random::<f64>(), random.random::<f64>().sqrt());
        let km = self.radius_km * reach;
        let lat = self.centre.lat + km * angle.cos() / DEGREE_KM;
        let lon = self.centre.lon + km * angle.sin() / (DEGREE_KM * self.centre.lat.to_radians().cos());
        Position { lat, lon }
    }
}

/// How quick the traffic is, by the road.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Speed {
    /// In the mean, in km/h.
    pub mean_kmh: f64,
    /// The standard deviation over rides, in km/h.
    pub spread_kmh: f64,
}

impl Speed {
    /// The speed of one ride for a number from 0 to 1: uniform with the same mean and deviation, and never
    /// below a third of the mean.
    #[must_use]
    pub fn of(self, lot: f64) -> f64 {
        let kmh = self.mean_kmh + self.spread_kmh * 12.0_f64.sqrt() * (lot - 0.5);
        kmh.max(self.mean_kmh / 3.0)
    }
}

/// So many rides in a quarter of an hour from one zone to another.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Flow {
    /// The number of the zone of the pickup.
    pub from: usize,
    /// The number of the zone where the ride ends.
    pub to: usize,
    /// How many, over whatever time they were counted: the proportion counts.
    pub rides: f64,
}

/// A town with the rides that people take in it.
#[derive(Clone, PartialEq, Debug)]
pub struct Town {
    /// Where its figures come from, for the report.
    pub name: String,
    /// The parts that it is made of.
    pub zones: Vec<Zone>,
    /// What goes on in each quarter of an hour of the day.
    flows: Vec<Vec<Flow>>,
    /// How quick the traffic is in each.
    speeds: Vec<Speed>,
}

impl Town {
    /// A town of these zones.
    ///
    /// # Errors
    /// A flow between zones that are not there, a quarter without traffic, or a day that has not
    /// [`QUARTERS`] of them.
    pub fn new(
        name: String,
        zones: Vec<Zone>,
        flows: Vec<Vec<Flow>>,
        speeds: Vec<Speed>,
    ) -> anyhow::Result<Self> {
        ensure!(
            flows.len() == QUARTERS && speeds.len() == QUARTERS,
            "a day has {QUARTERS} quarters of an hour"
        );
        for (quarter, flows) in flows.iter().enumerate() {
            ensure!(flows.iter().any(|flow| flow.rides > 0.0), "nobody goes anywhere in quarter {quarter}");
            let is_known = |flow: &Flow| flow.from < zones.len() && flow.to < zones.len();
            ensure!(flows.iter().all(is_known), "a flow of quarter {quarter} names a zone that is not there");
        }
        ensure!(speeds.iter().all(|speed| speed.mean_kmh > 0.0), "a quarter without traffic");
        Ok(Self { name, zones, flows, speeds })
    }

    /// A town of `side` x `side` zones of 1 km, where everybody goes to the middle: for tests.
    ///
    /// # Errors
    /// None for a side of at least one.
    pub fn grid(side: u32) -> anyhow::Result<Self> {
        let middle = f64::from(side.saturating_sub(1)) / 2.0;
        let cell = |n: u32| (f64::from(n / side) - middle, f64::from(n % side) - middle);
        let zone = |n: u32| {
            let (north, east) = cell(n);
            let (lat, lon) =
                (55.75 + north / DEGREE_KM, 37.62 + east / (DEGREE_KM * 55.75_f64.to_radians().cos()));
            Zone { centre: Position { lat, lon }, radius_km: 0.5 }
        };
        let weight = |n: u32| {
            let (north, east) = cell(n);
            1.0 + 9.0 / (1.0 + north * north + east * east)
        };
        let mut flows = Vec::new();
        for from in 0..side * side {
            for to in 0..side * side {
                let rides = weight(to) / weight(from);
                flows.push(Flow { from: from as usize, to: to as usize, rides });
            }
        }
        let zones = (0..side * side).map(zone).collect();
        let speed = Speed { mean_kmh: 24.0, spread_kmh: 5.0 };
        Self::new("a grid".to_owned(), zones, vec![flows; QUARTERS], vec![speed; QUARTERS])
    }

    /// How quick the traffic is at a time of the day, in seconds since midnight.
    #[must_use]
    pub fn speed(&self, second: i64) -> Speed {
        self.speeds[quarter(second)]
    }

    /// The mean speed over some hours, in km/h: what an operator would tell the dispatch.
    #[must_use]
    pub fn usual_kmh(&self, from_s: i64, hours: i64) -> f64 {
        let quarters = (0..hours * 4).map(|n| self.speed(from_s + n * 900).mean_kmh);
        quarters.sum::<f64>() / (hours * 4).max(1) as f64
    }

    /// What goes on in a quarter of an hour of the day.
    #[must_use]
    pub fn flows(&self, second: i64) -> &[Flow] {
        &self.flows[quarter(second)]
    }

    /// How much goes on then.
    #[must_use]
    pub fn rides(&self, second: i64) -> f64 {
        self.flows(second).iter().map(|flow| flow.rides).sum()
    }

    /// The zone that a position belongs to: of those whose middle is nearest.
    ///
    /// # Errors
    /// A town without zones.
    pub fn zone_of(&self, at: Position) -> anyhow::Result<usize> {
        let km = |zone: &Zone| zone.centre.distance_km(at);
        let nearest = self.zones.iter().enumerate().min_by(|(_, a), (_, b)| km(a).total_cmp(&km(b)));
        nearest.map(|(number, _)| number).context("a town without zones")
    }
}

fn quarter(second: i64) -> usize {
    usize::try_from(second.rem_euclid(86_400) / 900).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand::rngs::Xoshiro256PlusPlus;

    use super::*;

    #[test]
    fn a_position_of_a_zone_is_in_it_and_a_speed_keeps_its_mean() {
        let mut random = Xoshiro256PlusPlus::seed_from_u64(1);
        let town = Town::grid(3).unwrap();
        for (number, zone) in town.zones.iter().enumerate() {
            for _ in 0..100 {
                let at = zone.somewhere(&mut random);
                assert!(zone.centre.distance_km(at) <= zone.radius_km + 1e-3);
                assert_eq!(town.zone_of(at).unwrap(), number, "discs of half a kilometre do not overlap");
            }
        }
        let speed = Speed { mean_kmh: 20.0, spread_kmh: 4.0 };
        let drawn: Vec<f64> = (0..1_000).map(|n| speed.of((f64::from(n) + 0.5) / 1_000.0)).collect();
        let mean = drawn.iter().sum::<f64>() / 1_000.0;
        let variance = drawn.iter().map(|kmh| (kmh - mean).powi(2)).sum::<f64>() / 1_000.0;
        assert!((mean - 20.0).abs() < 1e-6 && (variance.sqrt() - 4.0).abs() < 1e-2, "{mean} {variance}");
    }

    #[test]
    fn a_town_that_cannot_be_is_refused() {
        let Town { zones, flows, speeds, .. } = Town::grid(2).unwrap();
        let made = |flows, speeds| Town::new(String::new(), zones.clone(), flows, speeds);
        assert!(made(flows.clone(), speeds.clone()).is_ok());
        assert!(made(flows[1..].to_vec(), speeds.clone()).is_err(), "a day of 95 quarters");
        assert!(made(vec![Vec::new(); QUARTERS], speeds.clone()).is_err(), "nobody goes anywhere");
        assert!(made(vec![vec![Flow { from: 0, to: 4, rides: 1.0 }]; QUARTERS], speeds).is_err());
    }
}
