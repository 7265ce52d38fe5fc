//! Deleting one's account.

use actix_web::{HttpResponse, web};
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::auth::Principal;
use crate::auth::revocations::Revocations;
use crate::error::{ApiError, Problem};
use crate::keeping::RESTORABLE;
use crate::leaving::call_everything_off;
use crate::store::Deletion;

/// The account is going.
#[derive(Debug, Serialize, ToSchema)]
pub struct AccountDeleted {
    success: bool,
    /// Until then signing in again restores it.
    restorable_until: String,
}

/// Deletes one's account: waiting packages and trips are called off, and in a week what names the person is gone.
/// Until then signing in restores it. Refused while a deal is under way or money is left.
#[utoipa::path(delete, path = "/api/user/account", operation_id = "delete_account",
    tag = "identity", security(("bearer" = [])),
    responses((status = 200, body = AccountDeleted), (status = 401, body = Problem), (status = 409, body = Problem)))]
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
        Deletion::OpenDeals => Err(ApiError::conflict("open_deals", "a deal is still under way")),
        Deletion::MoneyLeft => Err(ApiError::conflict("money_left", "please take your money out first")),
        Deletion::Begun => {
            revocations.refresh(now).await?;
            // What this does not get done, the chores do.
            call_everything_off(&app, user).await?;
            let restorable_until = (now + RESTORABLE).to_string();
            Ok(HttpResponse::Ok().json(AccountDeleted { success: true, restorable_until }))
        }
    }
}
