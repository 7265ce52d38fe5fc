//! The steps of a deal, each one transaction that locks the package, its requests and the legs of the trip.

use peerpack_actors::ids::{RequestId, UserId};
use peerpack_actors::market::phase::RequestPhase;
use peerpack_actors::market::request::{Origin, Party};
use peerpack_actors::money::Currency;
use peerpack_actors::place::PlaceId;
use peerpack_actors::stream::{HandOverView, OfferEnd, OfferEndReason, RequestChange, StreamEvent, place};
use peerpack_actors::time::Time;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

use super::now;
use super::offers::offer;
use super::store::{Package, Store, answered, remember};
use super::telling::{Pushed, Told, tell};
use crate::oracle::What;

/// How a step went: refused with a code, or done, and who is to be told.
pub(super) type Taken = Result<Vec<Pushed>, &'static str>;

struct Request {
    id: RequestId,
    trip: Uuid,
    courier: UserId,
    legs: (i32, i32),
    state: String,
}

impl Store {
    /// Takes a step; once for a key.
    pub(super) async fn step(
        &self,
        by: UserId,
        what: What,
        id: RequestId,
        key: Option<Uuid>,
    ) -> sqlx::Result<Taken> {
        let mut tx = self.0.begin().await?;
        let select = "SELECT p.* FROM plain_packages p JOIN plain_requests r ON r.package = p.id \
                      WHERE r.id = $1 FOR UPDATE OF p";
        let Some(row) = sqlx::query(select).bind(id.uuid()).fetch_optional(&mut *tx).await? else {
            return Ok(Err("not_found"));
        };
        if answered(&mut tx, key).await?.is_some() {
            return Ok(Ok(Vec::new()));
        }
        let (package, deal) = (package(&row), row.get::<Option<Uuid>, _>("deal"));
        let requests = requests(&mut tx, &package).await?;
        let Some(request) = requests.iter().find(|request| request.id == id) else {
            return Ok(Err("not_found"));
        };
        let to = match allowed(by, what, &package, request) {
            Ok(to) => to,
            Err(code) => return Ok(Err(code)),
        };
        // Not before the locks are held: a stream's times do not run backwards.
        let at = now();
        if what == What::Accept && (deal.is_some() || !take_room(&mut tx, request, package.weight_g).await?) {
            return Ok(Err(if deal.is_some() { "already_taken" } else { "no_room" }));
        }
        set(&mut tx, request, to).await?;
        let mut told = told_of(what, &package, request, by);
        match what {
            What::Accept => {
                hold(&mut tx, &package, request).await?;
                for loser in requests.iter().filter(|other| other.id != id && other.state == "offered") {
                    set(&mut tx, loser, "taken").await?;
                    told.push(taken(&package, loser));
                }
            }
            What::Cancel => {
                give_back(&mut tx, &package, request).await?;
                told.extend(offer(&mut tx, &package, at).await?);
            }
            What::Decline if deal.is_none() => {
                let is_last = !requests.iter().any(|other| other.id != id && other.state == "offered");
                if is_last {
                    told.extend(offer(&mut tx, &package, at).await?);
                }
            }
            What::Confirm => {
                let update = "UPDATE plain_escrows SET state = 'released' WHERE request = $1";
                sqlx::query(update).bind(id.uuid()).execute(&mut *tx).await?;
            }
            _ => {}
        }
        let pushed = tell(&mut tx, told, at).await?;
        remember(&mut tx, key, None).await?;
        tx.commit().await?;
        Ok(Ok(pushed))
    }
}

/// The state that a step leads to.
fn allowed(
    by: UserId,
    what: What,
    package: &Package,
    request: &Request,
) -> Result<&'static str, &'static str> {
    let is_courier = by == request.courier;
    let is_party = is_courier || by == package.sender;
    match (what, request.state.as_str()) {
        (What::Accept | What::Decline, "taken") => Err("already_taken"),
        (What::Accept, "offered") if is_courier => Ok("accepted"),
        (What::Decline, "offered") if is_courier => Ok("declined"),
        (What::PickUp, "accepted") if is_courier => Ok("picked_up"),
        (What::Deliver, "accepted" | "picked_up") if is_courier => Ok("delivered"),
        (What::Confirm, "delivered") if by == package.sender => Ok("confirmed"),
        (What::Cancel, "accepted" | "picked_up") if is_party => Ok("cancelled"),
        _ if is_party => Err("illegal_transition"),
        _ => Err("not_found"),
    }
}

fn package(row: &PgRow) -> Package {
    let place = |name| PlaceId(u32::try_from(row.get::<i64, _>(name)).unwrap_or(0));
    Package {
        id: row.get::<Uuid, _>("id").into(),
        sender: row.get::<Uuid, _>("sender").into(),
        description: row.get("description"),
        from: place("origin"),
        to: place("destination"),
        weight_g: row.get("weight_g"),
        reward: row.get("reward"),
        deliver_by: Time::from_ms(row.get("deliver_by")),
    }
}

