//! People who have signed in: their rows, names and roles.

use peerpack_actors::ids::UserId;
use peerpack_actors::ports::Unavailable;
use peerpack_actors::time::Time;
use serde_json::json;

use crate::auth::Role;
use crate::store::Database;
use crate::store::failure::Failure;
use crate::store::sql::{Row, Sql, args, each, hex, over_rows, rows, sql};

/// The columns that [`user`] reads.
macro_rules! user_columns {
    () => {
        "u.id, u.telegram_id, u.phone, u.name, u.username, u.language, u.avatar, u.role, u.created_at, \
         u.updated_at, u.blocked_at, u.deleted_at, u.verified_at"
    };
}
pub(in crate::store) use user_columns;

/// The same for `RETURNING`.
macro_rules! returned_columns {
    () => {
        "id, telegram_id, phone, name, username, language, avatar, role, created_at, updated_at, blocked_at, \
         deleted_at, verified_at"
    };
}
pub(in crate::store) use returned_columns;

const UPSERT: Sql = sql(concat!(
    "INSERT INTO users AS u (id, telegram_id, name, username, language, avatar, role, created_at, \
     updated_at) \
     VALUES ($1, $2, $3, $4, $5, $6, 'user', $7, $7) \
     ON CONFLICT (telegram_id) DO UPDATE SET \
     name = CASE WHEN u.own_name = 1 THEN u.name ELSE excluded.name END, username = excluded.username, \
     language = COALESCE(u.language, excluded.language), \
     avatar = CASE WHEN u.own_avatar = 1 THEN u.avatar ELSE COALESCE(excluded.avatar, u.avatar) END, \
     updated_at = excluded.updated_at, deleted_at = NULL \
     RETURNING ",
    returned_columns!()
));

const USER: Sql = sql(concat!("SELECT ", user_columns!(), " FROM users AS u WHERE u.id = $1"));

const OF_TELEGRAM: Sql =
    sql(concat!("SELECT ", user_columns!(), " FROM users AS u WHERE u.telegram_id = $1"));

const USERS: Sql = over_rows!(
    concat!("SELECT ", user_columns!(), " FROM"),
    [id uuid],
    "CROSS JOIN users AS u WHERE u.id = r.id ORDER BY r.n"
);

// Each change has a moment of its own, so that the moment can serve as a version.
const SET_PROFILE: Sql = sql("\
    UPDATE users SET name = COALESCE($2, name), \
    own_name = CASE WHEN $2 IS NULL THEN own_name ELSE 1 END, language = COALESCE($3, language), \
    bio = COALESCE($4, bio), handle = COALESCE($5, handle), \
    updated_at = CASE WHEN updated_at >= $6 THEN updated_at + 1 ELSE $6 END \
    WHERE id = $1 AND (CAST($7 AS BIGINT) IS NULL OR updated_at = $7)");

/// A person with an account.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct User {
    /// Their id.
    pub id: UserId,
    /// Their Telegram account, if they came with one.
    pub telegram_id: Option<i64>,
    /// Their phone, if they came with one.
    pub phone: Option<String>,
    /// What others see.
    pub name: String,
    /// Their Telegram name, without `@`.
    pub username: Option<String>,
    /// An IETF language tag.
    pub language: Option<String>,
    /// The URL of their picture.
    pub avatar: Option<String>,
    /// What they may do.
    pub role: Role,
    /// When they first came.
    pub created_at: Time,
    /// When this was last changed: a version.
    pub updated_at: Time,
    /// Since when they are shut out.
    pub blocked_at: Option<Time>,
    /// When they asked for the account to be deleted.
    pub deleted_at: Option<Time>,
    /// Since when it is known who they are.
    pub verified_at: Option<Time>,
}

/// What a person changes about themselves; what is absent stays.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Profile {
    /// What others see.
    pub name: Option<String>,
    /// An IETF language tag.
    pub language: Option<String>,
    /// What they say about themselves.
    pub bio: Option<String>,
    /// A username of their own.
    pub handle: Option<String>,
}

/// Why a profile stays as it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ProfileRefused {
    /// It is no longer as it was seen, or there is no such person.
    Stale,
    /// Somebody else has the username.
    Taken,
}

/// What Telegram says about a person.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TelegramProfile {
    /// Their Telegram account.
    pub telegram_id: i64,
    /// First and last name.
    pub name: String,
    /// Their Telegram name, without `@`.
    pub username: Option<String>,
    /// An IETF language tag.
    pub language: Option<String>,
    /// The URL of their picture.
    pub avatar: Option<String>,
}

impl Database {
    /// Signs a Telegram account in: makes the user under the id `fresh` if the account is new, otherwise
    /// takes over what Telegram says now. The flag says whether the user is new.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn upsert_telegram_user(
        &self,
        profile: TelegramProfile,
        fresh: UserId,
        now: Time,
    ) -> Result<(User, bool), Unavailable> {
        let work = self.write(move |conn| {
            let profile = profile.clone();
            Box::pin(async move {
                let TelegramProfile { telegram_id, name, username, language, avatar } = profile;
                let values = args![fresh.uuid(), telegram_id, name, username, language, avatar, now.ms()];
                user(&conn.one(UPSERT, values).await?)
            })
        });
        let user = work.await?;
        let is_new = user.id == fresh;
        Ok((user, is_new))
    }

    /// A person.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn user(&self, id: UserId) -> Result<Option<User>, Unavailable> {
        let row = self.row(USER, args![id.uuid()]).await?;
        Ok(row.as_ref().map(user).transpose()?)
    }

    /// Several people, in the order asked for; those that do not exist are left out.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn users(&self, ids: &[UserId]) -> Result<Vec<User>, Unavailable> {
        let ids = rows(ids.iter().map(|id| json!({ "id": hex(id.uuid()) })));
        Ok(each(&self.rows(USERS, vec![ids]).await?, user)?)
    }

    /// The person with a Telegram account.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn user_of_telegram(&self, telegram_id: i64) -> Result<Option<User>, Unavailable> {
        Ok(self.row(OF_TELEGRAM, args![telegram_id]).await?.as_ref().map(user).transpose()?)
    }

    /// Changes what a person says about themselves, if it is still as `seen`.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn set_profile(
        &self,
        id: UserId,
        profile: Profile,
        seen: Option<Time>,
        now: Time,
    ) -> Result<Result<(), ProfileRefused>, Unavailable> {
        let Profile { name, language, bio, handle } = profile;
        let values = args![id.uuid(), name, language, bio, handle, now.ms(), seen.map(Time::ms)];
        match self.execute(SET_PROFILE, values).await {
            Err(Failure::Conflict) => Ok(Err(ProfileRefused::Taken)),
            changed => Ok(if changed? == 1 { Ok(()) } else { Err(ProfileRefused::Stale) }),
        }
    }
}

pub(in crate::store) fn user(row: &Row) -> Result<User, Failure> {
    let role = row.text("role")?;
    Ok(User {
        id: row.user("id")?,
        telegram_id: row.get("telegram_id")?,
        phone: row.get("phone")?,
        name: row.text("name")?,
        username: row.get("username")?,
        language: row.get("language")?,
        avatar: row.get("avatar")?,
        role: Role::from_word(&role).ok_or_else(|| Failure::Broken(format!("unknown role: {role:?}")))?,
        created_at: row.time("created_at")?,
        updated_at: row.time("updated_at")?,
        blocked_at: row.optional_time("blocked_at")?,
        deleted_at: row.optional_time("deleted_at")?,
        verified_at: row.optional_time("verified_at")?,
    })
}
