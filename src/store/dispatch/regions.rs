//! Regions, and the cities that group them.

use peerpack_actors::ids::RegionId;
use peerpack_actors::place::Position;
use peerpack_actors::ports::Unavailable;
use peerpack_actors::time::Time;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::store::Database;
use crate::store::failure::Failure;
use crate::store::sql::codec::{document, to_document};
use crate::store::sql::{Row, Sql, args, each, sql};

const CITIES: Sql =
    sql("SELECT id, title, center_lat, center_lon, deleted_at FROM cities ORDER BY title, id");

const PUT_CITY: Sql = sql("\
    INSERT INTO cities (id, title, center_lat, center_lon, version, created_at, updated_at, deleted_at) \
    VALUES ($1, $2, $3, $4, 1, $5, $5, $6) \
    ON CONFLICT (id) DO UPDATE SET title = excluded.title, center_lat = excluded.center_lat, \
    center_lon = excluded.center_lon, version = cities.version + 1, updated_at = excluded.updated_at, \
    deleted_at = excluded.deleted_at");

const REGIONS: Sql = sql("\
    SELECT id, city, title, center_lat, center_lon, polygon, service_radius_m, priority, hours, version, \
    deleted_at FROM regions ORDER BY title, id");

// `updated_at` never goes back, as with packages.
const PUT: Sql = sql("\
    INSERT INTO regions (id, city, title, center_lat, center_lon, polygon, service_radius_m, priority, hours, \
    version, created_at, updated_at, deleted_at) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 1, $10, $10, $11) \
    ON CONFLICT (id) DO UPDATE SET city = excluded.city, title = excluded.title, \
    center_lat = excluded.center_lat, center_lon = excluded.center_lon, polygon = excluded.polygon, \
    service_radius_m = excluded.service_radius_m, priority = excluded.priority, hours = excluded.hours, \
    version = regions.version + 1, deleted_at = excluded.deleted_at, \
    updated_at = CASE WHEN regions.updated_at > excluded.updated_at THEN regions.updated_at \
    ELSE excluded.updated_at END \
    WHERE regions.version = $12");

const TOUCH: Sql = sql("\
    UPDATE regions SET version = version + 1, \
    updated_at = CASE WHEN updated_at > $2 THEN updated_at ELSE $2 END WHERE id = $1");

const CITY_VERSIONS: Sql = sql("SELECT id, version FROM cities");

const CHANGED: Sql = sql("\
    SELECT id, version FROM (\
        SELECT id, version, updated_at FROM regions WHERE updated_at >= $1 \
        UNION ALL SELECT id, version, updated_at FROM cities WHERE updated_at >= $1) AS changed \
    ORDER BY updated_at, id LIMIT $2");

const FIGURES: Sql = sql("\
    SELECT (SELECT count(*) FROM drivers WHERE region = $1 AND left_at IS NULL) AS drivers, \
    (SELECT count(*) FROM passengers WHERE region = $1) AS passengers, \
    (SELECT count(*) FROM orders WHERE region = $1) AS orders, \
    (SELECT count(*) FROM orders WHERE region = $1 \
        AND state NOT IN ('draft', 'rejected', 'no_show', 'completed', 'cancelled')) AS active");

/// A city that regions belong to.
#[derive(Clone, PartialEq, Debug)]
pub struct CityRecord {
    /// Its id.
    pub id: Uuid,
    /// Its name.
    pub title: String,
    /// The middle of the city.
    pub centre: Position,
    /// Since when it is gone.
    pub deleted_at: Option<Time>,
}

/// When a region takes orders on a day of the week.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Hours {
    /// 1 is Monday, 7 is Sunday.
    pub day: i8,
    /// The beginning, `HH:MM`.
    pub from: String,
    /// `HH:MM`; before `from` it is on the next day.
    pub to: String,
}

/// A region as it is stored.
#[derive(Clone, PartialEq, Debug)]
pub struct RegionRecord {
    /// Its id.
    pub id: RegionId,
    /// The city that it belongs to.
    pub city: Uuid,
    /// Its name.
    pub title: String,
    /// The point that it is served around.
    pub centre: Position,
    /// The corners of its border, latitude first; empty if it was not drawn.
    pub polygon: Vec<[f64; 2]>,
    /// How far around its centre it serves, metres.
    pub service_radius_m: u32,
    /// Of several that contain a pickup, that of the highest priority has it.
    pub priority: i32,
    /// When it takes orders; empty for always.
    pub hours: Vec<Hours>,
    /// Counts changes: what is stored is a change of this version. 0 for a region that is new.
    pub version: i64,
    /// Since when it is gone.
    pub deleted_at: Option<Time>,
}

