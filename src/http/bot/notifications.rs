//! What people want to hear from the bot.

use std::collections::BTreeMap;

use actix_web::{HttpResponse, web};
use jiff::tz::TimeZone;
use peerpack_actors::stream::notification::NotificationKind as Kind;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app::App;
use crate::auth::Principal;
use crate::error::extract::Body;
use crate::error::{ApiError, Problem};
use crate::store::{BotSettings, QuietHours};

/// The longest name of a zone.
const LONGEST_ZONE: usize = 64;

/// What one hears from the bot.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct BotNotifications {
    /// Whether one was asked already; a client asks once.
    notifications_asked: bool,
    /// Whether the bot may write.
    notifications_enabled: bool,
    /// Whether it could: there is a bot, one has come with Telegram, and has not blocked it.
    available: bool,
    /// When one does not want to be disturbed; absent for never.
    #[serde(skip_serializing_if = "Option::is_none")]
    quiet_hours: Option<QuietHoursView>,
    /// Messages in an hour; more are told together.
    messages_per_hour: u32,
    /// One member for each kind of notification, under its name: whether one wants to hear of it.
    #[serde(flatten)]
    kinds: BTreeMap<&'static str, bool>,
}

/// When one does not want to be disturbed. What ends meanwhile is not told; the rest comes afterwards.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = QuietHours)]
pub struct QuietHoursView {
    /// `HH:MM`.
    #[schema(example = "23:00")]
    from: String,
    /// `HH:MM`; of the next day if it is not later.
    #[schema(example = "08:00")]
    to: String,
    /// IANA time zone.
    #[schema(example = "Europe/Moscow")]
    zone: String,
}

/// The answer to the question whether the bot may write.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BotPermission {
    granted: bool,
}

/// Whether the bot may write.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BotToggle {
    enabled: bool,
}

/// Whether one wants to hear of something.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct BotPreference {
    /// A kind of notification.
    #[schema(value_type = Kind)]
    event_type: String,
    enabled: bool,
}

/// When one does not want to be disturbed from now on.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct BotQuietHours {
    /// `null` for never.
    quiet_hours: Option<QuietHoursView>,
}

/// What one hears from the bot.
#[utoipa::path(get, path = "/api/bot/notifications", operation_id = "bot_notifications",
    tag = "notifications", security(("bearer" = [])),
    responses((status = 200, body = BotNotifications), (status = 401, body = Problem)))]
pub async fn show(app: web::Data<App>, principal: Principal) -> Result<HttpResponse, ApiError> {
    answer(&app, principal).await
}

/// Says whether the bot may write, when one is asked for the first time.
#[utoipa::path(post, path = "/api/bot/notifications/initial", operation_id = "let_bot_write",
    tag = "notifications", security(("bearer" = [])), request_body = BotPermission,
    responses((status = 200, body = BotNotifications), (status = 400, body = Problem),
        (status = 401, body = Problem)))]
pub async fn initial(
    app: web::Data<App>,
    principal: Principal,
    body: Body<BotPermission>,
) -> Result<HttpResponse, ApiError> {
    app.database.let_bot_write(principal.user, body.0.granted, app.clock.now()).await?;
    answer(&app, principal).await
}

/// Turns the messages of the bot on or off.
#[utoipa::path(post, path = "/api/bot/notifications/toggle", operation_id = "toggle_bot_notifications",
    tag = "notifications", security(("bearer" = [])), request_body = BotToggle,
    responses((status = 200, body = BotNotifications), (status = 400, body = Problem),
        (status = 401, body = Problem)))]
pub async fn toggle(
    app: web::Data<App>,
    principal: Principal,
    body: Body<BotToggle>,
) -> Result<HttpResponse, ApiError> {
    app.database.let_bot_write(principal.user, body.0.enabled, app.clock.now()).await?;
    answer(&app, principal).await
}

