//! Words to the operators about somebody, with what was said by then; and forgetting what was said.

use peerpack_actors::ids::{ChatId, MessageId, ReportId, UserId};
use peerpack_actors::ports::{CommitError, Unavailable};
use peerpack_actors::time::Time;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::chats::{LOCKED, Message, chat, message, message_columns};
use crate::store::Database;
use crate::store::failure::Failure;
use crate::store::sql::{Conn, Row, Sql, args, codec, each, sql};

/// How many messages are kept with a report.
const EVIDENCE: u32 = 50;

/// Messages that are forgotten in one transaction.
const BATCH: u32 = 500;

/// Transactions in one go.
const BATCHES: u32 = 50;

const LAST: Sql = sql(concat!(
    "SELECT ",
    message_columns!(),
    " FROM chat_messages AS m WHERE m.chat_id = $1 ORDER BY m.seq DESC LIMIT $2"
));
const MESSAGE: Sql = sql(concat!(
    "SELECT ",
    message_columns!(),
    " FROM chat_messages AS m WHERE m.chat_id = $1 AND m.id = $2"
));
const OPEN_ONE: Sql =
    sql("SELECT id FROM chat_reports WHERE chat_id = $1 AND reporter = $2 AND decision IS NULL");
const ADD: Sql = sql("\
    INSERT INTO chat_reports (id, chat_id, reporter, accused, message_id, reason, evidence, created_at) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)");
const QUEUE: Sql = sql("\
    SELECT id, chat_id, reporter, accused, message_id, reason, evidence, created_at FROM chat_reports \
    WHERE decision IS NULL AND id > $1 ORDER BY id LIMIT $2");
const DECIDE: Sql = sql("\
    UPDATE chat_reports SET decision = $2, note = $3, decided_at = $4, decided_by = $5 \
    WHERE id = $1 AND decision IS NULL");
const DECISION: Sql = sql("SELECT decision FROM chat_reports WHERE id = $1");
const FORGET: Sql = sql("DELETE FROM chat_reports WHERE decided_at <= $1");

const OLD: Sql = sql("\
    DELETE FROM chat_messages WHERE id IN (SELECT id FROM chat_messages WHERE id < $1 ORDER BY id LIMIT $2)");
const TO_ERASE: Sql = sql("SELECT user_id FROM chat_erasures ORDER BY at, user_id LIMIT 10");
const ERASE: Sql = sql("\
    UPDATE chat_messages SET content = '', shown = NULL, picture = NULL, client_id = NULL WHERE id IN ( \
    SELECT id FROM chat_messages WHERE sender = $1 AND (content <> '' OR picture IS NOT NULL) \
    ORDER BY id LIMIT $2)");
const ERASED: Sql = sql("DELETE FROM chat_erasures WHERE user_id = $1");
const ADD_ERASURE: Sql = sql("\
    INSERT INTO chat_erasures (user_id, at) VALUES ($1, $2) ON CONFLICT (user_id) DO NOTHING");
const FORGET_WORDS: Sql = sql("DELETE FROM user_words WHERE user_id = $1");
const FORGET_SELF: Sql = sql("UPDATE users SET bio = NULL, handle = NULL WHERE id = $1");

/// A message as it was when somebody reported it, before anything was kept back.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Evidence {
    /// Its number in the chat.
    pub seq: u64,
    /// The message.
    pub id: MessageId,
    /// Who has said it.
    pub sender: UserId,
    /// As it was written.
    pub content: String,
    /// Whether there was a picture beside it.
    pub has_picture: bool,
    /// When it was said.
    pub at: Time,
}

impl From<Message> for Evidence {
    fn from(message: Message) -> Self {
        let Message { seq, id, sender, content, picture, created_at, .. } = message;
        Self { seq, id, sender, content, has_picture: picture.is_some(), at: created_at }
    }
}

/// A report of somebody about the other one of a chat.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ChatReport {
    /// Its id: older ones are smaller.
    pub id: ReportId,
    /// The chat that both are in.
    pub chat: ChatId,
    /// The person who reports.
    pub reporter: UserId,
    /// The other one.
    pub accused: UserId,
    /// The message that it is about, if it is about one.
    pub message: Option<MessageId>,
    /// In the reporter's words.
    pub reason: String,
    /// The last messages by then, oldest first; the one that it is about is always among them.
    pub evidence: Vec<Evidence>,
    /// When it was made.
    pub created_at: Time,
}

