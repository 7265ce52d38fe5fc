//! Work that grows with an account, and so is done after the call that asks for it: calling off what somebody
//! leaves behind, ending what waits on a trip that is over.
//!
//! A job is a row in the transaction of what it follows from, so a crash loses none. How much is left follows
//! from what there is, not from a count: doing something twice changes nothing.

use std::sync::Arc;

use peerpack_actors::ids::{OrderId, PackageId, TripId, UserId};
use peerpack_actors::ports::Unavailable;
use peerpack_actors::time::{Span, Time};
use uuid::Uuid;

use super::prepared::Prepared;
use crate::store::Database;
use crate::store::failure::Failure;
use crate::store::sql::{Conn, Row, Sql, args, each, sql};

/// What of somebody's is still to be called off. A trip with a parcel on board goes on, and so does an order
/// in town that has a courier.
macro_rules! left_by {
    ($user:literal) => {
        concat!(
            "((SELECT count(*) FROM packages AS p WHERE p.sender = ",
            $user,
            " AND p.state = 'open') + (SELECT count(*) FROM trips AS t WHERE t.courier = ",
            $user,
            " AND t.state IN ('active', 'in_progress') AND NOT EXISTS (SELECT 1 FROM requests AS q \
              WHERE q.trip_id = t.id AND q.state = 'picked_up')) + (SELECT count(*) FROM orders AS r \
              WHERE r.passenger = ",
            $user,
            " AND r.state IN ('submitted', 'awaiting_dispatcher_decision', 'created', 'matching', 'active_queue', \
              'offered')) + (SELECT count(*) FROM duties AS y WHERE y.courier = ",
            $user,
            " AND y.state IN ('online_idle', 'paused', 'offered')))"
        )
    };
}

/// What still waits on a trip.
macro_rules! left_on {
    ($trip:literal) => {
        concat!("(SELECT count(*) FROM requests AS w WHERE w.trip_id = ", $trip, " AND w.state = 'pending')")
    };
}

const ADD_FOR_ACCOUNT: Sql = sql(concat!(
    "INSERT INTO jobs (id, kind, subject, total, created_at, taken_until) \
     SELECT $1, 'account', s.id, s.total, $3, $4 FROM (SELECT u.id, ",
    left_by!("u.id"),
    " AS total FROM users AS u WHERE u.id = $2) AS s WHERE s.total > 0 \
     ON CONFLICT (kind, subject) WHERE finished_at IS NULL DO NOTHING"
));

const ADD_FOR_TRIP: Sql = sql(concat!(
    "INSERT INTO jobs (id, kind, subject, total, created_at, taken_until) \
     SELECT $1, 'trip', s.id, s.total, $3, 0 FROM (SELECT t.id, ",
    left_on!("t.id"),
    " AS total FROM trips AS t WHERE t.id = $2) AS s WHERE s.total > 0 \
     ON CONFLICT (kind, subject) WHERE finished_at IS NULL DO NOTHING"
));

/// The columns that [`job`] reads.
macro_rules! job_columns {
    () => {
        concat!(
            "SELECT j.id, j.kind, j.subject, j.total, j.taken_until, j.finished_at, \
             CASE WHEN j.finished_at IS NOT NULL THEN 0 WHEN j.kind = 'account' THEN ",
            left_by!("j.subject"),
            " ELSE ",
            left_on!("j.subject"),
            " END AS left_now FROM jobs AS j "
        )
    };
}

const JOB: Sql = sql(concat!(job_columns!(), "WHERE j.id = $1"));
const OPEN_JOB: Sql =
    sql(concat!(job_columns!(), "WHERE j.kind = $1 AND j.subject = $2 AND j.finished_at IS NULL"));
const FREE: Sql = sql(concat!(
    job_columns!(),
    "WHERE j.finished_at IS NULL AND j.taken_until < $1 ORDER BY j.created_at, j.id LIMIT $2"
));

const TAKE: Sql = sql("\
    UPDATE jobs SET taken_until = $3 WHERE id = $1 AND taken_until = $2 AND finished_at IS NULL");
const FINISH: Sql = sql("UPDATE jobs SET finished_at = $2 WHERE id = $1 AND finished_at IS NULL");

const TRIPS_LEFT: Sql = sql("\
    SELECT t.id FROM trips AS t WHERE t.courier = $1 AND t.state IN ('active', 'in_progress') AND t.id > $2 \
    AND NOT EXISTS (SELECT 1 FROM requests AS q WHERE q.trip_id = t.id AND q.state = 'picked_up') \
    ORDER BY t.id LIMIT $3");
const PACKAGES_LEFT: Sql =
    sql("SELECT id FROM packages WHERE sender = $1 AND state = 'open' AND id > $2 ORDER BY id LIMIT $3");
const ORDERS_LEFT: Sql = sql("\
    SELECT id FROM orders WHERE passenger = $1 AND id > $2 AND state IN ('submitted', \
    'awaiting_dispatcher_decision', 'created', 'matching', 'active_queue', 'offered') ORDER BY id LIMIT $3");
const IS_GONE: Sql = sql("\
    SELECT 1 AS one FROM users WHERE id = $1 AND (deleted_at IS NOT NULL OR blocked_at IS NOT NULL)");

/// For this long a new job is reserved for the node that adds it, so that this node can take it and do a
/// small job at once.
const RESERVED: Span = Span::seconds(1);

