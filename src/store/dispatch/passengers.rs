//! People who are driven.

use std::collections::HashMap;

use peerpack_actors::ids::{RegionId, UserId};
use peerpack_actors::ports::Unavailable;
use peerpack_actors::time::Time;
use serde_json::json;
use uuid::Uuid;

use super::{Part, Slice, numbers, patterns};
use crate::store::Database;
use crate::store::failure::Failure;
use crate::store::sql::{Row, Sql, args, each, hex, over_rows, rows, sql};

/// The columns that [`passenger`] reads.
macro_rules! passenger_columns {
    () => {
        "p.person, n.number, p.full_name, u.username, u.phone, p.email, p.region, p.category, \
         p.allowed_companion"
    };
}

/// Where they stand.
macro_rules! passenger_tables {
    () => {
        "JOIN person_numbers AS n ON n.person = p.person JOIN users AS u ON u.id = p.person"
    };
}

/// What a list of them keeps out.
macro_rules! passenger_filter {
    () => {
        " WHERE ($1 = 0 OR p.region = $2) AND ($3 = '' OR u.phone LIKE $3)"
    };
}

const ONE: Sql = sql(concat!(
    "SELECT ",
    passenger_columns!(),
    " FROM passengers AS p ",
    passenger_tables!(),
    " WHERE p.person = $1"
));

const SEVERAL: Sql = over_rows!(
    concat!("SELECT ", passenger_columns!(), " FROM"),
    [person uuid],
    concat!("CROSS JOIN passengers AS p ", passenger_tables!(), " WHERE p.person = r.person ORDER BY r.n")
);

const LIST: Sql = sql(concat!(
    "SELECT ",
    passenger_columns!(),
    " FROM passengers AS p ",
    passenger_tables!(),
    passenger_filter!(),
    " ORDER BY p.created_at, p.person LIMIT $4 OFFSET $5"
));

const COUNT: Sql =
    sql(concat!("SELECT count(*) AS total FROM passengers AS p ", passenger_tables!(), passenger_filter!()));

const PUT: Sql = sql("\
    INSERT INTO passengers (person, full_name, email, region, category, allowed_companion, created_at, \
    updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $7) \
    ON CONFLICT (person) DO UPDATE SET full_name = excluded.full_name, email = excluded.email, \
    region = excluded.region, category = excluded.category, \
    allowed_companion = excluded.allowed_companion, updated_at = excluded.updated_at");

/// Somebody who is driven.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Passenger {
    /// The person behind the passenger.
    pub person: UserId,
    /// The number that clients know them by; 0 before it is stored.
    pub number: i64,
    /// What couriers see.
    pub full_name: String,
    /// Their Telegram name, without `@`.
    pub username: Option<String>,
    /// Their phone number, if they have one.
    pub phone: Option<String>,
    /// Their address for letters; may be empty.
    pub email: String,
    /// Where they live.
    pub region: RegionId,
    /// What they need, in the desk's words; some pay less for it. May be empty.
    pub category: String,
    /// Whether somebody may come along.
    pub allowed_companion: bool,
}

/// Which passengers a list has: those for whom every condition holds.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct PassengerQuery {
    /// Those who live there.
    pub region: Option<RegionId>,
    /// Those whose phone has these digits in it; empty for all.
    pub phone: String,
}

impl Database {
    /// Somebody who is driven.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn passenger(&self, person: UserId) -> Result<Option<Passenger>, Unavailable> {
        Ok(self.row(ONE, args![person.uuid()]).await?.as_ref().map(passenger).transpose()?)
    }

    /// Several of them; those who were never driven are left out.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn passengers_of(
        &self,
        people: impl IntoIterator<Item = UserId>,
    ) -> Result<HashMap<UserId, Passenger>, Unavailable> {
        let items: Vec<_> =
            people.into_iter().map(|person| json!({ "person": hex(person.uuid()) })).collect();
        if items.is_empty() {
            return Ok(HashMap::new());
        }
        let found = each(&self.rows(SEVERAL, vec![rows(items)]).await?, passenger)?;
        Ok(found.into_iter().map(|passenger| (passenger.person, passenger)).collect())
    }

    /// A part of those who are driven, the first one first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn find_passengers(
        &self,
        query: &PassengerQuery,
        slice: Slice,
    ) -> Result<Part<Passenger>, Unavailable> {
        let filter = || {
            args![
                i64::from(query.region.is_some()),
                query.region.map_or(Uuid::nil(), RegionId::uuid),
                patterns(&query.phone)[1].as_str(),
            ]
        };
        let mut page = filter();
        page.extend(args![slice.limit, slice.offset]);
        let items = each(&self.rows(LIST, page).await?, passenger)?;
        let count = self.row(COUNT, filter()).await?.map_or(Ok(0), |row| row.number("total"))?;
        Ok(Part { items, count })
    }

    /// Takes somebody in, or changes what is known of them. `random` makes their number.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn put_passenger(
        &self,
        passenger: &Passenger,
        random: [u8; 10],
        now: Time,
    ) -> Result<(), Unavailable> {
        let passenger = passenger.clone();
        let work = self.write(move |conn| {
            let passenger = passenger.clone();
            Box::pin(async move {
                numbers::give(conn, passenger.person, random).await?;
                let values = args![
                    passenger.person.uuid(),
                    passenger.full_name,
                    passenger.email,
                    passenger.region.uuid(),
                    passenger.category,
                    i64::from(passenger.allowed_companion),
                    now.ms(),
                ];
                conn.execute(PUT, values).await.map(drop)
            })
        });
        Ok(work.await?)
    }
}

fn passenger(row: &Row) -> Result<Passenger, Failure> {
    Ok(Passenger {
        person: row.user("person")?,
        number: row.get("number")?,
        full_name: row.text("full_name")?,
        username: row.get("username")?,
        phone: row.get("phone")?,
        email: row.text("email")?,
        region: row.get::<Uuid>("region")?.into(),
        category: row.text("category")?,
        allowed_companion: row.get::<i64>("allowed_companion")? != 0,
    })
}
