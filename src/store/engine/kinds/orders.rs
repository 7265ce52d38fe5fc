//! Orders with their offers as a kind of work. An order's version guards its offers, too.

pub(super) mod reading;

use futures_util::future::BoxFuture;
use peerpack_actors::dispatch::order::{Cargo, OrderEnd, OrderEvent};
use peerpack_actors::dispatch::{By, ORDER, Offer, OfferState, Order, OrderChange, OrderPhase, OrderState};
use peerpack_actors::ids::{OfferId, RegionId, UserId};
use peerpack_actors::time::Time;
use serde_json::{Value as Json, json};

use super::{Applier, Changes, hours};
use crate::store::failure::Failure;
use crate::store::sql::codec::to_document;
use crate::store::sql::{Conn, Sql, args, hex, over_rows, rows, sql};

const ADD: Sql = sql("\
    INSERT INTO orders (id, passenger, state, state_at, round, courier, offer, version, region, \
    pickup_title, pickup_object, pickup_lat, pickup_lon, \
    dropoff_title, dropoff_object, dropoff_lat, dropoff_lon, pickup_at, cargo, weight_g, volume_ml, slots, \
    extras, note, way_m, ride_s, quote, waited_ms, assignment_reason, rejection_reason, \
    created_at, changed_at, updated_at) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, \
    $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32, $33)");

// `updated_at` never goes back, as with packages.
const MOVE: Sql = over_rows!(
    "UPDATE orders SET state = r.state, state_at = r.state_at, round = r.round, courier = r.courier, \
     offer = r.offer, version = r.version, quote = r.quote, settled = r.settled, cancel_fee = r.cancel_fee, \
     assigned_at = r.assigned_at, waited_ms = r.waited_ms, completed_at = r.completed_at, \
     assignment_reason = r.assignment_reason, rejection_reason = r.rejection_reason, \
     reserved_for = r.reserved_for, reserved_at = r.reserved_at, changed_at = r.changed_at, \
     updated_at = CASE WHEN orders.updated_at > r.at THEN orders.updated_at ELSE r.at END FROM",
    [id uuid, before int, state text, state_at int, round int, courier uuid, offer uuid, version int,
     quote text, settled text, cancel_fee text, assigned_at int, waited_ms int, completed_at int,
     assignment_reason text, rejection_reason text, reserved_for uuid, reserved_at int,
     changed_at int, at int],
    "WHERE orders.id = r.id AND orders.version = r.before"
);

const AMEND: Sql = sql("\
    UPDATE orders SET region = $2, pickup_title = $3, pickup_object = $4, pickup_lat = $5, pickup_lon = $6, \
    dropoff_title = $7, dropoff_object = $8, dropoff_lat = $9, dropoff_lon = $10, pickup_at = $11, \
    weight_g = $12, volume_ml = $13, slots = $14, extras = $15, note = $16, way_m = $17, ride_s = $18, \
    cargo = $19 WHERE id = $1");

const ADD_OFFER: Sql = sql("\
    INSERT INTO order_offers (id, order_id, courier, created_at, expires_at, round, eta_s, way_m, cost, \
    state, reason) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'pending', '')");

const END_OFFERS: Sql = over_rows!(
    "UPDATE order_offers SET state = r.state, state_at = r.state_at, reason = r.reason FROM",
    [id uuid, order_id uuid, state text, state_at int, reason text],
    "WHERE order_offers.id = r.id AND order_offers.order_id = r.order_id AND order_offers.state = 'pending'"
);

const ADD_STEPS: Sql = over_rows!(
    "INSERT INTO order_steps (order_id, version, step, state_from, state_to, at, role, person, courier, \
     description) SELECT r.order_id, r.version, r.step, r.state_from, r.state_to, r.at, r.role, r.person, \
     r.courier, r.description FROM",
    [order_id uuid, version int, step int, state_from text, state_to text, at int, role text, person uuid,
     courier uuid, description text],
    ""
);

pub(super) struct Orders;

/// An order that changes: the version that was decided upon, what has happened, the order afterwards, and
/// when it was decided.
type Moved<'a> = (i64, &'a [OrderEvent], &'a Order, Time);

