//! Server to client.

use std::fmt::Write;

use peerpack_actors::ids::TripId;
use peerpack_actors::stream::StreamEvent;
use peerpack_actors::time::Time;
use serde::de::Error as _;
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use uuid::Uuid;

use crate::ws::guard::{MAX_FRAME_BYTES, MAX_MESSAGE_BYTES};

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
    /// A numbered event.
    Event(Event),
    /// From a newer server; to be ignored.
    Unknown {
        /// Its type.
        kind: String,
    },
}

/// `hello`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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
    pub session_id: Option<String>,
}

/// What the server will take from a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
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
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ack {
    /// Of the command; absent when the command's could not be read.
    pub cmd_id: Option<Uuid>,
    /// How it went.
    pub status: AckStatus,
    /// Why not: the codes of HTTP.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// Why not, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// What came of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<Value>,
}

/// How a command went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AckStatus {
    /// Done, and durable.
    Ok,
    /// Refused, without effect; or unknown, if the code is `unavailable`.
    Error,
}

impl Ack {
    /// Done.
    #[must_use]
    pub const fn ok(cmd_id: Uuid, data: Option<Value>) -> Self {
        Self { cmd_id: Some(cmd_id), status: AckStatus::Ok, code: None, message: None, data }
    }

    /// Refused.
    #[must_use]
    pub fn error(cmd_id: Option<Uuid>, code: &str, message: &str) -> Self {
        let (code, message) = (Some(code.to_owned()), Some(message.to_owned()));
        Self { cmd_id, status: AckStatus::Error, code, message, data: None }
    }
}

/// `pong`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pong {
    /// Now.
    pub server_time: Time,
}

/// `resumed`: exactly the missed events follow, or none and the client has to sync.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resumed {
    /// Whether the events follow.
    pub recovered: bool,
    /// Why not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<NotRecovered>,
    /// How many follow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<u32>,
    /// The number of the last of them.
    pub top: u64,
}

/// Why missed events cannot be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Degraded {
    /// Whether commands are likely to fail now.
    pub degraded: bool,
}

/// `reconnect`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reconnect {
    /// How long to wait, milliseconds.
    pub retry_after_ms: u32,
}

/// `trip.location`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct TripLocation {
    /// Of which trip.
    pub trip_id: TripId,
    /// Degrees north.
    pub lat: f64,
    /// Degrees east.
    pub lon: f64,
    /// When.
    pub at: Time,
}

/// A numbered event of the user's stream.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Its number.
    pub seq: u64,
    /// When it was decided.
    pub at: Time,
    /// What happened.
    pub body: EventBody,
}

/// What happened, as far as this side knows.
#[derive(Debug, Clone, PartialEq)]
pub enum EventBody {
    /// One of ours.
    Known(Box<StreamEvent>),
    /// From a newer server: counts for the position, otherwise to be ignored.
    Unknown {
        /// Its type.
        kind: String,
    },
}

/// The frame of a stored event: its `body`, `{"type": .., "data": ..}`, with its number and time, not parsed again.
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

/// `{"type": .., "data": ..}`.
#[derive(Serialize)]
struct Tagged<'a, T> {
    #[serde(rename = "type")]
    kind: &'a str,
    data: &'a T,
}

/// `{"type": .., ..}`.
#[derive(Serialize)]
struct Flat<'a, T> {
    #[serde(rename = "type")]
    kind: &'a str,
    #[serde(flatten)]
    members: &'a T,
}

impl Serialize for ServerMessage {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Hello(data) => Tagged { kind: "hello", data }.serialize(to),
            Self::Ack(members) => Flat { kind: "ack", members }.serialize(to),
            Self::Pong(data) => Tagged { kind: "pong", data }.serialize(to),
            Self::Resumed(data) => Tagged { kind: "resumed", data }.serialize(to),
            Self::Degraded(data) => Tagged { kind: "degraded", data }.serialize(to),
            Self::Reconnect(data) => Tagged { kind: "reconnect", data }.serialize(to),
            Self::TripLocation(data) => Tagged { kind: "trip.location", data }.serialize(to),
            Self::Event(event) => event.serialize(to),
            Self::Unknown { kind } => Tagged { kind, data: &Value::Null }.serialize(to),
        }
    }
}

impl Serialize for Event {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Frame<'a, T> {
            seq: u64,
            at: Time,
            #[serde(flatten)]
            body: &'a T,
        }
        match &self.body {
            EventBody::Known(body) => Frame { seq: self.seq, at: self.at, body }.serialize(to),
            EventBody::Unknown { kind } => {
                let mut map = to.serialize_map(Some(3))?;
                map.serialize_entry("seq", &self.seq)?;
                map.serialize_entry("at", &self.at)?;
                map.serialize_entry("type", kind)?;
                map.end()
            }
        }
    }
}

impl<'de> Deserialize<'de> for ServerMessage {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Frame {
            #[serde(rename = "type")]
            kind: String,
            seq: Option<u64>,
            at: Option<Time>,
            #[serde(default)]
            data: Value,
            #[serde(flatten)]
            rest: serde_json::Map<String, Value>,
        }

        fn read<T: serde::de::DeserializeOwned, E: serde::de::Error>(value: Value) -> Result<T, E> {
            serde_json::from_value(value).map_err(E::custom)
        }

        let Frame { kind, seq, at, data, mut rest } = Frame::deserialize(from)?;
        if let Some(seq) = seq {
            let at = at.ok_or_else(|| D::Error::missing_field("at"))?;
            return Ok(Self::Event(Event {
                seq,
                at,
                body: EventBody::read(kind, &data).map_err(D::Error::custom)?,
            }));
        }
        Ok(match kind.as_str() {
            "hello" => Self::Hello(read(data)?),
            "ack" => {
                rest.insert("data".to_owned(), data);
                Self::Ack(read(Value::Object(rest))?)
            }
            "pong" => Self::Pong(read(data)?),
            "resumed" => Self::Resumed(read(data)?),
            "degraded" => Self::Degraded(read(data)?),
            "reconnect" => Self::Reconnect(read(data)?),
            "trip.location" => Self::TripLocation(read(data)?),
            _ => Self::Unknown { kind },
        })
    }
}

impl EventBody {
    fn read(kind: String, data: &Value) -> Result<Self, serde_json::Error> {
        let body = serde_json::json!({ "type": &kind, "data": data });
        match serde_json::from_value::<StreamEvent>(body) {
            Ok(event) => Ok(Self::Known(Box::new(event))),
            // An event of a type we know has to be well-formed; one we do not know may be anything.
            Err(error) if error.to_string().starts_with("unknown variant") => Ok(Self::Unknown { kind }),
            Err(error) => Err(error),
        }
    }
}
