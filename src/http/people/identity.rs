//! Signing in and out: Telegram init data, phone codes or an operator's password for an access token and a
//! refresh token; refreshing; sessions; second factors; deleting the account.

pub mod account;
mod attempts;
pub mod operator;
pub mod phone;
pub mod second_factor;
pub mod sessions;

use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, web};
use peerpack_actors::ids::UserId;
use peerpack_actors::time::{Span, Time};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::avatars;
use crate::app::App;
use crate::auth::revocations::Revocations;
use crate::auth::telegram::{self, InitDataError, TelegramUser};
use crate::auth::token::{RefreshToken, Tokens};
use crate::auth::{Principal, Role, device};
use crate::config::Mode;
use crate::error::extract::{Body, MaybeBody};
use crate::error::{ApiError, Problem};
use crate::store::{self, Rotation, TelegramProfile, User};
use crate::texts::language::Language;
use crate::typed;

/// How long the token before the last one still gets the same successor: the answer may have been lost.
const REFRESH_GRACE: Span = Span::seconds(10);

/// What Telegram hands to the Mini App.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = TelegramSignIn)]
pub struct InitData {
    /// The signed query string.
    init_data: String,
}

/// A refresh token.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RefreshSession)]
pub struct Refresh {
    /// As it was handed out.
    refresh_token: String,
}

/// Tokens of a signed-in user.
#[derive(Debug, Serialize, ToSchema)]
pub struct SignedIn {
    /// For the `Authorization` header.
    pub(in crate::http) access_token: String,
    /// For another access token, once.
    pub(in crate::http) refresh_token: String,
    /// How long the access token is good, in seconds.
    pub(in crate::http) expires_in: u32,
    /// The person who has signed in.
    pub(in crate::http) user: UserView,
    /// Whether this is the first time.
    is_new: bool,
    /// Why an operator may do no more than a user as yet: `show` the second factor, or `set_up` one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::http) second_factor: Option<SecondFactorIs>,
    /// For the device to keep, for half a year, and to send with the next sign-in by phone or password:
    /// guesses of strangers then keep nobody waiting. It opens nothing by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::http) device_token: Option<String>,
}

/// How somebody has come in.
struct Entrance {
    user: User,
    /// Whether this is the first time.
    is_new: bool,
    /// Whether an operator has shown the second factor.
    shown: bool,
    /// The device, where devices are told apart; one that is new, or is known.
    device: Option<Uuid>,
}

/// What becomes of an operator's rights in a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = SecondFactorNeed)]
pub enum SecondFactorIs {
    /// It has to be shown first.
    Show,
    /// There has to be one first.
    SetUp,
}

/// A user as they see themselves.
#[derive(Debug, Serialize, ToSchema)]
pub struct UserView {
    /// Their id.
    pub(in crate::http) id: String,
    /// Their Telegram account.
    telegram_id: Option<i64>,
    /// Their name.
    name: String,
    /// Telegram name, without `@`.
    username: Option<String>,
    /// The language in which they are told things: a tag such as `ru`.
    language: Option<String>,
    /// The URL of their picture, or of their initials.
    avatar: String,
    /// `user`, `viewer`, `dispatcher` or `admin`.
    #[schema(value_type = Role)]
    pub(in crate::http) role: String,
    /// By phone alone: the number by which the dispatch in town knows them, where it runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    number: Option<i64>,
    /// By phone alone: the phone.
    #[serde(skip_serializing_if = "Option::is_none")]
    phone: Option<String>,
    /// By phone alone: their address for letters; empty where it is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
}

/// Signs in with Telegram init data, in the body or as `Authorization: tma <init data>`.
#[utoipa::path(post, path = "/api/auth/telegram", operation_id = "sign_in_with_telegram",
    tag = "identity", request_body(content = InitData),
    responses((status = 200, body = SignedIn), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 403, body = Problem)))]
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
    let telegram = verify(&app, &init_data, now)?;
    let profile = profile(telegram);
    let fresh = UserId::new(now, app.clock.random());
    let (user, is_new) = app.database.upsert_telegram_user(profile, fresh, now).await?;
    if user.role.is_operator() {
        // It is good for a while; what opens an operator's session opens one.
        let until = now + app.config.init_data_max_age + Span::minutes(2);
        if !app.database.use_init_data(telegram::digest(&init_data), until).await? {
            return Err(InitDataError::Stale.into());
        }
    }
    let entrance = Entrance { user, is_new, shown: false, device: None };
    Ok(HttpResponse::Ok().json(sign_in(&req, &app, &tokens, entrance).await?))
}

