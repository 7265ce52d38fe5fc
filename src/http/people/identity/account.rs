//! Deleting one's account.

use actix_web::{HttpResponse, web};
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::auth::Principal;
use crate::auth::revocations::Revocations;
use crate::error::{ApiError, Problem};
use crate::http::jobs::{JobView, view};
use crate::maintenance::jobs;
use crate::maintenance::retention::RESTORABLE;
use crate::store::{Deletion, JobKind};

/// The account is going.
#[derive(Debug, Serialize, ToSchema)]
pub struct AccountDeleted {
    success: bool,
    /// Until then signing in again restores it.
    restorable_until: String,
    /// What is still being called off, if that takes longer than this call.
    #[serde(skip_serializing_if = "Option::is_none")]
    job: Option<JobView>,
}

/// Deletes one's account: waiting packages and trips are called off, and in a week what names the person is
/// gone. Until then signing in restores it. Where there is much to call off, it goes on after the answer, as
/// `job` says. Refused while a deal is under way or money is left.
#[utoipa::path(delete, path = "/api/user/account", operation_id = "delete_account",
    tag = "identity", security(("bearer" = [])),
    responses((status = 200, body = AccountDeleted), (status = 401, body = Problem),
        (status = 409, body = Problem)))]
pub async fn delete_account(
    app: web::Data<App>,
    principal: Principal,
    revocations: web::Data<Revocations>,
) -> Result<HttpResponse, ApiError> {
    let (user, now) = (principal.user, app.clock.now());
    match app.database.delete_account(user, now).await? {
        Deletion::Operator => {
            Err(ApiError::conflict("operator", "an administrator has to take the role away first"))
        }
        Deletion::OpenDeals => {
            Err(ApiError::conflict("open_deals", "a deal is still under way: it has to end first"))
        }
        Deletion::MoneyLeft => Err(ApiError::conflict(
            "money_left",
            "please take your money out first: there is some in your wallet, or on its way out of it",
        )),
        Deletion::Begun => {
            revocations.refresh(now).await?;
            let job = jobs::begin(&app, JobKind::Account, user.uuid()).await.map(view);
            let restorable_until = (now + RESTORABLE).to_string();
            Ok(HttpResponse::Ok().json(AccountDeleted { success: true, restorable_until, job }))
        }
    }
}
