//! Applying units of work: guarded at every step, in one fixed order of locks.
//!
//! ```text
//! receipts -> people -> packages -> trips and their legs -> requests -> escrows, transfers -> wallets -> streams -> events
//! ```
//!
//! Within a table rows are taken in ascending order. Two transactions that touch the same rows therefore meet
//! in the same order, and one waits for the other instead of both waiting for each other.
//!
//! A unit that was decided upon what else its sender has published is checked last: the sender's stream, which every
//! publication writes to, is held by then.
//!
//! Several units can be applied as one: each step is one statement for all of them. Then all are applied or
//! none; who groups them (see [`groups`](super::groups)) applies them one by one if that fails. What is
//! refused, and why, is exact for a single unit only.

mod bounds;
pub(super) mod money;
mod packages;
mod parties;
mod streams;
mod trips;

use std::collections::BTreeSet;
use std::sync::Arc;

use peerpack_actors::ids::PackageId;
use peerpack_actors::ports::Committed;
use peerpack_actors::unit::{PackageChange, TripChange, Unit};

use super::codec::to_document;
use super::failure::Failure;
use super::sql::Conn;
use super::{jobs, receipts};

/// Units that are applied together.
type Units<'a> = &'a [Arc<Prepared>];

/// A unit with everything worked out that needs no database, so that locks are held only for what does.
pub(super) struct Prepared {
    unit: Unit,
    /// The events as they are stored, in the order of the notices.
    bodies: Vec<Arc<str>>,
}

impl std::ops::Deref for Prepared {
    type Target = Unit;

    fn deref(&self) -> &Unit {
        &self.unit
    }
}

impl Prepared {
    pub(super) fn new(unit: Unit) -> Result<Self, Failure> {
        let body = |notice: &peerpack_actors::stream::Notice| to_document(&notice.event).map(Arc::from);
        let bodies = unit.notices.iter().map(body).collect::<Result<_, _>>()?;
        Ok(Self { unit, bodies })
    }

    /// The packages it touches. Two units that share one cannot be applied as one.
    pub(super) fn package_ids(&self) -> impl Iterator<Item = PackageId> {
        self.unit.packages.iter().map(|change| match change {
            PackageChange::New(package) => package.id,
            PackageChange::Update { id, .. } => *id,
        })
    }

    /// Whether it counts on a trip's version, and so cannot be applied as one with units that take room
    /// there.
    pub(super) fn moves_a_trip(&self) -> bool {
        self.unit.trips.iter().any(|change| matches!(change, TripChange::Moved { .. }))
    }
}

/// Whether units can be applied as one: every row that is guarded by a version is touched by one of them
/// only.
pub(super) fn fits(packages: &BTreeSet<PackageId>, unit: &Prepared) -> bool {
    !unit.moves_a_trip() && unit.package_ids().all(|id| !packages.contains(&id))
}

/// Applies units as one, inside the transaction that is open.
pub(super) async fn apply(conn: &mut Conn, units: Units<'_>) -> Result<Vec<Committed>, Failure> {
    receipts::apply(conn, units).await?;
    parties::apply(conn, units).await?;
    packages::apply(conn, units).await?;
    trips::apply(conn, units).await?;
    packages::apply_requests(conn, units).await?;
    bounds::apply(conn, units).await?;
    jobs::apply(conn, units).await?;
    money::apply(conn, units).await?;
    let committed = streams::apply(conn, units).await?;
    packages::check_publications(conn, units).await?;
    Ok(committed)
}
