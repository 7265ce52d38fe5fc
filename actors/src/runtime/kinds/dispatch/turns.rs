//! Commands on one order take turns on a node.
//!
//! Each is decided upon what the one before it has left. Without turns, fifty couriers who tap at once would
//! all be decided upon the same copy, and the store would refuse forty-nine of them. A courtesy, not a guard:
//! on another node there are other turns.

use std::time::Duration;

use tokio::sync::{Mutex, MutexGuard};
use tokio::time::timeout;

use crate::ids::OrderId;
use crate::runtime::refusal::Refusal;

/// Orders that fall on one lane take turns, too; a commit takes milliseconds, so there are enough lanes.
const LANES: u64 = 1_024;

/// How long a command waits for its turn. A store that does not answer is not waited for in a queue.
const PATIENCE: Duration = Duration::from_secs(1);

/// The turns of a node.
pub(super) struct Turns(Vec<Mutex<()>>);

impl Default for Turns {
    fn default() -> Self {
        Self((0..LANES).map(|_| Mutex::default()).collect())
    }
}

impl Turns {
    /// Waits for the turn of a command; the turn ends when this is dropped.
    ///
    /// # Errors
    /// [`Refusal::Busy`]: it has not come in time.
    pub(super) async fn of(&self, order: OrderId) -> Result<MutexGuard<'_, ()>, Refusal> {
        let lane = order.uuid().as_u64_pair().1 % LANES;
        let lane = &self.0[usize::try_from(lane).unwrap_or_default()];
        timeout(PATIENCE, lane.lock()).await.map_err(|_| Refusal::Busy)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Time;

    fn order(n: u8) -> OrderId {
        OrderId::new(Time::from_ms(1_800_000_000_000), [0, 0, 0, 0, 0, 0, 0, 0, 0, n])
    }

    #[tokio::test]
    async fn commands_on_one_order_wait_for_each_other_and_not_for_ever() {
        let turns = Turns::default();
        let first = turns.of(order(1)).await.unwrap();
        let other = turns.of(order(2)).await;
        assert!(other.is_ok(), "another order is another turn");
        assert_eq!(turns.of(order(1)).await.unwrap_err(), Refusal::Busy);
        drop(first);
        assert!(turns.of(order(1)).await.is_ok());
    }
}