/// How much there is in a region.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RegionFigures {
    /// People who may go on duty there.
    pub drivers: u64,
    /// People who live there.
    pub passengers: u64,
    /// Orders that are not over.
    pub active_orders: u64,
    /// All orders, those that are over included.
    pub orders: u64,
}

impl Database {
    /// Every city, those included that are gone.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn cities(&self) -> Result<Vec<CityRecord>, Unavailable> {
        Ok(each(&self.rows(CITIES, args![]).await?, city)?)
    }

    /// Adds a city or changes it.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn put_city(&self, city: &CityRecord, now: Time) -> Result<(), Unavailable> {
        let CityRecord { id, title, centre, deleted_at } = city.clone();
        let values = args![id, title, centre.lat, centre.lon, now.ms(), deleted_at.map(Time::ms)];
        self.execute(PUT_CITY, values).await?;
        Ok(())
    }

    /// Every region, those included that are gone.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn regions(&self) -> Result<Vec<RegionRecord>, Unavailable> {
        Ok(each(&self.rows(REGIONS, args![]).await?, region)?)
    }

    /// Adds a region, or changes it if it still has the version that was changed; answers whether it was so.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn put_region(&self, region: &RegionRecord, now: Time) -> Result<bool, Unavailable> {
        let values = args![
            region.id.uuid(),
            region.city,
            region.title.as_str(),
            region.centre.lat,
            region.centre.lon,
            to_document(&region.polygon)?,
            region.service_radius_m,
            i64::from(region.priority),
            to_document(&region.hours)?,
            now.ms(),
            region.deleted_at.map(Time::ms),
            region.version,
        ];
        Ok(self.execute(PUT, values).await? > 0)
    }

    /// Counts a change of a region whose own row stays as it is, so that other nodes read it again.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn touch_region(&self, id: RegionId, now: Time) -> Result<(), Unavailable> {
        self.execute(TOUCH, args![id.uuid(), now.ms()]).await?;
        Ok(())
    }

    /// The versions of all cities, those included that are gone.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn city_versions(&self) -> Result<Vec<(Uuid, i64)>, Unavailable> {
        let found = self.rows(CITY_VERSIONS, args![]).await?;
        Ok(each(&found, |row| Ok((row.get("id")?, row.get("version")?)))?)
    }

    /// Regions and cities that changed at or after `since`, with their versions, oldest change first, at most
    /// `limit`.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn changed_regions(&self, since: Time, limit: u32) -> Result<Vec<(Uuid, i64)>, Unavailable> {
        let found = self.rows(CHANGED, args![since.ms(), limit]).await?;
        Ok(each(&found, |row| Ok((row.get("id")?, row.get("version")?)))?)
    }

    /// How much there is in a region.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn region_figures(&self, id: RegionId) -> Result<RegionFigures, Unavailable> {
        let work = self.snapshot(move |conn| {
            Box::pin(async move {
                let row = conn.one(FIGURES, args![id.uuid()]).await?;
                Ok(RegionFigures {
                    drivers: row.number("drivers")?,
                    passengers: row.number("passengers")?,
                    active_orders: row.number("active")?,
                    orders: row.number("orders")?,
                })
            })
        });
        Ok(work.await?)
    }
}

fn city(row: &Row) -> Result<CityRecord, Failure> {
    Ok(CityRecord {
        id: row.get("id")?,
        title: row.text("title")?,
        centre: Position { lat: row.get("center_lat")?, lon: row.get("center_lon")? },
        deleted_at: row.optional_time("deleted_at")?,
    })
}

fn region(row: &Row) -> Result<RegionRecord, Failure> {
    Ok(RegionRecord {
        id: row.get::<Uuid>("id")?.into(),
        city: row.get("city")?,
        title: row.text("title")?,
        centre: Position { lat: row.get("center_lat")?, lon: row.get("center_lon")? },
        polygon: document(&row.text("polygon")?)?,
        service_radius_m: row.number("service_radius_m")?,
        priority: row.number("priority")?,
        hours: document(&row.text("hours")?)?,
        version: row.get("version")?,
        deleted_at: row.optional_time("deleted_at")?,
    })
}
