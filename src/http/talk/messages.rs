//! What is said in a chat: sending, paging, pictures.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use peerpack_actors::ids::{ChatId, FileId, MessageId};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::views::{self, MessageView};
use crate::app::App;
use crate::auth::Principal;
use crate::edge::idempotency;
use crate::error::extract::{Body, Query};
use crate::error::{ApiError, Problem};
use crate::files::FileKind;
use crate::http::uploads::{self, FileBytes, UploadForm, disposition};
use crate::store::Page;
use crate::talk::{self, Saying};

/// How many messages one answer has, if the caller does not say.
const PAGE: u32 = 50;

/// How many at most.
const MOST: u32 = 100;

/// The longest side of a picture as it is kept, in pixels.
const SIDE: u32 = 1_600;

/// Which messages of a chat.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct MessagesQuery {
    /// Those before this message: its id, or its number. Without it the last ones.
    before: Option<String>,
    /// Those after this message, likewise.
    after: Option<String>,
    /// 1 to 100; 50 if absent.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u32>,
    /// Whether one only looks. Otherwise the last messages count as read once they are asked for, without
    /// `before` and `after`: the older messenger says in no other way what was read.
    peek: Option<bool>,
}

/// A part of a chat.
#[derive(Debug, Serialize, ToSchema)]
pub struct Messages {
    success: bool,
    /// Oldest first.
    data: Vec<MessageView>,
}

/// What one wants to say.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SendMessage {
    #[schema(value_type = String)]
    chat_id: ChatId,
    /// At most 1 000 characters. May be empty beside a picture.
    #[serde(default)]
    #[schema(max_length = 1000)]
    content: Option<String>,
    /// A picture that was sent before, to `/api/chats/{chat_id}/pictures`.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    picture_id: Option<FileId>,
    /// What one's device calls the message, 1 to 64 characters: sent again, it is the same message, and the
    /// answer is the original one. Without it an `Idempotency-Key` serves.
    #[serde(default)]
    #[schema(max_length = 64)]
    client_msg_id: Option<String>,
}

/// A message.
#[derive(Debug, Serialize, ToSchema)]
pub struct MessageShown {
    success: bool,
    data: MessageView,
}

/// A picture is there, and waits an hour for its message.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChatPictureKept {
    success: bool,
    data: ChatPictureId,
}

/// Names a picture.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChatPictureId {
    picture_id: String,
}

/// Messages of a chat, oldest first: the last ones, or those before or after a message.
#[utoipa::path(get, path = "/api/chats/{chat_id}/messages", operation_id = "chat_messages",
    tag = "messenger", security(("bearer" = [])),
    params(("chat_id" = String, Path, description = "The chat"), MessagesQuery),
    responses((status = 200, body = Messages), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 403, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn list(
    app: web::Data<App>,
    principal: Principal,
    path: web::Path<ChatId>,
    query: Query<MessagesQuery>,
) -> Result<HttpResponse, ApiError> {
    let (id, user, query) = (path.into_inner(), principal.user, query.0);
    let mut chat = talk::member_of(&app, id, user).await?;
    let limit = query.limit.unwrap_or(PAGE);
    if !(1..=MOST).contains(&limit) {
        return Err(ApiError::unprocessable("limit", "must be 1 to 100"));
    }
    let page = match (&query.before, &query.after) {
        (Some(_), Some(_)) => return Err(ApiError::unprocessable("after", "name one of before and after")),
        (Some(before), None) => Page::Before(number(&app, id, "before", before).await?),
        (None, Some(after)) => Page::After(number(&app, id, "after", after).await?),
        (None, None) => Page::Before(u64::MAX),
    };
    let messages = app.database.messages(id, page, limit).await?;
    if page == Page::Before(u64::MAX)
        && !query.peek.unwrap_or(false)
        && let Some(last) = messages.last()
    {
        // A person who can read should, also while nothing can be written.
        chat = talk::read(&app, user, id, last.seq).await.unwrap_or(chat);
    }
    let people = views::people(&app, &chat.members.map(|one| one.user)).await?;
    let data = messages.iter().map(|message| views::message(&people, &chat, message, user)).collect();
    Ok(HttpResponse::Ok().json(Messages { success: true, data }))
}

async fn number(app: &App, chat: ChatId, field: &'static str, given: &str) -> Result<u64, ApiError> {
    if let Ok(number) = given.parse::<u64>() {
        return Ok(number);
    }
    let foreign = || ApiError::unprocessable(field, "is no message of this chat");
    let id: MessageId = given.parse().map_err(|_| foreign())?;
    app.database.message_number(chat, id).await?.ok_or_else(foreign)
}

/// Says something in a chat. `chat.send` on the socket is the same.
#[utoipa::path(post, path = "/api/messages", operation_id = "send_message", tag = "messenger",
    security(("bearer" = [])), request_body = SendMessage,
    responses((status = 200, body = MessageShown), (status = 400, body = Problem),
        (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem),
        (status = 409, body = Problem), (status = 422, body = Problem), (status = 429, body = Problem)))]
