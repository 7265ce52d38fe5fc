//! What is said on the socket, in both directions: the one place that knows the shape of a message.
//!
//! The server reads [`ClientMessage`]s and writes [`ServerMessage`]s; tests and the load generator do the
//! opposite with the same types. Stored events are not taken apart on their way out: [`event_frame`] numbers
//! them as they are. Must not act on what it reads.

mod ack_code;
mod chat;
mod client;
mod schema;
mod server;

pub use chat::{ChatPresence, ChatReadUpTo, ChatSaid, ChatSend, ChatTyping, OfChat};
pub use client::{ClientFrame, ClientMessage, Decline, Located, OfRequest, Resume, TYPES, Topic, WireError};
pub use schema::schema;
pub use server::{
    Ack, AckStatus, Degraded, Event, EventBody, Hello, Limits, NotRecovered, Outcome, Pong, Reconnect,
    Resumed, ServerMessage, TripLocation, event_frame,
};

/// The subprotocol both sides agree on.
pub const SUBPROTOCOL: &str = "peerpack.v1";

#[cfg(test)]
mod tests;
