//! Stopwatch, percentiles, medians of runs, resident memory.

use std::time::{Duration, Instant};

/// Now, for measuring.
#[expect(clippy::disallowed_methods, reason = "a benchmark owns a stopwatch")]
pub(crate) fn start() -> Instant {
    Instant::now()
}

/// The latencies of one run.
#[derive(Clone, Debug)]
pub(crate) struct Run {
    /// In microseconds, in order.
    us: Vec<f64>,
    whole: Duration,
}

impl Run {
    /// Times a piece of work for each item.
    pub(crate) fn over<T>(items: impl IntoIterator<Item = T>, mut work: impl FnMut(T)) -> Self {
        let began = start();
        let mut us: Vec<f64> = items
            .into_iter()
            .map(|item| {
                let began = start();
                work(item);
                began.elapsed().as_secs_f64() * 1e6
            })
            .collect();
        let whole = began.elapsed();
        us.sort_by(f64::total_cmp);
        Self { us, whole }
    }

    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an index within the list")]
    #[expect(clippy::cast_precision_loss, reason = "thousands of measurements")]
    fn percentile(&self, share: f64) -> f64 {
        self.us[((self.us.len() - 1) as f64 * share).round() as usize]
    }

    #[expect(clippy::cast_precision_loss, reason = "thousands of measurements")]
    fn per_second(&self) -> f64 {
        self.us.len() as f64 / self.whole.as_secs_f64()
    }
}

/// A figure over several runs: the median, the least and the most.
#[derive(Clone, Copy, Debug)]
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
        let digits = if self.median < 10.0 { 2 } else { usize::from(self.median < 100.0) };
        write!(f, "{:.digits$} ({:.digits$}-{:.digits$})", self.median, self.least, self.most)
    }
}

/// The usual percentiles over several runs, in microseconds, and how many per second.
pub(crate) struct Latencies {
    pub(crate) p50: Figure,
    pub(crate) p99: Figure,
    pub(crate) p999: Figure,
    pub(crate) per_second: Figure,
}

impl Latencies {
    pub(crate) fn of(runs: &[Run]) -> Self {
        let figure = |of: &dyn Fn(&Run) -> f64| Figure::of(runs.iter().map(of).collect());
        Self {
            p50: figure(&|run| run.percentile(0.5)),
            p99: figure(&|run| run.percentile(0.99)),
            p999: figure(&|run| run.percentile(0.999)),
            per_second: figure(&Run::per_second),
        }
    }
}

impl std::fmt::Display for Latencies {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { p50, p99, p999, per_second } = self;
        write!(f, "p50 {p50} us, p99 {p99} us, p99.9 {p999} us, {per_second} /s")
    }
}

/// The memory of this process that is in RAM.
pub(crate) fn resident_bytes() -> u64 {
    let pages = std::fs::read_to_string("/proc/self/statm").ok();
    let pages = pages.and_then(|text| text.split(' ').nth(1)?.parse::<u64>().ok());
    pages.unwrap_or(0) * 4_096
}
