//! Signing the desk in, as its console does it.

use actix_web::{HttpRequest, HttpResponse, web};
use peerpack_actors::ids::UserId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app::App;
use crate::auth::token::Tokens;
use crate::error::extract::Body;
use crate::error::{ApiError, Problem};
use crate::http::people::identity::operator::{self, OperatorLogin};
use crate::http::people::identity::{self, SecondFactorIs};

/// An operator's name, which may be an address for letters, and the password.
#[derive(Debug, Deserialize, ToSchema)]
pub struct EmailLogin {
    /// The name that the person signs in with.
    email: String,
    password: String,
    /// Of the authenticator, or a recovery code; production asks for it.
    #[serde(default)]
    code: Option<String>,
    /// As it came with an earlier sign-in on this device: then guesses of others keep nobody waiting.
    #[serde(default)]
    device_token: Option<String>,
}

/// Somebody of the desk.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeskUser {
    /// The number by which the desk names the person.
    id: i64,
    username: String,
    /// As the desk keeps it; empty where it is not known.
    phone: String,
    email: String,
    #[schema(value_type = DeskRole)]
    role: &'static str,
}

/// What somebody of the desk may do.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum DeskRole {
    /// May do everything.
    Admin,
    /// Gives orders to couriers.
    Dispatcher,
    /// Sees what the desk sees, and changes nothing.
    Operator,
    /// Nothing of the desk, before the second factor was shown.
    User,
}

/// Tokens of somebody of the desk.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeskSignedIn {
    access: String,
    refresh: String,
    user: DeskUser,
    #[schema(value_type = DeskRole)]
    role: &'static str,
    /// What is missing before they may do more: to `show` the second factor, or to `set_up` one.
    #[serde(skip_serializing_if = "Option::is_none")]
    second_factor: Option<SecondFactorIs>,
    /// For the device to keep, for half a year, and to send with the next sign-in. It opens nothing by
    /// itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    device_token: Option<String>,
}

/// A refresh token of the console.
#[derive(Debug, Deserialize, ToSchema)]
pub struct ConsoleRefresh {
    /// As it was handed out.
    refresh: String,
}

/// Another access token.
#[derive(Debug, Serialize, ToSchema)]
pub struct ConsoleAccess {
    access: String,
}

/// Signs somebody of the desk in: the ordinary sign-in of operators, with its pauses and its second factor.
#[utoipa::path(post, path = "/api/auth/email-login", operation_id = "sign_in_desk", tag = "dispatch",
    request_body = EmailLogin,
    responses((status = 200, body = DeskSignedIn), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 403, body = Problem), (status = 429, body = Problem)))]
pub async fn email_login(
    req: HttpRequest,
    app: web::Data<App>,
    tokens: web::Data<Tokens>,
    body: Body<EmailLogin>,
) -> Result<HttpResponse, ApiError> {
    let EmailLogin { email, password, code, device_token } = body.0;
    let login = email.trim().to_owned();
    let given = OperatorLogin { login: login.clone(), password, code, device_token };
    let signed_in = operator::session(&req, &app, &tokens, given).await?;
    let id: UserId = signed_in.user.id.parse().map_err(|error| ApiError::internal(&error))?;
    let number = app.database.number_of(id, app.clock.random()).await?;
    let role = match (signed_in.second_factor, signed_in.user.role.as_str()) {
        (Some(_), _) => "user",
        (None, "admin") => "admin",
        (None, "dispatcher") => "dispatcher",
        (None, _) => "operator",
    };
    let account = app.database.account(id).await?.ok_or_else(ApiError::not_found)?;
    // Nothing of an account is told to anybody who has only its password.
    let phone = match signed_in.second_factor {
        Some(_) => String::new(),
        None => account.user.phone.unwrap_or(account.desk_phone),
    };
    let login = login.to_lowercase();
    let user = DeskUser { id: number, username: login.clone(), phone, email: login, role };
    Ok(HttpResponse::Ok().json(DeskSignedIn {
        access: signed_in.access_token,
        refresh: signed_in.refresh_token,
        user,
        role,
        second_factor: signed_in.second_factor,
        device_token: signed_in.device_token,
    }))
}

/// Another access token for a refresh token, which stays good: the console keeps the one that it has. At
/// `/api/auth/refresh` each is good once.
#[utoipa::path(post, path = "/api/auth/token/refresh", operation_id = "refresh_console_token", tag = "dispatch",
    request_body = ConsoleRefresh,
    responses((status = 200, body = ConsoleAccess), (status = 400, body = Problem),
        (status = 401, body = Problem)))]
pub async fn refresh(
    app: web::Data<App>,
    tokens: web::Data<Tokens>,
    body: Body<ConsoleRefresh>,
) -> Result<HttpResponse, ApiError> {
    let access = identity::access_token(&app, &tokens, &body.0.refresh).await?;
    Ok(HttpResponse::Ok().json(ConsoleAccess { access }))
}
