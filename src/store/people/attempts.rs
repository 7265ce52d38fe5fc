//! Wrong attempts at a secret, counted by what they were aimed at; and how long to wait before the next one.

use peerpack_actors::ports::Unavailable;
use peerpack_actors::time::{Span, Time};

use crate::store::Database;
use crate::store::failure::Failure;
use crate::store::sql::{Conn, Sql, args, sql};

const LOOK: Sql = sql("SELECT failures, last_at FROM guesses WHERE subject = $1");

// Of two guesses at the same moment one comes through.
const FIRST: Sql = sql("\
    INSERT INTO guesses (subject, failures, last_at) VALUES ($1, 1, $2) ON CONFLICT (subject) DO NOTHING");
const NEXT: Sql = sql("\
    UPDATE guesses SET failures = $2, last_at = $3 WHERE subject = $1 AND failures = $4 AND last_at = $5");

/// A day without a guess makes all good again.
const FORGOTTEN: Span = Span::hours(24);

/// How many guesses are free, and how long the pauses grow after them: a second first, then twice as long
/// each time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Pauses {
    /// So many guesses without a pause.
    pub free: u32,
    /// The longest pause.
    pub longest: Span,
}

impl Pauses {
    /// The pause after so many wrong guesses in a row.
    fn after(self, failures: i64) -> Span {
        let doublings = failures - i64::from(self.free);
        if doublings < 0 {
            return Span::seconds(0);
        }
        Span::seconds(1 << doublings.min(30)).min(self.longest)
    }
}

impl Database {
    /// Counts a guess as a wrong one, unless it comes too early: then the answer is how long to wait. Anybody
    /// who guesses right is forgiven with [`forgive_attempts`](Self::forgive_attempts).
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn attempt(
        &self,
        subject: String,
        pauses: Pauses,
        now: Time,
    ) -> Result<Result<(), Span>, Unavailable> {
        let work = self.write(move |conn| {
            let subject = subject.clone();
            Box::pin(async move { attempt(conn, &subject, pauses, now).await })
        });
        Ok(work.await?)
    }

    /// Forgets the wrong guesses.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn forgive_attempts(&self, subject: &str) -> Result<(), Unavailable> {
        self.execute(sql("DELETE FROM guesses WHERE subject = $1"), args![subject]).await?;
        Ok(())
    }

    /// Forgets what nobody has guessed at for a day; answers how many.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn prune_attempts(&self, now: Time) -> Result<u64, Unavailable> {
        let before = (now - FORGOTTEN).ms();
        Ok(self.execute(sql("DELETE FROM guesses WHERE last_at < $1"), args![before]).await?)
    }
}

async fn attempt(
    conn: &mut Conn,
    subject: &str,
    pauses: Pauses,
    now: Time,
) -> Result<Result<(), Span>, Failure> {
    let counted = match conn.optional(LOOK, args![subject]).await? {
        None => conn.execute(FIRST, args![subject, now.ms()]).await?,
        Some(row) => {
            let (before, last_at) = (row.get::<i64>("failures")?, row.time("last_at")?);
            let failures = if now.since(last_at) > FORGOTTEN { 0 } else { before };
            let free_at = last_at + pauses.after(failures);
            if now < free_at {
                return Ok(Err(free_at.since(now)));
            }
            conn.execute(NEXT, args![subject, failures + 1, now.ms(), before, last_at.ms()]).await?
        }
    };
    Ok(if counted == 1 { Ok(()) } else { Err(Span::seconds(1)) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_longest() {
        let pauses = Pauses { free: 5, longest: Span::minutes(15) };
        let seconds: Vec<i64> = [1, 4, 5, 6, 7, 14, 15, 1_000].map(|n| pauses.after(n).ms() / 1_000).into();
        assert_eq!(seconds, [0, 0, 1, 2, 4, 512, 900, 900]);
    }
}
