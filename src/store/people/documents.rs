//! What shows who a person is: what waits for a decision, and what was decided.

use std::sync::Arc;

use peerpack_actors::ids::{FileId, UserId};
use peerpack_actors::ports::{CommitError, Committed, Unavailable};
use peerpack_actors::time::Time;
use peerpack_actors::unit::Unit;
use uuid::Uuid;

use super::files::{self, FileRecord};
use crate::files::{FileName, MediaType};
use crate::store::Database;
use crate::store::engine::commit;
use crate::store::engine::prepared::Prepared;
use crate::store::failure::Failure;
use crate::store::sql::{Row, Sql, args, each, sql};

// At most so many wait at a time; the daily count bounds what two calls at once may add to that.
const ADD: Sql = sql("\
    INSERT INTO documents (id, user_id, media_type, size_bytes, digest, created_at, state) \
    SELECT $1, $2, $3, $4, $5, $6, 'pending' \
    WHERE (SELECT count(*) FROM documents WHERE user_id = $2 AND state = 'pending') < $7");

const SAME: Sql = sql("SELECT id FROM documents WHERE user_id = $1 AND digest = $2 AND state = 'pending'");

macro_rules! columns {
    () => {
        "SELECT d.id, d.user_id, d.media_type, d.size_bytes, d.created_at, d.state, d.state_at, d.state_by, d.reason, \
         u.name, f.id AS file_id FROM documents AS d JOIN users AS u ON u.id = d.user_id \
         LEFT JOIN files AS f ON f.id = d.id "
    };
}

const ONE: Sql = sql(concat!(columns!(), "WHERE d.id = $1"));
const OF_USER: Sql = sql(concat!(columns!(), "WHERE d.user_id = $1 ORDER BY d.id DESC LIMIT $2"));
const PENDING: Sql =
    sql(concat!(columns!(), "WHERE d.state = 'pending' AND d.id > $1 ORDER BY d.id LIMIT $2"));

const DECIDE: Sql = sql("\
    UPDATE documents SET state = $2, state_at = $3, state_by = $4, reason = $5 \
    WHERE id = $1 AND state = 'pending' RETURNING user_id");

const VERIFY: Sql = sql("UPDATE users SET verified_at = COALESCE(verified_at, $2) WHERE id = $1");

const WITHDRAW: Sql = sql("DELETE FROM documents WHERE id = $1 AND user_id = $2 AND state = 'pending'");

const REMOVE_FILE: Sql = sql("DELETE FROM files WHERE id = $1 RETURNING id, kind");

const FORGET: Sql = sql("\
    DELETE FROM files WHERE kind = 'document' \
    AND id IN (SELECT d.id FROM documents AS d WHERE d.id = files.id AND d.state_at <= $1) RETURNING id, kind");

/// Where a document stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum DocumentState {
    /// Nobody has looked at it.
    Pending,
    /// It shows who its owner is.
    Approved,
    /// It does not.
    Declined {
        /// Why, for the owner.
        reason: String,
    },
}

impl DocumentState {
    /// The word on the wire and in the store.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Approved => "approved",
            Self::Declined { .. } => "declined",
        }
    }
}

/// A document by which somebody shows who they are.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Document {
    /// Its name, which is its file's too.
    pub id: FileId,
    /// Whose it is.
    pub user: UserId,
    /// What they are called.
    pub user_name: String,
    /// What its bytes are.
    pub media_type: MediaType,
    /// How many there are.
    pub size_bytes: u64,
    /// When it came.
    pub created_at: Time,
    /// Where it stands.
    pub state: DocumentState,
    /// Since when, and by whom, once it is decided.
    pub decided: Option<(Time, UserId)>,
    /// Whether its file is still there.
    pub is_kept: bool,
}

/// What became of a document that came.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Added {
    /// It waits for a decision.
    Waits,
    /// It waits already, under this name.
    Same(FileId),
    /// Too many others of the same person wait.
    TooMany,
}

