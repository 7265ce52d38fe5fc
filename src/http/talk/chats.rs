//! Chats: one for each two people, no matter who opens it.

use actix_web::{HttpResponse, web};
use peerpack_actors::ids::{ChatId, RequestId, TripId, UserId};
use peerpack_actors::time::Time;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::views::{self, ChatView};
use crate::app::App;
use crate::auth::Principal;
use crate::error::extract::{Body, Query};
use crate::error::{ApiError, Problem};
use crate::http::input;
use crate::talk;

/// How many chats one answer lists at most.
const PAGE: u32 = 100;

/// Which part of the list.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct ChatsQuery {
    /// The next page, as the last answer named it.
    cursor: Option<String>,
}

/// One's chats.
#[derive(Debug, Serialize, ToSchema)]
pub struct Chats {
    success: bool,
    /// At most 100, the one with the last word first.
    data: Vec<ChatView>,
    /// How many messages one has not read, in all chats.
    unread: u64,
    /// Where the next page starts.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// Whom one wants to talk to: one of the three.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct OpenChat {
    /// The person to talk to.
    #[schema(value_type = Option<String>)]
    other_user_id: Option<UserId>,
    /// The person who travels.
    #[schema(value_type = Option<String>)]
    trip_id: Option<TripId>,
    /// The other party of a request of one's own.
    #[schema(value_type = Option<String>)]
    request_id: Option<RequestId>,
}

/// A chat.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChatShown {
    success: bool,
    data: ChatView,
}

/// How far one has read.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReadUpTo {
    /// The number of the last message that one has read. Less than before changes nothing.
    up_to: u64,
}

/// It is noted.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChatNoted {
    success: bool,
}

/// One's chats, the one with the last word first.
#[utoipa::path(get, path = "/api/chats", operation_id = "my_chats", tag = "messenger",
    security(("bearer" = [])), params(ChatsQuery),
    responses((status = 200, body = Chats), (status = 400, body = Problem), (status = 401, body = Problem)))]
pub async fn list(
    app: web::Data<App>,
    principal: Principal,
    query: Query<ChatsQuery>,
) -> Result<HttpResponse, ApiError> {
    let user = principal.user;
    let after = query.0.cursor.as_deref().map(input::cursor::<i64, ChatId>).transpose()?;
    let after = after.map(|(at, id)| (Time::from_ms(at), id));
    let found = app.database.chats_of(user, after, PAGE).await?;
    let unread = app.database.unread_messages(user).await?;
    let ids: Vec<UserId> = found.iter().flat_map(|(chat, _)| chat.members.map(|one| one.user)).collect();
    let people = views::people(&app, &ids).await?;
    let is_full = found.len() == PAGE as usize;
    let next = found.last().filter(|_| is_full);
    let next_cursor = next.map(|(chat, _)| format!("{}_{}", chat.updated_at.ms(), chat.id));
    let shown = found.iter().map(|(chat, last)| views::chat(&people, chat, last.as_ref(), user));
    let data = shown.collect::<Result<_, _>>()?;
    Ok(HttpResponse::Ok().json(Chats { success: true, data, unread, next_cursor }))
}

/// The chat with somebody, opened if there is none. However often, and no matter which of the two asks: it
/// is the same one.
#[utoipa::path(post, path = "/api/chats", operation_id = "open_chat", tag = "messenger",
    security(("bearer" = [])), request_body = OpenChat,
    responses((status = 200, body = ChatShown), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn open(
    app: web::Data<App>,
    principal: Principal,
    body: Body<OpenChat>,
) -> Result<HttpResponse, ApiError> {
    let user = principal.user;
    let other = meant(&app, user, body.0).await?;
    if user == other {
        return Err(ApiError::unprocessable("other_user_id", "is oneself"));
    }
    let now = app.clock.now();
    let fresh = ChatId::new(now, app.clock.random());
    let chat = app.database.open_chat(fresh, user, other, now).await?.ok_or_else(ApiError::not_found)?;
    show_to(&app, chat.id, user).await
}

async fn meant(app: &App, user: UserId, given: OpenChat) -> Result<UserId, ApiError> {
    match (given.other_user_id, given.trip_id, given.request_id) {
        (Some(other), None, None) => Ok(other),
        (None, Some(trip), None) => {
            let trip = app.engine.trip(trip).await?;
            trip.map(|trip| trip.courier).ok_or_else(ApiError::not_found)
        }
        (None, None, Some(request)) => {
            let header = app.database.request_header(request).await?;
            let other = header.and_then(|header| match user {
                user if user == header.sender => Some(header.courier),
                user if user == header.courier => Some(header.sender),
                _ => None,
            });
            other.ok_or_else(ApiError::not_found)
        }
        _ => Err(ApiError::unprocessable("other_user_id", "name a person, a trip or a request")),
    }
}

/// A chat of one's own.
#[utoipa::path(get, path = "/api/chats/{chat_id}", operation_id = "show_chat", tag = "messenger",
    security(("bearer" = [])), params(("chat_id" = String, Path, description = "The chat")),
    responses((status = 200, body = ChatShown), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 404, body = Problem)))]
