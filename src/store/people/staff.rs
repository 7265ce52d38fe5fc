//! People as administrators see them, what is done to their accounts, and who did it. What is done is noted
//! in the transaction that does it.

use peerpack_actors::ids::{DeedId, UserId};
use peerpack_actors::ports::Unavailable;
use peerpack_actors::time::Time;
use uuid::Uuid;

use super::accounts::{self, Deletion};
use super::operators::{self, Change, NewOperator};
use super::sessions::revoke_all;
use super::users::{User, user, user_columns};
use crate::auth::Role;
use crate::store::Database;
use crate::store::failure::Failure;
use crate::store::sql::lists::{Part, Slice, patterns};
use crate::store::sql::{Alone, Conn, Row, Sql, args, each, sql};

/// Who somebody is, in one word: drivers and passengers are users to everybody else.
macro_rules! role_of {
    () => {
        "(CASE WHEN u.role <> 'user' THEN u.role WHEN d.person IS NOT NULL THEN 'driver' \
         WHEN p.person IS NOT NULL THEN 'passenger' ELSE 'user' END)"
    };
}

/// Where people stand.
macro_rules! people_tables {
    () => {
        " FROM users AS u LEFT JOIN person_numbers AS n ON n.person = u.id \
         LEFT JOIN drivers AS d ON d.person = u.id AND d.left_at IS NULL \
         LEFT JOIN passengers AS p ON p.person = u.id "
    };
}

/// What a list of them keeps out.
macro_rules! people_filter {
    () => {
        concat!(
            "WHERE u.deleted_at IS NULL AND ($1 = '' OR $1 = ",
            role_of!(),
            ") AND ($2 < 0 OR (CASE WHEN u.blocked_at IS NULL THEN 1 ELSE 0 END) = $2) \
         AND ($3 = '' OR lower(u.name) LIKE $3 ESCAPE '!' OR u.name LIKE $4 ESCAPE '!' \
         OR lower(u.login) LIKE $3 ESCAPE '!' OR lower(u.username) LIKE $3 ESCAPE '!' \
         OR u.phone LIKE $4 ESCAPE '!' OR u.desk_phone LIKE $4 ESCAPE '!' \
         OR lower(d.email) LIKE $3 ESCAPE '!' OR lower(p.email) LIKE $3 ESCAPE '!')"
        )
    };
}

/// The columns that [`account`] reads.
macro_rules! account_columns {
    () => {
        concat!(
            "SELECT ",
            user_columns!(),
            ", u.login, u.desk_phone, n.number, COALESCE(NULLIF(d.email, ''), p.email, '') AS email, ",
            role_of!(),
            " AS word, (SELECT max(s.created_at) FROM sessions AS s WHERE s.user_id = u.id) AS last_login"
        )
    };
}

const LIST: Sql = sql(concat!(
    account_columns!(),
    people_tables!(),
    people_filter!(),
    " ORDER BY u.created_at, u.id LIMIT $5 OFFSET $6"
));

const COUNT: Sql = sql(concat!("SELECT count(*) AS total", people_tables!(), people_filter!()));

const ONE: Sql =
    sql(concat!(account_columns!(), people_tables!(), "WHERE u.id = $1 AND u.deleted_at IS NULL"));

const NOTE: Sql = sql("\
    INSERT INTO staff_actions (id, person, action, detail, actor, address, at) \
    VALUES ($1, $2, $3, $4, $5, $6, $7)");

const NOTES: Sql = sql("\
    SELECT s.id, s.action, s.detail, s.address, s.at, COALESCE(u.login, u.username, u.phone, '') AS actor \
    FROM staff_actions AS s LEFT JOIN users AS u ON u.id = s.actor WHERE s.person = $1 \
    ORDER BY s.at DESC, s.id DESC LIMIT $2");

const PRUNE: Sql = sql("DELETE FROM staff_actions WHERE at < $1");

const DESCRIBE: Sql = sql("\
    UPDATE users SET own_name = CASE WHEN name = $2 THEN own_name ELSE 1 END, name = $2, desk_phone = $3, \
    updated_at = $4 WHERE id = $1 AND deleted_at IS NULL");

const SET_PASSWORD: Sql = sql("\
    UPDATE users SET password_hash = $2, updated_at = $3 \
    WHERE id = $1 AND login IS NOT NULL AND deleted_at IS NULL");

