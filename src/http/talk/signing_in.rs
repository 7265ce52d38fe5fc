//! Registering and signing in with a phone, in the older messenger's words. The codes, their limits and the
//! sessions are the ordinary ones.

use actix_web::{HttpRequest, HttpResponse, web};
use peerpack_actors::ids::UserId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app::App;
use crate::auth::phone::{CodeSender, Phone};
use crate::auth::token::Tokens;
use crate::error::extract::Body;
use crate::error::{ApiError, Problem};
use crate::http::input;
use crate::http::people::identity::phone;

/// Who wants to register.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Register {
    /// What others will see, if the number is new.
    display_name: String,
    #[schema(example = "+7 900 123-45-67")]
    phone: String,
}

/// Whose phone a code is to go to.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RequestCode {
    #[schema(example = "+7 900 123-45-67")]
    phone: String,
}

/// A code is on its way, or there already.
#[derive(Debug, Serialize, ToSchema)]
pub struct CodeRequested {
    success: bool,
}

/// The code that came.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PhoneCode {
    phone: String,
    /// The digits; blanks and hyphens between them do not count.
    code: String,
}

/// Signed in.
#[derive(Debug, Serialize, ToSchema)]
pub struct PhoneSignedIn {
    success: bool,
    data: PhoneSession,
}

/// A session.
#[derive(Debug, Serialize, ToSchema)]
pub struct PhoneSession {
    /// For the `Authorization` header: `Bearer`.
    token: String,
    user: PhoneUser,
    /// For another token, at `/api/auth/refresh`, once.
    refresh_token: String,
    /// How long the token is good, seconds.
    expires_in: u32,
}

/// The caller, and the tokens to go on with.
#[derive(Debug, Serialize, ToSchema)]
pub struct PhoneUser {
    id: String,
    phone: Option<String>,
    display_name: String,
    username: String,
}

/// Registers a phone: a code is sent to it. The name counts if the number is new; whether it is, the answer
/// does not tell.
#[utoipa::path(post, path = "/api/auth/register", operation_id = "register_phone", tag = "messenger",
    request_body = Register,
    responses((status = 200, body = CodeRequested), (status = 400, body = Problem),
        (status = 422, body = Problem), (status = 429, body = Problem)))]
pub async fn register(
    req: HttpRequest,
    app: web::Data<App>,
    tokens: web::Data<Tokens>,
    sender: web::Data<dyn CodeSender>,
    body: Body<Register>,
) -> Result<HttpResponse, ApiError> {
    let name = input::name("display_name", &body.0.display_name)?;
    let phone = Phone::parse(&body.0.phone)?;
    phone::ask(&req, (&app, &tokens, &sender), &phone, None).await?;
    app.database.register(phone.as_str(), name, app.clock.now()).await?;
    Ok(HttpResponse::Ok().json(CodeRequested { success: true }))
}

/// Sends a code to a phone.
#[utoipa::path(post, path = "/api/auth/request-code", operation_id = "request_phone_code", tag = "messenger",
    request_body = RequestCode,
    responses((status = 200, body = CodeRequested), (status = 400, body = Problem),
        (status = 422, body = Problem), (status = 429, body = Problem)))]
pub async fn request_code(
    req: HttpRequest,
    app: web::Data<App>,
    tokens: web::Data<Tokens>,
    sender: web::Data<dyn CodeSender>,
    body: Body<RequestCode>,
) -> Result<HttpResponse, ApiError> {
    let phone = Phone::parse(&body.0.phone)?;
    phone::ask(&req, (&app, &tokens, &sender), &phone, None).await?;
    Ok(HttpResponse::Ok().json(CodeRequested { success: true }))
}

/// Signs in with the code that came.
#[utoipa::path(post, path = "/api/auth/verify-code", operation_id = "verify_phone_code", tag = "messenger",
    request_body = PhoneCode,
    responses((status = 200, body = PhoneSignedIn), (status = 400, body = Problem),
        (status = 401, body = Problem), (status = 403, body = Problem), (status = 422, body = Problem)))]
pub async fn verify_code(
    req: HttpRequest,
    app: web::Data<App>,
    tokens: web::Data<Tokens>,
    body: Body<PhoneCode>,
) -> Result<HttpResponse, ApiError> {
    let PhoneCode { phone, code } = body.0;
    let given = phone::VerifyCode { phone, challenge_id: None, code, device_token: None };
    let signed_in = phone::verify(&req, &app, &tokens, given).await?;
    let id: UserId = signed_in.user.id.parse().map_err(|error| ApiError::internal(&error))?;
    let talker = app.database.talkers(&[id]).await?.pop().ok_or_else(ApiError::not_found)?;
    let user = PhoneUser {
        id: signed_in.user.id,
        username: talker.username(),
        phone: talker.phone,
        display_name: talker.name,
    };
    let data = PhoneSession {
        token: signed_in.access_token,
        user,
        refresh_token: signed_in.refresh_token,
        expires_in: signed_in.expires_in,
    };
    Ok(HttpResponse::Ok().json(PhoneSignedIn { success: true, data }))
}
