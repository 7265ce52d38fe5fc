//! Trips and the room on their legs. The trip's row is the lock of its legs.

use std::collections::{BTreeMap, BTreeSet};

use peerpack_actors::ids::TripId;
use peerpack_actors::leg::{LegIndex, LegSpan};
use peerpack_actors::market::load::Load;
use peerpack_actors::market::trip::{Trip, TripState};
use peerpack_actors::rejection::Rejection;
use peerpack_actors::time::Time;
use peerpack_actors::unit::TripChange;
use serde_json::json;

use super::Units;
use crate::store::failure::Failure;
use crate::store::sql::codec::to_document;
use crate::store::sql::{Conn, Sql, args, hex, over_rows, rows, sql};

const ADD_TRIP: Sql = sql("\
    INSERT INTO trips (id, courier, state, state_at, version, stops, departs_at, arrives_at, transport, \
    weight_g, volume_ml, slots, max_detour_min, detour_used_min, price_minor, price_currency, \
    comment, airport, created_at, updated_at) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)");

const ADD_LEGS: Sql = over_rows!(
    "INSERT INTO trip_legs (trip_id, leg, capacity_g, capacity_ml, capacity_n, used_g, used_ml, used_n) \
     SELECT r.trip_id, r.n, r.capacity_g, r.capacity_ml, r.capacity_n, r.used_g, r.used_ml, r.used_n FROM",
    [trip_id uuid, capacity_g int, capacity_ml int, capacity_n int, used_g int, used_ml int, used_n int],
    ""
);

const MOVE_TRIP: Sql = sql("\
    UPDATE trips SET version = version + 1, \
    updated_at = CASE WHEN updated_at > $3 THEN updated_at ELSE $3 END, state = $4, state_at = $5 \
    WHERE id = $1 AND version = $2");

const CHANGE_TRIPS: Sql = over_rows!(
    "UPDATE trips SET version = trips.version + r.changes, \
     updated_at = CASE WHEN trips.updated_at > r.at THEN trips.updated_at ELSE r.at END, \
     detour_used_min = trips.detour_used_min + r.detour_min FROM",
    [id uuid, changes int, detour_min int, reserves int, at int],
    "WHERE trips.id = r.id AND (r.reserves = 0 OR ( \
         trips.state IN ('active', 'in_progress') \
         AND trips.detour_used_min + r.detour_min <= trips.max_detour_min))"
);

const CHANGE_LEGS: Sql = over_rows!(
    "UPDATE trip_legs SET used_g = trip_legs.used_g + r.weight_g, \
     used_ml = trip_legs.used_ml + r.volume_ml, used_n = trip_legs.used_n + r.slots FROM",
    [trip_id uuid, leg int, weight_g int, volume_ml int, slots int],
    "WHERE trip_legs.trip_id = r.trip_id AND trip_legs.leg = r.leg \
     AND trip_legs.used_g + r.weight_g <= trip_legs.capacity_g \
     AND trip_legs.used_ml + r.volume_ml <= trip_legs.capacity_ml \
     AND trip_legs.used_n + r.slots <= trip_legs.capacity_n \
     RETURNING trip_legs.trip_id AS trip_id, trip_legs.leg AS leg"
);

// Not a change of the trip: its version stays.
const REMIND: Sql = sql("\
    UPDATE trips SET reminded_at = $2 WHERE id = $1 AND reminded_at IS NULL AND state = 'active'");

/// Room taken on one trip or given back to it, all units together.
struct Room {
    changes: i64,
    detour_min: i64,
    /// Whether any unit takes room: only a live trip gives it.
    reserves: bool,
    at: Time,
    /// For each leg: grams, millilitres, slots.
    legs: BTreeMap<LegIndex, [i64; 3]>,
}

/// The rows of the trips and their legs.
pub(super) async fn apply(conn: &mut Conn, units: Units<'_>) -> Result<(), Failure> {
    let mut rooms: BTreeMap<TripId, Room> = BTreeMap::new();
    for unit in units {
        for change in &unit.trips {
            match change {
                TripChange::New(trip) => add_trip(conn, trip).await?,
                TripChange::Moved { id, version, state } => {
                    move_trip(conn, *id, *version, *state, unit.at).await?;
                }
                TripChange::Reminded { id } => remind(conn, *id, unit.at).await?,
                TripChange::Reserve { id, legs, load, detour_min } => {
                    if legs.from >= legs.to {
                        return Err(Failure::Refused(Rejection::DoesNotSuit("order")));
                    }
                    let room = rooms.entry(*id).or_insert_with(|| Room::new(unit.at));
                    room.reserves = true;
                    room.add(*legs, *load, *detour_min, 1, unit.at);
                }
                TripChange::Release { id, legs, load, detour_min } => {
                    let room = rooms.entry(*id).or_insert_with(|| Room::new(unit.at));
                    room.add(*legs, *load, *detour_min, -1, unit.at);
                }
            }
        }
    }
    if rooms.is_empty() {
        return Ok(());
    }
    change_trips(conn, &rooms).await?;
    change_legs(conn, &rooms).await
}

