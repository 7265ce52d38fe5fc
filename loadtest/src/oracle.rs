//! The oracle: says what went wrong, from nothing but what the clients were told and what they did.
//!
//! Each checker is a function of the [`History`] and has tests that plant the fault it must see. Within one
//! user's stream the numbers give the exact order of events, so no checker needs to compare clocks of
//! different users.

mod chats;
mod endings;
mod existence;
mod facts;
mod history;
mod orders;
mod paths;
mod position;
mod reception;
mod record;
mod room;
mod stored;
mod streams;
mod talk;
mod telling;
#[cfg(test)]
mod testing;
mod winners;

use std::fmt;

use peerpack_actors::time::Span;
use serde::Serialize;

pub use history::{Command, Fact, History, Outcome, PackageFacts, Step, Stream, Told, TripFacts, What};
pub use reception::{Reception, Receptions};
pub use record::{Entry, Kind};
pub use stored::Stored;
pub use talk::{Kept, Line, Reply, Talk, Word, text_digest};

/// What was promised and not kept.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// A package has one courier at a time.
    OneWinner,
    /// The answers on a package fit one order.
    OneOrder,
    /// The parcels on a leg fit into its capacity, the detours into the budget.
    Room,
    /// Nothing is offered or accepted after its end.
    NothingAfterTheEnd,
    /// Requests go their way step by step.
    PathForward,
    /// Everybody concerned is told, and every command is answered.
    EverybodyTold,
    /// Streams have no gaps and no repeats.
    WholeStreams,
    /// What was acknowledged or told exists, and once.
    ExistsOnce,
    /// Chats are the same for both, and nobody else's.
    Chats,
}

impl Rule {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::OneWinner,
        Self::OneOrder,
        Self::Room,
        Self::NothingAfterTheEnd,
        Self::PathForward,
        Self::EverybodyTold,
        Self::WholeStreams,
        Self::ExistsOnce,
        Self::Chats,
    ];

    /// What it says in the report, with the numbers of the promises and of the core's invariants.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::OneWinner => "one winner per package (AS-1, INV-1)",
            Self::OneOrder => "the answers on each package fit one order of its commands (AS-1)",
            Self::Room => "room on every leg, detours within the budget (AS-2, INV-2)",
            Self::NothingAfterTheEnd => "nothing offered or accepted after its end (AS-1)",
            Self::PathForward => "requests go their way step by step, never back in time (INV-8)",
            Self::EverybodyTold => {
                "everybody concerned is told, every command answered once and truly (RT-1, RT-11, AS-3)"
            }
            Self::WholeStreams => {
                "streams whole and as stored, each change told once (RT-2 to RT-4, INV-7, INV-9)"
            }
            Self::ExistsOnce => "what was acknowledged or told exists, and once (AS-1, AS-4, INV-10)",
            Self::Chats => {
                "each message acknowledged is told once to the two and nobody else, in one order, and stored so"
            }
        }
    }
}

/// A promise that was not kept.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Violation {
    /// The rule that was broken.
    pub rule: Rule,
    /// What was seen that contradicts the promise, in words.
    pub what: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.rule.title(), self.what)
    }
}

/// How late an offer may arrive or be accepted after it ended: the way to the client, and its clock.
const TOLERANCE: Span = Span::seconds(2);

/// Everything that went wrong. To be asked when all is quiet.
#[must_use]
pub fn judge(history: &History) -> Vec<Violation> {
    let mut violations = Vec::new();
    let mut note = |rule: Rule, found: Vec<String>| {
        violations.extend(found.into_iter().map(|what| Violation { rule, what }));
    };
    note(Rule::OneWinner, winners::check(history));
    note(Rule::OneOrder, orders::check(history));
    note(Rule::Room, room::check(history));
    note(Rule::NothingAfterTheEnd, endings::check(history, TOLERANCE));
    note(Rule::PathForward, paths::check(history));
    note(Rule::EverybodyTold, telling::check(history));
    note(Rule::WholeStreams, streams::check(history));
    note(Rule::ExistsOnce, existence::check(history));
    note(Rule::Chats, chats::check(history));
    violations
}

/// What was acknowledged and is not in the store, for a run that can look into it. To be asked when all is
/// quiet.
#[must_use]
pub fn judge_stored(history: &History, stored: &Stored) -> Vec<Violation> {
    let found = stored::check(history, stored).into_iter();
    found.map(|what| Violation { rule: Rule::ExistsOnce, what }).collect()
}
