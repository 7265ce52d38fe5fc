//! The engine's port: [`Store`] on a database.

use async_trait::async_trait;
use peerpack_actors::ids::{PackageId, RequestId, SubscriptionId, TripId, UserId};
use peerpack_actors::market::package::Package;
use peerpack_actors::market::subscription::Subscription;
use peerpack_actors::market::trip::Trip;
use peerpack_actors::matching::policy::couriers::Answers;
use peerpack_actors::ports::{
    ChoiceRounds, CommitError, Committed, EvidenceQuery, Store, StreamEntry, StreamPosition, Unavailable,
};
use peerpack_actors::time::Time;
use peerpack_actors::unit::Unit;
use serde_json::json;
use uuid::Uuid;

use super::load::{self, package_columns, trip_columns};
use crate::store::Database;
use crate::store::failure::Failure;
use crate::store::sql::codec::{self, subscription_columns};
use crate::store::sql::{Sql, args, each, hex, over_rows, rows, sql};

const PACKAGE: Sql = sql(concat!("SELECT ", package_columns!(), " FROM packages WHERE id = $1"));
const TRIP: Sql = sql(concat!("SELECT ", trip_columns!(), " FROM trips WHERE id = $1"));

const PACKAGE_OF: Sql = sql("SELECT package_id FROM requests WHERE id = $1");

const DEALS_ON: Sql = sql("\
    SELECT DISTINCT package_id FROM requests \
    WHERE trip_id = $1 AND state IN ('accepted', 'picked_up') ORDER BY package_id");

const PENDING_ON: Sql = sql("\
    SELECT DISTINCT package_id FROM requests \
    WHERE trip_id = $1 AND state = 'pending' AND package_id > $2 ORDER BY package_id LIMIT $3");

const LIVE_TRIPS: Sql = sql(concat!(
    "SELECT ",
    trip_columns!(),
    " FROM trips WHERE state IN ('active', 'in_progress') AND id > $1 ORDER BY id LIMIT $2"
));

const LIVE_TRIPS_OF: Sql =
    sql("SELECT id FROM trips WHERE courier = $1 AND state IN ('active', 'in_progress') ORDER BY id");

const OPEN_PACKAGES: Sql = sql(concat!(
    "SELECT ",
    package_columns!(),
    " FROM packages WHERE state = 'open' AND id > $1 ORDER BY id LIMIT $2"
));

const CHANGED_TRIPS: Sql =
    sql("SELECT id, version FROM trips WHERE updated_at >= $1 ORDER BY updated_at, id LIMIT $2");

const CHANGED_PACKAGES: Sql =
    sql("SELECT id, version FROM packages WHERE updated_at >= $1 ORDER BY updated_at, id LIMIT $2");

// A request that has run out, a choice that has come due, or a package that nobody took in time.
const OVERDUE: Sql = sql("\
    SELECT package_id FROM ( \
    SELECT package_id, COALESCE(expires_at, pickup_at) AS due FROM requests \
    WHERE state = 'pending' AND agreed_at IS NULL AND COALESCE(expires_at, pickup_at) <= $1 \
    UNION ALL \
    SELECT id AS package_id, deliver_by AS due FROM packages WHERE state = 'open' AND deliver_by <= $1 \
    UNION ALL \
    SELECT q.package_id, p.confirm_by AS due FROM requests AS q JOIN packages AS p ON p.id = q.package_id \
    WHERE q.state = 'pending' AND q.agreed_at IS NOT NULL \
    AND p.confirm_by <= $1 AND ($1 - p.confirm_by) % $4 < $5 \
    UNION ALL \
    SELECT package_id, pickup_at AS due FROM requests \
    WHERE state = 'pending' AND agreed_at IS NOT NULL \
    AND pickup_at <= $1 + $3 AND ($1 + $3 - pickup_at) % $4 < $5 \
    ) AS d GROUP BY package_id ORDER BY min(due), package_id LIMIT $2");

