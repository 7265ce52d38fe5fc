//! Second factors of operators: what an authenticator's secret follows from, recovery codes, sessions that
//! have shown one.

use peerpack_actors::ids::UserId;
use peerpack_actors::ports::Unavailable;
use peerpack_actors::time::Time;
use uuid::Uuid;

use super::sessions::revoke_all;
use crate::store::Database;
use crate::store::failure::Failure;
use crate::store::sql::{Conn, Sql, args, sql};

// A confirmed one is not replaced: it has to be removed first, by anybody who can show it.
const BEGIN: Sql = sql("\
    INSERT INTO second_factors AS f (user_id, nonce, created_at) VALUES ($1, $2, $3) \
    ON CONFLICT (user_id) DO UPDATE SET nonce = excluded.nonce, created_at = excluded.created_at, last_step = 0 \
    WHERE f.confirmed_at IS NULL");
const ADD_RECOVERY: Sql = sql("INSERT INTO recovery_codes (user_id, hash) VALUES ($1, $2)");
const OF_USER: Sql = sql("SELECT nonce, confirmed_at FROM second_factors WHERE user_id = $1");
const ACCEPT_STEP: Sql = sql("\
    UPDATE second_factors SET last_step = $2, confirmed_at = COALESCE(confirmed_at, $3) \
    WHERE user_id = $1 AND last_step < $2");
const USE_RECOVERY: Sql = sql("\
    UPDATE recovery_codes SET used_at = $3 WHERE user_id = $1 AND hash = $2 AND used_at IS NULL \
    AND EXISTS (SELECT 1 FROM second_factors AS f WHERE f.user_id = $1 AND f.confirmed_at IS NOT NULL)");
const FORGET_RECOVERY: Sql = sql("DELETE FROM recovery_codes WHERE user_id = $1");
const FORGET: Sql = sql("DELETE FROM second_factors WHERE user_id = $1");

const LIFT: Sql =
    sql("UPDATE sessions SET factor_at = $3 WHERE id = $1 AND user_id = $2 AND revoked_at IS NULL");
const IS_LIFTED: Sql = sql("SELECT 1 AS one FROM sessions WHERE id = $1 AND factor_at IS NOT NULL");

const USE_INIT_DATA: Sql =
    sql("INSERT INTO used_init_data (digest, expires_at) VALUES ($1, $2) ON CONFLICT (digest) DO NOTHING");

/// A second factor as it is kept.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SecondFactor {
    /// What the secret is derived from.
    pub nonce: String,
    /// Whether a right code was shown once.
    pub is_confirmed: bool,
}

impl Database {
    /// Keeps what a second factor follows from, and the hashes of its recovery codes; answers whether there
    /// was no confirmed one.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn begin_second_factor(
        &self,
        user: UserId,
        nonce: String,
        recovery: Vec<String>,
        now: Time,
    ) -> Result<bool, Unavailable> {
        let work = self.write(move |conn| {
            let (nonce, recovery) = (nonce.clone(), recovery.clone());
            Box::pin(async move {
                if conn.execute(BEGIN, args![user.uuid(), nonce, now.ms()]).await? != 1 {
                    return Ok(false);
                }
                conn.execute(FORGET_RECOVERY, args![user.uuid()]).await?;
                for hash in recovery {
                    conn.execute(ADD_RECOVERY, args![user.uuid(), hash]).await?;
                }
                Ok(true)
            })
        });
        Ok(work.await?)
    }

    /// The second factor of a user, if they have one or have begun to set one up.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn second_factor(&self, user: UserId) -> Result<Option<SecondFactor>, Unavailable> {
        let Some(row) = self.row(OF_USER, args![user.uuid()]).await? else { return Ok(None) };
        let is_confirmed = row.optional_time("confirmed_at")?.is_some();
        Ok(Some(SecondFactor { nonce: row.text("nonce")?, is_confirmed }))
    }

    /// Uses up the code of a time step, and all before it; answers whether it was still good. The first one
    /// confirms the factor.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn accept_step(&self, user: UserId, step: i64, now: Time) -> Result<bool, Unavailable> {
        Ok(self.execute(ACCEPT_STEP, args![user.uuid(), step, now.ms()]).await? == 1)
    }

    /// Uses a recovery code of a confirmed factor up; answers whether it was good.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn use_recovery_code(
        &self,
        user: UserId,
        hash: String,
        now: Time,
    ) -> Result<bool, Unavailable> {
        Ok(self.execute(USE_RECOVERY, args![user.uuid(), hash, now.ms()]).await? == 1)
    }

    /// Forgets the factor of a user and ends their sessions; answers whether there was one.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn remove_second_factor(&self, user: UserId, now: Time) -> Result<bool, Unavailable> {
        let work = self.write(move |conn| Box::pin(async move { remove(conn, user, now).await }));
        Ok(work.await?)
    }

    /// Notes that the second factor was shown in a session; answers whether the session is open.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn lift_session(&self, session: Uuid, user: UserId, now: Time) -> Result<bool, Unavailable> {
        Ok(self.execute(LIFT, args![session, user.uuid(), now.ms()]).await? == 1)
    }

    /// Whether the second factor was shown in a session.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn is_lifted(&self, session: Uuid) -> Result<bool, Unavailable> {
        Ok(self.row(IS_LIFTED, args![session]).await?.is_some())
    }

    /// Uses init data up; answers whether it was not used before.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn use_init_data(&self, digest: String, expires_at: Time) -> Result<bool, Unavailable> {
        Ok(self.execute(USE_INIT_DATA, args![digest, expires_at.ms()]).await? == 1)
    }

    /// Forgets init data that is too old anyway; answers how many.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn prune_init_data(&self, now: Time) -> Result<u64, Unavailable> {
        Ok(self.execute(sql("DELETE FROM used_init_data WHERE expires_at < $1"), args![now.ms()]).await?)
    }
}

/// Takes a second factor away; answers whether there was one.
pub(super) async fn remove(conn: &mut Conn, user: UserId, now: Time) -> Result<bool, Failure> {
    conn.execute(FORGET_RECOVERY, args![user.uuid()]).await?;
    let existed = conn.execute(FORGET, args![user.uuid()]).await? == 1;
    revoke_all(conn, user, now).await?;
    Ok(existed)
}
