//! People, chats and messages as the messenger's clients know them.

use std::collections::BTreeMap;

use peerpack_actors::ids::UserId;
use peerpack_actors::talk::chat::{Chat, Warning};
use peerpack_actors::talk::masking::Contact;
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::error::{ApiError, request_id};
use crate::http::links::link;
use crate::http::people::avatars;
use crate::store::{Message, Talker};
use crate::texts::talk;

/// Somebody to talk to.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct TalkUser {
    pub(super) id: String,
    /// Theirs alone; changeable.
    pub(super) username: String,
    pub(super) display_name: String,
    /// What they say about themselves.
    pub(super) bio: Option<String>,
    /// The URL of their picture, or of their initials.
    pub(super) avatar_url: String,
    /// When they were last here, to a quarter of an hour; now, while they are.
    pub(super) last_seen: Option<String>,
}

/// A chat.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Chat)]
pub struct ChatView {
    id: String,
    /// One of the two.
    user1: TalkUser,
    /// The other one.
    user2: TalkUser,
    created_at: String,
    /// When something was said last.
    updated_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_message: Option<MessageView>,
    /// How many messages one has not read.
    unread: u64,
    /// The number of the last message; 0 without any.
    top: u64,
    /// The number of the last message that one has read.
    read_up_to: u64,
    /// The number of the last message that the other one has read.
    other_read_up_to: u64,
    /// Whether one wants no words of the other one.
    blocked: bool,
}

/// A message.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ChatMessage)]
pub struct MessageView {
    id: String,
    chat_id: String,
    sender_id: String,
    sender: TalkUser,
    /// What was said, with `•••` in place of what is kept back from one.
    content: String,
    /// Whether the other one, or oneself, has read it.
    is_read: bool,
    created_at: String,
    /// Its number in the chat: the order of the messages, the same for both.
    seq: u64,
    /// What one's own device has called it.
    #[serde(skip_serializing_if = "Option::is_none")]
    client_msg_id: Option<String>,
    /// The path of the picture beside it, for the two.
    #[serde(skip_serializing_if = "Option::is_none")]
    picture_url: Option<String>,
    /// What is kept back from its reader until there is a deal.
    masked: Vec<Contact>,
    /// What its reader should think of.
    warnings: Vec<Warning>,
    /// The same in words, if there is something to be said.
    #[serde(skip_serializing_if = "Option::is_none")]
    notice: Option<String>,
}

/// People by their ids.
pub(super) type People = BTreeMap<UserId, TalkUser>;

/// People as others see them.
pub(super) async fn people(app: &App, ids: &[UserId]) -> Result<People, ApiError> {
    let found = app.database.talkers(ids).await?;
    Ok(found.iter().map(|talker| (talker.id, user(app, talker))).collect())
}

pub(super) fn user(app: &App, talker: &Talker) -> TalkUser {
    let is_here = !app.sockets.of(talker.id).is_empty();
    let seen = if is_here { Some(app.clock.now()) } else { talker.seen_at };
    TalkUser {
        id: talker.id.to_string(),
        username: talker.username(),
        display_name: talker.name.clone(),
        bio: talker.bio.clone(),
        avatar_url: avatars::of(talker.id, &talker.name, talker.avatar.as_deref()),
        last_seen: seen.map(|at| at.to_string()),
    }
}

fn of(people: &People, id: UserId) -> TalkUser {
    people.get(&id).cloned().unwrap_or_else(|| TalkUser {
        id: id.to_string(),
        username: String::new(),
        display_name: String::new(),
        bio: None,
        avatar_url: String::new(),
        last_seen: None,
    })
}

/// A chat as one of the two sees it.
pub(super) fn chat(
    people: &People,
    one: &Chat,
    last: Option<&Message>,
    viewer: UserId,
) -> Result<ChatView, ApiError> {
    let (own, other) = one.sides(viewer)?;
    let [first, second] = one.members.map(|member| of(people, member.user));
    Ok(ChatView {
        id: one.id.to_string(),
        user1: first,
        user2: second,
        created_at: one.created_at.to_string(),
        updated_at: one.updated_at.to_string(),
        last_message: last.map(|last| message(people, one, last, viewer)),
        unread: one.unread(viewer)?,
        top: one.top,
        read_up_to: own.read_up_to,
        other_read_up_to: other.read_up_to,
        blocked: own.blocks,
    })
}

/// A message as one of the two sees it.
pub(super) fn message(people: &People, chat: &Chat, one: &Message, viewer: UserId) -> MessageView {
    let is_own = one.sender == viewer;
    let reader = chat.members.iter().find(|member| member.user != one.sender);
    let said = match (is_own, one.masked.is_empty()) {
        (true, false) => Some(talk::hidden_from_other()),
        (false, false) => Some(talk::hidden_from_you()),
        (false, true) if one.warnings.contains(&Warning::PaysElsewhere) => Some(talk::beware_of_payments()),
        (false, true) if one.warnings.contains(&Warning::Link) => Some(talk::beware_of_links()),
        _ => None,
    };
    MessageView {
        id: one.id.to_string(),
        chat_id: one.chat.to_string(),
        sender_id: one.sender.to_string(),
        sender: of(people, one.sender),
        content: one.seen_by(viewer).to_owned(),
        is_read: reader.is_some_and(|reader| reader.read_up_to >= one.seq),
        created_at: one.created_at.to_string(),
        seq: one.seq,
        client_msg_id: one.client_id.clone().filter(|_| is_own),
        picture_url: one.picture.map(|picture| link(&format!("/api/chats/{}/pictures/{picture}", one.chat))),
        masked: one.masked.clone(),
        warnings: if is_own { Vec::new() } else { one.warnings.clone() },
        notice: said.map(|both| request_id::language().choose(both.russian, both.english)),
    }
}
