//! Attempts to sign in: too many wrong ones of one name, and the next has to wait.

use peerpack_actors::time::Time;

use crate::app::App;
use crate::error::{ApiError, whole_seconds};
use crate::store::Pauses;

/// Counts an attempt; 429 when it comes too early.
pub(super) async fn may_try(app: &App, subject: String, pauses: Pauses, now: Time) -> Result<(), ApiError> {
    let Err(wait) = app.database.attempt(subject, pauses, now).await? else { return Ok(()) };
    metrics::counter!("peerpack_attempts_refused_total").increment(1);
    // The name that it had before; boards may still show it.
    metrics::counter!("peerpack_guesses_refused_total").increment(1);
    Err(ApiError::too_many(whole_seconds(wait)))
}
