//! What a node has served at `/metrics`, in the text format of Prometheus, and what lies between two of them.

use std::time::Duration;

/// Every series at one moment.
#[derive(Debug, Default)]
pub(super) struct Sample(Vec<Series>);

#[derive(Debug)]
struct Series {
    name: String,
    /// As they are written, between the braces.
    labels: String,
    value: f64,
}

impl Sample {
    /// Reads the text. Lines that are no series are left out.
    pub(super) fn parse(text: &str) -> Self {
        let series = |line: &str| {
            let (series, value) = line.trim().rsplit_once(' ')?;
            let (name, labels) = series.split_once('{').unwrap_or((series, "}"));
            let labels = labels.strip_suffix('}')?.to_owned();
            Some(Series { name: name.to_owned(), labels, value: value.parse().ok()? })
        };
        Self(text.lines().filter(|line| !line.starts_with('#')).filter_map(series).collect())
    }

    /// Whether there is a series whose name begins like this.
    pub(super) fn has(&self, prefix: &str) -> bool {
        self.0.iter().any(|series| series.name.starts_with(prefix))
    }

    /// The sum of a metric over all its labels; 0 if it is not there yet.
    pub(super) fn sum(&self, name: &str) -> f64 {
        self.of(name, "")
    }

    /// The sum over those series that have this label, as in `kind="trip"`.
    pub(super) fn of(&self, name: &str, label: &str) -> f64 {
        let wanted = self.0.iter().filter(|series| series.name == name && series.labels.contains(label));
        // A sum of nothing would be minus zero.
        wanted.map(|series| series.value).fold(0.0, |sum, value| sum + value)
    }

    /// The buckets of a histogram over all labels: up to how much, and how many in all so far.
    fn buckets(&self, name: &str) -> Vec<(f64, f64)> {
        let name = format!("{name}_bucket");
        let mut buckets: Vec<(f64, f64)> = Vec::new();
        for series in self.0.iter().filter(|series| series.name == name) {
            let bound = series.labels.split("le=\"").nth(1).and_then(|rest| rest.split('"').next());
            let bound = bound.and_then(|bound| bound.replace("+Inf", "inf").parse::<f64>().ok());
            let Some(bound) = bound else { continue };
            match buckets.iter_mut().find(|(known, _)| known.total_cmp(&bound).is_eq()) {
                Some((_, count)) => *count += series.value,
                None => buckets.push((bound, series.value)),
            }
        }
        buckets.sort_by(|(left, _), (right, _)| left.total_cmp(right));
        buckets
    }
}

/// Two samples of one node, so far apart.
pub(super) struct Span<'a> {
    pub(super) earlier: &'a Sample,
    pub(super) later: &'a Sample,
    pub(super) length: Duration,
}

impl Span<'_> {
    /// What a gauge says now.
    pub(super) fn now(&self, name: &str) -> f64 {
        self.later.sum(name)
    }

    /// How much a counter has grown in a second. A node that has started anew counts from 0.
    pub(super) fn rate(&self, name: &str) -> f64 {
        let (before, after) = (self.earlier.sum(name), self.later.sum(name));
        (if after < before { after } else { after - before }) / self.length.as_secs_f64()
    }

    /// The bound of the bucket that so large a share of what came in between stays within; nothing if nothing
    /// came.
    pub(super) fn quantile(&self, name: &str, share: f64) -> Option<f64> {
        let (before, after) = (self.earlier.buckets(name), self.later.buckets(name));
        let known = |bound: f64| {
            before.iter().find(|(one, _)| one.total_cmp(&bound).is_eq()).map_or(0.0, |(_, count)| *count)
        };
        let grown: Vec<(f64, f64)> =
            after.iter().map(|(bound, count)| (*bound, (count - known(*bound)).max(0.0))).collect();
        let all = grown.last().map(|(_, count)| *count).filter(|all| *all > 0.0)?;
        grown.iter().find(|(_, count)| *count >= share * all).map(|(bound, _)| *bound)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn series_are_read_with_their_labels_and_what_is_none_is_left_out() {
        let text = "# HELP a b\na 1\na{kind=\"trip\",x=\"a b\"} 2.5\nnonsense\nb{le=\"+Inf\"} NaN\n";
        let sample = Sample::parse(text);
        assert!((sample.sum("a") - 3.5).abs() < 1e-9);
        assert!((sample.of("a", "kind=\"trip\"") - 2.5).abs() < 1e-9);
        assert!((sample.sum("nowhere")).abs() < 1e-9);
        assert!(sample.has("a") && !sample.has("nonsense"));
    }

    #[test]
    fn a_counter_that_begins_anew_does_not_go_back() {
        let (earlier, later) = (Sample::parse("n 100"), Sample::parse("n 30"));
        let span = Span { earlier: &earlier, later: &later, length: Duration::from_secs(10) };
        assert!((span.rate("n") - 3.0).abs() < 1e-9);
    }

    #[test]
    fn a_quantile_counts_what_came_in_between_alone() {
        let sample = |a: u32, b: u32, c: u32| {
            Sample::parse(&format!(
                "t_bucket{{route=\"x\",le=\"0.1\"}} {a}\nt_bucket{{route=\"x\",le=\"1\"}} {b}\n\
                 t_bucket{{route=\"y\",le=\"1\"}} 0\nt_bucket{{route=\"x\",le=\"+Inf\"}} {c}\n"
            ))
        };
        let (earlier, later) = (sample(1_000, 1_000, 1_000), sample(1_090, 1_099, 1_100));
        let span = Span { earlier: &earlier, later: &later, length: Duration::from_secs(1) };
        assert_eq!(span.quantile("t", 0.5), Some(0.1));
        assert_eq!(span.quantile("t", 0.95), Some(1.0));
        assert_eq!(span.quantile("t", 1.0), Some(f64::INFINITY));
        assert_eq!(span.quantile("nothing", 0.5), None);
    }
}
