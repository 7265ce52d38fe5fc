//! The board: posts, who objects to them, what operators decide.

use peerpack_actors::ids::{FileId, PackageId, PostId, TripId, UserId};
use peerpack_actors::place::PlaceId;
use peerpack_actors::ports::{CommitError, Unavailable};
use peerpack_actors::rejection::Rejection;
use peerpack_actors::talk::post::{Content, MAX_OF_ONE, Post, PostState, Tie};
use peerpack_actors::time::Time;
use uuid::Uuid;

use crate::store::Database;
use crate::store::failure::Failure;
use crate::store::sql::{Conn, Row, Sql, args, each, locking, sql};

macro_rules! post_columns {
    () => {
        "SELECT p.id, p.author, p.content, p.from_place, p.to_place, p.trip_id, p.package_id, p.picture, p.state, \
         p.reason, p.version, p.created_at, p.updated_at, u.name, u.avatar \
         FROM posts AS p JOIN users AS u ON u.id = p.author "
    };
}

const ONE: Sql = sql(concat!(post_columns!(), "WHERE p.id = $1"));
const NEWEST: Sql =
    sql(concat!(post_columns!(), "WHERE p.state = 'shown' AND p.id < $1 ORDER BY p.id DESC LIMIT $2"));
const OF_AUTHOR: Sql = sql(concat!(
    post_columns!(),
    "WHERE p.author = $1 AND p.state <> 'deleted' AND p.id < $2 ORDER BY p.id DESC LIMIT $3"
));
const CHANGED: Sql =
    sql("SELECT id, version FROM posts WHERE updated_at >= $1 ORDER BY updated_at, id LIMIT $2");

// One person's posts are added one after the other, so that they are counted right.
const AUTHOR: Sql = locking!(
    "SELECT id FROM users WHERE id = $1 AND deleted_at IS NULL AND blocked_at IS NULL",
    "FOR NO KEY UPDATE"
);
const STANDING: Sql = sql("SELECT count(*) AS standing FROM posts WHERE author = $1 AND state = 'shown'");
const OWN_TRIP: Sql = sql("SELECT 1 AS one FROM trips WHERE id = $1 AND courier = $2");
const OWN_PACKAGE: Sql = sql("SELECT 1 AS one FROM packages WHERE id = $1 AND sender = $2");
const OWN_PICTURE: Sql =
    sql("SELECT 1 AS one FROM files WHERE id = $1 AND owner = $2 AND kind = 'post_picture'");
const ADD: Sql = sql("\
    INSERT INTO posts (id, author, content, from_place, to_place, trip_id, package_id, picture, state, version, \
    created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'shown', 1, $9, $9)");
const EDIT: Sql = sql("\
    UPDATE posts SET content = $3, from_place = $4, to_place = $5, trip_id = $6, package_id = $7, \
    version = version + 1, updated_at = $8 \
    WHERE id = $1 AND author = $2 AND state = 'shown' AND (CAST($9 AS BIGINT) IS NULL OR version = $9)");
const DELETE: Sql = sql("\
    UPDATE posts SET state = 'deleted', reason = NULL, hidden_by = NULL, version = version + 1, updated_at = $3 \
    WHERE id = $1 AND author = $2 AND state <> 'deleted'");
const DELETE_ALL: Sql = sql("\
    UPDATE posts SET state = 'deleted', content = '', picture = NULL, reason = NULL, hidden_by = NULL, \
    version = version + 1, updated_at = $2 WHERE author = $1 AND (state <> 'deleted' OR content <> '')");
const HIDE: Sql = sql("\
    UPDATE posts SET state = 'hidden', reason = $2, hidden_by = $3, version = version + 1, updated_at = $4 \
    WHERE id = $1 AND state = 'shown'");
const SHOW: Sql = sql("\
    UPDATE posts SET state = 'shown', reason = NULL, hidden_by = NULL, version = version + 1, updated_at = $2 \
    WHERE id = $1 AND state = 'hidden'");