impl Database {
    /// Keeps a report about the other one of a chat, with what was said by then; answers with its id: that of
    /// the one that waits already, if there is one. Nothing if there is no such chat, or no such message.
    ///
    /// # Errors
    /// `NotAMember`, or the database does not answer.
    pub async fn report_chat(
        &self,
        id: ReportId,
        of: ChatId,
        by: UserId,
        about: Option<MessageId>,
        reason: String,
        now: Time,
    ) -> Result<Option<ReportId>, CommitError> {
        let work = self.write(move |conn| {
            let reason = reason.clone();
            Box::pin(async move {
                let Some(row) = conn.optional(LOCKED, args![of.uuid()]).await? else { return Ok(None) };
                let chat = chat(&row)?;
                let (_, other) = chat.sides(by).map_err(Failure::Refused)?;
                if let Some(row) = conn.optional(OPEN_ONE, args![of.uuid(), by.uuid()]).await? {
                    return Ok(Some(row.get::<Uuid>("id")?.into()));
                }
                let Some(evidence) = evidence(conn, of, about).await? else { return Ok(None) };
                let evidence = codec::to_document(&evidence)?;
                let about = about.map(MessageId::uuid);
                let (by, other) = (by.uuid(), other.user.uuid());
                let values =
                    args![id.uuid(), of.uuid(), by, other, about, reason.as_str(), evidence, now.ms()];
                conn.execute(ADD, values).await?;
                Ok(Some(id))
            })
        });
        Ok(work.await?)
    }

    /// Reports that wait for a decision, oldest first, from behind `after`.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn chat_reports(
        &self,
        after: Option<ReportId>,
        limit: u32,
    ) -> Result<Vec<ChatReport>, Unavailable> {
        let after = after.map_or(Uuid::nil(), ReportId::uuid);
        Ok(each(&self.rows(QUEUE, args![after, limit]).await?, report)?)
    }

    /// Decides upon a report that waits; answers with the decision that counts, nothing if there is no such
    /// report.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn decide_chat_report(
        &self,
        id: ReportId,
        decision: &'static str,
        note: String,
        by: UserId,
        now: Time,
    ) -> Result<Option<String>, Unavailable> {
        let work = self.write(move |conn| {
            let note = note.clone();
            Box::pin(async move {
                conn.execute(DECIDE, args![id.uuid(), decision, note.as_str(), now.ms(), by.uuid()]).await?;
                let row = conn.optional(DECISION, args![id.uuid()]).await?;
                row.map(|row| row.text("decision")).transpose()
            })
        });
        Ok(work.await?)
    }

    /// Forgets reports that were decided upon before `before`; answers how many.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn prune_chat_reports(&self, before: Time) -> Result<u64, Unavailable> {
        Ok(self.execute(FORGET, args![before.ms()]).await?)
    }

    /// Forgets messages from before `before`; answers how many.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn prune_messages(&self, before: Time) -> Result<u64, Unavailable> {
        let first = MessageId::new(before, [0; 10]).uuid();
        let mut pruned = 0;
        for _ in 0..BATCHES {
            let some = self.execute(OLD, args![first, BATCH]).await?;
            pruned += some;
            if some < u64::from(BATCH) {
                break;
            }
        }
        Ok(pruned)
    }

    /// Erases the words of people whose accounts were erased, a little at a time; answers how many messages.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn erase_messages(&self) -> Result<u64, Unavailable> {
        let mut erased = 0;
        for user in each(&self.rows(TO_ERASE, args![]).await?, |row| row.user("user_id"))? {
            for _ in 0..BATCHES {
                let some = self.execute(ERASE, args![user.uuid(), BATCH]).await?;
                erased += some;
                if some < u64::from(BATCH) {
                    self.execute(ERASED, args![user.uuid()]).await?;
                    break;
                }
            }
        }
        Ok(erased)
    }
}

/// What somebody who is erased has said is to go; what they are found by goes at once.
pub(in crate::store) async fn erase_of(conn: &mut Conn, user: UserId, now: Time) -> Result<(), Failure> {
    conn.execute(ADD_ERASURE, args![user.uuid(), now.ms()]).await?;
    conn.execute(FORGET_WORDS, args![user.uuid()]).await?;
    conn.execute(FORGET_SELF, args![user.uuid()]).await?;
    Ok(())
}

async fn evidence(
    conn: &mut Conn,
    chat: ChatId,
    about: Option<MessageId>,
) -> Result<Option<Vec<Evidence>>, Failure> {
    let mut found = each(&conn.all(LAST, args![chat.uuid(), EVIDENCE]).await?, message)?;
    if let Some(about) = about.filter(|about| found.iter().all(|message| message.id != *about)) {
        match conn.optional(MESSAGE, args![chat.uuid(), about.uuid()]).await? {
            Some(row) => found.push(message(&row)?),
            None => return Ok(None),
        }
    }
    found.sort_unstable_by_key(|message| message.seq);
    Ok(Some(found.into_iter().map(Evidence::from).collect()))
}

fn report(row: &Row) -> Result<ChatReport, Failure> {
    Ok(ChatReport {
        id: row.get::<Uuid>("id")?.into(),
        chat: row.get::<Uuid>("chat_id")?.into(),
        reporter: row.user("reporter")?,
        accused: row.user("accused")?,
        message: row.get::<Option<Uuid>>("message_id")?.map(MessageId::from),
        reason: row.text("reason")?,
        evidence: codec::document(&row.text("evidence")?)?,
        created_at: row.time("created_at")?,
    })
}
