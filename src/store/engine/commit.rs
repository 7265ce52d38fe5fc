//! Applying units of work: guarded at every step, in one fixed order of locks.
//!
//! ```text
//! receipts -> people -> packages -> trips and their legs -> further kinds -> requests
//!     -> chats -> (bounds are counted) -> jobs -> escrows, transfers -> wallets -> streams -> events
//!     -> outbox -> counts of hours
//! ```
//!
//! Within a table rows are taken in ascending order. Two transactions that touch the same rows therefore meet
//! in the same order, and one waits for the other instead of both waiting for each other.
//!
//! A unit that was decided upon what else its sender has published is checked last: the sender's stream,
//! which every publication writes to, is held by then.
//!
//! Several units can be applied as one: each step is one statement for all of them, or a few where rows are
//! new. Then all are applied or none; who groups them (see [`groups`](crate::store::engine::groups)) applies
//! them one by one if that fails. What is refused, and why, is exact for a single unit only.

mod bounds;
mod chats;
mod messages;
pub(in crate::store) mod money;
mod packages;
mod parties;
mod streams;
mod trips;

use std::collections::BTreeSet;
use std::sync::Arc;

use peerpack_actors::ports::Committed;
use peerpack_actors::work::WorkId;

use super::prepared::Prepared;
use super::{jobs, kinds, receipts};
use crate::store::failure::Failure;
use crate::store::sql::Conn;

/// Units that are applied together.
type Units<'a> = &'a [Arc<Prepared>];

/// Whether units can be applied as one: every row that is guarded by a version is touched by one of them
/// only.
pub(in crate::store) fn fits(guarded: &BTreeSet<WorkId>, unit: &Prepared) -> bool {
    !unit.moves_a_trip() && unit.guarded().all(|work| !guarded.contains(&work))
}

/// Applies units as one, inside the transaction that is open.
pub(in crate::store) async fn apply(conn: &mut Conn, units: Units<'_>) -> Result<Vec<Committed>, Failure> {
    receipts::apply(conn, units).await?;
    parties::apply(conn, units).await?;
    packages::apply(conn, units).await?;
    trips::apply(conn, units).await?;
    kinds::apply(conn, units).await?;
    packages::apply_requests(conn, units).await?;
    chats::apply(conn, units).await?;
    bounds::apply(conn, units).await?;
    jobs::apply(conn, units).await?;
    money::apply(conn, units).await?;
    let committed = streams::apply(conn, units).await?;
    messages::apply(conn, units, &committed).await?;
    packages::check_publications(conn, units).await?;
    kinds::count(conn, units).await?;
    Ok(committed)
}
