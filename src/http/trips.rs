//! Trips: publish, list one's own, see who asks, call off.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use peerpack_actors::ids::{TripId, UserId};
use peerpack_actors::money::Amount;
use peerpack_actors::package::PackageState;
use peerpack_actors::place::{Gazetteer, Place, PlaceId, Position};
use peerpack_actors::request::{Request, RequestState};
use peerpack_actors::runtime::Conditions;
use peerpack_actors::time::{Span, Time};
use peerpack_actors::trip::{MAX_STOPS, Stop, Transport, Trip, TripDraft};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::input::{self, LONG_TEXT, Point, SHORT_TEXT};
use super::once::{IfMatch, Once, Repeatable, etag};
use super::{loads, local_time};
use crate::app::App;
use crate::auth::Principal;
use crate::error::extract::Body;
use crate::error::{ApiError, Problem};
use crate::store::Person;

/// Great-circle kilometres to road kilometres.
const ROAD_FACTOR: f64 = 1.3;

/// What a trip carries when the courier does not say: the Mini App's `medium`.
const DEFAULT_CAPACITY_G: u32 = 5_000;

/// How many trips or requests one answer lists.
const PAGE: u32 = 200;

/// A trip to publish, in either spelling of the Mini App.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewTrip {
    /// Ignored: the signed-in user counts.
    #[serde(default)]
    #[expect(dead_code, reason = "accepted for the clients that send it")]
    name: Option<String>,
    /// Origin, by name.
    #[schema(example = "Москва")]
    from: String,
    /// Destination, by name.
    #[schema(example = "Казань")]
    to: String,
    /// Departure, `YYYY-MM-DD`, local time of the origin.
    #[schema(example = "2026-12-01")]
    date: String,
    /// `HH:MM` or `HH:MM → HH:MM`, local time of the origin.
    #[schema(example = "08:00 → 20:00")]
    time: String,
    /// Airport or station.
    #[serde(default)]
    airport: Option<String>,
    /// What the courier asks per parcel, roubles.
    #[serde(default, deserialize_with = "input::lenient_number")]
    price: Option<f64>,
    /// Words to senders.
    #[serde(default, alias = "tripComment", alias = "comment")]
    trip_comment: Option<String>,
    /// `plane`, `train`, `car`, `bus` or `foot`.
    #[serde(default, rename = "transportType", alias = "transport_type", alias = "transport")]
    transport: Option<String>,
    /// `small`, `medium`, `large` or `xl`.
    #[serde(default)]
    capacity: Option<String>,
    /// Places on the way, in order.
    #[serde(default)]
    stops: Vec<StopInput>,
    /// Capacity in grams.
    #[serde(default)]
    capacity_g: Option<u32>,
    /// Capacity in millilitres; unlimited if absent.
    #[serde(default)]
    volume_ml: Option<u32>,
    /// Capacity in pieces; unlimited if absent.
    #[serde(default)]
    slots: Option<u32>,
    /// The extra way the courier accepts in all, minutes.
    #[serde(default)]
    max_detour_min: Option<u32>,
}

/// A place on the way.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum StopInput {
    /// By name.
    Name(String),
    /// By name, id or point.
    Place(StopPlace),
}

/// A place on the way, with more said about it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StopPlace {
    /// By name,
    #[serde(default)]
    name: Option<String>,
    /// by the gazetteer's id,
    #[serde(default)]
    place_id: Option<u32>,
    /// or by a point.
    #[serde(default)]
    lat: Option<f64>,
    /// Degrees east.
    #[serde(default)]
    lon: Option<f64>,
    /// When the courier gets there; worked out if absent.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    arrive_at: Option<Time>,
}

/// A trip was published.
#[derive(Debug, Serialize, ToSchema)]
pub struct TripPublished {
    /// Always true.
    success: bool,
    /// Its id.
    trip_id: String,
}

/// One's own trips.
#[derive(Debug, Serialize, ToSchema)]
pub struct MyTrips {
    /// Newest first.
    trips: Vec<TripView>,
}

