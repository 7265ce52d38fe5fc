//! What the run was and what came of it: Markdown for people, JSON for machines.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use anyhow::Context;
use serde::Serialize;

use crate::cli::Options;
use crate::machine::{Cores, Machine, Memory};
use crate::measure::{Metric, Summary};
use crate::oracle::{Rule, Violation};
use crate::shared::Shared;

/// Violations of one rule that are listed one by one.
const LISTED: usize = 15;

/// Flags whose values are nobody's business, or only this machine's.
const HIDDEN_FLAGS: [&str; 5] = ["--bot-token", "--report", "--json", "--out", "--server-pid"];

/// How large it was.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Sizes {
    /// Couriers, each with a socket.
    pub(crate) couriers: usize,
    /// Senders, each with a socket.
    pub(crate) senders: usize,
    /// Trips that were accepted.
    pub(crate) trips: usize,
    /// Packages in the schedule, those of the warm-up included.
    pub(crate) packages: usize,
    /// Packages that some courier was offered.
    pub(crate) packages_offered: usize,
    /// Users whose streams were compared with the store.
    pub(crate) streams_replayed: usize,
    /// Whether people came to rest within the time given.
    pub(crate) is_drained: bool,
}

/// The report.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Report {
    date: String,
    command: String,
    seed: u64,
    store: String,
    beside: String,
    nodes: usize,
    packages_per_s: f64,
    duration_s: u64,
    warmup_s: u64,
    machine: Machine,
    sizes: Sizes,
    counts: BTreeMap<String, u64>,
    latencies: BTreeMap<&'static str, Summary>,
    cores: Cores,
    server_memory: Memory,
    /// Whether the figures of the server's processes are known.
    knows_server: bool,
    violations: Vec<Violation>,
}

impl Report {
    /// Puts everything together.
    pub(crate) fn new(
        options: &Options,
        shared: &Shared,
        machine: Machine,
        sizes: Sizes,
        cores: Cores,
        server_memory: Memory,
        violations: Vec<Violation>,
    ) -> Self {
        let latencies = Metric::ALL.iter().map(|metric| (metric.key(), shared.measures.summary(*metric)));
        Self {
            date: shared.clock.wall().to_string(),
            command: command(std::env::args().skip(1)),
            seed: shared.seed,
            store: options.store.clone(),
            beside: options.beside.clone(),
            nodes: options.urls.len(),
            packages_per_s: options.packages_per_s,
            duration_s: options.duration_s,
            warmup_s: options.warmup_s,
            machine,
            sizes,
            counts: shared.counts.all(),
            latencies: latencies.collect(),
            cores,
            server_memory,
            knows_server: !options.server_pids.is_empty(),
            violations,
        }
    }

    /// Writes the files that were asked for, and prints the Markdown.
    ///
    /// # Errors
    /// A file cannot be written.
    pub(crate) fn write(&self, options: &Options) -> anyhow::Result<()> {
        let within = |name| options.out.as_ref().map(|folder| folder.join(name));
        let markdown = self.markdown();
        for path in [options.report.clone(), within("loadtest.md")].into_iter().flatten() {
            write(&path, &markdown)?;
        }
        let json = serde_json::to_string_pretty(self)?;
        for path in [options.json.clone(), within("loadtest.json")].into_iter().flatten() {
            write(&path, &json)?;
        }
        println!("{markdown}");
        Ok(())
    }

    fn markdown(&self) -> String {
        let mut text = String::new();
        let sections = [
            self.verdict(),
            self.circumstances(),
            self.latency_table(),
            self.side_by_side(),
            self.counted(),
            self.judgement(),
        ];
        for section in sections {
            text.push_str(&section);
            text.push('\n');
        }
        text
    }

    fn verdict(&self) -> String {
        let verdict = match self.violations.len() {
            0 => "No invariant was broken.".to_owned(),
            n => format!("**{n} violations of invariants**, see below."),
        };
        format!("# Load test\n\n{verdict}\n")
    }

