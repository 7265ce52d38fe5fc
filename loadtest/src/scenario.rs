//! What is played, as a file says it: how many people, how much load, how they behave, what goes wrong
//! meanwhile, and what must hold for the run to count as a success.
//!
//! The files of `loadtest/scenarios` are part of the program and go by their names; any other is named by its
//! path.

mod check;
mod talk;

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

pub(crate) use self::talk::Talk;

/// The scenarios that the program brings.
const BUNDLED: [(&str, &str); 10] = [
    ("main-job", include_str!("../scenarios/main-job.toml")),
    ("rush-hour", include_str!("../scenarios/rush-hour.toml")),
    ("claim-storm", include_str!("../scenarios/claim-storm.toml")),
    ("idle-crowd", include_str!("../scenarios/idle-crowd.toml")),
    ("reconnect-storm", include_str!("../scenarios/reconnect-storm.toml")),
    ("flapping-phones", include_str!("../scenarios/flapping-phones.toml")),
    ("slow-consumers", include_str!("../scenarios/slow-consumers.toml")),
    ("crash", include_str!("../scenarios/crash.toml")),
    ("mixed-day", include_str!("../scenarios/mixed-day.toml")),
    ("talk", include_str!("../scenarios/talk.toml")),
];

/// What is played.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Scenario {
    /// The file's name, without its ending.
    #[serde(skip_deserializing)]
    pub(crate) name: String,
    /// One sentence for `list`.
    pub(crate) about: String,
    /// What is random follows from this; 0 chooses one.
    pub(crate) seed: u64,
    pub(crate) people: People,
    pub(crate) load: Load,
    #[serde(default)]
    pub(crate) talk: Talk,
    #[serde(default)]
    pub(crate) manners: Manners,
    #[serde(default)]
    pub(crate) network: Network,
    #[serde(default)]
    pub(crate) server: Server,
    #[serde(default)]
    pub(crate) thresholds: Thresholds,
}

/// Who takes part.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct People {
    /// Couriers, each with a socket.
    pub(crate) couriers: usize,
    /// Senders, each with a socket.
    pub(crate) senders: usize,
    /// Trips that each courier publishes before the clock starts.
    #[serde(default = "one")]
    pub(crate) trips_per_courier: usize,
    /// People with a socket for whom nothing happens.
    #[serde(default)]
    pub(crate) idle: usize,
    /// How many of the largest towns trips run between: the fewer, the more couriers suit a package.
    #[serde(default = "towns")]
    pub(crate) towns: usize,
}

/// What is published, and when.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Load {
    /// Packages published in a second.
    pub(crate) packages_per_s: f64,
    /// How long packages are published and measured, seconds.
    pub(crate) duration_s: u64,
    /// How long packages are published before measuring starts, seconds.
    #[serde(default)]
    pub(crate) warmup_s: u64,
    /// Points of a curve: the share of the duration that has passed, and by how much the rate is multiplied
    /// there; in between, it follows straight lines. Without points the rate is always the same.
    #[serde(default)]
    pub(crate) curve: Vec<(f64, f64)>,
}

/// How likely people do what, and how quickly.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Manners {
    /// The chance that a courier accepts an offer.
    pub(crate) accept: f64,
    /// The chance that a deal goes on to pickup, delivery and confirmation.
    pub(crate) deliver: f64,
    /// The chance that a deal is called off by one of its parties.
    pub(crate) cancel: f64,
    /// The chance that a courier's phone says that it shows an offer.
    pub(crate) look: f64,
    /// From when to when an offer is answered, milliseconds after it has come.
    pub(crate) answer_ms: (u64, u64),
    /// Answers wait for the next tick of a clock that all share, so that they fall together; 0 for no such
    /// clock, milliseconds.
    pub(crate) together_ms: u64,
}

/// What happens to connections.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Network {
    /// The share of people whose connection breaks again and again.
    pub(crate) flapping: f64,
    /// How long it lasts each time, from and to, seconds.
    pub(crate) lasts_s: (f64, f64),
    /// The share of people whose phone reads nothing now and then.
    pub(crate) slow: f64,
    /// How long it reads nothing, from and to, seconds; in between it reads for a second.
    pub(crate) sleeps_s: (f64, f64),
    /// When all connections break at once, seconds after the first package.
    pub(crate) cut_all_at_s: Vec<f64>,
}

/// What is done to the server, and what it has to be told.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Server {
    /// When it is killed, seconds after the first package; `--crash-command` says how.
    pub(crate) crash_at_s: Vec<f64>,
    /// `PEERPACK_MATCHING` of a server that is started for this scenario.
    pub(crate) matching: String,
}

