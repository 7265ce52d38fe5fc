//! Chats over HTTP.

use peerpack::ws::wire::ChatSend;
use peerpack_actors::ids::{ChatId, MessageId, UserId};
use serde::Deserialize;
use serde_json::json;

use super::{Api, Failure, answer};
use crate::oracle::{Line, text_digest};

/// How many messages are asked for at once: as many as the server gives.
pub(crate) const PAGE: usize = 100;

/// What the answers of chats are wrapped in.
#[derive(Deserialize)]
struct Wrapped<T> {
    data: T,
}

#[derive(Deserialize)]
struct Chat {
    id: ChatId,
    unread: u64,
}

#[derive(Deserialize)]
struct Message {
    id: MessageId,
    seq: u64,
    sender_id: UserId,
    content: String,
}

impl Api {
    /// The chat with somebody.
    pub(crate) async fn open_chat(&self, base: &str, token: &str, other: UserId) -> Result<ChatId, Failure> {
        let call = self.client.post(format!("{base}/api/chats")).bearer_auth(token);
        let opened = answer::<Wrapped<Chat>>(call.json(&json!({ "other_user_id": other }))).await?;
        Ok(opened.data.id)
    }

    /// Says something: the message that it is, and its number. Said again under the same name it is the same.
    pub(crate) async fn say(
        &self,
        base: &str,
        token: &str,
        word: &ChatSend,
    ) -> Result<(MessageId, u64), Failure> {
        let body = json!({
            "chat_id": word.chat_id, "content": word.text, "client_msg_id": word.client_msg_id,
        });
        let call = self.client.post(format!("{base}/api/messages")).bearer_auth(token).json(&body);
        let said = answer::<Wrapped<Message>>(call).await?.data;
        Ok((said.id, said.seq))
    }

    /// The messages of a chat after a number, oldest first, 100 at most. They do not count as read.
    pub(crate) async fn messages(
        &self,
        base: &str,
        token: &str,
        (chat, after): (ChatId, u64),
    ) -> Result<Vec<(u64, Line)>, Failure> {
        let path = format!("{base}/api/chats/{chat}/messages?peek=true&limit={PAGE}&after={after}");
        let messages = answer::<Wrapped<Vec<Message>>>(self.client.get(path).bearer_auth(token)).await?.data;
        let line = |one: Message| {
            let text = text_digest(&one.content);
            (one.seq, Line { message: one.id, by: one.sender_id, text })
        };
        Ok(messages.into_iter().map(line).collect())
    }

    /// How many messages of a chat somebody has not read.
    pub(crate) async fn unread(&self, base: &str, token: &str, chat: ChatId) -> Result<u64, Failure> {
        let call = self.client.get(format!("{base}/api/chats/{chat}")).bearer_auth(token);
        Ok(answer::<Wrapped<Chat>>(call).await?.data.unread)
    }
}
