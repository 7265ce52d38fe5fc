//! Randomness that follows from the seed: each purpose has a generator of its own, so that more of one thing
//! does not change another.

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

/// What randomness is for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Purpose {
    /// The trips of the world.
    Trips,
    /// The packages of the world.
    Packages,
    /// When packages are published.
    Arrivals,
    /// What is said in chats, and when.
    Talk,
    /// How a user behaves.
    User(usize),
    /// Who is looked at after the run.
    Sample,
    /// How a user's phone behaves.
    Phone(usize),
}

/// The generator of a purpose.
pub(crate) fn generator(seed: u64, purpose: Purpose) -> StdRng {
    let number = match purpose {
        Purpose::Trips => 1,
        Purpose::Packages => 2,
        Purpose::Arrivals => 3,
        Purpose::Sample => 4,
        Purpose::Talk => 5,
        Purpose::User(index) => 1_000 + index as u64,
        Purpose::Phone(index) => (1 << 40) + index as u64,
    };
    let mut key = [0; 32];
    key[..8].copy_from_slice(&seed.to_le_bytes());
    key[8..16].copy_from_slice(&number.to_le_bytes());
    StdRng::from_seed(key)
}

/// A number of the standard normal distribution.
pub(crate) fn normal(random: &mut StdRng) -> f64 {
    let radius = (-2.0 * (1.0 - random.random::<f64>()).ln()).sqrt();
    radius * (std::f64::consts::TAU * random.random::<f64>()).cos()
}

/// An index, with these weights.
pub(crate) fn weighted(random: &mut StdRng, cumulative: &[f64]) -> usize {
    let total = cumulative.last().copied().unwrap_or(0.0);
    let at = random.random::<f64>() * total;
    cumulative.partition_point(|sum| *sum <= at).min(cumulative.len().saturating_sub(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_and_purpose_give_the_same_numbers() {
        let first = |purpose| generator(7, purpose).random::<u64>();
        assert_eq!(first(Purpose::Trips), first(Purpose::Trips));
        assert_ne!(first(Purpose::Trips), first(Purpose::Packages));
        assert_ne!(first(Purpose::User(0)), first(Purpose::User(1)));
    }

    #[test]
    fn heavier_indices_come_more_often() {
        let mut random = generator(1, Purpose::Sample);
        let heavy = (0..1_000).filter(|_| weighted(&mut random, &[1.0, 10.0]) == 1).count();
        assert!((850..970).contains(&heavy), "{heavy}");
    }

    #[test]
    fn normal_numbers_lie_around_zero() {
        let mut random = generator(1, Purpose::Sample);
        let mean = (0..10_000).map(|_| normal(&mut random)).sum::<f64>() / 10_000.0;
        assert!(mean.abs() < 0.05, "{mean}");
    }
}
