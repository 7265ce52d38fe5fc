//! Each message that was acknowledged is told to the two of its chat and to nobody else, once, in one order
//! for both; what is unread is right; and the store has the same.
//!
//! Chats that the run did not open are not judged. Judges absences, so it must be asked when all is quiet;
//! from a torn stream it concludes nothing.

use std::collections::{BTreeSet, HashMap};

use peerpack_actors::ids::{ChatId, UserId};
use uuid::Uuid;

use super::history::{Fact, History, Stream};
use super::talk::{Kept, Line, Reply, Word};

/// What one person has heard of one chat.
#[derive(Default)]
struct Ear {
    /// The messages, from number 1 on; nothing in place of a text that was left out.
    lines: Vec<Option<Line>>,
    /// The numbers of the other one's messages, ascending.
    of_other: Vec<u64>,
    /// How far each of the two has read.
    marks: HashMap<UserId, u64>,
    /// Whether a text was left out, which might be of either.
    has_gaps: bool,
    /// What the person's own device calls its messages.
    names: HashMap<Uuid, u64>,
    faults: Vec<String>,
}

/// Everything that was heard, by chat and person.
type Ears = HashMap<(ChatId, UserId), Ear>;

/// What went wrong in chats.
pub(super) fn check(history: &History) -> Vec<String> {
    let mut found = BTreeSet::new();
    let ears = listen(history);
    for ((chat, user), ear) in &ears {
        found.extend(ear.faults.iter().map(|fault| format!("{user}, {chat}: {fault}")));
    }
    for (chat, members) in &history.talk.chats {
        let [one, other] = members.map(|member| ears.get(&(*chat, member)));
        if let (Some(one), Some(other)) = (one, other) {
            found.extend(compare(one, other).map(|fault| format!("{chat}: {fault}")));
        }
        for (member, ear) in members.iter().zip([one, other]) {
            if let (Some(ear), Some(kept)) = (ear, history.talk.kept.get(chat)) {
                found.extend(differences(*member, ear, kept).map(|fault| format!("{chat}: {fault}")));
            }
        }
    }
    for (name, word) in &history.talk.words {
        let faults = faults(history, &ears, *name, word).into_iter();
        found.extend(faults.map(|fault| format!("{}, {}: {fault} ({name})", word.by, word.chat)));
    }
    found.into_iter().collect()
}

/// What everybody has heard. Members of whom the whole stream is known have an ear for each of their chats.
fn listen(history: &History) -> Ears {
    let mut ears = Ears::new();
    for (chat, members) in &history.talk.chats {
        let known = members.iter().filter(|member| history.streams.get(*member).is_some_and(is_whole));
        ears.extend(known.map(|member| ((*chat, *member), Ear::default())));
    }
    for (user, stream) in &history.streams {
        for told in stream.in_order() {
            let (Fact::Said { chat, .. } | Fact::More { chat, .. } | Fact::Read { chat, .. }) = told.fact
            else {
                continue;
            };
            let Some(members) = history.talk.chats.get(&chat) else { continue };
            if !members.contains(user) {
                let fault = "was told of a chat of other people".to_owned();
                ears.entry((chat, *user)).or_default().faults.push(fault);
            } else if let Some(ear) = ears.get_mut(&(chat, *user)) {
                ear.hear(*user, members, &told.fact);
            }
        }
    }
    ears
}

const fn is_whole(stream: &Stream) -> bool {
    !stream.is_torn
}

impl Ear {
    fn hear(&mut self, own: UserId, members: &[UserId; 2], fact: &Fact) {
        match *fact {
            Fact::Said { message, number, by, text, word, unread, .. } => {
                self.line(number, Some(Line { message, by, text }));
                if !members.contains(&by) {
                    self.faults.push(format!("message {number} is of {by}, who is none of the two"));
                }
                if by != own {
                    self.of_other.push(number);
                }
                if let Some(first) = word.and_then(|word| self.names.insert(word, number)) {
                    self.faults.push(format!("messages {first} and {number} have one name"));
                }
                self.count(own, unread, &format!("message {number}"));
            }
            Fact::More { number, .. } => self.line(number, None),
            Fact::Read { by, up_to, unread, .. } => {
                let before = self.marks.insert(by, up_to).unwrap_or(0);
                if up_to <= before || up_to > self.lines.len() as u64 {
                    let top = self.lines.len();
                    self.faults.push(format!("{by} read up to {up_to} of {top} after {before}"));
                }
                self.count(own, unread, &format!("the mark {up_to} of {by}"));
            }
            _ => {}
        }
    }

