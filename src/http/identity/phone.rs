//! Signing in with a code that is sent to a phone.

use actix_web::{HttpRequest, HttpResponse, web};
use peerpack_actors::ids::UserId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{SignedIn, sign_in};
use crate::app::App;
use crate::auth::password;
use crate::auth::phone::{self, CodeSender, Phone};
use crate::auth::token::Tokens;
use crate::error::extract::Body;
use crate::error::{ApiError, Problem};
use crate::http::address;
use crate::store::{CodeLimits, NewCode};

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
    /// Names the code that was sent. Sent back with it, nobody else's guesses count.
    challenge_id: String,
    /// Until when the code is good.
    expires_at: String,
}

/// The code that came.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VerifyCode {
    phone: String,
    /// As it came when the code was asked for. Without it the latest code of the phone is meant.
    challenge_id: Option<Uuid>,
    /// Six digits.
    code: String,
}

/// Sends a code to a phone. The answer is the same whether or not the number is known.
#[utoipa::path(post, path = "/api/auth/phone-login", operation_id = "send_phone_code",
    tag = "identity", request_body(content = PhoneLogin),
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
    let challenge = Uuid::from_bytes(rand::random());
    let new = NewCode {
        id: challenge,
        phone: phone.as_str().to_owned(),
        code_hash: password::PHONES.hash(code.clone(), rand::random()).await?,
        address: address::client(address::of(&req, app.config.trusted_proxies)).to_string(),
        expires_at,
    };
    if let Err(wait) = app.database.add_code(new, CodeLimits::default(), now).await? {
        let seconds = u32::try_from(wait.ms() / 1_000 + 1).unwrap_or(u32::MAX);
        return Err(ApiError::too_many(seconds));
    }
    sender.send(&phone, &code).await?;
    let message = "Код отправлен".to_owned();
    let (challenge_id, expires_at) = (challenge.to_string(), expires_at.to_string());
    Ok(HttpResponse::Ok().json(CodeSent { message, challenge_id, expires_at }))
}

/// Signs in with the code that came. Five wrong ones end it: five of whoever names the challenge, and five of all others,
/// so that a stranger can spoil a code only for clients that do not name it.
#[utoipa::path(post, path = "/api/auth/verify-otp", operation_id = "sign_in_with_phone_code",
    tag = "identity", request_body(content = VerifyCode),
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
    let tried = app.database.try_code(phone.as_str().to_owned(), body.0.challenge_id, now).await?;
    let (id, kept) = tried.map_or((None, None), |(id, hash)| (Some(id), Some(hash)));
    let is_right = password::PHONES.is_of(code, kept).await?;
    let id = id.filter(|_| is_right).ok_or_else(wrong)?;
    if !app.database.use_code(id, now).await? {
        return Err(wrong());
    }
    let fresh = UserId::new(now, app.clock.random());
    let number = phone.as_str().to_owned();
    let (user, is_new) = app.database.upsert_phone_user(number, phone.masked(), fresh, now).await?;
    sign_in(&req, &app, &tokens, user, is_new, false).await
}
