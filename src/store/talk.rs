//! What people say to each other and to everybody: chats, the board, and who can be found.

pub mod chats;
pub mod people;
pub mod posts;
pub mod reports;
pub mod sending;
pub(super) mod speakers;
