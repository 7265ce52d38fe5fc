//! Forgetting what nobody will ask for any more, a little at a time: a transaction that removed a month at
//! once would keep everybody else waiting.

use peerpack_actors::ports::Unavailable;
use peerpack_actors::time::Time;
use serde_json::json;

use crate::store::Database;
use crate::store::failure::Failure;
use crate::store::sql::{Conn, Sql, args, hex, over_rows, rows, sql};

/// Rows that one transaction removes, more or less.
const BATCH: u32 = 1_000;

/// Transactions in one go; the rest waits for the next time.
const BATCHES: u32 = 100;

const ANSWERS: Sql = sql("\
    DELETE FROM idempotency WHERE (user_id, route, key) IN ( \
    SELECT user_id, route, key FROM idempotency WHERE created_at < $1 LIMIT $2)");

const NOTIFICATIONS: Sql = sql("\
    DELETE FROM notifications WHERE (user_id, seq) IN ( \
    SELECT user_id, seq FROM notifications WHERE at < $1 LIMIT $2)");

const BOT_UPDATES: Sql = sql("\
    DELETE FROM bot_updates WHERE update_id IN ( \
    SELECT update_id FROM bot_updates WHERE at < $1 AND done_at IS NOT NULL LIMIT $2)");

const BOT_MESSAGES: Sql = sql("\
    DELETE FROM bot_messages WHERE (user_id, topic) IN ( \
    SELECT user_id, topic FROM bot_messages WHERE at < $1 LIMIT $2)");

const SUBSCRIPTIONS: Sql = sql("\
    DELETE FROM subscriptions WHERE id IN (SELECT id FROM subscriptions WHERE ends_at < $1 LIMIT $2)");

const DEAD_LETTERS: Sql = sql("\
    DELETE FROM outbox WHERE (user_id, seq) IN ( \
    SELECT user_id, seq FROM outbox WHERE state <> 'waiting' AND at < $1 LIMIT $2)");

const REFRESH_TOKENS: Sql = sql("\
    DELETE FROM refresh_tokens WHERE hash IN (SELECT hash FROM refresh_tokens WHERE expires_at < $1 LIMIT $2)");

const CODES: Sql = sql("\
    DELETE FROM phone_codes WHERE id IN (SELECT id FROM phone_codes WHERE created_at < $1 LIMIT $2)");

const JOBS: Sql = sql("\
    DELETE FROM jobs WHERE id IN (SELECT id FROM jobs WHERE finished_at < $1 LIMIT $2)");

const PHONE_GUESSES: Sql = sql("\
    DELETE FROM phone_guesses WHERE (code_id, asker) IN ( \
    SELECT code_id, asker FROM phone_guesses WHERE last_at < $1 LIMIT $2)");

// One whose tokens are all forgotten has run out.
const SESSIONS: Sql = sql("\
    DELETE FROM sessions WHERE id IN ( \
    SELECT s.id FROM sessions AS s WHERE s.revoked_at < $1 OR (s.last_seen_at < $1 AND NOT EXISTS ( \
        SELECT 1 FROM refresh_tokens AS t WHERE t.family = s.id)) LIMIT $2)");

const OLD_EVENTS: Sql = sql("\
    SELECT user_id, max(seq) AS floor FROM (SELECT user_id, seq FROM events WHERE at < $1 LIMIT $2) AS o \
    GROUP BY user_id ORDER BY user_id");

const RAISE_FLOORS: Sql = over_rows!(
    "UPDATE streams SET floor = r.floor FROM",
    [user_id uuid, floor int],
    "WHERE streams.user_id = r.user_id AND streams.floor < r.floor"
);

// From the beginning of the stream, whatever the clocks of the nodes said: no gap above the floor.
const FORGET_EVENTS: Sql = over_rows!(
    "DELETE FROM events WHERE (user_id, seq) IN (SELECT e.user_id, e.seq FROM",
    [user_id uuid, floor int],
    "CROSS JOIN events AS e WHERE e.user_id = r.user_id AND e.seq <= r.floor)"
);

impl Database {
    /// Forgets standing questions that were over before `before`; answers how many.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn prune_subscriptions(&self, before: Time) -> Result<u64, Unavailable> {
        self.prune(SUBSCRIPTIONS, before).await
    }

    /// Forgets which updates of the bot have come before `before`; answers how many.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn prune_bot_updates(&self, before: Time) -> Result<u64, Unavailable> {
        self.prune(BOT_UPDATES, before).await
    }

    /// Forgets the bot's messages from before `before`, and those that did not go; answers how many.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn prune_bot_messages(&self, before: Time) -> Result<u64, Unavailable> {
        Ok(self.prune(BOT_MESSAGES, before).await? + self.prune(DEAD_LETTERS, before).await?)
    }

    /// Forgets answers to repeatable calls from before `before`; answers how many.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn prune_answers(&self, before: Time) -> Result<u64, Unavailable> {
        self.prune(ANSWERS, before).await
    }

    /// Forgets notifications from before `before`; answers how many.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn prune_notifications(&self, before: Time) -> Result<u64, Unavailable> {
        self.prune(NOTIFICATIONS, before).await
    }

    /// Forgets refresh tokens that ended before `now`; answers how many.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn prune_refresh_tokens(&self, now: Time) -> Result<u64, Unavailable> {
        self.prune(REFRESH_TOKENS, now).await
    }

    /// Forgets phone codes, and guesses at them, from before `before`; answers how many codes.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn prune_codes(&self, before: Time) -> Result<u64, Unavailable> {
        self.prune(PHONE_GUESSES, before).await?;
        self.prune(CODES, before).await
    }

    /// Forgets jobs that were done before `before`; answers how many.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn prune_jobs(&self, before: Time) -> Result<u64, Unavailable> {
        self.prune(JOBS, before).await
    }

    /// Forgets sessions that were ended before `before`, or ran out and were last seen before it; answers how
    /// many.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn prune_sessions(&self, before: Time) -> Result<u64, Unavailable> {
        self.prune(SESSIONS, before).await
    }

    /// Forgets events from before `before`, from the beginning of each stream; answers how many.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn prune_events(&self, before: Time) -> Result<u64, Unavailable> {
        let mut pruned = 0;
        for _ in 0..BATCHES {
            let some = self.write(move |conn| Box::pin(forget_events(conn, before))).await?;
            pruned += some;
            if some < u64::from(BATCH) {
                break;
            }
        }
        Ok(pruned)
    }

    async fn prune(&self, statement: Sql, before: Time) -> Result<u64, Unavailable> {
        let mut pruned = 0;
        for _ in 0..BATCHES {
            let some = self.execute(statement, args![before.ms(), BATCH]).await?;
            pruned += some;
            if some < u64::from(BATCH) {
                break;
            }
        }
        Ok(pruned)
    }
}

async fn forget_events(conn: &mut Conn, before: Time) -> Result<u64, Failure> {
    let mut floors = Vec::new();
    for row in conn.all(OLD_EVENTS, args![before.ms(), BATCH]).await? {
        let (user, floor) = (row.user("user_id")?, row.number::<u64>("floor")?);
        floors.push(json!({ "user_id": hex(user.uuid()), "floor": floor }));
    }
    if floors.is_empty() {
        return Ok(0);
    }
    let floors = rows(floors);
    conn.execute(RAISE_FLOORS, vec![floors.clone()]).await?;
    conn.execute(FORGET_EVENTS, vec![floors]).await
}
