//! Signing in: Telegram init data for an access token and a refresh token; refreshing; signing out.

use actix_web::{HttpRequest, HttpResponse, http::header, web};
use peerpack_actors::ids::UserId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::app::App;
use crate::auth::token::{RefreshToken, Tokens};
use crate::auth::{Principal, telegram};
use crate::error::extract::{Body, MaybeBody};
use crate::error::{ApiError, Problem};
use crate::store::{self, Rotation, TelegramProfile, User};

/// How long the token before the last one still gets the same successor: the answer may have been lost.
const REFRESH_GRACE: peerpack_actors::time::Span = peerpack_actors::time::Span::seconds(10);

/// What Telegram hands to the Mini App.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct InitData {
    /// The signed query string.
    init_data: String,
}

/// A refresh token.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Refresh {
    /// As it was handed out.
    refresh_token: String,
}

/// Tokens of a signed-in user.
#[derive(Debug, Serialize, ToSchema)]
pub struct SignedIn {
    /// For the `Authorization` header.
    access_token: String,
    /// For another access token, once.
    refresh_token: String,
    /// How long the access token is good, in seconds.
    expires_in: u32,
    /// Who.
    user: UserView,
    /// Whether this is the first time.
    is_new: bool,
}

/// A user as they see themselves.
#[derive(Debug, Serialize, ToSchema)]
pub struct UserView {
    /// Their id.
    id: String,
    /// Their Telegram account.
    telegram_id: Option<i64>,
    /// Their name.
    name: String,
    /// Telegram name, without `@`.
    username: Option<String>,
    /// Language tag.
    language: Option<String>,
    /// The URL of their picture; empty without one.
    avatar: String,
    /// `user`, `viewer`, `dispatcher` or `admin`.
    role: String,
}

/// Signs in with Telegram init data, in the body or as `Authorization: tma <init data>`.
#[utoipa::path(post, path = "/api/auth/telegram", tag = "identity", request_body(content = InitData),
    responses((status = 200, body = SignedIn), (status = 401, body = Problem), (status = 400, body = Problem)))]
pub async fn sign_in_with_telegram(
    req: HttpRequest,
    app: web::Data<App>,
    tokens: web::Data<Tokens>,
    body: MaybeBody<InitData>,
) -> Result<HttpResponse, ApiError> {
    let from_header = || {
        let value = req.headers().get(header::AUTHORIZATION)?.to_str().ok()?;
        value.strip_prefix("tma ").map(str::to_owned)
    };
    let given = body.0.map(|body| body.init_data).or_else(from_header);
    let init_data = given.ok_or_else(|| ApiError::bad_request("init_data is missing"))?;
    let now = app.clock.now();
    let max_age = Some(app.config.init_data_max_age);
    let telegram = telegram::verify(&init_data, app.config.bot_token.reveal(), now, max_age)?;
    let name =
        [Some(telegram.first_name), telegram.last_name].into_iter().flatten().collect::<Vec<_>>().join(" ");
    let profile = TelegramProfile {
        telegram_id: telegram.id,
        name,
        username: telegram.username,
        language: telegram.language_code,
        avatar: telegram.photo_url,
    };
    let fresh = UserId::new(now, app.clock.random());
    let (user, is_new) = app.database.upsert_telegram_user(profile, fresh, now).await?;
    if user.blocked_at.is_some() {
        return Err(ApiError::forbidden("this account is blocked"));
    }
    let refresh = RefreshToken::generate(rand::random());
    app.database
        .add_refresh_token(store::RefreshToken {
            hash: hex::encode(refresh.hash()),
            family: Uuid::from_bytes(rand::random()),
            user: user.id,
            created_at: now,
            expires_at: now + app.config.refresh_ttl,
        })
        .await?;
    Ok(HttpResponse::Ok().json(signed_in(&app, &tokens, user, &refresh, is_new)))
}

/// Exchanges a refresh token for new tokens. Each refresh token is good once.
#[utoipa::path(post, path = "/api/auth/refresh", tag = "identity", request_body(content = Refresh),
    responses((status = 200, body = SignedIn), (status = 401, body = Problem), (status = 400, body = Problem)))]
pub async fn refresh(
    app: web::Data<App>,
    tokens: web::Data<Tokens>,
    body: Body<Refresh>,
) -> Result<HttpResponse, ApiError> {
    let refused = || ApiError::unauthorized("invalid_token", "please sign in again");
    let old = RefreshToken::parse(&body.0.refresh_token).ok_or_else(refused)?;
    // Derived from the old one, so that a repeated call within the grace gets the same successor.
    let successor = tokens.successor(&old);
    let now = app.clock.now();
    let expires = now + app.config.refresh_ttl;
    let (old, new) = (hex::encode(old.hash()), hex::encode(successor.hash()));
    let rotation = app.database.rotate_refresh_token(old, new, expires, REFRESH_GRACE, now).await?;
    let Rotation::Rotated { user, .. } = rotation else { return Err(refused()) };
    let user = app.database.user(user).await?.filter(|user| user.blocked_at.is_none()).ok_or_else(refused)?;
    Ok(HttpResponse::Ok().json(signed_in(&app, &tokens, user, &successor, false)))
}

fn signed_in(app: &App, tokens: &Tokens, user: User, refresh: &RefreshToken, is_new: bool) -> SignedIn {
    let principal = Principal { user: user.id, role: user.role };
    let (access_token, expires_in) = tokens.issue(principal, app.clock.now(), app.clock.random());
    SignedIn { access_token, refresh_token: refresh.reveal(), expires_in, user: view(user), is_new }
}

fn view(user: User) -> UserView {
    UserView {
        id: user.id.to_string(),
        telegram_id: user.telegram_id,
        name: user.name,
        username: user.username,
        language: user.language,
        avatar: user.avatar.unwrap_or_default(),
        role: user.role.word().to_owned(),
    }
}
