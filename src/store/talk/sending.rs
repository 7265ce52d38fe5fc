//! Writing in a chat. A writer takes the chat's row first, decides with it in hand, and writes the
//! message, the numbers and the events of both in one transaction: so both see one order on all nodes.
//!
//! Chats do not go through the engine's lanes. What a message's transaction takes after the chat's row are
//! streams alone, so it keeps to the order of units.

use std::sync::Arc;

use peerpack_actors::ids::{ChatId, FileId, MessageId, RequestId, UserId};
use peerpack_actors::ports::{CommitError, Committed, Unavailable};
use peerpack_actors::rejection::Rejection;
use peerpack_actors::stream;
use peerpack_actors::talk::chat::{Chat, Facts, Policy, Said, Warning, Words};
use peerpack_actors::talk::masking::Contact;
use peerpack_actors::time::{Span, Time};
use peerpack_actors::unit::Unit;

use super::chats::{LOCKED, Message, chat, message, message_columns};
use crate::store::Database;
use crate::store::engine::commit;
use crate::store::engine::prepared::Prepared;
use crate::store::failure::Failure;
use crate::store::sql::{Conn, Sql, args, each, sql};

const MINUTE: Span = Span::minutes(1);

const SAME: Sql = sql(concat!(
    "SELECT ",
    message_columns!(),
    " FROM chat_messages AS m WHERE m.chat_id = $1 AND m.sender = $2 AND m.client_id = $3"
));

// What one of the two has started. By the keys of packages: there is no index of requests by both people.
macro_rules! requests_between {
    ($sender:literal, $courier:literal) => {
        concat!(
            "SELECT CASE WHEN q.state IN ('accepted', 'picked_up', 'delivered', 'confirmed', 'disputed') THEN 2 \
             WHEN q.origin <> 'engine' THEN 1 ELSE 0 END AS closeness \
             FROM packages AS p JOIN requests AS q ON q.package_id = p.id WHERE p.sender = ",
            $sender,
            " AND q.courier = ",
            $courier
        )
    };
}
const CLOSENESS: Sql = sql(concat!(
    "SELECT CAST(COALESCE(max(b.closeness), 0) AS BIGINT) AS closeness FROM (",
    requests_between!("$1", "$2"),
    " UNION ALL ",
    requests_between!("$2", "$1"),
    ") AS b"
));
const WITH_CODES: Sql = sql("\
    SELECT q.id FROM packages AS p JOIN requests AS q ON q.package_id = p.id \
    WHERE p.sender = $1 AND q.courier = $2 AND p.hand_over_codes = 1 AND q.state IN ('accepted', 'picked_up') \
    ORDER BY q.id DESC LIMIT 20");

// Ids begin with the time.
const LATELY: Sql = sql("\
    SELECT count(*) AS sent, CAST(COALESCE(min(created_at), 0) AS BIGINT) AS first_at FROM chat_messages \
    WHERE sender = $1 AND id >= $2");
const COLD: Sql = sql("SELECT count(*) AS cold FROM chats WHERE cold_by = $1 AND cold_at > $2");
const IS_GONE: Sql = sql("\
    SELECT 1 AS one FROM users WHERE id = $1 \
    AND (deleted_at IS NOT NULL OR erased_at IS NOT NULL OR blocked_at IS NOT NULL)");

const ADD: Sql = sql("\
    INSERT INTO chat_messages (chat_id, seq, id, sender, nth, client_id, content, shown, masked, warnings, \
    picture, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)");
const ADVANCE: Sql = sql("\
    UPDATE chats SET top = $2, updated_at = $3, sent_a = $4, sent_b = $5, \
    cold_by = COALESCE($6, cold_by), cold_at = CASE WHEN $6 IS NULL THEN cold_at ELSE $3 END WHERE id = $1");
const IS_OWN_PICTURE: Sql =
    sql("SELECT 1 AS one FROM files WHERE id = $1 AND owner = $2 AND kind = 'chat_picture'");

const NTH: Sql = sql("\
    SELECT CAST(COALESCE(max(nth), 0) AS BIGINT) AS nth FROM chat_messages \
    WHERE chat_id = $1 AND sender = $2 AND seq <= $3 AND seq > $4");
const READ: Sql = sql("\
    UPDATE chats SET read_to_a = $2, read_a = $3, read_to_b = $4, read_b = $5 WHERE id = $1");

const BLOCK_A: Sql = sql("UPDATE chats SET blocked_a = $2 WHERE id = $1");
const BLOCK_B: Sql = sql("UPDATE chats SET blocked_b = $2 WHERE id = $1");