/// What must hold. The oracle's rules hold always, and are not listed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Thresholds {
    /// If the generator is later than this at the 99th percentile, the run is void, milliseconds.
    pub(crate) late_ms: f64,
    /// The share of the events in people's streams that reached their sockets, at least.
    pub(crate) received: f64,
    /// The share of publications without success, at most.
    pub(crate) failed: f64,
    /// The share of packages that were offered to somebody, at least.
    pub(crate) offered: f64,
    /// Acceptances of each package that anybody accepts, at least, on average.
    pub(crate) contest: f64,
    /// Connections that broke and came back, at least.
    pub(crate) reconnects: f64,
    /// How long it takes until the last who lost the connection is back and has heard what was missed,
    /// seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) back_s: Option<f64>,
    /// Memory that the server takes for each person who is idle, KiB, at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) idle_kib: Option<f64>,
    /// Bounds of latencies by the names of the JSON report.
    pub(crate) latency: BTreeMap<String, Bounds>,
}

/// Bounds of a latency, milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Bounds {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) p50_ms: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) p90_ms: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) p99_ms: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) max_ms: Option<f64>,
}

const fn one() -> usize {
    1
}

const fn towns() -> usize {
    120
}

impl Default for Manners {
    fn default() -> Self {
        let (accept, deliver, cancel, look) = (0.5, 0.3, 0.02, 1.0);
        Self { accept, deliver, cancel, look, answer_ms: (50, 500), together_ms: 0 }
    }
}

impl Default for Thresholds {
    fn default() -> Self {
        Self {
            late_ms: 50.0,
            received: 1.0,
            failed: 0.0,
            offered: 0.0,
            contest: 0.0,
            reconnects: 0.0,
            back_s: None,
            idle_kib: None,
            latency: BTreeMap::new(),
        }
    }
}

impl Thresholds {
    /// None but that everybody is told everything, which is a promise, too.
    pub(crate) fn lenient() -> Self {
        Self { late_ms: 1e9, failed: 1.0, ..Self::default() }
    }
}

impl Scenario {
    /// One that the program brings, or one in a file.
    ///
    /// # Errors
    /// There is none of that name, or something in it is wrong: what, and in which line.
    pub(crate) fn find(name: &str) -> anyhow::Result<Self> {
        if let Some((name, text)) = BUNDLED.iter().find(|(bundled, _)| *bundled == name) {
            return Self::read(name, text);
        }
        let path = Path::new(name);
        if path.extension().is_none_or(|ending| ending != "toml") {
            let known: Vec<&str> = BUNDLED.iter().map(|(name, _)| *name).collect();
            anyhow::bail!("no scenario is named {name}; there are {}, and files *.toml", known.join(", "));
        }
        let text = std::fs::read_to_string(path).map_err(|error| anyhow::anyhow!("{name}: {error}"))?;
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        Self::read(&stem, &text)
    }

    /// All that the program brings.
    pub(crate) fn bundled() -> impl Iterator<Item = anyhow::Result<Self>> {
        BUNDLED.iter().map(|(name, text)| Self::read(name, text))
    }

    /// Understands a file, and checks that it makes sense.
    fn read(name: &str, text: &str) -> anyhow::Result<Self> {
        let at = |line: usize, what: &str| anyhow::anyhow!("{name}.toml, line {line}: {what}");
        let read: Result<Self, toml::de::Error> = toml::from_str(text);
        let read = read.map_err(|error| {
            at(check::line(text, error.span().map_or(0, |span| span.start)), error.message())
        })?;
        let scenario = Self { name: name.to_owned(), ..read };
        match check::faults(&scenario).first() {
            Some(fault) => Err(at(check::line_of(text, &fault.path), &fault.to_string())),
            None => Ok(scenario),
        }
    }

    /// The same checks for what the command line has changed.
    ///
    /// # Errors
    /// What is wrong.
    pub(crate) fn check(self) -> anyhow::Result<Self> {
        match check::faults(&self).first() {
            Some(fault) => Err(anyhow::anyhow!("{fault}")),
            None => Ok(self),
        }
    }

    /// How many people have a socket of the load generator's own.
    pub(crate) const fn people(&self) -> usize {
        self.people.couriers + self.people.senders + self.talk.people()
    }
}

