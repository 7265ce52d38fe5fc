//! Packages and their requests. A package's version guards its requests too.

use peerpack_actors::ids::{PackageId, RequestId};
use peerpack_actors::market::package::{Package, PackageState};
use peerpack_actors::market::request::Request;
use peerpack_actors::time::Time;
use peerpack_actors::unit::{PackageChange, Publications};
use serde_json::{Value as Json, json};

use super::Units;
use crate::store::failure::Failure;
use crate::store::sql::codec::{evidence, stored, to_document};
use crate::store::sql::{Conn, Sql, args, hex, over_rows, rows, sql};

const ADD_PACKAGE: Sql = sql("\
    INSERT INTO packages (id, sender, state, state_at, deal, version, mode, template, \
    pickup_place, pickup_lat, pickup_lon, pickup_address, \
    dropoff_place, dropoff_lat, dropoff_lon, dropoff_address, \
    weight_g, volume_ml, slots, ready_at, deliver_by, reward_minor, reward_currency, \
    description, size, weight, tags, created_at, updated_at, made_from, \
    hand_over_codes, contents_confirmed, confirm_by, payment, fee_bps, fee_minimum_minor, \
    fee_version) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, \
    $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32, $33, $34, $35, $36, $37)");

// `updated_at` never goes back: a unit that was decided earlier may well commit later, and a node that has
// looked beyond its time would never see it.
const MOVE_PACKAGES: Sql = over_rows!(
    "UPDATE packages SET version = packages.version + 1, \
     updated_at = CASE WHEN packages.updated_at > r.at THEN packages.updated_at ELSE r.at END, \
     state = COALESCE(r.state, packages.state), \
     state_at = CASE WHEN r.state IS NULL THEN packages.state_at ELSE r.state_at END, \
     deal = CASE WHEN r.state IS NULL THEN packages.deal ELSE r.deal END FROM",
    [id uuid, version int, at int, state text, state_at int, deal uuid],
    "WHERE packages.id = r.id AND packages.version = r.version"
);

const MOVE_REQUESTS: Sql = over_rows!(
    "UPDATE requests SET state = r.state, state_at = r.state_at, state_by = r.state_by, \
     resolved_by = r.resolved_by, reason = COALESCE(r.reason, requests.reason), \
     agreed_at = COALESCE(r.agreed_at, requests.agreed_at), updated_at = r.at FROM",
    [id uuid, package_id uuid, at int, state text, state_at int, state_by text, resolved_by uuid, reason text,
     agreed_at int],
    "WHERE requests.id = r.id AND requests.package_id = r.package_id"
);

const ADOPT_OFFERS: Sql = over_rows!(
    "UPDATE requests SET origin = 'sender', message = r.message, expires_at = NULL, ttl_ms = 0, \
     updated_at = r.at FROM",
    [id uuid, package_id uuid, at int, message text],
    "WHERE requests.id = r.id AND requests.package_id = r.package_id \
     AND requests.origin = 'engine' AND requests.state = 'pending'"
);

const PUBLISHED_BESIDE: Sql = sql("SELECT count(*) AS others FROM packages WHERE sender = $1 AND id >= $2");

const ADD_REQUESTS: Sql = over_rows!(
    "INSERT INTO requests (id, package_id, trip_id, sender, courier, origin, leg_from, leg_to, \
     pickup_place, pickup_at, dropoff_place, dropoff_at, detour_min, detour_m, room_left_g, \
     reward_minor, currency, message, airport, created_at, wave_order, expires_at, ttl_ms, \
     state, state_at, state_by, resolved_by, reason, agreed_at, updated_at) \
     SELECT r.id, r.package_id, r.trip_id, r.sender, r.courier, r.origin, r.leg_from, r.leg_to, \
     r.pickup_place, r.pickup_at, r.dropoff_place, r.dropoff_at, r.detour_min, r.detour_m, r.room_left_g, \
     r.reward_minor, r.currency, r.message, r.airport, r.created_at, r.wave_order, r.expires_at, r.ttl_ms, \
     r.state, r.state_at, r.state_by, r.resolved_by, r.reason, r.agreed_at, r.at FROM",
    [
        id uuid, package_id uuid, trip_id uuid, sender uuid, courier uuid, origin text, leg_from int,
        leg_to int, pickup_place int, pickup_at int, dropoff_place int, dropoff_at int, detour_min int,
        detour_m int, room_left_g int, reward_minor int, currency text, message text, airport text, created_at int,
        wave_order int, expires_at int, ttl_ms int, state text, state_at int, state_by text, resolved_by uuid,
        reason text, agreed_at int, at int,
    ],
    ""
);

