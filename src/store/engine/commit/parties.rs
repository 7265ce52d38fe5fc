//! Whether those who make a deal are still there: an account that goes, or is shut out, at the same moment.
//!
//! The unit of a person who leaves locks their row and then looks for deals; a unit that makes a deal shares
//! the row of each party. So one of the two waits for the other, and sees what it did.

use std::collections::BTreeSet;

use peerpack_actors::dispatch::{DutyChange, DutyState, OrderChange, OrderEvent, OrderState};
use peerpack_actors::ids::UserId;
use peerpack_actors::money::ledger::EscrowState;
use peerpack_actors::rejection::Rejection;
use serde_json::json;
use smallvec::SmallVec;

use super::Units;
use crate::store::engine::prepared::Prepared;
use crate::store::failure::Failure;
use crate::store::sql::{Conn, Sql, hex, over_rows, rows};

// The weakest lock that a deletion waits for; what people change about themselves waits for nobody.
const PARTIES: Sql = over_rows!(
    "SELECT u.deleted_at, u.blocked_at FROM",
    [id uuid],
    "CROSS JOIN users AS u WHERE u.id = r.id ORDER BY r.n",
    locking "FOR KEY SHARE OF u"
);

// Locks the rows of people for whom a unit adds something open. Units that add for the same person run one
// after the other, so the count stays true until the commit. A deal does not wait for this lock.
const ADDED_TO: Sql = over_rows!(
    "SELECT u.deleted_at, u.blocked_at FROM",
    [id uuid],
    "CROSS JOIN users AS u WHERE u.id = r.id ORDER BY r.n",
    locking "FOR NO KEY UPDATE OF u"
);

/// Refuses new deals of people who have left, and whatever they would publish.
pub(super) async fn apply(conn: &mut Conn, units: Units<'_>) -> Result<(), Failure> {
    let bounded = units.iter().filter(|unit| unit.bounds.is_some());
    let added_to = bounded.flat_map(|unit| &unit.adds).map(|open| open.person()).collect();
    still_here(conn, ADDED_TO, added_to).await?;
    let deals =
        units.iter().flat_map(|unit| &unit.escrow).filter(|(escrow, _)| escrow.state == EscrowState::None);
    let deals = deals.flat_map(|(escrow, _)| [escrow.sender, escrow.courier]);
    let parties = deals.chain(units.iter().flat_map(|unit| in_town(unit))).collect();
    still_here(conn, PARTIES, parties).await
}

/// The people who place an order in town, get one with a courier, or go on duty. A courier who is done with
/// an order is free again without a look: they may be gone.
fn in_town(unit: &Prepared) -> SmallVec<[UserId; 2]> {
    let changes = || unit.others.iter().filter_map(|change| change.downcast::<OrderChange>());
    let mut people = SmallVec::new();
    for change in changes() {
        match change {
            OrderChange::New(order) => people.push(order.passenger),
            OrderChange::Update { events, after, .. } => {
                let is_given = |event: &OrderEvent| {
                    matches!(event, OrderEvent::Moved { to: OrderState::Assigned { .. }, .. })
                };
                if let Some(courier) = after.state.courier().filter(|_| events.iter().any(is_given)) {
                    people.extend([after.passenger, courier]);
                }
            }
        }
    }
    if changes().next().is_none() {
        let duties = unit.others.iter().filter_map(|change| change.downcast::<DutyChange>());
        people
            .extend(duties.filter(|duty| duty.after.state == DutyState::Idle).map(|duty| duty.after.courier));
    }
    people
}

async fn still_here(conn: &mut Conn, look: Sql, people: BTreeSet<UserId>) -> Result<(), Failure> {
    if people.is_empty() {
        return Ok(());
    }
    let people = rows(people.into_iter().map(|id| json!({ "id": hex(id.uuid()) })));
    for row in conn.all(look, vec![people]).await? {
        if row.optional_time("deleted_at")?.or(row.optional_time("blocked_at")?).is_some() {
            return Err(Failure::Refused(Rejection::PartyGone));
        }
    }
    Ok(())
}
