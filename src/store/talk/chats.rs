//! Chats as they are read: the two, what they have said, page by page.

use std::collections::BTreeMap;

use peerpack_actors::ids::{ChatId, FileId, MessageId, UserId};
use peerpack_actors::ports::Unavailable;
use peerpack_actors::talk::chat::{Chat, Member, Warning};
use peerpack_actors::talk::masking::Contact;
use peerpack_actors::time::Time;
use serde_json::json;
use uuid::Uuid;

use crate::store::Database;
use crate::store::failure::Failure;
use crate::store::sql::{Conn, Row, Sql, args, each, hex, locking, over_rows, rows, sql};

macro_rules! chat_columns {
    () => {
        "c.id, c.user_a, c.user_b, c.created_at, c.updated_at, c.top, c.sent_a, c.sent_b, c.read_to_a, \
         c.read_to_b, c.read_a, c.read_b, c.blocked_a, c.blocked_b, c.cold_by"
    };
}

macro_rules! message_columns {
    () => {
        "m.chat_id, m.seq, m.id, m.sender, m.client_id, m.content, m.shown, m.masked, m.warnings, m.picture, \
         m.created_at"
    };
}
pub(super) use {chat_columns, message_columns};

const ONE: Sql = sql(concat!("SELECT ", chat_columns!(), " FROM chats AS c WHERE c.id = $1"));
pub(super) const LOCKED: Sql = Sql::in_each(
    concat!("SELECT ", chat_columns!(), " FROM chats AS c WHERE c.id = $1 FOR NO KEY UPDATE"),
    concat!("SELECT ", chat_columns!(), " FROM chats AS c WHERE c.id = $1"),
);
const OF_PAIR: Sql =
    sql(concat!("SELECT ", chat_columns!(), " FROM chats AS c WHERE c.user_a = $1 AND c.user_b = $2"));

const OPEN: Sql = sql("\
    INSERT INTO chats (id, user_a, user_b, created_at, updated_at) VALUES ($1, $2, $3, $4, $4) \
    ON CONFLICT (user_a, user_b) DO NOTHING");
const CAN_TALK: Sql = locking!(
    "SELECT id FROM users WHERE id = $1 AND erased_at IS NULL AND deleted_at IS NULL AND blocked_at IS NULL",
    "FOR KEY SHARE"
);

macro_rules! chats_of {
    ($own:literal) => {
        concat!(
            "SELECT ",
            chat_columns!(),
            " FROM chats AS c WHERE c.",
            $own,
            " = $1 AND (c.updated_at < $2 OR c.updated_at = $2 AND c.id < $3) \
             ORDER BY c.updated_at DESC, c.id DESC LIMIT $4"
        )
    };
}
const OF_A: Sql = sql(chats_of!("user_a"));
const OF_B: Sql = sql(chats_of!("user_b"));

const UNREAD: Sql = sql("\
    SELECT CAST(COALESCE((SELECT sum(sent_b - read_a) FROM chats WHERE user_a = $1), 0) \
    + COALESCE((SELECT sum(sent_a - read_b) FROM chats WHERE user_b = $1), 0) AS BIGINT) AS unread");

const LAST: Sql = over_rows!(
    concat!("SELECT ", message_columns!(), " FROM"),
    [chat_id uuid, top int],
    "CROSS JOIN chat_messages AS m WHERE m.chat_id = r.chat_id AND m.seq = r.top"
);

const BEFORE: Sql = sql(concat!(
    "SELECT ",
    message_columns!(),
    " FROM chat_messages AS m WHERE m.chat_id = $1 AND m.seq < $2 ORDER BY m.seq DESC LIMIT $3"
));
const AFTER: Sql = sql(concat!(
    "SELECT ",
    message_columns!(),
    " FROM chat_messages AS m WHERE m.chat_id = $1 AND m.seq > $2 ORDER BY m.seq LIMIT $3"
));
const NUMBER: Sql = sql("SELECT seq FROM chat_messages WHERE chat_id = $1 AND id = $2");
const WITH_PICTURE: Sql = sql("SELECT 1 AS one FROM chat_messages WHERE chat_id = $1 AND picture = $2");

/// A message as it is stored.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Message {
    /// The chat.
    pub chat: ChatId,
    /// Its number in the chat.
    pub seq: u64,
    /// The message.
    pub id: MessageId,
    /// Who has said it.
    pub sender: UserId,
    /// What the sender's device calls it.
    pub client_id: Option<String>,
    /// As it was written.
    pub content: String,
    /// As the other one sees it, if that is something else.
    pub shown: Option<String>,
    /// What is kept back from the other one.
    pub masked: Vec<Contact>,
    /// What the other one should think of.
    pub warnings: Vec<Warning>,
    /// The picture beside it.
    pub picture: Option<FileId>,
    /// When it was said.
    pub created_at: Time,
}

impl Message {
    /// As somebody sees it.
    #[must_use]
    pub fn seen_by(&self, user: UserId) -> &str {
        match &self.shown {
            Some(shown) if user != self.sender => shown,
            _ => &self.content,
        }
    }
}

/// Which messages of a chat.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Page {
    /// The last ones before this number.
    Before(u64),
    /// The first ones after this number.
    After(u64),
}

