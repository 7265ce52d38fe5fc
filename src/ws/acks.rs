//! The acks of a connection, so that a repeated command gets its ack again and is not carried out again.
//!
//! Remembers for as long as the connection lives. Beyond it, the store does (see
//! [`commands`](super::commands)).

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
    /// The id is that of another command.
    Other,
}

/// A command that is remembered.
#[derive(Debug)]
struct Remembered {
    id: Uuid,
    /// Of what it says: enough to tell it from another one.
    digest: u64,
    ack: Option<String>,
}

/// Commands by `cmd_id`, oldest first.
#[derive(Debug, Default)]
pub(super) struct Acks(VecDeque<Remembered>);

impl Acks {
    /// What is known of a command; a new one counts as running from now on.
    pub(super) fn begin(&mut self, id: Uuid, digest: u64) -> Known {
        match self.0.iter().find(|known| known.id == id) {
            Some(known) if known.digest != digest => Known::Other,
            Some(Remembered { ack: Some(text), .. }) => Known::Answered(text.clone()),
            Some(Remembered { ack: None, .. }) => Known::Running,
            None => {
                if self.0.len() >= REMEMBERED
                    && let Some(answered) = self.0.iter().position(|known| known.ack.is_some())
                {
                    self.0.remove(answered);
                }
                self.0.push_back(Remembered { id, digest, ack: None });
                Known::New
            }
        }
    }

    /// Remembers an ack.
    pub(super) fn answer(&mut self, id: Uuid, text: &str) {
        if let Some(known) = self.0.iter_mut().find(|known| known.id == id) {
            known.ack = Some(text.to_owned());
        }
    }

    /// Forgets a command that may be tried again.
    pub(super) fn forget(&mut self, id: Uuid) {
        self.0.retain(|known| known.id != id);
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
        assert_eq!(acks.begin(id(1), 7), Known::New);
        assert_eq!(acks.begin(id(1), 7), Known::Running);
        assert_eq!(acks.begin(id(1), 8), Known::Other);
        acks.answer(id(1), "done");
        assert_eq!(acks.begin(id(1), 7), Known::Answered("done".to_owned()));
        assert_eq!(acks.begin(id(1), 8), Known::Other);
        acks.forget(id(1));
        assert_eq!(acks.begin(id(1), 8), Known::New);
    }

    #[test]
    fn the_oldest_answered_command_makes_room() {
        let mut acks = Acks::default();
        acks.begin(id(0), 0);
        for n in 1..=1_000 {
            acks.begin(id(n), 0);
            acks.answer(id(n), "done");
        }
        assert_eq!(acks.0.len(), REMEMBERED);
        assert_eq!(acks.begin(id(0), 0), Known::Running);
        assert_eq!(acks.begin(id(1_000), 0), Known::Answered("done".to_owned()));
    }
}