const ANSWERS: Sql = sql("\
    SELECT courier, COUNT(*) AS asked, \
    SUM(CASE WHEN agreed_at IS NOT NULL \
    OR state IN ('accepted', 'picked_up', 'delivered', 'confirmed', 'disputed', 'cancelled') \
    THEN 1 ELSE 0 END) AS accepted FROM requests \
    WHERE origin = 'engine' AND created_at >= $1 \
    AND (agreed_at IS NOT NULL OR state NOT IN ('pending', 'taken', 'withdrawn')) \
    GROUP BY courier ORDER BY courier");

// What was called off before its time is left out, and so is what its sender could not pay for. The wallet is
// as it is now: nobody has kept what was in it while the package waited.
const EVIDENCE: Sql = sql(concat!(
    "SELECT ",
    package_columns!(),
    " FROM packages WHERE id IN (SELECT id FROM ( \
      SELECT p.id, p.created_at, \
      ROW_NUMBER() OVER (PARTITION BY p.sender ORDER BY p.created_at DESC, p.id DESC) AS nth \
      FROM packages AS p \
      LEFT JOIN wallets AS w ON w.user_id = p.sender AND w.kind = 'available' AND w.currency = p.reward_currency \
      WHERE p.created_at >= $1 AND p.template = 0 AND (p.deal IS NOT NULL \
      OR ((p.state = 'open' AND p.created_at <= $2 OR p.state = 'cancelled' AND p.state_at >= p.deliver_by) \
      AND ($3 = 1 OR p.payment <> 'at_claim' OR COALESCE(w.balance, 0) >= p.reward_minor))) \
      ) AS e WHERE nth <= $4 ORDER BY created_at DESC, id DESC LIMIT $5) \
      ORDER BY created_at DESC, id DESC"
));

// Ids begin with the time of publication.
const PUBLISHED_BY: Sql = sql(concat!(
    "SELECT ",
    package_columns!(),
    " FROM packages WHERE sender = $1 AND id >= $2 ORDER BY id DESC LIMIT $3"
));

const PUBLISHED_TRIPS: Sql = sql(concat!(
    "SELECT ",
    trip_columns!(),
    " FROM trips WHERE id >= $1 AND state <> 'cancelled' ORDER BY id DESC LIMIT $2"
));

const DUE_TRIPS: Sql = sql("\
    SELECT id FROM ( \
    SELECT id, departs_at AS due FROM trips WHERE state = 'active' AND departs_at <= $1 \
    UNION ALL \
    SELECT id, arrives_at AS due FROM trips AS t WHERE state = 'in_progress' AND arrives_at <= $1 \
    AND NOT EXISTS (SELECT 1 FROM requests AS q \
    WHERE q.trip_id = t.id AND q.state IN ('accepted', 'picked_up')) \
    ) AS d ORDER BY due, id LIMIT $2");

const SUBSCRIPTION: Sql =
    sql(concat!("SELECT ", subscription_columns!(), " FROM subscriptions WHERE id = $1"));

const LIVE_SUBSCRIPTIONS: Sql = sql(concat!(
    "SELECT ",
    subscription_columns!(),
    " FROM subscriptions WHERE cancelled_at IS NULL AND ends_at > $1 AND id > $2 ORDER BY id LIMIT $3"
));

const CHANGED_SUBSCRIPTIONS: Sql = sql("\
    SELECT id, CASE WHEN cancelled_at IS NULL THEN CAST(1 AS BIGINT) ELSE CAST(2 AS BIGINT) END AS version \
    FROM subscriptions WHERE updated_at >= $1 ORDER BY updated_at, id LIMIT $2");

const POSITION: Sql = sql("\
    SELECT m.value AS epoch, COALESCE(s.top, 0) AS top \
    FROM meta AS m LEFT JOIN streams AS s ON s.user_id = $1 WHERE m.name = 'epoch'");

const TOPS: Sql = over_rows!(
    "SELECT s.user_id, s.top FROM",
    [user_id uuid],
    "CROSS JOIN streams AS s WHERE s.user_id = r.user_id ORDER BY r.n"
);

