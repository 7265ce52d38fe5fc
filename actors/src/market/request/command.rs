//! What can be asked of a request.

use super::Party;
use crate::ids::UserId;
use crate::time::Time;

/// What can be asked of a request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum RequestCommand {
    /// The other party agrees.
    Accept {
        /// The party that accepts.
        by: UserId,
    },
    /// The engine chooses this courier of those who have agreed.
    Choose,
    /// The sender chooses this courier: one who has responded, or one who has agreed. Whom the package is
    /// with already is chosen already.
    Select {
        /// The caller, who must be the sender.
        by: UserId,
    },
    /// The other party says no.
    Decline {
        /// The party that declines.
        by: UserId,
        /// Why, in their words.
        reason: Option<String>,
    },
    /// The party who started it takes it back.
    Withdraw {
        /// The party that has started it.
        by: UserId,
    },
    /// Its time is over.
    Expire,
    /// The courier takes the package.
    PickUp {
        /// The caller, who must be the courier.
        by: UserId,
    },
    /// The courier has handed the package over. From `accepted` this implies the pickup.
    Deliver {
        /// The caller, who must be the courier.
        by: UserId,
    },
    /// The sender confirms the delivery.
    Confirm {
        /// The caller, who must be the sender.
        by: UserId,
    },
    /// The sender has had time enough to say something: the delivery counts as confirmed.
    Settle {
        /// The latest moment of a delivery that counts.
        delivered_by: Time,
    },
    /// The sender disputes the delivery; or, once the package should have arrived, that there was one.
    Dispute {
        /// The caller, who must be the sender.
        by: UserId,
        /// Why, in their words.
        reason: String,
    },
    /// An operator ends a dispute, or a deal that neither party ends: the courier is paid, or the sender gets
    /// the money back. The caller has made sure that it comes from an operator.
    Resolve {
        /// Who is in the right. What was not delivered is not paid for without a dispute.
        in_favour_of: Party,
        /// The operator; nobody decides a case of their own.
        by: UserId,
    },
    /// An operator pays the courier a part of the reward and gives the sender the rest. Anybody who gives
    /// this command has made sure that it comes from an operator.
    Split {
        /// The courier's part before the fee, in minor units.
        courier_minor: i64,
        /// The operator; nobody decides a case of their own.
        by: UserId,
    },
    /// Either party calls the deal off before pickup.
    Cancel {
        /// The party that calls it off.
        by: UserId,
    },
}

impl RequestCommand {
    /// The step in the imperative, for people.
    #[must_use]
    pub const fn action(&self) -> &'static str {
        match self {
            Self::Accept { .. } => "accept the request",
            Self::Choose | Self::Select { .. } => "choose the courier",
            Self::Decline { .. } => "decline the request",
            Self::Withdraw { .. } => "withdraw the request",
            Self::Expire => "expire the request",
            Self::PickUp { .. } => "pick the package up",
            Self::Deliver { .. } => "deliver the package",
            Self::Confirm { .. } => "confirm the delivery",
            Self::Settle { .. } => "settle the delivery",
            Self::Dispute { .. } => "dispute the delivery",
            Self::Resolve { .. } | Self::Split { .. } => "resolve the dispute",
            Self::Cancel { .. } => "cancel the deal",
        }
    }
}
