//! What a courier writes of a trip, in either spelling of the Mini App, and the draft that it makes.

use peerpack_actors::market::bounds::Bounds;
use peerpack_actors::market::trip::{MAX_STOPS, Transport, TripDraft};
use peerpack_actors::place::{Home, Place, Position};
use peerpack_actors::time::Time;
use serde::Deserialize;
use utoipa::ToSchema;

use super::journey::{Journey, Note, Waypoint, Written, journey};
use crate::config::Config;
use crate::error::ApiError;
use crate::error::wrong::Wrong;
use crate::http::input::ends::{self, Context, Number, PlaceInput, PlaceSaid, Spot};
use crate::http::input::local_time::{self, OfDay};
use crate::http::input::{self, LONG_TEXT, SHORT_TEXT, loads};

/// What a trip carries when the courier does not say: the Mini App's `medium`.
const DEFAULT_CAPACITY_G: u32 = 5_000;

/// A trip to publish, in either spelling of the Mini App.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewTrip {
    /// Ignored: the signed-in user counts.
    #[serde(default)]
    #[expect(dead_code, reason = "accepted for the clients that send it")]
    #[schema(deprecated)]
    name: Option<String>,
    /// Where the trip begins.
    from: PlaceInput,
    /// Where the trip ends.
    to: PlaceInput,
    /// Departure, `YYYY-MM-DD` or `DD.MM.YYYY`, local date of the origin.
    #[schema(example = "2026-12-01")]
    date: String,
    /// As tickets print it: `HH:MM`, `HH:MM → HH:MM` or `HH:MM → HH:MM (+1)`. The departure is in the
    /// origin's local time, the arrival in the destination's. Without an arrival it is worked out.
    #[schema(example = "08:00 → 20:00")]
    time: String,
    /// Arrival, `YYYY-MM-DD` or `DD.MM.YYYY`, local date of the destination. If absent it is the day on which
    /// the arrival is most plausible for that transport; the answer says which one was understood.
    #[serde(default, alias = "arrivalDate")]
    arrival_date: Option<String>,
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
    #[schema(value_type = Option<peerpack_actors::market::trip::Transport>)]
    transport: Option<String>,
    /// `small`, `medium`, `large` or `xl`.
    #[serde(default)]
    #[schema(value_type = Option<peerpack_actors::market::load::CapacityClass>)]
    capacity: Option<String>,
    /// Places on the way, in order.
    #[serde(default)]
    stops: Vec<StopInput>,
    /// Capacity in grams.
    #[serde(default, deserialize_with = "input::lenient_whole")]
    capacity_g: Option<u32>,
    /// Capacity in millilitres; unlimited if absent.
    #[serde(default, deserialize_with = "input::lenient_whole")]
    volume_ml: Option<u32>,
    /// Capacity in pieces at a time. All legs of a trip share the most that the server allows, 200 unless it
    /// is set up otherwise; if absent, that is the capacity.
    #[serde(default, deserialize_with = "input::lenient_whole")]
    slots: Option<u32>,
    /// The extra way the courier accepts in all, minutes.
    #[serde(default, deserialize_with = "input::lenient_whole")]
    max_detour_min: Option<u32>,
}

/// A place on the way.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(untagged)]
#[schema(as = NewStop)]
pub enum StopInput {
    /// By name.
    Name(String),
    /// By name, id or point.
    Place(StopPlace),
}

/// A place on the way, with more said about it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewStopPlace)]
pub struct StopPlace {
    /// The gazetteer's id, as `/api/cities` has it.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    place_id: Option<Number>,
    /// Its name.
    #[serde(default)]
    name: Option<String>,
    /// The region it lies in.
    #[serde(default)]
    region: Option<String>,
    /// The country it lies in: a name, or the ISO 3166 code.
    #[serde(default)]
    country: Option<String>,
    /// Where exactly: degrees north,
    #[serde(default)]
    lat: Option<f64>,
    /// and degrees east.
    #[serde(default)]
    lon: Option<f64>,
    /// When the courier gets there: an instant, or `YYYY-MM-DD HH:MM` in local time of the stop. Worked out
    /// if absent.
    #[serde(default)]
    arrive_at: Option<String>,
}

/// What has to be known before anything can be said of a way.
const WAY: [&str; 6] = ["from", "to", "stops", "date", "time", "arrival_date"];

/// A draft of what a courier wrote, with what had to be decided for it. `wrong` is what could not be read of
/// it.
///
/// # Errors
/// Everything that is wrong with it, also what keeps a trip from being published.
pub(super) fn draft(
    input: NewTrip,
    config: &Config,
    now: Time,
    mut wrong: Wrong,
) -> Result<(TripDraft, Vec<Note>), ApiError> {
    let (draft, notes) = read(input, &config.home_countries, &config.bounds, &mut wrong);
    let doubtful: &[&str] = if draft.stops.is_empty() { &WAY } else { &[] };
    input::look_for_faults(draft.faults(now), doubtful, &mut wrong);
    wrong.finish((draft, notes))
}

