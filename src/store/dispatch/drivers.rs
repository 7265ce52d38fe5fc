//! People who may go on duty.

use std::collections::HashMap;

use peerpack_actors::dispatch::DutyPhase;
use peerpack_actors::ids::{RegionId, UserId};
use peerpack_actors::ports::Unavailable;
use peerpack_actors::time::Time;
use serde_json::json;
use uuid::Uuid;

use super::{Part, Slice, numbers, patterns};
use crate::store::Database;
use crate::store::failure::Failure;
use crate::store::sql::{Row, Sql, args, each, hex, over_rows, rows, sql};

/// The columns that [`driver`] reads.
macro_rules! driver_columns {
    () => {
        "d.person, n.number, d.name, u.username, u.phone, d.email, d.region, d.car_model, d.plate_number, \
         d.seats, d.left_at, COALESCE(y.state, 'offline') AS state"
    };
}

/// Where they stand.
macro_rules! driver_tables {
    () => {
        "JOIN person_numbers AS n ON n.person = d.person JOIN users AS u ON u.id = d.person \
         LEFT JOIN duties AS y ON y.courier = d.person"
    };
}

/// What a list of them keeps out.
macro_rules! driver_filter {
    () => {
        " WHERE d.left_at IS NULL AND ($1 = 0 OR d.region = $2) \
         AND ($3 < 0 OR (CASE WHEN COALESCE(y.state, 'offline') = 'offline' THEN 0 ELSE 1 END) = $3) \
         AND ($4 = '' OR lower(d.name) LIKE $4 ESCAPE '!' OR lower(d.plate_number) LIKE $4 ESCAPE '!' \
         OR lower(d.car_model) LIKE $4 ESCAPE '!' OR d.name LIKE $5 ESCAPE '!' \
         OR d.plate_number LIKE $5 ESCAPE '!' OR d.car_model LIKE $5 ESCAPE '!' \
         OR u.phone LIKE $5 ESCAPE '!')"
    };
}

const ONE: Sql = sql(concat!(
    "SELECT ",
    driver_columns!(),
    " FROM drivers AS d ",
    driver_tables!(),
    " WHERE d.person = $1"
));

const SEVERAL: Sql = over_rows!(
    concat!("SELECT ", driver_columns!(), " FROM"),
    [person uuid],
    concat!("CROSS JOIN drivers AS d ", driver_tables!(), " WHERE d.person = r.person ORDER BY r.n")
);

const LIST: Sql = sql(concat!(
    "SELECT ",
    driver_columns!(),
    " FROM drivers AS d ",
    driver_tables!(),
    driver_filter!(),
    " ORDER BY d.created_at, d.person LIMIT $6 OFFSET $7"
));

const COUNT: Sql =
    sql(concat!("SELECT count(*) AS total FROM drivers AS d ", driver_tables!(), driver_filter!()));

// Who has left and comes again is the same one.
const PUT: Sql = sql("\
    INSERT INTO drivers (person, name, email, region, car_model, plate_number, seats, created_at, updated_at) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8) \
    ON CONFLICT (person) DO UPDATE SET name = excluded.name, email = excluded.email, \
    region = excluded.region, car_model = excluded.car_model, plate_number = excluded.plate_number, \
    seats = excluded.seats, updated_at = excluded.updated_at, left_at = NULL");

const LEAVE: Sql =
    sql("UPDATE drivers SET left_at = $2, updated_at = $2 WHERE person = $1 AND left_at IS NULL");

/// Somebody who may go on duty.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Driver {
    /// The person behind the courier.
    pub person: UserId,
    /// The number that clients know them by; 0 before it is stored.
    pub number: i64,
    /// What others see.
    pub name: String,
    /// Their Telegram name, without `@`.
    pub username: Option<String>,
    /// Their phone number, if they have one.
    pub phone: Option<String>,
    /// Their address for letters; may be empty.
    pub email: String,
    /// Where they work.
    pub region: RegionId,
    /// Make and model.
    pub car_model: String,
    /// The number on it.
    pub plate_number: String,
    /// How many people it takes.
    pub seats: u32,
    /// What they are doing.
    pub duty: DutyPhase,
    /// Whether they drive no more.
    pub has_left: bool,
}

