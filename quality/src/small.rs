//! Small markets: a few trips and a handful of parcels on one way, where somebody has published a lot and
//! called it all off. There is nothing to learn there, so anybody who keeps room waiting loses.

use std::fmt::Write as _;
use std::ops::RangeInclusive;

use peerpack_actors::matching::Settings;

use crate::baselines::FirstCome;
use crate::engine::{Engine, Manners};
use crate::generator::{Towns, World};
use crate::seed::{Seed, Test, Training};
use crate::simulation::play;

/// How many trips a market has; each row of the table is one of these.
pub const SIZES: [RangeInclusive<usize>; 4] = [1..=1, 2..=5, 6..=10, 11..=20];

/// What came of some small markets.
#[derive(Clone, Debug)]
pub struct Row {
    /// How many trips each had.
    pub trips: RangeInclusive<usize>,
    /// Of each market, what the engine got at once and what the first to come got, in roubles.
    pub values: Vec<(f64, f64)>,
}

impl Row {
    /// Plays a market for each seed.
    #[must_use]
    pub fn of<S: Seed>(
        trips: RangeInclusive<usize>,
        seeds: impl Iterator<Item = S>,
        towns: &Towns,
        settings: &Settings,
    ) -> Self {
        let one = |seed: S| {
            let sizes = trips.end() - trips.start() + 1;
            let count = trips.start() + seed.number() as usize % sizes;
            let world = World::small(seed, count, towns);
            let past = World::empty(Training::past_of(seed), world.scenario);
            let mut engine = Engine::new(&past, None, Manners::WILLING, settings);
            let ours = play(&world, &mut engine, None, settings).value_rub();
            let first = play(&world, &mut FirstCome, None, settings).value_rub();
            (ours, first)
        };
        let values = seeds.map(one).collect();
        Self { trips, values }
    }

    /// In how many markets the engine is behind.
    #[must_use]
    pub fn behind(&self) -> usize {
        self.values.iter().filter(|(ours, first)| ours + 1e-6 < *first).count()
    }

    /// All that the engine got, over all that the first to come got.
    #[must_use]
    pub fn ratio(&self) -> f64 {
        let sum = |of: fn(&(f64, f64)) -> f64| self.values.iter().map(of).sum::<f64>();
        sum(|value| value.0) / sum(|value| value.1).max(1.0)
    }
}

/// The rows on test seeds.
#[must_use]
pub fn rows(worlds: u32, towns: &Towns, settings: &Settings) -> Vec<Row> {
    SIZES.into_iter().map(|trips| Row::of(trips, Test::first(worlds), towns, settings)).collect()
}

/// The rows as a table.
#[must_use]
pub fn table(rows: &[Row]) -> String {
    let mut text = String::from(
        "| trips | markets | engine at once, of first come | ahead in | behind in |\n| --- | --- | --- | --- | --- |\n",
    );
    for row in rows {
        let ahead = row.values.iter().filter(|(ours, first)| *ours > first + 1e-6).count();
        let (least, most) = (row.trips.start(), row.trips.end());
        let trips = if least == most { least.to_string() } else { format!("{least} to {most}") };
        let _ = writeln!(
            text,
            "| {trips} | {} | **{:.1} %** | {ahead} | {} |",
            row.values.len(),
            100.0 * row.ratio(),
            row.behind()
        );
    }
    text
}
