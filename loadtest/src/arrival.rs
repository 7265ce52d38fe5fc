//! When packages are published: a schedule made before the run, which the server cannot slow down.
//!
//! Arrivals are a Poisson process. A server that stalls meets the same arrivals afterwards, and each one's
//! latency counts from the moment it should have started; a generator that waited for answers would not see
//! the stall.

use rand::RngExt;
use rand::rngs::StdRng;

use crate::scenario::Load;

/// When packages are published, in microseconds, ascending: a Poisson process whose rate follows the curve of
/// the load, after a warm-up at the curve's first rate.
pub(crate) fn arrivals(load: &Load, random: &mut StdRng) -> Vec<u64> {
    let (warmup_us, duration_us) = (load.warmup_s * 1_000_000, load.duration_s * 1_000_000);
    let most = load.most_times();
    let all = poisson(load.packages_per_s * most, 0, warmup_us + duration_us, random);
    // Of the arrivals of the highest rate, as many are left as the curve wants.
    let wanted = all.into_iter().filter(|at| {
        let share = at.saturating_sub(warmup_us) as f64 / duration_us as f64;
        load.curve.is_empty() || random.random_bool((load.times(share) / most).clamp(0.0, 1.0))
    });
    wanted.collect()
}

/// The moments of a Poisson process, in microseconds, ascending.
pub(crate) fn poisson(rate_per_s: f64, start_us: u64, duration_us: u64, random: &mut StdRng) -> Vec<u64> {
    let mut arrivals = Vec::new();
    let mut at = 0.0;
    loop {
        at += -(1.0 - random.random::<f64>()).ln() / rate_per_s * 1e6;
        if at >= duration_us as f64 {
            return arrivals;
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "between 0 and the duration"
        )]
        arrivals.push(start_us + at as u64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chance::{Purpose, generator};

    fn schedule(seed: u64) -> Vec<u64> {
        poisson(200.0, 1_000, 60_000_000, &mut generator(seed, Purpose::Arrivals))
    }

    #[test]
    fn the_schedule_follows_from_the_seed() {
        assert_eq!(schedule(1), schedule(1));
        assert_ne!(schedule(1), schedule(2));
    }

    #[test]
    fn as_many_arrive_as_asked_for_within_the_time() {
        let arrivals = schedule(3);
        assert!((11_500..12_500).contains(&arrivals.len()), "{}", arrivals.len());
        assert!(arrivals.is_sorted());
        assert!(arrivals.iter().all(|at| (1_000..60_001_000).contains(at)));
    }

    #[test]
    fn the_rate_follows_the_curve() {
        let curve = vec![(0.0, 0.5), (0.5, 0.5), (0.5001, 2.0), (1.0, 2.0)];
        let load = Load { packages_per_s: 100.0, duration_s: 60, warmup_s: 10, curve };
        let arrivals = arrivals(&load, &mut generator(5, Purpose::Arrivals));
        let between = |from_s: u64, to_s: u64| {
            let within = from_s * 1_000_000..to_s * 1_000_000;
            arrivals.iter().filter(|at| within.contains(at)).count()
        };
        let counts = (between(0, 10), between(10, 40), between(40, 70));
        assert!((400..600).contains(&counts.0), "{counts:?}");
        assert!((1_350..1_650).contains(&counts.1) && (5_700..6_300).contains(&counts.2), "{counts:?}");
        let even = Load { curve: Vec::new(), ..load };
        let even = super::arrivals(&even, &mut generator(5, Purpose::Arrivals)).len();
        assert!((6_700..7_300).contains(&even), "{even}");
    }

    #[test]
    fn gaps_vary_as_they_do_between_people_who_do_not_know_of_each_other() {
        let arrivals = schedule(4);
        let gaps: Vec<f64> = arrivals.windows(2).map(|pair| (pair[1] - pair[0]) as f64).collect();
        let mean = gaps.iter().sum::<f64>() / gaps.len() as f64;
        let variance = gaps.iter().map(|gap| (gap - mean).powi(2)).sum::<f64>() / gaps.len() as f64;
        let variation = variance.sqrt() / mean;
        assert!((0.95..1.05).contains(&variation), "{variation}");
    }
}
