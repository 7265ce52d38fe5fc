//! The picture of a person: everybody may see it, so nothing may be left in it but the picture.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use peerpack_actors::ids::{FileId, UserId};
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::auth::Principal;
use crate::error::{ApiError, Problem};
use crate::files::{FileKind, FileName};
use crate::http::links::link;
use crate::http::uploads::{self, FileBytes, UploadForm, disposition};
use crate::pictures::Initials;
use crate::store::Person;

/// The longest side of a picture as it is kept, in pixels.
const SIDE: u32 = 512;

/// A picture never changes under its address; a day is long enough to spare requests, and short enough to be
/// forgotten.
const CACHED: &str = "public, max-age=86400, immutable";

/// A drawing that is opened by itself may do nothing.
const DRAWING: &str = "default-src 'none'; frame-ancestors 'none'; sandbox";

/// One's picture now.
#[derive(Debug, Serialize, ToSchema)]
pub struct AvatarSet {
    success: bool,
    /// The URL of the picture: of one's initials, if there is no other.
    avatar: String,
}

/// The URL of a person's picture, as the caller can follow it; their initials if they have none.
pub(in crate::http) fn of(id: UserId, name: &str, picture: Option<&str>) -> String {
    match picture {
        Some(picture) if !picture.is_empty() => link(picture),
        _ => {
            let file = Initials::of(name, id.uuid().as_u128()).file_name();
            let encoded: String = form_urlencoded::byte_serialize(file.as_bytes()).collect();
            link(&format!("/api/avatars/initials/{encoded}"))
        }
    }
}

/// The picture of somebody who may be gone.
pub(in crate::http) fn of_person(id: UserId, person: Option<&Person>) -> String {
    let name = person.map_or("", |person| person.name.as_str());
    of(id, name, person.and_then(|person| person.avatar.as_deref()))
}

/// Changes one's picture: a JPEG, PNG or WebP file of at most 5 MiB and 25 million pixels, as
/// `multipart/form-data`. It is encoded anew, without anything that was in the file beside the picture.
#[utoipa::path(post, path = "/api/user/avatar", operation_id = "change_avatar",
    tag = "profile", security(("bearer" = [])),
    request_body(content = UploadForm, content_type = "multipart/form-data"),
    responses((status = 200, body = AvatarSet), (status = 400, body = Problem),
        (status = 401, body = Problem),
        (status = 413, body = Problem), (status = 415, body = Problem), (status = 422, body = Problem),
        (status = 429, body = Problem)))]
pub async fn change(
    app: web::Data<App>,
    principal: Principal,
    req: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, ApiError> {
    let avatar = set(&app, principal.user, &req, payload).await?;
    Ok(HttpResponse::Ok().json(AvatarSet { success: true, avatar }))
}

/// Takes the picture of a form in as that of a person; answers with its URL.
pub(in crate::http) async fn set(
    app: &App,
    owner: UserId,
    req: &HttpRequest,
    payload: web::Payload,
) -> Result<String, ApiError> {
    let record = uploads::keep_picture(app, req, payload, owner, (FileKind::Avatar, SIDE)).await?;
    let (name, now) = (record.name, record.created_at);
    // Where the server is reached may change; what is stored is a path.
    let path = format!("/api/avatars/{}", name.id);
    let url = link(&path);
    let Some(before) = app.database.set_avatar(owner, Some((record, path)), now).await? else {
        app.files.remove(name).await;
        return Err(ApiError::not_found());
    };
    remove(app, before).await;
    Ok(url)
}

/// Takes one's picture away. The one of Telegram does not come back by itself.
#[utoipa::path(delete, path = "/api/user/avatar", operation_id = "remove_avatar",
    tag = "profile", security(("bearer" = [])),
    responses((status = 200, body = AvatarSet), (status = 401, body = Problem)))]
pub async fn take_away(app: web::Data<App>, principal: Principal) -> Result<HttpResponse, ApiError> {
    let before = app.database.set_avatar(principal.user, None, app.clock.now()).await?;
    remove(&app, before.unwrap_or_default()).await;
    let user = app.database.user(principal.user).await?.ok_or_else(ApiError::not_found)?;
    Ok(HttpResponse::Ok().json(AvatarSet { success: true, avatar: of(user.id, &user.name, None) }))
}

async fn remove(app: &App, files: Vec<FileName>) {
    for file in files {
        app.files.remove(file).await;
    }
}

/// The picture of somebody who has none: their initials.
#[utoipa::path(get, path = "/api/avatars/initials/{picture}", operation_id = "show_initials", tag = "profile",
    params(("picture" = String, Path, description = "What the picture's URL ends with")),
    responses((status = 200, description = "The picture", body = String, content_type = "image/svg+xml"),
        (status = 404, body = Problem)))]
pub async fn initials(path: web::Path<String>) -> Result<HttpResponse, ApiError> {
    let initials = Initials::from_file_name(&path).ok_or_else(ApiError::not_found)?;
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, "image/svg+xml"))
        .insert_header((header::CONTENT_SECURITY_POLICY, DRAWING))
        .insert_header((header::CACHE_CONTROL, CACHED))
        .body(initials.svg()))
}

/// The picture of a person.
#[utoipa::path(get, path = "/api/avatars/{picture}", operation_id = "show_avatar", tag = "profile",
    params(("picture" = String, Path, description = "What the picture's URL ends with")),
    responses((status = 200, description = "The picture", body = FileBytes, content_type = "image/jpeg"),
        (status = 304, description = "It is as the caller knows it"), (status = 404, body = Problem)))]
pub async fn show(
    app: web::Data<App>,
    req: HttpRequest,
    path: web::Path<FileId>,
) -> Result<HttpResponse, ApiError> {
    let id = path.into_inner();
    let record = app.database.file(id).await?.filter(|record| record.name.kind == FileKind::Avatar);
    let record = record.ok_or_else(ApiError::not_found)?;
    let tag = format!("\"{id}\"");
    let known = req.headers().get(header::IF_NONE_MATCH).and_then(|tags| tags.to_str().ok());
    if known.is_some_and(|tags| tags.contains(&tag)) {
        let mut same = HttpResponse::NotModified();
        return Ok(same
            .insert_header((header::ETAG, tag))
            .insert_header((header::CACHE_CONTROL, CACHED))
            .finish());
    }
    let picture = app.files.get(record.name).await?.ok_or_else(ApiError::not_found)?;
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, record.media_type.word()))
        .insert_header(disposition(true, "avatar", record.media_type))
        .insert_header((header::ETAG, tag))
        .insert_header((header::CACHE_CONTROL, CACHED))
        .body(picture))
}
