//! Applying a unit of work: one transaction, guarded at every step, in one fixed order of locks.
//!
//! ```text
//! packages -> trips and their legs -> requests -> escrows, transfers -> wallets -> streams -> events
//! ```
//!
//! Within a table rows are taken in ascending order. Two units that touch the same rows therefore meet in the
//! same order, and one waits for the other instead of both waiting for each other.

mod money;
mod packages;
mod trips;

use std::collections::BTreeMap;
use std::sync::Arc;

use peerpack_actors::ids::UserId;
use peerpack_actors::ports::{CommitError, Committed, StreamEntry};
use peerpack_actors::unit::{PackageChange, TripChange, Unit};
use serde_json::json;

use super::Database;
use super::codec::to_document;
use super::failure::Failure;
use super::sql::{Conn, Sql, hex, over_rows, rows};

const ADVANCE_STREAMS: Sql = over_rows!(
    "INSERT INTO streams (user_id, top) SELECT r.user_id, r.added FROM",
    [user_id uuid, added int],
    "WHERE true ORDER BY r.user_id \
     ON CONFLICT (user_id) DO UPDATE SET top = streams.top + excluded.top RETURNING user_id, top"
);

const ADD_EVENTS: Sql = over_rows!(
    "INSERT INTO events (user_id, seq, at, body) SELECT r.user_id, r.seq, $2, r.body FROM",
    [user_id uuid, seq int, body text],
    ""
);

/// A unit with everything worked out that needs no database, so that locks are held only for what does.
struct Prepared {
    unit: Unit,
    wallets: money::Net,
    bodies: Vec<Arc<str>>,
    /// How many events each user gets.
    added: BTreeMap<UserId, u64>,
}

impl Database {
    /// Applies a unit; see [`Store::commit`](peerpack_actors::ports::Store::commit).
    pub(super) async fn apply(&self, unit: Unit) -> Result<Committed, CommitError> {
        let prepared = Arc::new(Prepared::new(unit)?);
        let work = self.write(move |conn| {
            let prepared = prepared.clone();
            Box::pin(async move { prepared.apply(conn).await })
        });
        Ok(work.await?)
    }
}

impl Prepared {
    fn new(mut unit: Unit) -> Result<Self, Failure> {
        unit.packages.sort_by_key(|change| match change {
            PackageChange::New(package) => package.id,
            PackageChange::Update { id, .. } => *id,
        });
        // Stable: a trip that moves and gets room back does so in the order that was decided.
        unit.trips.sort_by_key(|change| match change {
            TripChange::New(trip) => trip.id,
            TripChange::Moved { id, .. }
            | TripChange::Reserve { id, .. }
            | TripChange::Release { id, .. } => *id,
        });
        let wallets = money::net(&unit.escrow)?;
        let (mut bodies, mut added) = (Vec::with_capacity(unit.notices.len()), BTreeMap::new());
        for notice in &unit.notices {
            bodies.push(Arc::from(to_document(&notice.event)?));
            *added.entry(notice.to).or_insert(0) += 1;
        }
        Ok(Self { unit, wallets, bodies, added })
    }

    async fn apply(&self, conn: &mut Conn) -> Result<Committed, Failure> {
        let at = self.unit.at;
        for change in &self.unit.packages {
            match change {
                PackageChange::New(package) => packages::add_package(conn, package).await?,
                PackageChange::Update { id, version, state, .. } => {
                    packages::move_package(conn, *id, *version, *state, at).await?;
                }
            }
        }
        for change in &self.unit.trips {
            match change {
                TripChange::New(trip) => trips::add_trip(conn, trip).await?,
                TripChange::Moved { id, version, state } => {
                    trips::move_trip(conn, *id, *version, *state, at).await?;
                }
                TripChange::Reserve { id, legs, load, detour_min } => {
                    trips::reserve(conn, *id, *legs, *load, *detour_min, at).await?;
                }
                TripChange::Release { id, legs, load, detour_min } => {
                    trips::release(conn, *id, *legs, *load, *detour_min, at).await?;
                }
            }
        }
        for change in &self.unit.packages {
            match change {
                PackageChange::New(package) => {
                    packages::add_requests(conn, package.id, &package.requests, at).await?;
                }
                PackageChange::Update { id, opened, moved, .. } => {
                    packages::move_requests(conn, *id, moved, at).await?;
                    packages::add_requests(conn, *id, opened, at).await?;
                }
            }
        }
        money::apply(conn, &self.unit.escrow, &self.wallets, at).await?;
        self.tell(conn).await
    }

    /// Numbers the events and stores them.
    async fn tell(&self, conn: &mut Conn) -> Result<Committed, Failure> {
        if self.unit.notices.is_empty() {
            return Ok(Committed::default());
        }
        let streams = rows(
            self.added.iter().map(|(user, added)| json!({ "user_id": hex(user.uuid()), "added": added })),
        );
        let mut next: BTreeMap<UserId, u64> = BTreeMap::new();
        for row in conn.all(ADVANCE_STREAMS, vec![streams]).await? {
            let user = row.user("user_id")?;
            let added = self.added.get(&user).copied().unwrap_or_default();
            next.insert(user, row.number::<u64>("top")? - added + 1);
        }
        let mut entries = Vec::with_capacity(self.bodies.len());
        for (notice, body) in self.unit.notices.iter().zip(&self.bodies) {
            let seq = next
                .get_mut(&notice.to)
                .ok_or_else(|| Failure::Broken("a stream has no number".to_owned()))?;
            entries.push(StreamEntry { user: notice.to, seq: *seq, at: self.unit.at, body: body.clone() });
            *seq += 1;
        }
        let events = rows(entries.iter().map(
            |entry| json!({ "user_id": hex(entry.user.uuid()), "seq": entry.seq, "body": &*entry.body }),
        ));
        conn.execute(ADD_EVENTS, vec![events, self.unit.at.ms().into()]).await?;
        Ok(Committed { entries })
    }
}