const EVENTS: Sql =
    sql("SELECT seq, at, body FROM events WHERE user_id = $1 AND seq > $2 ORDER BY seq LIMIT $3");

#[async_trait]
impl Store for Database {
    async fn commit(&self, unit: Unit) -> Result<Committed, CommitError> {
        Ok(self.apply(unit).await?)
    }

    async fn package(&self, id: PackageId) -> Result<Option<Package>, Unavailable> {
        let work = self.snapshot(move |conn| Box::pin(load::packages(conn, PACKAGE, args![id.uuid()])));
        Ok(work.await?.pop())
    }

    async fn trip(&self, id: TripId) -> Result<Option<Trip>, Unavailable> {
        let work = self.snapshot(move |conn| Box::pin(load::trips(conn, TRIP, args![id.uuid()])));
        Ok(work.await?.pop())
    }

    async fn package_of(&self, request: RequestId) -> Result<Option<PackageId>, Unavailable> {
        let row = self.row(PACKAGE_OF, args![request.uuid()]).await?;
        Ok(row.map(|row| row.package_id("package_id")).transpose()?)
    }

    async fn deals_on(&self, trip: TripId) -> Result<Vec<PackageId>, Unavailable> {
        let found = self.rows(DEALS_ON, args![trip.uuid()]).await?;
        Ok(each(&found, |row| row.package_id("package_id"))?)
    }

    async fn pending_on(
        &self,
        trip: TripId,
        after: Option<PackageId>,
        limit: u32,
    ) -> Result<Vec<PackageId>, Unavailable> {
        let after = after.map_or(Uuid::nil(), PackageId::uuid);
        let found = self.rows(PENDING_ON, args![trip.uuid(), after, limit]).await?;
        Ok(each(&found, |row| row.package_id("package_id"))?)
    }

    async fn live_trips(&self, after: Option<TripId>, limit: u32) -> Result<Vec<Trip>, Unavailable> {
        let after = after.map_or(Uuid::nil(), TripId::uuid);
        let work = self.snapshot(move |conn| Box::pin(load::trips(conn, LIVE_TRIPS, args![after, limit])));
        Ok(work.await?)
    }

    async fn live_trips_of(&self, courier: UserId) -> Result<Vec<TripId>, Unavailable> {
        let found = self.rows(LIVE_TRIPS_OF, args![courier.uuid()]).await?;
        Ok(each(&found, |row| row.trip_id("id"))?)
    }

    async fn open_packages(&self, after: Option<PackageId>, limit: u32) -> Result<Vec<Package>, Unavailable> {
        let after = after.map_or(Uuid::nil(), PackageId::uuid);
        let work =
            self.snapshot(move |conn| Box::pin(load::packages(conn, OPEN_PACKAGES, args![after, limit])));
        Ok(work.await?)
    }

    async fn changed_trips(&self, since: Time, limit: u32) -> Result<Vec<(TripId, i64)>, Unavailable> {
        let found = self.rows(CHANGED_TRIPS, args![since.ms(), limit]).await?;
        Ok(each(&found, |row| Ok((row.trip_id("id")?, row.get("version")?)))?)
    }

    async fn changed_packages(&self, since: Time, limit: u32) -> Result<Vec<(PackageId, i64)>, Unavailable> {
        let found = self.rows(CHANGED_PACKAGES, args![since.ms(), limit]).await?;
        Ok(each(&found, |row| Ok((row.package_id("id")?, row.get("version")?)))?)
    }

    async fn overdue(
        &self,
        now: Time,
        choices: ChoiceRounds,
        limit: u32,
    ) -> Result<Vec<PackageId>, Unavailable> {
        let ChoiceRounds { notice, again, taken_over_within } = choices;
        let rounds = args![now.ms(), limit, notice.ms(), again.ms(), taken_over_within.ms()];
        let found = self.rows(OVERDUE, rounds).await?;
        Ok(each(&found, |row| row.package_id("package_id"))?)
    }

