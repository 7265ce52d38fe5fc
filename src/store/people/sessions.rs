//! Sign-ins on devices, and how they end.

use peerpack_actors::ids::UserId;
use peerpack_actors::ports::Unavailable;
use peerpack_actors::time::Time;
use uuid::Uuid;

use super::tokens;
use crate::auth::Role;
use crate::store::failure::Failure;
use crate::store::sql::{Conn, Row, Sql, Value, args, each, sql};
use crate::store::{Database, RefreshToken};

const OPEN: Sql = sql("\
    INSERT INTO sessions (id, user_id, device, created_at, last_seen_at) VALUES ($1, $2, $3, $4, $4)");

// Locks the person's row: a ban that comes at the same moment sees this session, or this sees the ban.
const ADMIT: Sql = sql("\
    UPDATE users SET blocked_at = blocked_at \
    WHERE id = $1 AND role = $2 AND blocked_at IS NULL AND deleted_at IS NULL");

const OF_USER: Sql = sql("\
    SELECT id, user_id, device, created_at, last_seen_at FROM sessions AS s \
    WHERE user_id = $1 AND revoked_at IS NULL AND EXISTS ( \
        SELECT 1 FROM refresh_tokens AS t WHERE t.family = s.id AND t.revoked = 0 AND t.expires_at > $2) \
    ORDER BY last_seen_at DESC LIMIT 100");

const REVOKED: Sql = sql("\
    SELECT s.id, s.user_id, s.revoked_at, u.blocked_at \
    FROM sessions AS s LEFT JOIN users AS u ON u.id = s.user_id \
    WHERE s.revoked_at >= $1 ORDER BY s.revoked_at");

const REVOKE: Sql = sql("\
    UPDATE sessions SET revoked_at = $2 WHERE id = $1 AND user_id = $3 AND revoked_at IS NULL");
const REVOKE_TOKENS: Sql =
    sql("UPDATE refresh_tokens SET revoked = 1 WHERE family = $1 AND user_id = $2 AND revoked = 0");
const REVOKE_ALL: Sql = sql("UPDATE sessions SET revoked_at = $2 WHERE user_id = $1 AND revoked_at IS NULL");
const REVOKE_ALL_TOKENS: Sql =
    sql("UPDATE refresh_tokens SET revoked = 1 WHERE user_id = $1 AND revoked = 0");

/// A sign-in on a device.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Session {
    /// The family of its refresh tokens.
    pub id: Uuid,
    /// Whose it is.
    pub user: UserId,
    /// What the device calls itself.
    pub device: String,
    /// When it began.
    pub created_at: Time,
    /// When its tokens were last refreshed.
    pub last_seen_at: Time,
}

/// A session that was ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RevokedSession {
    /// The session that was ended.
    pub id: Uuid,
    /// Whose it was.
    pub user: UserId,
    /// When it was ended.
    pub at: Time,
    /// Whether the user is banned now.
    pub is_banned: bool,
}

impl Database {
    /// Begins a session with its first refresh token, unless the person has been shut out, deleted or given
    /// another role since the caller looked; answers whether it did.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn open_session(
        &self,
        token: RefreshToken,
        role: Role,
        device: String,
    ) -> Result<bool, Unavailable> {
        let work = self.write(move |conn| {
            let (token, device) = (token.clone(), device.clone());
            Box::pin(async move {
                let (user, created) = (token.user.uuid(), token.created_at.ms());
                if conn.execute(ADMIT, args![user, role.word()]).await? != 1 {
                    return Ok(false);
                }
                conn.execute(OPEN, args![token.family, user, device, created]).await?;
                tokens::add(conn, &token).await?;
                Ok(true)
            })
        });
        Ok(work.await?)
    }

    /// A user's sessions that are still open, latest first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn sessions(&self, user: UserId, now: Time) -> Result<Vec<Session>, Unavailable> {
        Ok(each(&self.rows(OF_USER, args![user.uuid(), now.ms()]).await?, session)?)
    }

    /// Ends one session of a user; answers whether it was open.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn revoke_session(&self, user: UserId, id: Uuid, now: Time) -> Result<bool, Unavailable> {
        let work = self.write(move |conn| {
            Box::pin(async move {
                conn.execute(REVOKE_TOKENS, args![id, user.uuid()]).await?;
                Ok(conn.execute(REVOKE, args![id, now.ms(), user.uuid()]).await? == 1)
            })
        });
        Ok(work.await?)
    }

    /// Ends every session of a user.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn revoke_sessions(&self, user: UserId, now: Time) -> Result<(), Unavailable> {
        Ok(self.write(move |conn| Box::pin(revoke_all(conn, user, now))).await?)
    }

    /// Sessions that were ended at or after `since`.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn revoked_sessions(&self, since: Time) -> Result<Vec<RevokedSession>, Unavailable> {
        Ok(each(&self.rows(REVOKED, args![since.ms()]).await?, |row| {
            Ok(RevokedSession {
                id: row.get("id")?,
                user: row.user("user_id")?,
                at: row.time("revoked_at")?,
                is_banned: row.optional_time("blocked_at")?.is_some(),
            })
        })?)
    }
}

/// Ends every session of a user, inside another piece of work.
pub(in crate::store) async fn revoke_all(conn: &mut Conn, user: UserId, now: Time) -> Result<(), Failure> {
    let user = Value::from(user.uuid());
    conn.execute(REVOKE_ALL_TOKENS, vec![user.clone()]).await?;
    conn.execute(REVOKE_ALL, vec![user, now.ms().into()]).await?;
    Ok(())
}

fn session(row: &Row) -> Result<Session, Failure> {
    Ok(Session {
        id: row.get("id")?,
        user: row.user("user_id")?,
        device: row.text("device")?,
        created_at: row.time("created_at")?,
        last_seen_at: row.time("last_seen_at")?,
    })
}
