//! Talking: chats in the older messenger's shape, and the board.

pub mod board;
pub mod chats;
pub mod messages;
pub mod moderation;
pub mod profile;
pub mod signing_in;

mod views;
