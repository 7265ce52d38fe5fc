//! Packages and their requests: versions first, then rows. A package's version guards its requests too.

use peerpack_actors::ids::{PackageId, RequestId};
use peerpack_actors::package::{Package, PackageState};
use peerpack_actors::request::{Request, RequestState};
use peerpack_actors::time::Time;
use serde_json::json;

use crate::store::codec::{evidence, to_document};
use crate::store::failure::Failure;
use crate::store::sql::{Conn, Sql, args, hex, over_rows, rows, sql};

const ADD_PACKAGE: Sql = sql("\
    INSERT INTO packages (id, sender, state, state_at, deal, version, mode, template, \
    pickup_place, pickup_lat, pickup_lon, pickup_address, \
    dropoff_place, dropoff_lat, dropoff_lon, dropoff_address, \
    weight_g, volume_ml, slots, ready_at, deliver_by, reward_minor, reward_currency, \
    description, size, weight, tags, created_at, updated_at) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, \
    $20, $21, $22, $23, $24, $25, $26, $27, $28, $29)");

// `updated_at` never goes back: a unit that was decided earlier may well commit later, and whoever has looked
// beyond its time would never see it.
const TOUCH_PACKAGE: Sql = sql("\
    UPDATE packages SET version = version + 1, \
    updated_at = CASE WHEN updated_at > $3 THEN updated_at ELSE $3 END \
    WHERE id = $1 AND version = $2");

const MOVE_PACKAGE: Sql = sql("\
    UPDATE packages SET version = version + 1, \
    updated_at = CASE WHEN updated_at > $3 THEN updated_at ELSE $3 END, \
    state = $4, state_at = $5, deal = $6 \
    WHERE id = $1 AND version = $2");

const MOVE_REQUESTS: Sql = over_rows!(
    "UPDATE requests SET state = r.state, state_at = r.state_at, state_by = r.state_by, reason = r.reason, \
     updated_at = $2 FROM",
    [id uuid, state text, state_at int, state_by text, reason text],
    "WHERE requests.id = r.id AND requests.package_id = $3"
);

const ADD_REQUESTS: Sql = over_rows!(
    "INSERT INTO requests (id, package_id, trip_id, sender, courier, origin, leg_from, leg_to, \
     pickup_place, pickup_at, dropoff_place, dropoff_at, detour_min, detour_m, room_left_g, \
     reward_minor, currency, message, created_at, wave_order, expires_at, ttl_ms, \
     state, state_at, state_by, reason, updated_at) \
     SELECT r.id, $3, r.trip_id, r.sender, r.courier, r.origin, r.leg_from, r.leg_to, \
     r.pickup_place, r.pickup_at, r.dropoff_place, r.dropoff_at, r.detour_min, r.detour_m, r.room_left_g, \
     r.reward_minor, r.currency, r.message, r.created_at, r.n, r.expires_at, r.ttl_ms, \
     r.state, r.state_at, r.state_by, r.reason, $2 FROM",
    [
        id uuid, trip_id uuid, sender uuid, courier uuid, origin text, leg_from int, leg_to int,
        pickup_place int, pickup_at int, dropoff_place int, dropoff_at int, detour_min int, detour_m int,
        room_left_g int, reward_minor int, currency text, message text, created_at int, expires_at int,
        ttl_ms int, state text, state_at int, state_by text, reason text,
    ],
    ""
);

pub(super) async fn add_package(conn: &mut Conn, package: &Package) -> Result<(), Failure> {
    let (draft, state) = (&package.draft, package.state);
    let values = args![
        package.id.uuid(),
        package.sender.uuid(),
        state.word(),
        state.at().map(Time::ms),
        state.deal().map(RequestId::uuid),
        package.version,
        draft.mode.word(),
        i64::from(draft.template),
        draft.pickup.place.0,
        draft.pickup.position.lat,
        draft.pickup.position.lon,
        draft.pickup.address.as_str(),
        draft.dropoff.place.0,
        draft.dropoff.position.lat,
        draft.dropoff.position.lon,
        draft.dropoff.address.as_str(),
        draft.load.weight_g,
        draft.load.volume_ml,
        draft.load.slots,
        draft.ready_at.ms(),
        draft.deliver_by.ms(),
        draft.reward.minor,
        draft.reward.currency.code(),
        draft.description.as_str(),
        draft.size.as_str(),
        draft.weight.as_str(),
        to_document(&draft.tags)?,
        package.created_at.ms(),
        package.created_at.ms(),
    ];
    conn.execute(ADD_PACKAGE, values).await?;
    Ok(())
}

pub(super) async fn move_package(
    conn: &mut Conn,
    id: PackageId,
    version: i64,
    state: Option<PackageState>,
    at: Time,
) -> Result<(), Failure> {
    let mut values = args![id.uuid(), version, at.ms()];
    let touched = match state {
        None => conn.execute(TOUCH_PACKAGE, values).await?,
        Some(state) => {
            values.extend(args![state.word(), state.at().map(Time::ms), state.deal().map(RequestId::uuid)]);
            conn.execute(MOVE_PACKAGE, values).await?
        }
    };
    if touched == 1 { Ok(()) } else { Err(Failure::Conflict) }
}

pub(super) async fn move_requests(
    conn: &mut Conn,
    package: PackageId,
    moved: &[(RequestId, RequestState)],
    at: Time,
) -> Result<(), Failure> {
    if moved.is_empty() {
        return Ok(());
    }
    let items = rows(moved.iter().map(|(id, state)| {
        let (by, reason) = evidence(state);
        json!({
            "id": hex(id.uuid()),
            "state": state.word(),
            "state_at": state.at().map(Time::ms),
            "state_by": by,
            "reason": reason,
        })
    }));
    let touched = conn.execute(MOVE_REQUESTS, vec![items, at.ms().into(), package.uuid().into()]).await?;
    if touched == moved.len() as u64 { Ok(()) } else { Err(Failure::Conflict) }
}

pub(super) async fn add_requests(
    conn: &mut Conn,
    package: PackageId,
    requests: &[Request],
    at: Time,
) -> Result<(), Failure> {
    if requests.is_empty() {
        return Ok(());
    }
    let items = rows(requests.iter().map(|request| {
        let plan = &request.plan;
        let (by, reason) = evidence(&request.state);
        json!({
            "id": hex(request.id.uuid()),
            "trip_id": hex(request.trip.uuid()),
            "sender": hex(request.sender.uuid()),
            "courier": hex(request.courier.uuid()),
            "origin": request.origin.word(),
            "leg_from": plan.legs.from,
            "leg_to": plan.legs.to,
            "pickup_place": plan.pickup.place.0,
            "pickup_at": plan.pickup.at.ms(),
            "dropoff_place": plan.dropoff.place.0,
            "dropoff_at": plan.dropoff.at.ms(),
            "detour_min": plan.detour_min,
            "detour_m": plan.detour_m,
            "room_left_g": plan.room_left_g,
            "reward_minor": request.reward.minor,
            "currency": request.reward.currency.code(),
            "message": request.message,
            "created_at": request.created_at.ms(),
            "expires_at": request.expires_at.map(Time::ms),
            "ttl_ms": request.ttl.ms(),
            "state": request.state.word(),
            "state_at": request.state.at().map(Time::ms),
            "state_by": by,
            "reason": reason,
        })
    }));
    conn.execute(ADD_REQUESTS, vec![items, at.ms().into(), package.uuid().into()]).await?;
    Ok(())
}
