//! From a client's command to the engine's, and from its outcome to what the ack says.
//!
//! A command is named by its `cmd_id`. What it did and what was answered are one transaction, so a client
//! that was left without an ack gives the same command again, on any connection to any node, and gets the
//! same ack. So it is with a refusal: it is kept before it is told, under the same key, and whatever becomes
//! possible later, the command stays refused. Only what can never be answered otherwise is not kept.

use std::borrow::Cow;

use actix_web::http::StatusCode;
use peerpack_actors::ids::{RequestId, UserId};
use peerpack_actors::market::package::Package;
use peerpack_actors::market::request::RequestCommand;
use peerpack_actors::place::Position;
use peerpack_actors::ports::{CommitError, Store};
use peerpack_actors::receipt::{Call, Receipt};
use peerpack_actors::rejection::Rejection;
use peerpack_actors::runtime::{Promise, Refusal, Subject};
use peerpack_actors::unit::Unit;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::wire::{ChatSaid, ClientMessage, Decline, OfRequest, Outcome};
use crate::app::App;
use crate::bus::LastPosition;
use crate::error::ApiError;
use crate::store::Kept;
use crate::talk::{self, Saying};
use crate::texts::language::Language;

/// The route under which acks are kept.
const ROUTE: &str = "ws";

/// The status of an ack that says ok, as it would be in HTTP.
const OK: u16 = 200;

/// Why a command was not carried out, as its ack says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refused {
    /// Stable, for programs.
    pub(super) code: Cow<'static, str>,
    /// The reason in English.
    pub(super) message: String,
    /// The same in Russian.
    russian: Option<String>,
    /// Whether nobody knows what became of it, so that the same command may be given again.
    pub(crate) is_unknown: bool,
}

impl From<ApiError> for Refused {
    fn from(error: ApiError) -> Self {
        let (code, is_unknown) = (error.code().into(), error.status().is_server_error());
        let message = error.message().to_owned();
        let russian = Some(error.told_in(Language::Russian).message().to_owned());
        Self { code, message, russian, is_unknown }
    }
}

impl Refused {
    /// Whether the number of the command is still free for the command that it belongs to.
    pub(super) fn leaves_nothing(&self) -> bool {
        self.is_unknown || self.code == "key_reused"
    }

    /// The sentence in a language.
    pub(crate) fn told_in(&self, language: Language) -> &str {
        match (language, &self.russian) {
            (Language::Russian, Some(russian)) => russian,
            _ => &self.message,
        }
    }
}

/// A refusal as it is kept.
#[derive(Serialize, Deserialize)]
struct KeptRefusal {
    code: String,
    message: String,
    /// Of a server that knew one.
    #[serde(default)]
    russian: Option<String>,
}

/// Carries a command out. What it answers goes into the ack.
///
/// # Errors
/// The refusal, as HTTP would say it.
pub(crate) async fn carry_out(
    app: &App,
    user: UserId,
    cmd_id: Option<Uuid>,
    message: ClientMessage,
) -> Result<Option<Value>, Refused> {
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
            app.engine.rendered(of.request_id, user).await.map_err(ApiError::from)?;
            return Ok(outcome(Outcome { request_id: of.request_id, new_status: None }));
        }
        ClientMessage::Location(at) => {
            let position = LastPosition { lat: at.lat, lon: at.lon, at: app.clock.now() };
            app.presence.set_position(user, position);
            app.sockets.located(user, position);
            // Nothing comes of it while they are not on duty in town.
            if let (Some(town), Ok(position)) = (&app.town, Position::new(at.lat, at.lon)) {
                town.dispatch().sighted(app.engine.context(), user, position);
            }
            return Ok(None);
        }
        ClientMessage::ChatSend(send) => {
            let (text, picture, client_id) = (send.text, send.picture_id, Some(send.client_msg_id));
            // What the device calls the message is enough for it to be sent once.
            let said = talk::say(app, user, Saying { chat: send.chat_id, text, picture, client_id }).await?;
            let said = ChatSaid {
                chat_id: said.chat,
                message_id: said.id,
                seq: said.seq,
                created_at: said.created_at,
            };
            return Ok(serde_json::to_value(said).ok());
        }
        ClientMessage::ChatRead(read) => {
            talk::read(app, user, read.chat_id, read.up_to).await?;
            return Ok(None);
        }
        ClientMessage::ChatTyping(of) => {
            talk::typing(app, user, of.chat_id).await?;
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
    Call { by, route: ROUTE.to_owned(), key: cmd_id.to_string(), digest: hex::encode(digest(message)) }
}