/// The same, whenever it is; without stops if its way is not known.
pub(super) fn read(
    input: NewTrip,
    home: &Home,
    bounds: &Bounds,
    wrong: &mut Wrong,
) -> (TripDraft, Vec<Note>) {
    let airport = wrong.or(input::text("airport", input.airport, SHORT_TEXT), String::new());
    let transport = wrong.or(transport("transportType", input.transport.as_deref(), &airport), None);
    let word = input.capacity.as_deref().filter(|word| !word.is_empty());
    let named = word.map(|word| {
        loads::capacity_g(word).ok_or_else(|| ApiError::unprocessable("capacity", loads::CAPACITY_WORDS))
    });
    let named = wrong.or(named.transpose(), None);
    // Who does not say how they travel is taken for a driver, here as below.
    let travel = Some(transport.unwrap_or(Transport::Car).into());
    let context = Context { home, travel };
    let said = |field, place| (field, ends::read(field, place));
    let (from, to) = ends::both(context, said("from", &input.from), said("to", &input.to));
    let from = wrong.or(from, Spot::of(input::any_place(0)));
    let to = wrong.or(to, Spot::of(input::any_place(1)));
    let mut places = vec![Waypoint::of(from, None)];
    // Before anything is worked out for them.
    if input.stops.len() + 2 > MAX_STOPS {
        let reason = format!("at most {} stops in between", MAX_STOPS - 2);
        wrong.add(ApiError::unprocessable("stops", reason));
    } else {
        for (n, stop) in input.stops.into_iter().enumerate() {
            let before = places[places.len() - 1].position;
            let stop = stop_place(context, stop, (before, to.position));
            let stop = stop.map_err(|refusal| refusal.renamed("stops", &format!("stops.{n}")));
            places.push(wrong.or(stop, Waypoint::of(from, None)));
        }
    }
    places.push(Waypoint::of(to, None));
    let arrival_date = input.arrival_date.as_deref().filter(|date| !date.is_empty());
    let written = Written { date: &input.date, time: &input.time, arrival_date };
    written.look(wrong);
    let is_known = !WAY.iter().any(|field| wrong.has(field));
    let nowhere =
        Journey { transport: transport.unwrap_or(Transport::Car), stops: Vec::new(), notes: Vec::new() };
    let Journey { transport, stops, notes } =
        if is_known { wrong.or(journey(written, &places, transport), nowhere) } else { nowhere };
    let most = bounds.pieces_at_a_time(places.len() - 1);
    if input.slots.is_some_and(|slots| slots > most) {
        wrong.add(ApiError::unprocessable("slots", format!("must be at most {most} pieces on this way")));
    }
    let draft = TripDraft {
        stops,
        transport,
        capacity: loads::capacity(
            input.capacity_g.or(named).unwrap_or(DEFAULT_CAPACITY_G),
            input.volume_ml,
            input.slots.unwrap_or(most),
        ),
        max_detour_min: input.max_detour_min.unwrap_or(if transport == Transport::Car { 30 } else { 0 }),
        price: wrong.or(input.price.map(|price| input::amount("price", price)).transpose(), None),
        comment: wrong.or(input::text("trip_comment", input.trip_comment, LONG_TEXT), String::new()),
        airport,
    };
    (draft, notes)
}

/// A trip from one place straight to another, of which only the time is said.
#[derive(Debug)]
pub(in crate::http) struct Straight<'a> {
    pub(in crate::http) from: &'static Place,
    pub(in crate::http) to: &'static Place,
    pub(in crate::http) date: &'a str,
    pub(in crate::http) time: &'a str,
    pub(in crate::http) arrival_date: Option<&'a str>,
    pub(in crate::http) transport: Option<&'a str>,
    pub(in crate::http) airport: Option<String>,
}

impl Straight<'_> {
    /// The draft that it makes, with what had to be decided for it.
    pub(in crate::http) fn draft(self, bounds: &Bounds) -> Result<(TripDraft, Vec<Note>), ApiError> {
        let airport = input::text("airport", self.airport, SHORT_TEXT)?;
        let transport = transport("transportType", self.transport, &airport)?;
        let places = [Spot::of(self.from), Spot::of(self.to)].map(|spot| Waypoint::of(spot, None));
        let written = Written { date: self.date, time: self.time, arrival_date: self.arrival_date };
        let Journey { transport, stops, notes } = journey(written, &places, transport)?;
        let draft = TripDraft {
            stops,
            transport,
            capacity: loads::capacity(DEFAULT_CAPACITY_G, None, bounds.pieces_at_a_time(1)),
            max_detour_min: 0,
            price: None,
            comment: String::new(),
            airport,
        };
        Ok((draft, notes))
    }
}

/// How a courier travels, if they say so: by the word for it, or by an airport.
fn transport(field: &'static str, word: Option<&str>, airport: &str) -> Result<Option<Transport>, ApiError> {
    match word.filter(|word| !word.is_empty()) {
        Some(word) => {
            let known = Transport::from_word(word).map(Some);
            known.ok_or_else(|| ApiError::unprocessable(field, "must be plane, train, car, bus or foot"))
        }
        None => Ok((!airport.is_empty()).then_some(Transport::Plane)),
    }
}

impl Waypoint {
    fn of(spot: Spot, at: Option<Time>) -> Self {
        Self { place: spot.place, position: spot.position, at }
    }
}

/// A stop between the place before it and the destination.
fn stop_place(
    context: Context<'_>,
    stop: StopInput,
    way: (Position, Position),
) -> Result<Waypoint, ApiError> {
    let (place, arrive_at) = match stop {
        StopInput::Name(name) => (PlaceInput::Name(name), None),
        StopInput::Place(StopPlace { place_id, name, region, country, lat, lon, arrive_at }) => {
            (PlaceInput::Said(PlaceSaid { place_id, name, region, country, lat, lon }), arrive_at)
        }
    };
    let spot = ends::between(context, "stops", ends::read("stops", &place)?, way)?;
    let given = arrive_at.as_deref().filter(|text| !text.is_empty());
    let at = given.map(|text| local_time::moment("stops", text, spot.place, OfDay::Start)).transpose()?;
    Ok(Waypoint::of(spot, at))
}
