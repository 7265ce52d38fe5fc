//! Streams are whole: numbers without gaps and repeats, one event for each change, and the store has the
//! same.

use std::collections::{BTreeSet, HashSet};

use peerpack::ws::wire::{Event, EventBody};
use peerpack_actors::ids::UserId;
use uuid::Uuid;

use super::facts::digest;
use super::history::{Fact, History, Step, Told};

/// What is wrong with numbers, and changes that were told twice.
pub(super) fn check(history: &History) -> Vec<String> {
    let mut found = BTreeSet::new();
    for (user, stream) in &history.streams {
        found.extend(stream.faults.iter().map(|fault| format!("{user}: {fault}")));
        let late = stream.late();
        found.extend(
            late.map(|seq| format!("{user}: event {seq} came only when it was asked for at the end")),
        );
        if let Some((expected, told)) = stream.counted().filter(|(expected, told)| told < expected) {
            found.insert(format!("{user}: of {expected} events {told} were told"));
        }
        let mut seen = HashSet::new();
        for told in stream.in_order() {
            if let Some(change) = change(&told.fact)
                && !seen.insert(change)
            {
                found.insert(format!("{user}: event {} tells of a change again: {:?}", told.seq, told.fact));
            }
        }
    }
    found.into_iter().collect()
}

/// Names a change of which a user hears once.
fn change(fact: &Fact) -> Option<(&'static str, Uuid, i64)> {
    match fact {
        Fact::Offered { request, .. } => Some(("offered", request.uuid(), 0)),
        Fact::Ended { request, .. } => Some(("ended", request.uuid(), 0)),
        Fact::Step { step, request, .. } => Some((name(*step), request.uuid(), 0)),
        Fact::Package { package, version } => Some(("package", package.uuid(), *version)),
        Fact::Trip { trip, version } => Some(("trip", trip.uuid(), *version)),
        Fact::Said { message, .. } => Some(("said", message.uuid(), 0)),
        Fact::More { .. } | Fact::Read { .. } | Fact::Other => None,
    }
}

const fn name(step: Step) -> &'static str {
    match step {
        Step::Opened => "opened",
        Step::Accepted => "accepted",
        Step::Declined => "declined",
        Step::Taken => "taken",
        Step::PickedUp => "picked_up",
        Step::Delivered => "delivered",
        Step::Confirmed => "confirmed",
        Step::Cancelled => "cancelled",
        Step::Disputed => "disputed",
    }
}

impl History {
    /// Something is wrong with a user's stream.
    pub fn fault(&mut self, user: UserId, fault: String) {
        self.streams.entry(user).or_default().faults.push(fault);
    }

    /// Compares what the store says of a user's stream after `from` up to `top` with what was told; notes the
    /// differences.
    pub fn compare(&mut self, user: UserId, from: u64, top: u64, stored: &[Event]) {
        let Some(stream) = self.streams.get_mut(&user) else { return };
        let mut faults = Vec::new();
        for event in stored {
            match stream.told.iter().find(|told| told.seq == event.seq) {
                Some(told) if told.digest == digest(event) => {}
                // On a connection with much under way, the texts of messages are left out.
                Some(Told { fact: Fact::More { .. }, .. }) => {}
                Some(_) => faults.push(format!("event {} is stored otherwise than it was told", event.seq)),
                None => faults.push(never_told(event, stream.last_seq)),
            }
        }
        for told in stream.told.iter().filter(|told| told.seq > from && told.seq <= top) {
            if !stored.iter().any(|event| event.seq == told.seq) {
                faults.push(format!("event {} was told and is not stored", told.seq));
            }
        }
        stream.faults.extend(faults);
    }
}

/// Says which event was missed, when it was decided, and whether anybody listened then.
fn never_told(event: &Event, last: u64) -> String {
    let kind = match &event.body {
        EventBody::Known(known) => serde_json::to_value(known)
            .ok()
            .and_then(|said| said["event"].as_str().or(said["type"].as_str()).map(str::to_owned))
            .unwrap_or_default(),
        EventBody::Unknown { kind } => kind.clone(),
    };
    let (seq, at) = (event.seq, event.at.ms());
    format!(
        "event {seq} ({kind}, decided at {at}) is stored and was never told; the last one told was {last}"
    )
}

#[cfg(test)]
mod tests {
    use super::super::testing::Play;
    use super::*;

    #[test]
    fn a_gap_in_the_numbers_is_seen() {
        let mut play = Play::new();
        play.skip(1);
        play.offer(1, 1);
        assert!(check(&play.history)[0].contains("is missing"));
    }

    #[test]
    fn a_repeated_number_is_seen() {
        let mut play = Play::new();
        play.offer(1, 1);
        play.repeat_last(1);
        assert!(check(&play.history)[0].contains("came again"));
    }

    #[test]
    fn a_change_told_twice_under_two_numbers_is_seen() {
        let mut play = Play::new();
        let request = play.offer(1, 1);
        play.deal(1, request, 1);
        assert_eq!(check(&play.history), [""; 0]);
        play.step(1, Step::Accepted, request, 1);
        assert!(check(&play.history)[0].contains("tells of a change again"));
    }

    #[test]
    fn a_resume_that_promises_another_number_of_events_is_seen() {
        let mut play = Play::new();
        let user = play.user(1);
        let last = play.history.streams[&user].last_seq;
        assert_eq!(play.history.hello(user, 1, last + 2), Some(last));
        play.history.resumed(user, 1, true, Some(1), last + 2);
        assert!(check(&play.history)[0].contains("promises"));
    }

    #[test]
    fn a_store_that_says_the_same_is_fine_and_one_that_does_not_is_seen() {
        let mut play = Play::new();
        play.offer(1, 1);
        let user = play.user(1);
        let stored = play.events(1);
        let top = stored.len() as u64;
        play.history.compare(user, 0, top, &stored);
        assert_eq!(check(&play.history), [""; 0]);
        play.history.compare(user, 0, top, &stored[..stored.len() - 1]);
        assert!(check(&play.history)[0].contains("told and is not stored"));
        let mut changed = stored;
        changed[0].at = peerpack_actors::time::Time::from_ms(1);
        play.history.compare(user, 0, top, &changed);
        assert!(check(&play.history).iter().any(|fault| fault.contains("stored otherwise")));
        changed.push(Event { seq: 99, ..changed[0].clone() });
        play.history.compare(user, 0, top, &changed);
        assert!(check(&play.history).iter().any(|fault| fault.contains("never told")));
    }
}
