//! What people look at: lists and sums for the server's edges. Nothing here decides or changes anything.

mod headers;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use peerpack_actors::ids::{PackageId, RequestId, TripId, UserId};
use peerpack_actors::market::package::Package;
use peerpack_actors::market::request::Request;
use peerpack_actors::market::trip::Trip;
use peerpack_actors::money::fees::PaymentTerms;
use peerpack_actors::ports::Unavailable;
use peerpack_actors::time::{Span, Time};
use serde_json::json;
use uuid::Uuid;

use crate::store::Database;
use crate::store::engine::load::{self, package_columns, request_columns, trip_columns};
use crate::store::failure::Failure;
use crate::store::sql::{Conn, Row, Sql, Value, args, codec, each, hex, over_rows, rows, sql};

pub use headers::{PackageHeader, RequestHeader, TripHeader};

const PACKAGES_OF: Sql = sql(concat!(
    "SELECT ",
    package_columns!(),
    " FROM packages WHERE sender = $1 AND id < $2 ORDER BY id DESC LIMIT $3"
));

/// What is over makes room for what is not.
const SHOWN_PACKAGES_OF: Sql = sql(concat!(
    "SELECT ",
    package_columns!(),
    " FROM packages WHERE sender = $1 \
     ORDER BY CASE WHEN state IN ('confirmed', 'cancelled') THEN 1 ELSE 0 END, id DESC LIMIT $2"
));

const SHOWN_TRIPS_OF: Sql = sql(concat!(
    "SELECT ",
    trip_columns!(),
    " FROM trips WHERE courier = $1 \
     ORDER BY CASE WHEN state IN ('active', 'in_progress') THEN 0 ELSE 1 END, id DESC LIMIT $2"
));

const REQUESTS_OF: Sql = sql(concat!(
    "SELECT ",
    request_columns!(),
    ", p.description, p.pickup_address, p.dropoff_address, p.hand_over_codes, p.payment, p.fee_bps, \
     p.fee_minimum_minor, p.fee_version \
     FROM requests AS q JOIN packages AS p ON p.id = q.package_id \
     WHERE q.trip_id = $1 AND q.id < $2 AND ($4 = 1 OR q.origin <> 'courier') ORDER BY q.id DESC LIMIT $3"
));

/// How many people one query asks for.
const MAX_AT_ONCE: usize = 2_000;

const PACKAGES: Sql = over_rows!(
    concat!("SELECT ", package_columns!(), " FROM packages WHERE id IN (SELECT r.id FROM"),
    [id uuid],
    ")"
);

const TRIPS: Sql = over_rows!(
    concat!("SELECT ", trip_columns!(), " FROM trips WHERE id IN (SELECT r.id FROM"),
    [id uuid],
    ")"
);

const PACKAGES_OFFERED_ON: Sql = over_rows!(
    concat!(
        "SELECT ",
        package_columns!(),
        " FROM packages WHERE id IN (SELECT q.package_id FROM"
    ),
    [id uuid],
    "CROSS JOIN requests AS q \
     WHERE q.trip_id = r.id AND q.origin = 'engine' AND q.state = 'pending' AND q.agreed_at IS NULL)"
);

const AIRPORTS: Sql = over_rows!(
    "SELECT t.id, t.airport FROM",
    [id uuid],
    "CROSS JOIN trips AS t WHERE t.id = r.id AND t.airport <> ''"
);

const RATINGS: Sql = over_rows!(
    "SELECT v.subject, count(*) AS reviews, CAST(sum(v.rating) AS BIGINT) AS stars FROM",
    [id uuid],
    "CROSS JOIN reviews AS v WHERE v.subject = r.id AND v.shown = 1 GROUP BY v.subject"
);

const TO_REMIND: Sql = sql("\
    SELECT id FROM trips WHERE state = 'active' AND reminded_at IS NULL \
    AND departs_at > $1 AND departs_at <= $1 + $2 \
    AND (departs_at - created_at >= $2 OR (departs_at <= $1 + $3 AND departs_at - created_at >= $3)) \
    ORDER BY departs_at LIMIT $4");

const PEOPLE: Sql = over_rows!(
    "SELECT u.id, u.name, u.username, u.avatar, u.verified_at, \
     (SELECT count(*) FROM reviews AS v WHERE v.subject = u.id AND v.shown = 1) AS reviews, \
     (SELECT CAST(COALESCE(sum(v.rating), 0) AS BIGINT) FROM reviews AS v WHERE v.subject = u.id AND v.shown = 1) AS stars, \
     (SELECT count(*) FROM requests AS q WHERE q.courier = u.id AND q.state = 'confirmed') AS delivered FROM",
    [id uuid],
    "CROSS JOIN users AS u WHERE u.id = r.id"
);

