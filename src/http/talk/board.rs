//! The board: what people put up for everybody.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use peerpack_actors::ids::{FileId, PackageId, PostId, TripId};
use peerpack_actors::place::{Gazetteer, Place, PlaceId};
use peerpack_actors::stream::{PlaceView, place};
use peerpack_actors::talk::post::{Content, Post, PostState, Tie};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::app::App;
use crate::auth::{Principal, authenticate};
use crate::board::{Board, ListKey, Rendered};
use crate::edge::idempotency::{IfMatch, etag};
use crate::error::extract::{Body, Query};
use crate::error::{ApiError, Problem};
use crate::files::FileKind;
use crate::http::input;
use crate::http::links::link;
use crate::http::people::avatars;
use crate::http::uploads::{self, FileBytes, UploadForm, disposition};
use crate::store::{BoardQuery, NewPost};

/// How many posts one answer has, if the caller does not say.
const PAGE: usize = 20;

/// How many at most.
const MOST: usize = 50;

/// What is so far from an end of a way is near it, in kilometres.
const NEAR_KM: f64 = 100.0;

/// The longest side of a picture as it is kept, in pixels.
const SIDE: u32 = 1_600;

/// Which posts.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct PostsQuery {
    /// Only those that begin within 100 km of this place: a name.
    from: Option<String>,
    /// Only those that end within 100 km of this place: a name.
    to: Option<String>,
    /// 1 to 50; 20 if absent.
    #[param(minimum = 1, maximum = 50)]
    limit: Option<usize>,
    /// The next page, as the last answer named it.
    cursor: Option<String>,
    /// Only one's own, also those that were taken down. Needs a sign-in.
    mine: Option<bool>,
}

/// A part of the board.
#[derive(Debug, Serialize, ToSchema)]
pub struct Posts {
    /// Newest first.
    posts: Vec<PostView>,
    /// Where the next page starts.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// A post.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Post)]
pub struct PostView {
    id: String,
    author_id: String,
    author_name: String,
    /// The URL of the author's picture, or of their initials.
    author_avatar: String,
    /// With `•••` in place of contact details.
    text: String,
    /// Where from, if the author says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<PlaceView>,
    /// Where to, if the author says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<PlaceView>,
    /// A trip of the author's: one can ask for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    trip_id: Option<String>,
    /// A package of the author's: one can respond to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    package_id: Option<String>,
    /// The path of the picture beside it.
    #[serde(skip_serializing_if = "Option::is_none")]
    picture_url: Option<String>,
    /// `shown`, or `hidden` by an operator: then only its author sees it.
    #[schema(value_type = crate::http::vocabulary::PostStatus)]
    status: String,
    /// Why an operator has taken it down.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// Its version, for `If-Match`.
    version: i64,
    created_at: String,
    updated_at: String,
}

/// What one wants to put up, or what it is to say from now on.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PostInput {
    /// At most 2 000 characters. Contact details are kept back: everybody reads it.
    #[schema(max_length = 2000)]
    text: String,
    /// Where from: the name of a place.
    #[serde(default)]
    from: Option<String>,
    /// Where to: the name of a place.
    #[serde(default)]
    to: Option<String>,
    /// A trip of one's own that belongs to it.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    trip_id: Option<TripId>,
    /// A package of one's own that belongs to it; not beside a trip.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    package_id: Option<PackageId>,
    /// A picture that was sent before, to `/api/post-pictures`; it stays what it is when a post changes.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    picture_id: Option<FileId>,
}

/// A picture is there, and waits an hour for its post.
#[derive(Debug, Serialize, ToSchema)]
pub struct PostPictureKept {
    success: bool,
    picture_id: String,
}

/// It is gone.
#[derive(Debug, Serialize, ToSchema)]
pub struct PostDeleted {
    success: bool,
}