/// The rows of the packages themselves.
pub(super) async fn apply(conn: &mut Conn, units: Units<'_>) -> Result<(), Failure> {
    let mut moves = Vec::new();
    for unit in units {
        for change in &unit.packages {
            match change {
                PackageChange::New(package) => add_package(conn, package).await?,
                PackageChange::Update { id, version, state, .. } => {
                    moves.push((*id, *version, *state, unit.at));
                }
            }
        }
    }
    if moves.is_empty() {
        return Ok(());
    }
    moves.sort_by_key(|(id, ..)| *id);
    let expected = moves.len() as u64;
    let items = rows(moves.into_iter().map(|(id, version, state, at)| {
        json!({
            "id": hex(id.uuid()),
            "version": version,
            "at": at.ms(),
            "state": state.map(PackageState::word),
            "state_at": state.and_then(PackageState::at).map(Time::ms),
            "deal": state.and_then(PackageState::deal).map(|deal| hex(deal.uuid())),
        })
    }));
    if conn.execute(MOVE_PACKAGES, vec![items]).await? == expected { Ok(()) } else { Err(Failure::Conflict) }
}

/// The requests: those that are in another state, and those that are new.
pub(super) async fn apply_requests(conn: &mut Conn, units: Units<'_>) -> Result<(), Failure> {
    let (mut moved, mut added, mut adopted) = (Vec::new(), Vec::new(), Vec::new());
    for unit in units {
        for change in &unit.packages {
            let opened = match change {
                PackageChange::New(package) => &package.requests,
                PackageChange::Update { id, opened, moved: steps, adopted: offers, .. } => {
                    adopted.extend(offers.iter().map(|(request, message)| {
                        let (id, package) = (hex(request.uuid()), hex(id.uuid()));
                        json!({ "id": id, "package_id": package, "at": unit.at.ms(), "message": message })
                    }));
                    moved.extend(steps.iter().map(|(request, state)| {
                        let (by, reason, operator) = evidence(state);
                        let (word, state_at, agreed_at) = stored(state);
                        json!({
                            "id": hex(request.uuid()),
                            "package_id": hex(id.uuid()),
                            "at": unit.at.ms(),
                            "state": word,
                            "state_at": state_at,
                            "state_by": by,
                            "resolved_by": operator.map(|operator| hex(operator.uuid())),
                            "reason": reason,
                            "agreed_at": agreed_at,
                        })
                    }));
                    opened
                }
            };
            added.extend(opened.iter().enumerate().map(|(n, request)| document(request, n, unit.at)));
        }
    }
    let expected = moved.len() as u64;
    if expected > 0 && conn.execute(MOVE_REQUESTS, vec![rows(moved)]).await? != expected {
        return Err(Failure::Conflict);
    }
    let expected = adopted.len() as u64;
    if expected > 0 && conn.execute(ADOPT_OFFERS, vec![rows(adopted)]).await? != expected {
        return Err(Failure::Conflict);
    }
    if !added.is_empty() {
        conn.execute(ADD_REQUESTS, vec![rows(added)]).await?;
    }
    Ok(())
}

/// Whether senders have published what they were thought to have, and no more. Looks after the streams were
/// advanced: the row of the sender's stream, which every publication writes to, keeps others of the same
/// sender waiting.
pub(super) async fn check_publications(conn: &mut Conn, units: Units<'_>) -> Result<(), Failure> {
    for unit in units {
        let Some(Publications { sender, since, count }) = unit.seen else { continue };
        // Ids begin with the time of publication.
        let first = PackageId::new(since, [0; 10]).uuid();
        let row = conn.one(PUBLISHED_BESIDE, args![sender.uuid(), first]).await?;
        let own = unit.packages.iter().filter(|change| matches!(change, PackageChange::New(_))).count();
        if row.number::<usize>("others")? != count + own {
            return Err(Failure::Conflict);
        }
    }
    Ok(())
}

async fn add_package(conn: &mut Conn, package: &Package) -> Result<(), Failure> {
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
        package.made_from.map(PackageId::uuid),
        i64::from(package.terms.hand_over_codes),
        i64::from(package.terms.contents_confirmed),
        draft.confirm_by.map(Time::ms),
        package.terms.payment.paid.word(),
        package.terms.payment.fee.bps,
        package.terms.payment.fee.minimum_minor,
        package.terms.payment.version,
    ];
    conn.execute(ADD_PACKAGE, values).await?;
    Ok(())
}

fn document(request: &Request, wave_order: usize, at: Time) -> Json {
    let plan = &request.plan;
    let (by, reason, operator) = evidence(&request.state);
    let (word, state_at, agreed_at) = stored(&request.state);
    json!({
        "id": hex(request.id.uuid()),
        "package_id": hex(request.package.uuid()),
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
        "airport": request.airport,
        "created_at": request.created_at.ms(),
        "wave_order": wave_order,
        "expires_at": request.expires_at.map(Time::ms),
        "ttl_ms": request.ttl.ms(),
        "state": word,
        "state_at": state_at,
        "state_by": by,
        "resolved_by": operator.map(|operator| hex(operator.uuid())),
        "reason": reason,
        "agreed_at": agreed_at,
        "at": at.ms(),
    })
}
