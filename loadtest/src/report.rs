//! What the run was and what came of it: Markdown and a page with plots for people, JSON for machines.

mod html;
mod markdown;
mod svg;

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context;
use serde::Serialize;

use crate::cli::RunOptions;
use crate::crowd::Held;
use crate::disturbance::{self, Mark};
use crate::machine::{Cores, Machine, Memory};
use crate::measure::{Metric, Summary};
use crate::oracle::{Receptions, Violation};
use crate::sampler::Sample;
use crate::scenario::Scenario;
use crate::series::Plots;
use crate::shared::Shared;
use crate::stages::Stage;
use crate::verdict::{self, Judgement};

/// Flags whose values are nobody's business, or only this machine's.
const HIDDEN_FLAGS: [&str; 8] = [
    "--bot-token",
    "--report",
    "--html",
    "--json",
    "--out",
    "--server-pid",
    "--server-pid-file",
    "--crash-command",
];

/// How large it was.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(crate) struct Sizes {
    /// Couriers, each with a socket.
    pub(crate) couriers: usize,
    /// Senders, each with a socket.
    pub(crate) senders: usize,
    /// Trips that were accepted.
    pub(crate) trips: usize,
    /// Packages in the schedule, those of the warm-up included.
    pub(crate) packages: usize,
    /// People who do nothing but talk, each with a socket.
    pub(crate) talkers: usize,
    /// Messages in the plan, those of the warm-up included.
    pub(crate) messages: usize,
    /// Chats that were compared with the store.
    pub(crate) chats_read: usize,
    /// Packages that some courier was offered.
    pub(crate) packages_offered: usize,
    /// Users whose streams were compared with the store.
    pub(crate) streams_replayed: usize,
    /// Whether people came to rest within the time given.
    pub(crate) is_drained: bool,
    /// Processes of the load generator.
    pub(crate) processes: usize,
}

/// What is known at the end, beside what all tasks have shared.
pub(crate) struct Facts {
    pub(crate) sizes: Sizes,
    pub(crate) cores: Cores,
    pub(crate) memory: Memory,
    pub(crate) samples: Vec<Sample>,
    pub(crate) held: Held,
    pub(crate) idle_kib: Option<f64>,
    pub(crate) stages: Vec<Stage>,
    pub(crate) contest: f64,
    pub(crate) receptions: Receptions,
    pub(crate) violations: Vec<Violation>,
}

/// The report of one run, as it is written to a file.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Report {
    pub(crate) date: String,
    pub(crate) command: String,
    pub(crate) seed: u64,
    pub(crate) store: String,
    pub(crate) beside: String,
    pub(crate) nodes: usize,
    pub(crate) scenario: Scenario,
    pub(crate) machine: Machine,
    pub(crate) sizes: Sizes,
    /// Why the figures say nothing of the server, if they do not.
    pub(crate) void: Option<String>,
    /// Thresholds that did not hold.
    pub(crate) missed: Vec<String>,
    pub(crate) violations: Vec<Violation>,
    pub(crate) receptions: Receptions,
    pub(crate) latencies: BTreeMap<&'static str, Summary>,
    pub(crate) counts: BTreeMap<String, u64>,
    /// Acceptances of each package that anybody accepted, on average.
    pub(crate) contest: f64,
    /// People who lost their connection and did not come back.
    pub(crate) away: i64,
    /// Sockets on which nothing was to happen.
    pub(crate) idle: Held,
    /// Memory that the server took for each of them, KiB.
    pub(crate) idle_kib: Option<f64>,
    pub(crate) cores: Cores,
    pub(crate) server_memory: Memory,
    /// Whether the figures of the server's processes are known.
    pub(crate) knows_server: bool,
    pub(crate) stages: Vec<Stage>,
    /// What was done to everybody.
    pub(crate) marks: Vec<Mark>,
    pub(crate) plots: Plots,
    pub(crate) samples: Vec<Sample>,
}