/// Which couriers a list has: those for whom every condition holds.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct DriverQuery {
    /// Those who work there.
    pub region: Option<RegionId>,
    /// Those on duty, or those off duty.
    pub is_online: Option<bool>,
    /// Those in whose name, phone, vehicle or plate these words stand; empty for all.
    pub search: String,
}

impl Database {
    /// Somebody who may go on duty, or might once.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn driver(&self, person: UserId) -> Result<Option<Driver>, Unavailable> {
        Ok(self.row(ONE, args![person.uuid()]).await?.as_ref().map(driver).transpose()?)
    }

    /// Several of them; those who never drove are left out.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn drivers_of(
        &self,
        people: impl IntoIterator<Item = UserId>,
    ) -> Result<HashMap<UserId, Driver>, Unavailable> {
        let items: Vec<_> =
            people.into_iter().map(|person| json!({ "person": hex(person.uuid()) })).collect();
        if items.is_empty() {
            return Ok(HashMap::new());
        }
        let found = each(&self.rows(SEVERAL, vec![rows(items)]).await?, driver)?;
        Ok(found.into_iter().map(|driver| (driver.person, driver)).collect())
    }

    /// A part of those who may go on duty, the first one first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn find_drivers(&self, query: &DriverQuery, slice: Slice) -> Result<Part<Driver>, Unavailable> {
        let filter = || {
            let [lower, written] = patterns(&query.search);
            args![
                i64::from(query.region.is_some()),
                query.region.map_or(Uuid::nil(), RegionId::uuid),
                query.is_online.map_or(-1, i64::from),
                lower,
                written,
            ]
        };
        let mut page = filter();
        page.extend(args![slice.limit, slice.offset]);
        let items = each(&self.rows(LIST, page).await?, driver)?;
        let count = self.row(COUNT, filter()).await?.map_or(Ok(0), |row| row.number("total"))?;
        Ok(Part { items, count })
    }

    /// Takes somebody on, or changes what is known of them. `random` makes their number.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn put_driver(&self, driver: &Driver, random: [u8; 10], now: Time) -> Result<(), Unavailable> {
        let driver = driver.clone();
        let work = self.write(move |conn| {
            let driver = driver.clone();
            Box::pin(async move {
                numbers::give(conn, driver.person, random).await?;
                let values = args![
                    driver.person.uuid(),
                    driver.name,
                    driver.email,
                    driver.region.uuid(),
                    driver.car_model,
                    driver.plate_number,
                    driver.seats,
                    now.ms(),
                ];
                conn.execute(PUT, values).await.map(drop)
            })
        });
        Ok(work.await?)
    }

    /// Somebody drives no more; answers whether they did.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn dismiss_driver(&self, person: UserId, now: Time) -> Result<bool, Unavailable> {
        Ok(self.execute(LEAVE, args![person.uuid(), now.ms()]).await? == 1)
    }
}

fn driver(row: &Row) -> Result<Driver, Failure> {
    let word = row.text("state")?;
    let duty = DutyPhase::from_word(&word);
    Ok(Driver {
        person: row.user("person")?,
        number: row.get("number")?,
        name: row.text("name")?,
        username: row.get("username")?,
        phone: row.get("phone")?,
        email: row.text("email")?,
        region: row.get::<Uuid>("region")?.into(),
        car_model: row.text("car_model")?,
        plate_number: row.text("plate_number")?,
        seats: row.number("seats")?,
        duty: duty.ok_or_else(|| Failure::Broken(format!("unknown state of a duty: {word:?}")))?,
        has_left: row.optional_time("left_at")?.is_some(),
    })
}
