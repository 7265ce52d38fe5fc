//! Where a world's randomness comes from, and what it may be used for.
//!
//! Knobs are tuned on [`Training`] worlds and judged on [`Test`] worlds. These are different types, with
//! different streams of random numbers even for the same number: what tunes takes a `World<Training>`, what
//! reports takes a `World<Test>`, and nothing turns one into the other.

use rand::SeedableRng;
use rand::rngs::Xoshiro256PlusPlus;

/// A seed to tune knobs on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Training(u32);

/// A seed to judge by. Nothing is ever tuned on it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Test(u32);

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::Training {}
    impl Sealed for super::Test {}
}

/// Either kind of seed; there is no third one.
pub trait Seed: sealed::Sealed + Copy {
    /// Which number of its kind.
    fn number(self) -> u32;

    /// A source of random numbers for one purpose; two purposes do not disturb each other.
    fn random(self, purpose: u8) -> Xoshiro256PlusPlus;
}

/// From here on, training seeds stand for the past that a market has learned from.
const PAST: u32 = 1_000;

impl Training {
    /// The first seeds to tune on.
    pub fn first(count: u32) -> impl Iterator<Item = Self> {
        (1..=count).map(Self)
    }

    /// A past for the market of a seed of either kind. It is never tuned on, and never judged by.
    #[must_use]
    pub fn past_of(seed: impl Seed) -> Self {
        Self(PAST + seed.number())
    }
}

impl Test {
    /// The first seeds to judge by.
    pub fn first(count: u32) -> impl Iterator<Item = Self> {
        (1..=count).map(Self)
    }
}

impl Seed for Training {
    fn number(self) -> u32 {
        self.0
    }

    fn random(self, purpose: u8) -> Xoshiro256PlusPlus {
        stream(0x7261_696e, self.0, purpose)
    }
}

impl Seed for Test {
    fn number(self) -> u32 {
        self.0
    }

    fn random(self, purpose: u8) -> Xoshiro256PlusPlus {
        stream(0x7465_7374, self.0, purpose)
    }
}

fn stream(kind: u32, number: u32, purpose: u8) -> Xoshiro256PlusPlus {
    let mixed = (u64::from(kind) << 32 | u64::from(number)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    Xoshiro256PlusPlus::seed_from_u64(mixed.wrapping_add(u64::from(purpose)))
}

#[cfg(test)]
mod tests {
    use rand::Rng;

    use super::*;

    #[test]
    fn no_training_seed_draws_what_a_test_seed_draws() {
        let mut drawn: Vec<u64> = Training::first(50).map(|seed| seed.random(0).next_u64()).collect();
        drawn.extend(Test::first(50).map(|seed| seed.random(0).next_u64()));
        drawn.extend(Test::first(50).map(|seed| seed.random(1).next_u64()));
        let count = drawn.len();
        drawn.sort_unstable();
        drawn.dedup();
        assert_eq!(drawn.len(), count);
    }
}
