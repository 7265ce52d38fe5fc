//! Orders as the desk looks for them.

use peerpack_actors::dispatch::{Order, OrderPhase};
use peerpack_actors::ids::{OfferId, OrderId, RegionId, UserId};
use peerpack_actors::place::Position;
use peerpack_actors::ports::Unavailable;
use peerpack_actors::time::Time;
use uuid::Uuid;

use super::{Part, Slice, patterns};
use crate::store::Database;
use crate::store::sql::{Sql, args, each, sql};

/// What a list of orders keeps out. `$1` names the states between commas.
macro_rules! order_filter {
    () => {
        " FROM orders AS o LEFT JOIN passengers AS p ON p.person = o.passenger \
         WHERE ($1 = '' OR $1 LIKE '%,' || o.state || ',%') AND ($2 = 0 OR o.passenger = $3) \
         AND ($4 = 0 OR o.courier = $5) \
         AND ($6 = '' OR lower(o.pickup_title) LIKE $6 ESCAPE '!' \
         OR lower(o.dropoff_title) LIKE $6 ESCAPE '!' OR lower(p.full_name) LIKE $6 ESCAPE '!' \
         OR o.pickup_title LIKE $7 ESCAPE '!' OR o.dropoff_title LIKE $7 ESCAPE '!' \
         OR p.full_name LIKE $7 ESCAPE '!') \
         AND COALESCE(o.pickup_at, o.created_at) >= $8 AND COALESCE(o.pickup_at, o.created_at) < $9 \
         AND ($10 = 0 OR o.region = $11)"
    };
}

const LIST: Sql = sql(concat!("SELECT o.id", order_filter!(), " ORDER BY o.id DESC LIMIT $12 OFFSET $13"));

const OLDEST: Sql = sql(concat!("SELECT o.id", order_filter!(), " ORDER BY o.id LIMIT $12 OFFSET $13"));

const COUNT: Sql = sql(concat!("SELECT count(*) AS total", order_filter!()));

// The states as in the index of what is searched for, which has these orders and few others.
const RESERVED: Sql = sql("\
    SELECT id, region, reserved_for FROM orders \
    WHERE state IN ('matching', 'offered') AND reserved_for IS NOT NULL \
    AND COALESCE(pickup_at, created_at) >= $1 AND COALESCE(pickup_at, created_at) < $2 \
    ORDER BY id LIMIT $3");

const OF_OFFER: Sql = sql("SELECT order_id FROM order_offers WHERE id = $1");

const PICKUPS: Sql =
    sql("SELECT pickup_lat, pickup_lon FROM orders WHERE created_at > $1 ORDER BY id DESC LIMIT $2");

// Ids begin with the moment of the placing, so this reads one stretch of the primary key.
const MIX: Sql = sql("\
    SELECT state, category, count(*) AS total FROM (\
        SELECT o.state, COALESCE(p.category, '') AS category FROM orders AS o \
        LEFT JOIN passengers AS p ON p.person = o.passenger \
        WHERE o.id >= $1 AND o.id < $2 AND ($3 = 0 OR o.region = $4) ORDER BY o.id DESC LIMIT $5) AS newest \
    GROUP BY state, category ORDER BY state, category");

const FIGURES: Sql = sql("\
    SELECT (SELECT count(*) FROM orders WHERE courier = $1 AND state = 'completed') AS completed, \
    (SELECT count(*) FROM orders WHERE courier = $1 AND state = 'completed' AND completed_at >= $2) AS today, \
    (SELECT count(*) FROM order_offers WHERE courier = $1 AND state <> 'pending') AS asked, \
    (SELECT count(*) FROM order_offers WHERE courier = $1 AND state = 'accepted') AS accepted, \
    (SELECT count(*) FROM order_steps WHERE person = $1 AND role = 'courier' AND state_to = 'cancelled') \
        AS called_off");

/// The orders last: how many there were is answered.
const CLEAR: [Sql; 5] = [
    sql("DELETE FROM order_hours"),
    sql("DELETE FROM courier_hours"),
    sql("DELETE FROM order_steps"),
    sql("DELETE FROM order_offers"),
    sql("DELETE FROM orders"),
];

const ALL_FREE: Sql = sql("\
    UPDATE duties SET state = 'online_idle', order_id = NULL, offer = NULL, version = version + 1, \
    updated_at = CASE WHEN updated_at > $1 THEN updated_at ELSE $1 END WHERE order_id IS NOT NULL");

/// Which orders a list has: those for which every condition holds.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct OrderQuery {
    /// Those in one of these phases; empty for all.
    pub phases: Vec<OrderPhase>,
    /// Those of this passenger.
    pub passenger: Option<UserId>,
    /// Those that this courier has, has had to their end, or is asked about.
    pub driver: Option<UserId>,
    /// Those in whose addresses or passenger's name these words stand; empty for all.
    pub search: String,
    /// Those wanted from then on.
    pub from: Option<Time>,
    /// Those wanted before then.
    pub to: Option<Time>,
    /// Those of this region.
    pub region: Option<RegionId>,
    /// The oldest first, instead of the newest.
    pub oldest_first: bool,
}

/// An order that is kept for a courier.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ReservedOrder {
    /// The order.
    pub order: OrderId,
    /// The region of its pickup, if it has one.
    pub region: Option<RegionId>,
    /// For whom it is kept.
    pub courier: UserId,
}

