//! Orders from their rows, with their offers: two queries for any number of them.

use std::collections::HashMap;

use peerpack_actors::dispatch::offer::Reckoning;
use peerpack_actors::dispatch::order::{Cargo, Milestones, OrderEnd, Reservation};
use peerpack_actors::dispatch::price::Ride;
use peerpack_actors::dispatch::{Offer, OfferState, Order, OrderDraft, OrderPhase, OrderState};
use peerpack_actors::ids::{OfferId, OrderId, UserId};
use peerpack_actors::market::load::Load;
use peerpack_actors::place::Position;
use peerpack_actors::time::Span;
use serde_json::json;
use uuid::Uuid;

use crate::store::Database;
use crate::store::failure::Failure;
use crate::store::sql::codec::document;
use crate::store::sql::{Row, Sql, Value, hex, over_rows, rows};

/// The columns that [`orders`] reads.
macro_rules! order_columns {
    () => {
        "id, passenger, state, state_at, round, courier, offer, version, region, \
         pickup_title, pickup_object, pickup_lat, pickup_lon, \
         dropoff_title, dropoff_object, dropoff_lat, dropoff_lon, pickup_at, cargo, weight_g, volume_ml, slots, \
         extras, note, way_m, ride_s, quote, settled, cancel_fee, assigned_at, waited_ms, completed_at, \
         assignment_reason, rejection_reason, reserved_for, reserved_at, created_at, changed_at"
    };
}
pub(in crate::store::engine::kinds) use order_columns;

// CROSS JOIN keeps SQLite from turning the join around and reading the whole table.
const OFFERS: Sql = over_rows!(
    "SELECT o.id, o.order_id, o.courier, o.created_at, o.expires_at, o.round, o.eta_s, o.way_m, o.cost, o.state, \
     o.state_at, o.reason FROM",
    [id uuid],
    "CROSS JOIN order_offers AS o WHERE o.order_id = r.id ORDER BY o.order_id, o.created_at, o.id"
);

/// Orders with their offers, in the order of the query, which selects [`order_columns!`].
pub(in crate::store::engine::kinds) async fn orders(
    database: &Database,
    sql: Sql,
    args: Vec<Value>,
) -> Result<Vec<Order>, Failure> {
    let found = database.rows(sql, args).await?;
    let mut orders = found.iter().map(order).collect::<Result<Vec<_>, _>>()?;
    if orders.is_empty() {
        return Ok(orders);
    }
    let ids = rows(orders.iter().map(|order| json!({ "id": hex(order.id.uuid()) })));
    let mut offers: HashMap<OrderId, Vec<Offer>> = HashMap::new();
    for row in database.rows(OFFERS, vec![ids]).await? {
        offers.entry(row.get::<Uuid>("order_id")?.into()).or_default().push(offer(&row)?);
    }
    for order in &mut orders {
        order.offers = offers.remove(&order.id).unwrap_or_default();
    }
    Ok(orders)
}

fn order(row: &Row) -> Result<Order, Failure> {
    let end = |title: &str, object: &str, lat: &str, lon: &str| {
        let position = Position { lat: row.get(lat)?, lon: row.get(lon)? };
        Ok::<_, Failure>(OrderEnd { title: row.text(title)?, object_name: row.text(object)?, position })
    };
    let load = Load {
        weight_g: row.number("weight_g")?,
        volume_ml: row.number("volume_ml")?,
        slots: row.number("slots")?,
    };
    let cargo = match row.text("cargo")?.as_str() {
        "passenger" => Cargo::Passenger,
        "parcel" => Cargo::Parcel(load),
        other => return Err(Failure::Broken(format!("unknown cargo: {other:?}"))),
    };
    let draft = OrderDraft {
        pickup: end("pickup_title", "pickup_object", "pickup_lat", "pickup_lon")?,
        dropoff: end("dropoff_title", "dropoff_object", "dropoff_lat", "dropoff_lon")?,
        pickup_at: row.optional_time("pickup_at")?,
        cargo,
        extras: document(&row.text("extras")?)?,
        note: row.text("note")?,
        region: row.get::<Option<Uuid>>("region")?.map(Into::into),
        ride: Ride { way_m: row.number("way_m")?, ride_s: row.number("ride_s")? },
    };
    let milestones = Milestones {
        assigned_at: row.optional_time("assigned_at")?,
        waited: Span::from_ms(row.get("waited_ms")?),
        completed_at: row.optional_time("completed_at")?,
        assignment_reason: row.text("assignment_reason")?,
        rejection_reason: row.text("rejection_reason")?,
        cancel_fee: row.get::<Option<String>>("cancel_fee")?.as_deref().map(document).transpose()?,
        settled: row.get::<Option<String>>("settled")?.as_deref().map(document).transpose()?,
    };
    let reserved = row.get::<Option<Uuid>>("reserved_for")?.zip(row.optional_time("reserved_at")?);
    Ok(Order {
        id: row.get::<Uuid>("id")?.into(),
        passenger: row.user("passenger")?,
        draft,
        quote: document(&row.text("quote")?)?,
        state: state(row)?,
        milestones,
        offers: Vec::new(),
        reserved: reserved.map(|(courier, at)| Reservation { courier: courier.into(), at }),
        version: row.get("version")?,
        created_at: row.time("created_at")?,
        changed_at: row.time("changed_at")?,
    })
}

