//! The policies that are compared: the engine's own, with other knobs.

use peerpack_actors::dispatch::{Rule, Settings};

/// A way to choose couriers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Policy {
    /// Each order at once to the nearest courier.
    Nearest,
    /// Each order at once, by the simple rule: fewest orders today, then the nearest.
    Simple,
    /// Each order at once, by the scored rule.
    Scored,
    /// The scored rule, in batches of so many milliseconds.
    Batches(u32),
    /// Ours: what was found on training seeds.
    Ours,
}

impl Policy {
    /// All of them, in the order of the report.
    pub const ALL: [Self; 6] =
        [Self::Nearest, Self::Simple, Self::Scored, Self::Batches(1_000), Self::Batches(2_000), Self::Ours];

    /// Its name in the report.
    #[must_use]
    pub fn name(self) -> String {
        match self {
            Self::Nearest => "nearest, at once".to_owned(),
            Self::Simple => "fewest orders, then nearest, at once".to_owned(),
            Self::Scored => "scored, at once".to_owned(),
            Self::Batches(ms) => format!("scored, batches of {} s", f64::from(ms) / 1_000.0),
            Self::Ours => "ours".to_owned(),
        }
    }

    /// The same as knobs of the dispatch, for a town with traffic of this speed.
    #[must_use]
    pub fn settings(self, usual_kmh: f64) -> Settings {
        let town = Settings { speed_kmh: usual_kmh, ..Settings::default() };
        match self {
            Self::Nearest => Settings {
                w_eta: 1.0,
                w_deadhead: 0.0,
                w_reject: 0.0,
                w_cancel: 0.0,
                w_fairness: 0.0,
                w_zone: 0.0,
                w_quality: 0.0,
                batch_ms: 0,
                ..town
            },
            Self::Simple => Settings { rule: Rule::Simple, batch_ms: 0, ..town },
            Self::Scored => Settings { rule: Rule::Scored, batch_ms: 0, ..town },
            Self::Batches(batch_ms) => Settings { rule: Rule::Scored, batch_ms, ..town },
            Self::Ours => Settings { batch_ms: 2_000, ..town },
        }
    }
}

/// What ours is, in words.
pub const OURS: &str = "the scored rule in batches of 2 s";