    fn line(&mut self, number: u64, line: Option<Line>) {
        let due = self.lines.len() as u64 + 1;
        if number != due {
            self.faults.push(format!("message {number} was told in place of {due}"));
        }
        // What is missing is missing; what follows has its own place.
        let missing = usize::try_from(number.saturating_sub(due)).unwrap_or(0).min(1_000);
        self.lines.extend(std::iter::repeat_n(None, missing));
        self.has_gaps |= missing > 0 || line.is_none();
        if number >= due {
            self.lines.push(line);
        }
    }

    /// How many messages are unread, by what was heard, where that is known.
    fn unread(&self, own: UserId) -> Option<u64> {
        let read = self.marks.get(&own).copied().unwrap_or(0);
        let unread = self.of_other.len() - self.of_other.partition_point(|number| *number <= read);
        (!self.has_gaps).then_some(unread as u64)
    }

    fn count(&mut self, own: UserId, says: u64, what: &str) {
        if let Some(is) = self.unread(own).filter(|is| *is != says) {
            self.faults.push(format!("with {what} {says} were said to be unread, and {is} were"));
        }
    }
}

/// Where the two of a chat have heard something else.
fn compare(one: &Ear, other: &Ear) -> impl Iterator<Item = String> {
    let (heard, longest) = ([one, other], one.lines.len().max(other.lines.len()));
    let differ = (0..longest).filter_map(move |place| {
        let number = place + 1;
        match heard.map(|ear| ear.lines.get(place)) {
            [Some(Some(one)), Some(Some(other))] if one != other => {
                Some(format!("the two heard another message under {number}: {one:?} and {other:?}"))
            }
            [Some(_), None] | [None, Some(_)] => Some(format!("one of the two did not hear {number}")),
            _ => None,
        }
    });
    differ.collect::<Vec<_>>().into_iter()
}

/// Where the store has something else than was told.
fn differences(member: UserId, ear: &Ear, kept: &Kept) -> impl Iterator<Item = String> {
    let mut found = Vec::new();
    let (stored, told) = (kept.lines.len(), ear.lines.len());
    if stored != told {
        found.push(format!("{stored} messages are stored, and {told} were told to {member}"));
    }
    for (place, (number, line)) in kept.lines.iter().enumerate() {
        if *number != place as u64 + 1 {
            found.push(format!("message {number} is stored in place of {}", place + 1));
        }
        if let Some(Some(told)) = ear.lines.get(place)
            && told != line
        {
            found.push(format!("message {number} is stored otherwise than it was told to {member}"));
        }
    }
    if let (Some(says), Some(is)) = (kept.unread.get(&member), ear.unread(member))
        && *says != is
    {
        found.push(format!("the store says that {says} are unread by {member}, and {is} are"));
    }
    found.into_iter()
}

/// What is wrong with something that was said.
fn faults(history: &History, ears: &Ears, name: Uuid, word: &Word) -> Vec<String> {
    let mut found = Vec::new();
    if word.answers.len() != word.sends {
        found.push(format!("was said {} times and answered {} times", word.sends, word.answers.len()));
    }
    let own = ears.get(&(word.chat, word.by));
    let heard = own.and_then(|ear| ear.names.get(&name).copied());
    if word.is_refused() && heard.is_some() {
        found.push(format!("was refused ({:?}), and told", word.answers));
    }
    let Some((message, number)) = word.sent() else { return found };
    let sent = word.answers.iter().filter_map(|answer| match answer {
        Reply::Sent(message, number) => Some((*message, *number)),
        _ => None,
    });
    if sent.collect::<BTreeSet<_>>().len() > 1 {
        found.push(format!("is several messages: {:?}", word.answers));
    }
    if own.is_some_and(|ear| !ear.has_gaps) && heard != Some(number) {
        found.push(format!("is message {number}, and its sender heard {heard:?} under its name"));
    }
    let line = Line { message, by: word.by, text: word.text };
    let place = usize::try_from(number).unwrap_or(usize::MAX).wrapping_sub(1);
    for member in history.talk.chats.get(&word.chat).into_iter().flatten() {
        let Some(ear) = ears.get(&(word.chat, *member)) else { continue };
        match ear.lines.get(place) {
            Some(None) => {}
            Some(Some(told)) if *told == line => {}
            Some(Some(told)) => found.push(format!("is {line:?}, and {member} heard {told:?}")),
            None => found.push(format!("is message {number}, and was not told to {member}")),
        }
    }
    if let Some(kept) = history.talk.kept.get(&word.chat)
        && kept.lines.get(place) != Some(&(number, line))
    {
        found.push(format!("is message {number}, and the store has {:?}", kept.lines.get(place)));
    }
    found
}

#[cfg(test)]
mod tests;
