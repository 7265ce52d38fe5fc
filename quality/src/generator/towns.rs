//! The towns of a market, and how much goes on between them.

use peerpack_actors::place::{Gazetteer, Place};
use rand::{Rng, RngExt};

use super::Family;

/// The towns, and how much goes on between them. Made once, used for many worlds.
pub struct Towns {
    pub(super) places: Vec<&'static Place>,
    /// Great circles between all pairs, in kilometres, row by row.
    km: Vec<f32>,
    /// Running sums of the flows between all pairs, row by row.
    flows: Vec<f64>,
    /// Running sums of the flows to and from the largest town.
    hub_flows: Vec<f64>,
}

impl Default for Towns {
    fn default() -> Self {
        Self::new()
    }
}

impl Towns {
    /// The towns of the bundled gazetteer.
    #[must_use]
    pub fn new() -> Self {
        let all = Gazetteer::bundled().iter();
        let places: Vec<_> =
            all.filter(|place| place.country == "RU" && place.population >= 15_000).collect();
        let (mut km, mut flows) = (Vec::new(), Vec::new());
        let mut sum = 0.0;
        for from in &places {
            for to in &places {
                sum += flow(from, to);
                flows.push(sum);
                #[expect(clippy::cast_possible_truncation, reason = "metres are exact enough")]
                km.push(from.position.distance_km(to.position) as f32);
            }
        }
        let mut sum = 0.0;
        let to_hub = |town: &&'static Place| {
            sum += flow(places[0], town);
            sum
        };
        let hub_flows = places.iter().map(to_hub).collect();
        Self { places, km, flows, hub_flows }
    }

    pub(super) fn km(&self, from: usize, to: usize) -> f64 {
        f64::from(self.km[from * self.places.len() + to])
    }

    pub(super) fn pair(&self, family: Family, random: &mut impl Rng) -> (usize, usize) {
        if family == Family::HubOnly {
            let other = drawn(&self.hub_flows, random);
            return if random.random_bool(0.5) { (0, other) } else { (other, 0) };
        }
        let pair = drawn(&self.flows, random);
        (pair / self.places.len(), pair % self.places.len())
    }

    pub(super) fn pair_within(
        &self,
        family: Family,
        km: std::ops::Range<f64>,
        random: &mut impl Rng,
    ) -> (usize, usize) {
        loop {
            let (from, to) = self.pair(family, random);
            if km.contains(&self.km(from, to)) {
                return (from, to);
            }
        }
    }
}

fn flow(from: &Place, to: &Place) -> f64 {
    let km = from.position.distance_km(to.position);
    if km < 1.0 {
        return 0.0;
    }
    (f64::from(from.population) * f64::from(to.population)).powf(0.8) / km
}

fn drawn(sums: &[f64], random: &mut impl Rng) -> usize {
    let at = random.random::<f64>() * sums[sums.len() - 1];
    sums.partition_point(|sum| *sum <= at).min(sums.len() - 1)
}
