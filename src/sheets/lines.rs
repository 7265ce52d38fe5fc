//! What an import would change.

use super::{Cell, Line};

/// What becomes of a line.
#[derive(Clone, PartialEq, Debug)]
pub enum Change<L> {
    /// There is no such thing yet.
    New(L),
    /// There is, and it says something else.
    Changed(L),
    /// It says what is there.
    Same,
    /// Its id is nobody's.
    Unknown(L),
}

/// What each line would change, with the number of its row. `known` finds what there is by its id. Two lines
/// say the same if their cells do, as they are written.
#[must_use]
pub fn compare<L: Line>(lines: Vec<(u32, L)>, known: impl Fn(&str) -> Option<L>) -> Vec<(u32, Change<L>)> {
    let change = |line: L| match line.id().map(|id| known(&id)) {
        None => Change::New(line),
        Some(None) => Change::Unknown(line),
        Some(Some(there)) if there.cells() == line.cells() => Change::Same,
        Some(Some(_)) => Change::Changed(line),
    };
    lines.into_iter().map(|(row, line)| (row, change(line))).collect()
}

/// Whether two texts differ in nothing but how their lines are broken.
#[must_use]
pub fn is_same_text(one: &str, other: &str) -> bool {
    Cell::text(one) == Cell::text(other)
}