async fn remind(conn: &mut Conn, id: TripId, at: Time) -> Result<(), Failure> {
    match conn.execute(REMIND, args![id.uuid(), at.ms()]).await? {
        1 => Ok(()),
        _ => Err(Failure::Conflict),
    }
}

impl Room {
    const fn new(at: Time) -> Self {
        Self { changes: 0, detour_min: 0, reserves: false, at, legs: BTreeMap::new() }
    }

    fn add(&mut self, legs: LegSpan, load: Load, detour_min: u32, sign: i64, at: Time) {
        self.changes += 1;
        self.detour_min += sign * i64::from(detour_min);
        self.at = self.at.max(at);
        for leg in legs.from..legs.to {
            let [weight_g, volume_ml, slots] = self.legs.entry(leg).or_default();
            *weight_g += sign * i64::from(load.weight_g);
            *volume_ml += sign * i64::from(load.volume_ml);
            *slots += sign * i64::from(load.slots);
        }
    }
}

async fn change_trips(conn: &mut Conn, rooms: &BTreeMap<TripId, Room>) -> Result<(), Failure> {
    let items = rows(rooms.iter().map(|(id, room)| {
        json!({
            "id": hex(id.uuid()),
            "changes": room.changes,
            "detour_min": room.detour_min,
            "reserves": i64::from(room.reserves),
            "at": room.at.ms(),
        })
    }));
    if conn.execute(CHANGE_TRIPS, vec![items]).await? == rooms.len() as u64 {
        return Ok(());
    }
    if !rooms.values().any(|room| room.reserves) {
        return Err(Failure::Conflict);
    }
    let live = sql("SELECT id FROM trips WHERE id = $1 AND state IN ('active', 'in_progress')");
    for (id, room) in rooms {
        if room.reserves && conn.optional(live, args![id.uuid()]).await?.is_none() {
            return Err(Failure::Refused(Rejection::TripNotLive));
        }
    }
    Err(Failure::Refused(Rejection::DoesNotSuit("detour")))
}

async fn change_legs(conn: &mut Conn, rooms: &BTreeMap<TripId, Room>) -> Result<(), Failure> {
    let wanted: Vec<(TripId, LegIndex, [i64; 3])> =
        rooms.iter().flat_map(|(id, room)| room.legs.iter().map(|(leg, load)| (*id, *leg, *load))).collect();
    let items = rows(wanted.iter().map(|(id, leg, [weight_g, volume_ml, slots])| {
        json!({
            "trip_id": hex(id.uuid()),
            "leg": leg,
            "weight_g": weight_g,
            "volume_ml": volume_ml,
            "slots": slots,
        })
    }));
    let mut changed = BTreeSet::new();
    for row in conn.all(CHANGE_LEGS, vec![items]).await? {
        changed.insert((row.trip_id("trip_id")?, row.number::<LegIndex>("leg")?));
    }
    let Some((id, leg, _)) = wanted.into_iter().find(|(id, leg, _)| !changed.contains(&(*id, *leg))) else {
        return Ok(());
    };
    let exists = sql("SELECT leg FROM trip_legs WHERE trip_id = $1 AND leg = $2");
    Err(Failure::Refused(match conn.optional(exists, args![id.uuid(), u32::from(leg)]).await? {
        Some(_) => Rejection::NoRoom(leg),
        None => Rejection::DoesNotSuit("order"),
    }))
}

async fn move_trip(
    conn: &mut Conn,
    id: TripId,
    version: i64,
    state: TripState,
    at: Time,
) -> Result<(), Failure> {
    let values = args![id.uuid(), version, at.ms(), state.word(), state.at().map(Time::ms)];
    if conn.execute(MOVE_TRIP, values).await? == 1 { Ok(()) } else { Err(Failure::Conflict) }
}

async fn add_trip(conn: &mut Conn, trip: &Trip) -> Result<(), Failure> {
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
    let legs = used.map(|used| {
        json!({
            "trip_id": hex(trip.id.uuid()),
            "capacity_g": capacity.weight_g, "capacity_ml": capacity.volume_ml, "capacity_n": capacity.slots,
            "used_g": used.weight_g, "used_ml": used.volume_ml, "used_n": used.slots,
        })
    });
    conn.execute(ADD_LEGS, vec![rows(legs)]).await?;
    Ok(())
}
