//! The report as Markdown.

use std::fmt::Write;

use super::Report;
use crate::measure::{Metric, Summary};
use crate::oracle::Rule;

/// Violations of one rule that are listed one by one.
const LISTED: usize = 15;

impl Report {
    /// The report as Markdown.
    pub(super) fn markdown(&self) -> String {
        let sections = [
            self.opening(),
            self.circumstances(),
            self.reception(),
            self.latency_table(),
            self.side_by_side(),
            self.stage_table(),
            self.counted(),
            self.judged(),
        ];
        sections.iter().filter(|section| !section.is_empty()).fold(String::new(), |mut text, section| {
            text.push_str(section);
            text.push('\n');
            text
        })
    }

    fn opening(&self) -> String {
        let (word, sentence) = self.verdict();
        let mut text = format!("# Load test: {}\n\n**{word}**: {sentence}\n", self.scenario.name);
        for missed in &self.missed {
            writeln!(text, "- {missed}").expect("writing to a string cannot fail");
        }
        text
    }

    fn circumstances(&self) -> String {
        let (machine, sizes, cores, memory) = (&self.machine, &self.sizes, &self.cores, &self.server_memory);
        let load = &self.scenario.load;
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
        row("scenario", self.scenario.about.clone());
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
                "{} packages, Poisson, {}/s{} for {} s after {} s of warm-up",
                sizes.packages,
                load.packages_per_s,
                if load.curve.is_empty() { "" } else { " times the scenario's curve" },
                load.duration_s,
                load.warmup_s
            ),
        );
        if sizes.talkers > 0 {
            let (talkers, messages, read) = (sizes.talkers, sizes.messages, sizes.chats_read);
            let rate = self.scenario.talk.messages_per_s;
            row(
                "chats",
                format!(
                    "{talkers} people in pairs, a socket each; {messages} messages, Poisson, {rate}/s; \
                     {read} chats were compared with the store"
                ),
            );
        }
        if self.idle.connected > 0 {
            let each = self
                .idle_kib
                .map_or(String::new(), |kib| format!(", {kib:.1} KiB of the server's memory each"));
            let (open, connected) = (self.idle.open, self.idle.connected);
            row(
                "idle",
                format!("{connected} sockets, {open} open at the end{each}; {} process(es)", sizes.processes),
            );
        }
        for mark in &self.marks {
            row(mark.what, format!("{:.1} s after the first package", mark.at_s));
        }
        if self.contest > 0.0 {
            row("acceptances of each package", format!("{:.2} on average", self.contest));
        }
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

    fn reception(&self) -> String {
        let all = &self.receptions;
        let mut text = format!(
            "## Told and heard\n\nOf {} events in the streams of {} clients {} were received, {:.4} %; the end of {} streams is \
             not known. A client should have heard {} events in the middle, {} at most.\n",
            all.expected,
            all.clients,
            all.received,
            all.share() * 100.0,
            all.unknown,
            all.median,
            all.most
        );
        if all.incomplete_clients > 0 {
            writeln!(text, "\n{} clients were not told everything:\n", all.incomplete_clients)
                .expect("writing to a string cannot fail");
        }
        for one in &all.incomplete {
            writeln!(text, "- {}: {} of {}", one.user, one.received, one.expected)
                .expect("writing to a string cannot fail");
        }
        text
    }

    fn stage_table(&self) -> String {
        let mut text = String::from(
            "## Stages on one clock\n\nMilliseconds from when a package should have been published. Couriers take their time to \
             answer.\n\n| stage | p10 | p50 | p90 | p99 | n |\n| --- | ---: | ---: | ---: | ---: | ---: |\n",
        );
        for stage in &self.stages {
            writeln!(
                text,
                "| {} | {:.1} | {:.1} | {:.1} | {:.1} | {} |",
                stage.name, stage.p10_ms, stage.p50_ms, stage.p90_ms, stage.p99_ms, stage.n
            )
            .expect("writing to a string cannot fail");
        }
        text
    }

    fn latency_table(&self) -> String {
        let mut text = String::from(
            "## Latency\n\nMilliseconds. Latencies count from the moment at which the schedule wanted the step, not from \
             when the generator got round to it; *naive* ones count from there. Those since a decision use the server's \
             `at`, which has whole milliseconds. A package waits for its first offer while all couriers who could carry it are busy, too.\n\n| what | p50 | p90 | p99 | p99.9 | max | n |\n| --- | ---: | ---: | ---: | ---: | ---: | ---: |\n",
        );
        for metric in Metric::ALL.into_iter().filter(|metric| self.of(*metric).n > 0) {
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

    fn judged(&self) -> String {
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
}
