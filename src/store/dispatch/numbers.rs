//! Whole numbers beside people's ids, for clients that know only numbers. A number opens nothing: who may see
//! whom is looked at with every read.

use std::collections::HashMap;

use peerpack_actors::ids::UserId;
use peerpack_actors::ports::Unavailable;
use serde_json::json;

use crate::store::Database;
use crate::store::failure::Failure;
use crate::store::sql::{Conn, Sql, args, each, over_rows, rows, sql};

const OF_PERSON: Sql = sql("SELECT number FROM person_numbers WHERE person = $1");

const OF_NUMBER: Sql = sql("SELECT person FROM person_numbers WHERE number = $1");

const OF_NUMBERS: Sql = over_rows!(
    "SELECT p.person, p.number FROM",
    [number int],
    "CROSS JOIN person_numbers AS p WHERE p.number = r.number ORDER BY r.n"
);

const GIVE: Sql = sql("\
    INSERT INTO person_numbers (person, number) SELECT $1, $2 \
    WHERE NOT EXISTS (SELECT 1 FROM person_numbers AS o WHERE o.number = $2) \
    ON CONFLICT (person) DO NOTHING");

/// The lowest number, and how many there are: nine digits each.
const LEAST: u64 = 100_000_000;
const ALL: u64 = 900_000_000;

/// How many numbers are tried: of so many that are drawn, one is free.
const TRIES: u64 = 16;

impl Database {
    /// The number of a person, who gets one made of `random` if they have none yet.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn number_of(&self, person: UserId, random: [u8; 10]) -> Result<i64, Unavailable> {
        if let Some(row) = self.row(OF_PERSON, args![person.uuid()]).await? {
            return Ok(row.get("number")?);
        }
        let work = self.write(move |conn| Box::pin(async move { give(conn, person, random).await }));
        Ok(work.await?)
    }

    /// Whose a number is.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn person_of(&self, number: i64) -> Result<Option<UserId>, Unavailable> {
        let row = self.row(OF_NUMBER, args![number]).await?;
        Ok(row.map(|row| row.user("person")).transpose()?)
    }

    /// Whose several numbers are; those that are nobody's are left out.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn people_of(&self, numbers: &[i64]) -> Result<HashMap<i64, UserId>, Unavailable> {
        if numbers.is_empty() {
            return Ok(HashMap::new());
        }
        let items = rows(numbers.iter().map(|number| json!({ "number": number })));
        let found = self.rows(OF_NUMBERS, vec![items]).await?;
        Ok(each(&found, |row| Ok((row.get("number")?, row.user("person")?)))?.into_iter().collect())
    }
}

/// The number of a person, who gets one if they have none yet.
pub(super) async fn give(conn: &mut Conn, person: UserId, random: [u8; 10]) -> Result<i64, Failure> {
    let drawn = random.iter().fold(0_u64, |sum, byte| sum.wrapping_mul(257).wrapping_add(u64::from(*byte)));
    for n in 0..TRIES {
        // Far apart, so that numbers which are taken side by side are passed by.
        let number = LEAST + drawn.wrapping_add(n.wrapping_mul(0x9e37_79b9_7f4a_7c15)) % ALL;
        let number = i64::try_from(number).unwrap_or(i64::MAX);
        conn.execute(GIVE, args![person.uuid(), number]).await?;
        if let Some(row) = conn.optional(OF_PERSON, args![person.uuid()]).await? {
            return row.get("number");
        }
    }
    Err(Failure::Broken("no number is free".to_owned()))
}
