//! `peerpack-quality judge` measures on test seeds and writes the report; `tune` shows what a knob does on
//! training seeds. `dispatch` and `tune-dispatch` do the same for the dispatch in town, and `pdptw` plans
//! published instances.

#[cfg(feature = "planner")]
mod instances;
mod town;

use std::path::PathBuf;

use anyhow::Context as _;
use clap::{Parser, Subcommand};
use peerpack_actors::matching::Settings;
use peerpack_actors::time::Span;
use peerpack_quality::engine::Manners;
use peerpack_quality::generator::{Family, Scenario, Towns, VERSION};
use peerpack_quality::hindsight::Solver;
use peerpack_quality::measure::{Measured, Prepared, Rule};
use peerpack_quality::report::{Section, bounds, plot, table};
use peerpack_quality::seed::{Test, Training};
use peerpack_quality::small;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// How good the matching is, against the hindsight optimum.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
    /// A Python with highspy
    #[arg(long, default_value = "python3", global = true)]
    python: PathBuf,
    /// How long the solver may take for one world, seconds
    #[arg(long, default_value_t = 60, global = true)]
    limit_s: u32,
    /// Worlds of each kind
    #[arg(long, default_value_t = 5, global = true)]
    seeds: u32,
}

#[derive(Subcommand)]
enum Command {
    /// Play the dispatch in town on test seeds and write quality-dispatch.md
    Dispatch(town::Judge),
    /// Show on training seeds what a knob of the dispatch does
    TuneDispatch(town::Tune),
    /// Plan instances of Li & Lim, and tell how far that is from the best known
    #[cfg(feature = "planner")]
    Pdptw {
        /// Their files
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
    /// Measure on test seeds and write quality.md and its plots
    Judge {
        /// The directory to write to
        #[arg(long, default_value = "docs")]
        out: PathBuf,
    },
    /// Compare with first come in small markets, on test seeds
    Small,
    /// Show on training seeds what a knob of the matching does
    Tune {
        /// A field of `matching::Settings`
        #[arg(long, default_value = "demand_share")]
        knob: String,
        /// Other knobs that are not at their defaults, as `knob=value`
        #[arg(long)]
        set: Vec<String>,
        /// Its values, as JSON
        #[arg(long, value_delimiter = ',', default_value = "0.4,0.6,0.8,1.0")]
        values: Vec<String>,
        /// Only markets with so many trips
        #[arg(long)]
        trips: Option<usize>,
        /// Only rules whose names contain this
        #[arg(long, default_value = "")]
        rules: String,
    },
}

const SCARCE: [Scenario; 2] = [gravity(400, 8_000), gravity(1_200, 12_000)];
const PLENTIFUL: [Scenario; 2] = [gravity(2_000, 2_500), gravity(2_000, 4_000)];

const fn gravity(trips: usize, packages: usize) -> Scenario {
    Scenario { trips, packages, days: 7, family: Family::Gravity }
}

/// Couriers who accept every second offer, and take up to ten minutes to answer.
const CHOOSY: Manners = Manners { acceptance: 0.5, slowest: Span::minutes(10) };

struct Bench {
    towns: Towns,
    solver: Solver,
    seeds: u32,
}

impl Bench {
    fn section(
        &self,
        title: &str,
        scenario: Scenario,
        rules: &[Rule],
        manners: Manners,
    ) -> anyhow::Result<Section> {
        let settings = Settings { acceptance: manners.acceptance, ..Settings::default() };
        let one = |seed| {
            let prepared = Prepared::new(seed, scenario, manners, &settings, &self.towns, &self.solver)?;
            let measured = prepared.measure(rules, &settings);
            eprintln!("{title}: {}", line(&measured));
            Ok(measured)
        };
        let worlds = Test::first(self.seeds).map(one).collect::<anyhow::Result<_>>()?;
        Ok(Section { title: title.to_owned(), worlds })
    }