impl Report {
    /// Puts everything together, and judges.
    pub(crate) fn new(scenario: &Scenario, options: &RunOptions, shared: &Shared, facts: Facts) -> Self {
        let latencies = Metric::ALL.iter().map(|metric| (metric.key(), shared.measures.summary(*metric)));
        let mut report = Self {
            date: shared.clock.wall().to_string(),
            command: command(std::env::args().skip(1)),
            seed: shared.seed,
            store: options.store.clone(),
            beside: options.beside.clone(),
            nodes: options.urls.len(),
            scenario: scenario.clone(),
            machine: Machine::here(),
            sizes: facts.sizes,
            void: None,
            missed: Vec::new(),
            violations: facts.violations,
            receptions: facts.receptions,
            latencies: latencies.collect(),
            counts: shared.counts.all(),
            contest: facts.contest,
            away: shared.away.load(std::sync::atomic::Ordering::Relaxed),
            idle: facts.held,
            idle_kib: facts.idle_kib,
            cores: facts.cores,
            server_memory: facts.memory,
            knows_server: !options.server_pids().is_empty(),
            stages: facts.stages,
            marks: disturbance::marks(scenario),
            plots: shared.series.plots(),
            samples: facts.samples,
        };
        report.void = verdict::void(&report);
        report.missed = verdict::missed(&report);
        report
    }

    /// How good or bad the run was. A broken rule is one, however late the generator was.
    pub(crate) fn judgement(&self) -> Judgement {
        match (&self.violations[..], &self.void, &self.missed[..]) {
            ([], None, []) => Judgement::Good,
            ([], Some(_), _) => Judgement::Void,
            _ => Judgement::Bad,
        }
    }

    /// Writes the files that were asked for, and prints the Markdown.
    ///
    /// # Errors
    /// A file cannot be written.
    pub(crate) fn write(&self, options: &RunOptions) -> anyhow::Result<()> {
        let within = |name| options.out.as_ref().map(|folder| folder.join(name));
        let (markdown, json) = (self.markdown(), serde_json::to_string_pretty(self)?);
        let files = [
            (&options.report, "loadtest.md", &markdown),
            (&options.html, "loadtest.html", &self.html()),
            (&options.json, "loadtest.json", &json),
        ];
        for (path, name, text) in files {
            for path in [path.clone(), within(name)].into_iter().flatten() {
                write(&path, text)?;
            }
        }
        println!("{markdown}");
        Ok(())
    }

    /// The percentiles of a latency.
    pub(crate) fn of(&self, metric: Metric) -> Summary {
        self.latencies.get(metric.key()).copied().unwrap_or_default()
    }

