//! Whether those who make a deal are still there: an account that goes, or is shut out, at the same moment.
//!
//! The unit of a person who leaves locks their row and then looks for deals; a unit that makes a deal shares
//! the row of each party. So one of the two waits for the other, and sees what it did.

use std::collections::BTreeSet;

use peerpack_actors::ids::UserId;
use peerpack_actors::money::ledger::EscrowState;
use peerpack_actors::rejection::Rejection;
use serde_json::json;

use super::Units;
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
    let parties = deals.flat_map(|(escrow, _)| [escrow.sender, escrow.courier]).collect();
    still_here(conn, PARTIES, parties).await
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