async fn requests(tx: &mut PgConnection, package: &Package) -> sqlx::Result<Vec<Request>> {
    let select = "SELECT * FROM plain_requests WHERE package = $1 ORDER BY id FOR UPDATE";
    let rows = sqlx::query(select).bind(package.id.uuid()).fetch_all(tx).await?;
    let request = |row: &PgRow| Request {
        id: row.get::<Uuid, _>("id").into(),
        trip: row.get("trip"),
        courier: row.get::<Uuid, _>("courier").into(),
        legs: (row.get("leg_from"), row.get("leg_to")),
        state: row.get("state"),
    };
    Ok(rows.iter().map(request).collect())
}

/// Takes room on every leg, if there is.
async fn take_room(tx: &mut PgConnection, request: &Request, weight_g: i64) -> sqlx::Result<bool> {
    let select = "SELECT capacity_g - used_g AS left_g FROM plain_legs \
                  WHERE trip = $1 AND leg >= $2 AND leg < $3 ORDER BY leg FOR UPDATE";
    let (from, to) = request.legs;
    let legs = sqlx::query(select).bind(request.trip).bind(from).bind(to).fetch_all(&mut *tx).await?;
    if legs.iter().any(|leg| leg.get::<i64, _>("left_g") < weight_g) {
        return Ok(false);
    }
    move_room(tx, request, weight_g).await?;
    Ok(true)
}

async fn move_room(tx: &mut PgConnection, request: &Request, weight_g: i64) -> sqlx::Result<()> {
    let update = "UPDATE plain_legs SET used_g = used_g + $4 WHERE trip = $1 AND leg >= $2 AND leg < $3";
    let (from, to) = request.legs;
    sqlx::query(update).bind(request.trip).bind(from).bind(to).bind(weight_g).execute(tx).await?;
    Ok(())
}

async fn set(tx: &mut PgConnection, request: &Request, state: &str) -> sqlx::Result<()> {
    let update = sqlx::query("UPDATE plain_requests SET state = $2 WHERE id = $1");
    update.bind(request.id.uuid()).bind(state).execute(tx).await?;
    Ok(())
}

async fn hold(tx: &mut PgConnection, package: &Package, request: &Request) -> sqlx::Result<()> {
    let update = sqlx::query("UPDATE plain_packages SET deal = $2 WHERE id = $1");
    update.bind(package.id.uuid()).bind(request.id.uuid()).execute(&mut *tx).await?;
    let insert = "INSERT INTO plain_escrows (request, amount, state) VALUES ($1, $2, 'held')";
    sqlx::query(insert).bind(request.id.uuid()).bind(package.reward).execute(tx).await?;
    Ok(())
}

async fn give_back(tx: &mut PgConnection, package: &Package, request: &Request) -> sqlx::Result<()> {
    move_room(tx, request, -package.weight_g).await?;
    let update = sqlx::query("UPDATE plain_packages SET deal = NULL WHERE id = $1").bind(package.id.uuid());
    update.execute(&mut *tx).await?;
    let update = sqlx::query("UPDATE plain_escrows SET state = 'refunded' WHERE request = $1");
    update.bind(request.id.uuid()).execute(tx).await?;
    Ok(())
}

/// Both parties are told of a step; of a declined offer only the courier.
fn told_of(what: What, package: &Package, request: &Request, by: UserId) -> Vec<Told> {
    let (make, new_status): (fn(RequestChange) -> StreamEvent, _) = match what {
        What::Accept => (StreamEvent::RequestAccepted, RequestPhase::Accepted),
        What::Decline => (StreamEvent::RequestDeclined, RequestPhase::Declined),
        What::PickUp => (StreamEvent::RequestPickedUp, RequestPhase::PickedUp),
        What::Deliver => (StreamEvent::RequestDelivered, RequestPhase::Delivered),
        What::Confirm => (StreamEvent::RequestConfirmed, RequestPhase::Confirmed),
        What::Cancel => (StreamEvent::RequestCancelled, RequestPhase::Cancelled),
    };
    let party = if by == request.courier { Party::Courier } else { Party::Sender };
    let hand_over = |at: PlaceId| HandOverView { place: place(at), eta: package.deliver_by };
    let change = RequestChange {
        request_id: request.id,
        package_id: package.id,
        trip_id: request.trip.into(),
        sender_id: package.sender,
        courier_id: request.courier,
        origin: Origin::Engine,
        old_status: None,
        new_status,
        description: package.description.clone(),
        reward: package.reward as f64,
        currency: Currency::Rub,
        pickup: hand_over(package.from),
        dropoff: hand_over(package.to),
        message: None,
        cancelled_by: (what == What::Cancel).then_some(party),
        by_operator: false,
    };
    let sender = (what != What::Decline).then_some(package.sender);
    let both = [Some(request.courier), sender].into_iter().flatten();
    both.map(|to| Told { to, event: make(change.clone()) }).collect()
}

fn taken(package: &Package, loser: &Request) -> Told {
    let end = OfferEnd {
        request_id: loser.id,
        package_id: package.id,
        trip_id: loser.trip.into(),
        reason: OfferEndReason::Taken,
    };
    Told { to: loser.courier, event: StreamEvent::OfferRevoked(end) }
}
