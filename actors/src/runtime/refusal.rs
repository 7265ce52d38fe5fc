//! Why a command is not carried out.

use crate::ports::{CommitError, Unavailable};
use crate::rejection::Rejection;

/// Why a command was not carried out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The core or a guard of the store says no.
    #[error(transparent)]
    Rejected(Rejection),
    /// There is no such thing.
    #[error("not found")]
    NotFound,
    /// Too much is going on here; worth another try.
    #[error("too busy, try again")]
    Busy,
    /// The store does not answer. The command may or may not have been carried out.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

impl From<CommitError> for Refusal {
    fn from(error: CommitError) -> Self {
        match error {
            CommitError::Conflict => Self::Busy,
            CommitError::Refused(rejection) => Self::Rejected(rejection),
            CommitError::Unavailable(unavailable) => Self::Unavailable(unavailable),
        }
    }
}

impl From<Rejection> for Refusal {
    fn from(rejection: Rejection) -> Self {
        Self::Rejected(rejection)
    }
}
