//! Loading packages with their requests and trips with their room: two queries for any number of them.
//!
//! Columns are listed one by one: `SELECT *` would break the prepared statements of a running program the
//! moment a migration adds a column.

use std::collections::HashMap;

use peerpack_actors::ids::{PackageId, TripId};
use peerpack_actors::market::package::Package;
use peerpack_actors::market::request::Request;
use peerpack_actors::market::trip::Trip;
use serde_json::json;

use crate::store::failure::Failure;
use crate::store::sql::{Conn, Sql, Value, codec, hex, over_rows, rows};

/// The columns that [`codec::package`] reads.
macro_rules! package_columns {
    () => {
        "id, sender, state, state_at, deal, version, mode, template, \
         pickup_place, pickup_lat, pickup_lon, pickup_address, \
         dropoff_place, dropoff_lat, dropoff_lon, dropoff_address, \
         weight_g, volume_ml, slots, ready_at, deliver_by, reward_minor, reward_currency, \
         description, size, weight, tags, created_at, confirm_by, made_from, \
         hand_over_codes, contents_confirmed, payment, fee_bps, fee_minimum_minor, fee_version, \
         CASE WHEN state = 'template' \
         THEN (SELECT count(*) FROM packages AS made WHERE made.made_from = packages.id) ELSE 0 END AS uses"
    };
}
pub(in crate::store) use package_columns;

/// The columns that [`codec::trip`] reads.
macro_rules! trip_columns {
    () => {
        "id, courier, state, state_at, version, stops, transport, weight_g, volume_ml, slots, \
         max_detour_min, detour_used_min, price_minor, price_currency, comment, airport, created_at"
    };
}
pub(in crate::store) use trip_columns;

/// The columns that [`codec::request`] reads.
macro_rules! request_columns {
    () => {
        "q.id, q.package_id, q.trip_id, q.sender, q.courier, q.origin, q.leg_from, q.leg_to, \
         q.pickup_place, q.pickup_at, q.dropoff_place, q.dropoff_at, q.detour_min, q.detour_m, \
         q.room_left_g, \
         q.reward_minor, q.currency, q.message, q.airport, q.created_at, q.expires_at, q.ttl_ms, \
         q.state, q.state_at, q.state_by, q.resolved_by, q.reason, q.agreed_at"
    };
}
pub(in crate::store) use request_columns;

// CROSS JOIN keeps SQLite from turning the join around and reading the whole table.
const REQUESTS: Sql = over_rows!(
    concat!("SELECT ", request_columns!(), " FROM"),
    [id uuid],
    "CROSS JOIN requests AS q WHERE q.package_id = r.id \
     ORDER BY q.package_id, q.created_at, q.wave_order, q.id"
);

const LEGS: Sql = over_rows!(
    "SELECT l.trip_id, l.capacity_g - l.used_g AS left_g, l.capacity_ml - l.used_ml AS left_ml, \
     l.capacity_n - l.used_n AS left_n FROM",
    [id uuid],
    "CROSS JOIN trip_legs AS l WHERE l.trip_id = r.id ORDER BY l.trip_id, l.leg"
);

/// Packages with their requests, in the order of the query, which selects [`package_columns!`].
pub(in crate::store) async fn packages(
    conn: &mut Conn,
    sql: Sql,
    args: Vec<Value>,
) -> Result<Vec<Package>, Failure> {
    let found = conn.all(sql, args).await?;
    let mut packages = found.iter().map(codec::package).collect::<Result<Vec<_>, _>>()?;
    if packages.is_empty() {
        return Ok(packages);
    }
    let ids = rows(packages.iter().map(|package| json!({ "id": hex(package.id.uuid()) })));
    let mut requests: HashMap<PackageId, Vec<Request>> = HashMap::new();
    for row in conn.all(REQUESTS, vec![ids]).await? {
        let request = codec::request(&row)?;
        requests.entry(request.package).or_default().push(request);
    }
    for package in &mut packages {
        package.requests = requests.remove(&package.id).unwrap_or_default();
    }
    Ok(packages)
}

/// Trips with their room, in the order of the query, which selects [`trip_columns!`].
pub(in crate::store) async fn trips(
    conn: &mut Conn,
    sql: Sql,
    args: Vec<Value>,
) -> Result<Vec<Trip>, Failure> {
    let found = conn.all(sql, args).await?;
    let mut trips = found.iter().map(codec::trip).collect::<Result<Vec<_>, _>>()?;
    if trips.is_empty() {
        return Ok(trips);
    }
    let ids = rows(trips.iter().map(|trip| json!({ "id": hex(trip.id.uuid()) })));
    let mut positions: HashMap<TripId, usize> = HashMap::with_capacity(trips.len());
    positions.extend(trips.iter().enumerate().map(|(at, trip)| (trip.id, at)));
    for row in conn.all(LEGS, vec![ids]).await? {
        if let Some(at) = positions.get(&row.trip_id("trip_id")?) {
            trips[*at].left.push(codec::leg(&row)?);
        }
    }
    Ok(trips)
}
