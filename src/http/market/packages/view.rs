//! A package as its sender sees it, with the couriers who would carry it.

use std::collections::BTreeMap;

use peerpack_actors::ids::{TripId, UserId};
use peerpack_actors::market::package::{Package, PackageState};
use peerpack_actors::market::request::{Origin, Request, RequestState};
use peerpack_actors::money::fees::Paid;
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::error::ApiError;
use crate::http::input::Point;
use crate::http::input::local_time::{self, Times};
use crate::http::market::trips;
use crate::http::marks::Marks;
use crate::http::people::avatars;
use crate::http::places::{PlaceAround, around, place_name};
use crate::store::Person;

/// A package as its sender sees it.
#[derive(Debug, Serialize, ToSchema)]
pub struct PackageView {
    id: String,
    from: String,
    to: String,
    /// Where it starts, with its id, its names and its time zone.
    from_place: PlaceAround,
    /// Where it goes, likewise.
    to_place: PlaceAround,
    description: String,
    reward: f64,
    /// `active`, `waiting`, `template` or `completed`.
    #[schema(value_type = crate::http::vocabulary::PackageStatus)]
    status: String,
    /// Our own finer state.
    #[schema(value_type = peerpack_actors::market::phase::PackagePhase)]
    state: String,
    /// `instant` or `choose`.
    #[schema(value_type = peerpack_actors::market::package::Mode)]
    mode: String,
    created_at: String,
    usage_count: u32,
    #[schema(value_type = peerpack_actors::market::load::SizeClass)]
    size: String,
    #[schema(value_type = peerpack_actors::market::load::WeightClass)]
    weight: String,
    tags: Vec<String>,
    /// Weight, grams.
    weight_g: u32,
    /// Volume, millilitres.
    volume_ml: u32,
    /// Where exactly it starts, in the sender's words; empty if nothing was said.
    pickup_address: String,
    /// Where exactly it goes.
    delivery_address: String,
    /// The point it starts at: that of the place, if no other was given.
    pickup: Point,
    /// The point it goes to.
    dropoff: Point,
    /// The earliest moment of the pickup.
    ready_at: String,
    /// The latest moment of the delivery.
    deliver_by: String,
    /// IANA time zone of where it starts.
    from_tz: String,
    /// IANA time zone of where it goes.
    to_tz: String,
    /// When the sender wants to know the courier.
    #[serde(skip_serializing_if = "Option::is_none")]
    confirm_by: Option<String>,
    /// What the sender has last said to a courier.
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    responses: Vec<ResponseView>,
    #[serde(rename = "selectedCourier", skip_serializing_if = "Option::is_none")]
    selected_courier: Option<String>,
    #[serde(rename = "completedAt", skip_serializing_if = "Option::is_none")]
    completed_at: Option<String>,
    /// How it is paid for, since it was published.
    payment: Paid,
    /// What the platform takes of the reward.
    fee: f64,
    /// Whether the courier has to show codes.
    hand_over_codes: bool,
    /// Until when it is highlighted: it bears a mark in lists, and nothing else.
    #[serde(skip_serializing_if = "Option::is_none")]
    highlighted_until: Option<String>,
    /// Its version, for `If-Match`.
    version: i64,
}

/// A courier's part in a package, in both spellings.
#[derive(Debug, Serialize, ToSchema)]
pub struct ResponseView {
    id: String,
    courier_id: String,
    #[serde(rename = "courierId")]
    #[schema(deprecated)]
    courier_id_camel: String,
    courier_name: String,
    #[serde(rename = "courierName")]
    #[schema(deprecated)]
    courier_name_camel: String,
    courier_avatar: String,
    #[serde(rename = "courierAvatar")]
    #[schema(deprecated)]
    courier_avatar_camel: String,
    courier_rating: f64,
    #[serde(rename = "courierRating")]
    #[schema(deprecated)]
    courier_rating_camel: f64,
    telegram_username: String,
    #[serde(rename = "telegramUsername")]
    #[schema(deprecated)]
    telegram_username_camel: String,
    /// `pending`, `accepted`, `selected` or `declined`.
    #[schema(value_type = crate::http::vocabulary::ResponseStatus)]
    status: String,
    /// Our own finer state.
    #[schema(value_type = peerpack_actors::market::phase::RequestPhase)]
    state: String,
    trip_id: String,
    price: f64,
    /// The courier's words: with a response, or with a no.
    comment: String,
    /// From the pickup to the delivery.
    #[serde(flatten)]
    times: Times,
    airport: String,
    /// The sender's words.
    message: String,
    timestamp: String,
    is_new: bool,
    #[serde(rename = "isNew")]
    #[schema(deprecated)]
    is_new_camel: bool,
}

/// Who would carry packages, and from where.
pub(in crate::http) struct Carriers {
    pub(super) people: BTreeMap<UserId, Person>,
    pub(super) airports: BTreeMap<TripId, String>,
}

impl Carriers {
    /// The couriers of a package's requests.
    pub(in crate::http) async fn of(app: &App, package: &Package) -> Result<Self, ApiError> {
        let couriers: Vec<_> = package.requests.iter().map(|request| request.courier).collect();
        let trips: Vec<_> = package.requests.iter().map(|request| request.trip).collect();
        let (people, airports) = (app.database.people(&couriers), app.database.airports(&trips));
        Ok(Self { people: people.await?, airports: airports.await? })
    }
}

/// The couriers' parts in a package. Offers that nobody has answered are the engine's business, not yet the
/// sender's.
pub(in crate::http) fn responses(package: &Package, carriers: &Carriers) -> Vec<ResponseView> {
    let answered = |state: &RequestState| state.is_deal() || matches!(state, RequestState::Agreed { .. });
    let shown = |request: &&Request| request.origin != Origin::Engine || answered(&request.state);
    let requests = package.requests.iter().filter(shown);
    requests.map(|request| response(request, carriers)).collect()
}

