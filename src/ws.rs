//! The realtime edge: upgrade, session, frame guard, wire types.

pub mod guard;
pub mod wire;
