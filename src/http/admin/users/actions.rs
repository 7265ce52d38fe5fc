//! What administrators do to accounts: passwords, shutting out and letting in, several at once; and what was
//! done.

use actix_web::{HttpRequest, HttpResponse, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::view::{self, StaffUser};
use super::{account, of, person, removed};
use crate::app::App;
use crate::auth::Principal;
use crate::auth::revocations::Revocations;
use crate::error::extract::{Body, MaybeBody};
use crate::error::{ApiError, Problem, request_id};
use crate::http::admin::operators::{changed, deed, hashed, set_blocked, somebody_else, temporary_password};
use crate::http::jobs::{self, JobView};

/// The most accounts that are changed in one call.
const AT_ONCE: usize = 100;

/// How much of what was done to an account is told: the latest.
const MAX_DEEDS: u32 = 200;

/// Another password.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
pub struct ResetPassword {
    /// 12 to 256 characters; one is made up if it is absent.
    password: Option<String>,
    /// The same as `password`, under the console's name.
    new_password: Option<String>,
}

/// Another password counts.
#[derive(Debug, Serialize, ToSchema)]
pub struct PasswordReset {
    success: bool,
    message: String,
    /// The password that was made up, shown this once.
    temporary_password: Option<String>,
}

/// What is done to several accounts.
#[derive(Debug, Deserialize, ToSchema)]
pub struct BulkAction {
    /// Their numbers, at most 100.
    user_ids: Vec<i64>,
    #[schema(value_type = BulkActionWord)]
    action: String,
}

/// What can be done to several accounts.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum BulkActionWord {
    /// Shut them out.
    Block,
    /// Let them in.
    Unblock,
    /// Delete the accounts.
    Delete,
}

/// An account that was not changed.
#[derive(Debug, Serialize, ToSchema)]
pub struct BulkFault {
    user_id: i64,
    error: String,
}

/// What became of several accounts.
#[derive(Debug, Serialize, ToSchema)]
pub struct BulkDone {
    /// How many were changed.
    success: usize,
    /// How many were not.
    failed: usize,
    errors: Vec<BulkFault>,
    message: String,
    /// What is still being called off, if that takes longer than this call.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    jobs: Vec<JobView>,
}

/// What administrators do to accounts.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum ActivityType {
    /// It was made.
    Created,
    /// The person is called something else, or has another phone.
    Renamed,
    /// The person has another role.
    RoleChanged,
    /// The person was shut out.
    Blocked,
    /// The person was let in again.
    Unblocked,
    /// The person has another password.
    PasswordReset,
    /// The second factor was taken away.
    SecondFactorRemoved,
    /// The account was deleted.
    Deleted,
}

/// What was done to an account.
#[derive(Debug, Serialize, ToSchema)]
pub struct ActivityView {
    id: String,
    #[schema(value_type = ActivityType)]
    action_type: String,
    /// The same in words.
    action_type_display: String,
    /// The same, with the new role where that is what changed.
    description: String,
    /// From where it was done.
    ip_address: String,
    performed_by_username: String,
    created_at: String,
}

/// Shuts somebody out who may come in, or lets somebody in who may not.
#[utoipa::path(post, path = "/api/admin/users/{number}/toggle-status", operation_id = "toggle_staff_user",
    tag = "admin", security(("bearer" = [])), params(("number" = i64, Path, description = "The person's number")),
    responses((status = 200, body = StaffUser), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 404, body = Problem), (status = 409, body = Problem)))]
pub async fn toggle(
    req: HttpRequest,
    app: web::Data<App>,
    principal: Principal,
    revocations: web::Data<Revocations>,
    path: web::Path<i64>,
) -> Result<HttpResponse, ApiError> {
    let id = somebody_else(principal, person(&app, path.into_inner()).await?)?;
    let is_active = account(&app, id).await?.user.blocked_at.is_none();
    let job = set_blocked(&app, &revocations, id, is_active, deed(&req, &app, principal)).await?;
    Ok(HttpResponse::Ok().json(of(&app, id).await?.with(job)))
}

/// Gives somebody who signs in with a password another one. Their sessions end.
#[utoipa::path(post, path = "/api/admin/users/{number}/reset-password", operation_id = "reset_staff_password",
    tag = "admin", security(("bearer" = [])), params(("number" = i64, Path, description = "The person's number")),
    request_body(content = Option<ResetPassword>),
    responses((status = 200, body = PasswordReset), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem),
        (status = 422, body = Problem)))]
