//! Server to client: what is said. How it is written is in `written`.

mod written;

use std::fmt::Write;

use peerpack_actors::ids::{RequestId, TripId};
use peerpack_actors::market::phase::RequestPhase;
use peerpack_actors::stream::StreamEvent;
use peerpack_actors::time::Time;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::ack_code::AckCode;
use super::chat::{ChatPresence, ChatSaid, ChatTyping};
use crate::ws::guard::{MAX_FRAME_BYTES, MAX_MESSAGE_BYTES};

pub(super) use self::written::Control;

/// The type of [`Ack`].
pub(super) const ACK: &str = "ack";

/// What the server says.
#[derive(Debug, Clone, PartialEq)]
pub enum ServerMessage {
    /// First on every connection.
    Hello(Hello),
    /// The answer to a command.
    Ack(Ack),
    /// The answer to `ping`.
    Pong(Pong),
    /// The answer to `resume`.
    Resumed(Resumed),
    /// Something the server needs is out of order, or in order again.
    Degraded(Degraded),
    /// Come back later; the close follows.
    Reconnect(Reconnect),
    /// Where a courier is now. Unnumbered: only the latest counts.
    TripLocation(TripLocation),
    /// The other one of a chat writes. Unnumbered.
    ChatTyping(ChatTyping),
    /// The other one of a chat has come or gone. Unnumbered: only the latest counts.
    ChatPresence(ChatPresence),
    /// A numbered event.
    Event(Event),
    /// From a newer server; to be ignored.
    Unknown {
        /// The word in `type`.
        kind: String,
    },
}

/// `hello`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Hello {
    /// Changes when history could disagree with what a client remembers.
    pub epoch: u64,
    /// The number of the user's last event.
    pub top: u64,
    /// Now, for countdowns.
    pub server_time: Time,
    /// Seconds between the server's pings.
    pub ping_s: u32,
    /// What the server will take.
    pub limits: Limits,
    /// Names the connection in the server's log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub session_id: Option<String>,
}

/// What the server will take from a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Limits {
    /// Bytes in a frame.
    pub frame_bytes: u32,
    /// Bytes in a message.
    pub message_bytes: u32,
    /// Messages in a minute.
    pub messages_per_minute: u32,
    /// Messages at once.
    pub burst: u32,
    /// Events that can be resumed.
    pub resume_events: u32,
}

impl Default for Limits {
    fn default() -> Self {
        let bytes = |limit| u32::try_from(limit).unwrap_or(u32::MAX);
        Self {
            frame_bytes: bytes(MAX_FRAME_BYTES),
            message_bytes: bytes(MAX_MESSAGE_BYTES),
            messages_per_minute: 120,
            burst: 30,
            resume_events: 300,
        }
    }
}

/// `ack`: exactly one for each `cmd_id`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Ack {
    /// Of the command; null when the command's could not be read.
    #[schema(required = true)]
    pub cmd_id: Option<Uuid>,
    /// How it went.
    pub status: AckStatus,
    /// Why not: the codes of HTTP.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<AckCode>, nullable = false)]
    pub code: Option<String>,
    /// Why not, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub message: Option<String>,
    /// What came of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<AckData>, nullable = false)]
    pub data: Option<Value>,
}

/// What came of a command: for the description.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "describes what is written as it is")]
pub(super) enum AckData {
    /// Of a step of a request.
    Step(Outcome),
    /// What came of `chat.send`.
    Said(ChatSaid),
}

/// What came of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = StepOutcome)]
pub struct Outcome {
    /// The request that took the step.
    pub request_id: RequestId,
    /// Where it stands now; absent after `offer.rendered`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub new_status: Option<RequestPhase>,
}

/// How a command went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AckStatus {
    /// Done, and durable.
    Ok,
    /// Refused, without effect; or unknown, if the code is `unavailable`.
    Error,
}

impl Ack {
    /// The command was carried out.
    #[must_use]
    pub const fn ok(cmd_id: Uuid, data: Option<Value>) -> Self {
        Self { cmd_id: Some(cmd_id), status: AckStatus::Ok, code: None, message: None, data }
    }

    /// The answer to a command that was refused.
    #[must_use]
    pub fn error(cmd_id: Option<Uuid>, code: &str, message: &str) -> Self {
        let (code, message) = (Some(code.to_owned()), Some(message.to_owned()));
        Self { cmd_id, status: AckStatus::Error, code, message, data: None }
    }
}

/// `pong`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Pong {
    /// The server's time when it answers.
    pub server_time: Time,
}

/// `resumed`: exactly the missed events follow, or none and the client has to sync.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Resumed {
    /// Whether the events follow.
    pub recovered: bool,
    /// Why no events follow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub reason: Option<NotRecovered>,
    /// How many follow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub count: Option<u32>,
    /// The number of the last of them.
    pub top: u64,
}

/// Why missed events cannot be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum NotRecovered {
    /// History is another one.
    EpochChanged,
    /// The first of them is not kept any more.
    TooOld,
    /// They are too many.
    TooMany,
    /// The client claims events that never were.
    FutureSeq,
}

/// `degraded`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Degraded {
    /// Whether commands are likely to fail now.
    pub degraded: bool,
}

/// `reconnect`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Reconnect {
    /// How long to wait, milliseconds.
    pub retry_after_ms: u32,
}

/// `trip.location`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TripLocation {
    /// Of which trip.
    pub trip_id: TripId,
    /// Degrees north.
    pub lat: f64,
    /// Degrees east.
    pub lon: f64,
    /// When the courier was there.
    pub at: Time,
}

/// A numbered event of the user's stream.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Its number in the stream: from 1, without gaps.
    pub seq: u64,
    /// When it was decided.
    pub at: Time,
    /// What happened, by its type.
    pub body: EventBody,
}

/// What happened, as far as this side knows.
#[derive(Debug, Clone, PartialEq)]
pub enum EventBody {
    /// One of ours.
    Known(Box<StreamEvent>),
    /// From a newer server: counts for the position, otherwise to be ignored.
    Unknown {
        /// The word in `type`.
        kind: String,
    },
}

/// The frame of a stored event: its `body`, `{"type": .., "data": ..}`, with its number and time, not parsed
/// again.
#[must_use]
pub fn event_frame(seq: u64, at: Time, body: &str) -> String {
    let members = body.strip_prefix('{').unwrap_or("}");
    let mut frame = String::with_capacity(body.len() + 64);
    write!(frame, "{{\"seq\":{seq},\"at\":\"{at}\",{members}").expect("writing to a string cannot fail");
    frame
}

impl ServerMessage {
    /// The text of the frame.
    #[must_use]
    pub fn to_text(&self) -> String {
        serde_json::to_string(self).expect("a message has only string keys and finite numbers")
    }

    /// Reads a text frame.
    ///
    /// # Errors
    /// The frame is not a message of a server.
    pub fn parse(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }
}

impl From<Ack> for ServerMessage {
    fn from(ack: Ack) -> Self {
        Self::Ack(ack)
    }
}
