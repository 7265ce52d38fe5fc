//! Who claims whose package: pairs of a sender and a trip.

use rand::RngExt as _;
use rand::rngs::StdRng;

/// The draws of one run.
pub(crate) struct Draws {
    people: usize,
    pairs: Vec<(usize, usize)>,
}

impl Draws {
    /// `count` pairs among so many senders and so many trips. With the exponent 0 all are equal.
    pub(crate) fn new(people: usize, exponent: f64, count: usize, random: &mut StdRng) -> Self {
        let weights = cumulative(people, exponent);
        let mut one = || {
            let drawn = random.random_range(0.0..weights[people - 1]);
            weights.partition_point(|weight| *weight <= drawn)
        };
        Self { people, pairs: (0..count).map(|_| (one(), one())).collect() }
    }

    /// How many senders, and how many trips.
    pub(crate) fn people(&self) -> usize {
        self.people
    }

    /// Sender and trip of each claim.
    pub(crate) fn pairs(&self) -> &[(usize, usize)] {
        &self.pairs
    }
}

/// Zipf's weights, each with those before it.
#[expect(clippy::cast_precision_loss, reason = "hundreds of people")]
fn cumulative(people: usize, exponent: f64) -> Vec<f64> {
    (1..=people)
        .scan(0.0, |sum, rank| {
            *sum += (rank as f64).powf(-exponent);
            Some(*sum)
        })
        .collect()
}
