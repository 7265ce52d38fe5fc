//! What a unit changes of orders and of duties, as two kinds of work: each with its own versions, both in the
//! unit of the decision.

use super::duty::Duty;
use super::order::{Order, OrderEvent, Outcome};
use crate::ids::{OrderId, UserId};
use crate::work::{Change, WorkId};

/// The kind of orders.
pub const ORDER: &str = "order";

/// The kind of couriers' duties: each has the id of its courier.
pub const DUTY: &str = "duty";

/// What happens to an order.
#[derive(Clone, PartialEq, Debug)]
pub enum OrderChange {
    /// It is placed.
    New(Box<Order>),
    /// It or its offers change.
    Update {
        /// The version that was decided upon; the store has the next one afterwards.
        version: i64,
        /// What has happened, in order.
        events: Vec<OrderEvent>,
        /// The order afterwards.
        after: Box<Order>,
    },
}

/// What happens to a courier's duty.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DutyChange {
    /// The version that was decided upon; 0 for a courier who was never on duty.
    pub version: i64,
    /// The duty afterwards.
    pub after: Duty,
}

impl OrderChange {
    /// What a decision does to an order and to the duties that it was decided with: nothing where it changes
    /// nothing.
    #[must_use]
    pub fn of(before: &Order, outcome: &Outcome, duties: &[&Duty]) -> Option<(Self, Vec<DutyChange>)> {
        if outcome.is_empty() {
            return None;
        }
        let mut after = before.clone();
        after.apply(&outcome.events);
        let moved = outcome.duties.iter().filter_map(|(courier, event)| {
            let duty = duties.iter().find(|duty| duty.courier == *courier)?;
            let mut after = (*duty).clone();
            after.apply(event);
            Some(DutyChange { version: duty.version, after })
        });
        let events = outcome.events.clone();
        let change = Self::Update { version: before.version, events, after: Box::new(after) };
        Some((change, moved.collect()))
    }

    /// The order afterwards.
    #[must_use]
    pub const fn after(&self) -> &Order {
        match self {
            Self::New(order) | Self::Update { after: order, .. } => order,
        }
    }
}

impl Change for OrderChange {
    fn work(&self) -> WorkId {
        self.after().id.into()
    }
}

impl Change for DutyChange {
    fn work(&self) -> WorkId {
        Duty::work(self.after.courier)
    }
}

impl From<OrderId> for WorkId {
    fn from(id: OrderId) -> Self {
        Self::new(ORDER, id.uuid())
    }
}

impl Duty {
    /// The duty as all nodes name it.
    #[must_use]
    pub const fn work(courier: UserId) -> WorkId {
        WorkId::new(DUTY, courier.uuid())
    }
}
