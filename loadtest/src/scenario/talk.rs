//! How much is said in chats, and how.

use serde::{Deserialize, Serialize};

/// Chats beside the market.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Talk {
    /// Pairs of people who do nothing but talk, each with a chat; each of the two has a socket.
    pub(crate) pairs: usize,
    /// Messages in a second, in all chats; with 0 everybody is there and nothing is said.
    pub(crate) messages_per_s: f64,
    /// The share of messages that go over HTTP.
    pub(crate) over_http: f64,
    /// The chance that a message is marked as read as soon as it has come.
    pub(crate) read: f64,
}

impl Talk {
    /// How many people talk.
    pub(crate) const fn people(&self) -> usize {
        self.pairs * 2
    }

    /// Whether anything is said.
    pub(crate) fn is_said(&self) -> bool {
        self.pairs > 0 && self.messages_per_s > 0.0
    }
}
