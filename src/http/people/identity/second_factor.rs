//! Second factors of operators: setting one up, showing it, taking it away.

use actix_web::{HttpResponse, web};
use peerpack_actors::ids::UserId;
use peerpack_actors::time::Span;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::attempts::may_try;
use super::sessions::SignedOut;
use super::{device_token, known_device};
use crate::app::App;
use crate::auth::Principal;
use crate::auth::revocations::Revocations;
use crate::auth::second_factor::{Authenticator, RECOVERY_CODES, recovery_code, recovery_hash};
use crate::auth::token::{Access, Tokens};
use crate::error::extract::Body;
use crate::error::{ApiError, Problem};
use crate::store::{Pauses, User};

/// Wrong codes of one operator. Only who is signed in as them can cause the pauses.
const WRONG_CODES: Pauses = Pauses { free: 5, longest: Span::minutes(15) };

/// A second factor, shown this once. It counts when its first code was shown.
#[derive(Debug, Serialize, ToSchema)]
pub struct NewSecondFactor {
    /// To type into an authenticator.
    secret: String,
    /// The same for a QR code.
    uri: String,
    /// Each is good once, instead of a code.
    recovery_codes: Vec<String>,
}

/// What the authenticator shows, or a recovery code.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SecondFactorCode {
    code: String,
    /// As it came with an earlier sign-in on this device: then wrong codes of others keep nobody waiting.
    device_token: Option<String>,
}

/// An access token with the operator's rights. The refresh token stays.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SecondFactorShown)]
pub struct Lifted {
    access_token: String,
    /// How long it is good, in seconds.
    expires_in: u32,
    /// `viewer`, `dispatcher` or `admin`.
    #[schema(value_type = crate::auth::Role)]
    role: String,
    /// For the device to keep and to send with the next sign-in, as after a sign-in.
    device_token: String,
}

/// Begins to set up a second factor for an operator. What is answered is never shown again; until the first
/// code was shown it protects nothing and can be begun anew.
#[utoipa::path(post, path = "/api/user/second-factor", operation_id = "begin_second_factor",
    tag = "identity", security(("bearer" = [])),
    responses((status = 201, body = NewSecondFactor), (status = 401, body = Problem),
        (status = 403, body = Problem),
        (status = 409, body = Problem)))]
pub async fn begin(
    app: web::Data<App>,
    tokens: web::Data<Tokens>,
    principal: Principal,
) -> Result<HttpResponse, ApiError> {
    let user = principal.user;
    operator(&app, user).await?;
    let nonce = hex::encode(rand::random::<[u8; 16]>());
    let recovery_codes: Vec<String> = (0..RECOVERY_CODES).map(|_| recovery_code(rand::random())).collect();
    let hashes = recovery_codes.iter().map(|code| recovery_hash(user, code)).collect();
    if !app.database.begin_second_factor(user, nonce.clone(), hashes, app.clock.now()).await? {
        return Err(ApiError::conflict(
            "second_factor_exists",
            "the old second factor has to be removed first",
        ));
    }
    let authenticator = Authenticator::of(&tokens, user, &nonce);
    let (secret, uri) = (authenticator.secret(), authenticator.uri(&user.to_string()));
    Ok(HttpResponse::Created().json(NewSecondFactor { secret, uri, recovery_codes }))
}

/// Shows the second factor in this session, which has the operator's rights from then on. The first code
/// confirms a new factor.
#[utoipa::path(post, path = "/api/auth/second-factor", operation_id = "show_second_factor",
    tag = "identity", security(("bearer" = [])),
    request_body = SecondFactorCode,
    responses((status = 200, body = Lifted), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 403, body = Problem), (status = 429, body = Problem)))]
pub async fn show(
    app: web::Data<App>,
    tokens: web::Data<Tokens>,
    access: Access,
    body: Body<SecondFactorCode>,
) -> Result<HttpResponse, ApiError> {
    let user = access.principal.user;
    let operator = operator(&app, user).await?;
    let role = operator.role;
    let known = checked(&app, &tokens, &operator, body.0).await?;
    let now = app.clock.now();
    if !app.database.lift_session(access.session, user, now).await? {
        return Err(ApiError::unauthorized("invalid_token", "please sign in again"));
    }
    let (access_token, expires_in) =
        tokens.issue(Principal { user, role }, access.session, now, app.clock.random());
    let device = known.unwrap_or_else(|| Uuid::from_bytes(rand::random()));
    let device_token = device_token(&app, &tokens, &operator, device).await?;
    let role = role.word().to_owned();
    Ok(HttpResponse::Ok().json(Lifted { access_token, expires_in, role, device_token }))
}

/// Removes one's second factor, which has to be shown for it. Every session ends.
#[utoipa::path(delete, path = "/api/user/second-factor", operation_id = "remove_second_factor",
    tag = "identity", security(("bearer" = [])),
    request_body = SecondFactorCode,
    responses((status = 200, body = SignedOut), (status = 400, body = Problem),
        (status = 401, body = Problem),
        (status = 403, body = Problem), (status = 429, body = Problem)))]
pub async fn remove(
    app: web::Data<App>,
    tokens: web::Data<Tokens>,
    revocations: web::Data<Revocations>,
    principal: Principal,
    body: Body<SecondFactorCode>,
) -> Result<HttpResponse, ApiError> {
    let operator = operator(&app, principal.user).await?;
    checked(&app, &tokens, &operator, body.0).await?;
    app.database.remove_second_factor(principal.user, app.clock.now()).await?;
    revocations.refresh(app.clock.now()).await?;
    Ok(HttpResponse::Ok().json(SignedOut { success: true }))
}

/// Checks a code that an operator shows; answers with the device, if it is known.
async fn checked(
    app: &App,
    tokens: &Tokens,
    operator: &User,
    given: SecondFactorCode,
) -> Result<Option<Uuid>, ApiError> {
    let known = match given.device_token {
        Some(token) => known_device(app, tokens, operator, &token).await?,
        None => None,
    };
    let by = known.map(|device| device.to_string());
    check(app, tokens, operator.id, &given.code, by.as_deref()).await?;
    Ok(known)
}

/// Whether a code is the operator's: of the authenticator, or one for recovery. Each is good once, and wrong
/// ones are counted: for everybody together, or `by` anybody who cannot be a stranger.
///
/// # Errors
/// 401 for a wrong one, 429 after too many.
pub(super) async fn check(
    app: &App,
    tokens: &Tokens,
    user: UserId,
    code: &str,
    by: Option<&str>,
) -> Result<(), ApiError> {
    let wrong = || ApiError::unauthorized("invalid_code", "the code is wrong or no longer good");
    let now = app.clock.now();
    let subject = by.map_or_else(|| format!("factor:{user}"), |by| format!("factor:{user}#{by}"));
    may_try(app, subject.clone(), WRONG_CODES, now).await?;
    let factor = app.database.second_factor(user).await?.ok_or_else(wrong)?;
    let is_right = match Authenticator::of(tokens, user, &factor.nonce).step(code, now) {
        Some(step) => app.database.accept_step(user, step, now).await?,
        None => app.database.use_recovery_code(user, recovery_hash(user, code), now).await?,
    };
    if !is_right {
        return Err(wrong());
    }
    app.database.forgive_attempts(&subject).await?;
    Ok(())
}

/// An operator as stored, whatever their token says.
async fn operator(app: &App, user: UserId) -> Result<User, ApiError> {
    let user = app.database.user(user).await?;
    user.filter(|user| user.role.is_operator())
        .ok_or_else(|| ApiError::forbidden("second factors are for operators"))
}
