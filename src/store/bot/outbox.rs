//! Messages that wait to be sent. Senders on every node take them with a lease and a fencing number.
//!
//! One message of a person is under way at a time, the oldest first: so a chat is in order, and a person who
//! has to wait holds up nobody else.

use peerpack_actors::ids::UserId;
use peerpack_actors::ports::Unavailable;
use peerpack_actors::stream::message::Class;
use peerpack_actors::time::{Span, Time};
use std::time::Duration;
use uuid::Uuid;

use crate::store::Database;
use crate::store::failure::Failure;
use crate::store::sql::{Row, Sql, args, each, sql};

/// What is counted for the bound on a person's messages.
const AN_HOUR: Span = Span::hours(1);

/// What others do not hold, whose turn it is.
macro_rules! take {
    ($lock:literal) => {
        concat!(
            "WITH t AS MATERIALIZED (SELECT w.user_id, w.seq FROM outbox AS w \
             JOIN bot_settings AS b ON b.user_id = w.user_id \
             WHERE w.state = 'waiting' AND w.rank >= $3 AND w.rank <= $4 AND w.due_at <= $1 \
             AND w.taken_until <= $1 AND b.muted_until <= $1 \
             AND NOT EXISTS (SELECT 1 FROM outbox AS e WHERE e.user_id = w.user_id AND e.seq < w.seq \
                 AND e.state = 'waiting' AND e.due_at <= $1) \
             ORDER BY w.rank, w.due_at LIMIT $5",
            $lock,
            ") UPDATE outbox SET taken_until = $2, fence = fence + 1, attempts = attempts + 1, \
             lost = CASE WHEN taken_until > 0 THEN 1 ELSE 0 END \
             WHERE (user_id, seq) IN (SELECT t.user_id, t.seq FROM t) \
             RETURNING user_id, seq, at, class, topic, ends_at, due_at, digest, state, attempts, fence, lost, error"
        )
    };
}

const TAKE: Sql = Sql::in_each(take!(" FOR UPDATE OF w SKIP LOCKED"), take!(""));

const REMOVE: Sql =
    sql("DELETE FROM outbox WHERE user_id = $1 AND seq = $2 AND fence = $3 AND state = 'waiting'");

const COUNT: Sql = sql("\
    UPDATE bot_settings SET hour_count = CASE WHEN hour_from + $3 <= $2 THEN 1 ELSE hour_count + 1 END, \
    hour_from = CASE WHEN hour_from + $3 <= $2 THEN $2 ELSE hour_from END WHERE user_id = $1");

const KEEP_MESSAGE: Sql = sql("\
    INSERT INTO bot_messages AS m (user_id, topic, message_id, seq, at) VALUES ($1, $2, $3, $4, $5) \
    ON CONFLICT (user_id, topic) DO UPDATE SET message_id = excluded.message_id, seq = excluded.seq, \
    at = excluded.at WHERE m.seq <= excluded.seq");

const LATER: Sql = sql("\
    UPDATE outbox SET due_at = $4, taken_until = 0, error = COALESCE($5, error), \
    attempts = attempts - $6, digest = CASE WHEN $7 = 1 THEN 1 ELSE digest END \
    WHERE user_id = $1 AND seq = $2 AND fence = $3 AND state = 'waiting'");

const PUT_ASIDE: Sql = sql("\
    UPDATE outbox SET state = $4, taken_until = 0, error = $5 \
    WHERE user_id = $1 AND seq = $2 AND fence = $3 AND state = 'waiting'");

const LIVE: Sql = sql("SELECT message_id, seq FROM bot_messages WHERE user_id = $1 AND topic = $2");

// Of a digest: what is due with it.
const OF_DIGEST: Sql = sql("\
    SELECT count(*) AS count, COALESCE(max(seq), 0) AS last FROM outbox \
    WHERE user_id = $1 AND state = 'waiting' AND digest = 1 AND due_at <= $2");

const END_DIGEST: Sql = sql("\
    DELETE FROM outbox WHERE user_id = $1 AND state = 'waiting' AND digest = 1 AND due_at <= $2 AND seq <= $3");

const FIGURES: Sql = sql("\
    SELECT (SELECT count(*) FROM outbox WHERE state = 'waiting') AS waiting, \
    (SELECT min(at) FROM outbox AS o JOIN bot_settings AS b ON b.user_id = o.user_id \
        WHERE o.state = 'waiting' AND o.due_at <= $1 AND b.muted_until <= $1) AS oldest, \
    (SELECT count(*) FROM outbox WHERE state = 'unknown') AS unknown, \
    (SELECT count(*) FROM outbox WHERE state = 'dead') AS dead");

