//! How many in which second, and what follows from it.

use std::time::{Duration, Instant};

/// Now, for measuring.
#[expect(clippy::disallowed_methods, reason = "a benchmark owns a stopwatch")]
pub(crate) fn start() -> Instant {
    Instant::now()
}

/// One run.
pub(crate) struct Run {
    /// When each claim was durable, after the start.
    done: Vec<Duration>,
}

#[expect(clippy::cast_precision_loss, reason = "thousands of claims")]
impl Run {
    pub(crate) fn new(mut done: Vec<Duration>) -> Self {
        done.sort_unstable();
        Self { done }
    }

    /// Over the whole run.
    pub(crate) fn per_second(&self) -> f64 {
        self.done.len() as f64 / self.done.last().map_or(1.0, Duration::as_secs_f64)
    }

    /// How far the whole seconds are from their mean, in percent of it; 0 where there are fewer than two.
    pub(crate) fn deviation_percent(&self) -> f64 {
        let seconds = self.done.last().map_or(0, Duration::as_secs);
        let in_second = |second| self.done.iter().filter(|done| done.as_secs() == second).count() as f64;
        let counts: Vec<f64> = (0..seconds).map(in_second).collect();
        if counts.len() < 2 {
            return 0.0;
        }
        let mean = counts.iter().sum::<f64>() / counts.len() as f64;
        let variance = counts.iter().map(|count| (count - mean).powi(2)).sum::<f64>() / counts.len() as f64;
        100.0 * variance.sqrt() / mean
    }
}

/// A figure over several runs: the median, the least and the most.
pub(crate) struct Figure {
    pub(crate) median: f64,
    least: f64,
    most: f64,
}

impl Figure {
    pub(crate) fn of(mut values: Vec<f64>) -> Self {
        values.sort_by(f64::total_cmp);
        Self { median: values[values.len() / 2], least: values[0], most: values[values.len() - 1] }
    }
}

impl std::fmt::Display for Figure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { median, least, most } = self;
        write!(f, "{median:.0} ({least:.0}-{most:.0})")
    }
}