    async fn answers(&self, since: Time) -> Result<Vec<(UserId, Answers)>, Unavailable> {
        let found = self.rows(ANSWERS, args![since.ms()]).await?;
        Ok(each(&found, |row| {
            let answers = Answers { asked: row.number("asked")?, accepted: row.number("accepted")? };
            Ok((row.user("courier")?, answers))
        })?)
    }

    async fn evidence(&self, query: EvidenceQuery) -> Result<Vec<Package>, Unavailable> {
        let EvidenceQuery { since, waited_since, anybody_can_pay, most_of_one, limit } = query;
        let args = args![since.ms(), waited_since.ms(), i64::from(anybody_can_pay), most_of_one, limit];
        let work = self.snapshot(move |conn| Box::pin(load::packages(conn, EVIDENCE, args)));
        Ok(work.await?)
    }

    async fn published_by(
        &self,
        sender: UserId,
        since: Time,
        limit: u32,
    ) -> Result<Vec<Package>, Unavailable> {
        let args = args![sender.uuid(), PackageId::new(since, [0; 10]).uuid(), limit];
        Ok(self.snapshot(move |conn| Box::pin(load::packages(conn, PUBLISHED_BY, args))).await?)
    }

    async fn published_trips(&self, since: Time, limit: u32) -> Result<Vec<Trip>, Unavailable> {
        let first = TripId::new(since, [0; 10]).uuid();
        let work =
            self.snapshot(move |conn| Box::pin(load::trips(conn, PUBLISHED_TRIPS, args![first, limit])));
        Ok(work.await?)
    }

    async fn subscription(&self, id: SubscriptionId) -> Result<Option<Subscription>, Unavailable> {
        Ok(self.row(SUBSCRIPTION, args![id.uuid()]).await?.as_ref().map(codec::subscription).transpose()?)
    }

    async fn live_subscriptions(
        &self,
        now: Time,
        after: Option<SubscriptionId>,
        limit: u32,
    ) -> Result<Vec<Subscription>, Unavailable> {
        let after = after.map_or(Uuid::nil(), SubscriptionId::uuid);
        let found = self.rows(LIVE_SUBSCRIPTIONS, args![now.ms(), after, limit]).await?;
        Ok(each(&found, codec::subscription)?)
    }

    async fn changed_subscriptions(
        &self,
        since: Time,
        limit: u32,
    ) -> Result<Vec<(SubscriptionId, i64)>, Unavailable> {
        let found = self.rows(CHANGED_SUBSCRIPTIONS, args![since.ms(), limit]).await?;
        Ok(each(&found, |row| Ok((SubscriptionId::from(row.get::<Uuid>("id")?), row.get("version")?)))?)
    }

    async fn due_trips(&self, now: Time, limit: u32) -> Result<Vec<TripId>, Unavailable> {
        let found = self.rows(DUE_TRIPS, args![now.ms(), limit]).await?;
        Ok(each(&found, |row| row.trip_id("id"))?)
    }

    async fn position(&self, user: UserId) -> Result<StreamPosition, Unavailable> {
        let row = self.row(POSITION, args![user.uuid()]).await?;
        let row = row.ok_or_else(|| Failure::Broken("the history has no name".to_owned()))?;
        Ok(StreamPosition { epoch: row.number("epoch")?, top: row.number("top")? })
    }

    async fn tops(&self, users: &[UserId]) -> Result<Vec<(UserId, u64)>, Unavailable> {
        let ids = rows(users.iter().map(|user| json!({ "user_id": hex(user.uuid()) })));
        let found = self.rows(TOPS, vec![ids]).await?;
        Ok(each(&found, |row| Ok((row.user("user_id")?, row.number("top")?)))?)
    }

    async fn events(&self, user: UserId, after: u64, limit: u32) -> Result<Vec<StreamEntry>, Unavailable> {
        let after = i64::try_from(after).unwrap_or(i64::MAX);
        let found = self.rows(EVENTS, args![user.uuid(), after, limit]).await?;
        Ok(each(&found, |row| {
            let (seq, at, body) = (row.number("seq")?, row.time("at")?, row.text("body")?);
            Ok(StreamEntry { user, seq, at, body: body.into() })
        })?)
    }
}
