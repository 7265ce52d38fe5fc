//! Two people and what they have said: who may write, what the other one sees of it, who has read how far.
//!
//! Messages of a chat are numbered from 1 on, and beside that each member's own. What is unread is arithmetic
//! on these numbers: what the other one has said, less what of it was read. Nothing is counted that could be
//! counted wrong.

use serde::{Deserialize, Serialize};

use super::masking::{self, Contact, Found};
use crate::ids::{ChatId, FileId, UserId};
use crate::rejection::Rejection;
use crate::time::Time;

/// The most characters of a message: Unicode scalar values.
pub const MAX_CHARS: usize = 1_000;

/// The longest name that a client gives a message.
pub const MAX_CLIENT_ID: usize = 64;

/// What may be said to whom; configuration.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Policy {
    /// Whether contact details are kept back before there is a deal.
    pub masks_contacts: bool,
    /// Messages to somebody one has no request with, before they answer.
    pub to_stranger: u32,
    /// Strangers one may write to within a day.
    pub strangers_a_day: u32,
    /// Messages of one person within a minute, in all chats.
    pub a_minute: u32,
}

impl Default for Policy {
    fn default() -> Self {
        Self { masks_contacts: true, to_stranger: 3, strangers_a_day: 10, a_minute: 30 }
    }
}

/// What the reader of a message should think of.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema), schema(as = ChatWarning))]
#[serde(rename_all = "snake_case")]
pub enum Warning {
    /// It has a link in it.
    Link,
    /// It asks for money past the marketplace.
    PaysElsewhere,
}

impl Warning {
    /// The word in the store.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Link => "link",
            Self::PaysElsewhere => "pays_elsewhere",
        }
    }

    /// The warning of a word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Link, Self::PaysElsewhere].into_iter().find(|warning| warning.word() == word)
    }
}

/// One of the two people of a chat.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Member {
    /// The person.
    pub user: UserId,
    /// How many messages they have sent.
    pub sent: u64,
    /// The number of the last message that they have read.
    pub read_up_to: u64,
    /// How many of the other one's messages they have read.
    pub read: u64,
    /// Whether they want no words of the other one.
    pub blocks: bool,
}

impl Member {
    /// Somebody who has said and read nothing.
    #[must_use]
    pub const fn new(user: UserId) -> Self {
        Self { user, sent: 0, read_up_to: 0, read: 0, blocks: false }
    }
}

/// A chat of two people.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Chat {
    /// Its id.
    pub id: ChatId,
    /// The two, in order of their ids.
    pub members: [Member; 2],
    /// When it was opened.
    pub created_at: Time,
    /// When something was said last.
    pub updated_at: Time,
    /// The number of the last message.
    pub top: u64,
}

/// What a chat does not know by itself, and what is decided upon.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Facts {
    /// Whether a request between the two was ever accepted.
    pub has_deal: bool,
    /// Whether there is or was a request between the two that one of them has made.
    pub has_request: bool,
    /// Whether the other one has left, or was shut out.
    pub is_other_gone: bool,
    /// Messages that the sender has sent within the last minute.
    pub within_minute: u32,
    /// Seconds until one of them is a minute old.
    pub again_in_s: u32,
    /// Strangers that the sender has written to within the last day.
    pub strangers_today: u32,
}

/// What somebody wants to say.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Words {
    /// What was written, without space around it.
    pub text: String,
    /// Shown beside it.
    pub picture: Option<FileId>,
}

impl Words {
    /// Words that can be said.
    ///
    /// # Errors
    /// There are none, or too many.
    pub fn new(text: &str, picture: Option<FileId>) -> Result<Self, Rejection> {
        let text = text.trim();
        if text.is_empty() && picture.is_none() {
            return Err(Rejection::EmptyMessage);
        }
        if text.chars().count() > MAX_CHARS {
            return Err(Rejection::Invalid { field: "content", reason: "must be at most 1000 characters" });
        }
        Ok(Self { text: text.to_owned(), picture })
    }
}

/// A message that may be sent.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Said {
    /// Its number in the chat.
    pub seq: u64,
    /// Its number among those of its sender.
    pub nth: u64,
    /// What the other one sees, where that is not what was written.
    pub shown: Option<String>,
    /// What was kept back.
    pub masked: Vec<Contact>,
    /// What the other one should think of.
    pub warnings: Vec<Warning>,
    /// How many messages the other one has not read now.
    pub unread: u64,
    /// Whether it is the first word to a stranger.
    pub is_to_stranger: bool,
}