/// Turns one kind of notification on or off.
#[utoipa::path(post, path = "/api/bot/notifications/preference", operation_id = "set_bot_preference",
    tag = "notifications", security(("bearer" = [])), request_body = BotPreference,
    responses((status = 200, body = BotNotifications), (status = 400, body = Problem),
        (status = 401, body = Problem), (status = 422, body = Problem)))]
pub async fn preference(
    app: web::Data<App>,
    principal: Principal,
    body: Body<BotPreference>,
) -> Result<HttpResponse, ApiError> {
    let kind = Kind::from_word(&body.0.event_type)
        .ok_or_else(|| ApiError::unprocessable("eventType", "is no kind of notification"))?;
    app.database.switch_kind(principal.user, kind, body.0.enabled).await?;
    answer(&app, principal).await
}

/// Says when one does not want to be disturbed.
#[utoipa::path(post, path = "/api/bot/notifications/quiet-hours", operation_id = "set_bot_quiet_hours",
    tag = "notifications", security(("bearer" = [])), request_body = BotQuietHours,
    responses((status = 200, body = BotNotifications), (status = 400, body = Problem),
        (status = 401, body = Problem), (status = 422, body = Problem)))]
pub async fn quiet_hours(
    app: web::Data<App>,
    principal: Principal,
    body: Body<BotQuietHours>,
) -> Result<HttpResponse, ApiError> {
    let quiet = body.0.quiet_hours.map(read).transpose()?;
    app.database.set_quiet_hours(principal.user, quiet).await?;
    answer(&app, principal).await
}

fn read(view: QuietHoursView) -> Result<QuietHours, ApiError> {
    let QuietHoursView { from, to, zone } = view;
    let minute = |field: &'static str, text: &str| {
        let (hour, minute) = text.split_once(':')?;
        let is_short = |part: &str| part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
        let (hour, minute) =
            (Some(hour).filter(|part| is_short(part))?, Some(minute).filter(|part| is_short(part))?);
        let (hour, minute): (u16, u16) = (hour.parse().ok()?, minute.parse().ok()?);
        (hour < 24 && minute < 60).then_some((field, hour * 60 + minute))
    };
    let clock = |field: &'static str, text: &str| {
        let read = minute(field, text).map(|(_, minute)| minute);
        read.ok_or_else(|| ApiError::unprocessable(field, "must be HH:MM"))
    };
    let (from_min, to_min) = (clock("from", &from)?, clock("to", &to)?);
    if from_min == to_min {
        return Err(ApiError::unprocessable("to", "must differ from the beginning"));
    }
    if zone.len() > LONGEST_ZONE || TimeZone::get(&zone).is_err() {
        return Err(ApiError::unprocessable("zone", "is no IANA time zone"));
    }
    Ok(QuietHours { from_min, to_min, zone })
}

async fn answer(app: &App, principal: Principal) -> Result<HttpResponse, ApiError> {
    let settings = app.database.bot_settings(principal.user).await?;
    let user = app.database.user(principal.user).await?.ok_or_else(ApiError::not_found)?;
    let has_chat = user.telegram_id.is_some() && settings.blocked_at.is_none();
    let is_available = app.telegram.is_some() && has_chat;
    let view = view(settings, is_available, app.config.bot.messages_per_h);
    Ok(HttpResponse::Ok().json(view))
}

fn view(settings: BotSettings, available: bool, messages_per_hour: u32) -> BotNotifications {
    let clock = |minute: u16| format!("{:02}:{:02}", minute / 60, minute % 60);
    let quiet = |quiet: QuietHours| QuietHoursView {
        from: clock(quiet.from_min),
        to: clock(quiet.to_min),
        zone: quiet.zone,
    };
    let is_on = |kind: Kind| (kind.word(), !settings.off.contains(&kind));
    let kinds = Kind::ALL.into_iter().map(is_on).collect();
    BotNotifications {
        notifications_asked: settings.asked_at.is_some(),
        notifications_enabled: settings.is_enabled,
        available,
        quiet_hours: settings.quiet.map(quiet),
        messages_per_hour,
        kinds,
    }
}
