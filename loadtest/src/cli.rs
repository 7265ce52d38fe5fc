//! What can be said on the command line.

mod values;

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use peerpack::config::PUBLIC_TEST_TOKEN;

use self::values::{at_least_one, chance, noise, rate};
use crate::scenario::{Scenario, Thresholds};

/// What is played when no scenario is named.
const ORDINARY: &str = "main-job";

/// Plays couriers and senders against a running PeerPack, measures, and checks that nothing went wrong.
///
/// Without a command it runs the scenario main-job.
#[derive(Parser, Debug, Clone)]
#[command(
    name = "peerpack-loadtest",
    version,
    about,
    args_conflicts_with_subcommands = true,
    args_override_self = true
)]
pub struct Options {
    /// Something else than the ordinary mix
    #[command(subcommand)]
    pub command: Option<Command>,
    /// How it is played
    #[command(flatten)]
    pub run: RunOptions,
}

/// What is to be done.
#[derive(Subcommand, Debug, Clone)]
pub enum Command {
    /// Play a scenario, measure, and judge
    Run(ScenarioOptions),
    /// List the scenarios
    List(ListOptions),
    /// Say what has become slower or worse between two runs; exit code 1 if anything has
    Compare(CompareOptions),
    /// Raise the rate until a threshold breaks, and say the last one that held
    FindKnee(KneeOptions),
    /// Print a scenario's main job as a script for k6
    #[command(name = "export-k6")]
    ExportK6(ScenarioOptions),
    /// Measure what a socket costs a server while nothing happens on it
    Idle(IdleOptions),
    /// Measure what a socket that is not read costs everybody else
    Slow(SlowOptions),
    /// Play rides in town, measure, and judge
    Dispatch(DispatchOptions),
    /// Hold sockets of a scenario's idle people in a process of its own
    #[command(hide = true)]
    Crowd(CrowdOptions),
}

/// A scenario, and what is to be different this time.
#[derive(Args, Debug, Clone)]
pub struct ScenarioOptions {
    /// One that `list` names, or a file *.toml
    pub scenario: String,
    /// How it is played
    #[command(flatten)]
    pub run: RunOptions,
}

/// How a scenario is played, and what is different from its file.
#[derive(Args, Debug, Clone)]
pub struct RunOptions {
    /// Where a node listens; give it several times for several nodes
    #[arg(long = "url", value_name = "URL", default_value = "http://127.0.0.1:8080")]
    pub urls: Vec<String>,
    /// The Telegram bot's token with which the server checks sign-ins
    #[arg(long, env = "PEERPACK_BOT_TOKEN", hide_env_values = true, default_value = PUBLIC_TEST_TOKEN, hide_default_value = true)]
    pub bot_token: String,
    /// Couriers, each with a socket, instead of the scenario's
    #[arg(long, value_name = "N")]
    pub couriers: Option<usize>,
    /// Senders, each with a socket
    #[arg(long, value_name = "N", value_parser = at_least_one)]
    pub senders: Option<usize>,
    /// People with a socket for whom nothing happens
    #[arg(long, value_name = "N")]
    pub idle: Option<usize>,
    /// Pairs of people who talk, each of them with a socket
    #[arg(long, value_name = "N")]
    pub pairs: Option<usize>,
    /// Messages in a second, in all chats; 0 for silence
    #[arg(long, value_name = "RATE", value_parser = noise)]
    pub messages_per_s: Option<f64>,
    /// Trips that each courier publishes before the clock starts
    #[arg(long, value_name = "N")]
    pub trips_per_courier: Option<usize>,
    /// Packages published in a second, on average
    #[arg(long, value_name = "RATE", value_parser = rate)]
    pub packages_per_s: Option<f64>,
    /// How long packages are published and measured
    #[arg(long, value_name = "SECONDS")]
    pub duration_s: Option<u64>,
    /// How long packages are published before measuring starts
    #[arg(long, value_name = "SECONDS")]
    pub warmup_s: Option<u64>,
    /// The chance that a courier accepts an offer
    #[arg(long, value_name = "CHANCE", value_parser = chance)]
    pub accept: Option<f64>,
    /// The chance that a deal goes on to pickup, delivery and confirmation
    #[arg(long, value_name = "CHANCE", value_parser = chance)]
    pub deliver: Option<f64>,
    /// The chance that a deal is called off by one of its parties
    #[arg(long, value_name = "CHANCE", value_parser = chance)]
    pub cancel: Option<f64>,
    /// What is random follows from this; 0 chooses one, and the report says which
    #[arg(long)]
    pub seed: Option<u64>,
    /// Users whose streams are compared with the store after the run
    #[arg(long, default_value_t = 100, value_name = "N")]
    pub resume_sample: usize,
    /// Threads of the load generator
    #[arg(long, default_value = "2", value_name = "N")]
    pub threads: NonZeroUsize,
    /// Idle people whose sockets one process holds; for more there are several processes
    #[arg(long, default_value_t = 15_000, value_name = "N", value_parser = at_least_one)]
    pub sockets_per_process: usize,
    /// What kills the server, for scenarios that want it killed; something else has to start it again
    #[arg(long, value_name = "COMMAND")]
    pub crash_command: Option<String>,
    /// Judge the promises alone: no threshold, and a late generator voids nothing
    #[arg(long)]
    pub promises_only: bool,
    /// Call off what was published when the run is over, so that another one finds an empty market
    #[arg(long)]
    pub leave: bool,
    /// Where the report goes, Markdown
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
    /// Where the report goes with plots, one HTML file that needs no other
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
    /// Where the same goes for machines
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// A folder for all three, as loadtest.md, loadtest.html and loadtest.json
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// What the server stores in, for the report
    #[arg(long, value_name = "TEXT", default_value = "not stated")]
    pub store: String,
    /// What else ran on the machine, for the report
    #[arg(long, value_name = "TEXT", default_value = "not stated")]
    pub beside: String,
    /// Server processes on this machine whose CPU time and memory the report shows
    #[arg(long = "server-pid", value_name = "PID")]
    pub server_pids: Vec<u32>,
    /// A file that says the server's process, for a server that is killed and started again
    #[arg(long, value_name = "FILE")]
    pub server_pid_file: Option<PathBuf>,
}

