//! Rows of uploaded files. Anybody who is named here has a file; the file is written before the row and
//! removed after it.

use std::collections::BTreeSet;

use peerpack_actors::ids::{FileId, RequestId, UserId};
use peerpack_actors::ports::Unavailable;
use peerpack_actors::time::{Span, Time};
use serde_json::json;
use uuid::Uuid;

use crate::files::{FileKind, FileName, MediaType};
use crate::store::Database;
use crate::store::failure::Failure;
use crate::store::sql::{Conn, Row, Sql, Value, args, each, hex, over_rows, rows, sql};

const ADD: Sql = sql("\
    INSERT INTO files (id, kind, owner, media_type, size_bytes, created_at) VALUES ($1, $2, $3, $4, $5, $6)");

const ONE: Sql = sql("\
    SELECT id, kind, owner, media_type, size_bytes, created_at FROM files WHERE id = $1");

const KNOWN: Sql = over_rows!("SELECT f.id FROM", [id uuid], "CROSS JOIN files AS f WHERE f.id = r.id");

const ADD_PHOTO: Sql = sql("\
    INSERT INTO files (id, kind, owner, media_type, size_bytes, created_at, request_id) \
    VALUES ($1, $2, $3, $4, $5, $6, $7)");

const PHOTO_OF: Sql = sql("\
    SELECT id, kind, owner, media_type, size_bytes, created_at FROM files WHERE request_id = $1");

// Pictures whose message or post is not there, an hour after they came at the earliest; and what was shown in
// messages that are forgotten.
const FORGET_PICTURES: Sql = sql("\
    DELETE FROM files WHERE kind IN ('chat_picture', 'post_picture') AND created_at <= $1 AND id IN ( \
    SELECT f.id FROM files AS f WHERE f.kind IN ('chat_picture', 'post_picture') AND f.created_at <= $1 \
    AND NOT EXISTS (SELECT 1 FROM chat_messages AS m WHERE m.picture = f.id) \
    AND NOT EXISTS (SELECT 1 FROM posts AS p WHERE p.picture = f.id AND p.state <> 'deleted') LIMIT $2) \
    RETURNING id, kind");

const FORGET_PHOTOS: Sql =
    sql("DELETE FROM files WHERE kind = 'pickup_photo' AND created_at <= $1 RETURNING id, kind");

const REMOVE_AVATAR: Sql = sql("DELETE FROM files WHERE owner = $1 AND kind = 'avatar' RETURNING id, kind");

const REMOVE_OF_OWNER: Sql = sql("DELETE FROM files WHERE owner = $1 RETURNING id, kind");

const REMOVE_DOCUMENTS: Sql = sql("DELETE FROM documents WHERE user_id = $1");

// Each change of a person has a moment of its own. A picture of their own, or none, is what they chose.
const SET_AVATAR: Sql = sql("\
    UPDATE users SET avatar = $2, own_avatar = 1, \
    updated_at = CASE WHEN updated_at >= $3 THEN updated_at + 1 ELSE $3 END \
    WHERE id = $1 AND erased_at IS NULL");

// Counts one more unless there were too many within the day.
const COUNT: Sql = sql("\
    INSERT INTO upload_counts AS c (user_id, kind, since, uploads) VALUES ($1, $2, $3, 1) \
    ON CONFLICT (user_id, kind) DO UPDATE SET \
    uploads = CASE WHEN c.since <= $4 THEN 1 ELSE c.uploads + 1 END, \
    since = CASE WHEN c.since <= $4 THEN $3 ELSE c.since END \
    WHERE c.since <= $4 OR c.uploads < $5");

const COUNTED_SINCE: Sql = sql("SELECT since FROM upload_counts WHERE user_id = $1 AND kind = $2");

/// Something that was uploaded.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FileRecord {
    /// What it is called.
    pub name: FileName,
    /// Whose it is.
    pub owner: UserId,
    /// What its bytes are.
    pub media_type: MediaType,
    /// How many there are.
    pub size_bytes: u64,
    /// When it was uploaded.
    pub created_at: Time,
}