pub async fn reset_password(
    req: HttpRequest,
    app: web::Data<App>,
    principal: Principal,
    revocations: web::Data<Revocations>,
    path: web::Path<i64>,
    body: MaybeBody<ResetPassword>,
) -> Result<HttpResponse, ApiError> {
    let id = person(&app, path.into_inner()).await?;
    if account(&app, id).await?.login.is_none() {
        return Err(ApiError::conflict("conflict", "this person signs in without a password"));
    }
    let ResetPassword { password, new_password } = body.0.unwrap_or_default();
    let given = password.or(new_password).filter(|password| !password.is_empty());
    let temporary_password = given.is_none().then(temporary_password);
    let hash = hashed(given.or_else(|| temporary_password.clone()).unwrap_or_default()).await?;
    let change = app.database.set_password_by(id, hash, deed(&req, &app, principal)).await?;
    changed(change, &revocations, &app).await?;
    let message = request_id::language().choose(
        "Пароль изменён, на всех устройствах нужно войти заново".to_owned(),
        "the password is another one, and every session has ended".to_owned(),
    );
    Ok(HttpResponse::Ok().json(PasswordReset { success: true, message, temporary_password }))
}

/// Does one thing to several accounts, one after the other. What cannot be done to one of them does not keep
/// the others.
#[utoipa::path(post, path = "/api/admin/users/bulk-action", operation_id = "change_staff", tag = "admin",
    security(("bearer" = [])), request_body = BulkAction,
    responses((status = 200, body = BulkDone), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 403, body = Problem), (status = 422, body = Problem)))]
pub async fn bulk(
    req: HttpRequest,
    app: web::Data<App>,
    principal: Principal,
    revocations: web::Data<Revocations>,
    body: Body<BulkAction>,
) -> Result<HttpResponse, ApiError> {
    let BulkAction { user_ids, action } = body.0;
    if user_ids.len() > AT_ONCE {
        return Err(ApiError::unprocessable("user_ids", "must be at most 100"));
    }
    if !["block", "unblock", "delete"].contains(&action.as_str()) {
        return Err(ApiError::unprocessable("action", "must be block, unblock or delete"));
    }
    let (mut success, mut errors, mut under_way) = (0, Vec::new(), Vec::new());
    for user_id in user_ids {
        let done = async {
            let id = somebody_else(principal, person(&app, user_id).await?)?;
            account(&app, id).await?;
            match action.as_str() {
                "delete" => removed(&req, &app, principal, &revocations, id).await,
                action => {
                    let by = deed(&req, &app, principal);
                    set_blocked(&app, &revocations, id, action == "block", by).await
                }
            }
        };
        match done.await {
            Ok(job) => {
                success += 1;
                under_way.extend(job.map(jobs::view));
            }
            Err(error) if error.status().is_server_error() => return Err(error),
            Err(error) => {
                let error = error.told_in(request_id::language()).message().to_owned();
                errors.push(BulkFault { user_id, error });
            }
        }
    }
    let failed = errors.len();
    let message = request_id::language().choose(
        format!("Изменено: {success}, не удалось: {failed}"),
        format!("{success} accounts are changed, {failed} are not"),
    );
    Ok(HttpResponse::Ok().json(BulkDone { success, failed, errors, message, jobs: under_way }))
}

/// What administrators have done to an account in the last year, the latest first.
#[utoipa::path(get, path = "/api/admin/users/{number}/activity-log", operation_id = "staff_activity",
    tag = "admin", security(("bearer" = [])), params(("number" = i64, Path, description = "The person's number")),
    responses((status = 200, body = [ActivityView]), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 404, body = Problem)))]
pub async fn activity(app: web::Data<App>, path: web::Path<i64>) -> Result<HttpResponse, ApiError> {
    let id = person(&app, path.into_inner()).await?;
    let deeds = app.database.deeds_of(id, MAX_DEEDS).await?;
    let views = deeds.into_iter().map(|deed| {
        let display = view::action(&deed.action, request_id::language());
        let description = match deed.detail.as_str() {
            "" => display.clone(),
            word => format!("{display}: {}", view::display(word, request_id::language())),
        };
        ActivityView {
            id: deed.id.to_string(),
            action_type: deed.action,
            action_type_display: display,
            description,
            ip_address: deed.address,
            performed_by_username: deed.actor,
            created_at: deed.at.to_string(),
        }
    });
    Ok(HttpResponse::Ok().json(views.collect::<Vec<_>>()))
}
