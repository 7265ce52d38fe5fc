//! The answer to a call that may be repeated, kept in the same transaction as the change that it answers.
//!
//! A client that repeats the call under the same key is told the same answer, and the change is made once.

use crate::ids::UserId;

/// A call that may be repeated: whose, where, and under which key.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Call {
    /// The person who calls.
    pub by: UserId,
    /// What is called: a method with the pattern of a path, or another name that tells calls apart.
    pub route: String,
    /// The client's key, or one that follows from what the call is about.
    pub key: String,
    /// A digest of what was asked: the same key for something else is a mistake.
    pub digest: String,
}

/// A call with its answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Receipt {
    /// The call that is answered.
    pub call: Call,
    /// The status of the answer.
    pub status: u16,
    /// The body of the answer.
    pub answer: String,
}
