//! The sockets of the console and of the phones: an order, a courier, a passenger, the desk's map. Views over
//! what the dispatch of this node learns; nothing happens here that does not happen without them.
//!
//! Everything told is keyed state: what there is comes first, and of each thing the latest follows. So a
//! socket that comes back has missed nothing that still counts.

mod messages;
mod parties;
mod snapshot;
mod telling;

use std::cell::Cell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse, web};
use peerpack_actors::dispatch::Window;
use peerpack_actors::dispatch::track::Fix;
use peerpack_actors::ids::OrderId;
use peerpack_actors::place::Position;
use peerpack_actors::time::Time;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::scope;
use crate::app::App;
use crate::auth::token::Access;
use crate::edge::viewers::{Subject, Viewer};
use crate::error::{ApiError, request_id, sentence};
use crate::ws::viewing::{self, Hearing, NotShown, Showing};

pub use telling::Teller;

/// Where a courier is, as their own socket says it.
#[derive(Debug, Deserialize)]
struct Here {
    lat: f64,
    lon: f64,
}

/// The part of the map that is looked at.
#[derive(Debug, Deserialize)]
struct Viewport {
    south: f64,
    west: f64,
    north: f64,
    east: f64,
}

/// How the sockets of the dispatch are.
#[derive(Debug, Serialize, ToSchema)]
pub struct SocketHealth {
    /// `ok` or `degraded`.
    #[schema(value_type = crate::http::vocabulary::HealthStatus)]
    status: String,
    /// Whether the dispatch runs here.
    dispatch: bool,
    /// How the nodes hear of each other: `ok`, `down`, or `not_configured` for a node that is alone.
    #[schema(value_type = crate::http::vocabulary::RedisStatus)]
    redis: String,
    /// Sockets of this node by what they show: `map`, `order`, `driver`, `passenger`, `test`.
    sockets: BTreeMap<String, usize>,
    /// Couriers on duty whose position is known here.
    located_drivers: usize,
    timestamp: String,
    /// What to do about what is not well, for people; empty if all is.
    recommendations: Vec<String>,
}

/// An order: for operators, its passenger, and the courier who has it or is asked.
///
/// # Errors
/// What is no handshake, comes from a foreign page or too often.
pub async fn order(
    req: HttpRequest,
    app: web::Data<App>,
    path: web::Path<String>,
) -> Result<HttpResponse, ApiError> {
    scope::town(&app)?;
    let (shown, id) = (app.clone(), path.into_inner());
    let find = async move |access: Access| {
        let id: OrderId = id.parse().map_err(|_| ApiError::not_found())?;
        let order = scope::order(&shown, access.principal, id).await?;
        Ok::<_, NotShown>(showing(Subject::Order(order.id), access))
    };
    viewing::show(&req, &app, find, |_, _| silent(), snapshot::begin(&app)).await
}

/// A courier: for operators and the courier, who may say here where they are.
///
/// # Errors
/// As [`order`].
pub async fn driver(
    req: HttpRequest,
    app: web::Data<App>,
    path: web::Path<String>,
) -> Result<HttpResponse, ApiError> {
    scope::town(&app)?;
    let (shown, heard, number) = (app.clone(), app.clone(), path.into_inner());
    let find = async move |access: Access| {
        let number: i64 = number.parse().map_err(|_| ApiError::not_found())?;
        let driver = scope::driver(&shown, access.principal, number).await?;
        Ok::<_, NotShown>(showing(Subject::Driver(driver.person), access))
    };
    let hearing = |viewer: &Arc<Viewer>, access: Access| -> Hearing {
        let is_own = viewer.subject == Subject::Driver(access.principal.user);
        let is_reading = Rc::new(Cell::new(false));
        Rc::new(move |kind: &str, data: Value| match kind {
            "location" if is_own => located(&heard, access, data, &is_reading).map(|()| None),
            _ => Ok(None),
        })
    };
    viewing::show(&req, &app, find, hearing, snapshot::begin(&app)).await
}

/// A passenger: for operators and the passenger.
///
/// # Errors
/// As [`order`].
pub async fn passenger(
    req: HttpRequest,
    app: web::Data<App>,
    path: web::Path<String>,
) -> Result<HttpResponse, ApiError> {
    scope::town(&app)?;
    let (shown, number) = (app.clone(), path.into_inner());
    let find = async move |access: Access| {
        let number: i64 = number.parse().map_err(|_| ApiError::not_found())?;
        let passenger = scope::passenger(&shown, access.principal, number).await?;
        Ok::<_, NotShown>(showing(Subject::Passenger(passenger.person), access))
    };
    viewing::show(&req, &app, find, |_, _| silent(), snapshot::begin(&app)).await
}

