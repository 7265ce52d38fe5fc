//! Links that sign an operator in, once: made by anybody who has the server's shell. Only hashes are kept.

use peerpack_actors::ids::UserId;
use peerpack_actors::ports::Unavailable;
use peerpack_actors::time::Time;

use crate::store::Database;
use crate::store::sql::{Sql, args, sql};

const ADD: Sql = sql("\
    INSERT INTO sign_in_links (hash, user_id, created_at, expires_at) SELECT $1, u.id, $3, $4 FROM users AS u \
    WHERE u.id = $2 AND u.role <> 'user' AND u.deleted_at IS NULL AND u.blocked_at IS NULL");
const LOOK: Sql = sql("\
    SELECT user_id FROM sign_in_links WHERE hash = $1 AND used_at IS NULL AND expires_at > $2");
const USE: Sql = sql("\
    UPDATE sign_in_links SET used_at = $2 WHERE hash = $1 AND used_at IS NULL AND expires_at > $2");

impl Database {
    /// Keeps the hash of a link for an operator; answers whether there is such an operator.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn add_sign_in_link(
        &self,
        hash: String,
        operator: UserId,
        expires_at: Time,
        now: Time,
    ) -> Result<bool, Unavailable> {
        Ok(self.execute(ADD, args![hash, operator.uuid(), now.ms(), expires_at.ms()]).await? == 1)
    }

    /// Whom a link signs in, if it is good. Looking does not use it up.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn operator_of_link(&self, hash: String, now: Time) -> Result<Option<UserId>, Unavailable> {
        let row = self.row(LOOK, args![hash, now.ms()]).await?;
        Ok(row.map(|row| row.user("user_id")).transpose()?)
    }

    /// Uses a link up; answers whether it was good.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn use_sign_in_link(&self, hash: String, now: Time) -> Result<bool, Unavailable> {
        Ok(self.execute(USE, args![hash, now.ms()]).await? == 1)
    }
}
