//! People as those who talk to them see them, and how they are found.
//!
//! What somebody can be found by are the words of their name and their usernames, folded; a person who looks
//! types the beginnings of some of them. The words are written down when somebody signs in or changes them,
//! and looked at again by the maintenance for people who were changed elsewhere.

use std::collections::BTreeSet;

use peerpack_actors::ids::UserId;
use peerpack_actors::place::folded;
use peerpack_actors::ports::Unavailable;
use peerpack_actors::time::Time;
use serde_json::json;

use crate::store::Database;
use crate::store::failure::Failure;
use crate::store::sql::{Conn, Row, Sql, args, each, hex, over_rows, rows, sql};

/// How many people a search looks at.
const LOOKED_AT: u32 = 200;

/// How many people are looked at again in one go.
const AGAIN: u32 = 500;

/// How many words of one person count.
const MAX_WORDS: usize = 16;

macro_rules! talker_columns {
    () => {
        "u.id, u.name, u.handle, u.bio, u.avatar, u.phone, u.created_at, \
         (SELECT max(s.last_seen_at) FROM sessions AS s WHERE s.user_id = u.id AND s.revoked_at IS NULL) AS seen_at"
    };
}

const TALKERS: Sql = over_rows!(
    concat!("SELECT ", talker_columns!(), " FROM"),
    [id uuid],
    "CROSS JOIN users AS u WHERE u.id = r.id"
);

// The words sort by their bytes.
const FOUND: Sql = sql("\
    SELECT DISTINCT w.user_id FROM user_words AS w JOIN users AS u ON u.id = w.user_id \
    WHERE w.word >= $1 AND w.word < $2 AND u.erased_at IS NULL AND u.deleted_at IS NULL AND u.blocked_at IS NULL \
    LIMIT $3");

const TO_INDEX: Sql = sql("\
    SELECT id FROM users WHERE (indexed_at IS NULL OR indexed_at < updated_at) AND erased_at IS NULL LIMIT $1");
const OF_USER: Sql = sql("SELECT name, handle, updated_at FROM users WHERE id = $1 AND erased_at IS NULL");
const KNOWN_WORDS: Sql = sql("SELECT word FROM user_words WHERE user_id = $1");
const FORGET_WORDS: Sql = sql("DELETE FROM user_words WHERE user_id = $1");
const ADD_WORD: Sql =
    sql("INSERT INTO user_words (word, user_id) VALUES ($1, $2) ON CONFLICT (word, user_id) DO NOTHING");
const INDEXED: Sql = sql("UPDATE users SET indexed_at = $2 WHERE id = $1");

const REGISTER: Sql = sql("\
    INSERT INTO registrations (phone, name, created_at) VALUES ($1, $2, $3) \
    ON CONFLICT (phone) DO UPDATE SET name = excluded.name, created_at = excluded.created_at");
const REGISTERED: Sql = sql("DELETE FROM registrations WHERE phone = $1 RETURNING name");
const FORGET_REGISTRATIONS: Sql = sql("DELETE FROM registrations WHERE created_at <= $1");

/// Somebody as those who talk to them see them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Talker {
    /// Their id.
    pub id: UserId,
    /// What they are called.
    pub name: String,
    /// The username they have chosen.
    pub handle: Option<String>,
    /// What they say about themselves.
    pub bio: Option<String>,
    /// The path of their picture.
    pub avatar: Option<String>,
    /// Their phone, for themselves alone.
    pub phone: Option<String>,
    /// When they first came.
    pub created_at: Time,
    /// When a device of theirs last renewed its session.
    pub seen_at: Option<Time>,
}

impl Talker {
    /// Their username: the one they have chosen, or the one that follows from their id.
    #[must_use]
    pub fn username(&self) -> String {
        self.handle.clone().unwrap_or_else(|| generated_username(self.id))
    }
}

/// The username of somebody who has chosen none.
#[must_use]
pub fn generated_username(id: UserId) -> String {
    format!("user_{:016x}", id.uuid().as_u64_pair().1)
}

