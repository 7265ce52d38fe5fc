//! What Telegram says to the bot; and what those who run the server tell Telegram.

use actix_web::http::StatusCode;
use actix_web::http::header::HeaderValue;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use utoipa::ToSchema;

use crate::app::App;
use crate::config::is_origin;
use crate::error::extract::{Body, whole_body};
use crate::error::{ApiError, Problem};
use crate::maintenance::checkout;
use crate::telegram::{ALLOWED_UPDATES, Answer, CHECKOUT, Outgoing, Telegram};
use crate::texts::bot::Say;
use crate::texts::language::Language;

/// The header with which Telegram shows who it is.
const SECRET: &str = "X-Telegram-Bot-Api-Secret-Token";

/// The header with which those who run the server show who they are.
const ADMIN_SECRET: &str = "X-Admin-Secret";

/// The longest update that is read: many times the longest message with all that belongs to it.
const LONGEST_UPDATE: usize = 1 << 18;

/// The path of the webhook.
const PATH: &str = "/api/bot/webhook";

/// What was said is kept.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = UpdateTaken)]
pub struct Taken {
    success: bool,
}

/// Where Telegram is to send updates.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewWebhook {
    /// The origin of this server as Telegram reaches it, `https://host`, or the whole address; `public_url`
    /// if it is not said.
    #[serde(default)]
    url: Option<String>,
}

/// What Telegram says of the webhook.
#[derive(Debug, Serialize, ToSchema)]
pub struct WebhookInfo {
    success: bool,
    /// Where updates are sent; empty for nowhere.
    url: String,
    /// Updates that Telegram has not got rid of.
    pending_update_count: i64,
    /// Why it did not the last time, if it did not.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_error_message: Option<String>,
    /// When that was, seconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_error_date: Option<i64>,
    /// Which kinds of updates are sent.
    allowed_updates: Vec<String>,
}

/// A message to try it out.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TestMessage {
    /// The Telegram account that gets it: it has started the bot.
    chat_id: i64,
}

/// Telegram tells what was said to the bot. Answered as soon as it is kept; the same update again is no other
/// one.
#[utoipa::path(post, path = "/api/bot/webhook", operation_id = "bot_update", tag = "bot",
    params(("X-Telegram-Bot-Api-Secret-Token" = String, Header, description = "The secret that the webhook was set with.")),
    request_body(content = Object, description = "An `Update` of Telegram's Bot API; what is not known of it is left out."),
    responses((status = 200, body = Taken), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 404, body = Problem), (status = 413, body = Problem)))]
pub async fn update(
    app: web::Data<App>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, ApiError> {
    if app.telegram.is_none() {
        return Err(ApiError::not_found());
    }
    // Of a call that is not Telegram's nothing is read.
    if !shows(&request, SECRET, app.config.bot.webhook_secret.reveal()) {
        metrics::counter!("peerpack_bot_forged_total").increment(1);
        return Err(ApiError::unauthorized("invalid_secret", "the secret is missing or wrong"));
    }
    let body = whole_body(&request, payload, LONGEST_UPDATE).await?;
    let invalid = || ApiError::bad_request("the body is not valid JSON");
    let update: Value = serde_json::from_slice(&body).map_err(|_| invalid())?;
    let update_id = update.get("update_id").and_then(Value::as_i64).ok_or_else(invalid)?;
    if let (Some(telegram), Some(query)) = (&app.telegram, update.get(CHECKOUT)) {
        // Who is about to pay waits behind nothing.
        checkout::answer(&app, telegram, query).await;
    } else if ALLOWED_UPDATES.iter().any(|kind| update.get(kind).is_some()) {
        app.database.add_update(update_id, update.to_string(), app.clock.now()).await?;
    }
    Ok(HttpResponse::Ok().json(Taken { success: true }))
}

/// Has Telegram send updates to this server.
#[utoipa::path(post, path = "/api/bot/set-webhook", operation_id = "set_webhook", tag = "bot",
    params(("X-Admin-Secret" = String, Header, description = "PEERPACK_BOT_ADMIN_SECRET.")),
    request_body = NewWebhook,
    responses((status = 200, body = WebhookInfo), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 409, body = Problem), (status = 422, body = Problem), (status = 502, body = Problem)))]
pub async fn set(
    app: web::Data<App>,
    request: HttpRequest,
    body: Body<NewWebhook>,
) -> Result<HttpResponse, ApiError> {
    let telegram = bot(&app, &request)?;
    let given = body.0.url.unwrap_or_else(|| app.config.public_url.clone());
    let origin = given.trim_end_matches('/').trim_end_matches(PATH);
    if !is_origin(origin) || !origin.starts_with("https://") {
        return Err(ApiError::unprocessable("url", "must be of the form https://host"));
    }
    let secret = app.config.bot.webhook_secret.reveal();
    done(telegram.set_webhook(&format!("{origin}{PATH}"), secret).await)?;
    show(telegram).await
}