/// Posts, newest first; all, those near a way, or one's own. With the `ETag` that was seen last in
/// `If-None-Match`, 304 while nothing has changed.
#[utoipa::path(get, path = "/api/posts", operation_id = "posts", tag = "board", security((), ("bearer" = [])),
    params(PostsQuery),
    responses((status = 200, body = Posts,
            headers(("ETag" = String, description = "What the list says, for `If-None-Match`."))),
        (status = 304, description = "It is as the caller knows it"), (status = 400, body = Problem),
        (status = 401, body = Problem), (status = 422, body = Problem)))]
pub async fn list(
    app: web::Data<App>,
    req: HttpRequest,
    query: Query<PostsQuery>,
) -> Result<HttpResponse, ApiError> {
    let query = query.0;
    let limit = query.limit.unwrap_or(PAGE);
    if !(1..=MOST).contains(&limit) {
        return Err(ApiError::unprocessable("limit", "must be 1 to 50"));
    }
    let after = query.cursor.as_deref().map(input::id_cursor::<PostId>).transpose()?;
    if query.mine == Some(true) {
        let author = authenticate(&req)?.principal.user;
        let posts = app.database.posts(BoardQuery::Of(author, after), limit as u32).await?;
        return Ok(HttpResponse::Ok().json(page(posts.iter(), limit)));
    }
    let near = (end("from", query.from)?, end("to", query.to)?);
    let key = ListKey {
        after,
        near: (near.0.map(|at| at.id), near.1.map(|at| at.id)),
        limit,
        rendering: link("/"),
    };
    let is_near = |post: &Post| lies_near(post.content.from, near.0) && lies_near(post.content.to, near.1);
    let render = |posts: &[std::sync::Arc<Post>], _| {
        serde_json::to_vec(&page(posts.iter().map(AsRef::as_ref), limit)).unwrap_or_default()
    };
    let Some(Rendered { body, tag }) = app.board.list(&key, is_near, render) else {
        // Behind what is kept in memory.
        let posts = app.database.posts(BoardQuery::Shown(after), limit as u32).await?;
        let shown = posts.iter().filter(|post| is_near(post));
        return Ok(HttpResponse::Ok().json(page_of(
            shown,
            posts.last().map(|last| last.id),
            posts.len() == limit,
        )));
    };
    let known = req.headers().get(header::IF_NONE_MATCH).and_then(|tags| tags.to_str().ok());
    if known.is_some_and(|tags| tags.contains(tag.as_str())) {
        return Ok(HttpResponse::NotModified().insert_header((header::ETAG, tag)).finish());
    }
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, "application/json"))
        .insert_header((header::ETAG, tag))
        .insert_header((header::CACHE_CONTROL, "no-cache"))
        .body(body))
}

fn page<'a>(posts: impl Iterator<Item = &'a Post>, limit: usize) -> Posts {
    let posts: Vec<&Post> = posts.collect();
    page_of(posts.iter().copied(), posts.last().map(|last| last.id), posts.len() == limit)
}

fn page_of<'a>(posts: impl Iterator<Item = &'a Post>, last: Option<PostId>, is_full: bool) -> Posts {
    let next_cursor = last.filter(|_| is_full).map(|last| last.to_string());
    Posts { posts: posts.map(shown).collect(), next_cursor }
}

