//! What is seen while a run lasts: a page that renews itself in a terminal, a line every two seconds
//! elsewhere.

use std::fmt::Write as _;
use std::io::{IsTerminal, Write as _};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::measure::Metric;
use crate::scenario::Scenario;
use crate::series::Plots;
use crate::shared::Shared;

/// The steps that a row of bars shows.
const BARS: usize = 60;

/// The heights of bars.
const HEIGHTS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// The most kinds of failure that are shown.
const FAILURES: usize = 6;

/// Shows how the run goes, until it is told to stop.
pub(crate) async fn show(shared: Arc<Shared>, scenario: Scenario, start_us: u64) {
    let is_terminal = std::io::stderr().is_terminal();
    let period = Duration::from_secs(if is_terminal { 1 } else { 2 });
    let mut ticks = tokio::time::interval(period);
    let mut lines = 0;
    loop {
        ticks.tick().await;
        let seconds = shared.clock.now_us().saturating_sub(start_us) / 1_000_000;
        if !is_terminal {
            eprintln!("{}", line(&shared, seconds));
            continue;
        }
        let page = page(&shared, &scenario, seconds);
        // Up to where the last page began, and everything below is wiped.
        let back = if lines > 0 { format!("\x1b[{lines}A\x1b[J") } else { String::new() };
        lines = page.lines().count();
        let _ = std::io::stderr().write_all(format!("{back}{page}").as_bytes());
    }
}

/// The last page stays.
pub(crate) fn end() {
    eprintln!();
}

fn line(shared: &Shared, seconds: u64) -> String {
    let count = |name| shared.counts.get(name);
    let p99 = |metric| shared.measures.summary(metric).p99_ms;
    format!(
        "{seconds:>4} s: {} published, {} offers, {} deals, {} too late, {} unanswered, {} away | p99 ms: published {:.1}, \
         first offer {:.1}, push {:.1}, accepted {:.1}, generator late {:.1}",
        count("packages published"),
        count("offers received"),
        count("Accept: ok"),
        count("offers revoked"),
        shared.outstanding.load(Ordering::Relaxed),
        shared.away.load(Ordering::Relaxed),
        p99(Metric::Publish),
        p99(Metric::FirstOffer),
        p99(Metric::Push),
        p99(Metric::Accept),
        p99(Metric::Lateness),
    )
}

fn page(shared: &Shared, scenario: &Scenario, seconds: u64) -> String {
    let plots = shared.series.plots();
    let load = &scenario.load;
    let mut text = String::new();
    let mut row = |line: String| {
        text.push_str(&line);
        text.push('\n');
    };
    let all_s = load.warmup_s + load.duration_s;
    row(format!("{}   {seconds} of {all_s} s, {} s to warm up", scenario.name, load.warmup_s));
    row(format!(
        "unanswered {:>6}   away {:>6}",
        shared.outstanding.load(Ordering::Relaxed),
        shared.away.load(Ordering::Relaxed)
    ));
    row(format!("{:<28} {:>9} {:>9} {:>9} {:>9}", "milliseconds", "p50", "p99", "max", "n"));
    let shown = [
        ("package published", Metric::Publish),
        ("first offer on a socket", Metric::FirstOffer),
        ("each event on its socket", Metric::Push),
        ("acceptance", Metric::Accept),
        ("back after a break", Metric::Back),
        ("generator late", Metric::Lateness),
        ("generator's timers late", Metric::Pulse),
    ];
    for (name, metric) in shown {
        let summary = shared.measures.summary(metric);
        row(format!(
            "{name:<28} {:>9.2} {:>9.2} {:>9.1} {:>9}",
            summary.p50_ms, summary.p99_ms, summary.max_ms, summary.n
        ));
    }
    for (name, values) in &plots.rates {
        let last = values.iter().rev().nth(1).copied().unwrap_or(0.0);
        row(format!("{name:<22} {last:>8.0}/s  {}", bars(values)));
    }
    for (name, count) in failures(&plots) {
        row(format!("  {count:>8}  {name}"));
    }
    text
}

/// The kinds of failure that there are most of.
fn failures(plots: &Plots) -> Vec<(&str, u64)> {
    let mut all: Vec<(&str, u64)> =
        plots.failures.iter().map(|(name, counts)| (name.as_str(), counts.iter().sum())).collect();
    all.sort_by_key(|(name, count)| (std::cmp::Reverse(*count), *name));
    all.truncate(FAILURES);
    all
}

/// The last values as bars.
fn bars(values: &[f64]) -> String {
    let last = &values[values.len().saturating_sub(BARS)..];
    let most = last.iter().copied().fold(0.0, f64::max);
    let mut text = String::with_capacity(last.len() * 3);
    for value in last {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of 7, or 0")]
        let height = if most > 0.0 { (value / most * 7.0).round() as usize } else { 0 };
        let _ = text.write_char(HEIGHTS[height.min(7)]);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_as_high_as_their_share_of_the_highest() {
        assert_eq!(bars(&[0.0, 5.0, 10.0]), "▁▅█");
        assert_eq!(bars(&[0.0; 100]).chars().count(), BARS);
        assert_eq!(bars(&[]), "");
    }
}