impl Applier for Orders {
    fn kind(&self) -> &'static str {
        ORDER
    }

    fn apply<'a>(&'a self, conn: &'a mut Conn, changes: Changes<'a>) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(async move {
            let mut moved: Vec<Moved<'_>> = Vec::new();
            for (change, at) in changes {
                match change.downcast::<OrderChange>() {
                    Some(OrderChange::New(order)) => add(conn, order).await?,
                    Some(OrderChange::Update { version, events, after }) => {
                        moved.push((*version, events, after, at));
                    }
                    None => {}
                }
            }
            if moved.is_empty() {
                return Ok(());
            }
            moved.sort_by_key(|(_, _, order, _)| order.id);
            move_orders(conn, &moved).await?;
            end_offers(conn, &moved).await?;
            for (_, events, order, _) in &moved {
                if events.iter().any(|event| matches!(event, OrderEvent::Amended { .. })) {
                    amend(conn, order).await?;
                }
            }
            for (_, events, order, _) in &moved {
                for event in *events {
                    if let OrderEvent::OfferOpened(offer) = event {
                        add_offer(conn, order, offer).await?;
                    }
                }
            }
            add_steps(conn, &moved).await
        })
    }

    fn count<'a>(&'a self, conn: &'a mut Conn, changes: Changes<'a>) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(async move { hours::count(conn, &changes).await })
    }
}

async fn move_orders(conn: &mut Conn, moved: &[Moved<'_>]) -> Result<(), Failure> {
    let item = |(before, _, order, at): &Moved<'_>| {
        let (milestones, state) = (&order.milestones, order.state);
        let document = |value: Option<Result<String, Failure>>| value.transpose();
        Ok(json!({
            "id": hex(order.id.uuid()),
            "before": before,
            "state": state.word(),
            "state_at": state_at(state).map(Time::ms),
            "round": order.round(),
            "courier": named(state).map(|courier| hex(courier.uuid())),
            "offer": asked_by(state).map(|offer| hex(offer.uuid())),
            "version": order.version,
            "quote": to_document(&order.quote)?,
            "settled": document(milestones.settled.as_ref().map(to_document))?,
            "cancel_fee": document(milestones.cancel_fee.as_ref().map(to_document))?,
            "assigned_at": milestones.assigned_at.map(Time::ms),
            "waited_ms": milestones.waited.ms(),
            "completed_at": milestones.completed_at.map(Time::ms),
            "assignment_reason": milestones.assignment_reason,
            "rejection_reason": milestones.rejection_reason,
            "reserved_for": order.reserved.map(|reserved| hex(reserved.courier.uuid())),
            "reserved_at": order.reserved.map(|reserved| reserved.at.ms()),
            "changed_at": order.changed_at.ms(),
            "at": at.ms(),
        }))
    };
    let items = moved.iter().map(item).collect::<Result<Vec<Json>, Failure>>()?;
    let expected = items.len() as u64;
    if conn.execute(MOVE, vec![rows(items)]).await? == expected { Ok(()) } else { Err(Failure::Conflict) }
}

