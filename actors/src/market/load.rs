//! What a package takes and what a trip offers: weight, volume and slots.

use serde::{Deserialize, Serialize};

/// A dimension that its owner did not state. Large enough never to bind, small enough never to overflow a
/// sum.
pub const UNSTATED: u32 = 1_000_000_000;

/// The largest weight of one package or one trip, in grams.
pub const MAX_WEIGHT_G: u32 = 2_000_000;

/// How large a package is, in the words of the Mini App.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum SizeClass {
    /// 1 litre.
    Xs,
    /// 5 litres.
    S,
    /// 20 litres.
    M,
    /// 60 litres.
    L,
}

impl SizeClass {
    /// The volume that a package of this class counts with, millilitres.
    #[must_use]
    pub const fn volume_ml(self) -> u32 {
        match self {
            Self::Xs => 1_000,
            Self::S => 5_000,
            Self::M => 20_000,
            Self::L => 60_000,
        }
    }
}

/// How heavy a package is, in the words of the Mini App.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum WeightClass {
    /// Up to 1 kg.
    Light,
    /// Up to 5 kg.
    Medium,
    /// Up to 10 kg.
    Heavy,
    /// Up to 20 kg.
    VeryHeavy,
}

impl WeightClass {
    /// The weight that a package of this class counts with, grams.
    #[must_use]
    pub const fn weight_g(self) -> u32 {
        match self {
            Self::Light => 1_000,
            Self::Medium => 5_000,
            Self::Heavy => 10_000,
            Self::VeryHeavy => 20_000,
        }
    }
}

/// What a trip can carry, in the words of the Mini App.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum CapacityClass {
    /// 1 kg.
    Small,
    /// 5 kg.
    Medium,
    /// 10 kg.
    Large,
    /// 20 kg.
    Xl,
}

impl CapacityClass {
    /// The weight that a trip of this class can carry, grams.
    #[must_use]
    pub const fn weight_g(self) -> u32 {
        match self {
            Self::Small => 1_000,
            Self::Medium => 5_000,
            Self::Large => 10_000,
            Self::Xl => 20_000,
        }
    }
}

/// An amount of carrying: the need of a package or the capacity of a leg.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Hash, Serialize, Deserialize)]
pub struct Load {
    /// Weight, grams.
    pub weight_g: u32,
    /// Volume, millilitres.
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
