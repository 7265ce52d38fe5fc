//! What a courier writes of a trip, in either spelling of the Mini App, and the draft that it makes.

use peerpack_actors::place::{Gazetteer, Place, PlaceId, Position};
use peerpack_actors::time::{Span, Time};
use peerpack_actors::trip::{MAX_STOPS, Stop, Transport, TripDraft};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::error::ApiError;
use crate::http::input::{self, LONG_TEXT, Point, SHORT_TEXT};
use crate::http::{loads, local_time};

/// Great-circle kilometres to road kilometres.
const ROAD_FACTOR: f64 = 1.3;

/// What a trip carries when the courier does not say: the Mini App's `medium`.
const DEFAULT_CAPACITY_G: u32 = 5_000;

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

/// A draft of what a courier wrote.
pub(super) fn draft(input: NewTrip) -> Result<TripDraft, ApiError> {
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
pub(in crate::http) fn draft_between(
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
