//! What a sender publishes, and its bounds.

use serde::{Deserialize, Serialize};

use crate::market::load::{Load, MAX_WEIGHT_G};
use crate::money::fees::FeeKind;
use crate::money::{Amount, MAX_MINOR};
use crate::place::{PlaceId, Position};
use crate::rejection::Rejection;
use crate::time::{Span, Time};

/// The longest time from ready to deliver.
pub const MAX_WINDOW: Span = Span::days(180);

/// An end of a package's way: a named place and the exact point.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct End {
    /// The named place.
    pub place: PlaceId,
    /// The exact point of the address.
    pub position: Position,
    /// The address in free words.
    pub address: String,
}

/// How a package finds its courier.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// The engine offers it; the first courier to accept gets it.
    #[default]
    Instant,
    /// Couriers respond or are asked; people choose.
    Choose,
}

impl Mode {
    /// The word on the wire and in the store.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Instant => "instant",
            Self::Choose => "choose",
        }
    }

    /// The fee that is taken for it.
    #[must_use]
    pub const fn fee_kind(self) -> FeeKind {
        match self {
            Self::Instant => FeeKind::Instant,
            Self::Choose => FeeKind::Choose,
        }
    }
}

/// What a sender publishes.
#[derive(Clone, PartialEq, Debug)]
pub struct PackageDraft {
    /// Where it gets on.
    pub pickup: End,
    /// Where it gets off.
    pub dropoff: End,
    /// The room that it takes.
    pub load: Load,
    /// The earliest moment of the pickup.
    pub ready_at: Time,
    /// The latest moment of the delivery.
    pub deliver_by: Time,
    /// What the courier earns, the platform's fee included.
    pub reward: Amount,
    /// What it is, in the sender's words.
    pub description: String,
    /// The size class as the client named it.
    pub size: String,
    /// The weight class as the client named it.
    pub weight: String,
    /// Labels of the sender's own.
    pub tags: Vec<String>,
    /// How it finds its courier.
    pub mode: Mode,
    /// When the sender wants to know the courier at the latest. Until then couriers' acceptances of the
    /// engine's offers stand side by side, and the best one may change; `None` makes the first acceptance a
    /// deal at once.
    pub confirm_by: Option<Time>,
    /// A pattern to publish from, not a package to carry.
    pub template: bool,
}

impl PackageDraft {
    /// Whether it may be published.
    pub(super) fn check(&self, now: Time) -> Result<(), Rejection> {
        self.faults(now).next().map_or(Ok(()), Err)
    }

    /// Everything that keeps it from being published, field by field.
    pub fn faults(&self, now: Time) -> impl Iterator<Item = Rejection> {
        let when = |holds: bool, field, reason| holds.then_some(Rejection::Invalid { field, reason });
        // A pattern has no times of its own.
        let timed = |holds: bool, field, reason| when(holds && !self.template, field, reason);
        let is_late = self.deliver_by.since(self.ready_at.max(now)) > MAX_WINDOW;
        let is_after_all = self.confirm_by.is_some_and(|at| at > self.deliver_by);
        let is_chosen = self.confirm_by.is_some() && self.mode == Mode::Choose;
        let faults = [
            when(self.pickup.place == self.dropoff.place, "to", "pickup and delivery are the same place"),
            when(self.load.weight_g == 0, "weight_g", "must be more than zero"),
            when(self.load.weight_g > MAX_WEIGHT_G, "weight_g", "must be at most 2000 kg"),
            check_reward(self.reward).err(),
            timed(self.deliver_by <= now, "deliver_by", "is in the past"),
            timed(is_after_all, "confirm_by", "must not be after deliver_by"),
            timed(
                is_chosen,
                "confirm_by",
                "is for packages of mode instant: in mode choose the sender picks",
            ),
            timed(self.deliver_by <= self.ready_at, "deliver_by", "must be after ready_at"),
            timed(is_late, "deliver_by", "is more than 180 days ahead"),
        ];
        faults.into_iter().flatten()
    }
}

/// Whether a reward is within bounds, named by a sender or by a courier.
pub(super) fn check_reward(reward: Amount) -> Result<(), Rejection> {
    if (0..=MAX_MINOR).contains(&reward.minor) {
        return Ok(());
    }
    Err(Rejection::Invalid { field: "reward", reason: "must be from zero to ten million" })
}
