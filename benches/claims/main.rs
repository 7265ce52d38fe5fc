//! Claims per second, with the reward held, beside the obvious way to do the same: one transaction per claim
//! that locks its rows with `SELECT ... FOR UPDATE`. `make bench-claims`.
//!
//! Both have the same database, as many connections, as many callers at once and the same draws: even, and
//! skewed (Zipf) over couriers' trips and senders' wallets. They take turns. A claim counts when it is
//! durable. What is measured is written to `docs/bench-claims.md`, also where it falls short of its target.
//!
//! | variable | default | |
//! | --- | --- | --- |
//! | `PEERPACK_BENCH_CLAIMS` | `20000` | claims of the engine's store per run; the plain way makes a fifth |
//! | `PEERPACK_BENCH_RUNS` | `3` | runs per figure |
//! | `PEERPACK_BENCH_REPORT` | `docs/bench-claims.md` | where the report goes |
//! | `PEERPACK_TEST_POSTGRES` | none | a throwaway Postgres: without it, its lines are left out |

mod draws;
mod figures;
mod ours;
mod plain;

use std::fmt::Write as _;
use std::fs;

use peerpack::store::{Database, Settings};
use rand::SeedableRng as _;
use rand::rngs::StdRng;

use draws::Draws;
use figures::{Figure, Run};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Couriers' trips, and senders' wallets.
const PEOPLE: usize = 500;

/// Callers who wait for an answer at the same time.
const AT_ONCE: usize = 256;

/// Connections of either way.
const CONNECTIONS: u32 = 16;

/// The exponents of Zipf's law: even, and a few who are in nearly everything.
const SKEWS: [f64; 2] = [0.0, 1.5];

const SEED: u64 = 8;

fn main() -> anyhow::Result<()> {
    // Built by `cargo test` too, which only wants to know that it can be.
    if !std::env::args().any(|argument| argument == "--bench") {
        return Ok(());
    }
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?.block_on(run())
}

fn setting(name: &str, default: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| default.to_owned())
}

async fn run() -> anyhow::Result<()> {
    let claims: usize = setting("PEERPACK_BENCH_CLAIMS", "20000").parse()?;
    let runs: usize = setting("PEERPACK_BENCH_RUNS", "3").parse()?;
    let path = setting("PEERPACK_BENCH_REPORT", "docs/bench-claims.md");
    let mut report = opening(claims, runs);
    let folder = tempfile::tempdir()?;
    let mut stores = vec![("embedded (SQLite)", folder.path().join("data").display().to_string())];
    if let Ok(url) = std::env::var("PEERPACK_TEST_POSTGRES") {
        stores.insert(0, ("Postgres", plain::fresh_database(&url).await?));
    }
    for (name, url) in stores {
        for skew in SKEWS {
            let line = measure(name, &url, skew, claims, runs).await?;
            println!("{line}");
            report.push_str(&line);
            report.push('\n');
            // Written each time: a long run that is cut short has said something.
            fs::write(&path, &report)?;
        }
    }
    println!("written to {path}");
    Ok(())
}

fn opening(claims: usize, runs: usize) -> String {
    format!(
        "# Claims per second\n\n\
         Written by `make bench-claims`. Medians of {runs} runs, in brackets the least and the most; {claims} claims a run, \
         {AT_ONCE} callers at once, {PEOPLE} trips and {PEOPLE} wallets, {CONNECTIONS} connections.\n\n\
         A claim moves the package, its request and the room of a leg, holds the reward out of the sender's wallet, and \
         numbers an event for both. *Plain* is one transaction per claim which locks these rows with `SELECT ... FOR UPDATE` \
         (`benches/claims/plain.rs`). The deviation is that of the claims of whole seconds. Target: three times the plain way, \
         2 000 a second, at most 30 % less under skew.\n\n\
         | store | Zipf | claims/s | deviation, % | plain/s | deviation, % | ratio |\n\
         | --- | ---: | ---: | ---: | ---: | ---: | ---: |\n"
    )
}

/// One line: both ways, in turns.
async fn measure(name: &str, url: &str, skew: f64, claims: usize, runs: usize) -> anyhow::Result<String> {
    let database = Database::connect(&Settings { connections: CONNECTIONS, ..Settings::new(url) }).await?;
    database.migrate().await?;
    let plain = plain::Plain::open(url, CONNECTIONS).await?;
    let mut random = StdRng::seed_from_u64(SEED);
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..runs {
        let draws = Draws::new(PEOPLE, skew, claims, &mut random);
        let prepared = ours::prepare(&database, &draws).await?;
        ours.push(ours::claim(&database, prepared).await);
        let fewer = &draws.pairs()[..claims / 5];
        plain.prepare(PEOPLE, fewer).await?;
        theirs.push(plain.claim(fewer).await?);
    }
    let faults = database.audit().await?;
    anyhow::ensure!(faults.is_empty(), "the books do not add up: {faults:?}");
    database.close().await;
    let figure = |of: fn(&Run) -> f64, runs: &[Run]| Figure::of(runs.iter().map(of).collect());
    let (fast, slow) = (figure(Run::per_second, &ours), figure(Run::per_second, &theirs));
    let mut line = String::new();
    write!(
        line,
        "| {name} | {skew:.1} | {fast} | {} | {slow} | {} | {:.1} |",
        figure(Run::deviation_percent, &ours),
        figure(Run::deviation_percent, &theirs),
        fast.median / slow.median
    )?;
    Ok(line)
}