/// What `list` shows.
#[derive(Args, Debug, Clone)]
pub struct ListOptions {
    /// Print what a server for this scenario wants as PEERPACK_MATCHING, and nothing else
    #[arg(long, value_name = "SCENARIO")]
    pub matching: Option<String>,
}

/// Two runs to compare.
#[derive(Args, Debug, Clone)]
pub struct CompareOptions {
    /// The JSON report of the earlier run, or of what is compared with
    pub before: PathBuf,
    /// The JSON report of the later run
    pub after: PathBuf,
    /// Compare this latency alone, by its name in the report; may be given several times
    #[arg(long, value_name = "LATENCY")]
    pub only: Vec<String>,
    /// Changes up to this share are noise
    #[arg(long, default_value_t = 0.2, value_name = "SHARE", value_parser = noise)]
    pub noise: f64,
    /// Changes up to so many milliseconds are noise, however large a share they are
    #[arg(long, default_value_t = 2.0, value_name = "MS", value_parser = noise)]
    pub noise_ms: f64,
}

/// How the knee is looked for.
#[derive(Args, Debug, Clone)]
pub struct KneeOptions {
    /// One that `list` names, or a file *.toml
    #[arg(default_value = ORDINARY)]
    pub scenario: String,
    /// The first rate, packages in a second
    #[arg(long, default_value_t = 50.0, value_name = "RATE", value_parser = rate)]
    pub from: f64,
    /// The highest rate that is tried, packages in a second
    #[arg(long, default_value_t = 3_200.0, value_name = "RATE", value_parser = rate)]
    pub most: f64,
    /// By how much the rate is raised each time
    #[arg(long, default_value_t = 1.5, value_name = "TIMES", value_parser = values::rise)]
    pub times: f64,
    /// How closely the knee is known in the end, as a share of it
    #[arg(long, default_value_t = 0.1, value_name = "SHARE", value_parser = noise)]
    pub within: f64,
    /// How each step is played; --duration-s is that of one step
    #[command(flatten)]
    pub run: RunOptions,
}

/// Sockets that are held for another process.
#[derive(Args, Debug, Clone)]
pub struct CrowdOptions {
    /// Where the node listens
    #[arg(long, value_name = "URL")]
    pub url: String,
    /// The place of the first one among all people
    #[arg(long, value_name = "N")]
    pub first: usize,
}

