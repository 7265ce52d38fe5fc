//! Who is offered a package: a scan of the stops of all trips.

use peerpack_actors::ids::{RequestId, TripId, UserId};
use peerpack_actors::money::Currency;
use peerpack_actors::money::fees::Paid;
use peerpack_actors::place::{Gazetteer, PlaceId};
use peerpack_actors::stream::{HandOverView, Offer, PackageBrief, StreamEvent, place};
use peerpack_actors::time::{Span, Time};
use sqlx::{PgConnection, Row};
use uuid::Uuid;

use super::store::Package;
use super::telling::Told;

/// How many couriers are asked at once, and how many offers one of them may have.
const WAVE: i64 = 3;

/// How far a stop may be from an end, degrees of latitude and of longitude: 12 km where most people live.
const NEAR_LAT: f64 = 0.11;
const NEAR_LON: f64 = 0.2;

/// How long an offer stands.
const STANDS: Span = Span::minutes(30);

/// The next couriers for a package, soonest first: both ends near its stops in this order, in time, with
/// room, not asked before and not busy.
const NEXT: &str = "\
    SELECT t.id, t.courier, t.departs, t.arrives, a.n AS leg_from, b.n AS leg_to \
    FROM plain_stops a \
    JOIN plain_stops b ON b.trip = a.trip AND b.n > a.n \
    JOIN plain_trips t ON t.id = a.trip \
    WHERE abs(a.lat - $1) < $5 AND abs(a.lon - $2) < $6 AND abs(b.lat - $3) < $5 AND abs(b.lon - $4) < $6 \
    AND t.departs > $7 AND t.arrives <= $8 AND t.courier <> $9 \
    AND NOT EXISTS (SELECT 1 FROM plain_requests r WHERE r.package = $10 AND r.courier = t.courier) \
    AND (SELECT count(*) FROM plain_requests r WHERE r.courier = t.courier AND r.state = 'offered') < $11 \
    AND NOT EXISTS (SELECT 1 FROM plain_legs l WHERE l.trip = t.id AND l.leg >= a.n AND l.leg < b.n \
        AND l.capacity_g - l.used_g < $12) \
    ORDER BY t.departs LIMIT $11";

/// Offers a package to the next couriers. What they are told.
pub(super) async fn offer(tx: &mut PgConnection, package: &Package, at: Time) -> sqlx::Result<Vec<Told>> {
    let position = |id: PlaceId| {
        let place = Gazetteer::bundled().get(id);
        place.map_or((0.0, 0.0), |place| (place.position.lat, place.position.lon))
    };
    let ((from_lat, from_lon), (to_lat, to_lon)) = (position(package.from), position(package.to));
    let next = sqlx::query(NEXT).bind(from_lat).bind(from_lon).bind(to_lat).bind(to_lon);
    let next = next.bind(NEAR_LAT).bind(NEAR_LON).bind(at.ms()).bind(package.deliver_by.ms());
    let next = next.bind(package.sender.uuid()).bind(package.id.uuid()).bind(WAVE).bind(package.weight_g);
    let mut told: Vec<Told> = Vec::new();
    for row in next.fetch_all(&mut *tx).await? {
        let courier: UserId = row.get::<Uuid, _>("courier").into();
        let trip: TripId = row.get::<Uuid, _>("id").into();
        if told.iter().any(|told| told.to == courier) {
            continue;
        }
        let request = RequestId::new(at, rand::random());
        let (leg_from, leg_to): (i32, i32) = (row.get("leg_from"), row.get("leg_to"));
        let insert = "INSERT INTO plain_requests (id, package, trip, courier, leg_from, leg_to, state) \
                      VALUES ($1, $2, $3, $4, $5, $6, 'offered')";
        let insert = sqlx::query(insert).bind(request.uuid()).bind(package.id.uuid()).bind(trip.uuid());
        insert.bind(courier.uuid()).bind(leg_from).bind(leg_to).execute(&mut *tx).await?;
        let etas = (Time::from_ms(row.get("departs")), Time::from_ms(row.get("arrives")));
        let leg = |leg: i32| u16::try_from(leg).unwrap_or(0);
        let event = new_offer(package, request, trip, (leg(leg_from), leg(leg_to)), etas, at);
        told.push(Told { to: courier, event: StreamEvent::OfferNew(Box::new(event)) });
    }
    Ok(told)
}

fn new_offer(
    package: &Package,
    request_id: RequestId,
    trip_id: TripId,
    (leg_from, leg_to): (u16, u16),
    (departs, arrives): (Time, Time),
    at: Time,
) -> Offer {
    let weight_g = u32::try_from(package.weight_g).unwrap_or(0);
    Offer {
        request_id,
        package: PackageBrief {
            id: package.id,
            description: package.description.clone(),
            from: place(package.from),
            to: place(package.to),
            size: "s".to_owned(),
            weight: "light".to_owned(),
            weight_g,
            volume_ml: 1_000,
            tags: Vec::new(),
            ready_at: at,
            deliver_by: package.deliver_by,
        },
        trip_id,
        leg_from,
        leg_to,
        pickup: HandOverView { place: place(package.from), eta: departs },
        dropoff: HandOverView { place: place(package.to), eta: arrives },
        detour_min: 0,
        detour_km: 0.0,
        reward: package.reward as f64,
        fee: 0.0,
        currency: Currency::Rub,
        payment: Paid::default(),
        capacity_left_g: weight_g,
        expires_at: at + STANDS,
        ttl_ms: STANDS.ms(),
        hand_over_codes: false,
        why: Vec::new(),
    }
}
