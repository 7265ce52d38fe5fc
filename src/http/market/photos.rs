//! How a package looked when the courier took it over: a photograph, if the courier takes one, for both
//! parties.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use peerpack_actors::ids::{RequestId, UserId};
use peerpack_actors::rejection::Rejection;
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::auth::Principal;
use crate::error::{ApiError, Problem};
use crate::files::FileKind;
use crate::http::uploads::{self, FileBytes, UploadForm, disposition};
use crate::store::RequestHeader;

/// The longest side of a photograph as it is kept, in pixels.
const SIDE: u32 = 1_600;

/// The photograph is attached.
#[derive(Debug, Serialize, ToSchema)]
pub struct PhotoAttached {
    success: bool,
}

/// Attaches a photograph of the package to a request, once, between the acceptance and the delivery; only its
/// courier can. A JPEG, PNG or WebP file of at most 5 MiB, as `multipart/form-data`. It is kept for 90 days.
#[utoipa::path(post, path = "/api/package-requests/{request_id}/pickup-photo", operation_id = "attach_photo",
    tag = "requests",
    security(("bearer" = [])), params(("request_id" = String, Path, description = "The request")),
    request_body(content = UploadForm, content_type = "multipart/form-data"),
    responses((status = 201, body = PhotoAttached), (status = 400, body = Problem),
        (status = 401, body = Problem),
        (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem),
        (status = 413, body = Problem), (status = 415, body = Problem), (status = 422, body = Problem),
        (status = 429, body = Problem)))]
pub async fn attach(
    app: web::Data<App>,
    principal: Principal,
    path: web::Path<RequestId>,
    req: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, ApiError> {
    let (request, courier) = (path.into_inner(), principal.user);
    let header = of_party(&app, request, courier).await?;
    if header.courier != courier {
        return Err(Rejection::WrongParty("courier").into());
    }
    if !matches!(header.state.as_str(), "accepted" | "picked_up") {
        return Err(ApiError::conflict(
            "illegal_transition",
            "there is nothing to be picked up: the deal is over or not made yet",
        ));
    }
    let record = uploads::keep_picture(&app, &req, payload, courier, (FileKind::PickupPhoto, SIDE)).await?;
    let name = record.name;
    if !app.database.add_photo(record, request).await? {
        app.files.remove(name).await;
        return Err(ApiError::conflict("photo_attached", "this request has a photograph already"));
    }
    Ok(HttpResponse::Created().json(PhotoAttached { success: true }))
}

/// The photograph of a package as the courier took it over, for both parties of the request.
#[utoipa::path(get, path = "/api/package-requests/{request_id}/pickup-photo", operation_id = "show_photo",
    tag = "requests",
    security(("bearer" = [])), params(("request_id" = String, Path, description = "The request")),
    responses((status = 200, description = "The photograph", body = FileBytes, content_type = "image/jpeg"),
        (status = 401, body = Problem), (status = 404, body = Problem)))]
pub async fn show(
    app: web::Data<App>,
    principal: Principal,
    path: web::Path<RequestId>,
) -> Result<HttpResponse, ApiError> {
    let request = path.into_inner();
    of_party(&app, request, principal.user).await?;
    let record = app.database.photo_of(request).await?.ok_or_else(ApiError::not_found)?;
    let photo = app.files.get(record.name).await?.ok_or_else(ApiError::not_found)?;
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, record.media_type.word()))
        .insert_header(disposition(true, "pickup", record.media_type))
        .insert_header((header::CACHE_CONTROL, "private, no-store"))
        .body(photo))
}

/// The request, if the user has a part in it.
async fn of_party(app: &App, request: RequestId, user: UserId) -> Result<RequestHeader, ApiError> {
    let header = app.database.request_header(request).await?;
    header.filter(|header| [header.sender, header.courier].contains(&user)).ok_or_else(ApiError::not_found)
}
