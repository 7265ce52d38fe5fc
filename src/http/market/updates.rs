//! `/ws/updates`: what the older client is told, as a view over the user's stream.

use std::rc::Rc;

use actix_web::{HttpRequest, HttpResponse, web};
use peerpack_actors::ids::UserId;
use peerpack_actors::market::phase::RequestPhase;
use peerpack_actors::market::request::Origin;
use peerpack_actors::stream::{RequestChange, StreamEvent};
use serde_json::{Value, json};

use crate::app::App;
use crate::error::ApiError;
use crate::ws::session;

/// Opens the older client's socket. Signing in is as for `/ws`.
///
/// # Errors
/// As for `/ws`.
pub async fn follow(
    req: HttpRequest,
    payload: web::Payload,
    app: web::Data<App>,
) -> Result<HttpResponse, ApiError> {
    let shown = app.clone();
    let view: session::View = Rc::new(move |event| {
        let app = shown.clone();
        Box::pin(async move { view(&app, event).await.map(|update| update.to_string()) })
    });
    session::follow(req, payload, app, view).await
}

async fn view(app: &App, event: StreamEvent) -> Option<Value> {
    use StreamEvent as E;
    Some(match event {
        E::RequestNew(change) if change.origin == Origin::Courier => json!({
            "type": "package_response",
            "package_id": change.package_id,
            "response": {
                "courier_name": name(app, change.courier_id).await,
                "price": change.reward,
                "comment": change.message.unwrap_or_default(),
            },
        }),
        E::RequestNew(change) => {
            let sender = name(app, change.sender_id).await;
            request(&change.trip_id.to_string(), &sender, &change.description, change.reward)
        }
        E::OfferNew(offer) => {
            let header = app.database.request_header(offer.request_id).await.ok().flatten()?;
            let sender = name(app, header.sender).await;
            request(&offer.trip_id.to_string(), &sender, &offer.package.description, offer.reward)
        }
        E::OfferRevoked(end) | E::OfferExpired(end) => {
            step(&end.request_id.to_string(), "pending", "declined")
        }
        E::ChatMessage(message) => json!({
            "type": "message",
            "chat_id": message.chat_id,
            "message": {
                "id": message.message_id,
                "chat_id": message.chat_id,
                "sender_id": message.sender_id,
                "content": message.content,
            },
        }),
        E::RequestAccepted(change)
        | E::RequestDeclined(change)
        | E::RequestTaken(change)
        | E::RequestPickedUp(change)
        | E::RequestDelivered(change)
        | E::RequestConfirmed(change)
        | E::RequestCancelled(change)
        | E::RequestDisputed(change) => moved(&change)?,
        E::RequestAgreed(_)
        | E::PackageUpdated(_)
        | E::TripUpdated(_)
        | E::CourierAvailable(_)
        | E::SubscriptionMatched(_)
        | E::PackageAvailable(_)
        | E::NotificationNew(_)
        | E::DocumentReviewed(_)
        | E::PaymentUpdated(_)
        | E::BalanceUpdated(_)
        | E::WithdrawalDecided(_)
        | E::ChatRead(_)
        | E::ChatMore(_)
        | E::OrderOffered(_)
        | E::OrderOfferEnded(_)
        | E::OrderNews(_) => return None,
    })
}

fn request(trip: &str, sender: &str, description: &str, reward: f64) -> Value {
    let request = json!({ "sender_name": sender, "package_description": description, "reward": reward });
    json!({ "type": "package_request", "trip_id": trip, "request": request })
}

/// A step that the older client can tell from the state before.
fn moved(change: &RequestChange) -> Option<Value> {
    let (old, new) = (word(change.old_status.unwrap_or(RequestPhase::Pending)), word(change.new_status));
    (old != new).then(|| step(&change.request_id.to_string(), old, new))
}

fn step(request: &str, old: &str, new: &str) -> Value {
    json!({ "type": "status_update", "request_id": request, "old_status": old, "new_status": new })
}

/// The older client's word for a state of ours.
const fn word(state: RequestPhase) -> &'static str {
    match state {
        RequestPhase::Pending | RequestPhase::Agreed => "pending",
        RequestPhase::Accepted | RequestPhase::PickedUp => "accepted",
        RequestPhase::Delivered | RequestPhase::Disputed => "delivered",
        RequestPhase::Confirmed => "confirmed",
        RequestPhase::Declined
        | RequestPhase::Expired
        | RequestPhase::Withdrawn
        | RequestPhase::Taken
        | RequestPhase::Cancelled => "declined",
    }
}

/// Nothing rather than no message when somebody is gone or the store does not answer.
async fn name(app: &App, user: UserId) -> String {
    let people = app.database.people(&[user]).await.unwrap_or_default();
    people.get(&user).map_or_else(String::new, |person| person.name.clone())
}