/// What others may see of a person.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Person {
    /// The person's id.
    pub id: UserId,
    /// What others see.
    pub name: String,
    /// Their Telegram name, without `@`.
    pub username: Option<String>,
    /// The URL of their picture.
    pub avatar: Option<String>,
    /// Whether they have shown who they are.
    pub is_verified: bool,
    /// Packages they have carried to a confirmed end.
    pub delivered: u64,
    /// Reviews of them that are shown.
    pub reviews: u64,
    /// The sum of their stars.
    pub stars: u64,
}

impl Person {
    /// Their rating: the mean of the reviews, with one decimal place; 0 without any.
    #[must_use]
    pub fn rating(&self) -> f64 {
        if self.reviews == 0 { 0.0 } else { (self.stars as f64 * 10.0 / self.reviews as f64).round() / 10.0 }
    }
}

/// The packages of a sender, newest first, with everybody who is named in their requests.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct SenderPackages {
    /// The packages, with their requests.
    pub packages: Vec<Package>,
    /// The couriers of the requests; somebody unknown is left out.
    pub people: BTreeMap<UserId, Person>,
    /// From which airport or station the trips of the requests start; where none is said, the trip is left
    /// out.
    pub airports: BTreeMap<TripId, String>,
}

/// A request as the courier of its trip sees it.
#[derive(Clone, PartialEq, Debug)]
pub struct TripRequest {
    /// The request.
    pub request: Request,
    /// What the package is.
    pub description: String,
    /// Where it starts, in free words.
    pub pickup_address: String,
    /// Where it goes, in free words.
    pub dropoff_address: String,
    /// Whether it changes hands with codes only.
    pub hand_over_codes: bool,
    /// How the package is paid for.
    pub payment: PaymentTerms,
}

/// Which requests of a trip.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Which {
    /// All of them.
    All,
    /// Those that the courier did not start.
    Asked,
}

/// The requests of a trip, newest first, with their senders.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct TripRequests {
    /// The requests, newest first.
    pub requests: Vec<TripRequest>,
    /// The senders; somebody unknown is left out.
    pub people: BTreeMap<UserId, Person>,
}