/// What Telegram says of the webhook.
#[utoipa::path(get, path = "/api/bot/webhook-info", operation_id = "webhook_info", tag = "bot",
    params(("X-Admin-Secret" = String, Header, description = "PEERPACK_BOT_ADMIN_SECRET.")),
    responses((status = 200, body = WebhookInfo), (status = 401, body = Problem), (status = 409, body = Problem),
        (status = 502, body = Problem)))]
pub async fn info(app: web::Data<App>, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    show(bot(&app, &request)?).await
}

/// Has Telegram keep updates until they are asked for.
#[utoipa::path(post, path = "/api/bot/delete-webhook", operation_id = "delete_webhook", tag = "bot",
    params(("X-Admin-Secret" = String, Header, description = "PEERPACK_BOT_ADMIN_SECRET.")),
    responses((status = 200, body = WebhookInfo), (status = 401, body = Problem), (status = 409, body = Problem),
        (status = 502, body = Problem)))]
pub async fn delete(app: web::Data<App>, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let telegram = bot(&app, &request)?;
    done(telegram.delete_webhook().await)?;
    show(telegram).await
}

/// Sends a message to a Telegram account, to see whether the bot can.
#[utoipa::path(post, path = "/api/bot/test-send", operation_id = "test_bot", tag = "bot",
    params(("X-Admin-Secret" = String, Header, description = "PEERPACK_BOT_ADMIN_SECRET.")),
    request_body = TestMessage,
    responses((status = 200, body = Taken), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 409, body = Problem), (status = 502, body = Problem)))]
pub async fn test(
    app: web::Data<App>,
    request: HttpRequest,
    body: Body<TestMessage>,
) -> Result<HttpResponse, ApiError> {
    let telegram = bot(&app, &request)?;
    let user = app.database.user_of_telegram(body.0.chat_id).await?;
    let language = Language::of(user.as_ref().and_then(|user| user.language.as_deref()));
    let message = Outgoing::plain(Say::Test.told_in(language));
    done(telegram.send(body.0.chat_id, &message).await.map(drop))?;
    Ok(HttpResponse::Ok().json(Taken { success: true }))
}

/// The bot, for those who run the server.
fn bot<'a>(app: &'a App, request: &HttpRequest) -> Result<&'a Telegram, ApiError> {
    let secret = app.config.bot.admin_secret.as_ref();
    if !secret.is_some_and(|secret| shows(request, ADMIN_SECRET, secret.reveal())) {
        return Err(ApiError::unauthorized("invalid_secret", "the secret is missing or wrong"));
    }
    app.telegram.as_ref().ok_or_else(|| ApiError::conflict("bot_off", "there is no bot: bot_mode is off"))
}

/// Whether a header has the secret in it. It takes as long however much of it is right.
fn shows(request: &HttpRequest, header: &str, secret: &str) -> bool {
    let given = request.headers().get(header).map(HeaderValue::as_bytes).unwrap_or_default();
    let (given, secret) = (Sha256::digest(given), Sha256::digest(secret.as_bytes()));
    given.as_slice().ct_eq(secret.as_slice()).into()
}

async fn show(telegram: &Telegram) -> Result<HttpResponse, ApiError> {
    let info = done(telegram.webhook_info().await)?;
    let text = |name: &str| info.get(name).and_then(Value::as_str).map(str::to_owned);
    let number = |name: &str| info.get(name).and_then(Value::as_i64);
    let allowed = info.get("allowed_updates").and_then(Value::as_array);
    let allowed = allowed.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned);
    Ok(HttpResponse::Ok().json(WebhookInfo {
        success: true,
        url: text("url").unwrap_or_default(),
        pending_update_count: number("pending_update_count").unwrap_or(0),
        last_error_message: text("last_error_message"),
        last_error_date: number("last_error_date"),
        allowed_updates: allowed.collect(),
    }))
}

fn done<T>(answer: Answer<T>) -> Result<T, ApiError> {
    let why = match answer {
        Answer::Done(done) => return Ok(done),
        Answer::Refused(refusal) => refusal.to_string(),
        Answer::Unsent(why) | Answer::Unknown(why) => why,
    };
    tracing::warn!(why, "Telegram did not do what an operator has asked for");
    let message = format!("Telegram does not do it: {why}");
    let russian = format!("Telegram не делает этого: {why}");
    Err(ApiError::new(StatusCode::BAD_GATEWAY, "telegram_failed", message).in_russian(russian))
}
