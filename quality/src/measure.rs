//! Plays the policies on worlds and compares what they got with what could have been had.

use peerpack_actors::matching::Settings;
use peerpack_actors::time::Span;

use crate::baselines::{BestAtOnce, BruteForce, FirstCome};
use crate::engine::{Engine, Manners};
use crate::generator::{Scenario, Towns, World};
use crate::hindsight::{Bound, Solver, solve};
use crate::market::Market;
use crate::seed::{Seed, Training};
use crate::simulation::play;

/// Longer than any window: a package is confirmed when its courier has to know.
const FLEXIBLE: Span = Span::days(60);

/// A way to run the market.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Rule {
    /// See [`FirstCome`].
    FirstCome,
    /// See [`BestAtOnce`].
    BestAtOnce,
    /// See [`BruteForce`].
    BruteForce,
    /// The engine without prices of room, at once.
    Unpriced,
    /// The engine, and how long the sender leaves it.
    Engine(Option<Span>),
}

impl Rule {
    /// All of them, in the order of the report.
    pub const ALL: [Self; 9] = [
        Self::FirstCome,
        Self::BestAtOnce,
        Self::BruteForce,
        Self::Unpriced,
        Self::Engine(None),
        Self::Engine(Some(Span::minutes(15))),
        Self::Engine(Some(Span::hours(6))),
        Self::Engine(Some(Span::hours(24))),
        Self::Engine(Some(FLEXIBLE)),
    ];

    /// Those of [`ALL`](Self::ALL) that ask couriers and wait for their answers.
    pub const ASKING: [Self; 5] = [Self::ALL[4], Self::ALL[5], Self::ALL[6], Self::ALL[7], Self::ALL[8]];

    /// Its name in the report.
    #[must_use]
    pub fn name(self) -> String {
        match self {
            Self::FirstCome => "nearest origin, first come".to_owned(),
            Self::BestAtOnce => "best value, at once".to_owned(),
            Self::BruteForce => "best value, at once, by brute force".to_owned(),
            Self::Unpriced => "engine, at once, room is free".to_owned(),
            Self::Engine(None) => "engine, at once".to_owned(),
            Self::Engine(Some(FLEXIBLE)) => "engine, flexible".to_owned(),
            Self::Engine(Some(within)) if within < Span::hours(1) => {
                format!("engine, confirm within {} min", within.ms() / 60_000)
            }
            Self::Engine(Some(within)) => {
                format!("engine, confirm within {} h", within.ms() / 3_600_000)
            }
        }
    }
}

/// One world with what every rule made of it.
#[derive(Clone, Debug)]
pub struct Measured<S> {
    /// The seed that the world comes from.
    pub seed: S,
    /// Kilogram-kilometres asked for, for each that there is room for.
    pub load_ratio: f64,
    /// What could have been had.
    pub bound: Bound,
    /// The part of the proven bound that each rule got, 0 to 1.
    pub shares: Vec<(Rule, f64)>,
}

/// The world of a seed, ready to be played by any rule.
pub struct Prepared<S> {
    /// The world itself.
    pub world: World<S>,
    /// What could have been had.
    pub bound: Bound,
    past: World<Training>,
    manners: Manners,
}

impl<S: Seed> Prepared<S> {
    /// Makes the world and its past, and solves it.
    ///
    /// # Errors
    /// When the solver cannot be run.
    pub fn new(
        seed: S,
        scenario: Scenario,
        manners: Manners,
        settings: &Settings,
        towns: &Towns,
        solver: &Solver,
    ) -> anyhow::Result<Self> {
        let world = World::generate(seed, scenario, towns);
        let past = World::generate(Training::past_of(seed), scenario, towns);
        let bound = solve(&world, manners, settings, solver)?;
        Ok(Self { world, bound, past, manners })
    }

    /// Plays the rules, and forgets the world.
    #[must_use]
    pub fn measure(self, rules: &[Rule], settings: &Settings) -> Measured<S> {
        let shares = rules.iter().map(|rule| (*rule, self.share(*rule, settings))).collect();
        Measured { seed: self.world.seed, load_ratio: self.world.load_ratio(), bound: self.bound, shares }
    }

    /// The part of the proven bound that a rule gets, 0 to 1.
    #[must_use]
    pub fn share(&self, rule: Rule, settings: &Settings) -> f64 {
        self.play(rule, settings).value_rub() / self.bound.bound_rub
    }

    /// The market after a rule was played on it.
    #[must_use]
    pub fn play(&self, rule: Rule, settings: &Settings) -> Market {
        let engine = |within, settings: &Settings| Engine::new(&self.past, within, self.manners, settings);
        let world = &self.world;
        match rule {
            Rule::FirstCome => play(world, &mut FirstCome, None, settings),
            Rule::BestAtOnce => play(world, &mut BestAtOnce, None, settings),
            Rule::BruteForce => play(world, &mut BruteForce, None, settings),
            Rule::Unpriced => {
                let free = Settings { demand_share: 0.0, ..settings.clone() };
                play(world, &mut engine(None, &free), None, &free)
            }
            Rule::Engine(within) => play(world, &mut engine(within, settings), within, settings),
        }
    }
}