const LIST: Sql = sql("\
    SELECT user_id, seq, at, class, topic, ends_at, due_at, digest, state, attempts, fence, lost, error \
    FROM outbox WHERE state = $1 AND (at < $2 OR at = $2 AND user_id < $3) \
    ORDER BY at DESC, user_id DESC LIMIT $4");

const AGAIN: Sql = sql("\
    UPDATE outbox SET state = 'waiting', due_at = $3, taken_until = 0, attempts = 0, lost = 0 \
    WHERE user_id = $1 AND seq = $2 AND state <> 'waiting'");

/// A message that waits, or that somebody has to look at.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Outgoing {
    /// To whom it goes.
    pub user: UserId,
    /// The number of its event in their stream.
    pub seq: u64,
    /// When that event was.
    pub at: Time,
    /// How it is sent.
    pub class: Class,
    /// What it is about, if one message stands for it: a request, or an offer of an order.
    pub topic: Option<Uuid>,
    /// When it is worth nothing any more.
    pub ends_at: Option<Time>,
    /// When it is to be sent.
    pub due_at: Time,
    /// Whether it is told together with others.
    pub is_digest: bool,
    /// `waiting`, `unknown` or `dead`.
    pub state: String,
    /// How often it was tried, this time included.
    pub attempts: u32,
    /// The fencing number of the sender that has it.
    pub fence: i64,
    /// Whether the node that had it before has never said what became of it.
    pub is_lost: bool,
    /// What went wrong the last time.
    pub error: Option<String>,
}

/// A message that has arrived.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Arrived {
    /// Telegram's number of it, if it stands for what it is about from now on.
    pub message_id: Option<i64>,
    /// Whether it is a new one: one that was edited disturbs nobody.
    pub is_new: bool,
}

/// What became of a message that was taken.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Settled {
    /// It has arrived.
    Sent(Arrived),
    /// Nobody needs it.
    Dropped,
    /// It is to be tried at this time.
    Later {
        /// When the message is to be sent.
        due_at: Time,
        /// What went wrong, if something did.
        error: Option<String>,
        /// Whether it was an attempt.
        counts: bool,
        /// Whether it is told together with others then.
        digest: bool,
    },
    /// It may have arrived, and may not.
    Unknown(String),
    /// Telegram will not take it.
    Dead(String),
}

/// The message that stands for a request, or an offer of an order, in somebody's chat.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LiveMessage {
    /// Telegram's number of it.
    pub message_id: i64,
    /// The event that it shows.
    pub seq: u64,
}

/// How the outbox is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct OutboxFigures {
    /// Messages that wait, muted chats included.
    pub waiting: u64,
    /// When the oldest one happened that could go out now.
    pub oldest: Option<Time>,
    /// Messages that may have arrived.
    pub unknown: u64,
    /// Messages that Telegram does not take.
    pub dead: u64,
}

impl Database {
    /// Waits until there may be something in the outbox, at most `patience`: other nodes ring no bell here.
    pub async fn messages_may_wait(&self, patience: Duration) {
        let _ = tokio::time::timeout(patience, self.inner.messages.notified()).await;
    }

