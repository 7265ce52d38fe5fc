//! Couriers' duties as a kind of work.

use futures_util::future::BoxFuture;
use peerpack_actors::dispatch::{DUTY, Duty, DutyChange, DutyPhase, DutyState, Vehicle};
use peerpack_actors::ids::{OfferId, OrderId};
use peerpack_actors::market::load::Load;
use serde_json::json;
use uuid::Uuid;

use super::{Applier, Changes};
use crate::store::failure::Failure;
use crate::store::sql::{Conn, Row, Sql, hex, over_rows, rows};

/// The columns that [`duty`] reads.
macro_rules! duty_columns {
    () => {
        "courier, car_model, plate_number, weight_g, volume_ml, slots, region, state, order_id, offer, since, \
         version"
    };
}
pub(super) use duty_columns;

const ADD: Sql = over_rows!(
    concat!(
        "INSERT INTO duties (",
        duty_columns!(),
        ", updated_at) SELECT r.courier, r.car_model, r.plate_number, r.weight_g, r.volume_ml, r.slots, \
         r.region, r.state, r.order_id, r.offer, r.since, r.version, r.at FROM"
    ),
    [courier uuid, car_model text, plate_number text, weight_g int, volume_ml int, slots int, region uuid,
     state text, order_id uuid, offer uuid, since int, version int, at int],
    ""
);

// `updated_at` never goes back, as with packages.
const MOVE: Sql = over_rows!(
    "UPDATE duties SET car_model = r.car_model, plate_number = r.plate_number, weight_g = r.weight_g, \
     volume_ml = r.volume_ml, slots = r.slots, region = r.region, state = r.state, order_id = r.order_id, \
     offer = r.offer, since = r.since, version = r.version, \
     updated_at = CASE WHEN duties.updated_at > r.at THEN duties.updated_at ELSE r.at END FROM",
    [courier uuid, car_model text, plate_number text, weight_g int, volume_ml int, slots int, region uuid,
     state text, order_id uuid, offer uuid, since int, version int, at int],
    "WHERE duties.courier = r.courier AND duties.version = r.version - 1"
);

pub(super) struct Duties;

impl Applier for Duties {
    fn kind(&self) -> &'static str {
        DUTY
    }

    fn apply<'a>(&'a self, conn: &'a mut Conn, changes: Changes<'a>) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(async move {
            let (mut added, mut moved) = (Vec::new(), Vec::new());
            for (change, at) in changes {
                let Some(change) = change.downcast::<DutyChange>() else { continue };
                let list = if change.version == 0 { &mut added } else { &mut moved };
                list.push((&change.after, at));
            }
            for (statement, mut list) in [(ADD, added), (MOVE, moved)] {
                if list.is_empty() {
                    continue;
                }
                list.sort_by_key(|(duty, _)| duty.courier);
                let expected = list.len() as u64;
                let items = rows(list.into_iter().map(|(duty, at)| {
                    let capacity = duty.vehicle.capacity;
                    json!({
                        "courier": hex(duty.courier.uuid()),
                        "car_model": duty.vehicle.car_model,
                        "plate_number": duty.vehicle.plate_number,
                        "weight_g": capacity.weight_g,
                        "volume_ml": capacity.volume_ml,
                        "slots": capacity.slots,
                        "region": hex(duty.region.uuid()),
                        "state": duty.state.phase().word(),
                        "order_id": duty.state.order().map(|order| hex(order.uuid())),
                        "offer": duty.state.offer().map(|offer| hex(offer.uuid())),
                        "since": duty.since.ms(),
                        "version": duty.version,
                        "at": at.ms(),
                    })
                }));
                if conn.execute(statement, vec![items]).await? != expected {
                    return Err(Failure::Conflict);
                }
            }
            Ok(())
        })
    }
}

/// A duty from its row.
pub(super) fn duty(row: &Row) -> Result<Duty, Failure> {
    let word = row.text("state")?;
    let order = row.get::<Option<Uuid>>("order_id")?.map(OrderId::from);
    let offer = row.get::<Option<Uuid>>("offer")?.map(OfferId::from);
    let state = match (DutyPhase::from_word(&word), order, offer) {
        (Some(DutyPhase::Offline), None, None) => DutyState::Offline,
        (Some(DutyPhase::OnlineIdle), None, None) => DutyState::Idle,
        (Some(DutyPhase::Paused), None, None) => DutyState::Paused,
        (Some(DutyPhase::Offered), Some(order), Some(offer)) => DutyState::Offered { order, offer },
        (Some(DutyPhase::EnrouteToPickup), Some(order), None) => DutyState::ToPickup { order },
        (Some(DutyPhase::OnTrip), Some(order), None) => DutyState::OnTrip { order },
        _ => return Err(Failure::Broken(format!("unknown state of a duty: {word:?}"))),
    };
    let capacity = Load {
        weight_g: row.number("weight_g")?,
        volume_ml: row.number("volume_ml")?,
        slots: row.number("slots")?,
    };
    Ok(Duty {
        courier: row.user("courier")?,
        vehicle: Vehicle {
            car_model: row.text("car_model")?,
            plate_number: row.text("plate_number")?,
            capacity,
        },
        region: row.get::<Uuid>("region")?.into(),
        state,
        since: row.time("since")?,
        version: row.get("version")?,
    })
}
