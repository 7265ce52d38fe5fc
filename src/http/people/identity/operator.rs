//! Signing in with a name and a password, and how the first administrator comes in.

use actix_web::{HttpRequest, HttpResponse, web};
use peerpack_actors::time::Span;
use serde::Deserialize;
use utoipa::ToSchema;

use uuid::Uuid;

use super::attempts::may_try;
use super::{Entrance, SignedIn, known_device, second_factor, sign_in};
use crate::app::App;
use crate::auth::token::Tokens;
use crate::auth::{Role, password};
use crate::edge::address;
use crate::error::extract::Body;
use crate::error::{ApiError, Problem};
use crate::http::admin::operators::{self, OperatorAdded};
use crate::store::{Pauses, User};

/// Wrong passwords of one login from one address.
const FROM_HERE: Pauses = Pauses { free: 5, longest: Span::minutes(15) };

/// Wrong passwords of one login from everywhere.
const FROM_ANYWHERE: Pauses = Pauses { free: 50, longest: Span::minutes(1) };

/// No login is longer.
const MAX_LOGIN: usize = 64;

/// An operator's name and password.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OperatorLogin {
    pub(in crate::http) login: String,
    pub(in crate::http) password: String,
    /// Of the authenticator, or a recovery code. It can also be shown afterwards.
    pub(in crate::http) code: Option<String>,
    /// As it came with an earlier sign-in on this device: then guesses of others keep nobody waiting.
    pub(in crate::http) device_token: Option<String>,
}

/// A link that `peerpack operator link` has printed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OperatorLink {
    link: String,
    /// Of the authenticator, or a recovery code. It can also be shown afterwards.
    code: Option<String>,
}

/// The link that the server printed, and who comes with it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewFirstAdmin)]
pub struct FirstAdmin {
    /// The invitation, as the link has it.
    invitation: String,
    login: String,
    /// At least 12 characters.
    password: String,
    /// What others see.
    name: String,
}

/// Signs an operator in. Wrong passwords of a login make everybody wait who tries it, except for devices that
/// have signed in before.
#[utoipa::path(post, path = "/api/auth/operator", operation_id = "sign_in_operator",
    tag = "identity", request_body(content = OperatorLogin),
    responses((status = 200, body = SignedIn), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 403, body = Problem), (status = 429, body = Problem)))]
pub async fn sign_in_operator(
    req: HttpRequest,
    app: web::Data<App>,
    tokens: web::Data<Tokens>,
    body: Body<OperatorLogin>,
) -> Result<HttpResponse, ApiError> {
    Ok(HttpResponse::Ok().json(session(&req, &app, &tokens, body.0).await?))
}

/// Begins a session of an operator who has shown who they are.
pub(in crate::http) async fn session(
    req: &HttpRequest,
    app: &App,
    tokens: &Tokens,
    given: OperatorLogin,
) -> Result<SignedIn, ApiError> {
    let OperatorLogin { login, password, code, device_token } = given;
    let (login, now) = (login.to_lowercase(), app.clock.now());
    let address = address::client(address::of(req, app.config.trusted_proxies));
    let login = login.chars().take(MAX_LOGIN).collect::<String>();
    let known = match device_token {
        Some(token) => match app.database.operator(&login).await? {
            Some((user, _)) => known_device(app, tokens, &user, &token).await?,
            None => None,
        },
        None => None,
    };
    // The pauses for one address are long; those for all together are short, because strangers can cause
    // them.
    let subjects = match known {
        Some(device) => vec![(format!("login:{login}#{device}"), FROM_HERE)],
        None => {
            vec![(format!("login:{login}@{address}"), FROM_HERE), (format!("login:{login}"), FROM_ANYWHERE)]
        }
    };
    for (subject, pauses) in &subjects {
        may_try(app, subject.clone(), *pauses, now).await?;
    }
    let operator = app.database.operator(&login).await?;
    let (user, kept) = operator.map_or((None, None), |(user, hash)| (Some(user), Some(hash)));
    let desk = if known.is_some() { &password::DEVICES } else { &password::OPERATORS };
    let is_right = desk.is_of(password, kept).await?;
    let user = user.filter(|_| is_right);
    let user =
        user.ok_or_else(|| ApiError::unauthorized("invalid_login", "the login or the password is wrong"))?;
    for (subject, _) in &subjects {
        app.database.forgive_attempts(subject).await?;
    }
    let shown = match code {
        Some(code) => {
            let by = known.map(|device| device.to_string());
            second_factor::check(app, tokens, user.id, &code, by.as_deref()).await?;
            true
        }
        None => false,
    };
    let device = known.or_else(|| Some(Uuid::from_bytes(rand::random())));
    let entrance = Entrance { user, is_new: false, shown, device };
    sign_in(req, app, tokens, entrance).await
}

/// Signs an operator in with a link from the server's shell, once: the last way in, which nobody's guesses
/// bar.
#[utoipa::path(post, path = "/api/auth/operator-link", operation_id = "sign_in_operator_by_link",
    tag = "identity", request_body(content = OperatorLink),
    responses((status = 200, body = SignedIn), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 403, body = Problem), (status = 429, body = Problem)))]
pub async fn sign_in_by_link(
    req: HttpRequest,
    app: web::Data<App>,
    tokens: web::Data<Tokens>,
    body: Body<OperatorLink>,
) -> Result<HttpResponse, ApiError> {
    let wrong = || ApiError::unauthorized("invalid_link", "this link is not good any more");
    let OperatorLink { link, code } = body.0;
    let (hash, now) = (operators::secret_hash(&link), app.clock.now());
    let user = app.database.operator_of_link(hash.clone(), now).await?.ok_or_else(wrong)?;
    let user: User =
        app.database.user(user).await?.filter(|user| user.role.is_operator()).ok_or_else(wrong)?;
    let shown = match code {
        Some(code) => {
            // Guesses by link are those of anybody who has the link.
            second_factor::check(&app, &tokens, user.id, &code, Some("link")).await?;
            true
        }
        None => false,
    };
    if !app.database.use_sign_in_link(hash, now).await? {
        return Err(wrong());
    }
    let device = Some(Uuid::from_bytes(rand::random()));
    let entrance = Entrance { user, is_new: false, shown, device };
    Ok(HttpResponse::Ok().json(sign_in(&req, &app, &tokens, entrance).await?))
}

/// Makes the first administrator, with the link that the server printed. It works once.
#[utoipa::path(post, path = "/api/auth/first-admin", operation_id = "make_first_admin",
    tag = "identity", request_body(content = FirstAdmin),
    responses((status = 201, body = OperatorAdded), (status = 400, body = Problem),
        (status = 401, body = Problem),
        (status = 422, body = Problem)))]
pub async fn first_admin(app: web::Data<App>, body: Body<FirstAdmin>) -> Result<HttpResponse, ApiError> {
    let FirstAdmin { invitation, login, password, name } = body.0;
    let operator = operators::new_operator(&app, login, password, name, Role::Admin).await?;
    let id = operator.id;
    let hash = operators::secret_hash(&invitation);
    if app.database.redeem_invitation(hash, operator, app.clock.now()).await? {
        return Ok(HttpResponse::Created().json(OperatorAdded { success: true, user_id: id.to_string() }));
    }
    Err(ApiError::unauthorized("invalid_invitation", "this link is not good any more"))
}
