//! From a client's command to the engine's, and from its outcome to what the ack says.

use peerpack_actors::ids::{RequestId, UserId};
use peerpack_actors::request::RequestCommand;
use serde_json::{Value, json};

use super::wire::{ClientMessage, Decline, OfRequest};
use crate::app::App;
use crate::bus::LastPosition;
use crate::error::ApiError;

/// Carries a command out. What it answers goes into the ack.
///
/// # Errors
/// The refusal, as HTTP would say it.
pub(super) async fn carry_out(
    app: &App,
    user: UserId,
    message: ClientMessage,
) -> Result<Option<Value>, ApiError> {
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
            return Ok(None);
        }
        // The session itself answers these.
        ClientMessage::Ping | ClientMessage::Resume(_) => return Ok(None),
    };
    step(app, id, command).await
}

async fn step(app: &App, id: RequestId, command: RequestCommand) -> Result<Option<Value>, ApiError> {
    let done = app.engine.request(id, command).await?;
    let state = done.request(id).map(|request| request.state.word());
    Ok(Some(json!({ "request_id": id, "new_status": state })))
}
