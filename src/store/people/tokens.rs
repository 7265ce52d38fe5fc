//! Refresh tokens: each is used once, and a second use shows that somebody else has it.
//!
//! Only hashes are kept. Making tokens, hashing them and answering people is the business of `auth`.

use peerpack_actors::ids::UserId;
use peerpack_actors::ports::Unavailable;
use peerpack_actors::time::{Span, Time};
use uuid::Uuid;

use crate::store::Database;
use crate::store::failure::Failure;
use crate::store::sql::{Conn, Sql, args, sql};

const ADD: Sql = sql(
    "INSERT INTO refresh_tokens (hash, family, user_id, created_at, expires_at) VALUES ($1, $2, $3, $4, $5)",
);

// Only one of two calls at the same moment gets through here.
const USE: Sql = sql("\
    UPDATE refresh_tokens SET used_at = $2, successor = $3 \
    WHERE hash = $1 AND used_at IS NULL AND revoked = 0 AND expires_at > $2");

const LOOK: Sql = sql(
    "SELECT family, user_id, expires_at, used_at, successor, revoked FROM refresh_tokens WHERE hash = $1",
);

const REVOKE_FAMILY: Sql = sql("UPDATE refresh_tokens SET revoked = 1 WHERE family = $1 AND revoked = 0");

// The session is the family: its access tokens end with it.
const REVOKE_SESSION: Sql = sql("UPDATE sessions SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL");

// First of all, so that a ban waits for this, or this for the ban.
const SEEN: Sql = sql("\
    UPDATE sessions SET last_seen_at = CASE WHEN last_seen_at < $2 THEN $2 ELSE last_seen_at END \
    WHERE id = (SELECT t.family FROM refresh_tokens AS t WHERE t.hash = $1) AND revoked_at IS NULL");

const LIVE: Sql = sql("\
    SELECT user_id, family FROM refresh_tokens \
    WHERE hash = $1 AND used_at IS NULL AND revoked = 0 AND expires_at > $2");

/// A refresh token as it is kept.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RefreshToken {
    /// The hash of the token.
    pub hash: String,
    /// All tokens that came from one sign-in.
    pub family: Uuid,
    /// Whose it is.
    pub user: UserId,
    /// When it was made.
    pub created_at: Time,
    /// When it ends.
    pub expires_at: Time,
}

/// What became of an attempt to use a refresh token.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Rotation {
    /// It is replaced by its successor now, or was a moment ago by the same successor.
    Rotated {
        /// The user whose token it is.
        user: UserId,
        /// All tokens that came from one sign-in.
        family: Uuid,
    },
    /// It had been used before: the whole family is revoked.
    Reused {
        /// The user whose token it was.
        user: UserId,
    },
    /// It is unknown, over, or revoked.
    Refused,
}

impl Database {
    /// Uses a token up and keeps its successor, which ends at `expires_at`. For `grace` after that, the same
    /// token with the same successor is answered alike: the first answer may have been lost on its way.
    /// (Derive the successor from the token, so that a repeated call asks for the same one.) Any other second
    /// use revokes the family.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn rotate_refresh_token(
        &self,
        hash: String,
        successor: String,
        expires_at: Time,
        grace: Span,
        now: Time,
    ) -> Result<Rotation, Unavailable> {
        let work = self.write(move |conn| {
            let (hash, successor) = (hash.clone(), successor.clone());
            Box::pin(async move { rotate(conn, hash, successor, expires_at, grace, now).await })
        });
        Ok(work.await?)
    }
}

impl Database {
    /// Whose a refresh token is, and of which session, while it is the last one of it. It is not used up.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn live_refresh_token(
        &self,
        hash: String,
        now: Time,
    ) -> Result<Option<(UserId, Uuid)>, Unavailable> {
        let work = self.write(move |conn| {
            let hash = hash.clone();
            Box::pin(async move {
                if conn.execute(SEEN, args![hash.as_str(), now.ms()]).await? != 1 {
                    return Ok(None);
                }
                let row = conn.optional(LIVE, args![hash, now.ms()]).await?;
                row.map(|row| Ok((row.user("user_id")?, row.get("family")?))).transpose()
            })
        });
        Ok(work.await?)
    }
}

pub(in crate::store) async fn add(conn: &mut Conn, token: &RefreshToken) -> Result<(), Failure> {
    let (created, expires) = (token.created_at.ms(), token.expires_at.ms());
    conn.execute(ADD, args![token.hash.as_str(), token.family, token.user.uuid(), created, expires]).await?;
    Ok(())
}

async fn rotate(
    conn: &mut Conn,
    hash: String,
    successor: String,
    expires_at: Time,
    grace: Span,
    now: Time,
) -> Result<Rotation, Failure> {
    if conn.execute(SEEN, args![hash.as_str(), now.ms()]).await? != 1 {
        return Ok(Rotation::Refused);
    }
    let used_now = conn.execute(USE, args![hash.as_str(), now.ms(), successor.as_str()]).await? == 1;
    let Some(row) = conn.optional(LOOK, args![hash]).await? else { return Ok(Rotation::Refused) };
    let (user, family) = (row.user("user_id")?, row.get::<Uuid>("family")?);
    if used_now {
        add(conn, &RefreshToken { hash: successor, family, user, created_at: now, expires_at }).await?;
        return Ok(Rotation::Rotated { user, family });
    }
    let (Some(used_at), false) = (row.optional_time("used_at")?, row.get::<i64>("revoked")? != 0) else {
        return Ok(Rotation::Refused);
    };
    let same = row.get::<Option<String>>("successor")?.is_some_and(|first| first == successor);
    // The grace is for the token just before the newest one: once its successor was used or ended, it is
    // over.
    let next = conn.optional(LOOK, args![successor]).await?;
    let is_newest = match next {
        Some(next) => next.optional_time("used_at")?.is_none() && next.get::<i64>("revoked")? == 0,
        None => false,
    };
    if same && is_newest && now.since(used_at) <= grace {
        return Ok(Rotation::Rotated { user, family });
    }
    conn.execute(REVOKE_FAMILY, args![family]).await?;
    conn.execute(REVOKE_SESSION, args![family, now.ms()]).await?;
    Ok(Rotation::Reused { user })
}