/// A person as administrators see them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Account {
    /// The person, whatever they may do.
    pub user: User,
    /// The name that they sign in with, if they have a password.
    pub login: Option<String>,
    /// Their phone, as the desk keeps it: nobody signs in with it; may be empty.
    pub desk_phone: String,
    /// The number that clients know them by, if they have one yet.
    pub number: Option<i64>,
    /// Their address for letters; may be empty.
    pub email: String,
    /// Who they are: a role, or `driver` or `passenger`.
    pub word: String,
    /// When they last signed in, as far as that is remembered.
    pub last_login: Option<Time>,
}

/// Which people a list has: those for whom every condition holds.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct AccountQuery {
    /// Those who are this; empty for all.
    pub word: String,
    /// Those who may come in, or those who are shut out.
    pub is_active: Option<bool>,
    /// Those in whose name, login, phone or address these words stand; empty for all.
    pub search: String,
}

/// Who does something to an account, and from where.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Deed {
    /// The id that it gets.
    pub id: DeedId,
    /// Who does it.
    pub actor: UserId,
    /// The address that it was done from.
    pub address: String,
    /// When it was done.
    pub at: Time,
}

/// What was done to an account.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DeedRecord {
    /// Its id.
    pub id: DeedId,
    /// What: one of the words that the table knows.
    pub action: String,
    /// The new role, where that is what changed.
    pub detail: String,
    /// Who did it, by login.
    pub actor: String,
    /// The address that it was done from.
    pub address: String,
    /// When it was done.
    pub at: Time,
}

/// What became of a wish that an account be gone.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Removal {
    /// The account is going.
    Begun,
    /// There is no such person.
    NobodyThere,
    /// It would leave no administrator.
    LastAdministrator,
    /// A deal is under way.
    OpenDeals,
    /// There is money in the wallet, or on its way out.
    MoneyLeft,
}

