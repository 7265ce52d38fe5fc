//! The realtime edge: upgrade, conversation, frame guard, wire types, the older client's session, and the
//! sockets that show a part of the town.
//!
//! A connection is admitted by [`upgrade`](fn@upgrade), taken over from the HTTP server by [`Takeover`], and
//! from then on a `conversation`, which is told of events through an outbox that the engine fills. Nothing
//! here decides a business question: commands go to the engine, events come from it, numbered.

pub mod guard;
pub mod session;
pub mod wire;

mod acks;
mod commands;
mod conversation;
mod cursor;
mod elsewhere;
mod fragments;
mod limits;
mod line;
mod membership;
mod peer;
mod takeover;
pub mod ticket;
mod upgrade;
pub(crate) mod viewing;

pub(crate) use commands::carry_out;
pub use takeover::Takeover;
pub use upgrade::upgrade;

#[cfg(test)]
mod tests;