/// A trip with its courier's profile folded in, as the Mini App shows it.
#[derive(Debug, Serialize, ToSchema)]
pub struct TripView {
    /// The trip's id.
    pub id: String,
    /// The courier's name.
    pub name: String,
    /// Origin.
    pub from: String,
    /// Destination.
    pub to: String,
    /// Departure, local date of the origin.
    pub date: String,
    /// `HH:MM → HH:MM`, local time of the origin.
    pub time: String,
    /// Airport or station; empty if none.
    pub airport: String,
    /// The URL of the courier's picture; empty if none.
    pub avatar: String,
    /// Packages the courier has carried to a confirmed end.
    pub trips_count: u64,
    /// The courier's rating.
    pub rating: f64,
    /// How many reviews it is made of.
    pub reviews_count: u64,
    /// What the courier asks per parcel, roubles.
    pub price: f64,
    /// Words to senders.
    pub trip_comment: String,
    /// The same in the other spelling.
    #[serde(rename = "tripComment")]
    pub trip_comment_camel: String,
    /// `active`, `in_progress`, `completed` or `cancelled`.
    pub state: String,
    /// How the courier travels.
    pub transport: String,
    /// The places of the route, in order.
    pub stops: Vec<String>,
    /// Room left on each leg, grams.
    pub capacity_left_g: Vec<u32>,
    /// Counts changes.
    pub version: i64,
}

/// The requests of a trip.
#[derive(Debug, Serialize, ToSchema)]
pub struct TripRequestsView {
    /// Newest first.
    requests: Vec<TripRequestView>,
}

/// A request as the courier sees it.
#[derive(Debug, Serialize, ToSchema)]
pub struct TripRequestView {
    id: String,
    trip_id: String,
    package_id: String,
    sender_name: String,
    sender_telegram: String,
    sender_avatar: String,
    package_description: String,
    message: String,
    reward: f64,
    pickup_location: String,
    delivery_location: String,
    /// `pending`, `accepted`, `delivered`, `confirmed` or `declined`.
    status: String,
    /// Our own finer state.
    state: String,
    /// Who started it: `sender`, `courier` or `engine`.
    origin: String,
    timestamp: String,
    is_new: bool,
    /// When an offer ends at the latest.
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    decline_reason: Option<String>,
}

/// A trip was called off.
#[derive(Debug, Serialize, ToSchema)]
pub struct TripCancelled {
    success: bool,
    /// `cancelled`.
    state: String,
}

/// Publishes a trip.
#[utoipa::path(post, path = "/api/trips", operation_id = "publish_trip",
    tag = "trips", request_body = NewTrip, security(("bearer" = [])),
    responses((status = 201, body = TripPublished), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 422, body = Problem)))]
pub async fn publish(
    app: web::Data<App>,
    principal: Principal,
    repeatable: Repeatable,
    body: Body<NewTrip>,
) -> Result<HttpResponse, ApiError> {
    let draft = draft(body.0)?;
    let work = async |once: &Once| {
        let engine = app.engine.under(once.trip(StatusCode::CREATED, published));
        let trip = engine.publish_trip(principal.user, draft).await?;
        Ok(HttpResponse::Created().json(published(&trip)))
    };
    repeatable.run(&app, principal.user, None, work).await
}

fn published(trip: &Trip) -> TripPublished {
    TripPublished { success: true, trip_id: trip.id.to_string() }
}

/// One's own trips.
#[utoipa::path(get, path = "/api/user/trips", operation_id = "my_trips", tag = "trips", security(("bearer" = [])),
    responses((status = 200, body = MyTrips), (status = 401, body = Problem)))]
pub async fn mine(app: web::Data<App>, principal: Principal) -> Result<HttpResponse, ApiError> {
    Ok(HttpResponse::Ok().json(MyTrips { trips: all_of(&app, principal.user).await? }))
}

/// The trips of a courier.
pub(super) async fn all_of(app: &App, courier: UserId) -> Result<Vec<TripView>, ApiError> {
    let trips = app.database.trips_of(courier, None, PAGE).await?;
    let people = app.database.people(&[courier]).await?;
    Ok(trips.iter().map(|trip| view(trip, people.get(&courier))).collect())
}

/// A trip. The `ETag` is its version.
#[utoipa::path(get, path = "/api/trips/{trip_id}", operation_id = "show_trip", tag = "trips", security(("bearer" = [])),
    params(("trip_id" = String, Path, description = "The trip")),
    responses((status = 200, body = TripView), (status = 401, body = Problem), (status = 404, body = Problem)))]
