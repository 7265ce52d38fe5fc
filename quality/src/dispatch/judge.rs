//! Plays every policy on the same afternoons, and tells what came of it.

use std::fmt::Write as _;

use super::day::{Day, Scenario};
use super::figures::{Figures, Spread};
use super::fluid;
use super::play::play;
use super::policy::Policy;
use super::town::Town;
use crate::hindsight::Solver;
use crate::seed::{Seed, Test};

/// An afternoon with what every policy made of it.
#[derive(Clone, Debug)]
pub struct Played<S> {
    /// The seed that the afternoon comes from.
    pub seed: S,
    /// How many rides could have begun, if that was worked out.
    pub bound: Option<f64>,
    /// What each policy got.
    pub figures: Vec<(Policy, Figures)>,
}

/// The same scenario over several seeds.
#[derive(Clone, Debug)]
pub struct Section {
    /// What was played.
    pub scenario: Scenario,
    /// One for each seed.
    pub days: Vec<Played<Test>>,
}

/// Plays one afternoon under several policies.
///
/// # Errors
/// When a play goes wrong, or the solver cannot be run.
pub fn judge<S: Seed>(
    seed: S,
    scenario: Scenario,
    town: &Town,
    policies: &[Policy],
    solver: Option<&Solver>,
) -> anyhow::Result<Played<S>> {
    let day = Day::generate(seed, scenario, town)?;
    let kmh = town.usual_kmh(scenario.from_s, scenario.hours);
    let one = |policy: &Policy| {
        let (_, ledger) = play(&day, town, policy.settings(kmh))?;
        Ok((*policy, ledger.figures(scenario.hours)))
    };
    let figures = policies.iter().map(one).collect::<anyhow::Result<_>>()?;
    let bound = solver.map(|solver| fluid::bound(&day, town, solver)).transpose()?;
    Ok(Played { seed, bound, figures })
}

impl Section {
    /// Plays all of it.
    ///
    /// # Errors
    /// When a play goes wrong, or the solver cannot be run.
    pub fn of(scenario: Scenario, seeds: u32, town: &Town, solver: Option<&Solver>) -> anyhow::Result<Self> {
        let mut days = Vec::new();
        for seed in Test::first(seeds) {
            let played = judge(seed, scenario, town, &Policy::ALL, solver)?;
            for (policy, figures) in &played.figures {
                eprintln!(
                    "{} rides/h, seed {}: {}: {figures:?}",
                    scenario.rides_per_hour,
                    seed.number(),
                    policy.name()
                );
            }
            days.push(played);
        }
        Ok(Self { scenario, days })
    }

    fn spread(&self, policy: Policy, of: impl Fn(&Played<Test>, &Figures) -> f64) -> Spread {
        let values = self.days.iter().flat_map(|day| {
            let own = day.figures.iter().filter(|(other, _)| *other == policy);
            own.map(|(_, figures)| of(day, figures)).collect::<Vec<_>>()
        });
        Spread::of(values)
    }

    /// A row for each policy: the median over the seeds, and the least to the most.
    #[must_use]
    pub fn table(&self) -> String {
        let mut text = String::from(
            "| policy | served, % | of the bound, % | wait mean, min | wait p95, min | empty km | rides per courier \
             and hour | Gini of income | Gini of rides | offers per ride |\n\
             | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n",
        );
        for policy in Policy::ALL {
            let _ = write!(text, "| {} |", policy.name());
            let mut cell = |decimals: usize, of: &dyn Fn(&Played<Test>, &Figures) -> f64| {
                let Spread { median, least, most } = self.spread(policy, of);
                let _ = write!(text, " **{median:.decimals$}** ({least:.decimals$} to {most:.decimals$}) |");
            };
            cell(1, &|_, figures| 100.0 * figures.share);
            cell(1, &|day, figures| {
                day.bound.map_or(0.0, |bound| 100.0 * f64::from(figures.served) / bound.max(1.0))
            });
            cell(1, &|_, figures| figures.wait_mean_s / 60.0);
            cell(1, &|_, figures| figures.wait_p95_s / 60.0);
            cell(2, &|_, figures| figures.empty_km);
            cell(2, &|_, figures| figures.rides_per_hour);
            cell(3, &|_, figures| figures.gini_income);
            cell(3, &|_, figures| figures.gini_rides);
            cell(2, &|_, figures| figures.offers);
            text.push('\n');
        }
        text
    }
}

/// The report.
#[must_use]
pub fn report(town: &Town, sections: &[Section], defaults: &str) -> String {
    let mut tables = String::new();
    for section in sections {
        let Scenario { couriers, rides_per_hour, hours, .. } = section.scenario;
        let bound = Spread::of(section.days.iter().filter_map(|day| day.bound));
        let wishes = section.days.iter().filter_map(|day| day.figures.first());
        let wishes = Spread::of(wishes.map(|(_, figures)| f64::from(figures.wishes)));
        let _ = write!(
            tables,
            "### {rides_per_hour} rides an hour, {couriers} couriers, {hours} h\n\n\
             Wanted: {:.0} rides. At most {:.0} could have begun.\n\n{}\n",
            wishes.median,
            bound.median,
            section.table()
        );
    }
    let seeds = sections.first().map_or(0, |section| section.days.len());
    include_str!("report.md")
        .replace("{version}", &super::day::VERSION.to_string())
        .replace("{town}", &town.name)
        .replace("{zones}", &town.zones.len().to_string())
        .replace("{seeds}", &seeds.to_string())
        .replace("{ours}", defaults)
        .replace("{tables}", tables.trim_end())
}
