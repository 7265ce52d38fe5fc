//! `peerpack-loadtest compare`: what has become slower or worse between two runs, and what only looks so.
//!
//! Latencies on a machine vary from run to run. A change counts when it is a larger share than the noise, and
//! more milliseconds than the noise, of a latency that was measured often enough in both runs.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, ensure};
use serde::Deserialize;

use crate::cli::CompareOptions;
use crate::measure::Summary;

/// A percentile needs so many values beyond it to mean anything.
const BEYOND: f64 = 5.0;

/// Latencies that say something of the generator, not of the server.
const OWN: [&str; 2] = ["generator_lateness", "generator_pulse"];

/// A run, as far as it is compared.
#[derive(Clone, Debug, Deserialize)]
struct Figures {
    date: String,
    store: String,
    scenario: Played,
    void: Option<String>,
    violations: Vec<serde_json::Value>,
    receptions: Told,
    latencies: BTreeMap<String, Summary>,
    cores: Cores,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
struct Played {
    name: String,
    people: serde_json::Value,
    load: serde_json::Value,
    #[serde(default)]
    talk: serde_json::Value,
    manners: serde_json::Value,
    network: serde_json::Value,
}

#[derive(Clone, Copy, Debug, Deserialize)]
struct Told {
    expected: u64,
    received: u64,
}

#[derive(Clone, Copy, Debug, Deserialize)]
struct Cores {
    server: f64,
}

/// How a figure has changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Change {
    Same,
    Better,
    Worse,
}

/// A figure of both runs.
#[derive(Clone, Debug)]
struct Row {
    name: String,
    before: f64,
    after: f64,
    change: Change,
}

/// Compares, and prints what came of it. Whether nothing has become worse.
///
/// # Errors
/// A file cannot be read, or one of the runs says nothing.
pub fn run(options: &CompareOptions) -> anyhow::Result<bool> {
    let (before, after) = (read(&options.before)?, read(&options.after)?);
    for (figures, path) in [(&before, &options.before), (&after, &options.after)] {
        let why = figures.void.as_deref().unwrap_or_default();
        ensure!(figures.void.is_none(), "{} is void: {why}", path.display());
    }
    for name in &options.only {
        ensure!(before.latencies.contains_key(name), "{name} is no latency of {}", options.before.display());
    }
    println!("before: {}, {}, {}", before.scenario.name, before.store, before.date);
    println!("after:  {}, {}, {}", after.scenario.name, after.store, after.date);
    if before.scenario != after.scenario {
        println!("The two were not played alike: what differs may come from that.");
    }
    println!("\n| what | before | after | times | |\n| --- | ---: | ---: | ---: | --- |");
    let rows = rows(&before, &after, (options.noise, options.noise_ms), &options.only);
    for Row { name, before, after, change } in &rows {
        let word = match change {
            Change::Same => "",
            Change::Better => "better",
            Change::Worse => "**worse**",
        };
        let times = if *before > 0.0 { format!("{:.2}", after / before) } else { String::new() };
        println!("| {name} | {before:.2} | {after:.2} | {times} | {word} |");
    }
    let worse = rows.iter().filter(|row| row.change == Change::Worse).count();
    println!(
        "\n{}",
        if worse == 0 { "Nothing is worse.".to_owned() } else { format!("{worse} figures are worse.") }
    );
    Ok(worse == 0)
}

fn read(path: &Path) -> anyhow::Result<Figures> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    serde_json::from_str(&text).with_context(|| format!("{} is no report of this program", path.display()))
}

