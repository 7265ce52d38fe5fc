//! Counts of orders by the hour, for regions and for couriers: added to by the change itself.

use std::collections::BTreeMap;

use peerpack_actors::dispatch::OrderChange;
use peerpack_actors::dispatch::tally::{Counted, RegionHour, Tally, counted};
use peerpack_actors::every_count;
use peerpack_actors::ids::{RegionId, UserId};
use peerpack_actors::ports::Unavailable;
use peerpack_actors::time::Time;
use serde_json::{Map, Value as Json};
use uuid::Uuid;

use super::Changes;
use crate::store::Database;
use crate::store::failure::Failure;
use crate::store::sql::{Conn, Row, Sql, args, each, hex, over_rows, rows, sql};

/// Over how many rows the counts of one hour are spread, so that transactions of several lanes rarely wait
/// for each other.
const SHARDS: u128 = 8;

macro_rules! adding {
    ($table:literal, $key:ident, [$($(#[$doc:meta])* $count:ident),+ $(,)?]) => {
        over_rows!(
            concat!(
                "INSERT INTO ", $table, " (", stringify!($key), ", hour, shard", $(", ", stringify!($count)),+,
                ") SELECT r.", stringify!($key), ", r.hour, r.shard", $(", r.", stringify!($count)),+, " FROM"
            ),
            [$key uuid, hour int, shard int, $($count int),+],
            concat!(
                "WHERE true ORDER BY r.n ON CONFLICT (", stringify!($key), ", hour, shard) DO UPDATE SET \
                 hour = excluded.hour",
                $(", ", stringify!($count), " = ", $table, ".", stringify!($count), " + excluded.",
                  stringify!($count)),+
            )
        )
    };
}

macro_rules! reading {
    ($table:literal, $key:ident, [$($(#[$doc:meta])* $count:ident),+ $(,)?]) => {
        sql(concat!(
            "SELECT ", stringify!($key), " AS id, hour",
            $(", CAST(sum(", stringify!($count), ") AS BIGINT) AS ", stringify!($count)),+,
            " FROM ", $table, " WHERE hour >= $1 AND hour < $2 AND ($3 = 0 OR ", stringify!($key), " = $4) \
             GROUP BY ", stringify!($key), ", hour ORDER BY hour, ", stringify!($key), " LIMIT $5"
        ))
    };
}

macro_rules! adding_up {
    ($table:literal, $key:ident, [$($(#[$doc:meta])* $count:ident),+ $(,)?]) => {
        sql(concat!(
            "SELECT ", stringify!($key), " AS id",
            $(", CAST(sum(", stringify!($count), ") AS BIGINT) AS ", stringify!($count)),+,
            " FROM ", $table, " WHERE hour >= $1 AND hour < $2 AND ", stringify!($key), " > $3 GROUP BY ",
            stringify!($key), " ORDER BY ", stringify!($key), " LIMIT $4"
        ))
    };
}

const ADD_TO_REGIONS: Sql = every_count!(adding, "order_hours", region);
const ADD_TO_COURIERS: Sql = every_count!(adding, "courier_hours", courier);
const REGIONS: Sql = every_count!(reading, "order_hours", region);
const COURIERS: Sql = every_count!(adding_up, "courier_hours", courier);

/// Adds what changes of orders come to. Nothing of the unit waits for anything after that, so a row that
/// others count in, too, is held for as short as can be.
pub(super) async fn count(conn: &mut Conn, changes: &Changes<'_>) -> Result<(), Failure> {
    let mut regions: BTreeMap<(Uuid, Time), Tally> = BTreeMap::new();
    let mut couriers: BTreeMap<(Uuid, Time), Tally> = BTreeMap::new();
    let mut shard = None;
    for change in changes.iter().filter_map(|(change, _)| change.downcast::<OrderChange>()) {
        let Counted { hour, region, tally, couriers: own } = counted(change);
        shard.get_or_insert_with(|| change.after().id.uuid().as_u128() % SHARDS);
        if tally != Tally::default() {
            *regions.entry((region.map_or(Uuid::nil(), RegionId::uuid), hour)).or_default() += tally;
        }
        for (courier, tally) in own.into_iter().filter(|(_, tally)| *tally != Tally::default()) {
            *couriers.entry((courier.uuid(), hour)).or_default() += tally;
        }
    }
    let shard = i64::try_from(shard.unwrap_or(0)).unwrap_or(0);
    for (statement, key, counts) in
        [(ADD_TO_REGIONS, "region", regions), (ADD_TO_COURIERS, "courier", couriers)]
    {
        if !counts.is_empty() {
            let item = |((id, hour), tally): ((Uuid, Time), Tally)| document(key, id, hour, shard, &tally);
            conn.execute(statement, vec![rows(counts.into_iter().map(item))]).await?;
        }
    }
    Ok(())
}

fn document(key: &str, id: Uuid, hour: Time, shard: i64, tally: &Tally) -> Json {
    let counts = tally.fields().into_iter().map(|(name, count)| (name.to_owned(), Json::from(count)));
    let mut item: Map<String, Json> = counts.collect();
    item.insert(key.to_owned(), hex(id).into());
    item.insert("hour".to_owned(), hour.ms().into());
    item.insert("shard".to_owned(), shard.into());
    Json::Object(item)
}

impl Database {
    /// What became of orders in the hours that begin from `from` to before `to`, by hour and region, or of
    /// one region alone: those in which something happened, at most `limit` of them, the oldest first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn order_hours(
        &self,
        from: Time,
        to: Time,
        region: Option<RegionId>,
        limit: u32,
    ) -> Result<Vec<RegionHour>, Unavailable> {
        let (one, id) = (i64::from(region.is_some()), region.map_or(Uuid::nil(), RegionId::uuid));
        let found = self.rows(REGIONS, args![from.ms(), to.ms(), one, id, limit]).await?;
        Ok(each(&found, |row| {
            let id: Uuid = row.get("id")?;
            let region = (!id.is_nil()).then(|| RegionId::from(id));
            Ok(RegionHour { region, hour: row.time("hour")?, tally: tally(row)? })
        })?)
    }

    /// What couriers were asked, had and did in the hours that begin from `from` to before `to`, by courier,
    /// after one of them: those with whom something happened, at most `limit` of them.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn courier_tallies(
        &self,
        from: Time,
        to: Time,
        after: Option<UserId>,
        limit: u32,
    ) -> Result<Vec<(UserId, Tally)>, Unavailable> {
        let after = after.map_or(Uuid::nil(), UserId::uuid);
        let found = self.rows(COURIERS, args![from.ms(), to.ms(), after, limit]).await?;
        Ok(each(&found, |row| Ok((row.user("id")?, tally(row)?)))?)
    }
}

fn tally(row: &Row) -> Result<Tally, Failure> {
    Tally::find(|name| row.get(name))
}
