//! The realtime edge: upgrade, session, frame guard, wire types.
//!
//! A connection is admitted by [`upgrade`](fn@upgrade), told of events through an outbox that the engine fills and the
//! session empties, and watched from outside of itself. Nothing here decides a business question: commands go to
//! the engine, events come from it, numbered.

pub mod guard;
pub mod wire;

mod acks;
mod commands;
mod cursor;
mod limits;
mod outbox;
mod session;
mod sockets;
mod upgrade;
mod watch;

pub use sockets::{close_all, close_user};
pub use upgrade::upgrade;
pub use watch::keep_plug;

#[cfg(test)]
mod tests;