    fn gravity(
        &self,
        kind: &str,
        scenarios: [Scenario; 2],
        rules: &[Rule],
        manners: Manners,
    ) -> anyhow::Result<Vec<Section>> {
        let section = |scenario: &Scenario| {
            let title = format!("{kind}: {} trips, {} packages", scenario.trips, scenario.packages);
            self.section(&title, *scenario, rules, manners)
        };
        scenarios.iter().map(section).collect()
    }
}

fn main() -> anyhow::Result<()> {
    let Arguments { command, python, limit_s, seeds } = Arguments::parse();
    let bench = Bench { towns: Towns::new(), solver: Solver { python, limit_s }, seeds };
    match command {
        Command::Dispatch(arguments) => town::judge(&arguments, bench.seeds, &bench.solver),
        Command::TuneDispatch(arguments) => town::tune(&arguments, bench.seeds),
        #[cfg(feature = "planner")]
        Command::Pdptw { files } => instances::pdptw(&files, limit_s),
        Command::Judge { out } => judge(&bench, &out),
        Command::Small => {
            let settings = Settings { acceptance: 1.0, ..Settings::default() };
            println!("{}", small::table(&small::rows(SMALL_MARKETS, &bench.towns, &settings)));
            Ok(())
        }
        Command::Tune { knob, set, values, trips, rules } => {
            let mut defaults = Settings { acceptance: 1.0, ..Settings::default() };
            for one in &set {
                let (knob, value) = one.split_once('=').with_context(|| format!("{one} is no knob=value"))?;
                defaults = with_knob(&defaults, knob, value)?;
            }
            tune(&bench, &defaults, &knob, &values, trips, &rules)
        }
    }
}

fn line<S>(measured: &Measured<S>) -> String {
    let shares = measured.shares.iter().map(|(rule, share)| format!("{} {:.2}", rule.name(), 100.0 * share));
    shares.collect::<Vec<_>>().join(" | ")
}

fn tune(
    bench: &Bench,
    defaults: &Settings,
    knob: &str,
    values: &[String],
    trips: Option<usize>,
    rules: &str,
) -> anyhow::Result<()> {
    let markets = SCARCE.iter().chain(&PLENTIFUL);
    for scenario in markets.filter(|market| trips.is_none_or(|trips| market.trips == trips)) {
        let worlds: Vec<_> = Training::first(bench.seeds)
            .map(|seed| {
                Prepared::new(seed, *scenario, Manners::WILLING, defaults, &bench.towns, &bench.solver)
            })
            .collect::<anyhow::Result<_>>()?;
        for value in values {
            let settings = with_knob(defaults, knob, value)?;
            let asked = Rule::ALL.into_iter().filter(|rule| rule.name().contains(rules));
            let shares =
                asked.map(|rule| format!("{} {:.2}", rule.name(), 100.0 * tuned(&worlds, rule, &settings)));
            println!(
                "{} / {}, {knob} {value}: {}",
                scenario.trips,
                scenario.packages,
                shares.collect::<Vec<_>>().join(" | ")
            );
        }
    }
    Ok(())
}

/// What a rule gets on average where knobs may be tuned, 0 to 1.
fn tuned(worlds: &[Prepared<Training>], rule: Rule, settings: &Settings) -> f64 {
    let shares = worlds.iter().map(|world| world.share(rule, settings));
    shares.sum::<f64>() / worlds.len().max(1) as f64
}

/// The settings with another value of one knob.
fn with_knob<T: Serialize + DeserializeOwned>(settings: &T, knob: &str, value: &str) -> anyhow::Result<T> {
    let mut all = serde_json::to_value(settings)?;
    let field = all.get_mut(knob).with_context(|| format!("there is no knob {knob}"))?;
    *field = serde_json::from_str(value).with_context(|| format!("{value} is no JSON"))?;
    Ok(serde_json::from_value(all)?)
}

/// How long room may be kept at most, in percent of the time to the pickup.
const KEPT: [u32; 10] = [0, 20, 40, 60, 80, 90, 95, 98, 99, 100];

/// How many small markets of each size are played.
const SMALL_MARKETS: u32 = 200;

/// What the bound on keeping room costs a crowded market: the rule that confirms soon, on training seeds.
fn keeping(bench: &Bench, rule: Rule) -> anyhow::Result<String> {
    let defaults = Settings { acceptance: 1.0, ..Settings::default() };
    let mut text = String::from("| room is kept at most |");
    KEPT.iter().for_each(|percent| text.push_str(&format!(" {percent} % |")));
    text.push_str("\n| --- |");
    KEPT.iter().for_each(|_| text.push_str(" --- |"));
    for scenario in SCARCE {
        let prepare =
            |seed| Prepared::new(seed, scenario, Manners::WILLING, &defaults, &bench.towns, &bench.solver);
        let worlds: Vec<_> =
            Training::first(bench.seeds.min(3)).map(prepare).collect::<anyhow::Result<_>>()?;
        text.push_str(&format!("\n| scarce: {} trips, {} packages |", scenario.trips, scenario.packages));
        for keep_percent in KEPT {
            let settings = Settings { keep_percent, ..defaults.clone() };
            text.push_str(&format!(" {:.1} |", 100.0 * tuned(&worlds, rule, &settings)));
        }
        eprintln!("{text}");
    }
    Ok(text)
}

fn judge(bench: &Bench, out: &std::path::Path) -> anyhow::Result<()> {
    let willing = Manners::WILLING;
    let mut gravity = bench.gravity("scarce", SCARCE, &Rule::ALL, willing)?;
    gravity.extend(bench.gravity("plentiful", PLENTIFUL, &Rule::ALL, willing)?);
    let mut choosy = bench.gravity("scarce", SCARCE, &Rule::ASKING, CHOOSY)?;
    choosy.extend(bench.gravity("plentiful", PLENTIFUL, &Rule::ASKING, CHOOSY)?);
    let families = [
        ("hub only", Family::HubOnly),
        ("same departure", Family::SameDeparture),
        ("tiny capacity", Family::TinyCapacity),
        ("cancellations", Family::Cancellations),
    ];
    let family = |(title, family)| {
        bench.section(title, Scenario { trips: 400, packages: 4_000, days: 7, family }, &Rule::ALL, willing)
    };
    let families = families.into_iter().map(family).collect::<anyhow::Result<Vec<_>>>()?;
    let keeping = keeping(bench, Rule::ASKING[1])?;
    let settings = Settings { acceptance: 1.0, ..Settings::default() };
    let small = small::rows(SMALL_MARKETS, &bench.towns, &settings);
    std::fs::create_dir_all(out)?;
    std::fs::write(
        out.join("quality.svg"),
        plot("Part of the proven bound, every courier accepts", &gravity),
    )?;
    std::fs::write(
        out.join("quality-choosy.svg"),
        plot("Part of the proven bound, every second offer is accepted", &choosy),
    )?;
    let report = include_str!("report.md")
        .replace("{version}", &VERSION.to_string())
        .replace("{seeds}", &bench.seeds.to_string())
        .replace("{bounds}", bounds(&gravity).trim_end())
        .replace("{gravity}", table(&gravity).trim_end())
        .replace("{choosy}", table(&choosy).trim_end())
        .replace("{keeping}", keeping.trim_end())
        .replace("{kept}", &settings.keep_percent.to_string())
        .replace("{small}", small::table(&small).trim_end())
        .replace("{families}", table(&families).trim_end());
    std::fs::write(out.join("quality.md"), report)?;
    Ok(())
}