/// A package with the couriers who take part.
pub(super) fn view(package: &Package, carriers: &Carriers, marks: &Marks) -> PackageView {
    let draft = &package.draft;
    let name = |request: &Request| carriers.people.get(&request.courier).map(|courier| courier.name.clone());
    let responses = responses(package, carriers);
    PackageView {
        id: package.id.to_string(),
        from: place_name(draft.pickup.place),
        to: place_name(draft.dropoff.place),
        from_place: around(draft.pickup.place),
        to_place: around(draft.dropoff.place),
        description: draft.description.clone(),
        reward: draft.reward.major(),
        status: status(package).to_owned(),
        state: package.state.word().to_owned(),
        mode: draft.mode.word().to_owned(),
        created_at: package.created_at.to_string(),
        usage_count: package.uses,
        size: draft.size.clone(),
        weight: draft.weight.clone(),
        tags: draft.tags.clone(),
        weight_g: draft.load.weight_g,
        volume_ml: draft.load.volume_ml,
        pickup_address: draft.pickup.address.clone(),
        delivery_address: draft.dropoff.address.clone(),
        pickup: Point::from(draft.pickup.position),
        dropoff: Point::from(draft.dropoff.position),
        ready_at: draft.ready_at.to_string(),
        deliver_by: draft.deliver_by.to_string(),
        from_tz: local_time::tz_of(draft.pickup.place).to_owned(),
        to_tz: local_time::tz_of(draft.dropoff.place).to_owned(),
        confirm_by: draft.confirm_by.map(|at| at.to_string()),
        message: package.requests.iter().rev().map(sender_says).find(|words| !words.is_empty()),
        responses,
        selected_courier: package.deal().and_then(name),
        completed_at: trips::is_over(package.state)
            .then(|| package.state.at())
            .flatten()
            .map(|at| at.to_string()),
        payment: package.terms.payment.paid,
        fee: package.terms.payment.fee_of(package.draft.reward).major(),
        hand_over_codes: package.terms.hand_over_codes,
        highlighted_until: marks.until(package.id.uuid()),
        version: package.version,
    }
}

/// From the pickup to the delivery.
pub(in crate::http) fn times(request: &Request) -> Times {
    let (pickup, dropoff) = (&request.plan.pickup, &request.plan.dropoff);
    Times::of((pickup.at, pickup.place), (dropoff.at, dropoff.place))
}

fn status(package: &Package) -> &'static str {
    match package.state {
        PackageState::Template => "template",
        PackageState::Confirmed { .. } | PackageState::Cancelled { .. } => "completed",
        PackageState::Open if package.pending().all(|request| request.origin != Origin::Courier) => "waiting",
        PackageState::Open
        | PackageState::Assigned { .. }
        | PackageState::InTransit { .. }
        | PackageState::Delivered { .. } => "active",
    }
}

/// What the courier has named with the response, or else what the trip says.
fn airport(request: &Request, carriers: &Carriers) -> String {
    if request.airport.is_empty() {
        carriers.airports.get(&request.trip).cloned().unwrap_or_default()
    } else {
        request.airport.clone()
    }
}

fn sender_says(request: &Request) -> String {
    if request.origin == Origin::Sender { request.message.clone() } else { String::new() }
}

fn courier_says(request: &Request) -> String {
    match (&request.state, request.origin) {
        (_, Origin::Courier) => request.message.clone(),
        (RequestState::Declined { reason, .. }, _) => reason.clone().unwrap_or_default(),
        _ => String::new(),
    }
}

fn response(request: &Request, carriers: &Carriers) -> ResponseView {
    let courier = carriers.people.get(&request.courier);
    let status = match &request.state {
        RequestState::Pending | RequestState::Agreed { .. } => "pending",
        RequestState::Accepted { .. }
        | RequestState::PickedUp { .. }
        | RequestState::Delivered { .. }
        | RequestState::Confirmed { .. }
        | RequestState::Disputed { .. } => match request.origin {
            Origin::Courier => "selected",
            Origin::Sender | Origin::Engine => "accepted",
        },
        RequestState::Declined { .. }
        | RequestState::Expired { .. }
        | RequestState::Withdrawn { .. }
        | RequestState::Taken { .. }
        | RequestState::Cancelled { .. } => "declined",
    };
    let name = courier.map_or_else(String::new, |courier| courier.name.clone());
    let rating = courier.map_or(0.0, Person::rating);
    let avatar = avatars::of_person(request.courier, courier);
    let telegram = courier.and_then(|courier| courier.username.clone()).unwrap_or_default();
    let is_new = request.state.is_pending() && request.origin == Origin::Courier;
    ResponseView {
        id: request.id.to_string(),
        courier_id: request.courier.to_string(),
        courier_id_camel: request.courier.to_string(),
        courier_name: name.clone(),
        courier_name_camel: name,
        courier_avatar: avatar.clone(),
        courier_avatar_camel: avatar,
        courier_rating: rating,
        courier_rating_camel: rating,
        telegram_username: telegram.clone(),
        telegram_username_camel: telegram,
        status: status.to_owned(),
        state: request.state.word().to_owned(),
        trip_id: request.trip.to_string(),
        price: request.reward.major(),
        comment: courier_says(request),
        times: times(request),
        airport: airport(request, carriers),
        message: sender_says(request),
        timestamp: request.created_at.to_string(),
        is_new,
        is_new_camel: is_new,
    }
}