/// What can be said about a socket that is not read.
#[derive(Args, Debug, Clone)]
pub struct SlowOptions {
    /// Where the server listens
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8080")]
    pub url: String,
    /// The key with which the server signs access tokens
    #[arg(long, env = "PEERPACK_JWT_SECRET", hide_env_values = true)]
    pub jwt_secret: String,
    /// The Telegram bot's token with which the server checks sign-ins
    #[arg(long, env = "PEERPACK_BOT_TOKEN", hide_env_values = true, default_value = PUBLIC_TEST_TOKEN, hide_default_value = true)]
    pub bot_token: String,
    /// Sockets that ask every second, each of a user of its own
    #[arg(long, default_value_t = 1_000, value_name = "N", value_parser = at_least_one)]
    pub sockets: usize,
    /// Events in a second for the one that reads or does not
    #[arg(long, default_value_t = 400, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub per_s: u32,
    /// How long each turn is: long enough for more events than kernels and the server's queue hold, about 3
    /// 000
    #[arg(long, default_value_t = 10, value_name = "SECONDS")]
    pub turn_s: u64,
    /// Turns each way
    #[arg(long, default_value_t = 3, value_name = "N", value_parser = at_least_one)]
    pub rounds: usize,
    /// The server's process on this machine
    #[arg(long, value_name = "PID")]
    pub server_pid: u32,
    /// What the server stores in, for the report
    #[arg(long, value_name = "TEXT", default_value = "not stated")]
    pub store: String,
}

/// What can be said about idle sockets.
#[derive(Args, Debug, Clone)]
pub struct IdleOptions {
    /// Where the server listens
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8080")]
    pub url: String,
    /// The key with which the server signs access tokens
    #[arg(long, env = "PEERPACK_JWT_SECRET", hide_env_values = true)]
    pub jwt_secret: String,
    /// How many, each of a user of its own
    #[arg(long, default_value_t = 15_000, value_name = "N", value_parser = at_least_one)]
    pub sockets: usize,
    /// How long they are left alone
    #[arg(long, default_value_t = 60, value_name = "SECONDS")]
    pub settle_s: u64,
    /// How long each of them says something every second, and is answered, after that
    #[arg(long, default_value_t = 30, value_name = "SECONDS")]
    pub talk_s: u64,
    /// The server's process on this machine
    #[arg(long, value_name = "PID")]
    pub server_pid: u32,
    /// What the server stores in, for the report
    #[arg(long, value_name = "TEXT", default_value = "not stated")]
    pub store: String,
}

/// What can be said about rides in town.
#[derive(Args, Debug, Clone)]
pub struct DispatchOptions {
    /// Where the server listens
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8080")]
    pub url: String,
    /// The key with which the server signs access tokens
    #[arg(long, env = "PEERPACK_JWT_SECRET", hide_env_values = true)]
    pub jwt_secret: String,
    /// The server's database; its embedded store if absent
    #[arg(long, env = "DATABASE_URL", hide_env_values = true)]
    pub database_url: Option<String>,
    /// Where the server's embedded store is
    #[arg(long, env = "PEERPACK_DATA_DIR", value_name = "PATH")]
    pub data_dir: Option<PathBuf>,
    /// Couriers on duty, each with a socket on which they say every second where they are
    #[arg(long, default_value_t = 1_000, value_name = "N", value_parser = at_least_one)]
    pub drivers: usize,
    /// Orders in a second
    #[arg(long, default_value_t = 20.0, value_name = "N", value_parser = rate)]
    pub orders_per_s: f64,
    /// How long orders are placed
    #[arg(long, default_value_t = 30, value_name = "SECONDS")]
    pub duration_s: u64,
    /// Where everything happens, and who does what
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub seed: u64,
    /// The server's process on this machine
    #[arg(long, value_name = "PID")]
    pub server_pid: Option<u32>,
    /// What the server stores in, for the report
    #[arg(long, value_name = "TEXT", default_value = "not stated")]
    pub store: String,
}

impl DispatchOptions {
    /// The server's processes, as far as they are known.
    pub(crate) fn pids(&self) -> Vec<u32> {
        self.server_pid.into_iter().collect()
    }
}