fn end(field: &'static str, name: Option<String>) -> Result<Option<&'static Place>, ApiError> {
    let Some(name) = name.filter(|name| !name.trim().is_empty()) else { return Ok(None) };
    let found = Gazetteer::bundled().find(&name);
    found.map(Some).ok_or_else(|| ApiError::unprocessable(field, "this place is not known"))
}

fn lies_near(of_post: Option<PlaceId>, wanted: Option<&Place>) -> bool {
    let Some(wanted) = wanted else { return true };
    let place = of_post.and_then(|id| Gazetteer::bundled().get(id));
    place.is_some_and(|place| place.position.distance_km(wanted.position) <= NEAR_KM)
}

/// A post as it is shown.
pub(super) fn shown(post: &Post) -> PostView {
    let (trip_id, package_id) = match post.content.tie {
        Some(Tie::Trip(id)) => (Some(id.to_string()), None),
        Some(Tie::Package(id)) => (None, Some(id.to_string())),
        None => (None, None),
    };
    PostView {
        id: post.id.to_string(),
        author_id: post.author.to_string(),
        author_name: post.author_name.clone(),
        author_avatar: avatars::of(post.author, &post.author_name, post.author_avatar.as_deref()),
        text: post.content.text.clone(),
        from: post.content.from.map(place),
        to: post.content.to.map(place),
        trip_id,
        package_id,
        picture_url: post.picture.map(|picture| link(&format!("/api/post-pictures/{picture}"))),
        status: post.state.word().to_owned(),
        reason: match &post.state {
            PostState::Hidden { reason } => Some(reason.clone()),
            PostState::Shown | PostState::Deleted => None,
        },
        version: post.version,
        created_at: post.created_at.to_string(),
        updated_at: post.updated_at.to_string(),
    }
}

/// A post. One that was taken down is shown to its author alone.
#[utoipa::path(get, path = "/api/posts/{post_id}", operation_id = "show_post", tag = "board",
    security((), ("bearer" = [])), params(("post_id" = String, Path, description = "The post")),
    responses((status = 200, body = PostView,
        headers(("ETag" = String, description = "The version, for `If-Match`."))),
        (status = 404, body = Problem)))]
pub async fn one(
    app: web::Data<App>,
    req: HttpRequest,
    path: web::Path<PostId>,
) -> Result<HttpResponse, ApiError> {
    let user = authenticate(&req).ok().map(|access| access.principal.user);
    let post = app.database.post(path.into_inner()).await?.filter(|post| post.is_seen_by(user));
    Ok(answer(&post.ok_or_else(ApiError::not_found)?, HttpResponse::Ok()))
}

fn answer(post: &Post, mut response: actix_web::HttpResponseBuilder) -> HttpResponse {
    response.insert_header(etag(post.version)).json(shown(post))
}

/// Puts a post up. At most 20 of one person stand at a time.
#[utoipa::path(post, path = "/api/posts", operation_id = "put_up_post", tag = "board",
    security(("bearer" = [])), request_body = PostInput,
    responses((status = 201, body = PostView,
        headers(("ETag" = String, description = "The version, for `If-Match`."))),
        (status = 400, body = Problem), (status = 401, body = Problem), (status = 409, body = Problem),
        (status = 422, body = Problem)))]
pub async fn create(
    app: web::Data<App>,
    principal: Principal,
    body: Body<PostInput>,
) -> Result<HttpResponse, ApiError> {
    let now = app.clock.now();
    let picture = body.0.picture_id;
    let content = content(body.0)?;
    let id = PostId::new(now, app.clock.random());
    let post = app.database.add_post(NewPost { id, author: principal.user, content, picture }, now).await?;
    tell(&app, &post);
    Ok(answer(&post, HttpResponse::Created()))
}

fn content(given: PostInput) -> Result<Content, ApiError> {
    let tie = match (given.trip_id, given.package_id) {
        (Some(_), Some(_)) => {
            return Err(ApiError::unprocessable("package_id", "name a trip or a package, not both"));
        }
        (Some(trip), None) => Some(Tie::Trip(trip)),
        (None, package) => package.map(Tie::Package),
    };
    let (from, to) = (end("from", given.from)?, end("to", given.to)?);
    Ok(Content::new(&given.text, from.map(|at| at.id), to.map(|at| at.id), tie)?)
}

/// Tells all nodes of a post that has changed.
fn tell(app: &App, post: &Post) {
    app.board.follow(post.clone());
    app.engine.changed([Board::work(post.id)]);
}

