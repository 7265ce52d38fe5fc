//! The figures of the matching, beside those of other ways to do the same: `make bench`.
//!
//! Everything runs on the same trips and the same log of queries, one after the other. Each figure is the
//! median of several runs with the least and the most of them. What is measured is written to
//! `docs/bench-matching.md`.
//!
//! | variable | default | |
//! | --- | --- | --- |
//! | `PEERPACK_BENCH_SIZES` | `10000,100000,1000000` | how many live trips |
//! | `PEERPACK_BENCH_RUNS` | `3` | runs per figure |
//! | `PEERPACK_BENCH_REPORT` | `docs/bench-matching.md` | where the report goes |
//! | `PEERPACK_TEST_POSTGRES` | none | a throwaway Postgres with PostGIS: without it, its lines are left out |
//! | `PEERPACK_TEST_REDIS` | none | a throwaway Redis, likewise |

mod figures;
mod postgis;
mod redis_geo;
mod report;
mod search;
mod startup;
mod waiting;
mod world;

use std::fs;

use anyhow::Context as _;

use figures::resident_bytes;
use report::Report;
use world::Towns;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Trips and queries of every run come from these; no other figure of the project uses them.
const SEED: u64 = 1;

fn main() -> anyhow::Result<()> {
    let sizes = setting("PEERPACK_BENCH_SIZES", "10000,100000,1000000");
    let sizes: Vec<usize> = sizes.split(',').map(str::parse).collect::<Result<_, _>>()?;
    let runs: usize = setting("PEERPACK_BENCH_RUNS", "3").parse()?;
    let report_path = setting("PEERPACK_BENCH_REPORT", "docs/bench-matching.md");
    let towns = Towns::new();
    let mut report = Report::new(runs);
    for size in sizes {
        measure_size(size, runs, &towns, &mut report)?;
        // Written each time: a long run that is cut short has said something.
        fs::write(&report_path, report.text()).context("cannot write the report")?;
    }
    report.section("A new trip against waiting packages");
    waiting::measure(200_000, runs, &towns, &mut report);
    report.section("Couriers in town");
    waiting::measure_grid(20_000, runs, &mut report);
    fs::write(&report_path, report.text())?;
    report.section("Start with live trips in the store");
    startup::measure(&towns, &mut report)?;
    fs::write(&report_path, report.text())?;
    println!("written to {report_path}");
    Ok(())
}

fn measure_size(size: usize, runs: usize, towns: &Towns, report: &mut Report) -> anyhow::Result<()> {
    report.section(&format!("Searching {size} live trips"));
    let queries = world::queries(towns, SEED + 1, 2_000);
    search::warm(&queries);
    let before = resident_bytes();
    let index = search::index(towns.trips(SEED, size));
    #[expect(clippy::cast_precision_loss, reason = "bytes for people")]
    let bytes = (resident_bytes() - before) as f64 / size as f64;
    report.line("memory", &format!("{bytes:.0} B per trip, {} postings", index.mentions()));
    let truth = search::truth(&index, &queries, if size > 100_000 { 50 } else { 200 }, report);
    search::measure(&index, &queries, &truth, runs, report);
    let mut index = search::measure_beside_updates(index, towns, &queries, runs, report);
    search::measure_updates(&mut index, towns, report);
    if let Ok(url) = std::env::var("PEERPACK_TEST_REDIS") {
        redis_geo::measure(&url, &index, &queries, &truth, runs, report)?;
    }
    drop(index);
    if let Ok(url) = std::env::var("PEERPACK_TEST_POSTGRES") {
        postgis::measure(&url, towns.trips(SEED, size), &queries, &truth, runs, report)?;
    }
    Ok(())
}

fn setting(name: &str, default: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| default.to_owned())
}
