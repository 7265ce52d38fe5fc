//! What happened when: latencies, rates and failures in steps of a second or more, for the plots.

use std::collections::BTreeMap;

use hdrhistogram::Histogram;
use parking_lot::Mutex;
use serde::Serialize;

use crate::measure::Metric;

/// The most steps that a run is shown in: a plot has no more pixels to spare, and a report has bounds.
const STEPS: u64 = 180;

/// The latencies that are shown over time.
pub(crate) const SHOWN: [Metric; 7] = [
    Metric::Publish,
    Metric::FirstOffer,
    Metric::Push,
    Metric::Accept,
    Metric::LoserSinceDecided,
    Metric::MessageTold,
    Metric::Back,
];

/// The most kinds of failure that are told apart over time.
const KINDS: usize = 40;

/// What is counted over time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Rate {
    /// Publications that were due.
    Due,
    /// Publications that succeeded.
    Published,
    /// Events on sockets.
    Told,
    /// Offers on sockets.
    Offered,
    /// Acceptances that won.
    Accepted,
    /// Messages in chats that were told to the other one.
    Said,
    /// Connections that came back.
    Back,
}

impl Rate {
    /// All of them, in the order of the plot.
    pub(crate) const ALL: [Self; 7] =
        [Self::Due, Self::Published, Self::Offered, Self::Accepted, Self::Told, Self::Said, Self::Back];

    /// What it is called in the report.
    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::Due => "publications due",
            Self::Published => "packages published",
            Self::Told => "events on sockets",
            Self::Offered => "offers on sockets",
            Self::Accepted => "acceptances that won",
            Self::Said => "messages told",
            Self::Back => "connections back",
        }
    }
}

/// What happens in a run, as it happens.
#[derive(Default)]
pub(crate) struct Series(Mutex<Recording>);

#[derive(Default)]
struct Recording {
    start_us: u64,
    /// 0 before the clock starts.
    step_us: u64,
    steps: Vec<Step>,
}

#[derive(Default)]
struct Step {
    latencies: [Option<Histogram<u32>>; SHOWN.len()],
    rates: [u64; Rate::ALL.len()],
    failures: BTreeMap<String, u64>,
}

/// What has happened, to be plotted.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(crate) struct Plots {
    /// Seconds of a step.
    pub(crate) step_s: f64,
    /// By the name of the latency: for each step the median, the 99th percentile and the longest,
    /// milliseconds; nothing where there was none.
    pub(crate) latencies: BTreeMap<&'static str, Vec<Option<[f64; 3]>>>,
    /// By what is counted: for each step, how many in a second.
    pub(crate) rates: BTreeMap<&'static str, Vec<f64>>,
    /// By what failed: for each step, how many.
    pub(crate) failures: BTreeMap<String, Vec<u64>>,
}

impl Series {
    /// The clock starts: what happens from then on is kept in steps.
    pub(crate) fn start(&self, start_us: u64, length_s: u64) {
        let step_us = length_s.div_ceil(STEPS).max(1) * 1_000_000;
        *self.0.lock() = Recording { start_us, step_us, steps: Vec::new() };
    }

    /// A latency ends.
    pub(crate) fn latency(&self, metric: Metric, at_us: u64, latency_us: u64) {
        let Some(place) = SHOWN.iter().position(|shown| *shown == metric) else { return };
        self.0.lock().at(at_us, |step| {
            let empty = || Histogram::new(2).expect("two digits are possible");
            let histogram = step.latencies[place].get_or_insert_with(empty);
            // Saturating it would not grow. What is longer than all it can hold is no latency.
            let _ = histogram.record(latency_us.max(1));
        });
    }

    /// Something that is counted happens.
    pub(crate) fn count(&self, rate: Rate, at_us: u64) {
        let place = Rate::ALL.iter().position(|known| *known == rate).unwrap_or(0);
        self.0.lock().at(at_us, |step| step.rates[place] += 1);
    }

    /// Something is refused or fails.
    pub(crate) fn failure(&self, name: &str, at_us: u64) {
        self.0.lock().at(at_us, |step| {
            if let Some(count) = step.failures.get_mut(name) {
                *count += 1;
            } else {
                let name = if step.failures.len() < KINDS { name } else { "others" };
                *step.failures.entry(name.to_owned()).or_default() += 1;
            }
        });
    }

    /// What has happened so far.
    pub(crate) fn plots(&self) -> Plots {
        let recording = self.0.lock();
        let step_s = recording.step_us as f64 / 1e6;
        let steps = &recording.steps;
        let three = |histogram: &Histogram<u32>| {
            let at = |quantile| histogram.value_at_quantile(quantile) as f64 / 1e3;
            [at(0.5), at(0.99), histogram.max() as f64 / 1e3]
        };
        let latencies = SHOWN.iter().enumerate().map(|(place, metric)| {
            (metric.key(), steps.iter().map(|step| step.latencies[place].as_ref().map(three)).collect())
        });
        let rates = Rate::ALL.iter().enumerate().map(|(place, rate)| {
            (rate.title(), steps.iter().map(|step| step.rates[place] as f64 / step_s).collect())
        });
        let mut failures = BTreeMap::<String, Vec<u64>>::new();
        for (number, step) in steps.iter().enumerate() {
            for (name, count) in &step.failures {
                failures.entry(name.clone()).or_insert_with(|| vec![0; steps.len()])[number] = *count;
            }
        }
        Plots { step_s, latencies: latencies.collect(), rates: rates.collect(), failures }
    }
}

impl Recording {
    fn at(&mut self, at_us: u64, note: impl FnOnce(&mut Step)) {
        if self.step_us == 0 || at_us < self.start_us {
            return;
        }
        let number = usize::try_from((at_us - self.start_us) / self.step_us).unwrap_or(usize::MAX);
        // The end is not sharp: what is still under way is heard for some minutes at most.
        if number >= STEPS as usize * 2 {
            return;
        }
        if self.steps.len() <= number {
            self.steps.resize_with(number + 1, Step::default);
        }
        note(&mut self.steps[number]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_happens_is_kept_in_the_step_in_which_it_happens() {
        let series = Series::default();
        series.count(Rate::Told, 5);
        series.start(1_000_000, 60);
        series.count(Rate::Told, 999_999);
        for (at_us, latency_us) in [(1_500_000, 3_000), (1_600_000, 5_000), (3_000_000, 7_000)] {
            series.count(Rate::Told, at_us);
            series.latency(Metric::Push, at_us, latency_us);
        }
        series.failure("Accept: already_taken", 3_100_000);
        let plots = series.plots();
        assert_eq!((plots.step_s, &plots.rates["events on sockets"]), (1.0, &vec![2.0, 0.0, 1.0]));
        assert_eq!(plots.failures["Accept: already_taken"], [0, 0, 1]);
        let pushes = &plots.latencies["push"];
        assert_eq!(pushes[1], None);
        assert!(pushes[0].is_some_and(|[p50, _, max]| (2.9..3.1).contains(&p50) && max >= 5.0), "{pushes:?}");
    }

    #[test]
    fn a_long_run_has_longer_steps_and_no_more_of_them() {
        let series = Series::default();
        series.start(0, 3_600);
        series.count(Rate::Due, 3_599_999_999);
        let plots = series.plots();
        assert_eq!((plots.step_s, plots.rates["publications due"].len()), (20.0, 180));
        series.count(Rate::Due, 1_000_000_000_000);
        assert_eq!(series.plots().rates["publications due"].len(), 180);
    }
}
