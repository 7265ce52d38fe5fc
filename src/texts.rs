//! What is said to people, in the languages that they read.

pub(crate) mod bot;
pub(crate) mod explanations;
pub mod language;
pub(crate) mod money;
pub(crate) mod next;
pub(crate) mod notifications;
pub(crate) mod paragraphs;
pub(crate) mod russian;
pub(crate) mod talk;

/// A text in both languages.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Both {
    pub(crate) english: String,
    pub(crate) russian: String,
}
