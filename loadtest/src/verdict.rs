//! Whether a run was a success: thresholds of the scenario, rules of the oracle, and whether the figures mean
//! anything at all.

use crate::measure::{Metric, Summary};
use crate::report::Report;
use crate::scenario::Bounds;

/// How a run was.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Judgement {
    /// Every rule and every threshold held.
    Good,
    /// A rule or a threshold did not hold.
    Bad,
    /// The generator was late: the figures say nothing of the server.
    Void,
}

impl Judgement {
    /// The exit code.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Good => 0,
            Self::Bad => 1,
            Self::Void => 3,
        }
    }
}

/// Why the figures say nothing of the server, if they do not.
pub(crate) fn void(report: &Report) -> Option<String> {
    let most = report.scenario.thresholds.late_ms;
    let late =
        [Metric::Lateness, Metric::Pulse].into_iter().find(|metric| report.of(*metric).p99_ms > most)?;
    Some(format!(
        "the generator was late: {} has a 99th percentile of {:.1} ms, and more than {most} ms say nothing of the server",
        late.title(),
        report.of(late).p99_ms
    ))
}

/// The thresholds that did not hold.
pub(crate) fn missed(report: &Report) -> Vec<String> {
    let (thresholds, sizes) = (&report.scenario.thresholds, &report.sizes);
    let mut missed = Vec::new();
    let mut least = |what: &str, is: f64, least: f64| {
        if is < least {
            missed.push(format!("{what}: {is:.4}, at least {least} are wanted"));
        }
    };
    let published = report.counts.get("packages published").copied().unwrap_or(0) as f64;
    let failed = report.counts.get("publications without success").copied().unwrap_or(0) as f64;
    least("events received of those expected", report.receptions.share(), thresholds.received);
    least(
        "packages offered to somebody",
        sizes.packages_offered as f64 / published.max(1.0),
        thresholds.offered,
    );
    least("acceptances of each package", report.contest, thresholds.contest);
    let reconnects = report.counts.get("reconnects").copied().unwrap_or(0) as f64;
    least("connections that came back", reconnects, thresholds.reconnects);
    let (pairs, read) = (report.scenario.talk.pairs, sizes.chats_read);
    least("chats compared with the store", read as f64, pairs as f64);
    let mut most = |what: &str, is: f64, most: f64| {
        if is > most {
            missed.push(format!("{what}: {is:.4}, at most {most} are allowed"));
        }
    };
    most("publications without success", failed / (failed + published).max(1.0), thresholds.failed);
    if let Some(back_s) = thresholds.back_s {
        most("the last one back, seconds", report.of(Metric::Back).max_ms / 1e3, back_s);
        most("people who never came back", report.away as f64, 0.0);
    }
    if let (Some(bound), Some(idle_kib)) = (thresholds.idle_kib, report.idle_kib) {
        most("memory of an idle person, KiB", idle_kib, bound);
    }
    let idle = &report.idle;
    most("idle sockets lost", idle.connected.saturating_sub(idle.open) as f64, 0.0);
    most("events on idle sockets", idle.events as f64, 0.0);
    // Where nothing is said, nothing is late.
    let is_silent = !report.scenario.talk.is_said();
    let of_talk = |name: &str| Metric::ALL.iter().any(|metric| metric.is_of_talk() && metric.key() == name);
    let counts = |name: &str| !(is_silent && of_talk(name));
    for (name, bounds) in thresholds.latency.iter().filter(|(name, _)| counts(name)) {
        let summary = report.latencies.get(name.as_str()).copied().unwrap_or_default();
        for (percentile, is, bound) in each(*bounds, summary) {
            if let Some(bound) = bound {
                most(&format!("{name}, {percentile}, ms"), is, bound);
            }
        }
    }
    let unmeasured = thresholds
        .latency
        .keys()
        .filter(|name| counts(name))
        .filter(|name| report.latencies.get(name.as_str()).is_none_or(|one| one.n == 0));
    missed.extend(unmeasured.map(|name| format!("{name}: nothing was measured")));
    missed
}

const fn each(bounds: Bounds, summary: Summary) -> [(&'static str, f64, Option<f64>); 4] {
    [
        ("p50", summary.p50_ms, bounds.p50_ms),
        ("p90", summary.p90_ms, bounds.p90_ms),
        ("p99", summary.p99_ms, bounds.p99_ms),
        ("max", summary.max_ms, bounds.max_ms),
    ]
}