/// What a command says, in short.
fn digest(message: &ClientMessage) -> [u8; 32] {
    Sha256::digest(serde_json::to_vec(message).unwrap_or_default()).into()
}

/// The same, where a few bytes are enough.
pub(super) fn short_digest(message: &ClientMessage) -> u64 {
    let [a, b, c, d, e, f, g, h, ..] = digest(message);
    u64::from_le_bytes([a, b, c, d, e, f, g, h])
}

/// The refusal of a command whose id is that of another one.
pub(super) fn other_command() -> Refused {
    let message = "this cmd_id was used for another command";
    ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, "key_reused", message).into()
}

async fn step(
    app: &App,
    call: Option<Call>,
    id: RequestId,
    command: RequestCommand,
) -> Result<Option<Value>, Refused> {
    let promise = call.clone().map(|call| {
        Promise::new(call, move |subject| match subject {
            Subject::Package(package) => Some((OK, answer(package, id)?.to_string())),
            Subject::Trip(_) => None,
        })
    });
    let refusal = match app.engine.under(promise).request(id, command).await {
        Ok(done) => return Ok(answer(&done.package, id)),
        Err(refusal) => refusal,
    };
    match (call, &refusal) {
        (Some(call), Refusal::Rejected(why)) if !is_nobodys(why) => settle(app, call, why.clone()).await,
        _ => Err(ApiError::from(refusal).into()),
    }
}

/// What stays the answer to a command that was refused just now: what was answered before, or else the
/// refusal.
async fn settle(app: &App, call: Call, why: Rejection) -> Result<Option<Value>, Refused> {
    let is_late = why == Rejection::AlreadyTaken;
    let refused = ApiError::from(why);
    let known = app.database.kept_answer(&call).await.map_err(ApiError::from)?;
    if let Some(kept) = known {
        return told_before(kept);
    }
    // `AlreadyTaken` is not kept, so a crowd of late couriers costs no writes. `Expired` is: an acceptance on
    // another node may have come in time, and the store knows which of the two answers came first.
    if is_late {
        return Err(refused.into());
    }
    let status = refused.status().as_u16();
    let refused = Refused::from(refused);
    let (code, message, russian) =
        (refused.code.to_string(), refused.message.clone(), refused.russian.clone());
    let text = serde_json::to_string(&KeptRefusal { code, message, russian }).unwrap_or_default();
    let receipt = Receipt { call: call.clone(), status, answer: text };
    match app.database.commit(Unit::receipt(receipt, app.clock.now())).await {
        Ok(_) => Err(refused),
        // The same command was answered elsewhere meanwhile.
        Err(CommitError::Refused(Rejection::AnsweredBefore)) => {
            match app.database.kept_answer(&call).await.map_err(ApiError::from)? {
                Some(kept) => told_before(kept),
                None => Err(ApiError::unavailable().into()),
            }
        }
        Err(error) => Err(ApiError::from(error).into()),
    }
}

/// Whether a command is refused because the caller has no part in it: that never changes.
const fn is_nobodys(why: &Rejection) -> bool {
    matches!(why, Rejection::UnknownRequest | Rejection::NotAParty | Rejection::WrongParty(_))
}

fn told_before(kept: Kept) -> Result<Option<Value>, Refused> {
    match kept {
        Kept::Answer { status: OK, answer } => Ok(serde_json::from_str(&answer).ok()),
        Kept::Answer { answer, .. } => match serde_json::from_str::<KeptRefusal>(&answer) {
            Ok(KeptRefusal { code, message, russian }) => {
                Err(Refused { code: code.into(), message, russian, is_unknown: false })
            }
            Err(error) => Err(ApiError::internal(&error).into()),
        },
        Kept::OtherCall => Err(other_command()),
    }
}

fn answer(package: &Package, id: RequestId) -> Option<Value> {
    let new_status = package.request(id).map(|request| request.state.phase());
    outcome(Outcome { request_id: id, new_status })
}

fn outcome(outcome: Outcome) -> Option<Value> {
    serde_json::to_value(outcome).ok()
}
