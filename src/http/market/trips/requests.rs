//! Who asks for room on a trip.

use actix_web::{HttpResponse, web};
use peerpack_actors::ids::TripId;
use peerpack_actors::market::request::{Request, RequestState};
use peerpack_actors::place::PlaceId;
use peerpack_actors::stream::{HandOverView, hand_over};
use serde::Serialize;
use utoipa::ToSchema;

use super::PAGE;
use super::view::status;
use crate::app::App;
use crate::auth::Principal;
use crate::error::{ApiError, Problem};
use crate::http::people::avatars;
use crate::http::places::place_name;
use crate::store::Which;

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
    /// What the courier gets of it, the platform's fee taken off.
    payout: f64,
    /// Where it gets on, in words; with the address once there is a deal.
    pickup_location: String,
    /// Where it gets off.
    delivery_location: String,
    /// The address of the pickup, in the sender's words; empty before there is a deal.
    pickup_address: String,
    /// The address of the delivery, likewise.
    delivery_address: String,
    /// Where it gets on, and when that is planned.
    pickup: HandOverView,
    /// Where it gets off, and when that is planned.
    dropoff: HandOverView,
    /// Whether it changes hands with codes only.
    hand_over_codes: bool,
    /// `pending`, `accepted`, `delivered`, `confirmed` or `declined`.
    #[schema(value_type = crate::http::vocabulary::RequestStatus)]
    status: String,
    /// Our own finer state.
    #[schema(value_type = peerpack_actors::market::phase::RequestPhase)]
    state: String,
    /// Who started it: `sender`, `courier` or `engine`.
    #[schema(value_type = peerpack_actors::market::request::Origin)]
    origin: String,
    timestamp: String,
    is_new: bool,
    /// When an offer ends at the latest.
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    decline_reason: Option<String>,
}

/// Who asks for room on one's own trip. What one has asked oneself, by a response to a package, is not in it.
#[utoipa::path(get, path = "/api/trips/{trip_id}/package-requests", operation_id = "trip_requests",
    tag = "trips", security(("bearer" = [])),
    params(("trip_id" = String, Path, description = "The trip")),
    responses((status = 200, body = TripRequestsView), (status = 401, body = Problem),
        (status = 404, body = Problem)))]
pub async fn list(
    app: web::Data<App>,
    principal: Principal,
    path: web::Path<TripId>,
) -> Result<HttpResponse, ApiError> {
    let trip = path.into_inner();
    let header = app.database.trip_header(trip).await?;
    header.filter(|header| header.courier == principal.user).ok_or_else(ApiError::not_found)?;
    Ok(HttpResponse::Ok().json(TripRequestsView { requests: requests_on(&app, trip, Which::Asked).await? }))
}

/// Requests for room on a trip: what senders ask, what the engine offers, and what the courier has proposed.
pub(in crate::http) async fn requests_on(
    app: &App,
    trip: TripId,
    which: Which,
) -> Result<Vec<TripRequestView>, ApiError> {
    let found = app.database.requests_of(trip, None, PAGE, which).await?;
    let requests = found.requests.iter().map(|item| {
        let request = &item.request;
        let reward = request.reward;
        let sender = found.people.get(&request.sender);
        // Where people live is for the courier who carries the package.
        let address = |told: &String| if request.state.is_deal() { told.clone() } else { String::new() };
        let (pickup_address, delivery_address) =
            (address(&item.pickup_address), address(&item.dropoff_address));
        let place = |address: &str, place: PlaceId| {
            if address.is_empty() { place_name(place) } else { format!("{}, {address}", place_name(place)) }
        };
        TripRequestView {
            id: request.id.to_string(),
            trip_id: trip.to_string(),
            package_id: request.package.to_string(),
            sender_name: sender.map_or_else(String::new, |sender| sender.name.clone()),
            sender_telegram: sender.and_then(|sender| sender.username.clone()).unwrap_or_default(),
            sender_avatar: avatars::of_person(request.sender, sender),
            package_description: item.description.clone(),
            message: request.message.clone(),
            reward: reward.major(),
            payout: reward.minus(item.payment.fee_of(reward)).unwrap_or(reward).major(),
            pickup_location: place(&pickup_address, request.plan.pickup.place),
            delivery_location: place(&delivery_address, request.plan.dropoff.place),
            pickup_address,
            delivery_address,
            pickup: hand_over(request.plan.pickup),
            dropoff: hand_over(request.plan.dropoff),
            hand_over_codes: item.hand_over_codes,
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

fn decline_reason(request: &Request) -> Option<String> {
    match &request.state {
        RequestState::Declined { reason, .. } => Some(reason.clone().unwrap_or_default()),
        state if status(state) == "declined" => Some(state.word().to_owned()),
        _ => None,
    }
}