    /// Takes messages until `until`, whose ranks are within bounds, both included.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn take_messages(
        &self,
        (first, last): (u32, u32),
        now: Time,
        until: Time,
        limit: u32,
    ) -> Result<Vec<Outgoing>, Unavailable> {
        let work = self.write(move |conn| {
            Box::pin(async move {
                let values = args![now.ms(), until.ms(), first, last, limit];
                each(&conn.all(TAKE, values).await?, outgoing)
            })
        });
        Ok(work.await?)
    }

    /// Notes what became of a message; answers whether it was still one's own.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn settle_message(
        &self,
        message: &Outgoing,
        settled: Settled,
        now: Time,
    ) -> Result<bool, Unavailable> {
        let Outgoing { user, seq, fence, topic, .. } = *message;
        let seq = i64::try_from(seq).unwrap_or(i64::MAX);
        let work = self.write(move |conn| {
            let settled = settled.clone();
            Box::pin(async move {
                let mine = args![user.uuid(), seq, fence];
                let changed = match settled {
                    Settled::Sent(Arrived { message_id, is_new }) => {
                        let changed = conn.execute(REMOVE, mine).await?;
                        if changed == 1 {
                            if is_new {
                                conn.execute(COUNT, args![user.uuid(), now.ms(), AN_HOUR.ms()]).await?;
                            }
                            if let (Some(topic), Some(id)) = (topic, message_id) {
                                let values = args![user.uuid(), topic, id, seq, now.ms()];
                                conn.execute(KEEP_MESSAGE, values).await?;
                            }
                        }
                        changed
                    }
                    Settled::Dropped => conn.execute(REMOVE, mine).await?,
                    Settled::Later { due_at, error, counts, digest } => {
                        let mut values = mine;
                        let taken_back = i64::from(!counts);
                        values.extend(args![due_at.ms(), error, taken_back, i64::from(digest)]);
                        conn.execute(LATER, values).await?
                    }
                    Settled::Unknown(why) => {
                        let mut values = mine;
                        values.extend(args!["unknown", why]);
                        conn.execute(PUT_ASIDE, values).await?
                    }
                    Settled::Dead(why) => {
                        let mut values = mine;
                        values.extend(args!["dead", why]);
                        conn.execute(PUT_ASIDE, values).await?
                    }
                };
                Ok(changed == 1)
            })
        });
        let is_mine = work.await?;
        // The next one of this chat may go.
        self.inner.messages.notify_one();
        Ok(is_mine)
    }

    /// The message that stands for a request in somebody's chat.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn live_message(&self, user: UserId, topic: Uuid) -> Result<Option<LiveMessage>, Unavailable> {
        let row = self.row(LIVE, args![user.uuid(), topic]).await?;
        let live = |row: Row| -> Result<_, Failure> {
            Ok(LiveMessage { message_id: row.get("message_id")?, seq: row.number("seq")? })
        };
        Ok(row.map(live).transpose()?)
    }

    /// How many messages of a person are told together now, and the number of the last one.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn digest_of(&self, user: UserId, now: Time) -> Result<(u64, u64), Unavailable> {
        let row = self.row(OF_DIGEST, args![user.uuid(), now.ms()]).await?;
        let row = row.ok_or_else(|| Failure::Broken("a count has no row".to_owned()))?;
        Ok((row.number("count")?, row.number("last")?))
    }

    /// They were told, up to this number.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn end_digest(&self, user: UserId, last: u64, now: Time) -> Result<(), Unavailable> {
        let last = i64::try_from(last).unwrap_or(i64::MAX);
        let work = self.write(move |conn| {
            Box::pin(async move {
                conn.execute(END_DIGEST, args![user.uuid(), now.ms(), last]).await?;
                conn.execute(COUNT, args![user.uuid(), now.ms(), AN_HOUR.ms()]).await?;
                Ok(())
            })
        });
        Ok(work.await?)
    }

    /// How the outbox is.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn outbox_figures(&self, now: Time) -> Result<OutboxFigures, Unavailable> {
        let row = self.row(FIGURES, args![now.ms()]).await?;
        let row = row.ok_or_else(|| Failure::Broken("a count has no row".to_owned()))?;
        Ok(OutboxFigures {
            waiting: row.number("waiting")?,
            oldest: row.optional_time("oldest")?,
            unknown: row.number("unknown")?,
            dead: row.number("dead")?,
        })
    }

    /// Messages in a state, newest first, from before a message that was listed.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn messages_in(
        &self,
        state: &str,
        before: Option<(Time, UserId)>,
        limit: u32,
    ) -> Result<Vec<Outgoing>, Unavailable> {
        let (at, user) = before.map_or((i64::MAX, Uuid::max()), |(at, user)| (at.ms(), user.uuid()));
        Ok(each(&self.rows(LIST, args![state, at, user, limit]).await?, outgoing)?)
    }

    /// An operator wants a message to be sent again; answers whether it was one that does not go by itself.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn send_again(&self, user: UserId, seq: u64, now: Time) -> Result<bool, Unavailable> {
        let Ok(seq) = i64::try_from(seq) else { return Ok(false) };
        let is_known = self.execute(AGAIN, args![user.uuid(), seq, now.ms()]).await? == 1;
        if is_known {
            self.inner.messages.notify_one();
        }
        Ok(is_known)
    }
}

fn outgoing(row: &Row) -> Result<Outgoing, Failure> {
    let word = row.text("class")?;
    let class = Class::from_word(&word);
    Ok(Outgoing {
        user: row.user("user_id")?,
        seq: row.number("seq")?,
        at: row.time("at")?,
        class: class.ok_or_else(|| Failure::Broken(format!("unknown class of a message: {word:?}")))?,
        topic: row.get("topic")?,
        ends_at: row.optional_time("ends_at")?,
        due_at: row.time("due_at")?,
        is_digest: row.get::<i64>("digest")? == 1,
        state: row.text("state")?,
        attempts: row.number("attempts")?,
        fence: row.get("fence")?,
        is_lost: row.get::<i64>("lost")? == 1,
        error: row.get("error")?,
    })
}
