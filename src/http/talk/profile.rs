//! Oneself and others, in the older messenger's words.

use actix_web::{HttpRequest, HttpResponse, web};
use peerpack_actors::ids::UserId;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::views::{self, TalkUser};
use crate::app::App;
use crate::auth::Principal;
use crate::error::extract::{Given, Query};
use crate::error::{ApiError, Problem};
use crate::http::input;
use crate::http::people::avatars;
use crate::http::uploads::UploadForm;
use crate::store::{Profile, ProfileRefused};

/// How many people a search finds at most.
const FOUND: usize = 20;

/// The fewest characters of a search.
const FEWEST: usize = 2;

/// The most characters that somebody says about themselves.
const BIO: usize = 500;

/// The caller, as the messenger shows them.
#[derive(Debug, Serialize, ToSchema)]
pub struct OwnTalkProfile {
    success: bool,
    data: OwnTalkUser,
}

/// Oneself, as others see one, and with what only oneself sees.
#[derive(Debug, Serialize, ToSchema)]
pub struct OwnTalkUser {
    id: String,
    phone: Option<String>,
    username: String,
    display_name: String,
    bio: Option<String>,
    avatar_url: String,
    last_seen: Option<String>,
    created_at: String,
}

/// What one changes about oneself; what is absent stays.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TalkProfileChange {
    /// What others see.
    display_name: Option<String>,
    /// At most 500 characters.
    #[schema(max_length = 500)]
    bio: Option<String>,
    /// A username of one's own: 4 to 30 small Latin letters, digits and underscores, a letter first.
    #[schema(pattern = "^[a-z][a-z0-9_]{3,29}$")]
    username: Option<String>,
}

/// One's picture now.
#[derive(Debug, Serialize, ToSchema)]
pub struct TalkAvatarSet {
    success: bool,
    avatar_url: String,
}

/// Whom one looks for.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct PeopleQuery {
    /// The beginnings of words of a name, or of a username: 2 characters at least, in any case.
    #[param(min_length = 2)]
    query: String,
}

/// Who was found.
#[derive(Debug, Serialize, ToSchema)]
pub struct PeopleFound {
    success: bool,
    /// In the order of their names, at most 20, without oneself.
    data: Vec<TalkUser>,
}

/// Shows the caller's own profile.
#[utoipa::path(get, path = "/api/profile", operation_id = "my_talk_profile", tag = "messenger",
    security(("bearer" = [])),
    responses((status = 200, body = OwnTalkProfile), (status = 401, body = Problem)))]
pub async fn show(app: web::Data<App>, principal: Principal) -> Result<HttpResponse, ApiError> {
    own(&app, principal.user).await
}

/// Changes one's name, username, or what one says about oneself.
#[utoipa::path(put, path = "/api/profile", operation_id = "change_talk_profile", tag = "messenger",
    security(("bearer" = [])), request_body = TalkProfileChange,
    responses((status = 200, body = OwnTalkProfile), (status = 400, body = Problem),
        (status = 401, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn change(
    app: web::Data<App>,
    principal: Principal,
    body: Given<TalkProfileChange>,
) -> Result<HttpResponse, ApiError> {
    let Given(given, mut wrong) = body;
    let name = given.display_name.map(|name| input::name("display_name", &name)).transpose();
    let bio = given.bio.map(|bio| input::text("bio", Some(bio), BIO)).transpose();
    let handle = given.username.as_deref().map(username).transpose();
    let (name, bio, handle) = (wrong.or(name, None), wrong.or(bio, None), wrong.or(handle, None));
    wrong.finish(())?;
    let profile = Profile { name, bio, handle, ..Profile::default() };
    match app.database.set_profile(principal.user, profile, None, app.clock.now()).await? {
        Ok(()) => {
            app.database.index_person(principal.user).await?;
            own(&app, principal.user).await
        }
        Err(ProfileRefused::Stale) => Err(ApiError::not_found()),
        Err(ProfileRefused::Taken) => {
            Err(ApiError::conflict("username_taken", "somebody else has this username"))
        }
    }
}

fn username(given: &str) -> Result<String, ApiError> {
    let handle = given.trim().trim_start_matches('@').to_lowercase();
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    let is_right = (4..=30).contains(&handle.len())
        && handle.starts_with(|first: char| first.is_ascii_lowercase())
        && handle.bytes().all(is_plain);
    // Those that begin so are given out.
    if is_right && !handle.starts_with("user_") {
        return Ok(handle);
    }
    let reason = "must be 4 to 30 small Latin letters, digits and underscores, and not begin with user_";
    Err(ApiError::unprocessable("username", reason))
}

async fn own(app: &App, user: UserId) -> Result<HttpResponse, ApiError> {
    let talker = app.database.talkers(&[user]).await?.pop().ok_or_else(ApiError::not_found)?;
    let TalkUser { id, username, display_name, bio, avatar_url, last_seen } = views::user(app, &talker);
    let created_at = talker.created_at.to_string();
    let phone = talker.phone;
    let data = OwnTalkUser { id, phone, username, display_name, bio, avatar_url, last_seen, created_at };
    Ok(HttpResponse::Ok().json(OwnTalkProfile { success: true, data }))
}

/// Changes one's picture: a JPEG, PNG or WebP file of at most 5 MiB, as `multipart/form-data`.
#[utoipa::path(post, path = "/api/profile/avatar", operation_id = "change_talk_avatar", tag = "messenger",
    security(("bearer" = [])),
    request_body(content = UploadForm, content_type = "multipart/form-data"),
    responses((status = 200, body = TalkAvatarSet), (status = 400, body = Problem),
        (status = 401, body = Problem), (status = 413, body = Problem), (status = 415, body = Problem),
        (status = 422, body = Problem), (status = 429, body = Problem)))]
pub async fn set_avatar(
    app: web::Data<App>,
    principal: Principal,
    req: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, ApiError> {
    let avatar_url = avatars::set(&app, principal.user, &req, payload).await?;
    Ok(HttpResponse::Ok().json(TalkAvatarSet { success: true, avatar_url }))
}

/// Finds people by their names and usernames.
#[utoipa::path(get, path = "/api/users/search", operation_id = "find_people", tag = "messenger",
    security(("bearer" = [])), params(PeopleQuery),
    responses((status = 200, body = PeopleFound), (status = 400, body = Problem),
        (status = 401, body = Problem), (status = 422, body = Problem)))]
pub async fn search(
    app: web::Data<App>,
    principal: Principal,
    query: Query<PeopleQuery>,
) -> Result<HttpResponse, ApiError> {
    let query = input::text("query", Some(query.0.query), input::SHORT_TEXT)?;
    if query.trim_start_matches('@').chars().count() < FEWEST {
        return Err(ApiError::unprocessable("query", "must have at least 2 characters"));
    }
    let found = app.database.find_people(&query, principal.user, FOUND).await?;
    let data = found.iter().map(|talker| views::user(&app, talker)).collect();
    Ok(HttpResponse::Ok().json(PeopleFound { success: true, data }))
}
