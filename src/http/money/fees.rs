//! The versions of the platform's fees, for operators: which fee a package was published with, and since
//! when.

use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::terms::{KindFee, kind_fees};
use crate::app::App;
use crate::error::extract::Query;
use crate::error::{ApiError, Problem};

/// How many versions one answer lists.
const PAGE: u32 = 50;

/// Which versions.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct BeforeVersion {
    /// The next page, as the last answer named it.
    #[param(value_type = Option<String>)]
    cursor: Option<u32>,
}

/// The versions of the platform's fees.
#[derive(Debug, Serialize, ToSchema)]
pub struct FeeVersions {
    /// Newest first.
    versions: Vec<FeeVersionView>,
    /// Where the next page starts.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// A version of the platform's fees. It is never changed: packages keep the one they were published with.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FeeVersion)]
pub struct FeeVersionView {
    /// Its number, as `fee_version` names it elsewhere.
    version: u32,
    /// What the platform takes, for each kind of deal.
    fees: Vec<KindFee>,
    /// When a server first used it.
    since: String,
}

/// The versions of the platform's fees, each with what it takes and since when it counts.
#[utoipa::path(get, path = "/api/admin/fees", operation_id = "fee_versions",
    tag = "admin", security(("bearer" = [])), params(BeforeVersion),
    responses((status = 200, body = FeeVersions), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 403, body = Problem)))]
pub async fn list(app: web::Data<App>, query: Query<BeforeVersion>) -> Result<HttpResponse, ApiError> {
    let found = app.database.fee_versions(query.0.cursor, PAGE).await?;
    let last = found.last().filter(|_| found.len() == PAGE as usize);
    let next_cursor = last.map(|last| last.number.to_string());
    let versions = found.iter().map(|one| FeeVersionView {
        version: one.number,
        fees: kind_fees(one.fees),
        since: one.since.to_string(),
    });
    Ok(HttpResponse::Ok().json(FeeVersions { versions: versions.collect(), next_cursor }))
}
