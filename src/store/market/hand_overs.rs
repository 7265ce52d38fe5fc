//! How often the code of a hand-over was guessed.

use peerpack_actors::ids::RequestId;
use peerpack_actors::ports::Unavailable;
use peerpack_actors::time::{Span, Time};

use crate::store::Database;
use crate::store::sql::{Sql, args, sql};

// Counts the attempt unless there were too many lately; a pause makes all good again.
const TRY: Sql = sql("\
    INSERT INTO hand_over_attempts AS h (request_id, step, attempts, last_at) VALUES ($1, $2, 1, $3) \
    ON CONFLICT (request_id, step) DO UPDATE SET \
    attempts = CASE WHEN h.last_at <= $4 THEN 1 ELSE h.attempts + 1 END, last_at = $3 \
    WHERE h.attempts < $5 OR h.last_at <= $4");

const FORGIVE: Sql = sql("DELETE FROM hand_over_attempts WHERE request_id = $1 AND step = $2");

impl Database {
    /// Counts an attempt; answers whether it may be made: at most `most` in a row, then a pause of `pause`.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn try_hand_over(
        &self,
        request: RequestId,
        step: &'static str,
        most: u32,
        now: Time,
        pause: Span,
    ) -> Result<bool, Unavailable> {
        let values = args![request.uuid(), step, now.ms(), (now - pause).ms(), most];
        Ok(self.execute(TRY, values).await? == 1)
    }

    /// Forgets the attempts: the right code was shown.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn forgive_hand_over(&self, request: RequestId, step: &'static str) -> Result<(), Unavailable> {
        self.execute(FORGIVE, args![request.uuid(), step]).await?;
        Ok(())
    }
}
