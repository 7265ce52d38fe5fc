//! Work that goes on after the call that asked for it: how far it has come.

use actix_web::{HttpResponse, web};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::app::App;
use crate::error::{ApiError, Problem};
use crate::store::Job;

/// Work that is under way, or was.
#[derive(Debug, Serialize, ToSchema)]
pub struct JobView {
    /// Nobody can guess it.
    id: String,
    /// `account`: what somebody who has gone has left is called off. `trip`: what waits on a trip that is
    /// over is ended.
    kind: String,
    /// How much there was to do.
    total: u64,
    /// How much there still is.
    left: u64,
    /// When it was done.
    #[serde(skip_serializing_if = "Option::is_none")]
    finished_at: Option<String>,
}

/// A job as it is shown.
pub(in crate::http) fn view(job: Job) -> JobView {
    JobView {
        id: job.id.to_string(),
        kind: job.kind.word().to_owned(),
        total: job.total,
        left: job.left,
        finished_at: job.finished_at.map(|at| at.to_string()),
    }
}

/// How far a job has come that another call has named. Its id is the key: the caller may have no account any
/// more.
#[utoipa::path(get, path = "/api/jobs/{job_id}", operation_id = "show_job", tag = "identity",
    params(("job_id" = String, Path, description = "The job")),
    responses((status = 200, body = JobView), (status = 404, body = Problem)))]
pub async fn show(app: web::Data<App>, path: web::Path<Uuid>) -> Result<HttpResponse, ApiError> {
    let job = app.database.job(path.into_inner()).await?.ok_or_else(ApiError::not_found)?;
    Ok(HttpResponse::Ok().json(view(job)))
}
