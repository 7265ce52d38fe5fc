//! Messages that did not go, for operators.

use actix_web::{HttpResponse, web};
use peerpack_actors::ids::UserId;
use peerpack_actors::time::Time;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::app::App;
use crate::error::extract::Query;
use crate::error::{ApiError, Problem};
use crate::store::Outgoing;

/// How many one answer lists.
const PAGE: u32 = 100;

/// Where a message stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MessageState {
    /// It goes by itself.
    Waiting,
    /// It may have arrived, and may not; it is not sent again by itself.
    Unknown,
    /// Telegram does not take it.
    #[default]
    Dead,
}

impl MessageState {
    const fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Unknown => "unknown",
            Self::Dead => "dead",
        }
    }
}

/// Which messages.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct Sought {
    /// `dead` if it is not said.
    state: MessageState,
    /// The next page, as the last answer named it.
    cursor: Option<String>,
}

/// Messages, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct OutboxPage {
    /// How many wait in all.
    waiting: u64,
    /// How many may have arrived.
    unknown: u64,
    /// How many Telegram does not take.
    dead: u64,
    messages: Vec<OutboxMessage>,
    /// Where the next page starts.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// A message that waits, or that somebody has to look at.
#[derive(Debug, Serialize, ToSchema)]
pub struct OutboxMessage {
    /// To whom it goes.
    user_id: UserId,
    /// The number of its event in their stream.
    seq: u64,
    /// When that was.
    at: String,
    /// How it is sent: docs/bot.md says what each class means.
    class: &'static str,
    /// The request it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<String>,
    /// When it is to go.
    due_at: String,
    /// How often it was tried.
    attempts: u32,
    /// What went wrong the last time.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

/// It goes again.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MessageSentAgain)]
pub struct SentAgain {
    success: bool,
}

/// Messages that wait, or did not go.
#[utoipa::path(get, path = "/api/admin/outbox", operation_id = "outbox", tag = "admin", security(("bearer" = [])),
    params(Sought), responses((status = 200, body = OutboxPage), (status = 400, body = Problem),
        (status = 401, body = Problem), (status = 403, body = Problem)))]
pub async fn list(app: web::Data<App>, query: Query<Sought>) -> Result<HttpResponse, ApiError> {
    let Sought { state, cursor } = query.0;
    let before = cursor.as_deref().map(read).transpose()?;
    let found = app.database.messages_in(state.word(), before, PAGE).await?;
    let figures = app.database.outbox_figures(app.clock.now()).await?;
    let is_full = found.len() == PAGE as usize;
    let next_cursor = found.last().filter(|_| is_full).map(|last| format!("{}.{}", last.at.ms(), last.user));
    let (waiting, unknown, dead) = (figures.waiting, figures.unknown, figures.dead);
    let messages = found.into_iter().map(view).collect();
    Ok(HttpResponse::Ok().json(OutboxPage { waiting, unknown, dead, messages, next_cursor }))
}

/// Sends a message again that does not go by itself. It may come twice.
#[utoipa::path(post, path = "/api/admin/outbox/{user_id}/{seq}/send-again", operation_id = "send_message_again",
    tag = "admin", security(("bearer" = [])),
    params(("user_id" = String, Path, description = "To whom"), ("seq" = u64, Path, description = "The number of its event")),
    responses((status = 200, body = SentAgain), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 404, body = Problem)))]
pub async fn send_again(
    app: web::Data<App>,
    path: web::Path<(UserId, u64)>,
) -> Result<HttpResponse, ApiError> {
    let (user, seq) = path.into_inner();
    let is_known = app.database.send_again(user, seq, app.clock.now()).await?;
    if is_known {
        Ok(HttpResponse::Ok().json(SentAgain { success: true }))
    } else {
        Err(ApiError::not_found())
    }
}

fn read(cursor: &str) -> Result<(Time, UserId), ApiError> {
    let parts = cursor.split_once('.');
    let read = parts.and_then(|(at, user)| Some((Time::from_ms(at.parse().ok()?), user.parse().ok()?)));
    read.ok_or_else(|| ApiError::bad_request("a value has the wrong type or form"))
}

fn view(message: Outgoing) -> OutboxMessage {
    let Outgoing { user, seq, at, class, topic, due_at, attempts, error, .. } = message;
    OutboxMessage {
        user_id: user,
        seq,
        at: at.to_string(),
        class: class.word(),
        request_id: topic.map(|topic| topic.to_string()),
        due_at: due_at.to_string(),
        attempts,
        error,
    }
}
