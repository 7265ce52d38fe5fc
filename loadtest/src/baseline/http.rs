//! The routes of the main job, with the paths and shapes of PeerPack's.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use jiff::civil::{Date, Time as Clock};
use peerpack::auth::{Principal, Role, telegram};
use peerpack_actors::ids::{PackageId, RequestId, UserId};
use peerpack_actors::place::{Gazetteer, PlaceId};
use peerpack_actors::time::{Span, Time};
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::store::{NewTrip, Package};
use super::{Plain, now, socket};
use crate::oracle::What;

pub(super) fn routes(routes: &mut web::ServiceConfig) {
    routes
        .route("/api/health", web::get().to(health))
        .route("/api/health/ready", web::get().to(health))
        .route("/api/auth/telegram", web::post().to(sign_in))
        .route("/api/trips", web::post().to(publish_trip))
        .route("/api/packages", web::post().to(publish_package))
        .route("/api/package-requests/{id}/{step}", web::put().to(step))
        .route("/ws", web::get().to(socket::upgrade));
}

#[derive(Deserialize)]
struct SignIn {
    init_data: String,
}

#[derive(Deserialize)]
struct End {
    place_id: PlaceId,
}

#[derive(Deserialize)]
struct TripBody {
    from: End,
    to: End,
    stops: Vec<End>,
    date: String,
    time: String,
    arrival_date: String,
    capacity_g: i64,
}

#[derive(Deserialize)]
struct PackageBody {
    from: End,
    to: End,
    description: String,
    reward: i64,
    weight_g: i64,
    deliver_by: String,
}

async fn health() -> HttpResponse {
    HttpResponse::Ok().json(json!({ "status": "ok", "version": "plain" }))
}

async fn sign_in(plain: web::Data<Plain>, body: web::Json<SignIn>) -> HttpResponse {
    let Ok(who) = telegram::verify(&body.init_data, &plain.bot_token, now(), Some(Span::hours(1))) else {
        return refused(401, "invalid_init_data");
    };
    match plain.store.user(who.id).await {
        Ok(user) => {
            let principal = Principal { user, role: Role::User };
            let (token, _) = plain.tokens.issue(principal, Uuid::nil(), now(), rand::random());
            HttpResponse::Ok().json(json!({ "access_token": token, "user": { "id": user } }))
        }
        Err(error) => unavailable(&error),
    }
}

async fn publish_trip(
    plain: web::Data<Plain>,
    request: HttpRequest,
    body: web::Json<TripBody>,
) -> HttpResponse {
    let Some(courier) = who(&plain, &request) else { return refused(401, "invalid_token") };
    let ends = [body.from.place_id].into_iter().chain(body.stops.iter().map(|stop| stop.place_id));
    let places: Vec<PlaceId> = ends.chain([body.to.place_id]).collect();
    let (departs, arrives) = body.time.split_once(" → ").unwrap_or_default();
    let departs = moment(&body.date, departs, body.from.place_id);
    let arrives = moment(&body.arrival_date, arrives, body.to.place_id);
    let (Some(departs), Some(arrives)) = (departs, arrives) else { return refused(422, "invalid") };
    let trip = NewTrip { courier, places, departs, arrives, capacity_g: body.capacity_g };
    match plain.store.publish_trip(&trip).await {
        Ok((id, pushed)) => {
            plain.push(pushed);
            HttpResponse::Created().json(json!({ "trip_id": id }))
        }
        Err(error) => unavailable(&error),
    }
}

/// A local date and clock time at a place.
fn moment(date: &str, clock: &str, place: PlaceId) -> Option<Time> {
    let (date, clock): (Date, Clock) = (date.parse().ok()?, format!("{clock}:00").parse().ok()?);
    let zone = Gazetteer::bundled().get(place)?.tz;
    let zoned = date.to_datetime(clock).in_tz(zone).ok()?;
    Some(Time::from_ms(zoned.timestamp().as_millisecond()))
}

async fn publish_package(
    plain: web::Data<Plain>,
    request: HttpRequest,
    body: web::Json<PackageBody>,
) -> HttpResponse {
    let Some(sender) = who(&plain, &request) else { return refused(401, "invalid_token") };
    let Ok(deliver_by) = body.deliver_by.parse::<jiff::Timestamp>() else { return refused(422, "invalid") };
    let package = Package {
        id: PackageId::new(now(), rand::random()),
        sender,
        description: body.description.clone(),
        from: body.from.place_id,
        to: body.to.place_id,
        weight_g: body.weight_g,
        reward: body.reward,
        deliver_by: Time::from_ms(deliver_by.as_millisecond()),
    };
    match plain.store.publish_package(&package, key(&request)).await {
        Ok((id, pushed)) => {
            plain.push(pushed);
            HttpResponse::Created().json(json!({ "package_id": id }))
        }
        Err(error) => unavailable(&error),
    }
}

async fn step(
    plain: web::Data<Plain>,
    request: HttpRequest,
    path: web::Path<(RequestId, String)>,
) -> HttpResponse {
    let Some(by) = who(&plain, &request) else { return refused(401, "invalid_token") };
    let (id, step) = path.into_inner();
    let what = match step.as_str() {
        "accept" => What::Accept,
        "decline" => What::Decline,
        "pickup" => What::PickUp,
        "mark-delivered" => What::Deliver,
        "confirm-delivery" => What::Confirm,
        "cancel" => What::Cancel,
        _ => return refused(404, "not_found"),
    };
    match plain.store.step(by, what, id, key(&request)).await {
        Ok(Ok(pushed)) => {
            plain.push(pushed);
            HttpResponse::Ok().json(json!({ "request_id": id }))
        }
        Ok(Err(code)) => refused(if code == "not_found" { 404 } else { 409 }, code),
        Err(error) => unavailable(&error),
    }
}

/// Who asks, by the token.
pub(super) fn who(plain: &Plain, request: &HttpRequest) -> Option<UserId> {
    let bearer = request.headers().get(header::AUTHORIZATION)?.to_str().ok()?;
    let access = plain.tokens.verify(bearer.strip_prefix("Bearer ")?, now()).ok()?;
    Some(access.principal.user)
}

fn key(request: &HttpRequest) -> Option<Uuid> {
    request.headers().get("Idempotency-Key")?.to_str().ok()?.parse().ok()
}

fn refused(status: u16, code: &str) -> HttpResponse {
    let status = actix_web::http::StatusCode::from_u16(status).unwrap_or_default();
    HttpResponse::build(status).json(json!({ "code": code }))
}

/// The same for whatever the database did not do: what became of it is not known.
fn unavailable(error: &sqlx::Error) -> HttpResponse {
    eprintln!("peerpack-baseline: {error}");
    let body: Value = json!({ "code": "unavailable" });
    HttpResponse::ServiceUnavailable().json(body)
}
