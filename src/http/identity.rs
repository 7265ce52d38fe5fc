//! Signing in and out: Telegram init data, phone codes or an operator's password for an access token and a refresh
//! token; refreshing; sessions; deleting the account.

use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, web};
use peerpack_actors::ids::UserId;
use peerpack_actors::package::PackageState;
use peerpack_actors::time::Time;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::address;
use super::operators::{self, OperatorAdded};
use crate::app::App;
use crate::auth::phone::{self, CodeSender, Phone};
use crate::auth::revocations::Revocations;
use crate::auth::telegram::{InitDataError, TelegramUser};
use crate::auth::token::{Access, RefreshToken, Tokens};
use crate::auth::{Principal, Role, password, telegram};
use crate::chores::RESTORABLE;
use crate::error::extract::{Body, MaybeBody};
use crate::error::{ApiError, Problem};
use crate::store::{self, CodeLimits, Deletion, NewCode, Rotation, TelegramProfile, User};

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

/// A number.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PhoneLogin {
    /// With the code of the country.
    #[schema(example = "+7 900 123-45-67")]
    phone: String,
}

/// A code is on its way.
#[derive(Debug, Serialize, ToSchema)]
pub struct CodeSent {
    message: String,
    /// Until when the code is good.
    expires_at: String,
}

/// The code that came.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VerifyCode {
    phone: String,
    /// Six digits.
    code: String,
}

/// An operator's name and password.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OperatorLogin {
    login: String,
    password: String,
}

/// The link that the server printed, and who comes with it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FirstAdmin {
    /// From the link.
    invitation: String,
    login: String,
    /// At least 12 characters.
    password: String,
    /// What others see.
    name: String,
}

/// Somebody is signed out.
#[derive(Debug, Serialize, ToSchema)]
pub struct SignedOut {
    success: bool,
}

/// Where one is signed in.
#[derive(Debug, Serialize, ToSchema)]
pub struct Sessions {
    /// Latest first.
    sessions: Vec<SessionView>,
}

/// A sign-in on a device.
#[derive(Debug, Serialize, ToSchema)]
pub struct SessionView {
    id: String,
    /// What the device calls itself.
    device: String,
    created_at: String,
    last_seen_at: String,
    /// Whether it is the one that asks.
    is_current: bool,
}

/// The account is going.
#[derive(Debug, Serialize, ToSchema)]
pub struct AccountDeleted {
    success: bool,
    /// Until then signing in again restores it.
    restorable_until: String,
}

/// Signs in with Telegram init data, in the body or as `Authorization: tma <init data>`.
#[utoipa::path(post, path = "/api/auth/telegram", tag = "identity", request_body(content = InitData),
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
    sign_in(&req, &app, &tokens, user, is_new).await
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

/// Sends a code to a phone. The answer is the same whether or not the number is known.
#[utoipa::path(post, path = "/api/auth/phone-login", tag = "identity", request_body(content = PhoneLogin),
    responses((status = 200, body = CodeSent), (status = 400, body = Problem), (status = 403, body = Problem),
        (status = 422, body = Problem), (status = 429, body = Problem)))]
pub async fn send_code(
    req: HttpRequest,
    app: web::Data<App>,
    sender: web::Data<dyn CodeSender>,
    body: Body<PhoneLogin>,
) -> Result<HttpResponse, ApiError> {
    let phone = Phone::parse(&body.0.phone)?;
    let now = app.clock.now();
    let code = phone::code(rand::random());
    let expires_at = now + phone::CODE_TTL;
    let new = NewCode {
        id: Uuid::from_bytes(rand::random()),
        phone: phone.as_str().to_owned(),
        code_hash: password::hash(code.clone(), rand::random()).await?,
        address: address::client(address::of(&req, app.config.trusted_proxies)).to_string(),
        expires_at,
    };
    if let Err(wait) = app.database.add_code(new, CodeLimits::default(), now).await? {
        let seconds = u32::try_from(wait.ms() / 1_000 + 1).unwrap_or(u32::MAX);
        return Err(ApiError::too_many(seconds));
    }
    sender.send(&phone, &code).await?;
    let message = "Код отправлен".to_owned();
    Ok(HttpResponse::Ok().json(CodeSent { message, expires_at: expires_at.to_string() }))
}

/// Signs in with the code that came. Five wrong ones end it.
#[utoipa::path(post, path = "/api/auth/verify-otp", tag = "identity", request_body(content = VerifyCode),
    responses((status = 200, body = SignedIn), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 403, body = Problem), (status = 422, body = Problem)))]