pub async fn send(
    app: web::Data<App>,
    principal: Principal,
    req: HttpRequest,
    body: Body<SendMessage>,
) -> Result<HttpResponse, ApiError> {
    let SendMessage { chat_id, content, picture_id, client_msg_id } = body.0;
    let client_id = match client_msg_id {
        Some(id) => Some(id),
        None => idempotency::short_key(&req)?,
    };
    let saying = Saying { chat: chat_id, text: content.unwrap_or_default(), picture: picture_id, client_id };
    let message = talk::say(&app, principal.user, saying).await?;
    let chat = talk::member_of(&app, chat_id, principal.user).await?;
    let people = views::people(&app, &[principal.user]).await?;
    let data = views::message(&people, &chat, &message, principal.user);
    Ok(HttpResponse::Ok().json(MessageShown { success: true, data }))
}

/// Sends a picture that a message is to show: a JPEG, PNG or WebP file of at most 5 MiB, as
/// `multipart/form-data`. The message follows within an hour, and names it.
#[utoipa::path(post, path = "/api/chats/{chat_id}/pictures", operation_id = "send_chat_picture",
    tag = "messenger", security(("bearer" = [])),
    params(("chat_id" = String, Path, description = "The chat")),
    request_body(content = UploadForm, content_type = "multipart/form-data"),
    responses((status = 201, body = ChatPictureKept), (status = 400, body = Problem),
        (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem),
        (status = 413, body = Problem), (status = 415, body = Problem), (status = 422, body = Problem),
        (status = 429, body = Problem)))]
pub async fn add_picture(
    app: web::Data<App>,
    principal: Principal,
    path: web::Path<ChatId>,
    req: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, ApiError> {
    talk::member_of(&app, path.into_inner(), principal.user).await?;
    let kind = (FileKind::ChatPicture, SIDE);
    let record = uploads::keep_picture(&app, &req, payload, principal.user, kind).await?;
    app.database.add_picture(record).await?;
    let data = ChatPictureId { picture_id: record.name.id.to_string() };
    Ok(HttpResponse::Created().json(ChatPictureKept { success: true, data }))
}

/// A picture of a chat, for the two.
#[utoipa::path(get, path = "/api/chats/{chat_id}/pictures/{picture_id}", operation_id = "show_chat_picture",
    tag = "messenger", security(("bearer" = [])),
    params(("chat_id" = String, Path, description = "The chat"),
        ("picture_id" = String, Path, description = "The picture")),
    responses((status = 200, description = "The picture", body = FileBytes, content_type = "image/jpeg"),
        (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub async fn picture(
    app: web::Data<App>,
    principal: Principal,
    path: web::Path<(ChatId, FileId)>,
) -> Result<HttpResponse, ApiError> {
    let (chat, picture) = path.into_inner();
    talk::member_of(&app, chat, principal.user).await?;
    if !app.database.is_shown_in(chat, picture).await? {
        return Err(ApiError::not_found());
    }
    let record = app.database.file(picture).await?.filter(|file| file.name.kind == FileKind::ChatPicture);
    let record = record.ok_or_else(ApiError::not_found)?;
    let bytes = app.files.get(record.name).await?.ok_or_else(ApiError::not_found)?;
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, record.media_type.word()))
        .insert_header(disposition(true, "picture", record.media_type))
        .insert_header((header::CACHE_CONTROL, "private, no-store"))
        .body(bytes))
}
