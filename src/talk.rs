//! Talking, from everywhere it comes from: HTTP, the socket, the older messenger's paths. One way in for all,
//! so that the same words are answered alike.

use std::sync::Arc;

use peerpack_actors::ids::{ChatId, FileId, MessageId, UserId};
use peerpack_actors::ports::CommitError;
use peerpack_actors::rejection::Rejection;
use peerpack_actors::talk::chat::{Chat, MAX_CLIENT_ID, Words};

use crate::app::App;
use crate::bus::Signal;
use crate::error::ApiError;
use crate::store::{Message, NewMessage, Sent};

/// The hand-overs that have a code.
const STEPS: [&str; 2] = ["pickup", "delivery"];

/// What somebody wants to say.
#[derive(Clone, Debug)]
pub struct Saying {
    /// The chat that it is said in.
    pub chat: ChatId,
    /// The text; nothing, where there is a picture.
    pub text: String,
    /// Shown beside it.
    pub picture: Option<FileId>,
    /// What the sender's device calls it: sent again, it is the same message.
    pub client_id: Option<String>,
}

/// Sends a message, and tells both. A repetition is answered with the original.
///
/// # Errors
/// Why it is not sent.
pub async fn say(app: &App, by: UserId, saying: Saying) -> Result<Message, ApiError> {
    let words = Words::new(&saying.text, saying.picture)?;
    let is_plain = |id: &String| !id.is_empty() && id.chars().count() <= MAX_CLIENT_ID;
    if saying.client_id.as_ref().is_some_and(|id| !is_plain(id)) {
        return Err(ApiError::unprocessable("client_msg_id", "must have 1 to 64 characters"));
    }
    let at = app.clock.now();
    let tokens = Arc::clone(&app.tokens);
    let new = NewMessage {
        id: MessageId::new(at, app.clock.random()),
        chat: saying.chat,
        sender: by,
        words,
        client_id: saying.client_id,
        codes: Arc::new(move |request| STEPS.map(|step| tokens.hand_over_code(step, request))),
        at,
    };
    match app.database.send_message(new, app.config.chat).await {
        Ok(Some(Sent { message, committed, .. })) => {
            if !committed.entries.is_empty() {
                metrics::counter!("peerpack_chat_messages_total").increment(1);
            }
            app.engine.told(committed);
            Ok(message)
        }
        Ok(None) => Err(ApiError::not_found()),
        Err(error) => {
            if let CommitError::Refused(refused) = &error {
                metrics::counter!("peerpack_chat_refused_total", "code" => refused.code()).increment(1);
            }
            Err(error.into())
        }
    }
}

/// Notes how far somebody has read, and tells both; answers with the chat as it is then.
///
/// # Errors
/// There is no such chat, or it is one of other people.
pub async fn read(app: &App, by: UserId, chat: ChatId, up_to: u64) -> Result<Chat, ApiError> {
    let known = member_of(app, chat, by).await?;
    if known.sides(by)?.0.read_up_to >= up_to.min(known.top) {
        return Ok(known);
    }
    let read = {
        let _place = app.chat_places.acquire().await.map_err(|error| ApiError::internal(&error))?;
        app.database.read_chat(chat, by, up_to, app.clock.now()).await?
    };
    let (after, committed) = read.ok_or_else(ApiError::not_found)?;
    app.engine.told(committed);
    Ok(after)
}

/// Tells the other one, wherever they are, that somebody writes.
///
/// # Errors
/// There is no such chat, or it is one of other people.
pub async fn typing(app: &App, by: UserId, chat: ChatId) -> Result<(), ApiError> {
    let chat = member_of(app, chat, by).await?;
    let (own, other) = chat.sides(by)?;
    // A person who wants no words wants no hint of them either.
    if !own.blocks && !other.blocks {
        let signal = Signal::Typing { to: other.user, chat: chat.id, by };
        app.sockets.signal(signal);
        app.presence.signal(signal);
    }
    Ok(())
}

/// The chat, if somebody is one of the two.
///
/// # Errors
/// There is no such chat, or it is one of other people.
pub async fn member_of(app: &App, chat: ChatId, user: UserId) -> Result<Chat, ApiError> {
    let chat = app.database.chat(chat).await?.ok_or_else(ApiError::not_found)?;
    match chat.sides(user) {
        Ok(_) => Ok(chat),
        Err(refused @ Rejection::NotAMember) => Err(refused.into()),
        Err(other) => Err(other.into()),
    }
}

/// Whether the other one of a chat is there, as somebody may know it: who is blocked is told nothing.
///
/// # Errors
/// There is no such chat, or it is one of other people.
pub async fn is_other_here(app: &App, chat: &Chat, user: UserId) -> Result<bool, ApiError> {
    let (_, other) = chat.sides(user)?;
    if other.blocks {
        return Ok(false);
    }
    let is_here = !app.sockets.of(other.user).is_empty();
    Ok(is_here || app.presence.is_elsewhere(other.user, app.clock.now()).await.unwrap_or(false))
}

/// Somebody has opened their first socket on this node, or closed the last one.
pub fn came_or_went(app: &App, user: UserId, is_here: bool) {
    let signal = Signal::Presence { user, is_here };
    app.sockets.signal(signal);
    app.presence.signal(signal);
}