const SETTLE: Sql = sql("UPDATE post_reports SET decided_at = $2 WHERE post_id = $1 AND decided_at IS NULL");

const REPORT: Sql = sql("\
    INSERT INTO post_reports (post_id, reporter, reason, evidence, created_at) \
    SELECT p.id, $2, $3, p.content, $4 FROM posts AS p WHERE p.id = $1 AND p.state = 'shown' \
    ON CONFLICT (post_id, reporter) DO NOTHING");
const REPORTED: Sql = sql("\
    SELECT post_id, count(*) AS reports, min(created_at) AS first_at FROM post_reports \
    WHERE decided_at IS NULL AND post_id > $1 GROUP BY post_id ORDER BY post_id LIMIT $2");
const REASONS: Sql = sql("\
    SELECT reporter, reason, evidence, created_at FROM post_reports \
    WHERE post_id = $1 AND decided_at IS NULL ORDER BY created_at, reporter LIMIT 20");
const WITH_PICTURE: Sql = sql("SELECT id FROM posts WHERE picture = $1");

/// A post that somebody wants to put up.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewPost {
    /// Under this id.
    pub id: PostId,
    /// The author, who wants to put it up.
    pub author: UserId,
    /// What it says.
    pub content: Content,
    /// Shown beside it.
    pub picture: Option<FileId>,
}

/// Which posts are read from the store.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BoardQuery {
    /// What everybody sees, newest first, from behind a post.
    Shown(Option<PostId>),
    /// What somebody has put up, also what was taken down.
    Of(UserId, Option<PostId>),
}

/// A post to which somebody objects.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PostReport {
    /// The post as it is now.
    pub post: Post,
    /// How many people object.
    pub reports: u64,
    /// The first of them: who, why, and what the post said then.
    pub reasons: Vec<(UserId, String, String, Time)>,
}

impl Database {
    /// Puts a post up.
    ///
    /// # Errors
    /// What it names is not the author's, the author has too many, or the database does not answer.
    pub async fn add_post(&self, new: NewPost, now: Time) -> Result<Post, CommitError> {
        let work = self.write(move |conn| {
            let new = new.clone();
            Box::pin(async move {
                if conn.optional(AUTHOR, args![new.author.uuid()]).await?.is_none() {
                    return Err(Failure::Refused(Rejection::PartyGone));
                }
                let standing = conn.one(STANDING, args![new.author.uuid()]).await?;
                if standing.number::<u32>("standing")? >= MAX_OF_ONE {
                    return Err(Failure::Refused(Rejection::TooManyPosts(MAX_OF_ONE)));
                }
                check(conn, new.author, new.content.tie, new.picture).await?;
                let mut values = args![new.id.uuid(), new.author.uuid()];
                values.extend(columns(&new.content));
                values.extend(args![new.picture.map(FileId::uuid), now.ms()]);
                conn.execute(ADD, values).await?;
                post(&conn.one(ONE, args![new.id.uuid()]).await?)
            })
        });
        Ok(work.await?)
    }

    /// Changes what one's post says, if it is still of the version `seen`; nothing if there is no such post
    /// of one's own that stands.
    ///
    /// # Errors
    /// `Stale`, what it names is not the author's, or the database does not answer.
    pub async fn edit_post(
        &self,
        id: PostId,
        by: UserId,
        content: Content,
        seen: Option<i64>,
        now: Time,
    ) -> Result<Option<Post>, CommitError> {
        let work = self.write(move |conn| {
            let content = content.clone();
            Box::pin(async move {
                check(conn, by, content.tie, None).await?;
                let mut values = args![id.uuid(), by.uuid()];
                values.extend(columns(&content));
                values.extend(args![now.ms(), seen]);
                let changed = conn.execute(EDIT, values).await?;
                let row = conn.optional(ONE, args![id.uuid()]).await?;
                let found = row.as_ref().map(post).transpose()?;
                let found = found.filter(|post| post.author == by && post.state == PostState::Shown);
                if changed == 0 && found.is_some() {
                    return Err(Failure::Refused(Rejection::Stale));
                }
                Ok(found)
            })
        });
        Ok(work.await?)
    }