/// What is kept of what Telegram says. The people whom it speaks of chose the texts: nobody is kept out for
/// them.
fn profile(telegram: TelegramUser) -> TelegramProfile {
    let plain =
        |text: &String| !text.is_empty() && !text.contains(|c: char| c.is_whitespace() || c.is_control());
    let username = telegram.username.filter(plain);
    let language = telegram.language_code.filter(plain);
    let full =
        [Some(telegram.first_name), telegram.last_name].into_iter().flatten().collect::<Vec<_>>().join(" ");
    let nobody =
        || Language::of(language.as_deref()).choose("Пользователь Telegram".into(), "Telegram user".into());
    TelegramProfile {
        telegram_id: telegram.id,
        name: typed::tidy_name(&full).or_else(|| username.clone()).unwrap_or_else(nobody),
        username,
        language,
        avatar: telegram.photo_url.filter(plain),
    }
}

fn verify(app: &App, init_data: &str, now: Time) -> Result<TelegramUser, InitDataError> {
    let (config, max_age) = (&app.config, Some(app.config.init_data_max_age));
    if config.telegram_signature {
        let bot = config.bot_token.reveal().split(':').next().unwrap_or_default();
        let key = if config.telegram_test { telegram::TEST_KEY } else { telegram::PRODUCTION_KEY };
        return telegram::verify_signature(init_data, bot, key, now, max_age);
    }
    telegram::verify(init_data, config.bot_token.reveal(), now, max_age)
}

/// Exchanges a refresh token for new tokens. Each refresh token is good once.
#[utoipa::path(post, path = "/api/auth/refresh", operation_id = "refresh_tokens",
    tag = "identity", request_body(content = Refresh),
    responses((status = 200, body = SignedIn), (status = 400, body = Problem),
        (status = 401, body = Problem)))]
pub async fn refresh(
    app: web::Data<App>,
    tokens: web::Data<Tokens>,
    revocations: web::Data<Revocations>,
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
    let (user, family) = match rotation {
        Rotation::Rotated { user, family } => (user, family),
        Rotation::Reused { user } => {
            tracing::warn!(%user, "a refresh token came twice: its session is ended");
            metrics::counter!("peerpack_refresh_reuse_total").increment(1);
            revocations.refresh(now).await?;
            return Err(refused());
        }
        Rotation::Refused => return Err(refused()),
    };
    let user = app.database.user(user).await?.filter(|user| user.blocked_at.is_none()).ok_or_else(refused)?;
    let shown = user.role.is_operator() && app.database.is_lifted(family).await?;
    let entrance = Entrance { user, is_new: false, shown, device: None };
    let signed_in = signed_in(&app, &tokens, entrance, family, &successor).await?;
    Ok(HttpResponse::Ok().json(signed_in))
}

/// Another access token of a session, whose refresh token stays what it is: for clients that keep the one
/// they have.
pub(in crate::http) async fn access_token(
    app: &App,
    tokens: &Tokens,
    refresh_token: &str,
) -> Result<String, ApiError> {
    let refused = || ApiError::unauthorized("invalid_token", "please sign in again");
    let (token, now) = (RefreshToken::parse(refresh_token).ok_or_else(refused)?, app.clock.now());
    let found = app.database.live_refresh_token(hex::encode(token.hash()), now).await?;
    let (user, session) = found.ok_or_else(refused)?;
    let user = app.database.user(user).await?.filter(|user| user.blocked_at.is_none()).ok_or_else(refused)?;
    let shown = user.role.is_operator() && app.database.is_lifted(session).await?;
    let (role, missing) = rights(app, &user, shown).await?;
    Ok(issued(app, tokens, (Principal { user: user.id, role }, missing), session).0)
}

/// An access token of a session. Without the second factor it says that this is what is missing.
fn issued(
    app: &App,
    tokens: &Tokens,
    (principal, missing): (Principal, Option<SecondFactorIs>),
    session: Uuid,
) -> (String, u32) {
    let (now, random) = (app.clock.now(), app.clock.random());
    match missing {
        Some(_) => tokens.issue_unproven(principal.user, session, now, random),
        None => tokens.issue(principal, session, now, random),
    }
}