impl Options {
    /// Threads of the load generator.
    #[must_use]
    pub const fn threads(&self) -> usize {
        match &self.command {
            Some(Command::Run(options)) => options.run.threads.get(),
            Some(Command::FindKnee(options)) => options.run.threads.get(),
            Some(Command::Crowd(_)) => 1,
            _ => self.run.threads.get(),
        }
    }

    /// What is played without a command.
    #[must_use]
    pub fn ordinary(&self) -> ScenarioOptions {
        ScenarioOptions { scenario: ORDINARY.to_owned(), run: self.run.clone() }
    }
}

impl ScenarioOptions {
    /// The scenario, with what is different this time.
    ///
    /// # Errors
    /// There is none, or something in it is wrong.
    pub(crate) fn resolved(&self) -> anyhow::Result<Scenario> {
        let (mut scenario, run) = (Scenario::find(&self.scenario)?, &self.run);
        let Scenario { people, load, talk, manners, .. } = &mut scenario;
        let set = |there: &mut usize, said: Option<usize>| *there = said.unwrap_or(*there);
        set(&mut people.couriers, run.couriers);
        set(&mut people.senders, run.senders);
        set(&mut people.idle, run.idle);
        set(&mut people.trips_per_courier, run.trips_per_courier);
        set(&mut talk.pairs, run.pairs);
        let set = |there: &mut f64, said: Option<f64>| *there = said.unwrap_or(*there);
        set(&mut load.packages_per_s, run.packages_per_s);
        set(&mut talk.messages_per_s, run.messages_per_s);
        set(&mut manners.accept, run.accept);
        set(&mut manners.deliver, run.deliver);
        set(&mut manners.cancel, run.cancel);
        let set = |there: &mut u64, said: Option<u64>| *there = said.unwrap_or(*there);
        let before_s = (load.warmup_s + load.duration_s) as f64;
        set(&mut load.duration_s, run.duration_s);
        set(&mut load.warmup_s, run.warmup_s);
        set(&mut scenario.seed, run.seed);
        // What happens in the middle of the file's duration happens in the middle of another one.
        let times = (scenario.load.warmup_s + scenario.load.duration_s) as f64 / before_s;
        let moments = scenario.network.cut_all_at_s.iter_mut().chain(&mut scenario.server.crash_at_s);
        moments.for_each(|at_s| *at_s *= times);
        if run.promises_only {
            scenario.thresholds = Thresholds::lenient();
        }
        scenario.check()
    }
}

impl RunOptions {
    /// The server's processes, as far as they are known now.
    pub(crate) fn server_pids(&self) -> Vec<u32> {
        let text = self.server_pid_file.as_ref().and_then(|path| std::fs::read_to_string(path).ok());
        let from_file = text.and_then(|text| text.trim().parse().ok());
        self.server_pids.iter().copied().chain(from_file).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scenario(arguments: &[&str]) -> Scenario {
        let options = Options::parse_from([&["peerpack-loadtest"], arguments].concat());
        match &options.command {
            Some(Command::Run(options)) => options.resolved().unwrap(),
            None => options.ordinary().resolved().unwrap(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn without_a_command_the_ordinary_mix_is_played() {
        let scenario = scenario(&["--couriers", "50", "--packages-per-s", "10", "--seed", "7"]);
        let people = &scenario.people;
        assert_eq!((scenario.name.as_str(), people.couriers, people.senders), ("main-job", 50, 200));
        assert_eq!((scenario.load.packages_per_s, scenario.load.duration_s, scenario.seed), (10.0, 60, 7));
    }

    #[test]
    fn in_a_shorter_run_things_happen_earlier() {
        let scenario = scenario(&["run", "reconnect-storm", "--duration-s", "14", "--warmup-s", "5"]);
        assert_eq!(scenario.network.cut_all_at_s, [5.0, 12.0]);
    }

    #[test]
    fn what_makes_no_sense_is_refused_here_too() {
        let options = Options::parse_from(["peerpack-loadtest", "run", "main-job", "--duration-s", "0"]);
        let Some(Command::Run(options)) = options.command else { panic!() };
        assert!(options.resolved().unwrap_err().to_string().contains("load.duration_s"));
    }

    #[test]
    fn every_flag_is_well_formed() {
        use clap::CommandFactory;
        Options::command().debug_assert();
    }
}