    /// In one word and one sentence: how the run was.
    fn verdict(&self) -> (&'static str, String) {
        match (&self.violations[..], &self.void, &self.missed[..]) {
            ([], None, []) => ("good", "Every promise and every threshold held.".to_owned()),
            ([], Some(why), _) => ("void", format!("This run is void: {why}.")),
            ([], None, missed) => {
                ("bad", format!("No promise was broken; {} of the thresholds did not hold.", missed.len()))
            }
            (violations, ..) => ("bad", format!("{} violations of promises.", violations.len())),
        }
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
    use crate::oracle::Rule;
    use crate::series::{Rate, Series};

    /// A report of a run in which a little of everything happened.
    fn report(violations: Vec<Violation>) -> Report {
        let series = Series::default();
        series.start(0, 10);
        for second in 0..10_u64 {
            series.latency(Metric::Push, second * 1_000_000, 1_000 * (second + 1));
            series.count(Rate::Told, second * 1_000_000);
            series.failure("Accept: already_taken <b>", second * 1_000_000);
        }

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
            scenario: Scenario::find("main-job").unwrap(),
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
                talkers: 4,
                messages: 50,
                chats_read: 2,
                packages_offered: 100,
                streams_replayed: 12,
                is_drained: true,
                processes: 1,
            },
            void: None,
            missed: Vec::new(),
            receptions: Receptions::default(),
            contest: 1.5,
            away: 0,
            idle: Held::default(),
            idle_kib: None,
            stages: Vec::new(),
            marks: vec![Mark { at_s: 5.0, what: "server killed" }],
            plots: series.plots(),
            samples: vec![Sample::default(); 10],
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
            "**good**",
            "packages published | 110",
        ] {
            assert!(text.contains(part), "{part} in {text}");
        }
    }

    #[test]
    fn violations_are_listed_up_to_a_limit() {
        let violation = Violation { rule: Rule::OneWinner, what: "package 1 has two".to_owned() };
        let report = report(vec![violation; 18]);
        let text = report.markdown();
        assert!(
            text.contains("18 violations")
                && text.contains("package 1 has two")
                && text.contains("and 3 more")
        );
        assert_eq!(report.violations.len(), 18);
        let json: serde_json::Value = serde_json::to_value(&report).unwrap();
        assert_eq!(json["violations"][0]["rule"], "one_winner");
        assert_eq!(json["latencies"]["package_published"]["n"], 1);
    }

    #[test]
    fn a_run_with_a_late_generator_is_void_unless_something_was_broken() {
        let mut report = report(Vec::new());
        assert_eq!(report.judgement(), Judgement::Good);
        report.latencies.insert(Metric::Lateness.key(), Summary { p99_ms: 51.0, ..Summary::default() });
        report.void = verdict::void(&report);
        assert_eq!(report.judgement(), Judgement::Void);
        assert!(report.markdown().contains("**void**: This run is void: the generator was late"));
        assert!(report.html().contains("This run is void"));
        report.violations = vec![Violation { rule: Rule::OneWinner, what: String::new() }];
        assert_eq!(report.judgement(), Judgement::Bad);
    }

    #[test]
    fn thresholds_that_do_not_hold_are_named() {
        let mut report = report(Vec::new());
        report.missed = verdict::missed(&report);
        let about = |name: &str| report.missed.iter().any(|missed| missed.starts_with(name));
        assert!(about("push: nothing was measured") && !about("package_published"), "{:?}", report.missed);
        report.latencies.insert("package_published", Summary { p99_ms: 900.0, n: 5, ..Summary::default() });
        report.receptions = Receptions { expected: 100, received: 99, ..Receptions::default() };
        let missed = verdict::missed(&report);
        assert!(
            missed.iter().any(|missed| missed.starts_with("package_published, p99, ms: 900")),
            "{missed:?}"
        );
        assert!(missed.iter().any(|missed| missed.starts_with("events received")), "{missed:?}");
        report.missed = missed;
        assert_eq!(report.judgement(), Judgement::Bad);
    }

    #[test]
    fn the_page_needs_no_other_file_and_shows_what_it_is_given_as_text() {
        let page = report(Vec::new()).html();
        assert_eq!(page.matches("<svg").count(), page.matches("</svg>").count());
        assert!(page.matches("<svg").count() >= 5, "{}", page.matches("<svg").count());
        for outside in ["http://", "https://", "<script src", "<link", "@import"] {
            let found = page.replace("http://www.w3.org/2000/svg", "").contains(outside);
            assert!(!found, "{outside}");
        }
        assert!(page.contains("already_taken &lt;b&gt;") && !page.contains("<b>"), "escaped");
        assert!(!page.contains("NaN") && !page.contains("\"inf"));
    }

    #[test]
    fn the_page_of_a_long_run_in_which_much_failed_stays_below_a_megabyte() {
        let series = Series::default();
        series.start(0, 180);
        for second in 0..180_u64 {
            let at_us = second * 1_000_000;
            for metric in crate::series::SHOWN {
                series.latency(metric, at_us, second * 997 % 100_000 + 1);
            }
            Rate::ALL.iter().for_each(|rate| series.count(*rate, at_us));
            (0..60)
                .for_each(|code| series.failure(&format!("PickUp over HTTP: 500 code_number_{code}"), at_us));
        }
        let violation = Violation { rule: Rule::WholeStreams, what: "x".repeat(300) };
        let mut report = report(vec![violation; 10_000]);
        (report.plots, report.samples) = (series.plots(), vec![Sample::default(); 360]);
        report.counts = (0..500).map(|code| (format!("PickUp: code_number_{code}"), 1)).collect();
        let bytes = report.html().len();
        assert!(bytes < 1_000_000, "{bytes}");
    }

    #[test]
    fn secrets_and_paths_are_not_shown() {
        let arguments =
            ["--bot-token", "1:secret", "--seed=3", "--out=/home/me", "--json", "/x", "--store", "my store"];
        let shown = command(arguments.into_iter().map(str::to_owned));
        assert_eq!(shown, "peerpack-loadtest --seed=3 --store 'my store'");
    }
}