impl Database {
    /// A file's row.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn file(&self, id: FileId) -> Result<Option<FileRecord>, Unavailable> {
        let row = self.row(ONE, args![id.uuid()]).await?;
        Ok(row.as_ref().map(record).transpose()?)
    }

    /// Which of some files have a row.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn known_files(&self, names: &[FileName]) -> Result<BTreeSet<FileId>, Unavailable> {
        let ids = rows(names.iter().map(|name| json!({ "id": hex(name.id.uuid()) })));
        let found = self.rows(KNOWN, vec![ids]).await?;
        Ok(each(&found, |row| Ok(FileId::from(row.get::<Uuid>("id")?)))?.into_iter().collect())
    }

    /// Gives a person the picture of a file, which is at `url`, or takes their picture away; answers with the
    /// files that are to be removed, or nothing when there is no such person any more.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn set_avatar(
        &self,
        owner: UserId,
        picture: Option<(FileRecord, String)>,
        now: Time,
    ) -> Result<Option<Vec<FileName>>, Unavailable> {
        let work = self.write(move |conn| {
            let picture = picture.clone();
            Box::pin(async move {
                let url = picture.as_ref().map(|(_, url)| url.clone());
                // First, because it locks the person: of two pictures at once one comes after the other.
                if conn.execute(SET_AVATAR, args![owner.uuid(), url, now.ms()]).await? == 0 {
                    return Ok(None);
                }
                let gone = each(&conn.all(REMOVE_AVATAR, args![owner.uuid()]).await?, name)?;
                if let Some((record, _)) = &picture {
                    add(conn, record).await?;
                }
                Ok(Some(gone))
            })
        });
        Ok(work.await?)
    }

    /// Attaches the photograph of a file to a request; answers whether it had none.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn add_photo(&self, photo: FileRecord, request: RequestId) -> Result<bool, Unavailable> {
        let mut values = values(&photo);
        values.extend(args![request.uuid()]);
        match self.execute(ADD_PHOTO, values).await {
            Ok(_) => Ok(true),
            Err(Failure::Conflict) => Ok(false),
            Err(failure) => Err(failure.into()),
        }
    }

    /// Keeps the row of a picture that is in its place.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn add_picture(&self, picture: FileRecord) -> Result<(), Unavailable> {
        self.execute(ADD, values(&picture)).await?;
        Ok(())
    }

    /// Forgets pictures from before `before` that nothing shows, at most `limit`; answers with the files that
    /// are to be removed.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn forget_pictures(&self, before: Time, limit: u32) -> Result<Vec<FileName>, Unavailable> {
        let work = self.write(move |conn| {
            Box::pin(async move { each(&conn.all(FORGET_PICTURES, args![before.ms(), limit]).await?, name) })
        });
        Ok(work.await?)
    }

    /// The photograph that is attached to a request.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn photo_of(&self, request: RequestId) -> Result<Option<FileRecord>, Unavailable> {
        let row = self.row(PHOTO_OF, args![request.uuid()]).await?;
        Ok(row.as_ref().map(record).transpose()?)
    }

    /// Forgets photographs from before `before`; answers with the files that are to be removed.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn forget_photos(&self, before: Time) -> Result<Vec<FileName>, Unavailable> {
        let work = self.write(move |conn| {
            Box::pin(async move { each(&conn.all(FORGET_PHOTOS, args![before.ms()]).await?, name) })
        });
        Ok(work.await?)
    }

    /// Counts an upload before it is looked at, at most `most` within `span` from the first one. `Err` says
    /// when the next one may come.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn count_upload(
        &self,
        user: UserId,
        kind: FileKind,
        most: u32,
        span: Span,
        now: Time,
    ) -> Result<Result<(), Time>, Unavailable> {
        let values = args![user.uuid(), kind.word(), now.ms(), (now - span).ms(), most];
        if self.execute(COUNT, values).await? == 1 {
            return Ok(Ok(()));
        }
        let row = self.row(COUNTED_SINCE, args![user.uuid(), kind.word()]).await?;
        let since = row.map(|row| row.time("since")).transpose()?;
        Ok(Err(since.unwrap_or(now) + span))
    }

    /// Forgets counts that began before `before`; answers how many.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn prune_upload_counts(&self, before: Time) -> Result<u64, Unavailable> {
        Ok(self.execute(sql("DELETE FROM upload_counts WHERE since <= $1"), args![before.ms()]).await?)
    }
}

/// Adds the row of a file that is in its place.
pub(in crate::store) async fn add(conn: &mut Conn, file: &FileRecord) -> Result<(), Failure> {
    conn.execute(ADD, values(file)).await?;
    Ok(())
}

fn values(file: &FileRecord) -> Vec<Value> {
    let FileRecord { name, owner, media_type, size_bytes, created_at } = *file;
    let size = i64::try_from(size_bytes).unwrap_or(i64::MAX);
    args![name.id.uuid(), name.kind.word(), owner.uuid(), media_type.word(), size, created_at.ms()]
}

/// Removes the rows of everything that somebody has uploaded, and what was decided about it; answers with the
/// files that are to be removed.
pub(in crate::store) async fn remove_of(conn: &mut Conn, owner: UserId) -> Result<Vec<FileName>, Failure> {
    conn.execute(REMOVE_DOCUMENTS, args![owner.uuid()]).await?;
    each(&conn.all(REMOVE_OF_OWNER, args![owner.uuid()]).await?, name)
}

pub(in crate::store) fn name(row: &Row) -> Result<FileName, Failure> {
    let word = row.text("kind")?;
    let kind =
        FileKind::from_word(&word).ok_or_else(|| Failure::Broken(format!("unknown file: {word:?}")))?;
    Ok(FileName { kind, id: FileId::from(row.get::<Uuid>("id")?) })
}

fn record(row: &Row) -> Result<FileRecord, Failure> {
    let word = row.text("media_type")?;
    let media_type = MediaType::from_word(&word);
    Ok(FileRecord {
        name: name(row)?,
        owner: row.user("owner")?,
        media_type: media_type.ok_or_else(|| Failure::Broken(format!("unknown media type: {word:?}")))?,
        size_bytes: row.number("size_bytes")?,
        created_at: row.time("created_at")?,
    })
}