impl Database {
    /// People as those who talk to them see them; people who do not exist are left out.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn talkers(&self, ids: &[UserId]) -> Result<Vec<Talker>, Unavailable> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let ids: BTreeSet<UserId> = ids.iter().copied().collect();
        let ids = rows(ids.iter().map(|id| json!({ "id": hex(id.uuid()) })));
        Ok(each(&self.rows(TALKERS, vec![ids]).await?, talker)?)
    }

    /// People of whom each of some words begins a word of their name, or a username; in the order of their
    /// names, at most `limit`, without `but`.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn find_people(
        &self,
        query: &str,
        but: UserId,
        limit: usize,
    ) -> Result<Vec<Talker>, Unavailable> {
        let wanted = words_of(query);
        // The longest is what the fewest have.
        let Some(first) = wanted.iter().max_by_key(|word| word.chars().count()).cloned() else {
            return Ok(Vec::new());
        };
        let end = format!("{first}{}", char::MAX);
        let found = each(&self.rows(FOUND, args![first, end, LOOKED_AT]).await?, |row| row.user("user_id"))?;
        let mut people = self.talkers(&found).await?;
        people.retain(|person| person.id != but && is_meant(person, &wanted));
        people.sort_by_cached_key(|person| (folded(&person.name), person.id));
        people.truncate(limit);
        Ok(people)
    }

    /// Writes down what somebody can be found by, if that was not done since they changed.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn index_person(&self, id: UserId) -> Result<(), Unavailable> {
        Ok(self.write(move |conn| Box::pin(index(conn, id))).await?)
    }

    /// Does the same for people who were changed elsewhere; answers how many.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn index_people(&self) -> Result<usize, Unavailable> {
        let found = each(&self.rows(TO_INDEX, args![AGAIN]).await?, |row| row.user("id"))?;
        for id in &found {
            self.index_person(*id).await?;
        }
        Ok(found.len())
    }

    /// Keeps what somebody wants to be called until the code of their phone comes back.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn register(&self, phone: &str, name: String, now: Time) -> Result<(), Unavailable> {
        self.execute(REGISTER, args![phone, name, now.ms()]).await?;
        Ok(())
    }

    /// What the person who has registered with a phone wants to be called; it is forgotten with that.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn registered_name(&self, phone: String) -> Result<Option<String>, Unavailable> {
        let work = self.write(move |conn| {
            let phone = phone.clone();
            Box::pin(async move {
                let row = conn.optional(REGISTERED, args![phone]).await?;
                row.map(|row| row.text("name")).transpose()
            })
        });
        Ok(work.await?)
    }

    /// Forgets registrations from before `before`; answers how many.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn prune_registrations(&self, before: Time) -> Result<u64, Unavailable> {
        Ok(self.execute(FORGET_REGISTRATIONS, args![before.ms()]).await?)
    }
}

async fn index(conn: &mut Conn, id: UserId) -> Result<(), Failure> {
    let Some(row) = conn.optional(OF_USER, args![id.uuid()]).await? else { return Ok(()) };
    let mut words = words_of(&row.text("name")?);
    words.extend(row.get::<Option<String>>("handle")?);
    words.push(generated_username(id));
    words.sort_unstable();
    words.dedup();
    let known: BTreeSet<String> =
        each(&conn.all(KNOWN_WORDS, args![id.uuid()]).await?, |row| row.text("word"))?.into_iter().collect();
    if !words.iter().eq(known.iter()) {
        conn.execute(FORGET_WORDS, args![id.uuid()]).await?;
        for word in words {
            conn.execute(ADD_WORD, args![word, id.uuid()]).await?;
        }
    }
    conn.execute(INDEXED, args![id.uuid(), row.get::<i64>("updated_at")?]).await?;
    Ok(())
}

/// The words that a name is found by. A username is one, with everything in it.
fn words_of(text: &str) -> Vec<String> {
    let text = text.trim().trim_start_matches('@');
    let is_username = text.contains('_') && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if is_username {
        return vec![text.to_lowercase()];
    }
    folded(text).split(' ').filter(|word| !word.is_empty()).take(MAX_WORDS).map(str::to_owned).collect()
}

fn is_meant(person: &Talker, wanted: &[String]) -> bool {
    let mut own = words_of(&person.name);
    own.extend(person.handle.clone());
    own.push(generated_username(person.id));
    wanted.iter().all(|wanted| own.iter().any(|word| word.starts_with(wanted.as_str())))
}

fn talker(row: &Row) -> Result<Talker, Failure> {
    Ok(Talker {
        id: row.user("id")?,
        name: row.text("name")?,
        handle: row.get("handle")?,
        bio: row.get("bio")?,
        avatar: row.get("avatar")?,
        phone: row.get("phone")?,
        created_at: row.time("created_at")?,
        seen_at: row.optional_time("seen_at")?,
    })
}
