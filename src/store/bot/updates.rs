//! What Telegram has said to the bot: kept before it is answered, and worked through once.

use peerpack_actors::ports::Unavailable;
use peerpack_actors::time::Time;

use crate::store::Database;
use crate::store::failure::Failure;
use crate::store::sql::{Conn, Row, Sql, args, each, sql};

const ADD: Sql = sql("\
    INSERT INTO bot_updates (update_id, at, body) VALUES ($1, $2, $3) ON CONFLICT (update_id) DO NOTHING");

macro_rules! take {
    ($lock:literal) => {
        concat!(
            "WITH t AS MATERIALIZED (SELECT u.update_id FROM bot_updates AS u \
             WHERE u.done_at IS NULL AND u.taken_until <= $1 ORDER BY u.update_id LIMIT $3",
            $lock,
            ") UPDATE bot_updates SET taken_until = $2, fence = fence + 1, attempts = attempts + 1 \
             WHERE update_id IN (SELECT t.update_id FROM t) \
             RETURNING update_id, body, fence, attempts"
        )
    };
}

const TAKE: Sql = Sql::in_each(take!(" FOR UPDATE OF u SKIP LOCKED"), take!(""));

const FINISH: Sql = sql("\
    UPDATE bot_updates SET done_at = $3, body = NULL \
    WHERE update_id = $1 AND fence = $2 AND done_at IS NULL");

// What could not be worked through stays to be looked at.
const FAIL: Sql = sql("\
    UPDATE bot_updates SET taken_until = $3, done_at = $4, error = $5 \
    WHERE update_id = $1 AND fence = $2 AND done_at IS NULL");

const MAKE_POLLING: Sql =
    sql("INSERT INTO bot_polling (name) VALUES ('updates') ON CONFLICT (name) DO NOTHING");

const HOLD: Sql = sql("\
    UPDATE bot_polling SET held_until = $2, fence = fence + 1 WHERE name = 'updates' AND held_until <= $1 \
    RETURNING fence, next_update, at");

const RENEW: Sql = sql("UPDATE bot_polling SET held_until = $2 WHERE name = 'updates' AND fence = $1");

const ADVANCE: Sql = sql("\
    UPDATE bot_polling SET next_update = $2, at = $3 WHERE name = 'updates' AND fence = $1");

/// An update to be worked through.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TakenUpdate {
    /// Telegram's number of it.
    pub update_id: i64,
    /// It, as JSON.
    pub body: String,
    /// The fencing number of the node that has it.
    pub fence: i64,
    /// How often it was tried, this time included.
    pub attempts: u32,
}

/// The right to ask Telegram for updates.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Polling {
    /// The fencing number of the node that has it.
    pub fence: i64,
    /// The first update that was not taken yet; 0 if none was.
    pub next_update: i64,
    /// When the last one came.
    pub at: Time,
}

impl Database {
    /// Keeps an update; answers whether it is a new one.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn add_update(&self, update_id: i64, body: String, now: Time) -> Result<bool, Unavailable> {
        let is_new = self.execute(ADD, args![update_id, now.ms(), body]).await? == 1;
        if is_new {
            self.inner.updates.notify_one();
        }
        Ok(is_new)
    }

    /// Waits until there may be an update, at most `patience`.
    pub async fn updates_may_wait(&self, patience: std::time::Duration) {
        let _ = tokio::time::timeout(patience, self.inner.updates.notified()).await;
    }

    /// Takes updates until `until`, in order of their numbers.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn take_updates(
        &self,
        now: Time,
        until: Time,
        limit: u32,
    ) -> Result<Vec<TakenUpdate>, Unavailable> {
        let work = self.write(move |conn| {
            Box::pin(async move {
                let mut taken = each(&conn.all(TAKE, args![now.ms(), until.ms(), limit]).await?, update)?;
                taken.sort_by_key(|update| update.update_id);
                Ok(taken)
            })
        });
        Ok(work.await?)
    }

    /// An update was worked through; answers whether it was still one's own.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn finish_update(&self, update: &TakenUpdate, now: Time) -> Result<bool, Unavailable> {
        Ok(self.execute(FINISH, args![update.update_id, update.fence, now.ms()]).await? == 1)
    }

    /// An update could not be worked through: it is tried at `again`, or never.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn fail_update(
        &self,
        update: &TakenUpdate,
        error: String,
        again: Option<Time>,
        now: Time,
    ) -> Result<(), Unavailable> {
        let done_at = if again.is_some() { None } else { Some(now.ms()) };
        let again = again.map_or(0, Time::ms);
        self.execute(FAIL, args![update.update_id, update.fence, again, done_at, error]).await?;
        Ok(())
    }

    /// Takes the right to ask for updates until `until`, if nobody has it.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn hold_polling(&self, now: Time, until: Time) -> Result<Option<Polling>, Unavailable> {
        let work = self.write(move |conn| {
            Box::pin(async move {
                conn.execute(MAKE_POLLING, args![]).await?;
                let row = conn.optional(HOLD, args![now.ms(), until.ms()]).await?;
                row.as_ref().map(polling).transpose()
            })
        });
        Ok(work.await?)
    }

    /// Keeps it until `until`; answers whether it is still one's own.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn renew_polling(&self, held: &Polling, until: Time) -> Result<bool, Unavailable> {
        Ok(self.execute(RENEW, args![held.fence, until.ms()]).await? == 1)
    }

    /// Keeps updates together with how far they go; answers whether the right was still one's own.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn keep_updates(
        &self,
        held: &Polling,
        updates: Vec<(i64, String)>,
        next_update: i64,
        now: Time,
    ) -> Result<bool, Unavailable> {
        let fence = held.fence;
        let work = self.write(move |conn| {
            let updates = updates.clone();
            Box::pin(keep(conn, fence, updates, next_update, now))
        });
        let is_mine = work.await?;
        if is_mine {
            self.inner.updates.notify_one();
        }
        Ok(is_mine)
    }
}

async fn keep(
    conn: &mut Conn,
    fence: i64,
    updates: Vec<(i64, String)>,
    next_update: i64,
    now: Time,
) -> Result<bool, Failure> {
    if conn.execute(ADVANCE, args![fence, next_update, now.ms()]).await? == 0 {
        return Ok(false);
    }
    for (update_id, body) in updates {
        conn.execute(ADD, args![update_id, now.ms(), body]).await?;
    }
    Ok(true)
}

fn update(row: &Row) -> Result<TakenUpdate, Failure> {
    Ok(TakenUpdate {
        update_id: row.get("update_id")?,
        body: row.get::<Option<String>>("body")?.unwrap_or_default(),
        fence: row.get("fence")?,
        attempts: row.number("attempts")?,
    })
}

fn polling(row: &Row) -> Result<Polling, Failure> {
    Ok(Polling { fence: row.get("fence")?, next_update: row.get("next_update")?, at: row.time("at")? })
}
