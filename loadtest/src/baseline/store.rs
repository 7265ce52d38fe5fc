//! The connection to the database, and what is neither an offer nor a step.

use std::time::Duration;

use peerpack_actors::ids::{PackageId, TripId, UserId};
use peerpack_actors::market::phase::{PackagePhase, TripPhase};
use peerpack_actors::place::{Gazetteer, PlaceId};
use peerpack_actors::stream::{PackageChanged, StreamEvent, TripChanged};
use peerpack_actors::time::Time;
use sqlx::postgres::{PgPool, PgPoolOptions};
use sqlx::{PgConnection, Row};
use uuid::Uuid;

use super::now;
use super::offers::offer;
use super::telling::{Pushed, Told, tell};

/// Connections to the database: what two cores keep busy.
const CONNECTIONS: u32 = 24;

/// How long a connection is waited for.
const CONNECTED_WITHIN: Duration = Duration::from_secs(10);

pub(super) struct Store(pub(super) PgPool);

/// A trip as it is published.
pub(super) struct NewTrip {
    pub(super) courier: UserId,
    pub(super) places: Vec<PlaceId>,
    pub(super) departs: Time,
    pub(super) arrives: Time,
    pub(super) capacity_g: i64,
}

/// A package.
pub(super) struct Package {
    pub(super) id: PackageId,
    pub(super) sender: UserId,
    pub(super) description: String,
    pub(super) from: PlaceId,
    pub(super) to: PlaceId,
    pub(super) weight_g: i64,
    pub(super) reward: i64,
    pub(super) deliver_by: Time,
}

impl Store {
    pub(super) async fn connect(url: &str) -> anyhow::Result<Self> {
        let pool = PgPoolOptions::new().max_connections(CONNECTIONS).acquire_timeout(CONNECTED_WITHIN);
        Ok(Self(pool.connect(url).await?))
    }

    pub(super) async fn make_tables(&self) -> anyhow::Result<()> {
        sqlx::raw_sql(include_str!("schema.sql")).execute(&self.0).await?;
        Ok(())
    }

    /// The user of a Telegram account, made at the first sign-in.
    pub(super) async fn user(&self, telegram_id: i64) -> sqlx::Result<UserId> {
        let insert = "INSERT INTO plain_users (id, telegram_id) VALUES ($1, $2) \
                      ON CONFLICT (telegram_id) DO UPDATE SET telegram_id = excluded.telegram_id RETURNING id";
        let id = UserId::new(now(), rand::random()).uuid();
        let row = sqlx::query(insert).bind(id).bind(telegram_id).fetch_one(&self.0).await?;
        Ok(row.get::<Uuid, _>("id").into())
    }

    /// The number of a user's last event.
    pub(super) async fn top(&self, user: UserId) -> sqlx::Result<u64> {
        let row = sqlx::query("SELECT last_seq FROM plain_users WHERE id = $1").bind(user.uuid());
        Ok(row.fetch_optional(&self.0).await?.map_or(0, |row| row.get::<i64, _>("last_seq").unsigned_abs()))
    }

    /// A user's events after one number up to another.
    pub(super) async fn events(&self, user: UserId, after: u64, to: u64) -> sqlx::Result<Vec<String>> {
        let select =
            "SELECT body FROM plain_events WHERE user_id = $1 AND seq > $2 AND seq <= $3 ORDER BY seq";
        let rows = sqlx::query(select).bind(user.uuid()).bind(after.cast_signed()).bind(to.cast_signed());
        Ok(rows.fetch_all(&self.0).await?.iter().map(|row| row.get("body")).collect())
    }

    pub(super) async fn publish_trip(&self, new: &NewTrip) -> sqlx::Result<(TripId, Vec<Pushed>)> {
        let at = now();
        let trip = TripId::new(at, rand::random());
        let mut tx = self.0.begin().await?;
        let insert = "INSERT INTO plain_trips (id, courier, departs, arrives) VALUES ($1, $2, $3, $4)";
        let insert = sqlx::query(insert).bind(trip.uuid()).bind(new.courier.uuid());
        insert.bind(new.departs.ms()).bind(new.arrives.ms()).execute(&mut *tx).await?;
        for (n, place) in (0_i32..).zip(&new.places) {
            let position = Gazetteer::bundled().get(*place).map(|place| place.position);
            let (lat, lon) = position.map_or((0.0, 0.0), |position| (position.lat, position.lon));
            let insert = "INSERT INTO plain_stops (trip, n, place, lat, lon) VALUES ($1, $2, $3, $4, $5)";
            let insert = sqlx::query(insert).bind(trip.uuid()).bind(n).bind(i64::from(place.0));
            insert.bind(lat).bind(lon).execute(&mut *tx).await?;
        }
        for leg in (0_i32..).take(new.places.len() - 1) {
            let insert = "INSERT INTO plain_legs (trip, leg, capacity_g) VALUES ($1, $2, $3)";
            let insert = sqlx::query(insert).bind(trip.uuid()).bind(leg).bind(new.capacity_g);
            insert.execute(&mut *tx).await?;
        }
        let change = TripChanged { trip_id: trip, state: TripPhase::Active, version: 1 };
        let told = Told { to: new.courier, event: StreamEvent::TripUpdated(change) };
        let pushed = tell(&mut tx, vec![told], at).await?;
        tx.commit().await?;
        Ok((trip, pushed))
    }

    /// Publishes a package and offers it; once for a key.
    pub(super) async fn publish_package(
        &self,
        package: &Package,
        key: Option<Uuid>,
    ) -> sqlx::Result<(PackageId, Vec<Pushed>)> {
        let at = now();
        let mut tx = self.0.begin().await?;
        if let Some(Some(known)) = answered(&mut tx, key).await? {
            return Ok((known.into(), Vec::new()));
        }
        let insert = "INSERT INTO plain_packages (id, sender, description, origin, destination, weight_g, reward, deliver_by) \
                      VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
        let insert = sqlx::query(insert).bind(package.id.uuid()).bind(package.sender.uuid());
        let insert =
            insert.bind(&package.description).bind(i64::from(package.from.0)).bind(i64::from(package.to.0));
        let insert = insert.bind(package.weight_g).bind(package.reward).bind(package.deliver_by.ms());
        insert.execute(&mut *tx).await?;
        let change = PackageChanged { package_id: package.id, state: PackagePhase::Open, version: 1 };
        let mut told = vec![Told { to: package.sender, event: StreamEvent::PackageUpdated(change) }];
        told.extend(offer(&mut tx, package, at).await?);
        let pushed = tell(&mut tx, told, at).await?;
        remember(&mut tx, key, Some(package.id.uuid())).await?;
        tx.commit().await?;
        Ok((package.id, pushed))
    }
}

/// The answer that was given under a key, if one was.
pub(super) async fn answered(tx: &mut PgConnection, key: Option<Uuid>) -> sqlx::Result<Option<Option<Uuid>>> {
    let select = sqlx::query("SELECT answer FROM plain_answers WHERE key = $1").bind(key);
    Ok(select.fetch_optional(tx).await?.map(|row| row.get("answer")))
}

/// Keeps an answer, in the transaction of its effect.
pub(super) async fn remember(
    tx: &mut PgConnection,
    key: Option<Uuid>,
    answer: Option<Uuid>,
) -> sqlx::Result<()> {
    if key.is_some() {
        let insert =
            sqlx::query("INSERT INTO plain_answers (key, answer) VALUES ($1, $2)").bind(key).bind(answer);
        insert.execute(tx).await?;
    }
    Ok(())
}
