//! Deliveries that a sender disputes, for the operators who decide, and those that a sender says nothing to.

use peerpack_actors::ids::{PackageId, RequestId, UserId};
use peerpack_actors::money::Amount;
use peerpack_actors::ports::Unavailable;
use peerpack_actors::time::Time;
use uuid::Uuid;

use crate::store::Database;
use crate::store::sql::{Sql, args, each, sql};

const LIST: Sql = sql("\
    SELECT q.id, q.package_id, q.sender, q.courier, q.reason, q.state_at, q.reward_minor, q.currency, \
    p.description FROM requests AS q JOIN packages AS p ON p.id = q.package_id \
    WHERE q.state = 'disputed' AND (q.state_at > $1 OR (q.state_at = $1 AND q.id > $2)) \
    ORDER BY q.state_at, q.id LIMIT $3");

const UNANSWERED: Sql = sql(
    "SELECT id FROM requests WHERE state = 'delivered' AND state_at <= $1 ORDER BY state_at, id LIMIT $2",
);

/// A dispute that nobody has decided yet.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DisputeRecord {
    /// The request whose delivery is disputed.
    pub request: RequestId,
    /// The package of that request.
    pub package: PackageId,
    /// What the package is.
    pub description: String,
    /// The sender, who disputes.
    pub sender: UserId,
    /// The courier, whom the sender complains about.
    pub courier: UserId,
    /// What it is about, in the sender's words.
    pub reason: String,
    /// When the dispute began.
    pub since: Time,
    /// What it is about in money.
    pub reward: Amount,
}

impl Database {
    /// Disputes, the oldest first, at most `limit`, after the one whose time and request are given.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn disputes(
        &self,
        after: Option<(Time, RequestId)>,
        limit: u32,
    ) -> Result<Vec<DisputeRecord>, Unavailable> {
        let (at, request) = after.map_or((i64::MIN, Uuid::nil()), |(at, request)| (at.ms(), request.uuid()));
        Ok(each(&self.rows(LIST, args![at, request, limit]).await?, |row| {
            Ok(DisputeRecord {
                request: row.request_id("id")?,
                package: row.package_id("package_id")?,
                description: row.text("description")?,
                sender: row.user("sender")?,
                courier: row.user("courier")?,
                reason: row.get::<Option<String>>("reason")?.unwrap_or_default(),
                since: row.time("state_at")?,
                reward: row.amount("reward_minor", "currency")?,
            })
        })?)
    }

    /// Requests that were delivered at that moment or before and that their sender says nothing to, the
    /// oldest first, at most `limit`.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn unanswered_deliveries(
        &self,
        delivered_by: Time,
        limit: u32,
    ) -> Result<Vec<RequestId>, Unavailable> {
        let rows = self.rows(UNANSWERED, args![delivered_by.ms(), limit]).await?;
        Ok(each(&rows, |row| row.request_id("id"))?)
    }
}
