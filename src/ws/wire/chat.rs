//! What is said of chats, in both directions, beside the events of the stream.

use peerpack_actors::ids::{ChatId, FileId, MessageId, UserId};
use peerpack_actors::time::Time;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Something to be said in a chat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChatSend {
    /// In which chat.
    pub chat_id: ChatId,
    /// What the device calls the message, 1 to 64 characters: sent again, it is the same one.
    #[schema(min_length = 1, max_length = 64)]
    pub client_msg_id: String,
    /// At most 1 000 characters; may be empty beside a picture.
    #[schema(max_length = 1000)]
    pub text: String,
    /// A picture that was sent before, over HTTP.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub picture_id: Option<FileId>,
}

/// How far one has read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChatReadUpTo {
    /// In which chat.
    pub chat_id: ChatId,
    /// The number of the last message that was read.
    pub up_to: u64,
}

/// Names a chat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OfChat {
    /// The chat in which somebody writes.
    pub chat_id: ChatId,
}

/// A message that was sent, now or before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ChatSaid {
    /// The chat.
    pub chat_id: ChatId,
    /// The message.
    pub message_id: MessageId,
    /// Its number in the chat.
    pub seq: u64,
    /// When it was said first.
    pub created_at: Time,
}

/// `chat.typing`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ChatTyping {
    /// In which chat.
    pub chat_id: ChatId,
    /// Who writes. It is over after six seconds without another one.
    pub user_id: UserId,
}

/// `chat.presence`: to everybody who has subscribed to the chat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ChatPresence {
    /// In which chat.
    pub chat_id: ChatId,
    /// Who has come or gone.
    pub user_id: UserId,
    /// Whether they are there.
    pub online: bool,
}
