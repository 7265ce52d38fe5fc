//! The history in the form that the literature on such tests uses: who did what when, and how it went.

use peerpack_actors::ids::{RequestId, UserId};
use serde::Serialize;

use super::history::{History, Outcome, What};

/// A question, or an answer to one.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Entry {
    /// The user who did it or heard of it.
    pub process: UserId,
    /// A question, or how it went.
    #[serde(rename = "type")]
    pub kind: Kind,
    /// What was asked for.
    pub f: What,
    /// The request that the command is about.
    pub value: RequestId,
    /// When, microseconds since the start of the run.
    pub t: u64,
}

/// Whether something is asked, or how it went.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// It is asked.
    Invoke,
    /// It was done.
    Ok,
    /// It was refused, and not done.
    Fail,
    /// It may have been done, or may be done later.
    Info,
}

impl History {
    /// Every question and every answer, in the order of time.
    #[must_use]
    pub fn record(&self) -> Vec<Entry> {
        let mut entries = Vec::new();
        for command in self.commands.values() {
            let mut add = |kind, t| {
                let (process, f, value) = (command.by, command.what, command.request);
                entries.push(Entry { process, kind, f, value, t });
            };
            command.asked_us.iter().for_each(|us| add(Kind::Invoke, *us));
            command.cut_us.iter().for_each(|us| add(Kind::Info, *us));
            for (us, outcome) in &command.answers {
                let kind = match outcome {
                    Outcome::Ok => Kind::Ok,
                    Outcome::Refused(_) => Kind::Fail,
                    Outcome::Unknown => Kind::Info,
                };
                add(kind, *us);
            }
        }
        entries.sort_by_key(|entry| (entry.t, entry.kind));
        entries
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use uuid::Uuid;

    use super::super::testing::Play;
    use super::*;

    #[test]
    fn a_command_that_is_cut_off_and_repeated_is_two_questions_with_an_answer_each() {
        let mut play = Play::new();
        let (cmd, request) = (Uuid::from_u128(1), play.offer(1, 1));
        play.sent_at(cmd, 1, What::Accept, request, 3);
        play.history.cut(cmd, 5);
        play.sent_at(cmd, 1, What::Accept, request, 7);
        play.history.answered(cmd, 9, Outcome::Ok);
        let record = play.history.record();
        let kinds: Vec<(Kind, u64)> = record.iter().map(|entry| (entry.kind, entry.t)).collect();
        assert_eq!(kinds, [(Kind::Invoke, 3), (Kind::Info, 5), (Kind::Invoke, 7), (Kind::Ok, 9)]);
        let (process, value) = (play.user(1), request);
        assert_eq!(
            serde_json::to_value(&record[0]).ok(),
            Some(json!({"process": process, "type": "invoke", "f": "accept", "value": value, "t": 3}))
        );
    }
}
