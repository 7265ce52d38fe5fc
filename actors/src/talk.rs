//! What people say to each other, and what they say to everybody: chats and the board.
//!
//! Pure: who may write, what a reader sees of it, how far somebody has read.

pub mod chat;
pub mod masking;
pub mod post;
