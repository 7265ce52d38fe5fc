//! What regions charge, version by version, and how much dearer they are by now.

use peerpack_actors::dispatch::Tariff;
use peerpack_actors::dispatch::surge::Surge;
use peerpack_actors::ids::{RegionId, UserId};
use peerpack_actors::ports::Unavailable;
use peerpack_actors::time::{Span, Time};

use crate::store::Database;
use crate::store::failure::Failure;
use crate::store::sql::codec::{document, to_document};
use crate::store::sql::{Sql, args, each, sql};

const TARIFFS: Sql = sql("SELECT document FROM tariffs ORDER BY region, version");

const ADD: Sql = sql("\
    INSERT INTO tariffs (region, version, valid_from, document, created_by, created_at) \
    VALUES ($1, $2, $3, $4, $5, $6)");

const SURGE: Sql = sql("SELECT smoothed, at FROM surges WHERE region = $1");

const DEMAND: Sql = sql("\
    SELECT (SELECT count(*) FROM orders WHERE region = $1 AND created_at > $2) AS wanted, \
    (SELECT count(*) FROM duties WHERE region = $1 AND state <> 'offline') AS there");

// Of two who work it out at the same moment one is kept: the smoothing takes one step.
const KEEP: Sql = sql("\
    INSERT INTO surges AS s (region, smoothed, at) VALUES ($1, $2, $3) \
    ON CONFLICT (region) DO UPDATE SET smoothed = excluded.smoothed, at = excluded.at WHERE s.at = $4");

/// For how long orders count as what is wanted.
const WANTED_FOR: Span = Span::minutes(5);

/// How often the factor takes a step.
const STEP: Span = Span::minutes(1);

/// A factor that nobody has asked for in so long begins anew.
const FORGOTTEN: Span = Span::minutes(30);

impl Database {
    /// Every version of every region's tariff.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn tariffs(&self) -> Result<Vec<Tariff>, Unavailable> {
        let found = self.rows(TARIFFS, args![]).await?;
        Ok(each(&found, |row| document(&row.text("document")?))?)
    }

    /// Adds a version of a region's tariff; answers whether its number was free.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn add_tariff(
        &self,
        region: RegionId,
        tariff: &Tariff,
        by: UserId,
        now: Time,
    ) -> Result<bool, Unavailable> {
        let values = args![
            region.uuid(),
            tariff.version,
            tariff.valid_from.ms(),
            to_document(tariff)?,
            by.uuid(),
            now.ms(),
        ];
        match self.execute(ADD, values).await {
            Ok(_) => Ok(true),
            Err(Failure::Conflict) => Ok(false),
            Err(failure) => Err(failure.into()),
        }
    }

    /// How much dearer a region is by now: the same for every node, one step a minute.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn surge(&self, region: RegionId, now: Time) -> Result<Surge, Unavailable> {
        let row = self.row(SURGE, args![region.uuid()]).await?;
        let known = row.map(|row| Ok::<_, Failure>((row.get("smoothed")?, row.time("at")?)));
        let known: Option<(f64, Time)> = known.transpose()?;
        let surge = match known {
            Some((smoothed, at)) if now.since(at) < STEP => return Ok(Surge::of(smoothed)),
            Some((smoothed, at)) if now.since(at) < FORGOTTEN => Surge::of(smoothed),
            _ => Surge::default(),
        };
        let demand = self.row(DEMAND, args![region.uuid(), (now - WANTED_FOR).ms()]).await?;
        let (wanted, there) = demand
            .map_or(Ok((0, 0)), |row| Ok::<_, Unavailable>((row.number("wanted")?, row.number("there")?)))?;
        let surge = surge.after(wanted, there);
        let seen = known.map_or(0, |(_, at)| at.ms());
        self.execute(KEEP, args![region.uuid(), surge.smoothed(), now.ms(), seen]).await?;
        Ok(surge)
    }
}
