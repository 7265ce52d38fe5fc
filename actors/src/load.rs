//! What a package takes and what a trip offers: weight, volume and slots.

use serde::{Deserialize, Serialize};

/// A dimension that its owner did not state. Large enough never to bind, small enough never to overflow a sum.
pub const UNSTATED: u32 = 1_000_000_000;

/// The largest weight of one package or one trip, in grams.
pub const MAX_WEIGHT_G: u32 = 2_000_000;

/// An amount of carrying: the need of a package or the capacity of a leg.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Hash, Serialize, Deserialize)]
pub struct Load {
    /// Grams.
    pub weight_g: u32,
    /// Millilitres.
    pub volume_ml: u32,
    /// Pieces of luggage, seats, shelves: whatever the courier counts.
    pub slots: u32,
}

impl Load {
    /// Nothing at all.
    pub const NONE: Self = Self { weight_g: 0, volume_ml: 0, slots: 0 };

    /// Whether this load has room within `capacity`, in every dimension.
    #[must_use]
    pub const fn fits(self, capacity: Self) -> bool {
        self.weight_g <= capacity.weight_g
            && self.volume_ml <= capacity.volume_ml
            && self.slots <= capacity.slots
    }

    /// Both loads together; `None` when a dimension overflows.
    #[must_use]
    pub fn plus(self, other: Self) -> Option<Self> {
        Some(Self {
            weight_g: self.weight_g.checked_add(other.weight_g)?,
            volume_ml: self.volume_ml.checked_add(other.volume_ml)?,
            slots: self.slots.checked_add(other.slots)?,
        })
    }

    /// What is left of this capacity after `other`; `None` when there is not enough.
    #[must_use]
    pub fn minus(self, other: Self) -> Option<Self> {
        Some(Self {
            weight_g: self.weight_g.checked_sub(other.weight_g)?,
            volume_ml: self.volume_ml.checked_sub(other.volume_ml)?,
            slots: self.slots.checked_sub(other.slots)?,
        })
    }

    /// The smaller of both in each dimension.
    #[must_use]
    pub fn min(self, other: Self) -> Self {
        Self {
            weight_g: self.weight_g.min(other.weight_g),
            volume_ml: self.volume_ml.min(other.volume_ml),
            slots: self.slots.min(other.slots),
        }
    }
}
