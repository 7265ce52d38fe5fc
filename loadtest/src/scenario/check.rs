//! What a scenario may not say, and in which line it says it.

use std::fmt;

use toml::de::{DeTable, DeValue};

use super::Scenario;
use crate::measure::Metric;

/// Something that makes no sense.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    /// Where, from the outermost table inwards.
    pub(super) path: Vec<String>,
    says: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.path.join("."), self.says)
    }
}

/// Everything that makes no sense, in the order of the file's sections.
pub(super) fn faults(scenario: &Scenario) -> Vec<Fault> {
    let Scenario { about, people, load, talk, manners, network, server, thresholds, .. } = scenario;
    let mut faults = Vec::new();
    let mut must = |holds: bool, path: &str, says: &str| {
        if !holds {
            let path = path.split('/').map(str::to_owned).collect();
            faults.push(Fault { path, says: says.to_owned() });
        }
    };
    let is_share = |value: f64| (0.0..=1.0).contains(&value);
    let is_range = |(from, to): (f64, f64)| from >= 0.0 && to >= from && to.is_finite();
    must(!about.is_empty(), "about", "must say something");
    must(people.senders > 0, "people/senders", "must be at least 1");
    must(people.towns >= 2, "people/towns", "must be at least 2");
    must(
        load.packages_per_s > 0.0 && load.packages_per_s.is_finite(),
        "load/packages_per_s",
        "must be more than 0",
    );
    must(load.duration_s > 0, "load/duration_s", "must be at least 1");
    let rises = load.curve.windows(2).all(|ends| ends[0].0 < ends[1].0);
    let is_curve = load.curve.iter().all(|(at, times)| is_share(*at) && *times >= 0.0 && times.is_finite());
    must(rises && is_curve, "load/curve", "must have points whose first numbers rise from 0 to 1");
    must(load.curve.is_empty() || load.most_times() > 0.0, "load/curve", "must be above 0 somewhere");
    must(
        talk.messages_per_s >= 0.0 && talk.messages_per_s.is_finite(),
        "talk/messages_per_s",
        "must be 0 or more",
    );
    must(talk.messages_per_s == 0.0 || talk.pairs > 0, "talk/pairs", "must be at least 1 for messages");
    for (name, chance) in [("over_http", talk.over_http), ("read", talk.read)] {
        must(is_share(chance), &format!("talk/{name}"), "must be from 0 to 1");
    }
    for (name, chance) in [
        ("accept", manners.accept),
        ("deliver", manners.deliver),
        ("cancel", manners.cancel),
        ("look", manners.look),
    ] {
        must(is_share(chance), &format!("manners/{name}"), "must be from 0 to 1");
    }
    must(manners.answer_ms.0 < manners.answer_ms.1, "manners/answer_ms", "must be from less to more");
    for (name, share) in [("flapping", network.flapping), ("slow", network.slow)] {
        must(is_share(share), &format!("network/{name}"), "must be from 0 to 1");
    }
    must(
        network.flapping + network.slow <= 1.0,
        "network/slow",
        "and network.flapping must be 1 at most together",
    );
    for (name, share, range) in
        [("lasts_s", network.flapping, network.lasts_s), ("sleeps_s", network.slow, network.sleeps_s)]
    {
        let says = "must be from less to more, and more than 0";
        must(share == 0.0 || is_range(range) && range.1 > 0.0, &format!("network/{name}"), says);
    }
    let end_s = (load.warmup_s + load.duration_s) as f64;
    for (path, moments) in
        [("network/cut_all_at_s", &network.cut_all_at_s), ("server/crash_at_s", &server.crash_at_s)]
    {
        let is_meanwhile = moments.iter().all(|at| (0.0..end_s).contains(at)) && moments.is_sorted();
        must(is_meanwhile, path, "must be moments of warm-up and duration, in order");
    }
    must(thresholds.late_ms > 0.0, "thresholds/late_ms", "must be more than 0");
    for (name, share) in
        [("received", thresholds.received), ("failed", thresholds.failed), ("offered", thresholds.offered)]
    {
        must(is_share(share), &format!("thresholds/{name}"), "must be from 0 to 1");
    }
    for name in thresholds.latency.keys() {
        let is_known = Metric::ALL.iter().any(|metric| metric.key() == name);
        let keys = Metric::ALL.map(Metric::key).join(", ");
        must(is_known, &format!("thresholds/latency/{name}"), &format!("is no latency; there are {keys}"));
    }
    faults
}

/// The line of a byte, counted from 1.
pub(super) fn line(text: &str, byte: usize) -> usize {
    text.bytes().take(byte).filter(|byte| *byte == b'\n').count() + 1
}

/// The line in which something is said, or the last of what is around it that is.
pub(super) fn line_of(text: &str, path: &[String]) -> usize {
    let Ok(document) = DeTable::parse(text) else { return 1 };
    let (mut table, mut byte) = (document.get_ref(), 0);
    for name in path {
        let Some((key, value)) = table.iter().find(|(key, _)| key.get_ref() == name.as_str()) else { break };
        byte = key.span().start;
        match value.get_ref() {
            DeValue::Table(inner) => table = inner,
            _ => break,
        }
    }
    line(text, byte)
}
