//! Kinds of work beside packages and trips: how what units change of them is applied.

mod duties;
mod hours;
mod orders;
mod port;
mod records;

use std::sync::Arc;

use futures_util::future::BoxFuture;
use peerpack_actors::time::Time;
use peerpack_actors::unit::Unit;
use peerpack_actors::work::Change;

use super::prepared::Prepared;
use crate::store::failure::Failure;
use crate::store::sql::Conn;

/// Changes of one kind, each with the time at which it was decided.
pub(in crate::store) type Changes<'a> = Vec<(&'a dyn Change, Time)>;

/// Applies what units change of one kind.
pub(in crate::store) trait Applier: Sync {
    /// The name of the kind, as in [`WorkId`](peerpack_actors::work::WorkId).
    fn kind(&self) -> &'static str;

    /// Applies the changes of all units as one, inside the transaction that is open: rows in ascending order,
    /// each guarded by its version. No two change the same thing.
    ///
    /// # Errors
    /// [`Failure::Conflict`] when a version has moved on; [`Failure::Refused`] when another guard says no.
    fn apply<'a>(&'a self, conn: &'a mut Conn, changes: Changes<'a>) -> BoxFuture<'a, Result<(), Failure>>;

    /// Counts the changes, if they are counted: last of all in the transaction, because many count in the
    /// same rows.
    ///
    /// # Errors
    /// When the database does not answer.
    fn count<'a>(&'a self, _: &'a mut Conn, _: Changes<'a>) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(std::future::ready(Ok(())))
    }
}

/// Every kind, in the order in which their rows are locked. A new kind is a line here.
const KINDS: &[&dyn Applier] = &[
    &orders::Orders,
    &duties::Duties,
    #[cfg(test)]
    &tests::errand::Errands,
];

/// Whether there is somebody to apply each change.
pub(in crate::store) fn check(unit: &Unit) -> Result<(), Failure> {
    for change in &unit.others {
        let work = change.work();
        if KINDS.iter().all(|applier| applier.kind() != work.kind) {
            return Err(Failure::Broken(format!("nobody knows how to store {work}")));
        }
    }
    Ok(())
}

/// What units change of these kinds.
pub(super) async fn apply(conn: &mut Conn, units: &[Arc<Prepared>]) -> Result<(), Failure> {
    for (applier, changes) in changed(units) {
        applier.apply(conn, changes).await?;
    }
    Ok(())
}

/// Counts what units change of these kinds.
pub(super) async fn count(conn: &mut Conn, units: &[Arc<Prepared>]) -> Result<(), Failure> {
    for (applier, changes) in changed(units) {
        applier.count(conn, changes).await?;
    }
    Ok(())
}

/// Each kind of which something changes, with what.
fn changed(units: &[Arc<Prepared>]) -> Vec<(&'static dyn Applier, Changes<'_>)> {
    if units.iter().all(|unit| unit.others.is_empty()) {
        return Vec::new();
    }
    let of = |applier: &&'static dyn Applier| {
        let all = units.iter().flat_map(|unit| unit.others.iter().map(move |change| (&**change, unit.at)));
        all.filter(|(change, _)| change.work().kind == applier.kind()).collect::<Changes<'_>>()
    };
    let kinds = KINDS.iter().map(|applier| (*applier, of(applier)));
    kinds.filter(|(_, changes)| !changes.is_empty()).collect()
}

#[cfg(test)]
mod tests;