pub async fn one(
    app: web::Data<App>,
    principal: Principal,
    path: web::Path<ChatId>,
) -> Result<HttpResponse, ApiError> {
    show_to(&app, path.into_inner(), principal.user).await
}

async fn show_to(app: &App, id: ChatId, user: UserId) -> Result<HttpResponse, ApiError> {
    let chat = talk::member_of(app, id, user).await?;
    let last = app.database.messages(id, crate::store::Page::Before(u64::MAX), 1).await?;
    let people = views::people(app, &chat.members.map(|one| one.user)).await?;
    let data = views::chat(&people, &chat, last.last(), user)?;
    Ok(HttpResponse::Ok().json(ChatShown { success: true, data }))
}

/// Notes how far one has read; the other one sees it. `chat.read` on the socket is the same.
#[utoipa::path(post, path = "/api/chats/{chat_id}/read", operation_id = "read_chat", tag = "messenger",
    security(("bearer" = [])), params(("chat_id" = String, Path, description = "The chat")),
    request_body = ReadUpTo,
    responses((status = 200, body = ChatNoted), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 403, body = Problem), (status = 404, body = Problem)))]
pub async fn read(
    app: web::Data<App>,
    principal: Principal,
    path: web::Path<ChatId>,
    body: Body<ReadUpTo>,
) -> Result<HttpResponse, ApiError> {
    talk::read(&app, principal.user, path.into_inner(), body.0.up_to).await?;
    Ok(HttpResponse::Ok().json(ChatNoted { success: true }))
}

/// Tells the other one that one writes. `chat.typing` on the socket is the same.
#[utoipa::path(post, path = "/api/chats/{chat_id}/typing", operation_id = "typing_in_chat", tag = "messenger",
    security(("bearer" = [])), params(("chat_id" = String, Path, description = "The chat")),
    responses((status = 200, body = ChatNoted), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 404, body = Problem)))]
pub async fn typing(
    app: web::Data<App>,
    principal: Principal,
    path: web::Path<ChatId>,
) -> Result<HttpResponse, ApiError> {
    talk::typing(&app, principal.user, path.into_inner()).await?;
    Ok(HttpResponse::Ok().json(ChatNoted { success: true }))
}

/// From now on one wants no words of the other one, who is not told so.
#[utoipa::path(post, path = "/api/chats/{chat_id}/block", operation_id = "block_in_chat", tag = "messenger",
    security(("bearer" = [])), params(("chat_id" = String, Path, description = "The chat")),
    responses((status = 200, body = ChatNoted), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 404, body = Problem)))]
pub async fn block(
    app: web::Data<App>,
    principal: Principal,
    path: web::Path<ChatId>,
) -> Result<HttpResponse, ApiError> {
    set_blocked(&app, principal, path.into_inner(), true).await
}

/// One wants words of the other one again.
#[utoipa::path(delete, path = "/api/chats/{chat_id}/block", operation_id = "unblock_in_chat",
    tag = "messenger", security(("bearer" = [])),
    params(("chat_id" = String, Path, description = "The chat")),
    responses((status = 200, body = ChatNoted), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 404, body = Problem)))]
pub async fn unblock(
    app: web::Data<App>,
    principal: Principal,
    path: web::Path<ChatId>,
) -> Result<HttpResponse, ApiError> {
    set_blocked(&app, principal, path.into_inner(), false).await
}

async fn set_blocked(
    app: &App,
    principal: Principal,
    chat: ChatId,
    blocks: bool,
) -> Result<HttpResponse, ApiError> {
    let done = app.database.block_in_chat(chat, principal.user, blocks, app.clock.now()).await?;
    done.ok_or_else(ApiError::not_found)?;
    Ok(HttpResponse::Ok().json(ChatNoted { success: true }))
}