/// A message that somebody wants to send.
#[derive(Clone, Debug)]
pub struct NewMessage {
    /// Under this id, unless it was sent before.
    pub id: MessageId,
    /// In this chat.
    pub chat: ChatId,
    /// By one of the two.
    pub sender: UserId,
    /// What is said.
    pub words: Words,
    /// What the sender's device calls it.
    pub client_id: Option<String>,
}

/// What became of a message.
#[derive(Clone, Debug)]
pub struct Sent {
    /// The message; the original one, if it was sent before.
    pub message: Message,
    /// The chat after it.
    pub chat: Chat,
    /// The events.
    pub committed: Committed,
}

impl Database {
    /// Requests of which a hand-over code may slip out when somebody writes to somebody: the sender of the
    /// package knows the codes.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn codes_between(
        &self,
        sender: UserId,
        courier: UserId,
    ) -> Result<Vec<RequestId>, Unavailable> {
        let found = self.rows(WITH_CODES, args![sender.uuid(), courier.uuid()]).await?;
        Ok(each(&found, |row| row.request_id("id"))?)
    }

    /// Sends a message, once for what the sender's device calls it. `codes` are those of hand-overs.
    ///
    /// # Errors
    /// Why it is not sent, or the database does not answer.
    pub async fn send_message(
        &self,
        new: NewMessage,
        codes: Vec<String>,
        policy: Policy,
        now: Time,
    ) -> Result<Option<Sent>, CommitError> {
        let new = Arc::new((new, codes));
        let work = self.write(move |conn| {
            let new = Arc::clone(&new);
            Box::pin(async move { send(conn, &new.0, &new.1, policy, now).await })
        });
        Ok(work.await?)
    }

    /// Notes how far somebody has read; answers with the events, none if it was noted before. Nothing if
    /// there is no such chat.
    ///
    /// # Errors
    /// `NotAMember`, or the database does not answer.
    pub async fn read_chat(
        &self,
        id: ChatId,
        by: UserId,
        up_to: u64,
        now: Time,
    ) -> Result<Option<(Chat, Committed)>, CommitError> {
        let work = self.write(move |conn| Box::pin(read(conn, id, by, up_to, now)));
        Ok(work.await?)
    }

    /// One of the two wants no words of the other one from now on, or wants them again.
    ///
    /// # Errors
    /// `NotAMember`, or the database does not answer.
    pub async fn block_in_chat(
        &self,
        id: ChatId,
        by: UserId,
        blocks: bool,
        now: Time,
    ) -> Result<Option<()>, CommitError> {
        let work = self.write(move |conn| {
            Box::pin(async move {
                let Some(row) = conn.optional(LOCKED, args![id.uuid()]).await? else { return Ok(None) };
                let chat = chat(&row)?;
                let (own, _) = chat.sides(by).map_err(Failure::Refused)?;
                if own.blocks != blocks {
                    let statement = if by == chat.members[0].user { BLOCK_A } else { BLOCK_B };
                    conn.execute(statement, args![id.uuid(), blocks.then_some(now.ms())]).await?;
                }
                Ok(Some(()))
            })
        });
        Ok(work.await?)
    }
}

async fn send(
    conn: &mut Conn,
    new: &NewMessage,
    codes: &[String],
    policy: Policy,
    now: Time,
) -> Result<Option<Sent>, Failure> {
    let Some(row) = conn.optional(LOCKED, args![new.chat.uuid()]).await? else { return Ok(None) };
    let before = chat(&row)?;
    let (_, other) = before.sides(new.sender).map_err(Failure::Refused)?;
    if let Some(client_id) = &new.client_id {
        let same = args![new.chat.uuid(), new.sender.uuid(), client_id.as_str()];
        if let Some(row) = conn.optional(SAME, same).await? {
            let (message, committed) = (message(&row)?, Committed::default());
            return Ok(Some(Sent { message, chat: before, committed }));
        }
    }
    if let Some(picture) = new.words.picture {
        let own = conn.optional(IS_OWN_PICTURE, args![picture.uuid(), new.sender.uuid()]).await?;
        own.ok_or(Failure::Refused(Rejection::Invalid {
            field: "picture_id",
            reason: "is no picture of yours",
        }))?;
    }
    let facts = facts(conn, new.sender, other.user, now).await?;
    let said = before.say(new.sender, &new.words, facts, codes, policy).map_err(Failure::Refused)?;
    let after = before.after(new.sender, &said, now);
    let message = add(conn, new, &said, now).await?;
    let cold = said.is_to_stranger.then_some(new.sender.uuid());
    let [a, b] = after.members.map(|member| member.sent as i64);
    let numbers = args![after.id.uuid(), after.top as i64, after.updated_at.ms(), a, b, cold];
    conn.execute(ADVANCE, numbers).await?;
    let client_id = new.client_id.as_deref();
    let notices = stream::message_sent(&before, (new.id, new.sender), &new.words, &said, client_id);
    let committed = tell(conn, Unit::told(notices, now)).await?;
    Ok(Some(Sent { message, chat: after, committed }))
}

