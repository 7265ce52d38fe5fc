//! What calling off costs, and whom: one table, for what is shown before the tap, for the step itself and for
//! the answer to it.

#![warn(clippy::wildcard_enum_match_arm)]

use serde::{Deserialize, Serialize};

use super::phase::RequestPhase;
use crate::money::Amount;

/// How far a package has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema), schema(as = CancellationStage))]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// No courier has it in the plan.
    BeforeAcceptance,
    /// A courier has accepted and has not picked it up.
    AfterAcceptance,
    /// The courier has it, or has handed it over.
    AfterPickup,
}

impl Stage {
    /// Every stage, in order.
    pub const ALL: [Self; 3] = [Self::BeforeAcceptance, Self::AfterAcceptance, Self::AfterPickup];

    /// The stage of a package by its deal's state, if it has a deal.
    #[must_use]
    pub const fn of(deal: Option<RequestPhase>) -> Self {
        match deal {
            Some(RequestPhase::Accepted) => Self::AfterAcceptance,
            Some(
                RequestPhase::PickedUp
                | RequestPhase::Delivered
                | RequestPhase::Confirmed
                | RequestPhase::Disputed,
            ) => Self::AfterPickup,
            None
            | Some(
                RequestPhase::Pending
                | RequestPhase::Agreed
                | RequestPhase::Declined
                | RequestPhase::Expired
                | RequestPhase::Withdrawn
                | RequestPhase::Taken
                | RequestPhase::Cancelled,
            ) => Self::BeforeAcceptance,
        }
    }
}

/// Who calls off.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema), schema(as = CancelledBy))]
#[serde(rename_all = "snake_case")]
pub enum Who {
    /// Who sends the package.
    Sender,
    /// Who carries it.
    Courier,
    /// An operator, for what neither of them ends.
    Operator,
}

impl Who {
    /// Everybody who may.
    pub const ALL: [Self; 3] = [Self::Sender, Self::Courier, Self::Operator];
}

/// What comes of calling off.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Consequence {
    /// It is called off, and the sender gets the whole reward back.
    Refund {
        /// Whether the package looks for another courier then.
        looks_on: bool,
    },
    /// It cannot be called off any more: a sender who was not served disputes, and an operator decides.
    Dispute,
    /// There is nothing that this person could call off.
    Nothing,
}

/// What calling off means at a stage, by who does it.
#[must_use]
pub const fn consequence(stage: Stage, by: Who) -> Consequence {
    match (stage, by) {
        (Stage::BeforeAcceptance, Who::Courier) => Consequence::Nothing,
        (Stage::AfterAcceptance, Who::Courier) => Consequence::Refund { looks_on: true },
        (Stage::BeforeAcceptance | Stage::AfterAcceptance, Who::Sender | Who::Operator)
        | (Stage::AfterPickup, Who::Operator) => Consequence::Refund { looks_on: false },
        (Stage::AfterPickup, Who::Sender | Who::Courier) => Consequence::Dispute,
    }
}

/// What the sender gets back of a reward, if the package can be called off at all.
#[must_use]
pub fn refund(stage: Stage, by: Who, reward: Amount) -> Option<Amount> {
    matches!(consequence(stage, by), Consequence::Refund { .. }).then_some(reward)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::Currency;

    #[test]
    fn until_the_pickup_everything_comes_back_and_afterwards_an_operator_decides() {
        use Consequence::{Dispute, Nothing, Refund};
        let back = |looks_on| Refund { looks_on };
        let table = [
            (Stage::BeforeAcceptance, [back(false), Nothing, back(false)]),
            (Stage::AfterAcceptance, [back(false), back(true), back(false)]),
            (Stage::AfterPickup, [Dispute, Dispute, back(false)]),
        ];
        for (stage, expected) in table {
            assert_eq!(Who::ALL.map(|by| consequence(stage, by)), expected, "{stage:?}");
        }
        let reward = Amount::new(50_001, Currency::Rub);
        assert_eq!(refund(Stage::AfterAcceptance, Who::Sender, reward), Some(reward));
        assert_eq!(refund(Stage::AfterPickup, Who::Sender, reward), None);
    }

    #[test]
    fn each_state_of_a_deal_has_its_stage() {
        use RequestPhase as P;
        assert_eq!(Stage::of(None), Stage::BeforeAcceptance);
        for phase in [P::Pending, P::Agreed, P::Declined, P::Expired, P::Withdrawn, P::Taken, P::Cancelled] {
            assert_eq!(Stage::of(Some(phase)), Stage::BeforeAcceptance, "{phase:?}");
        }
        assert_eq!(Stage::of(Some(P::Accepted)), Stage::AfterAcceptance);
        for phase in [P::PickedUp, P::Delivered, P::Confirmed, P::Disputed] {
            assert_eq!(Stage::of(Some(phase)), Stage::AfterPickup, "{phase:?}");
        }
    }
}