    fn circumstances(&self) -> String {
        let (machine, sizes, cores, memory) = (&self.machine, &self.sizes, &self.cores, &self.server_memory);
        let quiet = if sizes.is_drained {
            "came to rest"
        } else {
            "did not come to rest within 15 s and were stopped"
        };
        let mut text = String::from("| | |\n| --- | --- |\n");
        let mut row = |name: &str, value: String| {
            writeln!(text, "| {name} | {value} |").expect("writing to a string cannot fail");
        };
        row("date", self.date.clone());
        row("command", format!("`{}`", self.command));
        row("seed", self.seed.to_string());
        row(
            "machine",
            format!(
                "{}, {} cores, {:.0} GiB, Linux {}",
                machine.cpu, machine.cores, machine.memory_gib, machine.kernel
            ),
        );
        row("server", format!("{} node(s), store: {}", self.nodes, self.store));
        row("beside it", self.beside.clone());
        row(
            "people",
            format!(
                "{} couriers with {} trips, {} senders, a socket each",
                sizes.couriers, sizes.trips, sizes.senders
            ),
        );
        row(
            "load",
            format!(
                "{} packages, Poisson, {}/s for {} s after {} s of warm-up",
                sizes.packages, self.packages_per_s, self.duration_s, self.warmup_s
            ),
        );
        row("end", format!("{} packages were offered to somebody; people {quiet}", sizes.packages_offered));
        if self.knows_server {
            row(
                "cores in use while publishing",
                format!(
                    "server {:.2}, generator {:.2}, everything else {:.2}",
                    cores.server, cores.generator, cores.others
                ),
            );
            row(
                "server's memory",
                format!(
                    "{:.0} MiB before anybody connected, {:.0} MiB with all sockets and trips, {:.0} MiB at most",
                    memory.at_start_mib, memory.connected_mib, memory.peak_mib
                ),
            );
        } else {
            row(
                "cores in use while publishing",
                format!("generator {:.2}, everything else {:.2}", cores.generator, cores.others),
            );
        }
        text
    }

    fn latency_table(&self) -> String {
        let mut text = String::from(
            "## Latency\n\nMilliseconds. Latencies count from the moment at which the schedule wanted the step, not from \
             when the generator got round to it; *naive* ones count from there. Those since a decision use the server's \
             `at`, which has whole milliseconds. A package waits for its first offer while all couriers who could carry it are busy, too.\n\n| what | p50 | p90 | p99 | p99.9 | max | n |\n| --- | ---: | ---: | ---: | ---: | ---: | ---: |\n",
        );
        for metric in Metric::ALL {
            let Summary { p50_ms, p90_ms, p99_ms, p99_9_ms, max_ms, n } = self.of(metric);
            writeln!(
                text,
                "| {} | {p50_ms:.2} | {p90_ms:.2} | {p99_ms:.2} | {p99_9_ms:.2} | {max_ms:.2} | {n} |",
                metric.title()
            )
            .expect("writing to a string cannot fail");
        }
        text
    }

    fn side_by_side(&self) -> String {
        let pairs = [
            ("package published", Metric::Publish, Metric::PublishNaive),
            ("first offer", Metric::FirstOffer, Metric::FirstOfferNaive),
            ("acceptance", Metric::Accept, Metric::AcceptNaive),
        ];
        let mut text = String::from(
            "## Corrected and naive\n\nWhat a generator that waits would have hidden, milliseconds.\n\n\
             | what | p50 | naive | p99 | naive | p99.9 | naive |\n| --- | ---: | ---: | ---: | ---: | ---: | ---: |\n",
        );
        for (name, corrected, naive) in pairs {
            let (one, other) = (self.of(corrected), self.of(naive));
            writeln!(
                text,
                "| {name} | {:.2} | {:.2} | {:.2} | {:.2} | {:.2} | {:.2} |",
                one.p50_ms, other.p50_ms, one.p99_ms, other.p99_ms, one.p99_9_ms, other.p99_9_ms
            )
            .expect("writing to a string cannot fail");
        }
        text
    }

    fn counted(&self) -> String {
        let mut text = String::from("## Counts\n\n| what | how many |\n| --- | ---: |\n");
        for (name, count) in &self.counts {
            writeln!(text, "| {} | {count} |", name.replace('|', "/"))
                .expect("writing to a string cannot fail");
        }
        text
    }