impl Load {
    /// By how much the rate is multiplied after a share of the duration.
    pub(crate) fn times(&self, share: f64) -> f64 {
        let Some((_, first)) = self.curve.first() else { return 1.0 };
        let after = self.curve.iter().position(|(at, _)| *at > share);
        match after {
            Some(0) => *first,
            Some(after) => {
                let ((from, low), (to, high)) = (self.curve[after - 1], self.curve[after]);
                low + (high - low) * (share - from) / (to - from)
            }
            None => self.curve.last().map_or(1.0, |(_, last)| *last),
        }
    }

    /// The most that the rate is multiplied by.
    pub(crate) fn most_times(&self) -> f64 {
        let points = self.curve.iter().map(|(_, times)| *times);
        points.max_by(f64::total_cmp).unwrap_or(1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: &str = "about = \"A\"\nseed = 1\n\n[people]\ncouriers = 10\nsenders = 2\n\n\
                         [load]\npackages_per_s = 5.0\nduration_s = 10\n";

    fn refusal(text: &str) -> String {
        Scenario::read("mine", text).unwrap_err().to_string()
    }

    #[test]
    fn all_that_the_program_brings_make_sense_and_say_what_they_are() {
        for scenario in Scenario::bundled() {
            let scenario = scenario.unwrap();
            assert!(scenario.about.ends_with('.') && scenario.seed > 0, "{}", scenario.name);
            assert!(!scenario.thresholds.latency.is_empty(), "{} has no thresholds", scenario.name);
        }
    }

    #[test]
    fn every_file_of_the_folder_is_brought() {
        let folder = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios")).unwrap();
        let mut files: Vec<String> =
            folder.map(|file| file.unwrap().file_name().to_string_lossy().into_owned()).collect();
        let mut known: Vec<String> = BUNDLED.iter().map(|(name, _)| format!("{name}.toml")).collect();
        files.sort();
        known.sort();
        assert_eq!(files, known);
    }

    #[test]
    fn what_is_left_out_has_its_default() {
        let scenario = Scenario::read("mine", SMALL).unwrap();
        assert_eq!((scenario.name.as_str(), scenario.people.towns), ("mine", 120));
        assert_eq!((scenario.manners, scenario.thresholds.received), (Manners::default(), 1.0));
    }

    #[test]
    fn what_is_wrong_is_said_with_its_line() {
        let misspelt = SMALL.replace("senders", "sender");
        assert!(refusal(&misspelt).starts_with("mine.toml, line 6: unknown field `sender`"), "{misspelt}");
        let text = SMALL.replace("5.0", "\"many\"");
        assert!(refusal(&text).starts_with("mine.toml, line 9: invalid type"), "{}", refusal(&text));
        let text = SMALL.replace("5.0", "-5.0");
        assert_eq!(refusal(&text), "mine.toml, line 9: load.packages_per_s must be more than 0");
        let text = format!("{SMALL}\n[manners]\naccept = 1.5\n");
        assert_eq!(refusal(&text), "mine.toml, line 13: manners.accept must be from 0 to 1");
        let text = format!("{SMALL}\n[thresholds.latency]\nfirst_ofer = {{ p99_ms = 3.0 }}\n");
        assert!(
            refusal(&text).starts_with("mine.toml, line 13: thresholds.latency.first_ofer is no latency")
        );
        let text = format!("{SMALL}curve = [[0.0, 1.0], [0.0, 2.0]]\n");
        assert!(refusal(&text).starts_with("mine.toml, line 11: load.curve"), "{}", refusal(&text));
        let text = SMALL.replace("[load]", "[load");
        assert!(refusal(&text).starts_with("mine.toml, line 8: "), "{}", refusal(&text));
        let text = SMALL.replace("about = \"A\"\n", "");
        assert!(refusal(&text).contains("missing field `about`"), "{}", refusal(&text));
    }

    #[test]
    fn a_curve_follows_straight_lines_between_its_points() {
        let curve = vec![(0.2, 1.0), (0.4, 3.0), (1.0, 0.0)];
        let load = Load { packages_per_s: 1.0, duration_s: 1, warmup_s: 0, curve };
        let times = [0.0, 0.2, 0.3, 0.4, 0.7, 1.0].map(|share| (load.times(share) * 10.0).round());
        assert_eq!((times, load.most_times()), ([10.0, 10.0, 20.0, 30.0, 15.0, 0.0], 3.0));
    }

    #[test]
    fn a_name_that_is_none_is_answered_with_those_there_are() {
        let error = Scenario::find("rush").unwrap_err().to_string();
        assert!(error.contains("no scenario is named rush") && error.contains("rush-hour"), "{error}");
        assert!(Scenario::find("/nowhere/mine.toml").is_err());
    }
}