    /// Takes one's post away; answers with the post as it is then.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn delete_post(&self, id: PostId, by: UserId, now: Time) -> Result<Option<Post>, Unavailable> {
        let work = self.write(move |conn| {
            Box::pin(async move {
                conn.execute(DELETE, args![id.uuid(), by.uuid(), now.ms()]).await?;
                let row = conn.optional(ONE, args![id.uuid()]).await?;
                Ok(row.as_ref().map(post).transpose()?.filter(|post| post.author == by))
            })
        });
        Ok(work.await?)
    }

    /// Takes a post down for a reason, or puts it up again without one; what was said against it is settled.
    /// Answers with the post as it is then.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn moderate_post(
        &self,
        id: PostId,
        reason: Option<String>,
        by: UserId,
        now: Time,
    ) -> Result<Option<Post>, Unavailable> {
        let work = self.write(move |conn| {
            let reason = reason.clone();
            Box::pin(async move {
                match reason {
                    Some(reason) => conn.execute(HIDE, args![id.uuid(), reason, by.uuid(), now.ms()]).await?,
                    None => conn.execute(SHOW, args![id.uuid(), now.ms()]).await?,
                };
                conn.execute(SETTLE, args![id.uuid(), now.ms()]).await?;
                let row = conn.optional(ONE, args![id.uuid()]).await?;
                row.as_ref().map(post).transpose()
            })
        });
        Ok(work.await?)
    }

    /// Notes that somebody objects to a post, once; answers whether the post stands.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn report_post(
        &self,
        id: PostId,
        by: UserId,
        reason: String,
        now: Time,
    ) -> Result<bool, Unavailable> {
        if self.execute(REPORT, args![id.uuid(), by.uuid(), reason, now.ms()]).await? == 1 {
            return Ok(true);
        }
        Ok(self.post(id).await?.is_some_and(|post| post.state == PostState::Shown))
    }

    /// Posts to which somebody objects, oldest first, from behind `after`.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn reported_posts(
        &self,
        after: Option<PostId>,
        limit: u32,
    ) -> Result<Vec<PostReport>, Unavailable> {
        let after = after.map_or(Uuid::nil(), PostId::uuid);
        let work = self.snapshot(move |conn| {
            Box::pin(async move {
                let mut found = Vec::new();
                for row in conn.all(REPORTED, args![after, limit]).await? {
                    let id: Uuid = row.get("post_id")?;
                    let post = post(&conn.one(ONE, args![id]).await?)?;
                    let reasons = each(&conn.all(REASONS, args![id]).await?, |row| {
                        Ok((
                            row.user("reporter")?,
                            row.text("reason")?,
                            row.text("evidence")?,
                            row.time("created_at")?,
                        ))
                    })?;
                    found.push(PostReport { post, reports: row.number("reports")?, reasons });
                }
                Ok(found)
            })
        });
        Ok(work.await?)
    }

    /// A post, whatever became of it.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn post(&self, id: PostId) -> Result<Option<Post>, Unavailable> {
        Ok(self.row(ONE, args![id.uuid()]).await?.as_ref().map(post).transpose()?)
    }

    /// Posts, newest first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn posts(&self, query: BoardQuery, limit: u32) -> Result<Vec<Post>, Unavailable> {
        let from = |after: Option<PostId>| after.map_or(Uuid::max(), PostId::uuid);
        let found = match query {
            BoardQuery::Shown(after) => self.rows(NEWEST, args![from(after), limit]).await?,
            BoardQuery::Of(author, after) => {
                self.rows(OF_AUTHOR, args![author.uuid(), from(after), limit]).await?
            }
        };
        Ok(each(&found, post)?)
    }

    /// Posts that changed at or after `since`, with their versions, oldest change first, at most `limit`.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn changed_posts(&self, since: Time, limit: u32) -> Result<Vec<(Uuid, i64)>, Unavailable> {
        let found = self.rows(CHANGED, args![since.ms(), limit]).await?;
        Ok(each(&found, |row| Ok((row.get("id")?, row.get("version")?)))?)
    }

    /// The post that shows a picture.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn post_with(&self, picture: FileId) -> Result<Option<PostId>, Unavailable> {
        let row = self.row(WITH_PICTURE, args![picture.uuid()]).await?;
        Ok(row.map(|row| row.get::<Uuid>("id").map(PostId::from)).transpose()?)
    }
}