/// Changes what one's post says.
#[utoipa::path(patch, path = "/api/posts/{post_id}", operation_id = "edit_post", tag = "board",
    security(("bearer" = [])), params(("post_id" = String, Path, description = "The post"), IfMatch),
    request_body = PostInput,
    responses((status = 200, body = PostView,
        headers(("ETag" = String, description = "The version, for `If-Match`."))),
        (status = 400, body = Problem), (status = 401, body = Problem), (status = 404, body = Problem),
        (status = 412, body = Problem), (status = 422, body = Problem)))]
pub async fn edit(
    app: web::Data<App>,
    principal: Principal,
    path: web::Path<PostId>,
    seen: IfMatch,
    body: Body<PostInput>,
) -> Result<HttpResponse, ApiError> {
    let content = content(body.0)?;
    let (id, now) = (path.into_inner(), app.clock.now());
    let post = app.database.edit_post(id, principal.user, content, seen.0, now).await?;
    let post = post.ok_or_else(ApiError::not_found)?;
    tell(&app, &post);
    Ok(answer(&post, HttpResponse::Ok()))
}

/// Takes one's post away.
#[utoipa::path(delete, path = "/api/posts/{post_id}", operation_id = "delete_post", tag = "board",
    security(("bearer" = [])), params(("post_id" = String, Path, description = "The post")),
    responses((status = 200, body = PostDeleted), (status = 401, body = Problem),
        (status = 404, body = Problem)))]
pub async fn delete(
    app: web::Data<App>,
    principal: Principal,
    path: web::Path<PostId>,
) -> Result<HttpResponse, ApiError> {
    let post = app.database.delete_post(path.into_inner(), principal.user, app.clock.now()).await?;
    tell(&app, &post.ok_or_else(ApiError::not_found)?);
    Ok(HttpResponse::Ok().json(PostDeleted { success: true }))
}

/// Sends a picture that a post is to show: a JPEG, PNG or WebP file of at most 5 MiB, as
/// `multipart/form-data`.
#[utoipa::path(post, path = "/api/post-pictures", operation_id = "send_post_picture", tag = "board",
    security(("bearer" = [])),
    request_body(content = UploadForm, content_type = "multipart/form-data"),
    responses((status = 201, body = PostPictureKept), (status = 400, body = Problem),
        (status = 401, body = Problem), (status = 413, body = Problem), (status = 415, body = Problem),
        (status = 422, body = Problem), (status = 429, body = Problem)))]
pub async fn add_picture(
    app: web::Data<App>,
    principal: Principal,
    req: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, ApiError> {
    let kind = (FileKind::PostPicture, SIDE);
    let record = uploads::keep_picture(&app, &req, payload, principal.user, kind).await?;
    app.database.add_picture(record).await?;
    let picture_id = record.name.id.to_string();
    Ok(HttpResponse::Created().json(PostPictureKept { success: true, picture_id }))
}

/// The picture of a post that stands.
#[utoipa::path(get, path = "/api/post-pictures/{picture_id}", operation_id = "show_post_picture",
    tag = "board", params(("picture_id" = String, Path, description = "The picture")),
    responses((status = 200, description = "The picture", body = FileBytes, content_type = "image/jpeg"),
        (status = 404, body = Problem)))]
pub async fn picture(app: web::Data<App>, path: web::Path<FileId>) -> Result<HttpResponse, ApiError> {
    let picture = path.into_inner();
    let of = app.database.post_with(picture).await?.ok_or_else(ApiError::not_found)?;
    let post = app.database.post(of).await?.filter(|post| post.state == PostState::Shown);
    post.ok_or_else(ApiError::not_found)?;
    let record = app.database.file(picture).await?.filter(|file| file.name.kind == FileKind::PostPicture);
    let record = record.ok_or_else(ApiError::not_found)?;
    let bytes = app.files.get(record.name).await?.ok_or_else(ApiError::not_found)?;
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, record.media_type.word()))
        .insert_header(disposition(true, "picture", record.media_type))
        .insert_header((header::CACHE_CONTROL, "no-cache"))
        .body(bytes))
}
