//! The bot: what people want to hear from it, what Telegram says to it, and what operators see of it.

pub mod notifications;
pub mod outbox;
pub mod webhook;