/// Begins a session for somebody who has shown who they are, and perhaps their second factor.
async fn sign_in(
    req: &HttpRequest,
    app: &App,
    tokens: &Tokens,
    entrance: Entrance,
) -> Result<SignedIn, ApiError> {
    let user = &entrance.user;
    if user.blocked_at.is_some() {
        return Err(ApiError::new(StatusCode::FORBIDDEN, "blocked", "this account is blocked"));
    }
    let (refresh, now) = (RefreshToken::generate(rand::random()), app.clock.now());
    let family = Uuid::from_bytes(rand::random());
    let token = store::RefreshToken {
        hash: hex::encode(refresh.hash()),
        family,
        user: user.id,
        created_at: now,
        expires_at: now + app.config.refresh_ttl,
    };
    if !app.database.open_session(token, user.role, device(req)).await? {
        let message = "the account has changed at this moment, please sign in again";
        return Err(ApiError::conflict("conflict", message));
    }
    if entrance.shown {
        app.database.lift_session(family, user.id, now).await?;
    }
    app.database.index_person(user.id).await?;
    signed_in(app, tokens, entrance, family, &refresh).await
}

/// What a session may do. An operator's role counts once the second factor was shown, if there is one; in
/// production never without one.
async fn rights(app: &App, user: &User, shown: bool) -> Result<(Role, Option<SecondFactorIs>), ApiError> {
    if !user.role.is_operator() || shown {
        return Ok((user.role, None));
    }
    if app.database.second_factor(user.id).await?.is_some_and(|factor| factor.is_confirmed) {
        return Ok((Role::User, Some(SecondFactorIs::Show)));
    }
    if app.config.mode == Mode::Production {
        return Ok((Role::User, Some(SecondFactorIs::SetUp)));
    }
    Ok((user.role, None))
}

/// What a device calls itself, as far as it is printable.
fn device(req: &HttpRequest) -> String {
    let said =
        req.headers().get(header::USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    said.chars().filter(|c| !c.is_control()).take(200).collect()
}

async fn signed_in(
    app: &App,
    tokens: &Tokens,
    entrance: Entrance,
    session: Uuid,
    refresh: &RefreshToken,
) -> Result<SignedIn, ApiError> {
    let Entrance { user, is_new, shown, device } = entrance;
    let (role, second_factor) = rights(app, &user, shown).await?;
    // A device of an operator's is one that has shown everything.
    let device_token = match device.filter(|_| second_factor.is_none()) {
        Some(device) => Some(device_token(app, tokens, &user, device).await?),
        None => None,
    };
    let principal = Principal { user: user.id, role };
    let (access_token, expires_in) = issued(app, tokens, (principal, second_factor), session);
    let refresh_token = refresh.reveal();
    Ok(SignedIn {
        access_token,
        refresh_token,
        expires_in,
        user: view(user),
        is_new,
        second_factor,
        device_token,
    })
}

/// The token of a device that somebody has just signed in on.
async fn device_token(app: &App, tokens: &Tokens, user: &User, device: Uuid) -> Result<String, ApiError> {
    let proof = proof(app, user).await?;
    Ok(device::issue(tokens, user.id, &proof, device, app.clock.now()))
}

/// The device of a token that came with a sign-in as this user, if they have signed in on it before.
async fn known_device(
    app: &App,
    tokens: &Tokens,
    user: &User,
    token: &str,
) -> Result<Option<Uuid>, ApiError> {
    let proof = proof(app, user).await?;
    Ok(device::known(tokens, token, user.id, &proof, app.clock.now()))
}

/// What devices are known by: those of an operator are strangers once the second factor is another one.
async fn proof(app: &App, user: &User) -> Result<String, ApiError> {
    if !user.role.is_operator() {
        return Ok(user.phone.clone().unwrap_or_default());
    }
    let factor = app.database.second_factor(user.id).await?.filter(|factor| factor.is_confirmed);
    Ok(factor.map(|factor| factor.nonce).unwrap_or_default())
}

fn view(user: User) -> UserView {
    let avatar = avatars::of(user.id, &user.name, user.avatar.as_deref());
    UserView {
        id: user.id.to_string(),
        telegram_id: user.telegram_id,
        name: user.name,
        username: user.username,
        language: user.language,
        avatar,
        role: user.role.word().to_owned(),
        number: None,
        phone: None,
        email: None,
    }
}