async fn tell(conn: &mut Conn, unit: Unit) -> Result<Committed, Failure> {
    Ok(commit::apply(conn, &[Arc::new(Prepared::new(unit, false)?)]).await?.pop().unwrap_or_default())
}

async fn facts(conn: &mut Conn, by: UserId, other: UserId, now: Time) -> Result<Facts, Failure> {
    let closeness = conn.one(CLOSENESS, args![by.uuid(), other.uuid()]).await?.number::<u8>("closeness")?;
    let since = MessageId::new(now - MINUTE, [0; 10]).uuid();
    let lately = conn.one(LATELY, args![by.uuid(), since]).await?;
    let first_at = lately.time("first_at")?;
    let cold = conn.one(COLD, args![by.uuid(), (now - Span::days(1)).ms()]).await?;
    Ok(Facts {
        has_deal: closeness >= 2,
        has_request: closeness >= 1,
        is_other_gone: conn.optional(IS_GONE, args![other.uuid()]).await?.is_some(),
        within_minute: lately.number("sent")?,
        again_in_s: u32::try_from(((first_at + MINUTE).since(now).ms() + 999) / 1_000).unwrap_or(1),
        strangers_today: cold.number("cold")?,
    })
}

async fn add(conn: &mut Conn, new: &NewMessage, said: &Said, now: Time) -> Result<Message, Failure> {
    let joined = |words: Vec<&str>| words.join(",");
    let values = args![
        new.chat.uuid(),
        said.seq as i64,
        new.id.uuid(),
        new.sender.uuid(),
        said.nth as i64,
        new.client_id.clone(),
        new.words.text.as_str(),
        said.shown.clone(),
        joined(said.masked.iter().copied().map(Contact::word).collect()),
        joined(said.warnings.iter().copied().map(Warning::word).collect()),
        new.words.picture.map(FileId::uuid),
        now.ms(),
    ];
    match conn.execute(ADD, values).await {
        // Everything else that is there only once is guarded by the chat's row.
        Err(Failure::Conflict) if new.words.picture.is_some() => {
            return Err(Failure::Refused(Rejection::Invalid {
                field: "picture_id",
                reason: "was sent in another message",
            }));
        }
        outcome => outcome?,
    };
    Ok(Message {
        chat: new.chat,
        seq: said.seq,
        id: new.id,
        sender: new.sender,
        client_id: new.client_id.clone(),
        content: new.words.text.clone(),
        shown: said.shown.clone(),
        masked: said.masked.clone(),
        warnings: said.warnings.clone(),
        picture: new.words.picture,
        created_at: now,
    })
}

async fn read(
    conn: &mut Conn,
    id: ChatId,
    by: UserId,
    up_to: u64,
    now: Time,
) -> Result<Option<(Chat, Committed)>, Failure> {
    let Some(row) = conn.optional(LOCKED, args![id.uuid()]).await? else { return Ok(None) };
    let before = chat(&row)?;
    let (own, other) = before.sides(by).map_err(Failure::Refused)?;
    let up_to = up_to.min(before.top);
    let nothing = Ok(Some((before, Committed::default())));
    if up_to <= own.read_up_to {
        return nothing;
    }
    let span = args![id.uuid(), other.user.uuid(), up_to as i64, own.read_up_to as i64];
    let of_other = conn.one(NTH, span).await?.number("nth")?;
    let Some(reader) = before.read(by, up_to, of_other).map_err(Failure::Refused)? else { return nothing };
    let mut after = before;
    for member in &mut after.members {
        if member.user == by {
            *member = reader;
        }
    }
    let [a, b] = after.members;
    let marks = args![id.uuid(), a.read_up_to as i64, a.read as i64, b.read_up_to as i64, b.read as i64];
    conn.execute(READ, marks).await?;
    let committed = tell(conn, Unit::told(stream::read_further(&before, &reader), now)).await?;
    Ok(Some((after, committed)))
}
