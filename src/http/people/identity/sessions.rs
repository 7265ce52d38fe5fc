//! Where one is signed in, and signing out: here, there, everywhere.

use actix_web::{HttpResponse, web};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::app::App;
use crate::auth::Principal;
use crate::auth::revocations::Revocations;
use crate::auth::token::Access;
use crate::error::{ApiError, Problem, request_id};

/// Somebody is signed out.
#[derive(Debug, Serialize, ToSchema)]
pub struct SignedOut {
    pub(super) success: bool,
}

/// Somebody is signed out here.
#[derive(Debug, Serialize, ToSchema)]
pub struct SignedOutHere {
    success: bool,
    message: String,
}

/// Where one is signed in.
#[derive(Debug, Serialize, ToSchema)]
pub struct Sessions {
    /// Latest first.
    sessions: Vec<SessionView>,
}

/// A sign-in on a device.
#[derive(Debug, Serialize, ToSchema)]
pub struct SessionView {
    id: String,
    /// What the device calls itself.
    device: String,
    created_at: String,
    last_seen_at: String,
    /// Whether it is the one that asks.
    is_current: bool,
}

/// Ends this session.
#[utoipa::path(post, path = "/api/auth/logout", operation_id = "sign_out", tag = "identity",
    security(("bearer" = [])),
    responses((status = 200, body = SignedOutHere), (status = 401, body = Problem)))]
pub async fn sign_out(
    app: web::Data<App>,
    access: Access,
    revocations: web::Data<Revocations>,
) -> Result<HttpResponse, ApiError> {
    let now = app.clock.now();
    app.database.revoke_session(access.principal.user, access.session, now).await?;
    revocations.refresh(now).await?;
    let message = request_id::language().choose("Вы вышли".to_owned(), "You are signed out".to_owned());
    Ok(HttpResponse::Ok().json(SignedOutHere { success: true, message }))
}

/// Ends every session of the caller, this one included.
#[utoipa::path(post, path = "/api/auth/logout-everywhere", operation_id = "sign_out_everywhere",
    tag = "identity", security(("bearer" = [])),
    responses((status = 200, body = SignedOut), (status = 401, body = Problem)))]
pub async fn sign_out_everywhere(
    app: web::Data<App>,
    principal: Principal,
    revocations: web::Data<Revocations>,
) -> Result<HttpResponse, ApiError> {
    let now = app.clock.now();
    app.database.revoke_sessions(principal.user, now).await?;
    revocations.refresh(now).await?;
    Ok(HttpResponse::Ok().json(SignedOut { success: true }))
}

/// Where one is signed in.
#[utoipa::path(get, path = "/api/user/sessions", operation_id = "my_sessions",
    tag = "identity", security(("bearer" = [])),
    responses((status = 200, body = Sessions), (status = 401, body = Problem)))]
pub async fn list(app: web::Data<App>, access: Access) -> Result<HttpResponse, ApiError> {
    let sessions = app.database.sessions(access.principal.user, app.clock.now()).await?;
    let sessions = sessions.into_iter().map(|session| SessionView {
        id: session.id.to_string(),
        device: session.device,
        created_at: session.created_at.to_string(),
        last_seen_at: session.last_seen_at.to_string(),
        is_current: session.id == access.session,
    });
    Ok(HttpResponse::Ok().json(Sessions { sessions: sessions.collect() }))
}

/// Ends one of one's own sessions.
#[utoipa::path(delete, path = "/api/user/sessions/{session_id}", operation_id = "end_session",
    tag = "identity", security(("bearer" = [])),
    params(("session_id" = String, Path, description = "The session")),
    responses((status = 200, body = SignedOut), (status = 401, body = Problem),
        (status = 404, body = Problem)))]
pub async fn end_session(
    app: web::Data<App>,
    principal: Principal,
    revocations: web::Data<Revocations>,
    path: web::Path<Uuid>,
) -> Result<HttpResponse, ApiError> {
    let now = app.clock.now();
    if !app.database.revoke_session(principal.user, path.into_inner(), now).await? {
        return Err(ApiError::not_found());
    }
    revocations.refresh(now).await?;
    Ok(HttpResponse::Ok().json(SignedOut { success: true }))
}
