//! What is said in chats: who wanted to say what, how it was answered, and what the store has of it in the
//! end.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use peerpack_actors::ids::{ChatId, MessageId, UserId};
use uuid::Uuid;

use super::history::History;

/// Chats, and what was said in them.
#[derive(Default)]
pub struct Talk {
    /// Chats that were opened, and whose they are.
    pub chats: HashMap<ChatId, [UserId; 2]>,
    /// What somebody wanted to say, by the name that their device gave it.
    pub words: HashMap<Uuid, Word>,
    /// Chats as the store has them when all is quiet, as far as somebody has looked.
    pub kept: HashMap<ChatId, Kept>,
}

/// Something that somebody wants to say.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Word {
    /// In which chat.
    pub chat: ChatId,
    /// Who says it.
    pub by: UserId,
    /// Stands for the text; see [`text_digest`].
    pub text: u64,
    /// How often it was sent on connections that lasted until its answer.
    pub sends: usize,
    /// Everything that it was answered.
    pub answers: Vec<Reply>,
}

/// How it was answered.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Reply {
    /// It is this message, under this number in its chat.
    Sent(MessageId, u64),
    /// Refused, with this code.
    Refused(String),
    /// Perhaps it is sent, perhaps not.
    Unknown,
}

/// A message without its number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Line {
    /// The message.
    pub message: MessageId,
    /// Who has said it.
    pub by: UserId,
    /// Stands for its text.
    pub text: u64,
}

/// A chat as the store has it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Kept {
    /// The messages with their numbers, in the store's order.
    pub lines: Vec<(u64, Line)>,
    /// How many messages a member has not read, of those members who were asked.
    pub unread: HashMap<UserId, u64>,
}

/// A number that equal texts share.
#[must_use]
pub fn text_digest(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

impl Word {
    /// The message that it has become, if that is known.
    #[must_use]
    pub fn sent(&self) -> Option<(MessageId, u64)> {
        self.answers.iter().find_map(|answer| match answer {
            Reply::Sent(message, number) => Some((*message, *number)),
            Reply::Refused(_) | Reply::Unknown => None,
        })
    }

    /// Whether it was refused, and never sent.
    #[must_use]
    pub fn is_refused(&self) -> bool {
        self.sent().is_none() && self.answers.iter().any(|answer| matches!(answer, Reply::Refused(_)))
    }
}

impl History {
    /// Two people have a chat.
    pub fn chat_opened(&mut self, chat: ChatId, members: [UserId; 2]) {
        self.talk.chats.insert(chat, members);
    }

    /// Something is said, perhaps again.
    pub fn word_sent(&mut self, name: Uuid, chat: ChatId, by: UserId, text: &str) {
        let new = || Word { chat, by, text: text_digest(text), sends: 0, answers: Vec::new() };
        self.talk.words.entry(name).or_insert_with(new).sends += 1;
    }

    /// It is answered.
    pub fn word_answered(&mut self, name: Uuid, reply: Reply) {
        if let Some(word) = self.talk.words.get_mut(&name) {
            word.answers.push(reply);
        }
    }

    /// The connection on which it was said is gone: its answer will not come there.
    pub fn word_cut(&mut self, name: Uuid) {
        if let Some(word) = self.talk.words.get_mut(&name) {
            word.sends -= 1;
        }
    }
}