pub async fn one(
    app: web::Data<App>,
    _: Principal,
    path: web::Path<TripId>,
) -> Result<HttpResponse, ApiError> {
    let trip = app.engine.trip(path.into_inner()).await?.ok_or_else(ApiError::not_found)?;
    let people = app.database.people(&[trip.courier]).await?;
    Ok(HttpResponse::Ok().insert_header(etag(trip.version)).json(view(&trip, people.get(&trip.courier))))
}

/// Who asks for room on one's own trip.
#[utoipa::path(get, path = "/api/trips/{trip_id}/package-requests", operation_id = "trip_requests",
    tag = "trips", security(("bearer" = [])),
    params(("trip_id" = String, Path, description = "The trip")),
    responses((status = 200, body = TripRequestsView), (status = 401, body = Problem), (status = 404, body = Problem)))]
pub async fn requests(
    app: web::Data<App>,
    principal: Principal,
    path: web::Path<TripId>,
) -> Result<HttpResponse, ApiError> {
    let trip = path.into_inner();
    let header = app.database.trip_header(trip).await?;
    header.filter(|header| header.courier == principal.user).ok_or_else(ApiError::not_found)?;
    Ok(HttpResponse::Ok().json(TripRequestsView { requests: requests_on(&app, trip).await? }))
}

/// Who asks for room on a trip, and what the engine offers for it.
pub(super) async fn requests_on(app: &App, trip: TripId) -> Result<Vec<TripRequestView>, ApiError> {
    let found = app.database.requests_of(trip, None, PAGE).await?;
    let requests = found.requests.iter().map(|item| {
        let request = &item.request;
        let sender = found.people.get(&request.sender);
        // Where people live is for the courier who carries the package.
        let place = |address: &str, place: PlaceId| {
            if address.is_empty() || !request.state.is_deal() {
                place_name(place)
            } else {
                format!("{}, {address}", place_name(place))
            }
        };
        TripRequestView {
            id: request.id.to_string(),
            trip_id: trip.to_string(),
            package_id: request.package.to_string(),
            sender_name: sender.map_or_else(String::new, |sender| sender.name.clone()),
            sender_telegram: sender.and_then(|sender| sender.username.clone()).unwrap_or_default(),
            sender_avatar: sender.and_then(|sender| sender.avatar.clone()).unwrap_or_default(),
            package_description: item.description.clone(),
            message: request.message.clone(),
            reward: request.reward.major(),
            pickup_location: place(&item.pickup_address, request.plan.pickup.place),
            delivery_location: place(&item.dropoff_address, request.plan.dropoff.place),
            status: status(&request.state).to_owned(),
            state: request.state.word().to_owned(),
            origin: request.origin.word().to_owned(),
            timestamp: request.created_at.to_string(),
            is_new: request.state.is_pending(),
            expires_at: request.expires_at.map(|at| at.to_string()),
            decline_reason: decline_reason(request),
        }
    });
    Ok(requests.collect())
}

/// Calls one's own trip off: open requests end, deals before pickup are called off, the money goes back.
#[utoipa::path(put, path = "/api/trips/{trip_id}/cancel", operation_id = "cancel_trip",
    tag = "trips", security(("bearer" = [])),
    params(("trip_id" = String, Path, description = "The trip")),
    responses((status = 200, body = TripCancelled), (status = 401, body = Problem), (status = 404, body = Problem),
        (status = 409, body = Problem)))]
pub async fn cancel(
    app: web::Data<App>,
    principal: Principal,
    repeatable: Repeatable,
    seen: IfMatch,
    path: web::Path<TripId>,
) -> Result<HttpResponse, ApiError> {
    let (id, by) = (path.into_inner(), principal.user);
    let work = async |once: &Once| {
        let answering = once.trip(StatusCode::OK, cancelled);
        let conditions = Conditions { answering, if_still: seen.0, ..Conditions::default() };
        let engine = app.engine.under(conditions);
        Ok(HttpResponse::Ok().json(cancelled(&engine.cancel_trip(id, by).await?)))
    };
    repeatable.run(&app, by, Some(id.to_string()), work).await
}

fn cancelled(trip: &Trip) -> TripCancelled {
    TripCancelled { success: true, state: trip.state.word().to_owned() }
}