pub async fn verify_code(
    req: HttpRequest,
    app: web::Data<App>,
    tokens: web::Data<Tokens>,
    body: Body<VerifyCode>,
) -> Result<HttpResponse, ApiError> {
    let wrong = || ApiError::unauthorized("invalid_code", "the code is wrong or no longer good");
    let (phone, now) = (Phone::parse(&body.0.phone)?, app.clock.now());
    let code: String = body.0.code.chars().filter(|c| !c.is_whitespace()).take(16).collect();
    let tried = app.database.try_code(phone.as_str().to_owned(), now).await?;
    let (id, kept) = tried.map_or((None, None), |(id, hash)| (Some(id), Some(hash)));
    let is_right = password::is_of(code, kept).await?;
    let id = id.filter(|_| is_right).ok_or_else(wrong)?;
    if !app.database.use_code(id, now).await? {
        return Err(wrong());
    }
    let fresh = UserId::new(now, app.clock.random());
    let number = phone.as_str().to_owned();
    let (user, is_new) = app.database.upsert_phone_user(number, phone.masked(), fresh, now).await?;
    sign_in(&req, &app, &tokens, user, is_new).await
}

/// Signs an operator in.
#[utoipa::path(post, path = "/api/auth/operator", tag = "identity", request_body(content = OperatorLogin),
    responses((status = 200, body = SignedIn), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 403, body = Problem), (status = 429, body = Problem)))]
pub async fn sign_in_operator(
    req: HttpRequest,
    app: web::Data<App>,
    tokens: web::Data<Tokens>,
    body: Body<OperatorLogin>,
) -> Result<HttpResponse, ApiError> {
    let OperatorLogin { login, password } = body.0;
    let operator = app.database.operator(&login.to_lowercase()).await?;
    let (user, kept) = operator.map_or((None, None), |(user, hash)| (Some(user), Some(hash)));
    let is_right = password::is_of(password, kept).await?;
    let user = user.filter(|_| is_right);
    let user =
        user.ok_or_else(|| ApiError::unauthorized("invalid_login", "the name or the password is wrong"))?;
    sign_in(&req, &app, &tokens, user, false).await
}

/// Makes the first administrator, with the link that the server printed. It works once.
#[utoipa::path(post, path = "/api/auth/first-admin", tag = "identity", request_body(content = FirstAdmin),
    responses((status = 201, body = OperatorAdded), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 422, body = Problem)))]
pub async fn first_admin(app: web::Data<App>, body: Body<FirstAdmin>) -> Result<HttpResponse, ApiError> {
    let FirstAdmin { invitation, login, password, name } = body.0;
    let operator = operators::new_operator(&app, login, password, name, Role::Admin).await?;
    let id = operator.id;
    let hash = operators::invitation_hash(&invitation);
    if app.database.redeem_invitation(hash, operator, app.clock.now()).await? {
        return Ok(HttpResponse::Created().json(OperatorAdded { success: true, user_id: id.to_string() }));
    }
    Err(ApiError::unauthorized("invalid_invitation", "this link is not good any more"))
}

/// Exchanges a refresh token for new tokens. Each refresh token is good once.
#[utoipa::path(post, path = "/api/auth/refresh", tag = "identity", request_body(content = Refresh),
    responses((status = 200, body = SignedIn), (status = 400, body = Problem), (status = 401, body = Problem)))]
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
    Ok(HttpResponse::Ok().json(signed_in(&app, &tokens, user, family, &successor, false)))
}

/// Ends this session.
#[utoipa::path(post, path = "/api/auth/logout", tag = "identity", security(("bearer" = [])),
    responses((status = 200, body = SignedOut), (status = 401, body = Problem)))]
pub async fn sign_out(
    app: web::Data<App>,
    access: Access,
    revocations: web::Data<Revocations>,
) -> Result<HttpResponse, ApiError> {
    let now = app.clock.now();
    app.database.revoke_session(access.principal.user, access.session, now).await?;
    revocations.refresh(now).await?;
    Ok(HttpResponse::Ok().json(SignedOut { success: true }))
}

/// Ends every session of the caller, this one included.
#[utoipa::path(post, path = "/api/auth/logout-everywhere", tag = "identity", security(("bearer" = [])),
    responses((status = 200, body = SignedOut), (status = 401, body = Problem)))]
pub async fn sign_out_everywhere(
    app: web::Data<App>,
    principal: Principal,
    revocations: web::Data<Revocations>,
) -> Result<HttpResponse, ApiError> {
    let now = app.clock.now();
    app.database.revoke_sessions(principal.user, now).await?;
    revocations.refresh(now).await?;
    Ok(HttpResponse::Ok().json(SignedOut { success: true }))
}