    fn judgement(&self) -> String {
        let mut text = format!(
            "## Invariants\n\nFrom what the clients were told and what they did; {} streams were compared with the store \
             after the run.\n\n| promise | violations |\n| --- | ---: |\n",
            self.sizes.streams_replayed
        );
        for rule in Rule::ALL {
            let count = self.violations.iter().filter(|violation| violation.rule == rule).count();
            writeln!(text, "| {} | {count} |", rule.title()).expect("writing to a string cannot fail");
        }
        if !self.violations.is_empty() {
            text.push('\n');
        }
        for rule in Rule::ALL {
            let of_rule: Vec<_> = self.violations.iter().filter(|violation| violation.rule == rule).collect();
            for violation in of_rule.iter().take(LISTED) {
                writeln!(text, "- {violation}").expect("writing to a string cannot fail");
            }
            if of_rule.len() > LISTED {
                writeln!(text, "- and {} more of the same promise", of_rule.len() - LISTED)
                    .expect("writing to a string cannot fail");
            }
        }
        text
    }

    fn of(&self, metric: Metric) -> Summary {
        self.latencies.get(metric.key()).copied().unwrap_or_default()
    }
}

fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    }
    std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}

/// The command line that repeats the run.
fn command(arguments: impl Iterator<Item = String>) -> String {
    let mut shown = vec!["peerpack-loadtest".to_owned()];
    let mut is_hidden_value = false;
    for argument in arguments {
        if std::mem::take(&mut is_hidden_value) {
            continue;
        }
        let (name, value) =
            argument.split_once('=').map_or((argument.as_str(), None), |(name, value)| (name, Some(value)));
        if HIDDEN_FLAGS.contains(&name) {
            is_hidden_value = value.is_none();
        } else if argument.contains(' ') {
            shown.push(format!("'{argument}'"));
        } else {
            shown.push(argument);
        }
    }
    shown.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::Measures;

    fn report(violations: Vec<Violation>) -> Report {
        let measures = Measures::new();
        measures.record(Metric::Publish, 1_500);
        let summaries = Metric::ALL.iter().map(|metric| (metric.key(), measures.summary(*metric)));
        Report {
            date: "2026-09-21T14:13:20.123Z".to_owned(),
            command: "peerpack-loadtest --couriers 10".to_owned(),
            seed: 42,
            store: "embedded".to_owned(),
            beside: "nothing".to_owned(),
            nodes: 1,
            packages_per_s: 10.0,
            duration_s: 10,
            warmup_s: 1,
            machine: Machine {
                cpu: "a processor".to_owned(),
                cores: 2,
                memory_gib: 24.0,
                kernel: "6.1".to_owned(),
            },
            sizes: Sizes {
                couriers: 10,
                senders: 2,
                trips: 10,
                packages: 110,
                packages_offered: 100,
                streams_replayed: 12,
                is_drained: true,
            },
            counts: BTreeMap::from([("packages published".to_owned(), 110)]),
            latencies: summaries.collect(),
            cores: Cores::default(),
            server_memory: Memory::default(),
            knows_server: true,
            violations,
        }
    }

    #[test]
    fn the_markdown_says_what_anyone_needs_to_repeat_and_judge_the_run() {
        let text = report(Vec::new()).markdown();
        for part in [
            "| seed | 42 |",
            "--couriers 10",
            "a processor, 2 cores",
            "| 1.50 |",
            "No invariant was broken",
            "packages published | 110",
        ] {
            assert!(text.contains(part), "{part} in {text}");
        }
    }

    #[test]
    fn violations_are_listed_up_to_a_limit() {
        let violation = Violation { rule: Rule::OneWinner, what: "package 1 has two".to_owned() };
        let report = report(vec![violation; LISTED + 3]);
        let text = report.markdown();
        assert!(
            text.contains("18 violations")
                && text.contains("package 1 has two")
                && text.contains("and 3 more")
        );
        assert_eq!(report.violations.len(), LISTED + 3);
        let json: serde_json::Value = serde_json::to_value(&report).unwrap();
        assert_eq!(json["violations"][0]["rule"], "one_winner");
        assert_eq!(json["latencies"]["package_published"]["n"], 1);
    }

    #[test]
    fn secrets_and_paths_are_not_shown() {
        let arguments =
            ["--bot-token", "1:secret", "--seed=3", "--out=/home/me", "--json", "/x", "--store", "my store"];
        let shown = command(arguments.into_iter().map(str::to_owned));
        assert_eq!(shown, "peerpack-loadtest --seed=3 --store 'my store'");
    }
}