/// What a courier has done.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct DriverFigures {
    /// How many orders they have carried out.
    pub completed: u64,
    /// Orders done since the day has begun.
    pub today: u64,
    /// Offers that have ended.
    pub asked: u64,
    /// How many of these offers they accepted.
    pub accepted: u64,
    /// Orders called off.
    pub called_off: u64,
}

impl Database {
    /// A part of the orders.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn find_orders(&self, query: &OrderQuery, slice: Slice) -> Result<Part<Order>, Unavailable> {
        let words: Vec<&str> = query.phases.iter().map(|phase| phase.word()).collect();
        let words = if words.is_empty() { String::new() } else { format!(",{},", words.join(",")) };
        let person = |person: Option<UserId>| person.map_or(Uuid::nil(), UserId::uuid);
        let filter = || {
            let [lower, written] = patterns(&query.search);
            args![
                words.as_str(),
                i64::from(query.passenger.is_some()),
                person(query.passenger),
                i64::from(query.driver.is_some()),
                person(query.driver),
                lower,
                written,
                query.from.map_or(i64::MIN, Time::ms),
                query.to.map_or(i64::MAX, Time::ms),
                i64::from(query.region.is_some()),
                query.region.map_or(Uuid::nil(), RegionId::uuid),
            ]
        };
        let mut page = filter();
        page.extend(args![slice.limit, slice.offset]);
        let ids = each(&self.rows(if query.oldest_first { OLDEST } else { LIST }, page).await?, |row| {
            row.get::<Uuid>("id")
        })?;
        let items = self.orders_of(ids).await?;
        let count = self.row(COUNT, filter()).await?.map_or(Ok(0), |row| row.number("total"))?;
        Ok(Part { items, count })
    }

    /// Several orders, in the order asked for; those that do not exist are left out.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn orders_by_id(&self, ids: &[OrderId]) -> Result<Vec<Order>, Unavailable> {
        Ok(self.orders_of(ids.iter().map(|id| id.uuid()).collect()).await?)
    }

    /// The orders that are kept for somebody and wanted from `from` to before `to`, the oldest first, at most
    /// `limit`.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn reserved_orders(
        &self,
        from: Time,
        to: Time,
        limit: u32,
    ) -> Result<Vec<ReservedOrder>, Unavailable> {
        let found = self.rows(RESERVED, args![from.ms(), to.ms(), limit]).await?;
        Ok(each(&found, |row| {
            Ok(ReservedOrder {
                order: row.get::<Uuid>("id")?.into(),
                region: row.get::<Option<Uuid>>("region")?.map(RegionId::from),
                courier: row.get::<Uuid>("reserved_for")?.into(),
            })
        })?)
    }

    /// The order that an offer is about.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn order_of_offer(&self, offer: OfferId) -> Result<Option<OrderId>, Unavailable> {
        let row = self.row(OF_OFFER, args![offer.uuid()]).await?;
        Ok(row.map(|row| row.get::<Uuid>("order_id")).transpose()?.map(OrderId::from))
    }

    /// Where orders were wanted since then, the latest first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn pickups_since(&self, since: Time, limit: u32) -> Result<Vec<Position>, Unavailable> {
        let found = self.rows(PICKUPS, args![since.ms(), limit]).await?;
        Ok(each(&found, |row| Ok(Position { lat: row.get("pickup_lat")?, lon: row.get("pickup_lon")? }))?)
    }

    /// How many of the orders that were placed from `from` to before `to`, or of one region alone, are in
    /// which state and of which category of passengers: of the newest `limit` of them.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn order_mix(
        &self,
        from: Time,
        to: Time,
        region: Option<RegionId>,
        limit: u32,
    ) -> Result<Vec<(String, String, u64)>, Unavailable> {
        let first_of = |at: Time| OrderId::new(at, [0; 10]).uuid();
        let (one, id) = (i64::from(region.is_some()), region.map_or(Uuid::nil(), RegionId::uuid));
        let found = self.rows(MIX, args![first_of(from), first_of(to), one, id, limit]).await?;
        Ok(each(&found, |row| Ok((row.get("state")?, row.get("category")?, row.number("total")?)))?)
    }

    /// What a courier has done.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn driver_figures(
        &self,
        person: UserId,
        day_began: Time,
    ) -> Result<DriverFigures, Unavailable> {
        let work = self.snapshot(move |conn| {
            Box::pin(async move {
                let row = conn.one(FIGURES, args![person.uuid(), day_began.ms()]).await?;
                Ok(DriverFigures {
                    completed: row.number("completed")?,
                    today: row.number("today")?,
                    asked: row.number("asked")?,
                    accepted: row.number("accepted")?,
                    called_off: row.number("called_off")?,
                })
            })
        });
        Ok(work.await?)
    }

    /// Deletes every order with what was counted of them and frees everybody, for development alone; answers
    /// how many orders there were.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn clear_orders(&self, now: Time) -> Result<u64, Unavailable> {
        let work = self.write(move |conn| {
            Box::pin(async move {
                conn.execute(ALL_FREE, args![now.ms()]).await?;
                let mut gone = 0;
                for statement in CLEAR {
                    gone = conn.execute(statement, args![]).await?;
                }
                Ok(gone)
            })
        });
        Ok(work.await?)
    }
}