/// The desk's map, for operators. `?after=` is the `cursor` of an earlier socket: only what has changed since
/// is shown first then.
///
/// # Errors
/// As [`order`].
pub async fn map(req: HttpRequest, app: web::Data<App>) -> Result<HttpResponse, ApiError> {
    scope::town(&app)?;
    let find = async move |access: Access| {
        if scope::sees_all(access.principal) {
            Ok(showing(Subject::Map, access))
        } else {
            Err(NotShown::NotAllowed)
        }
    };
    let seen = app.clone();
    let hearing = |viewer: &Arc<Viewer>, _: Access| -> Hearing {
        let viewer = Arc::clone(viewer);
        Rc::new(move |kind: &str, data: Value| match kind {
            "viewport" => looked_at(&seen, &viewer, data).map(|()| None),
            _ => Ok(None),
        })
    };
    let after = form_urlencoded::parse(req.query_string().as_bytes())
        .find(|(name, _)| name == "after")
        .and_then(|(_, ms)| ms.parse().ok())
        .map(Time::from_ms);
    viewing::show(&req, &app, find, hearing, snapshot::begin_map(&app, after)).await
}

/// Answers anybody: `test_message` at first, and `echo_response` to each `echo`.
///
/// # Errors
/// As [`order`].
pub async fn test(req: HttpRequest, app: web::Data<App>) -> Result<HttpResponse, ApiError> {
    let words = "the connection stands";
    let greeting = json!({ "type": "test_message",
        "data": { "message": words, "timestamp": app.clock.now().to_string() } });
    let hearing: Hearing = Rc::new(|kind: &str, data: Value| match kind {
        "echo" => Ok(Some(json!({ "type": "echo_response", "data": data }))),
        _ => Ok(None),
    });
    viewing::talk_to_anybody(&req, &app, greeting, hearing).await
}

/// How the sockets of the dispatch are, with what to do about what is not well.
#[utoipa::path(get, path = "/api/websocket/health", operation_id = "socket_health", tag = "realtime",
    responses((status = 200, body = SocketHealth)))]
pub async fn health(app: web::Data<App>) -> HttpResponse {
    let now = app.clock.now();
    let redis = match (&app.config.redis_url, app.presence.present_count(now).await) {
        (None, _) => "not_configured",
        (Some(_), Ok(_)) => "ok",
        (Some(_), Err(_)) => "down",
    };
    let located = app.town.as_ref().map_or(0, |town| {
        let (dispatch, settings) = (town.dispatch(), town.dispatch().settings());
        dispatch.with_board(|board| {
            let is_located = |courier| board.fix(courier, settings, now).is_some();
            board.everybody().filter(|standing| is_located(standing.duty.courier)).count()
        })
    });
    let mut recommendations = Vec::new();
    let mut recommend = |what| recommendations.push(sentence(what, request_id::language()).to_owned());
    if app.town.is_none() {
        recommend("switch the dispatch on: PEERPACK_DISPATCH=on");
    }
    if redis == "down" {
        recommend("look at Redis: until it answers, other nodes hear of changes within seconds only");
    }
    let status = if recommendations.is_empty() { "ok" } else { "degraded" };
    let counts = app.sockets.viewers().counts();
    HttpResponse::Ok().json(SocketHealth {
        status: status.to_owned(),
        dispatch: app.town.is_some(),
        redis: redis.to_owned(),
        sockets: counts.into_iter().map(|(word, count)| (word.to_owned(), count)).collect(),
        located_drivers: located,
        timestamp: now.to_string(),
        recommendations,
    })
}

const fn showing(subject: Subject, access: Access) -> Showing {
    Showing { subject, sees_all: scope::sees_all(access.principal) }
}

/// Understands pings alone.
fn silent() -> Hearing {
    Rc::new(|_, _| Ok(None))
}

/// A courier says where they are. It counts while they are on duty. `is_reading` says whether their duty is
/// being read for this socket: of somebody off duty it is read once at a time, however often they say it.
fn located(app: &App, access: Access, data: Value, is_reading: &Rc<Cell<bool>>) -> Result<(), ApiError> {
    let out_of_range = || ApiError::bad_request("latitude or longitude is out of range");
    let here: Here = serde_json::from_value(data).map_err(|_| out_of_range())?;
    let position = Position::new(here.lat, here.lon).map_err(|_| out_of_range())?;
    let (dispatch, context) = (scope::town(app)?.dispatch(), app.engine.context());
    let (courier, fix) = (access.principal.user, Fix { position, at: context.now() });
    if dispatch.sighted_at(context, courier, fix).is_none() && !is_reading.replace(true) {
        // Another node may have taken them on duty a moment ago, and its hint is still on the way.
        let (dispatch, context) = (Arc::clone(dispatch), Arc::clone(context));
        let is_reading = Rc::clone(is_reading);
        actix_web::rt::spawn(async move {
            if let Err(error) = dispatch.sighted_or_met(&context, courier, fix).await {
                tracing::debug!(%error, "cannot read a duty");
            }
            is_reading.set(false);
        });
    }
    Ok(())
}

/// A part of the map is looked at from now on, and shown as it is.
fn looked_at(app: &web::Data<App>, viewer: &Arc<Viewer>, data: Value) -> Result<(), ApiError> {
    let out_of_range = || ApiError::bad_request("latitude or longitude is out of range");
    let port: Viewport = serde_json::from_value(data).map_err(|_| out_of_range())?;
    let corner = |lat, lon| Position::new(lat, lon).map_err(|_| out_of_range());
    let (south_west, north_east) = (corner(port.south, port.west)?, corner(port.north, port.east)?);
    let window = Window::between(south_west, north_east).ok_or_else(out_of_range)?;
    viewer.look_at(window);
    snapshot::begin_map(app, None)(Arc::clone(viewer));
    Ok(())
}
