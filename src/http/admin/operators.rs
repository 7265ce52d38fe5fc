//! Operators: taking them on, changing what people may do, shutting people out.

use actix_web::{HttpRequest, HttpResponse, web};
use peerpack_actors::ids::{DeedId, UserId};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

use crate::app::App;
use crate::auth::password::{self, MAX_PASSWORD, MIN_PASSWORD};
use crate::auth::revocations::Revocations;
use crate::auth::{Principal, Role};
use crate::edge::address;
use crate::error::extract::Body;
use crate::error::{ApiError, Problem};
use crate::http::input;
use crate::http::jobs::{JobView, view};
use crate::maintenance::jobs;
use crate::store::{Change, Deed, Job, JobKind, NewOperator};

/// Somebody who is to sign in with a name and a password.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewOperator)]
pub struct AddOperator {
    login: String,
    /// At least 12 characters.
    password: String,
    /// What others see.
    name: String,
    /// `viewer`, `dispatcher` or `admin`.
    #[schema(value_type = Role)]
    role: Role,
}

/// An operator was taken on.
#[derive(Debug, Serialize, ToSchema)]
pub struct OperatorAdded {
    pub(in crate::http) success: bool,
    pub(in crate::http) user_id: String,
}

/// Another role.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRole {
    /// `user`, `viewer`, `dispatcher` or `admin`.
    #[schema(value_type = Role)]
    role: Role,
}

/// It is so now.
#[derive(Debug, Serialize, ToSchema)]
pub struct AccountChanged {
    success: bool,
    /// What is still being called off, if that takes longer than this call.
    #[serde(skip_serializing_if = "Option::is_none")]
    job: Option<JobView>,
}

impl AccountChanged {
    /// With what is still being called off.
    pub(super) fn with(job: Option<Job>) -> Self {
        Self { success: true, job: job.map(view) }
    }
}

/// Takes an operator on.
#[utoipa::path(post, path = "/api/admin/operators", operation_id = "add_operator",
    tag = "admin", security(("bearer" = [])),
    request_body = AddOperator,
    responses((status = 201, body = OperatorAdded), (status = 400, body = Problem),
        (status = 401, body = Problem),
        (status = 403, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn add(
    req: HttpRequest,
    app: web::Data<App>,
    principal: Principal,
    body: Body<AddOperator>,
) -> Result<HttpResponse, ApiError> {
    let AddOperator { login, password, name, role } = body.0;
    if !role.is_operator() {
        return Err(ApiError::unprocessable("role", "must be viewer, dispatcher or admin"));
    }
    let operator = new_operator(&app, login, password, name, role).await?;
    let id = operator.id;
    if !app.database.add_operator_by(operator, deed(&req, &app, principal)).await? {
        return Err(ApiError::conflict("login_taken", "somebody else has this login"));
    }
    Ok(HttpResponse::Created().json(OperatorAdded { success: true, user_id: id.to_string() }))
}

/// Gives a person another role. Their sessions end.
#[utoipa::path(put, path = "/api/admin/users/{user_id}/role", operation_id = "set_role",
    tag = "admin", security(("bearer" = [])),
    params(("user_id" = String, Path, description = "The user")), request_body = NewRole,
    responses((status = 200, body = AccountChanged), (status = 400, body = Problem),
        (status = 401, body = Problem),
        (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub async fn set_role(
    req: HttpRequest,
    app: web::Data<App>,
    principal: Principal,
    revocations: web::Data<Revocations>,
    path: web::Path<UserId>,
    body: Body<NewRole>,
) -> Result<HttpResponse, ApiError> {
    let user = somebody_else(principal, path.into_inner())?;
    let change = app.database.set_role_by(user, body.0.role, deed(&req, &app, principal)).await?;
    changed(change, &revocations, &app).await?;
    Ok(HttpResponse::Ok().json(AccountChanged::with(None)))
}

/// Shuts a person out. Their sessions end, their trips and waiting packages are called off.
#[utoipa::path(post, path = "/api/admin/users/{user_id}/block", operation_id = "block_user",
    tag = "admin", security(("bearer" = [])),
    params(("user_id" = String, Path, description = "The user")),
    responses((status = 200, body = AccountChanged), (status = 401, body = Problem),
        (status = 403, body = Problem),
        (status = 404, body = Problem), (status = 409, body = Problem)))]
pub async fn block(
    req: HttpRequest,
    app: web::Data<App>,
    principal: Principal,
    revocations: web::Data<Revocations>,
    path: web::Path<UserId>,
) -> Result<HttpResponse, ApiError> {
    let user = somebody_else(principal, path.into_inner())?;
    blocked(&app, &revocations, user, true, deed(&req, &app, principal)).await
}

/// Lets a person in again.
#[utoipa::path(post, path = "/api/admin/users/{user_id}/unblock", operation_id = "unblock_user",
    tag = "admin", security(("bearer" = [])),
    params(("user_id" = String, Path, description = "The user")),
    responses((status = 200, body = AccountChanged), (status = 401, body = Problem),
        (status = 403, body = Problem),
        (status = 404, body = Problem), (status = 409, body = Problem)))]