/// Takes everything away that somebody has put up.
pub(in crate::store) async fn delete_of(conn: &mut Conn, author: UserId, now: Time) -> Result<(), Failure> {
    conn.execute(DELETE_ALL, args![author.uuid(), now.ms()]).await?;
    Ok(())
}

async fn check(
    conn: &mut Conn,
    by: UserId,
    tie: Option<Tie>,
    picture: Option<FileId>,
) -> Result<(), Failure> {
    let refused = |field, reason| Failure::Refused(Rejection::Invalid { field, reason });
    let (own, field) = match tie {
        Some(Tie::Trip(id)) => {
            (conn.optional(OWN_TRIP, args![id.uuid(), by.uuid()]).await?.is_some(), "trip_id")
        }
        Some(Tie::Package(id)) => {
            (conn.optional(OWN_PACKAGE, args![id.uuid(), by.uuid()]).await?.is_some(), "package_id")
        }
        None => (true, ""),
    };
    if !own {
        return Err(refused(field, "is none of yours"));
    }
    if let Some(picture) = picture
        && conn.optional(OWN_PICTURE, args![picture.uuid(), by.uuid()]).await?.is_none()
    {
        return Err(refused("picture_id", "is no picture of yours"));
    }
    Ok(())
}

fn columns(content: &Content) -> Vec<crate::store::sql::Value> {
    let Content { text, from, to, tie } = content;
    let place = |place: &Option<PlaceId>| place.map(|place| i64::from(place.0));
    let (trip, package) = match tie {
        Some(Tie::Trip(id)) => (Some(id.uuid()), None),
        Some(Tie::Package(id)) => (None, Some(id.uuid())),
        None => (None, None),
    };
    args![text.as_str(), place(from), place(to), trip, package]
}

fn post(row: &Row) -> Result<Post, Failure> {
    let place = |column| -> Result<Option<PlaceId>, Failure> {
        let number = row.get::<Option<i64>>(column)?;
        let whole = |number| u32::try_from(number).map(PlaceId);
        number.map(whole).transpose().map_err(|_| Failure::Broken("a place out of range".to_owned()))
    };
    let (word, reason) = (row.text("state")?, row.get::<Option<String>>("reason")?);
    let state = match (word.as_str(), reason) {
        ("shown", None) => PostState::Shown,
        ("hidden", Some(reason)) => PostState::Hidden { reason },
        ("deleted", None) => PostState::Deleted,
        _ => return Err(Failure::Broken(format!("unknown state of a post: {word:?}"))),
    };
    let trip = row.get::<Option<Uuid>>("trip_id")?.map(|id| Tie::Trip(TripId::from(id)));
    let package = row.get::<Option<Uuid>>("package_id")?.map(|id| Tie::Package(PackageId::from(id)));
    Ok(Post {
        id: row.get::<Uuid>("id")?.into(),
        author: row.user("author")?,
        author_name: row.text("name")?,
        author_avatar: row.get("avatar")?,
        content: Content {
            text: row.text("content")?,
            from: place("from_place")?,
            to: place("to_place")?,
            tie: trip.or(package),
        },
        picture: row.get::<Option<Uuid>>("picture")?.map(FileId::from),
        state,
        version: row.get("version")?,
        created_at: row.time("created_at")?,
        updated_at: row.time("updated_at")?,
    })
}
