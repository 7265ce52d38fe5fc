//! Trips and the room on their legs. The trip's row is the lock of its legs.

use peerpack_actors::ids::TripId;
use peerpack_actors::load::Load;
use peerpack_actors::rejection::Rejection;
use peerpack_actors::time::Time;
use peerpack_actors::trip::{LegIndex, LegSpan, Trip, TripState};
use serde_json::json;

use crate::store::codec::to_document;
use crate::store::failure::Failure;
use crate::store::sql::{Conn, Sql, args, over_rows, rows, sql};

const ADD_TRIP: Sql = sql("\
    INSERT INTO trips (id, courier, state, state_at, version, stops, departs_at, arrives_at, transport, \
    weight_g, volume_ml, slots, max_detour_min, detour_used_min, price_minor, price_currency, \
    comment, airport, created_at, updated_at) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)");

const ADD_LEGS: Sql = over_rows!(
    "INSERT INTO trip_legs (trip_id, leg, capacity_g, capacity_ml, capacity_n, used_g, used_ml, used_n) \
     SELECT $2, r.n, $3, $4, $5, r.used_g, r.used_ml, r.used_n FROM",
    [used_g int, used_ml int, used_n int],
    ""
);

const MOVE_TRIP: Sql = sql("\
    UPDATE trips SET version = version + 1, \
    updated_at = CASE WHEN updated_at > $3 THEN updated_at ELSE $3 END, state = $4, state_at = $5 \
    WHERE id = $1 AND version = $2");

const TAKE_DETOUR: Sql = sql("\
    UPDATE trips SET version = version + 1, \
    updated_at = CASE WHEN updated_at > $3 THEN updated_at ELSE $3 END, \
    detour_used_min = detour_used_min + $2 \
    WHERE id = $1 AND state IN ('active', 'in_progress') AND detour_used_min + $2 <= max_detour_min");

const GIVE_DETOUR_BACK: Sql = sql("\
    UPDATE trips SET version = version + 1, \
    updated_at = CASE WHEN updated_at > $3 THEN updated_at ELSE $3 END, \
    detour_used_min = detour_used_min - $2 \
    WHERE id = $1");

const TAKE_ROOM: Sql = sql("\
    UPDATE trip_legs SET used_g = used_g + $4, used_ml = used_ml + $5, used_n = used_n + $6 \
    WHERE trip_id = $1 AND leg >= $2 AND leg < $3 \
    AND used_g + $4 <= capacity_g AND used_ml + $5 <= capacity_ml AND used_n + $6 <= capacity_n \
    RETURNING leg");

const GIVE_ROOM_BACK: Sql = sql("\
    UPDATE trip_legs SET used_g = used_g - $4, used_ml = used_ml - $5, used_n = used_n - $6 \
    WHERE trip_id = $1 AND leg >= $2 AND leg < $3");

pub(super) async fn add_trip(conn: &mut Conn, trip: &Trip) -> Result<(), Failure> {
    let (draft, state) = (&trip.draft, trip.state);
    let values = args![
        trip.id.uuid(),
        trip.courier.uuid(),
        state.word(),
        state.at().map(Time::ms),
        trip.version,
        to_document(&draft.stops)?,
        trip.departs().ms(),
        trip.arrives().ms(),
        draft.transport.word(),
        draft.capacity.weight_g,
        draft.capacity.volume_ml,
        draft.capacity.slots,
        draft.max_detour_min,
        trip.detour_used_min,
        draft.price.map(|price| price.minor),
        draft.price.map(|price| price.currency.code().to_owned()),
        draft.comment.as_str(),
        draft.airport.as_str(),
        trip.created_at.ms(),
        trip.created_at.ms(),
    ];
    conn.execute(ADD_TRIP, values).await?;
    let capacity = draft.capacity;
    let used = trip.left.iter().map(|left| capacity.minus(*left).unwrap_or(Load::NONE));
    let legs = rows(
        used.map(|used| json!({ "used_g": used.weight_g, "used_ml": used.volume_ml, "used_n": used.slots })),
    );
    let mut values = vec![legs];
    values.extend(args![trip.id.uuid(), capacity.weight_g, capacity.volume_ml, capacity.slots]);
    conn.execute(ADD_LEGS, values).await?;
    Ok(())
}

pub(super) async fn move_trip(
    conn: &mut Conn,
    id: TripId,
    version: i64,
    state: TripState,
    at: Time,
) -> Result<(), Failure> {
    let values = args![id.uuid(), version, at.ms(), state.word(), state.at().map(Time::ms)];
    if conn.execute(MOVE_TRIP, values).await? == 1 { Ok(()) } else { Err(Failure::Conflict) }
}

/// Takes room, if the trip is live and every leg has it.
pub(super) async fn reserve(
    conn: &mut Conn,
    id: TripId,
    legs: LegSpan,
    load: Load,
    detour_min: u32,
    at: Time,
) -> Result<(), Failure> {
    if conn.execute(TAKE_DETOUR, args![id.uuid(), detour_min, at.ms()]).await? != 1 {
        let live = sql("SELECT state FROM trips WHERE id = $1 AND state IN ('active', 'in_progress')");
        return Err(Failure::Refused(match conn.optional(live, args![id.uuid()]).await? {
            Some(_) => Rejection::DoesNotSuit("detour"),
            None => Rejection::TripNotLive,
        }));
    }
    let span =
        args![id.uuid(), u32::from(legs.from), u32::from(legs.to), load.weight_g, load.volume_ml, load.slots];
    let taken = conn.all(TAKE_ROOM, span).await?;
    let taken = taken.iter().map(|row| row.number("leg")).collect::<Result<Vec<LegIndex>, _>>()?;
    let Some(full) = (legs.from..legs.to).find(|leg| !taken.contains(leg)) else {
        return if taken.is_empty() {
            Err(Failure::Refused(Rejection::DoesNotSuit("order")))
        } else {
            Ok(())
        };
    };
    let exists = sql("SELECT leg FROM trip_legs WHERE trip_id = $1 AND leg = $2");
    Err(Failure::Refused(match conn.optional(exists, args![id.uuid(), u32::from(full)]).await? {
        Some(_) => Rejection::NoRoom(full),
        None => Rejection::DoesNotSuit("order"),
    }))
}

/// Gives room back. A trip that is over takes it as well: the sums must come out even.
pub(super) async fn release(
    conn: &mut Conn,
    id: TripId,
    legs: LegSpan,
    load: Load,
    detour_min: u32,
    at: Time,
) -> Result<(), Failure> {
    if conn.execute(GIVE_DETOUR_BACK, args![id.uuid(), detour_min, at.ms()]).await? != 1 {
        return Err(Failure::Conflict);
    }
    let span =
        args![id.uuid(), u32::from(legs.from), u32::from(legs.to), load.weight_g, load.volume_ml, load.slots];
    conn.execute(GIVE_ROOM_BACK, span).await?;
    Ok(())
}