pub async fn unblock(
    req: HttpRequest,
    app: web::Data<App>,
    principal: Principal,
    revocations: web::Data<Revocations>,
    path: web::Path<UserId>,
) -> Result<HttpResponse, ApiError> {
    let user = somebody_else(principal, path.into_inner())?;
    blocked(&app, &revocations, user, false, deed(&req, &app, principal)).await
}

/// Takes an operator's second factor away, who has lost it and the recovery codes too. Their sessions end.
#[utoipa::path(delete, path = "/api/admin/users/{user_id}/second-factor",
    operation_id = "reset_second_factor",
    tag = "admin", security(("bearer" = [])),
    params(("user_id" = String, Path, description = "The operator")),
    responses((status = 200, body = AccountChanged), (status = 401, body = Problem),
        (status = 403, body = Problem),
        (status = 404, body = Problem), (status = 409, body = Problem)))]
pub async fn reset_second_factor(
    req: HttpRequest,
    app: web::Data<App>,
    principal: Principal,
    revocations: web::Data<Revocations>,
    path: web::Path<UserId>,
) -> Result<HttpResponse, ApiError> {
    let user = somebody_else(principal, path.into_inner())?;
    let change = app.database.remove_second_factor_by(user, deed(&req, &app, principal)).await?;
    changed(change, &revocations, &app).await?;
    Ok(HttpResponse::Ok().json(AccountChanged::with(None)))
}

async fn blocked(
    app: &App,
    revocations: &Revocations,
    user: UserId,
    blocked: bool,
    by: Deed,
) -> Result<HttpResponse, ApiError> {
    let job = set_blocked(app, revocations, user, blocked, by).await?;
    Ok(HttpResponse::Ok().json(AccountChanged::with(job)))
}

/// Shuts a person out, or lets them in again; answers what is still being called off.
pub(super) async fn set_blocked(
    app: &App,
    revocations: &Revocations,
    user: UserId,
    blocked: bool,
    by: Deed,
) -> Result<Option<Job>, ApiError> {
    let change = app.database.set_blocked_by(user, blocked, by).await?;
    changed(change, revocations, app).await?;
    Ok(if blocked { jobs::begin(app, JobKind::Account, user.uuid()).await } else { None })
}

/// Who does something to an account, and from where.
pub(super) fn deed(req: &HttpRequest, app: &App, principal: Principal) -> Deed {
    let at = app.clock.now();
    let address = address::client(address::of(req, app.config.trusted_proxies)).to_string();
    Deed { id: DeedId::new(at, app.clock.random()), actor: principal.user, address, at }
}

/// A password that somebody gets until they choose their own.
pub(super) fn temporary_password() -> String {
    hex::encode(rand::random::<[u8; 10]>())
}

/// Nobody changes their own rights. That the last administrator stays one is decided with the change itself.
pub(super) fn somebody_else(principal: Principal, user: UserId) -> Result<UserId, ApiError> {
    if user == principal.user {
        return Err(ApiError::conflict("own_account", "another administrator has to do this"));
    }
    Ok(user)
}

/// What became of a change; a change that was made counts at once.
pub(super) async fn changed(change: Change, revocations: &Revocations, app: &App) -> Result<(), ApiError> {
    match change {
        Change::Made => {}
        Change::NobodyThere => return Err(ApiError::not_found()),
        Change::LastAdministrator => {
            let message = "there would be no administrator left";
            return Err(ApiError::conflict("last_administrator", message));
        }
    }
    Ok(revocations.refresh(app.clock.now()).await?)
}

/// Checks and hashes what an operator comes with.
pub(in crate::http) async fn new_operator(
    app: &App,
    login: String,
    password: String,
    name: String,
    role: Role,
) -> Result<NewOperator, ApiError> {
    let login = login.to_lowercase();
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-' | b'@');
    if !(3..=64).contains(&login.len()) || !login.bytes().all(plain) {
        return Err(ApiError::unprocessable("login", "must be 3 to 64 letters, digits, or any of . _ - @"));
    }
    check_password(&password)?;
    let name = input::name("name", &name)?;
    let id = UserId::new(app.clock.now(), app.clock.random());
    let password_hash = hashed(password).await?;
    Ok(NewOperator { id, login, password_hash, name, role, desk_phone: String::new() })
}

/// Whether a password will do.
fn check_password(password: &str) -> Result<(), ApiError> {
    if password.chars().count() < MIN_PASSWORD || password.len() > MAX_PASSWORD {
        return Err(ApiError::unprocessable("password", "must have 12 to 256 characters"));
    }
    Ok(())
}

/// The hash of a password, if it will do.
pub(super) async fn hashed(password: String) -> Result<String, ApiError> {
    check_password(&password)?;
    password::OPERATORS.hash(password, rand::random()).await
}

/// What is kept of the secret of a link. 256 random bits need no slow hash.
#[must_use]
pub fn secret_hash(secret: &str) -> String {
    hex::encode(Sha256::digest(secret.as_bytes()))
}
