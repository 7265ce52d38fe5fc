//! The report as one page with plots, which needs no other file and no network.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::Report;
use super::svg::{Line, Span, bars, escape, lines, spans};
use crate::measure::Metric;
use crate::oracle::Rule;
use crate::series::SHOWN;

/// Violations and counts that are listed at most.
const LISTED: usize = 50;

/// The kinds of failure that have a line of their own over time.
const FAILURES: usize = 8;

const STYLE: &str = "
:root{color-scheme:light dark;--ink:#1c2330;--dim:#667085;--paper:#fff;--rule:#d7dce4;--good:#157f3d;--bad:#b42318;--void:#a15c07}
@media(prefers-color-scheme:dark){:root{--ink:#e6e9ef;--dim:#98a2b3;--paper:#12161d;--rule:#2c3442;--good:#4ade80;--bad:#f97066;--void:#fdb022}}
body{font:15px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper);max-width:900px;margin:2rem auto;padding:0 1rem}
h1{font-size:1.5rem}h2{font-size:1.1rem;margin-top:2rem;border-top:1px solid var(--rule);padding-top:1rem}
.verdict{font-weight:600;padding:.6rem .9rem;border-left:5px solid}.good{color:var(--good)}.bad{color:var(--bad)}.void{color:var(--void)}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums;font-size:13px}td,th{padding:.15rem .5rem;border-bottom:1px solid var(--rule);text-align:right}
td:first-child,th:first-child{text-align:left}.facts td{text-align:left}svg{width:100%;height:auto;display:block}p.note,.nothing{color:var(--dim)}
.tick{font-size:11px;fill:var(--dim)}.name{font-size:12px;fill:var(--ink)}.grid{stroke:var(--rule);stroke-width:1}.mark{stroke:var(--bad);stroke-dasharray:4 3}
.line{fill:none;stroke-width:1.6}.dot{fill:var(--ink)}.legend span{margin-right:1rem;font-size:12px}.legend i{display:inline-block;width:.9em;height:.6em;margin-right:.35em}
.c0{stroke:#2563eb;background:#2563eb}.c1{stroke:#dc6803;background:#dc6803}.c2{stroke:#099250;background:#099250}.c3{stroke:#c11574;background:#c11574}
.c4{stroke:#6938ef;background:#6938ef}.c5{stroke:#0e7090;background:#0e7090}.c6{stroke:#a15c07;background:#a15c07}.c7{stroke:#667085;background:#667085}
.bar{stroke:none}.bar.c0{fill:#2563eb}.bar.c1{fill:#dc6803}.bar.c2{fill:#099250}.bar.c3{fill:#c11574}.bar.c4{fill:#6938ef}.bar.c5{fill:#0e7090}.bar.c6{fill:#a15c07}.bar.c7{fill:#667085}
";

impl Report {
    /// The report as one page.
    pub(super) fn html(&self) -> String {
        let title = format!("Load test: {}", escape(&self.scenario.name));
        let (word, sentence) = self.verdict();
        let mut page = format!(
            "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
             <title>{title}</title><style>{STYLE}</style><h1>{title}</h1><p>{}</p><p class=\"verdict {word}\">{}</p>",
            escape(&self.scenario.about),
            escape(&sentence)
        );
        page.push_str(&list(self.missed.iter().cloned()));
        let sections = [
            ("What was played", "", self.facts()),
            (
                "Told and heard",
                "What the streams of all clients held, and what of it reached their sockets.",
                self.told(),
            ),
            (
                "Latency over time: the median",
                "Milliseconds, on a logarithmic axis. Upright marks are what was done to everybody.",
                self.latencies_over_time(0),
            ),
            ("Latency over time: the 99th percentile", "", self.latencies_over_time(1)),
            (
                "Percentiles",
                "Milliseconds. From the moment at which the schedule wanted the step; naive ones from when it was sent.",
                self.percentiles(),
            ),
            (
                "Stages on one clock",
                "From the moment at which a package should have been published: p10 to p90 as a bar, p99 as a line, the median as a dot. Couriers take their time to answer.",
                self.stage_plot(),
            ),
            ("Rates", "In a second.", self.rates()),
            (
                "Refusals and errors by code",
                "Losers of a contest are refused by rights: already_taken is no fault.",
                self.errors(),
            ),
            ("Processor", "Cores in use.", self.processor()),
            ("Memory", "Mebibytes.", self.memory()),
            ("Promises", "From what the clients were told and what they did.", self.promises()),
        ];
        for (title, note, body) in sections {
            put(&mut page, format_args!("<h2>{title}</h2>"));
            if !note.is_empty() {
                put(&mut page, format_args!("<p class=\"note\">{note}</p>"));
            }
            page.push_str(&body);
        }
        page.push_str("</html>\n");
        page
    }

    fn facts(&self) -> String {
        let (machine, sizes, load) = (&self.machine, &self.sizes, &self.scenario.load);
        let curve = if load.curve.is_empty() { "" } else { " times a curve" };
        let rows = [
            ("date", self.date.clone()),
            ("command", self.command.clone()),
            ("seed", self.seed.to_string()),
            (
                "machine",
                format!(
                    "{}, {} cores, {:.0} GiB, Linux {}",
                    machine.cpu, machine.cores, machine.memory_gib, machine.kernel
                ),
            ),
            ("server", format!("{} node(s), store: {}", self.nodes, self.store)),
            ("beside it", self.beside.clone()),
            (
                "people",
                format!(
                    "{} couriers with {} trips, {} senders, {} idle; {} process(es)",
                    sizes.couriers, sizes.trips, sizes.senders, self.idle.connected, sizes.processes
                ),
            ),
            (
                "load",
                format!(
                    "{} packages, {}/s{curve}, {} s after {} s of warm-up",
                    sizes.packages, load.packages_per_s, load.duration_s, load.warmup_s
                ),
            ),
            (
                "generator late, p99",
                format!(
                    "{:.2} ms; its timers {:.2} ms",
                    self.of(Metric::Lateness).p99_ms,
                    self.of(Metric::Pulse).p99_ms
                ),
            ),
        ];
        let rows = rows.map(|(name, value)| format!("<tr><td>{name}</td><td>{}</td></tr>", escape(&value)));
        format!("<table class=\"facts\">{}</table>", rows.concat())
    }

    fn told(&self) -> String {
        let all = &self.receptions;
        let push = self.of(Metric::Push);
        let mut text = format!(
            "<table><tr><th>clients</th><th>events expected</th><th>received</th><th>share</th><th>clients not told everything</th>\
             <th>push p50, ms</th><th>p99</th><th>max</th></tr><tr><td>{}</td><td>{}</td><td>{}</td><td>{:.4} %</td><td>{}</td>\
             <td>{:.2}</td><td>{:.2}</td><td>{:.2}</td></tr></table>",
            all.clients,
            all.expected,
            all.received,
            all.share() * 100.0,
            all.incomplete_clients,
            push.p50_ms,
            push.p99_ms,
            push.max_ms
        );
        text.push_str(&list(
            all.incomplete.iter().map(|one| format!("{}: {} of {}", one.user, one.received, one.expected)),
        ));
        text
    }

    fn latencies_over_time(&self, which: usize) -> String {
        let shown = SHOWN.iter().filter_map(|metric| {
            let steps = self.plots.latencies.get(metric.key())?;
            let values = steps.iter().map(|step| step.map(|three| three[which])).collect();
            Some(Line { name: metric.title().to_owned(), values })
        });
        self.over_time("ms", true, &shown.collect::<Vec<_>>())
    }

    fn percentiles(&self) -> String {
        let mut text = String::from(
            "<table><tr><th>what</th><th>p50</th><th>p90</th><th>p99</th><th>p99.9</th><th>max</th><th>n</th></tr>",
        );
        for metric in Metric::ALL.into_iter().filter(|metric| self.of(*metric).n > 0) {
            let one = self.of(metric);
            put(
                &mut text,
                format_args!(
                    "<tr><td>{}</td><td>{:.2}</td><td>{:.2}</td><td>{:.2}</td><td>{:.2}</td><td>{:.2}</td><td>{}</td></tr>",
                    escape(metric.title()),
                    one.p50_ms,
                    one.p90_ms,
                    one.p99_ms,
                    one.p99_9_ms,
                    one.max_ms,
                    one.n
                ),
            );
        }
        text.push_str("</table>");
        text
    }

    fn stage_plot(&self) -> String {
        let of = self.stages.iter().filter(|stage| stage.n > 0).map(|stage| Span {
            name: stage.name.to_owned(),
            from: stage.p10_ms,
            middle: stage.p50_ms,
            to: stage.p90_ms,
            far: stage.p99_ms,
        });
        spans(&of.collect::<Vec<_>>())
    }

    fn rates(&self) -> String {
        let of = self.plots.rates.iter().map(|(name, values)| Line {
            name: (*name).to_owned(),
            values: values.iter().copied().map(Some).collect(),
        });
        self.over_time("/s", false, &of.collect::<Vec<_>>())
    }

    fn errors(&self) -> String {
        let totals =
            self.plots.failures.iter().map(|(name, steps)| (name.clone(), steps.iter().sum::<u64>()));
        let mut totals: Vec<(String, u64)> = totals.collect();
        totals.sort_by(|one, other| other.1.cmp(&one.1).then(one.0.cmp(&other.0)));
        let over_time = totals.iter().take(FAILURES).map(|(name, _)| Line {
            name: name.clone(),
            values: self.plots.failures[name].iter().map(|count| Some(*count as f64)).collect(),
        });
        let over_time = self.over_time("", false, &over_time.collect::<Vec<_>>());
        totals.truncate(LISTED);
        let all: Vec<(String, f64)> = totals.into_iter().map(|(name, count)| (name, count as f64)).collect();
        bars(&all) + &over_time
    }

    fn processor(&self) -> String {
        let of = |name: &str, value: fn(&super::Sample) -> f64| self.sampled(name, value);
        let lines = [
            of("server", |sample| sample.server),
            of("load generator", |sample| sample.generator),
            of("everything else", |sample| sample.others),
        ];
        self.sampled_over_time("", &lines)
    }

    fn memory(&self) -> String {
        let of = |name: &str, value: fn(&super::Sample) -> f64| self.sampled(name, value);
        let lines =
            [of("server", |sample| sample.server_mib), of("load generator", |sample| sample.generator_mib)];
        self.sampled_over_time("MiB", &lines)
    }

    fn sampled(&self, name: &str, value: fn(&super::Sample) -> f64) -> Line {
        Line {
            name: name.to_owned(),
            values: self.samples.iter().map(|sample| Some(value(sample))).collect(),
        }
    }

    fn sampled_over_time(&self, unit: &str, of: &[Line]) -> String {
        let last_s = self.samples.last().map_or(0.0, |sample| sample.at_s);
        let step_s = last_s / self.samples.len().max(1) as f64;
        lines(step_s.max(0.1), unit, false, of, &self.moments())
    }

    fn over_time(&self, unit: &str, is_log: bool, of: &[Line]) -> String {
        lines(self.plots.step_s, unit, is_log, of, &self.moments())
    }

    fn moments(&self) -> Vec<(f64, &str)> {
        self.marks.iter().map(|mark| (mark.at_s, mark.what)).collect()
    }

    fn promises(&self) -> String {
        let mut count = BTreeMap::<Rule, usize>::new();
        self.violations.iter().for_each(|violation| *count.entry(violation.rule).or_default() += 1);
        let rows = Rule::ALL.map(|rule| {
            let broken = count.get(&rule).copied().unwrap_or(0);
            format!("<tr><td>{}</td><td>{broken}</td></tr>", escape(rule.title()))
        });
        let listed = self.violations.iter().take(LISTED).map(|violation| violation.what.clone());
        format!(
            "<table><tr><th>promise</th><th>violations</th></tr>{}</table>{}",
            rows.concat(),
            list(listed)
        )
    }
}

fn list(lines: impl Iterator<Item = String>) -> String {
    let items: String = lines.map(|line| format!("<li>{}</li>", escape(&line))).collect();
    if items.is_empty() { items } else { format!("<ul>{items}</ul>") }
}

fn put(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    text.write_fmt(arguments).expect("writing to a string cannot fail");
}
