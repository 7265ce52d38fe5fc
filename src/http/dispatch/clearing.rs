//! Beginning anew, in development.

use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::scope;
use crate::app::App;
use crate::config::Mode;
use crate::error::extract::Body;
use crate::error::{ApiError, Problem, request_id};

/// Whether to delete every order.
#[derive(Debug, Deserialize, ToSchema)]
pub struct ClearOrders {
    /// Must be true.
    #[serde(default)]
    confirm: bool,
}

/// Every order was deleted.
#[derive(Debug, Serialize, ToSchema)]
pub struct OrdersCleared {
    success: bool,
    /// How many there were.
    deleted: u64,
    /// The same as `deleted`.
    deleted_count: u64,
    message: String,
}

/// Deletes every order with what was counted of them, and frees every courier: in development alone.
#[utoipa::path(post, path = "/api/orders/clear-all", operation_id = "clear_orders", tag = "orders",
    security(("bearer" = [])), request_body = ClearOrders,
    responses((status = 200, body = OrdersCleared), (status = 400, body = Problem),
        (status = 401, body = Problem), (status = 403, body = Problem)))]
pub async fn clear(app: web::Data<App>, body: Body<ClearOrders>) -> Result<HttpResponse, ApiError> {
    if app.config.mode == Mode::Production {
        return Err(ApiError::forbidden("orders are never deleted in production"));
    }
    if !body.0.confirm {
        return Err(ApiError::bad_request("confirm must be true").with_field("confirm", "must be true"));
    }
    let now = app.clock.now();
    let deleted = app.database.clear_orders(now).await?;
    scope::town(&app)?.dispatch().cleared(now).await?;
    let language = request_id::language();
    let message =
        language.choose(format!("Удалено заказов: {deleted}"), format!("{deleted} orders are gone"));
    Ok(HttpResponse::Ok().json(OrdersCleared { success: true, deleted, deleted_count: deleted, message }))
}