impl Database {
    /// The chat of two people: opened under the id `fresh` if there is none, no matter who asks and how
    /// often. Nothing if the other one cannot be talked to.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn open_chat(
        &self,
        fresh: ChatId,
        by: UserId,
        other: UserId,
        now: Time,
    ) -> Result<Option<Chat>, Unavailable> {
        let work = self.write(move |conn| {
            Box::pin(async move {
                let (a, b) = (by.min(other).uuid(), by.max(other).uuid());
                if let Some(row) = conn.optional(OF_PAIR, args![a, b]).await? {
                    return Ok(Some(chat(&row)?));
                }
                if conn.optional(CAN_TALK, args![other.uuid()]).await?.is_none() {
                    return Ok(None);
                }
                conn.execute(OPEN, args![fresh.uuid(), a, b, now.ms()]).await?;
                Ok(Some(chat(&conn.one(OF_PAIR, args![a, b]).await?)?))
            })
        });
        Ok(work.await?)
    }

    /// A chat.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn chat(&self, id: ChatId) -> Result<Option<Chat>, Unavailable> {
        Ok(self.row(ONE, args![id.uuid()]).await?.as_ref().map(chat).transpose()?)
    }

    /// Somebody's chats, the one with the last word first, from behind `after`; each with its last message,
    /// if there is one.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn chats_of(
        &self,
        user: UserId,
        after: Option<(Time, ChatId)>,
        limit: u32,
    ) -> Result<Vec<(Chat, Option<Message>)>, Unavailable> {
        let (at, id) = after.map_or((i64::MAX, Uuid::max()), |(at, id)| (at.ms(), id.uuid()));
        let work = self.snapshot(move |conn| {
            Box::pin(async move {
                let mut chats = each(&conn.all(OF_A, args![user.uuid(), at, id, limit]).await?, chat)?;
                chats.extend(each(&conn.all(OF_B, args![user.uuid(), at, id, limit]).await?, chat)?);
                chats.sort_unstable_by_key(|chat| std::cmp::Reverse((chat.updated_at, chat.id)));
                chats.truncate(limit as usize);
                let mut last = last_messages(conn, &chats).await?;
                Ok(chats.into_iter().map(|chat| (chat, last.remove(&chat.id))).collect())
            })
        });
        Ok(work.await?)
    }

    /// How many messages somebody has not read, in all chats.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn unread_messages(&self, user: UserId) -> Result<u64, Unavailable> {
        let row = self.row(UNREAD, args![user.uuid()]).await?;
        Ok(row.map_or(Ok(0), |row| row.number("unread"))?)
    }

    /// Messages of a chat, oldest first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn messages(&self, chat: ChatId, page: Page, limit: u32) -> Result<Vec<Message>, Unavailable> {
        let number = |seq: u64| i64::try_from(seq).unwrap_or(i64::MAX);
        let found = match page {
            Page::Before(seq) => {
                let mut found = self.rows(BEFORE, args![chat.uuid(), number(seq), limit]).await?;
                found.reverse();
                found
            }
            Page::After(seq) => self.rows(AFTER, args![chat.uuid(), number(seq), limit]).await?,
        };
        Ok(each(&found, message)?)
    }

    /// The number of a message in its chat.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn message_number(&self, chat: ChatId, id: MessageId) -> Result<Option<u64>, Unavailable> {
        let row = self.row(NUMBER, args![chat.uuid(), id.uuid()]).await?;
        Ok(row.map(|row| row.number("seq")).transpose()?)
    }

    /// Whether a picture was shown in a chat.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn is_shown_in(&self, chat: ChatId, picture: FileId) -> Result<bool, Unavailable> {
        Ok(self.row(WITH_PICTURE, args![chat.uuid(), picture.uuid()]).await?.is_some())
    }
}

async fn last_messages(conn: &mut Conn, chats: &[Chat]) -> Result<BTreeMap<ChatId, Message>, Failure> {
    let items = rows(chats.iter().map(|chat| json!({ "chat_id": hex(chat.id.uuid()), "top": chat.top })));
    let found = each(&conn.all(LAST, vec![items]).await?, message)?;
    Ok(found.into_iter().map(|message| (message.chat, message)).collect())
}

pub(super) fn chat(row: &Row) -> Result<Chat, Failure> {
    let member = |user, sent, read_to, read, blocked| -> Result<Member, Failure> {
        Ok(Member {
            user: row.user(user)?,
            sent: row.number(sent)?,
            read_up_to: row.number(read_to)?,
            read: row.number(read)?,
            blocks: row.optional_time(blocked)?.is_some(),
        })
    };
    Ok(Chat {
        id: row.get::<Uuid>("id")?.into(),
        members: [
            member("user_a", "sent_a", "read_to_a", "read_a", "blocked_a")?,
            member("user_b", "sent_b", "read_to_b", "read_b", "blocked_b")?,
        ],
        created_at: row.time("created_at")?,
        updated_at: row.time("updated_at")?,
        top: row.number("top")?,
    })
}

pub(super) fn message(row: &Row) -> Result<Message, Failure> {
    let unknown = |word: &str| Failure::Broken(format!("unknown word of a message: {word:?}"));
    let masked = row.text("masked")?;
    let warnings = row.text("warnings")?;
    let words =
        |text: &str| text.split(',').filter(|word| !word.is_empty()).map(str::to_owned).collect::<Vec<_>>();
    Ok(Message {
        chat: row.get::<Uuid>("chat_id")?.into(),
        seq: row.number("seq")?,
        id: row.get::<Uuid>("id")?.into(),
        sender: row.user("sender")?,
        client_id: row.get("client_id")?,
        content: row.text("content")?,
        shown: row.get("shown")?,
        masked: words(&masked)
            .iter()
            .map(|word| Contact::from_word(word).ok_or_else(|| unknown(word)))
            .collect::<Result<_, _>>()?,
        warnings: words(&warnings)
            .iter()
            .map(|word| Warning::from_word(word).ok_or_else(|| unknown(word)))
            .collect::<Result<_, _>>()?,
        picture: row.get::<Option<Uuid>>("picture")?.map(FileId::from),
        created_at: row.time("created_at")?,
    })
}