async fn end_offers(conn: &mut Conn, moved: &[Moved<'_>]) -> Result<(), Failure> {
    let mut ended = Vec::new();
    for (_, events, order, _) in moved {
        for event in *events {
            let OrderEvent::OfferEnded { id, to } = event else { continue };
            let reason = match to {
                OfferState::Declined { reason, .. } => reason.as_str(),
                OfferState::Pending
                | OfferState::Accepted { .. }
                | OfferState::Expired { .. }
                | OfferState::Withdrawn { .. } => "",
            };
            ended.push(json!({
                "id": hex(id.uuid()),
                "order_id": hex(order.id.uuid()),
                "state": to.word(),
                "state_at": to.at().map(Time::ms),
                "reason": reason,
            }));
        }
    }
    let expected = ended.len() as u64;
    if expected > 0 && conn.execute(END_OFFERS, vec![rows(ended)]).await? != expected {
        return Err(Failure::Conflict);
    }
    Ok(())
}

async fn add_steps(conn: &mut Conn, moved: &[Moved<'_>]) -> Result<(), Failure> {
    let mut steps = Vec::new();
    for (_, events, order, _) in moved {
        for (n, event) in events.iter().enumerate() {
            let OrderEvent::Moved { from, to, at, by, description } = event else { continue };
            steps.push(json!({
                "order_id": hex(order.id.uuid()),
                "version": order.version,
                "step": n,
                "state_from": from.word(),
                "state_to": to.word(),
                "at": at.ms(),
                "role": by.role(),
                "person": by.person().map(|person| hex(person.uuid())),
                "courier": counts_for(*from, *to, *by).map(|courier| hex(courier.uuid())),
                "description": description,
            }));
        }
    }
    if !steps.is_empty() {
        conn.execute(ADD_STEPS, vec![rows(steps)]).await?;
    }
    Ok(())
}

async fn add(conn: &mut Conn, order: &Order) -> Result<(), Failure> {
    let (draft, state, load) = (&order.draft, order.state, order.draft.load());
    let end =
        |end: &OrderEnd| (end.title.clone(), end.object_name.clone(), end.position.lat, end.position.lon);
    let (pickup, dropoff) = (end(&draft.pickup), end(&draft.dropoff));
    let values = args![
        order.id.uuid(),
        order.passenger.uuid(),
        state.word(),
        state_at(state).map(Time::ms),
        order.round(),
        named(state).map(UserId::uuid),
        asked_by(state).map(OfferId::uuid),
        order.version,
        draft.region.map(RegionId::uuid),
        pickup.0,
        pickup.1,
        pickup.2,
        pickup.3,
        dropoff.0,
        dropoff.1,
        dropoff.2,
        dropoff.3,
        draft.pickup_at.map(Time::ms),
        cargo_word(draft.cargo),
        load.weight_g,
        load.volume_ml,
        load.slots,
        to_document(&draft.extras)?,
        draft.note.as_str(),
        draft.ride.way_m,
        draft.ride.ride_s,
        to_document(&order.quote)?,
        order.milestones.waited.ms(),
        order.milestones.assignment_reason.as_str(),
        order.milestones.rejection_reason.as_str(),
        order.created_at.ms(),
        order.changed_at.ms(),
        order.created_at.ms(),
    ];
    conn.execute(ADD, values).await?;
    Ok(())
}

const fn cargo_word(cargo: Cargo) -> &'static str {
    match cargo {
        Cargo::Passenger => "passenger",
        Cargo::Parcel(_) => "parcel",
    }
}

/// What is wanted of an order, whose row is in hand.
async fn amend(conn: &mut Conn, order: &Order) -> Result<(), Failure> {
    let (draft, load) = (&order.draft, order.draft.load());
    let (pickup, dropoff) = (&draft.pickup, &draft.dropoff);
    let values = args![
        order.id.uuid(),
        draft.region.map(RegionId::uuid),
        pickup.title.as_str(),
        pickup.object_name.as_str(),
        pickup.position.lat,
        pickup.position.lon,
        dropoff.title.as_str(),
        dropoff.object_name.as_str(),
        dropoff.position.lat,
        dropoff.position.lon,
        draft.pickup_at.map(Time::ms),
        load.weight_g,
        load.volume_ml,
        load.slots,
        to_document(&draft.extras)?,
        draft.note.as_str(),
        draft.ride.way_m,
        draft.ride.ride_s,
        cargo_word(draft.cargo),
    ];
    conn.execute(AMEND, values).await?;
    Ok(())
}

async fn add_offer(conn: &mut Conn, order: &Order, offer: &Offer) -> Result<(), Failure> {
    let values = args![
        offer.id.uuid(),
        order.id.uuid(),
        offer.courier.uuid(),
        offer.created_at.ms(),
        offer.expires_at.ms(),
        offer.round,
        offer.reckoning.eta_s,
        offer.reckoning.way_m,
        offer.reckoning.cost,
    ];
    conn.execute(ADD_OFFER, values).await?;
    Ok(())
}

/// The courier whose record a step is in: who got the order by it, or had it and called it off.
const fn counts_for(from: OrderPhase, to: OrderState, by: By) -> Option<UserId> {
    match (from, to, by) {
        // The passenger did not come: the courier has called nothing off.
        (OrderPhase::NoShow, OrderState::Cancelled, _) => None,
        (_, OrderState::Assigned { courier, .. }, _) | (_, OrderState::Cancelled, By::Courier(courier)) => {
            Some(courier)
        }
        _ => None,
    }
}

/// Since when an order is in a state that says so.
const fn state_at(state: OrderState) -> Option<Time> {
    match state {
        OrderState::Matching { since: at, .. }
        | OrderState::Assigned { at, .. }
        | OrderState::ArrivedWaiting { at, .. } => Some(at),
        _ => None,
    }
}

/// The courier in the row: who has it, or is asked.
const fn named(state: OrderState) -> Option<UserId> {
    match state {
        OrderState::Offered { courier, .. } => Some(courier),
        state => state.courier(),
    }
}

const fn asked_by(state: OrderState) -> Option<OfferId> {
    match state {
        OrderState::Offered { offer, .. } => Some(offer),
        _ => None,
    }
}