impl Chat {
    /// A chat of two people in which nothing was said. Its members stand in the order of their ids.
    #[must_use]
    pub fn between(id: ChatId, one: UserId, other: UserId, at: Time) -> Self {
        let members = [one.min(other), one.max(other)].map(Member::new);
        Self { id, members, created_at: at, updated_at: at, top: 0 }
    }

    /// The member that somebody is, and the other one.
    ///
    /// # Errors
    /// They are none of the two.
    pub fn sides(&self, user: UserId) -> Result<(&Member, &Member), Rejection> {
        let [one, other] = &self.members;
        match user {
            user if user == one.user => Ok((one, other)),
            user if user == other.user => Ok((other, one)),
            _ => Err(Rejection::NotAMember),
        }
    }

    /// How many messages a member has not read.
    ///
    /// # Errors
    /// They are none of the two.
    pub fn unread(&self, user: UserId) -> Result<u64, Rejection> {
        let (own, other) = self.sides(user)?;
        Ok(other.sent.saturating_sub(own.read))
    }

    /// What becomes of words that one of the two wants to say. `codes` are the hand-over codes that only they
    /// know.
    ///
    /// # Errors
    /// Why they are not sent.
    pub fn say(
        &self,
        by: UserId,
        words: &Words,
        facts: Facts,
        codes: &[String],
        policy: Policy,
    ) -> Result<Said, Rejection> {
        let (own, other) = self.sides(by)?;
        if own.blocks {
            return Err(Rejection::BlockedByYou);
        }
        if other.blocks || facts.is_other_gone {
            return Err(Rejection::CannotWrite);
        }
        if facts.within_minute >= policy.a_minute {
            return Err(Rejection::TooFast(facts.again_in_s.max(1)));
        }
        if codes.iter().any(|code| masking::says_digits(&words.text, code)) {
            return Err(Rejection::CodeInMessage);
        }
        let is_stranger = !facts.has_request && !facts.has_deal && other.sent == 0;
        if is_stranger && own.sent >= u64::from(policy.to_stranger) {
            return Err(Rejection::AwaitsAnswer(policy.to_stranger));
        }
        let is_to_stranger = is_stranger && own.sent == 0;
        if is_to_stranger && facts.strangers_today >= policy.strangers_a_day {
            return Err(Rejection::TooManyStrangers(policy.strangers_a_day));
        }
        let found = masking::find(&words.text);
        let keeps_back = policy.masks_contacts && !facts.has_deal && !found.is_empty();
        let (shown, masked) = match keeps_back {
            true => (Some(masking::masked(&words.text, &found)), kinds(&found)),
            false => (None, Vec::new()),
        };
        Ok(Said {
            seq: self.top + 1,
            nth: own.sent + 1,
            shown,
            masked,
            warnings: if keeps_back { Vec::new() } else { warnings(&words.text, &found) },
            unread: (own.sent + 1).saturating_sub(other.read),
            is_to_stranger,
        })
    }

    /// The chat after a message.
    #[must_use]
    pub fn after(mut self, by: UserId, said: &Said, at: Time) -> Self {
        self.top = said.seq;
        self.updated_at = self.updated_at.max(at);
        if let Some(member) = self.members.iter_mut().find(|member| member.user == by) {
            member.sent = said.nth;
        }
        self
    }

    /// The member after they have read up to a message, of which `of_other` is the number of the last of the
    /// other one's; nothing if they had before. Nobody reads what is not there, and nobody unreads.
    ///
    /// # Errors
    /// They are none of the two.
    pub fn read(&self, by: UserId, up_to: u64, of_other: u64) -> Result<Option<Member>, Rejection> {
        let (own, other) = self.sides(by)?;
        let up_to = up_to.min(self.top);
        let read = own.read.max(of_other.min(other.sent));
        Ok((up_to > own.read_up_to).then_some(Member { read_up_to: up_to, read, ..*own }))
    }
}

fn kinds(found: &[Found]) -> Vec<Contact> {
    let mut kinds: Vec<Contact> = found.iter().map(|found| found.contact).collect();
    kinds.sort_unstable();
    kinds.dedup();
    kinds
}

fn warnings(text: &str, found: &[Found]) -> Vec<Warning> {
    let link = found.iter().any(|found| found.contact == Contact::Link).then_some(Warning::Link);
    let elsewhere = masking::pays_elsewhere(text, found).then_some(Warning::PaysElsewhere);
    link.into_iter().chain(elsewhere).collect()
}
