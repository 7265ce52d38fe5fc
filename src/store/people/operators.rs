//! Operators: who they are, the first of them, what they may do, and whom they shut out.

use peerpack_actors::ids::UserId;
use peerpack_actors::ports::Unavailable;
use peerpack_actors::time::Time;

use super::sessions::revoke_all;
use super::users::{User, user, user_columns};
use crate::auth::Role;
use crate::store::Database;
use crate::store::engine::jobs;
use crate::store::failure::Failure;
use crate::store::sql::{Alone, Conn, Sql, args, sql};
use crate::store::talk::posts;

const ADD_OPERATOR: Sql = sql("\
    INSERT INTO users (id, login, password_hash, name, role, created_at, updated_at, desk_phone) \
    VALUES ($1, $2, $3, $4, $5, $6, $6, $7)");

const OPERATOR: Sql = sql(concat!(
    "SELECT u.password_hash, ",
    user_columns!(),
    " FROM users AS u WHERE u.login = $1 AND u.deleted_at IS NULL"
));

const INVITE: Sql = sql("\
    INSERT INTO invitations (hash, created_at, expires_at) SELECT $1, $2, $3 \
    WHERE NOT EXISTS (SELECT 1 FROM users WHERE role = 'admin' AND deleted_at IS NULL AND blocked_at IS NULL) \
    AND NOT EXISTS (SELECT 1 FROM invitations WHERE used_at IS NULL AND expires_at > $2)");

const REDEEM: Sql = sql("\
    UPDATE invitations SET used_at = $2 WHERE hash = $1 AND used_at IS NULL AND expires_at > $2 \
    AND NOT EXISTS (SELECT 1 FROM users WHERE role = 'admin' AND deleted_at IS NULL AND blocked_at IS NULL)");

// Somebody else who can undo what is done.
const IS_LAST_ADMIN: Sql = sql("\
    SELECT 1 AS one FROM users WHERE id = $1 AND role = 'admin' AND deleted_at IS NULL AND blocked_at IS NULL \
    AND NOT EXISTS (SELECT 1 FROM users AS o \
        WHERE o.role = 'admin' AND o.deleted_at IS NULL AND o.blocked_at IS NULL AND o.id <> $1)");

const SET_BLOCKED: Sql = sql("UPDATE users SET blocked_at = $2, updated_at = $3 WHERE id = $1");
const SET_ROLE: Sql = sql("UPDATE users SET role = $2, updated_at = $3 WHERE id = $1");

/// Somebody who signs in with a name and a password.
#[derive(Clone, Debug)]
pub struct NewOperator {
    /// The id they will have.
    pub id: UserId,
    /// The name they sign in with.
    pub login: String,
    /// The slow hash of the password.
    pub password_hash: String,
    /// What others see.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// Their phone, for the desk; may be empty.
    pub desk_phone: String,
}

/// What became of a wish to change what somebody may do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Change {
    /// It is so now.
    Made,
    /// There is no such person.
    NobodyThere,
    /// It would leave no administrator.
    LastAdministrator,
}

impl Change {
    pub(super) const fn of(found: bool) -> Self {
        if found { Self::Made } else { Self::NobodyThere }
    }
}

impl Database {
    /// Takes an operator on; answers whether the login was free.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn add_operator(&self, operator: NewOperator, now: Time) -> Result<bool, Unavailable> {
        let work = self.write(move |conn| {
            let operator = operator.clone();
            Box::pin(async move { add(conn, operator, now).await })
        });
        match work.await {
            Ok(()) => Ok(true),
            Err(Failure::Conflict) => Ok(false),
            Err(failure) => Err(failure.into()),
        }
    }

    /// The operator of a login, with the hash of the password.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn operator(&self, login: &str) -> Result<Option<(User, String)>, Unavailable> {
        let Some(row) = self.row(OPERATOR, args![login]).await? else { return Ok(None) };
        let hash = row.get::<Option<String>>("password_hash")?.unwrap_or_default();
        Ok(Some((user(&row)?, hash)))
    }

    /// Keeps the hash of a link that makes the first administrator, unless there is an administrator or a
    /// link.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn invite_first_admin(
        &self,
        hash: String,
        expires_at: Time,
        now: Time,
    ) -> Result<bool, Unavailable> {
        Ok(self.execute(INVITE, args![hash, now.ms(), expires_at.ms()]).await? == 1)
    }

    /// Uses the link up and takes its bearer on; answers whether the link was good.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn redeem_invitation(
        &self,
        hash: String,
        operator: NewOperator,
        now: Time,
    ) -> Result<bool, Unavailable> {
        let work = self.write(move |conn| {
            let (hash, operator) = (hash.clone(), operator.clone());
            Box::pin(async move {
                if conn.execute(REDEEM, args![hash, now.ms()]).await? != 1 {
                    return Ok(false);
                }
                add(conn, operator, now).await?;
                Ok(true)
            })
        });
        match work.await {
            Err(Failure::Conflict) => Ok(false),
            outcome => Ok(outcome?),
        }
    }

    /// Gives a person another role and ends their sessions, whose tokens name the old one; the last
    /// administrator stays one.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn set_role(&self, id: UserId, role: Role, now: Time) -> Result<Change, Unavailable> {
        let work = self.write(move |conn| Box::pin(async move { change_role(conn, id, role, now).await }));
        Ok(work.await?)
    }

    /// Shuts a person out and ends their sessions, or lets them in again; the last administrator is not shut
    /// out.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn set_blocked(&self, id: UserId, blocked: bool, now: Time) -> Result<Change, Unavailable> {
        let work =
            self.write(move |conn| Box::pin(async move { change_blocked(conn, id, blocked, now).await }));
        Ok(work.await?)
    }
}

/// Gives a person another role.
pub(super) async fn change_role(
    conn: &mut Conn,
    id: UserId,
    role: Role,
    now: Time,
) -> Result<Change, Failure> {
    if role != Role::Admin && is_last_admin(conn, id).await? {
        return Ok(Change::LastAdministrator);
    }
    let changed = conn.execute(SET_ROLE, args![id.uuid(), role.word(), now.ms()]).await? == 1;
    revoke_all(conn, id, now).await?;
    Ok(Change::of(changed))
}

/// Shuts a person out, or lets them in again.
pub(super) async fn change_blocked(
    conn: &mut Conn,
    id: UserId,
    blocked: bool,
    now: Time,
) -> Result<Change, Failure> {
    if blocked && is_last_admin(conn, id).await? {
        return Ok(Change::LastAdministrator);
    }
    let since = blocked.then_some(now.ms());
    let changed = conn.execute(SET_BLOCKED, args![id.uuid(), since, now.ms()]).await? == 1;
    if blocked {
        revoke_all(conn, id, now).await?;
        posts::delete_of(conn, id, now).await?;
        jobs::add_for_account(conn, id, now).await?;
    }
    Ok(Change::of(changed))
}

/// Whether nobody but this person is an administrator who may come in. Until the transaction ends it stays
/// so.
async fn is_last_admin(conn: &mut Conn, id: UserId) -> Result<bool, Failure> {
    conn.alone(Alone::DeposingAdministrators).await?;
    Ok(conn.optional(IS_LAST_ADMIN, args![id.uuid()]).await?.is_some())
}

/// Takes an operator on.
pub(super) async fn add(conn: &mut Conn, operator: NewOperator, now: Time) -> Result<(), Failure> {
    let NewOperator { id, login, password_hash, name, role, desk_phone } = operator;
    let added = args![id.uuid(), login, password_hash, name, role.word(), now.ms(), desk_phone];
    conn.execute(ADD_OPERATOR, added).await?;
    Ok(())
}
