//! A trip as the Mini App shows it, and its words for the states of things.

use peerpack_actors::market::package::PackageState;
use peerpack_actors::market::request::RequestState;
use peerpack_actors::market::trip::{Stop, Trip};
use peerpack_actors::money::Amount;
use peerpack_actors::place::Gazetteer;
use peerpack_actors::stream::place;
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::input::local_time::{self, Times};
use crate::http::marks::Marks;
use crate::http::people::avatars;
use crate::http::places::{PlaceAround, around, place_name};
use crate::store::Person;

/// A trip with its courier's profile folded in, as the Mini App shows it.
#[derive(Debug, Serialize, ToSchema)]
pub struct TripView {
    /// The trip's id.
    pub id: String,
    /// The courier's name.
    pub name: String,
    /// Where the trip begins.
    pub from: String,
    /// Where the trip ends.
    pub to: String,
    /// Origin, with its id, its names and its time zone.
    pub from_place: PlaceAround,
    /// Destination, with its id, its names and its time zone.
    pub to_place: PlaceAround,
    /// When it takes place.
    #[serde(flatten)]
    pub times: Times,
    /// Airport or station; empty if none.
    pub airport: String,
    /// The URL of the courier's picture, or of their initials.
    pub avatar: String,
    /// Whether the courier has shown who they are.
    pub verified: bool,
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
    #[schema(deprecated)]
    pub trip_comment_camel: String,
    /// `active`, `in_progress`, `completed` or `cancelled`.
    #[schema(value_type = peerpack_actors::market::phase::TripPhase)]
    pub state: String,
    /// How the courier travels.
    #[schema(value_type = peerpack_actors::market::trip::Transport)]
    pub transport: String,
    /// The places of the route, in order.
    pub stops: Vec<String>,
    /// The same with when the courier is there.
    pub itinerary: Vec<StopView>,
    /// Room left on each leg, grams.
    pub capacity_left_g: Vec<u32>,
    /// Until when it is highlighted: it bears a mark in lists, and nothing else.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub highlighted_until: Option<String>,
    /// Its version, for `If-Match`.
    pub version: i64,
}

/// A place of a route, and when the courier is there.
#[derive(Debug, Serialize, ToSchema)]
pub struct StopView {
    /// The gazetteer's id.
    pub place_id: String,
    /// Its name.
    pub name: String,
    /// The same in Russian.
    pub name_ru: String,
    /// The same in English.
    pub name_en: String,
    /// The region it lies in; absent if that is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// ISO 3166 code of its country; empty for a place that is known no more.
    pub country: String,
    /// Where exactly: degrees north,
    pub lat: f64,
    /// and degrees east.
    pub lon: f64,
    /// Arrival, `YYYY-MM-DD`, local date of the stop. At the first stop the departure.
    pub date: String,
    /// Arrival, `HH:MM`, local time of the stop. At the first stop the departure.
    pub time: String,
    /// Arrival, an instant.
    #[schema(format = DateTime)]
    pub arrives_at: String,
    /// Departure, an instant.
    #[schema(format = DateTime)]
    pub departs_at: String,
    /// IANA time zone of the stop.
    pub tz: String,
}

fn stop_view(stop: &Stop) -> StopView {
    let names = place(stop.place);
    let place = Gazetteer::bundled().get(stop.place);
    StopView {
        place_id: stop.place.to_string(),
        name: place_name(stop.place),
        name_ru: names.name_ru,
        name_en: names.name_en,
        region: place.and_then(|place| place.region).map(|region| region.name_ru.to_owned()),
        country: place.map_or_else(String::new, |place| place.country.to_owned()),
        lat: stop.position.lat,
        lon: stop.position.lon,
        date: local_time::date_at(stop.arrive, place),
        time: local_time::clock_at(stop.arrive, place),
        arrives_at: stop.arrive.to_string(),
        departs_at: stop.depart.to_string(),
        tz: local_time::tz(place).to_owned(),
    }
}

/// When a trip takes place.
pub(super) fn times(trip: &Trip) -> Times {
    let stops = &trip.draft.stops;
    Times::of((trip.departs(), stops[0].place), (trip.arrives(), stops[stops.len() - 1].place))
}

/// A trip as the Mini App shows it.
pub(in crate::http) fn view(trip: &Trip, courier: Option<&Person>, marks: &Marks) -> TripView {
    let stops = &trip.draft.stops;
    TripView {
        id: trip.id.to_string(),
        name: courier.map_or_else(String::new, |courier| courier.name.clone()),
        from: place_name(stops[0].place),
        to: place_name(stops[stops.len() - 1].place),
        from_place: around(stops[0].place),
        to_place: around(stops[stops.len() - 1].place),
        times: times(trip),
        airport: trip.draft.airport.clone(),
        avatar: avatars::of_person(trip.courier, courier),
        verified: courier.is_some_and(|courier| courier.is_verified),
        trips_count: courier.map_or(0, |courier| courier.delivered),
        rating: courier.map_or(0.0, Person::rating),
        reviews_count: courier.map_or(0, |courier| courier.reviews),
        price: trip.draft.price.map_or(0.0, Amount::major),
        trip_comment: trip.draft.comment.clone(),
        trip_comment_camel: trip.draft.comment.clone(),
        state: trip.state.word().to_owned(),
        transport: trip.draft.transport.word().to_owned(),
        stops: stops.iter().map(|stop| place_name(stop.place)).collect(),
        itinerary: stops.iter().map(stop_view).collect(),
        capacity_left_g: trip.left.iter().map(|left| left.weight_g).collect(),
        highlighted_until: marks.until(trip.id.uuid()),
        version: trip.version,
    }
}

/// The Mini App's word for the state of a request.
pub(in crate::http) const fn status(state: &RequestState) -> &'static str {
    match state {
        RequestState::Pending | RequestState::Agreed { .. } => "pending",
        RequestState::Accepted { .. } | RequestState::PickedUp { .. } => "accepted",
        RequestState::Delivered { .. } | RequestState::Disputed { .. } => "delivered",
        RequestState::Confirmed { .. } => "confirmed",
        RequestState::Declined { .. }
        | RequestState::Expired { .. }
        | RequestState::Withdrawn { .. }
        | RequestState::Taken { .. }
        | RequestState::Cancelled { .. } => "declined",
    }
}

/// The Mini App's word for the state of a package.
pub(in crate::http) const fn is_over(state: PackageState) -> bool {
    matches!(state, PackageState::Confirmed { .. } | PackageState::Cancelled { .. })
}
