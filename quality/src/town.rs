//! The commands that are about the dispatch in town.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;
use peerpack_quality::dispatch::day::{Day, Scenario};
use peerpack_quality::dispatch::figures::Spread;
use peerpack_quality::dispatch::hail::{TEST_DAYS, TRAINING_DAYS};
use peerpack_quality::dispatch::judge::{Section, report};
use peerpack_quality::dispatch::play::play;
use peerpack_quality::dispatch::policy::{OURS, Policy};
use peerpack_quality::dispatch::town::Town;
use peerpack_quality::hindsight::Solver;
use peerpack_quality::seed::Training;

/// Which afternoons are played.
#[derive(Args)]
struct Afternoons {
    /// The folder with the tables of the town
    #[arg(long)]
    town: PathBuf,
    /// Couriers on duty
    #[arg(long, default_value_t = 2_000)]
    couriers: usize,
    /// Rides wanted in an hour: a section for each
    #[arg(long, value_delimiter = ',', default_value = "1000,4000,10000")]
    rides: Vec<u32>,
    /// The hour at which it begins
    #[arg(long, default_value_t = 17)]
    from: i64,
    /// How long it goes on, in hours
    #[arg(long, default_value_t = 2)]
    hours: i64,
}

/// Play on test seeds.
#[derive(Args)]
pub struct Judge {
    #[command(flatten)]
    afternoons: Afternoons,
    /// The directory to write to
    #[arg(long, default_value = "docs")]
    out: PathBuf,
}

/// Play on training seeds.
#[derive(Args)]
pub struct Tune {
    #[command(flatten)]
    afternoons: Afternoons,
    /// A field of `dispatch::Settings`
    #[arg(long, default_value = "w_fairness")]
    knob: String,
    /// Other knobs that are not as in ours, as `knob=value`
    #[arg(long)]
    set: Vec<String>,
    /// Its values, as JSON
    #[arg(long, value_delimiter = ',', default_value = "0.0,0.05,0.15,0.3")]
    values: Vec<String>,
}

impl Afternoons {
    fn scenario(&self, rides_per_hour: u32) -> Scenario {
        Scenario { couriers: self.couriers, rides_per_hour, from_s: self.from * 3_600, hours: self.hours }
    }
}

/// Plays every policy on test seeds, and writes the report.
pub fn judge(arguments: &Judge, seeds: u32, solver: &Solver) -> anyhow::Result<()> {
    let Afternoons { town, rides, .. } = &arguments.afternoons;
    let town = Town::read(town, &TEST_DAYS)?;
    let section =
        |rides: &u32| Section::of(arguments.afternoons.scenario(*rides), seeds, &town, Some(solver));
    let sections = rides.iter().map(section).collect::<anyhow::Result<Vec<_>>>()?;
    std::fs::create_dir_all(&arguments.out)?;
    std::fs::write(arguments.out.join("quality-dispatch.md"), report(&town, &sections, OURS))?;
    Ok(())
}

/// Shows what a knob does on training seeds.
pub fn tune(arguments: &Tune, seeds: u32) -> anyhow::Result<()> {
    let town = Town::read(&arguments.afternoons.town, &TRAINING_DAYS)?;
    for rides in &arguments.afternoons.rides {
        let scenario = arguments.afternoons.scenario(*rides);
        let days = Training::first(seeds).map(|seed| Day::generate(seed, scenario, &town));
        let days = days.collect::<anyhow::Result<Vec<_>>>()?;
        let ours = Policy::Ours.settings(town.usual_kmh(scenario.from_s, scenario.hours));
        for value in &arguments.values {
            let mut settings = super::with_knob(&ours, &arguments.knob, value)?;
            for one in &arguments.set {
                let (knob, value) = one.split_once('=').with_context(|| format!("{one} is no knob=value"))?;
                settings = super::with_knob(&settings, knob, value)?;
            }
            let problems = settings.problems();
            anyhow::ensure!(problems.is_empty(), "{}", problems.join("; "));
            let mut figures = Vec::new();
            for day in &days {
                figures.push(play(day, &town, settings.clone())?.1.figures(scenario.hours));
            }
            let median = |of: fn(&peerpack_quality::dispatch::figures::Figures) -> f64| {
                Spread::of(figures.iter().map(of)).median
            };
            println!(
                "{rides} rides/h, {} {value}: served {:.2} % | wait {:.2} min, p95 {:.1} | empty {:.3} km | Gini {:.3} of \
                 income, {:.3} of rides | {:.2} offers",
                arguments.knob,
                100.0 * median(|one| one.share),
                median(|one| one.wait_mean_s) / 60.0,
                median(|one| one.wait_p95_s) / 60.0,
                median(|one| one.empty_km),
                median(|one| one.gini_income),
                median(|one| one.gini_rides),
                median(|one| one.offers),
            );
        }
    }
    Ok(())
}
