//! How a message of the server is written, and read by a client: `{"type": .., "data": ..}` beside the
//! stream, with `seq` and `at` in it, and an ack with its members beside its type.

use peerpack_actors::time::Time;
use serde::de::{DeserializeOwned, Error as _};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use utoipa::ToSchema;

use super::{
    ACK, ChatPresence, ChatTyping, Degraded, Event, EventBody, Hello, Pong, Reconnect, Resumed,
    ServerMessage, TripLocation,
};

/// What is said beside the stream: `{"type": .., "data": ..}`. It is written as this, and described as this.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(tag = "type", content = "data")]
pub(in crate::ws::wire) enum Control {
    /// First on every connection.
    #[serde(rename = "hello")]
    Hello(Hello),
    /// The answer to `ping`.
    #[serde(rename = "pong")]
    Pong(Pong),
    /// The answer to `resume`.
    #[serde(rename = "resumed")]
    Resumed(Resumed),
    /// Something the server needs is out of order, or in order again.
    #[serde(rename = "degraded")]
    Degraded(Degraded),
    /// Come back later; the close follows.
    #[serde(rename = "reconnect")]
    Reconnect(Reconnect),
    /// Where a courier is now. Unnumbered: only the latest counts.
    #[serde(rename = "trip.location")]
    TripLocation(TripLocation),
    /// The other one of a chat writes. Unnumbered.
    #[serde(rename = "chat.typing")]
    ChatTyping(ChatTyping),
    /// The other one of a chat has come or gone. Unnumbered: only the latest counts.
    #[serde(rename = "chat.presence")]
    ChatPresence(ChatPresence),
}

impl From<Control> for ServerMessage {
    fn from(control: Control) -> Self {
        match control {
            Control::Hello(hello) => Self::Hello(hello),
            Control::Pong(pong) => Self::Pong(pong),
            Control::Resumed(resumed) => Self::Resumed(resumed),
            Control::Degraded(degraded) => Self::Degraded(degraded),
            Control::Reconnect(reconnect) => Self::Reconnect(reconnect),
            Control::TripLocation(location) => Self::TripLocation(location),
            Control::ChatTyping(typing) => Self::ChatTyping(typing),
            Control::ChatPresence(presence) => Self::ChatPresence(presence),
        }
    }
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
            Self::Hello(hello) => Control::Hello(hello.clone()).serialize(to),
            Self::Ack(members) => Flat { kind: ACK, members }.serialize(to),
            Self::Pong(pong) => Control::Pong(*pong).serialize(to),
            Self::Resumed(resumed) => Control::Resumed(*resumed).serialize(to),
            Self::Degraded(degraded) => Control::Degraded(*degraded).serialize(to),
            Self::Reconnect(reconnect) => Control::Reconnect(*reconnect).serialize(to),
            Self::TripLocation(location) => Control::TripLocation(*location).serialize(to),
            Self::ChatTyping(typing) => Control::ChatTyping(*typing).serialize(to),
            Self::ChatPresence(presence) => Control::ChatPresence(*presence).serialize(to),
            Self::Event(event) => event.serialize(to),
            Self::Unknown { kind } => serde_json::json!({ "type": kind, "data": null }).serialize(to),
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

        let Frame { kind, seq, at, data, mut rest } = Frame::deserialize(from)?;
        if let Some(seq) = seq {
            let at = at.ok_or_else(|| D::Error::missing_field("at"))?;
            return Ok(Self::Event(Event {
                seq,
                at,
                body: match read(&kind, &data).map_err(D::Error::custom)? {
                    Some(body) => EventBody::Known(Box::new(body)),
                    None => EventBody::Unknown { kind },
                },
            }));
        }
        if kind == ACK {
            rest.insert("data".to_owned(), data);
            return serde_json::from_value(Value::Object(rest)).map(Self::Ack).map_err(D::Error::custom);
        }
        let control = read::<Control>(&kind, &data).map_err(D::Error::custom)?;
        Ok(control.map_or(Self::Unknown { kind }, Self::from))
    }
}

/// What a type and its data mean; nothing if the type is not known. One that is known has to be well-formed,
/// one that is not may be anything.
fn read<T: DeserializeOwned>(kind: &str, data: &Value) -> Result<Option<T>, serde_json::Error> {
    match serde_json::from_value(serde_json::json!({ "type": kind, "data": data })) {
        Ok(message) => Ok(Some(message)),
        Err(error) if error.to_string().starts_with("unknown variant") => Ok(None),
        Err(error) => Err(error),
    }
}
