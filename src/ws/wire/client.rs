//! Client to server.

use std::borrow::Cow;

use peerpack_actors::ids::{ChatId, PackageId, RequestId, TripId};
use peerpack_actors::talk::chat::MAX_CLIENT_ID;
use serde::de::value::MapDeserializer;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::chat::{ChatReadUpTo, ChatSend, OfChat};
use crate::error::extract::{has_nul, named};

/// The most characters a reason may have.
const MAX_REASON_CHARS: usize = 500;

/// A message with the id its answer will carry.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ClientFrame {
    /// Chosen by the client; the same id is the same command.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cmd_id: Option<Uuid>,
    /// What is asked.
    #[serde(flatten)]
    pub message: ClientMessage,
}

/// What a client asks: `{"type": .., "data": ..}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "type", content = "data", deny_unknown_fields)]
pub enum ClientMessage {
    /// Are you there? Answered by `pong`.
    #[serde(rename = "ping")]
    Ping,
    /// Tell me what I have missed. Answered by `resumed`.
    #[serde(rename = "resume")]
    Resume(Resume),
    /// The offer is on the screen: its clock starts. Not answered.
    #[serde(rename = "offer.rendered")]
    OfferRendered(OfRequest),
    /// Takes an offer of the engine.
    #[serde(rename = "offer.accept")]
    OfferAccept(OfRequest),
    /// Refuses an offer of the engine.
    #[serde(rename = "offer.decline")]
    OfferDecline(Decline),
    /// Agrees to a person's request.
    #[serde(rename = "request.accept")]
    RequestAccept(OfRequest),
    /// Refuses a person's request.
    #[serde(rename = "request.decline")]
    RequestDecline(Decline),
    /// The courier has the package.
    #[serde(rename = "request.pick_up")]
    RequestPickUp(OfRequest),
    /// The courier has handed it over.
    #[serde(rename = "request.deliver")]
    RequestDeliver(OfRequest),
    /// The sender confirms the delivery.
    #[serde(rename = "request.confirm")]
    RequestConfirm(OfRequest),
    /// Calls a deal off.
    #[serde(rename = "request.cancel")]
    RequestCancel(OfRequest),
    /// Takes one's own request back.
    #[serde(rename = "request.withdraw")]
    RequestWithdraw(OfRequest),
    /// Where the courier is. Not answered.
    #[serde(rename = "location")]
    Location(Located),
    /// Says something in a chat. The same `client_msg_id` is the same message, on any connection.
    #[serde(rename = "chat.send")]
    ChatSend(ChatSend),
    /// I have read so far. Not answered without a `cmd_id`.
    #[serde(rename = "chat.read")]
    ChatRead(ChatReadUpTo),
    /// I am writing. Not answered.
    #[serde(rename = "chat.typing")]
    ChatTyping(OfChat),
    /// Shows me where the courier of a trip is, or of the trip that carries my package; or whether the other
    /// one of a chat is there.
    #[serde(rename = "subscribe")]
    Subscribe(Topic),
    /// Ends a subscription.
    #[serde(rename = "unsubscribe")]
    Unsubscribe(Topic),
}

/// The types of all client messages.
pub const TYPES: [&str; 18] = [
    "ping",
    "resume",
    "offer.rendered",
    "offer.accept",
    "offer.decline",
    "request.accept",
    "request.decline",
    "request.pick_up",
    "request.deliver",
    "request.confirm",
    "request.cancel",
    "request.withdraw",
    "location",
    "chat.send",
    "chat.read",
    "chat.typing",
    "subscribe",
    "unsubscribe",
];

/// Whether messages of a type change something that must not change twice.
pub(super) fn is_command(kind: &str) -> bool {
    const HARMLESS: [&str; 8] = [
        "ping",
        "resume",
        "offer.rendered",
        "location",
        "chat.read",
        "chat.typing",
        "subscribe",
        "unsubscribe",
    ];
    !HARMLESS.contains(&kind)
}

/// The position a client has reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Resume {
    /// The history that `last_seq` belongs to, as `hello` named it.
    pub epoch: u64,
    /// The number of the last event it has applied; 0 for none.
    pub last_seq: u64,
}