/// Where one is signed in.
#[utoipa::path(get, path = "/api/user/sessions", tag = "identity", security(("bearer" = [])),
    responses((status = 200, body = Sessions), (status = 401, body = Problem)))]
pub async fn sessions(app: web::Data<App>, access: Access) -> Result<HttpResponse, ApiError> {
    let sessions = app.database.sessions(access.principal.user, app.clock.now()).await?;
    let sessions = sessions.into_iter().map(|session| SessionView {
        id: session.id.to_string(),
        device: session.device,
        created_at: session.created_at.to_string(),
        last_seen_at: session.last_seen_at.to_string(),
        is_current: session.id == access.session,
    });
    Ok(HttpResponse::Ok().json(Sessions { sessions: sessions.collect() }))
}

/// Ends one of one's own sessions.
#[utoipa::path(delete, path = "/api/user/sessions/{session_id}", tag = "identity", security(("bearer" = [])),
    params(("session_id" = String, Path, description = "The session")),
    responses((status = 200, body = SignedOut), (status = 401, body = Problem), (status = 404, body = Problem)))]
pub async fn end_session(
    app: web::Data<App>,
    principal: Principal,
    revocations: web::Data<Revocations>,
    path: web::Path<Uuid>,
) -> Result<HttpResponse, ApiError> {
    let now = app.clock.now();
    if !app.database.revoke_session(principal.user, path.into_inner(), now).await? {
        return Err(ApiError::not_found());
    }
    revocations.refresh(now).await?;
    Ok(HttpResponse::Ok().json(SignedOut { success: true }))
}

/// Deletes one's account: waiting packages and trips are called off, and in a week what names the person is gone.
/// Until then signing in restores it. Refused while a deal is under way or money is left.
#[utoipa::path(delete, path = "/api/user/account", tag = "identity", security(("bearer" = [])),
    responses((status = 200, body = AccountDeleted), (status = 401, body = Problem), (status = 409, body = Problem)))]
pub async fn delete_account(
    app: web::Data<App>,
    principal: Principal,
    revocations: web::Data<Revocations>,
) -> Result<HttpResponse, ApiError> {
    if principal.role != Role::User {
        let message = "an administrator has to take the role away first";
        return Err(ApiError::conflict("operator", message));
    }
    let (user, now) = (principal.user, app.clock.now());
    match app.database.delete_account(user, now).await? {
        Deletion::OpenDeals => Err(ApiError::conflict("open_deals", "a deal is still under way")),
        Deletion::MoneyLeft => Err(ApiError::conflict("money_left", "please take your money out first")),
        Deletion::Begun => {
            revocations.refresh(now).await?;
            call_everything_off(&app, user).await?;
            let restorable_until = (now + RESTORABLE).to_string();
            Ok(HttpResponse::Ok().json(AccountDeleted { success: true, restorable_until }))
        }
    }
}

/// Nobody waits for somebody who has gone.
async fn call_everything_off(app: &App, user: UserId) -> Result<(), ApiError> {
    for trip in app.engine.live_trips_of(user).await? {
        app.engine.cancel_trip(trip, user).await?;
    }
    let mut before = None;
    loop {
        let page = app.database.packages_of(user, before, 100).await?.packages;
        let Some(last) = page.last() else { return Ok(()) };
        before = Some(last.id);
        for package in page.iter().filter(|package| package.state == PackageState::Open) {
            app.engine.cancel_package(package.id, user).await?;
        }
    }
}

/// Begins a session for somebody who has shown who they are.
async fn sign_in(
    req: &HttpRequest,
    app: &App,
    tokens: &Tokens,
    user: User,
    is_new: bool,
) -> Result<HttpResponse, ApiError> {
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
    app.database.open_session(token, device(req)).await?;
    Ok(HttpResponse::Ok().json(signed_in(app, tokens, user, family, &refresh, is_new)))
}

/// What a device calls itself, as far as it is printable.
fn device(req: &HttpRequest) -> String {
    let said =
        req.headers().get(header::USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    said.chars().filter(|c| !c.is_control()).take(200).collect()
}

fn signed_in(
    app: &App,
    tokens: &Tokens,
    user: User,
    session: Uuid,
    refresh: &RefreshToken,
    is_new: bool,
) -> SignedIn {
    let principal = Principal { user: user.id, role: user.role };
    let (access_token, expires_in) = tokens.issue(principal, session, app.clock.now(), app.clock.random());
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