impl Database {
    /// A sender's packages before `before`, newest first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn packages_of(
        &self,
        sender: UserId,
        before: Option<PackageId>,
        limit: u32,
    ) -> Result<SenderPackages, Unavailable> {
        let before = before.map_or(Uuid::max(), PackageId::uuid);
        self.with_couriers(PACKAGES_OF, args![sender.uuid(), before, limit]).await
    }

    /// A sender's packages for a list of so many, newest first: if there are more, those that are not over.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn shown_packages_of(&self, sender: UserId, limit: u32) -> Result<SenderPackages, Unavailable> {
        let mut shown = self.with_couriers(SHOWN_PACKAGES_OF, args![sender.uuid(), limit]).await?;
        shown.packages.sort_unstable_by_key(|package| Reverse(package.id));
        Ok(shown)
    }

    async fn with_couriers(&self, sql: Sql, args: Vec<Value>) -> Result<SenderPackages, Unavailable> {
        let work = self.snapshot(move |conn| {
            let args = args.clone();
            Box::pin(async move {
                let packages = load::packages(conn, sql, args).await?;
                let requests = || packages.iter().flat_map(|package| &package.requests);
                let people = people(conn, requests().map(|request| request.courier).collect()).await?;
                let airports = airports(conn, requests().map(|request| request.trip).collect()).await?;
                Ok(SenderPackages { packages, people, airports })
            })
        });
        Ok(work.await?)
    }

    /// From which airport or station several trips start; where none is said, the trip is left out.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn airports(&self, trips: &[TripId]) -> Result<BTreeMap<TripId, String>, Unavailable> {
        let trips: BTreeSet<TripId> = trips.iter().copied().collect();
        Ok(self.snapshot(move |conn| Box::pin(airports(conn, trips))).await?)
    }

    /// A courier's trips for a list of so many, newest first: if there are more, those that are not over.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn shown_trips_of(&self, courier: UserId, limit: u32) -> Result<Vec<Trip>, Unavailable> {
        let work = self
            .snapshot(move |conn| Box::pin(load::trips(conn, SHOWN_TRIPS_OF, args![courier.uuid(), limit])));
        let mut trips = work.await?;
        trips.sort_unstable_by_key(|trip| Reverse(trip.id));
        Ok(trips)
    }

    /// A trip's requests before `before`, newest first: all of them, or those only that its courier is asked.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn requests_of(
        &self,
        trip: TripId,
        before: Option<RequestId>,
        limit: u32,
        which: Which,
    ) -> Result<TripRequests, Unavailable> {
        let before = before.map_or(Uuid::max(), RequestId::uuid);
        let all = i64::from(which == Which::All);
        let work = self.snapshot(move |conn| {
            Box::pin(async move {
                let found = conn.all(REQUESTS_OF, args![trip.uuid(), before, limit, all]).await?;
                let requests = each(&found, trip_request)?;
                let senders = requests.iter().map(|item| item.request.sender);
                let people = people(conn, senders.collect()).await?;
                Ok(TripRequests { requests, people })
            })
        });
        Ok(work.await?)
    }

    /// Trips whose couriers are to be reminded: a day before the start, or three hours when they were
    /// published later than that.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn trips_to_remind(&self, now: Time, limit: u32) -> Result<Vec<TripId>, Unavailable> {
        let (day, hours) = (Span::hours(24).ms(), Span::hours(3).ms());
        Ok(each(&self.rows(TO_REMIND, args![now.ms(), day, hours, limit]).await?, |row| row.trip_id("id"))?)
    }

    /// Several packages with their requests, in no order; those that do not exist are left out.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn packages(&self, ids: &[PackageId]) -> Result<Vec<Package>, Unavailable> {
        let ids = rows(ids.iter().map(|id| json!({ "id": hex(id.uuid()) })));
        Ok(self.snapshot(move |conn| Box::pin(load::packages(conn, PACKAGES, vec![ids]))).await?)
    }

    /// Several trips, in no order; those that do not exist are left out.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn trips(&self, ids: &[TripId]) -> Result<Vec<Trip>, Unavailable> {
        let ids = rows(ids.iter().map(|id| json!({ "id": hex(id.uuid()) })));
        Ok(self.snapshot(move |conn| Box::pin(load::trips(conn, TRIPS, vec![ids]))).await?)
    }

    /// Packages that the engine offers for any of several trips now, in no order.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn packages_offered_on(&self, trips: &[TripId]) -> Result<Vec<Package>, Unavailable> {
        let ids = rows(trips.iter().map(|id| json!({ "id": hex(id.uuid()) })));
        let work =
            self.snapshot(move |conn| Box::pin(load::packages(conn, PACKAGES_OFFERED_ON, vec![ids.clone()])));
        Ok(work.await?)
    }

    /// Ten times the rating of several people; somebody without reviews is left out.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn ratings(&self, people: &[UserId]) -> Result<BTreeMap<UserId, u32>, Unavailable> {
        let mut ratings = BTreeMap::new();
        for some in people.chunks(MAX_AT_ONCE) {
            let ids = rows(some.iter().map(|id| json!({ "id": hex(id.uuid()) })));
            for row in self.rows(RATINGS, vec![ids]).await? {
                let (stars, reviews) = (row.number::<u32>("stars")?, row.number::<u32>("reviews")?);
                ratings.insert(row.user("subject")?, (stars * 10 + reviews / 2) / reviews.max(1));
            }
        }
        Ok(ratings)
    }

    /// What others may see of several people; somebody unknown is left out.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn people(&self, ids: &[UserId]) -> Result<BTreeMap<UserId, Person>, Unavailable> {
        let ids: BTreeSet<UserId> = ids.iter().copied().collect();
        Ok(self.snapshot(move |conn| Box::pin(people(conn, ids))).await?)
    }
}

async fn people(conn: &mut Conn, ids: BTreeSet<UserId>) -> Result<BTreeMap<UserId, Person>, Failure> {
    if ids.is_empty() {
        return Ok(BTreeMap::new());
    }
    let ids = rows(ids.iter().map(|id| json!({ "id": hex(id.uuid()) })));
    let mut people = BTreeMap::new();
    for row in conn.all(PEOPLE, vec![ids]).await? {
        let person = Person {
            id: row.user("id")?,
            name: row.text("name")?,
            username: row.get("username")?,
            avatar: row.get("avatar")?,
            is_verified: row.get::<Option<i64>>("verified_at")?.is_some(),
            delivered: row.number("delivered")?,
            reviews: row.number("reviews")?,
            stars: row.number("stars")?,
        };
        people.insert(person.id, person);
    }
    Ok(people)
}

async fn airports(conn: &mut Conn, trips: BTreeSet<TripId>) -> Result<BTreeMap<TripId, String>, Failure> {
    if trips.is_empty() {
        return Ok(BTreeMap::new());
    }
    let ids = rows(trips.iter().map(|id| json!({ "id": hex(id.uuid()) })));
    let found = conn.all(AIRPORTS, vec![ids]).await?;
    found.iter().map(|row| Ok((row.trip_id("id")?, row.text("airport")?))).collect()
}

fn trip_request(row: &Row) -> Result<TripRequest, Failure> {
    Ok(TripRequest {
        request: codec::request(row)?,
        description: row.text("description")?,
        pickup_address: row.text("pickup_address")?,
        dropoff_address: row.text("dropoff_address")?,
        hand_over_codes: row.get::<i64>("hand_over_codes")? != 0,
        payment: codec::payment_terms(row)?,
    })
}