impl Database {
    /// A part of all people whose accounts are not going, the first one first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn find_accounts(
        &self,
        query: &AccountQuery,
        slice: Slice,
    ) -> Result<Part<Account>, Unavailable> {
        let filter = || {
            let [lower, written] = patterns(&query.search);
            args![query.word.as_str(), query.is_active.map_or(-1, i64::from), lower, written]
        };
        let mut page = filter();
        page.extend(args![slice.limit, slice.offset]);
        let items = each(&self.rows(LIST, page).await?, account)?;
        let count = self.row(COUNT, filter()).await?.map_or(Ok(0), |row| row.number("total"))?;
        Ok(Part { items, count })
    }

    /// A person, unless the account is going.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn account(&self, id: UserId) -> Result<Option<Account>, Unavailable> {
        Ok(self.row(ONE, args![id.uuid()]).await?.as_ref().map(account).transpose()?)
    }

    /// What was done to an account, the latest first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn deeds_of(&self, person: UserId, limit: u32) -> Result<Vec<DeedRecord>, Unavailable> {
        Ok(each(&self.rows(NOTES, args![person.uuid(), limit]).await?, deed)?)
    }

    /// Forgets what was done to accounts before `before`.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn prune_deeds(&self, before: Time) -> Result<u64, Unavailable> {
        Ok(self.execute(PRUNE, args![before.ms()]).await?)
    }

    /// Takes an operator on, as [`add_operator`](Self::add_operator), and notes who did it.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn add_operator_by(&self, operator: NewOperator, by: Deed) -> Result<bool, Unavailable> {
        let work = self.write(move |conn| {
            let (operator, by) = (operator.clone(), by.clone());
            Box::pin(async move {
                let (id, role) = (operator.id, operator.role);
                operators::add(conn, operator, by.at).await?;
                note(conn, &by, id, "created", role.word()).await
            })
        });
        match work.await {
            Ok(()) => Ok(true),
            Err(Failure::Conflict) => Ok(false),
            Err(failure) => Err(failure.into()),
        }
    }

    /// Gives a person another role, as [`set_role`](Self::set_role), and notes who did it.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn set_role_by(&self, id: UserId, role: Role, by: Deed) -> Result<Change, Unavailable> {
        let work = self.write(move |conn| {
            let by = by.clone();
            Box::pin(async move {
                let change = operators::change_role(conn, id, role, by.at).await?;
                noted(conn, &by, id, change, ("role_changed", role.word())).await
            })
        });
        Ok(work.await?)
    }

    /// Shuts a person out or lets them in, as [`set_blocked`](Self::set_blocked), and notes who did it.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn set_blocked_by(&self, id: UserId, blocked: bool, by: Deed) -> Result<Change, Unavailable> {
        let work = self.write(move |conn| {
            let by = by.clone();
            Box::pin(async move {
                let change = operators::change_blocked(conn, id, blocked, by.at).await?;
                noted(conn, &by, id, change, (if blocked { "blocked" } else { "unblocked" }, "")).await
            })
        });
        Ok(work.await?)
    }

    /// Calls a person something else, or keeps another phone for the desk, and notes who did it.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn describe_by(
        &self,
        id: UserId,
        name: String,
        desk_phone: String,
        by: Deed,
    ) -> Result<Change, Unavailable> {
        let work = self.write(move |conn| {
            let (name, desk_phone, by) = (name.clone(), desk_phone.clone(), by.clone());
            Box::pin(async move {
                let described = args![id.uuid(), name, desk_phone, by.at.ms()];
                let found = conn.execute(DESCRIBE, described).await? == 1;
                noted(conn, &by, id, Change::of(found), ("renamed", "")).await
            })
        });
        Ok(work.await?)
    }

    /// Gives somebody who signs in with a password another one, of which the hash is kept; their sessions
    /// end. Notes who did it.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn set_password_by(&self, id: UserId, hash: String, by: Deed) -> Result<Change, Unavailable> {
        let work = self.write(move |conn| {
            let (hash, by) = (hash.clone(), by.clone());
            Box::pin(async move {
                let found = conn.execute(SET_PASSWORD, args![id.uuid(), hash, by.at.ms()]).await? == 1;
                if found {
                    revoke_all(conn, id, by.at).await?;
                }
                noted(conn, &by, id, Change::of(found), ("password_reset", "")).await
            })
        });
        Ok(work.await?)
    }

    /// Takes a person's role away and begins to delete the account, all or nothing. Notes who did it.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn remove_account_by(&self, id: UserId, by: Deed) -> Result<Removal, Unavailable> {
        let work = self.write(move |conn| {
            let by = by.clone();
            Box::pin(async move {
                // Before the person's row: who deposes an administrator takes them in this order.
                conn.alone(Alone::DeposingAdministrators).await?;
                match accounts::obstacle_of(conn, id).await? {
                    None => {}
                    Some(Deletion::MoneyLeft) => return Ok(Removal::MoneyLeft),
                    Some(_) => return Ok(Removal::OpenDeals),
                }
                match operators::change_role(conn, id, Role::User, by.at).await? {
                    Change::Made => {}
                    Change::NobodyThere => return Ok(Removal::NobodyThere),
                    Change::LastAdministrator => return Ok(Removal::LastAdministrator),
                }
                accounts::begin_deletion(conn, id, by.at).await?;
                note(conn, &by, id, "deleted", "").await?;
                Ok(Removal::Begun)
            })
        });
        Ok(work.await?)
    }

    /// Takes an operator's second factor away, as [`remove_second_factor`](Self::remove_second_factor), and
    /// notes who did it.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn remove_second_factor_by(&self, id: UserId, by: Deed) -> Result<Change, Unavailable> {
        let work = self.write(move |conn| {
            let by = by.clone();
            Box::pin(async move {
                let found = super::second_factors::remove(conn, id, by.at).await?;
                noted(conn, &by, id, Change::of(found), ("second_factor_removed", "")).await
            })
        });
        Ok(work.await?)
    }
}

/// Notes what was done, if it was.
async fn noted(
    conn: &mut Conn,
    by: &Deed,
    person: UserId,
    change: Change,
    (action, detail): (&str, &str),
) -> Result<Change, Failure> {
    if change == Change::Made {
        note(conn, by, person, action, detail).await?;
    }
    Ok(change)
}

async fn note(conn: &mut Conn, by: &Deed, person: UserId, action: &str, detail: &str) -> Result<(), Failure> {
    let Deed { id, actor, address, at } = by.clone();
    conn.execute(NOTE, args![id.uuid(), person.uuid(), action, detail, actor.uuid(), address, at.ms()])
        .await?;
    Ok(())
}

fn account(row: &Row) -> Result<Account, Failure> {
    Ok(Account {
        user: user(row)?,
        login: row.get("login")?,
        desk_phone: row.text("desk_phone")?,
        number: row.get("number")?,
        email: row.text("email")?,
        word: row.text("word")?,
        last_login: row.optional_time("last_login")?,
    })
}

fn deed(row: &Row) -> Result<DeedRecord, Failure> {
    Ok(DeedRecord {
        id: row.get::<Uuid>("id")?.into(),
        action: row.text("action")?,
        detail: row.text("detail")?,
        actor: row.text("actor")?,
        address: row.text("address")?,
        at: row.time("at")?,
    })
}
