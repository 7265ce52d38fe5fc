//! The legs of a trip: from one stop to the next.

use serde::{Deserialize, Serialize};

/// The number of a leg, from 0.
pub type LegIndex = u16;

/// A consecutive run of legs, `from` included, `to` not.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash, Serialize, Deserialize)]
pub struct LegSpan {
    /// The first leg used.
    pub from: LegIndex,
    /// One past the last leg used.
    pub to: LegIndex,
}

impl LegSpan {
    /// The legs as a range for slices.
    #[must_use]
    pub fn range(self) -> std::ops::Range<usize> {
        usize::from(self.from)..usize::from(self.to)
    }
}
