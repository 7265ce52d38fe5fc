//! Where a courier on duty is, as far as that can be believed.

use super::settings::Settings;
use crate::place::Position;
use crate::time::Time;

/// Two positions that are no farther apart agree at any speed: receivers are not more exact, in kilometres.
const SLACK_KM: f64 = 0.1;

/// A position and its time.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Fix {
    /// The position that was reported.
    pub position: Position,
    /// When the courier was there.
    pub at: Time,
}

/// What was made of a position.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sighting {
    /// The courier is there.
    Believed,
    /// Nobody is so quick: it counts when the next one agrees.
    Doubted,
    /// It is older than what is known.
    Old,
}

/// The last positions of one courier.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Track {
    believed: Option<Fix>,
    doubted: Option<Fix>,
}

impl Track {
    /// Where the courier was last, as far as it is believed.
    #[must_use]
    pub const fn last(&self) -> Option<Fix> {
        self.believed
    }

    /// Takes in a position.
    pub fn take(&mut self, fix: Fix, settings: &Settings) -> Sighting {
        let Some(last) = self.believed else {
            self.believed = Some(fix);
            return Sighting::Believed;
        };
        let latest = self.doubted.map_or(last.at, |doubted| doubted.at.max(last.at));
        if fix.at < latest {
            return Sighting::Old;
        }
        let agrees = |with: Fix| is_possible(with, fix, settings);
        if agrees(last) || self.doubted.is_some_and(agrees) {
            (self.believed, self.doubted) = (Some(fix), None);
            return Sighting::Believed;
        }
        self.doubted = Some(fix);
        Sighting::Doubted
    }
}

fn is_possible(from: Fix, to: Fix, settings: &Settings) -> bool {
    let hours = to.at.since(from.at).ms() as f64 / 3_600_000.0;
    from.position.distance_km(to.position) <= SLACK_KM + settings.doubted_kmh * hours
}