/// A trip as the Mini App shows it.
pub(super) fn view(trip: &Trip, courier: Option<&Person>) -> TripView {
    let stops = &trip.draft.stops;
    let origin = Gazetteer::bundled().get(stops[0].place);
    TripView {
        id: trip.id.to_string(),
        name: courier.map_or_else(String::new, |courier| courier.name.clone()),
        from: place_name(stops[0].place),
        to: place_name(stops[stops.len() - 1].place),
        date: local_time::date_at(trip.departs(), origin),
        time: local_time::clocks_at(trip.departs(), trip.arrives(), origin),
        airport: trip.draft.airport.clone(),
        avatar: courier.and_then(|courier| courier.avatar.clone()).unwrap_or_default(),
        trips_count: courier.map_or(0, |courier| courier.delivered),
        rating: courier.map_or(0.0, Person::rating),
        reviews_count: courier.map_or(0, |courier| courier.reviews),
        price: trip.draft.price.map_or(0.0, Amount::major),
        trip_comment: trip.draft.comment.clone(),
        trip_comment_camel: trip.draft.comment.clone(),
        state: trip.state.word().to_owned(),
        transport: trip.draft.transport.word().to_owned(),
        stops: stops.iter().map(|stop| place_name(stop.place)).collect(),
        capacity_left_g: trip.left.iter().map(|left| left.weight_g).collect(),
        version: trip.version,
    }
}

/// The name of a place as the Mini App shows it.
pub(super) fn place_name(id: PlaceId) -> String {
    Gazetteer::bundled().get(id).map_or_else(String::new, |place| place.name_ru.to_string())
}

/// The Mini App's word for the state of a request.
pub(super) const fn status(state: &RequestState) -> &'static str {
    match state {
        RequestState::Pending | RequestState::Agreed { .. } => "pending",
        RequestState::Accepted { .. } | RequestState::PickedUp { .. } => "accepted",
        RequestState::Delivered { .. } | RequestState::Disputed { .. } => "delivered",
        RequestState::Confirmed { .. } => "confirmed",
        _ => "declined",
    }
}

/// The Mini App's word for the state of a package.
pub(super) const fn is_over(state: PackageState) -> bool {
    matches!(state, PackageState::Confirmed { .. } | PackageState::Cancelled { .. })
}

fn decline_reason(request: &Request) -> Option<String> {
    match &request.state {
        RequestState::Declined { reason, .. } => Some(reason.clone().unwrap_or_default()),
        state if status(state) == "declined" => Some(state.word().to_owned()),
        _ => None,
    }
}

fn draft(input: NewTrip) -> Result<TripDraft, ApiError> {
    let airport = input::text("airport", input.airport, SHORT_TEXT)?;
    let transport = match input.transport.as_deref().filter(|word| !word.is_empty()) {
        Some(word) => Transport::from_word(word).ok_or_else(|| {
            ApiError::unprocessable("transportType", "must be plane, train, car, bus or foot")
        })?,
        None if airport.is_empty() => Transport::Car,
        None => Transport::Plane,
    };
    let word = input.capacity.as_deref().filter(|word| !word.is_empty());
    let named = word.map(|word| {
        loads::capacity_g(word).ok_or_else(|| ApiError::unprocessable("capacity", loads::CAPACITY_WORDS))
    });
    let weight_g = input.capacity_g.or(named.transpose()?).unwrap_or(DEFAULT_CAPACITY_G);
    let from = input::place("from", &input.from)?;
    let to = input::place("to", &input.to)?;
    let mut places = vec![(from, from.position, None)];
    // Before anything is worked out for them.
    if input.stops.len() + 2 > MAX_STOPS {
        return Err(ApiError::unprocessable("stops", format!("at most {} stops in between", MAX_STOPS - 2)));
    }
    for stop in input.stops {
        places.push(stop_place(stop)?);
    }
    places.push((to, to.position, None));
    let (departs, arrives) = times(&input.date, &input.time, &places, transport)?;
    Ok(TripDraft {
        stops: stops(&places, departs, arrives),
        transport,
        capacity: loads::capacity(weight_g, input.volume_ml, input.slots),
        max_detour_min: input.max_detour_min.unwrap_or(if transport == Transport::Car { 30 } else { 0 }),
        price: input.price.map(|price| input::amount("price", price)).transpose()?,
        comment: input::text("trip_comment", input.trip_comment, LONG_TEXT)?,
        airport,
    })
}