impl Database {
    /// Adds a document whose file is in its place, unless it waits already or `most` others wait.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn add_document(
        &self,
        file: FileRecord,
        digest: String,
        most: u32,
    ) -> Result<Added, Unavailable> {
        let key = (file.owner, digest.clone());
        let work = self.write(move |conn| {
            let digest = digest.clone();
            Box::pin(async move {
                let size = i64::try_from(file.size_bytes).unwrap_or(i64::MAX);
                let (id, owner, media_type) =
                    (file.name.id.uuid(), file.owner.uuid(), file.media_type.word());
                let values = args![id, owner, media_type, size, digest, file.created_at.ms(), most];
                if conn.execute(ADD, values).await? == 0 {
                    return Ok(Added::TooMany);
                }
                files::add(conn, &file).await?;
                Ok(Added::Waits)
            })
        });
        match work.await {
            Err(Failure::Conflict) => {
                let row = self.row(SAME, args![key.0.uuid(), key.1]).await?;
                let same = row.map(|row| row.get::<Uuid>("id")).transpose()?;
                same.map(|id| Added::Same(id.into())).ok_or_else(|| Failure::Conflict.into())
            }
            outcome => Ok(outcome?),
        }
    }

    /// A document.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn document(&self, id: FileId) -> Result<Option<Document>, Unavailable> {
        let row = self.row(ONE, args![id.uuid()]).await?;
        Ok(row.as_ref().map(document).transpose()?)
    }

    /// Somebody's documents, newest first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn documents_of(&self, user: UserId, limit: u32) -> Result<Vec<Document>, Unavailable> {
        Ok(each(&self.rows(OF_USER, args![user.uuid(), limit]).await?, document)?)
    }

    /// Documents that wait for a decision, oldest first, from behind `after`.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn pending_documents(
        &self,
        after: Option<FileId>,
        limit: u32,
    ) -> Result<Vec<Document>, Unavailable> {
        let after = after.map_or(Uuid::nil(), FileId::uuid);
        Ok(each(&self.rows(PENDING, args![after, limit]).await?, document)?)
    }

    /// Decides upon a document that waits, and tells its owner in the same moment; an approval makes them a
    /// verified person.
    ///
    /// # Errors
    /// `Conflict` when it does not wait any more, or when the database does not answer.
    pub async fn decide_document(
        &self,
        id: FileId,
        state: DocumentState,
        by: UserId,
        told: Unit,
    ) -> Result<Committed, CommitError> {
        let (at, told) = (told.at, Arc::new(Prepared::new(told, self.inner.sends_messages)?));
        let work = self.write(move |conn| {
            let (state, told) = (state.clone(), Arc::clone(&told));
            Box::pin(async move {
                let word = state.word();
                let reason = if let DocumentState::Declined { reason } = state { Some(reason) } else { None };
                let values = args![id.uuid(), word, at.ms(), by.uuid(), reason];
                let decided = conn.optional(DECIDE, values).await?.ok_or(Failure::Conflict)?;
                if word == DocumentState::Approved.word() {
                    conn.execute(VERIFY, args![decided.user("user_id")?.uuid(), at.ms()]).await?;
                }
                Ok(commit::apply(conn, &[told]).await?.pop().unwrap_or_default())
            })
        });
        Ok(work.await?)
    }

    /// Takes back one's own document that waits; answers with the file that is to be removed, if there was
    /// one.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn withdraw_document(&self, id: FileId, user: UserId) -> Result<Option<FileName>, Unavailable> {
        let work = self.write(move |conn| {
            Box::pin(async move {
                if conn.execute(WITHDRAW, args![id.uuid(), user.uuid()]).await? == 0 {
                    return Ok(None);
                }
                let removed = conn.optional(REMOVE_FILE, args![id.uuid()]).await?;
                removed.as_ref().map(files::name).transpose()
            })
        });
        Ok(work.await?)
    }

    /// Forgets the files of documents that were decided upon before `before`; answers with those to be
    /// removed.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn forget_documents(&self, before: Time) -> Result<Vec<FileName>, Unavailable> {
        let work = self.write(move |conn| {
            Box::pin(async move { each(&conn.all(FORGET, args![before.ms()]).await?, files::name) })
        });
        Ok(work.await?)
    }
}

fn document(row: &Row) -> Result<Document, Failure> {
    let (word, media_type) = (row.text("state")?, row.text("media_type")?);
    let state = match (word.as_str(), row.get::<Option<String>>("reason")?) {
        ("pending", None) => DocumentState::Pending,
        ("approved", None) => DocumentState::Approved,
        ("declined", Some(reason)) => DocumentState::Declined { reason },
        _ => return Err(Failure::Broken(format!("unknown state of a document: {word:?}"))),
    };
    let unknown = || Failure::Broken(format!("unknown media type: {media_type:?}"));
    Ok(Document {
        id: row.get::<Uuid>("id")?.into(),
        user: row.user("user_id")?,
        user_name: row.text("name")?,
        media_type: MediaType::from_word(&media_type).ok_or_else(unknown)?,
        size_bytes: row.number("size_bytes")?,
        created_at: row.time("created_at")?,
        state,
        decided: row.optional_time("state_at")?.zip(row.get::<Option<Uuid>>("state_by")?.map(UserId::from)),
        is_kept: row.get::<Option<Uuid>>("file_id")?.is_some(),
    })
}
