//! What the two people of a chat are told of it.

use serde::{Deserialize, Serialize};

use super::{Notice, StreamEvent};
use crate::ids::{ChatId, FileId, MessageId, UserId};
use crate::talk::chat::{Chat, Member, Said, Warning, Words};
use crate::talk::masking::Contact;

/// `chat.message`: something was said.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema), schema(as = ChatMessageSent))]
pub struct ChatMessage {
    /// The chat.
    pub chat_id: ChatId,
    /// The message.
    pub message_id: MessageId,
    /// Its number in the chat, from 1 on: the order of the messages, the same for both.
    pub seq: u64,
    /// Who has said it.
    pub sender_id: UserId,
    /// What was said, with `•••` in place of what is kept back from this reader.
    pub content: String,
    /// The picture beside it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schema(nullable = false))]
    pub picture_id: Option<FileId>,
    /// What the sender's device calls it; in the sender's own stream only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schema(nullable = false))]
    pub client_msg_id: Option<String>,
    /// What is kept back from its reader until there is a deal.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "schema", schema(required = false))]
    pub masked: Vec<Contact>,
    /// What its reader should think of.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "schema", schema(required = false))]
    pub warnings: Vec<Warning>,
    /// How many messages of this chat one has not read now.
    pub unread: u64,
}

/// `chat.more`: there is a message.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema), schema(as = ChatMoreToRead))]
pub struct ChatMore {
    /// The chat.
    pub chat_id: ChatId,
    /// The number of the message in the chat.
    pub message_seq: u64,
}

/// `chat.read`: somebody has read further.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema), schema(as = ChatReadFurther))]
pub struct ChatRead {
    /// The chat.
    pub chat_id: ChatId,
    /// Who has read: the other one, or oneself.
    pub user_id: UserId,
    /// The number of the last message that was read. It only ever grows.
    pub up_to: u64,
    /// How many messages of this chat one has not read now, oneself.
    pub unread: u64,
}

/// Tells both of a message. `before` is the chat as it was decided upon.
#[must_use]
pub fn message_sent(
    before: &Chat,
    (id, by): (MessageId, UserId),
    words: &Words,
    said: &Said,
    client_msg_id: Option<&str>,
) -> Vec<Notice> {
    let unread = before.unread(by).unwrap_or(0);
    let own = ChatMessage {
        chat_id: before.id,
        message_id: id,
        seq: said.seq,
        sender_id: by,
        content: words.text.clone(),
        picture_id: words.picture,
        client_msg_id: client_msg_id.map(str::to_owned),
        masked: said.masked.clone(),
        warnings: Vec::new(),
        unread,
    };
    let others = ChatMessage {
        content: said.shown.clone().unwrap_or_else(|| words.text.clone()),
        client_msg_id: None,
        warnings: said.warnings.clone(),
        unread: said.unread,
        ..own.clone()
    };
    let of = |member: &Member| if member.user == by { own.clone() } else { others.clone() };
    let tell =
        |member: &Member| Notice { to: member.user, event: StreamEvent::ChatMessage(Box::new(of(member))) };
    before.members.iter().map(tell).collect()
}

/// Tells both how far a member has read. `before` is the chat as it was.
#[must_use]
pub fn read_further(before: &Chat, reader: &Member) -> Vec<Notice> {
    let tell = |member: &Member| {
        let unread = match member.user == reader.user {
            true => {
                let sent = before.sides(reader.user).map_or(0, |(_, other)| other.sent);
                sent.saturating_sub(reader.read)
            }
            false => before.unread(member.user).unwrap_or(0),
        };
        let read = ChatRead { chat_id: before.id, user_id: reader.user, up_to: reader.read_up_to, unread };
        Notice { to: member.user, event: StreamEvent::ChatRead(read) }
    };
    before.members.iter().map(tell).collect()
}