/// A trip from one place straight to another, of which only the time is said.
pub(super) fn draft_between(
    from: &'static Place,
    to: &'static Place,
    date: &str,
    time: &str,
    airport: Option<String>,
) -> Result<TripDraft, ApiError> {
    let airport = input::text("airport", airport, SHORT_TEXT)?;
    let transport = if airport.is_empty() { Transport::Car } else { Transport::Plane };
    let places = [(from, from.position, None), (to, to.position, None)];
    let (departs, arrives) = times(date, time, &places, transport)?;
    Ok(TripDraft {
        stops: stops(&places, departs, arrives),
        transport,
        capacity: loads::capacity(DEFAULT_CAPACITY_G, None, None),
        max_detour_min: 0,
        price: None,
        comment: String::new(),
        airport,
    })
}

/// Departure and arrival in the local time of the origin.
fn times(
    date: &str,
    time: &str,
    places: &[Waypoint],
    transport: Transport,
) -> Result<(Time, Time), ApiError> {
    let from = places[0].0;
    let date = local_time::date(date).ok_or_else(|| ApiError::unprocessable("date", "must be YYYY-MM-DD"))?;
    let clocks = local_time::clocks(time)
        .ok_or_else(|| ApiError::unprocessable("time", "must be HH:MM or HH:MM → HH:MM"))?;
    let departs = local_time::instant(date, clocks.departs, from)?;
    let arrives = match clocks.arrives {
        Some(clock) => local_time::next(departs, least_way(places, transport, 2.0), clock, from)?,
        None => departs + least_way(places, transport, 1.0),
    };
    Ok((departs, arrives))
}

type Waypoint = (&'static Place, Position, Option<Time>);

fn stop_place(stop: StopInput) -> Result<Waypoint, ApiError> {
    let stop = match stop {
        StopInput::Name(name) => {
            return input::place("stops", &name).map(|place| (place, place.position, None));
        }
        StopInput::Place(stop) => stop,
    };
    let gazetteer = Gazetteer::bundled();
    let point = match (stop.lat, stop.lon) {
        (Some(lat), Some(lon)) => Some(Point { lat, lon }.position("stops")?),
        (None, None) => None,
        _ => return Err(ApiError::unprocessable("stops", "a point needs lat and lon")),
    };
    let place = match (stop.name, stop.place_id, point) {
        (Some(name), ..) => input::place("stops", &name)?,
        (None, Some(id), _) => {
            gazetteer.get(PlaceId(id)).ok_or_else(|| ApiError::unprocessable("stops", "unknown place_id"))?
        }
        (None, None, Some(point)) => gazetteer.nearest(point),
        (None, None, None) => {
            return Err(ApiError::unprocessable("stops", "a stop needs a name, an id or a point"));
        }
    };
    Ok((place, point.unwrap_or(place.position), stop.arrive_at))
}

fn road_km(places: &[Waypoint]) -> f64 {
    places.windows(2).map(|pair| ROAD_FACTOR * pair[0].1.distance_km(pair[1].1)).sum()
}

/// How long the way takes at `haste` times the usual speed.
fn least_way(places: &[Waypoint], transport: Transport, haste: f64) -> Span {
    let hours = road_km(places) / (transport.speed_kmh() * haste);
    #[expect(clippy::cast_possible_truncation, reason = "a way around the Earth takes a bounded time")]
    Span::from_ms(((hours * 60.0).round() as i64).max(1) * 60_000)
}

/// Times along the way: those given, and in between in proportion to the distance.
fn stops(places: &[Waypoint], departs: Time, arrives: Time) -> Vec<Stop> {
    let total = road_km(places).max(f64::MIN_POSITIVE);
    let time = |index: usize| match places[index].2 {
        _ if index == 0 => departs,
        _ if index + 1 == places.len() => arrives,
        Some(given) => given,
        None => departs.between(arrives, road_km(&places[..=index]) / total),
    };
    let stop = |(index, (place, position, _)): (usize, &Waypoint)| {
        let at = time(index);
        Stop { place: place.id, position: *position, arrive: at, depart: at }
    };
    places.iter().enumerate().map(stop).collect()
}
