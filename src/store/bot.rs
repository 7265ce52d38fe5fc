//! What the bot needs: what people want to hear from it, what waits to be sent, what has come in.

pub(in crate::store) mod outbox;
pub(in crate::store) mod settings;
pub(in crate::store) mod updates;
