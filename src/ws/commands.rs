//! From a client's command to the engine's, and from its outcome to what the ack says.
//!
//! A command is named by its `cmd_id`. What it did and what was answered are one transaction, so a client that was left
//! without an ack gives the same command again, on any connection to any node, and gets the same ack. A refusal has no
//! effect and is not kept.

use actix_web::http::StatusCode;
use peerpack_actors::ids::{RequestId, UserId};
use peerpack_actors::package::Package;
use peerpack_actors::receipt::Call;
use peerpack_actors::rejection::Rejection;
use peerpack_actors::request::RequestCommand;
use peerpack_actors::runtime::{Promise, Refusal, Subject};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::wire::{ClientMessage, Decline, OfRequest};
use crate::app::App;
use crate::bus::LastPosition;
use crate::error::ApiError;
use crate::store::Kept;

/// The route under which acks are kept.
const ROUTE: &str = "ws";

/// The status of an ack that says ok, as it would be in HTTP.
const OK: u16 = 200;

/// Carries a command out. What it answers goes into the ack.
///
/// # Errors
/// The refusal, as HTTP would say it.
pub(super) async fn carry_out(
    app: &App,
    user: UserId,
    cmd_id: Option<Uuid>,
    message: ClientMessage,
) -> Result<Option<Value>, ApiError> {
    let call = cmd_id.map(|cmd_id| call(user, cmd_id, &message));
    let (id, command) = match message {
        ClientMessage::OfferAccept(OfRequest { request_id })
        | ClientMessage::RequestAccept(OfRequest { request_id }) => {
            (request_id, RequestCommand::Accept { by: user })
        }
        ClientMessage::OfferDecline(Decline { request_id, reason })
        | ClientMessage::RequestDecline(Decline { request_id, reason }) => {
            (request_id, RequestCommand::Decline { by: user, reason })
        }
        ClientMessage::RequestPickUp(of) => (of.request_id, RequestCommand::PickUp { by: user }),
        ClientMessage::RequestDeliver(of) => (of.request_id, RequestCommand::Deliver { by: user }),
        ClientMessage::RequestConfirm(of) => (of.request_id, RequestCommand::Confirm { by: user }),
        ClientMessage::RequestCancel(of) => (of.request_id, RequestCommand::Cancel { by: user }),
        ClientMessage::RequestWithdraw(of) => (of.request_id, RequestCommand::Withdraw { by: user }),
        ClientMessage::OfferRendered(of) => {
            app.engine.rendered(of.request_id, user).await?;
            return Ok(Some(json!({ "request_id": of.request_id })));
        }
        ClientMessage::Location(at) => {
            let position = LastPosition { lat: at.lat, lon: at.lon, at: app.clock.now() };
            app.presence.set_position(user, position);
            app.sockets.located(user, position);
            return Ok(None);
        }
        // The session itself answers these.
        ClientMessage::Ping
        | ClientMessage::Resume(_)
        | ClientMessage::Subscribe(_)
        | ClientMessage::Unsubscribe(_) => return Ok(None),
    };
    step(app, call, id, command).await
}

fn call(by: UserId, cmd_id: Uuid, message: &ClientMessage) -> Call {
    let text = serde_json::to_vec(message).unwrap_or_default();
    Call { by, route: ROUTE.to_owned(), key: cmd_id.to_string(), digest: hex::encode(Sha256::digest(text)) }
}

async fn step(
    app: &App,
    call: Option<Call>,
    id: RequestId,
    command: RequestCommand,
) -> Result<Option<Value>, ApiError> {
    let promise = call.clone().map(|call| {
        Promise::new(call, move |subject| match subject {
            Subject::Package(package) => Some((OK, answer(package, id).to_string())),
            Subject::Trip(_) => None,
        })
    });
    let refusal = match app.engine.answering(promise).request(id, command).await {
        Ok(done) => return Ok(Some(answer(&done.package, id))),
        Err(refusal) => refusal,
    };
    // Whoever lost has not won before: no need to ask.
    let may_be_known = matches!(&refusal, Refusal::Rejected(why) if *why != Rejection::AlreadyTaken);
    match call.filter(|_| may_be_known) {
        Some(call) => match app.database.kept_answer(&call).await? {
            Some(Kept::Answer { answer, .. }) => Ok(serde_json::from_str(&answer).ok()),
            Some(Kept::OtherCall) => {
                let message = "this cmd_id was used for another command";
                Err(ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, "key_reused", message))
            }
            None => Err(refusal.into()),
        },
        None => Err(refusal.into()),
    }
}

fn answer(package: &Package, id: RequestId) -> Value {
    let state = package.request(id).map(|request| request.state.word());
    json!({ "request_id": id, "new_status": state })
}
