//! What a phone does to its user's connection: nothing, break it again and again, or sleep and read nothing.

use rand::RngExt;
use rand::rngs::StdRng;

use crate::chance::{Purpose, generator};
use crate::scenario::Network;

/// How long a phone that sleeps now and then is awake in between, microseconds.
const AWAKE_US: u64 = 1_000_000;

/// What a phone is like.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    Steady,
    Flapping,
    Sleepy,
}

/// How the connection of a user's phone comes and goes.
pub(super) struct Phone {
    kind: Kind,
    random: StdRng,
    range_us: (u64, u64),
    /// When something happens next; never for a steady one.
    turns_at_us: u64,
    is_asleep: bool,
}

impl Phone {
    /// The phone of a user: always the same one for a seed.
    pub(super) fn of(user: usize, seed: u64, network: &Network) -> Self {
        let mut random = generator(seed, Purpose::Phone(user));
        let dice: f64 = random.random();
        let (kind, range_s) = if dice < network.flapping {
            (Kind::Flapping, network.lasts_s)
        } else if dice < network.flapping + network.slow {
            (Kind::Sleepy, network.sleeps_s)
        } else {
            (Kind::Steady, (0.0, 0.0))
        };
        Self {
            kind,
            random,
            range_us: (us(range_s.0), us(range_s.1)),
            turns_at_us: u64::MAX,
            is_asleep: false,
        }
    }

    /// A connection begins, or the phone has just done something.
    pub(super) fn wind(&mut self, now_us: u64) {
        let (from, to) = self.range_us;
        self.turns_at_us = match self.kind {
            Kind::Steady => u64::MAX,
            Kind::Sleepy if !self.is_asleep => {
                now_us + self.random.random_range(AWAKE_US / 2..=AWAKE_US * 3 / 2)
            }
            _ => now_us + self.random.random_range(from..=to),
        };
    }

    /// When something happens next.
    pub(super) const fn turns_at_us(&self) -> u64 {
        self.turns_at_us
    }

    /// It happens. Whether the connection is gone.
    pub(super) fn turn(&mut self, now_us: u64) -> bool {
        self.is_asleep = self.kind == Kind::Sleepy && !self.is_asleep;
        self.wind(now_us);
        self.kind == Kind::Flapping
    }

    /// Whether what arrives is read.
    pub(super) const fn is_reading(&self) -> bool {
        !self.is_asleep
    }

    /// Whether it sleeps now and then.
    pub(super) fn is_sleepy(&self) -> bool {
        self.kind == Kind::Sleepy
    }

    /// From now on it is a phone like any other.
    pub(super) const fn calm_down(&mut self) {
        self.kind = Kind::Steady;
        self.turns_at_us = u64::MAX;
        self.is_asleep = false;
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "seconds of a scenario, checked")]
fn us(seconds: f64) -> u64 {
    (seconds * 1e6) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn phones(network: &Network) -> Vec<Phone> {
        (0..1_000).map(|user| Phone::of(user, 1, network)).collect()
    }

    #[test]
    fn as_many_flap_and_sleep_as_the_scenario_wants() {
        let network = Network {
            flapping: 0.3,
            lasts_s: (1.0, 5.0),
            slow: 0.1,
            sleeps_s: (5.0, 10.0),
            cut_all_at_s: Vec::new(),
        };
        let phones = phones(&network);
        let of = |kind| phones.iter().filter(|phone| phone.kind == kind).count();
        assert!((250..350).contains(&of(Kind::Flapping)) && (70..130).contains(&of(Kind::Sleepy)));
        let steady = self::phones(&Network::default());
        assert!(steady.iter().all(|phone| phone.kind == Kind::Steady));
    }

    #[test]
    fn one_that_flaps_breaks_within_its_time() {
        let network = Network { flapping: 1.0, lasts_s: (1.0, 5.0), ..Network::default() };
        for mut phone in phones(&network) {
            phone.wind(7);
            assert!((1_000_007..=5_000_007).contains(&phone.turns_at_us()));
            assert!(phone.turn(phone.turns_at_us()) && phone.is_reading());
        }
    }

    #[test]
    fn one_that_sleeps_wakes_up_again() {
        let network = Network { slow: 1.0, sleeps_s: (5.0, 10.0), ..Network::default() };
        let mut phone = Phone::of(1, 1, &network);
        phone.wind(0);
        assert!(phone.is_reading() && phone.turns_at_us() <= 1_500_000);
        assert!(!phone.turn(0) && !phone.is_reading());
        assert!((5_000_000..=10_000_000).contains(&phone.turns_at_us()));
        assert!(!phone.turn(0) && phone.is_reading());
        phone.turn(0);
        phone.calm_down();
        assert!(phone.is_reading() && phone.turns_at_us() == u64::MAX);
    }
}