/// What a job is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum JobKind {
    /// Somebody has gone: their trips, waiting packages and orders are called off, and they go off duty.
    Account,
    /// A trip is over: what waits on it is ended.
    Trip,
}

impl JobKind {
    /// The word on the wire and in the store.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Trip => "trip",
        }
    }
}

/// Work that is under way, or was.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Job {
    /// The number of the job.
    pub id: Uuid,
    /// What it is about.
    pub kind: JobKind,
    /// The account or the trip.
    pub subject: Uuid,
    /// How much there was to do.
    pub total: u64,
    /// How much there still is.
    pub left: u64,
    /// Until when somebody sees to it.
    pub taken_until: Time,
    /// When it was done.
    pub finished_at: Option<Time>,
}

impl Database {
    /// A job.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn job(&self, id: Uuid) -> Result<Option<Job>, Unavailable> {
        Ok(self.row(JOB, args![id]).await?.as_ref().map(job).transpose()?)
    }

    /// The job about something that is not done yet.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn open_job(&self, kind: JobKind, subject: Uuid) -> Result<Option<Job>, Unavailable> {
        Ok(self.row(OPEN_JOB, args![kind.word(), subject]).await?.as_ref().map(job).transpose()?)
    }

    /// Jobs that nobody sees to, oldest first, at most `limit`.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn free_jobs(&self, now: Time, limit: u32) -> Result<Vec<Job>, Unavailable> {
        Ok(each(&self.rows(FREE, args![now.ms(), limit]).await?, job)?)
    }

    /// Takes a job, or keeps it, until some time; answers whether nobody else has taken it since it was
    /// looked at.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn take_job(&self, job: Job, until: Time) -> Result<bool, Unavailable> {
        Ok(self.execute(TAKE, args![job.id, job.taken_until.ms(), until.ms()]).await? == 1)
    }

    /// A job is done.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn finish_job(&self, id: Uuid, now: Time) -> Result<(), Unavailable> {
        self.execute(FINISH, args![id, now.ms()]).await?;
        Ok(())
    }

    /// Sees to it that there is a job for what somebody who has gone has left behind.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn add_account_job(&self, user: UserId, now: Time) -> Result<(), Unavailable> {
        Ok(self.write(move |conn| Box::pin(add_for_account(conn, user, now))).await?)
    }

    /// Whether somebody has asked to be deleted, or is shut out.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn is_gone(&self, user: UserId) -> Result<bool, Unavailable> {
        Ok(self.row(IS_GONE, args![user.uuid()]).await?.is_some())
    }

    /// Trips of somebody that can be called off, in order of id, after `after`, at most `limit`.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn trips_left(
        &self,
        courier: UserId,
        after: Option<TripId>,
        limit: u32,
    ) -> Result<Vec<TripId>, Unavailable> {
        let after = after.map_or(Uuid::nil(), TripId::uuid);
        let found = self.rows(TRIPS_LEFT, args![courier.uuid(), after, limit]).await?;
        Ok(each(&found, |row| row.trip_id("id"))?)
    }

    /// Packages of somebody that wait, likewise.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn packages_left(
        &self,
        sender: UserId,
        after: Option<PackageId>,
        limit: u32,
    ) -> Result<Vec<PackageId>, Unavailable> {
        let after = after.map_or(Uuid::nil(), PackageId::uuid);
        let found = self.rows(PACKAGES_LEFT, args![sender.uuid(), after, limit]).await?;
        Ok(each(&found, |row| row.package_id("id"))?)
    }

    /// Orders in town of somebody that wait, likewise.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn orders_left(
        &self,
        passenger: UserId,
        after: Option<OrderId>,
        limit: u32,
    ) -> Result<Vec<OrderId>, Unavailable> {
        let after = after.map_or(Uuid::nil(), OrderId::uuid);
        let found = self.rows(ORDERS_LEFT, args![passenger.uuid(), after, limit]).await?;
        Ok(each(&found, |row| row.get::<Uuid>("id").map(OrderId::from))?)
    }
}

/// Adds the job for an account inside an open transaction, reserved for [`RESERVED`] for this node.
pub(in crate::store) async fn add_for_account(
    conn: &mut Conn,
    user: UserId,
    now: Time,
) -> Result<(), Failure> {
    let reserved = (now + RESERVED).ms();
    conn.execute(ADD_FOR_ACCOUNT, args![fresh(), user.uuid(), now.ms(), reserved]).await?;
    Ok(())
}

/// The jobs of units: what waits on trips that are over.
pub(in crate::store) async fn apply(conn: &mut Conn, units: &[Arc<Prepared>]) -> Result<(), Failure> {
    for unit in units {
        if let Some(trip) = unit.rest_of {
            conn.execute(ADD_FOR_TRIP, args![fresh(), trip.uuid(), unit.at.ms()]).await?;
        }
    }
    Ok(())
}

/// A random id. Anybody who knows it may see how far the job is.
fn fresh() -> Uuid {
    Uuid::from_bytes(rand::random())
}

fn job(row: &Row) -> Result<Job, Failure> {
    let kind = row.text("kind")?;
    let kind = [JobKind::Account, JobKind::Trip].into_iter().find(|known| known.word() == kind);
    Ok(Job {
        id: row.get("id")?,
        kind: kind.ok_or_else(|| Failure::Broken("unknown kind of a job".to_owned()))?,
        subject: row.get("subject")?,
        total: row.number("total")?,
        left: row.number("left_now")?,
        taken_until: row.time("taken_until")?,
        finished_at: row.optional_time("finished_at")?,
    })
}
