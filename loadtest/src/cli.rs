//! What can be said on the command line.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use peerpack::config::PUBLIC_TEST_TOKEN;

/// Plays couriers and senders against a running PeerPack, measures, and checks that nothing went wrong.
#[derive(Parser, Debug, Clone)]
#[command(name = "peerpack-loadtest", version, about, args_conflicts_with_subcommands = true)]
pub struct Options {
    /// Something else than a marketplace
    #[command(subcommand)]
    pub command: Option<Command>,
    /// Where a node listens; give it several times for several nodes
    #[arg(long = "url", value_name = "URL", default_value = "http://127.0.0.1:8080")]
    pub urls: Vec<String>,
    /// The Telegram bot's token with which the server checks sign-ins
    #[arg(long, env = "PEERPACK_BOT_TOKEN", hide_env_values = true, default_value = PUBLIC_TEST_TOKEN, hide_default_value = true)]
    pub bot_token: String,
    /// Couriers, each with a socket
    #[arg(long, default_value_t = 2_000, value_name = "N")]
    pub couriers: usize,
    /// Senders, each with a socket
    #[arg(long, default_value_t = 200, value_name = "N", value_parser = at_least_one)]
    pub senders: usize,
    /// Trips that each courier publishes before the clock starts
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub trips_per_courier: usize,
    /// Packages published in a second, on average
    #[arg(long, default_value_t = 200.0, value_name = "RATE", value_parser = rate)]
    pub packages_per_s: f64,
    /// How long packages are published and measured
    #[arg(long, default_value_t = 60, value_name = "SECONDS")]
    pub duration_s: u64,
    /// How long packages are published before measuring starts
    #[arg(long, default_value_t = 5, value_name = "SECONDS")]
    pub warmup_s: u64,
    /// The chance that a courier accepts an offer
    #[arg(long, default_value_t = 0.5, value_name = "CHANCE", value_parser = chance)]
    pub accept: f64,
    /// The chance that a deal goes on to pickup, delivery and confirmation
    #[arg(long, default_value_t = 0.3, value_name = "CHANCE", value_parser = chance)]
    pub deliver: f64,
    /// The chance that a deal is called off by one of its parties
    #[arg(long, default_value_t = 0.02, value_name = "CHANCE", value_parser = chance)]
    pub cancel: f64,
    /// What is random follows from this; 0 chooses one, and the report says which
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
    /// Users whose streams are compared with the store after the run
    #[arg(long, default_value_t = 100, value_name = "N")]
    pub resume_sample: usize,
    /// Threads of the load generator
    #[arg(long, default_value = "2", value_name = "N")]
    pub threads: NonZeroUsize,
    /// Where the report goes, Markdown
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
    /// Where the same goes for machines
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// A folder for both, as loadtest.md and loadtest.json
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
}

/// Something else than playing a marketplace.
#[derive(Subcommand, Debug, Clone)]
pub enum Command {
    /// Measure what a socket costs a server while nothing happens on it
    Idle(IdleOptions),
    /// Measure what a socket that is not read costs everybody else
    Slow(SlowOptions),
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

fn chance(text: &str) -> Result<f64, String> {
    let value: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    if (0.0..=1.0).contains(&value) { Ok(value) } else { Err("must be between 0 and 1".to_owned()) }
}

fn rate(text: &str) -> Result<f64, String> {
    let value: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    if value > 0.0 && value.is_finite() { Ok(value) } else { Err("must be more than 0".to_owned()) }
}

fn at_least_one(text: &str) -> Result<usize, String> {
    let value: usize = text.parse().map_err(|_| "not a number".to_owned())?;
    if value > 0 { Ok(value) } else { Err("must be at least 1".to_owned()) }
}
