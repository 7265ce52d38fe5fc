//! Where a courier on duty is, as far as that can be believed, and what of it others are told.

use super::settings::Settings;
use crate::place::Position;
use crate::time::{Span, Time};

/// Watchers are told of a courier at most so often.
pub const TOLD_EVERY: Span = Span::from_ms(500);

/// And not before the courier is so far away from where they were told last, in kilometres.
pub const TOLD_KM: f64 = 0.01;

/// Other nodes hear at least so often of a courier who stands still, and in any case three times while a
/// position is fresh: they could not ask the courier otherwise.
const REPEATED_EVERY: Span = Span::seconds(30);

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

/// Who is to be told of a position.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Telling {
    /// Those who watch.
    pub watchers: bool,
    /// The other nodes.
    pub nodes: bool,
}

/// The last positions of one courier.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Track {
    believed: Option<Fix>,
    doubted: Option<Fix>,
    /// What watchers were told last.
    told: Option<Fix>,
    /// When the other nodes were told last.
    passed_on: Option<Time>,
    /// When the courier said anything last.
    heard: Option<Time>,
}

impl Track {
    /// Where the courier was last, as far as it is believed.
    #[must_use]
    pub const fn last(&self) -> Option<Fix> {
        self.believed
    }

    /// When the courier has said last where they are, whatever was made of it.
    #[must_use]
    pub const fn heard(&self) -> Option<Time> {
        self.heard
    }

    /// Takes in a position.
    pub fn take(&mut self, fix: Fix, settings: &Settings) -> Sighting {
        self.heard = self.heard.max(Some(fix.at));
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

    /// Who is to be told where the courier is now, and notes that they are: watchers at most twice a second
    /// and not of less than ten metres, whichever node has heard it; other nodes of the same, and again while
    /// the courier stands still.
    pub fn tell(&mut self, settings: &Settings) -> Telling {
        let Some(fix) = self.believed else { return Telling::default() };
        let watchers = self.told.is_none_or(|told| {
            fix.at.since(told.at) >= TOLD_EVERY && told.position.distance_km(fix.position) >= TOLD_KM
        });
        let repeated = REPEATED_EVERY.min(settings.position_fresh().percent(33));
        let nodes = watchers || self.passed_on.is_none_or(|at| fix.at.since(at) >= repeated);
        if watchers {
            self.told = Some(fix);
        }
        if nodes {
            self.passed_on = Some(fix.at);
        }
        Telling { watchers, nodes }
    }

    /// Forgets every position from before a time, and keeps when the courier was heard. Whether it was known
    /// where they are, and is no more.
    pub fn forget(&mut self, before: Time) -> bool {
        let was_known = self.believed.is_some();
        for kept in [&mut self.believed, &mut self.doubted, &mut self.told] {
            *kept = kept.filter(|fix| fix.at >= before);
        }
        was_known && self.believed.is_none()
    }
}

fn is_possible(from: Fix, to: Fix, settings: &Settings) -> bool {
    let hours = to.at.since(from.at).ms() as f64 / 3_600_000.0;
    from.position.distance_km(to.position) <= SLACK_KM + settings.doubted_kmh * hours
}