/// All figures, or of the latencies those alone that are named.
fn rows(before: &Figures, after: &Figures, (noise, noise_ms): (f64, f64), only: &[String]) -> Vec<Row> {
    let count = |name: &str, before: f64, after: f64| {
        let change = match after.total_cmp(&before) {
            std::cmp::Ordering::Greater => Change::Worse,
            std::cmp::Ordering::Less => Change::Better,
            std::cmp::Ordering::Equal => Change::Same,
        };
        Row { name: name.to_owned(), before, after, change }
    };
    let lost = |figures: &Figures| {
        (figures.receptions.expected - figures.receptions.received.min(figures.receptions.expected)) as f64
    };
    let mut rows = vec![
        count("violations of promises", before.violations.len() as f64, after.violations.len() as f64),
        count("events that were not received", lost(before), lost(after)),
    ];
    let is_meant = |name: &String| !OWN.contains(&name.as_str()) && (only.is_empty() || only.contains(name));
    for (name, one) in before.latencies.iter().filter(|(name, _)| is_meant(name)) {
        let Some(other) = after.latencies.get(name) else { continue };
        for (percentile, before, after, share) in
            [("p50", one.p50_ms, other.p50_ms, 0.5), ("p99", one.p99_ms, other.p99_ms, 0.01)]
        {
            if (one.n.min(other.n) as f64) * share >= BEYOND {
                let change = change(before, after, noise, noise_ms);
                rows.push(Row { name: format!("{name}, {percentile}, ms"), before, after, change });
            }
        }
    }
    if only.is_empty() && before.cores.server > 0.0 && after.cores.server > 0.0 {
        let (before, after) = (before.cores.server, after.cores.server);
        rows.push(Row {
            name: "server's cores".to_owned(),
            before,
            after,
            change: change(before, after, noise, 0.05),
        });
    }
    rows
}

fn change(before: f64, after: f64, noise: f64, least: f64) -> Change {
    if (after - before).abs() <= least || after <= before * (1.0 + noise) && before <= after * (1.0 + noise) {
        Change::Same
    } else if after > before {
        Change::Worse
    } else {
        Change::Better
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn figures(p99_ms: f64, n: u64, received: u64) -> Figures {
        let push =
            json!({"p50_ms": 1.0, "p90_ms": 1.0, "p99_ms": p99_ms, "p99_9_ms": 1.0, "max_ms": 1.0, "n": n});
        let scenario = json!({"name": "main-job", "people": {}, "load": {}, "manners": {}, "network": {}});
        serde_json::from_value(json!({
            "date": "", "store": "", "scenario": scenario, "void": null, "violations": [], "cores": {"server": 0.5},
            "receptions": {"expected": 10, "received": received}, "latencies": {"push": push, "generator_pulse": push},
        }))
        .unwrap()
    }

    fn worse(before: &Figures, after: &Figures) -> Vec<String> {
        let rows = rows(before, after, (0.2, 2.0), &[]).into_iter();
        rows.filter(|row| row.change == Change::Worse).map(|row| row.name).collect()
    }

    #[test]
    fn what_is_within_the_noise_is_the_same() {
        assert_eq!(worse(&figures(100.0, 1_000, 10), &figures(119.0, 1_000, 10)), [""; 0]);
        assert_eq!(worse(&figures(1.0, 1_000, 10), &figures(2.9, 1_000, 10)), [""; 0], "few milliseconds");
        assert_eq!(change(100.0, 50.0, 0.2, 2.0), Change::Better);
    }

    #[test]
    fn what_is_beyond_it_is_worse() {
        assert_eq!(worse(&figures(100.0, 1_000, 10), &figures(130.0, 1_000, 10)), ["push, p99, ms"]);
        assert_eq!(
            worse(&figures(1.0, 1_000, 10), &figures(1.0, 1_000, 9)),
            ["events that were not received"]
        );
    }

    #[test]
    fn what_was_not_asked_for_is_not_compared_but_promises_are() {
        let (before, after) = (figures(100.0, 1_000, 10), figures(900.0, 1_000, 9));
        let of = |only: &[&str]| {
            let only: Vec<String> = only.iter().map(|name| (*name).to_owned()).collect();
            rows(&before, &after, (0.2, 2.0), &only).into_iter().map(|row| row.name).collect::<Vec<_>>()
        };
        let promises = ["violations of promises", "events that were not received"];
        assert_eq!(of(&["accept"]), promises);
        assert_eq!(of(&["push"]), [&promises[..], &["push, p50, ms", "push, p99, ms"]].concat());
    }

    #[test]
    fn a_percentile_of_few_values_is_not_compared() {
        assert_eq!(worse(&figures(100.0, 499, 10), &figures(900.0, 499, 10)), [""; 0]);
    }
}