/// Names a request; offers are requests too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OfRequest {
    /// The request that the command is about.
    pub request_id: RequestId,
}

/// Names a request and says why not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Decline {
    /// The request that is declined.
    pub request_id: RequestId,
    /// For the other party, at most 500 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 500)]
    pub reason: Option<String>,
}

/// A point on the earth.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Located {
    /// Degrees north.
    #[schema(minimum = -90, maximum = 90)]
    pub lat: f64,
    /// Degrees east.
    #[schema(minimum = -180, maximum = 180)]
    pub lon: f64,
}

/// What can be subscribed to: a trip, a package or a chat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(min_properties = 1, max_properties = 1)]
pub struct Topic {
    /// A trip of one's own, or one that carries a package of one's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub trip_id: Option<TripId>,
    /// A package of one's own that is on its way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub package_id: Option<PackageId>,
    /// A chat of one's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub chat_id: Option<ChatId>,
}

impl Topic {
    const fn count(&self) -> u8 {
        self.trip_id.is_some() as u8 + self.package_id.is_some() as u8 + self.chat_id.is_some() as u8
    }
}

/// A frame that is no message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct WireError {
    /// Of the command, if it could be read.
    pub cmd_id: Option<Uuid>,
    /// `bad_request`, `unknown_type` or `invalid`.
    pub code: &'static str,
    /// The reason in English.
    pub message: Cow<'static, str>,
    /// The field of the data that will not do, and what it should be.
    pub field: Option<(String, String)>,
}

impl WireError {
    fn misshapen(cmd_id: Option<Uuid>, error: &serde_path_to_error::Error<serde_json::Error>) -> Self {
        let (field, reason) = named(error);
        let (message, field) = match field.strip_prefix("data.") {
            Some(field) => (Cow::Owned(format!("{field}: {reason}")), Some((field.to_owned(), reason))),
            None => (Cow::Borrowed("the data has the wrong form"), None),
        };
        Self { cmd_id, code: "bad_request", message, field }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Envelope {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    cmd_id: Value,
    #[serde(default)]
    data: Value,
}

impl ClientMessage {
    /// The word in `type`.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Ping => "ping",
            Self::Resume(_) => "resume",
            Self::OfferRendered(_) => "offer.rendered",
            Self::OfferAccept(_) => "offer.accept",
            Self::OfferDecline(_) => "offer.decline",
            Self::RequestAccept(_) => "request.accept",
            Self::RequestDecline(_) => "request.decline",
            Self::RequestPickUp(_) => "request.pick_up",
            Self::RequestDeliver(_) => "request.deliver",
            Self::RequestConfirm(_) => "request.confirm",
            Self::RequestCancel(_) => "request.cancel",
            Self::RequestWithdraw(_) => "request.withdraw",
            Self::Location(_) => "location",
            Self::ChatSend(_) => "chat.send",
            Self::ChatRead(_) => "chat.read",
            Self::ChatTyping(_) => "chat.typing",
            Self::Subscribe(_) => "subscribe",
            Self::Unsubscribe(_) => "unsubscribe",
        }
    }

    /// Whether the message changes something that must not change twice, so that it needs a `cmd_id`.
    #[must_use]
    pub fn is_command(&self) -> bool {
        is_command(self.kind())
    }

    /// The request that it concerns, if it concerns one.
    #[must_use]
    pub const fn request_id(&self) -> Option<RequestId> {
        match self {
            Self::OfferRendered(of)
            | Self::OfferAccept(of)
            | Self::RequestAccept(of)
            | Self::RequestPickUp(of)
            | Self::RequestDeliver(of)
            | Self::RequestConfirm(of)
            | Self::RequestCancel(of)
            | Self::RequestWithdraw(of) => Some(of.request_id),
            Self::OfferDecline(decline) | Self::RequestDecline(decline) => Some(decline.request_id),
            Self::Ping
            | Self::Resume(_)
            | Self::Location(_)
            | Self::ChatSend(_)
            | Self::ChatRead(_)
            | Self::ChatTyping(_)
            | Self::Subscribe(_)
            | Self::Unsubscribe(_) => None,
        }
    }

