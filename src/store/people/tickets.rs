//! Tickets for sockets: each stands for an access token, once. Only hashes are kept.

use peerpack_actors::ids::UserId;
use peerpack_actors::ports::Unavailable;
use peerpack_actors::time::Time;
use uuid::Uuid;

use crate::auth::Role;
use crate::store::Database;
use crate::store::sql::{Sql, args, sql};

const ADD: Sql = sql("\
    INSERT INTO ws_tickets (hash, user_id, role, token_id, session_id, issued_at, token_expires_at, expires_at) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)");

// Only one of two redemptions at the same moment finds the row.
const REDEEM: Sql = sql("\
    DELETE FROM ws_tickets WHERE hash = $1 AND expires_at > $2 \
    RETURNING user_id, role, token_id, session_id, issued_at, token_expires_at");

const LOOK: Sql = sql("SELECT expires_at FROM ws_tickets WHERE hash = $1 AND expires_at > $2");

const FORGET: Sql = sql("DELETE FROM ws_tickets WHERE expires_at <= $1");

/// What a ticket stands for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Ticket {
    /// Whose it is.
    pub user: UserId,
    /// What they may do.
    pub role: Role,
    /// The access token's id.
    pub token: Uuid,
    /// The session it belongs to.
    pub session: Uuid,
    /// From when the token is.
    pub issued_at: Time,
    /// Until when the token is good.
    pub token_expires_at: Time,
}

impl Database {
    /// Keeps a ticket until `expires_at`. Forgets those that are over at `now`.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn add_ticket(
        &self,
        hash: String,
        ticket: Ticket,
        expires_at: Time,
        now: Time,
    ) -> Result<(), Unavailable> {
        let Ticket { user, role, token, session, issued_at, token_expires_at } = ticket;
        let work = self.write(move |conn| {
            let values = args![
                hash.as_str(),
                user.uuid(),
                role.word(),
                token,
                session,
                issued_at.ms(),
                token_expires_at.ms(),
                expires_at.ms()
            ];
            Box::pin(async move {
                conn.execute(FORGET, args![now.ms()]).await?;
                conn.execute(ADD, values).await?;
                Ok(())
            })
        });
        Ok(work.await?)
    }

    /// Whether there is such a ticket. Changes nothing.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn has_ticket(&self, hash: String, now: Time) -> Result<bool, Unavailable> {
        Ok(self.row(LOOK, args![hash, now.ms()]).await?.is_some())
    }

    /// Uses a ticket up; `None` when there is none, or not any more.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn redeem_ticket(&self, hash: String, now: Time) -> Result<Option<Ticket>, Unavailable> {
        let work = self.write(move |conn| {
            let values = args![hash.as_str(), now.ms()];
            Box::pin(async move {
                let Some(row) = conn.optional(REDEEM, values).await? else { return Ok(None) };
                Ok(Some(Ticket {
                    user: row.user("user_id")?,
                    role: Role::from_word(&row.text("role")?).unwrap_or_default(),
                    token: row.get("token_id")?,
                    session: row.get("session_id")?,
                    issued_at: row.time("issued_at")?,
                    token_expires_at: row.time("token_expires_at")?,
                }))
            })
        });
        Ok(work.await?)
    }
}