/// An order's state from its word and evidence.
fn state(row: &Row) -> Result<OrderState, Failure> {
    use {OrderPhase as P, OrderState as S};
    let word = row.text("state")?;
    let broken = || Failure::Broken(format!("unknown order state: {word:?}"));
    let at = row.optional_time("state_at")?;
    let courier = row.get::<Option<Uuid>>("courier")?.map(UserId::from);
    let offer = row.get::<Option<Uuid>>("offer")?.map(OfferId::from);
    let round = row.number("round")?;
    Ok(match (P::from_word(&word).ok_or_else(broken)?, courier, at, offer) {
        (P::Draft, None, None, None) => S::Draft,
        (P::Submitted, None, None, None) => S::Submitted,
        (P::AwaitingDispatcherDecision, None, None, None) => S::AwaitingDispatcherDecision,
        (P::Rejected, None, None, None) => S::Rejected,
        (P::Created, None, None, None) => S::Created,
        (P::Matching, None, Some(since), None) => S::Matching { since, round },
        (P::ActiveQueue, None, None, None) => S::ActiveQueue,
        (P::Offered, Some(courier), None, Some(offer)) => S::Offered { offer, courier, round },
        (P::Assigned, Some(courier), Some(at), None) => S::Assigned { courier, at },
        (P::DriverEnRoute, Some(courier), None, None) => S::DriverEnRoute { courier },
        (P::ArrivedWaiting, Some(courier), Some(at), None) => S::ArrivedWaiting { courier, at },
        (P::RideOngoing, Some(courier), None, None) => S::RideOngoing { courier },
        (P::NoShow, Some(courier), None, None) => S::NoShow { courier },
        (P::Incident, Some(courier), None, None) => S::Incident { courier },
        (P::Completed, Some(courier), None, None) => S::Completed { courier },
        (P::Cancelled, None, None, None) => S::Cancelled,
        _ => return Err(broken()),
    })
}

fn offer(row: &Row) -> Result<Offer, Failure> {
    let word = row.text("state")?;
    let state = match (word.as_str(), row.optional_time("state_at")?) {
        ("pending", None) => OfferState::Pending,
        ("accepted", Some(at)) => OfferState::Accepted { at },
        ("declined", Some(at)) => OfferState::Declined { at, reason: row.text("reason")? },
        ("expired", Some(at)) => OfferState::Expired { at },
        ("withdrawn", Some(at)) => OfferState::Withdrawn { at },
        _ => return Err(Failure::Broken(format!("unknown state of an offer: {word:?}"))),
    };
    Ok(Offer {
        id: row.get::<Uuid>("id")?.into(),
        courier: row.user("courier")?,
        created_at: row.time("created_at")?,
        expires_at: row.time("expires_at")?,
        round: row.number("round")?,
        reckoning: Reckoning {
            eta_s: row.number("eta_s")?,
            way_m: row.number("way_m")?,
            cost: row.get("cost")?,
        },
        state,
    })
}
