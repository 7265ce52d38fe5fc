//! Where one is signed in, and signing out: here, there, everywhere.

use actix_web::{HttpRequest, HttpResponse, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::app::App;
use crate::auth::revocations::Revocations;
use crate::auth::token::{Access, RefreshToken};
use crate::auth::{Principal, authenticate};
use crate::error::extract::MaybeBody;
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

/// By which session somebody signs out who has no access token any more.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
pub struct SignOut {
    /// A refresh token of it.
    refresh: Option<String>,
}

/// Ends this session: that of the access token, or that of a refresh token in the body.
#[utoipa::path(post, path = "/api/auth/logout", operation_id = "sign_out", tag = "identity",
    security((), ("bearer" = [])), request_body(content = Option<SignOut>),
    responses((status = 200, body = SignedOutHere), (status = 400, body = Problem), (status = 401, body = Problem)))]
pub async fn sign_out(
    req: HttpRequest,
    app: web::Data<App>,
    revocations: web::Data<Revocations>,
    body: MaybeBody<SignOut>,
) -> Result<HttpResponse, ApiError> {
    let now = app.clock.now();
    let (user, session) = match authenticate(&req) {
        Ok(access) => (access.principal.user, access.session),
        Err(unknown) => {
            let given = body.0.and_then(|body| body.refresh);
            let token = given.as_deref().and_then(RefreshToken::parse).ok_or_else(|| unknown.clone())?;
            let found = app.database.live_refresh_token(hex::encode(token.hash()), now).await?;
            found.ok_or(unknown)?
        }
    };
    app.database.revoke_session(user, session, now).await?;
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
