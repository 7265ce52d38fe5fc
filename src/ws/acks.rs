//! The acks of a connection, so that a repeated command gets its ack again and is not carried out again.
//!
//! Remembers for as long as the connection lives. Beyond it, the store does (see [`commands`](super::commands)).

use std::collections::VecDeque;

use uuid::Uuid;

/// The most commands that are remembered.
const REMEMBERED: usize = 256;

/// What is known of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Known {
    /// Nothing: it is to be carried out.
    New,
    /// It is being carried out, and its ack will come.
    Running,
    /// It has been carried out; the text of its ack.
    Answered(String),
}

/// Commands by `cmd_id`, oldest first.
#[derive(Debug, Default)]
pub(super) struct Acks(VecDeque<(Uuid, Option<String>)>);

impl Acks {
    /// What is known of a command; a new one counts as running from now on.
    pub(super) fn begin(&mut self, id: Uuid) -> Known {
        match self.0.iter().find(|(known, _)| *known == id) {
            Some((_, Some(text))) => Known::Answered(text.clone()),
            Some((_, None)) => Known::Running,
            None => {
                if self.0.len() >= REMEMBERED
                    && let Some(answered) = self.0.iter().position(|(_, ack)| ack.is_some())
                {
                    self.0.remove(answered);
                }
                self.0.push_back((id, None));
                Known::New
            }
        }
    }

    /// Remembers an ack.
    pub(super) fn answer(&mut self, id: Uuid, text: &str) {
        if let Some((_, ack)) = self.0.iter_mut().find(|(known, _)| *known == id) {
            *ack = Some(text.to_owned());
        }
    }

    /// Forgets a command that may be tried again.
    pub(super) fn forget(&mut self, id: Uuid) {
        self.0.retain(|(known, _)| *known != id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(n: u128) -> Uuid {
        Uuid::from_u128(n)
    }

    #[test]
    fn a_command_is_new_once_and_then_has_its_ack() {
        let mut acks = Acks::default();
        assert_eq!(acks.begin(id(1)), Known::New);
        assert_eq!(acks.begin(id(1)), Known::Running);
        acks.answer(id(1), "done");
        assert_eq!(acks.begin(id(1)), Known::Answered("done".to_owned()));
        acks.forget(id(1));
        assert_eq!(acks.begin(id(1)), Known::New);
    }

    #[test]
    fn the_oldest_answered_command_makes_room() {
        let mut acks = Acks::default();
        acks.begin(id(0));
        for n in 1..=1_000 {
            acks.begin(id(n));
            acks.answer(id(n), "done");
        }
        assert_eq!(acks.0.len(), REMEMBERED);
        assert_eq!(acks.begin(id(0)), Known::Running);
        assert_eq!(acks.begin(id(1_000)), Known::Answered("done".to_owned()));
    }
}
