//! What is said to people, in the languages that they read.

pub mod language;
pub(crate) mod russian;
