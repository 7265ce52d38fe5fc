//! As much of a package, trip or request as it takes to know whose it is.

use peerpack_actors::ids::{PackageId, RequestId, TripId, UserId};
use peerpack_actors::market::request::Origin;
use peerpack_actors::ports::Unavailable;

use crate::store::Database;
use crate::store::sql::{Sql, args, codec, each, sql};

const PACKAGE_HEADER: Sql = sql("SELECT id, sender, state, version FROM packages WHERE id = $1");
const TRIP_HEADER: Sql = sql("SELECT id, courier, state, version FROM trips WHERE id = $1");
const RIDING: Sql = sql("SELECT state FROM requests \
    WHERE trip_id = $1 AND sender = $2 AND state IN ('accepted', 'picked_up')");
const REQUEST_HEADER: Sql =
    sql("SELECT id, package_id, trip_id, sender, courier, origin, state FROM requests WHERE id = $1");

/// As much of a package as it takes to know whose it is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PackageHeader {
    /// The package.
    pub id: PackageId,
    /// Who has published it.
    pub sender: UserId,
    /// The word of its state.
    pub state: String,
    /// Its version, which every change raises.
    pub version: i64,
}

/// As much of a trip as it takes to know whose it is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TripHeader {
    /// The trip.
    pub id: TripId,
    /// The courier, who has published it.
    pub courier: UserId,
    /// The word of its state.
    pub state: String,
    /// Its version, which every change raises.
    pub version: i64,
}

/// As much of a request as it takes to know whose it is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RequestHeader {
    /// The request.
    pub id: RequestId,
    /// Its package.
    pub package: PackageId,
    /// Its trip.
    pub trip: TripId,
    /// The sender of the package.
    pub sender: UserId,
    /// The courier of the trip.
    pub courier: UserId,
    /// Who started it.
    pub origin: Origin,
    /// The word of its state.
    pub state: String,
}

impl Database {
    /// Whose a package is.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn package_header(&self, id: PackageId) -> Result<Option<PackageHeader>, Unavailable> {
        let Some(row) = self.row(PACKAGE_HEADER, args![id.uuid()]).await? else { return Ok(None) };
        let (sender, state, version) = (row.user("sender")?, row.text("state")?, row.get("version")?);
        Ok(Some(PackageHeader { id, sender, state, version }))
    }

    /// Whose a trip is.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn trip_header(&self, id: TripId) -> Result<Option<TripHeader>, Unavailable> {
        let Some(row) = self.row(TRIP_HEADER, args![id.uuid()]).await? else { return Ok(None) };
        let (courier, state, version) = (row.user("courier")?, row.text("state")?, row.get("version")?);
        Ok(Some(TripHeader { id, courier, state, version }))
    }

    /// Whether a trip has the packages of a sender aboard already, one answer for each that is to ride it.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn riding(&self, trip: TripId, sender: UserId) -> Result<Vec<bool>, Unavailable> {
        let found = self.rows(RIDING, args![trip.uuid(), sender.uuid()]).await?;
        Ok(each(&found, |row| Ok(row.text("state")? == "picked_up"))?)
    }

    /// Whose a request is.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn request_header(&self, id: RequestId) -> Result<Option<RequestHeader>, Unavailable> {
        let Some(row) = self.row(REQUEST_HEADER, args![id.uuid()]).await? else { return Ok(None) };
        Ok(Some(RequestHeader {
            id,
            package: row.package_id("package_id")?,
            trip: row.trip_id("trip_id")?,
            sender: row.user("sender")?,
            courier: row.user("courier")?,
            origin: codec::origin_of(&row.text("origin")?)?,
            state: row.text("state")?,
        }))
    }
}