    /// The chat that it concerns, if it concerns one.
    #[must_use]
    pub const fn chat_id(&self) -> Option<ChatId> {
        match self {
            Self::ChatSend(send) => Some(send.chat_id),
            Self::ChatRead(read) => Some(read.chat_id),
            Self::ChatTyping(of) => Some(of.chat_id),
            Self::Ping
            | Self::Resume(_)
            | Self::OfferRendered(_)
            | Self::OfferAccept(_)
            | Self::OfferDecline(_)
            | Self::RequestAccept(_)
            | Self::RequestDecline(_)
            | Self::RequestPickUp(_)
            | Self::RequestDeliver(_)
            | Self::RequestConfirm(_)
            | Self::RequestCancel(_)
            | Self::RequestWithdraw(_)
            | Self::Location(_)
            | Self::Subscribe(_)
            | Self::Unsubscribe(_) => None,
        }
    }

    fn check(&self) -> Result<(), &'static str> {
        match self {
            Self::OfferDecline(Decline { reason: Some(reason), .. })
            | Self::RequestDecline(Decline { reason: Some(reason), .. })
                if reason.chars().count() > MAX_REASON_CHARS =>
            {
                Err("the reason may have at most 500 characters")
            }
            Self::Location(at) if !(at.lat.abs() <= 90.0 && at.lon.abs() <= 180.0) => {
                Err("the position is not on the earth")
            }
            Self::ChatSend(send)
                if send.client_msg_id.is_empty() || send.client_msg_id.chars().count() > MAX_CLIENT_ID =>
            {
                Err("the client_msg_id must have 1 to 64 characters")
            }
            Self::Subscribe(topic) | Self::Unsubscribe(topic) if topic.count() != 1 => {
                Err("either a trip, a package or a chat")
            }
            _ => Ok(()),
        }
    }
}

impl ClientFrame {
    /// Reads a text frame.
    ///
    /// # Errors
    /// What is wrong with it, with the `cmd_id` it should be answered under where there is one.
    pub fn parse(text: &str) -> Result<Self, WireError> {
        let wrong = |cmd_id, code, message: &'static str| WireError {
            cmd_id,
            code,
            message: Cow::Borrowed(message),
            field: None,
        };
        let bad = |cmd_id, message| wrong(cmd_id, "bad_request", message);
        if has_nul(text.as_bytes()) {
            return Err(bad(None, "texts may not have NUL characters in them"));
        }
        let envelope: Envelope =
            serde_json::from_str(text).map_err(|_| bad(None, "the frame is not a message"))?;
        let cmd_id = match envelope.cmd_id {
            Value::Null => None,
            Value::String(id) => {
                Some(Uuid::try_parse(&id).map_err(|_| bad(None, "the cmd_id is not a UUID"))?)
            }
            _ => return Err(bad(None, "the cmd_id is not a UUID")),
        };
        if !TYPES.contains(&envelope.kind.as_str()) {
            return Err(wrong(cmd_id, "unknown_type", "this type of message is not known"));
        }
        let data = match envelope.data {
            Value::Null => Value::Object(serde_json::Map::new()),
            data => data,
        };
        let has_data = data.as_object().is_none_or(|data| !data.is_empty());
        let data = (has_data || envelope.kind != "ping").then_some(("data", data));
        // The type comes first, so that the data is read as what it should be and each field keeps its name.
        let parts = [("type", Value::String(envelope.kind))].into_iter().chain(data);
        let message: ClientMessage =
            serde_path_to_error::deserialize(MapDeserializer::<_, serde_json::Error>::new(parts))
                .map_err(|error| WireError::misshapen(cmd_id, &error))?;
        if has_data && message == ClientMessage::Ping {
            return Err(bad(cmd_id, "the data has the wrong form"));
        }
        if cmd_id.is_none() && message.is_command() {
            return Err(bad(None, "a command needs a cmd_id"));
        }
        message.check().map_err(|message| wrong(cmd_id, "invalid", message))?;
        Ok(Self { cmd_id, message })
    }

    /// The text of the frame.
    #[must_use]
    pub fn to_text(&self) -> String {
        serde_json::to_string(self).expect("a message has only string keys and finite numbers")
    }
}
